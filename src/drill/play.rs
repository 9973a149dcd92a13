//! A rehearsal as a whole: the session, the decider and at most one run, on one simulated service. It has the shape of the
//! machines: what happens goes in, what the world must do comes out, and `next_deadline` says when it is to be asked again.

mod deciding;
mod items;
mod people;
mod runs;

use super::asking::{Scene, windows};
use super::draft::Draft;
use super::ledger::Ledger;
use super::rehearsed::Rehearsed;
use super::stage::{Speech, Stage};
use super::world::{Happened, World};
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::samples::Samples;
use crate::model::time::{Millis, Now};
use crate::run::plan::Person;
use crate::run::record::Wish;
use crate::session::decision::machine::{Machine, Runs};
use crate::session::decision::{Choice, Kind, Rules};
use crate::session::{self, Facts, Heartbeat, Session};
use indexmap::IndexMap;

/// Milliseconds between two judgements that the decider hears of, while anything goes on.
const JUDGED: Millis = 5_000;

/// How a rehearsal is set up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The environment that is rehearsed.
    pub environment: String,
    /// Seed of all noise.
    pub seed: u64,
    /// SHA-256 of the playbook's bytes, in hex.
    pub hash: String,
    /// Who rehearses.
    pub user: Person,
    /// A screen looks at the session: it hears of every record of the run.
    pub shown: bool,
}

/// What a person asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Start what was drafted; it decides a clock when one is named.
    Confirm {
        /// The draft.
        draft: Box<Draft>,
        /// The clock.
        decides: Option<String>,
    },
    /// Say what is to be done about a decision.
    Decide {
        /// The clock.
        clock: String,
        /// What.
        choice: Choice,
        /// Why.
        reason: String,
    },
    /// Something of the run under way: the step it is about, and what.
    Run(Option<usize>, Wish),
    /// Tick an item of a checklist, or take that back.
    Tick {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Done.
        done: bool,
        /// In their words.
        note: String,
    },
    /// Set off what an item of a checklist does.
    Do {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
    },
    /// A record that is a person's word and nothing more: a note, a flag, a count, an acknowledgement, automation.
    Word(Box<Kind>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The operator asks for something.
    Ask(Ask),
    /// Something is to go wrong (after `onset` milliseconds, or its own), or right again.
    Chaos {
        /// Its id.
        id: String,
        /// Wrong, or right again.
        on: bool,
        /// Milliseconds until it begins; its own when none.
        onset: Option<Millis>,
    },
    /// The embedded service answered a request.
    Spoken {
        /// The request.
        ticket: u64,
        /// What it said; `Err`: not as it should.
        answer: Result<String, String>,
    },
    /// Time passed.
    Tick,
}

/// What the world must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a request to the embedded service on loopback; answer with [`Event::Spoken`].
    Speak(Speech),
    /// A record of the decisions, or of a run (its id), for whoever keeps them.
    Kept(Option<String>, Record),
    /// Ring.
    Bell,
    /// What was asked for is not done, and why.
    Refused(String),
    /// A run was accepted.
    Started(String),
}

/// See the module.
pub struct Play {
    rehearsed: Rehearsed,
    settings: Settings,
    session: Session,
    world: World,
    machine: Machine,
    rules: Rules,
    decided: Ledger,
    stage: Option<Stage>,
    /// Runs that are over, oldest first.
    past: Vec<Stage>,
    /// All that was measured, for the report.
    samples: Samples,
    runs: Runs,
    /// When the decider was told last, boot milliseconds.
    judged: Millis,
    /// The engine said something new.
    moved: bool,
    /// People who agree, or say the same, when their time comes.
    waiting: Vec<(Millis, people::Word)>,
    /// Items of checklists that were set off, and when they are done.
    deeds: Vec<items::Deed>,
    /// When items that judge themselves are looked at again.
    look: Millis,
    ids: u32,
    out: Vec<Effect>,
}

