//! What would have been: samples of the past through the engine and the decider, in simulated time. Pure.
//!
//! Every trigger is taken as armed, whatever its mode: the question is asked before it is armed. A run that would have
//! been started is taken to verify after its expected duration, and nobody answers a decision clock. The samples stay what
//! they were: what a rollback would have changed is not in them.

mod desk;
pub mod story;
#[cfg(test)]
mod tests;

use crate::engine::baseline::Known;
use crate::engine::eval::{Outcome, Truth, Worth};
use crate::engine::hold::TriggerState;
use crate::engine::{self, Engine, TriggerStatus};
use crate::model::condition::{Expr, Over};
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::reading::{Reading, Value};
use crate::model::time::{Millis, Now};
use desk::Desk;
use indexmap::IndexMap;
use story::{Changed, Chart, Episode, Story, TriggerStory};

/// Columns in which what a trigger compares is kept for a chart.
pub const COLUMNS: usize = 240;
/// Boot milliseconds at the first moment.
const BOOT: i64 = 3_600_000;

/// What is looked at, in wall milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From here on it is told.
    pub from: i64,
    /// Up to here.
    pub to: i64,
    /// Milliseconds between two judgements when there is no sample.
    pub step: Millis,
}

/// One series of a signal as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The signal's id.
    pub signal: String,
    /// Value of its `series` label.
    pub series: Option<String>,
    /// Wall milliseconds and value in base units, or why there was none; oldest first.
    pub points: Vec<(i64, Result<Value, String>)>,
}

/// Milliseconds before a span from which samples are needed: then windows are covered and what had been true for long
/// is pending or firing where the span begins.
pub fn lead(playbook: &Playbook) -> Millis {
    let mut window = 0;
    let mut look = |e: &Expr| {
        e.walk(&mut |e| {
            if let Expr::Window { over: Over::Ms(over), .. } = e {
                window = window.max(*over);
            }
        });
    };
    for t in playbook.triggers.values() {
        look(&t.when.expr);
        t.clear_when.iter().for_each(|c| look(&c.expr));
    }
    for s in playbook.signals.values() {
        if let ReadingKind::Expr(e) = &s.reading {
            look(e);
        }
    }
    let hold = playbook.triggers.values().map(|t| t.hold + t.keep_firing_for).max().unwrap_or(0);
    let stale = playbook.signals.values().map(|s| s.stale_after).max().unwrap_or(0);
    2 * window + hold + stale
}

/// A replay under way.
pub struct Replay {
    playbook: Playbook,
    span: Span,
    tracks: Vec<(Track, usize)>,
    engine: Engine,
    desk: Desk,
    /// Wall milliseconds of the last judgement.
    at: i64,
    origin: i64,
    states: Vec<TriggerStatus>,
    triggers: Vec<TriggerStory>,
    compared: Vec<Option<(Expr, Expr)>>,
    verdicts: Vec<Changed>,
    samples: u64,
    judgements: u64,
    counts: IndexMap<String, f64>,
    told: bool,
}

impl Replay {
    /// A replay of a playbook that is resolved for the environment; `tracks` begin [`lead`] before the span.
    pub fn new(
        playbook: &Playbook,
        environment: &str,
        span: Span,
        tracks: Vec<Track>,
        baselines: IndexMap<String, Result<Known, String>>,
    ) -> Replay {
        let first = tracks.iter().filter_map(|t| t.points.first()).map(|p| p.0).min();
        let origin = first.unwrap_or(span.from).min(span.from);
        let now = moment(origin, origin);
        let mut engine = Engine::new(playbook, &now);
        for (signal, known) in baselines {
            engine.handle(&now, engine::Event::Baseline { signal, known });
        }
        let compared: Vec<Option<(Expr, Expr)>> =
            playbook.triggers.values().map(|t| first_comparison(&t.when.expr)).collect();
        for (left, right) in compared.iter().flatten() {
            engine.watch(left);
            engine.watch(right);
        }
        let triggers = playbook.triggers.iter().zip(&compared).map(|((id, t), compared)| {
            let chart = compared.as_ref().map(|(left, _)| Chart::new(left.to_string()));
            TriggerStory::new(id, t, playbook, environment, chart)
        });
        Replay {
            triggers: triggers.collect(),
            states: engine.triggers(now.boot as i64),
            desk: Desk::new(playbook, environment, &moment(origin, span.from)),
            playbook: playbook.clone(),
            span: Span { step: span.step.max(1), ..span },
            tracks: tracks.into_iter().map(|t| (t, 0)).collect(),
            engine,
            at: origin - 1,
            origin,
            compared,
            verdicts: Vec::new(),
            samples: 0,
            judgements: 0,
            counts: IndexMap::new(),
            told: false,
        }
    }

