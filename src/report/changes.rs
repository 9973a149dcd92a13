//! What the steps did besides their outcome: files, ramps, answers, what people settled, and what is left behind.

use super::{cell, length, stamp};
use crate::model::record::Record;
use crate::run::plan::Plan;
use crate::run::record::{Answer, Kind, Outcome};
use crate::run::state::State;
use crate::run::story::named;
use crate::run::view::RunView;
use std::fmt::Write as _;

/// Files that steps set out to change, attempt by attempt, with what came of it.
pub(super) fn files(out: &mut String, plan: &Plan, records: &[Record]) {
    let mut rows: Vec<(usize, u32, String)> = Vec::new();
    let mut ends: Vec<(usize, u32, &'static str)> = Vec::new();
    for kind in records.iter().filter_map(|r| Kind::read(r).ok()) {
        match kind {
            Kind::StepStarting { step, attempt, file: Some(f), .. } => {
                let hash = |h: &str| h.chars().take(12).collect::<String>();
                let before = f.before.as_deref().map_or_else(|| "no file".to_owned(), hash);
                let kept = f.kept.as_deref().map_or_else(|| "not kept".to_owned(), cell);
                rows.push((
                    step,
                    attempt,
                    format!("{} | {before} | {} | {kept}", cell(&f.path), hash(&f.after)),
                ));
            }
            Kind::StepExited { step, attempt, outcome, .. } => {
                ends.push((
                    step,
                    attempt,
                    if matches!(outcome, Outcome::Success { .. }) { "written" } else { outcome.words().0 },
                ));
            }
            _ => {}
        }
    }
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n## Files\n\n| step | file | before | after | the old one | |\n|---|---|---|---|---|---|"
    );
    for (step, attempt, row) in rows {
        let end = ends.iter().rev().find(|e| (e.0, e.1) == (step, attempt)).map_or("not over", |e| e.2);
        let _ = writeln!(out, "| {} | {row} | {end} |", label(plan, step));
    }
}

/// Values that ramps set and held.
pub(super) fn ramps(out: &mut String, plan: &Plan, view: &RunView, records: &[Record]) {
    let rows: Vec<_> = view.steps.iter().filter(|s| s.value.is_some()).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Ramp\n\n| step | value | | |\n|---|---|---|---|");
    for s in rows {
        let judged = records.iter().rev().find_map(|r| match Kind::read(r) {
            Ok(Kind::RampJudged { step, stop, detail }) if step == s.index => {
                Some(format!("{}: {}", if stop { "stops here" } else { "goes on" }, cell(&detail)))
            }
            _ => None,
        });
        let value = s.value.as_deref().unwrap_or_default();
        let detail = judged.unwrap_or_else(|| cell(&s.detail));
        let word = s.state.word();
        let _ = writeln!(out, "| {} | {} | {word} | {detail} |", label(plan, s.index), cell(value));
    }
}

/// What people answered, settled and decided; who was told.
pub(super) fn people(out: &mut String, plan: &Plan, state: &State) {
    let mut lines = Vec::new();
    for (p, s) in plan.steps.iter().zip(&state.steps) {
        for (at, attempt, done, reason) in &s.settled {
            let what = if *done { "done" } else { "not done" };
            lines.push(format!(
                "{}: step {}, attempt {attempt}, was settled as {what}: {}",
                stamp(at),
                cell(&p.label),
                cell(reason)
            ));
        }
        if let (Some((answer, detail)), Some(Outcome::Unknown { .. })) = (&s.proposal, &s.outcome) {
            let says = match answer {
                Answer::Holds => "done",
                Answer::Fails => "not done",
                Answer::Blind => "nothing",
            };
            lines.push(format!(
                "step {} is UNKNOWN to this day; its probe says {says}: {}",
                cell(&p.label),
                cell(detail)
            ));
        }
    }
    let answer = |(name, text): (&String, &String)| format!("answer `{}`: {}", cell(name), cell(text));
    lines.extend(state.answers.iter().map(answer));
    for (at, title, detail, told) in &state.paged {
        let how = if *told { "was told" } else { "was NOT told" };
        lines.push(format!("{}: {} {how}: {}", stamp(at), cell(title), cell(detail)));
    }
    list(out, "Said and settled", &lines);
}

/// What is left behind: processes that live on, what is frozen, what was late, a target that drifted.
pub(super) fn left(out: &mut String, state: &State, view: &RunView) {
    let mut lines = Vec::new();
    for s in &view.steps {
        if !s.survivors.is_empty() {
            lines.push(format!("NOT DEAD after step {}: {}", cell(&s.label), named(&s.survivors)));
        }
        if let Some(late) = s.late_by {
            let late = length(late);
            lines.push(format!("LATE: step {} ({}) by {late}", cell(&s.label), cell(&s.name)));
        }
    }
    for f in &view.frozen {
        let (what, since) = (cell(&f.what), stamp(&f.since));
        lines.push(format!("FROZEN since {since}: {what}. The procedure `{}` lets it go on.", cell(&f.undo)));
    }
    if let Some((at, detail)) = &view.drifted {
        lines.push(format!(
            "DRIFTED at {}: the target is not what was verified: {}",
            stamp(at),
            cell(detail)
        ));
    }
    if let (Some((_, why)), None) = (&state.unverified, &view.drifted) {
        lines.push(format!("Not verified: {}", cell(why)));
    }
    list(out, "Left behind", &lines);
}

fn label(plan: &Plan, step: usize) -> String {
    plan.steps.get(step.wrapping_sub(1)).map_or_else(|| step.to_string(), |p| cell(&p.label))
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(out, "\n## {title}\n");
    }
    for line in lines {
        let _ = writeln!(out, "- {line}");
    }
}
