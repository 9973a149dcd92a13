//! Fifteen minutes of one signal in a few cells, aligned to whole columns on the wall clock.

/// Milliseconds of a bucket.
pub const BUCKET_MS: i64 = 20_000;
/// Buckets that are kept: 15 minutes.
pub const BUCKETS: usize = 45;

/// What a bucket holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Bucket {
    /// No sample came.
    #[default]
    Nothing,
    /// The worst sample, in base units.
    Worst(f32),
}

/// A cell of the sparkline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Before anything is known.
    Blank,
    /// It was known before, and is not then.
    Gap,
    /// From 1 to 8 eighths.
    Eighths(u8),
}

/// The last 15 minutes of a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Spark {
    /// The newest bucket's number since the Unix epoch.
    last: i64,
    /// The newest at the end.
    buckets: [Bucket; BUCKETS],
    /// How many buckets a sample counts for when none follows it.
    holds: usize,
    /// The value at full height.
    full: Option<f32>,
    lower_is_worse: bool,
}

impl Default for Spark {
    fn default() -> Spark {
        Spark::new(1, None, false)
    }
}

impl Spark {
    /// An empty line. A sample counts for `holds` more buckets when none follows it; `full` is the value at full height,
    /// when the playbook names a threshold; or a smaller value is worse.
    pub fn new(holds: usize, full: Option<f32>, lower_is_worse: bool) -> Spark {
        Spark { last: 0, buckets: [Bucket::Nothing; BUCKETS], holds, full, lower_is_worse }
    }

    /// Takes in a sample. `wall` is when it was true; what is older than the oldest bucket is left out.
    pub fn add(&mut self, wall: i64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let at = wall.div_euclid(BUCKET_MS);
        if at > self.last {
            let by = usize::try_from(at - self.last).unwrap_or(BUCKETS).min(BUCKETS);
            self.buckets.rotate_left(by);
            self.buckets[BUCKETS - by..].fill(Bucket::Nothing);
            self.last = at;
        }
        let Some(i) = usize::try_from(self.last - at).ok().and_then(|b| (BUCKETS - 1).checked_sub(b)) else {
            return;
        };
        let value = value as f32;
        self.buckets[i] = Bucket::Worst(match self.buckets[i] {
            Bucket::Worst(before) if self.lower_is_worse => before.min(value),
            Bucket::Worst(before) => before.max(value),
            Bucket::Nothing => value,
        });
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.buckets.iter().all(|b| *b == Bucket::Nothing)
    }

    /// What counts in the bucket of this number: a sample holds for a while when none follows it.
    fn at(&self, number: i64) -> Option<f32> {
        let bucket = |n: i64| {
            let back = usize::try_from(self.last - n).ok().filter(|b| *b < BUCKETS)?;
            match self.buckets[BUCKETS - 1 - back] {
                Bucket::Worst(v) => Some(v),
                Bucket::Nothing => None,
            }
        };
        (0..=self.holds as i64).find_map(|age| bucket(number - age))
    }

