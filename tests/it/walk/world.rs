//! A simulated incident: the pure core (engine, decider, session, run machine) in simulated time, with the service, the
//! disk and the supervisor played by what stands here.

use indexmap::IndexMap;
use ripcord::engine::{self, Engine};
use ripcord::model::playbook::{Playbook, StepKind};
use ripcord::model::reading::{Reading, Value};
use ripcord::model::record::{Record, SCHEMA};
use ripcord::model::time::Now;
use ripcord::run::machine::{Asked, Effect, Event, Machine};
use ripcord::run::plan::{Context, Plan};
use ripcord::run::record::{Answer, Kind as RunKind, Outcome, Request as Wished, Wish};
use ripcord::run::state::State;
use ripcord::run::{Person, freeze};
use ripcord::session::decision::machine::{self as decider, Judged, Over, Runs};
use ripcord::session::decision::{Choice, Decisions, Kind, Rules};
use ripcord::session::view::fleet::{FleetRow, FleetView, Says};
use ripcord::session::view::{ChartColumn, Curve, DraftView, View};
use ripcord::session::{self, Facts, Heartbeat, Session};
use std::collections::VecDeque;
use std::sync::Arc;

/// 2026-11-21 03:00:00 UTC.
const MIDNIGHT: i64 = 1_795_230_000_000;
/// Milliseconds between two reads of the service.
const EVERY: u64 = 5_000;

pub struct World {
    pub now: Now,
    playbook: Playbook,
    engine: Engine,
    session: Session,
    log: Vec<Record>,
    rules: Rules,
    decides: decider::Machine,
    runs: Runs,
    pub draft: Option<(DraftView, Plan)>,
    run: Option<Run>,
    /// Milliseconds at which the canary began to make errors.
    bad_since: Option<u64>,
    /// Share of the canary, percent.
    share: f64,
}

/// The run under way, driven as a supervisor would.
struct Run {
    machine: Machine,
    records: Vec<Record>,
    /// What comes back to the machine, and when.
    coming: VecDeque<(u64, Event)>,
    watching: Option<usize>,
    over: bool,
}

pub fn ana() -> Person {
    Person { user: "ana".into(), uid: 1001, login_uid: Some(1001), ..Person::default() }
}

impl World {
    pub fn new(playbook: Playbook) -> World {
        let now = Now { boot: 1_000_000, boot_id: "walk".into(), wall: MIDNIGHT };
        let facts = Facts {
            environment: "production".into(),
            user: "ana".into(),
            uid: 1001,
            login_uid: Some(1001),
            folder: "/var/lib/ripcord/checkout@production".into(),
            ..Facts::default()
        };
        let mut world = World {
            engine: Engine::new(&playbook, &now),
            session: Session::new(playbook.clone(), facts, &now),
            rules: Rules::of(&playbook, "production"),
            decides: decider::Machine::new(&playbook, "production", 1, true, Decisions::default()),
            log: Vec::new(),
            runs: Runs::default(),
            draft: None,
            run: None,
            bad_since: None,
            share: 25.0,
            now,
            playbook,
        };
        let who = Person { user: "ripcord".into(), uid: 990, login_uid: Some(990), ..Person::default() };
        let began = Kind::EpochBegan {
            epoch: 1,
            host: "bastion-1".into(),
            pid: 4711,
            who,
            acts: true,
            taken_over: None,
        };
        world.write(&began);
        let state = Decisions::fold(&world.log).unwrap();
        world.decides = decider::Machine::new(&world.playbook, "production", 1, true, state);
        world.session.handle(&world.now, session::Event::Decided(world.log.clone()));
        world.session.handle(&world.now, session::Event::Roles(vec!["lead".into()]));
        world.decide(decider::Event::Runs(Runs::default()));
        world
    }

    /// The canary begins to make errors.
    pub fn go_bad(&mut self) {
        self.bad_since = Some(self.now.boot);
    }

