//! What the terminal shows, as far as it is known: so that a row can be blanked and what stays be written again.

use super::{Cells, ON_BLANK};
use ratatui::buffer::Cell;
use ratatui::layout::Size;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

/// About what blanking the rest of a row costs: the way there, the ground, the erasing.
const WIPE: usize = 12;
/// About what the way to a run of blanks costs, and at most the run itself; what a new look costs.
const RUN: usize = 5;
const LOOK: usize = 10;

/// Cells of the screen, row by row; empty while nothing is known of it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    cells: Vec<Cell>,
    width: u16,
}

/// A row whose rest is to be blanked.
#[derive(Debug)]
pub(super) struct Wipe {
    /// From here on.
    pub(super) x: u16,
    /// In this ground.
    pub(super) bg: Color,
    /// What stood there and stays.
    pub(super) stays: Vec<(u16, Cell)>,
}

/// Whether nothing but the ground shows of a cell.
pub(super) fn is_bare(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(ON_BLANK)
}

impl Shown {
    /// Nothing is known any more.
    pub(super) fn forget(&mut self) {
        self.cells.clear();
    }

    /// All of it is blank.
    pub(super) fn blank(&mut self, size: Size, bg: Color) {
        let cell = ground(bg);
        self.cells.clear();
        self.cells.resize(usize::from(size.width) * usize::from(size.height), cell);
        self.width = size.width;
    }

    /// What stands at a place.
    pub(super) fn get(&self, x: u16, y: u16) -> Option<&Cell> {
        (x < self.width).then(|| self.cells.get(usize::from(y) * usize::from(self.width) + usize::from(x)))?
    }

    /// A cell was written.
    pub(super) fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        if x < self.width
            && let Some(there) = self.cells.get_mut(usize::from(y) * usize::from(self.width) + usize::from(x))
        {
            there.clone_from(cell);
        }
    }

    /// The rest of a row was blanked.
    pub(super) fn wipe(&mut self, x: u16, y: u16, bg: Color) {
        (x..self.width).for_each(|x| self.put(x, y, &ground(bg)));
    }

    /// What stands where these cells come.
    pub(super) fn below(&self, cells: &Cells) -> Vec<((u16, u16), Cell)> {
        cells.iter().filter_map(|&((y, x), _)| Some(((y, x), self.get(x, y)?.clone()))).collect()
    }

    /// Rows that are better blanked before these cells are written.
    pub(super) fn wipes(&self, owed: &Cells) -> Vec<(u16, Wipe)> {
        owed.chunk_by(|a, b| a.0.0 == b.0.0).filter_map(|row| self.wipe_of(row)).collect()
    }

    fn wipe_of(&self, row: &[((u16, u16), Cell)]) -> Option<(u16, Wipe)> {
        let (y, x, bg) = row.iter().find(|(_, c)| is_bare(c)).map(|(at, c)| (at.0, at.1, c.bg))?;
        let blank = |cell: &Cell| is_bare(cell) && cell.bg == bg;
        let blanks: Vec<u16> = row.iter().filter(|(_, c)| blank(c)).map(|(at, _)| at.1).collect();
        let saved: usize = blanks.chunk_by(|a, b| a + 1 == *b).map(|run| RUN + run.len().min(RUN)).sum();
        let mut stays: Vec<(u16, Cell)> = Vec::new();
        let mut costs = WIPE;
        // The other half of a wide character belongs to it.
        let mut wide = x > 0 && self.get(x - 1, y)?.symbol().width() > 1;
        for at in x..self.width {
            let there = self.get(at, y)?;
            let changes = row.binary_search_by_key(&at, |(place, _)| place.1).is_ok();
            if !changes && !wide && !blank(there) {
                let alike = stays.last().is_some_and(|(l, c)| l + 1 == at && c.style() == there.style());
                costs += there.symbol().len() + if alike { 0 } else { LOOK };
                stays.push((at, there.clone()));
            }
            wide = there.symbol().width() > 1;
        }
        (saved > costs).then_some((y, Wipe { x, bg, stays }))
    }
}

fn ground(bg: Color) -> Cell {
    let mut cell = Cell::default();
    cell.bg = bg;
    cell
}
