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
