//! What a run knows of itself, by name.

use crate::model::condition::duration;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::given::bare;
use crate::run::plan::{Plan, PlanStep};
use crate::run::record::{Answer, Outcome, Verdict};
use crate::run::state::State;
use crate::run::view::{ObjectiveView, RunState, RunView, StepState, between};
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// A run under way, for the names that only it knows.
#[derive(Debug)]
pub struct Running<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// What its records add up to.
    pub state: &'a State,
    /// What people answered, by the question's name.
    pub answers: &'a BTreeMap<String, String>,
    /// Signals now, as people read them.
    pub signals: &'a IndexMap<String, String>,
    /// Signals when it was started, as people read them.
    pub firing: &'a IndexMap<String, String>,
    /// What the matrix says.
    pub verdict: &'a str,
    /// Now.
    pub now: &'a Now,
}

/// What stands for a moment or value that is not there yet.
const NOT_YET: &str = "not yet";

impl Running<'_> {
    /// The value of a name; `None` when it is no name of a run.
    pub fn value(&self, name: &str) -> Option<String> {
        let (kind, rest) = name.split_once('.').unwrap_or((name, ""));
        let view = || RunView::of(self.plan, self.state);
        Some(match (kind, rest) {
            ("run", "dir") => self.dir(),
            ("run", "report") => format!("{}/report.md", self.dir()),
            ("run", "elapsed") => {
                let from = self.state.started.as_ref().unwrap_or(&self.plan.confirmed_at);
                duration(between(from, self.now))
            }
            ("run", "effect") => {
                let view = view();
                view.observed
                    .as_ref()
                    .or(view.applied.as_ref())
                    .map_or_else(|| NOT_YET.into(), |at| moment(at.wall))
            }
            ("run", "outcome") => self.outcome(&view()),
            ("run", "state") => self.stands(&view()),
            ("verdict", "") => clean_line(self.verdict),
            ("incident", "id") => incident(self.plan),
            ("incident", "started") => moment(self.began().wall),
            ("incident", "age") => duration(between(self.began(), self.now)),
            ("objective", id) => {
                let at = self.plan.playbook.objectives.get_index_of(id)?;
                self.objective(view().objectives.get(at)?)
            }
            // A question that was left without an answer.
            ("answers", id) => self.answers.get(id).cloned().unwrap_or_default(),
            ("steps", rest) => self.ramp(rest.strip_suffix(".value")?)?,
            ("signal", rest) => match rest.strip_suffix(".firing") {
                Some(id) => self.signals_or_unknown(self.firing, id),
                None => self.signals_or_unknown(self.signals, rest),
            },
            _ => return None,
        })
    }

    fn dir(&self) -> String {
        format!("{}/runs/{}", self.plan.home, self.plan.id)
    }

    /// When the trouble began: the first firing, else the confirmation.
    fn began(&self) -> &Now {
        self.plan.cause.as_ref().map_or(&self.plan.confirmed_at, |c| &c.firing_since)
    }

    fn signals_or_unknown(&self, of: &IndexMap<String, String>, id: &str) -> String {
        of.get(id).map_or_else(|| "unknown".to_owned(), |v| clean_line(v))
    }

    /// The ramp's value that was set last, or found in place.
    fn ramp(&self, id: &str) -> Option<String> {
        let parts =
            self.plan.steps.iter().filter(|s| s.ramp.as_ref().is_some_and(|r| r.id.as_deref() == Some(id)));
        let acts: Vec<&PlanStep> = parts.filter(|s| s.changes()).collect();
        if acts.is_empty() {
            return None;
        }
        let last = acts.iter().rev().find(|s| {
            let of = &self.state.steps[s.number - 1];
            let done =
                matches!(of.outcome, Some(Outcome::Success { .. } | Outcome::Settled { done: true, .. }));
            done || (of.skipped.is_some() && matches!(of.already, Some((Answer::Holds, _))))
        });
        let value = |s: &&PlanStep| s.ramp.as_ref().map(|r| bare(&r.value).to_owned());
        last.and_then(value)
    }

    fn objective(&self, o: &ObjectiveView) -> String {
        let Some(took) = o.took(self.now) else { return NOT_YET.into() };
        let so_far = if o.to.is_none() || o.provisional { " so far" } else { "" };
        let kept = if o.kept(self.now) == Some(false) { ", missed" } else { "" };
        format!("{}{so_far} of {}{kept}", duration(took), duration(o.within_ms))
    }

    fn outcome(&self, view: &RunView) -> String {
        let failed = view.steps.iter().find(|s| s.state == StepState::Failed);
        match (view.verdict, failed) {
            (Some(Verdict::Verified), _) => "verified".into(),
            (Some(Verdict::AcceptedUnverified), _) => "accepted unverified".into(),
            (Some(Verdict::Failed), _) => "failed".into(),
            (Some(Verdict::Aborted), _) => "stopped".into(),
            (Some(Verdict::Abandoned), _) => "ended by hand".into(),
            _ if self.state.aborting.is_some() => "stopped".into(),
            _ if self.state.unverified.is_some() => "applied, not verified".into(),
            (None, Some(step)) => {
                format!("failed at step {}", clean_line(&self.plan.steps[step.index - 1].label))
            }
            _ if view.verified.is_some() => "verified".into(),
            _ if view.observed.is_some() => "observed, not verified yet".into(),
            _ if view.applied.is_some() => "applied, not verified yet".into(),
            _ => "under way".into(),
        }
    }

    fn stands(&self, view: &RunView) -> String {
        let step = view.current.and_then(|n| self.plan.steps.get(n - 1));
        let at = step.map_or_else(String::new, |s| format!(", step {}: {}", s.label, s.step.name));
        let word = match view.state {
            RunState::Requested => "requested",
            RunState::Refused => "refused",
            RunState::Running => "running",
            RunState::Verifying => "being verified",
            RunState::NotVerified => "applied, not verified",
            RunState::Waiting => "waiting for a person",
            RunState::Stopping => "being stopped",
            RunState::Finished => return self.outcome(view),
        };
        clean_line(&format!("{word}{at}"))
    }
}

/// `INC-2026-11-21-3f2a`: the day the trouble began, and the end of the run's id.
pub fn incident(plan: &Plan) -> String {
    let began = plan.cause.as_ref().map_or(&plan.confirmed_at, |c| &c.firing_since);
    let at = jiff::Timestamp::from_millisecond(began.wall).unwrap_or_default();
    let tail = plan.id.rsplit('-').next().unwrap_or(&plan.id);
    format!("INC-{}-{tail}", at.strftime("%Y-%m-%d"))
}

fn moment(wall: i64) -> String {
    jiff::Timestamp::from_millisecond(wall).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
