//! Not drawn yet.
use super::Refused;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(_canvas: &mut Canvas<'_>, _body: Rect, _scene: &Scene<'_>, _d: &Refused) {}
