//! Locks: `flock` on a file, held for life or for one append, and freed by the kernel when its holder dies.

use super::{Disk, LogError, Opened};
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A file held under an exclusive lock until this value is dropped or its process dies.
#[derive(Debug)]
pub struct Hold {
    opened: Opened,
}

impl Hold {
    /// Takes the lock on `path` (made with `mode` when missing), waiting up to `wait`; blocks the thread.
    ///
    /// [`is_held`] touches the lock for a moment, so a `wait` of zero may fail beside a reader: give 100 ms or more.
    pub fn take(disk: &dyn Disk, path: &Path, mode: u32, wait: Duration) -> Result<Hold, LogError> {
        let opened = disk.open(path, mode).map_err(LogError::io(path, "open"))?;
        lock_within(&opened, wait)?;
        Ok(Hold { opened })
    }

    /// Replaces the file's content, synced. A crash within may leave it empty or cut: readers take that as "not known".
    pub fn write(&self, disk: &dyn Disk, bytes: &[u8]) -> Result<(), LogError> {
        let path = &self.opened.path;
        disk.truncate(&self.opened, 0).map_err(LogError::io(path, "cut"))?;
        disk.append(&self.opened, bytes).map_err(LogError::io(path, "write"))?;
        disk.sync_file(&self.opened).map_err(LogError::io(path, "sync"))
    }
}

/// Whether some process holds the lock of `path`, and its pid where the kernel tells. A missing file is not held.
pub fn is_held(path: &Path) -> io::Result<Option<Option<i32>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(holder(&file))),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Takes the exclusive lock of an open file within `wait`.
pub(super) fn lock_within(opened: &Opened, wait: Duration) -> Result<(), LogError> {
    let since = Instant::now();
    loop {
        match opened.file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(LogError::io(&opened.path, "lock")(e)),
            Err(TryLockError::WouldBlock) if since.elapsed() >= wait => {
                return Err(LogError::Held {
                    path: opened.path.clone(),
                    pid: holder(&opened.file),
                    waited: wait,
                });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// The pid that holds a `flock` on this file, from `/proc/locks`.
fn holder(file: &File) -> Option<i32> {
    let inode = file.metadata().ok()?.ino().to_string();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    // `1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF`; the device differs from stat's on some file systems.
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        if words.next()? != "FLOCK" {
            return None;
        }
        let pid: i32 = words.nth(2)?.parse().ok()?;
        let place = words.next()?;
        (place.rsplit(':').next()? == inode && pid > 0).then_some(pid)
    })
}
