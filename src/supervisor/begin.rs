//! Doing a step: its attempt begun, found again after a crash, or ended.

use super::capture::{Job, capture};
use super::expect;
use super::file_change::{self, plan_change, stamp};
use super::follow::{Attempt, Concluded, rewrite, secret_env};
use super::late::{Moment, names};
use super::perform::Driver;
use super::telling::told;
use super::{http, socket};
use crate::model::playbook::StepKind;
use crate::model::probe::{Command, HttpCall};
use crate::run::record::FileChange;
use crate::run::{Event, Kind, Outcome, PlanStep};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

use super::ask::World;
use crate::journal::Disk;
use crate::model::playbook::SocketCall;

impl Driver {
    /// Finds out what a step that changes a file would change.
    pub(super) fn plan_change(&mut self, step: usize) {
        let (moment, events) = (self.moment(), self.events.clone());
        let ready = self.ready.clone();
        self.task = Some(tokio::spawn(async move {
            let found = change_of(&moment, step).await;
            let file = match &found {
                Ok(planned) => Ok(planned.change.clone()),
                Err(why) => Err(moment.world.secrets.safe(why)),
            };
            *ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = found.ok().map(|p| (step, p));
            let _ = events.send(Event::Prepared { step, file }).await;
        }));
    }

    /// Does a step.
    pub(super) fn start(&mut self, step: usize, attempt: u32, token: String) {
        self.stop.store(false, Ordering::Relaxed);
        let planned = self.plan.steps[step - 1].clone();
        let it = Doing {
            moment: self.moment(),
            disk: self.disk.clone(),
            events: self.events.clone(),
            stop: self.stop.clone(),
            run: self.run.clone(),
            planned,
            attempt,
            token,
        };
        match &it.planned.step.kind {
            _ if it.planned.step.tell.is_some() => self.task = Some(tokio::spawn(it.post())),
            StepKind::Run(_) => {
                // Not in `task`: what it holds is ended by `stop` alone, so that an outcome is always told.
                tokio::spawn(it.run());
            }
            StepKind::Http(_) | StepKind::Socket(_) => self.task = Some(tokio::spawn(it.call())),
            StepKind::Write(_) | StepKind::Edit(_) => {
                let mut ready = self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let change = ready.take().filter(|(n, _)| *n == step).map(|(_, planned)| planned);
                tokio::task::spawn_blocking(move || {
                    let outcome = match change {
                        Some(change) => file_change::apply(&*it.disk, &change),
                        None => {
                            Outcome::NotStarted { detail: "the change was not thought through".to_owned() }
                        }
                    };
                    drop(it.events.blocking_send(it.ended((outcome, Vec::new()))));
                });
            }
            StepKind::Capture(_) => {
                let records = self.records.clone();
                self.task = Some(tokio::spawn(it.capture(records)));
            }
            // The machine does these by probes and timers.
            _ => {}
        }
    }

    /// Finds out what an attempt of a lost supervisor did, or waits for it.
    pub(super) fn recover(&mut self, step: usize, attempt: u32, token: String) {
        self.recovering = true;
        self.stop.store(false, Ordering::Relaxed);
        let planned = self.plan.steps[step - 1].clone();
        let started = self.machine.state().steps[step - 1].started.clone();
        let (world, events, stop) = (self.world.clone(), self.events.clone(), self.stop.clone());
        let ended = move |world: &World, (outcome, survivors): Concluded| {
            let outcome = safe(world, outcome);
            Event::Ended { step, attempt, outcome, survivors }
        };
        match (&planned.step.kind, started) {
            // The same letter, whether it was queued before or not.
            _ if planned.step.tell.is_some() => self.start(step, attempt, token),
            (StepKind::Run(_), Some(started)) => {
                let it = Attempt::of(&self.run, &planned, attempt, &token, &started);
                tokio::task::spawn_blocking(move || {
                    drop(events.blocking_send(ended(&world, it.conclude(&stop, None))));
                });
            }
            (StepKind::Write(_) | StepKind::Edit(_), _) => {
                let outcome = match self.change_begun(step, attempt) {
                    Some(change) => file_change::conclude(&change),
                    None => Outcome::Unknown { evidence: "the record names no file".to_owned() },
                };
                self.task = Some(tokio::spawn(async move {
                    drop(events.send(ended(&world, (outcome, Vec::new()))).await);
                }));
            }
            // It only looks: it is done again.
            (StepKind::Capture(_), _) => self.start(step, attempt, token),
            _ => {
                let evidence = "the supervisor was lost while the request was under way".to_owned();
                let lost = ended(&world, (Outcome::Unknown { evidence }, Vec::new()));
                self.task = Some(tokio::spawn(async move { drop(events.send(lost).await) }));
            }
        }
    }

