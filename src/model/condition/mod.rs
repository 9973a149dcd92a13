//! Conditions: PromQL's names and meanings over signals, with units and three values. Here: the parsed form.

mod counting;
mod dims;
mod parse;
mod show;

pub use counting::{end_in_words, rule_in_words};
pub use dims::{describe, fits};
pub use parse::{nearest, parse_comparison, parse_condition, parse_expr};
pub use show::duration;

use super::unit::{Dim, Quantity};
use serde::{Deserialize, Serialize};

/// A condition: what was written, and what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// As written.
    pub text: String,
    /// Its meaning; of dimension Bool.
    pub expr: Expr,
}

/// A comparison whose left side is the signal itself: `> 2%`, `< baseline - 0.005`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// As written.
    pub text: String,
    /// How the signal is compared.
    pub op: Cmp,
    /// With what; may name the signal's own baseline.
    pub right: Expr,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// A number with its unit.
    Number(Quantity),
    /// `true` or `false`.
    Bool(bool),
    /// A text.
    Text(String),
    /// The last value of a signal.
    Signal(String),
    /// A function of one signal's window: `rate(x[2m])`.
    Window {
        /// Which function.
        func: WindowFn,
        /// The signal.
        signal: String,
        /// How far back it looks.
        over: Over,
        /// First argument of `quantile_over_time`.
        quantile: Option<f64>,
    },
    /// `baseline(x)`, or `baseline` alone in a comparison.
    Baseline(String),
    /// `absent(x)`.
    Absent(String),
    /// `abs(e)`.
    Abs(Box<Expr>),
    /// `-e`.
    Neg(Box<Expr>),
    /// Arithmetic.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(Cmp, Box<Expr>, Box<Expr>),
    /// `not e`.
    Not(Box<Expr>),
    /// `a and b`.
    And(Box<Expr>, Box<Expr>),
    /// `a or b`.
    Or(Box<Expr>, Box<Expr>),
    /// `any(e)`: true for at least one series.
    Any(Box<Expr>),
    /// `all(e)`: true for every series.
    All(Box<Expr>),
    /// `consecutive(e)`: how many samples in a row it has been true.
    Consecutive(Box<Expr>),
    /// `firing(id)`, or any trigger when no id is given.
    Firing(Option<String>),
}

/// How far back a window reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Over {
    /// So many milliseconds: `[5m]`.
    Ms(u64),
    /// To where something began.
    Since(Since),
}

/// What a window may begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Since {
    /// The incident: `[incident]`.
    Incident,
    /// The run: `[run]`.
    Run,
}

/// Functions over a window, as in PromQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WindowFn {
    /// `avg_over_time`
    Avg,
    /// `min_over_time`
    Min,
    /// `max_over_time`
    Max,
    /// `sum_over_time`
    Sum,
    /// `count_over_time`
    Count,
    /// `last_over_time`
    Last,
    /// `stddev_over_time`
    Stddev,
    /// `quantile_over_time`
    Quantile,
    /// `rate`, per second, of a counter
    Rate,
    /// `increase` of a counter
    Increase,
    /// `delta` of a gauge
    Delta,
    /// `deriv`, per second, of a gauge (least squares)
    Deriv,
    /// `changes`
    Changes,
    /// `resets`
    Resets,
}

/// Arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cmp {
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `==`
    Eq,
    /// `!=`
    Ne,
}

/// What the parser may ask about names.
pub trait Names {
    /// The signal of this id.
    fn signal(&self, id: &str) -> Option<Declared>;
    /// All signal ids, for the near name in an error.
    fn signals(&self) -> Vec<String>;
    /// Whether a trigger of this id exists.
    fn trigger(&self, id: &str) -> bool;
    /// All trigger ids, for the near name in an error.
    fn triggers(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a condition needs to know of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// Its dimension.
    pub dim: Dim,
    /// Whether it is a counter.
    pub counter: bool,
    /// Whether it has one value per series.
    pub multi: bool,
    /// Whether it has a baseline.
    pub baseline: bool,
}

/// Why a condition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    /// Byte offset in the text where the mistake begins.
    pub start: usize,
    /// Byte offset where it ends.
    pub end: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}