    /// Wall milliseconds up to which it has come.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// Goes on by one judgement; false when it is over.
    pub fn advance(&mut self) -> bool {
        let t = self.next();
        if t > self.span.to {
            self.pass(self.span.to);
            return false;
        }
        if !self.told && t >= self.span.from {
            self.begin();
        }
        self.pass(t);
        let now = moment(self.origin, t);
        let mut effects = Vec::new();
        for event in self.due(t) {
            effects.extend(self.engine.handle(&now, event));
        }
        effects.extend(self.engine.handle(&now, engine::Event::Tick));
        self.judgements += 1;
        self.states = self.engine.triggers(now.boot as i64);
        for effect in &effects {
            self.take(t, effect);
        }
        self.chart(t);
        if self.told {
            self.decide(&now, !effects.is_empty());
        }
        true
    }

    /// What was found. Call it when [`Replay::advance`] says that it is over.
    pub fn story(self) -> Story {
        Story {
            span: self.span,
            triggers: self.triggers,
            verdicts: self.verdicts,
            samples: self.samples,
            judgements: self.judgements,
        }
    }

    /// The next moment at which something is to be judged.
    fn next(&self) -> i64 {
        let sample = self.tracks.iter().filter_map(|(t, next)| t.points.get(*next)).map(|p| p.0).min();
        let mut t = (self.at + self.span.step as i64).min(sample.unwrap_or(i64::MAX));
        // Where the told part begins, whatever is known then is looked at.
        if self.at < self.span.from {
            t = t.min(self.span.from);
        }
        let wall = |boot: u64| boot as i64 - BOOT + self.origin;
        let runs =
            |s: &TriggerStatus| matches!(s.state, TriggerState::Pending { .. }) && s.truth == Truth::True;
        if self.states.iter().any(runs) {
            t = t.min(self.engine.next_deadline().map_or(i64::MAX, wall));
        }
        if self.told {
            t = t.min(self.desk.next_deadline().map_or(i64::MAX, wall));
        }
        t.max(self.at + 1)
    }

    /// The samples of a moment, as the engine takes them.
    fn due(&mut self, t: i64) -> Vec<engine::Event> {
        let at = moment(self.origin, t);
        let (mut readings, mut people) = (Vec::new(), Vec::new());
        for (track, next) in &mut self.tracks {
            while let Some((_, value)) = track.points.get(*next).filter(|p| p.0 <= t) {
                *next += 1;
                self.samples += 1;
                let signal = track.signal.clone();
                let number = match value {
                    Ok(Value::Number(n)) => Some(*n),
                    _ => None,
                };
                match (self.playbook.signals.get(&signal).map(|s| &s.reading), number) {
                    (Some(ReadingKind::Flag { .. }), Some(n)) => {
                        people.push(engine::Event::Flag { signal, raised: n != 0.0 });
                    }
                    (Some(ReadingKind::Count { .. }), Some(n)) => {
                        let before = self.counts.insert(signal.clone(), n).unwrap_or(0.0);
                        people.push(engine::Event::Count { signal, delta: (n - before) as i32 });
                    }
                    (Some(ReadingKind::Flag { .. } | ReadingKind::Count { .. }), None) => {}
                    _ => readings.push(Reading {
                        signal,
                        series: track.series.clone(),
                        at: at.clone(),
                        age: 0,
                        value: value.clone(),
                    }),
                }
            }
        }
        if !readings.is_empty() {
            people.push(engine::Event::Readings(readings));
        }
        people
    }

    /// Where the told part begins: what stands already is told as that.
    fn begin(&mut self) {
        self.told = true;
        for (story, status) in self.triggers.iter_mut().zip(&self.states) {
            let since = match status.state {
                TriggerState::Inactive => continue,
                TriggerState::Pending { since, .. } | TriggerState::Firing { since } => since,
            };
            let since = since - BOOT + self.origin;
            let fired = matches!(status.state, TriggerState::Firing { .. }).then_some(since);
            let mut episode = Episode::new(since, status);
            episode.fired = fired;
            episode.before = true;
            story.episodes.push(episode);
        }
        let standing = self.engine.verdict().standing.clone();
        self.verdicts.push(Changed { at: self.span.from, to: story::standing(&standing) });
    }

