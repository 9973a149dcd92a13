//! What may be added, multiplied and compared: the dimensions of a condition.

use super::{Arith, Cmp, Declared, WindowFn};
use crate::model::unit::{Base, Dim};

/// What kind of value an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of this dimension.
    Of(Dim),
    /// A quotient of like things: compares with `2%` and with `0.02`.
    Ratio,
}

/// A mistake: what is wrong, and what would be right.
pub(super) type Wrong = (String, Option<String>);

const fn dim(base: Base, per_time: i8) -> Dim {
    Dim { base, per_time }
}

/// Numbers without a unit.
pub(super) const NUMBER: Kind = Kind::Of(dim(Base::Number, 0));
/// Yes or no.
pub(super) const BOOL: Kind = Kind::Of(dim(Base::Bool, 0));
/// Texts.
pub(super) const TEXT: Kind = Kind::Of(dim(Base::Text, 0));

/// Whether a value of dimension `found` may stand where `wanted` is declared; a share may stand for a number.
pub fn fits(found: Dim, wanted: Dim) -> bool {
    found == wanted || (found == dim(Base::Fraction, 0) && wanted == dim(Base::Number, 0))
}

/// A dimension in words: `a share (2%)`, `bytes per second`.
pub fn describe(d: Dim) -> String {
    let what = match d.base {
        Base::Fraction => "a share (like 2%)",
        Base::Time => "a time (like 200ms)",
        Base::Bytes => "bytes (like 3GB)",
        Base::Number => "a bare number",
        Base::Bool => "true or false",
        Base::Text => "a text",
    };
    match (d.base, d.per_time) {
        (_, 0) => what.into(),
        (Base::Number, 1) => "a number per time (like 5/s)".into(),
        (Base::Fraction, 1) => "a share per time (like 1%/min)".into(),
        (Base::Time, 1) => "a time per time (like 10ms/min)".into(),
        (Base::Bytes, 1) => "bytes per time (like 50MB/min)".into(),
        (_, n) => format!("{what}, per second {n} times"),
    }
}

impl Kind {
    pub(super) fn dim(self) -> Dim {
        match self {
            Kind::Of(d) => d,
            Kind::Ratio => dim(Base::Fraction, 0),
        }
    }

    fn say(self) -> String {
        match self {
            Kind::Of(d) => describe(d),
            Kind::Ratio => "a ratio".into(),
        }
    }

    pub(super) fn is_bool(self) -> bool {
        self == BOOL
    }

    pub(super) fn is_numeric(self) -> bool {
        self != BOOL && self != TEXT
    }

    fn is_scalar(self) -> bool {
        matches!(self, Kind::Ratio | Kind::Of(Dim { base: Base::Number | Base::Fraction, .. }))
    }
}

fn alike(a: Kind, b: Kind) -> Option<Kind> {
    match (a, b) {
        (a, b) if a == b => Some(a),
        (Kind::Ratio, Kind::Of(d)) | (Kind::Of(d), Kind::Ratio)
            if d.per_time == 0 && matches!(d.base, Base::Number | Base::Fraction) =>
        {
            Some(Kind::Of(d))
        }
        _ => None,
    }
}

/// What to write instead, where one side is a literal number.
fn unit_hint(literal: Option<f64>, other: Kind) -> Option<String> {
    let n = literal?;
    Some(match other {
        Kind::Of(Dim { base: Base::Fraction, per_time: 0 }) => format!("write {n}%"),
        Kind::Of(Dim { base: Base::Time, per_time: 0 }) => format!("write {n}ms or {n}s"),
        Kind::Of(Dim { base: Base::Bytes, per_time: 0 }) => format!("write {n}MB or {n}GB"),
        Kind::Of(Dim { base: Base::Bytes, per_time: 1 }) => format!("write {n}MB/min"),
        Kind::Of(Dim { base: Base::Fraction, per_time: 1 }) => format!("write {n}%/min"),
        Kind::Of(Dim { base: Base::Number, per_time: 1 }) => format!("write {n}/s"),
        Kind::Of(Dim { base: Base::Bool, .. }) => "write true or false".into(),
        _ => return None,
    })
}

/// Checks `a op b`; `literals` are the sides that are plain numbers as written.
pub(super) fn compare(op: Cmp, a: Kind, b: Kind, literals: [Option<f64>; 2]) -> Result<(), Wrong> {
    let equality = matches!(op, Cmp::Eq | Cmp::Ne);
    if alike(a, b).is_none() {
        let hint = match literals {
            [_, Some(n)] => unit_hint(Some(n), a),
            [Some(n), _] => unit_hint(Some(n), b),
            _ => None,
        };
        return Err((format!("{} cannot be compared with {}", a.say(), b.say()), hint));
    }
    if !equality && !a.is_numeric() {
        return Err((format!("{} has no order", a.say()), Some("use == or !=".into())));
    }
    Ok(())
}

