//! Walking a TOML tree by hand, so that every problem is told at once with its exact place.
//!
//! A [`Table`] remembers which keys it was asked for; what is left when it is dropped is an unknown key.

use super::names::{Known, Used};
use super::problem::{Problem, Severity, nearest};
use crate::model::text;
use crate::model::unit::{self, Dim, Quantity};
use indexmap::IndexMap;
use std::cell::RefCell;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// What a walk of one file shares: the text, what is declared where, and the problems so far.
pub struct Cx<'a> {
    /// Name of the file, for messages.
    pub file: &'a str,
    /// Its text.
    pub src: &'a str,
    /// Everything the file declares, known before the walk.
    pub known: Known,
    /// What was found of rehearsals so far.
    pub used: RefCell<Used>,
    problems: RefCell<Vec<Found>>,
    later: RefCell<IndexMap<String, Later>>,
}

/// A problem found on the way.
struct Found {
    span: Range<usize>,
    problem: Problem,
    /// Something is not there; with a syntax error nearby that proves nothing.
    absence: bool,
}

/// A known part of the format that is not carried out, told once with the number of its places.
struct Later {
    span: Range<usize>,
    severity: Severity,
    hint: String,
    places: usize,
}

impl<'a> Cx<'a> {
    /// The start of a walk.
    pub fn new(file: &'a str, src: &'a str, known: Known) -> Cx<'a> {
        Cx {
            file,
            src,
            known,
            used: RefCell::default(),
            problems: RefCell::default(),
            later: RefCell::default(),
        }
    }

    fn add(
        &self,
        span: Range<usize>,
        severity: Severity,
        text: (String, String),
        near: Option<&str>,
        absence: bool,
    ) {
        let mut problem = Problem::at(self.file, self.src, span.clone(), severity, text.0, text.1);
        problem.near = near.map(str::to_string);
        let mut all = self.problems.borrow_mut();
        if !all.iter().any(|f| f.span == span && f.problem.message == problem.message) {
            all.push(Found { span, problem, absence });
        }
    }

    /// Tells an error.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.add(span, Severity::Error, (message.into(), hint.into()), None, false);
    }

    /// Tells that something is not there.
    pub fn absent(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.add(span, Severity::Error, (message.into(), hint.into()), None, true);
    }

    /// Tells a warning.
    pub fn warn(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.add(span, Severity::Warning, (message.into(), hint.into()), None, false);
    }

    /// Tells that a word is not among the known ones.
    pub fn unknown(&self, span: Range<usize>, message: String, word: &str, known: &[&str]) {
        self.not_among(span, message, word, known, false);
    }

    /// Tells that nothing of this name is declared.
    pub fn undeclared(&self, span: Range<usize>, message: String, word: &str, known: &[&str]) {
        self.not_among(span, message, word, known, true);
    }

    fn not_among(&self, span: Range<usize>, message: String, word: &str, known: &[&str], absence: bool) {
        let near = nearest(word, known.iter().copied());
        let hint = match near {
            Some(n) => format!("did you mean `{n}`?"),
            None if known.is_empty() => "nothing of this kind is declared".to_string(),
            None => {
                let shown = known.iter().take(24).map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
                format!("known here: {shown}{}", if known.len() > 24 { ", …" } else { "" })
            }
        };
        self.add(span, Severity::Error, (message, hint), near, absence);
    }

    /// Tells, once per `what`, that a part of the format is known but not carried out by this version.
    pub fn not_yet(&self, span: Range<usize>, severity: Severity, what: &str, hint: &str) {
        let mut later = self.later.borrow_mut();
        let first = || Later { span, severity, hint: hint.to_string(), places: 0 };
        later.entry(what.to_string()).or_insert_with(first).places += 1;
    }

    /// All problems, in the order of the file. `whole` says that the file could be read without a syntax error;
    /// else nothing is said about what is absent.
    pub fn into_problems(self, whole: bool) -> Vec<Problem> {
        let mut all = self.problems.into_inner();
        all.retain(|f| whole || !f.absence);
        for (what, later) in self.later.into_inner() {
            let more = match later.places {
                1 => String::new(),
                2 => " (and in 1 more place)".to_string(),
                n => format!(" (and in {} more places)", n - 1),
            };
            let message = format!("{what} is not supported by this version yet{more}");
            let problem =
                Problem::at(self.file, self.src, later.span.clone(), later.severity, message, later.hint);
            all.push(Found { span: later.span, problem, absence: false });
        }
        all.sort_by_key(|f| (f.span.start, f.problem.severity));
        all.into_iter().map(|f| f.problem).collect()
    }
}

