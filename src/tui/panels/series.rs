//! Signals with one value per label: the worst of them, one row each.

use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Rows that all of them would take; none when no signal has series.
pub fn rows(scene: &Scene<'_>) -> u16 {
    let many = scene.view.signals.iter().filter(|s| s.series.len() > 1);
    many.map(|s| s.series.len() + 1).sum::<usize>().min(60) as u16
}

/// A title for each signal, its series below, the worst first.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (mut y, end) = (area.y, area.right().saturating_sub(1));
    for s in scene.view.signals.iter().filter(|s| s.series.len() > 1) {
        if y + 1 >= area.bottom() {
            return;
        }
        canvas.put(area.x + 1, y, area.width.saturating_sub(2), &s.title, Slot::Dim);
        y += 1;
        for (at, (label, value, level)) in s.series.iter().enumerate() {
            let left = s.series.len() - at;
            if y >= area.bottom() {
                return;
            }
            if y + 1 == area.bottom() && left > 1 {
                canvas.put(area.x + 4, y, area.width.saturating_sub(5), &format!("+{left} more"), Slot::Dim);
                return;
            }
            let (m, slot) = mark(*level);
            canvas.put(area.x + 1, y, 2, m, slot);
            let at = canvas.right(end, y, 12, &format::value(*value, s.unit), Slot::Head);
            canvas.put(area.x + 4, y, at.saturating_sub(area.x + 5), label, Slot::Text);
            y += 1;
        }
    }
}
