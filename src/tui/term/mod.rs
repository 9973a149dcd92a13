//! The terminal: one thread reads it, one writes it, frames are small, acknowledged and never too many.
//!
//! It asks the terminal nothing but `ESC[5n`, whose reply acknowledges a frame. The loop owns a [`Term`] and the time
//! (milliseconds of the boot clock); it awaits only its own `select!`:
//!
//! ```no_run
//! use crossterm::event::{KeyCode, KeyModifiers};
//! use ripcord::tui::term::{Input, Term};
//! use tokio::signal::unix::{SignalKind, signal};
//!
//! # fn now() -> u64 { 0 }
//! # async fn work() -> std::io::Result<()> {
//! let mut resized = signal(SignalKind::window_change())?;
//! let mut continued = signal(SignalKind::from_raw(18))?; // SIGCONT
//! let mut stop_asked = signal(SignalKind::from_raw(20))?; // SIGTSTP
//! let (mut hung_up, mut ended) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
//! let mut interrupted = signal(SignalKind::interrupt())?;
//! let mut term = Term::open()?;
//! let mut dirty = true;
//! loop {
//!     let wait = term.wait(now());
//!     if dirty && wait == 0 {
//!         term.draw(now(), |frame| frame.render_widget("all quiet", frame.area()))?;
//!         dirty = false;
//!     }
//!     // Where this is the soonest of all deadlines: the frame's turn, the view's next visible change, 1 s.
//!     let pause = std::time::Duration::from_millis(if dirty { term.wait(now()).max(1) } else { 1_000 });
//!     tokio::select! {
//!         input = term.next() => match input {
//!             Input::Ack => term.pacing.acked(now()),
//!             Input::Written => {} // the next turn of the loop may draw
//!             Input::HangUp => return Ok(()), // gone, or given back by a panic that has been reported
//!             Input::Key(key) if key.code == KeyCode::Char('q') => break,
//!             Input::Key(key) if key.code == KeyCode::Char('z') && key.modifiers == KeyModifiers::CONTROL => {
//!                 term.suspend(now()).await?;
//!                 dirty = true;
//!             }
//!             Input::Key(_) | Input::Paste(_) => dirty = true,
//!         },
//!         _ = resized.recv() => { term.repaint()?; dirty = true; }
//!         _ = continued.recv() => { term.resume()?; dirty = true; }
//!         _ = stop_asked.recv() => { term.suspend(now()).await?; dirty = true; }
//!         _ = hung_up.recv() => return Ok(()),
//!         _ = ended.recv() => break,
//!         _ = interrupted.recv() => break,
//!         () = tokio::time::sleep(pause) => {}
//!     }
//! }
//! term.close(now()).await;
//! # Ok(())
//! # }
//! ```
//!
//! All input that is ready is to be worked off before the next frame ([`Term::ready`]). Before it exits on an error
//! the loop only has to drop the [`Term`].

pub mod backend;
pub mod call;
pub mod guard;
pub mod input;
pub mod link;
pub mod osc;
pub mod pacing;
pub mod wire;

pub use input::Input;
pub use pacing::{FrameId, Pacing};

use crate::model::time::Millis;
use backend::Terse;
use input::Reader;
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal};
use rustix::termios::{isatty, tcgetwinsize};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use tokio::sync::mpsc;
use wire::Wire;

/// How long leaving waits for a frame that is on its way out.
const LAST_FRAME: Duration = Duration::from_millis(300);

/// The terminal, taken. Dropping it gives it back.
#[derive(Debug)]
pub struct Term {
    /// When the next frame may go out, and which frames have been seen. The loop tells it of [`Input::Ack`].
    pub pacing: Pacing,
    terminal: Terminal<Terse<Wire>>,
    said: mpsc::UnboundedReceiver<Input>,
    reader: Reader,
    output: OwnedFd,
    /// The terminal takes addresses, or passes over them.
    links: bool,
    /// The terminal was taken again after a stop of our own, whose SIGCONT the loop has yet to tell of.
    resumed: bool,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// The last frame that was sent: this one, or an earlier one when nothing had changed.
    pub frame: FrameId,
    /// Bytes sent; 0 when nothing had changed.
    pub bytes: usize,
    /// Nothing of the picture was left for the next frame.
    pub whole: bool,
}

impl Term {
    /// Takes the process's terminal. Fails when standard input or output is not one.
    pub fn open() -> io::Result<Term> {
        let (input, output) = (io::stdin(), io::stdout());
        if !isatty(&input) || !isatty(&output) {
            return Err(io::Error::other("standard input and output must be a terminal"));
        }
        guard::install_panic_hook();
        let var = |name: &str| std::env::var(name).ok();
        let mut term =
            Term::on(input.as_fd().try_clone_to_owned()?, output.as_fd().try_clone_to_owned()?, var)?;
        if behind_mosh() {
            term.pacing = Pacing::new(true);
        }
        Ok(term)
    }

    fn on(input: OwnedFd, output: OwnedFd, var: impl Fn(&str) -> Option<String>) -> io::Result<Term> {
        let (says, said) = mpsc::unbounded_channel();
        let wire = Wire::spawn(output.try_clone()?, says.clone())?;
        let name = var("TERM").unwrap_or_default();
        let erases = Terse::<Wire>::erases_with_background(&name);
        // An old console would show them, GNU screen cuts them.
        let links = !name.starts_with("linux") && !name.starts_with("screen");
        let terminal = Terminal::new(Terse::new(wire, size_of(&output)?, erases))?;
        guard::enter(input.try_clone()?, output.try_clone()?, says.clone())?;
        let reader = match Reader::spawn(input, says) {
            Ok(reader) => reader,
            Err(e) => {
                guard::leave();
                return Err(e);
            }
        };
        Ok(Term {
            pacing: Pacing::new(Pacing::multiplexed(var)),
            terminal,
            said,
            reader,
            output,
            links,
            resumed: false,
        })
    }

