//! Overview and Signal: the cursor in time, the sweep, the sizes, series, the traffic, one signal in full; in cells and in
//! bytes.

use super::keys::Desk;
use super::*;
use crate::model::playbook::Moment;
use crate::model::reading::Value;
use crate::model::unit::Unit;
use crate::session::Request;
use crate::session::view::*;
use crate::tui::term::backend::Terse;
use crate::tui::ui::charts::{TIMELINE, TRIGGERS};
use crate::tui::ui::{Intent, Screen};
use crossterm::event::KeyCode;
use ratatui::layout::Size;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn in_all(name: &str, keys: &str, view: &View) {
    for (w, h) in SIZES {
        shot!(format!("{name}-{w}x{h}"), frame((w, h), &after(keys, view), view));
    }
}

/// A search with shards, on its way back from a canary.
fn shards() -> View {
    let mut v = fire();
    let mut cpu = signal("Shard CPU", Unit::Percent, Some((0.8, 0.95)));
    let level = |v: f64| match v {
        v if v > 0.95 => Level::Critical,
        v if v > 0.8 => Level::Warn,
        _ => Level::Ok,
    };
    cpu.series = (0..20)
        .map(|i| (format!("shard-{i:02}"), 0.97 - 0.03 * f64::from(i)))
        .map(|(label, v)| (label, Some(v), level(v)))
        .collect();
    (cpu.value, cpu.level, cpu.level_for_ms, cpu.age_ms) = (Some(0.97), Level::Critical, 61_000, Some(2_000));
    v.signals.insert(4, cpu);
    v.traffic = Some(TrafficView {
        signal: "cst_rollout".into(),
        wanted: Some(Wanted { share: 0.0, below: false, step: "2".into() }),
    });
    v.checklists = vec![ChecklistView {
        id: "before".into(),
        title: "Before the rollback".into(),
        moment: Some(Moment::Before),
        items: [("Severity confirmed", true), ("#incidents told", false)]
            .map(|(text, done)| ItemView { text: text.into(), done, ..ItemView::default() })
            .into(),
        ..ChecklistView::default()
    }];
    v
}

/// One signal looked at, with what is known of it.
fn looked_at(mut v: View) -> View {
    let read = |ago: i64, value: Result<f64, &str>, took: u64| ReadView {
        wall: WALL - ago * 1000,
        series: None,
        value: value.map(Value::Number).map_err(Into::into),
        took_ms: Some(took),
        source: "prom".into(),
    };
    v.detail = Some(SignalDetail {
        id: "error_rate".into(),
        statistics: Some(Statistics {
            min: 0.0002,
            median: 0.0006,
            max: 0.035,
            mean: 0.0071,
            slope: Some(0.0061),
            values: 87,
            expected: 90,
            gaps: 1,
            missing: 30_000,
            by_minute: false,
        }),
        reads: vec![
            read(4, Ok(0.0342), 12),
            read(14, Ok(0.0338), 11),
            read(24, Ok(0.0331), 14),
            read(414, Err("timed out after 3 s"), 3_000),
        ],
        used_by: vec!["P1".into(), "P2".into(), "Automatic".into(), "2 criteria".into()],
    });
    v
}

#[test]
fn the_overview_in_all_sizes_and_states() {
    in_all("charts-before-data", "", &before_data());
    in_all("charts-lost", "", &lost());
    in_all("charts-frozen", "F", &fire());
    in_all("charts-cursor", "←←←←←←←←", &fire());
    in_all("charts-series", "", &shards());
    in_all("charts-worst-first", "T", &lost());
    in_all("charts-triggers", "", &{
        let mut v = fire();
        v.timeline.truncate(2);
        v
    });
    for (w, h) in [(100, 30), (110, 32), (120, 34), (160, 50), (180, 51), (240, 70)] {
        shot!(format!("charts-series-{w}x{h}"), frame((w, h), &ui(), &shards()));
    }
}

#[test]
fn a_section_is_marked_in_its_rule_and_has_its_own_cursor() {
    for (w, h) in SIZES {
        for (name, section) in [("triggers", TRIGGERS), ("timeline", TIMELINE)] {
            let mut ui = after("", &fire());
            (ui.section, ui.charts.trigger, ui.charts.back) = (section, 1, 1);
            shot!(format!("charts-in-{name}-{w}x{h}"), frame((w, h), &ui, &fire()));
        }
    }
}

