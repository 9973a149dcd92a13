//! Samples in, verdicts out. Pure: no clock, file, process, socket or runtime.

pub mod baseline;
pub mod consecutive;
pub mod criteria;
pub mod eval;
pub mod evidence;
pub mod history;
pub mod hold;
mod keep;
mod rules;
pub mod signal;
pub mod stage;
pub mod tiers;
pub mod verdict;
mod view;
mod window;

#[cfg(test)]
mod tests;

pub use keep::Kept;
pub use view::TriggerStatus;

use crate::model::condition::Expr;
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::reading::{Reading, Value};
use crate::model::time::Now;
use consecutive::Counters;
use eval::{Scope, Truth, Worth};
use evidence::Part;
use history::Store;
use hold::{Hold, Times, TriggerState};
use indexmap::IndexMap;
use signal::{Level, Limits};
use std::collections::{BTreeMap, BTreeSet};
use verdict::{Standing, Verdict};

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
    /// Time passed.
    Tick,
    /// The host slept until now.
    HostSlept,
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

struct Judged {
    when: Expr,
    clear: Option<Expr>,
    times: Times,
    severity: Option<String>,
    reads: BTreeSet<String>,
    asks_firing: bool,
    holds: Vec<(Option<String>, Hold)>,
    truth: Truth,
    state: TriggerState,
    evidence: Vec<Part>,
}

/// Judges a service by its playbook.
pub struct Engine {
    playbook: Playbook,
    store: Store,
    counters: Counters,
    firing: BTreeMap<String, Truth>,
    triggers: IndexMap<String, Judged>,
    limits: IndexMap<String, Limits>,
    levels: IndexMap<String, (Level, i64)>,
    computed: Vec<(String, Expr)>,
    /// Some rule changes by time alone: everything is judged each second.
    periodic: bool,
    verdict: Verdict,
    now: i64,
    due: Option<i64>,
}

impl Engine {
    /// An engine that has measured nothing yet.
    pub fn new(playbook: &Playbook, now: &Now) -> Engine {
        let all = rules::all(playbook);
        let mut counters = Counters::default();
        all.iter().for_each(|e| counters.watch(e));
        let triggers = playbook.triggers.iter().map(|(id, t)| {
            let mut reads: BTreeSet<String> = t.when.expr.signals().into_iter().map(String::from).collect();
            reads.extend(t.clear_when.iter().flat_map(|c| c.expr.signals()).map(String::from));
            let asks_firing = rules::asks_firing(&t.when.expr)
                || t.clear_when.as_ref().is_some_and(|c| rules::asks_firing(&c.expr));
            let judged = Judged {
                when: t.when.expr.clone(),
                clear: t.clear_when.as_ref().map(|c| c.expr.clone()),
                times: Times { need: t.hold, keep: t.keep_firing_for },
                severity: t.severity.clone(),
                reads,
                asks_firing,
                holds: Vec::new(),
                truth: Truth::Unknown,
                state: TriggerState::Inactive,
                evidence: Vec::new(),
            };
            (id.clone(), judged)
        });
        let limits = playbook.signals.iter().map(|(id, s)| {
            let of = |c: &Option<_>| c.as_ref().map(|c| rules::threshold(id, c));
            (id.clone(), Limits { warn: of(&s.warn), critical: of(&s.critical) })
        });
        let people = |r: &ReadingKind| matches!(r, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
        let began = now.boot as i64;
        Engine {
            store: Store::new(playbook, all.iter().copied(), now),
            counters,
            firing: playbook.triggers.keys().map(|id| (id.clone(), Truth::Unknown)).collect(),
            triggers: triggers.collect(),
            limits: limits.collect(),
            levels: playbook.signals.keys().map(|id| (id.clone(), (Level::Unknown, began))).collect(),
            computed: rules::computed(playbook),
            periodic: all.iter().any(|e| rules::moves(e))
                || playbook.signals.values().any(|s| people(&s.reading)),
            verdict: Verdict {
                standing: Standing::Unknown("nothing measured yet".into()),
                since: began,
                evidence: Vec::new(),
                respond_within: None,
            },
            now: began,
            due: Some(began),
            playbook: playbook.clone(),
        }
    }

    /// Takes an event; says what changed.
    pub fn handle(&mut self, now: &Now, event: Event) -> Vec<Effect> {
        let t = (now.boot as i64).max(self.now);
        let mut dirty = BTreeSet::new();
        let mut all = self.due.is_some_and(|d| t >= d);
        match event {
            Event::Readings(readings) => {
                for r in readings {
                    if self.store.record(&r) {
                        self.count(&r.signal, r.series.as_deref(), t);
                        dirty.insert(r.signal);
                    }
                }
            }
            Event::Backfill { signal, series, points } => {
                self.store.backfill(&signal, series.as_deref(), &points, now);
                dirty.insert(signal);
            }
            Event::Flag { signal, raised } => self.set(signal, f64::from(u8::from(raised)), t, &mut dirty),
            Event::Count { signal, delta } => {
                let v = (self.held_value(&signal) + f64::from(delta)).max(0.0);
                self.set(signal, v, t, &mut dirty);
            }
            Event::Baseline { .. } | Event::Incident(_) => {}
            Event::Tick => {}
            Event::HostSlept => {
                let before = self.now;
                for (_, hold) in self.triggers.values_mut().flat_map(|t| &mut t.holds) {
                    hold.pause(before);
                }
                self.store.woke = Some(t);
                all = true;
            }
        }
        self.now = t;
        if all || !dirty.is_empty() { self.settle(t, &dirty, all) } else { Vec::new() }
    }

    /// When something may change without a sample: boot milliseconds at which a tick is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.map(|d| d.max(0) as u64)
    }