/// The dimension of `a op b`; `literals` are the sides that are plain numbers as written.
pub(super) fn arith(op: Arith, a: Kind, b: Kind, literals: [Option<f64>; 2]) -> Result<Kind, Wrong> {
    for side in [a, b] {
        if !side.is_numeric() {
            return Err((format!("one cannot calculate with {}", side.say()), None));
        }
    }
    match op {
        Arith::Add | Arith::Sub => alike(a, b).ok_or_else(|| {
            let hint = match literals {
                [_, Some(n)] => unit_hint(Some(n), a),
                [Some(1.0), _] if b.dim() == dim(Base::Fraction, 0) => Some("write 100%".into()),
                [Some(n), _] => unit_hint(Some(n), b),
                _ => None,
            };
            let (verb, word) = if op == Arith::Add { ("added", "to") } else { ("subtracted", "from") };
            (format!("{} cannot be {verb} {word} {}", b.say(), a.say()), hint)
        }),
        Arith::Mul => multiply(a, b),
        Arith::Div => divide(a, b, literals[1].is_some()),
    }
}

fn multiply(a: Kind, b: Kind) -> Result<Kind, Wrong> {
    let (x, y) = (a.dim(), b.dim());
    let seconds = dim(Base::Time, 0);
    if x == seconds && y.per_time > 0 {
        return Ok(Kind::Of(dim(y.base, y.per_time - 1)));
    }
    if y == seconds && x.per_time > 0 {
        return Ok(Kind::Of(dim(x.base, x.per_time - 1)));
    }
    let per_time = x.per_time + y.per_time;
    match (a.is_scalar(), b.is_scalar()) {
        (true, true) if x.base == Base::Number && a != Kind::Ratio => Ok(kind(y.base, per_time, b)),
        (true, true) if y.base == Base::Number && b != Kind::Ratio => Ok(kind(x.base, per_time, a)),
        (true, true) if a == Kind::Ratio => Ok(kind(y.base, per_time, b)),
        (true, true) => Ok(kind(x.base, per_time, a)),
        (true, false) => Ok(Kind::Of(dim(y.base, per_time))),
        (false, true) => Ok(Kind::Of(dim(x.base, per_time))),
        (false, false) => Err((format!("{} cannot be multiplied by {}", a.say(), b.say()), None)),
    }
}

/// The kind of a product of two scalars that takes after `like`.
fn kind(base: Base, per_time: i8, like: Kind) -> Kind {
    if like == Kind::Ratio && per_time == 0 { Kind::Ratio } else { Kind::Of(dim(base, per_time)) }
}

fn divide(a: Kind, b: Kind, by_literal: bool) -> Result<Kind, Wrong> {
    if by_literal && b == NUMBER {
        return Ok(a);
    }
    let (x, y) = (a.dim(), b.dim());
    let per_time = x.per_time - y.per_time;
    if x.base == y.base || (a.is_scalar() && b.is_scalar() && per_time != 0) {
        return match per_time {
            0 => Ok(Kind::Ratio),
            -1 => Ok(Kind::Of(dim(Base::Time, 0))),
            n if n > 0 => Ok(Kind::Of(dim(Base::Number, n))),
            _ => Err((format!("{} cannot be divided by {}", a.say(), b.say()), None)),
        };
    }
    if y == dim(Base::Time, 0) {
        return Ok(Kind::Of(dim(x.base, x.per_time + 1)));
    }
    match (a.is_scalar(), b.is_scalar()) {
        (true, true) if y.base == Base::Number => Ok(a),
        (true, true) => Ok(Kind::Ratio),
        (false, true) if per_time >= 0 => Ok(Kind::Of(dim(x.base, per_time))),
        _ => Err((format!("{} cannot be divided by {}", a.say(), b.say()), None)),
    }
}

/// The dimension of a function over the window of a signal.
pub(super) fn window(func: WindowFn, name: &str, id: &str, s: Declared) -> Result<Kind, Wrong> {
    use WindowFn::*;
    if s.dim.base == Base::Text {
        return Err((
            format!("`{id}` is a text and has no window"),
            Some(format!("compare it: {id} == \"…\"")),
        ));
    }
    if matches!(func, Rate | Increase) && !s.counter {
        let other = if func == Rate { "deriv" } else { "delta" };
        return Err((
            format!("`{id}` is not a counter, and {name}() is for counters"),
            Some(format!("write {other}({id}[…]), or set counter = true on the signal")),
        ));
    }
    if matches!(func, Deriv | Delta) && s.counter {
        let other = if func == Deriv { "rate" } else { "increase" };
        return Err((
            format!("`{id}` is a counter, and {name}() is for values that rise and fall"),
            Some(format!("write {other}({id}[…])")),
        ));
    }
    let bool = s.dim.base == Base::Bool;
    Ok(match func {
        Count | Changes | Resets => NUMBER,
        Avg | Stddev | Quantile if bool => Kind::Of(dim(Base::Fraction, 0)),
        Sum | Increase | Delta if bool => NUMBER,
        Rate | Deriv if bool => Kind::Of(dim(Base::Number, 1)),
        Rate | Deriv => Kind::Of(dim(s.dim.base, s.dim.per_time + 1)),
        _ => Kind::Of(s.dim),
    })
}
