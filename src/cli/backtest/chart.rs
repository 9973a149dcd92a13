//! The chart under a replay: one row per trigger over time, and what the busiest of them compares, with its threshold.
//! Marks, not colours, carry the meaning.

use super::times;
use super::told::Told;
use crate::model::unit::Unit;
use crate::session::replay::COLUMNS;
use crate::session::replay::story::{Chart, TriggerStory};
use crate::tui::format;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Rows of the signal's chart.
const ROWS: usize = 6;
/// The widest name beside a row.
const NAME: usize = 20;

struct Marks {
    quiet: char,
    pending: char,
    firing: char,
    unknown: char,
    threshold: char,
    /// From one eighth to full.
    levels: &'static [char],
}

const UNICODE: Marks = Marks {
    quiet: '·',
    pending: '»',
    firing: '█',
    unknown: '?',
    threshold: '┄',
    levels: &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};
const ASCII: Marks =
    Marks { quiet: '.', pending: '>', firing: '#', unknown: '?', threshold: '-', levels: &['#'] };

/// Draws it.
pub fn draw(told: &Told<'_>, width: usize, ascii: bool, out: &mut String) {
    let marks = if ascii { &ASCII } else { &UNICODE };
    let span = told.story.span;
    let busiest = told.triggers().max_by_key(|t| {
        let longest = t.near().into_iter().max().unwrap_or(0);
        // Of equals the first, as the playbook orders them.
        (t.fired().count(), longest, std::cmp::Reverse(place(told, t)))
    });
    let name = told.triggers().map(|t| t.id.width()).max().unwrap_or(0).clamp(8, NAME);
    let columns = width.saturating_sub(name + 3).max(20);
    out.push('\n');
    if let Some((t, chart)) = busiest.and_then(|t| Some((t, t.chart.as_ref()?)))
        && chart.columns.iter().any(Option::is_some)
    {
        let _ = writeln!(out, "{} ({}), {} is the threshold", chart.text, t.id, marks.threshold);
        signal(told, chart, name, columns, marks, out);
    }
    for t in told.triggers() {
        let row: String = (0..columns).map(|c| mark(t, span.from, span.to, c, columns, marks)).collect();
        let _ = writeln!(out, "{} {row}", padded(&t.id, name));
    }
    let _ = writeln!(out, "{} {}", " ".repeat(name), axis(told, columns));
    let _ = writeln!(
        out,
        "{} {} quiet  {} pending  {} firing  {} unknown",
        " ".repeat(name),
        marks.quiet,
        marks.pending,
        marks.firing,
        marks.unknown
    );
}

fn place(told: &Told<'_>, t: &TriggerStory) -> usize {
    told.story.triggers.iter().position(|o| o.id == t.id).unwrap_or(0)
}

fn padded(text: &str, width: usize) -> String {
    let short: String = if text.width() > width {
        let kept: String = text.chars().take(width - 1).collect();
        format!("{kept}~")
    } else {
        text.into()
    };
    format!("{}{short}", " ".repeat(width.saturating_sub(short.width())))
}

/// The gravest state within a column; unknown where nothing else is said in all of it.
fn mark(t: &TriggerStory, from: i64, to: i64, column: usize, columns: usize, marks: &Marks) -> char {
    let at = |c: usize| from + ((to - from) as i128 * c as i128 / columns as i128) as i64;
    let (a, b) = (at(column), at(column + 1).max(at(column) + 1));
    let meets = |since: i64, until: i64| since < b && until > a;
    let fires = |e: &&crate::session::replay::story::Episode| {
        e.fired.is_some_and(|f| meets(f, e.ended.unwrap_or(to + 1).max(f + 1)))
    };
    if t.episodes.iter().any(|e| fires(&e)) {
        return marks.firing;
    }
    let pends = |e: &crate::session::replay::story::Episode| {
        let until = e.fired.or(e.ended).unwrap_or(to + 1);
        meets(e.since, until.max(e.since + 1))
    };
    if t.episodes.iter().any(|e| e.fired != Some(e.since) && pends(e)) {
        return marks.pending;
    }
    match t.unknown.iter().any(|(since, until)| *since <= a && *until >= b.min(to)) {
        true => marks.unknown,
        false => marks.quiet,
    }
}

/// Times under the rows: at the beginning, in the middle and at the end, where they fit.
fn axis(told: &Told<'_>, columns: usize) -> String {
    let span = told.story.span;
    let [first, middle, last] =
        [span.from, (span.from + span.to) / 2, span.to].map(|at| times::tick(at, &told.zone));
    let wide = first.len() + middle.len() + last.len() + 4 <= columns;
    let gap = |n: usize| " ".repeat(n);
    if !wide {
        return format!("{first}{}{last}", gap(columns.saturating_sub(first.len() + last.len())));
    }
    let left = columns / 2 - middle.len() / 2 - first.len();
    let right = columns - first.len() - left - middle.len() - last.len();
    format!("{first}{}{middle}{}{last}", gap(left), gap(right))
}

/// Filled columns with a line at the threshold.
fn signal(told: &Told<'_>, chart: &Chart, name: usize, columns: usize, marks: &Marks, out: &mut String) {
    let values: Vec<Option<(f64, f64)>> = (0..columns).map(|c| column(chart, c, columns)).collect();
    let known = || values.iter().flatten();
    let top = known().map(|v| v.1).chain(chart.threshold.map(|t| t * 1.1)).fold(f64::NEG_INFINITY, f64::max);
    let bottom = known().map(|v| v.0).chain(chart.threshold).fold(0.0, f64::min);
    let height = if top > bottom { top - bottom } else { 1.0 };
    let row_of = |v: f64| (((v - bottom) / height * ROWS as f64) as usize).min(ROWS - 1);
    let line = chart.threshold.map(row_of);
    let unit = unit(told, chart);
    let say = |v: f64| format::value(Some(v), unit);
    for row in (0..ROWS).rev() {
        let label = match row {
            _ if line == Some(row) => chart.threshold.map(say).unwrap_or_default(),
            _ if row == ROWS - 1 => say(top),
            0 => say(bottom),
            _ => String::new(),
        };
        let cells: String = values
            .iter()
            .map(|v| {
                let empty = if line == Some(row) { marks.threshold } else { ' ' };
                let Some((_, most)) = v else { return empty };
                let filled = (most - bottom) / height * ROWS as f64 - row as f64;
                let levels = marks.levels.len() as f64;
                match (filled * levels).round() as i64 {
                    ..=0 if row == 0 => marks.levels[0],
                    ..=0 => empty,
                    n => marks.levels[(n as usize).min(marks.levels.len()) - 1],
                }
            })
            .collect();
        let _ = writeln!(out, "{} {}", padded(&label, name), cells.trim_end());
    }
}

/// Least and greatest of the kept columns that a drawn one covers.
fn column(chart: &Chart, c: usize, columns: usize) -> Option<(f64, f64)> {
    let first = c * COLUMNS / columns;
    let last = ((c + 1) * COLUMNS / columns).max(first + 1);
    let inside = chart.columns[first..last].iter().flatten();
    inside.copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The unit of the signal, where the compared side is one; else a plain number.
fn unit(told: &Told<'_>, chart: &Chart) -> Unit {
    told.setup.playbook.signals.get(&chart.text).map_or(Unit::Score, |s| s.unit)
}
