//! The run that a plan comes after: what must be true of it before the plan starts, and what becomes of it.

use super::attempt::{AttemptDir, Exit, Outcome as Ended, strays};
use super::home::{alive, is_guarding, journal_path, read_run, run_dir, successor};
use super::launch::Refused;
use super::person::{allowed_env, roles_asked};
use super::report::write_report;
use super::resolve;
use crate::clock;
use crate::journal::{Disk, Log, LogError, is_held};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::run::plan::{After, Inherited, PlanStep};
use crate::run::record::Refusal;
use crate::run::state::{Stand, StepState};
use crate::run::{Kind, Person, Plan, State, Verdict};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Variables that are a person's own: a successor sees its starter's, not those of the lost run's.
const OWN: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "KRB5CCNAME",
];

type No = (Refusal, String);

fn plan_error(why: impl Into<String>) -> No {
    (Refusal::Plan, why.into())
}

/// A run that is looked at because another one comes after it.
pub(super) struct Before {
    pub(super) dir: PathBuf,
    pub(super) plan: Plan,
    pub(super) records: Vec<Record>,
    pub(super) state: State,
    pub(super) owner: u32,
}

impl Before {
    pub(super) fn read(home: &Path, run: &str) -> Result<Before, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if run.is_empty() || !run.chars().all(plain) {
            return Err(format!("`{run}` is no id of a run"));
        }
        let dir = run_dir(home, run);
        let (plan, records) = read_run(&dir).map_err(|e| format!("run {run} cannot be read: {e}"))?;
        let state = State::fold(&plan, &records)?;
        let owner = dir.metadata().map_err(|e| format!("{}: {e}", dir.display()))?.uid();
        Ok(Before { dir, plan, records, state, owner })
    }

    /// Begun, and neither over nor only watched after it was verified.
    pub(super) fn is_open(&self) -> bool {
        self.state.started.is_some() && !self.state.is_over() && !is_guarding(&self.records)
    }

    /// Processes of its attempts that still live: those that ignored KILL, those that carry a token, and stubs.
    pub(super) fn living(&self) -> Vec<(i32, String)> {
        let mut found: Vec<(i32, String)> = Vec::new();
        let mut add = |pid: i32, name: String| {
            if !found.iter().any(|(p, _)| *p == pid) {
                found.push((pid, name));
            }
        };
        for record in &self.records {
            if let Ok(Kind::StepExited { survivors, .. }) = Kind::read(record) {
                survivors.into_iter().filter(|(pid, name)| lives(*pid, name)).for_each(|(p, n)| add(p, n));
            }
        }
        for (step, s) in self.plan.steps.iter().zip(&self.state.steps).filter(|(_, s)| s.attempt > 0) {
            strays(&s.token).into_iter().for_each(|p| add(p.pid, p.name));
            let attempt = AttemptDir::at(&self.dir.join(step.folder(s.attempt)));
            if let (Ok(Some(pid)), Some(stub)) = (is_held(&attempt.alive()), s.stub.or(Some(0))) {
                add(pid.unwrap_or(stub as i32), format!("the stub of step {}", step.label));
            }
        }
        found
    }
}

/// Whether a process of this name lives under this number, and is no zombie.
fn lives(pid: i32, name: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else { return false };
    let dead = stat[close + 1..].trim_start().starts_with(['Z', 'X', 'x']);
    !dead && clean_line(&stat[open + 1..close]) == name
}

/// Pids in words.
pub(super) fn pids(of: &[(i32, String)]) -> String {
    let each: Vec<String> = of.iter().map(|(pid, name)| format!("{pid} ({name})")).collect();
    each.join(", ")
}

/// Why a plan may not start after the run it names. The caller holds the service's lock.
pub(super) fn refusal(home: &Path, plan: &Plan) -> Option<No> {
    let own = rustix::process::getuid().as_raw();
    match plan.after.as_ref()? {
        After::Replaces { run, beside } => {
            let beside = beside.as_ref().is_some_and(|reason| !reason.trim().is_empty());
            let before = match Before::read(home, run) {
                Ok(before) => before,
                Err(_) if beside => return None,
                Err(e) => return Some(plan_error(e)),
            };
            if beside {
                return None;
            }
            let living = before.living();
            if !living.is_empty() {
                let why = format!(
                    "NOT DEAD: {} of run {run} still live; starting now would act beside them",
                    pids(&living)
                );
                return Some((Refusal::Orphan, why));
            }
            if !before.is_open() {
                return None;
            }
            let why = match (alive(&before.dir), before.owner == own) {
                (true, _) => format!("run {run} goes on: it must be stopped first"),
                (false, true) => format!("run {run} is orphaned: resume it, so that it can be stopped"),
                (false, false) => return None,
            };
            Some((Refusal::Orphan, why))
        }
        After::Succeeds { run, steps } => {
            let before = match Before::read(home, run) {
                Ok(before) => before,
                Err(e) => return Some(plan_error(e)),
            };
            if let Err(no) = may_be_succeeded(home, &before, own) {
                return Some(no);
            }
            let moved = format!("run {run} is not where it was when you looked: look again");
            (inherited(&before) != *steps || plan.steps != before.plan.steps).then(|| plan_error(moved))
        }
    }
}

/// Whether the run named by `plan` stands in the way of others no longer.
pub(super) fn takes(plan: &Plan, run: &str) -> bool {
    match &plan.after {
        Some(After::Replaces { run: of, .. } | After::Succeeds { run: of, .. }) => of == run,
        None => false,
    }
}

