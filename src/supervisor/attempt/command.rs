//! Running the command: its time, its end, its whole tree and its output.

use super::output::{OutLog, Stream};
use super::process::{Process, Stat, descendants};
use super::spec::{AttemptSpec, Outcome, OutputSize};
use super::{NEVER_PROMPT, TOKEN_VARIABLE};
use crate::clock;
use crate::model::time::Millis;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitIdOptions, WaitOptions, kill_process_group, waitid, waitpid};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::signal::unix::Signal as Signals;

/// The longest wait for the pipes after the command's end.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a killed process may take to die before it is named a survivor.
const DEATH: Duration = Duration::from_secs(2);

/// What came of a command.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) survivors: Vec<Process>,
    pub(super) output: OutputSize,
}

/// Signals to the stub that this module waits for. Made before the claim, so that none ends the stub after it.
pub(super) struct Hears {
    pub(super) child: Signals,
    pub(super) terminate: Signals,
}

/// How far the end of a command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Asked { aborted: bool, kill_at: Millis },
    Killed { aborted: bool, give_up_at: Millis },
}

/// Runs the command to its end. Its process group, and after a timeout or an abort its whole tree, ends with it.
pub(super) async fn run(
    spec: &AttemptSpec,
    token: &str,
    secrets: &BTreeMap<String, String>,
    out: OutLog,
    hears: &mut Hears,
) -> Ended {
    let out = Arc::new(Mutex::new(out));
    let mut child = match start(spec, token, secrets) {
        Ok(child) => child,
        Err(reason) => {
            let output = lock(&out).finish(clock::now().wall);
            return Ended { outcome: Outcome::ExecFailed { reason }, survivors: Vec::new(), output };
        }
    };
    let pipes = connect(&mut child, spec.stdin.clone(), &out);
    let leader = Pid::from_child(&child);
    let phase = attend(leader, spec, hears).await;
    let killed = end_tree(leader, phase, spec.grace_ms);
    // A leader that ignores KILL is not waited for: it is named instead.
    let status = child.try_wait().ok().flatten();
    let outcome = match (phase, status) {
        (Phase::Running, Some(status)) => match (status.code(), status.signal()) {
            (Some(code), _) => Outcome::Exited { code },
            (None, signal) => Outcome::Signalled { signal: signal.unwrap_or(0) },
        },
        (Phase::Running, None) => Outcome::Signalled { signal: 0 },
        (Phase::Asked { aborted, .. } | Phase::Killed { aborted, .. }, _) if aborted => {
            Outcome::Aborted { killed }
        }
        (Phase::Asked { .. } | Phase::Killed { .. }, _) => Outcome::TimedOut { killed },
    };
    drain(&pipes);
    let output = lock(&out).finish(clock::now().wall);
    let survivors = tree().into_iter().filter(Stat::lives).map(|s| s.process).collect();
    Ended { outcome, survivors, output }
}

fn lock(out: &Mutex<OutLog>) -> std::sync::MutexGuard<'_, OutLog> {
    out.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tree() -> Vec<Stat> {
    descendants(rustix::process::getpid().as_raw_pid())
}

fn start(spec: &AttemptSpec, token: &str, secrets: &BTreeMap<String, String>) -> Result<Child, String> {
    let (program, arguments) = spec.argv.split_first().ok_or("the command is empty")?;
    if !spec.cwd.is_dir() {
        return Err(format!("{}: not a folder to run in", spec.cwd.display()));
    }
    let stdin = if spec.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(&spec.env)
        .envs(secrets)
        .envs(NEVER_PROMPT)
        .env(TOKEN_VARIABLE, token)
        .current_dir(&spec.cwd)
        .process_group(0)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{program}: {e}"))
}

/// Starts a thread for each pipe; each sends once when its stream is over.
fn connect(child: &mut Child, input: Option<String>, out: &Arc<Mutex<OutLog>>) -> Receiver<()> {
    let (done, over) = channel();
    if let Some(pipe) = child.stdout.take() {
        read_pipe(pipe, Stream::Out, out.clone(), done.clone());
    }
    if let Some(pipe) = child.stderr.take() {
        read_pipe(pipe, Stream::Err, out.clone(), done);
    }
    if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
        // A command that does not read its input to the end is no error.
        thread::spawn(move || pipe.write_all(text.as_bytes()));
    }
    over
}

