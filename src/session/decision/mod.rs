//! What is decided outside of runs: firings, clocks, automation, what people said. Records are folded into [`Decisions`];
//! [`Decisions::admits`] says whether one more may be appended. Pure.

mod admits;
mod agreed;
mod elapsed;
mod fold;
pub mod followups;
pub mod incident;
mod items;
pub mod ladder;
pub mod machine;
pub mod record;
mod rules;
pub mod story;
pub mod watches;
pub mod words;

pub use elapsed::Elapsed;
pub use followups::FollowUp;
pub use incident::{Incident, incidents};
pub use items::{Deed, Did, ItemRecord, Judgement, LEAD, Note, Period, Stood, Tick, Without};
pub use ladder::Ladder;
pub use record::{Choice, Closed, Far, Kind, ToFollow, WatchEnd, Withheld};
pub use rules::{How, Limits, Rules};
pub use watches::Watch;

use crate::engine::evidence::Part;
use crate::engine::verdict::Standing;
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::{Person, RoleFacts};
use indexmap::IndexMap;

/// Milliseconds after its time at which a clock's default is not done any more: people are told instead.
pub const LATE: Millis = 60_000;
/// Milliseconds within which a run must have its folder after `Acting`; later, people are told instead.
pub const START: Millis = 30_000;
/// Milliseconds without a heartbeat after which nobody decides.
pub const SILENT: Millis = 10_000;
/// Milliseconds by which a clock may be extended.
pub const EXTENSIONS: [Millis; 3] = [5 * 60_000, 10 * 60_000, 15 * 60_000];
/// Milliseconds after which a trigger that is stopped (failed, exhausted) and fires anew tells people again.
pub const AGAIN: Millis = 3_600_000;

/// Everything that `decisions.jsonl` tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decisions {
    /// Who decides, the newest epoch; the program may be gone.
    pub decider: Option<Decider>,
    /// The last verdict on record and when.
    pub verdict: Option<(Standing, Vec<Part>, Now)>,
    /// The open incident.
    pub incident: Option<Incident>,
    /// The incident that was over last: its ticket may still come.
    pub incident_before: Option<Incident>,
    /// Incidents there were, the open one too; for the next one's number.
    pub incidents: u32,
    /// A firing that came while no incident was open.
    pub uncovered: Option<String>,
    /// The last run that opened an incident.
    pub incident_run: Option<String>,
    /// What people set for all triggers.
    pub automation: Option<Set>,
    /// What people set for one trigger.
    pub automations: IndexMap<String, Set>,
    /// Firings by name, oldest first; bounded: those that are over are forgotten after [`KEPT`] more.
    pub firings: IndexMap<String, Firing>,
    /// How often each trigger has fired, for the next firing's name.
    pub fired: IndexMap<String, u32>,
    /// Clocks by name, oldest first; forgotten with their firing.
    pub clocks: IndexMap<String, Clock>,
    /// Automatic runs of each trigger, oldest first, the last [`ATTEMPTS`] of them.
    pub attempts: IndexMap<String, Vec<Attempt>>,
    /// Triggers that failed or were exhausted, until a person says that they saw it, or sets automation for them.
    pub stopped: IndexMap<String, Stopped>,
    /// Flags that people raised: the signal, and who.
    pub flags: IndexMap<String, (bool, Person, String)>,
    /// What people counted.
    pub counts: IndexMap<String, i64>,
    /// The last mark of each name.
    pub marks: IndexMap<String, Mark>,
    /// What came of it when people last had a role told that it is needed.
    pub called: IndexMap<String, Call>,
    /// Messages from person to person, oldest first, the last [`MESSAGES`] of them.
    pub messages: Vec<Message>,
    /// What is on record of each item of the checklists, by checklist and number.
    pub items: IndexMap<(String, usize), ItemRecord>,
    /// The incident and the run that ticks belong to now, by number.
    pub period: Period,
    /// The last run that was over: its id, its procedure, when.
    pub run_over: Option<(String, String, Now)>,
    /// The incident that was opened last, open or over.
    pub last_incident: Option<(String, Now)>,
    /// The climb of the ladder that belongs to the incident that was opened last.
    pub ladder: Ladder,
    /// Follow-ups by name, oldest first.
    pub follow_ups: IndexMap<String, FollowUp>,
    /// How many there were, for the next one's name.
    pub followed: u32,
    /// What must stay true after runs, by run and objective, oldest first.
    pub watches: IndexMap<(String, String), Watch>,
    /// What had to hold at the end of runs, by run and objective.
    pub goals: IndexMap<(String, String), watches::Goal>,
    /// A watch that was broken while no incident was open.
    pub broken: Option<watches::Broken>,
    /// Sequence and wall time of the last record.
    pub last: Option<(u64, Now)>,
}

/// Firings that are over and still kept.
pub const KEPT: usize = 200;
/// Automatic runs of one trigger that are kept; no trigger may have more in its `per`.
pub const ATTEMPTS: usize = 100;

/// Messages that are kept.
pub const MESSAGES: usize = 20;

/// What a person told another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The account it is for.
    pub to: String,
    /// Who told it.
    pub from: Person,
    /// In their words.
    pub text: String,
    /// When.
    pub at: Now,
}

/// Who decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decider {
    /// Its epoch.
    pub epoch: u64,
    /// Name of the host.
    pub host: String,
    /// Its pid.
    pub pid: u32,
    /// Whose program it is.
    pub who: Person,
    /// A watcher; a screen only records.
    pub acts: bool,
    /// It left in order.
    pub left: bool,
    /// Since when.
    pub since: Now,
}

/// Why automation stopped for a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// Failed or exhausted.
    pub by: Withheld,
    /// The firing at which it did.
    pub firing: String,
    /// When people were told, last.
    pub told: Option<Now>,
}

