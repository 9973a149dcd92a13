//! The decider: what the engine says and what people said, into records and actions. Pure; time is an argument.

mod acting;
mod clocks;
mod due;
mod firing;
mod incident;
mod items;
mod ladder;
mod telling;
#[cfg(test)]
mod tests;
mod watches;

pub use items::ItemSaid;
pub use ladder::{News, reached};
pub use watches::Conditions;

use super::fold::passed;
use super::{Decisions, Kind, Rules, SILENT, Withheld};
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::hold::TriggerState;
use crate::engine::verdict::Standing;
use crate::model::playbook::{Automation, Cell, Playbook};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::Person;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// What the engine says of a trigger now.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: TriggerState,
    /// What its condition is now; unknown: what it rests on is not fresh.
    pub truth: Truth,
    /// Why.
    pub evidence: Vec<Part>,
    /// What it asks for where the traffic is now, the stage, and what is to be said of that.
    pub cell: Cell,
    /// Stage of the traffic in percent, when known.
    pub stage: Option<u32>,
    /// What is to be said of the cell.
    pub note: Option<String>,
}

/// What is known of the runs of the service and environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Runs {
    /// The run that holds the lock, or was left unfinished: its id, and in words.
    pub in_the_way: Option<(String, String)>,
    /// The newest run that is over.
    pub last: Option<Over>,
    /// The newest runs that were accepted, the oldest of them first.
    pub begun: Vec<Begun>,
}

/// A run that was accepted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Begun {
    /// Its id.
    pub run: String,
    /// Id of its procedure.
    pub procedure: String,
    /// Who started it; nobody: it was started without a person.
    pub by: Option<Person>,
    /// When it was accepted.
    pub at: Now,
}

/// A run that is over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Over {
    /// Its id.
    pub run: String,
    /// Id of its procedure.
    pub procedure: String,
    /// When it ended.
    pub ended: Now,
    /// A person started it.
    pub by_person: bool,
    /// It was verified.
    pub verified: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The engine judged: every trigger, and the verdict with its evidence. Delivered at least every few seconds, also when
    /// nothing changed: nothing acts on what was judged more than [`SILENT`] ago.
    Judged {
        /// Triggers in the playbook's order.
        triggers: Vec<Judged>,
        /// Where the service stands.
        standing: Standing,
        /// Why.
        evidence: Vec<Part>,
    },
    /// Records that were appended, by whomever, own ones too; each is delivered once, in order.
    Recorded(Vec<crate::model::record::Record>),
    /// Own records that were refused under the log's lock, and why; they are not on record.
    Refused(Vec<(Kind, String)>),
    /// The runs, as they are now: at the start (nothing acts before) and whenever they change.
    Runs(Runs),
    /// A default's plan was frozen, or could not be: from and to in words, and the hash of what it does.
    Frozen {
        /// The clock.
        clock: String,
        /// See above.
        plan: Result<(String, String, String), String>,
    },
    /// A run was accepted (or its folder was there already), or refused (nothing was started).
    Started {
        /// The firing.
        firing: String,
        /// The run.
        run: String,
        /// `Err`: why it was refused.
        accepted: Result<(), String>,
    },
    /// An automatic run's first command was started (`effect` none), or it took effect. Wall and boot of that moment.
    Reaction {
        /// The run.
        run: String,
        /// When its first command was started.
        started: Now,
        /// When it took effect.
        effect: Option<Now>,
    },
    /// An automatic run is over.
    Ended {
        /// The run.
        run: String,
        /// It was verified.
        ok: bool,
        /// In words.
        detail: String,
    },
    /// People were told, or could not be.
    Paged {
        /// The firing.
        firing: String,
        /// At least one channel took it.
        ok: bool,
        /// In words, safe to show.
        detail: String,
    },
    /// What came of opening the incident's ticket: its name, or why there is none, in words, safe to show.
    Ticketed {
        /// The incident, by the name it was opened under.
        incident: String,
        /// See above.
        name: Result<String, String>,
    },
    /// What items of checklists that judge themselves say now; those that are not named say nothing new.
    Items(Vec<ItemSaid>),
    /// What conditions say that no trigger says: of rungs and objectives. Delivered as often as `Judged`.
    Conditions(Conditions),
    /// A rung is told, or there is nobody to tell.
    Rung {
        /// The climb.
        climb: u32,
        /// The rung, from 1.
        rung: usize,
        /// Somebody is told.
        ok: bool,
        /// In words, safe to show.
        detail: String,
    },
    /// The host slept so many milliseconds.
    HostSlept(u64),
    /// Time passed.
    Tick,
}

