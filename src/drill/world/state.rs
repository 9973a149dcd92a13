//! The state of the simulated service, and conditions over it.

use crate::model::condition::{Arith, Cmp, Expr};
use crate::model::drill::Level;
use crate::model::unit::{Base, Dim, Quantity, quantity};
use indexmap::IndexMap;

impl From<f64> for Level {
    fn from(value: f64) -> Level {
        Level::Number(Quantity { value, dim: Dim { base: Base::Number, per_time: 0 } })
    }
}

/// A text as the part of the state that it becomes: a bare number is one of the part's own unit (a share: percent).
pub fn read(declared: Option<&Level>, text: &str) -> Level {
    let text = text.trim();
    let free = || match (text, quantity(text)) {
        ("true", _) => Level::Bool(true),
        ("false", _) => Level::Bool(false),
        (_, Ok(q)) => Level::Number(q),
        _ => Level::Text(text.to_owned()),
    };
    match declared {
        Some(Level::Text(_)) => Level::Text(text.to_owned()),
        Some(Level::Number(own)) => match quantity(text) {
            Ok(q) if q.dim == own.dim => Level::Number(q),
            Ok(q) => {
                let factor = if own.dim.base == Base::Fraction { 0.01 } else { 1.0 };
                Level::Number(Quantity { value: q.value * factor, dim: own.dim })
            }
            Err(_) => free(),
        },
        Some(Level::Bool(_)) | None => free(),
    }
}

/// Whether a condition holds of a state.
///
/// # Errors
/// A name the state does not have, or what only samples could say.
pub fn holds(expr: &Expr, state: &IndexMap<String, Level>) -> Result<bool, String> {
    match worth(expr, state)? {
        Level::Bool(b) => Ok(b),
        other => Err(format!("{} is neither true nor false", shown(&other))),
    }
}

fn worth(expr: &Expr, state: &IndexMap<String, Level>) -> Result<Level, String> {
    let number = |e: &Expr| match worth(e, state)? {
        Level::Number(q) => Ok(q),
        other => Err(format!("{} is no number", shown(&other))),
    };
    Ok(match expr {
        Expr::Number(q) => Level::Number(*q),
        Expr::Bool(b) => Level::Bool(*b),
        Expr::Text(t) => Level::Text(t.clone()),
        Expr::Signal(name) => {
            state.get(name).cloned().ok_or_else(|| format!("the drill has no state `{name}`"))?
        }
        Expr::Not(e) => Level::Bool(!holds(e, state)?),
        Expr::And(a, b) => Level::Bool(holds(a, state)? && holds(b, state)?),
        Expr::Or(a, b) => Level::Bool(holds(a, state)? || holds(b, state)?),
        Expr::Neg(e) => {
            let q = number(e)?;
            Level::Number(Quantity { value: -q.value, ..q })
        }
        Expr::Abs(e) => {
            let q = number(e)?;
            Level::Number(Quantity { value: q.value.abs(), ..q })
        }
        Expr::Arith(op, a, b) => {
            let (a, b) = (number(a)?, number(b)?);
            let value = match op {
                Arith::Add => a.value + b.value,
                Arith::Sub => a.value - b.value,
                Arith::Mul => a.value * b.value,
                Arith::Div => a.value / b.value,
            };
            Level::Number(Quantity { value, ..a })
        }
        Expr::Compare(op, a, b) => Level::Bool(compare(*op, &worth(a, state)?, &worth(b, state)?)?),
        other => return Err(format!("{other}: only samples could say that")),
    })
}

fn compare(op: Cmp, a: &Level, b: &Level) -> Result<bool, String> {
    let order = match (a, b) {
        (Level::Number(a), Level::Number(b)) => {
            let near = (a.value - b.value).abs() <= 1e-9 * a.value.abs().max(b.value.abs());
            if near { Some(std::cmp::Ordering::Equal) } else { a.value.partial_cmp(&b.value) }
        }
        (Level::Text(a), Level::Text(b)) => Some(a.cmp(b)),
        (Level::Bool(a), Level::Bool(b)) => Some(a.cmp(b)),
        _ => return Err(format!("{} and {} do not compare", shown(a), shown(b))),
    };
    let order = order.ok_or("a number is none")?;
    Ok(match op {
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
    })
}

/// A level as people read it.
pub fn shown(level: &Level) -> String {
    match level {
        Level::Bool(b) => b.to_string(),
        Level::Number(q) => q.show(3),
        Level::Text(t) => t.clone(),
    }
}
