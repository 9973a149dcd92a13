//! One step of a procedure: what is around its kind. Guards, bounds, and what happens when it fails.

use super::conditions::{Written, written};
use super::kinds::{KINDS, beside, what};
use super::params::sample_of;
use super::probes::probe;
use super::templates::{Scope, argv, template};
use super::words::{Style, id, pattern};
use super::{lints, rehearse};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Freeze, OnFailure, Phase, Step, Verification, When};
use crate::model::probe::{Ask, Probe};
use crate::model::unit::Unit;
use indexmap::IndexMap;
use regex::Regex;

/// Milliseconds that writing a file may take when nothing is said.
const WRITE: u64 = 10_000;
/// Milliseconds that keeping evidence may take when nothing is said.
const CAPTURE: u64 = 60_000;

/// Where a step stands.
pub struct Place<'p> {
    /// Names its templates and conditions may use.
    pub scope: Scope,
    /// Phases of the procedure.
    pub phases: &'p [Phase],
    /// Verifications of the playbook.
    pub verifications: &'p IndexMap<String, Verification>,
    /// Whether it is done instead of another one.
    pub fallback: bool,
}

/// A step; `None` when it has a problem.
pub fn step(n: &Node<'_>, place: &Place<'_>) -> Option<Step> {
    let t = n.table()?;
    let name_node = t.req("name", "write what it does, for people");
    if let Some(n) = &name_node {
        template(n, &place.scope.planned().shown());
    }
    let name = name_node.and_then(|n| n.text());
    let step_id = t.opt("id").and_then(|n| {
        let s = n.text()?;
        id(n.cx, n.span.clone(), &s, Style::Kebab);
        Some(s)
    });
    let kind = t.one_of(KINDS);
    let kind_name = kind.as_ref().map(|(k, _)| *k);
    let inner = within(kind.as_ref(), place);
    let scope = &inner.scope;
    let phase = phase(&t, place);
    let timeout = timeout(&t, kind.as_ref(), place);
    let takes = t.opt("takes").and_then(|n| n.dur());
    let guards = guards(&t, scope);
    let when = when(&t, &place.scope);
    let by = t.opt("by").and_then(|n| n.dur_positive());
    let fallback = fallback(&t, place);
    let always = t.opt("always").and_then(|n| n.bool()).unwrap_or(false);
    if place.fallback && t.has("always") {
        t.cx.error(
            t.key_span("always"),
            "`always` has no meaning in a fallback",
            "make it a step of its own",
        );
    }
    let progress = progress(&t, kind_name);
    let dry_run = t.opt("dry_run").and_then(|n| argv(&n, scope));
    let troubleshoot = t.opt("troubleshoot").and_then(|n| n.reference("guide", t.cx.known.of("guides")));
    let freezes = t.opt("freezes").and_then(|n| freezes(&n, scope));
    let repeatable = t.opt("repeatable").and_then(|n| n.bool()).unwrap_or(false);
    let (attempts, retry_delay) = retry(&t, kind_name, repeatable);
    let on = [("stop", OnFailure::Stop), ("continue", OnFailure::Continue), ("ask", OnFailure::Ask)];
    let on_failure = t.opt("on_failure").and_then(|n| n.choice(&on)).unwrap_or_default();
    beside(&t, kind_name);
    of_several(&t, kind.as_ref());
    if t.opt("args").is_some() && kind_name.is_some_and(|k| k != "procedure") {
        t.cx.error(t.key_span("args"), "`args` has no meaning here", "it belongs to `procedure`");
    }
    let rehearse = rehearse::doing(&t, kind_name, scope);
    let (kind_name, node) = kind?;
    let step_kind = what(kind_name, &node, &t, &inner);
    lints::step(kind_name, &node);
    let (prove, already, observe) = guards?;
    if !repeatable && already.is_none() && observe.is_none() {
        lints::unguarded(&t, kind_name, &node, name.as_deref().unwrap_or_default());
    }
    Some(Step {
        name: name?,
        id: step_id,
        phase,
        kind: step_kind?,
        timeout: timeout?,
        takes,
        prove,
        already,
        observe,
        when: when?,
        by,
        fallback,
        always,
        progress,
        dry_run,
        troubleshoot,
        freezes,
        repeatable,
        attempts,
        retry_delay,
        on_failure,
        rehearse,
        tell: None,
    })
}

