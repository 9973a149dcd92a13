//! Samples in, verdicts out. Pure: no clock, file, process, socket or runtime.

pub mod baseline;
pub mod consecutive;
pub mod criteria;
pub mod eval;
pub mod evidence;
pub mod history;
pub mod hold;
mod judge;
mod keep;
mod notes;
pub mod rules;
pub mod signal;
pub mod stage;
pub mod statistics;
pub mod store;
pub mod tiers;
pub mod verdict;
mod view;
pub mod why;
mod window;
mod worth;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use keep::Kept;
pub use view::TriggerStatus;

use crate::model::condition::Expr;
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::reading::{Reading, Value};
use crate::model::time::Now;
use baseline::Known;
use consecutive::Counters;
use eval::{Scope, Truth, Worth};
use evidence::Part;
use hold::{Hold, Times, TriggerState};
use indexmap::IndexMap;
use notes::Mark;
use signal::{Level, Limits};
use std::collections::BTreeMap;
use store::Store;
use verdict::Standing;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// One or more reads, judged together.
    Readings(Vec<Reading>),
    /// Samples of the past that a source kept: wall milliseconds and value.
    Backfill {
        /// The signal.
        signal: String,
        /// Its series.
        series: Option<String>,
        /// Wall milliseconds and value in base units.
        points: Vec<(i64, f64)>,
    },
    /// A person raised or lowered a flag.
    Flag {
        /// The signal.
        signal: String,
        /// Raised.
        raised: bool,
    },
    /// A person counted.
    Count {
        /// The signal.
        signal: String,
        /// How many more (or fewer; never below 0).
        delta: i32,
    },
    /// What is normal for a signal was captured, or cannot be had (in words). Not for a baseline that is another signal.
    Baseline {
        /// The signal.
        signal: String,
        /// What is known.
        known: Result<baseline::Known, String>,
    },
    /// An incident opened (boot milliseconds; before this boot: negative), or is over. `[incident]` windows begin there.
    Incident(Option<i64>),
    /// The run that is judged began (boot milliseconds), or is over. `[run]` windows begin there.
    Run(Option<i64>),
    /// Time passed.
    Tick,
    /// The host slept until now.
    HostSlept,
}

