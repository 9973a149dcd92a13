//! Which message goes to whom, and what became of those that were sent.

use super::decide::below;
use super::window::Window;
use crate::session::outbox::Fate;
use crate::session::view::{LetterView, View};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Letters that are listed.
const LISTED: usize = 20;

/// Where the cursor is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// Among the messages.
    #[default]
    Messages,
    /// Among the channels.
    Channels,
    /// Among the letters.
    Letters,
}

/// The dialog.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    /// Where the cursor is.
    pub part: Part,
    /// The message, the channel and the letter (from the newest) at the cursor.
    at: [usize; 3],
    /// Channels that are ticked.
    ticks: Vec<bool>,
    /// They were ticked by hand: another message leaves them as they are.
    by_hand: bool,
    /// The text is being filled in: how many were before it.
    pub waits: Option<u64>,
    /// Why it could not be written.
    pub problem: Option<String>,
}

/// What is listed of the letters, the newest first.
pub fn listed(view: &View) -> impl Iterator<Item = &LetterView> {
    view.letters.iter().rev().take(LISTED)
}

impl Messages {
    /// The first message, to whom it usually goes.
    pub fn new(view: &View) -> Messages {
        let mut it = Messages::default();
        it.usual(view);
        it
    }

    fn usual(&mut self, view: &View) {
        if !self.by_hand {
            self.ticks = view.messages.get(self.at[0]).map(|m| m.usual.clone()).unwrap_or_default();
        }
        self.ticks.resize(view.channels.len(), false);
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize, view: &View) {
        let part = self.part as usize;
        let len = [view.messages.len(), view.channels.len(), listed(view).count()][part];
        let to = self.at[part].saturating_add_signed(by);
        self.at[part] = to.min(len.saturating_sub(1));
        if self.part == Part::Messages {
            (self.waits, self.problem) = (None, None);
            self.usual(view);
        }
    }

    /// Goes to the next part, or to the one before.
    pub fn next(&mut self, on: bool) {
        self.part = match (self.part, on) {
            (Part::Messages, true) | (Part::Letters, false) => Part::Channels,
            (Part::Channels, true) | (Part::Messages, false) => Part::Letters,
            (Part::Letters, true) | (Part::Channels, false) => Part::Messages,
        };
    }

    /// Ticks the channel at the cursor, or takes its tick back.
    pub fn tick(&mut self) {
        if let Some(tick) = self.ticks.get_mut(self.at[1]) {
            *tick = !*tick;
            (self.by_hand, self.problem) = (true, None);
        }
    }

    /// Id of the message at the cursor; empty: one's own.
    pub fn message(&self, view: &View) -> String {
        view.messages.get(self.at[0]).map(|m| m.id.clone()).unwrap_or_default()
    }

    /// Ids of the channels that are ticked.
    pub fn ticked(&self, view: &View) -> Vec<String> {
        let ticked = view.channels.iter().zip(&self.ticks).filter(|(_, on)| **on);
        ticked.map(|((id, _), _)| id.clone()).collect()
    }

    /// The letter at the cursor.
    pub fn letter<'v>(&self, view: &'v View) -> Option<&'v LetterView> {
        listed(view).nth(self.at[2])
    }
}

