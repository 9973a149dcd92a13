//! The way out: a thread that writes frames, so that a stalled terminal stalls nobody else.

use super::guard;
use super::input::Input;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Hands frames to the writing thread. Each `write` is one frame and returns at once.
#[derive(Debug)]
pub struct Wire {
    frames: mpsc::Sender<Vec<u8>>,
    waiting: Arc<Waiting>,
}

/// How many frames have not left.
#[derive(Debug, Default)]
struct Waiting {
    frames: Mutex<usize>,
    fewer: Condvar,
}

impl Waiting {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn less(&self) {
        *self.count() -= 1;
        self.fewer.notify_all();
    }
}

impl Wire {
    /// Starts the thread; it says [`Input::Written`] after each frame and [`Input::HangUp`] when the terminal is gone.
    pub fn spawn(to: OwnedFd, said: UnboundedSender<Input>) -> io::Result<Wire> {
        let (frames, inbox) = mpsc::channel::<Vec<u8>>();
        let waiting = Arc::new(Waiting::default());
        let left = Arc::clone(&waiting);
        std::thread::Builder::new().name("terminal output".into()).spawn(move || {
            for frame in inbox {
                // What was still queued when the terminal was given back must not follow.
                let sent = if guard::is_active() { write_all(&to, &frame) } else { Ok(()) };
                left.less();
                if said.send(if sent.is_ok() { Input::Written } else { Input::HangUp }).is_err()
                    || sent.is_err()
                {
                    return;
                }
            }
        })?;
        Ok(Wire { frames, waiting })
    }

    /// Whether every frame has left.
    pub fn idle(&self) -> bool {
        *self.waiting.count() == 0
    }

    /// Waits until every frame has left, or the time is up.
    pub fn drain(&self, patience: Duration) {
        let _ = self.waiting.fewer.wait_timeout_while(self.waiting.count(), patience, |frames| *frames > 0);
    }
}

impl Write for Wire {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        *self.waiting.count() += 1;
        if self.frames.send(frame.to_vec()).is_err() {
            self.waiting.less();
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes everything, also where somebody made the terminal non-blocking.
pub(super) fn write_all(to: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(to, PollFlags::OUT)], None)?;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
