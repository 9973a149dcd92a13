//! Row 2: the verdict and its clock, in the same place on every screen. And the lines under it that say why.

use super::notices;
use super::run_line;
use crate::session::view::{
    ActsView, Freshness, Gravity, IncidentView, LastDrill, Notice, TriggerState, TriggerView, View, Watch,
};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::decide;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Mark and colour of a gravity.
pub fn gravity(g: Gravity) -> (&'static str, Slot) {
    match g {
        Gravity::Unknown => ("? ", Slot::Unknown),
        Gravity::Ok => ("✓ ", Slot::Ok),
        Gravity::Warn => ("! ", Slot::Warn),
        Gravity::Critical => ("!!", Slot::Critical),
    }
}

/// Draws the verdict on one row.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let v = &scene.view.verdict;
    let decision = scene.view.decisions.iter().find(|d| !d.closed).map(decide::clock).unwrap_or_default();
    let right = match v.clock_ms {
        _ if !decision.is_empty() => decision,
        Some(ms) if ms >= 0 => format!("respond in  {}", format::countdown(ms as u64)),
        Some(ms) => format!("OVERDUE by  {}", format::elapsed(ms.unsigned_abs())),
        None if v.for_ms >= 60_000 => {
            let since = format::clock_minutes(scene.view.now.wall - v.for_ms as i64, &scene.ui.zone);
            // While all is quiet nothing ticks faster than the clock beside it.
            let age = match v.gravity {
                Gravity::Ok => format::age(v.for_ms / 60_000 * 60_000),
                _ => format::age(v.for_ms),
            };
            format!("since {since}, {age}")
        }
        None => String::new(),
    };
    if v.gravity == Gravity::Ok && scene.view.run.as_ref().is_some_and(run_line::is_live) {
        // Nothing fires, but what a person did is not proved yet.
        let text = "No trigger fires; the run below is not over";
        return line(canvas, area, "· ", "QUIET SO FAR", text, &right, Slot::Text, false);
    }
    let (mark, slot) = gravity(v.gravity);
    let right = with_incident(canvas, area, &scene.view.incident, (&v.word, &v.text), right);
    line(canvas, area, mark, &v.word, &v.text, &right, slot, v.gravity == Gravity::Critical);
}

/// What stands at the right, with the incident before it where nothing gives way to it: its name, how grave, who leads.
fn with_incident(
    canvas: &Canvas<'_>,
    area: Rect,
    incident: &Option<IncidentView>,
    (word, text): (&str, &str),
    right: String,
) -> String {
    let Some(i) = incident else { return right };
    let grave = i.severity.as_ref().map(|(id, _)| format!(" {id}")).unwrap_or_default();
    let lead = i.lead.as_ref().map_or(" · no lead".to_owned(), |l| format!(" · lead {l}"));
    let taken = canvas.width_of(word) + canvas.width_of(text) + canvas.width_of(&right) + 16;
    let room = area.width.saturating_sub(taken);
    let short = format!("{}{grave}", i.name);
    let long = format!("{short}{lead}");
    let fits = |s: &String| canvas.width_of(s) <= room;
    match [long, short].into_iter().find(fits) {
        Some(said) if right.is_empty() => said,
        Some(said) => format!("{said}    {right}"),
        None => right,
    }
}

/// One row that says a state: mark, word, text, and a clock at the right that is never cut.
#[allow(clippy::too_many_arguments)]
pub fn line(
    canvas: &mut Canvas<'_>,
    area: Rect,
    mark: &str,
    word: &str,
    text: &str,
    right: &str,
    slot: Slot,
    band: bool,
) {
    let (y, end) = (area.y, area.right().saturating_sub(1));
    let right_at = canvas.right(end, y, area.width.saturating_sub(5), right, Slot::Head);
    let stop = if right.is_empty() { end } else { right_at.saturating_sub(2) };
    canvas.put(area.x + 1, y, 2.min(area.width), mark, slot);
    let x = canvas.put(area.x + 4, y, stop.saturating_sub(area.x + 4), word, slot);
    if x + 4 < stop {
        canvas.put(x + 3, y, stop - x - 3, text, Slot::Head);
    }
    if band {
        canvas.tint(area.x, y, area.width, Slot::CriticalBand);
    }
}

/// A line under the verdict.
pub struct Why {
    mark: &'static str,
    word: String,
    text: String,
    slot: Slot,
}

