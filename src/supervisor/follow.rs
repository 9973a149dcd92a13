//! One attempt of a `run` step, from its folder to its outcome.

use super::attempt::{
    AttemptDir, AttemptError, AttemptSpec, Exit, OutLine, Outcome as Ended, Process, Recovered, Signal,
    Stream, recover, signal_strays, spawn_stub,
};
use super::expect::{Reply, judge};
use super::secrets::Secrets;
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError, atomic_write, real};
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
/// Glances at a witness after which it is asked anew whether there is one.
const GLANCES: u32 = 20;

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
    if step.step.tell.is_some() {
        // The courier runs it.
        return Ok(());
    }
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

/// Writes what the stub shall run once more, with the names filled in that are only known now. The stub is not started
/// yet, so nobody has read the first one.
pub(super) fn rewrite(
    disk: &dyn Disk,
    run: &Path,
    plan: &Plan,
    step: &PlanStep,
    attempt: u32,
) -> Result<(), LogError> {
    let StepKind::Run(c) = &step.step.kind else { return Ok(()) };
    let place = attempt_dir(run, step, attempt).spec();
    let mode = Sharing::of(run)
        .map_err(|source| LogError::Io { path: run.to_owned(), doing: "look at", source })?
        .own_mode();
    let bytes =
        serde_json::to_vec_pretty(&spec(plan, step, c)).expect("a specification has string keys only");
    atomic_write(disk, &place, &bytes, mode)
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
    /// The other machine its command runs on, when it does.
    far: Option<String>,
}

/// How an attempt ended, and the processes that ignored KILL or left its group: pid and name.
pub(super) type Concluded = (Outcome, Vec<(i32, String)>);

impl Attempt {
    pub(super) fn of(
        run: &Path,
        step: &PlanStep,
        attempt: u32,
        token: &str,
        started: &crate::model::time::Now,
    ) -> Attempt {
        let (expect, far) = match &step.step.kind {
            StepKind::Run(c) => (c.expect.clone(), far(c)),
            _ => (Expectation::default(), None),
        };
        Attempt {
            dir: attempt_dir(run, step, attempt),
            token: token.to_owned(),
            boot_id: started.boot_id.clone(),
            over: Deadline::after(started, step.step.timeout + GRACE),
            expect,
            far,
        }
    }

