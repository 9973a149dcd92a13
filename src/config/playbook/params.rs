//! `[procedures.P.params.N]`: values that are read, listed or chosen, and what stands for them in a condition.

use super::calls::{BESIDE_RUN, command, http_call};
use super::probes::probe;
use super::templates::{Scope, template};
use super::words::{Style, id, pattern, pointer};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Param, ParamKind, Pick, Rows};
use crate::model::probe::{Ask, Expectation, Probe};
use crate::model::unit::Unit;
use crate::run::{choice, given};
use indexmap::IndexMap;
use regex::Regex;

const KINDS: &[&str] =
    &["values", "read", "text", "number", "duration", "version", "switch", "list", "files", "map"];

/// The parameters of a procedure.
pub fn params(n: &Node<'_>) -> IndexMap<String, Param> {
    let mut out = IndexMap::new();
    for (name, span, node) in n.keyed() {
        id(n.cx, span.clone(), name, Style::Snake);
        if n.cx.known.vars.contains_key(name) {
            n.cx.error(
                span.clone(),
                format!("`{name}` is a variable already"),
                "give the parameter another name",
            );
        }
        if name == "value" {
            n.cx.error(span, "`value` is a name of ripcord's own", "choose another name for the parameter");
        }
        if let Some(p) = node.table().and_then(|t| param(name, &t)) {
            out.insert(name.to_string(), p);
        }
    }
    let declared: Vec<&str> = n.pairs().into_iter().map(|(k, _)| k).collect();
    for (name, node) in n.pairs() {
        if let Some(Param { kind: ParamKind::Map { from, to }, .. }) = out.get(name) {
            mapped(&out, &declared, from, to, &node);
        }
    }
    out
}

fn param(name: &str, t: &Table<'_>) -> Option<Param> {
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let picks = [("first", Pick::First), ("last", Pick::Last), ("none", Pick::None)];
    let pick = t.opt("pick").and_then(|n| n.choice(&picks));
    let unit = t.opt("unit").and_then(|n| param_unit(&n));
    if t.opt("rehearse").is_some() {
        t.cx.not_yet(t.key_span("rehearse"), Severity::Warning, "`rehearse`", "it is only needed by drills");
    }
    let outer = t.opt("pattern");
    let (kind_name, node) = t.one_of(KINDS)?;
    if let (Some(p), false) = (&outer, kind_name == "read") {
        let hint = "it belongs to `read`; those of `list`, `files` and `text` stand inside of them";
        t.cx.error(t.key_span("pattern"), format!("`pattern` has no meaning beside `{kind_name}`"), hint);
        pattern(p, None);
    }
    let kind = match kind_name {
        "values" => values(&node),
        "read" => read(t, &node, outer),
        "text" => text(&node),
        "number" => number(&node),
        "duration" => duration(&node),
        "version" => version(&node),
        "switch" => node.bool().map(ParamKind::Switch),
        "list" => list(&node),
        "files" => files(&node),
        _ => map(&node),
    }?;
    let many = matches!(kind, ParamKind::Values(_) | ParamKind::List { .. } | ParamKind::Files { .. });
    if pick.is_some() && !many {
        let hint = "it belongs to `values`, `list` and `files`; the others have a `prefill`";
        t.cx.error(t.key_span("pick"), format!("`pick` has no meaning beside `{kind_name}`"), hint);
    }
    if let Some(u) = unit {
        measured(t, kind_name, &kind, u);
    }
    let unit = unit.or(match kind {
        ParamKind::Number { .. } => Some(Unit::Score),
        ParamKind::Duration { .. } => Some(Unit::S),
        _ => None,
    });
    // What is found may be anything: a person chooses, unless the playbook says that the first will do.
    let found = matches!(kind, ParamKind::List { .. } | ParamKind::Files { .. });
    let usual = if found { Pick::None } else { Pick::First };
    let param = Param { title, kind, pick: pick.unwrap_or(usual), unit, rehearse: Vec::new() };
    if let (Some(n), Some(value)) = (node.peek("prefill"), choice::default(&param))
        && let Err(why) = choice::check(name, &param, &value)
    {
        n.error(why, "the default must be a good value");
    }
    Some(param)
}

/// The unit of a value.
pub fn param_unit(n: &Node<'_>) -> Option<Unit> {
    let s = n.str()?;
    let found = Unit::parse(s).filter(|u| *u != Unit::Ratio);
    if found.is_none() {
        let known: Vec<&str> = Unit::NAMES.into_iter().filter(|u| *u != "ratio").collect();
        n.cx.unknown(n.span.clone(), format!("`{s}` is not a unit"), s, &known);
    }
    found
}

