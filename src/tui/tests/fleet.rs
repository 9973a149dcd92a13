//! The fleet and the rehearsal, drawn from hand-made rows.

use super::*;
use crate::model::playbook::{Automation, Tone};
use crate::model::time::{Deadline, Now};
use crate::session::Request;
use crate::session::view::fleet::{
    BUCKET_MS, Broken, Due, FleetRow, FleetRun, FleetView, LastRun, Says, Sort, Spark,
};
use crate::session::view::{DrillView, Gravity, Happening, LastDrill, ScoreRow, ScoreView, TroubleView};
use crate::tui::ui::{Intent, Screen};
use crossterm::event::{KeyCode, KeyEvent};
use std::sync::Arc;

fn now() -> Now {
    Now { boot: 5_000_000, boot_id: "b".into(), wall: WALL }
}

fn ago(ms: u64) -> Now {
    Now { boot: 5_000_000 - ms, boot_id: "b".into(), wall: WALL - ms as i64 }
}

fn says(gravity: Gravity, text: &str) -> Says {
    Says {
        at: ago(500),
        acts: true,
        host: "bastion-1".into(),
        who: "watch".into(),
        gravity,
        text: text.into(),
        answering: (9, 9),
        ..Says::default()
    }
}

/// A line of so many values, the last one now.
fn line(full: f32, values: &[f64]) -> Spark {
    let mut spark = Spark::new(3, Some(full), false);
    for (i, v) in values.iter().rev().enumerate() {
        for part in 0..5 {
            spark.add(WALL - (i as i64 * 5 + part) * BUCKET_MS, *v);
        }
    }
    spark
}

fn row(id: usize, service: &str, environment: &str, says: Option<Says>) -> FleetRow {
    FleetRow {
        id,
        file: format!("/etc/ripcord/playbooks/{service}.toml"),
        service: service.into(),
        environment: environment.into(),
        tone: if environment == "production" { Tone::Danger } else { Tone::Calm },
        mode: Some(if environment == "production" { Automation::Armed } else { Automation::Shadow }),
        says,
        signal: Some("Error rate".into()),
        spark: line(1.0, &[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1]),
        ..FleetRow::default()
    }
}

fn of(rows: Vec<FleetRow>, playbooks: usize) -> View {
    let fleet = FleetView {
        now: now(),
        user: "ana".into(),
        playbooks,
        rows: Arc::new(rows.into_iter().map(Arc::new).collect()),
        ..FleetView::default()
    };
    View { now: now(), fleet: Some(fleet), ..View::default() }
}

/// As in the picture.
fn nine() -> Vec<FleetRow> {
    let mut lapce =
        row(1, "lapce-ai-cst", "production", Some(says(Gravity::Critical, "P1 roll back in 15 min")));
    let s = lapce.says.as_mut().unwrap();
    s.evidence = vec!["error rate 3.42 % > 2 % for 3m18s".into(), "p95 2.18 s > 2 s for 1m24s".into()];
    lapce.decisions = vec![Due {
        title: "High (P1)".into(),
        then: "then others are told".into(),
        at: Some(Deadline::after(&ago(198_000), 900_000)),
    }];
    lapce.spark = line(1.0, &[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.9, 1.0]);
    lapce.here = vec!["ana".into(), "ben".into()];
    let last = |days: i64| LastRun {
        title: "Configuration rollback".into(),
        word: "verified".into(),
        took_ms: 422_000,
        wall: WALL - days * 86_400_000,
    };
    lapce.last = Some(last(12));
    let mut riptide = row(2, "riptide-eventmesh", "production", Some(says(Gravity::Ok, "quiet")));
    riptide.says.as_mut().unwrap().stage = Some("canary 10 %".into());
    riptide.run = Some(FleetRun {
        id: "1121-0307-g".into(),
        title: "Gradual rollback".into(),
        who: "tomas".into(),
        place: "step 3 of 9".into(),
        since: ago(370_000),
        driven: true,
        ..FleetRun::default()
    });
    let mut rag = row(3, "rag-api", "production", Some(says(Gravity::Warn, "warn: p99 612 ms")));
    rag.spark = line(1.0, &[0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.4]);
    let mut rust = row(4, "rust-ai-ide", "staging", Some(says(Gravity::Ok, "quiet")));
    rust.says.as_mut().unwrap().at = ago(240_000);
    let mut old = Spark::new(1, Some(1.0), false);
    (0..25).for_each(|i| old.add(WALL - (44 - i) * BUCKET_MS, 0.2));
    rust.spark = old;
    let mut search = row(5, "sprint-1-search", "production", Some(says(Gravity::Ok, "quiet")));
    search.says.as_mut().unwrap().stage = Some("canary 25 %".into());
    let mut quiet: Vec<FleetRow> =
        [(6, "rust-ai-ide", "production"), (7, "sprint-1-search", "staging"), (8, "rag-api", "staging")]
            .into_iter()
            .map(|(id, s, e)| row(id, s, e, Some(says(Gravity::Ok, "quiet"))))
            .collect();
    let mut calm = row(9, "lapce-ai-cst", "staging", Some(says(Gravity::Ok, "quiet")));
    calm.mode = None;
    let mut out = vec![lapce, riptide, rag, rust, search];
    out.append(&mut quiet);
    out.push(calm);
    out
}

