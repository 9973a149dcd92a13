//! The run machine: single rules, and whatever may happen in any order.

use super::*;
use crate::model::playbook::{Criterion, Expect, OnFailure, Step, StepKind, Tone, Verification, Wait};
use crate::model::probe::{Ask, Command, HttpCall, Probe};
use crate::model::record::Record;
use crate::run::Person;
use crate::run::plan::{Frozen, PLAN_SCHEMA, ProcedureFacts};
use crate::run::record::Wish;
use crate::run::state::Need;
use crate::run::view::{RunState, RunView, StepState};
use proptest::prelude::*;

fn at(boot: Millis) -> Now {
    Now { boot, boot_id: "b".into(), wall: 1_700_000_000_000 + boot as i64 }
}

fn probe() -> Probe {
    Probe { ask: Ask::Run(Command::default()), expect: Default::default(), within: None, every: 1_000 }
}

fn step(name: &str, kind: StepKind) -> Step {
    Step { timeout: 10_000, ..Step::new(name, kind) }
}

fn run(name: &str) -> Step {
    step(name, StepKind::Run(Command::default()))
}

fn verify() -> Step {
    step("well", StepKind::Verify("well".into()))
}

fn plan(steps: Vec<Step>) -> Plan {
    let criterion = |text: &str| Criterion { text: text.into(), probe: probe() };
    let well = Verification {
        title: "Well".into(),
        within: 60_000,
        stable_for: 10_000,
        criteria: vec![criterion("a"), criterion("b")],
    };
    let steps: Vec<PlanStep> =
        steps.into_iter().enumerate().map(|(i, step)| PlanStep::new(i + 1, step)).collect();
    Plan {
        schema: PLAN_SCHEMA,
        id: "r".into(),
        service: "s".into(),
        service_title: "S".into(),
        environment: "e".into(),
        tone: Tone::Calm,
        playbook: Frozen {
            verifications: [("well".to_owned(), well)].into_iter().collect(),
            ..Frozen::default()
        },
        procedure: ProcedureFacts {
            title: "P".into(),
            expect: Expect::default(),
            takes_effect: steps.iter().rev().find(|s| s.changes()).map(|s| s.number).into_iter().collect(),
            ..ProcedureFacts::default()
        },
        confirmed_at: at(0),
        expires: Deadline::after(&at(0), 30_000),
        cwd: "/".into(),
        steps,
        ..Plan::default()
    }
}

fn request(request: Request) -> Event {
    Event::Request { request, roles: Vec::new() }
}

/// A machine with its journal.
struct Bench {
    plan: Plan,
    machine: Machine,
    records: Vec<Record>,
    now: Millis,
    last: Vec<Effect>,
}

impl Bench {
    fn new(steps: Vec<Step>) -> Bench {
        let plan = plan(steps);
        let mut bench = Bench {
            machine: Machine::new(plan.clone(), State::new(&plan)),
            plan,
            records: Vec::new(),
            now: 1_000,
            last: Vec::new(),
        };
        bench.write(Kind::RunStarted {
            plan: String::new(),
            pid: 1,
            start: 1,
            uid: 0,
            host: "h".into(),
            version: "0".into(),
            proof: None,
        });
        bench.again();
        bench
    }

    fn write(&mut self, kind: Kind) {
        let (name, body) = kind.parts();
        let seq = self.records.len() as u64 + 1;
        self.records.push(Record { v: 1, seq, at: at(self.now), kind: name, body, prev: String::new() });
    }

    /// A new machine of the journal alone.
    fn again(&mut self) {
        let state = State::fold(&self.plan, &self.records).unwrap();
        self.machine = Machine::new(self.plan.clone(), state);
        self.tell(Event::Ready);
    }

    fn adopt(&mut self) {
        self.write(Kind::Adopted { pid: 2, start: 2, by: Person::default() });
        self.again();
    }

    fn tell(&mut self, event: Event) {
        self.last = self.machine.handle(&at(self.now), event);
        for effect in self.last.clone() {
            if let Effect::Record(kind) = effect {
                self.write(kind);
            }
        }
    }

