//! `[sources.S]`: where numbers come from.

use super::calls::{command, method, url};
use super::templates::{Scope, json, template, template_map};
use super::words::{Style, id};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{ProcessRef, Source, SourceKind};
use crate::model::probe::Command;
use crate::model::template::Template;
use indexmap::IndexMap;

const EVERY: u64 = 10_000;
const TIMEOUT: u64 = 3_000;

/// All sources.
pub fn sources(top: &Table<'_>) -> IndexMap<String, Source> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("sources") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(source) = node.table().and_then(|t| source(&t)) {
            out.insert(name.to_string(), source);
        }
    }
    out
}

fn source(t: &Table<'_>) -> Option<Source> {
    let every = t.opt("every").map_or(Some(EVERY), |n| n.dur_positive());
    let timeout = t.opt("timeout").map_or(Some(TIMEOUT), |n| n.dur_positive());
    let proxy = t.opt("proxy").and_then(|n| n.choice(&[("none", false), ("system", true)])).unwrap_or(true);
    let kind = match t.one_of(&["prometheus", "http", "process", "command"])? {
        ("prometheus", n) => prometheus(&n),
        ("http", n) => http(&n),
        ("process", n) => process(&n),
        (_, n) => {
            let c = n.table()?;
            if c.opt("stdin").is_some() {
                c.cx.error(c.key_span("stdin"), "`stdin` has no meaning in a source", "leave it out");
            }
            let run = c.req("run", "write the program and its arguments");
            let mut command = run.and_then(|r| command(&c, &r, &Scope::default()))?;
            if command.shell {
                command.argv.splice(0..0, ["sh".into(), "-c".into()]);
            }
            if let (Some(on), Some(env)) = (&command.on, c.opt("env")) {
                travels(on, &env);
            }
            let Command { argv, on, cwd, env, .. } = command;
            Some(SourceKind::Command { argv, on, cwd, env })
        }
    };
    Some(Source { every: every?, timeout: timeout?, proxy, kind: kind? })
}

/// What a command is given on another host stands in the arguments on the way there.
fn travels(host: &str, env: &Node<'_>) {
    let secret = |text: &str| Template(text.to_string()).names().iter().any(|n| n.starts_with("secret."));
    for (name, v) in env.table_quietly().unwrap_or_default() {
        if v.value.as_str().is_some_and(secret) {
            v.error(
                format!("the secret in `{name}` would stand in the arguments on the way to `{host}`"),
                "keep it on that host, and read it there",
            );
        }
    }
}

fn prometheus(n: &Node<'_>) -> Option<SourceKind> {
    let t = n.table()?;
    let headers = t.opt("headers").map(|h| template_map(&h, &Scope::default())).unwrap_or_default();
    let node = t.req("url", "write the server's address: url = \"http://localhost:9090\"")?;
    let url = url(&node, &Scope::default())?;
    if let Some(base) = url.0.trim_end_matches('/').strip_suffix("/api/v1") {
        node.error("`/api/v1` is added by ripcord", format!("write the base address: {base}"));
        return None;
    }
    Some(SourceKind::Prometheus { url, headers })
}

fn http(n: &Node<'_>) -> Option<SourceKind> {
    let t = n.table()?;
    let method = t.opt("method").map_or_else(|| "GET".to_string(), |n| method(&n));
    let headers = t.opt("headers").map(|h| template_map(&h, &Scope::default())).unwrap_or_default();
    let body = match t.at_most_one(&["json", "text"]) {
        Some(("json", b)) => json(&b, &Scope::default()).map(|v| v.to_string().as_str().into()),
        Some((_, b)) => template(&b, &Scope::default()),
        None => None,
    };
    let url =
        t.req("url", "write the address: url = \"http://…\"").and_then(|u| url(&u, &Scope::default()))?;
    Some(SourceKind::Http { url, method, headers, body })
}

fn process(n: &Node<'_>) -> Option<SourceKind> {
    let t = n.table()?;
    let found = match t.one_of(&["unit", "pid_file", "name", "pid"])? {
        ("pid", p) => ProcessRef::Pid(u32::try_from(p.int(1..=4_194_304)?).ok()?),
        (kind, v) => {
            let text = template(&v, &Scope::default())?;
            match kind {
                "unit" => ProcessRef::Unit(text),
                "pid_file" => ProcessRef::PidFile(text),
                _ => ProcessRef::Name(text),
            }
        }
    };
    Some(SourceKind::Process(found))
}
