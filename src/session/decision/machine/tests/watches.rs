//! What is watched after success, and follow-ups, in simulated time.

use super::*;
use crate::model::playbook::{Checklist, Goal, Item, Moment, Objective, Procedure, Rung, StartedBy};
use crate::session::decision::{Far, WatchEnd};

fn stays(lasts: Millis, allow: Millis) -> Objective {
    let when = Condition { text: "up".into(), expr: Expr::Bool(true) };
    Objective {
        title: "In range".into(),
        procedures: Vec::new(),
        started_by: None,
        goal: Goal::Stays { when, lasts, allow },
    }
}

/// A watcher whose automatic run has verified, and this objective.
fn verified(objective: Objective) -> (World, Program) {
    let mut w = World::new(&[("errors", auto())]);
    w.playbook.objectives.insert("range".into(), objective);
    w.playbook.escalation = vec![Rung {
        after: 0,
        when: None,
        severities: Vec::new(),
        roles: vec!["lead".into()],
        channels: Vec::new(),
        message: "m".into(),
    }];
    say(&mut w, Truth::True);
    let mut p = w.begin(true);
    w.run(&mut p, 2_000);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    w.end(&mut p, true);
    w.is("errors", Truth::False);
    w.run(&mut p, 2_000);
    (w, p)
}

fn say(w: &mut World, truth: Truth) {
    let goals = [("range".to_owned(), (truth, "error rate".to_owned()))].into_iter().collect();
    w.said = Some(Conditions { goals, ..Conditions::default() });
}

fn ended(w: &World) -> Vec<WatchEnd> {
    w.state.watches.values().filter_map(|x| x.over.as_ref()).map(|(how, ..)| *how).collect()
}

#[test]
fn it_holds_for_its_time_and_the_incident_is_over_meanwhile() {
    let (mut w, mut p) = verified(stays(30 * MINUTE, 0));
    assert_eq!(w.state.watched().count(), 1);
    w.run(&mut p, 29 * MINUTE);
    assert!(w.state.incident.is_none() && ended(&w).is_empty());
    w.run(&mut p, 2 * MINUTE);
    assert_eq!(ended(&w), [WatchEnd::Held]);
    w.run(&mut p, 30 * MINUTE);
    assert_eq!(w.state.watches.len(), 1, "once is all");
    assert_eq!(w.state.goal(w.last.as_ref().unwrap().run.as_str(), "range").unwrap().0, Some(true));
}

#[test]
fn broken_it_reopens_the_incident_under_its_name_and_people_are_told_anew() {
    let (mut w, mut p) = verified(stays(60 * MINUTE, 0));
    let first = w.state.incident.clone().unwrap();
    w.run(&mut p, 10 * MINUTE);
    assert!(w.state.incident.is_none());
    say(&mut w, Truth::False);
    w.run(&mut p, 2_000);
    let again = w.state.incident.clone().unwrap();
    assert_eq!((&again.id, &again.since, ended(&w)), (&first.id, &first.since, vec![WatchEnd::Broken]));
    assert!(again.reason.starts_with("In range did not last after "), "{}", again.reason);
    assert_eq!(w.rings, [(1, News::Rung(1)), (1, News::Over), (2, News::Rung(1))]);
    say(&mut w, Truth::True);
    w.run(&mut p, 30 * MINUTE);
    assert!(w.state.incident.is_some(), "what was verified before ends it no more");
    assert_eq!(w.state.incidents, 1);
}

#[test]
fn broken_while_the_incident_is_open_the_ladder_begins_anew() {
    let (mut w, mut p) = verified(stays(60 * MINUTE, 0));
    say(&mut w, Truth::False);
    w.run(&mut p, 2_000);
    assert_eq!(w.rings, [(1, News::Rung(1)), (2, News::Rung(1))]);
    say(&mut w, Truth::True);
    w.run(&mut p, 10 * MINUTE);
    assert!(w.state.incident.is_some());
}

