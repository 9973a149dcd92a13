//! The run machine: single rules, and whatever may happen in any order.

mod after;
mod anything;
mod before;
mod ending;
mod kinds;
mod people;
mod steps;

use super::*;
use crate::model::condition::{Condition, Expr};
use crate::model::playbook::{Criterion, Expect, OnFailure, Step, StepKind, Tone, Verification, Wait};
use crate::model::probe::{Ask, Command, HttpCall, Probe};
use crate::model::record::Record;
use crate::run::Person;
use crate::run::plan::{Frozen, PLAN_SCHEMA, ProcedureFacts};
use crate::run::record::Wish;
use crate::run::state::Need;
use crate::run::view::{RunState, RunView, StepState};

fn at(boot: Millis) -> Now {
    Now { boot, boot_id: "b".into(), wall: 1_700_000_000_000 + boot as i64 }
}

fn probe() -> Probe {
    Probe {
        ask: Ask::Run(Command::default()),
        expect: Default::default(),
        within: None,
        every: 1_000,
        rehearse: None,
    }
}

/// Any condition: the machine never reads it.
fn rule() -> Condition {
    Condition { text: "up".into(), expr: Expr::Bool(true) }
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
#[derive(Clone)]
struct Bench {
    plan: Plan,
    machine: Machine,
    records: Vec<Record>,
    now: Millis,
    last: Vec<Effect>,
}

impl Bench {
    fn new(steps: Vec<Step>) -> Bench {
        Bench::of(plan(steps))
    }

    fn of(plan: Plan) -> Bench {
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

    /// Asked by ana, who has no role.
    fn ask(&mut self, ask: Wish, step: Option<usize>) {
        self.ask_as("ana", 1000, &[], ask, step);
    }

    fn ask_as(&mut self, user: &str, uid: u32, roles: &[&str], ask: Wish, step: Option<usize>) {
        let id = format!("q{}", self.records.len());
        let expires = Deadline::after(&at(self.now), 30_000);
        let who = Person { user: user.into(), uid, login_uid: Some(uid), ..Person::default() };
        let request = Request { id, run: "r".into(), step, attempt: None, seen: 0, expires, who, ask };
        let roles = roles.iter().map(|r| (*r).to_owned()).collect();
        self.tell(Event::Request { request, roles });
    }

    /// Why the last request was refused; empty when it was accepted.
    fn refused(&self) -> String {
        let last = self.records.iter().rev().find_map(|r| match Kind::read(r) {
            Ok(Kind::RequestHandled { accepted, why, .. }) => Some((accepted, why)),
            _ => None,
        });
        let (accepted, why) = last.expect("something was asked");
        assert_eq!(accepted, why.is_empty());
        why
    }

    fn later(&mut self, ms: Millis) {
        self.now += ms;
        self.tell(Event::Tick);
    }

    /// The verification holds for its window.
    fn hold(&mut self) {
        for _ in 0..11 {
            self.seen([Answer::Holds; 2]);
            self.now += 1_000;
        }
    }

    fn need(&self) -> Option<Need> {
        self.machine.state().need(&self.plan)
    }

    fn kinds(&self) -> Vec<Kind> {
        self.records.iter().map(|r| Kind::read(r).unwrap()).collect()
    }

    /// The whole story, a line a record.
    fn story(&self) -> String {
        let told = self.records.iter().filter_map(|r| crate::run::story::tell(&self.plan, r).unwrap());
        told.map(|t| format!("{}: {}", t.kind, t.text)).collect::<Vec<_>>().join("\n")
    }

    fn seen(&mut self, answers: [Answer; 2]) {
        let is_verify = |p: &&PlanStep| matches!(p.step.kind, StepKind::Verify(_));
        let step = self.plan.steps.iter().rfind(is_verify).map_or(0, |p| p.number);
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
