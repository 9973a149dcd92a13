//! Items of checklists that do something themselves: what a person sets off, and what those say that judge themselves.
//! It is no run: nothing is rolled back here, and what an item does is bounded, safe to show, and on record by who set it off.

use super::ask::{Keep, Told, World, ask, command};
use super::capture::{self, capture};
use super::expect::{judge, judge_socket};
use super::late::Moment;
use super::resolve::{folder, incident};
use super::secrets::Secrets;
use super::{http, outbox, socket, telling};
use crate::clock;
use crate::journal::real;
use crate::model::playbook::{ItemDoes, Playbook, Procedure, Step, StepKind};
use crate::model::probe::{Ask, Probe};
use crate::model::time::Millis;
use crate::run::fill::Filler;
use crate::run::freeze::{draw, names};
use crate::run::known::Answers;
use crate::run::plan::{Context, Plan, PlanStep};
use crate::run::{Answer, Outcome, State};
use crate::session::decision::machine::ItemSaid;
use crate::session::outbox::{Fate, Posted};
use indexmap::IndexMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The procedure that an item is drawn as; no id may hold a space.
const NAME: &str = "an item";
/// Milliseconds that one question of an item that judges itself may take.
const PATIENCE: Millis = 8_000;
/// Milliseconds beyond its limit after which a deed is surely over.
const GRACE: Millis = 10_000;

/// What an item does, spelled out and not begun.
#[derive(Debug, Clone)]
pub struct Deed {
    plan: Plan,
    /// Several channels are told: one that takes it is enough.
    tells: bool,
    limit: Millis,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// It succeeded.
    pub ok: bool,
    /// In words, safe to show.
    pub detail: String,
    /// Milliseconds it took.
    pub took: Millis,
}

impl Deed {
    /// Spells out what an item does. It reads the log for the incident's name, so it blocks.
    ///
    /// # Errors
    /// Every reason why it cannot be done, in words.
    pub fn of(
        playbook: &Playbook,
        environment: &str,
        mut context: Context,
        checklist: &str,
        item: usize,
    ) -> Result<Deed, String> {
        let found = playbook.checklists.get(checklist).and_then(|c| c.items.get(item.wrapping_sub(1)));
        let found = found.ok_or_else(|| format!("{checklist} has no item {item}"))?;
        let Some(ItemDoes::Act { kind, timeout, .. }) = &found.does else {
            return Err("it does nothing itself".to_owned());
        };
        context.incident = incident(&context.home);
        let step = Step { timeout: *timeout, ..Step::new(&found.text, (**kind).clone()) };
        let p = Procedure {
            title: found.text.clone(),
            steps: vec![step],
            emergency: true,
            ..Procedure::default()
        };
        let mut playbook = playbook.clone();
        playbook.procedures.insert(NAME.to_owned(), p);
        let drawn =
            draw(&playbook, environment, NAME, &IndexMap::new(), &context).map_err(|p| p.join("; "))?;
        if drawn.plan.steps.iter().any(|s| matches!(s.step.kind, StepKind::Ask(_))) {
            return Err("its message is looked at before it is sent: send it from a procedure".to_owned());
        }
        let tells = matches!(**kind, StepKind::Notify { .. });
        Ok(Deed { plan: drawn.plan, tells, limit: *timeout })
    }

    /// Its name: of nothing else.
    pub fn id(&self) -> &str {
        &self.plan.id
    }

    /// What is done, in words.
    pub fn what(&self) -> String {
        let lines: Vec<String> = self.plan.steps.iter().map(PlanStep::line).collect();
        crate::model::text::clean_line(&lines.join("; "))
    }

    /// Milliseconds after which it is surely over.
    pub fn over_in(&self) -> Millis {
        self.limit.saturating_mul(self.plan.steps.len().max(1) as u64) + GRACE
    }

