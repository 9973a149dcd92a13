//! One signal on the whole screen: chart, statistics, raw reads, its series, and what rests on it.

use crate::model::reading::Value;
use crate::session::view::{Level, ReadView, SignalDetail, SignalView, Statistics};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::panels::{chart, series, signals};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Cells left of the chart.
const AXIS: u16 = 9;
/// Rows of the statistics and of the raw reads, with their rule.
const FACTS: u16 = 6;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let Some(s) = scene.view.signals.get(scene.ui.signal.min(scene.view.signals.len().saturating_sub(1)))
    else {
        canvas.put(area.x + 1, area.y, area.width, "There is no signal.", Slot::Text);
        return;
    };
    let nothing = SignalDetail::default();
    let detail = scene.view.detail.as_ref().filter(|d| d.id == s.id).unwrap_or(&nothing);
    title(canvas, area, scene, s, detail);
    let query = wrap(&s.origin, area.width.saturating_sub(5) as usize);
    let most = if area.height >= 30 { 2 } else { 1 };
    let mut y = area.y + 1;
    for line in query.iter().take(most) {
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), line, Slot::Dim);
        y += 1;
    }
    let room = area.bottom().saturating_sub(y);
    let facts = match room {
        0..12 => 0,
        12..30 => FACTS,
        _ => (room / 4).max(FACTS),
    };
    // The chart keeps five rows, its axis, and the line below that says what it shows.
    let strips = match s.series.len() {
        0 | 1 => 0,
        _ => series::height(s, area.width, room.saturating_sub(facts + 7)),
    };
    let height = room.saturating_sub(facts + strips + 2);
    if height >= 2 {
        let chart = Rect { x: area.x + AXIS, y, width: area.width.saturating_sub(AXIS + 1), height };
        scene.ui.charts.drawn.set(chart.width);
        signals::canvas_of(canvas, chart, scene, s);
        y += height + 1;
        below(canvas, Rect { y, height: 1, ..area }, scene, chart.width);
        y += 1;
    }
    if strips > 0 {
        series::draw(canvas, Rect { y, height: strips, ..area }, scene, s);
        y += strips;
    }
    if facts > 0 {
        let half = area.width / 2;
        let left = Rect { y, height: facts, width: half.saturating_sub(1), ..area };
        statistics(canvas, left, scene, s, detail.statistics.as_ref());
        let right = Rect { x: area.x + half, width: area.width - half, ..left };
        raw(canvas, right, scene, s, detail);
    }
}

/// `!! Error rate   3.42 %  ↑ 0.61 %/min   critical for 3m18s   sampled 4 s ago`.
fn title(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView, detail: &SignalDetail) {
    let end = area.right().saturating_sub(1);
    let now = signals::stand(scene, s);
    let (m, slot) = mark(now.level);
    let ink = signals::value_ink(now.level);
    canvas.put(area.x + 1, area.y, 2, m, slot);
    let x = canvas.put(area.x + 4, area.y, area.width / 3, &s.title, Slot::Head) + 3;
    let mut x = canvas.put(x, area.y, 14, &now.value, ink) + 2;
    if now.arrow != " " {
        x = canvas.put(x, area.y, 2, now.arrow, ink) + 1;
        if let Some(slope) = detail.statistics.as_ref().and_then(|n| n.slope) {
            x = canvas.put(x, area.y, 16, &per_minute(slope.abs(), s), ink);
        }
        x += 2;
    }
    let x = canvas.put(x + 1, area.y, end.saturating_sub(x + 1), &now.state, signals::ink(now.level)) + 3;
    let age = match (s.age_ms, now.note.is_empty()) {
        _ if scene.cursor().is_some() => String::new(),
        (_, false) => now.note,
        // While it is in time, steps of five seconds say as much as the seconds.
        (Some(ms), true) => format!("sampled {} ago", format::age(ms)),
        (None, true) => String::new(),
    };
    canvas.put(x, area.y, end.saturating_sub(x), &age, Slot::Dim);
}

/// Below the axis: what the letters mean, and what is shown.
fn below(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, columns: u16) {
    let about = signals::about(scene, columns);
    let ink = if scene.ui.freeze.is_some() { Slot::Accent } else { Slot::Dim };
    let at = canvas.right(area.right().saturating_sub(1), area.y, area.width / 2, &about, ink);
    signals::letters(canvas, area.x + AXIS, area.y, at.saturating_sub(area.x + AXIS + 2), scene);
}

