//! What can go wrong with a log, in words for the person who must act on it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a log, or another file of the state folder, could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The operating system refused an operation.
    #[error("{path}: cannot {doing}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb phrase.
        doing: &'static str,
        /// The reason.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error("{path}: held by {} (waited {:.1} s)", who(*pid), waited.as_secs_f64())]
    Held {
        /// The locked file.
        path: PathBuf,
        /// Its holder, where the kernel tells.
        pid: Option<i32>,
        /// How long we waited.
        waited: Duration,
    },
    /// A record was written by a program with another record schema.
    #[error("{path}:{line}: record schema {found}, this program knows {known}")]
    Schema {
        /// The log.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The version found.
        found: u64,
        /// The version of this program.
        known: u32,
    },
    /// A line is not what the chain demands.
    #[error("{path}:{line}: {why}")]
    Broken {
        /// The log.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An earlier write or sync of this log failed, so nothing more is written to it.
    #[error("{path}: read-only since the first failure: {first}")]
    Poisoned {
        /// The log.
        path: PathBuf,
        /// The first failure.
        first: String,
    },
    /// The body of a record cannot be written as JSON.
    #[error("{path}: the body of {kind} is not JSON: {source}")]
    Body {
        /// The log.
        path: PathBuf,
        /// The record's kind.
        kind: String,
        /// The reason.
        source: serde_json::Error,
    },
}

fn who(pid: Option<i32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |p| format!("pid {p}"))
}

impl LogError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            LogError::Io { source, .. } if super::disk::is_full(source) => {
                "the disk is full: free space, or start with --journal DIR on another disk"
            }
            LogError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "check the owner and mode of the state folder"
            }
            LogError::Io { .. } => "check the disk and the state folder",
            LogError::Held { .. } => "another ripcord writes here; wait for it, or look at the process named",
            LogError::Schema { .. } => {
                "read it with the version of ripcord that wrote it; nothing was changed"
            }
            LogError::Broken { .. } => {
                "the log is damaged before its last line; keep a copy and look at that line: nothing was changed"
            }
            LogError::Poisoned { .. } => {
                "nothing more is written here; solve the first failure and start again"
            }
            LogError::Body { .. } => "this is a defect of ripcord; please report it",
        }
    }

    pub(crate) fn io(path: &std::path::Path, doing: &'static str) -> impl FnOnce(io::Error) -> LogError {
        let path = path.to_owned();
        move |source| LogError::Io { path, doing, source }
    }
}
