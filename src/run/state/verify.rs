//! A verification under way or over: criteria and the stability clock.

use crate::model::time::Now;
use crate::run::record::{Answer, Kind};

/// A verification under way or over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifyState {
    /// Answer, value or reason, and since when, of each criterion.
    pub criteria: Vec<(Answer, String, Option<Now>)>,
    /// Since when all hold without a break.
    pub stable_since: Option<Now>,
    /// When and why the stability clock went back to 0.
    pub restarts: Vec<(Now, String)>,
    /// Where the window that held began, and whether it was after the deadline.
    pub verified: Option<(Now, bool)>,
    /// When and why the deadline was missed.
    pub missed: Option<(Now, String)>,
    /// When the last record of values was written.
    pub sampled: Option<Now>,
}

impl VerifyState {
    pub(super) fn apply(&mut self, kind: &Kind, at: &Now) {
        match kind {
            Kind::CriterionChanged { criterion, answer, value, .. } => {
                if self.criteria.len() <= *criterion {
                    self.criteria.resize(criterion + 1, Default::default());
                }
                self.criteria[*criterion] = (*answer, value.clone(), Some(at.clone()));
            }
            Kind::VerifySample { values, .. } => {
                for (slot, value) in self.criteria.iter_mut().zip(values) {
                    slot.1 = value.clone();
                }
                self.sampled = Some(at.clone());
            }
            Kind::StabilityStarted { .. } => self.stable_since = Some(at.clone()),
            Kind::StabilityRestarted { why, .. } => {
                self.stable_since = None;
                self.restarts.push((at.clone(), why.clone()));
            }
            _ => {}
        }
    }
}