/// The same with what acts by itself.
fn acting() -> Vec<FleetRow> {
    let mut rows = nine();
    rows[0].acts = vec![Due {
        title: "Configuration rollback".into(),
        then: "3m, no downtime".into(),
        at: Some(Deadline::after(&ago(84_000), 120_000)),
    }];
    rows
}

fn shown(keys: &str, view: &View) -> Ui {
    let mut ui = super::ui();
    ui.screen = Screen::Fleet;
    ui.follow(view);
    press(&mut ui, keys, view);
    ui
}

fn press(ui: &mut Ui, keys: &str, view: &View) -> Vec<Intent> {
    let mut out = Vec::new();
    let mut at = 20_000;
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        out.extend(ui.key(&KeyEvent::from(code), view, at));
        ui.follow(view);
        at += 2_000;
        ui.painted(at, view);
        ui.acknowledged(at, at);
    }
    out
}

fn at(ui: &Ui, view: &View) -> String {
    let row = ui.fleet.row(view.fleet.as_ref().unwrap()).unwrap();
    format!("{} {}", row.service, row.environment)
}

#[test]
fn the_fleet_in_both_sizes_and_without_colour() {
    let view = of(acting(), 5);
    shot!("fleet-80x24", frame((80, 24), &shown("", &view), &view));
    shot!("fleet-120x40", frame((120, 40), &shown("jj", &view), &view));
    shot!("fleet-200x60", frame((200, 60), &shown("", &view), &view));
    shot!("fleet-whole-80x24", frame((80, 24), &shown("W", &view), &view));
    shot!("fleet-small-40x10", frame((40, 10), &shown("", &view), &view));
    let mono = Theme::named("mono").unwrap();
    let drawn = frame_in(&mono, &Glyphs::Ascii, (80, 24), &shown("", &view), &view, &|_, _, _| vec![]);
    shot!("fleet-mono-ascii-80x24", drawn);
}

#[test]
fn other_states_of_the_fleet() {
    let empty = of(vec![], 0);
    shot!("fleet-empty-80x24", frame((80, 24), &shown("", &empty), &empty));
    let mut reading = empty.clone();
    reading.fleet.as_mut().unwrap().starting = true;
    shot!("fleet-reading-80x24", frame((80, 24), &shown("", &reading), &reading));
    let mut rows = nine();
    rows.push(FleetRow {
        id: 10,
        file: "/etc/ripcord/playbooks/billing.toml".into(),
        service: "billing".into(),
        broken: Some(Broken {
            place: "billing.toml:41".into(),
            what: "`stale_aftr` is not known here".into(),
            hint: "did you mean `stale_after`?".into(),
            more: 2,
        }),
        ..FleetRow::default()
    });
    let mut late = of(rows, 6);
    late.fleet.as_mut().unwrap().read_ms = 14_000;
    shot!("fleet-broken-row-80x24", frame((80, 24), &shown("jjj", &late), &late));
    let none = of(nine(), 5);
    let mut ui = shown("FF", &none);
    ui.find = Some("nothing".into());
    ui.follow(&none);
    shot!("fleet-none-fits-80x24", frame((80, 24), &ui, &none));
}

