//! Logs, followed, with what matters picked out.

use super::timeline::thousands;
use crate::model::playbook::Mark;
use crate::session::view::logs::{COLUMN, COLUMNS};
use crate::session::view::{LogSeen, LogView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::find;
use crate::tui::format;
use crate::tui::glyphs::EIGHTHS;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (x, y, width) = (area.x, area.y, area.width);
    let Some((at, log)) = scene.ui.log(scene.view) else {
        canvas.rule(x, y, width, "Logs", "", true);
        say(
            canvas,
            area,
            1,
            "This playbook names no logs: [logs.L] with `file` or `run`, and its `marks`.",
            Slot::Dim,
        );
        return;
    };
    let shown = scene.ui.shown_lines(log);
    let seen = log.seen.as_deref();
    canvas.rule(x, y, width, "Logs", &note(scene, seen, shown.len()), true);
    tabs(canvas, Rect { y: y + 1, height: 1, ..area }, scene, at);
    header(canvas, Rect { y: y + 2, height: 1, ..area }, log, seen);
    let mut top = 3;
    if let Some(seen) = seen {
        if let Some(why) = &seen.trouble {
            top += say(canvas, area, top, &format!("? {why}"), Slot::Unknown);
        }
        if seen.dropped > 0 {
            let text = format!(
                "! {} lines came too fast to show; what is picked out is counted",
                thousands(seen.dropped)
            );
            top += say(canvas, area, top, &text, Slot::Warn);
        }
    }
    canvas.rule(x, y + top, width, &where_one_is(scene), "", false);
    top += 1;
    let lines = Rect { y: y + top, height: area.height.saturating_sub(top), ..area };
    if shown.is_empty() {
        say(canvas, lines, 0, &why_nothing(scene, seen), Slot::Dim);
        return;
    }
    let upto = scene.ui.logs.upto;
    let end = upto.map_or(shown.len(), |n| (shown.partition_point(|l| l.number < n) + 1).min(shown.len()));
    // The first line stays at the top while there are fewer above than rows.
    let end = end.max((lines.height as usize).min(shown.len()));
    let first = end.saturating_sub(lines.height as usize);
    for (row, line) in shown[first..end].iter().enumerate() {
        let y = lines.y + row as u16;
        if upto == Some(line.number) {
            canvas.put(x, y, 1, "▸", Slot::Accent);
        }
        let (mark, slot) = mark(line.mark);
        canvas.put(x + 1, y, 2, mark, slot);
        find::put(canvas, (x + 4, y), width.saturating_sub(5), &line.text, slot, scene.ui.sought());
    }
}

/// The two-cell mark of a line, and its colour.
fn mark(mark: Option<Mark>) -> (&'static str, Slot) {
    match mark {
        Some(Mark::Critical) => ("!!", Slot::Critical),
        Some(Mark::Warn) => ("! ", Slot::Warn),
        None => ("  ", Slot::Text),
    }
}

/// A text on as many rows as it needs, two at most; how many.
fn say(canvas: &mut Canvas<'_>, area: Rect, row: u16, text: &str, slot: Slot) -> u16 {
    let rows = wrap(text, area.width.saturating_sub(2) as usize);
    for (n, line) in rows.iter().take(2).enumerate() {
        canvas.put(area.x + 1, area.y + row + n as u16, area.width.saturating_sub(2), line, slot);
    }
    rows.len().min(2) as u16
}

/// How many lines there are, and how many of them are shown.
fn note(scene: &Scene<'_>, seen: Option<&LogSeen>, shown: usize) -> String {
    let Some(seen) = seen else { return String::new() };
    let kept = seen.lines.len();
    let narrowed = scene.ui.logs.only || scene.ui.sought().is_some();
    match (narrowed, kept as u64 == seen.total) {
        (true, _) => format!("{} of {}", thousands(shown as u64), thousands(kept as u64)),
        (false, true) => format!("{} lines", thousands(seen.total)),
        (false, false) => format!("the last {} of {}", thousands(kept as u64), thousands(seen.total)),
    }
}

