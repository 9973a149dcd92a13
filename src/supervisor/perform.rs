//! Driving a run: what happens goes to the machine, what it decides is done, records first.

use super::ask::World;
use super::control::Inbox;
use super::file_change::Planned;
use super::late::Moment;
use super::person::{roles_answering, roles_asked};
use super::report::Writer;
use super::secrets::hide;
use super::watch::{Holding, SLEPT};
use crate::clock;
use crate::journal::{Disk, Hold, Log, LogError};
use crate::model::playbook::{Occasion, StepKind};
use crate::model::record::Record;
use crate::model::time::{Millis, Now};
use crate::run::known::Answers;
use crate::run::record::Wish;
use crate::run::{Effect, Event, Kind, Machine, Plan, Request};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// How often requests are looked for; no timer of a run sleeps longer.
const POLL: Duration = Duration::from_millis(200);
/// How long a supervisor stays for the samples of its report.
const REPORTING: Duration = Duration::from_secs(10);
/// How long it stays at its end for what is to be told of it to be queued.
const TOLD: Duration = Duration::from_secs(10);

/// One run and everything it holds.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) plan: Arc<Plan>,
    pub(super) run: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) log: Log,
    pub(super) records: Vec<Record>,
    answers: Answers,
    /// The service's lock, until it is let go of.
    pub(super) lock: Option<Hold>,
    pub(super) world: Arc<World>,
    pub(super) events: mpsc::Sender<Event>,
    inbox: Inbox,
    /// Requests that were read and wait for a recovery.
    waiting: Vec<Request>,
    /// What a lost supervisor's attempt did is being found out.
    pub(super) recovering: bool,
    /// Ends the attempt under way.
    pub(super) stop: Arc<AtomicBool>,
    /// The probe, request or watch under way.
    pub(super) task: Option<JoinHandle<()>>,
    /// The change of a file that was thought through and is not made: step number, change.
    pub(super) ready: Arc<Mutex<Option<(usize, Planned)>>>,
    /// The hold that is watched: step number, watch.
    pub(super) holding: Option<(usize, Holding)>,
    /// Milliseconds the host had slept since boot when we last looked.
    asleep: Millis,
    finished: bool,
    report: Writer,
    /// What is told beside the run.
    pub(super) telling: JoinSet<()>,
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
            plan: Arc::new(machine.plan().clone()),
            answers: Answers::fold(machine.plan(), &records),
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
            ready: Arc::default(),
            holding: None,
            asleep: clock::asleep(&clock::now()),
            finished: false,
            report: Writer::default(),
            telling: JoinSet::new(),
        };
        (driver, heard)
    }

    /// Drives the run to its end.
    ///
    /// # Errors
    /// The first write that failed: nothing was started after it. What runs is watched to its end by its stub.
    pub(super) async fn drive(mut self, mut heard: mpsc::Receiver<Event>) -> Result<(), LogError> {
        // A hold that a lost supervisor left is watched from here.
        if let Some(step) = self.machine.state().current(&self.plan).map(|s| s.number)
            && self.machine.state().steps[step - 1].started.is_some()
        {
            self.hold(step);
        }
        self.notice(Occasion::RunStarted);
        self.handle(Event::Ready)?;
        while !self.finished {
            let left = self.machine.next_deadline().map_or(Millis::MAX, |d| d.left(&clock::now()));
            let wait = POLL.min(Duration::from_millis(left.max(1)));
            tokio::select! {
                Some(event) = heard.recv() => self.turn(event)?,
                () = tokio::time::sleep(wait) => {
                    self.ask_around()?;
                    if !self.finished {
                        self.turn(Event::Tick)?;
                    }
                }
                Some(_) = self.telling.join_next() => {}
            }
        }
        let told = async { while self.telling.join_next().await.is_some() {} };
        // What it waits for is bounded; a disk that hangs is not.
        let _ = tokio::time::timeout(TOLD, told).await;
        // What was measured takes a while to read: the lock is free, and the run is over whatever comes of it.
        let task = self.report_all();
        let _ = tokio::time::timeout(REPORTING, task).await;
        Ok(())
    }

    /// Writes the report with what was measured, beside everything else.
    fn report_all(&self) -> JoinHandle<()> {
        let (report, disk, plan) = (self.report.clone(), self.disk.clone(), self.plan.clone());
        let (run, records) = (self.run.clone(), self.records.clone());
        tokio::task::spawn_blocking(move || report.with_samples(&*disk, &run, &plan, &records))
    }

    /// One turn: a sleep of the host is noticed before anything is judged.
    fn turn(&mut self, event: Event) -> Result<(), LogError> {
        let asleep = clock::asleep(&clock::now());
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.asleep, asleep));
        if slept > SLEPT {
            self.handle(Event::Slept(slept))?;
        }
        self.handle(event)
    }

    /// Reads what people ask for.
    fn ask_around(&mut self) -> Result<(), LogError> {
        let (requests, odd) = self.inbox.poll();
        odd.iter().for_each(|o| eprintln!("ignored: {o}"));
        self.waiting.extend(requests);
        for request in std::mem::take(&mut self.waiting) {
            // What a step did is settled after we have found out what can be found out.
            match (&request.ask, self.recovering) {
                (Wish::Settle { .. }, true) => self.waiting.push(request),
                _ => {
                    let roles = self.roles(&request);
                    self.turn(Event::Request { request, roles })?;
                }
            }
        }
        Ok(())
    }

    /// The roles that an asker has, of those the plan names.
    fn roles(&self, request: &Request) -> Vec<String> {
        match &request.ask {
            Wish::Approve { name } => roles_asked(&self.plan, &request.who, name.as_deref()),
            Wish::Answer { .. } => roles_answering(&self.plan, &request.who),
            _ => Vec::new(),
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), LogError> {
        let now = clock::now();
        if matches!(event, Event::Ended { .. }) {
            self.recovering = false;
        }
        for effect in self.machine.handle(&now, event) {
            if let Effect::Record(Kind::StepStarting { step, attempt, .. }) = effect
                && let Err(e) = self.make_room(step, attempt)
            {
                return self.wait_for_room(&now, step, &e);
            }
            self.perform(&now, effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, now: &Now, effect: Effect) -> Result<(), LogError> {
        match effect {
            Effect::Record(kind) => self.record(now, &kind)?,
            Effect::Probe { step, asked, within } => self.probe(step, asked, within),
            Effect::Prepare { step } => self.plan_change(step),
            Effect::Start { step, attempt, token } => self.start(step, attempt, token),
            Effect::Recover { step, attempt, token } => self.recover(step, attempt, token),
            Effect::Kill { step, attempt } => self.kill(step, attempt),
            Effect::Judge { step } => self.judge(step),
            Effect::Page { rung } => self.page(rung),
            Effect::Watch { step } => self.watch(step),
            Effect::Unwatch => self.drop_task(),
            Effect::Guard => {
                self.notice(Occasion::RunVerified);
                self.report.at_once(&*self.disk, &self.run, &self.plan, &self.records);
                self.let_go()?;
                self.report_all();
                self.guard();
            }
            Effect::Finish => {
                self.drop_task();
                self.finished = true;
                self.report.at_once(&*self.disk, &self.run, &self.plan, &self.records);
                self.let_go()?;
                self.notice_end();
            }
        }
        Ok(())
    }

    pub(super) fn record(&mut self, now: &Now, kind: &Kind) -> Result<(), LogError> {
        self.answers.apply(&self.plan, kind);
        let (name, mut body) = kind.parts();
        hide(&mut body);
        self.records.push(self.log.append(now, &name, &body)?);
        if let Kind::StepStarting { step, .. } = kind {
            self.hold(*step);
        }
        Ok(())
    }

    /// Watches a hold from its beginning, so that what looks back over it can be judged at its end.
    fn hold(&mut self, step: usize) {
        if let StepKind::Hold(hold) = &self.plan.steps[step - 1].step.kind
            && (hold.stop_when.is_some() || hold.next_when.is_some())
        {
            let frozen = self.plan.playbook.clone();
            self.holding = Some((step, Holding::begin(self.world.clone(), frozen, hold.clone())));
        }
    }

    pub(super) fn drop_task(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// The run as it is now, for names that are only known now.
    pub(super) fn moment(&self) -> Moment {
        Moment {
            plan: self.plan.clone(),
            state: self.machine.state().clone(),
            answers: self.answers.clone(),
            now: clock::now(),
            run: self.run.clone(),
            world: self.world.clone(),
        }
    }

    /// Lets go of the service's lock: another run may start.
    pub(super) fn let_go(&mut self) -> Result<(), LogError> {
        match self.lock.take() {
            Some(lock) => lock.write(&*self.disk, b""),
            None => Ok(()),
        }
    }
}
