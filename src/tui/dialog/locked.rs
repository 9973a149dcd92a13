//! Another run is in the way of a procedure: who holds the lock, and what can be done about it.

use super::Locked;
use super::window::{Window, wrap};
use crate::run::view::RunView;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::keymap::{Action, Context};
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Who holds the lock, in words: `ben holds the lock: Binary rollback, step 4 of 9, since 03:13:50`.
pub fn holder(run: &RunView, scene: &Scene<'_>) -> String {
    let step = match run.current.and_then(|n| run.steps.get(n.checked_sub(1)?)) {
        Some(s) => format!(", step {} of {}", s.label, run.steps.len()),
        None => String::new(),
    };
    let since = format::clock(run.requested.wall, &scene.ui.zone);
    format!("{} holds the lock: {}{step}, since {since}.", run.who, run.title)
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, d: &Locked) {
    let title = format!("REFUSED: {} was not started", d.procedure.1);
    let width = 76.min(body.width.saturating_sub(2));
    let run = scene.view.run.as_ref().filter(|r| r.id == d.run);
    let (what, means, live) = match run {
        Some(run) => {
            let mut what = holder(run, scene);
            let host = if run.host.is_empty() { String::new() } else { format!(" on {}", run.host) };
            let pid = run.supervisor.map(|p| format!(", supervisor pid {p}")).unwrap_or_default();
            what.push_str(&format!(" Run {}{host}{pid}.", run.id));
            let driven = match &scene.view.undriven {
                Some(_) => "Nobody drives it now. ",
                None => "",
            };
            (what, format!("{driven}One run at a time. Yours changed nothing."), true)
        }
        None => ("The run that was in the way is over.".into(), "Nothing was started.".into(), false),
    };
    let keys: Vec<_> =
        scene.ui.keymap.of(Context::Locked).filter(|b| live && b.action != Action::Close).collect();
    let stop = "      its processes are waited for; yours is confirmed first";
    let rows: usize = [&what, &means].iter().map(|t| wrap(t, Window::room(width)).len()).sum();
    let lines = keys.len() as u16 + u16::from(live);
    let mut w = Window::open(canvas, body, width, rows as u16 + lines + 7, &title);
    w.gap();
    w.kept = lines + 3;
    w.fact(canvas, "What", &what, Slot::Text);
    w.fact(canvas, "Means", &means, Slot::Text);
    w.to_kept();
    w.divide(canvas);
    for b in keys {
        canvas.right(w.area.x + 7, w.y, 5, &b.key_name().unwrap_or_default(), Slot::Key);
        w.text(canvas, 8, b.label, Slot::Text);
    }
    if live {
        w.text(canvas, 2, stop, Slot::Dim);
    }
    w.buttons(canvas, "Close", None);
}
