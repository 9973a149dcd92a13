//! `[probes]` and `[procedures.P]`: what can be done, with parameters and phases.

use super::Keys;
use super::probes::probe;
use super::steps::{Place, step};
use super::words::{Scope, Style, id, pattern, screen_key, template};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Confirm, Expect, Param, ParamKind, Phase, Procedure, Step, Verification};
use crate::model::probe::Probe;
use indexmap::IndexMap;

/// `[probes.X]`
pub fn probes(top: &Table<'_>) -> IndexMap<String, Probe> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("probes") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(p) = probe(&node, &Scope::default()) {
            if matches!(p.ask, crate::model::probe::Ask::Named(_)) {
                node.error("a named probe cannot be another one's name", "write what it asks");
            }
            out.insert(name.to_string(), p);
        }
    }
    out
}

/// `[procedures.P]`
pub fn procedures(
    top: &Table<'_>,
    verifications: &IndexMap<String, Verification>,
    keys: &mut Keys,
) -> IndexMap<String, Procedure> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("procedures") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(p) = node.table().and_then(|t| procedure(name, &t, verifications, keys)) {
            out.insert(name.to_string(), p);
        }
    }
    out
}

fn procedure(
    name: &str,
    t: &Table<'_>,
    verifications: &IndexMap<String, Verification>,
    keys: &mut Keys,
) -> Option<Procedure> {
    let title = t.req("title", "write its name for people").and_then(|n| n.text());
    let key = t.opt("key").and_then(|n| {
        let key = screen_key(&n)?;
        keys.take(key, &n, format!("procedure `{name}`"));
        Some(key)
    });
    let params_node = t.opt("params");
    let names: Vec<String> = params_node
        .as_ref()
        .map(|n| n.pairs().iter().map(|(k, _)| k.to_string()).collect())
        .unwrap_or_default();
    let scope = Scope { run: true, params: names, ..Scope::default() };
    let params = params_node.map(|n| params(name, &n)).unwrap_or_default();
    let hidden = t.opt("hidden").and_then(|n| n.bool()).unwrap_or(false);
    let phases: Vec<Phase> =
        t.opt("phases").map(|n| n.array().iter().filter_map(phase).collect()).unwrap_or_default();
    let expect = match t.opt("expect") {
        Some(n) => expect(&n).unwrap_or_default(),
        None if hidden => Expect::default(),
        None => {
            t.req("expect", "write what it costs: expect = { duration = \"2m\", downtime = \"none\", data_loss = \"none\" }");
            Expect::default()
        }
    };
    later(name, t);
    let list = t.req("steps", "write [[procedures.NAME.steps]] with a name and what is done");
    let nodes = list.as_ref().map(|n| n.array()).unwrap_or_default();
    if let (Some(n), true) = (&list, nodes.is_empty()) {
        n.error("a procedure without steps does nothing", "write at least one step");
    }
    let place = Place { procedure: name, scope: &scope, phases: &phases, verifications };
    let read: Vec<Option<Step>> = nodes.iter().map(|n| step(n, &place)).collect();
    let ids = step_ids(&nodes);
    let takes_effect = t.opt("takes_effect").and_then(|n| n.reference("step of this procedure", &ids));
    let from = t.opt("from").and_then(|n| template(&n, &scope));
    let to = t.opt("to").and_then(|n| template(&n, &scope));
    let confirm = t.opt("confirm").and_then(|n| n.choice(&[("type", Confirm::Type), ("key", Confirm::Key)]));
    let use_when = t.opt("use_when").and_then(|n| n.text());
    let emergency = t.opt("emergency").and_then(|n| n.bool()).unwrap_or(false);
    let steps: Vec<Step> = read.into_iter().flatten().collect();
    Some(Procedure {
        title: title?,
        key,
        use_when,
        from,
        to,
        hidden,
        emergency,
        skips: Vec::new(),
        approval: Vec::new(),
        approvals: 0,
        authority: None,
        approval_within: 300_000,
        approval_default: Default::default(),
        undo: None,
        compatible_with: None,
        preflight: Vec::new(),
        guard: None,
        follow: Vec::new(),
        expect,
        confirm,
        takes_effect,
        phases,
        params,
        steps,
    })
}

