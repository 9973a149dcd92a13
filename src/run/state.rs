//! What a run's records add up to. The only truth about a run: machine, screen and report all look here.

mod need;
mod step;
mod verify;

pub use need::Need;
pub use step::{Stand, StepState};
pub use verify::VerifyState;

use super::approval::{self, Given};
use super::plan::{Inherited, Person, Plan, PlanStep};
use super::record::{Answer, Guard, Kind, Outcome, Refusal, Request, Verdict, Wish};
use crate::model::playbook::{ApprovalDefault, OnFailure, StepKind};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Who agreed.
    pub given: Vec<Given>,
    /// Nobody agreed in time, and what happened.
    pub approval_missed: Option<ApprovalDefault>,
    /// Whether it is the right target, in what words, and when that was asked.
    pub target: Option<(Answer, String, Now)>,
    /// Whether the target is compatible, and in what words.
    pub compatible: Option<(Answer, String)>,
    /// Why no new step starts.
    pub paused: Option<String>,
    /// Who did not agree, and why.
    pub declined: Option<(Person, String)>,
    /// Who stopped it, and why.
    pub aborting: Option<(Person, String)>,
    /// How it ends, while the steps that are always done are left.
    pub ending: Option<(Verdict, String)>,
    /// Those are stopped too.
    pub cut: bool,
    /// Who ended it where it was, and why.
    pub abandoned: Option<(Person, String)>,
    /// Which run it made way for, who asked, and why.
    pub made_way: Option<(String, Person, String)>,
    /// Who accepted it unverified, and why.
    pub accepted: Option<(Person, String)>,
    /// When and why it is applied but not verified, while nothing has verified it since.
    pub unverified: Option<(Now, String)>,
    /// It is verified; until when it is watched.
    pub guarding: Option<Deadline>,
    /// What was last seen then, while the supervisor that saw it lives.
    pub stays: Option<(Answer, String, Now)>,
    /// A supervisor was lost while it was watched.
    pub unwatched: bool,
    /// When and how the target turned out not to be what was verified.
    pub drifted: Option<(Now, String)>,
    /// When who was told, what came of it, and whether a channel took it.
    pub paged: Vec<(Now, String, String, bool)>,
    /// Steps that were over too late, and the time they had from the run's start.
    pub late: BTreeSet<(usize, Millis)>,
    /// What people answered, by the question's `input` and by its step's id.
    pub answers: BTreeMap<String, String>,
    /// How many supervisors were lost.
    pub adopted: u32,
    /// Requests that were answered.
    pub handled: BTreeSet<String>,
    /// Sequence of the last record.
    pub seq: u64,
    /// When the last record was written.
    pub last: Option<Now>,
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
        State { steps: plan.steps.iter().map(StepState::of).collect(), ..State::default() }
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
                self.target = proof.clone().map(|p| (Answer::Holds, p, at.clone()));
            }
            Kind::RunRefused { reason, why } => self.refused = Some((*reason, why.clone())),
            Kind::Adopted { pid, start, .. } => {
                self.supervisor = Some((*pid, *start));
                self.adopted += 1;
                self.forget_answers();
                // A stub that never began because its supervisor died says nothing about the step.
                self.steps.iter_mut().for_each(StepState::began_after_all);
                self.stays = None;
                self.unwatched |= self.guarding.is_some();
            }
            Kind::Paused { why } => self.paused = Some(why.clone()),
            Kind::RequestHandled { request, accepted, .. } => {
                self.handled.insert(request.id.clone());
                if *accepted {
                    self.wish(request);
                }
            }
            Kind::Approved { who, roles, asserted } => {
                let (who, roles, asserted) = (who.clone(), roles.clone(), asserted.clone());
                self.given.push(Given { who, roles, asserted });
            }
            Kind::ApprovalMissed { default } => self.approval_missed = Some(*default),
            Kind::NotVerified { step, why } => {
                self.unverified = Some((at.clone(), why.clone()));
                if let Some(verify) = step.and_then(|n| self.verify(n)) {
                    verify.missed = Some((at.clone(), why.clone()));
                }
            }
            Kind::Paged { title, detail, told } => {
                self.paged.push((at.clone(), title.clone(), detail.clone(), *told));
            }
            Kind::Guarding { until } => self.guarding = Some(until.clone()),
            Kind::Drifted { detail } => {
                self.guarding = None;
                self.drifted = Some((at.clone(), detail.clone()));
                let why = format!("after it was verified, the target is not what it was: {detail}");
                self.unverified = Some((at.clone(), why));
            }
            Kind::Late { step, by } => drop(self.late.insert((*step, *by))),
            Kind::Ending { verdict, why } => self.ending = Some((*verdict, why.clone())),
            Kind::RunFinished { verdict, why } => self.finished = Some((at.clone(), *verdict, why.clone())),
            Kind::TornTail { .. } | Kind::HostSlept { .. } => {}
            Kind::GuardJudged { step: 0, guard, answer, detail } => match guard {
                Guard::Prove => self.target = Some((*answer, detail.clone(), at.clone())),
                Guard::Compatible => self.compatible = Some((*answer, detail.clone())),
                Guard::Stays => self.stays = Some((*answer, detail.clone(), at.clone())),
                Guard::Already | Guard::When | Guard::Hold => {}
            },
            Kind::GuardJudged { step, .. }
            | Kind::StepStarting { step, .. }
            | Kind::StepStarted { step, .. }
            | Kind::StepExited { step, .. }
            | Kind::StepSkipped { step, .. }
            | Kind::Inherited { step, .. }
            | Kind::RampJudged { step, .. }
            | Kind::Proposed { step, .. }
            | Kind::Observed { step, .. } => {
                if let Some(s) = self.step_mut(*step) {
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
                if let Some(s) = self.step_mut(*step) {
                    s.ended = Some(at.clone());
                    s.verify.get_or_insert_default().verified = Some((stable_from.clone(), *late));
                }
                self.unverified = None;
            }
        }
    }

    /// A lost supervisor's permissions, and those from before a pause, are old news: those guards are asked again. What
    /// failed stays failed, so that no step behind us comes up again.
    fn forget_answers(&mut self) {
        self.steps.iter_mut().for_each(StepState::forget_answers);
        self.target.take_if(|(answer, ..)| *answer == Answer::Holds);
        self.compatible.take_if(|(answer, _)| *answer == Answer::Holds);
    }

    fn wish(&mut self, request: &Request) {
        let who = || request.who.clone();
        match &request.ask {
            Wish::Abort { .. } if self.ending.is_some() => self.cut = true,
            Wish::Abort { reason } => self.aborting = Some((who(), reason.clone())),
            Wish::Abandon { reason } => self.abandoned = Some((who(), reason.clone())),
            Wish::MakeWay { run, reason } => self.made_way = Some((run.clone(), who(), reason.clone())),
            Wish::Accept { reason } => self.accepted = Some((who(), reason.clone())),
            Wish::Refuse { reason } => self.declined = Some((who(), reason.clone())),
            Wish::Pause { reason } => {
                self.paused = Some(format!("{} paused it: {}", request.who.user, clean_line(reason)));
            }
            Wish::GoOn => {
                self.paused = None;
                self.forget_answers();
            }
            Wish::DoIt { .. } => {
                if let Some(s) = request.step.and_then(|n| self.step_mut(n)) {
                    s.chosen = true;
                }
            }
            Wish::AskAgain => {
                if let Some(s) = request.step.and_then(|n| self.step_mut(n)) {
                    (s.proposal, s.hold) = (None, None);
                    s.when.take_if(|(answer, _)| *answer == Answer::Blind);
                }
            }
            Wish::Answer { label, input } => {
                let asked = request.step.and_then(|n| self.steps.get(n.wrapping_sub(1)));
                let Some((by_input, by_id)) = asked.map(|s| s.asks.clone()) else { return };
                let names = [(by_input, input.as_ref()), (by_id, input.as_ref().or(label.as_ref()))];
                for (name, text) in names {
                    if let (Some(name), Some(text)) = (name, text) {
                        self.answers.insert(name, clean_line(text));
                    }
                }
            }
            // What follows is a record of its own.
            Wish::Settle { .. } | Wish::Skip { .. } | Wish::Approve { .. } | Wish::Page => {}
        }
    }

    fn step_mut(&mut self, step: usize) -> Option<&mut StepState> {
        self.steps.get_mut(step.wrapping_sub(1))
    }

    fn verify(&mut self, step: usize) -> Option<&mut VerifyState> {
        self.step_mut(step).map(|s| s.verify.get_or_insert_default())
    }

    /// Whether nothing follows any more.
    pub fn is_over(&self) -> bool {
        self.finished.is_some() || self.refused.is_some()
    }

    /// Whether any step has begun, here or in the run that this one goes on with.
    pub fn has_begun(&self) -> bool {
        let begun = |s: &StepState| {
            s.started.is_some()
                || matches!(s.inherited, Some(Inherited::Passed { .. } | Inherited::Unknown { .. }))
        };
        self.steps.iter().any(begun)
    }

    /// Where a step stands in its run: one that failed is behind us when others are done instead.
    pub fn stand(&self, plan: &Plan, step: &PlanStep) -> Stand {
        match self.steps[step.number - 1].stand(step) {
            Stand::Failed if plan.steps.iter().any(|p| p.fallback_of == Some(step.number)) => Stand::Passed,
            stand => stand,
        }
    }

    /// The step that is next or under way.
    pub fn current<'a>(&self, plan: &'a Plan) -> Option<&'a PlanStep> {
        let open = |p: &&PlanStep| self.stand(plan, p) != Stand::Passed;
        match self.ending {
            None => plan.steps.iter().find(open),
            Some(_) if self.cut => plan.steps.iter().find(|p| self.stand(plan, p) == Stand::Running),
            Some(_) => plan.steps.iter().find(|p| self.is_left(plan, p)),
        }
    }

    /// Whether a step that is always done is still to be done. One that failed does not hold up the others, unless the
    /// playbook says that a person is asked.
    pub(super) fn is_left(&self, plan: &Plan, p: &PlanStep) -> bool {
        let own = |p: &PlanStep| p.step.always && !matches!(p.step.kind, StepKind::Verify(_));
        let always = own(p) || p.fallback_of.and_then(|n| plan.steps.get(n - 1)).is_some_and(own);
        let stopped = matches!(self.steps[p.number - 1].outcome, Some(Outcome::Aborted { .. }));
        always
            && match self.stand(plan, p) {
                Stand::Passed => false,
                Stand::Failed => p.step.on_failure == OnFailure::Ask && !stopped,
                Stand::Due | Stand::Running | Stand::Observing | Stand::Unknown => true,
            }
    }

    /// Whether a verification held, and none stands missed.
    pub fn is_verified(&self) -> bool {
        let mut held =
            self.steps.iter().filter_map(|s| s.verify.as_ref()).map(|v| v.verified.is_some()).peekable();
        held.peek().is_some() && held.all(|h| h)
    }

    /// Whether it waits for people to agree.
    pub fn awaits_approval(&self, plan: &Plan) -> bool {
        plan.approval.is_some()
            && self.approval_missed.is_none()
            && !self.has_begun_here()
            && !approval::complete(plan, &self.given)
    }

    fn has_begun_here(&self) -> bool {
        self.steps.iter().any(|s| s.started.is_some())
    }

    /// Until when people may agree.
    pub fn approval_deadline(&self, plan: &Plan) -> Option<Deadline> {
        Some(Deadline::after(self.started.as_ref()?, plan.approval.as_ref()?.within))
    }

    /// The values at which the ramp of this step was judged to be good.
    pub(super) fn ramp_stopped_at<'a>(&self, plan: &'a Plan, step: &PlanStep) -> Option<&'a str> {
        let last = step.ramp.as_ref()?.last;
        plan.steps[..step.number - 1].iter().find_map(|p| {
            p.ramp.as_ref().filter(|r| r.last == last)?;
            plan.ramp_value(p).filter(|_| self.steps[p.number - 1].judged == Some(true))
        })
    }
}
