//! What a screen may show of a run, folded from its plan and records. Words follow what is known: requested, applied,
//! observed, verified; never a later one for an earlier state.

use super::plan::{Plan, PlanStep};
use super::record::{Answer, Outcome, Verdict};
use super::state::{Need, Stand, State, StepState as Folded};
use crate::model::playbook::{From, StepKind, To};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};

/// A run, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// Run id.
    pub id: String,
    /// Procedure's title.
    pub title: String,
    /// Who confirmed it.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Host it runs on (empty before it was accepted).
    pub host: String,
    /// Pid of its supervisor.
    pub supervisor: Option<u32>,
    /// Where it stands.
    pub state: RunState,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Why it was refused, or how it ended, in words.
    pub why: String,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Number of the step under way or next.
    pub current: Option<usize>,
    /// Its phases, those with steps only.
    pub phases: Vec<PhaseView>,
    /// The verification under way, or the last one.
    pub verification: Option<VerificationView>,
    /// When it was confirmed.
    pub requested: Now,
    /// When the step by which it takes effect returned success.
    pub applied: Option<Now>,
    /// When that effect was seen.
    pub observed: Option<Now>,
    /// When the criteria had held for the stability window.
    pub verified: Option<Now>,
    /// When it ended.
    pub ended: Option<Now>,
    /// What it is judged by.
    pub objectives: Vec<ObjectiveView>,
    /// Name of the report in the run's folder, once it is over.
    pub report: Option<&'static str>,
    /// What a person must say.
    pub needs: Option<Need>,
    /// How many supervisors were lost on the way.
    pub adopted: u32,
    /// Sequence of the last record seen.
    pub seq: u64,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Asked for; no supervisor has accepted it yet.
    Requested,
    /// Refused: nothing ran.
    Refused,
    /// Steps are being done.
    Running,
    /// All that changes something is done; criteria are watched.
    Verifying,
    /// Applied, and not verified by the deadline.
    NotVerified,
    /// Stopped until a person says what is needed.
    Waiting,
    /// Being stopped.
    Stopping,
    /// Over.
    Finished,
}

/// Where a step stands, in the words that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// It returned success.
    Applied,
    /// Its effect was seen (or what it checks holds).
    Observed,
    /// Its criteria held for the stability window.
    Verified,
    /// Failed.
    Failed,
    /// Not done, because it need not be.
    Skipped,
    /// It began and nobody knows what it did.
    Unknown,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepView {
    /// Number, from 1.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Phase it belongs to.
    pub phase: Option<String>,
    /// Exactly what it does.
    pub line: String,
    /// Where it stands.
    pub state: StepState,
    /// When its first attempt began.
    pub started: Option<Now>,
    /// Milliseconds from its first beginning to its last end.
    pub took_ms: Option<Millis>,
    /// Milliseconds one attempt may take.
    pub limit_ms: Option<Millis>,
    /// `exit 0`, why it failed, what is looked for; safe to show.
    pub detail: String,
    /// Number of the last attempt; 0 before the first.
    pub attempt: u32,
    /// Folder of the last attempt below the run's, for its output.
    pub folder: Option<String>,
}

/// A phase.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Milliseconds allowed.
    pub budget_ms: Option<Millis>,
    /// When its first step began.
    pub started: Option<Now>,
    /// When its last step was behind us.
    pub ended: Option<Now>,
}

