//! `[drill.chaos.K]`: something goes wrong in a rehearsal.

use super::drill::{level, rate};
use super::rehearse::{over_state, state};
use super::templates::plain;
use crate::config::walk::{Node, Table, example, list};
use crate::model::condition::{Declared, describe};
use crate::model::drill::{Chaos, Expected, Level};
use crate::model::unit::Base;
use indexmap::IndexMap;

/// Keys that make something go wrong; one of them there must be.
const EFFECTS: &[&str] = &[
    "set",
    "times",
    "grow",
    "alternate",
    "state",
    "silence",
    "stale",
    "slow",
    "fail_steps",
    "fail_channels",
];

/// One chaos; `usual` is its title when none is written.
pub fn chaos(t: &Table<'_>, usual: Option<&str>) -> Option<Chaos> {
    let known = &t.cx.known;
    let title = match usual {
        None => t.req("title", "write its name for people"),
        Some(_) => t.opt("title"),
    };
    let title = title.and_then(|n| n.text()).or_else(|| usual.map(str::to_string));
    let lasts = t.req("lasts", "write how long it goes on when nobody cures it: lasts = \"10m\"");
    let lasts = lasts.and_then(|n| n.dur_positive());
    let ms = |key| t.opt(key).and_then(|n| n.dur()).unwrap_or(0);
    let found = Chaos {
        title: title.unwrap_or_default(),
        key: t.opt("key").and_then(|n| key(&n)),
        onset: ms("onset"),
        lasts: lasts.unwrap_or(0),
        rises_in: ms("rises_in"),
        set: effects(t.opt("set"), stands),
        times: effects(t.opt("times"), times),
        grow: effects(t.opt("grow"), rate),
        alternate: effects(t.opt("alternate"), stands),
        period: t.opt("period").and_then(|n| n.dur_positive()).unwrap_or(0),
        state: t.opt("state").map(|n| changes(&n)).unwrap_or_default(),
        silence: sources(t.opt("silence")),
        stale: sources(t.opt("stale")),
        slow: t.opt("slow").map(|n| slow(&n)).unwrap_or_default(),
        fail_steps: t.opt("fail_steps").map(|n| steps(&n)).unwrap_or_default(),
        fail_channels: t
            .opt("fail_channels")
            .map(|n| n.references("channel", known.of("channels")))
            .unwrap_or_default(),
        cured_when: t.opt("cured_when").and_then(|n| over_state(&n)),
        recovers_in: ms("recovers_in"),
        expect: t.opt("expect").and_then(|n| expected(&n)),
    };
    match (t.has("alternate"), t.has("period")) {
        (true, false) => {
            t.req("period", "write how long each of them takes its turn: period = \"1m\"");
        }
        (false, true) => {
            let hint = "it says how long each of `alternate` takes its turn";
            t.cx.error(t.key_span("period"), "`period` has no meaning without `alternate`", hint);
        }
        _ => {}
    }
    if !EFFECTS.iter().any(|k| t.has(k)) {
        let hint = format!("write one of {}", list(EFFECTS));
        t.cx.error(t.span.clone(), "nothing goes wrong here", hint);
    }
    if found.rises_in > found.lasts && found.lasts > 0 {
        let hint = "make `lasts` longer, or `rises_in` shorter";
        t.cx.warn(t.key_span("rises_in"), "it is over before it has risen", hint);
    }
    (!found.title.is_empty() && found.lasts > 0).then_some(found)
}

fn key(n: &Node<'_>) -> Option<char> {
    let s = n.str()?;
    let mut chars = s.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii_lowercase() || c.is_ascii_digit() => Some(c),
        _ => {
            n.error(
                format!("`{s}` is not a key"),
                "one lower-case letter or digit; it is pressed behind `!`",
            );
            None
        }
    }
}

