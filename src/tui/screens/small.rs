//! Below 60×16: what must not be missed, and that this is too small to act safely.

use crate::session::view::Level;
use crate::tui::canvas::Canvas;
use crate::tui::paint::{Scene, mark};
use crate::tui::panels::{signals, verdict};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws as much as there is room for.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    let (w, mut y) = (area.width, area.y);
    let where_ = format!(" {} ▸ {} ", view.service, view.environment.to_uppercase());
    let demo = view.simulated().map(|word| format!(" //// {word} ////")).unwrap_or_default();
    canvas.put(
        area.x,
        y,
        w,
        &format!("{demo}{where_}"),
        if view.simulated().is_some() { Slot::Drill } else { Slot::EnvDanger },
    );
    y += 1;
    if y < area.bottom() {
        verdict::draw(canvas, Rect { y, height: 1, ..area }, scene);
        y += 1;
    }
    let mut x = area.x + 1;
    for s in view.signals.iter().filter(|s| s.level != Level::Ok).take(3) {
        let text = format!("{} {} {}", mark(s.level).0.trim_end(), s.title, signals::value(s));
        x = canvas.put(x, y, area.right().saturating_sub(x), &text, mark(s.level).1) + 2;
    }
    let mut lines = vec![format!("Too small to roll back safely: {}×{}.", area.width, area.height)];
    lines.push("Make it 60×16, or:".into());
    let named = view.procedures.iter().find(|p| p.suggested).or(view.procedures.first());
    lines.push(format!("  ripcord run {}", named.map_or("PROCEDURE", |p| p.id.as_str())));
    lines.push("q quit".into());
    y += 2;
    for line in lines {
        canvas.put(area.x + 1, y, w.saturating_sub(1), &line, Slot::Text);
        y += 1;
    }
}
