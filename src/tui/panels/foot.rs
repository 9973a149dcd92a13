//! The last row: the keys that work now.

use super::run_line;
use crate::model::playbook::Confirm;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::messages::Part;
use crate::tui::dialog::read::Reading;
use crate::tui::dialog::{Dialog, find};
use crate::tui::keymap::{Action, Binding, Context, Keymap};
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use crate::tui::ui::guide::{Page, SYMPTOMS};
use crate::tui::ui::{Screen, Ui, draft_of, may_of_incident, may_start, offered};
use ratatui::layout::Rect;

struct Item {
    key: String,
    label: String,
    /// Lower goes first when there is no room.
    rank: u8,
}

/// Draws them on one row.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let mut items = items(scene);
    let end = area.right().saturating_sub(1);
    let mut at = area.x + 1;
    if let Some(word) = scene.view.simulated() {
        at = canvas.put(area.x, area.y, area.width, &format!(" //// {word} //// "), Slot::Drill) + 1;
    }
    if let Some(said) = &scene.ui.said {
        at = canvas.put(at, area.y, end.saturating_sub(at).min(area.width / 2), said, Slot::Accent) + 2;
    }
    if let Some(Dialog::Find(form)) = scene.ui.dialog() {
        at = find::draw(canvas, Rect { x: at - 1, width: (end + 1).saturating_sub(at), ..area }, form) + 2;
    }
    shorten(canvas, &mut items, end.saturating_sub(at));
    for item in &items {
        at = canvas.put(at, area.y, end.saturating_sub(at), &item.key, Slot::Key);
        at = canvas.put(at, area.y, end.saturating_sub(at), " ", Slot::Text);
        at = canvas.put(at, area.y, end.saturating_sub(at), &item.label, Slot::Text) + 2;
    }
}

/// Shortens the playbook's titles, then drops what matters least, until the row fits.
fn shorten(canvas: &Canvas<'_>, items: &mut Vec<Item>, room: u16) {
    let width = |items: &[Item]| {
        items
            .iter()
            .map(|i| canvas.width_of(&i.key) + 3 + canvas.width_of(&i.label))
            .sum::<u16>()
            .saturating_sub(2)
    };
    if width(items) > room {
        for item in items.iter_mut().filter(|i| i.rank == PLAYBOOK) {
            item.label = brief(&item.label);
        }
    }
    while width(items) > room && items.len() > 1 {
        let Some(least) = items.iter().rposition(|i| Some(i.rank) == items.iter().map(|i| i.rank).min())
        else {
            return;
        };
        items.remove(least);
    }
}

/// The first words of a title, in a dozen letters: `roll back`, `configuration`.
fn brief(title: &str) -> String {
    let mut words = title.split_whitespace();
    let mut out = words.next().unwrap_or_default().to_lowercase();
    for word in words {
        if out.chars().count() + 1 + word.chars().count() > 12 {
            break;
        }
        out.push(' ');
        out.push_str(&word.to_lowercase());
    }
    out
}

const PLAYBOOK: u8 = 5;

