//! What `decisions.jsonl` says: one kind per thing that was judged, decided, done or noted outside of a run.

use crate::engine::evidence::Part;
use crate::engine::verdict::Standing;
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::record::Record;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::Answer;
use crate::run::plan::{Person, RoleFacts};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One record's kind and body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum Kind {
    /// A program became the decider: it records verdicts and firings, and acts when it is a watcher.
    EpochBegan {
        /// Number, one more than the one before. A decider of an older epoch can append nothing any more.
        epoch: u64,
        /// Name of the host.
        host: String,
        /// Its pid.
        pid: u32,
        /// Whose program it is.
        who: Person,
        /// A watcher; a screen only records.
        acts: bool,
        /// Why a person took it over from a decider that holds the lock and is silent.
        taken_over: Option<String>,
    },
    /// The decider left in order.
    EpochEnded {
        /// Its epoch.
        epoch: u64,
    },
    /// The verdict changed.
    VerdictChanged {
        /// Epoch of the decider.
        epoch: u64,
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
        /// Why.
        evidence: Vec<Part>,
    },
    /// An incident opened: at the first firing, or when a person started a run.
    IncidentOpened {
        /// Its name, `INC-2026-11-21-1`.
        incident: String,
        /// Why, in words.
        reason: String,
        /// The run that a person started, when that opened it.
        run: Option<String>,
        /// The person who opened it themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<Person>,
    },
    /// The incident is over.
    IncidentClosed {
        /// Its name.
        incident: String,
        /// Who said so; nobody: a run verified and nothing fires.
        who: Option<Person>,
        /// Why, in words.
        reason: String,
    },
    /// A trigger fires.
    Fired {
        /// Epoch of the decider.
        epoch: u64,
        /// Name of this firing: the trigger and a number, `error-spike-3`. Part of an automatic run's id.
        firing: String,
        /// The trigger.
        trigger: String,
        /// Since when its condition was true.
        true_since: Now,
        /// What it asks for where the traffic is.
        cell: Cell,
        /// Stage of the traffic in percent, when known.
        stage: Option<u32>,
        /// What is to be said of that cell ("between 5 and 25 %: the stricter").
        note: Option<String>,
        /// What automation may do for it.
        mode: Automation,
        /// Why.
        evidence: Vec<Part>,
    },
    /// It fires no more.
    Resolved {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// Why.
        evidence: Vec<Part>,
    },
    /// The traffic went to a stage where a firing asks for something stricter, before anything was decided or done.
    CellMoved {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// What it asks for now.
        cell: Cell,
        /// Stage of the traffic in percent, when known.
        stage: Option<u32>,
        /// What is to be said of that cell.
        note: Option<String>,
    },
    /// What automation may do was set by a person.
    AutomationSet {
        /// The trigger; none: all of them.
        trigger: Option<String>,
        /// At most so much (never more than the environment allows).
        mode: Automation,
        /// Who.
        who: Person,
        /// Why.
        reason: String,
    },
    /// A shadow trigger would have acted.
    WouldAct {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// What it would have started.
        procedure: String,
    },
    /// An armed trigger does not act now.
    Withheld {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// Which rule.
        by: Withheld,
        /// In words.
        why: String,
    },
    /// A run is about to be started without a person. On disk before its folder is made; once per firing and per clock.
    Acting {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// The clock whose default this is; none: the trigger is armed.
        clock: Option<String>,
        /// Id of the run.
        run: String,
        /// What it does.
        procedure: String,
    },
    /// The first command of an automatic run was started, or the run took effect: how fast it was.
    Reacted {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// The run.
        run: String,
        /// Milliseconds from the condition being true to the first command.
        from_true: Millis,
        /// Milliseconds from firing to the first command.
        from_firing: Millis,
        /// Milliseconds from firing to the effect; none: not yet.
        to_effect: Option<Millis>,
        /// The trigger's `effect_within`, milliseconds.
        target: Option<Millis>,
    },
    /// An automatic run ended, or was never started.
    Acted {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// The run.
        run: String,
        /// It was verified.
        ok: bool,
        /// In words.
        detail: String,
    },
    /// People are told, or are to be: automation has nothing more to do by itself.
    Escalated {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// The clock, when it is about one.
        clock: Option<String>,
        /// Why.
        why: String,
        /// Who (titles of roles).
        to: Vec<String>,
    },
    /// What came of telling them.
    Paged {
        /// Epoch of the decider.
        epoch: u64,
        /// The firing.
        firing: String,
        /// At least one channel took it.
        ok: bool,
        /// In words, safe to show.
        detail: String,
    },
    /// A person must decide.
    ClockOpened {
        /// Epoch of the decider.
        epoch: u64,
        /// Its name: that of the firing with `-d` and a number.
        clock: String,
        /// The firing.
        firing: String,
        /// Until when one has to decide; none: no clock runs.
        decide_by: Option<Deadline>,
        /// When the default happens, when that is later.
        default_at: Option<Deadline>,
        /// What happens then.
        default: DefaultAction,
        /// What is recommended, and done by `default = "act"`.
        procedure: Option<String>,
        /// Roles that must all agree.
        roles: Vec<RoleFacts>,
        /// Stage of the traffic in percent, when known.
        stage: Option<u32>,
    },
    /// The plan of a clock's default was frozen: `decisions/<clock>.json` in the service's folder.
    DefaultFrozen {
        /// Epoch of the decider.
        epoch: u64,
        /// The clock.
        clock: String,
        /// From what state to what state, in words; or why there is no plan.
        plan: Result<(String, String), String>,
        /// SHA-256 of what the plan does, in hex: it may start only while the target still gives the same.
        hash: Option<String>,
    },
    /// Its first time is over; the default is still to come.
    ClockMissed {
        /// Epoch of the decider.
        epoch: u64,
        /// The clock.
        clock: String,
    },
    /// A person said what to do. It closes the clock when all roles that must agree have said the same.
    Said {
        /// The clock.
        clock: String,
        /// What.
        choice: Choice,
        /// Who.
        who: Person,
        /// Ids of the clock's roles they have.
        roles: Vec<String>,
        /// Why.
        reason: String,
    },
    /// A clock is over.
    ClockClosed {
        /// Epoch of the decider; none: by whoever's word completed what was asked (only [`Closed::Decided`]).
        epoch: Option<u64>,
        /// The clock.
        clock: String,
        /// How.
        how: Closed,
        /// In words.
        detail: String,
    },
    /// A person has seen it: it rings no more, and what was stopped by a failure may act again.
    Acked {
        /// The firing.
        firing: String,
        /// Who.
        who: Person,
        /// In their words.
        note: String,
    },
    /// A note, or a message to a person.
    Noted {
        /// In their words.
        text: String,
        /// Who.
        who: Person,
        /// The account it is for; none: it is a note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// A person had a role told that it is needed.
    Called {
        /// The role.
        role: String,
        /// Its title then.
        title: String,
        /// What they were told.
        text: String,
        /// At least one channel took it.
        ok: bool,
        /// What came of it, in words, safe to show.
        detail: String,
        /// Who asked for it.
        who: Person,
    },
    /// In a rehearsal something was made to go wrong, or right again.
    Troubled {
        /// Its name for people.
        title: String,
        /// It began, or ended.
        on: bool,
        /// Who did it; nobody: it came, or went, by itself.
        who: Option<Person>,
    },
    /// An item of a checklist was ticked, or unticked.
    Ticked {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Its text then.
        text: String,
        /// Ticked.
        done: bool,
        /// In their words.
        note: String,
        /// Who.
        who: Person,
    },
    /// A note about an item of a checklist.
    ItemNoted {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Its text then.
        text: String,
        /// In their words.
        note: String,
        /// Who.
        who: Person,
    },
    /// A person goes on without an item of a checklist.
    ItemWithout {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Its text then.
        text: String,
        /// Why.
        reason: String,
        /// Who.
        who: Person,
    },
    /// A person set off what an item does itself. Written before it is done.
    ItemBegan {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Its text then.
        text: String,
        /// Name of this one deed.
        deed: String,
        /// What is done, in words.
        what: String,
        /// Until when it is over, whatever happens; after it nobody knows what came of it.
        until: Deadline,
        /// Who.
        who: Person,
    },
    /// What came of it. When it succeeded, the item is done.
    ItemEnded {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Name of the deed.
        deed: String,
        /// It succeeded.
        ok: bool,
        /// In words, safe to show.
        detail: String,
        /// Milliseconds it took.
        took: Millis,
        /// Who set it off.
        who: Person,
    },
    /// An item that judges itself has another answer than before.
    ItemJudged {
        /// Epoch of the decider.
        epoch: u64,
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Its text then.
        text: String,
        /// The answer: it is done while it holds.
        answer: Answer,
        /// Why, in words.
        detail: String,
    },
    /// A run is over: the checklists after it count from here.
    RunOver {
        /// Epoch of the decider.
        epoch: u64,
        /// The run.
        run: String,
        /// Its procedure.
        procedure: String,
        /// When it ended.
        ended: Now,
        /// What is to be done after it; each becomes a follow-up.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        follow: Vec<ToFollow>,
    },
    /// A flag was raised or lowered.
    Flagged {
        /// The signal.
        signal: String,
        /// Raised.
        raised: bool,
        /// In their words.
        note: String,
        /// Who.
        who: Person,
    },
    /// Something was counted, or taken back.
    Counted {
        /// The signal.
        signal: String,
        /// `1` or `-1`.
        delta: i32,
        /// Who.
        who: Person,
    },
    /// A moment was marked; what the signals with that baseline were before it.
    Marked {
        /// Name of the mark.
        mark: String,
        /// The moment, wall milliseconds.
        at: i64,
        /// Per signal: the average and of how many samples, or why there is none.
        values: IndexMap<String, Result<(f64, u64), String>>,
        /// Who.
        who: Person,
    },
    /// The incident's ticket is about to be opened. On disk before its command is run; once per incident.
    TicketAsked {
        /// Epoch of the decider.
        epoch: u64,
        /// The incident, by the name it was opened under.
        incident: String,
    },
    /// What came of it; once per incident.
    IncidentNamed {
        /// Epoch of the decider.
        epoch: u64,
        /// The incident, by the name it was opened under.
        incident: String,
        /// The ticket, which is its name from now on; or why there is none.
        name: Result<String, String>,
    },
    /// A person said how grave the incident is.
    SeveritySet {
        /// The incident, by the name it was opened under.
        incident: String,
        /// Id of the severity.
        severity: String,
        /// Who.
        who: Person,
        /// Why.
        reason: String,
    },
    /// Who leads the incident from now on.
    LeadSet {
        /// The incident, by the name it was opened under.
        incident: String,
        /// Their name.
        lead: String,
        /// Who said so.
        who: Person,
    },
    /// A person joined the incident.
    Joined {
        /// The incident, by the name it was opened under.
        incident: String,
        /// Who.
        who: Person,
    },
    /// A run that was begun in the incident.
    RunLinked {
        /// Epoch of the decider.
        epoch: u64,
        /// The incident, by the name it was opened under.
        incident: String,
        /// The run.
        run: String,
        /// Id of its procedure.
        procedure: String,
        /// Who started it; nobody: it was started without a person.
        by: Option<Person>,
        /// When it was accepted.
        began: Now,
    },
    /// A rung of the ladder is due. Once per climb; whoever is told is told after this is on record.
    RungDue {
        /// Epoch of the decider.
        epoch: u64,
        /// The incident.
        incident: String,
        /// Which climb of the ladder in this log, from 1: an incident that is reopened climbs anew.
        climb: u32,
        /// The rung, from 1.
        rung: usize,
        /// Why now, in words.
        why: String,
        /// Who is told (titles of roles).
        to: Vec<String>,
        /// Those of them who are outside their hours.
        outside: Vec<String>,
    },
    /// What came of telling a rung: its messages are in the outbox, or there are none.
    RungTold {
        /// Epoch of the decider.
        epoch: u64,
        /// The climb.
        climb: u32,
        /// The rung, from 1.
        rung: usize,
        /// Somebody is told.
        ok: bool,
        /// In words, safe to show.
        detail: String,
    },
    /// A person has taken the incident: the ladder waits while they are on it.
    RungAcked {
        /// The incident.
        incident: String,
        /// The climb.
        climb: u32,
        /// The severity in force then; a graver one ends the waiting.
        severity: Option<String>,
        /// Until when the ladder waits.
        until: Deadline,
        /// In their words.
        note: String,
        /// Who.
        who: Person,
    },
    /// What was over is not: a watch after success was broken.
    IncidentReopened {
        /// Epoch of the decider.
        epoch: u64,
        /// Its name, the same as before.
        incident: String,
        /// When it had been opened first.
        since: Now,
        /// Why, in words.
        reason: String,
        /// The run whose success did not last.
        run: Option<String>,
    },
    /// A person added a follow-up.
    FollowUpAdded {
        /// Its name, the next one of this log: `f7`.
        id: String,
        /// What is to be done.
        text: String,
        /// Until when, wall milliseconds.
        due: Option<i64>,
        /// Who does it: a name, or the id of a role.
        owner: Option<String>,
        /// Who added it.
        who: Person,
    },
    /// How far a follow-up is.
    FollowUpSet {
        /// Its name.
        id: String,
        /// How far.
        to: Far,
        /// In their words; why, where it is gone on without.
        note: String,
        /// Who says so.
        who: Person,
    },
    /// Who does a follow-up.
    FollowUpOwned {
        /// Its name.
        id: String,
        /// A name, or the id of a role; none: nobody any more.
        owner: Option<String>,
        /// Who says so.
        who: Person,
    },
    /// What must stay true after a run was verified: that it is watched, or that its answer is another one; else now and then,
    /// for what has been earned.
    Watching {
        /// Epoch of the decider.
        epoch: u64,
        /// The run.
        run: String,
        /// Id of the objective.
        objective: String,
        /// Its name for people.
        title: String,
        /// The incident it is about.
        incident: Option<(String, Now)>,
        /// Milliseconds for which it must hold.
        lasts: Millis,
        /// Milliseconds for which it may be broken, in all.
        allow: Millis,
        /// Milliseconds for which it has held; what nobody could judge does not count.
        held: Millis,
        /// Milliseconds for which it was broken.
        broken: Millis,
        /// Its answer.
        answer: Answer,
        /// Why, in words.
        detail: String,
    },
    /// Such a watch is over.
    WatchOver {
        /// Epoch of the decider.
        epoch: u64,
        /// The run.
        run: String,
        /// Id of the objective.
        objective: String,
        /// How.
        how: WatchEnd,
        /// In words.
        detail: String,
    },
    /// What must hold at a run's end was judged.
    GoalJudged {
        /// Epoch of the decider.
        epoch: u64,
        /// The run.
        run: String,
        /// Id of the objective.
        objective: String,
        /// Its name for people.
        title: String,
        /// The answer.
        answer: Answer,
        /// Why, in words.
        detail: String,
    },
    /// The host slept.
    HostSlept {
        /// Milliseconds.
        slept: Millis,
    },
    /// The last line of the log had been torn by a crash; it is kept beside it.
    TornTail(serde_json::Value),
}

