//! What is kept of one drill: what it was, how it went, how fast, and what came of that.

use super::time::Millis;
use serde::{Deserialize, Serialize};

/// One drill that is over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drilled {
    /// Its id; sorts by time.
    pub id: String,
    /// Name of the service.
    pub service: String,
    /// The environment that was rehearsed.
    pub environment: String,
    /// What was rehearsed, in words: `procedure config under errors`.
    pub case: String,
    /// When it began, wall milliseconds.
    pub wall: i64,
    /// Milliseconds it lasted, simulated.
    pub lasted: Millis,
    /// Seed of all noise.
    pub seed: u64,
    /// Ids of what was made to go wrong.
    pub chaos: Vec<String>,
    /// The procedure that was carried out last.
    pub procedure: Option<String>,
    /// Who rehearsed.
    pub who: String,
    /// It went as was expected.
    pub ok: bool,
    /// What was not as expected, and what else is to be known.
    pub findings: Vec<String>,
    /// How it went.
    pub score: Score,
}

/// How a drill went. Times are milliseconds from where it began to go wrong (from the confirmation, where nothing did).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Until the condition was true that fired first.
    pub detected: Option<Millis>,
    /// Until it fired.
    pub fired: Option<Millis>,
    /// Until somebody, or automation, decided.
    pub decided: Option<Millis>,
    /// Until the first step that changes something began.
    pub acted: Option<Millis>,
    /// Until it took effect.
    pub effect: Option<Millis>,
    /// Until the criteria had held for their time.
    pub verified: Option<Millis>,
    /// Until people were told.
    pub told: Option<Millis>,
    /// The trigger that fired first.
    pub trigger: Option<String>,
    /// How the last run ended: its verdict's word, or why nothing ran.
    pub verdict: String,
    /// What automation did: whether it acted, whether that was right, how fast.
    pub automation: String,
    /// Required items of the checklists that were done, of all that there were.
    pub items: (usize, usize),
    /// Actions that were wrong, in words.
    pub wrong: Vec<String>,
    /// The playbook's objectives.
    pub objectives: Vec<Judged>,
    /// Of 100.
    pub points: u32,
}

/// One objective, as a drill met it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Its title.
    pub title: String,
    /// Milliseconds allowed.
    pub within: Millis,
    /// Milliseconds it took; none: it never got there.
    pub took: Option<Millis>,
    /// It was kept.
    pub kept: bool,
}
