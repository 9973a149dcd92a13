//! Criteria that must hold together for a time: the stability clock of a verification.

use super::Engine;
use super::eval::Truth;
use super::evidence::Part;
use crate::model::condition::Expr;
use crate::model::playbook::Verification;
use crate::model::probe::Ask;
use serde::{Deserialize, Serialize};

/// One criterion, as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What is shown.
    pub text: String,
    /// Whether it holds.
    pub truth: Truth,
    /// Since when it has been so, boot milliseconds.
    pub since: i64,
    /// Why: values, or the reason why it is unknown.
    pub why: String,
}

/// A break of the stability clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Break {
    /// When, boot milliseconds.
    pub at: i64,
    /// Index of the criterion.
    pub criterion: usize,
    /// What it became.
    pub truth: Truth,
    /// Why.
    pub why: String,
}

/// The criteria of one verification and their stability clock.
///
/// A break is when a criterion that held no longer holds, or goes silent, while the clock ran.
#[derive(Debug, Clone)]
pub struct Criteria {
    rules: Vec<Option<Expr>>,
    answers: Vec<Answer>,
    /// Since when all have held, boot milliseconds.
    pub all_hold_since: Option<i64>,
    /// Every break of the clock, oldest first, bounded.
    pub broke: Vec<Break>,
    stable_for: u64,
    after: Option<i64>,
    judged: i64,
}

/// Breaks that are kept.
const MOST_BREAKS: usize = 100;

impl Criteria {
    /// The criteria of a verification. With `after`, only samples measured after that time count (boot milliseconds).
    pub fn new(v: &Verification, now: i64, after: Option<i64>) -> Criteria {
        let rules = v.criteria.iter().map(|c| match &c.probe.ask {
            Ask::When(w) => Some(w.expr.clone()),
            _ => None,
        });
        let answers = v.criteria.iter().map(|c| Answer {
            text: c.text.clone(),
            truth: Truth::Unknown,
            since: now,
            why: "not asked yet".into(),
        });
        Criteria {
            rules: rules.collect(),
            answers: answers.collect(),
            all_hold_since: None,
            broke: Vec::new(),
            stable_for: v.stable_for,
            after,
            judged: now,
        }
    }

    /// The answers, in the verification's order.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Indices of criteria that are asked from outside (probes that are no condition).
    pub fn asked_outside(&self) -> impl Iterator<Item = usize> + '_ {
        self.rules.iter().enumerate().filter(|(_, r)| r.is_none()).map(|(i, _)| i)
    }

    /// Takes the answer of a probe that is no condition.
    pub fn answer(&mut self, criterion: usize, truth: Truth, why: &str, now: i64) {
        self.set(criterion, truth, why.into(), now);
        self.clock(now);
    }

    /// Judges all conditions by what the engine knows at `now`; says whether any answer or the clock changed.
    pub fn judge(&mut self, engine: &Engine, now: i64) -> bool {
        let before = (self.all_hold_since, self.broke.len());
        let mut changed = false;
        for i in 0..self.rules.len() {
            let Some(rule) = &self.rules[i] else { continue };
            let (truth, parts) = engine.judge(rule, now, self.after);
            changed |= self.answers[i].truth != truth;
            self.set(i, truth, why(&parts), now);
        }
        self.clock(now);
        changed || before != (self.all_hold_since, self.broke.len())
    }

    /// The host slept: the clock starts again, and answers from outside are void.
    pub fn slept(&mut self, now: i64) {
        for i in 0..self.answers.len() {
            self.set(i, Truth::Unknown, "not sampled since the host slept".into(), now);
        }
        self.clock(now);
    }

    fn set(&mut self, i: usize, truth: Truth, why: String, now: i64) {
        let Some(a) = self.answers.get_mut(i) else { return };
        if a.truth == Truth::True && truth != Truth::True && self.all_hold_since.is_some() {
            self.broke.push(Break { at: now, criterion: i, truth, why: why.clone() });
            if self.broke.len() > MOST_BREAKS {
                self.broke.remove(0);
            }
        }
        if a.truth != truth {
            (a.truth, a.since) = (truth, now);
        }
        a.why = why;
    }

    fn clock(&mut self, now: i64) {
        self.judged = now;
        if self.answers.iter().all(|a| a.truth == Truth::True) {
            self.all_hold_since.get_or_insert(now);
        } else {
            self.all_hold_since = None;
        }
    }

    /// Milliseconds until it has held long enough, if nothing breaks; `None` while something does not hold.
    pub fn left(&self) -> Option<u64> {
        let held = (self.judged - self.all_hold_since?).max(0) as u64;
        Some(self.stable_for.saturating_sub(held))
    }

    /// Whether all held for the whole stability window.
    pub fn held(&self) -> bool {
        self.left() == Some(0)
    }

    /// When it is to be judged at the latest, boot milliseconds.
    pub fn next_deadline(&self) -> i64 {
        let second = (self.judged.div_euclid(1000) + 1) * 1000;
        self.left().map_or(second, |l| second.min(self.judged + l as i64))
    }
}

fn why(parts: &[Part]) -> String {
    parts.iter().map(Part::line).collect::<Vec<_>>().join(" · ")
}
