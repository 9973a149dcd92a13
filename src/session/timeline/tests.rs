//! The stream: its order, its marks, where each line is on record.

use super::*;
use crate::run::plan::{Person, PlanStep};
use crate::run::record::Kind as Deed;

fn now(boot: u64, wall: i64) -> Now {
    Now { boot, boot_id: "b".into(), wall }
}

fn record(seq: u64, at: Now, (kind, body): (String, serde_json::Value), before: Option<&Record>) -> Record {
    let prev = before.map_or_else(|| "0".repeat(64), |r| on_record("", r).hash);
    Record { v: 1, seq, at, kind, body, prev }
}

fn ana() -> Person {
    Person { user: "ana".into(), ..Person::default() }
}

fn noted(text: &str) -> (String, serde_json::Value) {
    Kind::Noted { text: text.into(), who: ana(), to: None }.parts()
}

fn plan() -> Plan {
    let step = crate::model::playbook::Step::new(
        "Reload",
        crate::model::playbook::StepKind::Procedure { id: "x".into(), args: Default::default() },
    );
    let step = PlanStep {
        number: 1,
        label: "1".into(),
        fallback_of: None,
        within: None,
        ramp: None,
        when: None,
        phase: None,
        program: None,
        step,
    };
    Plan {
        id: "1121-0314-c".into(),
        confirmed_at: now(5_000, 5_000),
        who: ana(),
        reason: "errors".into(),
        steps: vec![step],
        ..Plan::default()
    }
}

fn lines(stream: &[Happening]) -> Vec<String> {
    let sign = |h: &Happening| h.sign().unwrap_or(' ');
    stream.iter().map(|h| format!("{:>5} {} {}: {}", h.wall, sign(h), h.kind, h.text)).collect()
}

#[test]
fn records_of_several_logs_are_one_stream_by_wall_time_then_log_order() {
    let first = record(1, now(6_000, 6_000), noted("one"), None);
    let second = record(2, now(6_000, 6_000), noted("two"), Some(&first));
    let start =
        Deed::StepStarting { step: 1, name: "Reload".into(), attempt: 1, token: "t".into(), file: None };
    let done = Deed::StepExited {
        step: 1,
        attempt: 1,
        outcome: Outcome::Success { detail: "exit 0".into() },
        survivors: vec![],
    };
    let seen = Deed::Observed { step: 1, answer: Answer::Holds, detail: "off".into() };
    let journal = vec![
        record(1, now(5_500, 5_500), start.parts(), None),
        record(2, now(6_000, 6_000), done.parts(), None),
        record(3, now(7_000, 7_000), seen.parts(), None),
    ];
    let stream = whole(&Playbook::default(), &[first, second], &[(plan(), journal)]).unwrap();
    insta::assert_snapshot!(lines(&stream).join("\n"), @r"
     5000 > run: 1121-0314-c requested, 1 steps: errors
     5500 > step 1: Reload: starting
     6000 n note: one
     6000 n note: two
     6000 + step 1: Reload: applied, exit 0
     7000 * step 1: Reload: observed, off
    ");
}

#[test]
fn a_wall_clock_that_was_set_is_told_and_nothing_is_reordered_in_silence() {
    let records = [
        record(1, now(1_000, 100_000), noted("before"), None),
        record(2, now(2_000, 101_500), noted("drifts a little"), None),
        record(3, now(3_000, 42_500), noted("after"), None),
        record(
            4,
            Now { boot_id: "other".into(), ..now(9, 500_000) },
            noted("another boot says nothing"),
            None,
        ),
    ];
    let stream = whole(&Playbook::default(), &records, &[]).unwrap();
    let told = lines(&stream);
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(told[0].contains("! clock: the wall clock was set by 1m back"), "{told:#?}");
    assert!(told[1].ends_with("note: after"), "{told:#?}");
}

#[test]
fn where_a_line_is_on_record_is_what_the_chain_says() {
    let first = record(1, now(1, 1), noted("one"), None);
    let second = record(2, now(2, 2), noted("two"), Some(&first));
    let stream = whole(&Playbook::default(), &[first, second.clone()], &[]).unwrap();
    let at = stream[0].record.as_ref().unwrap();
    assert_eq!((at.log.as_str(), at.seq, &at.hash), ("decisions", 1, &second.prev));
}

#[test]
fn what_was_measured_names_the_value_before_and_who_judged() {
    let mut teller = RunTeller::default();
    let plan = plan();
    let mut tell = |kind: Deed| teller.tell(&plan, &record(1, now(1, 1), kind.parts(), None)).unwrap();
    tell(Deed::RunStarted {
        plan: "h".into(),
        pid: 41120,
        start: 1,
        uid: 1,
        host: "web".into(),
        version: "1".into(),
        proof: None,
    });
    let changed =
        |answer, value: &str| Deed::CriterionChanged { step: 1, criterion: 0, answer, value: value.into() };
    tell(changed(Answer::Fails, "1"));
    let told = tell(changed(Answer::Holds, "0"));
    assert_eq!(told[0].measured, "0 (was 1), judged by supervisor pid 41120");
    assert_eq!(told[0].sign(), Some('✓'));
}

#[test]
fn exit_0_is_applied_and_never_more() {
    let outcome = |outcome| done(&Deed::StepExited { step: 1, attempt: 1, outcome, survivors: vec![] });
    assert_eq!(outcome(Outcome::Success { detail: String::new() }), Some('+'));
    assert_eq!(outcome(Outcome::Unknown { evidence: String::new() }), Some('?'));
    assert_eq!(outcome(Outcome::TimedOut { detail: String::new() }), Some('!'));
}
