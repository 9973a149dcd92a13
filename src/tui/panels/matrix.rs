//! The stage matrix: what each trigger asks for at each stage of the traffic; the cell in force stands in brackets.

use crate::session::view::{MatrixView, TriggerState, TriggerView};
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::panels::triggers;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Rows it takes with its rule.
pub fn height(m: &MatrixView) -> u16 {
    (m.rows.len() as u16).min(40) + 2 + u16::from(!m.who.is_empty())
}

/// Its rule's title.
pub fn title(m: &MatrixView) -> String {
    format!("Stage matrix, {}", m.now)
}

/// Draws it below its rule: stages, a row per trigger, and who decides here.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, m: &MatrixView) {
    let name = (area.width / 5).clamp(14, 24);
    let n = m.stages.len().max(1) as u16;
    let column = (area.width.saturating_sub(name + 5) / n).clamp(6, 16);
    let at = |i: usize| area.x + 4 + name + i as u16 * column;
    let end = area.right();
    let who = u16::from(!m.who.is_empty());
    let room = area.height.saturating_sub(1 + who);
    for (i, stage) in m.stages.iter().enumerate() {
        let (text, slot) = match m.stage == Some(i) {
            true => (format!("[{stage} %]"), Slot::Head),
            false => (format!(" {stage} %"), Slot::Dim),
        };
        canvas.put(at(i), area.y, column.min(end.saturating_sub(at(i))), &text, slot);
    }
    for (row, r) in m.rows.iter().enumerate() {
        let y = area.y + 1 + row as u16;
        let left = m.rows.len() - row;
        if row as u16 + 1 == room && left > 1 {
            canvas.put(area.x + 4, y, area.width.saturating_sub(5), &format!("{left} more: W"), Slot::Dim);
            break;
        }
        if row as u16 >= room {
            break;
        }
        let state = scene.view.triggers.iter().find(|t| t.id == r.trigger);
        let (mark, slot) = state.map_or(("· ", Slot::Dim), |t: &TriggerView| triggers::look(scene, t));
        let quiet = state.is_none_or(|t| t.state == TriggerState::Inactive);
        canvas.put(area.x + 1, y, 2, mark, slot);
        canvas.put(
            area.x + 4,
            y,
            name.saturating_sub(1),
            &r.title,
            if quiet { Slot::Text } else { Slot::Head },
        );
        for (i, cell) in r.cells.iter().enumerate() {
            let (text, slot) = match r.in_force == Some(i) {
                true => (format!("[{cell}]"), Slot::Head),
                false => (format!(" {cell}"), Slot::Dim),
            };
            canvas.put(at(i), y, column.min(end.saturating_sub(at(i))), &text, slot);
        }
        if r.in_force.is_none() {
            let x = at(m.stages.len());
            canvas.put(x, y, end.saturating_sub(x + 1), &format!("[{}]", r.asks), Slot::Unknown);
        }
    }
    if who > 0 && area.height > 1 {
        let y = area.y + 1 + (m.rows.len() as u16).min(room);
        let here =
            m.stage.and_then(|i| m.stages.get(i)).map_or_else(|| "now".into(), |s| format!("at {s} %"));
        let text: Vec<String> =
            m.who.iter().map(|(who, what)| format!("{who} ({})", what.join(", "))).collect();
        let text = format!("Who decides {here}: {}", text.join(", "));
        canvas.put(area.x + 1, y, area.width.saturating_sub(2), &text, Slot::Text);
    }
}
