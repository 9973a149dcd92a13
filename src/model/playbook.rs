//! One service as an operator knows it: environments, sources, signals, triggers, procedures, verifications.
//!
//! This is the reference of the playbook format: a field is the key of its name unless its doc names another. Durations
//! are written with units (`"2m30s"`) and kept in milliseconds. An `Option`, a list, a table of names and a yes-or-no
//! may be left out (none, empty, no, unless said otherwise); another key is required where no default is said.

use super::condition::{Comparison, Condition, duration};
use super::drill::{Drill, Rehearse, Simulated};
use super::probe::{Command, Probe};
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
    /// Who may decide what, where one role is not enough to say.
    pub authority: IndexMap<String, Authority>,
    /// Other machines that commands run on.
    pub hosts: IndexMap<String, Host>,
    /// Ways to tell people.
    pub channels: IndexMap<String, Channel>,
    /// What people are told.
    pub messages: IndexMap<String, Message>,
    /// Who is told when an incident goes on, in the order of time.
    pub escalation: Vec<Rung>,
    /// `[[notify]]`: what is told by itself when something happens.
    pub notices: Vec<Notice>,
    /// Logs that are looked at.
    pub logs: IndexMap<String, Log>,
    /// What to look at when something does not work.
    pub guides: IndexMap<String, Guide>,
    /// Severity rows, worst first.
    pub severities: IndexMap<String, Severity>,
    /// Conditions held for a time, and what follows.
    pub triggers: IndexMap<String, Trigger>,
    /// How an incident is named: `[incident] id`, default `"INC-{{ date }}-{{ count }}"`. It must hold `{{ count }}`, so
    /// that no two have one name; `{{ date }}` is the day on which it opened, `YYYY-MM-DD`.
    pub incident: Template,
    /// What opens a ticket for an incident, whose first line becomes the incident's name: `[incident] run`.
    pub ticket: Option<Ticket>,
    /// What people work through.
    pub checklists: IndexMap<String, Checklist>,
    /// What a run is judged by.
    pub objectives: IndexMap<String, Objective>,
    /// Criteria that must hold for a time.
    pub verifications: IndexMap<String, Verification>,
    /// Named probes.
    pub probes: IndexMap<String, Probe>,
    /// What can be done.
    pub procedures: IndexMap<String, Procedure>,
    /// What a trouble looks like, and which procedure fits it.
    pub scenarios: IndexMap<String, Scenario>,
    /// Where else to look.
    pub links: Vec<Link>,
    /// Text of the emergency help.
    pub emergency: Option<String>,
    /// How it is rehearsed.
    pub drill: Option<Drill>,
}

/// `[service]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Short name; what is typed to confirm in a danger environment.
    pub name: String,
    /// Name for people (the name when none).
    pub title: String,
    /// Who owns the playbook.
    pub owner: String,
    /// Where the procedure is written down in prose.
    pub source_document: Option<String>,
    /// Date of the last change, `YYYY-MM-DD`.
    pub updated: Option<String>,
    /// Date by which it must be looked at again: `review_by`, or `review_every` (a duration) from `updated`.
    pub review_by: Option<String>,
    /// On a shared account a second person's name is taken as said (and shown as "asserted"). Default false.
    pub trust_asserted_names: bool,
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
        /// Program and arguments (`sh -c` and its text for `shell = true`).
        argv: Vec<Template>,
        /// Host it runs on (here when none). A plan's commands are spelled out for it already.
        on: Option<String>,
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
    pub baseline: Option<Baseline>,
    /// Below how many it says too little and is unknown ("3 errors of 5"): `{ least = 50, of = "requests" }`.
    pub min_samples: Option<MinSamples>,
    /// A query asked along, only beside `query`: an answer that is empty, 0 or NaN says that the target is silent, and the
    /// signal is unknown however fresh its value looks. Of several series one that says otherwise is enough (write
    /// `min(…)` when all must), unless they carry the signal's `series` label: then each speaks for its own.
    pub fresh: Option<Template>,
    /// When to look.
    pub warn: Option<Comparison>,
    /// When to worry.
    pub critical: Option<Comparison>,
    /// Milliseconds after which the last sample no longer counts.
    pub stale_after: u64,
    /// Place among the panels, 1–9.
    pub panel: Option<u8>,
}

