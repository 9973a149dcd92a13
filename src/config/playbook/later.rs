//! The parts of the format that are known but not carried out by this version.
//!
//! They are walked by a table of shapes, so that a wrong key or a dangling reference in them is an error today
//! and carrying one out later means moving its entry from here into the model.

use super::templates::{Reach, Scope, template};
use super::words::pattern;
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
    /// A regular expression.
    Pattern,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A reference to an entry of a top-level table: what it is called, and which table.
    Ref(&'static str, &'static str),
    /// Names that are free, each with the same shape.
    Map(&'static Shape),
    /// A table with these keys.
    Keys(&'static [Key]),
}

/// A key, whether it must be written, and what its value must look like.
pub type Key = (&'static str, bool, Shape);

use Shape::{Any, Bool, Keys, Map, Pattern, Ref, Template, Text, Word};

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
/// What belongs into a procedure, written at an item of a checklist.
const ITEM: &[Key] = &[
    ("write", false, WRITE),
    ("edit", false, EDIT),
    ("procedure", false, Ref("procedure", "procedures")),
    ("args", false, Map(&Any)),
    ("verify", false, Ref("verification", "verifications")),
    ("rehearse", false, Any),
];
/// Names that templates of these parts may use beside those of a run.
const EXTRA: &[&str] = &["message", "subject", "count", "value"];

/// Walks what belongs into a procedure, at an item of a checklist: a person does and ticks it.
pub fn item_keys(t: &Table<'_>) {
    let scope = Scope { reach: Reach::Running, later: true, extra: EXTRA, ..Scope::default() };
    for (key, _, shape) in ITEM {
        if let Some(n) = t.opt(key) {
            walk(&n, shape, &scope);
        }
    }
}

fn walk(n: &Node<'_>, shape: &Shape, scope: &Scope) {
    match shape {
        Any => {}
        Text => drop(n.text()),
        Template => drop(template(n, scope)),
        Bool => drop(n.bool()),
        Pattern => drop(pattern(n, None)),
        Word(words) => {
            let words: Vec<(&str, ())> = words.iter().map(|w| (*w, ())).collect();
            n.choice(&words);
        }
        Ref(what, kind) => drop(n.reference(what, n.cx.known.of(kind))),
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
