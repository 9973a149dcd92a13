//! The ladder, those who are called, and the one at the cursor.

use super::{fact, first, nothing};
use crate::engine::eval::Truth;
use crate::session::view::guide::{ContactView, HoursView, RungState, RungView, ToldView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::{row, rows};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

/// Rows of what is told of one contact.
const DETAIL: u16 = 6;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let book = &scene.view.book;
    if book.contacts.is_empty() && book.ladder.is_empty() {
        canvas.rule(area.x, area.y, area.width, "Contacts", "", true);
        let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        nothing(
            canvas,
            below,
            &[
                "The playbook names nobody who could be called.",
                "[roles.oncall]  title = \"On-call engineer\", phone, slack, mail, available = \"24/7\" or \"Mon-Fri 09:00-17:00 Europe/Berlin\", notify_when, channels: who they are, and how they are told.",
                "[[escalation]]  after = \"15m\", roles, message: who is told when it goes on.",
            ],
        );
        return;
    }
    let mut y = area.y;
    let hint = hint(scene);
    let hints = wrap(&hint, area.width.saturating_sub(2) as usize);
    let bottom = area.bottom().saturating_sub(hints.len() as u16);
    if let Some((mark, line, slot)) = now(scene) {
        canvas.put(area.x + 1, y, 2, mark, slot);
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), &line, slot);
        y += 1;
    }
    if !book.ladder.is_empty() {
        let most = (area.height / 3).max(2).min(book.ladder.len() as u16);
        y = ladder(canvas, Rect { y, height: most + 1, ..area }, scene);
    }
    // What matters of one contact comes before the far end of the list.
    let all = rows(scene.ui, scene.view).len() as u16;
    let wide = Rect { y, height: bottom.saturating_sub(y), ..area };
    let list = (all.max(1) + 1).min(wide.height.saturating_sub(DETAIL).max(3));
    contacts(canvas, Rect { height: list, ..wide }, scene);
    let below = Rect { y: y + list, height: wide.height.saturating_sub(list), ..area };
    if let Some(c) = row(scene.ui, scene.view).and_then(|at| book.contacts.get(at)) {
        detail(canvas, below, scene, c);
    }
    for (i, line) in hints.iter().enumerate() {
        canvas.put(area.x + 1, bottom + i as u16, area.width.saturating_sub(2), line, Slot::Dim);
    }
}

/// Who is to be called now, and how: one line, while an incident is open.
fn now(scene: &Scene<'_>) -> Option<(&'static str, String, Slot)> {
    let (view, book) = (scene.view, &scene.view.book);
    view.incident.as_ref()?;
    if let Some(taken) = &book.taken {
        let note = if taken.note.is_empty() { String::new() } else { format!(" ({})", taken.note) };
        let since = format::clock(taken.wall, &scene.ui.zone);
        let waits = format::countdown(taken.left_ms);
        let line = format!("{} is on it since {since}{note}: the ladder waits {waits}", taken.who);
        return Some(("= ", line, Slot::Accent));
    }
    let call = book.call?;
    let c = book.contacts.get(call.contact)?;
    let reach = c.reach.first().map(|(_, way)| way.clone()).or_else(|| c.channels.first().cloned());
    let reach = reach.map(|r| format!(", {r}")).unwrap_or_default();
    let hours = if call.outside { ", outside their hours: nobody else is reached" } else { "" };
    Some(match call.due_ms {
        Some(ms) => {
            let due = format::age(ms);
            let line = format!("CALL NOW  {}{reach}{hours}. Rung {} is due for {due}.", c.title, call.rung);
            ("^ ", line, Slot::Warn)
        }
        None => ("  ", format!("Nobody is due yet. First: {}{reach}{hours}.", c.title), Slot::Text),
    })
}

fn hint(scene: &Scene<'_>) -> String {
    let book = &scene.view.book;
    let Some(since) = book.incident.filter(|_| !book.ladder.is_empty()) else {
        return match book.ladder.is_empty() {
            true => "There is no ladder: [[escalation]] names who is told when it goes on.".into(),
            false => "Times run from an incident's start; none is open.".into(),
        };
    };
    format!(
        "From the start, {}. The watcher tells who is due; K: you are on it.",
        format::clock(since, &scene.ui.zone)
    )
}

