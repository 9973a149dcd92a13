//! What a run's machine wants, done on the simulated service.

use super::{LOOK, ONCE, Speech, Stage, TELLS, Under};
use crate::drill::asking::{Scene, rule};
use crate::drill::words::not_yet;
use crate::model::drill::{Rehearse, Simulated, Speaks};
use crate::model::playbook::{Step, StepKind, When};
use crate::model::probe::{Ask, Probe};
use crate::model::template::Template;
use crate::model::text::{clean, clean_line};
use crate::model::time::{Millis, Now};
use crate::run::{Answer, Asked, Effect, Event, Kind, Outcome};
use std::collections::VecDeque;

impl Stage {
    pub(super) fn perform(
        &mut self,
        now: &Now,
        scene: &mut Scene<'_>,
        effect: Effect,
        events: &mut VecDeque<Event>,
    ) {
        match effect {
            Effect::Record(kind) => self.record(now, scene, &kind),
            Effect::Probe { step, asked, within } => match self.plan().asked(step, asked) {
                Some(probe) => {
                    let once = within == 0;
                    let within = if once && rule(&probe).is_some() { ONCE } else { within };
                    let (began, until) = (now.boot, now.boot + within);
                    scene.look(now, rule(&probe).into_iter());
                    let (next, spoken, heard) = (now.boot, None, None);
                    self.under =
                        Some(Under::Probe { step, asked, probe, began, until, once, next, spoken, heard });
                    events.extend(self.due(now, scene, true));
                }
                None => {
                    let (answer, detail) = (Answer::Blind, "there is nothing to ask".to_owned());
                    events.push_back(Event::Probed { step, asked, answer, detail });
                }
            },
            Effect::Prepare { step } => {
                let file = Err("no file is changed in a rehearsal".to_owned());
                events.push_back(Event::Prepared { step, file });
            }
            Effect::Judge { step } => events.push_back(self.judge(now, scene, step)),
            Effect::Page { rung } => self.paging = Some((rung, now.boot + TELLS)),
            Effect::Guard => {
                let rules = self.plan().procedure.guard.as_ref().and_then(|g| rule(&g.probe)).cloned();
                scene.look(now, rules.iter());
                self.under = Some(Under::Guard { began: now.boot, next: now.boot });
                events.extend(self.due(now, scene, true));
            }
            Effect::Start { step, attempt, .. } | Effect::Recover { step, attempt, .. } => {
                if let Err(why) = self.start(now, scene, step, attempt) {
                    let outcome = Outcome::NotStarted { detail: why };
                    events.push_back(Event::Ended { step, attempt, outcome, survivors: Vec::new() });
                }
            }
            Effect::Kill { step, attempt } => {
                self.under = None;
                let outcome = Outcome::Aborted { detail: "ended by TERM".to_owned() };
                events.push_back(Event::Ended { step, attempt, outcome, survivors: Vec::new() });
            }
            Effect::Watch { step } => {
                let plan = self.plan();
                let criteria = plan.verification(&plan.steps[step - 1]).map(|v| v.criteria.clone());
                let criteria = criteria.unwrap_or_default();
                scene.look(now, criteria.iter().filter_map(|c| rule(&c.probe)));
                self.under = Some(Under::Watch { step, began: now.boot, next: now.boot });
                events.extend(self.due(now, scene, true));
            }
            Effect::Unwatch => self.under = None,
            Effect::Finish => {
                self.under = None;
                self.finished = true;
                scene.session.judged_for(now, None);
            }
        }
    }

    fn record(&mut self, now: &Now, scene: &mut Scene<'_>, kind: &Kind) {
        let plan = self.machine.plan();
        self.answers.apply(plan, kind);
        if let Kind::StepStarting { step, .. } = kind
            && let StepKind::Hold(hold) = &plan.steps[*step - 1].step.kind
        {
            self.held = now.boot;
            let rules: Vec<_> = hold.stop_when.iter().chain(&hold.next_when).map(|c| &c.expr).collect();
            scene.look(now, rules.into_iter());
        }
        // Whoever answers a question has done what it asks for.
        if let Kind::StepExited { step, outcome: Outcome::Success { .. }, .. } = kind {
            let answered = &plan.steps[*step - 1].step;
            let set = answered.rehearse.iter().filter(|_| matches!(answered.kind, StepKind::Ask(_)));
            for (name, to) in set.flat_map(|r| &r.set) {
                scene.world.set(now, name, to);
            }
        }
        self.new.push(self.ledger.append(now, kind.parts()));
    }

