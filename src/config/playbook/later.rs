//! The parts of the format that are known but not carried out by this version.
//!
//! They are walked by a table of shapes, so that a wrong key or a dangling reference in them is an error today
//! and carrying one out later means moving its entry from here into the model.

use super::templates::{Reach, Scope, template};
use super::words::pattern;
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table};

/// What a value must look like.
pub enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A text with names of a run, an incident or a message.
    Template,
    /// Yes or no.
    Bool,
    /// A duration.
    Dur,
    /// A regular expression.
    Pattern,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A reference to an entry of a top-level table: what it is called, and which table.
    Ref(&'static str, &'static str),
    /// A list of the same.
    List(&'static Shape),
    /// Names that are free, each with the same shape.
    Map(&'static Shape),
    /// A table with these keys.
    Keys(&'static [Key]),
}

/// A key, whether it must be written, and what its value must look like.
pub type Key = (&'static str, bool, Shape);

use Shape::{Any, Bool, Dur, Keys, List, Map, Pattern, Ref, Template, Text, Word};

const TEXTS: Shape = List(&Text);

const EDIT: Shape = Keys(&[
    ("file", true, Template),
    ("format", true, Word(&["env", "json", "toml", "yaml", "text"])),
    ("set", false, Map(&Template)),
    ("replace", false, Keys(&[("pattern", true, Pattern), ("with", true, Template)])),
]);
const WRITE: Shape = Keys(&[
    ("file", true, Template),
    ("content", true, Template),
    ("mode", false, Text),
    ("backup", false, Bool),
]);
const REHEARSE: Shape = Keys(&[
    ("takes", false, Dur),
    ("set", false, Map(&Any)),
    ("stdout", false, Text),
    ("answer", false, Text),
]);
/// What belongs into a procedure, written at an item of a checklist.
const ITEM: &[Key] = &[
    ("write", false, WRITE),
    ("edit", false, EDIT),
    ("procedure", false, Ref("procedure", "procedures")),
    ("args", false, Map(&Any)),
    ("verify", false, Ref("verification", "verifications")),
    ("rehearse", false, REHEARSE),
];
const CHAOS: Shape = Keys(&[
    ("title", true, Text),
    ("key", false, Text),
    ("lasts", true, Dur),
    ("set", false, Map(&Any)),
    ("grow", false, Map(&Text)),
    ("alternate", false, Map(&Any)),
    ("period", false, Dur),
    ("state", false, Map(&Any)),
    ("silence", false, List(&Ref("source", "sources"))),
    ("fail_steps", false, TEXTS),
    ("rises_in", false, Dur),
    ("cured_when", false, Text),
    ("recovers_in", false, Dur),
    ("expect", false, Keys(&[("trigger", true, Text), ("within", false, Dur)])),
]);

/// Top-level tables that are not carried out: name, shape, what is lost.
const TOP: &[(&str, Shape, &str)] = &[(
    "drill",
    Keys(&[
        ("environment", true, Ref("environment", "environments")),
        ("due_every", false, Dur),
        ("report", false, Template),
        ("state", false, Map(&Any)),
        (
            "signals",
            false,
            Map(&Keys(&[
                ("normal", false, Text),
                ("noise", false, Text),
                ("grow", false, Text),
                ("series", false, TEXTS),
                ("state", false, Text),
            ])),
        ),
        ("chaos", false, Map(&CHAOS)),
    ]),
    "this playbook cannot be rehearsed",
)];

/// Names that templates of these parts may use beside those of a run.
const EXTRA: &[&str] = &["message", "subject", "count", "value", "year", "month"];

/// Walks the top-level tables that are not carried out.
pub fn top(top: &Table<'_>) {
    for (key, shape, lost) in TOP {
        let Some(n) = top.opt(key) else { continue };
        let scope = Scope { reach: Reach::Running, later: true, extra: EXTRA, ..Scope::default() };
        walk(&n, shape, &scope);
        n.cx.not_yet(top.key_span(key), Severity::Warning, &format!("[{key}]"), lost);
    }
}

/// Walks what belongs into a procedure, at an item of a checklist: a person does and ticks it.
pub fn item_keys(t: &Table<'_>) {
    let scope = Scope { reach: Reach::Running, later: true, extra: EXTRA, ..Scope::default() };
    for (key, _, shape) in ITEM {
        if let Some(n) = t.opt(key) {
            walk(&n, shape, &scope);
        }
    }
}

/// Walks the keys of a step that are not carried out.
pub fn step_keys(t: &Table<'_>, scope: &Scope) {
    let Some(n) = t.opt("rehearse") else { return };
    walk(&n, &REHEARSE, &Scope { later: true, ..scope.clone() });
    let hint = "it is only needed by drills";
    t.cx.not_yet(t.key_span("rehearse"), Severity::Warning, "`rehearse` of a step", hint);
}

fn walk(n: &Node<'_>, shape: &Shape, scope: &Scope) {
    match shape {
        Any => {}
        Text => drop(n.text()),
        Template => drop(template(n, scope)),
        Bool => drop(n.bool()),
        Dur => drop(n.dur()),
        Pattern => drop(pattern(n, None)),
        Word(words) => {
            let words: Vec<(&str, ())> = words.iter().map(|w| (*w, ())).collect();
            n.choice(&words);
        }
        Ref(what, kind) => drop(n.reference(what, n.cx.known.of(kind))),
        List(item) => n.array().iter().for_each(|i| walk(i, item, scope)),
        Map(item) => n.pairs().iter().for_each(|(_, v)| walk(v, item, scope)),
        Keys(keys) => {
            let Some(t) = n.table() else { return };
            for (key, required, shape) in *keys {
                let found = if *required { t.req(key, "it must be written") } else { t.opt(key) };
                if let Some(v) = found {
                    walk(&v, shape, scope);
                }
            }
        }
    }
}
