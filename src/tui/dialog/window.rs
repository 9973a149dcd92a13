//! The frame of a dialog, and rows inside it. The banner, the verdict and its clocks are never covered.

use super::Form;
use crate::tui::canvas::Canvas;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// A dialog's inside, drawn from the top down.
pub struct Window {
    /// The frame.
    pub area: Rect,
    /// The next free row.
    pub y: u16,
    /// Rows at the bottom that are kept free.
    pub kept: u16,
}

impl Window {
    /// Clears a frame of `width` × `height` in the middle of `body` and draws it.
    pub fn open(canvas: &mut Canvas<'_>, body: Rect, width: u16, height: u16, title: &str) -> Window {
        let width = width.min(body.width.saturating_sub(2));
        let height = height.min(body.height);
        let x = body.x + (body.width - width) / 2;
        let y = body.y + (body.height - height) / 3;
        let area = Rect { x, y, width, height };
        // A dialog stands alone on its rows, unless there is room for something whole beside it.
        canvas.clear(if body.width - width < 60 {
            Rect { x: body.x, width: body.width, ..area }
        } else {
            area
        });
        if width < 4 || height < 3 {
            return Window { area, y, kept: 0 };
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        // What says that nothing is real must be read; a line need not.
        let (edge, ink) = if canvas.simulated.is_some() { ("/", Slot::Dim) } else { ("│", Slot::Rule) };
        for row in y..=bottom {
            canvas.put(x, row, 1, edge, ink);
            canvas.put(right, row, 1, edge, ink);
        }
        if canvas.simulated.is_some() {
            canvas.fill(x, y, width, '/', Slot::Dim);
            canvas.fill(x, bottom, width, '/', Slot::Dim);
        } else {
            canvas.fill(x, y, width, '─', Slot::Rule);
            across(canvas, area, y, ["┌", "┐"]);
            across(canvas, area, bottom, ["└──", "──┘"]);
        }
        let word = canvas.simulated.map(|word| format!("{word}: ")).unwrap_or_default();
        canvas.put(x + 2, y, width - 4, &format!(" {word}{title} "), Slot::Head);
        Window { area, y: y + 1, kept: 0 }
    }

    /// The first row that is not free.
    pub fn end(&self) -> u16 {
        self.area.bottom().saturating_sub(1 + self.kept)
    }

    /// Rows that are free.
    pub fn left(&self) -> u16 {
        self.end().saturating_sub(self.y)
    }

    /// Goes on in the rows that were kept at the bottom.
    pub fn to_kept(&mut self) {
        self.y = self.y.max(self.end());
        self.kept = 0;
    }

    /// Cells for the text of a fact.
    pub fn room(width: u16) -> usize {
        width.saturating_sub(13) as usize
    }

    /// A new part: a blank row between two ticks.
    pub fn divide(&mut self, canvas: &mut Canvas<'_>) {
        if self.y < self.end() {
            if canvas.simulated.is_none() {
                across(canvas, self.area, self.y, ["├", "┤"]);
            }
            self.y += 1;
        }
    }

    /// A row of text from the `indent`th cell inside.
    pub fn text(&mut self, canvas: &mut Canvas<'_>, indent: u16, text: &str, slot: Slot) {
        if self.y < self.end() {
            let x = self.area.x + 2 + indent;
            canvas.put(x, self.y, (self.area.right() - 2).saturating_sub(x), text, slot);
            self.y += 1;
        }
    }

    /// A label and what it is, on as many rows as that needs.
    pub fn fact(&mut self, canvas: &mut Canvas<'_>, label: &str, text: &str, slot: Slot) {
        let room = Window::room(self.area.width) as u16;
        for (row, line) in wrap(text, room as usize).iter().enumerate() {
            if self.y >= self.end() {
                return;
            }
            if row == 0 {
                canvas.put(self.area.x + 2, self.y, 8, label, Slot::Dim);
            }
            canvas.put(self.area.x + 11, self.y, room, line, slot);
            self.y += 1;
        }
    }

    /// A blank row.
    pub fn gap(&mut self) {
        self.y += 1;
    }

    /// A field of text with its cursor.
    pub fn field(&self, canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, form: &Form) {
        field(canvas, x, y, width, form);
    }

    /// `▸[ Cancel ]     [ Roll back ]`, on the last row inside.
    pub fn buttons(&self, canvas: &mut Canvas<'_>, cancel: &str, go: Option<(&str, bool, bool)>) {
        let y = self.end().saturating_sub(1);
        let mut end = self.area.right().saturating_sub(3);
        let mut cancel_focused = true;
        if let Some((label, focused, ready)) = go {
            cancel_focused = !focused;
            let slot = if ready { Slot::Head } else { Slot::Dim };
            end = button(canvas, end, y, label, focused, slot).saturating_sub(4);
        }
        button(canvas, end, y, cancel, cancel_focused, Slot::Head);
    }
}

/// The ends of a line across; all of it would cost more bytes than what it parts.
fn across(canvas: &mut Canvas<'_>, area: Rect, row: u16, [left, right]: [&str; 2]) {
    canvas.put(area.x, row, 3, left, Slot::Rule);
    canvas.right(area.right(), row, 3, right, Slot::Rule);
}

/// A field of text with its cursor.
pub fn field(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, form: &Form) {
    canvas.fill(x, y, width, ' ', Slot::Bar);
    let chars: Vec<char> = form.text().chars().collect();
    let first = (form.cursor() + 2).saturating_sub(width as usize);
    let upto: String = chars[first.min(chars.len())..form.cursor().min(chars.len())].iter().collect();
    let after: String = chars[form.cursor().min(chars.len())..].iter().collect();
    let at = canvas.put(x, y, width, &upto, Slot::Bar);
    let end = x + width;
    canvas.put(at, y, end.saturating_sub(at), &after, Slot::Bar);
    if at < end {
        canvas.reverse(at, y, 1, Slot::Bar);
    }
}

fn button(canvas: &mut Canvas<'_>, end: u16, y: u16, label: &str, focused: bool, slot: Slot) -> u16 {
    let text = format!("[ {label} ]");
    let at = canvas.right(end, y, 40, &text, slot);
    if focused {
        canvas.put(at.saturating_sub(1), y, 1, "▸", Slot::Accent);
        canvas.reverse(at, y, end - at, slot);
    }
    at
}

/// Breaks text at blanks into rows of at most `width` cells; a word that is longer is cut where it ends.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match rows.last_mut() {
            Some(row) if row.width() + 1 + word.width() <= width => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_string()),
        }
    }
    if rows.is_empty() {
        rows.push(String::new());
    }
    rows
}

/// Cuts text into rows of at most `width` cells, changing nothing in it: what is run is shown as it is.
pub fn chop(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthChar;
    let mut rows = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w > width.max(2) {
            rows.push(String::new());
            used = 0;
        }
        used += w;
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_cut_without_losing_a_blank() {
        let text = "sh -c 'a  b'   日本";
        for width in 2..20 {
            assert_eq!(chop(text, width).concat(), text, "{width}");
        }
    }

    #[test]
    fn words_are_wrapped_and_never_lost() {
        assert_eq!(wrap("one two  three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("immeasurable", 4), ["immeasurable"], "the canvas cuts it, with a mark");
    }
}
