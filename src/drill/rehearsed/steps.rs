//! Steps, probes, channels and items of checklists, with what a rehearsal does in their place.

use super::{line, params};
use crate::model::drill::{Rehearse, Simulated, Speaks};
use crate::model::playbook::{
    Channel, Criterion, Guard, ItemDoes, Playbook, Procedure, Ramp, Step, StepKind, Way,
};
use crate::model::probe::{Ask, HttpCall, Probe};
use crate::model::template::Template;
use crate::model::time::Millis;

/// Milliseconds that a step takes where nobody says.
const TAKES: Millis = 1_000;
/// The id that the step has by which a procedure takes effect, where it has none of its own.
const EFFECT: &str = "takes-effect";

/// A procedure, its steps and everything that is asked around them.
pub(super) fn procedure(playbook: &Playbook, id: &str, p: &Procedure) -> Procedure {
    let of = |probe: &Probe| probe_of(playbook, probe);
    let (mut steps, mut takes_effect) = (p.steps.clone(), p.takes_effect.clone());
    // A message and a capture look like changes from here on: what takes effect is said while they do not.
    if takes_effect.is_none()
        && let Some(at) = p.steps.iter().rposition(|s| changes(playbook, s, 0))
    {
        takes_effect = Some(steps[at].id.get_or_insert_with(|| EFFECT.to_owned()).clone());
    }
    Procedure {
        compatible_with: p.compatible_with.as_ref().map(of),
        preflight: p
            .preflight
            .iter()
            .map(|c| Criterion { text: c.text.clone(), probe: of(&c.probe) })
            .collect(),
        guard: p.guard.as_ref().map(|g| Guard { lasts: g.lasts, probe: of(&g.probe) }),
        follow: Vec::new(),
        params: p.params.iter().map(|(name, param)| (name.clone(), params::param(param))).collect(),
        steps: steps.iter().map(|s| step(playbook, id, s)).collect(),
        takes_effect,
        ..p.clone()
    }
}

/// Whether a step of the playbook changes something, itself or in a procedure within it.
fn changes(playbook: &Playbook, s: &Step, depth: usize) -> bool {
    let itself = match &s.kind {
        StepKind::Run(_)
        | StepKind::Http(_)
        | StepKind::Socket(_)
        | StepKind::Write(_)
        | StepKind::Edit(_)
        | StepKind::Ramp(_)
        | StepKind::Simulated(_) => true,
        StepKind::Procedure { id, .. } if depth < 8 => playbook
            .procedures
            .get(id)
            .is_some_and(|p| p.steps.iter().any(|s| changes(playbook, s, depth + 1))),
        StepKind::Procedure { .. }
        | StepKind::Wait(_)
        | StepKind::Check(_)
        | StepKind::Verify(_)
        | StepKind::Ask(_)
        | StepKind::Notify { .. }
        | StepKind::Capture(_)
        | StepKind::Hold(_) => false,
    };
    itself || s.fallback.iter().any(|s| changes(playbook, s, depth))
}

fn step(playbook: &Playbook, procedure: &str, s: &Step) -> Step {
    let names = s.id.iter().flat_map(|id| [id.clone(), format!("{procedure}.{id}")]).collect();
    let of = |probe: &Option<Probe>| probe.as_ref().map(|p| probe_of(playbook, p));
    let does = Does { rehearse: s.rehearse.clone().unwrap_or_default(), takes: s.takes, names };
    Step {
        kind: kind(playbook, &s.kind, does),
        prove: of(&s.prove),
        already: of(&s.already),
        observe: of(&s.observe),
        fallback: s.fallback.iter().map(|f| step(playbook, procedure, f)).collect(),
        dry_run: None,
        progress: None,
        ..s.clone()
    }
}

/// What stands beside a thing that is done.
struct Does {
    rehearse: Rehearse,
    takes: Option<Millis>,
    names: Vec<String>,
}

impl Does {
    fn simulated(self, line: Template, speaks: Option<Speaks>) -> StepKind {
        let takes = self.rehearse.takes.or(self.takes).unwrap_or(TAKES);
        let rehearse = Rehearse { takes: Some(takes), ..self.rehearse };
        StepKind::Simulated(Simulated { line, names: self.names, channels: Vec::new(), rehearse, speaks })
    }
}

