//! Records on their way to receivers, as they are written: at least once, in the order of their log, by one process of a home.
//!
//! The cursor's file (`audit.json`) says for each receiver how far each log was taken; it moves only behind what was taken, so
//! nothing is lost over restarts. Nobody who writes a record waits for this: it reads the logs, in a thread of its own.

mod cursor;
mod lines;

pub use cursor::{Cursor, State, Trouble};

use super::of_home;
use super::target::{self, Sent};
use crate::clock;
use crate::config::audit::Receiver;
use crate::journal::access::Sharing;
use crate::journal::{Hold, real};
use crate::model::text::clean_line;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two looks at the logs.
const EVERY: Duration = Duration::from_secs(1);
/// Between two tries for the lock: somebody else forwards.
const STAND_BY: Duration = Duration::from_secs(5);
/// Milliseconds until a receiver that failed is tried again, doubled each time up to the second.
const BACK_OFF: (i64, i64) = (1_000, 60_000);

/// The thread that forwards while its process lives.
#[derive(Debug)]
pub struct Forwarder {
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Begins to forward the records of a home. None when nobody is to receive them.
    pub fn start(home: &Path, receivers: Vec<Receiver>) -> Option<Forwarder> {
        if receivers.is_empty() {
            return None;
        }
        let (stop, stopped) = mpsc::channel();
        let home = home.to_owned();
        let work = move || while_alive(&home, &receivers, &stopped);
        let thread = std::thread::Builder::new().name("audit".into()).spawn(work);
        thread.map(|thread| Forwarder { stop, thread: Some(thread) }).ok()
    }

    /// Sends what is left, and waits for that no longer than this. What is not taken is left to the next process.
    pub fn finish(mut self, limit: Duration) {
        let _ = self.stop.send(());
        let since = Instant::now();
        while self.thread.as_ref().is_some_and(|t| !t.is_finished()) && since.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.thread = None;
    }
}

fn while_alive(home: &Path, receivers: &[Receiver], stopped: &mpsc::Receiver<()>) {
    // What the thread cannot do is tried again as long as its process lives.
    let over = |wait| !matches!(stopped.recv_timeout(wait), Err(mpsc::RecvTimeoutError::Timeout));
    loop {
        match Session::begin(home, receivers) {
            Ok(Some(mut session)) => loop {
                session.pass();
                if over(EVERY) {
                    session.pass();
                    return;
                }
            },
            _ if over(STAND_BY) => return,
            _ => {}
        }
    }
}

/// What came of one pass for one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Who.
    pub receiver: String,
    /// Records that were taken now.
    pub sent: u64,
    /// Why not all were.
    pub trouble: Option<String>,
}

/// Forwards what is there, once, whatever a receiver did before. `None`: another process does it.
///
/// # Errors
/// In words, when the home cannot be read or written.
pub fn once(home: &Path, receivers: &[Receiver]) -> Result<Option<Vec<Passed>>, String> {
    let Some(mut session) = Session::begin(home, receivers)? else { return Ok(None) };
    session.cursor.receivers.values_mut().for_each(|s| s.next = 0);
    Ok(Some(session.pass()))
}

/// What is wrong with the forwarding of a home, a line a receiver; empty when nothing is.
pub fn troubles(home: &Path) -> Vec<String> {
    let cursor = Cursor::load(home);
    let told = cursor.receivers.iter().filter_map(|(name, state)| {
        let t = state.failing.as_ref()?;
        let since = crate::report::timeline::rfc3339(t.since);
        Some(clean_line(&format!("records do not reach {name} since {since}: {}", t.why)))
    });
    told.collect()
}

/// The one who forwards, under its lock.
struct Session {
    home: PathBuf,
    service: String,
    environment: String,
    receivers: Vec<Receiver>,
    cursor: Cursor,
    runtime: tokio::runtime::Runtime,
    _lock: Hold,
}

impl Session {
    fn begin(home: &Path, receivers: &[Receiver]) -> Result<Option<Session>, String> {
        let mode = Sharing::of(home).map_err(|e| e.to_string())?.log_mode();
        let lock = match Hold::take(&*real(), &home.join("audit.lock"), mode, Duration::from_millis(100)) {
            Ok(lock) => lock,
            Err(crate::journal::LogError::Held { .. }) => return Ok(None),
            Err(e) => return Err(e.to_string()),
        };
        let name = home.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (service, environment) = name.rsplit_once('@').unwrap_or((&name, ""));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Some(Session {
            service: service.to_owned(),
            environment: environment.to_owned(),
            receivers: receivers.to_vec(),
            cursor: Cursor::load(home),
            runtime: runtime.map_err(|e| e.to_string())?,
            home: home.to_owned(),
            _lock: lock,
        }))
    }

    /// Sends what is new to each receiver that is not waited for.
    fn pass(&mut self) -> Vec<Passed> {
        let mut out = Vec::new();
        for receiver in self.receivers.clone() {
            let name = target::name(&receiver);
            let now = clock::now().wall;
            if self.cursor.receivers.get(&name).is_some_and(|s| s.next > now) {
                continue;
            }
            let (sent, done) = self.to(&receiver, &name);
            let state = self.cursor.receivers.entry(name.clone()).or_default();
            let was = state.failing.is_some();
            match &done {
                Ok(()) => (state.failing, state.tries, state.next) = (None, 0, 0),
                Err(why) => {
                    let since = state.failing.as_ref().map_or(now, |t| t.since);
                    let wait = BACK_OFF.0.saturating_mul(1 << state.tries.min(10)).min(BACK_OFF.1);
                    (state.tries, state.next) = (state.tries + 1, now + wait);
                    state.failing = Some(Trouble { since, why: why.clone() });
                }
            }
            if (was || done.is_err())
                && let Err(e) = self.cursor.save(&self.home)
            {
                eprintln!("audit.json: {e}");
            }
            out.push(Passed { receiver: name, sent, trouble: done.err() });
        }
        out
    }

    /// Sends all that is new to one receiver; how many it took, and why not all.
    fn to(&mut self, receiver: &Receiver, name: &str) -> (u64, Result<(), String>) {
        let mut sent = 0;
        let places = match of_home(&self.service, &self.environment, &self.home) {
            Ok(places) => places,
            Err(e) => return (0, Err(e.to_string())),
        };
        for place in places {
            loop {
                let log = place.name(&self.home);
                let state = self.cursor.receivers.entry(name.to_owned()).or_default();
                let at = state.logs.get(&log).cloned().unwrap_or_default();
                let lines = match lines::next(&place, &at) {
                    Ok(lines) if lines.is_empty() => break,
                    Ok(lines) => lines,
                    Err(e) => return (sent, Err(format!("{log}: {e}"))),
                };
                let rows: Vec<Sent> = lines.iter().map(|l| l.sent.clone()).collect();
                let (taken, done) = target::send(&self.runtime, receiver, &rows);
                if let Some(last) = taken.checked_sub(1).and_then(|i| lines.get(i)) {
                    state.logs.insert(log, last.after.clone());
                    state.sent += taken as u64;
                    sent += taken as u64;
                    if let Err(e) = self.cursor.save(&self.home) {
                        return (sent, Err(format!("audit.json: {e}")));
                    }
                }
                if done.is_err() {
                    return (sent, done);
                }
            }
        }
        (sent, Ok(()))
    }
}

#[cfg(test)]
mod tests;
