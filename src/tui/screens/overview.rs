//! The overview. Strips at 80×24, charts in a grid with a column beside them at 120×40, three columns at 200×60.

use crate::session::view::SignalView;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::panels::{
    matrix, others, run_line, series, severity, signals, timeline, triggers, verdict, what_fits,
};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it below the verdict, in the layout that fits.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let area = head(canvas, area, scene);
    match (area.width, area.height) {
        (180.., 45..) => wide(canvas, area, scene),
        (110.., 29..) => grid(canvas, area, scene),
        _ => strips(canvas, area, scene),
    }
}

/// Why, what fires next, and what to press. Returns what is left below.
fn head(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> Rect {
    // The signals must stay in sight.
    let mut why = verdict::why(scene, area.width, (area.height as usize / 5).max(1));
    why.truncate(area.height as usize / 2);
    let mut y = area.y;
    for line in &why {
        line.draw(canvas, area.x, y, area.width);
        y += 1;
    }
    if area.height >= 16 {
        verdict::press(canvas, area.x, y, area.width, scene);
        y += 1;
    }
    Rect { y, height: area.bottom() - y, ..area }
}

type Indexed<'v> = Vec<(usize, &'v SignalView)>;

/// Signals with a panel of their own, and the others. At most `most` panels; the cursor's signal is among them.
fn split<'v>(scene: &Scene<'v>, most: usize) -> (Indexed<'v>, Indexed<'v>) {
    let all = scene.view.signals.iter().enumerate();
    let (panels, mut others): (Indexed<'_>, Indexed<'_>) = all.partition(|(_, s)| s.panel);
    let at = panels.iter().position(|(i, _)| *i == scene.ui.signal).unwrap_or(0);
    let first = (at + 1).saturating_sub(most.max(1)).min(panels.len());
    let shown: Indexed<'_> = panels[first..].iter().take(most).copied().collect();
    let rest = panels.iter().filter(|(i, _)| !shown.iter().any(|(j, _)| i == j));
    others.extend(rest.copied());
    others.sort_by_key(|(i, _)| *i);
    (shown, others)
}

/// How many rows each part gets; what matters least gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rows {
    panels: u16,
    per_panel: u16,
    axis: u16,
    others: u16,
    severity: u16,
    timeline: u16,
}

impl Rows {
    fn total(&self) -> u16 {
        let signals = 1 + self.panels * self.per_panel + self.axis + self.others;
        let matrix = if self.severity > 0 { 1 + self.severity } else { 0 };
        signals + matrix + self.timeline
    }

    fn fit(height: u16, panels: u16, others: u16, severities: u16, triggers: u16, happened: u16) -> Rows {
        let matrix = severities.max(triggers).min(severities.max(4));
        let mut r =
            Rows { panels, per_panel: 2, axis: 1, others: others.min(1), severity: matrix, timeline: 2 };
        r.timeline = r.timeline.min(happened);
        while r.total() > height {
            match r {
                Rows { timeline: 1.., .. } => r.timeline -= 1,
                Rows { panels: 5.., .. } => r.panels -= 1,
                Rows { others: 1.., .. } => r.others = 0,
                Rows { per_panel: 2, panels: 3.., .. } => (r.per_panel, r.axis) = (1, 0),
                Rows { per_panel: 2, .. } => (r.per_panel, r.axis) = (1, 0),
                Rows { severity: 2.., .. } => r.severity -= 1,
                Rows { panels: 2.., .. } => r.panels -= 1,
                Rows { severity: 1.., .. } => r.severity -= 1,
                Rows { panels: 1.., .. } => r.panels -= 1,
                _ => return r,
            }
        }
        // What is left goes to the past, then to the other signals, then to the triggers.
        let mut left = height - r.total();
        let mut give = |to: &mut u16, most: u16| {
            let n = left.min(most.saturating_sub(*to));
            *to += n;
            left -= n;
        };
        give(&mut r.timeline, happened.min(3));
        if r.others > 0 {
            give(&mut r.others, others);
        }
        give(&mut r.severity, severities.max(triggers));
        give(&mut r.timeline, happened);
        r
    }
}

