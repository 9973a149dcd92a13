//! Names that only a run can know (`run.elapsed`, `steps.ID.value`, `answers.X` …), put in just before a step is done.

use super::fill::whole_secret;
use super::spell::is_plain;
use crate::model::playbook::{
    Capture, Change, FileEdit, FileWrite, Freeze, Question, SocketCall, Step, StepKind,
};
use crate::model::probe::{Ask, Command, HttpCall, Probe};
use crate::model::template::Template;
use indexmap::IndexMap;
use serde_json::Value;

const NAMES: [&str; 7] =
    ["run.dir", "run.report", "run.elapsed", "run.effect", "run.outcome", "run.state", "verdict"];
const KINDS: [&str; 5] = ["signal.", "objective.", "answers.", "steps.", "incident."];

/// Whether a name has a value only while a run goes on.
pub fn is_late(name: &str) -> bool {
    NAMES.contains(&name) || KINDS.iter().any(|k| name.strip_prefix(k).is_some_and(|rest| !rest.is_empty()))
}

/// A value by its name.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A step with every late name filled in. Secrets stay standing.
///
/// # Errors
/// In words: a name without a value, or a value that a shell would read into.
pub fn fill_step(step: &Step, lookup: Lookup<'_>) -> Result<Step, String> {
    Late(lookup).step(step)
}

/// A probe with every late name filled in.
///
/// # Errors
/// See [`fill_step`].
pub fn fill_probe(probe: &Probe, lookup: Lookup<'_>) -> Result<Probe, String> {
    Late(lookup).probe(probe)
}

/// A command with every late name filled in.
///
/// # Errors
/// See [`fill_step`].
pub fn fill_command(command: &Command, lookup: Lookup<'_>) -> Result<Command, String> {
    Late(lookup).command(command)
}

/// How a value stands in a template.
#[derive(Clone, Copy)]
enum As {
    /// As it is: one argument, a line of a file.
    Itself,
    /// Within single quotes that the far shell takes away.
    Quoted,
    /// Read by a shell as it stands.
    Script,
    /// What a pattern's match is replaced with: `$` would name a group.
    Replacement,
}

struct Late<'a>(Lookup<'a>);

type Filled<T> = Result<T, String>;

