//! How many samples in a row a condition has been true.

use super::eval::{Scope, Truth};
use crate::model::condition::Expr;

/// One `consecutive(…)`: its condition, the signals it reads, and the counts per series.
#[derive(Debug, Clone)]
struct Counter {
    inner: Expr,
    signals: Vec<String>,
    counts: Vec<(Option<String>, u64)>,
}

/// All `consecutive(…)` of a playbook. Unknown neither counts nor breaks a row.
#[derive(Debug, Clone, Default)]
pub struct Counters(Vec<Counter>);

impl Counters {
    /// Counts for every `consecutive(…)` in a rule, too.
    pub fn watch(&mut self, rule: &Expr) {
        rule.walk(&mut |e| {
            if let Expr::Consecutive(inner) = e
                && !self.0.iter().any(|c| c.inner == **inner)
            {
                let signals = inner.signals().into_iter().map(String::from).collect();
                self.0.push(Counter { inner: (**inner).clone(), signals, counts: Vec::new() });
            }
        });
    }

    /// How often in a row it has held for a series.
    pub fn count(&self, inner: &Expr, label: Option<&str>) -> u64 {
        let counter = self.0.iter().find(|c| c.inner == *inner);
        counter.and_then(|c| c.counts.iter().find(|(l, _)| l.as_deref() == label)).map_or(0, |(_, n)| *n)
    }

    /// The counts after one more sample of `signal` (of one series, when it has several).
    pub fn after(&self, signal: &str, series: Option<&str>, scope: &Scope<'_>) -> Counters {
        let mut next = self.clone();
        for c in next.0.iter_mut().filter(|c| c.signals.iter().any(|s| s == signal)) {
            for (label, worth) in scope.worth(&c.inner).each() {
                if series.is_some() && label.is_some() && label != series {
                    continue;
                }
                let at = match c.counts.iter().position(|(l, _)| l.as_deref() == label) {
                    Some(i) => i,
                    None => {
                        c.counts.push((label.map(String::from), 0));
                        c.counts.len() - 1
                    }
                };
                let n = &mut c.counts[at].1;
                match worth.truth() {
                    Truth::True => *n += 1,
                    Truth::False => *n = 0,
                    Truth::Unknown => {}
                }
            }
        }
        next
    }

    /// Whether any rule counts samples of this signal.
    pub fn counts(&self, signal: &str) -> bool {
        self.0.iter().any(|c| c.signals.iter().any(|s| s == signal))
    }
}
