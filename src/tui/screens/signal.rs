//! One signal on the whole screen: chart, numbers, thresholds, series, and how it is read.

use crate::session::view::SignalView;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::chop;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::panels::chart::{self, Scale};
use crate::tui::panels::signals;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Cells left of the chart.
const AXIS: u16 = 9;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let Some(s) = scene.view.signals.get(scene.ui.signal.min(scene.view.signals.len().saturating_sub(1)))
    else {
        canvas.put(area.x + 1, area.y, area.width, "There is no signal.", Slot::Text);
        return;
    };
    let end = area.right().saturating_sub(1);
    let (m, slot) = mark(s.level);
    canvas.put(area.x + 1, area.y, 2, m, slot);
    let ink = if matches!(m, "✓ ") { Slot::Head } else { slot };
    let x = canvas.put(area.x + 4, area.y, area.width / 3, &s.title, Slot::Head) + 3;
    let x = canvas.put(x, area.y, 14, &signals::value(s), ink) + 1;
    let x = canvas.put(x, area.y, 2, signals::arrow(s), ink) + 2;
    let x = canvas.put(x, area.y, end.saturating_sub(x), &signals::state(s), signals::ink(s.level)) + 3;
    if !s.note.is_empty() {
        canvas.put(x, area.y, end.saturating_sub(x), &s.note, Slot::Dim);
    }
    let origin = chop(&s.origin, area.width.saturating_sub(6) as usize);
    let mut y = area.y + 1;
    for line in origin.iter().take(2) {
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), line, Slot::Dim);
        y += 1;
    }
    let facts = 1 + facts_rows(s).min(area.height / 3);
    let height = area.bottom().saturating_sub(y + facts + 2);
    if height >= 3 {
        big(canvas, Rect { y, height: height + 1, ..area }, scene, s);
        y += height + 1;
        signals::letters(canvas, area.x + AXIS, y, area.width.saturating_sub(AXIS + 1), scene);
        y += 1;
    }
    if y < area.bottom() {
        facts_panel(canvas, Rect { y, height: area.bottom() - y, ..area }, s);
    }
}

fn big(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView) {
    let n = area.width.saturating_sub(AXIS + 4);
    let rows = area.height - 1;
    let chart = Rect { x: area.x + AXIS, y: area.y, width: n, height: rows };
    for row in 0..rows {
        canvas.put(chart.x - 1, chart.y + row, 1, "│", Slot::Rule);
    }
    signals::time_axis(canvas, chart.x - 1, chart.bottom(), n, scene, true);
    let columns = scene.columns(&s.id, n as usize);
    if columns.iter().all(Option::is_none) {
        canvas.put(chart.x + 1, chart.y + rows / 2, n, "no sample in this window", Slot::Dim);
        return;
    }
    let scale = Scale::of(s, &columns);
    chart::draw(canvas, chart, s, &columns, scale);
    chart::labels(canvas, chart.x - 1, chart, AXIS - 1, s, scale);
}

fn facts_rows(s: &SignalView) -> u16 {
    4.max(s.series.len().min(40) as u16)
}

fn facts_panel(canvas: &mut Canvas<'_>, area: Rect, s: &SignalView) {
    let value = |v: f64| format::value(Some(v), s.unit);
    let half = area.width / 2;
    canvas.rule(area.x, area.y, half, "Statistics, 15 min", "", false);
    canvas.rule(area.x + half, area.y, area.width - half, "Series, worst first", "", false);
    let mut lines = Vec::new();
    lines.push(match s.stats {
        Some((min, mean, max)) => {
            format!("min {}   average {}   max {}", value(min), value(mean), value(max))
        }
        None => "no statistics yet".into(),
    });
    let limits: Vec<String> = [("warn", &s.warn), ("critical", &s.critical)]
        .into_iter()
        .filter_map(|(word, t)| Some(format!("{word} {}", t.as_ref()?.text)))
        .collect();
    lines.push(if limits.is_empty() { "no thresholds".into() } else { limits.join("   ") });
    lines.push(match (&s.normal, s.baseline) {
        (Some(normal), _) => format!("baseline {normal}"),
        (None, Some(b)) => format!("baseline {}", value(b)),
        (None, None) => "no baseline".into(),
    });
    let age = s.age_ms.map(|ms| format!("   last sample {} ago", format::age(ms))).unwrap_or_default();
    lines.push(format!("stale after {}{age}", format::short(s.stale_after_ms)));
    for (row, line) in lines.iter().take(area.height.saturating_sub(1) as usize).enumerate() {
        canvas.put(area.x + 1, area.y + 1 + row as u16, half.saturating_sub(2), line, Slot::Text);
    }
    let right = area.x + half;
    if s.series.is_empty() {
        canvas.put(right + 1, area.y + 1, half.saturating_sub(2), "one value, no series", Slot::Dim);
    }
    let room = area.height.saturating_sub(1) as usize;
    for (row, (label, v, level)) in s.series.iter().take(room).enumerate() {
        let y = area.y + 1 + row as u16;
        let left = s.series.len() - row;
        if row + 1 == room && left > 1 {
            canvas.put(right + 4, y, half.saturating_sub(5), &format!("+{left} more"), Slot::Dim);
            break;
        }
        let (m, slot) = mark(*level);
        canvas.put(right + 1, y, 2, m, slot);
        let at = canvas.right(area.right().saturating_sub(1), y, 12, &format::value(*v, s.unit), Slot::Head);
        canvas.put(right + 4, y, at.saturating_sub(right + 5), label, Slot::Text);
    }
}