/// Effects on signals: `signal`, or `signal.series`, with what is read of each value.
fn effects<T>(
    n: Option<Node<'_>>,
    read: impl Fn(&Node<'_>, &str, crate::model::unit::Dim) -> Option<T>,
) -> IndexMap<String, T> {
    let mut out = IndexMap::new();
    for (name, span, v) in n.iter().flat_map(Node::keyed) {
        // `a.b = "…"` without quotes is a table.
        let parts = match v.table_quietly() {
            Some(_) => v.keyed().into_iter().map(|(l, s, v)| (format!("{name}.{l}"), s, v)).collect(),
            None => vec![(name.to_string(), span, v)],
        };
        for (name, span, v) in parts {
            let Some(declared) = signal(&v, span, &name) else { continue };
            if let Some(found) = read(&v, &name, declared.dim) {
                out.insert(name, found);
            }
        }
    }
    out
}

/// The signal that an effect names; tells when there is none, when it has no behaviour, or no such series.
fn signal(n: &Node<'_>, span: std::ops::Range<usize>, name: &str) -> Option<Declared> {
    let known = &n.cx.known;
    let (id, label) = name.split_once('.').map_or((name, None), |(id, label)| (id, Some(label)));
    let Some(declared) = known.signals.get(id).copied() else {
        let all: Vec<&str> = known.signals.keys().map(String::as_str).collect();
        n.cx.undeclared(span, format!("no signal is named `{id}`"), id, &all);
        return None;
    };
    let Some(labels) = known.drill.as_ref()?.signals.get(id) else {
        let hint = format!("say in [drill.signals] how it is else: {id} = {{ normal = \"…\" }}");
        n.cx.error(span, format!("`{id}` has no behaviour in [drill.signals]"), hint);
        return None;
    };
    match label {
        Some(_) if !declared.multi => {
            n.cx.error(span, format!("`{id}` has no series"), format!("write `{id}` alone"));
            None
        }
        Some(label) if !labels.iter().any(|l| l == label) => {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            n.cx.unknown(span, format!("`{id}` has no series `{label}` in [drill.signals]"), label, &labels);
            None
        }
        _ => Some(declared),
    }
}

/// Where a signal stands; of a counter, how fast it grows.
fn stands(n: &Node<'_>, signal: &str, dim: crate::model::unit::Dim) -> Option<Level> {
    let id = signal.split('.').next().unwrap_or(signal);
    level(n, signal, n.cx.known.level_of(id, dim))
}

/// How many times what it was a signal is.
fn times(n: &Node<'_>, signal: &str, dim: crate::model::unit::Dim) -> Option<f64> {
    if matches!(dim.base, Base::Bool | Base::Text) {
        n.error(format!("`{signal}` is {} and has no multiple", describe(dim)), "use `set`");
        return None;
    }
    let found = n.float()?;
    if !(found >= 0.0 && found.is_finite()) {
        n.error(format!("`{}` is not a factor", n.path), "write how many times it is what it was: 1.5");
        return None;
    }
    Some(found)
}

fn changes(n: &Node<'_>) -> IndexMap<String, Level> {
    let mut out = IndexMap::new();
    for (name, span, v) in n.keyed() {
        let (Some(text), Some(wanted)) = (plain(&v), state(&v, span, name)) else { continue };
        let found = if wanted.base == Base::Text { Level::Text(text.clone()) } else { Level::read(&text) };
        if found.dim() == wanted {
            out.insert(name.to_string(), found);
        } else {
            let message =
                format!("`{text}` is {}, and `{name}` is {}", describe(found.dim()), describe(wanted));
            v.error(message, format!("write {}", example(wanted)));
        }
    }
    out
}

fn sources(n: Option<Node<'_>>) -> Vec<String> {
    n.map(|n| n.references("source", n.cx.known.of("sources"))).unwrap_or_default()
}

fn slow(n: &Node<'_>) -> IndexMap<String, u64> {
    let all = n.cx.known.of("sources");
    let mut out = IndexMap::new();
    for (name, span, v) in n.keyed() {
        if !all.iter().any(|s| s == name) {
            let known: Vec<&str> = all.iter().map(String::as_str).collect();
            n.cx.undeclared(span, format!("no source is named `{name}`"), name, &known);
        } else if let Some(ms) = v.dur_positive() {
            out.insert(name.to_string(), ms);
        }
    }
    out
}

/// Steps that fail: `id`, or `procedure.id`.
fn steps(n: &Node<'_>) -> Vec<String> {
    let all = &n.cx.known.steps;
    let mut out = Vec::new();
    for node in n.array() {
        let Some(word) = node.text() else { continue };
        let named = |s: &&crate::config::names::StepId| match word.split_once('.') {
            Some((procedure, id)) => s.procedure == procedure && s.id == id,
            None => s.id == word,
        };
        let found: Vec<_> = all.iter().filter(named).collect();
        if found.is_empty() {
            let names: Vec<String> = match word.contains('.') {
                true => all.iter().map(|s| format!("{}.{}", s.procedure, s.id)).collect(),
                false => all.iter().map(|s| s.id.clone()).collect(),
            };
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.dedup();
            node.cx.undeclared(node.span.clone(), format!("no step has the id `{word}`"), &word, &names);
        } else if !found.iter().any(|s| s.reaches) {
            node.error(
                format!("the step `{word}` does nothing that could fail by itself"),
                "a check fails by its `rehearse`, a called procedure by its steps, a wait by its timeout",
            );
        } else {
            out.push(word);
        }
    }
    out
}

fn expected(n: &Node<'_>) -> Option<Expected> {
    let t = n.table()?;
    let trigger = t.req("trigger", "write the trigger that is to fire, or \"none\"");
    let within = t.opt("within").map(|n| n.dur_positive());
    let trigger = match trigger?.value.as_str() {
        Some("none") => None,
        _ => Some(t.opt("trigger")?.reference("trigger", n.cx.known.of("triggers"))?),
    };
    if trigger.is_none() && within.is_some() {
        let hint = "leave it out: nothing may fire as long as it lasts";
        t.cx.error(t.key_span("within"), "`within` has no meaning beside trigger = \"none\"", hint);
    }
    Some(Expected { trigger, within: within.flatten() })
}
