//! A long text that is only read: the whole plan, its changes in files, what a dry run found. Nothing here acts.

use super::window::{Window, chop, wrap};
use crate::run::record::Answer;
use crate::session::view::{DraftView, TriedView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{self, Scene};
use crate::tui::panels::verdict;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The plan that was resolved, every command and every change in a file.
    Plan,
    /// Only its changes in files.
    Diff,
    /// What a dry run found.
    Tried,
}

/// A text that is longer than the screen.
#[derive(Debug, Clone)]
pub struct Read {
    /// What is read.
    pub of: Reading,
    /// First row that is shown; drawing stops at the last.
    pub first: usize,
}

impl Read {
    /// From its beginning.
    pub fn of(of: Reading) -> Read {
        Read { of, first: 0 }
    }
}

/// A row: a mark or number, and how far in the text stands.
struct Row {
    mark: String,
    indent: u16,
    text: String,
    slot: Slot,
}

/// Rows of a text, as wide as there is room for.
struct Page {
    rows: Vec<Row>,
    width: usize,
}

impl Page {
    fn put(&mut self, mark: &str, indent: u16, texts: Vec<String>, slot: Slot) {
        for (at, text) in texts.into_iter().enumerate() {
            let mark = if at == 0 { mark.to_owned() } else { String::new() };
            self.rows.push(Row { mark, indent, text, slot });
        }
    }

    fn words(&mut self, mark: &str, text: &str, slot: Slot) {
        let room = self.width.saturating_sub(6);
        self.put(mark, 6, wrap(text, room), slot);
    }

    /// What is run is shown as it is.
    fn exact(&mut self, text: &str, slot: Slot) {
        let room = self.width.saturating_sub(6);
        self.put("", 6, chop(text, room), slot);
    }

    fn diff(&mut self, lines: &[String]) {
        for line in lines {
            let room = self.width.saturating_sub(8);
            self.put("", 8, chop(line, room), diff_ink(line));
        }
    }

    fn head(&mut self, text: &str) {
        if !self.rows.is_empty() {
            self.put("", 0, vec![String::new()], Slot::Text);
        }
        self.put("", 0, vec![text.to_owned()], Slot::Dim);
    }
}

/// The colour of a line of a diff.
pub fn diff_ink(line: &str) -> Slot {
    match line.chars().next() {
        Some('+') => Slot::Ok,
        Some('-') => Slot::Critical,
        _ => Slot::Dim,
    }
}

/// `Already so? no: the share is 50 %`, in one sentence, and how it is meant.
pub fn already_so(d: &DraftView) -> (String, Slot) {
    let said = |answer: Answer| {
        let of = d.so.iter().filter(move |(_, a, _)| *a == answer);
        of.map(|(label, _, seen)| format!("step {label}: {seen}")).collect::<Vec<_>>().join(" · ")
    };
    let (fails, blind, holds) = (said(Answer::Fails), said(Answer::Blind), said(Answer::Holds));
    if let Some(all) = &d.already {
        return (format!("yes: {all}"), Slot::Pending);
    }
    match (fails.is_empty(), blind.is_empty(), holds.is_empty()) {
        (true, true, true) => ("the playbook does not say how that is seen".into(), Slot::Dim),
        (false, _, true) => (format!("no: {fails}"), Slot::Text),
        (false, _, false) => (format!("in part: {holds}. Not {fails}"), Slot::Text),
        (true, false, _) => (format!("cannot be said: {blind}"), Slot::Unknown),
        (true, true, false) => (format!("in part: {holds}"), Slot::Text),
    }
}

fn plan(page: &mut Page, d: &DraftView) {
    page.words("Where", &d.proof, if d.proved { Slot::Text } else { Slot::Warn });
    if !(d.from.is_empty() && d.to.is_empty()) {
        page.words("From", &d.from, Slot::Text);
        page.words("To", &d.to, Slot::Head);
    }
    let so = already_so(d);
    page.words("Now", &format!("Already so? {}", so.0), so.1);
    for (at, (number, name, line)) in d.steps.iter().enumerate() {
        if let Some((_, title, budget)) = d.phases.iter().find(|(first, ..)| *first == at) {
            let budget = budget.map(|b| format!(", {}", format::short(b))).unwrap_or_default();
            page.head(&format!("{title}{budget}"));
        }
        page.words(number, name, Slot::Text);
        page.exact(line, Slot::Head);
        page.diff(d.diffs.get(number).map_or(&[], Vec::as_slice));
    }
    if !d.notes.is_empty() {
        page.head("To be known");
    }
    for (gravity, text) in &d.notes {
        let (mark, slot) = verdict::gravity(*gravity);
        page.words(mark, text, slot);
    }
}

