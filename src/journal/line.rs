//! One line of a log: how a record becomes bytes, and how the chain of sequence and hash is checked.

use super::LogError;
use crate::model::record::{Record, SCHEMA};
use crate::model::time::Now;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// What can be wrong with a line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no record.
    Unreadable,
    /// A record of a schema that this program does not know.
    Version,
    /// The log does not begin with its first record.
    Head,
    /// Its number is not the next one: records are missing, or stand twice.
    Sequence,
    /// The line before it is not the one it was written after: one of them was changed.
    Hash,
    /// The last line has no end: a write was cut off.
    Torn,
}

impl Fault {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Fault::Unreadable => "unreadable",
            Fault::Version => "unknown version",
            Fault::Head => "missing head",
            Fault::Sequence => "sequence",
            Fault::Hash => "hash",
            Fault::Torn => "torn",
        }
    }
}

/// A line that is not the chain's next.
pub(super) struct Wrong {
    pub(super) fault: Fault,
    /// The sequence, or the version, that was found.
    pub(super) found: Option<u64>,
    pub(super) why: String,
}

/// Where a chain stands: the last sequence and the hash of the last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) seq: u64,
    pub(super) head: String,
}

impl Chain {
    pub(super) fn start() -> Chain {
        Chain { seq: 0, head: "0".repeat(64) }
    }

    /// The next record and its line with newline. The chain moves only by [`Chain::follow`].
    pub(super) fn encode(&self, now: &Now, kind: &str, body: serde_json::Value) -> (Record, Vec<u8>) {
        let record = Record {
            v: SCHEMA,
            seq: self.seq + 1,
            at: now.clone(),
            kind: kind.to_owned(),
            body,
            prev: self.head.clone(),
        };
        let mut line =
            serde_json::to_vec(&record).expect("a record has string keys only, so it is always JSON");
        line.push(b'\n');
        (record, line)
    }

    /// Moves on over a line (with or without its newline) that was written or read.
    pub(super) fn follow(&mut self, line: &[u8]) {
        self.seq += 1;
        self.head = hash(line.strip_suffix(b"\n").unwrap_or(line));
    }

    /// Reads the next line, without its newline, and moves on.
    pub(super) fn decode(&mut self, path: &Path, line: &[u8]) -> Result<Record, LogError> {
        let number = self.seq + 1;
        self.next(line).map_err(|wrong| match wrong {
            Wrong { found: Some(found), fault: Fault::Version, .. } => {
                LogError::Schema { path: path.to_owned(), line: number, found, known: SCHEMA }
            }
            Wrong { why, .. } => LogError::Broken { path: path.to_owned(), line: number, why },
        })
    }

    /// The same, with the kind of what is wrong. The chain does not move over a line that is wrong.
    pub(super) fn next(&mut self, line: &[u8]) -> Result<Record, Wrong> {
        #[derive(Deserialize)]
        struct Version {
            v: u64,
        }
        let number = self.seq + 1;
        let wrong = |fault, found, why| Wrong { fault, found, why };
        let unreadable = |e: serde_json::Error| wrong(Fault::Unreadable, None, format!("not a record: {e}"));
        let version: Version = serde_json::from_slice(line).map_err(unreadable)?;
        if version.v != u64::from(SCHEMA) {
            let why = format!("record schema {}, this program knows {SCHEMA}", version.v);
            return Err(wrong(Fault::Version, Some(version.v), why));
        }
        let record: Record = serde_json::from_slice(line).map_err(unreadable)?;
        if record.seq != number {
            let fault = if number == 1 { Fault::Head } else { Fault::Sequence };
            let why = format!("sequence {} where {number} was due", record.seq);
            return Err(wrong(fault, Some(record.seq), why));
        }
        if record.prev != self.head {
            let fault = if number == 1 { Fault::Head } else { Fault::Hash };
            let why = "does not follow from the line before (hash differs)".to_owned();
            return Err(wrong(fault, Some(record.seq), why));
        }
        self.follow(line);
        Ok(record)
    }

    /// Reads all whole lines of `bytes`; answers the records and how many bytes they took. What follows the last
    /// newline is left.
    pub(super) fn decode_all(&mut self, path: &Path, bytes: &[u8]) -> Result<(Vec<Record>, usize), LogError> {
        let whole = memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1);
        let mut records = Vec::new();
        let mut rest = &bytes[..whole];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            records.push(self.decode(path, &rest[..end])?);
            rest = &rest[end + 1..];
        }
        Ok((records, whole))
    }
}

/// SHA-256 in hex: of a line without its newline, that is the hash in the record after it.
pub fn hash(line: &[u8]) -> String {
    Sha256::digest(line).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
