//! `[drill]`: the simulated service. Its state, how its signals behave, and what is doubtful about all of it.

use super::chaos::chaos;
use super::rehearse::over_state;
use super::templates::{Scope, plain, template};
use super::words::{Style, id};
use crate::config::walk::{Node, Table, example};
use crate::model::condition::{Declared, describe, fits};
use crate::model::drill::{Behaviour, Drill, Level};
use crate::model::playbook::{ReadingKind, Signal};
use crate::model::unit::{self, Base, Dim};
use indexmap::IndexMap;

/// `[drill]`; none when there is none, or it lacks its environment.
pub fn drill(top: &Table<'_>) -> Option<Drill> {
    let t = top.opt("drill")?.table()?;
    let known = &t.cx.known;
    let environment = t
        .req("environment", "write the environment whose values a rehearsal takes")
        .and_then(|n| n.reference("environment", known.of("environments")));
    let due_every = t.opt("due_every").and_then(|n| n.dur_positive());
    let scope = Scope { extra: &["year", "month"], ..Scope::default().shown() };
    let report = t.opt("report").and_then(|n| n.text().and_then(|_| template(&n, &scope)));
    let state = t.opt("state").map(|n| state(&n)).unwrap_or_default();
    let signals = t.opt("signals").map(|n| signals(&n)).unwrap_or_default();
    let mut keys: IndexMap<char, String> = IndexMap::new();
    let mut all = IndexMap::new();
    for (name, span, node) in t.opt("chaos").iter().flat_map(Node::keyed) {
        id(node.cx, span, name, Style::Kebab);
        let Some(found) = node.table().and_then(|t| chaos(&t, None)) else { continue };
        if let (Some(key), Some(n)) = (found.key, node.peek("key"))
            && let Some(other) = keys.insert(key, name.to_string())
        {
            n.error(format!("the key `{key}` belongs to `{other}` already"), "choose another letter");
        }
        all.insert(name.to_string(), found);
    }
    Some(Drill { environment: environment?, due_every, report, state, signals, chaos: all })
}

fn state(n: &Node<'_>) -> IndexMap<String, Level> {
    let mut out = IndexMap::new();
    for (name, span, v) in n.keyed() {
        id(n.cx, span.clone(), name, Style::Snake);
        if matches!(name, "true" | "false" | "and" | "or" | "not" | "baseline") {
            n.cx.error(span, format!("`{name}` is a word of conditions"), "choose another name");
            continue;
        }
        if let Some(text) = plain(&v) {
            out.insert(name.to_string(), Level::read(&text));
        }
    }
    out
}

fn signals(n: &Node<'_>) -> IndexMap<String, Behaviour> {
    let known: Vec<&str> = n.cx.known.signals.keys().map(String::as_str).collect();
    let mut out = IndexMap::new();
    for (name, span, node) in n.keyed() {
        let Some(declared) = n.cx.known.signals.get(name).copied() else {
            n.cx.undeclared(span, format!("no signal is named `{name}`"), name, &known);
            continue;
        };
        if let Some(b) = node.table().and_then(|t| behaviour(name, &t, declared)) {
            out.insert(name.to_string(), b);
        }
    }
    out
}

fn behaviour(name: &str, t: &Table<'_>, declared: Declared) -> Option<Behaviour> {
    let kind = t.one_of(&["normal", "state", "when"]);
    let (noise, grow, series) = (t.opt("noise"), t.opt("grow"), t.opt("series"));
    let (kind, node) = kind?;
    let dim = declared.dim;
    if kind != "normal" {
        for key in ["noise", "grow", "series"].into_iter().filter(|k| t.has(k)) {
            let hint = format!("it belongs to `normal`: with `{kind}` the value is what the state says");
            t.cx.error(t.key_span(key), format!("`{key}` has no meaning beside `{kind}`"), hint);
        }
        if declared.multi {
            let hint = "write normal and series: { normal = \"…\", series = [\"a\", \"b\"] }";
            node.error(format!("`{name}` has a value per series, and the state has one"), hint);
            return None;
        }
    }
    match kind {
        "state" => {
            let word = node.text()?;
            let all = &t.cx.known.drill.as_ref()?.state;
            let Some(found) = all.get(&word).map(|d| d.dim) else {
                let known: Vec<&str> = all.keys().map(String::as_str).collect();
                t.cx.undeclared(node.span.clone(), format!("[drill] state has no `{word}`"), &word, &known);
                return None;
            };
            if !fits(found, dim) {
                let message = format!("`{word}` is {}, and `{name}` is {}", describe(found), describe(dim));
                node.error(message, format!("in `state` write {}", example(dim)));
                return None;
            }
            Some(Behaviour::State(word))
        }
        "when" => {
            if dim.base != Base::Bool {
                let message = format!("a condition is true or false, and `{name}` is {}", describe(dim));
                node.error(message, "write normal = \"…\" or state = \"…\"");
                return None;
            }
            over_state(&node).map(Behaviour::When)
        }
        _ => {
            let normal = level(&node, name, dim);
            let noise = noise.map(|n| amount(&n, name, t.cx.known.level_of(name, dim)));
            let grow = grow.map(|n| rate(&n, name, dim));
            let series = labels(name, t, series, declared.multi);
            let given = |q: Option<Option<f64>>| q.map_or(Some(0.0), |found| found);
            let (noise, grow) = (given(noise)?, given(grow)?);
            Some(Behaviour::Model { normal: normal?, noise, grow, series: series? })
        }
    }
}

