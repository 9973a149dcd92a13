//! What a step does: one function for each kind.

use super::calls::{Answer, BESIDE_RUN, command, expectation, http_call, socket};
use super::conditions::{condition, hurried, text};
use super::lints;
use super::params::param_unit;
use super::probes::probe;
use super::steps::Place;
use super::templates::{Scope, argv, scalar, template};
use super::words::{Style, id, pattern};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{
    Capture, Change, FileEdit, FileFormat, FileWrite, Question, Ramp, SocketCall, StepKind, Wait,
};
use crate::model::probe::Command;
use crate::model::telling::Phase;
use indexmap::IndexMap;
use regex::Regex;
use std::sync::LazyLock;

/// All kinds of steps.
pub const KINDS: &[&str] = &[
    "run",
    "http",
    "socket",
    "wait",
    "check",
    "verify",
    "write",
    "edit",
    "ask",
    "notify",
    "capture",
    "procedure",
    "ramp",
];

/// What a step of this kind does. `t` is the table that the kind and the keys beside it stand in.
pub fn what(kind: &str, n: &Node<'_>, t: &Table<'_>, place: &Place<'_>) -> Option<StepKind> {
    let scope = &place.scope;
    match kind {
        "run" => {
            let mut c = command(t, n, scope)?;
            c.expect = expectation(t.opt("expect"), Answer::Run)?;
            Some(StepKind::Run(c))
        }
        "http" => {
            let mut call = http_call(n, scope)?;
            call.expect = expectation(t.opt("expect"), Answer::Http)?;
            Some(StepKind::Http(call))
        }
        "socket" => {
            let (path, send) = socket(n, scope)?;
            let expect = expectation(t.opt("expect"), Answer::Socket)?;
            Some(StepKind::Socket(SocketCall { path, send, expect }))
        }
        "wait" => wait(n, t),
        "check" => probe(n, scope).map(StepKind::Check),
        "verify" => n.reference("verification", t.cx.known.of("verifications")).map(StepKind::Verify),
        "write" => write(n, scope).map(StepKind::Write),
        "edit" => edit(n, scope).map(StepKind::Edit),
        "ask" => ask(n, scope).map(StepKind::Ask),
        "notify" => notify(n),
        "capture" => capture(n, scope).map(StepKind::Capture),
        "procedure" => {
            let called = n.reference("procedure", t.cx.known.of("procedures"));
            let args = t.opt("args").map(|n| n.pairs()).unwrap_or_default();
            let args = args.iter().filter_map(|(k, v)| Some((k.to_string(), scalar(v, scope)?))).collect();
            Some(StepKind::Procedure { id: called?, args })
        }
        _ => ramp(n, place).map(StepKind::Ramp),
    }
}

fn wait(n: &Node<'_>, t: &Table<'_>) -> Option<StepKind> {
    let w = n.table()?;
    match w.one_of(&["for", "until"])? {
        ("for", n) => n.dur_positive().map(|ms| StepKind::Wait(Wait::For(ms))),
        (_, n) => {
            if let Some(at) = n.value.as_str().and_then(|s| s.find('$')) {
                let span = n.within(n.str()?, at..at + 1);
                let hint = "write the value itself, or use a check with `within`";
                n.cx.error(span, "a `wait` knows no parameters", hint);
                return None;
            }
            let c = condition(&n)?;
            if let Some(ms) = t.opt("timeout").and_then(|n| n.dur()).filter(|ms| *ms > 0) {
                hurried(&n, &c, ms);
            }
            Some(StepKind::Wait(Wait::Until(c)))
        }
    }
}

fn write(n: &Node<'_>, scope: &Scope) -> Option<FileWrite> {
    let t = n.table()?;
    let file = t.req("file", "write which file").and_then(|n| template(&n, scope));
    let content = t.req("content", "write what stands in it afterwards").and_then(|n| template(&n, scope));
    let mode = match t.opt("mode") {
        None => None,
        Some(n) => {
            let s = n.str()?;
            let bits = u32::from_str_radix(s, 8).ok().filter(|m| *m <= 0o7777 && (3..=5).contains(&s.len()));
            if bits.is_none() {
                n.error(format!("`{s}` is not a file mode"), "write it as \"0644\"");
                return None;
            }
            bits
        }
    };
    let backup = t.opt("backup").and_then(|n| n.bool()).unwrap_or(true);
    Some(FileWrite { file: file?, content: content?, mode, backup })
}

