//! PromQL's functions over a window of samples, as Prometheus 3 computes them.

use super::history::Sample;
use crate::model::condition::WindowFn;

/// A function over the samples of `(end - over, end]`; `None` where it has no value.
pub fn apply<I>(func: WindowFn, quantile: f64, samples: I, end: i64, over: u64) -> Option<f64>
where
    I: DoubleEndedIterator<Item = Sample> + ExactSizeIterator + Clone,
{
    let (first, last) = (samples.clone().next()?, samples.clone().next_back()?);
    let n = samples.len() as f64;
    let values = || samples.clone().map(|s| s.value);
    let pairs = || values().zip(values().skip(1));
    Some(match func {
        WindowFn::Avg => sum(values()) / n,
        WindowFn::Sum => sum(values()),
        WindowFn::Min => values().fold(f64::INFINITY, f64::min),
        WindowFn::Max => values().fold(f64::NEG_INFINITY, f64::max),
        WindowFn::Count => n,
        WindowFn::Last => last.value,
        WindowFn::Stddev => {
            // By Welford, as Prometheus: a constant deviates by exactly 0.
            let (mut mean, mut squares, mut count) = (Kahan::default(), Kahan::default(), 0.0);
            for v in values() {
                count += 1.0;
                let off = v - mean.total();
                mean.add(off / count);
                squares.add(off * (v - mean.total()));
            }
            (squares.total() / n).sqrt()
        }
        WindowFn::Quantile => {
            let mut all: Vec<f64> = values().collect();
            let rank = quantile * (n - 1.0);
            let weight = rank - rank.floor();
            let (_, low, above) = all.select_nth_unstable_by(rank.floor() as usize, f64::total_cmp);
            let (low, high) = (*low, above.iter().copied().min_by(f64::total_cmp).unwrap_or(*low));
            low * (1.0 - weight) + high * weight
        }
        WindowFn::Changes => pairs().filter(|(a, b)| a != b).count() as f64,
        WindowFn::Resets => pairs().filter(|(a, b)| b < a).count() as f64,
        WindowFn::Deriv => slope(samples)?,
        WindowFn::Delta => extrapolated(&samples, last.value - first.value, false, end, over)?,
        WindowFn::Increase | WindowFn::Rate => {
            let resets = sum(pairs().filter(|(a, b)| b < a).map(|(a, _)| a));
            let grown = extrapolated(&samples, last.value - first.value + resets, true, end, over)?;
            if func == WindowFn::Rate { grown / (over as f64 / 1000.0) } else { grown }
        }
    })
}

/// Kahan–Neumaier summation, as Prometheus sums.
#[derive(Default)]
struct Kahan {
    sum: f64,
    lost: f64,
}

impl Kahan {
    fn add(&mut self, v: f64) {
        let t = self.sum + v;
        self.lost += if self.sum.abs() >= v.abs() { (self.sum - t) + v } else { (v - t) + self.sum };
        self.sum = t;
    }

    fn total(&self) -> f64 {
        self.sum + self.lost
    }
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut all = Kahan::default();
    values.for_each(|v| all.add(v));
    all.total()
}

/// What was seen between the first and the last sample, stretched to the whole window.
fn extrapolated<I>(samples: &I, seen: f64, counter: bool, end: i64, over: u64) -> Option<f64>
where
    I: DoubleEndedIterator<Item = Sample> + ExactSizeIterator + Clone,
{
    let (first, last) = (samples.clone().next()?, samples.clone().next_back()?);
    if samples.len() < 2 {
        return None;
    }
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let sampled = seconds(last.at - first.at);
    let between = sampled / (samples.len() - 1) as f64;
    let limit = between * 1.1;
    let mut to_start = seconds(first.at - (end - over as i64));
    let mut to_end = seconds(end - last.at);
    if to_start >= limit {
        to_start = between / 2.0;
    }
    if counter && seen > 0.0 && first.value >= 0.0 {
        to_start = to_start.min(sampled * (first.value / seen));
    }
    if to_end >= limit {
        to_end = between / 2.0;
    }
    Some(seen * ((sampled + to_start + to_end) / sampled))
}

