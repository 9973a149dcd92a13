//! Whatever happens, in any order, to plans of every kind.

use super::Answer::{Blind, Fails, Holds};
use super::*;
use crate::model::playbook::{ApprovalDefault, Capture, FileWrite, Guard as Watch, Hold, Phase, Question};
use crate::model::template::Template;
use crate::run::plan::{After, Approval, Inherited, PageRung, RampPart};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![3 => Just(Holds), 2 => Just(Fails), 1 => Just(Blind)]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(good()),
        2 => Just(bad()),
        1 => Just(Outcome::TimedOut { detail: "t".into() }),
        1 => Just(Outcome::Aborted { detail: "TERM".into() }),
        1 => Just(Outcome::NotStarted { detail: "n".into() }),
        1 => Just(Outcome::Unknown { evidence: "?".into() }),
    ]
}

#[derive(Debug, Clone)]
enum Act {
    Later(Millis),
    End(Outcome),
    Answer(Answer),
    Prepare(u8),
    Judge(Answer, Answer),
    Look(Answer, Answer),
    Guard(Answer),
    Slept,
    Paged(bool),
    Lose,
    Ask(u8, bool),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0u64..30_000).prop_map(Act::Later),
        8 => any_outcome().prop_map(Act::End),
        8 => any_answer().prop_map(Act::Answer),
        3 => (0u8..4).prop_map(Act::Prepare),
        3 => (any_answer(), any_answer()).prop_map(|(a, b)| Act::Judge(a, b)),
        5 => (any_answer(), any_answer()).prop_map(|(a, b)| Act::Look(a, b)),
        1 => any_answer().prop_map(Act::Guard),
        1 => Just(Act::Slept),
        1 => any::<bool>().prop_map(Act::Paged),
        1 => Just(Act::Lose),
        6 => (0u8..40, any::<bool>()).prop_map(|(n, late)| Act::Ask(n, late)),
    ]
}

fn any_kind() -> impl Strategy<Value = StepKind> {
    let rule = || Some(rule());
    let file = || Template("/x".into());
    let question = Question {
        text: Template("?".into()),
        answers: [("yes".to_owned(), true), ("no".to_owned(), false)].into_iter().collect(),
        input: Some("x".into()),
        prefill: None,
        optional: true,
        roles: Vec::new(),
    };
    prop_oneof![
        6 => Just(StepKind::Run(Command::default())),
        1 => Just(StepKind::Http(HttpCall::default())),
        1 => Just(StepKind::Check(probe())),
        1 => Just(StepKind::Wait(Wait::For(3_000))),
        1 => Just(StepKind::Wait(Wait::Until(rule().expect("a rule")))),
        2 => Just(StepKind::Write(FileWrite { file: file(), content: file(), mode: None, backup: true })),
        1 => Just(StepKind::Capture(Capture::default())),
        1 => Just(StepKind::Ask(question)),
        2 => Just(StepKind::Hold(Hold { lasts: 3_000, stop_when: rule(), next_when: rule(), value: "5 %".into() })),
        1 => Just(StepKind::Verify("well".into())),
    ]
}

/// A step, and whether it has a `when`, is a fallback of the one before, and begins a ramp.
type Made = (Step, [bool; 3]);

fn any_step() -> impl Strategy<Value = Made> {
    let failure = prop_oneof![Just(OnFailure::Stop), Just(OnFailure::Continue), Just(OnFailure::Ask)];
    let flags = prop::collection::vec(prop::bool::weighted(0.3), 9);
    (any_kind(), failure, flags, 1u32..4).prop_map(|(kind, on_failure, f, attempts)| {
        let made = Step {
            prove: f[0].then(probe),
            already: f[1].then(probe),
            observe: f[2].then(probe),
            repeatable: f[3],
            always: f[4],
            by: f[5].then_some(4_000),
            on_failure,
            attempts,
            ..step("s", kind)
        };
        (made, [f[6], f[7], f[8]])
    })
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let steps = prop::collection::vec(any_step(), 1..6);
    let flags = prop::collection::vec(prop::bool::weighted(0.25), 7);
    (steps, flags).prop_map(|(made, f)| {
        let (steps, wiring): (Vec<Step>, Vec<[bool; 3]>) = made.into_iter().unzip();
        let mut p = plan(steps.into_iter().chain([verify()]).collect());
        for (i, [when, fallback, ramp]) in wiring.into_iter().enumerate() {
            p.steps[i].when = when.then(probe);
            let before = i.checked_sub(1).map(|b| p.steps[b].fallback_of.unwrap_or(b + 1));
            p.steps[i].fallback_of = before.filter(|_| fallback);
            let last = p.steps.len() - 1;
            p.steps[i].ramp = ramp.then(|| RampPart { id: None, last, value: "5 %".into() });
        }
        let people = Approval { people: 1, within: 60_000, ..Approval::default() };
        let default = if f[0] { ApprovalDefault::Start } else { ApprovalDefault::Refuse };
        p.approval = f[1].then_some(Approval { default, ..people });
        p.prove = f[2].then(probe);
        p.compatible_with = f[3].then(probe);
        p.procedure.guard = f[4].then(|| Watch { lasts: 60_000, probe: probe() });
        let inherited =
            vec![Inherited::Passed { detail: "x".into() }, Inherited::Unknown { evidence: "?".into() }];
        p.after = f[5].then(|| After::Succeeds { run: "x".into(), steps: inherited });
        p.procedure.phases = vec![Phase { id: "p".into(), title: "P".into(), budget: None, by: Some(9_000) }];
        p.steps[0].phase = f[6].then(|| "p".into());
        let rung = |title: &str| PageRung { title: title.into(), steps: Vec::new() };
        p.playbook.ladder = vec![rung("one"), rung("two")];
        p.who = Person { user: "zoe".into(), uid: 999, login_uid: Some(999), ..Person::default() };
        p
    })
}

