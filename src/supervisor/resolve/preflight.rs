//! What is looked at before anything is confirmed: programs, folders and files that the steps need, and every probe that
//! can be asked now, all at once.

use super::super::ask::{Told, World};
use super::super::file_change::{self, Planned};
use super::{ask_any, program};
use crate::model::playbook::{Criterion, StepKind};
use crate::model::probe::Probe;
use crate::model::time::Now;
use crate::run::freeze::Drawn;
use crate::run::{Answer, Plan, PlanStep};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Probes that are asked at the same time.
const AT_ONCE: usize = 8;

/// What every probe answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) prove: Option<Told>,
    pub(super) compatible: Option<Told>,
    pub(super) preflight: Vec<(Criterion, Told)>,
    /// Guards `already` of changing steps, by number.
    pub(super) already: Vec<(usize, Told)>,
    /// Guards `when`, by number.
    pub(super) when: Vec<(usize, Told)>,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Prove,
    Compatible,
    Preflight(usize),
    Already(usize),
    When(usize),
}

/// Whether it names something that only a run knows, so that it cannot be asked now.
fn is_late<T: serde::Serialize>(it: &T) -> bool {
    super::super::late::names(it).iter().any(|n| !n.starts_with("secret."))
}

/// Asks everything that can be asked now.
pub(super) async fn ask_all(world: Arc<World>, drawn: &Drawn) -> Answers {
    let plan = &drawn.plan;
    let mut questions: Vec<(What, Probe)> = Vec::new();
    questions.extend(plan.prove.iter().map(|p| (What::Prove, p.clone())));
    questions.extend(plan.compatible_with.iter().map(|p| (What::Compatible, p.clone())));
    questions.extend(drawn.preflight.iter().enumerate().map(|(i, c)| (What::Preflight(i), c.probe.clone())));
    for s in &plan.steps {
        questions.extend(s.when.iter().map(|p| (What::When(s.number), p.clone())));
        if s.changes() {
            questions.extend(s.step.already.iter().map(|p| (What::Already(s.number), p.clone())));
        }
    }
    questions.retain(|(_, probe)| !is_late(probe));
    let frozen = Arc::new(plan.playbook.clone());
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = JoinSet::new();
    for (what, probe) in questions {
        let (world, frozen, slots) = (world.clone(), frozen.clone(), slots.clone());
        asking.spawn(async move {
            let _slot = slots.acquire().await;
            (what, ask_any(&world, &frozen, &probe).await)
        });
    }
    let mut out = Answers::default();
    let mut preflight: Vec<Option<Told>> = vec![None; drawn.preflight.len()];
    while let Some(answered) = asking.join_next().await {
        // A question whose task ended without an answer stays unanswered, which holds for nothing.
        let Ok((what, told)) = answered else { continue };
        match what {
            What::Prove => out.prove = Some(told),
            What::Compatible => out.compatible = Some(told),
            What::Preflight(i) => preflight[i] = Some(told),
            What::Already(n) => out.already.push((n, told)),
            What::When(n) => out.when.push((n, told)),
        }
    }
    let blind = || Told { answer: Answer::Blind, detail: "it was not answered".into(), raw: String::new() };
    let told = preflight.into_iter().map(|t| t.unwrap_or_else(blind));
    out.preflight = drawn.preflight.iter().cloned().zip(told).collect();
    out.already.sort_by_key(|(n, _)| *n);
    out.when.sort_by_key(|(n, _)| *n);
    out
}

/// Finds the program of every `run` step, and answers what is missing for the steps to be done: programs, folders, files.
/// A program that only a run can name is found when it is known.
pub(super) fn find(plan: &mut Plan) -> Vec<String> {
    let mut problems = Vec::new();
    for s in &mut plan.steps {
        let StepKind::Run(c) = &s.step.kind else { continue };
        let cwd = Path::new(&plan.cwd).join(c.cwd.as_ref().map_or("", |t| &t.0));
        if c.cwd.as_ref().is_none_or(|t| t.names().is_empty()) && !cwd.is_dir() {
            problems.push(format!("step {}: {} is not a folder", s.label, cwd.display()));
        }
        match c.argv.first() {
            None => problems.push(format!("step {}: the command is empty", s.label)),
            Some(name) if !name.names().is_empty() => {
                problems.push(format!("step {}: `{name}` must be known before it starts", s.label));
            }
            Some(name) => match program(&name.0, &plan.env, &cwd) {
                Ok(path) => s.program = Some(path),
                Err(e) => problems.push(format!("step {}: {e}", s.label)),
            },
        }
    }
    problems
}

