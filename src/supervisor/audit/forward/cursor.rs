//! How far each receiver took each log.

use crate::journal::access::Sharing;
use crate::journal::{atomic_write, real};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `audit.json` of a home.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// By the receiver's name.
    pub receivers: BTreeMap<String, State>,
}

/// How a receiver stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The logs, by their path below the home.
    pub logs: BTreeMap<String, At>,
    /// Records it took in all.
    pub sent: u64,
    /// What is wrong, while something is.
    pub failing: Option<Trouble>,
    /// Tries that failed, one after the other.
    pub tries: u32,
    /// Wall milliseconds before which it is not tried again.
    pub next: i64,
}

/// Behind which line of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Bytes of the lines that were taken.
    pub offset: u64,
    /// The last record's number.
    pub seq: u64,
    /// Its hash, in hex; empty before the first.
    pub hash: String,
}

/// What is wrong with a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when, wall milliseconds.
    pub since: i64,
    /// In words; safe to show.
    pub why: String,
}

fn path(home: &Path) -> PathBuf {
    home.join("audit.json")
}

impl Cursor {
    /// What is on disk; a file that is not there, or that cannot be read, begins anew: what was sent is sent again.
    pub fn load(home: &Path) -> Cursor {
        let bytes = std::fs::read(path(home)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Puts it on disk.
    pub(super) fn save(&self, home: &Path) -> Result<(), String> {
        let bytes = serde_json::to_vec(self).map_err(|e| e.to_string())?;
        let mode = Sharing::of(home).map_err(|e| e.to_string())?.log_mode();
        atomic_write(&*real(), &path(home), &bytes, mode).map_err(|e| e.to_string())
    }
}
