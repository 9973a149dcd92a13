//! One service in one environment, as its records tell: each file is read again only when it has changed.

use super::facts::Facts;
use super::samples::Samples;
use crate::engine::eval::Truth;
use crate::engine::hold::TriggerState;
use crate::engine::stage::Stage;
use crate::engine::verdict::Standing;
use crate::journal::Tail;
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Now};
use crate::run::record::Verdict;
use crate::run::state::Need;
use crate::run::view::{RunState, RunView};
use crate::session::Following;
use crate::session::decision::{Clock, Decisions};
use crate::session::view::Gravity;
use crate::session::view::fleet::{Due, FleetRow, FleetRun, LastRun, Says};
use crate::supervisor::decisions::{self, Beat, beat_path};
use crate::supervisor::home;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// By what a file is known to have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    node: u64,
    size: u64,
    time: (i64, i64),
}

impl Stamp {
    /// Of a file; none when it is not there.
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        let m = path.metadata().ok()?;
        Some(Stamp { node: m.ino(), size: m.len(), time: (m.mtime(), m.mtime_nsec()) })
    }
}

/// A run that is not over.
struct Run {
    dir: PathBuf,
    tail: Tail,
    following: Following,
    stamp: Option<Stamp>,
}

/// One service in one environment.
pub(super) struct Site {
    facts: Facts,
    /// The folder of its records.
    home: PathBuf,
    row: Arc<FleetRow>,
    beat: (Option<Stamp>, Option<Beat>),
    log: (Option<Stamp>, Tail, Decisions),
    runs: Option<Stamp>,
    lock: Option<Stamp>,
    held: bool,
    run: Option<Run>,
    samples: Option<Samples>,
}

impl Site {
    pub(super) fn new(id: usize, file: &str, facts: Facts, home: PathBuf) -> Site {
        let row = FleetRow {
            id,
            file: clean_line(file),
            service: facts.service.clone(),
            environment: facts.environment.clone(),
            tone: facts.tone,
            signal: facts.signal.as_ref().map(|(_, title, _)| title.clone()),
            spark: facts.signal.as_ref().map(|(.., spark)| spark.clone()).unwrap_or_default(),
            ..FleetRow::default()
        };
        let samples = facts.signal.as_ref().map(|(id, ..)| Samples::new(&home, id));
        Site {
            row: Arc::new(row),
            beat: (None, None),
            log: (None, decisions::tail(&home), Decisions::default()),
            runs: None,
            lock: None,
            held: false,
            run: None,
            samples,
            facts,
            home,
        }
    }

    /// The row, as it was read last.
    pub(super) fn row(&self) -> Arc<FleetRow> {
        self.row.clone()
    }

    /// The folder of its records.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Reads what has changed; whether anything of the row did.
    pub(super) fn look(&mut self, now: &Now) -> bool {
        let mut row = FleetRow::clone(&self.row);
        let beaten = self.look_at_beat();
        let logged = self.look_at_log(&mut row);
        if beaten || logged {
            self.say(&mut row);
        }
        // Its process may be gone without a word.
        if let (Some(says), Some(beat)) = (&mut row.says, &self.beat.1) {
            says.gone = self.has_left(beat) || (says.lives(now) && !beat.is_there());
        }
        self.look_at_runs(&mut row);
        let who = row.says.iter().filter(|s| !s.acts && s.lives(now)).map(|s| s.who.clone());
        let mut here: Vec<String> =
            who.chain(row.run.iter().filter(|r| r.driven).map(|r| r.who.clone())).collect();
        here.dedup();
        row.here = here;
        if let Some(samples) = &mut self.samples {
            samples.follow(now.wall, &mut row.spark);
        }
        let changed = row != *self.row;
        if changed {
            self.row = Arc::new(row);
        }
        changed
    }

    fn look_at_beat(&mut self) -> bool {
        let stamp = Stamp::of(&beat_path(&self.home));
        if stamp == self.beat.0 {
            return false;
        }
        let beat = Beat::read(&self.home).map(|b| Beat { kept: Vec::new(), ..b });
        // Half a heartbeat is none: the one before stands until it is old.
        if beat.is_some() || stamp.is_none() {
            self.beat = (stamp, beat);
        }
        true
    }

    fn look_at_log(&mut self, row: &mut FleetRow) -> bool {
        let stamp = Stamp::of(&decisions::path(&self.home));
        if stamp == self.log.0 {
            return false;
        }
        self.log.0 = stamp;
        let records = self.log.1.poll().map_err(|e| e.to_string());
        let taken = records.and_then(|all| all.iter().try_for_each(|r| self.log.2.follow(r).map(drop)));
        row.unread = taken.err().map(|e| clean_line(&e));
        true
    }

    fn has_left(&self, beat: &Beat) -> bool {
        let decider = self.log.2.decider.as_ref();
        decider.is_some_and(|d| d.epoch > beat.epoch || (d.epoch == beat.epoch && d.left))
    }

