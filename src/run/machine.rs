//! The run as a machine: what happened goes in, what is to be done comes out. Its memory is the fold of the records it
//! asks for, so a machine made anew from the journal knows the same.

mod after;
mod attempt;
mod before;
mod ending;
mod late;
mod requests;
mod verify;

use super::plan::{Plan, PlanStep};
use super::record::{Answer, FileChange, Guard, Kind, Outcome, Request, Verdict};
use super::state::{Stand, State};
use crate::model::playbook::OnFailure;
use crate::model::time::{Deadline, Millis, Now};

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
    Preparing(usize),
    Attempt(usize),
    Killing(usize),
    Judging(usize),
    Watching(usize),
    Guarding,
    Done,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Machine {
    plan: Plan,
    state: State,
    doing: Doing,
    /// When the criteria were looked at last.
    looked: Option<Now>,
    /// A rung is being told.
    paging: bool,
}

impl Machine {
    /// The machine of a run whose records so far add up to `state`.
    pub fn new(plan: Plan, state: State) -> Machine {
        Machine { plan, state, doing: Doing::Nothing, looked: None, paging: false }
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
            Event::Prepared { step, file } => {
                if self.doing == Doing::Preparing(step) {
                    self.doing = Doing::Nothing;
                    self.prepared(now, step, file, &mut out);
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
            Event::HoldJudged { step, stop, next } => {
                if self.doing == Doing::Judging(step) {
                    self.doing = Doing::Nothing;
                    self.judged(now, step, stop, next, &mut out);
                }
            }
            Event::Criteria { step, seen } => {
                if self.doing == Doing::Watching(step) {
                    self.criteria(now, step, seen, &mut out);
                }
            }
            Event::Guarded { answer, detail } => {
                if self.doing == Doing::Guarding {
                    self.guarded(now, answer, detail, &mut out);
                }
            }
            Event::Paged { title, detail, told } => {
                self.paging = false;
                self.record(now, Kind::Paged { title, detail, told }, &mut out);
            }
            Event::Slept(ms) => self.slept(now, ms, &mut out),
            Event::Request { request, roles } => self.request(now, request, &roles, &mut out),
        }
        self.advance(now, &mut out);
        out
    }

    /// When [`Event::Tick`] is due next.
    pub fn next_deadline(&self) -> Option<Deadline> {
        if self.state.is_over() {
            return None;
        }
        let approval =
            self.state.awaits_approval(&self.plan).then(|| self.state.approval_deadline(&self.plan));
        let step = self.state.current(&self.plan).and_then(|step| self.step_deadline(step));
        let due = [approval.flatten(), step, self.state.guarding.clone(), self.late_deadline()];
        due.into_iter().flatten().min_by_key(|d| d.due_wall)
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
        self.paging = false;
        self.restart_stability(now, "the supervisor was lost: nobody looked".to_owned(), out);
    }

    fn slept(&mut self, now: &Now, ms: Millis, out: &mut Vec<Effect>) {
        self.record(now, Kind::HostSlept { ms }, out);
        self.looked = None;
        self.restart_stability(now, format!("the host slept for {} s: nobody looked", ms / 1000), out);
    }

    /// Goes as far as it can without waiting for anything.
    fn advance(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while !self.state.is_over() && self.step_on(now, out) {}
    }

    /// One thing; whether there may be another one at once.
    fn step_on(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        if self.inherit(now, out) {
            return true;
        }
        if let Some(again) = self.left_by_a_person(now, out) {
            return again;
        }
        if self.state.ending.is_none() && self.state.awaits_approval(&self.plan) {
            return self.await_approval(now, out);
        }
        if self.record_late(now, out) {
            return true;
        }
        let step = self.state.current(&self.plan).cloned();
        if let Doing::Watching(n) = self.doing
            && step.as_ref().is_none_or(|p| p.number != n)
        {
            self.doing = Doing::Nothing;
            out.push(Effect::Unwatch);
        }
        let Some(step) = step else { return self.end(now, out) };
        match self.state.stand(&self.plan, &step) {
            Stand::Passed => false,
            Stand::Unknown => self.propose(&step, out),
            Stand::Failed if step.step.on_failure == OnFailure::Ask => false,
            Stand::Failed => {
                let detail = self.state.steps[step.number - 1].failure().unwrap_or_default();
                let why = format!("step {} ({}) failed: {detail}", step.label, step.step.name);
                self.leave(now, Verdict::Failed, why, out)
            }
            Stand::Observing => {
                let within = step.step.observe.as_ref().and_then(|p| p.within).unwrap_or(step.step.timeout);
                self.ask(step.number, Asked::Observe, within, out)
            }
            Stand::Running => self.go_on(now, &step, out),
            Stand::Due => self.begin(now, &step, out),
        }
    }

    fn ask(&mut self, step: usize, asked: Asked, within: Millis, out: &mut Vec<Effect>) -> bool {
        if self.doing == Doing::Nothing {
            self.doing = Doing::Asking(step, asked);
            out.push(Effect::Probe { step, asked, within });
        }
        false
    }

    /// A probe that can say what an unknown attempt did is asked once; a person settles it.
    fn propose(&mut self, step: &PlanStep, out: &mut Vec<Effect>) -> bool {
        let can_say = step.step.already.is_some() || step.step.observe.is_some();
        if can_say && self.state.steps[step.number - 1].proposal.is_none() {
            self.ask(step.number, Asked::Propose, 0, out);
        }
        false
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
        let attempt = self.state.steps.get(step.wrapping_sub(1)).map_or(0, |s| s.attempt);
        let guard = |guard| Kind::GuardJudged { step, guard, answer, detail: detail.clone() };
        let kind = match asked {
            Asked::Prove | Asked::Target => guard(Guard::Prove),
            Asked::Compatible => guard(Guard::Compatible),
            Asked::Already => guard(Guard::Already),
            Asked::When => guard(Guard::When),
            Asked::Observe => Kind::Observed { step, answer, detail },
            Asked::Propose => Kind::Proposed { step, answer, detail },
            Asked::Check | Asked::Until => {
                let outcome = match (answer, asked) {
                    (Answer::Holds, _) => Outcome::Success { detail },
                    (_, Asked::Until) => Outcome::TimedOut { detail },
                    (Answer::Fails, _) => Outcome::Failure { detail },
                    (Answer::Blind, _) => Outcome::Failure { detail: format!("cannot be judged: {detail}") },
                };
                Kind::StepExited { step, attempt, outcome, survivors: Vec::new() }
            }
        };
        self.record(now, kind, out);
    }

    fn finish(&mut self, now: &Now, verdict: Verdict, why: String, out: &mut Vec<Effect>) -> bool {
        self.doing = Doing::Done;
        self.record(now, Kind::RunFinished { verdict, why }, out);
        out.push(Effect::Finish);
        false
    }
}

#[cfg(test)]
mod tests;
