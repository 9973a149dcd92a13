//! Anything by name: what is looked for on a screen, the palette, the help.

use super::keys::Desk;
use super::*;
use crate::session::Request;
use crate::tui::dialog::Dialog;
use crate::tui::ui::Screen;
use crossterm::event::KeyCode;

#[test]
fn what_is_typed_at_the_foot_is_looked_for_at_once_and_given_up_by_escape() {
    let mut view = fire();
    let stale = view.timeline.iter().find(|h| h.kind == "stale").cloned().unwrap();
    view.timeline.push(crate::session::view::Happening { wall: stale.wall + 1, ..stale });
    let mut d = Desk::new(view);
    d.ch('5');
    d.ch('/');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Find(_))));
    for c in "Sta".chars() {
        assert_eq!(d.ch(c), [], "it waits for no frame");
    }
    assert_eq!(d.ui.sought(), Some("Sta"));
    d.key(KeyCode::Backspace);
    d.ui.paste("ale", d.now);
    assert_eq!(d.ui.sought(), Some("Stale"));
    d.key(KeyCode::Up);
    assert_eq!(d.ui.back_in_time, 1, "arrows move on the screen below");
    d.key(KeyCode::Enter);
    assert_eq!((d.ui.dialog().is_none(), d.ui.sought()), (true, Some("Stale")), "kept");
    d.ch('/');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Find(f)) if f.text() == "Stale"), "and to be changed");
    d.key(KeyCode::Esc);
    assert_eq!((d.ui.dialog().is_none(), d.ui.sought()), (true, None));
    d.ch('/');
    d.ch('x');
    d.key(KeyCode::Enter);
    d.key(KeyCode::Esc);
    assert_eq!((d.ui.sought(), d.ui.screen), (None, Screen::Timeline), "all again before the screen is left");
    d.key(KeyCode::Esc);
    assert_eq!(d.ui.screen, Screen::Overview);
}

#[test]
fn what_was_looked_for_stays_on_its_screen() {
    let mut d = Desk::new(fire());
    for c in "5/x".chars() {
        d.ch(c);
    }
    d.key(KeyCode::Enter);
    d.ch('1');
    assert_eq!(d.ui.sought(), None);
}

#[test]
fn the_line_at_the_foot() {
    shot!("find-80x24", frame((80, 24), &after("5/stale", &fire()), &fire()));
    shot!("find-kept-80x24", frame((80, 24), &after("5/stale\n", &fire()), &fire()));
}

#[test]
fn every_key_of_the_table_is_in_the_help_of_its_place() {
    use crate::tui::keymap::{Context, TABLE};
    let (ui, view) = (ui(), fire());
    for b in TABLE {
        let place = match b.context {
            Context::Global | Context::Terminal => Context::Overview,
            context => context,
        };
        let rows = ui.rows_of(place, &view);
        let there = rows.iter().any(|r| {
            r.label.contains(b.label) && b.keys.iter().all(|k| r.keys.split(' ').any(|n| n == k.name()))
        });
        assert!(there, "{} ({}) is not in the help of {place:?}", b.keys_name(), b.label);
    }
    let rows = ui.rows_of(Context::Overview, &view);
    for p in &view.procedures {
        assert!(rows.iter().any(|r| r.keys == p.key.unwrap().to_string() && r.label.starts_with(&p.title)));
    }
    assert!(rows.iter().any(|r| r.label == "raise: Corruption…"), "{rows:?}");
}

#[test]
fn the_help_finds_by_typing_and_does_what_is_at_the_cursor() {
    let mut d = Desk::new(fire());
    d.ch('5');
    d.ch('?');
    d.seen(600);
    assert_eq!(
        (d.key(KeyCode::Enter), d.ui.screen),
        (vec![], Screen::Help),
        "nothing is at the cursor at first"
    );
    d.type_in("bin");
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.screen, Screen::Timeline, "the help is closed");
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(c)) if c.procedure == "binary"), "its confirmation");
    d.key(KeyCode::Esc);
    // A key of another screen leads there.
    d.now += 600;
    d.ch('?');
    d.type_in("only what is picked");
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.screen, Screen::Logs);
    // What a dialog's key does is told, and not done.
    d.now += 600;
    d.ch('?');
    d.type_in("hold: watch on");
    assert_eq!((d.key(KeyCode::Enter), d.ui.screen), (vec![], Screen::Help));
    d.now += 600;
    d.key(KeyCode::Esc);
    assert_eq!(d.ui.screen, Screen::Logs);
}

#[test]
fn enter_held_in_the_help_confirms_nothing() {
    let view = View { draft: Some(draft(crate::model::playbook::Confirm::Key)), ..fire() };
    let mut d = Desk::new(view);
    d.ch('?');
    d.type_in("configuration");
    d.key(KeyCode::Enter);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))));
    d.seen(0);
    d.now += 660;
    for _ in 0..100 {
        let out = d.key(KeyCode::Enter);
        assert!(
            !out.iter().any(|i| matches!(i, crate::tui::ui::Intent::Request(Request::Confirm { .. }))),
            "{out:?}"
        );
        d.now += 33;
        d.seen(0);
    }
}

#[test]
fn tab_shows_the_keys_of_every_other_place() {
    let mut d = Desk::new(fire());
    d.ch('?');
    let mut seen = Vec::new();
    loop {
        let here = d.ui.helped();
        if seen.contains(&here) {
            break;
        }
        seen.push(here);
        let _ = frame((80, 24), &d.ui, &d.view);
        d.key(KeyCode::Tab);
    }
    assert!(seen.len() > 20, "{seen:?}");
    d.key(KeyCode::BackTab);
    assert_eq!(d.ui.helped(), *seen.last().unwrap());
}

