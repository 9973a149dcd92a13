//! Before the first step: what was checked, what was left out, who agreed.

use super::cell;
use super::stamp;
use crate::model::playbook::ApprovalDefault;
use crate::model::time::Now;
use crate::run::plan::Plan;
use crate::run::state::State;
use crate::run::view::RunView;
use std::fmt::Write as _;

/// The checks before the first step, and why it was started all the same.
pub(super) fn preflight(out: &mut String, view: &RunView) {
    if view.preflight.is_empty() && view.skips.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Before the first step");
    if !view.preflight.is_empty() {
        let _ = writeln!(out, "\n| check | answer | |\n|---|---|---|");
        for p in &view.preflight {
            let _ = writeln!(out, "| {} | {} | {} |", cell(&p.text), p.answer.word(), cell(&p.detail));
        }
    }
    if let Some(reason) = &view.override_reason {
        let _ = writeln!(out, "\nIt was started although not every check held: {}", cell(reason));
    }
    if !view.skips.is_empty() {
        let skips = view.skips.iter().map(|s| cell(s)).collect::<Vec<_>>().join("; ");
        let _ = writeln!(out, "\nAs an emergency procedure it left out: {skips}");
    }
}

/// The checklists before it, as they were when it was confirmed.
pub(super) fn checklists(out: &mut String, plan: &Plan) {
    if plan.checklists.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Checklists at the start");
    for list in &plan.checklists {
        let _ = writeln!(out, "\n{}: {} of {}\n", cell(&list.title), list.done(), list.items.len());
        let _ = writeln!(out, "| item | | by | when | |\n|---|---|---|---|---|");
        for i in &list.items {
            let (state, who) = match &i.without {
                _ if i.done => ("done", i.who.as_deref().unwrap_or("unknown")),
                Some((who, _)) => ("gone on without it", who.as_str()),
                None if i.required => ("OPEN", ""),
                None => ("open, optional", ""),
            };
            let when = match (i.done, i.at) {
                (true, Some(wall)) => stamp(&Now { wall, ..Now::default() }),
                _ => String::new(),
            };
            let said = match &i.without {
                Some((_, reason)) if !i.done => reason,
                _ => &i.detail,
            };
            let _ =
                writeln!(out, "| {} | {state} | {} | {when} | {} |", cell(&i.text), cell(who), cell(said));
        }
    }
    if plan.checklists.iter().all(|l| l.open().next().is_none()) {
        return;
    }
    let why = match (&plan.override_reason, plan.procedure.emergency, plan.automatic.is_some()) {
        (_, true, _) => "It was an emergency: what was open is to be done after it.".to_owned(),
        (_, _, true) => "It was started without a person: checklists do not hold that up.".to_owned(),
        (Some(reason), ..) => format!("A person went on all the same: {}", cell(reason)),
        // A list that changed between the look and the start.
        (None, ..) => return,
    };
    let _ = writeln!(out, "\n{why}");
}

/// Who had to agree, and who did.
pub(super) fn approval(out: &mut String, plan: &Plan, state: &State) {
    let Some(asked) = &plan.approval else { return };
    let titles = asked.roles.iter().map(|r| cell(&r.title)).collect::<Vec<_>>().join(", ");
    let titles = if titles.is_empty() { "anybody else".to_owned() } else { titles };
    let _ = writeln!(out, "\n## Approval\n\nAsked: {titles}; different people in all: {}.", asked.people);
    if asked.asker_counts {
        let _ = writeln!(out, "\nThe one who asked counted for a role of theirs.");
    }
    if !state.given.is_empty() {
        let _ = writeln!(out, "\n| who | uid | for | |\n|---|---|---|---|");
    }
    for g in &state.given {
        let roles = g.roles.iter().map(|id| {
            let role = asked.roles.iter().find(|r| r.id == *id);
            cell(role.map_or(id.as_str(), |r| &r.title))
        });
        let roles = roles.collect::<Vec<_>>().join(", ");
        let said = g.asserted.as_ref().map(|name| format!("{}: as said, not proved", cell(name)));
        let _ = writeln!(
            out,
            "| {} | {} | {roles} | {} |",
            cell(&g.who.user),
            g.who.uid,
            said.unwrap_or_default()
        );
    }
    match (&state.declined, state.approval_missed) {
        (Some((who, reason)), _) => {
            let _ = writeln!(out, "\n{} refused: {}", cell(&who.user), cell(reason));
        }
        (None, Some(ApprovalDefault::Refuse)) => {
            let _ = writeln!(out, "\nNot everybody agreed in time, so it was refused.");
        }
        (None, Some(ApprovalDefault::Start)) => {
            let _ = writeln!(
                out,
                "\nNOT everybody agreed in time; it was started all the same, as the playbook says."
            );
        }
        (None, None) => {}
    }
}
