//! A log in memory, chained like one on disk.

use crate::model::record::{Record, SCHEMA};
use crate::model::time::Now;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Records, each with the hash of the line before.
#[derive(Debug, Clone)]
pub struct Ledger {
    records: Vec<Record>,
    head: String,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { records: Vec::new(), head: "0".repeat(64) }
    }
}

impl Ledger {
    /// Appends one record, by its kind's parts.
    pub fn append(&mut self, now: &Now, (kind, body): (String, serde_json::Value)) -> Record {
        let seq = self.records.len() as u64 + 1;
        let prev = std::mem::take(&mut self.head);
        let record = Record { v: SCHEMA, seq, at: now.clone(), kind, body, prev };
        self.head = hash(&serde_json::to_vec(&record).expect("a record has string keys only"));
        self.records.push(record.clone());
        record
    }

    /// All records, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

/// SHA-256 in hex.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
