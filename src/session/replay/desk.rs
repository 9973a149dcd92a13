//! The decider's world in simulated time: its records are appended as they are admitted, its runs take as long as their
//! author expects and verify, people are reached and say nothing.

use super::story::{Deed, What};
use crate::engine::{Engine, TriggerStatus};
use crate::model::playbook::{Automation, Playbook};
use crate::model::record::{Record, SCHEMA};
use crate::model::time::Now;
use crate::run::plan::Person;
use crate::session::decision::machine::{Effect, Event, Judged, Machine, News, Over, Runs};
use crate::session::decision::{Closed, Decisions, Kind, Rules};
use indexmap::IndexMap;
use std::collections::VecDeque;

/// Milliseconds that a run takes whose author does not say.
const TAKES: u64 = 60_000;

pub(super) struct Desk {
    machine: Machine,
    playbook: Playbook,
    rules: Rules,
    seq: u64,
    runs: Runs,
    /// The run under way: its id, its end in wall and boot milliseconds.
    under_way: Option<(String, u64)>,
    /// Trigger of each firing, and of each clock.
    triggers: IndexMap<String, String>,
}

/// What came of a judgement.
#[derive(Default)]
pub(super) struct Done {
    /// By trigger.
    pub(super) deeds: Vec<(String, Deed)>,
    /// An incident opened, or was closed.
    pub(super) incident: Option<bool>,
}

impl Desk {
    pub(super) fn new(playbook: &Playbook, environment: &str, now: &Now) -> Desk {
        let mut playbook = playbook.clone();
        playbook.environments.values_mut().for_each(|e| e.automation = Automation::Armed);
        playbook.triggers.values_mut().for_each(|t| t.mode = Automation::Armed);
        let rules = Rules::of(&playbook, environment);
        let mut state = Decisions::default();
        let began = Kind::EpochBegan {
            epoch: 1,
            host: "replay".into(),
            pid: 1,
            who: Person::default(),
            acts: true,
            taken_over: None,
        };
        // A log that is empty takes the first epoch.
        let _ = state.follow(&record(1, now, &began));
        let machine = Machine::new(&playbook, environment, 1, true, state);
        let mut desk = Desk {
            machine,
            playbook,
            rules,
            seq: 1,
            runs: Runs::default(),
            under_way: None,
            triggers: IndexMap::new(),
        };
        desk.deliver(now, [Event::Runs(Runs::default())].into());
        desk
    }

