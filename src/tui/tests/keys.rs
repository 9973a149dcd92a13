//! What keys do: nothing starts by a slip.

use super::*;
use crate::model::playbook::Confirm;
use crate::run::record::Wish;
use crate::session::Request;
use crate::tui::dialog::{Dialog, Refused};
use crate::tui::ui::{Intent, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A screen, its clock and the frames it drew.
pub(super) struct Desk {
    pub(super) ui: Ui,
    pub(super) view: View,
    pub(super) now: u64,
    frame: u64,
}

impl Desk {
    pub(super) fn new(view: View) -> Desk {
        Desk { ui: ui(), view, now: 50_000, frame: 0 }
    }

    pub(super) fn key(&mut self, code: KeyCode) -> Vec<Intent> {
        self.event(KeyEvent::from(code))
    }

    pub(super) fn event(&mut self, event: KeyEvent) -> Vec<Intent> {
        let out = self.ui.key(&event, &self.view, self.now);
        // Faster than this no finger is.
        self.now += 25;
        self.frame += 1;
        self.ui.follow(&self.view);
        self.ui.painted(self.frame, &self.view);
        out
    }

    pub(super) fn ch(&mut self, c: char) -> Vec<Intent> {
        self.key(KeyCode::Char(c))
    }

    /// A new picture is drawn.
    pub(super) fn drawn(&mut self, change: impl FnOnce(&mut View)) {
        change(&mut self.view);
        self.frame += 1;
        self.ui.follow(&self.view);
        self.ui.painted(self.frame, &self.view);
    }

    /// The terminal shows the frame, and so many milliseconds pass.
    pub(super) fn seen(&mut self, ms: u64) {
        self.ui.acknowledged(self.frame, self.now);
        self.now += ms;
    }

    pub(super) fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.now += 200;
            assert_eq!(self.ch(c), []);
        }
        self.now += 200;
    }
}

pub(super) fn prepare(procedure: &str) -> Intent {
    Intent::Request(Request::Prepare {
        procedure: procedure.into(),
        given: Default::default(),
        stops: None,
        scenario: None,
    })
}

fn resolved(confirm: Confirm) -> View {
    View { draft: Some(draft(confirm)), ..fire() }
}

#[test]
fn by_key_one_press_confirms_what_was_seen() {
    let mut d = Desk::new(fire());
    assert_eq!(d.ch('c'), [prepare("config")]);
    d.seen(2_000);
    assert_eq!(d.ch('y'), [], "nothing to confirm yet");
    d.view = resolved(Confirm::Key);
    d.now += 2_000;
    assert_eq!(d.ch('y'), [], "the plan has not been on the screen before this key");
    d.seen(499);
    assert_eq!(d.ch('y'), [], "not for half a second");
    d.now += 200;
    assert_eq!(d.ch('y'), [Intent::Request(Request::Confirm { draft: "d1".into(), decides: None })]);
    assert!(d.ui.dialog().is_none());
    assert_eq!(d.ui.screen, Screen::Run);
}

#[test]
fn another_plan_than_the_one_seen_is_not_confirmed() {
    let mut d = Desk::new(resolved(Confirm::Key));
    d.ch('c');
    d.seen(2_000);
    d.view.draft.as_mut().unwrap().id = "d2".into();
    assert_eq!(d.ch('y'), []);
    d.now += 5_000;
    assert_eq!(d.ch('y'), [], "its frame was not acknowledged");
    d.seen(600);
    assert_eq!(d.ch('y'), [Intent::Request(Request::Confirm { draft: "d2".into(), decides: None })]);
}

#[test]
fn enter_cancels_until_the_focus_was_moved() {
    let mut d = Desk::new(resolved(Confirm::Key));
    d.ch('c');
    d.seen(600);
    assert_eq!(d.key(KeyCode::Enter), [Intent::Request(Request::CancelDraft)]);
    assert!(d.ui.dialog().is_none());
}

#[test]
fn the_name_is_typed_then_tab_then_enter() {
    let mut d = Desk::new(resolved(Confirm::Type));
    d.ch('c');
    d.seen(600);
    assert_eq!(d.ch('y'), [], "y is a letter of a name here");
    d.key(KeyCode::Backspace);
    d.type_in("lapce-ai-cs");
    d.key(KeyCode::Tab);
    d.now += 600;
    d.type_in("t");
    d.key(KeyCode::Tab);
    d.now += 600;
    assert_eq!(
        d.key(KeyCode::Enter),
        [Intent::Request(Request::Confirm { draft: "d1".into(), decides: None })]
    );
}

