//! A person is asked to decide: what fires, who may, until when, what happens otherwise, and the ways there are.

use super::window::{Window, wrap};
use crate::engine::eval::Truth;
use crate::session::decision::Choice;
use crate::session::view::{DecisionView, View};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::verdict;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// The first clock of a decision in words, with what comes after it: `decide in  11:42`, `default in  3:20`.
pub fn clock(d: &DecisionView) -> String {
    let left = |word: &str, ms: i64| match ms {
        0.. => format!("{word} in  {}", format::countdown(ms as u64)),
        _ => format!("OVERDUE by  {}", format::elapsed(ms.unsigned_abs())),
    };
    match (d.decide_ms.filter(|_| !d.missed), d.default_ms) {
        (Some(decide), Some(default)) => {
            format!("{} · {}", left("decide", decide), left("default", default))
        }
        (Some(decide), None) => left("decide", decide),
        (None, Some(default)) => left("default", default),
        (None, None) => String::new(),
    }
}

/// A person's word.
fn said(choice: &Choice, view: &View) -> String {
    match choice {
        Choice::Hold => "hold".into(),
        Choice::Extend(ms) => format!("{} more", format::length(*ms)),
        Choice::RollBack { procedure, .. } => {
            let title = view.procedures.iter().find(|p| p.id == *procedure).map(|p| p.title.as_str());
            format!("roll back: {}", title.unwrap_or(procedure))
        }
    }
}

/// Label and text of what is to be known.
fn facts(d: &DecisionView, scene: &Scene<'_>) -> Vec<(&'static str, String, Slot)> {
    let who = if d.roles.is_empty() { "Anybody".to_string() } else { d.roles.join(" and ") };
    let mark = if d.may { "  ✓" } else { "" };
    let mut out =
        vec![("Who may", format!("{who}. {}{mark}", d.you), if d.may { Slot::Text } else { Slot::Warn })];
    for (by, choice, why) in &d.said {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        out.push(("Said", format!("{by}: {}{why}", said(choice, scene.view)), Slot::Head));
    }
    if d.missed && !d.closed {
        out.push((
            "Missed",
            "The time to decide is over and people were told; the default is next.".into(),
            Slot::Critical,
        ));
    }
    let (word, rest) = &d.then;
    let then = if d.closed {
        "The clock is over. A procedure can still be started.".into()
    } else {
        format!("{word}: {rest}")
    };
    out.push((if d.closed { "Clock" } else { "Then" }, then, Slot::Head));
    if let Some(note) = &d.note {
        let stage = d.stage.map(|s| format!("{s} %, ")).unwrap_or_default();
        out.push(("Stage", format!("{stage}{note}"), Slot::Text));
    } else if let Some(stage) = d.stage {
        out.push(("Stage", format!("{stage} %"), Slot::Text));
    }
    out
}

/// The ways: key, what it does, what that means, and whether it is there.
fn ways(d: &DecisionView, view: &View) -> Vec<(&'static str, String, String, bool)> {
    let mut out = Vec::new();
    if let Some((_, title, _)) = &d.procedure {
        out.push(("r", format!("Roll back: {title}…"), "opens its confirmation".into(), true));
    }
    if !view.procedures.is_empty() {
        let main = d.procedure.as_ref().map(|(id, ..)| id);
        let others: Vec<String> = view
            .procedures
            .iter()
            .filter(|p| Some(&p.id) != main)
            .filter_map(|p| Some(format!("{} {}", p.key?, p.title.split_whitespace().next()?.to_lowercase())))
            .collect();
        out.push(("o", "Other procedure…".into(), others.join(", "), true));
    }
    let open = d.may && !d.closed;
    let why_not = if d.closed { "the clock is over" } else { "you are not asked" };
    out.push((
        "w",
        "Hold: watch on, with a reason…".into(),
        if open { "clock stops, it stays lit" } else { why_not }.into(),
        open,
    ));
    let extends = open && !d.extended && d.length_ms > 0;
    let note = match (open, d.extended, d.length_ms) {
        (false, ..) => why_not,
        (_, true, _) => "was extended already",
        (.., 0) => "no clock runs",
        _ => "with a reason, once",
    };
    out.push(("e", "Extend by 5, 10 or 15 min…".into(), note.into(), extends));
    out
}

