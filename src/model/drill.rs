//! `[drill]`: what a rehearsal knows of the service. Its state, its signals, and what can go wrong with it.
//!
//! The simulated service is a handful of named values (`state`) and a model of each signal. Steps change the state by
//! their `rehearse = { set }`, chaos changes state and signals, and probes ask it by `rehearse = "condition over the state"`.

use super::condition::Condition;
use super::template::Template;
use super::unit::{self, Base, Dim, Quantity};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// `[drill]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// The environment whose values a rehearsal takes.
    pub environment: String,
    /// Milliseconds after which it is to be rehearsed again.
    pub due_every: Option<u64>,
    /// File of the monthly report; `{{ year }}` and `{{ month }}` beside the usual names. Default
    /// `reports/drill-{{ year }}{{ month }}.md` in the folder of the drills' records.
    pub report: Option<Template>,
    /// The service's state where it is sound, by name (snake_case).
    pub state: IndexMap<String, Level>,
    /// How each signal behaves. A signal that is not named stays without a value.
    pub signals: IndexMap<String, Behaviour>,
    /// What can go wrong.
    pub chaos: IndexMap<String, Chaos>,
}

/// A value of the state or of a signal: `"25%"`, `true`, or a text that is no quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Level {
    /// Yes or no.
    Bool(bool),
    /// A number, in base units.
    Number(Quantity),
    /// A text.
    Text(String),
}

impl Level {
    /// A level as it is written: `true`, a quantity, or a text that is neither.
    pub fn read(text: &str) -> Level {
        match (text.trim(), unit::quantity(text)) {
            ("true", _) => Level::Bool(true),
            ("false", _) => Level::Bool(false),
            (_, Ok(q)) => Level::Number(q),
            (_, Err(_)) => Level::Text(text.to_string()),
        }
    }

    /// What it measures.
    pub fn dim(&self) -> Dim {
        match self {
            Level::Bool(_) => Dim { base: Base::Bool, per_time: 0 },
            Level::Number(q) => q.dim,
            Level::Text(_) => Dim { base: Base::Text, per_time: 0 },
        }
    }
}

/// `[drill.signals.S]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Behaviour {
    /// `{ state = "NAME" }`: it is what this part of the state is.
    State(String),
    /// `{ when = "condition over the state" }`: true or false.
    When(Condition),
    /// `{ normal, noise, grow, series }`
    Model {
        /// Where it stands while nothing is wrong.
        normal: Level,
        /// Standard deviation around it, base units (of a counter that of its rate, `"5/s"`); 0 when not written.
        noise: f64,
        /// Growth in base units per second (a counter's rate); 0 when not written.
        grow: f64,
        /// Values of its `series` label; empty for a signal without series.
        series: Vec<String>,
    },
}

/// `[drill.chaos.K]`: something goes wrong. Signals are named `signal`, or `signal.series` for one of several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chaos {
    /// Name for people.
    pub title: String,
    /// Its key behind `!` on the Drill screen.
    pub key: Option<char>,
    /// Milliseconds after it is asked for until it begins; 0 when not written.
    pub onset: u64,
    /// Milliseconds it lasts, unless it is cured.
    pub lasts: u64,
    /// Milliseconds until what it sets is reached, in a straight line; 0 when not written.
    pub rises_in: u64,
    /// Signals that stand elsewhere while it is on; of a counter it is the rate (`"5/s"`).
    pub set: IndexMap<String, Level>,
    /// Signals that are so many times what they were (`1.5`); of a counter it is the rate.
    pub times: IndexMap<String, f64>,
    /// Signals that grow, in base units per second; a counter by so much faster.
    pub grow: IndexMap<String, f64>,
    /// Signals that stand elsewhere every other `period`; of several series of one signal, each after the other.
    pub alternate: IndexMap<String, Level>,
    /// Milliseconds of one turn.
    pub period: u64,
    /// State that it changes when it begins.
    pub state: IndexMap<String, Level>,
    /// Sources that do not answer.
    pub silence: Vec<String>,
    /// Sources that go on answering what they answered when it began.
    pub stale: Vec<String>,
    /// Milliseconds by which the answers of a source are late.
    pub slow: IndexMap<String, u64>,
    /// Steps that fail: `step-id`, or `procedure.step-id`.
    pub fail_steps: Vec<String>,
    /// Channels that take nothing.
    pub fail_channels: Vec<String>,
    /// While this holds of the state, it does no more harm.
    pub cured_when: Option<Condition>,
    /// Milliseconds from its cure or end until all is as it was, in a straight line; 0 when not written.
    pub recovers_in: u64,
    /// What ripcord is to make of it.
    pub expect: Option<Expected>,
}

/// `expect = { trigger, within }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The trigger that is to fire; none (`"none"`): nothing may fire.
    pub trigger: Option<String>,
    /// Milliseconds from its beginning within which it is to fire.
    pub within: Option<u64>,
}

/// `rehearse = { takes, set, stdout, answer }` of a step or of an item of a checklist: what a drill does in its place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rehearse {
    /// Milliseconds it takes; the step's `takes`, else 1 s, when not written.
    pub takes: Option<u64>,
    /// State that it changes when it succeeds; parameters (`$name`) and a ramp's `$value` may be used.
    pub set: IndexMap<String, String>,
    /// What it prints.
    pub stdout: Option<Template>,
    /// What an `ask` is answered in a drill without a person.
    pub answer: Option<String>,
}

/// What a rehearsal does in the place of a command, a request, a file or a message. It holds nothing that could be
/// executed: no program, no URL, no path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Simulated {
    /// What would be done, for people to read.
    pub line: Template,
    /// Step id, and `procedure.id`, by which chaos names it.
    pub names: Vec<String>,
    /// Channels that it tells, by which chaos names it.
    pub channels: Vec<String>,
    /// What it does instead.
    pub rehearse: Rehearse,
    /// A request that is really sent, to the embedded service on loopback.
    pub speaks: Option<Speaks>,
}

/// A request to the embedded service; the port is whoever's that serves it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Speaks {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: Template,
    /// JSON body.
    pub json: Option<serde_json::Value>,
}

/// A scenario file: what goes wrong when, and how it is to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// Name of the playbook's file, without `.toml`.
    pub playbook: String,
    /// Name for people.
    pub title: String,
    /// Seed of the noise; 1 when not written.
    pub seed: u64,
    /// `[[chaos]]`: milliseconds from the beginning (`at`), and what goes wrong: the playbook's own by its `name`, or
    /// what is written there with the keys of [`Chaos`] (its title may be left out: the scenario's).
    pub chaos: Vec<(u64, Chaos)>,
    /// `[expect]`: how it is to end.
    pub expect: Option<Ending>,
}

/// `[expect]` of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The procedure that is run; none when nothing is to be run.
    pub procedure: Option<String>,
    /// How it ends.
    pub verdict: Outcome,
    /// The trigger that is to fire.
    pub trigger: Option<String>,
}

/// How a scenario ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// `verified`: the criteria held.
    Verified,
    /// `failed`: the run ended as failed.
    Failed,
    /// `unverified`: everything was applied, and the criteria did not hold.
    Unverified,
    /// `none`: nothing was run.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_what_it_looks_like() {
        assert_eq!(Level::read("true"), Level::Bool(true));
        assert!(matches!(Level::read("25%"), Level::Number(q) if q.value == 0.25));
        assert_eq!(Level::read("green").dim().base, Base::Text);
        assert!(matches!(Level::read("42"), Level::Number(q) if q.value == 42.0));
    }
}
