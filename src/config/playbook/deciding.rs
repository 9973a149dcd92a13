//! `[severities]`, `[triggers]`, `[objectives]`, `[verifications]`: what is decided by.

use super::conditions::{condition, hurried};
use super::people::{agreeing, stage};
use super::probes::probe_of;
use super::templates::Scope;
use super::words::{Style, id};
use crate::config::problem::Severity as Level;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{
    Automation, Cell, Criterion, DefaultAction, From, Objective, Role, Severity, To, Traffic, Trigger,
    Verification,
};
use crate::model::probe::Ask;
use crate::model::unit;
use indexmap::IndexMap;

/// `[severities.P]`
pub fn severities(top: &Table<'_>, roles: &IndexMap<String, Role>) -> IndexMap<String, Severity> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("severities") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Free);
        let Some(t) = node.table() else { continue };
        if let Some(m) = t.opt("manual") {
            m.text();
            n.cx.not_yet(m.span.clone(), Level::Warning, "`manual` of a severity", "write it into `text`");
        }
        let severity = Severity {
            title: t.req("title", "write its name for people").and_then(|n| n.text()).unwrap_or_default(),
            text: t.req("text", "write what is to be done").and_then(|n| n.text()).unwrap_or_default(),
            respond_within: t.opt("respond_within").and_then(|n| n.dur()),
            approval: t.opt("approval").map(|r| agreeing(&r, roles)).unwrap_or_default(),
            manual: None,
        };
        out.insert(name.to_string(), severity);
    }
    out
}

/// `"auto"`, `"decide 10m"`, `"decide 10m, default 30m"`, `"ask"`, `"watch"`.
fn cell(n: &Node<'_>) -> Option<Cell> {
    let s = n.str()?.trim();
    match s {
        "auto" => return Some(Cell::Auto),
        "ask" => return Some(Cell::Ask),
        "watch" => return Some(Cell::Watch),
        _ => {}
    }
    let clocks = || {
        let rest = s.strip_prefix("decide ")?;
        let (first, second) = match rest.split_once(',') {
            None => (rest, None),
            Some((first, second)) => (first, Some(second.trim().strip_prefix("default ")?)),
        };
        let ms = |d: &str| unit::duration(d.trim()).ok().map(|ms| ms.round() as u64).filter(|ms| *ms > 0);
        let within = ms(first)?;
        match second {
            None => Some(Cell::Decide { within, default_at: None }),
            Some(d) => ms(d).map(|at| Cell::Decide { within, default_at: Some(at) }),
        }
    };
    match clocks() {
        Some(Cell::Decide { within, default_at: Some(at) }) if at <= within => {
            n.error("the second clock must be longer than the first", "such as \"decide 10m, default 30m\"");
            None
        }
        Some(cell) => Some(cell),
        None => {
            let words = ["auto", "decide", "ask", "watch"];
            let near = crate::config::problem::nearest(s.split(' ').next().unwrap_or(s), words);
            let mean = near.map(|w| format!("did you mean `{w}`? ")).unwrap_or_default();
            n.error(
                format!("`{s}` is not an action"),
                format!(
                    "{mean}write \"auto\", \"decide 10m\", \"decide 10m, default 30m\", \"ask\" or \"watch\""
                ),
            );
            None
        }
    }
}

/// `[triggers.T]`
pub fn triggers(top: &Table<'_>, traffic: Option<&Traffic>) -> IndexMap<String, Trigger> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("triggers") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(trigger) = node.table().and_then(|t| trigger(name, &t, traffic)) {
            out.insert(name.to_string(), trigger);
        }
    }
    out
}