#[test]
fn a_changed_key_works_and_stands_in_foot_and_help() {
    use crate::config::settings;
    use crate::tui::keymap::Keymap;
    let src = "[keys.global]\nemergency-help = \"F2\"\n[keys.timeline]\nfilter = \"E\"\n";
    let settings = settings::parse(src, "config.toml", &|_| None).unwrap();
    let mut d = Desk::new(fire());
    d.ui.keymap = Keymap::with(&settings.keys).unwrap();
    d.ch('5');
    let foot = text(&frame((120, 40), &d.ui, &d.view)).lines().last().unwrap().to_string();
    assert!(foot.contains("E kinds") && foot.contains("F2 emergency"), "{foot}");
    d.ch('E');
    assert_eq!(d.ui.screen, Screen::Timeline);
    d.ch('?');
    let help = text(&frame((120, 40), &d.ui, &d.view));
    assert!(help.contains("F2  emergency help"), "{help}");
    d.key(KeyCode::Esc);
    d.key(KeyCode::F(2));
    assert_eq!(d.ui.screen, Screen::Emergency);
}

#[test]
fn the_palette_opens_what_is_named_and_starts_nothing() {
    use crate::tui::ui::Intent;
    let mut d = Desk::new(fire());
    let open = |d: &mut Desk, text: &str| {
        d.ch(':');
        d.type_in(text);
        d.seen(600);
        d.key(KeyCode::Enter)
    };
    let procedure = open(&mut d, "conf roll");
    assert_eq!(procedure, d.ui.dialog().map(|_| vec![super::keys::prepare("config")]).unwrap());
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))), "its confirmation, as by its key");
    d.key(KeyCode::Esc);
    assert_eq!(open(&mut d, "latency p95"), []);
    assert_eq!((d.ui.screen, d.view.signals[d.ui.signal].title.as_str()), (Screen::Signal, "Latency p95"));
    assert_eq!(open(&mut d, "screen timeline"), []);
    assert_eq!(d.ui.screen, Screen::Timeline);
    assert_eq!(open(&mut d, "theme light"), [Intent::Theme { name: "light".into() }]);
    assert_eq!(open(&mut d, "charts 6 h"), []);
    assert_eq!(d.ui.window(), 21_600_000);
    d.ch(':');
    d.ui.paste("corr", d.now);
    let Some(Dialog::Palette(p)) = d.ui.dialog() else { panic!("open") };
    assert!(p.entry().is_some_and(|e| e.name.contains("Corruption")), "a paste is text there");
    assert_eq!(d.key(KeyCode::Enter), [], "its frame has not been on the screen for long enough");
    assert!(matches!(d.ui.dialog(), Some(Dialog::Palette(_))));
}

#[test]
fn a_procedure_from_the_palette_meets_the_same_guards() {
    let mut d = Desk::new(running());
    d.ch(':');
    d.type_in("binary");
    d.seen(600);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Locked(_))), "a run is in the way");
    let mut d = Desk::new(View { read_only: true, ..fire() });
    d.ch(':');
    d.type_in("binary");
    d.seen(600);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(_))), "only reads");
}

#[test]
fn every_entry_of_the_palette_can_be_opened() {
    for view in [fire(), running(), calm(), before_data()] {
        let entries = after("", &view).entries(&view);
        assert!(entries.iter().all(|e| !e.name.is_empty() && !e.says.is_empty()));
        for does in entries.into_iter().map(|e| e.does) {
            let mut ui = after("", &view);
            let out = ui.does(&does, KeyCode::Enter, &view, 50_000);
            let starts = |i: &crate::tui::ui::Intent| {
                matches!(i, crate::tui::ui::Intent::Request(Request::Confirm { .. }))
            };
            assert!(!out.iter().any(starts), "{does:?}");
            let _ = frame((80, 24), &ui, &view);
        }
    }
}

#[test]
fn palette_and_help_at_both_sizes() {
    for (name, keys) in [
        ("palette", ":"),
        ("palette-found", ":roll b"),
        ("palette-none", ":zzzz"),
        ("keys", "?"),
        ("keys-run", "4?"),
        ("keys-found", "?roll"),
        ("keys-none", "?zzzz"),
    ] {
        shot!(format!("{name}-80x24"), frame((80, 24), &after(keys, &fire()), &fire()));
        shot!(format!("{name}-120x40"), frame((120, 40), &after(keys, &fire()), &fire()));
    }
    let mut ui = after("?", &fire());
    ui.help.context = Some(crate::tui::keymap::Context::Confirm);
    shot!("keys-confirm-80x24", frame((80, 24), &ui, &fire()));
    let mono = |keys: &str| {
        frame_in(
            &Theme::named("mono").unwrap(),
            &Glyphs::Ascii,
            (80, 24),
            &after(keys, &fire()),
            &fire(),
            &|s, w, n| columns_of(&fire(), s, w, n),
        )
    };
    shot!("palette-mono-80x24", mono(":roll b"));
    shot!("keys-mono-80x24", mono("?"));
}

#[test]
fn where_no_service_is_chosen_nothing_of_the_playbook_is_offered() {
    use crate::tui::dialog::palette::Does;
    let mut ui = after("7", &fire());
    let of_the_playbook = |d: &Does| matches!(d, Does::Procedure(_) | Does::Manual(_));
    assert!(!ui.entries(&fire()).iter().any(|e| of_the_playbook(&e.does)));
    assert_eq!(ui.does(&Does::Procedure("config".into()), KeyCode::Enter, &fire(), 50_000), []);
    assert!(ui.dialog().is_none());
    let ui = after("7?", &fire());
    assert!(!ui.help_rows(&fire()).iter().any(|r| r.does.as_ref().is_some_and(of_the_playbook)));
}
