//! What is normal for a signal: where it comes from, and how old it is.

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
