//! The loop: waits for the terminal, the driver and the next visible change; draws when a frame may go out.

use super::dialog::Refused;
use super::glyphs::Glyphs;
use super::keymap::Keymap;
use super::paint;
use super::term::call::{self, Calls};
use super::term::link::Link;
use super::term::{Input, Term};
use super::theme::{ColorLevel, Theme};
use super::ui::{Intent, Screen, Ui, ZOOMS};
use crate::clock;
use crate::config::settings::Notify;
use crate::driver::Update;
use crate::driver::fleet::Desk;
use crate::session::view::{Curve, Freshness, View};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the screen looks and calls.
#[derive(Debug, Clone)]
pub struct Look {
    /// The theme.
    pub theme: Theme,
    /// How many colours are used.
    pub colors: ColorLevel,
    /// Which characters.
    pub glyphs: Glyphs,
    /// How a person is called.
    pub notify: Notify,
    /// How many milliseconds the charts show at first.
    pub window: u64,
    /// What keys mean.
    pub keymap: Keymap,
}

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
    desk: Desk,
    view: View,
    look: Look,
    /// The theme it is drawn in now, at the terminal's colours.
    theme: Theme,
    calls: Calls,
    /// Something was worth a bell since the last frame.
    rung: bool,
    link: Link,
    /// Something may look different from the last frame.
    dirty: bool,
    /// A person waits for the next frame: after a key, a new size, at the beginning.
    asked: bool,
    /// When the first and the last new size came for which nothing was painted yet.
    resized: Option<(u64, u64)>,
    /// When the screen began, boot milliseconds: until its charts are filled, large frames tell nothing.
    began: u64,
}

/// Milliseconds in which a screen that has just begun fills.
const FILLING: u64 = 10_000;

/// A new size is painted when none has followed for so many milliseconds, or after so many at the latest.
const SETTLED: u64 = 30;
const RESIZING: u64 = 300;

/// Runs the screen until a person leaves it.
///
/// # Errors
/// When the terminal cannot be taken or written.
pub async fn run(desk: Desk, look: Look) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let mut ui = Ui::new(TimeZone::system());
    ui.keymap = look.keymap.clone();
    ui.zoom = ZOOMS.iter().position(|z| *z >= look.window).unwrap_or(ZOOMS.len() - 1);
    let term = Term::open()?;
    if !desk.has_service() {
        ui.screen = Screen::Fleet;
    }
    let view = desk.view();
    let mut app = App {
        term,
        ui,
        desk,
        view,
        theme: look.theme.clone().at(look.colors),
        look,
        calls: Calls::default(),
        rung: false,
        link: Link::default(),
        dirty: true,
        asked: true,
        resized: None,
        began: clock::now().boot,
    };
    loop {
        if app.dirty && app.wait() == 0 {
            app.draw()?;
        }
        let pause = Duration::from_millis(app.pause());
        let turn = tokio::select! {
            input = app.term.next() => app.inputs(input),
            update = app.desk.next() => app.update(update)?,
            _ = signals.resized.recv() => app.resized(),
            _ = signals.continued.recv() => { app.term.resume()?; (app.dirty, app.asked) = (true, true); Turn::Stay }
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
                (app.dirty, app.asked) = (true, true);
            }
            Turn::Repaint => {
                app.term.repaint()?;
                (app.dirty, app.asked) = (true, true);
            }
        }
    }
    app.term.close(clock::now().boot).await;
    app.desk.leave().await;
    if let Some(title) = app.desk.goes_on() {
        println!("{title} goes on without you: `ripcord` shows it again, `ripcord runs` lists it.");
    }
    Ok(())
}

impl App {
    /// Milliseconds until there is something to do even if nothing happens.
    fn pause(&mut self) -> u64 {
        if self.dirty {
            return self.wait().max(1);
        }
        paint::next_visible_change(&self.view).clamp(1, 60_000)
    }

    /// Milliseconds until the next frame may be drawn.
    fn wait(&mut self) -> u64 {
        let now = clock::now().boot;
        let rest = match self.resized {
            Some((first, last)) => (first + RESIZING).min(last + SETTLED).saturating_sub(now),
            None if self.asked => 0,
            None => self.term.pacing.rest(now),
        };
        self.term.wait(now).max(rest)
    }

    /// Paints everything anew once the size has settled, also when it ends where it began.
    fn resized(&mut self) -> Turn {
        let now = clock::now().boot;
        let first = self.resized.map_or(now, |(first, _)| first);
        self.resized = Some((first, now));
        (self.dirty, self.asked) = (true, true);
        Turn::Stay
    }

