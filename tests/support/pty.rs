//! A real terminal for the program: a pty with a screen model that answers what an xterm would answer.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

/// A link between the program and its terminal, as SSH over a bad line: so many bits a second, a round trip, bytes that
/// each packet costs on top, and how many bytes may wait in it before the program is held up.
#[derive(Clone, Copy)]
pub struct Link {
    pub bits: f64,
    pub round_trip: Duration,
    pub overhead: usize,
    pub holds: usize,
}

/// 64 kbit/s, 200 ms, SSH's and TCP's headers, a full socket buffer.
pub const SLOW: Link =
    Link { bits: 64_000.0, round_trip: Duration::from_millis(200), overhead: 90, holds: 65_536 };

/// Hands on bytes at their times.
fn later(mut give: impl FnMut(&[u8]) + Send + 'static) -> mpsc::Sender<(Instant, Vec<u8>)> {
    let (to, from) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        for (at, bytes) in from {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            give(&bytes);
        }
    });
    to
}

/// What the reader thread knows.
struct Shown {
    parser: vt100::Parser,
    bytes: u64,
    last: Instant,
    raw: Vec<u8>,
    closed: bool,
}

/// Between two keys.
const KEY: Duration = Duration::from_millis(30);

/// The program in a terminal.
pub struct Pty {
    shown: Arc<(Mutex<Shown>, Condvar)>,
    writer: mpsc::Sender<(Instant, Vec<u8>)>,
    half: Duration,
    /// When the last key was pressed.
    typed: Mutex<Instant>,
    master: Box<dyn MasterPty + Send>,
    pub child: Box<dyn Child + Send + Sync>,
}

impl Pty {
    /// Starts `program` in a terminal of `cols`×`rows`, with only the environment given beside PATH and HOME.
    pub fn start(program: &str, args: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
        Pty::start_over(None, program, args, env, cols, rows)
    }

