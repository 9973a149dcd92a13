//! The parts of the format that are known but not carried out by this version.
//!
//! They are walked by a table of shapes, so that a wrong key or a dangling reference in them is an error today
//! and carrying one out later means moving its entry from here into the model.

use super::words::{Scope, Style, id, pattern, template};
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
const RAMP: Shape = Keys(&[
    ("values", true, List(&Number)),
    ("unit", false, Text),
    ("skip_when", false, Text),
    ("run", false, ARGV),
    ("http", false, HTTP),
    ("edit", false, EDIT),
    ("socket", false, SOCKET),
    ("hold", true, Dur),
    ("stop_when", false, Text),
    ("next_when", false, Text),
]);
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
const ITEM: Shape = Keys(&[
    ("text", true, Template),
    ("roles", false, ROLES),
    ("required", false, Bool),
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
]);
const GUIDE_STEP: Shape =
    Keys(&[("text", true, Template), ("run", false, ARGV), ("on", false, Ref("host", "hosts"))]);
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
const TOP: &[(&str, Shape, &str)] = &[
    ("incident", Keys(&[("id", false, Template), ("run", false, ARGV)]), "runs have ids of their own"),
    (
        "hosts",
        Map(&Keys(&[("ssh", false, Text), ("options", false, TEXTS), ("prefix", false, TEXTS)])),
        "commands run on this host only",
    ),
    (
        "authority",
        Map(&Keys(&[("title", false, Text), ("all", false, ROLES), ("at", false, Map(&ROLES))])),
        "ripcord does not ask who may decide",
    ),
    (
        "escalation",
        List(&Keys(&[
            ("after", true, Dur),
            ("when", false, Text),
            ("roles", true, ROLES),
            ("channels", false, CHANNELS),
            ("message", true, Ref("message", "messages")),
        ])),
        "nobody is told by ripcord itself",
    ),
    (
        "automation",
        Keys(&[
            ("enabled", false, Bool),
            ("cooldown", false, Dur),
            ("max_attempts", false, Number),
            ("per", false, Dur),
        ]),
        "no trigger acts by itself",
    ),
    (
        "checklists",
        Map(&Keys(&[
            ("title", true, Text),
            ("moment", true, Word(&["ready", "before", "during", "after"])),
            ("due", false, Dur),
            ("items", true, List(&ITEM)),
        ])),
        "nobody is reminded of them",
    ),
    (
        "channels",
        Map(&Keys(&[
            ("title", false, Text),
            ("http", false, HTTP),
            ("run", false, ARGV),
            ("on", false, Ref("host", "hosts")),
            ("cwd", false, Template),
            ("env", false, Map(&Template)),
            ("stdin", false, Template),
            ("preset", false, Word(&["slack", "teams", "pagerduty", "grafana", "statuspage"])),
        ])),
        "nobody is told by ripcord itself",
    ),
    (
        "messages",
        Map(&Keys(&[("subject", true, Template), ("body", true, Template), ("review", false, Bool)])),
        "nobody is told by ripcord itself",
    ),
    (
        "logs",
        Map(&Keys(&[
            ("title", false, Text),
            ("file", false, Template),
            ("run", false, ARGV),
            ("on", false, Ref("host", "hosts")),
            ("marks", false, Map(&Word(&["critical", "warn"]))),
        ])),
        "logs are not shown",
    ),
    (
        "guides",
        Map(&Keys(&[("title", true, Text), ("symptom", false, Text), ("steps", true, List(&GUIDE_STEP))])),
        "guides are not shown",
    ),
    (
        "scenarios",
        Map(&Keys(&[
            ("title", true, Text),
            ("symptoms", false, Text),
            ("when", false, Text),
            ("procedure", true, Ref("procedure", "procedures")),
            ("args", false, Map(&Any)),
            ("reason", false, Text),
        ])),
        "scenarios are not shown",
    ),
    (
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
    ),
];

