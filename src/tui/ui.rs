//! What the screen itself remembers (where one is, cursors, open dialogs), and what keys make of it.

mod about_run;
pub mod charts;
pub mod checklist;
mod deciding;
mod dialogs;
pub mod drill;
pub mod events;
pub mod fleet;
pub mod guide;
pub mod help;
mod incident;
mod intent;
pub mod logs;
mod messages;
pub mod palette;
pub mod plans;
mod sections;

pub use about_run::{guide_of, offered, step_of};
pub use deciding::looked_at;
pub use dialogs::{draft_of, is_ready, may_start};
pub use incident::may as may_of_incident;
pub use intent::Intent;

use super::dialog::read::{Read, Reading};
use super::dialog::text::About;
use super::dialog::{Dialog, question};
use super::freeze::Freeze;
use super::keymap::{Action, Context, Key, Keymap};
use crate::session::Request;
use crate::session::view::{Found, View, WhyOf};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;

/// Windows of the charts, milliseconds.
pub const ZOOMS: [u64; 5] = [300_000, 900_000, 3_600_000, 21_600_000, 86_400_000];
/// The same key within so many milliseconds is a repeat.
const REPEAT_MS: u64 = 150;
/// A key so many milliseconds after another one was not pressed by a finger.
const BURST_MS: u64 = 20;
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
    /// The checklists.
    Checklist,
    /// Procedures and the plan of one.
    Procedures,
    /// The run.
    Run,
    /// What happened.
    Timeline,
    /// Contacts, trouble, dashboards, backups, objectives.
    Guide,
    /// Many services.
    Fleet,
    /// The rehearsal.
    Drill,
    /// The logs.
    Logs,
    /// What to do when all else fails.
    Emergency,
    /// The evidence.
    Why,
    /// Keys.
    Help,
}

impl Screen {
    /// Where its keys are.
    pub fn context(self) -> Context {
        match self {
            Screen::Overview => Context::Overview,
            Screen::Signal => Context::Signal,
            Screen::Checklist => Context::Checklist,
            Screen::Procedures => Context::Procedures,
            Screen::Run => Context::Run,
            Screen::Timeline => Context::Timeline,
            Screen::Guide => Context::Guide,
            Screen::Fleet => Context::Fleet,
            Screen::Drill => Context::Drill,
            Screen::Logs => Context::Logs,
            Screen::Emergency => Context::Emergency,
            Screen::Why => Context::Why,
            Screen::Help => Context::Help,
        }
    }

    /// The screen whose keys these are, where it can be gone to just so.
    pub fn in_context(context: Context) -> Option<Screen> {
        use Screen::{Checklist, Drill, Fleet, Guide, Logs, Overview, Procedures, Run, Timeline};
        [Overview, Checklist, Procedures, Run, Timeline, Guide, Fleet, Drill, Logs]
            .into_iter()
            .find(|s| s.context() == context)
    }

    /// The screen to which an action goes.
    pub fn of(action: Action) -> Option<Screen> {
        Some(match action {
            Action::Overview => Screen::Overview,
            Action::Checklist => Screen::Checklist,
            Action::Procedures => Screen::Procedures,
            Action::Run => Screen::Run,
            Action::Timeline => Screen::Timeline,
            Action::Guide => Screen::Guide,
            Action::Fleet => Screen::Fleet,
            Action::Drill => Screen::Drill,
            Action::Logs => Screen::Logs,
            _ => return None,
        })
    }
}

/// What the run screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// What matters in its state.
    #[default]
    All,
    /// Only the output of the newest attempt.
    Output,
    /// Only the guide of the step.
    Guide,
}

