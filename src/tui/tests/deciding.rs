//! Decisions, what acts by itself, who watches, the stage matrix and the evidence: as they are drawn, and their keys.

use super::keys::{Desk, prepare};
use super::*;
use crate::engine::eval::Truth;
use crate::model::playbook::{Automation, Confirm};
use crate::session::Request;
use crate::session::decision::Choice;
use crate::session::view::*;
use crate::tui::dialog::Dialog;
use crate::tui::theme::ColorLevel;
use crate::tui::ui::{Intent, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn in_both(name: &str, keys: &str, view: &View) {
    for size in SIZES {
        shot!(format!("{name}-{}x{}", size.0, size.1), frame(size, &after(keys, view), view));
    }
}

fn decision() -> DecisionView {
    DecisionView {
        clock: "high-1-d1".into(),
        firing: "high-1".into(),
        trigger: "high".into(),
        title: "High (P1)".into(),
        rule: "error_rate > 2% or p95 > 2s".into(),
        firing_ms: 198_000,
        parts: vec![
            ("error_rate > 2 %".into(), "3.42 %".into(), Truth::True),
            ("p95 > 2 s".into(), "2.18 s".into(), Truth::True),
        ],
        decide_ms: Some(702_000),
        length_ms: 900_000,
        until: Some(WALL + 702_000),
        then: ("ESCALATE".into(), "Engineering lead is told, nothing is rolled back".into()),
        procedure: Some(("config".into(), "Configuration rollback".into(), Some('c'))),
        roles: vec!["On-call lead".into()],
        may: true,
        you: "You are ana, On-call lead: yes".into(),
        ..DecisionView::default()
    }
}

fn acts() -> ActsView {
    ActsView {
        trigger: "automatic".into(),
        title: "Automatic rollback".into(),
        in_ms: 36_000,
        starts: "config".into(),
        procedure: "Configuration rollback".into(),
        duration_ms: 180_000,
        downtime: "none".into(),
        data_loss: "none".into(),
        by_default: false,
    }
}

/// The picture of the pictures: a clock runs, and something acts by itself.
pub(super) fn burning() -> View {
    let mut v = fire();
    v.decisions = vec![decision()];
    v.acts = Some(acts());
    v.incident = Some(IncidentView {
        id: "INC-2026-11-21-1".into(),
        name: "INC-2026-11-21-1".into(),
        reason: "High (P1) fires".into(),
        for_ms: 198_000,
        ..Default::default()
    });
    v.unseen = vec!["high-1".into()];
    v.ceiling = Automation::Armed;
    v.confirm = Confirm::Type;
    v.arming = vec![
        ArmingView {
            id: "automatic".into(),
            title: "Automatic rollback".into(),
            mode: Automation::Armed,
            procedure: "Configuration rollback".into(),
        },
        ArmingView {
            id: "down".into(),
            title: "Service down".into(),
            mode: Automation::Shadow,
            procedure: "Binary rollback".into(),
        },
    ];
    v.marks = vec![("deploy".into(), vec!["Latency p95".into(), "Error rate".into()])];
    v
}

fn without_a_watcher() -> View {
    let mut v = burning();
    v.acts = None;
    v.watch = Watch::Silent { host: "bastion-1".into(), for_ms: 12_000 };
    v.notices = vec![Notice::Silent { host: "bastion-1".into(), for_ms: 12_000 }];
    v
}

pub(super) fn disarmed() -> View {
    let mut v = burning();
    (v.automation, v.acts) = ("OFF", None);
    for t in v.triggers.iter_mut().filter(|t| t.mode == "ARMED") {
        t.mode = "off".into();
    }
    v.notices = vec![Notice::Off { who: "ana".into(), wall: WALL + 13_000 }];
    v
}

fn overdue() -> View {
    let mut v = burning();
    v.acts = None;
    v.decisions[0].closed = true;
    v.decisions[0].decide_ms = Some(-130_000);
    v.notices = vec![
        Notice::Overdue { title: "High (P1)".into(), late_ms: 130_000, to: vec!["Engineering lead".into()] },
        Notice::Default {
            title: "Medium (P2)".into(),
            wall: WALL - 60_000,
            what: "escalated to Engineering lead".into(),
        },
    ];
    v
}

fn staged() -> View {
    let mut v = burning();
    let row = |title: &str, cells: [&str; 4], in_force: usize| MatrixRow {
        trigger: title.to_lowercase(),
        title: title.into(),
        cells: cells.iter().map(|c| (*c).to_owned()).collect(),
        in_force: Some(in_force),
        asks: cells[in_force].into(),
    };
    v.matrix = Some(MatrixView {
        stages: vec![5, 25, 50, 100],
        stage: Some(1),
        now: "traffic at 25 %".into(),
        unknown: false,
        rows: vec![
            row("Automatic", ["auto", "auto", "auto", "auto"], 1),
            row("High", ["decide 10m", "decide 5/30m", "decide 2m", "auto"], 1),
            row("Corruption", ["ask", "ask", "decide 5m", "auto"], 1),
        ],
        who: vec![("Sprint DRI".into(), vec!["High".into()]), ("QA DRI".into(), vec!["Corruption".into()])],
    });
    v
}

fn explained() -> View {
    let mut v = staged();
    let row = |depth, text: &str, value: &str, truth| WhyRow {
        depth,
        text: text.into(),
        value: value.into(),
        truth,
        age_ms: Some(4_000),
        ..WhyRow::default()
    };
    v.why = Some(WhyView {
        of: WhyOf::Trigger("automatic".into()),
        title: "Automatic rollback".into(),
        facts: vec![
            ("Rule".into(), "p95 > 2s or error_rate > 5% or deriv(rss[10m]) > 50MB/min".into()),
            (
                "Counts".into(),
                "at the newest sample, held 2m without a break (a gap pauses the clock)".into(),
            ),
            ("State".into(), "pending: 1 min 24 s of 2 min".into()),
            ("Asks".into(), "auto at 25 %; automation: ARMED".into()),
        ],
        rows: vec![
            WhyRow {
                since: "so for 1 min 24 s".into(),
                age_ms: None,
                ..row(
                    0,
                    "p95 > 2 s or error_rate > 5 % or deriv(rss[10m]) > 50 MB/min",
                    "",
                    Some(Truth::True),
                )
            },
            row(1, "p95 > 2 s", "2.18 s", Some(Truth::True)),
            row(1, "error_rate > 5 %", "3.42 %", Some(Truth::False)),
            WhyRow {
                note: "stale for 48s, limit 30s".into(),
                ..row(1, "deriv(rss[10m]) > 50 MB/min", "", Some(Truth::Unknown))
            },
            row(0, "Latency p95, newest first: 2.18 s, 2.1 s, 2.03 s, 1.9 s", "", None),
        ],
    });
    v
}

#[test]
fn the_overview_says_who_decides_until_when_and_what_acts_by_itself() {
    in_both("decide-overview", "", &burning());
    in_both("nobody-decides", "", &without_a_watcher());
    in_both("automation-off", "", &disarmed());
    in_both("overdue", "", &overdue());
    in_both("stage-matrix", "", &staged());
    let mut unwatched = disarmed();
    unwatched.watch = Watch::None;
    (unwatched.automation, unwatched.notices) = ("ARMED", vec![Notice::NoWatch]);
    in_both("no-watch", "", &unwatched);
}

#[test]
fn both_clocks_of_a_trigger_are_shown() {
    let mut v = burning();
    (v.decisions[0].decide_ms, v.decisions[0].default_ms) = (Some(599_000), Some(1_799_000));
    assert!(text(&frame((80, 24), &ui(), &v)).contains("decide in  9:59 · default in  29:59"));
    v.decisions[0].missed = true;
    assert!(text(&frame((80, 24), &ui(), &v)).contains("default in  29:59"));
    assert!(!text(&frame((80, 24), &ui(), &v)).contains("decide in"));
}

#[test]
fn what_automation_held_back_and_how_fast_it_was() {
    let mut v = burning();
    v.acts = None;
    v.triggers[1].held = Some("cools");
    v.notices = vec![
        Notice::Stopped {
            title: "Automatic rollback".into(),
            why: "its automatic run failed: step 4 exited with 1".into(),
            to: vec!["On-call lead".into()],
        },
        Notice::Held { title: "High (P1)".into(), why: "it acted 40s ago, it waits 5m".into() },
    ];
    in_both("automation-stopped", "", &v);
    let mut v = running();
    v.reaction = Some(ReactionView {
        title: "Automatic rollback".into(),
        run: v.run.as_ref().unwrap().id.clone(),
        from_true: 121_400,
        from_firing: 1_400,
        to_effect: Some(31_000),
        target: Some(120_000),
    });
    let shown = text(&frame((120, 40), &ui(), &v));
    assert!(shown.contains("first command 1.4 s after firing, effect after 31 s of 2 min"), "{shown}");
    v.reaction.as_mut().unwrap().target = Some(30_000);
    assert!(v.reaction.unwrap().is_late());
}

#[test]
fn the_dialogs_about_decisions() {
    in_both("dialog-decide", "D", &burning());
    in_both("dialog-decide-closed", "D", &overdue());
    in_both("dialog-decide-other", "Do", &burning());
    in_both("dialog-hold", "Dwwatch the trend first", &burning());
    in_both("dialog-extend", "De↓", &burning());
    let mut two = burning();
    let d = &mut two.decisions[0];
    (d.may, d.you) = (false, "You are ana: no, you have none of these roles".into());
    d.roles.push("QA DRI".into());
    d.said = vec![("ben".into(), Choice::Hold, "the spike is known".into())];
    d.then = ("ACT".into(), "Configuration rollback: CST on, 50 % → CST off, 0 %".into());
    (d.stage, d.note) = (Some(25), Some("between 25 and 50 %: the stricter".into()));
    in_both("dialog-decide-not-asked", "D", &two);
    in_both("dialog-arm", "X", &disarmed());
    in_both("dialog-arm-named", "X↓→fixed the probe\tlapce-ai-cst\t", &disarmed());
    in_both("dialog-take-over", "I", &without_a_watcher());
    in_both("dialog-mark", "M", &burning());
    in_both("dialog-note", "Nlooks like the cache", &burning());
    in_both("why", "W↓↓↓", &explained());
    in_both("why-matrix", "W↓", &explained());
}

#[test]
fn without_colour_the_words_and_marks_say_it() {
    let theme = Theme::dark().at(ColorLevel::None);
    for (name, view) in [("decide", burning()), ("nobody", without_a_watcher()), ("matrix", staged())] {
        let buffer = frame_in(&theme, &Glyphs::Ascii, (80, 24), &ui(), &view, &|_, _, n| vec![None; n]);
        shot!(format!("plain-{name}-80x24"), buffer);
    }
    let buffer =
        frame_in(&theme, &Glyphs::Ascii, (80, 24), &after("D", &burning()), &burning(), &|_, _, n| {
            vec![None; n]
        });
    shot!("plain-dialog-decide-80x24", buffer);
}

#[test]
fn every_size_draws_all_of_it() {
    for (w, h) in [(1, 1), (10, 3), (60, 16), (79, 23), (100, 30), (119, 39), (180, 48), (200, 60)] {
        for view in [burning(), without_a_watcher(), disarmed(), overdue(), explained()] {
            for keys in ["", "D", "X", "W", "W↓", "Do", "De", "I", "M"] {
                frame((w, h), &after(keys, &view), &view);
            }
        }
    }
}

#[test]
fn one_key_disarms_and_it_needs_no_dialog() {
    let mut d = Desk::new(burning());
    let off = Intent::Request(Request::Automation {
        modes: vec![(None, Automation::Off)],
        reason: "one key on the screen".into(),
    });
    assert_eq!(d.ch('X'), [off]);
    assert!(d.ui.dialog().is_none());
}

#[test]
fn arming_asks_for_a_reason_and_the_name_and_is_never_more_than_the_ceiling() {
    let mut view = disarmed();
    view.ceiling = Automation::Shadow;
    view.arming[0].mode = Automation::Off;
    view.service = "shop".into();
    let mut d = Desk::new(view);
    assert_eq!(d.ch('X'), []);
    d.seen(600);
    d.key(KeyCode::Right);
    d.now += 200;
    d.key(KeyCode::Right);
    d.now += 200;
    d.key(KeyCode::Tab);
    d.type_in("sho");
    d.key(KeyCode::Tab);
    d.now += 1_100;
    assert_eq!(d.key(KeyCode::Enter), [], "the focus is on Cancel: there is neither a reason nor the name");
    assert!(d.ui.dialog().is_none());
    d.now += 1_100;
    d.ch('X');
    d.seen(600);
    d.key(KeyCode::Right);
    d.type_in("fixed");
    d.key(KeyCode::Tab);
    d.type_in("shop");
    d.key(KeyCode::Tab);
    d.now += 1_100;
    let modes = vec![(Some("automatic".to_owned()), Automation::Shadow), (None, Automation::Shadow)];
    assert_eq!(
        d.key(KeyCode::Enter),
        [Intent::Request(Request::Automation { modes, reason: "fixed".into() })]
    );
}

#[test]
fn nothing_is_armed_where_the_playbook_allows_none() {
    let mut view = disarmed();
    view.ceiling = Automation::Off;
    let mut d = Desk::new(view);
    assert_eq!(d.ch('X'), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(_))));
}