/// `baseline`: what is normal for a signal that is a number. Exactly one of `value`, `file` (with `json`), `signal` and
/// `mark` (with `over`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Baseline {
    /// `value`: written down.
    Value(Quantity),
    /// `file`: a JSON file that is read at the start, and when an incident is over.
    File {
        /// Its path.
        file: Template,
        /// `json`: pointer (RFC 6901) to the number, in the signal's `raw` unit.
        json: String,
    },
    /// `signal`: what another signal of the same dimension says now (treatment against control); not one with a value per
    /// series, unless this one has, too.
    Signal(String),
    /// `mark`: the average before the moment that a person or a deploy marked.
    Mark {
        /// Name of the mark.
        id: String,
        /// Milliseconds before the mark that are averaged; required, and long enough to hold `least` reads of the source.
        over: u64,
        /// Samples below which it is unknown, default 10.
        least: u64,
    },
}

/// `min_samples`: how many of what is counted a value must rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinSamples {
    /// At least so many; required.
    pub least: u64,
    /// The signal that says how many there were (requests in the same window): a number without a unit; required.
    pub of: String,
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

/// Milliseconds between two samples of a `log` signal.
pub const LOG_EVERY: u64 = 5_000;

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
    /// How many lines of the last minute match: `log = { file | run, pattern }`. Only what is written while it is read
    /// counts; `on`, `cwd`, `env` and `shell` may stand beside `run`.
    Log {
        /// `file` or `run`.
        from: LogSource,
        /// Pattern that a line must contain.
        pattern: String,
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

/// `[roles.R]`: contact and authority in one. What only holds the place of a name or a number (`TBD`, `[Name]`,
/// `xxx-xxxx`) is an error once an environment is armed.
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
    /// When they are reached, as written: `"24/7"`, or `"Mon-Fri 09:00-17:00 Europe/Berlin"` and several of that with `,`
    /// between (one zone at the end is enough). What cannot be read is shown as it stands.
    pub available: Option<String>,
    /// When they are told, as written.
    pub notify_when: Option<String>,
    /// `channels`: by which they are told.
    pub channels: Vec<String>,
}

/// `[authority.A]`: who may decide. Exactly one of `all` and `at`; a list means all of them, and each role must have
/// somebody in it ("any of them" is a role with `includes`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Name for people.
    pub title: String,
    /// Roles that must all agree, at every stage of the traffic.
    pub all: Vec<String>,
    /// Roles that must all agree at a stage (percent); wins over `all`.
    pub at: IndexMap<u32, Vec<String>>,
}

/// `[hosts.H]`: where a command runs instead of here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Host {
    /// By ssh; the command is quoted for the far shell.
    Ssh {
        /// `ssh`: name as ssh knows it.
        name: Template,
        /// Further options of ssh.
        options: Vec<Template>,
    },
    /// `prefix`: behind other words (`["docker", "exec", "web"]`).
    Prefix(Vec<Template>),
}

/// `[channels.C]`: a way to tell people. Exactly one of `http` (`POST` unless stated) and `run` (with the keys of
/// [`super::probe::Command`] beside it). `preset = slack|teams|pagerduty|grafana|statuspage` gives `http` the JSON body
/// that the service wants; what is written in `json` wins. All need a `url` but `pagerduty`, which needs a `routing_key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Name for people.
    pub title: String,
    /// `http` or `run`.
    pub way: Way,
    /// Whose body `http` has; none: the playbook's own.
    pub preset: Option<Preset>,
    /// Milliseconds it may take, default `"10s"`.
    pub timeout: u64,
    /// `limit = { max, per }`: at most so many messages; what is more is told of in one summary.
    pub limit: Limit,
}

/// A command that opens a ticket for an incident: `[incident] run` (with the other keys of a
/// [`super::probe::Command`] beside it). Names of its own are `incident.id`, `incident.started`, `incident.reason`,
/// `date`, `count` and `severity`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// The command. Without words in a rehearsal: there is nothing to run.
    pub command: Command,
    /// Milliseconds it may take, default `"30s"`.
    pub timeout: u64,
}

