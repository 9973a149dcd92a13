//! Asking the simulated service: conditions by the session's engine, on samples fetched from a moment on; everything else
//! by the service's state.

use super::world::World;
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::model::condition::{Condition, Expr, Over};
use crate::model::playbook::{Baseline, Playbook, ReadingKind};
use crate::model::probe::{Ask, Probe};
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::{Answer, Asked};
use crate::session::{Effect, Event, Session};
use indexmap::IndexMap;

/// What is asked: the service and who judges it.
pub(super) struct Scene<'a> {
    pub(super) world: &'a mut World,
    pub(super) session: &'a mut Session,
    /// What the session wants of the world.
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Scene<'_> {
    /// The sources of these conditions answer now.
    pub(super) fn look<'e>(&mut self, now: &Now, rules: impl Iterator<Item = &'e Expr>) {
        let mut signals = Vec::new();
        rules.for_each(|rule| {
            self.session.measure_for(rule);
            needs(self.session.playbook(), rule, &mut signals);
        });
        let readings = if signals.is_empty() { Vec::new() } else { self.world.look(now, &signals) };
        if !readings.is_empty() {
            self.effects.extend(self.session.handle(now, Event::Readings(readings)));
        }
    }

    /// A condition, by samples fetched since `began`.
    pub(super) fn judge(&self, now: &Now, rule: &Condition, began: Millis) -> (Answer, String) {
        let after = Some(began as i64 - 1);
        let (truth, parts) = self.session.engine().judge(&rule.expr, now.boot as i64, after);
        let detail = parts.iter().map(Part::line).collect::<Vec<_>>().join(" · ");
        (answer(truth), clean_line(&detail))
    }

    /// A probe, asked once; a condition by samples fetched since `began`.
    pub(super) fn ask(&self, now: &Now, probe: &Probe, asked: Asked, began: Millis) -> (Answer, String) {
        match &probe.ask {
            Ask::When(rule) => self.judge(now, rule, began),
            Ask::Simulated { line, holds: Some(rule), .. } => {
                let line = clean_line(&line.0);
                match self.world.holds(rule) {
                    Ok(true) => (Answer::Holds, format!("{line}: {}", rule.text)),
                    Ok(false) => (Answer::Fails, format!("{line}: not {}", rule.text)),
                    Err(why) => (Answer::Blind, format!("{line}: {why}")),
                }
            }
            Ask::Simulated { line, holds: None, .. } => {
                let line = clean_line(&line.0);
                match asked {
                    Asked::Already => (Answer::Fails, format!("{line}: taken to be still to do")),
                    _ => (Answer::Holds, format!("{line}: taken to hold")),
                }
            }
            Ask::Named(id) => match self.session.playbook().probes.get(id) {
                Some(named) if !matches!(named.ask, Ask::Named(_)) => self.ask(now, named, asked, began),
                _ => (Answer::Blind, format!("there is no probe `{id}`")),
            },
            Ask::Given(text) => (Answer::Blind, format!("{text}: was not filled in")),
            // A rehearsed playbook has none of these.
            Ask::Run(_) | Ask::Http(_) | Ask::Socket { .. } | Ask::File(_) | Ask::Drill { .. } => {
                (Answer::Blind, "it cannot be asked in a rehearsal".to_owned())
            }
        }
    }
}

/// The condition that a probe is.
pub(super) fn rule(probe: &Probe) -> Option<&Expr> {
    match &probe.ask {
        Ask::When(c) => Some(&c.expr),
        _ => None,
    }
}

pub(super) fn answer(truth: Truth) -> Answer {
    match truth {
        Truth::True => Answer::Holds,
        Truth::False => Answer::Fails,
        Truth::Unknown => Answer::Blind,
    }
}

/// The measured signals that an expression rests on.
fn needs(playbook: &Playbook, rule: &Expr, out: &mut Vec<String>) {
    for id in rule.signals() {
        let Some(s) = playbook.signals.get(id).filter(|_| !out.iter().any(|o| o == id)) else { continue };
        out.push(id.to_owned());
        if let ReadingKind::Expr(e) = &s.reading {
            needs(playbook, e, out);
        }
        let beside = s.min_samples.as_ref().map(|m| m.of.clone());
        let normal = match &s.baseline {
            Some(Baseline::Signal(other)) => Some(other.clone()),
            _ => None,
        };
        for other in beside.into_iter().chain(normal) {
            needs(playbook, &Expr::Signal(other), out);
        }
    }
}

/// How far back each signal is looked at by what judges the service, in milliseconds, and a little more.
pub(super) fn windows(playbook: &Playbook) -> IndexMap<String, Millis> {
    let computed = playbook.signals.values().filter_map(|s| match &s.reading {
        ReadingKind::Expr(e) => Some(e),
        _ => None,
    });
    let triggers = playbook.triggers.values().flat_map(|t| [Some(&t.when), t.clear_when.as_ref()]);
    let scenarios = playbook.scenarios.values().map(|s| s.when.as_ref());
    let rules = triggers.chain(scenarios).flatten().map(|c| &c.expr).chain(computed);
    let mut out: IndexMap<String, Millis> = IndexMap::new();
    for rule in rules {
        rule.walk(&mut |e| {
            if let Expr::Window { signal, over: Over::Ms(over), .. } = e {
                let most = out.entry(signal.clone()).or_default();
                *most = (*most).max(over + over / 10 + 60_000);
            }
        });
    }
    out
}
