//! Signals with a panel: two-row strips where there is little room, charts where there is more.

use super::chart::{self, Scale};
use crate::session::view::{Level, SignalView, Trend};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::theme::Slot;
use crate::tui::ui::Screen;
use ratatui::layout::Rect;

/// Cells left of a strip's chart.
const NAME: u16 = 27;
/// Cells right of it.
const LEGEND: u16 = 16;

/// The value with its unit, or `?`.
pub fn value(s: &SignalView) -> String {
    s.text.clone().unwrap_or_else(|| format::value(s.value, s.unit))
}

/// The state in words: `critical for 3m18s`, `STALE 48s, limit 30s`, `ok`.
pub fn state(s: &SignalView) -> String {
    match s.level {
        Level::Unknown => "unknown".into(),
        Level::Stale => match s.age_ms {
            Some(age) => format!("STALE {}, limit {}", format::age(age), format::short(s.stale_after_ms)),
            None => "STALE".into(),
        },
        Level::Ok => match s.baseline {
            Some(b) => format!("ok, baseline {}", format::value(Some(b), s.unit)),
            None => "ok".into(),
        },
        Level::Warn => format!("warn for {}", format::age(s.level_for_ms)),
        Level::Critical => format!("critical for {}", format::age(s.level_for_ms)),
    }
}

/// The same, shorter, for a chart's head.
fn short_state(s: &SignalView) -> String {
    match s.level {
        Level::Unknown => "unknown".into(),
        Level::Stale => s.age_ms.map_or("STALE".into(), |age| format!("STALE {}", format::age(age))),
        Level::Ok => "ok".into(),
        Level::Warn => format!("warn {}", format::age(s.level_for_ms)),
        Level::Critical => format!("crit {}", format::age(s.level_for_ms)),
    }
}

/// An arrow, beyond the noise only.
pub fn arrow(s: &SignalView) -> &'static str {
    match s.trend {
        Trend::Flat => " ",
        Trend::Up => "↑",
        Trend::Down => "↓",
    }
}

/// The colour of a level's words.
pub fn ink(level: Level) -> Slot {
    match level {
        Level::Ok => Slot::Dim,
        other => mark(other).1,
    }
}

/// The rule above the signals: window and width of a column.
pub fn rule(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, scene: &Scene<'_>, columns: u16) {
    let window = scene.ui.window();
    let column = window / u64::from(columns.max(1));
    let mut note = format!("{}, one column {}", format::length(window), format::length(column / 1000 * 1000));
    if let Some(freeze) = &scene.ui.freeze {
        note = format!("FROZEN at {} · {note}", format::clock(freeze.at.wall, &scene.ui.zone));
    }
    canvas.rule(x, y, width, "Signals", &note, scene.ui.screen == Screen::Overview);
}

/// Columns of a strip's chart.
pub fn strip_columns(width: u16) -> u16 {
    width.saturating_sub(NAME + LEGEND)
}

/// The cursor at its row.
fn cursor(canvas: &mut Canvas<'_>, x: u16, y: u16, on: bool) {
    if on {
        canvas.put(x, y, 1, "▸", Slot::Accent);
    }
}

/// A strip: name, value and state, chart, legend; on two rows, or without the chart on one.
pub fn strip(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView, on: bool) {
    let (x, y) = (area.x, area.y);
    let (m, slot) = mark(s.level);
    cursor(canvas, x, y, on);
    canvas.put(x + 1, y, 2, m, slot);
    let text = value(s);
    let room = canvas.width_of(&text).clamp(9, 13);
    let value_slot = if s.level == Level::Ok { Slot::Head } else { slot };
    let at = canvas.right(x + NAME - 3, y, room, &text, value_slot);
    canvas.put(x + 4, y, at.saturating_sub(x + 5), &s.title, Slot::Head);
    canvas.put(x + NAME - 2, y, 1, arrow(s), value_slot);
    if area.height < 2 {
        let end = canvas.put(x + NAME, y, area.width.saturating_sub(NAME + 1), &state(s), ink(s.level));
        if s.level != Level::Ok {
            canvas.put(end + 3, y, area.right().saturating_sub(end + 4), &s.note, Slot::Dim);
        }
        return;
    }
    let words = state(s);
    let words = if s.level == Level::Ok && canvas.width_of(&words) > NAME - 6 { "ok".into() } else { words };
    canvas.put(x + 4, y + 1, NAME - 5, &words, ink(s.level));
    let n = strip_columns(area.width);
    let columns = scene.columns(&s.id, n as usize);
    let right = x + NAME + n + 1;
    let room = area.right().saturating_sub(right + 1);
    if columns.iter().all(Option::is_none) {
        let why = if s.note.is_empty() { "no sample yet" } else { &s.note };
        canvas.put(x + NAME, y, n, why, Slot::Dim);
        for (row, (t, word)) in [(&s.critical, "crit"), (&s.warn, "warn")].into_iter().enumerate() {
            if let Some(t) = t {
                canvas.put(right, y + row as u16, room, &format!("  {word} {}", t.text), Slot::Dim);
            }
        }
        return;
    }
    let scale = Scale::of(s, &columns);
    let chart = Rect { x: x + NAME, y, width: n, height: 2 };
    chart::draw(canvas, chart, s, &columns, scale);
    legend(canvas, right, y, room, s, scale);
}

