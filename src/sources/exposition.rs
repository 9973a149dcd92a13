//! Reads a /metrics page: Prometheus text 0.0.4 and OpenMetrics 1.0, in one tolerant grammar.
//!
//! [`scan`] borrows everything from the page and keeps nothing on the heap. A line that is not legal is an item of
//! its own, with its number and reason: never fatal, never silent. Labels stay raw until someone asks for them, so
//! a caller picks samples by name first.
//!
//! ```
//! use ripcord::sources::exposition::scan;
//!
//! let page = b"# TYPE up gauge\nup{path=\"/items/{id}\"} 1\n<html>\n";
//! let mut lines = scan(page);
//! let up = lines.next().unwrap().unwrap();
//! assert_eq!((up.name.as_ref(), up.value), ("up", 1.0));
//! assert_eq!(up.labels.get("path").as_deref(), Some("/items/{id}"));
//! assert_eq!(lines.next().unwrap().unwrap_err().line, 3);
//! assert!(lines.next().is_none());
//! ```

mod cursor;
mod labels;
#[cfg(test)]
mod tests;

pub use labels::Labels;

use std::borrow::Cow;
use std::fmt;

use cursor::Cursor;

use crate::model::text::{clean_bytes, clean_line};

/// One sample line.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// Its line, counted from 1.
    pub line: usize,
    /// Metric name, unescaped.
    pub name: Cow<'a, str>,
    /// Its labels, still as written.
    pub labels: Labels<'a>,
    /// The value; NaN and the infinities only when the page names them.
    pub value: f64,
    /// The timestamp as written: milliseconds in Prometheus text, seconds in OpenMetrics.
    pub timestamp: Option<f64>,
}

/// A line that is not legal, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct LineError<'a> {
    /// Its line, counted from 1.
    pub line: usize,
    /// Where in the line reading stopped, in bytes, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: Reason,
    /// The line as it came, unclean.
    pub text: &'a [u8],
}

impl fmt::Display for LineError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        let head = &self.text[..self.text.len().min(SHOWN * 4)];
        let shown: String = clean_line(&clean_bytes(head)).chars().take(SHOWN).collect();
        let more = if shown.len() < self.text.len() { "…" } else { "" };
        write!(f, "line {}, column {}: {}: `{shown}{more}`", self.line, self.column, self.reason)
    }
}

/// What makes a line illegal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The line holds bytes that are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The line does not begin like a metric name, or a name holds a character that needs quotes.
    #[error("no metric name here")]
    Name,
    /// Labels, but no name before them and none quoted among them.
    #[error("no metric name before or among the labels")]
    NameMissing,
    /// A second metric name among the labels.
    #[error("a second metric name")]
    NameTwice,
    /// Something that is neither a label name, a quoted name nor the closing brace.
    #[error("no label name here")]
    LabelName,
    /// A label name without `=`.
    #[error("no `=` after the label name")]
    Equals,
    /// A label value that is not in quotes.
    #[error("a label value must be in double quotes")]
    Unquoted,
    /// A quote that never closes on its line.
    #[error("a quote that never closes")]
    OpenQuote,
    /// Two labels without a comma between them, or braces that never close.
    #[error("neither `,` nor `}}` after a label")]
    Comma,
    /// The same label twice.
    #[error("the same label twice")]
    LabelTwice,
    /// A name without a value.
    #[error("no value")]
    NoValue,
    /// A value that is not a decimal number, NaN, +Inf or -Inf.
    #[error("the value is not a decimal number, NaN, +Inf or -Inf")]
    Value,
    /// A timestamp that is not a finite decimal number.
    #[error("the timestamp is not a number")]
    Timestamp,
    /// Text after the sample that is not an exemplar.
    #[error("unexpected text after the sample")]
    Trailing,
    /// A `# TYPE` line without a name or with a type that does not exist.
    #[error("not a `# TYPE <name> <type>` line")]
    Type,
}

/// Reads a page line by line; comments and blank lines are passed over.
pub fn scan(page: &[u8]) -> Scan<'_> {
    Scan { rest: page, line: 0 }
}

