//! From text to a tree with places, with the syntax errors that a person can use.

use super::problem::{Problem, Severity};
use toml::Spanned;
use toml::de::DeTable;

/// Most syntax errors told of one file: behind the first ones stand their consequences.
const MOST: usize = 5;

/// The tree of a file, and what is wrong with its syntax. The tree is `None` when it cannot be trusted.
pub fn tree<'s>(file: &str, src: &'s str) -> (Option<Spanned<DeTable<'s>>>, Vec<Problem>) {
    let (tree, errors) = DeTable::parse_recoverable(src);
    let mut problems: Vec<Problem> = Vec::new();
    let mut sound = true;
    for e in errors {
        let duplicate = e.message().contains("duplicate key");
        sound &= duplicate;
        let span = e.span().unwrap_or(0..0);
        let hint = match duplicate {
            true => "each key and each [table] stands once: rename or remove one of the two",
            false if e.message().contains("string") || e.message().contains("quote") => {
                "a text stands between quotes on one line: key = \"text\""
            }
            false => "write key = \"text\", key = 1, key = true, [table] or [[list]]",
        };
        let mut p = Problem::at(file, src, span, Severity::Error, e.message().to_string(), hint.to_string());
        if duplicate {
            p.message = format!("duplicate key `{}`", &p.source[p.mark.clone()]);
        }
        if !problems.iter().any(|q| q.line == p.line) && problems.len() < MOST {
            problems.push(p);
        }
    }
    (sound.then_some(tree), problems)
}
