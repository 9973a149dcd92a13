//! Strings with `{{ name }}`: plain substitution into one argument.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A string that may hold `{{ name }}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub String);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text taken as it is.
    Text(&'a str),
    /// A name to be replaced, such as `run.reason` or `secret.token`.
    Name(&'a str),
}

/// Why a template cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{{` without `}}`, at this byte.
    #[error("`{{{{` at column {} is never closed", .0 + 1)]
    Unclosed(usize),
    /// A name nobody gave a value.
    #[error("nothing gives `{0}` a value")]
    Unknown(String),
}

impl Template {
    /// The pieces, in order.
    ///
    /// # Errors
    /// [`TemplateError::Unclosed`] for `{{` without `}}`.
    pub fn pieces(&self) -> Result<Vec<Piece<'_>>, TemplateError> {
        let (mut out, mut at) = (Vec::new(), 0);
        while let Some(open) = self.0[at..].find("{{") {
            let open = at + open;
            let close = self.0[open..].find("}}").ok_or(TemplateError::Unclosed(open))? + open;
            if open > at {
                out.push(Piece::Text(&self.0[at..open]));
            }
            out.push(Piece::Name(self.0[open + 2..close].trim()));
            at = close + 2;
        }
        if at < self.0.len() {
            out.push(Piece::Text(&self.0[at..]));
        }
        Ok(out)
    }

    /// The names it needs.
    pub fn names(&self) -> Vec<&str> {
        let pieces = self.pieces().unwrap_or_default();
        pieces
            .into_iter()
            .filter_map(|p| match p {
                Piece::Name(n) => Some(n),
                Piece::Text(_) => None,
            })
            .collect()
    }

    /// Fills every name.
    ///
    /// # Errors
    /// When a name has no value, or `{{` is never closed.
    pub fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
        let mut out = String::new();
        for piece in self.pieces()? {
            match piece {
                Piece::Text(t) => out.push_str(t),
                Piece::Name(n) => out.push_str(&value(n).ok_or_else(|| TemplateError::Unknown(n.into()))?),
            }
        }
        Ok(out)
    }

    /// Fills the names that have a value and leaves the others standing.
    pub fn fill_known(&self, value: &dyn Fn(&str) -> Option<String>) -> Template {
        let Ok(pieces) = self.pieces() else { return self.clone() };
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(t) => out.push_str(t),
                Piece::Name(n) => match value(n) {
                    Some(v) => out.push_str(&v),
                    None => out.push_str(&format!("{{{{ {n} }}}}")),
                },
            }
        }
        Template(out)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::convert::From<&str> for Template {
    fn from(s: &str) -> Template {
        Template(s.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_and_the_missing_one_is_named() {
        let t = Template::from("{{ url }}/health?by={{who}}");
        assert_eq!(t.names(), ["url", "who"]);
        let known = |n: &str| (n == "url").then(|| "http://x".to_string());
        assert_eq!(t.fill(&known), Err(TemplateError::Unknown("who".into())));
        assert_eq!(t.fill_known(&known), Template::from("http://x/health?by={{ who }}"));
    }

    #[test]
    fn an_open_brace_is_an_error_with_its_place() {
        assert_eq!(Template::from("ab{{ x").pieces(), Err(TemplateError::Unclosed(2)));
    }

    #[test]
    fn a_value_with_braces_is_not_filled_again() {
        let t = Template::from("{{ a }}");
        assert_eq!(t.fill(&|_| Some("{{ b }}".into())).unwrap(), "{{ b }}");
    }
}
