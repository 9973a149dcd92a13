//! The new content of a file, by the way it is written.

use super::super::secrets::Secrets;
use super::{env_lines, json_doc, toml_doc};
use crate::model::playbook::{Change, FileEdit, FileFormat};
use crate::model::template::Template;
use regex::Regex;

/// The content of the file after the edit.
pub(super) fn edit(e: &FileEdit, old: &[u8], secrets: &Secrets) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(old).map_err(|e| format!("not text (byte {})", e.valid_up_to() + 1))?;
    // A byte order mark is not a part of the first line.
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let new = match &e.change {
        Change::Set(set) => {
            let mut values = Vec::new();
            for (key, value) in set {
                values.push((key.as_str(), secrets.fill(value)?));
            }
            set_all(e.format, text, &values)?
        }
        Change::Replace { pattern, with } => {
            let new = replace(text, pattern, with, secrets)?;
            // A pattern knows nothing of the format: what comes out must still be one.
            match e.format {
                FileFormat::Json => json_doc::parses(&new)?,
                FileFormat::Toml => toml_doc::parses(&new)?,
                FileFormat::Env | FileFormat::Text => {}
            }
            new
        }
    };
    Ok(format!("{mark}{new}").into_bytes())
}

fn set_all(format: FileFormat, text: &str, values: &[(&str, String)]) -> Result<String, String> {
    match format {
        FileFormat::Env => {
            let mut text = text.to_owned();
            for (key, value) in values {
                text = env_lines::set(&text, key, value)?;
            }
            Ok(text)
        }
        FileFormat::Json => json_doc::set(text, values),
        FileFormat::Toml => toml_doc::set(text, values),
        FileFormat::Text => Err("plain text has no names to set: give a pattern to replace".to_owned()),
    }
}

fn replace(text: &str, pattern: &str, with: &Template, secrets: &Secrets) -> Result<String, String> {
    let regex = Regex::new(pattern).map_err(|e| format!("pattern {pattern}: {e}"))?;
    if !regex.is_match(text) {
        return Err(format!("nothing in it matches {pattern}"));
    }
    // `$1` of the playbook is a group of the pattern; a dollar within a secret is a dollar.
    let with = secrets.fill_with(with, &|value| value.replace('$', "$$"))?;
    Ok(regex.replace_all(text, with.as_str()).into_owned())
}

/// A key as a path: `/a/b~1c` is a JSON pointer, `a.b` is dotted.
pub(super) fn path_of(key: &str) -> (Vec<String>, bool) {
    match key.strip_prefix('/') {
        Some(rest) => (rest.split('/').map(|s| s.replace("~1", "/").replace("~0", "~")).collect(), true),
        None => (key.split('.').map(str::to_owned).collect(), false),
    }
}

/// What a text is where no old value says its type: `true`, `false` and numbers as everybody writes them are that.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Guess {
    /// Yes or no.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Anything else.
    Text(String),
}

/// See [`Guess`]. `1.10` is no number: it would come back as `1.1`.
pub(super) fn guess(value: &str) -> Guess {
    match value {
        "true" => Guess::Bool(true),
        "false" => Guess::Bool(false),
        _ => match serde_json::from_str::<serde_json::Number>(value) {
            Ok(n) if n.to_string() == value => Guess::Number(value.to_owned()),
            _ => Guess::Text(value.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(format: FileFormat, change: Change, old: &str) -> Result<String, String> {
        let e = FileEdit { file: "f".into(), format, change };
        let new = edit(&e, old.as_bytes(), &Secrets::new(Default::default()))?;
        Ok(String::from_utf8(new).unwrap())
    }

    fn replace(pattern: &str, with: &str) -> Change {
        Change::Replace { pattern: pattern.into(), with: with.into() }
    }

    #[test]
    fn every_match_is_replaced_and_groups_are_known() {
        let change = replace(r"(?m)^server (?<name>\w+) .*$", "server $name 10.0.0.9");
        let out = edited(FileFormat::Text, change, "server a 1\n# server\nserver b 2\n").unwrap();
        assert_eq!(out, "server a 10.0.0.9\n# server\nserver b 10.0.0.9\n");
    }

    #[test]
    fn without_a_match_nothing_is_changed_and_it_is_said() {
        let e = edited(FileFormat::Text, replace("v1", "v0"), "v2\n").unwrap_err();
        assert!(e.contains("nothing in it matches v1"), "{e}");
        assert!(edited(FileFormat::Text, replace("(", "x"), "v2\n").is_err());
        let set = Change::Set([("a".to_owned(), Template::from("1"))].into_iter().collect());
        assert!(edited(FileFormat::Text, set, "v2\n").is_err());
    }

    #[test]
    fn a_pattern_must_leave_json_and_toml_readable() {
        assert!(edited(FileFormat::Json, replace("1", "2"), "{\"a\": 1}").is_ok());
        assert!(edited(FileFormat::Json, replace("1", "}"), "{\"a\": 1}").is_err());
        assert!(edited(FileFormat::Toml, replace("1", "= 1"), "a = 1").is_err());
    }

    #[test]
    fn a_byte_order_mark_stays_and_bytes_that_are_no_text_are_refused() {
        let set = Change::Set([("A".to_owned(), Template::from("2"))].into_iter().collect());
        assert_eq!(edited(FileFormat::Env, set.clone(), "\u{feff}A=1\n").unwrap(), "\u{feff}A=2\n");
        let e = FileEdit { file: "f".into(), format: FileFormat::Env, change: set };
        assert!(edit(&e, b"A=\xff", &Secrets::new(Default::default())).is_err());
    }

    #[test]
    fn a_number_is_one_only_when_it_comes_back_as_it_was() {
        assert_eq!(guess("true"), Guess::Bool(true));
        assert_eq!(guess("0.5"), Guess::Number("0.5".into()));
        assert_eq!(guess("-3"), Guess::Number("-3".into()));
        for text in ["1.10", "007", "1e3", "v1", "", "null", "True", " 1"] {
            assert_eq!(guess(text), Guess::Text(text.into()));
        }
        assert_eq!(path_of("/a/b~1c/~0d").0, ["a", "b/c", "~d"]);
        assert_eq!(path_of("a.b"), (vec!["a".into(), "b".into()], false));
    }
}
