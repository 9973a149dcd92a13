//! What a playbook asks of the engine: every expression, and in which order computed signals are computed.

use crate::model::condition::{Comparison, Expr};
use crate::model::playbook::{Playbook, ReadingKind, Step, StepKind, Wait};
use crate::model::probe::{Ask, Probe};
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
    out.extend(p.verifications.values().flat_map(|v| &v.criteria).filter_map(|c| asked(&c.probe)));
    out.extend(p.probes.values().filter_map(asked));
    out.extend(p.environments.values().filter_map(|e| e.prove.as_ref()).filter_map(asked));
    out.extend(p.procedures.values().flat_map(|p| &p.steps).flat_map(of_step));
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