/// A unit needs values that are numbers.
fn measured(t: &Table<'_>, kind_name: &str, kind: &ParamKind, unit: Unit) {
    match kind {
        ParamKind::Switch(_) | ParamKind::Duration { .. } | ParamKind::Version { .. } => t.cx.error(
            t.key_span("unit"),
            format!("`unit` has no meaning beside `{kind_name}`"),
            "leave it out: its values say what they are",
        ),
        ParamKind::Values(values) if !matches!(unit, Unit::Bool | Unit::Text) => {
            if let Some(bad) = values.iter().find(|v| v.parse::<f64>().is_err()) {
                t.cx.error(
                    t.key_span("values"),
                    format!("`{bad}` is not a number, and the parameter has a unit"),
                    "write plain numbers; the unit is added where they are compared",
                );
            }
        }
        _ => {}
    }
}

fn values(n: &Node<'_>) -> Option<ParamKind> {
    let values = n.strings();
    if values.is_empty() {
        n.error("a parameter without values", "write at least one; the first is the default");
        return None;
    }
    if let Some(twice) = values.iter().enumerate().find(|(i, v)| values[..*i].contains(v)) {
        n.error(format!("`{}` stands twice", twice.1), "each value stands once");
    }
    Some(ParamKind::Values(values))
}

fn read(t: &Table<'_>, n: &Node<'_>, outer: Option<Node<'_>>) -> Option<ParamKind> {
    let found = probe(n, &Scope::default());
    let Some(p) = outer else {
        t.cx.error(
            t.span.clone(),
            format!("`{}` lacks `pattern`", t.path),
            "say where the value stands: pattern = '(?<value>\\S+)'",
        );
        return None;
    };
    let pattern = pattern(&p, Some("value"));
    Some(ParamKind::Read { probe: found?, pattern: pattern? })
}

fn text(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let pattern =
        t.req("pattern", "write what it must look like: pattern = '\\d+'").and_then(|p| pattern(&p, None));
    let prefill = t.opt("prefill").and_then(|n| n.str()).map(str::to_string);
    Some(ParamKind::Text { pattern: pattern?, prefill })
}

fn upside_down<T: PartialOrd>(n: &Node<'_>, min: Option<T>, max: Option<T>) {
    if min.zip(max).is_some_and(|(a, b)| a > b) {
        n.error("`min` is greater than `max`", "nothing would be good");
    }
}

fn number(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let get = |key| t.opt(key).and_then(|n| n.float());
    let (min, max, prefill) = (get("min"), get("max"), get("prefill"));
    upside_down(n, min, max);
    Some(ParamKind::Number { min, max, prefill })
}

fn duration(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let get = |key| t.opt(key).and_then(|n| n.dur());
    let (min, max, ms) = (get("min"), get("max"), get("prefill"));
    upside_down(n, min, max);
    let prefill = t.opt("prefill").and_then(|n| n.value.as_str().map(str::to_string));
    Some(ParamKind::Duration { min, max, prefill: ms.and(prefill) })
}

fn version(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let prefill = t.opt("prefill").and_then(|n| n.text());
    Some(ParamKind::Version { prefill })
}

fn list(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let scope = Scope::default();
    let within = t.opt("within").and_then(|n| n.dur_positive());
    let asked = t.one_of(&["run", "http"]);
    let rows = t.one_of(&["pattern", "json"]);
    let member = t.opt("value").map(|n| n.text());
    let ask = match asked? {
        ("run", run) => Ask::Run(command(&t, &run, &scope)?),
        (_, http) => {
            for &key in BESIDE_RUN {
                if t.opt(key).is_some() {
                    t.cx.error(
                        t.key_span(key),
                        format!("`{key}` has no meaning beside `http`"),
                        "it belongs to `run`",
                    );
                }
            }
            Ask::Http(http_call(&http, &scope)?)
        }
    };
    let rows = match rows? {
        ("pattern", p) => {
            if member.is_some() {
                let hint = "the group `value` of the pattern is the value";
                t.cx.error(t.key_span("value"), "`value` has no meaning beside `pattern`", hint);
            }
            Rows::Pattern(pattern(&p, Some("value"))?)
        }
        (_, j) => Rows::Json { pointer: pointer(&j)?, value: member.flatten() },
    };
    let probe = Probe { ask, expect: Expectation::default(), within, every: 1_000, rehearse: None };
    Some(ParamKind::List { probe, rows })
}

