//! What keys say to a run, to a person who must agree, and to a run in the way: never by a slip.

use super::keys::{Desk, prepare};
use super::states::*;
use super::*;
use crate::model::playbook::{Confirm, ParamKind};
use crate::run::record::{Answer, Wish};
use crate::run::state::Need;
use crate::run::view::RunState;
use crate::session::Request;
use crate::session::view::{Replacing, TakeUp};
use crate::tui::dialog::Dialog;
use crate::tui::ui::{Intent, Pane, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use indexmap::IndexMap;

/// The run screen of a view.
fn at_run(view: View) -> Desk {
    let mut d = Desk::new(view);
    d.ch('4');
    d
}

/// Opens with a key, waits, types, and presses the button.
fn says(d: &mut Desk, keys: &str, text: &str) -> Vec<Intent> {
    for c in keys.chars() {
        assert_eq!(d.ch(c), [], "{c} opens something");
        d.seen(1_200);
    }
    if !text.is_empty() {
        d.type_in(text);
    }
    d.key(KeyCode::Tab);
    d.now += 600;
    d.key(KeyCode::Enter)
}

fn wish(intents: &[Intent]) -> &Wish {
    match intents {
        [Intent::Request(Request::Run { wish, .. })] => wish,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_key_asks_its_own_thing_with_the_reason() {
    let why = || "seen by ana".to_string();
    let mut paused = all_kinds();
    paused.run.as_mut().unwrap().paused = Some("disk".into());
    let mut failed = unknown_step();
    failed.run.as_mut().unwrap().needs = Some(Need::Decide { step: 4, detail: "exit 1".into() });
    let cases: Vec<(View, &str, Wish)> = vec![
        (all_kinds(), "P", Wish::Pause { reason: why() }),
        (all_kinds(), "S", Wish::Abort { reason: why() }),
        (failed.clone(), "R", Wish::Settle { done: false, reason: why() }),
        (failed.clone(), "Od", Wish::Settle { done: true, reason: why() }),
        (failed, "Os", Wish::Skip { reason: why() }),
        (choosing(), "Oi", Wish::DoIt { reason: why() }),
        (choosing(), "Os", Wish::Skip { reason: why() }),
        (unverified(), "Oa", Wish::Accept { reason: why() }),
        (unverified(), "Oe", Wish::Abandon { reason: why() }),
        (approving(true), "Ax", Wish::Refuse { reason: why() }),
    ];
    for (view, keys, expected) in cases {
        let mut d = at_run(view);
        assert_eq!(*wish(&says(&mut d, keys, "seen by ana")), expected, "{keys}");
        assert!(d.ui.dialog().is_none());
    }
    let mut d = at_run(paused);
    d.ch('P');
    d.seen(1_200);
    assert_eq!(*wish(&d.ch('g')), Wish::GoOn);
    assert_eq!(*wish(&says(&mut at_run(unverified()), "Op", "")), Wish::Page);
    assert_eq!(*wish(&at_run(unknown_step()).ch('R')), Wish::AskAgain);
}

#[test]
fn a_reason_is_needed_and_enter_alone_sends_nothing() {
    for keys in ["P", "S"] {
        let mut d = at_run(all_kinds());
        assert_eq!(says(&mut d, keys, ""), [], "without a reason the button is not reached");
        assert!(d.ui.dialog().is_none(), "Enter pressed Cancel");
    }
}

#[test]
fn nothing_is_offered_that_means_nothing() {
    for key in ['P', 'S', 'R', 'O', 'U'] {
        let mut d = at_run(ended(crate::run::record::Verdict::Verified));
        assert_eq!(d.ch(key), []);
        assert!(d.ui.dialog().is_none(), "{key}");
    }
    let mut d = at_run(all_kinds());
    for key in ['R', 'O', 'U'] {
        d.ch(key);
        assert!(d.ui.dialog().is_none(), "{key}");
    }
}

#[test]
fn a_second_person_agrees_and_is_asked_once_more() {
    let mut d = Desk::new(approving(true));
    d.ch('A');
    assert_eq!(d.ch('a'), [], "not before it was on the screen");
    d.seen(1_200);
    d.ch('a');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Question(_))));
    assert_eq!(d.key(KeyCode::Enter), [], "Cancel has the focus");
    let mut d = Desk::new(approving(true));
    assert_eq!(*wish(&says(&mut d, "Aa", "")), Wish::Approve { name: None });
    let mut shared = approving(true);
    shared.approver.as_mut().unwrap().named = true;
    assert_eq!(says(&mut Desk::new(shared.clone()), "Aa", ""), [], "a name is needed");
    assert_eq!(*wish(&says(&mut Desk::new(shared), "Aa", "lea")), Wish::Approve { name: Some("lea".into()) });
}

