//! A run: what it was, what it is judged by, its steps, its verification.

use super::doc::{Cell, Section, row};
use super::known::{Ran, Story};
use super::{length, stamp};
use crate::run::view::{ObjectiveView, between};
use serde_json::{Value, json};

/// What is to be known of a run first.
pub(super) fn summary(story: &Story<'_>, run: &Ran<'_>) -> Section {
    let (plan, view) = (run.plan, &run.view);
    let mut out = Section::new("Summary");
    let cause = plan.cause.as_ref().map_or_else(
        || "no trigger was firing".to_string(),
        |c| format!("{}, firing since {}", c.title, stamp(&c.firing_since)),
    );
    let known = |at: &Option<crate::model::time::Now>| at.as_ref().map_or_else(|| "never".to_string(), stamp);
    let target = run.state.target.as_ref().map_or_else(
        || "never asked".to_string(),
        |(answer, detail, at)| format!("{}: {detail}, {}", answer.word(), stamp(at)),
    );
    let by = match &plan.automatic {
        Some(a) if a.clock.is_some() => {
            format!("{} (uid {}), by itself: nobody decided in time", view.who, plan.who.uid)
        }
        Some(_) => format!("{} (uid {}), by itself: the trigger was armed", view.who, plan.who.uid),
        None => format!("{} (uid {})", view.who, plan.who.uid),
    };
    let how = if view.why.is_empty() { verdict(run).to_owned() } else { view.why.clone() };
    let incident = match &story.incident {
        Some(i) => format!("{}, since {}", i.id, stamp(&i.since)),
        None => "none on record".into(),
    };
    let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    out.facts(vec![
        ("Service", format!("{} ▸ {}", plan.service, plan.environment).into()),
        ("Run", Cell::code(&plan.id)),
        ("Incident", incident.into()),
        ("By", by.into()),
        ("Reason", or(&plan.reason, "none was given").into()),
        ("Cause", cause.into()),
        ("From → to", format!("{} → {}", or(&plan.from, "unknown"), or(&plan.to, "unknown")).into()),
        ("Right target", target.into()),
        ("Requested", stamp(&view.requested).into()),
        ("Applied", known(&view.applied).into()),
        ("Observed", known(&view.observed).into()),
        ("Verified", known(&view.verified).into()),
        ("Ended", known(&view.ended).into()),
        ("How it ended", how.into()),
        ("Host", or(&view.host, "unknown").into()),
        ("Playbook", format!("sha256 {}", plan.playbook_hash).into()),
    ]);
    if let Some(after) = &view.after {
        out.text(format!("This run comes after another one: {after}."));
    }
    if view.adopted > 0 {
        out.text(format!(
            "Its supervisor was lost and replaced {} time(s); nothing was done twice.",
            view.adopted
        ));
    }
    out
}

/// The word for how it ended.
pub(super) fn verdict(run: &Ran<'_>) -> &'static str {
    match (run.view.verdict, &run.state.refused) {
        (Some(v), _) => v.word(),
        (None, Some(_)) => "refused",
        (None, None) => "not over",
    }
}

/// What an objective took, and the word for that.
pub(super) fn judged(o: &ObjectiveView) -> (Option<u64>, &'static str) {
    let took = o.from.as_ref().zip(o.to.as_ref()).map(|(from, to)| between(from, to));
    let word = match took {
        Some(t) if !o.provisional => {
            if t <= o.within_ms {
                "kept"
            } else {
                "MISSED"
            }
        }
        _ => "unknown: it never got there",
    };
    (took, word)
}

/// Rows of a run's objectives.
pub(super) fn objectives(run: &Ran<'_>) -> Vec<Vec<Cell>> {
    let one = |o: &ObjectiveView| {
        if let Some(other) = &o.other {
            let word = match other.kept {
                Some(true) => "kept",
                Some(false) => "MISSED",
                None => "unknown",
            };
            return row([o.title.clone(), other.asks.clone(), other.found.clone(), word.into()]);
        }
        let (took, word) = judged(o);
        row([
            o.title.clone(),
            length(o.within_ms),
            took.map_or_else(|| "unknown".into(), length),
            word.into(),
        ])
    };
    run.view.objectives.iter().map(one).collect()
}

/// Every step: exactly what was done, what came of it, where its output is.
pub(super) fn steps(story: &Story<'_>, run: &Ran<'_>, title: &str) -> Section {
    let mut out = Section::new(title);
    let drill = story.known.drill.is_some();
    let rows = run.view.steps.iter().map(|s| {
        let took = s.took_ms.map_or_else(|| "-".into(), length);
        // Only what a stub did has an output; a rehearsal has none.
        let kept =
            s.folder.as_ref().filter(|_| !drill && ["run", "http", "socket", "notify"].contains(&s.kind));
        vec![
            s.label.as_str().into(),
            s.name.as_str().into(),
            s.state.word().into(),
            took.into(),
            Cell::code(&s.line),
            s.detail.as_str().into(),
            Cell::code(&kept.map(|f| format!("{f}/out.log")).unwrap_or_default()),
        ]
    });
    let rows = rows.collect();
    out.table(["#", "step", "state", "took", "what was done", "detail", "output"], rows);
    out
}

/// The verification, with its window and what broke it.
pub(super) fn verification(run: &Ran<'_>) -> Section {
    let Some(v) = &run.view.verification else {
        let mut out = Section::new("Verification");
        out.text("This procedure verified nothing.");
        return out;
    };
    let mut out = Section::new(format!("Verification: {}", v.title));
    let did = match (v.verified, &v.stable_since) {
        (true, Some(since)) => format!("They did, from {} on.", stamp(since)),
        (true, None) => "They did.".into(),
        (false, _) => "They did not.".into(),
    };
    out.text(format!("All criteria had to hold for {} without a break. {did}", length(v.stable_ms)));
    let rows = v.criteria.iter().map(|c| {
        let since = c.since.as_ref().map_or_else(|| "unknown".into(), stamp);
        row([c.text.clone(), c.truth.word().into(), c.value.clone(), since])
    });
    out.table(["criterion", "at the end", "value", "since"], rows.collect());
    let again =
        |(at, why): &(_, String)| format!("The stability clock started again at {}: {why}", stamp(at));
    out.list(v.restarts.iter().map(again).collect());
    out
}

/// The run for programs.
pub(super) fn data(run: &Ran<'_>) -> Value {
    let (plan, view) = (run.plan, &run.view);
    let at = |now: &Option<crate::model::time::Now>| now.as_ref().map(|n| n.wall);
    let objectives = view.objectives.iter().map(|o| {
        let (took, word) = judged(o);
        json!({ "title": o.title, "allowed_ms": o.within_ms, "took_ms": took, "judged": word })
    });
    let steps = view.steps.iter().map(|s| {
        json!({
            "label": s.label, "name": s.name, "state": s.state.word(), "line": s.line, "detail": s.detail,
            "attempts": s.attempt, "took_ms": s.took_ms, "folder": s.folder,
        })
    });
    json!({
        "id": plan.id,
        "procedure": plan.procedure.id,
        "service": plan.service,
        "environment": plan.environment,
        "by": plan.who.user,
        "reason": plan.reason,
        "automatic": plan.automatic.is_some(),
        "verdict": verdict(run),
        "why": view.why,
        "requested_ms": view.requested.wall,
        "applied_ms": at(&view.applied),
        "observed_ms": at(&view.observed),
        "verified_ms": at(&view.verified),
        "ended_ms": at(&view.ended),
        "objectives": objectives.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}
