//! Following a run without a screen: each record a line, and an exit code at the end.

use super::control::Inbox;
use super::home::{alive, journal_path, read_plan};
use super::launch::launch;
use crate::clock;
use crate::journal::Tail;
use crate::model::record::Record;
use crate::run::record::Refusal;
use crate::run::state::Need;
use crate::run::story::tell;
use crate::run::{Outcome, Plan, State, Verdict};
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
    match launch(home, plan) {
        Ok(accepted) => {
            let journal = journal_path(&accepted.dir);
            println!("run {}: {}", accepted.id, journal.display());
            println!("It goes on if this ends; `ripcord runs` shows it.");
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
    let say = |record: &Record, text: &str| {
        let at = jiff::Timestamp::from_millisecond(record.at.wall).unwrap_or_default();
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

fn look(run: &Path, mut say: impl FnMut(&Record, &str)) -> io::Result<End> {
    let plan = read_plan(run)?;
    let mut tail = Tail::new(journal_path(run));
    let (mut records, mut lost) = (Vec::new(), 0);
    loop {
        let driven = alive(run);
        let new = tail.poll().map_err(io::Error::other)?;
        for record in &new {
            if let Some(told) = tell(&plan, record).map_err(io::Error::other)? {
                say(record, &format!("{}: {}", told.kind, told.text));
            }
        }
        records.extend(new);
        let state = State::fold(&plan, &records).map_err(io::Error::other)?;
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
    let resume = format!("`ripcord resume --run {}`", plan.id);
    Some(match state.need(plan)? {
        Need::Settle { step, evidence } => End::Unknown(format!(
            "step {step} is UNKNOWN ({evidence}): say with {resume} and --done, --not-done or --abandon"
        )),
        Need::Decide { step, detail } => End::Failed(format!(
            "step {step} failed ({detail}): say with {resume} and --done, --not-done or --abandon"
        )),
        Need::Accept { why } => {
            End::Unverified(format!("{why}; the run stays open: {resume} with --accept or --abandon"))
        }
        Need::GoOn { why } => End::Unknown(format!("paused: {why}")),
        Need::Answer { .. } | Need::Choose { .. } | Need::Approve => return None,
    })
}
