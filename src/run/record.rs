//! What a run's journal says: one kind per thing that happened.

use super::plan::{Inherited, Person};
use crate::model::playbook::ApprovalDefault;
use crate::model::record::Record;
use crate::model::time::{Deadline, Millis, Now};
use serde::{Deserialize, Serialize};

/// One record's kind and body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum Kind {
    /// The supervisor accepted the plan and drives it.
    RunStarted {
        /// SHA-256 of plan.json, in hex.
        plan: String,
        /// Pid of the supervisor.
        pid: u32,
        /// Its start time in clock ticks since boot, so that a reused pid is not taken for it.
        start: u64,
        /// Account number it runs as.
        uid: u32,
        /// Name of the host.
        host: String,
        /// Version of the program.
        version: String,
        /// What proved the environment, when the playbook says how.
        proof: Option<String>,
    },
    /// The plan was never accepted; nothing ran and nothing ever will.
    RunRefused {
        /// Which rule said no.
        reason: Refusal,
        /// In words, safe to show.
        why: String,
    },
    /// A guard of a step (or of the whole run) was asked.
    GuardJudged {
        /// Step number, from 1; 0: the whole run.
        step: usize,
        /// Which guard.
        guard: Guard,
        /// What it answered.
        answer: Answer,
        /// In words, safe to show.
        detail: String,
    },
    /// A step is about to be done. On disk before anything is done.
    StepStarting {
        /// Step number, from 1.
        step: usize,
        /// Its name.
        name: String,
        /// Attempt, from 1.
        attempt: u32,
        /// Identity of the attempt; carried by its processes and as `Idempotency-Key`.
        token: String,
        /// What is about to be changed, for a step that changes a file.
        file: Option<FileChange>,
    },
    /// The attempt's processes run (for information).
    StepStarted {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// Pid of the stub.
        stub: u32,
    },
    /// The attempt has an outcome.
    StepExited {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// How it ended.
        outcome: Outcome,
        /// Processes that ignored KILL: pid and name.
        survivors: Vec<(i32, String)>,
    },
    /// A lost run of another account did this with the step.
    Inherited {
        /// Step number, from 1.
        step: usize,
        /// What is known.
        what: Inherited,
    },
    /// At the end of a hold the ramp was judged.
    RampJudged {
        /// Step number of the hold, from 1.
        step: usize,
        /// It is good here: the ramp stops.
        stop: bool,
        /// In words, safe to show.
        detail: String,
    },
    /// A probe's word on what an unknown attempt did. A person settles it.
    Proposed {
        /// Step number, from 1.
        step: usize,
        /// Holds: done. Fails: not done.
        answer: Answer,
        /// In words, safe to show.
        detail: String,
    },
    /// The step (or phase) was over later than the playbook asks.
    Late {
        /// Step number, from 1.
        step: usize,
        /// Milliseconds from the run's start that were allowed.
        by: Millis,
    },
    /// Somebody agreed.
    Approved {
        /// Who.
        who: Person,
        /// Ids of the roles they have, of those that are asked for.
        roles: Vec<String>,
        /// The name was said, not proved.
        asserted: Option<String>,
    },
    /// Nobody agreed in time.
    ApprovalMissed {
        /// What happens.
        default: ApprovalDefault,
    },
    /// People were told that it is not verified.
    Paged {
        /// Who.
        title: String,
        /// What came of it, safe to show.
        detail: String,
        /// Whether at least one channel took it.
        told: bool,
    },
    /// It is verified; whether it stays so is watched until this moment.
    Guarding {
        /// Until when.
        until: Deadline,
    },
    /// After it was verified, the target is not what it was: somebody or something took it back.
    Drifted {
        /// In words, safe to show.
        detail: String,
    },
    /// The host slept: nothing was looked at meanwhile.
    HostSlept {
        /// Milliseconds.
        ms: Millis,
    },
    /// The step was not done, because it need not be.
    StepSkipped {
        /// Step number, from 1.
        step: usize,
        /// What it would do is so already.
        so: bool,
        /// In words, safe to show.
        why: String,
    },
    /// The probe for the step's effect was asked until it held or its time was over.
    Observed {
        /// Step number, from 1.
        step: usize,
        /// What it answered at last.
        answer: Answer,
        /// In words, safe to show.
        detail: String,
    },
    /// A criterion's answer changed.
    CriterionChanged {
        /// Step number of the verification, from 1.
        step: usize,
        /// Which criterion, from 0.
        criterion: usize,
        /// Its answer now.
        answer: Answer,
        /// The value seen, or the reason for none; safe to show.
        value: String,
    },
    /// All criteria as they are, every so many seconds.
    VerifySample {
        /// Step number of the verification, from 1.
        step: usize,
        /// Value or reason of each criterion, safe to show.
        values: Vec<String>,
    },
    /// All criteria hold: the stability clock starts at 0.
    StabilityStarted {
        /// Step number of the verification, from 1.
        step: usize,
    },
    /// A criterion broke or went silent, or nobody looked: the stability clock is back at 0.
    StabilityRestarted {
        /// Step number of the verification, from 1.
        step: usize,
        /// Which criterion, from 0, when one broke.
        criterion: Option<usize>,
        /// In words, safe to show.
        why: String,
    },
    /// The criteria held for the stability window.
    Verified {
        /// Step number of the verification, from 1.
        step: usize,
        /// Where the window that held began: the service has been well since then.
        stable_from: Now,
        /// After its deadline.
        late: bool,
    },
    /// The criteria did not hold by the deadline; a person must say.
    NotVerified {
        /// Step number of the verification, from 1; `None`: the procedure verifies nothing.
        step: Option<usize>,
        /// In words, safe to show.
        why: String,
    },
    /// A person's request was answered.
    RequestHandled {
        /// The request as it was asked.
        request: Request,
        /// Whether it was accepted.
        accepted: bool,
        /// Why not, or what follows; safe to show.
        why: String,
    },
    /// A new supervisor drives the run, because the one before was lost.
    Adopted {
        /// Its pid.
        pid: u32,
        /// Its start time in clock ticks since boot.
        start: u64,
        /// Who asked for it.
        by: Person,
    },
    /// No new step starts until a person says so.
    Paused {
        /// In words, safe to show.
        why: String,
    },
    /// The journal's torn last line was set aside.
    TornTail {
        /// Line number, from 1.
        line: u64,
        /// Bytes that were cut.
        bytes: u64,
        /// Name of the file that keeps them.
        saved: String,
    },
    /// How it ends is decided; only the steps that are always done are left.
    Ending {
        /// How it ends.
        verdict: Verdict,
        /// In words, safe to show.
        why: String,
    },
    /// The run is over. Nothing follows.
    RunFinished {
        /// How it ended.
        verdict: Verdict,
        /// In words, safe to show.
        why: String,
    },
}

