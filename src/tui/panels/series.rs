//! Signals with one value per label: one small strip per series, the worst first, eight at most, on one scale.

use super::chart::{self, Scale};
use super::signals::{read, value_ink};
use crate::session::view::{Level, SignalView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::theme::Slot;
use crate::tui::ui::Screen;
use ratatui::layout::Rect;

/// The most strips of one signal.
const MOST: usize = 8;
/// Cells left of a strip's chart.
const NAME: u16 = 22;
/// The least cells that a strip takes.
const WIDTH: u16 = 38;

/// Signals that have series, with their places in the view.
pub fn of<'v>(scene: &Scene<'v>) -> Vec<&'v SignalView> {
    scene.view.signals.iter().filter(|s| s.series.len() > 1).collect()
}

/// Rows that a signal's strips take with their rule, in this width and not more than `most`.
pub fn height(s: &SignalView, width: u16, most: u16) -> u16 {
    let across = (width / WIDTH).max(1) as usize;
    let rows = 1 + 2 * s.series.len().min(MOST).div_ceil(across) as u16;
    if rows <= most { rows } else { most.saturating_sub(1) / 2 * 2 + u16::from(most > 2) }
}

/// The strips of a signal below their rule.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &SignalView) {
    if area.height < 3 {
        return;
    }
    let across = (area.width / WIDTH).max(1);
    let shown = MOST.min(usize::from((area.height - 1) / 2 * across)).min(s.series.len());
    let more = match s.series.len() - shown {
        0 => String::new(),
        n => format!("+{n} more"),
    };
    canvas.rule(area.x, area.y, area.width, &format!("{}, worst first", s.title), &more, false);
    let width = area.width / across;
    let n = width.saturating_sub(NAME + 1);
    let all = s.series[..shown].iter();
    let curves: Vec<_> =
        all.map(|(label, ..)| scene.columns_of_series(&s.id, Some(label), n.into())).collect();
    let scale = Scale::of(s, &curves.concat());
    for (at, ((label, value, level), columns)) in s.series.iter().zip(curves).enumerate() {
        let (x, y) = (area.x + at as u16 % across * width, area.y + 1 + at as u16 / across * 2);
        let (value, level) = match scene.cursor() {
            None => (format::value(*value, s.unit), *level),
            // Beside many charts the curve alone tells of that time: a key must not cost a number for each series.
            Some(_) if scene.ui.screen != Screen::Signal => (String::new(), *level),
            Some(_) => {
                let then = scene.cursor_column(n.into()).and_then(|c| columns[c]);
                read(then.as_ref(), s)
            }
        };
        let (m, slot) = mark(level);
        canvas.put(x + 1, y, 2, m, slot);
        let begins = canvas.right(x + NAME - 1, y, 9, &value, value_ink(level));
        canvas.put(x + 4, y, begins.saturating_sub(x + 5), label, Slot::Text);
        let word = match level {
            Level::Critical => "critical",
            Level::Warn => "warn",
            Level::Stale => "STALE",
            Level::Unknown => "unknown",
            Level::Ok => "",
        };
        canvas.put(x + 4, y + 1, NAME - 5, word, slot);
        if columns.iter().any(Option::is_some) {
            let area = Rect { x: x + NAME, y, width: n, height: 2 };
            chart::draw(canvas, area, s, &columns, scale, scene.places(n.into()));
        }
    }
}
