//! The checklist screen: as it is drawn, and what its keys do.

use super::*;
use crate::model::playbook::Moment;
use crate::run::Answer;
use crate::session::Request;
use crate::session::view::{ChecklistView, ItemView};
use crate::tui::dialog::Dialog;
use crate::tui::theme::Theme;
use crate::tui::ui::Intent;
use crossterm::event::{KeyCode, KeyEvent};

fn item(text: &str) -> ItemView {
    ItemView { text: text.into(), required: true, by_hand: true, ..ItemView::default() }
}

fn done(text: &str, who: &str, s: i64, detail: &str, view: &View) -> ItemView {
    let wall = Some(view.now.wall - s * 1000);
    ItemView { done: true, who: Some(who.into()), wall, detail: detail.into(), ..item(text) }
}

/// The checklists of the picture.
fn lists() -> View {
    let mut view = fire();
    let looks = ItemView {
        by_hand: false,
        kind: Some("looks"),
        does: Some("error_rate > 2% or p95 > 2s".into()),
        answer: Some(Answer::Holds),
        ..done("Severity confirmed", "auto", 185, "p95 2.18 s > 2 s", &view)
    };
    let captured = ItemView {
        kind: Some("captures"),
        does: Some("capture before".into()),
        limit_ms: Some(60_000),
        ..done("Metrics snapshot taken", "ana", 183, "6 of 6 kept", &view)
    };
    let ticket = ItemView {
        kind: Some("runs"),
        does: Some(
            "./scripts/create_incident.sh --id INC-2026-11-21-1 --type rollback --alert 'Error rate > 2 % or p95 > 2 s'"
                .into(),
        ),
        limit_ms: Some(30_000),
        on: Some("bastion-1".into()),
        ..item("Incident ticket opened")
    };
    let asks = ItemView {
        kind: Some("asks you"),
        does: Some("What is seen, since when?".into()),
        prefill: "High (P1)".into(),
        ..item("Symptoms and trigger written down")
    };
    let before = ChecklistView {
        id: "before".into(),
        title: "Before the rollback".into(),
        moment: Some(Moment::Before),
        items: vec![looks, captured, done("#incidents told", "ana", 147, "sent, 200", &view), ticket, asks],
        ..ChecklistView::default()
    };
    let hour = 3_600_000;
    let after = |id: &str, title: &str, within: u64, items: &[&str]| ChecklistView {
        id: id.into(),
        title: title.into(),
        moment: Some(Moment::After),
        within_ms: Some(within),
        items: items.iter().map(|t| item(t)).collect(),
        ..ChecklistView::default()
    };
    let ready = |t: &str| done(t, "ben", 90_000, "", &view);
    let ready = ChecklistView {
        id: "ready".into(),
        title: "Is the house in order".into(),
        moment: Some(Moment::Ready),
        items: vec![
            ready("Rollback rehearsed in staging"),
            ready("Team walked through it"),
            ready("Authority and phone numbers confirmed"),
            ready("Baseline marked"),
            ItemView {
                by_hand: false,
                required: false,
                kind: Some("looks"),
                does: Some("traffic-split --show".into()),
                answer: Some(Answer::Blind),
                ..item("Tools answer from this host")
            },
        ],
        ..ChecklistView::default()
    };
    view.checklists = vec![
        ready,
        before,
        after(
            "within-1h",
            "Within one hour",
            hour,
            &["Ticket updated", "Stakeholders told", "Logs kept", "Postmortem"],
        ),
        after(
            "within-24h",
            "Within 24 hours",
            24 * hour,
            &["Root cause", "Findings", "Action items", "Runbooks"],
        ),
        after(
            "within-1w",
            "Within a week",
            168 * hour,
            &["Fixes", "Tested in staging", "Retry planned", "Lessons"],
        ),
    ];
    view.here = vec!["ana".into(), "ben".into()];
    view
}

/// A run is over, one follow-up was done, one list is overdue; something runs, something failed.
fn later() -> View {
    let mut view = lists();
    let wall = view.now.wall;
    let before = &mut view.checklists[1].items;
    before[3].running = true;
    (before[3].since, before[3].by) = (Some(wall - 4_000), Some("ben".into()));
    before[4].without = Some(("the ticket says it".into(), "ana".into()));
    before[0].done = false;
    (before[0].answer, before[0].detail) = (Some(Answer::Fails), "p95 203 ms, error rate 0.1 %".into());
    (before[2].done, before[2].failed) = (false, true);
    before[2].detail = "#incidents failed: no answer in time".into();
    before[1].note = "ben: the memory chart is in there too".into();
    for (at, due) in [(2, -300_000), (3, 82_800_000), (4, 600_000_000)] {
        (view.checklists[at].began, view.checklists[at].due_ms) = (true, Some(due));
    }
    view.checklists[2].items[0] = done("Ticket updated", "ana", 60, "", &view);
    view
}

