//! Incidents, verdicts, and who is told.

use super::*;
use crate::model::playbook::Rung;
use crate::model::template::Template;

fn name(w: &World) -> Option<&str> {
    w.state.incident.as_ref().map(|i| i.id.as_str())
}

#[test]
fn it_opens_at_the_first_firing_and_is_over_when_a_run_verified_and_nothing_fires() {
    let (mut w, mut p) =
        watched(&[("errors", auto()), ("slow", trigger(Cell::Watch, DefaultAction::Escalate))]);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(name(&w), Some("INC-2026-11-21-1"));
    assert_eq!(w.state.incident.as_ref().unwrap().reason, "Errors fires (errors-1)");
    w.run(&mut p, MINUTE);
    w.end(&mut p, true);
    w.is("errors", Truth::False);
    w.run(&mut p, MINUTE);
    w.is("slow", Truth::True);
    w.run(&mut p, MINUTE);
    w.is("slow", Truth::False);
    w.run(&mut p, 5 * MINUTE);
    assert!(name(&w).is_some(), "something fired five minutes ago");
    let due = p.machine.next_deadline().unwrap();
    w.run(&mut p, due - w.now.boot + 1_000);
    assert_eq!(name(&w), None);
    w.is("slow", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(name(&w), Some("INC-2026-11-21-2"));
}

#[test]
fn a_run_that_did_not_verify_ends_nothing() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    w.end(&mut p, false);
    w.is("errors", Truth::False);
    w.run(&mut p, 60 * MINUTE);
    assert!(name(&w).is_some());
}

#[test]
fn a_persons_run_opens_one_and_a_person_closes_it_for_good() {
    let (mut w, mut p) = watched(&[("errors", trigger(Cell::Watch, DefaultAction::Escalate))]);
    w.runs.insert("1121-1200-back-1f2e".into(), false);
    w.run(&mut p, 2_000);
    assert_eq!(w.state.incident.as_ref().unwrap().run.as_deref(), Some("1121-1200-back-1f2e"));
    let close = |w: &World| Kind::IncidentClosed {
        incident: name(w).unwrap().to_owned(),
        who: Some(person("ana", 2)),
        reason: "false alarm".into(),
    };
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    w.say(close(&w));
    w.run(&mut p, MINUTE);
    assert_eq!((name(&w), w.state.incidents), (None, 1), "neither that run nor that firing opens another");
    let mut next = w.begin(true);
    w.run(&mut next, MINUTE);
    assert_eq!(w.state.incidents, 1, "nor after a restart");
}

#[test]
fn its_name_is_filled_plainly() {
    let (mut w, _) = watched(&[("errors", auto())]);
    w.playbook.vars.insert("team".into(), "search".into());
    w.playbook.incident = Template("{{ team }}/{{ service.name }}-{{ environment }}-{{ count }}".into());
    let mut p = w.begin(true);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(name(&w), Some("search/shop-prod-1"));
}

#[test]
fn the_rung_that_the_incident_has_reached_is_told() {
    let (mut w, _) = watched(&[("gate", decide(20 * MINUTE, None, DefaultAction::Escalate))]);
    let rung = |after, role: &str| Rung {
        after,
        when: None,
        severities: Vec::new(),
        roles: vec![role.to_owned()],
        channels: Vec::new(),
        message: "m".into(),
    };
    w.playbook.escalation = vec![rung(0, "lead"), rung(15 * MINUTE, "qa")];
    let mut p = w.begin(true);
    w.is("gate", Truth::True);
    w.run(&mut p, 21 * MINUTE);
    let to = &w.state.firings["gate-1"].escalated.as_ref().unwrap().1;
    assert_eq!(to, &["QA"]);
}

#[test]
fn a_verdict_is_recorded_when_it_changes_and_not_while_an_engine_begins() {
    let (mut w, mut p) = watched(&[]);
    let say = |w: &mut World, p: &mut Program, standing: Standing| {
        w.pass(1_000);
        w.tell(p, Event::Judged { triggers: Vec::new(), standing, evidence: Vec::new() });
    };
    let changes = |w: &World| w.count(|k| matches!(k, Kind::VerdictChanged { .. }));
    assert_eq!(changes(&w), 1, "from unknown to quiet");
    let mut next = w.begin(true);
    say(&mut w, &mut next, Standing::Unknown("nothing yet".into()));
    say(&mut w, &mut next, Standing::Quiet);
    assert_eq!(changes(&w), 1);
    say(&mut w, &mut next, Standing::Row("P1".into()));
    say(&mut w, &mut next, Standing::Row("P1".into()));
    assert_eq!(changes(&w), 2);
    w.pass(SETTLE);
    say(&mut w, &mut next, Standing::Unknown("silent".into()));
    assert_eq!((changes(&w), &w.state.verdict.as_ref().unwrap().0), (3, &Standing::Unknown("silent".into())));
    w.hear(&mut p);
    assert!(p.machine.superseded() && p.machine.next_deadline().is_none());
}

