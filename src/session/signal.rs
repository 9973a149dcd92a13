//! One signal in full, and what a run wants of the traffic.

use super::Session;
use super::view::{ReadView, SignalDetail, TrafficView, Wanted};
use crate::model::condition::{Cmp, Expr};
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::probe::{Ask, Probe};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::{Plan, PlanStep};
use crate::run::view::{RunView, StepState};
use std::collections::BTreeSet;

impl Session {
    /// A signal in full over a window that ends `end`; `reads` are its newest.
    pub fn detail(&self, end: &Now, id: &str, window: u64, reads: Vec<ReadView>) -> SignalDetail {
        let spec = self.playbook.signals.get(id);
        let every = spec.and_then(|s| self.playbook.sources.get(s.source.as_ref()?)).map(|s| s.every);
        SignalDetail {
            id: id.into(),
            statistics: self.engine.statistics(id, end.boot as i64, window, every),
            reads,
            used_by: used_by(&self.playbook, id),
        }
    }

    pub(super) fn traffic(&self) -> Option<TrafficView> {
        let signal = &self.playbook.traffic.as_ref()?.signal;
        let run = self.run.as_ref().filter(|r| r.is_open());
        let wanted = run.and_then(|r| wanted(r.plan(), r.view(), signal));
        Some(TrafficView { signal: signal.clone(), wanted })
    }
}

/// What rests on a signal, also by what is computed from it: severity rows or triggers, criteria, the traffic's stages.
fn used_by(p: &Playbook, id: &str) -> Vec<String> {
    let mut rest: BTreeSet<&str> = BTreeSet::from([id]);
    loop {
        let before = rest.len();
        for (other, s) in &p.signals {
            if let ReadingKind::Expr(e) = &s.reading
                && e.signals().iter().any(|s| rest.contains(s))
            {
                rest.insert(other);
            }
        }
        if rest.len() == before {
            break;
        }
    }
    let reads = |e: &Expr| e.signals().iter().any(|s| rest.contains(s));
    let mut out: Vec<String> = Vec::new();
    for t in p.triggers.values() {
        if reads(&t.when.expr) || t.clear_when.as_ref().is_some_and(|c| reads(&c.expr)) {
            let name = t.severity.as_ref().unwrap_or(&t.title);
            if !out.contains(name) {
                out.push(name.clone());
            }
        }
    }
    let criteria = p.verifications.values().flat_map(|v| &v.criteria);
    match criteria.filter(|c| asks(&c.probe).is_some_and(reads)).count() {
        0 => {}
        1 => out.push("1 criterion".into()),
        n => out.push(format!("{n} criteria")),
    }
    if p.traffic.as_ref().is_some_and(|t| rest.contains(t.signal.as_str())) {
        out.push("the traffic's stage".into());
    }
    out.into_iter().map(|s| clean_line(&s)).collect()
}

fn asks(probe: &Probe) -> Option<&Expr> {
    match &probe.ask {
        Ask::When(c) => Some(&c.expr),
        _ => None,
    }
}

/// What the newest step that began was to bring about in the traffic, by its own words: what it looks for afterwards, or
/// by which it is done already.
fn wanted(plan: &Plan, view: &RunView, signal: &str) -> Option<Wanted> {
    let began = |s: &PlanStep| {
        let state = view.steps.iter().find(|v| v.index == s.number).map(|v| v.state);
        state.is_some_and(|s| {
            use StepState::{Applied, Observed, Running, Unknown, Verified};
            matches!(s, Running | Applied | Observed | Verified | Unknown)
        })
    };
    plan.steps.iter().rev().filter(|s| began(s)).find_map(|s| {
        let probes = [&s.step.observe, &s.step.already];
        let (share, below) = probes.into_iter().flatten().filter_map(asks).find_map(|e| share(e, signal))?;
        Some(Wanted { share, below, step: s.label.clone() })
    })
}

/// The share that a condition asks for, and whether anything below it is right too.
fn share(e: &Expr, signal: &str) -> Option<(f64, bool)> {
    match e {
        Expr::Compare(op, left, right) => match (&**left, &**right) {
            (Expr::Signal(s), Expr::Number(n)) if s == signal => match op {
                Cmp::Eq | Cmp::Le | Cmp::Ge => Some((n.value, false)),
                Cmp::Lt => Some((n.value, true)),
                Cmp::Gt | Cmp::Ne => None,
            },
            _ => None,
        },
        Expr::And(a, b) => share(a, signal).or_else(|| share(b, signal)),
        Expr::All(e) => share(e, signal),
        _ => None,
    }
}
