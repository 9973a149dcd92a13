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
    /// A number.
    Number,
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

use Shape::{Any, Bool, Dur, Keys, List, Map, Number, Pattern, Ref, Template, Text, Word};

const TEXTS: Shape = List(&Text);
const ARGV: Shape = List(&Template);
const ROLES: Shape = List(&Ref("role", "roles"));
const CHANNELS: Shape = List(&Ref("channel", "channels"));
const SIGNALS: Shape = List(&Ref("signal", "signals"));
const LOGS: Shape = List(&Ref("log", "logs"));

const HTTP: Shape = Keys(&[
    ("method", false, Text),
    ("url", true, Template),
    ("headers", false, Map(&Template)),
    ("json", false, Any),
    ("text", false, Template),
]);
const NOTIFY: Shape = Keys(&[("channels", true, CHANNELS), ("message", true, Ref("message", "messages"))]);
const ASK: Shape = Keys(&[
    ("text", true, Template),
    ("answers", false, Map(&Word(&["done", "fail"]))),
    ("input", false, Text),
    ("prefill", false, Template),
    ("optional", false, Bool),
    ("roles", false, ROLES),
]);
const CAPTURE: Shape = Keys(&[
    ("name", true, Text),
    ("signals", false, SIGNALS),
    ("since", false, Text),
    ("logs", false, LOGS),
    ("files", false, ARGV),
    ("commands", false, List(&ARGV)),
    ("compare", false, List(&SIGNALS)),
    ("verdict", false, Bool),
    ("timeline", false, Bool),
]);
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
const SOCKET: Shape = Keys(&[("path", true, Template), ("send", true, Template)]);
const PROBE: Shape = Keys(&[
    ("when", false, Text),
    ("run", false, ARGV),
    ("on", false, Ref("host", "hosts")),
    ("cwd", false, Template),
    ("env", false, Map(&Template)),
    ("stdin", false, Template),
    ("http", false, HTTP),
    ("socket", false, SOCKET),
    ("file", false, Template),
    ("probe", false, Ref("probe", "probes")),
    ("drill", false, Ref("procedure", "procedures")),
    ("newer_than", false, Dur),
    ("expect", false, EXPECT),
    ("within", false, Dur),
    ("every", false, Dur),
    ("rehearse", false, Text),
]);
const EXPECT: Shape = Keys(&[
    ("exit", false, List(&Number)),
    ("status", false, List(&Number)),
    ("stdout", false, Pattern),
    ("stderr", false, Pattern),
    ("body", false, Pattern),
    ("json", false, Text),
    ("equals", false, Any),
    ("exists", false, Bool),
    ("executable", false, Bool),
]);
const REHEARSE: Shape = Keys(&[
    ("takes", false, Dur),
    ("set", false, Map(&Any)),
    ("stdout", false, Text),
    ("answer", false, Text),
]);
/// Kinds of what an item of a checklist does itself.
const DOES: &[&str] = &[
    "mark",
    "run",
    "http",
    "socket",
    "write",
    "edit",
    "check",
    "ask",
    "notify",
    "capture",
    "procedure",
    "verify",
];
const ITEM: &[Key] = &[
    ("mark", false, Text),
    ("run", false, ARGV),
    ("on", false, Ref("host", "hosts")),
    ("cwd", false, Template),
    ("env", false, Map(&Template)),
    ("stdin", false, Template),
    ("expect", false, EXPECT),
    ("http", false, HTTP),
    ("socket", false, SOCKET),
    ("write", false, WRITE),
    ("edit", false, EDIT),
    ("check", false, PROBE),
    ("ask", false, ASK),
    ("notify", false, NOTIFY),
    ("capture", false, CAPTURE),
    ("procedure", false, Ref("procedure", "procedures")),
    ("args", false, Map(&Any)),
    ("verify", false, Ref("verification", "verifications")),
    ("timeout", false, Dur),
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

/// Walks what an item of a checklist does itself: a person ticks it all the same.
pub fn item_keys(t: &Table<'_>) {
    let scope = Scope { reach: Reach::Running, later: true, extra: EXTRA, ..Scope::default() };
    for (key, _, shape) in ITEM {
        if let Some(n) = t.opt(key) {
            walk(&n, shape, &scope);
        }
    }
    if let Some((kind, _)) = t.at_most_one(DOES) {
        let hint = "it is shown, and a person does and ticks it";
        let what = "an item of a checklist that does something itself";
        t.cx.not_yet(t.key_span(kind), Severity::Warning, what, hint);
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
        Number => drop(n.float()),
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
