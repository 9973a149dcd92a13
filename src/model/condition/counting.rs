//! Which counting rule applies, in words: held without a break, so many within a window, so many in a row.

use super::{Cmp, Expr, Over, Since, WindowFn, duration};
use crate::model::playbook::Trigger;

/// When a trigger fires, in words: `held 2m without a break (a gap pauses the clock)`, `more than 5 within 10m`,
/// `3 in a row`.
pub fn rule_in_words(t: &Trigger) -> String {
    let counted = count(&t.when.expr);
    let apart = if series(&t.when.expr) { ", each series by itself" } else { "" };
    let rule = match (counted, t.hold) {
        (None, 0) => "at the first true answer".to_string(),
        (Some(counted), 0) => counted,
        (None, ms) => held(ms),
        (Some(counted), ms) => format!("{counted}, {}", held(ms)),
    };
    rule + apart
}

/// When a firing trigger is over, in words: `when it is false`, `when rss < 3 GB, for 5m`.
pub fn end_in_words(t: &Trigger) -> String {
    let mut words = match &t.clear_when {
        Some(c) => format!("when {} and it holds no more", c.expr),
        None => "when it is false".into(),
    };
    if t.keep_firing_for > 0 {
        words.push_str(&format!(", for {}", duration(t.keep_firing_for)));
    }
    words
}

fn held(ms: u64) -> String {
    format!("held {} without a break (a gap pauses the clock)", duration(ms))
}

/// The counting of an expression; none when it looks at one moment only.
fn count(e: &Expr) -> Option<String> {
    match e {
        // What must hold beside a count counts nothing itself.
        Expr::And(a, b) => match (count(a), count(b)) {
            (Some(a), Some(b)) => Some(format!("{a} and {b}")),
            (a, b) => a.or(b),
        },
        Expr::Or(a, b) => {
            let now = || "at the newest sample".to_string();
            match (count(a), count(b)) {
                (None, None) => None,
                (a, b) => Some(format!("{} or {}", a.unwrap_or_else(now), b.unwrap_or_else(now))),
            }
        }
        Expr::Not(e) => count(e).map(|c| {
            let amount = !c.starts_with("over the last") && !c.starts_with("since");
            if amount { format!("not {c}") } else { c }
        }),
        Expr::Any(e) | Expr::All(e) => count(e),
        Expr::Compare(op, a, b) => match (&**a, &**b) {
            (Expr::Number(_), Expr::Number(_)) => None,
            (Expr::Number(_), counted) => compared(op.turned(), counted, a),
            (counted, _) => compared(*op, counted, b),
        },
        Expr::Window { over, .. } => Some(reaching(*over)),
        _ => None,
    }
}

fn compared(op: Cmp, counted: &Expr, with: &Expr) -> Option<String> {
    let amount = |n: &Expr| match op {
        Cmp::Gt => format!("more than {n}"),
        Cmp::Ge => format!("{n} or more"),
        Cmp::Lt => format!("fewer than {n}"),
        Cmp::Le => format!("{n} or fewer"),
        Cmp::Eq => format!("exactly {n}"),
        Cmp::Ne => format!("other than {n}"),
    };
    match counted {
        Expr::Consecutive(_) => Some(match (op, with) {
            (Cmp::Ge, Expr::Number(_)) => format!("{with} in a row"),
            _ => format!("{} in a row", amount(with)),
        }),
        Expr::Window { func, over, .. } => Some(match func {
            WindowFn::Increase | WindowFn::Count | WindowFn::Changes | WindowFn::Resets | WindowFn::Sum => {
                match over {
                    Over::Ms(ms) => format!("{} within {}", amount(with), duration(*ms)),
                    Over::Since(_) => format!("{} {}", amount(with), reaching(*over)),
                }
            }
            _ => reaching(*over),
        }),
        other => {
            let mut over = None;
            let mut look = |e: &Expr| {
                if let Expr::Window { over: o, .. } = e {
                    over = Some(*o);
                }
            };
            other.walk(&mut |e| look(e));
            with.walk(&mut |e| look(e));
            over.map(reaching)
        }
    }
}

fn reaching(over: Over) -> String {
    match over {
        Over::Ms(ms) => format!("over the last {}", duration(ms)),
        Over::Since(Since::Incident) => "since the incident began".into(),
        Over::Since(Since::Run) => "since the run began".into(),
    }
}

fn series(e: &Expr) -> bool {
    let mut found = false;
    e.walk(&mut |e| found |= matches!(e, Expr::Any(_)));
    found
}

impl Cmp {
    /// The comparison with its sides changed.
    pub fn turned(self) -> Cmp {
        match self {
            Cmp::Gt => Cmp::Lt,
            Cmp::Ge => Cmp::Le,
            Cmp::Lt => Cmp::Gt,
            Cmp::Le => Cmp::Ge,
            other => other,
        }
    }
}
