//! The plan: a procedure with every value resolved and every command spelled out, frozen when it is confirmed.

use super::machine::Asked;
use super::record::Answer;
use crate::model::playbook::{
    ApprovalDefault, Change, Expect, Guard, Guide, Log, Objective, Occasion, Phase, Secret, Signal, Source,
    Step, StepKind, Tone, Verification, Wait,
};
use crate::model::probe::Probe;
use crate::model::telling::Tell;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Version of the plan file; a supervisor refuses another one.
pub const PLAN_SCHEMA: u32 = 3;

/// Milliseconds for which a confirmation is good.
pub const CONFIRMATION: Millis = 30_000;

/// Who did something, as far as the host can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name of the account.
    pub user: String,
    /// Its number.
    pub uid: u32,
    /// The number they logged in with, which `sudo` does not change.
    pub login_uid: Option<u32>,
    /// Their terminal.
    pub tty: Option<String>,
    /// Fingerprint of the SSH key they came in with, where sshd tells it.
    pub ssh_key: Option<String>,
}

/// The trigger that recommended a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its id.
    pub trigger: String,
    /// Its title.
    pub title: String,
    /// Since when it fires.
    pub firing_since: Now,
}

/// What started a run without a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automatic {
    /// The firing of the trigger.
    pub firing: String,
    /// The decision clock whose default it is; none: the trigger was armed.
    pub clock: Option<String>,
}

/// What a plan is made with, besides the playbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Run id: sortable, unique in its state folder.
    pub id: String,
    /// When it is resolved.
    pub now: Now,
    /// Who asks.
    pub who: Person,
    /// Why.
    pub reason: String,
    /// What fired, if something did.
    pub cause: Option<Cause>,
    /// The open incident: its name, and when it opened.
    pub incident: Option<(String, Now)>,
    /// What starts it without a person.
    pub automatic: Option<Automatic>,
    /// Stage of the traffic in percent, where it is known.
    pub stage: Option<u32>,
    /// Captured baselines by signal, base units; they are frozen into the plan.
    pub baselines: IndexMap<String, f64>,
    /// SHA-256 of the playbook's bytes, in hex.
    pub playbook_hash: String,
    /// Environment variables that commands may see.
    pub env: IndexMap<String, String>,
    /// Absolute working folder of commands where the playbook names none.
    pub cwd: String,
    /// Absolute folder of the service's records in this environment.
    pub home: String,
}

/// What is known of the procedure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcedureFacts {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Its key on the main screens.
    pub key: Option<char>,
    /// What it costs.
    pub expect: Expect,
    /// Phases with budgets.
    pub phases: Vec<Phase>,
    /// Numbers (from 1) of the steps by which it takes effect, the last of them that was done; a fallback counts for its
    /// step. None when no step changes anything.
    pub takes_effect: Vec<usize>,
    /// Typing the name was all that was asked.
    pub emergency: bool,
    /// What it leaves out, as an emergency procedure.
    pub skips: Vec<String>,
    /// Procedure that undoes it: id and title.
    pub undo: Option<(String, String)>,
    /// What is watched after it was verified.
    pub guard: Option<Guard>,
}

/// Who must agree before the first step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Roles, each of which must be given.
    pub roles: Vec<RoleFacts>,
    /// Different people in all.
    pub people: usize,
    /// Who asks counts for a role of theirs: who may decide is asked, not for a second pair of eyes (`approval` of the
    /// procedure).
    pub asker_counts: bool,
    /// Milliseconds from the run's start.
    pub within: Millis,
    /// What happens when it is not given in time.
    pub default: ApprovalDefault,
    /// On a shared account a name is taken as said.
    pub trust_asserted_names: bool,
}

/// A role, with those it includes put in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleFacts {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Unix user names.
    pub users: Vec<String>,
    /// Unix group names.
    pub groups: Vec<String>,
    /// How they are reached, in words.
    pub reach: String,
}

/// What a check before the first step answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// As the playbook words it.
    pub text: String,
    /// Its answer.
    pub answer: Answer,
    /// In words, safe to show.
    pub detail: String,
}

/// A checklist as it was when the plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFacts {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Its items, in order.
    pub items: Vec<ItemFacts>,
}

