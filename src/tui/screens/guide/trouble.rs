//! Symptoms, what to look at, and what that said.

use super::{ago, first, nothing};
use crate::session::view::GuideView;
use crate::session::view::guide::{ProbeState, ProbeView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::{OUTPUT, STEPS, SYMPTOMS, fitting, row, rows};
use ratatui::layout::Rect;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let guides = &scene.view.book.guides;
    if guides.is_empty() {
        canvas.rule(area.x, area.y, area.width, "Symptom", "", true);
        let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        nothing(
            canvas,
            below,
            &[
                "The playbook has no guides.",
                "[guides.start]  title = \"It does not start\", symptom, steps = [{ text = \"What systemd says\", run = [\"systemctl\", \"status\", \"--no-pager\", \"web\"] }]: what to look at, and commands that only read.",
                "A step with troubleshoot = \"start\" opens it when it fails.",
            ],
        );
        return;
    }
    let all = rows(scene.ui, scene.view);
    let fits = fitting(scene.view);
    let here = row(scene.ui, scene.view).and_then(|at| guides.get_index(at));
    let note = match (fits, here) {
        (Some((id, label)), Some((at, _))) if id == at => format!("opened from step {label}, it fits"),
        (Some((id, label)), _) => {
            let title = guides.get(id).map_or(id, |g| g.title.as_str());
            format!("for step {label}: {title}")
        }
        _ => String::new(),
    };
    let bottom = area.bottom().saturating_sub(1);
    let most = (area.height / 4).max(3) as usize;
    let symptoms = Rect { height: all.len().clamp(1, most) as u16 + 1, ..area };
    symptom(canvas, symptoms, scene, &all, &note);
    let Some((id, guide)) = here else { return };
    let left = Rect { y: symptoms.bottom(), height: bottom.saturating_sub(symptoms.bottom()), ..area };
    let rows: Vec<Line> = lines(scene, id, guide, area.width);
    // At least four lines of what was said.
    let height = (rows.len() as u16 + 1).min(left.height.saturating_sub(5).max(3));
    steps(canvas, Rect { height, ..left }, scene, guide, &rows);
    let below = Rect { y: left.y + height, height: left.height.saturating_sub(height), ..left };
    output(canvas, below, scene, id);
    let text = "Commands here only read. What changes something is a step of a run.";
    canvas.put(area.x + 1, bottom, area.width.saturating_sub(2), text, Slot::Dim);
}

fn symptom(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, all: &[usize], note: &str) {
    let ui = scene.ui;
    canvas.rule(area.x, area.y, area.width, "Symptom", note, ui.section == SYMPTOMS);
    if all.is_empty() {
        let text = "Nothing is found: Esc in / shows all again.";
        canvas.put(area.x + 4, area.y + 1, area.width.saturating_sub(5), text, Slot::Text);
    }
    let room = area.height.saturating_sub(1) as usize;
    let cursor = ui.guide.at(all.len());
    let from = first(cursor, all.len(), room);
    let wide = if area.width >= 110 { 44 } else { 28 };
    for (i, at) in all.iter().enumerate().skip(from).take(room) {
        let Some((_, guide)) = scene.view.book.guides.get_index(*at) else { continue };
        let y = area.y + 1 + (i - from) as u16;
        let here = i == cursor;
        canvas.put(area.x + 1, y, 1, if here { "▸" } else { " " }, Slot::Accent);
        canvas.put(area.x + 4, y, wide, &guide.title, if here { Slot::Head } else { Slot::Text });
        let x = area.x + 5 + wide;
        canvas.put(x, y, area.right().saturating_sub(x + 1), &guide.symptom, Slot::Text);
    }
}

/// A row of the steps.
struct Line {
    /// The step, from 0.
    step: usize,
    /// Its first row.
    head: bool,
    text: String,
    /// It is what is run.
    command: bool,
    /// What came of running it.
    said: Option<(String, Slot)>,
}

fn lines(scene: &Scene<'_>, id: &str, guide: &GuideView, width: u16) -> Vec<Line> {
    let mut out = Vec::new();
    for (step, (text, command)) in guide.steps.iter().enumerate() {
        let here = scene.ui.section == STEPS && scene.ui.guide.step == step;
        let of = scene.view.book.probes.iter().find(|p| p.guide == id && p.step == step + 1);
        let said = match (of, command) {
            (Some(p), _) => Some(said(p)),
            (None, Some(_)) if here => Some(("Enter runs it".into(), Slot::Key)),
            _ => None,
        };
        // A command leaves room for what came of it.
        let room = if command.is_some() { width.saturating_sub(38) } else { width.saturating_sub(6) };
        for (i, line) in wrap(text, room as usize).into_iter().enumerate() {
            let said = if i == 0 { said.clone() } else { None };
            out.push(Line { step, head: i == 0, text: line, command: false, said });
        }
        for line in command.iter().flat_map(|c| chop(c, width.saturating_sub(8) as usize)) {
            out.push(Line { step, head: false, text: line, command: true, said: None });
        }
    }
    out
}

