//! Fallbacks, what is always done, and times that were missed.

use super::Answer::Fails;
use super::*;
use crate::model::playbook::Phase;

fn always(name: &str) -> Step {
    Step { always: true, ..run(name) }
}

fn abort() -> Wish {
    Wish::Abort { reason: "no".into() }
}

fn killed() -> Outcome {
    Outcome::Aborted { detail: "TERM".into() }
}

#[test]
fn what_is_always_done_is_done_after_a_failure_and_the_verdict_stays() {
    let mut b = Bench::new(vec![run("a"), run("b"), always("c"), always("d"), verify()]);
    b.ended(1, bad());
    assert!(
        matches!(
            b.last.as_slice(),
            [_, Effect::Record(Kind::Ending { .. }), _, Effect::Start { step: 3, .. }]
        ),
        "{:?}",
        b.last
    );
    assert_eq!((b.verdict(), b.view().state), (None, RunState::Stopping));
    b.adopt();
    b.ended(3, bad());
    assert_eq!((b.starts(2), b.starts(4)), (0, 1), "one that fails does not hold up the others");
    b.ended(4, good());
    assert_eq!(b.verdict(), Some(Verdict::Failed));
    assert!(b.view().why.starts_with("step 1 (a) failed"), "{}", b.view().why);
}

#[test]
fn what_is_always_done_is_done_after_a_stop_unless_nothing_had_begun() {
    let mut b = Bench::new(vec![run("a"), always("c")]);
    b.ask(abort(), None);
    assert_eq!(b.starts(2), 0, "what runs is ended first");
    b.ended(1, killed());
    assert_eq!((b.starts(2), b.verdict()), (1, None));
    b.ended(2, good());
    assert_eq!(b.verdict(), Some(Verdict::Aborted));

    let mut b = Bench::new(vec![Step { prove: Some(probe()), ..run("a") }, always("c")]);
    b.ask(abort(), None);
    assert_eq!((b.starts(2), b.verdict()), (0, Some(Verdict::Aborted)));
    assert_eq!(b.view().why, "stopped by ana: no; nothing was changed");
}

#[test]
fn a_second_stop_ends_that_too() {
    let mut b = Bench::new(vec![run("a"), always("c"), always("d")]);
    b.ended(1, bad());
    b.ask(abort(), None);
    assert_eq!(b.last.last(), Some(&Effect::Kill { step: 2, attempt: 1 }));
    b.ask(abort(), None);
    assert_eq!(b.refused(), "the run is being stopped already");
    b.ended(2, killed());
    assert_eq!((b.starts(3), b.verdict()), (0, Some(Verdict::Failed)));
}

#[test]
fn what_is_always_done_comes_in_its_place_when_all_is_well_and_after_it_was_accepted() {
    let mut b = Bench::new(vec![run("a"), verify(), always("c")]);
    b.ended(1, good());
    b.hold();
    b.ended(3, good());
    assert_eq!((b.starts(3), b.verdict()), (1, Some(Verdict::Verified)));

    let mut b = Bench::new(vec![run("a"), verify(), always("c")]);
    b.ended(1, good());
    b.ask(Wish::Accept { reason: "night".into() }, None);
    assert_eq!((b.starts(3), b.verdict()), (1, None));
    assert!(b.last.contains(&Effect::Unwatch), "{:?}", b.last);
    b.ended(3, good());
    assert_eq!(b.verdict(), Some(Verdict::AcceptedUnverified));
}

#[test]
fn an_unknown_end_of_what_is_always_done_waits_for_a_person() {
    let mut b = Bench::new(vec![run("a"), always("c")]);
    b.ended(1, bad());
    b.ended(2, Outcome::Unknown { evidence: "?".into() });
    assert!(matches!(b.need(), Some(Need::Settle { step: 2, .. })));
    b.later(600_000);
    b.adopt();
    assert_eq!((b.starts(2), b.verdict()), (1, None));
    b.ask(Wish::Settle { done: true, reason: "saw it".into() }, Some(2));
    assert_eq!(b.verdict(), Some(Verdict::Failed));
}

