//! Whether a rehearsal went as was hoped.

use super::{Case, Hope, flat, verifies};
use crate::drill::play::Play;
use crate::drill::robot::Robot;
use crate::drill::words::NOT_YET;
use crate::model::condition::duration;
use crate::model::drill::{Ending, Outcome as Expected};
use crate::model::playbook::StepKind;
use crate::model::rehearsal::Score;
use crate::run::Verdict;

/// What is not as it was hoped for; empty: all is.
pub fn judged(case: &Case, play: &Play, robot: &Robot, score: &Score) -> Vec<String> {
    let mut out = Vec::new();
    let run = play.past().last().or(play.run());
    let verified =
        run.is_some_and(|r| r.view().verdict == Some(Verdict::Verified) || r.state().guarding.is_some());
    let over = play.run().is_none_or(|r| r.state().guarding.is_some());
    let started = || match (run, robot.refused()) {
        (None, Some(why)) => Err(format!("refused: {why}")),
        (None, None) => Err("nothing was started".to_owned()),
        (Some(run), _) => Ok(run),
    };
    let fails = |out: &mut Vec<String>, text: String| out.push(text);
    match &case.hope {
        Hope::Verified => match started() {
            Err(why) => out.push(why),
            Ok(run) => {
                let id = &run.plan().procedure.id;
                let can = verifies(&flat(play.playbook(), id, 0));
                let applied = !can && run.view().verdict == Some(Verdict::AcceptedUnverified);
                if !verified && !applied {
                    out.push(format!("not verified: {}", score.verdict));
                    out.extend(failures(run));
                }
            }
        },
        Hope::Fails { may } => match started() {
            Err(why) => out.push(why),
            Ok(_) if verified && !may => fails(&mut out, "a step failed, and it was called verified".into()),
            Ok(_) if !over => fails(&mut out, "a step failed, and the run did not end".into()),
            Ok(_) => {}
        },
        Hope::NotVerified => match started() {
            Err(why) => out.push(why),
            Ok(_) if verified => {
                fails(&mut out, "it was called verified, though what is wrong goes on".into())
            }
            Ok(_) if !over => fails(&mut out, "it did not end".into()),
            Ok(_) => {}
        },
        Hope::Untold => match started() {
            Err(why) => out.push(why),
            Ok(run) => {
                let tells = run.plan().steps.iter().filter(|s| match &s.step.kind {
                    StepKind::Simulated(sim) => !sim.channels.is_empty(),
                    _ => false,
                });
                let untold = tells.filter(|s| {
                    let outcome = &run.state().steps[s.number - 1].outcome;
                    outcome.as_ref().is_some_and(|o| o.detail().starts_with(NOT_YET))
                });
                let untold = untold.count();
                if !verified {
                    out.push(format!(
                        "a channel takes nothing, and the run is not verified: {}",
                        score.verdict
                    ));
                }
                if untold == 0 {
                    out.push("that nobody was told is on no record".to_owned());
                }
            }
        },
        Hope::Refused => match (run, robot.refused()) {
            (None, Some(_)) => {}
            (None, None) => out.push("nothing was asked for".to_owned()),
            (Some(_), _) => out.push("it was started, though nothing could be chosen".to_owned()),
        },
        Hope::Fires(trigger, within) => {
            let fired = fired(play, trigger);
            match (fired, within) {
                (None, _) => out.push(format!("{trigger} did not fire; {}", told(play, trigger))),
                (Some(ms), Some(within)) if ms > *within => {
                    out.push(format!(
                        "{trigger} fired after {}, allowed are {}",
                        duration(ms),
                        duration(*within)
                    ));
                }
                _ => {}
            }
            // What goes on is rightly not verified.
            let goes_on = play.world().troubles().iter().any(crate::drill::world::Trouble::harms);
            if !over && play.run().is_some() {
                out.push(format!("the run that was started did not end: {}", score.verdict));
            } else if let Some(run) = run.filter(|_| !verified && !goes_on) {
                out.push(format!("the run that was started is not verified: {}", score.verdict));
                out.extend(failures(run));
            }
        }
        Hope::Quiet => out.extend(score.wrong.clone()),
        Hope::Ends => {}
        Hope::Script(ending) => out.extend(scripted(play, robot, score, ending)),
    }
    out
}

/// What is not as a scenario says.
fn scripted(play: &Play, robot: &Robot, score: &Score, ending: &Ending) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(trigger) = ending.trigger.as_ref().filter(|t| fired(play, t).is_none()) {
        out.push(format!("{trigger} did not fire; {}", told(play, trigger)));
    }
    let run = play.past().last().or(play.run());
    let (run, wanted) = match (run, ending.verdict) {
        (None, Expected::None) => return out,
        (Some(run), Expected::None) => {
            out.push(format!("nothing was to be run, and {} was", run.plan().procedure.title));
            return out;
        }
        (None, _) => {
            out.push(format!("nothing was run: {}", robot.refused().unwrap_or("nobody was asked to")));
            return out;
        }
        (Some(run), wanted) => (run, wanted),
    };
    let id = &run.plan().procedure.id;
    if let Some(other) = ending.procedure.as_ref().filter(|p| *p != id) {
        out.push(format!("{id} was run, and not {other}"));
    }
    let guarded = run.state().guarding.is_some();
    let good = match (run.view().verdict, wanted) {
        (Some(Verdict::Verified), Expected::Verified) => true,
        (None, Expected::Verified) => guarded,
        (Some(Verdict::Failed | Verdict::Aborted), Expected::Failed) => true,
        (Some(Verdict::Abandoned | Verdict::AcceptedUnverified), Expected::Unverified) => true,
        _ => false,
    };
    if !good {
        out.push(format!("it was to end otherwise: {}", score.verdict));
        out.extend(failures(run));
    }
    out
}

/// Milliseconds from where it began to go wrong until a trigger fired.
fn fired(play: &Play, wanted: &str) -> Option<u64> {
    use crate::session::decision::Kind;
    let kinds = || play.decided().iter().filter_map(|r| Some((r.at.boot, Kind::read(r).ok()?)));
    let began = kinds().find(|(_, k)| matches!(k, Kind::Troubled { on: true, .. })).map(|(at, _)| at)?;
    let found = kinds().find(|(_, k)| matches!(k, Kind::Fired { trigger, .. } if trigger == wanted));
    found.map(|(at, _)| at.saturating_sub(began))
}

/// What is known of a trigger that did not fire.
fn told(play: &Play, trigger: &str) -> String {
    use crate::session::decision::Kind;
    let others = play.decided().iter().filter_map(|r| match Kind::read(r).ok()? {
        Kind::Fired { trigger, .. } => Some(trigger),
        _ => None,
    });
    let others: Vec<String> = others.filter(|t| t != trigger).collect();
    if others.is_empty() { "nothing did".to_owned() } else { format!("{} did", others.join(", ")) }
}

/// Steps that failed, criteria that do not hold.
fn failures(run: &crate::drill::stage::Stage) -> Vec<String> {
    let view = run.view();
    let steps = run.plan().steps.iter().filter_map(|s| {
        let why = run.state().steps[s.number - 1].failure()?;
        Some(format!("step {} ({}): {why}", s.label, s.step.name))
    });
    let open = view.verification.iter().flat_map(|v| &v.criteria);
    let open = open.filter(|c| c.truth != crate::run::Answer::Holds && view.verified.is_none());
    let criteria = open.map(|c| format!("{}: {}", c.text, c.value));
    steps.chain(criteria).collect()
}
