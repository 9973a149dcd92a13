//! Answers and values: true, false or unknown; a number, a text, or why there is none; per series where there are several.

use crate::model::condition::{Arith, Cmp, Expr};
use serde::{Deserialize, Serialize};

/// The answer of a condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    /// An answer as a worth; the reason of an unknown one is that of the first unknown in `why`.
    pub(super) fn of(truth: Truth, why: &[&Worth]) -> Worth {
        match truth {
            Truth::True => Worth::Bool(true),
            Truth::False => Worth::Bool(false),
            Truth::Unknown => Worth::Unknown(why.iter().find_map(|w| w.reason()).unwrap_or("unknown").into()),
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Worth::Unknown(why) => Some(why),
            _ => None,
        }
    }

    pub(super) fn number(v: f64, what: impl FnOnce() -> String) -> Worth {
        if v.is_finite() { Worth::Number(v) } else { Worth::Unknown(format!("{} is not a number", what())) }
    }
}

/// One worth, or one per series.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<'a> {
    /// The same for all.
    One(Worth),
    /// Per series label.
    Each(Vec<(&'a str, Worth)>),
}

impl<'a> Outcome<'a> {
    pub(super) fn map(mut self, f: impl Fn(Option<&str>, &mut Worth)) -> Outcome<'a> {
        match &mut self {
            Outcome::One(w) => f(None, w),
            Outcome::Each(all) => all.iter_mut().for_each(|(l, w)| f(Some(l), w)),
        }
        self
    }

    /// The worth for a series; what has one worth has it for all.
    fn at(&self, label: &str) -> Worth {
        match self {
            Outcome::One(w) => w.clone(),
            Outcome::Each(all) => match all.iter().find(|(l, _)| *l == label) {
                Some((_, w)) => w.clone(),
                None => Worth::Unknown(format!("{label} is not measured")),
            },
        }
    }

    /// Joined with another, series by series.
    pub(super) fn with(self, other: Outcome<'a>, f: impl Fn(&Worth, &Worth) -> Worth) -> Outcome<'a> {
        match (self, other) {
            (Outcome::One(a), Outcome::One(b)) => Outcome::One(f(&a, &b)),
            (Outcome::Each(all), Outcome::One(b)) => Outcome::Each(all).map(|_, a| *a = f(a, &b)),
            (Outcome::One(a), Outcome::Each(all)) => Outcome::Each(all).map(|_, b| *b = f(&a, b)),
            (Outcome::Each(mut a), Outcome::Each(b))
                if a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0) =>
            {
                a.iter_mut().zip(b).for_each(|((_, a), (_, b))| *a = f(a, &b));
                Outcome::Each(a)
            }
            (a, b) => {
                let mut labels: Vec<&'a str> = Vec::new();
                for (label, _) in [&a, &b].into_iter().flat_map(|o| match o {
                    Outcome::Each(all) => all.as_slice(),
                    Outcome::One(_) => &[],
                }) {
                    if !labels.contains(label) {
                        labels.push(label);
                    }
                }
                Outcome::Each(labels.into_iter().map(|l| (l, f(&a.at(l), &b.at(l)))).collect())
            }
        }
    }

    /// Every worth with its series.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&'a str>, &Worth)> {
        let (one, each) = match self {
            Outcome::One(w) => (Some((None, w)), &[][..]),
            Outcome::Each(all) => (None, all.as_slice()),
        };
        one.into_iter().chain(each.iter().map(|(l, w)| (Some(*l), w)))
    }

    /// Whether it holds for at least one series.
    pub fn truth(&self) -> Truth {
        let mut all = self.iter().map(|(_, w)| w.truth()).peekable();
        if all.peek().is_none() { Truth::Unknown } else { all.fold(Truth::False, Truth::or) }
    }

    /// True for at least one series.
    pub fn any(self) -> Worth {
        self.folded(self.truth())
    }

    /// True for every series.
    pub fn all(self) -> Worth {
        let mut all = self.iter().map(|(_, w)| w.truth()).peekable();
        let truth = if all.peek().is_none() { Truth::Unknown } else { all.fold(Truth::True, Truth::and) };
        self.folded(truth)
    }

    fn folded(&self, truth: Truth) -> Worth {
        match truth {
            Truth::Unknown => {
                let why = self.iter().find_map(|(_, w)| w.reason()).unwrap_or("no series");
                Worth::Unknown(why.into())
            }
            known => Worth::Bool(known == Truth::True),
        }
    }
}

fn unknown_of(a: &Worth, b: &Worth) -> Worth {
    Worth::Unknown(a.reason().or(b.reason()).unwrap_or("these do not compare").into())
}

/// Arithmetic over two worths; `e` is what is calculated.
pub(super) fn calculate(op: Arith, a: &Worth, b: &Worth, e: &Expr) -> Worth {
    let (Worth::Number(x), Worth::Number(y)) = (a, b) else { return unknown_of(a, b) };
    let v = match op {
        Arith::Add => x + y,
        Arith::Sub => x - y,
        Arith::Mul => x * y,
        Arith::Div => x / y,
    };
    Worth::number(v, || e.to_string())
}

/// A comparison of two worths.
pub(super) fn compare(op: Cmp, a: &Worth, b: &Worth) -> Worth {
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
