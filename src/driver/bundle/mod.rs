//! The evidence of one run in one file: what is on record of it, what it kept, what its logs and metrics said, and a manifest
//! of hashes. It only looks; what cannot be had is said in the manifest and holds up nothing else.

mod cut;
mod gather;
mod metrics;
mod pack;
mod verify;

pub use verify::{Opened, verify};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is to be bundled.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Folder of the service and environment.
    pub home: PathBuf,
    /// Folder of the run.
    pub run: PathBuf,
    /// The new file; one that exists is replaced.
    pub output: PathBuf,
    /// Bytes of all files together, before they are packed.
    pub most: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Files in it, without the manifest.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the bundle.
    pub size: u64,
    /// SHA-256 of the manifest, in hex: whoever keeps it can tell whether the bundle is the same.
    pub manifest: String,
    /// What was left out or cut, in words.
    pub left: Vec<String>,
}

/// `manifest.json` of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file.
    pub schema: u32,
    /// The run.
    pub run: String,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The time it is about, RFC 3339 in UTC.
    pub from: String,
    /// Until when.
    pub to: String,
    /// Version of ripcord that made it.
    pub version: String,
    /// What is in it, by name.
    pub files: Vec<Packed>,
    /// What is not in it, and why.
    pub left_out: Vec<LeftOut>,
}

/// A file of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Its name below the run's folder.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of them, in hex.
    pub sha256: String,
    /// Bytes that were cut off from its beginning.
    #[serde(default)]
    pub cut: u64,
    /// What else is to be known.
    #[serde(default)]
    pub note: String,
}

/// What is not in a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What.
    pub what: String,
    /// Why; safe to show.
    pub why: String,
}

/// Version of the manifest.
const SCHEMA: u32 = 1;

/// Makes a bundle. `say` is told what is being done; once `stop` is set, nothing is left behind.
///
/// # Errors
/// In words, when there is no run, the file cannot be written, or it was stopped.
pub async fn make(asked: Asked, stop: Arc<AtomicBool>, say: impl Fn(&str)) -> Result<Made, String> {
    let gathered = gather::gather(&asked, &say).await?;
    say(&format!("{} files are packed into {}", gathered.parts.len(), asked.output.display()));
    let packed =
        tokio::task::spawn_blocking(move || pack::pack(&asked, gathered, &|| stop.load(Ordering::Relaxed)));
    packed.await.map_err(|e| e.to_string())?
}

#[cfg(test)]
mod tests;
