//! Starting the stub of an attempt, from the supervisor's side.

use super::dir::{AttemptDir, io_error};
use super::mask::Masker;
use super::process::{Process, Witness};
use super::spec::AttemptError;
use crate::journal::access::Sharing;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A stub that this process started.
#[derive(Debug)]
pub struct StubHandle {
    child: Child,
    witness: Witness,
}

impl StubHandle {
    /// The stub as any process may see it.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Waits up to `limit`, blocking the thread, for the stub to be gone; whether it is. Then [`super::recover`] tells
    /// what became of the attempt.
    pub fn wait(&mut self, limit: Duration) -> bool {
        let over = self.witness.wait(limit);
        if over {
            // Gone by its descriptor; this only takes the zombie away.
            let _ = self.child.wait();
        }
        over
    }

    /// Asks the stub to end the command; whether it was there to hear it.
    pub fn abort(&self) -> bool {
        self.witness.abort()
    }
}

/// Starts `exe __stub` for an attempt whose folder and intent are on disk. `exe` is this program (`/proc/self/exe`).
///
/// The secrets become variables of the command's environment and are masked in its output; they travel over a pipe.
pub fn spawn_stub(
    exe: &Path,
    dir: &AttemptDir,
    token: &str,
    secrets: &BTreeMap<String, String>,
) -> Result<StubHandle, AttemptError> {
    Masker::new(secrets)?;
    let path = dir.path().canonicalize().map_err(io_error(dir.path(), "find"))?;
    let dir = AttemptDir::at(&path);
    let mode = Sharing::of(&path).map_err(io_error(&path, "look at"))?.own_mode();
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(mode)
        .open(dir.stub_log())
        .map_err(io_error(&dir.stub_log(), "open"))?;
    let mut child = Command::new(exe)
        .arg("__stub")
        .arg("--dir")
        .arg(&path)
        .arg("--token")
        .arg(token)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(AttemptError::Spawn)?;
    let process = Process::read(child.id() as i32).unwrap_or(Process {
        pid: child.id() as i32,
        start: 0,
        name: String::new(),
    });
    let witness = Witness::new(process, dir.alive());
    if let Some(mut pipe) = child.stdin.take() {
        let bytes = serde_json::to_vec(secrets).expect("names and values are strings");
        match pipe.write_all(&bytes) {
            // A stub that died before reading has claimed nothing; recovery says so.
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => return Err(AttemptError::Spawn(e)),
            _ => {}
        }
    }
    Ok(StubHandle { child, witness })
}
