//! The run as a machine: what happened goes in, what is to be done comes out. Its memory is the fold of the records it
//! asks for, so a machine made anew from the journal knows the same.

use super::plan::{Plan, PlanStep};
use super::record::{Answer, FileChange, Guard, Kind, Outcome, Request, Verdict, Wish};
use super::state::{Need, Stand, State};
use super::view::between;
use crate::model::playbook::{OnFailure, StepKind, Wait};
use crate::model::time::{Deadline, Millis, Now};

/// Milliseconds between two records of all criteria.
const SAMPLE_EVERY: Millis = 10_000;

/// Milliseconds without a look after which the stability clock starts again.
const LOOK_GAP: Millis = 5_000;

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A supervisor has the run: begin, or go on.
    Ready,
    /// Time passed.
    Tick,
    /// A probe has its answer.
    Probed {
        /// Step number, from 1.
        step: usize,
        /// What was asked.
        asked: Asked,
        /// The answer.
        answer: Answer,
        /// In words, safe to show.
        detail: String,
    },
    /// The attempt's stub runs.
    Began {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// Pid of the stub.
        stub: u32,
    },
    /// The attempt has an outcome.
    Ended {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// The outcome.
        outcome: Outcome,
        /// Processes that ignored KILL: pid and name.
        survivors: Vec<(i32, String)>,
    },
    /// What a step that changes a file is about to change, or why it cannot.
    Prepared {
        /// Step number, from 1.
        step: usize,
        /// The change.
        file: Result<FileChange, String>,
    },
    /// The conditions at the end of a hold, where there are such.
    HoldJudged {
        /// Step number, from 1.
        step: usize,
        /// Is it good here?
        stop: Option<(Answer, String)>,
        /// May it go on?
        next: Option<(Answer, String)>,
    },
    /// A rung of the ladder was told, or not.
    Paged {
        /// Who.
        title: String,
        /// What came of it, safe to show.
        detail: String,
        /// Whether at least one channel took it.
        told: bool,
    },
    /// The target was looked at after it was verified.
    Guarded {
        /// Whether it is what it was.
        answer: Answer,
        /// In words, safe to show.
        detail: String,
    },
    /// The host slept for so many milliseconds.
    Slept(Millis),
    /// All criteria were looked at.
    Criteria {
        /// Step number, from 1.
        step: usize,
        /// Answer, and value or reason (safe to show), of each.
        seen: Vec<(Answer, String)>,
    },
    /// A person asks for something.
    Request {
        /// What, and who.
        request: Request,
        /// Ids of the roles they have, of all that the plan names.
        roles: Vec<String>,
    },
}

/// Which probe of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Guard: must hold before it starts.
    Prove,
    /// Guard: holds when it is done already.
    Already,
    /// Its effect is seen.
    Observe,
    /// The `check` step itself.
    Check,
    /// The condition a `wait` step waits for.
    Until,
    /// Whether it is to be done at all.
    When,
    /// What an unknown attempt did: its `already`, else its `observe`.
    Propose,
    /// Is this the right target? Before the first step; the step's number is 0.
    Target,
    /// Is the target compatible? Before the first step; the step's number is 0.
    Compatible,
}

/// What the world must do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append and sync. When that fails, nothing that follows may be done.
    Record(Kind),
    /// Ask a probe of a step, again and again for `within` milliseconds (once, when 0) until it holds.
    Probe {
        /// Step number, from 1.
        step: usize,
        /// Which probe.
        asked: Asked,
        /// Milliseconds.
        within: Millis,
    },
    /// Find out what a step that changes a file would change. Answered by [`Event::Prepared`].
    Prepare {
        /// Step number, from 1.
        step: usize,
    },
    /// Ask the conditions at the end of a hold. Answered by [`Event::HoldJudged`].
    Judge {
        /// Step number, from 1.
        step: usize,
    },
    /// Tell a rung of the plan's ladder. Answered by [`Event::Paged`].
    Page {
        /// Which, from 0.
        rung: usize,
    },
    /// It is verified: write the report, let go of the service's lock, and look at the target again and again.
    /// Answered by [`Event::Guarded`] each time.
    Guard,
    /// Do the step.
    Start {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// Identity of the attempt.
        token: String,
    },
    /// Find out what an attempt of a lost supervisor did, or wait for it.
    Recover {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// Identity of the attempt.
        token: String,
    },
    /// Stop the attempt that runs (TERM, grace, KILL).
    Kill {
        /// Step number, from 1.
        step: usize,
        /// Attempt, from 1.
        attempt: u32,
    },
    /// Look at the criteria of a step's verification again and again.
    Watch {
        /// Step number, from 1.
        step: usize,
    },
    /// Look no more.
    Unwatch,
    /// Write the report and let go of the lock.
    Finish,
}

