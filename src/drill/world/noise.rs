//! Repeatable noise: it follows from a seed, a name and a moment alone, so that an extra look changes no later one.

/// A number of about a normal distribution (mean 0, deviation 1), never further than 3 from the mean.
pub(super) fn normal(seed: u64, signal: &str, series: Option<&str>, at: u64) -> f64 {
    let name = signal.bytes().chain([0]).chain(series.unwrap_or_default().bytes());
    // FNV-1a.
    let hash = name.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut state = seed ^ hash ^ at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut unit = || {
        // splitmix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    ((0..12).map(|_| unit()).sum::<f64>() - 6.0).clamp(-3.0, 3.0)
}
