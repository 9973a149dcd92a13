//! Doing what the machine decides: records first, then the world.

use super::ask::{Told, World, ask};
use super::control::Inbox;
use super::follow::{Attempt, prepare, secret_env};
use super::{expect, http, socket, watch};
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{Disk, Hold, Log, LogError, atomic_write};
use crate::model::playbook::{StepKind, Wait};
use crate::model::probe::{Ask, Probe};
use crate::model::record::Record;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::record::Wish;
use crate::run::{Answer, Asked, Effect, Event, Kind, Machine, Outcome, Request};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Room kept in the journal before a step, so that a full disk is met before it and not after.
const ROOM: u64 = 64 * 1024;

/// How often requests are looked for; no timer of a run sleeps longer.
const POLL: Duration = Duration::from_millis(200);

/// One run and everything it holds.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) run: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) log: Log,
    pub(super) records: Vec<Record>,
    /// The service's lock; none while it is only watched after it was verified.
    pub(super) lock: Option<Hold>,
    pub(super) world: Arc<World>,
    events: mpsc::Sender<Event>,
    inbox: Inbox,
    /// Requests that were read and wait for a recovery.
    waiting: Vec<Request>,
    /// What a lost supervisor's attempt did is being found out.
    recovering: bool,
    /// Ends the attempt under way.
    stop: Arc<AtomicBool>,
    /// The probe, request or watch under way.
    task: Option<JoinHandle<()>>,
    finished: bool,
}

impl Driver {
    pub(super) fn new(
        machine: Machine,
        run: &Path,
        disk: Arc<dyn Disk>,
        log: Log,
        records: Vec<Record>,
        lock: Option<Hold>,
        world: World,
    ) -> (Driver, mpsc::Receiver<Event>) {
        let (events, heard) = mpsc::channel(64);
        let driver = Driver {
            machine,
            inbox: Inbox::new(run),
            waiting: Vec::new(),
            recovering: false,
            run: run.to_owned(),
            disk,
            log,
            records,
            lock,
            world: Arc::new(world),
            events,
            stop: Arc::default(),
            task: None,
            finished: false,
        };
        (driver, heard)
    }

