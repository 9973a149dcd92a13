//! `[incident]` and `[checklists]`: how an incident is named, and what people work through around it.

use super::later;
use super::templates::{Reach, Scope, argv, template};
use super::words::{Style, id};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Checklist, Item, Moment};
use crate::model::template::Template;
use indexmap::IndexMap;

/// How an incident is named when nothing is said.
const INCIDENT: &str = "INC-{{ date }}-{{ count }}";

/// `[incident] id`
pub fn incident(top: &Table<'_>) -> Template {
    let usual = || INCIDENT.into();
    let Some(t) = top.opt("incident").and_then(|n| n.table()) else { return usual() };
    if let Some(run) = t.opt("run") {
        argv(&run, &Scope { reach: Reach::Running, later: true, extra: &["count"], ..Scope::default() });
        let hint = "incidents are named by `id`";
        t.cx.not_yet(t.key_span("run"), Severity::Warning, "`run` of [incident]", hint);
    }
    let Some(n) = t.opt("id") else { return usual() };
    let scope = Scope { extra: &["date", "count"], ..Scope::default().shown() };
    let Some(found) = n.text().and_then(|_| template(&n, &scope)) else { return usual() };
    if !found.names().contains(&"count") {
        n.error(
            "two incidents would have one name",
            format!("number them: id = \"{}-{{{{ count }}}}\"", found.0.trim()),
        );
    }
    found
}

/// `[checklists.C]`
pub fn checklists(top: &Table<'_>) -> IndexMap<String, Checklist> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("checklists") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(c) = node.table().and_then(|t| checklist(&t)) {
            out.insert(name.to_string(), c);
        }
    }
    out
}

fn checklist(t: &Table<'_>) -> Option<Checklist> {
    let title = t.req("title", "write its name for people").and_then(|n| n.text());
    let moments = [
        ("ready", Moment::Ready),
        ("before", Moment::Before),
        ("during", Moment::During),
        ("after", Moment::After),
    ];
    let moment = t
        .req("moment", "write when it is worked: ready, before, during or after")
        .and_then(|n| n.choice(&moments));
    let due = t.opt("due").and_then(|n| n.dur_positive());
    if t.has("due") && moment.is_some_and(|m| m != Moment::After) {
        let hint = "it counts from the run's end: write moment = \"after\", or leave `due` out";
        t.cx.error(t.key_span("due"), "`due` belongs to moment = \"after\"", hint);
    }
    let list = t.req("items", "write what is to be done: items = [{ text = \"…\" }]");
    let nodes = list.as_ref().map(|n| n.array()).unwrap_or_default();
    if let Some(n) = list.filter(|n| n.array_quietly().is_some_and(|a| a.is_empty())) {
        n.error("there is nothing to tick", "write at least one item: items = [{ text = \"…\" }]");
    }
    let items = nodes.iter().filter_map(item).collect();
    Some(Checklist { title: title?, moment: moment?, due, items })
}

fn item(n: &Node<'_>) -> Option<Item> {
    let t = n.table()?;
    let text = t.req("text", "write what is to be done").and_then(|n| {
        template(&n, &Scope::default().shown())?;
        n.text()
    });
    let roles = t.opt("roles").map(|n| n.references("role", t.cx.known.of("roles"))).unwrap_or_default();
    let required = t.opt("required").and_then(|n| n.bool()).unwrap_or(true);
    later::item_keys(&t);
    Some(Item { text: text?, roles, required })
}
