//! Filling templates: names get their values (secrets and what only a run knows stay standing), `$names` of conditions
//! theirs, named probes are put in their place, commands are spelled out. All problems are told at once.

use super::given;
use super::spell::{is_plain, spell};
use crate::model::condition::Condition;
use crate::model::drill::{Rehearse, Simulated, Speaks};
use crate::model::playbook::{
    Baseline, Capture, Change, Criterion, FileEdit, FileWrite, Freeze, Guide, GuideStep, Host, Log,
    LogSource, Playbook, ProcessRef, Question, ReadingKind, Signal, SocketCall, Source, SourceKind, Step,
    StepKind, Verification,
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

/// Whether a name has a value only while a run goes on.
fn is_late(name: &str) -> bool {
    const NAMES: [&str; 5] = ["run.elapsed", "run.effect", "run.outcome", "run.state", "verdict"];
    const KINDS: [&str; 5] = ["signal.", "objective.", "answers.", "steps.", "incident.age"];
    NAMES.contains(&name) || KINDS.iter().any(|k| name.starts_with(k))
}

/// Names and what stands for them: in templates, and behind `$` in conditions.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// In templates.
    pub names: IndexMap<String, String>,
    /// In conditions, with their units.
    pub literals: IndexMap<String, String>,
}

/// Fills templates of one playbook with one set of values.
#[derive(Debug)]
pub struct Filler<'a> {
    /// The playbook.
    pub(super) playbook: &'a Playbook,
    /// The values that hold everywhere.
    base: Values,
    /// Those that hold here.
    here: Values,
    /// Names that only a run knows may stay standing here.
    running: bool,
    /// What has no value stays standing everywhere, and is no problem: on paper a person puts it in.
    loose: bool,
    /// Where we are, for problems: `step 3`.
    place: String,
    /// Names of a run that stayed standing.
    standing: BTreeSet<String>,
    problems: Vec<String>,
}

