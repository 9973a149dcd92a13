//! The stub: the process that holds one attempt. `__stub --dir DIR --token TOKEN`, secrets as JSON on its input.

use super::claim::{self, Claim};
use super::command::{self, Hears};
use super::dir::{AttemptDir, io_error};
use super::mask::Masker;
use super::output::OutLog;
use super::process::Process;
use super::spec::{AttemptError, AttemptSpec, Exit};
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{Disk, Hold, Opened, real};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Room kept for the outcome, so that a full disk cannot lose it.
const EXIT_ROOM: u64 = 64 * 1024;
/// How long a reader that looks at the lock may delay the stub.
const HOLD: Duration = Duration::from_secs(1);

/// Runs one attempt to its end. The exit code is for people only; what became of the attempt stands in its folder.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Standard error is `stub.log`.
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn attempt(arguments: impl Iterator<Item = OsString>) -> Result<(), AttemptError> {
    let (dir, token) = call(arguments)?;
    // Fails only for a process that leads a group already, which then is its own session's business.
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|e| AttemptError::Spawn(e.into()))?;
    std::env::set_current_dir("/").map_err(AttemptError::Spawn)?;
    let secrets = secrets()?;
    let masker = Masker::new(&secrets)?;
    let spec = read_spec(&dir)?;
    let disk = real();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AttemptError::Spawn)?;
    // Before the claim: from then on a request to end must not end the stub.
    let mut hears = runtime.block_on(async { listen() }).map_err(AttemptError::Spawn)?;
    let Some(claimed) = take(&*disk, &dir, &token)? else {
        return Ok(());
    };
    let start = clock::now();
    let out = OutLog::new(disk.clone(), claimed.out, spec.output_cap, &masker);
    let ended = runtime.block_on(command::run(&spec, &token, &secrets, out, &mut hears));
    let exit = Exit {
        token,
        outcome: ended.outcome,
        survivors: ended.survivors,
        output: ended.output,
        start,
        end: clock::now(),
    };
    leave(&*disk, &dir, &claimed.exit, &exit)
}

/// What the stub holds once the attempt is its own.
struct Claimed {
    _alive: Hold,
    out: Opened,
    exit: Opened,
}

fn listen() -> io::Result<Hears> {
    Ok(Hears { child: signal(SignalKind::child())?, terminate: signal(SignalKind::terminate())? })
}

/// Makes everything ready that could fail, then claims the attempt; `None` when it is somebody's already.
fn take(disk: &dyn Disk, dir: &AttemptDir, token: &str) -> Result<Option<Claimed>, AttemptError> {
    let mode = Sharing::of(dir.path()).map_err(io_error(dir.path(), "look at"))?.own_mode();
    let alive = Hold::take(disk, &dir.alive(), mode, HOLD)?;
    if dir.claim().symlink_metadata().is_ok() {
        return Ok(None);
    }
    let out = create_anew(disk, &dir.out(), mode)?;
    let exit = create_anew(disk, &dir.exit_tmp(), mode)?;
    disk.preallocate(&exit, EXIT_ROOM).map_err(io_error(&exit.path, "reserve room for"))?;
    let claim = Claim { token: token.to_owned(), void: false, by: Process::own(), at: clock::now() };
    let won = claim::take(disk, dir, &claim, "claim.tmp")?;
    Ok(won.then_some(Claimed { _alive: alive, out, exit }))
}

/// A file that only an earlier stub without a claim can have left.
fn create_anew(disk: &dyn Disk, path: &Path, mode: u32) -> Result<Opened, AttemptError> {
    match disk.remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_error(path, "remove")(e).into()),
        _ => {}
    }
    Ok(disk.create(path, mode).map_err(io_error(path, "create"))?)
}

/// Writes the outcome where recovery looks for it; durable on return.
fn leave(disk: &dyn Disk, dir: &AttemptDir, file: &Opened, exit: &Exit) -> Result<(), AttemptError> {
    let bytes = serde_json::to_vec(exit).expect("an outcome has string keys only");
    disk.append(file, &bytes).map_err(io_error(&file.path, "write"))?;
    disk.sync_file(file).map_err(io_error(&file.path, "sync"))?;
    disk.rename(&file.path, &dir.exit()).map_err(io_error(&dir.exit(), "rename to"))?;
    Ok(disk.sync_dir(dir.path()).map_err(io_error(dir.path(), "sync"))?)
}

fn call(arguments: impl Iterator<Item = OsString>) -> Result<(AttemptDir, String), AttemptError> {
    let words: Vec<OsString> = arguments.collect();
    let usage = || AttemptError::Call("expected --dir DIR --token TOKEN".to_owned());
    match words.as_slice() {
        [d, dir, t, token] if d == "--dir" && t == "--token" && Path::new(dir).is_absolute() => {
            let token = token.to_str().filter(|t| !t.is_empty()).ok_or_else(usage)?;
            Ok((AttemptDir::at(Path::new(dir)), token.to_owned()))
        }
        _ => Err(usage()),
    }
}

/// Secrets by name. A pipe that ends early (the supervisor died) is not JSON, so nothing is claimed.
fn secrets() -> Result<BTreeMap<String, String>, AttemptError> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text).map_err(AttemptError::Spawn)?;
    serde_json::from_slice(&text).map_err(|_| AttemptError::Call("no secrets on standard input".to_owned()))
}

fn read_spec(dir: &AttemptDir) -> Result<AttemptSpec, AttemptError> {
    let path = dir.spec();
    let bytes = std::fs::read(&path).map_err(io_error(&path, "read"))?;
    serde_json::from_slice(&bytes).map_err(|e| AttemptError::Spec { path, why: e.to_string() })
}

#[cfg(test)]
mod life;
#[cfg(test)]
mod tests;