impl Play {
    /// A rehearsal that begins now, with a sound service.
    pub fn new(rehearsed: &Rehearsed, settings: Settings, now: &Now) -> Play {
        let playbook = rehearsed.playbook().clone();
        let facts = Facts {
            environment: settings.environment.clone(),
            user: settings.user.user.clone(),
            uid: settings.user.uid,
            login_uid: settings.user.login_uid,
            demo: true,
            ..Facts::default()
        };
        let rules = Rules::of(&playbook, &settings.environment);
        let (mut decided, mut state) = (Ledger::default(), session::decision::Decisions::default());
        let began = Kind::EpochBegan {
            epoch: 1,
            host: "rehearsal".into(),
            pid: 1,
            who: settings.user.clone(),
            acts: true,
            taken_over: None,
        };
        let first = decided.append(now, began.parts());
        // A log that is empty takes the first epoch.
        let _ = state.follow(&first);
        let machine = Machine::new(&playbook, &settings.environment, 1, true, state);
        let mut session = Session::new(playbook, facts, now);
        session.handle(now, session::Event::Decided(vec![first.clone()]));
        let roles = rehearsed.playbook().roles.keys().cloned().collect();
        session.handle(now, session::Event::Roles(roles));
        let mut play = Play {
            world: World::new(rehearsed, settings.seed, now),
            rehearsed: rehearsed.clone(),
            settings,
            session,
            machine,
            rules,
            decided,
            stage: None,
            past: Vec::new(),
            samples: Samples::default(),
            runs: Runs::default(),
            judged: now.boot,
            moved: true,
            waiting: Vec::new(),
            deeds: Vec::new(),
            look: now.boot,
            ids: 0,
            out: vec![Effect::Kept(None, first)],
        };
        let past = play.world.past(now, &windows(play.rehearsed.playbook()));
        past.iter().for_each(|r| play.samples.reading(r));
        play.session.handle(now, session::Event::Earlier(past));
        play.decide(now, session::decision::machine::Event::Runs(Runs::default()));
        play.pass(now);
        play
    }

    /// Takes in what happened; says what is to be done.
    pub fn handle(&mut self, now: &Now, event: Event) -> Vec<Effect> {
        self.pass(now);
        match event {
            Event::Ask(ask) => {
                if let Err(why) = self.asked(now, ask) {
                    self.out.push(Effect::Refused(why));
                }
            }
            Event::Chaos { id, on, onset } => {
                let done = match on {
                    true => self.world.trouble(now, &id, onset),
                    false => self.mend(now, &id),
                };
                self.out.extend(done.err().map(Effect::Refused));
            }
            Event::Spoken { ticket, answer } => {
                if let Some(stage) = &mut self.stage {
                    stage.spoken(ticket, answer);
                }
            }
            Event::Tick => {}
        }
        self.pass(now);
        std::mem::take(&mut self.out)
    }

    /// When something may happen by itself, boot milliseconds.
    pub fn next_deadline(&self) -> Option<Millis> {
        // What fires on is judged with every sample; only what may begin to fire is waited for to the moment.
        let pending = self.session.engine().is_pending();
        let engine = pending.then(|| self.session.next_deadline()).flatten();
        // A pending trigger's time is watched from its beginning, for how long it took.
        let told = self.busy().then_some(self.judged + JUDGED);
        let waiting = self.waiting.iter().map(|(at, _)| *at).min();
        let deeds = self.deeds.iter().map(|d| d.ends).min();
        let all = [
            self.world.next(),
            engine,
            told,
            self.machine.next_deadline(),
            self.stage.as_ref().and_then(Stage::next),
            waiting,
            deeds,
        ];
        all.into_iter().flatten().min()
    }

    /// What the operators are in.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The simulated service.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The playbook that is rehearsed.
    pub fn playbook(&self) -> &Playbook {
        self.rehearsed.playbook()
    }

    /// The run under way.
    pub fn run(&self) -> Option<&Stage> {
        self.stage.as_ref()
    }

    /// Runs that are over, oldest first.
    pub fn past(&self) -> &[Stage] {
        &self.past
    }

