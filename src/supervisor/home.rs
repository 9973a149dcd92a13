//! The folder of one service and environment: its runs, its lock, and which run is where.

use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError, is_held, read};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::{After, PLAN_SCHEMA};
use crate::run::{Kind, Plan, RunView, State};
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
    /// Step under way or next: its label and name.
    pub step: Option<(String, String)>,
    /// The account it belongs to.
    pub uid: u32,
}

/// Who holds the lock, and where their run is.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// What stands in the lock.
    pub note: LockNote,
    /// Step under way or next, and the last one: labels.
    pub step: Option<(String, String)>,
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
        Some(v) if v == u64::from(PLAN_SCHEMA) => {}
        Some(other) => {
            let why = format!("a plan of version {other}, this program knows {PLAN_SCHEMA}");
            return Err(named(&format!("{why}: go on with the version of ripcord that wrote it")));
        }
        None => return Err(named(&"not a plan")),
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

/// The run that was accepted, is not over, and that nobody drives. A run that is verified and only watched for a while
/// longer is not meant, nor one with which another run goes on.
///
/// # Errors
/// When the folder cannot be listed.
pub fn orphan(home: &Path) -> io::Result<Option<Unfinished>> {
    Ok(orphans(home)?.into_iter().next())
}

/// All such runs, newest first.
pub(super) fn orphans(home: &Path) -> io::Result<Vec<Unfinished>> {
    let mut dirs = folders(home)?;
    dirs.reverse();
    let succeeded = succeeded(&dirs);
    let left = dirs.iter().filter(|dir| !alive(dir)).filter_map(|dir| unfinished(dir));
    Ok(left.filter(|u| !succeeded.contains(&u.id)).collect())
}

/// The run that goes on with the steps of a lost one, if one was accepted.
///
/// # Errors
/// When the folder cannot be listed.
pub fn successor(home: &Path, run: &str) -> io::Result<Option<String>> {
    let mut dirs = folders(home)?;
    dirs.reverse();
    let follows = |dir: &PathBuf| {
        let (plan, records) = read_run(dir).ok()?;
        let of_it = matches!(&plan.after, Some(After::Succeeds { run: of, .. }) if of == run);
        (of_it && State::fold(&plan, &records).ok()?.started.is_some()).then_some(plan.id)
    };
    Ok(dirs.iter().find_map(follows))
}

/// Ids of runs with which another one goes on.
fn succeeded(dirs: &[PathBuf]) -> Vec<String> {
    let of = |dir: &PathBuf| match read_plan(dir).ok()?.after? {
        After::Succeeds { run, .. } => {
            let records = read(&journal_path(dir)).ok()?;
            records.iter().any(|r| r.kind == "RunStarted").then_some(run)
        }
        After::Replaces { .. } => None,
    };
    dirs.iter().filter_map(of).collect()
}

/// What a run is, when it was accepted, is not over and not only watched after it was verified. A journal that cannot be
/// read is not called over, unless its last line says so.
pub fn unfinished(dir: &Path) -> Option<Unfinished> {
    use std::os::unix::fs::MetadataExt;
    let id = dir.file_name()?.to_string_lossy().into_owned();
    let uid = dir.metadata().map_or(u32::MAX, |m| m.uid());
    let unknown = |id: String| Unfinished {
        dir: dir.to_owned(),
        id,
        title: "a run that this version cannot read".into(),
        step: None,
        uid,
    };
    let Ok((plan, records)) = read_run(dir) else {
        return begun_and_not_over(dir).then(|| unknown(id));
    };
    let Ok(state) = State::fold(&plan, &records) else { return Some(unknown(id)) };
    (state.started.is_some() && !state.is_over() && !is_guarding(&records)).then(|| Unfinished {
        dir: dir.to_owned(),
        id,
        title: clean_line(&plan.procedure.title),
        step: state.current(&plan).map(|p| (p.label.clone(), clean_line(&p.step.name))),
        uid,
    })
}

/// Whether a run is verified, and only watched until it may be called over.
pub fn is_guarding(records: &[Record]) -> bool {
    records
        .iter()
        .rev()
        .find_map(|r| match Kind::read(r) {
            Ok(Kind::Guarding { .. }) => Some(true),
            Ok(Kind::Drifted { .. } | Kind::RunFinished { .. }) => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

/// The last line of a journal is enough to see that a run of another version is over.
fn begun_and_not_over(dir: &Path) -> bool {
    let text = std::fs::read(journal_path(dir)).unwrap_or_default();
    let last = text.split(|b| *b == b'\n').rfind(|line| !line.is_empty()).unwrap_or_default();
    let kind = serde_json::from_slice::<serde_json::Value>(last)
        .ok()
        .and_then(|line| line["kind"].as_str().map(str::to_owned));
    !text.is_empty() && !matches!(kind.as_deref(), Some("RunFinished" | "RunRefused"))
}

/// Who holds the lock now; `None` when nobody does, or when its holder is not known.
pub fn holder(home: &Path) -> Option<Holder> {
    is_held(&lock_path(home)).ok().flatten()?;
    let note = lock_note(home)?;
    let step = || {
        let (plan, records) = read_run(&run_dir(home, &note.run)).ok()?;
        let state = State::fold(&plan, &records).ok()?;
        Some((state.current(&plan)?.label.clone(), plan.steps.last()?.label.clone()))
    };
    Some(Holder { step: step(), note })
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