fn may_be_succeeded(home: &Path, before: &Before, own: u32) -> Result<(), No> {
    let run = &before.plan.id;
    if before.owner == own {
        return Err(plan_error(format!("run {run} is your own: resume it")));
    }
    if !before.is_open() {
        return Err(plan_error(format!("run {run} waits for nobody: there is nothing to go on with")));
    }
    if alive(&before.dir) {
        return Err((
            Refusal::Locked,
            format!("run {run} is driven by {}'s supervisor", before.plan.who.user),
        ));
    }
    if let Ok(Some(other)) = successor(home, run) {
        return Err((Refusal::Orphan, format!("run {other} goes on with run {run} already")));
    }
    let living = before.living();
    match living.is_empty() {
        true => Ok(()),
        false => Err((
            Refusal::Orphan,
            format!("NOT DEAD: {} of run {run} still live; wait for their end", pids(&living)),
        )),
    }
}

/// A plan that goes on with the steps of another account's lost run. It is to be shown and confirmed as any other.
///
/// # Errors
/// [`Refused`]: the run is one's own, is driven, is over, or its processes live.
pub fn succeed(home: &Path, run: &str, who: &Person, reason: &str) -> Result<Plan, Refused> {
    let refused = |(reason, why): No| Refused { reason, why };
    let before = Before::read(home, run).map_err(|e| refused(plan_error(e)))?;
    may_be_succeeded(home, &before, who.uid).map_err(refused)?;
    let steps = inherited(&before);
    let old = before.plan;
    let key = old.procedure.key.map_or_else(|| old.procedure.id.clone(), |k| k.to_string());
    let context = resolve::context(&key, reason, None, &old.playbook_hash, home);
    let mut env = old.env.clone();
    env.retain(|name, _| !OWN.contains(&name.as_str()));
    env.extend(allowed_env().into_iter().filter(|(name, _)| OWN.contains(&name.as_str())));
    // What was agreed to is these very steps; once the first of them had begun, it was agreed to.
    let begun = before.state.steps.iter().any(|s| s.attempt > 0);
    Ok(Plan {
        id: context.id,
        who: who.clone(),
        who_roles: roles_asked(&old, who, None),
        reason: clean_line(reason),
        env,
        approval: old.approval.clone().filter(|_| !begun),
        after: Some(After::Succeeds { run: run.to_owned(), steps }),
        ..old
    }
    .confirmed(&clock::now()))
}

/// What is known of each step of a lost run, for one that goes on with them.
fn inherited(before: &Before) -> Vec<Inherited> {
    before.plan.steps.iter().zip(&before.state.steps).map(|(p, s)| one(before, p, s)).collect()
}

fn one(before: &Before, p: &PlanStep, s: &StepState) -> Inherited {
    let known = s.outcome.as_ref().map(|o| o.detail().to_owned());
    match before.state.stand(&before.plan, p) {
        Stand::Passed => Inherited::Passed {
            detail: s.skipped.clone().or_else(|| s.failure()).or(known).unwrap_or_else(|| "done".to_owned()),
        },
        Stand::Due => Inherited::Open,
        // Looking changes nothing: it is done again.
        _ if !p.changes() => Inherited::Open,
        Stand::Running => Inherited::Unknown {
            evidence: left_behind(&AttemptDir::at(&before.dir.join(p.folder(s.attempt))), &s.token),
        },
        Stand::Observing => Inherited::Unknown {
            evidence: format!("applied ({}), its effect was not seen yet", known.unwrap_or_default()),
        },
        Stand::Failed => {
            Inherited::Unknown { evidence: format!("it failed: {}", s.failure().unwrap_or_default()) }
        }
        Stand::Unknown => Inherited::Unknown { evidence: known.unwrap_or_default() },
    }
}

/// What an attempt left behind, in words. Only its own account may say for certain what it did.
fn left_behind(attempt: &AttemptDir, token: &str) -> String {
    let exit = std::fs::read(attempt.exit()).ok();
    let exit =
        exit.and_then(|bytes| serde_json::from_slice::<Exit>(&bytes).ok()).filter(|e| e.token == token);
    match exit.map(|e| e.outcome) {
        Some(Ended::Exited { code }) => format!("its command exited with {code}"),
        Some(other) => format!("its command ended: {other:?}"),
        None => "it began, and its supervisor was lost".to_owned(),
    }
}

/// Ends another account's lost run, for the one of `plan` comes after it and was accepted. Nothing is done to a run that is
/// over, driven, or one's own.
pub(super) fn close(disk: &std::sync::Arc<dyn Disk>, home: &Path, plan: &Plan) -> Result<(), LogError> {
    let (run, word) = match &plan.after {
        Some(After::Replaces { run, .. }) => (run, "made way for"),
        Some(After::Succeeds { run, .. }) => (run, "goes on as"),
        None => return Ok(()),
    };
    let Ok(before) = Before::read(home, run) else { return Ok(()) };
    if !before.is_open() || before.owner == plan.who.uid || alive(&before.dir) {
        return Ok(());
    }
    let now = clock::now();
    let (mut log, mut records) =
        Log::open(disk.clone(), &journal_path(&before.dir), &now, Duration::from_millis(300))?;
    let over = State::fold(&before.plan, &records).map_or(true, |s| s.is_over());
    if over {
        return Ok(());
    }
    let why = format!("{word} run {} of {}: {}", plan.id, plan.who.user, plan.reason);
    let (name, body) = Kind::RunFinished { verdict: Verdict::Abandoned, why: clean_line(&why) }.parts();
    records.push(log.append(&now, &name, &body)?);
    write_report(&**disk, &before.dir, &before.plan, &records);
    Ok(())
}