#[test]
fn who_may_not_agree_cannot_and_what_is_over_closes_by_itself() {
    let mut d = Desk::new(approving(false));
    d.ch('A');
    d.seen(1_200);
    for key in ['a', 'x'] {
        assert_eq!(d.ch(key), []);
        assert!(matches!(d.ui.dialog(), Some(Dialog::Approve(_))), "{key} opens nothing");
    }
    d.drawn(|v| {
        let run = v.run.as_mut().unwrap();
        (run.approval, run.needs, run.state) = (None, None, RunState::Running);
    });
    assert!(d.ui.dialog().is_none(), "somebody else agreed");
    let mut d = at_run(unknown_step());
    d.ch('O');
    d.drawn(|v| v.run.as_mut().unwrap().needs = None);
    assert!(d.ui.dialog().is_none(), "somebody else settled it");
}

#[test]
fn a_question_is_answered_by_choice_and_text() {
    let answers = [("yes", true), ("no", false)];
    let mut d = at_run(asking(&answers, None, false));
    d.ch('O');
    d.seen(1_200);
    d.key(KeyCode::Tab);
    d.now += 600;
    assert_eq!(d.key(KeyCode::Enter), [], "nothing is chosen, so Enter is Not now");
    assert!(d.ui.dialog().is_none());
    let mut d = at_run(asking(&answers, None, false));
    let said = says(&mut d, "O2", "");
    assert_eq!(*wish(&said), Wish::Answer { label: Some("no".into()), input: None });
    let mut d = at_run(asking(&answers, Some("who"), false));
    d.ch('O');
    d.seen(1_200);
    d.key(KeyCode::Down);
    d.now += 600;
    let said = says(&mut d, "", "lea");
    assert_eq!(*wish(&said), Wish::Answer { label: Some("yes".into()), input: Some("lea".into()) });
    let mut d = at_run(asking(&[], Some("who"), true));
    assert_eq!(*wish(&says(&mut d, "O", "")), Wish::Answer { label: None, input: None });
}

#[test]
fn values_are_picked_one_after_the_other_and_nothing_is_preselected() {
    let number = ParamKind::Number { min: Some(0.0), max: Some(50.0), prefill: None };
    let view = to_choose(vec![
        param("version", ParamKind::Values(vec![]), versions(), None),
        param("share", number, vec![], None),
    ]);
    let mut d = Desk::new(View { draft: None, ..view.clone() });
    assert_eq!(d.ch('b'), [prepare("binary")]);
    d.drawn(|v| v.draft = view.draft.clone());
    assert!(matches!(d.ui.dialog(), Some(Dialog::Picker(_))));
    assert_eq!(d.key(KeyCode::Enter), [], "not before it was on the screen");
    d.seen(600);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Picker(p)) if p.at.is_none()), "nothing is picked");
    d.type_in("1.2.2");
    d.key(KeyCode::Down);
    d.now += 600;
    assert_eq!(d.key(KeyCode::Enter), [], "the next one is asked for");
    d.seen(1_200);
    d.type_in("51");
    assert_eq!(d.key(KeyCode::Enter), [], "it is too much");
    d.now += 600;
    d.key(KeyCode::Backspace);
    d.now += 1_200;
    let given = IndexMap::from([("version".to_string(), "v1.2.2".into()), ("share".into(), "5".into())]);
    let expected = Intent::Request(Request::Prepare {
        procedure: "binary".into(),
        given: given.clone(),
        stops: None,
        scenario: None,
    });
    assert_eq!(d.key(KeyCode::Enter), [expected]);
    // While the new plan is resolved nothing is asked again, and it can be confirmed when it is there.
    d.drawn(|v| v.draft.as_mut().unwrap().resolving = true);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))));
    d.seen(5_000);
    assert_eq!(d.ch('y'), []);
    d.drawn(|v| {
        let draft = v.draft.as_mut().unwrap();
        (draft.resolving, draft.id, draft.given) = (false, "d2".into(), given);
    });
    d.seen(1_200);
    assert_eq!(d.ch('y'), [Intent::Request(Request::Confirm { draft: "d2".into(), decides: None })]);
}

