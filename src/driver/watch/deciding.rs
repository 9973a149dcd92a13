//! A program that decides for a service: it holds `decider.lock` and an epoch, runs the machine of decisions, performs what
//! that wants, and never waits in its caller's loop.
//!
//! A watcher's acts; a screen's only records, and lets go when a watcher wants to decide (`wants`). Whoever begins
//! a newer epoch ends this one: nothing is appended any more, and [`Told::Superseded`] says so.

use super::log::{Job, News, Pulse, Writer};
use super::perform::About;
use super::spool::{Spool, spooled};
use super::{lock, notices, runs, wants, words};
use crate::clock;
use crate::config::settings;
use crate::driver::Setup;
use crate::engine::Engine;
use crate::journal::Hold;
use crate::model::reading::Reading;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::session::decision::machine::{Effect, Event, Judged, Machine};
use crate::session::decision::{Decisions, Kind, Rules};
use crate::supervisor::audit::forward::Forwarder;
use crate::supervisor::decisions::{self, Beat, host};
use crate::supervisor::outbox::Courier;
use crate::supervisor::person::person;
use crate::supervisor::{self, deed, ticket};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// News that may wait for the loop.
const WAITING: usize = 256;
/// How long the lock is waited for: a reader that looks at it holds it for a moment.
const HOLD: Duration = Duration::from_millis(100);
/// Milliseconds after which the machine hears that a record could not be written, and wants it again.
const AGAIN: Millis = 1_000;
/// Milliseconds between two looks at items that judge themselves by a condition, and between two questions to the world.
const LOOK: Millis = 1_000;
const ASK: Millis = 10_000;
/// The longest that it waits with nothing to do, milliseconds.
const IDLE: Millis = 5_000;
/// Milliseconds without a heartbeat on disk after which nothing counts as recorded.
const STUCK: Millis = 5_000;

/// What a turn brought.
#[derive(Debug)]
pub enum Told {
    /// Records were appended, by whomever, in their order.
    Records(Vec<Record>),
    /// Nothing can be recorded, so nothing is decided (in words), or it can again.
    Trouble(Option<String>),
    /// Somebody else decides from here, in this epoch, in words. This decider appends nothing any more: drop it.
    Superseded(u64, String),
    /// A watcher wants to decide, and this decider has left: drop it.
    Yielded,
}

/// See the module.
pub struct Deciding {
    setup: Arc<Setup>,
    epoch: u64,
    acts: bool,
    /// Where its tasks run.
    runtime: tokio::runtime::Handle,
    since: Now,
    machine: Machine,
    jobs: Sender<Job>,
    news: mpsc::Receiver<News>,
    tell: mpsc::Sender<News>,
    open: runs::Open,
    /// Records that could not be written, and when the machine hears of it.
    unwritten: Vec<(Millis, Kind, String)>,
    /// Why nothing can be recorded, and since when (boot milliseconds).
    trouble: Option<(String, Millis)>,
    pulse: Arc<Pulse>,
    /// Sends what is on record to its receivers, while somebody decides here.
    _forwarder: Option<Forwarder>,
    before: Option<Beat>,
    leaving: bool,
    /// When items of checklists that judge themselves are looked at again, and asked again (boot milliseconds).
    look: Millis,
    ask: Millis,
    /// They are being asked.
    asking: Option<tokio::task::JoinHandle<()>>,
    /// The incident that was open last.
    incident: Option<(String, Now)>,
    /// Tells the courier of this folder's letters to end.
    over: Arc<AtomicBool>,
}

impl Drop for Deciding {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
    }
}