#[test]
fn a_sweep_says_so_and_has_a_write_head() {
    for (w, h) in SIZES {
        let mut ui = ui();
        ui.charts.sweep = true;
        shot!(format!("charts-sweep-{w}x{h}"), frame((w, h), &ui, &fire()));
    }
}

#[test]
fn without_colour_the_lines_marks_and_words_tell_it() {
    let plain = crate::tui::theme::Theme::plain().at(crate::tui::theme::ColorLevel::None);
    for (name, keys, view) in [("cursor", "←←←", fire()), ("series", "", shards())] {
        let ui = after(keys, &view);
        let buffer =
            frame_in(&plain, &Glyphs::Unicode, (120, 40), &ui, &view, &|s, w, n| columns_of(&view, s, w, n));
        shot!(format!("charts-plain-{name}-120x40"), buffer);
    }
}

#[test]
fn one_signal_in_full() {
    in_all("charts-signal", "\n", &looked_at(fire()));
    in_all("charts-signal-cursor", "\n←←←←←←←←←←←←←←←←←←←", &looked_at(fire()));
    in_all("charts-signal-series", "↓↓↓↓\n", &shards());
    in_all("charts-signal-before-data", "\n", &before_data());
}

#[test]
fn the_cursor_reads_all_at_one_time_and_escape_takes_it_away() {
    let mut d = Desk::new(fire());
    frame((80, 24), &d.ui, &d.view);
    d.key(KeyCode::Right);
    assert_eq!(d.ui.charts.at, None, "there is nothing right of now");
    for _ in 0..20 {
        d.key(KeyCode::Left);
    }
    let at = d.ui.charts.at.unwrap();
    assert!((WALL - at) / 24_000 == 20 || (WALL - at) / 24_000 == 19, "{}", WALL - at);
    let then = text(&frame((80, 24), &d.ui, &d.view));
    assert!(then.contains("0.2") && !then.contains("3.42 % ↑"), "{then}");
    assert!(d.ui.freeze.is_some(), "they are held while it is on");
    d.ch('h');
    d.ch('l');
    assert_eq!(d.ui.charts.at, Some(at), "vim's keys are the same");
    d.key(KeyCode::Esc);
    assert_eq!((d.ui.charts.at, d.ui.freeze.is_none()), (None, true));
    d.ch('F');
    d.key(KeyCode::Left);
    d.key(KeyCode::Esc);
    assert!(d.ui.freeze.is_some(), "what a person froze stays so");
    assert_eq!(d.ui.screen, Screen::Overview);
}

#[test]
fn a_jump_shows_the_moment_in_the_shortest_window_that_holds_it() {
    for (ago, window) in [(60, 900), (840, 900), (890, 3_600), (7_000, 21_600), (80_000, 86_400)] {
        let mut d = Desk::new(fire());
        d.ui.screen = Screen::Timeline;
        assert!(d.ui.jump_to(WALL - ago * 1000, &d.view));
        assert_eq!((d.ui.screen, d.ui.window()), (Screen::Overview, window * 1000));
        for (w, h) in SIZES {
            let drawn = text(&frame((w, h), &d.ui, &d.view));
            assert!(drawn.contains('↑'), "{ago} s ago at {w}x{h}: {drawn}");
        }
    }
    let mut d = Desk::new(fire());
    d.ui.screen = Screen::Timeline;
    assert!(!d.ui.jump_to(WALL - 90_000_000, &d.view), "older than all windows");
    assert!(!d.ui.jump_to(WALL + 1, &d.view));
    assert_eq!((d.ui.screen, d.ui.charts.at), (Screen::Timeline, None));
}

#[test]
fn enter_opens_what_the_cursor_of_the_section_is_at() {
    let mut d = Desk::new(fire());
    d.ui.section = TRIGGERS;
    d.key(KeyCode::Down);
    let trigger = d.view.triggers[1].id.clone();
    assert_eq!(d.key(KeyCode::Enter), [Intent::Request(Request::Why(Some(WhyOf::Trigger(trigger))))]);
    let mut d = Desk::new(fire());
    d.ui.section = TIMELINE;
    d.key(KeyCode::Up);
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.charts.at, Some(WALL - 84_000), "the one before the newest");
    let mut d = Desk::new(fire());
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.screen, Screen::Signal);
}

