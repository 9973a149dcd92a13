//! What keys make of procedures and their plans.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

impl Ui {
    pub(super) fn on_plans(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }
}
