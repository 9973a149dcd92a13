//! The screen as the decider that only records, while nobody else decides.

use super::watch::{Deciding, Told};
use super::{Driver, News, Update};
use crate::clock;
use crate::engine::Engine;
use crate::engine::verdict::Standing;
use crate::model::reading::Reading;
use crate::model::time::{Millis, Now};
use std::time::Duration;

/// Milliseconds between two tries.
const EACH: Millis = 1_000;
/// Milliseconds between two heartbeats: a screen that only records may be found dead a little later than a watcher.
const BEAT: Millis = 4_000;
/// A session that is younger (milliseconds) takes over what the decider before it knew.
const YOUNG: Millis = 10_000;
/// How long leaving may take.
const LEAVE: Duration = Duration::from_secs(1);

/// This screen's own decider, when it has one.
pub(super) struct Recorder {
    deciding: Option<Deciding>,
    began: Millis,
    /// When the next try or heartbeat is due, boot milliseconds.
    due: Millis,
    trying: bool,
    /// Where the service stood in the last heartbeat.
    said: Option<Standing>,
}

impl Recorder {
    pub(super) fn new(now: &Now) -> Recorder {
        Recorder { deciding: None, began: now.boot, due: now.boot + EACH, trying: false, said: None }
    }

    /// Waits for what its decider tells; for ever where there is none. Cancel-safe.
    pub(super) async fn next(&mut self) -> Vec<Told> {
        match &mut self.deciding {
            Some(deciding) => deciding.next().await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn keep(&mut self, now: &Now, readings: &[Reading]) {
        if let Some(deciding) = &mut self.deciding {
            deciding.keep(now, readings);
        }
    }

    pub(super) fn slept(&mut self, now: &Now, ms: Millis) {
        if let Some(deciding) = &mut self.deciding {
            deciding.slept(now, ms);
        }
    }

    /// Milliseconds until the next heartbeat is due, or the next try where somebody else decides.
    pub(super) fn wait(&self, now: &Now) -> Millis {
        if self.deciding.is_some() { self.due.saturating_sub(now.boot) } else { EACH }
    }

    fn feed(&mut self, now: &Now, engine: &Engine) {
        if let Some(deciding) = &mut self.deciding {
            deciding.feed(now, engine);
            let standing = &engine.verdict().standing;
            if now.boot >= self.due || !self.said.as_ref().is_some_and(|said| said.same(standing)) {
                self.due = now.boot + BEAT;
                self.said = Some(standing.clone());
                deciding.beat(now, engine);
            }
        }
    }

    pub(super) async fn leave(&mut self) {
        if let Some(deciding) = self.deciding.take() {
            deciding.leave(LEAVE).await;
        }
    }
}

impl Driver {
    /// What is due on every turn: the decider hears what was judged, or this screen becomes it where nobody decides.
    pub(super) fn record(&mut self) {
        let now = clock::now();
        self.records.feed(&now, self.session.engine());
        let idle = self.records.deciding.is_none() && !self.records.trying;
        if !idle || self.setup.read_only || now.boot < self.records.due || self.session.is_decided(&now) {
            return;
        }
        self.records.trying = true;
        let (setup, tell) = (self.setup.clone(), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let begun = Deciding::begin(&setup, false);
            let _ = tell.blocking_send(News::Began(Box::new(begun)));
        });
    }

    /// Nobody else decides, or nothing came of it; a log that cannot be written is told by whoever follows it.
    pub(super) fn began(&mut self, begun: Result<Option<Deciding>, String>) -> Update {
        let now = clock::now();
        (self.records.trying, self.records.due) = (false, now.boot + EACH);
        if let Ok(Some(deciding)) = begun {
            if now.boot < self.records.began + YOUNG
                && let Some(before) = deciding.before()
                && before.at.boot_id == now.boot_id
            {
                self.session.restore(&before.kept, &now);
            }
            self.records.deciding = Some(deciding);
            self.records.due = now.boot;
        }
        Update::Changed
    }

    /// What its decider tells: the records come by the log as all others do.
    pub(super) fn told(&mut self, told: Vec<Told>) -> Update {
        for t in told {
            if let Told::Superseded(..) | Told::Yielded = t {
                self.records.deciding = None;
                self.records.due = clock::now().boot + EACH;
            }
        }
        Update::Changed
    }
}