    /// A step begins.
    fn start(&mut self, now: &Now, scene: &Scene<'_>, step: usize, attempt: u32) -> Result<(), String> {
        let planned = &self.plan().steps[step - 1].step;
        let StepKind::Simulated(sim) = &planned.kind else {
            return Err("it cannot be done in a rehearsal".to_owned());
        };
        let takes = takes(planned, sim);
        let speaks = match &sim.speaks {
            Some(s) => Some(self.request(now, scene, s)?),
            None => None,
        };
        // A name that nothing gives a value stops the step before it begins, as it would for real.
        self.filled(now, scene, &sim.line)?;
        let spoken = speaks.map(|what| self.speak(what, true));
        let (began, ends) = (now.boot, now.boot + takes);
        self.under = Some(Under::Step { step, attempt, began, ends, spoken, heard: None });
        Ok(())
    }

    fn request(&self, now: &Now, scene: &Scene<'_>, s: &Speaks) -> Result<Speaks, String> {
        Ok(Speaks {
            path: Template(self.filled(now, scene, &s.path)?),
            json: s.json.as_ref().map(|v| self.body(now, scene, v)).transpose()?,
            method: s.method.clone(),
        })
    }

    /// Sends a request to the embedded service; the number of its answer.
    fn speak(&mut self, what: Speaks, good: bool) -> u64 {
        self.tickets += 1;
        self.speeches.push(Speech { ticket: self.tickets, what, good });
        self.tickets
    }

    /// The same for a probe that asks a URL; none for another one.
    fn say(&mut self, now: &Now, scene: &Scene<'_>, probe: &Probe, good: bool) -> Option<u64> {
        let Ask::Simulated { speaks: Some(s), .. } = &probe.ask else { return None };
        let what = self.request(now, scene, s).ok()?;
        Some(self.speak(what, good))
    }

