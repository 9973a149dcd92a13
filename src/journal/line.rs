//! One line of a log: how a record becomes bytes, and how the chain of sequence and hash is checked.

use super::LogError;
use crate::model::record::{Record, SCHEMA};
use crate::model::time::Now;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

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
        #[derive(Deserialize)]
        struct Version {
            v: u64,
        }
        let number = self.seq + 1;
        let broken = |why: String| LogError::Broken { path: path.to_owned(), line: number, why };
        let version: Version =
            serde_json::from_slice(line).map_err(|e| broken(format!("not a record: {e}")))?;
        if version.v != u64::from(SCHEMA) {
            return Err(LogError::Schema {
                path: path.to_owned(),
                line: number,
                found: version.v,
                known: SCHEMA,
            });
        }
        let record: Record =
            serde_json::from_slice(line).map_err(|e| broken(format!("not a record: {e}")))?;
        if record.seq != number {
            return Err(broken(format!("sequence {} where {number} was due", record.seq)));
        }
        if record.prev != self.head {
            return Err(broken("does not follow from the line before (hash differs)".to_owned()));
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

fn hash(line: &[u8]) -> String {
    Sha256::digest(line).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
