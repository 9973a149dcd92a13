//! Files, captures, questions, ramps and `when`.

use super::Answer::{Blind, Fails, Holds};
use super::*;
use crate::model::playbook::{Capture, FileWrite, Freeze, Hold, Question};
use crate::model::template::Template;
use crate::run::plan::RampPart;

fn write() -> Step {
    let file = Template("/etc/x".into());
    step("w", StepKind::Write(FileWrite { file, content: Template(String::new()), mode: None, backup: true }))
}

fn change(before: Option<&str>, after: &str) -> FileChange {
    let kept = Some("/etc/x.kept".to_owned());
    FileChange { path: "/etc/x".into(), before: before.map(str::to_owned), after: after.into(), kept }
}

#[test]
fn a_file_is_changed_only_after_both_hashes_stand_in_the_intent() {
    let mut b = Bench::new(vec![write(), run("b")]);
    assert_eq!((b.last.as_slice(), b.starts(1)), ([Effect::Prepare { step: 1 }].as_slice(), 0));
    b.tell(Event::Prepared { step: 1, file: Ok(change(Some("aa"), "bb")) });
    let [Effect::Record(Kind::StepStarting { file: Some(file), .. }), Effect::Start { step: 1, .. }] =
        b.last.as_slice()
    else {
        panic!("{:?}", b.last);
    };
    assert_eq!(file, &change(Some("aa"), "bb"));
    b.adopt();
    assert!(matches!(b.last.as_slice(), [Effect::Recover { step: 1, attempt: 1, .. }]), "{:?}", b.last);
    b.ended(1, good());
    assert_eq!((b.starts(1), b.starts(2)), (1, 1));
    assert_eq!(b.view().steps[0].said, Some(change(Some("aa"), "bb")));
    assert!(b.story().contains("/etc/x: aa → bb, the old one is kept as /etc/x.kept"), "{}", b.story());
}

#[test]
fn a_file_that_says_it_already_is_left_alone() {
    let mut b = Bench::new(vec![write(), run("b")]);
    b.tell(Event::Prepared { step: 1, file: Ok(change(Some("bb"), "bb")) });
    assert_eq!((b.view().steps[0].state, b.starts(1), b.starts(2)), (StepState::Skipped, 0, 1));
}

#[test]
fn a_file_that_cannot_be_changed_is_a_failure_and_nothing_was_written() {
    let mut b = Bench::new(vec![write(), run("b")]);
    b.tell(Event::Prepared { step: 1, file: Err("no such folder".into()) });
    assert_eq!((b.verdict(), b.starts(2)), (Some(Verdict::Failed), 0));
    assert!(b.view().why.contains("nothing was written: no such folder"));
}

#[test]
fn a_file_intent_without_hashes_never_began() {
    let mut b = Bench::new(vec![write()]);
    let token = "r.1.1".to_owned();
    b.write(Kind::StepStarting { step: 1, name: "w".into(), attempt: 1, token, file: None });
    b.adopt();
    assert!(
        matches!(
            &b.last[..],
            [
                Effect::Record(Kind::StepExited { outcome: Outcome::NotStarted { .. }, .. }),
                Effect::Prepare { step: 1 }
            ]
        ),
        "{:?}",
        b.last
    );
}

#[test]
fn a_capture_is_begun_again_within_its_attempt() {
    let mut b = Bench::new(vec![step("c", StepKind::Capture(Capture::default())), run("b")]);
    assert!(matches!(b.last.last(), Some(Effect::Start { step: 1, attempt: 1, .. })));
    b.adopt();
    assert!(matches!(b.last.as_slice(), [Effect::Start { step: 1, attempt: 1, .. }]), "{:?}", b.last);
    b.ended(1, good());
    assert_eq!((b.starts(1), b.starts(2)), (1, 1));
}

fn question() -> Question {
    Question {
        text: Template("Is it the right index?".into()),
        answers: [("yes".to_owned(), true), ("no".to_owned(), false)].into_iter().collect(),
        input: Some("index".into()),
        prefill: None,
        optional: false,
        roles: vec!["lead".into()],
    }
}

fn answer(label: Option<&str>, input: Option<&str>) -> Wish {
    Wish::Answer { label: label.map(str::to_owned), input: input.map(str::to_owned) }
}

