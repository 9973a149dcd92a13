//! Where else to look: addresses that a terminal opens or copies.

use super::{first, nothing};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::chop;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::{row, rows};
use ratatui::layout::Rect;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (view, ui) = (scene.view, scene.ui);
    let all = rows(ui, view);
    let note = if all.is_empty() { "" } else { "Y copies" };
    canvas.rule(area.x, area.y, area.width, "Dashboards and documents", note, true);
    let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if view.links.is_empty() {
        nothing(
            canvas,
            below,
            &[
                "The playbook names no links.",
                "[[links]]  title = \"Dashboard\", url = \"https://grafana.example/d/web\": dashboards, runbooks, related documents.",
            ],
        );
        return;
    }
    if all.is_empty() {
        return nothing(canvas, below, &["Nothing is found: Esc in / shows all again."]);
    }
    let bottom = area.bottom().saturating_sub(1);
    let room = bottom.saturating_sub(area.y + 6).max(1) as usize;
    let cursor = ui.guide.at(all.len());
    let from = first(cursor, all.len(), room);
    let wide = if area.width >= 110 { 40 } else { 28 };
    let mut y = area.y + 1;
    for (i, at) in all.iter().enumerate().skip(from).take(room) {
        let Some((title, url)) = view.links.get(*at) else { continue };
        let here = i == cursor;
        canvas.put(area.x + 1, y, 1, if here { "▸" } else { " " }, Slot::Accent);
        canvas.put(area.x + 4, y, wide, title, if here { Slot::Head } else { Slot::Text });
        let x = area.x + 5 + wide;
        canvas.link(x, y, area.right().saturating_sub(x + 1), (url, url), Slot::Text);
        y += 1;
    }
    if let Some((title, url)) = row(ui, view).and_then(|at| view.links.get(at)) {
        y += 1;
        canvas.rule(area.x, y, area.width, title, "", false);
        for line in chop(url, area.width.saturating_sub(2) as usize) {
            y += 1;
            if y < bottom {
                canvas.link(area.x + 1, y, area.width.saturating_sub(2), (&line, url), Slot::Head);
            }
        }
    }
    let text = "Enter or Y copies it; a terminal that knows links opens it by a click.";
    canvas.put(area.x + 1, bottom, area.width.saturating_sub(2), text, Slot::Dim);
}