fn trigger(name: &str, t: &Table<'_>, traffic: Option<&Traffic>) -> Option<Trigger> {
    let known = &t.cx.known;
    let when = t.req("when", "write the rule: when = \"error_rate > 2%\"").and_then(|n| condition(&n));
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let severity = t.opt("severity").and_then(|n| n.reference("severity", known.of("severities")));
    let hold = t.opt("for").and_then(|n| n.dur()).unwrap_or(0);
    let keep_firing_for = t.opt("keep_firing_for").and_then(|n| n.dur()).unwrap_or(0);
    let clear_when = t.opt("clear_when").and_then(|n| condition(&n));
    let (mut act, mut at) = (Cell::Watch, IndexMap::new());
    match t.at_most_one(&["act", "at"]) {
        Some(("act", n)) => act = cell(&n).unwrap_or_default(),
        Some((_, n)) => at = stages(&n, traffic),
        None => {}
    }
    let defaults = [
        ("act", DefaultAction::Act),
        ("escalate", DefaultAction::Escalate),
        ("nothing", DefaultAction::Nothing),
    ];
    let default = t.opt("default").and_then(|n| n.choice(&defaults)).unwrap_or_default();
    let modes = [("armed", Automation::Armed), ("shadow", Automation::Shadow), ("disarmed", Automation::Off)];
    let mode = t.opt("mode").and_then(|n| n.choice(&modes)).unwrap_or(Automation::Shadow);
    let procedure = t.opt("procedure").and_then(|n| n.reference("procedure", known.of("procedures")));
    let reason = t.opt("reason").and_then(|n| n.text());
    let acts = act == Cell::Auto || at.values().any(|c| *c == Cell::Auto) || default == DefaultAction::Act;
    if acts && !t.has("procedure") {
        t.cx.error(
            t.span.clone(),
            format!("trigger `{name}` acts but names no procedure"),
            "write procedure = \"…\"",
        );
    }
    later(t);
    Some(Trigger {
        title,
        when: when?,
        severity,
        hold,
        keep_firing_for,
        clear_when,
        act,
        at,
        default,
        mode,
        procedure,
        args: IndexMap::new(),
        reason,
        authority: None,
        approval: Vec::new(),
        effect_within: None,
        cooldown: 300_000,
        max_attempts: 1,
        per: 3_600_000,
    })
}

/// Keys of a trigger that only matter once ripcord acts by itself.
fn later(t: &Table<'_>) {
    let known = &t.cx.known;
    let note = |key: &str| {
        t.cx.not_yet(
            t.key_span(key),
            Level::Warning,
            &format!("`{key}` of a trigger"),
            "no trigger acts by itself",
        );
    };
    if let Some(n) = t.opt("args") {
        n.pairs();
        note("args");
    }
    match t.at_most_one(&["authority", "approval"]) {
        Some(("authority", n)) => {
            n.reference("authority", known.of("authority"));
            note("authority");
        }
        Some((_, n)) => {
            n.references("role", known.of("roles"));
            note("approval");
        }
        None => {}
    }
    for key in ["effect_within", "cooldown", "per"] {
        if let Some(n) = t.opt(key) {
            n.dur_positive();
            note(key);
        }
    }
    if let Some(n) = t.opt("max_attempts") {
        n.int(1..=100);
        note("max_attempts");
    }
}

fn stages(n: &Node<'_>, traffic: Option<&Traffic>) -> IndexMap<u32, Cell> {
    let mut out = IndexMap::new();
    if traffic.is_none() && !n.cx.known.ids.contains_key("traffic") {
        n.error("`at` needs stages", "write [traffic] with the signal and its stages, or use `act`");
    }
    for (key, span, node) in n.keyed() {
        let Some(stage) = stage(n.cx, span, key, traffic) else { continue };
        if let Some(c) = cell(&node) {
            out.insert(stage, c);
        }
    }
    out
}

/// `[objectives.O]`; those of kinds that are not judged yet are left out with a note.
pub fn objectives(top: &Table<'_>, steps: &[(String, String)]) -> IndexMap<String, Objective> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("objectives") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(o) = node.table().and_then(|t| objective(&t, steps)) {
            out.insert(name.to_string(), o);
        }
    }
    out
}

