//! A playbook in which nothing is left that could reach out. Who has a [`Rehearsed`] can carry it out with what rehearses
//! only: no command, no address, no file, no secret stands in it.

mod line;
mod params;
mod steps;
#[cfg(test)]
mod tests;

use super::cases::Twist;
use crate::model::drill::{Behaviour, Chaos, Drill, Level};
use crate::model::playbook::{
    Automation, Baseline, Environment, GuideStep, LOG_EVERY, ParamKind, Playbook, ReadingKind, Signal, Ticket,
};
use crate::model::probe::{Command, Probe};
use crate::model::time::Millis;
use crate::model::unit::Quantity;
use indexmap::IndexMap;

/// Milliseconds between two samples of a signal without a source.
const EVERY: Millis = 1_000;

/// Name of the chaos by which a rehearsal is twisted.
pub const TWIST: &str = "rehearsed failure";
/// Longer than any rehearsal, milliseconds.
const EVER: Millis = 7 * 24 * 3_600_000;

/// A playbook that can be rehearsed and nothing else. Only [`rehearsed`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    playbook: Playbook,
    readers: IndexMap<String, Reader>,
}

/// What is left of a source: when it answers, and what for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reader {
    /// Milliseconds between two answers.
    pub every: Millis,
    /// Milliseconds after which an answer is none.
    pub timeout: Millis,
    /// Ids of the signals that are read of it.
    pub signals: Vec<String>,
}

impl Rehearsed {
    /// The playbook.
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// What is known of the simulated service.
    pub fn drill(&self) -> Drill {
        self.playbook.drill.clone().unwrap_or_default()
    }

    /// The same service with one more thing that can go wrong.
    pub fn with(&self, id: &str, chaos: Chaos) -> Rehearsed {
        let mut out = self.clone();
        out.playbook.drill.get_or_insert_default().chaos.insert(id.to_owned(), chaos);
        out
    }

    /// The same service with something changed, so that a rehearsal ends badly. What fails is a chaos named [`TWIST`].
    pub fn twisted(&self, twist: &Twist) -> Rehearsed {
        let mut out = self.clone();
        let mut drill = self.drill();
        let bad = Chaos { title: "what this rehearsal makes fail".into(), lasts: EVER, ..Chaos::default() };
        match twist {
            Twist::None => return out,
            Twist::Incurable => {
                for chaos in drill.chaos.values_mut() {
                    (chaos.cured_when, chaos.lasts) = (None, EVER);
                }
            }
            Twist::Fails(names) => {
                drill.chaos.insert(TWIST.into(), Chaos { fail_steps: names.clone(), ..bad });
            }
            Twist::Deaf => {
                let fail_channels = self.playbook.channels.keys().cloned().collect();
                drill.chaos.insert(TWIST.into(), Chaos { fail_channels, ..bad });
            }
            Twist::Unlisted(procedure, name) => {
                let params = out.playbook.procedures.get_mut(procedure).map(|p| &mut p.params);
                if let Some(param) = params.and_then(|p| p.get_mut(name)) {
                    (param.kind, param.rehearse) = (ParamKind::Values(Vec::new()), Vec::new());
                }
            }
        }
        out.playbook.drill = Some(drill);
        out
    }

    /// What answers for the signals, by the source's name; `""` for those without one.
    pub fn readers(&self) -> &IndexMap<String, Reader> {
        &self.readers
    }
}

