//! The traffic that a run wants and what is seen of it, what the run is judged by, and what is to be done after it.

use crate::model::playbook::Moment;
use crate::run::view::RunView;
use crate::session::view::ChecklistView;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::traffic;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

fn after<'v>(scene: &Scene<'v>) -> Vec<&'v ChecklistView> {
    let all = scene.view.checklists.iter();
    all.filter(|c| c.moment == Some(Moment::After) && !c.items.is_empty()).collect()
}

/// `then 12 items, first in 55 min`: what waits for people once the run is over.
pub fn then(scene: &Scene<'_>, run: &RunView) -> Option<String> {
    let all = after(scene);
    let listed: usize = all.iter().map(|c| c.done()).map(|(done, of)| of - done).sum();
    let open = listed + run.skips.len();
    let first = all.iter().filter(|c| c.done().0 < c.items.len()).filter_map(|c| c.due_ms).min();
    let due = match first {
        Some(ms @ 0..) => format!(", first in {}", format::length(ms.unsigned_abs())),
        Some(ms) => format!(", OVERDUE by {}", format::length(ms.unsigned_abs())),
        None => String::new(),
    };
    let items = if open == 1 { "item" } else { "items" };
    (open > 0).then(|| format!("then {open} {items}{due}"))
}

/// The sections that [`draw`] has something for: title and rows.
fn sections(scene: &Scene<'_>, run: &RunView) -> [u16; 3] {
    let rows = |n: usize| if n == 0 { 0 } else { n as u16 + 1 };
    let skipped = usize::from(!run.skips.is_empty());
    [rows(traffic::rows(scene).into()), rows(run.objectives.len()), rows(after(scene).len() + skipped)]
}

/// Rows that [`draw`] would like to have.
pub fn rows(scene: &Scene<'_>, run: &RunView) -> u16 {
    sections(scene, run).iter().sum()
}

/// Traffic, objectives with their clocks, then the checklists of afterwards.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    let [split, judged, later] = sections(scene, run);
    let (mut y, end) = (area.y, area.right().saturating_sub(1));
    if split > 0 {
        canvas.rule(area.x, y, area.width, "Traffic", "", false);
        traffic::draw(canvas, Rect { y: y + 1, height: split - 1, ..area }, scene);
        y += split;
    }
    if judged > 0 && y < area.bottom() {
        canvas.rule(area.x, y, area.width, "Objectives", "", false);
        y += 1;
    }
    let now = run.ended.as_ref().unwrap_or(&scene.view.now);
    for o in &run.objectives {
        if y >= area.bottom() {
            return;
        }
        let (mark, slot, word) = match o.kept(now) {
            Some(true) => ("✓ ", Slot::Ok, "kept"),
            Some(false) => ("!!", Slot::Critical, "MISSED"),
            None if o.provisional => ("  ", Slot::Text, "if it holds"),
            None => ("  ", Slot::Text, ""),
        };
        canvas.put(area.x + 1, y, 2, mark, slot);
        let took = o.took(now).map_or("-".into(), format::elapsed);
        let (of, text) = match &o.other {
            Some(other) => (other.found.clone(), word.to_owned()),
            None => (format!("of {}", format::elapsed(o.within_ms)), format!("{took}  {word}")),
        };
        let of = canvas.right(end, y, if o.other.is_some() { area.width / 3 } else { 12 }, &of, Slot::Dim);
        let at = canvas.right(of.saturating_sub(2), y, 20, text.trim_end(), Slot::Text);
        canvas.put(area.x + 4, y, at.saturating_sub(area.x + 5), &o.title, Slot::Text);
        y += 1;
    }
    if later == 0 || y + 1 >= area.bottom() {
        return;
    }
    let over = run.ended.is_some();
    let note = if over { "" } else { "due from its end" };
    canvas.rule(area.x, y, area.width, "After", note, false);
    y += 1;
    if !run.skips.is_empty() {
        let text = format!("Left out as an emergency: {}", run.skips.join(" · "));
        canvas.put(area.x + 1, y, 3, "[ ]", Slot::Warn);
        canvas.put(area.x + 5, y, end.saturating_sub(area.x + 5), &text, Slot::Warn);
        y += 1;
    }
    for c in after(scene) {
        if y >= area.bottom() {
            return;
        }
        let (done, of) = c.done();
        canvas.put(area.x + 1, y, 3, if done == of { "[x]" } else { "[ ]" }, Slot::Text);
        let (due, slot) = match c.due_ms.filter(|_| done < of) {
            Some(ms @ 0..) => (format!("  in {}", format::length(ms.unsigned_abs())), Slot::Dim),
            Some(ms) => (format!("  OVERDUE by {}", format::length(ms.unsigned_abs())), Slot::Critical),
            None => (String::new(), Slot::Dim),
        };
        let end = canvas.right(end, y, 20, &due, slot);
        let at = canvas.right(end, y, 18, &format!("{of} items, {done} done"), Slot::Text);
        canvas.put(area.x + 5, y, at.saturating_sub(area.x + 6), &c.title, Slot::Text);
        y += 1;
    }
}
