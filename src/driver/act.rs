//! What takes time: resolving a procedure, launching a plan, asking a run. Each in a task of its own.

use super::decide::NotSaid;
use super::follow::Look;
use super::{Drafted, Driver, News, Proposed, Update, Waiting, draft, logout};
use crate::clock;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::approval;
use crate::run::fill::Filler;
use crate::run::freeze::names;
use crate::run::plan::{After, Context, Plan};
use crate::run::record::Wish;
use crate::session::Event;
use crate::session::decision::Choice;
use crate::session::view::{Approver, Gravity, Replacing};
use crate::supervisor::person::{person, roles_asked};
use crate::supervisor::{self, NotReplaced, resolve};
use indexmap::IndexMap;

/// What a plan's owner is to know before they log out. Asks the host, so never in the loop.
fn leaving(plan: Option<&Plan>) -> Vec<(Gravity, String)> {
    plan.map(logout::notes).unwrap_or_default()
}

impl Driver {
    pub(super) fn prepare(
        &mut self,
        procedure: &str,
        given: IndexMap<String, String>,
        stops: Option<String>,
        scenario: Option<&str>,
    ) {
        let cause = self.session.cause(&clock::now(), procedure);
        let picked = scenario.and_then(|s| self.session.reason_of(s));
        let reason = picked.unwrap_or_else(|| self.session.reason(procedure, cause.as_ref()));
        let key = self.setup.playbook.procedures.get(procedure).and_then(|p| p.key);
        let name = key.map_or_else(|| procedure.to_owned(), |k| k.to_string());
        let context = resolve::context(&name, &reason, cause, &self.setup.hash, &self.setup.folder);
        let id = context.id.clone();
        let mut given = given;
        self.arguments(procedure, scenario, &context, &mut given);
        let mut shown =
            draft::resolving(self.of(), procedure, (&context.id, &context.who.user, &context.reason));
        shown.given.clone_from(&given);
        shown.stops = stops.as_deref().map(|run| self.stops(run));
        self.draft = Some(Proposed { shown, made: None, stops });
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let (procedure, tell) = (procedure.to_owned(), self.tell.clone());
        tokio::spawn(async move {
            let draft = resolve::resolve(&playbook, &environment, &procedure, &given, &context).await;
            let plan = draft.plan.clone();
            let leaving =
                tokio::task::spawn_blocking(move || leaving(plan.as_ref())).await.unwrap_or_default();
            let _ = tell.send(News::Drafted(Box::new(Drafted { id, draft, leaving }))).await;
        });
    }

    /// What the scenario that was picked, or else the trigger that recommends a procedure gives it, where a person chose
    /// nothing.
    pub(super) fn arguments(
        &self,
        procedure: &str,
        scenario: Option<&str>,
        context: &Context,
        given: &mut IndexMap<String, String>,
    ) {
        let playbook = &self.setup.playbook;
        let scenario = scenario.and_then(|s| playbook.scenarios.get(s)).filter(|s| s.procedure == procedure);
        let trigger = context.cause.as_ref().and_then(|c| playbook.triggers.get(&c.trigger));
        let trigger = trigger.filter(|t| t.procedure.as_deref() == Some(procedure));
        let Some(args) = scenario.map(|s| &s.args).or(trigger.map(|t| &t.args)) else { return };
        let mut fill = Filler::new(playbook, names(playbook, &self.setup.environment, context));
        for (name, value) in args.iter().filter(|(name, _)| !given.contains_key(*name)).collect::<Vec<_>>() {
            given.insert(name.clone(), fill.text(value).0);
        }
    }

    /// What becomes of the run in the way, in words.
    fn stops(&self, run: &str) -> String {
        let followed = self.session.run().filter(|r| r.plan().id == run);
        let whose = followed.map(|r| format!("{} of {}", r.plan().procedure.title, r.plan().who.user));
        format!(
            "STOPS run {run} first ({}), waits for its processes to die, then starts",
            whose.unwrap_or_else(|| "no longer followed".into())
        )
    }