    /// All that was measured.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Records of what was decided.
    pub fn decided(&self) -> &[Record] {
        self.decided.records()
    }

    /// What a procedure would do now. `given` are values of parameters; a scenario gives values and the reason.
    pub fn draft(
        &mut self,
        now: &Now,
        procedure: &str,
        given: &IndexMap<String, String>,
        scenario: Option<&str>,
    ) -> Draft {
        self.pass(now);
        let draft = self.drafted(now, procedure, given, scenario);
        self.pass(now);
        draft
    }

    fn scene<T>(&mut self, f: impl FnOnce(&mut Scene<'_>, &mut Option<Stage>) -> T) -> T {
        let mut effects = Vec::new();
        let mut scene = Scene { world: &mut self.world, session: &mut self.session, effects: &mut effects };
        let out = f(&mut scene, &mut self.stage);
        self.moved |= !effects.is_empty();
        self.rung(effects);
        out
    }

    fn rung(&mut self, effects: Vec<session::Effect>) {
        self.out.extend(effects.into_iter().map(|session::Effect::Bell| Effect::Bell));
    }

    /// Something goes on: a trigger is not inactive, a run or a clock is open.
    fn busy(&self) -> bool {
        self.stage.is_some()
            || self.machine.state().incident.is_some()
            || self.session.engine().is_stirred()
            || self.machine.state().open_clocks().next().is_some()
    }

    /// Time has passed up to now: what happened meanwhile, and everything that follows.
    fn pass(&mut self, now: &Now) {
        let mut fresh = false;
        for happened in self.world.advance(now) {
            match happened {
                Happened::Read(readings) => {
                    fresh = true;
                    readings.iter().for_each(|r| self.samples.reading(r));
                    let effects = self.session.handle(now, session::Event::Readings(readings));
                    self.moved |= !effects.is_empty();
                    self.rung(effects);
                }
                Happened::Began(id) => self.troubled(now, &id, true),
                Happened::Ended(id) => self.troubled(now, &id, false),
                Happened::Cured(..) => {}
            }
        }
        if self.session.next_deadline().is_some_and(|d| d <= now.boot) {
            let effects = self.session.handle(now, session::Event::Tick);
            self.moved |= !effects.is_empty();
            self.rung(effects);
        }
        self.others(now);
        self.work(now);
        self.scene(|scene, stage| {
            if let Some(stage) = stage {
                stage.tick(now, scene, fresh);
            }
        });
        self.follow(now);
        self.judge(now);
        if self.settings.shown {
            let beat = Heartbeat { epoch: 1, acts: true, at: now.clone(), ..Heartbeat::default() };
            self.session.handle(now, session::Event::Beat(Some(beat)));
        }
    }

    /// What goes wrong is on record, as whoever looks on sees it.
    fn troubled(&mut self, now: &Now, id: &str, on: bool) {
        let title = self.world.troubles().iter().rfind(|t| t.id == id).map_or(id, |t| t.title()).to_owned();
        let _ = self.append(now, &Kind::Troubled { title, on, who: None });
    }

    fn mend(&mut self, now: &Now, id: &str) -> Result<(), String> {
        self.world.mend(now, id)?;
        self.troubled(now, id, false);
        Ok(())
    }

    fn asked(&mut self, now: &Now, ask: Ask) -> Result<(), String> {
        let who = self.settings.user.clone();
        match ask {
            Ask::Confirm { draft, decides } => self.confirm(now, *draft, decides),
            Ask::Decide { clock, choice, reason } => self.say(now, &clock, choice, who, reason),
            Ask::Run(step, wish) => self.wish(now, step, wish, who, None),
            Ask::Tick { checklist, item, done, note } => {
                let text = self.item(&checklist, item)?.text.clone();
                self.append(now, &Kind::Ticked { checklist, item, text, done, note, who })
            }
            Ask::Do { checklist, item } => self.set_off(now, checklist, item),
            Ask::Word(kind) => self.append(now, &kind),
        }
    }
}

#[cfg(test)]
mod tests;
