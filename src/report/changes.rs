//! What the steps did besides their outcome: files, ramps, answers, what people settled, and what is left behind.

use super::doc::{Section, row};
use super::known::Ran;
use super::{length, stamp};
use crate::run::plan::Plan;
use crate::run::record::{Answer, Kind, Outcome};
use crate::run::story::named;

/// Files that steps set out to change, attempt by attempt, with what came of it.
pub(super) fn files(run: &Ran<'_>) -> Section {
    let mut out = Section::new("Files");
    let mut rows: Vec<(usize, u32, [String; 4])> = Vec::new();
    let mut ends: Vec<(usize, u32, &'static str)> = Vec::new();
    let about = run.records.iter().filter(|r| ["StepStarting", "StepExited"].contains(&r.kind.as_str()));
    for kind in about.filter_map(|r| Kind::read(r).ok()) {
        match kind {
            Kind::StepStarting { step, attempt, file: Some(f), .. } => {
                let hash = |h: &str| h.chars().take(12).collect::<String>();
                let before = f.before.as_deref().map_or_else(|| "no file".to_owned(), hash);
                let kept = f.kept.unwrap_or_else(|| "not kept".to_owned());
                rows.push((step, attempt, [f.path, before, hash(&f.after), kept]));
            }
            Kind::StepExited { step, attempt, outcome, .. } => {
                let written = matches!(outcome, Outcome::Success { .. });
                ends.push((step, attempt, if written { "written" } else { outcome.words().0 }));
            }
            _ => {}
        }
    }
    let rows = rows.into_iter().map(|(step, attempt, [path, before, after, kept])| {
        let end = ends.iter().rev().find(|e| (e.0, e.1) == (step, attempt)).map_or("not over", |e| e.2);
        row([label(run.plan, step), path, before, after, kept, end.to_owned()])
    });
    out.table(["step", "file", "before", "after", "the old one", "state"], rows.collect());
    out
}

/// Values that ramps set and held.
pub(super) fn ramps(run: &Ran<'_>) -> Section {
    let mut out = Section::new("Ramp");
    let rows = run.view.steps.iter().filter(|s| s.value.is_some()).map(|s| {
        let judged = run.records.iter().rev().filter(|r| r.kind == "RampJudged");
        let judged = judged.filter_map(|r| Kind::read(r).ok()).find_map(|kind| match kind {
            Kind::RampJudged { step, stop, detail } if step == s.index => {
                Some(format!("{}: {detail}", if stop { "stops here" } else { "goes on" }))
            }
            _ => None,
        });
        let value = s.value.clone().unwrap_or_default();
        let detail = judged.unwrap_or_else(|| s.detail.clone());
        row([label(run.plan, s.index), value, s.state.word().to_owned(), detail])
    });
    let rows = rows.collect();
    out.table(["step", "value", "state", "detail"], rows);
    out
}

/// What people answered, settled and decided; who was told.
pub(super) fn people(run: &Ran<'_>) -> Section {
    let (mut out, mut lines) = (Section::new("Said and settled"), Vec::new());
    for (p, s) in run.plan.steps.iter().zip(&run.state.steps) {
        for (at, attempt, done, reason) in &s.settled {
            let what = if *done { "done" } else { "not done" };
            let step = &p.label;
            lines.push(format!(
                "{}: step {step}, attempt {attempt}, was settled as {what}: {reason}",
                stamp(at)
            ));
        }
        if let (Some((answer, detail)), Some(Outcome::Unknown { .. })) = (&s.proposal, &s.outcome) {
            let says = match answer {
                Answer::Holds => "done",
                Answer::Fails => "not done",
                Answer::Blind => "nothing",
            };
            lines.push(format!("step {} is UNKNOWN to this day; its probe says {says}: {detail}", p.label));
        }
    }
    lines.extend(run.state.answers.iter().map(|(name, text)| format!("answer {name}: {text}")));
    out.list(lines);
    out
}

/// What is left behind: processes that live on, what is frozen, what was late, a target that drifted.
pub(super) fn left(run: &Ran<'_>) -> Section {
    let (view, mut lines) = (&run.view, Vec::new());
    for s in &view.steps {
        if !s.survivors.is_empty() {
            lines.push(format!("NOT DEAD after step {}: {}", s.label, named(&s.survivors)));
        }
        if let Some(late) = s.late_by {
            lines.push(format!("LATE: step {} ({}) by {}", s.label, s.name, length(late)));
        }
    }
    for f in &view.frozen {
        let (what, since) = (&f.what, stamp(&f.since));
        lines.push(format!("FROZEN since {since}: {what}. The procedure {} lets it go on.", f.undo));
    }
    if let Some((at, detail)) = &view.drifted {
        lines.push(format!("DRIFTED at {}: the target is not what was verified: {detail}", stamp(at)));
    }
    if let (Some((_, why)), None) = (&run.state.unverified, &view.drifted) {
        lines.push(format!("NOT verified: {why}"));
    }
    let mut out = Section::new("Left behind");
    out.list(lines);
    out
}

fn label(plan: &Plan, step: usize) -> String {
    plan.steps.get(step.wrapping_sub(1)).map_or_else(|| step.to_string(), |p| p.label.clone())
}
