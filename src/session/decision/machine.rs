//! The decider: what the engine says and what people said, into records and actions. Pure; time is an argument.

use super::{Decisions, Kind};
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::hold::TriggerState;
use crate::engine::verdict::Standing;
use crate::model::playbook::{Cell, Playbook};
use crate::model::time::{Deadline, Now};

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
}

/// A run that is over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Over {
    /// Its id.
    pub run: String,
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
    /// nothing changed: nothing acts on what was judged more than [`SILENT`](super::SILENT) ago.
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
    /// Tell people; answer with `Paged`.
    Page {
        /// The firing.
        firing: String,
        /// The trigger.
        trigger: String,
        /// What is told.
        text: String,
    },
}

/// The decider of one service and environment.
#[derive(Debug)]
pub struct Machine {
    playbook: Playbook,
    environment: String,
    epoch: u64,
    acts: bool,
    state: Decisions,
}

impl Machine {
    /// A decider of a resolved playbook, in its epoch, that goes on with what is on record. A screen's only records.
    pub fn new(playbook: &Playbook, environment: &str, epoch: u64, acts: bool, state: Decisions) -> Machine {
        Machine { playbook: playbook.clone(), environment: environment.into(), epoch, acts, state }
    }

    /// Takes an event; says what is to be done.
    pub fn handle(&mut self, _now: &Now, _event: Event) -> Vec<Effect> {
        let _ = (&self.playbook, &self.environment, self.epoch, self.acts);
        Vec::new()
    }

    /// When something is due by time alone, boot milliseconds.
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }

    /// What is on record.
    pub fn state(&self) -> &Decisions {
        &self.state
    }
}
