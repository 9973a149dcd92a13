//! Keys about the run: which of them mean something now, under what name, and what they open.

use super::dialogs::{confirmation, draft_of, next_param};
use super::{Intent, Pane, Screen, Ui};
use crate::run::state::Need;
use crate::run::view::{RunState, RunView, StepView};
use crate::session::view::{TakeUp, View};
use crate::session::{Request, Seen};
use crate::tui::dialog::{
    Approve, Ask, Asked, Dialog, Form, Locked, Other, Outcome, Picker, Question, Refused, Say, question,
};
use crate::tui::keymap::Action;
use crate::tui::panels::run_line::{holds_lock, is_live};
use crossterm::event::KeyCode;

/// The keys of the run screen that mean something now, with the words that stand in the foot line.
pub fn offered(view: &View) -> Vec<(Action, &'static str)> {
    let mut out = Vec::new();
    let Some(run) = &view.run else { return out };
    if is_live(run) {
        let moving =
            !matches!(run.state, RunState::Stopping | RunState::NotVerified) && run.guarding.is_none();
        match (&run.paused, moving) {
            (Some(_), _) => out.push((Action::Pause, "go on…")),
            (None, true) if run.approval.is_none() => out.push((Action::Pause, "pause…")),
            _ => {}
        }
        match (run.state, &run.guarding) {
            (RunState::Stopping, _) => {}
            (_, Some(_)) => out.push((Action::StopRun, "end the watch…")),
            (_, None) => out.push((Action::StopRun, "stop…")),
        }
        match (&run.needs, &view.take_up) {
            (_, Some(_)) => out.push((Action::Outcome, "take it up…")),
            (Some(Need::Settle { .. }), _) => {
                out.push((Action::Outcome, "settle…"));
                out.push((Action::Retry, "ask again"));
            }
            (Some(Need::Decide { .. }), _) => {
                out.push((Action::Outcome, "say…"));
                out.push((Action::Retry, "retry…"));
            }
            (Some(Need::Choose { .. }), _) => out.push((Action::Outcome, "say…")),
            (Some(Need::Accept { .. }), _) => out.push((Action::Outcome, "next, undo, accept…")),
            (Some(Need::Answer { .. }), _) => out.push((Action::Outcome, "answer…")),
            // These have keys of their own.
            (Some(Need::Approve | Need::GoOn { .. }), _) | (None, _) => {}
        }
    }
    if may_undo(run) {
        out.push((Action::Undo, "undo…"));
    }
    if view.output.total > 0 {
        out.push((Action::Output, "output"));
    }
    if guide_of(view).is_some() {
        out.push((Action::StepGuide, "guide"));
    }
    out
}

/// Whether the procedure that undoes it may be offered: something was done, and nothing is being done.
fn may_undo(run: &RunView) -> bool {
    let idle = matches!(run.state, RunState::NotVerified | RunState::Waiting | RunState::Finished);
    let done = run.steps.iter().any(|s| s.attempt > 0);
    run.undo.is_some() && done && (idle || run.guarding.is_some())
}

/// The step that a person looks at: the one under way, else the last that failed, else the last.
pub fn step_of(run: &RunView) -> Option<&StepView> {
    use crate::run::view::StepState::{Failed, Unknown};
    let now = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?));
    now.or_else(|| run.steps.iter().rev().find(|s| matches!(s.state, Failed | Unknown))).or(run.steps.last())
}

/// Id of the guide for that step, when there is one.
pub fn guide_of(view: &View) -> Option<&str> {
    let run = view.run.as_ref()?;
    let own = step_of(run).and_then(|s| s.guide.as_deref());
    own.or_else(|| {
        let failed = run.steps.iter().rev().filter(|s| s.state == crate::run::view::StepState::Failed);
        failed.filter_map(|s| s.guide.as_deref()).next()
    })
    .filter(|id| view.guides.contains_key(*id))
}

