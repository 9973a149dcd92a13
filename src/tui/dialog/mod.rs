//! Dialogs: what is asked, and the one form they share. A dialog opens with the focus on Cancel.

pub mod approve;
pub mod arm;
pub mod ask;
pub mod chaos;
pub mod checklist;
pub mod confirm;
pub mod decide;
pub mod export;
pub mod find;
pub mod incident;
pub mod locked;
pub mod messages;
pub mod other;
pub mod outcome;
pub mod page;
pub mod palette;
pub mod picker;
pub mod question;
pub mod read;
pub mod refused;
pub mod text;
pub mod unverified;
pub mod window;

use super::keymap::{Action, Context};
use crate::model::playbook::{self, Automation};
use crate::model::text::clean_line;
use crate::run::record::Answer;
use crate::run::state::Need;
use crate::session::Seen;
use crate::session::view::{ArmingView, ParamView};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use indexmap::IndexMap;
use tui_textarea::{CursorMove, TextArea};

/// A dialog, with the state of its widgets and nothing else.
#[derive(Debug, Clone)]
pub enum Dialog {
    /// Is this procedure to be started?
    Confirm(Confirm),
    /// A line of text is asked for.
    Question(Question),
    /// What is to become of a run that waits for a person?
    Outcome(Outcome),
    /// Something was refused or went wrong.
    Refused(Refused),
    /// Which value is it to be?
    Picker(Picker),
    /// A step asks.
    Ask(Ask),
    /// Does a second person agree?
    Approve(Approve),
    /// What is to become of a run that is not verified?
    Unverified(Seen),
    /// Another run is in the way.
    Locked(Locked),
    /// In which form is it written to a file?
    Export,
    /// What is to be done about what fires? Its clock.
    Decide(String),
    /// A long text that is only read.
    Read(read::Read),
    /// A text of several lines.
    Text(text::Text),
    /// Which other procedure?
    Other(Other),
    /// What may automation do?
    Arm(Arm),
    /// What is to go wrong in the rehearsal?
    Chaos,
    /// The incident.
    Incident,
    /// Which message goes to whom?
    Messages(messages::Messages),
    /// What is looked for on the screen?
    Find(Form),
    /// Which of all there is?
    Palette(palette::Palette),
}

impl Dialog {
    /// Where its keys are.
    pub fn context(&self) -> Context {
        match self {
            Dialog::Confirm(_) => Context::Confirm,
            Dialog::Question(_) => Context::Question,
            Dialog::Outcome(_) => Context::Outcome,
            Dialog::Refused(_) => Context::Refused,
            Dialog::Picker(_) => Context::Picker,
            Dialog::Ask(_) => Context::Ask,
            Dialog::Approve(_) => Context::Approve,
            Dialog::Unverified(_) => Context::Unverified,
            Dialog::Locked(_) => Context::Locked,
            Dialog::Export => Context::Export,
            Dialog::Decide(_) => Context::Decide,
            Dialog::Read(_) => Context::Reading,
            Dialog::Text(_) => Context::TextArea,
            Dialog::Other(_) => Context::Other,
            Dialog::Arm(_) => Context::Arm,
            Dialog::Chaos => Context::Chaos,
            Dialog::Incident => Context::Incident,
            Dialog::Messages(_) => Context::Messages,
            Dialog::Find(_) => Context::Find,
            Dialog::Palette(_) => Context::Palette,
        }
    }

    /// Its form, when it has one.
    pub fn form(&mut self) -> Option<&mut Form> {
        match self {
            Dialog::Confirm(c) => Some(&mut c.form),
            Dialog::Question(q) => q.field.then_some(&mut q.form),
            Dialog::Picker(p) => Some(&mut p.form),
            Dialog::Ask(a) if a.takes_text() => Some(&mut a.form),
            Dialog::Arm(a) => Some(a.field()),
            Dialog::Find(form) => Some(form),
            Dialog::Palette(p) => Some(&mut p.form),
            _ => None,
        }
    }
}

/// The confirmation of a procedure.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// Id of the procedure.
    pub procedure: String,
    /// Its name for people.
    pub title: String,
    /// Its key.
    pub key: Option<char>,
    /// The draft that was last on the screen; only this one can be confirmed.
    pub shown: Option<String>,
    /// First command that is shown.
    pub first: usize,
    /// It asks for every value, those that have a default too.
    pub every: bool,
    /// Values that were picked or typed so far.
    pub given: IndexMap<String, String>,
    /// All that is asked for was picked or typed.
    pub picked: bool,
    /// The run that is stopped first.
    pub stops: Option<String>,
    /// The scenario that was picked.
    pub scenario: Option<String>,
    /// The clock that is decided by it.
    pub decides: Option<String>,
    /// Field and buttons.
    pub form: Form,
}

/// Another procedure than the one that is recommended.
#[derive(Debug, Clone)]
pub struct Other {
    /// The clock that is decided.
    pub clock: String,
    /// The procedure at the cursor.
    pub at: usize,
}

