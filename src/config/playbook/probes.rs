//! Probes: questions about the world and what their answers must be.

use super::calls::{Answer, BESIDE_RUN, command, expectation, http_call, socket};
use super::conditions::{Written, hurried, written};
use super::templates::{Scope, template};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::probe::{Ask, Probe};

/// Milliseconds between two questions when nothing is said.
const EVERY: u64 = 1_000;
const KINDS: &[&str] = &["when", "run", "http", "socket", "file", "probe", "drill"];

/// A probe written as a table.
pub fn probe(n: &Node<'_>, scope: &Scope) -> Option<Probe> {
    probe_of(&n.table()?, scope)
}

/// A probe whose keys stand in this table, beside others.
pub fn probe_of(t: &Table<'_>, scope: &Scope) -> Option<Probe> {
    let kind = t.one_of(KINDS);
    let expect = t.opt("expect");
    let within = t.opt("within").and_then(|n| n.dur());
    let every = t.opt("every").map_or(Some(EVERY), |n| n.dur_positive());
    if t.opt("rehearse").is_some() {
        t.cx.not_yet(t.key_span("rehearse"), Severity::Warning, "`rehearse`", "it is only needed by drills");
    }
    let (kind, node) = kind?;
    if kind != "run" {
        for &key in BESIDE_RUN {
            if t.opt(key).is_some() {
                t.cx.error(
                    t.key_span(key),
                    format!("`{key}` has no meaning beside `{kind}`"),
                    "it belongs to `run`",
                );
            }
        }
    }
    let (ask, answer) = match kind {
        "when" => match written(&node, scope)? {
            Written::Plain(c) => {
                if let Some(within) = within.filter(|ms| *ms > 0) {
                    hurried(&node, &c, within);
                }
                (Ask::When(c), None)
            }
            Written::Given(text) => (Ask::Given(text), None),
        },
        "run" => (Ask::Run(command(t, &node, scope)?), Some(Answer::Run)),
        "http" => (Ask::Http(http_call(&node, scope)?), Some(Answer::Http)),
        "socket" => {
            let (path, send) = socket(&node, scope)?;
            (Ask::Socket { path, send }, Some(Answer::Socket))
        }
        "file" => (Ask::File(template(&node, scope)?), Some(Answer::File)),
        "probe" => (Ask::Named(node.reference("probe", t.cx.known.of("probes"))?), None),
        _ => {
            node.reference("procedure", t.cx.known.of("procedures"));
            if t.opt("newer_than").is_none_or(|n| n.dur().is_none()) {
                t.cx.error(
                    t.key_span("drill"),
                    "`drill` lacks `newer_than`",
                    "write how old it may be: \"7d\"",
                );
            }
            t.cx.not_yet(t.key_span("drill"), Severity::Error, "a `drill` probe", "ask something else here");
            return None;
        }
    };
    if let (None, Some(e)) = (answer, &expect) {
        e.error(format!("`expect` has no meaning beside `{kind}`"), "a condition says itself what must hold");
        return None;
    }
    let expect = match answer {
        Some(a) => expectation(expect, a)?,
        None => Default::default(),
    };
    Some(Probe { ask, expect, within, every: every?, rehearse: None })
}
