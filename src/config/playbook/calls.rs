//! What is asked of the world: commands, requests, socket lines, and what their answers must be.

use super::lints;
use super::templates::{Scope, argv, json, template, template_map};
use super::words::{pattern, pointer};
use crate::config::walk::{Node, Table};
use crate::model::probe::{Command, Expectation, HttpCall};
use crate::model::template::Template;
use indexmap::IndexMap;

/// What an `expect` may say, by what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Of a command.
    Run,
    /// Of a URL.
    Http,
    /// Of a socket.
    Socket,
    /// Of a file.
    File,
}

/// An `expect` table.
pub fn expectation(n: Option<Node<'_>>, answer: Answer) -> Option<Expectation> {
    let mut e = Expectation::default();
    let Some(n) = n else { return Some(e) };
    let t = n.table()?;
    let fits: &[&str] = match answer {
        Answer::Run => &["exit", "stdout", "stderr", "json", "equals"],
        Answer::Http => &["status", "body", "json", "equals"],
        Answer::Socket => &["stdout"],
        Answer::File => &["exists", "executable"],
    };
    for key in ["exit", "status", "stdout", "stderr", "body", "json", "equals", "exists", "executable"] {
        let Some(v) = t.opt(key) else { continue };
        if !fits.contains(&key) {
            let hint = format!("here `expect` may say {}", crate::config::walk::list(fits));
            n.cx.error(t.key_span(key), format!("`{key}` has no meaning in `{}`", n.path), hint);
            continue;
        }
        match key {
            "exit" => e.exit = v.array().iter().filter_map(|c| c.int(0..=255)).map(|c| c as i32).collect(),
            "status" => {
                e.status = v.array().iter().filter_map(|c| c.int(100..=599)).map(|c| c as u16).collect()
            }
            "stdout" => e.stdout = Some(pattern(&v, None)?),
            "stderr" => e.stderr = Some(pattern(&v, None)?),
            "body" => e.body = Some(pattern(&v, None)?),
            "exists" => e.exists = v.bool(),
            "executable" => e.executable = v.bool(),
            _ => {}
        }
    }
    match (t.opt("json"), t.opt("equals")) {
        (Some(p), Some(v)) if fits.contains(&"json") => {
            e.json = Some((pointer(&p)?, json(&v, &Scope::default())?));
        }
        (Some(_), None) => n.cx.error(
            t.key_span("json"),
            format!("`{}` lacks `equals`", n.path),
            "say what must stand there: equals = false",
        ),
        (None, Some(_)) => n.cx.error(
            t.key_span("equals"),
            format!("`{}` lacks `json`", n.path),
            "say where it must stand: json = \"/enabled\"",
        ),
        _ => {}
    }
    Some(e)
}

/// Keys that may stand beside `run`.
pub const BESIDE_RUN: &[&str] = &["on", "cwd", "env", "stdin", "shell"];

/// A command of this table: `run` and the keys beside it.
pub fn command(t: &Table<'_>, run: &Node<'_>, scope: &Scope) -> Option<Command> {
    let on = t.opt("on").and_then(|n| n.reference("host", t.cx.known.of("hosts")));
    let cwd = t.opt("cwd").and_then(|n| template(&n, scope));
    let env = t.opt("env").map(|n| environment(&n, scope)).unwrap_or_default();
    let stdin = t.opt("stdin").and_then(|n| open(&n, scope));
    let shell = t.opt("shell").and_then(|n| n.bool()).unwrap_or(false);
    let argv = if shell { script(run, scope)? } else { argv(run, scope)? };
    run.array_quietly().unwrap_or_default().iter().for_each(no_secret);
    let command = Command { argv, on, shell, cwd, env, stdin, expect: Expectation::default() };
    lints::pinned(run, &command);
    Some(command)
}

