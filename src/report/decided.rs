//! What was decided: clocks with what people said, automation, overrides; and how fast people and automation were.

use super::doc::{Cell, Section, row};
use super::known::Story;
use super::{length, moment, stamp};
use crate::model::playbook::DefaultAction;
use crate::run::view::between;
use crate::session::decision::story::tell;
use crate::session::decision::{Choice, Clock, Closed, Kind};

/// How a decision ended, in words.
pub(super) fn ended(clock: &Clock) -> String {
    match &clock.closed {
        None => "not decided".into(),
        Some((Closed::Decided, detail, _)) => format!("decided: {detail}"),
        Some((how, detail, _)) => format!("{}: {detail}", how.word()),
    }
}

/// Whether it ended without a rollback.
pub(super) fn is_held(clock: &Clock) -> bool {
    let held = matches!(clock.agreed(), Some(Choice::Hold));
    match &clock.closed {
        Some((Closed::Decided, ..)) => held,
        Some((Closed::Default, ..)) => clock.default != DefaultAction::Act,
        Some((Closed::Refused | Closed::Overdue | Closed::Resolved, ..)) => true,
        None => false,
    }
}

/// Every decision that people were asked for.
pub(super) fn clocks(story: &Story<'_>) -> Section {
    let mut out = Section::new("Decisions");
    for clock in &story.clocks {
        out.sub(format!("{}: {}", clock.id, story.trigger(&clock.trigger)));
        let default = match (clock.default, &clock.procedure) {
            (DefaultAction::Act, Some(p)) => format!("{p} starts by itself"),
            (DefaultAction::Act, None) => "nothing: no procedure is named".into(),
            (DefaultAction::Escalate, _) => "people are told again".into(),
            (DefaultAction::Nothing, _) => "nothing is done".into(),
        };
        let due = |d: &Option<crate::model::time::Deadline>| match d {
            Some(d) => format!("{}, {} after it was opened", moment(d.due_wall), length(d.length)),
            None => "no clock ran".into(),
        };
        let asked = clock.roles.iter().map(|r| r.title.as_str()).collect::<Vec<_>>().join(", ");
        out.facts(vec![
            ("Opened", stamp(&clock.at).into()),
            ("To decide by", due(&clock.decide_by).into()),
            ("Else", default.into()),
            ("Who must agree", if asked.is_empty() { "anybody".into() } else { asked.into() }),
            ("Recommended", clock.procedure.as_deref().unwrap_or("nothing").into()),
            ("Traffic", clock.stage.map_or("unknown".into(), |s| format!("{s} %")).into()),
            ("How it ended", ended(clock).into()),
            ("When", clock.closed.as_ref().map_or("not yet".into(), |c| stamp(&c.2)).into()),
        ]);
        if clock.said.is_empty() {
            out.text("Nobody said anything.");
        }
        let rows = clock.said.iter().map(|w| {
            let title = |id: &String| {
                clock.roles.iter().find(|r| r.id == *id).map_or(id.clone(), |r| r.title.clone())
            };
            let roles = w.roles.iter().map(title).collect::<Vec<_>>().join(", ");
            let reason = if w.reason.is_empty() { "none was given".into() } else { w.reason.clone() };
            row([stamp(&w.at), w.who.user.clone(), roles, w.choice.words(), reason])
        });
        out.table(["when", "who", "as", "what", "reason"], rows.collect());
    }
    out
}

/// What else people and automation decided, with their reasons.
pub(super) fn overrides(story: &Story<'_>) -> Section {
    let mut out = Section::new("Automation, acknowledgements and overrides");
    let is = |kind: &Kind| {
        matches!(
            kind,
            Kind::AutomationSet { .. }
                | Kind::Acked { .. }
                | Kind::Withheld { .. }
                | Kind::WouldAct { .. }
                | Kind::Acting { .. }
                | Kind::Acted { .. }
                | Kind::ItemWithout { .. }
        )
    };
    let rows = story.decided.iter().filter(|d| is(&d.kind)).filter_map(|d| {
        let told = tell(story.known.playbook, d.record)?;
        Some(row([stamp(&d.record.at), told.text, told.who.unwrap_or_else(|| "by itself".into())]))
    });
    out.table(["time", "what", "by"], rows.collect());
    let mut lines = Vec::new();
    for run in &story.runs {
        lines.extend(
            run.plan
                .override_reason
                .as_ref()
                .map(|r| format!("Run {} was started over a check: {r}", run.plan.id)),
        );
        let accepted = run.state.accepted.as_ref();
        lines.extend(
            accepted
                .map(|(who, r)| format!("Run {} was accepted unverified by {}: {r}", run.plan.id, who.user)),
        );
        let aborted = run.state.aborting.as_ref();
        lines.extend(aborted.map(|(who, r)| format!("Run {} was stopped by {}: {r}", run.plan.id, who.user)));
        let left = run.state.abandoned.as_ref();
        lines.extend(left.map(|(who, r)| format!("Run {} was abandoned by {}: {r}", run.plan.id, who.user)));
    }
    out.list(lines);
    out
}

/// How fast people and automation answered, against what the playbook allows.
pub(super) fn responses(story: &Story<'_>) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let judged = |took: Option<u64>, allowed: u64| match took {
        Some(t) if t <= allowed => "kept",
        Some(_) => "MISSED",
        None => "unknown: nobody answered",
    };
    let mut put = |title: String, allowed: u64, took: Option<u64>| {
        let shown = took.map_or_else(|| "unknown".into(), length);
        rows.push(row([title, length(allowed), shown, judged(took, allowed).into()]));
    };
    for fired in story.firings() {
        let severity = story.known.playbook.and_then(|p| {
            let id = p.triggers.get(fired.trigger)?.severity.as_ref()?;
            Some((id, p.severities.get(id)?.respond_within?))
        });
        let Some((id, within)) = severity else { continue };
        let first =
            story.decided.iter().filter(|d| d.record.at.wall >= fired.at.wall).find(|d| match &d.kind {
                Kind::Said { clock, .. } => {
                    story.clocks.iter().any(|c| c.id == *clock && c.firing == fired.firing)
                }
                Kind::Acked { firing, .. } | Kind::Acting { firing, .. } => firing == fired.firing,
                _ => false,
            });
        let run = story.runs.iter().map(|r| &r.plan.confirmed_at).find(|at| at.wall >= fired.at.wall);
        let answered = first.map(|d| &d.record.at).into_iter().chain(run).min_by_key(|at| at.wall);
        put(
            format!("Response to {id}, {}", story.trigger(fired.trigger)),
            within,
            answered.map(|a| between(fired.at, a)),
        );
    }
    for clock in &story.clocks {
        let Some(by) = &clock.decide_by else { continue };
        let said = clock.closed.as_ref().filter(|c| c.0 == Closed::Decided).map(|c| between(&clock.at, &c.2));
        put(format!("Decision {}", clock.id), by.length, said);
    }
    for d in &story.decided {
        if let Kind::Reacted { run, to_effect: Some(took), target: Some(target), .. } = &d.kind {
            put(format!("Automatic run {run}: from firing to effect"), *target, Some(*took));
        }
    }
    rows
}
