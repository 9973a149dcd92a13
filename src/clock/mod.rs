//! Reads the time. The only place of the program that asks the kernel for it; everything else gets a [`Now`].

use crate::model::time::Now;
use rustix::time::{ClockId, clock_gettime};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time now: the boot clock, this boot's identity and the wall clock.
pub fn now() -> Now {
    let boot = clock_gettime(ClockId::Boottime);
    let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    };
    Now {
        boot: boot.tv_sec as u64 * 1_000 + boot.tv_nsec as u64 / 1_000_000,
        boot_id: boot_id().to_owned(),
        wall,
    }
}

/// Milliseconds this boot has slept up to `now`: BOOTTIME counts a suspend, MONOTONIC does not.
pub fn asleep(now: &Now) -> u64 {
    let awake = clock_gettime(ClockId::Monotonic);
    now.boot.saturating_sub(awake.tv_sec as u64 * 1_000 + awake.tv_nsec as u64 / 1_000_000)
}

/// This boot's identity, read once. Where the kernel does not tell it, an identity of this process alone, so that
/// nothing measured by another process is taken for the same boot.
fn boot_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) if !id.trim().is_empty() => id.trim().to_owned(),
        _ => {
            let t = clock_gettime(ClockId::Realtime);
            format!("unknown-{}-{}", std::process::id(), t.tv_nsec)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_does_not_go_back_and_the_boot_keeps_its_name() {
        let a = now();
        let b = now();
        assert!(b.boot >= a.boot);
        assert_eq!(a.boot_id, b.boot_id);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(a.boot_id, kernel.trim());
        assert!(a.wall > 1_700_000_000_000);
    }
}
