//! One look at a service, for commands that do not stay: sources are read until all have answered.

use super::Setup;
use super::watch::words;
use crate::clock;
use crate::engine::{Engine, Event};
use crate::model::reading::Reading;
use crate::model::time::Now;
use crate::session::decision::Decisions;
use crate::sources::{self, Batch};
use crate::supervisor::baseline;
use crate::supervisor::decisions::{Beat, host};
use crate::supervisor::raised::Raised;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long sources are waited for.
pub const PATIENCE: Duration = Duration::from_millis(4_500);

/// Answers of a source after which a signal that cannot be judged yet is not waited for any more: some know only by
/// comparing two answers.
const ENOUGH: u32 = 2;

/// Reads every source, at most for [`PATIENCE`], and judges. What people said counts; a time that a condition was held
/// before now counts only as far as an earlier heartbeat knows it. Needs a tokio runtime.
pub async fn glance(setup: &Setup, state: &Decisions) -> (Engine, Now) {
    let mut engine = Engine::new(&setup.playbook, &clock::now());
    told(&mut engine, setup, state);
    let (deliver, mut delivered) = mpsc::channel(1024);
    let _pollers = sources::start(&setup.playbook, &setup.environment, deliver);
    let read = setup.playbook.signals.iter().filter_map(|(id, s)| sources::source_of(id, s));
    let mut answers: BTreeMap<String, u32> = read.map(|s| (s, 0)).collect();
    let until = Instant::now() + PATIENCE;
    while !answers.is_empty() {
        let Ok(Some(batch)) = tokio::time::timeout_at(until, delivered.recv()).await else { break };
        if let Some(n) = answers.get_mut(&batch.source).filter(|_| !batch.history) {
            *n += 1;
        }
        deliver_to(&mut engine, batch);
        let (fresh, all) = engine.answering();
        let heard = |least: u32| answers.values().all(|n| *n >= least);
        if heard(ENOUGH) || (heard(1) && fresh == all) {
            break;
        }
    }
    let now = clock::now();
    engine.handle(&now, Event::Tick);
    (engine, now)
}

/// What is known without reading anything.
fn told(engine: &mut Engine, setup: &Setup, state: &Decisions) {
    let now = clock::now();
    for (signal, known) in baseline::known(&setup.playbook, &setup.folder) {
        engine.handle(&now, Event::Baseline { signal, known });
    }
    engine.handle(&now, Event::Incident(state.incident.as_ref().map(|i| now.boot_of(&i.since))));
    let mut people = Raised::of(&setup.folder, &setup.playbook.signals);
    for event in people.iter_mut().flat_map(Raised::poll) {
        engine.handle(&now, event);
    }
    if let Some(last) = Beat::read(&setup.folder) {
        engine.restore(&last.kept, &now);
    }
}

fn deliver_to(engine: &mut Engine, batch: Batch) {
    let now = clock::now();
    if !batch.history {
        engine.handle(&now, Event::Readings(batch.readings));
        return;
    }
    for event in Event::past(batch.readings.into_iter().filter_map(Reading::point)) {
        engine.handle(&now, event);
    }
}

/// The same as a heartbeat would say it, of nobody who decides.
pub fn as_beat(setup: &Setup, engine: &Engine, now: &Now) -> Beat {
    let verdict = engine.verdict();
    Beat {
        epoch: 0,
        acts: false,
        host: host(),
        pid: std::process::id(),
        at: now.clone(),
        watching_since: now.clone(),
        trouble: None,
        standing: verdict.standing.clone(),
        text: words::verdict(&setup.playbook, engine),
        standing_since: now.wall - (now.boot as i64 - verdict.since),
        evidence: words::evidence(engine),
        answering: engine.answering(),
        stage: engine.stage(now.boot as i64),
        signals: words::signals(&setup.playbook, engine, now),
        triggers: words::triggers(engine, now),
        kept: Vec::new(),
    }
}
