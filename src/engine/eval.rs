//! What an expression is worth now: a value, or unknown with its reason, per series where there are several.

use super::consecutive::Counters;
use super::evidence::Part;
use super::history::{Fresh, History, Series, Store, is_bool, stale};
use super::window;
use crate::model::condition::{Arith, Cmp, Expr, WindowFn};
use crate::model::reading::Value;
use std::collections::BTreeMap;

/// The answer of a condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be judged.
    #[default]
    Unknown,
}

impl Truth {
    /// Both: false if either is false, else unknown if either is.
    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        }
    }

    /// Either: true if one is true, else unknown if either is.
    pub fn or(self, other: Truth) -> Truth {
        !(!self).and(!other)
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(b: bool) -> Truth {
        if b { Truth::True } else { Truth::False }
    }
}

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Worth {
    /// A number in base units, always finite.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// Unknown, with the reason.
    Unknown(String),
}

impl Worth {
    /// As an answer; what is neither yes nor no is unknown.
    pub fn truth(&self) -> Truth {
        match self {
            Worth::Bool(b) => (*b).into(),
            _ => Truth::Unknown,
        }
    }

    fn of(truth: Truth, why: &[&Worth]) -> Worth {
        match truth {
            Truth::True => Worth::Bool(true),
            Truth::False => Worth::Bool(false),
            Truth::Unknown => Worth::Unknown(why.iter().find_map(|w| w.reason()).unwrap_or("unknown").into()),
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Worth::Unknown(why) => Some(why),
            _ => None,
        }
    }

    fn number(v: f64, what: &str) -> Worth {
        if v.is_finite() { Worth::Number(v) } else { Worth::Unknown(format!("{what} is not a number")) }
    }
}

/// One worth, or one per series.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The same for all.
    One(Worth),
    /// Per series label.
    Each(Vec<(String, Worth)>),
}

impl Outcome {
    fn map(self, f: impl Fn(Worth) -> Worth) -> Outcome {
        match self {
            Outcome::One(w) => Outcome::One(f(w)),
            Outcome::Each(all) => Outcome::Each(all.into_iter().map(|(l, w)| (l, f(w))).collect()),
        }
    }

    /// The worth for a series; what has one worth has it for all.
    fn at(&self, label: &str) -> Worth {
        match self {
            Outcome::One(w) => w.clone(),
            Outcome::Each(all) => match all.iter().find(|(l, _)| l == label) {
                Some((_, w)) => w.clone(),
                None => Worth::Unknown(format!("{label} is not measured")),
            },
        }
    }

    fn labels<'a>(&'a self, out: &mut Vec<&'a str>) {
        if let Outcome::Each(all) = self {
            for (l, _) in all {
                if !out.contains(&l.as_str()) {
                    out.push(l);
                }
            }
        }
    }

    fn with(self, other: Outcome, f: impl Fn(&Worth, &Worth) -> Worth) -> Outcome {
        if let (Outcome::One(a), Outcome::One(b)) = (&self, &other) {
            return Outcome::One(f(a, b));
        }
        let mut labels = Vec::new();
        self.labels(&mut labels);
        other.labels(&mut labels);
        Outcome::Each(labels.into_iter().map(|l| (l.into(), f(&self.at(l), &other.at(l)))).collect())
    }

    /// Every worth with its series.
    pub fn each(&self) -> Vec<(Option<&str>, &Worth)> {
        match self {
            Outcome::One(w) => vec![(None, w)],
            Outcome::Each(all) => all.iter().map(|(l, w)| (Some(l.as_str()), w)).collect(),
        }
    }

    /// True for at least one series.
    pub fn any(&self) -> Worth {
        let worths: Vec<&Worth> = self.each().into_iter().map(|(_, w)| w).collect();
        if worths.is_empty() {
            return Worth::Unknown("no series".into());
        }
        Worth::of(worths.iter().fold(Truth::False, |t, w| t.or(w.truth())), &worths)
    }

    /// True for every series.
    pub fn all(&self) -> Worth {
        let worths: Vec<&Worth> = self.each().into_iter().map(|(_, w)| w).collect();
        if worths.is_empty() {
            return Worth::Unknown("no series".into());
        }
        Worth::of(worths.iter().fold(Truth::True, |t, w| t.and(w.truth())), &worths)
    }
}

/// What is looked at, and when.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The measurements.
    pub store: &'a Store,
    /// Boot milliseconds.
    pub now: i64,
    /// Only samples measured after this time count (boot milliseconds).
    pub after: Option<i64>,
    /// How often in a row conditions have held.
    pub counters: &'a Counters,
    /// Which triggers fire.
    pub firing: &'a BTreeMap<String, Truth>,
}