    /// `columns` cells (9, 15 or 45) that end now. They move by whole columns.
    pub fn bars(&self, wall: i64, columns: usize) -> Vec<Bar> {
        let per = (BUCKETS / columns.clamp(1, BUCKETS)) as i64;
        let end = wall.div_euclid(BUCKET_MS).div_euclid(per);
        let oldest = self.last - BUCKETS as i64 + 1;
        let first = self.buckets.iter().position(|b| *b != Bucket::Nothing).map(|i| oldest + i as i64);
        let values: Vec<(i64, Option<f32>)> = (0..columns as i64)
            .map(|c| {
                let from = (end - columns as i64 + 1 + c) * per;
                let inside = (from..from + per).filter(|n| *n <= wall.div_euclid(BUCKET_MS));
                let worse = if self.lower_is_worse { f32::min } else { f32::max };
                (from + per - 1, inside.filter_map(|n| self.at(n)).reduce(worse))
            })
            .collect();
        let most = values.iter().filter_map(|(_, v)| *v).fold(0.0f32, f32::max);
        let full = self.full.unwrap_or(0.0).max(most);
        values
            .into_iter()
            .map(|(last, value)| match value {
                Some(v) if full > 0.0 => Bar::Eighths(((v / full * 8.0).ceil() as i32).clamp(1, 8) as u8),
                Some(_) => Bar::Eighths(1),
                None if first.is_some_and(|first| first <= last) => Bar::Gap,
                None => Bar::Blank,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_795_227_200_000 / 900_000 * 900_000;

    fn drawn(bars: &[Bar]) -> String {
        let one = |b: &Bar| match b {
            Bar::Blank => ' ',
            Bar::Gap => '?',
            Bar::Eighths(n) => char::from_digit(u32::from(*n), 10).unwrap_or('!'),
        };
        bars.iter().map(one).collect()
    }

    #[test]
    fn a_spike_stands_where_it_was_and_moves_by_whole_columns() {
        let mut s = Spark { full: Some(1.0), ..Spark::default() };
        for i in 0..45 {
            s.add(T + i * BUCKET_MS, if i == 40 { 1.0 } else { 0.1 });
        }
        let end = T + 44 * BUCKET_MS;
        assert_eq!(drawn(&s.bars(end, 9)), "111111118");
        assert_eq!(drawn(&s.bars(end, 45)), format!("{}81111", "1".repeat(40)));
        // A column later it has moved by one, and what is not measured yet is held for a moment.
        assert_eq!(drawn(&s.bars(end + BUCKET_MS, 9)), "111111181");
        assert_eq!(drawn(&s.bars(end + 4 * BUCKET_MS, 9)), "111111181");
    }

    #[test]
    fn silence_is_a_gap_and_what_was_before_is_blank() {
        let mut s = Spark { full: Some(1.0), ..Spark::default() };
        s.add(T + 20 * BUCKET_MS, 0.5);
        s.add(T + 21 * BUCKET_MS, 0.5);
        assert_eq!(drawn(&s.bars(T + 44 * BUCKET_MS, 9)), "    4????");
        assert_eq!(drawn(&s.bars(T + 400 * BUCKET_MS, 9)), "?????????", "it was known once");
        assert_eq!(drawn(&Spark::default().bars(T, 9)), " ".repeat(9));
        s.add(T - 400 * BUCKET_MS, 9.0);
        s.add(T + 22 * BUCKET_MS, f64::NAN);
        assert_eq!(
            drawn(&s.bars(T + 44 * BUCKET_MS, 9)),
            "    4????",
            "old ones and no numbers are left out"
        );
    }

    #[test]
    fn a_slow_signal_is_held_for_as_long_as_it_counts() {
        let mut s = Spark { full: Some(2.0), holds: 3, ..Spark::default() };
        for i in (0..45).step_by(3) {
            s.add(T + i * BUCKET_MS, 1.0);
        }
        assert_eq!(drawn(&s.bars(T + 44 * BUCKET_MS, 45)), "4".repeat(45));
        assert_eq!(drawn(&s.bars(T + 50 * BUCKET_MS, 45)), format!("{}?????", "4".repeat(40)));
    }

    #[test]
    fn the_worst_of_a_bucket_counts_and_a_flat_signal_without_a_threshold_is_full() {
        let mut s = Spark { lower_is_worse: true, full: Some(1.0), ..Spark::default() };
        s.add(T, 0.9);
        s.add(T + 1, 0.2);
        assert_eq!(s.bars(T, 45)[44], Bar::Eighths(2));
        let mut flat = Spark::default();
        flat.add(T, 0.0);
        assert_eq!(flat.bars(T, 45)[44], Bar::Eighths(1));
        assert!(!flat.is_empty() && Spark::default().is_empty());
    }
}