    /// Waits for what the terminal says next. Cancel-safe.
    pub async fn next(&mut self) -> Input {
        self.said.recv().await.unwrap_or(Input::HangUp)
    }

    /// What the terminal has said already, if anything.
    pub fn ready(&mut self) -> Option<Input> {
        self.said.try_recv().ok()
    }

    /// Milliseconds until a frame may be drawn; 0: now. While the last one has not left, ask again at [`Input::Written`].
    pub fn wait(&mut self, now: Millis) -> Millis {
        if self.terminal.backend().out().idle() {
            self.pacing.wait(now)
        } else {
            self.pacing.wait(now).max(100)
        }
    }

    /// Draws a frame and hands it to the writing thread. Fails when the terminal has been given back meanwhile (a panic in
    /// some task, which has been reported) or is gone.
    pub fn draw(&mut self, now: Millis, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<Drawn> {
        if !guard::is_active() {
            return Err(io::Error::other("the terminal was given back after a failure"));
        }
        self.terminal.draw(render)?;
        let bytes = self.terminal.backend().written();
        let frame = if bytes == 0 { self.pacing.last_frame() } else { self.pacing.wrote(now) };
        Ok(Drawn { frame, bytes, whole: !self.terminal.backend().owes() })
    }

    /// Sends what is no part of a frame and moves nothing on the screen: a bell, a message, a text for the clipboard.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() { Ok(()) } else { self.terminal.backend_mut().say(bytes) }
    }

    /// Addresses that cells of the next frames may lead to.
    pub fn set_links<'a>(&mut self, urls: impl Iterator<Item = &'a str>) {
        if self.links {
            self.terminal.backend_mut().set_links(urls);
        }
    }

    /// Puts a text into the clipboard of the person's terminal; how many bytes (of the text) were too many, else.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<Result<(), usize>> {
        match osc::copy(text) {
            Ok(bytes) => self.terminal.backend_mut().say(&bytes).map(Ok),
            Err(long) => Ok(Err(long)),
        }
    }

    /// Reads the size anew and makes the next frame a full one: after a resize, whatever its outcome, or on request.
    pub fn repaint(&mut self) -> io::Result<()> {
        let size = size_of(&self.output)?;
        let backend = self.terminal.backend_mut();
        backend.set_size(size);
        backend.forget();
        self.terminal.resize(Rect::from((ratatui::layout::Position::ORIGIN, size)))
    }

    /// Gives the terminal to the shell and stops until continued, then takes it again. Without a job-control shell that
    /// could continue the job it does nothing and returns `false`.
    pub async fn suspend(&mut self, now: Millis) -> io::Result<bool> {
        if !guard::may_stop() {
            return Ok(false);
        }
        self.give_back(now).await;
        guard::stop()?;
        self.take_again()?;
        self.resumed = true;
        Ok(true)
    }

    /// Takes the terminal again at SIGCONT, whoever stopped the job.
    pub fn resume(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.resumed) { Ok(()) } else { self.take_again() }
    }

    fn take_again(&mut self) -> io::Result<()> {
        guard::reenter()?;
        self.pacing.reset();
        self.reader.resume();
        self.repaint()
    }

    /// Gives the terminal back: waits for what is under way (at most 300 ms), so that no reply lands in the shell.
    pub async fn close(mut self, now: Millis) {
        self.give_back(now).await;
    }

    async fn give_back(&mut self, now: Millis) {
        let wait = Duration::from_millis(self.pacing.quit_wait(now));
        let _ = tokio::time::timeout(wait, async {
            while !matches!(self.next().await, Input::Ack | Input::HangUp) {}
        })
        .await;
        self.leave();
    }

    fn leave(&self) {
        self.terminal.backend().out().drain(LAST_FRAME);
        self.reader.pause();
        guard::leave();
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Whether mosh, which answers in the terminal's stead and tells nothing by the environment, is among our ancestors.
fn behind_mosh() -> bool {
    let mut pid = String::from("self");
    for _ in 0..16 {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        let Some((name, parent)) = name_and_parent(&stat) else { return false };
        if name == "mosh-server" {
            return true;
        }
        pid = parent.to_string();
    }
    false
}

/// From a line of `/proc/PID/stat`. The name may hold blanks and parentheses itself.
fn name_and_parent(stat: &str) -> Option<(&str, u32)> {
    let (start, end) = (stat.find('(')?, stat.rfind(')')?);
    let parent = stat.get(end + 1..)?.split_whitespace().nth(1)?.parse().ok()?;
    Some((stat.get(start + 1..end)?, parent))
}

/// The size of the terminal, never empty.
fn size_of(terminal: &OwnedFd) -> io::Result<Size> {
    let size = tcgetwinsize(terminal)?;
    Ok(match (size.ws_col, size.ws_row) {
        (0, _) | (_, 0) => Size::new(80, 24),
        (columns, rows) => Size::new(columns, rows),
    })
}

#[cfg(test)]
mod tests;
