//! Conditions with `$names`: each name's value is put in with its unit, then the condition is parsed.

use crate::model::condition::{Condition, Declared, Expr, Names, parse_condition};
use crate::model::playbook::Playbook;
use crate::model::unit::{Base, Unit, quantity};
use indexmap::IndexMap;

/// What a value's unit is called behind a number in a condition.
fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "%",
        Unit::Ms => "ms",
        Unit::S => "s",
        Unit::Bytes => "B",
        Unit::PerS => "/s",
        Unit::Ratio | Unit::Count | Unit::Score | Unit::Bool | Unit::Text => "",
    }
}

/// A value as people read it: `50 %`, `v1.2.2`.
pub fn shown(value: &str, unit: Option<Unit>) -> String {
    match unit.map(suffix) {
        Some(s) if !s.is_empty() && value.parse::<f64>().is_ok() => format!("{value} {s}"),
        _ => value.to_owned(),
    }
}

/// How a value of this unit is written in a condition: `50%`, `true`, `"v1.2.2"`.
///
/// # Errors
/// In words, when it is not a value of its unit, or a text with both kinds of quotes.
pub fn literal(value: &str, unit: Option<Unit>) -> Result<String, String> {
    match unit {
        None => match value {
            "true" | "false" => Ok(value.to_owned()),
            _ => quoted(value),
        },
        Some(Unit::Bool) => match value {
            "true" | "false" => Ok(value.to_owned()),
            _ => Err(format!("`{value}` is neither true nor false")),
        },
        Some(Unit::Text) => quoted(value),
        Some(unit) => match value.trim().parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(format!("{n}{}", suffix(unit))),
            _ => match quantity(value) {
                Ok(q) if q.dim == unit.dim() && q.dim.base != Base::Text => Ok(value.trim().to_owned()),
                _ => Err(format!("`{value}` is not a number of its unit")),
            },
        },
    }
}

fn quoted(value: &str) -> Result<String, String> {
    match (value.contains('"'), value.contains('\'')) {
        (false, _) => Ok(format!("\"{value}\"")),
        (true, false) => Ok(format!("'{value}'")),
        (true, true) => Err(format!("`{value}` has both kinds of quotes")),
    }
}

/// The text with every `$name` outside of quotes replaced.
fn put_in(text: &str, literals: &IndexMap<String, String>) -> Result<String, String> {
    let (mut out, mut rest, mut quote) = (String::new(), text, None);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (None, '$') => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let name = &rest[..end];
                let value = literals.get(name).ok_or_else(|| format!("nothing gives `${name}` a value"))?;
                out.push_str(value);
                rest = &rest[end..];
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
        out.push(c);
    }
    Ok(out)
}

/// A text with every `$name` replaced by its value with its unit, texts without their quotes.
///
/// # Errors
/// In words: a name without a value.
pub fn plain(text: &str, literals: &IndexMap<String, String>) -> Result<String, String> {
    let bare = |v: &String| match v.starts_with(['"', '\'']) {
        true => v[1..v.len() - 1].to_owned(),
        false => v.clone(),
    };
    let values = literals.iter().map(|(k, v)| (k.clone(), bare(v))).collect();
    put_in(text, &values).map_err(|e| format!("`{text}`: {e}"))
}

/// Fills and parses a condition.
///
/// # Errors
/// In words: a name without a value, or why it cannot be read.
pub fn condition(
    playbook: &Playbook,
    text: &str,
    literals: &IndexMap<String, String>,
) -> Result<Condition, String> {
    let filled = put_in(text, literals).map_err(|e| format!("`{text}`: {e}"))?;
    parse_condition(&filled, &Declares(playbook)).map_err(|e| format!("`{filled}`: {}", e.message))
}

/// A condition that is known to hold or not, in words.
pub fn known(text: String, holds: bool) -> Condition {
    Condition { text, expr: Expr::Bool(holds) }
}

/// Both must hold.
pub fn both(a: Option<Condition>, b: Option<Condition>) -> Option<Condition> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Condition {
            text: format!("({}) and ({})", a.text, b.text),
            expr: Expr::And(Box::new(a.expr), Box::new(b.expr)),
        }),
        (a, b) => a.or(b),
    }
}

struct Declares<'a>(&'a Playbook);

impl Names for Declares<'_> {
    fn signal(&self, id: &str) -> Option<Declared> {
        let s = self.0.signals.get(id)?;
        Some(Declared {
            dim: s.unit.dim(),
            counter: s.counter,
            multi: s.series.is_some(),
            baseline: s.baseline.is_some(),
        })
    }

    fn signals(&self) -> Vec<String> {
        self.0.signals.keys().cloned().collect()
    }

    fn trigger(&self, id: &str) -> bool {
        self.0.triggers.contains_key(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::{Better, ReadingKind, Signal};

    fn playbook() -> Playbook {
        let signal = |unit| Signal {
            title: String::new(),
            source: None,
            reading: ReadingKind::ExitCode,
            unit,
            raw: unit,
            series: None,
            counter: false,
            better: Better::Lower,
            baseline: None,
            min_samples: None,
            fresh: None,
            warn: None,
            critical: None,
            stale_after: 1,
            panel: None,
        };
        let mut p = Playbook::default();
        p.signals.insert("share".into(), signal(Unit::Percent));
        p.signals.insert("version".into(), signal(Unit::Text));
        p.signals.insert("up".into(), signal(Unit::Bool));
        p
    }

    #[test]
    fn values_come_with_their_unit_texts_in_quotes_switches_bare() {
        let literals = IndexMap::from([
            ("value".to_owned(), literal("50", Some(Unit::Percent)).unwrap()),
            ("target".to_owned(), literal("v1.2", None).unwrap()),
            ("on".to_owned(), literal("true", None).unwrap()),
        ]);
        let c = condition(&playbook(), "share <= $value and version == $target and up == $on", &literals);
        assert_eq!(c.unwrap().text, "share <= 50% and version == \"v1.2\" and up == true");
        let e = condition(&playbook(), "share > $other", &literals).unwrap_err();
        assert!(e.contains("$other"), "{e}");
        let e = condition(&playbook(), "version == $value", &literals).unwrap_err();
        assert!(e.contains("version == 50%"), "{e}");
        let same = condition(&playbook(), "version == '$value'", &literals).unwrap();
        assert_eq!(same.text, "version == '$value'", "a text in quotes stays");
    }

    #[test]
    fn what_is_no_value_of_its_unit_is_said() {
        assert_eq!(literal("1m", Some(Unit::S)).as_deref(), Ok("1m"));
        assert_eq!(literal("5MB", Some(Unit::Bytes)).as_deref(), Ok("5MB"));
        assert_eq!(literal("a\"b", None).as_deref(), Ok("'a\"b'"));
        assert!(literal("x", Some(Unit::Percent)).is_err());
        assert!(literal("5MB", Some(Unit::Percent)).is_err());
        assert!(literal("a\"b'", None).is_err(), "a text cannot leave its quotes");
    }

    #[test]
    fn a_unit_is_shown_behind_a_number() {
        assert_eq!(shown("50", Some(Unit::Percent)), "50 %");
        assert_eq!(shown("a name", Some(Unit::Percent)), "a name");
    }
}
