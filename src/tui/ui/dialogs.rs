//! Dialogs: how they open, which keys they take, and when. Nothing is confirmed by a slip.

use super::{Intent, Screen, Ui};
use crate::model::playbook;
use crate::run::record::Wish;
use crate::run::view::RunView;
use crate::session::view::{DraftView, View};
use crate::tui::dialog::{
    Asked, Confirm, Dialog, Form, Outcome, Question, Refused, Say, Seen, question, refused,
};
use crate::tui::keymap::Action;
use crate::tui::panels::run_line;
use crossterm::event::{KeyCode, KeyEvent};

/// Milliseconds after a dialog's frame was acknowledged in which it takes no key that acts.
const SETTLE_MS: u64 = 500;

/// A dialog on the stack, and by which key it came there.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) dialog: Dialog,
    by: Option<KeyCode>,
    face: Option<Face>,
}

/// What of a dialog was on the screen, in which frame, and when that frame was there.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    draft: Option<String>,
    frame: u64,
    seen_at: Option<u64>,
}

impl Ui {
    /// Says that something was refused, or went wrong.
    pub fn refused(&mut self, refused: Refused) {
        self.open(Dialog::Refused(refused), None);
    }

    /// To be called after each drawn frame, numbered upwards.
    pub fn painted(&mut self, frame: u64, view: &View) {
        let Some(top) = self.dialogs.last_mut() else { return };
        let draft = match &mut top.dialog {
            Dialog::Confirm(c) => {
                if let Some(draft) = draft_of(view, &c.procedure) {
                    c.shown = Some(draft.id.clone());
                }
                c.shown.clone()
            }
            _ => None,
        };
        if top.face.as_ref().is_none_or(|f| f.draft != draft) {
            top.face = Some(Face { draft, frame, seen_at: None });
        }
    }

    /// To be called when the terminal has acknowledged a frame, or when it was written where nothing acknowledges.
    pub fn acknowledged(&mut self, frame: u64, now_ms: u64) {
        for face in self.dialogs.iter_mut().filter_map(|d| d.face.as_mut()) {
            if face.frame <= frame && face.seen_at.is_none() {
                face.seen_at = Some(now_ms);
            }
        }
    }

    /// What a pasted text does: it enters a field that is ready for it, and nothing else.
    pub fn paste(&mut self, text: &str, now_ms: u64) {
        if self.takes_keys(now_ms)
            && let Some(form) = self.dialogs.last_mut().and_then(|d| d.dialog.form())
        {
            form.insert(text);
        }
    }

    pub(super) fn confirm(
        &mut self,
        id: &str,
        title: &str,
        key: Option<char>,
        by: Option<KeyCode>,
        view: &View,
    ) -> Vec<Intent> {
        if let Some(run) = view.run.as_ref().filter(|r| run_line::is_live(r)) {
            self.refused(refused::by_run(title, run));
            return Vec::new();
        }
        let confirm = Confirm {
            procedure: id.into(),
            title: title.into(),
            key,
            shown: None,
            first: 0,
            form: Form::default(),
        };
        self.open(Dialog::Confirm(confirm), by);
        match draft_of(view, id) {
            Some(_) => Vec::new(),
            None => vec![Intent::Prepare { procedure: id.into() }],
        }
    }

    pub(super) fn ask_to_stop(&mut self, view: &View) {
        if let Some(run) = view.run.as_ref().filter(|r| run_line::is_live(r)) {
            let question = question::about_run(seen(run), Say::Stop, &run.title);
            self.open(Dialog::Question(question), Some(KeyCode::Char('S')));
        }
    }

