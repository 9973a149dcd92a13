//! What wakes the follower: a person who asks, records that are written, the time.

use super::Look;
use crate::supervisor::{decisions, home, outbox};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, Sender, TryRecvError, channel};
use std::time::Duration;

/// Asks the follower for something.
#[derive(Debug, Clone)]
pub struct Turn {
    /// There until it is dropped.
    looks: Option<Sender<Look>>,
    bell: Option<Arc<OwnedFd>>,
}

impl Turn {
    /// Asks; the follower wakes at once.
    ///
    /// # Errors
    /// When the follower is gone.
    pub fn send(&self, look: Look) -> Result<(), SendError<Look>> {
        if let Some(looks) = &self.looks {
            looks.send(look)?;
        }
        self.ring();
        Ok(())
    }

    fn ring(&self) {
        if let Some(bell) = &self.bell {
            let _ = rustix::io::write(bell, &1u64.to_ne_bytes());
        }
    }
}

impl Drop for Turn {
    /// The follower notices that nobody asks any more: it is so before the bell rings.
    fn drop(&mut self) {
        self.looks = None;
        self.ring();
    }
}

/// The follower's side.
#[derive(Debug)]
pub struct Wake {
    looks: Receiver<Look>,
    bell: Option<Arc<OwnedFd>>,
    /// Hears of writes, where the kernel tells of them.
    ear: Option<OwnedFd>,
    folder: PathBuf,
}

/// Both sides, for the records of a folder.
pub fn wake(folder: &Path) -> (Turn, Wake) {
    let (looks, from) = channel();
    let bell = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).ok().map(Arc::new);
    let ear = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok();
    (
        Turn { looks: Some(looks), bell: bell.clone() },
        Wake { looks: from, bell, ear, folder: folder.to_owned() },
    )
}

impl Wake {
    /// Whether every new record and run wakes it. What does not exist yet is listened to from the next call on; a lock comes
    /// with its run.
    pub fn hears(&self) -> bool {
        let Some(ear) = self.ear.as_ref().filter(|_| self.bell.is_some()) else { return false };
        let new = WatchFlags::CREATE | WatchFlags::MOVED_TO;
        [
            (decisions::path(&self.folder), WatchFlags::MODIFY, false),
            (outbox::path(&self.folder), WatchFlags::MODIFY, true),
            (home::lock_path(&self.folder), WatchFlags::MODIFY, true),
            (home::runs_dir(&self.folder), new, false),
        ]
        .iter()
        .fold(true, |all, (path, what, may_lack)| {
            let there = inotify::add_watch(ear, path, *what);
            all && (there.is_ok() || (*may_lack && there == Err(rustix::io::Errno::NOENT)))
        })
    }

    /// Waits for what is asked, a write or the end of patience; `None` when nobody can ask any more.
    pub fn wait(&self, patience: Duration) -> Option<Vec<Look>> {
        match &self.bell {
            Some(bell) => {
                let mut sources = vec![PollFd::new(bell, PollFlags::IN)];
                sources.extend(self.ear.as_ref().map(|ear| PollFd::new(ear, PollFlags::IN)));
                let patience = Timespec {
                    tv_sec: patience.as_secs() as i64,
                    tv_nsec: i64::from(patience.subsec_nanos()),
                };
                let _ = poll(&mut sources, Some(&patience));
                // What happened is looked for in the files; a count and a list of names are of no use.
                let mut buffer = [0; 4096];
                for fd in [Some(&**bell), self.ear.as_ref()].into_iter().flatten() {
                    while matches!(rustix::io::read(fd, &mut buffer), Ok(1..)) {}
                }
            }
            None => std::thread::sleep(patience),
        }
        let mut looks = Vec::new();
        loop {
            match self.looks.try_recv() {
                Ok(look) => looks.push(look),
                Err(TryRecvError::Empty) => return Some(looks),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_record_a_run_and_a_person_wake_it_and_the_heartbeat_does_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(home::runs_dir(folder.path())).unwrap();
        std::fs::write(decisions::path(folder.path()), "a\n").unwrap();
        let (turn, wake) = wake(folder.path());
        assert!(wake.hears());
        let begin = Instant::now();
        std::fs::write(folder.path().join("decider.json"), "{}").unwrap();
        assert_eq!(wake.wait(Duration::from_millis(50)), Some(vec![]));
        assert!(begin.elapsed() >= Duration::from_millis(50), "nothing of interest was written");

        std::fs::write(decisions::path(folder.path()), "a\nb\n").unwrap();
        assert_eq!(wake.wait(LONG), Some(vec![]));
        std::fs::create_dir(home::runs_dir(folder.path()).join("r1")).unwrap();
        assert_eq!(wake.wait(LONG), Some(vec![]));
        let other = turn.clone();
        std::thread::spawn(move || other.send(Look::Now).unwrap());
        assert_eq!(wake.wait(LONG), Some(vec![Look::Now]));
        std::thread::spawn(move || drop(turn));
        while wake.wait(LONG).is_some() {}
        assert!(begin.elapsed() < LONG, "all of it woke it");
    }
}
