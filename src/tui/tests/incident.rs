//! The incident: its dialog, its place in the second row, and its keys.

use super::keys::Desk;
use super::*;
use crate::session::Request;
use crate::session::view::IncidentView;
use crate::tui::dialog::Dialog;
use crate::tui::theme::ColorLevel;
use crate::tui::ui::Intent;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

pub(super) fn open() -> View {
    let mut v = deciding::burning();
    v.incident = Some(IncidentView {
        id: "INC-2026-11-21-1".into(),
        name: "OPS-417".into(),
        reason: "High (P1) fires (high-1)".into(),
        since: WALL - 198_000,
        for_ms: 198_000,
        severity: Some(("P1".into(), "High".into())),
        lead: Some("ana".into()),
        participants: vec!["ana".into(), "ben".into(), "lea".into()],
        runs: vec![
            ("1121-0314-c".into(), "Configuration rollback".into(), Some("ana".into()), WALL - 38_000),
            ("high-1".into(), "Binary rollback".into(), None, WALL - 8_000),
        ],
        notes: vec![
            (WALL - 60_000, "ben".into(), "three tenants report empty results".into()),
            (WALL - 5_000, "lea".into(), "users report search is back".into()),
        ],
        ..IncidentView::default()
    });
    v
}

fn with(change: impl FnOnce(&mut IncidentView)) -> View {
    let mut v = open();
    change(v.incident.as_mut().unwrap());
    v
}

fn none() -> View {
    View { incident: None, ..fire() }
}

#[test]
fn the_incident_in_its_states() {
    let said = with(|i| {
        i.said = Some(("ben".into(), "only the test tenants".into(), WALL - 20_000));
        i.no_ticket = Some("exited with 1: no such project".into());
        (i.name, i.lead) = (i.id.clone(), None);
    });
    let bare = with(|i| {
        (i.runs, i.notes, i.participants) = Default::default();
        (i.severity, i.lead, i.ticketing) = (None, None, true);
        i.name.clone_from(&i.id);
    });
    let full = with(|i| {
        i.you_lead = true;
        i.notes = (0..40).map(|n| (WALL - 40_000 + n * 1_000, "ben".into(), format!("note {n}"))).collect();
        i.runs = (0..9).map(|n| (format!("r{n}"), "Binary rollback".into(), None, WALL + n)).collect();
    });
    for (name, view) in [("", open()), ("-said", said), ("-bare", bare), ("-full", full), ("-none", none())] {
        shot!(format!("incident{name}-80x24"), frame((80, 24), &after("J", &view), &view));
        shot!(format!("incident{name}-120x40"), frame((120, 40), &after("J", &view), &view));
    }
    shot!("incident-severity-80x24", frame((80, 24), &after("Js↓three", &open()), &open()));
    shot!("incident-close-80x24", frame((80, 24), &after("Je", &open()), &open()));
    shot!("incident-opened-80x24", frame((80, 24), &after("Jo", &none()), &none()));
    let theme = Theme::dark().at(ColorLevel::None);
    let plain = frame_in(&theme, &Glyphs::Ascii, (80, 24), &after("J", &open()), &open(), &|s, w, n| {
        columns_of(&open(), s, w, n)
    });
    shot!("incident-ascii-80x24", plain);
    let drilled = View { incident: open().incident, ..fleet::drill() };
    shot!("incident-drill-80x24", frame((80, 24), &after("J", &drilled), &drilled));
}

#[test]
fn the_second_row_names_it_where_nothing_gives_way_to_it() {
    let row =
        |size: (u16, u16), view: &View| text(&frame(size, &ui(), view)).lines().nth(1).unwrap().to_owned();
    let wide = row((120, 40), &open());
    assert!(wide.contains("OPS-417 P1 · lead ana") && wide.contains("decide in  11:42"), "{wide}");
    assert!(wide.contains("Roll back within 15 min"), "{wide}");
    let narrow = row((80, 24), &open());
    assert!(
        narrow.contains("Roll back within 15 min") && narrow.contains("OPS-417 P1    decide"),
        "{narrow}"
    );
    // Where more stands in the row, it gives way.
    let mut long = open();
    long.verdict.text = "Roll back within 15 min, or sooner".into();
    assert_eq!(row((80, 24), &long), row((80, 24), &View { incident: None, ..long.clone() }));
    let leaderless = with(|i| i.lead = None);
    assert!(row((120, 40), &leaderless).contains("OPS-417 P1 · no lead"));
    // Where less stands in the row, it is named at 80 columns too.
    let mut short = open();
    short.verdict.text = "Roll back".into();
    let row = row((80, 24), &short);
    assert!(row.contains("Roll back") && row.contains("OPS-417 P1 · lead ana"), "{row}");
}