    /// Does it. Dropped before it is over, what it started is killed.
    pub async fn perform(self) -> Came {
        let began = clock::now();
        let world = world(&self.plan);
        world.secrets.learn();
        let (detail, ok) = match self.filled(&world).await {
            Err(why) => (format!("not begun: {why}"), false),
            Ok(steps) if self.tells => self.told(steps).await,
            Ok(steps) => match steps.into_iter().next() {
                Some(step) => match self.one(&world, step).await {
                    Ok(detail) => (detail, true),
                    Err(why) => (why, false),
                },
                None => ("there is nothing to do".to_owned(), false),
            },
        };
        let detail = world.secrets.safe(&detail);
        Came { ok, detail, took: clock::now().boot.saturating_sub(began.boot) }
    }

    /// Queues what is told; on its way is as good as taken.
    async fn told(&self, steps: Vec<PlanStep>) -> (String, bool) {
        let plan = self.plan.clone();
        let written = tokio::task::spawn_blocking(move || {
            let thread = super::resolve::thread(&plan.home);
            let home = std::path::Path::new(&plan.home);
            let outbox = outbox::load(home).unwrap_or_default();
            let place = outbox::Place { secrets: &plan.playbook.secrets, env: &plan.env, cwd: &plan.cwd };
            let letter = |step: PlanStep| {
                let tell = telling::of_step(&step.step);
                let in_thread = thread.clone().unwrap_or_else(|| plan.id.clone());
                let next = || outbox::phase_of(&outbox, &tell.channel, &in_thread);
                let post = outbox::Post {
                    id: format!("item {}", plan.id),
                    about: plan.procedure.title.clone(),
                    phase: tell.phase.unwrap_or_else(next),
                    thread: in_thread,
                    incident: thread.clone(),
                    run: None,
                    by: Some(plan.who.clone()),
                };
                outbox::letter(tell, &post, place)
            };
            steps.into_iter().map(letter).collect::<Vec<_>>()
        });
        let letters = match written.await {
            Ok(letters) => letters,
            Err(e) => return (e.to_string(), false),
        };
        let ids: Vec<String> = letters.iter().map(|l| l.id.clone()).collect();
        let home = PathBuf::from(&self.plan.home);
        match outbox::queue_all(&home, letters).await {
            Ok(()) => {
                let posted = outbox::outcome(&home, &ids, outbox::PATIENCE).await;
                let lost = posted.iter().flatten().all(|p| p.fate == Fate::GivenUp);
                let line = |p: &Posted| format!("{}: {}", p.letter.title, outbox::words(Some(p)));
                (posted.iter().flatten().map(line).collect::<Vec<_>>().join("; "), !lost)
            }
            Err(why) => (format!("not queued: {why}"), false),
        }
    }

    /// The steps, with names filled in that are only known now.
    async fn filled(&self, world: &Arc<World>) -> Result<Vec<PlanStep>, String> {
        let plan = Arc::new(self.plan.clone());
        let moment = Moment {
            state: State::new(&plan),
            answers: Answers::default(),
            now: clock::now(),
            run: self.dir(),
            world: world.clone(),
            plan: plan.clone(),
        };
        let mut out = Vec::new();
        for step in &plan.steps {
            out.push(moment.step(step).await?);
        }
        Ok(out)
    }

    /// Where evidence that it keeps is put.
    fn dir(&self) -> PathBuf {
        PathBuf::from(&self.plan.home).join("checklists").join(&self.plan.id)
    }

    async fn one(&self, world: &Arc<World>, planned: PlanStep) -> Result<String, String> {
        let limit = Duration::from_millis(self.limit.max(100));
        match &planned.step.kind {
            StepKind::Run(c) => {
                let reply = command(world, c, limit, Keep::Last).await?;
                let seen = judge(&reply, &c.expect)?;
                let last = reply.out.lines().rev().find(|l| !l.trim().is_empty());
                Ok(last.map_or(seen.clone(), |l| format!("{seen}: {}", l.trim())))
            }
            StepKind::Http(h) => match http::call(h, &world.secrets, Some(&self.plan.id), limit).await {
                Ok(reply) => judge(&reply, &h.expect),
                Err(trouble) => Err(trouble.text().to_owned()),
            },
            StepKind::Socket(s) => {
                let (path, send) = (world.secrets.fill(&s.path)?, world.secrets.fill(&s.send)?);
                match socket::call(&PathBuf::from(path), &send, limit).await {
                    Ok(answer) => judge_socket(&answer, &s.expect),
                    Err(socket::Trouble::Refused(e) | socket::Trouble::NoAnswer(e)) => Err(e),
                }
            }
            StepKind::Capture(_) => self.keep(world, planned).await,
            _ => Err("that is for a procedure".to_owned()),
        }
    }

