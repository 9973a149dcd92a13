//! `[incident]` and `[checklists]`: how an incident is named, and what people work through around it.

use super::calls::{BESIDE_RUN, command};
use super::kinds::{beside, what};
use super::probes::{probe, probe_of};
use super::steps::Place;
use super::templates::{Reach, Scope, template};
use super::words::{Style, id};
use super::{later, lints, rehearse};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Checklist, Item, ItemDoes, Moment, StepKind, Ticket, Verification};
use crate::model::template::Template;
use indexmap::IndexMap;

/// How an incident is named when nothing is said.
const INCIDENT: &str = "INC-{{ date }}-{{ count }}";

/// `[incident]`: how one is named, and what opens its ticket.
pub fn incident(top: &Table<'_>) -> (Template, Option<Ticket>) {
    let Some(t) = top.opt("incident").and_then(|n| n.table()) else { return (INCIDENT.into(), None) };
    (id_of(&t).unwrap_or_else(|| INCIDENT.into()), ticket(&t))
}

fn id_of(t: &Table<'_>) -> Option<Template> {
    let n = t.opt("id")?;
    let scope = Scope { extra: &["date", "count"], ..Scope::default().shown() };
    let found = n.text().and_then(|_| template(&n, &scope))?;
    if !found.names().contains(&"count") {
        n.error(
            "two incidents would have one name",
            format!("number them: id = \"{}-{{{{ count }}}}\"", found.0.trim()),
        );
    }
    Some(found)
}

/// Milliseconds that opening a ticket may take when nothing is said.
const TICKET: u64 = 30_000;
/// Names that a ticket's command may use beside those of every template.
const OF_TICKET: &[&str] =
    &["incident.id", "incident.started", "incident.reason", "date", "count", "severity"];

/// `run`, and the keys beside it.
fn ticket(t: &Table<'_>) -> Option<Ticket> {
    let Some(run) = t.opt("run") else {
        for key in BESIDE_RUN.iter().chain(&["timeout"]).filter(|k| t.opt(k).is_some()) {
            let hint = "write run = [\"program\", \"argument\"]: its first line names the incident";
            t.cx.error(t.key_span(key), format!("`{key}` has no meaning without `run`"), hint);
        }
        return None;
    };
    let timeout = t.opt("timeout").map_or(Some(TICKET), |n| n.dur_positive());
    let command = command(t, &run, &Scope { extra: OF_TICKET, ..Scope::default() });
    Some(Ticket { command: command?, timeout: timeout? })
}

/// Milliseconds that what an item does may take when nothing is said.
const LIMIT: u64 = 30_000;
/// Milliseconds that keeping evidence may take when nothing is said.
const CAPTURE: u64 = 60_000;
/// What an item may do itself; one of them at most. The last four belong into a procedure.
const DOES: &[&str] = &[
    "when",
    "file",
    "probe",
    "check",
    "run",
    "http",
    "socket",
    "notify",
    "capture",
    "ask",
    "mark",
    "write",
    "edit",
    "procedure",
    "verify",
];
/// Keys that only have a meaning beside what an item does itself.
const BESIDE: &[&str] =
    &["on", "cwd", "env", "stdin", "expect", "within", "every", "timeout", "args", "rehearse"];

/// `[checklists.C]`
pub fn checklists(
    top: &Table<'_>,
    verifications: &IndexMap<String, Verification>,
) -> IndexMap<String, Checklist> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("checklists") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(c) = node.table().and_then(|t| checklist(&t, verifications)) {
            out.insert(name.to_string(), c);
        }
    }
    out
}

fn checklist(t: &Table<'_>, verifications: &IndexMap<String, Verification>) -> Option<Checklist> {
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
    let items = nodes.iter().filter_map(|n| item(n, verifications)).collect();
    Some(Checklist { title: title?, moment: moment?, due, items })
}

fn item(n: &Node<'_>, verifications: &IndexMap<String, Verification>) -> Option<Item> {
    let t = n.table()?;
    let text = t.req("text", "write what is to be done").and_then(|n| {
        template(&n, &Scope::default().shown())?;
        n.text()
    });
    let roles = t.opt("roles").map(|n| n.references("role", t.cx.known.of("roles"))).unwrap_or_default();
    let required = t.opt("required").and_then(|n| n.bool()).unwrap_or(true);
    let does = does(&t, verifications);
    Some(Item { text: text?, roles, required, does: does? })
}

/// What an item does itself; the outer `None` when that has a problem.
fn does(t: &Table<'_>, verifications: &IndexMap<String, Verification>) -> Option<Option<ItemDoes>> {
    let Some((kind, node)) = t.at_most_one(DOES) else {
        for key in BESIDE.iter().filter(|k| t.opt(k).is_some()) {
            let hint = "write what the item does itself (`run`, `http`, `check`, …), or leave it out";
            t.cx.error(t.key_span(key), format!("`{key}` has no meaning where a person ticks"), hint);
        }
        return Some(None);
    };
    let scope = Scope { reach: Reach::Running, ..Scope::default() };
    let place = Place { scope, phases: &[], verifications, fallback: false };
    let timeout = t.opt("timeout").map(|n| n.dur_positive());
    let reads = kind == "http" && node.peek("method").is_none_or(|m| reads_only(&m));
    if matches!(kind, "when" | "file" | "probe" | "check") || reads {
        let fixed = Scope::default();
        let asked = if kind == "check" { probe(&node, &fixed) } else { probe_of(t, &fixed) };
        if kind == "check" && t.opt("rehearse").is_some() {
            let hint = "write check = { …, rehearse = \"condition over the state\" }";
            t.cx.error(t.key_span("rehearse"), "`rehearse` of a check stands inside of it", hint);
        }
        let mut asked = asked?;
        if let Some(timeout) = timeout {
            asked.within = asked.within.or(timeout);
        }
        return Some(Some(ItemDoes::Judge(asked)));
    }
    if matches!(kind, "write" | "edit" | "procedure" | "verify") {
        later::item_keys(t);
        let hint =
            "write it as a procedure, whose runs are recorded and can be undone; a person ticks this item";
        t.cx.not_yet(
            t.key_span(kind),
            Severity::Warning,
            &format!("`{kind}` as an item of a checklist"),
            hint,
        );
        return Some(None);
    }
    if kind == "mark" {
        let name = node.text()?;
        id(node.cx, node.span.clone(), &name, Style::Kebab);
        return Some(Some(ItemDoes::Mark(name)));
    }
    beside(t, Some(kind));
    let rehearse = rehearse::doing(t, Some(kind), &place.scope);
    lints::step(kind, &node);
    let found = what(kind, &node, t, &place)?;
    let usual = if kind == "capture" { CAPTURE } else { LIMIT };
    Some(Some(match found {
        StepKind::Ask(q) => ItemDoes::Ask(q, rehearse),
        kind => ItemDoes::Act { kind: Box::new(kind), timeout: timeout.unwrap_or(Some(usual))?, rehearse },
    }))
}

/// Whether a request of this method changes nothing, so that it is a question.
fn reads_only(method: &Node<'_>) -> bool {
    method.value.as_str().is_some_and(|m| matches!(m.to_ascii_uppercase().as_str(), "GET" | "HEAD"))
}
