//! A signal over time: as a line of bars for a text, as SVG, as points. Where nothing was measured there is a gap.

use super::doc::{escaped, safe};
use super::{length, stamp};
use crate::model::samples::Points;
use crate::model::time::Now;
use crate::model::unit::{Dim, Quantity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Columns of the text.
const COLUMNS: usize = 60;
/// Columns of the drawing, at most.
const DRAWN: usize = 300;
/// Width of the drawing, in its own units.
const WIDTH: f64 = 720.0;
/// Height of the drawing.
const HEIGHT: f64 = 170.0;
/// Left, right, top and bottom of the plot in it.
const PLOT: (f64, f64, f64, f64) = (64.0, 710.0, 16.0, 146.0);

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Name of the signal, and of its series.
    pub title: String,
    /// What its numbers measure.
    pub dim: Dim,
    /// Higher is worse: of several samples in a column the highest is shown, else the lowest.
    pub higher_is_worse: bool,
    /// From when, wall milliseconds.
    pub from: i64,
    /// To when.
    pub to: i64,
    /// The samples.
    pub points: Points,
    /// Milliseconds for which a sample stands when none follows.
    pub holds: i64,
    /// Thresholds that are plain numbers: `critical`, its value.
    pub limits: Vec<(&'static str, f64)>,
    /// What happened, on the axis: wall milliseconds and a word.
    pub marks: Vec<(i64, &'static str)>,
}

impl Chart {
    fn shown(&self, value: f64) -> String {
        Quantity { value, dim: self.dim }.show(3)
    }

    /// The worst value of each of `n` columns; none where nothing was measured, or a read failed and none stands.
    pub(super) fn columns(&self, n: usize) -> Vec<Option<f64>> {
        let span = (self.to - self.from).max(1);
        let worse = |a: f64, b: f64| if (b > a) == self.higher_is_worse { b } else { a };
        let (mut out, mut next) = (Vec::with_capacity(n), 0);
        let mut standing: Option<(i64, f64)> = None;
        let points = &self.points.points;
        for i in 0..n {
            let end = self.from + span * (i as i64 + 1) / n as i64;
            let begin = self.from + span * i as i64 / n as i64;
            let mut worst: Option<f64> = None;
            let mut failed = false;
            while let Some((at, value)) =
                points.get(next).filter(|(at, _)| *at < end || (i + 1 == n && *at <= end))
            {
                next += 1;
                standing = value.map(|v| (*at, v));
                if *at >= begin {
                    failed |= value.is_none();
                    worst = value.map(|v| worst.map_or(v, |w| worse(w, v))).or(worst);
                }
            }
            let held = standing.filter(|(at, _)| begin - at < self.holds && !failed).map(|(_, v)| v);
            out.push(worst.or(held));
        }
        out
    }

    fn range(&self) -> Option<(f64, f64)> {
        let values = self.points.points.iter().filter(|(at, _)| (self.from..=self.to).contains(at));
        let values = values.filter_map(|(_, v)| *v);
        values.fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
        })
    }

    /// What it shows, in words.
    pub fn caption(&self) -> String {
        let at = |wall: i64| stamp(&Now { wall, ..Now::default() });
        let range = match self.range() {
            None => "no good sample".to_owned(),
            Some((low, high)) => format!("{} to {}", self.shown(low), self.shown(high)),
        };
        let limits: String =
            self.limits.iter().map(|(name, v)| format!(", {name} at {}", self.shown(*v))).collect();
        let over = length((self.to - self.from).max(0) as u64);
        safe(&format!("{}: {range}{limits}; {over} from {}", self.title, at(self.from)))
    }

    /// A line of bars, and below it what happened when.
    pub fn text(&self) -> String {
        let columns = self.columns(COLUMNS);
        let seen = columns.iter().flatten().copied();
        let (low, high) = seen.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let bar = |v: f64| {
            let share = if high > low { (v - low) / (high - low) } else { 0.5 };
            char::from_u32(0x2581 + (share * 7.0).round() as u32).unwrap_or('▁')
        };
        let bars: String = columns.iter().map(|c| c.map_or('·', bar)).collect();
        let mut axis = vec![' '; COLUMNS];
        let span = (self.to - self.from).max(1);
        for (at, letter, _) in self.lettered() {
            let place = ((at - self.from) * COLUMNS as i64 / span).clamp(0, COLUMNS as i64 - 1) as usize;
            let free = (place..COLUMNS).find(|i| axis[*i] == ' ').unwrap_or(place);
            axis[free] = letter;
        }
        let axis: String = axis.into_iter().collect();
        let gap = columns.iter().any(Option::is_none).then_some("· nothing measured");
        let legend = [gap.map(str::to_owned), Some(self.legend())].into_iter().flatten();
        let legend = legend.filter(|l| !l.is_empty()).collect::<Vec<_>>().join(", ");
        let lines = [bars, axis.trim_end().to_owned(), legend];
        lines.into_iter().filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// What happened in it, each with its letter.
    fn lettered(&self) -> Vec<(i64, char, &'static str)> {
        let inside = self.marks.iter().filter(|(at, _)| (self.from..=self.to).contains(at));
        ('a'..='z').zip(inside).map(|(letter, (at, word))| (*at, letter, *word)).collect()
    }

    /// What the letters mean: `a fired, b run`.
    pub fn legend(&self) -> String {
        let all = self.lettered().into_iter().map(|(_, letter, word)| format!("{letter} {word}"));
        all.collect::<Vec<_>>().join(", ")
    }

    /// The points and what belongs to them, for programs.
    pub fn json(&self) -> Value {
        let inside = self.points.points.iter().filter(|(at, _)| (self.from..=self.to).contains(at));
        let marks = self.marks.iter().map(|(at, word)| json!({ "at_ms": at, "what": word }));
        let limits = self.limits.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        json!({
            "title": safe(&self.title),
            "from_ms": self.from,
            "to_ms": self.to,
            "limits": limits.collect::<Vec<_>>(),
            "marks": marks.collect::<Vec<_>>(),
            "points": inside.map(|(at, v)| json!([at, v])).collect::<Vec<_>>(),
        })
    }

    /// A drawing of its own, `id` being unique in its file.
    pub fn svg(&self, id: &str) -> String {
        let (left, right, top, bottom) = PLOT;
        let span = (self.to - self.from).max(1) as f64;
        let mut out = String::new();
        let _ = writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{}</title>\n<desc id=\"{id}-d\">{}</desc>",
            escaped(&safe(&self.title)),
            escaped(&self.caption())
        );
        let Some((low, high)) = self.range() else {
            let middle = HEIGHT / 2.0;
            let why = self.points.why.as_deref().unwrap_or("nothing was measured");
            let why = escaped(&safe(why));
            let _ = writeln!(out, "<text x=\"{left}\" y=\"{middle}\">no good sample: {why}</text>\n</svg>");
            return out;
        };
        // A threshold far away would press the line flat.
        let near = |v: &f64| {
            (*v - high) <= 2.0 * (high - low).max(high.abs()) && (low - *v) <= (high - low).max(low.abs())
        };
        let limits: Vec<_> = self.limits.iter().filter(|(_, v)| near(v)).collect();
        let low = limits.iter().fold(low, |l, (_, v)| l.min(*v));
        let high = limits.iter().fold(high, |h, (_, v)| h.max(*v));
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        let y = |v: f64| bottom - (v - low) / (high - low) * (bottom - top);
        let x = |at: i64| left + (at - self.from) as f64 / span * (right - left);
        let n = (self.points.points.len().max(2) * 2).min(DRAWN);
        let columns = self.columns(n);
        let middle = |i: usize| left + (i as f64 + 0.5) / n as f64 * (right - left);
        let width = (right - left) / n as f64;
        for (i, run) in runs(&columns) {
            match run {
                Run::Gap(length) => {
                    let (from, wide) = (left + i as f64 * width, length as f64 * width);
                    let tall = bottom - top;
                    let _ = writeln!(
                        out,
                        "<rect class=\"gap\" x=\"{from:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{tall}\"/>"
                    );
                }
                Run::Line(values) if values.len() == 1 => {
                    let (cx, cy) = (middle(i), y(values[0]));
                    let _ = writeln!(out, "<circle class=\"dot\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"2\"/>");
                }
                Run::Line(values) => {
                    let points =
                        values.iter().enumerate().map(|(j, v)| format!("{:.1},{:.1}", middle(i + j), y(*v)));
                    let points = points.collect::<Vec<_>>().join(" ");
                    let _ = writeln!(out, "<polyline class=\"plot\" points=\"{points}\"/>");
                }
            }
        }
        for (name, value) in limits {
            let (at, over) = (y(*value), y(*value) - 3.0);
            let _ = writeln!(
                out,
                "<line class=\"limit\" x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\"/>\n\
                 <text class=\"limit-name\" x=\"{right}\" y=\"{over:.1}\" text-anchor=\"end\">{name} {}</text>",
                escaped(&self.shown(*value))
            );
        }
        let mut free = left - 13.0;
        for (at, letter, word) in self.lettered() {
            let (at, above) = (x(at), top - 4.0);
            // Letters of one moment stand beside each other.
            free = f64::max(at, free + 9.0);
            let _ = writeln!(
                out,
                "<line class=\"mark\" x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\"/>\n\
                 <text x=\"{free:.1}\" y=\"{above}\" text-anchor=\"middle\"><title>{word}</title>{letter}</text>"
            );
        }
        let clock = |wall: i64| {
            let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
            at.strftime("%H:%M:%S").to_string()
        };
        let foot = bottom + 16.0;
        let (near, base) = (left - 6.0, top + 8.0);
        let _ = writeln!(
            out,
            "<text x=\"{near}\" y=\"{base}\" text-anchor=\"end\">{}</text>\n\
             <text x=\"{near}\" y=\"{bottom}\" text-anchor=\"end\">{}</text>\n\
             <text x=\"{left}\" y=\"{foot}\">{}</text>\n\
             <text x=\"{right}\" y=\"{foot}\" text-anchor=\"end\">{} UTC</text>\n</svg>",
            escaped(&self.shown(high)),
            escaped(&self.shown(low)),
            clock(self.from),
            clock(self.to)
        );
        out
    }
}

