//! `outbox.jsonl` of a service and environment: what people are to be told. Whoever wants to tell something queues a letter,
//! which is on disk when that returns and blocks nobody; a [`Courier`] delivers, at least once, each try under the letter's
//! name.

mod attempt;
mod courier;
mod wait;
mod write;

pub use courier::Courier;
pub use wait::words;
pub(super) use wait::{PATIENCE, outcome, phase_of, queue_all, thread_of};
pub(super) use write::{Place, letter};
pub use write::{Post, compose, write};

use super::secrets::hide;
use crate::clock;
use crate::journal::{LogError, Tail, append_if, read, real};
use crate::session::outbox::{Fate, Kind, Letter, Outbox, Phase};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an append waits for the log's lock.
const HELD: Duration = Duration::from_secs(2);

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

/// Gives a letter up that is still on its way.
///
/// # Errors
/// As for [`queue`].
pub fn give_up(home: &Path, id: &str, why: &str) -> Result<bool, LogError> {
    let kind = Kind::GivenUp { id: id.to_owned(), detail: why.to_owned() };
    append(home, &kind, |outbox| outbox.letters.get(id).is_some_and(|p| p.fate == Fate::Waiting))
}

/// Where the next letter of a thread stands when nobody says: it opens one where none is open, else it is an update.
pub fn next_phase(home: &Path, channel: &str, thread: &str) -> Phase {
    phase_of(&load(home).unwrap_or_default(), channel, thread)
}

/// Appends one record where what is on record then admits it.
fn append(home: &Path, kind: &Kind, admits: impl FnOnce(&Outbox) -> bool) -> Result<bool, LogError> {
    super::decisions::make_home(home).map_err(LogError::io(home, "make"))?;
    let written = append_if(real(), &path(home), &clock::now(), HELD, |records| {
        Outbox::fold(records).is_ok_and(|outbox| admits(&outbox)).then(|| {
            let (name, mut body) = kind.parts();
            hide(&mut body);
            (name, body)
        })
    })?;
    Ok(written.is_some())
}