    /// Drives the run to its end.
    ///
    /// # Errors
    /// The first write that failed: nothing was started after it. What runs is watched to its end by its stub.
    pub(super) async fn drive(mut self, mut heard: mpsc::Receiver<Event>) -> Result<(), LogError> {
        self.handle(Event::Ready)?;
        while !self.finished {
            let left = self.machine.next_deadline().map_or(Millis::MAX, |d| d.left(&clock::now()));
            let wait = POLL.min(Duration::from_millis(left.max(1)));
            tokio::select! {
                Some(event) = heard.recv() => self.handle(event)?,
                () = tokio::time::sleep(wait) => {
                    let (requests, odd) = self.inbox.poll();
                    self.waiting.extend(requests);
                    for request in std::mem::take(&mut self.waiting) {
                        // What a step did is settled after we have found out what can be found out.
                        match (&request.ask, self.recovering) {
                            (Wish::Settle { .. }, true) => self.waiting.push(request),
                            _ => self.handle(Event::Request { request, roles: Vec::new() })?,
                        }
                    }
                    odd.iter().for_each(|o| eprintln!("ignored: {o}"));
                    if !self.finished {
                        self.handle(Event::Tick)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), LogError> {
        let now = clock::now();
        if matches!(event, Event::Ended { .. }) {
            self.recovering = false;
        }
        for effect in self.machine.handle(&now, event) {
            self.perform(&now, effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, now: &Now, effect: Effect) -> Result<(), LogError> {
        match effect {
            Effect::Record(kind) => self.record(now, &kind)?,
            Effect::Probe { step, asked, within } => self.probe(step, asked, within),
            Effect::Start { step, attempt, token } => self.start(step, attempt, token),
            Effect::Recover { step, attempt, token } => self.recover(step, attempt, token),
            Effect::Kill { step, attempt } => self.kill(step, attempt),
            Effect::Prepare { .. } | Effect::Judge { .. } | Effect::Page { .. } | Effect::Guard => {}
            Effect::Watch { step } => self.watch(step),
            Effect::Unwatch => self.drop_task(),
            Effect::Finish => {
                self.drop_task();
                self.finish()?;
            }
        }
        Ok(())
    }

    fn record(&mut self, now: &Now, kind: &Kind) -> Result<(), LogError> {
        if let Kind::StepStarting { step, attempt, .. } = kind {
            let planned = &self.machine.plan().steps[step - 1];
            prepare(&*self.disk, &self.run, self.machine.plan(), planned, *attempt).map_err(|e| match e {
                super::attempt::AttemptError::Log(e) => e,
                e => LogError::Io {
                    path: self.run.clone(),
                    doing: "prepare the attempt",
                    source: std::io::Error::other(e.to_string()),
                },
            })?;
            self.log.preallocate(ROOM)?;
        }
        let (name, body) = kind.parts();
        self.records.push(self.log.append(now, &name, &body)?);
        Ok(())
    }

    fn drop_task(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    fn probe(&mut self, step: usize, asked: Asked, within: Millis) {
        let planned = &self.machine.plan().steps[step - 1].step;
        let probe = match (asked, &planned.kind) {
            (Asked::Prove, _) => planned.prove.clone(),
            (Asked::Already, _) => planned.already.clone(),
            (Asked::Observe, _) => planned.observe.clone(),
            (Asked::Check, StepKind::Check(p)) => Some(p.clone()),
            (Asked::Until, StepKind::Wait(Wait::Until(c))) => Some(Probe {
                ask: Ask::When(c.clone()),
                expect: Default::default(),
                within: None,
                every: 1_000,
            }),
            _ => None,
        };
        let Some(probe) = probe else { return };
        let (world, events) = (self.world.clone(), self.events.clone());
        let frozen = self.machine.plan().playbook.clone();
        self.task = Some(tokio::spawn(async move {
            let told = match &probe.ask {
                Ask::When(c) => watch::until(&world, &frozen, c, within).await,
                _ => until(&world, &probe, within).await,
            };
            let _ =
                events.send(Event::Probed { step, asked, answer: told.answer, detail: told.detail }).await;
        }));
    }

    fn start(&mut self, step: usize, attempt: u32, token: String) {
        let planned = self.machine.plan().steps[step - 1].clone();
        let (world, events, stop) = (self.world.clone(), self.events.clone(), self.stop.clone());
        stop.store(false, Ordering::Relaxed);
        let limit = Duration::from_millis(planned.step.timeout.max(1));
        let ended = move |outcome| Event::Ended { step, attempt, outcome, survivors: Vec::new() };
        match planned.step.kind.clone() {
            StepKind::Run(c) => {
                let Some(started) = self.machine.state().steps[step - 1].started.clone() else { return };
                let it = Attempt::of(&self.run, &planned, attempt, &token, &started);
                tokio::task::spawn_blocking(move || {
                    let began = |stub| drop(events.blocking_send(Event::Began { step, attempt, stub }));
                    let outcome = match secret_env(&c, &world.secrets) {
                        Ok(secrets) => it.start(&secrets, &stop, began),
                        Err(e) => it.conclude(&stop, Some(e)),
                    };
                    drop(events.blocking_send(ended(safe(&world, outcome))));
                });
            }
            StepKind::Http(h) => {
                self.task = Some(tokio::spawn(async move {
                    let outcome = match http::call(&h, &world.secrets, Some(&token), limit).await {
                        Ok(reply) => match expect::judge(&reply, &h.expect) {
                            Ok(detail) => Outcome::Success { detail },
                            Err(detail) => Outcome::Failure { detail },
                        },
                        Err(http::Trouble::NotSent(e)) => {
                            Outcome::Failure { detail: format!("not sent: {e}") }
                        }
                        Err(http::Trouble::Refused(e)) => {
                            Outcome::Failure { detail: format!("no connection: {e}") }
                        }
                        Err(http::Trouble::NoAnswer(e)) => {
                            Outcome::Unknown { evidence: format!("the request may have been received: {e}") }
                        }
                    };
                    let _ = events.send(ended(safe(&world, outcome))).await;
                }));
            }
            StepKind::Socket(s) => {
                self.task = Some(tokio::spawn(async move {
                    let outcome = match (world.secrets.fill(&s.path), world.secrets.fill(&s.send)) {
                        (Ok(path), Ok(line)) => match socket::call(Path::new(&path), &line, limit).await {
                            Ok(answer) => match expect::judge_socket(&answer, &s.expect) {
                                Ok(detail) => Outcome::Success { detail },
                                Err(detail) => Outcome::Failure { detail },
                            },
                            Err(socket::Trouble::Refused(e)) => {
                                Outcome::Failure { detail: format!("no connection: {e}") }
                            }
                            Err(socket::Trouble::NoAnswer(e)) => {
                                Outcome::Unknown { evidence: format!("the line may have been read: {e}") }
                            }
                        },
                        (Err(e), _) | (_, Err(e)) => Outcome::Failure { detail: format!("not sent: {e}") },
                    };
                    let _ = events.send(ended(safe(&world, outcome))).await;
                }));
            }
            // The machine does these by probes and timers.
            _ => {}
        }
    }

    fn recover(&mut self, step: usize, attempt: u32, token: String) {
        self.recovering = true;
        let planned = self.machine.plan().steps[step - 1].clone();
        let (world, events, stop) = (self.world.clone(), self.events.clone(), self.stop.clone());
        stop.store(false, Ordering::Relaxed);
        let started = self.machine.state().steps[step - 1].started.clone();
        let (StepKind::Run(_), Some(started)) = (&planned.step.kind, started) else {
            let evidence = "the supervisor was lost while the request was under way".to_owned();
            let lost =
                Event::Ended { step, attempt, outcome: Outcome::Unknown { evidence }, survivors: Vec::new() };
            self.task = Some(tokio::spawn(async move { drop(events.send(lost).await) }));
            return;
        };
        let it = Attempt::of(&self.run, &planned, attempt, &token, &started);
        tokio::task::spawn_blocking(move || {
            let outcome = safe(&world, it.conclude(&stop, None));
            drop(events.blocking_send(Event::Ended { step, attempt, outcome, survivors: Vec::new() }));
        });
    }

    fn kill(&mut self, step: usize, attempt: u32) {
        self.stop.store(true, Ordering::Relaxed);
        if matches!(self.machine.plan().steps[step - 1].step.kind, StepKind::Http(_) | StepKind::Socket(_)) {
            self.drop_task();
            let evidence = "stopped while the request was under way".to_owned();
            let events = self.events.clone();
            let ended =
                Event::Ended { step, attempt, outcome: Outcome::Unknown { evidence }, survivors: Vec::new() };
            self.task = Some(tokio::spawn(async move { drop(events.send(ended).await) }));
        }
    }

    fn watch(&mut self, step: usize) {
        let Some(verification) =
            self.machine.plan().verification(&self.machine.plan().steps[step - 1]).cloned()
        else {
            return;
        };
        let (world, events) = (self.world.clone(), self.events.clone());
        let frozen = self.machine.plan().playbook.clone();
        self.task = Some(tokio::spawn(watch::criteria(world, frozen, verification, move |seen| {
            let events = events.clone();
            async move { events.send(Event::Criteria { step, seen }).await.is_ok() }
        })));
    }

    fn finish(&mut self) -> Result<(), LogError> {
        self.finished = true;
        write_report(&*self.disk, &self.run, self.machine.plan(), &self.records);
        match &self.lock {
            Some(lock) => lock.write(&*self.disk, b""),
            None => Ok(()),
        }
    }
}

/// Writes report.md; it can be made again from the journal, so a failure is only noted.
pub(super) fn write_report(disk: &dyn Disk, run: &Path, plan: &crate::run::Plan, records: &[Record]) {
    let mode = Sharing::of(run).map_or(0o600, Sharing::own_mode);
    let written = crate::report::markdown(plan, records).and_then(|text| {
        atomic_write(disk, &run.join("report.md"), text.as_bytes(), mode).map_err(|e| e.to_string())
    });
    if let Err(e) = written {
        eprintln!("the report was not written: {e}");
    }
}

/// Asks until the probe holds or its time is over.
async fn until(world: &World, probe: &Probe, within: Millis) -> Told {
    let over = Deadline::after(&clock::now(), within);
    loop {
        let left = over.left(&clock::now());
        let limit = (within > 0).then(|| Duration::from_millis(left.max(100)));
        let told = ask(world, probe, limit).await;
        let left = over.left(&clock::now());
        if told.answer == Answer::Holds || left == 0 {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(probe.every.clamp(50, left.max(50)))).await;
    }
}

fn safe(world: &World, outcome: Outcome) -> Outcome {
    let s = |t: String| world.secrets.safe(&t);
    match outcome {
        Outcome::Success { detail } => Outcome::Success { detail: s(detail) },
        Outcome::Failure { detail } => Outcome::Failure { detail: s(detail) },
        Outcome::TimedOut { detail } => Outcome::TimedOut { detail: s(detail) },
        Outcome::Aborted { detail } => Outcome::Aborted { detail: s(detail) },
        Outcome::NotStarted { detail } => Outcome::NotStarted { detail: s(detail) },
        Outcome::Unknown { evidence } => Outcome::Unknown { evidence: s(evidence) },
        settled @ Outcome::Settled { .. } => settled,
    }
}