#[test]
fn tab_does_not_reach_the_button_before_the_name_is_right() {
    let mut d = Desk::new(resolved(Confirm::Type));
    d.ch('c');
    d.seen(600);
    d.type_in("lapce-ai-cs");
    d.key(KeyCode::Tab);
    d.now += 600;
    assert_eq!(d.key(KeyCode::Enter), [Intent::Request(Request::CancelDraft)]);
}

#[test]
fn a_held_key_never_confirms() {
    for code in [KeyCode::Enter, KeyCode::Char('y')] {
        let mut view = resolved(Confirm::Key);
        view.procedures[0].key = Some('y');
        view.draft.as_mut().unwrap().key = Some('y');
        let mut d = Desk::new(view);
        d.ch('y');
        d.seen(0);
        // Held: a first repeat after 660 ms, then 30 a second; and as a terminal that tells repeats from presses.
        d.now += 660;
        for _ in 0..100 {
            assert_eq!(
                d.key(code).iter().find(|i| matches!(i, Intent::Request(Request::Confirm { .. }))),
                None,
                "{code:?}"
            );
            d.now += 33;
            d.seen(0);
        }
        let repeat = KeyEvent::new_with_kind(code, KeyModifiers::NONE, KeyEventKind::Repeat);
        d.now += 5_000;
        assert_eq!(
            d.event(repeat).iter().find(|i| matches!(i, Intent::Request(Request::Confirm { .. }))),
            None
        );
    }
}

#[test]
fn what_is_pasted_enters_a_field_and_does_nothing_else() {
    let mut d = Desk::new(resolved(Confirm::Type));
    d.ui.paste("clapce-ai-cst\ny", d.now);
    assert!(d.ui.dialog().is_none());
    d.ch('c');
    d.ui.paste("lapce-ai-cst", d.now);
    d.seen(600);
    d.key(KeyCode::Tab);
    d.now += 600;
    let Some(Dialog::Confirm(c)) = d.ui.dialog() else { panic!("still asked") };
    assert_eq!((c.form.text(), c.form.on_go()), ("", false), "a paste before the frame was seen is lost");
    d.ui.paste("lapce-ai-cst\n", d.now);
    let Some(Dialog::Confirm(c)) = d.ui.dialog() else { panic!("still asked") };
    assert_eq!(c.form.text(), "lapce-ai-cst ", "a newline in it presses nothing");
}

#[test]
fn refused_already_and_expired_cannot_be_confirmed() {
    let spoil: [fn(&mut crate::session::view::DraftView); 3] =
        [|d| d.refused = Some("no".into()), |d| d.already = Some("so".into()), |d| d.expires_ms = 0];
    for spoil in spoil {
        let mut view = resolved(Confirm::Key);
        spoil(view.draft.as_mut().unwrap());
        let mut d = Desk::new(view);
        d.ch('c');
        d.seen(5_000);
        assert_eq!(d.ch('y'), []);
    }
}

#[test]
fn a_running_run_refuses_another_procedure_in_words() {
    let mut d = Desk::new(running());
    assert_eq!(d.ch('b'), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Locked(l)) if l.procedure.1 == "Binary rollback"));
    d.seen(600);
    assert_eq!(d.ch('8'), [], "nothing falls through a dialog");
    assert_eq!(d.key(KeyCode::Esc), []);
    assert!(d.ui.dialog().is_none());
}

#[test]
fn a_run_is_stopped_with_a_reason_and_with_what_was_seen() {
    let mut d = Desk::new(running());
    d.ch('4');
    d.ch('S');
    d.seen(600);
    d.key(KeyCode::Tab);
    d.now += 600;
    let Some(Dialog::Question(q)) = d.ui.dialog() else { panic!("asked") };
    assert!(!q.form.on_go(), "no reason, no button");
    d.type_in("wrong host");
    d.key(KeyCode::Tab);
    d.now += 600;
    let intents = d.key(KeyCode::Enter);
    let [Intent::Request(Request::Run { seen, wish })] = intents.as_slice() else { panic!("{intents:?}") };
    assert_eq!((seen.run.as_str(), seen.step, seen.attempt, seen.seq), ("1121-0314-c", Some(4), Some(1), 17));
    assert_eq!(*wish, Wish::Abort { reason: "wrong host".into() });
}

#[test]
fn an_unknown_step_is_settled_by_a_person_with_a_reason() {
    for (key, done) in [('d', true), ('n', false)] {
        let mut d = Desk::new(unknown_step());
        for c in ['4', 'O'] {
            d.ch(c);
        }
        d.seen(600);
        assert_eq!(d.ch('g'), [], "going on is not what is asked");
        d.ch(key);
        d.seen(1_600);
        d.type_in("seen in its log");
        d.key(KeyCode::Tab);
        d.now += 600;
        let intents = d.key(KeyCode::Enter);
        assert!(
            matches!(intents.as_slice(), [Intent::Request(Request::Run { wish: Wish::Settle { done: d, .. }, .. })] if *d == done),
            "{intents:?}"
        );
    }
}

