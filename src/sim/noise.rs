//! Repeatable noise: numbers that follow from a seed and the number of a request alone.

/// Noise of one request.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    state: u64,
}

impl Noise {
    /// The noise of request `n`.
    pub fn of(seed: u64, n: u64) -> Noise {
        Noise { state: seed ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15) }
    }

    /// The next number, evenly in 0..1 (splitmix64).
    pub fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next number of about a normal distribution, mean 0, deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Where request `n` falls in 0..1 when many requests are to be spread evenly (golden ratio), as a weighted
/// round robin does.
pub fn spread(seed: u64, n: u64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let offset = Noise::of(seed, u64::MAX).unit();
    (offset + (n % 1_000_000_007) as f64 * GOLDEN).fract()
}