fn edit(n: &Node<'_>, scope: &Scope) -> Option<FileEdit> {
    let t = n.table()?;
    let file = t.req("file", "write which file").and_then(|n| template(&n, scope));
    let format_node = t.req("format", "write env, json, toml or text");
    let change = t.one_of(&["set", "replace"]);
    let yaml = format_node.as_ref().filter(|n| n.value.as_str() == Some("yaml"));
    if let Some(n) = yaml {
        n.error(
            "YAML cannot be edited: its layout and comments would be lost",
            "use format = \"text\" with `replace`, or run the tool that owns the file (kubectl set, yq)",
        );
    }
    let words = [
        ("env", FileFormat::Env),
        ("json", FileFormat::Json),
        ("toml", FileFormat::Toml),
        ("text", FileFormat::Text),
    ];
    let format = format_node.as_ref().filter(|_| yaml.is_none()).and_then(|n| n.choice(&words));
    let change = match change? {
        ("set", s) => {
            let mut values = IndexMap::new();
            for (key, span, v) in s.keyed() {
                if format == Some(FileFormat::Json) && key.starts_with('/') {
                    lints::positional_pointer(n.cx, span, key);
                }
                if let Some(v) = scalar(&v, scope) {
                    values.insert(key.to_string(), v);
                }
            }
            if values.is_empty() && s.pairs().is_empty() {
                s.error("`set` sets nothing", "write { NAME = \"value\" }");
            }
            if format == Some(FileFormat::Text) {
                n.cx.error(
                    t.key_span("set"),
                    "a plain text has no names to set",
                    "write replace = { pattern = '…', with = \"…\" }",
                );
                return None;
            }
            Change::Set(values)
        }
        (_, r) => {
            let r = r.table()?;
            let found = r.req("pattern", "write what is replaced").and_then(|n| pattern(&n, None));
            let with = r.req("with", "write what stands there afterwards");
            let with = with.and_then(|n| Some((template(&n, scope)?, n)));
            let (pattern, (with, node)) = (found?, with?);
            groups(&pattern, &with.0, &node);
            Change::Replace { pattern, with }
        }
    };
    Some(FileEdit { file: file?, format: format?, change })
}

/// A group's name in a replacement; `$$` is a dollar.
static GROUP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\$|\$\{?([0-9A-Za-z_]+)\}?").expect("a pattern of ours"));

/// Every `$name` of a replacement must be a group of its pattern.
fn groups(pattern: &str, with: &str, n: &Node<'_>) {
    let Ok(pattern) = Regex::new(pattern) else { return };
    let named: Vec<&str> = pattern.capture_names().flatten().collect();
    for found in GROUP.captures_iter(with) {
        let Some(group) = found.get(1) else { continue };
        let word = group.as_str();
        let known = named.contains(&word) || word.parse::<usize>().is_ok_and(|i| i < pattern.captures_len());
        if !known {
            let span = n.within(with, group.range());
            n.cx.unknown(span, format!("the pattern has no group `{word}`"), word, &named);
        }
    }
}

fn ask(n: &Node<'_>, scope: &Scope) -> Option<Question> {
    let t = n.table()?;
    let text = t.req("text", "write what is asked").and_then(|n| template(&n, &scope.shown()));
    let words = [("done", true), ("fail", false)];
    let answers_node = t.opt("answers");
    let answers: IndexMap<String, bool> = answers_node
        .iter()
        .flat_map(Node::pairs)
        .filter_map(|(label, n)| Some((label.to_string(), n.choice(&words)?)))
        .collect();
    if let Some(n) = &answers_node
        && !answers.values().any(|done| *done)
        && n.pairs().len() == answers.len()
    {
        n.error("no answer means that it is done", "write at least one: answers = { \"Yes\" = \"done\" }");
    }
    let input = t.opt("input").and_then(|n| {
        let s = n.text()?;
        id(n.cx, n.span.clone(), &s, Style::Snake);
        Some(s)
    });
    let prefill = t.opt("prefill").and_then(|n| template(&n, &scope.shown()));
    let optional = t.opt("optional").and_then(|n| n.bool()).unwrap_or(false);
    let roles = t.opt("roles").map(|n| n.references("role", t.cx.known.of("roles"))).unwrap_or_default();
    Some(Question { text: text?, answers, input, prefill, optional, roles })
}

fn notify(n: &Node<'_>) -> Option<StepKind> {
    let t = n.table()?;
    let list = t.req("channels", "write by which channels people are told");
    let channels = list.as_ref().map(|n| n.references("channel", t.cx.known.of("channels")));
    if let Some(n) = list.filter(|n| n.array_quietly().is_some_and(|a| a.is_empty())) {
        n.error("nobody would be told", "write at least one channel");
    }
    let message = t
        .req("message", "write which message")
        .and_then(|n| n.reference("message", t.cx.known.of("messages")));
    let phase = t.opt("phase").and_then(|n| n.choice(&Phase::ALL));
    Some(StepKind::Notify { channels: channels?, message: message?, phase })
}

