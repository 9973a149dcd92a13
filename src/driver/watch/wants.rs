//! `decider.wants`: a watcher that waits for the lock says so each second. A screen that decides meanwhile only records,
//! so it lets go at its next heartbeat; another watcher does not.

use crate::journal::access::Sharing;
use crate::model::time::{Millis, Now};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Milliseconds for which it is good.
const GOOD: Millis = 3_000;

fn path(home: &Path) -> PathBuf {
    home.join("decider.wants")
}

/// Says that a watcher waits. What cannot be said costs time only.
pub(super) fn say(home: &Path, now: &Now) {
    let temp = home.join(format!(".decider.wants.{}.tmp", std::process::id()));
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true).mode(Sharing::of(home)?.own_mode());
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        options.open(&temp)?.write_all(&serde_json::to_vec(now).map_err(io::Error::other)?)?;
        std::fs::rename(&temp, path(home))
    };
    let _ = write();
}

/// It waits no more.
pub(super) fn done(home: &Path) {
    let _ = std::fs::remove_file(path(home));
}

/// Whether a watcher waits now.
pub(super) fn fresh(home: &Path, now: &Now) -> bool {
    let said = std::fs::read(path(home)).ok().and_then(|b| serde_json::from_slice::<Now>(&b).ok());
    said.is_some_and(|s| s.boot_id == now.boot_id && now.boot.saturating_sub(s.boot) <= GOOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_heard_for_a_moment_and_not_after_a_reboot() {
        let home = tempfile::tempdir().unwrap();
        let now = Now { boot: 5_000, boot_id: "a".into(), wall: 0 };
        assert!(!fresh(home.path(), &now));
        say(home.path(), &now);
        assert!(fresh(home.path(), &now.plus(3_000)) && !fresh(home.path(), &now.plus(3_001)));
        assert!(!fresh(home.path(), &Now { boot_id: "b".into(), ..now.clone() }));
        done(home.path());
        assert!(!fresh(home.path(), &now));
    }
}
