//! Where the service stands, as the heartbeat and the service manager are told.

use crate::engine::Engine;
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::hold::TriggerState;
use crate::engine::signal::SignalState;
use crate::engine::verdict::Standing;
use crate::model::playbook::Playbook;
use crate::model::reading::Value;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::model::unit::{Base, Quantity};
use crate::supervisor::decisions::{BeatSignal, BeatTrigger};

/// The verdict on one line.
pub(in crate::driver) fn verdict(playbook: &Playbook, engine: &Engine) -> String {
    let v = engine.verdict();
    let why = || {
        let parts = v.evidence.iter().filter(|p| p.truth == Truth::True).map(Part::line);
        parts.collect::<Vec<_>>().join("; ")
    };
    let title = |id: &str| {
        let signal = || playbook.signals.get(id).map(|s| s.title.as_str());
        playbook.triggers.get(id).map(|t| t.title.as_str()).or_else(signal).unwrap_or(id).to_owned()
    };
    clean_line(&match &v.standing {
        Standing::Unknown(why) => format!("UNKNOWN: {why}"),
        Standing::Quiet => "ALL QUIET".to_owned(),
        Standing::Warn(id) => format!("LOOK: {}: {}", title(id), why()),
        Standing::Row(id) => {
            let row = playbook.severities.get(id).map_or("", |r| r.title.as_str());
            format!("{id} {}: {}", row.to_uppercase(), why())
        }
    })
}

/// Why it is so, a line per part.
pub(in crate::driver) fn evidence(engine: &Engine) -> Vec<String> {
    engine.verdict().evidence.iter().map(|p| clean_line(&p.line())).collect()
}

/// The signals, as they stand.
pub(in crate::driver) fn signals(playbook: &Playbook, engine: &Engine, now: &Now) -> Vec<BeatSignal> {
    engine.signals(now.boot as i64).into_iter().map(|s| signal(playbook, s)).collect()
}

fn signal(playbook: &Playbook, s: SignalState) -> BeatSignal {
    let spec = playbook.signals.get(&s.id);
    let value = s.value.map(|v| match (v, spec) {
        (Value::Text(text), _) => clean_line(&text),
        (Value::Number(n), Some(spec)) => match spec.unit.dim() {
            dim if dim.base == Base::Bool => if n != 0.0 { "yes" } else { "no" }.to_owned(),
            dim => Quantity { value: n, dim }.show(3),
        },
        (Value::Number(n), None) => n.to_string(),
    });
    BeatSignal {
        title: spec.map(|s| s.title.clone()).unwrap_or_default(),
        id: s.id,
        value,
        level: s.level,
        age: s.age,
        reason: s.reason.map(|r| clean_line(&r)),
    }
}

/// The triggers, as they stand.
pub(in crate::driver) fn triggers(engine: &Engine, now: &Now) -> Vec<BeatTrigger> {
    let wall = |boot: i64| now.wall - (now.boot as i64 - boot);
    let status = engine.triggers(now.boot as i64).into_iter();
    let beat = |t: crate::engine::TriggerStatus| {
        let since = match t.state {
            TriggerState::Inactive => None,
            TriggerState::Pending { since, .. } | TriggerState::Firing { since } => Some(wall(since)),
        };
        let cell = engine.in_force(&t.id, now.boot as i64);
        BeatTrigger { state: t.state, since, truth: t.truth, cell, id: t.id }
    };
    status.map(beat).collect()
}
