//! What keys make of a rehearsal: trouble begins and ends, on this screen only.

use super::dialogs::Press;
use super::{Intent, Ui};
use crate::session::Request;
use crate::session::view::View;
use crate::tui::dialog::Dialog;
use crate::tui::keymap::Action;
use crossterm::event::KeyCode;

/// Where one is in the rehearsal.
#[derive(Debug, Clone, Default)]
pub struct DrillUi {}

impl Ui {
    pub(super) fn on_drill(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        match action {
            // On a real service there is nothing that could be made to go wrong.
            Action::Chaos if view.troubles.is_empty() || view.read_only => Some(Vec::new()),
            Action::Chaos => {
                self.open(Dialog::Chaos, Some(KeyCode::Char('!')));
                Some(Vec::new())
            }
            Action::Faster | Action::Slower | Action::EndDrill if view.drill.is_none() => Some(Vec::new()),
            Action::Faster => Some(vec![Intent::Request(Request::Pace { faster: true })]),
            Action::Slower => Some(vec![Intent::Request(Request::Pace { faster: false })]),
            Action::EndDrill => Some(vec![Intent::Request(Request::EndDrill)]),
            _ => None,
        }
    }

    /// A trouble's own key begins it, or ends it.
    pub(super) fn in_chaos(&mut self, press: &Press<'_>) -> Vec<Intent> {
        let KeyCode::Char(c) = press.event.code else { return Vec::new() };
        let Some(t) = press.view.troubles.iter().find(|t| t.key == c && press.acts) else {
            return Vec::new();
        };
        self.pop();
        vec![Intent::Request(Request::Trouble { trouble: t.id.clone(), on: t.on_ms.is_none() })]
    }
}
