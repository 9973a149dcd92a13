//! What to do when all else fails: the procedures with their cost, the playbook's own words, and what is so right now.

use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::{run_line, verdict};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    let width = area.width.saturating_sub(2);
    canvas.rule(area.x, area.y, area.width, "EMERGENCY: what you can do now", "", true);
    let mut y = area.y + 2;
    let bottom = area.bottom().saturating_sub(5);
    let mut sorted: Vec<_> = view.procedures.iter().filter(|p| p.key.is_some()).collect();
    sorted.sort_by_key(|p| (!p.suggested, p.duration_ms));
    let words = view.emergency.as_ref().map_or(0, |t| t.lines().count()) + view.links.len() + 1;
    let blank = sorted.len() * 3 + words + 7 <= area.height as usize;
    for p in sorted {
        if y + 1 >= bottom {
            break;
        }
        canvas.put(area.x + 1, y, 5, if p.suggested { "fits" } else { "" }, Slot::Pending);
        canvas.put(area.x + 7, y, 1, &p.key.map(String::from).unwrap_or_default(), Slot::Key);
        let cost = |text: &str, none: &str, some: &str| match text {
            "" | "none" => none.to_string(),
            t => format!("{t} {some}"),
        };
        let text = format!(
            "{} · {} · {}",
            format::length(p.duration_ms),
            cost(&p.downtime, "no downtime", "down"),
            cost(&p.data_loss, "no data loss", "lost"),
        );
        let end = canvas.right(area.right().saturating_sub(1), y, width / 2, &text, Slot::Text);
        canvas.put(area.x + 11, y, end.saturating_sub(area.x + 12), &p.title, Slot::Head);
        y += 1;
        if !p.use_when.is_empty() && y < bottom {
            canvas.put(area.x + 11, y, width.saturating_sub(10), &p.use_when, Slot::Dim);
            y += 1;
        }
        y += u16::from(blank);
    }
    let mut lines: Vec<String> = Vec::new();
    for line in view.emergency.iter().flat_map(|t| t.lines()) {
        lines.extend(wrap(line, width as usize));
    }
    lines.extend(view.links.iter().map(|(title, url)| format!("{title}: {url}")));
    if !lines.is_empty() && y + 1 < bottom {
        canvas.rule(
            area.x,
            y,
            area.width,
            "If nothing here works",
            if lines.len() as u16 > bottom - y - 1 { "↓ for more" } else { "" },
            false,
        );
        y += 1;
        let room = (bottom - y) as usize;
        let first = scene.ui.scroll.min(lines.len().saturating_sub(room));
        for line in lines.iter().skip(first).take(room) {
            canvas.put(area.x + 1, y, width, line, Slot::Text);
            y += 1;
        }
    }
    let y = area.bottom().saturating_sub(4);
    canvas.rule(area.x, y, area.width, "Right now", "", false);
    let (mark, slot) = verdict::gravity(view.verdict.gravity);
    canvas.put(area.x + 1, y + 1, 2, mark, slot);
    let run = match &view.run {
        Some(run) if run_line::is_live(run) => format!("{} runs, by {}: 4 shows it", run.title, run.who),
        _ => "no run, the lock is free".into(),
    };
    canvas.put(
        area.x + 4,
        y + 1,
        width.saturating_sub(3),
        &format!("{} · {run}", view.verdict.word),
        Slot::Text,
    );
    let text = "Without this screen:  ripcord run PROCEDURE";
    canvas.put(area.x + 4, y + 2, width.saturating_sub(3), text, Slot::Dim);
    let text = format!("Records: {}", view.state_dir);
    canvas.put(area.x + 4, y + 3, width.saturating_sub(3), &text, Slot::Dim);
}
