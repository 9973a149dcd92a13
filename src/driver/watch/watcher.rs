//! The loop of a watcher: sources → engine → decisions, a heartbeat each second, and what the service manager is told.

use super::deciding::{Deciding, Told};
use super::lines::Lines;
use super::systemd::Systemd;
use super::{End, Stop, spool, words};
use crate::clock;
use crate::driver::{SLEPT, Setup, WAITING, poll};
use crate::engine::{self, Engine};
use crate::model::reading::{Reading, Spooled};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::session::decision::{Kind, story};
use crate::sources::{Batch, Pollers};
use crate::supervisor::baseline;
use crate::supervisor::raised::Raised;
use indexmap::IndexMap;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Between two heartbeats.
const BEAT: Duration = Duration::from_secs(1);
/// Milliseconds of samples that are taken over from whoever decided before.
const TAKEN_OVER: i64 = 6 * 3_600_000;

/// See the module.
pub(super) struct Watcher {
    setup: Arc<Setup>,
    engine: Engine,
    pub(super) deciding: Deciding,
    delivered: mpsc::Receiver<Batch>,
    _pollers: Pollers,
    baselines: mpsc::Receiver<Baselines>,
    known: mpsc::Sender<Baselines>,
    pub(super) systemd: Systemd,
    pub(super) lines: Lines,
    /// Whether each source answered last.
    up: HashMap<String, bool>,
    ready: bool,
    status: String,
    /// What people raise and count.
    raised: Option<Raised>,
    asleep: Millis,
}

type Baselines = IndexMap<String, Result<engine::baseline::Known, String>>;

impl Watcher {
    pub(super) async fn new(
        setup: Arc<Setup>,
        deciding: Deciding,
        systemd: Systemd,
        lines: Lines,
    ) -> Watcher {
        let now = clock::now();
        let (deliver, delivered) = mpsc::channel(WAITING);
        let (known, baselines) = mpsc::channel(4);
        let mut engine = Engine::new(&setup.playbook, &now);
        let home = setup.folder.clone();
        let samples = tokio::task::spawn_blocking(move || spool::since(&home, now.wall - TAKEN_OVER))
            .await
            .unwrap_or_default();
        let now = clock::now();
        // Of whoever decided before.
        let number = |s: Spooled| Some((s.signal, s.series, s.at, s.value?.as_f64()?));
        for event in engine::Event::past(samples.into_iter().filter_map(number)) {
            engine.handle(&now, event);
        }
        let mut raised = Raised::of(&setup.folder, &setup.playbook.signals);
        for event in raised.iter_mut().flat_map(Raised::poll) {
            engine.handle(&now, event);
        }
        if let Some(incident) = &deciding.state().incident {
            engine.handle(&now, engine::Event::Incident(Some(now.boot_of(&incident.since))));
        }
        if let Some(beat) = deciding.before() {
            let mut kept = beat.kept.clone();
            if beat.at.boot_id != now.boot_id && now.wall < beat.at.wall {
                // The clock was set back: what was earned is not known any more.
                kept.iter_mut().for_each(|k| k.earned = 0);
            }
            engine.restore(&kept, &now);
        }
        let mut it = Watcher {
            _pollers: poll(&setup, &deliver, &tokio::runtime::Handle::current()),
            setup,
            engine,
            deciding,
            delivered,
            baselines,
            known,
            systemd,
            lines,
            up: HashMap::new(),
            ready: false,
            status: String::new(),
            raised,
            asleep: clock::asleep(&now),
        };
        it.learn();
        let p = &it.setup.playbook;
        let (signals, triggers) = (p.signals.len(), p.triggers.len());
        let text = format!(
            "deciding for {} {}: {signals} signals, {triggers} triggers, epoch {}",
            clean_line(&p.service.title),
            it.setup.environment,
            it.deciding.epoch()
        );
        it.lines.say(now.wall, "watching", &text, json!({ "epoch": it.deciding.epoch() }));
        it.deciding.feed(&now, &it.engine);
        it
    }

    /// Goes on until it is told to end, or somebody takes over.
    pub(super) async fn watch(&mut self, stop: &mut Stop) -> End {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut watchdog = Instant::now();
        loop {
            let now = clock::now();
            let due =
                self.engine.next_deadline().map_or(1_000, |d| d.saturating_sub(now.boot)).clamp(5, 1_000);
            enum Came {
                Batch(Batch),
                Told(Vec<Told>),
                Known(Baselines),
                Beat,
                Nothing,
            }
            let came = tokio::select! {
                () = stop.asked() => return End::Left,
                Some(batch) = self.delivered.recv() => Came::Batch(batch),
                told = self.deciding.next() => Came::Told(told),
                Some(known) = self.baselines.recv() => Came::Known(known),
                _ = beat.tick() => Came::Beat,
                () = tokio::time::sleep(Duration::from_millis(due)) => Came::Nothing,
            };
            let now = clock::now();
            self.notice_sleep(&now);
            let mut beats = false;
            match came {
                Came::Batch(batch) => {
                    self.deliver(&now, batch);
                    // All that is ready is judged together.
                    for _ in 0..WAITING {
                        let Ok(more) = self.delivered.try_recv() else { break };
                        self.deliver(&now, more);
                    }
                }
                Came::Told(told) => {
                    for told in told {
                        if let Some(end) = self.hear(&now, told) {
                            return end;
                        }
                    }
                }
                Came::Known(known) => {
                    for (signal, known) in known {
                        self.engine.handle(&now, engine::Event::Baseline { signal, known });
                    }
                }
                Came::Beat => beats = true,
                Came::Nothing => {}
            }
            self.engine.handle(&now, engine::Event::Tick);
            self.deciding.feed(&now, &self.engine);
            if beats {
                self.deciding.beat(&now, &self.engine);
            }
            self.tell_status();
            if let Some(every) = self.systemd.every()
                && self.deciding.trouble().is_none()
                && (watchdog.elapsed() >= every || beats)
            {
                self.systemd.tell("WATCHDOG=1");
                watchdog = Instant::now();
            }
        }
    }

