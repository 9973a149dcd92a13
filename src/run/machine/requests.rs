//! What people ask of a run, and why it may be refused.

use super::{Asked, Doing, Effect, Machine};
use crate::model::playbook::{Question, StepKind};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::approval;
use crate::run::plan::PlanStep;
use crate::run::record::{Kind, Outcome, Request, Wish};
use crate::run::state::{Need, Stand};

/// Bytes of an answer that are kept.
const ANSWER: usize = 4096;

impl Machine {
    /// Answers a request, once.
    pub(super) fn request(&mut self, now: &Now, request: Request, roles: &[String], out: &mut Vec<Effect>) {
        if self.state.handled.contains(&request.id) {
            return;
        }
        let late = request.expires.is_due(now);
        let granted = match late {
            true => Err(format!("asked {} s too late to be acted on", request.expires.overdue(now) / 1000)),
            false => self.grant(&request, roles),
        };
        let stoppable = self.state.aborting.is_none() && self.state.paused.is_none();
        let stale_abort = late && stoppable && matches!(request.ask, Wish::Abort { .. });
        let who = request.who.user.clone();
        let (accepted, why, follows) = match granted {
            Ok(follows) => (true, String::new(), follows),
            Err(why) => (false, why, Vec::new()),
        };
        let page = accepted && request.ask == Wish::Page;
        let settles =
            accepted && matches!(request.ask, Wish::Settle { .. } | Wish::Skip { .. } | Wish::DoIt { .. });
        self.record(now, Kind::RequestHandled { request, accepted, why }, out);
        for kind in follows {
            self.record(now, kind, out);
        }
        // An answer that is still on its way is nobody's business any more.
        if settles && matches!(self.doing, Doing::Asking(_, Asked::Propose | Asked::When)) {
            self.doing = Doing::Nothing;
        }
        if page {
            self.paging = true;
            out.push(Effect::Page { rung: self.state.paged.len() });
        }
        if stale_abort {
            let why = format!("{who} asked to stop the run, and that was read too late to be acted on");
            self.record(now, Kind::Paused { why }, out);
        }
    }

    /// The records that follow when it is granted, or why it cannot be.
    fn grant(&self, request: &Request, roles: &[String]) -> Result<Vec<Kind>, String> {
        if request.run != self.plan.id {
            return Err("it names another run".to_owned());
        }
        let ending = self.state.ending.is_some();
        if self.state.cut || (self.state.aborting.is_some() && !ending) {
            return Err("the run is being stopped already".to_owned());
        }
        let need = self.state.need(&self.plan);
        let current = self.state.current(&self.plan);
        let stand = current.map(|p| (p, self.state.stand(&self.plan, p)));
        let changing = matches!(stand, Some((p, Stand::Running)) if p.changes());
        let may = |yes: bool, why: &str| if yes { Ok(Vec::new()) } else { Err(why.to_owned()) };
        match &request.ask {
            Wish::Abort { .. } => may(
                self.state.guarding.is_none(),
                "it is verified and nothing runs, it is only watched: end it instead",
            ),
            Wish::Pause { .. } if ending => Err("it is ending already".to_owned()),
            Wish::Pause { .. } if self.state.awaits_approval(&self.plan) => {
                Err("nothing starts before people agree: refuse it instead".to_owned())
            }
            Wish::Pause { .. } => {
                may(self.state.paused.is_none() && current.is_some(), "there is nothing to pause")
            }
            Wish::GoOn => may(self.state.paused.is_some(), "the run is not paused"),
            Wish::Abandon { .. } => may(!changing, "a step is under way: stop the run instead"),
            Wish::MakeWay { .. } => may(!changing, "a step is under way: stop it first"),
            Wish::Settle { done, reason } => match need {
                Some(Need::Settle { step, .. } | Need::Decide { step, .. }) => {
                    self.same(request, step)?;
                    let reason = format!("{} ({})", clean_line(reason), request.who.user);
                    Ok(vec![self.exited(step, Outcome::Settled { done: *done, reason })])
                }
                _ => Err("no step waits to be settled".to_owned()),
            },
            Wish::Skip { reason } => match need {
                Some(Need::Settle { step, evidence: known } | Need::Decide { step, detail: known }) => {
                    self.same(request, step)?;
                    let why = format!("{}: {} (it was: {known})", request.who.user, clean_line(reason));
                    Ok(vec![Kind::StepSkipped { step, so: false, why }])
                }
                Some(Need::Choose { step, .. }) => {
                    self.same(request, step)?;
                    let why = format!("{}: {}", request.who.user, clean_line(reason));
                    Ok(vec![if self.is_hold(step) {
                        Kind::RampJudged { step, stop: true, detail: why }
                    } else {
                        Kind::StepSkipped { step, so: false, why }
                    }])
                }
                _ => Err("no step waits to be skipped".to_owned()),
            },
            Wish::DoIt { reason } => match need {
                Some(Need::Choose { step, .. }) => {
                    self.same(request, step)?;
                    let detail = format!("{}: {}", request.who.user, clean_line(reason));
                    let judged = Kind::RampJudged { step, stop: false, detail };
                    Ok(if self.is_hold(step) { vec![judged] } else { Vec::new() })
                }
                _ => Err("no step waits to be chosen".to_owned()),
            },
            Wish::AskAgain => match need {
                Some(Need::Settle { step, .. }) => {
                    self.same(request, step)?;
                    let s = &self.plan.steps[step - 1].step;
                    may(s.already.is_some() || s.observe.is_some(), "no probe can say what it did")
                }
                Some(Need::Choose { step, .. }) => self.same(request, step).map(|()| Vec::new()),
                _ => Err("no step waits for a probe".to_owned()),
            },
            Wish::Answer { label, input } => match need {
                Some(Need::Answer { step, question }) => {
                    self.same(request, step)?;
                    self.may_answer(&question, roles)?;
                    let outcome = answer(&question, label.as_deref(), input.as_deref())?;
                    Ok(vec![self.exited(step, signed(outcome, &request.who.user))])
                }
                _ => Err("no question is open".to_owned()),
            },
            Wish::Approve { name } => {
                if need != Some(Need::Approve) {
                    return Err("it does not wait for anybody to agree".to_owned());
                }
                let trusted = self.plan.approval.as_ref().is_some_and(|a| a.trust_asserted_names);
                let asserted = name.as_deref().filter(|_| trusted).map(clean_line);
                let given = &self.state.given;
                let roles = approval::counts(&self.plan, given, &request.who, roles, asserted.as_deref())?;
                Ok(vec![Kind::Approved { who: request.who.clone(), roles, asserted }])
            }
            Wish::Refuse { .. } => may(need == Some(Need::Approve), "it does not wait for anybody to agree"),
            Wish::Page => match self.plan.playbook.ladder.len() {
                0 => Err("the playbook names nobody to be told".to_owned()),
                _ if need.is_none() => {
                    Err("there is nothing to tell: it does not wait for anybody".to_owned())
                }
                _ if self.paging => Err("somebody is being told right now".to_owned()),
                all if self.state.paged.len() >= all => Err("everybody on the ladder was told".to_owned()),
                _ => Ok(Vec::new()),
            },
            Wish::Accept { .. } => self.acceptable(stand).map_or(Ok(Vec::new()), |why| Err(why.to_owned())),
        }
    }