/// What this supervisor has under way. Not remembered: a new one begins it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    Asking(usize, Asked),
    Attempt(usize),
    Killing(usize),
    Waiting(usize),
    Watching(usize),
    Done,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Machine {
    plan: Plan,
    state: State,
    doing: Doing,
    looked: Option<Now>,
}

impl Machine {
    /// The machine of a run whose records so far add up to `state`.
    pub fn new(plan: Plan, state: State) -> Machine {
        Machine { plan, state, doing: Doing::Nothing, looked: None }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the records add up to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes in what happened; answers what is to be done, in order.
    pub fn handle(&mut self, now: &Now, event: Event) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.state.is_over() || self.state.started.is_none() {
            return out;
        }
        match event {
            Event::Ready => self.ready(now, &mut out),
            Event::Tick => {}
            Event::Probed { step, asked, answer, detail } => {
                if self.doing == Doing::Asking(step, asked) {
                    self.doing = Doing::Nothing;
                    self.probed(now, step, asked, answer, detail, &mut out);
                }
            }
            Event::Began { step, attempt, stub } => {
                if self.under_way(step, attempt) {
                    self.record(now, Kind::StepStarted { step, attempt, stub }, &mut out);
                }
            }
            Event::Ended { step, attempt, outcome, survivors } => {
                if self.under_way(step, attempt) {
                    self.doing = Doing::Nothing;
                    self.record(now, Kind::StepExited { step, attempt, outcome, survivors }, &mut out);
                }
            }
            Event::Criteria { step, seen } => {
                if self.doing == Doing::Watching(step) {
                    self.criteria(now, step, seen, &mut out);
                }
            }
            Event::Request { request, .. } => self.request(now, request, &mut out),
            Event::Prepared { .. }
            | Event::HoldJudged { .. }
            | Event::Paged { .. }
            | Event::Guarded { .. }
            | Event::Slept(_) => {}
        }
        self.advance(now, &mut out);
        out
    }

    /// When [`Event::Tick`] is due next, for a wait, a retry or a verification's deadline.
    pub fn next_deadline(&self) -> Option<Deadline> {
        let step = self.state.current(&self.plan)?;
        let s = &self.state.steps[step.number - 1];
        match (s.stand(step), &step.step.kind) {
            (Stand::Due, _) if step.step.retry_delay > 0 && s.failure().is_some() => {
                s.ended.as_ref().map(|at| Deadline::after(at, step.step.retry_delay))
            }
            (Stand::Running, StepKind::Wait(Wait::For(ms))) => {
                s.started.as_ref().map(|at| Deadline::after(at, *ms))
            }
            (Stand::Running, StepKind::Verify(_)) if s.verify.as_ref().is_none_or(|v| v.missed.is_none()) => {
                self.verify_deadline(step)
            }
            _ => None,
        }
    }

    fn verify_deadline(&self, step: &PlanStep) -> Option<Deadline> {
        let s = &self.state.steps[step.number - 1];
        Some(Deadline::after(s.started.as_ref()?, self.plan.verification(step)?.within))
    }

    fn record(&mut self, now: &Now, kind: Kind, out: &mut Vec<Effect>) {
        self.state.apply(&kind, now);
        out.push(Effect::Record(kind));
    }

