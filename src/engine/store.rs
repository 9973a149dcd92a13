//! What was measured of all signals. Only what a rule or a panel names is kept beyond its last read.

use super::baseline::Normal;
use super::history::{History, Keeps, Last, MOST_SERIES, NEWEST};
use super::rules;
use super::tiers::Tiers;
use crate::model::condition::{Expr, Over};
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::reading::{Reading, Value};
use crate::model::text::clean_line;
use crate::model::time::Now;
use indexmap::IndexMap;

/// Milliseconds kept for windows that begin with an incident or a run; a longer one is unknown.
pub const LONGEST_SINCE: u64 = 4 * 3_600_000;
/// Milliseconds kept beyond a window.
const SLACK: u64 = 10_000;

/// The histories of all signals of a playbook.
#[derive(Debug, Clone)]
pub struct Store {
    signals: IndexMap<String, History>,
    /// When measuring began, boot milliseconds.
    pub began: i64,
    /// When the host last woke; older samples are stale.
    pub woke: Option<i64>,
}

impl Store {
    /// Empty histories for every signal; `rules` are all expressions whose windows must be kept.
    pub fn new<'a>(playbook: &Playbook, rules: impl Iterator<Item = &'a Expr>, now: &Now) -> Store {
        let began = now.boot as i64;
        let signals = playbook.signals.iter().map(|(id, s)| {
            let held = matches!(s.reading, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
            let stale_after = (!held && s.stale_after > 0).then_some(s.stale_after);
            let mut history = History::new(s.unit.dim(), s.better, stale_after, held);
            history.normal = s.baseline.as_ref().map(Normal::declared);
            history.guard = s.min_samples.clone();
            history.many = s.series.is_some();
            (id.clone(), history)
        });
        let mut store = Store { signals: signals.collect(), began, woke: None };
        rules::named(playbook).into_iter().for_each(|id| store.name(id));
        for id in rules::drawn(playbook) {
            if let Some(h) = store.signals.get_mut(id) {
                h.keeps.drawn = true;
            }
        }
        rules.for_each(|rule| store.widen(rule));
        for h in store.signals.values_mut().filter(|h| h.held) {
            let keeps = Keeps { over: h.keeps.over.max(SLACK), ..h.keeps };
            if let Some(series) = h.series_mut(None) {
                series.push(began, 0, Value::Number(0.0), keeps);
            }
        }
        store
    }

    /// The history of a signal.
    pub fn signal(&self, id: &str) -> Option<&History> {
        self.signals.get(id)
    }

    pub(super) fn signal_mut(&mut self, id: &str) -> Option<&mut History> {
        self.signals.get_mut(id)
    }

    pub(super) fn at(&self, i: usize) -> Option<(&str, &History)> {
        self.signals.get_index(i).map(|(id, h)| (id.as_str(), h))
    }

    pub(super) fn index(&self, id: &str) -> Option<usize> {
        self.signals.get_index_of(id)
    }

    /// All histories, in the playbook's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &History)> {
        self.signals.iter().map(|(id, h)| (id.as_str(), h))
    }

    /// Bytes that all samples and tiers take.
    pub fn bytes(&self) -> usize {
        let series = self.signals.values().flat_map(|h| &h.series);
        series.map(|s| s.bytes()).map(|(exact, tiers)| exact + tiers).sum()
    }

    /// Keeps what shows a signal's way: its newest samples, and what is drawn of it. Of many series only those of a
    /// panel are drawn.
    fn name(&mut self, id: &str) {
        if let Some(h) = self.signals.get_mut(id) {
            h.keeps.newest = NEWEST;
            h.keeps.drawn |= !h.many;
        }
    }

    /// Keeps windows long enough for one more rule.
    pub fn widen(&mut self, rule: &Expr) {
        rule.signals().into_iter().for_each(|id| self.name(id));
        rule.walk(&mut |e| {
            if let Expr::Window { signal, over, .. } = e
                && let Some(h) = self.signals.get_mut(signal)
            {
                let over = match over {
                    Over::Ms(ms) => *ms,
                    Over::Since(_) => LONGEST_SINCE,
                };
                h.keeps.over = h.keeps.over.max(over + h.stale_after.unwrap_or(0) + SLACK);
            }
        });
    }

    /// Takes a read of the signal at this place.
    pub(super) fn record(&mut self, i: usize, r: Reading) {
        let h = &mut self.signals[i];
        let (at, keeps) = (r.at.boot as i64, h.keeps);
        let value = match r.value {
            Ok(Value::Number(n)) if !n.is_finite() => Err(format!("{n} is not a value")),
            Ok(Value::Number(n)) => Ok(Value::Number(n)),
            Ok(Value::Text(t)) => Ok(Value::Text(clean_line(&t))),
            Err(why) => Err(clean_line(&why)),
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
                    s.push(at, r.age, value, keeps);
                    h.failed = None;
                    h.sweep(at);
                }
                None => h.failed = Some(format!("more than {MOST_SERIES} series")),
            },
        }
    }

    /// Sets what people raise and count; the place of the signal, when people do.
    pub(super) fn set(&mut self, id: &str, value: f64, now: i64) -> Option<usize> {
        let i = self.signals.get_index_of(id)?;
        let h = &mut self.signals[i];
        if h.held {
            let keeps = Keeps { over: h.keeps.over.max(SLACK), ..h.keeps };
            h.series_mut(None)?.push(now, 0, Value::Number(value), keeps);
        }
        Some(i)
    }

    /// Draws what people set, once more.
    pub(super) fn tick_held(&mut self, now: i64) {
        for h in self.signals.values_mut().filter(|h| h.held) {
            for s in &mut h.series {
                if let (Some(Last { value: Value::Number(v), .. }), Some(t)) = (&s.last, &mut s.tiers) {
                    t.push(now, *v);
                }
            }
        }
    }

    /// Marks the latest value of a computed signal as failed.
    pub(super) fn fail(&mut self, id: &str, label: Option<&str>, why: &str) {
        if let Some(h) = self.signals.get_mut(id) {
            match h.series.iter_mut().find(|s| s.label.as_deref() == label) {
                Some(s) => s.failed = Some(why.into()),
                None => h.failed = Some(why.into()),
            }
        }
    }

    /// Adds samples of the past that somebody else kept: wall milliseconds and value. The place of their signal.
    pub(super) fn backfill(
        &mut self,
        id: &str,
        label: Option<&str>,
        points: &[(i64, f64)],
        now: &Now,
    ) -> Option<usize> {
        let i = self.signals.get_index_of(id)?;
        let h = &mut self.signals[i];
        let (keeps, held) = (h.keeps, h.held);
        let s = h.series_mut(label)?;
        let boot = now.boot as i64;
        let newest = s.exact.front().map(|x| x.at).or(s.last.as_ref().map(|l| l.at)).unwrap_or(boot);
        let mut points: Vec<(i64, f64)> = points
            .iter()
            .filter(|(_, v)| v.is_finite())
            .map(|(wall, v)| (boot - (now.wall - wall), *v))
            // What people said just as this began is not lost by a millisecond between two clocks.
            .map(|(at, v)| (if held { at.min(newest - 1) } else { at }, v))
            .filter(|(at, _)| *at < newest)
            .collect();
        points.sort_by_key(|p| p.0);
        // The last one said at a moment is what holds.
        points.reverse();
        points.dedup_by_key(|p| p.0);
        points.reverse();
        if keeps.drawn {
            s.tiers.get_or_insert_with(|| Tiers::new(boot)).backfill(&points);
        }
        // What people had set holds until somebody sets it again.
        if let (true, 1, Some((_, v))) = (held, s.exact.len(), points.last()) {
            s.exact[0].value = *v;
            if let Some(last) = &mut s.last {
                last.value = Value::Number(*v);
            }
        }
        let over = keeps.over as i64;
        for (at, value) in points.into_iter().rev().take_while(|(at, _)| over > 0 && *at > boot - over) {
            s.exact.push_front(super::history::Sample { at, value });
        }
        Some(i)
    }
}
