//! Before the first step: approval, the target, and what a lost run left.

use super::Answer::{Blind, Fails, Holds};
use super::*;
use crate::model::playbook::ApprovalDefault;
use crate::run::plan::{After, Approval, Inherited, RoleFacts};

fn approved(default: ApprovalDefault) -> Plan {
    let role = RoleFacts {
        id: "lead".into(),
        title: "Lead".into(),
        users: vec!["ben".into()],
        ..Default::default()
    };
    let mut plan = plan(vec![run("a"), verify()]);
    plan.who = Person { user: "ana".into(), uid: 1000, login_uid: Some(1000), ..Person::default() };
    plan.approval =
        Some(Approval { roles: vec![role], people: 1, within: 300_000, default, ..Approval::default() });
    plan
}

fn agree() -> Wish {
    Wish::Approve { name: None }
}

#[test]
fn nothing_starts_before_enough_people_agree() {
    let mut b = Bench::of(approved(ApprovalDefault::Refuse));
    assert_eq!((b.last.len(), b.need()), (0, Some(Need::Approve)));
    let view = b.view().approval.unwrap();
    assert_eq!((view.have, view.need, view.deadline.left(&at(b.now))), (0, 1, 300_000));
    assert_eq!(view.roles, [("Lead".to_owned(), String::new(), None)]);
    b.ask_as("ana", 1000, &["lead"], agree(), None);
    assert!(b.refused().contains("account ana asked"));
    b.ask_as("tom", 1002, &[], agree(), None);
    assert!(b.refused().contains("none of: Lead"));
    b.ask_as("ana", 1000, &[], Wish::Pause { reason: String::new() }, None);
    assert!(!b.refused().is_empty());
    b.adopt();
    assert_eq!(b.starts(1), 0);
    b.ask_as("ben", 1001, &["lead", "ops"], agree(), None);
    assert_eq!((b.refused().as_str(), b.starts(1), b.view().approval), ("", 1, None));
    assert!(b.story().contains("approval: agreed as Lead"), "{}", b.story());
    b.ask_as("ben", 1001, &["lead"], Wish::Refuse { reason: "no".into() }, None);
    assert!(!b.refused().is_empty());
}

#[test]
fn a_refusal_and_a_missed_time_end_it_and_nothing_was_changed() {
    let mut b = Bench::of(approved(ApprovalDefault::Refuse));
    let mut missed = b.clone();
    b.ask_as("ben", 1001, &[], Wish::Refuse { reason: "not now".into() }, None);
    assert_eq!((b.verdict(), b.starts(1)), (Some(Verdict::Aborted), 0));
    assert_eq!(b.view().why, "refused by ben: not now; nothing was changed");
    missed.later(299_999);
    assert_eq!(missed.verdict(), None);
    missed.later(1);
    assert_eq!((missed.verdict(), missed.starts(1)), (Some(Verdict::Aborted), 0));
    assert_eq!(missed.view().why, "nobody agreed in time (missing: Lead); nothing was changed");
}

#[test]
fn a_missed_time_may_start_it_on_record_but_never_long_after() {
    let mut b = Bench::of(approved(ApprovalDefault::Start));
    let mut late = b.clone();
    b.later(300_000);
    assert_eq!(b.starts(1), 1);
    assert!(b.story().contains("nobody agreed in time: it starts all the same"));
    late.now += 400_000;
    late.adopt();
    assert_eq!(late.starts(1), 0);
    assert!(matches!(late.need(), Some(Need::GoOn { .. })));
    late.ask(Wish::GoOn, None);
    assert_eq!(late.starts(1), 1);
}

fn proved() -> Plan {
    let mut plan = plan(vec![Step { already: Some(probe()), ..run("a") }, run("b"), verify()]);
    (plan.prove, plan.compatible_with) = (Some(probe()), Some(probe()));
    plan
}