    fn ended(&mut self, step: usize, outcome: Outcome) {
        let attempt = self.machine.state().steps[step - 1].attempt;
        self.tell(Event::Ended { step, attempt, outcome, survivors: Vec::new() });
    }

    fn probed(&mut self, step: usize, asked: Asked, answer: Answer) {
        self.tell(Event::Probed { step, asked, answer, detail: "seen".into() });
    }

    fn ask(&mut self, ask: Wish, step: Option<usize>) {
        let id = format!("q{}", self.records.len());
        let expires = Deadline::after(&at(self.now), 30_000);
        let who = Person::default();
        self.tell(request(Request { id, run: "r".into(), step, attempt: None, seen: 0, expires, who, ask }));
    }

    fn seen(&mut self, answers: [Answer; 2]) {
        let step = self.plan.steps.len();
        self.tell(Event::Criteria { step, seen: answers.map(|a| (a, "v".to_owned())).to_vec() });
    }

    fn view(&self) -> RunView {
        RunView::fold(&self.plan, &self.records).unwrap()
    }

    fn starts(&self, step: usize) -> usize {
        let starting =
            |r: &&Record| matches!(Kind::read(r), Ok(Kind::StepStarting { step: n, .. }) if n == step);
        self.records.iter().filter(starting).count()
    }

    fn verdict(&self) -> Option<Verdict> {
        self.view().verdict
    }
}

fn good() -> Outcome {
    Outcome::Success { detail: "exit 0".into() }
}

fn bad() -> Outcome {
    Outcome::Failure { detail: "exit 1".into() }
}

use Answer::{Blind, Fails, Holds};

#[test]
fn the_intent_is_recorded_before_the_step_starts() {
    let b = Bench::new(vec![run("a")]);
    let [Effect::Record(Kind::StepStarting { token, .. }), Effect::Start { token: same, .. }] =
        b.last.as_slice()
    else {
        panic!("{:?}", b.last);
    };
    assert_eq!(token, same);
}

#[test]
fn applied_observed_and_verified_are_never_said_too_early() {
    let mut b = Bench::new(vec![Step { observe: Some(probe()), ..run("a") }, verify()]);
    assert_eq!((b.view().applied, b.view().steps[0].state), (None, StepState::Running));
    b.now += 100;
    b.ended(1, good());
    assert_eq!((b.view().applied, b.view().observed), (Some(at(1_100)), None));
    assert_eq!(b.view().steps[0].state, StepState::Applied);
    b.now += 100;
    b.probed(1, Asked::Observe, Holds);
    assert_eq!((b.view().observed, b.view().verified), (Some(at(1_200)), None));
    assert_eq!((b.view().steps[0].state, b.view().state), (StepState::Observed, RunState::Verifying));
    b.seen([Holds, Holds]);
    for _ in 0..10 {
        assert_eq!(b.view().verified, None);
        b.now += 1_000;
        b.seen([Holds, Holds]);
    }
    assert_eq!((b.view().verified, b.verdict()), (Some(at(11_200)), Some(Verdict::Verified)));
    assert_eq!(b.last.last(), Some(&Effect::Finish));
}

#[test]
fn the_stability_clock_starts_again_when_a_criterion_breaks_goes_blind_or_nobody_looks() {
    let mut b = Bench::new(vec![verify()]);
    b.seen([Holds, Holds]);
    for (answers, later) in [([Holds, Fails], 9_000), ([Blind, Holds], 4_000), ([Holds, Holds], 60_000)] {
        let from = b.now;
        while b.now + 4_000 < from + later.min(9_000) {
            b.now += 4_000;
            b.seen([Holds, Holds]);
        }
        b.now = from + later;
        let before = b.view().verification.unwrap().restarts.len();
        b.seen(answers);
        let v = b.view().verification.unwrap();
        assert_eq!(v.restarts.len(), before + 1, "{answers:?}");
        assert!(!v.verified);
        b.now += 100;
        b.seen([Holds, Holds]);
    }
}

