//! What becomes of runs, for a decider: which one is in the way, which one is over, and how fast an automatic one was.

use super::log::News;
use crate::clock;
use crate::journal::is_held;
use crate::model::playbook::StepKind;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::record::{Kind, Verdict};
use crate::run::view::{RunState, RunView};
use crate::run::{Plan, PlanStep};
use crate::session::decision::machine::{Begun, Event, Over, Runs};
use crate::supervisor::person::person;
use crate::supervisor::{self, home};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two looks, and where nothing acts and no run is in the way.
const EVERY: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(8);
/// The newest runs that are looked at: an older one is in nobody's way, for none starts beside one that was left.
const NEWEST: usize = 10;
/// Milliseconds after which what was not taken in is told again, and a lost supervisor is replaced again.
const AGAIN: Millis = 5_000;

/// The automatic runs that are not over as far as is on record.
pub(super) type Open = Arc<Mutex<Vec<String>>>;

/// Looks again and again, for as long as somebody listens. Blocks; give it a thread.
pub(super) fn follow(home: &Path, acts: bool, open: &Open, tell: &Sender<News>) {
    let mut it = Watched { home: home.to_owned(), acts, ..Watched::default() };
    while !tell.is_closed() {
        let open = open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        for event in it.look(&open) {
            let _ = tell.blocking_send(News::Event(event));
        }
        let quiet = open.is_empty() && it.runs.as_ref().is_some_and(|r| r.in_the_way.is_none());
        std::thread::sleep(if !acts && quiet { SELDOM } else { EVERY });
    }
}

#[derive(Default)]
struct Watched {
    home: PathBuf,
    acts: bool,
    /// What was told last.
    runs: Option<Runs>,
    /// The newest runs, with the length of the journal that they were read from.
    read: HashMap<String, (u64, Option<Seen>)>,
    told: HashMap<String, (Told, Millis)>,
    taken_up: Option<Millis>,
}

/// A run, as far as a decider asks.
#[derive(Clone)]
struct Seen {
    plan: Arc<Plan>,
    view: RunView,
    /// The boot in which its last record was written.
    boot: String,
    /// When it was accepted.
    begun: Option<Now>,
    /// When its first command was started.
    started: Option<Now>,
    /// When it took effect.
    effect: Option<Now>,
    /// It is over, or only watched after it was verified: whether it was verified, in words, when.
    ended: Option<(bool, String, Now)>,
}

#[derive(Default, PartialEq)]
struct Told {
    started: Option<Now>,
    effect: Option<Now>,
    ended: bool,
}

impl Watched {
    fn look(&mut self, open: &[String]) -> Vec<Event> {
        let now = clock::now();
        let newest = self.newest();
        for id in newest.iter().chain(open) {
            self.see(id);
        }
        self.read.retain(|id, _| newest.contains(id) || open.contains(id));
        self.told.retain(|id, _| open.contains(id));
        let mut events = Vec::new();
        let runs = self.runs(&newest, &now);
        if self.runs.as_ref() != Some(&runs) {
            self.runs = Some(runs.clone());
            events.push(Event::Runs(runs));
        }
        open.iter().for_each(|id| events.extend(self.tell(id, &now)));
        events
    }

    /// Ids of the newest runs, newest first (they sort by time).
    fn newest(&self) -> Vec<String> {
        let entries = std::fs::read_dir(home::runs_dir(&self.home)).into_iter().flatten().flatten();
        let mut ids: Vec<String> = entries
            .filter_map(|e| e.file_name().into_string().ok())
            .filter(|n| !n.starts_with('.'))
            .collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(NEWEST);
        ids
    }

    /// Reads a run whose journal has grown.
    fn see(&mut self, id: &str) {
        let dir = home::run_dir(&self.home, id);
        let length = home::journal_path(&dir).metadata().map_or(0, |m| m.len());
        if self.read.get(id).is_some_and(|(known, seen)| *known == length && seen.is_some()) {
            return;
        }
        self.read.insert(id.to_owned(), (length, seen(&dir)));
    }

    fn runs(&mut self, newest: &[String], now: &Now) -> Runs {
        let mut out = Runs::default();
        let held = is_held(&home::lock_path(&self.home)).is_ok_and(|h| h.is_some());
        if let Some(note) = held.then(|| home::lock_note(&self.home)).flatten() {
            let words = clean_line(&format!("{} of {}", note.title, note.user));
            out.in_the_way = Some((note.run, words));
        } else if let Some((id, seen)) = self.orphan(newest) {
            let title = &seen.plan.procedure.title;
            let words = format!("{title} of {}, which nobody drives", seen.plan.who.user);
            out.in_the_way = Some((id.clone(), clean_line(&words)));
            self.take_up(&id, &seen, now);
        }
        let over = newest.iter().filter_map(|id| {
            let seen = self.read.get(id)?.1.as_ref()?;
            let (verified, _, at) = seen.ended.as_ref().filter(|_| seen.view.state != RunState::Refused)?;
            let by_person = seen.plan.automatic.is_none();
            let procedure = seen.plan.procedure.id.clone();
            Some(Over { run: id.clone(), procedure, ended: at.clone(), by_person, verified: *verified })
        });
        out.last = over.max_by_key(|o| o.ended.wall);
        let begun = newest.iter().rev().filter_map(|id| {
            let seen = self.read.get(id)?.1.as_ref()?;
            let by = seen.plan.automatic.is_none().then(|| seen.plan.who.clone());
            let procedure = seen.plan.procedure.id.clone();
            Some(Begun { run: id.clone(), procedure, by, at: seen.begun.clone()? })
        });
        out.begun = begun.collect();
        out
    }