/// What the world must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append this, if [`Decisions::admits`] it under the lock; it comes back as `Recorded` or `Refused`.
    Append(Kind),
    /// Resolve and freeze what a clock's default would do; answer with `Frozen`.
    Freeze {
        /// The clock.
        clock: String,
        /// The trigger, for its procedure, arguments and reason.
        trigger: String,
    },
    /// Start a run that `Acting` is on record for; answer with `Started`. With `hash`, only if what it does is still the
    /// same. A folder of that id: it was started already, answer that it is accepted. Else, once `by` is due: refused.
    Start {
        /// The firing.
        firing: String,
        /// The trigger, for its procedure, arguments and reason.
        trigger: String,
        /// Id of the run.
        run: String,
        /// Hash of the default's frozen plan.
        hash: Option<String>,
        /// Until when it may be started.
        by: Deadline,
    },
    /// Open the ticket of the open incident; answer with `Ticketed`.
    Ticket {
        /// The incident, by the name it was opened under.
        incident: String,
    },
    /// Tell people; answer with `Paged`.
    Page {
        /// The firing.
        firing: String,
        /// The trigger.
        trigger: String,
        /// What is told.
        text: String,
    },
    /// Tell those on the ladder, each message once; a rung is answered with [`Event::Rung`].
    Ring {
        /// The incident.
        incident: String,
        /// The climb.
        climb: u32,
        /// What they are told.
        news: News,
    },
}

/// Milliseconds after which a default's plan that could not be frozen is tried again, and what was refused under the log's
/// lock is asked again.
const RETRY: Millis = 60_000;
const ASK_AGAIN: Millis = 5_000;
/// Milliseconds in which an engine that has just begun may not know yet.
const SETTLE: Millis = 30_000;

/// The decider of one service and environment.
///
/// It is a comparison of what is on record with what should be, made anew at every event: what is missing is appended, and
/// done once it is on record. So a decider that goes on with another's log does what that one left undone, and nothing twice.
#[derive(Debug)]
pub struct Machine {
    playbook: Playbook,
    environment: String,
    epoch: u64,
    acts: bool,
    rules: Rules,
    state: Decisions,
    /// The first time it was told, and the last.
    born: Option<Now>,
    now: Now,
    judged: Option<Said>,
    runs: Option<Runs>,
    /// Since when a condition has been true that is pending or firing, boot milliseconds.
    true_since: IndexMap<String, i64>,
    /// Triggers that the engine said were firing, since the beginning.
    seen: BTreeSet<String>,
    /// What stands in the way of each firing, and since when (boot milliseconds).
    stuck: IndexMap<String, (Withheld, Millis)>,
    /// Records that were asked for and not answered; and when one was refused (boot milliseconds).
    flights: Vec<Kind>,
    refused: IndexMap<String, Millis>,
    /// Runs that were asked to start, those of which it is known that they have, and what came of them.
    starting: BTreeSet<String>,
    started: BTreeSet<String>,
    reactions: IndexMap<String, (Now, Option<Now>)>,
    ended: IndexMap<String, (bool, String)>,
    /// Clocks whose plan was asked for and when (boot milliseconds); the answer, until it is on record.
    freezing: IndexMap<String, (Millis, Option<FrozenPlan>)>,
    /// Escalations that people are being told of: the firing, and when it was recorded.
    telling: Vec<(String, Now)>,
    /// Facts of one moment that are not on record yet.
    unwritten: Vec<Kind>,
    /// The run during which an incident was open, last.
    covered: Option<String>,
    /// The incident whose ticket this program opens, or has.
    ticketing: Option<String>,
    /// What items that judge themselves say, and since when (boot milliseconds).
    items: IndexMap<(String, usize), (ItemSaid, Millis)>,
    /// What conditions say that no trigger says.
    conditions: Option<Conditions>,
    /// What those on the ladder are being told, or were: the climb, what, and since when it is on record.
    rung: Vec<(u32, News, Now)>,
    /// What watches have earned since their last record, by run and objective.
    earned: IndexMap<(String, String), watches::Earned>,
}