fn read_pipe(
    mut pipe: impl Read + AsFd + Send + 'static,
    stream: Stream,
    out: Arc<Mutex<OutLog>>,
    done: Sender<()>,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        loop {
            match poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&second)) {
                Ok(0) => lock(&out).quiet(clock::now().wall, stream),
                Ok(_) => match pipe.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => lock(&out).feed(clock::now().wall, stream, &buffer[..n]),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                },
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        let _ = done.send(());
    });
}

fn drain(over: &Receiver<()>) {
    let until = Instant::now() + DRAIN;
    while over.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
}

/// Waits for the leader's end and sees to its time; leaves its zombie, so that its group's number stays taken.
async fn attend(leader: Pid, spec: &AttemptSpec, hears: &mut Hears) -> Phase {
    let due = spec.timeout_ms.map(|ms| clock::now().boot + ms);
    let mut phase = Phase::Running;
    loop {
        if is_dead(leader) {
            return phase;
        }
        reap_orphans(leader);
        let now = clock::now().boot;
        let next = match phase {
            Phase::Running => due,
            Phase::Asked { kill_at, .. } => Some(kill_at),
            Phase::Killed { give_up_at, .. } => Some(give_up_at),
        };
        if next.is_some_and(|at| at <= now) {
            phase = match phase {
                Phase::Running => ask(leader, false, now + spec.grace_ms),
                Phase::Asked { aborted, .. } => {
                    let _ = kill_process_group(leader, Signal::KILL);
                    Phase::Killed { aborted, give_up_at: now + DEATH.as_millis() as Millis }
                }
                Phase::Killed { .. } => return phase,
            };
            continue;
        }
        // Never longer than a second: the boot clock counts a suspend, a sleep does not.
        let left = next.map_or(1_000, |at| at - now).min(1_000);
        tokio::select! {
            _ = hears.child.recv() => {}
            _ = hears.terminate.recv() => if phase == Phase::Running {
                phase = ask(leader, true, clock::now().boot + spec.grace_ms);
            },
            () = tokio::time::sleep(Duration::from_millis(left)) => {}
        }
    }
}

fn ask(leader: Pid, aborted: bool, kill_at: Millis) -> Phase {
    let _ = kill_process_group(leader, Signal::TERM);
    // A stopped process hears nothing before it goes on.
    let _ = kill_process_group(leader, Signal::CONT);
    Phase::Asked { aborted, kill_at }
}

fn is_dead(leader: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    !matches!(waitid(rustix::process::WaitId::Pid(leader), look), Ok(None))
}

/// Takes away the zombies that came to the stub as the subreaper, but never the leader's.
fn reap_orphans(leader: Pid) -> Vec<Stat> {
    let own = rustix::process::getpid().as_raw_pid();
    let (zombies, living): (Vec<Stat>, Vec<Stat>) = tree().into_iter().partition(|s| !s.lives());
    for zombie in zombies.iter().filter(|s| s.parent == own && s.process.pid != leader.as_raw_pid()) {
        if let Some(pid) = Pid::from_raw(zombie.process.pid) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
    living
}

/// Ends what the leader left: its group after an end by itself (who left by `setsid` meant to stay, and is named), the
/// whole tree after a timeout or an abort. Whether anything had to be killed.
fn end_tree(leader: Pid, phase: Phase, grace: Millis) -> bool {
    let group = leader.as_raw_pid();
    let left = || -> Vec<Stat> {
        let living = reap_orphans(leader);
        living.into_iter().filter(|s| phase != Phase::Running || s.group == group).collect()
    };
    let tell = |signal| {
        for stat in left() {
            stat.process.signal(signal);
        }
    };
    let already = matches!(phase, Phase::Killed { .. });
    if left().is_empty() {
        return already;
    }
    let now = clock::now().boot;
    let kill_at = match phase {
        Phase::Running => now + grace,
        Phase::Asked { kill_at, .. } => kill_at,
        Phase::Killed { .. } => now,
    };
    if kill_at > now {
        tell(Signal::TERM);
        tell(Signal::CONT);
    }
    while clock::now().boot < kill_at && !left().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    let killing = !left().is_empty();
    let give_up_at = Instant::now() + DEATH;
    // Again and again: a process may fork while it is being killed.
    while Instant::now() < give_up_at && !left().is_empty() {
        tell(Signal::KILL);
        thread::sleep(Duration::from_millis(10));
    }
    let _ = left();
    already || killing
}