/// Two-row strips that share one axis.
fn strips(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    let (panels, others) = split(scene, usize::MAX);
    let (row, len) = (|y, height| Rect { y, height, ..area }, |n: usize| n.min(200) as u16);
    let fit = Rows::fit(
        area.height,
        len(panels.len()),
        len(others.len() + view.manual.len()),
        len(view.severities.len()),
        len(view.triggers.len()),
        len(view.timeline.len()),
    );
    let (panels, others) = split(scene, fit.panels as usize);
    let mut y = area.y;
    signals::rule(canvas, area.x, y, area.width, scene, signals::strip_columns(area.width));
    y += 1;
    for (index, s) in panels {
        signals::strip(canvas, row(y, fit.per_panel), scene, s, scene.ui.signal == index);
        y += fit.per_panel;
    }
    if fit.axis > 0 && y < area.bottom() {
        signals::strip_axis(canvas, area.x, y, area.width, scene);
        y += 1;
    }
    match fit.others {
        0 => {}
        1 => others::line(canvas, row(y, 1), scene, &others),
        n => others::table(canvas, row(y, n), scene, &others),
    }
    y += fit.others;
    if fit.severity > 0 && y < area.bottom() {
        let half = area.width / 2;
        canvas.rule(area.x, y, half, "Severity", "", false);
        canvas.rule(area.x + half, y, area.width - half, "Triggers", "", false);
        y += 1;
        let height = fit.severity.min(area.bottom() - y);
        severity::rows(canvas, Rect { y, height, width: half, ..area }, scene);
        let right = Rect { x: area.x + half, y, width: area.width - half, height };
        triggers::rows(canvas, right, scene, false);
        y += height;
    }
    if y < area.bottom() {
        timeline::newest(canvas, row(y, fit.timeline.min(area.bottom() - y)), scene);
    }
}

/// Charts `across`, one below the other as far as they go, and the letters' line. Returns the row below.
fn charts(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, panels: &Indexed<'_>, across: u16) -> u16 {
    let width = area.width / across;
    signals::rule(canvas, area.x, area.y, area.width, scene, signals::block_columns(width));
    let down = (panels.len() as u16).div_ceil(across).max(1);
    let letters = u16::from(scene.view.timeline.iter().any(|h| h.letter.is_some()));
    let height = (area.height.saturating_sub(1 + letters) / down).clamp(4, 15);
    for (at, (index, s)) in panels.iter().enumerate() {
        let (column, row) = (at as u16 % across, at as u16 / across);
        let block = Rect {
            x: area.x + column * width,
            y: area.y + 1 + row * height,
            width,
            // A blank row between charts, where there is one to spare.
            height: if height > 8 { height - 1 } else { height },
        };
        if block.bottom() <= area.bottom() {
            signals::block(canvas, block, scene, s, scene.ui.signal == *index);
        }
    }
    let y = (area.y + 1 + down * height).min(area.bottom());
    if letters > 0 && y > 0 {
        let at = if height > 8 { y - 1 } else { y.min(area.bottom() - 1) };
        signals::letters(canvas, area.x + 8, at, area.width.saturating_sub(9), scene);
        return if height > 8 { y } else { y + 1 };
    }
    y
}

/// Charts 2×2 with severity, triggers and what fits beside them; others and the timeline below.
fn grid(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    const BESIDE: u16 = 42;
    let (panels, others) = split(scene, 4);
    let past = (scene.view.timeline.len() as u16 + 1).clamp(3, 6);
    let below = 1 + ((others.len() + scene.view.manual.len()) as u16).clamp(1, 5);
    let left = area.width - BESIDE;
    let up = Rect { width: left, height: area.height - past, ..area };
    let stages = staged(scene, up.height.saturating_sub(below));
    let charts_area = Rect { height: up.height.saturating_sub(below + stages), ..up };
    let y = charts(canvas, charts_area, scene, &panels, 2);
    let y = stage_matrix(canvas, Rect { y, height: stages, ..up }, scene);
    canvas.rule(area.x, y, left.saturating_sub(1), "Others", "", false);
    others::table(canvas, Rect { y: y + 1, height: up.bottom().saturating_sub(y + 1), ..up }, scene, &others);
    beside(canvas, Rect { x: area.x + left, width: BESIDE, height: up.height, ..area }, scene);
    canvas.rule(area.x, up.bottom(), area.width, "Timeline", "", false);
    timeline::newest(canvas, Rect { y: up.bottom() + 1, height: past - 1, ..area }, scene);
}