#[test]
fn worst_first_moves_the_cursor_in_the_order_that_is_drawn() {
    let mut v = calm();
    v.signals[6].level = Level::Critical;
    let mut d = Desk::new(v);
    d.ch('T');
    d.key(KeyCode::Home);
    assert_eq!(d.ui.signal, 6, "the critical one is first");
    d.key(KeyCode::Down);
    assert_eq!(d.ui.signal, 0);
    d.ch('T');
    d.key(KeyCode::Down);
    assert_eq!(d.ui.signal, 1);
}

#[test]
fn a_decision_has_no_letter_on_the_charts_and_a_deploy_has() {
    let mut v = fire();
    v.timeline = vec![
        Happening { wall: WALL - 300_000, letter: Some('D'), kind: "deploy".into(), ..Happening::default() },
        Happening {
            wall: WALL - 200_000,
            letter: Some('I'),
            kind: "incident".into(),
            ..Happening::default()
        },
        Happening { wall: WALL - 100_000, letter: None, kind: "decide".into(), ..Happening::default() },
    ];
    let drawn = text(&frame((80, 24), &ui(), &v));
    let axis = drawn.lines().find(|l| l.contains('└')).unwrap();
    let letters: String =
        axis.split('└').nth(1).unwrap().chars().filter(|c| c.is_ascii_uppercase()).collect();
    assert_eq!(letters, "D", "{axis}");
    assert!(drawn.contains("D deploy"));
}

/// Bytes on the wire of each frame after the first.
fn bytes(size: (u16, u16), frames: &[(Ui, View)]) -> Vec<usize> {
    let mut t = Terminal::new(Terse::new(Vec::new(), Size::new(size.0, size.1), true)).unwrap();
    let mut one = |ui: &Ui, view: &View| {
        t.draw(|f| {
            paint::draw(f, ui, view, &Theme::dark(), &Glyphs::Unicode, &|s, w, n| columns_of(view, s, w, n));
        })
        .unwrap();
        t.backend().written()
    };
    // A large frame goes out in pieces.
    let (ui, view) = &frames[0];
    while one(ui, view) > 0 {}
    frames.iter().map(|(ui, view)| one(ui, view)).collect()
}

#[test]
fn a_step_of_the_cursor_costs_at_most_three_hundred_bytes() {
    for size in SIZES {
        for (name, keys, view) in
            [("fire", "", fire()), ("series", "", shards()), ("signal", "\n", looked_at(fire()))]
        {
            let mut d = Desk::new(view);
            keys.chars().for_each(|c| drop(d.key(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) })));
            let mut frames = vec![(d.ui.clone(), d.view.clone())];
            frame(size, &d.ui, &d.view);
            for i in 0..30 {
                d.now += 500;
                d.key(if i < 20 { KeyCode::Left } else { KeyCode::Right });
                frames.push((d.ui.clone(), d.view.clone()));
            }
            let cost = bytes(size, &frames);
            println!("{name} at {size:?}: {:?}", &cost[1..]);
            // The first one takes the charts from now into the past.
            assert!(cost[2..].iter().all(|b| *b <= 300), "{name} at {size:?}: {:?}", &cost[1..]);
        }
    }
}

#[test]
fn tab_and_the_arrows_cost_little_too() {
    for size in SIZES {
        let mut ui = after("", &fire());
        let mut frames = vec![(ui.clone(), fire())];
        for section in [1, 2, 3, 0] {
            ui.section = section;
            frames.push((ui.clone(), fire()));
        }
        ui.signal = 1;
        frames.push((ui.clone(), fire()));
        let cost = bytes(size, &frames);
        assert!(cost[1..].iter().all(|b| *b <= 200), "{size:?}: {:?}", &cost[1..]);
    }
}

#[test]
fn a_dialog_costs_little_more_than_its_words_and_its_frame() {
    use crate::model::playbook::Confirm;
    let typed = View { draft: Some(draft(Confirm::Type)), ..fire() };
    for size in SIZES {
        let frames = [
            (after("", &fire()), fire()),
            (after("c", &fire()), fire()),
            (after("c", &typed), typed.clone()),
        ];
        let cost = bytes(size, &frames);
        println!("{size:?}: {cost:?}");
        assert!(cost[1] <= 600 && cost[2] <= 2_400, "{size:?}: {cost:?}");
    }
}
