//! Why: what has evidence on the left (above, on a small screen), and the evidence of what the cursor is at.

use crate::engine::eval::Truth;
use crate::session::view::{View, WhyOf};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::{matrix, triggers, verdict};
use crate::tui::theme::Slot;
use crate::tui::ui::looked_at;
use ratatui::layout::Rect;

/// Cells of a label.
const LABEL: u16 = 10;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let all = looked_at(scene.view);
    let beside = area.width >= 110;
    let (list, rest) = match beside {
        true => {
            let list = Rect { width: 40, ..area };
            (list, Rect { x: area.x + 40, width: area.width - 40, ..area })
        }
        false => {
            let rows = (all.len() as u16 + 1).min(area.height / 3).max(3);
            let list = Rect { height: rows, ..area };
            (list, Rect { y: area.y + rows, height: area.height - rows, ..area })
        }
    };
    canvas.rule(list.x, list.y, list.width, "Why", "↑↓ chooses", true);
    let room = list.height.saturating_sub(1).max(1) as usize;
    let cursor = all.iter().position(|of| *of == scene.ui.why);
    let first = (cursor.unwrap_or(0) + 1).saturating_sub(room);
    for (row, (at, of)) in all.iter().enumerate().skip(first).take(room).enumerate() {
        let y = list.y + 1 + row as u16;
        if Some(at) == cursor {
            canvas.put(list.x + 1, y, 1, "▸", Slot::Accent);
        }
        entry(canvas, Rect { y, height: 1, ..list }, scene, of, Some(at) == cursor);
    }
    evidence(canvas, rest, scene, &scene.ui.why);
}

fn entry(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, of: &WhyOf, on: bool) {
    let view = scene.view;
    let (mark, slot, title, right) = match of {
        WhyOf::Verdict => {
            let (mark, slot) = verdict::gravity(view.verdict.gravity);
            (mark, slot, view.verdict.word.clone(), "verdict".to_string())
        }
        WhyOf::Matrix => ("  ", Slot::Text, "Stage matrix".into(), String::new()),
        WhyOf::Decision(clock) => {
            let title = view.decisions.iter().find(|d| d.clock == *clock).map(|d| d.title.clone());
            ("»!", Slot::Pending, title.unwrap_or_default(), "decision".into())
        }
        WhyOf::Trigger(id) => match view.triggers.iter().find(|t| t.id == *id) {
            Some(t) => {
                let (mark, slot) = triggers::look(scene, t);
                (mark, slot, triggers::name(t), t.mode.clone())
            }
            None => return,
        },
    };
    canvas.put(area.x + 3, area.y, 2, mark, slot);
    let end = canvas.right(area.right().saturating_sub(2), area.y, 10, &right, Slot::Dim);
    let ink = if on { Slot::Head } else { Slot::Text };
    canvas.put(area.x + 6, area.y, end.saturating_sub(area.x + 7), &title, ink);
}

fn name(view: &View, of: &WhyOf, title: &str) -> String {
    match of {
        WhyOf::Verdict => format!("{}: {}", view.verdict.word, view.verdict.text),
        WhyOf::Matrix => view.matrix.as_ref().map(matrix::title).unwrap_or_default(),
        WhyOf::Trigger(_) => title.to_owned(),
        WhyOf::Decision(_) => format!("Decision: {title}"),
    }
}

fn evidence(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, of: &WhyOf) {
    let view = scene.view;
    if area.height < 2 {
        return;
    }
    // What is on its way is not shown under another one's name.
    let why = view.why.as_ref().filter(|w| w.of == *of);
    let title = why.map(|w| w.title.as_str()).unwrap_or_default();
    canvas.rule(area.x, area.y, area.width, &name(view, of, title), "", false);
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if let (WhyOf::Matrix, Some(m)) = (of, &view.matrix) {
        return matrix::draw(canvas, inner, scene, m);
    }
    let Some(why) = why else { return };
    let (mut y, end) = (inner.y, inner.right().saturating_sub(1));
    let room = end.saturating_sub(inner.x + 1 + LABEL) as usize;
    for (label, text) in &why.facts {
        for (row, line) in wrap(text, room).iter().enumerate() {
            if y >= inner.bottom() {
                return;
            }
            if row == 0 {
                canvas.put(inner.x + 1, y, LABEL - 1, label, Slot::Dim);
            }
            canvas.put(inner.x + 1 + LABEL, y, room as u16, line, Slot::Text);
            y += 1;
        }
    }
    if why.rows.is_empty() || y + 1 >= inner.bottom() {
        return;
    }
    canvas.rule(
        inner.x,
        y,
        inner.width,
        "Parts",
        "true, false or unknown, with the age of the sample",
        false,
    );
    y += 1;
    let skipped = scene.ui.scroll.min(why.rows.len().saturating_sub(1));
    for (at, part) in why.rows.iter().enumerate().skip(skipped) {
        if y + 1 >= inner.bottom() && at + 1 < why.rows.len() {
            let text = format!("{} more parts", why.rows.len() - at);
            canvas.put(inner.x + 4, y, inner.width.saturating_sub(5), &text, Slot::Dim);
            return;
        }
        if y >= inner.bottom() {
            return;
        }
        let (mark, word, slot) = match part.truth {
            Some(Truth::True) => ("! ", "true", Slot::Head),
            Some(Truth::False) => ("· ", "false", Slot::Dim),
            Some(Truth::Unknown) => ("? ", "unknown", Slot::Unknown),
            None => ("  ", "", Slot::Text),
        };
        let age = part.age_ms.map(|ms| format!("{} old", format::held(ms))).unwrap_or_default();
        let x = inner.x + 1 + 2 * part.depth.min(8) as u16;
        canvas.put(x, y, 2, mark, slot);
        let at = canvas.right(end, y, 10, &age, Slot::Dim);
        canvas.put(end.saturating_sub(19), y, at.saturating_sub(end.saturating_sub(19)), word, slot);
        let at = canvas.right(end.saturating_sub(21), y, 22, &part.value, slot);
        canvas.put(
            x + 3,
            y,
            at.saturating_sub(x + 4),
            &part.text,
            if slot == Slot::Dim { Slot::Text } else { slot },
        );
        y += 1;
        let below: Vec<&str> =
            [&part.since, &part.note].into_iter().filter(|t| !t.is_empty()).map(String::as_str).collect();
        if !below.is_empty() {
            for line in wrap(&below.join(" · "), end.saturating_sub(x + 5) as usize) {
                if y >= inner.bottom() {
                    return;
                }
                canvas.put(x + 5, y, end.saturating_sub(x + 5), &line, Slot::Dim);
                y += 1;
            }
        }
    }
}