#[test]
fn two_hundred_rows_are_shown_by_pages() {
    let rows = (1..=200).map(|id| {
        let gravity = if id % 67 == 0 { Gravity::Warn } else { Gravity::Ok };
        row(id, &format!("service-{id:03}"), "production", Some(says(gravity, "warn: p99 612 ms")))
    });
    let view = of(rows.collect(), 200);
    shot!("fleet-200-rows-80x24", frame((80, 24), &shown(&"j".repeat(30), &view), &view));
    shot!("fleet-200-rows-120x40", frame((120, 40), &shown("", &view), &view));
    // A step within a page changes the cursor, the name's ink and the row in full, and no other row.
    let cells = |keys: &str| frame((80, 24), &shown(keys, &view), &view);
    let (before, after) = (cells("jjjjj"), cells("jjjjjj"));
    let rows_changed: Vec<u16> =
        (3..15).filter(|y| (0..80).any(|x| before[(x, *y)] != after[(x, *y)])).collect();
    assert_eq!(rows_changed.len(), 2, "{rows_changed:?}");
}

#[test]
fn keys_of_the_fleet_open_and_look_and_start_nothing() {
    let view = of(acting(), 5);
    let mut ui = shown("", &view);
    assert_eq!(at(&ui, &view), "lapce-ai-cst production", "the worst");
    assert_eq!(press(&mut ui, "cbgdDXANIOPSBM", &view), [], "nothing is started or decided from here");
    assert!(ui.dialog().is_none() && ui.screen == Screen::Fleet);
    assert_eq!(press(&mut ui, "j\n", &view), [Intent::Fleet { row: 2, screen: Screen::Overview }]);
    assert_eq!(press(&mut ui, "3", &view), [Intent::Fleet { row: 2, screen: Screen::Procedures }]);
    assert_eq!(press(&mut ui, "E", &view), [Intent::Fleet { row: 2, screen: Screen::Emergency }]);
    assert_eq!(press(&mut ui, "q", &view), [Intent::Quit]);
    press(&mut ui, "TT", &view);
    assert_eq!(ui.fleet.sort, Sort::Clock);
    // Without a service there is nothing behind it, and the help leads back here only.
    press(&mut ui, "\u{1b}", &view);
    assert_eq!(ui.screen, Screen::Fleet);
    press(&mut ui, "?1XD", &view);
    assert!(ui.dialog().is_none() && matches!(ui.screen, Screen::Help | Screen::Fleet));
    press(&mut ui, "\u{1b}", &view);
    assert_eq!(ui.screen, Screen::Fleet);
}

#[test]
fn the_cursor_stays_on_its_service_when_the_order_changes() {
    let mut view = of(nine(), 5);
    let mut ui = shown("jj", &view);
    assert_eq!(at(&ui, &view), "rag-api production");
    let mut rows = nine();
    rows[2].says = Some(says(Gravity::Critical, "P0 roll back at once"));
    for s in rows.iter_mut().filter_map(|r| r.says.as_mut()) {
        s.at = Now { boot: s.at.boot + 6_000, wall: s.at.wall + 6_000, ..s.at.clone() };
    }
    let fleet = view.fleet.as_mut().unwrap();
    fleet.rows = Arc::new(rows.into_iter().map(Arc::new).collect());
    ui.follow(&view);
    assert_eq!(ui.fleet.place(), 2, "it stands");
    view.fleet.as_mut().unwrap().now = Now { boot: 5_006_000, wall: WALL + 6_000, ..now() };
    ui.follow(&view);
    assert_eq!((ui.fleet.place(), at(&ui, &view).as_str()), (1, "rag-api production"));
}

#[test]
fn a_service_opened_from_the_fleet_starts_afresh_and_seven_leads_back() {
    let fleet = of(nine(), 5);
    let mut ui = shown("jj", &fleet);
    ui.procedure = 3;
    ui.opened(Screen::Overview);
    assert_eq!((ui.procedure, ui.screen), (0, Screen::Overview));
    let service = View { fleet: None, ..fire() };
    press(&mut ui, "7", &service);
    let both = View { fleet: fleet.fleet.clone(), ..fire() };
    ui.follow(&both);
    assert_eq!((ui.screen, at(&ui, &both).as_str()), (Screen::Fleet, "rag-api production"));
    shot!("fleet-behind-a-service-80x24", frame((80, 24), &ui, &both));
    press(&mut ui, "c", &both);
    assert!(ui.dialog().is_none(), "a letter of the service behind it does nothing here");
    press(&mut ui, "\u{1b}", &both);
    assert_eq!(ui.screen, Screen::Overview, "the service is still open");
}

