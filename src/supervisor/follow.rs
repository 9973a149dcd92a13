//! One attempt of a `run` step, from its folder to its outcome.

use super::attempt::{
    AttemptDir, AttemptError, AttemptSpec, Exit, OutLine, Outcome as Ended, Recovered, Signal, Stream,
    recover, signal_strays, spawn_stub,
};
use super::expect::{Reply, judge};
use super::secrets::Secrets;
use crate::clock;
use crate::journal::{Disk, LogError, real};
use crate::model::playbook::StepKind;
use crate::model::probe::{Command, Expectation};
use crate::model::time::{Deadline, Millis};
use crate::run::fill::whole_secret;
use crate::run::{Outcome, Plan, PlanStep};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Milliseconds between TERM and KILL.
const GRACE: Millis = 5_000;

/// Bytes of output that are kept of one attempt.
const OUTPUT: u64 = 4 * 1024 * 1024;

/// How often a wait looks up.
const GLANCE: Duration = Duration::from_millis(50);

/// The folder of an attempt.
pub(super) fn attempt_dir(run: &Path, step: &PlanStep, attempt: u32) -> AttemptDir {
    AttemptDir::of(run, step.number, &step.slug(), attempt)
}

/// Makes the folder of an attempt, before its intent is recorded. What lies there without an intent was never begun, and
/// is moved aside.
pub(super) fn prepare(
    disk: &dyn Disk,
    run: &Path,
    plan: &Plan,
    step: &PlanStep,
    attempt: u32,
) -> Result<(), AttemptError> {
    let StepKind::Run(c) = &step.step.kind else { return Ok(()) };
    let dir = attempt_dir(run, step, attempt);
    let path = dir.path();
    if path.exists() {
        let aside = (1..).map(|n| path.with_extension(format!("unused-{n}"))).find(|p| !p.exists());
        let aside = aside.unwrap_or_else(|| path.with_extension("unused"));
        let io = |source| LogError::Io { path: path.to_owned(), doing: "move aside", source };
        disk.rename(path, &aside).map_err(io)?;
    }
    dir.create(disk, &spec(plan, step, c))
}

fn spec(plan: &Plan, step: &PlanStep, c: &Command) -> AttemptSpec {
    let mut argv: Vec<String> = c.argv.iter().map(|t| t.0.clone()).collect();
    if let (Some(program), Some(first)) = (&step.program, argv.first_mut()) {
        first.clone_from(program);
    }
    let mut env: BTreeMap<String, String> = plan.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let open = c.env.iter().filter(|(_, v)| whole_secret(v).is_none());
    env.extend(open.map(|(k, v)| (k.clone(), v.0.clone())));
    AttemptSpec {
        argv,
        cwd: Path::new(&plan.cwd).join(c.cwd.as_ref().map_or("", |t| &t.0)),
        env,
        stdin: c.stdin.as_ref().map(|t| t.0.clone()),
        timeout_ms: (step.step.timeout > 0).then_some(step.step.timeout),
        grace_ms: GRACE,
        output_cap: OUTPUT,
    }
}

/// Variables of a command that are secrets.
///
/// # Errors
/// A secret that cannot be read.
pub(super) fn secret_env(c: &Command, secrets: &Secrets) -> Result<BTreeMap<String, String>, String> {
    let named = c.env.iter().filter_map(|(k, v)| whole_secret(v).map(|s| (k, s)));
    named.map(|(k, s)| Ok((k.clone(), secrets.read(s)?))).collect()
}

/// An attempt that somebody follows.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) dir: AttemptDir,
    pub(super) token: String,
    /// Boot in which its intent was recorded.
    pub(super) boot_id: String,
    /// When its time is over, with everything it takes to end it.
    pub(super) over: Deadline,
    pub(super) expect: Expectation,
}

impl Attempt {
    pub(super) fn of(
        run: &Path,
        step: &PlanStep,
        attempt: u32,
        token: &str,
        started: &crate::model::time::Now,
    ) -> Attempt {
        let expect = match &step.step.kind {
            StepKind::Run(c) => c.expect.clone(),
            _ => Expectation::default(),
        };
        Attempt {
            dir: attempt_dir(run, step, attempt),
            token: token.to_owned(),
            boot_id: started.boot_id.clone(),
            over: Deadline::after(started, step.step.timeout + GRACE),
            expect,
        }
    }

    /// Starts the stub; `began` hears its pid. Blocks until the attempt has an outcome. `stop` ends it.
    pub(super) fn start(
        &self,
        secrets: &BTreeMap<String, String>,
        stop: &AtomicBool,
        began: impl FnOnce(u32),
    ) -> Outcome {
        let exe = PathBuf::from("/proc/self/exe");
        match spawn_stub(&exe, &self.dir, &self.token, secrets) {
            Ok(mut stub) => {
                began(stub.witness().process().pid as u32);
                let mut told = false;
                while !stub.wait(GLANCE) {
                    if stop.load(Ordering::Relaxed) && !told {
                        told = stub.abort();
                    }
                }
                self.conclude(stop, None)
            }
            Err(e) => self.conclude(stop, Some(e.to_string())),
        }
    }

