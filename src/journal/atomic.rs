//! Whole files, written so that a crash leaves the old one or the new one.

use super::{Disk, LogError};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file beside its place, syncs it and renames it there; durable on return.
pub fn atomic_write(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> Result<(), LogError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{n}.tmp", std::process::id()));
    let temp = path.with_file_name(name);
    // A file of this name is left from a dead process that had our pid.
    match disk.remove(&temp) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(LogError::io(&temp, "remove")(e));
        }
        _ => {}
    }
    let written = write_new(disk, &temp, bytes, mode)
        .and_then(|()| disk.rename(&temp, path).map_err(LogError::io(path, "rename into place")));
    if let Err(e) = written {
        let _ = disk.remove(&temp);
        return Err(e);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    disk.sync_dir(folder).map_err(LogError::io(folder, "sync"))
}

/// Writes and syncs a file that must not exist. Its name is durable after a sync of the folder.
pub fn write_new(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> Result<(), LogError> {
    let file = disk.create(path, mode).map_err(LogError::io(path, "create"))?;
    disk.append(&file, bytes).map_err(LogError::io(path, "write"))?;
    disk.sync_file(&file).map_err(LogError::io(path, "sync"))
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_crash_leaves_the_old_file_or_the_new_one_and_never_a_part() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Recording::new(dir.path());
        let path = dir.path().join("lock.json");
        atomic_write(&disk, &path, b"old old", 0o600).unwrap();
        let first = disk.count();
        atomic_write(&disk, &path, b"new", 0o600).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for crash in disk.crashes().into_iter().filter(|c| c.after >= first) {
            let found = crash.tree.get(&PathBuf::from("lock.json")).cloned().flatten();
            let found = String::from_utf8(found.expect(&crash.label)).unwrap();
            assert!(found == "old old" || found == "new", "{}: {found:?}", crash.label);
            seen.insert(found);
        }
        assert_eq!(seen.len(), 2);
        let last = disk.crashes().pop().unwrap();
        assert_eq!(last.tree.len(), 1, "no temporary file stays: {last:?}");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Recording::new(dir.path());
        let path = dir.path().join("f");
        atomic_write(&disk, &path, b"old", 0o600).unwrap();
        for operation in ["create", "append", "sync_file", "rename"] {
            disk.fail(operation, 0, rustix::io::Errno::IO);
            atomic_write(&disk, &path, b"new", 0o600).unwrap_err();
            assert_eq!(std::fs::read(&path).unwrap(), b"old");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{operation}");
        }
    }
}
