//! The output of an attempt, as `out.log` keeps it.
//!
//! One line each: `2026-01-31T08:15:00.250Z out text`, the stream being `out`, `err`, or `---` for what the stub itself
//! notes. The text is masked, then cleaned of controls, then masked again. A carriage return ends a line too, so that
//! progress meters show; a line that is not ended is written once nothing came for a second.

use super::mask::Masker;
use super::spec::OutputSize;
use crate::journal::{Disk, Opened};
use crate::model::text::clean_bytes;
use std::sync::Arc;

/// A line is broken after this many bytes.
const LONGEST: usize = 8 * 1024;

/// Where a line of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The command's standard output.
    Out,
    /// The command's standard error.
    Err,
    /// The stub: a remark about the output.
    Note,
}

impl Stream {
    fn tag(self) -> &'static str {
        match self {
            Stream::Out => "out",
            Stream::Err => "err",
            Stream::Note => "---",
        }
    }
}

/// One line of `out.log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutLine {
    /// When it was complete, in milliseconds since the Unix epoch.
    pub wall: i64,
    /// Where it came from.
    pub stream: Stream,
    /// Its text: clean, masked, without newline.
    pub text: String,
}

impl OutLine {
    /// Reads a line of `out.log` back; `None` for one that is not whole.
    pub fn parse(line: &str) -> Option<OutLine> {
        let (time, rest) = line.split_once(' ')?;
        let (tag, text) = rest.split_once(' ')?;
        let time: jiff::Timestamp = time.parse().ok()?;
        let stream = [Stream::Out, Stream::Err, Stream::Note].into_iter().find(|s| s.tag() == tag)?;
        Some(OutLine { wall: time.as_millisecond(), stream, text: text.to_owned() })
    }

    fn write(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.wall).unwrap_or_default();
        format!("{time:.3} {} {}\n", self.stream.tag(), self.text)
    }
}

/// One stream between the pipe and the file.
#[derive(Debug)]
struct Pending {
    masker: Masker,
    line: Vec<u8>,
    /// The last byte was a carriage return, so a newline that follows ends nothing new.
    returned: bool,
}

/// The file `out.log` and both streams on their way into it.
#[derive(Debug)]
pub(super) struct OutLog {
    disk: Arc<dyn Disk>,
    file: Opened,
    cap: u64,
    kept: u64,
    size: OutputSize,
    streams: [Pending; 2],
    full: bool,
    closed: bool,
}

impl OutLog {
    pub(super) fn new(disk: Arc<dyn Disk>, file: Opened, cap: u64, masker: &Masker) -> OutLog {
        let pending = || Pending { masker: masker.clone(), line: Vec::new(), returned: false };
        OutLog {
            disk,
            file,
            cap,
            kept: 0,
            size: OutputSize::default(),
            streams: [pending(), pending()],
            full: false,
            closed: false,
        }
    }

    /// Takes bytes of a stream that came in at `wall`.
    pub(super) fn feed(&mut self, wall: i64, stream: Stream, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.size.seen += bytes.len() as u64;
        // Nothing more is kept: a step that floods must not wait for us.
        if self.full {
            return;
        }
        let masked = self.pending(stream).masker.feed(bytes);
        self.lines(wall, stream, &masked);
    }

    /// Nothing came for a while: what stands there without a newline is shown.
    pub(super) fn quiet(&mut self, wall: i64, stream: Stream) {
        if !self.closed && !self.pending(stream).line.is_empty() {
            self.end_line(wall, stream);
        }
    }

    /// Writes what is left, and takes nothing more. Durable on return, unless the disk refused it.
    pub(super) fn finish(&mut self, wall: i64) -> OutputSize {
        for stream in [Stream::Out, Stream::Err] {
            let rest = self.pending(stream).masker.finish();
            self.lines(wall, stream, &rest);
            self.quiet(wall, stream);
        }
        self.closed = true;
        if self.disk.sync_file(&self.file).is_err() {
            self.size.incomplete = true;
        }
        self.size
    }

    fn pending(&mut self, stream: Stream) -> &mut Pending {
        &mut self.streams[usize::from(stream == Stream::Err)]
    }

    fn lines(&mut self, wall: i64, stream: Stream, bytes: &[u8]) {
        for &byte in bytes {
            let pending = self.pending(stream);
            let after_return = std::mem::replace(&mut pending.returned, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => self.end_line(wall, stream),
                _ => {
                    // Not within a character: its later bytes look like 10xxxxxx.
                    let whole = byte & 0xC0 != 0x80;
                    if pending.line.len() >= LONGEST && whole || pending.line.len() >= LONGEST + 4 {
                        self.end_line(wall, stream);
                    }
                    self.pending(stream).line.push(byte);
                }
            }
        }
    }

    fn end_line(&mut self, wall: i64, stream: Stream) {
        let pending = self.pending(stream);
        let raw = std::mem::take(&mut pending.line);
        let text = pending.masker.whole(&clean_bytes(&raw));
        self.write(&OutLine { wall, stream, text });
    }

