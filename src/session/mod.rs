//! What the operators are in: engine, runs and decisions; events in, effects out. Pure.

mod after;
mod asked;
mod book;
mod checklists;
mod deciding;
pub mod decision;
mod following;
pub mod letters;
mod matrix;
pub mod outbox;
mod picture;
pub mod replay;
mod request;
mod scenarios;
mod signal;
pub mod timeline;
pub mod view;
mod why;

#[cfg(test)]
mod tests;

pub use checklists::{condition, conditions, judged};
pub use deciding::Heartbeat;
pub use following::Following;
pub use request::{Request, Seen};

use crate::engine::{self, Engine, baseline};
use crate::model::condition::Expr;
use crate::model::playbook::Playbook;
use crate::model::reading::Reading;
use crate::model::record::Record;
use crate::model::time::Now;
use crate::run::plan::{Cause, Plan};
use decision::Decisions;
use indexmap::IndexMap;
use std::collections::{HashMap, VecDeque};
use view::{ChartColumn, Curve, Happening};

/// How many happenings are kept.
const KEPT: usize = 500;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A source delivered.
    Readings(Vec<Reading>),
    /// A source delivered what was before.
    Earlier(Vec<Reading>),
    /// Records of `decisions.jsonl`, in order. The first ones are those that were there before.
    Decided(Vec<Record>),
    /// Records of `outbox.jsonl`, in order.
    Posted(Vec<Record>),
    /// What the decider says of itself now; none: there never was one.
    Beat(Option<Heartbeat>),
    /// Ids of the roles that the person here has.
    Roles(Vec<String>),
    /// What is normal, per signal, or why that is not known.
    Baselines(IndexMap<String, Result<baseline::Known, String>>),
    /// A run was found.
    Found {
        /// Its plan.
        plan: Box<Plan>,
        /// Its records so far.
        records: Vec<Record>,
        /// Whether a supervisor drives it.
        driven: bool,
    },
    /// The followed run's journal went on, or its supervisor came or went.
    Journal {
        /// New records.
        records: Vec<Record>,
        /// Whether a supervisor drives it.
        driven: bool,
    },
    /// How the last run of a procedure ended.
    Past {
        /// Procedure id.
        procedure: String,
        /// The word for it.
        verdict: String,
        /// When, in wall milliseconds.
        wall: i64,
    },
    /// Something went wrong outside that a person must see, or is mended (`None`).
    Alarm(Option<String>),
    /// Time has passed.
    Tick,
    /// The host slept: nothing that was held counts across it.
    HostSlept,
}

/// What the world must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ring: a trigger fired, a run verified, failed or asks.
    Bell,
}

/// What stays the same about a session.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The environment's name.
    pub environment: String,
    /// Who is here.
    pub user: String,
    /// Their account's number.
    pub uid: u32,
    /// This process: a heartbeat of its own says nothing new.
    pub pid: u32,
    /// The number they logged in with.
    pub login_uid: Option<u32>,
    /// The embedded service of the demo is what is watched.
    pub demo: bool,
    /// Where the records are.
    pub folder: String,
    /// Nothing may be asked or started from here.
    pub read_only: bool,
}

/// The session of one service in one environment.
pub struct Session {
    playbook: Playbook,
    facts: Facts,
    engine: Engine,
    book: book::Book,
    run: Option<Following>,
    timeline: VecDeque<Happening>,
    /// Whether the wall clock was set while the log was written.
    clock: timeline::Clock,
    past: HashMap<String, (String, i64)>,
    alarm: Option<String>,
    decisions: Decisions,
    outbox: outbox::Outbox,
    /// What a person can send.
    messages: Vec<view::MessageView>,
    /// Records of the log were taken in.
    followed: bool,
    beat: Option<Heartbeat>,
    roles: Vec<String>,
    /// Boot milliseconds of the newest good sample.
    heard: Option<u64>,
}