/// Whose requests a channel speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// Slack's incoming webhook, and what is compatible with it.
    Slack,
    /// A workflow of Microsoft Teams that takes adaptive cards.
    Teams,
    /// PagerDuty's Events API v2: trigger, acknowledge and resolve on one `dedup_key`.
    PagerDuty,
    /// Grafana's annotations: one region from an incident's start to its end.
    Grafana,
    /// Statuspage's incidents: created, updated, resolved.
    Statuspage,
}

/// So many in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How many.
    pub max: u32,
    /// Milliseconds.
    pub per: u64,
}

impl Default for Limit {
    /// 30 in 10 minutes.
    fn default() -> Limit {
        Limit { max: 30, per: 600_000 }
    }
}

/// `[[notify]]`: people are told when something happens, without a step that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// On what.
    pub on: Vec<Occasion>,
    /// Only of triggers, and in incidents, of these severities (all when none is named).
    pub severities: Vec<String>,
    /// By these channels.
    pub channels: Vec<String>,
    /// Which message; never one that is looked at first.
    pub message: String,
}

/// What people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Occasion {
    /// `fired`: a trigger fires.
    Fired,
    /// `decision`: a person must decide.
    Decision,
    /// `escalated`: automation has nothing more to do, or a rung of the ladder is due.
    Escalated,
    /// `run-started`: a run was accepted.
    RunStarted,
    /// `run-verified`: it was verified.
    RunVerified,
    /// `run-failed`: it ended in any other way.
    RunFailed,
    /// `incident-closed`: the incident is over.
    IncidentClosed,
}

impl Occasion {
    /// All of them by their words.
    pub const ALL: [(&'static str, Occasion); 7] = [
        ("fired", Occasion::Fired),
        ("decision", Occasion::Decision),
        ("escalated", Occasion::Escalated),
        ("run-started", Occasion::RunStarted),
        ("run-verified", Occasion::RunVerified),
        ("run-failed", Occasion::RunFailed),
        ("incident-closed", Occasion::IncidentClosed),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Occasion::ALL.iter().find(|(_, o)| *o == self).map_or("", |(word, _)| word)
    }
}

/// How a channel tells. `{{ message }}` and `{{ subject }}` are what is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Way {
    /// By an HTTP request.
    Http(super::probe::HttpCall),
    /// By a command.
    Run(super::probe::Command),
    /// By nothing: what a rehearsal does in the place of both. Only in a rehearsed playbook.
    Simulated(Simulated),
}

/// `[messages.M]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One line.
    pub subject: Template,
    /// The text.
    pub body: Template,
    /// Looked at by a person before it is sent; never sent by automation. Default false.
    pub review: bool,
}

/// `[[escalation]]`: one rung of the ladder, in the order of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// Milliseconds from the incident's start.
    pub after: u64,
    /// Only when this holds.
    pub when: Option<Condition>,
    /// Only in incidents of these severities (all when none is named).
    pub severities: Vec<String>,
    /// Who is told.
    pub roles: Vec<String>,
    /// By these channels (the roles' own when none are named).
    pub channels: Vec<String>,
    /// Which message.
    pub message: String,
}

/// `[logs.L]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Name for people.
    pub title: String,
    /// `file` or `run`.
    pub from: LogSource,
    /// Words to be picked out → `warn` or `critical`.
    pub marks: IndexMap<String, Mark>,
}

/// Where a log is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LogSource {
    /// A file.
    File(Template),
    /// A command that prints it.
    Run(super::probe::Command),
}

impl LogSource {
    /// The path, or the command.
    pub fn words(&self) -> String {
        match self {
            LogSource::File(path) => path.0.clone(),
            LogSource::Run(c) => shell_words::join(c.argv.iter().map(|a| a.0.as_str())),
        }
    }
}

/// How grave a word in a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Look.
    Warn,
    /// Act.
    Critical,
}

/// `[guides.G]`: a symptom and what to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guide {
    /// Name for people.
    pub title: String,
    /// How it shows (nothing when not written).
    pub symptom: String,
    /// What to do, in order.
    pub steps: Vec<GuideStep>,
}

