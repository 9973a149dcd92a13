//! The line at the foot where one types what is looked for on a screen.

use super::Form;
use crate::tui::canvas::Canvas;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws `/` and what is typed from the left of `area`, and returns the cell after it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, form: &Form) -> u16 {
    let from = canvas.put(area.x + 1, area.y, 2, "/ ", Slot::Key);
    let width = (area.width / 2).min(40);
    super::window::field(canvas, from, area.y, width, form);
    from + width
}
