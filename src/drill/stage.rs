//! One run on the simulated service: what its machine wants is done there, in simulated time.

mod perform;

use super::asking::{Scene, rule};
use super::ledger::{Ledger, hash};
use crate::model::condition::Expr;
use crate::model::drill::Speaks;
use crate::model::playbook::{StepKind, Wait};
use crate::model::probe::Probe;
use crate::model::record::Record;
use crate::model::template::Template;
use crate::model::time::{Millis, Now};
use crate::run::known::{Answers, known};
use crate::run::{Asked, Event, Kind, Machine, Plan, RunView, State};
use std::collections::VecDeque;

/// Milliseconds between two looks at criteria when nothing is measured; shorter than the machine takes for a gap.
const LOOK: Millis = 4_000;
/// Milliseconds for which a condition that is asked once may be unknown.
const ONCE: Millis = 5_000;
/// Milliseconds that telling people takes.
const TELLS: Millis = 1_000;

/// A request to the embedded service.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    /// Its number; the answer names it.
    pub ticket: u64,
    /// What is sent: method, path, body.
    pub what: Speaks,
    /// Whether the service is to answer well.
    pub good: bool,
}

/// Something under way.
#[derive(Debug, Clone)]
enum Under {
    /// A step that is done.
    Step {
        step: usize,
        attempt: u32,
        began: Millis,
        ends: Millis,
        spoken: Option<u64>,
        heard: Option<String>,
    },
    /// A probe that is asked again until it holds.
    Probe {
        step: usize,
        asked: Asked,
        probe: Probe,
        began: Millis,
        until: Millis,
        once: bool,
        next: Millis,
        spoken: Option<u64>,
        heard: Option<Result<String, String>>,
    },
    /// Criteria that are looked at.
    Watch { step: usize, began: Millis, next: Millis },
    /// The target, after it was verified.
    Guard { began: Millis, next: Millis },
}

impl Under {
    fn next(&self) -> Option<Millis> {
        match self {
            Under::Step { spoken: Some(_), .. } | Under::Probe { spoken: Some(_), .. } => None,
            Under::Step { ends, .. } => Some(*ends),
            Under::Probe { next, .. } | Under::Watch { next, .. } | Under::Guard { next, .. } => Some(*next),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Stage {
    machine: Machine,
    ledger: Ledger,
    answers: Answers,
    under: Option<Under>,
    /// A rung that is being told, and when it is.
    paging: Option<(usize, Millis)>,
    /// Since when the hold under way is watched.
    held: Millis,
    tickets: u64,
    speeches: Vec<Speech>,
    /// What steps printed: step, attempt, text.
    printed: Vec<(usize, u32, String)>,
    /// Records that nobody has taken yet.
    new: Vec<Record>,
    finished: bool,
}

impl Stage {
    /// A run of a confirmed plan. `proof` is what proved the environment.
    pub(super) fn begin(plan: Plan, now: &Now, proof: Option<String>, scene: &mut Scene<'_>) -> Stage {
        let mut ledger = Ledger::default();
        let started = Kind::RunStarted {
            plan: hash(&serde_json::to_vec(&plan).unwrap_or_default()),
            pid: 1,
            start: 1,
            uid: plan.who.uid,
            host: "rehearsal".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            proof,
        };
        let first = ledger.append(now, started.parts());
        let mut state = State::new(&plan);
        state.apply(&started, now);
        rules(&plan).iter().for_each(|rule| scene.session.measure_for(rule));
        scene.session.judged_for(now, Some(now));
        let mut stage = Stage {
            machine: Machine::new(plan, state),
            ledger,
            answers: Answers::default(),
            under: None,
            paging: None,
            held: now.boot,
            tickets: 0,
            speeches: Vec::new(),
            printed: Vec::new(),
            new: vec![first],
            finished: false,
        };
        stage.turn(now, scene, Event::Ready);
        stage
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        self.machine.plan()
    }

    /// What its records add up to.
    pub fn state(&self) -> &State {
        self.machine.state()
    }

    /// All its records.
    pub fn records(&self) -> &[Record] {
        self.ledger.records()
    }

    /// What is shown of it.
    pub fn view(&self) -> RunView {
        RunView::of(self.plan(), self.state())
    }

    /// Nothing follows any more.
    pub fn is_over(&self) -> bool {
        self.finished
    }

    /// What the steps printed: number, attempt, text.
    pub fn printed(&self) -> &[(usize, u32, String)] {
        &self.printed
    }

    /// Records that were not taken before.
    pub(super) fn take_new(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.new)
    }

    /// Requests that were not taken before.
    pub(super) fn take_speeches(&mut self) -> Vec<Speech> {
        std::mem::take(&mut self.speeches)
    }

    /// When something happens next by itself, boot milliseconds.
    pub(super) fn next(&self) -> Option<Millis> {
        if self.finished {
            return None;
        }
        let machine = self.machine.next_deadline().map(|d| d.due_boot);
        let under = self.under.as_ref().and_then(Under::next);
        machine.into_iter().chain(under).chain(self.paging.map(|(_, at)| at)).min()
    }

    /// What happens to the run, and everything that follows at this moment.
    pub(super) fn turn(&mut self, now: &Now, scene: &mut Scene<'_>, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.machine.handle(now, event) {
                self.perform(now, scene, effect, &mut events);
            }
        }
    }