    fn under_way(&self, step: usize, attempt: u32) -> bool {
        matches!(self.doing, Doing::Attempt(n) | Doing::Killing(n) if n == step)
            && self.state.steps.get(step.wrapping_sub(1)).is_some_and(|s| s.attempt == attempt)
    }

    fn ready(&mut self, now: &Now, out: &mut Vec<Effect>) {
        self.doing = Doing::Nothing;
        let watched = self.state.current(&self.plan).map(|p| p.number);
        let stable =
            |n: &usize| self.state.steps[n - 1].verify.as_ref().is_some_and(|v| v.stable_since.is_some());
        if let Some(step) = watched.filter(stable) {
            let why = "the supervisor was lost: nobody looked".to_owned();
            self.record(now, Kind::StabilityRestarted { step, criterion: None, why }, out);
        }
    }

    /// Goes as far as it can without waiting for anything.
    fn advance(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while !self.state.is_over() && self.step_on(now, out) {}
    }

    /// One thing; whether there may be another one at once.
    fn step_on(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        if self.state.aborting.is_some() {
            return self.stop(now, out);
        }
        if let Some((who, reason)) = &self.state.abandoned {
            let why = format!("ended by {}: {reason}", who.user);
            return self.finish(now, Verdict::Abandoned, why, out);
        }
        if let Some((who, reason)) = &self.state.accepted {
            let why = format!("accepted by {}: {reason}", who.user);
            return self.finish(now, Verdict::AcceptedUnverified, why, out);
        }
        let Some(step) = self.state.current(&self.plan).cloned() else {
            return self.end(now, out);
        };
        if matches!(self.doing, Doing::Watching(n) if n != step.number) {
            self.doing = Doing::Nothing;
            out.push(Effect::Unwatch);
        }
        let s = &self.state.steps[step.number - 1];
        match s.stand(&step) {
            Stand::Passed | Stand::Unknown => false,
            Stand::Failed if step.step.on_failure == OnFailure::Ask => false,
            Stand::Failed => {
                let detail = s.failure().unwrap_or_default();
                let why = format!("step {} ({}) failed: {detail}", step.number, step.step.name);
                self.finish(now, Verdict::Failed, why, out)
            }
            Stand::Observing => {
                let within = step.step.observe.as_ref().and_then(|p| p.within).unwrap_or(step.step.timeout);
                self.ask(&step, Asked::Observe, within, out)
            }
            Stand::Running => self.go_on(now, &step, out),
            Stand::Due => self.begin(now, &step, out),
        }
    }

    fn ask(&mut self, step: &PlanStep, asked: Asked, within: Millis, out: &mut Vec<Effect>) -> bool {
        if self.doing == Doing::Nothing {
            self.doing = Doing::Asking(step.number, asked);
            out.push(Effect::Probe { step: step.number, asked, within });
        }
        false
    }

    /// The guards of the next attempt, then the attempt.
    fn begin(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let n = step.number;
        let s = &self.state.steps[n - 1];
        if self.state.paused.is_some() || self.next_deadline().is_some_and(|d| !d.is_due(now)) {
            return false;
        }
        if let (Some(prove), None) = (&step.step.prove, &s.prove) {
            let within = prove.within.unwrap_or(0);
            return self.ask(step, Asked::Prove, within, out);
        }
        match (&step.step.already, &s.already) {
            (Some(_), None) => return self.ask(step, Asked::Already, 0, out),
            (Some(_), Some((Answer::Holds, detail))) => {
                let why = format!("already so: {detail}");
                self.record(now, Kind::StepSkipped { step: n, why }, out);
                return true;
            }
            _ => {}
        }
        let attempt = s.attempt + 1;
        let token = format!("{}.{n}.{attempt}", self.plan.id);
        let name = step.step.name.clone();
        self.record(
            now,
            Kind::StepStarting { step: n, name, attempt, token: token.clone(), file: None },
            out,
        );
        if step.changes() {
            self.doing = Doing::Attempt(n);
            out.push(Effect::Start { step: n, attempt, token });
            return false;
        }
        true
    }

