//! Filling templates: every name but secrets gets its value, named probes are put in their place, and all problems
//! are told at once.

use crate::model::playbook::{
    Playbook, ProcessRef, ReadingKind, Signal, SocketCall, Source, SourceKind, Step, StepKind, Verification,
};
use crate::model::probe::{Ask, Command, HttpCall, Probe};
use crate::model::template::{Piece, Template};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::BTreeSet;

fn secret_in(t: &Template) -> bool {
    t.names().iter().any(|n| n.starts_with("secret."))
}

/// The secret that a template is, when it is nothing else.
pub fn whole_secret(t: &Template) -> Option<&str> {
    match t.pieces().ok()?.as_slice() {
        [Piece::Name(name)] => name.strip_prefix("secret."),
        _ => None,
    }
}

/// Fills templates of one playbook with one set of values.
#[derive(Debug)]
pub struct Filler<'a> {
    playbook: &'a Playbook,
    values: IndexMap<String, String>,
    problems: BTreeSet<String>,
}

impl<'a> Filler<'a> {
    /// A filler for these values. A value that holds `{{` is a problem: it would be filled a second time later.
    pub fn new(playbook: &'a Playbook, values: IndexMap<String, String>) -> Filler<'a> {
        let braces = values.iter().filter(|(_, v)| v.contains("{{"));
        let problems = braces.map(|(n, _)| format!("the value of `{n}` holds `{{{{`")).collect();
        Filler { playbook, values, problems }
    }

    /// The problems met so far, sorted.
    pub fn problems(self) -> Vec<String> {
        self.problems.into_iter().collect()
    }

    /// Notes a problem.
    pub fn problem(&mut self, text: String) {
        self.problems.insert(text);
    }

    /// A template, filled but for secrets.
    pub fn text(&mut self, t: &Template) -> Template {
        match t.pieces() {
            Err(e) => self.problem(format!("`{t}`: {e}")),
            Ok(pieces) => {
                for piece in pieces {
                    let Piece::Name(name) = piece else { continue };
                    match name.strip_prefix("secret.") {
                        Some(s) if self.playbook.secrets.contains_key(s) => {}
                        Some(s) => self.problem(format!("`{t}`: there is no secret `{s}`")),
                        None if self.values.contains_key(name) => {}
                        None => self.problem(format!("`{t}`: nothing gives `{name}` a value")),
                    }
                }
            }
        }
        t.fill_known(&|name| self.values.get(name).cloned())
    }

    fn texts(&mut self, list: &[Template]) -> Vec<Template> {
        list.iter().map(|t| self.text(t)).collect()
    }

    fn option(&mut self, t: &Option<Template>) -> Option<Template> {
        t.as_ref().map(|t| self.text(t))
    }

    fn table(&mut self, table: &IndexMap<String, Template>) -> IndexMap<String, Template> {
        table.iter().map(|(k, v)| (k.clone(), self.text(v))).collect()
    }

    fn json(&mut self, value: &Value) -> Value {
        match value {
            Value::String(s) => Value::String(self.text(&Template(s.clone())).0),
            Value::Array(list) => Value::Array(list.iter().map(|v| self.json(v)).collect()),
            Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), self.json(v))).collect()),
            other => other.clone(),
        }
    }

    /// A command. A secret may only be the whole value of a variable: arguments can be read by everyone on the host.
    pub fn command(&mut self, c: &Command) -> Command {
        let open = c.argv.iter().chain(&c.cwd).chain(&c.stdin);
        for t in open.filter(|t| secret_in(t)) {
            self.problem(format!("`{t}`: give a secret to a command by `env` only"));
        }
        for t in c.env.values().filter(|t| secret_in(t) && whole_secret(t).is_none()) {
            self.problem(format!("`{t}`: a secret must be the whole value of a variable"));
        }
        Command {
            argv: self.texts(&c.argv),
            on: c.on.clone(),
            shell: c.shell,
            cwd: self.option(&c.cwd),
            env: self.table(&c.env),
            stdin: self.option(&c.stdin),
            expect: c.expect.clone(),
        }
    }

    /// A request.
    pub fn call(&mut self, h: &HttpCall) -> HttpCall {
        HttpCall {
            method: h.method.clone(),
            url: self.text(&h.url),
            headers: self.table(&h.headers),
            json: h.json.as_ref().map(|v| self.json(v)),
            text: self.option(&h.text),
            expect: h.expect.clone(),
        }
    }

    /// A probe; a named one is put in its place.
    pub fn probe(&mut self, p: &Probe) -> Probe {
        self.probe_below(p, 0)
    }

    fn probe_below(&mut self, p: &Probe, depth: usize) -> Probe {
        let ask = match &p.ask {
            Ask::When(c) => Ask::When(c.clone()),
            Ask::Given(text) => Ask::Given(text.clone()),
            Ask::Run(c) => Ask::Run(self.command(c)),
            Ask::Http(h) => Ask::Http(self.call(h)),
            Ask::Socket { path, send } => Ask::Socket { path: self.text(path), send: self.text(send) },
            Ask::File(path) => Ask::File(self.text(path)),
            Ask::Named(id) => {
                return match self.playbook.probes.get(id) {
                    Some(named) if depth < 8 => {
                        let named = self.probe_below(named, depth + 1);
                        Probe { within: p.within.or(named.within), ..named }
                    }
                    Some(_) => {
                        self.problem(format!("probe `{id}` names itself"));
                        p.clone()
                    }
                    None => {
                        self.problem(format!("there is no probe `{id}`"));
                        p.clone()
                    }
                };
            }
        };
        Probe { ask, expect: p.expect.clone(), within: p.within, every: p.every }
    }

    /// A step.
    pub fn step(&mut self, s: &Step) -> Step {
        let kind = match &s.kind {
            StepKind::Run(c) => StepKind::Run(self.command(c)),
            StepKind::Http(h) => StepKind::Http(self.call(h)),
            StepKind::Socket(c) => StepKind::Socket(SocketCall {
                path: self.text(&c.path),
                send: self.text(&c.send),
                expect: c.expect.clone(),
            }),
            StepKind::Check(p) => StepKind::Check(self.probe(p)),
            StepKind::Wait(w) => StepKind::Wait(w.clone()),
            other => other.clone(),
        };
        let mut guard = |p: &Option<Probe>| p.as_ref().map(|p| self.probe(p));
        let (prove, already, observe) = (guard(&s.prove), guard(&s.already), guard(&s.observe));
        Step { kind, prove, already, observe, ..s.clone() }
    }

    /// A verification.
    pub fn verification(&mut self, v: &Verification) -> Verification {
        let mut v = v.clone();
        for c in &mut v.criteria {
            c.probe = self.probe(&c.probe);
        }
        v
    }

    /// A source.
    pub fn source(&mut self, s: &Source) -> Source {
        let kind = match &s.kind {
            SourceKind::Prometheus { url, headers } => {
                SourceKind::Prometheus { url: self.text(url), headers: self.table(headers) }
            }
            SourceKind::Http { url, method, headers, body } => SourceKind::Http {
                url: self.text(url),
                method: method.clone(),
                headers: self.table(headers),
                body: self.option(body),
            },
            SourceKind::Process(p) => SourceKind::Process(match p {
                ProcessRef::Unit(t) => ProcessRef::Unit(self.text(t)),
                ProcessRef::PidFile(t) => ProcessRef::PidFile(self.text(t)),
                ProcessRef::Name(t) => ProcessRef::Name(self.text(t)),
                ProcessRef::Pid(pid) => ProcessRef::Pid(*pid),
            }),
            SourceKind::Command { argv, cwd, env } => {
                SourceKind::Command { argv: self.texts(argv), cwd: self.option(cwd), env: self.table(env) }
            }
        };
        Source { kind, ..s.clone() }
    }

    /// A signal.
    pub fn signal(&mut self, s: &Signal) -> Signal {
        let mut s = s.clone();
        if let ReadingKind::Query(q) = &s.reading {
            s.reading = ReadingKind::Query(self.text(q));
        }
        s
    }
}