impl Event {
    /// Samples of the past (signal, series, wall milliseconds, value) as events, one for each series.
    pub fn past(samples: impl IntoIterator<Item = (String, Option<String>, i64, f64)>) -> Vec<Event> {
        let mut all: IndexMap<_, Vec<(i64, f64)>> = IndexMap::new();
        for (signal, series, wall, value) in samples {
            all.entry((signal, series)).or_default().push((wall, value));
        }
        all.into_iter().map(|((signal, series), points)| Event::Backfill { signal, series, points }).collect()
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A trigger became inactive, pending or firing.
    TriggerChanged {
        /// Its id.
        id: String,
        /// Before.
        from: TriggerState,
        /// Now.
        to: TriggerState,
        /// Why.
        evidence: Vec<Part>,
    },
    /// A signal changed its level.
    SignalLevelChanged {
        /// Its id.
        id: String,
        /// Before.
        from: Level,
        /// Now.
        to: Level,
        /// The worst series' value, base units.
        value: Option<Value>,
        /// Why it does not count.
        reason: Option<String>,
    },
    /// The verdict changed.
    VerdictChanged {
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
        /// Why.
        evidence: Vec<Part>,
    },
}

/// The clock of one series of a trigger, or of the whole.
struct Clock {
    label: Option<String>,
    hold: Hold,
    /// When the series was there last, boot milliseconds.
    seen: i64,
}

/// A trigger, as it was judged last.
struct Judged {
    when: Expr,
    clear: Option<Expr>,
    times: Times,
    /// Place of its severity row.
    severity: Option<usize>,
    /// Places of the signals it may change with.
    reads: Vec<usize>,
    /// It may change by time alone.
    moves: bool,
    asks_firing: bool,
    clocks: Vec<Clock>,
    truth: Truth,
    state: TriggerState,
    marks: Vec<Mark>,
    clear_marks: Vec<Mark>,
}

/// A signal over signals.
struct Computed {
    id: String,
    at: usize,
    expr: Expr,
    reads: Vec<usize>,
    moves: bool,
}

/// When a signal's thresholds are judged again.
struct Watched {
    limits: Limits,
    reads: Vec<usize>,
    moves: bool,
}

/// Judges a service by its playbook.
pub struct Engine {
    playbook: Playbook,
    store: Store,
    counters: Counters,
    firing: BTreeMap<String, Truth>,
    triggers: IndexMap<String, Judged>,
    watched: Vec<Watched>,
    levels: IndexMap<String, (Level, i64)>,
    computed: Vec<Computed>,
    /// Per signal, whether it is to be judged again, and when its next series turns stale.
    dirty: Vec<bool>,
    turns: Vec<Option<i64>>,
    /// Some rule changes by time alone: it is judged each second.
    periodic: bool,
    standing: Standing,
    since: i64,
    respond_within: Option<u64>,
    incident: Option<i64>,
    run: Option<i64>,
    now: i64,
    /// What the wall clock shows more than the boot clock.
    wall: i64,
    due: Option<i64>,
}

impl Engine {
    /// An engine that has measured nothing yet.
    pub fn new(playbook: &Playbook, now: &Now) -> Engine {
        let all = rules::all(playbook);
        let store = Store::new(playbook, all.iter().copied(), now);
        let mut counters = Counters::default();
        all.iter().for_each(|e| counters.watch(e, &store, |id| rules::is_computed(playbook, id)));
        let triggers = playbook.triggers.iter().map(|(id, t)| {
            let rules = || [Some(&t.when), t.clear_when.as_ref()].into_iter().flatten().map(|c| &c.expr);
            let mut reads: Vec<usize> = rules().flat_map(|e| rules::reads(playbook, e)).collect();
            reads.sort_unstable();
            reads.dedup();
            let judged = Judged {
                when: t.when.expr.clone(),
                clear: t.clear_when.as_ref().map(|c| c.expr.clone()),
                times: Times { need: t.hold, keep: t.keep_firing_for },
                severity: t.severity.as_ref().and_then(|s| playbook.severities.get_index_of(s)),
                reads,
                moves: rules().any(rules::moves),
                asks_firing: rules().any(rules::asks_firing),
                clocks: Vec::new(),
                truth: Truth::Unknown,
                state: TriggerState::Inactive,
                marks: Vec::new(),
                clear_marks: Vec::new(),
            };
            (id.clone(), judged)
        });
        let watched = playbook.signals.iter().map(|(id, s)| {
            let of = |c: &Option<_>| c.as_ref().map(|c| rules::threshold(id, c));
            let limits = Limits { warn: of(&s.warn), critical: of(&s.critical) };
            let itself = Expr::Signal(id.clone());
            let rules =
                || [limits.warn.as_ref(), limits.critical.as_ref(), Some(&itself)].into_iter().flatten();
            let reads = rules().flat_map(|e| rules::reads(playbook, e)).collect();
            let moves = rules().any(rules::moves);
            Watched { limits, reads, moves }
        });
        let computed = rules::computed(playbook).into_iter().filter_map(|(id, expr)| {
            let (at, reads) = (playbook.signals.get_index_of(&id)?, rules::reads(playbook, &expr));
            Some(Computed { id, at, moves: rules::moves(&expr), expr, reads })
        });
        let people = |r: &ReadingKind| matches!(r, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
        let began = now.boot as i64;
        Engine {
            store,
            counters,
            firing: playbook.triggers.keys().map(|id| (id.clone(), Truth::Unknown)).collect(),
            triggers: triggers.collect(),
            watched: watched.collect(),
            levels: playbook.signals.keys().map(|id| (id.clone(), (Level::Unknown, began))).collect(),
            computed: computed.collect(),
            dirty: vec![true; playbook.signals.len()],
            turns: vec![None; playbook.signals.len()],
            periodic: all.iter().any(|e| rules::moves(e))
                || playbook.signals.values().any(|s| people(&s.reading)),
            standing: Standing::Unknown("nothing measured yet".into()),
            since: began,
            respond_within: None,
            incident: None,
            run: None,
            now: began,
            wall: now.wall - began,
            due: Some(began),
            playbook: playbook.clone(),
        }
    }

    /// Takes an event; says what changed.
    pub fn handle(&mut self, now: &Now, event: Event) -> Vec<Effect> {
        let t = (now.boot as i64).max(self.now);
        self.wall = now.wall - now.boot as i64;
        let mut all = false;
        match event {
            Event::Readings(readings) => self.take(readings, t),
            Event::Backfill { signal, series, points } => {
                if let Some(i) = self.store.backfill(&signal, series.as_deref(), &points, now) {
                    self.dirty[i] = true;
                }
            }
            Event::Flag { signal, raised } => self.set(&signal, f64::from(u8::from(raised)), t),
            Event::Count { signal, delta } => {
                let v = (self.held_value(&signal) + f64::from(delta)).max(0.0);
                self.set(&signal, v, t);
            }
            Event::Baseline { signal, known } => {
                let declared = self.playbook.signals.get(&signal).and_then(|s| s.baseline.as_ref());
                if let Some(normal) = self.store.signal_mut(&signal).and_then(|h| h.normal.as_mut()) {
                    normal.learn(declared, known);
                    all = true;
                }
            }
            Event::Incident(began) => {
                self.incident = began;
                all = true;
            }
            Event::Run(began) => {
                self.run = began;
                all = true;
            }
            Event::Tick => {}
            Event::HostSlept => {
                let before = self.now;
                for clock in self.triggers.values_mut().flat_map(|t| &mut t.clocks) {
                    clock.hold.pause(before);
                }
                self.store.woke = Some(t);
                all = true;
            }
        }
        self.now = t;
        let tick = self.due.is_some_and(|d| t >= d);
        if all || tick || self.dirty.contains(&true) { self.settle(t, tick, all) } else { Vec::new() }
    }

    /// When something may change without a sample: boot milliseconds at which a tick is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.map(|d| d.max(0) as u64)
    }

