//! An attempt's output in pages: any line of it can be shown, however long it is, and only a page is ever in memory.

use crate::session::view::{Found, Output};
use crate::supervisor::attempt::{OutLine, Stream};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// Lines of a page.
const PAGE: usize = 400;
/// Lines of the end that progress is read from.
const END: usize = 40;
/// Where every so many lines begin is remembered.
const STRIDE: usize = 64;
/// Bytes that are counted in one look.
const LOOK: u64 = 32 * 1024 * 1024;

/// The output of one attempt.
pub struct Pages {
    /// Number of the step, from 1.
    pub step: usize,
    attempt: u32,
    path: PathBuf,
    /// Where line 0, [`STRIDE`], … begin.
    begins: Vec<u64>,
    /// Lines that are whole.
    total: usize,
    /// Bytes that were counted.
    counted: u64,
}

impl Pages {
    /// The output of an attempt, of which nothing is known yet.
    pub fn new(step: usize, attempt: u32, path: PathBuf) -> Pages {
        Pages { step, attempt, path, begins: vec![0], total: 0, counted: 0 }
    }

    /// Counts the lines that came since; whether there were any.
    pub fn grow(&mut self) -> bool {
        let before = self.total;
        let Ok(mut file) = File::open(&self.path) else { return false };
        if file.seek(SeekFrom::Start(self.counted)).is_err() {
            return false;
        }
        let mut reader = BufReader::with_capacity(256 * 1024, file.take(LOOK));
        let mut at = self.counted;
        while let Ok(bytes) = reader.fill_buf() {
            if bytes.is_empty() {
                break;
            }
            let length = bytes.len();
            for newline in memchr::memchr_iter(b'\n', bytes) {
                self.total += 1;
                self.counted = at + newline as u64 + 1;
                if self.total.is_multiple_of(STRIDE) {
                    self.begins.push(self.counted);
                }
            }
            at += length as u64;
            reader.consume(length);
        }
        self.total != before
    }

    /// The page whose last line is `line`, or the end.
    pub fn page(&self, line: Option<usize>) -> Output {
        let last = line.map_or(self.total, |l| (l + 1).min(self.total));
        let before = last.saturating_sub(PAGE);
        Output {
            step: self.step,
            attempt: self.attempt,
            before,
            total: self.total,
            lines: self.read(before, last - before).iter().map(|l| shown(l)).collect(),
            found: None,
        }
    }

    /// The last lines as they were printed.
    pub fn last(&self) -> Vec<String> {
        let from = self.total.saturating_sub(END);
        let lines = self.read(from, self.total - from);
        lines.iter().filter_map(|l| OutLine::parse(l)).map(|l| l.text).collect()
    }

    /// The next line after `from` that holds a text, whatever the case, or the one before it; round and round. Without
    /// `from`, the last one. All lines are gone through.
    pub fn find(&self, sought: &str, from: Option<usize>, back: bool) -> Found {
        let mut out = Found { sought: sought.to_owned(), ..Found::default() };
        let Ok(file) = File::open(&self.path) else { return out };
        let small = sought.to_lowercase();
        let lines = BufReader::with_capacity(256 * 1024, file).split(b'\n').map_while(Result::ok);
        let (mut first, mut best, mut last) = (None, None, None);
        for (at, line) in lines.take(self.total).enumerate() {
            if !shown(&String::from_utf8_lossy(&line)).to_lowercase().contains(&small) {
                continue;
            }
            out.of += 1;
            let here = Some((at, out.of));
            first = first.or(here);
            last = here;
            match from {
                Some(from) if back && at < from => best = here,
                Some(from) if !back && at > from => best = best.or(here),
                _ => {}
            }
        }
        let found = best.or(if back || from.is_none() { last } else { first });
        out.line = found.map(|f| f.0);
        out.nth = found.map_or(0, |f| f.1);
        out
    }

    fn read(&self, from: usize, count: usize) -> Vec<String> {
        let Some(begin) = self.begins.get(from / STRIDE) else { return Vec::new() };
        let Ok(mut file) = File::open(&self.path) else { return Vec::new() };
        if file.seek(SeekFrom::Start(*begin)).is_err() {
            return Vec::new();
        }
        let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
        lines.skip(from % STRIDE).take(count).map(|l| String::from_utf8_lossy(&l).into_owned()).collect()
    }
}

/// A line with its time of day; what is no line of ours is shown as it is. The canvas cleans it.
fn shown(line: &str) -> String {
    let Some(l) = OutLine::parse(line) else { return line.to_owned() };
    let at = jiff::Timestamp::from_millisecond(l.wall).unwrap_or_default();
    let at = at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S");
    let mark = if l.stream == Stream::Err { "! " } else { "" };
    format!("{at}  {mark}{}", l.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn log(lines: usize) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.log");
        let mut file = File::create(&path).unwrap();
        for i in 0..lines {
            writeln!(file, "2026-01-31T08:15:00.250Z out line {i}").unwrap();
        }
        (dir, path)
    }

    #[test]
    fn every_line_is_reached_and_the_end_followed() {
        let (_dir, path) = log(10_000);
        let mut pages = Pages::new(3, 2, path.clone());
        assert!(pages.grow() && !pages.grow());
        for line in [0, 1, 63, 64, 65, 399, 400, 5_000, 9_999, 20_000] {
            let page = pages.page(Some(line));
            let last = line.min(9_999);
            assert_eq!((page.step, page.attempt, page.total), (3, 2, 10_000));
            assert_eq!(page.before + page.lines.len(), last + 1);
            assert!(page.lines.last().unwrap().ends_with(&format!("  line {last}")), "{line}");
            assert!(page.lines[0].ends_with(&format!("  line {}", page.before)));
        }
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        write!(file, "2026-01-31T08:15:01.250Z err half").unwrap();
        assert!(!pages.grow(), "a line that is not whole is not shown");
        writeln!(file, " whole").unwrap();
        assert!(pages.grow());
        assert!(pages.page(None).lines.last().unwrap().ends_with("  ! half whole"));
        assert_eq!(pages.last().last().unwrap(), "half whole");
    }

    #[test]
    fn a_text_is_found_forwards_backwards_and_round() {
        let (_dir, path) = log(1_000);
        let mut pages = Pages::new(1, 1, path);
        pages.grow();
        let line = |from, back| {
            let f = pages.find("LINE 77", from, back);
            (f.line, f.nth, f.of)
        };
        assert_eq!(line(None, false), (Some(779), 11, 11), "the newest at first");
        assert_eq!(line(Some(0), false), (Some(77), 1, 11));
        assert_eq!(line(Some(77), false), (Some(770), 2, 11));
        assert_eq!(line(Some(779), false), (Some(77), 1, 11), "round");
        assert_eq!(line(Some(770), true), (Some(77), 1, 11));
        assert_eq!(line(Some(77), true), (Some(779), 11, 11));
        assert_eq!(
            pages.find("nowhere", None, false),
            Found { sought: "nowhere".into(), ..Found::default() }
        );
    }

    #[test]
    fn there_may_be_nothing_or_something_odd() {
        let (_dir, path) = log(0);
        let mut pages = Pages::new(1, 1, path.clone());
        assert!(!pages.grow() && pages.page(None).lines.is_empty() && pages.last().is_empty());
        std::fs::write(&path, "no line of ours\n").unwrap();
        assert!(pages.grow());
        assert_eq!(pages.page(Some(7)).lines, ["no line of ours"]);
        std::fs::remove_file(&path).unwrap();
        assert!(!pages.grow() && pages.page(None).lines.is_empty());
    }
}
