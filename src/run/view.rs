//! What a screen may show of a run, folded from its plan and records. Words follow what is known: requested, applied,
//! observed, verified; never a later one for an earlier state.

mod fold;
mod more;

use super::plan::Preflight;
use super::record::{Answer, FileChange, Verdict};
use super::state::Need;
use crate::model::playbook::ApprovalDefault;
use crate::model::time::{Deadline, Millis, Now};

/// A run, ready to be drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunView {
    /// Run id.
    pub id: String,
    /// Procedure's title.
    pub title: String,
    /// Who confirmed it.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Host it runs on (empty before it was accepted).
    pub host: String,
    /// Pid of its supervisor.
    pub supervisor: Option<u32>,
    /// Where it stands.
    pub state: RunState,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Why it was refused, or how it ended, in words.
    pub why: String,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Number of the step under way or next.
    pub current: Option<usize>,
    /// Its phases, those with steps only.
    pub phases: Vec<PhaseView>,
    /// The verification under way, or the last one.
    pub verification: Option<VerificationView>,
    /// When it was confirmed.
    pub requested: Now,
    /// When the step by which it takes effect returned success.
    pub applied: Option<Now>,
    /// When that effect was seen.
    pub observed: Option<Now>,
    /// When the criteria had held for the stability window.
    pub verified: Option<Now>,
    /// When it ended.
    pub ended: Option<Now>,
    /// What it is judged by.
    pub objectives: Vec<ObjectiveView>,
    /// Name of the report in the run's folder, once it is over.
    pub report: Option<&'static str>,
    /// What a person must say.
    pub needs: Option<Need>,
    /// How many supervisors were lost on the way.
    pub adopted: u32,
    /// Sequence of the last record seen.
    pub seq: u64,
    /// Who must agree before the first step, while that is open.
    pub approval: Option<ApprovalView>,
    /// What its steps froze; it stays frozen after the run's end.
    pub frozen: Vec<FreezeView>,
    /// It is verified; until when it is watched whether it stays so.
    pub guarding: Option<Deadline>,
    /// When and how the target turned out not to be what was verified.
    pub drifted: Option<(Now, String)>,
    /// Procedure that undoes it: id and title.
    pub undo: Option<(String, String)>,
    /// When who was told that it is not verified, what came of it, and whether a channel took it.
    pub paged: Vec<(Now, String, String, bool)>,
    /// Who is told next.
    pub next_rung: Option<String>,
    /// What the checks before the first step answered.
    pub preflight: Vec<Preflight>,
    /// Why it was started although one of them does not hold.
    pub override_reason: Option<String>,
    /// What it leaves out, as an emergency procedure.
    pub skips: Vec<String>,
    /// Why no new step starts.
    pub paused: Option<String>,
    /// The run it comes after, in words.
    pub after: Option<String>,
}

/// An approval that is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ApprovalView {
    /// Title of each role, how its people are reached, and who gave it.
    pub roles: Vec<(String, String, Option<String>)>,
    /// Different people who agreed.
    pub have: usize,
    /// Different people who must agree.
    pub need: usize,
    /// Until when.
    pub deadline: Deadline,
    /// What happens then.
    pub default: ApprovalDefault,
    /// Who asks counts for a role of theirs.
    pub asker_counts: bool,
}

/// Something that a step froze.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FreezeView {
    /// What, in words.
    pub what: String,
    /// Procedure that lets it go on.
    pub undo: String,
    /// Since when.
    pub since: Now,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunState {
    /// Asked for; no supervisor has accepted it yet.
    #[default]
    Requested,
    /// Refused: nothing ran.
    Refused,
    /// Steps are being done.
    Running,
    /// All that changes something is done; criteria are watched.
    Verifying,
    /// Applied, and not verified by the deadline.
    NotVerified,
    /// Stopped until a person says what is needed.
    Waiting,
    /// Being stopped.
    Stopping,
    /// Over.
    Finished,
}

/// Where a step stands, in the words that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    #[default]
    Waiting,
    /// Under way.
    Running,
    /// It returned success.
    Applied,
    /// Its effect was seen (or what it checks holds).
    Observed,
    /// Its criteria held for the stability window.
    Verified,
    /// Failed.
    Failed,
    /// Not done, because it need not be.
    Skipped,
    /// It began and nobody knows what it did.
    Unknown,
}

