//! Templates: which names may stand in which place, and the values that are made of templates.

use crate::config::walk::Node;
use crate::model::template::Template;
use indexmap::IndexMap;
use std::ops::Range;
use toml::de::DeValue;

/// When a template is filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// When the environment is chosen: variables and secrets only.
    #[default]
    Fixed,
    /// When a run is planned: its names too.
    Planned,
    /// While the run goes on: what happened so far too.
    Running,
}

/// Which names a template may use beside variables, secrets and the service's own.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// When it is filled.
    pub reach: Reach,
    /// Parameters of the procedure (and a ramp's `value`), each with a sample of what stands for `$name` in a
    /// condition; none when the parameter itself is broken.
    pub params: IndexMap<String, Option<String>>,
    /// Names under which the questions before this place keep a typed text.
    pub answers: Vec<String>,
    /// Ids of the steps before this place that leave a value.
    pub steps: Vec<String>,
    /// Further names of this place.
    pub extra: &'static [&'static str],
    /// Whether it is shown to people, so that no secret may stand in it.
    pub shown: bool,
    /// Whether nothing is filled in here yet, so that answers and steps are not looked up.
    pub later: bool,
}

impl Scope {
    /// The same for a text that people read.
    pub fn shown(&self) -> Scope {
        Scope { shown: true, ..self.clone() }
    }

    /// The same, filled when a run is planned at the latest.
    pub fn planned(&self) -> Scope {
        Scope { reach: self.reach.min(Reach::Planned), ..self.clone() }
    }
}

/// Names that every template may use.
const ALWAYS: &[&str] = &["environment", "service.name", "service.title", "service.owner"];
/// Names that have a value once a run is planned.
const RUN: &[&str] = &[
    "run.id",
    "run.reason",
    "run.started",
    "run.started_by",
    "run.stamp",
    "trigger.title",
    "procedure.title",
    "date",
];
/// Names that have a value only while a run goes on.
const LATE: &[&str] = &[
    "run.elapsed",
    "run.effect",
    "run.outcome",
    "run.state",
    "run.dir",
    "run.report",
    "incident.id",
    "incident.started",
    "incident.age",
    "verdict",
];

/// A template whose names are all known here.
pub fn template(n: &Node<'_>, scope: &Scope) -> Option<Template> {
    let text = n.str()?;
    names(n, text, scope);
    Some(Template(text.to_string()))
}

/// A template of a value that may be written without quotes.
pub fn scalar(n: &Node<'_>, scope: &Scope) -> Option<Template> {
    match n.value {
        DeValue::String(_) => template(n, scope),
        _ => plain(n).map(Template),
    }
}

/// A text, or a value without quotes, as text.
pub fn plain(n: &Node<'_>) -> Option<String> {
    match n.value {
        DeValue::Boolean(b) => Some(b.to_string()),
        DeValue::Integer(_) => n.int(i64::MIN..=i64::MAX).map(|i| i.to_string()),
        DeValue::Float(_) => n.float().map(|f| f.to_string()),
        _ => n.str().map(str::to_string),
    }
}

fn names(n: &Node<'_>, text: &str, scope: &Scope) {
    let t = Template(text.to_string());
    if t.pieces().is_err() {
        let open = text.rfind("{{").unwrap_or(0);
        n.cx.error(n.within(text, open..open + 2), "`{{` is never closed", "write `}}` after the name");
        return;
    }
    let mut from = 0;
    for name in t.names() {
        let at = text[from..].find(name).map_or(from, |i| from + i);
        from = at + name.len();
        one_name(n, n.within(text, at..from), name, scope);
    }
}