impl Deciding {
    /// Begins to decide where nobody does; none where somebody does (or, for a screen, where a watcher wants to). Blocks
    /// for up to some seconds when the disk is slow: not for a loop that must answer. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the log or the lock cannot be read or written, in words.
    pub fn begin(setup: &Setup, acts: bool) -> Result<Option<Deciding>, String> {
        decisions::make_home(&setup.folder).map_err(|e| format!("{}: {e}", setup.folder.display()))?;
        if !acts && wants::fresh(&setup.folder, &clock::now()) {
            return Ok(None);
        }
        let Some(hold) = lock::take(&setup.folder, HOLD).map_err(|e| e.to_string())? else { return Ok(None) };
        // The lock is free, and yet somebody decides: they took over from a holder that slept, which has died since.
        let beat = Beat::read(&setup.folder);
        if let Some(b) =
            beat.filter(|b| b.is_fresh(&clock::now()) && b.is_there() && b.pid != std::process::id())
        {
            let state = decisions::load(&setup.folder).map_err(|e| e.to_string())?;
            if state.decider.is_some_and(|d| d.epoch == b.epoch && !d.left) {
                return Ok(None);
            }
        }
        Deciding::with(setup, acts, Some(hold), None).map(Some)
    }

    /// Takes over from a decider that holds the lock and has been silent for too long, as a watcher.
    ///
    /// # Errors
    /// When somebody decides who is not silent, and as for [`Deciding::begin`].
    pub fn take_over(setup: &Setup, reason: &str) -> Result<Deciding, String> {
        decisions::make_home(&setup.folder).map_err(|e| format!("{}: {e}", setup.folder.display()))?;
        let hold = lock::take(&setup.folder, HOLD).map_err(|e| e.to_string())?;
        let now = clock::now();
        let beat = Beat::read(&setup.folder);
        if let Some(b) = beat.filter(|b| hold.is_none() && b.is_fresh(&now)) {
            let s = b.age(&now) / 1000;
            return Err(format!(
                "pid {} on {} decides, and was heard {s} s ago: there is nothing to take over",
                b.pid, b.host
            ));
        }
        Deciding::with(setup, true, hold, Some(clean_line(reason)))
    }