#[test]
fn a_question_waits_for_an_answer_of_somebody_who_may() {
    let mut b = Bench::new(vec![step("q", StepKind::Ask(question())), run("b")]);
    assert_eq!(b.need(), Some(Need::Answer { step: 1, question: question() }));
    b.later(3_600_000);
    b.adopt();
    assert_eq!(b.starts(1), 1, "asked once, whoever drives");
    for (roles, label, text, step, why) in [
        ([].as_slice(), Some("yes"), None, 1, "only these may answer: lead"),
        (&["lead"], Some("maybe"), None, 1, "it must be one of: yes, no"),
        (&["lead"], None, Some("x"), 1, "it must be one of: yes, no"),
        (&["lead"], None, None, 1, "it must be one of: yes, no"),
        (&["lead"], Some("yes"), None, 2, "another step"),
    ] {
        b.ask_as("ben", 1001, roles, answer(label, text), Some(step));
        assert!(b.refused().contains(why), "{}", b.refused());
    }
    assert_eq!(b.starts(2), 0);
    b.ask_as("ben", 1001, &["lead"], answer(Some("yes"), Some("idx\x1b[1m-7")), Some(1));
    assert_eq!((b.refused().as_str(), b.starts(2)), ("", 1));
    assert_eq!(b.machine.state().answers["index"], "idx-7");
    assert_eq!(b.view().steps[0].detail, "answered yes: idx-7 (ben)");
}

#[test]
fn an_answer_that_says_no_is_a_failure() {
    let mut b = Bench::new(vec![step("q", StepKind::Ask(question())), run("b")]);
    b.ask_as("ben", 1001, &["lead"], answer(Some("no"), None), Some(1));
    assert_eq!((b.verdict(), b.starts(2)), (Some(Verdict::Failed), 0));
}

#[test]
fn an_optional_question_may_be_left_and_a_free_one_takes_any_text() {
    let free = Question { answers: Default::default(), roles: vec![], ..question() };
    let mut b = Bench::new(vec![step("q", StepKind::Ask(free.clone()))]);
    b.ask(answer(None, Some("  ")), Some(1));
    assert_eq!(b.refused(), "it asks for a text");
    b.ask(answer(None, Some("anything")), Some(1));
    assert_eq!(b.view().steps[0].detail, "answered: anything (ana)");
    let mut b = Bench::new(vec![step("q", StepKind::Ask(Question { optional: true, ..free }))]);
    b.ask(answer(None, None), Some(1));
    assert_eq!((b.view().steps[0].state, b.machine.state().answers.len()), (StepState::Applied, 0));
}

/// Two values, each set and held for a minute; then `b`.
fn ramp() -> Plan {
    let hold = |value: &str| {
        let value = value.to_owned();
        step(
            "hold",
            StepKind::Hold(Hold { lasts: 60_000, stop_when: Some(rule()), next_when: Some(rule()), value }),
        )
    };
    let mut plan = plan(vec![run("25"), hold("25 %"), run("0"), hold("0 %"), run("b")]);
    for (n, value) in [(1, "25 %"), (2, "25 %"), (3, "0 %"), (4, "0 %")] {
        plan.steps[n - 1].ramp = Some(RampPart { id: None, last: 4, value: value.into() });
    }
    plan
}

fn says(answer: Answer) -> Option<(Answer, String)> {
    Some((answer, "seen".to_owned()))
}

/// The first value is set and held; `judged` at its end.
fn held(stop: Answer, next: Answer) -> Bench {
    let mut b = Bench::of(ramp());
    b.ended(1, good());
    b.later(30_000);
    b.adopt();
    assert_eq!(b.machine.next_deadline().unwrap().left(&at(b.now)), 30_000, "durable");
    b.later(30_000);
    assert_eq!(b.last, [Effect::Judge { step: 2 }]);
    b.tell(Event::HoldJudged { step: 2, stop: says(stop), next: says(next) });
    b
}

#[test]
fn a_value_that_is_left_out_is_not_held() {
    let mut plan = ramp();
    plan.steps[0].step.already = Some(probe());
    let mut b = Bench::of(plan);
    b.probed(1, Asked::Already, Holds);
    assert_eq!([b.starts(1), b.starts(2), b.starts(3)], [0, 0, 1]);
    assert_eq!(b.view().steps[1].detail, "not needed: 25 % was left out");
}

#[test]
fn a_ramp_stops_where_it_is_good_and_goes_on_behind_its_last_step() {
    let b = held(Holds, Fails);
    assert_eq!([b.starts(3), b.starts(4), b.starts(5)], [0, 0, 1]);
    assert_eq!(b.view().steps[2].detail, "not needed: good at 25 %");
}

#[test]
fn a_ramp_goes_on_where_it_is_not_good_yet_and_fails_where_it_may_not_go_on() {
    assert_eq!(held(Fails, Holds).starts(3), 1);
    let b = held(Fails, Fails);
    assert_eq!((b.starts(3), b.verdict()), (0, Some(Verdict::Failed)));
    assert_eq!(held(Blind, Fails).verdict(), Some(Verdict::Failed), "a plain no is enough");
}

