//! Cells into as few bytes as they need: one write per frame, none when nothing changed.

mod shown;

use super::osc;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use shown::{Shown, is_bare};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Frames longer than this are wrapped in synchronized-update marks; a shorter one arrives in one piece anyway.
const SYNC_FROM: usize = 512;
const SYNC: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");
/// Asks for the reply that acknowledges the frame.
const ASK: &str = "\x1b[5n";
/// Blank runs from this length are erased rather than written.
const ERASE_FROM: u16 = 8;

/// Blank cells from this length on are jumped over where the screen is blank already.
const GAP: usize = 5;
/// A frame of at most so many cells is tried in another order, too: more are written in runs.
const SCATTERED: usize = 4_000;
/// A frame of more bytes is cut between two rows; what is left waits for the next, so that a key is answered between them.
const LARGE: usize = 3_400;

/// Attributes that show on a blank cell.
const ON_BLANK: Modifier =
    Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT).union(Modifier::SLOW_BLINK);

/// How the next character would look. Underline colours are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    with: Modifier,
}

const BARE: Look = Look { fg: Color::Reset, bg: Color::Reset, with: Modifier::empty() };

/// Where the terminal's cursor stands. Without a column after the last cell of a row or a character whose width
/// terminals do not agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    x: Option<u16>,
    y: u16,
}

/// Cells by row and column, in their order.
type Cells = Vec<((u16, u16), Cell)>;

/// Brings cells into their order; of two at one place the later one counts.
fn in_order(cells: &mut Cells) {
    cells.sort_by_key(|(at, _)| *at);
    cells.dedup_by(|later, kept| {
        let one_place = later.0 == kept.0;
        if one_place {
            std::mem::swap(later, kept);
        }
        one_place
    });
}

/// Length of the frame so far; look, place and link of the terminal behind it.
type Stands = (usize, Option<Look>, Option<At>, Option<usize>);

/// What is known of the whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// It shows what was drawn.
    Drawn,
    /// It is blank, as whoever took the terminal left it.
    Blank,
    /// It shows anything, and is to be blanked.
    Foul,
}

/// A backend for ratatui that writes each frame to `W` in one piece.
///
/// It is told its size ([`Terse::set_size`]) and asks the terminal nothing but the acknowledgement.
#[derive(Debug)]
pub struct Terse<W: Write> {
    out: W,
    size: Size,
    /// Whether erasing fills with the current background (`bce`).
    erases: bool,
    frame: Vec<u8>,
    look: Option<Look>,
    at: Option<At>,
    cursor: Option<bool>,
    wanted: Option<Position>,
    visible: bool,
    written: usize,
    /// Addresses that cells may lead to, by what marks such a cell.
    links: Vec<(Color, String)>,
    /// The one that what is written leads to.
    linked: Option<usize>,
    /// Cells that have yet to be written, by row and column.
    owed: Cells,
    /// What the screen shows.
    shown: Shown,
    /// What is known of the screen before the next cell is written.
    ground: Ground,
    /// A frame of more bytes is cut.
    large: usize,
}

impl<W: Write> Terse<W> {
    /// A backend of a size, for a blank screen without a cursor; `erases` when the terminal erases with the current background.
    pub fn new(out: W, size: Size, erases: bool) -> Self {
        Terse {
            out,
            size,
            erases,
            frame: Vec::new(),
            look: Some(BARE),
            at: None,
            cursor: Some(false),
            wanted: None,
            visible: false,
            written: 0,
            links: Vec::new(),
            linked: None,
            owed: Cells::new(),
            shown: Shown::default(),
            ground: Ground::Blank,
            large: LARGE,
        }
    }

