//! How time goes in a drill on a screen.

use crate::model::time::Now;

/// How much faster than the wall clock time may go.
pub(super) const SPEEDS: [u32; 6] = [1, 2, 5, 10, 30, 60];

/// Simulated time, as it follows the wall clock.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// Boot milliseconds of the real clock, and the simulated moment that belongs to them.
    pub(super) from: (u64, Now),
    /// Place in [`SPEEDS`].
    pub(super) speed: usize,
    /// A person reads what they may confirm: time goes as on the wall meanwhile.
    pub(super) calm: bool,
}

impl Pace {
    pub(super) fn speed(&self) -> u64 {
        if self.calm { 1 } else { u64::from(SPEEDS[self.speed]) }
    }

    /// The simulated moment of a boot time of the real clock.
    pub(super) fn at(&self, real: u64) -> Now {
        self.from.1.plus(real.saturating_sub(self.from.0) * self.speed())
    }

    /// Goes on from here at another speed.
    pub(super) fn set(&mut self, real: u64, speed: usize, calm: bool) {
        self.from = (real, self.at(real));
        (self.speed, self.calm) = (speed, calm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_without_a_jump_whatever_its_speed() {
        let begun = Now { boot: 1_000, boot_id: "rehearsal".into(), wall: 50_000 };
        let mut pace = Pace { from: (7_000, begun), speed: 3, calm: false };
        let boot = |pace: &Pace, real| pace.at(real).boot;
        assert_eq!((boot(&pace, 7_000), boot(&pace, 8_000), pace.at(8_000).wall), (1_000, 11_000, 60_000));
        pace.set(8_000, 3, true);
        assert_eq!((boot(&pace, 8_000), boot(&pace, 9_000)), (11_000, 12_000), "while a person reads");
        pace.set(9_000, 5, false);
        assert_eq!((boot(&pace, 9_000), boot(&pace, 9_100)), (12_000, 18_000));
        assert_eq!(boot(&pace, 8_000), 12_000, "never back");
    }
}