    /// What became of the attempt: waits for whoever still runs it. Blocks.
    pub(super) fn conclude(&self, stop: &AtomicBool, trouble: Option<String>) -> Outcome {
        loop {
            match recover(&*real(), &self.dir, &self.token, &self.boot_id, &clock::now()) {
                Err(e) => return Outcome::Unknown { evidence: e.to_string() },
                Ok(Recovered::NotStarted) => {
                    let log = std::fs::read_to_string(self.dir.stub_log()).unwrap_or_default();
                    let said = trouble.or_else(|| log.lines().last().map(str::to_owned));
                    let why = said.unwrap_or_else(|| "its stub died before it began".to_owned());
                    return Outcome::NotStarted { detail: format!("nothing ran: {why}") };
                }
                Ok(Recovered::Adopt(witness)) => {
                    let mut told = false;
                    while !witness.wait(GLANCE) {
                        if stop.load(Ordering::Relaxed) && !told {
                            told = witness.abort();
                        }
                    }
                }
                Ok(Recovered::Finished(exit)) => return self.outcome(&exit),
                Ok(Recovered::RunningWithoutWitness { processes }) => {
                    if !stop.load(Ordering::Relaxed) && !self.over.is_due(&clock::now()) {
                        std::thread::sleep(GLANCE * 4);
                        continue;
                    }
                    self.end_strays();
                    let pids = processes
                        .iter()
                        .map(|p| format!("{} ({})", p.pid, p.name))
                        .collect::<Vec<_>>()
                        .join(", ");
                    return Outcome::Unknown {
                        evidence: format!("its stub died; {pids} ran on and had to be ended"),
                    };
                }
                Ok(Recovered::Unknown { why }) => return Outcome::Unknown { evidence: why },
            }
        }
    }

    /// TERM, grace, KILL for what runs without a witness.
    fn end_strays(&self) {
        signal_strays(&self.token, Signal::TERM);
        let kill_at = Deadline::after(&clock::now(), GRACE);
        let left = || {
            matches!(
                recover(&*real(), &self.dir, &self.token, &self.boot_id, &clock::now()),
                Ok(Recovered::RunningWithoutWitness { .. })
            )
        };
        while left() && !kill_at.is_due(&clock::now()) {
            std::thread::sleep(GLANCE);
        }
        let give_up_at = Deadline::after(&clock::now(), GRACE);
        while left() && !give_up_at.is_due(&clock::now()) {
            signal_strays(&self.token, Signal::KILL);
            std::thread::sleep(GLANCE);
        }
    }

    fn outcome(&self, exit: &Exit) -> Outcome {
        let by = |killed: bool| if killed { "KILL" } else { "TERM" };
        let mut outcome = match &exit.outcome {
            Ended::Exited { code } => {
                let (out, err) = self.output();
                match judge(&Reply { exit: Some(*code), status: None, out, err }, &self.expect) {
                    Ok(detail) => Outcome::Success { detail },
                    Err(detail) => Outcome::Failure { detail },
                }
            }
            Ended::Signalled { signal } => Outcome::Failure { detail: format!("ended by signal {signal}") },
            Ended::ExecFailed { reason } => {
                Outcome::Failure { detail: format!("could not be started: {reason}") }
            }
            Ended::TimedOut { killed } => {
                Outcome::TimedOut { detail: format!("its time was over; ended by {}", by(*killed)) }
            }
            Ended::Aborted { killed } => Outcome::Aborted { detail: format!("ended by {}", by(*killed)) },
        };
        if !exit.survivors.is_empty() {
            let pids = exit
                .survivors
                .iter()
                .map(|p| format!("{} ({})", p.pid, p.name))
                .collect::<Vec<_>>()
                .join(", ");
            if let Outcome::Success { detail }
            | Outcome::Failure { detail }
            | Outcome::TimedOut { detail }
            | Outcome::Aborted { detail } = &mut outcome
            {
                detail.push_str(&format!("; still alive: {pids}"));
            }
        }
        outcome
    }

    /// Both streams as they were kept.
    fn output(&self) -> (String, String) {
        let text = std::fs::read(self.dir.out()).unwrap_or_default();
        let (mut out, mut err) = (String::new(), String::new());
        for line in String::from_utf8_lossy(&text).lines().filter_map(OutLine::parse) {
            let to = match line.stream {
                Stream::Out => &mut out,
                Stream::Err => &mut err,
                Stream::Note => continue,
            };
            to.push_str(&line.text);
            to.push('\n');
        }
        (out, err)
    }
}
