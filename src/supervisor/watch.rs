//! Looking again and again: conditions by pollers and an engine of our own, other probes by asking. What is measured
//! here is measured after the look began; what was seen before does not count.

use super::ask::{Told, World, ask};
use super::decisions;
use super::raised::Raised;
use crate::clock;
use crate::engine::eval::Truth;
use crate::engine::{Engine, Event};
use crate::model::condition::Condition;
use crate::model::playbook::{
    Baseline, Environment, Hold, LOG_EVERY, Playbook, ReadingKind, Signal, Verification,
};
use crate::model::probe::{Ask, Probe};
use crate::model::reading::{Reading, Value};
use crate::model::template::Template;
use crate::model::time::{Deadline, Millis, Now};
use crate::model::unit::Quantity;
use crate::run::Answer;
use crate::run::plan::Frozen;
use crate::run::view::between;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Milliseconds after which a probe that was due again and did not answer counts no more.
const SILENT: Millis = 11_000;

/// How long a condition that is asked once may take to be judged.
const ONCE: Millis = 5_000;

/// Milliseconds that the host must have slept to be told.
pub(super) const SLEPT: Millis = 2_000;

/// Batches that may wait.
const WAITING: usize = 256;

/// The environment of the playbook that the pollers are given: everything in it is filled already.
const HERE: &str = "here";

