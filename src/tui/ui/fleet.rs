//! What keys make of the fleet.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the fleet.
#[derive(Debug, Clone, Default)]
pub struct FleetUi {}

impl Ui {
    pub(super) fn on_fleet(&mut self, _action: Action, _view: &View, _now_ms: u64) -> Option<Vec<Intent>> {
        None
    }
}
