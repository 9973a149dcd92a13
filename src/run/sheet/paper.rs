//! Lines on paper: at most 80 columns of ASCII, every line either a comment or a command that a bare `sh` understands.

use crate::model::template::{Piece, Template};
use std::fmt::Write as _;

/// Columns of a line.
const WIDTH: usize = 80;

/// A part of a command.
#[derive(Debug, Clone)]
pub enum Word {
    /// One word with names in it, quoted as needed.
    Text(Template),
    /// What the shell is to read as it stands: `|`, `&&`, a redirection.
    Raw(String),
}

impl Word {
    /// A word without names.
    pub fn plain(text: &str) -> Word {
        Word::Text(Template(text.to_owned()))
    }

    /// What the shell reads as it stands.
    pub fn raw(text: &str) -> Word {
        Word::Raw(text.to_owned())
    }
}

/// The variable of the shell that stands for a name.
pub fn variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let text: String = name.strip_prefix("secret.").unwrap_or(name).chars().map(plain).collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
}

/// Text in ASCII, for comments.
pub fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            '–' | '—' | '·' => out.push('-'),
            '≥' => out.push_str(">="),
            '≤' => out.push_str("<="),
            '\n' | '\t' => out.push(' '),
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

/// The sheet as it grows.
#[derive(Debug, Default)]
pub struct Paper {
    text: String,
}

impl Paper {
    /// All of it.
    pub fn text(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A comment, wrapped; `indent` spaces behind its mark.
    pub fn say(&mut self, indent: usize, text: &str) {
        let front = format!("# {}", " ".repeat(indent));
        let text = Template(text.to_owned()).fill_known(&|name| Some(format!("${}", variable(name)))).0;
        let mut line = front.clone();
        for word in ascii(&text).split(' ').filter(|w| !w.is_empty()) {
            let mut word = word;
            if line.len() > front.len() && line.len() + 1 + word.len() > WIDTH {
                let _ = writeln!(self.text, "{line}");
                line = format!("{front}  ");
            } else if line.len() > front.len() {
                line.push(' ');
            }
            while line.len() + word.len() > WIDTH {
                let (head, rest) = word.split_at(WIDTH - line.len());
                let _ = writeln!(self.text, "{line}{head}");
                (line, word) = (format!("{front}  "), rest);
            }
            line.push_str(word);
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    /// A command, over several lines where it must be. `named` says which variable stands for a name.
    pub fn command(&mut self, words: &[Word], named: &dyn Fn(&str) -> String) {
        self.text.push_str("  ");
        let mut column = 2;
        for (i, word) in words.iter().enumerate() {
            let tokens = tokens(word, named);
            let width: usize = tokens.iter().map(String::len).sum();
            if i > 0 {
                if column + 1 + width > WIDTH - 2 {
                    self.text.push_str(" \\\n    ");
                    column = 4;
                } else {
                    self.text.push(' ');
                    column += 1;
                }
            }
            for token in tokens {
                if column + token.len() > WIDTH - 2 && column > 4 {
                    // Within a word: the next line goes on at its very beginning.
                    self.text.push_str("\\\n");
                    column = 0;
                }
                column = match token.rfind('\n') {
                    Some(at) => token.len() - at - 1,
                    None => column + token.len(),
                };
                self.text.push_str(&token);
            }
        }
        self.text.push('\n');
    }
}

/// What a word is made of; a line may be broken between any two.
fn tokens(word: &Word, named: &dyn Fn(&str) -> String) -> Vec<String> {
    match word {
        Word::Raw(text) => vec![text.clone()],
        Word::Text(t) => {
            let mut out = Vec::new();
            for piece in t.pieces().unwrap_or_else(|_| vec![Piece::Text(&t.0)]) {
                match piece {
                    Piece::Text(text) => quoted(text, &mut out),
                    Piece::Name(name) => out.push(format!("\"${{{}}}\"", named(name))),
                }
            }
            if out.is_empty() {
                out.push("''".into());
            }
            out
        }
    }
}

/// A text in quotes where it needs them, in parts that fit a line.
fn quoted(text: &str, out: &mut Vec<String>) {
    const PART: usize = 60;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c);
    let mut part = String::new();
    let flush = |part: &mut String, out: &mut Vec<String>| {
        if !part.is_empty() {
            out.push(match part.chars().all(plain) {
                true => std::mem::take(part),
                false => format!("'{}'", std::mem::take(part)),
            });
        }
    };
    for c in text.chars() {
        match c {
            '\'' => {
                flush(&mut part, out);
                out.push("\\'".into());
            }
            '\n' => {
                part.push(c);
                flush(&mut part, out);
            }
            c if c.is_ascii_graphic() || c == ' ' => part.push(c),
            c => {
                // What paper and some terminals do not have, by its bytes.
                flush(&mut part, out);
                let bytes: String = c.to_string().bytes().map(|b| format!("\\{b:03o}")).collect();
                out.push(format!("\"$(printf '{bytes}')\""));
            }
        }
        if part.len() >= PART {
            flush(&mut part, out);
        }
    }
    flush(&mut part, out);
}
