//! One row of the fleet in full: why it stands so, what acts by itself, what runs, who is there.

use super::{environment, mark};
use crate::model::playbook::Automation;
use crate::session::view::fleet::{Due, FleetRow, FleetView, Grade, LastRun};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// A mark, and what is said beside it.
struct Line {
    mark: &'static str,
    slot: Slot,
    text: String,
}

/// Draws it below the list, as far as there is room.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, fleet: &FleetView, row: &FleetRow) {
    if area.height < 2 {
        return;
    }
    canvas.rule(area.x, area.y, area.width, &title(row), "", false);
    let evidence = row.living(&fleet.now).map(|s| s.evidence.join(" · ")).unwrap_or_default();
    lines(canvas, area, said(fleet, row, vec![evidence]), 0);
}

/// Draws it instead of the list: a line for each part of the evidence, and where the records come from.
pub(super) fn whole(canvas: &mut Canvas<'_>, area: Rect, fleet: &FleetView, row: &FleetRow, scroll: usize) {
    canvas.rule(area.x, area.y, area.width, &title(row), "W or Esc: back to the list", true);
    let evidence = row.living(&fleet.now).map(|s| s.evidence.clone()).unwrap_or_default();
    let mut all = said(fleet, row, evidence);
    let plain = |text: String| Line { mark: "  ", slot: Slot::Dim, text };
    if let Some(says) = &row.says {
        let (fresh, of) = says.answering;
        let age = format::age(says.age(&fleet.now));
        all.push(plain(format!("{fresh} of {of} signals answer, as was said {age} ago")));
    }
    all.extend(row.signal.iter().map(|s| plain(format!("drawn: {s}, 15 min"))));
    all.push(plain(row.file.clone()));
    lines(canvas, area, all, scroll);
}

fn title(row: &FleetRow) -> String {
    match row.environment.is_empty() {
        true => row.service.clone(),
        false => format!("{} ▸ {}", row.service, environment(row)),
    }
}

fn lines(canvas: &mut Canvas<'_>, area: Rect, all: Vec<Line>, scroll: usize) {
    let room = area.width.saturating_sub(5) as usize;
    let wrapped = all.iter().flat_map(|l| {
        let rows = wrap(&l.text, room).into_iter().enumerate();
        rows.map(move |(i, text)| (if i == 0 { l.mark } else { "  " }, l.slot, text))
    });
    for (y, (mark, slot, text)) in (area.y + 1..area.bottom()).zip(wrapped.skip(scroll)) {
        canvas.put(area.x + 1, y, 2, mark, slot);
        let ink = if slot == Slot::Dim { Slot::Dim } else { Slot::Text };
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), &text, ink);
    }
}

