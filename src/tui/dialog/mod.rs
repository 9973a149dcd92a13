//! Dialogs: what is asked, and the one form they share. A dialog opens with the focus on Cancel.

pub mod confirm;
pub mod outcome;
pub mod question;
pub mod refused;
pub mod window;

use super::keymap::{Action, Context};
use crate::model::text::clean_line;
use crate::run::state::Need;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
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
}

impl Dialog {
    /// Where its keys are.
    pub fn context(&self) -> Context {
        match self {
            Dialog::Confirm(_) => Context::Confirm,
            Dialog::Question(_) => Context::Question,
            Dialog::Outcome(_) => Context::Outcome,
            Dialog::Refused(_) => Context::Refused,
        }
    }

    /// Its form, when it has one.
    pub fn form(&mut self) -> Option<&mut Form> {
        match self {
            Dialog::Confirm(c) => Some(&mut c.form),
            Dialog::Question(q) => Some(&mut q.form),
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
    /// Field and buttons.
    pub form: Form,
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
}

/// A run, and what of it was on the screen when a person spoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The run.
    pub run: String,
    /// Number of its step under way.
    pub step: Option<usize>,
    /// Attempt of that step.
    pub attempt: Option<u32>,
    /// Sequence of the last record.
    pub seq: u64,
}

/// What is to become of a run that waits.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run, and what was seen of it.
    pub seen: Seen,
    /// What a person must say.
    pub need: Need,
    /// Name of the step, where it is about one.
    pub name: String,
}

impl Outcome {
    /// What can be said.
    pub fn may(&self, action: Action) -> bool {
        match self.need {
            Need::Settle { .. } => matches!(action, Action::Done | Action::NotDone | Action::End),
            Need::Decide { .. } => matches!(action, Action::Done | Action::NotDone | Action::End),
            Need::Accept { .. } => matches!(action, Action::Accept | Action::End),
            Need::GoOn { .. } => matches!(action, Action::GoOn | Action::End),
            Need::Answer { .. } | Need::Choose { .. } | Need::Approve => matches!(action, Action::End),
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
    /// An empty line is not enough.
    pub required: bool,
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