/// A stretch of columns: nothing in them, or a value in each.
enum Run {
    Gap(usize),
    Line(Vec<f64>),
}

/// The stretches, each with the column where it begins.
fn runs(columns: &[Option<f64>]) -> Vec<(usize, Run)> {
    let mut out: Vec<(usize, Run)> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        match (column, out.last_mut()) {
            (Some(v), Some((_, Run::Line(values)))) => values.push(*v),
            (None, Some((_, Run::Gap(n)))) => *n += 1,
            (Some(v), _) => out.push((i, Run::Line(vec![*v]))),
            (None, _) => out.push((i, Run::Gap(1))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;

    fn chart(points: Vec<(i64, Option<f64>)>) -> Chart {
        Chart {
            title: "Errors <b>".into(),
            dim: Unit::Percent.dim(),
            higher_is_worse: true,
            from: 0,
            to: 10_000,
            points: Points { points, why: Some("timed out".into()) },
            holds: 1_500,
            limits: vec![("critical", 0.02)],
            marks: vec![(5_000, "fired")],
        }
    }

    #[test]
    fn a_failed_read_and_a_long_silence_are_gaps_and_never_a_line() {
        let c = chart(vec![(0, Some(0.01)), (1_000, Some(0.05)), (2_000, None), (9_000, Some(0.01))]);
        let columns = c.columns(10);
        assert_eq!(columns[0], Some(0.01));
        assert_eq!(columns[1], Some(0.05));
        assert!(columns[2..9].iter().all(Option::is_none), "{columns:?}");
        assert_eq!(columns[9], Some(0.01));
        let svg = c.svg("c");
        assert_eq!(svg.matches("class=\"gap\"").count(), 1, "{svg}");
        assert!(
            svg.contains("<title id=\"c-t\">Errors &lt;b&gt;</title>") && svg.contains("<desc id="),
            "{svg}"
        );
        assert!(c.text().starts_with("▁▁▁▁▁▁██████·") && c.text().contains("a fired"), "{}", c.text());
    }

    #[test]
    fn the_worst_of_a_column_is_shown_not_the_mean() {
        let mut c = chart(vec![(0, Some(0.01)), (100, Some(0.09)), (200, Some(0.02))]);
        assert_eq!(c.columns(1), [Some(0.09)]);
        c.higher_is_worse = false;
        assert_eq!(c.columns(1), [Some(0.01)]);
    }

    #[test]
    fn nothing_measured_says_so() {
        let c = chart(vec![(1_000, None)]);
        assert!(c.svg("c").contains("no good sample: timed out"));
        assert!(c.caption().starts_with("Errors <b>: no good sample"), "{}", c.caption());
    }
}
