//! What a file declares, read before the walk so that every reference can be checked where it stands.

use crate::model::condition::{Declared, Names};
use crate::model::drill::Level;
use crate::model::unit::{self, Base, Dim, Unit};
use indexmap::IndexMap;
use toml::de::{DeTable, DeValue};

/// Everything that has a name in a playbook.
#[derive(Debug, Default)]
pub struct Known {
    /// Signals and what conditions need to know of them.
    pub signals: IndexMap<String, Declared>,
    /// Variables, and whether each environment gives them a value.
    pub vars: IndexMap<String, Vec<String>>,
    /// Names of top-level tables' entries, by kind (`sources`, `roles`, `procedures`, …).
    pub ids: IndexMap<String, Vec<String>>,
    /// Whether an environment is dangerous.
    pub danger: bool,
    /// Environments in which automation may act.
    pub armed: Vec<String>,
    /// Milliseconds that a signal's own query looks back over.
    pub lookback: IndexMap<String, u64>,
    /// Counters that are read from outside: a drill sets how fast they grow, not where they stand.
    pub totals: Vec<String>,
    /// Steps with an id, those of fallbacks included.
    pub steps: Vec<StepId>,
    /// What rehearsals may name; none when there is no `[drill]`.
    pub drill: Option<Stage>,
}

/// A step that has an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepId {
    /// Procedure in which it is written.
    pub procedure: String,
    /// Its id.
    pub id: String,
    /// Whether it reaches out, so that a rehearsal does something in its place.
    pub reaches: bool,
}

/// What a `[drill]` declares.
#[derive(Debug, Default)]
pub struct Stage {
    /// The state, by name.
    pub state: IndexMap<String, Declared>,
    /// Signals that have a behaviour, and the labels of their series.
    pub signals: IndexMap<String, Vec<String>>,
    /// What can go wrong.
    pub chaos: Vec<String>,
}

/// What a walk finds of rehearsals on its way.
#[derive(Debug, Default)]
pub struct Used {
    /// State that a step or something that goes wrong changes.
    pub changed: Vec<String>,
    /// State that a condition asks for.
    pub asked: Vec<String>,
    /// Where `rehearse` stands although there is no `[drill]`.
    pub homeless: Vec<std::ops::Range<usize>>,
}

/// Kinds of steps that reach out.
pub const REACHES: &[&str] = &["run", "http", "socket", "write", "edit", "notify", "capture", "ramp"];

fn table<'t, 'a>(t: &'t DeTable<'a>, key: &str) -> Option<&'t DeTable<'a>> {
    t.iter().find(|(k, _)| k.get_ref() == key).and_then(|(_, v)| match v.get_ref() {
        DeValue::Table(t) => Some(t),
        _ => None,
    })
}

fn has(t: &DeTable<'_>, key: &str) -> bool {
    t.keys().any(|k| k.get_ref() == key)
}

fn string<'t>(t: &'t DeTable<'_>, key: &str) -> Option<&'t str> {
    t.iter().find(|(k, _)| k.get_ref() == key).and_then(|(_, v)| v.get_ref().as_str())
}

fn keys(t: &DeTable<'_>) -> Vec<String> {
    t.keys().map(|k| k.get_ref().to_string()).collect()
}

impl Known {
    /// Reads the names of a tree; what has a wrong shape is left to the walk.
    pub fn read(top: &DeTable<'_>) -> Known {
        let mut known = Known::default();
        for (kind, value) in top {
            if let DeValue::Table(t) = value.get_ref() {
                known.ids.insert(kind.get_ref().to_string(), keys(t));
            }
        }
        if let Some(signals) = table(top, "signals") {
            for (id, value) in signals {
                let DeValue::Table(t) = value.get_ref() else { continue };
                let signal = declared(t);
                if signal.counter && !has(t, "count") {
                    known.totals.push(id.get_ref().to_string());
                }
                known.signals.insert(id.get_ref().to_string(), signal);
                if let Some(ms) = looks_back(t) {
                    known.lookback.insert(id.get_ref().to_string(), ms);
                }
            }
        }
        known.steps = steps(top);
        known.drill = table(top, "drill").map(stage);
        let environments = table(top, "environments");
        let all: Vec<String> = environments.map(keys).unwrap_or_default();
        for var in table(top, "vars").map(keys).unwrap_or_default() {
            known.vars.insert(var, all.clone());
        }
        for (name, environment) in environments.into_iter().flatten() {
            let DeValue::Table(e) = environment.get_ref() else { continue };
            known.danger |= string(e, "tone") == Some("danger");
            if string(e, "automation") == Some("armed") {
                known.armed.push(name.get_ref().to_string());
            }
            for var in table(e, "vars").map(keys).unwrap_or_default() {
                let given = known.vars.entry(var).or_default();
                if !given.iter().any(|e| e == name.get_ref()) {
                    given.push(name.get_ref().to_string());
                }
            }
        }
        known
    }

