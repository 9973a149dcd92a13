//! A series in numbers over a window: its spread, its way, and how complete it is.

use super::tiers::Column;

/// What a window of samples looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Least value, base units.
    pub min: f64,
    /// The value in the middle.
    pub median: f64,
    /// Greatest value.
    pub max: f64,
    /// Average.
    pub mean: f64,
    /// Base units per minute over the newest third of the window; none with fewer than three values there.
    pub slope: Option<f64>,
    /// Values there are.
    pub values: usize,
    /// Values there would be without a gap since the first one.
    pub expected: usize,
    /// Gaps, one that is still open among them.
    pub gaps: usize,
    /// Milliseconds missing in them.
    pub missing: u64,
    /// A value is a minute, rather than a sample.
    pub by_minute: bool,
}

/// Numbers of the values (boot milliseconds, oldest first) in a window that ends `now`; none without a value. A value
/// is expected every `every` milliseconds (as it mostly comes, when that is not known), and two of them further apart than
/// `hold` have a gap between them.
pub fn statistics(
    all: &[(i64, Column)],
    now: i64,
    window: u64,
    every: Option<u64>,
    hold: u64,
    by_minute: bool,
) -> Option<Statistics> {
    let (first, last) = (all.first()?.0, all.last()?.0);
    let apart: Vec<u64> = all.windows(2).map(|w| (w[1].0 - w[0].0).max(0) as u64).collect();
    let least = if by_minute { 60_000 } else { 1_000 };
    let every = every.unwrap_or_else(|| middle(apart.clone(), u64::cmp).unwrap_or(least)).max(least);
    let hold = hold.max(every + every / 2);
    let open = (now - last).max(0) as u64;
    let gaps: Vec<u64> = apart.into_iter().chain([open]).filter(|d| *d > hold).map(|d| d - every).collect();
    let recent: Vec<(f64, f64)> = (all.iter())
        .filter(|(at, _)| *at >= now - window as i64 / 3)
        .map(|(at, c)| ((at - now) as f64 / 60_000.0, c.mean))
        .collect();
    let sum: f64 = all.iter().map(|(_, c)| c.mean).sum();
    Some(Statistics {
        min: all.iter().map(|(_, c)| c.min).fold(f64::INFINITY, f64::min),
        median: middle(all.iter().map(|(_, c)| c.mean).collect(), f64::total_cmp)?,
        max: all.iter().map(|(_, c)| c.max).fold(f64::NEG_INFINITY, f64::max),
        mean: sum / all.len() as f64,
        slope: slope(&recent),
        values: all.len(),
        expected: all.len().max(((now - first).max(0) as u64 / every) as usize + 1),
        gaps: gaps.len(),
        missing: gaps.into_iter().sum(),
        by_minute,
    })
}

fn middle<T: Copy>(mut all: Vec<T>, by: impl Fn(&T, &T) -> std::cmp::Ordering) -> Option<T> {
    all.sort_by(by);
    all.get(all.len() / 2).copied()
}

/// The slope of the straight line with the least squares.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    if points.len() < 3 {
        return None;
    }
    let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let (up, down) =
        points.iter().fold((0.0, 0.0), |(u, d), p| (u + (p.0 - mx) * (p.1 - my), d + (p.0 - mx).powi(2)));
    (down > 0.0).then(|| up / down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, v: f64) -> (i64, Column) {
        (seconds * 1000, Column { min: v, max: v, mean: v, last: v })
    }

    #[test]
    fn a_hole_of_three_samples_is_one_gap_of_thirty_seconds() {
        let all: Vec<_> = (0..90).filter(|i| !(40..43).contains(i)).map(|i| at(i * 10, i as f64)).collect();
        let s = statistics(&all, 895_000, 900_000, Some(10_000), 30_000, false).unwrap();
        assert_eq!((s.values, s.expected, s.gaps, s.missing), (87, 90, 1, 30_000));
        assert_eq!((s.min, s.max), (0.0, 89.0));
        assert!((s.slope.unwrap() - 6.0).abs() < 1e-9, "one more each ten seconds: {:?}", s.slope);
        let guessed = statistics(&all, 895_000, 900_000, None, 30_000, false).unwrap();
        assert_eq!(guessed, s, "the pace is seen, where it is not known");
    }

    #[test]
    fn silence_until_now_is_a_gap_too() {
        let all: Vec<_> = (0..10).map(|i| at(i, 1.0)).collect();
        let s = statistics(&all, 69_000, 900_000, Some(1_000), 30_000, false).unwrap();
        assert_eq!((s.gaps, s.missing, s.values, s.expected), (1, 59_000, 10, 70));
        assert_eq!(statistics(&all, 9_000, 900_000, Some(1_000), 30_000, false).unwrap().gaps, 0);
    }

    #[test]
    fn too_little_says_less_and_nothing_says_nothing() {
        assert_eq!(statistics(&[], 0, 900_000, None, 0, false), None);
        let s = statistics(&[at(1, 5.0)], 1_000, 900_000, None, 30_000, false).unwrap();
        assert_eq!((s.slope, s.values, s.expected, s.gaps, s.median), (None, 1, 1, 0, 5.0));
    }

    #[test]
    fn the_middle_is_not_moved_by_one_that_is_far_off() {
        let all: Vec<_> = [1.0, 2.0, 900.0].iter().zip(0..).map(|(v, i)| at(i, *v)).collect();
        assert_eq!(statistics(&all, 2_000, 900_000, None, 30_000, false).unwrap().median, 2.0);
    }
}
