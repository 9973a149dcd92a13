//! Instants and durable deadlines as values. Nothing here reads a clock.

use serde::{Deserialize, Serialize};

/// Milliseconds of a duration or since an epoch.
pub type Millis = u64;

/// The time, read once per turn of a loop and passed down as an argument.
///
/// `boot` decides everything while the host is up; `wall` is for records and people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds of `CLOCK_BOOTTIME`: shared by all processes of a boot, counts suspend, ignores clock steps.
    pub boot: Millis,
    /// Identity of this boot (`/proc/sys/kernel/random/boot_id`); `boot` values of two boots do not compare.
    pub boot_id: String,
    /// Milliseconds since the Unix epoch, UTC.
    pub wall: i64,
}

impl Now {
    /// The same instant `ms` milliseconds later (for simulated time).
    pub fn plus(&self, ms: Millis) -> Now {
        Now { boot: self.boot + ms, boot_id: self.boot_id.clone(), wall: self.wall + ms as i64 }
    }

    /// Where an earlier moment lies on this one's boot clock, in milliseconds; before this boot: by wall time, and it may be
    /// negative.
    pub fn boot_of(&self, earlier: &Now) -> i64 {
        match earlier.boot_id == self.boot_id {
            true => earlier.boot as i64,
            false => self.boot as i64 - (self.wall - earlier.wall).max(0),
        }
    }
}

/// A deadline that survives a restart and a reboot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The boot in which it was set.
    pub boot_id: String,
    /// When it is due, on that boot's clock, in milliseconds.
    pub due_boot: Millis,
    /// When it is due, in wall time, in milliseconds since the Unix epoch.
    pub due_wall: i64,
    /// Its whole length in milliseconds.
    pub length: Millis,
}

impl Deadline {
    /// A deadline `length` milliseconds from `now`.
    pub fn after(now: &Now, length: Millis) -> Deadline {
        Deadline {
            boot_id: now.boot_id.clone(),
            due_boot: now.boot + length,
            due_wall: now.wall + length as i64,
            length,
        }
    }

    /// Milliseconds left: by the boot clock within the same boot, else by wall time clamped to `0..=length`.
    pub fn left(&self, now: &Now) -> Millis {
        if self.boot_id == now.boot_id {
            self.due_boot.saturating_sub(now.boot)
        } else {
            (self.due_wall - now.wall).clamp(0, self.length as i64) as Millis
        }
    }

    /// Milliseconds by which it is overdue (0 while it is not due).
    pub fn overdue(&self, now: &Now) -> Millis {
        if self.boot_id == now.boot_id {
            now.boot.saturating_sub(self.due_boot)
        } else {
            (now.wall - self.due_wall).max(0) as Millis
        }
    }

    /// Whether it has been reached.
    pub fn is_due(&self, now: &Now) -> bool {
        self.left(now) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(boot: u64, id: &str, wall: i64) -> Now {
        Now { boot, boot_id: id.into(), wall }
    }

    #[test]
    fn the_boot_clock_decides_within_a_boot_even_when_the_wall_clock_steps() {
        let d = Deadline::after(&now(1_000, "a", 50_000), 500);
        assert_eq!(d.left(&now(1_200, "a", 9_000_000)), 300);
        assert!(d.is_due(&now(1_500, "a", 0)));
        assert_eq!(d.overdue(&now(1_700, "a", 0)), 200);
    }

    #[test]
    fn after_a_reboot_the_wall_clock_decides_within_the_deadlines_length() {
        let d = Deadline::after(&now(1_000, "a", 50_000), 500);
        assert_eq!(d.left(&now(10, "b", 50_200)), 300);
        assert_eq!(d.left(&now(10, "b", 40_000)), 500, "a clock set back gives at most the whole length");
        assert!(d.is_due(&now(10, "b", 60_000)));
    }
}
