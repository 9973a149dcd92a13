//! A step asks a person: answers to choose from, a line of text, or both.

use super::Ask;
use super::window::{Window, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, _scene: &Scene<'_>, a: &Ask) {
    let q = &a.question;
    let width = 76.min(body.width.saturating_sub(2));
    let text: Vec<String> = q.text.0.lines().flat_map(|l| wrap(l, width as usize - 5)).collect();
    let text_row = u16::from(a.takes_text());
    let asked = q.answers.len() as u16 + text_row + 1;
    let height = text.len() as u16 + asked + 6 + u16::from(q.optional);
    let mut w = Window::open(canvas, body, width, height, &format!("STEP {} ASKS", a.label));
    w.gap();
    w.kept = asked + 3 + u16::from(q.optional);
    for line in &text {
        w.text(canvas, 0, line, Slot::Text);
    }
    w.to_kept();
    w.divide(canvas);
    for (at, (answer, done)) in q.answers.iter().enumerate() {
        let on = a.at == Some(at);
        if on {
            canvas.put(w.area.x + 2, w.y, 1, "▸", Slot::Accent);
        }
        if at < 9 && !a.takes_text() {
            canvas.put(w.area.x + 4, w.y, 1, &(at + 1).to_string(), Slot::Key);
        }
        let means = if *done { "the step is done" } else { "the step has failed" };
        canvas.right(w.area.right().saturating_sub(3), w.y, 20, means, Slot::Dim);
        let room = w.area.width.saturating_sub(30);
        canvas.put(w.area.x + 6, w.y, room, answer, if on { Slot::Head } else { Slot::Text });
        w.gap();
    }
    if a.takes_text() {
        let label = q.input.as_deref().unwrap_or("Answer");
        let from = canvas.put(w.area.x + 2, w.y, 20, &format!("{label}: "), Slot::Dim);
        w.field(canvas, from, w.y, w.area.right().saturating_sub(from + 3), &a.form);
        w.gap();
    }
    w.kept = 0;
    if q.optional {
        w.text(canvas, 0, "It may be left without an answer.", Slot::Dim);
    }
    w.y = w.end();
    w.buttons(canvas, "Not now", Some(("Answer", a.form.on_go(), a.is_ready())));
}
