//! What keys make of the logs.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the logs.
#[derive(Debug, Clone, Default)]
pub struct LogsUi {}

impl Ui {
    pub(super) fn on_logs(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }
}
