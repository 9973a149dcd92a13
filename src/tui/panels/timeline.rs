//! What happened, the newest last.

use crate::session::view::Happening;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::charts::TIMELINE;
use ratatui::layout::Rect;

/// The colour of a kind of event.
pub fn ink(kind: &str) -> Slot {
    match kind {
        "firing" | "failed" | "alarm" | "page" => Slot::Critical,
        "pending" | "decision" | "auto" => Slot::Pending,
        "stale" | "unknown" | "lost" => Slot::Unknown,
        _ => Slot::Text,
    }
}

/// One event on one row: time, kind, text, by whom.
pub fn row(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, h: &Happening, kind_at: u16) {
    let (x, y, end) = (area.x, area.y, area.right().saturating_sub(1));
    canvas.put(x + 1, y, 8, &format::clock(h.wall, &scene.ui.zone), Slot::Dim);
    canvas.put(x + kind_at, y, 9, &h.kind, ink(&h.kind));
    let text = match &h.who {
        Some(who) => format!("{}, by {who}", h.text),
        None => h.text.clone(),
    };
    canvas.put(x + kind_at + 9, y, end.saturating_sub(x + kind_at + 9), &text, Slot::Text);
}

/// The newest that fit, or those around the cursor, when it is here.
pub fn newest(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let all = &scene.view.timeline;
    let at = all.len().checked_sub(1 + scene.ui.charts.back).filter(|_| scene.focus(TIMELINE));
    let first = all.len().saturating_sub(area.height as usize).min(at.unwrap_or(usize::MAX));
    for (row_at, h) in all[first..].iter().take(area.height.into()).enumerate() {
        let y = area.y + row_at as u16;
        if at == Some(first + row_at) {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        row(canvas, Rect { y, height: 1, ..area }, scene, h, 10);
    }
}