#[test]
fn a_clock_ticks_each_second_and_a_calm_fleet_seldom() {
    let calm: Vec<FleetRow> = nine().into_iter().skip(4).collect();
    assert_eq!(paint::next_visible_change(&of(calm, 5)), 5_000);
    assert!(paint::next_visible_change(&of(acting(), 5)) <= 1_000);
}

fn trouble(key: char, title: &str, expects: &str, on_ms: Option<u64>) -> TroubleView {
    TroubleView {
        id: title.to_lowercase(),
        key,
        title: title.into(),
        expects: expects.into(),
        cured: false,
        on_ms,
        left_ms: on_ms.filter(|_| key == 's').map(|ms| 45_000 - ms),
    }
}

fn rehearsal() -> View {
    let mut view = View { demo: true, tone: Tone::Caution, ..fire() };
    (view.service, view.environment) = ("demo-shop".into(), "demo".into());
    view.troubles = vec![
        trouble('e', "Canary fails", "expects Errors to fire", Some(88_000)),
        trouble('l', "Canary is slow", "expects Slow to fire", None),
        trouble('m', "Canary leaks memory", "expects Memory grows to fire", None),
        trouble('f', "Health flaps", "expects nothing to fire", None),
        trouble('s', "Metrics page goes silent", "expects UNKNOWN, nothing to fire", Some(12_000)),
        trouble('1', "Router ignores changes", "expects a run that is not verified", None),
        trouble('2', "Stable fails, too", "expects Errors, a rollback does not help", None),
    ];
    let told = |ago: i64, letter, text: &str| Happening {
        wall: WALL - ago,
        letter,
        kind: "trouble".into(),
        text: text.into(),
        who: Some("ben".into()),
        ..Happening::default()
    };
    view.timeline.push(told(88_000, Some('T'), "Canary fails"));
    view.timeline.push(told(12_000, Some('T'), "Metrics page goes silent"));
    view
}

#[test]
fn the_rehearsal_in_both_sizes_and_the_trouble_behind_its_key() {
    let view = rehearsal();
    shot!("drill-80x24", frame((80, 24), &after("8", &view), &view));
    shot!("drill-120x40", frame((120, 40), &after("8", &view), &view));
    shot!("drill-trouble-80x24", frame((80, 24), &after("8!", &view), &view));
    let mono = Theme::named("mono").unwrap();
    let charts = |c: crate::session::view::Curve<'_>, w, n| columns_of(&view, c, w, n);
    let drawn = frame_in(&mono, &Glyphs::Unicode, (80, 24), &after("8", &view), &view, &charts);
    shot!("drill-mono-80x24", drawn);
    shot!("drill-real-80x24", frame((80, 24), &after("8", &fire()), &fire()));
    shot!("drill-real-120x40", frame((120, 40), &after("8", &fire()), &fire()));
}

/// A drill under way.
pub(super) fn drill() -> View {
    let row = |what: &str, took_ms, target_ms| ScoreRow { what: what.into(), took_ms, target_ms };
    let rows = vec![
        row("Seen", Some(9_000), None),
        row("Fired", Some(124_000), None),
        row("Decided", Some(131_000), None),
        row("First action", Some(131_000), None),
        row("Took effect", None, None),
        row("Stable", None, None),
        row("Told", None, None),
        row("Trigger to traffic reverted", Some(72_000), Some(60_000)),
        row("Stakeholders told", None, Some(900_000)),
    ];
    let score = ScoreView {
        elapsed_ms: 252_000,
        rows,
        points: Some(70),
        automation: "started Revert by itself 0s after errors-1 fired".into(),
        wrong: vec!["slow fired, and nothing should have".into()],
    };
    let mut view = View { drill: Some(DrillView { speed: 10 }), score: Some(score), ..rehearsal() };
    (view.service, view.environment) = ("sprint-1-search".into(), "simulated".into());
    view.troubles[1].cured = true;
    view.troubles[1].on_ms = Some(200_000);
    view
}

