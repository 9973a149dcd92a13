//! What the screen itself remembers (where one is, cursors, open dialogs), and what keys make of it.

use super::dialog::{Asked, Confirm, Dialog, Form, Outcome, Question, Refused, Say, Seen, question, refused};
use super::freeze::Freeze;
use super::keymap::{self, Action, Context, Key};
use super::panels::run_line;
use crate::model::playbook;
use crate::run::record::Wish;
use crate::run::view::RunView;
use crate::session::view::{DraftView, View};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;

/// Windows of the charts, milliseconds.
pub const ZOOMS: [u64; 5] = [300_000, 900_000, 3_600_000, 21_600_000, 86_400_000];
/// Milliseconds after a dialog's frame was acknowledged in which it takes no key that acts.
const SETTLE_MS: u64 = 500;
/// The same key within so many milliseconds is a repeat.
const REPEAT_MS: u64 = 150;
/// The key that opened a dialog must have been silent for so many milliseconds to act in it.
const OPENER_MS: u64 = 1000;
/// A count can be taken back for so many milliseconds.
const TAKE_BACK_MS: u64 = 10_000;

/// Where one is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Screen {
    /// Signals, severity, triggers.
    #[default]
    Overview,
    /// One signal.
    Signal,
    /// Procedures and the plan of one.
    Procedures,
    /// The run.
    Run,
    /// What happened.
    Timeline,
    /// What to do when all else fails.
    Emergency,
    /// Keys.
    Help,
}

impl Screen {
    /// Where its keys are.
    pub fn context(self) -> Context {
        match self {
            Screen::Overview => Context::Overview,
            Screen::Signal => Context::Signal,
            Screen::Procedures => Context::Procedures,
            Screen::Run => Context::Run,
            Screen::Timeline => Context::Timeline,
            Screen::Emergency => Context::Emergency,
            Screen::Help => Context::Help,
        }
    }
}

/// What the loop is to do about a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Resolve a procedure into a draft; it will be in [`View::draft`].
    Prepare {
        /// Id of the procedure.
        procedure: String,
    },
    /// The draft is not wanted any more.
    CancelDraft,
    /// Start what was shown.
    Confirm {
        /// Id of the draft.
        draft: String,
    },
    /// Raise or lower a flag.
    Flag {
        /// Signal id.
        signal: String,
        /// Raise it, or lower it.
        raise: bool,
        /// In the person's words; may be empty.
        note: String,
    },
    /// Count one.
    Count {
        /// Signal id.
        signal: String,
    },
    /// Take the last count back.
    TakeBack {
        /// Signal id.
        signal: String,
    },
    /// Say something to a run.
    Ask {
        /// The run, and what was seen of it.
        seen: Seen,
        /// What is asked.
        wish: Wish,
    },
    /// Ask failed sources again at once.
    AskAgain,
    /// Leave.
    Quit,
    /// Stop for the shell's job control.
    Suspend,
    /// Paint everything again.
    Repaint,
}

/// The state of the screen.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// Where one is.
    pub screen: Screen,
    /// Index into [`ZOOMS`].
    pub zoom: usize,
    /// Charts that are held still.
    pub freeze: Option<Freeze>,
    /// Cursor among the signals.
    pub signal: usize,
    /// Cursor among the procedures.
    pub procedure: usize,
    /// Procedure whose plan is looked at.
    pub plan: Option<String>,
    /// How many rows back from the newest the timeline's cursor is.
    pub back_in_time: usize,
    /// First row of a text that is longer than the screen.
    pub scroll: usize,
    /// Only the output, on the run screen.
    pub output: bool,
    dialogs: Vec<Opened>,
    before: Screen,
    last_key: Option<(KeyCode, u64)>,
    counted: Option<(String, u64)>,
}

