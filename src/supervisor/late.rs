//! Names that are only known while a run goes on, filled in just before a step is done or a question is asked.

use super::ask::World;
use super::watch;
use crate::model::playbook::StepKind;
use crate::model::template::{Piece, Template};
use crate::model::time::{Millis, Now};
use crate::run::known::{Answers, known};
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
        let values = self.values(&names(step)).await?;
        if let StepKind::Run(c) = &step.step.kind
            && for_a_shell(c)
        {
            let odd = |v: &str| !v.chars().all(|c| c.is_alphanumeric() || " _.,:/@%+=-".contains(c));
            if let Some((name, _)) = values.iter().find(|(_, v)| odd(v)) {
                return Err(format!("the value of `{name}` holds characters that a shell would read"));
            }
        }
        fill(step, &values)
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
            if value.contains("{{") {
                return Err(format!("the value of `{name}` holds `{{{{`"));
            }
            out.insert(name.clone(), value);
        }
        Ok(out)
    }
}

/// The names in it that are no secrets: freezing has filled in all others.
pub(super) fn names<T: Serialize>(it: &T) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    if let Ok(value) = serde_json::to_value(it) {
        each(&value, &mut |text| {
            let template = Template(text.to_owned());
            for piece in template.pieces().unwrap_or_default() {
                match piece {
                    Piece::Name(n) if !n.starts_with("secret.") => drop(out.insert(n.to_owned())),
                    _ => {}
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

fn fill<T: Serialize + DeserializeOwned + Clone>(
    it: &T,
    values: &IndexMap<String, String>,
) -> Result<T, String> {
    if values.is_empty() {
        return Ok(it.clone());
    }
    let mut value = serde_json::to_value(it).map_err(|e| e.to_string())?;
    put(&mut value, values);
    serde_json::from_value(value).map_err(|e| e.to_string())
}

fn put(value: &mut Value, values: &IndexMap<String, String>) {
    match value {
        Value::String(s) if s.contains("{{") => {
            *s = Template(s.clone()).fill_known(&|name| values.get(name).cloned()).0;
        }
        Value::Array(list) => list.iter_mut().for_each(|v| put(v, values)),
        Value::Object(map) => map.values_mut().for_each(|v| put(v, values)),
        _ => {}
    }
}

/// Whether a shell, here or on the other side of ssh, reads the command's words.
fn for_a_shell(c: &crate::model::probe::Command) -> bool {
    let program = c.argv.first().and_then(|a| a.0.rsplit('/').next()).unwrap_or_default();
    c.shell || matches!(program, "ssh" | "sh" | "bash" | "dash" | "zsh" | "ksh")
}
