//! Everything that happened, and the one at the cursor in full.

use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::timeline;
use crate::tui::theme::Slot;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let all = &scene.view.timeline;
    canvas.rule(area.x, area.y, area.width, "Timeline", &format!("{} events, newest last", all.len()), true);
    if all.is_empty() {
        canvas.put(
            area.x + 1,
            area.y + 1,
            area.width.saturating_sub(2),
            "Nothing has happened yet.",
            Slot::Dim,
        );
        return;
    }
    let detail = if area.height >= 12 { 4 } else { 0 };
    let rows = area.height.saturating_sub(1 + detail) as usize;
    let at = all.len() - 1 - scene.ui.back_in_time.min(all.len() - 1);
    // The cursor stays in sight; the newest are at the bottom while there is room below it.
    let last = all.len().min((at + rows / 2 + 1).max(rows));
    let first = last.saturating_sub(rows);
    for (row, h) in all[first..last].iter().enumerate() {
        let y = area.y + 1 + row as u16;
        if first + row == at {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        if let Some(letter) = h.letter {
            canvas.put(area.x + 11, y, 1, letter.encode_utf8(&mut [0; 4]), Slot::Accent);
        }
        timeline::row(canvas, Rect { y, height: 1, ..area }, scene, h, 13);
    }
    if detail > 0 {
        let h = &all[at];
        let y = area.bottom() - detail;
        let utc = format::clock(h.wall, &TimeZone::UTC);
        let title = format!("{} · {utc} UTC", format::clock(h.wall, &scene.ui.zone));
        canvas.rule(area.x, y, area.width, &title, "", false);
        let who = h.who.as_ref().map(|w| format!(" · by {w}")).unwrap_or_default();
        let text = format!("{}: {}{who}", h.kind, h.text);
        for (row, line) in wrap(&text, area.width.saturating_sub(2) as usize).iter().take(3).enumerate() {
            canvas.put(area.x + 1, y + 1 + row as u16, area.width.saturating_sub(2), line, Slot::Text);
        }
    }
}