/// Rows for the stage matrix out of `height`; none where the charts would become too low.
fn staged(scene: &Scene<'_>, height: u16) -> u16 {
    let wanted = scene.view.matrix.as_ref().map_or(0, matrix::height);
    if height >= wanted + 12 { wanted } else { 0 }
}

/// The stage matrix in as many rows as were kept for it. Returns the row below.
fn stage_matrix(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    let Some(m) = scene.view.matrix.as_ref().filter(|_| area.height > 2) else { return area.y };
    canvas.rule(area.x, area.y, area.width.saturating_sub(1), &matrix::title(m), "", false);
    let inside = Rect { y: area.y + 1, height: area.height - 1, width: area.width.saturating_sub(1), ..area };
    matrix::draw(canvas, inside, scene, m);
    area.bottom()
}

/// Severity, triggers and what fits, one below the other.
fn beside(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let y = severities(canvas, area, scene);
    let fits = fits_rows(scene).min(area.height / 3);
    let room = area.bottom().saturating_sub(y);
    let wanted = triggers_rows(scene) + 2;
    let triggers = wanted.min(room.saturating_sub(fits + 1));
    canvas.rule(area.x, y, area.width, "Triggers", &armed(scene), false);
    triggers::rows(canvas, Rect { y: y + 1, height: triggers.saturating_sub(2), ..area }, scene, true);
    let y = y + triggers;
    if area.bottom() > y + 1 {
        canvas.rule(area.x, y, area.width, "What fits", "", false);
        let height = fits_rows(scene).min(area.bottom() - y - 1);
        what_fits::draw(canvas, Rect { y: y + 1, height, ..area }, scene);
        let y = y + height + 2;
        series_below(canvas, Rect { y, height: area.bottom().saturating_sub(y), ..area }, scene);
    }
}

/// Series, when there are any and there is room.
fn series_below(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    if area.height > 3 && series::rows(scene) > 0 {
        canvas.rule(area.x, area.y, area.width, "Series, worst first", "", false);
        series::draw(canvas, Rect { y: area.y + 1, height: area.height - 1, ..area }, scene);
    }
}

fn severities(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    canvas.rule(area.x, area.y, area.width, "Severity", "", false);
    let height = (scene.view.severities.len() as u16 * 2).min(area.height / 2);
    severity::table(canvas, Rect { y: area.y + 1, height, ..area }, scene);
    area.y + height + 2
}

fn armed(scene: &Scene<'_>) -> String {
    match scene.view.triggers.iter().filter(|t| t.mode == "ARMED").count() {
        0 => String::new(),
        n => format!("{n} armed"),
    }
}

fn triggers_rows(scene: &Scene<'_>) -> u16 {
    use crate::session::view::TriggerState::{Firing, Pending};
    let rows = scene.view.triggers.iter().map(|t| match t.state {
        Pending { .. } | Firing { .. } => 1 + t.parts.len(),
        _ => 1,
    });
    rows.sum::<usize>().min(100) as u16
}

fn fits_rows(scene: &Scene<'_>) -> u16 {
    let rows =
        scene.view.procedures.iter().map(|p| if p.suggested && !p.use_when.is_empty() { 2 } else { 1 });
    rows.sum::<usize>().min(100) as u16
}