fn per_minute(slope: f64, s: &SignalView) -> String {
    format!("{}/min", format::value(Some(slope), s.unit))
}

fn statistics(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    s: &SignalView,
    n: Option<&Statistics>,
) {
    let window = format::length(scene.ui.window());
    canvas.rule(area.x, area.y, area.width, &format!("Statistics, {window}"), "", false);
    let value = |v: f64| format::value(Some(v), s.unit);
    let mut lines: Vec<String> = Vec::new();
    match n {
        None => lines.push("no sample in this window".into()),
        Some(n) => {
            lines.push(format!("min {}   median {}   max {}", value(n.min), value(n.median), value(n.max)));
            let slope =
                n.slope.map(|v| format!("   slope {}{}", if v >= 0.0 { "+" } else { "" }, per_minute(v, s)));
            lines.push(format!("average {}{}", value(n.mean), slope.unwrap_or_default()));
            let what = if n.by_minute { "minutes" } else { "samples" };
            let gaps = match n.gaps {
                0 => "no gaps".into(),
                gaps => format!("gaps {gaps} ({})", format::held(n.missing)),
            };
            lines.push(format!("{what} {} of {}   {gaps}", n.values, n.expected));
        }
    }
    let baseline = match (&s.normal, s.baseline) {
        (Some(normal), _) => normal.clone(),
        (None, Some(b)) => value(b),
        (None, None) => "none".into(),
    };
    lines.push(format!("baseline {baseline}"));
    let limit = |word: &str, t: &Option<crate::session::view::Threshold>| {
        t.as_ref().map(|t| format!("{word} {}   ", t.text)).unwrap_or_default()
    };
    let stale = format!("stale {}", format::short(s.stale_after_ms));
    lines.push(format!("{}{}{stale}", limit("warn", &s.warn), limit("crit", &s.critical)));
    for (row, line) in lines.iter().take(area.height.saturating_sub(1) as usize).enumerate() {
        canvas.put(area.x + 1, area.y + 1 + row as u16, area.width.saturating_sub(1), line, Slot::Text);
    }
}

/// The newest reads, and what rests on the signal.
fn raw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView, detail: &SignalDetail) {
    canvas.rule(area.x, area.y, area.width, "Raw, newest first", "", false);
    let (x, width) = (area.x + 1, area.width.saturating_sub(2));
    let used = match detail.used_by.is_empty() {
        true => "nothing rests on it".into(),
        false => format!("used by {}", detail.used_by.join(", ")),
    };
    let rows = area.height.saturating_sub(2) as usize;
    if detail.reads.is_empty() {
        let why = match s.note.is_empty() {
            true => "it is not read: it is computed, or set by people",
            false => s.note.as_str(),
        };
        canvas.put(x, area.y + 1, width, why, Slot::Dim);
    }
    for (row, r) in detail.reads.iter().take(rows).enumerate() {
        read(canvas, Rect { x, y: area.y + 1 + row as u16, width, height: 1 }, scene, s, r);
    }
    canvas.put(x, area.bottom() - 1, width, &used, Slot::Dim);
}

/// `03:14:03   3.42 %   prom, 12 ms`, or `03:07:13   ?   timed out after 3 s`.
fn read(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView, r: &ReadView) {
    let (y, end) = (area.y, area.right());
    let x = canvas.put(area.x, y, 8, &format::clock(r.wall, &scene.ui.zone), Slot::Dim) + 2;
    let series = r.series.as_ref().map(|l| format!("{l}, ")).unwrap_or_default();
    let (value, slot) = match &r.value {
        Ok(Value::Number(v)) => (format::value(Some(*v), s.unit), signals::value_ink(chart::level(*v, s))),
        Ok(Value::Text(t)) => (t.clone(), Slot::Head),
        Err(why) => {
            let x = canvas.put(x + 1, y, 1, "?", mark(Level::Unknown).1) + 2;
            canvas.put(x, y, end.saturating_sub(x), &format!("{series}{why}"), Slot::Dim);
            return;
        }
    };
    canvas.right(x + 9, y, 9, &value, slot);
    let how = match r.took_ms {
        Some(ms) => format!("{}, {ms} ms", r.source),
        None => r.source.clone(),
    };
    canvas.put(x + 12, y, end.saturating_sub(x + 12), &format!("{series}{how}"), Slot::Dim);
}