fn objective(t: &Table<'_>, steps: &[(String, String)]) -> Option<Objective> {
    let title = t.req("title", "write its name for people, such as RTO").and_then(|n| n.text());
    let procedures: Vec<String> = t
        .opt("procedures")
        .map(|n| n.references("procedure", t.cx.known.of("procedures")))
        .unwrap_or_default();
    let started_by = t.opt("started_by").and_then(|n| n.choice(&[("system", true), ("person", false)]));
    let note = |what: &str| t.cx.not_yet(t.span.clone(), Level::Warning, what, "it is not judged");
    let lasts = t.opt("lasts").map(|n| n.dur_positive());
    t.opt("allow").map(|n| n.dur());
    match t.one_of(&["within", "data_age", "holds", "stays"])? {
        ("within", n) => {
            let within = n.dur_positive();
            let from = [
                ("firing", Some(From::Firing)),
                ("confirmed", Some(From::Confirmed)),
                ("start", Some(From::Start)),
                ("decision", None),
            ];
            let from = t.req("from", "write firing, decision, confirmed or start").and_then(|n| {
                let words: Vec<(&str, usize)> = from.iter().enumerate().map(|(i, (w, _))| (*w, i)).collect();
                n.choice(&words).map(|i| from[i].1.clone())
            });
            let to = t
                .req("to", "write effect, recovered, verified, end or \"step <id>\"")
                .and_then(|n| to(&n, &procedures, steps));
            if started_by == Some(true) {
                note("an objective of runs started by the system");
                return None;
            }
            if from == Some(None) {
                note("an objective from the `decision`");
                return None;
            }
            Some(Objective { title: title?, procedures, from: from??, to: to?, within: within? })
        }
        ("stays", _) => {
            if lasts.is_none() {
                t.req("lasts", "write for how long: lasts = \"2h\"");
            }
            note("an objective that `stays`");
            None
        }
        ("holds", _) => {
            note("an objective that `holds`");
            None
        }
        (_, n) => {
            n.dur();
            note("an objective of `data_age`");
            None
        }
    }
}

fn to(n: &Node<'_>, procedures: &[String], steps: &[(String, String)]) -> Option<To> {
    let s = n.str()?;
    if let Some(step) = s.strip_prefix("step ") {
        let step = step.trim();
        let there = |(p, _): &&(String, String)| procedures.is_empty() || procedures.contains(p);
        let known: Vec<&str> = steps.iter().filter(there).map(|(_, id)| id.as_str()).collect();
        if known.contains(&step) {
            return Some(To::Step(step.to_string()));
        }
        n.cx.undeclared(n.span.clone(), format!("no step has the id `{step}`"), step, &known);
        return None;
    }
    let words = [("effect", 0), ("recovered", 1), ("verified", 2), ("end", 3)];
    Some([To::Effect, To::Recovered, To::Verified, To::End][n.choice(&words)?].clone())
}

/// `[verifications.V]`
pub fn verifications(top: &Table<'_>) -> IndexMap<String, Verification> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("verifications") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(v) = node.table().and_then(|t| verification(&t)) {
            out.insert(name.to_string(), v);
        }
    }
    out
}

fn verification(t: &Table<'_>) -> Option<Verification> {
    let title = t.req("title", "write its name for people").and_then(|n| n.text());
    let within = t.req("within", "write until when it must have held: within = \"10m\"");
    let within = within.and_then(|n| Some((n.dur_positive()?, n)));
    let stable_for = t.opt("stable_for").and_then(|n| n.dur()).unwrap_or(0);
    let list = t.req("criteria", "write what must hold: criteria = [{ text = \"…\", when = \"…\" }]");
    let whole = within.as_ref().map(|(ms, _)| *ms);
    let read = |n: &Node<'_>| {
        let found = criterion(n, &Scope::default())?;
        if let (Ask::When(c), None, Some(ms), Some(when)) =
            (&found.probe.ask, found.probe.within, whole, n.peek("when"))
        {
            hurried(&when, c, ms);
        }
        Some(found)
    };
    let criteria: Vec<Criterion> =
        list.as_ref().map(|n| n.array().iter().filter_map(read).collect()).unwrap_or_default();
    if let Some(n) = list.filter(|n| n.array().is_empty()) {
        n.error("a verification without criteria proves nothing", "write at least one criterion");
    }
    let (within, node) = within?;
    if within < stable_for {
        node.error("`within` is shorter than `stable_for`: it could never hold", "make `within` longer");
    }
    Some(Verification { title: title?, within, stable_for, criteria })
}

/// A probe with the text that is shown for it.
pub fn criterion(n: &Node<'_>, scope: &Scope) -> Option<Criterion> {
    let t = n.table()?;
    let text = t.req("text", "write what is shown").and_then(|n| n.text());
    let probe = probe_of(&t, scope);
    Some(Criterion { text: text?, probe: probe? })
}