fn with_ticket(act: Cell) -> World {
    let mut w = World::new(&[("errors", trigger(act, DefaultAction::Escalate))]);
    w.playbook.ticket = Some(crate::model::playbook::Ticket::default());
    w
}

#[test]
fn its_ticket_is_opened_once_and_names_it_and_holds_up_nothing() {
    let mut w = with_ticket(Cell::Auto);
    let mut p = w.begin(true);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    let i = w.state.incident.as_ref().unwrap();
    assert_eq!((i.id.as_str(), i.name()), ("INC-2026-11-21-1", "OPS-7"));
    assert!(w.state.attempts.contains_key("errors"), "it acted meanwhile");
    w.run(&mut p, MINUTE);
    let mut next = w.begin(true);
    w.run(&mut next, MINUTE);
    assert_eq!(w.tickets, ["INC-2026-11-21-1"]);
}

#[test]
fn a_ticket_that_fails_is_said_and_not_tried_again() {
    let mut w = with_ticket(Cell::Watch);
    w.ticket = Err("exited with 1".into());
    let mut p = w.begin(true);
    w.is("errors", Truth::True);
    w.run(&mut p, 10 * MINUTE);
    let i = w.state.incident.as_ref().unwrap();
    assert_eq!((i.name(), &i.ticket), ("INC-2026-11-21-1", &Some(Err("exited with 1".into()))));
    assert_eq!(w.tickets.len(), 1);
}

#[test]
fn a_program_that_dies_over_a_ticket_leaves_it_unknown_and_the_next_one_opens_none() {
    let (mut opened, mut unknown) = (0, 0);
    for fuel in 1..8 {
        let mut w = with_ticket(Cell::Watch);
        let mut p = w.begin(true);
        w.fuel = Some((fuel, false));
        w.is("errors", Truth::True);
        w.run(&mut p, 2_000);
        w.fuel = None;
        let mut next = w.begin(true);
        w.run(&mut next, MINUTE);
        assert!(w.tickets.len() <= 1, "with fuel {fuel}");
        match &w.state.incident.as_ref().unwrap().ticket {
            Some(Ok(_)) => opened += 1,
            Some(Err(why)) => {
                assert!(why.contains("nobody knows"), "{why}");
                unknown += 1;
            }
            None => panic!("with fuel {fuel} nothing is known and nothing is said"),
        }
    }
    assert!(opened > 0 && unknown > 0, "{opened} {unknown}");
}

#[test]
fn a_screen_opens_tickets_for_what_people_began_and_a_watcher_for_what_fires() {
    let mut w = with_ticket(Cell::Watch);
    let mut screen = w.begin(false);
    w.is("errors", Truth::True);
    w.run(&mut screen, MINUTE);
    assert!(w.tickets.is_empty(), "a screen only records");
    let mut watcher = w.begin(true);
    w.run(&mut watcher, MINUTE);
    assert_eq!(w.tickets.len(), 1);

    let mut w = with_ticket(Cell::Watch);
    let mut screen = w.begin(false);
    let (incident, reason) = ("INC-9".to_owned(), "customers call".to_owned());
    w.say(Kind::IncidentOpened { incident, reason, run: None, who: Some(person("ana", 2)) });
    w.run(&mut screen, MINUTE);
    assert_eq!(w.tickets, ["INC-9"]);
}

#[test]
fn the_runs_that_were_begun_in_it_belong_to_it_and_no_other_ones() {
    let mut w = World::new(&[("errors", trigger(Cell::Watch, DefaultAction::Escalate))]);
    let mut p = w.begin(true);
    let begun = |w: &World, run: &str, by: Option<Person>| Begun {
        run: run.into(),
        procedure: "back".into(),
        by,
        at: w.now.clone(),
    };
    let mut all = vec![begun(&w, "before", None)];
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    all.push(begun(&w, "first", Some(person("ana", 2))));
    w.run(&mut p, 2_000);
    all.push(begun(&w, "second", None));
    let runs = Runs { begun: all, ..Runs::default() };
    w.tell(&mut p, Event::Runs(runs.clone()));
    w.tell(&mut p, Event::Runs(runs));
    let i = w.state.incident.as_ref().unwrap();
    let known: Vec<&str> = i.runs.iter().map(|r| r.run.as_str()).collect();
    assert_eq!(known, ["first", "second"]);
    assert!(i.participants.iter().any(|p| p.who.user == "ana"), "who started a run is in it");
}
