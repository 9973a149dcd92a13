//! No view, however strange, and no size, however small, breaks a screen.

use super::*;
use crate::session::view::{Happening, Level};
use crate::tui::glyphs::Glyphs;
use crate::tui::paint::next_visible_change;
use crate::tui::theme::ColorLevel;
use proptest::prelude::*;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

const SCREENS: [&str; 9] = ["", "\n", "3", "3\n", "4", "4L", "5", "E", "?"];

/// Every row is exactly as wide as the screen, and holds nothing that moves a cursor.
fn fits(buffer: &Buffer) {
    let width = buffer.area.width as usize;
    for (row, line) in text(buffer).lines().enumerate() {
        assert_eq!(line.width(), width + 1, "row {row}: {line}");
        assert!(!line.chars().any(char::is_control), "row {row}: {line:?}");
    }
}

#[test]
fn every_screen_survives_every_size() {
    let view = View { draft: Some(draft(crate::model::playbook::Confirm::Type)), ..running() };
    let free = View { run: None, ..view.clone() };
    for (view, keys) in
        SCREENS.iter().map(|k| (&view, *k)).chain([(&free, "c"), (&free, "x"), (&view, "b"), (&view, "4S")])
    {
        let ui = after(keys, view);
        for width in (1..=130).step_by(7) {
            for height in (1..=50).step_by(4) {
                fits(&frame((width, height), &ui, view));
            }
        }
    }
}

#[test]
fn all_small_sizes_one_by_one() {
    let view = running();
    let ui = ui();
    for width in 1..=70 {
        for height in 1..=20 {
            fits(&frame((width, height), &ui, &view));
        }
    }
}

#[test]
fn without_colour_no_cell_has_one() {
    let view = View { draft: Some(draft(crate::model::playbook::Confirm::Type)), ..fire() };
    for keys in SCREENS.iter().chain(&["c"]) {
        let ui = after(keys, &view);
        let plain = Theme::plain().at(ColorLevel::None);
        let buffer =
            frame_in(&plain, &Glyphs::Unicode, (120, 40), &ui, &view, &|s, w, n| columns_of(&view, s, w, n));
        for cell in buffer.content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{keys:?}: {:?}", cell.symbol());
        }
    }
}

#[test]
fn ascii_holds_only_ascii() {
    let view = View { draft: Some(draft(crate::model::playbook::Confirm::Type)), ..verifying() };
    let free = View { run: None, ..view.clone() };
    for (view, keys) in SCREENS.iter().map(|k| (&view, *k)).chain([(&free, "c"), (&free, "")]) {
        let ui = after(keys, view);
        let buffer = frame_in(&Theme::dark(), &Glyphs::Ascii, (120, 40), &ui, view, &|s, w, n| {
            columns_of(view, s, w, n)
        });
        fits(&buffer);
        let text = text(&buffer);
        assert!(
            text.is_ascii(),
            "{keys:?}: {:?}",
            text.chars().filter(|c| !c.is_ascii()).collect::<String>()
        );
    }
    let buffer = frame_in(&Theme::dark(), &Glyphs::Ascii, (80, 24), &ui(), &free, &|s, w, n| {
        columns_of(&free, s, w, n)
    });
    shot!("overview-fire-ascii-80x24", buffer);
    let console = frame_in(&Theme::dark(), &Glyphs::Console, (80, 24), &ui(), &calm(), &|s, w, n| {
        columns_of(&calm(), s, w, n)
    });
    shot!("overview-calm-console-80x24", console);
}

#[test]
fn the_light_theme_has_the_same_words() {
    let view = fire();
    let light = frame_in(&Theme::light(), &Glyphs::Unicode, (80, 24), &ui(), &view, &|s, w, n| {
        columns_of(&view, s, w, n)
    });
    let dark = frame((80, 24), &ui(), &view);
    assert_eq!(text(&light), text(&dark));
    assert_ne!(light, dark);
}

#[test]
fn only_the_verdict_and_the_row_in_force_are_a_red_band() {
    let band = Theme::dark().style(crate::tui::theme::Slot::CriticalBand).bg;
    let buffer = frame((80, 24), &ui(), &fire());
    let rows: Vec<u16> = (0..24).filter(|y| (0..80).any(|x| buffer[(x, *y)].style().bg == band)).collect();
    assert_eq!(rows, [1, 18]);
    let calm = frame((80, 24), &ui(), &calm());
    assert!(calm.content().iter().all(|c| c.style().bg != band));
}

/// The same view, some milliseconds later, as the session would tell it.
fn later(view: &View, ms: u64) -> View {
    use crate::session::view::{Freshness, TriggerState};
    let mut v = view.clone();
    v.now = v.now.plus(ms);
    v.verdict.for_ms += ms;
    v.verdict.clock_ms = v.verdict.clock_ms.map(|c| c - ms as i64);
    if let Freshness::Late(age) | Freshness::Lost(age) = &mut v.freshness {
        *age += ms;
    }
    for s in &mut v.signals {
        s.level_for_ms += ms;
        s.age_ms = s.age_ms.map(|a| a + ms);
    }
    for s in &mut v.severities {
        s.for_ms = s.for_ms.map(|f| f + ms);
        s.clock_ms = s.clock_ms.map(|c| c - ms as i64);
    }
    for t in &mut v.triggers {
        match &mut t.state {
            TriggerState::Pending { held, .. } => *held += ms,
            TriggerState::Firing { since } => *since += ms,
            _ => {}
        }
    }
    v
}

