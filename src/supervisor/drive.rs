//! The supervisor's main: it leaves its starter, takes the locks, checks everything, says yes or no, and drives the run.

use super::after;
use super::ask::World;
use super::attempt::Process;
use super::audit::forward::Forwarder;
use super::decisions::{self, host};
use super::home::{
    Holder, LockNote, holder, is_guarding, journal_path, lock_path, orphans, read_plan, run_dir, successor,
    unfinished,
};
use super::launch::Reply;
use super::outbox::Courier;
use super::perform::Driver;
use super::report::write_report;
use super::resolve::ask_any;
use super::secrets::{Secrets, guard, hide};
use crate::clock;
use crate::config::settings;
use crate::journal::access::Sharing;
use crate::journal::{Disk, Hold, Log, LogError, Reserve, real};
use crate::model::playbook::StepKind;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::plan::describe;
use crate::run::record::Refusal;
use crate::run::{Answer, Kind, Machine, Person, Plan, State};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a lock is waited for; a reader that looks at it holds it for a moment.
const HOLD: Duration = Duration::from_millis(300);

/// How long what is on record may take to reach its receivers when a run is over.
const FORWARD: Duration = Duration::from_secs(3);

/// How long it stays, with every lock released, for what its run told to be delivered.
const LINGER: Duration = Duration::from_secs(600);

/// Why a run is not driven.
pub(super) type No = (Refusal, String);

/// Drives one run: `__supervise --run DIR [--resume]`. Standard output carries one line: accepted, or refused and why.
/// With `--resume`, who asks for it comes as JSON on standard input.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.collect();
    let (run, resume) = match words.as_slice() {
        [r, dir] if r == "--run" => (PathBuf::from(dir), false),
        [r, dir, again] if r == "--run" && again == "--resume" => (PathBuf::from(dir), true),
        _ => {
            eprintln!("the supervisor is started by ripcord only: expected --run DIR [--resume]");
            return ExitCode::FAILURE;
        }
    };
    // Fails only for a process that leads a group already, which then is its own session's business.
    let _ = rustix::process::setsid();
    if let Err(e) = std::env::set_current_dir("/") {
        eprintln!("/: {e}");
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::FAILURE;
        }
    };
    let home = run.parent().and_then(Path::parent).unwrap_or(&run);
    let forwarder = Forwarder::start(home, settings::of_process().audit);
    let done = runtime.block_on(async {
        let (driver, heard) = match take_over(real(), &run, resume).await {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                answer(&Reply::Accepted);
                return Ok(());
            }
            Err((reason, why)) => {
                eprintln!("refused: {why}");
                answer(&Reply::Refused { reason, why });
                return Ok(());
            }
        };
        answer(&Reply::Accepted);
        let (home, id) = (PathBuf::from(&driver.plan.home), driver.plan.id.clone());
        let over = Arc::new(AtomicBool::new(false));
        let courier = tokio::spawn(Courier::new(&home).until(over.clone()));
        // It holds no lock from here on.
        let done = driver.drive(heard).await;
        over.store(true, Ordering::Relaxed);
        if let Ok(mut courier) = courier.await {
            courier.settle(|p| p.letter.run.as_deref() == Some(&id), LINGER).await;
        }
        done
    });
    // A stub's end may still be waited for in a thread: the stub does not need us.
    runtime.shutdown_background();
    if let Some(forwarder) = forwarder {
        forwarder.finish(FORWARD);
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!(
                "{e}\nThe journal is read-only from here: no step was started after this. {}",
                e.hint()
            );
            ExitCode::FAILURE
        }
    }
}

fn answer(reply: &Reply) {
    let mut line = serde_json::to_string(reply).expect("an answer has string keys only");
    line.push('\n');
    // Whoever asked may be gone; the run is not theirs.
    let _ = io::stdout().write_all(line.as_bytes()).and_then(|()| io::stdout().flush());
}

fn storage(e: impl std::fmt::Display) -> No {
    (Refusal::Storage, e.to_string())
}

pub(super) type Taken = (Driver, tokio::sync::mpsc::Receiver<crate::run::Event>);

