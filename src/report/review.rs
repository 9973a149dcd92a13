//! The skeleton of a post-incident review: filled where something was measured, and marked where people must write.

use super::decided::responses;
use super::doc::Section;
use super::impact::window;
use super::known::{Ran, Story};
use super::run::{judged, verdict};
use super::{length, moment, stamp};
use crate::run::view::{StepState, between};
use crate::session::outbox::Fate;

/// The section.
pub(super) fn section(story: &Story<'_>) -> Section {
    let mut out = Section::new("Post-incident review");
    out.text("What stands here was measured or is on record. The rest is for people; it blames nobody.");
    out.sub("What happened")
        .list(happened(story))
        .blank("what happened, in three sentences for somebody who was not there?");
    out.sub("Who and what was hit")
        .list(hit(story))
        .blank("which users and which business were hit, and was data lost?");
    out.sub("How it was noticed")
        .list(noticed(story))
        .blank("who or what noticed it first, and what would have noticed it sooner?");
    out.sub("What was done")
        .list(done(story))
        .blank("what did people know when they decided, and what was missing?");
    out.sub("How it was over").list(over(story)).blank("what is still not as it was before?");
    out.sub("What went well").list(well(story)).blank("what else went well?");
    out.sub("What did not go well")
        .list(badly(story))
        .blank("what else did not, and where was it only luck?");
    out.sub("Why it came to this").blank("what were the causes, and why was each not caught earlier?");
    out.sub("What follows").list(open(story)).blank("which actions, each with one owner and a date?");
    out
}

fn happened(story: &Story<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(i) = &story.incident {
        out.push(format!("{} opened at {}: {}", i.id, stamp(&i.since), i.reason));
        if let Some((at, who, why)) = &i.closed {
            let by = who.as_ref().map(|w| format!(" by {}", w.user)).unwrap_or_default();
            out.push(format!("{} was over at {}{by}: {why}", i.id, stamp(at)));
        }
    }
    for f in story.firings() {
        out.push(format!("{} fired at {}.", story.trigger(f.trigger), stamp(f.at)));
    }
    for run in &story.runs {
        let (title, id) = (&run.plan.procedure.title, &run.plan.id);
        out.push(format!(
            "{title} was confirmed at {} by {} (run {id}): {}.",
            stamp(&run.view.requested),
            run.view.who,
            verdict(run)
        ));
    }
    for clock in story.clocks.iter().filter(|c| super::decided::is_held(c)) {
        out.push(format!(
            "Decision {}: {}. No rollback followed from it.",
            clock.id,
            super::decided::ended(clock)
        ));
    }
    out
}

fn hit(story: &Story<'_>) -> Vec<String> {
    let impact = window(story);
    let line = match (impact.from, impact.to) {
        (Some(from), Some(to)) => {
            format!("For {}, from {} to {}.", length((to - from).max(0) as u64), moment(from), moment(to))
        }
        (Some(from), None) => format!("From {} on; when it ended is unknown.", moment(from)),
        (None, _) => format!("For how long is unknown: {}.", impact.basis),
    };
    vec![line]
}

fn noticed(story: &Story<'_>) -> Vec<String> {
    let firings = story.firings();
    let Some(first) = firings.first() else {
        return vec!["No trigger fired; how it was noticed is not on record.".into()];
    };
    let took = length(between(first.true_since, first.at));
    let mut out = vec![format!(
        "{} was true from {} and fired {took} later.",
        story.trigger(first.trigger),
        stamp(first.true_since)
    )];
    if let Some(from) = window(story).from.filter(|from| *from <= first.at.wall) {
        let took = length((first.at.wall - from).max(0) as u64);
        out.push(format!("From the first sample over a threshold to the firing: {took}."));
    }
    out
}

fn done(story: &Story<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for run in &story.runs {
        let id = &run.plan.id;
        let since = |at: &crate::model::time::Now| length(between(&run.view.requested, at));
        let first = run.plan.steps.iter().filter(|p| p.changes());
        let first =
            first.filter_map(|p| run.state.steps[p.number - 1].began.as_ref()).min_by_key(|at| at.wall);
        let first = first.map_or("never began".into(), |at| format!("began after {}", since(at)));
        let effect = run.view.observed.as_ref().or(run.view.applied.as_ref());
        let effect = effect.map_or("it never took effect on record".into(), |at| {
            format!("it took effect after {}", since(at))
        });
        out.push(format!("Run {id}: counted from its confirmation, the first change {first}; {effect}."));
    }
    for clock in &story.clocks {
        let first = clock.said.first();
        out.push(match first {
            Some(w) => format!(
                "Decision {}: the first word came {} after it was opened.",
                clock.id,
                length(between(&clock.at, &w.at))
            ),
            None => format!("Decision {}: nobody said anything.", clock.id),
        });
    }
    out
}

fn over(story: &Story<'_>) -> Vec<String> {
    let one = |run: &Ran<'_>| {
        let id = &run.plan.id;
        match (&run.view.verified, &run.state.unverified) {
            (Some(at), _) => format!("Run {id} was verified at {}.", stamp(at)),
            (None, Some((_, why))) => format!("Run {id} was not verified: {why}."),
            (None, None) => format!("Run {id} was not verified."),
        }
    };
    story.runs.iter().map(one).collect()
}

fn well(story: &Story<'_>) -> Vec<String> {
    let kept = story.runs.iter().flat_map(|r| &r.view.objectives).filter_map(|o| match judged(o) {
        (Some(took), "kept") => {
            Some(format!("{}: {} of {} allowed.", o.title, length(took), length(o.within_ms)))
        }
        _ => None,
    });
    kept.chain(responded(story, "kept")).collect()
}

fn badly(story: &Story<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for run in &story.runs {
        for o in &run.view.objectives {
            match judged(o) {
                (Some(took), "MISSED") => {
                    out.push(format!(
                        "{} was missed: {} of {} allowed.",
                        o.title,
                        length(took),
                        length(o.within_ms)
                    ));
                }
                (_, word) if word.starts_with("unknown") => {
                    out.push(format!("{} was never reached.", o.title))
                }
                _ => {}
            }
        }
        let bad = run.view.steps.iter().filter(|s| matches!(s.state, StepState::Failed | StepState::Unknown));
        out.extend(bad.map(|s| format!("Step {} ({}): {}, {}.", s.label, s.name, s.state.word(), s.detail)));
        let again = run.view.verification.as_ref().map_or(0, |v| v.restarts.len());
        if again > 0 {
            out.push(format!("The stability clock of run {} started again {again} time(s).", run.plan.id));
        }
    }
    out.extend(responded(story, "MISSED"));
    let lost = story.letters().into_iter().filter(|p| p.fate == Fate::GivenUp);
    out.extend(
        lost.map(|p| format!("A message to {} was not delivered: {}", p.letter.title, p.letter.subject)),
    );
    out
}

/// Responses judged with a word.
fn responded(story: &Story<'_>, word: &str) -> Vec<String> {
    let rows = responses(story).into_iter().filter(|row| row[3].text() == word);
    rows.map(|row| format!("{}: {} of {} allowed.", row[0].text(), row[2].text(), row[1].text())).collect()
}

fn open(story: &Story<'_>) -> Vec<String> {
    let frozen = story.runs.iter().flat_map(|r| &r.view.frozen);
    frozen.map(|f| format!("{} is frozen still; {} lets it go on.", f.what, f.undo)).collect()
}
