//! What a screen may know of decisions and automation: who decides until when, what acts by itself, and why.

use crate::engine::eval::Truth;
use crate::model::playbook::Automation;
use crate::session::decision::Choice;

/// Who watches without a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Watch {
    /// Nobody, and nobody is missed.
    #[default]
    None,
    /// A watcher lives.
    Ok {
        /// Where.
        host: String,
    },
    /// A watcher has gone silent without leaving.
    Silent {
        /// Where it was.
        host: String,
        /// Milliseconds since it was heard.
        for_ms: u64,
    },
}

/// A decision that people are asked for. It is open, or its clock is over and what it is about is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecisionView {
    /// Name of its clock.
    pub clock: String,
    /// The firing.
    pub firing: String,
    /// Id of the trigger.
    pub trigger: String,
    /// The trigger's name for people, with its severity.
    pub title: String,
    /// The rule, as written.
    pub rule: String,
    /// Milliseconds it has fired.
    pub firing_ms: u64,
    /// Parts of the rule when it fired, or now: text, value, truth.
    pub parts: Vec<(String, String, Truth)>,
    /// Milliseconds left to decide (negative: overdue); none: no clock runs.
    pub decide_ms: Option<i64>,
    /// Milliseconds until the default, when that is later (negative: overdue).
    pub default_ms: Option<i64>,
    /// Length of the clock that runs now, milliseconds.
    pub length_ms: u64,
    /// When it runs out, wall milliseconds.
    pub until: Option<i64>,
    /// The time to decide is over; the default is still to come.
    pub missed: bool,
    /// It is over; nothing can be said of it any more, a procedure can be started.
    pub closed: bool,
    /// What happens when nobody decides: one word in capitals and the rest.
    pub then: (String, String),
    /// What is recommended: id, name for people, key.
    pub procedure: Option<(String, String, Option<char>)>,
    /// Names of the roles that must all agree; empty: anybody.
    pub roles: Vec<String>,
    /// Whose word is missing when the person here says "roll back" by a procedure (its id), where that is not enough.
    pub lacking: Vec<(String, Vec<String>)>,
    /// Whether the person here may decide.
    pub may: bool,
    /// Who they are to it, in words.
    pub you: String,
    /// It was extended already.
    pub extended: bool,
    /// What people said: who, what, why.
    pub said: Vec<(String, Choice, String)>,
    /// Stage of the traffic, percent, and what is to be said of it.
    pub stage: Option<u32>,
    /// See `stage`.
    pub note: Option<String>,
}

/// What will act by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActsView {
    /// Id of the trigger.
    pub trigger: String,
    /// Its name for people.
    pub title: String,
    /// Milliseconds until then.
    pub in_ms: u64,
    /// What it starts: id and name for people.
    pub starts: String,
    /// See `starts`.
    pub procedure: String,
    /// Milliseconds that takes.
    pub duration_ms: u64,
    /// In words.
    pub downtime: String,
    /// In words.
    pub data_loss: String,
    /// It is what happens when nobody decides.
    pub by_default: bool,
}

/// What a person must know of clocks and automation.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The watcher is silent: nothing acts.
    Silent {
        /// Where it was.
        host: String,
        /// Milliseconds since it was heard.
        for_ms: u64,
    },
    /// Something is armed, and no watcher lives.
    NoWatch,
    /// Somebody told the person here something.
    Message {
        /// Who.
        from: String,
        /// When, wall milliseconds.
        wall: i64,
        /// In their words.
        text: String,
    },
    /// A clock ran out while nobody watched.
    Overdue {
        /// What it was about.
        title: String,
        /// Milliseconds since it ran out.
        late_ms: u64,
        /// Who is told.
        to: Vec<String>,
    },
    /// Nobody decided, and the default happened.
    Default {
        /// What it was about.
        title: String,
        /// When, wall milliseconds.
        wall: i64,
        /// What happened.
        what: String,
    },
    /// Nobody decided, and the default was refused.
    DefaultRefused {
        /// What it was about.
        title: String,
        /// When, wall milliseconds.
        wall: i64,
        /// Why.
        why: String,
    },
    /// Automation has nothing more to do by itself for a trigger that fires.
    Stopped {
        /// The trigger.
        title: String,
        /// Why.
        why: String,
        /// Who is told.
        to: Vec<String>,
    },
    /// A person set automation off.
    Off {
        /// Who.
        who: String,
        /// When, wall milliseconds.
        wall: i64,
    },
    /// A rung of the ladder is due: who is to be called.
    Call {
        /// Who.
        title: String,
        /// Their telephone, or another way.
        reach: Option<String>,
        /// These are not their hours, and nobody else is reached.
        outside: bool,
        /// Milliseconds for which the rung has been due.
        due_ms: u64,
    },
    /// A person has taken the incident: the ladder waits.
    Taken {
        /// Who.
        who: String,
        /// Milliseconds for which it waits.
        left_ms: u64,
    },
    /// Something must stay true after a run.
    Watched(super::WatchView),
    /// Something is to be done soon, or should have been.
    FollowUps {
        /// How many are open.
        open: usize,
        /// What is due first.
        first: String,
        /// Milliseconds until then, or since (negative).
        due_ms: i64,
    },
    /// An armed trigger that fires waits.
    Held {
        /// The trigger.
        title: String,
        /// For what.
        why: String,
    },
}

