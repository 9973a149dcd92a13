//! What must be true of a run that was killed, whatever happened to it.

use super::game::stubs;
use super::steps::{Leaves, Line};
use super::tally::Tally;
use crate::run::{Case, Run, eventually};
use ripcord::journal::verify;
use ripcord::report;
use ripcord::run::state::Stand;
use ripcord::run::{Kind, Outcome, Plan, PlanStep, State, Verdict};
use ripcord::supervisor::attempt::{Signal, signal_strays};
use ripcord::supervisor::{self, home};
use std::sync::atomic::Ordering;

/// One attempt as the journal tells it.
struct Attempt {
    step: usize,
    token: String,
    /// How it came out by itself, before anybody settled it.
    outcome: Option<Outcome>,
    settled: Option<bool>,
}

/// The journal in words, for a test that fails.
pub fn told(run: &Run) -> String {
    let (plan, records) = supervisor::read_run(&run.dir).unwrap();
    let log = std::fs::read_to_string(run.dir.join("supervisor.log")).unwrap_or_default();
    report::markdown(&plan, &records).unwrap() + &log
}

fn line(step: &PlanStep) -> &'static Line {
    Line::of(&step.step.name)
}

/// A run that nobody ever accepted: nothing ran, and it is never started later.
pub fn never_accepted(case: &mut Case, run: &Run, tally: &Tally) {
    let refused = case.supervise(run, true).unwrap_err();
    assert!(refused.contains("never"), "{refused}");
    for step in &run.plan.steps {
        let left = line(step).left(&case.work(""), step.number);
        assert!(left.is_empty(), "{} was done by a run that was not accepted", step.step.name);
    }
    tally.end("never accepted");
}

/// Everything at the end of a run.
pub fn judge(case: &Case, run: &Run, tally: &Tally) {
    let (plan, records) = supervisor::read_run(&run.dir).unwrap();
    if records.is_empty() || matches!(Kind::read(&records[0]), Ok(Kind::RunRefused { .. })) {
        return;
    }
    let story = || told(run);
    let verified = verify(&home::journal_path(&run.dir)).unwrap();
    assert_eq!((verified.records, verified.torn), (records.len() as u64, 0), "{}", story());
    let kinds: Vec<Kind> = records.iter().map(|r| Kind::read(r).unwrap()).collect();
    let attempts = attempts(&plan, &kinds, &story);
    tally.attempts.fetch_add(attempts.len() as u64, Ordering::Relaxed);
    let state = State::fold(&plan, &records).unwrap();
    let (_, verdict, _) = state.finished.clone().expect("an end");
    tally.end(&format!("{verdict:?}").to_lowercase());

    eventually("the death of all stubs", || stubs(&run.dir).is_empty().then_some(()));
    for a in &attempts {
        let left = signal_strays(&a.token, Signal::CONT);
        assert!(left.is_empty(), "{left:?} outlived the run\n{}", story());
    }
    effects(case, &plan, &attempts, verdict, &story);

    let report = std::fs::read_to_string(run.dir.join("report.md")).unwrap();
    let of_journal = report::markdown(&plan, &records).unwrap();
    // What was told is in other logs, and comes after the end.
    for part in ["## Steps", "## Files", "## Verification"] {
        let of = |text: &str| text.split(part).nth(1).map(|t| t.split("\n## ").next().unwrap().to_owned());
        assert_eq!(of(&report), of(&of_journal), "{part} is not the journal's");
    }
    let timeline = report.split("## Timeline").nth(1).expect("a timeline");
    for step in &plan.steps {
        let name = &step.step.name;
        let begun = attempts.iter().filter(|a| a.step == step.number).count();
        let starts = timeline.matches(&format!("| {name}: starting")).count();
        assert_eq!(starts, begun, "{}", story());
        assert!(report.contains(&format!("| {name} |")), "{}", story());
    }
}

