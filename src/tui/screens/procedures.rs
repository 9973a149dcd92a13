//! What can be done, what it costs, who is asked, what fits now, and the plan of one, resolved but not started.

use crate::engine::eval::Truth;
use crate::session::view::{DraftView, ProcedureView, ScenarioView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::read::{already_so, diff_ink};
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::verdict;
use crate::tui::theme::Slot;
use crate::tui::ui::draft_of;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let all = &scene.view.procedures;
    let fits = scene.ui.in_fits(scene.view);
    let mut y = list(canvas, area, scene, !fits);
    if all.is_empty() {
        let text = "The playbook has no procedure for this environment.";
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), text, Slot::Text);
        y += 1;
    }
    let mut below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    let scenarios = scene.view.scenarios.len() as u16;
    let open = scene.ui.plan.as_deref();
    if scenarios > 0 && (open.is_none() || fits || below.height >= 24) {
        // What fits is short, and stands below what is looked at.
        let rows = (scenarios + 1).min(below.height / 2).min(9);
        let here = match (open, fits) {
            (None, _) => Rect { y: below.y + 4.min(below.height), height: rows, ..below },
            (Some(_), _) => Rect { y: below.bottom() - rows, height: rows, ..below },
        };
        if here.bottom() <= below.bottom() {
            what_fits(canvas, here, scene, fits);
            below.height = here.y - below.y;
        }
    }
    match open {
        Some(id) => match draft_of(scene.view, id) {
            Some(d) if !d.resolving => plan(canvas, below, d),
            _ => note(
                canvas,
                below,
                "Plan",
                "resolving… The probes are asked and the targets frozen. Nothing has been started.",
            ),
        },
        None => {
            if let Some(p) = all.get(scene.ui.procedure) {
                about(canvas, below, p);
            }
        }
    }
}

