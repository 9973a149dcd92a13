//! What is looked for on a screen: whether a text holds it, where, and how that is shown.

use super::canvas::Canvas;
use super::theme::Slot;
use std::ops::Range;

/// Whether a text holds what is looked for, whatever the case; everything does while nothing is looked for.
pub fn holds(text: &str, sought: Option<&str>) -> bool {
    sought.is_none_or(|s| !places(text, s).is_empty())
}

/// The bytes of a text where what is looked for stands, whatever the case; they do not overlap.
pub fn places(text: &str, sought: &str) -> Vec<Range<usize>> {
    if sought.is_empty() {
        return Vec::new();
    }
    if text.is_ascii() && sought.is_ascii() {
        return in_ascii(text.as_bytes(), sought.as_bytes());
    }
    // Lower case may have another length than what stands there: each letter keeps its place.
    let small = |text: &str| -> Vec<(char, Range<usize>)> {
        let of = |(at, c): (usize, char)| c.to_lowercase().map(move |l| (l, at..at + c.len_utf8()));
        text.char_indices().flat_map(of).collect()
    };
    let (text, sought) = (small(text), small(sought));
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at + sought.len() <= text.len() {
        let found = &text[at..at + sought.len()];
        if found.iter().zip(&sought).all(|((a, _), (b, _))| a == b) {
            out.push(found[0].1.start..found[found.len() - 1].1.end);
            at += sought.len();
        } else {
            at += 1;
        }
    }
    out
}

fn in_ascii(text: &[u8], sought: &[u8]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at + sought.len() <= text.len() {
        let end = at + sought.len();
        if text[at..end].eq_ignore_ascii_case(sought) {
            out.push(at..end);
            at = end;
        } else {
            at += 1;
        }
    }
    out
}

/// Writes a text as [`Canvas::put`] does, what is looked for in it reversed. Returns the cell after it.
pub fn put(
    canvas: &mut Canvas<'_>,
    (x, y): (u16, u16),
    width: u16,
    text: &str,
    slot: Slot,
    sought: Option<&str>,
) -> u16 {
    let end = canvas.put(x, y, width, text, slot);
    for place in sought.map(|s| places(text, s)).unwrap_or_default() {
        let from = x.saturating_add(canvas.width_of(&text[..place.start]));
        let upto = from.saturating_add(canvas.width_of(&text[place])).min(end);
        canvas.reverse(from, y, upto.saturating_sub(from), Slot::Accent);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::Glyphs;
    use crate::tui::theme::Theme;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Modifier;

    #[test]
    fn it_is_found_whatever_the_case_and_nothing_sought_is_in_everything() {
        assert!(holds("Memory STALE", Some("stale")) && holds("x", None));
        assert!(!holds("Memory", Some("stale")) && !holds("x", Some("")));
        assert_eq!(places("aAa-AA", "aa"), [0..2, 4..6]);
        let text = "Größe İ GRÖSSE größe";
        let found: Vec<&str> = places(text, "GRÖß").into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["Größ", "größ"]);
        assert_eq!(&text[places(text, "i̇")[0].clone()], "İ", "one letter whose small form is two");
    }

    #[test]
    fn the_cells_of_what_is_found_are_reversed_and_no_others() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        let (theme, glyphs) = (Theme::dark(), Glyphs::Unicode);
        let mut canvas = Canvas::new(&mut buffer, &theme, &glyphs);
        put(&mut canvas, (1, 0), 9, "日本 Err and error", Slot::Text, Some("err"));
        let on: Vec<u16> =
            (0..12).filter(|x| buffer[(*x, 0)].modifier.contains(Modifier::REVERSED)).collect();
        assert_eq!(on, [6, 7, 8]);
    }
}
