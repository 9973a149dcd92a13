//! What a source delivers: a value of a signal at a time, or the reason why there is none.

use super::time::Now;
use serde::{Deserialize, Serialize};

/// One line of a recorded file of samples (JSON lines): what the watcher spools, and `ripcord backtest` reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spooled {
    /// Wall milliseconds at which it was true.
    pub at: i64,
    /// The signal's id.
    pub signal: String,
    /// The value of the signal's `series` label, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// A number in base units, or a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A number in base units (fraction, seconds, bytes; yes is 1).
    Number(f64),
    /// A text.
    Text(String),
}

/// One read of one signal. A failed read is a reading too, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The signal's id.
    pub signal: String,
    /// The value of the signal's `series` label, when it has one.
    pub series: Option<String>,
    /// When it was received here.
    pub at: Now,
    /// How much older the sample itself is, in milliseconds, when its own time is known.
    pub age: u64,
    /// The value, or why there is none. NaN never stands here: it is a reason.
    pub value: Result<Value, String>,
}

impl Reading {
    /// A number with its signal, its series and the wall milliseconds at which it was true; none when it is no number.
    pub fn point(self) -> Option<(String, Option<String>, i64, f64)> {
        match self.value {
            Ok(Value::Number(value)) => {
                Some((self.signal, self.series, self.at.wall - self.age as i64, value))
            }
            _ => None,
        }
    }
}
