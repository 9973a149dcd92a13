//! A disk that does every operation, notes it, and can rebuild what a crash after each of them may leave.

use super::{Disk, Opened, Real};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

#[derive(Debug, Clone)]
enum Op {
    CreateDir(PathBuf),
    Create(PathBuf),
    Append(PathBuf, Vec<u8>),
    Truncate(PathBuf, u64),
    SyncFile(PathBuf),
    SyncDir(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Debug, Clone)]
struct Fault {
    operation: &'static str,
    skip: usize,
    errno: rustix::io::Errno,
}

#[derive(Debug)]
pub(crate) struct Recording {
    root: PathBuf,
    ops: Mutex<Vec<Op>>,
    fault: Mutex<Option<Fault>>,
}

/// What a crash left: every folder (`None`) and file (`Some(bytes)`), by path below the root.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Crash {
    /// Operations that had been done, and which of the unsynced ones were kept.
    pub(crate) label: String,
    /// How many operations had been done.
    pub(crate) after: usize,
    pub(crate) tree: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Crash {
    /// Builds the tree below `root`, which must be an empty folder.
    pub(crate) fn build(&self, root: &Path) {
        for (path, content) in &self.tree {
            match content {
                None => fs::create_dir(root.join(path)).unwrap(),
                Some(bytes) => fs::write(root.join(path), bytes).unwrap(),
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Dir,
    File(usize),
}

/// The names and bytes of a replay: as the running system sees them, and as they are surely on disk.
#[derive(Default)]
struct Replay {
    names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    bytes: Vec<Vec<u8>>,
    durable_bytes: Vec<Vec<u8>>,
    /// Folders that were renamed, from where to where, and not yet surely on disk.
    moved: Vec<(PathBuf, PathBuf)>,
    /// What an opened path meant, so that appends follow a file through its renames.
    opened: BTreeMap<PathBuf, usize>,
}

/// Gives what lies below a folder its new path.
fn move_below(names: &mut BTreeMap<PathBuf, Node>, from: &Path, to: &Path) {
    let below: Vec<PathBuf> = names.keys().filter(|p| p.starts_with(from) && *p != from).cloned().collect();
    for path in below {
        let rest = path.strip_prefix(from).expect("it begins so").to_owned();
        let node = names.remove(&path).expect("a key of the map");
        names.insert(to.join(rest), node);
    }
}

impl Replay {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::CreateDir(p) => {
                self.names.insert(p.clone(), Node::Dir);
            }
            Op::Create(p) => {
                self.bytes.push(Vec::new());
                self.durable_bytes.push(Vec::new());
                let id = self.bytes.len() - 1;
                self.names.insert(p.clone(), Node::File(id));
                self.opened.insert(p.clone(), id);
            }
            Op::Append(p, more) => {
                let id = self.opened[p];
                self.bytes[id].extend_from_slice(more);
            }
            Op::Truncate(p, len) => {
                let id = self.opened[p];
                self.bytes[id].truncate(*len as usize);
            }
            Op::SyncFile(p) => {
                let id = self.opened[p];
                self.durable_bytes[id] = self.bytes[id].clone();
            }
            Op::SyncDir(dir) => {
                // What was surely in a folder is in it under its new name.
                for (from, to) in self.moved.iter().filter(|(_, to)| to.parent() == Some(dir)) {
                    move_below(&mut self.durable_names, from, to);
                }
                self.moved.retain(|(_, to)| to.parent() != Some(dir));
                self.durable_names.retain(|p, _| p.parent() != Some(dir));
                for (p, node) in &self.names {
                    if p.parent() == Some(dir) {
                        self.durable_names.insert(p.clone(), *node);
                    }
                }
            }
            Op::Rename(from, to) => {
                if let Some(node) = self.names.remove(from) {
                    self.names.insert(to.clone(), node);
                    if matches!(node, Node::Dir) {
                        move_below(&mut self.names, from, to);
                        self.moved.push((from.clone(), to.clone()));
                    }
                }
            }
            Op::Link(from, to) => {
                if let Some(node) = self.names.get(from).copied() {
                    self.names.insert(to.clone(), node);
                }
            }
            Op::Remove(p) => {
                self.names.remove(p);
            }
        }
    }

    fn tree(&self, names_kept: bool, bytes_kept: bool) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let names = if names_kept { &self.names } else { &self.durable_names };
        let bytes = if bytes_kept { &self.bytes } else { &self.durable_bytes };
        let mut tree = BTreeMap::new();
        for (path, node) in names {
            let parent = path.parent().unwrap_or(Path::new(""));
            if !parent.as_os_str().is_empty() && !tree.contains_key(parent) {
                continue;
            }
            let content = match node {
                Node::Dir => None,
                Node::File(id) => Some(bytes[*id].clone()),
            };
            tree.insert(path.clone(), content);
        }
        tree
    }
}

