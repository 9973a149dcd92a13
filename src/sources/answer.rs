//! From a body or an output to values: JSON pointers, patterns, metrics. The same for URLs and commands.

use regex::Regex;
use serde_json::Value as Json;

use super::Point;
use super::exposition;
use super::page::Picker;
use crate::model::playbook::{ReadingKind, Signal};
use crate::model::reading::Value;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::model::unit::Unit;

/// Reads the values of some signals out of answers of one source.
pub(super) struct Reader {
    metrics: Picker,
    json: Vec<(usize, String, Shape)>,
    patterns: Vec<(usize, Result<Regex, String>, Shape)>,
}

/// How a raw value becomes a signal's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    text: bool,
    factor: f64,
}

impl Shape {
    pub(super) fn of(signal: &Signal) -> Shape {
        Shape { text: signal.unit == Unit::Text, factor: signal.raw.factor() }
    }

    /// A number in base units.
    pub(super) fn number(self, value: f64) -> Result<Value, String> {
        if value.is_nan() { Err("the value is NaN".into()) } else { Ok(Value::Number(value * self.factor)) }
    }

    /// A text, or the number that is written in it.
    fn word(self, word: &str) -> Result<Value, String> {
        if self.text {
            return Ok(Value::Text(word.to_owned()));
        }
        match exposition::number(word.trim()) {
            Some(value) => self.number(value),
            None => Err(format!("`{}` is not a number", short(word))),
        }
    }
}

impl Reader {
    /// A reader for those of the signals that are read from a body; the others are passed over.
    pub(super) fn new(signals: &[(usize, &Signal)]) -> Reader {
        let mut reader = Reader { metrics: Picker::new(signals), json: Vec::new(), patterns: Vec::new() };
        for &(i, signal) in signals {
            let shape = Shape::of(signal);
            match &signal.reading {
                ReadingKind::Json(pointer) => reader.json.push((i, pointer.clone(), shape)),
                ReadingKind::Output(pattern) => {
                    let regex = Regex::new(pattern).map_err(|e| clean_line(&e.to_string()));
                    reader.patterns.push((i, regex, shape));
                }
                _ => {}
            }
        }
        reader
    }

    /// Whether a /metrics page is expected.
    pub(super) fn wants_page(&self) -> bool {
        !self.metrics.is_empty()
    }

    /// Every value the signals find in the body, and what else is worth saying about it.
    pub(super) fn read(
        &mut self,
        body: &[u8],
        openmetrics: bool,
        now: &Now,
    ) -> (Vec<(usize, Point)>, Option<String>) {
        let mut out = Vec::new();
        if !self.json.is_empty() {
            let json = serde_json::from_slice::<Json>(body)
                .map_err(|e| format!("not JSON: {}", clean_line(&e.to_string())));
            for (i, pointer, shape) in &self.json {
                let value = json.as_ref().map_err(Clone::clone).and_then(|j| pick(j, pointer, *shape));
                out.push((*i, Point::one(value)));
            }
        }
        if !self.patterns.is_empty() {
            let text = String::from_utf8_lossy(body);
            for (i, regex, shape) in &self.patterns {
                let value = regex.as_ref().map_err(Clone::clone).and_then(|r| find(r, &text, *shape));
                out.push((*i, Point::one(value)));
            }
        }
        let note = if self.wants_page() { self.metrics.read(body, openmetrics, now, &mut out) } else { None };
        (out, note)
    }

    /// The answer could not be had: windows over earlier ones go on, but have a hole here.
    pub(super) fn all(&self, reason: &str) -> Vec<(usize, Point)> {
        let json = self.json.iter().map(|(i, ..)| *i);
        let patterns = self.patterns.iter().map(|(i, ..)| *i);
        json.chain(patterns)
            .chain(self.metrics.signals())
            .map(|i| (i, Point::one(Err(reason.to_owned()))))
            .collect()
    }
}

