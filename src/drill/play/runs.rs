//! The run of a rehearsal: drafted, confirmed, begun, followed to its end.

use super::{Effect, Play};
use crate::drill::draft::{self, Draft};
use crate::drill::stage::Stage;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Now};
use crate::run::fill::Filler;
use crate::run::freeze::names;
use crate::run::plan::{Cause, Context};
use crate::run::record::{REQUEST, Request, Wish};
use crate::run::{Event, Person, Verdict};
use crate::session;
use crate::session::decision::machine::{Begun, Event as Decider, Over, Runs};
use crate::session::decision::{Choice, Kind};
use indexmap::IndexMap;

/// Folder of a rehearsal's records, as its texts name it; there is none.
const HOME: &str = "/rehearsal";

impl Play {
    /// What a plan is made with now.
    pub(super) fn context(&self, now: &Now, key: &str, reason: &str, cause: Option<Cause>) -> Context {
        let at = jiff::Timestamp::from_millisecond(now.wall).unwrap_or_default();
        let incident = self.machine.state().incident.as_ref().map(|i| (i.name().to_owned(), i.since.clone()));
        Context {
            id: format!("{}-{key}-{:04x}", at.strftime("%m%d-%H%M%S"), self.ids + 1),
            now: now.clone(),
            who: self.settings.user.clone(),
            reason: reason.to_owned(),
            cause,
            incident,
            automatic: None,
            stage: self.session.engine().stage(now.boot as i64).percent(),
            baselines: IndexMap::new(),
            playbook_hash: self.settings.hash.clone(),
            env: IndexMap::new(),
            cwd: HOME.to_owned(),
            home: HOME.to_owned(),
        }
    }

    pub(super) fn draft_with(
        &mut self,
        now: &Now,
        procedure: &str,
        given: &IndexMap<String, String>,
        context: &Context,
    ) -> Draft {
        let environment = self.settings.environment.clone();
        self.scene(|scene, _| draft::draft(now, scene, &environment, procedure, given, context))
    }

    /// What a procedure would do, started by a person.
    pub(super) fn drafted(
        &mut self,
        now: &Now,
        procedure: &str,
        given: &IndexMap<String, String>,
        scenario: Option<&str>,
    ) -> Draft {
        let cause = self.session.cause(now, procedure);
        let picked = scenario.and_then(|s| self.session.reason_of(s));
        let reason = picked.unwrap_or_else(|| self.session.reason(procedure, cause.as_ref()));
        let key = self.playbook().procedures.get(procedure).and_then(|p| p.key);
        let name = key.map_or_else(|| procedure.to_owned(), |k| k.to_string());
        let context = self.context(now, &name, &reason, cause);
        let playbook = self.playbook();
        let scenario = scenario.and_then(|s| playbook.scenarios.get(s)).filter(|s| s.procedure == procedure);
        let trigger = context.cause.as_ref().and_then(|c| playbook.triggers.get(&c.trigger));
        let trigger = trigger.filter(|t| t.procedure.as_deref() == Some(procedure));
        let args = scenario.map(|s| &s.args).or(trigger.map(|t| &t.args));
        let mut given = given.clone();
        let mut fill = Filler::new(playbook, names(playbook, &self.settings.environment, &context));
        for (name, value) in args.into_iter().flatten() {
            if !given.contains_key(name) {
                given.insert(name.clone(), fill.text(value).0);
            }
        }
        self.draft_with(now, procedure, &given, &context)
    }

    /// A person confirmed a draft.
    pub(super) fn confirm(&mut self, now: &Now, draft: Draft, decides: Option<String>) -> Result<(), String> {
        if !draft.is_ready() {
            return Err(clean_line(&draft.problems.join("; ")));
        }
        if let Some(clock) = decides {
            let plan = draft.plan.as_ref();
            let (procedure, run) = plan.map(|p| (p.procedure.id.clone(), p.id.clone())).unwrap_or_default();
            let choice = Choice::RollBack { procedure, run: Some(run) };
            let (who, reason) = (self.settings.user.clone(), plan.map_or("", |p| &p.reason).to_owned());
            self.say(now, &clock, choice, who, reason)?;
        }
        self.begin(now, draft)
    }

    /// A run begins.
    pub(super) fn begin(&mut self, now: &Now, draft: Draft) -> Result<(), String> {
        if let Some(run) = &self.stage {
            return Err(format!("{} goes on: one run at a time", run.plan().id));
        }
        let Draft { plan: Some(plan), proof, .. } = draft else {
            return Err("there is no plan".to_owned());
        };
        self.ids += 1;
        let mut plan = plan.confirmed(now);
        plan.who_roles = self.playbook().roles.keys().take(1).cloned().collect();
        let (id, title) = (plan.id.clone(), plan.procedure.title.clone());
        let by = plan.automatic.is_none().then(|| plan.who.clone());
        let procedure = plan.procedure.id.clone();
        let begun = self.scene(|scene, _| Stage::begin(plan, now, proof, scene));
        if self.settings.shown {
            let found = session::Event::Found {
                plan: Box::new(begun.plan().clone()),
                records: Vec::new(),
                driven: true,
            };
            let effects = self.session.handle(now, found);
            self.rung(effects);
        }
        self.stage = Some(begun);
        self.out.push(Effect::Started(id.clone()));
        self.runs.in_the_way = Some((id.clone(), clean_line(&title)));
        self.runs.begun.push(Begun { run: id, procedure, by, at: now.clone() });
        self.tell_runs(now);
        Ok(())
    }