fn request(out: &[Intent]) -> Option<&Request> {
    match out {
        [Intent::Request(r)] => Some(r),
        _ => None,
    }
}

#[test]
fn one_key_takes_the_lead_or_joins_and_says_so_once() {
    let mut d = Desk::new(with(|i| i.lead = Some("ben".into())));
    d.ch('J');
    d.seen(600);
    let out = d.ch('l');
    let id = || "INC-2026-11-21-1".to_owned();
    assert_eq!(request(&out), Some(&Request::Lead { incident: id() }));
    assert!(matches!(d.ui.dialog(), Some(Dialog::Incident)), "it shows what came of it");
    d.drawn(|v| v.incident.as_mut().unwrap().you_lead = true);
    d.seen(600);
    assert_eq!(d.ch('l'), [], "who leads takes no lead");
    d.now += 600;
    assert_eq!(request(&d.ch('j')), Some(&Request::Join { incident: id() }));
    for c in ['q', 'c', 'b', 'X', 'E', 'o'] {
        d.now += 600;
        assert_eq!(d.ch(c), [], "{c} falls through");
    }
    assert!(matches!(d.ui.dialog(), Some(Dialog::Incident)));
}

#[test]
fn another_severity_has_a_reason_and_enter_held_sets_none() {
    let mut d = Desk::new(open());
    d.ch('J');
    d.seen(600);
    d.ch('s');
    d.seen(600);
    d.key(KeyCode::Tab);
    d.now += 600;
    d.key(KeyCode::Enter);
    assert!(
        matches!(d.ui.dialog(), Some(Dialog::Incident)),
        "without a reason Tab does not reach the button"
    );
    d.seen(600);
    d.ch('s');
    d.seen(600);
    d.key(KeyCode::Up);
    d.type_in("all tenants");
    d.key(KeyCode::Tab);
    d.now += 200;
    for _ in 0..20 {
        let held = KeyEvent { kind: KeyEventKind::Repeat, ..KeyEvent::from(KeyCode::Enter) };
        assert_eq!(d.event(held), []);
    }
    d.now += 2_000;
    let out = d.key(KeyCode::Enter);
    let Some(Request::Severity { incident, severity, reason }) = request(&out) else { panic!("{out:?}") };
    assert_eq!((incident.as_str(), reason.as_str()), ("INC-2026-11-21-1", "all tenants"));
    assert_eq!(*severity, d.view.severities[0].id);
}

#[test]
fn one_is_opened_where_there_is_none_and_closed_where_there_is_one() {
    let mut d = Desk::new(none());
    d.ch('J');
    d.seen(600);
    assert_eq!(d.ch('e'), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Incident)));
    d.now += 600;
    d.ch('o');
    d.seen(600);
    d.type_in("customers call");
    d.key(KeyCode::Tab);
    d.now += 2_000;
    let out = d.key(KeyCode::Enter);
    assert_eq!(request(&out), Some(&Request::OpenIncident { reason: "customers call".into() }));
    // Somebody else was quicker: the question goes away by itself.
    d.ch('J');
    d.seen(2_000);
    d.ch('o');
    d.seen(600);
    d.drawn(|v| v.incident = open().incident);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Incident)), "{:?}", d.ui.dialog());
}

#[test]
fn a_screen_that_only_reads_shows_it_and_asks_nothing() {
    let mut d = Desk::new(View { read_only: true, ..open() });
    d.ch('J');
    d.seen(600);
    for c in ['s', 'l', 'j', 'n', 'm', 'e'] {
        d.now += 600;
        assert_eq!(d.ch(c), [], "{c}");
        assert!(matches!(d.ui.dialog(), Some(Dialog::Incident)), "{c}");
    }
}
