//! Checklists: what is to be done before, during and after, and who has done it.

use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, _scene: &Scene<'_>) {
    canvas.rule(area.x, area.y, area.width, "Checklist", "", true);
}
