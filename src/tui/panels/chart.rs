//! Filled columns in eighths, with threshold lines in empty cells, gaps as holes, and letters on the axis; they move by
//! whole columns, or a write head sweeps over them.

use crate::model::playbook::Better;
use crate::model::time::Now;
use crate::model::unit::Unit;
use crate::session::view::{ChartColumn, Happening, Level, SignalView, Threshold};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::glyphs::EIGHTHS;
use crate::tui::theme::Slot;
use crate::tui::ui::charts::column;
use ratatui::layout::Rect;

/// The values at the floor and the ceiling of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// At the floor.
    pub bottom: f64,
    /// At the ceiling.
    pub top: f64,
}

impl Scale {
    /// Fits the columns and the threshold that matters, in round numbers, so that it seldom moves.
    pub fn of(signal: &SignalView, columns: &[Option<ChartColumn>]) -> Scale {
        let finite = |v: &f64| v.is_finite();
        let most = columns.iter().flatten().map(|c| c.max).filter(finite).fold(0.0, f64::max);
        let least = columns.iter().flatten().map(|c| c.min).filter(finite).fold(0.0, f64::min);
        if signal.traffic && matches!(signal.unit, Unit::Percent | Unit::Ratio) && most <= 1.0 {
            return Scale { bottom: 0.0, top: 1.0 };
        }
        let reference = reference(signal, most).unwrap_or(0.0);
        let mut top = round_up(f64::max(most * 1.02, reference * 1.2));
        if matches!(signal.unit, Unit::Percent | Unit::Ratio) && most <= 1.0 {
            top = top.min(1.0);
        }
        Scale { bottom: -round_up(-least), top: if top > 0.0 { top } else { 1.0 } }
    }

    /// Height of a value in eighths of a cell, of `rows` cells; at least one, so that zero is not a gap.
    pub fn eighths(&self, value: f64, rows: u16) -> u16 {
        let share = (value - self.bottom) / (self.top - self.bottom);
        let all = f64::from(rows * 8);
        (share * all).round().clamp(1.0, all) as u16
    }

    /// The row (from the top) on which a value lies, when it is inside.
    pub fn row(&self, value: f64, rows: u16) -> Option<u16> {
        let share = (value - self.bottom) / (self.top - self.bottom);
        if !(0.0..=1.0).contains(&share) || rows == 0 {
            return None;
        }
        Some(rows - 1 - ((share * f64::from(rows)).floor() as u16).min(rows - 1))
    }
}

/// The threshold that the eye needs: `warn` while all is below it, else `critical`.
fn reference(signal: &SignalView, most: f64) -> Option<f64> {
    let at = |t: &Option<Threshold>| t.as_ref().and_then(|t| t.at).filter(|v| v.is_finite());
    match (at(&signal.warn), at(&signal.critical)) {
        (Some(w), Some(c)) if most > w => Some(f64::max(w, c)),
        (Some(w), _) => Some(w),
        (None, c) => c,
    }
}

/// The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.
fn round_up(v: f64) -> f64 {
    if v <= 0.0 || !v.is_finite() {
        return 0.0;
    }
    let power = 10f64.powf(v.log10().floor());
    for step in [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0] {
        if v <= step * power * (1.0 + 1e-9) {
            return step * power;
        }
    }
    10.0 * power
}

/// Whether a value is past a threshold.
fn past(value: f64, threshold: &Option<Threshold>, better: Better) -> bool {
    let Some(Threshold { at: Some(at), text }) = threshold else { return false };
    let below = match text.trim_start().chars().next() {
        Some('<') => true,
        Some('>') => false,
        _ => better == Better::Higher,
    };
    if below { value < *at } else { value > *at }
}

/// The level that a value has by its thresholds.
pub fn level(value: f64, signal: &SignalView) -> Level {
    match () {
        () if past(value, &signal.critical, signal.better) => Level::Critical,
        () if past(value, &signal.warn, signal.better) => Level::Warn,
        () => Level::Ok,
    }
}

