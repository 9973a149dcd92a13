//! A replay's findings for programs: one document, its keys stable.

use super::told::Told;
use super::{origin, times};
use crate::driver::backtest::Origin;
use crate::session::replay::story::{self, Deed, Episode, TriggerStory, What};
use serde_json::{Value, json};

/// The document. Times are RFC 3339 in UTC, lengths milliseconds.
pub fn document(told: &Told<'_>) -> Value {
    let story = told.story;
    let signals = told.found.signals.iter().map(|(id, o)| {
        let (from, values) = match o {
            Origin::Prometheus(n) => ("prometheus", Some(n)),
            Origin::Files(n) => ("files", Some(n)),
            Origin::Computed => ("computed", None),
            Origin::Missing(_) => ("missing", None),
        };
        json!({ "id": id, "from": from, "values": values, "text": origin(o) })
    });
    let verdicts = story.verdicts.iter().map(|v| json!({ "at": times::rfc3339(v.at), "verdict": v.to }));
    json!({
        "schema": 1,
        "service": told.setup.playbook.service.name,
        "environment": told.setup.environment,
        "playbook_hash": told.setup.hash,
        "from": times::rfc3339(story.span.from),
        "to": times::rfc3339(story.span.to),
        "step_ms": story.span.step,
        "samples": story.samples,
        "judgements": story.judgements,
        "signals": signals.collect::<Vec<_>>(),
        "notes": told.found.notes.iter().chain(&told.notes).collect::<Vec<_>>(),
        "triggers": told.triggers().map(trigger).collect::<Vec<_>>(),
        "verdicts": verdicts.collect::<Vec<_>>(),
    })
}

fn trigger(t: &TriggerStory) -> Value {
    let near = t.near();
    let count = |f: &dyn Fn(&What) -> bool| t.deeds().filter(|d| f(&d.what)).count();
    json!({
        "id": t.id,
        "title": t.title,
        "when": t.when,
        "for_ms": t.hold,
        "severity": t.severity,
        "procedure": t.procedure,
        "mode": story::mode(t.mode),
        "fired": t.fired().count(),
        "started": count(&|w| matches!(w, What::Started { .. })),
        "withheld": count(&|w| matches!(w, What::Withheld { .. })),
        "asked": count(&|w| matches!(w, What::Asked { .. })),
        "told": count(&|w| matches!(w, What::Told(_))),
        "pending_without_firing": {
            "times": near.len(),
            "shortest_ms": near.iter().min(),
            "longest_ms": near.iter().max(),
        },
        "unknown_ms": t.blind_for(),
        "unknown_why": t.unknown_why,
        "episodes": t.episodes.iter().map(episode).collect::<Vec<_>>(),
    })
}

fn episode(e: &Episode) -> Value {
    json!({
        "since": times::rfc3339(e.since),
        "before_the_beginning": e.before,
        "fired": e.fired.map(times::rfc3339),
        "ended": e.ended.map(times::rfc3339),
        "held_ms": e.fired.map_or(e.held, |f| (f - e.since).max(0) as u64),
        "series": e.series,
        "evidence": e.evidence,
        "asked": e.asked.as_ref().map(|a| json!({
            "action": story::cell(a.cell),
            "stage": a.stage,
            "note": a.note,
        })),
        "deeds": e.deeds.iter().map(deed).collect::<Vec<_>>(),
    })
}

fn deed(d: &Deed) -> Value {
    let mut what = match &d.what {
        What::Started { procedure, default } => {
            json!({ "what": "started", "procedure": procedure, "as_default": default })
        }
        What::Withheld { by, why } => json!({ "what": "withheld", "by": story::rule(*by), "why": why }),
        What::Told(why) => json!({ "what": "told", "why": why }),
        What::Asked { within } => json!({ "what": "asked", "within_ms": within }),
        What::Closed(detail) => json!({ "what": "closed", "detail": detail }),
    };
    what["at"] = times::rfc3339(d.at).into();
    what
}
