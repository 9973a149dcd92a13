//! Times by which a step or a phase is to be over, from the run's start. Missing one is on record, once.

use super::{Effect, Machine};
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::PlanStep;
use crate::run::record::Kind;
use crate::run::state::Stand;
use crate::run::view::between;

impl Machine {
    /// Steps with the time they have: their own, and that of a phase for its last step.
    fn timed(&self) -> impl Iterator<Item = (&PlanStep, Millis)> {
        let steps = self.plan.steps.iter().filter_map(|p| Some((p, p.step.by?)));
        let phases = self.plan.procedure.phases.iter().filter_map(|phase| {
            let last = self.plan.steps.iter().rev().find(|p| p.phase.as_ref() == Some(&phase.id))?;
            Some((last, phase.by?))
        });
        steps.chain(phases).filter(|(p, by)| !self.state.late.contains(&(p.number, *by)))
    }

    fn is_open(&self, p: &PlanStep) -> bool {
        match self.state.ending {
            None => self.state.stand(&self.plan, p) != Stand::Passed,
            Some(_) => self.state.is_left(&self.plan, p),
        }
    }

    /// When the next one is missed.
    pub(super) fn late_deadline(&self) -> Option<Deadline> {
        let start = self.state.started.as_ref()?;
        let open = self.timed().filter(|(p, _)| self.is_open(p));
        open.map(|(_, by)| Deadline::after(start, by)).min_by_key(|d| d.due_wall)
    }

    /// Records one that was missed; whether there was one.
    pub(super) fn record_late(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        let Some(start) = self.state.started.clone() else { return false };
        let missed = self.timed().find(|(p, by)| {
            let s = &self.state.steps[p.number - 1];
            match (self.is_open(p), &s.ended) {
                (true, _) => between(&start, now) > *by,
                (false, Some(ended)) => s.skipped.is_none() && between(&start, ended) > *by,
                (false, None) => false,
            }
        });
        let Some((step, by)) = missed.map(|(p, by)| (p.number, by)) else { return false };
        self.record(now, Kind::Late { step, by }, out);
        true
    }
}