/// The state of the screen.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// What each key means.
    pub keymap: Keymap,
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
    /// Where one is among what fits.
    pub plans: plans::PlansUi,
    /// Procedure whose plan is looked at.
    pub plan: Option<String>,
    /// How many rows back from the newest the timeline's cursor is.
    pub back_in_time: usize,
    /// Whose evidence is looked at.
    pub why: WhyOf,
    /// First row of a text that is longer than the screen.
    pub scroll: usize,
    /// What the run screen shows.
    pub pane: Pane,
    /// First line of the output that is shown; `None`: its end, as it grows.
    pub out_from: Option<usize>,
    /// Which section of the screen has the focus, from 0.
    pub section: usize,
    /// What was said to the person last, until the next key.
    pub said: Option<String>,
    /// What is looked for on this screen, while something is.
    pub find: Option<String>,
    /// The cursor in time, the order of the signals.
    pub charts: charts::ChartsUi,
    /// Where one is in the checklists.
    pub checklist: checklist::ChecklistUi,
    /// Where one is in the timeline.
    pub events: events::EventsUi,
    /// Where one is in the guide.
    pub guide: guide::GuideUi,
    /// Where one is in the logs.
    pub logs: logs::LogsUi,
    /// Where one is in the fleet.
    pub fleet: fleet::FleetUi,
    /// Where one is in the rehearsal.
    pub drill: drill::DrillUi,
    /// What was found last in the output.
    found: Option<Found>,
    /// Where one is in the help.
    pub help: help::HelpUi,
    /// Texts that were closed before they were sent.
    drafts: Vec<(About, String)>,
    dialogs: Vec<dialogs::Opened>,
    before: Screen,
    last_key: Option<(KeyCode, u64)>,
    counted: Option<(String, u64)>,
}