impl Scope<'_> {
    /// Judges a condition; the parts that made it so are put into `parts`.
    pub fn judge(&self, expr: &Expr, parts: &mut Vec<Part>) -> Truth {
        self.eval(expr, Some(parts)).any().truth()
    }

    /// The worth of an expression.
    pub fn worth(&self, expr: &Expr) -> Outcome {
        self.eval(expr, None)
    }

    /// As [`Scope::worth`], noting the parts that are judged.
    pub fn eval(&self, expr: &Expr, mut parts: Option<&mut Vec<Part>>) -> Outcome {
        let one = Outcome::One;
        match expr {
            Expr::Number(q) => one(Worth::Number(q.value)),
            Expr::Bool(b) => one(Worth::Bool(*b)),
            Expr::Text(t) => one(Worth::Text(t.clone())),
            Expr::Signal(id) => {
                let found = self.each(id, |h, s| self.last(h, s));
                if self.store.signal(id).is_some_and(is_bool) {
                    self.note(expr, &found, None, parts);
                }
                found
            }
            Expr::Window { func, signal, over, quantile } => {
                let found =
                    self.each(signal, |h, s| self.window(h, s, *func, *over, quantile.unwrap_or(0.5)));
                if matches!(found, Outcome::One(Worth::Bool(_))) {
                    self.note(expr, &found, None, parts);
                }
                found
            }
            Expr::Baseline(id) => one(match self.store.signal(id).and_then(|h| h.baseline) {
                Some(b) => Worth::Number(b),
                None => Worth::Unknown(format!("{id} has no baseline")),
            }),
            Expr::Absent(id) => {
                let found = one(self.absent(id));
                self.note(expr, &found, None, parts);
                found
            }
            Expr::Abs(e) => self.eval(e, None).map(|w| match w {
                Worth::Number(n) => Worth::Number(n.abs()),
                other => other,
            }),
            Expr::Neg(e) => self.eval(e, None).map(|w| match w {
                Worth::Number(n) => Worth::Number(-n),
                other => other,
            }),
            Expr::Arith(op, a, b) => {
                self.eval(a, None).with(self.eval(b, None), |a, b| calculate(*op, a, b, expr))
            }
            Expr::Compare(op, a, b) => {
                let (left, right) = (self.eval(a, None), self.eval(b, None));
                let found = left.clone().with(right.clone(), |a, b| compare(*op, a, b));
                self.note(expr, &found, Some((&left, &right)), parts);
                found
            }
            Expr::Not(e) => self.eval(e, parts).map(|w| Worth::of(!w.truth(), &[&w])),
            Expr::And(a, b) => {
                let left = self.eval(a, parts.as_deref_mut());
                left.with(self.eval(b, parts), |a, b| Worth::of(a.truth().and(b.truth()), &[a, b]))
            }
            Expr::Or(a, b) => {
                let left = self.eval(a, parts.as_deref_mut());
                left.with(self.eval(b, parts), |a, b| Worth::of(a.truth().or(b.truth()), &[a, b]))
            }
            Expr::Any(e) => one(self.eval(e, parts).any()),
            Expr::All(e) => one(self.eval(e, parts).all()),
            Expr::Consecutive(e) => {
                let inner = self.eval(e, None);
                match inner {
                    Outcome::One(w) => one(self.in_a_row(e, None, w)),
                    Outcome::Each(all) => Outcome::Each(
                        all.into_iter().map(|(l, w)| (l.clone(), self.in_a_row(e, Some(&l), w))).collect(),
                    ),
                }
            }
            Expr::Firing(which) => {
                let truth = match which {
                    Some(id) => self.firing.get(id).copied().unwrap_or_default(),
                    None => self.firing.values().fold(Truth::False, |a, b| a.or(*b)),
                };
                let why = Worth::Unknown("a trigger cannot be judged".into());
                let found = one(Worth::of(truth, &[&why]));
                self.note(expr, &found, None, parts);
                found
            }
        }
    }

    fn in_a_row(&self, inner: &Expr, label: Option<&str>, now: Worth) -> Worth {
        match now {
            Worth::Unknown(why) => Worth::Unknown(why),
            _ => Worth::Number(self.counters.count(inner, label) as f64),
        }
    }

    fn note(
        &self,
        e: &Expr,
        found: &Outcome,
        sides: Option<(&Outcome, &Outcome)>,
        parts: Option<&mut Vec<Part>>,
    ) {
        if let Some(parts) = parts {
            Part::gather(self, e, found, sides, parts);
        }
    }

    fn each(&self, id: &str, f: impl Fn(&History, &Series) -> Worth) -> Outcome {
        let Some(h) = self.store.signal(id) else {
            return Outcome::One(Worth::Unknown(format!("there is no signal {id}")));
        };
        match h.series.as_slice() {
            [] => {
                let why = h.failed.clone().unwrap_or_else(|| "nothing measured yet".into());
                Outcome::One(Worth::Unknown(format!("{id}: {why}")))
            }
            [only] if only.label.is_none() => Outcome::One(named(id, f(h, only))),
            many => Outcome::Each(
                many.iter().map(|s| (s.label.clone().unwrap_or_default(), named(id, f(h, s)))).collect(),
            ),
        }
    }

    fn last(&self, h: &History, s: &Series) -> Worth {
        let too_old = |t: i64| s.last.as_ref().is_none_or(|l| l.at - l.older as i64 <= t);
        match h.fresh(s, self.now, self.store.woke) {
            Fresh::Value(_) if h.stale_after.is_some() && self.after.is_some_and(too_old) => {
                Worth::Unknown("no sample since then".into())
            }
            Fresh::Value(Value::Number(n)) if is_bool(h) => Worth::Bool(*n != 0.0),
            Fresh::Value(Value::Number(n)) => Worth::Number(*n),
            Fresh::Value(Value::Text(t)) => Worth::Text(t.clone()),
            Fresh::Stale(age) => Worth::Unknown(stale(age, h.stale_after)),
            Fresh::Failed(_) | Fresh::Nothing => Worth::Unknown(h.nothing(s)),
        }
    }

    fn window(&self, h: &History, s: &Series, func: WindowFn, over: u64, quantile: f64) -> Worth {
        let samples = match h.window(s, self.now, over, self.store.woke, self.after) {
            Ok(samples) => samples,
            Err(why) => return Worth::Unknown(why),
        };
        match window::apply(func, quantile, &samples, self.now, over) {
            Some(v) if is_bool(h) && matches!(func, WindowFn::Min | WindowFn::Max | WindowFn::Last) => {
                Worth::Bool(v != 0.0)
            }
            Some(v) => Worth::number(v, func.name()),
            None => Worth::Unknown("one sample is too few".into()),
        }
    }

    /// Whether a signal has no value that counts; unknown until it had time to answer.
    fn absent(&self, id: &str) -> Worth {
        let Some(h) = self.store.signal(id) else { return Worth::Bool(true) };
        let counts =
            |s: &Series| matches!(self.last(h, s), Worth::Number(_) | Worth::Bool(_) | Worth::Text(_));
        if h.series.iter().any(counts) {
            return Worth::Bool(false);
        }
        let answered = h.failed.is_some() || !h.series.is_empty();
        let since = self.after.unwrap_or(self.store.began);
        if !answered && self.now - since <= h.stale_after.unwrap_or(0) as i64 {
            return Worth::Unknown(format!("{id}: nothing measured yet"));
        }
        Worth::Bool(true)
    }
}

