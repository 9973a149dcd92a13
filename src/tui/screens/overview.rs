//! The overview. Strips at 80×24, charts in a grid with a column beside them at 120×40, three columns at 200×60.

use crate::model::playbook::Moment;
use crate::session::view::SignalView;
use crate::tui::canvas::Canvas;
use crate::tui::paint::Scene;
use crate::tui::panels::{
    matrix, others, run_line, series, severity, signals, timeline, traffic, triggers, verdict, what_fits,
};
use crate::tui::theme::Slot;
use crate::tui::ui::charts::{SEVERITY, SIGNALS, TIMELINE, TRIGGERS};
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

/// Signals with a panel of their own, and the others, in the order that is asked. At most `most` panels; the cursor's signal
/// is among them.
fn split<'v>(scene: &Scene<'v>, most: usize) -> (Indexed<'v>, Indexed<'v>) {
    let order = scene.ui.order(scene.view).into_iter();
    let all = order.filter_map(|i| Some((i, scene.view.signals.get(i)?)));
    let (panels, mut others): (Indexed<'_>, Indexed<'_>) = all.partition(|(_, s)| s.panel);
    let at = panels.iter().position(|(i, _)| *i == scene.ui.signal).unwrap_or(0);
    let first = (at + 1).saturating_sub(most.max(1)).min(panels.len());
    let shown: Indexed<'_> = panels[first..].iter().take(most).copied().collect();
    let rest: Indexed<'_> =
        panels.iter().filter(|(i, _)| !shown.iter().any(|(j, _)| i == j)).copied().collect();
    others.splice(0..0, rest);
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
        let on = scene.focus(SIGNALS) && scene.ui.signal == index;
        signals::strip(canvas, row(y, fit.per_panel), scene, s, on);
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
        canvas.rule(area.x, y, half, "Severity", "", scene.focus(SEVERITY));
        canvas.rule(area.x + half, y, area.width - half, "Triggers", now(scene), scene.focus(TRIGGERS));
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

/// What stands in a rule below which things are of now, while the charts are read at another time.
fn now(scene: &Scene<'_>) -> &'static str {
    if scene.cursor().is_some() { "now" } else { "" }
}

/// How many rows the parts get where there are charts; what matters least gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    /// Of one chart, with its head and its axis.
    chart: u16,
    /// Others: a table with a rule, one line, or nothing.
    others: u16,
    stages: u16,
    /// Strips of series, with their rule.
    series: u16,
    /// Events, without their rule.
    past: u16,
}

impl Grid {
    /// Everything below the head in `height` rows. `down` charts stand one below the other, not higher than `most`.
    fn fit(height: u16, down: u16, most: u16, wanted: Grid) -> Grid {
        let mut g = Grid { chart: 10.min(most), past: wanted.past.min(2), ..wanted };
        let rule = |n: u16| if n > 1 { 1 + n } else { n };
        let total = |g: &Grid| {
            let past = if g.past > 0 { 1 + g.past } else { 0 };
            // The signals' rule, and the line of the letters.
            2 + down * g.chart + rule(g.others) + g.stages + g.series + past
        };
        while total(&g) > height {
            match g {
                Grid { past: 1.., .. } => g.past -= 1,
                Grid { series: 1.., .. } => g.series = 0,
                Grid { others: 2.., .. } => g.others -= 1,
                Grid { chart: 7.., .. } => g.chart -= 1,
                Grid { stages: 1.., .. } => g.stages = 0,
                Grid { chart: 5.., .. } => g.chart -= 1,
                Grid { others: 1, .. } => g.others = 0,
                _ => return g,
            }
        }
        // What is left goes to the past first, then to the charts.
        while g.past < wanted.past.min(5) && total(&g) < height {
            g.past += 1;
        }
        while g.chart < most && total(&g) + down <= height {
            g.chart += 1;
        }
        g.past = wanted.past.min(g.past + height.saturating_sub(total(&g)));
        g
    }
}

/// Charts `across`, one below the other, and the letters' line. Returns the row below.
fn charts(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    panels: &Indexed<'_>,
    across: u16,
    height: u16,
) -> u16 {
    let width = area.width / across;
    signals::rule(canvas, area.x, area.y, area.width, scene, signals::block_columns(width));
    for (at, (index, s)) in panels.iter().enumerate() {
        let (column, row) = (at as u16 % across, at as u16 / across);
        let block = Rect {
            x: area.x + column * width,
            y: area.y + 1 + row * height,
            width,
            // A blank row between charts, where there is one to spare.
            height: if height > 10 { height - 1 } else { height },
        };
        if block.bottom() <= area.bottom() {
            let on = scene.focus(SIGNALS) && scene.ui.signal == *index;
            signals::block(canvas, block, scene, s, on);
        }
    }
    let down = (panels.len() as u16).div_ceil(across);
    let y = area.y + 1 + down * height;
    signals::letters(canvas, area.x + 8, y, area.width.saturating_sub(9), scene);
    y + 1
}

fn others_below(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, others: &Indexed<'_>) {
    match area.height {
        0 => {}
        1 => others::line(canvas, area, scene, others),
        height => {
            canvas.rule(area.x, area.y, area.width.saturating_sub(1), "Others", "", false);
            others::table(canvas, Rect { y: area.y + 1, height: height - 1, ..area }, scene, others);
        }
    }
}

fn past(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    if area.height > 1 {
        canvas.rule(area.x, area.y, area.width, "Timeline", "", scene.focus(TIMELINE));
        timeline::newest(canvas, Rect { y: area.y + 1, height: area.height - 1, ..area }, scene);
    }
}

/// Charts, stages, series and others in the left column, which is as high as `g` says.
fn left(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    (panels, others): (&Indexed<'_>, &Indexed<'_>),
    across: u16,
    g: Grid,
) {
    let y = charts(canvas, area, scene, panels, across, g.chart);
    let y = stage_matrix(canvas, Rect { y, height: g.stages, ..area }, scene);
    if let Some(s) = series::of(scene).first() {
        series::draw(canvas, Rect { y, height: g.series, width: area.width - 1, ..area }, scene, s);
    }
    let y = y + g.series;
    others_below(canvas, Rect { y, height: area.bottom().saturating_sub(y), ..area }, scene, others);
}

/// What the left column would take, if there were room.
fn wanted(scene: &Scene<'_>, others: usize, width: u16, past: u16, strips: u16) -> Grid {
    Grid {
        chart: 10,
        others: ((others + scene.view.manual.len()) as u16).min(5),
        stages: scene.view.matrix.as_ref().map_or(0, matrix::height),
        series: series::of(scene).first().map_or(0, |s| series::height(s, width - 1, strips)),
        past: past.min(scene.view.timeline.len() as u16),
    }
}

/// Charts 2×2 with severity, triggers and what fits beside them; others and the timeline below.
fn grid(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    const BESIDE: u16 = 42;
    let (panels, others) = split(scene, 4);
    let width = area.width - BESIDE;
    let down = (panels.len() as u16).div_ceil(2).max(1);
    let g = Grid::fit(area.height, down, 13, wanted(scene, others.len(), width, 12, 3));
    let below = if g.past > 0 { 1 + g.past } else { 0 };
    let up = Rect { height: area.height - below, ..area };
    left(canvas, Rect { width, ..up }, scene, (&panels, &others), 2, g);
    beside(canvas, Rect { x: area.x + width, width: BESIDE, ..up }, scene);
    past(canvas, Rect { y: up.bottom(), height: below, ..area }, scene);
}

/// The stage matrix in as many rows as were kept for it. Returns the row below.
fn stage_matrix(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    let Some(m) = scene.view.matrix.as_ref().filter(|_| area.height > 2) else { return area.y };
    canvas.rule(area.x, area.y, area.width.saturating_sub(1), &matrix::title(m), "", false);
    let inside = Rect { y: area.y + 1, height: area.height - 1, width: area.width.saturating_sub(1), ..area };
    matrix::draw(canvas, inside, scene, m);
    area.bottom()
}

/// Severity, triggers, what fits and the traffic, one below the other.
fn beside(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let y = severities(canvas, area, scene);
    let fits = fits_rows(scene).min(area.height / 3);
    let room = area.bottom().saturating_sub(y);
    let wanted = triggers_rows(scene) + 2;
    let triggers = wanted.min(room.saturating_sub(fits + 1));
    canvas.rule(area.x, y, area.width, "Triggers", &armed(scene), scene.focus(TRIGGERS));
    triggers::rows(canvas, Rect { y: y + 1, height: triggers.saturating_sub(2), ..area }, scene, true);
    let y = y + triggers;
    let y = what_fits(canvas, Rect { y, height: area.bottom().saturating_sub(y), ..area }, scene, fits);
    traffic_below(canvas, Rect { y, height: area.bottom().saturating_sub(y), ..area }, scene);
}

/// What fits in at most `most` rows; returns the row below, with a blank one between.
fn what_fits(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, most: u16) -> u16 {
    if area.height < 2 {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "What fits", "", false);
    let height = most.min(area.height - 1);
    what_fits::draw(canvas, Rect { y: area.y + 1, height, ..area }, scene);
    area.y + height + 2
}

/// The split of the traffic, where there is one and room for it. Returns the row below.
fn traffic_below(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    let rows = traffic::rows(scene);
    if rows == 0 || area.height < 1 + rows {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "Traffic", "", false);
    traffic::draw(canvas, Rect { y: area.y + 1, height: rows, ..area }, scene);
    area.y + rows + 2
}

fn severities(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    canvas.rule(area.x, area.y, area.width, "Severity", "", scene.focus(SEVERITY));
    let height = (scene.view.severities.len() as u16 * 2).min(area.height / 2);
    severity::table(canvas, Rect { y: area.y + 1, height, ..area }, scene);
    area.y + height + 2
}

fn armed(scene: &Scene<'_>) -> String {
    let armed = scene.view.triggers.iter().filter(|t| t.mode == "ARMED").count();
    match armed {
        0 => now(scene).into(),
        n => format!("{n} armed{}", if scene.cursor().is_some() { " now" } else { "" }),
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
    let (panels, others) = split(scene, 6);
    let width = area.width - 42 - 40;
    let down = (panels.len() as u16).div_ceil(3).max(1);
    let wanted = Grid { past: 9, ..wanted(scene, others.len(), width, 9, 7) };
    let g = Grid::fit(area.height, down, 13, wanted);
    let below = if g.past > 0 { 1 + g.past } else { 0 };
    let up = Rect { height: area.height - below, ..area };
    left(canvas, Rect { width, ..up }, scene, (&panels, &others), 3, g);
    let middle = Rect { x: area.x + width, width: 41, ..up };
    let y = severities(canvas, middle, scene);
    canvas.rule(middle.x, y, middle.width, "Triggers", &armed(scene), scene.focus(TRIGGERS));
    let height = middle.bottom().saturating_sub(y + 1);
    triggers::rows(canvas, Rect { y: y + 1, height, ..middle }, scene, true);
    let right = Rect { x: middle.right() + 1, width: 40, ..up };
    let down = |y: u16| Rect { y, height: right.bottom().saturating_sub(y), ..right };
    let y = what_fits(canvas, right, scene, fits_rows(scene).min(right.height / 3));
    let y = traffic_below(canvas, down(y), scene);
    let y = checklist(canvas, down(y), scene);
    run(canvas, down(y), scene);
    past(canvas, Rect { y: up.bottom(), height: below, ..area }, scene);
}

/// What is open of the checklist before a run, live. Returns the row below.
fn checklist(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    let Some(list) = scene.view.checklists.iter().find(|c| c.moment == Some(Moment::Before)) else {
        return area.y;
    };
    if area.height < 3 || list.items.is_empty() {
        return area.y;
    }
    let (done, all) = list.done();
    canvas.rule(area.x, area.y, area.width, &list.title, &format!("{done} of {all}"), false);
    let rows = (area.height - 1).min(8).min(all as u16);
    for (row, item) in list.items.iter().take(rows.into()).enumerate() {
        let y = area.y + 1 + row as u16;
        let (mark, slot) = if item.done { ("[x]", Slot::Ok) } else { ("[ ]", Slot::Text) };
        canvas.put(area.x + 1, y, 3, mark, slot);
        let ink = if item.done { Slot::Dim } else { Slot::Text };
        canvas.put(area.x + 5, y, area.width.saturating_sub(6), &item.text, ink);
    }
    area.y + rows + 2
}

/// The run in progress, or the last one.
fn run(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let Some(run) = scene.view.run.as_ref().filter(|_| area.height > 4) else { return };
    let title = if run_line::is_live(run) { "Run" } else { "Last run" };
    canvas.rule(area.x, area.y, area.width, title, "4 shows it", false);
    let line = run_line::line(scene.view, run);
    let (x, width) = (area.x + 4, area.width.saturating_sub(5));
    canvas.put(area.x + 1, area.y + 1, 2, line.mark, line.slot);
    canvas.put(x, area.y + 1, width, &format!("{}  {}", line.word, line.text), line.slot);
    canvas.put(x, area.y + 2, width, &run.title, Slot::Text);
    let clock = run_line::objective(scene.view, run).unwrap_or_default();
    canvas.put(x, area.y + 3, width, &clock, Slot::Text);
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

    #[test]
    fn with_charts_the_past_goes_first_then_strips_then_others_then_chart_rows() {
        let all = Grid { chart: 10, others: 4, stages: 7, series: 3, past: 6 };
        let at = |h| Grid::fit(h, 2, 13, all);
        assert_eq!(at(60), Grid { chart: 13, past: 6, ..all });
        assert_eq!(at(40), Grid { chart: 10, past: 2, ..all });
        assert_eq!((at(37).past, at(37).series), (0, 3));
        assert_eq!((at(36).series, at(36).others), (0, 4));
        assert_eq!((at(31).others, at(31).chart), (1, 10));
        assert_eq!((at(28).others, at(28).chart, at(28).stages), (1, 9, 7));
        assert_eq!((at(21).stages, at(21).chart), (0, 6));
        for h in 12..70 {
            let g = at(h);
            assert!(g.chart >= 4 && g.chart <= 13, "{h}: {g:?}");
        }
    }
}