/// `▸Alerts !! 4/min   Search ! 1/min   Rollback`
fn tabs(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, at: usize) {
    let end = area.right().saturating_sub(1);
    let all = &scene.view.logs;
    let wide = |log: &LogView| canvas.width_of(&log.title).min(24) + 4 + canvas.width_of(&counts(log).0);
    // The log that is shown stays in sight.
    let mut first = at;
    let mut room = area.width.saturating_sub(wide(&all[at]) + 2);
    while first > 0 && wide(&all[first - 1]) <= room {
        first -= 1;
        room -= wide(&all[first]);
    }
    let mut x = area.x + 1;
    for (n, log) in all.iter().enumerate().skip(first) {
        if x + 4 >= end {
            break;
        }
        let on = n == at;
        canvas.put(x, area.y, 1, if on { "▸" } else { " " }, Slot::Accent);
        let ink = if on { Slot::Head } else { Slot::Text };
        x = canvas.put(x + 1, area.y, 24.min(end - x - 1), &log.title, ink);
        let (text, slot) = counts(log);
        x = canvas.put(x + 1, area.y, end.saturating_sub(x + 1), &text, slot) + 2;
    }
    if all.len() > 1 && x + 10 < end {
        canvas.right(end, area.y, 8, "←→ log", Slot::Dim);
    }
}

/// The graver count of a minute.
fn counts(log: &LogView) -> (String, Slot) {
    match log.seen.as_ref().map(|s| (s.trouble.is_some(), s.minute)) {
        Some((true, _)) => ("?".into(), Slot::Unknown),
        Some((_, (critical, _))) if critical > 0 => {
            (format!("!! {}/min", thousands(critical)), Slot::Critical)
        }
        Some((_, (_, warn))) if warn > 0 => (format!("! {}/min", thousands(warn)), Slot::Warn),
        _ => (String::new(), Slot::Dim),
    }
}

/// What it is read from, what is picked out and how often, and that as a small chart.
fn header(canvas: &mut Canvas<'_>, area: Rect, log: &LogView, seen: Option<&LogSeen>) {
    let (y, mut end) = (area.y, area.right().saturating_sub(1));
    if let Some(seen) = seen.filter(|_| !log.marks.is_empty()) {
        let most = seen.columns.iter().copied().max().unwrap_or(0);
        let chart: String = seen
            .columns
            .iter()
            .map(|n| match (n, most) {
                (0, _) => '·',
                (n, most) => EIGHTHS[1 + (n * 7).div_ceil(most).min(7) as usize],
            })
            .collect();
        let chart = format!("{chart:·>COLUMNS$}");
        let ink = if most > 0 { Slot::Chart } else { Slot::Dim };
        let wide = if area.width >= 100 { COLUMNS } else { COLUMNS / 2 };
        let tail: String = chart.chars().skip(COLUMNS - wide).collect();
        end = canvas.right(end, y, wide as u16, &tail, ink).saturating_sub(1);
        let minutes = format!("{} ", format::short(wide as u64 * COLUMN));
        end = canvas.right(end, y, 6, &minutes, Slot::Dim).saturating_sub(1);
        for (mark, slot, count, kind) in [
            ("!", Slot::Warn, seen.minute.1, Mark::Warn),
            ("!!", Slot::Critical, seen.minute.0, Mark::Critical),
        ] {
            let words: Vec<&str> =
                log.marks.iter().filter(|(_, m)| *m == kind).map(|(w, _)| w.as_str()).collect();
            if !words.is_empty() {
                let text = format!("{mark} {} {}/min", words.join(" "), thousands(count));
                let ink = if count > 0 { slot } else { Slot::Dim };
                end = canvas.right(end, y, 26, &text, ink).saturating_sub(2);
            }
        }
    }
    canvas.put(area.x + 1, y, end.saturating_sub(area.x + 2), &log.origin, Slot::Dim);
}

/// What the keys do now: follow, or stand.
fn where_one_is(scene: &Scene<'_>) -> String {
    let only =
        if scene.ui.logs.only { "only what is picked out · F all" } else { "all lines · F picked out" };
    let sought = scene.ui.sought().map(|s| format!(" · /{s}")).unwrap_or_default();
    let follows = match scene.ui.logs.upto {
        None => "follows · ↑ stops",
        Some(_) => "STANDS STILL · End follows",
    };
    format!("{follows} · {only}{sought}")
}

fn why_nothing(scene: &Scene<'_>, seen: Option<&LogSeen>) -> String {
    match (seen, scene.ui.sought()) {
        (None, _) => "It is being opened.".into(),
        (Some(seen), Some(sought)) if !seen.lines.is_empty() => {
            format!("No line holds `{sought}`. Esc shows all again.")
        }
        (Some(seen), _) if !seen.lines.is_empty() => "Nothing is picked out. F shows all lines.".into(),
        (Some(seen), _) if seen.trouble.is_some() => "Nothing was read.".into(),
        (Some(_), _) => "It can be read; nothing has been written.".into(),
    }
}
