//! Processes by `/proc` and pidfd: found by descent or by token, and never mistaken for a later one of the same pid.

use super::TOKEN_VARIABLE;
use crate::journal::is_held;
use crate::model::text::clean_line;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// One process of this boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its pid.
    pub pid: i32,
    /// When it started, in the kernel's clock ticks since boot; tells it from a later process of the same pid.
    pub start: u64,
    /// Its short name.
    pub name: String,
}

impl Process {
    /// This process.
    pub fn own() -> Process {
        let pid = rustix::process::getpid().as_raw_pid();
        stat(pid).map_or(Process { pid, start: 0, name: String::new() }, |s| s.process)
    }

    /// The process of this pid, if there is one.
    pub fn read(pid: i32) -> Option<Process> {
        stat(pid).map(|s| s.process)
    }

    /// Sends a signal to this very process; whether it was there to get it.
    pub fn signal(&self, signal: Signal) -> bool {
        self.open().is_some_and(|fd| pidfd_send_signal(fd, signal).is_ok())
    }

    fn open(&self) -> Option<OwnedFd> {
        let fd = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        // Compared after opening: from here on the descriptor cannot mean another process.
        (stat(self.pid)?.process.start == self.start).then_some(fd)
    }
}

/// What `/proc/<pid>/stat` tells.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) process: Process,
    pub(super) state: char,
    pub(super) parent: i32,
    pub(super) group: i32,
}

impl Stat {
    /// Neither a zombie nor gone.
    pub(super) fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// `4711 (name with ) and spaces) S 1 4711 4711 0 …`: the name ends at the last parenthesis.
fn parse_stat(pid: i32, bytes: &[u8]) -> Option<Stat> {
    let text = String::from_utf8_lossy(bytes);
    let (open, close) = (text.find('(')?, text.rfind(')')?);
    let rest: Vec<&str> = text.get(close + 1..)?.split_whitespace().collect();
    Some(Stat {
        process: Process {
            pid,
            start: rest.get(19)?.parse().ok()?,
            name: clean_line(text.get(open + 1..close)?),
        },
        state: rest.first()?.chars().next()?,
        parent: rest.get(1)?.parse().ok()?,
        group: rest.get(2)?.parse().ok()?,
    })
}

fn pids() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect()
}

/// All living and dead descendants of a process. For a child subreaper that is its whole tree, whatever left its group.
pub(super) fn descendants(of: i32) -> Vec<Stat> {
    let mut others: Vec<Stat> = pids().into_iter().filter_map(stat).collect();
    let mut tree: Vec<Stat> = Vec::new();
    let mut parents = vec![of];
    while let Some(parent) = parents.pop() {
        let (children, rest) = others.into_iter().partition(|s| s.parent == parent);
        others = rest;
        let children: Vec<Stat> = children;
        parents.extend(children.iter().map(|s| s.process.pid));
        tree.extend(children);
    }
    tree
}

/// Living processes that carry this attempt's token in their environment.
pub fn strays(token: &str) -> Vec<Process> {
    let entry = format!("{TOKEN_VARIABLE}={token}").into_bytes();
    let carries = |pid: i32| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|b| *b == 0).any(|variable| variable == entry))
    };
    let alive = |pid| stat(pid).filter(Stat::lives).map(|s| s.process);
    pids().into_iter().filter(|pid| carries(*pid)).filter_map(alive).collect()
}

/// Sends a signal to every living process that carries this attempt's token; answers whom it reached.
pub fn signal_strays(token: &str, signal: Signal) -> Vec<Process> {
    strays(token).into_iter().filter(|p| p.signal(signal)).collect()
}

/// The stub of a running attempt, as seen from another process.
#[derive(Debug)]
pub struct Witness {
    process: Process,
    fd: Option<OwnedFd>,
    alive: PathBuf,
}

impl Witness {
    pub(super) fn new(process: Process, alive: PathBuf) -> Witness {
        let fd = process.open();
        Witness { process, fd, alive }
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Whether the stub is gone. Then [`super::recover`] tells what became of the attempt.
    pub fn is_over(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Waits up to `limit`, blocking the thread, for the stub to be gone; whether it is.
    pub fn wait(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let over = match &self.fd {
                Some(fd) => ready(fd, left),
                // It was gone, or is not ours to open: what decides is the lock it holds.
                None => is_held(&self.alive).is_ok_and(|held| held.is_none()),
            };
            if over || left.is_zero() {
                return over;
            }
            if self.fd.is_none() {
                std::thread::sleep(left.min(Duration::from_millis(50)));
            }
        }
    }

    /// Asks the stub to end the command (TERM, grace, KILL); whether the stub was there to hear it.
    pub fn abort(&self) -> bool {
        self.fd.as_ref().is_some_and(|fd| pidfd_send_signal(fd, Signal::TERM).is_ok())
    }
}

fn ready(fd: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
    matches!(poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&limit)), Ok(n) if n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_spaces_and_parentheses() {
        let line = b"7 (a ) S (b) Z 1 7 5 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0\n";
        let stat = parse_stat(7, line).unwrap();
        assert_eq!((stat.process.name.as_str(), stat.process.start), ("a ) S (b", 4242));
        assert_eq!((stat.state, stat.parent, stat.group), ('Z', 1, 7));
        assert!(!stat.lives());
    }

    #[test]
    fn a_later_process_of_the_same_pid_gets_no_signal() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::read(child.id() as i32).unwrap();
        let earlier = Process { start: process.start - 1, ..process.clone() };
        assert!(!earlier.signal(Signal::KILL));
        assert!(child.try_wait().unwrap().is_none());
        assert!(process.signal(Signal::KILL));
        child.wait().unwrap();
    }

    #[test]
    fn strays_are_found_by_their_token_alone() {
        let token = format!("stray-test-{}", std::process::id());
        let mut child =
            std::process::Command::new("sleep").arg("60").env(TOKEN_VARIABLE, &token).spawn().unwrap();
        assert!(strays(&token[..token.len() - 1]).is_empty());
        let found = strays(&token);
        assert_eq!(found.iter().map(|p| p.pid).collect::<Vec<_>>(), [child.id() as i32]);
        assert_eq!(signal_strays(&token, Signal::KILL).len(), 1);
        child.wait().unwrap();
        assert!(strays(&token).is_empty());
    }
}
