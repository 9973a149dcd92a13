//! The line of one signal, read from the samples that the watcher keeps: only what is new, and never much at once.

use crate::driver::watch::spool_folder;
use crate::model::reading::Spooled;
use crate::session::view::fleet::Spark;
use jiff::Timestamp;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes that are read at once; of more, the newest.
const MOST: u64 = 512 * 1024;
/// Milliseconds that are drawn, before which nothing is read.
const BEFORE: i64 = 15 * 60_000;

/// Follows one signal in the samples of one service.
#[derive(Debug)]
pub(super) struct Samples {
    folder: PathBuf,
    /// The signal as a line has it: `"signal":"id"`.
    mark: String,
    id: String,
    /// The file of the hour, and how much of it was read.
    file: String,
    read: u64,
    begun: bool,
}

impl Samples {
    pub(super) fn new(home: &Path, id: &str) -> Samples {
        let mark = format!("\"signal\":{}", serde_json::Value::from(id));
        Samples {
            folder: spool_folder(home),
            mark,
            id: id.into(),
            file: String::new(),
            read: 0,
            begun: false,
        }
    }

    /// Reads what is new at `wall`; whether there was any.
    pub(super) fn follow(&mut self, wall: i64, spark: &mut Spark) -> bool {
        let mut new = false;
        if !std::mem::replace(&mut self.begun, true) {
            self.file = of(wall - BEFORE);
        }
        let file = of(wall);
        if self.file != file {
            // What was written to the hour before, since.
            new |= self.rest(spark);
            (self.file, self.read) = (file, 0);
        }
        self.rest(spark) || new
    }

    fn rest(&mut self, spark: &mut Spark) -> bool {
        let path = self.folder.join(&self.file);
        let Ok(length) = path.metadata().map(|m| m.len()) else { return false };
        if length < self.read {
            self.read = 0; // another file of the same name
        }
        if length == self.read {
            return false;
        }
        let from = self.read.max(length.saturating_sub(MOST));
        let mut bytes = Vec::with_capacity((length - from) as usize);
        let read = File::open(path).and_then(|mut f| {
            f.seek(SeekFrom::Start(from))?;
            f.take(MOST).read_to_end(&mut bytes)
        });
        // The last line may not be there to its end yet.
        let Some(end) = read.ok().and_then(|_| memchr::memrchr(b'\n', &bytes)) else { return false };
        self.read = from + end as u64 + 1;
        let mut new = false;
        for line in bytes[..end].split(|b| *b == b'\n') {
            if memchr::memmem::find(line, self.mark.as_bytes()).is_none() {
                continue;
            }
            let Ok(Spooled { at, signal, value: Some(value), .. }) = serde_json::from_slice(line) else {
                continue;
            };
            let number = value.as_f64().or_else(|| value.as_bool().map(|b| f64::from(u8::from(b))));
            if let Some(number) = number.filter(|_| signal == self.id) {
                spark.add(at, number);
                new = true;
            }
        }
        new
    }
}

/// The file of the hour.
fn of(wall: i64) -> String {
    Timestamp::from_millisecond(wall).unwrap_or_default().strftime("%Y%m%d-%H.jsonl").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::view::fleet::Bar;
    use std::io::Write;

    /// 2026-11-21 02:59:30 UTC.
    const T: i64 = 1_795_229_970_000;

    fn line(at: i64, signal: &str, value: f64) -> String {
        format!("{}\n", serde_json::json!({ "at": at, "signal": signal, "value": value }))
    }

    #[test]
    fn only_the_signal_is_taken_across_the_hour_and_half_a_line_waits() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(spool_folder(home.path())).unwrap();
        let put = |at: i64, text: &str| {
            let file = spool_folder(home.path()).join(of(at));
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let mut spark = Spark::new(1, Some(1.0), false);
        let mut samples = Samples::new(home.path(), "p95");
        assert!(!samples.follow(T, &mut spark) && spark.is_empty());
        put(T - 600_000, &line(T - 600_000, "p95", 0.25));
        put(T, &line(T, "other", 1.0));
        put(T, &line(T, "p95", 1.0)[..20]);
        assert!(samples.follow(T, &mut spark));
        let bars = |spark: &Spark, at| spark.bars(at, 45);
        assert_eq!(bars(&spark, T).iter().filter(|b| **b == Bar::Eighths(8)).count(), 0);
        put(T, &line(T, "p95", 1.0)[20..]);
        // The hour is over: the rest of the one before is read, then the new one.
        let next = T + 60_000;
        put(next, &line(next, "p95", 0.5));
        assert!(samples.follow(next, &mut spark));
        let drawn = bars(&spark, next);
        assert!(drawn.contains(&Bar::Eighths(8)) && drawn[44] == Bar::Eighths(4), "{drawn:?}");
        assert!(!samples.follow(next, &mut spark), "nothing is read twice");
    }
}
