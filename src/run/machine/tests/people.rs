//! What people say: pause, skip, settle, page, and that nothing acts late.

use super::Answer::{Blind, Fails, Holds};
use super::*;
use crate::run::plan::PageRung;

fn why() -> String {
    "why".into()
}

fn unknown() -> Outcome {
    Outcome::Unknown { evidence: "no end".into() }
}

#[test]
fn a_pause_lets_the_running_step_end_and_starts_no_other() {
    let mut b = Bench::new(vec![run("a"), Step { prove: Some(probe()), ..run("b") }, verify()]);
    b.ask(Wish::Pause { reason: why() }, None);
    assert_eq!((b.refused().as_str(), b.need()), ("", None), "a step is under way");
    assert_eq!(b.view().paused.as_deref(), Some("ana paused it: why"));
    b.ended(1, good());
    assert!(matches!(b.need(), Some(Need::GoOn { .. })));
    b.later(600_000);
    b.adopt();
    assert_eq!((b.last.len(), b.starts(2)), (0, 0));
    b.ask(Wish::GoOn, None);
    b.probed(2, Asked::Prove, Holds);
    assert_eq!(b.starts(2), 1);
}

#[test]
fn a_proof_from_before_a_pause_is_asked_again() {
    let guarded = |name: &str| Step { prove: Some(probe()), already: Some(probe()), ..run(name) };
    let mut b = Bench::new(vec![guarded("a")]);
    b.ask(Wish::Pause { reason: why() }, None);
    b.probed(1, Asked::Prove, Holds);
    assert_eq!(b.last.len(), 1, "{:?}", b.last);
    b.later(600_000);
    b.ask(Wish::GoOn, None);
    assert!(matches!(b.last.last(), Some(Effect::Probe { asked: Asked::Prove, .. })), "{:?}", b.last);
}

#[test]
fn an_unknown_step_is_proposed_once_and_settled_by_a_person_only() {
    let mut b = Bench::new(vec![Step { observe: Some(probe()), ..run("a") }, run("b")]);
    b.ended(1, unknown());
    assert_eq!(b.last.last(), Some(&Effect::Probe { step: 1, asked: Asked::Propose, within: 0 }));
    b.probed(1, Asked::Propose, Holds);
    b.later(600_000);
    assert_eq!((b.last.len(), b.starts(2)), (0, 0), "a probe settles nothing");
    assert_eq!(b.view().steps[0].proposal, Some((Holds, "seen".into())));
    b.ask(Wish::AskAgain, Some(1));
    assert!(matches!(b.last.last(), Some(Effect::Probe { asked: Asked::Propose, .. })));
    b.probed(1, Asked::Propose, Fails);
    assert_eq!(b.view().steps[0].proposal, Some((Fails, "seen".into())));
    b.ask(Wish::Settle { done: true, reason: why() }, Some(1));
    b.probed(1, Asked::Observe, Holds);
    assert_eq!((b.starts(1), b.starts(2), b.view().steps[0].proposal.clone()), (1, 1, None));
}

#[test]
fn a_person_may_settle_while_the_probe_is_still_asked() {
    let mut b = Bench::new(vec![Step { observe: Some(probe()), ..run("a") }, run("b")]);
    b.ended(1, unknown());
    b.ask(Wish::Settle { done: false, reason: why() }, Some(1));
    assert_eq!(b.starts(1), 2);
    b.probed(1, Asked::Propose, Holds);
    assert_eq!(b.view().steps[0].state, StepState::Running, "too late to matter");
}

#[test]
fn without_a_probe_nothing_is_proposed() {
    let mut b = Bench::new(vec![run("a")]);
    b.ended(1, unknown());
    assert_eq!(b.last.len(), 1);
    b.ask(Wish::AskAgain, Some(1));
    assert_eq!(b.refused(), "no probe can say what it did");
}

