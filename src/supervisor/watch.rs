//! Looking again and again: conditions by pollers and an engine of our own, other probes by asking. What is measured
//! here is measured after the look began; what was seen before does not count.

use super::ask::{Told, World, ask};
use crate::clock;
use crate::engine::eval::Truth;
use crate::engine::{Engine, Event};
use crate::model::condition::Condition;
use crate::model::playbook::{Environment, Playbook, Verification};
use crate::model::probe::{Ask, Probe};
use crate::model::reading::Reading;
use crate::model::template::Template;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::Answer;
use crate::run::plan::Frozen;
use crate::run::view::between;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Milliseconds after which a probe that was due again and did not answer counts no more.
const SILENT: Millis = 11_000;

/// How long a condition that is asked once may take to be judged.
const ONCE: Millis = 5_000;

/// Batches that may wait.
const WAITING: usize = 256;

/// The environment of the playbook that the pollers are given: everything in it is filled already.
const HERE: &str = "here";

/// Pollers and an engine that saw nothing from before they began.
struct Watch {
    engine: Engine,
    began: Now,
    batches: mpsc::Receiver<crate::sources::Batch>,
    _pollers: crate::sources::Pollers,
}

impl Watch {
    fn start<'a>(world: &World, frozen: &Frozen, rules: impl Iterator<Item = &'a Condition>) -> Watch {
        let environment = Environment { cwd: Some(Template(world.cwd.clone())), ..Environment::default() };
        let playbook = Playbook {
            environments: [(HERE.to_owned(), environment)].into_iter().collect(),
            secrets: frozen.secrets.clone(),
            sources: frozen.sources.clone(),
            signals: frozen.signals.clone(),
            ..Playbook::default()
        };
        let began = clock::now();
        let (tx, batches) = mpsc::channel(WAITING);
        let _pollers = crate::sources::start(&playbook, HERE, tx);
        let mut engine = Engine::new(&playbook, &began);
        rules.for_each(|rule| engine.watch(&rule.expr));
        Watch { engine, began, batches, _pollers }
    }

    /// Takes in what was measured since the last look.
    fn take(&mut self, now: &Now) {
        let mut readings: Vec<Reading> = Vec::new();
        while let Ok(batch) = self.batches.try_recv() {
            // History is from before we began.
            if !batch.history {
                readings.extend(batch.readings);
            }
        }
        if !readings.is_empty() {
            self.engine.handle(now, Event::Readings(readings));
        }
        self.engine.handle(now, Event::Tick);
    }

    fn judge(&self, world: &World, condition: &Condition, now: &Now) -> Told {
        let after = Some(self.began.boot as i64);
        let (truth, parts) = self.engine.judge(&condition.expr, now.boot as i64, after);
        let answer = match truth {
            Truth::True => Answer::Holds,
            Truth::False => Answer::Fails,
            Truth::Unknown => Answer::Blind,
        };
        let detail = parts.iter().map(|p| p.line()).collect::<Vec<_>>().join(" · ");
        Told { answer, detail: world.secrets.safe(&detail), raw: String::new() }
    }
}

/// Judges a condition as soon as it can be judged, within `within` milliseconds.
pub(super) async fn once(
    world: &World,
    frozen: &Frozen,
    condition: &Condition,
    within: Option<Millis>,
) -> Told {
    look(world, frozen, condition, within.unwrap_or(ONCE), |answer| answer != Answer::Blind).await
}

/// Judges a condition again and again until it holds or its time is over.
pub(super) async fn until(world: &World, frozen: &Frozen, condition: &Condition, within: Millis) -> Told {
    match within {
        0 => once(world, frozen, condition, None).await,
        _ => look(world, frozen, condition, within, |answer| answer == Answer::Holds).await,
    }
}

async fn look(
    world: &World,
    frozen: &Frozen,
    condition: &Condition,
    within: Millis,
    enough: impl Fn(Answer) -> bool,
) -> Told {
    let mut watch = Watch::start(world, frozen, std::iter::once(condition));
    let over = Deadline::after(&watch.began, within);
    loop {
        tokio::time::sleep(LOOK).await;
        let now = clock::now();
        watch.take(&now);
        let told = watch.judge(world, condition, &now);
        if enough(told.answer) || over.is_due(&now) {
            return told;
        }
    }
}

/// The last answers of probes that are no condition, and when they came.
type Answers = Arc<Mutex<Vec<Option<(Told, Now)>>>>;

fn lock(answers: &Answers) -> MutexGuard<'_, Vec<Option<(Told, Now)>>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at all criteria again and again, and tells each time, until nobody listens.
pub(super) async fn criteria<F>(
    world: Arc<World>,
    frozen: Frozen,
    verification: Verification,
    tell: impl Fn(Vec<(Answer, String)>) -> F,
) where
    F: Future<Output = bool>,
{
    let rules = verification.criteria.iter().filter_map(|c| match &c.probe.ask {
        Ask::When(rule) => Some(rule),
        _ => None,
    });
    let mut watch = Watch::start(&world, &frozen, rules);
    let answers: Answers = Arc::new(Mutex::new(vec![None; verification.criteria.len()]));
    // Ends with this look.
    let mut asking = JoinSet::new();
    for (i, criterion) in verification.criteria.iter().enumerate() {
        if !matches!(criterion.probe.ask, Ask::When(_)) {
            asking.spawn(keep_asking(world.clone(), criterion.probe.clone(), i, answers.clone()));
        }
    }
    loop {
        let now = clock::now();
        watch.take(&now);
        let seen =
            verification.criteria.iter().enumerate().map(|(i, criterion)| match &criterion.probe.ask {
                Ask::When(condition) => {
                    let told = watch.judge(&world, condition, &now);
                    (told.answer, told.detail)
                }
                _ => match &lock(&answers)[i] {
                    None => (Answer::Blind, "not asked yet".to_owned()),
                    Some((told, at)) => match between(at, &now) {
                        age if age > criterion.probe.every + SILENT => {
                            (Answer::Blind, format!("no answer for {} s", age / 1000))
                        }
                        _ => (told.answer, told.detail.clone()),
                    },
                },
            });
        if !tell(seen.collect()).await {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn keep_asking(world: Arc<World>, probe: Probe, i: usize, answers: Answers) {
    loop {
        let told = ask(&world, &probe, None).await;
        lock(&answers)[i] = Some((told, clock::now()));
        tokio::time::sleep(Duration::from_millis(probe.every.max(50))).await;
    }
}