/// A value with its place.
#[derive(Clone)]
pub struct Node<'a> {
    /// The walk it belongs to.
    pub cx: &'a Cx<'a>,
    /// The value.
    pub value: &'a DeValue<'a>,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// How it is reached, for messages: `signals.error_rate.warn`.
    pub path: String,
}

/// A table with its place; keys that nobody asked for are reported when it is dropped.
pub struct Table<'a> {
    /// The walk it belongs to.
    pub cx: &'a Cx<'a>,
    /// Its entries.
    pub entries: &'a DeTable<'a>,
    /// Its header's or its own bytes in the file.
    pub span: Range<usize>,
    /// How it is reached, for messages.
    pub path: String,
    asked: RefCell<Vec<&'static str>>,
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        for key in self.entries.keys().filter(|k| !asked.contains(&k.get_ref().as_ref())) {
            let place =
                if self.path.is_empty() { "at the top".into() } else { format!("in `{}`", self.path) };
            let name = key.get_ref();
            self.cx.unknown(key.span(), format!("unknown key `{name}` {place}"), name, &asked);
        }
    }
}

/// What a value is, in words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

impl<'a> Node<'a> {
    /// Tells an error about this value.
    pub fn error(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.cx.error(self.span.clone(), message, hint);
    }

    /// Tells a warning about this value.
    pub fn warn(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.cx.warn(self.span.clone(), message, hint);
    }

    /// Tells that the value has another type than wanted.
    pub fn wrong_type(&self, wanted: &str, hint: &str) {
        self.error(format!("`{}` must be {wanted}, found {}", self.path, kind(self.value)), hint);
    }

    /// The bytes of the file for a part of this string; the whole value when escapes make that unknowable.
    pub fn within(&self, text: &str, part: Range<usize>) -> Range<usize> {
        let Some(raw) = self.cx.src.get(self.span.clone()) else { return self.span.clone() };
        match raw.find(text) {
            Some(offset) if !text.is_empty() => {
                let base = self.span.start + offset;
                let (start, end) = (part.start.min(text.len()), part.end.min(text.len()));
                if start == end {
                    base + start..(base + start + 1).min(self.span.end)
                } else {
                    base + start..base + end
                }
            }
            _ => self.span.clone(),
        }
    }

