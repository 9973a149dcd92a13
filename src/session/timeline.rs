//! Records as the one stream that people read: by wall time, and within it in the order of their log.

use super::decision::story::tell;
use super::decision::{Closed, Decisions, Kind};
use super::view::{Happening, OnRecord};
use crate::engine::evidence::Part;
use crate::model::condition::duration;
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::{Inherited, Plan};
use crate::run::record::{self as run, Answer, Outcome};
use crate::run::story;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;

/// Milliseconds by which the wall clock may run apart from the boot clock between two records before that is told.
const STEP: i64 = 2_000;

/// Notices that the wall clock was set while a log was written.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Now>);

impl Clock {
    /// What is told when the wall clock was set since the record before: times may overlap, or be missing.
    pub fn at(&mut self, at: &Now) -> Option<Happening> {
        let before = self.0.replace(at.clone())?;
        if before.boot_id != at.boot_id {
            return None;
        }
        let by = (at.wall - before.wall) - (at.boot as i64 - before.boot as i64);
        let how =
            if by < 0 { "back: times before and after it overlap" } else { "forward: a stretch is missing" };
        (by.abs() >= STEP).then(|| Happening {
            wall: at.wall,
            mark: Some('!'),
            kind: "clock".into(),
            text: format!("the wall clock was set by {} {how}", duration(by.unsigned_abs())),
            ..Happening::default()
        })
    }
}

/// Where a record stands.
pub(super) fn on_record(log: &str, record: &Record) -> OnRecord {
    let line = serde_json::to_vec(record).unwrap_or_default();
    let hash = Sha256::digest(line).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    OnRecord { log: log.to_owned(), seq: record.seq, hash }
}

/// A record of `decisions.jsonl`, which `decisions` has taken in already. That a screen records while nobody watches is
/// no news, and verdicts follow from what fires.
pub fn of_decision(
    playbook: &Playbook,
    decisions: &Decisions,
    record: &Record,
    kind: &Kind,
) -> Option<Happening> {
    let screen = match kind {
        Kind::EpochBegan { acts, .. } => !acts,
        Kind::EpochEnded { .. } => decisions.decider.as_ref().is_some_and(|d| !d.acts),
        _ => false,
    };
    if screen || matches!(kind, Kind::VerdictChanged { .. }) {
        return None;
    }
    let told = tell(Some(playbook), record)?;
    let evidence: &[Part] = match kind {
        Kind::Fired { evidence, .. } | Kind::Resolved { evidence, .. } => evidence,
        _ => &[],
    };
    let epoch = kind.epoch().map(|e| format!("recorded by the decider of epoch {e}"));
    let measured = evidence.iter().map(Part::line).chain(epoch).collect::<Vec<_>>().join("; ");
    Some(Happening {
        wall: record.at.wall,
        letter: told.letter,
        mark: decided(kind),
        kind: told.kind,
        text: told.text,
        who: told.who,
        measured: clean_line(&measured),
        record: Some(on_record("decisions", record)),
    })
}

fn decided(kind: &Kind) -> Option<char> {
    match kind {
        Kind::ClockMissed { .. }
        | Kind::Paged { ok: false, .. }
        | Kind::Acted { ok: false, .. }
        | Kind::ItemEnded { ok: false, .. }
        | Kind::ItemJudged { answer: Answer::Fails, .. }
        | Kind::DefaultFrozen { plan: Err(_), .. }
        | Kind::Flagged { raised: true, .. }
        | Kind::ClockClosed { how: Closed::Refused | Closed::Overdue, .. }
        | Kind::TornTail(_) => Some('!'),
        Kind::Acted { ok: true, .. } => Some('✓'),
        Kind::ItemJudged { answer: Answer::Blind, .. } => Some('?'),
        _ => None,
    }
}

/// Tells a run's records, one after the other.
#[derive(Debug, Clone, Default)]
pub struct RunTeller {
    clock: Clock,
    /// Pid of the supervisor.
    pid: Option<u32>,
    /// Last value of each criterion, by step and place.
    values: HashMap<(usize, usize), String>,
}

impl RunTeller {
    /// What is told before the first record: who asked for it, and when.
    pub fn requested(plan: &Plan) -> Happening {
        Happening {
            wall: plan.confirmed_at.wall,
            mark: Some('>'),
            kind: "run".into(),
            text: clean_line(&format!("{} requested, {} steps: {}", plan.id, plan.steps.len(), plan.reason)),
            who: Some(clean_line(&plan.who.user)),
            ..Happening::default()
        }
    }