/// Right of a strip: the thresholds at their heights, or the ends of the axis; why it is not known goes first.
fn legend(canvas: &mut Canvas<'_>, x: u16, y: u16, room: u16, s: &SignalView, scale: Scale) {
    let mut rows: [Option<(String, Slot)>; 2] = [None, None];
    let put = |rows: &mut [Option<(String, Slot)>; 2], row: usize, text: String, slot| {
        let other = 1 - row;
        if rows[row].is_none() {
            rows[row] = Some((text, slot));
        } else if rows[other].is_none() {
            rows[other] = Some((text, slot));
        }
    };
    if !s.note.is_empty() && matches!(s.level, Level::Stale | Level::Unknown) {
        put(&mut rows, 1, format!("  {}", s.note), mark(s.level).1);
    }
    for (t, word, slot) in [(&s.critical, "crit", Slot::Threshold), (&s.warn, "warn", Slot::Warn)] {
        let Some(at) = t.as_ref().and_then(|t| t.at) else { continue };
        let number = format::value(Some(at), s.unit);
        match scale.row(at, 2) {
            Some(row) => put(&mut rows, row as usize, format!("┄ {number} {word}"), slot),
            None => put(&mut rows, 1, format!("  {number} {word}"), Slot::Dim),
        }
    }
    put(&mut rows, 0, format!("  {}", chart::bare(scale.top, s.unit)), Slot::Dim);
    put(&mut rows, 1, format!("  {}", chart::bare(scale.bottom, s.unit)), Slot::Dim);
    for (row, (text, slot)) in rows.into_iter().enumerate().filter_map(|(r, t)| Some((r as u16, t?))) {
        canvas.put(x, y + row, room, &text, slot);
    }
}

/// The strips' common axis, with letters and what they mean.
pub fn strip_axis(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, scene: &Scene<'_>) {
    let n = strip_columns(width);
    axis_line(canvas, x + NAME, y, n, "");
    canvas.put(x + NAME + n, y, LEGEND, " now", Slot::Dim);
    let marks = chart::marks(&scene.view.timeline, scene.charts_end(), scene.ui.window(), n as usize);
    chart::draw_marks(canvas, x + NAME, y, &marks);
    let mut seen: Vec<char> = Vec::new();
    let mut at = x + 4;
    for (_, letter) in marks.iter().rev() {
        if seen.contains(letter) {
            continue;
        }
        seen.push(*letter);
        let kind = scene
            .view
            .timeline
            .iter()
            .rev()
            .find(|h| h.letter == Some(*letter))
            .map_or("", |h| h.kind.as_str());
        let text = format!("{letter} {kind} ");
        if at + canvas.width_of(&text) > x + NAME {
            break;
        }
        at = canvas.put(at, y, NAME, &text, Slot::Dim);
    }
}

fn axis_line(canvas: &mut Canvas<'_>, x: u16, y: u16, n: u16, end: &str) {
    canvas.fill(x, y, n, '─', Slot::Rule);
    canvas.fill(x, y, n.min(1), '└', Slot::Rule);
    if n > 1 && end.is_empty() {
        canvas.fill(x + n - 1, y, 1, '┘', Slot::Rule);
    }
    if !end.is_empty() {
        canvas.right(x + n, y, n, end, Slot::Dim);
    }
}

/// Cells left of a block's chart.
const AXIS: u16 = 8;