fn files(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let glob = t
        .req("glob", "write which files: glob = \"/backups/*.tar.gz\"")
        .and_then(|n| template(&n, &Scope::default()));
    let newest = t.opt("sort").and_then(|n| n.choice(&[("newest", true), ("name", false)])).unwrap_or(true);
    let pattern_node = t.opt("pattern");
    let pattern = pattern_node.as_ref().map(|n| pattern(n, None));
    let time_format = t.opt("time_format").and_then(|n| n.text());
    let has_time = pattern
        .iter()
        .flatten()
        .filter_map(|p| Regex::new(p).ok())
        .any(|r| r.capture_names().flatten().any(|g| g == "time"));
    if time_format.is_some() && !has_time {
        t.cx.error(
            t.key_span("time_format"),
            "`time_format` needs a group named `time` in `pattern`",
            "mark where the time stands: (?<time>…)",
        );
    }
    if has_time && time_format.is_none() {
        t.cx.error(
            t.key_span("pattern"),
            "the group `time` needs `time_format`",
            "say how it is written: time_format = \"%Y-%m-%d-%H-%M\"",
        );
    }
    let pattern = match pattern {
        Some(None) => return None,
        Some(found) => found,
        None => None,
    };
    Some(ParamKind::Files { glob: glob?, newest, pattern, time_format })
}

fn map(n: &Node<'_>) -> Option<ParamKind> {
    let t = n.table()?;
    let from = t.req("from", "write which parameter it follows from").and_then(|n| n.text());
    let to = t.req("to", "write its value for each of the other's: to = { a = \"b\" }");
    let to = to.map(|n| {
        n.pairs()
            .into_iter()
            .filter_map(|(k, v)| Some((k.to_string(), super::templates::plain(&v)?)))
            .collect()
    });
    Some(ParamKind::Map { from: from?, to: to? })
}

/// A `map` follows from another parameter of the procedure, and has a value for each of its values.
fn mapped(
    all: &IndexMap<String, Param>,
    declared: &[&str],
    from: &str,
    to: &IndexMap<String, String>,
    node: &Node<'_>,
) {
    let Some(map) = node.peek("map") else { return };
    let Some(at) = map.peek("from") else { return };
    let Some(other) = all.get(from) else {
        if !declared.contains(&from) {
            let message = format!("no parameter of this procedure is named `{from}`");
            node.cx.undeclared(at.span.clone(), message, from, declared);
        }
        return;
    };
    let values: Vec<&str> = match &other.kind {
        ParamKind::Values(v) => v.iter().map(String::as_str).collect(),
        ParamKind::Switch(_) => vec!["true", "false"],
        ParamKind::Map { .. } => {
            at.error(
                format!("`{from}` follows from another parameter itself"),
                "name the one that is chosen",
            );
            return;
        }
        _ => return,
    };
    let Some(table) = map.peek("to") else { return };
    if let Some(missing) = values.iter().find(|v| !to.contains_key(**v)) {
        table.error(format!("there is no value for `{missing}`"), format!("write {missing} = \"…\""));
    }
    if let Some((extra, span, _)) = table.keyed().into_iter().find(|(k, _, _)| !values.contains(k)) {
        table.cx.unknown(span, format!("`{extra}` is not a value of `{from}`"), extra, &values);
    }
}

/// What stands for `$name` in a condition, for a value of this parameter.
pub fn sample(p: &Param) -> Option<String> {
    let value = match (p.unit, &p.kind) {
        (Some(unit), _) => return sample_of(unit),
        (None, ParamKind::Switch(_)) => "true",
        (None, _) => "x",
    };
    given::literal(value, None).ok()
}

/// What stands for a value of this unit in a condition.
pub fn sample_of(unit: Unit) -> Option<String> {
    given::literal(if unit == Unit::Bool { "true" } else { "1" }, Some(unit)).ok()
}

/// Whether nobody needs to choose for it to have a value.
pub fn has_default(p: &Param) -> bool {
    match &p.kind {
        ParamKind::List { .. } | ParamKind::Files { .. } => p.pick != Pick::None,
        ParamKind::Read { .. } | ParamKind::Map { .. } => true,
        _ => choice::default(p).is_some(),
    }
}