fn diffs(page: &mut Page, d: &DraftView) {
    for (number, name, line) in d.steps.iter().filter(|(number, ..)| d.diffs.contains_key(number)) {
        page.words(number, name, Slot::Text);
        page.exact(line, Slot::Head);
        page.diff(&d.diffs[number]);
    }
}

fn tried(page: &mut Page, t: &TriedView) {
    if t.running {
        page.words("", "being tried… Every probe is asked; commands that only try are run.", Slot::Pending);
        return;
    }
    for problem in &t.problems {
        page.words("!!", problem, Slot::Critical);
    }
    for (answer, text) in &t.asked {
        let (mark, slot) = paint::answer(*answer);
        page.words(mark, text, if *answer == Answer::Holds { Slot::Text } else { slot });
    }
    if !t.steps.is_empty() {
        page.head("Steps");
    }
    for s in &t.steps {
        page.words(&s.label, &s.name, Slot::Text);
        match &s.tried {
            Some(done) => {
                page.exact(&done.line, Slot::Head);
                let slot = if done.good { Slot::Text } else { Slot::Critical };
                let bad = if done.good { "" } else { ", which is NOT as it should be" };
                page.words(if done.good { "+ " } else { "! " }, &format!("tried: {}{bad}", done.ended), slot);
                for line in &done.lines {
                    page.exact(line, Slot::Dim);
                }
            }
            None => page.exact(&format!("would {}", s.line), Slot::Dim),
        }
        if !s.note.is_empty() {
            page.words("", &s.note, Slot::Pending);
        }
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, r: &Read) {
    let view = scene.view;
    let width = if body.width >= 110 { 110 } else { 78.min(body.width.saturating_sub(2)) };
    let mut page = Page { rows: Vec::new(), width: width.saturating_sub(4) as usize };
    let draft = view.draft.as_ref().filter(|d| !d.resolving);
    let title = match (r.of, draft, &view.tried) {
        (Reading::Plan, Some(d), _) => {
            plan(&mut page, d);
            format!("PLAN: {}, nothing has been started", d.title)
        }
        (Reading::Diff, Some(d), _) => {
            diffs(&mut page, d);
            format!("CHANGES IN FILES: {}, nothing has been changed", d.title)
        }
        (Reading::Tried, _, Some(t)) => {
            tried(&mut page, t);
            match t.count() {
                _ if t.running => format!("DRY RUN: {}", t.title),
                (0, _) => format!("DRY RUN: {}, nothing was changed", t.title),
                (n, 0) => format!("DRY RUN: {}, {n} tried, nothing was changed", t.title),
                (n, bad) => format!("DRY RUN: {}, {bad} of {n} did not end well", t.title),
            }
        }
        _ => {
            page.words("", "It is gone: it was resolved anew, or is not wanted any more.", Slot::Text);
            "NOTHING TO READ".into()
        }
    };
    let mut w = Window::open(canvas, body, width, page.rows.len().min(200) as u16 + 3, &title);
    w.kept = 1;
    let room = w.left() as usize;
    let first = r.first.min(page.rows.len().saturating_sub(room));
    for row in page.rows.iter().skip(first).take(room) {
        canvas.put(w.area.x + 2, w.y, 6, &row.mark, Slot::Dim);
        w.text(canvas, row.indent, &row.text, row.slot);
    }
    let below = page.rows.len().saturating_sub(first + room);
    w.y = w.end();
    w.kept = 0;
    let note = match (first, below) {
        (0, 0) => String::new(),
        (_, 0) => "the end; PgUp: back up".into(),
        (_, n) => format!("{n} more rows: PgDn"),
    };
    canvas.put(w.area.x + 2, w.y, 40, &note, Slot::Pending);
    w.buttons(canvas, "Close", None);
}
