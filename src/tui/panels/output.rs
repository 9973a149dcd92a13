//! What a step prints, and the guide for it.

use crate::run::view::RunView;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::find;
use crate::tui::paint::Scene;
use crate::tui::panels::run_line;
use crate::tui::theme::Slot;
use crate::tui::ui::{Pane, guide_of};
use ratatui::layout::Rect;

/// A page of the newest attempt's output.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    if area.height == 0 {
        return;
    }
    let out = &scene.view.output;
    let title = match (out.step, out.attempt) {
        (0, _) => "Output".into(),
        (n, 0 | 1) => format!("Output of {}", run_line::label(run, n)),
        (n, attempt) => format!("Output of {}, attempt {attempt}", run_line::label(run, n)),
    };
    let whole = scene.ui.pane == Pane::Output;
    let room = area.height as usize - 1;
    let first = match scene.ui.out_from.filter(|_| whole) {
        Some(from) => (from + 1).saturating_sub(room.max(1)),
        None => out.total.saturating_sub(room),
    };
    let last = (first + room).min(out.total);
    let sought = scene.ui.sought().filter(|_| whole);
    let found = out.found.as_ref().filter(|f| Some(f.sought.as_str()) == sought);
    let note = match (out.total, whole) {
        _ if sought.is_some() => match found {
            Some(f) if f.line.is_some() => format!("{} of {} found, ↑↓, End follows", f.nth, f.of),
            Some(_) => "not found".into(),
            None => "↑↓ finds".into(),
        },
        (0, _) => "nothing printed yet".into(),
        (1, _) => "1 line".into(),
        (n, true) if scene.ui.out_from.is_some() => {
            format!("lines {}–{last} of {n}, End follows", first + 1)
        }
        (n, _) if n <= room => format!("{n} lines"),
        (n, true) => format!("following, the last of {n} lines, PgUp"),
        (n, _) => format!("the last of {n} lines, L shows all"),
    };
    canvas.rule(area.x, area.y, area.width, &title, &note, whole);
    for row in 0..room {
        let Some(line) = (first + row).checked_sub(out.before).and_then(|at| out.lines.get(at)) else {
            continue;
        };
        let at = (area.x + 1, area.y + 1 + row as u16);
        find::put(canvas, at, area.width.saturating_sub(2), line, Slot::Text, sought);
        if sought.is_some() && found.and_then(|f| f.line) == Some(first + row) {
            canvas.put(area.x, at.1, 1, "▸", Slot::Accent);
        }
    }
}

/// The guide of the step: what to look at, in words and commands. It runs nothing.
pub fn guide(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    if area.height == 0 {
        return;
    }
    let Some(guide) = guide_of(scene.view).and_then(|id| scene.view.guides.get(id)) else {
        canvas.rule(area.x, area.y, area.width, "Guide", "", true);
        canvas.put(
            area.x + 4,
            area.y + 1,
            area.width.saturating_sub(5),
            "This step names no guide.",
            Slot::Text,
        );
        return;
    };
    let width = area.width.saturating_sub(6) as usize;
    let mut lines: Vec<(String, String, Slot)> = Vec::new();
    for line in wrap(&guide.symptom, width) {
        lines.push((String::new(), line, Slot::Dim));
    }
    for (at, (text, command)) in guide.steps.iter().enumerate() {
        for (row, line) in wrap(text, width).into_iter().enumerate() {
            lines.push((if row == 0 { (at + 1).to_string() } else { String::new() }, line, Slot::Text));
        }
        for line in command.iter().flat_map(|c| chop(c, width.saturating_sub(3))) {
            lines.push((String::new(), format!("   {line}"), Slot::Head));
        }
    }
    let room = area.height as usize - 1;
    let first = scene.ui.scroll.min(lines.len().saturating_sub(room));
    let note = if lines.len() > room { "↓ for more · nothing here is run" } else { "nothing here is run" };
    canvas.rule(area.x, area.y, area.width, &format!("Guide: {}", guide.title), note, true);
    for (row, (number, text, slot)) in lines.iter().skip(first).take(room).enumerate() {
        let y = area.y + 1 + row as u16;
        canvas.put(area.x + 1, y, 3, number, Slot::Key);
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), text, *slot);
    }
}
