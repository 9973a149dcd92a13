//! Signals without a panel, flags and counters: one line where there is little room, a table where there is more.

use super::signals::{ink, stand};
use crate::model::unit::Unit;
use crate::session::view::{Level, ManualView, SignalView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::theme::Slot;
use crate::tui::ui::Screen;
use crate::tui::ui::charts::rank;
use ratatui::layout::Rect;

/// One of them, in words.
struct Other<'v> {
    /// Lower is shown first.
    rank: u8,
    /// Place of the cursor on it.
    cursor: Option<usize>,
    mark: &'static str,
    slot: Slot,
    /// Of its name and value on a line.
    ink: Slot,
    title: &'v str,
    value: String,
    /// Cells that the value keeps on a line, so that what stands behind it does not move with each digit.
    width: usize,
    age: Option<u64>,
    state: (String, Slot),
    note: String,
}

/// All of them, worst first, otherwise as they come.
fn all<'v>(scene: &Scene<'v>, signals: &[(usize, &'v SignalView)]) -> Vec<Other<'v>> {
    let mut out: Vec<_> = signals.iter().map(|(at, s)| of_signal(scene, *at, s)).collect();
    out.extend(scene.view.manual.iter().map(of_manual));
    out.sort_by_key(|o| o.rank);
    out
}

fn of_signal<'v>(scene: &Scene<'_>, at: usize, s: &'v SignalView) -> Other<'v> {
    let now = stand(scene, s);
    let (m, slot) = mark(now.level);
    Other {
        // Their order stays while the cursor in time moves.
        rank: rank(s.level),
        cursor: Some(at),
        mark: m,
        slot,
        ink: if now.level == Level::Ok { Slot::Text } else { slot },
        title: &s.title,
        width: match s.unit {
            // Between two reads a count is no whole number.
            Unit::Count if scene.cursor().is_some() => 5,
            Unit::Count | Unit::Bool | Unit::Text => 0,
            _ => 6,
        },
        value: now.value,
        age: s.age_ms.filter(|_| s.level == Level::Stale && scene.cursor().is_none()),
        state: (now.state, ink(now.level)),
        note: if s.note.is_empty() { s.origin.clone() } else { s.note.clone() },
    }
}

fn of_manual(m: &ManualView) -> Other<'_> {
    let (mark, slot, value, note) = match (m.counter, m.raised) {
        (true, _) => ("· ", Slot::Dim, m.count.to_string(), format!("{} counts one", m.key)),
        (false, true) => ("! ", Slot::Warn, "RAISED".into(), format!("{} lowers it…", m.key)),
        (false, false) => ("✓ ", Slot::Ok, "not raised".into(), format!("{} raises it…", m.key)),
    };
    Other {
        rank: if m.raised { 1 } else { 5 },
        cursor: None,
        mark,
        slot,
        ink: if m.raised { slot } else { Slot::Text },
        title: &m.title,
        width: 0,
        value,
        age: None,
        state: ("by people".into(), Slot::Dim),
        note,
    }
}

/// One line: `! Alerts 1   ~ Cache hits 88 % (45s)   ✓ /health up`, and how many more there are.
pub fn line(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, others: &[(usize, &SignalView)]) {
    let end = area.right().saturating_sub(1);
    let mut x = area.x + 1;
    let all = all(scene, others);
    for (shown, o) in all.iter().enumerate() {
        let age = o.age.map(|ms| format!(" ({})", format::age(ms))).unwrap_or_default();
        // Under the cursor in time marks change: what stands behind them stays where it is.
        let mark = if scene.cursor().is_some() { o.mark } else { o.mark.trim_end() };
        let text = format!(" {} {:<2$}{age}", o.title, o.value, o.width);
        let width = canvas.width_of(mark) + canvas.width_of(&text);
        let last = shown + 1 == all.len();
        if x + width + if last { 0 } else { 11 } > end {
            let more = format!("+{} more", all.len() - shown);
            canvas.put(x, area.y, end.saturating_sub(x), &more, Slot::Dim);
            return;
        }
        if o.cursor == Some(scene.ui.signal) && scene.ui.screen == Screen::Overview {
            canvas.put(x - 1, area.y, 1, "▸", Slot::Accent);
        }
        x = canvas.put(x, area.y, 2, mark, o.slot);
        x = canvas.put(x, area.y, width, &text, o.ink) + 3;
    }
}

/// A table: mark, name, value, state, where it comes from or why it is missing.
pub fn table(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, others: &[(usize, &SignalView)]) {
    let all = all(scene, others);
    let end = area.right().saturating_sub(1);
    for (row, o) in all.iter().take(area.height as usize).enumerate() {
        let y = area.y + row as u16;
        let left = all.len() - row;
        if row as u16 + 1 == area.height && left > 1 {
            canvas.put(area.x + 4, y, area.width.saturating_sub(5), &format!("{left} more"), Slot::Dim);
            return;
        }
        if o.cursor == Some(scene.ui.signal) {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        canvas.put(area.x + 1, y, 2, o.mark, o.slot);
        canvas.put(area.x + 4, y, 15, o.title, Slot::Text);
        canvas.put(area.x + 20, y, 10, &o.value, if o.ink == Slot::Text { Slot::Head } else { o.ink });
        canvas.put(area.x + 31, y, 20, &o.state.0, o.state.1);
        canvas.put(area.x + 53, y, end.saturating_sub(area.x + 53), &o.note, Slot::Dim);
    }
}