    /// Starts the stub; `began` hears its pid. Blocks until the attempt has an outcome. `stop` ends it.
    pub(super) fn start(
        &self,
        secrets: &BTreeMap<String, String>,
        stop: &AtomicBool,
        began: impl FnOnce(u32),
    ) -> Concluded {
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
    pub(super) fn conclude(&self, stop: &AtomicBool, trouble: Option<String>) -> Concluded {
        let mut told = false;
        loop {
            match recover(&*real(), &self.dir, &self.token, &self.boot_id, &clock::now()) {
                Err(e) => return (Outcome::Unknown { evidence: e.to_string() }, Vec::new()),
                Ok(Recovered::NotStarted) => {
                    let log = std::fs::read_to_string(self.dir.stub_log()).unwrap_or_default();
                    let said = trouble.or_else(|| log.lines().last().map(str::to_owned));
                    let why = said.unwrap_or_else(|| "its stub died before it began".to_owned());
                    return (Outcome::NotStarted { detail: format!("nothing ran: {why}") }, Vec::new());
                }
                // Asked anew now and then: a lock that only a fork held for a moment is nobody's.
                Ok(Recovered::Adopt(witness)) => {
                    for _ in 0..GLANCES {
                        if witness.wait(GLANCE) {
                            break;
                        }
                        if stop.load(Ordering::Relaxed) && !told {
                            told = witness.abort();
                        }
                    }
                }
                Ok(Recovered::Finished(exit)) => return (self.outcome(&exit), named(&exit.survivors)),
                Ok(Recovered::RunningWithoutWitness { processes }) => {
                    if !stop.load(Ordering::Relaxed) && !self.over.is_due(&clock::now()) {
                        std::thread::sleep(GLANCE * 4);
                        continue;
                    }
                    let left = self.end_strays();
                    let mut evidence =
                        format!("its stub died; {} ran on and had to be ended", listed(&processes));
                    if !left.is_empty() {
                        evidence.push_str(&format!("; still alive: {}", listed(&left)));
                    }
                    return (Outcome::Unknown { evidence }, named(&left));
                }
                Ok(Recovered::Unknown { why }) => {
                    return (Outcome::Unknown { evidence: why }, Vec::new());
                }
            }
        }
    }

    /// TERM, grace, KILL for what runs without a witness; answers what lives on.
    fn end_strays(&self) -> Vec<Process> {
        signal_strays(&self.token, Signal::TERM);
        let kill_at = Deadline::after(&clock::now(), GRACE);
        let left = || match recover(&*real(), &self.dir, &self.token, &self.boot_id, &clock::now()) {
            Ok(Recovered::RunningWithoutWitness { processes }) => processes,
            _ => Vec::new(),
        };
        while !left().is_empty() && !kill_at.is_due(&clock::now()) {
            std::thread::sleep(GLANCE);
        }
        let give_up_at = Deadline::after(&clock::now(), GRACE);
        while !left().is_empty() && !give_up_at.is_due(&clock::now()) {
            signal_strays(&self.token, Signal::KILL);
            std::thread::sleep(GLANCE);
        }
        left()
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
        // Killing ssh here ends ssh here.
        let far = match (&self.far, &exit.outcome) {
            (Some(far), Ended::TimedOut { .. } | Ended::Aborted { .. } | Ended::Signalled { .. }) => {
                format!("; what it began on {far} may go on there")
            }
            (Some(far), Ended::Exited { code: 255 }) => {
                format!("; ssh itself failed: whether it ran on {far} is not known")
            }
            _ => String::new(),
        };
        let alive = match exit.survivors.as_slice() {
            [] => String::new(),
            left => format!("; still alive: {}", listed(left)),
        };
        if let Outcome::Success { detail }
        | Outcome::Failure { detail }
        | Outcome::TimedOut { detail }
        | Outcome::Aborted { detail } = &mut outcome
        {
            detail.push_str(&far);
            detail.push_str(&alive);
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

fn listed(processes: &[Process]) -> String {
    processes.iter().map(|p| format!("{} ({})", p.pid, p.name)).collect::<Vec<_>>().join(", ")
}

fn named(processes: &[Process]) -> Vec<(i32, String)> {
    processes.iter().map(|p| (p.pid, p.name.clone())).collect()
}

/// Where a command runs when ssh takes it elsewhere.
fn far(c: &Command) -> Option<String> {
    let program = c.argv.first()?.0.rsplit('/').next()?;
    match (&c.on, program) {
        (Some(host), "ssh") => Some(host.clone()),
        (None, "ssh") => Some("the other host".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Step;
    use crate::model::time::Now;
    use crate::run::PlanStep;

    fn attempt(argv: &[&str], on: Option<&str>) -> Attempt {
        let argv = argv.iter().map(|a| (*a).into()).collect();
        let c = Command { argv, on: on.map(str::to_owned), ..Command::default() };
        let step = PlanStep::new(1, Step::new("x", StepKind::Run(c)));
        Attempt::of(Path::new("/nonexistent"), &step, 1, "t", &Now::default())
    }

    fn exit(outcome: Ended, survivors: Vec<Process>) -> Exit {
        let (start, end, output) = Default::default();
        Exit { token: "t".into(), outcome, survivors, output, start, end }
    }

    #[test]
    fn what_may_go_on_elsewhere_is_said() {
        let far = attempt(&["ssh", "lb-1", "--", "drain"], Some("lb"));
        let timed_out = exit(Ended::TimedOut { killed: false }, Vec::new());
        assert!(far.outcome(&timed_out).detail().contains("what it began on lb may go on there"));
        let lost = exit(Ended::Exited { code: 255 }, Vec::new());
        assert!(far.outcome(&lost).detail().contains("whether it ran on lb is not known"));
        assert_eq!(far.outcome(&exit(Ended::Exited { code: 0 }, Vec::new())).detail(), "exit 0");
        let here = attempt(&["/bin/drain"], None);
        assert!(!here.outcome(&timed_out).detail().contains("may go on"));
        let behind = attempt(&["docker", "exec", "web", "drain"], Some("web"));
        assert!(!behind.outcome(&timed_out).detail().contains("may go on"));
    }

    #[test]
    fn who_ignored_kill_is_named_by_pid_and_name() {
        let left = Process { pid: 4711, start: 1, name: "stuck".into() };
        let ended = exit(Ended::Aborted { killed: true }, vec![left]);
        assert_eq!(named(&ended.survivors), [(4711, "stuck".to_owned())]);
        let detail = attempt(&["x"], None).outcome(&ended);
        assert_eq!(detail.detail(), "ended by KILL; still alive: 4711 (stuck)");
    }
}
