//! The reserve: a file that only takes up room, given back to the journal when the disk is full.

use super::{Disk, LogError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Size of a reserve file in bytes.
pub const RESERVE_BYTES: u64 = 8 * 1024 * 1024;

/// The reserve file of one state folder.
#[derive(Debug, Clone)]
pub struct Reserve {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl Reserve {
    /// Makes sure that the folder has its reserve. Fails when there is no room for it, which is a warning, not an end.
    pub fn ensure(disk: Arc<dyn Disk>, folder: &Path, mode: u32) -> Result<Reserve, LogError> {
        let path = folder.join("reserve");
        match disk.create(&path, mode) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(LogError::io(&path, "create")(e)),
            Ok(file) => {
                let made = disk.preallocate(&file, RESERVE_BYTES).and_then(|()| disk.sync_dir(folder));
                if let Err(e) = made {
                    let _ = disk.remove(&path);
                    return Err(LogError::io(&path, "reserve room")(e));
                }
            }
        }
        Ok(Reserve { disk, path })
    }

    /// Gives the room back; whether there was any.
    pub fn free(&self) -> bool {
        let freed = self.disk.remove(&self.path).is_ok();
        if let (true, Some(folder)) = (freed, self.path.parent()) {
            let _ = self.disk.sync_dir(folder);
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::super::real;
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn it_takes_up_room_until_it_is_freed_once() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::ensure(real(), dir.path(), 0o600).unwrap();
        let blocks = std::fs::metadata(dir.path().join("reserve")).unwrap().blocks();
        // A file system without fallocate leaves it empty; where it took room, it took all of it.
        assert!(blocks == 0 || blocks * 512 >= RESERVE_BYTES, "{blocks}");
        Reserve::ensure(real(), dir.path(), 0o600).unwrap();
        assert!(reserve.free());
        assert!(!reserve.free());
        assert!(!dir.path().join("reserve").exists());
    }

    #[test]
    fn a_disk_without_room_for_it_is_reported_and_keeps_no_husk() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(super::super::recording::Recording::new(dir.path()));
        disk.fail("preallocate", 0, rustix::io::Errno::NOSPC);
        let e = Reserve::ensure(disk, dir.path(), 0o600).unwrap_err();
        assert!(e.hint().contains("disk is full"), "{e}");
        assert!(!dir.path().join("reserve").exists());
    }
}