impl StepState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            StepState::Waiting => "never begun",
            StepState::Running => "under way",
            StepState::Applied => "applied",
            StepState::Observed => "observed",
            StepState::Verified => "verified",
            StepState::Failed => "FAILED",
            StepState::Skipped => "skipped",
            StepState::Unknown => "UNKNOWN",
        }
    }
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepView {
    /// Number, from 1.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Phase it belongs to.
    pub phase: Option<String>,
    /// Exactly what it does.
    pub line: String,
    /// Where it stands.
    pub state: StepState,
    /// When its first attempt began.
    pub started: Option<Now>,
    /// Milliseconds from its first beginning to its last end.
    pub took_ms: Option<Millis>,
    /// Milliseconds one attempt may take.
    pub limit_ms: Option<Millis>,
    /// `exit 0`, why it failed, what is looked for; safe to show.
    pub detail: String,
    /// Number of the last attempt; 0 before the first.
    pub attempt: u32,
    /// Folder of the last attempt below the run's, for its output.
    pub folder: Option<String>,
    /// How it is numbered for people: `3`, `1.2`, `4b`.
    pub label: String,
    /// Processes of its last attempt that ignored KILL: pid and name.
    pub survivors: Vec<(i32, String)>,
    /// Milliseconds by which it was over too late.
    pub late_by: Option<Millis>,
    /// Milliseconds it is expected to take.
    pub takes_ms: Option<Millis>,
    /// Guide for its failure.
    pub guide: Option<String>,
    /// What a probe says that its unknown attempt did (holds: done), and in what words.
    pub proposal: Option<(Answer, String)>,
    /// The step it is done instead of, when that one failed.
    pub fallback_of: Option<usize>,
    /// The ramp's value it sets or holds.
    pub value: Option<String>,
    /// How far it is, read from what it prints: a pattern with the group `percent`, or `done` and `total`.
    pub progress: Option<String>,
    /// Its kind, as the playbook calls it.
    pub kind: &'static str,
    /// What its last attempt set out to change in a file.
    pub said: Option<FileChange>,
}

/// A phase.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Milliseconds allowed.
    pub budget_ms: Option<Millis>,
    /// When its first step began.
    pub started: Option<Now>,
    /// When its last step was behind us.
    pub ended: Option<Now>,
}

/// A verification.
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationView {
    /// Name for people.
    pub title: String,
    /// Number of its step.
    pub step: usize,
    /// Its criteria.
    pub criteria: Vec<CriterionView>,
    /// Milliseconds without a break that are asked.
    pub stable_ms: Millis,
    /// Since when all hold without a break.
    pub stable_since: Option<Now>,
    /// Until when it must have held.
    pub deadline: Deadline,
    /// When and why the stability clock started again.
    pub restarts: Vec<(Now, String)>,
    /// It held.
    pub verified: bool,
    /// Its deadline was missed.
    pub missed: bool,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionView {
    /// As the playbook words it.
    pub text: String,
    /// Its answer.
    pub truth: Answer,
    /// The value seen, or the reason for none; safe to show.
    pub value: String,
    /// Since when it answers so.
    pub since: Option<Now>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveView {
    /// Name for people.
    pub title: String,
    /// Milliseconds allowed; of what is not about time: 0.
    pub within_ms: Millis,
    /// Of what is not about time: what is asked, and what was found.
    pub other: Option<OtherGoal>,
    /// From where it counts; `None` before that.
    pub from: Option<Now>,
    /// To where it counts; `None` before that.
    pub to: Option<Now>,
    /// `to` holds only if the stability window does.
    pub provisional: bool,
}

/// An objective that is not about the run's time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherGoal {
    /// Its id.
    pub id: String,
    /// What is asked, in words.
    pub asks: String,
    /// Kept or missed; none: that is open, or nobody knows.
    pub kept: Option<bool>,
    /// What was found, in words; empty: nothing yet.
    pub found: String,
}

impl ObjectiveView {
    /// Milliseconds counted so far, or in all.
    pub fn took(&self, now: &Now) -> Option<Millis> {
        Some(between(self.from.as_ref()?, self.to.as_ref().unwrap_or(now)))
    }

    /// Kept (`true`) or missed (`false`); `None` while that is open.
    pub fn kept(&self, now: &Now) -> Option<bool> {
        if let Some(other) = &self.other {
            return other.kept;
        }
        let took = self.took(now)?;
        match took <= self.within_ms {
            false => Some(false),
            true => (self.to.is_some() && !self.provisional).then_some(true),
        }
    }
}

/// Milliseconds from one moment to a later one: by the boot clock within a boot, by wall time across one.
pub fn between(from: &Now, to: &Now) -> Millis {
    if from.boot_id == to.boot_id {
        to.boot.saturating_sub(from.boot)
    } else {
        (to.wall - from.wall).max(0) as Millis
    }
}