/// What automation may do.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Triggers that could act, and what is chosen for them.
    pub rows: Vec<(ArmingView, Automation)>,
    /// The row at the cursor.
    pub at: usize,
    /// The most that the environment allows.
    pub ceiling: Automation,
    /// The service's name, when it is typed.
    pub name: Option<String>,
    /// Letters go to the name, not to the reason.
    pub on_name: bool,
    /// Why, and the buttons.
    pub reason: Form,
    /// The name.
    pub typed: Form,
}

impl Arm {
    /// Where letters go.
    pub fn field(&mut self) -> &mut Form {
        if self.on_name { &mut self.typed } else { &mut self.reason }
    }

    /// Whether all that is asked is there.
    pub fn is_ready(&self) -> bool {
        let named = self.name.as_ref().is_none_or(|n| self.typed.text() == n);
        named && !self.reason.text().trim().is_empty()
    }

    /// Whether the focus is on the button that arms.
    pub fn on_go(&self) -> bool {
        self.reason.on_go() || self.typed.on_go()
    }

    /// The next control: reason, name (where it is typed), the button that arms, Cancel.
    pub fn tab(&mut self) {
        let ready = self.is_ready();
        if self.name.is_some() && !self.on_name && !self.on_go() {
            self.on_name = true;
            return;
        }
        self.field().tab(ready);
        if !self.on_go() {
            self.on_name = false;
        }
    }
}

/// A value is picked or typed, for a parameter of the procedure whose confirmation is below.
#[derive(Debug, Clone)]
pub struct Picker {
    /// The parameter.
    pub param: ParamView,
    /// Its place among those that are asked, from 1, and how many there are.
    pub place: (usize, usize),
    /// Name of the procedure for people.
    pub title: String,
    /// The row at the cursor, among those that are found.
    pub at: Option<usize>,
    /// What is looked for, or the value that is typed.
    pub form: Form,
}

/// A question of a step.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The run, and what was seen of it.
    pub seen: Seen,
    /// Number of the step for people.
    pub label: String,
    /// What is asked.
    pub question: playbook::Question,
    /// The answer at the cursor.
    pub at: Option<usize>,
    /// Text and buttons.
    pub form: Form,
}

impl Ask {
    /// Whether a text can be typed.
    pub fn takes_text(&self) -> bool {
        self.question.input.is_some() || self.question.answers.is_empty()
    }

    /// Whether there is an answer that can be sent.
    pub fn is_ready(&self) -> bool {
        let chosen = self.question.answers.is_empty() || self.at.is_some();
        let typed = !self.takes_text() || !self.form.text().trim().is_empty();
        self.question.optional || (chosen && typed)
    }
}

/// Whether somebody agrees to a run.
#[derive(Debug, Clone)]
pub struct Approve {
    /// The run, and what was seen of it.
    pub seen: Seen,
    /// All commands are shown.
    pub plan: bool,
    /// First command that is shown.
    pub first: usize,
}

/// A run in the way of a procedure.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The procedure: id, name for people, key.
    pub procedure: (String, String, Option<char>),
    /// The run in the way.
    pub run: String,
}

/// What a line of text is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A flag is raised or lowered, with a note.
    Flag {
        /// Signal id.
        signal: String,
        /// Raise it, or lower it.
        raise: bool,
    },
    /// A person says something to a run; the line is the reason.
    Say {
        /// The run, and what was seen of it.
        seen: Seen,
        /// What is said.
        say: Say,
    },
    /// Why a draft may start although a check does not hold.
    Override {
        /// Id of the draft.
        draft: String,
    },
    /// Why a run may start beside processes of another one.
    Beside,
    /// A run that nobody drives is taken up.
    TakeUp {
        /// The run.
        run: String,
    },
    /// A decision: go on watching.
    Hold {
        /// The clock.
        clock: String,
    },
    /// A decision: roll back, where others must say the same before it starts.
    RollBack {
        /// The clock.
        clock: String,
        /// The procedure.
        procedure: String,
    },
    /// A decision: more time, as chosen.
    Extend {
        /// The clock.
        clock: String,
    },
    /// Something about an item of a checklist.
    Item {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// What.
        ask: ItemAsk,
    },
    /// A role is told that it is needed, with a line of one's own.
    Page {
        /// The role.
        role: String,
        /// What they are told.
        text: String,
    },
    /// How grave the incident is, as chosen.
    Severity {
        /// The incident.
        incident: String,
        /// Ids of the severities that are chosen from.
        of: Vec<String>,
    },
    /// An incident is opened.
    OpenIncident,
    /// The incident is over.
    CloseIncident {
        /// The incident.
        incident: String,
    },
    /// A person takes the incident, so that its ladder waits.
    Take,
    /// What is normal is marked, by the name that is chosen.
    Mark,
    /// A watcher is started that takes over.
    TakeOver,
}

/// What is asked about an item of a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemAsk {
    /// Is it done, or not after all? With a note.
    Tick {
        /// Done.
        done: bool,
    },
    /// What is the answer to what it asks?
    Answer,
    /// A note about it.
    Note,
    /// Why go on without it?
    Without,
    /// Is it to do what it does itself, or to be stopped while it does?
    Do,
}

