//! The table of runs: no line is wider than a small terminal, whatever an id is like.

use crate::report::length;
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns of the table.
const WIDE: usize = 80;
/// The widest column of ids; a wider one has a line of its own.
const ID: usize = 28;

/// A run or a drill.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// When it was asked for, wall milliseconds.
    pub wall: i64,
    /// How it stands.
    pub state: String,
    /// Milliseconds it took, when it is over.
    pub took: Option<u64>,
    /// Who asked for it.
    pub by: String,
    /// Of what, and what it does.
    pub what: String,
    /// What else is to be known, each on a line of its own.
    pub more: Vec<String>,
}

/// All of them, with a header.
pub fn table(lines: &[Line]) -> String {
    let id = lines.iter().map(|l| l.id.width()).filter(|w| *w <= ID).max().unwrap_or(3).max(3);
    // 16 for the time, 8 for how long it took, 6 between columns; what is left is shared by state and person.
    let left = WIDE - id - 16 - 8 - 6;
    let by = left.saturating_sub(18).max(8);
    let mut out = String::new();
    let head = row("RUN", id, "WHEN (UTC)", "STATE", left - by, "TOOK", "BY", by);
    let _ = writeln!(out, "{head}");
    for l in lines {
        let at = jiff::Timestamp::from_millisecond(l.wall).unwrap_or_default();
        let at = at.strftime("%Y-%m-%d %H:%M").to_string();
        let took = l.took.map_or_else(|| "-".to_owned(), length);
        let name = match l.id.width() <= id {
            true => l.id.as_str(),
            false => {
                let _ = writeln!(out, "{}", l.id);
                ""
            }
        };
        let _ = writeln!(out, "{}", row(name, id, &at, &l.state, left - by, &took, &l.by, by));
        let _ = writeln!(out, "  {}", clip(&l.what, WIDE - 2));
        for more in &l.more {
            let _ = writeln!(out, "  {more}");
        }
    }
    out
}

#[allow(clippy::too_many_arguments)]
fn row(id: &str, w: usize, at: &str, state: &str, sw: usize, took: &str, by: &str, bw: usize) -> String {
    let line = format!("{}  {at:<16}  {}  {took:>6}  {}", fit(id, w), fit(state, sw), clip(by, bw));
    line.trim_end().to_owned()
}

/// A text that takes so many cells.
fn fit(text: &str, wide: usize) -> String {
    let text = clip(text, wide);
    let gap = wide.saturating_sub(text.width());
    text + &" ".repeat(gap)
}

/// A text that takes no more cells.
fn clip(text: &str, wide: usize) -> String {
    if text.width() <= wide {
        return text.to_owned();
    }
    let mut out = String::new();
    for g in text.graphemes(true) {
        if out.width() + g.width() + 1 > wide {
            break;
        }
        out.push_str(g);
    }
    out + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_small_terminal() {
        let line = |id: &str, by: &str, state: &str| Line {
            id: id.into(),
            wall: 1_795_227_247_250,
            state: state.into(),
            took: Some(11_234_000),
            by: by.into(),
            what: format!("shop ▸ production  {}", "Configuration rollback ".repeat(9)),
            more: Vec::new(),
        };
        let wide = "1121-031400-a-very-long-procedure-of-somebody-77ab";
        let lines = [
            line("1121-031400-config-77ab", "ana", "verified"),
            line(wide, "a-person-with-a-very-long-name", "accepted, NOT verified, by a person"),
            line("1121-0314-数据库-1", "二人", "WAITS FOR A PERSON"),
        ];
        for some in [&lines[..], &lines[1..2], &lines[..1]] {
            let text = table(some);
            assert!(text.lines().all(|l| l.width() <= WIDE), "{text}");
        }
        let text = table(&lines);
        assert!(text.lines().any(|l| l == wide), "an id is never cut: {text}");
        assert!(text.contains("2026-11-21 02:14  verified") && text.contains("WAITS FOR A PERSON"), "{text}");
        let at = |needle: &str| text.lines().filter_map(|l| l.find(needle)).collect::<Vec<_>>();
        assert_eq!(at("2026-11-21")[0], at("2026-11-21")[1], "columns stand: {text}");
    }
}
