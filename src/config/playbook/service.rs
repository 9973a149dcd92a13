//! `[service]`, `[vars]`, `[environments]`, `[secrets]`, `[[links]]`, `[emergency]`.

use super::conditions::before_a_run;
use super::probes::probe;
use super::templates::{Scope, argv, template};
use super::words::{Style, id};
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Automation, Confirm, Environment, Link, Secret, Service, Tone};
use indexmap::IndexMap;
use jiff::civil::Date;
use toml::de::DeValue;

/// Names that a variable may not take: templates use them already.
const RESERVED: &[&str] =
    &["environment", "verdict", "date", "count", "value", "message", "subject", "year", "month"];

/// `[service]`
pub fn service(top: &Table<'_>) -> Service {
    let Some(t) = top.req("service", "write [service] with name and owner").and_then(|n| n.table()) else {
        return Service::default();
    };
    let mut s = Service::default();
    if let Some(n) = t.req("name", "write the short name that is typed to confirm")
        && let Some(name) = n.text()
    {
        id(n.cx, n.span.clone(), &name, Style::Kebab);
        s.name = name;
    }
    s.title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| s.name.clone());
    s.owner =
        t.req("owner", "write who answers for this playbook").and_then(|n| n.text()).unwrap_or_default();
    s.trust_asserted_names = t.opt("trust_asserted_names").and_then(|n| n.bool()).unwrap_or(false);
    s.source_document = t.opt("source_document").and_then(|n| n.text());
    let updated = t.opt("updated").and_then(|n| date(&n));
    s.updated = updated.map(|d| d.to_string());
    s.review_by = match t.at_most_one(&["review_by", "review_every"]) {
        Some(("review_by", n)) => date(&n).map(|d| d.to_string()),
        Some((_, n)) => n.dur_positive().and_then(|ms| {
            if updated.is_none() {
                n.error(
                    "`review_every` needs `updated`",
                    "write the date of the last change: updated = 2026-01-31",
                );
            }
            let days = i64::try_from(ms / 86_400_000).ok()?;
            Some(updated?.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?.to_string())
        }),
        None => None,
    };
    s
}

fn date(n: &Node<'_>) -> Option<Date> {
    let written = match n.value {
        DeValue::Datetime(d) => d.to_string(),
        DeValue::String(s) => s.to_string(),
        _ => String::new(),
    };
    let date = written.parse::<Date>().ok().filter(|_| written.len() == 10);
    if date.is_none() {
        n.error(format!("`{}` is not a date", n.path), "write it as 2026-01-31, without quotes");
    }
    date
}

/// A table of variables.
fn vars(n: &Node<'_>) -> IndexMap<String, String> {
    let mut out = IndexMap::new();
    for (name, span, value) in n.keyed() {
        id(n.cx, span.clone(), name, Style::Snake);
        if RESERVED.contains(&name) {
            n.cx.error(
                span,
                format!("`{name}` is a name of ripcord's own"),
                "choose another name for the variable",
            );
        }
        if let Some(v) = value.str() {
            if v.contains("{{") {
                value.error(
                    format!("the value of `{name}` holds `{{{{`"),
                    "a variable is plain text: write the whole value",
                );
            }
            out.insert(name.to_string(), v.to_string());
        }
    }
    out
}

/// `[vars]`
pub fn top_vars(top: &Table<'_>) -> IndexMap<String, String> {
    top.opt("vars").map(|n| vars(&n)).unwrap_or_default()
}

/// `[environments.E]`
pub fn environments(top: &Table<'_>) -> IndexMap<String, Environment> {
    let mut out = IndexMap::new();
    let Some(n) = top.req("environments", "write at least one: [environments.production]") else {
        return out;
    };
    for (name, span, node) in n.keyed() {
        id(n.cx, span.clone(), name, Style::Kebab);
        let Some(t) = node.table() else { continue };
        let tones = [("danger", Tone::Danger), ("caution", Tone::Caution), ("calm", Tone::Calm)];
        let tone =
            t.req("tone", "write danger, caution or calm").and_then(|n| n.choice(&tones)).unwrap_or_default();
        let confirm =
            t.opt("confirm").and_then(|n| n.choice(&[("type", Confirm::Type), ("key", Confirm::Key)]));
        let modes = [("armed", Automation::Armed), ("shadow", Automation::Shadow), ("off", Automation::Off)];
        let prove = t.opt("prove").and_then(|n| {
            let found = probe(&n, &Scope::default())?;
            before_a_run(&n, &found);
            Some(found)
        });
        if tone == Tone::Danger && !t.has("prove") {
            n.cx.warn(
                span,
                format!("environment `{name}` is dangerous and nothing proves that it is the right target"),
                "add a probe: prove = { run = [\"hostname\"], expect = { stdout = '^prod-\\d+$' } }",
            );
        }
        let ask = if tone == Tone::Danger { Confirm::Type } else { Confirm::Key };
        out.insert(
            name.to_string(),
            Environment {
                tone,
                confirm: confirm.unwrap_or(ask),
                automation: t.opt("automation").and_then(|n| n.choice(&modes)).unwrap_or_default(),
                cwd: t.opt("cwd").and_then(|n| template(&n, &Scope::default())),
                vars: t.opt("vars").map(|n| vars(&n)).unwrap_or_default(),
                prove,
            },
        );
    }
    if n.pairs().is_empty() {
        n.error("there is no environment", "write at least one: [environments.production]");
    }
    out
}

/// `[secrets.S]`
pub fn secrets(top: &Table<'_>) -> IndexMap<String, Secret> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("secrets") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Free);
        let Some(t) = node.table() else { continue };
        let secret = match t.one_of(&["env", "file"]) {
            Some(("env", v)) => v.text().map(Secret::Env),
            Some((_, v)) => v.text().map(Secret::File),
            None => None,
        };
        if let Some(s) = secret {
            out.insert(name.to_string(), s);
        }
    }
    out
}

/// `[[links]]`
pub fn links(top: &Table<'_>) -> Vec<Link> {
    let Some(n) = top.opt("links") else { return Vec::new() };
    let link = |n: &Node<'_>| {
        let t = n.table()?;
        let title = t.req("title", "write what is found there").and_then(|n| n.text());
        let url = t.req("url", "write where it leads").and_then(|n| n.text());
        Some(Link { title: title?, url: url? })
    };
    n.array().iter().filter_map(link).collect()
}

/// `[emergency]`
pub fn emergency(top: &Table<'_>) -> Option<String> {
    let t = top.opt("emergency")?.table()?;
    if let Some(run) = t.opt("run") {
        argv(&run, &Scope::default());
        t.cx.not_yet(t.key_span("run"), Severity::Warning, "`run` in [emergency]", "its text is shown");
    }
    t.req("text", "write what to do when nothing else works").and_then(|n| n.text())
}
