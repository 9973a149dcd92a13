//! One service as an operator knows it: environments, sources, signals, triggers, procedures, verifications.

use super::condition::{Comparison, Condition};
use super::probe::Probe;
use super::template::Template;
use super::unit::{Quantity, Unit};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Version of the playbook format.
pub const FORMAT: i64 = 1;

/// A playbook: one service, all of it. Named things keep the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Playbook {
    /// The service.
    pub service: Service,
    /// Names usable in templates, the same in every environment.
    pub vars: IndexMap<String, String>,
    /// Where the service runs.
    pub environments: IndexMap<String, Environment>,
    /// Secrets by name; their values are never stored.
    pub secrets: IndexMap<String, Secret>,
    /// Where numbers come from.
    pub sources: IndexMap<String, Source>,
    /// The numbers.
    pub signals: IndexMap<String, Signal>,
    /// Which signal is the traffic split, and its stages in percent.
    pub traffic: Option<Traffic>,
    /// Who decides and who is told.
    pub roles: IndexMap<String, Role>,
    /// Severity rows, worst first.
    pub severities: IndexMap<String, Severity>,
    /// Conditions held for a time, and what follows.
    pub triggers: IndexMap<String, Trigger>,
    /// What a run is judged by.
    pub objectives: IndexMap<String, Objective>,
    /// Criteria that must hold for a time.
    pub verifications: IndexMap<String, Verification>,
    /// Named probes.
    pub probes: IndexMap<String, Probe>,
    /// What can be done.
    pub procedures: IndexMap<String, Procedure>,
    /// Where else to look.
    pub links: Vec<Link>,
    /// Text of the emergency help.
    pub emergency: Option<String>,
}

/// `[service]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Short name; what is typed to confirm in a danger environment.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Who owns the playbook.
    pub owner: String,
    /// Where the procedure is written down in prose.
    pub source_document: Option<String>,
    /// Date of the last change, `YYYY-MM-DD`.
    pub updated: Option<String>,
    /// Date by which it must be looked at again, `YYYY-MM-DD`.
    pub review_by: Option<String>,
}

/// How careful ripcord asks people to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// A mistake hurts people outside: the name is typed.
    Danger,
    /// A mistake costs time.
    #[default]
    Caution,
    /// Nothing to lose.
    Calm,
}

/// How a dialog is confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirm {
    /// By typing the service's name.
    Type,
    /// By one key.
    #[default]
    Key,
}

/// The most that automation may do in an environment, or the mode of one trigger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Automation {
    /// Nothing acts and nothing is said about it.
    #[default]
    Off,
    /// Says what it would have done.
    Shadow,
    /// Acts (by the watcher only).
    Armed,
}

/// `[environments.E]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// How careful to be.
    pub tone: Tone,
    /// How a run is confirmed.
    pub confirm: Confirm,
    /// Ceiling for every trigger.
    pub automation: Automation,
    /// Working folder of commands.
    pub cwd: Option<Template>,
    /// Names usable in templates; they win over the playbook's.
    pub vars: IndexMap<String, String>,
    /// Is this the right target? Asked when planned and before the first step.
    pub prove: Option<Probe>,
}

/// `[secrets.S]`: where a secret is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Secret {
    /// From an environment variable.
    Env(String),
    /// From a file, trailing newline dropped.
    File(String),
}

/// `[sources.S]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Milliseconds between reads.
    pub every: u64,
    /// Milliseconds a read may take.
    pub timeout: u64,
    /// `false` when the environment's proxy settings are to be ignored (`proxy = "none"`).
    pub proxy: bool,
    /// What is read.
    pub kind: SourceKind,
}

/// What a source reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SourceKind {
    /// A Prometheus server (or one that speaks its HTTP API).
    Prometheus {
        /// Base URL, without `/api/v1`.
        url: Template,
        /// Headers sent with each request (`Authorization` by a secret).
        headers: IndexMap<String, Template>,
    },
    /// A URL: health, JSON, or a /metrics page.
    Http {
        /// The URL.
        url: Template,
        /// `GET` unless stated.
        method: String,
        /// Headers sent with each request.
        headers: IndexMap<String, Template>,
        /// Body sent as text.
        body: Option<Template>,
    },
    /// A local process.
    Process(ProcessRef),
    /// A command's exit status and output.
    Command {
        /// Program and arguments, never a shell.
        argv: Vec<Template>,
        /// Working folder.
        cwd: Option<Template>,
        /// Further environment variables.
        env: IndexMap<String, Template>,
    },
}

/// How a local process is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessRef {
    /// The main process of a systemd unit.
    Unit(Template),
    /// The pid written in a file.
    PidFile(Template),
    /// The one process of this name.
    Name(Template),
    /// A pid.
    Pid(u32),
}

