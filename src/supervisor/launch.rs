//! Asking for a run: the plan is put on disk whole, a supervisor is started away from us, and says whether it accepts.

use super::control::control_dir;
use super::home::{ensure_dir, run_dir, runs_dir};
use super::logout::{Stay, scope, stay};
use super::person::user_name;
use crate::clock;
use crate::config::playbook::texts;
use crate::config::settings;
use crate::journal::access::{Sharing, network_file_system};
use crate::journal::{Disk, LogError, real, write_new};
use crate::run::Person;
use crate::run::plan::{After, Plan};
use crate::run::record::Refusal;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a supervisor may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seconds after which a plan that was never put in its place is swept away.
const LEFT_OVER: u64 = 60;

/// A run that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Run id.
    pub id: String,
    /// Its folder.
    pub dir: PathBuf,
    /// `false`: the supervisor has not answered within 5 s; its journal tells what became of it.
    pub answered: bool,
}

/// Why a run was not handed over. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// Which rule said no.
    pub reason: Refusal,
    /// In words.
    pub why: String,
}

/// A supervisor's answer, one line on its standard output.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Accepted,
    Refused { reason: Refusal, why: String },
}

fn storage(e: impl std::fmt::Display) -> Refused {
    Refused { reason: Refusal::Storage, why: e.to_string() }
}

/// Starts a run. `home` is the folder of the service and environment; it is made when missing. Blocks up to 5 s.
///
/// # Errors
/// [`Refused`]: nothing was started and nothing ever will be by this plan.
pub fn launch(home: &Path, plan: &Plan) -> Result<Accepted, Refused> {
    let dir = write_plan(&*real(), home, plan)?;
    spawn(&dir, None)
}

/// Starts a new supervisor for a run that nobody drives. Blocks up to 5 s.
///
/// # Errors
/// [`Refused`]: the run is driven already, is over, was never accepted, or is another account's.
pub fn resume(dir: &Path, by: &Person) -> Result<Accepted, Refused> {
    let dir = dir.canonicalize().map_err(|e| storage(format!("{}: {e}", dir.display())))?;
    spawn(&dir, Some(by))
}

/// Puts the plan in its place, whole and durable; answers the run's folder.
pub(super) fn write_plan(disk: &dyn Disk, home: &Path, plan: &Plan) -> Result<PathBuf, Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if plan.id.is_empty() || !plan.id.chars().all(plain) {
        return Err(Refused { reason: Refusal::Plan, why: format!("`{}` is no id of a run", plan.id) });
    }
    make_home(disk, home).map_err(|e| storage(format!("{}: {e}", home.display())))?;
    let home = home.canonicalize().map_err(|e| storage(format!("{}: {e}", home.display())))?;
    if let Ok(Some(kind)) = network_file_system(&home) {
        let why = format!("{} lies on {kind}, where locks cannot be relied on", home.display());
        return Err(storage(why));
    }
    let sharing = Sharing::of(&home).map_err(storage)?;
    let runs = runs_dir(&home);
    ensure_dir(disk, &runs, sharing).map_err(storage)?;
    sweep(&runs);
    // A name of its own: who was killed here leaves its folder, and the next one asks by the same plan.
    let new = runs.join(format!(".new-{}-{}-{}", plan.id, std::process::id(), clock::now().boot));
    let place = run_dir(&home, &plan.id);
    let made = (|| -> Result<(), LogError> {
        let io = |path: &Path, doing| {
            let path = path.to_owned();
            move |source| LogError::Io { path, doing, source }
        };
        disk.create_dir(&new, sharing.dir_mode()).map_err(io(&new, "make"))?;
        let control = control_dir(&new);
        disk.create_dir(&control, sharing.drop_dir_mode()).map_err(io(&control, "make"))?;
        let bytes = serde_json::to_vec_pretty(plan).expect("a plan has string keys only");
        write_new(disk, &new.join("plan.json"), &bytes, sharing.own_mode())?;
        if let Some(text) = playbook_text(&home, plan) {
            write_new(disk, &new.join("playbook.toml"), text.as_bytes(), sharing.own_mode())?;
        }
        disk.sync_dir(&new).map_err(io(&new, "sync"))?;
        // Fails when somebody has started this very run: its folder is not empty.
        disk.rename(&new, &place).map_err(io(&place, "put the plan at"))?;
        disk.sync_dir(&runs).map_err(io(&runs, "sync"))
    })();
    made.map_err(storage)?;
    Ok(place)
}

/// The playbook as it was when the plan was made: this process has read it, or it lies with the run that is gone on with. The plan
/// has its hash.
fn playbook_text(home: &Path, plan: &Plan) -> Option<String> {
    let read = texts::text(&plan.playbook_hash).map(|t| t.to_string());
    read.or_else(|| match &plan.after {
        Some(After::Succeeds { run, .. }) => {
            std::fs::read_to_string(run_dir(home, run).join("playbook.toml")).ok()
        }
        _ => None,
    })
}

