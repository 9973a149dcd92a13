//! `decisions.jsonl` of a service and environment: read, followed, and appended to by whoever is admitted.

mod beat;

pub use beat::{Beat, BeatSignal, BeatTrigger, beat_path};

use super::secrets::hide;
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{LogError, Tail, append_if, read, real};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::session::decision::{Decisions, Kind, Rules};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an append waits for the log's lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name of this host, safe to show.
pub fn host() -> String {
    clean_line(&rustix::system::uname().nodename().to_string_lossy())
}

/// Makes the folder of the service and environment where there is none, and that of its runs: whoever follows it can then
/// hear of the first one.
///
/// # Errors
/// When it cannot be made.
pub fn make_home(home: &Path) -> io::Result<()> {
    super::launch::make_home(&*real(), home)?;
    let sharing = Sharing::of(home)?;
    super::home::ensure_dir(&*real(), &super::home::runs_dir(home), sharing).map_err(io::Error::other)
}

/// The log.
pub fn path(home: &Path) -> PathBuf {
    home.join("decisions.jsonl")
}

/// What is on record now; nothing when there is no log yet.
///
/// # Errors
/// A log that cannot be read, or is damaged; names the line.
pub fn load(home: &Path) -> io::Result<Decisions> {
    let path = path(home);
    if !path.try_exists()? {
        return Ok(Decisions::default());
    }
    Decisions::fold(&read(&path).map_err(io::Error::other)?).map_err(io::Error::other)
}

/// Follows the log from its beginning.
pub fn tail(home: &Path) -> Tail {
    Tail::new(path(home))
}

/// Appends one record if it is admitted by what is on record then, durable on return. Blocks up to 2 s for the lock, so
/// never in a loop that must answer. The folder is made when missing. `rules` are those of the resolved playbook in its
/// environment ([`Rules::of`]); with none (`Rules::default()`) nothing can be armed and nothing acts.
///
/// Answers the record, or (`Ok(Err)`) in words why it was not admitted.
///
/// # Errors
/// When the log cannot be read or written, is damaged, or is held for too long.
pub fn append(home: &Path, rules: &Rules, kind: &Kind) -> Result<Result<Record, String>, LogError> {
    make_home(home).map_err(LogError::io(home, "make"))?;
    let now = clock::now();
    let mut refused = None;
    let written = append_if(real(), &path(home), &now, PATIENCE, |records| {
        match Decisions::fold(records).and_then(|state| state.admits(kind, rules, &now)) {
            Ok(()) => {
                let (name, mut body) = kind.parts();
                hide(&mut body);
                Some((name, body))
            }
            Err(why) => {
                refused = Some(why);
                None
            }
        }
    })?;
    Ok(written.ok_or_else(|| refused.unwrap_or_else(|| "it was not admitted".into())))
}
