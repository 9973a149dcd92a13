//! A position in one line, and the tokens that can stand there.

use std::borrow::Cow;

use super::{Reason, Stop};

const METRIC: u8 = 1;
const LABEL: u8 = 2;

/// Which bytes may stand in a metric name (`METRIC`) and in a label name (`LABEL`) without quotes.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut class = [0; 256];
    let mut b = 0;
    while b < 128 {
        let byte = b as u8;
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            class[b] = METRIC | LABEL;
        } else if byte == b':' {
            class[b] = METRIC;
        }
        b += 1;
    }
    class
}

/// Text between quotes, as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    escaped: bool,
}

impl<'a> Raw<'a> {
    /// A name without quotes.
    pub(super) fn bare(text: &'a str) -> Raw<'a> {
        Raw { text, escaped: false }
    }

    /// Resolves `\\`, `\"` and `\n`; any other backslash stands for itself, as in Prometheus.
    pub(super) fn decode(self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.text);
        }
        let mut out = String::with_capacity(self.text.len());
        let mut chars = self.text.chars();
        while let Some(c) = chars.next() {
            match (c, chars.as_str().as_bytes().first()) {
                ('\\', Some(&next @ (b'\\' | b'"' | b'n'))) => {
                    out.push(if next == b'n' { '\n' } else { next.into() });
                    chars.next();
                }
                _ => out.push(c),
            }
        }
        Cow::Owned(out)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from `start` up to here.
    #[inline(always)]
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    pub(super) fn blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes over `byte` if it stands here.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// Everything up to the next blank or the end.
    #[inline(always)]
    pub(super) fn word(&mut self) -> &'a str {
        let start = self.at;
        while !matches!(self.peek(), None | Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self.since(start)
    }

    #[inline(always)]
    pub(super) fn metric_name(&mut self) -> Option<&'a str> {
        self.name(METRIC)
    }

    #[inline(always)]
    pub(super) fn label_name(&mut self) -> Option<&'a str> {
        self.name(LABEL)
    }

    #[inline(always)]
    fn name(&mut self, class: u8) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes.get(start)?.is_ascii_digit() {
            return None;
        }
        let len = bytes[start..]
            .iter()
            .position(|&b| CLASS[usize::from(b)] & class == 0)
            .unwrap_or(bytes.len() - start);
        self.at += len;
        (len > 0).then(|| self.since(start))
    }

    /// A string in double quotes, which stands here.
    #[inline(always)]
    pub(super) fn quoted(&mut self) -> Result<Raw<'a>, Stop> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        loop {
            match bytes.get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    let text = &self.text[start..end];
                    return Ok(Raw { text, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(_) => end += 1,
                None => return Err((Reason::OpenQuote, self.at)),
            }
        }
    }
}
