//! Gets numbers from the world: Prometheus, HTTP, processes, commands.
//!
//! [`start`] gives each source a task with its own interval, timeout and back-off; all of them send [`Batch`]es over
//! one bounded channel. A failed read takes the same road with its reason. Nothing here judges.

mod answer;
mod command;
pub mod exposition;
pub mod histogram;
mod http;
pub mod lines;
mod log;
mod names;
mod page;
mod poller;
mod process;
mod prometheus;
mod web;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use poller::{Batch, Pollers, start};
pub use prometheus::kept::{Kept, Past, Span, Unanswered, kept};
pub use prometheus::range;

use crate::model::playbook::{ReadingKind, Signal};
use crate::model::reading::Value;

/// Under which name the answers for a signal come: that of its source, or one of its own when it is counted in a log;
/// none when nothing is read for it.
pub fn source_of(id: &str, signal: &Signal) -> Option<String> {
    match &signal.reading {
        ReadingKind::Log { .. } => Some(format!("log {id}")),
        _ => signal.source.clone(),
    }
}

/// One series of a signal as a source delivered it, before it is stamped.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    /// Value of the signal's `series` label.
    series: Option<String>,
    /// How much older the sample is than its receipt, in milliseconds.
    age: u64,
    value: Result<Value, String>,
}

impl Point {
    /// The only series of a signal, fresh.
    fn one(value: Result<Value, String>) -> Point {
        Point { series: None, age: 0, value }
    }
}
