//! Putting the new content in the place of the old one, in one move.

use super::{Planned, hash, read};
use crate::journal::{Disk, Opened};
use crate::run::Outcome;
use crate::run::record::FileChange;
use rustix::fs::{Gid, Uid, XattrFlags, fchown, fgetxattr, flistxattr, fsetxattr};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why it was not done.
enum Trouble {
    /// Nothing was written.
    Before(String),
    /// The new file may be there, and may not survive a crash.
    After(String),
}

/// Makes a planned change. The file must be what it was when the change was planned.
pub(crate) fn apply(disk: &dyn Disk, planned: &Planned) -> Outcome {
    let change = &planned.change;
    if change.before.as_ref() == Some(&change.after) {
        return Outcome::Success { detail: format!("{} is so already", change.path) };
    }
    match put(disk, planned) {
        Ok(()) => {
            let (new, gone) = planned.lines;
            let kept = match &change.kept {
                Some(kept) => format!("; the old one is {kept}"),
                None => String::new(),
            };
            Outcome::Success { detail: format!("{} written (+{new} −{gone}){kept}", change.path) }
        }
        Err(Trouble::Before(why)) => Outcome::Failure { detail: format!("{why}; nothing was written") },
        Err(Trouble::After(evidence)) => Outcome::Unknown { evidence },
    }
}

/// What became of a change that a lost supervisor had begun, or not.
pub(crate) fn conclude(change: &FileChange) -> Outcome {
    let path = &change.path;
    let now = match read(Path::new(path)) {
        Ok(bytes) => bytes.map(|b| hash(&b)),
        Err(why) => return Outcome::Unknown { evidence: why },
    };
    if now.as_ref() == Some(&change.after) {
        Outcome::Success { detail: format!("{path} is as it was to be") }
    } else if now == change.before {
        Outcome::NotStarted { detail: format!("{path} is as it was before") }
    } else {
        Outcome::Unknown { evidence: format!("{path} is neither as it was before nor as it was to be") }
    }
}

fn put(disk: &dyn Disk, planned: &Planned) -> Result<(), Trouble> {
    let change = &planned.change;
    let path = Path::new(&change.path);
    let folder = path.parent().unwrap_or(Path::new("/"));
    unchanged(change)?;
    let old = match &change.before {
        Some(_) => Some(File::open(path).map_err(before(path, "open"))?),
        None => None,
    };
    if let (Some(kept), Some(old)) = (&change.kept, &old) {
        keep(disk, path, Path::new(kept), old, change)?;
    }
    let temp = beside(path, "new");
    let made = (|| {
        write(disk, &temp, &planned.new, old.as_ref(), planned.mode)?;
        // The last look, as late as it can be.
        unchanged(change)?;
        match old {
            Some(_) => disk.rename(&temp, path).map_err(before(path, "put the new one at")),
            // Fails when somebody has made one meanwhile.
            None => disk.link(&temp, path).map_err(before(path, "put the new one at")),
        }
    })();
    if made.is_err() || old.is_none() {
        let _ = disk.remove(&temp);
    }
    made?;
    disk.sync_dir(folder).map_err(|e| {
        Trouble::After(format!("{}: written, but its folder cannot be synced: {e}", path.display()))
    })
}

fn before(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Trouble {
    move |e| Trouble::Before(format!("cannot {doing} {}: {e}", path.display()))
}

fn unchanged(change: &FileChange) -> Result<(), Trouble> {
    let now = read(Path::new(&change.path)).map_err(Trouble::Before)?.map(|b| hash(&b));
    if now == change.before {
        Ok(())
    } else {
        Err(Trouble::Before(format!("{} was changed by somebody else since it was looked at", change.path)))
    }
}

/// A name for a file on its way. The same every time, so that what a crash left is used up by the next attempt.
fn beside(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.ripcord-{what}"))
}

/// Keeps the old file. A kept one is never replaced; one that is there has this very content.
fn keep(disk: &dyn Disk, path: &Path, kept: &Path, old: &File, change: &FileChange) -> Result<(), Trouble> {
    let is_it = || std::fs::read(kept).is_ok_and(|b| Some(hash(&b)) == change.before);
    let temp = beside(path, "old");
    // What a crash left on its way here.
    let _ = disk.remove(&temp);
    if kept.symlink_metadata().is_ok() {
        return match is_it() {
            true => Ok(()),
            false => Err(Trouble::Before(format!("{} is there and is something else", kept.display()))),
        };
    }
    let bytes = read(path).map_err(Trouble::Before)?.unwrap_or_default();
    let made = write(disk, &temp, &bytes, Some(old), 0o600)
        .and_then(|()| disk.link(&temp, kept).map_err(before(kept, "keep the old one as")));
    let _ = disk.remove(&temp);
    made?;
    if !is_it() {
        return Err(Trouble::Before(format!("{} was changed while it was kept", path.display())));
    }
    let folder = kept.parent().unwrap_or(Path::new("/"));
    disk.sync_dir(folder).map_err(before(folder, "sync"))
}

/// Writes a file with the mode, owner and attributes of another one, synced.
fn write(disk: &dyn Disk, path: &Path, bytes: &[u8], like: Option<&File>, mode: u32) -> Result<(), Trouble> {
    match disk.remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(before(path, "remove")(e)),
        _ => {}
    }
    // Nobody else may read it before it has its owner.
    let file = disk.create(path, 0o600).map_err(before(path, "create"))?;
    let done = (|| {
        disk.append(&file, bytes).map_err(before(path, "write"))?;
        match like {
            Some(like) => {
                take_after(&file, like).map_err(before(path, "give mode and owner of the old one to"))?
            }
            None => {
                let mode = Permissions::from_mode(mode);
                file.file.set_permissions(mode).map_err(before(path, "give its mode to"))?;
            }
        }
        disk.sync_file(&file).map_err(before(path, "sync"))
    })();
    if done.is_err() {
        let _ = disk.remove(path);
    }
    done
}

/// Owner, extended attributes (among them access lists), then the mode, which a change of owner may cut.
fn take_after(file: &Opened, like: &File) -> io::Result<()> {
    let (old, new) = (like.metadata()?, file.file.metadata()?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        let uid = (old.uid() != new.uid()).then(|| Uid::from_raw(old.uid()));
        let gid = (old.gid() != new.gid()).then(|| Gid::from_raw(old.gid()));
        fchown(&file.file, uid, gid)?;
    }
    let mut names = vec![0; 64 * 1024];
    let length = flistxattr(like, names.as_mut_slice()).unwrap_or(0);
    for name in names[..length].split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let mut value = vec![0; 64 * 1024];
        let length = fgetxattr(like, name, value.as_mut_slice())?;
        match fsetxattr(&file.file, name, &value[..length], XattrFlags::empty()) {
            // The kernel's own labels are given by the kernel.
            Err(_) if name.starts_with(b"security.") || name.starts_with(b"trusted.") => {}
            set => set?,
        }
    }
    file.file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
}