impl Late<'_> {
    fn text_as(&self, t: &Template, how: As) -> Filled<Template> {
        let mut values = IndexMap::new();
        for name in t.names().into_iter().filter(|n| is_late(n)) {
            let value = (self.0)(name).ok_or_else(|| format!("`{name}` has no value yet"))?;
            let value = match how {
                As::Itself => value,
                As::Quoted => value.replace('\'', r"'\''"),
                As::Replacement => value.replace('$', "$$"),
                As::Script if is_plain(&value) => value,
                As::Script => return Err(format!("a shell would read into the value of `{name}`")),
            };
            // Nothing in a value is a name: it is not filled again.
            values.insert(name.to_owned(), value.replace("{{", "{ {").replace('\0', ""));
        }
        Ok(match values.is_empty() {
            true => t.clone(),
            false => t.fill_known(&|name| values.get(name).cloned()),
        })
    }

    fn text(&self, t: &Template) -> Filled<Template> {
        self.text_as(t, As::Itself)
    }

    fn maybe(&self, t: &Option<Template>) -> Filled<Option<Template>> {
        t.as_ref().map(|t| self.text(t)).transpose()
    }

    fn list(&self, list: &[Template]) -> Filled<Vec<Template>> {
        list.iter().map(|t| self.text(t)).collect()
    }

    fn table(&self, table: &IndexMap<String, Template>) -> Filled<IndexMap<String, Template>> {
        table.iter().map(|(k, v)| Ok((k.clone(), self.text(v)?))).collect()
    }

    /// String by string, so that a value cannot leave its quotes.
    fn json(&self, value: &Value) -> Filled<Value> {
        Ok(match value {
            Value::String(s) => Value::String(self.text(&Template(s.clone()))?.0),
            Value::Array(list) => Value::Array(list.iter().map(|v| self.json(v)).collect::<Filled<_>>()?),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(k, v)| Ok((k.clone(), self.json(v)?))).collect::<Filled<_>>()?)
            }
            other => other.clone(),
        })
    }

    fn words(&self, argv: &[Template], like: &Command) -> Filled<Vec<Template>> {
        let far = like.on.is_some() && argv.first().is_some_and(|a| a.0 == "ssh");
        let how = match (like.shell, far) {
            (true, _) => As::Script,
            (false, true) => As::Quoted,
            (false, false) => As::Itself,
        };
        argv.iter().map(|t| self.text_as(t, how)).collect()
    }

    fn command(&self, c: &Command) -> Filled<Command> {
        Ok(Command {
            argv: self.words(&c.argv, c)?,
            cwd: self.maybe(&c.cwd)?,
            env: c
                .env
                .iter()
                .map(|(k, v)| {
                    Ok((k.clone(), if whole_secret(v).is_some() { v.clone() } else { self.text(v)? }))
                })
                .collect::<Filled<_>>()?,
            stdin: self.maybe(&c.stdin)?,
            ..c.clone()
        })
    }

    fn call(&self, h: &HttpCall) -> Filled<HttpCall> {
        Ok(HttpCall {
            url: self.text(&h.url)?,
            headers: self.table(&h.headers)?,
            json: h.json.as_ref().map(|v| self.json(v)).transpose()?,
            text: self.maybe(&h.text)?,
            ..h.clone()
        })
    }

    fn probe(&self, p: &Probe) -> Filled<Probe> {
        let ask = match &p.ask {
            Ask::Run(c) => Ask::Run(self.command(c)?),
            Ask::Http(h) => Ask::Http(self.call(h)?),
            Ask::Socket { path, send } => Ask::Socket { path: self.text(path)?, send: self.text(send)? },
            Ask::File(path) => Ask::File(self.text(path)?),
            Ask::When(_) | Ask::Given(_) | Ask::Named(_) => p.ask.clone(),
        };
        Ok(Probe { ask, ..p.clone() })
    }

    fn guard(&self, p: &Option<Probe>) -> Filled<Option<Probe>> {
        p.as_ref().map(|p| self.probe(p)).transpose()
    }

    fn step(&self, s: &Step) -> Filled<Step> {
        let kind = match &s.kind {
            StepKind::Run(c) => StepKind::Run(self.command(c)?),
            StepKind::Http(h) => StepKind::Http(self.call(h)?),
            StepKind::Socket(c) => StepKind::Socket(SocketCall {
                path: self.text(&c.path)?,
                send: self.text(&c.send)?,
                expect: c.expect.clone(),
            }),
            StepKind::Check(p) => StepKind::Check(self.probe(p)?),
            StepKind::Write(w) => StepKind::Write(FileWrite {
                file: self.text(&w.file)?,
                content: self.text(&w.content)?,
                mode: w.mode,
                backup: w.backup,
            }),
            StepKind::Edit(e) => StepKind::Edit(FileEdit {
                file: self.text(&e.file)?,
                format: e.format,
                change: match &e.change {
                    Change::Set(set) => Change::Set(self.table(set)?),
                    Change::Replace { pattern, with } => Change::Replace {
                        pattern: pattern.clone(),
                        with: self.text_as(with, As::Replacement)?,
                    },
                },
            }),
            StepKind::Ask(q) => StepKind::Ask(Question {
                text: self.text(&q.text)?,
                prefill: self.maybe(&q.prefill)?,
                ..q.clone()
            }),
            StepKind::Capture(c) => StepKind::Capture(Capture {
                files: self.list(&c.files)?,
                commands: c.commands.iter().map(|c| self.command(c)).collect::<Filled<_>>()?,
                ..c.clone()
            }),
            StepKind::Wait(_)
            | StepKind::Verify(_)
            | StepKind::Hold(_)
            | StepKind::Notify { .. }
            | StepKind::Procedure { .. }
            | StepKind::Ramp(_) => s.kind.clone(),
        };
        let like = match &s.kind {
            StepKind::Run(c) => Command { shell: false, ..c.clone() },
            _ => Command::default(),
        };
        let freezes = match &s.freezes {
            Some(f) => Some(Freeze { what: self.text(&f.what)?, undo: f.undo.clone() }),
            None => None,
        };
        Ok(Step {
            name: self.text(&Template(s.name.clone()))?.0,
            kind,
            prove: self.guard(&s.prove)?,
            already: self.guard(&s.already)?,
            observe: self.guard(&s.observe)?,
            dry_run: s.dry_run.as_ref().map(|argv| self.words(argv, &like)).transpose()?,
            freezes,
            ..s.clone()
        })
    }
}
