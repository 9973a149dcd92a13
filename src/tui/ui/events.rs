//! What keys make of the timeline.

use super::dialogs::Press;
use super::{Intent, Ui};
use crate::session::Request;
use crate::session::view::{Form, Happening, Sort, View};
use crate::tui::dialog::{Dialog, Refused};
use crate::tui::find;
use crate::tui::keymap::Action;
use crossterm::event::KeyCode;

/// Where one is in the timeline.
#[derive(Debug, Clone, Default)]
pub struct EventsUi {
    /// Only what is about this; none: all of it.
    pub only: Option<Sort>,
    /// What the cursor is at, while that is not the newest: it stays there when more happens.
    at: Option<Box<Happening>>,
}

impl Ui {
    /// What is shown of the timeline, oldest first: what one filters and looks for.
    pub fn shown_events<'v>(&self, view: &'v View) -> Vec<&'v Happening> {
        let holds = |h: &Happening| {
            let sought = self.sought();
            [&h.kind, &h.text].into_iter().chain(&h.who).any(|t| find::holds(t, sought))
        };
        let of_sort = |h: &&Happening| self.events.only.is_none_or(|only| h.sort() == only);
        view.timeline.iter().filter(of_sort).filter(|h| holds(h)).collect()
    }

    pub(super) fn on_events(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        let all = isize::MAX / 2;
        match action {
            Action::Up => self.move_in_events(view, -1),
            Action::Down => self.move_in_events(view, 1),
            Action::PageUp => self.move_in_events(view, -10),
            Action::PageDown => self.move_in_events(view, 10),
            Action::First => self.move_in_events(view, -all),
            Action::Last => self.move_in_events(view, all),
            Action::Filter => self.filter_events(view),
            Action::Open => return Some(self.show_on_charts(view)),
            Action::Export if view.read_only => return Some(self.only_reads()),
            Action::Export => self.open(Dialog::Export, Some(KeyCode::Char('>'))),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Keeps the cursor where it is when more happens, or something else is shown. To be called before each frame.
    pub(super) fn follow_events(&mut self, view: &View) {
        let shown = self.shown_events(view);
        let last = shown.len().saturating_sub(1);
        self.back_in_time = match self.events.at.as_deref() {
            Some(at) => {
                let place = shown.iter().rposition(|h| *h == at);
                let place = place.unwrap_or_else(|| shown.partition_point(|h| h.wall < at.wall));
                last - place.min(last)
            }
            None => 0,
        };
    }

    fn move_in_events(&mut self, view: &View, by: isize) {
        self.follow_events(view);
        let shown = self.shown_events(view);
        let last = shown.len().saturating_sub(1);
        let to = (self.back_in_time as isize).saturating_sub(by).clamp(0, last as isize) as usize;
        self.events.at = match to {
            0 => None,
            back => shown.get(last - back).map(|h| Box::new((*h).clone())),
        };
        self.back_in_time = to;
    }

    /// The next sort of which something happened; after the last one, all.
    fn filter_events(&mut self, view: &View) {
        let from = self.events.only.and_then(|s| Sort::ALL.iter().position(|o| *o == s)).map_or(0, |n| n + 1);
        let there = |sort: &&Sort| view.timeline.iter().any(|h| h.sort() == **sort);
        self.events.only = Sort::ALL[from..].iter().find(there).copied();
        self.follow_events(view);
    }

    fn show_on_charts(&mut self, view: &View) -> Vec<Intent> {
        self.follow_events(view);
        let shown = self.shown_events(view);
        let at = shown.len().checked_sub(1 + self.back_in_time).map(|n| shown[n].wall);
        if let Some(wall) = at
            && !self.jump_to(wall, view)
        {
            self.refused(Refused {
                title: "NOT ON THE CHARTS".into(),
                what: "The charts hold the last 24 hours; this moment is not among them.".into(),
                means: "It stays in the timeline, and in what is written by >.".into(),
                press: "Enter closes this.".into(),
            });
        }
        Vec::new()
    }

    pub(super) fn in_export(&mut self, press: &Press<'_>) -> Vec<Intent> {
        let form = match press.action.filter(|_| press.acts) {
            Some(Action::Json) => Form::Json,
            Some(Action::Csv) => Form::Csv,
            Some(Action::Markdown) => Form::Markdown,
            _ => return Vec::new(),
        };
        self.pop();
        vec![Intent::Request(Request::Export(form))]
    }
}