#[test]
fn a_missed_deadline_asks_a_person_and_still_verifies_late() {
    let mut b = Bench::new(vec![run("a"), verify()]);
    b.ended(1, good());
    b.seen([Holds, Fails]);
    b.now += 60_000;
    b.tell(Event::Tick);
    let view = b.view();
    assert_eq!(view.state, RunState::NotVerified);
    assert!(matches!(view.needs, Some(Need::Accept { why }) if why == "does not hold: b"));
    let mut late = Bench {
        machine: b.machine.clone(),
        plan: b.plan.clone(),
        records: b.records.clone(),
        now: b.now,
        last: vec![],
    };
    for _ in 0..12 {
        late.now += 1_000;
        late.seen([Holds, Holds]);
    }
    assert_eq!(late.verdict(), Some(Verdict::Verified));
    b.ask(Wish::Accept { reason: "it is night".into() }, None);
    assert_eq!(b.verdict(), Some(Verdict::AcceptedUnverified));
    assert_eq!(b.view().verified, None);
}

#[test]
fn no_run_ends_silently_as_applied() {
    let mut b = Bench::new(vec![run("a")]);
    b.ended(1, good());
    assert_eq!((b.verdict(), b.view().state), (None, RunState::NotVerified));
}

#[test]
fn unknown_is_never_retried_by_itself_even_when_repeatable() {
    let mut b = Bench::new(vec![Step { repeatable: true, attempts: 5, ..run("a") }, verify()]);
    b.ended(1, Outcome::Unknown { evidence: "?".into() });
    b.now += 100_000;
    b.tell(Event::Tick);
    b.adopt();
    assert_eq!(b.starts(1), 1);
    assert_eq!(b.view().steps[0].state, StepState::Unknown);
    b.ask(Wish::Settle { done: true, reason: "x".into() }, Some(2));
    assert_eq!(b.view().steps[0].state, StepState::Unknown, "it is about another step");
    b.ask(Wish::Settle { done: false, reason: "x".into() }, Some(1));
    assert_eq!(b.starts(1), 2);
}

#[test]
fn only_a_repeatable_step_or_one_that_asks_already_is_tried_again() {
    for (repeatable, already, starts) in [(false, false, 1), (true, false, 2), (false, true, 2)] {
        let already = already.then(probe);
        let mut b =
            Bench::new(vec![Step { repeatable, already, attempts: 2, retry_delay: 3_000, ..run("a") }]);
        b.probed(1, Asked::Already, Fails);
        b.ended(1, bad());
        assert_eq!(b.starts(1), 1, "the delay");
        b.now += 3_000;
        b.tell(Event::Tick);
        b.probed(1, Asked::Already, Fails);
        assert_eq!(b.starts(1), starts);
    }
}

#[test]
fn a_second_attempt_needs_a_plain_no_from_already() {
    let mut b = Bench::new(vec![Step { already: Some(probe()), attempts: 2, ..run("a") }]);
    b.probed(1, Asked::Already, Blind);
    b.ended(1, bad());
    b.probed(1, Asked::Already, Blind);
    assert_eq!((b.starts(1), b.verdict()), (1, Some(Verdict::Failed)));
}

#[test]
fn what_is_already_so_is_skipped_and_what_is_not_proved_is_not_done() {
    let mut b = Bench::new(vec![
        Step { already: Some(probe()), ..run("a") },
        Step { prove: Some(probe()), ..run("b") },
    ]);
    b.probed(1, Asked::Already, Holds);
    assert_eq!(b.view().steps[0].state, StepState::Skipped);
    b.probed(2, Asked::Prove, Blind);
    assert_eq!((b.starts(1), b.starts(2), b.verdict()), (0, 0, Some(Verdict::Failed)));
}