/// One thing to do or look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuideStep {
    /// In words.
    pub text: Template,
    /// A command that only looks.
    pub run: Option<super::probe::Command>,
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
    /// What people do by hand, in words.
    pub manual: Option<String>,
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

/// `[triggers.T]`. `[automation]` says for all of them what they do not say themselves (`cooldown`, `max_attempts`,
/// `per`); with `enabled = false` there all are disarmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Name for people (the id when none).
    pub title: String,
    /// The rule.
    pub when: Condition,
    /// Severity row it belongs to.
    pub severity: Option<String>,
    /// `for`: milliseconds it must hold before it fires, default 0.
    pub hold: u64,
    /// Milliseconds it goes on firing after the rule turned false, default 0.
    pub keep_firing_for: u64,
    /// Resolves by this instead of the rule's own falsehood.
    pub clear_when: Option<Condition>,
    /// What it asks for: `"auto"`, `"decide 10m"`, `"decide 10m, default 30m"`, `"ask"` or `"watch"` (default). Not
    /// beside `at`.
    pub act: Cell,
    /// What it asks for at a traffic stage (percent); a cell for every stage of `[traffic]`.
    pub at: IndexMap<u32, Cell>,
    /// What happens when nobody decides in time: `act`, `escalate` (default) or `nothing`.
    pub default: DefaultAction,
    /// Its own mode, under the environment's ceiling: `armed`, `shadow` (default) or `disarmed`.
    pub mode: Automation,
    /// Procedure it recommends; required where it acts by itself (`"auto"`, or `default = "act"`).
    pub procedure: Option<String>,
    /// Parameters of that procedure, of variables and the environment only. Where it acts by itself, each parameter without
    /// a default must stand here.
    pub args: IndexMap<String, Template>,
    /// Reason given to the run.
    pub reason: Option<String>,
    /// Authority that decides. Not beside `approval`; neither: the roles of its severity.
    pub authority: Option<String>,
    /// Roles that must all agree with what is decided; each must have somebody in it.
    pub approval: Vec<String>,
    /// Milliseconds from firing to the effect: the target that a reaction is shown against.
    pub effect_within: Option<u64>,
    /// Milliseconds after an automatic run (or a person's) in which it does not act, default that of `[automation]`: `"5m"`.
    pub cooldown: u64,
    /// Automatic runs in `per`, default that of `[automation]`: 1.
    pub max_attempts: u32,
    /// Milliseconds, default that of `[automation]`: `"1h"`.
    pub per: u64,
}

/// `[scenarios.S]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Name for people; required.
    pub title: String,
    /// How it shows, in words.
    pub symptoms: String,
    /// A condition that says that it is so now; without one, people judge.
    pub when: Option<Condition>,
    /// Procedure that fits it; required.
    pub procedure: String,
    /// Parameters of that procedure, of variables and the environment only.
    pub args: IndexMap<String, Template>,
    /// Reason given to the run (the title when none).
    pub reason: Option<String>,
}

/// `[checklists.C]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checklist {
    /// Name for people.
    pub title: String,
    /// When it is worked: `ready`, `before`, `during` or `after`; required.
    pub moment: Moment,
    /// Milliseconds after the run's end (only with `after`).
    pub due: Option<u64>,
    /// What is to be done, in order; at least one.
    pub items: Vec<Item>,
}

/// When a checklist is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// Before anything happens: is the house in order.
    Ready,
    /// Before a rollback.
    Before,
    /// While it goes on.
    During,
    /// After it: follow-ups.
    After,
}

/// One item of a checklist: a person ticks it, or it does something itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What is to be done; may name variables, the environment and the service.
    pub text: String,
    /// Who does it (anybody when empty).
    pub roles: Vec<String>,
    /// Whether the procedure waits for it. Default true.
    pub required: bool,
    /// What it does itself; none: a person does it and ticks it.
    pub does: Option<ItemDoes>,
}

/// What an item of a checklist does itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ItemDoes {
    /// It is done while this holds: `when`, `file`, `probe`, `check`, or `http` that only reads (`GET`, `HEAD`). Nobody
    /// ticks it.
    Judge(Probe),
    /// A person sets it off, and it is done when it succeeds: `run`, `http`, `socket`, `notify`, `capture`.
    Act {
        /// What is done.
        kind: Box<StepKind>,
        /// Milliseconds it may take. Default 30 s.
        timeout: u64,
        /// What a rehearsal does in its place.
        rehearse: Option<Rehearse>,
    },
    /// A person answers, and it is done by that; in a drill without a person what `rehearse` says.
    Ask(Question, Option<Rehearse>),
    /// A person captures what is normal now, under this name.
    Mark(String),
}