#[test]
fn nothing_is_asked_of_a_run_that_needs_nothing() {
    let mut d = Desk::new(running());
    d.ch('4');
    d.ch('O');
    assert!(d.ui.dialog().is_none());
    let mut d = Desk::new(fire());
    d.ch('4');
    d.ch('S');
    assert!(d.ui.dialog().is_none());
}

#[test]
fn a_flag_is_raised_after_a_question_and_a_count_taken_back_for_ten_seconds() {
    let mut view = fire();
    view.manual[0].counter = true;
    let mut d = Desk::new(view);
    assert_eq!(d.ch('x'), [Intent::Request(Request::Count { signal: "corruption".into(), delta: 1 })]);
    d.now += 20;
    assert_eq!(d.ch('x'), [], "a repeat does not count");
    d.now += 9_000;
    assert_eq!(
        d.key(KeyCode::Backspace),
        [Intent::Request(Request::Count { signal: "corruption".into(), delta: -1 })]
    );
    assert_eq!(d.key(KeyCode::Backspace), [], "once");
    d.now += 500;
    d.ch('x');
    d.now += 10_001;
    assert_eq!(d.key(KeyCode::Backspace), []);

    let mut d = Desk::new(fire());
    d.ch('x');
    d.seen(1_200);
    d.type_in("two tenants");
    d.key(KeyCode::Tab);
    d.now += 600;
    let flag = Intent::Request(Request::Flag {
        signal: "corruption".into(),
        raise: true,
        note: "two tenants".into(),
    });
    assert_eq!(d.key(KeyCode::Enter), [flag]);
}

#[test]
fn escape_leaves_a_dialog_at_once_and_quit_leaves_the_program() {
    let mut d = Desk::new(resolved(Confirm::Type));
    d.ch('c');
    assert_eq!(d.key(KeyCode::Esc), [Intent::Request(Request::CancelDraft)]);
    let ctrl = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    assert_eq!(d.event(ctrl('c')), [Intent::Quit]);
    assert_eq!(d.ch('q'), [Intent::Quit]);
    assert_eq!(d.event(ctrl('z')), [Intent::Suspend]);
    d.ui.refused(Refused::default());
    assert_eq!(d.event(ctrl('l')), [Intent::Repaint]);
    assert_eq!(d.event(ctrl('c')), [], "closes the dialog, no more");
}

#[test]
fn the_plan_can_be_looked_at_and_left() {
    let mut d = Desk::new(fire());
    d.ch('3');
    d.key(KeyCode::Down);
    assert_eq!(d.key(KeyCode::Enter), [prepare("binary")]);
    assert_eq!(d.key(KeyCode::Esc), [Intent::Request(Request::CancelDraft)]);
    assert_eq!(
        (d.ui.screen, d.key(KeyCode::Esc), d.ui.screen),
        (Screen::Procedures, vec![], Screen::Overview)
    );
}

#[test]
fn cursors_stay_inside_and_help_returns() {
    let mut d = Desk::new(fire());
    for code in [KeyCode::End, KeyCode::PageDown, KeyCode::Down] {
        d.key(code);
        assert_eq!(d.ui.signal, d.view.signals.len() - 1);
    }
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.screen, Screen::Signal);
    d.ch('?');
    d.key(KeyCode::Esc);
    assert_eq!(d.ui.screen, Screen::Signal);
    d.ch('E');
    d.ch('?');
    d.key(KeyCode::Esc);
    assert_eq!(d.ui.screen, Screen::Emergency);
}

#[test]
fn a_frozen_chart_keeps_its_columns_until_the_window_changes() {
    let mut d = Desk::new(fire());
    d.ch('F');
    let first = frame((80, 24), &d.ui, &d.view);
    let scene = paint::Scene::new(&d.view, &d.ui, &|_, _, n| vec![None; n]);
    assert!(scene.columns("error_rate", 37).iter().all(Option::is_some), "what was drawn first");
    assert!(text(&first).contains("FROZEN at 03:14:07"));
    d.ch(']');
    assert!(d.ui.freeze.is_none());
    assert_eq!(d.ui.window(), 3_600_000);
    for _ in 0..9 {
        d.ch('[');
    }
    assert_eq!(d.ui.window(), 300_000);
}