    /// The same at the end of a link.
    pub fn start_over(
        link: Option<Link>,
        program: &str,
        args: &[&str],
        env: &[(&str, &str)],
        cols: u16,
        rows: u16,
    ) -> Pty {
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for name in ["PATH", "HOME", "USER"] {
            if let Ok(value) = std::env::var(name) {
                command.env(name, value);
            }
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LANG", "C.UTF-8");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let half = link.map_or(Duration::ZERO, |l| l.round_trip / 2);
        let mut keys = pair.master.take_writer().unwrap();
        let writer = later(move |bytes| {
            // The program may have gone.
            let _ = keys.write_all(bytes).and_then(|()| keys.flush());
        });
        let shown = Arc::new((
            Mutex::new(Shown {
                parser: vt100::Parser::new(
                    rows.try_into().expect("rows"),
                    cols.try_into().expect("columns"),
                    0,
                ),
                bytes: 0,
                last: Instant::now(),
                raw: Vec::new(),
                closed: false,
            }),
            Condvar::new(),
        ));
        let (to, answer) = (shown.clone(), writer.clone());
        let deliver = later(move |bytes| {
            let came = Instant::now();
            let count = |what: &[u8]| bytes.windows(what.len()).filter(|w| *w == what).count();
            let mut asked = b"\x1b[0n".repeat(count(b"\x1b[5n"));
            asked.extend(b"\x1b[?62;22c".repeat(count(b"\x1b[c")));
            asked.extend(b"\x1b[1;1R".repeat(count(b"\x1b[6n")));
            let Ok(mut shown) = to.0.lock() else { return };
            shown.closed = bytes.is_empty();
            shown.parser.process(bytes);
            shown.bytes += bytes.len() as u64;
            shown.last = came;
            shown.raw.extend_from_slice(bytes);
            to.1.notify_all();
            drop(shown);
            if !asked.is_empty() {
                let _ = answer.send((Instant::now() + half, asked));
            }
        });
        std::thread::spawn(move || {
            let mut buffer = [0u8; 65536];
            let mut free = Instant::now();
            loop {
                let n = reader.read(&mut buffer).unwrap_or(0);
                let mut at = Instant::now();
                if let Some(link) = link {
                    let takes = (n + link.overhead) as f64 * 8.0 / link.bits;
                    free = free.max(at) + Duration::from_secs_f64(takes);
                    at = free + half;
                    let full = Duration::from_secs_f64(link.holds as f64 * 8.0 / link.bits);
                    // More than it holds waits in the program.
                    std::thread::sleep(free.saturating_duration_since(Instant::now()).saturating_sub(full));
                }
                if deliver.send((at, buffer[..n].to_vec())).is_err() || n == 0 {
                    return;
                }
            }
        });
        Pty { shown, writer, half, typed: Mutex::new(Instant::now()), master: pair.master, child }
    }

    /// The text on the screen, a line a row.
    pub fn screen(&self) -> String {
        self.shown.0.lock().unwrap().parser.screen().contents()
    }

    /// The screen with its colours, as escape sequences.
    pub fn formatted(&self) -> String {
        self.shown.0.lock().unwrap().parser.screen().contents_formatted()
    }

    /// Everything written so far.
    pub fn raw(&self) -> Vec<u8> {
        self.shown.0.lock().unwrap().raw.clone()
    }

    /// How many bytes were written so far.
    pub fn bytes(&self) -> u64 {
        self.shown.0.lock().unwrap().bytes
    }

    /// When the last byte came.
    pub fn last(&self) -> Instant {
        self.shown.0.lock().unwrap().last
    }

    /// Waits until the screen satisfies `what`; panics with the screen after `limit`.
    pub fn wait(&self, why: &str, limit: Duration, what: impl Fn(&str) -> bool) -> Duration {
        self.until(limit, what).unwrap_or_else(|| panic!("waited for: {why}; the screen:\n{}", self.screen()))
    }

    /// Waits until the screen satisfies `what`, and how long that took; `None` after `limit`.
    pub fn until(&self, limit: Duration, what: impl Fn(&str) -> bool) -> Option<Duration> {
        let begin = Instant::now();
        let mut shown = self.shown.0.lock().unwrap();
        loop {
            if what(&shown.parser.screen().contents()) {
                return Some(begin.elapsed());
            }
            let left = limit.saturating_sub(begin.elapsed());
            if left.is_zero() || shown.closed {
                return None;
            }
            shown = self.shown.1.wait_timeout(shown, left.min(Duration::from_millis(200))).unwrap().0;
        }
    }

    /// Waits until a text is on the screen.
    pub fn see(&self, text: &str, limit: Duration) -> Duration {
        self.wait(text, limit, |s| s.contains(text))
    }

    /// Presses a key that acts until the dialog with `text` is gone: on a busy machine it can come too soon after the
    /// dialog or together with the key before it, and then rightly does nothing.
    pub fn press(&self, key: &str, text: &str, limit: Duration) {
        let begin = Instant::now();
        while self.screen().contains(text) {
            assert!(begin.elapsed() < limit, "{key:?} does nothing; the screen:\n{}", self.screen());
            self.settle(Duration::from_millis(900), Duration::from_secs(3));
            self.send(key);
            self.until(Duration::from_secs(5), |s| !s.contains(text));
        }
    }

    /// Types into the field of a dialog until it stands there as `shown`: keys that come within half a second of the
    /// dialog are not taken.
    pub fn fill(&self, text: &str, shown: &str, limit: Duration) {
        let begin = Instant::now();
        loop {
            self.send(text);
            if self.until(Duration::from_secs(2), |s| s.contains(shown)).is_some() {
                return;
            }
            assert!(begin.elapsed() < limit, "{text:?} is not taken; the screen:\n{}", self.screen());
            self.send("\x15");
        }
    }

    /// Waits until nothing has been written for `gap`.
    pub fn settle(&self, gap: Duration, limit: Duration) {
        let begin = Instant::now();
        loop {
            let quiet = self.shown.0.lock().unwrap().last.elapsed();
            if quiet >= gap || begin.elapsed() >= limit {
                return;
            }
            std::thread::sleep(gap - quiet);
        }
    }

    /// Waits until something more has been written than `bytes`; how long that took.
    pub fn wait_bytes(&self, bytes: u64, limit: Duration) -> Option<Duration> {
        let begin = Instant::now();
        let mut shown = self.shown.0.lock().unwrap();
        while shown.bytes <= bytes {
            let left = limit.checked_sub(begin.elapsed())?;
            if shown.closed {
                return None;
            }
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
        Some(begin.elapsed())
    }

    /// Types, as fast as fingers can: keys that come at once are a paste. What holds an escape goes in one piece.
    pub fn send(&self, keys: &str) {
        let mut typed = self.typed.lock().unwrap();
        let mut type_one = |bytes: &[u8]| {
            *typed = (*typed + KEY).max(Instant::now());
            self.writer.send((*typed + self.half, bytes.to_vec())).unwrap();
        };
        if keys.contains('\x1b') {
            return type_one(keys.as_bytes());
        }
        for c in keys.chars() {
            type_one(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, cols: u16, rows: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.shown
            .0
            .lock()
            .unwrap()
            .parser
            .screen_mut()
            .set_size(rows.try_into().expect("rows"), cols.try_into().expect("columns"));
        self.master.resize(size).unwrap();
    }

    /// Waits for the program's end; its exit code.
    pub fn exit(&mut self, limit: Duration) -> u32 {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(begin.elapsed() < limit, "it does not end; the screen:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
