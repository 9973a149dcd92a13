//! What a run's records add up to. The only truth about a run: machine, screen and report all look here.

use super::plan::{Person, Plan, PlanStep};
use super::record::{Answer, Guard, Kind, Outcome, Refusal, Verdict, Wish};
use crate::model::playbook::{OnFailure, Question, StepKind};
use crate::model::record::Record;
use crate::model::time::Now;
use std::collections::BTreeSet;

/// How often an attempt may turn out never to have begun before the step counts as failed.
const NEVER_BEGAN: u32 = 3;

/// A run, folded from its records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// When the supervisor accepted it.
    pub started: Option<Now>,
    /// Why it was refused.
    pub refused: Option<(Refusal, String)>,
    /// When and how it ended.
    pub finished: Option<(Now, Verdict, String)>,
    /// Pid and start time of the supervisor that wrote last.
    pub supervisor: Option<(u32, u64)>,
    /// Host it runs on.
    pub host: String,
    /// What proved the environment.
    pub proof: Option<String>,
    /// The steps, in order.
    pub steps: Vec<StepState>,
    /// Why no new step starts.
    pub paused: Option<String>,
    /// Who stopped it, and why.
    pub aborting: Option<(Person, String)>,
    /// Who ended it where it was, and why.
    pub abandoned: Option<(Person, String)>,
    /// Who accepted it unverified, and why.
    pub accepted: Option<(Person, String)>,
    /// When and why it is applied but not verified, while nothing has verified it since.
    pub unverified: Option<(Now, String)>,
    /// How many supervisors were lost.
    pub adopted: u32,
    /// Requests that were answered.
    pub handled: BTreeSet<String>,
    /// Sequence of the last record.
    pub seq: u64,
    /// When the last record was written.
    pub last: Option<Now>,
}

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
    /// Answer of the guard `prove` before the next attempt.
    pub prove: Option<(Answer, String)>,
    /// Answer of the guard `already` before the next attempt.
    pub already: Option<(Answer, String)>,
    /// Why it was skipped.
    pub skipped: Option<String>,
    /// Whether its effect was seen, in what words, and when.
    pub observed: Option<(Answer, String, Now)>,
    /// Its criteria, for a `verify` step that has begun.
    pub verify: Option<VerifyState>,
    /// Attempts that counted.
    tries: u32,
    /// Attempts that never began.
    never_began: u32,
    /// Further attempts that a person allowed.
    extra: u32,
}

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
    /// Whether a step is done: what says so cannot be judged.
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
    /// Folds a journal.
    ///
    /// # Errors
    /// Names the first record that is not a run's.
    pub fn fold(plan: &Plan, records: &[Record]) -> Result<State, String> {
        let mut state = State::new(plan);
        for record in records {
            state.apply(&Kind::read(record)?, &record.at);
            state.seq = record.seq;
        }
        Ok(state)
    }

    /// A run of which nothing is recorded.
    pub fn new(plan: &Plan) -> State {
        State { steps: vec![StepState::default(); plan.steps.len()], ..State::default() }
    }

    /// Takes in one record.
    pub fn apply(&mut self, kind: &Kind, at: &Now) {
        self.last = Some(at.clone());
        match kind {
            Kind::RunStarted { pid, start, host, proof, .. } => {
                self.started = Some(at.clone());
                self.supervisor = Some((*pid, *start));
                self.host = host.clone();
                self.proof = proof.clone();
            }
            Kind::RunRefused { reason, why } => self.refused = Some((*reason, why.clone())),
            Kind::Adopted { pid, start, .. } => {
                self.supervisor = Some((*pid, *start));
                self.adopted += 1;
                self.forget_answers();
                // A stub that never began because its supervisor died says nothing about the step.
                self.steps.iter_mut().for_each(|s| s.never_began = 0);
            }
            Kind::Paused { why } => self.paused = Some(why.clone()),
            Kind::RequestHandled { request, accepted, .. } => {
                self.handled.insert(request.id.clone());
                if *accepted {
                    self.wish(&request.who, &request.ask);
                }
            }
            Kind::NotVerified { step, why } => {
                self.unverified = Some((at.clone(), why.clone()));
                if let Some(verify) = step.and_then(|n| self.verify(n)) {
                    verify.missed = Some((at.clone(), why.clone()));
                }
            }
            Kind::RunFinished { verdict, why } => self.finished = Some((at.clone(), *verdict, why.clone())),
            Kind::TornTail { .. }
            | Kind::Inherited { .. }
            | Kind::RampJudged { .. }
            | Kind::Proposed { .. }
            | Kind::Late { .. }
            | Kind::Approved { .. }
            | Kind::ApprovalMissed { .. }
            | Kind::Paged { .. }
            | Kind::Guarding { .. }
            | Kind::Drifted { .. }
            | Kind::HostSlept { .. } => {}
            Kind::GuardJudged { step, .. }
            | Kind::StepStarting { step, .. }
            | Kind::StepStarted { step, .. }
            | Kind::StepExited { step, .. }
            | Kind::StepSkipped { step, .. }
            | Kind::Observed { step, .. } => {
                if let Some(s) = self.steps.get_mut(step.wrapping_sub(1)) {
                    s.apply(kind, at);
                }
            }
            Kind::CriterionChanged { step, .. }
            | Kind::VerifySample { step, .. }
            | Kind::StabilityStarted { step }
            | Kind::StabilityRestarted { step, .. } => {
                if let Some(v) = self.verify(*step) {
                    v.apply(kind, at);
                }
            }
            Kind::Verified { step, stable_from, late } => {
                if let Some(s) = self.steps.get_mut(step.wrapping_sub(1)) {
                    s.ended = Some(at.clone());
                    s.verify.get_or_insert_default().verified = Some((stable_from.clone(), *late));
                }
                self.unverified = None;
            }
        }
    }

    /// A lost supervisor's permissions are old news: those guards are asked again. What failed stays failed, so that no
    /// step behind us comes up again.
    fn forget_answers(&mut self) {
        for s in &mut self.steps {
            s.prove.take_if(|(answer, _)| *answer == Answer::Holds);
            s.already.take_if(|(answer, _)| *answer != Answer::Blind);
            // That it never began was the lost supervisor's end, not the step's fault.
            if s.never_began < NEVER_BEGAN {
                s.never_began = 0;
            }
        }
    }

    fn wish(&mut self, who: &Person, ask: &Wish) {
        match ask {
            Wish::Abort { reason } => self.aborting = Some((who.clone(), reason.clone())),
            Wish::Abandon { reason } => self.abandoned = Some((who.clone(), reason.clone())),
            Wish::Accept { reason } => self.accepted = Some((who.clone(), reason.clone())),
            Wish::GoOn => self.paused = None,
            // What follows is a StepExited of its own.
            Wish::Settle { .. } => {}
            _ => {}
        }
    }

    fn verify(&mut self, step: usize) -> Option<&mut VerifyState> {
        self.steps.get_mut(step.wrapping_sub(1)).map(|s| s.verify.get_or_insert_default())
    }

    /// Whether nothing follows any more.
    pub fn is_over(&self) -> bool {
        self.finished.is_some() || self.refused.is_some()
    }

    /// The step that is next or under way.
    pub fn current<'a>(&self, plan: &'a Plan) -> Option<&'a PlanStep> {
        plan.steps.iter().find(|p| self.steps.get(p.number - 1).is_some_and(|s| s.stand(p) != Stand::Passed))
    }

    /// Whether a verification held, and none stands missed.
    pub fn is_verified(&self) -> bool {
        let mut held =
            self.steps.iter().filter_map(|s| s.verify.as_ref()).map(|v| v.verified.is_some()).peekable();
        held.peek().is_some() && held.all(|h| h)
    }

    /// What a person must say, if anything.
    pub fn need(&self, plan: &Plan) -> Option<Need> {
        if self.is_over() || self.started.is_none() || self.aborting.is_some() || self.abandoned.is_some() {
            return None;
        }
        if let Some(step) = self.current(plan) {
            let s = &self.steps[step.number - 1];
            match s.stand(step) {
                Stand::Unknown => {
                    let evidence = s.outcome.as_ref().map(|o| o.detail().to_owned()).unwrap_or_default();
                    return Some(Need::Settle { step: step.number, evidence });
                }
                Stand::Failed if step.step.on_failure == OnFailure::Ask => {
                    return Some(Need::Decide { step: step.number, detail: s.failure().unwrap_or_default() });
                }
                _ => {}
            }
        }
        if let Some((_, why)) = &self.unverified
            && self.accepted.is_none()
        {
            let waits = self.current(plan).is_none_or(|p| matches!(p.step.kind, StepKind::Verify(_)));
            if waits {
                return Some(Need::Accept { why: why.clone() });
            }
        }
        self.paused.as_ref().map(|why| Need::GoOn { why: why.clone() })
    }
}

