//! What a screen may know: one read-only picture of the session, in words and numbers, without layout.

pub use crate::engine::signal::{Level, Trend};

use super::decision::Choice;
use crate::engine::eval::Truth;
use crate::model::playbook::{Automation, Better, Confirm, Param, Tone};
use crate::model::time::Now;
use crate::model::unit::Unit;
use crate::run::record::Answer;
use crate::run::view::RunView;
use indexmap::IndexMap;

/// Everything that is shown, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Service name.
    pub service: String,
    /// Environment name.
    pub environment: String,
    /// How careful to be there.
    pub tone: Tone,
    /// How what can hurt is confirmed there.
    pub confirm: Confirm,
    /// The embedded service of the demo is what is watched.
    pub demo: bool,
    /// `ARMED`, `SHADOW`, `HELD` or `OFF`.
    pub automation: &'static str,
    /// Whether data comes in.
    pub freshness: Freshness,
    /// Who watches without a screen.
    pub watch: Watch,
    /// What the watcher said last of the service, and how many milliseconds ago.
    pub watcher_says: Option<(String, u64)>,
    /// Who is here.
    pub here: Vec<String>,
    /// The moment of this picture: the clock, and what runs against it.
    pub now: Now,
    /// The verdict.
    pub verdict: Verdict,
    /// Signals in panel order, then file order.
    pub signals: Vec<SignalView>,
    /// Severity rows, worst first.
    pub severities: Vec<SeverityView>,
    /// Triggers, most advanced first.
    pub triggers: Vec<TriggerView>,
    /// What happened, oldest first, bounded.
    pub timeline: Vec<Happening>,
    /// Decisions that people are asked for, the soonest clock first.
    pub decisions: Vec<DecisionView>,
    /// What will act by itself next.
    pub acts: Option<ActsView>,
    /// What happened to clocks and automation that a person must know, the gravest first.
    pub notices: Vec<Notice>,
    /// How fast the last automatic run was.
    pub reaction: Option<ReactionView>,
    /// The open incident.
    pub incident: Option<IncidentView>,
    /// What each trigger asks for at each stage of the traffic.
    pub matrix: Option<MatrixView>,
    /// Triggers that could act by themselves, with their modes.
    pub arming: Vec<ArmingView>,
    /// The most that the environment allows.
    pub ceiling: Automation,
    /// Firings that ring: nobody has said that they are seen.
    pub unseen: Vec<String>,
    /// Names of moments that can be marked, and the signals that are captured then.
    pub marks: Vec<(String, Vec<String>)>,
    /// The evidence that is looked at.
    pub why: Option<WhyView>,
    /// Procedures that are offered, in file order.
    pub procedures: Vec<ProcedureView>,
    /// Flags and counters raised or counted by a key.
    pub manual: Vec<ManualView>,
    /// The plan that was resolved and waits to be confirmed.
    pub draft: Option<DraftView>,
    /// The run that is going on, or the last one.
    pub run: Option<RunView>,
    /// What its plan says of it.
    pub run_facts: RunFacts,
    /// What the newest attempt of its steps prints, or a page of it.
    pub output: Output,
    /// How far the running step is, from 0 to 1, where its output tells.
    pub progress: Option<f64>,
    /// Why a running run is not driven now (its supervisor is gone), when it is so.
    pub undriven: Option<String>,
    /// How that run can be taken up by a person here, when it is not done by itself.
    pub take_up: Option<TakeUp>,
    /// Whether the person here may agree to the run, while an approval is open.
    pub approver: Option<Approver>,
    /// Guides that the run's steps name: id and guide.
    pub guides: IndexMap<String, GuideView>,
    /// A run that is being stopped so that another one may start.
    pub replacing: Option<Replacing>,
    /// Nothing may be asked or started from here.
    pub read_only: bool,
    /// The log that cannot be written, the disk that is full: shown above all else.
    pub alarm: Option<String>,
    /// Where the records are.
    pub state_dir: String,
    /// Text of the emergency help.
    pub emergency: Option<String>,
    /// Links: title and URL.
    pub links: Vec<(String, String)>,
}

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
    /// Its name.
    pub id: String,
    /// Why, in words.
    pub reason: String,
    /// Milliseconds since it opened.
    pub for_ms: u64,
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

/// What a run's plan says of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFacts {
    /// Id of the procedure.
    pub procedure: String,
    /// From what state (frozen).
    pub from: String,
    /// To what state (frozen).
    pub to: String,
    /// Milliseconds it takes.
    pub duration_ms: u64,
    /// In words.
    pub downtime: String,
    /// In words.
    pub data_loss: String,
    /// Milliseconds for which the target is watched after it was verified.
    pub guard_ms: Option<u64>,
}

/// A page of what an attempt prints.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Output {
    /// Number of the step that prints, from 1; 0 before anything was printed.
    pub step: usize,
    /// Its attempt.
    pub attempt: u32,
    /// Lines that come before these.
    pub before: usize,
    /// Lines there are in all.
    pub total: usize,
    /// The lines, oldest first, safe to show.
    pub lines: Vec<String>,
}

