//! Triggers with their progress, most advanced first.

use crate::session::view::{TriggerState, TriggerView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::charts::TRIGGERS;
use ratatui::layout::Rect;

/// Mark and colour of a trigger. One that fires below the row in force is not what to look at first.
pub fn look(scene: &Scene<'_>, t: &TriggerView) -> (&'static str, Slot) {
    let in_force = |id: &String| scene.view.severities.iter().any(|s| s.in_force && s.id == *id);
    match t.state {
        TriggerState::Unknown => ("? ", Slot::Unknown),
        TriggerState::Inactive => ("· ", Slot::Dim),
        TriggerState::Pending { .. } => ("» ", Slot::Pending),
        TriggerState::Firing { .. } if t.held == Some("cools") => ("= ", Slot::Warn),
        TriggerState::Firing { .. } if t.held == Some("stops") => ("^ ", Slot::Critical),
        TriggerState::Firing { .. } if t.blind => ("»!", Slot::Unknown),
        TriggerState::Firing { .. } if t.severity.as_ref().is_none_or(in_force) => ("»!", Slot::Critical),
        TriggerState::Firing { .. } => ("»!", Slot::Warn),
    }
}

/// The title, with its severity row when it does not say it already.
pub fn name(t: &TriggerView) -> String {
    match &t.severity {
        Some(s) if !t.title.contains(s.as_str()) => format!("{} ({s})", t.title),
        _ => t.title.clone(),
    }
}

/// One row each; what does not fit is counted. With `parts`, the parts of what is pending or firing stand below it.
pub fn rows(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, parts: bool) {
    let triggers = &scene.view.triggers;
    let name_width = (area.width / 3).clamp(10, 24);
    let (mut y, end) = (area.y, area.right());
    let focus = scene.focus(TRIGGERS);
    let at = scene.ui.charts.trigger.min(triggers.len().saturating_sub(1));
    // The cursor stays in sight.
    let first = if focus { (at + 2).saturating_sub(area.height.into()).min(at) } else { 0 };
    for (i, t) in triggers.iter().enumerate().skip(first) {
        let left = triggers.len() - i;
        if y + 1 == area.bottom() && left > 1 {
            let rest = &triggers[i..];
            let all = |s: fn(&TriggerState) -> bool| rest.iter().all(|t| s(&t.state));
            let what = if all(|s| matches!(s, TriggerState::Inactive)) {
                "are quiet"
            } else if all(|s| matches!(s, TriggerState::Unknown)) {
                "are unknown"
            } else {
                "below"
            };
            canvas.put(area.x + 1, y, 2, "· ", Slot::Dim);
            canvas.put(
                area.x + 4,
                y,
                area.width.saturating_sub(4),
                &format!("{left} more {what}"),
                Slot::Dim,
            );
            return;
        }
        if y >= area.bottom() {
            return;
        }
        row(canvas, Rect { y, height: 1, ..area }, scene, t, name_width);
        if focus && i == at {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        y += 1;
        let lit = matches!(t.state, TriggerState::Pending { .. } | TriggerState::Firing { .. });
        if !(parts && lit) {
            continue;
        }
        for (text, value, truth) in &t.parts {
            // Keep a row for each trigger that is still to come, as far as that is possible.
            if usize::from(area.bottom() - y) <= (left - 1).min(3) {
                break;
            }
            let slot = match truth.as_str() {
                "unknown" => Slot::Unknown,
                "true" => Slot::Text,
                _ => Slot::Dim,
            };
            let at = end.saturating_sub(8);
            canvas.put(at, y, 7, truth, slot);
            canvas.right(at.saturating_sub(2), y, 9, value, slot);
            canvas.put(area.x + 6, y, at.saturating_sub(area.x + 18), text, slot);
            y += 1;
        }
    }
}

fn row(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, t: &TriggerView, name_width: u16) {
    let (x, y, end) = (area.x, area.y, area.right());
    let (mark, slot) = look(scene, t);
    let ink = if t.state == TriggerState::Inactive { Slot::Dim } else { Slot::Text };
    canvas.put(x + 1, y, 2, mark, slot);
    let mode = t.held.unwrap_or(&t.mode);
    let mode_at = canvas.right(end, y, 6, mode, if mode == "ARMED" { Slot::Pending } else { ink });
    let at = x + 4 + name_width + 1;
    canvas.put(x + 4, y, name_width, &name(t), ink);
    let room = mode_at.saturating_sub(at + 1);
    match t.state {
        TriggerState::Unknown => canvas.put(at, y, room, "unknown", slot),
        TriggerState::Inactive => canvas.put(at, y, room, "quiet", slot),
        TriggerState::Firing { since } if t.blind => {
            let text = format!("FIRING {}, cannot resolve", format::age(since));
            let text = if canvas.width_of(&text) > room { "FIRING, cannot resolve".into() } else { text };
            canvas.put(at, y, room, &text, slot)
        }
        TriggerState::Firing { since } => {
            canvas.put(at, y, room, &format!("FIRING {}", format::age(since)), slot)
        }
        TriggerState::Pending { held, need } => {
            let text = format!("{}/{}", format::held(held), format::short(need));
            let after = canvas.put(at, y, room, &text, slot);
            let bar = (mode_at.saturating_sub(after + 2)).min(10);
            if bar >= 4 {
                canvas.bar(mode_at - 1 - bar, y, bar, held as f64 / need.max(1) as f64, slot);
            }
            after
        }
    };
}