/// Turns a playbook (resolved for its environment) into one that can only be rehearsed. Every trigger is armed.
pub fn rehearsed(playbook: &Playbook) -> Rehearsed {
    let p = playbook.clone();
    let readers = readers(playbook);
    let of = |probe: &Probe| steps::probe(playbook, probe);
    let maybe = |probe: &Option<Probe>| probe.as_ref().map(of);
    // Every field is named, so that a new one is not forgotten.
    let Playbook {
        service,
        vars,
        environments,
        secrets: _,
        sources: _,
        signals,
        traffic,
        roles,
        authority,
        hosts: _,
        channels,
        messages,
        escalation,
        notices,
        logs: _,
        guides,
        severities,
        triggers,
        incident,
        ticket,
        checklists,
        objectives,
        verifications,
        probes,
        procedures,
        scenarios,
        links,
        emergency,
        drill,
    } = p;
    let behaviours = drill.as_ref().map(|d| d.signals.clone()).unwrap_or_default();
    let rehearsed = Playbook {
        environments: environments
            .into_iter()
            .map(|(id, e)| {
                let (prove, automation) = (maybe(&e.prove), Automation::Armed);
                (id, Environment { prove, automation, cwd: None, ..e })
            })
            .collect(),
        signals: signals
            .into_iter()
            .map(|(id, s)| {
                let normal = behaviours.get(&id);
                (id, signal(s, normal))
            })
            .collect(),
        channels: channels.into_iter().map(|(id, c)| (id.clone(), steps::channel(&id, c))).collect(),
        guides: guides
            .into_iter()
            .map(|(id, mut g)| {
                g.steps = g.steps.into_iter().map(|s| GuideStep { text: s.text, run: None }).collect();
                (id, g)
            })
            .collect(),
        triggers: triggers
            .into_iter()
            .map(|(id, mut t)| {
                t.mode = Automation::Armed;
                (id, t)
            })
            .collect(),
        checklists: checklists
            .into_iter()
            .map(|(id, mut c)| {
                c.items.iter_mut().for_each(|i| i.does = i.does.take().map(|d| steps::does(playbook, d)));
                (id, c)
            })
            .collect(),
        verifications: verifications
            .into_iter()
            .map(|(id, mut v)| {
                v.criteria.iter_mut().for_each(|c| c.probe = of(&c.probe));
                (id, v)
            })
            .collect(),
        probes: probes.iter().map(|(id, probe)| (id.clone(), of(probe))).collect(),
        procedures: procedures
            .iter()
            .map(|(id, p)| (id.clone(), steps::procedure(playbook, id, p)))
            .collect(),
        secrets: IndexMap::new(),
        sources: IndexMap::new(),
        hosts: IndexMap::new(),
        logs: IndexMap::new(),
        service,
        vars,
        traffic,
        roles,
        authority,
        messages,
        escalation,
        notices,
        severities,
        incident,
        // That there would be one is known; there is nothing to run.
        ticket: ticket.map(|t| Ticket { command: Command::default(), ..t }),
        objectives,
        scenarios,
        links,
        emergency,
        drill,
    };
    Rehearsed { playbook: rehearsed, readers }
}

/// A signal that is read of nothing. What its model calls normal is its baseline, where that was captured.
fn signal(s: Signal, behaviour: Option<&Behaviour>) -> Signal {
    let reading = match s.reading {
        // What stands in a log is nowhere in a rehearsal.
        ReadingKind::Log { pattern, .. } => ReadingKind::Output(pattern),
        reading @ (ReadingKind::Query(_)
        | ReadingKind::Metric { .. }
        | ReadingKind::Json(_)
        | ReadingKind::Http(_)
        | ReadingKind::Process(_)
        | ReadingKind::ExitCode
        | ReadingKind::Output(_)
        | ReadingKind::Expr(_)
        | ReadingKind::Flag { .. }
        | ReadingKind::Count { .. }) => reading,
    };
    let normal = match behaviour {
        Some(Behaviour::Model { normal: Level::Number(q), .. }) => {
            Some(Quantity { value: q.value, dim: s.unit.dim() })
        }
        _ => None,
    };
    let baseline = match (s.baseline, normal) {
        (Some(Baseline::File { .. } | Baseline::Mark { .. }), Some(normal)) => Some(Baseline::Value(normal)),
        (Some(Baseline::File { .. }), None) => None,
        (other, _) => other,
    };
    Signal { reading, baseline, source: None, fresh: None, ..s }
}

fn readers(playbook: &Playbook) -> IndexMap<String, Reader> {
    let mut out: IndexMap<String, Reader> = IndexMap::new();
    for (id, s) in &playbook.signals {
        let source = s.source.as_ref().and_then(|name| playbook.sources.get_key_value(name));
        let (name, every, timeout) = match (&s.reading, source) {
            (ReadingKind::Expr(_) | ReadingKind::Flag { .. } | ReadingKind::Count { .. }, _) => continue,
            (_, Some((name, source))) => (name.clone(), source.every, source.timeout),
            (ReadingKind::Log { .. }, None) => (format!("log of {id}"), LOG_EVERY, LOG_EVERY),
            (_, None) => (String::new(), EVERY, EVERY),
        };
        let reader = out.entry(name).or_insert_with(|| Reader { every, timeout, signals: Vec::new() });
        reader.signals.push(id.clone());
    }
    out
}