impl Ui {
    /// Brings the dialogs in line with what is known now; to be called before each frame.
    pub fn follow(&mut self, view: &View) {
        self.follow_fleet(view);
        self.go_to_found(view);
        self.follow_events(view);
        self.follow_composed(view);
        let run = view.run.as_ref();
        let need = |id: &str| run.filter(|r| r.id == id).and_then(|r| r.needs.as_ref());
        // What nobody needs any more goes away by itself: somebody else said it, or it came to its end.
        self.keep_dialogs(|d| match d {
            Dialog::Outcome(o) => match &o.need {
                Need::GoOn { .. } => run.is_some_and(|r| r.id == o.seen.run && r.paused.is_some()),
                was => need(&o.seen.run).is_some_and(|n| same(n, was)),
            },
            Dialog::Ask(a) => need(&a.seen.run)
                .is_some_and(|n| matches!(n, Need::Answer { step, .. } if Some(*step) == a.seen.step)),
            Dialog::Approve(a) => run.is_some_and(|r| r.id == a.seen.run && r.approval.is_some()),
            Dialog::Unverified(seen) => matches!(need(&seen.run), Some(Need::Accept { .. })),
            Dialog::Question(q) => match &q.asked {
                Asked::Say { seen, say: Say::Approve | Say::Refuse } => {
                    run.is_some_and(|r| r.id == seen.run && r.approval.is_some())
                }
                Asked::Hold { clock } | Asked::Extend { clock } | Asked::RollBack { clock, .. } => {
                    view.decisions.iter().any(|d| d.clock == *clock && !d.closed)
                }
                Asked::Severity { incident, .. } | Asked::CloseIncident { incident } => {
                    view.incident.as_ref().is_some_and(|i| i.id == *incident)
                }
                Asked::OpenIncident => view.incident.is_none(),
                Asked::Beside => view.replacing.as_ref().is_some_and(|r| !r.alive.is_empty()),
                _ => true,
            },
            Dialog::Decide(clock) | Dialog::Other(Other { clock, .. }) => {
                view.decisions.iter().any(|d| d.clock == *clock)
            }
            _ => true,
        });
        if let Some(replacing) = view.replacing.as_ref().filter(|r| !r.alive.is_empty()) {
            let asked = |d: &Dialog| matches!(d, Dialog::Question(Question { asked: Asked::Beside, .. }));
            if !self.each_dialog().any(asked) {
                self.open(Dialog::Question(question::about_survivors(replacing)), None);
            }
        }
        if let Some(Dialog::Confirm(c)) = self.dialog()
            && let Some(at) = next_param(c, view)
            && let Some(draft) = draft_of(view, &c.procedure)
        {
            let picker = Picker::new(draft.params[at].clone(), (at + 1, draft.params.len()), &c.title);
            self.open(Dialog::Picker(picker), Some(KeyCode::Enter));
        }
    }

    /// A procedure's key: its confirmation, or who is in its way.
    pub(super) fn confirm(
        &mut self,
        id: &str,
        title: &str,
        key: Option<char>,
        by: Option<KeyCode>,
        view: &View,
    ) -> Vec<Intent> {
        let Some(run) = view.run.as_ref().filter(|r| holds_lock(r)) else {
            return self.start(id, title, key, None, by, view);
        };
        if view.read_only {
            return self.only_reads();
        }
        // Seconds count: one confirmation says that the other run is stopped, and starts this one.
        if view.procedures.iter().any(|p| p.id == id && p.emergency) {
            return self.start(id, title, key, Some(run.id.clone()), by, view);
        }
        let locked = Locked { procedure: (id.into(), title.into(), key), run: run.id.clone() };
        self.open(Dialog::Locked(locked), by);
        Vec::new()
    }

    /// Opens the confirmation of a procedure; `stops` is the run that is ended first.
    pub(super) fn start(
        &mut self,
        id: &str,
        title: &str,
        key: Option<char>,
        stops: Option<String>,
        by: Option<KeyCode>,
        view: &View,
    ) -> Vec<Intent> {
        if view.read_only {
            return self.only_reads();
        }
        let mut confirm = confirmation(id, title, key);
        confirm.stops.clone_from(&stops);
        self.open(Dialog::Confirm(confirm), by);
        match draft_of(view, id) {
            Some(_) if stops.is_none() => Vec::new(),
            _ => vec![Intent::Request(Request::Prepare {
                procedure: id.into(),
                given: Default::default(),
                stops,
                scenario: None,
            })],
        }
    }

