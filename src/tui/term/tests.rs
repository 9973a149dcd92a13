//! In a real pseudo-terminal. What is global to the process (the guard) is used by one test at a time.

use super::*;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use portable_pty::{MasterPty, PtySize, native_pty_system};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::sync::mpsc as std_mpsc;
use tokio::sync::Mutex;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A pseudo-terminal: its master, and what it was sent, gathered by a thread.
struct Pty {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    slave: std::fs::File,
    sent: std_mpsc::Receiver<Vec<u8>>,
    all: Vec<u8>,
}

impl Pty {
    fn new() -> Pty {
        let pair = native_pty_system()
            .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let name = pair.master.tty_name().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (tx, sent) = std_mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tx.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Pty { master: pair.master, keys, slave, sent, all: Vec::new() }
    }

    fn fd(&self) -> OwnedFd {
        self.slave.try_clone().unwrap().into()
    }

    fn type_in(&mut self, bytes: &[u8]) {
        self.keys.write_all(bytes).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until what was sent contains `wanted`.
    fn until(&mut self, wanted: &[u8]) {
        while !self.all.windows(wanted.len()).any(|w| w == wanted) {
            let more = self.sent.recv_timeout(Duration::from_secs(30));
            self.all.extend(more.unwrap_or_else(|_| {
                panic!("{:?} did not come in {:?}", text(wanted), text(&self.all));
            }));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\x1b', "^")
}

fn pressed(c: char) -> Input {
    Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn xterm(name: &str) -> Option<String> {
    (name == "TERM").then(|| "xterm-256color".to_string())
}

#[test]
fn a_hang_up_is_noticed_and_the_thread_ends() {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(pair.master.tty_name().unwrap()).unwrap();
    let mut raw = tcgetattr(&slave).unwrap();
    raw.make_raw();
    rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &raw).unwrap();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let reader = Reader::spawn(slave.into(), tx).unwrap();
    let mut keys = pair.master.take_writer().unwrap();
    keys.write_all(b"a\x1b[0n").unwrap();
    assert_eq!(rx.blocking_recv(), Some(pressed('a')));
    assert_eq!(rx.blocking_recv(), Some(Input::Ack));
    // The writer says its own farewell when it is dropped; what counts is how it ends.
    drop((keys, pair));
    while rx.blocking_recv().expect("a hang-up before the end") != Input::HangUp {}
    assert_eq!(rx.blocking_recv(), None, "the thread has ended: it can burn nothing");
    drop(reader);
}

#[test]
fn a_lone_escape_is_a_key_after_a_silence() {
    let (from, to) = rustix::pipe::pipe().unwrap();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let _reader = Reader::spawn(from, tx).unwrap();
    rustix::io::write(&to, b"\x1b").unwrap();
    assert_eq!(rx.blocking_recv(), Some(Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
}

#[test]
fn while_paused_what_is_typed_is_left_for_the_shell() {
    let (from, to) = rustix::pipe::pipe().unwrap();
    let shell = from.try_clone().unwrap();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let reader = Reader::spawn(from, tx).unwrap();
    reader.pause();
    rustix::io::write(&to, b"ls").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(rustix::io::read(&shell, &mut buffer).unwrap(), 2);
    reader.resume();
    rustix::io::write(&to, b"q").unwrap();
    assert_eq!(rx.blocking_recv(), Some(pressed('q')));
    drop(reader);
    assert_eq!(rx.blocking_recv(), None, "dropping it ends the thread");
}

#[test]
fn an_input_that_ends_is_a_hang_up() {
    let (from, to) = rustix::pipe::pipe().unwrap();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let _reader = Reader::spawn(from, tx).unwrap();
    drop(to);
    assert_eq!(rx.blocking_recv(), Some(Input::HangUp));
    assert_eq!(rx.blocking_recv(), None);
}

#[tokio::test]
async fn a_session_draws_is_acknowledged_and_leaves_the_terminal_as_it_was() {
    let _one = ONE_AT_A_TIME.lock().await;
    let mut pty = Pty::new();
    // Something that a careless restore would lose.
    let mut odd = tcgetattr(&pty.slave).unwrap();
    odd.local_modes.remove(LocalModes::ECHOK);
    odd.special_codes[rustix::termios::SpecialCodeIndex::VERASE] = 0x08;
    rustix::termios::tcsetattr(&pty.slave, rustix::termios::OptionalActions::Now, &odd).unwrap();
    let found = format!("{:?}", tcgetattr(&pty.slave).unwrap());

    let mut term = Term::on(pty.fd(), pty.fd(), xterm).unwrap();
    assert!(guard::is_active());
    assert!(!tcgetattr(&pty.slave).unwrap().local_modes.contains(LocalModes::ICANON));
    pty.until(b"\x1b[?1049h\x1b[?2004h");

    let first = term.draw(0, |f| f.render_widget("verdict", f.area())).unwrap();
    assert_eq!(first.frame, 1);
    pty.until(b"verdict\x1b[5n");
    assert_eq!(term.next().await, Input::Written);
    assert!(term.wait(1) > 0, "one unacknowledged frame is enough");
    pty.type_in(b"q\x1b[0n");
    assert_eq!(term.next().await, pressed('q'));
    assert_eq!(term.next().await, Input::Ack);
    term.pacing.acked(5);
    assert_eq!(term.wait(5), 0);

    let same = term.draw(6, |f| f.render_widget("verdict", f.area())).unwrap();
    assert_eq!(same, Drawn { frame: 1, bytes: 0, whole: true });

    // A resize that ends at the old size is painted in full all the same.
    term.repaint().unwrap();
    pty.all.clear();
    term.draw(7, |f| f.render_widget("verdict", f.area())).unwrap();
    pty.until(b"\x1b[2J");
    pty.until(b"verdict");
    pty.master.resize(PtySize { rows: 1, cols: 1, ..PtySize::default() }).unwrap();
    term.repaint().unwrap();
    term.draw(8, |f| assert_eq!(f.area(), Rect::new(0, 0, 1, 1))).unwrap();

    // Quitting waits for the reply that is under way and reads it, so that the shell does not.
    pty.type_in(b"\x1b[0n");
    term.close(9).await;
    pty.until(b"\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l");
    assert!(!guard::is_active());
    assert_eq!(format!("{:?}", tcgetattr(&pty.slave).unwrap()), found);
}

#[tokio::test]
async fn a_terminal_that_never_answers_is_left_all_the_same_and_only_once() {
    let _one = ONE_AT_A_TIME.lock().await;
    let mut pty = Pty::new();
    let mut term = Term::on(pty.fd(), pty.fd(), xterm).unwrap();
    term.draw(0, |f| f.render_widget("x", f.area())).unwrap();
    term.close(1).await;
    guard::leave();
    pty.type_in(b"\r");
    pty.until(b"\x1b[?1049l");
    // The echo of the line end: cooked mode is back, and nothing of ours comes after.
    pty.until(b"\r\n");
    assert_eq!(text(&pty.all).matches("^[?1049l").count(), 1);
}

#[tokio::test]
async fn a_panic_in_any_thread_gives_the_terminal_back_and_ends_drawing() {
    let _one = ONE_AT_A_TIME.lock().await;
    let mut pty = Pty::new();
    let mut term = Term::on(pty.fd(), pty.fd(), xterm).unwrap();
    guard::install_panic_hook();
    let failed = std::thread::spawn(|| panic!("a panic on purpose, to see the terminal restored")).join();
    assert!(failed.is_err());
    // Other tests may panic as they like.
    drop(std::panic::take_hook());
    pty.until(b"\x1b[?1049l");
    assert!(tcgetattr(&pty.slave).unwrap().local_modes.contains(LocalModes::ICANON));
    assert_eq!(term.next().await, Input::HangUp, "the loop is told");
    assert!(term.draw(0, |_| ()).is_err());
}

#[tokio::test]
async fn after_a_stop_the_terminal_is_taken_again_and_painted_in_full() {
    let _one = ONE_AT_A_TIME.lock().await;
    let mut pty = Pty::new();
    let mut term = Term::on(pty.fd(), pty.fd(), xterm).unwrap();
    term.draw(0, |f| f.render_widget("x", f.area())).unwrap();
    pty.type_in(b"\x1b[0n");
    term.give_back(1).await;
    assert!(tcgetattr(&pty.slave).unwrap().local_modes.contains(LocalModes::ICANON));
    pty.until(b"\x1b[?1049l");
    pty.all.clear();
    term.resume().unwrap();
    assert!(!tcgetattr(&pty.slave).unwrap().local_modes.contains(LocalModes::ICANON));
    assert!(term.draw(2, |f| f.render_widget("again", f.area())).unwrap().bytes > 0);
    pty.until(b"again");
    assert!(text(&pty.all).contains("^[?1049h"));
    pty.type_in(b"k");
    while term.next().await != pressed('k') {}
}

#[test]
fn ancestors_are_read_whatever_their_name() {
    assert_eq!(name_and_parent("12 (mosh-server) S 7 12 12 0"), Some(("mosh-server", 7)));
    assert_eq!(name_and_parent("12 (a) (b c) S 9 12"), Some(("a) (b c", 9)));
    assert_eq!(name_and_parent("12 (a"), None);
    let own = std::fs::read_to_string("/proc/self/stat").unwrap();
    assert_eq!(name_and_parent(&own).unwrap().1, std::os::unix::process::parent_id());
}