#[test]
fn a_failed_step_stops_goes_on_or_asks_as_the_playbook_says() {
    let failing = |on_failure| {
        let mut b = Bench::new(vec![Step { on_failure, ..run("a") }, run("b")]);
        b.ended(1, bad());
        b
    };
    assert_eq!(failing(OnFailure::Stop).verdict(), Some(Verdict::Failed));
    let b = failing(OnFailure::Continue);
    assert_eq!((b.starts(2), b.view().steps[0].state), (1, StepState::Failed));
    let mut b = failing(OnFailure::Ask);
    assert!(matches!(b.view().needs, Some(Need::Decide { step: 1, .. })));
    b.ask(Wish::Settle { done: true, reason: "by hand".into() }, Some(1));
    assert_eq!(b.starts(2), 1);
}

#[test]
fn stopping_kills_first_and_ends_after() {
    let mut b = Bench::new(vec![run("a"), run("b")]);
    b.ask(Wish::Abort { reason: "no".into() }, None);
    assert_eq!(b.last.last(), Some(&Effect::Kill { step: 1, attempt: 1 }));
    assert_eq!((b.verdict(), b.view().state), (None, RunState::Stopping));
    b.ask(Wish::Abandon { reason: "no".into() }, None);
    assert_eq!(b.verdict(), None);
    b.ended(1, Outcome::Aborted { detail: "TERM".into() });
    assert_eq!((b.verdict(), b.starts(2)), (Some(Verdict::Aborted), 0));
}

#[test]
fn a_stale_abort_pauses_and_asks() {
    let mut b = Bench::new(vec![run("a"), run("b"), verify()]);
    let expires = Deadline::after(&at(0), 500);
    let ask = Wish::Abort { reason: "no".into() };
    let who = Person::default();
    b.tell(request(Request {
        id: "q".into(),
        run: "r".into(),
        step: None,
        attempt: None,
        seen: 0,
        expires,
        who,
        ask,
    }));
    b.ended(1, good());
    assert_eq!((b.starts(2), b.verdict()), (0, None));
    assert!(matches!(b.view().needs, Some(Need::GoOn { .. })));
    b.ask(Wish::GoOn, None);
    assert_eq!(b.starts(2), 1);
}

#[test]
fn an_attempt_of_a_lost_supervisor_is_found_out_never_started_again() {
    let mut b = Bench::new(vec![run("a"), verify()]);
    b.adopt();
    assert!(matches!(b.last.as_slice(), [Effect::Recover { step: 1, attempt: 1, .. }]), "{:?}", b.last);
    b.ended(1, Outcome::NotStarted { detail: "void".into() });
    assert_eq!(b.starts(1), 2, "it never began, so it may");
}

#[test]
fn a_step_behind_us_does_not_come_up_again_after_a_supervisor_is_lost() {
    let guarded = Step { prove: Some(probe()), on_failure: OnFailure::Continue, ..run("a") };
    let mut b = Bench::new(vec![guarded, run("b")]);
    b.probed(1, Asked::Prove, Blind);
    assert_eq!((b.starts(1), b.starts(2)), (0, 1));
    b.adopt();
    b.probed(1, Asked::Prove, Holds);
    assert_eq!((b.starts(1), b.starts(2)), (0, 1));
}

#[test]
fn a_wait_is_measured_from_its_record_whoever_drives() {
    let mut b = Bench::new(vec![step("w", StepKind::Wait(Wait::For(5_000))), run("a")]);
    b.now += 4_000;
    b.adopt();
    assert_eq!((b.machine.next_deadline().unwrap().left(&at(b.now)), b.starts(2)), (1_000, 0));
    b.now += 1_000;
    b.tell(Event::Tick);
    assert_eq!((b.starts(1), b.starts(2)), (1, 1));
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![3 => Just(Holds), 2 => Just(Fails), 1 => Just(Blind)]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(good()),
        2 => Just(bad()),
        1 => Just(Outcome::TimedOut { detail: "t".into() }),
        1 => Just(Outcome::NotStarted { detail: "n".into() }),
        1 => Just(Outcome::Unknown { evidence: "?".into() }),
    ]
}