    /// An attempt has begun, by us or by a lost supervisor.
    fn go_on(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let n = step.number;
        let s = &self.state.steps[n - 1];
        match &step.step.kind {
            StepKind::Run(_) | StepKind::Http(_) | StepKind::Socket(_) => {
                if self.doing == Doing::Nothing {
                    self.doing = Doing::Attempt(n);
                    out.push(Effect::Recover { step: n, attempt: s.attempt, token: s.token.clone() });
                }
                false
            }
            StepKind::Check(probe) => {
                let within = probe.within.unwrap_or(step.step.timeout);
                self.ask(step, Asked::Check, within, out)
            }
            StepKind::Wait(Wait::Until(_)) => self.ask(step, Asked::Until, step.step.timeout, out),
            StepKind::Wait(Wait::For(ms)) => {
                self.doing = Doing::Waiting(n);
                if self.next_deadline().is_some_and(|d| !d.is_due(now)) {
                    return false;
                }
                self.doing = Doing::Nothing;
                let outcome = Outcome::Success { detail: format!("waited {} s", *ms as f64 / 1000.0) };
                let attempt = s.attempt;
                self.record(now, Kind::StepExited { step: n, attempt, outcome, survivors: Vec::new() }, out);
                true
            }
            StepKind::Write(_)
            | StepKind::Edit(_)
            | StepKind::Ask(_)
            | StepKind::Notify { .. }
            | StepKind::Capture(_)
            | StepKind::Procedure { .. }
            | StepKind::Ramp(_)
            | StepKind::Hold(_) => false,
            StepKind::Verify(_) => {
                if self.doing == Doing::Nothing {
                    self.doing = Doing::Watching(n);
                    self.looked = None;
                    out.push(Effect::Watch { step: n });
                }
                self.judge_deadline(now, step, out)
            }
        }
    }

    /// Whether a verification's deadline was missed just now.
    fn judge_deadline(&mut self, now: &Now, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let verify = self.state.steps[step.number - 1].verify.as_ref();
        if verify.is_some_and(|v| v.missed.is_some() || v.verified.is_some())
            || self.verify_deadline(step).is_none_or(|d| !d.is_due(now))
        {
            return false;
        }
        let criteria = self.plan.verification(step).map(|v| v.criteria.as_slice()).unwrap_or_default();
        let answer = |i: usize| verify.and_then(|v| v.criteria.get(i)).map_or(Answer::Blind, |c| c.0);
        let named = |wanted: Answer| {
            let which = criteria.iter().enumerate().filter(|(i, _)| answer(*i) == wanted);
            which.map(|(_, c)| c.text.clone()).collect::<Vec<_>>()
        };
        let why = match (named(Answer::Fails), named(Answer::Blind)) {
            (f, b) if f.is_empty() && b.is_empty() => {
                "all criteria hold, but not yet for long enough".to_owned()
            }
            (f, b) if b.is_empty() => format!("does not hold: {}", f.join(", ")),
            (f, b) if f.is_empty() => format!("cannot be judged: {}", b.join(", ")),
            (f, b) => format!("does not hold: {}; cannot be judged: {}", f.join(", "), b.join(", ")),
        };
        self.record(now, Kind::NotVerified { step: Some(step.number), why }, out);
        true
    }