/// What is to be done after a run, as its playbook said then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToFollow {
    /// The checklist.
    pub checklist: String,
    /// The item, from 1.
    pub item: usize,
    /// Its text.
    pub text: String,
    /// Whether it must be done.
    pub required: bool,
    /// Ids of the roles that do it.
    pub roles: Vec<String>,
    /// Milliseconds after the run's end.
    pub due: Option<Millis>,
}

/// How far a follow-up is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Far {
    /// Nothing was done yet.
    #[default]
    Open,
    /// Somebody is on it.
    InProgress,
    /// Done.
    Done,
    /// It is gone on without.
    Without,
}

/// How a watch after success ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatchEnd {
    /// It held for its time.
    Held,
    /// It did not stay so.
    Broken,
    /// Another verified run is watched instead.
    Replaced,
}

/// Why an armed trigger does not act now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Withheld {
    /// A run holds the lock, or was left unfinished.
    Locked,
    /// A person's run is just over.
    JustDone,
    /// The time after its last run is not over.
    Cooldown,
    /// It has acted as often as it may.
    Exhausted,
    /// Its last run failed, and nobody has said that it was seen.
    Failed,
    /// What it rests on is stale.
    Stale,
    /// The decider is a screen.
    Screen,
}

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// Roll back by this procedure; they start the run themselves.
    RollBack {
        /// The procedure.
        procedure: String,
        /// Id of the run they have confirmed, when they did.
        run: Option<String>,
    },
    /// Go on watching: the clock stops, the trigger stays lit.
    Hold,
    /// So many milliseconds more, once; one of [`super::EXTENSIONS`]. One person of one of the clock's roles is enough.
    Extend(Millis),
}