    /// The newest run that was accepted, is not over, and that nobody drives.
    fn orphan(&self, newest: &[String]) -> Option<(String, Seen)> {
        let left = newest.iter().filter_map(|id| {
            let seen = self.read.get(id)?.1.as_ref()?;
            let open =
                !matches!(seen.view.state, RunState::Requested | RunState::Refused | RunState::Finished)
                    && seen.ended.is_none();
            let dir = home::run_dir(&self.home, id);
            (open && !home::alive(&dir)).then(|| (id.clone(), seen.clone()))
        });
        left.into_iter().find(|(id, _)| !home::successor(&self.home, id).is_ok_and(|s| s.is_some()))
    }

    /// Starts a new supervisor for a run of one's own of this boot; it goes on as far as its outcomes are definite.
    fn take_up(&mut self, id: &str, seen: &Seen, now: &Now) {
        let who = person();
        let recent = self.taken_up.is_some_and(|at| now.boot < at + AGAIN);
        if !self.acts || recent || seen.plan.who.uid != who.uid || seen.boot != now.boot_id {
            return;
        }
        self.taken_up = Some(now.boot);
        let dir = home::run_dir(&self.home, id);
        std::thread::spawn(move || drop(supervisor::resume(&dir, &who)));
    }

    /// What is new of an automatic run.
    fn tell(&mut self, id: &str, now: &Now) -> Vec<Event> {
        let Some((_, seen)) = self.read.get(id) else { return Vec::new() };
        let Some(seen) = seen.clone() else { return Vec::new() };
        let ended = seen.ended.clone().or_else(|| expired(&home::run_dir(&self.home, id), &seen, now));
        let told =
            Told { started: seen.started.clone(), effect: seen.effect.clone(), ended: ended.is_some() };
        if told == Told::default() {
            return Vec::new();
        }
        if self.told.get(id).is_some_and(|(known, at)| *known == told && now.boot < at + AGAIN) {
            return Vec::new();
        }
        self.told.insert(id.to_owned(), (told, now.boot));
        let run = id.to_owned();
        let reaction =
            seen.started.map(|started| Event::Reaction { run: run.clone(), started, effect: seen.effect });
        let ended = ended.map(|(ok, detail, _)| Event::Ended { run, ok, detail });
        reaction.into_iter().chain(ended).collect()
    }
}

/// A run that was put in its place, whose starter died then: nothing ever accepts it.
fn expired(dir: &Path, seen: &Seen, now: &Now) -> Option<(bool, String, Now)> {
    let never = seen.view.state == RunState::Requested && seen.plan.expires.is_due(now) && !home::alive(dir);
    never.then(|| (false, "it was never accepted: nothing was started".to_owned(), now.clone()))
}

fn seen(dir: &Path) -> Option<Seen> {
    let (plan, records) = home::read_run(dir).ok()?;
    let view = RunView::fold(&plan, &records).ok()?;
    let step = |n: usize| plan.steps.get(n.checked_sub(1)?).filter(|s| s.changes());
    let is_command = |s: &PlanStep| matches!(s.step.kind, StepKind::Run(_)) && s.step.tell.is_none();
    let started = records.iter().find_map(|r| match Kind::read(r).ok()? {
        Kind::StepStarted { step: n, .. } => step(n).map(|_| r.at.clone()),
        // No process is started for it.
        Kind::StepStarting { step: n, .. } => step(n).filter(|s| !is_command(s)).map(|_| r.at.clone()),
        _ => None,
    });
    let observes =
        plan.procedure.takes_effect.iter().any(|n| step(*n).is_some_and(|s| s.step.observe.is_some()));
    let effect = view.observed.clone().or(view.applied.clone().filter(|_| !observes));
    let guarded = (view.guarding.is_some()).then(|| view.verified.clone()).flatten();
    let ended = match (&view.verdict, &view.ended) {
        (Some(verdict), Some(at)) => {
            let ok = *verdict == Verdict::Verified;
            let why = if ok || view.why.is_empty() { String::new() } else { format!(": {}", view.why) };
            Some((ok, clean_line(&format!("{}{why}", verdict.word())), at.clone()))
        }
        _ if view.state == RunState::Refused => {
            let at = records.last().map(|r| r.at.clone()).unwrap_or_default();
            Some((false, clean_line(&format!("refused: {}", view.why)), at))
        }
        _ => guarded.map(|at| (true, "verified, and watched for a while longer".to_owned(), at)),
    };
    let boot = records.last().map(|r| r.at.boot_id.clone()).unwrap_or_default();
    let begun = records.iter().find(|r| r.kind == "RunStarted").map(|r| r.at.clone());
    Some(Seen { plan: Arc::new(plan), view, boot, begun, started, effect, ended })
}