    fn draw(&mut self) -> io::Result<()> {
        if self.resized.take().is_some() {
            self.term.repaint()?;
        }
        self.desk.look_at_fleet(self.ui.screen == Screen::Fleet || !self.desk.has_service());
        self.view = self.desk.view();
        self.ui.follow(&self.view);
        let now = clock::now().boot;
        let App { term, ui, desk, view, theme, look, .. } = self;
        term.set_links(view.links.iter().map(|(_, url)| url.as_str()));
        if let Some(signal) = view.signals.get(ui.signal).filter(|_| ui.screen == Screen::Signal) {
            let end = ui.freeze.as_ref().map_or(&view.now, |f| &f.at);
            view.detail = desk.detail(end, &signal.id, ui.window());
        }
        let end = &view.now;
        let charts =
            |curve: Curve<'_>, window: u64, columns: usize| desk.columns(end, curve, window, columns);
        let drawn = term.draw(now, |frame| paint::draw(frame, ui, view, theme, &look.glyphs, &charts))?;
        let unasked = !self.asked && now >= self.began + FILLING;
        self.link.wrote(drawn.frame, drawn.bytes, unasked, now);
        // A dialog is there when all of it is.
        if drawn.whole {
            ui.painted(drawn.frame, view);
            self.asked = false;
        }
        self.dirty = !drawn.whole;
        self.shown(now);
        // Before anything was measured there is nothing that could get worse.
        let seen = self.view.freshness != Freshness::Starting;
        let worse = seen && self.calls.worse(self.view.verdict.gravity, now);
        let rung = std::mem::take(&mut self.rung);
        if worse || (rung && self.calls.rings(now)) {
            self.call()?;
        }
        Ok(())
    }

    /// Calls the person whose terminal this is.
    fn call(&mut self) -> io::Result<()> {
        let View { service, environment, verdict, .. } = &self.view;
        let text = format!("ripcord: {service}, {environment}: {} {}", verdict.word, verdict.text);
        let bytes = call::bytes(self.look.notify, &text, |name| std::env::var(name).ok());
        self.term.send(&bytes)
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
                if let Some(frame) = self.term.pacing.last_shown() {
                    self.link.acked(frame, now);
                    let sweep = self.link.is_slow();
                    self.dirty |= std::mem::replace(&mut self.ui.charts.sweep, sweep) != sweep;
                }
                Turn::Stay
            }
            Input::Written => Turn::Stay,
            Input::HangUp => Turn::Gone,
            Input::Paste(text) => {
                self.ui.paste(&text, now);
                (self.dirty, self.asked) = (true, true);
                Turn::Stay
            }
            Input::Key(key) if is_interrupt(&key) => Turn::Leave,
            Input::Key(key) => {
                (self.dirty, self.asked) = (true, true);
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
            Intent::Request(request) => request,
            Intent::Fleet { row, screen } => {
                match self.desk.open(row) {
                    // The next key is already about the service that is open now.
                    Ok(()) => {
                        self.ui.opened(screen);
                        self.view = self.desk.view();
                        (self.calls, self.began) = (Calls::default(), clock::now().boot);
                    }
                    Err(why) => self.ui.refused(Refused {
                        title: "NOT OPENED".into(),
                        what: why,
                        means: "The fleet is as it was.".into(),
                        press: "Enter closes this.".into(),
                    }),
                }
                return Turn::Stay;
            }
            Intent::Theme { name } => return self.paint_in(&name),
            Intent::Copy { text } => return self.copy(&text),
            Intent::CopySheet => return self.copy(&self.desk.sheet()),
        };
        self.desk.ask(request);
        self.view = self.desk.view();
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

    /// Draws in another theme from now on: one that is compiled in, or the one it began with.
    fn paint_in(&mut self, name: &str) -> Turn {
        let begun = || (self.look.theme.name() == name).then(|| self.look.theme.clone());
        let Some(theme) = begun().or_else(|| Theme::named(name)) else { return Turn::Stay };
        self.theme = theme.at(self.look.colors);
        Turn::Repaint
    }

    fn update(&mut self, update: Update) -> io::Result<Turn> {
        self.dirty = true;
        match update {
            Update::Changed => {}
            Update::Bell => self.rung = true,
            // Among other services one stays: the row says that it runs.
            Update::Accepted(_) if self.ui.screen == Screen::Fleet => {}
            Update::Accepted(_) => {
                self.ui.screen = Screen::Run;
                if let Some(intent) = self.ui.logs_to_follow(&self.view) {
                    self.act(intent);
                }
            }
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
