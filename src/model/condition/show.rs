//! Conditions and quantities in words: `p95 > 1.15 * baseline(p95)`, `3.42 %`, `50 MB/min`.

use super::{Arith, Cmp, Expr, Over, Since, WindowFn};
use crate::model::unit::{Base, Quantity};
use std::fmt;

/// A number with so many significant digits, without trailing zeros behind the point.
fn digits(v: f64, n: i32) -> String {
    if v == 0.0 {
        return "0".into();
    }
    let places = (n - 1 - v.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{v:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// A duration: `250ms`, `48s`, `3m18s`, `4h27m`, `2d`.
pub fn duration(ms: u64) -> String {
    let s = ms / 1000;
    let two = |a: u64, au: &str, b: u64, bu: &str| match b {
        0 => format!("{a}{au}"),
        _ => format!("{a}{au}{b}{bu}"),
    };
    match s {
        0 if ms > 0 => format!("{ms}ms"),
        0..60 => format!("{s}s"),
        60..3600 => two(s / 60, "m", s % 60, "s"),
        3600..86_400 => two(s / 3600, "h", s / 60 % 60, "m"),
        _ => two(s / 86_400, "d", s / 3600 % 24, "h"),
    }
}

/// A duration without loss: `5m`, `90s`, `1500ms`.
fn exactly(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let fits = units.into_iter().find(|(u, _)| ms >= *u && ms.is_multiple_of(*u));
    fits.map_or_else(|| "0s".into(), |(u, name)| format!("{}{name}", ms / u))
}

impl Quantity {
    /// In words, with so many significant digits.
    pub fn show(&self, significant: i32) -> String {
        let per = self.dim.per_time != 0;
        let v = if per && self.dim.base != Base::Number { self.value * 60.0 } else { self.value };
        let n = |v: f64| digits(v, significant);
        let (amount, unit) = match self.dim.base {
            Base::Fraction => (n(v * 100.0), " %"),
            Base::Time if v == 0.0 || v.abs() >= 1.0 => (n(v), " s"),
            Base::Time => (n(v * 1000.0), " ms"),
            Base::Bytes => match v.abs() {
                a if a >= 1e9 => (n(v / 1e9), " GB"),
                a if a >= 1e6 => (n(v / 1e6), " MB"),
                a if a >= 1e3 => (n(v / 1e3), " kB"),
                _ => (n(v), " B"),
            },
            Base::Number => (n(v), ""),
            Base::Bool | Base::Text => (if v != 0.0 { "true" } else { "false" }.into(), ""),
        };
        let per = match (per, self.dim.base) {
            (false, _) => "",
            (true, Base::Number) => "/s",
            (true, _) => "/min",
        };
        format!("{amount}{unit}{per}")
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Over::Ms(ms) => f.write_str(&exactly(*ms)),
            Over::Since(Since::Incident) => f.write_str("incident"),
            Over::Since(Since::Run) => f.write_str("run"),
        }
    }
}

impl fmt::Display for Cmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cmp::Gt => ">",
            Cmp::Ge => ">=",
            Cmp::Lt => "<",
            Cmp::Le => "<=",
            Cmp::Eq => "==",
            Cmp::Ne => "!=",
        })
    }
}

impl WindowFn {
    /// Its name, as in PromQL.
    pub fn name(self) -> &'static str {
        match self {
            WindowFn::Avg => "avg_over_time",
            WindowFn::Min => "min_over_time",
            WindowFn::Max => "max_over_time",
            WindowFn::Sum => "sum_over_time",
            WindowFn::Count => "count_over_time",
            WindowFn::Last => "last_over_time",
            WindowFn::Stddev => "stddev_over_time",
            WindowFn::Quantile => "quantile_over_time",
            WindowFn::Rate => "rate",
            WindowFn::Increase => "increase",
            WindowFn::Delta => "delta",
            WindowFn::Deriv => "deriv",
            WindowFn::Changes => "changes",
            WindowFn::Resets => "resets",
        }
    }
}

