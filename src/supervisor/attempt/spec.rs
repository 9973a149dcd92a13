//! What an attempt shall do and what became of it, as they stand in its folder.

use super::process::Process;
use crate::journal::LogError;
use crate::model::time::{Millis, Now};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the stub shall run. Written to `spec.json`; secrets are not in it, they come over a pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptSpec {
    /// The command and its arguments; the first is an absolute path.
    pub argv: Vec<String>,
    /// Absolute folder to run in.
    pub cwd: PathBuf,
    /// The whole environment, without secrets and without what the stub adds.
    pub env: BTreeMap<String, String>,
    /// Text for the command's standard input; `/dev/null` when missing.
    #[serde(default)]
    pub stdin: Option<String>,
    /// After how many milliseconds the command is asked to end; never when missing.
    #[serde(default)]
    pub timeout_ms: Option<Millis>,
    /// Milliseconds between TERM and KILL.
    pub grace_ms: Millis,
    /// How many bytes `out.log` may hold.
    pub output_cap: u64,
}

/// How the command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Outcome {
    /// It ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// It was ended by a signal that the stub did not send.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It could not be started: nothing ran.
    ExecFailed {
        /// Why.
        reason: String,
    },
    /// Its time was over, so the stub ended it.
    TimedOut {
        /// Whether TERM was not enough.
        killed: bool,
    },
    /// The stub was asked to end it.
    Aborted {
        /// Whether TERM was not enough.
        killed: bool,
    },
}

/// How much output there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSize {
    /// Bytes that the command wrote to both streams.
    pub seen: u64,
    /// Whether some of it was left out: over the cap, or the disk refused it.
    pub incomplete: bool,
}

/// What the stub leaves behind in `exit.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The attempt's token; a file with another is damaged.
    pub token: String,
    /// How the command ended.
    pub outcome: Outcome,
    /// Processes of its tree that still lived when the stub left: they went away by `setsid`, or ignore KILL.
    pub survivors: Vec<Process>,
    /// How much output there was.
    pub output: OutputSize,
    /// When it was started.
    pub start: Now,
    /// When the stub had seen its end.
    pub end: Now,
}

/// Why an attempt could not be prepared or started. Nothing has run.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// A secret is too short to be masked safely.
    #[error("secret {name} has fewer than {} bytes: masking it would garble the output", super::MIN_SECRET)]
    ShortSecret {
        /// The secret's name.
        name: String,
    },
    /// The stub could not be started.
    #[error("cannot start the stub: {0}")]
    Spawn(#[source] std::io::Error),
    /// A file of the attempt's folder could not be written or read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// `spec.json` is missing or not a specification.
    #[error("{path}: {why}")]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The stub was called in a way that only a person can.
    #[error("the stub is started by the supervisor only: {0}")]
    Call(String),
}
