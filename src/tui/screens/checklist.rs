//! Checklists: what is to be done before, during and after, and who has done it.

use crate::model::playbook::Moment;
use crate::run::Answer;
use crate::session::view::{ChecklistView, ItemView, View};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::checklist::how;
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::checklist::in_order;
use ratatui::layout::Rect;

/// Milliseconds of a week.
const WEEK: u64 = 7 * 24 * 3_600_000;
/// Rows of a command that are shown.
const COMMAND: usize = 3;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    let (x, width) = (area.x + 1, area.width.saturating_sub(2));
    let all = in_order(view);
    let Some(list) = scene.ui.list(view) else {
        canvas.rule(area.x, area.y, area.width, "Checklists", "", true);
        let text =
            "The playbook has no checklist. [checklists.NAME] with a title, a moment and items adds one.";
        for (row, line) in wrap(text, width as usize).iter().enumerate() {
            canvas.put(x, area.y + 1 + row as u16, width, line, Slot::Text);
        }
        return;
    };
    let at = scene.ui.item_at(list);
    counts(canvas, Rect { height: 1, ..area }, &all, list);
    let end = area.bottom().saturating_sub(1);
    canvas.put(x, end, width, hint(list), Slot::Dim);
    let pane = list.items.get(at).map(|item| about(view, scene, item, width)).unwrap_or_default();
    let others: Vec<&ChecklistView> = all.iter().filter(|c| c.id != list.id).copied().collect();
    let after: Vec<&ChecklistView> =
        others.iter().filter(|c| c.moment == Some(Moment::After)).copied().collect();

    // What goes first when space shrinks: the lists after, then items far from the cursor.
    let mut y = area.y + 1;
    let room = end.saturating_sub(y);
    let fixed = 1 + 1 + pane.len() as u16;
    let summary = if after.is_empty() { 0 } else { 1 + after.len() as u16 };
    let items = list.items.len() as u16;
    let shows_after = fixed + items + summary <= room;
    let rows = items.min(room.saturating_sub(fixed)).max(1);
    canvas.rule(area.x, y, area.width, &list.title, &note(view, list), true);
    y += 1;
    // The cursor stays in sight.
    let first = (at + 1).saturating_sub(rows as usize);
    for (i, item) in list.items.iter().enumerate().skip(first).take(rows as usize) {
        row(canvas, Rect { y, height: 1, ..area }, scene, item, i == at);
        y += 1;
    }
    let spare = room.saturating_sub(fixed + rows + if shows_after { summary } else { 0 });
    y += u16::from(spare > 0);
    if y + 1 < end {
        canvas.rule(area.x, y, area.width, "This item", "", false);
        y += 1;
        for (indent, line, slot) in pane.iter().take(end.saturating_sub(y) as usize) {
            canvas.put(x + indent, y, width.saturating_sub(*indent), line, *slot);
            y += 1;
        }
    }
    y += u16::from(spare > 1);
    let whole: u16 = others.iter().map(|c| 2 + c.items.len() as u16).sum();
    if !others.is_empty() && y + whole <= end {
        for c in others {
            canvas.rule(area.x, y, area.width, &c.title, &note(view, c), false);
            y += 1;
            for item in &c.items {
                row(canvas, Rect { y, height: 1, ..area }, scene, item, false);
                y += 1;
            }
            y += 1;
        }
    } else if shows_after && !after.is_empty() {
        follow_ups(canvas, Rect { y, height: end.saturating_sub(y), ..area }, &after);
    }
}

/// `before 3 of 5 · within 1 h - · ready 4 of 5`
fn counts(canvas: &mut Canvas<'_>, area: Rect, all: &[&ChecklistView], on: &ChecklistView) {
    let end = area.right().saturating_sub(1);
    let mut x = area.x + 1;
    for (i, c) in all.iter().enumerate() {
        if i > 0 {
            x = canvas.put(x, area.y, end.saturating_sub(x), " · ", Slot::Dim);
        }
        let (done, of) = c.done();
        let far = match c.moment {
            Some(Moment::After) if !c.began => "-".to_owned(),
            _ => format!("{done} of {of}"),
        };
        let slot = if c.id == on.id { Slot::Head } else { Slot::Dim };
        x = canvas.put(x, area.y, end.saturating_sub(x), &format!("{} {far}", label(c, all)), slot);
    }
}

/// The short name of a list: its moment where it is the only one, its time after a run, else its title.
fn label(list: &ChecklistView, all: &[&ChecklistView]) -> String {
    let alone = all.iter().filter(|c| c.moment == list.moment).count() == 1;
    match (list.moment, list.within_ms) {
        (Some(Moment::After), Some(ms)) if ms > 0 && ms.is_multiple_of(WEEK) => match ms / WEEK {
            1 => "within a week".to_owned(),
            n => format!("within {n} weeks"),
        },
        (Some(Moment::After), Some(ms)) => format!("within {}", format::length(ms)),
        (Some(Moment::Before), _) if alone => "before".to_owned(),
        (Some(Moment::During), _) if alone => "during".to_owned(),
        (Some(Moment::After), _) if alone => "after".to_owned(),
        (Some(Moment::Ready), _) if alone => "ready".to_owned(),
        _ => list.title.clone(),
    }
}

