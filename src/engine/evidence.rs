//! Why a condition is what it is: the comparisons it consists of, with their values and ages.

use super::eval::{Outcome, Scope, Truth, Worth};
use super::store::Store;
use crate::model::condition::{Arith, Expr, WindowFn};
use crate::model::unit::{Base, Dim, Quantity};
use serde::{Deserialize, Serialize};

/// Parts kept of one comparison over many series.
const MOST: usize = 8;

/// One judged part of a condition, for one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The part as a text: `p95 > 2 s`.
    pub text: String,
    /// The series it is about.
    pub series: Option<String>,
    /// Left side as measured, in words: `2.18 s`.
    pub left: Option<String>,
    /// Right side, in words, when it is not a plain number.
    pub right: Option<String>,
    /// What it is.
    pub truth: Truth,
    /// Age of the oldest sample it rests on, in milliseconds.
    pub age: Option<u64>,
    /// Why it is unknown.
    pub reason: Option<String>,
}

impl Part {
    /// One line: `p95 > 2 s: 2.18 s`.
    pub fn line(&self) -> String {
        let mut line = self.text.clone();
        if let Some(s) = &self.series {
            line.push_str(&format!(" [{s}]"));
        }
        if let Some(l) = &self.left {
            line.push_str(&format!(": {l}"));
        }
        if let Some(r) = &self.right {
            line.push_str(&format!(" against {r}"));
        }
        if let Some(why) = &self.reason {
            line.push_str(&format!(" ({why})"));
        }
        line
    }

    /// Adds the parts of `expr`, true ones first, then unknown ones.
    pub(super) fn gather(
        scope: &Scope<'_>,
        expr: &Expr,
        found: &Outcome<'_>,
        sides: Option<&(Outcome<'_>, Outcome<'_>)>,
        out: &mut Vec<Part>,
    ) {
        let text = expr.to_string();
        let mut parts: Vec<Part> = Vec::new();
        for (label, worth) in found.iter() {
            let side = |o: &Outcome<'_>, e: &Expr| {
                let (_, w) = o.iter().find(|(l, _)| *l == label).or_else(|| o.iter().next())?;
                say(w, dim(e, scope.store))
            };
            let (left, right) = match (expr, sides) {
                (Expr::Compare(_, a, b), Some((l, r))) => {
                    let plain = matches!(**b, Expr::Number(_) | Expr::Bool(_) | Expr::Text(_));
                    (side(l, a), if plain { None } else { side(r, b) })
                }
                _ => (None, None),
            };
            let reason = match worth {
                Worth::Unknown(why) => Some(why.clone()),
                _ => None,
            };
            let (series, truth) = (label.map(String::from), worth.truth());
            let ages = expr.signals().into_iter().filter_map(|id| {
                let h = scope.store.signal(id)?;
                h.get(label).or_else(|| h.get(None))?.age(scope.now)
            });
            let age = ages.max();
            parts.push(Part { text: text.clone(), series, left, right, truth, age, reason });
        }
        parts.sort_by_key(|p| match p.truth {
            Truth::True => 0,
            Truth::Unknown => 1,
            Truth::False => 2,
        });
        parts.truncate(MOST);
        out.append(&mut parts);
    }
}

pub(super) fn say(w: &Worth, dim: Dim) -> Option<String> {
    Some(match w {
        Worth::Number(value) => Quantity { value: *value, dim }.show(3),
        Worth::Bool(b) => b.to_string(),
        Worth::Text(t) => t.clone(),
        Worth::Unknown(_) => return None,
    })
}

/// The dimension of an expression that the parser has checked.
pub(super) fn dim(e: &Expr, store: &Store) -> Dim {
    let number = Dim { base: Base::Number, per_time: 0 };
    let signal = |id: &str| store.signal(id).map_or(number, |h| h.dim);
    match e {
        Expr::Number(q) => q.dim,
        Expr::Signal(id) | Expr::Baseline(id) => signal(id),
        Expr::Window { func, signal: id, .. } => match func {
            WindowFn::Count | WindowFn::Changes | WindowFn::Resets => number,
            WindowFn::Rate | WindowFn::Deriv if signal(id).base == Base::Bool => {
                Dim { per_time: 1, ..number }
            }
            WindowFn::Rate | WindowFn::Deriv => Dim { per_time: signal(id).per_time + 1, ..signal(id) },
            WindowFn::Avg | WindowFn::Stddev | WindowFn::Quantile if signal(id).base == Base::Bool => {
                Dim { base: Base::Fraction, per_time: 0 }
            }
            WindowFn::Sum | WindowFn::Increase | WindowFn::Delta if signal(id).base == Base::Bool => number,
            _ => signal(id),
        },
        Expr::Abs(e) | Expr::Neg(e) => dim(e, store),
        Expr::Arith(op, a, b) => {
            let (x, y) = (dim(a, store), dim(b, store));
            match op {
                Arith::Add | Arith::Sub if x == number => y,
                Arith::Add | Arith::Sub => x,
                Arith::Mul if x == number => y,
                Arith::Mul => x,
                Arith::Div if y == number => x,
                Arith::Div if x == y => Dim { base: Base::Fraction, per_time: 0 },
                Arith::Div => number,
            }
        }
        Expr::Consecutive(_) => number,
        _ => Dim { base: Base::Bool, per_time: 0 },
    }
}