    fn mode(&self, trigger: &str) -> Automation {
        let own = self.facts.triggers.get(trigger).map(|t| t.mode).unwrap_or_default();
        self.log.2.mode(self.facts.ceiling, trigger, own)
    }

    /// From the heartbeat and the log to the row.
    fn say(&self, row: &mut FleetRow) {
        let state = &self.log.2;
        let could = self.facts.triggers.iter().filter(|(_, t)| t.could_act);
        row.mode = could.map(|(id, _)| self.mode(id)).max();
        row.decisions = state.open_clocks().map(|c| self.decision(c)).collect();
        let defaults = state.open_clocks().filter_map(|c| {
            let acts = c.default == DefaultAction::Act && self.mode(&c.trigger) == Automation::Armed;
            let frozen = c.plan.as_ref().is_none_or(|(plan, _)| plan.is_ok());
            let at = c.due().filter(|_| acts && frozen)?.clone();
            self.acts(&c.trigger, at)
        });
        row.acts = defaults.collect();
        let Some(beat) = &self.beat.1 else {
            row.says = None;
            return;
        };
        row.acts.extend(beat.triggers.iter().filter_map(|t| {
            if t.cell.cell != Cell::Auto || self.mode(&t.id) != Automation::Armed {
                return None;
            }
            let lacks = match (t.state, state.firing_of(&t.id)) {
                (_, Some(f)) if f.acting.is_some() || f.withheld.is_some() || f.escalated.is_some() => {
                    return None;
                }
                (_, Some(_)) => 0,
                (TriggerState::Pending { held, need, .. }, None) if t.truth != Truth::Unknown => {
                    need.saturating_sub(held)
                }
                _ => return None,
            };
            self.acts(&t.id, Deadline::after(&beat.at, lacks))
        }));
        let (gravity, text) = self.verdict(beat);
        let stage = matches!(beat.stage, Stage::At(_) | Stage::Between(..)) && self.facts.staged;
        row.says = Some(Says {
            at: beat.at.clone(),
            acts: beat.acts,
            gone: self.has_left(beat),
            host: clean_line(&beat.host),
            who: state
                .decider
                .as_ref()
                .filter(|d| d.epoch == beat.epoch)
                .map(|d| clean_line(&d.who.user))
                .unwrap_or_default(),
            gravity,
            text,
            evidence: beat.evidence.iter().map(|e| clean_line(e)).collect(),
            respond_by: self.respond_by(beat),
            stage: stage.then(|| format!("canary {}", beat.stage)),
            answering: beat.answering,
            trouble: beat.trouble.as_deref().map(clean_line),
        });
    }

    fn verdict(&self, beat: &Beat) -> (Gravity, String) {
        match &beat.standing {
            Standing::Unknown(why) => (Gravity::Unknown, format!("UNKNOWN: {}", clean_line(why))),
            Standing::Quiet => (Gravity::Ok, "quiet".into()),
            Standing::Warn(id) => {
                let signal = beat.signals.iter().find(|s| s.id == *id);
                let text = match (signal, self.facts.triggers.get(id)) {
                    (Some(s), _) => format!("{} {}", s.title, s.value.as_deref().unwrap_or("?")),
                    (None, Some(t)) => format!("{} fires", t.title),
                    (None, None) => id.clone(),
                };
                (Gravity::Warn, clean_line(&format!("warn: {text}")))
            }
            Standing::Row(id) => match self.facts.rows.get(id) {
                Some(row) => {
                    let gravity = if row.acts { Gravity::Critical } else { Gravity::Warn };
                    (gravity, clean_line(&format!("{id} {}", row.text)))
                }
                // A row of another version of the playbook.
                None => (Gravity::Critical, clean_line(&beat.text)),
            },
        }
    }

    /// Until when to respond to the row in force, wall milliseconds.
    fn respond_by(&self, beat: &Beat) -> Option<i64> {
        let Standing::Row(id) = &beat.standing else { return None };
        let within = self.facts.rows.get(id)?.respond?;
        let mine = |id_of: &str| self.facts.triggers.get(id_of).and_then(|t| t.severity.as_ref()) == Some(id);
        let firing = |t: &&decisions::BeatTrigger| matches!(t.state, TriggerState::Firing { .. });
        let since = beat.triggers.iter().filter(firing).filter(|t| mine(&t.id)).filter_map(|t| t.since).min();
        Some(since.unwrap_or(beat.standing_since) + within as i64)
    }

    fn acts(&self, trigger: &str, at: Deadline) -> Option<Due> {
        let t = self.facts.triggers.get(trigger)?;
        let (starts, costs) = t.starts.as_ref()?;
        Some(Due { title: starts.clone(), then: costs.clone(), at: Some(at) })
    }