/// Three columns and the timeline across.
fn wide(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let past = 10;
    let up = Rect { height: area.height - past, ..area };
    let left = Rect { width: area.width - 42 - 40, ..up };
    let (panels, others) = split(scene, 6);
    let below = (2 + (others.len() + scene.view.manual.len()) as u16).min(up.height / 3);
    let across = if panels.len() <= 4 { 2 } else { 3 };
    let stages = staged(scene, left.height - below);
    let charts_area = Rect { height: left.height - below - stages, ..left };
    let y = charts(canvas, charts_area, scene, &panels, across);
    let y = stage_matrix(canvas, Rect { y, height: stages, ..left }, scene);
    canvas.rule(left.x, y, left.width.saturating_sub(1), "Others", "", false);
    others::table(
        canvas,
        Rect { y: y + 1, height: left.bottom().saturating_sub(y + 1), ..left },
        scene,
        &others,
    );
    let middle = Rect { x: left.right(), width: 42, ..up };
    let y = severities(canvas, middle, scene);
    canvas.rule(middle.x, y, middle.width, "Triggers", &armed(scene), false);
    triggers::rows(
        canvas,
        Rect { y: y + 1, height: middle.bottom().saturating_sub(y + 1), ..middle },
        scene,
        true,
    );
    let right = Rect { x: middle.right(), width: 40, ..up };
    canvas.rule(right.x, right.y, right.width, "What fits", "", false);
    let fits = fits_rows(scene).min(right.height / 2);
    what_fits::draw(canvas, Rect { y: right.y + 1, height: fits, ..right }, scene);
    let mut rest = Rect { y: right.y + fits + 2, height: right.height.saturating_sub(fits + 2), ..right };
    if let Some(run) = scene.view.run.as_ref().filter(|_| rest.height > 10) {
        let title = if run_line::is_live(run) { "Run" } else { "Last run" };
        canvas.rule(rest.x, rest.y, rest.width, title, "4 shows it", false);
        let line = run_line::line(scene.view, run);
        canvas.put(rest.x + 1, rest.y + 1, 2, line.mark, line.slot);
        canvas.put(
            rest.x + 4,
            rest.y + 1,
            rest.width - 5,
            &format!("{}  {}", line.word, line.text),
            line.slot,
        );
        canvas.put(rest.x + 4, rest.y + 2, rest.width - 5, &run.title, Slot::Text);
        let clock = run_line::objective(scene.view, run).unwrap_or_default();
        canvas.put(rest.x + 4, rest.y + 3, rest.width - 5, &clock, Slot::Text);
        rest = Rect { y: rest.y + 5, height: rest.height - 5, ..rest };
    }
    series_below(canvas, rest, scene);
    canvas.rule(area.x, up.bottom(), area.width, "Timeline", "", false);
    timeline::newest(canvas, Rect { y: up.bottom() + 1, height: past - 1, ..area }, scene);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_80_by_24_on_fire_everything_has_its_place() {
        let rows = Rows::fit(18, 4, 4, 4, 7, 20);
        assert_eq!(rows, Rows { panels: 4, per_panel: 2, axis: 1, others: 1, severity: 4, timeline: 2 });
    }

    #[test]
    fn the_past_goes_first_then_others_then_chart_rows_then_rows_not_in_force() {
        let at = |h| Rows::fit(h, 4, 4, 4, 7, 20);
        assert_eq!((at(17).timeline, at(16).timeline, at(16).others), (1, 0, 1));
        assert_eq!((at(15).others, at(15).per_panel), (0, 2));
        assert_eq!((at(14).per_panel, at(14).severity), (1, 5));
        assert_eq!((at(9).panels, at(9).severity), (4, 3), "{:?}", at(9));
        for h in 0..60 {
            assert!(at(h).total() <= h.max(1), "{h}: {:?}", at(h));
        }
    }

    #[test]
    fn more_room_shows_more() {
        let rows = Rows::fit(40, 4, 6, 4, 9, 50);
        assert_eq!((rows.others, rows.severity), (6, 9));
        assert_eq!(rows.total(), 40);
    }
}
