//! History for drawing: 15 minutes by the second, 24 hours by the minute, as f32 in rings of fixed size.

/// Seconds that are kept one by one.
pub const FINE: usize = 900;
/// Minutes that are kept as minimum, maximum and average.
pub const COARSE: usize = 1440;

/// One column of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Average.
    pub mean: f64,
    /// The newest value.
    pub last: f64,
}

impl Column {
    fn of(v: f64) -> Column {
        Column { min: v, max: v, mean: v, last: v }
    }
}

/// One minute; NaN marks a minute without a sample and never leaves this file.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Minute {
    min: f32,
    max: f32,
    mean: f32,
}

const NONE: Minute = Minute { min: f32::NAN, max: f32::NAN, mean: f32::NAN };

/// The two rings of one series.
#[derive(Debug, Clone)]
pub struct Tiers {
    fine: Box<[f32]>,
    coarse: Box<[Minute]>,
    /// Newest second and minute held.
    second: i64,
    minute: i64,
    /// Samples of the newest minute.
    count: u32,
}

impl Tiers {
    /// Empty rings whose newest time is `at` (boot milliseconds).
    pub fn new(at: i64) -> Tiers {
        Tiers {
            fine: vec![f32::NAN; FINE].into(),
            coarse: vec![NONE; COARSE].into(),
            second: at.div_euclid(1000),
            minute: at.div_euclid(60_000),
            count: 0,
        }
    }

    /// Bytes it holds, rings included.
    pub fn bytes(&self) -> usize {
        size_of::<Tiers>() + size_of_val(&*self.fine) + size_of_val(&*self.coarse)
    }

    /// Adds a sample that is not older than the newest.
    pub fn push(&mut self, at: i64, value: f64) {
        let (second, minute) = (at.div_euclid(1000), at.div_euclid(60_000));
        if second < self.second || minute < self.minute {
            return;
        }
        for s in (self.second + 1..=second).rev().take(FINE) {
            self.fine[slot(s, FINE)] = f32::NAN;
        }
        for m in (self.minute + 1..=minute).rev().take(COARSE) {
            self.coarse[slot(m, COARSE)] = NONE;
        }
        if minute > self.minute {
            self.count = 0;
        }
        (self.second, self.minute) = (second, minute);
        self.fine[slot(second, FINE)] = value as f32;
        self.count += 1;
        let m = &mut self.coarse[slot(minute, COARSE)];
        let v = value as f32;
        *m = match self.count {
            1 => Minute { min: v, max: v, mean: v },
            n => Minute { min: m.min.min(v), max: m.max.max(v), mean: m.mean + (v - m.mean) / n as f32 },
        };
    }

    /// Adds older samples, oldest first, where nothing is known yet.
    pub fn backfill(&mut self, points: &[(i64, f64)]) {
        for group in points.chunk_by(|a, b| a.0.div_euclid(60_000) == b.0.div_euclid(60_000)) {
            let minute = group[0].0.div_euclid(60_000);
            let within = (self.minute - COARSE as i64 + 1..=self.minute).contains(&minute);
            if within && self.coarse[slot(minute, COARSE)].mean.is_nan() {
                let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
                for (_, v) in group {
                    (min, max, sum) = (min.min(*v), max.max(*v), sum + v);
                }
                let mean = (sum / group.len() as f64) as f32;
                self.coarse[slot(minute, COARSE)] = Minute { min: min as f32, max: max as f32, mean };
            }
            for (at, v) in group {
                let second = at.div_euclid(1000);
                let within = (self.second - FINE as i64 + 1..=self.second).contains(&second);
                if within && self.fine[slot(second, FINE)].is_nan() {
                    self.fine[slot(second, FINE)] = *v as f32;
                }
            }
        }
    }

    /// What was seen in `[from, to)`, oldest first, in steps of a second or of a minute: start of step, values.
    fn steps(&self, from: i64, to: i64, fine: bool) -> impl Iterator<Item = (i64, Column)> + '_ {
        let (ms, head, len) = if fine { (1000, self.second, FINE) } else { (60_000, self.minute, COARSE) };
        let first = from.div_euclid(ms).max(head - len as i64 + 1);
        let last = (to - 1).div_euclid(ms).min(head);
        (first..=last).filter_map(move |i| {
            let c = if fine {
                Column::of(f64::from(self.fine[slot(i, FINE)]))
            } else {
                let m = self.coarse[slot(i, COARSE)];
                let mean = f64::from(m.mean);
                Column { min: f64::from(m.min), max: f64::from(m.max), mean, last: mean }
            };
            (!c.mean.is_nan()).then_some((i * ms, c))
        })
    }

    /// The values by the second since `from`, oldest first.
    pub fn recent(&self, from: i64, now: i64) -> impl Iterator<Item = (i64, f64)> + '_ {
        self.steps(from, now + 1, true).map(|(at, c)| (at, c.last))
    }

    /// What was seen in the last `window` milliseconds, oldest first, as fine as it is kept for that long; whether by the minute.
    pub fn over(&self, now: i64, window: u64) -> (Vec<(i64, Column)>, bool) {
        let fine = window <= FINE as u64 * 1000;
        (self.steps(now - window as i64, now + 1, fine).collect(), !fine)
    }

    /// The last `window` milliseconds in `n` columns whose borders are whole multiples of their width, the newest
    /// column last. `None` is a hole. A value is carried into an empty column for at most `hold` milliseconds, and
    /// only up to the newest sample or `now`.
    pub fn columns(&self, now: i64, window: u64, n: usize, hold: u64) -> Vec<Option<Column>> {
        let Some(width) = (window as i64).checked_div(n as i64).map(|w| w.max(1)) else { return Vec::new() };
        let newest = now.div_euclid(width);
        let oldest = newest - n as i64 + 1;
        let fine = window <= (FINE as u64 * 1000);
        let step = if fine { 1000 } else { 60_000 };
        let hold = hold.max(step) as i64;
        let mut out: Vec<Option<Column>> = vec![None; n];
        let mut count = vec![0u32; n];
        let mut carried: Option<(i64, f64)> = None;
        let begin = oldest * width;
        let carry = |out: &mut Vec<Option<Column>>, from: (i64, f64), to: i64| {
            let first = (from.0.div_euclid(width) + 1 - oldest).max(0);
            for c in first..(to.div_euclid(width) - oldest).min(n as i64) {
                out[c as usize].get_or_insert(Column::of(from.1));
            }
        };
        for (at, c) in self.steps(begin - hold, now + 1, fine) {
            if let Some(before) = carried
                && at - before.0 <= hold
            {
                carry(&mut out, before, at);
            }
            carried = Some((at, c.last));
            let i = at.max(begin).div_euclid(width) - oldest;
            if at + step as i64 <= begin || !(0..n as i64).contains(&i) {
                continue;
            }
            let i = i as usize;
            count[i] += 1;
            out[i] = Some(match out[i] {
                Some(o) if count[i] > 1 => Column {
                    min: o.min.min(c.min),
                    max: o.max.max(c.max),
                    mean: o.mean + (c.mean - o.mean) / f64::from(count[i]),
                    last: c.last,
                },
                _ => c,
            });
        }
        if let Some(before) = carried
            && now - before.0 <= hold
        {
            carry(&mut out, before, now + width);
        }
        out
    }
}

