//! Signals with a panel: two-row strips where there is little room, charts where there is more. All of them, and their
//! numbers, are of one moment: now, or where the cursor in time is.

use super::chart::{self, Scale};
use crate::model::playbook::Better;
use crate::session::view::{ChartColumn, Level, SignalView, Trend, Wanted};
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

/// How a signal stands at the moment that is looked at.
pub struct Stand {
    /// The value, or `?`.
    pub value: String,
    /// Its level; unknown where there was no sample.
    pub level: Level,
    /// The level in words.
    pub state: String,
    /// The same, shorter, for a chart's head.
    pub short: String,
    /// Which way it goes: now only.
    pub arrow: &'static str,
    /// Why there is no value: now only.
    pub note: String,
}

/// How it stands now, or in the cursor's column of its curve.
pub fn stand(scene: &Scene<'_>, s: &SignalView) -> Stand {
    let n = usize::from(scene.ui.charts.drawn.get());
    let Some(column) = scene.cursor().map(|_| scene.cursor_column(n)) else {
        return Stand {
            value: value(s),
            level: s.level,
            state: state(s),
            short: short_state(s),
            arrow: arrow(s),
            note: s.note.clone(),
        };
    };
    let then = column.and_then(|c| scene.columns(&s.id, n).get(c).copied().flatten());
    let (value, level) = read(then.as_ref(), s);
    let state = word(level).to_string();
    Stand { value, level, short: state.clone(), state, arrow: " ", note: String::new() }
}

/// What a column says: the value that is drawn, and its level.
pub fn read(column: Option<&ChartColumn>, s: &SignalView) -> (String, Level) {
    let Some(c) = column else { return ("?".into(), Level::Unknown) };
    let v = if s.better == Better::Higher { c.min } else { c.max };
    (format::value(Some(v), s.unit), chart::level(v, s))
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Critical => "critical",
        Level::Warn => "warn",
        Level::Ok => "ok",
        Level::Stale | Level::Unknown => "no sample",
    }
}

