//! Quantiles from classic histogram buckets, with the meaning of Prometheus' `histogram_quantile`.

/// One cumulative bucket: its upper bound (`le`) and how many observations were at most that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Upper bound, inclusive; `+Inf` for the last.
    pub le: f64,
    /// Observations up to the bound.
    pub count: f64,
}

/// The `q`-quantile of the observations in the buckets, which may be in any order.
///
/// NaN when there is nothing to tell: no `+Inf` bucket, fewer than two buckets, no observations, or a NaN among
/// them. A quantile in the `+Inf` bucket is the highest finite bound; the first bucket starts at 0. `q` outside
/// 0..=1 gives an infinity, as in Prometheus.
pub fn quantile(q: f64, buckets: &[Bucket]) -> f64 {
    if q.is_nan() || buckets.iter().any(|b| b.le.is_nan() || b.count.is_nan()) {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let buckets = cumulative(buckets);
    let [finite @ .., last] = &buckets[..] else {
        return f64::NAN;
    };
    if finite.is_empty() || last.le != f64::INFINITY || last.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * last.count;
    let at = finite.partition_point(|b| b.count < rank);
    let Some(bucket) = finite.get(at) else {
        return finite[finite.len() - 1].le;
    };
    if at == 0 && bucket.le <= 0.0 {
        return bucket.le;
    }
    let below = match at {
        0 => Bucket { le: 0.0, count: 0.0 },
        _ => finite[at - 1],
    };
    below.le + (bucket.le - below.le) * ((rank - below.count) / (bucket.count - below.count))
}

/// Sorted by bound, equal bounds added together, and never falling: a count below the one before it (scraped in the
/// middle of an update, or summed from uneven series) is lifted; differences of rounding size are levelled.
fn cumulative(buckets: &[Bucket]) -> Vec<Bucket> {
    let mut sorted = buckets.to_vec();
    sorted.sort_by(|a, b| a.le.total_cmp(&b.le));
    let mut out: Vec<Bucket> = Vec::with_capacity(sorted.len());
    for bucket in sorted {
        match out.last_mut() {
            Some(last) if last.le == bucket.le => last.count += bucket.count,
            _ => out.push(bucket),
        }
    }
    for i in 1..out.len() {
        let before = out[i - 1].count;
        let (sum, gap) = (before.abs() + out[i].count.abs(), (before - out[i].count).abs());
        if out[i].count < before || gap < 1e-12 * sum {
            out[i].count = before;
        }
    }
    out
}

/// What was observed between two scrapes of one series' buckets, by bound.
///
/// `None` when the window cannot be used: a bucket went down (the counter was reset) or the bounds changed.
pub fn increase(before: &[Bucket], after: &[Bucket]) -> Option<Vec<Bucket>> {
    if before.len() != after.len() {
        return None;
    }
    let by_bound = |buckets: &[Bucket]| {
        let mut sorted = buckets.to_vec();
        sorted.sort_by(|a, b| a.le.total_cmp(&b.le));
        sorted
    };
    let rise = by_bound(after).into_iter().zip(by_bound(before));
    rise.map(|(a, b)| {
        (a.le == b.le && a.count >= b.count).then_some(Bucket { le: a.le, count: a.count - b.count })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn buckets(pairs: &[(f64, f64)]) -> Vec<Bucket> {
        pairs.iter().map(|&(le, count)| Bucket { le, count }).collect()
    }

    const INF: f64 = f64::INFINITY;

    #[test]
    fn interpolates_within_the_bucket_that_holds_the_rank() {
        // histogram_quantile over the same buckets in Prometheus gives these values
        let b = buckets(&[(0.1, 10.0), (0.5, 30.0), (1.0, 40.0), (INF, 40.0)]);
        assert_eq!(quantile(0.0, &b), 0.0);
        assert_eq!(quantile(0.25, &b), 0.1);
        assert!((quantile(0.5, &b) - 0.3).abs() < 1e-12);
        assert!((quantile(0.9, &b) - 0.8).abs() < 1e-12);
        assert_eq!(quantile(1.0, &b), 1.0);
    }

    #[test]
    fn order_does_not_matter_and_equal_bounds_add_up() {
        let sorted = buckets(&[(1.0, 2.0), (2.0, 8.0), (INF, 10.0)]);
        let mixed = buckets(&[(INF, 10.0), (2.0, 3.0), (1.0, 2.0), (2.0, 5.0)]);
        assert_eq!(quantile(0.7, &sorted), quantile(0.7, &mixed));
    }

    #[test]
    fn the_infinite_bucket_answers_with_the_highest_finite_bound() {
        let b = buckets(&[(1.0, 1.0), (2.0, 2.0), (INF, 100.0)]);
        assert_eq!(quantile(0.99, &b), 2.0);
    }

    #[test]
    fn a_first_bound_at_or_below_zero_is_its_own_answer() {
        let b = buckets(&[(-1.0, 5.0), (1.0, 6.0), (INF, 6.0)]);
        assert_eq!(quantile(0.5, &b), -1.0);
    }

    #[test]
    fn falling_counts_are_lifted() {
        let b = buckets(&[(1.0, 10.0), (2.0, 4.0), (4.0, 20.0), (INF, 20.0)]);
        assert_eq!(quantile(0.5, &b), 1.0);
        assert!((quantile(0.75, &b) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_tell_is_not_a_number() {
        assert!(quantile(0.5, &[]).is_nan());
        assert!(quantile(0.5, &buckets(&[(INF, 5.0)])).is_nan());
        assert!(quantile(0.5, &buckets(&[(1.0, 5.0), (2.0, 6.0)])).is_nan());
        assert!(quantile(0.5, &buckets(&[(1.0, 0.0), (INF, 0.0)])).is_nan());
        assert!(quantile(f64::NAN, &buckets(&[(1.0, 1.0), (INF, 1.0)])).is_nan());
        assert!(quantile(0.5, &buckets(&[(1.0, f64::NAN), (INF, 1.0)])).is_nan());
        assert_eq!(quantile(1.5, &buckets(&[(1.0, 1.0), (INF, 1.0)])), INF);
    }

    #[test]
    fn the_increase_drops_resets_and_changed_bounds() {
        let before = buckets(&[(1.0, 5.0), (INF, 10.0)]);
        let after = buckets(&[(INF, 16.0), (1.0, 7.0)]);
        assert_eq!(increase(&before, &after), Some(buckets(&[(1.0, 2.0), (INF, 6.0)])));
        assert_eq!(increase(&after, &before), None, "reset");
        assert_eq!(increase(&before, &buckets(&[(2.0, 7.0), (INF, 16.0)])), None);
        assert_eq!(increase(&before, &buckets(&[(INF, 16.0)])), None);
    }

    proptest! {
        #[test]
        fn the_quantile_lies_between_the_bounds_and_rises_with_q(
            counts in proptest::collection::vec(0.0..100.0f64, 2..12), a in 0.0..=1.0f64, b in 0.0..=1.0f64
        ) {
            let mut total = 0.0;
            let mut all = Vec::new();
            for (i, c) in counts.iter().enumerate() {
                total += c.round();
                let le = if i + 1 == counts.len() { INF } else { (i + 1) as f64 };
                all.push(Bucket { le, count: total });
            }
            let (low, high) = (quantile(a.min(b), &all), quantile(a.max(b), &all));
            if total == 0.0 {
                prop_assert!(low.is_nan());
            } else {
                prop_assert!(0.0 <= low && low <= high + 1e-9 && high <= (counts.len() - 1) as f64);
            }
        }
    }
}
