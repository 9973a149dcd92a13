//! A question with a line of text: a flag's note, or the reason of what is said to a run.

use super::window::{Window, wrap};
use super::{Asked, Form, Question, Say, Seen};
use crate::session::view::ManualView;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// What is asked before a flag is raised or lowered.
pub fn about_flag(flag: &ManualView) -> Question {
    let raise = !flag.raised;
    Question {
        asked: Asked::Flag { signal: flag.id.clone(), raise },
        title: format!("{}: {}", if raise { "RAISE" } else { "LOWER" }, flag.title),
        text: match raise {
            true => {
                vec![flag.text.clone(), "It counts at once, for everyone, until somebody lowers it.".into()]
            }
            false => vec!["It is raised now. Lowered, it no longer counts.".into()],
        },
        button: if raise { "Raise" } else { "Lower" },
        required: false,
        form: Form::default(),
    }
}

/// What is asked before something is said to a run. `name` is the run's or the step's.
pub fn about_run(seen: Seen, say: Say, name: &str) -> Question {
    let step = seen.step.unwrap_or_default();
    let (title, text, button) = match say {
        Say::Stop => (
            format!("STOP THE RUN: {name}"),
            "The step that runs is ended (TERM, then KILL), nothing more is started. What was done stays done.".into(),
            "Stop the run",
        ),
        Say::Done => (
            format!("STEP {step} WAS DONE: {name}"),
            "The run goes on after it. It is not done again.".into(),
            "It was done",
        ),
        Say::NotDone => (
            format!("STEP {step} WAS NOT DONE: {name}"),
            format!("The run goes back to it: step {step} is done again."),
            "Do it again",
        ),
        Say::Accept => (
            "ACCEPT AS IT IS".into(),
            "The run ends as \"applied, unverified\". It is never called verified.".into(),
            "Accept",
        ),
        Say::End => (
            "END THE RUN WHERE IT IS".into(),
            "Nothing more is started and nothing is stopped. The lock is free again.".into(),
            "End it here",
        ),
    };
    Question {
        asked: Asked::Say { seen, say },
        title,
        text: vec![text, "Say why; it stands in the report with your name.".into()],
        button,
        required: true,
        form: Form::default(),
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, _scene: &Scene<'_>, q: &Question) {
    let width = 74.min(body.width.saturating_sub(2));
    let room = width.saturating_sub(5) as usize;
    let lines: Vec<String> = q.text.iter().flat_map(|t| wrap(t, room)).collect();
    let mut w = Window::open(canvas, body, width, lines.len() as u16 + 8, &q.title);
    w.kept = 4;
    w.gap();
    for line in &lines {
        w.text(canvas, 0, line, Slot::Text);
    }
    w.to_kept();
    w.divide(canvas);
    let x = w.area.x + 2;
    let label = if q.required { "Why: " } else { "Note: " };
    let from = canvas.put(x, w.y, 8, label, Slot::Dim);
    w.field(canvas, from, w.y, w.area.right().saturating_sub(from + 3), &q.form);
    let ready = !q.required || !q.form.text().trim().is_empty();
    w.buttons(canvas, "Cancel", Some((q.button, q.form.on_go(), ready)));
}
