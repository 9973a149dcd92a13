//! Frames counted in bytes, and shown on an emulated terminal.

use super::*;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

fn terminal(width: u16, height: u16) -> Terminal<Terse<Vec<u8>>> {
    Terminal::new(Terse::new(Vec::new(), Size::new(width, height), true)).unwrap()
}

/// Draws and returns the bytes of that frame, of all its parts where it is too large for one.
fn frame(terminal: &mut Terminal<Terse<Vec<u8>>>, draw: impl Fn(&mut Buffer)) -> Vec<u8> {
    terminal.backend_mut().out.clear();
    terminal.draw(|f| draw(f.buffer_mut())).unwrap();
    while terminal.backend().owes() {
        let before = terminal.backend().out.len();
        terminal.draw(|f| draw(f.buffer_mut())).unwrap();
        assert!(terminal.backend().out.len() > before, "each part brings something");
    }
    terminal.backend().out.clone()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\x1b', "^")
}

const RED: Style = Style::new().fg(Color::Rgb(163, 38, 29));

#[test]
fn nothing_changed_is_nothing_written() {
    let mut t = terminal(80, 24);
    let draw = |b: &mut Buffer| {
        b.set_string(3, 3, "hello", RED);
    };
    assert!(!frame(&mut t, draw).is_empty());
    assert!(frame(&mut t, draw).is_empty());
    assert_eq!(t.backend().written(), 0);
    assert!(frame(&mut terminal(80, 24), |_| {}).is_empty(), "an empty first frame too");
}

#[test]
fn one_changed_cell_costs_at_most_thirty_bytes() {
    let mut t = terminal(200, 60);
    frame(&mut t, |b| {
        b.set_string(0, 0, "x", RED);
    });
    let same_look = frame(&mut t, |b| {
        b.set_string(0, 0, "x", RED);
        b.set_string(150, 50, "⣿", RED);
    });
    assert_eq!(text(&same_look), "^[51;151H⣿^[5n");
    assert_eq!(same_look.len(), 16);
    let other = frame(&mut t, |b| {
        b.set_string(0, 0, "x", RED);
        b.set_string(150, 50, "⣿", Style::new().fg(Color::Indexed(117)));
    });
    assert!(other.len() <= 30, "{} bytes: {}", other.len(), text(&other));
}

#[test]
fn of_a_large_frame_the_verdict_the_keys_and_the_words_come_first() {
    let mut t = terminal(200, 60);
    let draw = |b: &mut Buffer| {
        for y in 0..60 {
            b.set_string(0, y, "─".repeat(150), RED);
            b.set_string(150, y, format!("row{y}."), Style::new());
        }
    };
    t.draw(|f| draw(f.buffer_mut())).unwrap();
    let first = text(&t.backend().out);
    assert!(first.len() < LARGE + 700 && t.backend().owes(), "{} bytes", first.len());
    let place = |what: &str| first.find(what).unwrap_or_else(|| panic!("{what} is not in {first}"));
    assert!(first.starts_with("^[?2026h^[1;151Hrow0."), "the first row is the first: {first}");
    assert!(place("row1.") < place("row59.") && place("row59.") < place("row2."));
    assert!(place("row58.") < place("─"), "lines come last");
    let rest = text(&frame(&mut t, draw));
    assert!(!rest.contains("row58.") && rest.contains("─"));
}

#[test]
fn every_frame_ends_with_the_question_that_acknowledges_it() {
    let mut t = terminal(200, 60);
    let small = frame(&mut t, |b| {
        b.set_string(0, 0, "x", RED);
    });
    assert!(small.ends_with(b"\x1b[5n") && !small.starts_with(b"\x1b[?2026h"));
    let large = frame(&mut t, |b| {
        b.content.iter_mut().take(2_000).for_each(|c| {
            c.set_symbol("y");
        })
    });
    assert!(large.ends_with(b"\x1b[?2026l\x1b[5n") && large.starts_with(b"\x1b[?2026h"));
}

#[test]
fn what_is_adjacent_needs_no_move_and_what_is_alike_no_colour() {
    let mut t = terminal(80, 24);
    let bytes = frame(&mut t, |b| {
        b.set_string(5, 2, "abc", RED);
        b.set_string(5, 3, "d", RED);
    });
    assert_eq!(text(&bytes), "^[3;6H^[38;2;163;38;29mabc^[4;6Hd^[5n");
    let bytes = frame(&mut t, |b| {
        b.set_string(5, 2, "abx", RED);
        b.set_string(20, 2, "y", RED);
        b.set_string(0, 3, "z", RED);
        b.set_string(5, 3, "d", RED);
    });
    // From the row of the last cell: by columns that is shorter.
    assert_eq!(text(&bytes), "\rz^[3;8Hx^[21Gy^[5n");
    let bytes = frame(&mut t, |b| {
        b.set_string(10, 15, "a", RED);
        b.set_string(0, 16, "b", RED);
    });
    assert!(text(&bytes).contains("^[16;11Ha\r\nb"), "{}", text(&bytes));
    let bytes = frame(&mut t, |b| (10..13).for_each(|y| b.set_string(7, y, "|", RED)));
    assert!(text(&bytes).contains("^[11;8H|\n\u{8}|\n\u{8}|"), "{}", text(&bytes));
}

