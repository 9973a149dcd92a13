//! The words of each kind.

use super::*;
use crate::engine::eval::Truth;
use crate::model::time::{Deadline, Now};
use crate::session::decision::Withheld;
use crate::session::decision::{Far, WatchEnd};

fn person(user: &str) -> Person {
    Person { user: user.into(), ..Person::default() }
}

fn at() -> Now {
    Now { boot: 5, boot_id: "a".into(), wall: 1_795_262_400_000 }
}

fn told(kind: &Kind) -> Told {
    let (name, body) = kind.parts();
    let record = Record { v: 1, seq: 1, at: at(), kind: name, body, prev: String::new() };
    tell(None, &record).unwrap_or_else(|| panic!("{kind:?} tells nothing"))
}

fn every() -> Vec<Kind> {
    let [firing, run, clock] = ["errors-3", "1121-120000-auto-errors-3", "errors-3-d1"].map(str::to_owned);
    let text = "p95 > 2 s".to_owned();
    let left = Some("2.18 s".to_owned());
    let part = Part { text, series: None, left, right: None, truth: Truth::True, age: Some(1), reason: None };
    let role = RoleFacts { title: "On-call lead".into(), ..RoleFacts::default() };
    let who = || person("ana");
    let epoch = 4;
    vec![
        Kind::EpochBegan {
            epoch,
            host: "web1".into(),
            pid: 7,
            who: who(),
            acts: true,
            taken_over: Some("silent".into()),
        },
        Kind::EpochEnded { epoch },
        Kind::VerdictChanged {
            epoch,
            from: Standing::Quiet,
            to: Standing::Row("P1".into()),
            evidence: vec![part.clone()],
        },
        Kind::IncidentOpened {
            incident: "INC-1".into(),
            reason: "Errors fires".into(),
            run: None,
            who: None,
        },
        Kind::IncidentClosed { incident: "INC-1".into(), who: Some(who()), reason: "all is well".into() },
        Kind::Fired {
            epoch,
            firing: firing.clone(),
            trigger: "errors".into(),
            true_since: at(),
            cell: Cell::Decide { within: 600_000, default_at: Some(1_800_000) },
            stage: Some(25),
            note: Some("between 5 and 25 %".into()),
            mode: Automation::Armed,
            evidence: vec![part],
        },
        Kind::Resolved { epoch, firing: firing.clone(), evidence: Vec::new() },
        Kind::CellMoved { epoch, firing: firing.clone(), cell: Cell::Auto, stage: Some(100), note: None },
        Kind::AutomationSet {
            trigger: None,
            mode: Automation::Off,
            who: who(),
            reason: "maintenance".into(),
        },
        Kind::AutomationSet {
            trigger: Some("errors".into()),
            mode: Automation::Armed,
            who: who(),
            reason: String::new(),
        },
        Kind::WouldAct { epoch, firing: firing.clone(), procedure: "config".into() },
        Kind::Withheld {
            epoch,
            firing: firing.clone(),
            by: Withheld::Cooldown,
            why: "it acted 3m ago".into(),
        },
        Kind::Acting {
            epoch,
            firing: firing.clone(),
            clock: None,
            run: run.clone(),
            procedure: "config".into(),
        },
        Kind::Reacted {
            epoch,
            firing: firing.clone(),
            run: run.clone(),
            from_true: 130_000,
            from_firing: 1_240,
            to_effect: Some(31_000),
            target: Some(30_000),
        },
        Kind::Acted { epoch, firing: firing.clone(), run, ok: false, detail: "step 2: exit 1".into() },
        Kind::Escalated {
            epoch,
            firing: firing.clone(),
            clock: None,
            why: "Errors: it failed".into(),
            to: vec!["On-call lead".into()],
        },
        Kind::Paged { epoch, firing: firing.clone(), ok: false, detail: "slack: refused".into() },
        Kind::ClockOpened {
            epoch,
            clock: clock.clone(),
            firing: firing.clone(),
            decide_by: Some(Deadline::after(&at(), 600_000)),
            default_at: Some(Deadline::after(&at(), 1_800_000)),
            default: DefaultAction::Act,
            procedure: Some("config".into()),
            roles: vec![role],
            stage: None,
        },
        Kind::DefaultFrozen {
            epoch,
            clock: clock.clone(),
            plan: Ok(("25 %".into(), "0 %".into())),
            hash: Some("h".into()),
        },
        Kind::DefaultFrozen { epoch, clock: clock.clone(), plan: Err("no version".into()), hash: None },
        Kind::ClockMissed { epoch, clock: clock.clone() },
        Kind::Said {
            clock: clock.clone(),
            choice: Choice::RollBack { procedure: "config".into(), run: None },
            who: who(),
            roles: Vec::new(),
            reason: "it gets worse".into(),
        },
        Kind::Said {
            clock: clock.clone(),
            choice: Choice::Extend(300_000),
            who: who(),
            roles: Vec::new(),
            reason: "r".into(),
        },
        Kind::ClockClosed {
            epoch: Some(epoch),
            clock: clock.clone(),
            how: Closed::Decided,
            detail: "ana decided to hold".into(),
        },
        Kind::ClockClosed {
            epoch: Some(epoch),
            clock,
            how: Closed::Overdue,
            detail: "nothing is done late".into(),
        },
        Kind::Acked { firing, who: who(), note: "on it".into() },
        Kind::Noted { text: "deploy at noon\u{1b}[31m".into(), who: who(), to: None },
        Kind::Noted { text: "take your hands off\nplease".into(), who: who(), to: Some("ben".into()) },
        Kind::Called {
            role: "lead".into(),
            title: "On-call lead".into(),
            text: "come\u{1b}[31m".into(),
            ok: true,
            detail: "Pager: 202".into(),
            who: who(),
        },
        Kind::Troubled { title: "Canary fails".into(), on: true, who: Some(who()) },
        Kind::Troubled { title: "Canary fails".into(), on: false, who: None },
        Kind::Ticked {
            checklist: "before".into(),
            item: 2,
            text: "tell them".into(),
            done: true,
            note: String::new(),
            who: who(),
        },
        Kind::ItemNoted {
            checklist: "before".into(),
            item: 2,
            text: "tell them".into(),
            note: "in #ops".into(),
            who: who(),
        },
        Kind::ItemWithout {
            checklist: "before".into(),
            item: 2,
            text: "tell them".into(),
            reason: "chat is down".into(),
            who: who(),
        },
        Kind::ItemBegan {
            checklist: "before".into(),
            item: 3,
            text: "open a ticket".into(),
            deed: "d1".into(),
            what: "./ticket --new".into(),
            until: Deadline::after(&at(), 40_000),
            who: who(),
        },
        Kind::ItemEnded {
            checklist: "before".into(),
            item: 3,
            deed: "d1".into(),
            ok: false,
            detail: "exit 1: no route".into(),
            took: 1_200,
            who: who(),
        },
        Kind::ItemJudged {
            epoch,
            checklist: "before".into(),
            item: 1,
            text: "severity confirmed".into(),
            answer: crate::run::Answer::Holds,
            detail: "p95 2.18 s > 2 s".into(),
        },
        Kind::RunOver { epoch, run: "r1".into(), procedure: "back".into(), ended: at(), follow: Vec::new() },
        Kind::Flagged { signal: "odd".into(), raised: true, note: "users call".into(), who: who() },
        Kind::Counted { signal: "complaints".into(), delta: 1, who: who() },
        Kind::Marked {
            mark: "deploy".into(),
            at: at().wall,
            values: [("p95".to_owned(), Ok((1.0, 9)))].into_iter().collect(),
            who: who(),
        },
        Kind::RungDue {
            epoch,
            incident: "INC-1".into(),
            climb: 1,
            rung: 2,
            why: "the incident has been open for 15m".into(),
            to: vec!["Engineering lead".into()],
            outside: vec!["Engineering lead".into()],
        },
        Kind::RungTold { epoch, climb: 1, rung: 2, ok: true, detail: "in the outbox for Pager".into() },
        Kind::RungAcked {
            incident: "INC-1".into(),
            climb: 1,
            severity: Some("P1".into()),
            until: Deadline::after(&at(), 1_800_000),
            note: "on it".into(),
            who: who(),
        },
        Kind::IncidentReopened {
            epoch,
            incident: "INC-1".into(),
            since: at(),
            reason: "In range did not last after r1".into(),
            run: Some("r1".into()),
        },
        Kind::FollowUpAdded {
            id: "f1".into(),
            text: "Order a disk".into(),
            due: Some(at().wall + 86_400_000),
            owner: Some("ben".into()),
            who: who(),
        },
        Kind::FollowUpSet { id: "f1".into(), to: Far::Without, note: "not ours".into(), who: who() },
        Kind::FollowUpOwned { id: "f1".into(), owner: None, who: who() },
        Kind::Watching {
            epoch,
            run: "r1".into(),
            objective: "range".into(),
            title: "In range".into(),
            incident: None,
            lasts: 7_200_000,
            allow: 0,
            held: 3_600_000,
            broken: 0,
            answer: crate::run::Answer::Blind,
            detail: "no data".into(),
        },
        Kind::WatchOver {
            epoch,
            run: "r1".into(),
            objective: "range".into(),
            how: WatchEnd::Broken,
            detail: "error rate 2 %".into(),
        },
        Kind::GoalJudged {
            epoch,
            run: "r1".into(),
            objective: "impact".into(),
            title: "Queries affected".into(),
            answer: crate::run::Answer::Fails,
            detail: "1.4 % > 1 %".into(),
        },
        Kind::HostSlept { slept: 90_000 },
        Kind::TornTail(serde_json::json!({ "line": 12 })),
    ]
}

