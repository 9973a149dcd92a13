//! How a drill went, from its records: how fast each thing came, what was left open, what was wrong.

use super::play::Play;
use super::stage::Stage;
use crate::model::condition::duration;
use crate::model::drill::Chaos;
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::rehearsal::{Judged, Score};
use crate::model::time::{Millis, Now};
use crate::run::plan::Plan;
use crate::run::view::RunView;
use crate::run::{State, Verdict};
use crate::session::decision::Kind;

/// What a score is made of.
#[derive(Debug)]
pub struct Tape<'a> {
    /// The playbook that is rehearsed.
    pub playbook: &'a Playbook,
    /// Records of what was decided.
    pub decided: &'a [Record],
    /// Runs, oldest first; the last one may be under way.
    pub runs: Vec<Ran<'a>>,
    /// When a message first reached people, where messages are really sent.
    pub told: Option<Now>,
    /// What was made to go wrong, with what ought to come of it; none: nobody says what ought to.
    pub chaos: Option<Vec<&'a Chaos>>,
}

/// One run of it.
#[derive(Debug)]
pub struct Ran<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// What its journal says.
    pub state: State,
    /// The same, as it is shown.
    pub view: RunView,
}

impl<'a> Tape<'a> {
    /// That of a rehearsal up to now.
    pub fn of(play: &'a Play) -> Tape<'a> {
        let drill = play.playbook().drill.as_ref();
        let chaos = play.world().troubles().iter().filter_map(|t| drill?.chaos.get(&t.id)).collect();
        let ran = |s: &'a Stage| Ran { plan: s.plan(), state: s.state().clone(), view: s.view() };
        Tape {
            playbook: play.playbook(),
            decided: play.decided(),
            runs: play.past().iter().chain(play.run()).map(ran).collect(),
            told: None,
            chaos: Some(chaos),
        }
    }
}

/// The score up to now.
pub fn score(tape: &Tape<'_>, now: &Now) -> Score {
    let kinds: Vec<(Now, Kind)> =
        tape.decided.iter().filter_map(|r| Some((r.at.clone(), Kind::read(r).ok()?))).collect();
    let (first_run, run) = (tape.runs.first(), tape.runs.last());
    let wrong_from = kinds.iter().find(|(_, k)| matches!(k, Kind::Troubled { on: true, .. }));
    let confirmed = first_run.map(|r| r.plan.confirmed_at.clone());
    let from = wrong_from.map(|(at, _)| at.clone()).or(confirmed);
    let since = |at: &Now| from.as_ref().map(|f| at.boot.saturating_sub(f.boot));
    let mut out = Score { told: tape.told.as_ref().and_then(since), ..Score::default() };
    for (at, kind) in &kinds {
        match kind {
            Kind::Fired { trigger, true_since, .. } if out.fired.is_none() => {
                out.detected = since(true_since);
                out.fired = since(at);
                out.trigger = Some(trigger.clone());
            }
            Kind::Acting { .. } | Kind::Said { .. } if out.decided.is_none() => out.decided = since(at),
            Kind::Paged { ok: true, .. } if out.told.is_none() => out.told = since(at),
            _ => {}
        }
    }
    if let Some(r) = first_run {
        out.decided = out.decided.or(since(&r.plan.confirmed_at));
        let begun = r.plan.steps.iter().filter(|s| s.changes());
        let begun = begun.filter_map(|s| r.state.steps[s.number - 1].began.as_ref());
        out.acted = begun.min_by_key(|at| at.boot).and_then(since);
    }
    if let Some(r) = run {
        let view = &r.view;
        out.effect = view.observed.as_ref().or(view.applied.as_ref()).and_then(since);
        out.verified = view.verified.as_ref().and_then(since);
        out.verdict = match (view.verdict, r.state.guarding.is_some()) {
            (None, true) => Verdict::Verified.word().to_owned(),
            (Some(v), _) if view.why.is_empty() || v == Verdict::Verified => v.word().to_owned(),
            (Some(v), _) => format!("{}: {}", v.word(), view.why),
            (None, false) => "not over".to_owned(),
        };
        out.told = out.told.or(told(r).as_ref().and_then(since));
        out.objectives = view
            .objectives
            .iter()
            .map(|o| {
                let took = o.to.as_ref().and_then(|_| o.took(now));
                let kept = took.is_some_and(|t| t <= o.within_ms);
                Judged { title: o.title.clone(), within: o.within_ms, took, kept }
            })
            .collect();
    }
    out.automation = automation(tape, &kinds);
    out.items = items(tape);
    out.wrong = wrong(tape, &kinds);
    out.points = points(&out, run.is_some());
    out
}

/// When a step that tells people succeeded first.
fn told(r: &Ran<'_>) -> Option<Now> {
    let tells = r.plan.steps.iter().filter(|s| match &s.step.kind {
        crate::model::playbook::StepKind::Simulated(sim) => !sim.channels.is_empty(),
        _ => false,
    });
    let done = tells.map(|s| &r.state.steps[s.number - 1]);
    let delivered = |s: &&crate::run::state::StepState| match &s.outcome {
        Some(crate::run::Outcome::Success { detail }) => !detail.starts_with(super::words::NOT_YET),
        _ => false,
    };
    let done = done.filter(delivered);
    done.filter_map(|s| s.ended.clone()).min_by_key(|at| at.boot)
}

/// Whether automation acted, and how fast.
fn automation(tape: &Tape<'_>, kinds: &[(Now, Kind)]) -> String {
    let mut out: Vec<String> = Vec::new();
    for (at, kind) in kinds {
        match kind {
            Kind::Acting { firing, run, procedure, clock, .. } => {
                let how = if clock.is_some() { "as the stated default" } else { "by itself" };
                let title = tape.playbook.procedures.get(procedure).map_or(procedure, |p| &p.title);
                let fired = kinds.iter().find_map(|(at, k)| match k {
                    Kind::Fired { firing: f, .. } if f == firing => Some(at.boot),
                    _ => None,
                });
                let ago = duration(at.boot - fired.unwrap_or(at.boot));
                let reacted = kinds.iter().rev().find_map(|(_, k)| match k {
                    Kind::Reacted { run: r, to_effect, target, .. } if r == run => {
                        Some((*to_effect, *target))
                    }
                    _ => None,
                });
                let effect = match reacted {
                    Some((Some(took), Some(target))) => {
                        let kept = if took <= target { "kept" } else { "MISSED" };
                        format!(
                            ", effect {} after firing (target {}, {kept})",
                            duration(took),
                            duration(target)
                        )
                    }
                    Some((Some(took), None)) => format!(", effect {} after firing", duration(took)),
                    _ => String::new(),
                };
                out.push(format!("started {title} {how} {ago} after {firing} fired{effect}"));
            }
            Kind::Withheld { firing, why, .. } => out.push(format!("did not act on {firing}: {why}")),
            _ => {}
        }
    }
    if out.is_empty() { "did nothing, and was not asked to".to_owned() } else { out.join("; ") }
}

/// Required items of the lists before a run that a person started: how many were done or gone on without, of how many.
fn items(tape: &Tape<'_>) -> (usize, usize) {
    let run = tape.runs.last().map(|r| r.plan);
    let run = run.filter(|p| p.automatic.is_none() && !p.procedure.emergency);
    let all = run.iter().flat_map(|p| &p.checklists).flat_map(|c| &c.items).filter(|i| i.required);
    let (done, open): (Vec<_>, Vec<_>) = all.partition(|i| i.done || i.without.is_some());
    (done.len(), done.len() + open.len())
}

/// What should not have been done: triggers that nothing asked to fire, procedures that do not fit what fired.
fn wrong(tape: &Tape<'_>, kinds: &[(Now, Kind)]) -> Vec<String> {
    let mut out = Vec::new();
    let none = |c: &Chaos| c.expect.as_ref().is_some_and(|e| e.trigger.is_none());
    let quiet = tape.chaos.as_ref().is_some_and(|on| on.iter().copied().all(none));
    for (_, kind) in kinds {
        let Kind::Fired { trigger, .. } = kind else { continue };
        if quiet {
            out.push(format!("{trigger} fired, and nothing should have"));
        }
    }
    let fired: Vec<&String> = kinds
        .iter()
        .filter_map(|(_, k)| match k {
            Kind::Fired { trigger, .. } => tape.playbook.triggers.get(trigger)?.procedure.as_ref(),
            _ => None,
        })
        .collect();
    for r in &tape.runs {
        let id = &r.plan.procedure.id;
        let scenario = tape.playbook.scenarios.values().any(|s| s.procedure == *id);
        if !fired.is_empty() && !fired.contains(&id) && !scenario && !r.plan.procedure.emergency {
            out.push(format!(
                "{} was carried out, and what fired names another procedure",
                r.plan.procedure.title
            ));
        }
    }
    out
}

/// Points of 100: 40 for the verified end, 30 for the objectives, 15 for the checklists, 15 for nothing wrong.
fn points(s: &Score, ran: bool) -> u32 {
    let share = |n: usize, of: usize| if of == 0 { 1.0 } else { n as f64 / of as f64 };
    let verified = if s.verified.is_some() || !ran { 40.0 } else { 0.0 };
    let kept = s.objectives.iter().filter(|o| o.kept).count();
    let wrong = if s.wrong.is_empty() { 15.0 } else { 0.0 };
    let all = verified + 30.0 * share(kept, s.objectives.len()) + 15.0 * share(s.items.0, s.items.1) + wrong;
    all.round() as u32
}

/// Milliseconds in words, or that it never came.
pub fn took(ms: Option<Millis>) -> String {
    ms.map_or_else(|| "-".to_owned(), duration)
}
