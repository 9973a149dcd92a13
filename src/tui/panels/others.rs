//! Signals without a panel: one line where there is little room, a table where there is more.

use super::signals::{ink, state, value};
use crate::session::view::{Level, SignalView};
use crate::tui::canvas::Canvas;
use crate::tui::paint::{Scene, mark};
use crate::tui::theme::Slot;
use crate::tui::ui::Screen;
use ratatui::layout::Rect;

/// Worst first, otherwise as they come; the cursor's index beside each.
fn worst_first<'v>(others: &[(usize, &'v SignalView)]) -> Vec<(usize, &'v SignalView)> {
    let mut out = others.to_vec();
    out.sort_by_key(|(_, s)| match s.level {
        Level::Critical => 0,
        Level::Warn => 1,
        Level::Stale => 2,
        Level::Unknown => 3,
        Level::Ok => 4,
    });
    out
}

/// One line: `✓ /health up   ! Alerts 1   ~ Cache hits 88 % (48s)`, and how many more there are.
pub fn line(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, others: &[(usize, &SignalView)]) {
    let end = area.right().saturating_sub(1);
    let mut x = area.x + 1;
    let sorted = worst_first(others);
    for (shown, (index, s)) in sorted.iter().enumerate() {
        let age = match (s.level, s.age_ms) {
            (Level::Stale, Some(ms)) => format!(" ({})", crate::tui::format::age(ms)),
            _ => String::new(),
        };
        let (m, slot) = mark(s.level);
        let m = m.trim_end();
        let text = format!(" {} {}{age}", s.title, value(scene, s));
        let width = canvas.width_of(m) + canvas.width_of(&text);
        let last = shown + 1 == sorted.len();
        if x + width + if last { 0 } else { 11 } > end {
            let more = format!("+{} more", sorted.len() - shown);
            canvas.put(x, area.y, end.saturating_sub(x), &more, Slot::Dim);
            return;
        }
        if scene.ui.signal == *index && scene.ui.screen == Screen::Overview {
            canvas.put(x - 1, area.y, 1, "▸", Slot::Accent);
        }
        x = canvas.put(x, area.y, 2, m, slot);
        let ink = if s.level == Level::Ok { Slot::Text } else { slot };
        x = canvas.put(x, area.y, width, &text, ink) + 3;
    }
}

/// A table: mark, name, value, state, where it comes from or why it is missing.
pub fn table(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, others: &[(usize, &SignalView)]) {
    let sorted = worst_first(others);
    let end = area.right().saturating_sub(1);
    for (row, (index, s)) in sorted.iter().take(area.height as usize).enumerate() {
        let y = area.y + row as u16;
        let left = sorted.len() - row;
        if row as u16 + 1 == area.height && left > 1 {
            canvas.put(
                area.x + 4,
                y,
                area.width.saturating_sub(5),
                &format!("{left} more; ↓ and Enter open them"),
                Slot::Dim,
            );
            return;
        }
        let (m, slot) = mark(s.level);
        if scene.ui.signal == *index {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        canvas.put(area.x + 1, y, 2, m, slot);
        canvas.put(area.x + 4, y, 15, &s.title, Slot::Text);
        canvas.put(
            area.x + 20,
            y,
            10,
            &value(scene, s),
            if s.level == Level::Ok { Slot::Head } else { slot },
        );
        canvas.put(area.x + 31, y, 20, &state(s), ink(s.level));
        let note = match scene.view.manual.iter().find(|m| m.id == s.id) {
            Some(m) if m.counter => format!("{} counts one", m.key),
            Some(m) if m.raised => format!("{} lowers it", m.key),
            Some(m) => format!("{} raises it", m.key),
            None => s.note.clone(),
        };
        canvas.put(area.x + 53, y, end.saturating_sub(area.x + 53), &note, Slot::Dim);
    }
}