/// An item of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFacts {
    /// What is to be done.
    pub text: String,
    /// Whether the procedure waits for it.
    pub required: bool,
    /// Done.
    pub done: bool,
    /// By whom; `auto` when it judged itself.
    pub who: Option<String>,
    /// When, wall milliseconds.
    pub at: Option<i64>,
    /// What was said of it, or seen.
    pub detail: String,
    /// Who goes on without it, and why.
    pub without: Option<(String, String)>,
}

impl ListFacts {
    /// Required items that are neither done nor gone on without.
    pub fn open(&self) -> impl Iterator<Item = &ItemFacts> {
        self.items.iter().filter(|i| i.required && !i.done && i.without.is_none())
    }

    /// How many of its items are done.
    pub fn done(&self) -> usize {
        self.items.iter().filter(|i| i.done).count()
    }

    /// `Checklist Before the rollback, 3 of 5`.
    pub fn count(&self) -> String {
        format!("Checklist {}, {} of {}", self.title, self.done(), self.items.len())
    }
}

/// The run that this one comes after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum After {
    /// It was stopped (or ended unverified) so that this one may start. `beside` is the reason why it starts although
    /// processes of that run are still alive.
    Replaces {
        /// The run.
        run: String,
        /// See above.
        beside: Option<String>,
    },
    /// Another account's run whose supervisor is lost: this one goes on with its steps.
    Succeeds {
        /// The run.
        run: String,
        /// What is known of each of its steps, in order.
        steps: Vec<Inherited>,
    },
}

/// What a lost run of another account did with a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inherited {
    /// Behind it: done, skipped or failed without consequence.
    Passed {
        /// In words.
        detail: String,
    },
    /// Not begun.
    Open,
    /// It began, and nobody knows what it did.
    Unknown {
        /// What is known.
        evidence: String,
    },
}

/// A role that is told when a run is not verified, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageRung {
    /// Title of the roles.
    pub title: String,
    /// What tells them: one `run` or `http` step per channel.
    pub steps: Vec<Step>,
}

/// The parts of the playbook that a run needs, every template filled but secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// Sources of the signals below.
    pub sources: IndexMap<String, Source>,
    /// Signals that criteria and probes name, and those they are computed from.
    pub signals: IndexMap<String, Signal>,
    /// Verifications that steps name.
    pub verifications: IndexMap<String, Verification>,
    /// Objectives this procedure is judged by.
    pub objectives: IndexMap<String, Objective>,
    /// Where each secret is read when it is needed; never its value.
    pub secrets: IndexMap<String, Secret>,
    /// Roles that questions name.
    pub roles: Vec<RoleFacts>,
    /// Logs that steps capture or the screen follows.
    pub logs: IndexMap<String, Log>,
    /// Guides that steps name.
    pub guides: IndexMap<String, Guide>,
    /// Ladder of people to be told, lowest rung first.
    pub ladder: Vec<PageRung>,
    /// What is told when the run starts, is verified or fails.
    #[serde(default)]
    pub notices: Vec<NoticeFacts>,
}

/// What is told when something happens to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeFacts {
    /// On what.
    pub on: Vec<Occasion>,
    /// What, by which channels.
    pub tells: Vec<Tell>,
}

/// How old that is which a run goes back to: the oldest of the backups, versions and revisions that were chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataFrom {
    /// It goes back to nothing that was chosen from a listing.
    #[default]
    Nothing,
    /// The listing says no time.
    Unknown,
    /// Of that wall time, milliseconds.
    At(i64),
}