/// Where the columns of charts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    columns: usize,
    /// Number of the newest column since boot, while a write head sweeps; none: the newest is at the right edge.
    head: Option<i64>,
}

/// What stands in one column of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Data: which column, and whether it is of the older half while it is swept.
    Data(usize, bool),
    /// The write head.
    Head,
    /// Blank, just right of the write head.
    Blank,
}

impl Places {
    /// The newest column at the right edge.
    pub fn aligned(columns: usize) -> Places {
        Places { columns, head: None }
    }

    /// The newest column just left of the write head, which goes from left to right, over and over.
    pub fn swept(columns: usize, end: &Now, window: u64) -> Places {
        let width = (window / columns.max(1) as u64).max(1) as i64;
        Places { columns, head: (columns > 4).then(|| (end.boot as i64).div_euclid(width)) }
    }

    /// What stands at `x` from the left edge.
    pub fn at(&self, x: usize) -> Place {
        let n = self.columns as i64;
        let Some(head) = self.head else { return Place::Data(x, false) };
        match (x as i64 - head - 1).rem_euclid(n) {
            0 => Place::Head,
            1 => Place::Blank,
            column => Place::Data(column as usize, column < n / 2),
        }
    }

    /// Where a column stands, if it is shown.
    pub fn of(&self, column: usize) -> Option<u16> {
        let n = self.columns as i64;
        match self.head {
            None => (column < self.columns).then_some(column as u16),
            Some(_) if column < 2 || column >= self.columns => None,
            Some(head) => Some((column as i64 + head + 1).rem_euclid(n) as u16),
        }
    }
}

/// Draws columns, threshold lines and the baseline into `area`.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    signal: &SignalView,
    columns: &[Option<ChartColumn>],
    scale: Scale,
    places: Places,
) {
    let rows = area.height;
    if rows == 0 {
        return;
    }
    let line = |at: Option<f64>| at.and_then(|v| scale.row(v, rows));
    let threshold = |t: &Option<Threshold>| line(t.as_ref().and_then(|t| t.at));
    let (warn, critical) = (threshold(&signal.warn), threshold(&signal.critical));
    let baseline = line(signal.baseline).filter(|r| rows > 2 && *r + 1 < rows);
    let first = columns.iter().position(Option::is_some);
    for across in 0..columns.len().min(area.width as usize) {
        let x = area.x + across as u16;
        let (at, old) = match places.at(across) {
            Place::Data(at, old) => (at, old),
            Place::Head => {
                (0..rows).for_each(|row| canvas.fill(x, area.y + row, 1, '│', Slot::Accent));
                continue;
            }
            Place::Blank => continue,
        };
        let (mut left, slot) = match &columns[at] {
            Some(c) => {
                let value = if signal.better == Better::Higher { c.min } else { c.max };
                let slot = match level(value, signal) {
                    Level::Critical => Slot::Critical,
                    Level::Warn => Slot::Warn,
                    _ if old => Slot::Rule,
                    _ => Slot::Chart,
                };
                (scale.eighths(value, rows), slot)
            }
            // A hole. Before the first sample there was nothing to miss, and the lines run on.
            None if first.is_some_and(|f| at > f) => {
                canvas.put(x, area.bottom() - 1, 1, "?", Slot::Unknown);
                continue;
            }
            None => (0, Slot::Chart),
        };
        for row in (0..rows).rev() {
            let eighths = left.min(8);
            left -= eighths;
            let y = area.y + row;
            if eighths > 0 {
                canvas.fill(x, y, 1, EIGHTHS[eighths as usize], slot);
            } else if critical == Some(row) {
                canvas.fill(x, y, 1, '┄', Slot::Threshold);
            } else if warn == Some(row) {
                canvas.fill(x, y, 1, '┄', Slot::Warn);
            } else if baseline == Some(row) {
                canvas.fill(x, y, 1, '·', Slot::Baseline);
            }
        }
    }
}

