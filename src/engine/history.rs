//! What was measured: per signal and series the exact window that rules name, the last read, and tiers for drawing.

use super::tiers::{Column, Tiers};
use crate::model::condition::{self, Expr};
use crate::model::playbook::{Baseline, Better, Playbook, ReadingKind};
use crate::model::reading::{Reading, Value};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::model::unit::{Base, Dim};
use indexmap::IndexMap;
use std::collections::VecDeque;

/// Series kept per signal; more are refused with a reason.
pub const MOST_SERIES: usize = 256;
/// Milliseconds after which a silent series is forgotten while others of its signal answer.
const FORGOTTEN: i64 = 15 * 60_000;

/// A value and when it was received (boot milliseconds; before this boot when backfilled).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Boot milliseconds.
    pub at: i64,
    /// In base units.
    pub value: f64,
}

/// The last good read of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Last {
    /// When it was received, boot milliseconds.
    pub at: i64,
    /// How much older the sample itself was then, in milliseconds.
    pub older: u64,
    /// The value.
    pub value: Value,
}

/// One series of a signal.
#[derive(Debug, Clone)]
pub struct Series {
    /// Value of the signal's `series` label; `None` for a signal with one series.
    pub label: Option<String>,
    /// The last good read.
    pub last: Option<Last>,
    /// Why the latest read failed, if it did.
    pub failed: Option<String>,
    exact: VecDeque<Sample>,
    tiers: Option<Tiers>,
}

/// All that is known of one signal.
#[derive(Debug, Clone)]
pub struct History {
    /// Its dimension.
    pub dim: Dim,
    /// Its baseline, base units.
    pub baseline: Option<f64>,
    /// Which direction is better.
    pub better: Better,
    /// Milliseconds after which the last sample no longer counts; `None` for what people raise and count.
    pub stale_after: Option<u64>,
    /// Series in order of appearance.
    pub series: Vec<Series>,
    /// Why the latest read failed as a whole, if it did.
    pub failed: Option<String>,
    /// Longest window that a rule looks at, with slack, in milliseconds.
    keep: u64,
    /// Set by people: it holds until it is changed, and was 0 before.
    held: bool,
}

/// The histories of all signals of a playbook.
#[derive(Debug, Clone)]
pub struct Store {
    signals: IndexMap<String, History>,
    /// When measuring began, boot milliseconds.
    pub began: i64,
    /// When the host last woke; older samples are stale.
    pub woke: Option<i64>,
}

