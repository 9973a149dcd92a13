//! The same for programs: one document, whose keys stay.

use super::{Known, asks, default_word, mode_word};
use crate::engine::eval::Truth;
use crate::engine::hold::TriggerState;
use crate::engine::signal::Level;
use crate::engine::verdict::Standing;
use crate::model::playbook::Cell;
use crate::model::time::{Deadline, Now};
use crate::session::decision::{Attempt, Choice, Clock};
use serde_json::{Value, json};

/// Version of the document.
const SCHEMA: u32 = 1;

/// All of it.
pub(super) fn document(k: &Known) -> Value {
    let (b, p) = (&k.beat, k.playbook());
    let (level, code) = k.level();
    let standing = match &b.standing {
        Standing::Unknown(_) => ("unknown", Value::Null),
        Standing::Quiet => ("quiet", Value::Null),
        Standing::Warn(what) => ("warn", json!(what)),
        Standing::Row(id) => ("row", json!(id)),
    };
    let signals = b.signals.iter().map(|s| {
        json!({
            "id": s.id, "title": s.title, "value": s.value, "level": level_word(s.level),
            "age_ms": s.age, "reason": s.reason,
        })
    });
    let rows = k.rows();
    let severities = p.severities.iter().map(|(id, s)| {
        let row = rows.iter().find(|r| r.id == id);
        json!({
            "id": id, "title": s.title, "in_force": row.is_some(), "since": row.map(|r| time(r.since)),
            "respond_within_ms": s.respond_within, "left_ms": row.and_then(|r| r.left), "approval": s.approval,
        })
    });
    json!({
        "schema": SCHEMA,
        "service": p.service.name,
        "environment": k.setup.environment,
        "at": time(k.now.wall),
        "status": level,
        "exit_code": code,
        "verdict": {
            "standing": standing.0, "of": standing.1, "text": b.text, "since": time(b.standing_since),
            "evidence": b.evidence,
        },
        "answering": { "signals": b.answering.0, "of": b.answering.1 },
        "signals": signals.collect::<Vec<_>>(),
        "severities": severities.collect::<Vec<_>>(),
        "stage": { "text": b.stage.to_string(), "percent": b.stage.percent() },
        "triggers": b.triggers.iter().map(|t| trigger(k, t)).collect::<Vec<_>>(),
        "decisions": k.clocks().into_iter().map(|c| clock(k, c)).collect::<Vec<_>>(),
        "automation": {
            "ceiling": mode_word(k.ceiling()),
            "all": k.state.automation.as_ref().map(|s| json!({
                "mode": mode_word(s.mode), "by": s.who.user, "reason": s.reason, "at": time(s.at.wall),
            })),
        },
        "automatic": k.automatic().into_iter().map(|(t, a)| attempt(t, a)).collect::<Vec<_>>(),
        "decider": decider(k),
        "audit_troubles": crate::supervisor::audit::forward::troubles(&k.setup.folder),
        "incident": k.state.incident.as_ref().map(|i| json!({
            "id": i.name(), "opened_as": i.id, "since": time(i.since.wall), "reason": i.reason,
            "severity": i.severity(k.playbook()), "lead": i.lead(),
        })),
        "run": run(k),
    })
}

fn trigger(k: &Known, t: &crate::supervisor::decisions::BeatTrigger) -> Value {
    let spec = k.playbook().triggers.get(&t.id);
    let (state, held, need) = match t.state {
        TriggerState::Inactive => ("inactive", None, None),
        TriggerState::Pending { held, need, .. } => ("pending", Some(held), Some(need)),
        TriggerState::Firing { .. } => ("firing", None, None),
    };
    json!({
        "id": t.id,
        "title": spec.map(|s| s.title.as_str()),
        "severity": spec.and_then(|s| s.severity.as_deref()),
        "state": state,
        "condition": match t.truth {
            Truth::True => "true",
            Truth::False => "false",
            Truth::Unknown => "unknown",
        },
        "since": t.since.map(time),
        "held_ms": held,
        "need_ms": need,
        "mode": mode_word(k.mode(&t.id)),
        "asks": asks(t.cell.cell),
        "cell": cell(t.cell.cell),
        "stage": t.cell.stage,
        "note": t.cell.note,
        "procedure": spec.and_then(|s| s.procedure.as_deref()),
    })
}