    /// Addresses that cells of the next frames may lead to; what is no address of the web leads nowhere.
    pub fn set_links<'a>(&mut self, urls: impl Iterator<Item = &'a str>) {
        self.links.clear();
        self.links.extend(urls.filter_map(|url| Some((osc::mark(url), osc::address(url)?))));
    }

    /// Whether a terminal of this name erases with the current background; GNU screen and unknown ones do not.
    pub fn erases_with_background(term: &str) -> bool {
        ["xterm", "tmux", "linux", "alacritty", "foot", "rxvt", "konsole", "wezterm", "putty", "st-"]
            .iter()
            .any(|t| term.starts_with(t))
    }

    /// The terminal has another size now.
    pub fn set_size(&mut self, size: Size) {
        self.size = size;
        self.shown.forget();
    }

    /// Somebody else wrote to the terminal: nothing is known of its state.
    pub fn forget(&mut self) {
        (self.look, self.at, self.cursor, self.linked) = (None, None, None, None);
        self.frame.clear();
        self.owed.clear();
        self.shown.forget();
    }

    /// Whether cells wait for the next frame, because the last would have been too large.
    pub fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Bytes of the last frame, 0 when it was dropped as empty.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Writes what is no part of a frame and leaves cursor and colours where they are.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes).and_then(|()| self.out.flush())
    }

    /// Where the frames go.
    pub fn out(&self) -> &W {
        &self.out
    }

    fn push(&mut self, text: &str) {
        self.frame.extend_from_slice(text.as_bytes());
    }

    /// Moves the cursor by the shortest way that is safe.
    fn go(&mut self, x: u16, y: u16) {
        let here = self.at.replace(At { x: Some(x), y });
        match here {
            Some(At { x: Some(hx), y: hy }) if (hx, hy) == (x, y) => {}
            Some(At { y: hy, .. }) if hy == y && x == 0 => self.push("\r"),
            Some(At { y: hy, .. }) if hy == y => {
                let column = format!("\x1b[{}G", x + 1);
                match here.and_then(|h| h.x) {
                    Some(hx) if x == hx + 1 => self.push("\x1b[C"),
                    Some(hx) if x > hx && (x - hx).ilog10() < (x + 1).ilog10() => {
                        self.push(&format!("\x1b[{}C", x - hx));
                    }
                    _ => self.push(&column),
                }
            }
            Some(At { y: hy, .. }) if x == 0 && y == hy + 1 => self.push("\r\n"),
            // Straight down from the cell that was written last; raw mode leaves the column as it is.
            Some(At { x: Some(hx), y: hy }) if y == hy + 1 && hx == x + 1 => self.push("\n\x08"),
            _ if x == 0 && y == 0 => self.push("\x1b[H"),
            _ if x == 0 => self.push(&format!("\x1b[{}H", y + 1)),
            _ => self.push(&format!("\x1b[{};{}H", y + 1, x + 1)),
        }
    }

    /// Writes again what stands between the cursor and a place on its row, where that is shorter than a move.
    fn bridge(&mut self, x: u16, y: u16) {
        let (Some(At { x: Some(from), y: row }), Some(look)) = (self.at, self.look) else { return };
        if row != y || from >= x || x - from > 4 || self.linked.is_some() {
            return;
        }
        let mut between = String::new();
        for at in from..x {
            let Some(cell) = self.shown.get(at, y).filter(|c| c.underline_color == Color::Reset) else {
                return;
            };
            let alike = (cell.fg, cell.modifier) == (look.fg, look.with)
                || (is_bare(cell) && !look.with.intersects(ON_BLANK));
            if cell.bg != look.bg
                || !alike
                || cell.symbol().chars().count() != 1
                || cell.symbol().width() != 1
            {
                return;
            }
            between.push_str(cell.symbol());
        }
        if between.len() <= if x - from == 1 { 3 } else { 4 } {
            self.push(&between);
            self.at = Some(At { x: Some(x), y });
        }
    }

    /// Changes what differs, or resets and builds anew, whichever is shorter.
    fn dress(&mut self, to: Look) {
        if self.look == Some(to) {
            return;
        }
        let anew = |mut parameters: Vec<String>, from: Look| {
            for (bit, code) in SET {
                if to.with.contains(bit) && !from.with.contains(bit) {
                    parameters.push(code.to_string());
                }
            }
            if to.fg != from.fg {
                parameters.push(color(to.fg, 30));
            }
            if to.bg != from.bg {
                parameters.push(color(to.bg, 40));
            }
            parameters.join(";")
        };
        // A bare `ESC[m` is a reset, so an empty first parameter is.
        let reset = anew(vec![String::new()], BARE);
        let sgr = match self.look {
            Some(from) => {
                let changed = anew(taken_off(from.with, to.with), from);
                if changed.len() <= reset.len() { changed } else { reset }
            }
            None => reset,
        };
        self.push("\x1b[");
        self.push(&sgr);
        self.push("m");
        self.look = Some(to);
    }

    /// Begins or ends a link, so that what is written next leads where the cell does.
    fn lead(&mut self, cell: &Cell) {
        let to = match cell.underline_color {
            Color::Reset => None,
            mark => self.links.iter().position(|(m, _)| *m == mark),
        };
        if to != self.linked {
            let url = to.and_then(|to| self.links.get(to)).map_or("", |(_, url)| url.as_str());
            let sequence = format!("\x1b]8;;{url}\x1b\\");
            self.push(&sequence);
            self.linked = to;
        }
    }

    /// How a cell must look, keeping what does not show on a blank one.
    fn look_of(&self, cell: &Cell) -> Look {
        let mut look = Look { fg: cell.fg, bg: cell.bg, with: cell.modifier };
        if let Some(now) = self.look
            && cell.symbol() == " "
            && !look.with.intersects(ON_BLANK)
            && !now.with.intersects(ON_BLANK)
        {
            (look.fg, look.with) = (now.fg, now.with);
        }
        look
    }

    fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        let look = self.look_of(cell);
        self.lead(cell);
        self.bridge(x, y);
        self.go(x, y);
        self.dress(look);
        let symbol = cell.symbol();
        self.push(symbol);
        self.shown.put(x, y, cell);
        let mut characters = symbol.chars();
        let sure = characters.next().is_some() && characters.next().is_none() && symbol.width() == 1;
        let next = x + 1;
        self.at = Some(At { x: (sure && next < self.size.width).then_some(next), y });
    }

    /// Blanks the screen, where it has to be, in the ground that most of it has; what then looks as it should need not be
    /// written.
    fn lay_ground(&mut self) {
        let found = std::mem::replace(&mut self.ground, Ground::Drawn);
        if found == Ground::Drawn || (found == Ground::Blank && self.owed.is_empty()) {
            return;
        }
        let mut grounds: Vec<(Color, usize)> = Vec::new();
        for (_, cell) in self.owed.iter().filter(|(_, c)| is_bare(c)) {
            match grounds.iter_mut().find(|(bg, _)| *bg == cell.bg) {
                Some((_, n)) => *n += 1,
                None => grounds.push((cell.bg, 1)),
            }
        }
        let all = usize::from(self.size.width) * usize::from(self.size.height);
        let most = grounds.into_iter().find(|(_, n)| *n > all / 2 && self.erases);
        let bg = most.map_or(Color::Reset, |(bg, _)| bg);
        if bg != Color::Reset && self.owed.len() < all {
            self.owe_the_rest();
        }
        if found == Ground::Foul || bg != Color::Reset {
            self.dress(Look { bg, ..BARE });
            self.push("\x1b[2J");
        }
        self.shown.blank(self.size, bg);
        // A short gap is written: a move costs as much.
        let ground = |cell: &Cell| is_bare(cell) && cell.bg == bg;
        let owed = std::mem::take(&mut self.owed);
        let runs = owed.chunk_by(|(a, one), (b, other)| (a.0, a.1 + 1) == *b && ground(one) && ground(other));
        let gap = |run: &[((u16, u16), Cell)]| run.len() >= GAP && ground(&run[0].1);
        self.owed.extend(runs.filter(|run| !gap(run)).flatten().cloned());
    }

    /// What is not to be drawn has no ground of its own, so it is drawn as it is.
    fn owe_the_rest(&mut self) {
        let mut drawn = std::mem::take(&mut self.owed).into_iter().peekable();
        let mut covered = false;
        for (y, x) in (0..self.size.height).flat_map(|y| (0..self.size.width).map(move |x| (y, x))) {
            match drawn.next_if(|(at, _)| *at == (y, x)) {
                Some((at, cell)) => {
                    covered = cell.symbol().len() > 1 && cell.symbol().width() > 1;
                    self.owed.push((at, cell));
                }
                None if std::mem::take(&mut covered) => {}
                None => self.owed.push(((y, x), Cell::default())),
            }
        }
    }

    /// Cells in their order, blank runs in one piece.
    fn cells<'a>(&mut self, cells: impl Iterator<Item = &'a ((u16, u16), Cell)>) {
        let mut run: Option<(u16, u16, u16, &Cell)> = None;
        for &((y, x), ref cell) in cells {
            if let Some((rx, ry, length, first)) = &mut run {
                let joins = *ry == y && *rx + *length == x && cell.symbol() == " ";
                let text_shows = cell.modifier.intersects(ON_BLANK);
                let alike = cell.bg == first.bg
                    && cell.modifier == first.modifier
                    && cell.underline_color == first.underline_color;
                if joins && alike && (cell.fg == first.fg || !text_shows) {
                    *length += 1;
                    continue;
                }
                let (rx, ry, length, first) = (*rx, *ry, *length, *first);
                self.blank(rx, ry, length, first);
                run = None;
            }
            if cell.symbol() == " " {
                run = Some((x, y, 1, cell));
            } else {
                self.put(x, y, cell);
            }
        }
        if let Some((x, y, length, cell)) = run {
            self.blank(x, y, length, cell);
        }
    }

    /// How far the frame is, and what the terminal looks like there.
    fn stands(&self) -> Stands {
        (self.frame.len(), self.look, self.at, self.linked)
    }

    /// Forgets what was written after that.
    fn back_to(&mut self, (length, look, at, linked): Stands) {
        self.frame.truncate(length);
        (self.look, self.at, self.linked) = (look, at, linked);
    }

    /// Writes cells that were written in their order, look by look instead, where that is shorter: a colour costs more than
    /// a move.
    fn look_by_look(&mut self, owed: &Cells, before: Stands) {
        let (in_order, ended) = (self.frame.split_off(before.0), self.stands());
        self.back_to(before);
        let mut looks = Vec::new();
        let mut last: Option<(usize, (u16, u16), Color)> = None;
        let mut cells = Vec::with_capacity(owed.len());
        for owing @ (at, cell) in owed {
            let look = (cell.fg, cell.bg, cell.modifier, cell.underline_color);
            let bare = is_bare(cell);
            // A blank needs no colour of its own behind what is written anyway.
            let joined = last.filter(|(_, (y, x), bg)| bare && (*y, x + 1) == *at && *bg == cell.bg);
            let group = joined.map(|(group, ..)| group).unwrap_or_else(|| {
                looks.iter().position(|l| *l == look).unwrap_or_else(|| {
                    looks.push(look);
                    looks.len() - 1
                })
            });
            last = Some((group, *at, cell.bg));
            cells.push((group, owing));
        }
        cells.sort_by_key(|(group, ..)| *group);
        for group in cells.chunk_by_mut(|a, b| a.0 == b.0) {
            let start = self.stands();
            self.cells(group.iter().map(|(_, owing)| *owing));
            let (by_rows, ended) = (self.frame.split_off(start.0), self.stands());
            self.back_to(start);
            // The sides of a dialog are drawn from the top down.
            group.sort_by_key(|(_, ((y, x), _))| (*x, *y));
            self.cells(group.iter().map(|(_, owing)| *owing));
            if self.frame.len() - start.0 >= by_rows.len() {
                self.back_to(start);
                self.frame.extend(by_rows);
                (self.look, self.at, self.linked) = (ended.1, ended.2, ended.3);
            }
        }
        if self.frame.len() - before.0 >= in_order.len() {
            self.back_to(before);
            self.frame.extend(in_order);
            (self.look, self.at, self.linked) = (ended.1, ended.2, ended.3);
        }
    }

    /// Blank cells of one look, in a row.
    fn blank(&mut self, x: u16, y: u16, length: u16, cell: &Cell) {
        let look = self.look_of(cell);
        let erasable = !look.with.intersects(ON_BLANK) && (self.erases || look.bg == Color::Reset);
        if length < ERASE_FROM || !erasable {
            for i in 0..length {
                self.put(x + i, y, cell);
            }
            return;
        }
        self.lead(cell);
        self.go(x, y);
        self.dress(look);
        if x + length >= self.size.width {
            self.push("\x1b[K");
        } else {
            self.push(&format!("\x1b[{length}X"));
        }
        (x..x + length).for_each(|x| self.shown.put(x, y, cell));
    }

    /// Blanks rows of which so much is to go that it is shorter to write again what stays.
    fn wipe(&mut self) {
        let mut wipes = self.shown.wipes(&self.owed);
        wipes.retain(|(_, w)| self.erases || w.bg == Color::Reset);
        for (y, wipe) in &wipes {
            self.go(wipe.x, *y);
            let plain = self.look.filter(|l| !l.with.intersects(ON_BLANK)).unwrap_or(BARE);
            self.dress(Look { bg: wipe.bg, ..plain });
            self.push("\x1b[K");
            self.shown.wipe(wipe.x, *y, wipe.bg);
        }
        self.owed.retain(|((y, x), cell)| {
            let wipe = wipes.binary_search_by_key(y, |(row, _)| *row).ok().map(|at| &wipes[at].1);
            wipe.is_none_or(|w| *x < w.x || !is_bare(cell) || cell.bg != w.bg)
        });
        for (y, wipe) in wipes {
            self.owed.extend(wipe.stays.into_iter().map(|(x, cell)| ((y, x), cell)));
        }
        in_order(&mut self.owed);
    }
}