#[test]
fn a_paused_run_that_ends_still_does_what_is_always_done() {
    let mut b = Bench::new(vec![run("a"), run("b"), always("c")]);
    b.ask(Wish::Pause { reason: String::new() }, None);
    b.ended(1, bad());
    assert_eq!((b.starts(2), b.starts(3)), (0, 1));
}

/// `a`, instead of it `4b` and `4c`, then `z`.
fn fallback() -> Bench {
    let mut plan = plan(vec![run("a"), run("b"), run("c"), run("z")]);
    (plan.steps[1].fallback_of, plan.steps[2].fallback_of) = (Some(1), Some(1));
    Bench::of(plan)
}

#[test]
fn a_fallback_is_done_when_its_step_failed_and_only_then() {
    let mut b = fallback();
    b.ended(1, good());
    assert_eq!([b.starts(2), b.starts(3), b.starts(4)], [0, 0, 1]);
    assert_eq!(b.view().steps[1].detail, "not needed: step 1 did not fail");
    let mut b = fallback();
    b.ended(1, bad());
    assert_eq!((b.verdict(), b.starts(2), b.view().steps[0].state), (None, 1, StepState::Failed));
    b.ended(2, good());
    b.ended(3, good());
    assert_eq!(b.starts(4), 1);
}

#[test]
fn a_fallback_that_fails_ends_the_run_and_an_unknown_step_has_none() {
    let mut b = fallback();
    b.ended(1, bad());
    b.ended(2, bad());
    assert_eq!((b.verdict(), b.starts(3), b.starts(4)), (Some(Verdict::Failed), 0, 0));
    let mut b = fallback();
    b.ended(1, Outcome::Unknown { evidence: "?".into() });
    assert_eq!(b.starts(2), 0);
    b.ask(Wish::Settle { done: true, reason: String::new() }, Some(1));
    assert_eq!([b.starts(2), b.starts(3), b.starts(4)], [0, 0, 1]);
}

#[test]
fn late_is_on_record_once_for_steps_and_phases() {
    let mut p = plan(vec![Step { by: Some(5_000), ..run("a") }, run("b"), verify()]);
    p.procedure.phases = vec![Phase { id: "go".into(), title: "Go".into(), budget: None, by: Some(20_000) }];
    (p.steps[0].phase, p.steps[1].phase) = (Some("go".into()), Some("go".into()));
    let mut b = Bench::of(p);
    assert_eq!(b.machine.next_deadline().unwrap().left(&at(b.now)), 5_000);
    b.later(5_000);
    assert_eq!(b.machine.state().late.len(), 0, "in time to the millisecond");
    b.later(1);
    b.later(2_000);
    b.adopt();
    b.ended(1, good());
    assert_eq!(b.view().steps[0].late_by, Some(2_001));
    b.later(10_000);
    b.ended(2, good());
    b.later(30_000);
    assert_eq!(b.view().steps[1].late_by, None);
    let late = b.kinds().into_iter().filter(|k| matches!(k, Kind::Late { .. })).count();
    assert_eq!(late, 1);
}

#[test]
fn a_step_that_ended_late_while_nobody_looked_is_late_all_the_same() {
    let mut b = Bench::new(vec![Step { by: Some(5_000), ..run("a") }, run("b")]);
    b.now += 9_000;
    b.ended(1, good());
    assert_eq!(b.view().steps[0].late_by, Some(4_000));
}

#[test]
fn making_way_ends_what_waits_and_never_what_runs() {
    let make = || Wish::MakeWay { run: "y".into(), reason: "next".into() };
    let mut b = Bench::new(vec![run("a"), verify(), always("c")]);
    b.ask(make(), None);
    assert_eq!((b.refused().as_str(), b.verdict()), ("a step is under way: stop it first", None));
    b.ended(1, good());
    b.seen([Fails, Fails]);
    b.later(60_000);
    b.ask(make(), None);
    assert_eq!((b.verdict(), b.starts(3)), (Some(Verdict::Abandoned), 0));
    assert_eq!(b.view().why, "made way for run y, asked by ana: next");
}
