//! The severity rows; the one in force is reversed and carries its clock.

use crate::session::view::{Gravity, SeverityView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Mark and colour of a row.
fn look(s: &SeverityView, scene: &Scene<'_>) -> (&'static str, Slot) {
    match s {
        s if s.in_force && scene.view.verdict.gravity == Gravity::Critical => ("!!", Slot::Critical),
        s if s.in_force || s.firing => ("! ", Slot::Warn),
        s if s.unknown => ("? ", Slot::Unknown),
        _ => ("  ", Slot::Dim),
    }
}

/// Which rows are shown when there is room for `n`: what is in force, what fires, what is unknown, then the worst.
fn choose(rows: &[SeverityView], n: usize) -> Vec<&SeverityView> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| match &rows[*i] {
        s if s.in_force => 0,
        s if s.firing => 1,
        s if s.unknown => 2,
        _ => 3,
    });
    order.truncate(n);
    order.sort_unstable();
    order.into_iter().map(|i| &rows[i]).collect()
}

/// The row in force, reversed.
fn in_force(canvas: &mut Canvas<'_>, area: Rect, y: u16, scene: &Scene<'_>) {
    match scene.view.verdict.gravity {
        Gravity::Critical => canvas.tint(area.x, y, area.width, Slot::CriticalBand),
        _ => canvas.reverse(area.x, y, area.width, Slot::Warn),
    }
}

/// One row each: mark, id, response, authority, how long.
pub fn rows(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let end = area.right();
    for (row, s) in choose(&scene.view.severities, area.height as usize).into_iter().enumerate() {
        let y = area.y + row as u16;
        let (mark, slot) = look(s, scene);
        let lit = s.in_force || s.firing;
        let ink = if lit { Slot::Head } else { Slot::Dim };
        canvas.put(area.x + 1, y, 2, mark, slot);
        let held = s.for_ms.filter(|_| lit).map(format::age).unwrap_or_default();
        let at = canvas.right(end.saturating_sub(1), y, 8, &held, ink);
        let x = canvas.put(area.x + 4, y, 15, &format!("{} {}", s.id, s.respond), ink);
        let x = x.max(area.x + 19) + 1;
        canvas.put(x, y, at.saturating_sub(x + 1), &s.authority, ink);
        if s.in_force {
            in_force(canvas, area, y, scene);
        }
    }
}

/// Two rows each, with the title, the time that is left and who must agree.
pub fn table(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let end = area.right().saturating_sub(1);
    for (row, s) in choose(&scene.view.severities, area.height as usize / 2).into_iter().enumerate() {
        let y = area.y + row as u16 * 2;
        let (mark, slot) = look(s, scene);
        let lit = s.in_force || s.firing;
        let ink = if lit { Slot::Head } else { Slot::Dim };
        canvas.put(area.x + 1, y, 2, mark, slot);
        canvas.put(area.x + 4, y, 13, &format!("{} {}", s.id, s.title), ink);
        let held = s.for_ms.filter(|_| lit).map(format::age).unwrap_or_default();
        let at = canvas.right(end, y, 8, &held, ink);
        canvas.put(area.x + 18, y, at.saturating_sub(area.x + 19), &s.respond, ink);
        let left = match s.clock_ms {
            Some(ms) if ms >= 0 => format!("{} left", format::countdown(ms as u64)),
            Some(ms) => format!("OVERDUE {}", format::elapsed(ms.unsigned_abs())),
            None => String::new(),
        };
        let at = canvas.right(end, y + 1, 16, &left, ink);
        canvas.put(area.x + 7, y + 1, at.saturating_sub(area.x + 8), &s.authority, ink);
        if s.in_force {
            in_force(canvas, area, y, scene);
            in_force(canvas, area, y + 1, scene);
        }
    }
}