    /// A record in words; before it, that the wall clock was set.
    ///
    /// # Errors
    /// Names a record that is not a run's.
    pub fn tell(&mut self, plan: &Plan, record: &Record) -> Result<Vec<Happening>, String> {
        let kind = run::Kind::read(record)?;
        let mut out: Vec<Happening> = self.clock.at(&record.at).into_iter().collect();
        let measured = self.measured(&kind);
        if let Some(told) = story::tell(plan, record)? {
            out.push(Happening {
                wall: record.at.wall,
                letter: told.letter,
                mark: done(&kind),
                kind: told.kind,
                text: told.text,
                who: told.who,
                measured,
                record: Some(on_record(&plan.id, record)),
            });
        }
        Ok(out)
    }

    fn measured(&mut self, kind: &run::Kind) -> String {
        let what = match kind {
            run::Kind::RunStarted { pid, .. } | run::Kind::Adopted { pid, .. } => {
                self.pid = Some(*pid);
                return String::new();
            }
            run::Kind::CriterionChanged { step, criterion, value, .. } => {
                let before = self.values.insert((*step, *criterion), value.clone());
                match before.filter(|b| b != value) {
                    Some(before) => format!("{value} (was {before})"),
                    None => value.clone(),
                }
            }
            run::Kind::Observed { detail, .. }
            | run::Kind::GuardJudged { detail, .. }
            | run::Kind::Proposed { detail, .. }
            | run::Kind::RampJudged { detail, .. } => detail.clone(),
            run::Kind::StepExited { attempt, outcome, .. } => {
                format!("attempt {attempt}: {}", outcome.detail())
            }
            _ => return String::new(),
        };
        let by = self.pid.map(|pid| format!(", judged by supervisor pid {pid}")).unwrap_or_default();
        clean_line(&format!("{what}{by}"))
    }
}

/// How a step stands after a record: a later word is never used for an earlier state.
fn done(kind: &run::Kind) -> Option<char> {
    let answer = |a: &Answer, holds: Option<char>| match a {
        Answer::Holds => holds,
        Answer::Fails => Some('!'),
        Answer::Blind => Some('?'),
    };
    match kind {
        run::Kind::StepStarting { .. } => Some('>'),
        run::Kind::StepExited { outcome, .. } => Some(match outcome {
            Outcome::Success { .. } | Outcome::Settled { done: true, .. } => '+',
            Outcome::Unknown { .. } => '?',
            Outcome::Settled { done: false, .. } => '-',
            _ => '!',
        }),
        run::Kind::StepSkipped { .. } => Some('-'),
        run::Kind::Inherited { what: Inherited::Unknown { .. }, .. } => Some('?'),
        run::Kind::Inherited { what: Inherited::Passed { .. }, .. } => Some('-'),
        run::Kind::Proposed { .. } => Some('?'),
        run::Kind::Observed { answer: a, .. } => answer(a, Some('*')),
        run::Kind::CriterionChanged { answer: a, .. } => answer(a, Some('✓')),
        run::Kind::GuardJudged { answer: a, .. } => answer(a, None),
        run::Kind::Verified { .. } => Some('✓'),
        run::Kind::StabilityRestarted { .. } => Some('~'),
        run::Kind::NotVerified { .. }
        | run::Kind::Drifted { .. }
        | run::Kind::RunRefused { .. }
        | run::Kind::Late { .. }
        | run::Kind::ApprovalMissed { .. }
        | run::Kind::Paged { told: false, .. }
        | run::Kind::RequestHandled { accepted: false, .. }
        | run::Kind::TornTail { .. } => Some('!'),
        _ => None,
    }
}

/// All that is on record, as a screen would tell it.
///
/// # Errors
/// Names the first record that is none of its log's.
pub fn whole(
    playbook: &Playbook,
    decisions: &[Record],
    runs: &[(Plan, Vec<Record>)],
) -> Result<Vec<Happening>, String> {
    let mut out = Vec::new();
    let (mut state, mut clock) = (Decisions::default(), Clock::default());
    for record in decisions {
        let kind = state.follow(record)?;
        out.extend(clock.at(&record.at));
        out.extend(of_decision(playbook, &state, record, &kind));
    }
    for (plan, records) in runs {
        out.push(RunTeller::requested(plan));
        let mut teller = RunTeller::default();
        for record in records {
            out.extend(teller.tell(plan, record)?);
        }
    }
    // Stable: what has one wall time stays in the order of its log.
    out.sort_by_key(|h| h.wall);
    Ok(out)
}

#[cfg(test)]
mod tests;
