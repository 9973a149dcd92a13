//! Following a run without a screen: each record a line, and an exit code at the end.

use super::after::pids;
use super::attempt::OutLine;
use super::control::Inbox;
use super::home::{alive, holder, journal_path, orphan, read_plan};
use super::launch::{Accepted, Refused, launch};
use super::logout::{Stay, lost_at_logout, stay};
use super::replace::{NotReplaced, Progress, replace};
use crate::clock;
use crate::journal::Tail;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::report::length;
use crate::run::plan::After;
use crate::run::record::Refusal;
use crate::run::state::{Need, Stand};
use crate::run::story::tell;
use crate::run::view::between;
use crate::run::{Outcome, Plan, State, Verdict, approval};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How a followed run came out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// Verified.
    Verified,
    /// Refused by a proof, a guard or an expired confirmation.
    Refused(String),
    /// Another run holds the lock, or was left unfinished.
    Locked(String),
    /// A step failed, or a person stopped or ended the run.
    Failed(String),
    /// A step's time was over.
    TimedOut(String),
    /// Applied, and not verified; it may stay open until a person says what comes next.
    Unverified(String),
    /// The outcome of a step is unknown, or nobody drives the run.
    Unknown(String),
}

impl End {
    /// The exit code, by the one table of all commands.
    fn code(&self) -> u8 {
        match self {
            End::Verified => 0,
            End::Refused(_) => 3,
            End::Failed(_) => 4,
            End::Unverified(_) => 5,
            End::TimedOut(_) => 6,
            End::Locked(_) => 7,
            End::Unknown(_) => 8,
        }
    }
}

/// Starts a run and follows it. Answers the exit code.
pub fn run(home: &Path, plan: &Plan) -> u8 {
    handed_over(plan, launch(home, plan))
}

/// Stops a run (the one that holds the lock, or was left, when none is named), starts another when its processes are dead,
/// and follows that. `beside` is why it may start although processes of that run are alive. Answers the exit code.
pub fn run_instead(home: &Path, mut plan: Plan, old: Option<&str>, beside: Option<&str>) -> u8 {
    let in_the_way = || {
        let held = holder(home).map(|h| h.note.run);
        held.or_else(|| orphan(home).ok().flatten().map(|u| u.id))
    };
    let Some(old) = old.map(str::to_owned).or_else(in_the_way) else { return run(home, &plan) };
    plan.after = Some(After::Replaces { run: old.clone(), beside: beside.map(str::to_owned) });
    let mut said = None;
    let started = replace(home, &plan, &old, &plan.who, &plan.reason, |progress| {
        let text = match &progress {
            Progress::Asked => format!("run {old} is asked to end"),
            Progress::Stopping(living) if living.is_empty() => format!("run {old} ends"),
            Progress::Stopping(living) => format!("waiting for the end of {}", pids(living)),
            Progress::Starting => format!("run {old} is over and its processes are dead"),
        };
        if said.as_ref() != Some(&text) {
            println!("{text}");
            said = Some(text);
        }
    });
    match started {
        Ok(accepted) => handed_over(&plan, Ok(accepted)),
        Err(NotReplaced::Refused(refused)) => handed_over(&plan, Err(refused)),
        Err(dead @ NotReplaced::NotDead(_)) => close(&End::Locked(format!(
            "{dead}; nothing was started. Wait, or say why it may: --replace={old} --beside REASON"
        ))),
    }
}

fn handed_over(plan: &Plan, started: Result<Accepted, Refused>) -> u8 {
    match started {
        Ok(accepted) => {
            let journal = journal_path(&accepted.dir);
            println!("run {}: {}", accepted.id, journal.display());
            println!("It goes on if this ends; `ripcord runs` shows it.");
            if let Stay::Dies(why) = stay(&plan.who.user) {
                println!("DIES AT LOGOUT: {why}");
            }
            lost_at_logout(plan).iter().for_each(|lost| println!("AT LOGOUT: {lost}"));
            follow(&accepted.dir)
        }
        Err(refused) => {
            let end = match refused.reason {
                Refusal::Locked | Refusal::Orphan => End::Locked(refused.why),
                _ => End::Refused(refused.why),
            };
            close(&end)
        }
    }
}

