//! What can be read of an engine.

use super::eval::{Outcome, Truth};
use super::evidence::Part;
use super::hold::TriggerState;
use super::judge::foremost;
use super::signal::{self, SignalState};
use super::statistics::{Statistics, statistics};
use super::store::Store;
use super::tiers::Column;
use super::verdict::Row;
use super::{Engine, Judged};
use crate::model::condition::Expr;

/// A trigger, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerStatus {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: TriggerState,
    /// What its condition is now; a firing trigger that is unknown cannot resolve.
    pub truth: Truth,
    /// The parts of its condition, as last judged.
    pub evidence: Vec<Part>,
    /// Series that are in this state, for a rule with `any(…)`.
    pub series: Vec<String>,
}

impl Engine {
    /// How many signals answer, of all that are read.
    pub fn answering(&self) -> (usize, usize) {
        signal::answering(self.levels.values().map(|(l, _)| *l))
    }

    /// The histories, for charts and readings in messages.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// A signal, as it stands at `now` (boot milliseconds).
    pub fn signal(&self, id: &str, now: i64) -> Option<SignalState> {
        let h = self.store.signal(id)?;
        let (i, _, (_, since)) = self.levels.get_full(id)?;
        Some(signal::state(id, h, &self.watched[i].limits, &self.scope(now, None), *since, self.wall))
    }

    /// All signals, as they stand at `now` (boot milliseconds), in the playbook's order.
    pub fn signals(&self, now: i64) -> Vec<SignalState> {
        self.levels.keys().filter_map(|id| self.signal(id, now)).collect()
    }

    /// A signal's last `window` milliseconds in `n` columns; `None` is a hole. See [`super::history::History::columns`].
    pub fn columns(
        &self,
        id: &str,
        series: Option<&str>,
        now: i64,
        window: u64,
        n: usize,
    ) -> Vec<Option<Column>> {
        self.store.signal(id).map_or_else(|| vec![None; n], |h| h.columns(series, now, window, n))
    }

    /// The worst series of a signal over the last `window` milliseconds, in numbers; a value comes every `every`.
    pub fn statistics(&self, id: &str, now: i64, window: u64, every: Option<u64>) -> Option<Statistics> {
        let h = self.store.signal(id)?;
        let worst = self.signal(id, self.now.max(now))?.series.into_iter().next()?.label;
        let (all, by_minute) = h.get(worst.as_deref())?.tiers()?.over(now, window);
        statistics(&all, now, window, every, h.stale_after.unwrap_or(u64::MAX / 2), by_minute)
    }

    /// All triggers, as they stand at `now` (boot milliseconds), in the playbook's order.
    pub fn triggers(&self, now: i64) -> Vec<TriggerStatus> {
        let status = |(id, j): (&String, &Judged)| TriggerStatus {
            id: id.clone(),
            state: foremost(j, now).filter(|s| s.same_kind(&j.state)).unwrap_or(j.state),
            truth: j.truth,
            evidence: self.parts(j, now),
            series: (j.clocks.iter())
                .filter(|c| c.hold.state(now, j.times).same_kind(&j.state))
                .filter_map(|c| c.label.clone())
                .collect(),
        };
        self.triggers.iter().map(status).collect()
    }

    /// Whether any trigger is pending: it may fire by time alone.
    pub fn is_pending(&self) -> bool {
        self.triggers.values().any(|j| matches!(j.state, TriggerState::Pending { .. }))
    }

    /// Whether any trigger is pending or firing.
    pub fn is_stirred(&self) -> bool {
        self.triggers.values().any(|j| j.state != TriggerState::Inactive)
    }

    /// The severity rows, worst first.
    pub fn rows(&self) -> Vec<Row> {
        let row = |(i, (id, s)): (usize, (&String, &crate::model::playbook::Severity))| {
            let mine: Vec<(&String, &Judged)> =
                self.triggers.iter().filter(|(_, j)| j.severity == Some(i)).collect();
            let since = mine.iter().filter_map(|(_, j)| j.fires_since()).min();
            let blind = mine.iter().any(|(_, j)| j.truth == Truth::Unknown);
            Row {
                id: id.clone(),
                title: s.title.clone(),
                text: s.text.clone(),
                in_force: since.is_some(),
                since,
                truth: if since.is_none() && blind { Truth::Unknown } else { since.is_some().into() },
                triggers: mine.into_iter().map(|(id, _)| id.clone()).collect(),
                respond_within: s.respond_within,
                approval: s.approval.clone(),
            }
        };
        self.playbook.severities.iter().enumerate().map(row).collect()
    }

    /// Judges any condition at `now` (boot milliseconds); with `after`, only by samples measured after that time.
    pub fn judge(&self, rule: &Expr, now: i64, after: Option<i64>) -> (Truth, Vec<Part>) {
        let mut parts = Vec::new();
        let truth = self.scope(now, after).judge(rule, &mut parts);
        (truth, parts)
    }

    /// The value of any expression at `now`, per series.
    pub fn worth(&self, rule: &Expr, now: i64) -> Outcome<'_> {
        self.scope(now, None).worth(rule)
    }
}