    /// Tells the service manager where things stand, when that is news.
    fn tell_status(&mut self) {
        let status = match self.deciding.trouble() {
            Some(why) => format!("NOTHING CAN BE RECORDED, nothing is decided: {why}"),
            None => words::verdict(&self.setup.playbook, &self.engine),
        };
        if status != self.status {
            self.systemd.status(&status);
            self.status = status;
        }
    }

    fn notice_sleep(&mut self, now: &Now) {
        let asleep = clock::asleep(now);
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.asleep, asleep));
        if slept > SLEPT {
            self.engine.handle(now, engine::Event::HostSlept);
            self.deciding.slept(now, slept);
        }
    }

    fn deliver(&mut self, now: &Now, batch: Batch) {
        if batch.history {
            for event in engine::Event::past(batch.readings.into_iter().filter_map(Reading::point)) {
                self.engine.handle(now, event);
            }
            return;
        }
        let answers = batch.readings.iter().any(|r| r.value.is_ok());
        if self.up.insert(batch.source.clone(), answers) != Some(answers) {
            let why = batch.readings.iter().find_map(|r| r.value.as_ref().err());
            let text = match (answers, why) {
                (true, _) => format!("{} answers", batch.source),
                (false, why) => {
                    format!("{} does not answer: {}", batch.source, why.map_or("no reason", |w| w))
                }
            };
            self.lines.say(now.wall, "source", &text, json!({ "source": batch.source, "up": answers }));
        }
        self.deciding.keep(now, &batch.readings);
        self.engine.handle(now, engine::Event::Readings(batch.readings));
        let (fresh, of) = self.engine.answering();
        if !self.ready && of > 0 && fresh == of {
            self.ready = true;
            self.lines.say(now.wall, "ready", &format!("all {of} signals answer"), json!({ "signals": of }));
        }
    }

    fn hear(&mut self, now: &Now, told: Told) -> Option<End> {
        match told {
            Told::Records(records) => {
                for event in self.raised.iter_mut().flat_map(Raised::poll) {
                    self.engine.handle(now, event);
                }
                records.iter().for_each(|r| self.take_in(now, r));
            }
            Told::Trouble(why) => {
                let text = match &why {
                    Some(why) => format!("nothing can be recorded, so nothing is decided: {why}"),
                    None => "records can be written again".to_owned(),
                };
                eprintln!("ripcord watch: {text}");
                self.lines.say(now.wall, "disk", &text, json!({ "writable": why.is_none() }));
            }
            Told::Superseded(epoch, by) => {
                let text = format!("epoch {epoch} was begun by {by}: this watcher decides no more");
                self.lines.say(now.wall, "superseded", &text, json!({ "epoch": epoch }));
                return Some(End::Superseded(text));
            }
            Told::Yielded => return Some(End::Left),
        }
        None
    }

    /// What an incident or a mark changes for the engine; everything on record is printed.
    fn take_in(&mut self, now: &Now, record: &Record) {
        let Ok(kind) = Kind::read(record) else { return };
        match &kind {
            Kind::IncidentOpened { .. } => {
                self.engine.handle(now, engine::Event::Incident(Some(now.boot_of(&record.at))));
            }
            Kind::IncidentReopened { since, .. } => {
                self.engine.handle(now, engine::Event::Incident(Some(now.boot_of(since))));
            }
            Kind::IncidentClosed { .. } => {
                self.engine.handle(now, engine::Event::Incident(None));
                self.learn();
            }
            Kind::Marked { .. } => self.learn(),
            _ => {}
        }
        let told = story::tell(Some(&self.setup.playbook), record).map(|t| t.text);
        self.lines.say(record.at.wall, &record.kind, &told.unwrap_or_default(), record.body.clone());
    }

    /// Reads anew what is normal, away from the loop.
    fn learn(&self) {
        let (setup, known) = (self.setup.clone(), self.known.clone());
        tokio::task::spawn_blocking(move || {
            let _ = known.blocking_send(baseline::known(&setup.playbook, &setup.folder));
        });
    }
}
