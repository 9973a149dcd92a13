//! Reading a log without its lock: whole lines only, every one checked against the chain.

use super::LogError;
use super::line::Chain;
use crate::model::record::Record;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Follows a log that others write.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    chain: Chain,
    offset: u64,
}

impl Tail {
    /// A tail that has read nothing yet; the log need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Tail {
        Tail { path: path.into(), chain: Chain::start(), offset: 0 }
    }

    /// The records since the last poll, up to the last newline; none for a log that does not exist.
    ///
    /// Fails on a line that is not the chain's next, and when lines that were read are gone; then nothing is consumed.
    pub fn poll(&mut self) -> Result<Vec<Record>, LogError> {
        let file = match open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.offset == 0 => {
                return Ok(Vec::new());
            }
            Err(e) => return Err(LogError::io(&self.path, "open")(e)),
        };
        let mut chain = self.chain.clone();
        let bytes = read_from(&file, &self.path, &chain, self.offset)?;
        let (records, used) = chain.decode_all(&self.path, &bytes)?;
        self.chain = chain;
        self.offset += used as u64;
        Ok(records)
    }
}

/// What a whole log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many records stand in it.
    pub records: u64,
    /// SHA-256 of its last line, in hex; 64 zeros when it is empty.
    pub head: String,
    /// Bytes of a torn last line (0: none).
    pub torn: u64,
}

/// All records of a log; a torn last line is left out.
pub fn read(path: &Path) -> Result<Vec<Record>, LogError> {
    Ok(read_whole(path)?.0)
}

/// Checks a whole log: schema, sequence, chain.
pub fn verify(path: &Path) -> Result<Verified, LogError> {
    Ok(read_whole(path)?.1)
}

fn read_whole(path: &Path) -> Result<(Vec<Record>, Verified), LogError> {
    let file = open(path).map_err(LogError::io(path, "open"))?;
    let mut chain = Chain::start();
    let bytes = read_from(&file, path, &chain, 0)?;
    let (records, used) = chain.decode_all(path, &bytes)?;
    let verified = Verified { records: chain.seq, head: chain.head, torn: (bytes.len() - used) as u64 };
    Ok((records, verified))
}

/// The bytes of an open log from `offset`, where `chain` ends.
pub(super) fn read_from(
    mut file: &File,
    path: &Path,
    chain: &Chain,
    offset: u64,
) -> Result<Vec<u8>, LogError> {
    let length = file.metadata().map_err(LogError::io(path, "stat"))?.len();
    if length < offset {
        return Err(LogError::Broken {
            path: path.to_owned(),
            line: chain.seq,
            why: "lines that were read before are gone".to_owned(),
        });
    }
    let mut bytes = Vec::with_capacity((length - offset) as usize);
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.read_to_end(&mut bytes))
        .map_err(LogError::io(path, "read"))?;
    Ok(bytes)
}

/// A log, for reading: never a link, never waiting for a pipe's writer.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}
