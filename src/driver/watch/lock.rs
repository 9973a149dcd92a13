//! `decider.lock`: one program decides. Never unlinked.

use crate::journal::access::Sharing;
use crate::journal::{Hold, LogError, real};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where it is.
pub(super) fn path(home: &Path) -> PathBuf {
    home.join("decider.lock")
}

/// Takes the lock, waiting up to `wait`; none when another program holds it.
///
/// # Errors
/// When the file cannot be made.
pub(super) fn take(home: &Path, wait: Duration) -> Result<Option<Hold>, LogError> {
    let mode = Sharing::of(home).map_err(LogError::io(home, "stat"))?.log_mode();
    match Hold::take(&*real(), &path(home), mode, wait) {
        Ok(hold) => Ok(Some(hold)),
        Err(LogError::Held { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}