fn ladder(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) -> u16 {
    let book = &scene.view.book;
    let note = match &scene.view.incident {
        Some(i) => format!("incident open {}", format::held(i.for_ms)),
        None => "no incident is open".into(),
    };
    canvas.rule(area.x, area.y, area.width, "Escalation ladder", &note, false);
    let room = area.height.saturating_sub(1) as usize;
    // The one that is next is in sight.
    let next = book.ladder.iter().position(|r| matches!(r.state, RungState::Ahead(_)));
    let from = first(next.unwrap_or(0), book.ladder.len(), room);
    let mut y = area.y + 1;
    for rung in book.ladder.iter().skip(from).take(room) {
        one(canvas, Rect { y, height: 1, ..area }, scene, rung);
        y += 1;
    }
    y
}

fn one(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, rung: &RungView) {
    let (mark, slot, state) = state(rung, &scene.ui.zone);
    let after = if rung.after_ms == 0 { "now".into() } else { format::short(rung.after_ms) };
    let (x, y) = (area.x, area.y);
    canvas.put(x + 1, y, 2, mark, slot);
    canvas.put(x + 4, y, 8, &after, Slot::Text);
    let who = (area.width / 4).max(21);
    canvas.put(x + 13, y, who, &rung.who, if rung.is_out() { Slot::Dim } else { Slot::Head });
    let at = x + 14 + who;
    let room = area.right().saturating_sub(at + 1);
    canvas.put(at, y, room, &state, if slot == Slot::Ok { Slot::Text } else { slot });
}

/// Mark, colour and words of a rung.
fn state(rung: &RungView, zone: &TimeZone) -> (&'static str, Slot, String) {
    // What holds now is as good as no condition.
    let only = rung.only_if.as_ref().and_then(|(text, truth)| match truth {
        Truth::True => None,
        Truth::False => Some(format!("only if {text} (it is not)")),
        Truth::Unknown => Some(format!("only if {text} (nobody knows)")),
    });
    let how = |words: String| match rung.how.is_empty() {
        true => words,
        false => format!("{words:<12}{}", rung.how),
    };
    match (&rung.state, only) {
        (RungState::Told(told), _) => {
            let (mark, slot) = if told.ok { ("✓ ", Slot::Ok) } else { ("!!", Slot::Critical) };
            (mark, slot, paged(told, zone))
        }
        (_, Some(only)) => ("  ", Slot::Text, only),
        (RungState::Ahead(left), None) => ("  ", Slot::Text, how(format!("in {}", format::countdown(*left)))),
        (RungState::Reached(ms), None) => {
            ("! ", Slot::Warn, format!("since {}, not paged  {}", format::age(*ms), rung.how))
        }
        (RungState::Held(left), None) => {
            ("= ", Slot::Accent, how(format!("waits {}", format::countdown(*left))))
        }
        (RungState::NotFor, None) => ("  ", Slot::Dim, "not for this severity".into()),
        (RungState::Waits, None) => ("  ", Slot::Dim, "waits for its condition".into()),
        (RungState::Idle, None) => ("  ", Slot::Text, rung.how.clone()),
    }
}

/// What came of telling people.
fn paged(told: &ToldView, zone: &TimeZone) -> String {
    let by = told.who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
    let how = if told.ok { "paged" } else { "NOT paged" };
    format!("{how} {}{by}, {}", format::clock(told.wall, zone), told.detail)
}

/// Where the columns begin: when, available, reach.
fn columns(width: u16) -> [u16; 3] {
    if width >= 110 { [40, 68, 90] } else { [30, 50, 65] }
}

