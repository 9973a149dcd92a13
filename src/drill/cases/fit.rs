//! Which chaos a procedure is for: one whose trigger names it and which its steps cure, else one that they cure.

use super::flat;
use crate::drill::asking::rule;
use crate::drill::world::{holds, read};
use crate::model::condition::Expr;
use crate::model::drill::{Chaos, Drill, Level};
use crate::model::playbook::{Playbook, Scenario, StepKind};
use crate::model::probe::Ask;
use crate::run::given::literal;
use indexmap::IndexMap;

/// The chaos that fits a procedure.
pub(super) fn chaos(playbook: &Playbook, drill: &Drill, procedure: &str) -> Option<String> {
    let harmless = |c: &Chaos| {
        c.fail_steps.is_empty() && c.fail_channels.is_empty() && c.silence.is_empty() && c.stale.is_empty()
    };
    let after = done(playbook, drill, procedure);
    let cured = |c: &Chaos| {
        let Some(rule) = &c.cured_when else { return false };
        let mut before = drill.state.clone();
        before.extend(c.state.clone());
        let mut then = before.clone();
        then.extend(after.clone());
        holds(&rule.expr, &before) == Ok(false) && holds(&rule.expr, &then) == Ok(true)
    };
    let named = |c: &Chaos| {
        let trigger = c.expect.as_ref().and_then(|e| e.trigger.as_ref());
        let names = trigger.and_then(|t| playbook.triggers.get(t)).and_then(|t| t.procedure.as_deref());
        names == Some(procedure)
    };
    // What goes back to normal is no cure, and is not begun while anything fires.
    let p = playbook.procedures.get(procedure)?;
    let calm = p.preflight.iter().any(|c| rule(&c.probe).is_some_and(asks_firing));
    if calm || playbook.procedures.values().any(|other| other.undo.as_deref() == Some(procedure)) {
        return None;
    }
    let fits: Vec<(&String, &Chaos)> = drill.chaos.iter().filter(|(_, c)| harmless(c) && cured(c)).collect();
    let best = fits.iter().find(|(_, c)| named(c)).or(fits.first());
    best.map(|(id, _)| (*id).clone())
}

/// The chaos that makes a scenario so: of its name, else one whose trigger names its procedure, else one that it cures.
pub(super) fn for_scenario(playbook: &Playbook, drill: &Drill, id: &str, s: &Scenario) -> Option<String> {
    let own = drill.chaos.get_key_value(id).map(|(id, _)| id.clone());
    own.or_else(|| chaos(playbook, drill, &s.procedure))
}

/// Whether the verification of a procedure looks at a signal that this chaos moves.
pub(super) fn is_seen(playbook: &Playbook, drill: &Drill, procedure: &str, chaos: &str) -> bool {
    let Some(c) = drill.chaos.get(chaos) else { return false };
    let keys = c.set.keys().chain(c.times.keys()).chain(c.grow.keys()).chain(c.alternate.keys());
    let moved: Vec<&str> = keys.map(|k| k.split('.').next().unwrap_or(k)).collect();
    let steps = flat(playbook, procedure, 0);
    let verified = steps.iter().filter_map(|(_, s)| match &s.kind {
        StepKind::Verify(id) => playbook.verifications.get(id),
        _ => None,
    });
    verified.flat_map(|v| &v.criteria).any(|c| match &c.probe.ask {
        Ask::When(rule) => rule.expr.signals().iter().any(|s| moved.contains(s)),
        _ => false,
    })
}

fn asks_firing(e: &Expr) -> bool {
    let mut found = false;
    e.walk(&mut |e| found |= matches!(e, Expr::Firing(_)));
    found
}

/// What the steps of a procedure make of the state, as far as the playbook says.
fn done(playbook: &Playbook, drill: &Drill, procedure: &str) -> IndexMap<String, Level> {
    let mut out = IndexMap::new();
    for (_, s) in flat(playbook, procedure, 0) {
        let (sim, value) = match &s.kind {
            StepKind::Simulated(sim) => (sim, None),
            StepKind::Ramp(r) => match &*r.act {
                StepKind::Simulated(sim) => {
                    let last = r.values.last().map(f64::to_string).unwrap_or_default();
                    (sim, Some(literal(&last, r.unit).unwrap_or(last)))
                }
                _ => continue,
            },
            _ => continue,
        };
        for (name, to) in &sim.rehearse.set {
            let to = match (to.as_str(), &value) {
                ("$value", Some(value)) => value.clone(),
                (given, _) if given.contains('$') => continue,
                (plain, _) => plain.to_owned(),
            };
            out.insert(name.clone(), read(drill.state.get(name), &to));
        }
    }
    out
}
