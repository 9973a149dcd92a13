//! The procedures that fit what is going on, first the one that is named by it.

use crate::engine::eval::Truth;
use crate::session::view::{ProcedureView, ScenarioView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Key, title and cost; below the suggested one, when it is the right one.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (mut y, end) = (area.y, area.right().saturating_sub(1));
    let mut sorted: Vec<_> = scene.view.procedures.iter().collect();
    let scenario = |p: &ProcedureView| {
        let now = |s: &&ScenarioView| s.truth == Truth::True && s.procedure.0 == p.id;
        scene.view.scenarios.iter().find(now)
    };
    sorted.sort_by_key(|p| (!p.suggested, scenario(p).is_none()));
    for p in sorted {
        let fits = scenario(p);
        if y >= area.bottom() {
            return;
        }
        let ink = if p.suggested || fits.is_some() { Slot::Head } else { Slot::Text };
        canvas.put(area.x + 1, y, 1, if p.suggested { "▸" } else { " " }, Slot::Accent);
        canvas.put(area.x + 4, y, 1, &p.key.map(String::from).unwrap_or_default(), Slot::Key);
        let cost = match p.downtime.as_str() {
            "" | "none" => format::length(p.duration_ms),
            down => format!("{}, {down} down", format::length(p.duration_ms)),
        };
        let at = canvas.right(end, y, 20, &cost, Slot::Dim);
        canvas.put(area.x + 6, y, at.saturating_sub(area.x + 7), &p.title, ink);
        y += 1;
        if let Some(s) = fits.filter(|_| y < area.bottom()) {
            let seen = if s.seen.is_empty() { &s.symptoms } else { &s.seen };
            let text = format!("{}: {seen}", s.title);
            canvas.put(area.x + 3, y, 2, "»!", Slot::Pending);
            canvas.put(area.x + 6, y, end.saturating_sub(area.x + 6), &text, Slot::Text);
            y += 1;
        } else if p.suggested && !p.use_when.is_empty() && y < area.bottom() {
            canvas.put(area.x + 6, y, end.saturating_sub(area.x + 6), &p.use_when, Slot::Dim);
            y += 1;
        }
    }
}