/// The text of a script for `sh -c`.
fn script(run: &Node<'_>, scope: &Scope) -> Option<Vec<Template>> {
    let node = match run.array_quietly() {
        None => run.clone(),
        Some(mut items) if items.len() == 1 => items.remove(0),
        Some(_) => {
            run.error("with `shell = true` a command is one text", "write run = [\"first | second\"]");
            return None;
        }
    };
    let text = template(&node, scope)?;
    no_secret(&node);
    let free = |name: &&str| {
        scope.params.contains_key(*name) || name.starts_with("answers.") || *name == "run.reason"
    };
    if let Some(name) = text.names().into_iter().find(free) {
        let at = text.0.find(name).unwrap_or(0);
        node.cx.warn(
            node.within(&text.0, at..at + name.len()),
            format!("`{name}` becomes a part of a shell's text, whatever stands in it"),
            format!(
                "give it by `env` and write \"$NAME\" in the script: env = {{ NAME = \"{{{{ {name} }}}}\" }}"
            ),
        );
    }
    Some(vec![text])
}

/// Variables of a command; a secret is the whole of one.
fn environment(n: &Node<'_>, scope: &Scope) -> IndexMap<String, Template> {
    for (name, v) in n.pairs() {
        let Some(text) = v.value.as_str() else { continue };
        let pieces = Template(text.to_string());
        let pieces = pieces.pieces().unwrap_or_default();
        if pieces.len() > 1 && secret_in(text).is_some() {
            let hint = format!(
                "write {name} = \"{{{{ secret.NAME }}}}\", so that it is never put together and stored"
            );
            v.error("a secret must be the whole value of a variable", hint);
        }
    }
    template_map(n, scope)
}

/// A template that others on the host may read.
fn open(n: &Node<'_>, scope: &Scope) -> Option<Template> {
    no_secret(n);
    template(n, scope)
}

fn secret_in(text: &str) -> Option<String> {
    let t = Template(text.to_string());
    t.names().into_iter().find(|n| n.starts_with("secret.")).map(str::to_string)
}

fn no_secret(n: &Node<'_>) {
    let Some(text) = n.value.as_str() else { return };
    if let Some(secret) = secret_in(text) {
        let at = text.find(&secret).unwrap_or(0);
        n.cx.error(
            n.within(text, at..at + secret.len()),
            format!("`{secret}` would be readable by everyone on the host"),
            format!("give it by a variable: env = {{ NAME = \"{{{{ {secret} }}}}\" }}"),
        );
    }
}

/// An HTTP request.
pub fn http_call(n: &Node<'_>, scope: &Scope) -> Option<HttpCall> {
    http_of(&n.table()?, scope, "GET", None)
}

/// An HTTP request whose keys stand in this table; `url` is the address when none is written.
pub fn http_of(t: &Table<'_>, scope: &Scope, usual: &str, known_url: Option<&str>) -> Option<HttpCall> {
    let method = t.opt("method").map_or_else(|| usual.to_string(), |n| method(&n));
    let headers = t.opt("headers").map(|h| template_map(&h, scope)).unwrap_or_default();
    let body = t.at_most_one(&["json", "text"]);
    let url = match (t.opt("url"), known_url) {
        (Some(n), _) => url(&n, scope),
        (None, Some(known)) => Some(known.into()),
        (None, None) => t.req("url", "write the address: url = \"http://…\"").and(None),
    };
    let (mut as_json, mut as_text) = (None, None);
    match body {
        Some(("json", b)) => as_json = json(&b, scope),
        Some((_, b)) => as_text = template(&b, scope),
        None => {}
    }
    Some(HttpCall {
        method,
        url: url?,
        headers,
        json: as_json,
        text: as_text,
        expect: Expectation::default(),
    })
}

/// The path and the line of a `socket`.
pub fn socket(n: &Node<'_>, scope: &Scope) -> Option<(Template, Template)> {
    let t = n.table()?;
    let path = t.req("path", "write the socket's path").and_then(|n| template(&n, scope));
    let send = t.req("send", "write the line that is sent").and_then(|n| template(&n, scope));
    Some((path?, send?))
}

/// The `method` of a request.
pub fn method(n: &Node<'_>) -> String {
    let words = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map(|m| (m, m));
    n.choice(&words).unwrap_or("GET").to_string()
}

/// An address: begins with a scheme, or with a template.
pub fn url(n: &Node<'_>, scope: &Scope) -> Option<Template> {
    let t = template(n, scope)?;
    if !(t.0.starts_with("http://") || t.0.starts_with("https://") || t.0.starts_with("{{")) {
        n.error(format!("`{}` is not an address", t.0), "begin with http:// or https://");
        return None;
    }
    Some(t)
}