impl Recording {
    /// Records what happens below `root`, an existing empty folder.
    pub(crate) fn new(root: &Path) -> Recording {
        Recording { root: root.to_owned(), ops: Mutex::new(Vec::new()), fault: Mutex::new(None) }
    }

    /// The operation of this name fails once with `errno`, after `skip` of them; an append leaves half its bytes.
    pub(crate) fn fail(&self, operation: &'static str, skip: usize, errno: rustix::io::Errno) {
        *self.fault.lock().unwrap() = Some(Fault { operation, skip, errno });
    }

    /// How many operations were recorded so far.
    pub(crate) fn count(&self) -> usize {
        self.ops.lock().unwrap().len()
    }

    /// How many of them were syncs.
    pub(crate) fn syncs(&self) -> usize {
        let ops = self.ops.lock().unwrap();
        ops.iter().filter(|op| matches!(op, Op::SyncFile(_) | Op::SyncDir(_))).count()
    }

    /// Whether the failure that was asked for has come.
    pub(crate) fn has_failed(&self) -> bool {
        self.fault.lock().unwrap().is_none()
    }

    /// Every state that a crash may leave: after each operation, with unsynced names and bytes dropped or kept.
    pub(crate) fn crashes(&self) -> Vec<Crash> {
        let ops = self.ops.lock().unwrap().clone();
        let mut replay = Replay::default();
        let mut states = Vec::new();
        for after in 0..=ops.len() {
            if after > 0 {
                replay.apply(&ops[after - 1]);
            }
            for (names, bytes) in [(false, false), (false, true), (true, false), (true, true)] {
                let tree = replay.tree(names, bytes);
                let last = after.checked_sub(1).map(|i| &ops[i]);
                let label =
                    format!("after {after} {last:?}, unsynced names kept: {names}, bytes kept: {bytes}");
                states.push(Crash { label, after, tree });
            }
        }
        states
    }

    fn note(&self, op: impl FnOnce(&dyn Fn(&Path) -> PathBuf) -> Op) {
        let below = |p: &Path| p.strip_prefix(&self.root).expect("a path below the root").to_owned();
        let op = op(&below);
        self.ops.lock().unwrap().push(op);
    }

    fn fault(&self, operation: &str) -> io::Result<()> {
        let mut slot = self.fault.lock().unwrap();
        let Some(fault) = slot.as_mut().filter(|f| f.operation == operation) else {
            return Ok(());
        };
        if fault.skip > 0 {
            fault.skip -= 1;
            return Ok(());
        }
        let errno = fault.errno;
        *slot = None;
        Err(errno.into())
    }
}

impl Disk for Recording {
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.fault("create_dir")?;
        Real.create_dir(path, mode)?;
        self.note(|below| Op::CreateDir(below(path)));
        Ok(())
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Opened> {
        self.fault("create")?;
        let opened = Real.create(path, mode)?;
        self.note(|below| Op::Create(below(path)));
        Ok(opened)
    }

    fn open(&self, path: &Path, mode: u32) -> io::Result<Opened> {
        if path.exists() { Real.open(path, mode) } else { self.create(path, mode) }
    }

    fn append(&self, file: &Opened, bytes: &[u8]) -> io::Result<()> {
        let failed = self.fault("append");
        let written = if failed.is_err() { &bytes[..bytes.len() / 2] } else { bytes };
        Real.append(file, written)?;
        self.note(|below| Op::Append(below(&file.path), written.to_vec()));
        failed
    }

    fn truncate(&self, file: &Opened, len: u64) -> io::Result<()> {
        self.fault("truncate")?;
        Real.truncate(file, len)?;
        self.note(|below| Op::Truncate(below(&file.path), len));
        Ok(())
    }

    fn sync_file(&self, file: &Opened) -> io::Result<()> {
        self.fault("sync_file")?;
        self.note(|below| Op::SyncFile(below(&file.path)));
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.fault("sync_dir")?;
        self.note(|below| Op::SyncDir(below(path)));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.fault("rename")?;
        Real.rename(from, to)?;
        self.note(|below| Op::Rename(below(from), below(to)));
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.fault("link")?;
        Real.link(from, to)?;
        self.note(|below| Op::Link(below(from), below(to)));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.fault("remove")?;
        Real.remove(path)?;
        self.note(|below| Op::Remove(below(path)));
        Ok(())
    }

    fn preallocate(&self, _file: &Opened, _bytes: u64) -> io::Result<()> {
        self.fault("preallocate")
    }
}
