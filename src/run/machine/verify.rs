//! Criteria, the stability clock and the deadline of a verification.

use super::{Doing, Effect, Machine};
use crate::model::playbook::StepKind;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::PlanStep;
use crate::run::record::{Answer, Kind};
use crate::run::view::between;

/// Milliseconds between two records of all criteria.
const SAMPLE_EVERY: Millis = 10_000;

/// Milliseconds without a look after which the stability clock starts again.
const LOOK_GAP: Millis = 5_000;

impl Machine {
    pub(super) fn verify_deadline(&self, step: &PlanStep) -> Option<Deadline> {
        let s = &self.state.steps[step.number - 1];
        Some(Deadline::after(s.started.as_ref()?, self.plan.verification(step)?.within))
    }

    /// Looks at the criteria, and at the deadline.
    pub(super) fn watch(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        if self.doing == Doing::Nothing {
            self.doing = Doing::Watching(step.number);
            self.looked = None;
            out.push(Effect::Watch { step: step.number });
        }
        self.judge_deadline(now, step, out)
    }

    /// Nobody looked for a while: what held before does not count.
    pub(super) fn restart_stability(&mut self, now: &Now, why: String, out: &mut Vec<Effect>) {
        let watched = self.state.current(&self.plan).filter(|p| matches!(p.step.kind, StepKind::Verify(_)));
        let Some(step) = watched.map(|p| p.number) else { return };
        if self.state.steps[step - 1].verify.as_ref().is_some_and(|v| v.stable_since.is_some()) {
            self.record(now, Kind::StabilityRestarted { step, criterion: None, why }, out);
        }
    }

    /// Whether a verification's deadline was missed just now.
    fn judge_deadline(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let verify = self.state.steps[step.number - 1].verify.as_ref();
        if verify.is_some_and(|v| v.missed.is_some() || v.verified.is_some())
            || self.verify_deadline(step).is_none_or(|d| !d.is_due(now))
        {
            return false;
        }
        let criteria = self.plan.verification(step).map(|v| v.criteria.as_slice()).unwrap_or_default();
        let answer = |i: usize| verify.and_then(|v| v.criteria.get(i)).map_or(Answer::Blind, |c| c.0);
        let named = |wanted: Answer| {
            let which = criteria.iter().enumerate().filter(|(i, _)| answer(*i) == wanted);
            which.map(|(_, c)| c.text.clone()).collect::<Vec<_>>()
        };
        let why = match (named(Answer::Fails), named(Answer::Blind)) {
            (f, b) if f.is_empty() && b.is_empty() => {
                "all criteria hold, but not yet for long enough".to_owned()
            }
            (f, b) if b.is_empty() => format!("does not hold: {}", f.join(", ")),
            (f, b) if f.is_empty() => format!("cannot be judged: {}", b.join(", ")),
            (f, b) => format!("does not hold: {}; cannot be judged: {}", f.join(", "), b.join(", ")),
        };
        self.record(now, Kind::NotVerified { step: Some(step.number), why }, out);
        true
    }

    pub(super) fn criteria(
        &mut self,
        now: &Now,
        n: usize,
        seen: Vec<(Answer, String)>,
        out: &mut Vec<Effect>,
    ) {
        let Some(step) = self.plan.steps.get(n - 1).cloned() else { return };
        let Some(v) = self.plan.verification(&step).cloned() else { return };
        let folded = |m: &Machine| m.state.steps[n - 1].verify.clone().unwrap_or_default();
        let before = folded(self);
        for (i, (answer, value)) in seen.iter().enumerate() {
            let known = before.criteria.get(i).is_some_and(|c| c.2.is_some() && c.0 == *answer);
            if !known {
                let (answer, value) = (*answer, value.clone());
                self.record(now, Kind::CriterionChanged { step: n, criterion: i, answer, value }, out);
            }
        }
        let gap = self.looked.as_ref().map_or(0, |at| between(at, now));
        self.looked = Some(now.clone());
        if before.stable_since.is_some() {
            let broken = seen.iter().position(|(a, _)| *a != Answer::Holds);
            let why = match broken {
                Some(i) => Some(format!("{}: {}", v.criteria[i].text, seen[i].1)),
                None => (gap > LOOK_GAP).then(|| format!("nobody looked for {} s", gap / 1000)),
            };
            if let Some(why) = why {
                self.record(now, Kind::StabilityRestarted { step: n, criterion: broken, why }, out);
            }
        }
        let all = seen.len() == v.criteria.len() && seen.iter().all(|(a, _)| *a == Answer::Holds);
        if all && folded(self).stable_since.is_none() {
            self.record(now, Kind::StabilityStarted { step: n }, out);
        }
        if before.sampled.as_ref().is_none_or(|at| between(at, now) >= SAMPLE_EVERY) {
            let values = seen.into_iter().map(|(_, v)| v).collect();
            self.record(now, Kind::VerifySample { step: n, values }, out);
        }
        if let Some(stable_from) = folded(self).stable_since
            && between(&stable_from, now) >= v.stable_for
        {
            let late =
                before.missed.is_some() || self.verify_deadline(&step).is_some_and(|d| d.overdue(now) > 0);
            self.record(now, Kind::Verified { step: n, stable_from, late }, out);
            self.doing = Doing::Nothing;
            out.push(Effect::Unwatch);
        }
    }
}
