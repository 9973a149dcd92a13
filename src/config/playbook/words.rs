//! The small parts that every section is made of: ids, patterns, pointers, keys.

use crate::config::walk::{Cx, Node};
use regex::Regex;
use std::ops::Range;

/// How ids of a kind are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `error_rate`: signals, variables, parameters.
    Snake,
    /// `error-rate`: everything else.
    Kebab,
    /// Letters, digits, `-` and `_`: severities (`P0`) and secrets.
    Free,
}

/// Checks that an id is written as its kind demands.
pub fn id(cx: &Cx<'_>, span: Range<usize>, id: &str, style: Style) {
    let (separator, name) = match style {
        Style::Snake => ("_", "snake_case, such as `error_rate`"),
        Style::Kebab => ("-", "kebab-case, such as `error-rate`"),
        Style::Free => {
            let good =
                !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !good {
                cx.error(span, format!("`{id}` is not a usable name"), "use letters, digits, `-` and `_`");
            }
            return;
        }
    };
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good = id.split(separator).all(part)
        && (style != Style::Snake || !id.starts_with(|c: char| c.is_ascii_digit()));
    if !good {
        let lower: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
            .collect();
        let fixed = lower.split_whitespace().collect::<Vec<_>>().join(separator);
        let hint =
            if fixed.is_empty() { format!("write it in {name}") } else { format!("write `{fixed}`: {name}") };
        cx.error(span, format!("`{id}` is not a good id"), hint);
    }
}

/// A regular expression; `group` is one it must name.
pub fn pattern(n: &Node<'_>, group: Option<&str>) -> Option<String> {
    let s = n.str()?;
    match Regex::new(s) {
        Err(e) => {
            let e = e.to_string();
            let last = e.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
            n.error(
                format!("`{}` is not a regular expression: {last}", n.path),
                "write it in single quotes, so that \\ stays as it is",
            );
            None
        }
        Ok(r) => match group {
            Some(g) if !r.capture_names().flatten().any(|c| c == g) => {
                n.error(
                    format!("`{}` has no group named `{g}`", n.path),
                    format!("mark what is read: (?<{g}>…)"),
                );
                None
            }
            _ => Some(s.to_string()),
        },
    }
}

/// A JSON pointer (RFC 6901).
pub fn pointer(n: &Node<'_>) -> Option<String> {
    let s = n.str()?;
    if !s.is_empty() && !s.starts_with('/') {
        let hint = format!("a JSON pointer begins with a slash: \"/{}\"", s.replace('.', "/"));
        n.error(format!("`{s}` is not a JSON pointer"), hint);
        return None;
    }
    Some(s.to_string())
}

/// A key of the main screens.
pub fn screen_key(n: &Node<'_>) -> Option<char> {
    let s = n.str()?;
    let mut chars = s.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if matches!(c, 'h' | 'j' | 'k' | 'l' | 'q') => {
            n.error(
                format!("the key `{c}` is taken by ripcord"),
                "h j k l move and q quits: take another letter",
            );
            None
        }
        (Some(c), None) if c.is_ascii_lowercase() => Some(c),
        _ => {
            n.error(format!("`{s}` is not a key"), "one lower-case letter a–z, but not h j k l q");
            None
        }
    }
}
