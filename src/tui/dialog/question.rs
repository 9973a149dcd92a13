//! A question with a line of text, and what became of a step.
use super::Question;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(_canvas: &mut Canvas<'_>, _body: Rect, _scene: &Scene<'_>, _d: &Question) {}

/// Draws it.
pub fn settle(_canvas: &mut Canvas<'_>, _body: Rect, _scene: &Scene<'_>, _step: usize, _name: &str) {}
