//! How many samples in a row a condition has been true.

use super::eval::{Scope, Truth};
use super::history::MOST_SERIES;
use super::store::Store;
use crate::model::condition::Expr;
use std::collections::BTreeSet;

/// New samples: the place of the signal, and the series.
pub(super) type Fresh = BTreeSet<(usize, Option<String>)>;

/// The row of one series.
#[derive(Debug, Clone, Default)]
struct Row {
    label: Option<String>,
    count: u64,
    /// A false answer was seen: the row's beginning is known.
    broken: bool,
    /// Which of its signals answered since the last count, a bit each.
    seen: u64,
}

/// One `consecutive(…)`: its condition, the signals it reads, and the rows per series.
#[derive(Debug, Clone)]
struct Counter {
    inner: Expr,
    signals: Vec<usize>,
    /// Bits of the signals that must all have answered before one more counts: those that are sampled.
    needs: u64,
    /// Reads a computed signal, so that it is counted after those are computed.
    late: bool,
    rows: Vec<Row>,
}

/// All `consecutive(…)` of a playbook. Unknown neither counts nor breaks a row; false breaks it at once; true counts when
/// every signal it reads has answered anew.
#[derive(Debug, Clone, Default)]
pub struct Counters(Vec<Counter>);

/// What one more batch of samples did to a row: of which counter and series, and what it is now.
pub(super) struct Counted(usize, Row);

impl Counters {
    /// Counts for every `consecutive(…)` in a rule, too.
    pub(super) fn watch(&mut self, rule: &Expr, store: &Store, computed: impl Fn(&str) -> bool) {
        rule.walk(&mut |e| {
            if let Expr::Consecutive(inner) = e
                && !self.0.iter().any(|c| c.inner == **inner)
            {
                let late = inner.signals().into_iter().any(&computed);
                let signals: Vec<usize> =
                    inner.signals().into_iter().filter_map(|s| store.index(s)).take(64).collect();
                let sampled = |i: &usize| store.at(*i).is_some_and(|(_, h)| !h.held);
                let needs =
                    signals.iter().enumerate().filter(|(_, i)| sampled(i)).fold(0, |b, (k, _)| b | 1 << k);
                self.0.push(Counter { inner: (**inner).clone(), signals, needs, late, rows: Vec::new() });
            }
        });
    }

    fn row(&self, inner: &Expr, label: Option<&str>) -> Option<&Row> {
        let counter = self.0.iter().find(|c| c.inner == *inner)?;
        counter.rows.iter().find(|r| r.label.as_deref() == label)
    }

    /// How often in a row it has held for a series.
    pub fn count(&self, inner: &Expr, label: Option<&str>) -> u64 {
        self.row(inner, label).map_or(0, |r| r.count)
    }

    /// Whether the row's beginning was seen; before that it may be longer than was counted.
    pub fn begun(&self, inner: &Expr, label: Option<&str>) -> bool {
        self.row(inner, label).is_some_and(|r| r.broken)
    }

    /// Whether any rule counts samples of the signal at this place.
    pub(super) fn counts(&self, signal: usize) -> bool {
        self.0.iter().any(|c| c.signals.contains(&signal))
    }

    /// What one more batch of samples does to the rows that are counted `late`, or before.
    pub(super) fn after(&self, fresh: &Fresh, late: bool, scope: &Scope<'_>) -> Vec<Counted> {
        let mut out = Vec::new();
        let sampled = |i: usize| fresh.range((i, None)..).next().is_some_and(|(at, _)| *at == i);
        for (i, c) in self.0.iter().enumerate().filter(|(_, c)| c.late == late) {
            if !c.signals.iter().any(|s| sampled(*s)) {
                continue;
            }
            for (label, worth) in scope.worth(&c.inner).iter() {
                let label = label.map(String::from);
                let mut seen = 0;
                for (k, s) in c.signals.iter().enumerate() {
                    let here = fresh.contains(&(*s, None)) || fresh.contains(&(*s, label.clone()));
                    // A condition over all series together counts a sample of any.
                    seen |= u64::from(here || (label.is_none() && sampled(*s))) << k;
                }
                if seen == 0 {
                    continue;
                }
                let old = c.rows.iter().find(|r| r.label == label);
                let mut row = old.cloned().unwrap_or(Row { label, ..Row::default() });
                row.seen |= seen;
                match worth.truth() {
                    Truth::True if row.seen & c.needs == c.needs => {
                        (row.count, row.seen) = (row.count + 1, 0)
                    }
                    Truth::False => (row.count, row.seen, row.broken) = (0, 0, true),
                    Truth::True | Truth::Unknown => {}
                }
                out.push(Counted(i, row));
            }
        }
        out
    }

    /// Takes what [`Counters::after`] said.
    pub(super) fn take(&mut self, counted: Vec<Counted>) {
        for Counted(i, row) in counted {
            let rows = &mut self.0[i].rows;
            match rows.iter_mut().find(|r| r.label == row.label) {
                Some(old) => *old = row,
                None => {
                    // Series come and go; the oldest is forgotten.
                    if rows.len() >= 2 * MOST_SERIES {
                        rows.remove(0);
                    }
                    rows.push(row);
                }
            }
        }
    }
}