    fn body(
        &self,
        now: &Now,
        scene: &Scene<'_>,
        value: &serde_json::Value,
    ) -> Result<serde_json::Value, String> {
        use serde_json::Value;
        Ok(match value {
            Value::String(s) => Value::String(self.filled(now, scene, &Template(s.clone()))?),
            Value::Array(list) => {
                Value::Array(list.iter().map(|v| self.body(now, scene, v)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(k, v)| Ok((k.clone(), self.body(now, scene, v)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        })
    }

    /// What is under way, when its time has come.
    pub(super) fn due(&mut self, now: &Now, scene: &mut Scene<'_>, fresh: bool) -> Option<Event> {
        let t = now.boot;
        match self.under.clone()? {
            Under::Step { spoken: Some(_), .. } => None,
            Under::Step { step, attempt, began, ends, heard, .. } => {
                if ends > t {
                    return None;
                }
                self.under = None;
                let outcome = self.ended(now, scene, step, attempt, t - began, heard);
                Some(Event::Ended { step, attempt, outcome, survivors: Vec::new() })
            }
            Under::Probe { spoken: Some(_), .. } => None,
            Under::Probe { step, asked, probe, began, until, once, next, heard, .. } => {
                let condition = rule(&probe).is_some();
                if next > t && !(fresh && condition) {
                    return None;
                }
                let (mut answer, mut detail) = scene.ask(now, &probe, asked, began);
                let heard = match heard {
                    None if answer != Answer::Blind => {
                        let spoken = self.say(now, scene, &probe, answer == Answer::Holds);
                        if spoken.is_some() {
                            let heard = None;
                            self.under = Some(Under::Probe {
                                step,
                                asked,
                                probe,
                                began,
                                until,
                                once,
                                next,
                                spoken,
                                heard,
                            });
                            return None;
                        }
                        None
                    }
                    heard => heard,
                };
                if let (Answer::Holds, Some(Err(why))) = (answer, heard) {
                    (answer, detail) = (Answer::Fails, clean_line(&why));
                }
                let enough = match answer {
                    Answer::Holds => true,
                    Answer::Fails => once,
                    Answer::Blind => once && !condition,
                };
                if enough || until <= t {
                    self.under = None;
                    return Some(Event::Probed { step, asked, answer, detail });
                }
                let next = until.min(t + probe.every.clamp(1_000, LOOK));
                let (spoken, heard) = (None, None);
                self.under =
                    Some(Under::Probe { step, asked, probe, began, until, once, next, spoken, heard });
                None
            }
            Under::Watch { step, began, next } => {
                if next > t && !fresh {
                    return None;
                }
                let plan = self.plan();
                let v = plan.verification(&plan.steps[step - 1])?;
                let seen: Vec<(Answer, String)> =
                    v.criteria.iter().map(|c| scene.ask(now, &c.probe, Asked::Check, began)).collect();
                let known = self.state().steps[step - 1].verify.clone().unwrap_or_default();
                let new =
                    |i: &usize| known.criteria.get(*i).is_none_or(|k| k.2.is_none() || k.0 != seen[*i].0);
                let new: Vec<(Probe, bool)> = (0..seen.len())
                    .filter(new)
                    .map(|i| (v.criteria[i].probe.clone(), seen[i].0 == Answer::Holds))
                    .collect();
                let (stable_for, until) = (v.stable_for, self.state().steps[step - 1].verify.as_ref());
                let stable = until.and_then(|v| v.stable_since.as_ref()).map(|at| at.boot + stable_for);
                let next = stable.filter(|at| *at > t).unwrap_or(Millis::MAX).min(t + LOOK);
                self.under = Some(Under::Watch { step, began, next });
                for (probe, good) in new {
                    self.say(now, scene, &probe, good);
                }
                Some(Event::Criteria { step, seen })
            }
            Under::Guard { began, next } => {
                if next > t {
                    return None;
                }
                let probe = self.plan().procedure.guard.as_ref().map(|g| g.probe.clone())?;
                self.under = Some(Under::Guard { began, next: t + probe.every.max(10_000) });
                let (answer, detail) = scene.ask(now, &probe, Asked::Check, began);
                (answer != Answer::Blind).then_some(Event::Guarded { answer, detail })
            }
        }
    }

    /// How a step ends whose time has come.
    fn ended(
        &mut self,
        now: &Now,
        scene: &mut Scene<'_>,
        step: usize,
        attempt: u32,
        took: Millis,
        heard: Option<String>,
    ) -> Outcome {
        let planned = self.plan().steps[step - 1].step.clone();
        let StepKind::Simulated(sim) = &planned.kind else {
            return Outcome::NotStarted { detail: "it cannot be done in a rehearsal".to_owned() };
        };
        if planned.timeout > 0 && took >= planned.timeout && wanted(&planned, sim) > planned.timeout {
            return Outcome::TimedOut { detail: format!("no end in {} s", planned.timeout as f64 / 1000.0) };
        }
        let deaf = || {
            let why: Vec<String> = sim.channels.iter().filter_map(|c| scene.world.deaf(c)).collect();
            (!why.is_empty()).then(|| why.join("; "))
        };
        if let Some(why) = scene.world.fails(&sim.names).or(heard) {
            return Outcome::Failure { detail: clean_line(&why) };
        }
        if let Some(why) = deaf() {
            return Outcome::Success { detail: clean_line(&not_yet(&why)) };
        }
        let printed = match &sim.rehearse.stdout {
            Some(text) => match self.filled(now, scene, text) {
                Ok(text) => clean(&text),
                Err(why) => return Outcome::Failure { detail: clean_line(&why) },
            },
            None => String::new(),
        };
        for (name, to) in &sim.rehearse.set {
            scene.world.set(now, name, to);
        }
        let first = printed.lines().next().map(clean_line).unwrap_or_default();
        if !printed.is_empty() {
            self.printed.push((step, attempt, printed));
        }
        let detail = if first.is_empty() { "rehearsed".to_owned() } else { format!("rehearsed: {first}") };
        Outcome::Success { detail }
    }

    /// The end of a hold, on samples fetched now.
    fn judge(&self, now: &Now, scene: &mut Scene<'_>, step: usize) -> Event {
        let StepKind::Hold(hold) = &self.plan().steps[step - 1].step.kind else {
            return Event::HoldJudged { step, stop: None, next: None };
        };
        scene.look(now, hold.stop_when.iter().chain(&hold.next_when).map(|c| &c.expr));
        let judged = |c: &Option<_>| c.as_ref().map(|c| scene.judge(now, c, self.held));
        Event::HoldJudged { step, stop: judged(&hold.stop_when), next: judged(&hold.next_when) }
    }

    /// What came of telling a rung.
    pub(super) fn told(&self, now: &Now, scene: &Scene<'_>, rung: usize) -> Event {
        let Some(rung) = self.plan().playbook.ladder.get(rung) else {
            let detail = "there is no such rung".to_owned();
            return Event::Paged { title: String::new(), detail, told: false };
        };
        let holds = |s: &&Step| match &s.when {
            Some(When::Condition(c)) => {
                let asked = Probe::when(c);
                scene.ask(now, &asked, Asked::When, 0).0 != Answer::Fails
            }
            _ => true,
        };
        let steps: Vec<&Step> = rung.steps.iter().filter(holds).collect();
        let (detail, told) = super::super::words::told(scene.world, &steps);
        Event::Paged { title: rung.title.clone(), detail, told }
    }
}

/// Milliseconds that a step wants.
fn wanted(step: &Step, sim: &Simulated) -> Millis {
    let own = step.rehearse.as_ref().and_then(|r: &Rehearse| r.takes);
    own.or(sim.rehearse.takes).or(step.takes).unwrap_or(1_000)
}

/// Milliseconds after which it ends, done or because its time is over.
fn takes(step: &Step, sim: &Simulated) -> Millis {
    let wanted = wanted(step, sim);
    if step.timeout > 0 { wanted.min(step.timeout) } else { wanted }
}
