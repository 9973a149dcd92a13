//! Every key, from the one table that routes them, and what the marks mean.

use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::field;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::help::{Part, Row};
use ratatui::layout::Rect;

/// What stands below the keys.
const BELOW: [&str; 4] = [
    "Small letters are the playbook's: they only open a dialog, or raise a flag.",
    "Capitals, signs and digits are ripcord's. Nothing starts unconfirmed.",
    "Marks   ✓ ok  ! warn  !! critical  ? unknown  ~ stale  » pending  »! firing",
    "        > requested  + applied  * observed  ✓ verified  ▸ running  - skipped",
];

/// A line of a column.
enum Line<'r> {
    Title(&'static str),
    /// A row, and its place among all of them.
    Row(usize, &'r Row),
    /// Two screens beside each other.
    Two((usize, &'r Row), Option<(usize, &'r Row)>),
    Blank,
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let here = scene.ui.helped();
    canvas.fill(area.x, area.y, area.width, '═', Slot::Rule);
    let word = if here.is_dialog() { "in" } else { "on" };
    let title = format!(" KEYS {word} {} ", here.title());
    canvas.put(area.x + 2, area.y, area.width.saturating_sub(2), &title, Slot::Head);
    let from = area.right().saturating_sub(23);
    let at = canvas.put(from, area.y, 15, " type to find: ", Slot::Dim);
    field(canvas, at, area.y, area.right().saturating_sub(at + 1), &scene.ui.help.form);

    let rows = scene.ui.help_rows(scene.view);
    let below = BELOW.len() as u16;
    let space = u16::from(area.height > 21);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below + space), ..area };
    let sought = !scene.ui.help.form.text().trim().is_empty();
    if sought {
        found(canvas, body, scene, &rows);
    } else {
        columns(canvas, body, scene, &rows);
    }
    let y = area.bottom().saturating_sub(below);
    for (row, line) in BELOW.iter().enumerate() {
        canvas.put(area.x + 1, y + row as u16, area.width.saturating_sub(2), line, Slot::Text);
    }
}

/// What is found, one below the other, with the place where it works.
fn found(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, rows: &[Row]) {
    let height = area.height.max(1) as usize;
    let first = scene.ui.help.at.map_or(0, |at| (at + 1).saturating_sub(height));
    for (at, row) in rows.iter().enumerate().skip(first).take(height) {
        let y = area.y + (at - first) as u16;
        line(canvas, Rect { y, width: 50.min(area.width), ..area }, 12, row, scene.ui.help.at == Some(at));
        let place = match row.part {
            Part::Now => "now",
            _ => row.context.title(),
        };
        canvas.put(area.x + 52, y, area.width.saturating_sub(53), place, Slot::Dim);
    }
    if rows.is_empty() {
        canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), "No key does that.", Slot::Dim);
    }
}

fn columns(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, rows: &[Row]) {
    let all: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    let of = |part| all.iter().copied().filter(move |(_, r)| r.part == part);
    let mut columns: [Vec<Line<'_>>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    let section = |lines: &mut Vec<Line<'_>>, title| {
        if !lines.is_empty() {
            lines.push(Line::Blank);
        }
        lines.push(Line::Title(title));
    };
    for (column, part, title) in [
        (0, Part::Now, "NOW"),
        (0, Part::Screens, "SCREENS"),
        (1, Part::Everywhere, "EVERYWHERE"),
        (2, Part::Here, "HERE"),
        (2, Part::Move, "MOVE"),
    ] {
        let rows: Vec<(usize, &Row)> = of(part).collect();
        if rows.is_empty() {
            continue;
        }
        let lines = &mut columns[column];
        section(lines, title);
        if part == Part::Screens {
            // Two beside each other, each counted downwards.
            let half = rows.len().div_ceil(2);
            lines.extend((0..half).map(|n| Line::Two(rows[n], rows.get(half + n).copied())));
        } else {
            lines.extend(rows.into_iter().map(|(at, row)| Line::Row(at, row)));
        }
    }
    // A dialog has its own keys only: they begin at the left.
    if columns[0].is_empty() {
        columns.swap(0, 2);
    }
    let width = area.width.saturating_sub(2) / 3;
    for (n, lines) in columns.iter().enumerate() {
        let x = area.x + 1 + n as u16 * width + u16::from(n > 0);
        let width = match n {
            0 => width,
            1 => width.saturating_sub(1),
            _ => area.right().saturating_sub(x),
        };
        column(canvas, Rect { x, width, ..area }, scene, [2, 3, 5][n], lines);
    }
}

fn column(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, keys: u16, lines: &[Line<'_>]) {
    let on = scene.ui.help.at;
    let is_at = |l: &Line<'_>| match l {
        Line::Row(at, _) => on == Some(*at),
        Line::Two((a, _), b) => on == Some(*a) || b.is_some_and(|(b, _)| on == Some(b)),
        Line::Title(_) | Line::Blank => false,
    };
    let height = area.height.max(1) as usize;
    let first = lines.iter().position(is_at).map_or(0, |at| (at + 2).saturating_sub(height));
    for (n, l) in lines.iter().skip(first).take(height).enumerate() {
        let place = Rect { y: area.y + n as u16, height: 1, ..area };
        if n + 1 == height && lines.len() > first + height {
            canvas.put(area.x, place.y, area.width, "↓ more", Slot::Dim);
            continue;
        }
        match l {
            Line::Title(title) => {
                canvas.put(area.x, place.y, area.width, title, Slot::Head);
            }
            Line::Row(at, row) => line(canvas, place, keys, row, on == Some(*at)),
            Line::Two(a, b) => {
                line(canvas, Rect { width: 13, ..place }, 1, a.1, on == Some(a.0));
                if let Some(b) = b {
                    line(canvas, Rect { x: area.x + 13, width: 12, ..place }, 1, b.1, on == Some(b.0));
                }
            }
            Line::Blank => {}
        }
    }
}

/// `▸c  Configuration rollback…`: the cursor stands before the row.
fn line(canvas: &mut Canvas<'_>, area: Rect, keys: u16, row: &Row, on: bool) {
    if on {
        canvas.put(area.x.saturating_sub(1), area.y, 1, "▸", Slot::Accent);
    }
    let end = area.right();
    let at = canvas.put(area.x, area.y, area.width, &row.keys, Slot::Key);
    let at = (at + 1).max(area.x + keys + 1);
    let slot = if on { Slot::Head } else { Slot::Text };
    canvas.put(at, area.y, end.saturating_sub(at), &row.label, slot);
}
