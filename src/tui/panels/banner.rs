//! Row 1: where am I. The environment is reversed, never in a state's colour.

use crate::model::playbook::Tone;
use crate::session::view::{Freshness, Watch};
use crate::tui::canvas::{Canvas, Span};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

/// Draws it on one row.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    canvas.fill(area.x, area.y, area.width, ' ', Slot::Bar);
    let mut x = area.x;
    let end = area.right();
    if let Some(word) = view.simulated() {
        x = canvas.put(x, area.y, area.width, &format!(" //// {word} //// "), Slot::Drill);
    }
    let tone = match view.tone {
        Tone::Danger => Slot::EnvDanger,
        Tone::Caution => Slot::EnvCaution,
        Tone::Calm => Slot::EnvCalm,
    };
    let environment = format!("▸ {} ", view.environment.to_uppercase());
    // The service's name gives way to the environment's.
    let room = (end - x).min(area.width / 2 + 8).saturating_sub(canvas.width_of(&environment) + 2);
    x = canvas.put(x, area.y, end - x, " ", tone);
    x = canvas.put(x, area.y, room.max(4).min(end - x), &view.service, tone);
    x = canvas.put(x, area.y, end - x, " ", tone);
    x = canvas.put(x, area.y, end - x, &environment, tone);
    if view.simulated().is_some() {
        let text = " nothing here is real";
        let needed: u16 = right(scene, 1).iter().map(|(t, _)| canvas.width_of(t)).sum();
        if end.saturating_sub(x) > canvas.width_of(text) + needed {
            x = canvas.put(x, area.y, end - x, text, Slot::Bar);
        }
    }
    let room = end.saturating_sub(x).saturating_sub(1);
    let width =
        |c: &Canvas<'_>, spans: &[(String, Slot)]| spans.iter().map(|(t, _)| c.width_of(t)).sum::<u16>();
    for detail in (0..=5).rev() {
        let spans = right(scene, detail);
        let w = width(canvas, &spans);
        if w <= room || detail == 0 {
            let w = w.min(room);
            let spans: Vec<Span<'_>> = spans.iter().map(|(t, s)| (t.as_str(), *s)).collect();
            canvas.spans(end - w, area.y, w, &spans);
            break;
        }
    }
}

/// The right side, with as much detail as asked for: 5 is all of it, 0 what is never dropped.
fn right(scene: &Scene<'_>, detail: u8) -> Vec<(String, Slot)> {
    let view = scene.view;
    let mut out: Vec<(String, Slot)> = Vec::new();
    let mut add = |text: String, slot| {
        if !out.is_empty() {
            out.push((" · ".into(), Slot::Bar));
        }
        out.push((text, slot));
    };
    if view.read_only {
        add("READ ONLY".into(), Slot::Warn);
    }
    if let Some(d) = view.drill.filter(|d| d.speed > 1 || detail >= 4) {
        add(format!("×{}", d.speed), Slot::Bar);
    }
    if !view.automation.is_empty() {
        let slot = if view.automation == "ARMED" { Slot::Pending } else { Slot::Bar };
        let word = match view.automation {
            "OFF" if detail >= 4 => "automation OFF",
            "OFF" => "auto OFF",
            other => other,
        };
        add(word.into(), slot);
    }
    match view.freshness {
        Freshness::Starting => add("starting".into(), Slot::Bar),
        Freshness::Live => add("live".into(), Slot::Bar),
        Freshness::Late(ms) => add(format!("LATE {}", format::age(ms)), Slot::Warn),
        Freshness::Lost(ms) => add(format!("LOST {}", format::age(ms)), Slot::Unknown),
    }
    match &view.watch {
        Watch::Ok { host } if detail >= 5 && !host.is_empty() => {
            add(format!("watch ok on {host}"), Slot::Bar)
        }
        Watch::Ok { .. } if detail >= 1 => add("watch ok".into(), Slot::Bar),
        Watch::None if detail >= 1 && view.automation == "ARMED" => add("no watch".into(), Slot::Warn),
        Watch::None if detail >= 1 => add("no watch".into(), Slot::Bar),
        Watch::Silent { for_ms, .. } => add(format!("NO WATCH {}", format::age(*for_ms)), Slot::Unknown),
        _ => {}
    }
    if let Some(first) = view.here.first().filter(|_| detail >= 3) {
        add(
            match view.here.len() {
                _ if detail >= 5 => format!("here: {}", view.here.join(", ")),
                1 => first.clone(),
                n => format!("{first}+{}", n - 1),
            },
            Slot::Bar,
        );
    }
    out.push((format!("  {}", clock(scene, detail)), Slot::Bar));
    out.push((" ".into(), Slot::Bar));
    out
}

/// Local time, with UTC beside it once; seconds only while something runs against a clock.
pub fn clock(scene: &Scene<'_>, detail: u8) -> String {
    let (wall, zone) = (scene.view.now.wall, &scene.ui.zone);
    let local = if scene.ticks() { format::clock(wall, zone) } else { format::clock_minutes(wall, zone) };
    let utc = format::clock_minutes(wall, &TimeZone::UTC);
    let same = utc == format::clock_minutes(wall, zone);
    match detail {
        5 if same => format!("{local} UTC"),
        5 => format!("{local} {}  {utc} UTC", format::zone_name(wall, zone)),
        _ if same => format!("{local}Z"),
        2..=4 => format!("{local} {utc}Z"),
        _ => local,
    }
}