/// What each step that changes a file would change, by number, and what is missing for it.
pub(super) fn changes(plan: &Plan) -> (Vec<(usize, Planned)>, Vec<String>) {
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for s in &plan.steps {
        let file = match &s.step.kind {
            StepKind::Write(w) => &w.file.0,
            StepKind::Edit(e) => &e.file.0,
            _ => continue,
        };
        // What an earlier step leaves there is not known yet, nor is what only a run knows.
        let open = is_late(&s.step.kind) || (written.contains(file.as_str()) && s.ramp.is_none());
        match file_change::preview(plan, s) {
            Ok(planned) => out.push((s.number, planned)),
            Err(_) if open => {}
            Err(e) => problems.push(format!("step {}: {e}", s.label)),
        }
        written.insert(file);
    }
    out.retain(|(n, _)| !is_late(&plan.steps[n - 1].step.kind));
    (out, problems)
}

/// Steps that are done already, with what was seen, and whether nothing is left to do.
pub(super) fn done(
    drawn: &Drawn,
    answers: &Answers,
    files: &[(usize, Planned)],
) -> (Vec<(usize, String)>, bool) {
    let plan = &drawn.plan;
    let mut seen: Vec<(usize, String)> = answers
        .already
        .iter()
        .filter(|(_, told)| told.answer == Answer::Holds)
        .map(|(n, told)| (*n, told.detail.clone()))
        .collect();
    for (n, planned) in files {
        let same = planned.change.before.as_ref() == Some(&planned.change.after);
        if same && !seen.iter().any(|(s, _)| s == n) {
            seen.push((*n, format!("{} is so already", planned.change.path)));
        }
    }
    seen.sort_by_key(|(n, _)| *n);
    let left_out = |n: usize| answers.when.iter().any(|(w, t)| *w == n && t.answer == Answer::Fails);
    let counts = |s: &&PlanStep| {
        s.changes()
            && s.fallback_of.is_none()
            && !s.step.always
            && !drawn.tells.contains(&s.number)
            && !left_out(s.number)
    };
    let changing: Vec<usize> = plan.steps.iter().filter(counts).map(|s| s.number).collect();
    let nothing = !changing.is_empty() && changing.iter().all(|n| seen.iter().any(|(s, _)| s == n));
    (seen, nothing)
}

/// Steps whose `already` does not hold, with what was seen.
pub(super) fn open(answers: &Answers, already: &[(usize, String)]) -> Vec<(usize, Answer, String)> {
    let left = answers.already.iter().filter(|(n, _)| !already.iter().any(|(s, _)| s == n));
    left.map(|(n, told)| (*n, told.answer, told.detail.clone())).collect()
}

/// Since when it is so and by whom: the newest run that took effect, if it set the same target.
pub(super) fn since(plan: &Plan) -> Option<(Now, String)> {
    let target = |plan: &Plan| -> Vec<String> {
        let steps = plan.procedure.takes_effect.iter().filter_map(|n| plan.steps.get(n.checked_sub(1)?));
        steps.map(PlanStep::line).collect()
    };
    let wanted = target(plan);
    let (runs, _) = super::super::home::list(Path::new(&plan.home)).ok()?;
    let last = runs.into_iter().find_map(|run| {
        let at = run.view.observed.clone().or_else(|| run.view.applied.clone())?;
        Some((run.plan, at))
    })?;
    (!wanted.is_empty() && target(&last.0) == wanted).then_some((last.1, last.0.who.user))
}
