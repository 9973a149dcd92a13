//! The one thread that writes for a decider: records, the heartbeat, the samples. What others append comes back from here,
//! within [`POLL`] ([`SLOW_POLL`] where nothing acts on it).

use super::spool::Spool;
use super::wants;
use crate::clock;
use crate::journal::{Hold, LogError, Tail, real};
use crate::model::reading::Spooled;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::session::decision::{Kind, Rules, machine};
use crate::supervisor::decisions::{self, Beat};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two looks at the log, of a decider that acts, and of one that only records.
const POLL: Duration = Duration::from_millis(100);
const SLOW_POLL: Duration = Duration::from_secs(5);

/// What is to be written.
#[derive(Debug)]
pub(super) enum Job {
    /// A record, if it is admitted.
    Append(Kind),
    /// The heartbeat.
    Beat(Box<Beat>),
    /// Samples; the wall time now.
    Samples(i64, Vec<Spooled>),
    /// The decider leaves: its last record, and nothing after it.
    Leave,
}

/// What came of it, and what others did.
#[derive(Debug)]
pub(super) enum News {
    /// Records, own ones and others', in their order.
    Records(Vec<Record>),
    /// Not admitted.
    Refused(Kind, String),
    /// Could not be written.
    Unwritten(Kind, String),
    /// The heartbeat could not be written, or the log not be read.
    Unbeaten(String),
    /// A newer epoch is on record, and whose.
    Superseded(u64, String),
    /// A watcher wants to decide.
    Wanted,
    /// The decider has left; nothing is written any more.
    Left,
    /// A task or the look at the runs has an answer for the machine.
    Event(machine::Event),
}

/// The thread.
pub(super) struct Writer {
    pub(super) home: PathBuf,
    pub(super) rules: Rules,
    pub(super) epoch: u64,
    pub(super) acts: bool,
    pub(super) tail: Tail,
    /// The decider's lock; none while the one it was taken over from still holds it.
    pub(super) lock: Option<Hold>,
    pub(super) tell: Sender<News>,
    pub(super) spool: Spool,
    /// Somebody of a newer epoch decides.
    pub(super) superseded: bool,
    pub(super) pulse: Arc<Pulse>,
}

/// How the heartbeat goes, without a word for each.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// One is on its way.
    pub(super) beating: AtomicBool,
    /// When the last one was written and the log could be read, boot milliseconds.
    pub(super) written: AtomicU64,
}

impl Writer {
    /// Works until the decider leaves or is gone. Blocks; give it a thread.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match jobs.recv_timeout(if self.acts { POLL } else { SLOW_POLL }) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if self.tell.is_closed() {
                return;
            }
            // Woken after a long sleep, what others did comes first.
            let looked = self.look();
            match job {
                None => {}
                Some(Job::Leave) => {
                    if !self.superseded {
                        let _ = decisions::append(
                            &self.home,
                            &self.rules,
                            &Kind::EpochEnded { epoch: self.epoch },
                        );
                        let _ = self.look();
                    }
                    self.lock = None;
                    return self.say(News::Left);
                }
                Some(_) if self.superseded => {}
                Some(Job::Append(kind)) => self.append(kind),
                Some(Job::Beat(beat)) => self.beat(&beat, looked),
                // Samples are worth no word: the heartbeat tells what the disk is like.
                Some(Job::Samples(wall, lines)) => drop(self.spool.write(wall, &lines)),
            }
        }
    }

    fn say(&self, news: News) {
        let _ = self.tell.blocking_send(news);
    }

    fn append(&mut self, kind: Kind) {
        let written = decisions::append(&self.home, &self.rules, &kind);
        let refused = match written {
            Ok(Ok(_)) => None,
            Ok(Err(why)) => Some(News::Refused(kind, why)),
            Err(e) => Some(News::Unwritten(kind, told(&e))),
        };
        // What it was refused for is known before the refusal is.
        let _ = self.look();
        refused.into_iter().for_each(|news| self.say(news));
    }

    fn beat(&mut self, beat: &Beat, looked: Result<(), String>) {
        let now = clock::now();
        if self.acts && self.lock.is_none() {
            self.lock = super::lock::take(&self.home, Duration::ZERO).ok().flatten();
        }
        if !self.acts && wants::fresh(&self.home, &now) {
            self.say(News::Wanted);
        }
        let written = beat.write(&self.home).map_err(|e| clean_line(&format!("the heartbeat: {e}")));
        let open = || {
            let path = decisions::path(&self.home);
            real().open(&path, 0o600).map(drop).map_err(|e| clean_line(&format!("{}: {e}", path.display())))
        };
        match looked.and(written).and_then(|()| open()) {
            Ok(()) => self.pulse.written.store(clock::now().boot, Relaxed),
            Err(why) => self.say(News::Unbeaten(why)),
        }
        self.pulse.beating.store(false, Relaxed);
    }

    /// Takes in what is new in the log, and says so. With a newer epoch there, nothing more is written.
    fn look(&mut self) -> Result<(), String> {
        let records = self.tail.poll().map_err(|e| told(&e))?;
        let newer = records.iter().rev().find_map(|r| match Kind::read(r) {
            Ok(Kind::EpochBegan { epoch, who, host, pid, taken_over, .. }) if epoch > self.epoch => {
                let why = taken_over.map(|why| format!(": {why}")).unwrap_or_default();
                Some((epoch, format!("{} (pid {pid} on {host}){why}", who.user)))
            }
            _ => None,
        });
        if !records.is_empty() {
            self.say(News::Records(records));
        }
        if let Some((epoch, by)) = newer
            && !std::mem::replace(&mut self.superseded, true)
        {
            self.say(News::Superseded(epoch, clean_line(&by)));
        }
        Ok(())
    }
}

fn told(e: &LogError) -> String {
    clean_line(&e.to_string())
}
