//! From a plan and its state to what is shown.

use super::more::{after, approval, frozen, kind, late_by};
use super::{
    CriterionView, ObjectiveView, OtherGoal, PhaseView, RunState, RunView, StepState, StepView,
    VerificationView, between,
};
use crate::model::condition::duration;
use crate::model::playbook::{From, Goal, Objective, StepKind, To};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Now};
use crate::run::plan::{DataFrom, Inherited, Plan, PlanStep};
use crate::run::record::{Answer, Outcome};
use crate::run::state::{Need, Stand, State, StepState as Folded, VerifyState};

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
        let steps: Vec<StepView> = plan.steps.iter().map(|p| step_view(plan, state, p)).collect();
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
            approval: approval(plan, state),
            frozen: frozen(plan, state),
            guarding: state.guarding.clone().filter(|_| !state.is_over()),
            drifted: state.drifted.clone(),
            paged: state.paged.clone(),
            next_rung: plan.playbook.ladder.get(state.paged.len()).map(|r| clean_line(&r.title)),
            preflight: plan.preflight.clone(),
            override_reason: plan.override_reason.clone(),
            skips: plan.procedure.skips.clone(),
            paused: state.paused.clone(),
            after: plan.after.as_ref().map(after),
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
    if needs.is_none() && (state.aborting.is_some() || state.ending.is_some()) {
        return RunState::Stopping;
    }
    match needs {
        Some(Need::Accept { .. }) => RunState::NotVerified,
        Some(_) => RunState::Waiting,
        None => match state.current(plan) {
            Some(p) if matches!(p.step.kind, StepKind::Verify(_)) => RunState::Verifying,
            None if state.guarding.is_some() => RunState::Verifying,
            _ => RunState::Running,
        },
    }
}

fn step_view(plan: &Plan, state: &State, p: &PlanStep) -> StepView {
    let s = &state.steps[p.number - 1];
    let verified = s.verify.as_ref().is_some_and(|v| v.verified.is_some());
    let seen = matches!(s.observed, Some((Answer::Holds, ..)));
    let check = matches!(p.step.kind, StepKind::Check(_));
    let before = match &s.inherited {
        Some(Inherited::Passed { detail }) => Some(format!("behind the run before: {detail}")),
        _ => None,
    };
    let shown = match (s.stand(p), &s.outcome) {
        _ if s.skipped.is_some() || before.is_some() => StepState::Skipped,
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
    let detail =
        match (s.skipped.as_ref().or(before.as_ref()), s.failure(), &s.observed, &s.outcome, &s.verify) {
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
        state: shown,
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
        value: plan.ramp_value(p).map(clean_line),
        progress: p.step.progress.clone(),
        kind: kind(&p.step.kind),
        survivors: s.survivors.clone(),
        late_by: late_by(state, p),
        proposal: s.proposal.clone(),
        said: s.said.clone(),
    }
}

/// When the step by which the procedure takes effect was applied, and when that was seen.
fn effect(plan: &Plan, state: &State) -> (Option<Now>, Option<Now>) {
    let steps = plan.procedure.takes_effect.iter().filter_map(|n| {
        let n = n.checked_sub(1)?;
        Some((plan.steps.get(n)?, state.steps.get(n)?))
    });
    let steps: Vec<_> = steps.collect();
    let did = |(_, s): &&(&PlanStep, &Folded)| {
        matches!(s.outcome, Some(Outcome::Success { .. } | Outcome::Settled { done: true, .. }))
    };
    // A fallback that was not needed, or a value of a ramp that was not reached, says nothing.
    let Some((p, s)) = steps.iter().rev().find(did).or(steps.first()) else {
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
    let none = VerifyState::default();
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
    let view = |(id, o): (&String, &Objective)| {
        let (from, to, within) = match &o.goal {
            Goal::Time { from, to, within } => (from, to, *within),
            other => return not_of_time(plan, id, o, other),
        };
        let from = match from {
            From::Firing => Some(plan.cause.as_ref().map_or(&plan.confirmed_at, |c| &c.firing_since).clone()),
            From::Decision | From::Confirmed => Some(plan.confirmed_at.clone()),
            From::Start => state.started.clone(),
        };
        let (to, provisional) = match to {
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
        ObjectiveView { title: o.title.clone(), within_ms: within, other: None, from, to, provisional }
    };
    plan.playbook.objectives.iter().map(view).collect()
}

/// An objective that is not about time. What stays or holds is judged by the decider, and is on its record.
fn not_of_time(plan: &Plan, id: &str, o: &Objective, goal: &Goal) -> ObjectiveView {
    let mut other = OtherGoal { id: id.to_owned(), asks: goal.asks(), ..OtherGoal::default() };
    if let Goal::DataAge(most) = goal {
        (other.kept, other.found) = match plan.data {
            DataFrom::Nothing => (Some(true), "it goes back to nothing that has an age".to_owned()),
            DataFrom::Unknown => (None, "nobody knows how old what it goes back to is".to_owned()),
            DataFrom::At(wall) => {
                let age = u64::try_from(plan.confirmed_at.wall - wall).unwrap_or(0);
                (Some(age <= *most), format!("{} old", duration(age / 1000 * 1000)))
            }
        };
    }
    ObjectiveView {
        title: o.title.clone(),
        within_ms: 0,
        other: Some(other),
        from: None,
        to: None,
        provisional: false,
    }
}