/// What a person set.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// At most so much.
    pub mode: Automation,
    /// Who.
    pub who: Person,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Now,
}

/// One firing of a trigger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Firing {
    /// Its name.
    pub id: String,
    /// The trigger.
    pub trigger: String,
    /// Since when its condition was true.
    pub true_since: Now,
    /// When it fired.
    pub at: Now,
    /// What it asks for.
    pub cell: Cell,
    /// Stage of the traffic in percent.
    pub stage: Option<u32>,
    /// What is to be said of the cell.
    pub note: Option<String>,
    /// What automation might do when it fired.
    pub mode: Automation,
    /// Why.
    pub evidence: Vec<Part>,
    /// When it resolved.
    pub resolved: Option<Now>,
    /// The run that was started for it without a person.
    pub acting: Option<Attempt>,
    /// Why it does not act, last; none once it acted.
    pub withheld: Option<(Withheld, String)>,
    /// All reasons why it did not act, that are on record since a person last said something.
    pub reasons: Vec<Withheld>,
    /// It would have acted, in shadow.
    pub shadowed: bool,
    /// Why people are told, who, and when; last.
    pub escalated: Option<(String, Vec<String>, Now)>,
    /// What people must be told and no record says that they are: why, and the clock it is about.
    pub owed: Vec<(String, Option<String>)>,
    /// Escalations of which nobody knows yet whether people were reached, oldest first: why, and when.
    pub untold: Vec<(String, Now)>,
    /// What came of telling people, last: somebody was reached, in words, when.
    pub paged: Option<(bool, String, Now)>,
    /// Who has seen it.
    pub acked: Option<Person>,
}

/// One automatic run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    /// The firing.
    pub firing: String,
    /// Id of the run.
    pub run: String,
    /// What it does.
    pub procedure: String,
    /// The clock whose default it is.
    pub clock: Option<String>,
    /// When it was decided.
    pub at: Now,
    /// Time since then, for cooldown and attempts.
    pub since: Elapsed,
    /// How fast it was: from true, from firing, to the effect, the target (milliseconds).
    pub reaction: Option<Reaction>,
    /// How it ended: verified, words, when.
    pub ended: Option<(bool, String, Now)>,
}

/// How fast an automatic run was, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reaction {
    /// From the condition being true to the first command.
    pub from_true: Millis,
    /// From firing to the first command.
    pub from_firing: Millis,
    /// From firing to the effect.
    pub to_effect: Option<Millis>,
    /// What was asked for: firing to effect.
    pub target: Option<Millis>,
}

/// A decision that people are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clock {
    /// Its name.
    pub id: String,
    /// The firing.
    pub firing: String,
    /// The trigger.
    pub trigger: String,
    /// When it was opened.
    pub at: Now,
    /// Until when one has to decide; none: no clock runs.
    pub decide_by: Option<Deadline>,
    /// When the default happens, when that is later.
    pub default_at: Option<Deadline>,
    /// What happens then.
    pub default: DefaultAction,
    /// What is recommended.
    pub procedure: Option<String>,
    /// Roles that must all agree.
    pub roles: Vec<RoleFacts>,
    /// Stage of the traffic in percent.
    pub stage: Option<u32>,
    /// The frozen plan of the default: from and to in words, or why there is none; and the hash of what it does.
    pub plan: Option<(FromTo, Option<String>)>,
    /// The first of two times is over.
    pub missed: bool,
    /// It was extended already.
    pub extended: bool,
    /// Its time cannot be relied on (after a reboot it was over for long, or the wall clock had been set back): nothing is
    /// done by it any more.
    pub late: bool,
    /// Since it was opened, its firing came to ask for something stricter.
    pub moved: bool,
    /// The run that is its default, once that is on record.
    pub acting: Option<String>,
    /// What people said, oldest first.
    pub said: Vec<Word>,
    /// How it ended, in words, and when.
    pub closed: Option<(Closed, String, Now)>,
}

/// From what state to what state, in words; or why there is no plan.
pub type FromTo = Result<(String, String), String>;

/// What one person said of a clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// What.
    pub choice: Choice,
    /// Who.
    pub who: Person,
    /// The clock's roles they have.
    pub roles: Vec<String>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Now,
}

/// A marked moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The moment, wall milliseconds.
    pub at: i64,
    /// What the signals were before it: average and number of samples, or why there is none.
    pub values: IndexMap<String, Result<(f64, u64), String>>,
    /// Who.
    pub who: Person,
}

/// A role that a person had told that it is needed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    /// At least one channel took it.
    pub ok: bool,
    /// In words.
    pub detail: String,
    /// Who asked for it.
    pub who: Person,
    /// When.
    pub at: Now,
}

impl Decisions {
    /// The firing of a trigger that is not over.
    pub fn firing_of(&self, trigger: &str) -> Option<&Firing> {
        self.firings.values().rev().find(|f| f.trigger == trigger && f.resolved.is_none())
    }

    /// Clocks that are open, oldest first.
    pub fn open_clocks(&self) -> impl Iterator<Item = &Clock> {
        self.clocks.values().filter(|c| c.closed.is_none())
    }

    /// The automatic run of this id.
    pub fn attempt(&self, run: &str) -> Option<&Attempt> {
        self.attempts.values().flatten().rev().find(|a| a.run == run)
    }
}

impl Clock {
    /// Whether people have decided, closed or not.
    pub fn decided(&self) -> bool {
        matches!(self.closed, Some((Closed::Decided, ..))) || self.agreed().is_some()
    }

    /// When the default happens, or would: the last of its times.
    pub fn due(&self) -> Option<&Deadline> {
        self.default_at.as_ref().or(self.decide_by.as_ref())
    }
}
