//! The samples as they came, for the next decider, other screens and `ripcord backtest`: bounded, not synced.

use crate::journal::access::Sharing;
use crate::model::reading::{Reading, Spooled, Value};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The newest files that are kept: one per hour.
const FILES: usize = 24;
/// Bytes of all files together; older ones go first, and beyond it nothing is kept.
const BYTES: u64 = 64 * 1024 * 1024;

/// Writes to the file of the hour.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    open: Option<(String, File)>,
    /// Bytes of all files.
    size: u64,
    most: u64,
}

/// Where the files are.
pub fn folder(home: &Path) -> PathBuf {
    home.join("samples")
}

/// A reading as it is kept.
pub fn spooled(r: &Reading) -> Spooled {
    let (value, error) = match &r.value {
        Ok(Value::Number(n)) => (Some(json!(n)), None),
        Ok(Value::Text(t)) => (Some(json!(t)), None),
        Err(why) => (None, Some(why.clone())),
    };
    Spooled {
        at: r.at.wall - i64::try_from(r.age).unwrap_or(0),
        signal: r.signal.clone(),
        series: r.series.clone(),
        value,
        error,
    }
}

impl Spool {
    /// A spool below the folder of the service.
    pub fn new(home: &Path) -> Spool {
        Spool { folder: folder(home), open: None, size: 0, most: BYTES }
    }

    /// Appends, `wall` being now.
    ///
    /// # Errors
    /// When it cannot be written; the lines are lost, nothing else is.
    pub fn write(&mut self, wall: i64, lines: &[Spooled]) -> io::Result<()> {
        let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
        let name = at.strftime("%Y%m%d-%H.jsonl").to_string();
        if self.open.as_ref().is_none_or(|(open, _)| *open != name) {
            self.open = None;
            let file = self.file(&name)?;
            self.open = Some((name, file));
            self.sweep()?;
        }
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line).map_err(io::Error::other)?;
            bytes.push(b'\n');
        }
        if self.size + bytes.len() as u64 > self.most {
            self.sweep()?;
        }
        let Some((_, file)) = self.open.as_mut().filter(|_| self.size + bytes.len() as u64 <= self.most)
        else {
            return Ok(());
        };
        self.size += bytes.len() as u64;
        let written = file.write_all(&bytes);
        if written.is_err() {
            // A line may be cut: what follows begins on a new one, in a file opened anew.
            self.open = None;
        }
        written
    }

    fn file(&self, name: &str) -> io::Result<File> {
        let home = self.folder.parent().unwrap_or(Path::new("/"));
        let sharing = Sharing::of(home)?;
        match crate::journal::real().create_dir(&self.folder, sharing.dir_mode()) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(sharing.log_mode())
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
            .open(self.folder.join(name))?;
        if file.metadata()?.len() > 0 {
            // The last line of a program that died may be cut.
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// Takes away what is too much, the oldest first, and never the newest file.
    fn sweep(&mut self) -> io::Result<()> {
        let mut files = files(&self.folder)?;
        let newest = files.pop();
        self.size = newest.as_ref().map_or(0, |f| length(f));
        let mut kept = usize::from(newest.is_some());
        let mut full = false;
        for file in files.into_iter().rev() {
            let size = length(&file);
            full |= kept >= FILES || self.size + size > self.most / 8 * 7;
            if full {
                std::fs::remove_file(&file)?;
            } else {
                kept += 1;
                self.size += size;
            }
        }
        Ok(())
    }
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |m| m.len())
}

/// The files, oldest first.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut out: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl")).collect();
    out.sort();
    Ok(out)
}

/// What was kept since a wall time, in milliseconds; lines that cannot be read are left out.
pub fn since(home: &Path, wall: i64) -> Vec<Spooled> {
    let mut out = Vec::new();
    let first = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
    let first = first.strftime("%Y%m%d-%H").to_string();
    for file in files(&folder(home)).unwrap_or_default() {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Some(file) = (name >= first).then(|| File::open(&file).ok()).flatten() else { continue };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        out.extend(lines.filter_map(|l| serde_json::from_str::<Spooled>(&l).ok()).filter(|s| s.at >= wall));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const BEGAN: i64 = 1_795_000_000_000 / HOUR * HOUR;

    fn sample(at: i64, value: f64) -> Spooled {
        Spooled { at, signal: "s".into(), series: None, value: Some(json!(value)), error: None }
    }

    #[test]
    fn what_was_written_comes_back_and_a_cut_line_costs_only_itself() {
        let home = tempfile::tempdir().unwrap();
        Spool::new(home.path()).write(BEGAN, &[sample(BEGAN, 1.0), sample(BEGAN + 1, 2.0)]).unwrap();
        let file = files(&folder(home.path())).unwrap().remove(0);
        let mut cut = OpenOptions::new().append(true).open(&file).unwrap();
        cut.write_all(b"{\"at\":12,\"sig").unwrap();
        Spool::new(home.path()).write(BEGAN + 5, &[sample(BEGAN + 5, 3.0)]).unwrap();
        let all = since(home.path(), BEGAN + 1);
        assert_eq!(all.iter().map(|s| s.at - BEGAN).collect::<Vec<_>>(), [1, 5]);
    }

    #[test]
    fn a_day_of_hours_is_kept_and_not_more() {
        let home = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(home.path());
        for hour in 0..30 {
            let at = BEGAN + hour * HOUR;
            spool.write(at, &[sample(at, 0.0)]).unwrap();
        }
        assert_eq!(files(&folder(home.path())).unwrap().len(), FILES);
        assert_eq!(since(home.path(), 0).first().map(|s| s.at), Some(BEGAN + 6 * HOUR));
    }

    #[test]
    fn a_full_spool_lets_the_oldest_go_and_never_grows_beyond() {
        let home = tempfile::tempdir().unwrap();
        let mut spool = Spool { most: 4_000, ..Spool::new(home.path()) };
        for i in 0..200 {
            let at = BEGAN + i * HOUR / 10;
            spool.write(at, &[sample(at, i as f64)]).unwrap();
            let size: u64 = files(&folder(home.path())).unwrap().iter().map(|f| length(f)).sum();
            assert!(size <= 4_000 + 1, "{size}");
        }
        let newest = since(home.path(), 0).last().map(|s| s.at);
        assert_eq!(newest, Some(BEGAN + 199 * HOUR / 10), "the newest is there");
    }
}
