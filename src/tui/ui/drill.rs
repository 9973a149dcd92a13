//! What keys make of a rehearsal.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the rehearsal.
#[derive(Debug, Clone, Default)]
pub struct DrillUi {}

impl Ui {
    pub(super) fn on_drill(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }
}
