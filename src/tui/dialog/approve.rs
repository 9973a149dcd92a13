//! A run waits for other people to agree: what it would do, who is asked, and whether the person here may.

use super::Approve;
use super::window::{Window, chop, wrap};
use crate::model::playbook::ApprovalDefault;
use crate::run::record::Answer;
use crate::run::view::{ApprovalView, RunView, between};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::{self, Scene};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// `Engineering lead, 0 of 1`.
pub fn needs(a: &ApprovalView) -> String {
    let roles: Vec<String> = a
        .roles
        .iter()
        .map(|(title, _, who)| match who {
            Some(who) => format!("{title} (given by {who})"),
            None => title.clone(),
        })
        .collect();
    let roles = if roles.is_empty() { "another person".to_string() } else { roles.join(", ") };
    format!("{roles}; {} of {} have agreed", a.have, a.need)
}

/// What happens when nobody agrees in time.
pub fn default(default: ApprovalDefault) -> &'static str {
    match default {
        ApprovalDefault::Refuse => "then it is refused",
        ApprovalDefault::Start => "then it starts, and says that nobody agreed",
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene<'_>, d: &Approve) {
    let view = scene.view;
    let Some((run, approval)) = view.run.as_ref().and_then(|r| Some((r, r.approval.as_ref()?))) else {
        return;
    };
    let ago = format::age(between(&run.requested, &view.now));
    let title = format!("APPROVE: {}, asked by {} {ago} ago", run.title, run.who);
    if d.plan {
        return plan(canvas, body, d, run, &title);
    }
    let place = format!("{} ▸ {}", view.service, view.environment.to_uppercase());
    let host = if run.host.is_empty() { String::new() } else { format!(", {}", run.host) };
    let change = match (view.run_facts.from.as_str(), view.run_facts.to.as_str()) {
        ("", to) => to.to_string(),
        (from, to) => format!("{from} → {to}"),
    };
    let of = &view.run_facts;
    let cost = super::confirm::cost(&of.downtime, &of.data_loss, of.duration_ms);
    let mut facts: Vec<(&str, String, Slot)> = vec![
        ("Where", format!("{place}{host}"), Slot::Text),
        ("To", change, Slot::Head),
        ("Cost", cost, Slot::Text),
        ("Reason", run.reason.clone(), Slot::Text),
    ];
    for p in run.preflight.iter().filter(|p| p.answer != Answer::Holds) {
        let (mark, slot) = paint::answer(p.answer);
        facts.push((mark, format!("{}: {}", p.text, p.detail), slot));
    }
    if let Some(why) = &run.override_reason {
        facts.push(("Override", why.clone(), Slot::Warn));
    }
    let left = format::countdown(approval.deadline.left(&view.now));
    let needs = format!("{}. Within {left}, {}", needs(approval), default(approval.default));
    let you = view.approver.clone().unwrap_or_default();
    let counts = match approval.asker_counts {
        true => "counts for a role of theirs".to_string(),
        false => "cannot agree: it takes another person".to_string(),
    };
    let mut people = vec![
        ("Needs", needs, Slot::Head),
        ("You", format!("{}{}", you.why, if you.may { "  ✓" } else { "" }), Slot::Text),
        ("Asker", format!("{}, {counts}", run.who), Slot::Text),
    ];
    if !you.may {
        people.push(("Who may", you.others.clone(), Slot::Text));
    }
    let width = 76.min(body.width.saturating_sub(2));
    facts.retain(|f| !f.1.is_empty());
    let rows = |t: &str| wrap(t, Window::room(width)).len() as u16;
    let upper: u16 = facts.iter().map(|f| rows(&f.1)).sum();
    let lower: u16 = people.iter().map(|f| rows(&f.1)).sum();
    let mut w = Window::open(canvas, body, width, upper + lower + 9, &title);
    if w.left() > upper + lower + 7 {
        w.gap();
    }
    w.kept = lower + 6;
    for (label, text, slot) in &facts {
        w.fact(canvas, label, text, *slot);
    }
    w.to_kept();
    w.kept = 5;
    w.divide(canvas);
    for (label, text, slot) in &people {
        w.fact(canvas, label, text, *slot);
    }
    w.kept = 0;
    w.y = w.end().saturating_sub(5);
    w.divide(canvas);
    let command = format!("From another terminal:   ripcord approve {}", run.id);
    w.text(canvas, 0, &command, Slot::Text);
    w.text(canvas, 0, &format!("Enter shows the whole plan: {} steps, frozen", run.steps.len()), Slot::Text);
    w.divide(canvas);
    let (x, y) = (w.area.x + 2, w.y);
    if you.may {
        let x = canvas.put(x, y, 2, "a", Slot::Key);
        let x = canvas.put(x + 1, y, 14, "approve…", Slot::Text);
        let x = canvas.put(x + 4, y, 2, "x", Slot::Key);
        canvas.put(x + 1, y, 14, "refuse…", Slot::Text);
    }
    w.buttons(canvas, "Not now", None);
}

/// All commands, as they are frozen.
fn plan(canvas: &mut Canvas<'_>, body: Rect, d: &Approve, run: &RunView, title: &str) {
    let mut w = Window::open(canvas, body, 78, body.height, title);
    w.kept = 2;
    let room = w.area.width as usize - 9;
    let first = d.first.min(run.steps.len().saturating_sub(1));
    let mut shown = first;
    for step in run.steps.iter().skip(first) {
        let rows = chop(&step.line, room);
        if rows.len() as u16 + 1 > w.left() && shown > first {
            break;
        }
        canvas.put(w.area.x + 2, w.y, 4, &step.label, Slot::Dim);
        w.text(canvas, 5, &step.name, Slot::Text);
        for row in rows {
            w.text(canvas, 5, &row, Slot::Head);
        }
        shown += 1;
    }
    let more = run.steps.len() - shown;
    w.to_kept();
    let note = match (first, more) {
        (_, 1..) => format!("{more} more of {}: PgDn", run.steps.len()),
        (1.., 0) => "PgUp: back up".into(),
        _ => String::new(),
    };
    canvas.put(w.area.x + 2, w.y, 40, &note, Slot::Pending);
    w.buttons(canvas, "Enter: back", None);
}