/// The value of a series now, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Fresh<'a> {
    /// It counts.
    Value(&'a Value),
    /// The last value is this old (milliseconds).
    Stale(u64),
    /// The latest read failed.
    Failed(&'a str),
    /// Never answered.
    Nothing,
}

impl Series {
    fn new(label: Option<String>) -> Series {
        Series { label, last: None, failed: None, exact: VecDeque::new(), tiers: None }
    }

    /// Milliseconds since its last good sample was true.
    pub fn age(&self, now: i64) -> Option<u64> {
        self.last.as_ref().map(|l| (now - l.at).max(0) as u64 + l.older)
    }

    /// Bytes of the exact window and of the tiers.
    pub fn bytes(&self) -> (usize, usize) {
        let tiers = self.tiers.as_ref().map_or(0, Tiers::bytes);
        (self.exact.capacity() * size_of::<Sample>(), tiers)
    }

    /// The tiers, once anything was measured.
    pub fn tiers(&self) -> Option<&Tiers> {
        self.tiers.as_ref()
    }

    fn push(&mut self, at: i64, older: u64, value: Value, keep: u64) {
        if self.last.as_ref().is_some_and(|l| l.at > at) {
            return;
        }
        if let Value::Number(v) = value {
            if self.exact.back().is_some_and(|s| s.at == at) {
                self.exact.pop_back();
            }
            if keep > 0 {
                self.exact.push_back(Sample { at, value: v });
            }
            while self.exact.get(1).is_some_and(|s| s.at <= at - keep as i64) {
                self.exact.pop_front();
            }
            self.tiers.get_or_insert_with(|| Tiers::new(at)).push(at, v);
        }
        self.last = Some(Last { at, older, value });
        self.failed = None;
    }
}

impl History {
    /// The series of this label.
    pub fn get(&self, label: Option<&str>) -> Option<&Series> {
        self.series.iter().find(|s| s.label.as_deref() == label)
    }

    /// Whether a value that counts is there now.
    pub fn fresh<'a>(&'a self, s: &'a Series, now: i64, woke: Option<i64>) -> Fresh<'a> {
        if let Some(why) = s.failed.as_deref().or(self.failed.as_deref()) {
            return Fresh::Failed(why);
        }
        self.unstale(s, now, woke)
    }

    /// As [`History::fresh`], but a failed latest read does not hide a value that is young enough.
    fn unstale<'a>(&'a self, s: &'a Series, now: i64, woke: Option<i64>) -> Fresh<'a> {
        let Some(last) = &s.last else { return Fresh::Nothing };
        let age = (now - last.at).max(0) as u64 + last.older;
        let slept = !self.held && woke.is_some_and(|w| last.at < w);
        match self.stale_after {
            Some(limit) if age > limit || slept => Fresh::Stale(age),
            None if slept => Fresh::Stale(age),
            _ => Fresh::Value(&last.value),
        }
    }

    /// When its freshest series turns stale, boot milliseconds, if that lies ahead.
    pub fn stale_at(&self, now: i64) -> Option<i64> {
        let limit = self.stale_after? as i64;
        let due = |s: &Series| s.last.as_ref().map(|l| l.at + limit - l.older as i64 + 1);
        self.series.iter().filter_map(due).filter(|d| *d > now).min()
    }

    /// The last `window` milliseconds of a series in `n` columns aligned to whole columns; `None` is a hole.
    pub fn columns(&self, label: Option<&str>, now: i64, window: u64, n: usize) -> Vec<Option<Column>> {
        match self.get(label).and_then(|s| s.tiers.as_ref()) {
            Some(t) if self.held => t.columns(now, window, n, window),
            Some(t) => t.columns(now, window, n, self.stale_after.unwrap_or(0)),
            None => vec![None; n],
        }
    }

    /// The samples of `(now - over, now]`, or why they do not make a window. With `after`, only what was measured
    /// after that time counts.
    ///
    /// # Errors
    /// When the signal is stale, or the window is not covered from its start.
    pub fn window(
        &self,
        s: &Series,
        now: i64,
        over: u64,
        woke: Option<i64>,
        after: Option<i64>,
    ) -> Result<Vec<Sample>, String> {
        let start = now - over as i64;
        if self.held {
            let value = |t: i64| s.exact.iter().rev().find(|x| x.at <= t).map_or(0.0, |x| x.value);
            let mut out = vec![Sample { at: start, value: value(start) }];
            out.extend(s.exact.iter().filter(|x| x.at > start && x.at < now));
            out.push(Sample { at: now, value: value(now) });
            return Ok(out);
        }
        match self.unstale(s, now, woke) {
            Fresh::Value(_) => {}
            Fresh::Stale(age) => return Err(stale(age, self.stale_after)),
            _ => return Err(self.nothing(s)),
        }
        if after.is_some_and(|t| start < t) {
            return Err(format!("its window of {} still reaches back too far", condition::duration(over)));
        }
        let first = s.exact.partition_point(|x| x.at <= start);
        let end = s.exact.partition_point(|x| x.at <= now);
        if first >= end {
            return Err(format!("no sample within {}", condition::duration(over)));
        }
        let before = first.checked_sub(1).map(|i| s.exact[i].at);
        let hole = self.stale_after.unwrap_or(u64::MAX);
        if before.is_none_or(|b| (s.exact[first].at - b) as u64 > hole) {
            let seen = condition::duration((now - s.exact[first].at).max(0) as u64);
            return Err(format!("measured for {seen} of its {}", condition::duration(over)));
        }
        Ok(s.exact.range(first..end).copied().collect())
    }

    /// Why a series without a value has none.
    pub fn nothing(&self, s: &Series) -> String {
        s.failed.clone().or_else(|| self.failed.clone()).unwrap_or_else(|| "nothing measured yet".into())
    }

    fn series_mut(&mut self, label: Option<&str>) -> Option<&mut Series> {
        match self.series.iter().position(|s| s.label.as_deref() == label) {
            Some(i) => self.series.get_mut(i),
            None if self.series.len() < MOST_SERIES => {
                self.series.push(Series::new(label.map(clean_line)));
                self.series.last_mut()
            }
            None => None,
        }
    }
}

/// Why an old value does not count.
pub fn stale(age: u64, limit: Option<u64>) -> String {
    match limit {
        Some(limit) if age > limit => {
            format!("stale: {} old, limit {}", condition::duration(age), condition::duration(limit))
        }
        _ => "not sampled since the host slept".into(),
    }
}

impl Store {
    /// Empty histories for every signal; `rules` are all expressions whose windows must be kept.
    pub fn new<'a>(playbook: &Playbook, rules: impl Iterator<Item = &'a Expr>, now: &Now) -> Store {
        let mut longest: IndexMap<&str, u64> = IndexMap::new();
        for rule in rules {
            rule.walk(&mut |e| {
                if let Expr::Window { signal, over, .. } = e {
                    let l = longest.entry(signal).or_default();
                    *l = (*l).max(*over);
                }
            });
        }
        let began = now.boot as i64;
        let signals = playbook.signals.iter().map(|(id, s)| {
            let held = matches!(s.reading, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
            let slack = s.stale_after + 10_000;
            let mut history = History {
                dim: s.unit.dim(),
                baseline: match &s.baseline {
                    Some(Baseline::Value(b)) => Some(b.value),
                    _ => None,
                },
                better: s.better,
                stale_after: (!held && s.stale_after > 0).then_some(s.stale_after),
                series: Vec::new(),
                failed: None,
                keep: longest.get(id.as_str()).map_or(0, |l| l + slack),
                held,
            };
            if held && let Some(series) = history.series_mut(None) {
                series.push(began, 0, Value::Number(0.0), slack);
            }
            (id.clone(), history)
        });
        Store { signals: signals.collect(), began, woke: None }
    }

    /// The history of a signal.
    pub fn signal(&self, id: &str) -> Option<&History> {
        self.signals.get(id)
    }

    /// All histories, in the playbook's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &History)> {
        self.signals.iter().map(|(id, h)| (id.as_str(), h))
    }

    /// Keeps windows long enough for one more rule.
    pub fn widen(&mut self, rule: &Expr) {
        rule.walk(&mut |e| {
            if let Expr::Window { signal, over, .. } = e
                && let Some(h) = self.signals.get_mut(signal)
            {
                h.keep = h.keep.max(over + h.stale_after.unwrap_or(0) + 10_000);
            }
        });
    }

    /// Takes a read; says whether its signal is known.
    pub fn record(&mut self, r: &Reading) -> bool {
        let Some(h) = self.signals.get_mut(&r.signal) else { return false };
        let (at, keep) = (r.at.boot as i64, h.keep);
        let value = match &r.value {
            Ok(Value::Number(n)) if !n.is_finite() => Err(format!("{n} is not a value")),
            Ok(Value::Number(n)) => Ok(Value::Number(*n)),
            Ok(Value::Text(t)) => Ok(Value::Text(clean_line(t))),
            Err(why) => Err(clean_line(why)),
        };
        match (value, r.series.as_deref()) {
            (Err(why), None) => h.failed = Some(why),
            (Err(why), label) => {
                if let Some(s) = h.series_mut(label) {
                    s.failed = Some(why);
                }
            }
            (Ok(value), label) => match h.series_mut(label) {
                Some(s) => {
                    s.push(at, r.age, value, keep);
                    h.failed = None;
                    let forgotten = |s: &Series| s.last.as_ref().is_some_and(|l| at - l.at > FORGOTTEN);
                    h.series.retain(|s| !forgotten(s));
                }
                None => h.failed = Some(format!("more than {MOST_SERIES} series")),
            },
        }
        true
    }

    /// Sets what people raise and count.
    pub fn set(&mut self, id: &str, value: f64, now: i64) {
        if let Some(h) = self.signals.get_mut(id).filter(|h| h.held) {
            let keep = h.keep.max(10_000);
            if let Some(s) = h.series_mut(None) {
                s.push(now, 0, Value::Number(value), keep);
            }
        }
    }

    /// Draws what people set, once more.
    pub fn tick_held(&mut self, now: i64) {
        for h in self.signals.values_mut().filter(|h| h.held) {
            for s in &mut h.series {
                if let (Some(Last { value: Value::Number(v), .. }), Some(t)) = (&s.last, &mut s.tiers) {
                    t.push(now, *v);
                }
            }
        }
    }

    /// Marks the latest value of a computed signal as failed.
    pub fn fail(&mut self, id: &str, label: Option<&str>, why: &str) {
        if let Some(h) = self.signals.get_mut(id) {
            match h.series.iter_mut().find(|s| s.label.as_deref() == label) {
                Some(s) => s.failed = Some(why.into()),
                None => h.failed = Some(why.into()),
            }
        }
    }

    /// Adds samples of the past that somebody else kept: wall milliseconds and value.
    pub fn backfill(&mut self, id: &str, label: Option<&str>, points: &[(i64, f64)], now: &Now) {
        let Some(h) = self.signals.get_mut(id) else { return };
        let keep = h.keep as i64;
        let Some(s) = h.series_mut(label) else { return };
        let boot = now.boot as i64;
        let newest = s.exact.front().map(|x| x.at).or(s.last.as_ref().map(|l| l.at)).unwrap_or(boot);
        let mut points: Vec<(i64, f64)> = points
            .iter()
            .filter(|(_, v)| v.is_finite())
            .map(|(wall, v)| (boot - (now.wall - wall), *v))
            .filter(|(at, _)| *at < newest)
            .collect();
        points.sort_by_key(|p| p.0);
        points.dedup_by_key(|p| p.0);
        s.tiers.get_or_insert_with(|| Tiers::new(boot)).backfill(&points);
        for (at, value) in points.into_iter().rev().take_while(|(at, _)| keep > 0 && *at > boot - keep) {
            s.exact.push_front(Sample { at, value });
        }
    }
}

/// Whether a signal is yes or no.
pub fn is_bool(h: &History) -> bool {
    h.dim.base == Base::Bool
}
