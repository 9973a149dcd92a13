//! The labels of a sample: checked while the line is read, decoded when someone asks.

use std::borrow::Cow;

use super::cursor::{Cursor, Raw};
use super::{Reason, Stop};

/// The labels of one sample, as written between its braces.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    raw: &'a str,
}

impl<'a> Labels<'a> {
    /// The labels as written, without the braces.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Names and values, unescaped, in the page's order.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        let mut c = Cursor::new(self.raw);
        std::iter::from_fn(move || {
            loop {
                c.blanks();
                match entry(&mut c).ok()? {
                    Entry::Label(name, value) => {
                        comma(&mut c);
                        return Some((name.decode(), value.decode()));
                    }
                    Entry::Name(_) => {
                        comma(&mut c);
                    }
                }
            }
        })
    }

    /// The value of the label `name`, unescaped.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

/// What can stand between commas: a label, or the metric's own name in quotes.
enum Entry<'a> {
    Label(Raw<'a>, Raw<'a>),
    Name(Raw<'a>),
}

#[inline(always)]
fn entry<'a>(c: &mut Cursor<'a>) -> Result<Entry<'a>, Stop> {
    let at = c.at();
    let quoted = c.peek() == Some(b'"');
    let name = if quoted { c.quoted()? } else { Raw::bare(c.label_name().ok_or((Reason::LabelName, at))?) };
    if name.text.is_empty() {
        return Err((Reason::LabelName, at));
    }
    c.blanks();
    if !c.take(b'=') {
        return match c.peek() {
            None | Some(b',' | b'}') if quoted => Ok(Entry::Name(name)),
            _ => Err((Reason::Equals, c.at())),
        };
    }
    c.blanks();
    if c.peek() != Some(b'"') {
        return Err((Reason::Unquoted, c.at()));
    }
    Ok(Entry::Label(name, c.quoted()?))
}

/// Passes over a comma and the blanks around it; false if there is none.
#[inline(always)]
fn comma(c: &mut Cursor<'_>) -> bool {
    c.blanks();
    let there = c.take(b',');
    c.blanks();
    there
}

/// Names seen so far on one line. Few labels need no heap.
struct Seen<'a> {
    first: [&'a str; 16],
    count: usize,
    more: std::collections::BTreeSet<&'a str>,
}

impl<'a> Seen<'a> {
    /// Adds a name; false if it was there already.
    #[inline(always)]
    fn add(&mut self, name: &'a str) -> bool {
        let head = &self.first[..self.count.min(self.first.len())];
        if head.contains(&name) {
            return false;
        }
        let new = match self.first.get_mut(self.count) {
            Some(free) => {
                *free = name;
                true
            }
            None => self.more.insert(name),
        };
        self.count += 1;
        new
    }
}

/// Checks everything after `{` up to and with `}`. Gives the raw labels and the metric name if it was among them.
pub(super) fn read<'a>(c: &mut Cursor<'a>) -> Result<(Labels<'a>, Option<Raw<'a>>), Stop> {
    let start = c.at();
    let mut metric = None;
    let mut seen = Seen { first: [""; 16], count: 0, more: std::collections::BTreeSet::new() };
    c.blanks();
    while c.peek() != Some(b'}') {
        let at = c.at();
        match entry(c)? {
            Entry::Label(name, _) if !seen.add(name.text) => return Err((Reason::LabelTwice, at)),
            Entry::Label(..) => {}
            Entry::Name(_) if metric.is_some() => return Err((Reason::NameTwice, at)),
            Entry::Name(name) => metric = Some(name),
        }
        if !comma(c) && c.peek() != Some(b'}') {
            return Err((Reason::Comma, c.at()));
        }
    }
    let raw = c.since(start);
    c.take(b'}');
    Ok((Labels { raw }, metric))
}