impl<'a> Filler<'a> {
    /// A filler for these values. A value that holds `{{` is a problem: it would be filled a second time later.
    pub fn new(playbook: &'a Playbook, values: IndexMap<String, String>) -> Filler<'a> {
        let braces = values.iter().filter(|(_, v)| v.contains("{{"));
        let problems = braces.map(|(n, _)| format!("the value of `{n}` holds `{{{{`")).collect();
        let base = Values { names: values, literals: IndexMap::new() };
        Filler {
            playbook,
            here: base.clone(),
            base,
            running: false,
            loose: false,
            place: String::new(),
            standing: BTreeSet::new(),
            problems,
        }
    }

    /// A filler that leaves standing what has no value.
    pub(super) fn loose(playbook: &'a Playbook, values: IndexMap<String, String>) -> Filler<'a> {
        Filler { loose: true, ..Filler::new(playbook, values) }
    }

    /// Whether what has no value stays standing.
    pub(super) fn is_loose(&self) -> bool {
        self.loose
    }

    /// The problems met so far, in the order they were met.
    pub fn problems(self) -> Vec<String> {
        self.problems
    }

    /// Notes a problem.
    pub fn problem(&mut self, text: String) {
        let text = if self.place.is_empty() { text } else { format!("{}: {text}", self.place) };
        if !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    /// From here on problems are told with this place, and names of a run may stay standing; nowhere for `None`.
    pub(super) fn at(&mut self, place: Option<String>) {
        self.running = place.is_some();
        self.place = place.unwrap_or_default();
    }

    /// From here on these values hold beside those that hold everywhere; answers what held until now.
    pub(super) fn only(&mut self, more: Values) -> Values {
        let mut here = self.base.clone();
        here.names.extend(more.names);
        here.literals.extend(more.literals);
        std::mem::replace(&mut self.here, here)
    }

    /// From here on these values hold too; answers what held until now.
    pub(super) fn also(&mut self, more: Values) -> Values {
        let before = self.here.clone();
        self.here.names.extend(more.names);
        self.here.literals.extend(more.literals);
        before
    }

    /// What held before holds again.
    pub(super) fn back(&mut self, before: Values) {
        self.here = before;
    }

    /// The value of a name here.
    pub(super) fn value(&self, name: &str) -> Option<&String> {
        self.here.names.get(name)
    }

    /// Names of a run that stayed standing so far.
    pub(super) fn standing(&self) -> &BTreeSet<String> {
        &self.standing
    }

    /// A template, filled but for secrets and what only a run knows.
    pub fn text(&mut self, t: &Template) -> Template {
        match t.pieces() {
            Err(e) => self.problem(format!("`{t}`: {e}")),
            Ok(pieces) => {
                for piece in pieces {
                    let Piece::Name(name) = piece else { continue };
                    match name.strip_prefix("secret.") {
                        Some(s) if self.playbook.secrets.contains_key(s) => {}
                        Some(s) => self.problem(format!("`{t}`: there is no secret `{s}`")),
                        None if self.here.names.contains_key(name) => {}
                        None if is_late(name) && self.running => {}
                        None if is_late(name) => {
                            self.problem(format!("`{t}`: `{name}` is known only while a run goes on"));
                        }
                        None => self.problem(format!("`{t}`: nothing gives `{name}` a value")),
                    }
                }
            }
        }
        let filled = t.fill_known(&|name| self.here.names.get(name).cloned());
        self.standing.extend(filled.names().into_iter().filter(|n| is_late(n)).map(str::to_owned));
        filled
    }

    /// A text that people see: a secret may not stand in it.
    pub(super) fn shown(&mut self, t: &Template) -> Template {
        let filled = self.text(t);
        if secret_in(&filled) {
            self.problem(format!("`{t}`: a secret would be shown"));
        }
        filled
    }

    /// A condition with `$names`.
    pub(super) fn given(&mut self, text: &str) -> Option<Condition> {
        match given::condition(self.playbook, text, &self.here.literals) {
            Ok(c) => Some(c),
            Err(_) if self.loose => Some(given::known(text.to_owned(), true)),
            Err(e) => {
                self.problem(e);
                None
            }
        }
    }

    /// What a pattern's match is replaced with: a `$` in a value names no group.
    fn replacement(&mut self, t: &Template) -> Template {
        let doubled = self.here.names.iter().map(|(k, v)| (k.clone(), v.replace('$', "$$"))).collect();
        let before = self.also(Values { names: doubled, literals: IndexMap::new() });
        let filled = self.text(t);
        self.back(before);
        filled
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
            Value::String(s) => {
                let filled = self.text(&Template(s.clone())).0;
                // A ramp's value is a number, and stays one.
                let bare = s.trim().strip_prefix("{{").and_then(|s| s.strip_suffix("}}")).map(str::trim);
                match filled.parse::<serde_json::Number>() {
                    Ok(number) if bare == Some("value") => Value::Number(number),
                    _ => Value::String(filled),
                }
            }
            Value::Array(list) => Value::Array(list.iter().map(|v| self.json(v)).collect()),
            Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), self.json(v))).collect()),
            other => other.clone(),
        }
    }

    /// A command, spelled out for its host. A secret may only be the whole value of a variable: arguments can be read by
    /// everyone on the host.
    pub fn command(&mut self, c: &Command) -> Command {
        if c.shell {
            // What a shell reads as it stands must be nothing to a shell.
            let odd = |n: &&str| self.here.names.get(*n).is_some_and(|v| !is_plain(v));
            let odd: Vec<String> =
                c.argv.iter().flat_map(|t| t.names()).filter(odd).map(str::to_owned).collect();
            for name in odd {
                self.problem(format!("a shell would read into the value of `{name}`: give it by `env`"));
            }
        }
        let filled = Command {
            argv: self.texts(&c.argv),
            on: c.on.clone(),
            shell: c.shell,
            cwd: self.option(&c.cwd),
            env: self.table(&c.env),
            stdin: self.option(&c.stdin),
            expect: c.expect.clone(),
        };
        for t in filled.argv.iter().chain(&filled.cwd).chain(&filled.stdin).filter(|t| secret_in(t)) {
            self.problem(format!("`{t}`: give a secret to a command by `env` only"));
        }
        for t in filled.env.values().filter(|t| secret_in(t) && whole_secret(t).is_none()) {
            self.problem(format!("`{t}`: a secret must be the whole value of a variable"));
        }
        let host = filled.on.as_ref().and_then(|on| {
            let host = self.playbook.hosts.get(on);
            if host.is_none() {
                self.problem(format!("there is no host `{on}`"));
            }
            host
        });
        let host = host.map(|host| match host {
            Host::Ssh { name, options } => {
                Host::Ssh { name: self.shown(name), options: options.iter().map(|o| self.shown(o)).collect() }
            }
            Host::Prefix(words) => Host::Prefix(words.iter().map(|w| self.shown(w)).collect()),
        });
        spell(filled.clone(), host.as_ref()).unwrap_or_else(|e| {
            self.problem(e);
            filled
        })
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
            Ask::Given(text) => match self.given(text) {
                Some(c) => Ask::When(c),
                None => Ask::Given(text.clone()),
            },
            Ask::Run(c) => Ask::Run(self.command(c)),
            Ask::Http(h) => Ask::Http(self.call(h)),
            Ask::Socket { path, send } => Ask::Socket { path: self.text(path), send: self.text(send) },
            Ask::File(path) => Ask::File(self.text(path)),
            Ask::Drill { .. } => p.ask.clone(),
            Ask::Simulated { line, holds, speaks } => Ask::Simulated {
                line: self.shown(line),
                holds: holds.clone(),
                speaks: speaks.as_ref().map(|s| self.speaks(s)),
            },
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
        Probe { ask, expect: p.expect.clone(), within: p.within, every: p.every, rehearse: None }
    }

    /// A step. What is made of several (`notify`, `procedure`, `ramp`) stays as it is.
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
            StepKind::Write(w) => StepKind::Write(FileWrite {
                file: self.shown(&w.file),
                content: self.text(&w.content),
                mode: w.mode,
                backup: w.backup,
            }),
            StepKind::Edit(e) => StepKind::Edit(FileEdit {
                file: self.shown(&e.file),
                format: e.format,
                change: match &e.change {
                    Change::Set(set) => Change::Set(self.table(set)),
                    Change::Replace { pattern, with } => {
                        Change::Replace { pattern: pattern.clone(), with: self.replacement(with) }
                    }
                },
            }),
            StepKind::Ask(q) => StepKind::Ask(Question {
                text: self.shown(&q.text),
                prefill: q.prefill.as_ref().map(|t| self.shown(t)),
                ..q.clone()
            }),
            StepKind::Capture(c) => StepKind::Capture(Capture {
                files: c.files.iter().map(|f| self.shown(f)).collect(),
                commands: c.commands.iter().map(|c| self.command(c)).collect(),
                ..c.clone()
            }),
            StepKind::Simulated(s) => StepKind::Simulated(self.simulated(s)),
            StepKind::Wait(_)
            | StepKind::Verify(_)
            | StepKind::Hold(_)
            | StepKind::Notify { .. }
            | StepKind::Procedure { .. }
            | StepKind::Ramp(_) => s.kind.clone(),
        };
        let dry_run = s.dry_run.as_ref().map(|argv| {
            let like = match &s.kind {
                StepKind::Run(c) => Command { shell: false, stdin: None, ..c.clone() },
                _ => Command::default(),
            };
            self.command(&Command { argv: argv.clone(), ..like }).argv
        });
        let name = self.shown(&Template(s.name.clone())).0;
        let freezes = s.freezes.as_ref().map(|f| Freeze { what: self.shown(&f.what), undo: f.undo.clone() });
        let mut guard = |p: &Option<Probe>| p.as_ref().map(|p| self.probe(p));
        let (prove, already, observe) = (guard(&s.prove), guard(&s.already), guard(&s.observe));
        let rehearse = s.rehearse.as_ref().map(|r| {
            // A question's only; it is nobody's problem where nothing is rehearsed.
            let set = r.set.iter().map(|(name, text)| {
                let value = given::plain(text, &self.here.literals);
                (name.clone(), value.unwrap_or_else(|_| text.clone()))
            });
            Rehearse { set: set.collect(), ..r.clone() }
        });
        Step { name, kind, prove, already, observe, dry_run, freezes, rehearse, ..s.clone() }
    }

    fn speaks(&mut self, request: &Speaks) -> Speaks {
        Speaks {
            method: request.method.clone(),
            path: self.text(&request.path),
            json: request.json.as_ref().map(|v| self.json(v)),
        }
    }

    fn rehearse(&mut self, r: &Rehearse) -> Rehearse {
        let mut set = IndexMap::new();
        for (name, text) in &r.set {
            match given::plain(text, &self.here.literals) {
                Ok(value) => drop(set.insert(name.clone(), value)),
                Err(e) => self.problem(e),
            }
        }
        let stdout = r.stdout.as_ref().map(|t| self.shown(t));
        Rehearse { set, stdout, ..r.clone() }
    }

    /// What a rehearsal does. In the state that it sets, `$names` are values with their units.
    pub(super) fn simulated(&mut self, s: &Simulated) -> Simulated {
        let speaks = s.speaks.as_ref().map(|request| self.speaks(request));
        let rehearse = self.rehearse(&s.rehearse);
        Simulated { line: self.shown(&s.line), rehearse, speaks, ..s.clone() }
    }

    /// A log.
    pub fn log(&mut self, l: &Log) -> Log {
        let from = match &l.from {
            LogSource::File(t) => LogSource::File(self.text(t)),
            LogSource::Run(c) => LogSource::Run(self.command(c)),
        };
        Log { from, ..l.clone() }
    }

    /// A guide.
    pub fn guide(&mut self, g: &Guide) -> Guide {
        let steps = g
            .steps
            .iter()
            .map(|s| GuideStep { text: self.shown(&s.text), run: s.run.as_ref().map(|c| self.command(c)) });
        Guide { steps: steps.collect(), title: g.title.clone(), symptom: g.symptom.clone() }
    }

    /// A criterion.
    pub fn criterion(&mut self, c: &Criterion) -> Criterion {
        Criterion { text: self.shown(&Template(c.text.clone())).0, probe: self.probe(&c.probe) }
    }

    /// A verification.
    pub fn verification(&mut self, v: &Verification) -> Verification {
        let criteria = v.criteria.iter().map(|c| self.criterion(c)).collect();
        Verification { criteria, ..v.clone() }
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
            SourceKind::Command { argv, on, cwd, env } => {
                let (argv, on, cwd, env) = (argv.clone(), on.clone(), cwd.clone(), env.clone());
                let c = self.command(&Command { argv, on, cwd, env, ..Command::default() });
                SourceKind::Command { argv: c.argv, on: None, cwd: c.cwd, env: c.env }
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
        if let ReadingKind::Log { from, .. } = &mut s.reading {
            *from = match &*from {
                LogSource::File(path) => LogSource::File(self.text(path)),
                // It is spelled out for its host now.
                LogSource::Run(c) => LogSource::Run(Command { on: None, shell: false, ..self.command(c) }),
            };
        }
        if let Some(Baseline::File { file, .. }) = &mut s.baseline {
            *file = self.text(file);
        }
        s.fresh = self.option(&s.fresh);
        s
    }
}