#[test]
fn the_target_is_asked_before_the_first_step_and_must_be_fresh_there() {
    let mut b = Bench::of(proved());
    assert_eq!(b.last, [Effect::Probe { step: 0, asked: Asked::Target, within: 0 }]);
    b.probed(0, Asked::Target, Holds);
    assert_eq!(b.last.last(), Some(&Effect::Probe { step: 0, asked: Asked::Compatible, within: 0 }));
    b.probed(0, Asked::Compatible, Holds);
    b.now += 10_000;
    b.probed(1, Asked::Already, Fails);
    assert_eq!(b.last.last(), Some(&Effect::Probe { step: 0, asked: Asked::Target, within: 0 }));
    b.now += 1_000;
    b.probed(0, Asked::Target, Holds);
    assert_eq!(b.starts(1), 1);
    b.now += 100_000;
    b.ended(1, good());
    assert_eq!(b.starts(2), 1, "asked before the first step only");
}

#[test]
fn a_wrong_incompatible_or_unseen_target_ends_it_before_its_first_step() {
    for (target, compatible) in [(Fails, Holds), (Blind, Holds), (Holds, Fails), (Holds, Blind)] {
        let mut b = Bench::of(proved());
        b.probed(0, Asked::Target, target);
        b.probed(0, Asked::Compatible, compatible);
        assert_eq!((b.verdict(), b.starts(1)), (Some(Verdict::Aborted), 0), "{target:?} {compatible:?}");
        assert!(b.view().why.ends_with("nothing was changed"));
    }
}

#[test]
fn a_lost_supervisors_proof_is_asked_again() {
    let mut b = Bench::of(proved());
    b.probed(0, Asked::Target, Holds);
    b.adopt();
    assert_eq!(b.last, [Effect::Probe { step: 0, asked: Asked::Target, within: 0 }]);
}

#[test]
fn what_the_run_before_did_is_taken_over_once() {
    let mut plan = plan(vec![run("a"), run("b"), run("c")]);
    let steps = vec![
        Inherited::Passed { detail: "exit 0".into() },
        Inherited::Unknown { evidence: "no end".into() },
        Inherited::Open,
    ];
    plan.after = Some(After::Succeeds { run: "x".into(), steps });
    let mut b = Bench::of(plan);
    assert_eq!(b.last.len(), 3, "{:?}", b.last);
    assert!(matches!(b.need(), Some(Need::Settle { step: 2, .. })));
    b.adopt();
    let inherited = b.kinds().into_iter().filter(|k| matches!(k, Kind::Inherited { .. })).count();
    assert_eq!((inherited, b.starts(1), b.starts(2)), (3, 0, 0));
    b.ask(Wish::Settle { done: false, reason: "looked".into() }, Some(2));
    b.ended(2, good());
    assert_eq!((b.starts(1), b.starts(2), b.starts(3)), (0, 1, 1));
    assert_eq!(b.view().steps[0].state, StepState::Skipped);
}

#[test]
fn what_is_always_done_waits_for_people_who_have_to_agree() {
    let mut plan = approved(ApprovalDefault::Refuse);
    plan.steps = [run("a"), Step { always: true, ..run("b") }, verify()]
        .into_iter()
        .enumerate()
        .map(|(i, step)| PlanStep::new(i + 1, step))
        .collect();
    let steps = vec![Inherited::Passed { detail: "exit 0".into() }];
    plan.after = Some(After::Succeeds { run: "x".into(), steps });
    let mut b = Bench::of(plan);
    b.ask(Wish::Abort { reason: "no".into() }, None);
    assert_eq!((b.starts(2), b.verdict()), (0, Some(Verdict::Aborted)));
}

#[test]
fn a_crash_while_taking_over_goes_on_where_it_was() {
    let mut plan = plan(vec![run("a"), run("b")]);
    let passed = Inherited::Passed { detail: "exit 0".into() };
    plan.after = Some(After::Succeeds { run: "x".into(), steps: vec![passed.clone(), passed] });
    let mut b = Bench::of(plan);
    b.records.truncate(2);
    b.adopt();
    let inherited: Vec<usize> = b
        .kinds()
        .into_iter()
        .filter_map(|k| if let Kind::Inherited { step, .. } = k { Some(step) } else { None })
        .collect();
    assert_eq!((inherited, b.starts(1)), (vec![1, 2], 0));
}
