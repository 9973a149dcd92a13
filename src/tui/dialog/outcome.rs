//! What is to become of a run that waits for a person.

use super::Outcome;
use super::window::{Window, wrap};
use crate::run::record::Answer;
use crate::run::state::Need;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Context};
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it: what is known, and what can be said.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, o: &Outcome) {
    let step = format!("step {} {}", o.label, o.name);
    let (title, label, text) = match &o.need {
        Need::Settle { evidence, .. } => {
            (format!("SETTLE: {step} is UNKNOWN"), "Evidence", evidence.as_str())
        }
        Need::Decide { detail, .. } => (format!("FAILED: {step}"), "What", detail.as_str()),
        Need::Choose { detail, .. } => (format!("IS IT TO BE DONE? {step}"), "Unknown", detail.as_str()),
        Need::GoOn { why } => ("PAUSED".into(), "Why", why.as_str()),
        // These have dialogs of their own.
        Need::Accept { why } => ("NOT VERIFIED".into(), "Why", why.as_str()),
        Need::Answer { .. } | Need::Approve => ("IT ASKS".into(), "", ""),
    };
    let proposal = match (&o.need, &o.proposal) {
        (Need::Settle { .. }, Some((answer, seen))) => proposes(*answer, seen),
        _ => String::new(),
    };
    let width = 76.min(body.width.saturating_sub(2));
    let rows = |text: &str| wrap(text, Window::room(width)).len() as u16;
    let keys: Vec<_> = scene.ui.keymap.of(Context::Outcome).filter(|b| o.may(b.action)).collect();
    let asks = if proposal.is_empty() { 0 } else { rows(&proposal) };
    let mut w = Window::open(canvas, body, width, rows(text) + asks + keys.len() as u16 + 7, &title);
    w.gap();
    w.kept = keys.len() as u16 + 3;
    w.fact(canvas, label, text, Slot::Text);
    if !proposal.is_empty() {
        w.fact(canvas, "Probe", &proposal, Slot::Head);
    }
    w.to_kept();
    w.divide(canvas);
    for b in keys {
        canvas.right(w.area.x + 7, w.y, 5, &b.key_name().unwrap_or_default(), Slot::Key);
        let fits = match (b.action, &o.proposal) {
            (Action::Done, Some((Answer::Holds, _))) | (Action::NotDone, Some((Answer::Fails, _))) => {
                "   ← the probe says so"
            }
            _ => "",
        };
        let label = match (b.action, o.holds) {
            (Action::DoIt, true) => "go on: the next value is set…",
            (Action::Skip, true) => "stay here: the ramp ends with this value…",
            _ => b.label,
        };
        w.text(canvas, 8, &format!("{label}{fits}"), Slot::Text);
    }
    w.buttons(canvas, "Not now", None);
}

/// What a probe's word on an unknown step comes to.
pub fn proposes(answer: Answer, seen: &str) -> String {
    match answer {
        Answer::Holds => format!("says DONE: {seen}"),
        Answer::Fails => format!("says NOT DONE: {seen}"),
        Answer::Blind => format!("cannot say: {seen}"),
    }
}