#[test]
fn every_kind_is_one_clean_line() {
    let lines: Vec<String> = every()
        .iter()
        .map(|kind| {
            let t = told(kind);
            assert!(!t.text.contains(['\n', '\u{1b}']), "{t:?}");
            let who = t.who.map(|w| format!(" · {w}")).unwrap_or_default();
            format!("{} {:<9} {}{who}", t.letter.unwrap_or(' '), t.kind, t.text)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn titles_stand_where_the_playbook_has_them() {
    let mut book = Playbook::default();
    let procedure = crate::model::playbook::Procedure { title: "Configuration".into(), ..Default::default() };
    book.procedures.insert("config".into(), procedure);
    let row = crate::model::playbook::Severity { title: "High".into(), ..Default::default() };
    book.severities.insert("P1".into(), row);
    let tells = |kind: &Kind| {
        let (name, body) = kind.parts();
        tell(Some(&book), &Record { v: 1, seq: 1, at: at(), kind: name, body, prev: String::new() })
            .unwrap()
            .text
    };
    let all = every();
    assert!(tells(&all[2]).starts_with("quiet → P1 High: p95 > 2 s: 2.18 s"), "{}", tells(&all[2]));
    assert!(tells(&all[10]).contains("would start Configuration"), "{}", tells(&all[10]));
}

#[test]
fn what_is_not_of_this_log_tells_nothing() {
    let record = Record {
        v: 1,
        seq: 1,
        at: at(),
        kind: "New".into(),
        body: serde_json::json!({}),
        prev: String::new(),
    };
    assert_eq!(tell(None, &record), None);
}