#[test]
fn a_decision_is_never_confirmed_by_enter_and_roll_back_opens_the_confirmation() {
    let mut d = Desk::new(burning());
    d.ch('D');
    d.seen(600);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(d.ui.dialog().is_none(), "Enter is not now");
    d.now += 1_100;
    d.ch('D');
    assert_eq!(d.ch('r'), [], "it has not been on the screen yet");
    d.seen(600);
    let mut held = KeyEvent::from(KeyCode::Char('r'));
    held.kind = KeyEventKind::Repeat;
    assert_eq!(d.event(held), [], "a key that is held decides nothing");
    d.now += 1_100;
    assert_eq!(d.ch('r'), [prepare("config")]);
    d.drawn(|v| v.draft = Some(draft(Confirm::Key)));
    d.seen(600);
    d.now += 1_100;
    let confirmed =
        Intent::Request(Request::Confirm { draft: "d1".into(), decides: Some("high-1-d1".into()) });
    assert_eq!(d.ch('y'), [confirmed]);
    assert!(d.ui.dialog().is_none(), "what is decided is not asked again");
    assert_eq!(d.ui.screen, Screen::Run);
}

#[test]
fn who_is_not_asked_rolls_back_without_deciding() {
    let mut view = burning();
    view.decisions[0].may = false;
    let mut d = Desk::new(view);
    d.ch('D');
    d.seen(600);
    assert_eq!(d.ch('w'), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Decide(_))), "holding is not theirs to say");
    d.now += 1_100;
    assert_eq!(d.ch('r'), [prepare("config")]);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(c)) if c.decides.is_none()));
}