/// Slope per second by least squares.
fn slope(samples: impl ExactSizeIterator<Item = Sample> + Clone) -> Option<f64> {
    let first = samples.clone().next()?;
    if samples.len() < 2 {
        return None;
    }
    if samples.clone().all(|s| s.value == first.value) {
        return Some(0.0);
    }
    let n = samples.len() as f64;
    let x = |s: &Sample| (s.at - first.at) as f64 / 1000.0;
    let sx = sum(samples.clone().map(|s| x(&s)));
    let sy = sum(samples.clone().map(|s| s.value));
    let sxy = sum(samples.clone().map(|s| x(&s) * s.value));
    let sxx = sum(samples.map(|s| x(&s) * x(&s)));
    Some((sxy - sx * sy / n) / (sxx - sx * sx / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(points: &[(i64, f64)]) -> Vec<Sample> {
        points.iter().map(|(s, v)| Sample { at: s * 1000, value: *v }).collect()
    }

    fn is(func: WindowFn, points: &[(i64, f64)], end: i64, over: u64, expected: f64) {
        let found = apply(func, 0.9, samples(points).into_iter(), end * 1000, over * 1000).unwrap();
        assert!(
            (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{func:?}: {found}, not {expected}"
        );
    }

    #[test]
    fn values_follow_prometheus_formulas() {
        // A counter 0+10x10 every 5 minutes, at 50m; left-open, so its first sample is out.
        let ten: Vec<(i64, f64)> = (0..=10).map(|i| (i * 300, i as f64 * 10.0)).collect();
        is(WindowFn::Increase, &ten[1..], 3000, 3000, 100.0);
        is(WindowFn::Rate, &ten[1..], 3000, 3000, 100.0 / 3000.0);
        // 0+10x5 then 0+10x5: 80 seen over 45 of 50 minutes, stretched to all of them.
        let reset: Vec<(i64, f64)> = [10., 20., 30., 40., 50., 0., 10., 20., 30., 40.]
            .iter()
            .enumerate()
            .map(|(i, v)| ((i as i64 + 1) * 300, *v))
            .collect();
        is(WindowFn::Increase, &reset, 3000, 3000, 80.0 * 50.0 / 45.0);
        is(WindowFn::Resets, &reset, 3000, 3000, 1.0);
        is(WindowFn::Changes, &reset, 3000, 3000, 9.0);
        // deriv of a straight line is its slope, whatever the window.
        let line: Vec<(i64, f64)> = (0..7).map(|i| (i * 10, 5.0 + 0.25 * (i * 10) as f64)).collect();
        is(WindowFn::Deriv, &line, 60, 61, 0.25);
        is(WindowFn::Deriv, &[(0, 3.0), (10, 3.0)], 10, 20, 0.0);
        // quantile_over_time(0.9, 0 1 2 3 4) and stddev_over_time of 0 8 8 2 3.
        is(WindowFn::Quantile, &[(0, 0.), (1, 1.), (2, 2.), (3, 3.), (4, 4.)], 4, 5, 3.6);
        is(WindowFn::Stddev, &[(0, 0.), (1, 8.), (2, 8.), (3, 2.), (4, 3.)], 4, 5, 3.249_615_361_854_384);
        let same: Vec<(i64, f64)> = (0..7).map(|i| (i, 0.1)).collect();
        assert_eq!(apply(WindowFn::Stddev, 0.0, samples(&same).into_iter(), 6000, 7000), Some(0.0));
    }

    #[test]
    fn a_counter_is_not_stretched_below_zero_nor_over_a_hole() {
        // First value 1 after 10 of growth over 50 s: zero was reached 5 s before, not 10 s.
        let points: Vec<(i64, f64)> = (0..6).map(|i| (10 + i * 10, 1.0 + 2.0 * i as f64)).collect();
        is(WindowFn::Increase, &points, 60, 60, 10.0 * 55.0 / 50.0);
        is(WindowFn::Delta, &points, 60, 60, 10.0 * 60.0 / 50.0);
        // The newest sample lacks 30 s: half an interval is added, no more.
        is(WindowFn::Delta, &points, 90, 90, 10.0 * (50.0 + 10.0 + 5.0) / 50.0);
    }

    #[test]
    fn one_sample_has_no_rate_and_none_has_nothing() {
        let one = samples(&[(0, 1.0)]);
        for f in [WindowFn::Rate, WindowFn::Increase, WindowFn::Delta, WindowFn::Deriv] {
            assert_eq!(apply(f, 0.0, one.iter().copied(), 0, 1000), None);
        }
        assert_eq!(apply(WindowFn::Count, 0.0, [].into_iter(), 0, 1000), None);
        assert_eq!(apply(WindowFn::Count, 0.0, one.into_iter(), 0, 1000), Some(1.0));
    }
}
