//! How a signal stands: value, level, trend, age, reason.

use super::baseline::{BaselineState, Normal};
use super::eval::{Outcome, Scope, Truth, Worth};
use super::history::{Fresh, History, Series, stale};
use super::store::Store;
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
    /// What is normal for the worst series, when that is declared.
    pub baseline: Option<BaselineState>,
}

/// A signal's thresholds as conditions.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    pub(super) warn: Option<Expr>,
    pub(super) critical: Option<Expr>,
}

fn truth(o: &Option<Outcome<'_>>, i: usize, label: Option<&str>) -> Truth {
    match o {
        None => Truth::False,
        // Mostly the same series in the same order.
        Some(Outcome::Each(all)) => {
            let here = all.get(i).filter(|(l, _)| Some(*l) == label);
            let found = here.or_else(|| all.iter().find(|(l, _)| Some(*l) == label)).or(all.first());
            found.map_or(Truth::Unknown, |(_, w)| w.truth())
        }
        Some(Outcome::One(w)) => w.truth(),
    }
}

/// A signal's thresholds as they are judged now.
struct Past<'a> {
    warn: Option<Outcome<'a>>,
    critical: Option<Outcome<'a>>,
}

impl<'a> Past<'a> {
    fn of(limits: &Limits, scope: &Scope<'a>) -> Past<'a> {
        let of = |e: &Option<Expr>| e.as_ref().map(|e| scope.worth(e));
        Past { warn: of(&limits.warn), critical: of(&limits.critical) }
    }

    /// The level of the series at place `i`, without its reason.
    fn level(&self, h: &History, i: usize, s: &Series, scope: &Scope<'_>) -> Level {
        match h.fresh(s, scope.now, scope.store.woke) {
            Fresh::Stale(_) => Level::Stale,
            Fresh::Failed(_) | Fresh::Nothing => Level::Unknown,
            Fresh::Value(_) if scope.enough(h, s).is_err() => Level::Unknown,
            Fresh::Value(_) => {
                let label = s.label.as_deref();
                match (truth(&self.critical, i, label), truth(&self.warn, i, label)) {
                    (Truth::True, _) => Level::Critical,
                    (_, Truth::True) => Level::Warn,
                    (Truth::False, Truth::False) => Level::Ok,
                    _ => Level::Unknown,
                }
            }
        }
    }
}

fn reason(h: &History, s: &Series, level: Level, scope: &Scope<'_>) -> Option<String> {
    match h.fresh(s, scope.now, scope.store.woke) {
        Fresh::Stale(age) => Some(stale(age, h.stale_after)),
        Fresh::Failed(why) => Some(why.to_string()),
        Fresh::Nothing => Some(h.nothing(s)),
        Fresh::Value(_) if level == Level::Unknown => {
            Some(scope.enough(h, s).err().unwrap_or_else(|| "its thresholds cannot be judged".into()))
        }
        Fresh::Value(_) => None,
    }
}

/// The level of the worst series.
pub(super) fn worst(h: &History, limits: &Limits, scope: &Scope<'_>) -> Level {
    let past = Past::of(limits, scope);
    let levels = h.series.iter().enumerate().map(|(i, s)| past.level(h, i, s, scope));
    levels.max_by_key(|l| l.rank()).unwrap_or_default()
}

/// Each series with its level and the reason why it does not count, worst first.
pub(super) fn series_states(h: &History, limits: &Limits, scope: &Scope<'_>) -> Vec<SeriesState> {
    let past = Past::of(limits, scope);
    let mut out: Vec<SeriesState> = Vec::new();
    for (i, s) in h.series.iter().enumerate() {
        let level = past.level(h, i, s, scope);
        let (value, age) = (s.last.as_ref().map(|l| l.value.clone()), s.age(scope.now));
        out.push(SeriesState {
            label: s.label.clone(),
            value,
            level,
            age,
            reason: reason(h, s, level, scope),
        });
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
pub(super) fn state(
    id: &str,
    h: &History,
    limits: &Limits,
    scope: &Scope<'_>,
    since: i64,
    wall: i64,
) -> SignalState {
    let series = series_states(h, limits, scope);
    let worst = series.first();
    let drawn = worst.and_then(|w| h.get(w.label.as_deref()));
    let at = |e: &Option<Expr>| match e {
        Some(Expr::Compare(_, _, right)) => {
            let right = scope.worth(right);
            let label = worst.and_then(|w| w.label.as_deref());
            let mine = right.iter().find(|(l, _)| *l == label).or_else(|| right.iter().next());
            match mine {
                Some((_, Worth::Number(n))) => Some(*n),
                _ => None,
            }
        }
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
        baseline: normal(id, h, worst.and_then(|w| w.label.as_deref()), scope, wall),
        series,
    }
}

/// What is normal for a series; `wall` is what the wall clock shows more than the boot clock.
fn normal(id: &str, h: &History, label: Option<&str>, scope: &Scope<'_>, wall: i64) -> Option<BaselineState> {
    Some(match h.normal.as_ref()? {
        Normal::Known(Ok(known)) => BaselineState {
            value: Ok(known.value),
            samples: known.samples,
            age: known.at.map(|at| (scope.now + wall - at).max(0) as u64),
            origin: known.origin.clone(),
        },
        Normal::Known(Err(why)) => {
            BaselineState { value: Err(why.clone()), samples: None, age: None, origin: String::new() }
        }
        Normal::Signal(other) => {
            let found = scope.worth(&Expr::Baseline(id.into()));
            let mine = found.iter().find(|(l, _)| *l == label).or_else(|| found.iter().next());
            let value = match mine {
                Some((_, Worth::Number(n))) => Ok(*n),
                Some((_, Worth::Unknown(why))) => Err(why.clone()),
                _ => Err(format!("{other} is no number")),
            };
            let of = scope.store.signal(other);
            let age = of.and_then(|o| o.get(label).or_else(|| o.get(None))?.age(scope.now));
            BaselineState { value, samples: None, age, origin: other.clone() }
        }
    })
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
