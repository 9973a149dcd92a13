//! The incident: what it is, how grave, who leads, who is in it, its runs and notes, and what can be done about it.

use super::decide::below;
use super::window::Window;
use crate::session::view::{IncidentView, View};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::keymap::{Action, Context};
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::may_of_incident;
use ratatui::layout::Rect;

/// Runs that are shown.
const RUNS: usize = 4;

/// `P1 High`; the id alone where its name says no more.
pub fn severity(i: &IncidentView) -> Option<String> {
    let (id, title) = i.severity.as_ref()?;
    Some(if title.is_empty() || title == id { id.clone() } else { format!("{id} {title}") })
}

/// Label and text of what is to be known.
fn facts(i: &IncidentView, scene: &Scene<'_>) -> Vec<(&'static str, String, Slot)> {
    let zone = &scene.ui.zone;
    let mut since = format!("{}, open for {}", format::clock(i.since, zone), format::age(i.for_ms));
    if i.name != i.id {
        since.push_str(&format!(", opened as {}", i.id));
    }
    let mut out = vec![("Why", i.reason.clone(), Slot::Head), ("Since", since, Slot::Text)];
    match &i.no_ticket {
        Some(why) => out.push(("Ticket", format!("NONE: {why}"), Slot::Warn)),
        None if i.ticketing => out.push(("Ticket", "is being opened".into(), Slot::Text)),
        None => {}
    }
    let grave = match (severity(i), &i.said) {
        (None, _) => ("nobody said, and nothing that fired has one".into(), Slot::Dim),
        (Some(what), None) => (format!("{what}, the gravest that fired"), Slot::Text),
        (Some(what), Some((who, why, at))) => {
            (format!("{what}, {who} at {}: {why}", format::clock_minutes(*at, zone)), Slot::Text)
        }
    };
    out.push(("Severity", grave.0, grave.1));
    out.push(match &i.lead {
        Some(lead) => ("Lead", if i.you_lead { format!("{lead} (you)") } else { lead.clone() }, Slot::Head),
        None => ("Lead", "NOBODY".into(), Slot::Warn),
    });
    let here = if i.participants.is_empty() { "nobody yet".into() } else { i.participants.join(", ") };
    out.push(("In it", here, Slot::Text));
    out
}

/// What can be done: key and label.
fn ways(view: &View, scene: &Scene<'_>) -> Vec<(String, &'static str)> {
    let rows = scene.ui.keymap.of(Context::Incident).filter(|b| b.action != Action::Close);
    let rows = rows.filter(|b| may_of_incident(b.action, view));
    rows.filter_map(|b| Some((b.key_name()?, b.label))).collect()
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    let body = below(body, scene);
    let width = if body.width >= 110 { 90 } else { 74.min(body.width.saturating_sub(2)) };
    let ways = ways(view, scene);
    let Some(i) = &view.incident else {
        let mut w = Window::open(canvas, body, width, 9, "NO INCIDENT IS OPEN");
        w.gap();
        w.text(canvas, 0, "One opens when a trigger fires, or when a person starts a run.", Slot::Text);
        w.text(canvas, 0, "A person can open one too: then notes and messages belong to it.", Slot::Text);
        w.gap();
        put_ways(canvas, &mut w, &ways);
        w.to_kept();
        w.y = w.area.bottom().saturating_sub(2);
        w.buttons(canvas, "Close", None);
        return;
    };
    let zone = &scene.ui.zone;
    let facts = facts(i, scene);
    let room = Window::room(width);
    let fact_rows: usize = facts.iter().map(|(_, text, _)| super::window::wrap(text, room).len()).sum();
    let runs: Vec<String> = i
        .runs
        .iter()
        .rev()
        .take(RUNS)
        .rev()
        .map(|(id, title, by, at)| {
            let by = by.as_deref().unwrap_or("by itself");
            format!("{}  {title}, {by}  {id}", format::clock(*at, zone))
        })
        .collect();
    let notes: Vec<String> = i
        .notes
        .iter()
        .map(|(at, who, text)| format!("{}  {who}: {text}", format::clock(*at, zone)))
        .collect();
    let way_rows = ways.len().div_ceil(2);
    let wanted = fact_rows + runs.len().max(1) + notes.len().max(1) + way_rows + 8;
    let mut w = Window::open(canvas, body, width, wanted as u16, &format!("INCIDENT: {}", i.name));
    w.kept = way_rows as u16 + 2;
    for (label, text, slot) in &facts {
        w.fact(canvas, label, text, *slot);
    }
    list(canvas, &mut w, "Runs", i.runs.len(), &runs, "none was begun in it");
    // The newest are read first where there is no room for all.
    let fit = w.left().saturating_sub(1) as usize;
    let from = notes.len().saturating_sub(fit.max(1));
    list(canvas, &mut w, "Notes", notes.len(), &notes[from..], "none");
    w.to_kept();
    w.divide(canvas);
    put_ways(canvas, &mut w, &ways);
    w.buttons(canvas, "Close", None);
}

/// A line across that names what follows, and its rows.
fn list(canvas: &mut Canvas<'_>, w: &mut Window, name: &str, all: usize, rows: &[String], none: &str) {
    if w.left() < 2 {
        return;
    }
    let y = w.y;
    w.divide(canvas);
    let title = match all > rows.len() {
        true => format!(" {name}, the last {} of {all} ", rows.len()),
        false => format!(" {name} "),
    };
    canvas.put(w.area.x + 2, y, w.area.width.saturating_sub(4), &title, Slot::Dim);
    match rows {
        [] => w.text(canvas, 0, none, Slot::Dim),
        rows => rows.iter().for_each(|row| w.text(canvas, 0, row, Slot::Text)),
    }
}

/// Two ways on a row.
fn put_ways(canvas: &mut Canvas<'_>, w: &mut Window, ways: &[(String, &'static str)]) {
    let half = w.area.width / 2;
    for pair in ways.chunks(2) {
        for (n, (key, label)) in pair.iter().enumerate() {
            let x = w.area.x + 2 + n as u16 * half;
            canvas.put(x, w.y, 2, key, Slot::Key);
            canvas.put(x + 3, w.y, half.saturating_sub(6), label, Slot::Text);
        }
        w.gap();
    }
}
