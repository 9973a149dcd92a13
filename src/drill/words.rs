//! What a rehearsal says: values of signals, and what came of telling people.

use super::world::World;
use crate::engine::signal::SeriesState;
use crate::model::playbook::{Step, StepKind};
use crate::model::reading::Value;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::model::unit::Quantity;
use crate::session::Session;

/// A signal in words; `unknown` where it has no value that counts.
pub(super) fn value(session: &Session, now: &Now, id: &str) -> String {
    let unknown = || "unknown".to_owned();
    let spec = session.playbook().signals.get(id);
    let (Some(spec), Some(state)) = (spec, session.engine().signal(id, now.boot as i64)) else {
        return unknown();
    };
    let words = |value: &Value| match value {
        Value::Number(value) => Quantity { value: *value, dim: spec.unit.dim() }.show(3),
        Value::Text(text) => text.clone(),
    };
    let one = |s: &SeriesState| {
        let value = s.value.as_ref().filter(|_| s.reason.is_none()).map_or_else(unknown, words);
        s.label.as_ref().map_or(value.clone(), |label| format!("{label} {value}"))
    };
    let all = match state.series.as_slice() {
        [] => state.value.as_ref().filter(|_| state.reason.is_none()).map_or_else(unknown, words),
        all => all.iter().map(one).collect::<Vec<_>>().join(", "),
    };
    clean_line(&all).replace("{{", "{ {")
}

/// What a message is while its channel takes nothing: no run waits for it.
pub(super) fn not_yet(why: &str) -> String {
    format!("{NOT_YET} ({why}): it goes on being tried")
}

/// How [`not_yet`] begins.
pub(super) const NOT_YET: &str = "not delivered yet";

/// What came of telling people by these steps, and whether at least one channel took it.
pub(super) fn told(world: &World, steps: &[&Step]) -> (String, bool) {
    let mut took = false;
    let one = |s: &&Step| {
        let channels = match &s.kind {
            StepKind::Simulated(sim) => sim.channels.as_slice(),
            _ => &[],
        };
        match channels.iter().find_map(|c| world.deaf(c)) {
            Some(why) => (false, format!("{} failed: {why}", s.name)),
            None => (true, format!("{}: told (rehearsed)", s.name)),
        }
    };
    let words: Vec<String> = steps
        .iter()
        .map(one)
        .map(|(ok, words)| {
            took |= ok;
            words
        })
        .collect();
    match words.is_empty() {
        true => ("there is no channel to tell them by".to_owned(), false),
        false => (clean_line(&words.join("; ")), took),
    }
}
