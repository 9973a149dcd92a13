//! In which form the timeline is written to a file.

use super::window::{Window, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

const FORMS: [(&str, &str, &str); 3] = [
    ("j", "JSON", "every field, for programs"),
    ("c", "CSV", "for a table; no cell of it is taken for a formula"),
    ("m", "Markdown", "for the incident's document"),
];

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) {
    let width = 70.min(body.width.saturating_sub(2));
    let folder = format!("{}/exports", scene.view.state_dir);
    let what = "All that is on record of this service, decisions and runs, and what this screen saw.";
    let rows: Vec<String> =
        [what, &folder].iter().flat_map(|text| wrap(text, width.saturating_sub(4) as usize)).collect();
    let mut w = Window::open(canvas, body, width, rows.len() as u16 + 9, "WRITE THE TIMELINE TO A FILE");
    w.gap();
    w.kept = 1;
    for row in &rows {
        w.text(canvas, 0, row, Slot::Text);
    }
    w.gap();
    for (key, form, what) in FORMS {
        if w.left() == 0 {
            break;
        }
        let (x, y, end) = (w.area.x + 2, w.y, w.area.right().saturating_sub(2));
        canvas.put(x, y, 1, key, Slot::Key);
        canvas.put(x + 3, y, 10, form, Slot::Head);
        canvas.put(x + 14, y, end.saturating_sub(x + 14), what, Slot::Text);
        w.gap();
    }
    w.to_kept();
    w.buttons(canvas, "Not now", None);
}