/// What stands under the verdict on the overview: alarms, why, what fires next. Evidence gives way first.
pub fn why(scene: &Scene<'_>, width: u16, rows: usize) -> Vec<Why> {
    let view = scene.view;
    let room = width.saturating_sub(6) as usize;
    let mut out = Vec::new();
    let mut add = |mark, word: &str, text: &str, slot| out.extend(wrapped(mark, word, text, slot, room));
    if let Some(alarm) = &view.alarm {
        add("!!", "", alarm, Slot::Critical);
    }
    let (grave, rest): (Vec<&Notice>, Vec<&Notice>) = view.notices.iter().partition(|n| notices::is_grave(n));
    for notice in grave {
        let (mark, word, text, slot) = notices::words(notice, &scene.ui.zone);
        add(mark, &word, &text, slot);
    }
    if let Some(why) = &view.undriven {
        add("? ", "NOBODY DRIVES THE RUN", why, Slot::Unknown);
    }
    if let Some(run) = view.run.as_ref().filter(|r| run_line::is_live(r)) {
        let line = run_line::line(view, run);
        let clock = run_line::objective(view, run).map(|o| format!(" · {o}")).unwrap_or_default();
        let (mark, word, slot) = match line.word == view.verdict.word {
            true => ("▸ ", "RUNNING", Slot::Accent),
            false => (line.mark, line.word.as_str(), line.slot),
        };
        add(mark, word, &format!("{}{clock}", line.text), slot);
    }
    let as_of = |ms: u64| format::clock(view.now.wall - ms as i64, &scene.ui.zone);
    match view.freshness {
        Freshness::Late(ms) => {
            add("! ", "LATE", &format!("What you see is as of {}. Keys still work.", as_of(ms)), Slot::Warn);
        }
        Freshness::Lost(ms) => {
            let text = format!("No answer since {}. A rollback is still possible.", as_of(ms));
            add("? ", "LOST", &text, Slot::Unknown);
        }
        Freshness::Starting | Freshness::Live => {}
    }
    if let Some((says, ago)) = view.watcher_says.as_ref().filter(|_| view.verdict.gravity == Gravity::Unknown)
    {
        let host = match &view.watch {
            Watch::Ok { host } => format!(" on {host}"),
            _ => String::new(),
        };
        let text = format!("The decider{host} said {} ago: {says}", format::age(*ago));
        add("? ", "", &text, Slot::Text);
    }
    if let Some(r) = view.reaction.as_ref().filter(|r| view.run.as_ref().is_some_and(|run| run.id == r.run)) {
        let (text, slot) = notices::reaction(r);
        add(if r.is_late() { "! " } else { "✓ " }, "", &text, slot);
    }
    let alarms = out.len();
    for notice in rest {
        let (mark, word, text, slot) = notices::words(notice, &scene.ui.zone);
        out.extend(wrapped(mark, &word, &text, slot, room));
    }
    if let Some(acts) = &view.acts {
        out.push(by_itself(acts, room));
    } else if let Some((left, t)) = soonest(view) {
        let row = t.severity.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        let word = format!("FIRES in {}", format::countdown(left));
        out.push(Why {
            mark: "» ",
            word,
            text: format!("{}{row}, if it holds", t.title),
            slot: Slot::Pending,
        });
    }
    let mut evidence = evidence(view, room);
    evidence.truncate(rows.saturating_sub(out.len()));
    let rows =
        evidence.into_iter().map(|text| Why { mark: "  ", word: String::new(), text, slot: Slot::Text });
    out.splice(alarms..alarms, rows);
    out
}

/// A word and its text, on as many lines as that needs.
fn wrapped(mark: &'static str, word: &str, text: &str, slot: Slot, room: usize) -> Vec<Why> {
    // The word takes its place on the first line only.
    let place = if word.is_empty() { 0 } else { word.chars().count() + 2 };
    let place = "x".repeat(place.saturating_sub(1));
    let mut lines = wrap(&format!("{place} {text}"), room).into_iter();
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix(place.as_str()).unwrap_or(&first).trim_start().to_owned();
    let head = Why { mark, word: word.into(), text: first, slot };
    let rest = lines.map(|text| Why { mark: "  ", word: String::new(), text, slot });
    std::iter::once(head).chain(rest).collect()
}

/// What acts by itself, when, and at which cost.
fn by_itself(a: &ActsView, room: usize) -> Why {
    let word = format!("ACTS BY ITSELF in {}", format::countdown(a.in_ms));
    let unless = if a.by_default { ", unless decided" } else { "" };
    let word = format!("{word}{unless}");
    let down = match a.downtime.as_str() {
        "" | "none" => "no downtime".to_string(),
        d => format!("{d} down"),
    };
    let loss = match a.data_loss.as_str() {
        "" | "none" => "no data loss".to_string(),
        d => format!("loses {d}"),
    };
    let length = format::length(a.duration_ms);
    let long = format!("{} starts the {}: {length}, {down}, {loss}", a.title, a.procedure);
    let text = match word.width() + 2 + long.width() <= room {
        true => long,
        false => format!("{}: {}, {length}, {down}", a.title, a.starts),
    };
    Why { mark: "» ", word, text, slot: Slot::Pending }
}

