//! Is this to be started? Where, from what to what, at which cost, by exactly which commands.

use super::Confirm;
use super::window::{Window, chop, wrap};
use crate::model::playbook;
use crate::run::record::Answer;
use crate::session::view::DraftView;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{self, Scene};
use crate::tui::panels::verdict;
use crate::tui::theme::Slot;
use crate::tui::ui::{draft_of, is_ready, may_start};
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, c: &Confirm) {
    let view = scene.view;
    let place = format!("{} ▸ {}", view.service, view.environment.to_uppercase());
    match draft_of(view, &c.procedure) {
        Some(d) if d.resolving => resolving(canvas, body, c, &place),
        Some(d) if may_start(d) || (d.is_blocked() && d.refused.is_none() && d.already.is_none()) => {
            offer(canvas, body, c, d, &place);
        }
        Some(d) => {
            let (title, what, means) = match (&d.refused, &d.already) {
                (Some(why), _) => ("REFUSED", why.as_str(), "It was not started. Nothing was changed."),
                (None, Some(why)) => {
                    ("ALREADY DONE", why.as_str(), "There is nothing to roll back. Nothing was started.")
                }
                (None, None) => ("EXPIRED", "This plan was resolved too long ago.", "Nothing was started."),
            };
            let rows: usize =
                [what, means, &d.proof, &again(c)].iter().map(|t| wrap(t, Window::room(78)).len()).sum();
            let height = rows.min(60) as u16 + 5;
            let mut window =
                Window::open(canvas, body, 78, height, &format!("{title}: {}, {place}", d.title));
            window.gap();
            window.kept = 2;
            window.fact(canvas, "What", what, Slot::Text);
            window.fact(canvas, "Means", means, Slot::Text);
            if !d.proof.is_empty() {
                window.fact(canvas, "Where", &d.proof, if d.proved { Slot::Text } else { Slot::Critical });
            }
            window.fact(canvas, "Press", &again(c), Slot::Text);
            window.to_kept();
            window.buttons(canvas, "Close", None);
        }
        None if c.shown.is_none() => resolving(canvas, body, c, &place),
        None => {
            let mut window = Window::open(canvas, body, 78, 9, &format!("CONFIRM: {}, {place}", c.title));
            window.gap();
            window.kept = 2;
            window.text(canvas, 0, "EXPIRED", Slot::Pending);
            window.text(canvas, 0, "The plan is gone. Nothing was started.", Slot::Text);
            window.text(canvas, 0, &again(c), Slot::Text);
            window.to_kept();
            window.buttons(canvas, "Cancel", None);
        }
    }
}

/// Where the confirmation begins, resolved or not: what stood there already need not be drawn again.
fn at_the_top(body: Rect, height: u16) -> Rect {
    Rect { height: height.min(body.height), ..body }
}

fn width(body: Rect) -> u16 {
    if body.width >= 110 { 100 } else { 78.min(body.width.saturating_sub(2)) }
}

fn resolving(canvas: &mut Canvas<'_>, body: Rect, c: &Confirm, place: &str) {
    let width = width(body);
    let text = "resolving… Probes are asked, targets frozen. Nothing has been started.";
    let lines = wrap(text, Window::room(width) + 9);
    let height = 3 + lines.len() as u16;
    let mut window = Window::open(
        canvas,
        at_the_top(body, height),
        width,
        height,
        &format!("CONFIRM: {}, {place}", c.title),
    );
    for line in lines {
        window.text(canvas, 0, &line, Slot::Pending);
    }
    window.buttons(canvas, "Cancel", None);
}

fn again(c: &Confirm) -> String {
    match c.key {
        Some(key) => format!("Esc closes this; {key} looks again."),
        None => "Esc closes this; 3 shows the procedures.".into(),
    }
}

/// `downtime 30 s · loses no data · 5 min`.
pub fn cost(downtime: &str, data_loss: &str, duration_ms: u64) -> String {
    let word = |text: &str, none: &str, some: &str| match text {
        "" | "none" => none.to_string(),
        text => format!("{some}{text}"),
    };
    format!(
        "{} · {} · {}",
        word(downtime, "no downtime", "downtime "),
        word(data_loss, "loses no data", "loses "),
        format::length(duration_ms)
    )
}

