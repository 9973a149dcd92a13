//! What is shown of a drill: its trouble, its score, what its steps print.

use super::Rehearsal;
use super::pace::SPEEDS;
use crate::drill::score::{Tape, score};
use crate::model::condition::duration;
use crate::model::drill::Chaos;
use crate::model::playbook::Playbook;
use crate::model::rehearsal::Score;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::session::view::{DraftView, DrillView, Found, Output, ScoreRow, ScoreView, TroubleView, View};

/// Lines of a page of output.
const PAGE: usize = 400;

impl Rehearsal {
    /// What is shown now.
    pub fn view(&self) -> View {
        let now = self.now();
        let mut view = self.play.session().view(&now);
        view.environment = "simulated".into();
        view.troubles = self.troubles(&now);
        view.drill = Some(DrillView { speed: SPEEDS[self.pace.speed] });
        let tape = Tape::of(&self.play);
        let ran = !tape.runs.is_empty();
        view.score = Some(scored(score(&tape, &now), ran, now.boot.saturating_sub(self.began.boot)));
        view.why = self.why.as_ref().map(|of| self.play.session().why(&now, of));
        view.output = self.output();
        view.composed.clone_from(&self.composed);
        view.draft = self.draft.as_ref().map(|d| {
            let left = d.made.plan.as_ref().map_or(0, |p| p.expires.left(&now));
            DraftView { expires_ms: left, ..d.shown.clone() }
        });
        view
    }

    fn troubles(&self, now: &Now) -> Vec<TroubleView> {
        let Some(drill) = &self.play.playbook().drill else { return Vec::new() };
        let taken: Vec<char> = drill.chaos.values().filter_map(|c| c.key).collect();
        let mut spare = ('1'..='9').chain('a'..='z').filter(|c| !taken.contains(c));
        let shown = drill.chaos.iter().map(|(id, chaos)| {
            let on = self.play.world().troubles().iter().rfind(|t| t.id == *id && t.is_on());
            TroubleView {
                id: id.clone(),
                key: chaos.key.or_else(|| spare.next()).unwrap_or('?'),
                title: clean_line(if chaos.title.is_empty() { id } else { &chaos.title }),
                expects: expects(self.play.playbook(), chaos),
                cured: on.is_some_and(|t| t.cured()),
                on_ms: on.map(|t| t.since(now.boot)),
                left_ms: on.map(|t| t.left(now.boot)),
            }
        });
        shown.collect()
    }

    fn output(&self) -> Output {
        let run = self.play.run().or(self.play.past().last());
        let Some((step, attempt, text)) = run.and_then(|r| r.printed().last()) else {
            return Output::default();
        };
        let all: Vec<String> = text.lines().map(clean_line).collect();
        let end = self.output.0.map_or(all.len(), |l| (l + 1).min(all.len()));
        let before = end.saturating_sub(PAGE);
        Output {
            step: *step,
            attempt: *attempt,
            before,
            total: all.len(),
            lines: all[before..end].to_vec(),
            found: self.output.1.clone(),
        }
    }

    /// Looks for a line of the output.
    pub(super) fn find(&mut self, sought: String, from: Option<usize>, back: bool) {
        let run = self.play.run().or(self.play.past().last());
        let text = run.and_then(|r| r.printed().last()).map(|(.., text)| text.clone()).unwrap_or_default();
        let hits: Vec<usize> =
            text.lines().enumerate().filter(|(_, l)| l.contains(&sought)).map(|(i, _)| i).collect();
        let line = match (from, back) {
            (None, _) => hits.last().copied(),
            (Some(at), false) => hits.iter().find(|l| **l > at).or(hits.first()).copied(),
            (Some(at), true) => hits.iter().rev().find(|l| **l < at).or(hits.last()).copied(),
        };
        let nth = line.and_then(|l| hits.iter().position(|h| *h == l)).map_or(0, |at| at + 1);
        self.output.1 = Some(Found { sought, line, nth, of: hits.len() });
    }
}

/// A score, as it is shown; before anything `ran` there are no points. `elapsed_ms` are since it began.
pub(in crate::driver) fn scored(s: Score, ran: bool, elapsed_ms: Millis) -> ScoreView {
    let row = |what: &str, took_ms, target_ms| ScoreRow { what: what.into(), took_ms, target_ms };
    let mut rows = vec![
        row("Seen", s.detected, None),
        row("Fired", s.fired, None),
        row("Decided", s.decided, None),
        row("First action", s.acted, None),
        row("Took effect", s.effect, None),
        row("Stable", s.verified, None),
        row("Told", s.told, None),
    ];
    rows.extend(s.objectives.iter().map(|o| row(&o.title, o.took, Some(o.within))));
    let automation = if ran { s.automation } else { String::new() };
    ScoreView { elapsed_ms, rows, points: ran.then_some(s.points), automation, wrong: s.wrong }
}

/// What ought to come of a trouble, in words.
fn expects(playbook: &Playbook, chaos: &Chaos) -> String {
    let title = |id: &String| playbook.triggers.get(id).map_or(id.clone(), |t| t.title.clone());
    let within = |ms: Option<Millis>| ms.map(|ms| format!(" in {}", duration(ms))).unwrap_or_default();
    match &chaos.expect {
        Some(e) => match &e.trigger {
            Some(id) => format!("expects {}{}", clean_line(&title(id)), within(e.within)),
            None => "expects nothing to fire".into(),
        },
        None if !chaos.fail_steps.is_empty() => format!("fails {}", chaos.fail_steps.join(", ")),
        None if !chaos.fail_channels.is_empty() => format!("deaf: {}", chaos.fail_channels.join(", ")),
        None => String::new(),
    }
}