/// A plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this file ([`PLAN_SCHEMA`]).
    pub schema: u32,
    /// Run id.
    pub id: String,
    /// Service name.
    pub service: String,
    /// Service title.
    pub service_title: String,
    /// Environment name.
    pub environment: String,
    /// How careful to be there.
    pub tone: Tone,
    /// SHA-256 of the playbook's bytes, in hex.
    pub playbook_hash: String,
    /// What is needed of the playbook.
    pub playbook: Frozen,
    /// The procedure.
    pub procedure: ProcedureFacts,
    /// From what state, in words with frozen targets.
    pub from: String,
    /// To what state.
    pub to: String,
    /// Parameters as resolved.
    pub params: IndexMap<String, String>,
    /// How old what it goes back to is.
    #[serde(default)]
    pub data: DataFrom,
    /// Who confirmed it.
    pub who: Person,
    /// Ids of the playbook's roles they have.
    pub who_roles: Vec<String>,
    /// Why.
    pub reason: String,
    /// What fired, if something did.
    pub cause: Option<Cause>,
    /// What started it without a person. The record `Acting` of its firing must be there, and automation not be stopped
    /// since.
    pub automatic: Option<Automatic>,
    /// When it was confirmed.
    pub confirmed_at: Now,
    /// Until when it may start.
    pub expires: Deadline,
    /// Environment variables of commands, by allow-list.
    pub env: IndexMap<String, String>,
    /// Absolute working folder of commands.
    pub cwd: String,
    /// Is this the right target? Asked again before the first step.
    pub prove: Option<Probe>,
    /// Must hold for the target; asked again before the first step.
    pub compatible_with: Option<Probe>,
    /// What the checks before the first step answered.
    pub preflight: Vec<Preflight>,
    /// Why it may start although one of them does not hold.
    pub override_reason: Option<String>,
    /// The checklists before it, as they were.
    #[serde(default)]
    pub checklists: Vec<ListFacts>,
    /// Who must agree before the first step.
    pub approval: Option<Approval>,
    /// The run it comes after.
    pub after: Option<After>,
    /// Absolute folder of the service's records in this environment.
    pub home: String,
    /// The steps.
    pub steps: Vec<PlanStep>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Number, from 1.
    pub number: usize,
    /// How it is numbered for people: `3`, `1.2` (a step of a procedure within), `4b` (a fallback).
    pub label: String,
    /// The step it is done instead of, when that one failed.
    pub fallback_of: Option<usize>,
    /// The procedure within the plan's own that it belongs to.
    pub within: Option<String>,
    /// The ramp it is a part of.
    pub ramp: Option<RampPart>,
    /// What `when` is asked, with every name filled in.
    pub when: Option<Probe>,
    /// Phase it belongs to (begun by this step or an earlier one).
    pub phase: Option<String>,
    /// Absolute path of the program, for `run` steps.
    pub program: Option<String>,
    /// What is done; every template filled but secrets, named probes put in their place.
    pub step: Step,
}

/// A step's place in a ramp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RampPart {
    /// Id of the ramp's step, if it has one.
    pub id: Option<String>,
    /// Number of the ramp's last step: a ramp that stops early goes on behind it.
    pub last: usize,
    /// The value, as it is shown.
    pub value: String,
}

impl Plan {
    /// The same plan, confirmed now: it may start within [`CONFIRMATION`].
    pub fn confirmed(mut self, now: &Now) -> Plan {
        self.confirmed_at = now.clone();
        self.expires = Deadline::after(now, CONFIRMATION);
        self
    }

    /// The value of a ramp's step, as it is shown.
    pub fn ramp_value<'a>(&'a self, step: &'a PlanStep) -> Option<&'a str> {
        let part = step.ramp.as_ref()?;
        let held = self.steps.iter().filter(|p| p.ramp.as_ref() == Some(part));
        let mut shown = held.filter_map(|p| match &p.step.kind {
            StepKind::Hold(h) => Some(h.value.as_str()),
            _ => None,
        });
        Some(shown.next().unwrap_or(&part.value))
    }

    /// What a probe of a step asks; of the plan itself where it is about the target.
    pub fn asked(&self, step: usize, asked: Asked) -> Option<Probe> {
        match asked {
            Asked::Target => return self.prove.clone(),
            Asked::Compatible => return self.compatible_with.clone(),
            _ => {}
        }
        let planned = self.steps.get(step.wrapping_sub(1))?;
        let s = &planned.step;
        match (asked, &s.kind) {
            (Asked::Prove, _) => s.prove.clone(),
            (Asked::Already, _) => s.already.clone(),
            (Asked::Observe, _) => s.observe.clone(),
            (Asked::When, _) => planned.when.clone(),
            (Asked::Propose, _) => s.already.clone().or_else(|| s.observe.clone()),
            (Asked::Check, StepKind::Check(p)) => Some(p.clone()),
            (Asked::Until, StepKind::Wait(Wait::Until(c))) => Some(Probe::when(c)),
            _ => None,
        }
    }

