//! What runs are judged by, and how the one here stands.

use super::{fact, first, nothing};
use crate::session::view::guide::{GoalView, Stand};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::{row, rows};
use ratatui::layout::Rect;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (view, ui) = (scene.view, scene.ui);
    let all = rows(ui, view);
    let note = match &view.book.judged {
        Some((title, true)) => format!("judged now: {title}"),
        Some((title, false)) => format!("the last run: {title}"),
        None => "no run yet".into(),
    };
    canvas.rule(area.x, area.y, area.width, "Objectives", &note, true);
    let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if view.book.objectives.is_empty() {
        nothing(
            canvas,
            below,
            &[
                "The playbook says not what a run is judged by.",
                "[objectives.rto]  title = \"RTO\", from = \"firing\", to = \"verified\", within = \"10m\": each run is measured against it, on screen and in its report.",
            ],
        );
        return;
    }
    if all.is_empty() {
        return nothing(canvas, below, &["Nothing is found: Esc in / shows all again."]);
    }
    let room = area.height.saturating_sub(7).max(1) as usize;
    let cursor = ui.guide.at(all.len());
    let from = first(cursor, all.len(), room);
    let wide = if area.width >= 110 { 40 } else { 26 };
    let mut y = area.y + 1;
    for (i, at) in all.iter().enumerate().skip(from).take(room) {
        let Some(goal) = view.book.objectives.get(*at) else { continue };
        let here = i == cursor;
        let (mark, slot, text) = match &goal.found {
            Some(found) => other(found, goal.stand.as_ref()),
            None => stand(goal.within_ms, goal.stand.as_ref()),
        };
        canvas.put(area.x + 1, y, 1, if here { "▸" } else { " " }, Slot::Accent);
        canvas.put(area.x + 4, y, wide, &goal.title, if here { Slot::Head } else { Slot::Text });
        let x = area.x + 5 + wide;
        let allowed = match &goal.found {
            Some(_) => String::new(),
            None => format!("in {}", format::length(goal.within_ms)),
        };
        canvas.put(x, y, 14, &allowed, Slot::Text);
        if view.book.judged.is_some() {
            canvas.put(x + 15, y, 2, mark, slot);
            canvas.put(x + 18, y, area.right().saturating_sub(x + 19), &text, slot);
        }
        y += 1;
    }
    if let Some(goal) = row(ui, view).and_then(|at| view.book.objectives.get(at)) {
        detail(canvas, Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area }, goal);
    }
}

fn detail(canvas: &mut Canvas<'_>, area: Rect, goal: &GoalView) {
    if area.height == 0 {
        return;
    }
    canvas.rule(area.x, area.y, area.width, &goal.title, "", false);
    let y = match &goal.found {
        Some(_) => fact(canvas, area, area.y + 1, ("Asks", &goal.span), Slot::Text),
        None => {
            let counts = format!("{}, at most {}", goal.span, format::length(goal.within_ms));
            fact(canvas, area, area.y + 1, ("Counts", &counts), Slot::Text)
        }
    };
    let of = if goal.procedures.is_empty() { "every procedure".into() } else { goal.procedures.join(", ") };
    fact(canvas, area, y, ("For", &of), Slot::Text);
}

/// The same of what is not about time.
fn other(found: &str, stand: Option<&Stand>) -> (&'static str, Slot, String) {
    let Some(stand) = stand else { return ("  ", Slot::Dim, "not judged by this run".into()) };
    match stand.kept {
        Some(true) => ("✓ ", Slot::Ok, format!("KEPT, {found}")),
        Some(false) => ("!!", Slot::Critical, format!("MISSED, {found}")),
        None if found.is_empty() => ("  ", Slot::Dim, "not judged yet".into()),
        None => ("? ", Slot::Text, found.to_owned()),
    }
}

/// Mark, colour and words of how a run stands.
fn stand(within: u64, stand: Option<&Stand>) -> (&'static str, Slot, String) {
    let Some(stand) = stand else { return ("  ", Slot::Dim, "not judged by this run".into()) };
    let Some(took) = stand.took_ms else { return ("  ", Slot::Dim, "not begun to count".into()) };
    let of = format!("{} of {}", format::elapsed(took), format::elapsed(within));
    match stand.kept {
        Some(true) => ("✓ ", Slot::Ok, format!("KEPT, {of}")),
        Some(false) if took > within => {
            ("!!", Slot::Critical, format!("MISSED by {}, {of}", format::elapsed(took - within)))
        }
        Some(false) => ("!!", Slot::Critical, format!("NOT REACHED, the run ended after {of}")),
        None if stand.provisional => ("* ", Slot::Text, format!("{of}, if it stays so")),
        None if took * 5 > within * 4 => ("! ", Slot::Warn, format!("{of}, it runs")),
        None => ("▸ ", Slot::Text, format!("{of}, it runs")),
    }
}
