//! The report: its words, and that it leaves nothing out.

use super::*;
use crate::model::playbook::{ApprovalDefault, FileWrite, Freeze, Hold, OnFailure, Question, Step, StepKind};
use crate::model::probe::Command;
use crate::model::template::Template;
use crate::model::time::Deadline;
use crate::run::plan::{After, Approval, PageRung, Person, PlanStep, Preflight, RampPart, RoleFacts};
use crate::run::record::{Answer, FileChange, Guard, Kind, Outcome, Request, Verdict, Wish};

#[test]
fn lengths_are_in_words() {
    assert_eq!(
        [length(0), length(250), length(48_000), length(198_000), length(7_500_000)].join(" "),
        "0s 250ms 48s 3m18s 2h05m"
    );
}

fn at(s: u64) -> Now {
    Now { boot: s * 1000, boot_id: "b".into(), wall: 1_700_000_000_000 + s as i64 * 1000 }
}

fn ben() -> Person {
    Person { user: "ben".into(), uid: 1001, ..Person::default() }
}

/// A run that had everything.
fn plan() -> Plan {
    let run = |name: &str| Step::new(name, StepKind::Run(Command::default()));
    let file = FileWrite {
        file: Template("/etc/x".into()),
        content: Template("x".into()),
        mode: None,
        backup: true,
    };
    let question = Question {
        text: Template("Which index?".into()),
        answers: Default::default(),
        input: Some("index".into()),
        prefill: None,
        optional: false,
        roles: Vec::new(),
    };
    let hold = Hold { lasts: 60_000, stop_when: None, next_when: None, value: "25 %".into() };
    let freezes = Some(Freeze { what: Template("the pipeline".into()), undo: "thaw".into() });
    let steps = [
        Step { freezes, by: Some(5_000), ..run("Freeze") },
        Step::new("Switch the flags", StepKind::Write(file)),
        Step::new("Which one", StepKind::Ask(question)),
        Step::new("Hold", StepKind::Hold(hold)),
        Step { on_failure: OnFailure::Ask, ..run("Restart") },
    ];
    let mut plan = Plan {
        id: "1121-0314-c".into(),
        who: Person { user: "ana".into(), uid: 1000, ..Person::default() },
        confirmed_at: at(0),
        steps: steps.into_iter().enumerate().map(|(i, s)| PlanStep::new(i + 1, s)).collect(),
        preflight: vec![Preflight {
            text: "Disk | room".into(),
            answer: Answer::Fails,
            detail: "2 GB left".into(),
        }],
        override_reason: Some("the disk is cleaned".into()),
        after: Some(After::Replaces { run: "1121-0300-b".into(), beside: None }),
        approval: Some(Approval {
            roles: vec![RoleFacts { id: "lead".into(), title: "Lead".into(), ..RoleFacts::default() }],
            people: 1,
            within: 60_000,
            default: ApprovalDefault::Refuse,
            trust_asserted_names: true,
            ..Approval::default()
        }),
        ..Plan::default()
    };
    plan.procedure.title = "Configuration rollback".into();
    plan.procedure.skips = vec!["the ticket".into()];
    plan.playbook.ladder = vec![PageRung { title: "Lead".into(), steps: Vec::new() }];
    plan.steps[3].label = "4.2".into();
    plan.steps[3].ramp = Some(RampPart { id: None, last: 4, value: "25 %".into() });
    plan
}

fn happened() -> Vec<Record> {
    let starting = |step: usize, file| Kind::StepStarting {
        step,
        name: "s".into(),
        attempt: 1,
        token: format!("t{step}"),
        file,
    };
    let exited = |step, outcome, survivors| Kind::StepExited { step, attempt: 1, outcome, survivors };
    let good = || Outcome::Success { detail: "exit 0".into() };
    let ask = Wish::Answer { label: None, input: Some("idx-7".into()) };
    let request = Request {
        id: "q".into(),
        run: "1121-0314-c".into(),
        step: Some(3),
        attempt: None,
        seen: 0,
        expires: Deadline::after(&at(9), 30_000),
        who: ben(),
        ask,
    };
    let file = FileChange {
        path: "/etc/x".into(),
        before: Some("aaaaaaaaaaaaaaaa".into()),
        after: "bbbbbbbbbbbbbbbb".into(),
        kept: Some("/etc/x.kept".into()),
    };
    let kinds = [
        Kind::RunStarted {
            plan: String::new(),
            pid: 7,
            start: 1,
            uid: 1000,
            host: "h".into(),
            version: "0".into(),
            proof: None,
        },
        Kind::Approved { who: ben(), roles: vec!["lead".into()], asserted: Some("lea".into()) },
        Kind::GuardJudged { step: 0, guard: Guard::Prove, answer: Answer::Holds, detail: "prod-1".into() },
        starting(1, None),
        Kind::Late { step: 1, by: 5_000 },
        exited(1, good(), vec![(4120, "sleep".into())]),
        starting(2, Some(file)),
        exited(2, good(), Vec::new()),
        starting(3, None),
        Kind::RequestHandled { request, accepted: true, why: String::new() },
        exited(3, Outcome::Success { detail: "answered: idx-7 (ben)".into() }, Vec::new()),
        starting(4, None),
        Kind::RampJudged { step: 4, stop: true, detail: "errors 0.1 %".into() },
        exited(4, good(), Vec::new()),
        starting(5, None),
        exited(5, Outcome::Unknown { evidence: "no end".into() }, Vec::new()),
        Kind::Proposed { step: 5, answer: Answer::Fails, detail: "old pid".into() },
        exited(5, Outcome::Settled { done: true, reason: "saw it (ben)".into() }, Vec::new()),
        Kind::NotVerified { step: None, why: "the procedure verifies nothing".into() },
        Kind::Paged { title: "Lead".into(), detail: "200".into(), told: true },
        Kind::RunFinished { verdict: Verdict::AcceptedUnverified, why: "accepted by ben: night".into() },
    ];
    let record = |(i, kind): (usize, Kind)| {
        let (kind, body) = kind.parts();
        Record { v: 1, seq: i as u64 + 1, at: at(i as u64 * 2), kind, body, prev: String::new() }
    };
    kinds.into_iter().enumerate().map(record).collect()
}

#[test]
fn nothing_is_left_out() {
    insta::assert_snapshot!(markdown(&plan(), &happened()).unwrap());
}

#[test]
fn a_report_can_be_made_at_every_point() {
    let (plan, all) = (plan(), happened());
    for n in 0..=all.len() {
        let text = markdown(&plan, &all[..n]).unwrap();
        assert_eq!(text.contains("not over"), n < all.len(), "{text}");
    }
}