/// What is said to a run, with a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// Stop it.
    Stop,
    /// The step was done.
    Done,
    /// The step was not done: it is done again.
    NotDone,
    /// Accept it as applied, unverified.
    Accept,
    /// End it where it is.
    End,
    /// Try the failed step again.
    Again,
    /// Start no further step.
    Pause,
    /// Leave the step and go on behind it.
    Skip,
    /// Do the step.
    DoIt,
    /// Tell the next people that it is not verified.
    Page,
    /// Agree to it.
    Approve,
    /// Do not agree to it.
    Refuse,
}

/// What is to become of a run that waits.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run, and what was seen of it.
    pub seen: Seen,
    /// What a person must say.
    pub need: Need,
    /// Number and name of the step for people, where it is about one.
    pub label: String,
    /// See `label`.
    pub name: String,
    /// What a probe says of an unknown attempt.
    pub proposal: Option<(Answer, String)>,
    /// It is about a value of a ramp that is held.
    pub holds: bool,
}

impl Outcome {
    /// What can be said.
    pub fn may(&self, action: Action) -> bool {
        use Action::{DoIt, Done, End, GoOn, NotDone, Skip};
        match self.need {
            Need::Settle { .. } | Need::Decide { .. } => matches!(action, Done | NotDone | Skip | End),
            Need::Choose { .. } => matches!(action, DoIt | Skip | End),
            Need::GoOn { .. } => matches!(action, GoOn | End),
            Need::Accept { .. } | Need::Answer { .. } | Need::Approve => false,
        }
    }
}

/// A question with a line of text.
#[derive(Debug, Clone)]
pub struct Question {
    /// What for.
    pub asked: Asked,
    /// Title of the dialog.
    pub title: String,
    /// What it means, in lines.
    pub text: Vec<String>,
    /// On the button.
    pub button: &'static str,
    /// A line can be typed.
    pub field: bool,
    /// An empty line is not enough.
    pub required: bool,
    /// What there is to choose from.
    pub choices: Vec<String>,
    /// The one that is chosen.
    pub chosen: usize,
    /// Field and buttons.
    pub form: Form,
}

/// What happened, what it means, what to press.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// `REFUSED: Configuration rollback was not started`.
    pub title: String,
    /// What happened.
    pub what: String,
    /// What it means.
    pub means: String,
    /// What can be pressed after it is closed.
    pub press: String,
}

/// A line of text, Cancel, and the button that acts.
#[derive(Debug, Clone)]
pub struct Form {
    field: TextArea<'static>,
    go: bool,
}

/// The longest line that a field takes, in characters.
const LONGEST: usize = 200;

impl Default for Form {
    fn default() -> Self {
        let mut field = TextArea::default();
        field.set_cursor_line_style(ratatui::style::Style::new());
        Form { field, go: false }
    }
}

impl Form {
    /// A form with a text in its field.
    pub fn with(text: &str) -> Form {
        let mut form = Form::default();
        form.insert(text);
        form
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.field.lines().first().map_or("", String::as_str)
    }

    /// Where the cursor stands, in characters.
    pub fn cursor(&self) -> usize {
        self.field.cursor().1
    }

    /// Whether the focus is on the button that acts; else it is on Cancel.
    pub fn on_go(&self) -> bool {
        self.go
    }

    /// Moves the focus; the acting button is reached only when `ready`.
    pub fn tab(&mut self, ready: bool) {
        self.go = !self.go && ready;
    }

    /// Edits the line. Whatever changes it puts the focus back on Cancel.
    pub fn edit(&mut self, event: &KeyEvent) {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match event.code {
            KeyCode::Char(c) if plain => self.insert(&c.to_string()),
            KeyCode::Backspace => self.go &= !self.field.delete_char(),
            KeyCode::Delete => self.go &= !self.field.delete_next_char(),
            KeyCode::Left => self.field.move_cursor(CursorMove::Back),
            KeyCode::Right => self.field.move_cursor(CursorMove::Forward),
            KeyCode::Home => self.field.move_cursor(CursorMove::Head),
            KeyCode::End => self.field.move_cursor(CursorMove::End),
            _ => {}
        }
    }

    /// Puts text at the cursor, cleaned and on one line.
    pub fn insert(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text().chars().count());
        let text: String = clean_line(text).chars().take(room).collect();
        self.go &= !self.field.insert_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_is_reached_only_when_ready_and_lost_when_the_text_changes() {
        let mut form = Form::default();
        form.tab(false);
        assert!(!form.on_go());
        form.insert("abc");
        form.tab(true);
        assert!(form.on_go());
        form.edit(&KeyEvent::from(KeyCode::Char('d')));
        assert_eq!((form.text(), form.on_go()), ("abcd", false));
        form.tab(true);
        form.edit(&KeyEvent::from(KeyCode::Backspace));
        assert_eq!((form.text(), form.on_go()), ("abc", false));
    }

    #[test]
    fn a_pasted_text_stays_one_clean_short_line() {
        let mut form = Form::default();
        form.insert("two\nlines\u{1b}[31m\u{202e}");
        assert_eq!(form.text(), "two lines\\u{202e}");
        form.insert(&"x".repeat(5000));
        assert_eq!(form.text().chars().count(), LONGEST);
    }
}
