//! What automation may do from now on: per trigger, under the environment's ceiling, with a reason.

use super::Arm;
use super::window::{Window, wrap};
use crate::model::playbook::Automation;
use crate::session::view::Watch;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// A mode, and what it means.
pub fn mode(mode: Automation) -> (&'static str, &'static str) {
    match mode {
        Automation::Off => ("off", "warns only"),
        Automation::Shadow => ("shadow", "says what it would do"),
        Automation::Armed => ("ARMED", "acts by itself"),
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, a: &Arm) {
    let view = scene.view;
    let width = 76.min(body.width.saturating_sub(2));
    let place = format!("{} ▸ {}", view.service, view.environment.to_uppercase());
    let watcher = match &view.watch {
        Watch::Ok { host } => format!("The watcher on {host} acts; a screen never does."),
        Watch::Silent { host, .. } => {
            format!(
                "The watcher on {host} is silent. One is started on this host; it goes on when you leave."
            )
        }
        Watch::None => "No watcher lives. One is started on this host; it goes on when you leave.".into(),
    };
    let notes = wrap(&watcher, Window::room(width) + 9);
    let asked = 4 + u16::from(a.name.is_some());
    let height = a.rows.len() as u16 + notes.len() as u16 + asked + 6;
    let mut w = Window::open(canvas, body, width, height, &format!("ARM THE AUTOMATION: {place}"));
    w.kept = asked + notes.len() as u16 + 1;
    let text = format!("At most {} in {}, by the playbook.", mode(a.ceiling).0, view.environment);
    w.text(canvas, 0, &text, Slot::Dim);
    let first = (a.at + 1).saturating_sub(w.left().max(1) as usize);
    for (at, (row, chosen)) in a.rows.iter().enumerate().skip(first) {
        if w.left() == 0 {
            break;
        }
        let on = at == a.at;
        let y = w.y;
        if on {
            canvas.put(w.area.x + 2, y, 1, "▸", Slot::Accent);
        }
        let (word, means) = mode(*chosen);
        let ink = if *chosen == Automation::Armed { Slot::Pending } else { Slot::Text };
        canvas.put(w.area.x + 4, y, 23, &row.title, if on { Slot::Head } else { Slot::Text });
        let arrows = if on { ("←", "→") } else { (" ", " ") };
        canvas.put(w.area.x + 28, y, 1, arrows.0, Slot::Key);
        canvas.put(w.area.x + 30, y, 6, word, ink);
        canvas.put(w.area.x + 37, y, 1, arrows.1, Slot::Key);
        let starts = match chosen {
            Automation::Armed => format!("starts {}", row.procedure),
            _ => means.to_string(),
        };
        canvas.put(w.area.x + 39, y, w.area.right().saturating_sub(w.area.x + 41), &starts, Slot::Dim);
        w.gap();
    }
    w.to_kept();
    w.kept = asked;
    w.divide(canvas);
    for line in &notes {
        w.text(canvas, 0, line, Slot::Text);
    }
    w.to_kept();
    w.divide(canvas);
    let x = w.area.x + 2;
    let from =
        canvas.put(x, w.y, 26, "Why:                      ", if a.on_name { Slot::Dim } else { Slot::Text });
    w.field(canvas, from, w.y, w.area.right().saturating_sub(from + 3), &a.reason);
    w.gap();
    if a.name.is_some() {
        let ink = if a.on_name { Slot::Text } else { Slot::Dim };
        let from = canvas.put(x, w.y, 26, "Type the service's name:  ", ink);
        w.field(canvas, from, w.y, w.area.right().saturating_sub(from + 3), &a.typed);
        w.gap();
    }
    w.kept = 0;
    w.buttons(canvas, "Cancel", Some(("Arm", a.on_go(), a.is_ready())));
}