#[test]
fn leaving_the_picker_starts_nothing() {
    let view = to_choose(vec![param("version", ParamKind::Values(vec![]), versions(), None)]);
    let mut d = Desk::new(view);
    d.ch('b');
    assert_eq!(d.key(KeyCode::Esc), [Intent::Request(Request::CancelDraft)]);
    assert!(d.ui.dialog().is_none());
}

#[test]
fn what_has_a_default_is_asked_for_only_when_somebody_wants_another() {
    let view = to_choose(vec![param("version", ParamKind::Values(vec![]), versions(), Some("v1.2.3"))]);
    let mut d = Desk::new(view);
    d.ch('b');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))));
    d.seen(1_200);
    d.event(KeyEvent::new(KeyCode::Char('e'), KeyModifiers::CONTROL));
    d.drawn(|_| {});
    assert!(matches!(d.ui.dialog(), Some(Dialog::Picker(p)) if p.param.name == "version"));
}

#[test]
fn a_failed_check_blocks_until_somebody_says_why() {
    for confirm in [Confirm::Key, Confirm::Type] {
        let mut view = View { draft: Some(draft(confirm)), ..fire() };
        view.draft.as_mut().unwrap().preflight = vec![("Disk".into(), Answer::Blind, "no answer".into())];
        let mut d = Desk::new(view);
        d.ch('c');
        d.seen(1_200);
        assert_eq!(d.ch('y'), []);
        let said = says(&mut d, "O", "there is no other");
        assert_eq!(
            said,
            [Intent::Request(Request::Override { draft: "d1".into(), reason: "there is no other".into() })]
        );
        assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))), "it is to be confirmed still");
        d.drawn(|v| {
            let draft = v.draft.as_mut().unwrap();
            (draft.id, draft.override_reason) = ("d1-o".into(), Some("there is no other".into()));
        });
        assert_eq!(d.ch('y'), [], "it has not been on the screen so");
        if confirm == Confirm::Key {
            d.seen(1_200);
            assert_eq!(
                d.ch('y'),
                [Intent::Request(Request::Confirm { draft: "d1-o".into(), decides: None })]
            );
        }
    }
    let mut view = View { draft: Some(draft(Confirm::Key)), ..fire() };
    view.draft.as_mut().unwrap().refused = Some("production is not proved".into());
    view.draft.as_mut().unwrap().preflight = vec![("Disk".into(), Answer::Fails, "full".into())];
    let mut d = Desk::new(view);
    d.ch('c');
    d.seen(1_200);
    assert_eq!(d.ch('O'), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))), "what is not proved is not overridden");
}

#[test]
fn a_run_in_the_way_is_watched_or_stopped() {
    let stops = Intent::Request(Request::Prepare {
        procedure: "binary".into(),
        given: IndexMap::new(),
        stops: Some("1121-0314-c".into()),
        scenario: None,
    });
    let mut d = Desk::new(running());
    d.ch('b');
    d.seen(1_200);
    assert_eq!(d.ch('4'), []);
    assert_eq!((d.ui.screen, d.ui.dialog().is_none()), (Screen::Run, true));
    let mut d = Desk::new(running());
    d.ch('b');
    d.seen(1_200);
    assert_eq!(d.ch('s'), std::slice::from_ref(&stops));
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(c)) if c.stops.is_some()));
    let mut view = running();
    view.procedures[1].emergency = true;
    let mut d = Desk::new(view);
    assert_eq!(d.ch('b'), [stops], "an emergency has one confirmation");
    let mut d = Desk::new(guarded());
    assert_eq!(d.ch('b'), [prepare("binary")], "a run that is only watched holds no lock");
}