/// Takes the locks and makes sure that this run may go on. `None`: it is over already, and only its end was tidied up.
pub(super) async fn take_over(disk: Arc<dyn Disk>, run: &Path, resume: bool) -> Result<Option<Taken>, No> {
    let home = run
        .parent()
        .and_then(Path::parent)
        .ok_or_else(|| storage("a run lies in `runs` of a state folder"))?;
    let plan = read_plan(run).map_err(|e| (Refusal::Plan, e.to_string()))?;
    if run_dir(home, &plan.id) != run {
        return Err((Refusal::Plan, format!("the plan is of run {}, not of this folder", plan.id)));
    }
    guard(&plan.playbook.secrets);
    let (mut log, mut records) = match Log::open(disk.clone(), &journal_path(run), &clock::now(), HOLD) {
        Ok(opened) => opened,
        Err(e @ LogError::Held { .. }) => {
            return Err((Refusal::Locked, format!("the run is driven already: {e}")));
        }
        Err(e @ LogError::Schema { .. }) => return Err((Refusal::Plan, format!("{e}: {}", e.hint()))),
        Err(e) => return Err(storage(e)),
    };
    let state = State::fold(&plan, &records).map_err(|e| (Refusal::Plan, e))?;
    if let Some((reason, why)) = &state.refused {
        return Err((*reason, format!("this run was refused: {why}")));
    }
    let mode = Sharing::of(home).map_err(storage)?.log_mode();
    let lock = Hold::take(&*disk, &lock_path(home), mode, HOLD);
    if state.finished.is_some() {
        // It ended before it could tidy up.
        write_report(&*disk, run, &plan, &records);
        if let Some(lock) = lock.ok().filter(|_| names_run(home, &plan.id)) {
            lock.write(&*disk, b"").map_err(storage)?;
        }
        return Ok(None);
    }
    // Verified and only watched: it holds no lock, and stands in nobody's way.
    let guarding = resume && is_guarding(&records);
    let judged = match lock {
        Ok(_) | Err(LogError::Held { .. }) if guarding => may_resume(home, run, &plan, &state).map(|()| None),
        Ok(lock) => match check(home, run, &plan, &state, resume) {
            None => Ok(Some(lock)),
            Some(no) => Err(no),
        },
        Err(LogError::Held { pid, .. }) => Err((Refusal::Locked, locked_by(home, pid))),
        Err(e) => Err(storage(e)),
    };
    let world = World {
        env: plan.env.clone(),
        cwd: plan.cwd.clone(),
        secrets: Secrets::new(plan.playbook.secrets.clone()),
        home: home.to_owned(),
        run: Some(state.started.clone().unwrap_or_else(clock::now)),
        telling: Default::default(),
    };
    let judged = match judged {
        Ok(lock) => match prove(&world, &plan).await {
            // A run that has begun is taken over all the same, and paused: somebody must be able to end it.
            Proof::Failed(why) if !resume => Err((Refusal::NotProved, format!("not proved: {why}"))),
            proof => Ok((lock, proof)),
        },
        Err(no) => Err(no),
    };
    // The proof took time.
    let judged = match judged {
        Ok(_) if !resume && plan.expires.is_due(&clock::now()) => Err((Refusal::Expired, expired(&plan))),
        other => other,
    };
    match judged {
        Ok((lock, proof)) => {
            let by = if resume { Some(asked_by()?) } else { None };
            if let Some(lock) = &lock {
                lock_for(&*disk, lock, &plan).map_err(storage)?;
            }
            if let Ok(reserve) = Reserve::ensure(disk.clone(), home, mode) {
                log.set_reserve(reserve);
            }
            begin(&mut log, &mut records, run, by, proof)?;
            if let Err(e) = after::close(&disk, home, &plan) {
                eprintln!("the run before this one was not ended: {e}");
            }
            let state = State::fold(&plan, &records).map_err(|e| (Refusal::Plan, e))?;
            let machine = Machine::new(plan, state);
            Ok(Some(Driver::new(machine, run, disk, log, records, lock, world)))
        }
        Err((reason, why)) => {
            let why = clean_line(&why);
            // A run that has begun is not refused by a resume that cannot be.
            if state.started.is_none() {
                append(&mut log, &mut records, &Kind::RunRefused { reason, why: why.clone() })?;
            }
            Err((reason, why))
        }
    }
}

