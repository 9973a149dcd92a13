//! Anything by name, and what is looked for on a screen.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::keymap::Action;

impl Ui {
    pub(super) fn open_palette(&mut self, _action: Action, _view: &View) -> Vec<Intent> {
        Vec::new()
    }
}
