//! The loop: waits for the terminal, the driver and the next visible change; draws when a frame may go out.

use super::dialog::Refused;
use super::glyphs::Glyphs;
use super::paint;
use super::term::{Input, Term};
use super::theme::Theme;
use super::ui::{Intent, Screen, Ui, ZOOMS};
use crate::clock;
use crate::driver::{Driver, Request, Update};
use crate::session::view::View;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use std::io::{self, Write};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that the loop answers to.
struct Signals {
    resized: Signal,
    continued: Signal,
    stop: Signal,
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            resized: signal(SignalKind::window_change())?,
            continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// What a turn asks of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Stay,
    Leave,
    /// The terminal is gone: nothing may be written to it any more.
    Gone,
    Suspend,
    Repaint,
}

struct App {
    term: Term,
    ui: Ui,
    driver: Driver,
    view: View,
    theme: Theme,
    glyphs: Glyphs,
    /// Something may look different from the last frame.
    dirty: bool,
}

/// Runs the screen until a person leaves it. `window` is how many milliseconds the charts show at first.
///
/// # Errors
/// When the terminal cannot be taken or written.
pub async fn run(driver: Driver, theme: Theme, glyphs: Glyphs, window: u64) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let mut ui = Ui::new(TimeZone::system());
    ui.zoom = ZOOMS.iter().position(|z| *z >= window).unwrap_or(ZOOMS.len() - 1);
    let term = Term::open()?;
    let view = driver.view();
    let mut app = App { term, ui, driver, view, theme, glyphs, dirty: true };
    loop {
        if app.dirty && app.term.wait(clock::now().boot) == 0 {
            app.draw()?;
        }
        let pause = Duration::from_millis(app.pause());
        let turn = tokio::select! {
            input = app.term.next() => app.inputs(input),
            update = app.driver.next() => app.update(update)?,
            _ = signals.resized.recv() => Turn::Repaint,
            _ = signals.continued.recv() => { app.term.resume()?; app.dirty = true; Turn::Stay }
            _ = signals.stop.recv() => Turn::Suspend,
            _ = signals.hang_up.recv() => Turn::Gone,
            _ = signals.terminate.recv() => Turn::Leave,
            _ = signals.interrupt.recv() => Turn::Leave,
            () = tokio::time::sleep(pause) => { app.dirty = true; Turn::Stay }
        };
        match turn {
            Turn::Stay => {}
            Turn::Leave => break,
            Turn::Gone => return Ok(()),
            Turn::Suspend => {
                app.term.suspend(clock::now().boot).await?;
                app.dirty = true;
            }
            Turn::Repaint => {
                app.term.repaint()?;
                app.dirty = true;
            }
        }
    }
    app.term.close(clock::now().boot).await;
    app.driver.leave().await;
    if let Some(run) = app.driver.session().run().filter(|r| r.is_open()) {
        let title = &run.plan().procedure.title;
        println!("{title} goes on without you: `ripcord` shows it again, `ripcord runs` lists it.");
    }
    Ok(())
}

impl App {
    /// Milliseconds until there is something to do even if nothing happens.
    fn pause(&mut self) -> u64 {
        if self.dirty {
            return self.term.wait(clock::now().boot).max(1);
        }
        paint::next_visible_change(&self.view).clamp(1, 60_000)
    }

    fn draw(&mut self) -> io::Result<()> {
        self.view = self.driver.view();
        self.ui.follow(&self.view);
        let now = clock::now().boot;
        let App { term, ui, driver, view, theme, glyphs, .. } = self;
        term.set_links(view.links.iter().map(|(_, url)| url.as_str()));
        let charts = |signal: &str, window: u64, columns: usize| driver.columns(signal, window, columns);
        let drawn = term.draw(now, |frame| paint::draw(frame, ui, view, theme, glyphs, &charts))?;
        ui.painted(drawn.frame, view);
        self.shown(now);
        self.dirty = false;
        Ok(())
    }

    /// Tells the dialogs which frame is on the screen.
    fn shown(&mut self, now: u64) {
        if let Some(frame) = self.term.pacing.last_shown() {
            self.ui.acknowledged(frame, now);
        }
    }

    fn inputs(&mut self, first: Input) -> Turn {
        let mut next = Some(first);
        while let Some(input) = next {
            let turn = self.input(input);
            if turn != Turn::Stay {
                return turn;
            }
            next = self.term.ready();
        }
        Turn::Stay
    }