/// Why a plan was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// A check before the first step does not hold, or the target is not compatible.
    Preflight,
    /// Another run holds the lock.
    Locked,
    /// Another run was left unfinished by its supervisor.
    Orphan,
    /// The confirmation is too old.
    Expired,
    /// The environment was not proved.
    NotProved,
    /// The plan itself cannot be carried out.
    Plan,
    /// Files could not be written.
    Storage,
    /// Nobody decided that it is to start by itself, or automation was stopped since.
    Disarmed,
}

/// A guard of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guard {
    /// Must hold before it starts (the whole run: it is the right target).
    Prove,
    /// Holds when it is done already.
    Already,
    /// Holds when it is to be done at all.
    When,
    /// The target is compatible with what comes (the whole run).
    Compatible,
    /// Whether a ramp goes on at the end of a hold; on record when it cannot be judged.
    Hold,
    /// After it was verified: the target is what it was (the whole run).
    Stays,
}

/// A file as it was before and will be after a step: by these two hashes its outcome is definite after any crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// Absolute path, symbolic links followed.
    pub path: String,
    /// SHA-256 before, in hex; none: there was no file.
    pub before: Option<String>,
    /// SHA-256 afterwards, in hex.
    pub after: String,
    /// Where the old file is kept.
    pub kept: Option<String>,
}

