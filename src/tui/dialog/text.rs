//! A text of several lines: a note, a message. It can be undone, takes what is pasted, and survives being closed.

use super::window::{Window, wrap};
use crate::model::text::clean;
use crate::tui::canvas::Canvas;
use crate::tui::theme::Slot;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use tui_textarea::{CursorMove, TextArea};
use unicode_width::UnicodeWidthChar;

/// What a text is for. A text that was closed unsent is kept under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A note.
    Note,
    /// A message to a person, by the name of their account.
    Message {
        /// Who.
        to: String,
    },
    /// A message to people by channels. Its first line is its subject.
    Letter {
        /// Which message it was made of; empty: it is the person's own.
        message: String,
        /// Ids of the channels.
        channels: Vec<String>,
    },
}

impl About {
    /// Whether what was written for one is the draft of the other: a message stays what it is for whomever it is.
    pub fn same(&self, other: &About) -> bool {
        match (self, other) {
            (About::Letter { message, .. }, About::Letter { message: of, .. }) => message == of,
            _ => self == other,
        }
    }
}

/// The longest note or message, and the longest message by channels, in characters.
pub const LONGEST: usize = 2000;
/// See above.
pub const LONGEST_LETTER: usize = 8000;

/// A text, and the button that sends it. Letters go to the text; Enter there is a new line.
#[derive(Debug, Clone)]
pub struct Text {
    /// What for.
    pub about: About,
    /// Title of the dialog.
    pub title: String,
    /// What becomes of it, in lines.
    pub means: Vec<String>,
    /// On the button.
    pub button: &'static str,
    /// Characters that it may have.
    pub limit: usize,
    area: TextArea<'static>,
    go: bool,
}

impl Text {
    /// A text that begins with `prefill`.
    pub fn new(
        about: About,
        title: String,
        means: Vec<String>,
        button: &'static str,
        limit: usize,
        prefill: &str,
    ) -> Text {
        let mut text = Text { about, title, means, button, limit, area: TextArea::default(), go: false };
        text.paste(prefill);
        // What stood there before is not undone.
        let lines = text.area.into_lines();
        text.area = TextArea::new(lines);
        text.area.move_cursor(CursorMove::Bottom);
        text.area.move_cursor(CursorMove::End);
        text
    }

    /// What was typed, without blanks around it.
    pub fn text(&self) -> String {
        self.area.lines().join("\n").trim().to_owned()
    }

