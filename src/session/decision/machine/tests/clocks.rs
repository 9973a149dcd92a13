//! Decision clocks: people, defaults, and clocks that were late.

use super::*;

fn two_clocks(default: DefaultAction) -> Trigger {
    decide(10 * MINUTE, Some(30 * MINUTE), default)
}

fn fires(t: Trigger) -> (World, Program) {
    let (mut w, mut p) = watched(&[("gate", t)]);
    w.is("gate", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(w.state.open_clocks().count(), 1);
    (w, p)
}

#[test]
fn nobody_decides_and_the_stated_default_acts_by_its_frozen_plan() {
    let (mut w, mut p) = fires(decide(5 * MINUTE, None, DefaultAction::Act));
    let c = &w.state.clocks["gate-1-d1"];
    assert_eq!(c.plan, Some((Ok(("25 %".into(), "0 %".into())), Some("hash".into()))), "shown when it opens");
    assert_eq!(c.decide_by.as_ref().unwrap().length, 5 * MINUTE);
    assert_eq!(p.machine.next_deadline(), Some(c.decide_by.as_ref().unwrap().due_boot));
    w.run(&mut p, 5 * MINUTE - 2_000);
    assert_eq!(w.acted(), 0);
    w.run(&mut p, 2_000);
    assert_eq!(w.acted(), 1);
    let run = w.running().unwrap();
    assert!(run.ends_with("-default-gate-1-d1"), "{run}");
    assert_eq!(w.closed(), [(Closed::Default, format!("nobody decided in time: back is started ({run})"))]);
    let started = w.now.clone();
    w.tell(&mut p, Event::Reaction { run: run.clone(), started, effect: None });
    assert_eq!(w.state.attempt(&run).unwrap().reaction.unwrap().target, None, "people had their time");
    w.end(&mut p, true);
    assert_eq!(w.escalated(), 0);
}

#[test]
fn two_clocks_tell_people_first_and_then_the_default_happens() {
    for (default, how, pages, acted) in [
        (DefaultAction::Act, Closed::Default, 1, 1),
        (DefaultAction::Escalate, Closed::Default, 2, 0),
        (DefaultAction::Nothing, Closed::Default, 1, 0),
    ] {
        let (mut w, mut p) = fires(two_clocks(default));
        w.run(&mut p, 10 * MINUTE);
        assert!(w.state.clocks["gate-1-d1"].missed);
        assert_eq!((w.escalated(), w.pages.len(), w.closed().len()), (1, 1, 0));
        assert!(w.pages[0].contains("nobody has decided in time"), "{}", w.pages[0]);
        w.run(&mut p, 20 * MINUTE);
        assert_eq!((w.closed().len(), w.closed()[0].0, w.pages.len(), w.acted()), (1, how, pages, acted));
    }
}

#[test]
fn a_word_closes_it_and_a_later_one_is_refused_in_words() {
    let (mut w, mut p) = fires(decide(5 * MINUTE, None, DefaultAction::Act));
    w.say(said("gate-1-d1", Choice::Hold, person("ben", 2), &[]));
    let late = said("gate-1-d1", Choice::Hold, person("ana", 3), &[]);
    assert_eq!(w.append(&late).unwrap_err(), "it was decided already: ben decided to hold");
    w.run(&mut p, 10 * MINUTE);
    assert_eq!(w.closed(), [(Closed::Decided, "ben decided to hold".into())]);
    assert_eq!(w.acted(), 0);
    assert_eq!(w.append(&late).unwrap_err(), "the clock is closed: ben decided to hold at 12:00 UTC");
    assert!(w.state.firing_of("gate").is_some(), "the trigger stays lit");
}

#[test]
fn two_roles_decide_together_and_whoever_completes_it_may_close_it() {
    let roles = vec!["qa".to_owned(), "lead".to_owned()];
    let (mut w, mut p) = fires(Trigger { approval: roles, ..decide(5 * MINUTE, None, DefaultAction::Act) });
    let back = |run: Option<&str>| Choice::RollBack { procedure: "back".into(), run: run.map(str::to_owned) };
    let clock = "gate-1-d1";
    w.say(said(clock, back(None), person("ana", 2), &["qa"]));
    w.run(&mut p, 2_000);
    assert_eq!(w.closed().len(), 0);
    let root = said(clock, back(None), person("root", 0), &["lead"]);
    assert!(w.append(&root).unwrap_err().contains("root"));
    let tom = said(clock, back(None), person("tom", 9), &[]);
    assert_eq!(w.append(&tom).unwrap_err(), "tom is none of: QA (ana) and LEAD (ben)");
    let again = said(clock, back(None), person("ana", 2), &["qa"]);
    assert_eq!(w.append(&again).unwrap_err(), "ana has said so already; LEAD is missing");
    let closing = |how| Kind::ClockClosed { epoch: None, clock: clock.into(), how, detail: "d".into() };
    assert!(w.append(&closing(Closed::Decided)).unwrap_err().contains("is not decided"));
    w.say(said(clock, back(Some("r")), person("ben", 3), &["lead"]));
    assert!(w.append(&closing(Closed::Default)).unwrap_err().contains("only the decider"));
    w.say(closing(Closed::Decided));
    w.run(&mut p, 10 * MINUTE);
    assert_eq!((w.closed().len(), w.acted()), (1, 0));
}

#[test]
fn it_is_extended_once_with_a_reason_and_both_times_move() {
    let (mut w, mut p) = fires(two_clocks(DefaultAction::Act));
    let extend = |ms| said("gate-1-d1", Choice::Extend(ms), person("ben", 2), &[]);
    assert!(w.append(&extend(MINUTE)).unwrap_err().contains("5m, 10m, 15m"));
    w.run(&mut p, 11 * MINUTE);
    assert!(w.state.clocks["gate-1-d1"].missed);
    w.say(extend(15 * MINUTE));
    assert!(!w.state.clocks["gate-1-d1"].missed, "its first time lies ahead again");
    assert!(w.append(&extend(5 * MINUTE)).unwrap_err().contains("once is all"));
    w.run(&mut p, 33 * MINUTE);
    assert_eq!((w.count(|k| matches!(k, Kind::ClockMissed { .. })), w.acted()), (2, 0));
    w.run(&mut p, 2 * MINUTE);
    assert_eq!(w.acted(), 1);
}

#[test]
fn a_default_that_cannot_be_done_safely_is_refused_and_people_are_told() {
    let act = || decide(5 * MINUTE, None, DefaultAction::Act);
    type Change = fn(&mut World);
    let cases: [(&str, Change); 5] = [
        ("cannot be judged", |w| w.is("gate", Truth::Unknown)),
        ("automation is disarmed", |w| w.say(set(None, Automation::Off))),
        ("automation is shadow", |w| w.say(set(Some("gate"), Automation::Shadow))),
        ("a run goes on (x)", |w| {
            w.runs.insert("x".into(), false);
        }),
        ("the target has changed", |w| w.plan = Ok(("10 %".into(), "0 %".into(), "other".into()))),
    ];
    for (why, change) in cases {
        let (mut w, mut p) = fires(act());
        w.run(&mut p, MINUTE);
        change(&mut w);
        w.run(&mut p, 6 * MINUTE);
        assert_eq!((w.closed().len(), w.pages.len()), (1, 1), "{why}");
        assert!(w.pages[0].contains(why), "{}", w.pages[0]);
        let started = if why.contains("changed") { (1, Closed::Default) } else { (0, Closed::Refused) };
        assert_eq!((w.acted(), w.closed()[0].0), started);
        assert!(w.runs.keys().all(|r| r == "x"), "nothing was started");
    }
    let (mut w, mut p) = watched(&[("gate", act())]);
    w.plan = Err("the version is not known".into());
    w.is("gate", Truth::True);
    w.run(&mut p, 3 * MINUTE);
    assert_eq!(w.count(|k| matches!(k, Kind::DefaultFrozen { .. })), 1, "the same answer is told once");
    w.run(&mut p, 3 * MINUTE);
    assert!(w.pages[0].contains("there is no plan: the version is not known"), "{}", w.pages[0]);
    assert_eq!((w.acted(), w.closed()[0].0), (0, Closed::Refused));
}

#[test]
fn a_plan_that_could_not_be_frozen_at_first_is_tried_again() {
    let (mut w, mut p) = watched(&[("gate", decide(5 * MINUTE, None, DefaultAction::Act))]);
    w.plan = Err("refused".into());
    w.is("gate", Truth::True);
    w.run(&mut p, 2_000);
    w.plan = Ok(("a".into(), "b".into(), "h".into()));
    w.run(&mut p, 6 * MINUTE);
    assert_eq!((w.acted(), w.runs.len()), (1, 1));
}

#[test]
fn a_screen_opens_and_closes_clocks_but_starts_nothing() {
    let mut w = World::new(&[("gate", decide(5 * MINUTE, None, DefaultAction::Act))]);
    let mut p = w.begin(false);
    w.is("gate", Truth::True);
    w.run(&mut p, 6 * MINUTE);
    assert_eq!((w.acted(), w.closed()[0].0, w.escalated()), (0, Closed::Refused, 1));
    assert!(w.closed()[0].1.contains("only a watcher acts"), "{:?}", w.closed());
}

#[test]
fn it_ends_with_its_firing_and_asking_has_no_time() {
    let (mut w, mut p) = watched(&[("odd", trigger(Cell::Ask, DefaultAction::Act))]);
    w.is("odd", Truth::True);
    w.run(&mut p, 60 * MINUTE);
    assert_eq!((w.state.open_clocks().count(), w.escalated(), w.acted()), (1, 0, 0));
    let extend = said("odd-1-d1", Choice::Extend(5 * MINUTE), person("ben", 2), &[]);
    assert!(w.append(&extend).unwrap_err().contains("nothing to extend"));
    w.is("odd", Truth::False);
    w.run(&mut p, 2_000);
    assert_eq!(w.closed(), [(Closed::Resolved, "Errors fires no more".into())]);
}

#[test]
fn roles_come_from_the_stage_the_trigger_or_its_severity() {
    use crate::model::playbook::{Authority, Severity};
    let at = [(25, vec!["qa".to_owned()]), (50, vec!["qa".into(), "lead".into()])].into_iter().collect();
    let authority = Authority { title: "A".into(), all: Vec::new(), at };
    let plain = decide(MINUTE, None, DefaultAction::Escalate);
    let by_stage = Trigger { authority: Some("a".into()), ..plain.clone() };
    let by_row = Trigger { severity: Some("P1".into()), ..plain };
    let mut book = playbook(&[("stage", by_stage), ("row", by_row)]);
    book.authority.insert("a".into(), authority);
    book.severities.insert("P1".into(), Severity { approval: vec!["lead".into()], ..Severity::default() });
    let m = Machine::new(&book, "prod", 1, true, Decisions::default());
    let ids = |t, s| m.roles(t, s).into_iter().map(|r| r.id).collect::<Vec<_>>();
    assert_eq!(ids("stage", Some(25)), ["qa"]);
    assert_eq!(ids("stage", Some(50)), ["qa", "lead"]);
    assert_eq!(ids("stage", None), ["qa", "lead"], "nobody knows the stage: all who may be asked");
    assert_eq!(ids("row", None), ["lead"]);
    assert_eq!(m.roles("row", None)[0].users, ["ben"]);
}

#[test]
fn found_long_after_its_time_nothing_is_done_late() {
    for (late, how) in [(59_000, Closed::Default), (61_000, Closed::Overdue)] {
        let (mut w, mut p) = fires(decide(5 * MINUTE, None, DefaultAction::Act));
        // The host sleeps until after its time.
        let due = w.state.clocks["gate-1-d1"].decide_by.clone().unwrap();
        w.pass(due.due_boot + late - w.now.boot);
        w.tell(&mut p, Event::HostSlept(5 * MINUTE));
        assert_eq!(w.closed().len(), usize::from(how == Closed::Overdue), "nobody knows what is true now");
        w.hear(&mut p);
        assert_eq!(w.closed()[0].0, how);
        assert_eq!((w.acted(), w.pages.len()), if how == Closed::Default { (1, 0) } else { (0, 1) });
    }
}

#[test]
fn a_default_waits_for_what_a_new_decider_has_to_know_until_it_is_overdue() {
    let (mut w, _) = fires(decide(5 * MINUTE, None, DefaultAction::Act));
    let due = w.state.clocks["gate-1-d1"].decide_by.clone().unwrap();
    w.pass(due.due_boot + 1_000 - w.now.boot);
    let mut p = w.begin(true);
    w.tell(&mut p, Event::Tick);
    assert_eq!(w.closed().len(), 0);
    assert_eq!(p.machine.next_deadline(), Some(due.due_boot + 60_001));
    w.pass(60_000);
    w.tell(&mut p, Event::Tick);
    assert_eq!(w.closed()[0].0, Closed::Overdue);
    assert_eq!((w.acted(), w.pages.len()), (0, 1));
}

#[test]
fn a_reboot_carries_the_time_over_and_a_clock_set_back_makes_it_overdue() {
    for (down, step, how) in [
        (MINUTE, 0, None),
        (6 * MINUTE, 0, Some(Closed::Overdue)),
        (MINUTE, -(2 * MINUTE as i64), Some(Closed::Overdue)),
    ] {
        let (mut w, _) = fires(decide(5 * MINUTE, None, DefaultAction::Act));
        w.real += down;
        let wall = w.now.wall + down as i64 + step;
        w.now = Now { boot: 20_000, boot_id: "b".into(), wall };
        let mut p = w.begin(true);
        w.run(&mut p, 2_000);
        assert_eq!(w.closed().first().map(|(how, _)| *how), how);
        if how.is_none() {
            // A step of the wall clock after the reboot changes nothing.
            w.now.wall += 3_600_000;
            let left = w.state.clocks["gate-1-d1"].decide_by.as_ref().unwrap().left(&w.now);
            assert_eq!(left, 4 * MINUTE - 3_000);
            w.run(&mut p, left);
            assert_eq!(w.acted(), 1);
        } else {
            w.run(&mut p, 10 * MINUTE);
            assert_eq!((w.acted(), w.closed().len(), w.pages.len()), (0, 1, 1));
        }
    }
}