/// Columns from the right: title, and how wide.
fn columns(width: u16) -> [(&'static str, u16); 5] {
    match width {
        100.. => [("time", 9), ("downtime", 14), ("data loss", 18), ("asks", 20), ("last", 14)],
        _ => [("time", 8), ("downtime", 10), ("data loss", 15), ("asks", 10), ("last", 9)],
    }
}

/// The list. Returns the row below.
fn list(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, focus: bool) -> u16 {
    let all = &scene.view.procedures;
    let end = area.right();
    canvas.rule(area.x, area.y, area.width, "Procedures", "", focus);
    let mut places = Vec::new();
    let mut x = end;
    for (title, width) in columns(area.width).iter().rev() {
        x = x.saturating_sub(*width);
        places.insert(0, (x, *width));
        canvas.put(x.saturating_sub(1), area.y, *width, &format!(" {title} "), Slot::Dim);
    }
    let most = area.height.saturating_sub(8).max(3).min(area.height.saturating_sub(1));
    let rows = (all.len() as u16).min(most);
    let first = (scene.ui.procedure + 1).saturating_sub(rows as usize);
    let mut y = area.y + 1;
    for (at, p) in all.iter().enumerate().skip(first).take(rows as usize) {
        row(canvas, area.x, y, p, at == scene.ui.procedure, &places);
        y += 1;
    }
    y
}

fn row(canvas: &mut Canvas<'_>, x: u16, y: u16, p: &ProcedureView, on: bool, columns: &[(u16, u16)]) {
    if on {
        canvas.put(x + 1, y, 1, "▸", Slot::Accent);
    }
    canvas.put(x + 3, y, 1, &p.key.map(String::from).unwrap_or_default(), Slot::Key);
    let room = columns.first().map_or(20, |c| c.0.saturating_sub(x + 6));
    let ink = if p.suggested { Slot::Head } else { Slot::Text };
    // What fits is said before the whole of a long title.
    let fits = if p.suggested { 11 } else { 0 };
    let after = canvas.put(x + 5, y, room.saturating_sub(fits), &p.title, ink);
    if p.suggested {
        canvas.put(after + 1, y, 10, "← it fits", Slot::Pending);
    }
    let last = match &p.last {
        Some((how, ago)) if how == "verified" => format!("{} ok", format::age(*ago)),
        Some((how, ago)) => format!("{} {how}", format::age(*ago)),
        None => "never".into(),
    };
    let none = |t: &str| if t.is_empty() { "none".to_string() } else { t.to_string() };
    let asks = match (p.emergency, p.asks.as_str()) {
        (true, _) => "emergency".to_string(),
        (_, "") => "nobody".to_string(),
        (_, who) => first_words(canvas, who, columns.get(3).map_or(20, |c| c.1.saturating_sub(1))),
    };
    let cells = [format::length(p.duration_ms), none(&p.downtime), none(&p.data_loss), asks, last];
    for ((at, width), text) in columns.iter().zip(cells) {
        let quiet = matches!(text.as_str(), "none" | "never" | "nobody");
        canvas.put(*at, y, width.saturating_sub(1), &text, if quiet { Slot::Dim } else { Slot::Text });
    }
}

/// As many whole words as there is room for, one at least.
fn first_words(canvas: &Canvas<'_>, text: &str, room: u16) -> String {
    let mut out = text.to_string();
    while canvas.width_of(&out) > room
        && let Some((fewer, _)) = out.rsplit_once(' ')
    {
        out = fewer.trim_end_matches(['+', ' ']).to_string();
    }
    out
}

/// Troubles that are known, those that are so now first.
fn what_fits(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, focus: bool) {
    let all = &scene.view.scenarios;
    let now = all.iter().filter(|s| s.truth == Truth::True).count();
    let note = match now {
        0 => "nothing is so now".to_string(),
        n => format!("{n} of {} so now", all.len()),
    };
    canvas.rule(area.x, area.y, area.width, "What fits", &note, focus);
    let rows = area.height.saturating_sub(1) as usize;
    let first = if focus { (scene.ui.plans.at + 1).saturating_sub(rows) } else { 0 };
    for (row, (at, s)) in all.iter().enumerate().skip(first).take(rows).enumerate() {
        let y = area.y + 1 + row as u16;
        if focus && at == scene.ui.plans.at {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        scenario(canvas, area, y, s);
    }
}

fn scenario(canvas: &mut Canvas<'_>, area: Rect, y: u16, s: &ScenarioView) {
    let (mark, slot) = match (s.truth, s.when.is_empty()) {
        (Truth::True, _) => ("»!", Slot::Pending),
        (Truth::Unknown, false) => ("? ", Slot::Unknown),
        (Truth::Unknown, true) | (Truth::False, _) => ("· ", Slot::Dim),
    };
    let (x, end) = (area.x, area.right().saturating_sub(1));
    canvas.put(x + 1, y, 2, mark, slot);
    let title = if area.width >= 100 { 28 } else { 22 };
    canvas.put(x + 4, y, title, &s.title, if s.truth == Truth::True { Slot::Head } else { Slot::Text });
    let args = if s.args.is_empty() { String::new() } else { format!(", {}", s.args) };
    let to = format!("{}{args}", s.procedure.1);
    let room = area.width / 3;
    let at = canvas.right(end, y, room, &to, Slot::Text);
    if let Some(key) = s.procedure.2 {
        canvas.put(at.saturating_sub(2), y, 1, &key.to_string(), Slot::Key);
    }
    let seen = match (s.truth, s.when.is_empty()) {
        (_, true) => s.symptoms.as_str(),
        (Truth::True | Truth::Unknown, _) if !s.seen.is_empty() => &s.seen,
        _ if s.symptoms.is_empty() => &s.when,
        _ => &s.symptoms,
    };
    let from = x + 5 + title;
    canvas.put(
        from,
        y,
        at.saturating_sub(from + 3),
        seen,
        if s.truth == Truth::True { Slot::Text } else { Slot::Dim },
    );
}

fn note(canvas: &mut Canvas<'_>, area: Rect, title: &str, text: &str) {
    if area.height < 2 {
        return;
    }
    canvas.rule(area.x, area.y, area.width, title, "", false);
    for (row, line) in wrap(text, area.width.saturating_sub(2) as usize).iter().enumerate() {
        if area.y + 1 + (row as u16) < area.bottom() {
            canvas.put(area.x + 1, area.y + 1 + row as u16, area.width.saturating_sub(2), line, Slot::Text);
        }
    }
}

fn about(canvas: &mut Canvas<'_>, area: Rect, p: &ProcedureView) {
    let text = if p.use_when.is_empty() {
        String::new()
    } else {
        format!("When: {}. ", p.use_when.trim_end_matches('.'))
    };
    let key = p.key.map(|k| format!(" {k} opens its confirmation.")).unwrap_or_default();
    note(canvas, area, &p.title, &format!("{text}Enter resolves its plan and starts nothing.{key}"));
}

/// Rows of a plan below each other, until there is no more room.
struct Rows {
    area: Rect,
    y: u16,
    end: u16,
}

impl Rows {
    fn line(&mut self, canvas: &mut Canvas<'_>, indent: u16, text: &str, slot: Slot) {
        if self.y < self.end {
            let x = self.area.x + 1 + indent;
            canvas.put(x, self.y, (self.area.right() - 1).saturating_sub(x), text, slot);
            self.y += 1;
        }
    }

    fn left(&self) -> u16 {
        self.end.saturating_sub(self.y)
    }
}

fn plan(canvas: &mut Canvas<'_>, area: Rect, d: &DraftView) {
    if area.height < 2 {
        return;
    }
    let good = match d.expires_ms {
        0 => "it is too old now, Esc and Enter resolve it anew".to_string(),
        ms => format!("good for {}", format::countdown(ms)),
    };
    let of = d.key.map_or_else(|| d.title.clone(), |k| k.to_string());
    let note = format!("nothing has been started · {good}");
    canvas.rule(area.x, area.y, area.width, &format!("Plan of {of}"), &note, false);
    let mut rows = Rows { area, y: area.y + 1, end: area.bottom() };
    let proof = if d.proved { format!("Where  {}  ✓", d.proof) } else { format!("Where  {}", d.proof) };
    rows.line(canvas, 0, &proof, if d.proved { Slot::Text } else { Slot::Warn });
    if !(d.from.is_empty() && d.to.is_empty()) {
        rows.line(canvas, 0, &format!("From   {} → {}", d.from, d.to), Slot::Head);
    }
    let asked: Vec<&str> = d.params.iter().filter(|p| p.chosen.is_none()).map(|p| p.title.as_str()).collect();
    if !asked.is_empty() && d.steps.is_empty() {
        let open = d.key.map_or("its confirmation".into(), |k| k.to_string());
        let text =
            format!("ASKS FIRST for {}. {open} opens the choice; nothing is started.", asked.join(", "));
        rows.line(canvas, 0, &text, Slot::Pending);
    }
    let blocked = d.is_blocked().then(|| "a check before the start does not hold".to_string());
    for (word, why) in [("REFUSED", &d.refused), ("BLOCKED", &blocked), ("ALREADY DONE", &d.already)] {
        if let Some(why) = why {
            rows.line(canvas, 0, &format!("{word}: {why}"), Slot::Critical);
        }
    }
    if d.steps.is_empty() {
        return;
    }
    let (so, slot) = already_so(d);
    let notes: Vec<(&str, &str, Slot)> = d
        .notes
        .iter()
        .take(3)
        .map(|(g, text)| (verdict::gravity(*g).0, text.as_str(), verdict::gravity(*g).1))
        .collect();
    let kept = (notes.len() as u16 + 1).min(rows.left() / 3);
    rows.end -= kept;
    steps(canvas, &mut rows, d);
    rows.y = rows.y.max((rows.y + 1).min(area.bottom() - kept));
    rows.end = area.bottom();
    for (mark, text, slot) in notes.iter().take(kept.saturating_sub(1) as usize) {
        canvas.put(area.x + 1, rows.y, 2, mark, *slot);
        rows.line(canvas, 3, text, Slot::Text);
    }
    rows.line(canvas, 0, &format!("Already so? {so}"), slot);
}

/// Phase, number, name and the exact command of each step, and what it changes in a file.
fn steps(canvas: &mut Canvas<'_>, rows: &mut Rows, d: &DraftView) {
    let wide = rows.area.width >= 100;
    let phase = match (d.phases.is_empty(), wide) {
        (true, _) => 0,
        (false, true) => 20,
        (false, false) => 16,
    };
    let name = if wide { 28 } else { 20 };
    let number = phase + 4;
    let command = number + name + 2;
    let room = rows.area.width.saturating_sub(command + 2) as usize;
    for (at, (label, title, line)) in d.steps.iter().enumerate() {
        let parts = chop(line, room);
        let left = d.steps.len() - at;
        if rows.left() < 2 && left > 1 || rows.left() == 0 {
            rows.line(canvas, number, &format!("{left} more; Enter shows all of them"), Slot::Pending);
            return;
        }
        let y = rows.y;
        if let Some((_, title, budget)) = d.phases.iter().find(|(first, ..)| *first == at) {
            let budget = budget.map(|b| format!(" {}", format::short(b))).unwrap_or_default();
            let room = phase.saturating_sub(1 + canvas.width_of(&budget));
            let end = canvas.put(rows.area.x + 1, y, room, title, Slot::Head);
            canvas.put(end, y, phase, &budget, Slot::Dim);
        }
        canvas.right(rows.area.x + number, y, 4, label, Slot::Dim);
        canvas.put(rows.area.x + 1 + number, y, name, title, Slot::Text);
        for part in parts.iter().take(rows.left().max(1) as usize) {
            rows.line(canvas, command, part, Slot::Head);
        }
        for change in d.diffs.get(label).into_iter().flatten() {
            if rows.left() > 1 {
                rows.line(canvas, number + 2, change, diff_ink(change));
            }
        }
    }
}