    fn tell_runs(&mut self, now: &Now) {
        let runs: Runs = self.runs.clone();
        self.decide(now, Decider::Runs(runs));
    }

    /// Takes what is new of the run: its records, its requests, its end.
    pub(super) fn follow(&mut self, now: &Now) {
        let Some(stage) = &mut self.stage else { return };
        self.out.extend(stage.take_speeches().into_iter().map(Effect::Speak));
        let new = stage.take_new();
        if new.is_empty() {
            return;
        }
        let (id, automatic, over) =
            (stage.plan().id.clone(), stage.plan().automatic.is_some(), stage.is_over());
        self.out.extend(new.iter().map(|r| Effect::Kept(Some(id.clone()), r.clone())));
        if self.settings.shown {
            let event = session::Event::Journal { records: new, driven: !over };
            let effects = self.session.handle(now, event);
            self.rung(effects);
        }
        self.ask_people(now);
        let Some(stage) = &self.stage else { return };
        let view = (automatic || over).then(|| stage.view());
        if let Some(view) = view.as_ref().filter(|_| automatic) {
            let begun = |n: usize| stage.state().steps[n - 1].began.clone();
            let started = stage.plan().steps.iter().filter(|s| s.changes()).find_map(|s| begun(s.number));
            let effect = view.observed.clone().or(view.applied.clone());
            if let Some(started) = started {
                self.decide(now, Decider::Reaction { run: id.clone(), started, effect });
            }
        }
        let guarded = self.stage.as_ref().is_some_and(|s| s.state().guarding.is_some());
        match view.filter(|_| over) {
            Some(view) => {
                let ok = view.verdict == Some(Verdict::Verified);
                let why = if ok || view.why.is_empty() { String::new() } else { format!(": {}", view.why) };
                let word = view.verdict.map_or("refused", |v| v.word());
                let procedure = self.stage.as_ref().map(|s| s.plan().procedure.id.clone());
                self.past.extend(self.stage.take());
                self.runs.in_the_way = None;
                self.runs.last = Some(Over {
                    run: id.clone(),
                    procedure: procedure.unwrap_or_default(),
                    ended: now.clone(),
                    by_person: !automatic,
                    verified: ok,
                });
                self.tell_runs(now);
                if automatic {
                    let detail = clean_line(&format!("{word}{why}"));
                    self.decide(now, Decider::Ended { run: id, ok, detail });
                }
            }
            // Verified and only watched: it stands in nobody's way.
            None if guarded && self.runs.in_the_way.is_some() => {
                let procedure = self.stage.as_ref().map(|s| s.plan().procedure.id.clone());
                self.runs.in_the_way = None;
                self.runs.last = Some(Over {
                    run: id.clone(),
                    procedure: procedure.unwrap_or_default(),
                    ended: now.clone(),
                    by_person: !automatic,
                    verified: true,
                });
                self.tell_runs(now);
                if automatic {
                    let detail = "verified, and watched for a while longer".to_owned();
                    self.decide(now, Decider::Ended { run: id, ok: true, detail });
                }
            }
            None => {}
        }
    }

    /// Somebody asks something of the run under way.
    pub(super) fn wish(
        &mut self,
        now: &Now,
        step: Option<usize>,
        wish: Wish,
        who: Person,
        roles: Option<Vec<String>>,
    ) -> Result<(), String> {
        let Some(stage) = &self.stage else { return Err("no run goes on".to_owned()) };
        self.ids += 1;
        let request = Request {
            id: format!("rehearsed-{}", self.ids),
            run: stage.plan().id.clone(),
            step,
            attempt: None,
            seen: stage.records().len() as u64,
            expires: Deadline::after(now, REQUEST),
            who,
            ask: wish,
        };
        // The operator of a rehearsal has the roles that a question names.
        let all = || self.rehearsed.playbook().roles.keys().cloned().collect();
        let roles = roles.unwrap_or_else(all);
        let id = request.id.clone();
        self.scene(|scene, stage| {
            if let Some(stage) = stage {
                stage.turn(now, scene, Event::Request { request, roles });
            }
        });
        let answer = self.stage.iter().chain(self.past.last()).flat_map(|s| s.records().iter().rev());
        let answer = answer.filter_map(|r| crate::run::Kind::read(r).ok()).find_map(|kind| match kind {
            crate::run::Kind::RequestHandled { request, accepted, why } if request.id == id => {
                Some(if accepted { Ok(()) } else { Err(why) })
            }
            _ => None,
        });
        answer.unwrap_or_else(|| Err("the run did not hear it".to_owned()))
    }

    /// Somebody says what is to be done about a decision.
    pub(super) fn say(
        &mut self,
        now: &Now,
        clock: &str,
        choice: Choice,
        who: Person,
        reason: String,
    ) -> Result<(), String> {
        let c = self.machine.state().clocks.get(clock).cloned();
        let c = c.ok_or_else(|| format!("no clock is named {clock}"))?;
        let taken = c.said.len();
        let roles: Vec<String> = c
            .roles
            .get(taken.min(c.roles.len().saturating_sub(1)))
            .map(|r| r.id.clone())
            .into_iter()
            .collect();
        let said = Kind::Said { clock: clock.to_owned(), choice: choice.clone(), who, roles, reason };
        self.append(now, &said)?;
        self.others_say(now, clock, &choice);
        Ok(())
    }
}