fn contacts(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (view, x) = (scene.view, area.x);
    let [when, hours, reach] = columns(area.width);
    canvas.rule(x, area.y, area.width, "Contacts", "", true);
    for (at, title) in [(when, " when "), (hours, " available "), (reach, " reach ")] {
        canvas.put(x + at - 1, area.y, area.width.saturating_sub(at), title, Slot::Dim);
    }
    let all = rows(scene.ui, view);
    if all.is_empty() {
        let text = match &scene.ui.find {
            Some(_) => "Nobody is found: Esc in / shows all again.",
            None => "The playbook names nobody: write [roles.NAME].",
        };
        canvas.put(x + 4, area.y + 1, area.width.saturating_sub(5), text, Slot::Text);
        return;
    }
    let room = area.height.saturating_sub(1) as usize;
    let cursor = scene.ui.guide.at(all.len());
    let from = first(cursor, all.len(), room);
    for (i, at) in all.iter().enumerate().skip(from).take(room) {
        let Some(c) = view.book.contacts.get(*at) else { continue };
        let y = area.y + 1 + (i - from) as u16;
        let here = i == cursor;
        canvas.put(x + 1, y, 1, if here { "▸" } else { " " }, Slot::Accent);
        canvas.put(x + 4, y, when - 5, &c.title, if here { Slot::Head } else { Slot::Text });
        let text = if c.when.is_empty() { "-" } else { &c.when };
        canvas.put(x + when, y, hours - when - 1, text, Slot::Text);
        let (text, slot) = available(&c.hours, view.now.wall, &scene.ui.zone);
        canvas.put(x + hours, y, reach - hours - 1, &text, slot);
        let mut ways: Vec<&str> = c.reach.iter().map(|(_, way)| way.as_str()).collect();
        if ways.is_empty() {
            ways.extend(c.channels.iter().map(String::as_str));
        }
        let ways = if ways.is_empty() { "-".into() } else { ways.join(", ") };
        canvas.put(x + reach, y, area.width.saturating_sub(reach + 1), &ways, Slot::Text);
    }
}

/// Whether somebody is reached now, in a few words.
fn available(hours: &HoursView, now: i64, zone: &TimeZone) -> (String, Slot) {
    match hours {
        HoursView::Unknown => ("no hours".into(), Slot::Dim),
        HoursView::Written(text) => (format!("? {text}"), Slot::Dim),
        HoursView::Now(None) => ("24/7  now".into(), Slot::Ok),
        HoursView::Now(Some(until)) => (format!("until {}", moment(*until, now, zone)), Slot::Ok),
        HoursView::From(from) => (format!("from {}", moment(*from, now, zone)), Slot::Warn),
    }
}

/// A time of day, with its day when that is another one: `17:00`, `Mon 09:00`.
fn moment(at: i64, now: i64, zone: &TimeZone) -> String {
    let civil = |wall| Timestamp::from_millisecond(wall).unwrap_or_default().to_zoned(zone.clone());
    let (at, now) = (civil(at), civil(now));
    let how = if at.date() == now.date() { "%H:%M" } else { "%a %H:%M" };
    at.strftime(how).to_string()
}

fn detail(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, c: &ContactView) {
    if area.height == 0 {
        return;
    }
    let book = &scene.view.book;
    canvas.rule(area.x, area.y, area.width, &c.title, "", false);
    let mut facts: Vec<(&str, String, Slot)> = Vec::new();
    if c.telling {
        facts.push(("Paging", format!("they are being told by {}", c.channels.join(", ")), Slot::Pending));
    } else if let Some(told) = &c.told {
        let slot = if told.ok { Slot::Text } else { Slot::Critical };
        facts.push(("Last", paged(told, &scene.ui.zone), slot));
    }
    let group = |g: &String| format!("the group \"{g}\"");
    let duty = match (c.users.as_slice(), c.groups.as_slice()) {
        ([one], []) => one.clone(),
        ([], []) if c.includes.is_empty() => "not known: the playbook names nobody".into(),
        (_, groups @ [_, ..]) => format!(
            "not known: the playbook names {}, not a person",
            groups.iter().map(group).collect::<Vec<_>>().join(" and ")
        ),
        _ => "not known: the playbook names several, not who has the duty".into(),
    };
    let mut members = c.users.clone();
    members.extend(c.groups.iter().map(|g| format!("unix group {g}")));
    members.extend(c.includes.iter().map(|r| format!("whoever is {r}")));
    let reach: Vec<String> = c.reach.iter().map(|(kind, way)| format!("{kind} {way}")).collect();
    if !reach.is_empty() {
        facts.push(("Reach", reach.join(" · "), Slot::Text));
    }
    if let HoursView::Written(text) = &c.hours {
        facts.push((
            "Available",
            format!("\"{text}\" as written; nobody can say whether that is now"),
            Slot::Text,
        ));
    }
    facts.push(("Now on duty", duty, Slot::Text));
    if !members.is_empty() {
        facts.push(("Members", members.join(", "), Slot::Text));
    }
    let message = match c.channels.is_empty() {
        true => "none: no channel is named by which they could be paged".into(),
        false => format!("\"{}\" by {}; Enter asks before it is sent", book.message.1, c.channels.join(", ")),
    };
    facts.push(("Message", message, Slot::Text));
    let mut y = area.y + 1;
    for (label, text, slot) in facts {
        y = fact(canvas, area, y, (label, &text), slot);
    }
}