    fn write(&mut self, line: &OutLine) {
        if self.full {
            return;
        }
        let bytes = line.write();
        if self.kept + bytes.len() as u64 > self.cap {
            self.full = true;
            self.size.incomplete = true;
            let text = format!("output over {} bytes is not kept", self.cap);
            let mark = OutLine { wall: line.wall, stream: Stream::Note, text };
            let _ = self.disk.append(&self.file, mark.write().as_bytes());
            return;
        }
        match self.disk.append(&self.file, bytes.as_bytes()) {
            Ok(()) => self.kept += bytes.len() as u64,
            Err(_) => {
                // A full disk must not stop the command; half a line would garble what follows.
                self.full = true;
                self.size.incomplete = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::real;

    const WALL: i64 = 1_769_847_300_250;

    fn log(cap: u64, secrets: &[&str]) -> (tempfile::TempDir, OutLog) {
        let dir = tempfile::tempdir().unwrap();
        let file = real().create(&dir.path().join("out.log"), 0o600).unwrap();
        let named = secrets.iter().map(|s| ((*s).to_owned(), (*s).to_owned())).collect();
        let log = OutLog::new(real(), file, cap, &Masker::new(&named).unwrap());
        (dir, log)
    }

    fn lines(dir: &tempfile::TempDir) -> Vec<(Stream, String)> {
        let text = std::fs::read_to_string(dir.path().join("out.log")).unwrap();
        text.lines().map(|l| OutLine::parse(l).unwrap()).map(|l| (l.stream, l.text)).collect()
    }

    #[test]
    fn a_line_keeps_its_time_and_stream_and_reads_back() {
        let (dir, mut log) = log(1_000, &[]);
        log.feed(WALL, Stream::Err, b"oh no\n");
        let text = std::fs::read_to_string(dir.path().join("out.log")).unwrap();
        assert_eq!(text, "2026-01-31T08:15:00.250Z err oh no\n");
        let line = OutLine::parse(text.trim_end()).unwrap();
        assert_eq!((line.wall, line.stream, line.text.as_str()), (WALL, Stream::Err, "oh no"));
        assert_eq!(OutLine::parse("2026-01-31T08:15:00.250Z er"), None);
    }

    #[test]
    fn both_streams_progress_meters_and_unended_lines_are_shown() {
        let (dir, mut log) = log(10_000, &[]);
        log.feed(WALL, Stream::Out, b"half");
        log.feed(WALL, Stream::Err, b"10%\r20%\r\n");
        log.feed(WALL, Stream::Out, b" line\n\nPassword: ");
        log.quiet(WALL, Stream::Out);
        log.quiet(WALL, Stream::Out);
        log.feed(WALL, Stream::Out, b"\x1b[31mend\x07");
        log.finish(WALL);
        let expected = [
            (Stream::Err, "10%"),
            (Stream::Err, "20%"),
            (Stream::Out, "half line"),
            (Stream::Out, ""),
            (Stream::Out, "Password: "),
            (Stream::Out, "end"),
        ];
        assert_eq!(lines(&dir), expected.map(|(s, t)| (s, t.to_owned())));
    }

    #[test]
    fn a_secret_split_over_reads_or_coloured_within_is_masked() {
        let (dir, mut log) = log(10_000, &["hunter2-hunter2"]);
        log.feed(WALL, Stream::Out, b"key hunter2-");
        log.quiet(WALL, Stream::Out);
        log.feed(WALL, Stream::Out, b"hunter2 end\n");
        log.feed(WALL, Stream::Out, b"x hunter2\x1b[1m-hunter2 y\n");
        log.finish(WALL);
        let all = std::fs::read_to_string(dir.path().join("out.log")).unwrap();
        assert!(!all.contains("hunter2"), "{all}");
        assert_eq!(lines(&dir).last().unwrap().1, "x [masked] y");
    }

    #[test]
    fn over_the_cap_stands_one_mark_and_everything_is_counted() {
        let (dir, mut log) = log(100, &[]);
        for _ in 0..50 {
            log.feed(WALL, Stream::Out, b"0123456789\n");
        }
        assert_eq!(log.finish(WALL), OutputSize { seen: 550, incomplete: true });
        let lines = lines(&dir);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2], (Stream::Note, "output over 100 bytes is not kept".to_owned()));
    }

    #[test]
    fn an_endless_line_is_broken_between_characters() {
        let (dir, mut log) = log(100_000, &[]);
        log.feed(WALL, Stream::Out, "ü".repeat(10_000).as_bytes());
        log.finish(WALL);
        let lines = lines(&dir);
        assert!(lines.len() > 1);
        assert_eq!(lines.into_iter().map(|l| l.1).collect::<String>(), "ü".repeat(10_000));
    }

    #[test]
    fn bytes_that_are_no_text_do_not_grow_without_end() {
        let (dir, mut log) = log(1_000_000, &[]);
        log.feed(WALL, Stream::Out, &[0x80; 40_000]);
        log.finish(WALL);
        assert!(lines(&dir).len() >= 4);
    }
}
