//! The ladder in simulated time.

use super::*;
use crate::model::playbook::{Rung, Severity};
use crate::session::decision::ladder::HOLDS;

const HOUR: Millis = 60 * MINUTE;

fn rung(after: Millis, role: &str) -> Rung {
    Rung {
        after,
        when: None,
        severities: Vec::new(),
        roles: vec![role.to_owned()],
        channels: Vec::new(),
        message: "m".into(),
    }
}

/// A watcher, a trigger that only asks to be looked at, and this ladder.
fn climbing(ladder: &[Rung]) -> (World, Program) {
    let graver = Trigger { severity: Some("P0".into()), ..trigger(Cell::Watch, DefaultAction::Escalate) };
    let lighter = Trigger { severity: Some("P2".into()), ..graver.clone() };
    let mut w = World::new(&[("errors", lighter), ("down", graver)]);
    for id in ["P0", "P2"] {
        let severity = Severity {
            title: id.into(),
            text: String::new(),
            respond_within: None,
            approval: Vec::new(),
            manual: None,
        };
        w.playbook.severities.insert(id.into(), severity);
    }
    w.playbook.escalation = ladder.to_vec();
    let mut p = w.begin(true);
    w.run(&mut p, 2_000);
    (w, p)
}

fn fires(w: &mut World, p: &mut Program, trigger: &str) {
    w.is(trigger, Truth::True);
    w.run(p, 2_000);
}

/// Rungs on record in this climb, in their order.
fn due(w: &World) -> Vec<usize> {
    w.state.ladder.rungs.keys().copied().collect()
}

fn take(w: &World) -> Kind {
    Kind::RungAcked {
        incident: w.state.incident.as_ref().unwrap().id.clone(),
        climb: w.state.ladder.climb,
        severity: w.state.severity(&w.playbook, w.state.incident.as_ref().unwrap()).cloned(),
        until: Deadline::after(&w.now, HOLDS),
        note: "looking".into(),
        who: person("ana", 2),
    }
}

#[test]
fn each_rung_is_told_once_when_its_time_has_come() {
    let (mut w, mut p) = climbing(&[rung(0, "lead"), rung(15 * MINUTE, "qa"), rung(HOUR, "lead")]);
    fires(&mut w, &mut p, "errors");
    assert_eq!(due(&w), [1]);
    let next = p.machine.next_deadline().unwrap();
    let left = next - w.now.boot;
    assert!(left > 14 * MINUTE && left <= 15 * MINUTE, "{left}");
    w.run(&mut p, left - 1_000);
    assert_eq!(due(&w), [1]);
    w.run(&mut p, 2_000);
    assert_eq!(due(&w), [1, 2]);
    w.run(&mut p, 2 * HOUR);
    assert_eq!(due(&w), [1, 2, 3]);
    assert_eq!(w.rings, [(1, News::Rung(1)), (1, News::Rung(2)), (1, News::Rung(3))]);
    let to = &w.state.ladder.rungs[&2];
    assert_eq!((to.to.as_slice(), to.told.as_ref().map(|t| t.0)), (&["QA".to_owned()][..], Some(true)));
    assert_eq!(w.count(|k| matches!(k, Kind::RungDue { .. })), 3);
}

#[test]
fn a_screen_that_decides_tells_nobody() {
    let (mut w, _) = climbing(&[rung(0, "lead")]);
    let mut screen = w.begin(false);
    fires(&mut w, &mut screen, "errors");
    w.run(&mut screen, HOUR);
    assert!(w.state.incident.is_some() && due(&w).is_empty() && w.rings.is_empty());
}

#[test]
fn what_was_told_is_not_told_again_after_a_restart_and_what_was_not_is() {
    let (mut w, mut p) = climbing(&[rung(0, "lead"), rung(15 * MINUTE, "qa")]);
    w.is("errors", Truth::True);
    w.fuel = Some((3, true));
    w.run(&mut p, 2_000);
    w.fuel = None;
    let on_record = w.count(|k| matches!(k, Kind::RungDue { .. }));
    let mut next = w.begin(true);
    w.run(&mut next, 5_000);
    assert_eq!(
        (due(&w), w.rings.clone()),
        (vec![1], vec![(1, News::Rung(1))]),
        "{on_record} on record before"
    );
    assert!(w.state.ladder.rungs[&1].told.is_some());
    let mut third = w.begin(true);
    w.run(&mut third, 5_000);
    assert_eq!(w.count(|k| matches!(k, Kind::RungTold { .. })), 1);
}

#[test]
fn after_a_long_sleep_all_that_is_due_is_told_and_said_to_be_late() {
    let (mut w, mut p) = climbing(&[rung(0, "lead"), rung(15 * MINUTE, "qa"), rung(HOUR, "lead")]);
    fires(&mut w, &mut p, "errors");
    w.pass(2 * HOUR);
    w.tell(&mut p, Event::HostSlept(2 * HOUR));
    w.run(&mut p, 2_000);
    assert_eq!(due(&w), [1, 2, 3]);
    assert!(w.state.ladder.rungs[&2].why.ends_with("1h45m late"), "{}", w.state.ladder.rungs[&2].why);
}