    fn criteria(&mut self, now: &Now, n: usize, seen: Vec<(Answer, String)>, out: &mut Vec<Effect>) {
        let Some(step) = self.plan.steps.get(n - 1).cloned() else { return };
        let Some(v) = self.plan.verification(&step).cloned() else { return };
        let folded = |m: &Machine| m.state.steps[n - 1].verify.clone().unwrap_or_default();
        let before = folded(self);
        for (i, (answer, value)) in seen.iter().enumerate() {
            let known = before.criteria.get(i).is_some_and(|c| c.2.is_some() && c.0 == *answer);
            if !known {
                let (answer, value) = (*answer, value.clone());
                self.record(now, Kind::CriterionChanged { step: n, criterion: i, answer, value }, out);
            }
        }
        let gap = self.looked.as_ref().map_or(0, |at| between(at, now));
        self.looked = Some(now.clone());
        if before.stable_since.is_some() {
            let broken = seen.iter().position(|(a, _)| *a != Answer::Holds);
            let why = match broken {
                Some(i) => Some(format!("{}: {}", v.criteria[i].text, seen[i].1)),
                None => (gap > LOOK_GAP).then(|| format!("nobody looked for {} s", gap / 1000)),
            };
            if let Some(why) = why {
                self.record(now, Kind::StabilityRestarted { step: n, criterion: broken, why }, out);
            }
        }
        let all = seen.len() == v.criteria.len() && seen.iter().all(|(a, _)| *a == Answer::Holds);
        if all && folded(self).stable_since.is_none() {
            self.record(now, Kind::StabilityStarted { step: n }, out);
        }
        if before.sampled.as_ref().is_none_or(|at| between(at, now) >= SAMPLE_EVERY) {
            let values = seen.into_iter().map(|(_, v)| v).collect();
            self.record(now, Kind::VerifySample { step: n, values }, out);
        }
        if let Some(stable_from) = folded(self).stable_since
            && between(&stable_from, now) >= v.stable_for
        {
            let late =
                before.missed.is_some() || self.verify_deadline(&step).is_some_and(|d| d.overdue(now) > 0);
            self.record(now, Kind::Verified { step: n, stable_from, late }, out);
            self.doing = Doing::Nothing;
            out.push(Effect::Unwatch);
        }
    }

    fn probed(
        &mut self,
        now: &Now,
        step: usize,
        asked: Asked,
        answer: Answer,
        detail: String,
        out: &mut Vec<Effect>,
    ) {
        let attempt = self.state.steps[step - 1].attempt;
        let kind = match asked {
            Asked::Prove => Kind::GuardJudged { step, guard: Guard::Prove, answer, detail },
            Asked::Already => Kind::GuardJudged { step, guard: Guard::Already, answer, detail },
            Asked::Observe => Kind::Observed { step, answer, detail },
            Asked::Check | Asked::Until => {
                let outcome = match (answer, asked) {
                    (Answer::Holds, _) => Outcome::Success { detail },
                    (_, Asked::Until) => Outcome::TimedOut { detail },
                    (Answer::Fails, _) => Outcome::Failure { detail },
                    (Answer::Blind, _) => Outcome::Failure { detail: format!("cannot be judged: {detail}") },
                };
                Kind::StepExited { step, attempt, outcome, survivors: Vec::new() }
            }
            Asked::When | Asked::Propose | Asked::Target | Asked::Compatible => return,
        };
        self.record(now, kind, out);
    }

    /// A person stopped the run: what runs is ended first.
    fn stop(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        let running = self.state.current(&self.plan).cloned();
        if let Some(step) = running.filter(|p| self.state.steps[p.number - 1].stand(p) == Stand::Running) {
            let (n, attempt) = (step.number, self.state.steps[step.number - 1].attempt);
            if step.changes() {
                match self.doing {
                    Doing::Killing(_) => {}
                    // A lost supervisor's attempt is found first, then ended.
                    Doing::Nothing => {
                        self.go_on(now, &step, out);
                        self.doing = Doing::Killing(n);
                        out.push(Effect::Kill { step: n, attempt });
                    }
                    _ => {
                        self.doing = Doing::Killing(n);
                        out.push(Effect::Kill { step: n, attempt });
                    }
                }
                return false;
            }
            let outcome = Outcome::Aborted { detail: "stopped while looking; it changes nothing".to_owned() };
            self.record(now, Kind::StepExited { step: n, attempt, outcome, survivors: Vec::new() }, out);
        }
        let why =
            self.state.aborting.as_ref().map(|(who, reason)| format!("stopped by {}: {reason}", who.user));
        self.finish(now, Verdict::Aborted, why.unwrap_or_default(), out)
    }