#[test]
fn what_waits_may_be_skipped_with_a_reason_and_nothing_else() {
    let mut b = Bench::new(vec![run("a"), Step { on_failure: OnFailure::Ask, ..run("b") }, run("c")]);
    b.ask(Wish::Skip { reason: why() }, Some(1));
    assert_eq!(b.refused(), "no step waits to be skipped");
    b.ended(1, unknown());
    b.ask(Wish::Skip { reason: why() }, Some(1));
    assert_eq!(b.view().steps[0].detail, "ana: why (it was: no end)");
    b.ended(2, bad());
    b.ask(Wish::Skip { reason: why() }, Some(1));
    assert!(b.refused().contains("another step"));
    b.ask(Wish::Skip { reason: why() }, Some(2));
    assert_eq!((b.starts(1), b.starts(2), b.starts(3)), (1, 1, 1));
}

#[test]
fn whatever_is_read_too_late_does_nothing() {
    let wishes = [
        Wish::Pause { reason: why() },
        Wish::Settle { done: true, reason: why() },
        Wish::Settle { done: false, reason: why() },
        Wish::Skip { reason: why() },
        Wish::AskAgain,
        Wish::Page,
        Wish::Abandon { reason: why() },
        Wish::MakeWay { run: "y".into(), reason: why() },
    ];
    for ask in wishes {
        let mut b = Bench::new(vec![run("a"), run("b")]);
        b.ended(1, unknown());
        let expires = Deadline::after(&at(0), 500);
        let who = Person::default();
        let id = "q".to_owned();
        let step = Some(1);
        let before = b.machine.state().clone();
        b.tell(request(Request { id, run: "r".into(), step, attempt: None, seen: 0, expires, who, ask }));
        assert!(b.refused().contains("too late"));
        let mut after = b.machine.state().clone();
        (after.handled, after.last) = (before.handled.clone(), before.last.clone());
        assert_eq!(after, before);
    }
}

fn laddered() -> Plan {
    let mut plan = plan(vec![run("a"), verify()]);
    let rung = |title: &str| PageRung { title: title.into(), steps: Vec::new() };
    plan.playbook.ladder = vec![rung("Team"), rung("Lead")];
    plan
}

#[test]
fn each_page_tells_the_next_rung_once() {
    let mut b = Bench::of(laddered());
    b.ask(Wish::Page, None);
    assert!(b.refused().contains("nothing to tell"));
    b.ended(1, good());
    b.later(60_000);
    for (rung, title, next) in [(0, "Team", Some("Lead")), (1, "Lead", None)] {
        assert_eq!(b.view().next_rung.as_deref(), Some(title));
        b.ask(Wish::Page, None);
        assert_eq!(b.last.last(), Some(&Effect::Page { rung }));
        b.ask(Wish::Page, None);
        assert_eq!(b.refused(), "somebody is being told right now");
        b.tell(Event::Paged { title: title.into(), detail: "200".into(), told: rung == 0 });
        assert_eq!(b.view().next_rung.as_deref(), next);
    }
    b.ask(Wish::Page, None);
    assert_eq!(b.refused(), "everybody on the ladder was told");
    assert!(b.story().contains("message: Lead was NOT told: 200"), "{}", b.story());
    b.hold();
    assert_eq!(b.verdict(), Some(Verdict::Verified), "a page does not keep it from being watched");
}

#[test]
fn survivors_stay_in_the_view() {
    let mut b = Bench::new(vec![run("a")]);
    let survivors = vec![(4120, "sleep".to_owned())];
    b.tell(Event::Ended { step: 1, attempt: 1, outcome: bad(), survivors: survivors.clone() });
    assert_eq!(b.view().steps[0].survivors, survivors);
    assert!(b.story().contains("NOT DEAD: sleep (4120)"), "{}", b.story());
}

#[test]
fn a_host_that_slept_restarts_the_stability_clock_only() {
    let mut b = Bench::new(vec![run("a"), verify()]);
    b.ended(1, good());
    b.seen([Holds, Holds]);
    let due = b.machine.next_deadline();
    b.tell(Event::Slept(90_000));
    let v = b.view().verification.unwrap();
    assert_eq!((v.stable_since, v.restarts.len(), b.machine.next_deadline()), (None, 1, due));
    b.seen([Blind, Holds]);
    assert!(b.story().contains("the host slept for 90 s"), "{}", b.story());
}