    /// Why it cannot be accepted as it is.
    fn acceptable(&self, stand: Option<(&PlanStep, Stand)>) -> Option<&'static str> {
        match stand {
            _ if self.state.ending.is_some() => Some("it is ending already"),
            None => self.state.unverified.is_none().then_some("there is nothing to accept"),
            Some((p, Stand::Running)) if matches!(p.step.kind, StepKind::Verify(_)) => {
                let more = self.plan.steps[p.number..].iter().any(|p| p.changes() && !p.step.always);
                more.then_some("steps that change something are still to come: end the run instead")
            }
            Some(_) => Some("not everything has been applied yet"),
        }
    }

    /// Whether the request is about the step and attempt that wait.
    fn same(&self, request: &Request, step: usize) -> Result<(), String> {
        let attempt = self.state.steps[step - 1].attempt;
        let same = request.step == Some(step) && request.attempt.is_none_or(|a| a == attempt);
        if same {
            Ok(())
        } else {
            Err("it is about another step or attempt than the one that waits".to_owned())
        }
    }

    /// Whether somebody with these roles may answer.
    fn may_answer(&self, question: &Question, roles: &[String]) -> Result<(), String> {
        if question.roles.is_empty() || question.roles.iter().any(|r| roles.contains(r)) {
            return Ok(());
        }
        let known = &self.plan.playbook.roles;
        let title = |id: &String| known.iter().find(|r| r.id == *id).map_or(id.clone(), |r| r.title.clone());
        Err(format!(
            "only these may answer: {}",
            question.roles.iter().map(title).collect::<Vec<_>>().join(", ")
        ))
    }

    fn is_hold(&self, step: usize) -> bool {
        matches!(self.plan.steps[step - 1].step.kind, StepKind::Hold(_))
    }

    fn exited(&self, step: usize, outcome: Outcome) -> Kind {
        let attempt = self.state.steps[step - 1].attempt;
        Kind::StepExited { step, attempt, outcome, survivors: Vec::new() }
    }
}

/// What an answer means, or why it is none.
fn answer(question: &Question, label: Option<&str>, input: Option<&str>) -> Result<Outcome, String> {
    let input = input.map(clean_line).filter(|text| !text.trim().is_empty());
    if input.as_ref().is_some_and(|text| text.len() > ANSWER) {
        return Err(format!("an answer has at most {ANSWER} bytes"));
    }
    let choices = &question.answers;
    match (label, input) {
        (Some(label), input) => {
            let one_of = choices.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let done = *choices.get(label).ok_or_else(|| format!("it must be one of: {one_of}"))?;
            if input.is_some() && question.input.is_none() {
                return Err("it asks for no text".to_owned());
            }
            let label = clean_line(label);
            let detail =
                input.map_or_else(|| format!("answered {label}"), |t| format!("answered {label}: {t}"));
            Ok(if done { Outcome::Success { detail } } else { Outcome::Failure { detail } })
        }
        (None, Some(text)) if choices.is_empty() => {
            Ok(Outcome::Success { detail: format!("answered: {text}") })
        }
        (None, None) if question.optional => {
            Ok(Outcome::Success { detail: "left without an answer".to_owned() })
        }
        (None, _) if choices.is_empty() => Err("it asks for a text".to_owned()),
        (None, _) => {
            let one_of = choices.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(format!("it must be one of: {one_of}"))
        }
    }
}

/// The same outcome, by whom.
fn signed(outcome: Outcome, who: &str) -> Outcome {
    match outcome {
        Outcome::Success { detail } => Outcome::Success { detail: format!("{detail} ({who})") },
        Outcome::Failure { detail } => Outcome::Failure { detail: format!("{detail} ({who})") },
        other => other,
    }
}
