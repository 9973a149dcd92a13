//! What is normal for a signal: where it comes from, and how old it is.

use crate::model::condition;
use crate::model::playbook;
use serde::{Deserialize, Serialize};

/// A captured baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Base units.
    pub value: f64,
    /// Of how many samples it is the average, where it was measured.
    pub samples: Option<u64>,
    /// When it was true, wall milliseconds, where that is known.
    pub at: Option<i64>,
    /// Where it comes from, in words: `mark canary-start by ana`, `baselines/p50.json`, `the playbook`.
    pub origin: String,
}

/// What is normal for a signal, as an engine has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Normal {
    /// What was written down or captured, or why there is none.
    Known(Result<Known, String>),
    /// What another signal says at the moment.
    Signal(String),
}

/// What is normal for a signal, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineState {
    /// Base units, or why it is unknown.
    pub value: Result<f64, String>,
    /// Of how many samples it is the average, where it was measured.
    pub samples: Option<u64>,
    /// Milliseconds since it was true, where that is known.
    pub age: Option<u64>,
    /// Where it comes from, in words.
    pub origin: String,
}

impl Normal {
    /// Before anything was captured.
    pub(super) fn declared(b: &playbook::Baseline) -> Normal {
        use playbook::Baseline;
        match b {
            Baseline::Value(q) => Normal::Known(Ok(Known {
                value: q.value,
                samples: None,
                at: None,
                origin: "the playbook".into(),
            })),
            Baseline::File { file, .. } => Normal::Known(Err(format!("{} was not read yet", file.0))),
            Baseline::Signal(id) => Normal::Signal(id.clone()),
            Baseline::Mark { id, .. } => Normal::Known(Err(format!("nobody has marked {id} yet"))),
        }
    }

    /// Takes what was captured; too few samples say nothing.
    pub(super) fn learn(&mut self, b: Option<&playbook::Baseline>, known: Result<Known, String>) {
        let Normal::Known(held) = self else { return };
        let least = match b {
            Some(playbook::Baseline::Mark { least, .. }) => *least,
            _ => 0,
        };
        *held = match known {
            Ok(k) if !k.value.is_finite() => Err(format!("{} is not a value", k.value)),
            Ok(Known { samples: Some(n), origin, .. }) if n < least => {
                Err(format!("only {n} of the {least} samples it needs ({origin})"))
            }
            other => other,
        };
    }
}

impl BaselineState {
    /// One line: `1.42 s, 3m old, mark canary-start by ana`, without the value.
    pub fn line(&self) -> String {
        match (&self.value, self.age) {
            (Err(why), _) => why.clone(),
            (Ok(_), Some(age)) => format!("{}, {} old", self.origin, condition::duration(age)),
            (Ok(_), None) => self.origin.clone(),
        }
    }
}
