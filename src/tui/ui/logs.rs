//! What keys make of the logs.

use super::{Intent, Screen, Ui};
use crate::session::Request;
use crate::session::view::{LogLine, LogView, View};
use crate::tui::find;
use crate::tui::keymap::Action;

/// Where one is in the logs.
#[derive(Debug, Clone, Default)]
pub struct LogsUi {
    /// The log that is shown; none: the first one.
    at: Option<String>,
    /// Number of the last line that is shown; none: the end, as it grows.
    pub upto: Option<u64>,
    /// Only lines that are picked out.
    pub only: bool,
    /// What is followed now.
    asked: Vec<String>,
}

impl Ui {
    /// Goes to a log.
    pub(super) fn show_log(&mut self, id: &str) {
        self.go(Screen::Logs);
        self.logs.at = Some(id.into());
        self.logs.upto = None;
    }

    /// The log that is shown, and its place.
    pub fn log<'v>(&self, view: &'v View) -> Option<(usize, &'v LogView)> {
        let at = self.logs.at.as_ref().and_then(|id| view.logs.iter().position(|l| l.id == *id)).unwrap_or(0);
        view.logs.get(at).map(|log| (at, log))
    }

    /// What is shown of a log's lines: what one filters and looks for.
    pub fn shown_lines<'v>(&self, log: &'v LogView) -> Vec<&'v LogLine> {
        let sought = self.sought();
        let lines = log.seen.iter().flat_map(|seen| &seen.lines);
        lines
            .filter(|l| !self.logs.only || l.mark.is_some())
            .filter(|l| find::holds(&l.text, sought))
            .collect()
    }

    /// What is to be followed, when that has changed: all logs while they are looked at, none otherwise.
    pub fn logs_to_follow(&mut self, view: &View) -> Option<Intent> {
        let wanted: Vec<String> = match self.screen {
            Screen::Logs => view.logs.iter().map(|l| l.id.clone()).collect(),
            _ => Vec::new(),
        };
        (wanted != self.logs.asked).then(|| {
            self.logs.asked.clone_from(&wanted);
            Intent::Request(Request::Logs(wanted))
        })
    }

    pub(super) fn on_logs(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        let all = isize::MAX / 2;
        match action {
            Action::Up => self.move_in_log(view, -1),
            Action::Down => self.move_in_log(view, 1),
            Action::PageUp => self.move_in_log(view, -10),
            Action::PageDown => self.move_in_log(view, 10),
            Action::First => self.move_in_log(view, -all),
            Action::Last | Action::Open => self.logs.upto = None,
            Action::Left => self.other_log(view, -1),
            Action::Right => self.other_log(view, 1),
            Action::Filter => self.logs.only = !self.logs.only,
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Up stops following; the end follows again.
    fn move_in_log(&mut self, view: &View, by: isize) {
        let Some((_, log)) = self.log(view) else { return };
        let shown = self.shown_lines(log);
        let Some(last) = shown.len().checked_sub(1) else { return };
        let at = self.logs.upto.map_or(last, |n| shown.partition_point(|l| l.number < n).min(last));
        let to = (at as isize).saturating_add(by).clamp(0, last as isize) as usize;
        self.logs.upto = (to < last).then(|| shown[to].number);
    }

    fn other_log(&mut self, view: &View, by: isize) {
        let Some((at, _)) = self.log(view) else { return };
        let to = at.saturating_add_signed(by).min(view.logs.len() - 1);
        if to != at {
            self.logs.at = Some(view.logs[to].id.clone());
            self.logs.upto = None;
        }
    }
}