/// What stands at the end of a list's rule: what it waits for, who else sees it.
fn note(view: &View, list: &ChecklistView) -> String {
    let required = list.items.iter().filter(|i| i.required).count();
    let mut parts = vec![match required {
        0 => "optional".to_owned(),
        n if n == list.items.len() => "required".to_owned(),
        n => format!("{n} required"),
    }];
    match list.due_ms {
        _ if list.done().0 == list.items.len() => {}
        Some(ms) if ms < 0 => parts.push(format!("OVERDUE by {}", minutes(ms.unsigned_abs()))),
        Some(ms) => parts.push(format!("due in {}", minutes(ms.unsigned_abs()))),
        None if list.moment == Some(Moment::After) && !list.began => {
            parts.push("counts from a run's end".to_owned());
        }
        None => {}
    }
    if let [_, others @ ..] = view.here.as_slice()
        && !others.is_empty()
    {
        parts.push(format!("shared with {}", others.join(", ")));
    }
    parts.join(", ")
}

/// A time in whole minutes, days beyond two.
fn minutes(ms: u64) -> String {
    match ms / 3_600_000 {
        48.. => format!("{}d", ms / 86_400_000),
        _ => format::short(ms / 60_000 * 60_000),
    }
}

fn hint(list: &ChecklistView) -> &'static str {
    match list.moment {
        Some(Moment::After) => "Follow-ups count from the end of the last run. N writes a note to one.",
        Some(Moment::Ready) => "What is ready stays so until somebody unticks it, or it breaks by itself.",
        _ => "Not ticked items do not stop an emergency; O overrides one, with a reason.",
    }
}

fn row(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, item: &ItemView, on: bool) {
    let (x, y, end) = (area.x, area.y, area.right().saturating_sub(1));
    if on {
        canvas.put(x + 1, y, 1, "▸", Slot::Accent);
    }
    let (mark, slot) = match item {
        i if i.done => ("x", Slot::Ok),
        i if i.running => ("▸", Slot::Accent),
        i if i.without.is_some() => ("-", Slot::Warn),
        _ => (" ", Slot::Text),
    };
    canvas.put(x + 3, y, 1, "[", Slot::Text);
    canvas.put(x + 4, y, 1, mark, slot);
    canvas.put(x + 5, y, 1, "]", Slot::Text);
    let who = x + if area.width >= 110 { 62 } else { 46.min(area.width * 46 / 80) };
    let optional = if item.required { "" } else { " (optional)" };
    let ink = if item.done { Slot::Text } else { Slot::Head };
    canvas.put(x + 7, y, who.saturating_sub(x + 8), &format!("{}{optional}", item.text), ink);
    let time = item.wall.map(|wall| format::clock(wall, &scene.ui.zone)).unwrap_or_default();
    if item.done {
        canvas.put(who, y, 6, item.who.as_deref().unwrap_or_default(), Slot::Text);
        let after = canvas.put(who + 7, y, 9, &time, Slot::Dim).max(who + 7 + 10);
        let said = if item.detail.is_empty() { &item.note } else { &item.detail };
        canvas.put(after, y, end.saturating_sub(after), said, Slot::Dim);
        return;
    }
    let (text, slot) = open(scene, item, &time);
    canvas.put(who, y, end.saturating_sub(who), &text, slot);
}

/// What is said of an item that is not done.
fn open(scene: &Scene<'_>, item: &ItemView, time: &str) -> (String, Slot) {
    if item.running {
        let since = item.since.map(|wall| format::clock(wall, &scene.ui.zone)).unwrap_or_default();
        return (format!("runs since {since}, {}", item.by.as_deref().unwrap_or("?")), Slot::Accent);
    }
    if let Some((reason, who)) = &item.without {
        return (format!("- without, {who}: {reason}"), Slot::Warn);
    }
    let seen = |mark: &str, else_: &str| match item.detail.is_empty() {
        true => format!("{mark} {else_}"),
        false => format!("{mark} {}", item.detail),
    };
    match (item.kind, item.answer, &item.does) {
        _ if item.unknown => (seen("?", "nobody knows what came of it"), Slot::Unknown),
        _ if item.failed => (format!("! {time} {}", item.detail), Slot::Critical),
        (Some("looks"), Some(Answer::Fails), _) => (seen("!", "it does not hold"), Slot::Warn),
        (Some("looks"), ..) => (seen("?", "not asked yet"), Slot::Unknown),
        (Some("asks you"), ..) if item.prefill.is_empty() => ("asks you, 1 line".to_owned(), Slot::Dim),
        (Some("asks you"), ..) => ("asks you, 1 line, prefilled".to_owned(), Slot::Dim),
        (Some(kind), _, Some(does)) => (format!("{kind} {does}"), Slot::Dim),
        _ if !item.note.is_empty() => (item.note.clone(), Slot::Dim),
        _ if !item.roles.is_empty() => (item.roles.join(", "), Slot::Dim),
        _ => (String::new(), Slot::Dim),
    }
}

