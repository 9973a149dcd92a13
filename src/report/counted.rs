//! What counters say of the impact window: how many requests, how many of them bad, and the shares the playbook asks of them.

use super::doc::{Cell, Section, row};
use super::impact::{Impact, expressions};
use super::known::Story;
use crate::model::condition::{Arith, Cmp, Expr, WindowFn};
use crate::model::playbook::{Better, Signal};
use crate::model::samples::{Points, Samples};
use crate::model::unit::{Base, Quantity, Unit};
use serde_json::{Map, Value, json};

/// A share of two counters, as the playbook names it.
#[derive(Debug, Clone, PartialEq)]
struct Share<'a> {
    part: &'a str,
    whole: &'a str,
    /// What is asked of it.
    asked: Option<(Cmp, f64)>,
}

/// How much counters grew over a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grown {
    by: f64,
    /// It began anew meanwhile: what was counted before that and after the last sample of it is missing.
    resets: u32,
}

/// Growth of one series from one moment to another; none when there is no sample at its beginning or in it.
fn grown(points: &Points, from: i64, to: i64) -> Option<Grown> {
    let good = points.points.iter().filter_map(|(at, v)| Some((*at, (*v)?)));
    let (mut before, mut out): (Option<f64>, Option<Grown>) = (None, None);
    for (at, value) in good.take_while(|(at, _)| *at <= to) {
        if at > from
            && let Some(last) = before
        {
            let g = out.get_or_insert(Grown { by: 0.0, resets: 0 });
            match value >= last {
                true => g.by += value - last,
                false => {
                    g.resets += 1;
                    g.by += value;
                }
            }
        }
        before = Some(value);
    }
    out
}

/// Growth of a counter, all its series together.
fn counted(samples: &Samples, id: &str, from: i64, to: i64) -> Option<Grown> {
    let all = samples.of(id).into_iter().filter_map(|(_, points)| grown(&points, from, to));
    all.reduce(|a, b| Grown { by: a.by + b.by, resets: a.resets + b.resets })
}

/// The window of a counter that an expression reads.
fn window(e: &Expr) -> Option<&str> {
    match e {
        Expr::Window { func: WindowFn::Rate | WindowFn::Increase, signal, .. } => Some(signal),
        _ => None,
    }
}

/// The shares that expressions name: `rate(a) / rate(b)`, and `increase(a) < 0.01 * increase(b)`.
fn shares<'a>(all: &[&'a Expr]) -> Vec<Share<'a>> {
    let mut out: Vec<Share<'a>> = Vec::new();
    let mut add =
        |share: Share<'a>| match out.iter_mut().find(|s| (s.part, s.whole) == (share.part, share.whole)) {
            Some(known) => known.asked = known.asked.or(share.asked),
            None => out.push(share),
        };
    for e in all {
        e.walk(&mut |e| match e {
            Expr::Arith(Arith::Div, a, b) => {
                if let (Some(part), Some(whole)) = (window(a), window(b)) {
                    add(Share { part, whole, asked: None });
                }
            }
            Expr::Compare(op, a, b) => {
                if let (Some(part), Some((asked, whole))) = (window(a), times(b)) {
                    add(Share { part, whole, asked: Some((*op, asked)) });
                }
            }
            _ => {}
        });
    }
    out
}

/// `0.01 * increase(b)`.
fn times(e: &Expr) -> Option<(f64, &str)> {
    let Expr::Arith(Arith::Mul, a, b) = e else { return None };
    match (&**a, &**b) {
        (Expr::Number(q), other) | (other, Expr::Number(q)) => Some((q.value, window(other)?)),
        _ => None,
    }
}