/// What there is to be said of a row, the gravest first.
fn said(fleet: &FleetView, row: &FleetRow, evidence: Vec<String>) -> Vec<Line> {
    let now = &fleet.now;
    let state = row.state(now);
    let (of_grade, ink) = mark(state.grade);
    let mut out = Vec::new();
    let mut say = |mark, slot, text: String| out.push(Line { mark, slot, text });
    if let Some(broken) = &row.broken {
        say(of_grade, ink, format!("{}: {}", broken.place, broken.what));
        say("  ", Slot::Text, broken.hint.clone());
        let more = match broken.more {
            0 => String::new(),
            1 => "1 more problem: ".into(),
            n => format!("{n} more problems: "),
        };
        say("  ", Slot::Dim, format!("{more}ripcord check {}", row.file));
        return out;
    }
    if let Some(unread) = &row.unread {
        say("? ", Slot::Unknown, unread.clone());
    }
    let living = row.living(now);
    for (i, part) in evidence.into_iter().filter(|e| !e.is_empty()).enumerate() {
        say(if i == 0 { of_grade } else { "  " }, ink, part);
    }
    if let Some((due, ms)) = row.acts_next(now) {
        let by = living.map(|s| format!(", decided by watch on {}", s.host)).unwrap_or_default();
        let Due { title, then, .. } = due;
        say("» ", Slot::Pending, format!("{title} acts in {} (armed, {then}){by}", format::countdown(ms)));
    }
    for due in &row.decisions {
        let left = due.at.as_ref().map(|at| match at.left(now) {
            0 => format!("OVERDUE by {}", format::elapsed(at.overdue(now))),
            left => format!("decide in {}", format::countdown(left)),
        });
        let left = left.unwrap_or_else(|| "a person decides".into());
        say("» ", Slot::Pending, format!("{}: {left}, {}", due.title, due.then));
    }
    if let Some(run) = &row.run {
        let since = format::elapsed((now.boot as i64 - now.boot_of(&run.since)).max(0) as u64);
        let (mark, slot) = match (run.driven, &run.needs) {
            (false, _) => ("? ", Slot::Unknown),
            (_, Some(_)) => ("!!", Slot::Critical),
            _ => ("▸ ", Slot::Accent),
        };
        let needs = run.needs.as_ref().map(|n| format!(", {n}")).unwrap_or_default();
        let what = match (run.driven, run.guarding) {
            (false, _) => "nobody drives it: open the service, O takes it up".to_owned(),
            (_, true) => "verified, watched for a while longer".to_owned(),
            _ => format!("{}{needs}, for {since}", run.place),
        };
        say(mark, slot, format!("{} by {}: {what}", run.title, run.who));
    }
    match (living, &row.says) {
        (Some(s), _) if s.trouble.is_some() => {
            let trouble = s.trouble.as_deref().unwrap_or_default();
            say("! ", Slot::Warn, format!("nothing is decided: {trouble}"));
        }
        (Some(s), _) if !s.acts => {
            say(
                "? ",
                Slot::Unknown,
                format!("no watcher: a screen of {} on {} records, nothing acts", s.who, s.host),
            );
        }
        (Some(_), _) => {}
        (None, Some(s)) if s.acts && !s.gone => {
            let age = format::age(s.age(now));
            let text = format!(
                "The watcher on {} has been silent for {age}: nothing acts by itself. {}",
                s.host,
                last_said(&s.text)
            );
            say("? ", Slot::Unknown, text);
        }
        (None, Some(s)) => {
            let age = format::age(s.age(now));
            say("? ", Slot::Unknown, format!("Nobody watches. {} ({age} ago)", last_said(&s.text)));
        }
        (None, None) => {
            say("? ", Slot::Unknown, "Nobody has watched it yet: `ripcord watch`, or Enter opens it.".into());
        }
    }
    let mode = match row.mode {
        Some(Automation::Armed)
            if state.watched && row.acts_next(now).is_none() && state.grade == Grade::Quiet =>
        {
            living.map(|s| format!("armed, watch on {}", s.host))
        }
        Some(Automation::Armed) => None,
        Some(Automation::Shadow) => Some("shadow: says what it would do".into()),
        Some(Automation::Off) => Some("automation off".into()),
        None => None,
    };
    let mut parts: Vec<String> = mode.into_iter().collect();
    let mut here: Vec<&str> = row.here.iter().map(String::as_str).collect();
    if fleet.open == Some(row.id) && !here.contains(&fleet.user.as_str()) {
        here.insert(0, &fleet.user);
    }
    if !here.is_empty() {
        parts.push(format!("here: {}", here.join(", ")));
    }
    parts.push(match &row.last {
        Some(last) => ago(last, now.wall),
        None if row.run.is_some() => "no run before".into(),
        None => "never rolled back".into(),
    });
    say("  ", Slot::Text, parts.join(" · "));
    out
}

fn last_said(text: &str) -> String {
    format!("It said last: {text}")
}

/// `last run 12 days ago, verified in 7:02`.
fn ago(last: &LastRun, wall: i64) -> String {
    let ms = (wall - last.wall).max(0) as u64;
    let when = match ms / 86_400_000 {
        0 => format!("{} ago", format::age(ms)),
        1 => "yesterday".into(),
        n => format!("{n} days ago"),
    };
    format!("last run {when}, {} in {} ({})", last.word, format::elapsed(last.took_ms), last.title)
}
