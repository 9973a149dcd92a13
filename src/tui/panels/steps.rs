//! The steps of a run and its phases, against their budgets.

use crate::run::view::{RunView, StepState, StepView, between};
use crate::tui::canvas::{Canvas, Span};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Mark, word and colour of a state. `✓` is for what was verified, never for exit 0.
pub fn look(state: StepState) -> (&'static str, &'static str, Slot) {
    match state {
        StepState::Waiting => ("  ", "waits", Slot::Dim),
        StepState::Running => ("▸ ", "running", Slot::Accent),
        StepState::Applied => ("+ ", "applied", Slot::Text),
        StepState::Observed => ("* ", "observed", Slot::Text),
        StepState::Verified => ("✓ ", "verified", Slot::Ok),
        StepState::Failed => ("! ", "FAILED", Slot::Critical),
        StepState::Skipped => ("- ", "skipped", Slot::Dim),
        StepState::Unknown => ("? ", "UNKNOWN", Slot::Unknown),
    }
}

/// Which steps are shown in `rows` rows: all, or those around the one under way.
fn window(run: &RunView, rows: usize) -> std::ops::Range<usize> {
    let len = run.steps.len();
    if len <= rows {
        return 0..len;
    }
    let at = run.current.unwrap_or(len).saturating_sub(1);
    let first = at.saturating_sub(rows / 2).min(len - rows);
    first..first + rows
}

/// The section: rule, then as many steps as fit. Returns the row below.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView, focus: bool) -> u16 {
    if area.height == 0 {
        return area.y;
    }
    let rows = area.height as usize - 1;
    let shown = window(run, rows);
    let name = if area.width >= 100 { 40 } else { 27 };
    let note = if shown.len() < run.steps.len() {
        format!("{}–{} of {}", shown.start + 1, shown.end, run.steps.len())
    } else {
        String::new()
    };
    canvas.rule(area.x, area.y, area.width, "Steps", &note, focus);
    let at = area.x + 9 + name;
    for (x, width, title) in [(at, 9, " state "), (at + 11, 7, " took "), (at + 19, 8, " limit ")] {
        if x + width < area.right() && (note.is_empty() || x + width + 14 < area.right()) {
            canvas.put(x.saturating_sub(1), area.y, width, title, Slot::Dim);
        }
    }
    let mut y = area.y + 1;
    for step in &run.steps[shown] {
        row(canvas, Rect { y, height: 1, ..area }, scene, step, name);
        y += 1;
    }
    y
}

fn row(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &StepView, name: u16) {
    let (x, y, end) = (area.x, area.y, area.right().saturating_sub(1));
    let (mark, word, slot) = look(s.state);
    let ink = if s.state == StepState::Waiting { Slot::Dim } else { Slot::Text };
    canvas.put(x + 1, y, 2, mark, slot);
    canvas.put(x + 4, y, 3, &s.index.to_string(), ink);
    canvas.put(x + 8, y, name, &s.name, if s.state == StepState::Running { Slot::Head } else { ink });
    let at = x + 9 + name;
    canvas.put(at, y, 10, word, slot);
    let took = match (s.took_ms, &s.started) {
        (Some(ms), _) => format::elapsed(ms),
        (None, Some(began)) if s.state == StepState::Unknown => {
            format::clock_minutes(began.wall, &scene.ui.zone)
        }
        (None, Some(began)) => format::elapsed(between(began, &scene.view.now)),
        (None, None) => String::new(),
    };
    canvas.right(at + 16, y, 6, &took, ink);
    canvas.right(at + 23, y, 6, &s.limit_ms.map(format::elapsed).unwrap_or_default(), Slot::Dim);
    let detail = match s.attempt {
        0 | 1 => s.detail.clone(),
        n => format!("attempt {n}: {}", s.detail),
    };
    let detail_slot =
        if matches!(s.state, StepState::Failed | StepState::Unknown) { slot } else { Slot::Dim };
    canvas.put(at + 26, y, end.saturating_sub(at + 26), &detail, detail_slot);
}

/// `Prepare 0:12 of 1m   ▸ Execute 0:09 of 5m    Verify 2m`.
pub fn phases(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    let end = area.right().saturating_sub(1);
    let mut x = area.x + 1;
    for p in &run.phases {
        let budget = p.budget_ms.map(format::short);
        let stopped = p.ended.as_ref().or(run.ended.as_ref());
        let took = p.started.as_ref().map(|began| between(began, stopped.unwrap_or(&scene.view.now)));
        let text = match (took, &budget) {
            (Some(t), Some(b)) => format!(" {} of {b}", format::elapsed(t)),
            (Some(t), None) => format!(" {}", format::elapsed(t)),
            (None, Some(b)) => format!(" {b}"),
            (None, None) => String::new(),
        };
        let late = took.zip(p.budget_ms).is_some_and(|(t, b)| t > b);
        let now = p.started.is_some() && stopped.is_none();
        let title = if now { Slot::Head } else { Slot::Text };
        let mut spans: Vec<Span<'_>> = Vec::new();
        if now {
            spans.push(("▸ ", Slot::Accent));
        }
        spans.push((&p.title, title));
        spans.push((&text, if late { Slot::Warn } else { Slot::Dim }));
        if x >= end {
            return;
        }
        x = canvas.spans(x, area.y, end - x, &spans) + 3;
    }
}