#[test]
fn the_checklist_in_both_sizes() {
    let (view, late) = (lists(), later());
    shot!("checklist-80x24", frame((80, 24), &after("2", &view), &view));
    shot!("checklist-120x40", frame((120, 40), &after("2", &view), &view));
    shot!("checklist-60x16", frame((60, 16), &after("2", &view), &view));
    shot!("checklist-later-80x24", frame((80, 24), &after("2↑↑", &late), &late));
    shot!("checklist-after-80x24", frame((80, 24), &after("2\t", &late), &late));
    shot!("checklist-ready-80x24", frame((80, 24), &after("2\t\t\t\t↓", &view), &view));
}

#[test]
fn without_colour_and_without_a_checklist() {
    let late = later();
    let mono = Theme::plain();
    let buffer = frame_in(&mono, &Glyphs::Ascii, (80, 24), &after("2", &late), &late, &|s, w, n| {
        columns_of(&late, s, w, n)
    });
    shot!("checklist-mono-80x24", buffer);
    shot!("checklist-empty-80x24", frame((80, 24), &after("2", &fire()), &fire()));
    shot!("checklist-empty-120x40", frame((120, 40), &after("2", &fire()), &fire()));
}

#[test]
fn what_is_asked_about_an_item() {
    let (view, late) = (lists(), later());
    shot!("checklist-do-80x24", frame((80, 24), &after("2\n", &view), &view));
    shot!("checklist-do-120x40", frame((120, 40), &after("2\n", &view), &view));
    shot!("checklist-asks-80x24", frame((80, 24), &after("2↓\n", &view), &view));
    shot!("checklist-note-80x24", frame((80, 24), &after("2N", &view), &view));
    shot!("checklist-without-80x24", frame((80, 24), &after("2Othe ticket system is down", &view), &view));
    shot!("checklist-ticks-itself-80x24", frame((80, 24), &after("2↑↑↑ ", &view), &view));
    shot!("checklist-runs-80x24", frame((80, 24), &after("2↓↓↓\n", &late), &late));
}

/// What the last of these keys asks for.
fn asked(keys: &str, last: KeyCode, view: &View) -> Vec<Intent> {
    let mut ui = after(keys, view);
    ui.key(&KeyEvent::from(last), view, 1_000_000)
}

#[test]
fn space_ticks_and_unticks_what_is_for_people() {
    let view = lists();
    let tick = |item, done| {
        vec![Intent::Request(Request::Tick { checklist: "before".into(), item, done, note: String::new() })]
    };
    assert_eq!(asked("2", KeyCode::Char(' '), &view), tick(4, true), "the next open one is at the cursor");
    assert_eq!(asked("2↑", KeyCode::Char(' '), &view), tick(3, false));
    // What judges itself is ticked by nobody, and says so.
    assert_eq!(asked("2↑↑↑", KeyCode::Char(' '), &view), Vec::new());
    let ui = after("2↑↑↑ ", &view);
    assert!(matches!(ui.dialog(), Some(Dialog::Refused(r)) if r.title == "IT TICKS ITSELF"));
    let mut locked = view.clone();
    locked.read_only = true;
    assert_eq!(asked("2", KeyCode::Char(' '), &locked), Vec::new());
}

#[test]
fn nothing_is_set_off_by_a_slip() {
    let view = lists();
    let did = vec![Intent::Request(Request::DoItem { checklist: "before".into(), item: 4 })];
    assert_eq!(asked("2", KeyCode::Enter, &view), Vec::new(), "a dialog opens");
    assert_eq!(asked("2\n", KeyCode::Enter, &view), Vec::new(), "with the focus on Cancel");
    assert_eq!(asked("2\n\t", KeyCode::Enter, &view), did);
    // While ben runs it, ana does not.
    assert!(matches!(after("2↓↓↓\n", &later()).dialog(), Some(Dialog::Refused(r)) if r.title == "IT RUNS"));
    let mut mine = later();
    mine.checklists[1].items[3].by = Some("ana".into());
    assert_eq!(asked("2↓↓↓\n\t", KeyCode::Enter, &mine), did, "whoever set it off may stop it");
}

#[test]
fn notes_answers_and_reasons_go_to_their_item() {
    let view = lists();
    let of = |item| ("before".to_owned(), item);
    let (checklist, item) = of(4);
    let note = Intent::Request(Request::NoteItem { checklist, item, note: "OPS-4711".into() });
    assert_eq!(asked("2NOPS-4711\t", KeyCode::Enter, &view), vec![note]);
    let (checklist, item) = of(4);
    let without = Intent::Request(Request::WithoutItem { checklist, item, reason: "it is down".into() });
    assert_eq!(asked("2Oit is down\t", KeyCode::Enter, &view), vec![without]);
    assert_eq!(asked("2O\t", KeyCode::Enter, &view), Vec::new(), "never without a reason");
    let (checklist, item) = of(5);
    let answer =
        Intent::Request(Request::Tick { checklist, item, done: true, note: "High (P1), since 3".into() });
    assert_eq!(asked("2↓\n, since 3\t", KeyCode::Enter, &view), vec![answer]);
    // Another list, another item.
    let tick = Intent::Request(Request::Tick {
        checklist: "within-1h".into(),
        item: 1,
        done: true,
        note: String::new(),
    });
    assert_eq!(asked("2\t", KeyCode::Char(' '), &view), vec![tick]);
}