    /// The change that an attempt was about to make, as its record says.
    fn change_begun(&self, wanted: usize, attempted: u32) -> Option<FileChange> {
        self.records.iter().rev().find_map(|record| match Kind::read(record) {
            Ok(Kind::StepStarting { step, attempt, file, .. }) if (step, attempt) == (wanted, attempted) => {
                file
            }
            _ => None,
        })
    }

    /// Ends the attempt under way.
    pub(super) fn kill(&mut self, step: usize, attempt: u32) {
        self.stop.store(true, Ordering::Relaxed);
        let doing = &self.plan.steps[step - 1].step;
        let outcome = match doing.kind {
            _ if doing.tell.is_some() => {
                Outcome::Aborted { detail: "stopped; what is queued is delivered all the same".to_owned() }
            }
            StepKind::Http(_) | StepKind::Socket(_) => {
                Outcome::Unknown { evidence: "stopped while the request was under way".to_owned() }
            }
            StepKind::Capture(_) => {
                Outcome::Aborted { detail: "stopped while looking; it changes nothing".to_owned() }
            }
            // A command's stub tells; a file is written in a moment.
            _ => return,
        };
        self.drop_task();
        let events = self.events.clone();
        let ended = Event::Ended { step, attempt, outcome, survivors: Vec::new() };
        self.task = Some(tokio::spawn(async move { drop(events.send(ended).await) }));
    }
}

/// The change that a step would make now.
async fn change_of(moment: &Moment, step: usize) -> Result<file_change::Planned, String> {
    let planned = moment.step(&moment.plan.steps[step - 1]).await?;
    let (plan, world) = (moment.plan.clone(), moment.world.clone());
    let change = tokio::task::spawn_blocking(move || {
        plan_change(&planned.step.kind, Path::new(&plan.cwd), stamp(&plan), &world.secrets)
    });
    change.await.map_err(|e| e.to_string())?
}

/// An attempt on its way.
struct Doing {
    moment: Moment,
    disk: Arc<dyn Disk>,
    events: mpsc::Sender<Event>,
    stop: Arc<AtomicBool>,
    run: PathBuf,
    planned: PlanStep,
    attempt: u32,
    token: String,
}

impl Doing {
    fn world(&self) -> &World {
        &self.moment.world
    }

    fn ended(&self, (outcome, survivors): Concluded) -> Event {
        let outcome = safe(self.world(), outcome);
        Event::Ended { step: self.planned.number, attempt: self.attempt, outcome, survivors }
    }

    async fn tell(self, concluded: Concluded) {
        let _ = self.events.send(self.ended(concluded)).await;
    }

    /// The step with its late names filled in; a command's specification is written once more with them.
    async fn filled(&mut self) -> Result<(), String> {
        if names(&self.planned.step.kind).is_empty() {
            return Ok(());
        }
        self.planned = self.moment.step(&self.planned).await?;
        rewrite(&*self.disk, &self.run, &self.moment.plan, &self.planned, self.attempt)
            .map_err(|e| e.to_string())
    }

