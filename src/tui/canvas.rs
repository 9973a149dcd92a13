//! The one place where cells are written: clips, cleans text from outside and speaks the terminal's glyphs.

use super::glyphs::Glyphs;
use super::term::osc;
use super::theme::{Slot, Theme};
use crate::model::text::clean_line;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A stretch of text in one meaning.
pub type Span<'a> = (&'a str, Slot);

/// What the panels draw on. Nothing outside the buffer is ever written, whatever is asked.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    glyphs: &'a Glyphs,
    /// What nothing here being real is called; none: it is real.
    pub simulated: Option<&'static str>,
}

impl<'a> Canvas<'a> {
    /// A canvas over a whole buffer.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, glyphs: &'a Glyphs) -> Self {
        Canvas { buffer, theme, glyphs, simulated: None }
    }

    /// All of it.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// The style of a meaning.
    pub fn style(&self, slot: Slot) -> Style {
        self.theme.style(slot)
    }

    /// The style of text in a meaning: what must be seen first is bold, in every theme.
    fn ink(&self, slot: Slot) -> Style {
        match slot {
            Slot::Head | Slot::Key | Slot::Critical | Slot::Pending => {
                self.style(slot).add_modifier(Modifier::BOLD)
            }
            Slot::EnvDanger | Slot::EnvCaution | Slot::EnvCalm | Slot::Drill => {
                self.style(slot).add_modifier(Modifier::BOLD)
            }
            _ => self.style(slot),
        }
    }

    /// Writes `text` from (`x`, `y`) in at most `width` cells, cut with `…`. Returns the cell after it.
    pub fn put(&mut self, x: u16, y: u16, width: u16, text: &str, slot: Slot) -> u16 {
        let style = self.ink(slot);
        let text = self.spell(text);
        self.write(x, y, width, &text, style)
    }

    /// Writes stretches one after the other, in at most `width` cells together.
    pub fn spans(&mut self, x: u16, y: u16, width: u16, spans: &[Span<'_>]) -> u16 {
        let end = x.saturating_add(width);
        let mut at = x;
        for (text, slot) in spans {
            if at >= end {
                break;
            }
            at = self.put(at, y, end - at, text, *slot);
        }
        at
    }

    /// Writes a text that leads to an address, where the terminal can open one.
    pub fn link(&mut self, x: u16, y: u16, width: u16, (text, url): (&str, &str), slot: Slot) -> u16 {
        let end = self.put(x, y, width, text, slot);
        if osc::address(url).is_some() {
            for x in x..end {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.modifier.insert(Modifier::UNDERLINED);
                    cell.underline_color = osc::mark(url);
                }
            }
        }
        end
    }

    /// Writes `text` so that it ends before `end`, in at most `width` cells. Returns where it begins.
    pub fn right(&mut self, end: u16, y: u16, width: u16, text: &str, slot: Slot) -> u16 {
        let spelled = self.spell(text);
        let w = (spelled.width() as u16).min(width).min(end);
        let style = self.ink(slot);
        self.write(end - w, y, w, &spelled, style);
        end - w
    }

    /// Cells that `text` takes on this terminal.
    pub fn width_of(&self, text: &str) -> u16 {
        self.spell(text).width().min(u16::MAX as usize) as u16
    }

    /// Gives cells a meaning's style without changing what stands there.
    pub fn tint(&mut self, x: u16, y: u16, width: u16, slot: Slot) {
        let style = self.style(slot);
        self.buffer.set_style(Rect { x, y, width, height: 1 }, style);
    }

    /// Reverses cells in a meaning's colour, whatever stands there.
    pub fn reverse(&mut self, x: u16, y: u16, width: u16, slot: Slot) {
        let style = self.style(slot).add_modifier(Modifier::REVERSED);
        self.buffer.set_style(Rect { x, y, width, height: 1 }, style);
    }

    /// Fills cells of one row with one character.
    pub fn fill(&mut self, x: u16, y: u16, width: u16, c: char, slot: Slot) {
        let mut one = [0; 4];
        let symbol: &str = match self.glyphs.instead(c) {
            Some(other) => other,
            None => c.encode_utf8(&mut one),
        };
        let style = self.style(slot);
        for cell in x..x.saturating_add(width) {
            if let Some(cell) = self.buffer.cell_mut((cell, y)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }

    /// Empties a rectangle down to the theme's ground; no colour or attribute of what was there stays.
    pub fn clear(&mut self, area: Rect) {
        let ground = self.style(Slot::Bg);
        for at in area.intersection(self.buffer.area).positions() {
            if let Some(cell) = self.buffer.cell_mut(at) {
                cell.reset();
                cell.set_style(ground);
            }
        }
    }

    /// A section's line: `── Title ───── note ──`, with `▸` when it has the focus.
    pub fn rule(&mut self, x: u16, y: u16, width: u16, title: &str, note: &str, focus: bool) {
        self.fill(x, y, width, '─', Slot::Rule);
        let end = x.saturating_add(width);
        let at = if focus {
            self.put(x + 1, y, width.saturating_sub(1), "▸", Slot::Accent)
        } else {
            self.put(x + 2, y, width.saturating_sub(2), " ", Slot::Rule)
        };
        let at = self.put(at, y, end.saturating_sub(at), title, Slot::Head);
        let at = self.put(at, y, end.saturating_sub(at), " ", Slot::Rule);
        let room = end.saturating_sub(at).saturating_sub(4);
        if !note.is_empty() && room >= 4 {
            self.right(end.saturating_sub(2), y, room, &format!(" {note} "), Slot::Dim);
        }
    }

    /// A bar of `width` cells filled by a share from 0 to 1.
    pub fn bar(&mut self, x: u16, y: u16, width: u16, share: f64, slot: Slot) {
        let full = (share.clamp(0.0, 1.0) * f64::from(width)).round() as u16;
        self.fill(x, y, full, '█', slot);
        self.fill(x.saturating_add(full), y, width - full, '░', Slot::Dim);
    }

    /// The same text in what the terminal can show, without anything that could move the cursor or hide.
    fn spell(&self, text: &str) -> String {
        let text =
            if text.bytes().all(|b| (0x20..0x7f).contains(&b)) { text.to_string() } else { clean_line(text) };
        if *self.glyphs == Glyphs::Unicode {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            // `»!` has two cells, and the `!` is what matters.
            if c == '»' && chars.peek() == Some(&'!') && self.glyphs.instead(c).is_some() {
                out.push('>');
                continue;
            }
            match self.glyphs.instead(c) {
                Some(other) => {
                    out.push_str(other);
                    // A mark has two cells: what replaces it takes the blank that fills them.
                    let mut ahead = chars.clone();
                    if other.len() == 2
                        && ahead.next() == Some(' ')
                        && matches!(ahead.next(), None | Some(' '))
                    {
                        chars.next();
                    }
                }
                None => out.push(c),
            }
        }
        out
    }

    fn write(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() || width == 0 {
            return x;
        }
        let width = width.min(area.right() - x);
        if text.width() <= width as usize {
            return self.buffer.set_stringn(x, y, text, width as usize, style).0;
        }
        let mut kept = 0;
        let mut end = 0;
        for (at, g) in text.grapheme_indices(true) {
            if kept + g.width() + 1 > width as usize {
                break;
            }
            kept += g.width();
            end = at + g.len();
        }
        let more = self.glyphs.instead('…').unwrap_or("…");
        let (at, _) = self.buffer.set_stringn(x, y, &text[..end], kept, style);
        self.buffer.set_stringn(at, y, more, 1, style).0
    }
}
