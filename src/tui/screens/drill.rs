//! A rehearsal: what can be made to go wrong in the embedded service, what is on, and what comes of it. On a real service
//! it only says that nothing is rehearsed there.

use crate::session::view::{Level, ScoreRow, ScoreView, SignalView, TroubleView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::{Scene, mark};
use crate::tui::panels::chart::{self, Scale};
use crate::tui::panels::{signals, timeline};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// From this width on there are charts at the right.
const WIDE: u16 = 110;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    if scene.view.troubles.is_empty() {
        nothing(canvas, area, scene);
        return;
    }
    let hints = 2;
    let body = Rect { height: area.height.saturating_sub(hints), ..area };
    let (left, right) = match area.width {
        0..WIDE => (body, None),
        w => {
            let left = w * 5 / 9;
            (Rect { width: left, ..body }, Some(Rect { x: area.x + left + 1, width: w - left - 1, ..body }))
        }
    };
    let speed = scene.view.drill.map_or(1, |d| d.speed);
    let y = scene.view.score.as_ref().map_or(left.y, |s| score(canvas, left, s, speed));
    let left = Rect { y, height: left.bottom().saturating_sub(y), ..left };
    let y = troubles(canvas, left, &scene.view.troubles, scene.view.score.is_none());
    let rest = Rect { y, height: left.bottom().saturating_sub(y), ..left };
    let y = match right {
        Some(right) => {
            charts(canvas, right, scene);
            y
        }
        None => service(canvas, rest, scene),
    };
    so_far(canvas, Rect { y, height: left.bottom().saturating_sub(y), ..left }, scene);
    let lines = [
        "Trouble keys are only here, behind !. All other screens work as they do for real.",
        match scene.view.drill {
            Some(_) => "Time that is measured is the drill's own. B ends the drill and keeps its score.",
            None => "`ripcord drill` rehearses your own playbook, in its own time, and scores it.",
        },
    ];
    for (y, line) in (area.bottom().saturating_sub(hints)..).zip(lines) {
        canvas.put(area.x + 1, y, area.width.saturating_sub(1), line, Slot::Dim);
    }
}

/// What is measured so far; the row below.
fn score(canvas: &mut Canvas<'_>, area: Rect, d: &ScoreView, speed: u32) -> u16 {
    let points = d.points.map(|p| format!(", {p} of 100")).unwrap_or_default();
    let right = format!("{}, time ×{speed}{points}", format::elapsed(d.elapsed_ms));
    canvas.rule(area.x, area.y, area.width, "Score so far", &right, true);
    let mut y = area.y + 1;
    for row in d.rows.iter().take(area.height.saturating_sub(1) as usize) {
        let (mark, slot) = judged(row);
        canvas.put(area.x + 1, y, 2, mark, slot);
        canvas.put(area.x + 4, y, 28, &row.what, Slot::Text);
        let took = row.took_ms.map_or_else(|| "-".into(), format::elapsed);
        canvas.put(area.x + 33, y, 10, &took, if row.took_ms.is_some() { Slot::Head } else { Slot::Dim });
        let target = row.target_ms.map(|ms| format!("of {}", format::elapsed(ms))).unwrap_or_default();
        canvas.put(area.x + 44, y, 14, &target, Slot::Dim);
        y += 1;
    }
    let wrong = d.wrong.iter().map(|w| ("! ", w.as_str(), Slot::Warn));
    let told = [("  ", d.automation.as_str(), Slot::Dim)].into_iter().filter(|(_, t, _)| !t.is_empty());
    for (mark, text, slot) in told.chain(wrong) {
        for (at, line) in wrap(text, area.width.saturating_sub(5) as usize).iter().take(2).enumerate() {
            if y >= area.bottom() {
                return y;
            }
            canvas.put(area.x + 1, y, 2, if at == 0 { mark } else { "" }, slot);
            canvas.put(area.x + 4, y, area.width.saturating_sub(5), line, slot);
            y += 1;
        }
    }
    y
}

/// Whether it came in time.
fn judged(row: &ScoreRow) -> (&'static str, Slot) {
    match (row.took_ms, row.target_ms) {
        (Some(took), Some(target)) if took > target => ("! ", Slot::Warn),
        (Some(_), _) => ("✓ ", Slot::Ok),
        (None, _) => ("· ", Slot::Dim),
    }
}

