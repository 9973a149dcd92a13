//! `[keys]` of the settings, as it is written. What it comes to is said by the table of keys, which is the screen's.

use super::problem::{Problem, Severity, nearest};
use super::walk::{Node, Table};
use std::ops::Range;

/// A word and its bytes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// One line: `palette = ["ctrl-p", ":"]` under `[keys.global]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where the keys are pressed.
    pub context: Word,
    /// What they mean there.
    pub action: Word,
    /// The keys; none takes all of them away.
    pub keys: Vec<Word>,
}

/// All of `[keys]`, with what is needed to say where something is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Name of the file.
    pub file: String,
    /// Its text; empty when it says nothing of keys.
    pub src: String,
    /// Its lines, in file order.
    pub lines: Vec<Line>,
}

impl Keys {
    /// A problem of a word.
    pub fn error(&self, word: &Word, message: String, hint: String) -> Problem {
        Problem::at(&self.file, &self.src, word.span.clone(), Severity::Error, message, hint)
    }

    /// A word is not among the known ones.
    pub fn unknown(&self, word: &Word, message: String, known: &[String]) -> Problem {
        let near = nearest(&word.text, known.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        Problem { near: near.map(str::to_string), ..self.error(word, message, hint) }
    }
}

/// Reads it.
pub fn read(t: &Table<'_>) -> Keys {
    let Some(node) = t.opt("keys") else { return Keys::default() };
    let mut lines = Vec::new();
    for (context, place, actions) in node.keyed() {
        let context = Word { text: context.into(), span: place };
        if !matches!(actions.value, toml::de::DeValue::Table(_)) {
            let hint = "write it below [keys.global], or the place where `ripcord keys` has it";
            actions.error(format!("`{}` stands in no place", context.text), hint);
            continue;
        }
        for (action, place, keys) in actions.keyed() {
            let action = Word { text: action.into(), span: place };
            lines.push(Line { context: context.clone(), action, keys: words(&keys) });
        }
    }
    Keys { file: t.cx.file.into(), src: t.cx.src.into(), lines }
}

/// One key, or a list of them.
fn words(node: &Node<'_>) -> Vec<Word> {
    let word = |n: &Node<'_>| Some(Word { text: n.str()?.into(), span: n.span.clone() });
    match node.value {
        toml::de::DeValue::Array(_) => node.array().iter().filter_map(word).collect(),
        _ => word(node).into_iter().collect(),
    }
}