fn wish(n: u8) -> Wish {
    let reason = String::new();
    match n {
        0 => Wish::Abort { reason },
        1..6 => Wish::Settle { done: true, reason },
        6..11 => Wish::Settle { done: false, reason },
        11..15 => Wish::GoOn,
        15 => Wish::Abandon { reason },
        16 => Wish::Accept { reason },
        17..20 => Wish::Pause { reason },
        20..23 => Wish::Skip { reason },
        23..26 => Wish::DoIt { reason },
        26..28 => Wish::AskAgain,
        28..30 => Wish::Answer { label: Some("no".into()), input: None },
        30..33 => Wish::Answer { label: Some("yes".into()), input: Some("t".into()) },
        33..37 => Wish::Approve { name: None },
        37 => Wish::Refuse { reason },
        38 => Wish::Page,
        _ => Wish::MakeWay { run: "y".into(), reason },
    }
}

fn act(b: &mut Bench, act: Act) {
    let step = b.machine.state().current(&b.plan).map_or(1, |p| p.number);
    match act {
        Act::Later(ms) => b.later(ms),
        Act::End(outcome) => b.ended(step, outcome),
        Act::Answer(answer) => match b.machine.doing {
            Doing::Asking(step, asked) => b.probed(step, asked, answer),
            // Nobody asked.
            _ => b.probed(step, Asked::Check, answer),
        },
        Act::Prepare(n) => {
            let change = FileChange {
                path: "/x".into(),
                before: (n != 2).then(|| "aa".into()),
                after: if n == 3 { "aa" } else { "bb" }.into(),
                kept: None,
            };
            b.tell(Event::Prepared { step, file: if n == 0 { Err("no".into()) } else { Ok(change) } });
        }
        Act::Judge(stop, next) => {
            let says = |a| Some((a, "seen".to_owned()));
            b.tell(Event::HoldJudged { step, stop: says(stop), next: says(next) });
        }
        Act::Look(x, y) => {
            b.tell(Event::Criteria { step, seen: vec![(x, "v".into()), (y, "v".into())] });
            if (x, y) == (Holds, Holds) {
                b.now += 4_000;
            }
        }
        Act::Guard(answer) => b.tell(Event::Guarded { answer, detail: "d".into() }),
        Act::Slept => b.tell(Event::Slept(60_000)),
        Act::Paged(told) => b.tell(Event::Paged { title: "one".into(), detail: "d".into(), told }),
        Act::Lose => {
            if !b.machine.state().is_over() {
                b.adopt();
            }
        }
        Act::Ask(n, true) if n % 4 == 0 => {
            let expires = Deadline::after(&at(0), 500);
            let (id, who) = (format!("late{}", b.records.len()), Person::default());
            let ask = wish(n);
            let run = "r".to_owned();
            let step = Some(step);
            b.tell(request(Request { id, run, step, attempt: None, seen: 0, expires, who, ask }));
        }
        Act::Ask(n, _) => b.ask(wish(n), Some(step)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_journal_alone_gives_the_same_state_at_every_point(
        plan in any_plan(), acts in prop::collection::vec(any_act(), 0..80)
    ) {
        let mut b = Bench::of(plan);
        for one in acts {
            act(&mut b, one);
            let mut folded = State::fold(&b.plan, &b.records).unwrap();
            // The journal numbers records; the machine does not.
            folded.seq = b.machine.state().seq;
            prop_assert_eq!(&folded, b.machine.state());
            // What is shown and told can be made at every point.
            let view = RunView::of(&b.plan, &folded);
            prop_assert_eq!(view.verdict.is_some(), folded.finished.is_some());
            // It never stands still without saying why: something is under way, a time is awaited, or a person.
            let waits = b.machine.doing != Doing::Nothing
                || folded.need(&b.plan).is_some()
                || b.machine.next_deadline().is_some();
            prop_assert!(folded.is_over() || waits, "stuck: {:?}", b.last);
        }
        b.story();
        keeps_the_rules(&b)?;
        // Every prefix folds, and can be taken up.
        for n in 1..b.records.len() {
            let state = State::fold(&b.plan, &b.records[..n]).unwrap();
            let mut machine = Machine::new(b.plan.clone(), state);
            let effects = machine.handle(&at(b.now), Event::Ready);
            // An intent without an outcome is found out, never started again.
            if let Kind::StepStarting { step, file, .. } = Kind::read(&b.records[n - 1]).unwrap()
                && b.plan.steps[step - 1].changes()
            {
                let written = matches!(b.plan.steps[step - 1].step.kind, StepKind::Write(_));
                let late = |e: &&Effect| matches!(e, Effect::Record(Kind::Late { .. }));
                let first = effects.iter().find(|e| !late(e));
                let never = matches!(
                    first,
                    Some(Effect::Record(Kind::StepExited { outcome: Outcome::NotStarted { .. }, .. }))
                );
                let found = matches!(first, Some(Effect::Recover { .. })) || (written && file.is_none() && never);
                let started = matches!(first, Some(Effect::Start { .. }));
                prop_assert!(found && !started, "{:?}", effects);
            }
        }
    }
}

/// What must not break, whatever happened.
fn keeps_the_rules(b: &Bench) -> Result<(), TestCaseError> {
    let (mut open, mut over) = (None, false);
    let (mut paused, mut stopped, mut ending, mut agreed) = (false, false, false, b.plan.approval.is_none());
    let mut unknown: BTreeMap<usize, bool> = BTreeMap::new();
    let mut ended: BTreeMap<usize, Outcome> = BTreeMap::new();
    for kind in b.kinds() {
        prop_assert!(!over, "nothing follows the end");
        match kind {
            Kind::StepStarting { step, attempt, .. } => {
                let p = &b.plan.steps[step - 1];
                prop_assert!(open.is_none(), "one at a time");
                prop_assert!(agreed, "somebody had to agree first");
                prop_assert!(unknown.get(&step) != Some(&true), "unknown is never repeated silently");
                let always = |p: &PlanStep| p.step.always;
                let may = always(p) || p.fallback_of.is_some_and(|n| always(&b.plan.steps[n - 1]));
                prop_assert!(!paused || (ending && may), "paused");
                prop_assert!(!stopped || (ending && may), "stopped");
                prop_assert!(!ending || may, "only what is always done");
                if let Some(Outcome::Failure { .. } | Outcome::TimedOut { .. }) = ended.get(&step) {
                    let safe = p.step.repeatable || p.step.already.is_some() || !p.changes();
                    prop_assert!(safe, "not repeatable");
                }
                prop_assert!(!matches!(ended.get(&step), Some(Outcome::Aborted { .. })), "stopped for good");
                open = p.changes().then_some((step, attempt));
            }
            Kind::StepExited { step, attempt, outcome, .. } => {
                unknown.insert(step, matches!(outcome, Outcome::Unknown { .. }));
                if !matches!(outcome, Outcome::Settled { .. })
                    && let Some(was) = open.take()
                {
                    prop_assert_eq!(was, (step, attempt));
                }
                ended.insert(step, outcome);
            }
            Kind::Inherited { step, what: Inherited::Unknown { .. } } => {
                unknown.insert(step, true);
            }
            Kind::Approved { .. } | Kind::ApprovalMissed { default: ApprovalDefault::Start } => agreed = true,
            Kind::Paused { .. } => paused = true,
            Kind::Ending { .. } => ending = true,
            Kind::RequestHandled { request, accepted: true, .. } => match request.ask {
                Wish::Pause { .. } => paused = true,
                Wish::GoOn => paused = false,
                Wish::Abort { .. } => stopped = true,
                _ => {}
            },
            Kind::RunFinished { verdict, .. } => {
                over = true;
                let state = b.machine.state();
                let held = state.is_verified() && state.drifted.is_none();
                prop_assert!(verdict != Verdict::Verified || held, "verified is never said too early");
                prop_assert!(open.is_none() || matches!(verdict, Verdict::Abandoned), "{:?}", verdict);
            }
            _ => {}
        }
    }
    Ok(())
}