/// Follows a run to its end, or to where a person is needed. Each event is a line. Answers the exit code.
pub fn follow(run: &Path) -> u8 {
    let say = |at: &Now, text: &str| {
        let at = jiff::Timestamp::from_millisecond(at.wall).unwrap_or_default();
        println!("{} {text}", at.strftime("%H:%M:%S%.1fZ"));
    };
    let end = look(run, say).unwrap_or_else(|e| End::Unknown(e.to_string()));
    let report = run.join("report.md");
    let code = close(&end);
    if report.is_file() {
        println!("report: {}", report.display());
    }
    code
}

fn close(end: &End) -> u8 {
    match end {
        End::Verified => println!("VERIFIED."),
        End::Refused(why) => eprintln!("REFUSED: {why}"),
        End::Locked(why) => eprintln!("LOCKED: {why}"),
        End::Failed(why) => eprintln!("FAILED: {why}"),
        End::TimedOut(why) => eprintln!("TIMED OUT: {why}"),
        End::Unverified(why) => eprintln!("APPLIED, NOT VERIFIED: {why}"),
        End::Unknown(why) => eprintln!("UNKNOWN: {why}"),
    }
    end.code()
}

/// Time between two looks.
const GLANCE: Duration = Duration::from_millis(100);

/// Looks without a driver before the run is called lost (a supervisor may be about to take it).
const PATIENCE: u32 = 20;

/// Time between two lines about a step that goes on.
const STILL: Millis = 10_000;

fn look(run: &Path, mut say: impl FnMut(&Now, &str)) -> io::Result<End> {
    let plan = read_plan(run)?;
    let mut tail = Tail::new(journal_path(run));
    let (mut records, mut lost) = (Vec::new(), 0);
    let (mut lacking, mut said) = (None, clock::now());
    loop {
        let driven = alive(run);
        let new = tail.poll().map_err(io::Error::other)?;
        for record in &new {
            if let Some(told) = tell(&plan, record).map_err(io::Error::other)? {
                say(&record.at, &format!("{}: {}", told.kind, told.text));
                said = clock::now();
            }
        }
        records.extend(new);
        let state = State::fold(&plan, &records).map_err(io::Error::other)?;
        let waits = waits_for_people(&plan, &state, &records);
        if waits != lacking {
            if let Some(text) = &waits {
                say(&clock::now(), text);
            }
            lacking = waits;
        }
        let now = clock::now();
        if driven && now.boot >= said.boot + STILL && !state.is_over() {
            if let Some(text) = progress(run, &plan, &state, &now) {
                say(&now, &text);
            }
            said = now;
        }
        match end_of(&plan, &state) {
            // What a person said may not have been heard yet.
            Some(_) if !state.is_over() && driven && unheard(run, &state) => {}
            Some(end) if state.is_over() || driven => {
                // The report follows the last record.
                if state.is_over() && driven && lost < PATIENCE {
                    lost += 1;
                } else {
                    return Ok(end);
                }
            }
            _ if driven => lost = 0,
            _ => lost += 1,
        }
        if lost > PATIENCE {
            return Ok(End::Unknown(format!(
                "nobody drives this run: `ripcord resume --run {}` takes it over",
                plan.id
            )));
        }
        std::thread::sleep(GLANCE);
    }
}

/// Who must agree before the first step, while that is open.
fn waits_for_people(plan: &Plan, state: &State, records: &[Record]) -> Option<String> {
    let asked = plan.approval.as_ref()?;
    if state.is_over() || state.started.is_none() || state.steps.iter().any(|s| s.attempt > 0) {
        return None;
    }
    let missed = records.iter().any(|r| r.kind == "ApprovalMissed");
    let missing = approval::missing(plan, &approval::given(records)).filter(|_| !missed)?;
    Some(format!(
        "NEEDS A SECOND PERSON: missing {missing}. Who may: {}. They run `ripcord approve {}`",
        approval::who_may(asked),
        plan.id
    ))
}

/// How far the step under way is: its time, what it prints, and a percentage where it tells one.
fn progress(run: &Path, plan: &Plan, state: &State, now: &Now) -> Option<String> {
    let step = state.current(plan)?;
    let s = &state.steps[step.number - 1];
    if s.stand(step) != Stand::Running {
        return None;
    }
    let took = length(between(s.started.as_ref()?, now));
    let expected = step.step.takes.map(|ms| format!(" of about {}", length(ms))).unwrap_or_default();
    let lines = last_lines(&run.join(step.folder(s.attempt)).join("out.log"));
    let part =
        step.step.progress.as_ref().and_then(|pattern| lines.iter().rev().find_map(|l| percent(pattern, l)));
    let part = part.map(|p| format!(" · {p:.0} %")).unwrap_or_default();
    let last = lines.last().map(|l| format!(" · {l}")).unwrap_or_default();
    Some(format!("step {} ({}): {took}{expected}{part}{last}", step.label, clean_line(&step.step.name)))
}

