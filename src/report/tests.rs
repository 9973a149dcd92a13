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

/// Records of a log of decisions.
fn log(kinds: Vec<(u64, crate::session::decision::Kind)>) -> Vec<Record> {
    let record = |(i, (s, kind)): (usize, (u64, crate::session::decision::Kind))| {
        let (kind, body) = kind.parts();
        Record { v: 1, seq: i as u64 + 1, at: at(s), kind, body, prev: String::new() }
    };
    kinds.into_iter().enumerate().map(record).collect()
}

/// A trigger fired, a person decided to hold, and it was over by itself.
fn held() -> Vec<Record> {
    use crate::model::playbook::{Automation, Cell, DefaultAction};
    use crate::session::decision::{Choice, Closed, Kind};
    let fired = Kind::Fired {
        epoch: 1,
        firing: "errors-1".into(),
        trigger: "errors".into(),
        true_since: at(10),
        cell: Cell::Decide { within: 600_000, default_at: None },
        stage: None,
        note: None,
        mode: Automation::Shadow,
        evidence: Vec::new(),
    };
    let opened = Kind::ClockOpened {
        epoch: 1,
        clock: "errors-1-d1".into(),
        firing: "errors-1".into(),
        decide_by: Some(Deadline::after(&at(71), 600_000)),
        default_at: None,
        default: DefaultAction::Escalate,
        procedure: Some("config".into()),
        roles: vec![RoleFacts { id: "lead".into(), title: "Lead".into(), ..RoleFacts::default() }],
        stage: None,
    };
    let said = Kind::Said {
        clock: "errors-1-d1".into(),
        choice: Choice::Hold,
        who: ben(),
        roles: vec!["lead".into()],
        reason: "a client misbehaves".into(),
    };
    let decided = "ben decided to hold".to_owned();
    let closed =
        Kind::ClockClosed { epoch: None, clock: "errors-1-d1".into(), how: Closed::Decided, detail: decided };
    let opens =
        Kind::IncidentOpened { incident: "INC-1".into(), reason: "errors".into(), run: None, who: None };
    let over =
        Kind::IncidentClosed { incident: "INC-1".into(), who: Some(ben()), reason: "it was a client".into() };
    log(vec![
        (70, opens),
        (70, fired),
        (71, opened),
        (131, said),
        (131, closed),
        (200, Kind::Resolved { epoch: 1, firing: "errors-1".into(), evidence: Vec::new() }),
        (210, over),
    ])
}

/// A reading of a minute each, of 1 but for 5 between two moments.
fn measured(from: u64, to: u64) -> Samples {
    let mut out = Samples::default();
    for s in (0..300).step_by(10) {
        let value = if (from..to).contains(&s) { 0.05 } else { 0.001 };
        let error = (s == 100).then(|| "timed out".to_owned());
        let value = error.is_none().then(|| value.into());
        out.spooled(crate::model::reading::Spooled {
            at: at(s).wall,
            signal: "rate".into(),
            series: None,
            value,
            error,
        });
    }
    out
}

fn told(subject: Subject<'_>, decided: &[Record]) -> Doc {
    let samples = measured(0, 0);
    let known =
        Known { service: "shop", environment: "prod", decided, samples: Some(&samples), ..Known::default() };
    document(subject, &known).unwrap()
}

#[test]
fn a_decision_not_to_roll_back_has_its_report() {
    let doc = told(Subject::Clock("errors-1-d1"), &held());
    let text = doc.print(Form::Markdown);
    assert!(text.starts_with("# Decision errors-1-d1: not rolled back\n"), "{text}");
    for part in [
        "| 2023-11-14 22:15:31 UTC | ben | Lead | hold | a client misbehaves |",
        "From 2023-11-14 22:13:30 UTC to 2023-11-14 22:16:40 UTC",
        "| Decision errors-1-d1 | 10m00s | 1m00s | kept |",
        "No rollback followed from it.",
        "To be filled in by people: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(doc.data["decision"]["rolled_back"], false);
    let open = told(Subject::Clock("errors-1-d1"), &held()[..3]).print(Form::Markdown);
    assert!(open.contains("errors-1-d1: not decided") && open.contains("Nobody said anything."), "{open}");
}

#[test]
fn an_incident_without_a_run_says_so_and_links_those_it_has() {
    let text = told(Subject::Incident("INC-1"), &held()).print(Form::Markdown);
    assert!(text.starts_with("# Incident INC-1: over, nothing was rolled back\n"), "{text}");
    assert!(text.contains("by ben: it was a client") && text.contains("errors-1-d1"), "{text}");
    let mut other = plan();
    other.confirmed_at = at(80);
    let (decided, journal) = (held(), happened());
    let known = Known { runs: vec![(&other, &journal)], decided: &decided, ..Known::default() };
    let text = document(Subject::Incident("INC-1"), &known).unwrap().print(Form::Markdown);
    assert!(text.contains("| Runs | 1121-0314-c |") && text.contains("| 1 | Freeze | applied |"), "{text}");
    for wrong in [Subject::Incident("INC-2"), Subject::Clock("x"), Subject::Run("y")] {
        assert!(document(wrong, &known).is_err(), "{wrong:?}");
    }
}

#[test]
fn impact_and_metrics_are_of_the_data_and_what_is_not_known_says_so() {
    use crate::model::condition::{Cmp, Comparison, Expr};
    use crate::model::playbook::{Playbook, ReadingKind, Signal};
    use crate::model::template::Template;
    use crate::model::unit::{Quantity, Unit};
    let two = Quantity { value: 0.02, dim: Unit::Percent.dim() };
    let critical = Comparison { text: "> 2%".into(), op: Cmp::Gt, right: Expr::Number(two) };
    let signal = Signal {
        title: "Error rate".into(),
        source: None,
        reading: ReadingKind::Query(Template("x".into())),
        unit: Unit::Percent,
        raw: Unit::Percent,
        series: None,
        counter: false,
        better: Default::default(),
        baseline: None,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: Some(critical),
        stale_after: 30_000,
        panel: Some(1),
    };
    let mut playbook = Playbook::default();
    playbook.signals.insert("rate".into(), signal);
    let (decided, samples) = (held(), measured(50, 180));
    let known =
        Known { playbook: Some(&playbook), decided: &decided, samples: Some(&samples), ..Known::default() };
    let doc = document(Subject::Incident("INC-1"), &known).unwrap();
    assert_eq!(doc.data["impact"]["from_ms"], at(50).wall);
    assert_eq!(doc.data["impact"]["to_ms"], at(180).wall);
    let text = doc.print(Form::Markdown);
    assert!(text.contains("| critical > 2% |") && text.contains("1 reads failed meanwhile"), "{text}");
    assert!(text.contains("| Error rate | 0.1 % | 5 % | 5 % | 0.1 % |"), "{text}");
    let blind = Known { samples: None, ..known.clone() };
    let text = document(Subject::Incident("INC-1"), &blind).unwrap().print(Form::Markdown);
    assert!(text.contains("Unknown: the samples were not looked up"), "{text}");
    assert!(text.contains("Error rate: unknown, no sample of it is kept"), "{text}");
}