/// The rules that need no question to the world.
fn check(home: &Path, run: &Path, plan: &Plan, state: &State, resume: bool) -> Option<No> {
    if resume {
        if let Err(no) = may_resume(home, run, plan, state) {
            return Some(no);
        }
    } else if state.started.is_some() {
        return Some((Refusal::Orphan, "this run has begun already: resume it".to_owned()));
    } else if plan.expires.is_due(&clock::now()) {
        return Some((Refusal::Expired, expired(plan)));
    } else if let Some(no) =
        unfit(plan).or_else(|| after::refusal(home, plan)).or_else(|| disarmed(home, plan))
    {
        return Some(no);
    }
    // Under the lock nobody drives a run here, so one that is not over was left by its supervisor.
    let named = super::home::lock_note(home).map(|note| run_dir(home, &note.run)).filter(|dir| dir != run);
    let mut left: Vec<_> = match orphans(home) {
        Ok(left) if !resume => left.into_iter().filter(|u| u.dir != run).collect(),
        Ok(_) => Vec::new(),
        Err(e) => return Some(storage(e)),
    };
    left.extend(named.and_then(|dir| unfinished(&dir)));
    let goes_on = |run: &str| successor(home, run).is_ok_and(|s| s.is_some());
    left.into_iter().find(|u| !after::takes(plan, &u.id) && !goes_on(&u.id)).map(|u| {
        let at = u.step.map(|(label, name)| format!(" at step {label} ({name})")).unwrap_or_default();
        let own = u.uid == rustix::process::getuid().as_raw();
        let what = if own { "resume it or abandon it first" } else { "resume it with --successor first" };
        (Refusal::Orphan, format!("run {} ({}) is orphaned{at}: {what}", u.id, u.title))
    })
}

/// Whether a run may be taken over by this account.
fn may_resume(home: &Path, run: &Path, plan: &Plan, state: &State) -> Result<(), No> {
    if state.started.is_none() {
        let why = "this run was never accepted, so it is never started later".to_owned();
        return Err((Refusal::Expired, why));
    }
    if let Ok(Some(other)) = successor(home, &plan.id) {
        return Err((Refusal::Orphan, format!("run {other} goes on with the steps of this one")));
    }
    match run.metadata() {
        Ok(meta) if meta.uid() == rustix::process::getuid().as_raw() => Ok(()),
        Ok(_) => {
            let of = &plan.who.user;
            let why =
                format!("the run is {of}'s: another account goes on with it by `ripcord resume --successor`");
            Err((Refusal::Locked, why))
        }
        Err(e) => Err(storage(e)),
    }
}

/// Why a plan is not to be started as it stands.
fn unfit(plan: &Plan) -> Option<No> {
    // A rehearsal's would be called done here, and nothing would have been.
    if plan.steps.iter().any(|s| matches!(s.step.kind, StepKind::Simulated(_))) {
        return Some((Refusal::Plan, "it is the plan of a rehearsal".to_owned()));
    }
    let said = plan.override_reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
    let failed = plan.preflight.iter().filter(|check| check.answer != Answer::Holds);
    let failed: Vec<String> = failed.map(|check| format!("{} ({})", check.text, check.detail)).collect();
    (!failed.is_empty() && !said).then(|| {
        (Refusal::Preflight, format!("a check before the first step does not hold: {}", failed.join(", ")))
    })
}

/// Why a run that no person confirmed is not to start: nothing on record decided it, or automation was stopped since.
fn disarmed(home: &Path, plan: &Plan) -> Option<No> {
    let automatic = plan.automatic.as_ref()?;
    match decisions::load(home) {
        Ok(state) => state.may_begin(automatic, &plan.id).err().map(|why| (Refusal::Disarmed, why)),
        Err(e) => Some(storage(e)),
    }
}