    fn decision(&self, c: &Clock) -> Due {
        let title = self.facts.triggers.get(&c.trigger).map_or(c.trigger.as_str(), |t| t.title.as_str());
        let then = match c.default {
            DefaultAction::Act => "then it acts by itself",
            DefaultAction::Escalate => "then others are told",
            DefaultAction::Nothing => "then nothing happens by itself",
        };
        let at = if c.missed { c.due().cloned() } else { c.decide_by.clone().or_else(|| c.due().cloned()) };
        Due { title: clean_line(title), then: then.into(), at }
    }

    fn look_at_runs(&mut self, row: &mut FleetRow) {
        let lock = home::lock_path(&self.home);
        let stamp = Stamp::of(&lock);
        // Whoever takes it writes it; so it is asked only then, and while it is held.
        let asked = stamp.is_some() && (stamp != self.lock || self.held);
        let held = asked && crate::journal::is_held(&lock).is_ok_and(|h| h.is_some());
        let runs = Stamp::of(&home::runs_dir(&self.home));
        if (stamp, held, runs) != (self.lock, self.held, self.runs) {
            (self.lock, self.held, self.runs) = (stamp, held, runs);
            self.find_run(row);
        }
        let Some(run) = &mut self.run else {
            row.run = None;
            return;
        };
        let stamp = Stamp::of(&home::journal_path(&run.dir));
        let driven = home::alive(&run.dir);
        if stamp != run.stamp {
            run.stamp = stamp;
            let more = run.tail.poll().map_err(|e| e.to_string());
            if let Err(e) = more.and_then(|more| run.following.extend(more, driven).map(drop)) {
                row.unread = Some(clean_line(&e));
            }
        }
        let view = run.following.view();
        if run.following.is_open() && view.state != RunState::Requested {
            row.run = Some(in_progress(view, driven));
            return;
        }
        if let Some(last) = ended(view) {
            row.last = Some(last);
        }
        // One that nobody has accepted yet may still begin.
        if view.state != RunState::Requested {
            self.run = None;
        }
        row.run = None;
    }

    /// The run that holds the lock, else the newest one that was not refused.
    fn find_run(&mut self, row: &mut FleetRow) {
        let held = if self.held { home::lock_note(&self.home).map(|n| n.run) } else { None };
        let known =
            self.run.as_ref().and_then(|r| r.dir.file_name()).map(|n| n.to_string_lossy().into_owned());
        if held.is_some() && held == known {
            return;
        }
        let newest = || {
            let entries = std::fs::read_dir(home::runs_dir(&self.home)).ok()?;
            let mut ids: Vec<String> =
                entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
            ids.retain(|id| !id.starts_with('.'));
            ids.sort();
            ids.into_iter().rev().take(8).find_map(|id| self.open_run(&id).filter(began))
        };
        let found = match held {
            Some(id) => self.open_run(&id),
            None => newest(),
        };
        if let Some(run) = found {
            row.last = ended(run.following.view()).or(row.last.take());
            self.run = Some(run);
        }
    }

    fn open_run(&self, id: &str) -> Option<Run> {
        let dir = home::run_dir(&self.home, id);
        let plan = home::read_plan(&dir).ok()?;
        let path = home::journal_path(&dir);
        let stamp = Stamp::of(&path);
        let mut tail = Tail::new(path);
        let records = tail.poll().ok()?;
        let following = Following::new(plan, records, home::alive(&dir)).ok()?;
        Some(Run { dir, tail, following, stamp })
    }
}

/// Whether a run was accepted.
fn began(run: &Run) -> bool {
    !matches!(run.following.view().state, RunState::Requested | RunState::Refused)
}

fn in_progress(view: &RunView, driven: bool) -> FleetRun {
    let place = match view.current.and_then(|n| view.steps.get(n.wrapping_sub(1))) {
        Some(step) => format!("step {} of {}", step.label, view.steps.len()),
        None => String::new(),
    };
    let needs = match (view.state, &view.needs) {
        (RunState::NotVerified, _) => Some("NOT VERIFIED"),
        (RunState::Waiting, Some(Need::Approve)) => Some("WAITS FOR APPROVAL"),
        (RunState::Waiting, _) => Some("WAITS FOR A PERSON"),
        _ if view.drifted.is_some() => Some("DRIFTED"),
        _ => None,
    };
    FleetRun {
        id: view.id.clone(),
        title: clean_line(&view.title),
        who: clean_line(&view.who),
        place,
        since: view.requested.clone(),
        driven,
        needs: needs.map(Into::into),
        guarding: view.guarding.is_some() && view.drifted.is_none(),
    }
}

fn ended(view: &RunView) -> Option<LastRun> {
    let at = view.ended.as_ref()?;
    let word = match view.verdict? {
        Verdict::Verified => "verified",
        Verdict::Failed => "failed",
        Verdict::AcceptedUnverified => "accepted unverified",
        Verdict::Aborted => "stopped",
        Verdict::Abandoned => "ended where it was",
    };
    Some(LastRun {
        title: clean_line(&view.title),
        word: word.into(),
        took_ms: (at.wall - view.requested.wall).max(0) as u64,
        wall: at.wall,
    })
}
