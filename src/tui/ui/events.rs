//! What keys make of the timeline.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the timeline.
#[derive(Debug, Clone, Default)]
pub struct EventsUi {}

impl Ui {
    pub(super) fn on_events(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }
}
