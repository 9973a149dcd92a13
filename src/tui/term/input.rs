//! Bytes from the terminal into keys, pastes and acknowledgements; the one thread that reads them.
//!
//! The parser is our own because the push parsers at hand wait for ever after Alt-] (as if a reply began) and let the
//! tails of unknown replies through as keys; both would cost an operator the keyboard.

use crate::model::text::clean;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc as answers;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// What the terminal said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted; it has been made safe and its line ends are `\n`.
    Paste(String),
    /// The terminal has worked off a frame.
    Ack,
    /// A frame has left the program; the next may be drawn when pacing allows it.
    Written,
    /// The terminal is gone, or a panic in some thread gave it back. Nothing follows.
    HangUp,
}

/// After this silence a lone ESC is the Escape key.
const LONE_ESC_MS: u64 = 25;
/// After this silence the rest of a sequence is not coming any more.
const BROKEN_MS: u64 = 500;
/// After this silence a paste without an end is taken as ended, so that the keyboard comes back.
const ENDLESS_PASTE_MS: u64 = 5_000;
/// More of a paste than this is dropped.
const PASTE_MAX: usize = 1 << 20;
/// A longer control sequence is read to its end and dropped.
const SEQUENCE_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// After `ESC [`.
    Csi,
    /// After `ESC [ [`: the Linux console's F1 to F5.
    Console,
    /// After `ESC O`.
    Ss3,
    /// A string that some terminals send as a reply: read to its end and dropped. Keeps its introducer.
    Reply(u8),
    Paste,
    /// Inside a character of several bytes; with Alt or not.
    Utf8 {
        alt: bool,
        length: usize,
    },
}

/// Turns bytes, however they are cut, into [`Input`].
#[derive(Debug)]
pub struct Parser {
    state: State,
    held: Vec<u8>,
}

impl Default for Parser {
    fn default() -> Self {
        Parser { state: State::Ground, held: Vec::new() }
    }
}