    /// Time has passed, or something was measured (`fresh`).
    pub(super) fn tick(&mut self, now: &Now, scene: &mut Scene<'_>, fresh: bool) {
        if let Some((rung, _)) = self.paging.filter(|(_, at)| *at <= now.boot) {
            self.paging = None;
            let event = self.told(now, scene, rung);
            self.turn(now, scene, event);
        }
        if let Some(event) = self.due(now, scene, fresh) {
            self.turn(now, scene, event);
        }
        if self.machine.next_deadline().is_some_and(|d| d.is_due(now)) {
            self.turn(now, scene, Event::Tick);
        }
    }

    /// The embedded service answered a request; `Err`: not as it should.
    pub(super) fn spoken(&mut self, answered: u64, answer: Result<String, String>) {
        match &mut self.under {
            Some(Under::Step { spoken, heard, .. }) if *spoken == Some(answered) => {
                (*spoken, *heard) = (None, answer.err());
            }
            Some(Under::Probe { spoken, heard, .. }) if *spoken == Some(answered) => {
                (*spoken, *heard) = (None, Some(answer));
            }
            // What criteria say is heard, and judged by the state.
            _ => {}
        }
    }

    /// A text with the names put in that only a run knows.
    ///
    /// # Errors
    /// A name without a value.
    fn filled(&self, now: &Now, scene: &Scene<'_>, t: &Template) -> Result<String, String> {
        let dir = format!("{}/runs/{}", self.plan().home, self.plan().id);
        let value = |name: &str| match name.strip_prefix("signal.") {
            Some(id) => Some(super::words::value(scene.session, now, id)),
            None => known(self.plan(), self.state(), &self.answers, now, &dir, name),
        };
        t.fill(&value).map_err(|e| e.to_string())
    }
}

/// Every condition that a plan asks.
fn rules(plan: &Plan) -> Vec<Expr> {
    let mut out: Vec<Expr> = Vec::new();
    let mut probe = |p: &Probe| out.extend(rule(p).cloned());
    plan.prove.iter().chain(&plan.compatible_with).for_each(&mut probe);
    plan.procedure.guard.iter().for_each(|g| probe(&g.probe));
    for v in plan.playbook.verifications.values() {
        v.criteria.iter().for_each(|c| probe(&c.probe));
    }
    for p in &plan.steps {
        let s = &p.step;
        [&s.prove, &s.already, &s.observe, &p.when].into_iter().flatten().for_each(&mut probe);
        if let StepKind::Check(p) = &s.kind {
            probe(p);
        }
    }
    for p in &plan.steps {
        match &p.step.kind {
            StepKind::Wait(Wait::Until(c)) => out.push(c.expr.clone()),
            StepKind::Hold(h) => {
                out.extend(h.stop_when.iter().chain(&h.next_when).map(|c| c.expr.clone()));
            }
            _ => {}
        }
    }
    out
}