fn pick(json: &Json, pointer: &str, shape: Shape) -> Result<Value, String> {
    let at = json.pointer(pointer).ok_or_else(|| format!("nothing stands at {pointer}"))?;
    match at {
        Json::Number(n) if !shape.text => {
            n.as_f64().ok_or_else(|| format!("{n} is no number")).and_then(|v| shape.number(v))
        }
        Json::Bool(b) if !shape.text => shape.number(f64::from(u8::from(*b))),
        Json::String(s) => shape.word(s),
        Json::Number(_) | Json::Bool(_) => Ok(Value::Text(at.to_string())),
        Json::Null => Err(format!("null stands at {pointer}")),
        Json::Array(_) => Err(format!("a list stands at {pointer}")),
        Json::Object(_) => Err(format!("an object stands at {pointer}")),
    }
}

fn find(regex: &Regex, text: &str, shape: Shape) -> Result<Value, String> {
    let found = regex.captures(text).ok_or("the pattern is not in the output")?;
    let value = found.name("value").ok_or("the pattern's group `value` took no part")?;
    shape.word(value.as_str())
}

/// The head of a text from outside, on one line, for a message.
pub(super) fn short(text: &str) -> String {
    const SHOWN: usize = 80;
    let line = clean_line(text.get(..text.floor_char_boundary(SHOWN * 4)).unwrap_or_default());
    let line = line.trim();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::fixture::{now, signal};

    fn read(kind: ReadingKind, raw: Unit, unit: Unit, body: &str) -> Result<Value, String> {
        let mut s = signal(kind);
        (s.raw, s.unit) = (raw, unit);
        let (mut points, _) = Reader::new(&[(7, &s)]).read(body.as_bytes(), false, &now(0));
        assert_eq!(points.len(), 1);
        let (i, point) = points.remove(0);
        assert_eq!((i, &point.series), (7, &None));
        point.value
    }

    fn json(pointer: &str, body: &str) -> Result<Value, String> {
        read(ReadingKind::Json(pointer.into()), Unit::Percent, Unit::Percent, body)
    }

    #[test]
    fn json_values_come_in_base_units() {
        let body = r#"{"a":{"b":[10,"25",true,null,"x"]},"t":"v1"}"#;
        assert_eq!(json("/a/b/0", body), Ok(Value::Number(0.1)));
        assert_eq!(json("/a/b/1", body), Ok(Value::Number(0.25)));
        assert_eq!(json("/a/b/2", body), Ok(Value::Number(0.01)));
        for (pointer, why) in [
            ("/a/b/3", "null"),
            ("/a/b/4", "`x` is not a number"),
            ("/a/b/9", "nothing stands"),
            ("/a/b", "a list"),
            ("/a", "an object"),
        ] {
            assert!(json(pointer, body).unwrap_err().contains(why), "{pointer}");
        }
        let text = read(ReadingKind::Json("/t".into()), Unit::Text, Unit::Text, body);
        assert_eq!(text, Ok(Value::Text("v1".into())));
    }

    #[test]
    fn what_is_not_json_says_where() {
        assert!(json("/a", "<html>").unwrap_err().contains("not JSON: expected value at line 1"));
        let deep = "[".repeat(100_000);
        assert!(json("/a", &deep).unwrap_err().contains("recursion"));
    }

    #[test]
    fn a_pattern_delivers_its_group() {
        let out = |p: &str, body: &str| read(ReadingKind::Output(p.into()), Unit::Count, Unit::Count, body);
        assert_eq!(out(r"weight=(?P<value>\d+)", "x\nweight=75\n"), Ok(Value::Number(75.0)));
        assert!(out(r"weight=(?P<value>\d+)", "none").unwrap_err().contains("not in the output"));
        assert!(out(r"weight=(\d+)", "weight=1").unwrap_err().contains("group `value`"));
        assert!(out(r"(?P<value>\w+)", "NaN").unwrap_err().contains("NaN"));
        assert!(out(r"(?P<value>\S+)", "\u{1b}[31mx").unwrap_err().starts_with("`x` is not"));
    }
}