fn cell(cell: Cell) -> Value {
    match cell {
        Cell::Auto => json!({ "kind": "auto" }),
        Cell::Decide { within, default_at } => {
            json!({ "kind": "decide", "within_ms": within, "default_at_ms": default_at })
        }
        Cell::Ask => json!({ "kind": "ask" }),
        Cell::Watch => json!({ "kind": "watch" }),
    }
}

fn clock(k: &Known, c: &Clock) -> Value {
    let left = |d: &Option<Deadline>| d.as_ref().map(|d| d.left(&k.now));
    let (from, to, why, hash) = match &c.plan {
        None => (None, None, None, None),
        Some((Ok((from, to)), hash)) => (Some(from), Some(to), None, hash.as_ref()),
        Some((Err(why), _)) => (None, None, Some(why), None),
    };
    let said = c.said.iter().map(|w| {
        let choice = match &w.choice {
            Choice::RollBack { procedure, run } => json!({ "roll_back": procedure, "run": run }),
            Choice::Hold => json!("hold"),
            Choice::Extend(ms) => json!({ "extend_ms": ms }),
        };
        json!({ "choice": choice, "by": w.who.user, "roles": w.roles, "reason": w.reason, "at": at(&w.at) })
    });
    json!({
        "id": c.id,
        "trigger": c.trigger,
        "firing": c.firing,
        "opened": at(&c.at),
        "decide_left_ms": left(&c.decide_by),
        "default_left_ms": left(&c.default_at).or(left(&c.decide_by)),
        "missed": c.missed,
        "extended": c.extended,
        "default": default_word(c.default),
        "procedure": c.procedure,
        "plan": { "from": from, "to": to, "none_because": why, "hash": hash },
        "roles": c.roles.iter().map(|r| json!({
            "id": r.id, "title": r.title, "users": r.users, "groups": r.groups,
        })).collect::<Vec<_>>(),
        "said": said.collect::<Vec<_>>(),
    })
}

fn attempt(trigger: &str, a: &Attempt) -> Value {
    json!({
        "run": a.run, "trigger": trigger, "firing": a.firing, "procedure": a.procedure, "clock": a.clock,
        "since": at(&a.at),
        "reaction": a.reaction.map(|r| json!({
            "from_true_ms": r.from_true, "from_firing_ms": r.from_firing,
            "to_effect_ms": r.to_effect, "target_ms": r.target,
        })),
        "ended": a.ended.as_ref().map(|(ok, detail, when)| json!({
            "verified": ok, "detail": detail, "at": at(when),
        })),
    })
}

fn decider(k: &Known) -> Value {
    let seen = if k.watched { Some(&k.beat) } else { k.silent.as_ref() };
    seen.map_or(Value::Null, |b| {
        json!({
            "alive": k.watched,
            "acts": b.acts,
            "host": b.host,
            "pid": b.pid,
            "epoch": b.epoch,
            "user": k.state.decider.as_ref().filter(|d| d.epoch == b.epoch).map(|d| d.who.user.as_str()),
            "since": at(&b.watching_since),
            "heartbeat_age_ms": b.age(&k.now),
            "trouble": b.trouble,
        })
    })
}

fn run(k: &Known) -> Value {
    match (&k.holder, &k.orphan) {
        (Some(h), _) => json!({
            "id": h.note.run, "title": h.note.title, "user": h.note.user, "pid": h.note.pid,
            "since": at(&h.note.since), "driven": true, "step": h.step.as_ref().map(|(at, _)| at),
        }),
        (None, Some(u)) => json!({
            "id": u.id, "title": u.title, "driven": false, "step": u.step.as_ref().map(|(label, _)| label),
        }),
        (None, None) => Value::Null,
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Unknown => "unknown",
        Level::Stale => "stale",
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Critical => "critical",
    }
}

fn at(now: &Now) -> String {
    time(now.wall)
}

/// RFC 3339, UTC.
fn time(wall: i64) -> String {
    jiff::Timestamp::from_millisecond(wall).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