#[test]
fn a_hold_that_cannot_be_judged_is_a_persons() {
    for (stop, next) in [(Blind, Holds), (Fails, Blind)] {
        let mut b = held(stop, next);
        assert!(matches!(b.need(), Some(Need::Choose { step: 2, .. })));
        b.later(600_000);
        assert_eq!((b.starts(3), b.starts(5), b.verdict()), (0, 0, None));
        let mut on = b.clone();
        on.ask(Wish::DoIt { reason: "looks well".into() }, Some(2));
        assert_eq!((on.starts(3), on.starts(5)), (1, 0));
        let mut off = b.clone();
        off.ask(Wish::Skip { reason: "enough".into() }, Some(2));
        assert_eq!((off.starts(3), off.starts(5)), (0, 1));
        b.ask(Wish::AskAgain, Some(2));
        assert_eq!(b.last.last(), Some(&Effect::Judge { step: 2 }));
        b.tell(Event::HoldJudged { step: 2, stop: says(Fails), next: says(Holds) });
        assert_eq!(b.starts(3), 1);
    }
}

#[test]
fn a_hold_without_conditions_only_waits() {
    let mut plan = ramp();
    for n in [1, 3] {
        let StepKind::Hold(h) = &mut plan.steps[n].step.kind else { panic!() };
        (h.stop_when, h.next_when) = (None, None);
    }
    let mut b = Bench::of(plan);
    b.ended(1, good());
    b.later(60_000);
    assert_eq!(b.starts(3), 1);
}

fn when(answer: Answer) -> Bench {
    let mut plan = plan(vec![Step { already: Some(probe()), ..run("a") }, run("b")]);
    plan.steps[0].when = Some(probe());
    let mut b = Bench::of(plan);
    assert!(matches!(b.last.as_slice(), [Effect::Probe { step: 1, asked: Asked::When, .. }]), "{:?}", b.last);
    b.probed(1, Asked::When, answer);
    b
}

#[test]
fn when_comes_before_everything_and_a_no_skips() {
    let b = when(Fails);
    assert_eq!((b.view().steps[0].state, b.starts(1), b.starts(2)), (StepState::Skipped, 0, 1));
    let mut b = when(Holds);
    b.probed(1, Asked::Already, Fails);
    assert_eq!(b.starts(1), 1);
}

#[test]
fn when_that_cannot_be_judged_is_a_persons() {
    let mut b = when(Blind);
    assert!(matches!(b.need(), Some(Need::Choose { step: 1, .. })));
    b.later(600_000);
    let mut does = b.clone();
    does.ask(Wish::DoIt { reason: "yes".into() }, Some(2));
    assert!(does.refused().contains("another step"));
    does.ask(Wish::DoIt { reason: "yes".into() }, Some(1));
    does.probed(1, Asked::Already, Fails);
    assert_eq!(does.starts(1), 1);
    let mut skips = b.clone();
    skips.ask(Wish::Skip { reason: "no".into() }, Some(1));
    assert_eq!((skips.starts(1), skips.starts(2), skips.view().steps[0].detail.as_str()), (0, 1, "ana: no"));
    b.ask(Wish::AskAgain, Some(1));
    assert!(matches!(b.last.last(), Some(Effect::Probe { step: 1, asked: Asked::When, .. })));
}

#[test]
fn what_a_step_froze_stays_in_the_view_after_the_end() {
    let freezes = Some(Freeze { what: Template("the pipeline".into()), undo: "thaw".into() });
    let frozen = |outcome| {
        let mut b = Bench::new(vec![Step { freezes: freezes.clone(), ..run("a") }, run("b")]);
        b.ended(1, outcome);
        b.ended(2, bad());
        b.view().frozen
    };
    assert_eq!(frozen(bad()), []);
    let after = frozen(good());
    assert_eq!((after[0].what.as_str(), after[0].undo.as_str(), after.len()), ("the pipeline", "thaw", 1));
    let unknown = frozen(Outcome::Unknown { evidence: "?".into() });
    assert_eq!(unknown[0].what, "the pipeline (it is not known whether)");
}

#[test]
fn what_the_run_itself_let_go_on_is_not_frozen() {
    let freezes = Some(Freeze { what: Template("the pipeline".into()), undo: "thaw".into() });
    let frozen = |outcome| {
        let mut plan = plan(vec![Step { freezes: freezes.clone(), ..run("a") }, run("b"), run("c")]);
        plan.steps[1].within = Some("thaw".into());
        let mut b = Bench::of(plan);
        b.ended(1, good());
        let before = b.view().frozen.len();
        b.ended(2, outcome);
        (before, b.view().frozen.len())
    };
    assert_eq!((frozen(good()), frozen(bad())), ((1, 0), (1, 1)));
}
