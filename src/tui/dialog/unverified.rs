//! A run whose criteria did not hold in time, or whose target is no longer what was verified: four ways out.

use super::window::{Window, wrap};
use crate::run::record::Answer;
use crate::run::view::RunView;
use crate::session::view::{ProcedureView, View};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::criteria;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// The procedure that comes next: the one that fits what fires, else the next one of the playbook's order.
pub fn next<'v>(view: &'v View, run: &RunView) -> Option<&'v ProcedureView> {
    let undo = run.undo.as_ref().map(|(id, _)| id.as_str());
    let offered = |p: &&ProcedureView| p.id != view.run_facts.procedure && Some(p.id.as_str()) != undo;
    let at = view.procedures.iter().position(|p| p.id == view.run_facts.procedure).map_or(0, |at| at + 1);
    let behind = view.procedures.iter().skip(at).chain(view.procedures.iter().take(at));
    view.procedures.iter().filter(|p| p.suggested).find(offered).or_else(|| {
        let mut behind = behind;
        behind.find(offered)
    })
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    let Some(run) = &view.run else { return };
    let width = 76.min(body.width.saturating_sub(2));
    let room = width as usize - 4;
    let title = match (&run.drifted, &run.verification) {
        (Some(_), _) => "DRIFTED: the target is no longer what was verified".to_string(),
        (None, Some(v)) => format!(
            "NOT VERIFIED: criteria did not hold within {}",
            format::length(v.deadline.length.max(1000) / 1000 * 1000)
        ),
        (None, None) => "NOT VERIFIED: the procedure verifies nothing".to_string(),
    };
    let mut facts: Vec<(&str, String, Slot)> = Vec::new();
    if let Some((at, why)) = &run.drifted {
        let at = format::clock(at.wall, &scene.ui.zone);
        facts.push(("!!", format!("since {at}: {why}. Somebody or something took it back."), Slot::Critical));
    } else {
        let done = if run.observed.is_some() { "Applied and observed. But:" } else { "Applied. But:" };
        facts.push(("  ", done.to_string(), Slot::Text));
    }
    let criteria = run.verification.iter().flat_map(|v| &v.criteria);
    let mut hold = 0;
    for c in criteria {
        match c.truth {
            Answer::Holds => hold += 1,
            Answer::Fails if run.drifted.is_none() => {
                let text = format!("{}   {}", c.text, criteria::seen(&c.value, c.truth));
                facts.push(("!!", text, Slot::Critical));
            }
            Answer::Blind if run.drifted.is_none() => {
                let since = c.since.as_ref().map(|s| crate::run::view::between(s, &view.now));
                let blind = since.map(|ms| format!(", blind for {}", format::held(ms))).unwrap_or_default();
                let text = format!("{}   {}{blind}", c.text, criteria::seen(&c.value, c.truth));
                facts.push(("~ ", text, Slot::Stale));
            }
            _ => {}
        }
    }
    if hold > 0 && run.drifted.is_none() {
        let others = if hold == 1 { "1 other holds".to_string() } else { format!("{hold} others hold") };
        facts.push(("✓ ", others, Slot::Text));
    }
    let ways = ways(view, run);
    let told: Vec<String> = run
        .paged
        .iter()
        .map(|(at, who, detail, ok)| {
            let how = if *ok { "" } else { "NOT " };
            format!("{} was {how}told at {}: {detail}", who, format::clock(at.wall, &scene.ui.zone))
        })
        .collect();
    let rows: usize = facts.iter().map(|(_, t, _)| wrap(t, room - 4).len()).sum();
    let height = (rows + told.len() + ways.len()) as u16 + 8;
    let mut w = Window::open(canvas, body, width, height, &title);
    w.kept = ways.len() as u16 + 4;
    if w.left() as usize > rows + told.len() {
        w.gap();
    }
    w.kept = ways.len() as u16 + 4;
    for (mark, text, slot) in &facts {
        for (row, line) in wrap(text, room - 4).iter().enumerate() {
            if row == 0 && w.left() > 0 {
                canvas.put(w.area.x + 2, w.y, 2, mark, *slot);
            }
            w.text(canvas, 4, line, Slot::Text);
        }
    }
    for line in &told {
        w.text(canvas, 4, line, Slot::Dim);
    }
    w.to_kept();
    w.text(canvas, 0, "It is \"applied\", not \"verified\", and stays open until you say:", Slot::Head);
    w.divide(canvas);
    for (key, what, cost) in &ways {
        canvas.put(w.area.x + 6, w.y, 1, key, Slot::Key);
        let y = w.y;
        let end = w.area.right().saturating_sub(3);
        let at = match canvas.width_of(what) + canvas.width_of(cost) + 12 < width {
            true => canvas.right(end, y, 30, cost, Slot::Dim),
            false => end,
        };
        canvas.put(w.area.x + 10, y, at.saturating_sub(w.area.x + 11), what, Slot::Text);
        w.gap();
    }
    w.buttons(canvas, "Keep watching", None);
}

/// Key, what it does, and what that costs.
fn ways(view: &View, run: &RunView) -> Vec<(&'static str, String, String)> {
    let mut out = Vec::new();
    if let Some(p) = next(view, run) {
        let down = match p.downtime.as_str() {
            "" | "none" => String::new(),
            d => format!(", {d} down"),
        };
        out.push((
            "n",
            format!("next procedure: {}…", p.title),
            format!("{}{down}", format::length(p.duration_ms)),
        ));
    }
    if let Some((_, title)) = &run.undo {
        out.push(("u", "undo this one…".into(), title.clone()));
    }
    if let Some(who) = &run.next_rung {
        out.push(("p", "page the next rung…".into(), who.clone()));
    }
    out.push(("a", "accept as it is, with a reason…".into(), "ends \"applied, unverified\"".into()));
    out.push(("e", "end the run, not accepted…".into(), "ends \"abandoned\"".into()));
    out
}