/// The item at the cursor in full: indent, text, ink.
fn about(view: &View, scene: &Scene<'_>, item: &ItemView, width: u16) -> Vec<(u16, String, Slot)> {
    let me = view.here.first().map_or("you", String::as_str);
    let mut out = Vec::new();
    let say = |out: &mut Vec<(u16, String, Slot)>, text: &str, slot| {
        out.extend(wrap(text, width as usize).into_iter().map(|line| (0, line, slot)));
    };
    let does = item.does.clone().unwrap_or_default();
    let clock = |wall: i64| format::clock(wall, &scene.ui.zone);
    match item.kind {
        None => {
            let who = if item.roles.is_empty() { "anybody".to_owned() } else { item.roles.join(", ") };
            say(&mut out, &format!("A person does it and ticks it ({who})."), Slot::Text);
        }
        Some("looks") => {
            say(&mut out, "It ticks itself while this holds, and unticks itself when it breaks:", Slot::Text);
            command(&mut out, &does, width);
            let answer = match item.answer {
                Some(Answer::Holds) => ("✓ It holds", Slot::Ok),
                Some(Answer::Fails) => ("! It does not hold", Slot::Warn),
                Some(Answer::Blind) | None => ("? It cannot be judged", Slot::Unknown),
            };
            let seen = if item.detail.is_empty() { String::new() } else { format!(": {}", item.detail) };
            say(&mut out, &format!("{}{seen}", answer.0), answer.1);
        }
        Some("asks you") => {
            say(&mut out, &format!("Enter asks, and your answer ticks it: {does}"), Slot::Text);
            if !item.prefill.is_empty() {
                say(&mut out, &format!("In the field at first: {}", item.prefill), Slot::Dim);
            }
        }
        Some(kind) => {
            say(&mut out, &how(item, me, "Enter"), Slot::Text);
            command(&mut out, &does, width);
            let changes = match kind {
                "runs" | "sends" => "",
                _ => "It changes nothing in production. ",
            };
            let last = match &item.last {
                Some((true, wall, who, took)) => {
                    format!("{}, {who}, done in {}", clock(*wall), format::length(*took))
                }
                Some((false, wall, who, _)) => format!("{}, {who}, FAILED", clock(*wall)),
                None => "never".to_owned(),
            };
            say(&mut out, &format!("{changes}Its last run: {last}."), Slot::Text);
        }
    }
    if item.running {
        let since = item.since.map(clock).unwrap_or_default();
        let by = item.by.as_deref().unwrap_or("somebody");
        let stops = if by == me { " Enter stops it." } else { "" };
        say(&mut out, &format!("It runs since {since}, set off by {by}.{stops}"), Slot::Accent);
    } else if (item.failed || item.unknown || item.done)
        && item.kind != Some("looks")
        && !item.detail.is_empty()
    {
        let slot = if item.failed { Slot::Critical } else { Slot::Text };
        say(&mut out, &item.detail, slot);
    }
    if let Some((reason, who)) = &item.without {
        say(&mut out, &format!("- {who} goes on without it: {reason}"), Slot::Warn);
    }
    if !item.note.is_empty() {
        say(&mut out, &format!("Note, {}", item.note), Slot::Text);
    }
    out
}

/// What is run, as it is.
fn command(out: &mut Vec<(u16, String, Slot)>, line: &str, width: u16) {
    let lines = chop(line, width.saturating_sub(4) as usize);
    let cut = lines.len() > COMMAND;
    for (i, part) in lines.into_iter().take(COMMAND).enumerate() {
        let more = if cut && i + 1 == COMMAND { "…" } else { "" };
        out.push((2, format!("{part}{more}"), Slot::Head));
    }
}

/// The lists after a run, a row each.
fn follow_ups(canvas: &mut Canvas<'_>, area: Rect, after: &[&ChecklistView]) {
    let began = after.iter().any(|c| c.began);
    let title = if began { "After the run" } else { "After the run, due times start at its end" };
    canvas.rule(area.x, area.y, area.width, title, "", false);
    let end = area.right().saturating_sub(1);
    for (i, c) in after.iter().enumerate() {
        let y = area.y + 1 + i as u16;
        if y >= area.bottom() {
            return;
        }
        canvas.put(area.x + 3, y, 19, &c.title, Slot::Text);
        let (done, of) = c.done();
        let (far, slot) = match c.due_ms {
            Some(ms) if done < of && ms < 0 => (format!("{done}/{of} OVERDUE"), Slot::Warn),
            Some(ms) if done < of => (format!("{done}/{of} in {}", minutes(ms.unsigned_abs())), Slot::Text),
            Some(_) => (format!("{done}/{of}"), Slot::Ok),
            None => (of.to_string(), Slot::Text),
        };
        let x = canvas.put(area.x + 23, y, 14, &far, slot).max(area.x + 27);
        let texts: Vec<String> =
            c.items.iter().map(|i| if i.done { format!("✓ {}", i.text) } else { i.text.clone() }).collect();
        canvas.put(x + 1, y, end.saturating_sub(x + 1), &texts.join(" · "), Slot::Dim);
    }
}