    /// A key of the run screen.
    pub(super) fn about_run(&mut self, action: Action, view: &View) -> Vec<Intent> {
        let Some(run) = view.run.as_ref() else { return Vec::new() };
        if !offered(view).iter().any(|(a, _)| *a == action) {
            return Vec::new();
        }
        match action {
            Action::Output => {
                self.pane = if self.pane == Pane::Output { Pane::All } else { Pane::Output };
                self.scroll = 0;
                self.out_from = None;
                return vec![Intent::Request(Request::Output { line: None })];
            }
            Action::StepGuide => {
                self.pane = if self.pane == Pane::Guide { Pane::All } else { Pane::Guide };
                self.scroll = 0;
                return Vec::new();
            }
            _ if view.read_only => return self.only_reads(),
            _ => {}
        }
        let seen = seen(run);
        let name = step_name(run);
        match action {
            Action::Undo => return self.undo(view, KeyCode::Char('U'), false),
            Action::StopRun => {
                let say = if run.guarding.is_some() { Say::End } else { Say::Stop };
                self.open(
                    Dialog::Question(question::about_run(seen, say, &run.title)),
                    Some(KeyCode::Char('S')),
                );
            }
            Action::Pause => match &run.paused {
                Some(why) => {
                    let need = Need::GoOn { why: why.clone() };
                    self.open(Dialog::Outcome(outcome(run, need)), Some(KeyCode::Char('P')));
                }
                None => self.open(
                    Dialog::Question(question::about_run(seen, Say::Pause, &run.title)),
                    Some(KeyCode::Char('P')),
                ),
            },
            Action::Retry => match run.needs {
                // It only looks.
                Some(Need::Settle { .. }) => {
                    return vec![Intent::Request(Request::Run {
                        seen,
                        wish: crate::run::record::Wish::AskAgain,
                    })];
                }
                _ => self.open(
                    Dialog::Question(question::about_run(seen, Say::Again, &name)),
                    Some(KeyCode::Char('R')),
                ),
            },
            Action::Outcome => return self.ask_outcome(view),
            _ => {}
        }
        Vec::new()
    }

    /// Opens what a person can say to a run that waits for one.
    fn ask_outcome(&mut self, view: &View) -> Vec<Intent> {
        let Some(run) = &view.run else { return Vec::new() };
        let by = Some(KeyCode::Char('O'));
        match view.take_up {
            Some(TakeUp::Resume) => {
                self.open(Dialog::Question(question::about_orphan(run)), by);
                return Vec::new();
            }
            // A run of one's own with the same steps, confirmed as any other.
            Some(TakeUp::Succeed) => {
                let confirm = confirmation(&view.run_facts.procedure, &run.title, None);
                self.open(Dialog::Confirm(confirm), by);
                return vec![Intent::Request(Request::Succeed { run: run.id.clone() })];
            }
            None => {}
        }
        match run.needs.clone() {
            Some(Need::Accept { .. }) => self.open(Dialog::Unverified(seen(run)), by),
            Some(Need::Answer { step, question }) => {
                let prefill = question.prefill.as_ref().map_or("", |t| &t.0);
                let form = Form::with(prefill);
                let label = run.steps.get(step.wrapping_sub(1)).map(|s| s.label.clone()).unwrap_or_default();
                self.open(Dialog::Ask(Ask { seen: seen(run), label, question, at: None, form }), by);
            }
            Some(need) => self.open(Dialog::Outcome(outcome(run, need)), by),
            None => {}
        }
        Vec::new()
    }

    /// Opens the approval that is open, if one is.
    pub(super) fn approve(&mut self, view: &View) -> Vec<Intent> {
        let Some(run) = view.run.as_ref().filter(|r| r.approval.is_some()) else { return Vec::new() };
        if view.read_only {
            return self.only_reads();
        }
        let approve = Approve { seen: seen(run), plan: false, first: 0 };
        self.open(Dialog::Approve(approve), Some(KeyCode::Char('A')));
        Vec::new()
    }

