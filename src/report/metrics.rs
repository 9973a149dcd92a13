//! Metrics before it, when it fired, at their worst and after it; each with its chart.

use super::chart::Chart;
use super::doc::{Block, Cell, Section, row};
use super::impact::{HOLDS, higher_is_worse, limit, window};
use super::known::{AROUND, Story};
use super::length;
use crate::model::playbook::{ReadingKind, Signal};
use crate::model::samples::Points;
use crate::model::unit::{Base, Quantity};

/// Series of one signal that are shown; the worst of more.
const SERIES: usize = 4;
/// Milliseconds behind its end that are averaged.
const AFTER: i64 = 5 * 60_000;

/// Moments on the axis of every chart.
fn marks(story: &Story<'_>) -> Vec<(i64, &'static str)> {
    let mut out: Vec<(i64, &'static str)> = story.firings().iter().map(|f| (f.at.wall, "fired")).collect();
    out.extend(story.clocks.iter().filter_map(|c| c.closed.as_ref()).map(|c| (c.2.wall, "decided")));
    for run in &story.runs {
        out.push((run.plan.confirmed_at.wall, "run"));
        let view = &run.view;
        let moments =
            [(&view.applied, "applied"), (&view.observed, "observed"), (&view.verified, "verified")];
        out.extend(moments.into_iter().filter_map(|(at, word)| Some((at.as_ref()?.wall, word))));
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Good values from one moment to another.
fn good(points: &Points, from: i64, to: i64) -> Vec<f64> {
    points.points.iter().filter(|(at, _)| (from..=to).contains(at)).filter_map(|(_, v)| *v).collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The section. Signals that draw, or have a threshold; yes-or-no and counters have no mean.
pub(super) fn section(story: &Story<'_>) -> Section {
    let mut out = Section::new("Metrics");
    let Some(samples) = story.known.samples else {
        out.text("Unknown: the samples were not looked up. `ripcord report` does.");
        return out;
    };
    let impact = window(story);
    let fired = story.firings().first().map(|f| f.at.wall);
    let fired =
        fired.or_else(|| story.runs.first().map(|r| r.plan.confirmed_at.wall)).unwrap_or(story.span.0);
    let begun = impact.from.unwrap_or(fired).min(fired);
    let ended = story.runs.iter().filter_map(|r| r.view.verified.as_ref()).map(|v| v.wall).max();
    let ended = ended.or(impact.to).unwrap_or(story.span.1).max(begun);
    let (from, to) = charted(story, begun, ended);
    let (mut rows, mut charts, mut silent): (Vec<Vec<Cell>>, Vec<Chart>, Vec<String>) = Default::default();
    for (id, signal) in story.signals().into_iter().filter(|(_, s)| is_shown(s)) {
        let mut lines = samples.of(id);
        let higher = higher_is_worse(signal);
        lines.retain(|(_, p)| !p.points.is_empty());
        if lines.is_empty() {
            let computed = matches!(signal.reading, ReadingKind::Expr(_));
            let why = if computed {
                "it is computed, and its own values are not kept"
            } else {
                "no sample of it is kept"
            };
            silent.push(format!("{}: unknown, {why}", signal.title));
            continue;
        }
        let worst = |p: &Points| {
            good(p, begun, ended).into_iter().reduce(|a, b| if (b > a) == higher { b } else { a })
        };
        lines.sort_by(|a, b| {
            let (a, b) = (worst(&a.1).unwrap_or(f64::NAN), worst(&b.1).unwrap_or(f64::NAN));
            if higher { b.total_cmp(&a) } else { a.total_cmp(&b) }
        });
        let left = lines.len().saturating_sub(SERIES);
        if left > 0 {
            silent.push(format!("{}: {left} more series are not shown, they were better", signal.title));
        }
        for (series, points) in lines.into_iter().take(SERIES) {
            let title = format!("{}{}", signal.title, series.map(|s| format!(" [{s}]")).unwrap_or_default());
            let shown = |v: Option<f64>| match v {
                Some(value) => Quantity { value, dim: signal.unit.dim() }.show(3),
                None => "unknown".into(),
            };
            let before = good(&points, begun - AROUND, begun - 1);
            let at = points.points.iter().rfind(|(at, v)| *at <= fired && v.is_some());
            let at = at.filter(|(at, _)| fired - at <= holds(signal)).and_then(|(_, v)| *v);
            let after = good(&points, ended, ended + AFTER);
            let basis = format!("{} before, {} after", before.len(), after.len());
            rows.push(row([
                title.clone(),
                shown(mean(&before)),
                shown(at),
                shown(worst(&points)),
                shown(mean(&after)),
                basis,
            ]));
            if signal.panel.is_some() || signal.critical.is_some() {
                charts.push(chart(story, id, signal, title, points, (from, to)));
            }
        }
    }
    if rows.is_empty() {
        let why = match samples.count().0 {
            0 => "no sample of that time is kept: nobody was watching, or it is more than a day ago",
            _ => "no signal that is shown was measured then",
        };
        out.text(format!("Unknown: {why}."));
        return out;
    }
    let (n, failed) = samples.count();
    out.text(format!(
        "Before: the mean of up to {} before it began. At firing: the last sample then. Worst: of all between its \
         beginning and its end. After: the mean of {} from its end on. {n} reads, {failed} of them failed.",
        length(AROUND as u64),
        length(AFTER as u64)
    ));
    out.table(["signal", "before", "at firing", "worst", "after", "samples"], rows);
    out.list(silent);
    if !charts.is_empty() {
        out.sub("Charts");
    }
    out.blocks.extend(charts.into_iter().map(Block::Chart));
    out
}

/// From when to when charts go: what happened, and as much again around it, but not more than a quarter of an hour.
fn charted(story: &Story<'_>, begun: i64, ended: i64) -> (i64, i64) {
    let around = ((ended - begun) / 2).clamp(60_000, AROUND);
    let last = story.known.samples.into_iter().flat_map(|s| s.lines.values());
    let last = last.filter_map(|l| l.points.last()).map(|p| p.0).max().unwrap_or(ended);
    (begun - around, (ended + around).min(last.max(ended)))
}

fn is_shown(signal: &Signal) -> bool {
    let base = signal.unit.dim().base;
    let drawn = signal.panel.is_some() || signal.warn.is_some() || signal.critical.is_some();
    drawn && !signal.counter && !matches!(base, Base::Bool | Base::Text)
}

fn holds(signal: &Signal) -> i64 {
    if signal.stale_after > 0 { signal.stale_after as i64 } else { HOLDS }
}

fn chart(
    story: &Story<'_>,
    id: &str,
    signal: &Signal,
    title: String,
    points: Points,
    (from, to): (i64, i64),
) -> Chart {
    let limits = [("warn", &signal.warn), ("critical", &signal.critical)];
    let limits = limits
        .into_iter()
        .filter_map(|(name, rule)| Some((name, limit(id, signal, &rule.as_ref()?.right, story).ok()?)));
    Chart {
        title,
        dim: signal.unit.dim(),
        higher_is_worse: higher_is_worse(signal),
        from,
        to,
        points,
        holds: holds(signal),
        limits: limits.collect(),
        marks: marks(story),
    }
}