fn items(scene: &Scene<'_>) -> Vec<Item> {
    let (view, ui) = (scene.view, scene.ui);
    let context = ui.context();
    let mut out: Vec<Item> = Vec::new();
    if context.is_dialog() {
        return dialog_items(scene, context);
    }
    let of = |context: Context, wanted: &[&str], rank: u8, out: &mut Vec<Item>| {
        for b in ui.keymap.of(context) {
            let Some(foot) = b.foot else { continue };
            if wanted.is_empty() || wanted.contains(&foot) {
                out.push(Item { key: b.key_name().unwrap_or_default(), label: foot.into(), rank });
            }
        }
    };
    if let Some(sought) = ui.sought() {
        out.push(Item {
            key: format!("/{sought}"),
            label: format!("{}: all again", ui.keymap.key(Context::Global, Action::Back)),
            rank: 8,
        });
    }
    if ui.screen == Screen::Fleet {
        of(Context::Fleet, &[], 8, &mut out);
        out.push(Item { key: "↑↓".into(), label: "move".into(), rank: 5 });
        of(Context::Global, &["find"], 6, &mut out);
        of(Context::Global, &["why"], 6, &mut out);
        out.push(Item { key: ui.keymap.key(Context::Global, Action::Quit), label: "quit".into(), rank: 4 });
        of(Context::Global, &["keys"], 9, &mut out);
        return out;
    }
    let live = view.run.as_ref().filter(|r| run_line::is_live(r));
    match (ui.screen, live) {
        (Screen::Overview, _) => {}
        (Screen::Guide, _) => out.extend(in_guide(ui)),
        (Screen::Emergency, _) => {
            for (key, label) in [("C", "call"), ("X", "stop automation"), ("Y", "copy")] {
                out.push(Item { key: key.into(), label: label.into(), rank: 6 });
            }
        }
        (Screen::Procedures, _) => plans(scene, &mut out),
        (Screen::Run, _) => {
            for (action, label) in offered(view) {
                let Some(b) = ui.keymap.of(context).find(|b| b.action == action) else { continue };
                let rank = match action {
                    Action::Outcome | Action::Retry => 8,
                    Action::StopRun | Action::Pause => 7,
                    _ => 6,
                };
                out.push(Item { key: b.keys_name(), label: label.into(), rank });
            }
        }
        (Screen::Drill, _) if view.troubles.is_empty() => {}
        (Screen::Drill, _) if view.drill.is_none() => of(context, &["trouble…"], 6, &mut out),
        _ => of(context, &[], 6, &mut out),
    }
    if view.run.as_ref().is_some_and(|r| r.approval.is_some()) {
        of(Context::Global, &["approve…"], 8, &mut out);
    }
    // What did not reach people is seen on every screen, and calmer than what fires.
    let lost = view.letters.iter().filter(|l| l.pointed_out).count();
    if lost > 0 {
        let label = if lost == 1 {
            "1 message NOT delivered".into()
        } else {
            format!("{lost} messages NOT delivered")
        };
        out.push(Item { key: ui.keymap.key(Context::Global, Action::Message), label, rank: 7 });
    }
    if !view.decisions.is_empty() && !view.read_only {
        of(Context::Global, &["decide…"], 8, &mut out);
    }
    let locked = view.run.as_ref().is_some_and(run_line::holds_lock);
    if !view.read_only && ui.has_playbook_keys(view) {
        let resolved = ui.screen == Screen::Procedures && ui.plan.is_some();
        for p in view.procedures.iter().filter(|p| (!locked || p.emergency) && !resolved) {
            if let Some(key) = p.key {
                out.push(Item { key: key.to_string(), label: p.title.clone(), rank: PLAYBOOK });
            }
        }
        for m in view.manual.iter().filter(|_| !locked || ui.screen == Screen::Overview) {
            out.push(Item { key: m.key.to_string(), label: m.title.clone(), rank: 2 });
        }
    }
    match ui.screen {
        Screen::Overview => {
            if view.run.is_some() {
                of(Context::Global, &["run"], if live.is_some() { 6 } else { 3 }, &mut out);
            }
            of(Context::Global, &["procedures", "timeline", "why"], 3, &mut out);
            of(Context::Overview, &["zoom"], 1, &mut out);
        }
        Screen::Emergency | Screen::Why => of(Context::Global, &["back"], 7, &mut out),
        _ => {
            of(Context::Global, &["overview"], 4, &mut out);
        }
    }
    if ui.screen != Screen::Emergency {
        of(Context::Global, &["emergency"], 8, &mut out);
    }
    of(Context::Global, &["keys"], 9, &mut out);
    out
}

/// What keys do on the page of the guide that is shown.
fn in_guide(ui: &Ui) -> Vec<Item> {
    let enter = match ui.guide.page {
        Page::Contacts => "page them…",
        Page::Trouble if ui.section == SYMPTOMS => "its steps",
        Page::Trouble => "run probe",
        Page::Dashboards => "copy",
        Page::Backups => "ask",
        Page::Objectives | Page::Emergency => "",
    };
    let item = |key: &str, label: &str, rank| Item { key: key.into(), label: label.into(), rank };
    let mut out = Vec::new();
    if !enter.is_empty() {
        out.push(item("Enter", enter, 7));
    }
    if ui.guide.page == Page::Contacts {
        out.push(item("K", "I am on it…", 6));
    }
    if ui.guide.page != Page::Dashboards {
        out.push(item("Y", "copy", 6));
    }
    out.push(item("←→", "page", 6));
    out
}

