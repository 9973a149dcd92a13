//! Time that has passed since something, over reboots and clock steps.

use crate::model::time::{Millis, Now};

/// Time since an instant. Within a boot the boot clock decides. Between two boots the wall clock does, from the log's last
/// record of the boot before on; when it has been set back behind that record, the time starts again from nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// Milliseconds that passed before `from`.
    spent: Millis,
    /// An instant of the boot in which the log's last record was written.
    from: Now,
}

impl Elapsed {
    /// Since this instant.
    pub fn since(at: &Now) -> Elapsed {
        Elapsed { spent: 0, from: at.clone() }
    }

    /// Milliseconds, when the log's last record was written at `last`.
    pub fn at(&self, now: &Now, last: &Now) -> Millis {
        if now.boot_id == self.from.boot_id {
            return self.spent + now.boot.saturating_sub(self.from.boot);
        }
        match u64::try_from(now.wall - last.wall) {
            Ok(between) => self.spent + last.boot.saturating_sub(self.from.boot) + between,
            Err(_) => 0,
        }
    }

    /// Goes on in the boot of `at`, the first record after a reboot; `last` is the one before it.
    pub(super) fn carry(&mut self, at: &Now, last: &Now) {
        *self = Elapsed { spent: self.at(at, last), from: at.clone() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(boot: u64, id: &str, wall: i64) -> Now {
        Now { boot, boot_id: id.into(), wall }
    }

    #[test]
    fn a_step_of_the_wall_clock_within_a_boot_counts_for_nothing_even_after_a_reboot() {
        let mut e = Elapsed::since(&now(1_000, "a", 0));
        let stepped = now(3_000, "a", 9_000_000);
        assert_eq!(e.at(&stepped, &now(0, "a", 0)), 2_000);
        let booted = now(10, "b", 9_000_500);
        assert_eq!(e.at(&booted, &stepped), 2_500);
        e.carry(&booted, &stepped);
        assert_eq!(e.at(&now(1_010, "b", 0), &booted), 3_500);
    }

    #[test]
    fn a_clock_set_back_over_a_reboot_starts_it_again() {
        let mut e = Elapsed::since(&now(1_000, "a", 50_000));
        let last = now(9_000, "a", 58_000);
        let booted = now(10, "b", 57_999);
        assert_eq!(e.at(&booted, &last), 0);
        e.carry(&booted, &last);
        assert_eq!(e.at(&now(110, "b", 0), &booted), 100);
    }
}