#[test]
fn what_nobody_knows_does_not_count_and_some_of_it_is_forgiven() {
    let (mut w, mut p) = verified(stays(30 * MINUTE, MINUTE));
    w.run(&mut p, 10 * MINUTE);
    say(&mut w, Truth::Unknown);
    w.run(&mut p, 60 * MINUTE);
    assert!(ended(&w).is_empty());
    say(&mut w, Truth::False);
    w.run(&mut p, 50_000);
    say(&mut w, Truth::True);
    w.run(&mut p, 19 * MINUTE);
    assert!(ended(&w).is_empty(), "it has held for 29 minutes and a bit");
    w.run(&mut p, 2 * MINUTE);
    assert_eq!(ended(&w), [WatchEnd::Held]);
}

#[test]
fn a_restart_keeps_what_was_earned_and_counts_nothing_of_the_time_between() {
    let (mut w, mut p) = verified(stays(30 * MINUTE, 0));
    w.run(&mut p, 21 * MINUTE);
    let held = w.state.watched().next().unwrap().held;
    assert!((15 * MINUTE..21 * MINUTE).contains(&held), "{held}");
    w.pass(3 * 60 * MINUTE);
    let mut next = w.begin(true);
    w.run(&mut next, 30 * MINUTE - held - MINUTE);
    assert!(ended(&w).is_empty());
    w.run(&mut next, 2 * MINUTE);
    assert_eq!(ended(&w), [WatchEnd::Held]);
}

#[test]
fn sleep_and_another_run_stop_its_time() {
    let (mut w, mut p) = verified(stays(30 * MINUTE, 0));
    w.run(&mut p, 5 * MINUTE);
    w.pass(60 * MINUTE);
    w.tell(&mut p, Event::HostSlept(60 * MINUTE));
    w.runs.insert("r9".into(), false);
    say(&mut w, Truth::False);
    w.run(&mut p, 10 * MINUTE);
    assert!(ended(&w).is_empty(), "a run may disturb what is watched");
    say(&mut w, Truth::True);
    w.runs.remove("r9");
    w.run(&mut p, 20 * MINUTE);
    assert!(ended(&w).is_empty());
}

#[test]
fn who_started_the_run_decides_whether_it_is_judged_by_it() {
    let (w, _) = verified(Objective { started_by: Some(StartedBy::Person), ..stays(MINUTE, 0) });
    assert!(w.state.watches.is_empty());
    let (w, _) = verified(Objective { started_by: Some(StartedBy::System), ..stays(MINUTE, 0) });
    assert_eq!(w.state.watches.len(), 1);
    let (w, _) = verified(Objective { procedures: vec!["other".into()], ..stays(MINUTE, 0) });
    assert!(w.state.watches.is_empty());
}

#[test]
fn what_must_hold_at_the_end_is_judged_then_once() {
    let when = Condition { text: "up".into(), expr: Expr::Bool(true) };
    let (mut w, mut p) = verified(Objective { goal: Goal::Holds(when), ..stays(MINUTE, 0) });
    let run = w.last.as_ref().unwrap().run.clone();
    assert_eq!(w.state.goal(&run, "range"), Some((Some(true), "error rate".to_owned())));
    say(&mut w, Truth::False);
    w.run(&mut p, MINUTE);
    assert_eq!(w.count(|k| matches!(k, Kind::GoalJudged { .. })), 1);
}

fn lists(w: &mut World) {
    let item = |text: &str| Item { text: text.into(), roles: vec!["qa".into()], required: true, does: None };
    let items = vec![item("Report"), item("Debrief")];
    let list = |title: &str, due| Checklist {
        title: title.into(),
        moment: Moment::After,
        due,
        items: items.clone(),
    };
    w.playbook.checklists.insert("hour".into(), list("First hour", Some(60 * MINUTE)));
    w.playbook.checklists.insert("other".into(), list("Of another procedure", None));
    w.playbook
        .procedures
        .insert("back".into(), Procedure { checklists: vec!["hour".into()], ..Procedure::default() });
    w.rules = Rules::of(&w.playbook, "prod");
}