/// Whether a cell is drawn rather than read: part of a line, a box or a chart.
fn is_drawn(cell: &Cell) -> bool {
    cell.symbol().starts_with(|c| ('\u{2500}'..='\u{259f}').contains(&c))
}

const SET: [(Modifier, u8); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// The parameters that take attributes off; bold and dim go together, so the one that stays is set again.
fn taken_off(from: Modifier, to: Modifier) -> Vec<String> {
    let off = from - to;
    let mut parameters = Vec::new();
    let weight = Modifier::BOLD | Modifier::DIM;
    if off.intersects(weight) {
        parameters.push("22".to_string());
        for (bit, code) in &SET[..2] {
            if (from & to).contains(*bit) {
                parameters.push(code.to_string());
            }
        }
    }
    let blink = Modifier::SLOW_BLINK | Modifier::RAPID_BLINK;
    for (bits, code) in [
        (Modifier::ITALIC, "23"),
        (Modifier::UNDERLINED, "24"),
        (blink, "25"),
        (Modifier::REVERSED, "27"),
        (Modifier::HIDDEN, "28"),
        (Modifier::CROSSED_OUT, "29"),
    ] {
        if off.intersects(bits) {
            parameters.push(code.to_string());
        }
    }
    parameters
}

/// The parameter of a colour; `base` is 30 for the text, 40 for the background.
fn color(color: Color, base: u8) -> String {
    let named = |n: u8| if n < 8 { (base + n).to_string() } else { (base + 52 + n).to_string() };
    match color {
        Color::Reset => (base + 9).to_string(),
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => named(8),
        Color::LightRed => named(9),
        Color::LightGreen => named(10),
        Color::LightYellow => named(11),
        Color::LightBlue => named(12),
        Color::LightMagenta => named(13),
        Color::LightCyan => named(14),
        Color::White => named(15),
        Color::Indexed(n @ 0..=15) => named(n),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

impl<W: Write> Backend for Terse<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        if self.ground != Ground::Drawn {
            self.owed.reserve(usize::from(self.size.width) * usize::from(self.size.height));
        }
        self.owed.extend(content.map(|(x, y, cell)| ((y, x), cell.clone())));
        in_order(&mut self.owed);
        self.lay_ground();
        self.wipe();
        let before = self.stands();
        let owed = std::mem::take(&mut self.owed);
        let shown = self.shown.below(&owed);
        self.cells(owed.iter());
        if self.frame.len() <= self.large {
            if owed.len() <= SCATTERED {
                self.look_by_look(&owed, before);
            }
            return Ok(());
        }
        self.back_to(before);
        shown.into_iter().for_each(|((y, x), cell)| self.shown.put(x, y, &cell));
        // What is read comes before what is drawn; banner, verdict and keys come before all.
        let keys = self.size.height.saturating_sub(1);
        let rank = |y: u16, cell: &Cell| (is_drawn(cell), y > 1 && y != keys, y);
        let mut order = owed;
        order.sort_by_key(|((y, _), cell)| rank(*y, cell));
        for row in order.chunk_by(|a, b| rank(a.0.0, &a.1) == rank(b.0.0, &b.1)) {
            if self.frame.len() < self.large {
                self.cells(row.iter());
            } else {
                self.owed.extend(row.iter().cloned());
            }
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.visible = false;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.visible = true;
        Ok(())
    }

    /// Where the program put the cursor; the terminal is not asked.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.wanted.unwrap_or(Position::ORIGIN))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.wanted = Some(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// Clears everything; nothing of ours clears less.
    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        // What was gathered for the old picture goes with it.
        self.frame.clear();
        self.owed.clear();
        self.shown.forget();
        (self.look, self.at, self.linked) = (None, None, None);
        self.ground = Ground::Foul;
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.visible
            && let Some(Position { x, y }) = self.wanted
        {
            self.go(x, y);
        }
        if self.cursor != Some(self.visible)
            && (self.visible || self.cursor.is_some() || !self.frame.is_empty())
        {
            self.push(if self.visible { "\x1b[?25h" } else { "\x1b[?25l" });
            self.cursor = Some(self.visible);
        }
        self.written = 0;
        if self.frame.is_empty() {
            return Ok(());
        }
        if self.linked.take().is_some() {
            self.push("\x1b]8;;\x1b\\");
        }
        if self.frame.len() >= SYNC_FROM {
            self.frame.splice(0..0, SYNC.0.bytes());
            self.push(SYNC.1);
        }
        self.push(ASK);
        self.written = self.frame.len();
        let sent = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.clear();
        sent
    }
}

#[cfg(test)]
mod tests;