/// What counters and shares say, below what is known of the window.
pub(super) fn put(
    out: &mut Section,
    story: &Story<'_>,
    samples: &Samples,
    impact: &Impact,
    data: &mut Map<String, Value>,
) {
    let signals = story.signals();
    let counter =
        |id: &str| signals.get(id).copied().filter(|s| s.counter && s.unit.dim().base == Base::Number);
    let all = expressions(story);
    let mut shares = shares(&all);
    // A share of something good (hits of lookups) says nothing of whom it hit.
    shares
        .retain(|s| counter(s.part).is_some_and(|p| p.better == Better::Lower) && counter(s.whole).is_some());
    let (Some(from), false) =
        (impact.from, signals.values().all(|s| !s.counter) && estimated(&signals).is_empty())
    else {
        if impact.from.is_some() {
            out.text("Requests and errors in between: unknown, the playbook has no counter and no share with its count.");
        }
        return;
    };
    let to = impact.to.unwrap_or(story.span.1);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut grew = serde_json::Map::new();
    for (id, signal) in signals.iter().filter(|(id, _)| counter(id).is_some()) {
        let found = counted(samples, id, from, to);
        let (by, note) = match found {
            Some(g) if g.resets > 0 => (number(g.by), format!("at least: it began anew {} times", g.resets)),
            Some(g) => (number(g.by), String::new()),
            None => ("unknown".into(), "no two samples of it in that time".into()),
        };
        grew.insert((*id).into(), json!(found.map(|g| g.by)));
        rows.push(row([signal.title.clone(), by, note]));
    }
    if !rows.is_empty() {
        out.sub("Counted meanwhile").table(["counter", "grew by", "note"], rows);
        data.insert("counted".into(), grew.into());
    }
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut measured = Vec::new();
    for share in &shares {
        let (part, whole) = (counted(samples, share.part, from, to), counted(samples, share.whole, from, to));
        let title = |id: &str| signals.get(id).map_or(id.to_owned(), |s| s.title.clone());
        let name = format!("{} of {}", title(share.part), title(share.whole));
        let known = part.zip(whole).filter(|(_, w)| w.by > 0.0).map(|(p, w)| p.by / w.by);
        let asked = share.asked.map(|(op, v)| format!("{op} {}", percent(v))).unwrap_or_default();
        let judged = match (known, share.asked) {
            (Some(v), Some((op, limit))) => {
                if super::impact::crosses(op, v, limit) {
                    "kept"
                } else {
                    "MISSED"
                }
            }
            (None, Some(_)) => "UNKNOWN",
            (_, None) => "",
        };
        let (count, shown) = match (part, whole, known) {
            (Some(p), Some(w), Some(v)) => (format!("{} of {}", number(p.by), number(w.by)), percent(v)),
            (Some(_), Some(_), None) => ("none at all".into(), "unknown".into()),
            _ => ("unknown: no samples of both".into(), "unknown".into()),
        };
        measured.push(json!({ "part": share.part, "whole": share.whole, "share": known }));
        rows.push(row([name, count, shown, asked, judged.to_owned()]));
    }
    for (title, weight, share) in estimated(&signals).into_iter().map(|(id, of)| {
        let title = |id: &str| signals.get(id).map_or(id.to_owned(), |s| s.title.clone());
        (title(id), title(of), weighted(samples, id, of, from, to))
    }) {
        let name = format!("{title}, weighted by {weight}");
        let note = if share.is_some() { "an estimate: no counters" } else { "no samples of both" };
        rows.push(row([
            name,
            note.into(),
            share.map_or("unknown".into(), percent),
            String::new(),
            String::new(),
        ]));
    }
    if !rows.is_empty() {
        out.sub("Share that was hit");
    }
    out.table(["share", "counted", "share of all", "asked", "judged"], rows);
    data.insert("shares".into(), measured.into());
}

/// Shares that say how many they rest on, where no counters are: the signal, and the one that counts.
fn estimated<'a>(signals: &indexmap::IndexMap<&'a str, &'a Signal>) -> Vec<(&'a str, &'a str)> {
    let shares = signals
        .iter()
        .filter(|(_, s)| s.unit == Unit::Percent && s.better == Better::Lower && s.series.is_none());
    shares.filter_map(|(id, s)| Some((*id, s.min_samples.as_ref()?.of.as_str()))).collect()
}

/// Mean of a share over a stretch, weighted by what was counted beside it.
fn weighted(samples: &Samples, share: &str, of: &str, from: i64, to: i64) -> Option<f64> {
    let inside = |id: &str| -> Vec<(i64, f64)> {
        let all = samples.of(id).into_iter().flat_map(|(_, p)| p.points);
        all.filter(|(at, _)| (from..=to).contains(at)).filter_map(|(at, v)| Some((at, v?))).collect()
    };
    let weights = inside(of);
    let (mut sum, mut all) = (0.0, 0.0);
    for (at, value) in inside(share) {
        let place = weights.partition_point(|(t, _)| *t <= at);
        let Some((_, weight)) = place.checked_sub(1).and_then(|i| weights.get(i)).or(weights.first()) else {
            continue;
        };
        sum += value * weight;
        all += weight;
    }
    (all > 0.0).then(|| sum / all)
}

fn number(value: f64) -> String {
    format!("{value:.0}")
}

fn percent(share: f64) -> String {
    Quantity { value: share, dim: Unit::Percent.dim() }.show(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(all: &[(i64, f64)]) -> Points {
        Points { points: all.iter().map(|(at, v)| (*at, Some(*v))).collect(), why: None }
    }

    #[test]
    fn a_counter_is_taken_from_the_sample_before_the_window_and_over_resets() {
        let p = points(&[(0, 100.0), (10, 150.0), (20, 170.0), (30, 5.0), (40, 9.0), (50, 1_000.0)]);
        assert_eq!(grown(&p, 5, 45), Some(Grown { by: 79.0, resets: 1 }));
        assert_eq!(grown(&p, 60, 90), None, "nothing was measured in it");
        assert_eq!(grown(&points(&[(10, 5.0)]), 5, 45), None, "one sample says nothing");
    }

    fn grows(func: WindowFn, id: &str) -> Box<Expr> {
        let over = crate::model::condition::Over::Ms(60_000);
        Box::new(Expr::Window { func, signal: id.into(), over, quantile: None })
    }

    #[test]
    fn the_playbook_names_the_shares() {
        let one = Quantity { value: 0.01, dim: Unit::Count.dim() };
        let rate =
            Expr::Arith(Arith::Div, grows(WindowFn::Rate, "failed"), grows(WindowFn::Rate, "requests"));
        let least =
            Expr::Arith(Arith::Mul, Box::new(Expr::Number(one)), grows(WindowFn::Increase, "queries"));
        let asked = Expr::Compare(Cmp::Lt, grows(WindowFn::Increase, "bad"), Box::new(least));
        let found = shares(&[&rate, &asked]);
        assert_eq!(found[0], Share { part: "failed", whole: "requests", asked: None });
        assert_eq!(found[1], Share { part: "bad", whole: "queries", asked: Some((Cmp::Lt, 0.01)) });
    }
}
