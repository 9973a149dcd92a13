//! Contacts and the ladder, trouble, dashboards, backups, objectives, emergency: a page each.

mod backups;
mod contacts;
mod dashboards;
mod objectives;
mod trouble;

use super::emergency;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::Page;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    tabs(canvas, area, scene);
    let page = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match scene.ui.guide.page {
        Page::Contacts => contacts::draw(canvas, page, scene),
        Page::Trouble => trouble::draw(canvas, page, scene),
        Page::Dashboards => dashboards::draw(canvas, page, scene),
        Page::Backups => backups::draw(canvas, page, scene),
        Page::Objectives => objectives::draw(canvas, page, scene),
        Page::Emergency => emergency::draw(canvas, page, scene),
    }
}

fn tabs(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let end = area.right().saturating_sub(1);
    let mut at = area.x + 1;
    for (page, name) in Page::ALL {
        let here = page == scene.ui.guide.page;
        canvas.put(at, area.y, 1, if here { "▸" } else { " " }, Slot::Accent);
        let slot = if here { Slot::Head } else { Slot::Dim };
        at = canvas.put(at + 1, area.y, end.saturating_sub(at + 1), name, slot) + 2;
    }
    let hint = match &scene.ui.find {
        Some(find) => format!("found: {find}"),
        None => "←→ page".into(),
    };
    canvas.right(end, area.y, end.saturating_sub(at), &hint, Slot::Dim);
}

/// What is said where a page has nothing to show: what to write, and where.
fn nothing(canvas: &mut Canvas<'_>, area: Rect, lines: &[&str]) {
    let mut y = area.y;
    for (i, text) in lines.iter().enumerate() {
        let slot = if i == 0 { Slot::Text } else { Slot::Dim };
        for line in wrap(text, area.width.saturating_sub(6) as usize) {
            if y < area.bottom() {
                canvas.put(area.x + 4, y, area.width.saturating_sub(5), &line, slot);
            }
            y += 1;
        }
    }
}

/// The first row that is shown so that the one at the cursor is in sight.
fn first(at: usize, rows: usize, room: usize) -> usize {
    at.saturating_sub(room.saturating_sub(1)).min(rows.saturating_sub(room))
}

/// A label and what it says, in as many rows as it needs and there are; the row below.
fn fact(canvas: &mut Canvas<'_>, area: Rect, y: u16, (label, text): (&str, &str), slot: Slot) -> u16 {
    if y < area.bottom() {
        canvas.put(area.x + 1, y, 13, label, Slot::Dim);
    }
    let mut at = y;
    for line in wrap(text, area.width.saturating_sub(16) as usize) {
        if at < area.bottom() {
            canvas.put(area.x + 15, at, area.width.saturating_sub(16), &line, slot);
        }
        at += 1;
    }
    at
}

/// How long ago, in the steps in which ages are shown: `now`, `5s ago`.
fn ago(ms: u64) -> String {
    if ms < 5_000 { "now".into() } else { format!("{} ago", format::age(ms)) }
}
