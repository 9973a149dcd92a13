//! Who may read and write what: the modes of private state folders and of folders that a bastion's group shares.

use super::LogError;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// How a state folder is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// For its owner alone.
    Private,
    /// For a group: the folder has the setgid bit and is writable by its group.
    Group,
}

impl Sharing {
    /// How an existing folder is shared.
    pub fn of(folder: &Path) -> io::Result<Sharing> {
        let mode = fs::metadata(folder)?.permissions().mode();
        Ok(if mode & 0o2020 == 0o2020 { Sharing::Group } else { Sharing::Private })
    }

    /// Mode of folders.
    pub fn dir_mode(self) -> u32 {
        match self {
            Sharing::Private => 0o700,
            Sharing::Group => 0o2770,
        }
    }

    /// Mode of `control/` and `asks/`, where everyone of the group leaves files of their own.
    pub fn drop_dir_mode(self) -> u32 {
        match self {
            Sharing::Private => 0o700,
            Sharing::Group => 0o3770,
        }
    }

    /// Mode of logs and locks, which several people append to.
    pub fn log_mode(self) -> u32 {
        match self {
            Sharing::Private => 0o600,
            Sharing::Group => 0o660,
        }
    }

    /// Mode of files that one person writes and others read.
    pub fn own_mode(self) -> u32 {
        match self {
            Sharing::Private => 0o600,
            Sharing::Group => 0o640,
        }
    }
}

/// Opens a file that another person may have left in `control/` or `asks/`: no symbolic link, a regular file with one
/// name, not writable by the group or others. Answers it with its owner's uid.
pub fn open_left_by_another(path: &Path) -> Result<(File, u32), LogError> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map(File::from)
        .map_err(|e| LogError::io(path, "open")(e.into()))?;
    let meta = file.metadata().map_err(LogError::io(path, "stat"))?;
    let wrong = if !meta.is_file() {
        Some("not a regular file")
    } else if meta.nlink() != 1 {
        Some("it has more than one name")
    } else if meta.permissions().mode() & 0o022 != 0 {
        Some("others may write to it")
    } else {
        None
    };
    match wrong {
        Some(why) => Err(LogError::io(path, "trust")(io::Error::other(why))),
        None => Ok((file, meta.uid())),
    }
}

/// The network file system under `folder`, where locks and syncs cannot be relied on; `None` on a local one.
pub fn network_file_system(folder: &Path) -> io::Result<Option<&'static str>> {
    let kind = rustix::fs::statfs(folder)?.f_type as u64;
    Ok(match kind & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => Some("SMB"),
        0x0102_1997 => Some("9p"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setgid_folder_that_the_group_may_write_is_shared() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Sharing::of(dir.path()).unwrap(), Sharing::Private);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o2770)).unwrap();
        assert_eq!(Sharing::of(dir.path()).unwrap(), Sharing::Group);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o2750)).unwrap();
        assert_eq!(Sharing::of(dir.path()).unwrap(), Sharing::Private);
    }

    #[test]
    fn only_a_plain_file_of_one_writer_is_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ask.jsonl");
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let owner = fs::metadata(&file).unwrap().uid();
        assert_eq!(open_left_by_another(&file).unwrap().1, owner);

        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(open_left_by_another(&link).is_err());

        fs::hard_link(&file, dir.path().join("second")).unwrap();
        let e = open_left_by_another(&file).unwrap_err().to_string();
        assert!(e.contains("more than one name"), "{e}");
        fs::remove_file(dir.path().join("second")).unwrap();

        fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
        let e = open_left_by_another(&file).unwrap_err().to_string();
        assert!(e.contains("others may write"), "{e}");
    }
}
