//! What a screen may know of scenarios, and of a plan that is tried without changing anything.

use crate::engine::eval::Truth;

/// A trouble that is known, and the procedure that fits it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// How it shows.
    pub symptoms: String,
    /// Its condition as written; empty: it has none.
    pub when: String,
    /// Whether it is so now; unknown without a condition.
    pub truth: Truth,
    /// What was seen of it, in words.
    pub seen: String,
    /// The procedure: id, name for people, key.
    pub procedure: (String, String, Option<char>),
    /// What is given to it, in words.
    pub args: String,
}

/// A plan that was tried: what each step would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TriedView {
    /// Id of the procedure.
    pub procedure: String,
    /// Its name for people.
    pub title: String,
    /// It is still being tried.
    pub running: bool,
    /// Why it could not be started, were it confirmed now; what is asked before the first step.
    pub problems: Vec<String>,
    /// What was asked before the first step: whether it held, and in what words.
    pub asked: Vec<(crate::run::record::Answer, String)>,
    /// Its steps, in order.
    pub steps: Vec<TriedStep>,
}

/// A step that was tried.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TriedStep {
    /// How it is numbered for people.
    pub label: String,
    /// Its name.
    pub name: String,
    /// What it does, when the plan is run.
    pub line: String,
    /// What became of its way to try it: the command, how it ended, whether that is well, and what it printed. None: it
    /// has no such way, and nothing of it was done.
    pub tried: Option<Tried>,
    /// Why it would be left out, or need not be done.
    pub note: String,
}

/// What a command printed that only tries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// The command.
    pub line: String,
    /// `exit 0`, or why it did not end so.
    pub ended: String,
    /// It ended with 0.
    pub good: bool,
    /// Its last lines, safe to show.
    pub lines: Vec<String>,
}

impl TriedView {
    /// Steps that were tried, and how many of them did not end well.
    pub fn count(&self) -> (usize, usize) {
        let all = self.steps.iter().filter_map(|s| s.tried.as_ref());
        (all.clone().count(), all.filter(|t| !t.good).count())
    }
}