/// On the list of procedures: what can be done with the plan that is shown, or how it comes to one.
fn plans(scene: &Scene<'_>, out: &mut Vec<Item>) {
    let (view, ui) = (scene.view, scene.ui);
    let mut add =
        |key: &str, label: &str, rank| out.push(Item { key: key.into(), label: label.into(), rank });
    let open = ui.keymap.key(Context::Procedures, Action::Open);
    let next = ui.keymap.key(Context::Global, Action::NextSection);
    let dry_run = ui.keymap.key(Context::Procedures, Action::DryRun);
    if ui.section == 1 && !view.scenarios.is_empty() {
        add(&open, "its confirmation…", 7);
        add(&next, "procedures", 4);
        return;
    }
    let plan = ui.plan.as_deref().and_then(|id| draft_of(view, id)).filter(|d| !d.resolving);
    match plan {
        Some(d) => {
            if let Some(key) = d.key {
                add(&key.to_string(), "confirm…", 8);
            }
            add(&open, "whole plan", 7);
            add(&dry_run, "dry run", 7);
            add(&ui.keymap.key(Context::Global, Action::Copy), "copy as shell", 7);
        }
        None => {
            add(&open, "plan…", 7);
            add(&dry_run, "dry run", 6);
            if !view.scenarios.is_empty() {
                add(&next, "what fits", 6);
            }
        }
    }
}

