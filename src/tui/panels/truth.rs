//! What is true of a run now: requested, applied, observed, verified, each only once it is known. And its objectives.

use crate::model::time::Now;
use crate::run::view::RunView;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Rows that [`draw`] needs.
pub const ROWS: u16 = 5;

/// Rule and four rows. Returns the row below.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) -> u16 {
    if area.height < 2 {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "What is true now", "", false);
    let by = format!("by {}", run.who);
    let rows: [(&str, &str, Option<&Now>, String, Slot); 4] = [
        ("> ", "requested", Some(&run.requested), by, Slot::Text),
        ("+ ", "applied", run.applied.as_ref(), "commands done".into(), Slot::Text),
        ("* ", "observed", run.observed.as_ref(), "effect seen".into(), Slot::Text),
        ("✓ ", "verified", run.verified.as_ref(), "criteria held".into(), Slot::Ok),
    ];
    // What was verified and taken back is not verified now.
    let drifted = run.drifted.as_ref().map(|(at, _)| format::clock(at.wall, &scene.ui.zone));
    let half = area.width / 2;
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
                canvas.put(x + 15, y, 20, "not yet", Slot::Dim);
            }
        }
        if let Some(o) = run.objectives.get(at) {
            let now = run.ended.as_ref().unwrap_or(&scene.view.now);
            let (mark, slot, word) = match o.kept(now) {
                Some(true) => ("✓ ", Slot::Ok, "kept"),
                Some(false) => ("!!", Slot::Critical, "MISSED"),
                None if o.provisional => ("  ", Slot::Text, "if it holds"),
                None => ("  ", Slot::Text, ""),
            };
            let took = o.took(now).map_or("-".into(), format::elapsed);
            let text = format!("{took} of {}  {word}", format::elapsed(o.within_ms));
            canvas.put(x + half + 1, y, 2, mark, slot);
            let at = canvas.right(
                area.right().saturating_sub(1),
                y,
                half.saturating_sub(5),
                text.trim_end(),
                Slot::Text,
            );
            canvas.put(x + half + 4, y, at.saturating_sub(x + half + 5), &o.title, Slot::Text);
        }
        y += 1;
    }
    y
}