/// Numbers beside a chart, right-aligned before `end`: ceiling, thresholds, baseline and floor at their heights.
pub fn labels(canvas: &mut Canvas<'_>, end: u16, area: Rect, width: u16, signal: &SignalView, scale: Scale) {
    let rows = area.height;
    let at = |t: &Option<Threshold>| t.as_ref().and_then(|t| t.at);
    let mut taken = vec![false; rows as usize];
    let wanted = [
        (at(&signal.critical), Slot::Threshold),
        (at(&signal.warn), Slot::Warn),
        (Some(scale.bottom), Slot::Dim),
        (Some(scale.top), Slot::Dim),
        (signal.baseline.filter(|_| rows > 2), Slot::Baseline),
    ];
    for (value, slot) in wanted {
        let Some((value, row)) = value.and_then(|v| Some((v, scale.row(v, rows)?))) else { continue };
        if let Some(free) = taken.get_mut(row as usize).filter(|t| !**t) {
            *free = true;
            canvas.right(end, area.y + row, width, &bare(value, signal.unit), slot);
        }
    }
}

/// A number for an axis: zero needs no unit.
pub fn bare(value: f64, unit: Unit) -> String {
    if value == 0.0 { "0".into() } else { format::value(Some(value), unit) }
}

/// Letters that stand on an axis: deploy (the moment that a person or a pipeline marked), trouble, pending, firing, run,
/// observed, end.
pub const LETTERS: &str = "DTPFRoE";

/// Letters and their columns: what happened inside the window that ends with the column of `end`.
pub fn marks(timeline: &[Happening], end: &Now, window: u64, columns: usize) -> Vec<(usize, char)> {
    let on_axis = timeline.iter().filter_map(|h| Some((h.wall, h.letter.filter(|l| LETTERS.contains(*l))?)));
    on_axis.filter_map(|(wall, letter)| Some((column(wall, end, window, columns)?, letter))).collect()
}