#[test]
fn the_next_procedure_and_the_undo_make_the_run_end() {
    let with = |procedure: &str, stops: Option<&str>| {
        Intent::Request(Request::Prepare {
            procedure: procedure.into(),
            given: IndexMap::new(),
            stops: stops.map(str::to_owned),
            scenario: None,
        })
    };
    let mut d = at_run(unverified());
    d.ch('O');
    d.seen(1_200);
    assert_eq!(d.ch('n'), [with("binary", Some("1121-0314-c"))]);
    let mut d = at_run(unverified());
    d.ch('O');
    d.seen(1_200);
    assert_eq!(d.ch('u'), [with("config-on", Some("1121-0314-c"))]);
    assert_eq!(at_run(unverified()).ch('U'), [with("config-on", Some("1121-0314-c"))]);
    assert_eq!(at_run(guarded()).ch('U'), [with("config-on", None)], "the lock is free already");
}

#[test]
fn survivors_are_asked_about_once_and_cancel_starts_nothing() {
    let not_dead = || {
        let mut v = running();
        let alive = vec![(4120, "reload.sh".to_string())];
        v.replacing = Some(Replacing { run: "1121-0314-c".into(), title: "Binary rollback".into(), alive });
        v
    };
    let mut d = Desk::new(running());
    d.drawn(|v| *v = not_dead());
    d.drawn(|_| {});
    assert!(matches!(d.ui.dialog(), Some(Dialog::Question(_))));
    d.seen(1_200);
    assert_eq!(d.key(KeyCode::Esc), [Intent::Request(Request::Beside { reason: None })]);
    d.drawn(|v| v.replacing = None);
    assert!(d.ui.dialog().is_none());
    let mut d = Desk::new(running());
    d.drawn(|v| *v = not_dead());
    d.seen(1_200);
    let said = says(&mut d, "", "it hangs in NFS");
    assert_eq!(said, [Intent::Request(Request::Beside { reason: Some("it hangs in NFS".into()) })]);
}

#[test]
fn a_lost_run_is_taken_up_or_gone_on_with() {
    let mut own = all_kinds();
    own.take_up = Some(TakeUp::Resume);
    assert_eq!(
        says(&mut at_run(own), "O", ""),
        [Intent::Request(Request::TakeUp { run: "1121-0314-c".into() })]
    );
    let mut other = all_kinds();
    other.take_up = Some(TakeUp::Succeed);
    let mut d = at_run(other);
    assert_eq!(d.ch('O'), [Intent::Request(Request::Succeed { run: "1121-0314-c".into() })]);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))), "it is confirmed as any other");
}

#[test]
fn read_only_says_so_and_does_nothing() {
    let mut view = all_kinds();
    view.read_only = true;
    let approval = View { read_only: true, ..approving(true) };
    let open = View { read_only: true, ..fire() };
    for (view, keys) in [
        (&view, "4P"),
        (&view, "4S"),
        (&view, "b"),
        (&approval, "A"),
        (&open, "c"),
        (&open, "x"),
        (&open, "3\n"),
        (&View { read_only: true, ..unknown_step() }, "4O"),
        (&View { read_only: true, ..unknown_step() }, "4R"),
    ] {
        let mut d = Desk::new(view.clone());
        for c in keys.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            assert_eq!(d.key(code), [], "{keys}");
        }
        assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(r)) if r.title == "READ ONLY"), "{keys}");
    }
}

#[test]
fn the_output_is_turned_and_followed() {
    let mut view = all_kinds();
    view.output.total = 500;
    let mut d = at_run(view);
    assert_eq!(d.ch('L'), [Intent::Request(Request::Output { line: None })]);
    assert_eq!(d.ui.pane, Pane::Output);
    assert_eq!(d.key(KeyCode::PageUp), [Intent::Request(Request::Output { line: Some(489) })]);
    assert_eq!(d.key(KeyCode::Up), [Intent::Request(Request::Output { line: Some(488) })]);
    assert_eq!(d.key(KeyCode::Home), [Intent::Request(Request::Output { line: Some(0) })]);
    assert_eq!(d.key(KeyCode::End), [Intent::Request(Request::Output { line: None })]);
    assert_eq!(d.key(KeyCode::Esc), [Intent::Request(Request::Output { line: None })]);
    assert_eq!((d.ui.pane, d.ui.screen), (Pane::All, Screen::Run));
}