/// The place inside a step: a ramp gives its value a name.
fn within<'p>(kind: Option<&(&str, Node<'_>)>, place: &Place<'p>) -> Place<'p> {
    let mut scope = place.scope.clone();
    if let Some(("ramp", n)) = kind {
        let unit = n.peek("unit").and_then(|n| Unit::parse(n.value.as_str()?)).unwrap_or(Unit::Score);
        scope.params.insert("value".into(), sample_of(unit));
    }
    Place { scope, phases: place.phases, verifications: place.verifications, fallback: place.fallback }
}

fn phase(t: &Table<'_>, place: &Place<'_>) -> Option<String> {
    let n = t.opt("phase")?;
    if place.fallback {
        n.error("a fallback belongs to the phase of its step", "leave it out");
        return None;
    }
    let phases: Vec<String> = place.phases.iter().map(|p| p.id.clone()).collect();
    n.reference("phase of this procedure", &phases)
}

/// The bound of a step in milliseconds; 0 for one that waits for a person or has steps with bounds of their own.
fn timeout(t: &Table<'_>, kind: Option<&(&str, Node<'_>)>, place: &Place<'_>) -> Option<u64> {
    let given = t.opt("timeout").map(|n| n.dur_positive());
    let (kind, node) = kind?;
    if let Some(given) = given {
        if *kind == "procedure" {
            t.cx.error(
                t.key_span("timeout"),
                "a called procedure's steps have bounds of their own",
                "leave it out, or write `by`",
            );
        }
        return given;
    }
    match *kind {
        "ask" | "procedure" | "notify" => Some(0),
        "write" | "edit" => Some(WRITE),
        "capture" => Some(CAPTURE),
        "verify" => Some(place.verifications.get(node.value.as_str()?)?.within),
        "wait" if node.peek("for").is_some() => {
            let ms = crate::model::unit::duration(node.peek("for")?.value.as_str()?).ok()?;
            Some(ms.round() as u64)
        }
        kind => {
            t.req("timeout", &format!("`{kind}` needs a bound: timeout = \"30s\""));
            None
        }
    }
}

/// `when`: a condition, or a switch.
fn when(t: &Table<'_>, scope: &Scope) -> Option<Option<When>> {
    let Some(n) = t.opt("when") else { return Some(None) };
    let s = n.str()?.trim();
    let is_name = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if let Some(name) = s.strip_prefix('$').filter(|name| is_name(name)) {
        let Some(sample) = scope.params.get(name) else {
            let known: Vec<&str> = scope.params.keys().map(String::as_str).collect();
            n.cx.undeclared(n.span.clone(), format!("nothing gives `${name}` a value"), name, &known);
            return None;
        };
        if sample.as_deref().is_some_and(|s| s != "true") {
            n.error(format!("`${name}` is neither true nor false"), format!("compare it: ${name} == …"));
        }
        return Some(Some(When::Param(name.to_string())));
    }
    let found = match written(&n, scope)? {
        Written::Plain(c) => When::Condition(c),
        Written::Given(text) => When::Given(text),
    };
    Some(Some(found))
}

fn fallback(t: &Table<'_>, place: &Place<'_>) -> Vec<Step> {
    let Some(n) = t.opt("fallback") else { return Vec::new() };
    if place.fallback {
        t.cx.error(
            t.key_span("fallback"),
            "a fallback inside a fallback",
            "write its steps one after the other, or make it a procedure of its own",
        );
        return Vec::new();
    }
    let inner = Place {
        scope: place.scope.clone(),
        phases: place.phases,
        verifications: place.verifications,
        fallback: true,
    };
    n.array().iter().filter_map(|n| step(n, &inner)).collect()
}

