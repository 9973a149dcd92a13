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
    let (mark, word, slot) = stands(s, scene.view.run.as_ref());
    let ink = if s.state == StepState::Waiting { Slot::Dim } else { Slot::Text };
    canvas.put(x + 1, y, 2, mark, slot);
    // A long label (`14.3`) takes a column of the name.
    let from = canvas.put(x + 4, y, 6, &s.label, ink).max(x + 7) + 1;
    let room = (x + 8 + name).saturating_sub(from);
    canvas.put(from, y, room, &s.name, if s.state == StepState::Running { Slot::Head } else { ink });
    let at = x + 9 + name;
    let spent = s.started.as_ref().map(|began| between(began, &scene.view.now));
    let took = match (s.took_ms, &s.started) {
        (Some(ms), _) => format::elapsed(ms),
        (None, Some(began)) if s.state == StepState::Unknown => {
            format::clock_minutes(began.wall, &scene.ui.zone)
        }
        (None, _) => spent.map(format::elapsed).unwrap_or_default(),
    };
    let word_end = canvas.put(at, y, end.saturating_sub(at).min(16), &word, slot);
    if word_end <= at + 10 {
        let slow = s.state == StepState::Running && spent.zip(s.takes_ms).is_some_and(|(t, e)| t > e);
        canvas.right(at + 16, y, 6, &took, if slow || s.late_by.is_some() { Slot::Warn } else { ink });
        let lasts = if s.kind == "hold" { s.takes_ms.or(s.limit_ms) } else { s.limit_ms };
        let limit = lasts.map(format::elapsed).unwrap_or_default();
        canvas.right(at + 23, y, 6, &limit, Slot::Dim);
    }
    let mut from = at + 26;
    if let Some(by) = s.late_by {
        from = canvas.put(
            from,
            y,
            end.saturating_sub(from),
            &format!("LATE by {} ", format::elapsed(by)),
            Slot::Warn,
        );
    }
    if s.state == StepState::Running {
        return running(canvas, Rect { x: from, width: end.saturating_sub(from), ..area }, scene, s);
    }
    let detail = match s.attempt {
        0 | 1 => s.detail.clone(),
        n => format!("attempt {n}: {}", s.detail),
    };
    let detail_slot =
        if matches!(s.state, StepState::Failed | StepState::Unknown) { slot } else { Slot::Dim };
    canvas.put(from, y, end.saturating_sub(from), &detail, detail_slot);
}

/// Mark, word and colour of a step: its state, in the words of its kind.
fn stands(s: &StepView, run: Option<&RunView>) -> (&'static str, String, Slot) {
    let (mark, word, slot) = look(s.state);
    let of = |n: usize| run.and_then(|r| r.steps.get(n.checked_sub(1)?)).map_or("?", |s| s.label.as_str());
    if s.state == StepState::Verified && run.is_some_and(|r| r.drifted.is_some()) {
        return ("! ", "was so".into(), Slot::Warn);
    }
    let word = match (s.state, s.kind, s.fallback_of) {
        (StepState::Waiting, _, Some(n)) => format!("only if {} fails", of(n)),
        (StepState::Running, "verify", _) => "verifying".into(),
        (StepState::Running, "ask", _) => return ("? ", "ASKS".into(), Slot::Unknown),
        (StepState::Running, "hold", _) => "holding".into(),
        (StepState::Running, "wait", _) => "waiting".into(),
        (StepState::Running, "check", _) => "checking".into(),
        (StepState::Applied | StepState::Observed, "ask", _) => "answered".into(),
        (StepState::Applied | StepState::Observed, "hold", _) => "held".into(),
        (StepState::Applied | StepState::Observed, "wait", _) => "waited".into(),
        (StepState::Observed, "check", _) => "holds".into(),
        (StepState::Applied | StepState::Observed, "capture", _) => "captured".into(),
        _ => word.into(),
    };
    (mark, word, slot)
}