/// What became of a letter: mark, words, colour.
pub fn fate(l: &LetterView) -> (&'static str, String, Slot) {
    let detail = if l.detail.is_empty() { String::new() } else { format!(": {}", l.detail) };
    match l.fate {
        Fate::Waiting if l.attempts == 0 => ("> ", "on its way".into(), Slot::Text),
        Fate::Waiting => {
            let next = l.next_ms.map(|ms| format!(", again in {}", format::age(ms))).unwrap_or_default();
            ("~ ", format!("try {}{next}{detail}", l.attempts), Slot::Stale)
        }
        Fate::Delivered => ("+ ", format!("accepted {}", l.detail), Slot::Text),
        Fate::GivenUp if l.again => ("- ", format!("sent again{detail}"), Slot::Dim),
        Fate::GivenUp => ("! ", format!("NOT delivered{detail}"), Slot::Warn),
        Fate::HeldBack => ("- ", format!("held back{detail}"), Slot::Dim),
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, m: &Messages) {
    let view = scene.view;
    let body = below(body, scene);
    let width = if body.width >= 110 { 100 } else { 76.min(body.width.saturating_sub(2)) };
    let letters: Vec<&LetterView> = listed(view).collect();
    let (all, to) = (view.messages.len().max(1), view.channels.len().max(1));
    let height = (all.min(6) + to.div_ceil(2) + letters.len().clamp(1, 12) + 8) as u16;
    let mut w = Window::open(canvas, body, width, height, "MESSAGE");
    w.kept = 3;
    if view.channels.is_empty() {
        w.text(canvas, 0, "The playbook has no channel, so nobody can be told from here.", Slot::Warn);
        w.text(
            canvas,
            0,
            "`[channels.NAME]` with `http` or `run` makes one; `ripcord check` helps.",
            Slot::Text,
        );
    } else {
        // The channels, two lines across and a letter need their rows too.
        let others = to.div_ceil(2).min(4) + 3;
        let rows = 6.min(all).min((w.left() as usize).saturating_sub(others)).max(1);
        let first = (m.at[0] + 1).saturating_sub(rows);
        for (n, message) in view.messages.iter().enumerate().skip(first).take(rows) {
            let on = n == m.at[0];
            cursor(canvas, &w, on, m.part == Part::Messages);
            let ink = if on { Slot::Head } else { Slot::Text };
            let (name, subject) = match message.id.is_empty() {
                true => ("your own", "an empty one"),
                false => (message.id.as_str(), message.subject.as_str()),
            };
            let x = canvas.put(w.area.x + 4, w.y, 18, name, ink).max(w.area.x + 22);
            canvas.put(x + 1, w.y, (w.area.right() - 2).saturating_sub(x + 1), subject, Slot::Dim);
            w.gap();
        }
        head(canvas, &mut w, "to");
        channels(canvas, &mut w, scene, m);
    }
    head(canvas, &mut w, "sent");
    if letters.is_empty() {
        w.text(canvas, 0, "Nothing was sent yet.", Slot::Dim);
    }
    let rows = w.left() as usize;
    let first = (m.at[2] + 1).saturating_sub(rows.max(1));
    for (n, l) in letters.iter().enumerate().skip(first).take(rows) {
        cursor(canvas, &w, n == m.at[2] && m.part == Part::Letters, true);
        let (mark, what, slot) = fate(l);
        canvas.put(w.area.x + 4, w.y, 2, mark, slot);
        let text = format!("{} {}: {}", format::clock_minutes(l.wall, &scene.ui.zone), l.channel, l.about);
        let half = w.area.width / 2;
        let x =
            canvas.put(w.area.x + 7, w.y, half.saturating_sub(8), &text, Slot::Text).max(w.area.x + half - 1);
        canvas.put(x + 1, w.y, (w.area.right() - 2).saturating_sub(x + 1), &what, slot);
        w.gap();
    }
    w.to_kept();
    w.divide(canvas);
    let (line, slot) = match (&m.problem, m.waits) {
        (Some(why), _) => (why.clone(), Slot::Warn),
        (None, Some(_)) => ("It is being filled in…".into(), Slot::Text),
        _ if view.drill.is_some() => ("In a drill nothing is sent.".into(), Slot::Text),
        _ => (String::new(), Slot::Text),
    };
    w.text(canvas, 0, &line, slot);
    w.buttons(canvas, "Close", None);
}

fn cursor(canvas: &mut Canvas<'_>, w: &Window, on: bool, here: bool) {
    if on {
        canvas.put(w.area.x + 2, w.y, 1, "▸", if here { Slot::Accent } else { Slot::Dim });
    }
}

fn head(canvas: &mut Canvas<'_>, w: &mut Window, name: &str) {
    let y = w.y;
    w.divide(canvas);
    if w.y > y {
        canvas.put(w.area.x + 2, y, 12, &format!(" {name} "), Slot::Dim);
    }
}

/// Two on a row.
fn channels(canvas: &mut Canvas<'_>, w: &mut Window, scene: &Scene<'_>, m: &Messages) {
    let half = w.area.width / 2;
    let all = &scene.view.channels;
    let rows = all.len().div_ceil(2).min(w.left().saturating_sub(2).max(1) as usize);
    let first = (m.at[1] / 2 + 1).saturating_sub(rows);
    for row in first..(first + rows).min(all.len().div_ceil(2)) {
        for n in [row * 2, row * 2 + 1] {
            let Some((_, title)) = all.get(n) else { continue };
            let x = w.area.x + 2 + (n % 2) as u16 * half;
            if n == m.at[1] && m.part == Part::Channels {
                canvas.put(x, w.y, 1, "▸", Slot::Accent);
            }
            let on = m.ticks.get(n).copied().unwrap_or_default();
            let ink = if on { Slot::Head } else { Slot::Text };
            canvas.put(x + 2, w.y, 3, if on { "[x]" } else { "[ ]" }, ink);
            canvas.put(x + 6, w.y, half.saturating_sub(10), title, ink);
        }
        w.gap();
    }
}
