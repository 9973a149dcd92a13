//! Before the first step: what a lost run left, who agrees, and whether the target is the right one.

use super::{Asked, Effect, Machine};
use crate::model::playbook::ApprovalDefault;
use crate::model::time::{Millis, Now};
use crate::run::approval;
use crate::run::plan::{After, Inherited};
use crate::run::record::{Answer, Kind, Verdict};
use crate::run::view::between;

/// Milliseconds for which the proof of the target is good before the first step.
const FRESH: Millis = 10_000;

/// Milliseconds by which a clock may have run out unseen and still act.
const OVERDUE: Millis = 60_000;

impl Machine {
    /// What the lost run of another account did, once and before all else; whether something was recorded.
    pub(super) fn inherit(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        let Some(After::Succeeds { steps, .. }) = &self.plan.after else { return false };
        let open = |n: &usize| self.state.steps[n - 1].inherited.is_none();
        let Some(step) = (1..=self.plan.steps.len()).find(open) else { return false };
        let what = steps.get(step - 1).cloned().unwrap_or(Inherited::Open);
        self.record(now, Kind::Inherited { step, what }, out);
        true
    }

    /// Nobody has agreed yet: is the time over?
    pub(super) fn await_approval(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        let (Some(asked), Some(until)) =
            (self.plan.approval.clone(), self.state.approval_deadline(&self.plan))
        else {
            return false;
        };
        if !until.is_due(now) {
            return false;
        }
        let default = asked.default;
        let lacking = approval::missing(&self.plan, &self.state.given).unwrap_or_default();
        self.record(now, Kind::ApprovalMissed { default }, out);
        if default == ApprovalDefault::Refuse {
            let why = format!("nobody agreed in time (missing: {lacking}); nothing was changed");
            return self.finish(now, Verdict::Aborted, why, out);
        }
        if until.overdue(now) > OVERDUE {
            let late = until.overdue(now) / 1000;
            let why =
                format!("the time to agree ran out {late} s before anybody looked: nothing starts late");
            self.record(now, Kind::Paused { why }, out);
        }
        true
    }

    /// The target is asked once more before the first step. `None`: the step may begin.
    pub(super) fn before_the_first(&mut self, now: &Now, out: &mut Vec<Effect>) -> Option<bool> {
        if self.state.has_begun() {
            return None;
        }
        if let Some(prove) = &self.plan.prove {
            match &self.state.target {
                None => return Some(self.ask(0, Asked::Target, prove.within.unwrap_or(0), out)),
                Some((Answer::Holds, ..)) => {}
                Some((_, detail, _)) => {
                    let why =
                        format!("it is not proved to be the right target: {detail}; nothing was changed");
                    return Some(self.finish(now, Verdict::Aborted, why, out));
                }
            }
        }
        let probe = self.plan.compatible_with.as_ref()?;
        match &self.state.compatible {
            None => Some(self.ask(0, Asked::Compatible, probe.within.unwrap_or(0), out)),
            Some((Answer::Holds, _)) => None,
            Some((answer, detail)) => {
                let how = if *answer == Answer::Fails { "is not" } else { "cannot be said to be" };
                let why = format!("the target {how} compatible: {detail}; nothing was changed");
                Some(self.finish(now, Verdict::Aborted, why, out))
            }
        }
    }

    /// Whether the first step comes too long after its target was proved.
    pub(super) fn target_is_stale(&self, now: &Now) -> bool {
        let old = |at: &Now| between(at, now) >= FRESH;
        self.plan.prove.is_some()
            && !self.state.has_begun()
            && self.state.target.as_ref().is_none_or(|(_, _, at)| old(at))
    }
}
