//! What can only be said of a trigger together with the rest: the parameters that it hands over, and what makes acting
//! by itself doubtful (nothing is armed, a target may be silent, a share may rest on little, an effect cannot be seen in
//! time).

use super::across::hands;
use super::conditions::visit;
use super::params::has_default;
use crate::config::walk::{Node, Table};
use crate::model::condition::{Expr, duration};
use crate::model::playbook::{Automation, Cell, DefaultAction, Playbook, ReadingKind, Signal, Trigger};
use crate::model::unit::Base;
use regex::Regex;
use std::sync::LazyLock;

/// Checks the triggers against procedures, environments and signals.
pub fn check(top: &Table<'_>, playbook: &Playbook) {
    let Some(all) = top.opt("triggers") else { return };
    for (name, node) in all.table_quietly().unwrap_or_default() {
        let Some(t) = playbook.triggers.get(name) else { continue };
        arguments(name, t, &node, playbook);
        in_time(t, &node, playbook);
        if t.mode == Automation::Armed {
            armed(name, t, &node, top, playbook);
        }
    }
}

/// Whether a trigger may start its procedure without a person.
fn acts(t: &Trigger) -> bool {
    t.act == Cell::Auto || t.at.values().any(|c| *c == Cell::Auto) || t.default == DefaultAction::Act
}

/// What a trigger hands over must be parameters of its procedure; where it acts by itself, nobody is there to choose the
/// others.
fn arguments(name: &str, t: &Trigger, node: &Node<'_>, playbook: &Playbook) {
    let Some(called) = &t.procedure else { return };
    let Some(procedure) = playbook.procedures.get(called) else { return };
    let given = node.peek("args").filter(|a| a.table_quietly().is_some()).map(|a| a.keyed());
    let given = given.unwrap_or_default();
    for (param_name, span, value) in &given {
        hands(procedure, called, param_name, span, value);
    }
    if !acts(t) {
        return;
    }
    let open = |name: &str| !given.iter().any(|(k, _, _)| *k == name);
    let chosen = procedure.params.iter().find(|(k, p)| !has_default(p) && open(k));
    if let (Some((param, _)), Some(at)) = (chosen, node.peek("procedure")) {
        at.error(
            format!("trigger `{name}` acts by itself, but `{param}` must be chosen by a person"),
            format!("give it a default (`pick` or `prefill`), or hand it over: args = {{ {param} = \"…\" }}"),
        );
    }
}

/// The signals that a rule rests on, those behind expressions included.
fn rests_on<'p>(t: &Trigger, playbook: &'p Playbook) -> Vec<(&'p str, &'p Signal)> {
    fn named(e: &Expr) -> Vec<String> {
        let mut out = Vec::new();
        visit(e, &mut |e| match e {
            Expr::Signal(s) | Expr::Window { signal: s, .. } | Expr::Absent(s) => out.push(s.clone()),
            _ => {}
        });
        out
    }
    let mut open = named(&t.when.expr);
    open.extend(t.clear_when.iter().flat_map(|c| named(&c.expr)));
    let mut out: Vec<(&str, &Signal)> = Vec::new();
    while let Some(next) = open.pop() {
        let Some((id, signal)) = playbook.signals.get_key_value(&next) else { continue };
        if out.iter().any(|(seen, _)| seen == id) {
            continue;
        }
        out.push((id, signal));
        if let ReadingKind::Expr(e) = &signal.reading {
            open.extend(named(e));
        }
    }
    out
}

/// An effect that the sources cannot show in time would always be late.
fn in_time(t: &Trigger, node: &Node<'_>, playbook: &Playbook) {
    let (Some(within), Some(at)) = (t.effect_within, node.peek("effect_within")) else { return };
    let slowest = rests_on(t, playbook).into_iter().filter_map(|(id, s)| {
        let source = playbook.sources.get(s.source.as_ref()?)?;
        Some((source.every + source.timeout, id, source))
    });
    let Some((takes, id, source)) = slowest.max_by_key(|(takes, ..)| *takes) else { return };
    if takes > within {
        at.warn(
            format!(
                "`{id}` is read every {} and may take {}: no effect can be relied on to be seen within {}",
                duration(source.every),
                duration(source.timeout),
                duration(within)
            ),
            "read its source more often, or make `effect_within` longer",
        );
    }
}

/// A query that answers for a while after its target has died.
static WINDOW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(i?rate|increase|i?delta|deriv|changes|resets|[a-z]+_over_time)\s*\(")
        .expect("a pattern of ours, tried by the tests")
});

/// What is doubtful about a trigger that is to act by itself.
fn armed(name: &str, t: &Trigger, node: &Node<'_>, top: &Table<'_>, playbook: &Playbook) {
    let Some(environment) = node.cx.known.armed.first() else {
        if let Some(mode) = node.peek("mode") {
            mode.warn(
                format!("trigger `{name}` is armed, but no environment lets it act"),
                "write automation = \"armed\" in an environment, or mode = \"shadow\" here",
            );
        }
        return;
    };
    if !acts(t) {
        return;
    }
    let Some(signals) = top.opt("signals") else { return };
    for (id, signal) in rests_on(t, playbook) {
        let Some(written) = signals.peek(id) else { continue };
        let windowed = matches!(&signal.reading, ReadingKind::Query(q) if WINDOW.is_match(&q.0));
        if let (true, None, Some(query)) = (windowed, &signal.fresh, written.peek("query")) {
            query.warn(
                format!("`{id}` has a value for a while after its target has died, and triggers act on it in `{environment}`"),
                "ask along whether the target lives: fresh = 'sum(up{job=\"…\"})'",
            );
        }
        if let (true, None, Some(at)) =
            (ratio(signal), &signal.min_samples, written.peek("query").or_else(|| written.peek("expr")))
        {
            at.warn(
                format!("`{id}` is a share of any number, and triggers act on it in `{environment}`: 3 errors of 5 are 60 %"),
                "say how many it must rest on: min_samples = { least = 50, of = \"requests\" }",
            );
        }
    }
}

/// Whether a signal is one number divided by another.
fn ratio(s: &Signal) -> bool {
    let share = s.unit.dim().base == Base::Fraction;
    share
        && match &s.reading {
            ReadingKind::Query(q) => q.0.contains(" / ") || q.0.contains(")/"),
            ReadingKind::Expr(Expr::Arith(crate::model::condition::Arith::Div, ..)) => true,
            _ => false,
        }
}