    /// A string.
    pub fn str(&self) -> Option<&'a str> {
        let DeValue::String(s) = self.value else {
            self.wrong_type("a string", "write it in quotes");
            return None;
        };
        let s: &'a str = s.as_ref();
        let shown = s.replace(['\t', '\r'], " ");
        if text::clean(&shown) != shown {
            self.error(
                format!("`{}` holds a control or an invisible character", self.path),
                "remove it: what is shown must be what is meant",
            );
            return None;
        }
        Some(s)
    }

    /// A string that is not empty.
    pub fn text(&self) -> Option<String> {
        let s = self.str()?;
        if s.trim().is_empty() {
            self.error(format!("`{}` is empty", self.path), "write something, or leave the key out");
            return None;
        }
        Some(s.to_string())
    }

    /// A yes or no.
    pub fn bool(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(b) => Some(*b),
            _ => {
                self.wrong_type("true or false", "write true or false, without quotes");
                None
            }
        }
    }

    /// An integer within bounds.
    pub fn int(&self, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let DeValue::Integer(i) = self.value else {
            self.wrong_type("an integer", "write a number without quotes and without a point");
            return None;
        };
        let n = i64::from_str_radix(i.as_str(), i.radix()).ok().filter(|n| range.contains(n));
        if n.is_none() {
            let hint = format!("from {} to {}", range.start(), range.end());
            self.error(format!("`{}` is out of its range", self.path), hint);
        }
        n
    }

    /// A number, with or without a point.
    pub fn float(&self) -> Option<f64> {
        let n = match self.value {
            DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok().map(|n| n as f64),
            DeValue::Float(f) => f.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        if n.is_none() {
            self.wrong_type("a number", "write a number without quotes");
        }
        n
    }

    /// A duration in milliseconds.
    pub fn dur(&self) -> Option<u64> {
        let DeValue::String(s) = self.value else {
            self.wrong_type("a duration", "durations are strings with a unit: \"30s\", \"2m30s\", \"1h\"");
            return None;
        };
        match unit::duration(s) {
            Ok(ms) if ms <= 366.0 * 86_400e3 => Some(ms.round() as u64),
            Ok(_) => {
                self.error(format!("`{}` is longer than a year", self.path), "write a shorter duration");
                None
            }
            Err(e) => {
                self.error(e, format!("`{}` is a duration: a number and ms, s, m, h, d or w", self.path));
                None
            }
        }
    }

    /// A duration longer than nothing, in milliseconds.
    pub fn dur_positive(&self) -> Option<u64> {
        let ms = self.dur()?;
        if ms == 0 {
            self.error(format!("`{}` is zero", self.path), "write a duration longer than 0s");
            return None;
        }
        Some(ms)
    }

    /// A quantity of a dimension.
    pub fn qty(&self, dim: Dim) -> Option<Quantity> {
        let DeValue::String(s) = self.value else {
            self.wrong_type("a quantity", "quantities are strings with a unit: \"2%\", \"200ms\", \"3GB\"");
            return None;
        };
        match unit::quantity(s) {
            Ok(q) if q.dim == dim => Some(q),
            Ok(_) => {
                self.error(
                    format!("`{s}` is a wrong unit for `{}`", self.path),
                    format!("write {}", example(dim)),
                );
                None
            }
            Err(e) => {
                self.error(e, format!("write {}", example(dim)));
                None
            }
        }
    }

    /// One of a set of words.
    pub fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let s = self.str()?;
        let found = words.iter().find(|(w, _)| *w == s).map(|(_, t)| *t);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
            self.cx.unknown(self.span.clone(), format!("`{}` cannot be `{s}`", self.path), s, &known);
        }
        found
    }

    /// A table.
    pub fn table(&self) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(t) => Some(Table::new(self.cx, t, self.span.clone(), self.path.clone())),
            _ => {
                self.wrong_type("a table", &format!("write [{}] or {{ key = value }}", self.path));
                None
            }
        }
    }

    /// The items of an array.
    pub fn array(&self) -> Vec<Node<'a>> {
        let DeValue::Array(items) = self.value else {
            self.wrong_type("an array", "write [ … ]");
            return Vec::new();
        };
        let node = |(i, v): (usize, &'a toml::Spanned<DeValue<'a>>)| Node {
            cx: self.cx,
            value: v.get_ref(),
            span: v.span(),
            path: format!("{}[{}]", self.path, i + 1),
        };
        items.iter().enumerate().map(node).collect()
    }

    /// An array of strings.
    pub fn strings(&self) -> Vec<String> {
        self.array().iter().filter_map(|n| n.text()).collect()
    }

    /// A table of strings.
    pub fn string_map(&self) -> IndexMap<String, String> {
        self.pairs().into_iter().filter_map(|(k, n)| Some((k.to_string(), n.str()?.to_string()))).collect()
    }

    /// The keys and values of a table whose keys are free.
    pub fn pairs(&self) -> Vec<(&'a str, Node<'a>)> {
        self.keyed().into_iter().map(|(k, _, n)| (k, n)).collect()
    }

    /// As [`Node::pairs`], with the place of each key.
    pub fn keyed(&self) -> Vec<(&'a str, Range<usize>, Node<'a>)> {
        let DeValue::Table(t) = self.value else {
            self.wrong_type("a table", "write { name = value }");
            return Vec::new();
        };
        let node =
            |(k, v): (&'a toml::Spanned<std::borrow::Cow<'a, str>>, &'a toml::Spanned<DeValue<'a>>)| {
                let path = format!("{}.{}", self.path, k.get_ref());
                (
                    k.get_ref().as_ref(),
                    k.span(),
                    Node { cx: self.cx, value: v.get_ref(), span: v.span(), path },
                )
            };
        t.iter().map(node).collect()
    }

    /// The keys and values of a table, or nothing, without a word.
    pub fn table_quietly(&self) -> Option<Vec<(&'a str, Node<'a>)>> {
        matches!(self.value, DeValue::Table(_)).then(|| self.pairs())
    }

    /// The items of an array, or nothing, without a word.
    pub fn array_quietly(&self) -> Option<Vec<Node<'a>>> {
        matches!(self.value, DeValue::Array(_)).then(|| self.array())
    }

    /// The value of a key of this table, without asking for it.
    pub fn peek(&self, key: &str) -> Option<Node<'a>> {
        let DeValue::Table(t) = self.value else { return None };
        let (_, v) = t.iter().find(|(k, _)| k.get_ref() == key)?;
        Some(Node { cx: self.cx, value: v.get_ref(), span: v.span(), path: format!("{}.{key}", self.path) })
    }

    /// A reference to a declared name.
    pub fn reference(&self, kind: &str, declared: &[String]) -> Option<String> {
        let s = self.str()?;
        if declared.iter().any(|d| d == s) {
            return Some(s.to_string());
        }
        let known: Vec<&str> = declared.iter().map(String::as_str).collect();
        self.cx.undeclared(self.span.clone(), format!("no {kind} is named `{s}`"), s, &known);
        None
    }

    /// References to declared names.
    pub fn references(&self, kind: &str, declared: &[String]) -> Vec<String> {
        self.array().iter().filter_map(|n| n.reference(kind, declared)).collect()
    }
}

