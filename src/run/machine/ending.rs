//! How a run ends before its last step: by a failure or a person, and what is always done all the same.

use super::{Doing, Effect, Machine};
use crate::model::playbook::StepKind;
use crate::model::time::Now;
use crate::run::record::{Kind, Outcome, Verdict};
use crate::run::state::Stand;

impl Machine {
    /// A person ended it, one way or another. `None`: nobody did.
    pub(super) fn left_by_a_person(&mut self, now: &Now, out: &mut Vec<Effect>) -> Option<bool> {
        let state = &self.state;
        let untouched = if state.has_begun() { "" } else { "; nothing was changed" };
        let held = state.guarding.is_some();
        if let Some((run, who, reason)) = &state.made_way {
            let why = format!("made way for run {run}, asked by {}: {reason}{untouched}", who.user);
            return Some(self.finish(now, verdict(held, Verdict::Abandoned), why, out));
        }
        if let Some((who, reason)) = &state.abandoned {
            let why = format!("ended by {}: {reason}{untouched}", who.user);
            return Some(self.finish(now, verdict(held, Verdict::Abandoned), why, out));
        }
        if let Some((who, reason)) = &state.declined {
            let why = format!("refused by {}: {reason}{untouched}", who.user);
            return Some(self.finish(now, Verdict::Aborted, why, out));
        }
        if let Some((verdict, why)) = state.ending.clone() {
            return match (state.cut, state.current(&self.plan).is_some()) {
                (true, true) if self.stop_attempt(now, out) => Some(false),
                (true, _) => {
                    let why = format!("{why}; steps that are always done were stopped too");
                    Some(self.finish(now, verdict, why, out))
                }
                (false, true) => None,
                (false, false) => Some(self.finish(now, verdict, why, out)),
            };
        }
        if let Some((who, reason)) = state.aborting.clone() {
            if self.stop_attempt(now, out) {
                return Some(false);
            }
            let why = format!("stopped by {}: {reason}{untouched}", who.user);
            return Some(self.leave(now, Verdict::Aborted, why, out));
        }
        if let Some((who, reason)) = state.accepted.clone() {
            let why = format!("accepted by {}: {reason}", who.user);
            return Some(self.leave(now, Verdict::AcceptedUnverified, why, out));
        }
        None
    }

    /// The end is decided; what is always done comes first, if the run has begun at all and nobody had yet to agree.
    pub(super) fn leave(&mut self, now: &Now, verdict: Verdict, why: String, out: &mut Vec<Effect>) -> bool {
        let left = self.plan.steps.iter().any(|p| self.state.is_left(&self.plan, p));
        if !left || !self.state.has_begun() || self.state.awaits_approval(&self.plan) {
            return self.finish(now, verdict, why, out);
        }
        if let Doing::Watching(_) = self.doing {
            out.push(Effect::Unwatch);
        }
        self.doing = Doing::Nothing;
        self.record(now, Kind::Ending { verdict, why }, out);
        true
    }

    /// Ends what runs; whether it is not over yet.
    fn stop_attempt(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        let running = self.state.current(&self.plan).cloned();
        let Some(step) = running.filter(|p| self.state.stand(&self.plan, p) == Stand::Running) else {
            return false;
        };
        let (n, attempt) = (step.number, self.state.steps[step.number - 1].attempt);
        if step.changes() {
            // A lost supervisor's attempt is found first, then ended.
            if self.doing == Doing::Nothing && self.go_on(now, &step, out) {
                return self.stop_attempt(now, out);
            }
            // A file is written in one go: its end is near.
            let whole = matches!(step.step.kind, StepKind::Write(_) | StepKind::Edit(_));
            if !whole && !matches!(self.doing, Doing::Killing(_)) {
                self.doing = Doing::Killing(n);
                out.push(Effect::Kill { step: n, attempt });
            }
            return true;
        }
        if matches!(step.step.kind, StepKind::Capture(_)) && self.doing == Doing::Attempt(n) {
            out.push(Effect::Kill { step: n, attempt });
        }
        if let Doing::Watching(_) = self.doing {
            out.push(Effect::Unwatch);
        }
        self.doing = Doing::Nothing;
        let outcome = Outcome::Aborted { detail: "stopped while looking; it changes nothing".to_owned() };
        self.record(now, Kind::StepExited { step: n, attempt, outcome, survivors: Vec::new() }, out);
        false
    }
}

/// What was verified stays verified.
fn verdict(held: bool, otherwise: Verdict) -> Verdict {
    if held { Verdict::Verified } else { otherwise }
}