fn one_name(n: &Node<'_>, span: Range<usize>, name: &str, scope: &Scope) {
    let known = &n.cx.known;
    if let Some(given) = known.vars.get(name) {
        let missing: Vec<&str> =
            known.of("environments").iter().filter(|e| !given.contains(e)).map(String::as_str).collect();
        if let Some(first) = missing.first() {
            n.cx.absent(
                span,
                format!("`{name}` has no value in environment `{}`", missing.join("`, `")),
                format!("give it one in [environments.{first}] vars, or for all in [vars]"),
            );
        }
        return;
    }
    if ALWAYS.contains(&name) || scope.extra.contains(&name) || scope.params.contains_key(name) {
        return;
    }
    if let Some(secret) = name.strip_prefix("secret.")
        && known.of("secrets").iter().any(|k| k == secret)
    {
        if scope.shown {
            n.cx.error(
                span,
                format!("`{name}` would be shown to people"),
                "leave it out: a secret is never shown",
            );
        }
        return;
    }
    let late = Late::of(name);
    if (late != Late::No || RUN.contains(&name)) && scope.reach == Reach::Fixed {
        let hint = "it exists only while a run goes on: use it in a procedure's steps";
        n.cx.error(span, format!("`{name}` has no value here"), hint);
        return;
    }
    if RUN.contains(&name) {
        return;
    }
    if late != Late::No && scope.reach == Reach::Planned {
        let hint = "it is known only while the run goes on: use it in what a step does, or in a message";
        n.cx.error(span, format!("`{name}` has no value here"), hint);
        return;
    }
    let check = |id: &str, ids: &[String], message: String| {
        if !scope.later && !ids.iter().any(|i| i == id) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            n.cx.undeclared(span.clone(), message, id, &ids);
        }
    };
    match late {
        Late::Known => {}
        Late::Of(kind, id) => {
            let what = kind.trim_end_matches('s');
            check(id, known.of(kind), format!("no {what} is named `{id}`"));
        }
        Late::Answer(id) => check(id, &scope.answers, format!("no step before this one asks for `{id}`")),
        Late::Value(id) => {
            check(id, &scope.steps, format!("no step before this one leaves a value as `{id}`"))
        }
        Late::No => {
            let secrets: Vec<String> = known.of("secrets").iter().map(|s| format!("secret.{s}")).collect();
            let mut all: Vec<&str> = known.vars.keys().map(String::as_str).collect();
            all.extend(scope.params.keys().map(String::as_str));
            all.extend(secrets.iter().map(String::as_str));
            all.extend(scope.extra);
            all.extend(ALWAYS);
            if scope.reach >= Reach::Planned {
                all.extend(RUN);
            }
            if scope.reach == Reach::Running {
                all.extend(LATE);
            }
            n.cx.undeclared(span, format!("nothing gives `{name}` a value"), name, &all);
        }
    }
}

/// Whether a name has a value only while a run goes on.
pub fn is_late(name: &str) -> bool {
    Late::of(name) != Late::No
}

/// A name that is known only while a run goes on.
#[derive(PartialEq, Eq)]
enum Late<'n> {
    /// It is none.
    No,
    /// One of [`LATE`].
    Known,
    /// Of a declared thing: which table, which id.
    Of(&'static str, &'n str),
    /// What was typed as an answer.
    Answer(&'n str),
    /// What a step left.
    Value(&'n str),
}

impl Late<'_> {
    fn of(name: &str) -> Late<'_> {
        if LATE.contains(&name) {
            return Late::Known;
        }
        match name.split_once('.') {
            Some(("signal", id)) => Late::Of("signals", id.strip_suffix(".firing").unwrap_or(id)),
            Some(("objective", id)) => Late::Of("objectives", id),
            Some(("answers", id)) => Late::Answer(id),
            Some(("steps", id)) => id.strip_suffix(".value").map_or(Late::No, Late::Value),
            _ => Late::No,
        }
    }
}

/// Templates of an array: a program and its arguments.
pub fn argv(n: &Node<'_>, scope: &Scope) -> Option<Vec<Template>> {
    if let DeValue::String(s) = n.value {
        let words = shell_words::split(s).unwrap_or_else(|_| vec![s.to_string()]);
        let hint = words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(", ");
        n.wrong_type("an array of strings", &format!("no shell splits it: write [{hint}]"));
        return None;
    }
    let args: Vec<Template> = n.array().iter().filter_map(|a| template(a, scope)).collect();
    if args.is_empty() {
        if matches!(n.value, DeValue::Array(a) if a.is_empty()) {
            n.error(
                format!("`{}` is empty", n.path),
                "write the program and its arguments: [\"systemctl\", \"reload\", \"x\"]",
            );
        }
        return None;
    }
    if args[0].0.trim().is_empty() {
        n.error(format!("`{}` names no program", n.path), "the first element is the program");
        return None;
    }
    Some(args)
}

/// A table of templates.
pub fn template_map(n: &Node<'_>, scope: &Scope) -> IndexMap<String, Template> {
    n.pairs().iter().filter_map(|(k, v)| Some((k.to_string(), template(v, scope)?))).collect()
}

/// A JSON value written as TOML; its strings are templates.
pub fn json(n: &Node<'_>, scope: &Scope) -> Option<serde_json::Value> {
    Some(match n.value {
        DeValue::String(_) => template(n, scope)?.0.into(),
        DeValue::Integer(_) => n.int(i64::MIN..=i64::MAX)?.into(),
        DeValue::Float(_) => n.float()?.into(),
        DeValue::Boolean(b) => (*b).into(),
        DeValue::Datetime(d) => d.to_string().into(),
        DeValue::Array(_) => n.array().iter().map(|v| json(v, scope)).collect::<Option<Vec<_>>>()?.into(),
        DeValue::Table(_) => {
            let pairs = n.pairs();
            let entries = pairs.iter().map(|(k, v)| Some((k.to_string(), json(v, scope)?)));
            serde_json::Value::Object(entries.collect::<Option<serde_json::Map<_, _>>>()?)
        }
    })
}