/// The pending trigger that fires first, and in how many milliseconds.
fn soonest(view: &View) -> Option<(u64, &TriggerView)> {
    let left = |t: &TriggerView| match t.state {
        TriggerState::Pending { held, need } => Some(need.saturating_sub(held)),
        _ => None,
    };
    view.triggers.iter().filter_map(|t| Some((left(t)?, t))).min_by_key(|(left, _)| *left)
}

/// When it was rehearsed last, and whether it is time again.
fn drilled(d: &LastDrill) -> String {
    let last = match d.last.map(|(ago, points)| (ago / 86_400_000, points)) {
        Some((0, points)) => format!("drill today {points} of 100"),
        Some((1, points)) => format!("drill yesterday {points} of 100"),
        Some((days, points)) => format!("drill {days} days ago {points} of 100"),
        None => "never rehearsed".into(),
    };
    match d.due_ms {
        Some(..=0) => format!("{last}, DUE"),
        _ => last,
    }
}

/// The evidence, packed into rows.
fn evidence(view: &View, room: usize) -> Vec<String> {
    let v = &view.verdict;
    let mut parts = v.evidence.clone();
    if parts.is_empty() {
        let (fresh, all) = v.fresh;
        parts.push(match v.gravity {
            Gravity::Unknown => format!("{fresh} of {all} signals have answered"),
            _ => format!("{fresh} of {all} signals fresh"),
        });
        parts.extend(view.drilled.as_ref().filter(|_| v.gravity == Gravity::Ok).map(drilled));
    }
    let mut rows: Vec<String> = Vec::new();
    for part in parts {
        match rows.last_mut() {
            Some(row) if row.width() + part.width() + 3 <= room => {
                row.push_str(" · ");
                row.push_str(&part);
            }
            _ => rows.push(part),
        }
    }
    rows
}

impl Why {
    /// Draws it on one row.
    pub fn draw(&self, canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16) {
        let end = x.saturating_add(width).saturating_sub(1);
        canvas.put(x + 1, y, 2, self.mark, self.slot);
        let mut at = x + 4;
        if !self.word.is_empty() {
            at = canvas.put(at, y, end.saturating_sub(at), &self.word, self.slot) + 2;
        }
        let ink = if self.mark == "!!" || self.word.is_empty() { self.slot } else { Slot::Text };
        canvas.put(at, y, end.saturating_sub(at), &self.text, ink);
    }
}

/// The line that says what to press.
pub fn press(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, scene: &Scene<'_>) {
    let view = scene.view;
    let mut keys: Vec<(String, String)> = Vec::new();
    let live = view.run.as_ref().is_some_and(run_line::is_live);
    let acts = view.acts.is_some() || view.notices.iter().any(|n| matches!(n, Notice::Held { .. }));
    let asks = !view.read_only;
    if let Some(d) = view.decisions.first().filter(|_| asks) {
        let who = if d.roles.is_empty() { String::new() } else { format!(" ({})", d.roles.join(" + ")) };
        keys.push(("D".into(), format!("decide{who}")));
    }
    if live {
        keys.push(("4".into(), "the run".into()));
    } else if let Some((key, title)) = &view.verdict.suggests {
        let label = match view.decisions.is_empty() && !acts {
            true => format!("{title}…"),
            false if width >= 110 => format!("{title} now"),
            false => "roll back now".into(),
        };
        keys.push((key.to_string(), label));
    }
    if asks && acts {
        keys.push(("X".into(), "stop the automation".into()));
    }
    if asks && view.notices.iter().any(|n| matches!(n, Notice::Silent { .. } | Notice::NoWatch)) {
        keys.push(("I".into(), "take over…".into()));
    }
    if asks && view.notices.iter().any(|n| matches!(n, Notice::Stopped { .. })) {
        keys.push(("B".into(), "seen".into()));
    }
    if !view.decisions.is_empty() || acts {
        keys.push(("W".into(), "why".into()));
    }
    match view.verdict.gravity {
        _ if live => keys.push(("E".into(), "emergency help".into())),
        Gravity::Critical | Gravity::Warn => {
            keys.push(("3".into(), "other procedures".into()));
            keys.push(("E".into(), "emergency help".into()));
        }
        Gravity::Unknown => {
            keys.push(("R".into(), "ask again".into()));
            keys.push(("3".into(), "procedures".into()));
            keys.push(("E".into(), "emergency help".into()));
        }
        Gravity::Ok => {
            keys.push(("3".into(), "procedures".into()));
            keys.push(("5".into(), "timeline".into()));
            keys.push(("E".into(), "emergency help".into()));
        }
    }
    let end = x.saturating_add(width).saturating_sub(1);
    let mut at = canvas.put(x + 1, y, width, "press ", Slot::Dim);
    for (key, label) in keys {
        if at + canvas.width_of(&key) + canvas.width_of(&label) + 1 > end {
            break;
        }
        at = canvas.put(at, y, end - at, &key, Slot::Key) + 1;
        at = canvas.put(at, y, end - at, &label, Slot::Text) + 3;
    }
}
