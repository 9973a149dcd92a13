//! The sections of a screen: Tab goes from one to the next, `▸` in its rule line says which has the focus.

use super::charts::TIMELINE;
use super::{Screen, Ui};
use crate::session::view::View;

impl Ui {
    /// How many sections this screen has.
    pub fn sections(&self, view: &View) -> usize {
        match self.screen {
            Screen::Checklist => view.checklists.len(),
            Screen::Procedures => 1 + usize::from(!view.scenarios.is_empty()),
            Screen::Overview => 1 + TIMELINE,
            Screen::Signal
            | Screen::Run
            | Screen::Timeline
            | Screen::Guide
            | Screen::Fleet
            | Screen::Drill
            | Screen::Logs
            | Screen::Emergency
            | Screen::Why
            | Screen::Help => 1,
        }
    }

    /// Whether this section, from 0, has the focus: so its rule is to be drawn, and to it the arrows belong.
    pub fn in_section(&self, section: usize) -> bool {
        self.section == section
    }

    /// The next section, or the one before; round and round.
    pub(super) fn next_section(&mut self, view: &View, forwards: bool) {
        let all = self.sections(view).max(1);
        let by = if forwards { 1 } else { all - 1 };
        self.section = (self.section.min(all - 1) + by) % all;
        self.scroll = 0;
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::tests::{fire, ui};

    #[test]
    fn tab_goes_round_and_stays_where_there_is_one() {
        let (mut ui, view) = (ui(), fire());
        let all = ui.sections(&view);
        for n in 1..=all {
            ui.next_section(&view, true);
            assert!(ui.in_section(n % all));
        }
        ui.next_section(&view, false);
        assert!(ui.in_section(all - 1));
        ui.section = 99;
        ui.next_section(&view, true);
        assert!(ui.section < all, "a section that is gone does not keep the focus");
    }
}
