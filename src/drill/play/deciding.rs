//! The decider of a rehearsal: what it wants is appended, started and told on the simulated service.

use super::{Effect, JUDGED, Play};
use crate::drill::draft::Draft;
use crate::drill::words::told;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::fill::Filler;
use crate::run::freeze;
use crate::run::freeze::names;
use crate::run::plan::{Automatic, Cause, Context};
use crate::session;
use crate::session::decision::machine::{Effect as Wants, Event, Judged, News};
use crate::session::decision::{Firing, Kind};
use indexmap::IndexMap;
use std::collections::VecDeque;

impl Play {
    /// Appends a record of the decisions, when it is admitted.
    pub(super) fn append(&mut self, now: &Now, kind: &Kind) -> Result<(), String> {
        let event = self.appended(now, kind)?;
        self.decide(now, event);
        Ok(())
    }

    /// The same, without telling the decider: that is left to whoever asked.
    fn appended(&mut self, now: &Now, kind: &Kind) -> Result<Event, String> {
        self.machine.state().admits(kind, &self.rules, now)?;
        let record = self.decided.append(now, kind.parts());
        let effects = self.session.handle(now, session::Event::Decided(vec![record.clone()]));
        self.rung(effects);
        self.out.push(Effect::Kept(None, record.clone()));
        self.moved = true;
        Ok(Event::Recorded(vec![record]))
    }