    /// The verification that a step runs.
    pub fn verification(&self, step: &PlanStep) -> Option<&Verification> {
        match &step.step.kind {
            StepKind::Verify(id) => self.playbook.verifications.get(id),
            _ => None,
        }
    }
}

impl PlanStep {
    /// A step on its own at this place.
    pub fn new(number: usize, step: Step) -> PlanStep {
        PlanStep {
            number,
            label: number.to_string(),
            fallback_of: None,
            within: None,
            ramp: None,
            when: None,
            phase: None,
            program: None,
            step,
        }
    }

    /// Whether it changes something in the world (rather than waiting or looking).
    pub fn changes(&self) -> bool {
        use StepKind::{Edit, Http, Run, Simulated, Socket, Write};
        matches!(self.step.kind, Run(_) | Http(_) | Socket(_) | Write(_) | Edit(_) | Simulated(_))
    }

    /// Exactly what is done, on one line, safe to show.
    pub fn line(&self) -> String {
        let text = match &self.step.kind {
            StepKind::Run(c) => shell_words::join(c.argv.iter().map(|a| a.0.as_str())),
            StepKind::Http(h) => format!("{} {}", method(&h.method), h.url),
            StepKind::Socket(s) => format!("{} → {}", s.send, s.path),
            StepKind::Wait(Wait::For(ms)) => format!("wait {} s", *ms as f64 / 1000.0),
            StepKind::Wait(Wait::Until(c)) => format!("wait until {}", c.text),
            StepKind::Check(p) => describe(p),
            StepKind::Verify(id) => format!("verify {id}"),
            StepKind::Write(w) => format!("write {}", w.file),
            StepKind::Edit(e) => match &e.change {
                Change::Set(set) => {
                    let set: Vec<String> = set.iter().map(|(k, v)| format!("{k}={v}")).collect();
                    format!("edit {}: {}", e.file, set.join(", "))
                }
                Change::Replace { pattern, with } => format!("edit {}: {pattern} → {with}", e.file),
            },
            StepKind::Ask(q) => format!("ask: {}", q.text),
            StepKind::Notify { channels, message, .. } => format!("tell {}: {message}", channels.join(", ")),
            StepKind::Capture(c) => format!("capture {}", c.name),
            StepKind::Procedure { id, .. } => format!("procedure {id}"),
            StepKind::Ramp(r) => format!("ramp over {} values", r.values.len()),
            StepKind::Simulated(s) => s.line.0.clone(),
            StepKind::Hold(h) => format!("hold {} for {} s", h.value, h.lasts as f64 / 1000.0),
        };
        clean_line(&text)
    }

    /// Its name as a part of a file name: `drain-the-canary`.
    pub fn slug(&self) -> String {
        let mut name = String::new();
        for c in self.step.name.chars().flat_map(char::to_lowercase).take(40) {
            match c {
                'a'..='z' | '0'..='9' => name.push(c),
                _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
                _ => {}
            }
        }
        name.trim_end_matches('-').to_owned()
    }

    /// Folder of one attempt, below the run's: `steps/03-drain-the-canary/a1`.
    pub fn folder(&self, attempt: u32) -> String {
        format!("steps/{:02}-{}/a{attempt}", self.number, self.slug())
    }
}

/// What a probe asks, on one line, safe to show.
pub fn describe(probe: &Probe) -> String {
    use crate::model::probe::Ask;
    clean_line(&match &probe.ask {
        Ask::When(c) => c.text.clone(),
        Ask::Given(text) => text.clone(),
        Ask::Run(c) => shell_words::join(c.argv.iter().map(|a| a.0.as_str())),
        Ask::Http(h) => format!("{} {}", method(&h.method), h.url),
        Ask::Socket { path, send } => format!("{send} → {path}"),
        Ask::File(path) if probe.expect.exists == Some(false) => format!("no file {path}"),
        Ask::File(path) => format!("the file {path}"),
        Ask::Named(id) => format!("probe {id}"),
        Ask::Drill { procedure, .. } => format!("a drill of {procedure}"),
        Ask::Simulated { line, .. } => line.0.clone(),
    })
}

fn method(given: &str) -> &str {
    if given.is_empty() { "GET" } else { given }
}