    /// A plan that goes on with another account's lost run, to be confirmed as any other.
    pub(super) fn succeed(&mut self, run: String) {
        let who = person();
        let Some(followed) = self.session.run().filter(|r| r.plan().id == run) else { return };
        let plan = followed.plan();
        let reason = format!("goes on with run {run} of {}, whose supervisor is lost", plan.who.user);
        let context = resolve::context("", &reason, None, &plan.playbook_hash, &self.setup.folder);
        let shown = draft::resolving(
            self.of(),
            &plan.procedure.id,
            (&context.id, &context.who.user, &context.reason),
        );
        let id = shown.id.clone();
        self.draft = Some(Proposed { shown, made: None, stops: None });
        let (folder, tell) = (self.setup.folder.clone(), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let draft = match supervisor::succeed(&folder, &run, &who, &reason) {
                Ok(plan) => draft::of_plan(plan),
                Err(refused) => draft::refused(refused.to_string()),
            };
            let leaving = leaving(draft.plan.as_ref());
            let _ = tell.blocking_send(News::Drafted(Box::new(Drafted { id, draft, leaving })));
        });
    }

    /// Notes why a draft may start although a check does not hold. It is another draft than the one that was seen.
    pub(super) fn override_checks(&mut self, id: &str, reason: &str) {
        let Some(proposed) = self.draft.as_mut().filter(|d| d.shown.id == id) else { return };
        let Some(made) = proposed.made.as_mut().filter(|d| d.wants_reason()) else { return };
        made.go_on(reason);
        if let Some(reason) = made.plan.as_ref().and_then(|p| p.override_reason.clone()) {
            proposed.shown.id.push_str("-overridden");
            proposed.shown.override_reason = Some(reason);
        }
    }

    pub(super) fn confirm(&mut self, id: &str, decides: Option<String>, now: &Now) {
        let ready = self.draft.as_ref().filter(|d| d.shown.id == id && !d.shown.is_blocked());
        let made = ready.and_then(|d| Some((d.made.as_ref().filter(|m| m.is_ready())?, d.stops.clone())));
        let Some((plan, stops)) = made.and_then(|(m, stops)| Some((m.plan.clone()?, stops))) else { return };
        // What was shown may be confirmed for as long as it says; the confirmation itself is good from now.
        if plan.expires.is_due(now) {
            return;
        }
        self.draft = None;
        let plan = plan.confirmed(now);
        match stops {
            Some(run) => self.replace(Box::new(plan), run),
            None => self.launch(plan, decides),
        }
    }

    /// Starts a plan, once what it decides has been said.
    fn launch(&self, plan: Plan, decides: Option<String>) {
        let (folder, tell) = (self.setup.folder.clone(), self.tell.clone());
        let said = decides.map(|clock| {
            let choice =
                Choice::RollBack { procedure: plan.procedure.id.clone(), run: Some(plan.id.clone()) };
            self.saying(clock, choice, plan.reason.clone())
        });
        tokio::task::spawn_blocking(move || {
            let mut unwritten = None;
            match said.map_or(Ok(()), |said| said()) {
                Ok(()) => {}
                Err(NotSaid::Refused(why)) => {
                    let why = format!("{why}. Nothing was started; the procedure's own key still starts it.");
                    let _ = tell.blocking_send(News::Launched(Err(why)));
                    return;
                }
                // A rollback does not wait for a log that cannot be written.
                Err(NotSaid::Unwritten(why)) => unwritten = Some(why),
            }
            let news = match supervisor::launch(&folder, &plan) {
                Ok(_) => Ok(plan.id),
                Err(refused) => Err(refused.to_string()),
            };
            let accepted = news.is_ok();
            let _ = tell.blocking_send(News::Launched(news));
            if let Some(why) = unwritten.filter(|_| accepted) {
                let why = format!("The run goes on. That it is your decision could not be recorded: {why}.");
                let _ = tell.blocking_send(News::Asked(Err(why)));
            }
        });
    }

    /// Stops a run, waits for its processes to die, then starts the plan.
    fn replace(&mut self, plan: Box<Plan>, run: String) {
        let title = plan.procedure.title.clone();
        let shown = Replacing { run: run.clone(), title, alive: Vec::new() };
        self.replacing = Some(Waiting { shown, plan: None });
        let (folder, tell, who) = (self.setup.folder.clone(), self.tell.clone(), person());
        tokio::task::spawn_blocking(move || {
            let done = supervisor::replace(&folder, &plan, &run, &who, &plan.reason, |_| {});
            let news = match done {
                Ok(_) => News::Launched(Ok(plan.id)),
                Err(NotReplaced::NotDead(alive)) => News::NotDead(plan, alive),
                Err(NotReplaced::Refused(refused)) => {
                    let why = format!("{refused}. Run {run} was asked to end all the same: look at it.");
                    News::Launched(Err(why))
                }
            };
            let _ = tell.blocking_send(news);
        });
    }

    /// A person has said whether a plan starts beside what is left of the run before it.
    pub(super) fn beside(&mut self, reason: Option<String>) {
        let Some(waiting) = self.replacing.take() else { return };
        let (Some(mut plan), Some(reason)) = (waiting.plan, reason) else { return };
        let run = waiting.shown.run;
        plan.after = Some(After::Replaces { run: run.clone(), beside: Some(clean_line(&reason)) });
        self.replace(Box::new(plan.confirmed(&clock::now())), run);
    }

    pub(super) fn request(&mut self, seen: crate::session::Seen, wish: Wish) {
        let Some(followed) = self.session.run().filter(|r| r.plan().id == seen.run) else { return };
        let (orphan, who) = (followed.is_orphan(), person());
        let (dir, tell) = (supervisor::run_dir(&self.setup.folder, &seen.run), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let asked = supervisor::Asker::open(crate::journal::real(), &dir, who.clone())
                .and_then(|mut asker| asker.ask(wish, seen.step, seen.attempt, seen.seq))
                .map_err(|e| e.to_string());
            // Nobody drives it: whoever asks something of it wants it to go on.
            let asked = asked.and_then(|_| match orphan {
                true => supervisor::resume(&dir, &who).map(|_| ()).map_err(|e| e.to_string()),
                false => Ok(()),
            });
            let _ = tell.blocking_send(News::Asked(asked));
        });
    }

    /// Restarts the supervisor of a run of one's own that has lost it.
    pub(super) fn take_up(&mut self, now: &Now) {
        let who = person();
        let lost = self.session.run().filter(|r| r.may_be_taken_up(who.uid, now));
        let Some(id) = lost.map(|r| r.plan().id.clone()) else { return };
        if self.taken_up.is_some_and(|at| now.boot < at + super::TAKE_UP) {
            return;
        }
        self.taken_up = Some(now.boot);
        self.resume(&id);
    }

    /// Starts a new supervisor for a run that nobody drives.
    pub(super) fn resume(&self, id: &str) {
        let who = person();
        let (dir, tell) = (supervisor::run_dir(&self.setup.folder, id), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let taken = supervisor::resume(&dir, &who).map(|_| ()).map_err(|e| e.to_string());
            let _ = tell.blocking_send(News::Asked(taken));
        });
    }

    /// Whether the person here may agree to the followed run, while that is open.
    pub(super) fn approver(&self) -> Option<Approver> {
        let followed = self.session.run().filter(|r| r.view().approval.is_some())?;
        let (plan, me) = (followed.plan(), person());
        let asked = plan.approval.as_ref()?;
        let given = followed.given();
        let counted = approval::counts(plan, &given, &me, &roles_asked(plan, &me, None), None);
        let named = counted.is_err() && asked.trust_asserted_names && me.uid == plan.who.uid;
        let titles = |ids: &[String]| {
            let of = asked.roles.iter().filter(|r| ids.contains(&r.id)).map(|r| clean_line(&r.title));
            of.collect::<Vec<_>>().join(", ")
        };
        let why = match &counted {
            Ok(roles) if roles.is_empty() => format!("{}, may approve", me.user),
            Ok(roles) => format!("{}, may approve for {}", me.user, titles(roles)),
            Err(_) if named => format!("{}, a shared account: say who you are", me.user),
            Err(why) => format!("{}, may not approve: {why}", me.user),
        };
        let others = approval::who_may(asked);
        Some(Approver { may: counted.is_ok() || named, why, named, others })
    }

    pub(super) fn hear(&mut self, news: News) -> Update {
        match news {
            News::Drafted(made) => {
                let Some(proposed) = self.draft.as_mut().filter(|d| d.shown.id == made.id) else {
                    return Update::Changed;
                };
                let now = clock::now();
                let Drafted { mut draft, leaving, .. } = *made;
                let blind = self.session.blind(&now, draft.plan.as_ref());
                // It was resolved just now: from here it may be looked at and confirmed.
                draft.plan = draft.plan.map(|p| p.confirmed(&now));
                draft::resolved(
                    &mut proposed.shown,
                    (&self.setup.playbook, &self.setup.environment),
                    &draft,
                    &blind,
                    leaving,
                    now.wall,
                );
                proposed.made = Some(draft);
                Update::Changed
            }
            News::Tried(id, found) => {
                if let Some(trying) = self.tried.as_mut().filter(|t| t.id == id) {
                    trying.shown = *found;
                }
                Update::Changed
            }
            News::Launched(Ok(id)) => {
                self.replacing = None;
                let _ = self.turn.send(Look::Now);
                Update::Accepted(id)
            }
            News::Launched(Err(why)) => {
                self.replacing = None;
                Update::Refused(why)
            }
            News::Guide(brought) => self.brought(brought),
            News::Began(begun) => self.began(*begun),
            News::Exported(Ok(what)) => {
                self.exported = Some(what);
                Update::Changed
            }
            News::Exported(Err(why)) => Update::Refused(format!("The timeline was not written: {why}")),
            News::Composed(text) => {
                self.composed.0 = Some(text);
                Update::Changed
            }
            News::Logged(id, seen) => {
                self.logs.take(&id, seen);
                Update::Changed
            }
            News::NotDead(plan, alive) => {
                if let Some(waiting) = &mut self.replacing {
                    waiting.shown.alive = alive;
                    waiting.plan = Some(plan);
                }
                Update::Bell
            }
            News::Asked(Err(why)) => Update::Refused(why),
            News::Asked(Ok(())) => {
                self.session.handle(&clock::now(), Event::Tick);
                Update::Changed
            }
        }
    }
}
