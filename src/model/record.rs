//! One record of a log: what every journal and decision log is made of.

use super::time::Now;
use serde::{Deserialize, Serialize};

/// Version of the record schema; a log of another version is refused, never guessed at.
pub const SCHEMA: u32 = 1;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Schema version ([`SCHEMA`]).
    pub v: u32,
    /// Sequence in this log, from 1 without holes.
    pub seq: u64,
    /// When it was written.
    pub at: Now,
    /// What happened (`StepStarting`, `RunFinished`, …).
    pub kind: String,
    /// The kind's own fields.
    pub body: serde_json::Value,
    /// SHA-256 of the line before, without its newline, in hex; 64 zeros for the first.
    pub prev: String,
}
