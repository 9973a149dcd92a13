//! What the matrix says now.

use super::eval::Truth;
use super::evidence::Part;
use serde::{Deserialize, Serialize};

/// Where the service stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Too little is known to say, with the reason.
    Unknown(String),
    /// Everything is measured and nothing fires.
    Quiet,
    /// Nothing of the matrix fires, but this signal or trigger asks to look.
    Warn(String),
    /// The highest severity row in force.
    Row(String),
}

impl Standing {
    /// Whether it is the same, whatever the reason.
    pub fn same(&self, other: &Standing) -> bool {
        match (self, other) {
            (Standing::Unknown(_), Standing::Unknown(_)) | (Standing::Warn(_), Standing::Warn(_)) => true,
            (a, b) => a == b,
        }
    }
}

/// The verdict with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Where the service stands.
    pub standing: Standing,
    /// Since when, boot milliseconds.
    pub since: i64,
    /// Why.
    pub evidence: Vec<Part>,
    /// Milliseconds to respond, counted from `since`.
    pub respond_within: Option<u64>,
}

impl Verdict {
    /// Milliseconds left to respond; negative when overdue.
    pub fn clock(&self, now: i64) -> Option<i64> {
        self.respond_within.map(|w| self.since + w as i64 - now)
    }
}

/// A severity row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id, `P1`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// A trigger of it fires.
    pub in_force: bool,
    /// Since when its oldest firing trigger fires, boot milliseconds.
    pub since: Option<i64>,
    /// True when in force; unknown when none fires and one cannot be judged.
    pub truth: Truth,
    /// Its triggers.
    pub triggers: Vec<String>,
    /// Milliseconds to respond.
    pub respond_within: Option<u64>,
    /// Roles that must agree.
    pub approval: Vec<String>,
}
