//! Keys about the incident.

use super::dialogs::Press;
use super::{Intent, Ui};
use crate::session::Request;
use crate::session::view::View;
use crate::tui::dialog::text::About;
use crate::tui::dialog::{Dialog, question};
use crate::tui::keymap::Action;
use crossterm::event::KeyCode;

/// What becomes of a note.
const NOTED: &str = "It stands in the timeline and in the records, with your name and the time.";

/// What can be done about the incident now.
pub fn may(action: Action, view: &View) -> bool {
    let open = view.incident.as_ref();
    match action {
        Action::Close => true,
        _ if view.read_only => false,
        Action::OpenIncident => open.is_none(),
        Action::Severity => open.is_some() && !view.severities.is_empty(),
        Action::Lead => open.is_some_and(|i| !i.you_lead),
        Action::Join => open.is_some_and(|i| !i.you_are_in),
        Action::Message => !view.channels.is_empty(),
        _ => open.is_some(),
    }
}

impl Ui {
    pub(super) fn open_incident(&mut self, view: &View) -> Vec<Intent> {
        if !view.service.is_empty() {
            self.open(Dialog::Incident, Some(KeyCode::Char('J')));
        }
        Vec::new()
    }

    pub(super) fn in_incident(&mut self, press: &Press<'_>) -> Vec<Intent> {
        let view = press.view;
        let Some(action) = press.action.filter(|a| press.acts && may(*a, view)) else { return Vec::new() };
        let code = press.event.code;
        let id = view.incident.as_ref().map(|i| i.id.clone()).unwrap_or_default();
        match (action, &view.incident) {
            (Action::Severity, Some(i)) => {
                let asked = question::about_severity(i, &view.severities);
                self.open(Dialog::Question(asked), Some(code));
            }
            (Action::Lead, _) => return vec![Intent::Request(Request::Lead { incident: id })],
            (Action::Join, _) => return vec![Intent::Request(Request::Join { incident: id })],
            (Action::Note, _) => self.write(About::Note, "NOTE".into(), NOTED, "Write it", code),
            (Action::Message, _) => return self.open_messages(view, code),
            (Action::OpenIncident, _) => {
                self.open(Dialog::Question(question::about_opening()), Some(code));
            }
            (Action::End, Some(i)) => {
                self.open(Dialog::Question(question::about_closing(i)), Some(code));
            }
            _ => {}
        }
        Vec::new()
    }
}