/// What a probe or a criterion answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Yes.
    Holds,
    /// No.
    Fails,
    /// It cannot be said.
    #[default]
    Blind,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// As the step expects.
    Success {
        /// `exit 0`, `200`, an empty answer; safe to show.
        detail: String,
    },
    /// Definitely ended, and not as expected. Not the same as "not done".
    Failure {
        /// In words, safe to show.
        detail: String,
    },
    /// Ended because its time was over.
    TimedOut {
        /// In words, safe to show.
        detail: String,
    },
    /// Ended because a person stopped the run.
    Aborted {
        /// In words, safe to show.
        detail: String,
    },
    /// It never began, and never will.
    NotStarted {
        /// In words, safe to show.
        detail: String,
    },
    /// It began and left no outcome: it may be done or not.
    Unknown {
        /// What is known of it; safe to show.
        evidence: String,
    },
    /// A person said what an unknown or failed attempt did.
    Settled {
        /// Done or not done.
        done: bool,
        /// Why they say so; safe to show.
        reason: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// All criteria held for the stability window.
    Verified,
    /// All steps were done; a person accepted it without a verification that held.
    AcceptedUnverified,
    /// A step failed.
    Failed,
    /// A person stopped it.
    Aborted,
    /// A person ended it where it was.
    Abandoned,
}

/// What a person asks of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Identity of the request; answered once.
    pub id: String,
    /// The run.
    pub run: String,
    /// The step number they saw, where it matters.
    pub step: Option<usize>,
    /// The attempt they saw.
    pub attempt: Option<u32>,
    /// Sequence of the last record they had seen.
    pub seen: u64,
    /// Until when it may be acted on.
    pub expires: Deadline,
    /// Who asks.
    pub who: Person,
    /// What is asked.
    pub ask: Wish,
}

/// The requests themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Wish {
    /// Stop what runs (TERM, grace, KILL) and end the run.
    Abort {
        /// Why.
        reason: String,
    },
    /// Say what the unknown (or failed, where the playbook asks) step did.
    Settle {
        /// Done: the run goes on after it. Not done: it is tried again.
        done: bool,
        /// Why.
        reason: String,
    },
    /// Start no further step.
    Pause {
        /// Why.
        reason: String,
    },
    /// Go on after a pause.
    GoOn,
    /// Leave the step that waits (failed, unknown, or one whose `when` cannot be judged) and go on behind it.
    Skip {
        /// Why.
        reason: String,
    },
    /// Do the step whose `when` cannot be judged.
    DoIt {
        /// Why.
        reason: String,
    },
    /// Ask the probe of an unknown step again.
    AskAgain,
    /// Answer a question.
    Answer {
        /// The chosen answer, when there is a choice.
        label: Option<String>,
        /// The typed text.
        input: Option<String>,
    },
    /// Agree with the plan.
    Approve {
        /// On a shared account: who says so.
        name: Option<String>,
    },
    /// Do not agree: the run ends.
    Refuse {
        /// Why.
        reason: String,
    },
    /// Tell the next rung that it is not verified.
    Page,
    /// End the run as it is, so that another one may start.
    MakeWay {
        /// The run that is to start.
        run: String,
        /// Why.
        reason: String,
    },
    /// End the run where it is; nothing more is started and nothing is stopped.
    Abandon {
        /// Why.
        reason: String,
    },
    /// Accept what was applied although it is not verified.
    Accept {
        /// Why.
        reason: String,
    },
}

/// Milliseconds for which a request is good.
pub const REQUEST: Millis = 30_000;

impl Kind {
    /// Reads a record of a run's journal.
    ///
    /// # Errors
    /// Names the record that is none of these kinds.
    pub fn read(record: &Record) -> Result<Kind, String> {
        let whole = serde_json::json!({ "kind": record.kind, "body": record.body });
        serde_json::from_value(whole).map_err(|e| format!("record {} ({}): {e}", record.seq, record.kind))
    }

    /// Name and body, as a journal takes them.
    pub fn parts(&self) -> (String, serde_json::Value) {
        let mut whole =
            serde_json::to_value(self).expect("a kind has string keys only, so it is always JSON");
        let name = whole["kind"].as_str().unwrap_or_default().to_owned();
        (name, whole["body"].take())
    }
}

impl Outcome {
    /// What is known, in words.
    pub fn detail(&self) -> &str {
        match self {
            Outcome::Success { detail }
            | Outcome::Failure { detail }
            | Outcome::TimedOut { detail }
            | Outcome::Aborted { detail }
            | Outcome::NotStarted { detail } => detail,
            Outcome::Unknown { evidence } => evidence,
            Outcome::Settled { reason, .. } => reason,
        }
    }
}