/// What must be known before: what is stopped first, the checks, who else must agree, what is left out, the rest.
fn notes(d: &DraftView) -> Vec<(&'static str, Slot, String)> {
    let mut out = Vec::new();
    if let Some(stops) = &d.stops {
        out.push(("!!", Slot::Critical, stops.clone()));
    }
    // What fails first; what holds is said too, on one line, so that it is known to have been asked.
    let mut checks: Vec<_> = d.preflight.iter().collect();
    checks.sort_by_key(|(_, answer, _)| match answer {
        Answer::Fails => 0,
        Answer::Blind => 1,
        Answer::Holds => 2,
    });
    let hold: Vec<&str> =
        checks.iter().filter(|c| c.1 == Answer::Holds).map(|(text, ..)| text.as_str()).collect();
    for (text, answer, seen) in checks.iter().filter(|c| c.1 != Answer::Holds) {
        let (mark, slot) = paint::answer(*answer);
        let seen = if seen.is_empty() { String::new() } else { format!(": {seen}") };
        out.push((mark, slot, format!("{text}{seen}")));
    }
    if !hold.is_empty() {
        out.push(("✓ ", Slot::Ok, format!("Checked, holds: {}", hold.join(" · "))));
    }
    if let Some(why) = &d.override_reason {
        out.push(("! ", Slot::Warn, format!("Overridden: {why}")));
    }
    if let Some(approval) = &d.approval {
        out.push(("» ", Slot::Pending, approval.clone()));
    }
    if !d.skips.is_empty() {
        out.push(("! ", Slot::Warn, format!("EMERGENCY, leaves out: {}", d.skips.join(" · "))));
    }
    for (gravity, text) in &d.notes {
        let (mark, slot) = verdict::gravity(*gravity);
        out.push((mark, slot, text.clone()));
    }
    out
}

fn offer(canvas: &mut Canvas<'_>, body: Rect, c: &Confirm, d: &DraftView, place: &str) {
    let who = if d.reason.is_empty() { d.who.clone() } else { format!("{} · reason: {}", d.who, d.reason) };
    let proof = if d.proved { format!("✓  {}", d.proof) } else { d.proof.clone() };
    // On a small screen the two ends of the change share a row.
    let (from, to) = match body.height < 18 && !d.from.is_empty() {
        true => (String::new(), format!("{} → {}", d.from, d.to)),
        false => (d.from.clone(), d.to.clone()),
    };
    let facts = [
        ("Where", proof, if d.proved { Slot::Text } else { Slot::Warn }),
        ("From", from, Slot::Text),
        ("To", to, Slot::Head),
        ("Chosen", chosen(d), Slot::Text),
        ("Cost", cost(&d.downtime, &d.data_loss, d.duration_ms), Slot::Text),
        ("Who", who, Slot::Text),
    ];
    let facts: Vec<_> = facts.into_iter().filter(|(_, text, _)| !text.is_empty()).collect();
    let width = width(body);
    let room = Window::room(width);
    let fact_rows: usize = facts.iter().map(|(_, text, _)| wrap(text, room).len()).sum();
    let said = notes(d);
    let note_rows: usize = said.iter().map(|(_, _, text)| wrap(text, room + 4).len()).sum();
    let diffs: usize = d.diffs.values().map(Vec::len).sum();
    let commands: usize =
        d.steps.iter().map(|(_, _, line)| chop(line, room - 4).len()).sum::<usize>() + diffs;
    let notes = if note_rows > 0 { note_rows + 1 } else { 0 };
    let height = (2 + fact_rows + 1 + commands + notes + 3).min(200) as u16 + 1;
    let title = format!("CONFIRM: {}, {place}", d.title);
    let mut w = Window::open(canvas, at_the_top(body, height), width, height, &title);
    // What is asked stays in sight, whatever there is to say; then what must be known, then the commands.
    w.kept = 3;
    // What it costs is never cut for what else there is to say.
    let room_for_notes = w.left().saturating_sub((fact_rows + 1 + commands.min(3)) as u16).max(w.left() / 4);
    let notes = (notes as u16).min(room_for_notes);
    if w.left() as usize > fact_rows + notes as usize + 8 {
        w.gap();
    }
    w.kept = 3 + notes + 3.min(w.left() / 4);
    for (label, text, slot) in &facts {
        w.fact(canvas, label, text, *slot);
    }
    w.kept = 3 + notes;
    let rule = w.y;
    w.divide(canvas);
    let below = steps(canvas, &mut w, c, d);
    if below > 0 || c.first > 0 {
        let text = if below > 0 {
            format!(" {below} more of {}: PgDn ", d.steps.len())
        } else {
            " PgUp: back up ".into()
        };
        canvas.right(w.area.right().saturating_sub(3), rule, 30, &text, Slot::Pending);
    }
    w.to_kept();
    w.y = w.area.bottom().saturating_sub(1 + 3 + notes);
    w.kept = 3;
    if notes > 0 {
        w.divide(canvas);
        for (mark, slot, text) in &said {
            for (row, line) in wrap(text, room + 4).iter().enumerate() {
                if row == 0 && w.left() > 0 {
                    canvas.put(w.area.x + 2, w.y, 2, mark, *slot);
                }
                w.text(canvas, 3, line, Slot::Text);
            }
        }
    }
    w.to_kept();
    ask(canvas, &mut w, c, d);
}