/// `[signals.S]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Name for people.
    pub title: String,
    /// The source it is read from (none for expressions, flags and counts).
    pub source: Option<String>,
    /// How it is read.
    pub reading: ReadingKind,
    /// Unit it is shown in.
    pub unit: Unit,
    /// Unit the reading delivers.
    pub raw: Unit,
    /// Label that makes one series per value.
    pub series: Option<String>,
    /// Whether the reading is a counter that only grows.
    pub counter: bool,
    /// Which direction is better.
    pub better: Better,
    /// What is normal.
    pub baseline: Option<Quantity>,
    /// When to look.
    pub warn: Option<Comparison>,
    /// When to worry.
    pub critical: Option<Comparison>,
    /// Milliseconds after which the last sample no longer counts.
    pub stale_after: u64,
    /// Place among the panels, 1–9.
    pub panel: Option<u8>,
}

/// Which direction is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Better {
    /// Lower is better.
    #[default]
    Lower,
    /// Higher is better.
    Higher,
}

/// How a signal's value is had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ReadingKind {
    /// A PromQL instant query.
    Query(Template),
    /// A metric of a /metrics page or of a command that prints one.
    Metric {
        /// Metric name (without `_bucket` when a quantile is asked for).
        name: String,
        /// Labels that must match exactly.
        labels: IndexMap<String, String>,
        /// Quantile 0–1 computed from classic histogram buckets, over `over`.
        quantile: Option<f64>,
        /// Milliseconds of history that a quantile looks at.
        over: u64,
    },
    /// A JSON pointer (RFC 6901) into the body or output.
    Json(String),
    /// Whether, how, or how fast a URL answers.
    Http(HttpReading),
    /// A number of a local process.
    Process(ProcessReading),
    /// A command's exit code.
    ExitCode,
    /// A regular expression with the group `value` over the output.
    Output(String),
    /// An expression over other signals.
    Expr(super::condition::Expr),
    /// Raised and lowered by a person.
    Flag {
        /// Key on the main screens.
        key: char,
        /// What is asked when it is raised.
        text: String,
    },
    /// Counted by a person.
    Count {
        /// Key on the main screens.
        key: char,
        /// What is counted.
        text: String,
    },
}

/// What is read of a URL's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpReading {
    /// 1 for a 2xx answer, 0 when refused, timed out or another status.
    Up,
    /// The status code.
    Status,
    /// Seconds until the whole answer was there.
    Latency,
}

/// What is read of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessReading {
    /// Resident memory, bytes.
    Rss,
    /// CPU as a fraction of one core (may exceed 1).
    Cpu,
    /// Number of threads.
    Threads,
    /// Number of open files.
    Fds,
    /// Seconds since it started.
    Uptime,
    /// Bytes read from disk since it started (a counter).
    DiskRead,
    /// Bytes written to disk since it started (a counter).
    DiskWrite,
}

/// `[traffic]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The signal that is the share of traffic on what may be rolled back.
    pub signal: String,
    /// Stages in percent, ascending.
    pub stages: Vec<u32>,
}

/// `[roles.R]`: contact and authority in one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Name for people.
    pub title: String,
    /// Unix user names.
    pub users: Vec<String>,
    /// Unix group names.
    pub groups: Vec<String>,
    /// Roles any member of which counts.
    pub includes: Vec<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Chat handle.
    pub slack: Option<String>,
    /// When they are reached, as written.
    pub available: Option<String>,
    /// When they are told, as written.
    pub notify_when: Option<String>,
}

/// `[severities.P]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// Name for people.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// Milliseconds to respond.
    pub respond_within: Option<u64>,
    /// Roles that must agree.
    pub approval: Vec<String>,
}

/// What a firing trigger asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// Acts by itself when armed.
    Auto,
    /// A person decides within so many milliseconds; after a second clock the default happens.
    Decide {
        /// Milliseconds to decide.
        within: u64,
        /// Milliseconds after which the default happens, when it differs.
        default_at: Option<u64>,
    },
    /// A person decides, without a clock.
    Ask,
    /// Nothing but looking.
    #[default]
    Watch,
}

/// What happens when a decision clock runs out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DefaultAction {
    /// The procedure starts.
    Act,
    /// The next rung is told.
    #[default]
    Escalate,
    /// Nothing.
    Nothing,
}

/// `[triggers.T]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Name for people.
    pub title: String,
    /// The rule.
    pub when: Condition,
    /// Severity row it belongs to.
    pub severity: Option<String>,
    /// Milliseconds it must hold before it fires.
    pub hold: u64,
    /// Milliseconds it goes on firing after the rule turned false.
    pub keep_firing_for: u64,
    /// Resolves by this instead of the rule's own falsehood.
    pub clear_when: Option<Condition>,
    /// What it asks for.
    pub act: Cell,
    /// What it asks for at a traffic stage (percent).
    pub at: IndexMap<u32, Cell>,
    /// What happens when nobody decides.
    pub default: DefaultAction,
    /// Its own mode, under the environment's ceiling.
    pub mode: Automation,
    /// Procedure it recommends.
    pub procedure: Option<String>,
    /// Reason given to the run.
    pub reason: Option<String>,
}

