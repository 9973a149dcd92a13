//! One problem of a file: where it stands, what is wrong, what would be right; and how it is shown.

use crate::model::text;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;
use std::ops::Range;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is used; something of it is doubtful or not used.
    Warning,
}

/// A problem with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// File as it was named by the caller.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column of its first character, from 1.
    pub column: usize,
    /// Column after its last character on that line.
    pub end_column: usize,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
    /// The known name that is nearest to an unknown one.
    pub near: Option<String>,
    /// The line it stands on.
    #[serde(skip)]
    pub source: String,
    /// The marked bytes of that line.
    #[serde(skip)]
    pub mark: Range<usize>,
}

impl Problem {
    /// A problem of a whole file that cannot be read.
    pub fn of_file(file: &str, message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem {
            file: file.into(),
            line: 1,
            column: 1,
            end_column: 1,
            severity: Severity::Error,
            message: message.into(),
            hint: hint.into(),
            near: None,
            source: String::new(),
            mark: 0..0,
        }
    }

    /// A problem at a span of bytes of a source text.
    pub fn at(
        file: &str,
        src: &str,
        span: Range<usize>,
        severity: Severity,
        message: String,
        hint: String,
    ) -> Problem {
        let start = floor(src, span.start);
        let begin = src[..start].rfind('\n').map_or(0, |n| n + 1);
        let end_of_line = src[start..].find('\n').map_or(src.len(), |n| start + n);
        let end = floor(src, span.end).clamp(start, end_of_line);
        let source = src[begin..end_of_line].trim_end_matches('\r').to_string();
        let mark = (start - begin).min(source.len())..(end - begin).min(source.len());
        let column = source[..mark.start].chars().count() + 1;
        Problem {
            file: file.into(),
            line: src[..begin].matches('\n').count() + 1,
            column,
            end_column: column + source[mark.clone()].chars().count(),
            severity,
            message,
            hint,
            near: None,
            source,
            mark,
        }
    }

    /// Draws it as compilers do: the line, the mark, the hint.
    pub fn render(&self, color: bool) -> String {
        let message = text::clean_line(&self.message);
        let hint = text::clean_line(&self.hint);
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let snippet = Snippet::source(self.source.as_str())
            .line_start(self.line)
            .path(self.file.as_str())
            .annotation(AnnotationKind::Primary.span(self.mark.clone()));
        let group: Group<'_> =
            level.primary_title(message).element(snippet).element(Level::HELP.message(hint));
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// The nearest character boundary at or before a byte.
fn floor(src: &str, at: usize) -> usize {
    let mut at = at.min(src.len());
    while !src.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The known name nearest to an unknown one, when one is near enough to be meant.
pub fn nearest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    known
        .into_iter()
        .map(|k| (strsim::normalized_damerau_levenshtein(word, k), k))
        .filter(|(score, k)| {
            *score >= 0.55 || (word.len() > 2 && (k.starts_with(word) || word.starts_with(*k)))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_counted_in_characters_from_one() {
        let src = "a = 1\nö = \"größe\" # x\n";
        let start = src.find("\"gr").unwrap();
        let p = Problem::at("f", src, start..start + 9, Severity::Error, "m".into(), "h".into());
        assert_eq!((p.line, p.column, p.end_column), (2, 5, 12));
        assert_eq!(&p.source[p.mark.clone()], "\"größe\"");
    }

    #[test]
    fn a_span_beyond_the_end_or_inside_a_character_does_no_harm() {
        let p = Problem::at("f", "ö", 1..99, Severity::Error, "m".into(), "h".into());
        assert_eq!((p.line, p.column), (1, 1));
        assert!(
            Problem::at("f", "", 5..9, Severity::Error, "m".into(), "h".into())
                .render(false)
                .contains("f:1:1")
        );
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("runn", ["run", "http", "socket"]), Some("run"));
        assert_eq!(nearest("error_rat", ["error_rate", "p95"]), Some("error_rate"));
        assert_eq!(nearest("zebra", ["run", "http"]), None);
    }
}