    /// Time passes up to `t` with everything as it was judged last.
    fn pass(&mut self, t: i64) {
        let from = self.at.max(self.span.from);
        if t > from {
            for (story, status) in self.triggers.iter_mut().zip(&self.states) {
                if status.truth == Truth::Unknown {
                    story.blind(from, t, status);
                }
            }
        }
        self.at = t;
    }

    fn take(&mut self, t: i64, effect: &engine::Effect) {
        match effect {
            engine::Effect::TriggerChanged { id, from, to, .. } if self.told => {
                let Some(i) = self.triggers.iter().position(|s| s.id == *id) else { return };
                let (story, status) = (&mut self.triggers[i], &self.states[i]);
                if let TriggerState::Pending { held, .. } = from
                    && let Some(open) = story.open()
                {
                    open.held = *held;
                }
                match to {
                    TriggerState::Inactive => {
                        story.open().into_iter().for_each(|e| e.ended = Some(t));
                    }
                    TriggerState::Pending { since, .. } => {
                        story.open().into_iter().for_each(|e| e.ended = Some(t));
                        story.episodes.push(Episode::new(since - BOOT + self.origin, status));
                    }
                    TriggerState::Firing { .. } => {
                        if story.open().is_none() {
                            story.episodes.push(Episode::new(t, status));
                        }
                        let asked = self.engine.in_force(id, moment(self.origin, t).boot as i64);
                        if let Some(open) = story.open() {
                            open.fires(t, status, &asked);
                        }
                    }
                }
            }
            engine::Effect::VerdictChanged { to, .. } if self.told => {
                let to = story::standing(to);
                if self.verdicts.last().is_none_or(|v| v.to != to) {
                    self.verdicts.push(Changed { at: t, to });
                }
            }
            _ => {}
        }
    }

    /// Keeps what the triggers compare, for a chart.
    fn chart(&mut self, t: i64) {
        if t < self.span.from {
            return;
        }
        let length = (self.span.to - self.span.from).max(1);
        let column = ((t - self.span.from) as i128 * COLUMNS as i128 / length as i128) as usize;
        let boot = moment(self.origin, t).boot as i64;
        for (story, compared) in self.triggers.iter_mut().zip(&self.compared) {
            let (Some(chart), Some((left, right))) = (&mut story.chart, compared) else { continue };
            if let Some(value) = greatest(&self.engine.worth(left, boot)) {
                chart.put(column.min(COLUMNS - 1), value);
            }
            if let Some(threshold) = greatest(&self.engine.worth(right, boot)) {
                chart.threshold = Some(threshold);
            }
        }
    }

    /// Tells the decider what was judged, while anything goes on.
    fn decide(&mut self, now: &Now, changed: bool) {
        let busy = self.states.iter().any(|s| s.state != TriggerState::Inactive);
        if !changed && !busy && !self.desk.is_due(now) {
            return;
        }
        let done = self.desk.judged(now, &self.engine, &self.states);
        for (trigger, deed) in done.deeds {
            let story = self.triggers.iter_mut().find(|s| s.id == trigger);
            if let Some(episode) = story.and_then(|s| s.episodes.iter_mut().rfind(|e| e.fired.is_some())) {
                episode.deeds.push(deed);
            }
        }
        if let Some(incident) = done.incident {
            let since = incident.then_some(now.boot as i64);
            self.engine.handle(now, engine::Event::Incident(since));
        }
    }
}

fn moment(origin: i64, wall: i64) -> Now {
    Now { boot: (wall - origin + BOOT).max(0) as u64, boot_id: "replay".into(), wall }
}

/// Both sides of the first comparison of a rule.
fn first_comparison(e: &Expr) -> Option<(Expr, Expr)> {
    let mut found = None;
    e.walk(&mut |e| {
        if let (None, Expr::Compare(_, a, b)) = (&found, e) {
            found = Some(((**a).clone(), (**b).clone()));
        }
    });
    found
}

/// The greatest number of all series.
fn greatest(outcome: &Outcome<'_>) -> Option<f64> {
    let numbers = outcome.iter().filter_map(|(_, w)| match w {
        Worth::Number(n) => Some(*n),
        Worth::Bool(b) => Some(f64::from(u8::from(*b))),
        _ => None,
    });
    numbers.reduce(f64::max)
}
