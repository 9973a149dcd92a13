//! What was measured over a stretch of time: the points of each signal and series, with failed reads as gaps.

use super::reading::{Reading, Spooled, Value};
use indexmap::IndexMap;

/// One signal, or one series of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// Wall milliseconds and the number in base units; none: the read failed.
    pub points: Vec<(i64, Option<f64>)>,
    /// Why the last failed read failed.
    pub why: Option<String>,
}

/// All that was measured from one moment to another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// By signal and value of its `series` label. A signal without series may have failed reads under no label too.
    pub lines: IndexMap<(String, Option<String>), Points>,
}

impl Samples {
    /// Takes in one line of a spool; a text is no point.
    pub fn spooled(&mut self, s: Spooled) {
        match (s.value.as_ref().map(serde_json::Value::as_f64), s.error) {
            (Some(Some(value)), _) => self.push(s.signal, s.series, s.at, Ok(value)),
            (None, why) => self.push(s.signal, s.series, s.at, Err(why.unwrap_or_default())),
            (Some(None), _) => {}
        }
    }

    /// Takes in one reading; a text is no point.
    pub fn reading(&mut self, r: &Reading) {
        let at = r.at.wall - i64::try_from(r.age).unwrap_or(0);
        match &r.value {
            Ok(Value::Number(value)) => self.push(r.signal.clone(), r.series.clone(), at, Ok(*value)),
            Ok(Value::Text(_)) => {}
            Err(why) => self.push(r.signal.clone(), r.series.clone(), at, Err(why.clone())),
        }
    }

    fn push(&mut self, signal: String, series: Option<String>, at: i64, value: Result<f64, String>) {
        let line = self.lines.entry((signal, series)).or_default();
        let value = match value {
            Ok(v) => Some(v).filter(|v| v.is_finite()),
            Err(why) => {
                line.why = Some(why);
                None
            }
        };
        // Points come in their order but for what was read late.
        match line.points.last() {
            Some((last, _)) if *last > at => {
                let place = line.points.partition_point(|(t, _)| *t <= at);
                line.points.insert(place, (at, value));
            }
            // An answer that was read twice is one point.
            Some(last) if *last == (at, value) => {}
            _ => line.points.push((at, value)),
        }
    }

    /// The series of a signal, with their labels. A failed read without a label is a gap in each of them.
    pub fn of(&self, signal: &str) -> Vec<(Option<String>, Points)> {
        let all = self.lines.iter().filter(|((id, _), _)| id == signal);
        let mut out: Vec<(Option<String>, Points)> =
            all.map(|((_, series), points)| (series.clone(), points.clone())).collect();
        if out.len() < 2 {
            return out;
        }
        let Some(bare) =
            out.iter().position(|(label, p)| label.is_none() && p.points.iter().all(|p| p.1.is_none()))
        else {
            return out;
        };
        let (_, gaps) = out.remove(bare);
        for (_, line) in &mut out {
            line.points.extend(&gaps.points);
            line.points.sort_by_key(|(at, _)| *at);
            line.why = line.why.take().or_else(|| gaps.why.clone());
        }
        out
    }

    /// How many reads there are, and how many of them failed.
    pub fn count(&self) -> (usize, usize) {
        let all = self.lines.values().flat_map(|l| &l.points);
        all.fold((0, 0), |(n, failed), (_, v)| (n + 1, failed + usize::from(v.is_none())))
    }

    /// Only what lies from one moment to another, both included.
    pub fn between(&self, from: i64, to: i64) -> Samples {
        let cut = |p: &Points| {
            let points = p.points.iter().copied().filter(|(at, _)| (from..=to).contains(at)).collect();
            Points { points, why: p.why.clone() }
        };
        Samples { lines: self.lines.iter().map(|(key, p)| (key.clone(), cut(p))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(at: i64, series: Option<&str>, value: Option<serde_json::Value>) -> Spooled {
        let error = value.is_none().then(|| "timed out".to_owned());
        Spooled { at, signal: "p".into(), series: series.map(str::to_owned), value, error }
    }

    #[test]
    fn a_failed_read_is_a_gap_in_every_series_and_a_text_is_none() {
        let mut all = Samples::default();
        for (at, series, value) in [
            (1, Some("a"), Some(1.0.into())),
            (1, Some("b"), Some(2.0.into())),
            (2, None, None),
            (3, Some("a"), Some(3.0.into())),
            (3, Some("a"), Some("text".into())),
        ] {
            all.spooled(spooled(at, series, value));
        }
        let lines = all.of("p");
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].1.points, [(1, Some(1.0)), (2, None), (3, Some(3.0))]);
        assert_eq!(lines[1].1.points, [(1, Some(2.0)), (2, None)]);
        assert_eq!(lines[1].1.why.as_deref(), Some("timed out"));
        assert_eq!(all.count(), (4, 1));
        assert_eq!(all.between(2, 2).count(), (1, 1));
    }

    #[test]
    fn what_comes_late_goes_to_its_place_and_twice_is_once() {
        let mut all = Samples::default();
        for at in [1, 5, 3, 5] {
            all.spooled(spooled(at, None, Some((at as f64).into())));
        }
        let times: Vec<i64> = all.of("p")[0].1.points.iter().map(|p| p.0).collect();
        assert_eq!(times, [1, 3, 5]);
    }
}
