//! Entering and leaving the terminal: whatever happens, it is left once, as it was found.

use super::input::Input;
use super::wire::write_all;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, getppid, getsid};
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use tokio::sync::mpsc::UnboundedSender;

/// Alternate screen, bracketed paste, no automatic wrap, no cursor, blank.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?7l\x1b[?25l\x1b[m\x1b[2J";
/// Each of these undone. The screen is blanked first for terminals that have only one.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[H\x1b[2J\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Whether the terminal is ours now.
static TUI_ACTIVE: AtomicBool = AtomicBool::new(false);
/// What to put back.
static FOUND: Mutex<Option<Found>> = Mutex::new(None);

struct Found {
    input: OwnedFd,
    output: OwnedFd,
    modes: Termios,
    says: UnboundedSender<Input>,
}

fn found() -> MutexGuard<'static, Option<Found>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the terminal is ours: between [`enter`] and the first [`leave`], or a panic.
pub fn is_active() -> bool {
    TUI_ACTIVE.load(Ordering::Acquire)
}

/// Takes the terminal: raw, alternate screen, no cursor, bracketed paste, no automatic wrap. `says` is told
/// [`Input::HangUp`] when a panic gives it back.
pub fn enter(input: OwnedFd, output: OwnedFd, says: UnboundedSender<Input>) -> io::Result<()> {
    let modes = tcgetattr(&input)?;
    *found() = Some(Found { input, output, modes, says });
    reenter()
}

/// Takes it again, after a suspension.
pub fn reenter() -> io::Result<()> {
    let taken = match found().as_ref() {
        Some(found) => {
            TUI_ACTIVE.store(true, Ordering::Release);
            take(found)
        }
        None => return Ok(()),
    };
    if taken.is_err() {
        leave();
    }
    taken
}

fn take(found: &Found) -> io::Result<()> {
    let mut raw = found.modes.clone();
    raw.make_raw();
    tcsetattr(&found.input, OptionalActions::Now, &raw)?;
    write_all(&found.output, ENTER)
}

/// Gives the terminal back, once; more calls do nothing. What was typed and not read is thrown away: it was meant for us.
pub fn leave() {
    if TUI_ACTIVE.swap(false, Ordering::AcqRel)
        && let Some(found) = found().as_ref()
    {
        // A terminal that takes nothing more gets no second chance to hold us up.
        let patience = Timespec { tv_sec: 0, tv_nsec: 300_000_000 };
        if !matches!(poll(&mut [PollFd::new(&found.output, PollFlags::OUT)], Some(&patience)), Ok(1)) {
            let _ = tcflush(&found.output, QueueSelector::OFlush);
        }
        let _ = write_all(&found.output, LEAVE);
        let _ = tcflush(&found.input, QueueSelector::IFlush);
        let _ = tcsetattr(&found.input, OptionalActions::Now, &found.modes);
    }
}

/// Makes a panic, in whatever thread, give the terminal back before it is reported. Where the terminal is not ours
/// it writes nothing. To be called once the reporting hook is set; more calls do nothing.
pub fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if is_active() {
                leave();
                if let Some(found) = found().as_ref() {
                    let _ = found.says.send(Input::HangUp);
                }
            }
            report(info);
        }));
    });
}

/// Whether a job-control shell is there to bring us back after a stop.
pub fn may_stop() -> bool {
    let Ok(session) = getsid(None) else { return false };
    // The group of the session's leader has no shell above it, nor has one whose parent is of another session.
    getpgrp() != session && getsid(getppid()).is_ok_and(|parents| parents == session)
}

/// Stops the job, as Ctrl-Z would; returns when it is continued.
pub fn stop() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(Signal::STOP)?)
}