/// How tightly an expression binds; what binds less is bracketed inside what binds more.
fn tightness(e: &Expr) -> u8 {
    match e {
        Expr::Or(..) => 0,
        Expr::And(..) => 1,
        Expr::Not(_) => 2,
        Expr::Compare(..) => 3,
        Expr::Arith(Arith::Add | Arith::Sub, ..) => 4,
        Expr::Arith(..) => 5,
        Expr::Neg(_) => 6,
        _ => 7,
    }
}

struct In<'a>(&'a Expr, u8);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if tightness(self.0) < self.1 { write!(f, "({})", self.0) } else { self.0.fmt(f) }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Number(q) => f.write_str(&q.show(6)),
            Expr::Bool(b) => b.fmt(f),
            Expr::Text(t) => write!(f, "\"{t}\""),
            Expr::Signal(s) => f.write_str(s),
            Expr::Window { func, signal, over, quantile } => {
                write!(f, "{}(", func.name())?;
                if let Some(q) = quantile {
                    write!(f, "{q}, ")?;
                }
                write!(f, "{signal}[{over}])")
            }
            Expr::Baseline(s) => write!(f, "baseline({s})"),
            Expr::Absent(s) => write!(f, "absent({s})"),
            Expr::Abs(e) => write!(f, "abs({e})"),
            Expr::Any(e) => write!(f, "any({e})"),
            Expr::All(e) => write!(f, "all({e})"),
            Expr::Consecutive(e) => write!(f, "consecutive({e})"),
            Expr::Firing(None) => f.write_str("firing()"),
            Expr::Firing(Some(id)) => write!(f, "firing({id})"),
            Expr::Neg(e) => write!(f, "-{}", In(e, 6)),
            Expr::Not(e) => write!(f, "not {}", In(e, 2)),
            Expr::And(a, b) => write!(f, "{} and {}", In(a, 1), In(b, 2)),
            Expr::Or(a, b) => write!(f, "{} or {}", In(a, 0), In(b, 1)),
            Expr::Compare(op, a, b) => write!(f, "{} {op} {}", In(a, 4), In(b, 4)),
            Expr::Arith(op, a, b) => {
                let (sign, level) = match op {
                    Arith::Add => ("+", 4),
                    Arith::Sub => ("-", 4),
                    Arith::Mul => ("*", 5),
                    Arith::Div => ("/", 5),
                };
                write!(f, "{} {sign} {}", In(a, level), In(b, level + 1))
            }
        }
    }
}

impl Expr {
    /// Calls `visit` for this expression and everything in it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        match self {
            Expr::Abs(e)
            | Expr::Neg(e)
            | Expr::Not(e)
            | Expr::Any(e)
            | Expr::All(e)
            | Expr::Consecutive(e) => e.walk(visit),
            Expr::Arith(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
                a.walk(visit);
                b.walk(visit);
            }
            _ => {}
        }
    }

    /// The signals it reads, once each.
    pub fn signals(&self) -> Vec<&str> {
        let mut out = Vec::new();
        self.walk(&mut |e| {
            if let Expr::Signal(s) | Expr::Absent(s) | Expr::Window { signal: s, .. } = e
                && !out.contains(&s.as_str())
            {
                out.push(s.as_str());
            }
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::quantity;

    #[test]
    fn quantities_are_shown_with_their_unit_after_a_space() {
        for (written, shown) in [
            ("3.4249%", "3.42 %"),
            ("2180ms", "2.18 s"),
            ("203.4ms", "203 ms"),
            ("1.42GB", "1.42 GB"),
            ("999B", "999 B"),
            ("50MB/min", "50 MB/min"),
            ("0", "0"),
            ("-5", "-5"),
            ("12345", "12345"),
            ("0.01234", "0.0123"),
            ("5/s", "5/s"),
        ] {
            assert_eq!(quantity(written).unwrap().show(3), shown, "{written}");
        }
    }

    #[test]
    fn durations_have_at_most_two_parts() {
        let shown = [250, 48_000, 198_000, 120_000, 16_020_000, 172_800_000, 90_000_000].map(duration);
        assert_eq!(shown, ["250ms", "48s", "3m18s", "2m", "4h27m", "2d", "1d1h"]);
        assert_eq!([300_000, 90_000, 1500, 3_600_000].map(exactly), ["5m", "90s", "1500ms", "1h"]);
    }
}
