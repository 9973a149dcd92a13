//! What procedures can go back to: the backups, versions, revisions that exist, asked for by a person.

use super::{ago, first, nothing};
use crate::model::unit::Unit;
use crate::session::view::ChoiceView;
use crate::session::view::guide::{ListState, ListView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::{STEPS, row, rows};
use ratatui::layout::Rect;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (view, ui) = (scene.view, scene.ui);
    let all = rows(ui, view);
    canvas.rule(
        area.x,
        area.y,
        area.width,
        "What there is to go back to",
        "asked only by you",
        ui.section < STEPS,
    );
    let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if view.book.backups.is_empty() {
        nothing(
            canvas,
            below,
            &[
                "No procedure chooses among what exists.",
                "[procedures.P.params.backup]  title = \"Backup\", files = { glob = \"/backups/*.tar\" }, or list = { run = [\"helm\", \"history\", …], pattern = \"…\" }: what can be restored is then shown here, with its age and size.",
            ],
        );
        return;
    }
    if all.is_empty() {
        return nothing(canvas, below, &["Nothing is found: Esc in / shows all again."]);
    }
    let bottom = area.bottom().saturating_sub(1);
    let room = ((area.height / 3).max(3) as usize).min(all.len());
    let cursor = ui.guide.at(all.len());
    let from = first(cursor, all.len(), room);
    let wide = if area.width >= 110 { 36 } else { 24 };
    let mut y = area.y + 1;
    for (i, at) in all.iter().enumerate().skip(from).take(room) {
        let Some(list) = view.book.backups.get(*at) else { continue };
        let here = i == cursor;
        canvas.put(area.x + 1, y, 1, if here { "▸" } else { " " }, Slot::Accent);
        canvas.put(area.x + 4, y, wide, &list.title, if here { Slot::Head } else { Slot::Text });
        let (text, slot) = state(&list.state, here);
        let end = area.right().saturating_sub(1);
        let end = canvas.right(end, y, 30, &text, slot).saturating_sub(1);
        let x = area.x + 5 + wide;
        canvas.put(x, y, end.saturating_sub(x), &list.of, Slot::Text);
        y += 1;
    }
    if let Some(list) = row(ui, view).and_then(|at| view.book.backups.get(at)) {
        listing(canvas, Rect { y, height: bottom.saturating_sub(y), ..area }, scene, list);
    }
    let text = "Enter asks what exists now. It changes nothing and chooses nothing.";
    canvas.put(area.x + 1, bottom, area.width.saturating_sub(2), text, Slot::Dim);
}

fn state(state: &ListState, here: bool) -> (String, Slot) {
    match state {
        ListState::NotAsked if here => ("Enter asks".into(), Slot::Key),
        ListState::NotAsked => ("not asked".into(), Slot::Dim),
        ListState::Asking(ms) => (format!("asking {}", format::elapsed(*ms)), Slot::Pending),
        ListState::Listed { ago_ms, rows } => {
            let slot = if rows.is_empty() { Slot::Warn } else { Slot::Text };
            (format!("{} found, asked {}", rows.len(), ago(*ago_ms)), slot)
        }
        ListState::Failed { ago_ms, .. } => (format!("failed {}", ago(*ago_ms)), Slot::Critical),
    }
}

fn listing(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, list: &ListView) {
    if area.height == 0 {
        return;
    }
    let focus = scene.ui.section == STEPS;
    canvas.rule(area.x, area.y, area.width, &list.title, &list.source, focus);
    let (x, width) = (area.x, area.width);
    let room = area.height.saturating_sub(1) as usize;
    match &list.state {
        ListState::Listed { rows, .. } if rows.is_empty() => {
            canvas.put(
                x + 4,
                area.y + 1,
                width.saturating_sub(5),
                "NOTHING is there to go back to.",
                Slot::Critical,
            );
        }
        ListState::Listed { rows, .. } => {
            let at = scene.ui.guide.from.min(rows.len().saturating_sub(1));
            let from = if focus { first(at, rows.len(), room) } else { 0 };
            for (i, choice) in rows.iter().enumerate().skip(from).take(room) {
                let y = area.y + 1 + (i - from) as u16;
                canvas.put(x + 1, y, 1, if focus && i == at { "▸" } else { " " }, Slot::Accent);
                one(canvas, Rect { y, height: 1, ..area }, choice);
            }
        }
        ListState::Failed { why, .. } => {
            for (i, line) in wrap(why, width.saturating_sub(6) as usize).iter().take(room).enumerate() {
                canvas.put(x + 4, area.y + 1 + i as u16, width.saturating_sub(5), line, Slot::Critical);
            }
        }
        ListState::NotAsked | ListState::Asking(_) => {}
    }
}

fn one(canvas: &mut Canvas<'_>, area: Rect, choice: &ChoiceView) {
    let end = area.right().saturating_sub(1);
    let age = choice.age_ms.map_or("age ?".into(), |ms| format!("{} old", format::age(ms)));
    let at = canvas.right(end, area.y, 12, &age, Slot::Text);
    let size = choice.size.map(|b| format::value(Some(b as f64), Unit::Bytes)).unwrap_or_default();
    canvas.right(end.saturating_sub(13), area.y, 10, &size, Slot::Text);
    let columns: Vec<&str> = choice.columns.iter().map(|(_, text)| text.as_str()).collect();
    let mut rest = columns.join("  ");
    if !choice.note.is_empty() {
        rest = format!("{}  {rest}", choice.note);
    }
    let limit = at.min(end.saturating_sub(24));
    let x = canvas.put(area.x + 4, area.y, limit.saturating_sub(area.x + 4), &choice.value, Slot::Head) + 2;
    canvas.put(x, area.y, limit.saturating_sub(x), &rest, Slot::Dim);
}