/// The attempts in order; each begins only when all before it is behind us, and comes out once.
fn attempts(plan: &Plan, kinds: &[Kind], story: &dyn Fn() -> String) -> Vec<Attempt> {
    let mut all: Vec<Attempt> = Vec::new();
    let mut state = State::new(plan);
    for (i, kind) in kinds.iter().enumerate() {
        match kind {
            Kind::RunStarted { .. } => assert_eq!(i, 0, "begun twice\n{}", story()),
            Kind::StepStarting { step, attempt, token, .. } => {
                let before = &plan.steps[..*step - 1];
                let passed = before.iter().all(|p| state.steps[p.number - 1].stand(p) == Stand::Passed);
                assert!(passed, "record {}: a step before it is not done\n{}", i + 1, story());
                let earlier = all.iter().filter(|a| a.step == *step).count();
                assert_eq!(earlier + 1, *attempt as usize, "{}", story());
                assert!(all.iter().all(|a| a.token != *token), "{token} twice\n{}", story());
                all.push(Attempt { step: *step, token: token.clone(), outcome: None, settled: None });
            }
            Kind::StepExited { step, outcome, .. } => {
                let last =
                    all.last_mut().filter(|a| a.step == *step).expect("an attempt that ended had begun");
                match outcome {
                    Outcome::Settled { done, .. } => last.settled = Some(*done),
                    other => {
                        assert!(last.outcome.is_none(), "{} ended twice\n{}", last.token, story());
                        last.outcome = Some(other.clone());
                    }
                }
            }
            Kind::RunFinished { .. } => assert_eq!(i + 1, kinds.len(), "records after the end\n{}", story()),
            _ => {}
        }
        state.apply(kind, &Default::default());
    }
    all
}

/// A message is on record once for each attempt, and told at least once under that name by whoever lives, or later.
fn letter<'a>(
    plan: &Plan,
    label: &str,
    told: &[String],
    attempts: impl Iterator<Item = &'a Attempt>,
    story: &dyn Fn() -> String,
) {
    let outbox = std::fs::read_to_string(std::path::Path::new(&plan.home).join("outbox.jsonl"));
    let outbox = outbox.unwrap_or_default();
    let queued = |line: &str| -> Option<String> {
        let record: serde_json::Value = serde_json::from_str(line).ok()?;
        let of_it = record["body"]["id"].as_str()?.starts_with(&format!("run {} step {label}", plan.id));
        (record["kind"] == "Queued" && of_it).then(|| record["body"]["id"].as_str().unwrap().to_owned())
    };
    let names: Vec<String> = outbox.lines().filter_map(queued).collect();
    let once: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(once.len(), names.len(), "queued twice: {names:?}\n{}", story());
    let done = attempts.filter(|a| matches!(a.outcome, Some(Outcome::Success { .. }))).count();
    assert!(names.len() >= done, "{done} times done, {names:?}\n{}", story());
    assert!(told.iter().all(|t| names.contains(t)), "{told:?} of {names:?}\n{}", story());
}

/// What was really done, beside what is said of it.
fn effects(case: &Case, plan: &Plan, attempts: &[Attempt], verdict: Verdict, story: &dyn Fn() -> String) {
    for step in plan.steps.iter().filter(|s| line(s).leaves != Leaves::Nothing && s.changes()) {
        let (name, leaves) = (&step.step.name, line(step).leaves);
        let left = line(step).left(&case.work(""), step.number);
        if leaves == Leaves::Letter {
            letter(plan, &step.label, &left, attempts.iter().filter(|a| a.step == step.number), story);
            continue;
        }
        let all = left.len();
        assert!(all <= 1, "{name} was done {all} times: {left:?}\n{}", story());
        if verdict == Verdict::Verified {
            assert_eq!(all, 1, "{name} was lost\n{}", story());
        }
        let of_step: Vec<&Attempt> = attempts.iter().filter(|a| a.step == step.number).collect();
        assert!(all == 0 || !of_step.is_empty(), "{name} was done without a record\n{}", story());
        let mut owned = 0;
        for a in &of_step {
            let here = left.iter().filter(|token| **token == a.token).count();
            owned += here;
            // What is left without a token is of the only attempt that can have left it.
            let here = if leaves == Leaves::Token { here } else { all };
            let what = format!("{} of {name}: {here} effects, {:?}\n{}", a.token, a.outcome, story());
            match &a.outcome {
                Some(Outcome::Success { .. }) => assert_eq!(here, 1, "{what}"),
                Some(Outcome::NotStarted { .. }) if leaves == Leaves::Token => assert_eq!(here, 0, "{what}"),
                // An end by a signal may come before or after what it did; a person said which.
                Some(Outcome::Failure { detail }) => assert!(detail.contains("signal 9"), "{what}"),
                Some(Outcome::Unknown { .. } | Outcome::Aborted { .. } | Outcome::NotStarted { .. }) => {}
                other => panic!("{other:?}: {what}"),
            }
            match a.settled {
                Some(true) => assert_eq!(all, 1, "said to be done: {what}"),
                Some(false) if leaves == Leaves::Token => assert_eq!(here, 0, "said not to be done: {what}"),
                _ => {}
            }
        }
        if leaves == Leaves::Token {
            assert_eq!(owned, all, "{name} has effects of no attempt: {left:?}\n{}", story());
        }
    }
}
