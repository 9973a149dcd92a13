//! `rehearse`: what a drill does, asks and finds in the place of what reaches out, and conditions over its state.

use super::conditions::visit;
use super::templates::{Scope, plain, template};
use crate::config::names::REACHES;
use crate::config::walk::{Node, Table, example};
use crate::model::condition::{Condition, Expr, describe, parse_condition};
use crate::model::drill::{Level, Rehearse};
use crate::model::playbook::{ParamKind, Rows};
use crate::model::unit::Base;
use indexmap::IndexMap;
use regex::Regex;
use std::sync::LazyLock;

/// Whether the playbook has a `[drill]`; where `rehearse` stands although it has none is told at the end.
fn staged(t: &Table<'_>) -> bool {
    let staged = t.cx.known.drill.is_some();
    if !staged {
        t.cx.used.borrow_mut().homeless.push(t.key_span("rehearse"));
    }
    staged
}

/// `rehearse` of a step or an item of this kind: what is done in its place.
pub fn doing(t: &Table<'_>, kind: Option<&str>, scope: &Scope) -> Option<Rehearse> {
    let n = t.opt("rehearse").filter(|_| staged(t))?;
    let kind = kind?;
    if !(REACHES.contains(&kind) || matches!(kind, "ask" | "check")) {
        let hint = match kind {
            "procedure" => "write it at the steps within",
            "verify" => "write it at its criteria, where they ask for more than signals",
            _ => "leave it out: a drill does the same",
        };
        t.cx.error(t.key_span("rehearse"), format!("`rehearse` has no meaning beside `{kind}`"), hint);
        return None;
    }
    if n.value.as_str().is_some() {
        let hint = match kind {
            "check" => "a condition stands inside: check = { …, rehearse = \"…\" }",
            _ => {
                "write rehearse = { takes = \"2s\", set = { up = true } }; conditions stand inside of probes"
            }
        };
        n.wrong_type("a table", hint);
        return None;
    }
    let r = n.table()?;
    let found = Rehearse {
        takes: r.opt("takes").and_then(|n| n.dur()),
        set: r.opt("set").map(|n| set(&n, scope)).unwrap_or_default(),
        stdout: r.opt("stdout").and_then(|n| template(&n, &scope.shown())),
        answer: r.opt("answer").and_then(|n| n.text()),
    };
    let fits: &[&str] = match kind {
        "ask" => &["takes", "set", "answer"],
        "check" => &["takes"],
        _ => &["takes", "set", "stdout"],
    };
    for key in ["takes", "set", "stdout", "answer"] {
        if r.has(key) && !fits.contains(&key) {
            let hint = format!("here it may say {}", crate::config::walk::list(fits));
            t.cx.error(r.key_span(key), format!("`{key}` has no meaning beside `{kind}`"), hint);
        }
    }
    if let (Some(answer), Some(at)) = (&found.answer, r.opt("answer")) {
        let labels = t.opt("ask").and_then(|a| a.peek("answers")?.table_quietly()).unwrap_or_default();
        let labels: Vec<&str> = labels.into_iter().map(|(label, _)| label).collect();
        if !labels.is_empty() && !labels.contains(&answer.as_str()) {
            at.cx.unknown(at.span.clone(), format!("`{answer}` is not one of its answers"), answer, &labels);
        }
    }
    Some(found)
}

/// A name's value in what is set.
static DOLLAR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$([0-9A-Za-z_]*)").expect("a pattern of ours, tried by the tests"));

/// State that is changed: name → value, in which `$names` stand for parameters.
fn set(n: &Node<'_>, scope: &Scope) -> IndexMap<String, String> {
    let mut out = IndexMap::new();
    for (name, span, v) in n.keyed() {
        let Some(text) = plain(&v) else { continue };
        let Some(wanted) = state(&v, span, name) else { continue };
        if let Some(at) = text.find("{{") {
            let hint = "a parameter is written $name here, a ramp's value $value";
            v.cx.error(v.within(&text, at..at + 2), "`{{ }}` is not filled in here", hint);
            continue;
        }
        let (mut tried, mut from, mut sure, mut good) = (String::new(), 0, true, true);
        for found in DOLLAR.captures_iter(&text) {
            let (whole, name) = (found.get(0).map_or(0..0, |m| m.range()), &found[1]);
            tried.push_str(&text[from..whole.start]);
            from = whole.end;
            match scope.params.get(name) {
                // What a parameter without a unit holds is known only when it is chosen.
                Some(sample) => match sample.as_deref().filter(|s| !s.starts_with(['"', '\''])) {
                    Some(sample) => tried.push_str(sample),
                    None => sure = false,
                },
                None => {
                    let known: Vec<&str> = scope.params.keys().map(String::as_str).collect();
                    let message = format!("nothing gives `${name}` a value");
                    v.cx.undeclared(v.within(&text, whole), message, name, &known);
                    good = false;
                }
            }
        }
        tried.push_str(&text[from..]);
        let found = Level::read(&tried).dim();
        if good && sure && found != wanted && wanted.base != Base::Text {
            let message = format!("`{text}` is {}, and `{name}` is {}", describe(found), describe(wanted));
            v.error(message, format!("write {}", example(wanted)));
        } else if good {
            out.insert(name.to_string(), text);
        }
    }
    out
}