    /// What stands for a level of a signal in a drill: of a counter its rate.
    pub fn level_of(&self, signal: &str, dim: Dim) -> Dim {
        let total = self.totals.iter().any(|t| t == signal);
        Dim { per_time: dim.per_time + i8::from(total), ..dim }
    }

    /// The ids of one kind.
    pub fn of(&self, kind: &str) -> &[String] {
        self.ids.get(kind).map_or(&[], Vec::as_slice)
    }
}

/// The longest window of a signal's query, of its expression, or of its quantile.
fn looks_back(t: &DeTable<'_>) -> Option<u64> {
    let query = string(t, "query").or_else(|| string(t, "expr")).unwrap_or_default();
    let windows = query.split('[').skip(1).filter_map(|rest| rest.split([']', ':']).next());
    let over = string(t, "over").into_iter();
    let ms = |w: &str| unit::duration(w).ok().map(|ms| ms as u64);
    windows.chain(over).filter_map(ms).max()
}

fn declared(t: &DeTable<'_>) -> Declared {
    let unit = string(t, "unit").and_then(Unit::parse);
    let fallback = if has(t, "flag") { Unit::Bool } else { Unit::Count };
    let counter = t.iter().find(|(k, _)| k.get_ref() == "counter").and_then(|(_, v)| v.get_ref().as_bool());
    let disk = matches!(string(t, "process"), Some("disk_read" | "disk_write"));
    Declared {
        dim: unit.unwrap_or(fallback).dim(),
        counter: counter.unwrap_or(has(t, "count") || disk),
        multi: has(t, "series"),
        baseline: has(t, "baseline"),
    }
}

/// The tables of an array of a table.
fn tables<'t, 'a>(t: &'t DeTable<'a>, key: &str) -> Vec<&'t DeTable<'a>> {
    let found = t.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v.get_ref());
    let items = match found {
        Some(DeValue::Array(items)) => items.iter().collect(),
        _ => Vec::new(),
    };
    let inner = |v: &'t toml::Spanned<DeValue<'a>>| match v.get_ref() {
        DeValue::Table(t) => Some(t),
        _ => None,
    };
    items.into_iter().filter_map(inner).collect()
}

fn steps(top: &DeTable<'_>) -> Vec<StepId> {
    let mut out = Vec::new();
    for (procedure, value) in table(top, "procedures").into_iter().flatten() {
        let DeValue::Table(p) = value.get_ref() else { continue };
        for outer in tables(p, "steps") {
            let all = std::iter::once(outer).chain(tables(outer, "fallback"));
            out.extend(all.filter_map(|s| {
                Some(StepId {
                    procedure: procedure.get_ref().to_string(),
                    id: string(s, "id")?.to_string(),
                    reaches: REACHES.iter().any(|k| has(s, k)),
                })
            }));
        }
    }
    out
}

fn stage(drill: &DeTable<'_>) -> Stage {
    let level = |v: &DeValue<'_>| match v {
        DeValue::Boolean(b) => Some(Level::Bool(*b)),
        DeValue::String(s) => Some(Level::read(s)),
        DeValue::Integer(i) => Some(Level::read(i.as_str())),
        DeValue::Float(f) => Some(Level::read(f.as_str())),
        _ => None,
    };
    let state = table(drill, "state").into_iter().flatten().filter_map(|(name, v)| {
        let dim = level(v.get_ref())?.dim();
        let declared = Declared { dim, counter: false, multi: false, baseline: false };
        Some((name.get_ref().to_string(), declared))
    });
    let signals = table(drill, "signals").into_iter().flatten().map(|(name, v)| {
        let labels = match v.get_ref() {
            DeValue::Table(t) => t.iter().find(|(k, _)| k.get_ref() == "series"),
            _ => None,
        };
        let labels = match labels.map(|(_, v)| v.get_ref()) {
            Some(DeValue::Array(items)) => {
                items.iter().filter_map(|i| Some(i.get_ref().as_str()?.to_string())).collect()
            }
            _ => Vec::new(),
        };
        (name.get_ref().to_string(), labels)
    });
    let chaos = table(drill, "chaos").map(keys).unwrap_or_default();
    Stage { state: state.collect(), signals: signals.collect(), chaos }
}

/// The state as the names of a condition.
impl Names for Stage {
    fn signal(&self, id: &str) -> Option<Declared> {
        self.state.get(id).copied()
    }

    fn signals(&self) -> Vec<String> {
        self.state.keys().cloned().collect()
    }

    fn trigger(&self, _: &str) -> bool {
        false
    }
}

impl Names for Known {
    fn signal(&self, id: &str) -> Option<Declared> {
        self.signals.get(id).copied()
    }

    fn signals(&self) -> Vec<String> {
        self.signals.keys().cloned().collect()
    }

    fn trigger(&self, id: &str) -> bool {
        self.of("triggers").iter().any(|t| t == id)
    }

    fn triggers(&self) -> Vec<String> {
        self.of("triggers").to_vec()
    }
}

/// The dimension of a plain share.
pub const SHARE: Dim = Dim { base: Base::Fraction, per_time: 0 };
