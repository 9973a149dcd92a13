//! Whether a target lives: what a signal's `fresh` query answers. Empty, 0 and NaN say that it is silent; of several
//! series one that says otherwise is enough, unless they carry the signal's own `series` label: then each speaks for its
//! own.

use std::collections::{HashMap, HashSet};

use super::super::Point;
use super::super::answer::short;
use super::super::exposition::number;
use super::api::{Element, Range};
use super::milliseconds;
use crate::model::template::Template;

/// One series of an answer, and whether it says that the target lives.
type Spoken = (HashMap<String, String>, bool);

/// What is known of a target's life.
pub(super) struct Life(Result<Vec<Spoken>, String>);

impl Default for Life {
    fn default() -> Life {
        Life(Err("it was not answered yet".into()))
    }
}

fn lives(text: &str) -> bool {
    number(text).is_some_and(|v| v != 0.0 && !v.is_nan())
}

impl Life {
    /// Takes an answer.
    pub(super) fn answered(&mut self, elements: Vec<Element>) {
        let each = elements.into_iter().map(|e| (e.metric, e.value.is_some_and(|(_, text)| lives(&text))));
        self.0 = Ok(each.collect());
    }

    /// There is no answer.
    pub(super) fn failed(&mut self, why: &str) {
        self.0 = Err(why.to_owned());
    }

    /// The point of a signal as it counts; `label` is the signal's `series`, `asked` the query. A point that is an error
    /// already keeps its own reason.
    pub(super) fn judge(&self, point: Point, label: Option<&str>, asked: &Template) -> Point {
        if point.value.is_err() {
            return point;
        }
        let asked = short(&asked.0);
        let why = match &self.0 {
            Err(why) => Some(format!("nobody knows whether its target is silent (fresh: {asked}): {why}")),
            Ok(known) if speaks(known.iter().map(|(m, l)| (m, *l)), label, point.series.as_deref()) => None,
            Ok(_) => Some(format!("its target is silent (fresh: {asked})")),
        };
        match why {
            Some(why) => Point { value: Err(why), ..point },
            None => point,
        }
    }
}

/// Whether one of these says that the target (of this series) lives.
fn speaks<'m>(
    known: impl Iterator<Item = (&'m HashMap<String, String>, bool)> + Clone,
    label: Option<&str>,
    series: Option<&str>,
) -> bool {
    let own = label.zip(series);
    let labelled = own.filter(|(label, _)| known.clone().any(|(m, _)| m.contains_key(*label)));
    known.clone().any(|(metric, lives)| {
        lives && labelled.is_none_or(|(label, series)| metric.get(label).is_some_and(|s| s == series))
    })
}

/// When a target lived.
pub(super) struct Past(Vec<(HashMap<String, String>, HashSet<i64>)>);

impl Past {
    /// Of the ranges that a `fresh` query gave.
    pub(super) fn of(ranges: Vec<Range>) -> Past {
        let each = ranges.into_iter().map(|range| {
            let alive = range.values.iter().filter(|(_, text)| lives(text));
            (range.metric, alive.map(|(time, _)| milliseconds(*time)).collect())
        });
        Past(each.collect())
    }

    /// Whether the target (of this series of a signal with this label) lived at a wall time in milliseconds.
    pub(super) fn lived(&self, wall: i64, label: Option<&str>, series: Option<&str>) -> bool {
        let then = self.0.iter().map(|(metric, times)| (metric, times.contains(&wall)));
        speaks(then, label, series)
    }
}
