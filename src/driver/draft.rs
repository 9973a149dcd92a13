//! What a draft shows: the plan that was resolved, in words.

use super::Setup;
use crate::model::playbook::{ApprovalDefault, Confirm};
use crate::model::text::clean_line;
use crate::run::plan::{Context, Plan, describe};
use crate::run::{Answer, approval};
use crate::session::view::{DraftView, Gravity};
use crate::supervisor::resolve::Draft;

/// What is shown while it is being resolved.
pub fn resolving(setup: &Setup, procedure: &str, context: &Context) -> DraftView {
    let environment = setup.playbook.environments.get(&setup.environment);
    let p = setup.playbook.procedures.get(procedure);
    let stronger = p.and_then(|p| if p.emergency { Some(Confirm::Type) } else { p.confirm });
    let typed = stronger == Some(Confirm::Type) || environment.is_some_and(|e| e.confirm == Confirm::Type);
    let confirm = if typed { Confirm::Type } else { Confirm::Key };
    DraftView {
        id: context.id.clone(),
        procedure: procedure.into(),
        title: p.map_or_else(|| procedure.into(), |p| p.title.clone()),
        key: p.and_then(|p| p.key),
        duration_ms: p.map_or(0, |p| p.expect.duration),
        downtime: p.map(|p| p.expect.downtime.clone()).unwrap_or_default(),
        data_loss: p.map(|p| p.expect.data_loss.clone()).unwrap_or_default(),
        who: context.who.user.clone(),
        reason: context.reason.clone(),
        resolving: true,
        confirm,
        name: setup.playbook.service.name.clone(),
        ..DraftView::default()
    }
}

/// The same once it is resolved. `blind` names criteria that cannot be judged now, `leaving` is what is to be known of
/// logging out.
pub fn resolved(
    shown: &mut DraftView,
    setup: &Setup,
    draft: &Draft,
    blind: &[String],
    leaving: Vec<(Gravity, String)>,
) {
    shown.resolving = false;
    match &draft.proof {
        Some((asked, told)) => {
            shown.proof = clean_line(&format!("{asked}: {}", told.detail));
            shown.proved = told.answer == Answer::Holds;
        }
        None if says_how(setup) => shown.proof = "not asked: the plan could not be resolved".into(),
        None => shown.proof = format!("the playbook does not say how {} is proved", setup.environment),
    }
    if !draft.problems.is_empty() {
        shown.refused = Some(draft.problems.iter().map(|p| clean_line(p)).collect::<Vec<_>>().join("\n"));
    }
    let Some(plan) = &draft.plan else { return };
    of(shown, plan);
    if draft.nothing_to_do {
        let seen: Vec<&str> = draft.already.iter().map(|(_, d)| d.as_str()).collect();
        shown.already = Some(clean_line(&seen.join("; ")));
    }
    for (number, detail) in &draft.already {
        shown.notes.push((Gravity::Ok, clean_line(&format!("step {number} is done already: {detail}"))));
    }
    if !blind.is_empty() {
        let text = format!(
            "BLIND: {} of the criteria cannot be judged now: {}. It ends \"applied, unverified\" unless they answer again",
            blind.len(),
            blind.join(", ")
        );
        shown.notes.push((Gravity::Warn, text));
    }
    if draft.proof.is_none() {
        shown.notes.push((Gravity::Warn, shown.proof.clone()));
    }
    shown.notes.extend(leaving);
    let asks = plan.steps.iter().filter_map(|s| s.step.prove.as_ref()).map(describe).count();
    if asks > 0 {
        shown.notes.push((Gravity::Ok, format!("{asks} step(s) ask once more before they act")));
    }
}

/// What a plan says of itself.
fn of(shown: &mut DraftView, plan: &Plan) {
    shown.from.clone_from(&plan.from);
    shown.to.clone_from(&plan.to);
    shown.steps = plan.steps.iter().map(|s| (s.label.clone(), clean_line(&s.step.name), s.line())).collect();
    shown.preflight =
        plan.preflight.iter().map(|p| (clean_line(&p.text), p.answer, clean_line(&p.detail))).collect();
    shown.override_reason.clone_from(&plan.override_reason);
    shown.skips = plan.procedure.skips.iter().map(|s| clean_line(s)).collect();
    shown.approval = plan.approval.as_ref().map(|a| {
        let then = match a.default {
            ApprovalDefault::Refuse => "else it is refused",
            ApprovalDefault::Start => "else it starts, and says that nobody agreed",
        };
        let own = if a.asker_counts { "; you count for a role of yours" } else { "; you asked, so not you" };
        format!("NEEDS {} within {} s, {then}{own}", approval::who_may(a), a.within / 1000)
    });
    if let Some(guard) = &plan.procedure.guard {
        let text = format!(
            "Watched for {} s after it is verified, so that nobody takes it back unseen",
            guard.lasts / 1000
        );
        shown.notes.push((Gravity::Ok, text));
    }
}

/// A draft of a plan that needs no resolving.
pub fn of_plan(plan: Plan) -> Draft {
    Draft { plan: Some(plan), ..refused(String::new()) }
}

/// A draft that cannot be started.
pub fn refused(why: String) -> Draft {
    let problems = if why.is_empty() { Vec::new() } else { vec![why] };
    Draft { problems, ..Draft::default() }
}

/// Whether the playbook says how the environment is proved.
fn says_how(setup: &Setup) -> bool {
    setup.playbook.environments.get(&setup.environment).is_some_and(|e| e.prove.is_some())
}