/// What came of running it, in a few words.
fn said(probe: &ProbeView) -> (String, Slot) {
    match &probe.state {
        ProbeState::Running(ms) => (format!("running {}", format::elapsed(*ms)), Slot::Pending),
        ProbeState::Ended { ago_ms, exit, .. } => {
            let slot = if *exit == 0 { Slot::Text } else { Slot::Warn };
            (format!("ran {}, exit {exit}", ago(*ago_ms)), slot)
        }
        ProbeState::Failed { ago_ms, .. } => (format!("failed {}", ago(*ago_ms)), Slot::Critical),
    }
}

fn steps(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, guide: &GuideView, lines: &[Line]) {
    let focus = scene.ui.section == STEPS;
    canvas.rule(area.x, area.y, area.width, &guide.title, "", focus);
    let room = area.height.saturating_sub(1) as usize;
    let cursor = scene.ui.guide.step.min(guide.steps.len().saturating_sub(1));
    let last = lines.iter().rposition(|l| l.step == cursor).unwrap_or(0);
    let from = if focus { first(last, lines.len(), room) } else { 0 };
    let end = area.right().saturating_sub(1);
    for (i, line) in lines.iter().enumerate().skip(from).take(room) {
        let y = area.y + 1 + (i - from) as u16;
        if line.head {
            canvas.put(area.x + 1, y, 2, &(line.step + 1).to_string(), Slot::Key);
            if focus && line.step == cursor {
                canvas.put(area.x + 2 + u16::from(line.step >= 9), y, 1, "▸", Slot::Accent);
            }
        }
        let (indent, slot) = if line.command { (6, Slot::Head) } else { (4, Slot::Text) };
        let mut room = end;
        if let Some((text, slot)) = &line.said {
            room = canvas.right(end, y, 20, text, *slot).saturating_sub(1);
        }
        if line.head && guide.steps.get(line.step).is_some_and(|(_, c)| c.is_some()) && area.width >= 60 {
            room = canvas.right(end.saturating_sub(21), y, 10, "reads only", Slot::Dim).saturating_sub(1);
        }
        canvas.put(area.x + indent, y, room.saturating_sub(area.x + indent), &line.text, slot);
    }
}

fn output(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, id: &str) {
    if area.height == 0 {
        return;
    }
    let (ui, book) = (scene.ui, &scene.view.book);
    // That of the step at the cursor, else the last one of this guide.
    let own = book.probes.iter().find(|p| p.guide == id && p.step == ui.guide.step + 1);
    let probe = own.or_else(|| book.probes.iter().find(|p| p.guide == id));
    let focus = ui.section == OUTPUT;
    let Some(probe) = probe else {
        canvas.rule(area.x, area.y, area.width, "Output", "nothing was run yet", focus);
        return;
    };
    let title = format!("Output of {}", probe.step);
    let width = area.width.saturating_sub(2);
    let put = |canvas: &mut Canvas<'_>, at: u16, text: &str, slot| {
        if at < area.height {
            canvas.put(area.x + 1, area.y + at, width, text, slot);
        }
    };
    match &probe.state {
        ProbeState::Running(ms) => {
            let note = format!("running {} of 0:30, Esc ends it", format::elapsed(*ms));
            canvas.rule(area.x, area.y, area.width, &title, &note, focus);
        }
        ProbeState::Failed { why, .. } => {
            canvas.rule(area.x, area.y, area.width, &title, "failed, R tries again", focus);
            for (i, line) in wrap(why, width as usize).iter().enumerate() {
                put(canvas, i as u16 + 1, line, Slot::Critical);
            }
        }
        ProbeState::Ended { took_ms, lines, total, .. } => {
            let room = area.height.saturating_sub(1) as usize;
            let back = ui.guide.from.min(lines.len().saturating_sub(room));
            let last = lines.len() - back;
            let from = last.saturating_sub(room);
            let shown = match (*total, lines.len()) {
                (1, _) => "1 line".into(),
                (n, kept) if kept > room => {
                    format!("{}–{} of {n} lines", n - kept + from + 1, n - kept + last)
                }
                (n, _) => format!("{n} lines"),
            };
            let note = format!("{shown}, {}", seconds(*took_ms));
            canvas.rule(area.x, area.y, area.width, &title, &note, focus);
            if lines.is_empty() {
                put(canvas, 1, "It printed nothing.", Slot::Dim);
            }
            for (i, line) in lines.iter().skip(from).take(room).enumerate() {
                put(canvas, i as u16 + 1, line, Slot::Text);
            }
        }
    }
}

/// With tenths: `0.2 s`.
fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
