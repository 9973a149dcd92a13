//! Judging: levels, triggers and the verdict, where something may have changed.

use super::eval::{Scope, Truth};
use super::evidence::Part;
use super::history::FORGOTTEN;
use super::hold::TriggerState;
use super::notes::Notes;
use super::signal;
use super::verdict::{Standing, Verdict};
use super::{Clock, Effect, Engine, Judged};
use crate::engine::hold::Hold;
use crate::engine::signal::Level;
use std::collections::BTreeSet;

impl Engine {
    /// Judges again what may have changed: by samples, by time (`tick`), or everything.
    pub(super) fn settle(&mut self, t: i64, tick: bool, all: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        if tick || all {
            self.store.tick_held(t);
        }
        for (dirty, turn) in self.dirty.iter_mut().zip(&self.turns) {
            *dirty |= all || turn.is_some_and(|at| at <= t);
        }
        for i in 0..self.computed.len() {
            let c = &self.computed[i];
            if all || (tick && c.moves) || c.reads.iter().any(|s| self.dirty[*s]) {
                self.compute(i, t, None);
            }
        }
        self.level(t, tick, &mut effects);
        let mut again = false;
        for i in 0..self.triggers.len() {
            let j = &self.triggers[i];
            let due = || j.clocks.iter().any(|c| c.hold.due(j.times).is_some_and(|d| d <= t));
            if all || (tick && (j.moves || due())) || j.reads.iter().any(|s| self.dirty[*s]) {
                again |= self.judge_trigger(i, t, &mut effects);
            }
        }
        // What asks which triggers fire hears of it in the same turn.
        for _ in 0..self.triggers.len() {
            if !std::mem::take(&mut again) {
                break;
            }
            for i in 0..self.triggers.len() {
                if self.triggers[i].asks_firing {
                    again |= self.judge_trigger(i, t, &mut effects);
                }
            }
        }
        self.decide(t, &mut effects);
        for i in 0..self.turns.len() {
            if std::mem::take(&mut self.dirty[i]) {
                self.turns[i] = self.store.at(i).and_then(|(_, h)| h.stale_at(t));
            }
        }
        self.due = self.deadline(t);
        effects
    }

    /// Says which levels changed.
    fn level(&mut self, t: i64, tick: bool, effects: &mut Vec<Effect>) {
        for i in 0..self.levels.len() {
            let w = &self.watched[i];
            if !(w.reads.iter().any(|s| self.dirty[*s]) || (tick && w.moves)) {
                continue;
            }
            let Some((id, (from, _))) = self.levels.get_index(i) else { continue };
            let Some(h) = self.store.signal(id) else { continue };
            let scope = self.scope(t, None);
            let to = signal::worst(h, &w.limits, &scope);
            if to == *from {
                continue;
            }
            let worst = signal::series_states(h, &w.limits, &scope).into_iter().next();
            let (value, reason) = worst.map_or((None, None), |w| (w.value, w.reason));
            effects.push(Effect::SignalLevelChanged { id: id.clone(), from: *from, to, value, reason });
            self.levels[i] = (to, t);
        }
    }

    /// Judges a trigger; says whether it is another answer to who asks what fires.
    fn judge_trigger(&mut self, i: usize, t: i64, effects: &mut Vec<Effect>) -> bool {
        let Engine { store, counters, firing, triggers, incident, run, .. } = self;
        let scope = Scope { store, now: t, after: None, incident: *incident, run: *run, counters, firing };
        let Some((id, j)) = triggers.get_index_mut(i) else { return false };
        let outcome = scope.spread(&j.when, &mut Notes::marks(&mut j.marks));
        let truth = outcome.truth();
        let clear = match &j.clear {
            Some(c) => Some(scope.eval(c, &mut Notes::marks(&mut j.clear_marks)).truth()),
            None => None,
        };
        let times = j.times;
        let (mut next, mut judged) = (0, 0);
        for (label, worth) in outcome.iter() {
            let is = |c: &Clock| c.label.as_deref() == label;
            let at = match j.clocks.get(next) {
                Some(c) if is(c) => Some(next),
                _ => j.clocks.iter().position(is),
            };
            let answer = worth.truth();
            match at {
                Some(at) => {
                    let c = &mut j.clocks[at];
                    c.hold.judge(t, answer, clear, times);
                    (c.seen, next, judged) = (t, at + 1, judged + 1);
                }
                None if answer == Truth::True => {
                    let mut hold = Hold::default();
                    hold.judge(t, answer, clear, times);
                    j.clocks.push(Clock { label: label.map(String::from), hold, seen: t });
                    judged += 1;
                }
                None => {}
            }
        }
        if judged < j.clocks.len() {
            // Series that did not answer at all.
            for c in &mut j.clocks {
                if !outcome.iter().any(|(l, _)| l == c.label.as_deref()) {
                    c.hold.judge(t, Truth::Unknown, clear, times);
                }
            }
        }
        // A clock that stands at nothing is none, and what is forgotten is pending no more.
        j.clocks.retain(|c| match c.hold.state(t, times) {
            TriggerState::Inactive => false,
            TriggerState::Pending { .. } => t - c.seen <= FORGOTTEN || c.label.is_none(),
            TriggerState::Firing { .. } => true,
        });
        let (from, to) = (j.state, foremost(j, t).unwrap_or_default());
        (j.truth, j.state) = (truth, to);
        let fires = match (to, truth) {
            (TriggerState::Firing { .. }, _) => Truth::True,
            (_, Truth::Unknown) => Truth::Unknown,
            _ => Truth::False,
        };
        if !from.same_kind(&to) {
            let mut evidence = Vec::new();
            scope.spread(&j.when, &mut Notes::parts(&mut evidence));
            effects.push(Effect::TriggerChanged { id: id.clone(), from, to, evidence });
        }
        match firing.get_mut(id) {
            Some(before) => std::mem::replace(before, fires) != fires,
            None => false,
        }
    }