fn slot(i: i64, len: usize) -> usize {
    i.rem_euclid(len as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_of_samples_each_second_stays_under_25_kilobytes_and_does_not_grow() {
        let mut t = Tiers::new(0);
        let before = t.bytes();
        for s in 0..2 * 86_400i64 {
            t.push(s * 1000, (s % 977) as f64);
        }
        assert_eq!(t.bytes(), before);
        assert!(t.bytes() <= 25_000, "{}", t.bytes());
        let day = t.columns(2 * 86_400_000 - 1, 86_400_000, 96, 30_000);
        assert!(day.iter().all(Option::is_some));
    }

    #[test]
    fn columns_are_aligned_so_that_old_ones_do_not_change_until_a_border_is_crossed() {
        let mut t = Tiers::new(0);
        let mut shifts = 0;
        let mut before: Option<Vec<Option<Column>>> = None;
        for s in 1..1800i64 {
            t.push(s * 1000, (s as f64 * 0.1).sin());
            let now = t.columns(s * 1000, 900_000, 36, 30_000);
            if let Some(b) = before
                && b[..35] != now[..35]
            {
                assert_eq!(b[1..35], now[..34], "at {s}: only a whole column's shift may move what is past");
                shifts += 1;
            }
            before = Some(now);
        }
        assert!((70..=72).contains(&shifts), "{shifts}: one each 25 s");
    }

    #[test]
    fn a_gap_stays_a_gap_and_a_slow_signal_is_carried() {
        let mut t = Tiers::new(0);
        for s in (0..300i64).chain(600..900) {
            t.push(s * 1000, 1.0);
        }
        let c = t.columns(899_000, 900_000, 30, 30_000);
        assert!(c[0..10].iter().all(Option::is_some), "{c:?}");
        assert!(c[10..20].iter().all(Option::is_none), "{c:?}");
        assert!(c[20..].iter().all(Option::is_some));
        let mut slow = Tiers::new(0);
        for s in (0..900i64).step_by(60) {
            slow.push(s * 1000, s as f64);
        }
        assert!(slow.columns(899_000, 900_000, 36, 180_000).iter().all(Option::is_some));
        assert!(
            slow.columns(1_400_000, 900_000, 36, 180_000)[35].is_none(),
            "nothing is carried into the future"
        );
    }

    #[test]
    fn what_was_measured_before_the_start_fills_only_what_is_unknown() {
        let mut t = Tiers::new(1_000_000);
        t.push(1_000_000, 5.0);
        t.backfill(&[(900_000, 1.0), (901_000, 3.0), (1_000_000, 9.0)]);
        let r: Vec<_> = t.recent(0, 1_000_000).collect();
        assert_eq!(r, [(900_000, 1.0), (901_000, 3.0), (1_000_000, 5.0)]);
        let long = t.columns(1_000_000, 86_400_000, 1440, 0);
        assert_eq!(long[1438].map(|c| (c.min, c.max, c.mean)), Some((1.0, 3.0, 2.0)));
    }

    proptest! {
        #[test]
        fn columns_hold_only_what_was_measured(
            points in proptest::collection::btree_map(0i64..2_000, -1e6f64..1e6, 0..200),
            n in 0usize..80, window in 0u64..4_000_000, later in 0i64..100_000,
        ) {
            let mut t = Tiers::new(0);
            let mut newest = 0;
            for (s, v) in &points {
                t.push(s * 1000, *v);
                newest = s * 1000;
            }
            let columns = t.columns(newest + later, window, n, 30_000);
            prop_assert_eq!(columns.len(), n);
            let (lo, hi) = points.values().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            for c in columns.into_iter().flatten() {
                prop_assert!(c.min.is_finite() && c.max.is_finite() && c.mean.is_finite() && c.last.is_finite());
                prop_assert!(c.min >= lo - 1.0 && c.max <= hi + 1.0 && c.min <= c.max);
            }
        }
    }
}
