//! Hand-made views, and what the screens make of them.

mod views;

use super::glyphs::Glyphs;
use super::paint::{self, Charts};
use super::theme::Theme;
use super::ui::Ui;
use crate::session::view::View;
use jiff::tz::{TimeZone, offset};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
pub(crate) use views::*;

/// An hour east of UTC, as in the pictures.
pub(crate) fn ui() -> Ui {
    Ui::new(TimeZone::fixed(offset(1)))
}

/// A drawn frame.
pub(crate) fn frame_in(
    theme: &Theme,
    glyphs: &Glyphs,
    size: (u16, u16),
    ui: &Ui,
    view: &View,
    charts: Charts<'_>,
) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|f| paint::draw(f, ui, view, theme, glyphs, charts)).unwrap();
    terminal.backend().buffer().clone()
}

/// A drawn frame in the dark theme, with the view's charts.
pub(crate) fn frame(size: (u16, u16), ui: &Ui, view: &View) -> Buffer {
    frame_in(&Theme::dark(), &Glyphs::Unicode, size, ui, view, &|s, w, n| columns_of(view, s, w, n))
}

/// Its text, a row to a line, each line closed by `|` so that its width can be seen.
pub(crate) fn text(buffer: &Buffer) -> String {
    let Rect { width, height, .. } = buffer.area;
    let mut out = String::new();
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            out.push_str(symbol);
            x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
        }
        out.push_str("|\n");
    }
    out
}

macro_rules! shot {
    ($name:literal, $buffer:expr) => {
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $crate::tui::tests::text(&$buffer));
        });
    };
}

#[test]
fn overview_in_three_sizes() {
    shot!("overview-calm-80x24", frame((80, 24), &ui(), &calm()));
    shot!("overview-fire-80x24", frame((80, 24), &ui(), &fire()));
    shot!("overview-fire-120x40", frame((120, 40), &ui(), &fire()));
    shot!("overview-fire-200x60", frame((200, 60), &ui(), &fire()));
    shot!("overview-calm-120x40", frame((120, 40), &ui(), &calm()));
    shot!("overview-before-data-80x24", frame((80, 24), &ui(), &before_data()));
    shot!("overview-lost-80x24", frame((80, 24), &ui(), &lost()));
}

#[test]
fn too_small_and_smaller() {
    shot!("small-40x10", frame((40, 10), &ui(), &fire()));
    shot!("small-1x1", frame((1, 1), &ui(), &fire()));
    shot!("overview-fire-60x16", frame((60, 16), &ui(), &fire()));
}
