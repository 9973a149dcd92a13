//! What is true of a run now: requested, applied, observed, verified, each only once it is known. And its objectives.

use crate::model::time::Now;
use crate::run::view::{RunView, StepState, StepView, between};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::objectives;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// The last step that changed something and stands there, or, in `short`, what is true in general.
fn by_step(run: &RunView, general: &str, observed: bool, short: bool) -> String {
    if short {
        return general.into();
    }
    let counts = |s: &&StepView| match observed {
        true => s.state == StepState::Observed,
        false => matches!(s.state, StepState::Applied | StepState::Observed),
    };
    let acts = |s: &&StepView| !matches!(s.kind, "verify" | "check" | "wait" | "hold" | "ask" | "capture");
    match run.steps.iter().rev().filter(acts).find(counts) {
        Some(s) if !s.detail.is_empty() => format!("{}: {}", s.name, s.detail),
        _ => general.into(),
    }
}

/// Milliseconds that the criteria have to hold still, while they all do.
fn to_go(run: &RunView, now: &Now) -> Option<u64> {
    let v = run.verification.as_ref().filter(|_| run.ended.is_none())?;
    Some(v.stable_ms.saturating_sub(between(v.stable_since.as_ref()?, now)))
}

/// Rows that [`draw`] needs.
pub const ROWS: u16 = 5;

/// Rule and four rows; beside them the objectives and what comes after, where they do not stand elsewhere. Returns the row
/// below.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView, beside: bool) -> u16 {
    if area.height < 2 {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "What is true now", "", false);
    let by = format!("by {}", run.who);
    let rows: [(&str, &str, Option<&Now>, String, Slot); 4] = [
        ("> ", "requested", Some(&run.requested), by, Slot::Text),
        ("+ ", "applied", run.applied.as_ref(), by_step(run, "commands done", false, beside), Slot::Text),
        ("* ", "observed", run.observed.as_ref(), by_step(run, "effect seen", true, beside), Slot::Text),
        ("✓ ", "verified", run.verified.as_ref(), "criteria held".into(), Slot::Ok),
    ];
    // What was verified and taken back is not verified now.
    let drifted = run.drifted.as_ref().map(|(at, _)| format::clock(at.wall, &scene.ui.zone));
    let half = if beside { area.width / 2 } else { area.width };
    let mut y = area.y + 1;
    for (at, (mark, word, when, text, slot)) in rows.into_iter().enumerate() {
        if y >= area.bottom() {
            return y;
        }
        let x = area.x;
        match when {
            Some(when) => {
                let taken_back = drifted.as_ref().filter(|_| word == "verified");
                let (mark, text) = match taken_back {
                    Some(at) => ("! ", format!("until {at}: DRIFTED")),
                    None => (mark, text),
                };
                let slot = if taken_back.is_some() { Slot::Critical } else { slot };
                canvas.put(x + 1, y, 2, mark, slot);
                canvas.put(x + 4, y, 10, word, Slot::Text);
                canvas.put(x + 15, y, 8, &format::clock(when.wall, &scene.ui.zone), Slot::Text);
                canvas.put(x + 25, y, (x + half).saturating_sub(x + 26), &text, Slot::Dim);
            }
            None => {
                canvas.put(x + 4, y, 10, word, Slot::Dim);
                let to_go = to_go(run, &scene.view.now).filter(|_| word == "verified");
                let text =
                    to_go.map_or("not yet".into(), |ms| format!("not yet, {} to go", format::countdown(ms)));
                canvas.put(x + 15, y, (x + half).saturating_sub(x + 16), &text, Slot::Dim);
            }
        }
        if let Some(o) = run.objectives.get(at).filter(|_| beside) {
            let now = run.ended.as_ref().unwrap_or(&scene.view.now);
            let (mark, slot, word) = match o.kept(now) {
                Some(true) => ("✓ ", Slot::Ok, "kept"),
                Some(false) => ("!!", Slot::Critical, "MISSED"),
                None if o.provisional => ("  ", Slot::Text, "if it holds"),
                None => ("  ", Slot::Text, ""),
            };
            let took = o.took(now).map_or("-".into(), format::elapsed);
            let text = match &o.other {
                Some(other) if word.is_empty() => other.found.clone(),
                Some(_) => word.to_owned(),
                None => format!("{took} of {}  {word}", format::elapsed(o.within_ms)),
            };
            canvas.put(x + half + 1, y, 2, mark, slot);
            let at = canvas.right(
                area.right().saturating_sub(1),
                y,
                half.saturating_sub(5),
                text.trim_end(),
                Slot::Text,
            );
            canvas.put(x + half + 4, y, at.saturating_sub(x + half + 5), &o.title, Slot::Text);
        } else if let Some(text) =
            objectives::then(scene, run).filter(|_| beside && at == run.objectives.len())
        {
            canvas.put(x + half + 1, y, 2, "! ", Slot::Warn);
            canvas.put(x + half + 4, y, half.saturating_sub(5), &text, Slot::Text);
        }
        y += 1;
    }
    y
}
