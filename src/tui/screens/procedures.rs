//! What can be done, what it costs, and the plan of one, resolved but not started.

use crate::session::view::{DraftView, ProcedureView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::verdict;
use crate::tui::theme::Slot;
use crate::tui::ui::draft_of;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let all = &scene.view.procedures;
    let end = area.right().saturating_sub(1);
    canvas.rule(area.x, area.y, area.width, "Procedures", "", true);
    // Columns from the right: last, data loss, downtime, time.
    let widths = [("time", 10u16), ("downtime", 10), ("data loss", 14), ("last", 14)];
    let mut columns = Vec::new();
    let mut x = end;
    for (title, width) in widths.iter().rev() {
        x = x.saturating_sub(*width);
        columns.insert(0, (x, *width));
        canvas.put(x.saturating_sub(1), area.y, *width, &format!(" {title} "), Slot::Dim);
    }
    let rows =
        (all.len() as u16).min(area.height.saturating_sub(8).max(3)).min(area.height.saturating_sub(1));
    let first = (scene.ui.procedure + 1).saturating_sub(rows as usize);
    let mut y = area.y + 1;
    for (at, p) in all.iter().enumerate().skip(first).take(rows as usize) {
        row(canvas, area.x, y, p, at == scene.ui.procedure, &columns);
        y += 1;
    }
    if all.is_empty() {
        canvas.put(
            area.x + 4,
            y,
            area.width.saturating_sub(5),
            "The playbook has no procedure for this environment.",
            Slot::Text,
        );
        y += 1;
    }
    let below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    match scene.ui.plan.as_deref().or(all.get(scene.ui.procedure).map(|p| p.id.as_str())) {
        Some(id) if scene.ui.plan.is_some() => match draft_of(scene.view, id) {
            Some(d) if !d.resolving => plan(canvas, below, d),
            _ => note(
                canvas,
                below,
                "Plan",
                "resolving… The probes are asked and the targets frozen. Nothing has been started.",
            ),
        },
        Some(id) => {
            if let Some(p) = all.iter().find(|p| p.id == id) {
                about(canvas, below, p);
            }
        }
        None => {}
    }
}

fn row(canvas: &mut Canvas<'_>, x: u16, y: u16, p: &ProcedureView, on: bool, columns: &[(u16, u16)]) {
    if on {
        canvas.put(x + 1, y, 1, "▸", Slot::Accent);
    }
    canvas.put(x + 3, y, 1, &p.key.map(String::from).unwrap_or_default(), Slot::Key);
    let room = columns.first().map_or(20, |c| c.0.saturating_sub(x + 6));
    let ink = if p.suggested { Slot::Head } else { Slot::Text };
    let after = canvas.put(x + 5, y, room, &p.title, ink);
    if p.suggested && after + 12 < x + 5 + room {
        canvas.put(after + 2, y, 10, "← it fits", Slot::Pending);
    }
    let last = match &p.last {
        Some((how, ago)) => format!("{how} {}", format::age(*ago)),
        None => "never".into(),
    };
    let none = |t: &str| if t.is_empty() { "none".to_string() } else { t.to_string() };
    let cells = [format::length(p.duration_ms), none(&p.downtime), none(&p.data_loss), last];
    for ((at, width), text) in columns.iter().zip(cells) {
        let slot = if text == "none" || text == "never" { Slot::Dim } else { Slot::Text };
        canvas.put(*at, y, width.saturating_sub(1), &text, slot);
    }
}

fn note(canvas: &mut Canvas<'_>, area: Rect, title: &str, text: &str) {
    if area.height < 2 {
        return;
    }
    canvas.rule(area.x, area.y, area.width, title, "", false);
    for (row, line) in wrap(text, area.width.saturating_sub(2) as usize).iter().enumerate() {
        if area.y + 1 + (row as u16) < area.bottom() {
            canvas.put(area.x + 1, area.y + 1 + row as u16, area.width.saturating_sub(2), line, Slot::Text);
        }
    }
}

fn about(canvas: &mut Canvas<'_>, area: Rect, p: &ProcedureView) {
    let text = if p.use_when.is_empty() {
        String::new()
    } else {
        format!("When: {}. ", p.use_when.trim_end_matches('.'))
    };
    let key = p.key.map(|k| format!(" {k} opens its confirmation.")).unwrap_or_default();
    note(canvas, area, &p.title, &format!("{text}Enter resolves its plan and starts nothing.{key}"));
}

fn plan(canvas: &mut Canvas<'_>, area: Rect, d: &DraftView) {
    if area.height < 2 {
        return;
    }
    let note = format!("nothing has been started · good for {}", format::countdown(d.expires_ms));
    canvas.rule(area.x, area.y, area.width, &format!("Plan: {}", d.title), &note, false);
    let (mut y, width) = (area.y + 1, area.width.saturating_sub(2));
    let line = |canvas: &mut Canvas<'_>, y: &mut u16, indent: u16, text: &str, slot| {
        if *y < area.bottom() {
            canvas.put(area.x + 1 + indent, *y, width.saturating_sub(indent), text, slot);
            *y += 1;
        }
    };
    let blocked = d.is_blocked().then(|| "a check before the start does not hold".to_string());
    let proof = if d.proved { format!("Where  {}  ✓", d.proof) } else { format!("Where  {}", d.proof) };
    line(canvas, &mut y, 0, &proof, if d.proved { Slot::Text } else { Slot::Warn });
    if !(d.from.is_empty() && d.to.is_empty()) {
        line(canvas, &mut y, 0, &format!("From   {} → {}", d.from, d.to), Slot::Head);
    }
    let asked: Vec<&str> = d.params.iter().filter(|p| p.chosen.is_none()).map(|p| p.title.as_str()).collect();
    if !asked.is_empty() && d.steps.is_empty() {
        let text =
            format!("ASKS FIRST for {}. Enter opens the choice; nothing is started.", asked.join(", "));
        line(canvas, &mut y, 0, &text, Slot::Pending);
    }
    for (word, why) in [("REFUSED", &d.refused), ("BLOCKED", &blocked), ("ALREADY DONE", &d.already)] {
        if let Some(why) = why {
            line(canvas, &mut y, 0, &format!("{word}: {why}"), Slot::Critical);
        }
    }
    let notes = d.notes.len().min(3) as u16;
    let stop = area.bottom().saturating_sub(notes);
    for (at, (number, name, command)) in d.steps.iter().enumerate() {
        let left = d.steps.len() - at;
        if y + 1 >= stop && left > 1 {
            line(canvas, &mut y, 3, &format!("{left} more; its key shows all of them"), Slot::Dim);
            break;
        }
        canvas.put(area.x + 1, y, 3, &number.to_string(), Slot::Dim);
        canvas.put(area.x + 4, y, 21, name, Slot::Text);
        for part in chop(command, width.saturating_sub(26) as usize) {
            if y < stop {
                line(canvas, &mut y, 25, &part, Slot::Head);
            }
        }
    }
    y = y.max(stop.min(y + 1));
    for (gravity, text) in d.notes.iter().take(notes as usize) {
        let (mark, slot) = verdict::gravity(*gravity);
        if y < area.bottom() {
            canvas.put(area.x + 1, y, 2, mark, slot);
        }
        line(canvas, &mut y, 3, text, Slot::Text);
    }
}