#[derive(Debug, Clone)]
struct Opened {
    dialog: Dialog,
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
    /// The overview, 15 minutes.
    pub fn new(zone: TimeZone) -> Ui {
        Ui {
            zone,
            screen: Screen::Overview,
            zoom: 1,
            freeze: None,
            signal: 0,
            procedure: 0,
            plan: None,
            back_in_time: 0,
            scroll: 0,
            output: false,
            dialogs: Vec::new(),
            before: Screen::Overview,
            last_key: None,
            counted: None,
        }
    }

    /// Milliseconds that the charts show.
    pub fn window(&self) -> u64 {
        ZOOMS[self.zoom]
    }

    /// The screen from which the help or the emergency help was opened.
    pub fn before(&self) -> Screen {
        self.before
    }

    /// The dialog on top.
    pub fn dialog(&self) -> Option<&Dialog> {
        self.dialogs.last().map(|d| &d.dialog)
    }

    /// Where a key would be looked up now.
    pub fn context(&self) -> Context {
        self.dialog().map_or(self.screen.context(), Dialog::context)
    }

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

    /// What a key does. `now_ms` is monotonic.
    pub fn key(&mut self, event: &KeyEvent, view: &View, now_ms: u64) -> Vec<Intent> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let repeat = event.kind == KeyEventKind::Repeat
            || self
                .last_key
                .is_some_and(|(code, at)| code == event.code && now_ms.saturating_sub(at) < REPEAT_MS);
        let silent = self
            .last_key
            .is_none_or(|(code, at)| code != event.code || now_ms.saturating_sub(at) >= OPENER_MS);
        self.last_key = Some((event.code, now_ms));
        let context = self.context();
        let action = keymap::resolve(context, Key::of(event));
        if context.is_dialog() {
            return self.key_in_dialog(event, action, view, now_ms, repeat, silent);
        }
        match action {
            Some(action) => self.act(action, view, now_ms),
            None => match event.code {
                KeyCode::Char(c) if !repeat && !Key::of(event).ctrl => self.playbook_key(c, view, now_ms),
                _ => Vec::new(),
            },
        }
    }

    fn act(&mut self, action: Action, view: &View, now_ms: u64) -> Vec<Intent> {
        match action {
            Action::Overview => self.go(Screen::Overview),
            Action::Procedures => self.go(Screen::Procedures),
            Action::Run => self.go(Screen::Run),
            Action::Timeline => self.go(Screen::Timeline),
            Action::Help => self.go(Screen::Help),
            Action::Emergency => self.go(Screen::Emergency),
            Action::Quit => return vec![Intent::Quit],
            Action::Suspend => return vec![Intent::Suspend],
            Action::Repaint => return vec![Intent::Repaint],
            Action::TryAgain => return vec![Intent::AskAgain],
            Action::Up => self.step(view, -1),
            Action::Down => self.step(view, 1),
            Action::PageUp => self.step(view, -10),
            Action::PageDown => self.step(view, 10),
            Action::First => self.step(view, isize::MIN / 2),
            Action::Last => self.step(view, isize::MAX / 2),
            Action::Open => return self.enter(view),
            Action::Back => return self.back(),
            Action::ZoomIn => self.zoom_to(self.zoom.saturating_sub(1)),
            Action::ZoomOut => self.zoom_to(self.zoom + 1),
            Action::Freeze => {
                self.freeze = if self.freeze.is_some() { None } else { Some(Freeze::at(view.now.wall)) };
            }
            Action::TakeBack => {
                if let Some((signal, at)) = self.counted.take()
                    && now_ms.saturating_sub(at) <= TAKE_BACK_MS
                {
                    return vec![Intent::TakeBack { signal }];
                }
            }
            Action::StopRun => self.ask_to_stop(view),
            Action::Outcome => self.ask_outcome(view),
            Action::Output => self.output = !self.output,
            _ => {}
        }
        Vec::new()
    }

    fn go(&mut self, to: Screen) {
        if to != self.screen {
            self.before = self.screen;
            self.screen = to;
            self.scroll = 0;
        }
    }

    fn back(&mut self) -> Vec<Intent> {
        let to = match self.screen {
            Screen::Help | Screen::Emergency if !matches!(self.before, Screen::Help | Screen::Emergency) => {
                self.before
            }
            Screen::Procedures if self.plan.is_some() => {
                self.plan = None;
                return vec![Intent::CancelDraft];
            }
            _ => Screen::Overview,
        };
        self.go(to);
        Vec::new()
    }

    /// A new window of time ends a freeze: what was kept is of the old one.
    fn zoom_to(&mut self, zoom: usize) {
        if zoom < ZOOMS.len() && zoom != self.zoom {
            self.zoom = zoom;
            self.freeze = None;
        }
    }

    fn step(&mut self, view: &View, by: isize) {
        let (cursor, len) = match self.screen {
            Screen::Overview | Screen::Signal => (&mut self.signal, view.signals.len()),
            Screen::Procedures => (&mut self.procedure, view.procedures.len()),
            Screen::Timeline => {
                let to = (self.back_in_time as isize).saturating_sub(by).max(0) as usize;
                self.back_in_time = to.min(view.timeline.len().saturating_sub(1));
                return;
            }
            // Drawing stops at the last row.
            Screen::Run | Screen::Emergency | Screen::Help => (&mut self.scroll, super::paint::LONGEST_TEXT),
        };
        let to = (*cursor as isize).saturating_add(by).max(0) as usize;
        *cursor = to.min(len.saturating_sub(1));
    }

    fn enter(&mut self, view: &View) -> Vec<Intent> {
        match self.screen {
            Screen::Overview if !view.signals.is_empty() => self.go(Screen::Signal),
            Screen::Procedures => {
                let Some(p) = view.procedures.get(self.procedure) else { return Vec::new() };
                if self.plan.as_ref() == Some(&p.id) && draft_of(view, &p.id).is_some() {
                    return self.confirm(&p.id, &p.title, p.key, Some(KeyCode::Enter), view);
                }
                self.plan = Some(p.id.clone());
                return vec![Intent::Prepare { procedure: p.id.clone() }];
            }
            _ => {}
        }
        Vec::new()
    }

    fn playbook_key(&mut self, c: char, view: &View, now_ms: u64) -> Vec<Intent> {
        if let Some(p) = view.procedures.iter().find(|p| p.key == Some(c)) {
            return self.confirm(&p.id, &p.title, p.key, Some(KeyCode::Char(c)), view);
        }
        let Some(manual) = view.manual.iter().find(|m| m.key == c) else { return Vec::new() };
        if manual.counter {
            self.counted = Some((manual.id.clone(), now_ms));
            return vec![Intent::Count { signal: manual.id.clone() }];
        }
        self.open(Dialog::Question(question::about_flag(manual)), Some(KeyCode::Char(c)));
        Vec::new()
    }

    fn confirm(
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

    fn ask_to_stop(&mut self, view: &View) {
        if let Some(run) = view.run.as_ref().filter(|r| run_line::is_live(r)) {
            let question = question::about_run(seen(run), Say::Stop, &run.title);
            self.open(Dialog::Question(question), Some(KeyCode::Char('S')));
        }
    }

    fn ask_outcome(&mut self, view: &View) {
        let Some(run) = &view.run else { return };
        let Some(need) = run.needs.clone() else { return };
        let name = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?)).map(|s| s.name.clone());
        let outcome = Outcome { seen: seen(run), need, name: name.unwrap_or_default() };
        self.open(Dialog::Outcome(outcome), Some(KeyCode::Char('O')));
    }

    fn open(&mut self, dialog: Dialog, by: Option<KeyCode>) {
        self.dialogs.push(Opened { dialog, by, face: None });
    }

    /// Whether the dialog on top has been on the screen for long enough.
    fn takes_keys(&self, now_ms: u64) -> bool {
        let seen = self.dialogs.last().and_then(|d| d.face.as_ref()?.seen_at);
        seen.is_some_and(|at| now_ms.saturating_sub(at) >= SETTLE_MS)
    }

    fn key_in_dialog(
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
