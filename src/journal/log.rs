//! Writing a log: one writer at a time, one write and one sync per record, and nothing more after a failure.

use super::access::Sharing;
use super::disk::is_full;
use super::hold::lock_within;
use super::line::Chain;
use super::tail::read_from;
use super::{Disk, LogError, Opened, Reserve, write_new};
use crate::model::record::Record;
use crate::model::time::Now;
use serde::Serialize;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A log under its lock. While this value lives, it is the only writer.
#[derive(Debug)]
pub struct Log {
    disk: Arc<dyn Disk>,
    opened: Opened,
    chain: Chain,
    length: u64,
    failed: Option<String>,
    reserve: Option<Reserve>,
    reserve_freed: bool,
}

impl Log {
    /// Opens a log (made when missing), takes its lock for the life of the value, waiting up to `hold`, and reads it.
    ///
    /// A torn last line is saved beside the log as `<name>.torn-<n>`, cut off, and noted by a `TornTail` record. Any
    /// other damage, and a record of another schema, is refused by line and left as it is.
    pub fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        now: &Now,
        hold: Duration,
    ) -> Result<(Log, Vec<Record>), LogError> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mode = Sharing::of(folder).map_err(LogError::io(folder, "stat"))?.log_mode();
        let opened = disk.open(path, mode).map_err(LogError::io(path, "open"))?;
        lock_within(&opened, hold)?;
        let mut chain = Chain::start();
        let bytes = read_from(&opened.file, path, &chain, 0)?;
        let (mut records, whole) = chain.decode_all(path, &bytes)?;
        if records.is_empty() {
            // The name is not surely on disk before the first record is.
            disk.sync_dir(folder).map_err(LogError::io(folder, "sync"))?;
        }
        let mut log = Log {
            disk,
            opened,
            chain,
            length: whole as u64,
            failed: None,
            reserve: None,
            reserve_freed: false,
        };
        if whole < bytes.len() {
            records.push(log.mend(now, &bytes[whole..], mode)?);
        }
        Ok((log, records))
    }

    /// Appends one record, durable on return.
    ///
    /// After the first write or sync error the log is read-only: this and every later append fails with that reason.
    pub fn append(&mut self, now: &Now, kind: &str, body: &impl Serialize) -> Result<Record, LogError> {
        if let Some(first) = &self.failed {
            return Err(LogError::Poisoned { path: self.opened.path.clone(), first: first.clone() });
        }
        let body = serde_json::to_value(body).map_err(|source| LogError::Body {
            path: self.opened.path.clone(),
            kind: kind.to_owned(),
            source,
        })?;
        let (record, line) = self.chain.encode(now, kind, body);
        if let Err(e) = self.write(&line) {
            self.failed = Some(e.to_string());
            return Err(e);
        }
        self.chain.follow(&line);
        self.length += line.len() as u64;
        Ok(record)
    }

    /// Gives the log a reserve to free when the disk is full.
    pub fn set_reserve(&mut self, reserve: Reserve) {
        self.reserve = Some(reserve);
    }

    /// Whether the reserve had to be freed since this was asked last: the disk is full, say so.
    pub fn took_reserve(&mut self) -> bool {
        std::mem::take(&mut self.reserve_freed)
    }

    /// Frees the reserve when `e` says that the disk is full.
    pub fn give_back_reserve(&self, e: &LogError) {
        if let (LogError::Io { source, .. }, Some(reserve)) = (e, &self.reserve)
            && is_full(source)
        {
            reserve.free();
        }
    }

    /// Sets room aside for records to come, so that a full disk is met before a step and not after it.
    pub fn preallocate(&self, bytes: u64) -> Result<(), LogError> {
        self.disk.preallocate(&self.opened, bytes).map_err(LogError::io(&self.opened.path, "reserve room"))
    }

    /// Why the log is read-only, if it is.
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Hash of the last line, in hex; 64 zeros while there is none.
    pub fn head(&self) -> &str {
        &self.chain.head
    }

    fn write(&mut self, line: &[u8]) -> Result<(), LogError> {
        let path = &self.opened.path;
        let mut written = self.disk.append(&self.opened, line);
        if let (Err(e), Some(reserve)) = (&written, &self.reserve)
            && is_full(e)
            && reserve.free()
        {
            self.reserve_freed = true;
            written = self
                .disk
                .truncate(&self.opened, self.length)
                .and_then(|()| self.disk.append(&self.opened, line));
        }
        written.map_err(LogError::io(path, "write"))?;
        self.disk.sync_file(&self.opened).map_err(LogError::io(path, "sync"))
    }

    fn mend(&mut self, now: &Now, torn: &[u8], mode: u32) -> Result<Record, LogError> {
        let saved = self.save_aside(torn, mode)?;
        let path = &self.opened.path;
        self.disk
            .truncate(&self.opened, self.length)
            .and_then(|()| self.disk.sync_file(&self.opened))
            .map_err(LogError::io(path, "cut the torn last line"))?;
        let body = json!({ "line": self.chain.seq + 1, "bytes": torn.len(), "saved": saved });
        self.append(now, "TornTail", &body)
    }

    fn save_aside(&self, torn: &[u8], mode: u32) -> Result<String, LogError> {
        let path = &self.opened.path;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for n in 1.. {
            let aside = format!("{name}.torn-{n}");
            let place = path.with_file_name(&aside);
            match write_new(&*self.disk, &place, torn, mode) {
                Err(LogError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
                Ok(()) => {
                    let folder = path.parent().unwrap_or(Path::new("/"));
                    self.disk.sync_dir(folder).map_err(LogError::io(folder, "sync"))?;
                    return Ok(aside);
                }
            }
        }
        unreachable!("there is always a next number")
    }
}

/// One append to a log that several processes write: takes the lock (waiting up to `wait`, blocking the thread), reads
/// what is there, asks `decide` and appends what it answers.
///
/// Answers `None` when `decide` does. On a failure the record is taken back as far as the disk allows, and must be
/// treated as not written.
pub fn append_if(
    disk: Arc<dyn Disk>,
    path: &Path,
    now: &Now,
    wait: Duration,
    decide: impl FnOnce(&[Record]) -> Option<(String, Value)>,
) -> Result<Option<Record>, LogError> {
    let (mut log, records) = Log::open(disk, path, now, wait)?;
    let Some((kind, body)) = decide(&records) else {
        return Ok(None);
    };
    let before = log.length;
    log.append(now, &kind, &body).map(Some).inspect_err(|_| {
        let cut = log.disk.truncate(&log.opened, before);
        let _ = cut.and_then(|()| log.disk.sync_file(&log.opened));
    })
}

#[cfg(test)]
mod tests;