impl StepState {
    fn apply(&mut self, kind: &Kind, at: &Now) {
        match kind {
            Kind::GuardJudged { guard, answer, detail, .. } => match guard {
                Guard::Prove => self.prove = Some((*answer, detail.clone())),
                Guard::Already => self.already = Some((*answer, detail.clone())),
                Guard::When => {}
            },
            Kind::StepStarting { attempt, token, .. } => {
                self.attempt = *attempt;
                self.token = token.clone();
                self.began.get_or_insert_with(|| at.clone());
                self.started = Some(at.clone());
                (self.stub, self.ended, self.outcome, self.observed) = (None, None, None, None);
                (self.prove, self.already) = (None, None);
                self.tries += 1;
            }
            Kind::StepStarted { stub, .. } => self.stub = Some(*stub),
            Kind::StepExited { outcome, .. } => {
                match outcome {
                    Outcome::NotStarted { .. } => {
                        self.tries = self.tries.saturating_sub(1);
                        self.never_began += 1;
                    }
                    Outcome::Settled { done: false, .. } => {
                        self.extra += 1;
                        (self.prove, self.already, self.observed) = (None, None, None);
                    }
                    Outcome::Settled { done: true, .. } => (self.prove, self.observed) = (None, None),
                    _ => {}
                }
                self.outcome = Some(outcome.clone());
                self.ended = Some(at.clone());
            }
            Kind::StepSkipped { why, .. } => {
                self.skipped = Some(why.clone());
                self.ended = Some(at.clone());
            }
            Kind::Observed { answer, detail, .. } => {
                self.observed = Some((*answer, detail.clone(), at.clone()));
            }
            _ => {}
        }
    }

