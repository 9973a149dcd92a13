//! What keys make of the checklists.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the checklists.
#[derive(Debug, Clone, Default)]
pub struct ChecklistUi {}

impl Ui {
    pub(super) fn on_checklist(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }
}
