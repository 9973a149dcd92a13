//! The decider's heartbeat: `decider.json`, written anew each second, not synced, not in the log.

use crate::engine::Kept;
use crate::engine::eval::Truth;
use crate::engine::hold::TriggerState;
use crate::engine::signal::Level;
use crate::engine::stage::{InForce, Stage};
use crate::engine::verdict::Standing;
use crate::model::time::{Millis, Now};
use crate::session::decision::SILENT;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// What the decider says of itself and of the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Epoch of the decider.
    pub epoch: u64,
    /// A watcher, which acts; a screen only records.
    pub acts: bool,
    /// Name of the host.
    pub host: String,
    /// Its pid there.
    pub pid: u32,
    /// When this was written.
    pub at: Now,
    /// Since when it reads the sources.
    pub watching_since: Now,
    /// Why nothing can be recorded now, so that nothing is decided; none: all is well.
    pub trouble: Option<String>,
    /// Where the service stands.
    pub standing: Standing,
    /// The same in words, on one line.
    pub text: String,
    /// Since when, wall milliseconds.
    pub standing_since: i64,
    /// Why, a line per part.
    pub evidence: Vec<String>,
    /// Signals that answer, of all that are read.
    pub answering: (usize, usize),
    /// Where the traffic is.
    pub stage: Stage,
    /// The signals.
    pub signals: Vec<BeatSignal>,
    /// The triggers.
    pub triggers: Vec<BeatTrigger>,
    /// What the next decider's engine takes over.
    pub kept: Vec<Kept>,
}

/// A signal, as the decider saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeatSignal {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// The worst series' last value with its unit; none: there was never one.
    pub value: Option<String>,
    /// Its level.
    pub level: Level,
    /// Milliseconds since that value was true.
    pub age: Option<Millis>,
    /// Why it does not count.
    pub reason: Option<String>,
}

/// A trigger, as the decider saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeatTrigger {
    /// Its id.
    pub id: String,
    /// Where it stands; times are milliseconds of the decider's boot.
    pub state: TriggerState,
    /// Since when it fires, or its condition is true; wall milliseconds. None: inactive.
    pub since: Option<i64>,
    /// What its condition is.
    pub truth: Truth,
    /// What it asks for where the traffic is.
    pub cell: InForce,
}

/// Where the heartbeat is.
pub fn beat_path(home: &Path) -> PathBuf {
    home.join("decider.json")
}

impl Beat {
    /// The newest heartbeat, of whomever; none where nobody ever decided, or when it cannot be read.
    pub fn read(home: &Path) -> Option<Beat> {
        serde_json::from_slice(&std::fs::read(beat_path(home)).ok()?).ok()
    }

    /// Milliseconds since it was written: on the clock of the boot, or by wall time after a reboot.
    pub fn age(&self, now: &Now) -> Millis {
        match self.at.boot_id == now.boot_id {
            true => now.boot.saturating_sub(self.at.boot),
            false => (now.wall - self.at.wall).max(0) as Millis,
        }
    }

    /// Whether somebody decides: it is of this boot, and not older than [`SILENT`].
    pub fn is_fresh(&self, now: &Now) -> bool {
        self.at.boot_id == now.boot_id && self.age(now) <= SILENT
    }

    /// Whether its process is there (when it is of this host; of another one that cannot be said).
    pub fn is_there(&self) -> bool {
        self.host != super::host() || Path::new(&format!("/proc/{}", self.pid)).exists()
    }

    /// Puts it in its place whole; neither synced nor kept beyond the next one.
    ///
    /// # Errors
    /// When it cannot be written; the old one stays.
    pub fn write(&self, home: &Path) -> io::Result<()> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let mode = crate::journal::access::Sharing::of(home)?.own_mode();
        let temp = home.join(format!(".decider.json.{}.tmp", self.pid));
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        let written = std::fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(mode)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
            .open(&temp)
            .and_then(|mut f| f.write_all(&bytes))
            .and_then(|()| std::fs::rename(&temp, beat_path(home)));
        if written.is_err() {
            let _ = std::fs::remove_file(&temp);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Cell;

    fn now(boot: u64, id: &str, wall: i64) -> Now {
        Now { boot, boot_id: id.into(), wall }
    }

    fn beat(at: Now) -> Beat {
        Beat {
            epoch: 3,
            acts: true,
            host: super::super::host(),
            pid: std::process::id(),
            watching_since: at.clone(),
            at,
            trouble: None,
            standing: Standing::Quiet,
            text: "ALL QUIET".into(),
            standing_since: 5,
            evidence: Vec::new(),
            answering: (1, 1),
            stage: Stage::Between(5, 25),
            signals: Vec::new(),
            triggers: vec![BeatTrigger {
                id: "t".into(),
                state: TriggerState::Firing { since: -5 },
                since: Some(7),
                truth: Truth::True,
                cell: InForce { cell: Cell::Auto, stage: Some(25), note: None },
            }],
            kept: vec![Kept { id: "t".into(), series: None, earned: 5, firing_since: Some(7) }],
        }
    }

    #[test]
    fn it_comes_back_as_it_was_written_and_leaves_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Beat::read(dir.path()), None);
        let b = beat(now(1_000, "a", 50_000));
        b.write(dir.path()).unwrap();
        b.write(dir.path()).unwrap();
        assert_eq!(Beat::read(dir.path()), Some(b.clone()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(b.is_there());
        std::fs::write(beat_path(dir.path()), b"{\"epoch\": 3").unwrap();
        assert_eq!(Beat::read(dir.path()), None, "half a heartbeat is none");
    }

    #[test]
    fn ten_silent_seconds_and_a_reboot_make_it_old() {
        let b = beat(now(1_000, "a", 50_000));
        assert!(b.is_fresh(&now(11_000, "a", 0)), "the wall clock may step");
        assert!(!b.is_fresh(&now(11_001, "a", 50_000)));
        assert!(!b.is_fresh(&now(1_000, "b", 50_100)));
        assert_eq!(b.age(&now(3_000, "b", 50_100)), 100);
    }
}