#[test]
fn where_two_must_agree_the_first_word_starts_nothing() {
    let mut view = burning();
    view.decisions[0].lacking = vec![("config".into(), vec!["QA DRI".into()])];
    let mut d = Desk::new(view);
    d.ch('D');
    d.seen(600);
    assert_eq!(d.ch('r'), []);
    d.seen(1_100);
    d.type_in("errors");
    d.key(KeyCode::Tab);
    d.now += 600;
    let choice = Choice::RollBack { procedure: "config".into(), run: None };
    let said = Intent::Request(Request::Say { clock: "high-1-d1".into(), choice, reason: "errors".into() });
    assert_eq!(d.key(KeyCode::Enter), [said]);
}

#[test]
fn more_time_is_chosen_with_a_reason_and_a_closed_clock_takes_the_question_away() {
    let mut d = Desk::new(burning());
    d.ch('D');
    d.seen(600);
    d.ch('e');
    d.seen(1_100);
    d.key(KeyCode::Down);
    d.type_in("canary");
    d.key(KeyCode::Tab);
    d.now += 600;
    let said = Intent::Request(Request::Say {
        clock: "high-1-d1".into(),
        choice: Choice::Extend(600_000),
        reason: "canary".into(),
    });
    assert_eq!(d.key(KeyCode::Enter), [said]);
    d.now += 2_000;
    d.ch('D');
    d.seen(1_100);
    d.ch('w');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Question(_))));
    d.drawn(|v| v.decisions[0].closed = true);
    assert!(d.ui.dialog().is_none());
}

