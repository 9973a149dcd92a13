//! What keys make of the fleet: they move, filter, sort and open. Nothing is started or decided from there.

use super::{Intent, Screen, Ui};
use crate::session::view::View;
use crate::session::view::fleet::{Filter, FleetRow, FleetView, Order, Sort};
use crate::tui::keymap::Action;

/// Where one is in the fleet.
#[derive(Debug, Clone, Default)]
pub struct FleetUi {
    /// Which rows are shown.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// The rows as they are shown.
    pub order: Order,
    /// Id of the row at the cursor.
    pub at: Option<usize>,
    /// All that is known of that row, instead of the list.
    pub whole: bool,
}

impl FleetUi {
    /// The row at the cursor.
    pub fn row<'v>(&self, view: &'v FleetView) -> Option<&'v FleetRow> {
        self.at.and_then(|id| view.row(id)).map(|r| &**r)
    }

    /// The place of the cursor among the rows that are shown.
    pub fn place(&self) -> usize {
        self.order.ids().iter().position(|id| Some(*id) == self.at).unwrap_or(0)
    }

    fn follow(&mut self, view: &FleetView, find: Option<&str>, moves: bool) {
        let before = self.place();
        self.order.follow(view, self.filter, self.sort, find, moves);
        let ids = self.order.ids();
        self.at = match self.at.or(view.open).filter(|id| ids.contains(id)) {
            Some(id) => Some(id),
            // What was under the cursor is gone: what took its place is.
            None => ids.get(before).or(ids.last()).copied(),
        };
    }
}

impl Ui {
    /// Takes in what there is of the fleet, before a frame.
    pub(super) fn follow_fleet(&mut self, view: &View) {
        let Some(fleet) = &view.fleet else { return };
        // Without a service there is nothing else to be looked at.
        if view.service.is_empty() && !matches!(self.screen, Screen::Fleet | Screen::Help) {
            self.go(Screen::Fleet);
        }
        self.fleet.follow(fleet, self.find.as_deref(), false);
    }

    /// Shows a service that was opened from the fleet; nothing of the one before it stays.
    pub fn opened(&mut self, screen: Screen) {
        let fresh = Ui::new(self.zone.clone());
        let (fleet, keymap) = (std::mem::take(&mut self.fleet), std::mem::take(&mut self.keymap));
        let (zoom, last_key) = (self.zoom, self.last_key);
        *self = Ui { fleet, keymap, zoom, screen, before: Screen::Fleet, last_key, ..fresh };
        self.fleet.whole = false;
    }

    pub(super) fn on_fleet(&mut self, action: Action, view: &View, _now_ms: u64) -> Option<Vec<Intent>> {
        let Some(fleet) = &view.fleet else {
            // It has not been read yet: what leads to other services, and to what is done there, waits.
            let elsewhere = matches!(
                action,
                Action::Back
                    | Action::Overview
                    | Action::Help
                    | Action::Quit
                    | Action::Suspend
                    | Action::Repaint
            );
            return (!elsewhere).then(Vec::new);
        };
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -10,
            Action::PageDown => 10,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            _ => 0,
        };
        if by != 0 {
            if self.fleet.whole {
                let to = (self.scroll as isize).saturating_add(by).max(0) as usize;
                self.scroll = to.min(crate::tui::paint::LONGEST_TEXT);
                return Some(Vec::new());
            }
            // A person who moves sees the rows as they are now.
            self.fleet.follow(fleet, self.find.as_deref(), true);
            let ids = self.fleet.order.ids();
            let to = (self.fleet.place() as isize).saturating_add(by).max(0) as usize;
            self.fleet.at = ids.get(to.min(ids.len().saturating_sub(1))).copied();
            return Some(Vec::new());
        }
        Some(match action {
            Action::Open | Action::Overview => self.open_row(Screen::Overview),
            Action::Checklist => self.open_row(Screen::Checklist),
            Action::Procedures => self.open_row(Screen::Procedures),
            Action::Run => self.open_row(Screen::Run),
            Action::Timeline => self.open_row(Screen::Timeline),
            Action::Guide | Action::Contacts => self.open_row(Screen::Guide),
            Action::Drill => self.open_row(Screen::Drill),
            Action::Logs => self.open_row(Screen::Logs),
            Action::Emergency => self.open_row(Screen::Emergency),
            Action::Filter => {
                self.fleet.filter = self.fleet.filter.next();
                self.fleet.follow(fleet, self.find.as_deref(), true);
                Vec::new()
            }
            Action::Sort => {
                self.fleet.sort = self.fleet.sort.next();
                self.fleet.follow(fleet, self.find.as_deref(), true);
                Vec::new()
            }
            Action::Why => {
                (self.fleet.whole, self.scroll) = (!self.fleet.whole, 0);
                Vec::new()
            }
            Action::Back if self.fleet.whole => {
                (self.fleet.whole, self.scroll) = (false, 0);
                Vec::new()
            }
            Action::Back if self.sought().is_some() => {
                self.find = None;
                Vec::new()
            }
            Action::Back if !view.service.is_empty() => {
                self.go(Screen::Overview);
                Vec::new()
            }
            Action::Palette
            | Action::Find
            | Action::Help
            | Action::Quit
            | Action::Suspend
            | Action::Repaint => {
                return None;
            }
            // What is decided, noted or started is so in a service: it is opened first.
            _ => Vec::new(),
        })
    }

    /// What the help does while no service is open: it leads back, and nowhere else.
    pub(super) fn without_service(&mut self, action: Action) -> Option<Vec<Intent>> {
        let its_own = matches!(
            action,
            Action::Up
                | Action::Down
                | Action::PageUp
                | Action::PageDown
                | Action::First
                | Action::Last
                | Action::Back
                | Action::Fleet
                | Action::Find
                | Action::Palette
                | Action::NextSection
                | Action::PreviousSection
                | Action::Open
                | Action::Quit
                | Action::Suspend
                | Action::Repaint
        );
        (!its_own).then(Vec::new)
    }

    fn open_row(&mut self, screen: Screen) -> Vec<Intent> {
        self.fleet.at.map(|row| Intent::Fleet { row, screen }).into_iter().collect()
    }
}
