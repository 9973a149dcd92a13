//! After it was verified: the watch, and a target that is taken back.

use super::Answer::{Blind, Fails, Holds};
use super::*;
use crate::model::playbook::Guard as Watch;

fn guarded() -> Bench {
    let mut p = plan(vec![run("a"), verify()]);
    p.procedure.guard = Some(Watch { lasts: 600_000, probe: probe() });
    let mut b = Bench::of(p);
    b.ended(1, good());
    b.hold();
    b
}

fn look(b: &mut Bench, answer: Answer) {
    b.tell(Event::Guarded { answer, detail: "v1.2.3".into() });
}

#[test]
fn a_verified_run_is_watched_for_its_window_and_then_over() {
    let mut b = guarded();
    let until = b.view().guarding.unwrap();
    assert_eq!((b.verdict(), b.need(), until.length), (None, None, 600_000));
    assert!(b.view().verified.is_some());
    look(&mut b, Holds);
    look(&mut b, Holds);
    assert!(b.last.is_empty(), "on record when it changes");
    b.later(until.left(&at(b.now)));
    assert_eq!(
        (b.verdict(), b.view().why.as_str()),
        (Some(Verdict::Verified), "it stayed as it was verified")
    );
    assert_eq!(b.view().guarding, None);
}

#[test]
fn it_is_guarded_once_after_it_was_verified() {
    let b = guarded();
    let guarding = |k: &Kind| matches!(k, Kind::Guarding { .. });
    assert_eq!(b.kinds().iter().filter(|k| guarding(k)).count(), 1);
    assert_eq!(b.machine.doing, Doing::Guarding);
}

#[test]
fn a_target_that_is_taken_back_is_a_persons_again() {
    let mut b = guarded();
    look(&mut b, Holds);
    look(&mut b, Fails);
    assert_eq!(b.last.last(), Some(&Effect::Record(Kind::Drifted { detail: "v1.2.3".into() })));
    assert!(matches!(b.need(), Some(Need::Accept { .. })));
    assert_eq!((b.view().state, b.view().drifted.unwrap().1), (RunState::NotVerified, "v1.2.3".to_owned()));
    look(&mut b, Holds);
    b.later(3_600_000);
    b.adopt();
    assert_eq!(b.verdict(), None, "it does not become well by itself");
    b.ask(Wish::Accept { reason: "wanted".into() }, None);
    assert_eq!(b.verdict(), Some(Verdict::AcceptedUnverified));
}

#[test]
fn what_cannot_be_seen_is_no_drift_and_is_said_at_the_end() {
    let mut b = guarded();
    look(&mut b, Blind);
    assert_eq!((b.need(), b.view().drifted), (None, None));
    b.later(600_000);
    assert_eq!(b.verdict(), Some(Verdict::Verified));
    assert!(b.view().why.starts_with("whether it stayed so could not be seen"), "{}", b.view().why);
}

#[test]
fn a_watch_that_was_lost_says_so() {
    let mut b = guarded();
    look(&mut b, Holds);
    let mut within = b.clone();
    b.now += 700_000;
    b.adopt();
    assert_eq!(b.verdict(), Some(Verdict::Verified));
    assert!(b.view().why.starts_with("nobody looked whether it stayed so"), "{}", b.view().why);
    within.now += 1_000;
    within.adopt();
    assert_eq!(within.last, [Effect::Guard]);
    look(&mut within, Holds);
    within.later(600_000);
    assert!(within.view().why.contains("for a time nobody looked"), "{}", within.view().why);
}

#[test]
fn while_it_is_watched_it_is_ended_not_stopped_and_stays_verified() {
    let mut b = guarded();
    b.ask(Wish::Abort { reason: "no".into() }, None);
    assert!(b.refused().contains("only watched"));
    let mut way = b.clone();
    way.ask(Wish::MakeWay { run: "y".into(), reason: "undo".into() }, None);
    assert_eq!(way.verdict(), Some(Verdict::Verified));
    assert!(way.view().why.contains("made way for run y"));
    b.ask(Wish::Abandon { reason: "enough".into() }, None);
    assert_eq!(b.verdict(), Some(Verdict::Verified));
}
