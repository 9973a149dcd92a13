//! The cursor in time, the order of the signals: what keys make of them on Overview and Signal.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the charts.
#[derive(Debug, Clone, Default)]
pub struct ChartsUi {}

impl Ui {
    pub(super) fn on_charts(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }
}