    async fn run(mut self) {
        let filled = self.filled().await;
        let Some(started) = self.moment.state.steps[self.planned.number - 1].started.clone() else { return };
        let it = Attempt::of(&self.run, &self.planned, self.attempt, &self.token, &started);
        let StepKind::Run(c) = self.planned.step.kind.clone() else { return };
        let done = tokio::task::spawn_blocking(move || {
            let concluded = self.attempt(&it, &c, filled);
            drop(self.events.blocking_send(self.ended(concluded)));
        });
        let _ = done.await;
    }

    fn attempt(&self, it: &Attempt, c: &Command, filled: Result<(), String>) -> Concluded {
        let (step, attempt) = (self.planned.number, self.attempt);
        let began = |stub| drop(self.events.blocking_send(Event::Began { step, attempt, stub }));
        let stopped = match self.stop.load(Ordering::Relaxed) {
            true => Err("stopped before it began".to_owned()),
            false => Ok(()),
        };
        match filled.and(stopped).and_then(|()| secret_env(c, &self.world().secrets)) {
            Ok(secrets) => it.start(&secrets, &self.stop, began),
            Err(e) => it.conclude(&self.stop, Some(e)),
        }
    }

    async fn call(mut self) {
        let limit = Duration::from_millis(self.planned.step.timeout.max(1));
        let outcome = match self.filled().await {
            Err(e) => Outcome::Failure { detail: format!("not sent: {e}") },
            Ok(()) => match &self.planned.step.kind {
                StepKind::Http(h) => request(self.world(), h, &self.token, limit).await,
                StepKind::Socket(s) => line(self.world(), s, limit).await,
                _ => return,
            },
        };
        self.tell((outcome, Vec::new())).await;
    }

    async fn post(self) {
        let outcome = told(&self.moment, &self.planned, self.attempt).await;
        self.tell((outcome, Vec::new())).await;
    }

    async fn capture(self, records: Vec<crate::model::record::Record>) {
        let outcome = match self.moment.step(&self.planned).await {
            Err(e) => Outcome::Failure { detail: e },
            Ok(step) => {
                let job = Job {
                    plan: self.moment.plan.clone(),
                    step,
                    attempt: self.attempt,
                    run: self.run.clone(),
                    records,
                    world: self.moment.world.clone(),
                    disk: self.disk.clone(),
                };
                capture(job).await
            }
        };
        self.tell((outcome, Vec::new())).await;
    }
}

async fn request(world: &World, h: &HttpCall, token: &str, limit: Duration) -> Outcome {
    match http::call(h, &world.secrets, Some(token), limit).await {
        Ok(reply) => match expect::judge(&reply, &h.expect) {
            Ok(detail) => Outcome::Success { detail },
            Err(detail) => Outcome::Failure { detail },
        },
        Err(http::Trouble::NotSent(e)) => Outcome::Failure { detail: format!("not sent: {e}") },
        Err(http::Trouble::Refused(e)) => Outcome::Failure { detail: format!("no connection: {e}") },
        Err(http::Trouble::NoAnswer(e)) => {
            Outcome::Unknown { evidence: format!("the request may have been received: {e}") }
        }
    }
}

async fn line(world: &World, s: &SocketCall, limit: Duration) -> Outcome {
    let (path, line) = match (world.secrets.fill(&s.path), world.secrets.fill(&s.send)) {
        (Ok(path), Ok(line)) => (path, line),
        (Err(e), _) | (_, Err(e)) => return Outcome::Failure { detail: format!("not sent: {e}") },
    };
    match socket::call(Path::new(&path), &line, limit).await {
        Ok(answer) => match expect::judge_socket(&answer, &s.expect) {
            Ok(detail) => Outcome::Success { detail },
            Err(detail) => Outcome::Failure { detail },
        },
        Err(socket::Trouble::Refused(e)) => Outcome::Failure { detail: format!("no connection: {e}") },
        Err(socket::Trouble::NoAnswer(e)) => {
            Outcome::Unknown { evidence: format!("the line may have been read: {e}") }
        }
    }
}

/// An outcome in words that are safe to show.
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