    fn held_value(&self, id: &str) -> f64 {
        let last = self.store.signal(id).and_then(|h| h.get(None)).and_then(|s| s.last.as_ref());
        match last.map(|l| &l.value) {
            Some(Value::Number(n)) => *n,
            _ => 0.0,
        }
    }

    fn set(&mut self, id: String, value: f64, t: i64, dirty: &mut BTreeSet<String>) {
        self.store.set(&id, value, t);
        self.count(&id, None, t);
        dirty.insert(id);
    }

    fn count(&mut self, signal: &str, series: Option<&str>, t: i64) {
        if self.counters.counts(signal) {
            self.counters = self.counters.after(signal, series, &self.scope(t, None));
        }
    }

    fn scope(&self, now: i64, after: Option<i64>) -> Scope<'_> {
        Scope { store: &self.store, now, after, counters: &self.counters, firing: &self.firing }
    }

    /// Judges again what reads a signal in `dirty`, or everything.
    fn settle(&mut self, t: i64, dirty: &BTreeSet<String>, all: bool) -> Vec<Effect> {
        let mut dirty = dirty.clone();
        let mut effects = Vec::new();
        if all {
            self.store.tick_held(t);
        }
        self.compute(t, &mut dirty, all);
        self.level(t, &dirty, all, &mut effects);
        let mut again = all;
        for pass in 0..=self.triggers.len() {
            let before = self.firing.clone();
            for i in 0..self.triggers.len() {
                let j = &self.triggers[i];
                let touched = again || j.reads.iter().any(|s| dirty.contains(s));
                if (pass == 0 && touched) || (pass > 0 && j.asks_firing) {
                    self.judge_trigger(i, t, &mut effects);
                }
            }
            again = false;
            if self.firing == before {
                break;
            }
        }
        self.decide(t, &mut effects);
        self.due = self.deadline(t);
        effects
    }

    /// Computes signals over signals.
    fn compute(&mut self, t: i64, dirty: &mut BTreeSet<String>, all: bool) {
        for i in 0..self.computed.len() {
            let (id, expr) = &self.computed[i];
            let sampled = expr.signals().iter().any(|s| dirty.contains(*s));
            if !sampled && !all {
                continue;
            }
            let (id, outcome) = (id.clone(), self.scope(t, None).worth(expr));
            for (label, worth) in outcome.each() {
                let value = match worth {
                    Worth::Number(n) => Value::Number(*n),
                    Worth::Bool(b) => Value::Number(f64::from(u8::from(*b))),
                    Worth::Text(x) => Value::Text(x.clone()),
                    Worth::Unknown(why) => {
                        self.store.fail(&id, label, why);
                        dirty.insert(id.clone());
                        continue;
                    }
                };
                if sampled {
                    let at = Now { boot: t.max(0) as u64, boot_id: String::new(), wall: 0 };
                    let series = label.map(String::from);
                    self.store.record(&Reading { signal: id.clone(), series, at, age: 0, value: Ok(value) });
                    self.count(&id, label, t);
                    dirty.insert(id.clone());
                }
            }
        }
    }

    /// Says which levels changed.
    fn level(&mut self, t: i64, dirty: &BTreeSet<String>, all: bool, effects: &mut Vec<Effect>) {
        for i in 0..self.levels.len() {
            let Some((id, (from, _))) = self.levels.get_index(i) else { continue };
            let limits = &self.limits[i];
            let reads =
                |e: &Option<Expr>| e.as_ref().is_some_and(|e| e.signals().iter().any(|s| dirty.contains(*s)));
            if !all && !dirty.contains(id) && !reads(&limits.warn) && !reads(&limits.critical) {
                continue;
            }
            let Some(h) = self.store.signal(id) else { continue };
            let worst = signal::series_states(h, limits, &self.scope(t, None)).into_iter().next();
            let to = worst.as_ref().map(|w| w.level).unwrap_or_default();
            if to == *from {
                continue;
            }
            let (value, reason) = worst.map_or((None, None), |w| (w.value, w.reason));
            effects.push(Effect::SignalLevelChanged { id: id.clone(), from: *from, to, value, reason });
            self.levels[i] = (to, t);
        }
    }

    fn judge_trigger(&mut self, i: usize, t: i64, effects: &mut Vec<Effect>) {
        let scope = self.scope(t, None);
        let j = &self.triggers[i];
        let mut parts = Vec::new();
        let inner = match &j.when {
            Expr::Any(inner) => inner,
            other => other,
        };
        let outcome = scope.eval(inner, Some(&mut parts));
        let truth = outcome.any().truth();
        let clear = j.clear.as_ref().map(|c| scope.judge(c, &mut Vec::new()));
        let mut truths: Vec<(Option<String>, Truth)> =
            outcome.each().into_iter().map(|(l, w)| (l.map(String::from), w.truth())).collect();
        let j = &mut self.triggers[i];
        for (label, _) in &j.holds {
            if !truths.iter().any(|(l, _)| l == label) {
                truths.push((label.clone(), Truth::Unknown));
            }
        }
        for (label, truth) in truths {
            let at = match j.holds.iter().position(|(l, _)| *l == label) {
                Some(at) => at,
                None => {
                    j.holds.push((label, Hold::default()));
                    j.holds.len() - 1
                }
            };
            j.holds[at].1.judge(t, truth, clear, j.times);
        }
        // A series that is gone and a rule that never had one leave no clock behind.
        let times = j.times;
        j.holds.retain(|(_, h)| h.state(t, times) != TriggerState::Inactive);
        let to = j.holds.iter().map(|(_, h)| h.state(t, times)).max_by_key(|s| match s {
            TriggerState::Inactive => (0, 0),
            TriggerState::Pending { held, .. } => (1, *held as i64),
            TriggerState::Firing { since } => (2, -since),
        });
        let (from, to) = (j.state, to.unwrap_or_default());
        (j.truth, j.state, j.evidence) = (truth, to, parts);
        let fires = match (to, truth) {
            (TriggerState::Firing { .. }, _) => Truth::True,
            (_, Truth::Unknown) => Truth::Unknown,
            _ => Truth::False,
        };
        let evidence = (!from.same_kind(&to)).then(|| j.evidence.clone());
        let id = self.triggers.get_index(i).map(|(id, _)| id.clone()).unwrap_or_default();
        if let Some(evidence) = evidence {
            effects.push(Effect::TriggerChanged { id: id.clone(), from, to, evidence });
        }
        self.firing.insert(id, fires);
    }

    fn decide(&mut self, t: i64, effects: &mut Vec<Effect>) {
        let row = self.rows().into_iter().find(|r| r.in_force);
        let fires = |j: &Judged| matches!(j.state, TriggerState::Firing { .. });
        let (fresh, of) = self.answering();
        let bad = self.levels.iter().filter(|(_, (l, _))| matches!(l, Level::Critical | Level::Warn));
        let worst = bad.max_by_key(|(_, (l, _))| *l == Level::Critical).map(|(id, _)| id.clone());
        let lone = self.triggers.iter().find(|(_, j)| fires(j)).map(|(id, _)| id.clone());
        let blind = self.triggers.iter().find(|(_, j)| j.truth == Truth::Unknown).map(|(id, _)| id.clone());
        let mut respond_within = None;
        let mut since = t;
        let standing = if let Some(row) = row {
            (since, respond_within) = (row.since.unwrap_or(t), row.respond_within);
            Standing::Row(row.id)
        } else if !signal::measured(&self.store) && lone.is_none() && worst.is_none() {
            Standing::Unknown("nothing measured yet".into())
        } else if let Some(id) = lone.or(worst) {
            Standing::Warn(id)
        } else if fresh < of {
            Standing::Unknown(format!("{} of {of} signals cannot be judged", of - fresh))
        } else if let Some(id) = blind {
            Standing::Unknown(format!("{id} cannot be judged"))
        } else {
            Standing::Quiet
        };
        let evidence = self.evidence(&standing);
        if standing.same(&self.verdict.standing) {
            if !matches!(standing, Standing::Row(_)) {
                since = self.verdict.since;
            }
        } else {
            let (from, to) = (self.verdict.standing.clone(), standing.clone());
            effects.push(Effect::VerdictChanged { from, to, evidence: evidence.clone() });
        }
        self.verdict = Verdict { standing, since, evidence, respond_within };
    }

    fn evidence(&self, standing: &Standing) -> Vec<Part> {
        let of = |f: &dyn Fn(&str, &Judged) -> bool, truth: Truth| {
            let chosen = self.triggers.iter().filter(|(id, j)| f(id, j));
            let mut parts: Vec<Part> =
                chosen.flat_map(|(_, j)| &j.evidence).filter(|p| p.truth == truth).cloned().collect();
            let mut seen = BTreeSet::new();
            parts.retain(|p| seen.insert((p.text.clone(), p.series.clone())));
            parts
        };
        let fires = |j: &Judged| matches!(j.state, TriggerState::Firing { .. });
        match standing {
            Standing::Row(row) => of(&|_, j| fires(j) && j.severity.as_ref() == Some(row), Truth::True),
            Standing::Warn(id) if self.triggers.contains_key(id) => of(&|t, _| t == id, Truth::True),
            Standing::Warn(id) => {
                let limits = self.limits.get(id);
                let mut parts = Vec::new();
                for e in limits.into_iter().flat_map(|l| [&l.critical, &l.warn]).flatten() {
                    self.scope(self.now, None).judge(e, &mut parts);
                }
                parts.retain(|p| p.truth == Truth::True);
                parts
            }
            Standing::Unknown(_) => of(&|_, j| j.truth == Truth::Unknown, Truth::Unknown),
            Standing::Quiet => Vec::new(),
        }
    }

    fn deadline(&self, t: i64) -> Option<i64> {
        let second = self.periodic.then_some((t.div_euclid(1000) + 1) * 1000);
        let stale = self.store.iter().filter_map(|(_, h)| h.stale_at(t));
        let holds = self.triggers.values().flat_map(|j| j.holds.iter().filter_map(|(_, h)| h.due(j.times)));
        stale.chain(holds).chain(second).min().map(|d| d.max(t + 1))
    }

    /// Keeps what one more rule needs (its windows and rows of samples) from now on.
    pub fn watch(&mut self, rule: &Expr) {
        self.store.widen(rule);
        self.counters.watch(rule);
    }
}
