//! A run in one line: where it stands, and the clock it is judged by. Words never run ahead of what is known.

use super::verdict;
use crate::run::record::{Answer, Verdict};
use crate::run::state::Need;
use crate::run::view::{RunState, RunView, between};
use crate::session::view::{Gravity, View};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Whether the run is neither over nor refused.
pub fn is_live(run: &RunView) -> bool {
    !matches!(run.state, RunState::Finished | RunState::Refused)
}

/// Whether the run still holds the lock: one that is verified has let go of it, though its target is watched.
pub fn holds_lock(run: &RunView) -> bool {
    is_live(run) && run.verified.is_none()
}

/// A line that says a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Two cells.
    pub mark: &'static str,
    /// In capitals where one must look.
    pub word: String,
    /// What it means.
    pub text: String,
    /// Its colour.
    pub slot: Slot,
    /// Across the whole row.
    pub band: bool,
}

/// Where the run stands.
pub fn line(view: &View, run: &RunView) -> Line {
    let say = |mark, word: &str, text: String, slot, band| Line { mark, word: word.into(), text, slot, band };
    let step = place(run);
    if view.undriven.is_some() && is_live(run) {
        return say("? ", "NOBODY DRIVES IT", format!("{}, {step}", run.title), Slot::Unknown, false);
    }
    if run.drifted.is_some() && is_live(run) {
        let text = match &run.needs {
            Some(_) => "the target was taken back, a person must say",
            None => "the target was taken back",
        };
        return say("!!", "DRIFTED", text.into(), Slot::Critical, true);
    }
    if let Some(until) = run.guarding.as_ref().filter(|_| is_live(run)) {
        let left = format::countdown(until.left(&view.now));
        return say("✓ ", "VERIFIED", format!("watched for another {left}"), Slot::Ok, false);
    }
    match run.state {
        RunState::Requested => {
            say("> ", "REQUESTED", format!("{}, waits for its supervisor", run.title), Slot::Pending, false)
        }
        RunState::Refused => say("!!", "REFUSED", run.why.clone(), Slot::Critical, false),
        RunState::Running if run.paused.is_some() => {
            say("» ", "PAUSED", format!("after {step} nothing more starts"), Slot::Pending, false)
        }
        RunState::Running if view.verdict.gravity == Gravity::Critical => {
            let text = format!("being rolled back by {}, {step}", run.who);
            say("!!", &view.verdict.word, text, Slot::Critical, true)
        }
        RunState::Running => {
            say("▸ ", "RUNNING", format!("{}, {step}, by {}", run.title, run.who), Slot::Accent, false)
        }
        RunState::Verifying => say("» ", "APPLIED, being verified", stable(view, run), Slot::Pending, false),
        RunState::NotVerified => say("!!", "APPLIED, NOT VERIFIED", not_held(run), Slot::Critical, true),
        RunState::Stopping => say("» ", "BEING STOPPED", step, Slot::Pending, false),
        RunState::Waiting => match &run.needs {
            Some(Need::Settle { step, .. }) => say(
                "? ",
                "RUN STOPPED",
                format!("step {} is UNKNOWN, a person must say", label(run, *step)),
                Slot::Unknown,
                false,
            ),
            Some(Need::Decide { step, .. }) => say(
                "!!",
                &format!("STEP {} FAILED", label(run, *step)),
                "the run waits, a person must say".into(),
                Slot::Critical,
                true,
            ),
            Some(Need::Answer { step, question }) => say(
                "? ",
                "RUN ASKS",
                format!("step {}: {}", label(run, *step), question.text.0),
                Slot::Unknown,
                false,
            ),
            Some(Need::Choose { step, .. }) => say(
                "? ",
                "RUN ASKS",
                format!("is step {} to be done? a person must say", label(run, *step)),
                Slot::Unknown,
                false,
            ),
            Some(Need::Approve) => {
                let left = run.approval.as_ref().map(|a| format::countdown(a.deadline.left(&view.now)));
                let left = left.map(|l| format!("{l} left: ")).unwrap_or_default();
                match view.approver.as_ref().is_some_and(|a| a.may) {
                    true => say(
                        "» ",
                        "APPROVE?",
                        format!("{left}{} asks, A opens it", run.who),
                        Slot::Pending,
                        false,
                    ),
                    false => say(
                        "» ",
                        "NEEDS A SECOND PERSON",
                        format!("{left}A, or ripcord approve {}", run.id),
                        Slot::Pending,
                        false,
                    ),
                }
            }
            Some(Need::GoOn { why }) => say("» ", "RUN PAUSED", why.clone(), Slot::Pending, false),
            _ => say("? ", "RUN WAITS", "a person must say".into(), Slot::Unknown, false),
        },
        RunState::Finished => match run.verdict {
            Some(Verdict::Verified) => say("✓ ", "VERIFIED", held_for(run), Slot::Ok, false),
            Some(Verdict::Failed) => say("!!", "FAILED", run.why.clone(), Slot::Critical, false),
            Some(Verdict::AcceptedUnverified) => {
                say("! ", "APPLIED, UNVERIFIED", run.why.clone(), Slot::Warn, false)
            }
            Some(Verdict::Aborted) => say("! ", "STOPPED", run.why.clone(), Slot::Warn, false),
            Some(Verdict::Abandoned) => say("! ", "ENDED WHERE IT WAS", run.why.clone(), Slot::Warn, false),
            None => say("? ", "ENDED", run.why.clone(), Slot::Unknown, false),
        },
    }
}

