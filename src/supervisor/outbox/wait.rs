//! Queueing from an async place, and what has come of it a short while later.

use super::{load, queue, tail};
use crate::session::outbox::{Fate, Letter, Outbox, Phase, Posted};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the outcome is waited for at most: nobody is held up by a receiver.
pub(in crate::supervisor) const PATIENCE: Duration = Duration::from_secs(5);
/// How often the log is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Queues all of these, off this thread.
///
/// # Errors
/// The first that cannot be written, in words.
pub(in crate::supervisor) async fn queue_all(home: &Path, letters: Vec<Letter>) -> Result<(), String> {
    let home = home.to_owned();
    let queued = tokio::task::spawn_blocking(move || {
        letters.iter().try_for_each(|letter| queue(&home, letter).map(drop).map_err(|e| e.to_string()))
    });
    queued.await.unwrap_or_else(|e| Err(e.to_string()))
}

/// What is on record of these letters as soon as all of them are settled, or after this time.
pub(in crate::supervisor) async fn outcome(
    home: &Path,
    ids: &[String],
    limit: Duration,
) -> Vec<Option<Posted>> {
    let since = Instant::now();
    let (mut tail, mut outbox) = (tail(home), Outbox::default());
    loop {
        for record in tail.poll().unwrap_or_default() {
            // A record of no known kind says nothing of these.
            let _ = outbox.take(&record);
        }
        let open = |id: &String| outbox.letters.get(id).is_none_or(|p| p.fate == Fate::Waiting);
        if since.elapsed() >= limit || !ids.iter().any(open) {
            return ids.iter().map(|id| outbox.letters.get(id).cloned()).collect();
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What has come of a letter, in words.
pub fn words(posted: Option<&Posted>) -> String {
    let Some(p) = posted else { return "it is not on record".to_owned() };
    match p.fate {
        Fate::Delivered => format!("delivered: {}", p.detail),
        Fate::Waiting => {
            let why = if p.detail.is_empty() { "no answer yet" } else { &p.detail };
            format!("not delivered yet ({why}): it goes on being tried")
        }
        Fate::GivenUp => format!("NOT delivered: {}", p.detail),
        Fate::HeldBack => format!("held back: {}", p.detail),
    }
}

/// Where the next letter of this thread stands when nobody says: it opens one where none is open, else it is an update.
pub(in crate::supervisor) fn phase_of(outbox: &Outbox, channel: &str, thread: &str) -> Phase {
    let same = |p: &&Posted| p.letter.channel == channel && p.letter.thread == thread;
    let counts = |p: &&Posted| matches!(p.fate, Fate::Waiting | Fate::Delivered);
    match outbox.letters.values().filter(same).rfind(counts) {
        Some(p) if p.letter.phase != Phase::Close => Phase::Update,
        _ => Phase::Open,
    }
}

/// The thread of a run's letters: that of its first one, else the incident's, else its own.
pub(in crate::supervisor) fn thread_of(home: &Path, run: &str, incident: Option<&str>) -> (Outbox, String) {
    let outbox = load(home).unwrap_or_default();
    let first = outbox.letters.values().find(|p| p.letter.run.as_deref() == Some(run));
    let thread = first.map(|p| p.letter.thread.clone());
    let thread = thread.or_else(|| incident.map(str::to_owned)).unwrap_or_else(|| run.to_owned());
    (outbox, thread)
}
