//! What is to go wrong in the rehearsal: each trouble by its own key, which begins it or ends it.

use super::window::Window;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) {
    let all = &scene.view.troubles;
    let width = 74.min(body.width.saturating_sub(2));
    let mut w = Window::open(canvas, body, width, all.len() as u16 + 5, "TROUBLE IN THE REHEARSAL");
    w.gap();
    w.kept = 2;
    for t in all {
        if w.left() == 0 {
            break;
        }
        canvas.put(w.area.x + 4, w.y, 1, t.key.encode_utf8(&mut [0; 4]), Slot::Key);
        let does = match t.on_ms {
            Some(ms) => format!("ends it; on since {}", format::elapsed(ms)),
            None => t.expects.clone(),
        };
        let ink = if t.on_ms.is_some() { Slot::Pending } else { Slot::Dim };
        let end = canvas.right(w.area.right().saturating_sub(3), w.y, 42, &does, ink);
        canvas.put(w.area.x + 7, w.y, end.saturating_sub(w.area.x + 8), &t.title, Slot::Text);
        w.gap();
    }
    w.to_kept();
    w.text(canvas, 0, "Only the embedded service is touched.", Slot::Dim);
}
