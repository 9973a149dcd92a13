//! Many services, read from what is on record of them: no source is asked, nothing is written, and a thread of its own does
//! it. And the desk of a screen: a service, the fleet, or both.

mod desk;
mod facts;
mod reader;
mod samples;
mod site;

pub use desk::{Desk, Open};
pub use reader::Sources;

use crate::clock;
use crate::model::time::Now;
use crate::session::view::fleet::{FleetRow, FleetView};
use crate::supervisor::person::person;
use reader::{Origin, Reader, Swept};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tokio::sync::watch;

/// Between two sweeps.
const EACH: Duration = Duration::from_secs(1);

/// What was found last.
#[derive(Debug, Clone, Default)]
struct Found {
    rows: Arc<Vec<Arc<FleetRow>>>,
    playbooks: usize,
    origins: Arc<BTreeMap<usize, Origin>>,
    starting: bool,
}

impl From<Swept> for Found {
    fn from(s: Swept) -> Found {
        let (rows, origins) = (Arc::new(s.rows), Arc::new(s.origins));
        Found { rows, playbooks: s.playbooks, origins, starting: false }
    }
}

/// The fleet, followed by a thread that ends with it.
#[derive(Debug)]
struct Fleet {
    found: watch::Receiver<Found>,
    /// Whether anybody looks.
    look: Sender<bool>,
    looks: bool,
    /// When a sweep ended last, boot milliseconds.
    swept: Arc<AtomicU64>,
    user: String,
}

impl Fleet {
    /// Starts to follow.
    fn start(sources: Sources) -> Fleet {
        let (tell, found) = watch::channel(Found { starting: true, ..Found::default() });
        let (look, looked) = std::sync::mpsc::channel();
        let swept = Arc::new(AtomicU64::new(clock::now().boot));
        let stamp = swept.clone();
        std::thread::Builder::new()
            .name("fleet".into())
            .spawn(move || follow(sources, &tell, &looked, &stamp))
            .expect("a thread can be started for a person who opens a screen");
        Fleet { found, look, looks: true, swept, user: person().user }
    }

    /// Reads on, or rests while nobody looks.
    fn look(&mut self, looks: bool) {
        if looks != self.looks {
            self.looks = looks;
            self.swept.store(clock::now().boot, Ordering::Relaxed);
            let _ = self.look.send(looks);
        }
    }

    /// Waits for something new. Cancel-safe.
    async fn changed(&mut self) {
        if self.found.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn view(&self, now: &Now) -> FleetView {
        let found = self.found.borrow();
        FleetView {
            now: now.clone(),
            user: self.user.clone(),
            playbooks: found.playbooks,
            rows: found.rows.clone(),
            starting: found.starting,
            read_ms: now.boot.saturating_sub(self.swept.load(Ordering::Relaxed)),
            open: None,
        }
    }
}

fn follow(sources: Sources, tell: &watch::Sender<Found>, looked: &Receiver<bool>, swept: &AtomicU64) {
    let mut reader = Reader::new(sources);
    let mut looks = true;
    loop {
        if looks {
            if let Some(new) = reader.sweep(&clock::now())
                && tell.send(new.into()).is_err()
            {
                return;
            }
            swept.store(clock::now().boot, Ordering::Relaxed);
        }
        let next = if looks { looked.recv_timeout(EACH) } else { looked.recv().map_err(Into::into) };
        match next {
            Ok(wanted) => looks = wanted,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The fleet as it is on record now, read once.
pub fn once(sources: Sources) -> FleetView {
    let now = clock::now();
    let found: Found = Reader::new(sources).sweep(&now).map(Into::into).unwrap_or_default();
    FleetView {
        now: clock::now(),
        user: person().user,
        playbooks: found.playbooks,
        rows: found.rows,
        starting: false,
        read_ms: 0,
        open: None,
    }
}

#[cfg(test)]
mod tests;