/// Columns of a block's chart.
pub fn block_columns(width: u16) -> u16 {
    width.saturating_sub(AXIS + 1)
}

/// A chart with its head above, numbers beside and time below; `area` holds all of it.
pub fn block(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView, on: bool) {
    if area.height < 4 || area.width < AXIS + 12 {
        return;
    }
    let (x, y) = (area.x, area.y);
    let (m, slot) = mark(s.level);
    let value_slot = if s.level == Level::Ok { Slot::Head } else { slot };
    cursor(canvas, x, y, on);
    canvas.put(x + 1, y, 2, m, slot);
    let end = area.right() - 1;
    canvas.put(end - 1, y, 1, arrow(s), value_slot);
    let text = value(s);
    let at = canvas.right(end - 2, y, 13, &text, value_slot);
    let words = short_state(s);
    let room = at.saturating_sub(x + 6);
    let words_width = canvas.width_of(&words).min(room.saturating_sub(4));
    let at = canvas.right(at.saturating_sub(2), y, words_width, &words, ink(s.level));
    canvas.put(x + 4, y, at.saturating_sub(x + 5), &s.title, Slot::Head);

    let n = block_columns(area.width);
    let rows = area.height - 2;
    let chart = Rect { x: x + AXIS, y: y + 1, width: n, height: rows };
    for row in 0..rows {
        canvas.put(x + AXIS - 1, chart.y + row, 1, "│", Slot::Rule);
    }
    time_axis(canvas, x + AXIS - 1, chart.bottom(), n, scene, false);
    let columns = scene.columns(&s.id, n as usize);
    if columns.iter().all(Option::is_none) {
        let why = if s.note.is_empty() { "no sample yet" } else { &s.note };
        canvas.put(chart.x + 1, chart.y + rows / 2, n.saturating_sub(1), why, Slot::Dim);
        return;
    }
    let scale = Scale::of(s, &columns);
    chart::draw(canvas, chart, s, &columns, scale);
    chart::labels(canvas, x + AXIS - 1, chart, AXIS - 1, s, scale);
    // Why it stopped, in the chart itself where there is room.
    if matches!(s.level, Level::Stale | Level::Unknown) && !s.note.is_empty() {
        canvas.right(chart.right() - 1, chart.y, n.saturating_sub(2), &s.note, mark(s.level).1);
    }
}

/// `└-15m─────-10m─────-5m──────now`, with the letters of what happened when there is room for them.
pub fn time_axis(canvas: &mut Canvas<'_>, x: u16, y: u16, n: u16, scene: &Scene<'_>, letters: bool) {
    let window = scene.ui.window();
    axis_line(canvas, x, y, n + 1, "now");
    // Five minutes in fifths, all other windows in thirds: whole minutes or hours.
    let parts: u16 = if window == 300_000 { 5 } else { 3 };
    for part in 0..parts {
        let back = window * u64::from(parts - part) / u64::from(parts);
        let at = x + 1 + n * part / parts;
        let label = format!("-{}", format::short(back));
        // Never touching the next label, nor `now`.
        if label.len() as u16 + 1 < n / parts && at + label.len() as u16 + 4 <= x + 1 + n {
            canvas.put(at, y, n / parts, &label, Slot::Dim);
        }
    }
    if letters {
        let marks = chart::marks(&scene.view.timeline, scene.charts_end(), window, n as usize);
        chart::draw_marks(canvas, x + 1, y, &marks);
    }
}

/// What the letters mean, with their times: `D 03:08:58 deploy v1.2.4`.
pub fn letters(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, scene: &Scene<'_>) {
    let since = scene.charts_end().wall - scene.ui.window() as i64;
    let inside: Vec<_> =
        scene.view.timeline.iter().filter(|h| h.letter.is_some() && h.wall >= since).collect();
    let end = x + width;
    let mut at = x;
    let shown: Vec<_> = inside.iter().rev().take(3).collect();
    for h in shown.into_iter().rev() {
        let text = format!("{} {}", format::clock(h.wall, &scene.ui.zone), h.kind);
        if at + canvas.width_of(&text) + 2 > end {
            break;
        }
        at = canvas.put(at, y, 2, &h.letter.unwrap_or(' ').to_string(), Slot::Accent) + 1;
        at = canvas.put(at, y, end - at, &text, Slot::Dim) + 3;
    }
}