    pub(super) fn ask_outcome(&mut self, view: &View) {
        let Some(run) = &view.run else { return };
        let Some(need) = run.needs.clone() else { return };
        let name = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?)).map(|s| s.name.clone());
        let outcome = Outcome { seen: seen(run), need, name: name.unwrap_or_default() };
        self.open(Dialog::Outcome(outcome), Some(KeyCode::Char('O')));
    }

    pub(super) fn open(&mut self, dialog: Dialog, by: Option<KeyCode>) {
        self.dialogs.push(Opened { dialog, by, face: None });
    }

    /// Whether the dialog on top has been on the screen for long enough.
    fn takes_keys(&self, now_ms: u64) -> bool {
        let seen = self.dialogs.last().and_then(|d| d.face.as_ref()?.seen_at);
        seen.is_some_and(|at| now_ms.saturating_sub(at) >= SETTLE_MS)
    }

    pub(super) fn key_in_dialog(
        &mut self,
        event: &KeyEvent,
        action: Option<Action>,
        view: &View,
        now_ms: u64,
        repeat: bool,
        silent: bool,
    ) -> Vec<Intent> {
        // What only takes away works at once.
        match action {
            Some(Action::Repaint) => return vec![Intent::Repaint],
            Some(Action::Suspend) => return vec![Intent::Suspend],
            Some(Action::Close) if !(repeat && event.code == KeyCode::Enter) => {
                if event.code != KeyCode::Enter || self.takes_keys(now_ms) {
                    return self.close();
                }
                return Vec::new();
            }
            _ if !self.takes_keys(now_ms) => return Vec::new(),
            _ => {}
        }
        let Some(top) = self.dialogs.last_mut() else { return Vec::new() };
        let acts = !repeat && (silent || top.by != Some(event.code));
        match &mut top.dialog {
            Dialog::Confirm(c) => {
                let draft = draft_of(view, &c.procedure).filter(|d| c.shown.as_ref() == Some(&d.id));
                let typed = draft.is_some_and(|d| d.confirm == playbook::Confirm::Type);
                let ready = draft.is_some_and(|d| is_ready(c, d));
                let last = draft.map_or(0, |d| d.steps.len().saturating_sub(1));
                match action {
                    Some(Action::NextControl | Action::PreviousControl) => c.form.tab(ready),
                    Some(Action::PageDown) => c.first = (c.first + 3).min(last),
                    Some(Action::PageUp) => c.first = c.first.saturating_sub(3),
                    Some(Action::Press) if !acts => {}
                    Some(Action::Press) if !c.form.on_go() => return self.close(),
                    Some(Action::Press) | Some(Action::Yes) if !(typed && action == Some(Action::Yes)) => {
                        if let Some(draft) = draft
                            && ready
                            && acts
                        {
                            let id = draft.id.clone();
                            self.dialogs.pop();
                            self.plan = None;
                            self.go(Screen::Run);
                            return vec![Intent::Confirm { draft: id }];
                        }
                    }
                    _ if typed => c.form.edit(event),
                    _ => {}
                }
            }
            Dialog::Question(q) => {
                let ready = !q.required || !q.form.text().trim().is_empty();
                match action {
                    Some(Action::NextControl | Action::PreviousControl) => q.form.tab(ready),
                    Some(Action::Press) if !acts => {}
                    Some(Action::Press) if !q.form.on_go() => return self.close(),
                    Some(Action::Press) if ready => {
                        let intent = answer(q);
                        self.dialogs.pop();
                        return vec![intent];
                    }
                    _ => q.form.edit(event),
                }
            }
            Dialog::Outcome(o) => {
                let Some(action) = action.filter(|a| acts && o.may(*a)) else { return Vec::new() };
                let say = match action {
                    Action::Done => Say::Done,
                    Action::NotDone => Say::NotDone,
                    Action::Accept => Say::Accept,
                    Action::End => Say::End,
                    _ => {
                        let seen = o.seen.clone();
                        self.dialogs.pop();
                        return vec![Intent::Ask { seen, wish: Wish::GoOn }];
                    }
                };
                let question = question::about_run(o.seen.clone(), say, &o.name);
                self.dialogs.pop();
                self.open(Dialog::Question(question), Some(event.code));
            }
            Dialog::Refused(_) => {}
        }
        Vec::new()
    }

    fn close(&mut self) -> Vec<Intent> {
        match self.dialogs.pop() {
            Some(Opened { dialog: Dialog::Confirm(_), .. }) => {
                self.plan = None;
                vec![Intent::CancelDraft]
            }
            _ => Vec::new(),
        }
    }
}

/// The draft of this procedure, when there is one.
pub fn draft_of<'v>(view: &'v View, procedure: &str) -> Option<&'v DraftView> {
    view.draft.as_ref().filter(|d| d.procedure == procedure)
}

/// Whether a draft can be started at all.
pub fn may_start(draft: &DraftView) -> bool {
    draft.refused.is_none() && draft.already.is_none() && draft.expires_ms > 0
}

/// Whether all that is asked before a draft may start is there: the name, where it is typed.
pub fn is_ready(confirm: &Confirm, draft: &DraftView) -> bool {
    let typed = draft.confirm == playbook::Confirm::Type;
    may_start(draft) && (!typed || confirm.form.text() == draft.name)
}

/// What of a run is on the screen now.
fn seen(run: &RunView) -> Seen {
    let step = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?));
    Seen { run: run.id.clone(), step: run.current, attempt: step.map(|s| s.attempt), seq: run.seq }
}

fn answer(q: &Question) -> Intent {
    let reason = q.form.text().trim().to_string();
    match q.asked.clone() {
        Asked::Flag { signal, raise } => Intent::Flag { signal, raise, note: reason },
        Asked::Say { seen, say } => Intent::Ask {
            seen,
            wish: match say {
                Say::Stop => Wish::Abort { reason },
                Say::Done => Wish::Settle { done: true, reason },
                Say::NotDone => Wish::Settle { done: false, reason },
                Say::Accept => Wish::Accept { reason },
                Say::End => Wish::Abandon { reason },
            },
        },
    }
}
