//! What the records add up to for one step, and where it stands.

use super::VerifyState;
use crate::model::playbook::{OnFailure, StepKind};
use crate::model::time::Now;
use crate::run::plan::{Inherited, PlanStep};
use crate::run::record::{Answer, FileChange, Guard, Kind, Outcome};

/// How often an attempt may turn out never to have begun before the step counts as failed.
const NEVER_BEGAN: u32 = 3;

/// One step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepState {
    /// Number of the last attempt; 0 before the first.
    pub attempt: u32,
    /// Identity of the last attempt.
    pub token: String,
    /// When the first attempt began.
    pub began: Option<Now>,
    /// When the last attempt began.
    pub started: Option<Now>,
    /// Pid of the last attempt's stub.
    pub stub: Option<u32>,
    /// When the last attempt ended, or the step was skipped or verified.
    pub ended: Option<Now>,
    /// How the last attempt ended.
    pub outcome: Option<Outcome>,
    /// Processes of any attempt that ignored KILL: pid and name.
    pub survivors: Vec<(i32, String)>,
    /// What the last attempt set out to change in a file.
    pub said: Option<FileChange>,
    /// Answer of the guard `when`.
    pub when: Option<(Answer, String)>,
    /// A person said that it is to be done although `when` could not be judged.
    pub chosen: bool,
    /// Answer of the guard `prove` before the next attempt.
    pub prove: Option<(Answer, String)>,
    /// Answer of the guard `already` before the next attempt.
    pub already: Option<(Answer, String)>,
    /// Why it was skipped.
    pub skipped: Option<String>,
    /// It was skipped because what it would do was so already.
    pub so: bool,
    /// What the lost run that this one goes on with did with it.
    pub inherited: Option<Inherited>,
    /// Whether its effect was seen, in what words, and when.
    pub observed: Option<(Answer, String, Now)>,
    /// What a probe says that an unknown attempt did: holds is done.
    pub proposal: Option<(Answer, String)>,
    /// Whether a ramp goes on could not be judged at the end of this hold, in what words.
    pub hold: Option<(Answer, String)>,
    /// At the end of this hold: the ramp stops here.
    pub judged: Option<bool>,
    /// What was settled by a person, and when, attempt by attempt.
    pub settled: Vec<(Now, u32, bool, String)>,
    /// Its criteria, for a `verify` step that has begun.
    pub verify: Option<VerifyState>,
    /// Names under which a question's text, and its text or label, are kept.
    pub(super) asks: (Option<String>, Option<String>),
    /// Attempts that counted.
    tries: u32,
    /// Attempts that never began.
    never_began: u32,
    /// Further attempts that a person allowed.
    extra: u32,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// An attempt (the first or a further one) is due.
    Due,
    /// An attempt is under way.
    Running,
    /// The attempt succeeded; its effect is being looked for.
    Observing,
    /// Behind us.
    Passed,
    /// Definitely failed, no attempt left.
    Failed,
    /// Nobody knows what the attempt did.
    Unknown,
}

impl StepState {
    /// A step of which nothing is recorded.
    pub(super) fn of(step: &PlanStep) -> StepState {
        let asks = match &step.step.kind {
            StepKind::Ask(q) => (q.input.clone(), step.step.id.clone()),
            _ => (None, None),
        };
        StepState { asks, ..StepState::default() }
    }

    pub(super) fn apply(&mut self, kind: &Kind, at: &Now) {
        match kind {
            Kind::GuardJudged { guard, answer, detail, .. } => {
                let judged = Some((*answer, detail.clone()));
                match guard {
                    Guard::Prove => self.prove = judged,
                    Guard::Already => self.already = judged,
                    Guard::When => self.when = judged,
                    Guard::Hold => self.hold = judged,
                    Guard::Compatible | Guard::Stays => {}
                }
            }
            Kind::StepStarting { attempt, token, file, .. } => {
                self.attempt = *attempt;
                self.token = token.clone();
                self.began.get_or_insert_with(|| at.clone());
                self.started = Some(at.clone());
                self.said = file.clone();
                (self.stub, self.ended, self.outcome, self.observed) = (None, None, None, None);
                (self.prove, self.already, self.proposal, self.hold) = (None, None, None, None);
                self.judged = None;
                self.tries += 1;
            }
            Kind::StepStarted { stub, .. } => self.stub = Some(*stub),
            Kind::StepExited { outcome, survivors, .. } => {
                self.exited(outcome, at);
                self.survivors.extend(survivors.iter().cloned());
            }
            Kind::StepSkipped { why, so, .. } => {
                self.so = *so;
                self.skipped = Some(why.clone());
                self.ended = Some(at.clone());
            }
            Kind::Observed { answer, detail, .. } => {
                self.observed = Some((*answer, detail.clone(), at.clone()));
            }
            Kind::Inherited { what, .. } => {
                if let Inherited::Unknown { evidence } = what {
                    self.outcome = Some(Outcome::Unknown { evidence: evidence.clone() });
                }
                self.inherited = Some(what.clone());
            }
            Kind::RampJudged { stop, .. } => self.judged = Some(*stop),
            Kind::Proposed { answer, detail, .. } => self.proposal = Some((*answer, detail.clone())),
            _ => {}
        }
    }