impl Ui {
    /// The overview, 15 minutes.
    pub fn new(zone: TimeZone) -> Ui {
        Ui {
            zone,
            keymap: Keymap::default(),
            screen: Screen::Overview,
            zoom: 1,
            freeze: None,
            signal: 0,
            procedure: 0,
            plans: Default::default(),
            plan: None,
            back_in_time: 0,
            why: WhyOf::Verdict,
            scroll: 0,
            pane: Pane::All,
            out_from: None,
            section: 0,
            said: None,
            find: None,
            charts: Default::default(),
            checklist: Default::default(),
            events: Default::default(),
            guide: Default::default(),
            logs: Default::default(),
            fleet: Default::default(),
            drill: Default::default(),
            found: None,
            help: Default::default(),
            drafts: Vec::new(),
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

    /// What a key does. `now_ms` is monotonic.
    pub fn key(&mut self, event: &KeyEvent, view: &View, now_ms: u64) -> Vec<Intent> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let mut out = self.pressed(event, view, now_ms);
        out.extend(self.logs_to_follow(view));
        out
    }

    fn pressed(&mut self, event: &KeyEvent, view: &View, now_ms: u64) -> Vec<Intent> {
        self.said = None;
        let repeat = event.kind == KeyEventKind::Repeat
            || self
                .last_key
                .is_some_and(|(code, at)| code == event.code && now_ms.saturating_sub(at) < REPEAT_MS);
        let silent = self
            .last_key
            .is_none_or(|(code, at)| code != event.code || now_ms.saturating_sub(at) >= OPENER_MS);
        // Keys that come faster than fingers are a paste that the terminal does not mark as one.
        let burst = self.last_key.is_some_and(|(_, at)| now_ms.saturating_sub(at) < BURST_MS);
        self.last_key = Some((event.code, now_ms));
        let context = self.context();
        let action = self.keymap.resolve(context, Key::of(event));
        if context == Context::Help {
            return self.in_help(event, action, view, now_ms, !repeat && !burst);
        }
        if context.is_dialog() {
            return self.key_in_dialog(event, action, view, now_ms, repeat || burst, silent);
        }
        match action {
            Some(action) => {
                let was = self.screen;
                let out = self.act(action, view, now_ms);
                self.left_guide(was, view, out)
            }
            None => match event.code {
                KeyCode::Char(c) if !repeat && !Key::of(event).ctrl && self.has_playbook_keys(view) => {
                    self.playbook_key(c, view, now_ms)
                }
                _ => Vec::new(),
            },
        }
    }

    /// What a key does on this screen first, and only here; `None`: what it does everywhere.
    fn here(&mut self, action: Action, view: &View, now_ms: u64) -> Option<Vec<Intent>> {
        match self.screen {
            Screen::Overview | Screen::Signal => self.on_charts(action, view),
            Screen::Checklist => self.on_checklist(action, view),
            Screen::Procedures => self.on_plans(action, view),
            Screen::Timeline => self.on_events(action, view),
            Screen::Guide | Screen::Emergency => self.on_guide(action, view),
            Screen::Fleet => self.on_fleet(action, view, now_ms),
            Screen::Drill => self.on_drill(action, view),
            Screen::Logs => self.on_logs(action, view),
            Screen::Help if self.is_among_services(view) => self.without_service(action),
            Screen::Run => self.on_run(action, view),
            Screen::Why | Screen::Help => None,
        }
    }

    fn act(&mut self, action: Action, view: &View, now_ms: u64) -> Vec<Intent> {
        if let Some(done) = self.here(action, view, now_ms) {
            return done;
        }
        match action {
            Action::Palette | Action::Find => return self.open_palette(action, view),
            Action::NextSection | Action::PreviousSection => {
                self.next_section(view, action == Action::NextSection);
            }
            Action::Contacts => return self.open_contacts(view),
            Action::Take => return self.take_incident(view),
            Action::Copy => return self.copy(view),
            Action::Overview => self.go(Screen::Overview),
            Action::Checklist => self.go(Screen::Checklist),
            Action::Guide => self.open_guide(view),
            Action::Fleet => self.go(Screen::Fleet),
            Action::Drill => self.go(Screen::Drill),
            Action::Logs => self.go(Screen::Logs),
            Action::Procedures => self.go(Screen::Procedures),
            Action::Run => self.go(Screen::Run),
            Action::Timeline => self.go(Screen::Timeline),
            Action::Help => self.go(Screen::Help),
            Action::Emergency => self.go(Screen::Emergency),
            Action::Quit => return vec![Intent::Quit],
            Action::Suspend => return vec![Intent::Suspend],
            Action::Repaint => return vec![Intent::Repaint],
            Action::TryAgain => return vec![Intent::Request(Request::AskAgain)],
            Action::Up => return self.step(view, -1),
            Action::Down => return self.step(view, 1),
            Action::PageUp => return self.step(view, -10),
            Action::PageDown => return self.step(view, 10),
            Action::First => return self.step(view, isize::MIN / 2),
            Action::Last => return self.step(view, isize::MAX / 2),
            Action::Open => return self.enter(view),
            Action::Back => return self.back(),
            Action::ZoomIn => self.zoom_to(self.zoom.saturating_sub(1), view),
            Action::ZoomOut => self.zoom_to(self.zoom + 1, view),
            Action::Freeze => {
                self.freeze = if self.freeze.is_some() { None } else { Some(Freeze::at(&view.now)) };
            }
            Action::TakeBack => {
                if let Some((signal, at)) = self.counted.take()
                    && now_ms.saturating_sub(at) <= TAKE_BACK_MS
                {
                    return vec![Intent::Request(Request::Count { signal, delta: -1 })];
                }
            }
            Action::Incident => return self.open_incident(view),
            Action::Message => return self.open_messages(view, KeyCode::Char('@')),
            Action::Approve => return self.approve(view),
            Action::Decide
            | Action::Automation
            | Action::Why
            | Action::Note
            | Action::TakeOver
            | Action::Mark
            | Action::BellSeen => return self.about_decisions(action, view),
            Action::StopRun
            | Action::Outcome
            | Action::Output
            | Action::Pause
            | Action::Retry
            | Action::Undo
            | Action::StepGuide => return self.about_run(action, view),
            _ => {}
        }
        Vec::new()
    }

    fn go(&mut self, to: Screen) {
        if to != self.screen {
            self.before = self.screen;
            self.screen = to;
            self.scroll = 0;
            (self.section, self.find) = (0, None);
            (self.pane, self.out_from) = (Pane::All, None);
            self.help = help::HelpUi::default();
        }
    }

    fn back(&mut self) -> Vec<Intent> {
        if self.find.take().is_some_and(|f| !f.is_empty()) {
            return Vec::new();
        }
        let to = match self.screen {
            Screen::Help if self.before != Screen::Help => self.before,
            Screen::Emergency if !matches!(self.before, Screen::Help | Screen::Emergency) => self.before,
            Screen::Why => {
                let back = if self.before == Screen::Why { Screen::Overview } else { self.before };
                self.go(back);
                return vec![Intent::Request(Request::Why(None))];
            }
            Screen::Procedures if self.plan.is_some() => {
                self.plan = None;
                return vec![Intent::Request(Request::CancelDraft)];
            }
            Screen::Run if self.pane != Pane::All => {
                self.pane = Pane::All;
                self.scroll = 0;
                return vec![Intent::Request(Request::Output { line: None })];
            }
            _ => Screen::Overview,
        };
        self.go(to);
        Vec::new()
    }

    fn step(&mut self, view: &View, by: isize) -> Vec<Intent> {
        if self.in_output() {
            return self.scroll_output(view, by);
        }
        let (cursor, len) = match self.screen {
            Screen::Procedures => (&mut self.procedure, view.procedures.len()),
            Screen::Why => {
                let all = looked_at(view);
                let all_but_one = all.len().saturating_sub(1);
                let at = all.iter().position(|of| *of == self.why).unwrap_or(0);
                let to = (at as isize).saturating_add(by).max(0) as usize;
                self.scroll = 0;
                if let Some(of) = all.into_iter().nth(to.min(all_but_one)) {
                    self.why.clone_from(&of);
                    return vec![Intent::Request(Request::Why(Some(of)))];
                }
                return Vec::new();
            }
            // Drawing stops at the last row.
            _ => (&mut self.scroll, super::paint::LONGEST_TEXT),
        };
        let to = (*cursor as isize).saturating_add(by).max(0) as usize;
        *cursor = to.min(len.saturating_sub(1));
        Vec::new()
    }

    fn enter(&mut self, view: &View) -> Vec<Intent> {
        match self.screen {
            Screen::Overview if !view.signals.is_empty() => self.go(Screen::Signal),
            Screen::Procedures => {
                let Some(p) = view.procedures.get(self.procedure) else { return Vec::new() };
                if self.plan.as_ref() == Some(&p.id) && draft_of(view, &p.id).is_some_and(|d| !d.resolving) {
                    self.open(Dialog::Read(Read::of(Reading::Plan)), Some(KeyCode::Enter));
                    return Vec::new();
                }
                if view.read_only {
                    return self.only_reads();
                }
                self.plan = Some(p.id.clone());
                return vec![Intent::Request(Request::Prepare {
                    procedure: p.id.clone(),
                    given: Default::default(),
                    stops: None,
                    scenario: None,
                })];
            }
            _ => {}
        }
        Vec::new()
    }

    /// Whether the playbook's keys work where one is. Among many services none is chosen; where a rehearsal would be, what
    /// is pressed for practice must not start anything real.
    pub fn has_playbook_keys(&self, view: &View) -> bool {
        let screen = if self.screen == Screen::Help { self.before } else { self.screen };
        match screen {
            Screen::Fleet => false,
            Screen::Help => !self.is_among_services(view),
            Screen::Drill => view.simulated().is_some(),
            _ => true,
        }
    }

    fn playbook_key(&mut self, c: char, view: &View, now_ms: u64) -> Vec<Intent> {
        if let Some(p) = view.procedures.iter().find(|p| p.key == Some(c)) {
            return self.confirm(&p.id, &p.title, p.key, Some(KeyCode::Char(c)), view);
        }
        let Some(manual) = view.manual.iter().find(|m| m.key == c) else { return Vec::new() };
        if view.read_only {
            return self.only_reads();
        }
        if manual.counter {
            self.counted = Some((manual.id.clone(), now_ms));
            return vec![Intent::Request(Request::Count { signal: manual.id.clone(), delta: 1 })];
        }
        self.open(Dialog::Question(question::about_flag(manual)), Some(KeyCode::Char(c)));
        Vec::new()
    }
}
