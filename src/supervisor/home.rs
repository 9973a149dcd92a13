//! The folder of one service and environment: its runs, its lock, and which run is where.

use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError, is_held, read};
use crate::model::record::Record;
use crate::model::time::Now;
use crate::run::{Plan, RunView, State};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// What stands in `lock` while a run is driven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockNote {
    /// The run.
    pub run: String,
    /// What it does.
    pub title: String,
    /// Who confirmed it.
    pub user: String,
    /// Host of the supervisor.
    pub host: String,
    /// Pid of the supervisor.
    pub pid: u32,
    /// Since when.
    pub since: Now,
}

/// One run, in a line.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// Its folder.
    pub dir: PathBuf,
    /// Its plan.
    pub plan: Plan,
    /// Where it stands.
    pub view: RunView,
    /// A supervisor drives it now.
    pub alive: bool,
}

/// A run that was accepted and is not over.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    /// Its folder.
    pub dir: PathBuf,
    /// Run id.
    pub id: String,
    /// Procedure's title.
    pub title: String,
    /// Step under way or next: number and name.
    pub step: Option<(usize, String)>,
}

/// The folder that holds all runs.
pub fn runs_dir(home: &Path) -> PathBuf {
    home.join("runs")
}

/// The lock of the service and environment.
pub fn lock_path(home: &Path) -> PathBuf {
    home.join("lock")
}

/// The folder of one run.
pub fn run_dir(home: &Path, id: &str) -> PathBuf {
    runs_dir(home).join(id)
}

/// The journal of a run.
pub fn journal_path(run: &Path) -> PathBuf {
    run.join("journal.jsonl")
}

/// Reads a run's plan.
///
/// # Errors
/// A missing or unreadable file, or a plan of another version.
pub fn read_plan(run: &Path) -> io::Result<Plan> {
    let path = run.join("plan.json");
    let named = |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", path.display()));
    let bytes =
        std::fs::read(&path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| named(&e))?;
    match value["schema"].as_u64() {
        Some(v) if v == u64::from(crate::run::plan::PLAN_SCHEMA) => {}
        other => return Err(named(&format!("plan of version {other:?}, this program knows another"))),
    }
    serde_json::from_value(value).map_err(|e| named(&e))
}

/// Reads a run: its plan, and its records as far as they are whole.
///
/// # Errors
/// When the plan or the journal cannot be read.
pub fn read_run(run: &Path) -> io::Result<(Plan, Vec<Record>)> {
    let plan = read_plan(run)?;
    let path = journal_path(run);
    match path.try_exists()? {
        true => Ok((plan, read(&path).map_err(io::Error::other)?)),
        false => Ok((plan, Vec::new())),
    }
}

/// Whether a supervisor drives a run now.
pub fn alive(run: &Path) -> bool {
    is_held(&journal_path(run)).is_ok_and(|held| held.is_some())
}

/// All runs, newest first. A run that cannot be read is left out, and named in the second part.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list(home: &Path) -> io::Result<(Vec<RunSummary>, Vec<String>)> {
    let (mut out, mut broken) = (Vec::new(), Vec::new());
    for dir in folders(home)? {
        let read = read_run(&dir).map_err(|e| e.to_string()).and_then(|(plan, records)| {
            let view = RunView::fold(&plan, &records)?;
            Ok((plan, view))
        });
        match read {
            Ok((plan, view)) => out.push(RunSummary { alive: alive(&dir), dir, plan, view }),
            Err(e) => broken.push(format!("{}: {e}", dir.display())),
        }
    }
    out.reverse();
    Ok((out, broken))
}

/// The run that was accepted, is not over, and that nobody drives.
///
/// # Errors
/// When the folder cannot be listed.
pub fn orphan(home: &Path) -> io::Result<Option<Unfinished>> {
    let mut dirs = folders(home)?;
    dirs.reverse();
    Ok(dirs.into_iter().filter(|dir| !alive(dir)).find_map(|dir| unfinished(&dir)))
}

/// What a run is, when it was accepted and is not over. A journal that cannot be read is not called over.
pub fn unfinished(dir: &Path) -> Option<Unfinished> {
    let id = dir.file_name()?.to_string_lossy().into_owned();
    let unknown = |id: String| Unfinished {
        dir: dir.to_owned(),
        id,
        title: "a run that cannot be read".into(),
        step: None,
    };
    let Ok((plan, records)) = read_run(dir) else {
        let begun = journal_path(dir).metadata().is_ok_and(|m| m.len() > 0);
        return begun.then(|| unknown(id));
    };
    let Ok(state) = State::fold(&plan, &records) else { return Some(unknown(id)) };
    (state.started.is_some() && !state.is_over()).then(|| Unfinished {
        dir: dir.to_owned(),
        id,
        title: plan.procedure.title.clone(),
        step: state.current(&plan).map(|p| (p.number, p.step.name.clone())),
    })
}

/// What the lock says, when it says something.
pub fn lock_note(home: &Path) -> Option<LockNote> {
    serde_json::from_slice(&std::fs::read(lock_path(home)).ok()?).ok()
}

/// Folders of runs, oldest first (ids sort by time).
fn folders(home: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let entries = match std::fs::read_dir(runs_dir(home)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(out),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            out.push(entry.path());
        }
    }
    out.sort();
    Ok(out)
}

/// Makes a folder of the state folder when it is missing; durable on return.
pub(super) fn ensure_dir(disk: &dyn Disk, path: &Path, sharing: Sharing) -> Result<(), LogError> {
    let io = |doing| move |source| LogError::Io { path: path.to_owned(), doing, source };
    match disk.create_dir(path, sharing.dir_mode()) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(io("make")(e)),
        Ok(()) => disk.sync_dir(path.parent().unwrap_or(Path::new("/"))).map_err(io("sync the folder of")),
    }
}
