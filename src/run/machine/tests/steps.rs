//! One step after another: what was asked for, applied, observed and verified.

use super::Answer::{Blind, Fails, Holds};
use super::*;

#[test]
fn the_intent_is_recorded_before_the_step_starts() {
    let b = Bench::new(vec![run("a")]);
    let [Effect::Record(Kind::StepStarting { token, .. }), Effect::Start { token: same, .. }] =
        b.last.as_slice()
    else {
        panic!("{:?}", b.last);
    };
    assert_eq!(token, same);
}

#[test]
fn applied_observed_and_verified_are_never_said_too_early() {
    let mut b = Bench::new(vec![Step { observe: Some(probe()), ..run("a") }, verify()]);
    assert_eq!((b.view().applied, b.view().steps[0].state), (None, StepState::Running));
    b.now += 100;
    b.ended(1, good());
    assert_eq!((b.view().applied, b.view().observed), (Some(at(1_100)), None));
    assert_eq!(b.view().steps[0].state, StepState::Applied);
    b.now += 100;
    b.probed(1, Asked::Observe, Holds);
    assert_eq!((b.view().observed, b.view().verified), (Some(at(1_200)), None));
    assert_eq!((b.view().steps[0].state, b.view().state), (StepState::Observed, RunState::Verifying));
    b.seen([Holds, Holds]);
    for _ in 0..10 {
        assert_eq!(b.view().verified, None);
        b.now += 1_000;
        b.seen([Holds, Holds]);
    }
    assert_eq!((b.view().verified, b.verdict()), (Some(at(11_200)), Some(Verdict::Verified)));
    assert_eq!(b.last.last(), Some(&Effect::Finish));
}

#[test]
fn the_stability_clock_starts_again_when_a_criterion_breaks_goes_blind_or_nobody_looks() {
    let mut b = Bench::new(vec![verify()]);
    b.seen([Holds, Holds]);
    for (answers, later) in [([Holds, Fails], 9_000), ([Blind, Holds], 4_000), ([Holds, Holds], 60_000)] {
        let from = b.now;
        while b.now + 4_000 < from + later.min(9_000) {
            b.now += 4_000;
            b.seen([Holds, Holds]);
        }
        b.now = from + later;
        let before = b.view().verification.unwrap().restarts.len();
        b.seen(answers);
        let v = b.view().verification.unwrap();
        assert_eq!(v.restarts.len(), before + 1, "{answers:?}");
        assert!(!v.verified);
        b.now += 100;
        b.seen([Holds, Holds]);
    }
}

#[test]
fn a_missed_deadline_asks_a_person_and_still_verifies_late() {
    let mut b = Bench::new(vec![run("a"), verify()]);
    b.ended(1, good());
    b.seen([Holds, Fails]);
    b.now += 60_000;
    b.tell(Event::Tick);
    let view = b.view();
    assert_eq!(view.state, RunState::NotVerified);
    assert!(matches!(view.needs, Some(Need::Accept { why }) if why == "does not hold: b"));
    let mut late = Bench {
        machine: b.machine.clone(),
        plan: b.plan.clone(),
        records: b.records.clone(),
        now: b.now,
        last: vec![],
    };
    for _ in 0..12 {
        late.now += 1_000;
        late.seen([Holds, Holds]);
    }
    assert_eq!(late.verdict(), Some(Verdict::Verified));
    b.ask(Wish::Accept { reason: "it is night".into() }, None);
    assert_eq!(b.verdict(), Some(Verdict::AcceptedUnverified));
    assert_eq!(b.view().verified, None);
}

#[test]
fn no_run_ends_silently_as_applied() {
    let mut b = Bench::new(vec![run("a")]);
    b.ended(1, good());
    assert_eq!((b.verdict(), b.view().state), (None, RunState::NotVerified));
}

#[test]
fn unknown_is_never_retried_by_itself_even_when_repeatable() {
    let mut b = Bench::new(vec![Step { repeatable: true, attempts: 5, ..run("a") }, verify()]);
    b.ended(1, Outcome::Unknown { evidence: "?".into() });
    b.now += 100_000;
    b.tell(Event::Tick);
    b.adopt();
    assert_eq!(b.starts(1), 1);
    assert_eq!(b.view().steps[0].state, StepState::Unknown);
    b.ask(Wish::Settle { done: true, reason: "x".into() }, Some(2));
    assert_eq!(b.view().steps[0].state, StepState::Unknown, "it is about another step");
    b.ask(Wish::Settle { done: false, reason: "x".into() }, Some(1));
    assert_eq!(b.starts(1), 2);
}

#[test]
fn only_a_repeatable_step_or_one_that_asks_already_is_tried_again() {
    for (repeatable, already, starts) in [(false, false, 1), (true, false, 2), (false, true, 2)] {
        let already = already.then(probe);
        let mut b =
            Bench::new(vec![Step { repeatable, already, attempts: 2, retry_delay: 3_000, ..run("a") }]);
        b.probed(1, Asked::Already, Fails);
        b.ended(1, bad());
        assert_eq!(b.starts(1), 1, "the delay");
        b.now += 3_000;
        b.tell(Event::Tick);
        b.probed(1, Asked::Already, Fails);
        assert_eq!(b.starts(1), starts);
    }
}

