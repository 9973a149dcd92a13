//! What keys make of the guide.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

/// Where one is in the guide.
#[derive(Debug, Clone, Default)]
pub struct GuideUi {}

impl Ui {
    pub(super) fn on_guide(&mut self, _action: Action, _view: &View) -> Option<Vec<Intent>> {
        None
    }

    /// Who is called: the contacts, from wherever one is.
    pub(super) fn open_contacts(&mut self, _view: &View) -> Vec<Intent> {
        self.go(super::Screen::Guide);
        Vec::new()
    }

    /// Copies what the cursor is at, in the words of this screen.
    pub(super) fn copy(&mut self, _view: &View) -> Vec<Intent> {
        Vec::new()
    }
}