/// The point from which an objective counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum From {
    /// The trigger's first firing (the confirmation when nothing fired).
    Firing,
    /// The decision to roll back: a person's confirmation, or when the system began it.
    Decision,
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

/// `[objectives.O]`: what runs are judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Name for people, such as RTO.
    pub title: String,
    /// Procedures it is for (all when empty).
    pub procedures: Vec<String>,
    /// Only runs that were started by the system, or by a person (all when none is named).
    #[serde(default)]
    pub started_by: Option<StartedBy>,
    /// What is asked.
    pub goal: Goal,
}

/// Who started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartedBy {
    /// A trigger, or the default of a clock.
    System,
    /// A person.
    Person,
}

/// What an objective asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    /// To come from one point to another in time.
    Time {
        /// From where it counts.
        from: From,
        /// To where it counts.
        to: To,
        /// Milliseconds allowed.
        within: u64,
    },
    /// `data_age`: what was gone back to is no older than so many milliseconds. A run that goes back to nothing that has an
    /// age loses nothing by it.
    DataAge(u64),
    /// `holds`: this holds at the run's end; the decider judges it.
    Holds(Condition),
    /// `stays`: this stays so after the run was verified; the decider watches it, and reopens the incident when it does not.
    Stays {
        /// What.
        when: Condition,
        /// Milliseconds for which it must hold. What nobody can judge does not count.
        lasts: u64,
        /// Milliseconds for which it may be broken, in all.
        allow: u64,
    },
}

impl Goal {
    /// What is asked, in words.
    pub fn asks(&self) -> String {
        match self {
            Goal::Time { within, .. } => format!("within {}", duration(*within)),
            Goal::DataAge(0) => "no data is lost".to_owned(),
            Goal::DataAge(ms) => format!("data no older than {}", duration(*ms)),
            Goal::Holds(c) => format!("at the end: {}", c.text),
            Goal::Stays { when, lasts, allow: 0 } => format!("stays for {}: {}", duration(*lasts), when.text),
            Goal::Stays { when, lasts, allow } => {
                format!("stays for {}, {} forgiven: {}", duration(*lasts), duration(*allow), when.text)
            }
        }
    }
}

impl Playbook {
    /// The lists after a run of this procedure: those it names, or all where it names none.
    pub fn follow_up_lists<'p>(
        &'p self,
        procedure: Option<&'p Procedure>,
    ) -> impl Iterator<Item = (&'p String, &'p Checklist)> {
        let named: &[String] = procedure.map_or(&[], |p| &p.checklists);
        let after = |id: &String| self.checklists.get(id).is_some_and(|c| c.moment == Moment::After);
        let any = named.iter().any(after);
        let all = self.checklists.iter().filter(|(_, c)| c.moment == Moment::After);
        all.filter(move |(id, _)| !any || named.contains(id))
    }
}

impl Objective {
    /// Whether runs of this procedure are judged by it.
    pub fn is_for(&self, procedure: &str) -> bool {
        self.procedures.is_empty() || self.procedures.iter().any(|p| p == procedure)
    }
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

/// What happens when an approval is not given in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApprovalDefault {
    /// The run ends; nothing was changed.
    #[default]
    Refuse,
    /// The run starts, and says that nobody agreed.
    Start,
}

/// `guard`: the target is watched after it was verified, so that a redeploy or a self-healing controller that takes it
/// back is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// Milliseconds.
    pub lasts: u64,
    /// The keys of a probe beside it: must go on holding.
    pub probe: Probe,
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
    /// Milliseconds from the run's start by which it is to be over.
    pub by: Option<u64>,
}