/// What a run wants of a signal that is the traffic's, in words: `wanted 0 %`.
pub fn wanted(scene: &Scene<'_>, s: &SignalView) -> Option<String> {
    let t = scene.view.traffic.as_ref().filter(|t| t.signal == s.id && scene.cursor().is_none())?;
    let Wanted { share, below, .. } = t.wanted.as_ref()?;
    let below = if *below { "< " } else { "" };
    Some(format!("wanted {below}{}", format::value(Some(*share), s.unit)))
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

/// The colour of a value.
pub fn value_ink(level: Level) -> Slot {
    match level {
        Level::Ok => Slot::Head,
        other => mark(other).1,
    }
}

/// What the charts show, in words: the moment that is read, whether they are held, window and width of a column.
pub fn about(scene: &Scene<'_>, columns: u16) -> String {
    let window = scene.ui.window();
    let column = window / u64::from(columns.max(1));
    let mut note = format!("{}, one column {}", format::length(window), format::length(column / 1000 * 1000));
    if scene.ui.charts.sweep {
        note = format!("sweep · {note}");
    }
    match (scene.cursor(), &scene.ui.freeze) {
        (Some(at), _) => format!("at {} · Esc now · {note}", format::clock(at, &scene.ui.zone)),
        (None, Some(freeze)) => {
            format!("FROZEN at {} · {note}", format::clock(freeze.at.wall, &scene.ui.zone))
        }
        (None, None) => note,
    }
}

/// The rule above the signals.
pub fn rule(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, scene: &Scene<'_>, columns: u16) {
    scene.ui.charts.drawn.set(columns);
    let mut note = about(scene, columns);
    if scene.ui.charts.worst_first && scene.ui.screen == Screen::Overview {
        note = format!("worst first · {note}");
    }
    canvas.rule(x, y, width, "Signals", &note, scene.focus(0));
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
    let now = stand(scene, s);
    let (m, slot) = mark(now.level);
    cursor(canvas, x, y, on);
    canvas.put(x + 1, y, 2, m, slot);
    let room = canvas.width_of(&now.value).clamp(9, 13);
    let at = canvas.right(x + NAME - 3, y, room, &now.value, value_ink(now.level));
    canvas.put(x + 4, y, at.saturating_sub(x + 5), &s.title, Slot::Head);
    canvas.put(x + NAME - 2, y, 1, now.arrow, value_ink(now.level));
    let wanted = wanted(scene, s).map(|w| format!(" · {w}")).unwrap_or_default();
    if area.height < 2 {
        let words = format!("{}{wanted}", now.state);
        let end = canvas.put(x + NAME, y, area.width.saturating_sub(NAME + 1), &words, ink(now.level));
        if now.level != Level::Ok {
            canvas.put(end + 3, y, area.right().saturating_sub(end + 4), &now.note, Slot::Dim);
        }
        return;
    }
    let words = match now.level {
        Level::Ok if !wanted.is_empty() || canvas.width_of(&now.state) > NAME - 6 => format!("ok{wanted}"),
        _ => now.state,
    };
    canvas.put(x + 4, y + 1, NAME - 5, &words, ink(now.level));
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
    chart::draw(canvas, chart, s, &columns, scale, scene.places(n.into()));
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
    canvas.fill(x + NAME, y, n, '─', Slot::Rule);
    canvas.fill(x + NAME, y, n.min(1), '└', Slot::Rule);
    if n > 1 {
        canvas.fill(x + NAME + n - 1, y, 1, '┘', Slot::Rule);
    }
    if !scene.ui.charts.sweep {
        canvas.put(x + NAME + n, y, LEGEND, " now", Slot::Dim);
    }
    let seen = on_axis(canvas, x + NAME, y, n, scene, true);
    let mut at = x + 4;
    for letter in seen {
        let kind =
            scene.view.timeline.iter().rev().find(|h| h.letter == Some(letter)).map_or("", |h| &h.kind);
        let text = format!("{letter} {kind} ");
        if at + canvas.width_of(&text) > x + NAME {
            break;
        }
        at = canvas.put(at, y, NAME, &text, Slot::Dim);
    }
}

/// Letters of what happened and the cursor in time, in the cells of an axis; the letters, each once, newest first.
fn on_axis(canvas: &mut Canvas<'_>, x: u16, y: u16, n: u16, scene: &Scene<'_>, cursor: bool) -> Vec<char> {
    let (window, places) = (scene.ui.window(), scene.places(n.into()));
    let marks = chart::marks(&scene.view.timeline, scene.charts_end(), window, n.into());
    let mut seen = Vec::new();
    for (column, letter) in &marks {
        if let Some(at) = places.of(*column) {
            canvas.put(x + at, y, 1, letter.encode_utf8(&mut [0; 4]), chart::letter_slot(*letter));
        }
    }
    for (_, letter) in marks.iter().rev() {
        if !seen.contains(letter) {
            seen.push(*letter);
        }
    }
    if let Some(at) = scene.cursor_column(n.into()).filter(|_| cursor).and_then(|c| places.of(c)) {
        canvas.put(x + at, y, 1, "↑", Slot::Accent);
    }
    seen
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
    let now = stand(scene, s);
    let (m, slot) = mark(now.level);
    cursor(canvas, x, y, on);
    canvas.put(x + 1, y, 2, m, slot);
    let end = area.right() - 1;
    let value = format!("{} {}", now.value, now.arrow);
    let at = canvas.right(end, y, 15, value.trim_end(), value_ink(now.level));
    let words = match wanted(scene, s) {
        Some(wanted) => format!("{} · {wanted}", now.short),
        None => now.short,
    };
    let room = at.saturating_sub(x + 6);
    let words_width = canvas.width_of(&words).min(room.saturating_sub(4));
    let at = canvas.right(at.saturating_sub(2), y, words_width, &words, ink(now.level));
    canvas.put(x + 4, y, at.saturating_sub(x + 5), &s.title, Slot::Head);
    let chart = Rect { x: x + AXIS, y: y + 1, width: block_columns(area.width), height: area.height - 2 };
    canvas_of(canvas, chart, scene, s);
}

/// A chart with its numbers left of `area` and its axis below it.
pub fn canvas_of(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView) {
    let (n, rows) = (area.width, area.height);
    let left = area.x.saturating_sub(1);
    for row in 0..rows {
        canvas.put(left, area.y + row, 1, "│", Slot::Rule);
    }
    time_axis(canvas, left, area.bottom(), n, scene, scene.marks_cursor(s));
    let columns = scene.columns(&s.id, n as usize);
    if columns.iter().all(Option::is_none) {
        let why = if s.note.is_empty() { "no sample yet" } else { &s.note };
        canvas.put(area.x + 1, area.y + rows / 2, n.saturating_sub(1), why, Slot::Dim);
        return;
    }
    let scale = Scale::of(s, &columns);
    chart::draw(canvas, area, s, &columns, scale, scene.places(n.into()));
    chart::labels(canvas, left, area, AXIS - 1, s, scale);
    // Why it stopped, in the chart itself where there is room.
    if matches!(s.level, Level::Stale | Level::Unknown) && !s.note.is_empty() && scene.cursor().is_none() {
        canvas.right(area.right() - 1, area.y, n.saturating_sub(2), &s.note, mark(s.level).1);
    }
}

/// `└-15m─────-10m──F──-5m──────now`: the time, and the letters of what happened; a letter takes the place of a label.
fn time_axis(canvas: &mut Canvas<'_>, x: u16, y: u16, n: u16, scene: &Scene<'_>, cursor: bool) {
    let window = scene.ui.window();
    canvas.fill(x, y, n + 1, '─', Slot::Rule);
    canvas.fill(x, y, 1, '└', Slot::Rule);
    if !scene.ui.charts.sweep {
        let marks = chart::marks(&scene.view.timeline, scene.charts_end(), window, n.into());
        // Neither on a letter nor beside one.
        let free = |from: u16, len: usize| {
            let cells = usize::from(from).saturating_sub(1)..=usize::from(from) + len;
            !marks.iter().any(|(column, _)| cells.contains(column))
        };
        if n > 3 && free(n - 3, 3) {
            canvas.right(x + 1 + n, y, n, "now", Slot::Dim);
        }
        // Five minutes in fifths, all other windows in thirds: whole minutes or hours.
        let parts: u16 = if window == 300_000 { 5 } else { 3 };
        for part in 0..parts {
            let back = window * u64::from(parts - part) / u64::from(parts);
            let (at, label) = (n * part / parts, format!("-{}", format::short(back)));
            // Never touching the next label, nor `now`.
            let fits = label.len() as u16 + 1 < n / parts && at + label.len() as u16 + 4 <= n;
            if fits && free(at, label.len()) {
                canvas.put(x + 1 + at, y, n / parts, &label, Slot::Dim);
            }
        }
    }
    on_axis(canvas, x + 1, y, n, scene, cursor);
}

/// What the letters mean, with their times: `D 03:08:58 deploy v1.2.4`.
pub fn letters(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, scene: &Scene<'_>) {
    let (end_of, window) = (scene.charts_end(), scene.ui.window());
    let since = end_of.wall - window as i64;
    let inside = scene.view.timeline.iter().filter(|h| {
        h.letter.is_some_and(|l| chart::LETTERS.contains(l)) && (since..=end_of.wall).contains(&h.wall)
    });
    let inside: Vec<_> = inside.collect();
    let end = x + width;
    let mut at = x;
    for h in &inside[inside.len().saturating_sub(3)..] {
        let letter = h.letter.unwrap_or(' ');
        let time = format!("{} {}", format::clock(h.wall, &scene.ui.zone), h.kind);
        if at + canvas.width_of(&time) + 2 > end {
            break;
        }
        at = canvas.put(at, y, 2, letter.encode_utf8(&mut [0; 4]), chart::letter_slot(letter)) + 1;
        let what = h.text.split([':', ',', ';']).next().unwrap_or_default().trim();
        let whole = format!("{time} {what}");
        let fits = canvas.width_of(&whole) <= width / 3 && at + canvas.width_of(&whole) <= end;
        at = canvas.put(at, y, end - at, if fits { &whole } else { &time }, Slot::Dim) + 3;
    }
}