/// The colour of a letter on an axis.
pub fn letter_slot(letter: char) -> Slot {
    match letter {
        'F' | 'T' => Slot::Critical,
        'P' => Slot::Pending,
        _ => Slot::Accent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::Glyphs;
    use crate::tui::tests::signal;
    use crate::tui::theme::Theme;
    use ratatui::buffer::Buffer;

    fn bar(v: f64) -> Option<ChartColumn> {
        Some(ChartColumn { min: v, max: v, mean: v })
    }

    #[test]
    fn the_scale_is_round_and_holds_the_threshold_that_matters() {
        let s = signal("errors", Unit::Percent, Some((0.005, 0.02)));
        let top = |v: f64| (Scale::of(&s, &[bar(v)]).top * 1e6).round() / 1e6;
        assert_eq!(top(0.0005), 0.006, "warn while calm");
        assert_eq!(top(0.008), 0.025, "critical once past warn");
        assert_eq!(top(0.0342), 0.04);
        assert_eq!(top(0.0), top(0.004), "does not move while nothing happens");
        let bare = signal("x", Unit::Score, None);
        assert_eq!(Scale::of(&bare, &[None]), Scale { bottom: 0.0, top: 1.0 });
        assert_eq!(Scale::of(&bare, &[bar(-3.3)]).bottom, -4.0);
    }

    #[test]
    fn zero_is_a_column_and_nothing_is_higher_than_the_chart() {
        let scale = Scale { bottom: 0.0, top: 10.0 };
        assert_eq!([scale.eighths(0.0, 2), scale.eighths(5.0, 2), scale.eighths(99.0, 2)], [1, 8, 16]);
        assert_eq!([scale.row(0.0, 4), scale.row(10.0, 4), scale.row(11.0, 4)], [Some(3), Some(0), None]);
    }

    #[test]
    fn a_lower_bound_is_crossed_downwards() {
        let mut s = signal("quality", Unit::Percent, None);
        s.critical = Some(Threshold { at: Some(0.9), text: "< 90%".into() });
        assert_eq!((level(0.8, &s), level(0.95, &s)), (Level::Critical, Level::Ok));
    }

    #[test]
    fn letters_stand_in_the_column_of_their_time() {
        let at = |wall, letter| Happening { wall, letter: Some(letter), ..Happening::default() };
        // Columns of 10 s; on the boot clock the newest began at 100 s.
        let end = Now { boot: 109_000, boot_id: "b".into(), wall: 1_109_000 };
        let all = [
            at(1_000_000, 'D'),
            at(1_099_000, 'o'),
            at(1_099_000, 'V'),
            at(1_100_500, 'F'),
            at(1_109_000, 'P'),
            at(1_111_000, 'E'),
        ];
        assert_eq!(marks(&all, &end, 100_000, 10), [(8, 'o'), (9, 'F'), (9, 'P')]);
    }

    /// A chart of a wave, drawn at a second since boot.
    fn drawn(second: u64, n: u16, sweep: bool) -> Buffer {
        let s = signal("errors", Unit::Percent, Some((0.5, 0.9)));
        let (window, end) = (900_000, Now { boot: second * 1000, boot_id: "b".into(), wall: 0 });
        let newest = end.boot / (window / u64::from(n));
        let columns: Vec<_> =
            (0..u64::from(n)).map(|c| bar((((newest + c) * 7 % 11) as f64 + 0.5) / 11.0)).collect();
        let places = match sweep {
            true => Places::swept(n.into(), &end, window),
            false => Places::aligned(n.into()),
        };
        let (theme, area) = (Theme::dark(), Rect { x: 0, y: 0, width: n, height: 8 });
        let mut buffer = Buffer::empty(area);
        let mut canvas = Canvas::new(&mut buffer, &theme, &Glyphs::Unicode);
        draw(&mut canvas, area, &s, &columns, Scale { bottom: 0.0, top: 1.0 }, places);
        buffer
    }

    fn columns_that_differ(a: &Buffer, b: &Buffer) -> usize {
        (0..a.area.width).filter(|x| (0..a.area.height).any(|y| a[(*x, y)] != b[(*x, y)])).count()
    }

    #[test]
    fn a_step_of_the_sweep_changes_four_columns_at_most_where_a_shift_changes_most_of_them() {
        for n in [30u16, 37, 31] {
            let step = 900 / u64::from(n) + 1;
            let (mut swept, mut shifted) = (0, 0);
            for i in 1..100 {
                let (before, after) = (10_000 + i * step, 10_000 + (i + 1) * step);
                if (before * u64::from(n) / 900) + 1 < after * u64::from(n) / 900 {
                    continue;
                }
                swept = swept.max(columns_that_differ(&drawn(before, n, true), &drawn(after, n, true)));
                shifted = shifted.max(columns_that_differ(&drawn(before, n, false), &drawn(after, n, false)));
            }
            assert!(swept <= 4, "{n}: {swept}");
            assert!(shifted > usize::from(n) / 2, "{n}: {shifted}");
        }
    }

    #[test]
    fn while_it_sweeps_there_is_one_head_one_blank_and_each_column_once() {
        let end = Now { boot: 1_234_567, boot_id: "b".into(), wall: 0 };
        for n in [5usize, 30, 37] {
            let places = Places::swept(n, &end, 900_000);
            let all: Vec<Place> = (0..n).map(|x| places.at(x)).collect();
            let head = all.iter().position(|p| *p == Place::Head).unwrap();
            assert_eq!(all[(head + 1) % n], Place::Blank);
            assert!(
                matches!(all[(head + n - 1) % n], Place::Data(c, false) if c == n - 1),
                "the newest is left of it"
            );
            for (x, p) in all.iter().enumerate() {
                if let Place::Data(c, _) = p {
                    assert_eq!(places.of(*c), Some(x as u16));
                }
            }
            assert_eq!(all.iter().filter(|p| matches!(p, Place::Data(..))).count(), n - 2);
        }
        assert_eq!(Places::aligned(3).of(3), None);
    }
}
