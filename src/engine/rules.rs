//! What a playbook asks of the engine: every expression, and in which order computed signals are computed.

use crate::model::condition::{Comparison, Expr};
use crate::model::playbook::{Baseline, ItemDoes, Playbook, ReadingKind, Signal, Step, StepKind, Wait};
use crate::model::probe::{Ask, Probe};
use crate::model::unit::Unit;
use std::collections::BTreeSet;

/// A signal's threshold as a condition over that signal.
pub fn threshold(id: &str, c: &Comparison) -> Expr {
    Expr::Compare(c.op, Box::new(Expr::Signal(id.into())), Box::new(c.right.clone()))
}

fn asked(probe: &Probe) -> Option<&Expr> {
    match &probe.ask {
        Ask::When(c) => Some(&c.expr),
        _ => None,
    }
}

fn of_step(step: &Step) -> Vec<&Expr> {
    let guards = [&step.prove, &step.already, &step.observe];
    let mut out: Vec<&Expr> = guards.into_iter().flatten().filter_map(asked).collect();
    match &step.kind {
        StepKind::Check(p) => out.extend(asked(p)),
        StepKind::Wait(Wait::Until(c)) => out.push(&c.expr),
        _ => {}
    }
    out
}

/// Every expression of a playbook.
pub fn all(p: &Playbook) -> Vec<&Expr> {
    let mut out = Vec::new();
    for s in p.signals.values() {
        out.extend([&s.warn, &s.critical].into_iter().flatten().map(|c| &c.right));
        if let ReadingKind::Expr(e) = &s.reading {
            out.push(e);
        }
    }
    for t in p.triggers.values() {
        out.push(&t.when.expr);
        out.extend(t.clear_when.iter().map(|c| &c.expr));
    }
    out.extend(p.scenarios.values().filter_map(|s| s.when.as_ref()).map(|c| &c.expr));
    out.extend(p.verifications.values().flat_map(|v| &v.criteria).filter_map(|c| asked(&c.probe)));
    out.extend(p.probes.values().filter_map(asked));
    out.extend(p.environments.values().filter_map(|e| e.prove.as_ref()).filter_map(asked));
    out.extend(p.procedures.values().flat_map(|p| &p.steps).flat_map(of_step));
    out.extend(p.escalation.iter().filter_map(|r| r.when.as_ref()).map(|c| &c.expr));
    let items = p.checklists.values().flat_map(|c| &c.items);
    out.extend(items.filter_map(|i| match &i.does {
        Some(ItemDoes::Judge(probe)) => asked(probe),
        _ => None,
    }));
    out
}

/// Signals that are named without an expression: those with thresholds, the traffic's, and what others rest on.
pub fn named(p: &Playbook) -> Vec<&str> {
    let judged = p.signals.iter().filter(|(_, s)| s.warn.is_some() || s.critical.is_some());
    let mut out: Vec<&str> = judged.map(|(id, _)| id.as_str()).collect();
    out.extend(p.traffic.iter().map(|t| t.signal.as_str()));
    out.extend(p.signals.values().flat_map(beside));
    out
}

/// Signals that are drawn whether a rule names them or not: those with a panel, or the first four that can be drawn.
pub fn drawn(p: &Playbook) -> Vec<&str> {
    let ids = |f: &dyn Fn(&Signal) -> bool| -> Vec<&str> {
        p.signals.iter().filter(|(_, s)| f(s)).map(|(id, _)| id.as_str()).collect()
    };
    let panels = ids(&|s| s.panel.is_some());
    if !panels.is_empty() {
        return panels;
    }
    let mut first = ids(&|s| {
        let people = matches!(s.reading, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
        !s.counter && !people && !matches!(s.unit, Unit::Bool | Unit::Text)
    });
    first.truncate(4);
    first
}

/// Signals that another one rests on without an expression: what it must have enough of, and what is normal for it.
fn beside(s: &Signal) -> impl Iterator<Item = &str> {
    let normal = match &s.baseline {
        Some(Baseline::Signal(id)) => Some(id.as_str()),
        _ => None,
    };
    s.min_samples.iter().map(|m| m.of.as_str()).chain(normal)
}

/// Every signal that an answer of `e` may change with, by its place in the playbook.
pub fn reads(p: &Playbook, e: &Expr) -> Vec<usize> {
    let mut ids = e.signals();
    e.walk(&mut |e| {
        if let Expr::Baseline(id) = e {
            ids.extend(p.signals.get(id).into_iter().flat_map(beside));
        }
    });
    let mut at = 0;
    while at < ids.len() {
        for id in p.signals.get(ids[at]).into_iter().flat_map(beside) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        at += 1;
    }
    let mut out: Vec<usize> = ids.into_iter().filter_map(|id| p.signals.get_index_of(id)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Computed signals, each after those it reads. One that reads itself, even by others, comes last and stays unknown.
pub fn computed(p: &Playbook) -> Vec<(String, Expr)> {
    let mut left: Vec<(String, Expr)> = p
        .signals
        .iter()
        .filter_map(|(id, s)| match &s.reading {
            ReadingKind::Expr(e) => Some((id.clone(), e.clone())),
            _ => None,
        })
        .collect();
    let mut out: Vec<(String, Expr)> = Vec::new();
    while !left.is_empty() {
        let waiting: BTreeSet<String> = left.iter().map(|(id, _)| id.clone()).collect();
        let ready = left.iter().position(|(_, e)| !e.signals().iter().any(|s| waiting.contains(*s)));
        out.push(left.remove(ready.unwrap_or(0)));
    }
    out
}

/// Whether a signal is computed from others.
pub fn is_computed(p: &Playbook, id: &str) -> bool {
    matches!(p.signals.get(id).map(|s| &s.reading), Some(ReadingKind::Expr(_)))
}

/// Whether an expression can change by time alone, without a sample.
pub fn moves(e: &Expr) -> bool {
    let mut found = false;
    e.walk(&mut |e| found |= matches!(e, Expr::Window { .. } | Expr::Absent(_)));
    found
}

/// Whether an expression asks which triggers fire.
pub fn asks_firing(e: &Expr) -> bool {
    let mut found = false;
    e.walk(&mut |e| found |= matches!(e, Expr::Firing(_)));
    found
}
