//! Units and quantities: `50MB/min`, `2m30s`, `0.5 %`. Everything is kept in base units.

use serde::{Deserialize, Serialize};

/// What kind of thing a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Base {
    /// A share; 1.0 is 100 %.
    Fraction,
    /// Time, in seconds.
    Time,
    /// Data, in bytes.
    Bytes,
    /// A count, or a number without a unit.
    Number,
    /// Yes (1) or no (0).
    Bool,
    /// A text, compared as a whole.
    Text,
}

/// A base, per second to some power (`bytes/s` is `Bytes` with `per_time` 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dim {
    /// What is measured.
    pub base: Base,
    /// How often "per second".
    pub per_time: i8,
}

/// The unit in which a signal is shown or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// A share from 0 to 1, as Prometheus delivers it (`raw` only).
    Ratio,
    /// A share, shown in percent.
    Percent,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// Bytes, shown as kB, MB, GB.
    Bytes,
    /// A count.
    Count,
    /// A number without a unit.
    Score,
    /// Yes or no.
    Bool,
    /// A text.
    Text,
    /// Events per second.
    PerS,
}

impl Unit {
    /// Its dimension.
    pub fn dim(self) -> Dim {
        let (base, per_time) = match self {
            Unit::Ratio | Unit::Percent => (Base::Fraction, 0),
            Unit::Ms | Unit::S => (Base::Time, 0),
            Unit::Bytes => (Base::Bytes, 0),
            Unit::Count | Unit::Score => (Base::Number, 0),
            Unit::Bool => (Base::Bool, 0),
            Unit::Text => (Base::Text, 0),
            Unit::PerS => (Base::Number, 1),
        };
        Dim { base, per_time }
    }

    /// What a number in this unit is multiplied by to give base units.
    pub fn factor(self) -> f64 {
        match self {
            Unit::Percent => 0.01,
            Unit::Ms => 0.001,
            _ => 1.0,
        }
    }

    /// The unit of this name in a playbook.
    pub fn parse(name: &str) -> Option<Unit> {
        Some(match name {
            "ratio" => Unit::Ratio,
            "percent" => Unit::Percent,
            "ms" => Unit::Ms,
            "s" => Unit::S,
            "bytes" => Unit::Bytes,
            "count" => Unit::Count,
            "score" => Unit::Score,
            "bool" => Unit::Bool,
            "text" => Unit::Text,
            "per_s" => Unit::PerS,
            _ => return None,
        })
    }

    /// All names, for messages.
    pub const NAMES: [&'static str; 10] =
        ["ratio", "percent", "ms", "s", "bytes", "count", "score", "bool", "text", "per_s"];
}

/// A number with its dimension, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// In base units (fraction, seconds, bytes).
    pub value: f64,
    /// What it measures.
    pub dim: Dim,
}

/// Parses a quantity: `0.5%`, `200 ms`, `3GB`, `50MB/min`, `2m30s`, `5`.
///
/// kB, MB, GB and TB are powers of 1000; KiB, MiB, GiB and TiB powers of 1024.
///
/// # Errors
/// A message that names what was expected.
pub fn quantity(text: &str) -> Result<Quantity, String> {
    let text = text.trim();
    let (body, per) = match text.rsplit_once('/') {
        Some((b, p)) => (b.trim(), Some(p.trim())),
        None => (text, None),
    };
    let rate = match per {
        None => 1.0,
        Some("s" | "sec") => 1.0,
        Some("min" | "m") => 60.0,
        Some("h") => 3600.0,
        Some("d") => 86_400.0,
        Some(other) => return Err(format!("`/{other}` is not a time; use /s, /min, /h or /d")),
    };
    let (value, base) = match duration(body) {
        Ok(ms) if body.ends_with(|c: char| c.is_alphabetic()) => (ms / 1000.0, Base::Time),
        _ => {
            let split = body
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_')))
                .unwrap_or(body.len());
            let (number, unit) = (&body[..split], body[split..].trim());
            let n: f64 = number
                .replace('_', "")
                .parse()
                .map_err(|_| format!("`{text}` is not a quantity; write a number and a unit, such as 2%, 200ms, 3GB or 50MB/min"))?;
            let (factor, base) = match unit {
                "" => (1.0, Base::Number),
                "%" => (0.01, Base::Fraction),
                "B" => (1.0, Base::Bytes),
                "kB" | "KB" => (1e3, Base::Bytes),
                "MB" => (1e6, Base::Bytes),
                "GB" => (1e9, Base::Bytes),
                "TB" => (1e12, Base::Bytes),
                "KiB" => (1024.0, Base::Bytes),
                "MiB" => (1024.0f64.powi(2), Base::Bytes),
                "GiB" => (1024.0f64.powi(3), Base::Bytes),
                "TiB" => (1024.0f64.powi(4), Base::Bytes),
                other => {
                    return Err(format!(
                        "`{other}` is not a unit; use %, ms, s, m, h, d, B, kB, MB, GB, KiB, MiB, GiB"
                    ));
                }
            };
            (n * factor, base)
        }
    };
    Ok(Quantity { value: value / rate, dim: Dim { base, per_time: per.is_some() as i8 } })
}

/// Parses a duration such as `90s`, `2m30s`, `250ms`, `1d`, into milliseconds (fractions kept).
///
/// # Errors
/// A message that shows how a duration is written.
pub fn duration(text: &str) -> Result<f64, String> {
    let bad = || format!("`{text}` is not a duration; write 30s, 2m30s, 250ms, 1h or 1d");
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let n = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(bad)?;
        let number: f64 = rest[..n].parse().map_err(|_| bad())?;
        rest = rest[n..].trim_start();
        let u = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        total += number
            * match &rest[..u] {
                "ms" => 1.0,
                "s" => 1e3,
                "m" | "min" => 60e3,
                "h" => 3600e3,
                "d" => 86_400e3,
                "w" => 604_800e3,
                _ => return Err(bad()),
            };
        rest = rest[u..].trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_come_in_base_units() {
        for (text, value, base, per_time) in [
            ("0.5%", 0.005, Base::Fraction, 0),
            ("0.5 %", 0.005, Base::Fraction, 0),
            ("200ms", 0.2, Base::Time, 0),
            ("2m30s", 150.0, Base::Time, 0),
            ("3GB", 3e9, Base::Bytes, 0),
            ("1 MiB", 1_048_576.0, Base::Bytes, 0),
            ("60MB/min", 1e6, Base::Bytes, 1),
            ("5", 5.0, Base::Number, 0),
            ("-2", -2.0, Base::Number, 0),
        ] {
            let q = quantity(text).unwrap();
            assert!((q.value - value).abs() < 1e-9 * value.abs(), "{text}: {q:?}");
            assert_eq!((q.dim.base, q.dim.per_time), (base, per_time), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_quantity_says_so() {
        for text in ["", "x", "5 furlongs", "5MB/fortnight", "ms", "1.2.3%"] {
            assert!(quantity(text).is_err(), "{text}");
        }
        assert!(duration("5").is_err() && duration("").is_err() && duration("-5s").is_err());
    }
}
