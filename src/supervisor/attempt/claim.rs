//! The claim: a file that comes into being once and whole, and says whose the attempt is.

use super::dir::{AttemptDir, io_error};
use super::process::Process;
use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError, write_new};
use crate::model::time::Now;
use serde::{Deserialize, Serialize};
use std::io;

/// Content of the file `claim`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    /// The attempt's token.
    pub(super) token: String,
    /// Made by recovery, so that no stub can claim the attempt any more.
    pub(super) void: bool,
    /// Who made it.
    pub(super) by: Process,
    /// When.
    pub(super) at: Now,
}

/// What a reader finds in place of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// No file.
    Missing,
    /// A claim with this token.
    Claim(Claim),
    /// A file that is not one.
    Damaged,
}

/// Tries to be the one who claims. `temp` is a name beside the claim that nobody else uses at this time.
pub(super) fn take(disk: &dyn Disk, dir: &AttemptDir, claim: &Claim, temp: &str) -> Result<bool, LogError> {
    let temp = dir.path().join(temp);
    // Left by a dead process. It may be a second name of the claim itself, so it is removed and never cut.
    match disk.remove(&temp) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_error(&temp, "remove")(e)),
        _ => {}
    }
    let mode = Sharing::of(dir.path()).map_err(io_error(dir.path(), "look at"))?.own_mode();
    let bytes = serde_json::to_vec(claim).expect("a claim has string keys only");
    write_new(disk, &temp, &bytes, mode)?;
    let won = match disk.link(&temp, &dir.claim()) {
        Ok(()) => true,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
        Err(e) => return Err(io_error(&dir.claim(), "link")(e)),
    };
    disk.sync_dir(dir.path()).map_err(io_error(dir.path(), "sync"))?;
    let _ = disk.remove(&temp);
    Ok(won)
}

/// Reads the claim of an attempt.
pub(super) fn find(dir: &AttemptDir, token: &str) -> Result<Found, LogError> {
    let bytes = match std::fs::read(dir.claim()) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
        Err(e) => return Err(io_error(&dir.claim(), "read")(e)),
    };
    Ok(match serde_json::from_slice::<Claim>(&bytes) {
        Ok(claim) if claim.token == token => Found::Claim(claim),
        _ => Found::Damaged,
    })
}