#[derive(Debug, Clone)]
enum Act {
    Later(Millis),
    End(Outcome),
    Answer(Answer),
    Look(Answer, Answer),
    Lose,
    Ask(u8),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0u64..20_000).prop_map(Act::Later),
        4 => any_outcome().prop_map(Act::End),
        4 => any_answer().prop_map(Act::Answer),
        4 => (any_answer(), any_answer()).prop_map(|(a, b)| Act::Look(a, b)),
        1 => Just(Act::Lose),
        1 => (0u8..6).prop_map(Act::Ask),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        4 => Just(StepKind::Run(Command::default())),
        1 => Just(StepKind::Http(HttpCall::default())),
        1 => Just(StepKind::Check(probe())),
        1 => Just(StepKind::Wait(Wait::For(3_000))),
    ];
    let failure = prop_oneof![Just(OnFailure::Stop), Just(OnFailure::Continue), Just(OnFailure::Ask)];
    (kind, failure, any::<[bool; 4]>(), 1u32..4).prop_map(|(kind, on_failure, [p, a, o, r], attempts)| Step {
        prove: p.then(probe),
        already: a.then(probe),
        observe: o.then(probe),
        repeatable: r,
        on_failure,
        attempts,
        ..step("s", kind)
    })
}

proptest! {
    #[test]
    fn whatever_happens_the_journal_alone_gives_the_same_state_at_every_point(
        steps in prop::collection::vec(any_step(), 1..4), acts in prop::collection::vec(any_act(), 0..60)
    ) {
        let mut b = Bench::new(steps.into_iter().chain([verify()]).collect());
        for act in acts {
            let step = b.machine.state().current(&b.plan).map_or(1, |p| p.number);
            match act {
                Act::Later(ms) => { b.now += ms; b.tell(Event::Tick); }
                Act::End(outcome) => b.ended(step, outcome),
                Act::Answer(answer) => for asked in [Asked::Prove, Asked::Already, Asked::Check, Asked::Observe] {
                    b.probed(step, asked, answer);
                },
                Act::Look(x, y) => b.seen([x, y]),
                Act::Lose => if !b.machine.state().is_over() { b.adopt() },
                Act::Ask(n) => {
                    let reason = String::new();
                    b.ask(match n {
                        0 => Wish::Abort { reason },
                        1 => Wish::Settle { done: true, reason },
                        2 => Wish::Settle { done: false, reason },
                        3 => Wish::GoOn,
                        4 => Wish::Abandon { reason },
                        _ => Wish::Accept { reason },
                    }, Some(step));
                }
            }
            let mut folded = State::fold(&b.plan, &b.records).unwrap();
            // The journal numbers records; the machine does not.
            folded.seq = b.machine.state().seq;
            prop_assert_eq!(&folded, b.machine.state());
        }
        // No attempt without an intent, none begun while another is open, nothing after the end.
        let (mut open, mut over) = (None, false);
        for record in &b.records {
            prop_assert!(!over);
            match Kind::read(record).unwrap() {
                Kind::StepStarting { step, attempt, .. } => {
                    prop_assert!(open.is_none());
                    let changes = b.plan.steps[step - 1].changes();
                    open = changes.then_some((step, attempt));
                }
                Kind::StepExited { step, attempt, outcome, .. } if !matches!(outcome, Outcome::Settled { .. }) => {
                    if let Some(was) = open.take() { prop_assert_eq!(was, (step, attempt)); }
                }
                Kind::RunFinished { .. } => over = true,
                _ => {}
            }
        }
        // Every prefix folds, and can be taken up.
        for n in 1..b.records.len() {
            let state = State::fold(&b.plan, &b.records[..n]).unwrap();
            let mut machine = Machine::new(b.plan.clone(), state);
            let effects = machine.handle(&at(b.now), Event::Ready);
            // An intent without an outcome is found out, never started again.
            let last = Kind::read(&b.records[n - 1]).unwrap();
            if let Kind::StepStarting { step, .. } = last
                && b.plan.steps[step - 1].changes()
            {
                prop_assert!(matches!(effects.first(), Some(Effect::Recover { .. })), "{:?}", effects);
            }
        }
    }
}