/// `[procedures.P]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// Typing the name is all that is asked: approvals become items after the fact.
    pub emergency: bool,
    /// What an emergency procedure leaves out that the others do, in words; shown before it is confirmed. Only with
    /// `emergency = true`.
    pub skips: Vec<String>,
    /// Roles that must agree, each by another person than the one who asks. Not beside `authority`.
    pub approval: Vec<String>,
    /// Different people that must agree in all (the number of roles when more, or when not written).
    pub approvals: usize,
    /// Authority that decides; who asks counts for a role of theirs.
    pub authority: Option<String>,
    /// Milliseconds to agree, default `"5m"`.
    pub approval_within: u64,
    /// What happens when nobody says: `refuse` (default) or `start`.
    pub approval_default: ApprovalDefault,
    /// An armed trigger needs the approval, too. Default false; only with `approval` or `authority`.
    pub approval_when_automatic: bool,
    /// Procedure that undoes it.
    pub undo: Option<String>,
    /// Must hold for the target, or nothing starts (an irreversible migration, a missing image). Not overridden.
    pub compatible_with: Option<Probe>,
    /// `[{ text, probe keys }]`, asked before it is confirmed, all shown; one that does not hold blocks unless a person gives a reason.
    pub preflight: Vec<Criterion>,
    /// Checklists that belong to it; its `before` ones hold up its start until every required item is done (all `before`
    /// checklists when none is named).
    pub checklists: Vec<String>,
    /// What is watched after it was verified.
    pub guard: Option<Guard>,
    /// Logs shown beside the run.
    pub follow: Vec<String>,
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
    /// `first`, `last` or `none`, for `values` (default `first`), `list` and `files` (default `none`).
    pub pick: Pick,
    /// Unit of its value, put behind it in conditions (`$name`); a number's is `score` and a duration's `s` when not written.
    pub unit: Option<Unit>,
    /// The lines that a rehearsal finds in the place of `list`, `files` or `read`.
    #[serde(default)]
    pub rehearse: Vec<String>,
}

/// Which of the values stands when nobody chooses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// None: a person must choose.
    None,
}

/// Where a parameter's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParamKind {
    /// `read = PROBE` with `pattern` beside it, which has the group `value`; read when the plan is resolved.
    Read {
        /// What is asked.
        probe: Probe,
        /// Where the value stands in its output.
        pattern: String,
    },
    /// `values = […]`: one of these.
    Values(Vec<String>),
    /// `text = { pattern, prefill }`: must match the pattern as a whole.
    Text {
        /// Pattern it must match as a whole.
        pattern: String,
        /// Default.
        prefill: Option<String>,
    },
    /// `number = { min, max, prefill }`, each of which may be left out.
    Number {
        /// Least.
        min: Option<f64>,
        /// Greatest.
        max: Option<f64>,
        /// Default.
        prefill: Option<f64>,
    },
    /// `duration = { min, max, prefill }`, as people write one (`"90s"`, `"1h30m"`).
    Duration {
        /// Least, milliseconds.
        min: Option<u64>,
        /// Greatest, milliseconds.
        max: Option<u64>,
        /// Default, as written.
        prefill: Option<String>,
    },
    /// `version = { prefill }`, or `{}`: `1.2.3`, `v1.2.3-rc.1`, by semantic versioning's rules.
    Version {
        /// Default.
        prefill: Option<String>,
    },
    /// `switch = true|false`, which is the default.
    Switch(bool),
    /// `list = { run | http, pattern | json + value, within }`: what a command or URL lists.
    List {
        /// What is asked.
        probe: Probe,
        /// How its answer is read.
        rows: Rows,
    },
    /// `files = { glob, sort, pattern, time_format }`: files that exist.
    Files {
        /// Which, with `*`, `?` and `[…]`.
        glob: Template,
        /// `sort = newest` (default) or `name`.
        newest: bool,
        /// How a path is read: group `value` is the value (the whole path when there is none), `time` its age, others
        /// are columns.
        pattern: Option<String>,
        /// How the group `time` is written (strftime).
        time_format: Option<String>,
    },
    /// `map = { from, to }`: follows from another parameter of the procedure.
    Map {
        /// The other one.
        from: String,
        /// Its value → this one's.
        to: IndexMap<String, String>,
    },
}