    /// All of it, as it stands.
    pub fn draft(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Whether there is anything to send.
    pub fn is_ready(&self) -> bool {
        self.area.lines().iter().any(|l| !l.trim().is_empty())
    }

    /// Whether the focus is on the button; else it is on the text.
    pub fn on_go(&self) -> bool {
        self.go
    }

    /// Moves the focus; the button is reached only with a text.
    pub fn tab(&mut self) {
        self.go = !self.go && self.is_ready();
    }

    /// Takes the last change back, or does it again.
    pub fn undo(&mut self, again: bool) {
        self.go = false;
        if again {
            self.area.redo()
        } else {
            self.area.undo()
        };
    }

    /// Edits the text. Whatever changes it takes the focus from the button.
    pub fn edit(&mut self, event: &KeyEvent) {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let go_to = |text: &mut Text, to| {
            text.go = false;
            text.area.move_cursor(to);
        };
        match event.code {
            KeyCode::Char('b') if alt => go_to(self, CursorMove::WordBack),
            KeyCode::Char('f') if alt => go_to(self, CursorMove::WordForward),
            KeyCode::Char('a') if ctrl => go_to(self, CursorMove::Head),
            KeyCode::Char('e') if ctrl => go_to(self, CursorMove::End),
            KeyCode::Left if ctrl || alt => go_to(self, CursorMove::WordBack),
            KeyCode::Right if ctrl || alt => go_to(self, CursorMove::WordForward),
            KeyCode::Left => go_to(self, CursorMove::Back),
            KeyCode::Right => go_to(self, CursorMove::Forward),
            KeyCode::Up => go_to(self, CursorMove::Up),
            KeyCode::Down => go_to(self, CursorMove::Down),
            KeyCode::Home if ctrl => go_to(self, CursorMove::Top),
            KeyCode::End if ctrl => go_to(self, CursorMove::Bottom),
            KeyCode::Home => go_to(self, CursorMove::Head),
            KeyCode::End => go_to(self, CursorMove::End),
            KeyCode::Char('w') if ctrl => self.go &= !self.area.delete_word(),
            KeyCode::Backspace if ctrl || alt => self.go &= !self.area.delete_word(),
            KeyCode::Char('d') if alt => self.go &= !self.area.delete_next_word(),
            KeyCode::Backspace => self.go &= !self.area.delete_char(),
            KeyCode::Delete => self.go &= !self.area.delete_next_char(),
            KeyCode::Enter => self.paste("\n"),
            KeyCode::Char(c) if !ctrl && !alt => self.paste(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
    }

    /// Puts text at the cursor, cleaned, as far as there is room for it.
    pub fn paste(&mut self, text: &str) {
        let room = self.limit.saturating_sub(self.length());
        let text: String =
            clean(&text.replace("\r\n", "\n").replace('\r', "\n")).chars().take(room).collect();
        if self.area.insert_str(text) {
            self.go = false;
        }
    }

    fn length(&self) -> usize {
        self.area.lines().iter().map(|l| l.chars().count() + 1).sum::<usize>().saturating_sub(1)
    }

    /// Its rows at a width in cells, and where the cursor stands in them.
    fn rows(&self, width: usize) -> (Vec<String>, (usize, usize)) {
        let at = self.area.cursor();
        let (mut rows, mut cursor) = (Vec::new(), (0, 0));
        for (number, line) in self.area.lines().iter().enumerate() {
            let (mut row, mut used) = (String::new(), 0);
            for (place, c) in line.chars().chain(std::iter::once(' ')).enumerate() {
                let w = c.width().unwrap_or(0);
                if used + w > width {
                    rows.push(std::mem::take(&mut row));
                    used = 0;
                }
                if (number, place) == (at.0, at.1) {
                    cursor = (rows.len(), used);
                }
                row.push(c);
                used += w;
            }
            // The blank behind a line is only a place for the cursor.
            row.pop();
            rows.push(row);
        }
        (rows, cursor)
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, t: &Text) {
    let width = if body.width >= 110 { 90 } else { 74.min(body.width.saturating_sub(2)) };
    let room = width.saturating_sub(5) as usize;
    let means: Vec<String> = t.means.iter().flat_map(|m| wrap(m, room)).collect();
    let lines = if body.height >= 28 { 12 } else { 7 };
    let height = means.len() as u16 + lines + 6;
    let mut w = Window::open(canvas, body, width, height, &t.title);
    w.kept = 3;
    for line in &means {
        w.text(canvas, 0, line, Slot::Text);
    }
    w.divide(canvas);
    let (rows, cursor) = t.rows(room);
    let fit = w.left().max(1) as usize;
    let first = (cursor.0 + 1).saturating_sub(fit);
    for (at, row) in rows.iter().enumerate().skip(first).take(fit) {
        if at == cursor.0 && !t.go {
            w.text(canvas, 0, row, Slot::Head);
            canvas.reverse(w.area.x + 2 + cursor.1 as u16, w.y - 1, 1, Slot::Head);
        } else {
            w.text(canvas, 0, row, Slot::Text);
        }
    }
    w.to_kept();
    w.divide(canvas);
    let below = rows.len().saturating_sub(first + fit);
    let more = match (first, below) {
        (0, 0) => String::new(),
        (above, below) => format!(" · {above} rows above, {below} below"),
    };
    let used = format!("{} of {} characters{more}", t.length(), t.limit);
    let y = w.y;
    let end = w.area.right().saturating_sub(3);
    let button = format!("[ {} ]", t.button);
    let slot = if t.is_ready() { Slot::Head } else { Slot::Dim };
    let from = canvas.right(end, y + 1, 40, &button, slot);
    if t.go {
        canvas.put(from.saturating_sub(1), y + 1, 1, "▸", Slot::Accent);
        canvas.reverse(from, y + 1, end - from, slot);
    }
    canvas.put(w.area.x + 2, y, w.area.width.saturating_sub(4), &used, Slot::Dim);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Text {
        Text::new(About::Note, "NOTE".into(), Vec::new(), "Write it", 40, "")
    }

    fn press(t: &mut Text, code: KeyCode, with: KeyModifiers) {
        t.edit(&KeyEvent::new(code, with));
    }

    fn typed(t: &mut Text, text: &str) {
        text.chars().for_each(|c| press(t, KeyCode::Char(c), KeyModifiers::NONE));
    }

    #[test]
    fn enter_is_a_new_line_and_words_are_jumped_and_taken_back() {
        let mut t = text();
        typed(&mut t, "one two");
        press(&mut t, KeyCode::Left, KeyModifiers::CONTROL);
        typed(&mut t, "and ");
        press(&mut t, KeyCode::End, KeyModifiers::NONE);
        press(&mut t, KeyCode::Enter, KeyModifiers::NONE);
        typed(&mut t, "three four");
        assert_eq!(t.text(), "one and two\nthree four");
        press(&mut t, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(t.text(), "one and two\nthree");
        t.undo(false);
        assert_eq!(t.text(), "one and two\nthree four");
        t.undo(true);
        assert_eq!(t.text(), "one and two\nthree");
    }

    #[test]
    fn what_is_pasted_keeps_its_lines_loses_its_controls_and_fits() {
        let mut t = text();
        t.paste("a\r\nb\u{1b}[31m\u{7}c\rd");
        assert_eq!(t.text(), "a\nbc\nd");
        t.paste(&"x".repeat(500));
        assert_eq!(t.length(), 40);
        typed(&mut t, "y");
        assert_eq!(t.length(), 40);
    }

    #[test]
    fn the_button_is_reached_with_a_text_and_lost_when_it_changes() {
        let mut t = text();
        t.tab();
        assert!(!t.on_go());
        typed(&mut t, " \n");
        t.tab();
        assert!(!t.on_go(), "blanks are no text");
        typed(&mut t, "a");
        t.tab();
        assert!(t.on_go());
        typed(&mut t, "b");
        assert!(!t.on_go());
    }

    #[test]
    fn rows_are_as_wide_as_they_may_be_and_the_cursor_is_in_one_of_them() {
        let mut t = text();
        typed(&mut t, "abcdef日本g");
        let (rows, cursor) = t.rows(4);
        assert_eq!(rows, ["abcd", "ef日", "本g"]);
        assert_eq!(cursor, (2, 3));
        typed(&mut t, "h");
        let (rows, cursor) = t.rows(4);
        assert_eq!((rows.last().map(String::as_str), cursor), (Some(""), (3, 0)), "{rows:?}");
    }
}