/// How a clock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closed {
    /// People said what to do.
    Decided,
    /// Nobody did: the stated default happened.
    Default,
    /// Nobody did, and the default was refused (signals unknown, the target has changed): people are told.
    Refused,
    /// It was found more than [`super::LATE`] after its time: nothing is done late, people are told.
    Overdue,
    /// What it was about is over.
    Resolved,
}

impl Kind {
    /// Reads a record.
    ///
    /// # Errors
    /// A kind that is not one of this log's, or a body of another shape; names the record.
    pub fn read(record: &Record) -> Result<Kind, String> {
        let value = serde_json::json!({ "kind": record.kind, "body": record.body });
        serde_json::from_value(value).map_err(|e| format!("record {} ({}): {e}", record.seq, record.kind))
    }

    /// Epoch of the decider that says it; none of what people say.
    pub fn epoch(&self) -> Option<u64> {
        match self {
            Kind::EpochBegan { epoch, .. }
            | Kind::EpochEnded { epoch }
            | Kind::VerdictChanged { epoch, .. }
            | Kind::Fired { epoch, .. }
            | Kind::Resolved { epoch, .. }
            | Kind::CellMoved { epoch, .. }
            | Kind::WouldAct { epoch, .. }
            | Kind::Withheld { epoch, .. }
            | Kind::Acting { epoch, .. }
            | Kind::Reacted { epoch, .. }
            | Kind::Acted { epoch, .. }
            | Kind::Escalated { epoch, .. }
            | Kind::Paged { epoch, .. }
            | Kind::ClockOpened { epoch, .. }
            | Kind::DefaultFrozen { epoch, .. }
            | Kind::ItemJudged { epoch, .. }
            | Kind::RunOver { epoch, .. }
            | Kind::TicketAsked { epoch, .. }
            | Kind::IncidentNamed { epoch, .. }
            | Kind::RunLinked { epoch, .. }
            | Kind::RungDue { epoch, .. }
            | Kind::RungTold { epoch, .. }
            | Kind::IncidentReopened { epoch, .. }
            | Kind::Watching { epoch, .. }
            | Kind::WatchOver { epoch, .. }
            | Kind::GoalJudged { epoch, .. }
            | Kind::ClockMissed { epoch, .. } => Some(*epoch),
            Kind::ClockClosed { epoch, .. } => *epoch,
            _ => None,
        }
    }

