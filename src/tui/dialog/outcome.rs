//! What is to become of a run that waits for a person.

use super::Outcome;
use super::window::{Window, wrap};
use crate::run::state::Need;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{self, Context};
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it: what is known, and what can be said.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, _scene: &Scene<'_>, o: &Outcome) {
    let (title, label, text) = match &o.need {
        Need::Settle { step, evidence } => {
            (format!("SETTLE: step {step} {} is UNKNOWN", o.name), "Evidence", evidence)
        }
        Need::Decide { step, detail } => (format!("STEP {step} FAILED: {}", o.name), "What", detail),
        Need::Accept { why } => ("NOT VERIFIED: the criteria did not hold in time".into(), "Why", why),
        Need::GoOn { why } => ("PAUSED".into(), "Why", why),
        Need::Choose { step, detail } => {
            (format!("STEP {step}: is it to be done? {}", o.name), "Why", detail)
        }
        Need::Answer { step, question } => (format!("STEP {step} asks"), "What", &question.text.0),
        Need::Approve => return,
    };
    let width = 76.min(body.width.saturating_sub(2));
    let rows = wrap(text, Window::room(width)).len() as u16;
    let mut w = Window::open(canvas, body, width, rows + 10, &title);
    w.gap();
    w.kept = 5;
    w.fact(canvas, label, text, Slot::Text);
    w.to_kept();
    w.divide(canvas);
    for b in keymap::of(Context::Outcome).filter(|b| o.may(b.action)) {
        canvas.put(w.area.x + 6, w.y, 1, &b.keys_name(), Slot::Key);
        w.text(canvas, 8, b.label, Slot::Text);
    }
    w.buttons(canvas, "Not now", None);
}