fn named(id: &str, w: Worth) -> Worth {
    match w {
        Worth::Unknown(why) => Worth::Unknown(format!("{id}: {why}")),
        other => other,
    }
}

fn unknown_of(a: &Worth, b: &Worth) -> Worth {
    Worth::Unknown(a.reason().or(b.reason()).unwrap_or("these do not compare").into())
}

fn calculate(op: Arith, a: &Worth, b: &Worth, e: &Expr) -> Worth {
    let (Worth::Number(x), Worth::Number(y)) = (a, b) else { return unknown_of(a, b) };
    let v = match op {
        Arith::Add => x + y,
        Arith::Sub => x - y,
        Arith::Mul => x * y,
        Arith::Div => x / y,
    };
    Worth::number(v, &e.to_string())
}

fn compare(op: Cmp, a: &Worth, b: &Worth) -> Worth {
    let order = match (a, b) {
        (Worth::Number(x), Worth::Number(y)) => x.partial_cmp(y),
        (Worth::Bool(x), Worth::Bool(y)) => Some(x.cmp(y)),
        (Worth::Text(x), Worth::Text(y)) => Some(x.cmp(y)),
        _ => None,
    };
    let Some(o) = order else { return unknown_of(a, b) };
    Worth::Bool(match op {
        Cmp::Gt => o.is_gt(),
        Cmp::Ge => o.is_ge(),
        Cmp::Lt => o.is_lt(),
        Cmp::Le => o.is_le(),
        Cmp::Eq => o.is_eq(),
        Cmp::Ne => o.is_ne(),
    })
}
