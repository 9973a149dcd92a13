//! Incidents from records: names, tickets, severities, leads, participants, runs.

use super::*;
use crate::model::playbook::{Severity, Trigger};
use crate::session::decision::Rules;
use indexmap::IndexMap;

fn person(user: &str, uid: u32) -> Person {
    Person { user: user.into(), uid, ..Person::default() }
}

/// A log in which each record is a second after the one before.
struct Log {
    rules: Rules,
    state: Decisions,
    records: Vec<Record>,
    at: Now,
}

impl Log {
    fn new() -> Log {
        let at = Now { boot: 1_000, boot_id: "a".into(), wall: 1_795_262_400_000 };
        let rules = Rules { severities: vec!["P0".into(), "P1".into(), "P2".into()], ..Rules::default() };
        let mut log = Log { rules, state: Decisions::default(), records: Vec::new(), at };
        let (host, who) = ("h".to_owned(), person("deploy", 500));
        log.put(Kind::EpochBegan { epoch: 1, host, pid: 1, who, acts: true, taken_over: None });
        log
    }

    fn tries(&mut self, kind: &Kind) -> Result<(), String> {
        self.at = self.at.plus(1_000);
        self.state.admits(kind, &self.rules, &self.at)?;
        let (kind, body) = kind.parts();
        let seq = self.records.len() as u64 + 1;
        let record = Record { v: 1, seq, at: self.at.clone(), kind, body, prev: String::new() };
        self.state.follow(&record).unwrap();
        self.records.push(record);
        Ok(())
    }

    fn put(&mut self, kind: Kind) {
        self.tries(&kind).unwrap();
    }

    fn open(&mut self, id: &str) {
        self.put(Kind::IncidentOpened {
            incident: id.into(),
            reason: "r".into(),
            run: None,
            who: Some(person("ana", 1)),
        });
    }

    fn fired(&mut self, trigger: &str) {
        self.put(Kind::Fired {
            epoch: 1,
            firing: self.state.next_firing(trigger),
            trigger: trigger.into(),
            true_since: self.at.clone(),
            cell: crate::model::playbook::Cell::Watch,
            stage: None,
            note: None,
            mode: crate::model::playbook::Automation::Off,
            evidence: Vec::new(),
        });
    }

    fn now(&self) -> &Incident {
        self.state.incident.as_ref().unwrap()
    }
}

fn set(severity: &str, reason: &str) -> Kind {
    let (severity, reason) = (severity.into(), reason.into());
    Kind::SeveritySet { incident: "INC-1".into(), severity, who: person("ben", 2), reason }
}

fn close(id: &str) -> Kind {
    Kind::IncidentClosed { incident: id.into(), who: Some(person("ben", 2)), reason: "fixed".into() }
}

fn named(name: Result<&str, &str>) -> Kind {
    let name = name.map(str::to_owned).map_err(str::to_owned);
    Kind::IncidentNamed { epoch: 1, incident: "INC-1".into(), name }
}

fn playbook() -> Playbook {
    let mut p = Playbook::default();
    for id in ["P0", "P1", "P2"] {
        p.severities.insert(id.into(), Severity { title: id.into(), ..Severity::default() });
    }
    for (id, severity) in [("slow", "P2"), ("errors", "P1"), ("down", "P0")] {
        p.triggers.insert(id.into(), of(severity));
    }
    p
}

fn of(severity: &str) -> Trigger {
    use crate::model::condition::{Condition, Expr};
    use crate::model::playbook::{Automation, Cell, DefaultAction};
    Trigger {
        title: "t".into(),
        when: Condition { text: "up".into(), expr: Expr::Bool(true) },
        severity: Some(severity.into()),
        hold: 0,
        keep_firing_for: 0,
        clear_when: None,
        act: Cell::Watch,
        at: IndexMap::new(),
        default: DefaultAction::Escalate,
        mode: Automation::Off,
        procedure: None,
        args: IndexMap::new(),
        reason: None,
        authority: None,
        approval: Vec::new(),
        effect_within: None,
        cooldown: 0,
        max_attempts: 1,
        per: 0,
    }
}

#[test]
fn it_is_as_grave_as_the_gravest_that_fired_or_as_a_person_says_until_something_graver_fires() {
    let (p, mut log) = (playbook(), Log::new());
    log.fired("slow");
    log.open("INC-1");
    assert_eq!(log.now().severity(&p), Some("P2"), "it fired before it was opened, and fires still");
    log.fired("errors");
    assert_eq!(log.now().severity(&p), Some("P1"));
    log.put(Kind::Resolved { epoch: 1, firing: "errors-1".into(), evidence: Vec::new() });
    assert_eq!(log.now().severity(&p), Some("P1"), "it is not less grave because that is over");
    log.put(set("P2", "only the test shop"));
    assert_eq!(log.now().severity(&p), Some("P2"));
    log.fired("down");
    assert_eq!(log.now().severity(&p), Some("P0"));
    let why: Vec<&str> = log.now().severities.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(why, ["only the test shop"]);
}

