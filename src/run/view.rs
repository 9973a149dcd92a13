//! What a screen may show of a run, folded from its plan and records. Words follow what is known: requested, applied,
//! observed, verified; never a later one for an earlier state.

use super::plan::{After, Plan, PlanStep, Preflight};
use super::record::{Answer, FileChange, Outcome, Verdict};
use super::state::{Need, Stand, State, StepState as Folded};
use crate::model::playbook::{ApprovalDefault, From, StepKind, To};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};

/// A run, ready to be drawn.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Who must agree before the first step, while that is open.
    pub approval: Option<ApprovalView>,
    /// What its steps froze; it stays frozen after the run's end.
    pub frozen: Vec<FreezeView>,
    /// It is verified; until when it is watched whether it stays so.
    pub guarding: Option<Deadline>,
    /// When and how the target turned out not to be what was verified.
    pub drifted: Option<(Now, String)>,
    /// Procedure that undoes it: id and title.
    pub undo: Option<(String, String)>,
    /// When who was told that it is not verified, what came of it, and whether a channel took it.
    pub paged: Vec<(Now, String, String, bool)>,
    /// Who is told next.
    pub next_rung: Option<String>,
    /// What the checks before the first step answered.
    pub preflight: Vec<Preflight>,
    /// Why it was started although one of them does not hold.
    pub override_reason: Option<String>,
    /// What it leaves out, as an emergency procedure.
    pub skips: Vec<String>,
    /// Why no new step starts.
    pub paused: Option<String>,
    /// The run it comes after, in words.
    pub after: Option<String>,
}

/// An approval that is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ApprovalView {
    /// Title of each role, how its people are reached, and who gave it.
    pub roles: Vec<(String, String, Option<String>)>,
    /// Different people who agreed.
    pub have: usize,
    /// Different people who must agree.
    pub need: usize,
    /// Until when.
    pub deadline: Deadline,
    /// What happens then.
    pub default: ApprovalDefault,
    /// Who asks counts for a role of theirs.
    pub asker_counts: bool,
}

/// Something that a step froze.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FreezeView {
    /// What, in words.
    pub what: String,
    /// Procedure that lets it go on.
    pub undo: String,
    /// Since when.
    pub since: Now,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunState {
    /// Asked for; no supervisor has accepted it yet.
    #[default]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    #[default]
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
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// How it is numbered for people: `3`, `1.2`, `4b`.
    pub label: String,
    /// Processes of its last attempt that ignored KILL: pid and name.
    pub survivors: Vec<(i32, String)>,
    /// Milliseconds by which it was over too late.
    pub late_by: Option<Millis>,
    /// Milliseconds it is expected to take.
    pub takes_ms: Option<Millis>,
    /// Guide for its failure.
    pub guide: Option<String>,
    /// What a probe says that its unknown attempt did (holds: done), and in what words.
    pub proposal: Option<(Answer, String)>,
    /// The step it is done instead of, when that one failed.
    pub fallback_of: Option<usize>,
    /// The ramp's value it sets or holds.
    pub value: Option<String>,
    /// How far it is, read from what it prints: a pattern with the group `percent`, or `done` and `total`.
    pub progress: Option<String>,
    /// Its kind, as the playbook calls it.
    pub kind: &'static str,
    /// What its last attempt set out to change in a file.
    pub said: Option<FileChange>,
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
            undo: plan.procedure.undo.clone(),
            preflight: plan.preflight.clone(),
            override_reason: plan.override_reason.clone(),
            skips: plan.procedure.skips.clone(),
            paused: state.paused.clone(),
            after: plan.after.as_ref().map(after),
            steps,
            ..RunView::default()
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
        label: p.label.clone(),
        takes_ms: p.step.takes,
        guide: p.step.troubleshoot.clone(),
        fallback_of: p.fallback_of,
        value: p.ramp.as_ref().map(|r| clean_line(&r.value)),
        progress: p.step.progress.clone(),
        kind: kind(&p.step.kind),
        ..StepView::default()
    }
}

/// The kind's name, as the playbook writes it.
fn kind(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Run(_) => "run",
        StepKind::Http(_) => "http",
        StepKind::Socket(_) => "socket",
        StepKind::Wait(_) => "wait",
        StepKind::Check(_) => "check",
        StepKind::Verify(_) => "verify",
        StepKind::Write(_) => "write",
        StepKind::Edit(_) => "edit",
        StepKind::Ask(_) => "ask",
        StepKind::Notify { .. } => "notify",
        StepKind::Capture(_) => "capture",
        StepKind::Procedure { .. } => "procedure",
        StepKind::Ramp(_) => "ramp",
        StepKind::Hold(_) => "hold",
    }
}

fn after(after: &After) -> String {
    match after {
        After::Replaces { run, beside: None } => format!("run {run} made way for it"),
        After::Replaces { run, beside: Some(reason) } => {
            format!("started beside processes of run {run} that are still alive: {}", clean_line(reason))
        }
        After::Succeeds { run, .. } => {
            format!("goes on with the steps of run {run}, whose supervisor is lost")
        }
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
