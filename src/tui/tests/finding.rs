//! Anything by name: what is looked for on a screen, the palette, the help.

use super::keys::Desk;
use super::*;
use crate::tui::dialog::Dialog;
use crate::tui::ui::Screen;
use crossterm::event::KeyCode;

#[test]
fn what_is_typed_at_the_foot_is_looked_for_at_once_and_given_up_by_escape() {
    let mut d = Desk::new(fire());
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