#[test]
fn a_severity_is_one_of_the_playbooks_and_has_a_reason() {
    let mut log = Log::new();
    assert!(log.tries(&set("P1", "r")).unwrap_err().contains("INC-1 is not open"));
    log.open("INC-1");
    let unknown = log.tries(&set("P7", "r")).unwrap_err();
    assert_eq!(unknown, "no severity is named P7: there is P0, P1, P2");
    assert!(log.tries(&set("P1", " ")).unwrap_err().contains("needs a reason"));
    log.put(set("P1", "customers call"));
}

#[test]
fn whoever_is_on_record_in_it_takes_part_once_and_who_joins_is_said_to() {
    let mut log = Log::new();
    let note =
        |who: Person, to: Option<&str>| Kind::Noted { text: "seen".into(), who, to: to.map(str::to_owned) };
    log.put(note(person("eve", 9), None));
    log.open("INC-1");
    log.put(note(person("ben", 2), None));
    log.put(note(person("ben", 2), Some("ana")));
    log.put(Kind::Joined { incident: "INC-1".into(), who: person("lea", 3) });
    log.put(Kind::Joined { incident: "INC-1".into(), who: person("ben", 2) });
    let again = log.tries(&Kind::Joined { incident: "INC-1".into(), who: person("lea", 3) });
    assert!(again.unwrap_err().contains("lea is on record"));
    let who: Vec<(&str, bool)> =
        log.now().participants.iter().map(|p| (p.who.user.as_str(), p.joined)).collect();
    assert_eq!(who, [("ana", false), ("ben", true), ("lea", true)], "eve was there before it");
    assert_eq!(log.now().notes.len(), 1, "a message to a person is no note");
}

#[test]
fn the_ticket_names_it_once_also_when_it_comes_after_the_end() {
    let mut log = Log::new();
    log.open("INC-1");
    log.put(Kind::TicketAsked { epoch: 1, incident: "INC-1".into() });
    let again = log.tries(&Kind::TicketAsked { epoch: 1, incident: "INC-1".into() });
    assert!(again.is_err(), "its command is run once");
    assert_eq!(log.now().name(), "INC-1");
    log.put(close("INC-1"));
    log.put(named(Ok("OPS-7")));
    assert!(log.tries(&named(Ok("OPS-8"))).unwrap_err().contains("on record"));
    let all = incidents(&log.records).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].name(), all[0].id.as_str()), ("OPS-7", "INC-1"));
    assert_eq!(all[0].ended.as_ref().unwrap().2, "fixed");
}

#[test]
fn without_a_ticket_it_keeps_the_name_that_it_was_opened_under() {
    let mut log = Log::new();
    log.open("INC-1");
    log.put(named(Err("exited with 1")));
    assert_eq!(log.now().name(), "INC-1");
    assert_eq!(log.now().ticket, Some(Err("exited with 1".into())));
}

#[test]
fn incidents_are_told_with_their_runs_leads_and_ends_and_a_person_opens_and_closes_them() {
    let mut log = Log::new();
    log.open("INC-1");
    let lead =
        |name: &str| Kind::LeadSet { incident: "INC-1".into(), lead: name.into(), who: person("ana", 1) };
    log.put(lead("ana"));
    assert!(log.tries(&lead("ana")).unwrap_err().contains("leads INC-1 already"));
    log.put(lead("lea"));
    let began = log.at.clone();
    for (run, by) in [("r1", Some(person("ana", 1))), ("r2", None)] {
        let (incident, procedure, began) = ("INC-1".into(), "config".into(), began.clone());
        log.put(Kind::RunLinked { epoch: 1, incident, run: run.into(), procedure, by, began });
    }
    log.put(close("INC-1"));
    log.open("INC-2");
    let all = incidents(&log.records).unwrap();
    let told: Vec<(&str, usize, bool)> =
        all.iter().map(|i| (i.name(), i.runs.len(), i.ended.is_some())).collect();
    assert_eq!(told, [("INC-1", 2, true), ("INC-2", 0, false)]);
    assert_eq!(all[0].lead(), Some("lea"));
    assert_eq!(all[0].length(&log.at), 6_000, "its length does not grow after its end");
}