/// What a part of the state measures; tells when there is none of this name. `n` is what is to be put there.
pub fn state(n: &Node<'_>, span: std::ops::Range<usize>, name: &str) -> Option<crate::model::unit::Dim> {
    let stage = n.cx.known.drill.as_ref()?;
    let found = stage.state.get(name).map(|d| d.dim);
    if found.is_none() {
        let known: Vec<&str> = stage.state.keys().map(String::as_str).collect();
        n.cx.undeclared(span, format!("[drill] state has no `{name}`"), name, &known);
    }
    n.cx.used.borrow_mut().changed.push(name.to_string());
    found
}

/// `rehearse` of a probe of this kind: what is asked of the state in its place.
pub fn asking(t: &Table<'_>, kind: Option<&str>) -> Option<Condition> {
    let n = t.opt("rehearse").filter(|_| staged(t))?;
    if kind == Some("when") {
        let hint = "leave it out: the signals of a drill are simulated, and `when` is judged on them";
        t.cx.error(t.key_span("rehearse"), "`rehearse` has no meaning beside `when`", hint);
        return None;
    }
    over_state(&n)
}

/// A call of a function, a window, or a text in which neither is looked for.
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""[^"]*"|'[^']*'|\b(?<call>[a-z_]+)\s*\(|(?<window>\[)|(?<dollar>\$\w*)"#)
        .expect("a pattern of ours, tried by the tests")
});

/// A condition over the state of a drill.
pub fn over_state(n: &Node<'_>) -> Option<Condition> {
    let text = n.str()?;
    let stage = n.cx.known.drill.as_ref()?;
    for found in CALL.captures_iter(text) {
        let call = found.name("call").filter(|m| !matches!(m.as_str(), "abs" | "and" | "or" | "not"));
        if let Some(m) = call.or(found.name("window")) {
            n.cx.error(
                n.within(text, m.range()),
                format!("`{}` looks at samples, and the state of a drill has none", m.as_str()),
                "ask for what is so now: \"up and share == 0%\"",
            );
            return None;
        }
        if let Some(m) = found.name("dollar") {
            let hint = "write the value itself, or a state that the step sets";
            let message = format!("`{}` has no value in a condition over the state", m.as_str());
            n.cx.error(n.within(text, m.range()), message, hint);
            return None;
        }
    }
    match parse_condition(text, stage) {
        Ok(c) => {
            let mut asked = Vec::new();
            visit(&c.expr, &mut |e| {
                if let Expr::Signal(name) = e {
                    asked.push(name.clone());
                }
            });
            n.cx.used.borrow_mut().asked.extend(asked);
            Some(c)
        }
        Err(e) => {
            let (span, word) = (n.within(text, e.start..e.end), text.get(e.start..e.end).unwrap_or_default());
            if !e.message.starts_with("there is no signal") {
                let usual = || "such as \"up and share == 0%\"".to_string();
                n.cx.error(span, e.message, e.hint.unwrap_or_else(usual));
            } else if n.cx.known.signals.contains_key(word) {
                let hint = "steps and chaos change the state, and the signals follow it: add it to `state`";
                n.cx.error(
                    span,
                    format!("`{word}` is a signal, and [drill] state has none of this name"),
                    hint,
                );
            } else {
                let known: Vec<&str> = stage.state.keys().map(String::as_str).collect();
                n.cx.undeclared(span, format!("[drill] state has no `{word}`"), word, &known);
            }
            None
        }
    }
}

/// `rehearse` of a parameter: the lines that are found in the place of the world's.
pub fn lines(t: &Table<'_>, name: &str, kind_name: &str, kind: &ParamKind) -> Vec<String> {
    let pattern = match kind {
        ParamKind::List { rows: Rows::Pattern(p), .. } | ParamKind::Read { pattern: p, .. } => Some(p),
        ParamKind::Files { pattern, .. } => pattern.as_ref(),
        ParamKind::List { rows: Rows::Json { .. }, .. } => None,
        _ => {
            if t.opt("rehearse").is_some() && staged(t) {
                let hint = "leave it out: its values are the same in a drill";
                let message = format!("`rehearse` has no meaning beside `{kind_name}`");
                t.cx.error(t.key_span("rehearse"), message, hint);
            }
            return Vec::new();
        }
    };
    let Some(n) = t.opt("rehearse") else {
        if t.cx.known.drill.is_some() {
            t.cx.warn(
                t.span.clone(),
                format!("the parameter `{name}` has no value in a drill"),
                format!("write the lines that `{kind_name}` would find: rehearse = [\"…\"]"),
            );
        }
        return Vec::new();
    };
    if !staged(t) {
        return Vec::new();
    }
    let nodes = n.array();
    if n.array_quietly().is_some_and(|a| a.is_empty()) {
        n.error("a list without lines", format!("write at least one line that `{kind_name}` would find"));
    }
    let pattern = pattern.and_then(|p| Regex::new(p).ok());
    let mut out = Vec::new();
    for node in nodes {
        let Some(line) = node.text() else { continue };
        if pattern.as_ref().is_some_and(|p| !p.is_match(&line)) {
            let hint =
                "write the whole line as it is found; the group `value` of the pattern is cut out of it";
            node.error(format!("`{line}` does not match the parameter's pattern"), hint);
            continue;
        }
        out.push(line);
    }
    out
}
