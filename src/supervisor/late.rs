//! Names that are only known while a run goes on, filled in just before a step is done or a question is asked.

use super::ask::World;
use super::watch;
use crate::model::telling::DELIVERED;
use crate::model::template::{Piece, Template};
use crate::model::time::{Millis, Now};
use crate::run::known::{Answers, known};
use crate::run::spell::is_plain;
use crate::run::{Plan, PlanStep, State};
use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Milliseconds for which a signal that a name stands for is waited for.
const PATIENCE: Millis = 5_000;

/// A run at one moment.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) plan: Arc<Plan>,
    pub(super) state: State,
    pub(super) answers: Answers,
    pub(super) now: Now,
    pub(super) run: PathBuf,
    pub(super) world: Arc<World>,
}

impl Moment {
    /// A step with these names filled in.
    ///
    /// # Errors
    /// A name without a value, or a value that must not stand there; safe to show.
    pub(super) async fn step(&self, step: &PlanStep) -> Result<PlanStep, String> {
        self.fill(step).await
    }

    /// Anything else with these names filled in.
    ///
    /// # Errors
    /// As for a step.
    pub(super) async fn fill<T: Serialize + DeserializeOwned + Clone>(&self, it: &T) -> Result<T, String> {
        let values = self.values(&names(it)).await?;
        fill(it, &values)
    }

    async fn values(&self, names: &BTreeSet<String>) -> Result<IndexMap<String, String>, String> {
        let signals: Vec<String> =
            names.iter().filter_map(|n| n.strip_prefix("signal.")).map(str::to_owned).collect();
        let read = match signals.is_empty() {
            true => IndexMap::new(),
            false => watch::values(&self.world, &self.plan.playbook, &signals, PATIENCE).await,
        };
        let mut out = IndexMap::new();
        for name in names {
            let value = match name.strip_prefix("signal.").and_then(|s| read.get(s)) {
                Some(Ok(value)) => value.clone(),
                Some(Err(_)) => "unknown".to_owned(),
                None => {
                    let dir = self.run.to_string_lossy();
                    known(&self.plan, &self.state, &self.answers, &self.now, &dir, name)
                        .ok_or_else(|| format!("nothing gives `{name}` a value"))?
                }
            };
            // Nothing in a value is a name: it is not filled a second time, with a secret say.
            out.insert(name.clone(), value.replace("{{", "{ {").replace('\0', ""));
        }
        Ok(out)
    }
}

/// The names in it that are no secrets, nor filled in when a message is delivered: freezing has filled in all others.
pub(super) fn names<T: Serialize>(it: &T) -> BTreeSet<String> {
    let late = |n: &String| !n.starts_with("secret.") && !DELIVERED.contains(&n.as_str());
    all(it).into_iter().filter(late).collect()
}

/// The secrets that stand in it.
pub(super) fn secrets<T: Serialize>(it: &T) -> BTreeSet<String> {
    all(it).iter().filter_map(|n| n.strip_prefix("secret.")).map(str::to_owned).collect()
}

fn all<T: Serialize>(it: &T) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    if let Ok(value) = serde_json::to_value(it) {
        each(&value, &mut |text| {
            let template = Template(text.to_owned());
            for piece in template.pieces().unwrap_or_default() {
                if let Piece::Name(n) = piece {
                    out.insert(n.to_owned());
                }
            }
        });
    }
    out
}

fn each(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(s) if s.contains("{{") => see(s),
        Value::Array(list) => list.iter().for_each(|v| each(v, see)),
        Value::Object(map) => map.values().for_each(|v| each(v, see)),
        _ => {}
    }
}

/// Puts these values in.
///
/// # Errors
/// A value that must not stand where its name does.
pub(super) fn fill<T: Serialize + DeserializeOwned + Clone>(
    it: &T,
    values: &IndexMap<String, String>,
) -> Result<T, String> {
    if values.is_empty() {
        return Ok(it.clone());
    }
    let mut value = serde_json::to_value(it).map_err(|e| e.to_string())?;
    put(&mut value, values, As::Itself)?;
    serde_json::from_value(value).map_err(|e| e.to_string())
}

/// How a value stands in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    /// As it is: one argument, a line of a file.
    Itself,
    /// Within the quotes that the shell on the other side of ssh takes away.
    Quoted,
    /// Read by a shell as it stands.
    Script,
}

/// How the words of a command are read, when this is one.
fn words(map: &serde_json::Map<String, Value>) -> Option<As> {
    let argv = map.get("argv")?.as_array()?;
    let shell = map.get("shell")?.as_bool()?;
    let program = argv.first().and_then(Value::as_str).and_then(|p| p.rsplit('/').next());
    let far = map.get("on").is_some_and(|on| !on.is_null());
    Some(match program {
        _ if shell => As::Script,
        Some("ssh") if far => As::Quoted,
        Some("ssh") => As::Script,
        _ => As::Itself,
    })
}

/// Where the script stands that a shell is given (`sh -c SCRIPT`); what comes after it are its arguments, which it does not read.
fn script(argv: &[Value]) -> Option<usize> {
    let program = argv.first()?.as_str()?.rsplit('/').next()?;
    let is_shell = matches!(program, "sh" | "bash" | "dash" | "zsh" | "ksh");
    let option =
        |v: &Value| v.as_str().is_some_and(|a| a.starts_with('-') && !a.starts_with("--") && a.contains('c'));
    let at = argv.iter().skip(1).position(option).filter(|_| is_shell)?;
    Some(at + 2)
}