    fn input(&mut self, input: Input) -> Turn {
        let now = clock::now().boot;
        match input {
            Input::Ack => {
                self.term.pacing.acked(now);
                self.shown(now);
                Turn::Stay
            }
            Input::Written => Turn::Stay,
            Input::HangUp => Turn::Gone,
            Input::Paste(text) => {
                self.ui.paste(&text, now);
                self.dirty = true;
                Turn::Stay
            }
            Input::Key(key) if is_interrupt(&key) => Turn::Leave,
            Input::Key(key) => {
                self.dirty = true;
                let intents = self.ui.key(&key, &self.view, now);
                intents
                    .into_iter()
                    .map(|i| self.act(i))
                    .fold(Turn::Stay, |a, b| if a == Turn::Stay { b } else { a })
            }
        }
    }

    fn act(&mut self, intent: Intent) -> Turn {
        let request = match intent {
            Intent::Quit => return Turn::Leave,
            Intent::Suspend => return Turn::Suspend,
            Intent::Repaint => return Turn::Repaint,
            Intent::Prepare { procedure, given, stops } => Request::Prepare { procedure, given, stops },
            Intent::Succeed { run } => Request::Succeed { run },
            Intent::CancelDraft => Request::CancelDraft,
            Intent::Override { draft, reason } => Request::Override { draft, reason },
            Intent::Confirm { draft, decides } => Request::Confirm { draft, decides },
            Intent::Decide { clock, choice, reason } => Request::Say { clock, choice, reason },
            Intent::Automation { modes, reason } => Request::Automation { modes, reason },
            Intent::Seen => Request::Seen,
            Intent::Note { text } => Request::Note { text },
            Intent::Mark { mark } => Request::Mark { mark },
            Intent::TakeOver { reason } => Request::TakeOver { reason },
            Intent::Why(of) => Request::Why(of),
            Intent::Beside { reason } => Request::Beside { reason },
            Intent::TakeUp { run } => Request::TakeUp { run },
            Intent::Output { from } => Request::Output { line: from },
            Intent::Flag { signal, raise, note } => Request::Flag { signal, raise, note },
            Intent::Count { signal } => Request::Count { signal, delta: 1 },
            Intent::TakeBack { signal } => Request::Count { signal, delta: -1 },
            Intent::Ask { seen, wish } => {
                Request::Run { run: seen.run, step: seen.step, attempt: seen.attempt, seen: seen.seq, wish }
            }
            Intent::Tick { checklist, item, done, note } => Request::Tick { checklist, item, done, note },
            Intent::DoItem { checklist, item } => Request::DoItem { checklist, item },
            Intent::WithoutItem { checklist, item, reason } => {
                Request::WithoutItem { checklist, item, reason }
            }
            Intent::Probe { guide, step } => Request::Probe { guide, step },
            Intent::StopProbes => Request::StopProbes,
            Intent::List { procedure, param } => Request::List { procedure, param },
            Intent::PageRole { role, text } => Request::PageRole { role, text },
            Intent::Logs(logs) => Request::Logs(logs),
            Intent::Export(form) => Request::Export(form),
            Intent::DryRun { procedure } => Request::DryRun { procedure },
            Intent::Trouble { trouble, on } => Request::Trouble { trouble, on },
            Intent::Copy { text } => return self.copy(&text),
            Intent::CopySheet => return self.copy(&self.driver.sheet()),
            Intent::Theme { .. } | Intent::Fleet(_) => return Turn::Stay,
            Intent::AskAgain => Request::AskAgain,
        };
        self.driver.ask(request);
        self.view = self.driver.view();
        Turn::Stay
    }

    /// Copies by the person's terminal; whether it does, nothing tells.
    fn copy(&mut self, text: &str) -> Turn {
        match self.term.copy(text) {
            Ok(done) => self.ui.copied(text, done.err()),
            Err(_) => return Turn::Gone,
        }
        Turn::Stay
    }

    fn update(&mut self, update: Update) -> io::Result<Turn> {
        self.dirty = true;
        match update {
            Update::Changed => {}
            Update::Bell => {
                let mut out = io::stdout();
                out.write_all(b"\x07")?;
                out.flush()?;
            }
            Update::Accepted(_) => self.ui.screen = Screen::Run,
            Update::Refused(why) => self.ui.refused(Refused {
                title: "REFUSED".into(),
                what: why,
                means: "What you asked for was not done.".into(),
                press: "Enter closes this.".into(),
            }),
        }
        Ok(Turn::Stay)
    }
}

fn is_interrupt(key: &KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}
