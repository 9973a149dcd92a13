//! The decider in simulated time: a log that admits, an engine that holds, a world that starts runs, and no clock.

mod acting;
mod anything;
mod clocks;
mod company;
mod incident;
mod items;
mod ladder;
mod restart;
mod rules;
mod watches;

use super::*;
use crate::engine::hold::{Hold, Times};
use crate::model::condition::{Condition, Expr};
use crate::model::playbook::{Cell, DefaultAction, Environment, Role, Trigger};
use crate::run::Person;
use crate::run::plan::Automatic;
use crate::session::decision::{Choice, Closed};
use std::collections::BTreeMap;

const MINUTE: Millis = 60_000;

fn trigger(act: Cell, default: DefaultAction) -> Trigger {
    Trigger {
        title: "Errors".into(),
        when: Condition { text: "up".into(), expr: Expr::Bool(true) },
        severity: None,
        hold: 0,
        keep_firing_for: 0,
        clear_when: None,
        act,
        at: IndexMap::new(),
        default,
        mode: Automation::Armed,
        procedure: Some("back".into()),
        args: IndexMap::new(),
        reason: None,
        authority: None,
        approval: Vec::new(),
        effect_within: Some(30_000),
        cooldown: 5 * MINUTE,
        max_attempts: 1,
        per: 60 * MINUTE,
    }
}

fn auto() -> Trigger {
    trigger(Cell::Auto, DefaultAction::Escalate)
}

fn decide(within: Millis, default_at: Option<Millis>, default: DefaultAction) -> Trigger {
    trigger(Cell::Decide { within, default_at }, default)
}

fn playbook(triggers: &[(&str, Trigger)]) -> Playbook {
    let mut p = Playbook::default();
    p.service.name = "shop".into();
    p.environments
        .insert("prod".into(), Environment { automation: Automation::Armed, ..Environment::default() });
    for (id, users) in [("qa", "ana"), ("lead", "ben")] {
        let role = Role { title: id.to_uppercase(), users: vec![users.into()], ..Role::default() };
        p.roles.insert(id.into(), role);
    }
    p.triggers = triggers.iter().map(|(id, t)| ((*id).to_owned(), t.clone())).collect();
    p
}

fn person(user: &str, uid: u32) -> Person {
    Person { user: user.into(), uid, login_uid: Some(uid), ..Person::default() }
}

fn set(trigger: Option<&str>, mode: Automation) -> Kind {
    Kind::AutomationSet {
        trigger: trigger.map(str::to_owned),
        mode,
        who: person("ben", 1),
        reason: "r".into(),
    }
}

fn acked(firing: &str) -> Kind {
    Kind::Acked { firing: firing.into(), who: person("ben", 1), note: String::new() }
}

fn said(clock: &str, choice: Choice, who: Person, roles: &[&str]) -> Kind {
    let roles = roles.iter().map(|r| (*r).to_owned()).collect();
    Kind::Said { clock: clock.into(), choice, who, roles, reason: "r".into() }
}

/// Everything that is not a decider: the log, the service, the runs.
struct World {
    playbook: Playbook,
    rules: Rules,
    now: Now,
    /// Milliseconds that have really passed.
    real: Millis,
    log: Vec<Record>,
    /// What really was when each record was written.
    facts: Vec<Fact>,
    /// What engines last said of each trigger's condition, and when it was last said not to hold.
    heard: IndexMap<String, (Millis, Truth)>,
    fell: IndexMap<String, Millis>,
    state: Decisions,
    truths: IndexMap<String, Truth>,
    cells: IndexMap<String, (Cell, Option<u32>)>,
    /// Runs by id; whether they are over; and those that failed.
    runs: BTreeMap<String, bool>,
    failed: BTreeSet<String>,
    last: Option<Over>,
    pages: Vec<String>,
    /// Incidents for which a ticket was opened, and what comes of it.
    tickets: Vec<String>,
    ticket: Result<String, String>,
    /// What the ladder was told, and what conditions say that no trigger says.
    rings: Vec<(u32, News)>,
    said: Option<Conditions>,
    plan: FrozenPlan,
    /// Why no run is accepted.
    refuses: Option<String>,
    /// Effects that are still performed before the program dies; with the answer to the last one, or without.
    fuel: Option<(usize, bool)>,
    /// What a person appends before that many more effects were performed.
    interject: Option<(usize, Kind)>,
    performed: usize,
}