/// The number of a step, as people read it.
pub fn label(run: &RunView, step: usize) -> &str {
    run.steps.get(step.wrapping_sub(1)).map_or("?", |s| s.label.as_str())
}

/// `step 4 of 9`, `step 1.2 (2 of 9)`.
pub fn place(run: &RunView) -> String {
    let Some(n) = run.current else { return String::new() };
    match label(run, n) {
        l if l == n.to_string() => format!("step {n} of {}", run.steps.len()),
        l => format!("step {l} ({n} of {})", run.steps.len()),
    }
}

/// `stable 2:10 of 5:00`, or why the clock stands.
fn stable(view: &View, run: &RunView) -> String {
    let Some(v) = &run.verification else { return String::new() };
    match &v.stable_since {
        Some(since) => format!(
            "stable {} of {}",
            format::elapsed(between(since, &view.now).min(v.stable_ms)),
            format::elapsed(v.stable_ms)
        ),
        None => format!("not stable: {}", not_held(run)),
    }
}

fn held_for(run: &RunView) -> String {
    match &run.verification {
        Some(v) if v.criteria.len() == 1 => {
            format!("Its criterion held for {}", format::elapsed(v.stable_ms))
        }
        Some(v) => format!("All {} criteria held for {}", v.criteria.len(), format::elapsed(v.stable_ms)),
        None => run.why.clone(),
    }
}

/// `1 criterion fails, 1 is blind`.
fn not_held(run: &RunView) -> String {
    let Some(v) = &run.verification else { return "nothing was verified".into() };
    let count = |a: Answer| v.criteria.iter().filter(|c| c.truth == a).count();
    let fails = match count(Answer::Fails) {
        0 => None,
        1 => Some("1 criterion fails".to_string()),
        n => Some(format!("{n} criteria fail")),
    };
    let blind = match count(Answer::Blind) {
        0 => None,
        1 => Some("1 is blind".to_string()),
        n => Some(format!("{n} are blind")),
    };
    match (fails, blind) {
        (None, None) => "they did not hold for long enough".into(),
        (a, b) => [a, b].into_iter().flatten().collect::<Vec<_>>().join(", "),
    }
}

/// `RTO  3:41 of 10:00`, of the first objective that counts.
pub fn objective(view: &View, run: &RunView) -> Option<String> {
    let now = run.ended.as_ref().unwrap_or(&view.now);
    let o = run.objectives.iter().find(|o| o.from.is_some())?;
    let took = format::elapsed(o.took(now)?);
    let within = format::elapsed(o.within_ms);
    Some(match (o.kept(now), o.provisional) {
        (Some(true), _) => format!("{} {took} of {within}, kept", o.title),
        (Some(false), _) => format!("{} {took} of {within}, MISSED", o.title),
        (None, true) => format!("{} {took} if it holds", o.title),
        (None, false) => format!("{}  {took} of {within}", o.title),
    })
}

/// Draws it as row 2.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    let line = line(scene.view, run);
    let right = objective(scene.view, run).unwrap_or_default();
    verdict::line(canvas, area, line.mark, &line.word, &line.text, &right, line.slot, line.band);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::{run_in, verifying};

    #[test]
    fn no_word_runs_ahead_of_what_is_known() {
        for state in [
            RunState::Requested,
            RunState::Running,
            RunState::Verifying,
            RunState::NotVerified,
            RunState::Stopping,
        ] {
            let view = run_in(state);
            let line = line(&view, view.run.as_ref().unwrap());
            assert!(
                !line.word.contains("VERIFIED") || line.word.contains("NOT VERIFIED"),
                "{state:?}: {line:?}"
            );
            assert_ne!(line.mark, "✓ ", "{state:?}");
        }
    }

    #[test]
    fn a_clock_that_stands_says_why() {
        let mut view = verifying();
        view.run.as_mut().unwrap().verification.as_mut().unwrap().stable_since = None;
        let text = line(&view, view.run.as_ref().unwrap()).text;
        assert_eq!(text, "not stable: 1 criterion fails, 1 is blind");
    }
}