/// Makes the folder of a service where there is none: private, or shared as the folder of all records is. Durable on
/// return.
pub(super) fn make_home(disk: &dyn Disk, home: &Path) -> io::Result<()> {
    if home.exists() {
        return Ok(());
    }
    let root = home.parent().unwrap_or(Path::new("/"));
    make_folders(disk, root)?;
    let mode = Sharing::of(root)?.dir_mode();
    match disk.create_dir(home, mode) {
        // Somebody else was quicker.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    disk.sync_dir(root)
}

fn make_folders(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let Some(parent) = folder.parent().filter(|_| !folder.exists()) else { return Ok(()) };
    make_folders(disk, parent)?;
    match disk.create_dir(folder, 0o700) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    disk.sync_dir(parent)
}

/// Takes away plans that were never put in their place: nothing was asked by them.
fn sweep(runs: &Path) {
    for entry in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        let old =
            || entry.metadata().ok()?.modified().ok()?.elapsed().ok().map(|age| age.as_secs() > LEFT_OVER);
        if entry.file_name().to_string_lossy().starts_with(".new-") && old() == Some(true) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// What starts this program so that it lives on when its starter logs out: in a scope of its own where the account's manager
/// would end it otherwise. Arguments follow. Asks the host, so it blocks.
pub fn detached(name: &str) -> Command {
    scoped(name).unwrap_or_else(|| Command::new("/proc/self/exe"))
}

/// The same in a scope, where that is needed and possible.
fn scoped(name: &str) -> Option<Command> {
    if stay(&user_name(rustix::process::getuid().as_raw())) != Stay::Scope {
        return None;
    }
    // One name for each: the stub of a lost supervisor keeps its scope alive.
    let own = std::process::id();
    let words = scope(&format!("ripcord-{name}-{own}-{}", clock::now().boot));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(format!("/proc/{own}/exe"));
    Some(command)
}

fn spawn(dir: &Path, by: Option<&Person>) -> Result<Accepted, Refused> {
    let plain = || start(Command::new("/proc/self/exe"), dir, by)?.ok_or_else(|| died(dir));
    let Some(command) = scoped(&dir.file_name().unwrap_or_default().to_string_lossy()) else {
        return plain();
    };
    match start(command, dir, by) {
        Ok(Some(accepted)) => Ok(accepted),
        Err(refused) if refused.reason != Refusal::Storage => Err(refused),
        // The account's manager would not have it: better in the session than not at all.
        _ => plain(),
    }
}

/// Starts a supervisor with what a command is completed with; `None` when it died without a word.
fn start(mut command: Command, dir: &Path, by: Option<&Person>) -> Result<Option<Accepted>, Refused> {
    let log = dir.join("supervisor.log");
    let mode = Sharing::of(dir).map_err(storage)?.own_mode();
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(mode)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
        .open(&log)
        .map_err(|e| storage(format!("{}: {e}", log.display())))?;
    command.arg("__supervise").arg("--run").arg(dir);
    if by.is_some() {
        command.arg("--resume");
    }
    if let Some(file) = settings::in_use() {
        command.env("RIPCORD_CONFIG", file);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|e| storage(format!("cannot start the supervisor: {e}")))?;
    if let (Some(mut pipe), Some(by)) = (child.stdin.take(), by) {
        let line = serde_json::to_string(by).expect("a person has string keys only");
        pipe.write_all(line.as_bytes())
            .map_err(|e| storage(format!("cannot talk to the supervisor: {e}")))?;
    }
    let (said, answer) = mpsc::channel();
    let out = child.stdout.take();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = out.map_or(Ok(0), |out| BufReader::new(out).read_line(&mut line));
        let _ = said.send(read.map(|_| line));
        // Ours to reap as long as we live; it does not need us.
        let _ = child.wait();
    });
    let accepted = |answered| {
        let id = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Some(Accepted { id, dir: dir.to_owned(), answered }))
    };
    match answer.recv_timeout(PATIENCE) {
        Err(_) => accepted(false),
        Ok(line) => match line.map(|l| serde_json::from_str::<Reply>(&l)) {
            Ok(Ok(Reply::Accepted)) => accepted(true),
            Ok(Ok(Reply::Refused { reason, why })) => Err(Refused { reason, why }),
            Ok(Err(_)) | Err(_) => Ok(None),
        },
    }
}

/// The supervisor ended without a word: its log knows why.
fn died(dir: &Path) -> Refused {
    let log = std::fs::read_to_string(dir.join("supervisor.log")).unwrap_or_default();
    let last = log.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it left no message");
    let why =
        format!("the supervisor died before it accepted the run: {}", crate::model::text::clean_line(last));
    Refused { reason: Refusal::Storage, why }
}

impl From<io::Error> for Refused {
    fn from(e: io::Error) -> Refused {
        storage(e)
    }
}