    fn with(
        setup: &Setup,
        acts: bool,
        lock: Option<Hold>,
        taken_over: Option<String>,
    ) -> Result<Deciding, String> {
        let home = setup.folder.clone();
        let before = Beat::read(&home);
        let mut tail = decisions::tail(&home);
        let mut records = tail.poll().map_err(|e| e.to_string())?;
        let rules = Rules::of(&setup.playbook, &setup.environment);
        let mut epoch = 0;
        for _ in 0..3 {
            let state = Decisions::fold(&records)?;
            epoch = state.decider.map_or(0, |d| d.epoch) + 1;
            let began = Kind::EpochBegan {
                epoch,
                host: host(),
                pid: std::process::id(),
                who: person(),
                acts,
                taken_over: taken_over.clone(),
            };
            let written = decisions::append(&home, &rules, &began).map_err(|e| e.to_string())?;
            records.extend(tail.poll().map_err(|e| e.to_string())?);
            match written {
                Ok(_) => break,
                // Somebody began this very epoch meanwhile.
                Err(_) => epoch = 0,
            }
        }
        if epoch == 0 {
            return Err("others began to decide at the same time".into());
        }
        let state = Decisions::fold(&records)?;
        if acts {
            wants::done(&home);
        }
        let machine = Machine::new(&setup.playbook, &setup.environment, epoch, acts, state);
        let (tell, news) = mpsc::channel(WAITING);
        let (jobs, work) = std::sync::mpsc::channel();
        let open = runs::Open::default();
        let now = clock::now();
        let pulse = Arc::new(Pulse { written: now.boot.into(), ..Pulse::default() });
        let writer = Writer {
            home: home.clone(),
            rules,
            epoch,
            acts,
            tail,
            lock,
            tell: tell.clone(),
            spool: Spool::new(&home),
            superseded: false,
            pulse: pulse.clone(),
        };
        let thread = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(work).map_err(|e| e.to_string())
        };
        thread("decisions", Box::new(move || writer.run(&work)))?;
        let forwarder = Forwarder::start(&home, settings::of_process().audit);
        let (follow, news_of_runs) = (open.clone(), tell.clone());
        thread("runs", Box::new(move || runs::follow(&home, acts, &follow, &news_of_runs)))?;
        let mut it = Deciding {
            setup: Arc::new(setup.clone()),
            epoch,
            acts,
            runtime: tokio::runtime::Handle::current(),
            since: now.clone(),
            machine,
            jobs,
            news,
            tell,
            open,
            unwritten: Vec::new(),
            trouble: None,
            pulse,
            _forwarder: forwarder,
            before,
            leaving: false,
            look: 0,
            ask: 0,
            asking: None,
            incident: None,
            over: Arc::default(),
        };
        it.follow_open();
        // Of what happened while nobody decided people were not told.
        it.tell_people(&now, &records);
        // A screen has a courier of its own, which sleeps while nothing is new.
        if it.acts {
            let (courier, over) = (Courier::new(&it.setup.folder), it.over.clone());
            it.runtime.spawn(async move {
                // What is under way is not broken off.
                courier.until(over).await.settle(|_| false, Duration::ZERO).await;
            });
        }
        Ok(it)
    }

    /// The number of its epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What is on record.
    pub fn state(&self) -> &Decisions {
        self.machine.state()
    }

    /// Why nothing can be recorded now, when that is so.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_ref().map(|(why, _)| why.as_str())
    }

    /// The heartbeat of whoever decided before.
    pub fn before(&self) -> Option<&Beat> {
        self.before.as_ref()
    }

    /// Tells the machine what the engine says now.
    pub fn feed(&mut self, now: &Now, engine: &Engine) {
        let t = now.boot as i64;
        let triggers = engine.triggers(t).into_iter().map(|s| {
            let force = engine.in_force(&s.id, t);
            Judged {
                id: s.id,
                state: s.state,
                truth: s.truth,
                evidence: s.evidence,
                cell: force.cell,
                stage: force.stage,
                note: force.note,
            }
        });
        let (triggers, verdict) = (triggers.collect(), engine.verdict());
        let judged = Event::Judged {
            triggers,
            standing: verdict.standing.clone(),
            evidence: verdict.evidence.clone(),
        };
        let said = crate::session::conditions(&self.setup.playbook, engine, now);
        self.handle(now, Event::Conditions(said));
        self.handle(now, judged);
        self.items(now, engine);
    }

    /// Items of checklists that judge themselves: conditions by the engine, the others by asking, calmly and never waited
    /// for.
    fn items(&mut self, now: &Now, engine: &Engine) {
        if now.boot >= self.look {
            self.look = now.boot + LOOK;
            let said = crate::session::judged(&self.setup.playbook, engine, now);
            if !said.is_empty() {
                self.handle(now, Event::Items(said));
            }
        }
        let idle = self.asking.as_ref().is_none_or(tokio::task::JoinHandle::is_finished);
        if now.boot < self.ask || !idle || self.leaving {
            return;
        }
        self.ask = now.boot + ASK;
        if deed::asks(&self.setup.playbook) {
            let (setup, tell) = (self.setup.clone(), self.tell.clone());
            self.asking = Some(tokio::spawn(async move {
                let context = supervisor::context("items", "", None, &setup.hash, &setup.folder);
                let said = deed::judged(&setup.playbook, &setup.environment, &context).await;
                drop(tell.send(News::Event(Event::Items(said))).await);
            }));
        }
    }

    /// The host slept so many milliseconds.
    pub fn slept(&mut self, now: &Now, ms: Millis) {
        self.handle(now, Event::HostSlept(ms));
    }

    /// Keeps samples as they came.
    pub fn keep(&mut self, now: &Now, readings: &[Reading]) {
        // Behind a disk that hangs nothing is heaped up.
        if now.boot.saturating_sub(self.pulse.written.load(Relaxed)) <= STUCK {
            let _ = self.jobs.send(Job::Samples(now.wall, readings.iter().map(spooled).collect()));
        }
    }

    /// Writes the heartbeat; to be called each second.
    pub fn beat(&mut self, now: &Now, engine: &Engine) {
        if self.leaving || self.pulse.beating.swap(true, Relaxed) {
            return;
        }
        let verdict = engine.verdict();
        let beat = Beat {
            epoch: self.epoch,
            acts: self.acts,
            host: host(),
            pid: std::process::id(),
            at: now.clone(),
            watching_since: self.since.clone(),
            trouble: self.trouble().map(str::to_owned),
            standing: verdict.standing.clone(),
            text: words::verdict(&self.setup.playbook, engine),
            standing_since: now.wall - (now.boot as i64 - verdict.since),
            evidence: words::evidence(engine),
            stage: engine.stage(now.boot as i64),
            answering: engine.answering(),
            signals: words::signals(&self.setup.playbook, engine, now),
            triggers: words::triggers(engine, now),
            kept: engine.kept(now),
        };
        let _ = self.jobs.send(Job::Beat(Box::new(beat)));
    }

    /// Waits for what comes next; may answer nothing. Cancel-safe.
    pub async fn next(&mut self) -> Vec<Told> {
        let now = clock::now();
        let mut told = Vec::new();
        self.feel_pulse(&now, &mut told);
        if !told.is_empty() {
            return told;
        }
        let due =
            self.machine.next_deadline().into_iter().chain(self.unwritten.iter().map(|(due, ..)| *due)).min();
        let wait = due.map_or(IDLE, |d| d.saturating_sub(now.boot)).clamp(5, IDLE);
        let came = tokio::select! {
            news = self.news.recv() => news,
            () = tokio::time::sleep(Duration::from_millis(wait)) => None,
        };
        let now = clock::now();
        let mut next = came;
        while let Some(news) = next {
            self.hear(&now, news, &mut told);
            next = self.news.try_recv().ok();
        }
        let due: Vec<(Kind, String)> = self
            .unwritten
            .extract_if(.., |(at, ..)| *at <= now.boot)
            .map(|(_, kind, why)| (kind, why))
            .collect();
        match due.is_empty() {
            true => self.handle(&now, Event::Tick),
            false => self.handle(&now, Event::Refused(due)),
        }
        told
    }

    /// Leaves in order; waits at most so long for the disk.
    pub async fn leave(mut self, patience: Duration) {
        self.leaving = true;
        if self.jobs.send(Job::Leave).is_err() {
            return;
        }
        let left = async {
            while let Some(news) = self.news.recv().await {
                if matches!(news, News::Left) {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(patience, left).await;
    }

    fn hear(&mut self, now: &Now, news: News, told: &mut Vec<Told>) {
        match news {
            News::Records(records) => {
                told.push(Told::Records(records.clone()));
                self.remember();
                self.handle(now, Event::Recorded(records.clone()));
                self.tell_people(now, &records);
                self.remember();
            }
            News::Refused(kind, why) => self.handle(now, Event::Refused(vec![(kind, why)])),
            News::Unwritten(kind, why) => {
                self.unwritten.push((now.boot + AGAIN, kind, why.clone()));
                self.judge_disk(Some(why), told);
            }
            News::Unbeaten(why) => self.judge_disk(Some(why), told),
            News::Superseded(epoch, by) => {
                self.leaving = true;
                told.push(Told::Superseded(epoch, by));
            }
            News::Wanted if !self.leaving => {
                self.leaving = true;
                let _ = self.jobs.send(Job::Leave);
            }
            News::Wanted => {}
            News::Left => told.push(Told::Yielded),
            News::Event(event) => self.handle(now, event),
        }
    }

    fn remember(&mut self) {
        let open = self.state().incident.as_ref().map(|i| (i.id.clone(), i.since.clone()));
        self.incident = open.or(self.incident.take());
    }

    /// Tells people of what happened, beside everything else.
    fn tell_people(&self, now: &Now, records: &[Record]) {
        if self.setup.playbook.notices.is_empty() || self.leaving {
            return;
        }
        let happened = |r| notices::happened(self.state(), self.incident.as_ref(), r, now);
        for happened in records.iter().filter_map(happened).filter(|h| h.matters(&self.setup.playbook)) {
            self.runtime.spawn(happened.tell(self.setup.clone()));
        }
    }

    /// What the heartbeat says of the disk.
    fn feel_pulse(&mut self, now: &Now, told: &mut Vec<Told>) {
        let written = self.pulse.written.load(Relaxed);
        match &self.trouble {
            None if self.pulse.beating.load(Relaxed) && now.boot.saturating_sub(written) > STUCK => {
                self.judge_disk(Some("the disk does not answer".into()), told);
            }
            // What could not be appended a moment ago is not mended by a heartbeat.
            Some((_, since)) if self.unwritten.is_empty() && written > *since => self.judge_disk(None, told),
            _ => {}
        }
    }

    fn judge_disk(&mut self, why: Option<String>, told: &mut Vec<Told>) {
        if why.is_some() != self.trouble.is_some() {
            told.push(Told::Trouble(why.clone()));
        }
        self.trouble = why.map(|why| (why, clock::now().boot));
    }

    fn handle(&mut self, now: &Now, event: Event) {
        if self.leaving {
            return;
        }
        for effect in self.machine.handle(now, event) {
            self.perform(effect);
        }
        self.follow_open();
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Append(kind) => drop(self.jobs.send(Job::Append(kind))),
            Effect::Freeze { clock, .. } => {
                let firing = self.state().clocks.get(&clock).map(|c| c.firing.clone()).unwrap_or_default();
                match self.about(&firing, Some(clock.clone())) {
                    Some(about) => self.spawn(about.freeze()),
                    None => self.answer(Event::Frozen { clock, plan: Err("it is not on record".into()) }),
                }
            }
            Effect::Start { firing, run, hash, by, .. } => {
                let attempts = self.state().attempts.values().flatten();
                let clock = attempts.filter(|a| a.run == run).find_map(|a| a.clock.clone());
                match self.about(&firing, clock) {
                    Some(about) => self.spawn(about.start(run, hash, by)),
                    None => {
                        let accepted = Err("its firing is not on record".into());
                        self.answer(Event::Started { firing, run, accepted });
                    }
                }
            }
            Effect::Ticket { incident } => {
                let Some(open) = self.state().incident.clone().filter(|i| i.id == incident) else {
                    return self.answer(Event::Ticketed { incident, name: Err("it is over".into()) });
                };
                let (setup, count) = (self.setup.clone(), self.state().incidents);
                self.spawn(async move {
                    let context =
                        supervisor::context("ticket", &open.reason, None, &setup.hash, &setup.folder);
                    let name =
                        ticket::open(&setup.playbook, &setup.environment, &context, &open, count).await;
                    Event::Ticketed { incident, name }
                });
            }
            Effect::Page { firing, text, .. } => match self.about(&firing, None) {
                Some(about) => {
                    // Of the same escalation people are told under the same name after a restart.
                    let untold = self.state().firings.get(&firing).and_then(|f| f.untold.first());
                    let at = untold.map_or_else(|| clock::now().wall, |(_, at)| at.wall);
                    self.spawn(about.page(text, at));
                }
                None => {
                    let detail = "its firing is not on record".into();
                    self.answer(Event::Paged { firing, ok: false, detail });
                }
            },
            Effect::Ring { climb, news, .. } => {
                let ladder = super::ladder::Ladder { setup: self.setup.clone(), state: self.state().clone() };
                self.spawn(ladder.ring(climb, news));
            }
        }
    }

    fn about(&self, firing: &str, of: Option<String>) -> Option<About> {
        let firing = self.state().firings.get(firing)?.clone();
        let now = clock::now();
        let since = self.state().incident.as_ref().map(|i| &i.since);
        let into_incident = since.map_or(0, |s| match s.boot_id == now.boot_id {
            true => now.boot.saturating_sub(s.boot),
            false => (now.wall - s.wall).max(0) as Millis,
        });
        Some(About { setup: self.setup.clone(), firing, clock: of, into_incident })
    }

    fn spawn(&self, task: impl Future<Output = Event> + Send + 'static) {
        let tell = self.tell.clone();
        tokio::spawn(async move { drop(tell.send(News::Event(task.await)).await) });
    }

    fn answer(&self, event: Event) {
        self.spawn(std::future::ready(event));
    }

    /// Which automatic runs are followed: those of which no end is on record.
    fn follow_open(&mut self) {
        let attempts = self.machine.state().attempts.values().flatten();
        let open: Vec<String> = attempts.filter(|a| a.ended.is_none()).map(|a| a.run.clone()).collect();
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
    }
}