    async fn keep(&self, world: &Arc<World>, step: PlanStep) -> Result<String, String> {
        let run = self.dir();
        let parent = run.parent().map(PathBuf::from).unwrap_or_default();
        for made in [&parent, &run] {
            super::decisions::make_home(made).map_err(|e| format!("{}: {e}", made.display()))?;
        }
        let job = capture::Job {
            plan: Arc::new(self.plan.clone()),
            step,
            attempt: 1,
            run: run.clone(),
            records: Vec::new(),
            world: world.clone(),
            disk: real(),
        };
        match capture(job).await {
            Outcome::Success { detail } => Ok(format!("{detail}, in checklists/{}", self.plan.id)),
            other => Err(other.detail().to_owned()),
        }
    }
}

fn world(plan: &Plan) -> Arc<World> {
    Arc::new(World {
        env: plan.env.clone(),
        cwd: plan.cwd.clone(),
        secrets: Secrets::new(plan.playbook.secrets.clone()),
        home: plan.home.clone().into(),
        run: None,
        telling: Default::default(),
    })
}

/// The probe of an item that judges itself, and that is no condition: whoever has an engine judges those.
fn asked<'p>(playbook: &'p Playbook, does: Option<&'p ItemDoes>) -> Option<&'p Probe> {
    let Some(ItemDoes::Judge(probe)) = does else { return None };
    crate::session::condition(playbook, probe).is_none().then_some(probe)
}

/// Whether there is anything to ask of the world.
pub fn asks(playbook: &Playbook) -> bool {
    playbook.checklists.values().flat_map(|c| &c.items).any(|i| asked(playbook, i.does.as_ref()).is_some())
}

/// What the items say that judge themselves by a question to the world, all asked at once, each within seconds.
pub async fn judged(playbook: &Playbook, environment: &str, context: &Context) -> Vec<ItemSaid> {
    let filled = names(playbook, environment, context);
    let world = Arc::new(World {
        env: context.env.clone(),
        cwd: folder(playbook, environment, context, &filled),
        secrets: Secrets::new(playbook.secrets.clone()),
        home: context.home.clone().into(),
        run: None,
        telling: Default::default(),
    });
    let mut asking = JoinSet::new();
    for (id, list) in &playbook.checklists {
        for (i, item) in list.items.iter().enumerate() {
            let Some(probe) = asked(playbook, item.does.as_ref()) else { continue };
            let mut fill = Filler::new(playbook, filled.clone());
            let probe = fill.probe(probe);
            let problems = fill.problems();
            let (id, world) = (id.clone(), world.clone());
            asking.spawn(async move {
                let told = match problems.as_slice() {
                    [] => question(&world, &probe).await,
                    some => Told { answer: Answer::Blind, detail: some.join("; "), raw: String::new() },
                };
                ItemSaid { checklist: id, item: i + 1, answer: told.answer, detail: told.detail }
            });
        }
    }
    let mut out = Vec::new();
    while let Some(done) = asking.join_next().await {
        out.extend(done.ok());
    }
    out
}

async fn question(world: &World, probe: &Probe) -> Told {
    let limit = Duration::from_millis(probe.within.filter(|ms| *ms > 0).unwrap_or(PATIENCE).min(PATIENCE));
    match &probe.ask {
        Ask::When(c) => {
            Told { answer: Answer::Blind, detail: format!("{}: needs samples", c.text), raw: String::new() }
        }
        _ => ask(world, probe, Some(limit)).await,
    }
}