fn capture(n: &Node<'_>, scope: &Scope) -> Option<Capture> {
    let t = n.table()?;
    let name = t.req("name", "write the name of its folder").and_then(|n| {
        let s = n.text()?;
        id(n.cx, n.span.clone(), &s, Style::Kebab);
        Some(s)
    });
    let signals = t.cx.known.of("signals");
    let since = t.opt("since").and_then(|n| match n.value.as_str() {
        Some("incident") => None,
        _ => n.dur_positive(),
    });
    let pair = |n: &Node<'_>| {
        let both = n.references("signal", signals);
        match <[String; 2]>::try_from(both) {
            Ok([a, b]) => Some((a, b)),
            Err(found) => {
                if n.array_quietly().is_some_and(|a| a.len() == found.len()) {
                    n.error("two signals are compared", "write a pair: compare = [[\"a\", \"b\"]]");
                }
                None
            }
        }
    };
    let flag = |key| t.opt(key).and_then(|n| n.bool()).unwrap_or(false);
    let c = Capture {
        name: name.unwrap_or_default(),
        signals: t.opt("signals").map(|n| n.references("signal", signals)).unwrap_or_default(),
        since,
        logs: t.opt("logs").map(|n| n.references("log", t.cx.known.of("logs"))).unwrap_or_default(),
        files: t
            .opt("files")
            .map(|n| n.array().iter().filter_map(|f| template(f, scope)).collect())
            .unwrap_or_default(),
        commands: t
            .opt("commands")
            .map(|n| n.array().iter().filter_map(|c| looking(c, scope)).collect())
            .unwrap_or_default(),
        compare: t.opt("compare").map(|n| n.array().iter().filter_map(pair).collect()).unwrap_or_default(),
        verdict: flag("verdict"),
        timeline: flag("timeline"),
    };
    let keys = ["signals", "logs", "files", "commands", "compare", "verdict", "timeline"];
    if !keys.iter().any(|k| t.has(k)) {
        n.error("nothing is captured", "name signals, logs, files, commands, or say verdict = true");
    }
    (!c.name.is_empty()).then_some(c)
}

/// A command that only looks: a list of words, or a table with `run`.
fn looking(n: &Node<'_>, scope: &Scope) -> Option<Command> {
    if n.array_quietly().is_some() {
        let command = Command { argv: argv(n, scope)?, ..Command::default() };
        lints::pinned(n, &command);
        return Some(command);
    }
    let t = n.table()?;
    let run = t.req("run", "write the program and its arguments")?;
    command(&t, &run, scope)
}

fn ramp(n: &Node<'_>, place: &Place<'_>) -> Option<Ramp> {
    let scope = &place.scope;
    let t = n.table()?;
    let list = t.req("values", "write the values in order: values = [50, 25, 0]");
    let values: Vec<f64> =
        list.as_ref().map(|n| n.array().iter().filter_map(Node::float).collect()).unwrap_or_default();
    if let Some(n) = list.filter(|n| n.array_quietly().is_some_and(|a| a.is_empty())) {
        n.error("a ramp without values does nothing", "write at least one");
    }
    let unit = t.opt("unit").and_then(|n| param_unit(&n));
    let condition = |key| t.opt(key).map(|n| text(&n, scope));
    let (skip, stop, next) = (condition("skip_when"), condition("stop_when"), condition("next_when"));
    let hold = t.req("hold", "write how long each value is held: hold = \"5m\"").and_then(|n| n.dur());
    let act = t.one_of(&["run", "http", "edit", "socket"]);
    let kind = act.as_ref().map(|(k, _)| *k);
    beside(&t, kind);
    if !t.has("stop_when") && !t.has("next_when") {
        t.cx.warn(
            n.span.clone(),
            "nothing judges this ramp: every value is gone through, whatever happens",
            "write stop_when (good here, stop) or next_when (else it has failed)",
        );
    }
    let (kind, node) = act?;
    lints::step(kind, &node);
    let act = what(kind, &node, &t, place)?;
    let whole = |c: Option<Option<String>>| match c {
        Some(None) => None,
        Some(found) => Some(found),
        None => Some(None),
    };
    let (skip_when, stop_when, next_when) = (whole(skip)?, whole(stop)?, whole(next)?);
    let unit = unit.or(Some(crate::model::unit::Unit::Score));
    Some(Ramp { values, unit, skip_when, act: Box::new(act), hold: hold?, stop_when, next_when })
}

/// Keys that only have a meaning beside some kinds.
pub fn beside(t: &Table<'_>, kind: Option<&str>) {
    let needs = |key: &'static str, kinds: &[&str], hint: &str| {
        if t.opt(key).is_some() && kind.is_some_and(|k| !kinds.contains(&k)) {
            let kind = kind.unwrap_or_default();
            t.cx.error(t.key_span(key), format!("`{key}` has no meaning beside `{kind}`"), hint);
        }
    };
    for &key in BESIDE_RUN {
        needs(key, &["run"], "it belongs to `run`");
    }
    needs("expect", &["run", "http", "socket"], "write it inside the probe");
}
