//! Everything that happened, and the one at the cursor in full.

use crate::session::view::Happening;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::find;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::timeline::ink;
use crate::tui::theme::Slot;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

/// Cells of the column that says by whom.
const WHO: u16 = 8;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (view, ui) = (scene.view, scene.ui);
    let shown = ui.shown_events(view);
    head(canvas, area, scene, shown.len());
    if shown.is_empty() {
        let why = match (view.timeline.is_empty(), ui.sought(), ui.events.only) {
            (true, ..) => "Nothing has happened yet.".to_string(),
            (_, Some(sought), _) => format!("Nothing that happened holds `{sought}`. Esc shows all again."),
            (.., Some(only)) => format!("Nothing is left of {}. F shows other kinds.", only.word()),
            _ => String::new(),
        };
        canvas.put(area.x + 1, area.y + 1, area.width.saturating_sub(2), &why, Slot::Dim);
        return;
    }
    let detail = match area.height {
        0..12 => 0,
        12..30 => 4,
        _ => 7,
    };
    let rows = area.height.saturating_sub(1 + detail) as usize;
    let at = shown.len() - 1 - ui.back_in_time.min(shown.len() - 1);
    // The cursor stays in sight; the newest are at the bottom while there is room below it.
    let last = shown.len().min((at + rows / 2 + 1).max(rows));
    let first = last.saturating_sub(rows);
    for (line, h) in shown[first..last].iter().enumerate() {
        let y = area.y + 1 + line as u16;
        if first + line == at {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        row(canvas, Rect { y, height: 1, ..area }, scene, h);
    }
    if detail > 0 {
        let y = area.bottom() - detail;
        in_full(canvas, Rect { y, height: detail, ..area }, scene, shown[at]);
    }
}

/// `─▸Timeline ─── all · / find · F kinds ─────── INC-2026-11-21-1, 31 ──`
fn head(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, shown: usize) {
    let (view, ui) = (scene.view, scene.ui);
    let all = view.timeline.len();
    let count = if shown == all { all.to_string() } else { format!("{shown} of {all}") };
    let note = match &view.incident {
        Some(incident) => format!("{}, {count}", incident.name),
        None => count,
    };
    canvas.rule(area.x, area.y, area.width, "Timeline", &note, true);
    let only = ui.events.only.map_or("all", |o| o.word());
    let sought = ui.sought().map_or_else(|| "/ find".to_string(), |s| format!("/{s}"));
    let room = area.width.saturating_sub(20 + canvas.width_of(&note));
    canvas.put(area.x + 14, area.y, room, &format!(" {only} · {sought} · F kinds "), Slot::Dim);
}

/// One event on one row: time, how it stands, kind, text, by whom.
fn row(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, h: &Happening) {
    let (x, y, end) = (area.x, area.y, area.right().saturating_sub(1));
    let sought = scene.ui.sought();
    canvas.put(x + 1, y, 8, &format::clock(h.wall, &scene.ui.zone), Slot::Dim);
    if let Some(sign) = h.sign() {
        // `ok` stands for `✓` where that cannot be shown, and takes two cells.
        let sign_text = sign.to_string();
        let at = x + 12 - canvas.width_of(&sign_text);
        canvas.put(at, y, 2, &sign_text, sign_ink(sign));
    }
    find::put(canvas, (x + 13, y), 10, &h.kind, ink(&h.kind), sought);
    let text_end = match &h.who {
        Some(who) => {
            let wide = canvas.width_of(who).clamp(WHO - 1, area.width / 6);
            let at = end.saturating_sub(wide);
            find::put(canvas, (at, y), wide, who, Slot::Dim, sought);
            at.saturating_sub(1)
        }
        None => end,
    };
    find::put(canvas, (x + 24, y), text_end.saturating_sub(x + 24), &h.text, Slot::Text, sought);
}

fn sign_ink(sign: char) -> Slot {
    match sign {
        '!' => Slot::Critical,
        '✓' => Slot::Ok,
        '?' => Slot::Unknown,
        '~' => Slot::Stale,
        '-' => Slot::Dim,
        _ => Slot::Accent,
    }
}

/// What was measured, where it is on record, and what was written to a file.
fn in_full(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, h: &Happening) {
    let title =
        format!("{} · {} UTC", format::clock(h.wall, &scene.ui.zone), format::clock(h.wall, &TimeZone::UTC));
    canvas.rule(area.x, area.y, area.width, &title, "", false);
    let width = area.width.saturating_sub(2) as usize;
    let by = h.who.as_ref().map(|who| format!(" · by {who}")).unwrap_or_default();
    let whole = format!("{}: {}{by}", h.kind, h.text);
    let mut rows = wrap(&whole, width);
    // What stands whole in its row is not said twice.
    if !h.measured.is_empty() && canvas.width_of(&whole) < area.width.saturating_sub(16) {
        rows.clear();
    }
    if !h.measured.is_empty() {
        rows.extend(wrap(&h.measured, width));
    }
    let mut rows: Vec<(String, Slot)> = rows.into_iter().map(|r| (r, Slot::Text)).collect();
    let wrote = scene.view.exported.iter().map(|text| (text.clone(), Slot::Ok));
    let below: Vec<(String, Slot)> = std::iter::once((on_record(h), Slot::Dim)).chain(wrote).collect();
    rows.truncate((area.height as usize).saturating_sub(1 + below.len()));
    for (line, (text, slot)) in rows.iter().chain(&below).enumerate() {
        canvas.put(area.x + 1, area.y + 1 + line as u16, area.width.saturating_sub(2), text, *slot);
    }
}

fn on_record(h: &Happening) -> String {
    let jumps = "Enter: this moment on the charts";
    match &h.record {
        Some(r) => {
            let hash: String = r.hash.chars().take(4).collect();
            format!("{}, record {} · hash {hash}… · {jumps}", r.log, thousands(r.seq))
        }
        None => format!("seen by this screen, not on record · {jumps}"),
    }
}

/// `1251` as `1,251`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_set_apart() {
        let all = [0, 999, 1_000, 1_251, 1_000_000].map(super::thousands);
        assert_eq!(all, ["0", "999", "1,000", "1,251", "1,000,000"]);
    }
}
