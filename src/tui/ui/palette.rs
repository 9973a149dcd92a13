//! Anything by name, and what is looked for on a screen.

use super::{Intent, Ui};
use crate::session::view::View;
use crate::tui::dialog::{Dialog, Form};
use crate::tui::keymap::Action;
use crossterm::event::KeyEvent;

impl Ui {
    pub(super) fn open_palette(&mut self, action: Action, _view: &View) -> Vec<Intent> {
        if action == Action::Find {
            self.open(Dialog::Find(Form::with(self.sought().unwrap_or_default())), None);
        }
        Vec::new()
    }

    /// What is looked for on this screen, while something is; see [`crate::tui::find`].
    pub fn sought(&self) -> Option<&str> {
        self.find.as_deref().filter(|s| !s.is_empty())
    }

    pub(super) fn in_find(
        &mut self,
        mut form: Form,
        event: &KeyEvent,
        action: Option<Action>,
        view: &View,
        now_ms: u64,
    ) -> Vec<Intent> {
        match action {
            Some(Action::Pick) => {
                self.pop();
                Vec::new()
            }
            Some(action @ (Action::Up | Action::Down)) => self.act(action, view, now_ms),
            _ => {
                form.edit(event);
                self.find = Some(form.text().to_string());
                self.put(Dialog::Find(form))
            }
        }
    }
}