#[test]
fn a_drill_is_told_by_words_and_frames_everywhere() {
    let view = drill();
    shot!("drill-score-80x24", frame((80, 24), &after("8", &view), &view));
    shot!("drill-score-120x40", frame((120, 40), &after("8", &view), &view));
    let mono = Theme::named("mono").unwrap();
    let charts = |c: crate::session::view::Curve<'_>, w, n| columns_of(&view, c, w, n);
    let drawn = frame_in(&mono, &Glyphs::Unicode, (80, 24), &after("8", &view), &view, &charts);
    shot!("drill-score-mono-80x24", drawn);
    let asked = View { draft: Some(draft(crate::model::playbook::Confirm::Type)), ..drill() };
    shot!("drill-confirm-80x24", frame((80, 24), &after("c", &asked), &asked));
    // On every screen, in words, at both ends; on a real one never.
    for key in ["1", "2", "3", "4", "5", "6", "8", "9", "W", "E", "?", "1N", "8!"] {
        for size in [(80, 24), (120, 40), (60, 16)] {
            let shown = text(&frame(size, &after(key, &view), &view));
            assert!(shown.matches("//// DRILL ////").count() >= 2, "{key} at {size:?}:\n{shown}");
            let real = text(&frame(size, &after(key, &fire()), &fire()));
            assert!(!real.contains("////"), "{key} at {size:?}:\n{real}");
        }
    }
    let small = text(&frame((40, 10), &after("1", &view), &view));
    assert!(small.contains("//// DRILL ////"), "{small}");
}

#[test]
fn a_quiet_service_says_when_it_was_rehearsed_last() {
    let of = |last, due_ms| {
        let view = View { drilled: Some(LastDrill { last, due_ms }), ..calm() };
        text(&frame((80, 24), &after("1", &view), &view))
    };
    assert!(
        of(Some((12 * 86_400_000 + 5, 96)), Some(19 * 86_400_000)).contains("drill 12 days ago 96 of 100 ")
    );
    assert!(of(Some((40 * 86_400_000, 96)), Some(-9)).contains("drill 40 days ago 96 of 100, DUE"));
    assert!(of(None, None).contains("never rehearsed"));
}

#[test]
fn time_and_the_end_of_a_drill_have_keys_only_there() {
    let view = drill();
    let asks = |r: Request| vec![Intent::Request(r)];
    assert_eq!(press(&mut after("8", &view), "+", &view), asks(Request::Pace { faster: true }));
    assert_eq!(press(&mut after("8", &view), "-", &view), asks(Request::Pace { faster: false }));
    assert_eq!(press(&mut after("8", &view), "B", &view), asks(Request::EndDrill));
    let demo = rehearsal();
    assert_eq!(press(&mut after("8", &demo), "+-B", &demo), [], "the demo is no drill");
}

#[test]
fn trouble_begins_and_ends_by_its_key_and_only_in_a_rehearsal() {
    let view = rehearsal();
    let begin = |on, id: &str| vec![Intent::Request(Request::Trouble { trouble: id.into(), on })];
    assert_eq!(press(&mut after("8!", &view), "l", &view), begin(true, "canary is slow"));
    let mut ui = after("8!", &view);
    assert_eq!(press(&mut ui, "e", &view), begin(false, "canary fails"), "what is on ends");
    assert!(ui.dialog().is_none());
    assert_eq!(press(&mut after("8!", &view), "z", &view), []);
    let mut elsewhere = after("1!", &view);
    assert_eq!(press(&mut elsewhere, "l", &view), [], "only on that screen");
    // On a real service nothing of it is there, and what is pressed for practice starts nothing.
    let real = fire();
    let mut ui = after("8!", &real);
    assert!(ui.dialog().is_none());
    assert_eq!(press(&mut ui, "cbg", &real), []);
    assert!(ui.dialog().is_none());
    let reading = View { read_only: true, ..rehearsal() };
    assert!(after("8!", &reading).dialog().is_none());
}