/// How a quantity of a dimension is written.
pub fn example(dim: Dim) -> &'static str {
    use crate::model::unit::Base;
    match (dim.base, dim.per_time) {
        (Base::Fraction, _) => "a share in percent, such as \"2%\"",
        (Base::Time, _) => "a time, such as \"200ms\" or \"2s\"",
        (Base::Bytes, 0) => "an amount of data, such as \"3GB\"",
        (Base::Bytes, _) => "a rate of data, such as \"50MB/min\"",
        (Base::Number, 0) => "a number without a unit, such as \"5\"",
        (Base::Number, _) => "a rate, such as \"5/s\"",
        (Base::Bool, _) => "true or false",
        (Base::Text, _) => "a text in quotes",
    }
}

impl<'a> Table<'a> {
    /// A table to be asked for its keys.
    pub fn new(cx: &'a Cx<'a>, entries: &'a DeTable<'a>, span: Range<usize>, path: String) -> Table<'a> {
        Table { cx, entries, span, path, asked: RefCell::default() }
    }

    /// Whether a key is written, without asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.keys().any(|k| k.get_ref() == key)
    }

    /// The place of a key, or of the table when it is not written.
    pub fn key_span(&self, key: &str) -> Range<usize> {
        let found = self.entries.keys().find(|k| k.get_ref() == key);
        found.map_or_else(|| self.span.clone(), |k| k.span())
    }

    /// The value of a key, if it is written.
    pub fn opt(&self, key: &'static str) -> Option<Node<'a>> {
        {
            let mut asked = self.asked.borrow_mut();
            if !asked.contains(&key) {
                asked.push(key);
            }
        }
        let (_, v) = self.entries.iter().find(|(k, _)| k.get_ref() == key)?;
        let path = if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) };
        Some(Node { cx: self.cx, value: v.get_ref(), span: v.span(), path })
    }

    /// The value of a key that must be written.
    pub fn req(&self, key: &'static str, hint: &str) -> Option<Node<'a>> {
        let found = self.opt(key);
        if found.is_none() {
            let place =
                if self.path.is_empty() { "the file".to_string() } else { format!("`{}`", self.path) };
            self.cx.absent(self.span.clone(), format!("{place} lacks `{key}`"), hint);
        }
        found
    }

    /// The keys of a set that are written; reports when they are more than one.
    pub fn at_most_one(&self, keys: &[&'static str]) -> Option<(&'static str, Node<'a>)> {
        let found: Vec<_> = keys.iter().filter_map(|k| self.opt(k).map(|n| (*k, n))).collect();
        if let [first, second, ..] = found.as_slice() {
            self.cx.error(
                self.key_span(second.0),
                format!("`{}` has both `{}` and `{}`", self.path, first.0, second.0),
                format!("exactly one of {} may stand here", list(keys)),
            );
        }
        found.into_iter().next()
    }

    /// The one key of a set that must be written.
    pub fn one_of(&self, keys: &[&'static str]) -> Option<(&'static str, Node<'a>)> {
        let found = self.at_most_one(keys);
        if found.is_none() {
            let unknown = self.entries.keys().find_map(|k| nearest(k.get_ref(), keys.iter().copied()));
            let hint = match unknown {
                Some(n) => format!("did you mean `{n}`? Exactly one of {} must stand here", list(keys)),
                None => "exactly one of them must stand here".to_string(),
            };
            self.cx.absent(self.span.clone(), format!("`{}` lacks one of {}", self.path, list(keys)), hint);
        }
        found
    }
}

/// Names in backticks, with commas.
pub fn list(names: &[&str]) -> String {
    names.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}
