//! `[severities]`, `[objectives]`, `[verifications]`: what is judged by.

use super::conditions::{hurried, standing};
use super::people::agreeing;
use super::probes::probe_of;
use super::templates::Scope;
use super::words::{Style, id};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Criterion, From, Goal, Objective, Role, Severity, StartedBy, To, Verification};
use crate::model::probe::Ask;
use indexmap::IndexMap;

/// `[severities.P]`
pub fn severities(top: &Table<'_>, roles: &IndexMap<String, Role>) -> IndexMap<String, Severity> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("severities") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Free);
        let Some(t) = node.table() else { continue };
        let severity = Severity {
            title: t.req("title", "write its name for people").and_then(|n| n.text()).unwrap_or_default(),
            text: t.req("text", "write what is to be done").and_then(|n| n.text()).unwrap_or_default(),
            respond_within: t.opt("respond_within").and_then(|n| n.dur()),
            approval: t.opt("approval").map(|r| agreeing(&r, roles)).unwrap_or_default(),
            manual: t.opt("manual").and_then(|n| n.text()),
        };
        out.insert(name.to_string(), severity);
    }
    out
}

/// `[objectives.O]`
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
    let started_by = t
        .opt("started_by")
        .map(|n| n.choice(&[("system", StartedBy::System), ("person", StartedBy::Person)]));
    let (which, n) = t.one_of(&["within", "data_age", "holds", "stays"])?;
    for (key, of) in [("from", "within"), ("to", "within"), ("lasts", "stays"), ("allow", "stays")] {
        if which != of && t.opt(key).is_some() {
            t.cx.error(t.key_span(key), format!("`{key}` has no meaning without `{of}`"), "leave it out");
        }
    }
    let goal = match which {
        "within" => {
            let within = n.dur_positive();
            let words = [
                ("firing", From::Firing),
                ("decision", From::Decision),
                ("confirmed", From::Confirmed),
                ("start", From::Start),
            ];
            let from =
                t.req("from", "write firing, decision, confirmed or start").and_then(|n| n.choice(&words));
            let to = t
                .req("to", "write effect, recovered, verified, end or \"step <id>\"")
                .and_then(|n| to(&n, &procedures, steps));
            Goal::Time { from: from?, to: to?, within: within? }
        }
        "stays" => {
            let when = standing(&n);
            let lasts = t
                .req("lasts", "write for how long: lasts = \"2h\"")
                .and_then(|n| Some((n.dur_positive()?, n)));
            let allow = t.opt("allow").map_or(Some(0), |n| n.dur());
            let (lasts, node) = lasts?;
            let allow = allow?;
            if allow >= lasts {
                node.error("it may be broken for as long as it is to last", "make `allow` shorter");
            }
            Goal::Stays { when: when?, lasts, allow }
        }
        "holds" => Goal::Holds(standing(&n)?),
        _ => Goal::DataAge(n.dur()?),
    };
    let started_by = match started_by {
        Some(found) => Some(found?),
        None => None,
    };
    Some(Objective { title: title?, procedures, started_by, goal })
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
