//! Row 2: the verdict and its clock, in the same place on every screen. And the lines under it that say why.

use super::run_line;
use crate::session::view::{Freshness, Gravity, TriggerState, TriggerView, View};
use crate::tui::canvas::Canvas;
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
    let right = match v.clock_ms {
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
    let (mark, slot) = gravity(v.gravity);
    line(canvas, area, mark, &v.word, &v.text, &right, slot, v.gravity == Gravity::Critical);
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
    let mut add = |mark, word: &str, text: &str, slot| {
        let first = if word.is_empty() { 0 } else { word.chars().count() + 2 };
        let mut lines = wrap(text, room.saturating_sub(first)).into_iter();
        let text = lines.next().unwrap_or_default();
        out.push(Why { mark, word: word.into(), text, slot });
        out.extend(lines.map(|text| Why { mark: "  ", word: String::new(), text, slot }));
    };
    if let Some(alarm) = &view.alarm {
        add("!!", "", alarm, Slot::Critical);
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
    let alarms = out.len();
    if let Some((left, t)) = soonest(view) {
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

/// The pending trigger that fires first, and in how many milliseconds.
fn soonest(view: &View) -> Option<(u64, &TriggerView)> {
    let left = |t: &TriggerView| match t.state {
        TriggerState::Pending { held, need } => Some(need.saturating_sub(held)),
        _ => None,
    };
    view.triggers.iter().filter_map(|t| Some((left(t)?, t))).min_by_key(|(left, _)| *left)
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
    if live {
        keys.push(("4".into(), "the run".into()));
    } else if let Some((key, title)) = &view.verdict.suggests {
        keys.push((key.to_string(), format!("{title}…")));
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
