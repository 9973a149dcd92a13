//! What to do when all else fails: the procedures in their order, with their cost; whom to call; what is so right now.

use crate::session::view::guide::HoursView;
use crate::session::view::{ProcedureView, View};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::{run_line, verdict};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Rows of what is so right now, with its rule.
const NOW: u16 = 3;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let view = scene.view;
    canvas.fill(area.x, area.y, area.width, '═', Slot::Rule);
    let title = " EMERGENCY: what to do, in this order ";
    canvas.put(area.x + 2, area.y, area.width.saturating_sub(3), title, Slot::Head);
    let help = help(view, area.width.saturating_sub(10) as usize);
    let end = area.bottom().saturating_sub(NOW);
    // The procedures come first, then those four rows, then the playbook's own words as far as there is room.
    let kept = 1 + FIXED.min(help.len()) as u16;
    let first = Rect { y: area.y + 1, height: end.saturating_sub(area.y + 1 + kept), ..area };
    let mut y = procedures(canvas, first, view);
    if y < end {
        let room = end.saturating_sub(y + 1) as usize;
        let from = scene.ui.scroll.min(help.len().saturating_sub(room));
        let note = if help.len() > room { "↓ for more" } else { "" };
        canvas.rule(area.x, y, area.width, "If nothing here works", note, false);
        for (key, text, slot) in help.iter().skip(from).take(room) {
            y += 1;
            canvas.put(area.x + 3, y, 1, key, Slot::Key);
            canvas.put(area.x + 7, y, area.width.saturating_sub(8), text, *slot);
        }
    }
    canvas.rule(area.x, end, area.width, "Right now", "", false);
    let (mark, slot) = verdict::gravity(view.verdict.gravity);
    canvas.put(area.x + 3, end + 1, 2, mark, slot);
    canvas.put(area.x + 6, end + 1, area.width.saturating_sub(7), &now(view), Slot::Text);
    let text = format!("records: {}", view.state_dir);
    canvas.put(area.x + 6, end + 2, area.width.saturating_sub(7), &text, Slot::Dim);
}

/// Rows of the help that are always in sight.
const FIXED: usize = 4;

/// What can be done, in which order; the row below.
fn procedures(canvas: &mut Canvas<'_>, area: Rect, view: &View) -> u16 {
    let mut all: Vec<&ProcedureView> = view.procedures.iter().filter(|p| p.key.is_some()).collect();
    // What fits comes first, then what is done soonest.
    all.sort_by_key(|p| (!p.suggested, p.duration_ms));
    if all.is_empty() {
        let text = "No procedure has a key: 3 lists what there is.";
        canvas.put(area.x + 4, area.y + 1, area.width.saturating_sub(5), text, Slot::Text);
        return area.y + 3;
    }
    let n = all.len() as u16;
    let words = n * 2 <= area.height;
    let airy = n * 3 < area.height;
    let mut y = area.y + u16::from(airy);
    for (i, p) in all.iter().enumerate() {
        if y + u16::from(words) >= area.bottom() {
            break;
        }
        let order = match i {
            0 => "first",
            _ if i + 1 == all.len() => "last",
            _ => "then",
        };
        canvas.put(area.x + 1, y, 5, order, if i == 0 { Slot::Head } else { Slot::Dim });
        canvas.put(area.x + 7, y, 1, &p.key.map(String::from).unwrap_or_default(), Slot::Key);
        let x = area.x + area.width / 2;
        canvas.put(area.x + 11, y, x.saturating_sub(area.x + 12), &p.title, Slot::Head);
        canvas.put(x, y, 10, &format::length(p.duration_ms), Slot::Text);
        let cost = cost(p);
        canvas.put(x + 11, y, area.right().saturating_sub(x + 12), &cost, Slot::Text);
        y += 1;
        if words {
            let fits = if p.suggested { "It fits what fires. " } else { "" };
            let text = format!("{fits}{}", p.use_when);
            canvas.put(area.x + 11, y, area.width.saturating_sub(12), &text, Slot::Dim);
            y += 1;
        }
        y += u16::from(airy);
    }
    y
}

fn costs(text: &str) -> bool {
    !matches!(text, "" | "none")
}

fn cost(p: &ProcedureView) -> String {
    match (costs(&p.downtime), costs(&p.data_loss)) {
        (false, false) => "no downtime, no data loss".into(),
        (true, false) => format!("{} down, no data loss", p.downtime),
        (false, true) => format!("no downtime, loses {}", p.data_loss),
        (true, true) => format!("{} down, loses {}", p.downtime, p.data_loss),
    }
}

/// What else there is: a key, what it does, and the playbook's own words.
fn help(view: &View, width: usize) -> Vec<(&'static str, String, Slot)> {
    let mut out = Vec::new();
    let reached = |hours: &HoursView| !matches!(hours, HoursView::From(_));
    let mut call: Vec<_> = view.book.contacts.iter().collect();
    call.sort_by_key(|c| !reached(&c.hours));
    let call: Vec<String> = call
        .iter()
        .filter_map(|c| {
            let by = c.reach.first().map(|(_, way)| way).or(c.channels.first())?;
            Some(format!("{} ({by})", c.title))
        })
        .take(2)
        .collect();
    let call = if call.is_empty() { "nobody is named in the playbook".into() } else { call.join(" · ") };
    out.push(("C", format!("Call      {call}"), Slot::Text));
    let stop = match view.automation {
        "OFF" | "HELD" => "The automation is off already; X arms it again, with a question",
        _ => "Stop the automation for all triggers, at once, recorded",
    };
    out.push(("X", stop.into(), Slot::Text));
    out.push((
        "Y",
        "Copy the commands: every procedure as plain shell, for a bare terminal".into(),
        Slot::Text,
    ));
    let paper = format!("    the same on paper:  ripcord panic-sheet {}", view.service);
    out.push(("", paper, Slot::Dim));
    for line in view.emergency.iter().flat_map(|t| t.lines()) {
        out.extend(wrap(line, width).into_iter().map(|line| ("", line, Slot::Text)));
    }
    out.extend(view.links.iter().map(|(title, url)| ("", format!("{title}: {url}"), Slot::Text)));
    out
}

/// In one line: the verdict and its clock, what acts by itself, the run, the lock.
fn now(view: &View) -> String {
    let mut out = vec![view.verdict.word.clone()];
    let decides = view.decisions.iter().find_map(|d| d.decide_ms.or(d.default_ms));
    let what = if decides.is_none() { "respond" } else { "decide" };
    match decides.or(view.verdict.clock_ms) {
        Some(ms @ 0..) => out[0] = format!("{}, {} to {what}", out[0], format::countdown(ms as u64)),
        Some(late) => {
            out[0] = format!("{}, overdue by {}", out[0], format::countdown(late.unsigned_abs()));
        }
        None => {}
    }
    if let Some(acts) = &view.acts {
        out.push(format!("{} by itself in {}", acts.title, format::countdown(acts.in_ms)));
    }
    match &view.run {
        Some(run) if run_line::is_live(run) => {
            let lock = if run_line::holds_lock(run) { "" } else { ", the lock is free" };
            out.push(format!("{} runs, by {}: 4 shows it{lock}", run.title, run.who));
        }
        _ => out.push("no run · the lock is free".into()),
    }
    out.join(" · ")
}