/// What a step cannot have when a plan makes several of it.
fn of_several(t: &Table<'_>, kind: Option<&(&str, Node<'_>)>) {
    let (what, keys): (_, &[&str]) = match kind {
        Some(("procedure", _)) => ("a whole procedure", &["fallback", "retry", "already", "goal", "dry_run"]),
        Some(("ramp", n)) if n.peek("skip_when").is_some() => {
            ("a ramp with `skip_when`", &["fallback", "already", "goal"])
        }
        Some(("ramp", _)) => ("a ramp", &["fallback"]),
        Some(("notify", n))
            if n.peek("channels").and_then(|c| c.array_quietly()).is_some_and(|c| c.len() > 1) =>
        {
            ("several messages", &["retry", "already", "goal", "dry_run"])
        }
        _ => return,
    };
    for key in keys.iter().filter(|k| t.has(k)) {
        t.cx.error(
            t.key_span(key),
            format!("`{key}` stands at a step of one thing, and this is {what}"),
            "write it at the steps within, or leave it out",
        );
    }
}

fn progress(t: &Table<'_>, kind: Option<&str>) -> Option<String> {
    let n = t.opt("progress")?;
    if kind.is_some_and(|k| k != "run") {
        t.cx.error(
            t.key_span("progress"),
            format!("`progress` has no meaning beside `{}`", kind.unwrap_or_default()),
            "it is read from what a command prints",
        );
        return None;
    }
    let p = pattern(&n, None)?;
    let regex = Regex::new(&p).ok()?;
    let has = |g: &str| regex.capture_names().flatten().any(|c| c == g);
    if !(has("percent") || has("done") && has("total")) {
        n.error(
            format!("`{}` has no group `percent`, nor `done` and `total`", n.path),
            "mark what is read: '(?<percent>\\d+)%' or '(?<done>\\d+)/(?<total>\\d+)'",
        );
        return None;
    }
    Some(p)
}

fn freezes(n: &Node<'_>, scope: &Scope) -> Option<Freeze> {
    let t = n.table()?;
    let what = t.req("what", "write what is paused").and_then(|n| template(&n, &scope.planned().shown()));
    let undo = t.req("undo", "write the procedure that lets it go on: what is frozen must be thawed");
    let undo = undo.and_then(|n| n.reference("procedure", t.cx.known.of("procedures")));
    Some(Freeze { what: what?, undo: undo? })
}

type Guards = (Option<Probe>, Option<Probe>, Option<Probe>);

/// `prove`, `already`, `observe`, and `goal` for the last two.
fn guards(t: &Table<'_>, scope: &Scope) -> Option<Guards> {
    let read = |key: &'static str| -> Option<Option<Probe>> {
        let Some(n) = t.opt(key) else { return Some(None) };
        probe(&n, scope).map(Some)
    };
    let (prove, already, observe, goal) = (read("prove"), read("already"), read("observe"), read("goal"));
    for key in ["already", "observe"] {
        if t.has("goal") && t.has(key) {
            t.cx.error(
                t.key_span(key),
                format!("`goal` says `{key}` already"),
                "write `goal`, or `already` and `observe`",
            );
        }
    }
    let (prove, already, observe, goal) = (prove?, already?, observe?, goal?);
    let seen = goal.clone();
    let done = goal.map(|mut p| {
        p.within = match p.ask {
            Ask::When(_) | Ask::Given(_) => None,
            _ => p.within,
        };
        p
    });
    Some((prove, already.or(done), observe.or(seen)))
}

fn retry(t: &Table<'_>, kind: Option<&str>, repeatable: bool) -> (u32, u64) {
    let Some(n) = t.opt("retry") else { return (1, 0) };
    let Some(r) = n.table() else { return (1, 0) };
    let attempts =
        r.req("attempts", "write how often in all: attempts = 2").and_then(|n| n.int(1..=100)).unwrap_or(1);
    let delay = r.opt("delay").and_then(|n| n.dur()).unwrap_or(0);
    if !(repeatable || matches!(kind, Some("check" | "capture")) || t.has("goal") || t.has("already")) {
        t.cx.error(
            t.key_span("retry"),
            "`retry` of a step that may not be repeated",
            "say repeatable = true if doing it twice is harmless, or add `already` or `goal`",
        );
    }
    (u32::try_from(attempts).unwrap_or(1), delay)
}