#[test]
fn a_painted_ground_is_erased_and_not_written() {
    let ground = Style::new().bg(Color::Rgb(17, 21, 27));
    let mut t = terminal(200, 60);
    let bytes = frame(&mut t, |b| {
        b.set_style(b.area, ground);
        b.set_string(0, 30, "verdict", RED);
    });
    assert!(bytes.len() < 450, "{}", bytes.len());
    let mut t = Terminal::new(Terse::new(Vec::new(), Size::new(200, 60), false)).unwrap();
    let bytes = frame(&mut t, |b| b.set_style(b.area, ground));
    assert!(bytes.len() > 12_000, "a terminal that does not erase with the background gets it written");
}

#[test]
fn the_cursor_is_shown_where_a_field_is_and_said_once() {
    let mut t = terminal(80, 24);
    let draw = |t: &mut Terminal<Terse<Vec<u8>>>, x: u16| {
        t.backend_mut().out.clear();
        t.draw(|f| {
            f.buffer_mut().set_string(0, 0, "name", Style::new());
            f.set_cursor_position((x, 0));
        })
        .unwrap();
        text(&t.backend().out)
    };
    assert_eq!(draw(&mut t, 4), "^[Hname^[?25h^[5n");
    assert_eq!(draw(&mut t, 4), "");
    assert_eq!(draw(&mut t, 6), "^[7G^[5n");
    assert_eq!(
        text(&frame(&mut t, |b| {
            b.set_string(0, 0, "name", Style::new());
        })),
        "^[?25l^[5n"
    );
}

#[test]
fn a_repaint_to_the_same_size_is_a_full_one_and_asks_nothing_else() {
    let mut t = terminal(40, 5);
    let draw = |b: &mut Buffer| {
        b.set_string(0, 0, "all of it", RED);
    };
    frame(&mut t, draw);
    t.backend_mut().forget();
    t.resize(Rect::new(0, 0, 40, 5)).unwrap();
    let bytes = text(&frame(&mut t, draw));
    assert!(bytes.contains("^[2J") && bytes.contains("all of it"), "{bytes}");
    assert!(!bytes.contains("^[6n"));
}

/// What a terminal shows: its text and each cell's look.
fn seen(
    screen: &vt100::Screen,
    width: u16,
    height: u16,
) -> Vec<(String, vt100::Color, vt100::Color, bool, bool)> {
    let mut out = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let c = screen.cell(y, x).unwrap();
            let symbol = if c.has_contents() { c.contents() } else { " " };
            // The text colour of a blank cell does not show.
            let fg = if symbol == " " && !c.inverse() { vt100::Color::Default } else { c.fgcolor() };
            let bold = c.bold() && symbol != " ";
            out.push((symbol.to_string(), fg, c.bgcolor(), bold, c.inverse()));
        }
    }
    out
}

fn vt(color: Color) -> vt100::Color {
    match color {
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Indexed(i) => vt100::Color::Idx(i),
        _ => vt100::Color::Default,
    }
}

fn wanted(buffer: &Buffer) -> Vec<(String, vt100::Color, vt100::Color, bool, bool)> {
    buffer
        .content
        .iter()
        .map(|c| {
            let (bold, inverse) =
                (c.modifier.contains(Modifier::BOLD), c.modifier.contains(Modifier::REVERSED));
            let blank = c.symbol() == " ";
            let fg = if blank && !inverse { vt100::Color::Default } else { vt(c.fg) };
            (c.symbol().to_string(), fg, vt(c.bg), bold && !blank, inverse)
        })
        .collect()
}

fn any_style() -> impl Strategy<Value = Style> {
    let color = proptest::sample::select(vec![
        Color::Reset,
        Color::Indexed(1),
        Color::Indexed(9),
        Color::Indexed(200),
        Color::Rgb(1, 2, 3),
    ]);
    let with = proptest::sample::select(vec![
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::REVERSED,
        Modifier::BOLD | Modifier::REVERSED,
    ]);
    (color.clone(), color, with).prop_map(|(fg, bg, with)| Style::new().fg(fg).bg(bg).add_modifier(with))
}

type Stroke = (u16, u16, String, Style);

fn stroke() -> impl Strategy<Value = Stroke> {
    (0u16..30, 0u16..6, "[a-z█▁ ]{1,24}", any_style())
}