    /// All steps are behind us.
    fn end(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        if self.state.is_verified() {
            return self.finish(now, Verdict::Verified, String::new(), out);
        }
        if self.state.unverified.is_some() {
            return false;
        }
        let why = "the procedure verifies nothing".to_owned();
        self.record(now, Kind::NotVerified { step: None, why }, out);
        true
    }

    fn finish(&mut self, now: &Now, verdict: Verdict, why: String, out: &mut Vec<Effect>) -> bool {
        self.doing = Doing::Done;
        self.record(now, Kind::RunFinished { verdict, why }, out);
        out.push(Effect::Finish);
        false
    }

    fn request(&mut self, now: &Now, request: Request, out: &mut Vec<Effect>) {
        if self.state.handled.contains(&request.id) {
            return;
        }
        let late = request.expires.is_due(now);
        let refused = match late {
            true => Some(format!("asked {} s too late to be acted on", request.expires.overdue(now) / 1000)),
            false => self.refusal(&request).map(str::to_owned),
        };
        let settled = match (&refused, &request.ask, self.state.current(&self.plan)) {
            (None, Wish::Settle { done, reason }, Some(step)) => {
                let outcome =
                    Outcome::Settled { done: *done, reason: format!("{} ({})", reason, request.who.user) };
                let attempt = self.state.steps[step.number - 1].attempt;
                Some(Kind::StepExited { step: step.number, attempt, outcome, survivors: Vec::new() })
            }
            _ => None,
        };
        let stale_abort = late && matches!(request.ask, Wish::Abort { .. }) && self.state.paused.is_none();
        let (accepted, why) = (refused.is_none(), refused.unwrap_or_default());
        let who = request.who.user.clone();
        self.record(now, Kind::RequestHandled { request, accepted, why }, out);
        if let Some(kind) = settled {
            self.record(now, kind, out);
        }
        if stale_abort {
            let why = format!("{who} asked to stop the run, and that was read too late to be acted on");
            self.record(now, Kind::Paused { why }, out);
        }
    }

    /// Why a request cannot be granted.
    fn refusal(&self, request: &Request) -> Option<&'static str> {
        if request.run != self.plan.id {
            return Some("it names another run");
        }
        if self.state.aborting.is_some() {
            return Some("the run is being stopped already");
        }
        let current = self.state.current(&self.plan);
        let stand = current.map(|p| (p, self.state.steps[p.number - 1].stand(p)));
        match &request.ask {
            Wish::Abort { .. } => None,
            Wish::Pause { .. }
            | Wish::Skip { .. }
            | Wish::DoIt { .. }
            | Wish::AskAgain
            | Wish::Answer { .. }
            | Wish::Approve { .. }
            | Wish::Refuse { .. }
            | Wish::Page
            | Wish::MakeWay { .. } => Some("not yet"),
            Wish::GoOn => self.state.paused.is_none().then_some("the run is not paused"),
            Wish::Abandon { .. } => match stand {
                Some((p, Stand::Running)) if p.changes() => Some("a step is under way: stop the run instead"),
                _ => None,
            },
            Wish::Settle { .. } => match self.state.need(&self.plan) {
                Some(Need::Settle { step, .. } | Need::Decide { step, .. }) => {
                    let attempt = self.state.steps[step - 1].attempt;
                    let same = request.step == Some(step) && request.attempt.is_none_or(|a| a == attempt);
                    (!same).then_some("it is about another step or attempt than the one that waits")
                }
                _ => Some("no step waits to be settled"),
            },
            Wish::Accept { .. } => match stand {
                None => self.state.unverified.is_none().then_some("there is nothing to accept"),
                Some((p, Stand::Running)) if matches!(p.step.kind, StepKind::Verify(_)) => {
                    let more = self.plan.steps[p.number..].iter().any(PlanStep::changes);
                    more.then_some("steps that change something are still to come: end the run instead")
                }
                Some(_) => Some("not everything has been applied yet"),
            },
        }
    }
}

#[cfg(test)]
mod tests;
