//! What is shown beside the steps: approval, what stays frozen, where the run comes from.

use super::{ApprovalView, FreezeView, between};
use crate::model::playbook::StepKind;
use crate::model::text::clean_line;
use crate::model::time::Millis;
use crate::run::plan::{After, Plan, PlanStep};
use crate::run::record::Outcome;
use crate::run::state::{Stand, State};

/// The approval, while it is open.
pub(super) fn approval(plan: &Plan, state: &State) -> Option<ApprovalView> {
    let asked = plan.approval.as_ref().filter(|_| !state.is_over() && state.awaits_approval(plan))?;
    let asker = |id: &String| asked.asker_counts && plan.who_roles.contains(id);
    let by = |id: &String| {
        let given = state.given.iter().find(|g| g.roles.contains(id));
        let name = given.map(|g| match &g.asserted {
            Some(name) => format!("{name} (as said, not proved)"),
            None => g.who.user.clone(),
        });
        name.or_else(|| asker(id).then(|| plan.who.user.clone())).map(|n| clean_line(&n))
    };
    let mut people: Vec<_> = state.given.iter().map(|g| (g.who.uid, g.asserted.clone())).collect();
    people.sort();
    people.dedup();
    let counts = asked.asker_counts && (asked.roles.is_empty() || asked.roles.iter().any(|r| asker(&r.id)));
    Some(ApprovalView {
        roles: asked.roles.iter().map(|r| (clean_line(&r.title), clean_line(&r.reach), by(&r.id))).collect(),
        have: people.len() + usize::from(counts),
        need: asked.people,
        deadline: state.approval_deadline(plan)?,
        default: asked.default,
        asker_counts: asked.asker_counts,
    })
}

/// What steps froze and nothing in this run let go on again, as far as is known.
pub(super) fn frozen(plan: &Plan, state: &State) -> Vec<FreezeView> {
    let view = |p: &PlanStep| {
        let (freeze, s) = (p.step.freezes.as_ref()?, &state.steps[p.number - 1]);
        let doubt = match &s.outcome {
            _ if s.skipped.is_some() && !matches!(s.outcome, Some(Outcome::Unknown { .. })) => return None,
            Some(Outcome::Success { .. } | Outcome::Settled { done: true, .. }) => "",
            Some(Outcome::Unknown { .. }) => " (it is not known whether)",
            _ => return None,
        };
        let mut undoing =
            plan.steps[p.number..].iter().filter(|u| u.within.as_ref() == Some(&freeze.undo)).peekable();
        let done = |u: &PlanStep| {
            let s = &state.steps[u.number - 1];
            state.stand(plan, u) == Stand::Passed && (s.skipped.is_none() || s.so) && !s.has_failed(u)
        };
        if undoing.peek().is_some() && undoing.all(done) {
            return None;
        }
        let what = format!("{}{doubt}", clean_line(&freeze.what.0));
        Some(FreezeView { what, undo: freeze.undo.clone(), since: s.ended.clone().unwrap_or_default() })
    };
    plan.steps.iter().filter_map(view).collect()
}

/// Milliseconds by which a step was over too late, so far.
pub(super) fn late_by(state: &State, p: &PlanStep) -> Option<Millis> {
    let by = state.late.iter().filter(|(n, _)| *n == p.number).map(|(_, by)| *by).min()?;
    let ended = state.steps[p.number - 1].ended.as_ref().or(state.last.as_ref())?;
    Some(between(state.started.as_ref()?, ended).saturating_sub(by))
}

/// The kind's name, as the playbook writes it.
pub(super) fn kind(kind: &StepKind) -> &'static str {
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
        StepKind::Simulated(_) => "simulated",
    }
}

pub(super) fn after(after: &After) -> String {
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