#[test]
fn other_decisions_are_reached_by_tab_and_other_procedures_by_their_keys() {
    let mut view = burning();
    let second = DecisionView { clock: "low-1-d1".into(), title: "Low (P3)".into(), ..decision() };
    view.decisions.push(second);
    let mut d = Desk::new(view);
    d.ch('D');
    d.seen(600);
    d.key(KeyCode::Tab);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Decide(clock)) if clock == "low-1-d1"));
    d.seen(1_100);
    d.ch('o');
    d.seen(1_100);
    assert_eq!(d.ch('b'), [prepare("binary")]);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(c)) if c.decides.as_deref() == Some("low-1-d1")));
}

#[test]
fn why_follows_the_cursor_and_goes_back_where_it_came_from() {
    let mut d = Desk::new(explained());
    d.ch('5');
    assert_eq!(d.ch('W'), [Intent::Request(Request::Why(Some(WhyOf::Verdict)))]);
    assert_eq!(d.key(KeyCode::Down), [Intent::Request(Request::Why(Some(WhyOf::Matrix)))]);
    assert_eq!(
        d.key(KeyCode::Down),
        [Intent::Request(Request::Why(Some(WhyOf::Decision("high-1-d1".into()))))]
    );
    assert_eq!(d.key(KeyCode::Esc), [Intent::Request(Request::Why(None))]);
    assert_eq!(d.ui.screen, Screen::Timeline);
}

#[test]
fn a_screen_that_only_reads_asks_for_none_of_it() {
    let mut view = burning();
    view.read_only = true;
    for key in ['D', 'X', 'N', 'I', 'M', 'B'] {
        let mut d = Desk::new(view.clone());
        assert_eq!(d.ch(key), [], "{key}");
        assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(_))), "{key}");
    }
    let mut d = Desk::new(view.clone());
    assert_eq!(d.ch('W'), [Intent::Request(Request::Why(Some(WhyOf::Verdict)))], "looking is allowed");
    let shown = text(&frame((80, 24), &ui(), &view));
    assert!(!shown.contains("X stop") && !shown.contains("D decide"), "{shown}");
}

#[test]
fn what_rings_is_seen_by_one_key_and_silence_has_none() {
    let mut d = Desk::new(burning());
    assert_eq!(d.ch('B'), [Intent::Request(Request::Seen)]);
    let mut d = Desk::new(calm());
    assert_eq!(d.ch('B'), []);
    d.ch('D');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(_))), "there is nothing to decide");
}