/// How a person takes up a run that nobody drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeUp {
    /// It goes on under a new supervisor.
    Resume,
    /// It is another account's: a run of one's own goes on with its steps.
    Succeed,
}

/// The person here, as one who may agree to a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Approver {
    /// Whether their word counts.
    pub may: bool,
    /// For what, or why not; in words.
    pub why: String,
    /// The account is shared: a name is asked for.
    pub named: bool,
    /// Who is asked instead, in words.
    pub others: String,
}

/// A symptom and what to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GuideView {
    /// Name for people.
    pub title: String,
    /// How it shows.
    pub symptom: String,
    /// What to do in words, and a command that only looks.
    pub steps: Vec<(String, Option<String>)>,
}

/// A run that is being stopped so that another one may start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replacing {
    /// The run that is stopped.
    pub run: String,
    /// What starts then.
    pub title: String,
    /// Processes of it that ignore KILL, pid and name: a person must say.
    pub alive: Vec<(i32, String)>,
}

/// Whether data comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing has answered yet.
    #[default]
    Starting,
    /// All sources answer in time.
    Live,
    /// The newest sample is this old (milliseconds).
    Late(u64),
    /// Nothing has come for so long that the picture is not the present.
    Lost(u64),
}

/// How grave the verdict is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Nothing measured, or too little to say.
    #[default]
    Unknown,
    /// All quiet.
    Ok,
    /// Look.
    Warn,
    /// Act.
    Critical,
}

/// What the matrix says now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// How grave.
    pub gravity: Gravity,
    /// `P1 HIGH`, `ALL QUIET`, `UNKNOWN`.
    pub word: String,
    /// What is to be done, or what is known.
    pub text: String,
    /// Since when, in milliseconds before now.
    pub for_ms: u64,
    /// The respond-within clock: milliseconds left (negative when overdue).
    pub clock_ms: Option<i64>,
    /// Why: `error rate 3.42 % > 2 % for 3m18s`.
    pub evidence: Vec<String>,
    /// Signals that answer, of all that are read.
    pub fresh: (usize, usize),
    /// Key and title of the procedure that is recommended.
    pub suggests: Option<(char, String)>,
}

/// One signal.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalView {
    /// Its id (for charts).
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Unit it is shown in.
    pub unit: Unit,
    /// Last value in base units (the worst series').
    pub value: Option<f64>,
    /// Last value when it is a text.
    pub text: Option<String>,
    /// State.
    pub level: Level,
    /// Milliseconds since it entered that state.
    pub level_for_ms: u64,
    /// Which way it goes.
    pub trend: Trend,
    /// Milliseconds since the last good sample.
    pub age_ms: Option<u64>,
    /// Milliseconds after which it is stale.
    pub stale_after_ms: u64,
    /// Why there is no value, or where it comes from.
    pub note: String,
    /// Thresholds in base units, with the words of the playbook.
    pub warn: Option<Threshold>,
    /// See `warn`.
    pub critical: Option<Threshold>,
    /// What is normal, in base units.
    pub baseline: Option<f64>,
    /// The same in words, with its age and origin; or why it is unknown.
    pub normal: Option<String>,
    /// Which direction is better.
    pub better: Better,
    /// Whether it has a panel (a chart) of its own.
    pub panel: bool,
    /// Whether it is the traffic split.
    pub traffic: bool,
    /// Series, worst first: label value, value in base units, state.
    pub series: Vec<(String, Option<f64>, Level)>,
    /// The query, URL or command it is read by.
    pub origin: String,
    /// Minimum, average and maximum of the last 15 minutes, in base units.
    pub stats: Option<(f64, f64, f64)>,
}

/// A threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Where it lies, in base units (`None` when it depends on something unknown).
    pub at: Option<f64>,
    /// As written: `> 2%`.
    pub text: String,
}

/// One column of a chart.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ChartColumn {
    /// Least value in the column, base units.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Average.
    pub mean: f64,
}

/// A severity row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeverityView {
    /// `P1`.
    pub id: String,
    /// `High`.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// `in 15 min`, `at once`, `monitor`.
    pub respond: String,
    /// Who must agree, or `nobody asked`.
    pub authority: String,
    /// In force and highest.
    pub in_force: bool,
    /// Fires, though a higher row is in force, or is in force itself.
    pub firing: bool,
    /// Cannot be judged.
    pub unknown: bool,
    /// Milliseconds it has fired.
    pub for_ms: Option<u64>,
    /// Milliseconds left to respond (negative when overdue).
    pub clock_ms: Option<i64>,
}

/// State of a trigger, in Prometheus' words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TriggerState {
    /// The condition cannot be judged.
    #[default]
    Unknown,
    /// The condition is false.
    Inactive,
    /// True, but not yet long enough: held and needed milliseconds.
    Pending {
        /// Milliseconds held.
        held: u64,
        /// Milliseconds needed.
        need: u64,
    },
    /// Firing for so many milliseconds.
    Firing {
        /// Milliseconds.
        since: u64,
    },
}