/// What the running step is at: the value it holds, what it looks for, what it last printed.
fn running(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, s: &StepView) {
    let (mut x, end) = (area.x, area.right());
    if s.attempt > 1 {
        let text = format!("attempt {}: ", s.attempt);
        x = canvas.put(x, area.y, end.saturating_sub(x), &text, Slot::Dim);
    }
    let own = scene.view.output.step == s.index;
    let printed = scene.view.output.lines.last().filter(|_| own).map(|l| text_of(l));
    let text = match (s.kind, &s.value, s.detail.as_str()) {
        ("hold", Some(value), _) => format!("at {value}"),
        (_, _, "") => printed.unwrap_or_default().to_owned(),
        (_, _, detail) => detail.to_owned(),
    };
    canvas.put(x, area.y, end.saturating_sub(x), &text, Slot::Dim);
}

/// One row about how far the running step is, where that is known: a share that its output tells, the time of a hold, the
/// time it is expected to take. Returns the row below.
pub fn progress(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) -> u16 {
    let step = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?));
    let Some(s) = step.filter(|s| s.state == StepState::Running && area.height > 0) else { return area.y };
    let Some(spent) = s.started.as_ref().map(|began| between(began, &scene.view.now)) else { return area.y };
    let told = scene.view.progress.filter(|_| scene.view.output.step == s.index);
    let expected = s.takes_ms.filter(|ms| *ms > 0);
    let (share, text) = match (s.kind, told, expected) {
        ("hold", _, lasts) => {
            let at = s.value.as_ref().map(|v| format!("at {v}, ")).unwrap_or_default();
            let of = lasts.map(|ms| format!(" of {}", format::elapsed(ms))).unwrap_or_default();
            let share = lasts.map(|ms| spent as f64 / ms as f64);
            (share, format!("{at}{}{of} held", format::elapsed(spent)))
        }
        (_, Some(share), expected) => {
            let of = expected.map(|ms| format!(" of ~{}", format::elapsed(ms))).unwrap_or_default();
            (Some(share), format!("{:.0} %, {}{of}", share * 100.0, format::elapsed(spent)))
        }
        (_, None, Some(ms)) => {
            let over = if spent > ms { ", longer than expected" } else { "" };
            let text = format!("{} of ~{} expected{over}", format::elapsed(spent), format::elapsed(ms));
            (Some(spent as f64 / ms as f64), text)
        }
        (_, None, None) => return area.y,
    };
    let y = area.y;
    let mut x = canvas.put(area.x + 4, y, 6, &s.label, Slot::Text).max(area.x + 7) + 1;
    if let Some(share) = share {
        let bar = (area.width / 3).clamp(10, 40);
        canvas.bar(x, y, bar, share, Slot::Accent);
        x += bar + 2;
    }
    canvas.put(x, y, area.right().saturating_sub(x + 1), &text, Slot::Head);
    y + 1
}

/// A line of output without its time.
fn text_of(line: &str) -> &str {
    line.split_once("  ").map_or(line, |(_, text)| text)
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
        let over = took.zip(p.budget_ms).and_then(|(t, b)| t.checked_sub(b)).filter(|over| *over >= 1000);
        let late = over.is_some();
        let text = match over {
            Some(over) => format!("{text} OVER by {}", format::elapsed(over)),
            None => text,
        };
        let now = p.started.is_some() && stopped.is_none();
        let title = if now { Slot::Head } else { Slot::Text };
        let mut spans: Vec<Span<'_>> = Vec::new();
        if late {
            spans.push(("! ", Slot::Warn));
        }
        if now {
            spans.push(("▸ ", Slot::Accent));
        } else if p.ended.is_some() && !late {
            spans.push(("+ ", Slot::Dim));
        }
        spans.push((&p.title, title));
        spans.push((&text, if late { Slot::Warn } else { Slot::Dim }));
        if x >= end {
            return;
        }
        x = canvas.spans(x, area.y, end - x, &spans);
        // How much of the time is used, where there is room to show it.
        if let Some((took, budget)) = took.zip(p.budget_ms).filter(|_| now && area.width >= 100)
            && x + 12 < end
        {
            let slot = if late { Slot::Warn } else { Slot::Accent };
            canvas.bar(x + 1, area.y, 10, took as f64 / budget.max(1) as f64, slot);
            x += 11;
        }
        x += 3;
    }
}