/// The point from which an objective counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum From {
    /// The trigger's first firing (the confirmation when nothing fired).
    Firing,
    /// A person's confirmation.
    Confirmed,
    /// The run's first step.
    Start,
}

/// The point to which an objective counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum To {
    /// The step that takes effect was observed or applied.
    Effect,
    /// Where the stability window that held began.
    Recovered,
    /// The verification held.
    Verified,
    /// The run's end.
    End,
    /// A step's end.
    Step(String),
}

/// `[objectives.O]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Name for people, such as RTO.
    pub title: String,
    /// Procedures it is for (all when empty).
    pub procedures: Vec<String>,
    /// From where it counts.
    pub from: From,
    /// To where it counts.
    pub to: To,
    /// Milliseconds allowed.
    pub within: u64,
}

/// `[verifications.V]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Name for people.
    pub title: String,
    /// Milliseconds until it must have held.
    pub within: u64,
    /// Milliseconds for which all criteria must hold without a break.
    pub stable_for: u64,
    /// What must hold.
    pub criteria: Vec<Criterion>,
}

/// One criterion of a verification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// What is shown.
    pub text: String,
    /// What is asked.
    pub probe: Probe,
}

/// What a procedure costs, as its author expects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// Milliseconds it takes.
    pub duration: u64,
    /// Downtime, in words.
    pub downtime: String,
    /// Data loss, in words.
    pub data_loss: String,
}

/// A phase with a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Name used by steps.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Milliseconds allowed.
    pub budget: Option<u64>,
}

/// `[procedures.P]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    /// Name for people.
    pub title: String,
    /// Key on the main screens.
    pub key: Option<char>,
    /// When it is the right one, in words.
    pub use_when: Option<String>,
    /// From what state to what state, in words with frozen targets (`"canary 25 % → 0 %"`).
    pub from: Option<Template>,
    /// See `from`.
    pub to: Option<Template>,
    /// Not offered by itself.
    pub hidden: bool,
    /// Typing the name is all that is asked.
    pub emergency: bool,
    /// What it costs.
    pub expect: Expect,
    /// Stronger confirmation than the environment's.
    pub confirm: Option<Confirm>,
    /// Id of the step by which it takes effect (the last changing one when none is named).
    pub takes_effect: Option<String>,
    /// Phases with budgets.
    pub phases: Vec<Phase>,
    /// Values resolved by a probe when it is planned, or chosen: name → parameter.
    pub params: IndexMap<String, Param>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// `[procedures.P.params.N]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Name for people.
    pub title: String,
    /// Where its value comes from.
    pub kind: ParamKind,
}

/// Where a parameter's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParamKind {
    /// Read by a probe when the plan is resolved; `pattern` has the group `value`.
    Read {
        /// What is asked.
        probe: Probe,
        /// Where the value stands in its output.
        pattern: String,
    },
    /// One of these values; the first is the default.
    Values(Vec<String>),
    /// A text that must match a pattern, with a default.
    Text {
        /// Pattern it must match as a whole.
        pattern: String,
        /// Default.
        prefill: Option<String>,
    },
}

/// What is done with a run when a step fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFailure {
    /// The run stops there.
    #[default]
    Stop,
    /// The run goes on, the failure on record.
    Continue,
    /// The run waits for a person.
    Ask,
}

/// One step of a procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Name for people.
    pub name: String,
    /// Name for other parts of the playbook.
    pub id: Option<String>,
    /// Phase that begins with it.
    pub phase: Option<String>,
    /// What is done.
    pub kind: StepKind,
    /// Milliseconds it may take.
    pub timeout: u64,
    /// Milliseconds it is expected to take.
    pub takes: Option<u64>,
    /// Must hold before it starts.
    pub prove: Option<Probe>,
    /// When this holds, it is done already and skipped.
    pub already: Option<Probe>,
    /// When this holds, its effect is seen.
    pub observe: Option<Probe>,
    /// Whether doing it twice is harmless.
    pub repeatable: bool,
    /// Attempts in all (1: no retry) and milliseconds between them.
    pub attempts: u32,
    /// See `attempts`.
    pub retry_delay: u64,
    /// What happens to the run when it fails.
    pub on_failure: OnFailure,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StepKind {
    /// A command, without a shell.
    Run(super::probe::Command),
    /// An HTTP request.
    Http(super::probe::HttpCall),
    /// A line sent to a unix socket, its answer judged as text.
    Socket(SocketCall),
    /// Waiting.
    Wait(Wait),
    /// A probe that must hold.
    Check(Probe),
    /// A verification that must hold.
    Verify(String),
}

/// A line sent to a stream socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SocketCall {
    /// Path of the unix socket.
    pub path: Template,
    /// What is sent; a newline is added.
    pub send: Template,
    /// What the answer must be (an empty answer when none is given).
    pub expect: super::probe::Expectation,
}

/// What a `wait` step waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Wait {
    /// So many milliseconds.
    For(u64),
    /// Until a condition holds.
    Until(Condition),
}

/// `[[links]]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Name for people.
    pub title: String,
    /// Where it leads.
    pub url: String,
}