/// What is done; nothing that reaches out goes through here.
fn kind(playbook: &Playbook, kind: &StepKind, does: Does) -> StepKind {
    match kind {
        StepKind::Run(_)
        | StepKind::Socket(_)
        | StepKind::Write(_)
        | StepKind::Edit(_)
        | StepKind::Capture(_) => does.simulated(line::of_step(kind), None),
        StepKind::Http(h) => does.simulated(line::of_step(kind), Some(speaks(h))),
        StepKind::Check(p) => StepKind::Check(probe_of(playbook, p)),
        StepKind::Ramp(r) => {
            // What the whole takes says nothing of one value.
            let act = self::kind(playbook, &r.act, Does { takes: None, ..does });
            StepKind::Ramp(Ramp { act: Box::new(act), ..r.clone() })
        }
        StepKind::Wait(_)
        | StepKind::Verify(_)
        | StepKind::Ask(_)
        | StepKind::Notify { .. }
        | StepKind::Procedure { .. }
        | StepKind::Hold(_)
        | StepKind::Simulated(_) => kind.clone(),
    }
}

fn speaks(h: &HttpCall) -> Speaks {
    let method = if h.method.is_empty() { "GET".to_owned() } else { h.method.clone() };
    Speaks { method, path: line::path(&h.url), json: h.json.as_ref().map(body) }
}

/// A body in which a secret is told by its name only.
fn body(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(s) => Value::String(line::masked(&Template(s.clone())).0),
        Value::Array(list) => list.iter().map(body).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), body(v))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// A probe that asks the simulated service.
pub(super) fn probe(playbook: &Playbook, probe: &Probe) -> Probe {
    probe_of(playbook, probe)
}

fn probe_of(playbook: &Playbook, p: &Probe) -> Probe {
    let named = match &p.ask {
        Ask::Named(id) => playbook.probes.get(id).unwrap_or(p),
        _ => p,
    };
    let simulated = || Ask::Simulated {
        line: line::of_probe(playbook, p),
        holds: p.rehearse.clone(),
        speaks: match &named.ask {
            Ask::Http(h) => Some(speaks(h)),
            _ => None,
        },
    };
    let ask = match &p.ask {
        Ask::Run(_) | Ask::Http(_) | Ask::Socket { .. } | Ask::File(_) | Ask::Drill { .. } => simulated(),
        // The named one is rehearsed itself; what stands beside its name says more.
        Ask::Named(_) if p.rehearse.is_some() => simulated(),
        Ask::When(_) | Ask::Given(_) | Ask::Named(_) | Ask::Simulated { .. } => p.ask.clone(),
    };
    Probe { ask, expect: Default::default(), rehearse: None, ..p.clone() }
}

/// A channel that tells nobody.
pub(super) fn channel(id: &str, c: Channel) -> Channel {
    let way = match c.way {
        Way::Http(_) | Way::Run(_) => Way::Simulated(Simulated {
            line: Template(format!("tell {}: {{{{ message }}}}", c.title.replace("{{", "{ {"))),
            channels: vec![id.to_owned()],
            rehearse: Rehearse { takes: Some(TAKES), ..Rehearse::default() },
            ..Simulated::default()
        }),
        simulated @ Way::Simulated(_) => simulated,
    };
    Channel { way, ..c }
}

/// What an item of a checklist does.
pub(super) fn does(playbook: &Playbook, does: ItemDoes) -> ItemDoes {
    match does {
        ItemDoes::Judge(p) => ItemDoes::Judge(probe_of(playbook, &p)),
        ItemDoes::Act { kind: act, timeout, rehearse } => {
            let does =
                Does { rehearse: rehearse.clone().unwrap_or_default(), takes: None, names: Vec::new() };
            ItemDoes::Act { kind: Box::new(kind(playbook, &act, does)), timeout, rehearse: None }
        }
        ItemDoes::Ask(..) | ItemDoes::Mark(_) => does,
    }
}