fn chosen(d: &DraftView) -> String {
    d.given.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

/// The commands, as they are, and what changes in files. Returns how many steps are not shown in full.
fn steps(canvas: &mut Canvas<'_>, w: &mut Window, c: &Confirm, d: &DraftView) -> usize {
    // A step within a procedure has a longer number.
    let numbers = d.steps.iter().map(|(number, ..)| canvas.width_of(number)).max().unwrap_or(0).max(3) + 1;
    let room = Window::room(w.area.width).saturating_sub(numbers.into());
    let first = c.first.min(d.steps.len().saturating_sub(1));
    if w.left() > 0 {
        canvas.put(w.area.x + 2, w.y, 8, "Does", Slot::Dim);
    }
    for (at, (number, name, line)) in d.steps.iter().enumerate().skip(first) {
        let rows = chop(line, room);
        let none = Vec::new();
        let diff = d.diffs.get(number).unwrap_or(&none);
        let whole = rows.len() + diff.len();
        if rows.len() as u16 > w.left() && (at > first || w.left() == 0) {
            return d.steps.len() - at;
        }
        let cut = whole as u16 > w.left();
        for (row, part) in rows.iter().enumerate() {
            if row == 0 && w.left() > 0 {
                canvas.put(w.area.x + 11, w.y, numbers, number, Slot::Dim);
                let (end, free) = (w.area.right() - 2, room.saturating_sub(part.width() + 3) as u16);
                if rows.len() == 1 && canvas.width_of(name) <= free {
                    canvas.right(end, w.y, free, name, Slot::Dim);
                }
            }
            w.text(canvas, 9 + numbers, part, Slot::Head);
        }
        for row in diff {
            let slot = match row.chars().next() {
                Some('+') => Slot::Ok,
                Some('-') => Slot::Critical,
                _ => Slot::Dim,
            };
            w.text(canvas, 15, row, slot);
        }
        if cut {
            return d.steps.len() - at;
        }
    }
    0
}

/// The field or the key, the time that is left, and the buttons.
fn ask(canvas: &mut Canvas<'_>, w: &mut Window, c: &Confirm, d: &DraftView) {
    w.divide(canvas);
    let (x, end) = (w.area.x + 2, w.area.right().saturating_sub(3));
    let expires = format!("expires in {}", format::countdown(d.expires_ms));
    let slot = if d.expires_ms < 10_000 { Slot::Pending } else { Slot::Dim };
    let at = canvas.right(end, w.y, 20, &expires, slot);
    let ready = is_ready(c, d);
    if d.is_blocked() {
        let from = canvas.put(x, w.y, 20, "BLOCKED by a check: ", Slot::Critical);
        let from = canvas.put(from, w.y, 2, "O", Slot::Key);
        let text = "says why it may start still…";
        canvas.put(from + 1, w.y, at.saturating_sub(from + 2), text, Slot::Text);
        return w.buttons(canvas, "Cancel", None);
    }
    if d.confirm == playbook::Confirm::Type {
        let from = canvas.put(x, w.y, at.saturating_sub(x + 2), "Type the service's name:  ", Slot::Text);
        let width = at.saturating_sub(from + 2).min(28);
        w.field(canvas, from, w.y, width, &c.form);
    } else {
        let from = canvas.put(x, w.y, 2, "y", Slot::Key);
        canvas.put(from + 1, w.y, at.saturating_sub(from + 3), "rolls back. Nothing else does.", Slot::Text);
    }
    let go = (d.confirm == playbook::Confirm::Type).then_some(("Roll back", c.form.on_go(), ready));
    w.buttons(canvas, "Cancel", go);
}