/// The room below what acts by itself and what nobody watches, which stay in sight above a dialog.
pub fn below(body: Rect, scene: &Scene<'_>) -> Rect {
    let above = verdict::why(scene, body.width, 2).len().min(2) as u16;
    match body.height >= 19 {
        true => Rect { y: body.y + above, height: body.height - above, ..body },
        false => body,
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, name: &str) {
    let view = scene.view;
    let Some(at) = view.decisions.iter().position(|d| d.clock == name) else { return };
    let d = &view.decisions[at];
    let body = below(body, scene);
    let width = if body.width >= 110 { 90 } else { 74.min(body.width.saturating_sub(2)) };
    let room = width as usize - 4;
    let incident = view.incident.as_ref().map(|i| format!(", {}", i.name)).unwrap_or_default();
    let more = match view.decisions.len() {
        1 => String::new(),
        n => format!(" ({} of {n}, Tab)", at + 1),
    };
    let facts = facts(d, scene);
    let ways = ways(d, view);
    let acts = view.acts.as_ref().filter(|a| a.trigger != d.trigger || a.by_default).map(|a| {
        match a.by_default && a.trigger == d.trigger {
            true => format!(
                "{} starts by itself in {} if nobody decides.",
                a.procedure,
                format::countdown(a.in_ms)
            ),
            false => {
                let left = format::countdown(a.in_ms);
                format!("{} acts in {left}. Rolling back now stops it.", a.title)
            }
        }
    });
    let firing = format!("firing for {}", format::age(d.firing_ms));
    let rule = wrap(&d.rule, room.saturating_sub(firing.len() + 3));
    let parts = parts(d, room);
    let clocks = usize::from(d.length_ms > 0 && !d.closed);
    let fact_rows: usize = facts.iter().map(|(_, text, _)| wrap(text, Window::room(width)).len()).sum();
    let rows = rule.len() + parts.len() + fact_rows + clocks + ways.len() + acts.iter().len();
    let mut w =
        Window::open(canvas, body, width, rows as u16 + 8, &format!("DECIDE: {}{incident}{more}", d.title));
    let asked = ways.len() as u16 + acts.iter().len() as u16 + 4;
    w.kept = asked;
    if w.left() as usize > rows - ways.len() {
        w.gap();
    }
    canvas.right(w.area.right().saturating_sub(2), w.y, 30, &firing, Slot::Critical);
    for line in &rule {
        w.text(canvas, 0, line, Slot::Head);
    }
    let facts_need = (fact_rows + clocks) as u16;
    for row in &parts {
        if w.left() <= facts_need {
            break;
        }
        let mut x = w.area.x + 4;
        for (text, slot) in row {
            let left = w.area.right().saturating_sub(x + 2);
            canvas.put(x, w.y, left, text, *slot);
            x += room as u16 / 2;
        }
        w.gap();
    }
    if w.left() > facts_need {
        w.gap();
    }
    for (at, (label, text, slot)) in facts.iter().enumerate() {
        w.fact(canvas, label, text, *slot);
        if at == 0 && clocks > 0 && w.left() > 0 {
            time_left(canvas, &mut w, d, scene);
        }
    }
    w.to_kept();
    w.divide(canvas);
    for (key, what, means, there) in &ways {
        let (key_ink, ink) = if *there { (Slot::Key, Slot::Text) } else { (Slot::Dim, Slot::Dim) };
        canvas.put(w.area.x + 6, w.y, 1, key, key_ink);
        let x = canvas.put(w.area.x + 9, w.y, w.area.width.saturating_sub(12), what, ink).max(w.area.x + 46);
        canvas.put(x + 1, w.y, w.area.right().saturating_sub(x + 3), means, Slot::Dim);
        w.gap();
    }
    w.divide(canvas);
    if let Some(acts) = &acts {
        canvas.put(w.area.x + 2, w.y, 2, "» ", Slot::Pending);
        w.text(canvas, 3, acts, Slot::Pending);
    }
    w.buttons(canvas, "Not now", None);
}

/// `11:42  ██████░░░░   until 03:25:49`, and the other clock.
fn time_left(canvas: &mut Canvas<'_>, w: &mut Window, d: &DecisionView, scene: &Scene<'_>) {
    let (x, y, end) = (w.area.x, w.y, w.area.right().saturating_sub(2));
    canvas.put(x + 2, y, 9, "Time left", Slot::Dim);
    let left = d.decide_ms.filter(|_| !d.missed).or(d.default_ms).unwrap_or(0);
    let text = match left {
        0.. => format::countdown(left as u64),
        _ => format!("OVERDUE by {}", format::elapsed(left.unsigned_abs())),
    };
    let at = canvas.put(x + 12, y, 24, &text, Slot::Head) + 2;
    let bar = 20.min(end.saturating_sub(at + 32));
    let share = left.max(0) as f64 / d.length_ms.max(1) as f64;
    if bar >= 6 {
        canvas.bar(at, y, bar, share, if share < 0.25 { Slot::Critical } else { Slot::Pending });
    }
    let until =
        d.until.map(|wall| format!("until {}", format::clock(wall, &scene.ui.zone))).unwrap_or_default();
    let after = match (d.missed, d.default_ms) {
        (false, Some(ms)) => format!(" · default in {}", format::countdown(ms.max(0) as u64)),
        _ => String::new(),
    };
    canvas.put(at + bar + 2, y, end.saturating_sub(at + bar + 2), &format!("{until}{after}"), Slot::Text);
    w.gap();
}

/// The parts of the rule, two on a row where they fit.
fn parts(d: &DecisionView, room: usize) -> Vec<Vec<(String, Slot)>> {
    let one = |(text, value, truth): &(String, String, Truth)| {
        let (word, slot) = match truth {
            Truth::True => ("true", Slot::Text),
            Truth::False => ("false", Slot::Dim),
            Truth::Unknown => ("unknown", Slot::Unknown),
        };
        (format!("{text}: {value}  {word}"), slot)
    };
    let all: Vec<(String, Slot)> = d.parts.iter().take(6).map(one).collect();
    let half = (room / 2).saturating_sub(3);
    if all.iter().all(|(text, _)| text.chars().count() <= half) {
        return all.chunks(2).map(<[_]>::to_vec).collect();
    }
    all.into_iter().map(|p| vec![p]).collect()
}
