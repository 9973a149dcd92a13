//! What a screen may know: one read-only picture of the session, in words and numbers, without layout.

mod after;
mod deciding;
mod drill;
mod events;
pub mod fleet;
pub mod guide;
mod letters;
pub mod logs;
mod plans;
mod signal;

pub use crate::engine::signal::{Level, Trend};
pub use after::{FOLLOW_UPS, FollowUpView, WatchView};
pub use deciding::{
    ActsView, ArmingView, DecisionView, IncidentView, MatrixRow, MatrixView, Notice, ReactionView, Watch,
    WhyOf, WhyRow, WhyView,
};
pub use drill::{DrillView, LastDrill, ScoreRow, ScoreView, TroubleView};
pub use events::{Happening, OnRecord, Sort};
pub use letters::{ComposedView, LetterView, MessageView};
pub use logs::{LogLine, LogSeen, LogView};

pub use plans::{ScenarioView, Tried, TriedStep, TriedView};
pub use signal::{ReadView, SignalDetail, Statistics, TrafficView, Wanted};

use crate::model::playbook::{Automation, Better, Confirm, Moment, Param, Tone};
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
    /// What can be made to go wrong there.
    pub troubles: Vec<TroubleView>,
    /// The drill, when the service is a simulated one.
    pub drill: Option<DrillView>,
    /// How the rehearsal goes, in a drill or the demo.
    pub score: Option<ScoreView>,
    /// When it was rehearsed last, where its playbook can be.
    pub drilled: Option<LastDrill>,
    /// Many services, while they are what is looked at.
    pub fleet: Option<fleet::FleetView>,
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
    /// Messages that can be sent, the empty one last.
    pub messages: Vec<MessageView>,
    /// Channels, in file order: their names for people.
    pub channels: Vec<(String, String)>,
    /// The newest letters and what became of them, oldest first.
    pub letters: Vec<LetterView>,
    /// The text that was asked for last.
    pub composed: Option<ComposedView>,
    /// What each trigger asks for at each stage of the traffic.
    pub matrix: Option<MatrixView>,
    /// What is wanted of the traffic, and which signal says where it is.
    pub traffic: Option<TrafficView>,
    /// The signal that is looked at, in full.
    pub detail: Option<SignalDetail>,
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
    /// Checklists, in file order.
    pub checklists: Vec<ChecklistView>,
    /// What is still to be done after runs and incidents, what is due first at the top.
    pub follow_ups: Vec<FollowUpView>,
    /// Those of them that stand in no checklist any more, or never did, as one ([`FOLLOW_UPS`]).
    pub earlier: Option<ChecklistView>,
    /// Procedures that are offered, in file order.
    pub procedures: Vec<ProcedureView>,
    /// Troubles that are known, what fits best first.
    pub scenarios: Vec<ScenarioView>,
    /// A plan that was tried without changing anything.
    pub tried: Option<TriedView>,
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
    /// Who is called, what to look at, what there is to go back to.
    pub book: guide::BookView,
    /// A run that is being stopped so that another one may start.
    pub replacing: Option<Replacing>,
    /// Nothing may be asked or started from here.
    pub read_only: bool,
    /// The log that cannot be written, the disk that is full: shown above all else.
    pub alarm: Option<String>,
    /// Where the records are.
    pub state_dir: String,
    /// Logs, in the order of the playbook; those that a running procedure follows come first.
    pub logs: Vec<LogView>,
    /// What was written to a file last, and where it is; in words.
    pub exported: Option<String>,
    /// Text of the emergency help.
    pub emergency: Option<String>,
    /// Links: title and URL.
    pub links: Vec<(String, String)>,
}

/// In which form the record is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON, one array.
    Json,
    /// CSV with a header.
    Csv,
    /// A Markdown table.
    Markdown,
}

/// A checklist and how far it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChecklistView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// When it is worked.
    pub moment: Option<Moment>,
    /// Milliseconds after a run's end within which it is to be done.
    pub within_ms: Option<u64>,
    /// A run is over from which it counts.
    pub began: bool,
    /// Milliseconds until it is due (negative when overdue), once its clock runs.
    pub due_ms: Option<i64>,
    /// Its items, in order.
    pub items: Vec<ItemView>,
}

impl ChecklistView {
    /// How many of its items are done, and how many there are.
    pub fn done(&self) -> (usize, usize) {
        (self.items.iter().filter(|i| i.done).count(), self.items.len())
    }

    /// Required items that are neither done nor gone on without.
    pub fn open(&self) -> impl Iterator<Item = &ItemView> {
        self.items.iter().filter(|i| i.required && !i.done && i.without.is_none())
    }
}

/// An item of a checklist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ItemView {
    /// What is to be done.
    pub text: String,
    /// Who does it, in words (anybody when empty).
    pub roles: Vec<String>,
    /// Whether the procedure waits for it.
    pub required: bool,
    /// Done.
    pub done: bool,
    /// By whom; `auto` when it ticks itself.
    pub who: Option<String>,
    /// When, wall milliseconds.
    pub wall: Option<i64>,
    /// In their words.
    pub note: String,
    /// What it does itself, in words: the condition, the probe, the command; none: a person ticks it.
    pub does: Option<String>,
    /// The same as a verb: `runs`, `tells`, `sends`, `captures`, `asks you`, `marks`; `looks` when it judges itself.
    pub kind: Option<&'static str>,
    /// Milliseconds that what it does may take.
    pub limit_ms: Option<u64>,
    /// The host on which it is done; none: here.
    pub on: Option<String>,
    /// A person ticks it or sets it off, rather than that it judges itself.
    pub by_hand: bool,
    /// What it judges itself.
    pub answer: Option<Answer>,
    /// What stands in the field at first, when it asks.
    pub prefill: String,
    /// It is being done.
    pub running: bool,
    /// Since when, wall milliseconds.
    pub since: Option<i64>,
    /// By whom.
    pub by: Option<String>,
    /// It was set off, and nobody knows what came of it.
    pub unknown: bool,
    /// What it did last failed.
    pub failed: bool,
    /// What came of it last, or what is seen.
    pub detail: String,
    /// When it was set off last: whether it succeeded, when (wall milliseconds), by whom, how long it took.
    pub last: Option<(bool, i64, String, u64)>,
    /// Why it is gone on without, and who said so.
    pub without: Option<(String, String)>,
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
    /// What was found last of what is looked for.
    pub found: Option<Found>,
}

/// A line of the output that holds what is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What is looked for.
    pub sought: String,
    /// The line, from 0; none: no line holds it.
    pub line: Option<usize>,
    /// Its place among all that hold it, from 1.
    pub nth: usize,
    /// How many hold it.
    pub of: usize,
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

/// What a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Curve<'a> {
    /// Id of the signal.
    pub signal: &'a str,
    /// Its series; none: the only one, or the worst.
    pub series: Option<&'a str>,
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
    /// Who is asked before it starts, in words; empty: nobody.
    pub asks: String,
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
    /// Its phases: place of the first step, name for people, milliseconds allowed.
    pub phases: Vec<(usize, String, Option<u64>)>,
    /// Whether steps are done already: number of the step, answer, and what was seen.
    pub so: Vec<(String, Answer, String)>,
    /// The same commands for a bare shell.
    pub shell: String,
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
