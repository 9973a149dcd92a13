//! Another procedure than the one that is recommended.

use super::Other;
use super::window::Window;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it: each with its key and what it costs.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, o: &Other) {
    let all = &scene.view.procedures;
    let width = 74.min(body.width.saturating_sub(2));
    let mut w = Window::open(canvas, body, width, all.len() as u16 + 6, "ROLL BACK BY ANOTHER PROCEDURE");
    w.gap();
    w.kept = 2;
    let first = (o.at + 1).saturating_sub(w.left().max(1) as usize);
    for (at, p) in all.iter().enumerate().skip(first) {
        if w.left() == 0 {
            break;
        }
        let on = at == o.at;
        if on {
            canvas.put(w.area.x + 2, w.y, 1, "▸", Slot::Accent);
        }
        canvas.put(w.area.x + 4, w.y, 1, &p.key.map(String::from).unwrap_or_default(), Slot::Key);
        let down = match p.downtime.as_str() {
            "" | "none" => "no downtime".to_string(),
            d => format!("{d} down"),
        };
        let cost = format!("{}, {down}", format::length(p.duration_ms));
        let end = canvas.right(w.area.right().saturating_sub(3), w.y, 28, &cost, Slot::Dim);
        let ink = if on { Slot::Head } else { Slot::Text };
        canvas.put(w.area.x + 7, w.y, end.saturating_sub(w.area.x + 8), &p.title, ink);
        w.gap();
    }
    w.to_kept();
    w.buttons(canvas, "Back", None);
}