    /// Tells the decider, and does what it wants and all that comes of it at this moment.
    pub(super) fn decide(&mut self, now: &Now, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.machine.handle(now, event) {
                match effect {
                    Wants::Append(kind) => events.push_back(match self.appended(now, &kind) {
                        Ok(recorded) => recorded,
                        Err(why) => Event::Refused(vec![(kind, why)]),
                    }),
                    Wants::Freeze { clock, .. } => {
                        let plan = self.default_plan(now, &clock).map(|draft| {
                            let hash = draft.does();
                            let plan = draft.plan.unwrap_or_default();
                            let title = clean_line(&plan.procedure.title);
                            let to = if plan.to.is_empty() { title } else { clean_line(&plan.to) };
                            (clean_line(&plan.from), to, hash)
                        });
                        events.push_back(Event::Frozen { clock, plan });
                    }
                    Wants::Start { firing, run, hash, .. } => {
                        let accepted = self.start_by_itself(now, &firing, &run, hash.as_deref());
                        events.push_back(Event::Started { firing, run, accepted });
                        events.push_back(Event::Runs(self.runs.clone()));
                    }
                    Wants::Ticket { incident } => {
                        let name = Ok(format!("SIMULATED-{}", self.machine.state().incidents));
                        events.push_back(Event::Ticketed { incident, name });
                    }
                    Wants::Page { firing, trigger, text } => {
                        let (detail, ok) = self.page(now, &trigger, &text);
                        events.push_back(Event::Paged { firing, ok, detail });
                    }
                    Wants::Ring { climb, news: News::Rung(rung), .. } => {
                        let (detail, ok) = self.ring(now, rung);
                        events.push_back(Event::Rung { climb, rung, ok, detail });
                    }
                    // That it is taken, or over, changes nothing on the simulated service.
                    Wants::Ring { .. } => {}
                }
            }
        }
    }

    /// The engine judged: the decider hears of it when something changed, and again and again while anything goes on.
    pub(super) fn judge(&mut self, now: &Now) {
        let again = self.busy() && now.boot >= self.judged + JUDGED;
        let due = self.machine.next_deadline().is_some_and(|d| d <= now.boot);
        if !self.moved && !again && !due {
            return;
        }
        self.moved = false;
        self.judged = now.boot;
        let boot = now.boot as i64;
        let engine = self.session.engine();
        let triggers = engine.triggers(boot).into_iter().map(|s| {
            let asked = engine.in_force(&s.id, boot);
            Judged {
                id: s.id,
                state: s.state,
                truth: s.truth,
                evidence: s.evidence,
                cell: asked.cell,
                stage: asked.stage,
                note: asked.note,
            }
        });
        let verdict = engine.verdict();
        let event = Event::Judged {
            triggers: triggers.collect(),
            standing: verdict.standing.clone(),
            evidence: verdict.evidence.clone(),
        };
        let said = session::conditions(self.rehearsed.playbook(), engine, now);
        self.decide(now, Event::Conditions(said));
        self.decide(now, event);
    }

    fn firing(&self, id: &str) -> Result<Firing, String> {
        let firing = self.machine.state().firings.get(id);
        firing.cloned().ok_or_else(|| format!("no firing is named {id}"))
    }

    /// What a firing's trigger would do now.
    fn automatic(
        &mut self,
        now: &Now,
        firing: &Firing,
        clock: Option<&str>,
        run: &str,
    ) -> Result<Draft, String> {
        let trigger = self.playbook().triggers.get(&firing.trigger).cloned();
        let trigger = trigger.ok_or_else(|| format!("there is no trigger `{}`", firing.trigger))?;
        let procedure = trigger.procedure.clone().ok_or("it names no procedure")?;
        let cause = Cause {
            trigger: firing.trigger.clone(),
            title: trigger.title.clone(),
            firing_since: firing.at.clone(),
        };
        let reason = trigger.reason.clone().unwrap_or_else(|| trigger.title.clone());
        let context = Context {
            id: run.to_owned(),
            automatic: Some(Automatic { firing: firing.id.clone(), clock: clock.map(str::to_owned) }),
            ..self.context(now, "auto", &reason, Some(cause))
        };
        let mut fill =
            Filler::new(self.playbook(), names(self.playbook(), &self.settings.environment, &context));
        let given: IndexMap<String, String> =
            trigger.args.iter().map(|(name, t)| (name.clone(), fill.text(t).0)).collect();
        let problems = fill.problems();
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let draft = self.draft_with(now, &procedure, &given, &context);
        if !draft.is_ready() {
            return Err(clean_line(&draft.problems.join("; ")));
        }
        match draft.nothing_to_do {
            true => Err("there is nothing to do".to_owned()),
            false => Ok(draft),
        }
    }

    fn default_plan(&mut self, now: &Now, clock: &str) -> Result<Draft, String> {
        let firing = self.machine.state().clocks.get(clock).map(|c| c.firing.clone()).unwrap_or_default();
        let firing = self.firing(&firing)?;
        self.automatic(now, &firing, Some(clock), clock)
    }

    fn start_by_itself(
        &mut self,
        now: &Now,
        firing: &str,
        run: &str,
        hash: Option<&str>,
    ) -> Result<(), String> {
        let firing = self.firing(firing)?;
        let attempt = self.machine.state().attempt(run).cloned().unwrap_or_default();
        let draft = self.automatic(now, &firing, attempt.clock.as_deref(), run)?;
        if hash.is_some_and(|wanted| wanted != draft.does()) {
            return Err("the target has changed since its plan was shown".to_owned());
        }
        self.begin(now, draft)
    }

    /// Tells a rung of the ladder, by its message.
    fn ring(&mut self, now: &Now, rung: usize) -> (String, bool) {
        let playbook = self.playbook();
        let Some(rung) = playbook.escalation.get(rung.saturating_sub(1)) else {
            return ("there is no such rung".to_owned(), false);
        };
        let context = self.context(now, "page", "the ladder", None);
        let text = format!("{}: the ladder", playbook.service.title);
        let to = (rung.roles.as_slice(), rung.channels.as_slice());
        match freeze::page(playbook, &self.settings.environment, &context, to, (&text, &text)) {
            Ok(Some(rung)) => told(&self.world, &rung.steps.iter().collect::<Vec<_>>()),
            Ok(None) => ("there is no channel".to_owned(), false),
            Err(problems) => (clean_line(&problems.join("; ")), false),
        }
    }

    /// Tells the rung that the incident has reached, or who decides on the trigger.
    fn page(&mut self, now: &Now, trigger: &str, text: &str) -> (String, bool) {
        let state = self.machine.state();
        let into = state.incident.as_ref().map_or(0, |i| now.boot.saturating_sub(i.since.boot));
        let playbook = self.playbook();
        let ladder = &playbook.escalation;
        let reached = ladder.iter().filter(|r| r.after <= into).max_by_key(|r| r.after);
        let rung = reached.or_else(|| ladder.iter().min_by_key(|r| r.after));
        let (roles, channels) = match (rung, playbook.triggers.get(trigger)) {
            (Some(rung), _) => (rung.roles.clone(), rung.channels.clone()),
            (None, Some(t)) => (t.approval.clone(), Vec::new()),
            (None, None) => (Vec::new(), Vec::new()),
        };
        let context = self.context(now, "page", text, None);
        let environment = &self.settings.environment;
        let to = (roles.as_slice(), channels.as_slice());
        match freeze::page(playbook, environment, &context, to, (&clean_line(text), text)) {
            Ok(Some(rung)) => told(&self.world, &rung.steps.iter().collect::<Vec<_>>()),
            Ok(None) => ("there is no channel".to_owned(), false),
            Err(problems) => (clean_line(&problems.join("; ")), false),
        }
    }
}
