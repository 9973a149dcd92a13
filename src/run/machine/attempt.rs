//! One step from its guards to its outcome.

use super::{Asked, Doing, Effect, Machine};
use crate::model::playbook::{StepKind, Wait};
use crate::model::time::{Deadline, Now};
use crate::run::plan::PlanStep;
use crate::run::record::{Answer, FileChange, Guard, Kind, Outcome};
use crate::run::state::Stand;

impl Machine {
    /// When something is due about the step under way.
    pub(super) fn step_deadline(&self, step: &PlanStep) -> Option<Deadline> {
        let s = &self.state.steps[step.number - 1];
        match (self.state.stand(&self.plan, step), &step.step.kind) {
            (Stand::Due, _) if step.step.retry_delay > 0 && s.failure().is_some() => {
                s.ended.as_ref().map(|at| Deadline::after(at, step.step.retry_delay))
            }
            (Stand::Running, StepKind::Wait(Wait::For(ms))) => {
                s.started.as_ref().map(|at| Deadline::after(at, *ms))
            }
            (Stand::Running, StepKind::Hold(h)) => s.started.as_ref().map(|at| Deadline::after(at, h.lasts)),
            (Stand::Running, StepKind::Verify(_)) if s.verify.as_ref().is_none_or(|v| v.missed.is_none()) => {
                self.verify_deadline(step)
            }
            _ => None,
        }
    }

    fn is_due(&self, now: &Now, step: &PlanStep) -> bool {
        self.step_deadline(step).is_none_or(|d| d.is_due(now))
    }

    /// The guards of the next attempt, then the attempt.
    pub(super) fn begin(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let n = step.number;
        let held_back = self.state.paused.is_some() && self.state.ending.is_none();
        if held_back || !self.is_due(now, step) {
            return false;
        }
        if let Some(why) = self.not_needed(step) {
            self.record(now, Kind::StepSkipped { step: n, so: false, why }, out);
            return true;
        }
        if let Some(again) = self.before_the_first(now, out) {
            return again;
        }
        let s = &self.state.steps[n - 1];
        if let (Some(when), false) = (&step.when, s.chosen) {
            match &s.when {
                None => return self.ask(n, Asked::When, when.within.unwrap_or(0), out),
                Some((Answer::Fails, detail)) => {
                    let why = format!("not to be done now: {detail}");
                    self.record(now, Kind::StepSkipped { step: n, so: false, why }, out);
                    return true;
                }
                Some((Answer::Blind, _)) => return false,
                Some((Answer::Holds, _)) => {}
            }
        }
        if let (Some(prove), None) = (&step.step.prove, &s.prove) {
            return self.ask(n, Asked::Prove, prove.within.unwrap_or(0), out);
        }
        match (&step.step.already, &s.already) {
            (Some(_), None) => return self.ask(n, Asked::Already, 0, out),
            (Some(_), Some((Answer::Holds, detail))) => {
                let why = format!("already so: {detail}");
                self.record(now, Kind::StepSkipped { step: n, so: true, why }, out);
                return true;
            }
            _ => {}
        }
        // The guards may have taken their time.
        if self.target_is_stale(now) {
            return self.ask(0, Asked::Target, 0, out);
        }
        if matches!(step.step.kind, StepKind::Write(_) | StepKind::Edit(_)) {
            if self.doing == Doing::Nothing {
                self.doing = Doing::Preparing(n);
                out.push(Effect::Prepare { step: n });
            }
            return false;
        }
        self.start(now, step, None, out);
        true
    }

    /// Why a step need not be done, whatever its guards say.
    fn not_needed(&self, step: &PlanStep) -> Option<String> {
        if let Some(p) = step.fallback_of.and_then(|n| self.plan.steps.get(n - 1))
            && !self.state.steps[p.number - 1].has_failed(p)
        {
            return Some(format!("not needed: step {} did not fail", p.label));
        }
        if let Some(value) = self.state.ramp_stopped_at(&self.plan, step) {
            return Some(format!("not needed: good at {value}"));
        }
        // What was not set is not held.
        let act = self
            .plan
            .steps
            .get(step.number.wrapping_sub(2))
            .filter(|_| matches!(step.step.kind, StepKind::Hold(_)))?;
        let value = self.plan.ramp_value(step).unwrap_or_default();
        self.state.steps[act.number - 1].skipped.as_ref().map(|_| format!("not needed: {value} was left out"))
    }

    /// The intent, then the attempt.
    fn start(&mut self, now: &Now, step: &PlanStep, file: Option<FileChange>, out: &mut Vec<Effect>) {
        let n = step.number;
        let attempt = self.state.steps[n - 1].attempt + 1;
        let token = format!("{}.{n}.{attempt}", self.plan.id);
        let name = step.step.name.clone();
        self.record(now, Kind::StepStarting { step: n, name, attempt, token: token.clone(), file }, out);
        if step.changes() || matches!(step.step.kind, StepKind::Capture(_)) {
            self.doing = Doing::Attempt(n);
            out.push(Effect::Start { step: n, attempt, token });
        }
    }

