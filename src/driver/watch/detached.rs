//! A watcher in the background: started away from us, it lives on, and says whether it decides.

use super::lock;
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::is_held;
use crate::model::text::clean_line;
use crate::supervisor::decisions::{self, Beat};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long it may take to decide.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts `ripcord watch` with these arguments (what is watched, absolute paths) in the background, and waits up to 5 s until
/// it decides. Nothing is started where a watcher decides. What it says goes to `watch.log` in the folder. Blocks.
///
/// # Errors
/// Why it does not decide, in words; one that was started and is slow may still do so.
pub fn start_detached(home: &Path, words: &[OsString]) -> Result<(), String> {
    let watching = |pid: Option<u32>| {
        let beat = Beat::read(home).filter(|b| b.acts && b.is_fresh(&clock::now()) && b.is_there());
        beat.filter(|b| pid.is_none_or(|p| p == b.pid)).is_some()
    };
    if watching(None) && is_held(&lock::path(home)).is_ok_and(|h| h.is_some()) {
        return Ok(());
    }
    decisions::make_home(home).map_err(|e| format!("{}: {e}", home.display()))?;
    let path = home.join("watch.log");
    let named = |e: std::io::Error| format!("{}: {e}", path.display());
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(Sharing::of(home).map_err(named)?.own_mode())
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
        .open(&path)
        .map_err(named)?;
    let before = log.metadata().map_or(0, |m| m.len());
    let mut child = crate::supervisor::detached("watch")
        .args(["watch", "--detached", "--quiet"])
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|e| format!("the watcher cannot be started: {e}"))?;
    let (pid, until) = (child.id(), Instant::now() + PATIENCE);
    let said = || {
        let text = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(text.get(before as usize..).unwrap_or_default()).into_owned();
        clean_line(text.trim())
    };
    loop {
        if watching(Some(pid)) {
            // Ours to reap as long as we live; it does not need us.
            std::thread::spawn(move || child.wait());
            return Ok(());
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("the watcher ended ({status}): {}", said()));
        }
        if Instant::now() >= until {
            std::thread::spawn(move || child.wait());
            let why = match said() {
                said if said.is_empty() => "it does not say why".to_owned(),
                said => said,
            };
            return Err(format!("the watcher (pid {pid}) runs and does not decide yet: {why}"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