fn put(value: &mut Value, values: &IndexMap<String, String>, how: As) -> Result<(), String> {
    match value {
        Value::String(s) if s.contains("{{") => {
            let template = Template(s.clone());
            if how == As::Script
                && let Some(name) =
                    template.names().into_iter().find(|n| values.get(*n).is_some_and(|v| !is_plain(v)))
            {
                return Err(format!("a shell would read into the value of `{name}`"));
            }
            let written = |name: &str| {
                let value = values.get(name)?;
                Some(if how == As::Quoted { value.replace('\'', r"'\''") } else { value.clone() })
            };
            *s = template.fill_known(&written).0;
        }
        Value::Array(list) => list.iter_mut().try_for_each(|v| put(v, values, how))?,
        Value::Object(map) => {
            let read = words(map);
            for (key, v) in map.iter_mut() {
                let how = if key == "argv" { read.unwrap_or(how) } else { As::Itself };
                match v.as_array_mut().filter(|_| key == "argv") {
                    Some(argv) => {
                        let script = script(argv);
                        for (i, word) in argv.iter_mut().enumerate() {
                            put(word, values, if script == Some(i) { As::Script } else { how })?;
                        }
                    }
                    None => put(v, values, how)?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::{Step, StepKind};
    use crate::model::probe::{Ask, Command, HttpCall, Probe};

    fn values(list: &[(&str, &str)]) -> IndexMap<String, String> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn run(argv: &[&str]) -> Command {
        Command { argv: argv.iter().map(|a| (*a).into()).collect(), ..Command::default() }
    }

    #[test]
    fn names_are_found_wherever_they_stand_and_secrets_are_none() {
        let mut step = Step::new("x", StepKind::Run(run(&["a", "{{ answers.b }}{{secret.c}}"])));
        let ask = Ask::Run(run(&["{{ signal.p95 }}"]));
        step.already =
            Some(Probe { ask, expect: Default::default(), within: None, every: 1, rehearse: None });
        let found: Vec<String> = names(&step).into_iter().collect();
        assert_eq!(found, ["answers.b", "signal.p95"]);
    }

    #[test]
    fn a_value_cannot_leave_the_string_of_a_body() {
        let json = Some(serde_json::json!({ "text": "said {{ answers.why }}", "n": [1, "{{ run.dir }}"] }));
        let call = HttpCall { json, ..HttpCall::default() };
        let said = values(&[("answers.why", "\", \"admin\": true"), ("run.dir", "/r")]);
        let body = fill(&call, &said).unwrap().json.unwrap();
        assert_eq!(body, serde_json::json!({ "text": "said \", \"admin\": true", "n": [1, "/r"] }));
    }

    #[test]
    fn shells_here_and_there_read_nothing_into_a_value() {
        let bad = values(&[("answers.x", "it's; rm -rf /")]);
        let far = Command { on: Some("lb".into()), ..run(&["ssh", "lb", "--", "say '{{ answers.x }}'"]) };
        let filled = fill(&far, &bad).unwrap();
        assert_eq!(shell_words::split(&filled.argv[3].0).unwrap(), ["say", "it's; rm -rf /"]);
        for script in [
            Command { shell: true, ..run(&["sh", "-c", "say {{ answers.x }}"]) },
            run(&["/bin/bash", "-c", "say {{ answers.x }}"]),
            run(&["ssh", "lb", "say {{ answers.x }}"]),
        ] {
            assert!(fill(&script, &bad).unwrap_err().contains("shell"), "{script:?}");
            assert!(fill(&script, &values(&[("answers.x", "v1.2.3")])).is_ok());
        }
        // Also in a probe.
        let probe = Probe {
            ask: Ask::Run(Command { shell: true, ..run(&["sh", "-c", "x {{ answers.x }}"]) }),
            expect: Default::default(),
            within: None,
            every: 1,
            rehearse: None,
        };
        assert!(fill(&probe, &bad).is_err());
        // Without a shell it is one argument.
        assert_eq!(fill(&run(&["say", "{{ answers.x }}"]), &bad).unwrap().argv[1].0, "it's; rm -rf /");
    }

    #[test]
    fn a_shell_reads_its_script_and_not_the_arguments_behind_it() {
        let step = |argv: &[&str]| {
            let argv = argv.iter().map(|a| (*a).into()).collect();
            Step::new("tell", StepKind::Run(Command { argv, ..Command::default() }))
        };
        let values = IndexMap::from([("message".to_owned(), "it's; rm -rf $HOME".to_owned())]);
        let filled = fill(&step(&["/bin/sh", "-ec", "printf %s \"$0\"", "{{ message }}"]), &values).unwrap();
        let StepKind::Run(c) = filled.kind else { panic!("another kind") };
        assert_eq!(c.argv[3].0, "it's; rm -rf $HOME");
        let refused = fill(&step(&["bash", "-c", "echo {{ message }}"]), &values).unwrap_err();
        assert!(refused.contains("a shell would read into the value of `message`"), "{refused}");
        assert!(fill(&step(&["ssh", "host", "echo {{ message }}"]), &values).is_err());
    }
}
