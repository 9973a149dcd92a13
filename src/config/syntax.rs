//! From text to a tree with places, with the syntax errors that a person can use.

use super::problem::{Problem, Severity};
use toml::Spanned;
use toml::de::DeTable;

/// Most syntax errors told of one file: behind the first ones stand their consequences.
const MOST: usize = 5;

/// What could be read of a file.
pub struct Parsed<'s> {
    /// Its tree; `None` when a syntax error may have moved keys into other tables.
    pub tree: Option<Spanned<DeTable<'s>>>,
    /// Syntax errors and duplicate keys, the first of each line.
    pub problems: Vec<Problem>,
    /// Whether every key was read.
    pub whole: bool,
}

/// Reads the syntax of a file.
pub fn parse<'s>(file: &str, src: &'s str) -> Parsed<'s> {
    let (tree, errors) = DeTable::parse_recoverable(src);
    let mut problems: Vec<Problem> = Vec::new();
    let (mut sound, mut whole) = (true, true);
    for e in errors {
        let duplicate = e.message().contains("duplicate key");
        let span = e.span().unwrap_or(0..0);
        let wide = src.get(span.clone()).is_none_or(|s| s.contains('\n')) || span.start >= src.len();
        let hint = match (duplicate, e.message()) {
            (true, _) => "each key and each [table] stands once: rename or remove one of the two",
            (_, m) if m.contains("string") || m.contains("quote") => {
                "a text stands between quotes on one line: key = \"text\""
            }
            _ => "write key = \"text\", key = 1, key = true, [table] or [[list]]",
        };
        let mut p = Problem::at(file, src, span, Severity::Error, e.message().to_string(), hint.to_string());
        if duplicate {
            p.message = format!("duplicate key `{}`", &p.source[p.mark.clone()]);
        } else {
            whole = false;
            sound &= !wide && is_assignment(&p.source);
        }
        if problems.len() < MOST && !problems.iter().any(|q| q.line == p.line) {
            problems.push(p);
        }
    }
    Parsed { tree: sound.then_some(tree), problems, whole }
}

/// Whether a line is `key = …`, so that a mistake in it stays in it.
fn is_assignment(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default().trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    line.contains('=') && !key.is_empty() && key.chars().all(plain)
}
