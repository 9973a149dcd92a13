//! The cursor in time, the order of the signals: what keys make of them on Overview and Signal.

use super::{Intent, Screen, Ui, ZOOMS};
use crate::model::time::Now;
use crate::session::Request;
use crate::session::view::{Level, View, WhyOf};
use crate::tui::freeze::Freeze;
use crate::tui::keymap::Action;
use std::cell::Cell;

/// Sections of the overview.
pub const SIGNALS: usize = 0;
/// See [`SIGNALS`].
pub const SEVERITY: usize = 1;
/// See [`SIGNALS`].
pub const TRIGGERS: usize = 2;
/// See [`SIGNALS`].
pub const TIMELINE: usize = 3;

/// Where one is in the charts.
#[derive(Debug, Clone, Default)]
pub struct ChartsUi {
    /// The moment at which everything is read, wall milliseconds; none: now.
    pub at: Option<i64>,
    /// The worst signal first, rather than the playbook's order.
    pub worst_first: bool,
    /// A write head goes over the charts instead of the charts moving: the link is slow.
    pub sweep: bool,
    /// How many rows back from the newest the cursor among the events is.
    pub back: usize,
    /// Cursor among the triggers.
    pub trigger: usize,
    /// Columns of the charts, as they were drawn last: the cursor moves by one of them.
    pub drawn: Cell<u16>,
    /// The charts are held still by the cursor only.
    held: bool,
}

/// The column of a wall time in a chart that ends with the column of `end`, if it is inside. Borders of columns are
/// whole multiples of their width on the boot clock.
pub fn column(wall: i64, end: &Now, window: u64, columns: usize) -> Option<usize> {
    let width = (window / columns.max(1) as u64).max(1) as i64;
    let boot = end.boot as i64;
    let ago = boot.div_euclid(width) - boot.saturating_sub(end.wall.saturating_sub(wall)).div_euclid(width);
    let at = (columns as i64).checked_sub(1 + ago)?;
    (0..columns as i64).contains(&at).then_some(at as usize)
}

/// The wall time at which a column begins.
pub fn began(column: usize, end: &Now, window: u64, columns: usize) -> i64 {
    let width = (window / columns.max(1) as u64).max(1) as i64;
    let boot = end.boot as i64;
    let first = (boot.div_euclid(width) - (columns as i64 - 1 - column as i64)) * width;
    end.wall - (boot - first)
}