#[test]
fn a_rung_is_for_its_severities_and_a_rise_makes_it_due_at_once() {
    let grave = Rung { severities: vec!["P0".into()], ..rung(MINUTE, "qa") };
    let (mut w, mut p) = climbing(&[rung(0, "lead"), grave]);
    fires(&mut w, &mut p, "errors");
    w.run(&mut p, HOUR);
    assert_eq!(due(&w), [1]);
    fires(&mut w, &mut p, "down");
    assert_eq!(due(&w), [1, 2]);
    w.is("down", Truth::False);
    w.run(&mut p, MINUTE);
    let incident = w.state.incident.clone().unwrap();
    assert_eq!(w.state.severity(&w.playbook, &incident).unwrap(), "P0", "it stays as grave as it was");
}

#[test]
fn its_condition_is_waited_for_and_unknown_is_not_true() {
    let only = Rung { when: Some(Condition { text: "up".into(), expr: Expr::Bool(true) }), ..rung(0, "qa") };
    let (mut w, mut p) = climbing(&[only, rung(MINUTE, "lead")]);
    let say = |w: &mut World, truth| {
        w.said = Some(Conditions { rungs: vec![truth, Truth::True], ..Conditions::default() });
    };
    say(&mut w, Truth::Unknown);
    fires(&mut w, &mut p, "errors");
    w.run(&mut p, 2 * MINUTE);
    assert_eq!(due(&w), [2], "the one that waits holds up none other");
    say(&mut w, Truth::False);
    w.run(&mut p, MINUTE);
    assert_eq!(due(&w), [2]);
    say(&mut w, Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(due(&w), [2, 1]);
}

#[test]
fn whoever_takes_the_incident_holds_the_ladder_for_a_while() {
    let (mut w, mut p) = climbing(&[rung(0, "lead"), rung(15 * MINUTE, "qa")]);
    fires(&mut w, &mut p, "errors");
    w.run(&mut p, 10 * MINUTE);
    w.say(take(&w));
    w.run(&mut p, 2_000);
    assert_eq!(w.rings.last(), Some(&(1, News::Taken)), "the pager hears that somebody has it");
    w.run(&mut p, HOLDS - MINUTE);
    assert_eq!(due(&w), [1]);
    w.run(&mut p, MINUTE);
    assert_eq!(due(&w), [1, 2], "then it goes on");
    let Kind::RungAcked { severity, until, note, who, .. } = take(&w) else { unreachable!() };
    let other = Kind::RungAcked { incident: "INC-9".into(), climb: 1, severity, until, note, who };
    assert!(w.append(&other).is_err());
}

#[test]
fn a_graver_severity_ends_the_waiting() {
    let (mut w, mut p) = climbing(&[rung(0, "lead"), rung(MINUTE, "qa")]);
    fires(&mut w, &mut p, "errors");
    w.say(take(&w));
    w.run(&mut p, 5 * MINUTE);
    assert_eq!(due(&w), [1]);
    fires(&mut w, &mut p, "down");
    assert_eq!(due(&w), [1, 2]);
}

#[test]
fn nobody_reached_means_the_next_rung_at_once_and_they_are_told_all_the_same() {
    // 2026-11-21 is a Saturday, noon in UTC.
    let (mut w, _) = climbing(&[]);
    w.playbook.roles["qa"].available = Some("Mon-Fri 09:00-17:00 UTC".into());
    let both = Rung { roles: vec!["qa".into(), "lead".into()], ..rung(2 * HOUR, "qa") };
    w.playbook.escalation = vec![rung(0, "qa"), rung(HOUR, "lead"), both];
    let mut p = w.begin(true);
    fires(&mut w, &mut p, "errors");
    assert_eq!(due(&w), [1, 2]);
    let (first, second) = (&w.state.ladder.rungs[&1], &w.state.ladder.rungs[&2]);
    assert_eq!((first.to.len(), first.outside.len(), second.outside.len()), (1, 1, 0));
    assert_eq!(second.why, "nobody of the rung before is reached at this hour");
    w.run(&mut p, 2 * HOUR);
    assert_eq!(
        w.state.ladder.rungs[&3].to,
        ["LEAD"],
        "who is outside their hours is left out where another is in"
    );
}

#[test]
fn those_who_were_told_hear_that_it_is_over() {
    let (mut w, mut p) = climbing(&[rung(0, "lead")]);
    fires(&mut w, &mut p, "errors");
    let incident = w.state.incident.as_ref().unwrap().id.clone();
    w.say(Kind::IncidentClosed { incident, who: Some(person("ana", 2)), reason: "false alarm".into() });
    w.run(&mut p, 2_000);
    assert_eq!(w.rings, [(1, News::Rung(1)), (1, News::Over)]);
}