impl Parser {
    /// Takes bytes and appends what they complete.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        for byte in bytes {
            self.byte(*byte, out);
        }
    }

    /// How many milliseconds of silence settle what has come so far; `None` when nothing is open.
    pub fn patience(&self) -> Option<u64> {
        match self.state {
            State::Ground => None,
            State::Escape => Some(LONE_ESC_MS),
            State::Paste => Some(ENDLESS_PASTE_MS),
            _ => Some(BROKEN_MS),
        }
    }

    /// Nothing more came within [`Parser::patience`].
    pub fn silence(&mut self, out: &mut Vec<Input>) {
        let bare = self.held.is_empty();
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Escape => out.push(key(KeyCode::Esc, KeyModifiers::NONE)),
            State::Csi if bare => out.push(character('[', true)),
            State::Ss3 => out.push(character('O', true)),
            State::Reply(introducer) if bare => out.push(character(introducer as char, true)),
            State::Paste => self.paste(out),
            _ => {}
        }
        self.held.clear();
    }

    fn go(&mut self, state: State) {
        self.state = state;
        self.held.clear();
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Input>) {
        match self.state {
            State::Ground => self.ground(byte, false, out),
            State::Escape => match byte {
                b'[' => self.go(State::Csi),
                b'O' => self.go(State::Ss3),
                b']' | b'P' | b'^' | b'_' | b'X' => self.go(State::Reply(byte)),
                0x1b => out.push(key(KeyCode::Esc, KeyModifiers::NONE)),
                _ => self.ground(byte, true, out),
            },
            State::Csi => match byte {
                b'[' if self.held.is_empty() => self.go(State::Console),
                0x20..=0x3f if self.held.len() < SEQUENCE_MAX => self.held.push(byte),
                0x20..=0x3f => {}
                0x40..=0x7e => {
                    let held = std::mem::take(&mut self.held);
                    self.go(State::Ground);
                    if held.len() < SEQUENCE_MAX {
                        self.sequence(&held, byte, out);
                    }
                }
                _ => self.ground(byte, false, out),
            },
            State::Console => {
                self.go(State::Ground);
                match byte {
                    b'A'..=b'E' => out.push(key(KeyCode::F(byte - b'A' + 1), KeyModifiers::NONE)),
                    0..0x20 => self.ground(byte, false, out),
                    _ => {}
                }
            }
            State::Ss3 => {
                self.go(State::Ground);
                match byte {
                    b'M' => out.push(key(KeyCode::Enter, KeyModifiers::NONE)),
                    0..0x20 => self.ground(byte, false, out),
                    _ => out.extend(letter(byte).map(|code| key(code, KeyModifiers::NONE))),
                }
            }
            State::Reply(_) => match byte {
                0x07 => self.go(State::Ground),
                // Either its terminator `ESC \` or the start of something else.
                0x1b => self.go(State::Escape),
                0x18 | 0x1a => self.go(State::Ground),
                _ if self.held.is_empty() => self.held.push(byte),
                _ => {}
            },
            State::Paste => {
                const END: &[u8] = b"\x1b[201~";
                if self.held.len() < PASTE_MAX + END.len() {
                    self.held.push(byte);
                } else {
                    // Full: keep only a window in which the end can be seen.
                    let window = PASTE_MAX;
                    self.held.remove(window);
                    self.held.push(byte);
                }
                if self.held.ends_with(END) {
                    self.held.truncate(self.held.len() - END.len());
                    self.paste(out);
                    self.go(State::Ground);
                }
            }
            State::Utf8 { alt, length } => {
                if !(0x80..0xc0).contains(&byte) {
                    self.ground(byte, false, out);
                    return;
                }
                self.held.push(byte);
                if self.held.len() == length {
                    let decoded = std::str::from_utf8(&self.held).ok().and_then(|s| s.chars().next());
                    out.extend(decoded.filter(|c| !c.is_control()).map(|c| character(c, alt)));
                    self.go(State::Ground);
                }
            }
        }
    }

    fn ground(&mut self, byte: u8, alt: bool, out: &mut Vec<Input>) {
        self.go(State::Ground);
        let with = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
        let ctrl = |c: u8| key(KeyCode::Char(c as char), with | KeyModifiers::CONTROL);
        match byte {
            0x1b => self.go(State::Escape),
            b'\r' => out.push(key(KeyCode::Enter, with)),
            b'\t' => out.push(key(KeyCode::Tab, with)),
            0x7f | 0x08 => out.push(key(KeyCode::Backspace, with)),
            0 => out.push(ctrl(b' ')),
            0x01..=0x1a => out.push(ctrl(byte - 1 + b'a')),
            0x1c..=0x1f => out.push(ctrl(byte - 0x1c + b'4')),
            0x20..=0x7e => out.push(character(byte as char, alt)),
            0xc2..=0xf4 => {
                let length = if byte < 0xe0 {
                    2
                } else if byte < 0xf0 {
                    3
                } else {
                    4
                };
                self.go(State::Utf8 { alt, length });
                self.held.push(byte);
            }
            _ => {}
        }
    }

    /// A whole `ESC [ … final`. What we do not know is dropped whole.
    fn sequence(&mut self, held: &[u8], last: u8, out: &mut Vec<Input>) {
        if matches!((held, last), (b"0" | b"3", b'n')) {
            out.push(Input::Ack);
            return;
        }
        if held.iter().any(|b| !matches!(b, b'0'..=b'9' | b';' | b':')) {
            return;
        }
        let numbers: Vec<u32> = held
            .split(|b| *b == b';')
            .map(|n| n.split(|b| *b == b':').next().unwrap_or_default())
            .map(|n| std::str::from_utf8(n).ok().and_then(|n| n.parse().ok()).unwrap_or(0))
            .collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let with = modifiers(number(1));
        match last {
            b'~' => match number(0) {
                200 => self.go(State::Paste),
                27 => out.extend(encoded(number(2), with)),
                n => out.extend(numbered(n).map(|code| key(code, with))),
            },
            b'u' => out.extend(encoded(number(0), with)),
            b'Z' => out.push(key(KeyCode::BackTab, with | KeyModifiers::SHIFT)),
            // A position report has the same shape; nobody asks for one.
            b'R' if number(0) > 1 => {}
            _ => out.extend(letter(last).map(|code| key(code, with))),
        }
    }

    fn paste(&mut self, out: &mut Vec<Input>) {
        self.held.truncate(PASTE_MAX);
        let text = String::from_utf8_lossy(&self.held).replace("\r\n", "\n").replace('\r', "\n");
        out.push(Input::Paste(clean(&text)));
    }
}

fn key(code: KeyCode, with: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, with))
}