/// The samples and the illegal lines of a page, in its order.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Result<Sample<'a>, LineError<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            self.line += 1;
            let line = match memchr::memchr(b'\n', self.rest) {
                Some(end) => {
                    let line = &self.rest[..end];
                    self.rest = &self.rest[end + 1..];
                    line
                }
                None => std::mem::take(&mut self.rest),
            };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let read = match std::str::from_utf8(line) {
                Ok(text) => read_line(text, self.line),
                Err(e) => Err((Reason::NotUtf8, e.valid_up_to())),
            };
            match read {
                Ok(None) => {}
                Ok(Some(sample)) => return Some(Ok(sample)),
                Err((reason, at)) => {
                    return Some(Err(LineError { line: self.line, column: at + 1, reason, text: line }));
                }
            }
        }
        None
    }
}

/// What stopped the reading of a line, and at which byte.
type Stop = (Reason, usize);

/// One line: a sample, nothing (blank or comment), or what is wrong with it.
fn read_line(text: &str, line: usize) -> Result<Option<Sample<'_>>, Stop> {
    let mut c = Cursor::new(text);
    c.blanks();
    let bare = match c.peek() {
        None => return Ok(None),
        Some(b'#') => return check_comment(c).map(|()| None),
        Some(b'{') => None,
        Some(_) => {
            let name = c.metric_name().ok_or((Reason::Name, c.at()))?;
            match c.peek() {
                Some(b' ' | b'\t') => c.blanks(),
                None | Some(b'{') => {}
                Some(_) => return Err((Reason::Name, c.at())),
            }
            Some(name)
        }
    };
    let (labels, quoted) = if c.take(b'{') { labels::read(&mut c)? } else { (Labels::default(), None) };
    let name = match (bare, quoted) {
        (Some(name), None) => Cow::Borrowed(name),
        (None, Some(name)) => name.decode(),
        (None, None) => return Err((Reason::NameMissing, c.at())),
        (Some(_), Some(_)) => return Err((Reason::NameTwice, c.at())),
    };
    c.blanks();
    let at = c.at();
    let value = match c.word() {
        "" => return Err((Reason::NoValue, at)),
        word => number(word).ok_or((Reason::Value, at))?,
    };
    c.blanks();
    let timestamp = timestamp(&mut c)?;
    if c.take(b'#') {
        exemplar(&mut c)?;
    }
    match c.peek() {
        None => Ok(Some(Sample { line, name, labels, value, timestamp })),
        Some(_) => Err((Reason::Trailing, c.at())),
    }
}

/// A timestamp and the blanks after it, if one stands here.
fn timestamp(c: &mut Cursor<'_>) -> Result<Option<f64>, Stop> {
    if matches!(c.peek(), None | Some(b'#')) {
        return Ok(None);
    }
    let at = c.at();
    let time = number(c.word()).filter(|t| t.is_finite()).ok_or((Reason::Timestamp, at))?;
    c.blanks();
    Ok(Some(time))
}

/// The rest of an exemplar after its `#`: labels, value, perhaps a time. It must be legal; nothing of it is kept.
fn exemplar(c: &mut Cursor<'_>) -> Result<(), Stop> {
    c.blanks();
    if !c.take(b'{') {
        return Err((Reason::Trailing, c.at()));
    }
    if let (_, Some(_)) = labels::read(c)? {
        return Err((Reason::Equals, c.at()));
    }
    c.blanks();
    let at = c.at();
    match c.word() {
        "" => return Err((Reason::NoValue, at)),
        word => number(word).ok_or((Reason::Value, at))?,
    };
    c.blanks();
    timestamp(c).map(|_| ())
}

/// A comment may say anything, except that `# TYPE` must name a metric and a type.
fn check_comment(mut c: Cursor<'_>) -> Result<(), Stop> {
    const TYPES: [&str; 9] = [
        "counter",
        "gauge",
        "histogram",
        "summary",
        "untyped",
        "unknown",
        "info",
        "stateset",
        "gaugehistogram",
    ];
    c.take(b'#');
    c.blanks();
    if c.word() != "TYPE" {
        return Ok(());
    }
    c.blanks();
    let named = if c.peek() == Some(b'"') {
        c.quoted()?;
        true
    } else {
        c.metric_name().is_some()
    };
    c.blanks();
    let at = c.at();
    let known = TYPES.contains(&c.word());
    c.blanks();
    if named && known && c.peek().is_none() { Ok(()) } else { Err((Reason::Type, at)) }
}

/// A value as the formats write it: decimal, or NaN, +Inf, -Inf, Inf by exactly these names.
pub(super) fn number(word: &str) -> Option<f64> {
    match word {
        "NaN" => return Some(f64::NAN),
        "+Inf" | "Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None; // the float reader also takes `nan` and `infinity`
    }
    fast_float2::parse::<f64, _>(word).ok().filter(|v| v.is_finite())
}
