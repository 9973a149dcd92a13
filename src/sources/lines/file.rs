//! The end of a file, as it grows: followed through renames, truncation, and before it exists.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Bytes read at once.
const CHUNK: u64 = 1 << 20;

/// What a look brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// These bytes do not go on from the ones before: what was there before has ended.
    pub(super) torn: bool,
    /// They begin inside a line.
    pub(super) inside: bool,
    /// There is more to read at once.
    pub(super) more: bool,
    /// Why it cannot be read now.
    pub(super) trouble: Option<String>,
}

/// A file that is followed.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    /// Bytes of what was there before the first look that are wanted; none: it was not there, all of it is new.
    back: Option<u64>,
    open: Option<Open>,
    torn: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Device and number: the same path may become another file.
    id: (u64, u64),
    at: u64,
}

impl Tail {
    pub(super) fn new(path: PathBuf, back: u64) -> Tail {
        Tail { path, back: Some(back), open: None, torn: false }
    }

    /// What has come since the last look. Blocks on the disk.
    pub(super) fn poll(&mut self) -> Chunk {
        self.try_poll().unwrap_or_else(|e| {
            if e.kind() == io::ErrorKind::NotFound && self.open.is_none() {
                self.back = None;
            }
            Chunk { trouble: Some(self.said(&e)), ..Chunk::default() }
        })
    }

    fn said(&self, e: &io::Error) -> String {
        let path = crate::model::text::clean_line(&self.path.to_string_lossy());
        match e.kind() {
            io::ErrorKind::NotFound => format!("{path} does not exist"),
            io::ErrorKind::PermissionDenied => format!("{path} cannot be read: permission denied"),
            _ => format!("{path} cannot be read: {e}"),
        }
    }

    fn try_poll(&mut self) -> io::Result<Chunk> {
        let mut out = Chunk::default();
        if self.open.is_none() {
            let mut open = open(&self.path)?;
            let length = open.file.metadata()?.len();
            if let Some(back) = self.back.take() {
                open.at = length.saturating_sub(back);
                // Behind the end of a line a new one begins.
                out.inside = open.at > 0 && !ends_before(&open.file, open.at)?;
            }
            self.open = Some(open);
        }
        out.torn = std::mem::take(&mut self.torn);
        let Some(open) = &mut self.open else { return Ok(out) };
        let length = open.file.metadata()?.len();
        if length < open.at {
            (open.at, out.torn) = (0, true);
        }
        if length > open.at {
            open.file.seek(SeekFrom::Start(open.at))?;
            let read = (&open.file).take(CHUNK).read_to_end(&mut out.bytes)?;
            open.at += read as u64;
            if read as u64 == CHUNK {
                out.more = true;
                return Ok(out);
            }
        }
        // All of it is read: is it still what is meant?
        match std::fs::metadata(&self.path) {
            Ok(meta) if (meta.dev(), meta.ino()) == open.id => {}
            Ok(_) => match self::open(&self.path) {
                Ok(next) => {
                    self.open = Some(next);
                    (self.torn, out.more) = (true, true);
                }
                Err(e) => out.trouble = Some(self.said(&e)),
            },
            Err(e) => out.trouble = Some(self.said(&e)),
        }
        Ok(out)
    }
}

fn ends_before(mut file: &File, at: u64) -> io::Result<bool> {
    let mut before = [0];
    file.seek(SeekFrom::Start(at - 1))?;
    file.read_exact(&mut before)?;
    Ok(before == *b"\n")
}

/// Opens a file and nothing else: a pipe would wait for its writer.
fn open(path: &std::path::Path) -> io::Result<Open> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    Ok(Open { file, id: (meta.dev(), meta.ino()), at: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    fn text(tail: &mut Tail) -> String {
        let mut out = String::new();
        loop {
            let chunk = tail.poll();
            assert_eq!(chunk.trouble, None);
            if chunk.torn {
                out.push('|');
            }
            if chunk.inside {
                out.push('~');
            }
            out.push_str(&String::from_utf8(chunk.bytes).unwrap());
            if !chunk.more {
                return out;
            }
        }
    }

    fn add(path: &std::path::Path, what: &str) {
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap()
            .write_all(what.as_bytes())
            .unwrap();
    }

    #[test]
    fn only_what_comes_after_the_first_look_or_a_little_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        add(&path, "old\nlines\n");
        let (mut new, mut some, mut line) =
            (Tail::new(path.clone(), 0), Tail::new(path.clone(), 8), Tail::new(path.clone(), 6));
        assert_eq!((text(&mut new), text(&mut some)), (String::new(), "~d\nlines\n".into()));
        assert_eq!(text(&mut line), "lines\n", "a line begins there");
        add(&path, "new\n");
        assert_eq!((text(&mut new), text(&mut some)), ("new\n".into(), "new\n".into()));
    }

    #[test]
    fn rotation_by_rename_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("a.log"), dir.path().join("a.log.1"));
        add(&path, "before\n");
        let mut tail = Tail::new(path.clone(), 0);
        assert_eq!(text(&mut tail), "");
        add(&path, "one\n");
        fs::rename(&path, &old).unwrap();
        // Whoever has it open writes on for a while.
        add(&old, "two\n");
        let chunk = tail.poll();
        assert_eq!(chunk.bytes, b"one\ntwo\n");
        assert!(chunk.trouble.unwrap().contains("does not exist"));
        add(&old, "three");
        add(&path, "four\n");
        assert_eq!(text(&mut tail), "three|four\n");
        fs::rename(&path, &old).unwrap();
        add(&path, "five\n");
        assert_eq!(text(&mut tail), "|five\n");
    }

    #[test]
    fn truncation_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        add(&path, "a long line\n");
        let mut tail = Tail::new(path.clone(), 0);
        text(&mut tail);
        fs::write(&path, "x\n").unwrap();
        assert_eq!(text(&mut tail), "|x\n");
    }

    #[test]
    fn a_file_that_comes_later_is_new_from_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let mut tail = Tail::new(path.clone(), 0);
        let why = tail.poll().trouble.unwrap();
        assert!(why.ends_with("a.log does not exist"), "{why}");
        add(&path, "first\n");
        assert_eq!(text(&mut tail), "first\n");
    }

    #[test]
    fn what_is_no_file_says_so_and_does_not_wait() {
        let dir = tempfile::tempdir().unwrap();
        let why = Tail::new(dir.path().to_owned(), 0).poll().trouble.unwrap();
        assert!(why.contains("it is not a file"), "{why}");
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let why = Tail::new(pipe, 0).poll().trouble.unwrap();
        assert!(why.contains("it is not a file"), "{why}");
    }

    #[test]
    fn more_than_a_chunk_comes_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        add(&path, "");
        let mut tail = Tail::new(path.clone(), 0);
        text(&mut tail);
        let all = "0123456789abcde\n".repeat(200_000);
        add(&path, &all);
        assert_eq!(text(&mut tail), all);
    }
}