    /// Opens the confirmation of the procedure that undoes the run; the run makes way for it.
    pub(super) fn undo(&mut self, view: &View, by: KeyCode, in_place: bool) -> Vec<Intent> {
        let Some(run) = &view.run else { return Vec::new() };
        let Some((id, title)) = &run.undo else { return Vec::new() };
        if in_place {
            self.keep_dialogs(|d| !matches!(d, Dialog::Unverified(_)));
        }
        let stops = holds_lock(run).then(|| run.id.clone());
        self.start(id, title, None, stops, Some(by), view)
    }

    /// Says that nothing can be asked or started from here.
    pub(super) fn only_reads(&mut self) -> Vec<Intent> {
        self.refused(Refused {
            title: "READ ONLY".into(),
            what: "This screen was opened with --read-only.".into(),
            means: "It shows everything and asks for nothing. Nothing was changed.".into(),
            press: "Enter closes this. Start ripcord without --read-only to act.".into(),
        });
        Vec::new()
    }

    /// A line of the output further up or down; `None` follows its end.
    pub(super) fn scroll_output(&mut self, view: &View, by: isize) -> Vec<Intent> {
        let out = &view.output;
        let shown = self.out_from.unwrap_or(out.total.saturating_sub(1));
        let to = shown.saturating_add_signed(by);
        self.out_from = (to + 1 < out.total).then_some(to);
        vec![Intent::Request(Request::Output { line: self.out_from })]
    }

    /// In the output that is looked through, up and down go to the line before and the next that holds the text.
    pub(super) fn on_run(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        let sought = self.sought().filter(|_| self.in_output())?.to_owned();
        let back = match action {
            Action::Up => true,
            Action::Down => false,
            _ => return None,
        };
        let found = view.output.found.as_ref().filter(|f| f.sought == sought);
        Some(vec![Intent::Request(Request::FindOutput { from: found.and_then(|f| f.line), sought, back })])
    }

    /// Goes to the line that was found since the last frame.
    fn go_to_found(&mut self, view: &View) {
        if view.output.found == self.found {
            return;
        }
        self.found.clone_from(&view.output.found);
        if let Some(line) = self.found.as_ref().and_then(|f| f.line).filter(|_| self.in_output()) {
            // A few lines below it stay in sight.
            self.out_from = Some((line + 3).min(view.output.total.saturating_sub(1)));
        }
    }

    pub(super) fn in_output(&self) -> bool {
        self.screen == Screen::Run && self.pane == Pane::Output
    }
}

fn same(a: &Need, b: &Need) -> bool {
    use Need::{Choose, Decide, Settle};
    match (a, b) {
        (Settle { step: a, .. }, Settle { step: b, .. })
        | (Decide { step: a, .. }, Decide { step: b, .. })
        | (Choose { step: a, .. }, Choose { step: b, .. }) => a == b,
        _ => false,
    }
}

/// What of a run is on the screen now.
fn seen(run: &RunView) -> Seen {
    let step = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?));
    Seen { run: run.id.clone(), step: run.current, attempt: step.map(|s| s.attempt), seq: run.seq }
}

fn step_name(run: &RunView) -> String {
    let step = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?));
    step.map(|s| format!("step {} {}", s.label, s.name)).unwrap_or_default()
}

fn outcome(run: &RunView, need: Need) -> Outcome {
    let about = match &need {
        Need::Settle { step, .. } | Need::Decide { step, .. } | Need::Choose { step, .. } => {
            run.steps.get(step.wrapping_sub(1))
        }
        _ => None,
    };
    Outcome {
        seen: seen(run),
        need,
        label: about.map(|s| s.label.clone()).unwrap_or_default(),
        name: about.map(|s| s.name.clone()).unwrap_or_default(),
        proposal: about.and_then(|s| s.proposal.clone()),
        holds: about.is_some_and(|s| s.kind == "hold"),
    }
}