/// A verification.
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationView {
    /// Name for people.
    pub title: String,
    /// Number of its step.
    pub step: usize,
    /// Its criteria.
    pub criteria: Vec<CriterionView>,
    /// Milliseconds without a break that are asked.
    pub stable_ms: Millis,
    /// Since when all hold without a break.
    pub stable_since: Option<Now>,
    /// Until when it must have held.
    pub deadline: Deadline,
    /// When and why the stability clock started again.
    pub restarts: Vec<(Now, String)>,
    /// It held.
    pub verified: bool,
    /// Its deadline was missed.
    pub missed: bool,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionView {
    /// As the playbook words it.
    pub text: String,
    /// Its answer.
    pub truth: Answer,
    /// The value seen, or the reason for none; safe to show.
    pub value: String,
    /// Since when it answers so.
    pub since: Option<Now>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveView {
    /// Name for people.
    pub title: String,
    /// Milliseconds allowed.
    pub within_ms: Millis,
    /// From where it counts; `None` before that.
    pub from: Option<Now>,
    /// To where it counts; `None` before that.
    pub to: Option<Now>,
    /// `to` holds only if the stability window does.
    pub provisional: bool,
}

impl ObjectiveView {
    /// Milliseconds counted so far, or in all.
    pub fn took(&self, now: &Now) -> Option<Millis> {
        Some(between(self.from.as_ref()?, self.to.as_ref().unwrap_or(now)))
    }

    /// Kept (`true`) or missed (`false`); `None` while that is open.
    pub fn kept(&self, now: &Now) -> Option<bool> {
        let took = self.took(now)?;
        match took <= self.within_ms {
            false => Some(false),
            true => (self.to.is_some() && !self.provisional).then_some(true),
        }
    }
}

/// Milliseconds from one moment to a later one: by the boot clock within a boot, by wall time across one.
pub fn between(from: &Now, to: &Now) -> Millis {
    if from.boot_id == to.boot_id {
        to.boot.saturating_sub(from.boot)
    } else {
        (to.wall - from.wall).max(0) as Millis
    }
}

impl RunView {
    /// Folds a journal into what is shown.
    ///
    /// # Errors
    /// Names the first record that is not a run's.
    pub fn fold(plan: &Plan, records: &[Record]) -> Result<RunView, String> {
        Ok(RunView::of(plan, &State::fold(plan, records)?))
    }

    /// What is shown of a state.
    pub fn of(plan: &Plan, state: &State) -> RunView {
        let steps: Vec<StepView> =
            plan.steps.iter().map(|p| step_view(plan, p, &state.steps[p.number - 1])).collect();
        let needs = state.need(plan);
        let (applied, observed) = effect(plan, state);
        let verified = state
            .is_verified()
            .then(|| state.steps.iter().rev().find(|s| s.verify.is_some()).and_then(|s| s.ended.clone()))
            .flatten();
        RunView {
            id: plan.id.clone(),
            title: plan.procedure.title.clone(),
            who: plan.who.user.clone(),
            reason: plan.reason.clone(),
            host: state.host.clone(),
            supervisor: state.supervisor.map(|(pid, _)| pid),
            state: run_state(plan, state, needs.as_ref()),
            verdict: state.finished.as_ref().map(|f| f.1),
            why: match (&state.refused, &state.finished) {
                (Some((_, why)), _) | (None, Some((_, _, why))) => why.clone(),
                (None, None) => String::new(),
            },
            current: state.current(plan).map(|p| p.number).filter(|_| !state.is_over()),
            phases: phases(plan, state),
            verification: verification(plan, state),
            requested: plan.confirmed_at.clone(),
            objectives: objectives(plan, state, observed.as_ref().or(applied.as_ref()), verified.as_ref()),
            applied,
            observed,
            verified,
            ended: state.finished.as_ref().map(|f| f.0.clone()),
            report: state.finished.as_ref().map(|_| "report.md"),
            needs,
            adopted: state.adopted,
            seq: state.seq,
            steps,
        }
    }
}

fn run_state(plan: &Plan, state: &State, needs: Option<&Need>) -> RunState {
    if state.refused.is_some() {
        return RunState::Refused;
    }
    if state.finished.is_some() {
        return RunState::Finished;
    }
    if state.started.is_none() {
        return RunState::Requested;
    }
    if state.aborting.is_some() {
        return RunState::Stopping;
    }
    match needs {
        Some(Need::Accept { .. }) => RunState::NotVerified,
        Some(_) => RunState::Waiting,
        None => match state.current(plan) {
            Some(p) if matches!(p.step.kind, StepKind::Verify(_)) => RunState::Verifying,
            _ => RunState::Running,
        },
    }
}

fn step_view(plan: &Plan, p: &PlanStep, s: &Folded) -> StepView {
    let verified = s.verify.as_ref().is_some_and(|v| v.verified.is_some());
    let seen = matches!(s.observed, Some((Answer::Holds, ..)));
    let check = matches!(p.step.kind, StepKind::Check(_));
    let state = match (s.stand(p), &s.outcome) {
        _ if s.skipped.is_some() => StepState::Skipped,
        _ if verified => StepState::Verified,
        (Stand::Unknown, _) => StepState::Unknown,
        (Stand::Running, _) => StepState::Running,
        (Stand::Observing, _) => StepState::Applied,
        _ if s.failure().is_some() => StepState::Failed,
        (Stand::Passed, Some(_)) if seen || check => StepState::Observed,
        (Stand::Passed, Some(_)) => StepState::Applied,
        (Stand::Passed | Stand::Failed, _) => StepState::Failed,
        (Stand::Due, _) => StepState::Waiting,
    };
    let detail = match (&s.skipped, s.failure(), &s.observed, &s.outcome, &s.verify) {
        (Some(why), ..) => why.clone(),
        (_, Some(failure), ..) => failure,
        (_, _, Some((_, seen, _)), ..) => seen.clone(),
        (_, _, _, Some(Outcome::Settled { done, reason }), _) => {
            format!("said to be {}: {reason}", if *done { "done" } else { "not done" })
        }
        (_, _, _, Some(outcome), _) => outcome.detail().to_owned(),
        (_, _, _, _, Some(v)) => {
            let holding = v.criteria.iter().filter(|c| c.0 == Answer::Holds).count();
            let all = plan.verification(p).map_or(0, |v| v.criteria.len());
            format!("{holding} of {all} criteria hold")
        }
        _ => String::new(),
    };
    StepView {
        index: p.number,
        name: clean_line(&p.step.name),
        phase: p.phase.clone(),
        line: p.line(),
        state,
        started: s.began.clone(),
        took_ms: s.began.as_ref().zip(s.ended.as_ref()).map(|(a, b)| between(a, b)),
        limit_ms: match plan.verification(p) {
            Some(v) => Some(v.within),
            None => (p.step.timeout > 0).then_some(p.step.timeout),
        },
        detail,
        attempt: s.attempt,
        folder: (s.attempt > 0).then(|| p.folder(s.attempt)),
    }
}

/// When the step by which the procedure takes effect was applied, and when that was seen.
fn effect(plan: &Plan, state: &State) -> (Option<Now>, Option<Now>) {
    let Some((p, s)) = plan
        .procedure
        .takes_effect
        .last()
        .and_then(|n| Some((plan.steps.get(n - 1)?, state.steps.get(n - 1)?)))
    else {
        return (None, None);
    };
    let seen = match &s.observed {
        Some((Answer::Holds, _, at)) => Some(at.clone()),
        _ if s.skipped.is_some() => s.ended.clone(),
        _ => None,
    };
    let applied = match s.outcome {
        Some(Outcome::Success { .. } | Outcome::Settled { done: true, .. }) if p.changes() => s.ended.clone(),
        _ => None,
    };
    (applied, seen)
}

fn phases(plan: &Plan, state: &State) -> Vec<PhaseView> {
    let view = |phase: &crate::model::playbook::Phase| {
        let mut of: Vec<(&PlanStep, &Folded)> = Vec::new();
        for p in plan.steps.iter().filter(|p| p.phase.as_ref() == Some(&phase.id)) {
            of.push((p, &state.steps[p.number - 1]));
        }
        let (last, s) = of.last()?;
        Some(PhaseView {
            id: phase.id.clone(),
            title: phase.title.clone(),
            budget_ms: phase.budget,
            started: of.iter().find_map(|(_, s)| s.began.clone().or_else(|| s.ended.clone())),
            ended: s.ended.clone().filter(|_| s.stand(last) == Stand::Passed),
        })
    };
    plan.procedure.phases.iter().filter_map(view).collect()
}

fn verification(plan: &Plan, state: &State) -> Option<VerificationView> {
    let begun = plan.steps.iter().rev().find(|p| {
        let s = &state.steps[p.number - 1];
        matches!(p.step.kind, StepKind::Verify(_)) && s.started.is_some()
    })?;
    let (s, v) = (&state.steps[begun.number - 1], plan.verification(begun)?);
    let none = super::state::VerifyState::default();
    let folded = s.verify.as_ref().unwrap_or(&none);
    let criterion = |(i, c): (usize, &crate::model::playbook::Criterion)| {
        let (truth, value, since) = folded.criteria.get(i).cloned().unwrap_or_default();
        CriterionView { text: clean_line(&c.text), truth, value, since }
    };
    Some(VerificationView {
        title: v.title.clone(),
        step: begun.number,
        criteria: v.criteria.iter().enumerate().map(criterion).collect(),
        stable_ms: v.stable_for,
        stable_since: folded.stable_since.clone(),
        deadline: Deadline::after(s.started.as_ref()?, v.within),
        restarts: folded.restarts.clone(),
        verified: folded.verified.is_some(),
        missed: folded.missed.is_some(),
    })
}

fn objectives(
    plan: &Plan,
    state: &State,
    effect: Option<&Now>,
    verified: Option<&Now>,
) -> Vec<ObjectiveView> {
    let verify = || state.steps.iter().rev().find_map(|s| s.verify.as_ref());
    let view = |o: &crate::model::playbook::Objective| {
        let from = match o.from {
            From::Firing => Some(plan.cause.as_ref().map_or(&plan.confirmed_at, |c| &c.firing_since).clone()),
            From::Confirmed => Some(plan.confirmed_at.clone()),
            From::Start => state.started.clone(),
        };
        let (to, provisional) = match &o.to {
            To::Effect => (effect.cloned(), false),
            To::Verified => (verified.cloned(), false),
            To::Recovered => match verify() {
                Some(v) if v.verified.is_some() => (v.verified.clone().map(|(from, _)| from), false),
                Some(v) => (v.stable_since.clone(), v.stable_since.is_some()),
                None => (None, false),
            },
            To::End => (state.finished.as_ref().map(|f| f.0.clone()), false),
            To::Step(id) => {
                let p = plan.steps.iter().find(|p| p.step.id.as_ref() == Some(id));
                let passed =
                    p.map(|p| (p, &state.steps[p.number - 1])).filter(|(p, s)| s.stand(p) == Stand::Passed);
                (passed.and_then(|(_, s)| s.ended.clone()), false)
            }
        };
        ObjectiveView { title: o.title.clone(), within_ms: o.within, from, to, provisional }
    };
    plan.playbook.objectives.values().map(view).collect()
}
