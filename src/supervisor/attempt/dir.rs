//! The folder of one attempt: `steps/NN-name/aK`.

use super::spec::{AttemptError, AttemptSpec};
use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError};
use std::io;
use std::path::{Path, PathBuf};

/// Where the files of one attempt lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptDir {
    path: PathBuf,
}

impl AttemptDir {
    /// The folder of attempt `attempt` (from 1) of step `step` (from 1) in a run's folder. Nothing is read or made.
    pub fn of(run: &Path, step: usize, name: &str, attempt: u32) -> AttemptDir {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let name: String = name.chars().map(plain).take(60).collect();
        AttemptDir { path: run.join("steps").join(format!("{step:02}-{name}")).join(format!("a{attempt}")) }
    }

    /// An attempt's folder by its path.
    pub fn at(path: &Path) -> AttemptDir {
        AttemptDir { path: path.to_owned() }
    }

    /// Makes the folder, which must not exist; its name is durable on return. `spec.json` in it need not be: it is for
    /// a stub of this boot, and where no stub has claimed the attempt nothing ran.
    pub fn create(&self, disk: &dyn Disk, spec: &AttemptSpec) -> Result<(), AttemptError> {
        let step = parent(&self.path);
        let steps = parent(step);
        let run = parent(steps);
        let sharing = Sharing::of(run).map_err(io_error(run, "look at"))?;
        for folder in [steps, step] {
            match disk.create_dir(folder, sharing.dir_mode()) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(io_error(folder, "make"))?,
            }
        }
        disk.create_dir(&self.path, sharing.dir_mode()).map_err(io_error(&self.path, "make"))?;
        let bytes = serde_json::to_vec_pretty(spec).expect("a specification has string keys only");
        let path = self.spec();
        let file = disk.create(&path, sharing.own_mode()).map_err(io_error(&path, "create"))?;
        disk.append(&file, &bytes).map_err(io_error(&path, "write"))?;
        // All three each time: who made a folder may have died before it was synced.
        for folder in [step, steps, run] {
            disk.sync_dir(folder).map_err(io_error(folder, "sync"))?;
        }
        Ok(())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Held by the stub as long as it lives.
    pub fn alive(&self) -> PathBuf {
        self.path.join("alive")
    }

    /// Whose attempt it is: the stub's, or nobody's for ever.
    pub fn claim(&self) -> PathBuf {
        self.path.join("claim")
    }

    /// The command's output.
    pub fn out(&self) -> PathBuf {
        self.path.join("out.log")
    }

    /// The outcome.
    pub fn exit(&self) -> PathBuf {
        self.path.join("exit.json")
    }

    /// What shall run.
    pub fn spec(&self) -> PathBuf {
        self.path.join("spec.json")
    }

    /// What the stub itself had to say, when it could not do its work.
    pub fn stub_log(&self) -> PathBuf {
        self.path.join("stub.log")
    }

    /// The outcome while it is being written.
    pub(super) fn exit_tmp(&self) -> PathBuf {
        self.path.join("exit.tmp")
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Wraps an error of the operating system with its file.
pub(super) fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> LogError {
    let path = path.to_owned();
    move |source| LogError::Io { path, doing, source }
}
