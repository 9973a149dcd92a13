//! What happened, what it means, what to press.

use super::Refused;
use super::window::{Window, wrap};
use crate::run::view::RunView;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Why a procedure cannot start while a run holds the lock.
pub fn by_run(title: &str, run: &RunView) -> Refused {
    let step = run.current.map(|n| format!(", step {n} of {}", run.steps.len())).unwrap_or_default();
    let host = if run.host.is_empty() { String::new() } else { format!(" on {}", run.host) };
    Refused {
        title: format!("REFUSED: {title} was not started"),
        what: format!("{} holds the lock: {}{step}, run {}{host}.", run.who, run.title, run.id),
        means: "One run at a time. Yours changed nothing.".into(),
        press: "Enter closes this. 4 shows that run; S there stops it, with a reason.".into(),
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, _scene: &Scene<'_>, r: &Refused) {
    let width = 76.min(body.width.saturating_sub(2));
    let rows: usize = [&r.what, &r.means, &r.press].iter().map(|t| wrap(t, Window::room(width)).len()).sum();
    let mut w = Window::open(canvas, body, width, rows.min(60) as u16 + 5, &r.title);
    w.gap();
    w.kept = 2;
    for (label, text) in [("What", &r.what), ("Means", &r.means), ("Press", &r.press)] {
        if !text.is_empty() {
            w.fact(canvas, label, text, Slot::Text);
        }
    }
    w.to_kept();
    w.buttons(canvas, "Close", None);
}