/// How a listing is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rows {
    /// Each line that matches: group `value` is the value, `time` its age, others are columns.
    Pattern(String),
    /// Each element of the array at this JSON pointer: itself, or its member `value`, other members are columns.
    Json {
        /// Pointer to the array.
        pointer: String,
        /// Name of the member that is the value; none for an array of texts or numbers.
        value: Option<String>,
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
    /// What is done: exactly one key of [`StepKind`].
    pub kind: StepKind,
    /// Milliseconds it may take. Required for `run`, `http`, `socket`, `check`, `ramp` (each act of it) and
    /// `wait = { until }`; default `"10s"` for `write` and `edit`, `"60s"` for `capture`, its own for `verify` and
    /// `wait = { for }`, the channel's for `notify` (0 here); an `ask` may wait without a bound (0).
    pub timeout: u64,
    /// Milliseconds it is expected to take.
    pub takes: Option<u64>,
    /// Must hold before it starts.
    pub prove: Option<Probe>,
    /// When this holds, it is done already and skipped. `goal` is this and `observe` in one.
    pub already: Option<Probe>,
    /// When this holds, its effect is seen.
    pub observe: Option<Probe>,
    /// Done only when this holds; a person says when it cannot be judged. A condition, or `"$switch"`.
    pub when: Option<When>,
    /// Milliseconds from the run's start by which it is to be over; later is on record.
    pub by: Option<u64>,
    /// Steps done instead when it fails (`[[….steps.fallback]]`), one level; not at a `procedure` or a `ramp`.
    pub fallback: Vec<Step>,
    /// Done although the run failed or was stopped. Default false; such steps stand at the end.
    pub always: bool,
    /// How far a `run` is, read from what it prints: group `percent`, or `done` and `total`.
    pub progress: Option<String>,
    /// Done in its place by a preview; changes nothing.
    pub dry_run: Option<Vec<Template>>,
    /// Guide for its failure.
    pub troubleshoot: Option<String>,
    /// Something that stays frozen by it until somebody thaws it: `{ what, undo }`, both required.
    pub freezes: Option<Freeze>,
    /// Whether doing it twice is harmless. Default false.
    pub repeatable: bool,
    /// `retry = { attempts, delay }`: attempts in all (1 when not written) and milliseconds between them (0). Needs
    /// `repeatable`, `already` or `goal`, but for a `check` or `capture`.
    pub attempts: u32,
    /// See `attempts`.
    pub retry_delay: u64,
    /// What happens to the run when it fails: `stop` (default), `continue` or `ask`.
    pub on_failure: OnFailure,
    /// What a rehearsal does in its place.
    #[serde(default)]
    pub rehearse: Option<Rehearse>,
    /// The message that it hands to the outbox instead of doing what it says itself. Only in plans.
    #[serde(default)]
    pub tell: Option<Box<super::telling::Tell>>,
}

impl Step {
    /// A step that does this once, with nothing around it.
    pub fn new(name: &str, kind: StepKind) -> Step {
        Step {
            name: name.into(),
            id: None,
            phase: None,
            kind,
            timeout: 0,
            takes: None,
            prove: None,
            already: None,
            observe: None,
            when: None,
            by: None,
            fallback: Vec::new(),
            always: false,
            progress: None,
            dry_run: None,
            troubleshoot: None,
            freezes: None,
            repeatable: false,
            attempts: 1,
            retry_delay: 0,
            on_failure: OnFailure::Stop,
            rehearse: None,
            tell: None,
        }
    }
}

/// When a step is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum When {
    /// When a condition over signals holds.
    Condition(Condition),
    /// The same with `$names`; a plan has it filled in and parsed.
    Given(String),
    /// When a parameter is `true`.
    Param(String),
}