/// The ids of steps, each of which may stand once.
fn step_ids(nodes: &[Node<'_>]) -> Vec<String> {
    let (mut ids, mut phases): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for n in nodes {
        let toml::de::DeValue::Table(t) = n.value else { continue };
        for (k, v) in t {
            let list = match k.get_ref().as_ref() {
                "id" => &mut ids,
                "phase" => &mut phases,
                _ => continue,
            };
            let Some(word) = v.get_ref().as_str() else { continue };
            if list.iter().any(|w| w == word) {
                let (message, hint) = match k.get_ref().as_ref() {
                    "id" => (format!("two steps have the id `{word}`"), "each id stands once in a procedure"),
                    _ => (format!("phase `{word}` begins twice"), "name the phase on its first step only"),
                };
                n.cx.error(v.span(), message, hint);
            }
            list.push(word.to_string());
        }
    }
    ids
}

/// The ids of all steps: (procedure, step).
pub fn all_step_ids(top: &Table<'_>) -> Vec<(String, String)> {
    let Some(n) = top.opt("procedures") else { return Vec::new() };
    let mut out = Vec::new();
    let toml::de::DeValue::Table(all) = n.value else { return out };
    for (name, p) in all {
        let toml::de::DeValue::Table(p) = p.get_ref() else { continue };
        let steps = p.iter().find(|(k, _)| k.get_ref() == "steps").map(|(_, v)| v.get_ref());
        let Some(toml::de::DeValue::Array(steps)) = steps else { continue };
        for s in steps.iter() {
            let toml::de::DeValue::Table(s) = s.get_ref() else { continue };
            let id = s.iter().find(|(k, _)| k.get_ref() == "id").and_then(|(_, v)| v.get_ref().as_str());
            out.extend(id.map(|id| (name.get_ref().to_string(), id.to_string())));
        }
    }
    out
}

/// Keys of a procedure that are not carried out yet: gates refuse it, comforts are noted.
fn later(name: &str, t: &Table<'_>) {
    let known = &t.cx.known;
    let refuse = |key: &str| {
        let what = format!("procedure `{name}`: `{key}`");
        t.cx.not_yet(t.key_span(key), Severity::Error, &what, "it would start without being asked for");
    };
    let note = |key: &str, hint: &str| {
        t.cx.not_yet(t.key_span(key), Severity::Warning, &format!("`{key}` of a procedure"), hint);
    };
    match t.at_most_one(&["approval", "authority"]) {
        Some(("approval", n)) => {
            let roles = n.references("role", known.of("roles"));
            roles.first().into_iter().for_each(|_| refuse("approval"));
        }
        Some((_, n)) => {
            n.reference("authority", known.of("authority"));
            refuse("authority");
        }
        None => {}
    }
    if let Some(n) = t.opt("approval_when_automatic") {
        n.bool();
        note("approval_when_automatic", "no trigger acts by itself");
    }
    if let Some(n) = t.opt("undo") {
        n.reference("procedure", known.of("procedures"));
        note("undo", "start that procedure by hand");
    }
    if let Some(n) = t.opt("checklists") {
        n.references("checklist", known.of("checklists"));
        note("checklists", "nobody is reminded of them");
    }
    if let Some(n) = t.opt("follow") {
        n.references("log", known.of("logs"));
        note("follow", "the log is not shown beside the run");
    }
}

fn expect(n: &Node<'_>) -> Option<Expect> {
    let t = n.table()?;
    Some(Expect {
        duration: t.req("duration", "write how long it takes: \"2m\"").and_then(|n| n.dur()).unwrap_or(0),
        downtime: t.req("downtime", "write \"none\" or how long").and_then(|n| n.text()).unwrap_or_default(),
        data_loss: t
            .req("data_loss", "write \"none\" or what is lost")
            .and_then(|n| n.text())
            .unwrap_or_default(),
    })
}

fn phase(n: &Node<'_>) -> Option<Phase> {
    let t = n.table()?;
    let id_node = t.req("id", "write the name that steps use").and_then(|n| Some((n.text()?, n)));
    let title = t.req("title", "write its name for people").and_then(|n| n.text());
    let budget = t.opt("budget").and_then(|n| n.dur_positive());
    if let Some(by) = t.opt("by") {
        by.dur_positive();
        t.cx.not_yet(by.span.clone(), Severity::Warning, "`by` of a phase", "its budget is shown");
    }
    let (name, node) = id_node?;
    id(t.cx, node.span.clone(), &name, Style::Kebab);
    Some(Phase { id: name, title: title?, budget, by: None })
}

/// `[procedures.P.params.N]`
fn params(procedure: &str, n: &Node<'_>) -> IndexMap<String, Param> {
    let mut out = IndexMap::new();
    for (name, span, node) in n.keyed() {
        id(n.cx, span.clone(), name, Style::Snake);
        if n.cx.known.vars.contains_key(name) {
            n.cx.error(span, format!("`{name}` is a variable already"), "give the parameter another name");
        }
        if let Some(p) = node.table().and_then(|t| param(procedure, name, &t)) {
            out.insert(name.to_string(), p);
        }
    }
    out
}

fn param(procedure: &str, name: &str, t: &Table<'_>) -> Option<Param> {
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let refuse = |what: &str| {
        let what = format!("procedure `{procedure}`: a parameter with {what}");
        t.cx.not_yet(t.span.clone(), Severity::Error, &what, "use `read`, `values` or `text`");
    };
    if let Some(pick) =
        t.opt("pick").and_then(|n| n.choice(&[("first", true), ("last", false), ("none", false)]))
        && !pick
        && t.has("values")
    {
        refuse("another `pick` than first");
    }
    if t.opt("unit").is_some() {
        t.cx.not_yet(
            t.key_span("unit"),
            Severity::Warning,
            "`unit` of a parameter",
            "its value is used as it is written",
        );
    }
    if t.opt("rehearse").is_some() {
        t.cx.not_yet(t.key_span("rehearse"), Severity::Warning, "`rehearse`", "it is only needed by drills");
    }
    let outer = t.opt("pattern");
    let kind = match t.one_of(&["values", "read", "text", "list", "files", "switch", "map"])? {
        ("values", n) => {
            let values = n.strings();
            if values.is_empty() {
                n.error("a parameter without values", "write at least one; the first is the default");
                return None;
            }
            ParamKind::Values(values)
        }
        ("read", n) => {
            let found = probe(&n, &Scope::default());
            let pattern = match outer {
                Some(p) => pattern(&p, Some("value")),
                None => {
                    t.cx.error(
                        t.span.clone(),
                        format!("`{}` lacks `pattern`", t.path),
                        "say where the value stands: pattern = '(?<value>\\S+)'",
                    );
                    None
                }
            };
            ParamKind::Read { probe: found?, pattern: pattern? }
        }
        ("text", n) => {
            let inner = n.table()?;
            let pattern = inner
                .req("pattern", "write what it must look like: pattern = '\\d+'")
                .and_then(|p| pattern(&p, None));
            let prefill = inner.opt("prefill").and_then(|n| n.text());
            ParamKind::Text { pattern: pattern?, prefill }
        }
        (kind, n) => {
            super::later::param(kind, &n);
            refuse(&format!("`{kind}`"));
            return None;
        }
    };
    Some(Param { title, kind, pick: Default::default(), unit: None })
}