type FrozenPlan = Result<(String, String, String), String>;

/// What the engine said, and when.
#[derive(Debug)]
struct Said {
    at: Now,
    triggers: IndexMap<String, Judged>,
    standing: Standing,
    evidence: Vec<Part>,
}

impl Machine {
    /// A decider of a resolved playbook, in its epoch (which is on record), that goes on with what is on record. A screen's
    /// only records.
    pub fn new(playbook: &Playbook, environment: &str, epoch: u64, acts: bool, state: Decisions) -> Machine {
        Machine {
            playbook: playbook.clone(),
            environment: environment.into(),
            epoch,
            acts,
            rules: Rules::of(playbook, environment),
            state,
            born: None,
            now: Now::default(),
            judged: None,
            runs: None,
            true_since: IndexMap::new(),
            seen: BTreeSet::new(),
            stuck: IndexMap::new(),
            flights: Vec::new(),
            refused: IndexMap::new(),
            starting: BTreeSet::new(),
            started: BTreeSet::new(),
            reactions: IndexMap::new(),
            ended: IndexMap::new(),
            freezing: IndexMap::new(),
            telling: Vec::new(),
            unwritten: Vec::new(),
            covered: None,
            ticketing: None,
            items: IndexMap::new(),
            conditions: None,
            rung: Vec::new(),
            earned: IndexMap::new(),
        }
    }

    /// Takes an event; says what is to be done. Each `Append` must be answered, with `Refused` also when it could not be
    /// written. Once another program decides, nothing is done any more ([`Machine::superseded`]).
    pub fn handle(&mut self, now: &Now, event: Event) -> Vec<Effect> {
        self.born.get_or_insert_with(|| now.clone());
        self.now = now.clone();
        self.take(now, event);
        if self.superseded() {
            return Vec::new();
        }
        let mut out = Vec::new();
        let wanted = [
            self.watch(now),
            self.incident(now).into_iter().collect(),
            self.ticket().into_iter().collect(),
            self.linked(),
            self.verdict(now).into_iter().collect(),
            self.firings(now),
            self.actions(now),
            self.courses(),
            self.clocks(now),
            self.escalations(now),
            self.rungs(now),
            self.quiet(now).into_iter().collect(),
            self.run_over().into_iter().collect(),
            self.items(now),
            self.unwritten.clone(),
        ];
        wanted.into_iter().flatten().for_each(|kind| self.want(now, kind, &mut out));
        self.start(now, &mut out);
        self.freeze(now, &mut out);
        self.tell(now, &mut out);
        self.open_ticket(&mut out);
        self.ring(now, &mut out);
        out
    }