    /// What is known to be normal for a signal; none for one that has no baseline, or another signal's value.
    pub fn baseline(&self, signal: &str) -> Option<&Result<Known, String>> {
        match self.store.signal(signal)?.normal.as_ref()? {
            baseline::Normal::Known(known) => Some(known),
            baseline::Normal::Signal(_) => None,
        }
    }

    /// Keeps what one more rule needs (its windows and rows of samples) from now on.
    pub fn watch(&mut self, rule: &Expr) {
        self.store.widen(rule);
        self.counters.watch(rule, &self.store, |id| rules::is_computed(&self.playbook, id));
        self.periodic |= rules::moves(rule);
    }

    fn held_value(&self, id: &str) -> f64 {
        let last = self.store.signal(id).and_then(|h| h.get(None)).and_then(|s| s.last.as_ref());
        match last.map(|l| &l.value) {
            Some(Value::Number(n)) => *n,
            _ => 0.0,
        }
    }

    /// Takes reads. A series that answers twice was not judged between: its first answer is counted on its own.
    fn take(&mut self, readings: Vec<Reading>, t: i64) {
        let mut fresh = consecutive::Fresh::new();
        let mut sampled = vec![false; self.dirty.len()];
        for r in readings {
            let Some(i) = self.store.index(&r.signal) else { continue };
            if self.counters.counts(i) && !fresh.insert((i, r.series.clone())) {
                self.absorb(std::mem::take(&mut fresh), &mut sampled, t);
                fresh.insert((i, r.series.clone()));
            }
            self.store.record(i, r);
            sampled[i] = true;
        }
        self.absorb(fresh, &mut sampled, t);
    }

    fn set(&mut self, id: &str, value: f64, t: i64) {
        if let Some(i) = self.store.set(id, value, t) {
            let mut sampled = vec![false; self.dirty.len()];
            sampled[i] = true;
            self.absorb(consecutive::Fresh::from([(i, None)]), &mut sampled, t);
        }
    }

    /// What follows from new samples before anything is judged: signals over signals, and rows of samples.
    fn absorb(&mut self, mut fresh: consecutive::Fresh, sampled: &mut [bool], t: i64) {
        if !fresh.is_empty() {
            let counted = self.counters.after(&fresh, false, &self.scope(t, None));
            self.counters.take(counted);
        }
        for i in 0..self.computed.len() {
            if self.computed[i].reads.iter().any(|s| sampled[*s]) {
                self.compute(i, t, Some((&mut fresh, sampled)));
            }
        }
        if !fresh.is_empty() {
            let counted = self.counters.after(&fresh, true, &self.scope(t, None));
            self.counters.take(counted);
        }
        for (dirty, sampled) in self.dirty.iter_mut().zip(sampled) {
            *dirty |= std::mem::take(sampled);
        }
    }

    /// Computes a signal over signals. Without new samples it can only become unknown.
    fn compute(&mut self, i: usize, t: i64, new: Option<(&mut consecutive::Fresh, &mut [bool])>) {
        let c = &self.computed[i];
        let outcome = self.scope(t, None).worth(&c.expr);
        let all: Vec<(Option<String>, Worth)> =
            outcome.iter().map(|(l, w)| (l.map(String::from), w.clone())).collect();
        let (id, at) = (c.id.clone(), c.at);
        let mut new = new;
        for (series, worth) in all {
            let value = match worth {
                Worth::Number(n) => Value::Number(n),
                Worth::Bool(b) => Value::Number(f64::from(u8::from(b))),
                Worth::Text(x) => Value::Text(x),
                Worth::Unknown(why) => {
                    self.store.fail(&id, series.as_deref(), &why);
                    self.dirty[at] = true;
                    continue;
                }
            };
            if let Some((fresh, sampled)) = &mut new {
                if self.counters.counts(at) {
                    fresh.insert((at, series.clone()));
                }
                let now = Now { boot: t.max(0) as u64, boot_id: String::new(), wall: 0 };
                self.store
                    .record(at, Reading { signal: id.clone(), series, at: now, age: 0, value: Ok(value) });
                sampled[at] = true;
            }
        }
    }

    fn scope(&self, now: i64, after: Option<i64>) -> Scope<'_> {
        Scope {
            store: &self.store,
            now,
            after,
            incident: self.incident,
            run: self.run,
            counters: &self.counters,
            firing: &self.firing,
        }
    }
}
