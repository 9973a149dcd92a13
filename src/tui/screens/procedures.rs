//! Not drawn yet.
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(_canvas: &mut Canvas<'_>, _area: Rect, _scene: &Scene<'_>) {}