impl Ui {
    pub(super) fn on_charts(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        match action {
            Action::Left => self.move_in_time(view, -1),
            Action::Right if self.charts.at.is_some() => self.move_in_time(view, 1),
            Action::Back if self.charts.at.is_some() => self.back_to_now(),
            Action::Freeze if self.charts.at.is_some() => match self.charts.held {
                // They stay as they are when the cursor goes.
                true => self.charts.held = false,
                false => {
                    self.charts.held = true;
                    self.back_to_now();
                }
            },
            Action::Sort if self.screen == Screen::Overview => {
                self.charts.worst_first = !self.charts.worst_first;
            }
            Action::Up => self.move_by(view, -1),
            Action::Down => self.move_by(view, 1),
            Action::PageUp => self.move_by(view, -10),
            Action::PageDown => self.move_by(view, 10),
            Action::First => self.move_by(view, isize::MIN / 2),
            Action::Last => self.move_by(view, isize::MAX / 2),
            Action::Open if self.screen == Screen::Overview => return self.open_section(view),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// The cursor of the section that has the focus, so many rows on.
    fn move_by(&mut self, view: &View, by: isize) {
        let step = |at: usize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match if self.screen == Screen::Overview { self.section } else { SIGNALS } {
            SEVERITY => {}
            TRIGGERS => self.charts.trigger = step(self.charts.trigger, view.triggers.len()),
            TIMELINE => {
                let back = self.charts.back.saturating_add_signed(by.saturating_neg());
                self.charts.back = back.min(view.timeline.len().saturating_sub(1));
            }
            _ => {
                let order = self.order(view);
                let at = order.iter().position(|i| *i == self.signal).unwrap_or(0);
                self.signal = order.get(step(at, order.len())).copied().unwrap_or(0);
            }
        }
    }

    /// Enter in a section: the signal, the evidence, the moment on the charts.
    fn open_section(&mut self, view: &View) -> Option<Vec<Intent>> {
        let of = match self.section {
            SEVERITY => WhyOf::Verdict,
            TRIGGERS => WhyOf::Trigger(view.triggers.get(self.charts.trigger)?.id.clone()),
            TIMELINE => {
                let at = view.timeline.len().checked_sub(1 + self.charts.back)?;
                self.jump_to(view.timeline[at].wall, view);
                return Some(Vec::new());
            }
            _ => return None,
        };
        self.why = of.clone();
        self.go(Screen::Why);
        Some(vec![Intent::Request(Request::Why(Some(of)))])
    }

    /// Shows the charts with the cursor at a moment (wall milliseconds), in the shortest window that holds it from the one
    /// that is shown on; false when it is older than all of them, or still to come.
    pub fn jump_to(&mut self, wall: i64, view: &View) -> bool {
        let end = &view.now;
        // A column before the left end: the oldest one begins inside the window.
        let holds = |window: u64| end.wall - wall <= (window - window / 20) as i64;
        let Some(zoom) = (self.zoom..ZOOMS.len()).find(|z| holds(ZOOMS[*z])).filter(|_| wall <= end.wall)
        else {
            return false;
        };
        self.zoom = zoom;
        self.go(Screen::Overview);
        self.charts.held |= self.freeze.is_none();
        self.freeze = Some(Freeze::at(end));
        self.charts.at = Some(wall);
        true
    }

    /// The cursor one or more columns on; the first time it appears just left of now.
    fn move_in_time(&mut self, view: &View, by: isize) {
        if self.charts.at.is_none() {
            self.hold_still(&view.now);
        }
        let (window, columns) = (self.window(), usize::from(self.charts.drawn.get()).max(2));
        let end = self.freeze.as_ref().map_or(&view.now, |f| &f.at);
        let at = match self.charts.at {
            Some(wall) => column(wall, end, window, columns).unwrap_or(0),
            None => columns - 1,
        };
        let to = at.saturating_add_signed(by).min(columns - 1);
        self.charts.at = Some(began(to, end, window, columns));
    }

    fn back_to_now(&mut self) {
        self.charts.at = None;
        if std::mem::take(&mut self.charts.held) {
            self.freeze = None;
        }
    }

    /// Holds the charts as they are, for as long as the cursor is on them.
    fn hold_still(&mut self, now: &Now) {
        if self.freeze.is_none() || self.charts.held {
            self.freeze = Some(Freeze::at(now));
            self.charts.held = true;
        }
    }

    /// A new window of time is drawn anew: what was kept is of the old one. The cursor stays where it was.
    pub(super) fn zoom_to(&mut self, zoom: usize, view: &View) {
        if zoom < ZOOMS.len() && zoom != self.zoom {
            self.zoom = zoom;
            self.freeze = self.charts.at.map(|_| Freeze::at(&view.now));
            self.charts.held = self.charts.at.is_some();
        }
    }

    /// Places of the signals in the order in which they are shown.
    pub fn order(&self, view: &View) -> Vec<usize> {
        let mut out: Vec<usize> = (0..view.signals.len()).collect();
        if self.charts.worst_first {
            out.sort_by_key(|i| rank(view.signals[*i].level));
        }
        out
    }
}

/// Lower is worse.
pub fn rank(level: Level) -> u8 {
    match level {
        Level::Critical => 0,
        Level::Warn => 1,
        Level::Stale => 2,
        Level::Unknown => 3,
        Level::Ok => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_column_holds_the_moment_at_which_it_begins(
            boot in 0u64..10_000_000, ahead in -1_000_000i64..1_000_000_000, n in 2usize..300, at in 0usize..300, zoom in 0usize..5,
        ) {
            let end = Now { boot, boot_id: "b".into(), wall: boot as i64 + ahead };
            let at = at % n;
            let wall = began(at, &end, ZOOMS[zoom], n);
            prop_assert_eq!(column(wall, &end, ZOOMS[zoom], n), Some(at));
            prop_assert_ne!(column(wall - 1, &end, ZOOMS[zoom], n), Some(at));
            prop_assert!(wall <= end.wall);
        }
    }

    #[test]
    fn what_is_outside_has_no_column() {
        let end = Now { boot: 109_000, boot_id: "b".into(), wall: 1_109_000 };
        assert_eq!(column(1_109_000, &end, 100_000, 10), Some(9));
        assert_eq!(column(1_111_000, &end, 100_000, 10), None);
        assert_eq!(column(1_009_000, &end, 100_000, 10), None);
        assert_eq!(column(i64::MIN, &end, 100_000, 10), None);
    }
}
