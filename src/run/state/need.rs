//! What a person must say before anything goes on.

use super::{Stand, State};
use crate::model::playbook::{OnFailure, Question, StepKind};
use crate::run::plan::Plan;
use crate::run::record::Answer;

/// What a person must say before anything goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// What an unknown step did.
    Settle {
        /// Step number, from 1.
        step: usize,
        /// What is known.
        evidence: String,
    },
    /// What is to become of a failed step: done after all, tried again, or the end.
    Decide {
        /// Step number, from 1.
        step: usize,
        /// How it failed.
        detail: String,
    },
    /// Whether it is accepted unverified.
    Accept {
        /// What does not hold.
        why: String,
    },
    /// Whether it goes on.
    GoOn {
        /// Why it paused.
        why: String,
    },
    /// The answer to a question.
    Answer {
        /// Step number, from 1.
        step: usize,
        /// What is asked.
        question: Question,
    },
    /// Whether a step is done: what says so cannot be judged. At a ramp's hold: whether the next value is set (do it) or
    /// the ramp ends there (skip).
    Choose {
        /// Step number, from 1.
        step: usize,
        /// Why it cannot be judged.
        detail: String,
    },
    /// That enough people agree before the first step.
    Approve,
}

impl State {
    /// What a person must say, if anything.
    pub fn need(&self, plan: &Plan) -> Option<Need> {
        let stopping = self.aborting.is_some() && self.ending.is_none();
        let left = self.abandoned.is_some() || self.made_way.is_some() || self.declined.is_some();
        if self.is_over() || self.started.is_none() || stopping || left || self.cut {
            return None;
        }
        if self.ending.is_none() && self.awaits_approval(plan) {
            return Some(Need::Approve);
        }
        let current = self.current(plan);
        if let Some(step) = current {
            let (n, s) = (step.number, &self.steps[step.number - 1]);
            match self.stand(plan, step) {
                Stand::Unknown => {
                    let evidence = s.outcome.as_ref().map(|o| o.detail().to_owned()).unwrap_or_default();
                    return Some(Need::Settle { step: n, evidence });
                }
                Stand::Failed if step.step.on_failure == OnFailure::Ask => {
                    return Some(Need::Decide { step: n, detail: s.failure().unwrap_or_default() });
                }
                Stand::Running => match (&step.step.kind, &s.hold) {
                    (StepKind::Ask(question), _) => {
                        return Some(Need::Answer { step: n, question: question.clone() });
                    }
                    (StepKind::Hold(h), Some((Answer::Blind, detail))) if s.judged.is_none() => {
                        let detail = format!("whether {} is good cannot be judged: {detail}", h.value);
                        return Some(Need::Choose { step: n, detail });
                    }
                    _ => {}
                },
                Stand::Due if self.paused.is_none() || self.ending.is_some() => {
                    if let (Some((Answer::Blind, detail)), false) = (&s.when, s.chosen) {
                        return Some(Need::Choose { step: n, detail: detail.clone() });
                    }
                }
                _ => {}
            }
        }
        if self.ending.is_some() {
            return None;
        }
        if let Some((_, why)) = &self.unverified
            && self.accepted.is_none()
            && current.is_none_or(|p| matches!(p.step.kind, StepKind::Verify(_)))
        {
            return Some(Need::Accept { why: why.clone() });
        }
        let due = current.is_some_and(|p| matches!(self.stand(plan, p), Stand::Due | Stand::Failed));
        self.paused.as_ref().filter(|_| due).map(|why| Need::GoOn { why: why.clone() })
    }
}