proptest! {
    /// Whatever the sequence of frames, a terminal shows what was drawn.
    #[test]
    fn the_terminal_shows_what_was_drawn(
        erases in any::<bool>(),
        large in proptest::sample::select(vec![40usize, 200, LARGE]),
        frames in proptest::collection::vec((any_style(), proptest::collection::vec(stroke(), 0..12), any::<bool>()), 1..6),
    ) {
        let (width, height) = (30, 6);
        let mut t = Terminal::new(Terse::new(Vec::new(), Size::new(width, height), erases)).unwrap();
        t.backend_mut().large = large;
        let mut screen = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        for (ground, strokes, cut) in frames {
            let paint = |b: &mut Buffer| {
                b.set_style(b.area, ground);
                for (x, y, text, style) in &strokes {
                    b.set_string(*x, *y, text, *style);
                }
            };
            let mut drawn = Buffer::empty(Rect::new(0, 0, width, height));
            paint(&mut drawn);
            let bytes = if cut {
                // The next picture comes before all of this one was written.
                t.backend_mut().out.clear();
                t.draw(|f| paint(f.buffer_mut())).unwrap();
                let part = t.backend().out.clone();
                screen.process(&part);
                continue;
            } else {
                frame(&mut t, paint)
            };
            screen.process(&bytes);
            let (seen, wanted) = (seen(screen.screen(), width, height), wanted(&drawn));
            let first = seen.iter().zip(&wanted).position(|(s, w)| s != w);
            prop_assert_eq!(first.map(|at| (at, &seen[at], &wanted[at])), None, "{}", text(&bytes));
        }
    }
}

/// The same frames by ratatui's own backend, to see what ours is worth.
fn by_crossterm(frames: &[Buffer]) -> Vec<usize> {
    let area = frames[0].area;
    let mut shown = Buffer::empty(area);
    let mut out = Vec::new();
    for frame in frames {
        let mut bytes = Vec::new();
        let mut backend = ratatui::backend::CrosstermBackend::new(&mut bytes);
        backend.draw(shown.diff(frame).into_iter()).unwrap();
        ratatui::backend::Backend::flush(&mut backend).unwrap();
        out.push(bytes.len());
        shown = frame.clone();
    }
    out
}

#[test]
fn the_overview_costs_little_more_than_half_and_a_second_of_its_clock_thirty_bytes() {
    use crate::session::view::View;
    use crate::tui::tests::{self as drawn, ui};
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let view = drawn::fire();
        let frames = [0, 1_000, 2_000].map(|ms| {
            let later = View { now: view.now.plus(ms), ..view.clone() };
            drawn::frame((width, height), &ui(), &later)
        });
        let mut t = terminal(width, height);
        let ours: Vec<usize> =
            frames.iter().map(|f| frame(&mut t, |b| b.content.clone_from(&f.content)).len()).collect();
        let theirs = by_crossterm(&frames);
        assert!(ours[0] * 10 <= theirs[0] * 6, "{width}x{height}: {ours:?} against {theirs:?}");
        assert!(ours[2] <= 30, "{width}x{height}: a second later {ours:?}");
    }
}

/// A link on row `y`.
fn linked(b: &mut Buffer, y: u16, text: &str, url: &str) {
    b.set_string(1, y, text, Style::new().underline_color(osc::mark(url)));
}

#[test]
fn a_link_stands_around_its_cells_and_nowhere_else() {
    let (one, two) = ("https://a/1", "https://a/2");
    let mut t = terminal(40, 4);
    t.backend_mut().set_links([one, two, "javascript:x"].into_iter());
    let bytes = frame(&mut t, |b| {
        linked(b, 0, "first one", one);
        b.set_string(11, 0, "x", Style::new());
        linked(b, 1, "more", two);
        linked(b, 2, "bad", "javascript:x");
    });
    assert_eq!(
        text(&bytes),
        "^]8;;https://a/1^\\^[1;2Hfirst one^]8;;^\\ x^]8;;https://a/2^\\^[2;2Hmore^]8;;^\\^[3;2Hbad^[5n"
    );
    let same = |b: &mut Buffer| {
        linked(b, 0, "first one", one);
        b.set_string(11, 0, "x", Style::new());
        linked(b, 1, "more", two);
        linked(b, 2, "bad", "javascript:x");
    };
    assert!(frame(&mut t, same).is_empty(), "nothing changed");
    // The same letters that lead elsewhere are written anew; what is left open is closed at the frame's end.
    let bytes = frame(&mut t, |b| {
        linked(b, 0, "first one", one);
        b.set_string(11, 0, "x", Style::new());
        linked(b, 1, "more", one);
        linked(b, 2, "bad", "javascript:x");
    });
    assert_eq!(text(&bytes), "^]8;;https://a/1^\\^[2;2Hmore^]8;;^\\^[5n");
    let bytes = frame(&mut t, |b| b.reset());
    assert!(!text(&bytes).contains("]8;"), "erasing leads nowhere: {}", text(&bytes));
}

#[test]
fn what_is_said_beside_the_frames_leaves_them_as_they_are() {
    let mut t = terminal(10, 2);
    frame(&mut t, |b| {
        b.set_string(0, 0, "x", RED);
    });
    t.backend_mut().out.clear();
    t.backend_mut().say(b"\x1b]52;c;eA==\x1b\\").unwrap();
    assert_eq!(text(&t.backend().out), "^]52;c;eA==^\\");
    assert!(
        frame(&mut t, |b| {
            b.set_string(0, 0, "x", RED);
        })
        .is_empty()
    );
}