/// The world at one moment.
struct Fact {
    real: Millis,
    heard: IndexMap<String, (Millis, Truth)>,
    fell: IndexMap<String, Millis>,
}

/// One program that decides: a machine and its engine.
struct Program {
    machine: Machine,
    holds: IndexMap<String, Hold>,
    seen: usize,
    acts: bool,
    dead: bool,
    told: Option<Runs>,
}

impl World {
    fn new(triggers: &[(&str, Trigger)]) -> World {
        let playbook = playbook(triggers);
        World {
            rules: Rules::of(&playbook, "prod"),
            truths: playbook.triggers.keys().map(|id| (id.clone(), Truth::False)).collect(),
            cells: playbook.triggers.iter().map(|(id, t)| (id.clone(), (t.act, None))).collect(),
            playbook,
            now: Now { boot: 1_000_000, boot_id: "a".into(), wall: 1_795_262_400_000 },
            real: 0,
            log: Vec::new(),
            facts: Vec::new(),
            heard: IndexMap::new(),
            fell: IndexMap::new(),
            state: Decisions::default(),
            runs: BTreeMap::new(),
            failed: BTreeSet::new(),
            last: None,
            pages: Vec::new(),
            tickets: Vec::new(),
            ticket: Ok("OPS-7".into()),
            rings: Vec::new(),
            said: None,
            plan: Ok(("25 %".into(), "0 %".into(), "hash".into())),
            refuses: None,
            fuel: None,
            interject: None,
            performed: 0,
        }
    }

    fn pass(&mut self, ms: Millis) {
        self.now = self.now.plus(ms);
        self.real += ms;
    }

    fn append(&mut self, kind: &Kind) -> Result<(), String> {
        self.state.admits(kind, &self.rules, &self.now)?;
        let (name, body) = kind.parts();
        let seq = self.log.len() as u64 + 1;
        let record = Record { v: 1, seq, at: self.now.clone(), kind: name, body, prev: String::new() };
        assert_eq!(self.state.follow(&record).as_ref(), Ok(kind), "a record says what was written");
        self.log.push(record);
        self.facts.push(Fact { real: self.real, heard: self.heard.clone(), fell: self.fell.clone() });
        Ok(())
    }

    /// A person's record, which must be admitted.
    fn say(&mut self, kind: Kind) {
        self.append(&kind).unwrap();
    }

    fn begin(&mut self, acts: bool) -> Program {
        let epoch = self.state.decider.as_ref().map_or(1, |d| d.epoch + 1);
        let (host, who) = ("h".to_owned(), person("deploy", 500));
        self.append(&Kind::EpochBegan { epoch, host, pid: 1, who, acts, taken_over: None }).unwrap();
        let state = Decisions::fold(&self.log).unwrap();
        assert_eq!(state, self.state, "what is folded at once is what was followed");
        Program {
            machine: Machine::new(&self.playbook, "prod", epoch, acts, state),
            holds: IndexMap::new(),
            seen: self.log.len(),
            acts,
            dead: false,
            told: None,
        }
    }

    fn known_runs(&self) -> Runs {
        let open = self.runs.iter().find(|(_, over)| !**over);
        Runs {
            in_the_way: open.map(|(id, _)| (id.clone(), "a run goes on".to_owned())),
            last: self.last.clone(),
            begun: Vec::new(),
        }
    }