    /// When something is due by time alone, boot milliseconds.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.machine.next_deadline().into_iter().chain(self.under_way.as_ref().map(|r| r.1)).min()
    }

    pub(super) fn is_due(&self, now: &Now) -> bool {
        self.next_deadline().is_some_and(|d| d <= now.boot)
    }

    /// The engine judged at `now`.
    pub(super) fn judged(&mut self, now: &Now, engine: &Engine, states: &[TriggerStatus]) -> Done {
        let mut events = VecDeque::new();
        if let Some((run, _)) = self.under_way.take_if(|(_, end)| *end <= now.boot) {
            self.runs.in_the_way = None;
            self.runs.last =
                Some(Over { run: run.clone(), ended: now.clone(), verified: true, ..Over::default() });
            events.push_back(Event::Runs(self.runs.clone()));
            events.push_back(Event::Ended { run, ok: true, detail: "taken to verify".into() });
        }
        let boot = now.boot as i64;
        let triggers = states.iter().map(|s| {
            let asked = engine.in_force(&s.id, boot);
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
        let verdict = engine.verdict();
        events.push_back(Event::Judged {
            triggers: triggers.collect(),
            standing: verdict.standing.clone(),
            evidence: verdict.evidence.clone(),
        });
        events.push_back(Event::Tick);
        self.deliver(now, events)
    }

    /// Delivers events and everything that comes of them at this moment.
    fn deliver(&mut self, now: &Now, mut events: VecDeque<Event>) -> Done {
        let mut done = Done::default();
        while let Some(event) = events.pop_front() {
            for effect in self.machine.handle(now, event) {
                self.perform(now, effect, &mut events, &mut done);
            }
        }
        done
    }

    fn perform(&mut self, now: &Now, effect: Effect, events: &mut VecDeque<Event>, done: &mut Done) {
        match effect {
            Effect::Append(kind) => match self.machine.state().admits(&kind, &self.rules, now) {
                Ok(()) => {
                    self.seq += 1;
                    self.note(now, &kind, done);
                    events.push_back(Event::Recorded(vec![record(self.seq, now, &kind)]));
                }
                Err(why) => events.push_back(Event::Refused(vec![(kind, why)])),
            },
            Effect::Freeze { clock, trigger } => {
                let procedure = self.procedure(&trigger).unwrap_or_default();
                let plan = Ok(("as it was".into(), procedure.clone(), procedure));
                events.push_back(Event::Frozen { clock, plan });
            }
            Effect::Start { firing, trigger, run, .. } => {
                let procedure = self.procedure(&trigger).and_then(|p| self.playbook.procedures.get(&p));
                let takes = procedure.map(|p| p.expect.duration).filter(|d| *d > 0).unwrap_or(TAKES);
                self.under_way = Some((run.clone(), now.boot + takes));
                self.runs.in_the_way = Some((run.clone(), "it goes on".into()));
                events.push_back(Event::Started { firing, run: run.clone(), accepted: Ok(()) });
                events.push_back(Event::Runs(self.runs.clone()));
                events.push_back(Event::Reaction { run, started: now.clone(), effect: None });
            }
            // No ticket is opened in what was: it keeps its own name.
            Effect::Ticket { incident } => {
                events.push_back(Event::Ticketed { incident, name: Err("not in a replay".into()) });
            }
            Effect::Page { firing, .. } => {
                events.push_back(Event::Paged { firing, ok: true, detail: "taken to be reached".into() });
            }
            Effect::Ring { climb, news: News::Rung(rung), .. } => {
                let detail = "taken to be reached".into();
                events.push_back(Event::Rung { climb, rung, ok: true, detail });
            }
            Effect::Ring { .. } => {}
        }
    }

    fn procedure(&self, trigger: &str) -> Option<String> {
        self.playbook.triggers.get(trigger).and_then(|t| t.procedure.clone())
    }

    /// What a record means for the story.
    fn note(&mut self, now: &Now, kind: &Kind, done: &mut Done) {
        let (name, what) = match kind {
            Kind::IncidentOpened { .. } | Kind::IncidentReopened { .. } => return done.incident = Some(true),
            Kind::IncidentClosed { .. } => return done.incident = Some(false),
            Kind::Fired { firing, trigger, .. } => {
                self.triggers.insert(firing.clone(), trigger.clone());
                return;
            }
            Kind::Acting { firing, clock, procedure, .. } => {
                (firing, What::Started { procedure: procedure.clone(), default: clock.is_some() })
            }
            Kind::Withheld { firing, by, why, .. } => (firing, What::Withheld { by: *by, why: why.clone() }),
            Kind::Escalated { firing, why, .. } => (firing, What::Told(why.clone())),
            Kind::ClockOpened { clock, firing, decide_by, .. } => {
                if let Some(trigger) = self.triggers.get(firing).cloned() {
                    self.triggers.insert(clock.clone(), trigger);
                }
                (firing, What::Asked { within: decide_by.as_ref().map(|d| d.length) })
            }
            Kind::ClockClosed { clock, how, detail, .. } if *how != Closed::Resolved => {
                (clock, What::Closed(detail.clone()))
            }
            _ => return,
        };
        if let Some(trigger) = self.triggers.get(name) {
            done.deeds.push((trigger.clone(), Deed { at: now.wall, what }));
        }
    }
}

fn record(seq: u64, now: &Now, kind: &Kind) -> Record {
    let (kind, body) = kind.parts();
    Record { v: SCHEMA, seq, at: now.clone(), kind, body, prev: String::new() }
}
