//! One step of a procedure: its kind, its guards, its bounds.

use super::later;
use super::probes::{on_host, probe};
use super::words::{Answer, Scope, Style, command, condition, expectation, http_call, id, template};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{OnFailure, Phase, SocketCall, Step, StepKind, Verification, Wait};
use crate::model::probe::{Ask, Probe};
use indexmap::IndexMap;

/// Kinds of steps that are carried out.
const CARRIED: &[&str] = &["run", "http", "socket", "wait", "check", "verify"];
/// All kinds of steps of the format.
const KINDS: &[&str] = &[
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

/// Where a step stands.
pub struct Place<'p> {
    /// Id of its procedure.
    pub procedure: &'p str,
    /// Names its templates may use.
    pub scope: &'p Scope,
    /// Phases of the procedure.
    pub phases: &'p [Phase],
    /// Verifications of the playbook.
    pub verifications: &'p IndexMap<String, Verification>,
}

impl Place<'_> {
    fn refuse(&self, t: &Table<'_>, key: &str, what: &str) {
        let what = format!("procedure `{}`: {what}", self.procedure);
        let hint = "without it the procedure would do something else than is written, so it is refused";
        t.cx.not_yet(t.key_span(key), Severity::Error, &what, hint);
    }
}

/// A step; `None` when it has a problem or a kind that is not carried out yet.
pub fn step(n: &Node<'_>, place: &Place<'_>) -> Option<Step> {
    let t = n.table()?;
    let name_node = t.req("name", "write what it does, for people");
    if let Some(n) = &name_node {
        template(n, place.scope);
    }
    let name = name_node.and_then(|n| n.text());
    let step_id = t.opt("id").and_then(|n| {
        let s = n.text()?;
        id(n.cx, n.span.clone(), &s, Style::Kebab);
        Some(s)
    });
    let phases: Vec<String> = place.phases.iter().map(|p| p.id.clone()).collect();
    let phase = t.opt("phase").and_then(|n| n.reference("phase of this procedure", &phases));
    let kind = t.one_of(KINDS);
    let carried = kind.as_ref().is_some_and(|(k, _)| CARRIED.contains(k));
    let timeout = t.opt("timeout").map(|n| n.dur_positive());
    let takes = t.opt("takes").and_then(|n| n.dur());
    let guards = guards(&t, place, carried);
    later::step_keys(&t, place.scope, &|key, what| place.refuse(&t, key, what));
    let repeatable = t.opt("repeatable").and_then(|n| n.bool()).unwrap_or(false);
    let (attempts, retry_delay) = retry(&t, kind.as_ref().map(|(k, _)| *k), repeatable);
    let on = [("stop", OnFailure::Stop), ("continue", OnFailure::Continue), ("ask", OnFailure::Ask)];
    let on_failure = t.opt("on_failure").and_then(|n| n.choice(&on)).unwrap_or_default();
    beside(&t, kind.as_ref().map(|(k, _)| *k));
    let (kind_name, node) = kind?;
    if !carried {
        later::step_kind(kind_name, &node, place.scope);
        place.refuse(&t, kind_name, &format!("{} `{kind_name}` step", article(kind_name)));
        return None;
    }
    let mut bound = timeout;
    let step_kind = what(kind_name, &node, &t, place, &mut bound)?;
    let (prove, already, observe) = guards?;
    if kind_name == "run" && !repeatable && already.is_none() && observe.is_none() {
        t.cx.warn(
            t.key_span("run"),
            format!(
                "nothing guards `{}` against being done twice, and nothing sees whether it worked",
                name.clone().unwrap_or_default()
            ),
            "add `already`, `observe` or `goal`, or say repeatable = true",
        );
    }
    Some(Step {
        name: name?,
        id: step_id,
        phase,
        kind: step_kind,
        timeout: bound??,
        takes,
        prove,
        already,
        observe,
        when: None,
        by: None,
        fallback: Vec::new(),
        always: false,
        progress: None,
        dry_run: None,
        troubleshoot: None,
        freezes: None,
        repeatable,
        attempts,
        retry_delay,
        on_failure,
    })
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// What the step does; fills the time bound of kinds that have one of their own.
fn what(
    kind: &str,
    node: &Node<'_>,
    t: &Table<'_>,
    place: &Place<'_>,
    bound: &mut Option<Option<u64>>,
) -> Option<StepKind> {
    let scope = place.scope;
    let own = match kind {
        "verify" => node
            .reference("verification", t.cx.known.of("verifications"))
            .and_then(|v| place.verifications.get(&v))
            .map(|v| v.within),
        _ => None,
    };
    if bound.is_none() {
        *bound = match kind {
            "verify" => Some(own),
            "wait" => wait_bound(node),
            _ => None,
        };
        if bound.is_none() {
            t.req("timeout", &format!("`{kind}` needs a bound: timeout = \"30s\""));
            *bound = Some(None);
        }
    }
    match kind {
        "run" => {
            let mut c = command(t, node, scope)?;
            c.expect = expectation(t.opt("expect"), Answer::Run)?;
            Some(StepKind::Run(c))
        }
        "http" => {
            let mut call = http_call(node, scope)?;
            call.expect = expectation(t.opt("expect"), Answer::Http)?;
            Some(StepKind::Http(call))
        }
        "socket" => {
            let s = node.table()?;
            let path = s.req("path", "write the socket's path").and_then(|n| template(&n, scope));
            let send = s.req("send", "write the line that is sent").and_then(|n| template(&n, scope));
            let expect = expectation(t.opt("expect"), Answer::Socket)?;
            Some(StepKind::Socket(SocketCall { path: path?, send: send?, expect }))
        }
        "wait" => {
            let w = node.table()?;
            match w.one_of(&["for", "until"])? {
                ("for", n) => n.dur_positive().map(|ms| StepKind::Wait(Wait::For(ms))),
                (_, n) => condition(&n).map(|c| StepKind::Wait(Wait::Until(c))),
            }
        }
        "check" => probe(node, scope).map(StepKind::Check),
        _ => own.and(node.str()).map(|v| StepKind::Verify(v.to_string())),
    }
}

/// A `wait = { for = … }` bounds itself.
fn wait_bound(node: &Node<'_>) -> Option<Option<u64>> {
    let (_, n) = node.table_quietly()?.into_iter().find(|(k, _)| *k == "for")?;
    Some(crate::model::unit::duration(n.value.as_str()?).ok().map(|ms| ms.round() as u64))
}

type Guards = (Option<Probe>, Option<Probe>, Option<Probe>);

/// `prove`, `already`, `observe`, and `goal` for the last two.
fn guards(t: &Table<'_>, place: &Place<'_>, carried: bool) -> Option<Guards> {
    let read = |key: &'static str| -> Option<Option<Probe>> {
        let Some(n) = t.opt(key) else { return Some(None) };
        if !carried {
            later::shape_of_probe(&n, place.scope);
            return Some(None);
        }
        probe(&n, place.scope).map(Some)
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
            Ask::When(_) => None,
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
    if !(repeatable || kind == Some("check") || t.has("goal") || t.has("already")) {
        t.cx.error(
            t.key_span("retry"),
            "`retry` of a step that may not be repeated",
            "say repeatable = true if doing it twice is harmless, or add `already` or `goal`",
        );
    }
    (u32::try_from(attempts).unwrap_or(1), delay)
}

/// Keys that only have a meaning beside some kinds.
fn beside(t: &Table<'_>, kind: Option<&str>) {
    let run = kind == Some("run");
    for key in ["cwd", "env", "stdin", "shell"] {
        if let Some(n) = t.opt(key) {
            if !run && kind.is_some() {
                t.cx.error(
                    t.key_span(key),
                    format!("`{key}` has no meaning beside `{}`", kind.unwrap_or_default()),
                    "it belongs to `run`",
                );
            } else if key == "shell" && n.bool() == Some(true) {
                t.cx.not_yet(
                    t.key_span(key),
                    Severity::Error,
                    "`shell = true`",
                    "write the program and its arguments, or a script",
                );
            }
        }
    }
    on_host(t);
    if t.opt("expect").is_some() && !matches!(kind, None | Some("run" | "http" | "socket")) {
        t.cx.error(
            t.key_span("expect"),
            format!("`expect` has no meaning beside `{}`", kind.unwrap_or_default()),
            "write it inside the probe",
        );
    }
}
