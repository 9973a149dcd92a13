//! Logs, followed, with what matters picked out.

use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, _scene: &Scene<'_>) {
    canvas.rule(area.x, area.y, area.width, "Logs", "", true);
}