    /// An event and all that follows from it.
    fn tell(&mut self, p: &mut Program, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            if p.dead {
                return;
            }
            for effect in p.machine.handle(&self.now, event) {
                if self.interject.as_ref().is_some_and(|(n, _)| *n == self.performed) {
                    let (_, kind) = self.interject.take().unwrap();
                    let _ = self.append(&kind);
                }
                let (left, answered) = self.fuel.unwrap_or((usize::MAX, true));
                if left == 0 {
                    p.dead = true;
                    return;
                }
                if left != usize::MAX {
                    self.fuel = Some((left - 1, answered));
                }
                self.performed += 1;
                let answer = self.perform(p, effect);
                if left == 1 && !answered {
                    p.dead = true;
                    return;
                }
                events.insert(0, answer);
            }
        }
    }

    fn perform(&mut self, p: &mut Program, effect: Effect) -> Event {
        match effect {
            Effect::Append(kind) => match self.append(&kind) {
                Ok(()) => self.news(p),
                Err(why) => Event::Refused(vec![(kind, why)]),
            },
            Effect::Freeze { clock, .. } => Event::Frozen { clock, plan: self.plan.clone() },
            Effect::Start { firing, run, hash, by, .. } => {
                let accepted = self.start(&firing, &run, hash, &by);
                Event::Started { firing, run, accepted }
            }
            Effect::Ticket { incident } => {
                self.tickets.push(incident.clone());
                Event::Ticketed { incident, name: self.ticket.clone() }
            }
            Effect::Page { firing, text, .. } => {
                self.pages.push(text);
                Event::Paged { firing, ok: true, detail: "the channel took it".into() }
            }
            Effect::Ring { climb, news, .. } => {
                // Its messages have names: a second one of a name is none.
                if !self.rings.contains(&(climb, news)) {
                    self.rings.push((climb, news));
                }
                let News::Rung(rung) = news else { return Event::Tick };
                Event::Rung { climb, rung, ok: true, detail: "in the outbox".into() }
            }
        }
    }

    fn start(&mut self, firing: &str, run: &str, hash: Option<String>, by: &Deadline) -> Result<(), String> {
        if self.runs.contains_key(run) {
            return Ok(());
        }
        if let Some(other) = self.running() {
            return Err(format!("{other} holds the lock"));
        }
        let clock = self.state.attempt(run).and_then(|a| a.clock.clone());
        self.state.may_begin(&Automatic { firing: firing.into(), clock }, run)?;
        if by.is_due(&self.now) {
            return Err("it was decided too long ago".into());
        }
        let planned = self.plan.as_ref().map(|(_, _, hash)| hash.clone()).ok();
        if hash.is_some() && hash != planned {
            return Err("the target has changed".into());
        }
        self.refuses.clone().map_or(Ok(()), Err)?;
        self.runs.insert(run.to_owned(), false);
        Ok(())
    }

    /// Records that a program has not seen.
    fn news(&self, p: &mut Program) -> Event {
        let new = self.log[p.seen..].to_vec();
        p.seen = self.log.len();
        Event::Recorded(new)
    }

    /// A program reads the log, hears of the runs, and its engine judges.
    fn hear(&mut self, p: &mut Program) {
        if p.seen < self.log.len() {
            let news = self.news(p);
            self.tell(p, news);
        }
        let runs = self.known_runs();
        if p.told.as_ref() != Some(&runs) {
            p.told = Some(runs.clone());
            self.tell(p, Event::Runs(runs));
        }
        for a in self
            .state
            .attempts
            .values()
            .flatten()
            .filter(|a| p.acts && a.ended.is_none())
            .cloned()
            .collect::<Vec<_>>()
        {
            if self.runs.get(&a.run) == Some(&true) {
                let ok = !self.failed.contains(&a.run);
                self.tell(p, Event::Ended { run: a.run, ok, detail: "as its journal says".into() });
            }
        }
        let now = self.now.boot as i64;
        // What one that decides no more has heard says nothing about the one that does.
        let decides = self.state.decider.as_ref().is_some_and(|d| d.epoch == p.machine.epoch);
        for (id, truth) in &self.truths {
            if decides {
                self.heard.insert(id.clone(), (self.real, *truth));
            }
            if *truth == Truth::False {
                self.fell.insert(id.clone(), self.real);
            }
        }
        if let Some(said) = &self.said {
            let said = Conditions { at: self.now.clone(), ..said.clone() };
            self.tell(p, Event::Conditions(said));
        }
        let judged = self.playbook.triggers.iter().map(|(id, t)| {
            let hold = p.holds.entry(id.clone()).or_default();
            let (truth, times) = (self.truths[id], Times { need: t.hold, keep: t.keep_firing_for });
            hold.judge(now, truth, None, times);
            let (cell, stage) = self.cells[id];
            let state = hold.state(now, times);
            Judged { id: id.clone(), state, truth, evidence: Vec::new(), cell, stage, note: None }
        });
        let triggers = judged.collect();
        self.tell(p, Event::Judged { triggers, standing: Standing::Quiet, evidence: Vec::new() });
    }

    /// So much time, in seconds.
    fn run(&mut self, p: &mut Program, ms: Millis) {
        for _ in 0..ms / 1000 {
            self.pass(1000);
            self.hear(p);
        }
    }

    fn is(&mut self, trigger: &str, truth: Truth) {
        self.truths.insert(trigger.into(), truth);
    }

    /// The run that goes on.
    fn running(&self) -> Option<String> {
        self.runs.iter().find(|(_, over)| !**over).map(|(id, _)| id.clone())
    }

    /// The run that goes on ends.
    fn end(&mut self, p: &mut Program, ok: bool) {
        let run = self.running().expect("a run goes on");
        self.over(&run, ok);
        let by_person = self.state.attempt(&run).is_none();
        if !by_person {
            let detail = if ok { "verified" } else { "step 2 failed" };
            self.tell(p, Event::Ended { run, ok, detail: detail.into() });
        }
    }

    /// A run ends; nobody is told but by what there is to see.
    fn over(&mut self, run: &str, ok: bool) {
        self.runs.insert(run.to_owned(), true);
        if !ok {
            self.failed.insert(run.to_owned());
        }
        let by_person = self.state.attempt(run).is_none();
        self.last = Some(Over {
            run: run.to_owned(),
            procedure: "back".into(),
            ended: self.now.clone(),
            by_person,
            verified: ok,
        });
    }

    fn kinds(&self) -> Vec<Kind> {
        self.log.iter().map(|r| Kind::read(r).unwrap()).collect()
    }

    fn count(&self, which: impl Fn(&Kind) -> bool) -> usize {
        self.kinds().iter().filter(|k| which(k)).count()
    }

    fn acted(&self) -> usize {
        self.count(|k| matches!(k, Kind::Acting { .. }))
    }

    fn escalated(&self) -> usize {
        self.count(|k| matches!(k, Kind::Escalated { .. }))
    }

    fn withheld(&self) -> Vec<Withheld> {
        self.kinds()
            .into_iter()
            .filter_map(|k| match k {
                Kind::Withheld { by, .. } => Some(by),
                _ => None,
            })
            .collect()
    }

    /// How the clocks ended.
    fn closed(&self) -> Vec<(Closed, String)> {
        self.kinds()
            .into_iter()
            .filter_map(|k| match k {
                Kind::ClockClosed { how, detail, .. } => Some((how, detail)),
                _ => None,
            })
            .collect()
    }
}

/// A world in which a watcher lives.
fn watched(triggers: &[(&str, Trigger)]) -> (World, Program) {
    let mut world = World::new(triggers);
    let mut p = world.begin(true);
    world.run(&mut p, 2_000);
    (world, p)
}
