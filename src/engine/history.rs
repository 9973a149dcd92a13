//! What was measured of one signal: per series the samples that rules look back at, the last read, and tiers for drawing.

use super::baseline::Normal;
use super::tiers::{Column, Tiers};
use crate::model::condition;
use crate::model::playbook::{Better, MinSamples};
use crate::model::reading::Value;
use crate::model::text::clean_line;
use crate::model::unit::{Base, Dim};
use std::collections::{VecDeque, vec_deque};

/// Series kept per signal; more are refused with a reason.
pub const MOST_SERIES: usize = 256;
/// The newest samples kept of what a rule names, as evidence.
pub const NEWEST: usize = 5;
/// Milliseconds after which a silent series is forgotten while others of its signal answer.
pub(super) const FORGOTTEN: i64 = 15 * 60_000;
/// Milliseconds between two looks for series to be forgotten.
const SWEEP: i64 = 60_000;

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
    pub(super) exact: VecDeque<Sample>,
    pub(super) tiers: Option<Tiers>,
}

/// What is kept of a signal beside its last read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Keeps {
    /// Milliseconds of the longest window that a rule looks at, with slack.
    pub(super) over: u64,
    /// The newest samples, whatever their age.
    pub(super) newest: usize,
    /// Whether it is drawn.
    pub(super) drawn: bool,
}

/// All that is known of one signal.
#[derive(Debug, Clone)]
pub struct History {
    /// Its dimension.
    pub dim: Dim,
    /// What is normal for it, when that is declared.
    pub normal: Option<Normal>,
    /// Which direction is better.
    pub better: Better,
    /// Milliseconds after which the last sample no longer counts; `None` for what people raise and count.
    pub stale_after: Option<u64>,
    /// Series in order of appearance.
    pub series: Vec<Series>,
    /// Why the latest read failed as a whole, if it did.
    pub failed: Option<String>,
    /// How many of what it must rest on.
    pub(super) guard: Option<MinSamples>,
    pub(super) keeps: Keeps,
    /// Set by people: it holds until it is changed, and was 0 before.
    pub(super) held: bool,
    /// Declared with one value per series.
    pub(super) many: bool,
    /// Where the next series is looked for first.
    next: usize,
    swept: i64,
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

/// The samples of a window, oldest first.
#[derive(Debug, Clone)]
pub enum Samples<'a> {
    /// As they were measured.
    Kept(vec_deque::Iter<'a, Sample>),
    /// What people set, as it was at the window's ends and between.
    Set(Vec<Sample>),
}

impl Series {
    fn new(label: Option<String>) -> Series {
        Series { label, last: None, failed: None, exact: VecDeque::new(), tiers: None }
    }

    /// Milliseconds since its last good sample was true.
    pub fn age(&self, now: i64) -> Option<u64> {
        self.last.as_ref().map(|l| (now - l.at).max(0) as u64 + l.older)
    }

    /// Bytes of the exact samples and of the tiers.
    pub fn bytes(&self) -> (usize, usize) {
        let tiers = self.tiers.as_ref().map_or(0, Tiers::bytes);
        (self.exact.capacity() * size_of::<Sample>(), tiers)
    }

    /// The tiers, once anything was measured that is drawn.
    pub fn tiers(&self) -> Option<&Tiers> {
        self.tiers.as_ref()
    }

    /// The newest samples that are kept, newest first.
    pub fn newest(&self) -> impl Iterator<Item = Sample> + '_ {
        self.exact.iter().rev().take(NEWEST).copied()
    }

    pub(super) fn push(&mut self, at: i64, older: u64, value: Value, keeps: Keeps) {
        if self.last.as_ref().is_some_and(|l| l.at > at) {
            return;
        }
        if let Value::Number(v) = value {
            if self.exact.back().is_some_and(|s| s.at == at) {
                self.exact.pop_back();
            }
            if keeps.over > 0 || keeps.newest > 0 {
                self.exact.push_back(Sample { at, value: v });
            }
            // One sample stays from before the window: it says that the window is covered from its start.
            while self.exact.len() > keeps.newest
                && self.exact.get(1).is_some_and(|s| s.at <= at - keeps.over as i64)
            {
                self.exact.pop_front();
            }
            if keeps.drawn {
                self.tiers.get_or_insert_with(|| Tiers::new(at)).push(at, v);
            }
        }
        self.last = Some(Last { at, older, value });
        self.failed = None;
    }
}

impl History {
    pub(super) fn new(dim: Dim, better: Better, stale_after: Option<u64>, held: bool) -> History {
        let keeps = Keeps::default();
        History {
            dim,
            normal: None,
            better,
            stale_after,
            series: Vec::new(),
            failed: None,
            guard: None,
            keeps,
            held,
            many: false,
            next: 0,
            swept: i64::MIN,
        }
    }

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

    /// The samples of `(now - over, now]`, or why they do not make a window.
    ///
    /// # Errors
    /// When the signal is stale, or the window is not covered from its start.
    pub fn window<'a>(
        &'a self,
        s: &'a Series,
        now: i64,
        over: u64,
        woke: Option<i64>,
    ) -> Result<Samples<'a>, String> {
        let start = now - over as i64;
        if self.held {
            let value = |t: i64| s.exact.iter().rev().find(|x| x.at <= t).map_or(0.0, |x| x.value);
            let mut out = vec![Sample { at: start, value: value(start) }];
            out.extend(s.exact.iter().filter(|x| x.at > start && x.at < now));
            out.push(Sample { at: now, value: value(now) });
            return Ok(Samples::Set(out));
        }
        match self.unstale(s, now, woke) {
            Fresh::Value(_) => {}
            Fresh::Stale(age) => return Err(stale(age, self.stale_after)),
            _ => return Err(self.nothing(s)),
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
        Ok(Samples::Kept(s.exact.range(first..end)))
    }

    /// Why a series without a value has none.
    pub fn nothing(&self, s: &Series) -> String {
        s.failed.clone().or_else(|| self.failed.clone()).unwrap_or_else(|| "nothing measured yet".into())
    }

    /// The series of this label, made when there is room. They mostly come in the same order.
    pub(super) fn series_mut(&mut self, label: Option<&str>) -> Option<&mut Series> {
        let is = |s: &Series| s.label.as_deref() == label;
        let at = match self.series.get(self.next) {
            Some(s) if is(s) => Some(self.next),
            _ => self.series.iter().position(is),
        };
        let at = match at {
            Some(at) => at,
            None => {
                let clean = label.map(clean_line);
                match self.series.iter().position(|s| s.label == clean) {
                    Some(at) => at,
                    None if self.series.len() < MOST_SERIES => {
                        self.series.push(Series::new(clean));
                        self.series.len() - 1
                    }
                    None => return None,
                }
            }
        };
        self.next = if at + 1 < self.series.len() { at + 1 } else { 0 };
        self.series.get_mut(at)
    }

    /// Forgets series that have been silent for long while others answer.
    pub(super) fn sweep(&mut self, at: i64) {
        if self.series.len() > 1 && at.saturating_sub(self.swept) >= SWEEP {
            self.swept = at;
            self.series.retain(|s| s.last.as_ref().is_none_or(|l| at - l.at <= FORGOTTEN));
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

/// Whether a signal is yes or no.
pub fn is_bool(h: &History) -> bool {
    h.dim.base == Base::Bool
}
