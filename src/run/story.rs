//! What a journal tells, a line a record: the same words on the screen, in the report and without a screen.

use super::plan::Plan;
use super::record::{Answer, Guard, Kind, Outcome, Verdict, Wish};
use crate::model::record::Record;

/// One record in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Letter on a chart's axis, for what matters there.
    pub letter: Option<char>,
    /// One word: `run`, `step 2`, `verify`, `person`.
    pub kind: String,
    /// What happened; safe to show.
    pub text: String,
    /// By whom, when a person did it.
    pub who: Option<String>,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::AcceptedUnverified => "applied, unverified",
            Verdict::Failed => "failed",
            Verdict::Aborted => "stopped",
            Verdict::Abandoned => "abandoned",
        }
    }
}

impl Outcome {
    /// The word for it, and what is known of it. Success is `applied`: nothing has been seen yet.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Outcome::Success { detail } => ("applied", detail),
            Outcome::Failure { detail } => ("FAILED", detail),
            Outcome::TimedOut { detail } => ("TIMED OUT", detail),
            Outcome::Aborted { detail } => ("stopped", detail),
            Outcome::NotStarted { detail } => ("not started", detail),
            Outcome::Unknown { evidence } => ("UNKNOWN", evidence),
            Outcome::Settled { done: true, reason } => ("settled as done", reason),
            Outcome::Settled { done: false, reason } => ("settled as not done", reason),
        }
    }
}

impl Wish {
    /// What is asked, and why.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Wish::Abort { reason } => ("stop the run", reason),
            Wish::Settle { done: true, reason } => ("settle as done", reason),
            Wish::Settle { done: false, reason } => ("settle as not done", reason),
            Wish::GoOn => ("go on", ""),
            Wish::Abandon { reason } => ("abandon the run", reason),
            Wish::Accept { reason } => ("accept unverified", reason),
            Wish::Pause { reason } => ("pause", reason),
            Wish::Skip { reason } => ("skip the step", reason),
            Wish::DoIt { reason } => ("do the step", reason),
            Wish::AskAgain => ("ask the probe again", ""),
            Wish::Answer { .. } => ("answer", ""),
            Wish::Approve { .. } => ("agree", ""),
            Wish::Refuse { reason } => ("refuse", reason),
            Wish::Page => ("page the next rung", ""),
            Wish::MakeWay { reason, .. } => ("make way", reason),
        }
    }
}

/// What a record tells; `None` for those that only repeat what was told.
///
/// # Errors
/// Names a record that is not a run's.
pub fn tell(plan: &Plan, record: &Record) -> Result<Option<Told>, String> {
    let step = |n: usize| format!("step {n}");
    let name = |n: usize| plan.steps.get(n.wrapping_sub(1)).map_or("?", |s| s.step.name.as_str());
    let told = |letter, kind: String, text: String| Ok(Some(Told { letter, kind, text, who: None }));
    match Kind::read(record)? {
        Kind::RunStarted { host, pid, proof, .. } => Ok(Some(Told {
            letter: Some('R'),
            kind: "run".into(),
            text: format!(
                "{} accepted on {host}, supervisor pid {pid}{}",
                plan.procedure.title,
                proof.map(|p| format!("; proved: {p}")).unwrap_or_default()
            ),
            who: Some(plan.who.user.clone()),
        })),
        Kind::RunRefused { why, .. } => told(None, "refused".into(), format!("{why}. Nothing was changed")),
        Kind::GuardJudged { answer: Answer::Fails, guard: Guard::Already, .. } => Ok(None),
        Kind::GuardJudged { step: n, guard, answer, detail } => {
            let guard = match guard {
                Guard::Prove => "before it",
                Guard::Already => "done already?",
                Guard::When => "is it to be done?",
            };
            told(None, step(n), format!("{}: {guard} {}: {detail}", name(n), answer.word()))
        }
        Kind::StepStarting { step: n, attempt, .. } => {
            let again = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            told(None, step(n), format!("{}: starting{again}", name(n)))
        }
        Kind::StepStarted { .. } | Kind::VerifySample { .. } => Ok(None),
        Kind::Inherited { .. }
        | Kind::RampJudged { .. }
        | Kind::Proposed { .. }
        | Kind::Late { .. }
        | Kind::Approved { .. }
        | Kind::ApprovalMissed { .. }
        | Kind::Paged { .. }
        | Kind::Guarding { .. }
        | Kind::Drifted { .. }
        | Kind::HostSlept { .. } => Ok(None),
        Kind::StepExited { step: n, outcome, .. } => {
            let (word, detail) = outcome.words();
            told(None, step(n), format!("{}: {word}, {detail}", name(n)))
        }
        Kind::StepSkipped { step: n, why } => told(None, step(n), format!("{}: skipped, {why}", name(n))),
        Kind::Observed { step: n, answer: Answer::Holds, detail } => {
            told(Some('o'), step(n), format!("{}: observed, {detail}", name(n)))
        }
        Kind::Observed { step: n, detail, .. } => {
            told(None, step(n), format!("{}: NOT observed, {detail}", name(n)))
        }
        Kind::CriterionChanged { step: n, criterion, answer, value } => {
            let text = plan
                .steps
                .get(n.wrapping_sub(1))
                .and_then(|s| plan.verification(s))
                .and_then(|v| v.criteria.get(criterion))
                .map_or("?", |c| c.text.as_str());
            told(None, "verify".into(), format!("{text}: {} ({value})", answer.word()))
        }
        Kind::StabilityStarted { .. } => {
            told(None, "verify".into(), "all criteria hold: the stability clock starts".into())
        }
        Kind::StabilityRestarted { why, .. } => {
            told(None, "verify".into(), format!("the stability clock starts again: {why}"))
        }
        Kind::Verified { step: n, late, .. } => told(
            None,
            "verify".into(),
            format!("{}: verified{}", name(n), if late { ", after its deadline" } else { "" }),
        ),
        Kind::NotVerified { why, .. } => told(None, "verify".into(), format!("NOT VERIFIED: {why}")),
        Kind::RequestHandled { request, accepted, why } => {
            let (wish, reason) = request.ask.words();
            let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            let answer = if accepted { "accepted" } else { "refused" };
            Ok(Some(Told {
                letter: None,
                kind: "person".into(),
                text: format!("{wish}{reason}: {answer}, {why}"),
                who: Some(request.who.user),
            }))
        }
        Kind::Adopted { pid, by, .. } => Ok(Some(Told {
            letter: None,
            kind: "run".into(),
            text: format!("its supervisor had died; pid {pid} drives it now, nothing was done twice"),
            who: Some(by.user),
        })),
        Kind::Paused { why } => told(None, "run".into(), format!("paused: {why}")),
        Kind::TornTail { line, bytes, saved } => {
            told(None, "journal".into(), format!("line {line} was torn: {bytes} B set aside as {saved}"))
        }
        Kind::RunFinished { verdict, why } => {
            let why = if why.is_empty() { why } else { format!(": {why}") };
            told(Some('E'), "run".into(), format!("{}{why}", verdict.word()))
        }
    }
}

impl Answer {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Answer::Holds => "holds",
            Answer::Fails => "fails",
            Answer::Blind => "cannot be judged",
        }
    }
}
