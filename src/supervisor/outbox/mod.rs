//! `outbox.jsonl` of a service and environment: what people are to be told. Whoever wants to tell something queues a letter,
//! which is on disk when that returns and blocks nobody; a [`Courier`] delivers, at least once, each try under the letter's
//! name.

mod courier;
mod write;

pub use courier::Courier;
pub use write::{Post, compose, write};

use crate::clock;
use crate::journal::{LogError, Tail, append_if, read, real};
use crate::session::outbox::{Kind, Letter, Outbox};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an append waits for the log's lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// The log.
pub fn path(home: &Path) -> PathBuf {
    home.join("outbox.jsonl")
}

/// What is on record now; nothing when there is no log yet.
///
/// # Errors
/// A log that cannot be read, or is damaged; names the line.
pub fn load(home: &Path) -> io::Result<Outbox> {
    let path = path(home);
    if !path.try_exists()? {
        return Ok(Outbox::default());
    }
    Outbox::fold(&read(&path).map_err(io::Error::other)?).map_err(io::Error::other)
}

/// Follows the log from its beginning.
pub fn tail(home: &Path) -> Tail {
    Tail::new(path(home))
}

/// Queues a letter, durable on return; `false`: one of that name is there already. Blocks up to 2 s for the log's lock, so
/// never in a loop that must answer. The folder is made when missing.
///
/// # Errors
/// When the log cannot be read or written, is damaged, or is held for too long.
pub fn queue(home: &Path, letter: &Letter) -> Result<bool, LogError> {
    let kind = Kind::Queued(letter.clone());
    append(home, &kind, |outbox| !outbox.letters.contains_key(&letter.id))
}

/// Appends one record where what is on record then admits it.
fn append(home: &Path, kind: &Kind, admits: impl FnOnce(&Outbox) -> bool) -> Result<bool, LogError> {
    super::decisions::make_home(home).map_err(LogError::io(home, "make"))?;
    let written = append_if(real(), &path(home), &clock::now(), PATIENCE, |records| {
        Outbox::fold(records).is_ok_and(|outbox| admits(&outbox)).then(|| kind.parts())
    })?;
    Ok(written.is_some())
}
