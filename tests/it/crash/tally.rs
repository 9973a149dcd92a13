//! What was done to all runs together, in one line.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of all games.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: AtomicU64,
    by_whom: Mutex<BTreeMap<&'static str, u64>>,
    by_place: Mutex<BTreeMap<String, u64>>,
    ends: Mutex<BTreeMap<String, u64>>,
    pub settled: AtomicU64,
    pub attempts: AtomicU64,
}

fn add<K: Ord>(to: &Mutex<BTreeMap<K, u64>>, key: K) {
    *to.lock().unwrap().entry(key).or_default() += 1;
}

fn list<K: std::fmt::Display>(of: &Mutex<BTreeMap<K, u64>>) -> String {
    of.lock().unwrap().iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", ")
}

impl Tally {
    /// Somebody was killed, at a record's boundary (after that kind of record) or at a random moment.
    pub fn kill(&self, whom: &'static str, place: String) {
        add(&self.by_whom, whom);
        add(&self.by_place, place);
        self.kills.fetch_add(1, Ordering::Relaxed);
    }

    /// A run is over.
    pub fn end(&self, how: &str) {
        add(&self.ends, how.to_owned());
    }

    /// Runs so far.
    pub fn runs(&self) -> u64 {
        self.ends.lock().unwrap().values().sum()
    }

    /// Everything, in words.
    pub fn words(&self) -> String {
        format!(
            "{} kills ({}) at ({}); {} runs ({}); {} attempts, {} settled by a person",
            self.kills.load(Ordering::Relaxed),
            list(&self.by_whom),
            list(&self.by_place),
            self.runs(),
            list(&self.ends),
            self.attempts.load(Ordering::Relaxed),
            self.settled.load(Ordering::Relaxed),
        )
    }
}