    fn take(&mut self, now: &Now, event: Event) {
        match event {
            Event::Judged { triggers, standing, evidence } => self.heard(now, triggers, standing, evidence),
            Event::Recorded(records) => records.iter().for_each(|r| self.recorded(r)),
            Event::Refused(kinds) => {
                for (kind, _) in kinds {
                    self.landed(&kind);
                    self.refused.insert(topic(&kind), now.boot);
                }
            }
            Event::Runs(runs) => {
                if let Some((run, _)) = runs.in_the_way.as_ref().filter(|_| self.state.incident.is_some()) {
                    self.covered = Some(run.clone());
                }
                self.runs = Some(runs);
                // A run changes what conditions say; what was said before it says nothing of what is now.
                self.conditions = None;
            }
            Event::Frozen { clock, plan } => {
                self.freezing.insert(clock, (now.boot, Some(plan)));
            }
            Event::Started { run, accepted, .. } => {
                self.starting.remove(&run);
                match accepted {
                    Ok(()) => {
                        self.started.insert(run);
                    }
                    Err(why) => {
                        self.ended
                            .entry(run)
                            .or_insert((false, format!("nothing was started: {}", clean_line(&why))));
                    }
                }
            }
            Event::Reaction { run, started, effect } => {
                self.started.insert(run.clone());
                self.reactions.insert(run, (started, effect));
            }
            Event::Ended { run, ok, detail } => {
                self.started.insert(run.clone());
                self.ended.insert(run, (ok, clean_line(&detail)));
            }
            Event::Paged { firing, ok, detail } => {
                let detail = clean_line(&detail);
                self.unwritten.push(Kind::Paged { epoch: self.epoch, firing, ok, detail });
            }
            Event::Ticketed { incident, name } => {
                let name = name.map(|n| clean_line(&n)).map_err(|why| clean_line(&why));
                self.unwritten.push(Kind::IncidentNamed { epoch: self.epoch, incident, name });
            }
            Event::HostSlept(slept) => {
                // What was judged before says nothing about now.
                self.judged = None;
                self.conditions = None;
                self.items.clear();
                self.unwritten.push(Kind::HostSlept { slept });
            }
            Event::Items(said) => self.items_said(now, said),
            Event::Conditions(said) => self.conditions = Some(said),
            Event::Rung { climb, rung, ok, detail } => {
                let detail = clean_line(&detail);
                self.unwritten.push(Kind::RungTold { epoch: self.epoch, climb, rung, ok, detail });
            }
            Event::Tick => {}
        }
    }

    fn recorded(&mut self, record: &Record) {
        if self.state.last.as_ref().is_some_and(|(seq, _)| record.seq <= *seq) {
            return;
        }
        // A record of another kind than this log's was written by a newer program: its own fold will know it.
        if let Ok(kind) = Kind::read(record) {
            self.earned_on_record(&kind);
        }
        let Ok(kind) = self.state.follow(record) else { return };
        self.landed(&kind);
        self.refused.clear();
        if let Kind::DefaultFrozen { clock, plan, .. } = &kind {
            match plan {
                Ok(_) => self.freezing.shift_remove(clock),
                Err(_) => self.freezing.insert(clock.clone(), (self.now.boot, None)),
            };
        }
        if let Some(i) = self.unwritten.iter().position(|k| *k == kind) {
            self.unwritten.remove(i);
        }
        self.tidy();
    }

    /// A record that was asked for has its answer.
    fn landed(&mut self, kind: &Kind) {
        if let Some(i) = self.flights.iter().position(|k| k == kind) {
            self.flights.remove(i);
        }
    }

    /// Forgets what is over.
    fn tidy(&mut self) {
        let state = &self.state;
        // People were told of something that is forgotten: no record takes it.
        let incidents = || state.incident.iter().chain(&state.incident_before);
        self.unwritten.retain(|k| match k {
            Kind::Paged { firing, .. } => state.firings.contains_key(firing),
            Kind::IncidentNamed { incident, .. } => {
                incidents().any(|i| i.id == *incident && i.ticket.is_none())
            }
            _ => true,
        });
        let climb = state.ladder.climb;
        self.unwritten.retain(|k| !matches!(k, Kind::RungTold { climb: of, .. } if *of != climb));
        let open = |run: &String| state.attempt(run).is_some_and(|a| a.ended.is_none());
        self.started.retain(open);
        self.starting.retain(open);
        self.ended.retain(|run, _| open(run));
        self.reactions.retain(|run, _| state.attempt(run).is_some());
        self.freezing.retain(|clock, _| state.clocks.get(clock).is_some_and(|c| c.closed.is_none()));
        self.telling.retain(|(firing, at)| {
            state.firings.get(firing).is_some_and(|f| f.untold.iter().any(|(_, when)| when == at))
        });
    }

    /// Asks for a record, unless the same is being asked for, or was refused just now.
    fn want(&mut self, now: &Now, kind: Kind, out: &mut Vec<Effect>) {
        let topic = topic(&kind);
        let waits = self.refused.get(&topic).is_some_and(|at| now.boot.saturating_sub(*at) < ASK_AGAIN);
        if waits || self.flights.iter().any(|k| self::topic(k) == topic) {
            return;
        }
        self.refused.shift_remove(&topic);
        self.flights.push(kind.clone());
        out.push(Effect::Append(kind));
    }