impl Session {
    /// A session of a resolved playbook.
    pub fn new(playbook: Playbook, facts: Facts, now: &Now) -> Session {
        let mut engine = Engine::new(&playbook, now);
        playbook.escalation.iter().filter_map(|r| r.when.as_ref()).for_each(|c| engine.watch(&c.expr));
        let messages = letters::messages(&playbook);
        Session {
            engine,
            book: book::Book::of(&playbook),
            playbook,
            facts,
            run: None,
            timeline: VecDeque::new(),
            clock: Default::default(),
            past: HashMap::new(),
            alarm: None,
            decisions: Decisions::default(),
            outbox: Default::default(),
            messages,
            followed: false,
            beat: None,
            roles: Vec::new(),
            heard: None,
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: &Now, event: Event) -> Vec<Effect> {
        match event {
            Event::Readings(readings) => {
                let newest = readings.iter().filter(|r| r.value.is_ok()).map(|r| r.at.boot).max();
                self.heard = self.heard.max(newest);
                self.judge(now, engine::Event::Readings(readings))
            }
            Event::Earlier(readings) => {
                let past = engine::Event::past(readings.into_iter().filter_map(Reading::point));
                past.into_iter().flat_map(|event| self.judge(now, event)).collect()
            }
            Event::Decided(records) => {
                let first = !std::mem::replace(&mut self.followed, true);
                self.decided(now, records, first)
            }
            Event::Posted(records) => self.posted(&records),
            Event::Beat(beat) => {
                self.beat = beat;
                vec![]
            }
            Event::Roles(roles) => {
                self.roles = roles;
                vec![]
            }
            Event::Baselines(known) => self.normal(now, known),
            Event::Found { plan, records, driven } => match Following::new(*plan, records, driven) {
                Ok(mut found) => {
                    found.story().into_iter().for_each(|h| self.push(h));
                    self.run = Some(found);
                    vec![]
                }
                Err(e) => self.alarmed(e),
            },
            Event::Journal { records, driven } => {
                let Some(run) = &mut self.run else { return vec![] };
                let (before, watched) = (run.view().state, run.view().guarding.is_some());
                match run.extend(records, driven) {
                    Ok(told) => {
                        let state = run.view().state;
                        let verified = run.view().guarding.is_some() && !watched;
                        let rings = verified || (state != before && picture::rings(state));
                        told.into_iter().for_each(|h| self.push(h));
                        if rings { vec![Effect::Bell] } else { vec![] }
                    }
                    Err(e) => self.alarmed(e),
                }
            }
            Event::Past { procedure, verdict, wall } => {
                self.past.insert(procedure, (verdict, wall));
                vec![]
            }
            Event::Alarm(alarm) => {
                self.alarm = alarm;
                vec![]
            }
            Event::Tick => self.judge(now, engine::Event::Tick),
            Event::HostSlept => {
                let text = "the host slept; what was held starts again".into();
                self.push(Happening { wall: now.wall, kind: "host".into(), text, ..Happening::default() });
                self.judge(now, engine::Event::HostSlept)
            }
        }
    }

    /// When something may change by itself, on the boot clock.
    pub fn next_deadline(&self) -> Option<u64> {
        self.engine.next_deadline()
    }

    /// The playbook.
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// What is decided outside of runs.
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// What judges.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Keeps what one more rule needs (its windows and rows of samples) from now on.
    pub fn measure_for(&mut self, rule: &Expr) {
        self.engine.watch(rule);
    }

    /// A run that is judged by these samples began, or is over: where `[run]` windows begin.
    pub fn judged_for(&mut self, now: &Now, run: Option<&Now>) {
        let began = run.map(|at| now.boot_of(at));
        self.judge(now, engine::Event::Run(began));
    }

    /// Takes over what whoever decided before knew of the triggers.
    pub fn restore(&mut self, kept: &[engine::Kept], now: &Now) {
        self.engine.restore(kept, now);
    }

    /// What happened, oldest first, as far as it is kept.
    pub fn timeline(&self) -> impl Iterator<Item = &Happening> {
        self.timeline.iter()
    }

    /// The run that is followed.
    pub fn run(&self) -> Option<&Following> {
        self.run.as_ref()
    }

    /// What a run of this procedure would name as its cause and reason: the gravest firing trigger that recommends it.
    pub fn cause(&self, now: &Now, procedure: &str) -> Option<Cause> {
        picture::cause(self, procedure, now)
    }

    /// Columns of a curve, oldest first; `None` is a gap.
    pub fn columns(
        &self,
        now: &Now,
        curve: Curve<'_>,
        window: u64,
        columns: usize,
    ) -> Vec<Option<ChartColumn>> {
        picture::columns(self, now, curve, window, columns)
    }

    fn alarmed(&mut self, e: String) -> Vec<Effect> {
        self.alarm = Some(e);
        vec![Effect::Bell]
    }

    fn judge(&mut self, now: &Now, event: engine::Event) -> Vec<Effect> {
        let mut out = Vec::new();
        for effect in self.engine.handle(now, event) {
            if let Some((happening, rings)) = picture::told(self, now, &effect) {
                self.push(happening);
                if rings {
                    out.push(Effect::Bell);
                }
            }
        }
        out
    }

    fn push(&mut self, happening: Happening) {
        let at = self.timeline.partition_point(|h| h.wall <= happening.wall);
        self.timeline.insert(at, happening);
        if self.timeline.len() > KEPT {
            self.timeline.pop_front();
        }
    }
}
