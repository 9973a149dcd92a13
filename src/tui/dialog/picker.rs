//! One value is picked from those that exist, or typed where any may be. Nothing is picked for anybody.

use super::Picker;
use super::window::{Window, wrap};
use crate::model::unit::Unit;
use crate::run::choice::check;
use crate::session::view::{ChoiceView, ParamView};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

impl Picker {
    /// A picker of one parameter, at what stands when nobody chooses.
    pub fn new(param: ParamView, place: (usize, usize), title: &str) -> Picker {
        let at = param.rows.iter().position(|r| Some(&r.value) == param.chosen.as_ref());
        let typed = if param.rows.is_empty() { param.chosen.as_deref().unwrap_or_default() } else { "" };
        let form = super::Form::with(typed);
        Picker { param, place, title: title.into(), at, form }
    }

    /// Whether a value is typed rather than picked.
    pub fn types(&self) -> bool {
        self.param.rows.is_empty()
    }

    /// The rows that hold what is looked for.
    pub fn found(&self) -> Vec<&ChoiceView> {
        let wanted = self.form.text().to_lowercase();
        let has = |r: &&ChoiceView| {
            wanted.split_whitespace().all(|w| {
                r.value.to_lowercase().contains(w)
                    || r.note.to_lowercase().contains(w)
                    || r.columns.iter().any(|(_, c)| c.to_lowercase().contains(w))
            })
        };
        self.param.rows.iter().filter(has).collect()
    }

    /// Moves the cursor among the rows that are found.
    pub fn step(&mut self, by: isize) {
        let last = self.found().len().checked_sub(1);
        self.at = last.map(|last| match self.at {
            None if by > 0 => 0,
            None => last,
            Some(at) => at.saturating_add_signed(by).min(last),
        });
    }

    /// To be called when what is looked for has changed: the cursor stays with its row, or there is none.
    pub fn looked_for(&mut self, row: Option<String>) {
        self.at = row.and_then(|value| self.found().iter().position(|r| r.value == value));
    }