/// Kinds of steps that are not carried out.
const STEP_KINDS: &[(&str, Shape)] = &[
    ("write", WRITE),
    ("edit", EDIT),
    ("ask", ASK),
    ("notify", NOTIFY),
    ("capture", CAPTURE),
    ("procedure", Ref("procedure", "procedures")),
    ("ramp", RAMP),
];

/// Keys of a step that are not carried out: name, shape, and what is lost; `None` when losing it would be a danger.
const STEP_KEYS: &[(&str, Shape, Option<&str>)] = &[
    ("when", Text, None),
    ("fallback", List(&Any), None),
    ("always", Bool, None),
    ("args", Map(&Any), None),
    ("by", Dur, Some("the step's timeout bounds it")),
    ("progress", Pattern, Some("the output's tail is shown")),
    ("dry_run", ARGV, Some("the command itself is shown")),
    ("troubleshoot", Ref("guide", "guides"), Some("guides are not shown")),
    ("rehearse", REHEARSE, Some("it is only needed by drills")),
];

/// Kinds of parameters that are not carried out.
const PARAMS: &[(&str, Shape)] = &[
    (
        "list",
        Keys(&[
            ("run", false, ARGV),
            ("http", false, HTTP),
            ("pattern", false, Pattern),
            ("json", false, Text),
        ]),
    ),
    (
        "files",
        Keys(&[
            ("glob", true, Template),
            ("sort", false, Word(&["newest", "name"])),
            ("pattern", false, Pattern),
            ("time_format", false, Text),
        ]),
    ),
    ("switch", Bool),
    ("map", Keys(&[("from", true, Text), ("to", true, Map(&Any))])),
];

/// Names that templates of these parts may use beside those of a run.
const EXTRA: &[&str] = &["message", "subject", "count", "value", "year", "month"];

/// Walks the top-level tables that are not carried out.
pub fn top(top: &Table<'_>) {
    for (key, shape, lost) in TOP {
        let Some(n) = top.opt(key) else { continue };
        let scope = Scope { run: true, later: true, params: Vec::new(), extra: EXTRA };
        if let (
            Map(_),
            "checklists" | "channels" | "messages" | "logs" | "guides" | "hosts" | "scenarios" | "authority",
        ) = (shape, *key)
        {
            for (name, span, _) in n.keyed() {
                id(n.cx, span, name, Style::Kebab);
            }
        }
        walk(&n, shape, &scope);
        n.cx.not_yet(top.key_span(key), Severity::Warning, &format!("[{key}]"), lost);
    }
}

/// Walks a kind of step that is not carried out.
pub fn step_kind(kind: &str, n: &Node<'_>, scope: &Scope) {
    if let Some((_, shape)) = STEP_KINDS.iter().find(|(k, _)| *k == kind) {
        walk(n, shape, &with_extra(scope));
    }
}

/// Walks a kind of parameter that is not carried out.
pub fn param(kind: &str, n: &Node<'_>) {
    if let Some((_, shape)) = PARAMS.iter().find(|(k, _)| *k == kind) {
        walk(n, shape, &Scope { run: true, later: true, params: Vec::new(), extra: EXTRA });
    }
}

/// Walks a guard of a step that is not carried out.
pub fn shape_of_probe(n: &Node<'_>, scope: &Scope) {
    walk(n, &PROBE, &with_extra(scope));
}

/// Walks the keys of a step that are not carried out; `refuse` is told the dangerous ones.
pub fn step_keys(t: &Table<'_>, scope: &Scope, refuse: &dyn Fn(&str, &str)) {
    for (key, shape, lost) in STEP_KEYS {
        let Some(n) = t.opt(key) else { continue };
        walk(&n, shape, &with_extra(scope));
        match lost {
            Some(hint) => {
                t.cx.not_yet(t.key_span(key), Severity::Warning, &format!("`{key}` of a step"), hint)
            }
            None if matches!(n.value, toml::de::DeValue::Boolean(false)) => {}
            None => refuse(key, &format!("`{key}` of a step")),
        }
    }
}

fn with_extra(scope: &Scope) -> Scope {
    Scope { later: true, extra: EXTRA, ..scope.clone() }
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