/// How fast an automatic run was, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReactionView {
    /// The trigger.
    pub title: String,
    /// The run.
    pub run: String,
    /// From the condition being true to the first command.
    pub from_true: u64,
    /// From firing to the first command.
    pub from_firing: u64,
    /// From firing to the effect.
    pub to_effect: Option<u64>,
    /// What was asked for: firing to effect.
    pub target: Option<u64>,
}

impl ReactionView {
    /// Whether it took longer than was asked for.
    pub fn is_late(&self) -> bool {
        self.target.is_some_and(|t| self.to_effect.unwrap_or(self.from_firing) > t)
    }
}

/// The open incident.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IncidentView {
    /// The name it was opened under, by which it is spoken of to the log.
    pub id: String,
    /// Its name: the ticket's, where there is one.
    pub name: String,
    /// A ticket is being opened.
    pub ticketing: bool,
    /// Why it has no ticket, where it was to have one.
    pub no_ticket: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// When it opened, wall milliseconds.
    pub since: i64,
    /// Milliseconds since it opened.
    pub for_ms: u64,
    /// How grave it is: id and name for people; none: nobody said, and nothing with a severity fired.
    pub severity: Option<(String, String)>,
    /// Who said that, why, and when (wall milliseconds); none: it is the gravest that fired.
    pub said: Option<(String, String, i64)>,
    /// Who leads it.
    pub lead: Option<String>,
    /// The person here leads it.
    pub you_lead: bool,
    /// Who is on record in it.
    pub participants: Vec<String>,
    /// The person here is on record in it.
    pub you_are_in: bool,
    /// Runs that were begun in it: id, name of the procedure, who (nobody: without a person), when (wall milliseconds).
    pub runs: Vec<(String, String, Option<String>, i64)>,
    /// Notes, oldest first: when (wall milliseconds), who, what.
    pub notes: Vec<(i64, String, String)>,
}

/// What each trigger asks for at each stage of the traffic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatrixView {
    /// Stages, percent.
    pub stages: Vec<u32>,
    /// The stage in force, by its place.
    pub stage: Option<usize>,
    /// Where the traffic is, in words: `canary at 25 %`.
    pub now: String,
    /// Where the traffic is cannot be said.
    pub unknown: bool,
    /// Triggers whose cells differ by stage.
    pub rows: Vec<MatrixRow>,
    /// Who decides here: roles and what they decide.
    pub who: Vec<(String, Vec<String>)>,
}

/// A row of the stage matrix.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatrixRow {
    /// Id of the trigger.
    pub trigger: String,
    /// Its name for people.
    pub title: String,
    /// A word per stage: `auto`, `decide 5m`, `ask`, `watch`.
    pub cells: Vec<String>,
    /// The cell in force, by its place.
    pub in_force: Option<usize>,
    /// What it asks for now, in the same words.
    pub asks: String,
}

/// A trigger that could act by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArmingView {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Its own mode, or what a person set for it.
    pub mode: Automation,
    /// What it starts: name for people.
    pub procedure: String,
}

/// What evidence is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WhyOf {
    /// The verdict.
    #[default]
    Verdict,
    /// The stage matrix.
    Matrix,
    /// A trigger, by its id.
    Trigger(String),
    /// A decision, by its clock.
    Decision(String),
}

/// Evidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhyView {
    /// Of what.
    pub of: WhyOf,
    /// In one line.
    pub title: String,
    /// Labels and what they say: rule, since when, who, reaction.
    pub facts: Vec<(String, String)>,
    /// The parts, outer ones first.
    pub rows: Vec<WhyRow>,
}

/// One part of the evidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhyRow {
    /// How deep it is.
    pub depth: usize,
    /// The part, as a text.
    pub text: String,
    /// Its value, in words.
    pub value: String,
    /// What it is, when it can be true or false.
    pub truth: Option<Truth>,
    /// For how long it has been so, in words.
    pub since: String,
    /// Milliseconds since the sample it rests on.
    pub age_ms: Option<u64>,
    /// Why it is unknown, or what the samples were.
    pub note: String,
}