    /// The value at the cursor, or as typed when it may be so.
    pub fn value(&self) -> Option<String> {
        match self.types() {
            true => {
                let text = self.form.text().trim();
                check(&self.param.name, &self.param.spec, text).is_ok().then(|| text.to_string())
            }
            false => self.at.and_then(|at| self.found().get(at).map(|r| r.value.clone())),
        }
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, _scene: &Scene<'_>, p: &Picker) {
    let several = match p.place {
        (_, 1) => String::new(),
        (at, all) => format!(", {at} of {all}"),
    };
    let word = if p.types() { "VALUE" } else { "PICK" };
    let title = format!("{word}: {} ({}{several})", p.param.title, p.title);
    match p.types() {
        true => typed(canvas, body, p, &title),
        false => picked(canvas, body, p, &title),
    }
}

fn typed(canvas: &mut Canvas<'_>, body: Rect, p: &Picker, title: &str) {
    let mut w = Window::open(canvas, body, 76, 9, title);
    w.gap();
    let from = canvas.put(w.area.x + 2, w.y, 8, "Value: ", Slot::Dim);
    w.field(canvas, from, w.y, w.area.right().saturating_sub(from + 3), &p.form);
    w.gap();
    w.gap();
    let text = p.form.text().trim();
    match check(&p.param.name, &p.param.spec, text) {
        Err(_) if text.is_empty() => {
            let why = p.param.why_not.as_deref().unwrap_or("Nothing is typed yet.");
            w.text(canvas, 3, why, Slot::Text);
        }
        Err(why) => {
            canvas.put(w.area.x + 2, w.y, 2, "!!", Slot::Critical);
            w.text(canvas, 3, &why, Slot::Critical);
        }
        Ok(_) => {
            canvas.put(w.area.x + 2, w.y, 2, "✓ ", Slot::Ok);
            w.text(
                canvas,
                3,
                "Enter takes it. It goes to the commands as one argument, as it is.",
                Slot::Text,
            );
        }
    }
    w.text(canvas, 3, "Nothing is started: the confirmation comes next.", Slot::Dim);
}

fn picked(canvas: &mut Canvas<'_>, body: Rect, p: &Picker, title: &str) {
    let found = p.found();
    let rows = found.len().max(1) as u16;
    let mut w = Window::open(canvas, body, 78, p.param.rows.len().clamp(1, 60) as u16 + 9, title);
    let end = w.area.right().saturating_sub(2);
    let count = match found.len() == p.param.rows.len() {
        true => format!("{} there are", found.len()),
        false => format!("{} of {}", found.len(), p.param.rows.len()),
    };
    let from = canvas.put(w.area.x + 2, w.y, 8, "Find: ", Slot::Dim);
    let at = canvas.right(end, w.y, 24, &count, Slot::Dim);
    w.field(canvas, from, w.y, at.saturating_sub(from + 2), &p.form);
    w.gap();
    let columns = columns(p, end.saturating_sub(w.area.x + 7).into());
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let mut x = w.area.x + 7;
    for (name, width) in &columns {
        x = canvas.put(x, w.y, end.saturating_sub(x).min(*width as u16), name, Slot::Dim).max(x);
        x = x + *width as u16 + 2 - (name.width().min(*width) as u16);
    }
    w.gap();
    w.kept = 4;
    let room = w.left().max(1) as usize;
    let at = p.at.unwrap_or(0);
    let first = (at + 1).saturating_sub(room).min(found.len().saturating_sub(room.min(found.len())));
    for (n, row) in found.iter().enumerate().skip(first).take(room) {
        let on = p.at == Some(n);
        if on {
            canvas.put(w.area.x + 2, w.y, 1, "▸", Slot::Accent);
        }
        let mut x = w.area.x + 7;
        let cells = cells_of(row, &names);
        for (cell, (name, width)) in cells.iter().zip(&columns) {
            let slot = if on || name == "value" { Slot::Head } else { Slot::Text };
            let width = *width as u16;
            if name == "size" || name == "age" {
                canvas.right((x + width).min(end), w.y, width, cell, slot);
            } else {
                // Values differ at their end: paths, versions with a date.
                let cell = if name == "value" { ending(cell, width.into()) } else { cell.clone() };
                canvas.put(x, w.y, end.saturating_sub(x).min(width), &cell, slot);
            }
            x += width + 2;
        }
        w.gap();
    }
    if found.is_empty() {
        w.text(canvas, 5, "None holds what is looked for.", Slot::Dim);
    }
    if rows as usize > room {
        let below = found.len().saturating_sub(first + room);
        canvas.right(end, w.end().saturating_sub(1), 16, &format!(" {below} below "), Slot::Pending);
    }
    w.to_kept();
    w.divide(canvas);
    match p.at.and_then(|at| found.get(at)) {
        Some(row) => {
            let mut text = row.value.clone();
            for (name, value) in row.columns.iter().filter(|(_, v)| !v.is_empty()) {
                text.push_str(&format!(" · {name} {value}"));
            }
            for line in wrap(&text, w.area.width as usize - 6).iter().take(2) {
                w.text(canvas, 0, line, Slot::Text);
            }
            w.text(canvas, 0, "Enter takes it. Nothing is started: the confirmation comes next.", Slot::Dim);
        }
        None => {
            canvas.put(w.area.x + 2, w.y, 2, "! ", Slot::Warn);
            let text = "Nothing is picked for you: the newest may be the broken one.";
            for line in wrap(text, w.area.width as usize - 8).iter().take(2) {
                w.text(canvas, 3, line, Slot::Text);
            }
        }
    }
}

/// As much of a text's end as there is room for.
fn ending(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut rest = text.chars();
    while rest.as_str().width() + 1 > width && rest.next().is_some() {}
    format!("…{}", rest.as_str())
}

/// The columns that any row has, and how wide each is: the value takes what the others leave of `room`.
fn columns(p: &Picker, room: usize) -> Vec<(String, usize)> {
    let mut names = vec!["value".to_string()];
    if p.param.rows.iter().any(|r| r.age_ms.is_some()) {
        names.push("age".into());
    }
    if p.param.rows.iter().any(|r| r.size.is_some()) {
        names.push("size".into());
    }
    for (name, _) in p.param.rows.iter().flat_map(|r| &r.columns) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if p.param.rows.iter().any(|r| !r.note.is_empty()) {
        names.push("note".into());
    }
    let width = |at: usize, name: &str| {
        let cells = p.param.rows.iter().filter_map(|r| cells_of(r, &names).into_iter().nth(at));
        cells.map(|c| c.width()).max().unwrap_or(0).max(name.width())
    };
    let mut widths: Vec<usize> = names.iter().enumerate().map(|(at, n)| width(at, n).min(28)).collect();
    let others: usize = widths[1..].iter().map(|w| w + 2).sum();
    widths[0] = width(0, "value").min(room.saturating_sub(others).max(28));
    names.into_iter().zip(widths).collect()
}

fn cells_of(row: &ChoiceView, names: &[String]) -> Vec<String> {
    let cell = |name: &String| match name.as_str() {
        "value" => row.value.clone(),
        "age" => row.age_ms.map(format::age).unwrap_or_default(),
        "size" => row.size.map(|s| format::value(Some(s as f64), Unit::Bytes)).unwrap_or_default(),
        "note" => row.note.clone(),
        name => row.columns.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default(),
    };
    names.iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_value_its_end_is_shown() {
        assert_eq!(ending("v1.2.3", 8), "v1.2.3");
        assert_eq!(ending("/backups/shop-20251011-0300.dump", 16), "…51011-0300.dump");
        for width in 1..12 {
            let cut = ending("日本語日本語日本語", width);
            assert!(cut.width() <= width && cut.starts_with('…'), "{width}: {cut}");
        }
    }
}
