//! What can only be said of procedures together: circles, and parameters that are handed on.

use super::params::has_default;
use super::templates::plain;
use crate::config::walk::{Node, Table, list};
use crate::model::playbook::{Param, ParamKind, Playbook, Procedure};
use crate::model::template::Template;
use crate::run::choice;
use std::ops::Range;

/// Checks procedures against each other.
pub fn check(top: &Table<'_>, playbook: &Playbook) {
    let Some(all) = top.opt("procedures") else { return };
    for (name, p) in all.table_quietly().unwrap_or_default() {
        for call in calls(&p) {
            arguments(&call, playbook);
        }
        circle(name, &p, &all);
    }
}

/// The steps of a procedure that call another one.
fn calls<'a>(procedure: &Node<'a>) -> Vec<Node<'a>> {
    let steps = |n: &Node<'a>, key: &str| n.peek(key).and_then(|s| s.array_quietly()).unwrap_or_default();
    let mut out = steps(procedure, "steps");
    let instead: Vec<Node<'a>> = out.iter().flat_map(|s| steps(s, "fallback")).collect();
    out.extend(instead);
    out.retain(|s| s.peek("procedure").is_some_and(|p| p.value.as_str().is_some()));
    out
}

/// Tells of a procedure that comes back to itself, where the circle begins in the file.
fn circle(name: &str, p: &Node<'_>, all: &Node<'_>) {
    fn way(from: &Node<'_>, goal: &str, all: &Node<'_>, seen: &mut Vec<String>) -> bool {
        calls(from).iter().filter_map(|c| c.peek("procedure")?.value.as_str().map(str::to_string)).any(
            |next| {
                if next == goal {
                    return true;
                }
                if seen.contains(&next) {
                    return false;
                }
                seen.push(next.clone());
                all.peek(&next).is_some_and(|n| way(&n, goal, all, seen))
            },
        )
    }
    for call in calls(p) {
        let Some(target) = call.peek("procedure") else { continue };
        let next = target.value.as_str().unwrap_or_default();
        let mut seen = vec![next.to_string()];
        if next == name || all.peek(next).is_some_and(|n| way(&n, name, all, &mut seen)) {
            let before = all.table_quietly().unwrap_or_default();
            let first = before.iter().map(|(k, _)| *k).find(|k| *k == name || seen.iter().any(|s| s == k));
            if first == Some(name) {
                target.error(format!("procedure `{name}` would call itself"), "break the circle");
            }
            return;
        }
    }
}

/// Checks what a step hands to the procedure that it calls.
fn arguments(step: &Node<'_>, playbook: &Playbook) {
    let Some(target) = step.peek("procedure") else { return };
    let called = target.value.as_str().unwrap_or_default();
    let Some(procedure) = playbook.procedures.get(called) else { return };
    let given = step.peek("args").and_then(|a| a.table_quietly().map(|_| a.keyed())).unwrap_or_default();
    let switch = |w: &str| {
        w.trim()
            .strip_prefix('$')
            .is_some_and(|n| !n.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
    };
    if let Some(when) = step.peek("when").filter(|w| w.value.as_str().is_some_and(|w| !switch(w)))
        && procedure.steps.len() > 1
    {
        when.error(
            format!(
                "a condition cannot decide about the {} steps of procedure `{called}`",
                procedure.steps.len()
            ),
            "asked before each of them it could stop in the middle: use a switch, or write it at its steps",
        );
    }
    for (name, span, value) in &given {
        let Some(param) = parameter(procedure, called, name, span, value) else { continue };
        let text = plain_quietly(value);
        if let Some(late) = text.as_deref().and_then(late_name)
            && !typed(param)
        {
            value.error(
                format!("`{late}` is known only while the run goes on, and `{name}` must be known before it starts"),
                "give a parameter of the kind text, number, duration or version",
            );
        } else {
            fits(called, name, param, value);
        }
    }
    let missing: Vec<&str> = procedure
        .params
        .iter()
        .filter(|(name, p)| !has_default(p) && !given.iter().any(|(k, _, _)| k == name))
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(first) = missing.first() {
        target.error(
            format!("procedure `{called}` needs {}", list(&missing)),
            format!("hand it over: args = {{ {first} = \"…\" }}"),
        );
    }
}

/// The parameter of this name; tells when there is none, or none that can be given.
fn parameter<'p>(
    procedure: &'p Procedure,
    called: &str,
    name: &str,
    span: &Range<usize>,
    value: &Node<'_>,
) -> Option<&'p Param> {
    let found = procedure.params.get(name);
    if found.is_none() {
        let known: Vec<&str> = procedure.params.keys().map(String::as_str).collect();
        let message = format!("procedure `{called}` has no parameter `{name}`");
        value.cx.undeclared(span.clone(), message, name, &known);
    }
    if let ParamKind::Map { from, .. } = &found?.kind {
        let message = format!("`{name}` follows from `{from}`, it is not given");
        value.cx.error(
            span.clone(),
            message,
            format!("leave it out: procedure `{called}` finds it by itself"),
        );
        return None;
    }
    found
}

/// Checks what a trigger or a scenario hands over: nothing that the procedure reads.
pub fn hands(procedure: &Procedure, called: &str, name: &str, span: &Range<usize>, value: &Node<'_>) {
    match parameter(procedure, called, name, span, value) {
        Some(Param { kind: ParamKind::Read { .. }, .. }) => value.cx.error(
            span.clone(),
            format!("`{name}` is read, not given"),
            format!("leave it out: procedure `{called}` finds it by itself"),
        ),
        Some(param) => fits(called, name, param, value),
        None => {}
    }
}

/// Checks a value that is written down whole against its parameter.
fn fits(called: &str, name: &str, param: &Param, value: &Node<'_>) {
    if let Some(text) = plain_quietly(value).filter(|t| !t.contains("{{"))
        && let Err(why) = choice::check(name, param, &text)
    {
        value.error(why, format!("it is given to the parameter `{name}` of procedure `{called}`"));
    }
}

/// A name that has a value only while the run goes on.
fn late_name(text: &str) -> Option<String> {
    let t = Template(text.to_string());
    t.names().into_iter().find(|n| super::templates::is_late(n)).map(str::to_string)
}

fn typed(p: &Param) -> bool {
    use ParamKind::{Duration, Number, Text, Version};
    matches!(p.kind, Text { .. } | Number { .. } | Duration { .. } | Version { .. })
}

fn plain_quietly(n: &Node<'_>) -> Option<String> {
    use toml::de::DeValue;
    match n.value {
        DeValue::String(_) | DeValue::Boolean(_) | DeValue::Integer(_) | DeValue::Float(_) => plain(n),
        _ => None,
    }
}
