//! What a draft shows: the plan that was resolved, in words.

use crate::model::playbook::{ApprovalDefault, Confirm, Param, Playbook};
use crate::model::text::clean_line;
use crate::report::{length, stamp};
use crate::run::choice::{Choice, ParamChoices, Source};
use crate::run::expand::within;
use crate::run::plan::{Plan, describe};
use crate::run::sheet::shell;
use crate::run::{Answer, approval};
use crate::session::view::{ChoiceView, DraftView, Gravity, ParamView};
use crate::supervisor::resolve::Draft;

/// What is shown while it is being resolved; `id` of the draft, who asks, and why.
pub fn resolving(
    (playbook, environment): (&Playbook, &str),
    procedure: &str,
    (id, who, reason): (&str, &str, &str),
) -> DraftView {
    let environment = playbook.environments.get(environment);
    let p = playbook.procedures.get(procedure);
    let stronger = p.and_then(|p| if p.emergency { Some(Confirm::Type) } else { p.confirm });
    let typed = stronger == Some(Confirm::Type) || environment.is_some_and(|e| e.confirm == Confirm::Type);
    let confirm = if typed { Confirm::Type } else { Confirm::Key };
    DraftView {
        id: id.into(),
        procedure: procedure.into(),
        title: p.map_or_else(|| procedure.into(), |p| p.title.clone()),
        key: p.and_then(|p| p.key),
        duration_ms: p.map_or(0, |p| p.expect.duration),
        downtime: p.map(|p| p.expect.downtime.clone()).unwrap_or_default(),
        data_loss: p.map(|p| p.expect.data_loss.clone()).unwrap_or_default(),
        who: who.into(),
        reason: reason.into(),
        resolving: true,
        confirm,
        name: playbook.service.name.clone(),
        ..DraftView::default()
    }
}

/// The same once it is resolved. `blind` names criteria that cannot be judged now, `leaving` is what is to be known of
/// logging out, `now` is wall time in milliseconds.
pub fn resolved(
    shown: &mut DraftView,
    (playbook, environment): (&Playbook, &str),
    draft: &Draft,
    blind: &[String],
    leaving: Vec<(Gravity, String)>,
    now: i64,
) {
    shown.resolving = false;
    match &draft.proof {
        Some((asked, told)) => {
            shown.proof = clean_line(&format!("{asked}: {}", told.detail));
            shown.proved = told.answer == Answer::Holds;
        }
        None if says_how(playbook, environment) => {
            shown.proof = "not asked: the plan could not be resolved".into()
        }
        None => shown.proof = format!("the playbook does not say how {environment} is proved"),
    }
    shown.params = params(playbook, &shown.procedure, draft, now);
    let open = |p: &ParamView| p.chosen.is_none() && !shown.given.contains_key(&p.name);
    // What a person has yet to choose is no reason to refuse.
    let to_choose = draft.plan.is_none() && shown.params.iter().any(open);
    let problems: Vec<String> =
        draft.problems.iter().filter(|p| !draft.blocked.contains(p)).map(|p| clean_line(p)).collect();
    if !problems.is_empty() && !to_choose {
        shown.refused = Some(problems.join("\n"));
    }
    let Some(plan) = &draft.plan else { return };
    of(shown, plan);
    if draft.nothing_to_do {
        let seen: Vec<&str> = draft.already.iter().map(|(_, d)| d.as_str()).collect();
        let since = match &draft.already_since {
            Some((at, who)) => format!(", since {}, by {who}", clock(at.wall, now)),
            None => String::new(),
        };
        shown.already = Some(clean_line(&format!("{}{since}", seen.join("; "))));
    }
    shown.shell = shell(playbook, plan, &stamp(&plan.confirmed_at));
    let label = |number: usize| plan.steps.get(number.wrapping_sub(1)).map_or("?", |s| s.label.as_str());
    for (number, planned) in &draft.files {
        let lines = planned.diff.lines().filter(|l| !l.starts_with("---") && !l.starts_with("+++"));
        shown.diffs.insert(label(*number).to_owned(), lines.map(clean_line).collect());
    }
    let done = draft.already.iter().map(|(n, seen)| (label(*n).to_owned(), Answer::Holds, clean_line(seen)));
    let open = draft.open.iter().map(|(n, answer, seen)| (label(*n).to_owned(), *answer, clean_line(seen)));
    shown.so = done.chain(open).collect();
    if let [(number, detail)] = draft.already.as_slice() {
        let text = format!("step {} is done already: {detail}", label(*number));
        shown.notes.push((Gravity::Ok, clean_line(&text)));
    } else if !draft.already.is_empty() {
        let steps: Vec<&str> = draft.already.iter().map(|(number, _)| label(*number)).collect();
        shown.notes.push((Gravity::Ok, format!("steps {} are done already", steps.join(", "))));
    }
    for (number, answer, detail) in &draft.when {
        let (gravity, what) = match answer {
            Answer::Fails => (Gravity::Ok, "would be left out"),
            _ => (Gravity::Unknown, "asks a person whether it is to be done"),
        };
        shown.notes.push((gravity, clean_line(&format!("step {} {what}: {detail}", label(*number)))));
    }
    if let Some((asked, told)) = draft.compatible.as_ref().filter(|(_, t)| t.answer == Answer::Holds) {
        shown.notes.push((Gravity::Ok, clean_line(&format!("compatible: {asked}: {}", told.detail))));
    }
    if !blind.is_empty() {
        let text = format!(
            "BLIND: {} of the criteria cannot be judged now: {}. It ends \"applied, unverified\" unless they answer again",
            blind.len(),
            blind.join(", ")
        );
        shown.notes.push((Gravity::Warn, text));
    }
    for list in plan.checklists.iter().filter(|_| plan.procedure.emergency) {
        let open: Vec<&str> = list.open().map(|i| i.text.as_str()).collect();
        if !open.is_empty() {
            let are = if open.len() == 1 { "is" } else { "are" };
            let text = format!("{}: {} {are} open. They become items after.", list.count(), open.join(", "));
            shown.notes.push((Gravity::Warn, text));
        }
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
    for (at, step) in plan.steps.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| plan.steps[at].phase.as_deref());
        if let Some(id) = step.phase.as_deref().filter(|id| before != Some(*id)) {
            let known = plan.procedure.phases.iter().find(|p| p.id == id);
            let title = known.map_or_else(|| id.to_owned(), |p| p.title.clone());
            shown.phases.push((at, clean_line(&title), known.and_then(|p| p.budget)));
        }
    }
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
        format!("NEEDS {} within {}, {then}{own}", approval::who_may(a), length(a.within))
    });
    if let Some(guard) = &plan.procedure.guard {
        let text = format!(
            "Watched for {} after it is verified, so that nobody takes it back unseen",
            length(guard.lasts)
        );
        shown.notes.push((Gravity::Ok, text));
    }
}