fn labels(name: &str, t: &Table<'_>, n: Option<Node<'_>>, multi: bool) -> Option<Vec<String>> {
    let Some(n) = n else {
        if multi {
            let hint = "name its series: series = [\"a\", \"b\"]";
            t.cx.error(t.span.clone(), format!("`{name}` has a value per series, and none is named"), hint);
            return None;
        }
        return Some(Vec::new());
    };
    let found = n.strings();
    if !multi {
        let hint = format!("leave it out, or give [signals.{name}] a `series` label");
        n.error(format!("`{name}` has no series"), hint);
        return None;
    }
    if let Some((_, twice)) = found.iter().enumerate().find(|(i, l)| found[..*i].contains(l)) {
        n.error(format!("`{twice}` stands twice"), "each label stands once");
    }
    if found.is_empty() {
        n.error(format!("`{name}` has a value per series, and none is named"), "name at least one");
        return None;
    }
    Some(found)
}

/// A level of a signal.
pub fn level(n: &Node<'_>, signal: &str, dim: Dim) -> Option<Level> {
    let text = plain(n)?;
    let found = if dim.base == Base::Text { Level::Text(text.clone()) } else { Level::read(&text) };
    if !fits(found.dim(), dim) {
        let message = format!("`{text}` is {}, and `{signal}` is {}", describe(found.dim()), describe(dim));
        n.error(message, format!("write {}", example(dim)));
        return None;
    }
    Some(found)
}

/// How much a signal varies, in base units.
fn amount(n: &Node<'_>, signal: &str, dim: Dim) -> Option<f64> {
    match level(n, signal, dim)? {
        Level::Number(q) if q.value >= 0.0 => Some(q.value),
        Level::Number(_) => {
            n.error(format!("`{}` is less than nothing", n.path), "it is a standard deviation");
            None
        }
        Level::Bool(_) | Level::Text(_) => {
            n.error(format!("`{signal}` is {} and does not vary", describe(dim)), "leave it out");
            None
        }
    }
}

/// How fast a signal grows, in base units per second.
pub fn rate(n: &Node<'_>, signal: &str, dim: Dim) -> Option<f64> {
    let text = plain(n)?;
    if matches!(dim.base, Base::Bool | Base::Text) || dim.per_time != 0 {
        let message = format!("`{signal}` is {} and does not grow", describe(dim));
        n.error(message, "use `set`, with `rises_in` when it is to go slowly");
        return None;
    }
    let wanted = Dim { per_time: 1, ..dim };
    match unit::quantity(&text) {
        Ok(q) if q.dim == wanted => Some(q.value),
        _ => {
            let how = match dim.base {
                Base::Fraction => "1%/min",
                Base::Time => "10ms/min",
                Base::Bytes => "100MB/min",
                _ => "4/s",
            };
            n.error(
                format!("`{text}` is not how fast `{signal}` grows"),
                format!("write {}, such as \"{how}\"", describe(wanted)),
            );
            None
        }
    }
}

/// Tells what is doubtful: rehearsals without a `[drill]`, signals without a value, a state that stays as it is.
pub fn doubts(top: &Table<'_>, all: &IndexMap<String, Signal>) {
    let cx = top.cx;
    let used = cx.used.borrow();
    let Some(stage) = &cx.known.drill else {
        if let Some(first) = used.homeless.iter().min_by_key(|s| s.start) {
            let more = match used.homeless.len() {
                1 => String::new(),
                2 => " (and in 1 more place)".to_string(),
                n => format!(" (and in {} more places)", n - 1),
            };
            let hint = "write [drill] with an environment, its state and the signals, or leave it out";
            cx.warn(first.clone(), format!("`rehearse` has no meaning without [drill]{more}"), hint);
        }
        return;
    };
    let outside = |s: &Signal| {
        !matches!(s.reading, ReadingKind::Expr(_) | ReadingKind::Flag { .. } | ReadingKind::Count { .. })
    };
    for (name, _) in all.iter().filter(|(name, s)| outside(s) && !stage.signals.contains_key(*name)) {
        let Some(at) = top.opt("signals").and_then(|s| s.peek(name)) else { continue };
        let hint = format!("say in [drill.signals] how it behaves: {name} = {{ normal = \"…\" }}");
        at.warn(format!("`{name}` has no value in a drill"), hint);
    }
    let drill = top.opt("drill");
    for (name, span, _) in drill.iter().filter_map(|d| d.peek("signals")).flat_map(|s| s.keyed()) {
        if all.get(name).is_some_and(|s| matches!(s.reading, ReadingKind::Expr(_))) {
            let hint = "leave it out, and say how the signals behave from which it is computed";
            cx.error(span, format!("`{name}` is computed, in a drill too"), hint);
        }
    }
    let state = drill.and_then(|d| d.peek("state"));
    for (name, span, _) in state.iter().filter(|s| s.table_quietly().is_some()).flat_map(Node::keyed) {
        let (asked, changed) = (used.asked.iter(), used.changed.iter());
        if asked.into_iter().any(|a| a == name) && !changed.into_iter().any(|c| c == name) {
            let hint = "let a step or a chaos set it, or do not ask for it";
            cx.warn(span, format!("`{name}` is asked for, but no step and no chaos changes it"), hint);
        }
    }
}