    fn decide(&mut self, t: i64, effects: &mut Vec<Effect>) {
        let firing = || self.triggers.iter().filter_map(|(id, j)| Some((id, j, j.fires_since()?)));
        let row = firing().filter_map(|(_, j, since)| Some((j.severity?, since))).min();
        let blind = || self.triggers.iter().find(|(_, j)| j.truth == Truth::Unknown).map(|(id, _)| id);
        let bad = || self.levels.iter().filter(|(_, (l, _))| matches!(l, Level::Critical | Level::Warn));
        let warn = || {
            let lone = firing().next().map(|(id, ..)| id);
            lone.or_else(|| bad().max_by_key(|(_, (l, _))| *l == Level::Critical).map(|(id, _)| id))
        };
        let (fresh, of) = self.answering();
        let mut respond_within = None;
        let mut since = t;
        let severity = |i| self.playbook.severities.get_index(i);
        let standing = if let Some(((id, row), at)) = row.and_then(|(i, at)| Some((severity(i)?, at))) {
            (since, respond_within) = (at, row.respond_within);
            Standing::Row(id.clone())
        } else if let Some(id) = warn() {
            Standing::Warn(id.clone())
        } else if !signal::measured(&self.store) {
            Standing::Unknown("nothing measured yet".into())
        } else if fresh < of {
            Standing::Unknown(format!("{} of {of} signals cannot be judged", of - fresh))
        } else if let Some(id) = blind() {
            Standing::Unknown(format!("{id} cannot be judged"))
        } else {
            Standing::Quiet
        };
        if standing.same(&self.standing) {
            if !matches!(standing, Standing::Row(_)) {
                since = self.since;
            }
        } else {
            let (from, to) = (self.standing.clone(), standing.clone());
            effects.push(Effect::VerdictChanged { from, to, evidence: self.evidence(&standing, t) });
        }
        (self.standing, self.since, self.respond_within) = (standing, since, respond_within);
    }

    /// What the matrix says now.
    pub fn verdict(&self) -> Verdict {
        Verdict {
            standing: self.standing.clone(),
            since: self.since,
            evidence: self.evidence(&self.standing, self.now),
            respond_within: self.respond_within,
        }
    }

    /// The parts of a trigger's condition.
    pub(super) fn parts(&self, j: &Judged, now: i64) -> Vec<Part> {
        let mut parts = Vec::new();
        self.scope(now, None).spread(&j.when, &mut Notes::parts(&mut parts));
        parts
    }

    fn evidence(&self, standing: &Standing, now: i64) -> Vec<Part> {
        let of = |f: &dyn Fn(&str, &Judged) -> bool, truth: Truth| {
            let chosen = self.triggers.iter().filter(|(id, j)| f(id, j));
            let mut parts: Vec<Part> =
                chosen.flat_map(|(_, j)| self.parts(j, now)).filter(|p| p.truth == truth).collect();
            let mut seen = BTreeSet::new();
            parts.retain(|p| seen.insert((p.text.clone(), p.series.clone())));
            parts
        };
        match standing {
            Standing::Row(row) => {
                let row = self.playbook.severities.get_index_of(row);
                of(&|_, j| j.fires_since().is_some() && j.severity == row, Truth::True)
            }
            Standing::Warn(id) if self.triggers.contains_key(id) => of(&|t, _| t == id, Truth::True),
            Standing::Warn(id) => {
                let limits = self.levels.get_index_of(id).map(|i| &self.watched[i].limits);
                let mut parts = Vec::new();
                for e in limits.into_iter().flat_map(|l| [&l.critical, &l.warn]).flatten() {
                    self.scope(now, None).judge(e, &mut parts);
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
        let stale = self.turns.iter().copied().flatten();
        let holds = self.triggers.values().flat_map(|j| j.clocks.iter().filter_map(|c| c.hold.due(j.times)));
        stale.chain(holds).chain(second).min().map(|d| d.max(t + 1))
    }
}

impl Judged {
    /// Since when it fires, if it does.
    pub(super) fn fires_since(&self) -> Option<i64> {
        match self.state {
            TriggerState::Firing { since } => Some(since),
            _ => None,
        }
    }
}

/// The state of the series that is furthest.
pub(super) fn foremost(j: &Judged, now: i64) -> Option<TriggerState> {
    j.clocks.iter().map(|c| c.hold.state(now, j.times)).max_by_key(|s| match s {
        TriggerState::Inactive => (0, 0),
        TriggerState::Pending { held, .. } => (1, *held as i64),
        TriggerState::Firing { since } => (2, -since),
    })
}