/// `freezes`: what a step pauses (a pipeline, an auto-sync), and what lets it go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// What is paused, in words.
    pub what: Template,
    /// Procedure that lets it go on.
    pub undo: String,
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
    /// A file written whole.
    Write(FileWrite),
    /// A part of a file changed.
    Edit(FileEdit),
    /// A question to a person.
    Ask(Question),
    /// People told. A plan has a `run` or `http` step per channel instead.
    Notify {
        /// Channels.
        channels: Vec<String>,
        /// Message.
        message: String,
        /// `phase = open|update|resolve`: where it stands in its thread; none: it opens one where none is open, else it is
        /// an update.
        #[serde(default)]
        phase: Option<super::telling::Phase>,
    },
    /// Evidence kept. Changes nothing.
    Capture(Capture),
    /// Another procedure. A plan has its steps instead.
    Procedure {
        /// Which.
        id: String,
        /// Its parameters.
        args: IndexMap<String, Template>,
    },
    /// Something lowered or raised value by value. A plan has an act and a [`StepKind::Hold`] per value instead.
    Ramp(Ramp),
    /// Holding one value of a ramp, and the judgement at its end. Only in plans.
    Hold(Hold),
    /// What a rehearsal does in the place of anything that reaches out. Only in a rehearsed playbook.
    Simulated(Simulated),
}

/// `write`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWrite {
    /// Which file.
    pub file: Template,
    /// What stands in it afterwards.
    pub content: Template,
    /// Permission bits of a new file (an old one's stay), written `"0644"`.
    pub mode: Option<u32>,
    /// The old file is kept beside it. Default true.
    pub backup: bool,
}

/// `edit`; the old file is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEdit {
    /// Which file.
    pub file: Template,
    /// `env`, `json`, `toml` or `text`.
    pub format: FileFormat,
    /// `set` (not for `text`) or `replace`.
    pub change: Change,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFormat {
    /// `NAME=value` lines, with `#` or `;` comments and `[sections]` (then `section.NAME`).
    Env,
    /// JSON; comments and layout stay.
    Json,
    /// TOML; comments and layout stay.
    Toml,
    /// Plain text.
    Text,
}

/// What is changed in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// `set`: name, dotted key or JSON pointer → value.
    Set(IndexMap<String, Template>),
    /// `replace = { pattern, with }`: every match of a pattern is replaced; at least one there must be.
    Replace {
        /// The pattern.
        pattern: String,
        /// What stands there afterwards; `$name` is a group of the pattern.
        with: Template,
    },
}

/// `ask`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub text: Template,
    /// Answers to choose from, each `done` (true) or `fail`; none: any text is an answer.
    pub answers: IndexMap<String, bool>,
    /// Name under which a typed text is kept (`answers.NAME`).
    pub input: Option<String>,
    /// What stands in the field at first.
    pub prefill: Option<Template>,
    /// May be left without an answer. Default false.
    pub optional: bool,
    /// Who may answer (everybody when none).
    pub roles: Vec<String>,
}

/// `capture`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Name of the folder.
    pub name: String,
    /// Signals.
    pub signals: Vec<String>,
    /// How far back; none, or `"incident"`: from the run's cause, or its start.
    pub since: Option<u64>,
    /// Logs.
    pub logs: Vec<String>,
    /// Files.
    pub files: Vec<Template>,
    /// Commands that only look: lists of words, or tables with `run`.
    pub commands: Vec<super::probe::Command>,
    /// Pairs of signals, one beside the other.
    pub compare: Vec<(String, String)>,
    /// What the matrix says. Default false.
    pub verdict: bool,
    /// What happened so far. Default false.
    pub timeline: bool,
}

/// `ramp`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// The values, in order.
    pub values: Vec<f64>,
    /// Their unit, put behind `$value` in conditions (`score` when not written).
    pub unit: Option<Unit>,
    /// A value is left out when this holds; `$value` is the value.
    pub skip_when: Option<String>,
    /// How a value is set: one of `run`, `http`, `edit`, `socket`, with what stands beside it; `{{ value }}` is the value
    /// (a number, where it is the whole of a text in a JSON body).
    pub act: Box<StepKind>,
    /// Milliseconds each value is held.
    pub hold: u64,
    /// At the end of a hold: when this holds, the ramp stops here and is done.
    pub stop_when: Option<String>,
    /// At the end of a hold: when this does not hold, the ramp has failed.
    pub next_when: Option<String>,
}

/// Holding one value of a ramp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Milliseconds.
    pub lasts: u64,
    /// When this holds at the end, the ramp stops here and is done.
    pub stop_when: Option<Condition>,
    /// When this does not hold at the end, the ramp has failed.
    pub next_when: Option<Condition>,
    /// The value, as it is shown.
    pub value: String,
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
