//! The one way to the disk for everything that must survive a crash.
//!
//! Two implementations: the real one, and one that records every operation so that tests can rebuild what a crash
//! after each of them may leave behind.

use rustix::fs::{FallocateFlags, Mode, OFlags};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(test)]
pub(crate) mod recording;

/// A file opened for reading and appending, with the path it was opened by.
#[derive(Debug)]
pub struct Opened {
    /// The open file.
    pub file: File,
    /// Where it was when it was opened.
    pub path: PathBuf,
}

/// Operations that change what is on disk. None is durable before the matching sync.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes a folder that must not exist, with exactly this mode. Durable after [`Disk::sync_dir`] of its parent.
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Makes an empty file that must not exist, with exactly this mode.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Opened>;
    /// Opens a regular file (never through a symbolic link) for appending; makes it, with exactly this mode, when missing.
    fn open(&self, path: &Path, mode: u32) -> io::Result<Opened>;
    /// Appends bytes.
    fn append(&self, file: &Opened, bytes: &[u8]) -> io::Result<()>;
    /// Cuts a file to `len` bytes.
    fn truncate(&self, file: &Opened, len: u64) -> io::Result<()>;
    /// Makes a file's bytes and length durable (not its name).
    fn sync_file(&self, file: &Opened) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Renames, replacing what is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name, which must not exist.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file's name.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Sets `bytes` of room aside behind the end of a file. No error where the file system cannot.
    fn preallocate(&self, file: &Opened, bytes: u64) -> io::Result<()>;
}

/// The disk of this host.
pub fn real() -> Arc<dyn Disk> {
    Arc::new(Real)
}

/// Whether an error means that the disk (or a quota) is full.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[derive(Debug)]
pub(crate) struct Real;

impl Real {
    fn open_with(path: &Path, flags: OFlags, mode: u32) -> io::Result<Opened> {
        let flags =
            flags | OFlags::RDWR | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?);
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        if flags.contains(OFlags::CREATE) && meta.permissions().mode() & 0o7777 != mode {
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Ok(Opened { file, path: path.to_owned() })
    }
}

impl Disk for Real {
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Opened> {
        Self::open_with(path, OFlags::CREATE | OFlags::EXCL, mode)
    }

    fn open(&self, path: &Path, mode: u32) -> io::Result<Opened> {
        loop {
            match Self::open_with(path, OFlags::empty(), mode) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => match self.create(path, mode) {
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                    made => return made,
                },
                opened => return opened,
            }
        }
    }

    fn append(&self, file: &Opened, bytes: &[u8]) -> io::Result<()> {
        (&file.file).write_all(bytes)
    }

    fn truncate(&self, file: &Opened, len: u64) -> io::Result<()> {
        file.file.set_len(len)
    }

    fn sync_file(&self, file: &Opened) -> io::Result<()> {
        file.file.sync_data()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn preallocate(&self, file: &Opened, bytes: u64) -> io::Result<()> {
        let end = file.file.metadata()?.len();
        match rustix::fs::fallocate(&file.file, FallocateFlags::KEEP_SIZE, end, bytes) {
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            other => Ok(other?),
        }
    }
}