fn character(c: char, alt: bool) -> Input {
    let mut with = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
    if c.is_uppercase() {
        with |= KeyModifiers::SHIFT;
    }
    key(KeyCode::Char(c), with)
}

/// The modifiers of an xterm parameter: one more than the sum of 1 Shift, 2 Alt, 4 Ctrl.
fn modifiers(parameter: u32) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    let mut with = KeyModifiers::NONE;
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
    ] {
        if bits & bit != 0 {
            with |= modifier;
        }
    }
    with
}

/// Keys that `ESC [` and `ESC O` name by a letter.
fn letter(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P'..=b'S' => KeyCode::F(byte - b'P' + 1),
        _ => return None,
    })
}

/// Keys that `ESC [ n ~` names by a number.
fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23..=26 => KeyCode::F(number as u8 - 12),
        28 | 29 => KeyCode::F(number as u8 - 13),
        31..=34 => KeyCode::F(number as u8 - 14),
        _ => return None,
    })
}

/// A key given by its character's number (`modifyOtherKeys`, `CSI u`).
fn encoded(number: u32, with: KeyModifiers) -> Option<Input> {
    let code = match number {
        9 if with.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        _ => KeyCode::Char(char::from_u32(number).filter(|c| !c.is_control())?),
    };
    Some(key(code, with))
}

const PAUSE: u8 = b'p';
const RESUME: u8 = b'r';
const STOP: u8 = b's';

/// The thread that reads the terminal. It ends when this is dropped, at a hang-up, or with the process.
#[derive(Debug)]
pub struct Reader {
    orders: OwnedFd,
    obeyed: answers::Receiver<()>,
}

impl Reader {
    /// Starts reading `from`.
    pub fn spawn(from: OwnedFd, to: UnboundedSender<Input>) -> io::Result<Reader> {
        let (inbox, orders) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (obeys, obeyed) = answers::channel();
        std::thread::Builder::new()
            .name("terminal input".into())
            .spawn(move || read(&from, &inbox, &obeys, &to))?;
        Ok(Reader { orders, obeyed })
    }

    /// Stops reading; when this returns, what is typed is left for the shell.
    pub fn pause(&self) {
        self.order(PAUSE);
    }

    /// Reads again.
    pub fn resume(&self) {
        self.order(RESUME);
    }

    fn order(&self, order: u8) {
        if rustix::io::write(&self.orders, &[order]).is_ok() {
            // A thread that has ended has dropped its end: no wait.
            let _ = self.obeyed.recv_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.order(STOP);
    }
}

fn read(from: &OwnedFd, inbox: &OwnedFd, obeys: &answers::Sender<()>, to: &UnboundedSender<Input>) {
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let (mut parser, mut out, mut buffer) = (Parser::default(), Vec::new(), [0u8; 4096]);
    let mut paused = false;
    loop {
        let mut fds = [PollFd::new(inbox, PollFlags::IN), PollFd::new(from, PollFlags::IN)];
        let watched = if paused { &mut fds[..1] } else { &mut fds[..] };
        let patience = parser
            .patience()
            .filter(|_| !paused)
            .map(|ms| Timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as _ });
        let ready = match poll(watched, patience.as_ref()) {
            Err(Errno::INTR) => continue,
            Err(_) => break,
            Ok(ready) => ready,
        };
        let (ordered, typed) = (fds[0].revents(), fds[1].revents());
        if !ordered.is_empty() {
            let mut order = [0];
            match rustix::io::read(inbox, &mut order) {
                Ok(1) if order[0] == PAUSE => {
                    parser = Parser::default();
                    paused = true;
                }
                Ok(1) if order[0] == RESUME => paused = false,
                Err(Errno::INTR) => continue,
                _ => break,
            }
            if obeys.send(()).is_err() {
                break;
            }
            continue;
        }
        if ready == 0 {
            parser.silence(&mut out);
        } else if typed.contains(PollFlags::IN) {
            match rustix::io::read(from, &mut buffer) {
                Ok(0) => out.push(Input::HangUp),
                Ok(n) => parser.feed(&buffer[..n], &mut out),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => out.push(Input::HangUp),
            }
        } else if typed.intersects(gone) {
            out.push(Input::HangUp);
        }
        for input in out.drain(..) {
            let last = input == Input::HangUp;
            if to.send(input).is_err() || last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