/// One trigger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TriggerView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Severity row.
    pub severity: Option<String>,
    /// State.
    pub state: TriggerState,
    /// A firing trigger whose condition cannot be judged any more: it cannot resolve.
    pub blind: bool,
    /// What it asks for now: `ARMED`, `shadow`, `off`, `asks`, `watch`.
    pub mode: String,
    /// It fires, is armed, and does not act: `cooling`, `held`, `stopped`.
    pub held: Option<&'static str>,
    /// Its parts: text, value, `true`/`false`/`unknown`.
    pub parts: Vec<(String, String, String)>,
}

/// Something that happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Happening {
    /// When: wall milliseconds since the Unix epoch.
    pub wall: i64,
    /// Letter on the chart axis (`F` firing, `R` run, …).
    pub letter: Option<char>,
    /// One word: `firing`, `pending`, `stale`, `run`, `step`, `flag`.
    pub kind: String,
    /// What.
    pub text: String,
    /// By whom.
    pub who: Option<String>,
}

/// A procedure that is offered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcedureView {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: Option<char>,
    /// Name for people.
    pub title: String,
    /// When it is the right one.
    pub use_when: String,
    /// Milliseconds it takes.
    pub duration_ms: u64,
    /// In words.
    pub downtime: String,
    /// In words.
    pub data_loss: String,
    /// Named by what fires now.
    pub suggested: bool,
    /// Typing the name is all that is asked, and a run in its way is stopped.
    pub emergency: bool,
    /// How the last run of it ended and how many milliseconds ago.
    pub last: Option<(String, u64)>,
}

/// A flag or counter with a key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ManualView {
    /// Signal id.
    pub id: String,
    /// Its key.
    pub key: char,
    /// Name for people.
    pub title: String,
    /// What is asked.
    pub text: String,
    /// A counter (counts at once) rather than a flag (asks first).
    pub counter: bool,
    /// Raised.
    pub raised: bool,
    /// Counted.
    pub count: u64,
}

/// What the confirmation dialog shows: a plan that has been resolved, not started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DraftView {
    /// Identity of this draft; what a confirmation names.
    pub id: String,
    /// Procedure's id.
    pub procedure: String,
    /// Procedure's title.
    pub title: String,
    /// Procedure's key.
    pub key: Option<char>,
    /// The probe that proves the environment, and what it answered.
    pub proof: String,
    /// Whether it proved it.
    pub proved: bool,
    /// From what state (frozen).
    pub from: String,
    /// To what state (frozen).
    pub to: String,
    /// Milliseconds it takes.
    pub duration_ms: u64,
    /// In words.
    pub downtime: String,
    /// In words.
    pub data_loss: String,
    /// Who confirms, and why.
    pub who: String,
    /// Reason.
    pub reason: String,
    /// It is being resolved; nothing else is known yet.
    pub resolving: bool,
    /// Its parameters that a person can choose.
    pub params: Vec<ParamView>,
    /// Those that were chosen: name and value.
    pub given: IndexMap<String, String>,
    /// The exact commands: number, name, and what is done, one per step.
    pub steps: Vec<(String, String, String)>,
    /// What changes in files: number of the step, and a diff in lines.
    pub diffs: IndexMap<String, Vec<String>>,
    /// Checks before the first step: text, answer, and what was seen.
    pub preflight: Vec<(String, Answer, String)>,
    /// Why it may start although one of them does not hold.
    pub override_reason: Option<String>,
    /// Who must agree before the first step, and what happens otherwise; in words.
    pub approval: Option<String>,
    /// What it leaves out, as an emergency procedure.
    pub skips: Vec<String>,
    /// The run that is stopped first, in words.
    pub stops: Option<String>,
    /// What is to be known before (blind criteria, dies at logout, …): gravity and text.
    pub notes: Vec<(Gravity, String)>,
    /// Everything is done already: nothing would change.
    pub already: Option<String>,
    /// Why it cannot be started.
    pub refused: Option<String>,
    /// How it is confirmed.
    pub confirm: Confirm,
    /// What is typed when `confirm` is `Type`.
    pub name: String,
    /// Milliseconds until it expires.
    pub expires_ms: u64,
}

/// A parameter that a person can choose.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamView {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it may be.
    pub spec: Param,
    /// What stands when nobody chooses.
    pub chosen: Option<String>,
    /// Why nothing is chosen, or nothing can be.
    pub why_not: Option<String>,
    /// What there is to choose from.
    pub rows: Vec<ChoiceView>,
}

/// One value to choose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChoiceView {
    /// The value.
    pub value: String,
    /// What else is known of it: name and text.
    pub columns: Vec<(String, String)>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its age in milliseconds.
    pub age_ms: Option<u64>,
    /// In words: `now in place`.
    pub note: String,
}

impl DraftView {
    /// Whether a check before the first step does not hold, and nobody has said why it may start although.
    pub fn is_blocked(&self) -> bool {
        self.override_reason.is_none() && self.preflight.iter().any(|(_, answer, _)| *answer != Answer::Holds)
    }
}