    /// What a file step would change is known, or cannot be.
    pub(super) fn prepared(
        &mut self,
        now: &Now,
        n: usize,
        file: Result<FileChange, String>,
        out: &mut Vec<Effect>,
    ) {
        let Some(step) = self.plan.steps.get(n.wrapping_sub(1)).cloned() else { return };
        let due = self.state.current(&self.plan).is_some_and(|p| p.number == n)
            && self.state.stand(&self.plan, &step) == Stand::Due;
        let held_back = self.state.paused.is_some() && self.state.ending.is_none();
        if !due || held_back || (self.state.aborting.is_some() && self.state.ending.is_none()) {
            return;
        }
        match file {
            Ok(file) if file.before.as_ref() == Some(&file.after) => {
                let why = format!("already so: {} says it already", file.path);
                self.record(now, Kind::StepSkipped { step: n, so: true, why }, out);
            }
            Ok(file) => self.start(now, &step, Some(file), out),
            Err(why) => {
                let attempt = self.state.steps[n - 1].attempt + 1;
                let token = format!("{}.{n}.{attempt}", self.plan.id);
                let name = step.step.name.clone();
                self.record(now, Kind::StepStarting { step: n, name, attempt, token, file: None }, out);
                let outcome = Outcome::Failure { detail: format!("nothing was written: {why}") };
                self.exit(now, n, outcome, out);
            }
        }
    }

    /// The end of an attempt that this machine judges itself.
    fn exit(&mut self, now: &Now, n: usize, outcome: Outcome, out: &mut Vec<Effect>) {
        let attempt = self.state.steps[n - 1].attempt;
        self.record(now, Kind::StepExited { step: n, attempt, outcome, survivors: Vec::new() }, out);
    }

    /// An attempt has begun, by us or by a lost supervisor.
    pub(super) fn go_on(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let n = step.number;
        let s = &self.state.steps[n - 1];
        match &step.step.kind {
            StepKind::Write(_) | StepKind::Edit(_) if s.said.is_none() && self.doing == Doing::Nothing => {
                let detail = "nothing was written: what it would change was not on record".to_owned();
                self.exit(now, n, Outcome::NotStarted { detail }, out);
                true
            }
            StepKind::Run(_)
            | StepKind::Http(_)
            | StepKind::Socket(_)
            | StepKind::Write(_)
            | StepKind::Edit(_)
            | StepKind::Simulated(_) => {
                if self.doing == Doing::Nothing {
                    self.doing = Doing::Attempt(n);
                    out.push(Effect::Recover { step: n, attempt: s.attempt, token: s.token.clone() });
                }
                false
            }
            // It only looks: a lost supervisor's look is begun again.
            StepKind::Capture(_) => {
                if self.doing == Doing::Nothing {
                    self.doing = Doing::Attempt(n);
                    out.push(Effect::Start { step: n, attempt: s.attempt, token: s.token.clone() });
                }
                false
            }
            StepKind::Check(probe) => {
                let within = probe.within.unwrap_or(step.step.timeout);
                self.ask(n, Asked::Check, within, out)
            }
            StepKind::Wait(Wait::Until(_)) => self.ask(n, Asked::Until, step.step.timeout, out),
            StepKind::Wait(Wait::For(ms)) => {
                if !self.is_due(now, step) {
                    return false;
                }
                let detail = format!("waited {} s", *ms as f64 / 1000.0);
                self.exit(now, n, Outcome::Success { detail }, out);
                true
            }
            StepKind::Hold(h) => {
                let detail = match s.judged {
                    Some(true) => format!("good at {}: it stops here", h.value),
                    Some(false) => format!("{} was held, it goes on", h.value),
                    None if !self.is_due(now, step) || s.hold.is_some() => return false,
                    None if h.stop_when.is_none() && h.next_when.is_none() => {
                        format!("{} was held for {} s", h.value, h.lasts as f64 / 1000.0)
                    }
                    None => {
                        if self.doing == Doing::Nothing {
                            self.doing = Doing::Judging(n);
                            out.push(Effect::Judge { step: n });
                        }
                        return false;
                    }
                };
                self.exit(now, n, Outcome::Success { detail }, out);
                true
            }
            StepKind::Verify(_) => self.watch(now, step, out),
            // A person answers; freezing puts other steps in the place of these.
            StepKind::Ask(_) | StepKind::Notify { .. } | StepKind::Procedure { .. } | StepKind::Ramp(_) => {
                false
            }
        }
    }

    /// The conditions at the end of a hold have their answers. One that cannot be judged is a person's.
    pub(super) fn judged(
        &mut self,
        now: &Now,
        step: usize,
        stop: Option<(Answer, String)>,
        next: Option<(Answer, String)>,
        out: &mut Vec<Effect>,
    ) {
        match (stop, next) {
            (Some((Answer::Holds, detail)), _) => {
                self.record(now, Kind::RampJudged { step, stop: true, detail }, out);
            }
            (_, Some((Answer::Fails, detail))) => {
                let detail = format!("it may not go on: {detail}");
                self.exit(now, step, Outcome::Failure { detail }, out);
            }
            (Some((Answer::Blind, detail)), _) | (_, Some((Answer::Blind, detail))) => {
                let (guard, answer) = (Guard::Hold, Answer::Blind);
                self.record(now, Kind::GuardJudged { step, guard, answer, detail }, out);
            }
            (stop, next) => {
                let detail = next.or(stop).map(|(_, detail)| detail).unwrap_or_default();
                self.record(now, Kind::RampJudged { step, stop: false, detail }, out);
            }
        }
    }
}
