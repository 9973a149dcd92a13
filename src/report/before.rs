//! Before the first step: what was checked, what was left out, who agreed.

use super::doc::{Cell, Section, row};
use super::known::Ran;
use super::moment;
use crate::model::playbook::ApprovalDefault;

/// The checks before the first step, and why it was started all the same.
pub(super) fn preflight(run: &Ran<'_>) -> Section {
    let (mut out, view) = (Section::new("Before the first step"), &run.view);
    let rows = view.preflight.iter().map(|p| row([p.text.clone(), p.answer.word().into(), p.detail.clone()]));
    out.table(["check", "answer", "detail"], rows.collect());
    if let Some(reason) = &view.override_reason {
        out.text(format!("It was started although not every check held: {reason}"));
    }
    if !view.skips.is_empty() {
        out.text(format!("As an emergency procedure it left out: {}", view.skips.join("; ")));
    }
    out
}

/// The checklists before it, as they were when it was confirmed.
pub(super) fn checklists(run: &Ran<'_>) -> Section {
    let (mut out, plan) = (Section::new("Checklists at the start"), run.plan);
    for list in &plan.checklists {
        out.text(format!("{}: {} of {}", list.title, list.done(), list.items.len()));
        let rows = list.items.iter().map(|i| {
            let (state, who) = match &i.without {
                _ if i.done => ("done", i.who.as_deref().unwrap_or("unknown")),
                Some((who, _)) => ("gone on without it", who.as_str()),
                None if i.required => ("OPEN", ""),
                None => ("open, optional", ""),
            };
            let when = i.at.filter(|_| i.done).map(moment).unwrap_or_default();
            let said = match &i.without {
                Some((_, reason)) if !i.done => reason,
                _ => &i.detail,
            };
            row([i.text.clone(), state.into(), who.into(), when, said.clone()])
        });
        let rows: Vec<Vec<Cell>> = rows.collect();
        out.table(["item", "state", "by", "when", "said"], rows);
    }
    if plan.checklists.iter().all(|l| l.open().next().is_none()) {
        return out;
    }
    match (&plan.override_reason, plan.procedure.emergency, plan.automatic.is_some()) {
        (_, true, _) => out.text("It was an emergency: what was open is to be done after it."),
        (_, _, true) => out.text("It was started without a person: checklists do not hold that up."),
        (Some(reason), ..) => out.text(format!("A person went on all the same: {reason}")),
        // A list that changed between the look and the start.
        (None, ..) => &mut out,
    };
    out
}

/// Who had to agree, and who did.
pub(super) fn approval(run: &Ran<'_>) -> Section {
    let (mut out, state) = (Section::new("Approval"), &run.state);
    let Some(asked) = &run.plan.approval else { return out };
    let titles = asked.roles.iter().map(|r| r.title.as_str()).collect::<Vec<_>>().join(", ");
    let titles = if titles.is_empty() { "anybody else".to_owned() } else { titles };
    out.text(format!("Asked: {titles}; different people in all: {}.", asked.people));
    if asked.asker_counts {
        out.text("The one who asked counted for a role of theirs.");
    }
    let rows = state.given.iter().map(|g| {
        let roles = g.roles.iter().map(|id| {
            let role = asked.roles.iter().find(|r| r.id == *id);
            role.map_or(id.as_str(), |r| &r.title)
        });
        let roles = roles.collect::<Vec<_>>().join(", ");
        let said = g.asserted.as_ref().map(|name| format!("{name}: as said, not proved"));
        row([g.who.user.clone(), g.who.uid.to_string(), roles, said.unwrap_or_default()])
    });
    out.table(["who", "uid", "for", "note"], rows.collect());
    match (&state.declined, state.approval_missed) {
        (Some((who, reason)), _) => out.text(format!("{} refused: {reason}", who.user)),
        (None, Some(ApprovalDefault::Refuse)) => out.text("Not everybody agreed in time, so it was refused."),
        (None, Some(ApprovalDefault::Start)) => {
            out.text("NOT everybody agreed in time; it was started all the same, as the playbook says.")
        }
        (None, None) => &mut out,
    };
    out
}