    /// The person whose word or deed it is; none of what a decider says, or a trainer.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Kind::AutomationSet { who, .. }
            | Kind::Said { who, .. }
            | Kind::Acked { who, .. }
            | Kind::Noted { who, .. }
            | Kind::Called { who, .. }
            | Kind::Ticked { who, .. }
            | Kind::ItemNoted { who, .. }
            | Kind::ItemWithout { who, .. }
            | Kind::ItemBegan { who, .. }
            | Kind::ItemEnded { who, .. }
            | Kind::Flagged { who, .. }
            | Kind::Counted { who, .. }
            | Kind::Marked { who, .. }
            | Kind::SeveritySet { who, .. }
            | Kind::LeadSet { who, .. }
            | Kind::Joined { who, .. } => Some(who),
            Kind::IncidentOpened { who, .. } | Kind::IncidentClosed { who, .. } => who.as_ref(),
            _ => None,
        }
    }

    /// Its name and its body, as they are written.
    ///
    /// # Panics
    /// Never: every kind is a map of plain data.
    pub fn parts(&self) -> (String, serde_json::Value) {
        let mut whole = serde_json::to_value(self).expect("plain data is JSON");
        let name = whole["kind"].as_str().unwrap_or_default().to_owned();
        (name, whole["body"].take())
    }
}