/// The end of what an attempt printed, safe to show.
fn last_lines(out: &Path) -> Vec<String> {
    use std::io::{Read, Seek, SeekFrom};
    const END: u64 = 4_096;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(out).and_then(|mut file| {
        let from = file.metadata()?.len().saturating_sub(END);
        file.seek(SeekFrom::Start(from))?;
        file.take(END).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    text.lines().filter_map(OutLine::parse).map(|l| clean_line(&l.text)).filter(|l| !l.is_empty()).collect()
}

/// How far a line says it is: the group `percent` of the pattern, or `done` of `total`.
pub fn percent(pattern: &str, line: &str) -> Option<f64> {
    let found = regex::Regex::new(pattern).ok()?.captures(line)?;
    let number = |name: &str| found.name(name)?.as_str().parse::<f64>().ok();
    let part = match number("percent") {
        Some(percent) => percent,
        None => number("done")? / number("total").filter(|total| *total > 0.0)? * 100.0,
    };
    (0.0..=100.0).contains(&part).then_some(part)
}

/// Whether a request waits for its answer.
fn unheard(run: &Path, state: &State) -> bool {
    let now = clock::now();
    let (requests, _) = Inbox::new(run).poll();
    requests.iter().any(|r| !state.handled.contains(&r.id) && !r.expires.is_due(&now))
}

/// How it came out, once it did or a person is needed.
fn end_of(plan: &Plan, state: &State) -> Option<End> {
    if let Some((reason, why)) = &state.refused {
        return Some(match reason {
            Refusal::Locked | Refusal::Orphan => End::Locked(why.clone()),
            _ => End::Refused(why.clone()),
        });
    }
    if let Some((_, verdict, why)) = &state.finished {
        let timed_out = state.steps.iter().any(|s| matches!(s.outcome, Some(Outcome::TimedOut { .. })));
        return Some(match verdict {
            Verdict::Verified => End::Verified,
            Verdict::AcceptedUnverified => End::Unverified(why.clone()),
            Verdict::Failed if timed_out => End::TimedOut(why.clone()),
            Verdict::Failed | Verdict::Aborted | Verdict::Abandoned => End::Failed(why.clone()),
        });
    }
    let (id, resume) = (&plan.id, format!("`ripcord resume --run {}`", plan.id));
    let label = |step: usize| plan.steps.get(step.wrapping_sub(1)).map_or("?", |s| s.label.as_str());
    Some(match state.need(plan)? {
        // Somebody else gives it; until then, or until its time is over, there is nothing to do here.
        Need::Approve => return None,
        Need::Settle { step, evidence } => End::Unknown(format!(
            "step {} is UNKNOWN ({evidence}): say with {resume} and --done, --not-done or --abandon",
            label(step)
        )),
        Need::Decide { step, detail } => End::Failed(format!(
            "step {} failed ({detail}): say with {resume} and --done, --not-done or --abandon, or `ripcord ask {id} skip`",
            label(step)
        )),
        Need::Answer { step, question } => End::Unknown(format!(
            "step {} asks: {}; answer with `ripcord ask {id} answer`",
            label(step),
            clean_line(&question.text.to_string())
        )),
        Need::Choose { step, detail } => End::Unknown(format!(
            "whether step {} is to be done cannot be judged ({detail}): say with `ripcord ask {id} do-it` or `skip`",
            label(step)
        )),
        Need::Accept { why } => End::Unverified(format!(
            "{why}; the run stays open: {resume} with --accept or --abandon, `ripcord ask {id} page`, or undo it"
        )),
        Need::GoOn { why } => End::Unknown(format!("paused: {why}; `ripcord ask {id} continue` goes on")),
    })
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_step_tells_how_far_it_is_by_percent_or_by_counts() {
        assert_eq!(percent(r"(?<percent>[\d.]+)%", "copied 12.5% of it"), Some(12.5));
        assert_eq!(percent(r"(?<done>\d+)/(?<total>\d+)", "12/48 shards"), Some(25.0));
        assert_eq!(percent(r"(?<done>\d+)/(?<total>\d+)", "0/0 shards"), None);
        assert_eq!(percent(r"(?<percent>\d+)%", "300% better"), None);
        assert_eq!(percent(r"(?<percent>\d+)%", "nothing yet"), None);
    }
}
