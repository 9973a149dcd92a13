//! Modes, choices and times in words.

use super::Clock;
use super::agreed::same_choice;
use super::record::{Choice, Closed};
use crate::model::condition::duration;
use crate::model::playbook::Automation;
use crate::model::text::clean_line;

/// The word for what automation may do.
pub fn word(mode: Automation) -> &'static str {
    match mode {
        Automation::Off => "disarmed",
        Automation::Shadow => "shadow",
        Automation::Armed => "armed",
    }
}

/// A wall time (milliseconds) in words: `03:14 UTC`.
pub fn at(wall: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
    at.strftime("%H:%M UTC").to_string()
}

impl Closed {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Closed::Decided => "decided",
            Closed::Default => "default",
            Closed::Refused => "refused",
            Closed::Overdue => "OVERDUE",
            Closed::Resolved => "over",
        }
    }
}

impl Choice {
    /// In words: `hold`, `roll back by config`, `extend by 5m`.
    pub fn words(&self) -> String {
        match self {
            Choice::Hold => "hold".to_owned(),
            Choice::RollBack { procedure, .. } => format!("roll back by {procedure}"),
            Choice::Extend(ms) => format!("extend by {}", duration(*ms)),
        }
    }
}

impl Clock {
    /// A choice, and who said it: `ben decided to hold`.
    pub fn words(&self, choice: &Choice) -> String {
        let said = self.said.iter().filter(|w| same_choice(&w.choice, choice));
        let mut who: Vec<&str> = Vec::new();
        for word in said {
            if !who.contains(&word.who.user.as_str()) {
                who.push(&word.who.user);
            }
        }
        clean_line(&format!("{} decided to {}", who.join(" and "), choice.words()))
    }
}