    fn exited(&mut self, outcome: &Outcome, at: &Now) {
        match outcome {
            Outcome::NotStarted { .. } => {
                self.tries = self.tries.saturating_sub(1);
                self.never_began += 1;
            }
            Outcome::Settled { done, reason } => {
                self.settled.push((at.clone(), self.attempt, *done, reason.clone()));
                (self.prove, self.observed) = (None, None);
                if !done {
                    // An attempt that never began did not count: the one that is allowed now is not a further one.
                    self.extra += u32::from(!matches!(self.outcome, Some(Outcome::NotStarted { .. })));
                    self.already = None;
                }
            }
            _ => {}
        }
        self.proposal = None;
        self.outcome = Some(outcome.clone());
        self.ended = Some(at.clone());
    }

    /// See [`State::forget_answers`](super::State).
    pub(super) fn forget_answers(&mut self) {
        self.prove.take_if(|(answer, _)| *answer == Answer::Holds);
        self.already.take_if(|(answer, _)| *answer != Answer::Blind);
        self.when.take_if(|_| self.started.is_none() && self.skipped.is_none());
        self.hold = None;
    }

    /// That it never began was a lost supervisor's end, not the step's fault.
    pub(super) fn began_after_all(&mut self) {
        if self.never_began < NEVER_BEGAN {
            self.never_began = 0;
        }
    }

    /// Whether another attempt may be made by the machine itself.
    fn may_retry(&self, step: &PlanStep) -> bool {
        let safe = step.step.repeatable || step.step.already.is_some() || !step.changes();
        safe && self.tries < step.step.attempts.max(1) + self.extra
    }

    /// Where it stands.
    pub fn stand(&self, step: &PlanStep) -> Stand {
        match self.judge(step) {
            Stand::Failed if step.step.on_failure == OnFailure::Continue => Stand::Passed,
            stand => stand,
        }
    }

    /// Whether it failed, whatever follows from that.
    pub fn has_failed(&self, step: &PlanStep) -> bool {
        self.judge(step) == Stand::Failed
    }

    fn judge(&self, step: &PlanStep) -> Stand {
        if self.skipped.is_some() || matches!(self.inherited, Some(Inherited::Passed { .. })) {
            return Stand::Passed;
        }
        if matches!(step.step.kind, StepKind::Verify(_)) {
            return self.judge_verify(step);
        }
        let failed = match &self.outcome {
            None if self.started.is_some() => return Stand::Running,
            None => self.guard_failed(),
            Some(Outcome::Unknown { .. }) => return Stand::Unknown,
            Some(Outcome::NotStarted { .. }) => self.guard_failed() || self.never_began >= NEVER_BEGAN,
            Some(Outcome::Settled { done: false, .. }) => self.guard_failed(),
            Some(Outcome::Success { .. } | Outcome::Settled { done: true, .. }) => {
                match (&step.step.observe, &self.observed) {
                    (None, _) | (_, Some((Answer::Holds, ..))) => return Stand::Passed,
                    (Some(_), None) => return Stand::Observing,
                    (Some(_), Some(_)) => {
                        self.guard_failed() || self.already_blind(step) || !self.may_retry(step)
                    }
                }
            }
            Some(Outcome::Failure { .. } | Outcome::TimedOut { .. }) => {
                self.guard_failed() || self.already_blind(step) || !self.may_retry(step)
            }
            Some(Outcome::Aborted { .. }) => true,
        };
        if failed { Stand::Failed } else { Stand::Due }
    }

    fn judge_verify(&self, step: &PlanStep) -> Stand {
        let missed = self.verify.as_ref().is_some_and(|v| v.missed.is_some());
        match &self.verify {
            Some(v) if v.verified.is_some() => Stand::Passed,
            _ if missed && step.step.on_failure == OnFailure::Continue => Stand::Failed,
            _ if matches!(self.outcome, Some(Outcome::Unknown { .. })) => Stand::Unknown,
            _ if self.outcome.as_ref().is_some_and(|o| !matches!(o, Outcome::Settled { .. })) => {
                Stand::Failed
            }
            _ if self.guard_failed() => Stand::Failed,
            _ if self.started.is_some() => Stand::Running,
            _ => Stand::Due,
        }
    }

    /// A proof that could not say yes says no.
    fn guard_failed(&self) -> bool {
        matches!(self.prove, Some((Answer::Fails | Answer::Blind, _)))
    }

    /// Before a further attempt of a step that is not repeatable, `already` must have said no.
    fn already_blind(&self, step: &PlanStep) -> bool {
        !step.step.repeatable && matches!(self.already, Some((Answer::Blind, _)))
    }

    /// How it failed, in words, when it did.
    pub fn failure(&self) -> Option<String> {
        if self.guard_failed() {
            return self.prove.as_ref().map(|(_, detail)| format!("not proved: {detail}"));
        }
        match (&self.outcome, &self.observed) {
            (Some(Outcome::Success { detail }), Some((Answer::Fails | Answer::Blind, seen, _))) => {
                Some(format!("applied ({detail}), not seen: {seen}"))
            }
            (Some(Outcome::Settled { done: true, .. }), Some((Answer::Fails | Answer::Blind, seen, _))) => {
                Some(format!("said to be done, not seen: {seen}"))
            }
            (
                Some(
                    o @ (Outcome::Failure { .. }
                    | Outcome::TimedOut { .. }
                    | Outcome::Aborted { .. }
                    | Outcome::NotStarted { .. }),
                ),
                _,
            ) => Some(o.detail().to_owned()),
            _ => None,
        }
    }
}
