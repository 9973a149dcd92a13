//! Anything by name: all there is to open or do, found by letters in their order. Nothing starts from here.

use super::Form;
use super::window::{Window, field};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Slot;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::Rect;

/// What Enter does to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// What its key does there.
    Act(Context, Action),
    /// Opens the confirmation of a procedure.
    Procedure(String),
    /// What the key of a flag or a counter does.
    Manual(char),
    /// Opens a signal.
    Signal(String),
    /// Goes to an item of a checklist, from 0.
    Item(String, usize),
    /// Goes to the run.
    Run,
    /// Goes to a log.
    Log(String),
    /// Goes to a guide for trouble.
    Guide(String),
    /// Copies an address.
    Link(String),
    /// Charts show a window, by its place.
    Zoom(usize),
    /// Another theme.
    Theme(&'static str),
}

/// Something that can be opened or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key that does it, as it is written; empty when none does.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Of what kind it is, in one word.
    pub kind: &'static str,
    /// What else is to be known of it.
    pub detail: String,
    /// What Enter does, in words.
    pub says: String,
    /// What Enter does.
    pub does: Does,
}

/// Anything by name.
#[derive(Debug, Clone)]
pub struct Palette {
    /// All there is.
    pub entries: Vec<Entry>,
    /// What is found, the best first: places in `entries`.
    pub found: Vec<usize>,
    /// The row at the cursor, among those that are found.
    pub at: usize,
    /// What is looked for.
    pub form: Form,
}

impl Palette {
    /// All of it, before anything is typed.
    pub fn new(entries: Vec<Entry>) -> Palette {
        let found = (0..entries.len()).collect();
        Palette { entries, found, at: 0, form: Form::default() }
    }

    /// The entry at the cursor.
    pub fn entry(&self) -> Option<&Entry> {
        self.found.get(self.at).and_then(|n| self.entries.get(*n))
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.found.len().saturating_sub(1));
    }

    /// To be called when what is looked for has changed: the best is at the cursor.
    pub fn looked_for(&mut self) {
        self.found = found(&self.entries, self.form.text());
        self.at = 0;
    }
}

/// Places of the entries that hold the letters of each word in their order, the best first. What stands in a name counts
/// for more than what stands beside it.
pub fn found(entries: &[Entry], wanted: &str) -> Vec<usize> {
    let pattern = Pattern::parse(wanted, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
    let mut out: Vec<(u32, usize)> = Vec::new();
    for (at, e) in entries.iter().enumerate() {
        let name = score(&e.name).map(|s| s.saturating_mul(2));
        let all = score(&format!("{} {} {}", e.name, e.kind, e.detail));
        out.extend(name.max(all).map(|s| (s, at)));
    }
    // Equals stay in their order.
    out.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    out.into_iter().map(|(_, at)| at).collect()
}

/// Draws it, below the verdict and its clocks.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, p: &Palette) {
    let height = (13 + body.height.saturating_sub(21) / 2).min(24).min(body.height);
    let top = 4.min(body.height - height);
    let place = Rect { y: body.y + top, height, ..body };
    let mut w = Window::open(canvas, place, 78, height, "Anything");
    let (x, end) = (w.area.x, w.area.right().saturating_sub(1));
    let count = format!("{} of {}", p.found.len(), p.entries.len());
    let from = canvas.put(x + 2, w.y, 2, ": ", Slot::Key);
    let at = canvas.put(x + 56.min(w.area.width.saturating_sub(16)), w.y, 16, &count, Slot::Dim);
    let width = at.saturating_sub(from + count.len() as u16 + 2);
    field(canvas, from, w.y, width, &p.form);
    w.gap();
    w.gap();
    w.kept = 2;
    let room = w.left().max(1) as usize;
    let first = (p.at + 1).saturating_sub(room);
    for (n, at) in p.found.iter().enumerate().skip(first).take(room) {
        let e = &p.entries[*at];
        let on = n == p.at;
        if on {
            canvas.put(x + 2, w.y, 1, "▸", Slot::Accent);
        }
        canvas.put(x + 5, w.y, 5, &e.key, Slot::Key);
        let (kind, detail) = (end.saturating_sub(31), end.saturating_sub(19));
        let slot = if on { Slot::Head } else { Slot::Text };
        canvas.put(x + 11, w.y, kind.saturating_sub(x + 12), &e.name, slot);
        canvas.put(kind, w.y, 10, e.kind, Slot::Dim);
        // Two digits of minutes stand under two digits.
        let detail = detail - u16::from(e.kind == "procedure");
        canvas.put(detail, w.y, (end - 1).saturating_sub(detail), &e.detail, slot);
        w.gap();
    }
    if p.found.is_empty() {
        w.text(canvas, 3, "Nothing has these letters in this order.", Slot::Dim);
    }
    w.to_kept();
    w.divide(canvas);
    if let Some(e) = p.entry() {
        canvas.put(x + 2, w.y, 5, &e.key, Slot::Key);
        let from = x + 2 + if e.key.is_empty() { 0 } else { canvas.width_of(&e.key) + 2 };
        canvas.put(from, w.y, (end - 1).saturating_sub(from), &e.says, Slot::Text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &[(&str, &'static str, &str)]) -> Vec<Entry> {
        let entry = |(name, kind, detail): &(&str, &'static str, &str)| Entry {
            key: String::new(),
            name: (*name).into(),
            kind,
            detail: (*detail).into(),
            says: String::new(),
            does: Does::Run,
        };
        names.iter().map(entry).collect()
    }

    fn names<'e>(entries: &'e [Entry], wanted: &str) -> Vec<&'e str> {
        found(entries, wanted).into_iter().map(|at| entries[at].name.as_str()).collect()
    }

    #[test]
    fn letters_in_their_order_are_found_and_the_nearest_is_first() {
        let all = entries(&[
            ("Error rate", "signal", "critical"),
            ("Configuration rollback…", "procedure", "2 min"),
            ("Größe der Warteschlange", "signal", "ok"),
            ("Binary rollback…", "procedure", "5 min"),
        ]);
        assert_eq!(names(&all, "roll b"), ["Binary rollback…", "Configuration rollback…"]);
        assert_eq!(names(&all, "confrb"), ["Configuration rollback…"]);
        assert_eq!(names(&all, "grö"), ["Größe der Warteschlange"]);
        assert_eq!(names(&all, "signal cri"), ["Error rate"], "kind and detail are looked at too");
        assert_eq!(names(&all, ""), all.iter().map(|e| e.name.as_str()).collect::<Vec<_>>());
        assert_eq!(names(&all, "zzz"), [""; 0]);
    }

    #[test]
    fn what_stands_in_a_name_is_before_what_stands_beside_it() {
        let all = entries(&[("Dashboard", "link", "https://grafana/memory"), ("Memory", "signal", "1 GB")]);
        assert_eq!(names(&all, "memory"), ["Memory", "Dashboard"]);
    }

    #[test]
    fn the_cursor_stays_inside() {
        let mut p = Palette::new(entries(&[("a", "x", ""), ("b", "x", "")]));
        p.step(9);
        assert_eq!(p.at, 1);
        p.step(-9);
        assert_eq!(p.at, 0);
        p.form.insert("zz");
        p.looked_for();
        p.step(1);
        assert_eq!((p.at, p.entry()), (0, None));
    }
}