fn expired(plan: &Plan) -> String {
    let age: Millis = plan.expires.length + plan.expires.overdue(&clock::now());
    format!(
        "confirmed {} s ago, the limit is {} s: nothing was started",
        age / 1000,
        plan.expires.length / 1000
    )
}

fn locked_by(home: &Path, pid: Option<i32>) -> String {
    let Some(Holder { note, step }) = holder(home) else {
        let who = pid.map_or_else(|| "another process".to_owned(), |p| format!("pid {p}"));
        return format!("{who} holds the lock: one run at a time");
    };
    let at = step.map(|(now, last)| format!(", step {now} of {last}")).unwrap_or_default();
    format!(
        "{} holds the lock: {}{at}, since {} (run {}, pid {} on {}). One run at a time; yours changed nothing",
        note.user,
        note.title,
        clock_of(&note.since),
        note.run,
        note.pid,
        note.host
    )
}

/// The time of day here.
fn clock_of(now: &Now) -> String {
    let at = jiff::Timestamp::from_millisecond(now.wall).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}

fn names_run(home: &Path, id: &str) -> bool {
    super::home::lock_note(home).is_some_and(|note| note.run == id)
}

async fn prove(world: &World, plan: &Plan) -> Proof {
    let Some(probe) = &plan.prove else { return Proof::NotAsked };
    let told = ask_any(world, &plan.playbook, probe).await;
    let text = format!("{}: {}", describe(probe), told.detail);
    match told.answer {
        Answer::Holds => Proof::Proved(text),
        Answer::Fails | Answer::Blind => Proof::Failed(text),
    }
}

/// What the environment's proof said.
enum Proof {
    NotAsked,
    Proved(String),
    Failed(String),
}

fn asked_by() -> Result<Person, No> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).map_err(storage)?;
    serde_json::from_str(&text).map_err(|e| storage(format!("who resumes it was not said: {e}")))
}

fn lock_for(disk: &dyn Disk, lock: &Hold, plan: &Plan) -> Result<(), LogError> {
    let note = LockNote {
        run: plan.id.clone(),
        title: clean_line(&plan.procedure.title),
        user: plan.who.user.clone(),
        host: host(),
        pid: std::process::id(),
        since: clock::now(),
    };
    lock.write(disk, &serde_json::to_vec(&note).expect("a note has string keys only"))
}

/// The first record of this supervisor. From here on the run is accepted.
fn begin(
    log: &mut Log,
    records: &mut Vec<Record>,
    run: &Path,
    by: Option<Person>,
    proof: Proof,
) -> Result<(), No> {
    let own = Process::own();
    let (pid, start) = (std::process::id(), own.start);
    match by {
        Some(by) => {
            append(log, records, &Kind::Adopted { pid, start, by })?;
            if let Proof::Failed(why) = proof {
                append(log, records, &Kind::Paused { why: format!("the environment is not proved: {why}") })?;
            }
            Ok(())
        }
        None => {
            let bytes = std::fs::read(run.join("plan.json")).map_err(storage)?;
            let started = Kind::RunStarted {
                plan: hex(&bytes),
                pid,
                start,
                uid: rustix::process::getuid().as_raw(),
                host: host(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                proof: match proof {
                    Proof::Proved(text) | Proof::Failed(text) => Some(text),
                    Proof::NotAsked => None,
                },
            };
            append(log, records, &started)
        }
    }
}

fn append(log: &mut Log, records: &mut Vec<Record>, kind: &Kind) -> Result<(), No> {
    let (name, mut body) = kind.parts();
    hide(&mut body);
    records.push(log.append(&clock::now(), &name, &body).map_err(storage)?);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drill::Simulated;
    use crate::model::playbook::{Step, Wait};
    use crate::run::PlanStep;

    #[test]
    fn the_plan_of_a_rehearsal_is_not_driven() {
        let of = |kind| Plan { steps: vec![PlanStep::new(1, Step::new("x", kind))], ..Plan::default() };
        assert_eq!(unfit(&of(StepKind::Wait(Wait::For(1)))), None);
        let no = unfit(&of(StepKind::Simulated(Simulated::default())));
        assert!(matches!(no, Some((Refusal::Plan, _))), "{no:?}");
    }
}
