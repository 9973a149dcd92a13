//! What a journal tells, a line a record: the same words on the screen, in the report and without a screen.

use super::plan::{Inherited, Person, Plan};
use super::record::{Answer, FileChange, Guard, Kind, Outcome, Verdict, Wish};
use crate::model::playbook::ApprovalDefault;
use crate::model::record::Record;
use crate::model::text::clean_line;

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
    let at = |n: usize| plan.steps.get(n.wrapping_sub(1));
    let step = |n: usize| format!("step {}", at(n).map_or("?", |s| s.label.as_str()));
    let name = |n: usize| clean_line(at(n).map_or("?", |s| s.step.name.as_str()));
    let value = |n: usize| at(n).and_then(|s| plan.ramp_value(s)).unwrap_or("?");
    let told = |letter, kind: String, text: String| Ok(Some(Told { letter, kind, text, who: None }));
    let by = |kind: &str, who: Person, text: String| {
        Ok(Some(Told { letter: None, kind: kind.into(), text, who: Some(who.user) }))
    };
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
        Kind::GuardJudged { step: 0, guard, answer, detail } => {
            let what = match guard {
                Guard::Compatible => "the target is compatible",
                Guard::Stays => "it stays as it was verified",
                _ => "it is the right target",
            };
            told(None, "run".into(), format!("{what}: {}: {detail}", answer.word()))
        }
        Kind::GuardJudged { step: n, guard, answer, detail } => {
            let guard = match guard {
                Guard::Prove => "before it",
                Guard::Already => "done already?",
                Guard::When => "is it to be done?",
                Guard::Hold | Guard::Compatible | Guard::Stays => "does it go on?",
            };
            told(None, step(n), format!("{}: {guard} {}: {detail}", name(n), answer.word()))
        }
        Kind::StepStarting { step: n, attempt, file, .. } => {
            let again = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            let file = file.map(|f| format!("; {}", change(&f))).unwrap_or_default();
            told(None, step(n), format!("{}: starting{again}{file}", name(n)))
        }
        Kind::StepStarted { .. } | Kind::VerifySample { .. } => Ok(None),
        Kind::Inherited { what: Inherited::Open, .. } => Ok(None),
        Kind::Inherited { step: n, what: Inherited::Passed { detail } } => {
            told(None, step(n), format!("{}: behind the run before: {detail}", name(n)))
        }
        Kind::Inherited { step: n, what: Inherited::Unknown { evidence } } => {
            told(None, step(n), format!("{}: UNKNOWN since the run before: {evidence}", name(n)))
        }
        Kind::RampJudged { step: n, stop: true, detail } => {
            told(None, step(n), format!("good at {}, the ramp stops here: {detail}", value(n)))
        }
        Kind::RampJudged { step: n, stop: false, detail } => {
            let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
            told(None, step(n), format!("{} was held, the ramp goes on{detail}", value(n)))
        }
        Kind::Proposed { step: n, answer, detail } => {
            let says = match answer {
                Answer::Holds => "the probe says done",
                Answer::Fails => "the probe says not done",
                Answer::Blind => "the probe cannot say",
            };
            told(None, step(n), format!("{}: {says}: {detail}", name(n)))
        }
        Kind::Late { step: n, by } => told(
            None,
            step(n),
            format!("{}: LATE, it was to be over {} s after the start", name(n), by / 1000),
        ),
        Kind::Approved { who, roles, asserted } => {
            let title = |id: &String| {
                let role = plan.approval.as_ref().and_then(|a| a.roles.iter().find(|r| r.id == *id));
                role.map_or_else(|| id.clone(), |r| clean_line(&r.title))
            };
            let titles = roles.iter().map(title).collect::<Vec<_>>().join(", ");
            let titles = if titles.is_empty() { titles } else { format!(" as {titles}") };
            let said = asserted.map(|name| format!(" ({name}, as said, not proved)")).unwrap_or_default();
            by("approval", who, format!("agreed{titles}{said}"))
        }
        Kind::ApprovalMissed { default: ApprovalDefault::Refuse } => {
            told(None, "approval".into(), "nobody agreed in time: it is refused".into())
        }
        Kind::ApprovalMissed { default: ApprovalDefault::Start } => told(
            None,
            "approval".into(),
            "nobody agreed in time: it starts all the same, as the playbook says".into(),
        ),
        Kind::Paged { title, detail, told: reached } => {
            let how = if reached { "was told" } else { "was NOT told" };
            told(None, "message".into(), format!("{title} {how}: {detail}"))
        }
        Kind::Guarding { until } => told(
            None,
            "verify".into(),
            format!("verified; whether it stays so is watched for {} s", until.length / 1000),
        ),
        Kind::Drifted { detail } => {
            told(None, "verify".into(), format!("DRIFTED: the target is not what was verified: {detail}"))
        }
        Kind::HostSlept { ms } => {
            told(None, "run".into(), format!("the host slept for {} s: nobody looked meanwhile", ms / 1000))
        }
        Kind::StepExited { step: n, outcome, survivors, .. } => {
            let (word, detail) = outcome.words();
            let alive = match survivors.is_empty() {
                true => String::new(),
                false => format!("; NOT DEAD: {}", named(&survivors)),
            };
            told(None, step(n), format!("{}: {word}, {detail}{alive}", name(n)))
        }
        Kind::StepSkipped { step: n, why, .. } => told(None, step(n), format!("{}: skipped, {why}", name(n))),
        Kind::Observed { step: n, answer: Answer::Holds, detail } => {
            told(Some('o'), step(n), format!("{}: observed, {detail}", name(n)))
        }
        Kind::Observed { step: n, detail, .. } => {
            told(None, step(n), format!("{}: NOT observed, {detail}", name(n)))
        }
        Kind::CriterionChanged { step: n, criterion, answer, value } => {
            let text = at(n)
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
            let reason = if reason.is_empty() { String::new() } else { format!(" ({})", clean_line(reason)) };
            let answer = if accepted { "accepted" } else { "refused" };
            let why = if why.is_empty() { why } else { format!(", {why}") };
            by("person", request.who, format!("{wish}{reason}: {answer}{why}"))
        }
        Kind::Adopted { pid, by: who, .. } => by(
            "run",
            who,
            format!("its supervisor had died; pid {pid} drives it now, nothing was done twice"),
        ),
        Kind::Paused { why } => told(None, "run".into(), format!("paused: {why}")),
        Kind::TornTail { line, bytes, saved } => {
            told(None, "journal".into(), format!("line {line} was torn: {bytes} B set aside as {saved}"))
        }
        Kind::Ending { verdict, why } => {
            told(None, "run".into(), format!("{}: {why}; what is always done comes first", verdict.word()))
        }
        Kind::RunFinished { verdict, why } => {
            let why = if why.is_empty() { why } else { format!(": {why}") };
            told(Some('E'), "run".into(), format!("{}{why}", verdict.word()))
        }
    }
}

/// What is changed in a file, in words.
pub fn change(file: &FileChange) -> String {
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    let before = file.before.as_deref().map_or_else(|| "no file".to_owned(), short);
    let kept = file.kept.as_ref().map(|at| format!(", the old one is kept as {at}")).unwrap_or_default();
    clean_line(&format!("{}: {before} → {}{kept}", file.path, short(&file.after)))
}

/// Processes, in words: `sleep (412), tail (413)`.
pub fn named(processes: &[(i32, String)]) -> String {
    clean_line(&processes.iter().map(|(pid, name)| format!("{name} ({pid})")).collect::<Vec<_>>().join(", "))
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
