//! How a signal stands: value, level, trend, age, reason.

use super::eval::{Outcome, Scope, Truth};
use super::history::{Fresh, History, Series, Store, stale};
use crate::model::condition::Expr;
use crate::model::playbook::Better;
use crate::model::reading::Value;
use serde::{Deserialize, Serialize};

/// The level of a signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Level {
    /// No value yet, the latest read failed, or its thresholds cannot be judged.
    #[default]
    Unknown,
    /// The last value is too old to count.
    Stale,
    /// Within its thresholds.
    Ok,
    /// Past `warn`.
    Warn,
    /// Past `critical`.
    Critical,
}

impl Level {
    /// Rank for "worst": what is measured bad is worse than what is not known, and that is worse than good.
    fn rank(self) -> u8 {
        match self {
            Level::Ok => 0,
            Level::Stale => 1,
            Level::Unknown => 2,
            Level::Warn => 3,
            Level::Critical => 4,
        }
    }
}

/// Which way a value goes, beyond its noise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trend {
    /// Within the noise.
    #[default]
    Flat,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// One series of a signal, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesState {
    /// Value of the `series` label.
    pub label: Option<String>,
    /// The last good value, even when it does not count any more.
    pub value: Option<Value>,
    /// Its level.
    pub level: Level,
    /// Milliseconds since its last good sample was true.
    pub age: Option<u64>,
    /// Why it does not count.
    pub reason: Option<String>,
}

/// A signal, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalState {
    /// Its id.
    pub id: String,
    /// The worst series' last good value, base units, even when it does not count any more.
    pub value: Option<Value>,
    /// The worst series' level.
    pub level: Level,
    /// Since when it has had that level, boot milliseconds.
    pub since: i64,
    /// Which way the worst series goes.
    pub trend: Trend,
    /// Milliseconds since the worst series' last good sample was true.
    pub age: Option<u64>,
    /// Why it does not count.
    pub reason: Option<String>,
    /// All series, worst first.
    pub series: Vec<SeriesState>,
    /// Minimum, average and maximum of the worst series over the last 15 minutes.
    pub stats: Option<(f64, f64, f64)>,
    /// Where its `warn` and `critical` lie now, base units.
    pub thresholds: [Option<f64>; 2],
}

/// A signal's thresholds as conditions.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    pub(super) warn: Option<Expr>,
    pub(super) critical: Option<Expr>,
}

fn truth(o: &Outcome, label: Option<&str>) -> Truth {
    let all = o.each();
    all.iter().find(|(l, _)| *l == label).or(all.first()).map_or(Truth::Unknown, |(_, w)| w.truth())
}

/// Each series with its level and the reason why it does not count, worst first.
pub(super) fn series_states(h: &History, limits: &Limits, scope: &Scope<'_>) -> Vec<SeriesState> {
    let warn = limits.warn.as_ref().map(|e| scope.worth(e));
    let critical = limits.critical.as_ref().map(|e| scope.worth(e));
    let mut out: Vec<SeriesState> = Vec::new();
    for s in &h.series {
        let label = s.label.as_deref();
        let past = |o: &Option<Outcome>| o.as_ref().map_or(Truth::False, |o| truth(o, label));
        let (level, reason) = match h.fresh(s, scope.now, scope.store.woke) {
            Fresh::Stale(age) => (Level::Stale, Some(stale(age, h.stale_after))),
            Fresh::Failed(why) => (Level::Unknown, Some(why.to_string())),
            Fresh::Nothing => (Level::Unknown, Some(h.nothing(s))),
            Fresh::Value(_) => match (past(&critical), past(&warn)) {
                (Truth::True, _) => (Level::Critical, None),
                (_, Truth::True) => (Level::Warn, None),
                (Truth::False, Truth::False) => (Level::Ok, None),
                _ => (Level::Unknown, Some("its thresholds cannot be judged".into())),
            },
        };
        let value = s.last.as_ref().map(|l| l.value.clone());
        out.push(SeriesState { label: s.label.clone(), value, level, age: s.age(scope.now), reason });
    }
    let badness = |s: &SeriesState| match (&s.value, h.better) {
        (Some(Value::Number(v)), Better::Lower) => *v,
        (Some(Value::Number(v)), Better::Higher) => -v,
        _ => f64::NEG_INFINITY,
    };
    out.sort_by(|a, b| b.level.rank().cmp(&a.level.rank()).then(badness(b).total_cmp(&badness(a))));
    out
}

/// The whole picture of a signal; `since` is when it entered its level.
pub(super) fn state(id: &str, h: &History, limits: &Limits, scope: &Scope<'_>, since: i64) -> SignalState {
    let series = series_states(h, limits, scope);
    let worst = series.first();
    let drawn = worst.and_then(|w| h.get(w.label.as_deref()));
    let at = |e: &Option<Expr>| match e {
        Some(Expr::Compare(_, _, right)) => match scope.worth(right) {
            Outcome::One(super::eval::Worth::Number(n)) => Some(n),
            _ => None,
        },
        _ => None,
    };
    SignalState {
        id: id.into(),
        value: worst.and_then(|w| w.value.clone()),
        level: worst.map(|w| w.level).unwrap_or_default(),
        since,
        trend: drawn.map(|s| trend(s, scope.now)).unwrap_or_default(),
        age: worst.and_then(|w| w.age),
        reason: match worst {
            Some(w) => w.reason.clone(),
            None => Some(h.failed.clone().unwrap_or_else(|| "nothing measured yet".into())),
        },
        stats: drawn.and_then(|s| stats(s, scope.now)),
        thresholds: [at(&limits.warn), at(&limits.critical)],
        series,
    }
}

fn stats(s: &Series, now: i64) -> Option<(f64, f64, f64)> {
    let (mut n, mut sum, mut min, mut max) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for (_, v) in s.tiers()?.recent(now - 900_000, now) {
        (n, sum, min, max) = (n + 1.0, sum + v, min.min(v), max.max(v));
    }
    (n > 0.0).then(|| (min, sum / n, max))
}

/// The last minute against the four before it: a difference of more than 1.5 standard deviations and 1 % counts.
fn trend(s: &Series, now: i64) -> Trend {
    let Some(tiers) = s.tiers() else { return Trend::Flat };
    let (before, recent): (Vec<_>, Vec<_>) =
        tiers.recent(now - 300_000, now).partition(|(at, _)| *at <= now - 60_000);
    if recent.len() < 3 || before.len() < 5 {
        return Trend::Flat;
    }
    let mean = |v: &[(i64, f64)]| v.iter().map(|(_, v)| v).sum::<f64>() / v.len() as f64;
    let (old, new) = (mean(&before), mean(&recent));
    let noise = (before.iter().map(|(_, v)| (v - old).powi(2)).sum::<f64>() / before.len() as f64).sqrt();
    let enough = (1.5 * noise).max(0.01 * old.abs());
    match new - old {
        d if d > enough => Trend::Up,
        d if d < -enough => Trend::Down,
        _ => Trend::Flat,
    }
}

/// How many signals answer, of how many.
pub(super) fn answering(levels: impl Iterator<Item = Level>) -> (usize, usize) {
    levels.fold((0, 0), |(fresh, all), l| {
        (fresh + usize::from(!matches!(l, Level::Unknown | Level::Stale)), all + 1)
    })
}

/// Whether anything was ever measured, or there is nothing to measure.
pub(super) fn measured(store: &Store) -> bool {
    let mut read = store.iter().filter(|(_, h)| h.stale_after.is_some()).peekable();
    read.peek().is_none() || read.any(|(_, h)| h.series.iter().any(|s| s.last.is_some()))
}
