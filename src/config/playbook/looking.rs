//! `[hosts]`, `[logs]`, `[guides]`: where commands run, and what is looked at.

use super::calls::{BESIDE_RUN, command};
use super::templates::{Scope, template};
use super::words::{Style, id};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Guide, GuideStep, Host, Log, LogSource, Mark};
use crate::model::template::Template;
use indexmap::IndexMap;

/// `[hosts.H]`
pub fn hosts(top: &Table<'_>) -> IndexMap<String, Host> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("hosts") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        let Some(t) = node.table() else { continue };
        let options = t.opt("options");
        let words = |n: &Node<'_>| -> Vec<Template> {
            n.array().iter().filter_map(|n| template(n, &Scope::default())).collect()
        };
        let host = match t.one_of(&["ssh", "prefix"]) {
            Some(("ssh", n)) => n
                .text()
                .and_then(|_| template(&n, &Scope::default()))
                .filter(|name| {
                    let option = name.0.starts_with('-');
                    if option {
                        n.error(format!("`{name}` is an option, not a host"), "options stand in `options`");
                    }
                    !option
                })
                .map(|name| Host::Ssh { name, options: options.as_ref().map(words).unwrap_or_default() }),
            Some((_, n)) => {
                if options.is_some() {
                    let hint = "write all words in `prefix`";
                    t.cx.error(t.key_span("options"), "`options` has no meaning beside `prefix`", hint);
                }
                super::templates::argv(&n, &Scope::default()).map(Host::Prefix)
            }
            None => None,
        };
        if let Some(h) = host {
            out.insert(name.to_string(), h);
        }
    }
    out
}

/// `[logs.L]`
pub fn logs(top: &Table<'_>) -> IndexMap<String, Log> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("logs") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(log) = node.table().and_then(|t| log(name, &t)) {
            out.insert(name.to_string(), log);
        }
    }
    out
}

fn log(name: &str, t: &Table<'_>) -> Option<Log> {
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let words = [("warn", Mark::Warn), ("critical", Mark::Critical)];
    let marks = t.opt("marks").map(|n| n.pairs()).unwrap_or_default();
    let marks =
        marks.into_iter().filter_map(|(word, n)| Some((word.to_string(), n.choice(&words)?))).collect();
    Some(Log { title, from: log_source(t)?, marks })
}

/// Where a log is: `file`, or `run` and what may stand beside it.
pub fn log_source(t: &Table<'_>) -> Option<LogSource> {
    Some(match t.one_of(&["file", "run"])? {
        ("file", n) => {
            for &key in BESIDE_RUN {
                if t.opt(key).is_some() {
                    let hint = "a file is read here: write run = [\"tail\", …] for another host";
                    t.cx.error(t.key_span(key), format!("`{key}` has no meaning beside `file`"), hint);
                }
            }
            LogSource::File(template(&n, &Scope::default())?)
        }
        (_, n) => LogSource::Run(command(t, &n, &Scope::default())?),
    })
}

/// `[guides.G]`
pub fn guides(top: &Table<'_>) -> IndexMap<String, Guide> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("guides") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        let Some(t) = node.table() else { continue };
        let title = t.req("title", "write its name for people").and_then(|n| n.text());
        let symptom = t.opt("symptom").and_then(|n| n.text()).unwrap_or_default();
        let steps = t.req("steps", "write what to do: steps = [{ text = \"…\" }]");
        let steps: Vec<GuideStep> =
            steps.map(|n| n.array().iter().filter_map(guide_step).collect()).unwrap_or_default();
        if let Some(title) = title {
            out.insert(name.to_string(), Guide { title, symptom, steps });
        }
    }
    out
}

fn guide_step(n: &Node<'_>) -> Option<GuideStep> {
    let t = n.table()?;
    let scope = Scope::default();
    let text = t.req("text", "write what to do").and_then(|n| template(&n, &scope.shown()));
    let run = match t.opt("run") {
        Some(n) => Some(command(&t, &n, &scope)?),
        None => {
            for &key in BESIDE_RUN {
                if t.opt(key).is_some() {
                    t.cx.error(
                        t.key_span(key),
                        format!("`{key}` has no meaning without `run`"),
                        "leave it out",
                    );
                }
            }
            None
        }
    };
    Some(GuideStep { text: text?, run })
}