/// What can go wrong; the row below.
fn troubles(canvas: &mut Canvas<'_>, area: Rect, all: &[TroubleView], focus: bool) -> u16 {
    if area.height < 2 {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "Trouble ( ! opens it, then its key )", "", focus);
    let mut y = area.y + 1;
    for t in all {
        if y >= area.bottom() {
            break;
        }
        let on = t.on_ms.is_some();
        if on {
            canvas.put(area.x + 1, y, 2, "» ", Slot::Pending);
        }
        let key = format!("! {}", t.key);
        canvas.put(area.x + 4, y, 3, &key, Slot::Key);
        canvas.put(area.x + 9, y, 24, &t.title, if on { Slot::Head } else { Slot::Text });
        let text = match (t.on_ms, t.left_ms) {
            (Some(ms), _) if t.cured => format!("cured, on since {}", format::elapsed(ms)),
            (Some(ms), Some(left)) => {
                format!("on since {}, ends in {}", format::elapsed(ms), format::countdown(left))
            }
            (Some(ms), None) => format!("on since {}, {}", format::elapsed(ms), t.expects),
            (None, _) => t.expects.clone(),
        };
        let ink = match (on, t.cured) {
            (true, false) => Slot::Pending,
            (true, true) => Slot::Ok,
            (false, _) => Slot::Dim,
        };
        canvas.put(area.x + 34, y, area.width.saturating_sub(35), &text, ink);
        y += 1;
    }
    y
}

/// The signals with a panel, then those that are not well, a row each; the row below.
fn service(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    if area.height < 2 {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "Simulated service", "", false);
    let mut y = area.y + 1;
    for s in shown(scene).take(area.height.saturating_sub(1).min(6) as usize) {
        let (m, slot) = mark(s.level);
        canvas.put(area.x + 1, y, 2, m, slot);
        canvas.put(area.x + 4, y, 17, &s.title, Slot::Text);
        let ink = if s.level == Level::Ok { Slot::Head } else { slot };
        canvas.right(area.x + 31, y, 9, &signals::value(s), ink);
        canvas.put(area.x + 31, y, 1, signals::arrow(s), ink);
        let limit = s.critical.as_ref().or(s.warn.as_ref()).map(|t| t.text.as_str()).unwrap_or_default();
        canvas.put(area.x + 33, y, 10, limit, Slot::Dim);
        let columns = scene.columns(&s.id, 15);
        let at = Rect { x: area.x + 44, y, width: 15, height: 1 };
        chart::draw(canvas, at, s, &columns, Scale::of(s, &columns), scene.places(15));
        canvas.put(area.x + 61, y, area.width.saturating_sub(62), &signals::state(s), signals::ink(s.level));
        y += 1;
    }
    y
}

fn shown<'v>(scene: &Scene<'v>) -> impl Iterator<Item = &'v SignalView> {
    let all = &scene.view.signals;
    let sick = |s: &&SignalView| !s.panel && s.level != Level::Ok;
    all.iter().filter(|s| s.panel).chain(all.iter().filter(sick))
}

/// The same as charts, as many as there is room for.
fn charts(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    canvas.rule(area.x, area.y, area.width, "Simulated service", "", false);
    let each = ((area.height.saturating_sub(1)) / 4).clamp(4, 9);
    let tops = (area.y + 1..area.bottom().saturating_sub(each - 1)).step_by(each as usize);
    for (y, s) in tops.zip(shown(scene)) {
        signals::block(canvas, Rect { y, height: each, ..area }, scene, s, false);
    }
}

/// What began and ended, the newest last.
fn so_far(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let all: Vec<_> = scene.view.timeline.iter().filter(|h| h.kind == "trouble").collect();
    if area.height < 3 || all.is_empty() {
        return;
    }
    let rows = (area.height - 1).min(8) as usize;
    canvas.rule(area.x, area.y, area.width, "Trouble so far", "", false);
    for (y, h) in (area.y + 1..).zip(all.iter().skip(all.len().saturating_sub(rows))) {
        let letter = h.letter.map(String::from).unwrap_or_default();
        canvas.put(area.x + 11, y, 1, &letter, Slot::Accent);
        timeline::row(canvas, Rect { y, height: 1, ..area }, scene, h, 13);
    }
}

/// In words.
fn nothing(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    canvas.rule(area.x, area.y, area.width, "Drill", "", true);
    let place = format!("{} ▸ {}", view.service, view.environment.to_uppercase());
    let lines = [
        format!("Nothing is rehearsed here: {place} is real."),
        "`ripcord demo` starts a rehearsal: an embedded service of its own that goes bad, and can be rolled back. Nothing \
         outside is touched."
            .into(),
        "On this screen no key of the playbook works, and nothing can be made to go wrong: what is pressed here for \
         practice does nothing to the service."
            .into(),
    ];
    let mut y = area.y + 2;
    for line in lines {
        for row in wrap(&line, area.width.saturating_sub(2) as usize) {
            if y < area.bottom() {
                canvas.put(area.x + 1, y, area.width.saturating_sub(2), &row, Slot::Text);
            }
            y += 1;
        }
        y += 1;
    }
}