/// A draft of a plan that needs no resolving.
pub fn of_plan(plan: Plan) -> Draft {
    Draft { plan: Some(plan), ..Draft::default() }
}

/// A draft that cannot be started.
pub fn refused(why: String) -> Draft {
    Draft { problems: vec![why], ..Draft::default() }
}

/// The parameters that a person can choose, and what there is to choose from.
fn params(playbook: &Playbook, procedure: &str, draft: &Draft, now: i64) -> Vec<ParamView> {
    let procedures = &playbook.procedures;
    let Some(p) = procedures.get(procedure) else { return Vec::new() };
    let inner = within(procedures, procedure);
    let spec = |name: &str| -> Option<Param> {
        let found = || inner.iter().find(|(key, ..)| key == name).map(|(.., param)| (*param).clone());
        p.params.get(name).cloned().or_else(found)
    };
    let row = |c: &Choice| ChoiceView {
        value: c.value.clone(),
        columns: c.columns.clone(),
        size: c.size,
        age_ms: c.age_wall.map(|at| (now - at).max(0) as u64),
        note: c.note.clone().unwrap_or_default(),
    };
    // Nobody chooses what is read or follows, and from nothing nobody can choose.
    let chooses = |c: &&ParamChoices| match c.kind {
        Source::Read | Source::Follows => false,
        Source::Typed => true,
        Source::Named | Source::Switch | Source::Listed | Source::Files => !c.rows.is_empty(),
    };
    let view = |c: &ParamChoices| {
        Some(ParamView {
            name: c.name.clone(),
            title: c.title.clone(),
            spec: spec(&c.name)?,
            chosen: c.chosen.clone(),
            why_not: c.why_not.clone(),
            rows: c.rows.iter().map(row).collect(),
        })
    };
    draft.choices.iter().filter(chooses).filter_map(view).collect()
}

/// The time of day, with the date when it is not today.
fn clock(wall: i64, now: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    let of = |wall| jiff::Timestamp::from_millisecond(wall).unwrap_or_default().to_zoned(zone.clone());
    let (at, now) = (of(wall), of(now));
    let how = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(how).to_string()
}

/// Whether the playbook says how the environment is proved.
fn says_how(playbook: &Playbook, environment: &str) -> bool {
    playbook.environments.get(environment).is_some_and(|e| e.prove.is_some())
}