    /// So many seconds go by.
    pub fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.plus(1_000);
            if self.now.boot.is_multiple_of(EVERY) {
                self.read();
            }
            self.supervise();
            self.beat();
            self.session.handle(&self.now, session::Event::Tick);
            self.judge();
        }
    }

    /// What a screen shows.
    pub fn view(&self) -> View {
        let mut view = self.session.view(&self.now);
        view.draft = self
            .draft
            .as_ref()
            .map(|(shown, plan)| DraftView { expires_ms: plan.expires.left(&self.now), ..shown.clone() });
        view
    }

    pub fn columns(&self, curve: Curve<'_>, window: u64, columns: usize) -> Vec<Option<ChartColumn>> {
        self.session.columns(&self.now, curve, window, columns)
    }

    pub fn session_why(&self, of: &session::view::WhyOf) -> session::view::WhyView {
        self.session.why(&self.now, of)
    }

    /// The services of the host: this one, and one that nobody watches.
    pub fn fleet(&self) -> FleetView {
        let verdict = self.session.view(&self.now).verdict;
        let says = Says {
            at: self.now.clone(),
            acts: true,
            host: "bastion-1".into(),
            who: "ripcord".into(),
            gravity: verdict.gravity,
            text: verdict.word,
            evidence: verdict.evidence,
            answering: verdict.fresh,
            ..Says::default()
        };
        let row = |id, service: &str, says| {
            let (service, environment) = (service.to_owned(), "production".to_owned());
            Arc::new(FleetRow { id, service, environment, says, ..FleetRow::default() })
        };
        FleetView {
            now: self.now.clone(),
            user: "ana".into(),
            playbooks: 2,
            rows: Arc::new(vec![row(0, "checkout", Some(says)), row(1, "search", None)]),
            open: Some(0),
            ..FleetView::default()
        }
    }

    /// A person's own word, put on record.
    pub fn say(&mut self, kind: Kind) {
        let state = Decisions::fold(&self.log).unwrap();
        state.admits(&kind, &self.rules, &self.now).unwrap();
        let record = self.write(&kind);
        self.tell(vec![record]);
    }

    /// Resolves a procedure, as a target that answers everything well would have it.
    pub fn prepare(&mut self, procedure: &str) {
        let cause = self.session.cause(&self.now, procedure);
        let reason = self.session.reason(procedure, cause.as_ref());
        let context = Context {
            id: "1121-031400-c-5be1".into(),
            now: self.now.clone(),
            who: ana(),
            reason: reason.clone(),
            cause,
            incident: None,
            automatic: None,
            stage: Some(25),
            baselines: IndexMap::new(),
            playbook_hash: "5be1".into(),
            env: IndexMap::new(),
            cwd: "/srv/checkout".into(),
            home: "/var/lib/ripcord/checkout@production".into(),
        };
        let frozen = freeze(&self.playbook, "production", procedure, &IndexMap::new(), &context);
        let plan = Plan { who_roles: vec!["lead".into()], ..frozen.unwrap() }.confirmed(&self.now);
        let p = &self.playbook.procedures[procedure];
        let shown = DraftView {
            id: plan.id.clone(),
            procedure: procedure.into(),
            title: p.title.clone(),
            key: p.key,
            proof: "hostname: bastion-1".into(),
            proved: true,
            from: plan.from.clone(),
            to: plan.to.clone(),
            duration_ms: p.expect.duration,
            downtime: p.expect.downtime.clone(),
            data_loss: p.expect.data_loss.clone(),
            who: "ana".into(),
            reason,
            steps: plan.steps.iter().map(|s| (s.label.clone(), s.step.name.clone(), s.line())).collect(),
            confirm: ripcord::model::playbook::Confirm::Type,
            name: self.playbook.service.name.clone(),
            ..DraftView::default()
        };
        self.draft = Some((shown, plan));
    }

    /// Starts what was confirmed.
    pub fn confirm(&mut self, draft: &str, decides: Option<String>) {
        let (_, plan) = self.draft.take_if(|(shown, _)| shown.id == draft).unwrap();
        let plan = plan.confirmed(&self.now);
        if let Some(clock) = decides {
            let choice =
                Choice::RollBack { procedure: plan.procedure.id.clone(), run: Some(plan.id.clone()) };
            let reason = plan.reason.clone();
            self.say(Kind::Said { clock, choice, who: ana(), roles: vec!["lead".into()], reason });
        }
        let started = RunKind::RunStarted {
            plan: "5be1".into(),
            pid: 41_120,
            start: 1,
            uid: 1001,
            host: "bastion-1".into(),
            version: "0.1.0".into(),
            proof: None,
        };
        let records = vec![run_record(1, &self.now, &started)];
        let state = State::fold(&plan, &records).unwrap();
        let found =
            session::Event::Found { plan: Box::new(plan.clone()), records: records.clone(), driven: true };
        self.session.handle(&self.now, found);
        self.runs.in_the_way = Some((plan.id.clone(), "it goes on".into()));
        let machine = Machine::new(plan, state);
        self.run = Some(Run { machine, records, coming: VecDeque::new(), watching: None, over: false });
        self.decide(decider::Event::Runs(self.runs.clone()));
        self.drive(Event::Ready);
    }

    /// Something a person asks of the run.
    pub fn ask(&mut self, step: Option<usize>, attempt: Option<u32>, seen: u64, ask: Wish) {
        let Some(run) = &self.run else { return };
        let expires = ripcord::model::time::Deadline::after(&self.now, 30_000);
        let id = format!("q-{seen}");
        let request =
            Wished { id, run: run.machine.plan().id.clone(), step, attempt, seen, expires, who: ana(), ask };
        self.drive(Event::Request { request, roles: vec!["lead".into()] });
    }

    fn write(&mut self, kind: &Kind) -> Record {
        let (name, body) = kind.parts();
        let seq = self.log.len() as u64 + 1;
        let record = Record { v: SCHEMA, seq, at: self.now.clone(), kind: name, body, prev: String::new() };
        self.log.push(record.clone());
        record
    }

    /// What the service says now.
    fn read(&mut self) {
        let hurts = self.share / 25.0;
        let bad = self.bad_since.map_or(0.0, |since| ((self.now.boot - since) as f64 / 60_000.0).min(1.0));
        let wave = ((self.now.boot / EVERY) % 7) as f64 / 7.0;
        let values = [
            ("error_rate", 0.0004 + 0.0002 * wave + 0.034 * bad * hurts),
            ("p95", 0.2 + 0.01 * wave + 1.1 * bad * hurts),
            ("memory", 1.38e9 + 2e7 * wave),
            ("canary", self.share / 100.0),
        ];
        let reading = |(signal, value): (&str, f64)| Reading {
            signal: signal.into(),
            series: None,
            at: self.now.clone(),
            age: 0,
            value: Ok(Value::Number(value)),
        };
        let readings: Vec<Reading> = values.into_iter().map(reading).collect();
        self.engine.handle(&self.now, engine::Event::Readings(readings.clone()));
        self.session.handle(&self.now, session::Event::Readings(readings));
    }

    fn beat(&mut self) {
        let beat = Heartbeat {
            epoch: 1,
            acts: true,
            host: "bastion-1".into(),
            pid: 4711,
            at: self.now.clone(),
            says: "checked".into(),
            ..Heartbeat::default()
        };
        self.session.handle(&self.now, session::Event::Beat(Some(beat)));
    }

    /// The watcher judges, and what comes of it is put on record.
    fn judge(&mut self) {
        self.engine.handle(&self.now, engine::Event::Tick);
        let boot = self.now.boot as i64;
        let states = self.engine.triggers(boot);
        let triggers = states.iter().map(|s| {
            let asked = self.engine.in_force(&s.id, boot);
            Judged {
                id: s.id.clone(),
                state: s.state,
                truth: s.truth,
                evidence: s.evidence.clone(),
                cell: asked.cell,
                stage: asked.stage,
                note: asked.note,
            }
        });
        let triggers = triggers.collect();
        let verdict = self.engine.verdict();
        let (standing, evidence) = (verdict.standing.clone(), verdict.evidence.clone());
        self.decide(decider::Event::Judged { triggers, standing, evidence });
        self.decide(decider::Event::Tick);
    }

    fn decide(&mut self, event: decider::Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.decides.handle(&self.now, event) {
                match effect {
                    decider::Effect::Append(kind) => {
                        match self.decides.state().admits(&kind, &self.rules, &self.now) {
                            Ok(()) => {
                                let record = self.write(&kind);
                                self.session.handle(&self.now, session::Event::Decided(vec![record.clone()]));
                                events.push_back(decider::Event::Recorded(vec![record]));
                            }
                            Err(why) => events.push_back(decider::Event::Refused(vec![(kind, why)])),
                        }
                    }
                    decider::Effect::Page { firing, .. } => {
                        let detail = "Pager: accepted".into();
                        events.push_back(decider::Event::Paged { firing, ok: true, detail });
                    }
                    decider::Effect::Ticket { incident } => {
                        events.push_back(decider::Event::Ticketed { incident, name: Ok("OPS-7".into()) });
                    }
                    decider::Effect::Ring { climb, news: decider::News::Rung(rung), .. } => {
                        let detail = "Pager: queued".into();
                        events.push_back(decider::Event::Rung { climb, rung, ok: true, detail });
                    }
                    decider::Effect::Ring { .. } => {}
                    decider::Effect::Freeze { .. } | decider::Effect::Start { .. } => {
                        panic!("nothing acts by itself in the walk: {effect:?}")
                    }
                }
            }
        }
    }

    /// Records that were appended by a person reach everybody.
    fn tell(&mut self, records: Vec<Record>) {
        self.session.handle(&self.now, session::Event::Decided(records.clone()));
        self.decide(decider::Event::Recorded(records));
    }

    /// What is due for the run.
    fn supervise(&mut self) {
        let now = self.now.boot;
        let due = |run: &mut Run| {
            let at = run.coming.iter().position(|(at, _)| *at <= now)?;
            run.coming.remove(at).map(|(_, event)| event)
        };
        while let Some(event) = self.run.as_mut().and_then(due) {
            self.drive(event);
        }
        let watching = self.run.as_ref().and_then(|r| r.watching);
        if let Some(step) = watching {
            self.drive(Event::Criteria { step, seen: self.criteria() });
        } else {
            self.drive(Event::Tick);
        }
    }

    /// What the criteria of `well` say of the service.
    fn criteria(&self) -> Vec<(Answer, String)> {
        let view = self.session.view(&self.now);
        let of = |id: &str, limit: f64| {
            let value = view.signals.iter().find(|s| s.id == id).and_then(|s| s.value);
            match value {
                Some(v) if v < limit => (Answer::Holds, format!("{:.2} %", v * 100.0)),
                Some(v) => (Answer::Fails, format!("{:.2} %", v * 100.0)),
                None => (Answer::Blind, "no value".into()),
            }
        };
        let (answer, _) = of("p95", 0.5);
        let p95 = view.signals.iter().find(|s| s.id == "p95").and_then(|s| s.value).unwrap_or_default();
        vec![of("error_rate", 0.005), (answer, format!("{:.0} ms", p95 * 1e3)), of("canary", 0.01)]
    }

    fn drive(&mut self, event: Event) {
        let Some(run) = self.run.as_mut().filter(|r| !r.over) else { return };
        let mut written = Vec::new();
        let later = |seconds: u64, event| (self.now.boot + seconds * 1_000, event);
        for effect in run.machine.handle(&self.now, event) {
            match effect {
                Effect::Record(kind) => {
                    let record = run_record(run.records.len() as u64 + 1, &self.now, &kind);
                    run.records.push(record.clone());
                    written.push(record);
                }
                Effect::Probe { step, asked, .. } => {
                    let answer = match asked {
                        Asked::Already => Answer::Fails,
                        _ => Answer::Holds,
                    };
                    let detail = "canary = 0 %".into();
                    run.coming.push_back(later(6, Event::Probed { step, asked, answer, detail }));
                }
                Effect::Start { step, attempt, .. } => {
                    let kind = &run.machine.plan().steps[step - 1].step.kind;
                    if matches!(kind, StepKind::Run(c) if c.argv.first().is_some_and(|a| a.to_string().contains("share")))
                    {
                        self.share = 0.0;
                    }
                    let outcome = Outcome::Success { detail: "exit 0".into() };
                    run.coming.push_back(later(1, Event::Began { step, attempt, stub: 41_121 }));
                    run.coming
                        .push_back(later(2, Event::Ended { step, attempt, outcome, survivors: Vec::new() }));
                }
                Effect::Watch { step } => run.watching = Some(step),
                Effect::Unwatch => run.watching = None,
                Effect::Finish => run.over = true,
                other => panic!("the walk's procedure needs no {other:?}"),
            }
        }
        let over = run.over;
        let id = run.machine.plan().id.clone();
        if !written.is_empty() {
            self.session.handle(&self.now, session::Event::Journal { records: written, driven: !over });
        }
        if over {
            self.runs.in_the_way = None;
            self.runs.last = Some(Over {
                run: id,
                procedure: "canary-off".into(),
                ended: self.now.clone(),
                by_person: true,
                verified: true,
            });
            self.decide(decider::Event::Runs(self.runs.clone()));
        }
    }
}

fn run_record(seq: u64, now: &Now, kind: &RunKind) -> Record {
    let (name, body) = kind.parts();
    Record { v: SCHEMA, seq, at: now.clone(), kind: name, body, prev: String::new() }
}