#[test]
fn nothing_changes_on_the_screen_before_it_is_said_to() {
    for view in [calm(), fire(), before_data(), lost(), running(), verifying()] {
        let columns = columns_of(
            &view,
            crate::session::view::Curve { signal: "error_rate", series: None },
            900_000,
            37,
        );
        let draw = |v: &View| {
            let mut out = Vec::new();
            for keys in ["", "4"] {
                let ui = after(keys, v);
                let charts = |_: crate::session::view::Curve<'_>, _: u64, n: usize| {
                    columns.iter().copied().cycle().take(n).collect()
                };
                out.push(text(&frame_in(&Theme::dark(), &Glyphs::Unicode, (80, 24), &ui, v, &charts)));
            }
            out
        };
        let next = next_visible_change(&view);
        let before = later(&view, next - 1);
        assert_eq!(draw(&view), draw(&before), "{} ms", next - 1);
    }
    assert!(next_visible_change(&fire()) <= 1_000);
    assert!(next_visible_change(&calm()) > 1_000, "a calm screen sleeps");
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,60}",
        "[日本語テスト]{0,30}",
        "\\PC{0,40}",
        Just("a\u{1b}[31mb\u{202e}c\nd\te\u{301}\u{200d}👩‍👩‍👧".to_string())
    ]
}

fn number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![Just(None), any::<f64>().prop_map(Some), (-1e12..1e12f64).prop_map(Some)]
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![
        Just(Level::Unknown),
        Just(Level::Stale),
        Just(Level::Ok),
        Just(Level::Warn),
        Just(Level::Critical)
    ]
}

prop_compose! {
    fn strange()(
        base in prop_oneof![Just(calm()), Just(fire()), Just(lost()), Just(running()), Just(not_verified()), Just(unknown_step()),
            Just(super::states::all_kinds()), Just(super::states::guarded()), Just(super::states::unverified()), Just(super::states::choosing()),
            Just(super::states::approving(true)), Just(super::states::asking(&[("yes", true), ("no", false)], Some("who"), true))],
        words in proptest::collection::vec(name(), 12),
        values in proptest::collection::vec((number(), level(), any::<u64>(), number()), 0..40),
        many in 0usize..30,
        far in any::<i64>(),
    ) -> View {
        let mut v = base;
        v.service = words[0].clone();
        v.environment = words[1].clone();
        v.verdict.word = words[2].clone();
        v.verdict.text = words[3].clone();
        v.verdict.evidence.push(words[4].clone());
        v.verdict.clock_ms = v.verdict.clock_ms.map(|_| far);
        v.alarm = Some(words[5].clone());
        v.here = words.clone();
        for (at, (value, level, ms, limit)) in values.into_iter().enumerate() {
            let mut s = v.signals[at % v.signals.len().max(1)].clone();
            s.id = format!("s{at}");
            s.title = words[at % 12].clone();
            s.note = words[(at + 1) % 12].clone();
            (s.value, s.level, s.level_for_ms, s.age_ms) = (value, level, ms / 2, Some(ms / 2));
            s.critical = limit.map(|l| crate::session::view::Threshold { at: Some(l), text: words[6].clone() });
            s.baseline = limit;
            s.series = vec![(words[7].clone(), value, level); at];
            v.signals.push(s);
        }
        for at in 0..many {
            let mut t = v.triggers[at % v.triggers.len()].clone();
            t.title = words[at % 12].clone();
            t.parts = vec![(words[8].clone(), words[9].clone(), "true".into()); at % 4];
            v.triggers.push(t);
            let mut s = v.severities[at % v.severities.len()].clone();
            s.title = words[10].clone();
            s.authority = words[11].clone();
            v.severities.push(s);
            v.timeline.push(Happening { wall: far, letter: Some('Q'), kind: words[6].clone(), text: words[7].clone(), ..Happening::default() });
            let mut p = v.procedures[at % v.procedures.len()].clone();
            p.title = words[at % 12].clone();
            v.procedures.push(p);
        }
        if let Some(run) = &mut v.run {
            run.title = words[0].clone();
            run.why = words[1].clone();
            for (at, s) in run.steps.iter_mut().enumerate() {
                s.name = words[at % 12].clone();
                s.detail = words[(at + 5) % 12].clone();
            }
            run.current = run.current.map(|c| c + many);
        }
        let mut d = draft(crate::model::playbook::Confirm::Type);
        d.from = words[2].clone();
        d.steps.extend(words.iter().enumerate().map(|(i, w)| (i.to_string(), w.clone(), w.repeat(9))));
        v.draft = Some(d);
        v
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_view_breaks_a_screen(view in strange(), width in 1u16..210, height in 1u16..65, screen in 0..SCREENS.len(), more in "[cbxSOPULGA\\n↓]{0,3}") {
        let ui = after(&format!("{}{more}", SCREENS[screen]), &view);
        let charts = |s: crate::session::view::Curve<'_>, w: u64, n: usize| columns_of(&view, s, w, n);
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            fits(&frame_in(&Theme::dark(), &glyphs, (width, height), &ui, &view, &charts));
        }
        prop_assert!(next_visible_change(&view) > 0);
    }
}