#[test]
fn a_second_attempt_needs_a_plain_no_from_already() {
    let mut b = Bench::new(vec![Step { already: Some(probe()), attempts: 2, ..run("a") }]);
    b.probed(1, Asked::Already, Blind);
    b.ended(1, bad());
    b.probed(1, Asked::Already, Blind);
    assert_eq!((b.starts(1), b.verdict()), (1, Some(Verdict::Failed)));
}

#[test]
fn what_is_already_so_is_skipped_and_what_is_not_proved_is_not_done() {
    let mut b = Bench::new(vec![
        Step { already: Some(probe()), ..run("a") },
        Step { prove: Some(probe()), ..run("b") },
    ]);
    b.probed(1, Asked::Already, Holds);
    assert_eq!(b.view().steps[0].state, StepState::Skipped);
    b.probed(2, Asked::Prove, Blind);
    assert_eq!((b.starts(1), b.starts(2), b.verdict()), (0, 0, Some(Verdict::Failed)));
}

#[test]
fn a_failed_step_stops_goes_on_or_asks_as_the_playbook_says() {
    let failing = |on_failure| {
        let mut b = Bench::new(vec![Step { on_failure, ..run("a") }, run("b")]);
        b.ended(1, bad());
        b
    };
    assert_eq!(failing(OnFailure::Stop).verdict(), Some(Verdict::Failed));
    let b = failing(OnFailure::Continue);
    assert_eq!((b.starts(2), b.view().steps[0].state), (1, StepState::Failed));
    let mut b = failing(OnFailure::Ask);
    assert!(matches!(b.view().needs, Some(Need::Decide { step: 1, .. })));
    b.ask(Wish::Settle { done: true, reason: "by hand".into() }, Some(1));
    assert_eq!(b.starts(2), 1);
}

#[test]
fn stopping_kills_first_and_ends_after() {
    let mut b = Bench::new(vec![run("a"), run("b")]);
    b.ask(Wish::Abort { reason: "no".into() }, None);
    assert_eq!(b.last.last(), Some(&Effect::Kill { step: 1, attempt: 1 }));
    assert_eq!((b.verdict(), b.view().state), (None, RunState::Stopping));
    b.ask(Wish::Abandon { reason: "no".into() }, None);
    assert_eq!(b.verdict(), None);
    b.ended(1, Outcome::Aborted { detail: "TERM".into() });
    assert_eq!((b.verdict(), b.starts(2)), (Some(Verdict::Aborted), 0));
}

#[test]
fn a_stale_abort_pauses_and_asks() {
    let mut b = Bench::new(vec![run("a"), run("b"), verify()]);
    let expires = Deadline::after(&at(0), 500);
    let ask = Wish::Abort { reason: "no".into() };
    let who = Person::default();
    b.tell(request(Request {
        id: "q".into(),
        run: "r".into(),
        step: None,
        attempt: None,
        seen: 0,
        expires,
        who,
        ask,
    }));
    b.ended(1, good());
    assert_eq!((b.starts(2), b.verdict()), (0, None));
    assert!(matches!(b.view().needs, Some(Need::GoOn { .. })));
    b.ask(Wish::GoOn, None);
    assert_eq!(b.starts(2), 1);
}

#[test]
fn an_attempt_of_a_lost_supervisor_is_found_out_never_started_again() {
    let mut b = Bench::new(vec![run("a"), verify()]);
    b.adopt();
    assert!(matches!(b.last.as_slice(), [Effect::Recover { step: 1, attempt: 1, .. }]), "{:?}", b.last);
    b.ended(1, Outcome::NotStarted { detail: "void".into() });
    assert_eq!(b.starts(1), 2, "it never began, so it may");
}

#[test]
fn after_attempts_that_never_began_a_person_allows_one_more_and_not_two() {
    let asks = Step { repeatable: true, on_failure: OnFailure::Ask, ..run("a") };
    let mut b = Bench::new(vec![asks, verify()]);
    for _ in 0..3 {
        b.ended(1, Outcome::NotStarted { detail: "void".into() });
    }
    assert_eq!(b.starts(1), 3, "then a person is asked");
    b.ask(Wish::Settle { done: false, reason: "looked".into() }, Some(1));
    assert_eq!(b.starts(1), 4);
    b.ended(1, bad());
    assert_eq!(b.starts(1), 4, "that one failed: the person is asked again");
}

#[test]
fn a_step_behind_us_does_not_come_up_again_after_a_supervisor_is_lost() {
    let guarded = Step { prove: Some(probe()), on_failure: OnFailure::Continue, ..run("a") };
    let mut b = Bench::new(vec![guarded, run("b")]);
    b.probed(1, Asked::Prove, Blind);
    assert_eq!((b.starts(1), b.starts(2)), (0, 1));
    b.adopt();
    b.probed(1, Asked::Prove, Holds);
    assert_eq!((b.starts(1), b.starts(2)), (0, 1));
}

#[test]
fn a_wait_is_measured_from_its_record_whoever_drives() {
    let mut b = Bench::new(vec![step("w", StepKind::Wait(Wait::For(5_000))), run("a")]);
    b.now += 4_000;
    b.adopt();
    assert_eq!((b.machine.next_deadline().unwrap().left(&at(b.now)), b.starts(2)), (1_000, 0));
    b.now += 1_000;
    b.tell(Event::Tick);
    assert_eq!((b.starts(1), b.starts(2)), (1, 1));
}