fn dialog_items(scene: &Scene<'_>, context: Context) -> Vec<Item> {
    let item = |key: &str, label: &str, rank| Item { key: key.into(), label: label.into(), rank };
    let keymap = &scene.ui.keymap;
    let key = |action| keymap.key(context, action);
    let table = |wanted: &dyn Fn(Action) -> bool| table(keymap, context, wanted);
    match scene.ui.dialog() {
        Some(Dialog::Confirm(c)) => {
            let mut out = Vec::new();
            match draft_of(scene.view, &c.procedure) {
                Some(d) if may_start(d) && d.confirm == Confirm::Type && c.form.on_go() => {
                    out.push(item(&key(Action::Press), "roll back", 9));
                }
                Some(d) if may_start(d) && d.confirm == Confirm::Type => {
                    out.push(item("type", "the name, then Tab, then Enter", 8));
                }
                Some(d) if may_start(d) => out.push(item(&key(Action::Yes), "roll back", 8)),
                Some(d) if d.is_blocked() && d.refused.is_none() && !d.resolving => {
                    out.push(item(&key(Action::Override), "override…", 8));
                }
                _ => {}
            }
            if draft_of(scene.view, &c.procedure)
                .is_some_and(|d| !d.params.is_empty() && (may_start(d) || d.is_blocked()))
            {
                out.push(item(&key(Action::Values), "other values", 3));
            }
            out.push(item(&key(Action::Close), if out.is_empty() { "close" } else { "cancel" }, 9));
            if draft_of(scene.view, &c.procedure).is_some_and(|d| !d.diffs.is_empty()) {
                out.push(item(&key(Action::Diff), "changes in files", 3));
            }
            if out.len() > 1 {
                out.push(item(&key(Action::PageDown), "all commands", 4));
            }
            out
        }
        Some(Dialog::Question(q)) if !q.field => vec![
            item(&key(Action::NextControl), if q.form.on_go() { "Cancel" } else { q.button }, 6),
            item(&key(Action::Press), if q.form.on_go() { q.button } else { "Cancel" }, 7),
            item(&key(Action::Close), "close, nothing is sent", 9),
        ],
        Some(Dialog::Question(q)) => vec![
            item("type,", "then Tab, then Enter", 4),
            item(&key(Action::NextControl), if q.form.on_go() { "Cancel" } else { q.button }, 6),
            item(&key(Action::Close), "close, nothing is sent", 9),
        ],
        Some(Dialog::Read(r)) => table(&|a| a != Action::Confirm || r.of == Reading::Plan),
        Some(Dialog::Text(t)) => vec![
            item(&key(Action::Done), if t.is_ready() { "done" } else { "done (once there is a text)" }, 8),
            item(&key(Action::NextControl), if t.on_go() { "the text" } else { t.button }, 6),
            item(&key(Action::Press), if t.on_go() { t.button } else { "new line" }, 5),
            item(&key(Action::Undo), "undo", 4),
            item(&key(Action::Close), "close, keeps the draft", 9),
        ],
        Some(Dialog::Incident) => table(&|a| may_of_incident(a, scene.view)),
        Some(Dialog::Messages(m)) => table(&|a| match a {
            Action::Tick => m.part == Part::Channels,
            Action::Retry => m.part == Part::Letters && m.letter(scene.view).is_some_and(|l| l.pointed_out),
            Action::Pick => m.part != Part::Letters && !scene.view.channels.is_empty(),
            _ => true,
        }),
        Some(Dialog::Outcome(o)) => table(&|a| a == Action::Close || o.may(a)),
        Some(Dialog::Picker(p)) => {
            let mut out = vec![item("type", if p.types() { "the value" } else { "to find" }, 5)];
            if !p.types() {
                out.push(item("↑↓", "move", 6));
            }
            out.push(item(
                &key(Action::Pick),
                if p.value().is_some() { "pick" } else { "nothing is picked" },
                7,
            ));
            out.push(item(&key(Action::Close), "back, nothing is started", 9));
            out
        }
        Some(Dialog::Ask(a)) => {
            let mut out = Vec::new();
            if !a.question.answers.is_empty() {
                out.push(item(if a.takes_text() { "↑↓" } else { "↑↓ 1-9" }, "choose", 6));
            }
            if a.takes_text() {
                out.push(item("type", "the text", 5));
            }
            out.push(item(&key(Action::NextControl), if a.form.on_go() { "Not now" } else { "Answer" }, 7));
            out.push(item(&key(Action::Press), if a.form.on_go() { "answer" } else { "not now" }, 7));
            out.push(item(&key(Action::Close), "not now", 9));
            out
        }
        Some(Dialog::Approve(_)) => {
            let may = scene.view.approver.as_ref().is_some_and(|a| a.may);
            let wanted = |a: Action| may || !matches!(a, Action::Approve | Action::Refuse);
            table(&wanted)
        }
        Some(Dialog::Decide(clock)) => {
            let all = &scene.view.decisions;
            let d = all.iter().find(|d| d.clock == *clock);
            let wanted = |a: Action| match a {
                Action::RollBack => d.is_some_and(|d| d.procedure.is_some()),
                Action::Other => !scene.view.procedures.is_empty(),
                Action::Hold => d.is_some_and(|d| d.may && !d.closed),
                Action::Extend => d.is_some_and(|d| d.may && !d.closed && !d.extended && d.length_ms > 0),
                Action::NextControl => all.len() > 1,
                _ => true,
            };
            table(&wanted)
        }
        Some(Dialog::Arm(a)) => {
            let next = match (a.on_go(), a.name.is_some() && !a.on_name) {
                (true, _) => "Cancel",
                (_, true) => "the name",
                _ => "Arm",
            };
            vec![
                item("↑↓", "trigger", 4),
                item("←→", "its mode", 5),
                item("type", if a.on_name { "the name" } else { "why" }, 5),
                item(&key(Action::NextControl), next, 6),
                item(&key(Action::Press), if a.on_go() { "arm" } else { "cancel" }, 7),
                item(&key(Action::Close), "cancel, nothing is armed", 9),
            ]
        }
        Some(Dialog::Chaos) => {
            let mut out = vec![item("its key", "begins it, or ends it", 7)];
            out.extend(table(&|_| true));
            out
        }
        Some(Dialog::Other(_)) => {
            let mut out = vec![item("↑↓ or its key", "choose", 5)];
            out.extend(table(&|a| matches!(a, Action::Pick | Action::Close)));
            out
        }
        Some(Dialog::Unverified(_)) => {
            let run = scene.view.run.as_ref();
            let wanted = |a: Action| match a {
                Action::Undo => run.is_some_and(|r| r.undo.is_some()),
                Action::Page => run.is_some_and(|r| r.next_rung.is_some()),
                _ => true,
            };
            table(&wanted)
        }
        None => vec![
            item("type", "to find", 5),
            item(&key(Action::Pick), "does it", 7),
            item(&key(Action::NextControl), "other contexts", 6),
            item(&key(Action::Close), "close", 9),
        ],
        Some(Dialog::Palette(_)) => vec![
            item("type", "to find", 5),
            item("↑↓", "move", 6),
            item(&key(Action::Pick), "open", 7),
            item(&key(Action::Close), "close", 9),
        ],
        _ => table(&|_| true),
    }
}

/// The rows of the table that stand in the foot line of a dialog.
fn table(keymap: &Keymap, context: Context, wanted: &dyn Fn(Action) -> bool) -> Vec<Item> {
    let name = |b: &Binding| b.keys_name().replace(", ^C", "").replace(", ", " or ");
    keymap
        .of(context)
        .filter(|b| wanted(b.action))
        .filter_map(|b| {
            // How it is left is never left out.
            let rank = if b.action == Action::Close { 9 } else { 4 };
            Some(Item { key: name(b), label: b.foot?.into(), rank })
        })
        .collect()
}