    /// Whether another program decides now.
    pub fn superseded(&self) -> bool {
        self.state.decider.as_ref().is_some_and(|d| d.epoch > self.epoch)
    }

    /// What is on record.
    pub fn state(&self) -> &Decisions {
        &self.state
    }

    /// What automation may do for a trigger now.
    pub fn mode(&self, trigger: &str) -> Automation {
        let own = self.rules.triggers.get(trigger).map(|l| l.mode).unwrap_or_default();
        self.state.mode(self.rules.ceiling, trigger, own)
    }

    /// What the engine said, when that is recent enough to rely on.
    fn fresh(&self, now: &Now) -> Option<&Said> {
        self.judged
            .as_ref()
            .filter(|s| s.at.boot_id == now.boot_id && now.boot.saturating_sub(s.at.boot) <= SILENT)
    }

    /// What a trigger's condition is now.
    fn truth(&self, now: &Now, trigger: &str) -> Truth {
        self.fresh(now).and_then(|s| s.triggers.get(trigger)).map_or(Truth::Unknown, |j| j.truth)
    }

    /// Milliseconds since the beginning.
    fn age(&self, now: &Now) -> Millis {
        self.born.as_ref().map_or(0, |b| passed(b, now))
    }

    fn title<'a>(&'a self, trigger: &'a str) -> &'a str {
        self.playbook.triggers.get(trigger).map_or(trigger, |t| t.title.as_str())
    }
}

/// What a record is about: only one of a topic is asked for at a time.
fn topic(kind: &Kind) -> String {
    let (name, about) = match kind {
        Kind::Fired { trigger, .. } => ("fired", trigger.clone()),
        Kind::Resolved { firing, .. } => ("resolved", firing.clone()),
        Kind::CellMoved { firing, .. } => ("moved", firing.clone()),
        Kind::WouldAct { firing, .. } => ("would act", firing.clone()),
        Kind::Withheld { firing, by, .. } => ("withheld", format!("{firing} {by:?}")),
        Kind::Acting { firing, .. } => ("acting", firing.clone()),
        Kind::Reacted { run, to_effect, .. } => ("reacted", format!("{run} {}", to_effect.is_some())),
        Kind::Acted { run, .. } => ("acted", run.clone()),
        Kind::Escalated { firing, clock, .. } => {
            ("escalated", format!("{firing} {}", clock.as_deref().unwrap_or_default()))
        }
        Kind::Paged { firing, .. } => ("paged", firing.clone()),
        Kind::ClockOpened { firing, .. } => ("opened", firing.clone()),
        Kind::DefaultFrozen { clock, .. } => ("frozen", clock.clone()),
        Kind::ClockMissed { clock, .. } => ("missed", clock.clone()),
        Kind::ClockClosed { clock, .. } => ("closed", clock.clone()),
        Kind::IncidentOpened { .. } => ("incident opened", String::new()),
        Kind::IncidentClosed { .. } => ("incident closed", String::new()),
        Kind::TicketAsked { incident, .. } => ("ticket", incident.clone()),
        Kind::IncidentNamed { incident, .. } => ("named", incident.clone()),
        Kind::RunLinked { run, .. } => ("linked", run.clone()),
        Kind::VerdictChanged { .. } => ("verdict", String::new()),
        Kind::HostSlept { .. } => ("slept", String::new()),
        Kind::RunOver { .. } => ("run over", String::new()),
        Kind::IncidentReopened { .. } => ("incident opened", String::new()),
        Kind::RungDue { rung, .. } => ("rung", rung.to_string()),
        Kind::RungTold { rung, .. } => ("rung told", rung.to_string()),
        Kind::Watching { run, objective, .. } => ("watching", format!("{run} {objective}")),
        Kind::WatchOver { run, objective, .. } => ("watching", format!("{run} {objective}")),
        Kind::GoalJudged { run, objective, .. } => ("goal", format!("{run} {objective}")),
        Kind::ItemJudged { checklist, item, .. } => ("item", format!("{checklist} {item}")),
        _ => ("other", String::new()),
    };
    format!("{name} {about}")
}