    /// Whether another attempt may be made by the machine itself.
    fn may_retry(&self, step: &PlanStep) -> bool {
        let safe = step.step.repeatable || step.step.already.is_some() || !step.changes();
        safe && self.tries < step.step.attempts.max(1) + self.extra
    }

    /// Where it stands.
    pub fn stand(&self, step: &PlanStep) -> Stand {
        if self.skipped.is_some() {
            return Stand::Passed;
        }
        if matches!(step.step.kind, StepKind::Verify(_)) {
            return self.stand_verify(step);
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
        match failed {
            false => Stand::Due,
            true if step.step.on_failure == OnFailure::Continue => Stand::Passed,
            true => Stand::Failed,
        }
    }

    fn stand_verify(&self, step: &PlanStep) -> Stand {
        let missed = self.verify.as_ref().is_some_and(|v| v.missed.is_some());
        match &self.verify {
            Some(v) if v.verified.is_some() => Stand::Passed,
            _ if missed && step.step.on_failure == OnFailure::Continue => Stand::Passed,
            _ if self.guard_failed() && step.step.on_failure == OnFailure::Continue => Stand::Passed,
            _ if self.guard_failed() || self.outcome.is_some() => Stand::Failed,
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

impl VerifyState {
    fn apply(&mut self, kind: &Kind, at: &Now) {
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
