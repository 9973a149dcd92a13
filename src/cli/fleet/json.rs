//! The fleet for programs: one document, whose keys stay.

use crate::model::playbook::Automation;
use crate::session::view::Gravity;
use crate::session::view::fleet::{FleetRow, FleetView, Grade, RowClock};
use serde_json::{Value, json};

/// Version of the document.
const SCHEMA: u32 = 1;

/// All of it, by service and environment.
pub(super) fn document(fleet: &FleetView) -> Value {
    let counts = fleet.counts();
    let mut rows: Vec<&FleetRow> = fleet.rows.iter().map(|r| &**r).collect();
    rows.sort_by(|a, b| (&a.service, &a.environment, a.id).cmp(&(&b.service, &b.environment, b.id)));
    json!({
        "schema": SCHEMA,
        "at": time(fleet.now.wall),
        "playbooks": fleet.playbooks,
        "status": gravity(fleet.worst()),
        "counts": Grade::ALL.iter().map(|g| (word(*g).to_owned(), json!(counts[*g as usize]))).collect::<serde_json::Map<_, _>>(),
        "services": rows.into_iter().map(|r| row(fleet, r)).collect::<Vec<_>>(),
    })
}

fn row(fleet: &FleetView, r: &FleetRow) -> Value {
    let now = &fleet.now;
    let state = r.state(now);
    let broken = r
        .broken
        .as_ref()
        .map(|b| json!({ "at": b.place, "problem": b.what, "hint": b.hint, "more": b.more }));
    json!({
        "service": r.service,
        "environment": Some(&r.environment).filter(|e| !e.is_empty()),
        "file": r.file,
        "grade": word(state.grade),
        "status": gravity(state.gravity),
        "text": state.text,
        "broken": broken,
        "unread": r.unread,
        "left_ms": match state.clock { Some(RowClock::Left(ms)) => Some(ms), _ => None },
        "watch": {
            "alive": state.watched,
            "host": r.says.as_ref().map(|s| &s.host),
            "said_ms_ago": r.says.as_ref().map(|s| s.age(now)),
            "trouble": r.says.as_ref().and_then(|s| s.trouble.as_ref()),
        },
        "evidence": r.living(now).map(|s| s.evidence.as_slice()).unwrap_or_default(),
        "automation": r.mode.map(|m| match m {
            Automation::Off => "off",
            Automation::Shadow => "shadow",
            Automation::Armed => "armed",
        }),
        "acts": r.acts_next(now).map(|(due, ms)| json!({ "title": due.title, "in_ms": ms, "costs": due.then })),
        "decisions": r.decisions.iter().map(|d| json!({
            "title": d.title,
            "left_ms": d.at.as_ref().map(|at| at.left(now)),
            "overdue_ms": d.at.as_ref().map(|at| at.overdue(now)),
            "then": d.then,
        })).collect::<Vec<_>>(),
        "run": r.run.as_ref().map(|run| json!({
            "id": run.id, "title": run.title, "user": run.who, "at": run.place, "since": time(run.since.wall),
            "driven": run.driven, "needs": run.needs, "guarding": run.guarding,
        })),
        "last_run": r.last.as_ref().map(|l| json!({
            "title": l.title, "ended": l.word, "took_ms": l.took_ms, "at": time(l.wall),
        })),
        "here": r.here,
    })
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Critical => "critical",
        Grade::Running => "running",
        Grade::Warn => "warn",
        Grade::Unknown => "unknown",
        Grade::Quiet => "quiet",
    }
}

/// As `status` says it.
fn gravity(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Unknown => "unknown",
        Gravity::Ok => "ok",
        Gravity::Warn => "warn",
        Gravity::Critical => "critical",
    }
}

/// RFC 3339, UTC.
fn time(wall: i64) -> String {
    jiff::Timestamp::from_millisecond(wall).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
