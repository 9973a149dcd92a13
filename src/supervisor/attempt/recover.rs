//! What became of an attempt: learned from what its stub left behind, and never guessed.

use super::claim::{self, Claim, Found};
use super::dir::{AttemptDir, io_error};
use super::process::{Process, Witness, strays};
use super::spec::Exit;
use crate::journal::{Disk, LogError, is_held};
use crate::model::time::Now;
use std::io;
use std::time::Duration;

/// Between two looks for processes.
const SECOND_LOOK: Duration = Duration::from_millis(20);

/// What is known about an attempt whose intent is on disk.
#[derive(Debug)]
pub enum Recovered {
    /// Nothing ran, and nothing ever will: the claim is void.
    NotStarted,
    /// Its stub lives: wait for it, then ask again.
    Adopt(Witness),
    /// It is over, and this is how it went.
    Finished(Exit),
    /// The stub is dead but the command is not: wait for it or end it, then ask again.
    RunningWithoutWitness {
        /// Its living processes.
        processes: Vec<Process>,
    },
    /// It may or may not have done its work; a person decides.
    Unknown {
        /// Why it cannot be known.
        why: String,
    },
}

/// What was left in place of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ExitFound {
    Missing,
    Valid(Exit),
    Damaged(String),
}

/// What decides, read in this order and no further than needed.
#[derive(Debug, Clone)]
struct Seen {
    claim: Found,
    held: bool,
    exit: ExitFound,
    same_boot: bool,
    strays: Vec<Process>,
}

/// The conclusion from what was seen, without the parts that need the living world.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Conclusion {
    NotStarted,
    Adopt,
    Finished(Exit),
    RunningWithoutWitness,
    Unknown(String),
}

fn conclude(seen: &Seen) -> Conclusion {
    match (&seen.claim, &seen.exit) {
        (Found::Claim(Claim { void: true, .. }), _) => Conclusion::NotStarted,
        _ if seen.held => Conclusion::Adopt,
        (_, ExitFound::Valid(exit)) => Conclusion::Finished(exit.clone()),
        _ if !seen.strays.is_empty() && seen.same_boot => Conclusion::RunningWithoutWitness,
        (_, ExitFound::Damaged(why)) => Conclusion::Unknown(format!("exit.json is damaged: {why}")),
        (Found::Damaged, _) => Conclusion::Unknown("the claim is damaged and there is no outcome".to_owned()),
        _ if seen.same_boot => {
            Conclusion::Unknown("the stub died before it could write the outcome".to_owned())
        }
        _ => Conclusion::Unknown("the host restarted before an outcome was written".to_owned()),
    }
}

/// Finds out what became of an attempt. The caller holds the run's locks, and `started_in` is the boot that the record of
/// the intent names.
///
/// Where no stub has claimed the attempt, the claim is made void first, so that `NotStarted` stays true.
pub fn recover(
    disk: &dyn Disk,
    dir: &AttemptDir,
    token: &str,
    started_in: &str,
    now: &Now,
) -> Result<Recovered, LogError> {
    let mut claim = claim::find(dir, token)?;
    if claim == Found::Missing {
        let void = Claim { token: token.to_owned(), void: true, by: Process::own(), at: now.clone() };
        let temp = format!("claim.void-{}", std::process::id());
        if claim::take(disk, dir, &void, &temp)? {
            return Ok(Recovered::NotStarted);
        }
        claim = claim::find(dir, token)?;
    }
    let void = matches!(&claim, Found::Claim(c) if c.void);
    let held =
        !void && is_held(&dir.alive()).map_err(io_error(&dir.alive(), "look at the lock of"))?.is_some();
    let same_boot = started_in == now.boot_id;
    let exit = if void || held { ExitFound::Missing } else { find_exit(dir, token)? };
    let search = !void && !held && same_boot && !matches!(exit, ExitFound::Valid(_));
    let strays = if search { look_twice(token) } else { Vec::new() };
    let seen = Seen { claim, held, exit, same_boot, strays };
    Ok(match conclude(&seen) {
        Conclusion::NotStarted => Recovered::NotStarted,
        Conclusion::Adopt => Recovered::Adopt(Witness::new(holder(&seen.claim), dir.alive())),
        Conclusion::Finished(exit) => Recovered::Finished(exit),
        Conclusion::RunningWithoutWitness => Recovered::RunningWithoutWitness { processes: seen.strays },
        Conclusion::Unknown(why) => Recovered::Unknown { why },
    })
}

/// A process that is just being forked, or is just becoming the command, may be missed by one look.
fn look_twice(token: &str) -> Vec<Process> {
    let found = strays(token);
    if !found.is_empty() {
        return found;
    }
    std::thread::sleep(SECOND_LOOK);
    strays(token)
}

/// The stub that made the claim; a pid that cannot be where the claim does not tell.
fn holder(claim: &Found) -> Process {
    match claim {
        Found::Claim(claim) => claim.by.clone(),
        _ => Process { pid: 0, start: 0, name: String::new() },
    }
}

fn find_exit(dir: &AttemptDir, token: &str) -> Result<ExitFound, LogError> {
    let bytes = match std::fs::read(dir.exit()) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(ExitFound::Missing),
        Err(e) => return Err(io_error(&dir.exit(), "read")(e)),
    };
    Ok(match serde_json::from_slice::<Exit>(&bytes) {
        Ok(exit) if exit.token == token => ExitFound::Valid(exit),
        Ok(_) => ExitFound::Damaged("it belongs to another attempt".to_owned()),
        Err(e) => ExitFound::Damaged(e.to_string()),
    })
}

#[cfg(test)]
mod tests;