/// Pollers and an engine that saw nothing from before they began.
struct Watch {
    playbook: Playbook,
    engine: Engine,
    began: Now,
    batches: mpsc::Receiver<crate::sources::Batch>,
    /// Sources that are waited for, and how many more answers of each.
    silent: BTreeMap<String, u8>,
    /// Milliseconds the host had slept when we last looked.
    asleep: Millis,
    /// What people raise and count, where a signal is that.
    people: Option<Raised>,
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
        let mut engine = Engine::new(&playbook, &began);
        rules.for_each(|rule| engine.watch(&rule.expr));
        for (id, signal) in &playbook.signals {
            if let Some(Baseline::File { .. } | Baseline::Mark { .. }) = signal.baseline {
                let known = Err("its baseline was not known when the plan was frozen".to_owned());
                engine.handle(&began, Event::Baseline { signal: id.clone(), known });
            }
        }
        engine.handle(&began, Event::Run(world.run.as_ref().map(|at| began.boot_of(at))));
        let incident = decisions::load(&world.home).ok().and_then(|state| state.incident);
        engine.handle(&began, Event::Incident(incident.map(|i| began.boot_of(&i.since))));
        let (tx, batches) = mpsc::channel(WAITING);
        let pollers = crate::sources::start(&playbook, HERE, tx);
        let asleep = clock::asleep(&began);
        let mut people = Raised::of(&world.home, &playbook.signals);
        // What people said stands until they say otherwise.
        for event in people.iter_mut().flat_map(Raised::poll) {
            engine.handle(&began, event);
        }
        let silent = BTreeMap::new();
        let mut watch = Watch { playbook, engine, began, batches, silent, asleep, people, _pollers: pollers };
        watch.wait_for(1);
        watch
    }

    /// Waits for so many answers of every source from here on.
    fn wait_for(&mut self, answers: u8) {
        let read = self.playbook.signals.iter().filter_map(|(id, s)| crate::sources::source_of(id, s));
        self.silent = read.map(|source| (source, answers)).collect();
    }

    /// Waits for what is measured from here on: a source is asked one thing after the other, so its second answer was
    /// asked for after this moment. Answers how long that may take. The sources go on being read as they are, for some
    /// know only by comparing (a quantile, between two pages).
    fn refresh(&mut self) -> Millis {
        self.take(&clock::now());
        self.wait_for(2);
        let log = |s: &Signal| matches!(s.reading, ReadingKind::Log { .. });
        let logs = self.playbook.signals.values().any(log).then_some(3 * LOG_EVERY);
        let longest = self.playbook.sources.values().map(|s| 2 * (s.every + s.timeout)).chain(logs).max();
        longest.unwrap_or(0) + LOOK.as_millis() as Millis
    }

    /// Takes in what was measured since the last look.
    fn take(&mut self, now: &Now) {
        let asleep = clock::asleep(now);
        if asleep.saturating_sub(std::mem::replace(&mut self.asleep, asleep)) > SLEPT {
            // What was measured before the host slept counts no more.
            self.engine.handle(now, Event::HostSlept);
        }
        let mut readings: Vec<Reading> = Vec::new();
        while let Ok(batch) = self.batches.try_recv() {
            if batch.history {
                // Only a window since the run's or the incident's start looks at it.
                for event in Event::past(batch.readings.into_iter().filter_map(Reading::point)) {
                    self.engine.handle(now, event);
                }
                continue;
            }
            if let Some(more) = self.silent.get_mut(&batch.source) {
                *more -= 1;
                if *more == 0 {
                    self.silent.remove(&batch.source);
                }
            }
            readings.extend(batch.readings);
        }
        if !readings.is_empty() {
            self.engine.handle(now, Event::Readings(readings));
        }
        for event in self.people.iter_mut().flat_map(Raised::poll) {
            self.engine.handle(now, event);
        }
        self.engine.handle(now, Event::Tick);
    }

    /// A signal in words, safe to show; one series a part.
    fn value(&self, world: &World, frozen: &Frozen, id: &str, now: &Now) -> Result<String, String> {
        let signal = frozen.signals.get(id).ok_or_else(|| format!("there is no signal `{id}`"))?;
        let state = self.engine.signal(id, now.boot as i64).ok_or("nothing reads it")?;
        if let Some(why) = state.reason.filter(|_| state.series.len() < 2) {
            return Err(world.secrets.safe(&why));
        }
        let words = |value: &Value| match value {
            Value::Number(value) => Quantity { value: *value, dim: signal.unit.dim() }.show(3),
            Value::Text(text) => text.clone(),
        };
        let one = |s: &crate::engine::signal::SeriesState| {
            let value = match (&s.value, &s.reason) {
                (Some(v), None) => words(v),
                (_, why) => format!("unknown ({})", why.as_deref().unwrap_or("no answer")),
            };
            s.label.as_ref().map_or(value.clone(), |label| format!("{label} {value}"))
        };
        match state.series.as_slice() {
            [] => state.value.as_ref().map(words).ok_or_else(|| "no answer".to_owned()),
            all => Ok(world.secrets.safe(&all.iter().map(one).collect::<Vec<_>>().join(", "))),
        }
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

/// What a plan keeps of these signals alone, and of those they are computed from.
fn only(frozen: &Frozen, signals: &[String]) -> Frozen {
    let mut wanted: Vec<String> = signals.to_vec();
    let mut out = Frozen { secrets: frozen.secrets.clone(), ..Frozen::default() };
    while let Some(id) = wanted.pop() {
        let Some(signal) = frozen.signals.get(&id).filter(|_| !out.signals.contains_key(&id)) else {
            continue;
        };
        if let ReadingKind::Expr(e) = &signal.reading {
            wanted.extend(e.signals().into_iter().map(str::to_owned));
        }
        wanted.extend(signal.min_samples.iter().map(|m| m.of.clone()));
        if let Some((name, source)) = signal.source.as_ref().and_then(|s| frozen.sources.get_key_value(s)) {
            out.sources.insert(name.clone(), source.clone());
        }
        out.signals.insert(id, signal.clone());
    }
    out
}

/// The values of signals in words, safe to show, or why there is none: as soon as all have answered, or when the time is
/// over.
pub(super) async fn values(
    world: &World,
    frozen: &Frozen,
    signals: &[String],
    within: Millis,
) -> IndexMap<String, Result<String, String>> {
    let frozen = only(frozen, signals);
    let mut watch = Watch::start(world, &frozen, std::iter::empty());
    let over = Deadline::after(&watch.began, within);
    loop {
        let now = clock::now();
        watch.take(&now);
        if watch.silent.is_empty() || over.is_due(&now) {
            let value = |id: &String| (id.clone(), watch.value(world, &frozen, id, &now));
            return signals.iter().map(value).collect();
        }
        tokio::time::sleep(LOOK / 5).await;
    }
}

/// What was judged at the end of a hold: whether to stop, and whether to go on.
pub(super) type Judged = (Option<(Answer, String)>, Option<(Answer, String)>);

/// A hold that is being watched, so that what it looks back on is there at its end.
#[derive(Debug)]
pub(super) struct Holding {
    end: oneshot::Sender<()>,
    /// Ends with this value.
    task: JoinSet<Judged>,
}

impl Holding {
    /// Begins to watch.
    pub(super) fn begin(world: Arc<World>, frozen: Frozen, hold: Hold) -> Holding {
        let (end, ended) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(held(world, frozen, hold, ended));
        Holding { end, task }
    }

    /// The hold is over: judges on samples that were fetched after this moment.
    pub(super) async fn judge(mut self) -> Judged {
        let _ = self.end.send(());
        match self.task.join_next().await {
            Some(Ok(judged)) => judged,
            _ => {
                let lost = (Answer::Blind, "the watch was lost".to_owned());
                (Some(lost.clone()), Some(lost))
            }
        }
    }
}

async fn held(world: Arc<World>, frozen: Frozen, hold: Hold, mut ended: oneshot::Receiver<()>) -> Judged {
    let rules = [&hold.stop_when, &hold.next_when];
    let named: Vec<String> =
        rules.iter().filter_map(|r| r.as_ref()).flat_map(|r| r.expr.signals()).map(str::to_owned).collect();
    let frozen = only(&frozen, &named);
    let mut watch = Watch::start(&world, &frozen, rules.into_iter().flatten());
    loop {
        tokio::select! {
            // A hold that nobody judges is dropped with its task.
            _ = &mut ended => break,
            () = tokio::time::sleep(LOOK) => watch.take(&clock::now()),
        }
    }
    let patience = watch.refresh();
    let over = Deadline::after(&clock::now(), patience);
    loop {
        tokio::time::sleep(LOOK / 5).await;
        let now = clock::now();
        watch.take(&now);
        if watch.silent.is_empty() || over.is_due(&now) {
            let silent: Vec<&str> = watch.silent.keys().map(String::as_str).collect();
            let judge = |rule: &Option<Condition>| {
                let rule = rule.as_ref()?;
                if !silent.is_empty() {
                    let why = format!("{}: no answer since the hold ended", silent.join(", "));
                    return Some((Answer::Blind, world.secrets.safe(&why)));
                }
                let told = watch.judge(&world, rule, &now);
                Some((told.answer, told.detail))
            };
            return (judge(&hold.stop_when), judge(&hold.next_when));
        }
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

#[cfg(test)]
mod tests;