#[test]
fn what_is_to_be_done_after_a_run_stays_until_it_is_done() {
    let mut w = World::new(&[("errors", auto())]);
    lists(&mut w);
    let mut p = w.begin(true);
    w.run(&mut p, 2_000);
    let go = |w: &mut World, p: &mut Program| {
        w.is("errors", Truth::True);
        w.run(p, 2_000);
        w.end(p, true);
        w.is("errors", Truth::False);
        w.run(p, 10 * MINUTE);
        assert!(w.state.incident.is_none());
    };
    go(&mut w, &mut p);
    let open = |w: &World| w.state.to_follow().iter().map(|f| f.id.clone()).collect::<Vec<_>>();
    assert_eq!(open(&w), ["f1", "f2"]);
    let tick = |item, done| Kind::Ticked {
        checklist: "hour".into(),
        item,
        text: "Report".into(),
        done,
        note: String::new(),
        who: person("ana", 2),
    };
    w.say(tick(1, true));
    w.say(Kind::FollowUpOwned { id: "f2".into(), owner: Some("ben".into()), who: person("ben", 1) });
    assert_eq!((open(&w), w.state.follow_ups["f1"].far), (vec!["f2".to_owned()], Far::Done));
    w.run(&mut p, 60 * MINUTE);
    assert!(w.state.follow_ups["f2"].is_overdue(&w.now));
    go(&mut w, &mut p);
    assert_eq!(open(&w), ["f2", "f3", "f4"], "those of the incident before stay");
    assert_eq!(w.state.follow_ups["f2"].owner.as_deref(), Some("ben"));
    w.say(tick(2, true));
    assert_eq!(open(&w), ["f2", "f3"], "a tick is for the last run's");
    let set = |id: &str, to, note: &str| Kind::FollowUpSet {
        id: id.into(),
        to,
        note: note.into(),
        who: person("ana", 2),
    };
    w.say(set("f2", Far::Done, ""));
    w.say(set("f3", Far::Done, "written"));
    assert!(open(&w).is_empty());
    assert!(w.state.stood(&w.playbook, "hour", 1, &w.now).done, "the list says the same");
    assert!(w.append(&set("f3", Far::Without, " ")).is_err(), "a reason is missing");
    assert!(w.append(&set("f9", Far::Done, "")).is_err());
    let added = Kind::FollowUpAdded {
        id: "f5".into(),
        text: "Order a disk".into(),
        due: Some(w.now.wall + 1_000),
        owner: Some("qa".into()),
        who: person("ana", 2),
    };
    w.say(added.clone());
    assert_eq!(open(&w), ["f5"]);
    assert!(w.append(&added).is_err(), "that name is taken");
    assert_eq!(Decisions::fold(&w.log).unwrap(), w.state);
}

#[test]
fn a_second_run_of_an_incident_asks_anew_in_the_place_of_what_is_open() {
    let mut w = World::new(&[("errors", trigger(Cell::Watch, DefaultAction::Escalate))]);
    lists(&mut w);
    let mut p = w.begin(true);
    w.is("errors", Truth::True);
    for run in ["r1", "r2"] {
        w.runs.insert(run.into(), false);
        w.run(&mut p, 2_000);
        w.over(run, false);
        w.run(&mut p, 2_000);
        if run == "r1" {
            w.say(Kind::FollowUpOwned { id: "f2".into(), owner: Some("qa".into()), who: person("ben", 1) });
        }
    }
    let all: Vec<_> =
        w.state.to_follow().iter().map(|f| (f.id.as_str(), f.run.as_deref().unwrap())).collect();
    assert_eq!(all, [("f3", "r2"), ("f4", "r2")]);
    assert_eq!(w.state.follow_ups["f4"].owner.as_deref(), Some("qa"), "who does it stays");
}
