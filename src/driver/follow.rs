//! Follows the runs of one folder: which one matters, what its journal says, whether anybody drives it.

mod pages;
mod wake;

pub use wake::{Turn, Wake, wake};

use crate::clock;
use crate::engine::baseline::Known;
use crate::engine::hold::TriggerState;
use crate::journal::{Tail, is_held};
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::run::plan::Plan;
use crate::run::progress::progress;
use crate::run::record::Kind;
use crate::session::Heartbeat;
use crate::session::view::{Found, Output};
use crate::supervisor::decisions::{self, Beat};
use crate::supervisor::person::{person, roles_of};
use crate::supervisor::{baseline, drills, home, outbox};
use indexmap::IndexMap;
use pages::Pages;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two looks while a run goes on, while none does, and while none does and every record is heard.
const NEAR: Duration = Duration::from_millis(200);
const FAR: Duration = Duration::from_millis(500);
const HEARD: Duration = Duration::from_secs(5);
/// Lines behind one that was found that are on the same page.
const AROUND: usize = 100;
/// Milliseconds between two looks at the roles that the person here has.
const ROLES: u64 = 30_000;

/// What is wanted of the follower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The output up to this line of it; `None`: its end.
    Output(Option<usize>),
    /// The line of the output that holds a text, after `from` or before it.
    Find {
        /// The text.
        sought: String,
        /// A line, from 0.
        from: Option<usize>,
        /// Before it.
        back: bool,
    },
    /// Something was just written: look now.
    Now,
}

/// What was seen.
#[derive(Debug)]
pub enum Seen {
    /// A run that matters more than the one before: the running one, or a newer one.
    Run {
        /// Its plan.
        plan: Box<Plan>,
        /// Its records so far.
        records: Vec<Record>,
        /// Whether a supervisor drives it.
        driven: bool,
    },
    /// The run's journal went on, or its supervisor came or went.
    Journal {
        /// New records.
        records: Vec<Record>,
        /// Whether a supervisor drives it.
        driven: bool,
    },
    /// A page of what the newest attempt prints, and how far it says that its step is.
    Output(Output, Option<f64>),
    /// A line that was looked for.
    Found(Found),
    /// How a run of a procedure ended, the newest last.
    Past {
        /// Procedure id.
        procedure: String,
        /// The word for it.
        verdict: String,
        /// When, in wall milliseconds.
        wall: i64,
    },
    /// When the service was rehearsed last, wall milliseconds, and its points.
    Drilled(i64, u32),
    /// The records cannot be read (`None`: they can again).
    Trouble(Option<String>),
    /// New records of `decisions.jsonl`.
    Decided(Vec<Record>),
    /// New records of `outbox.jsonl`.
    Posted(Vec<Record>),
    /// The decider's heartbeat.
    Beat(Option<Heartbeat>),
    /// Ids of the roles that the person here has.
    Roles(Vec<String>),
    /// What is normal.
    Baselines(IndexMap<String, Result<Known, String>>),
}

/// One run that is followed.
struct Current {
    id: String,
    dir: PathBuf,
    plan: Plan,
    tail: Tail,
    driven: bool,
    over: bool,
    /// The output that is shown, of the newest attempt that has any.
    out: Option<Pages>,
    /// Later attempts, oldest first, which have no output yet or never will: step, attempt and file.
    next: Vec<(usize, u32, PathBuf)>,
}

impl Current {
    /// Notes which attempt the records speak of last, and whether they end the run.
    fn heed(&mut self, records: &[Record]) {
        for record in records {
            match Kind::read(record) {
                Ok(Kind::StepStarting { step, attempt, .. }) => {
                    let folder = self.plan.steps.get(step.wrapping_sub(1)).map(|s| s.folder(attempt));
                    self.next.extend(folder.map(|f| (step, attempt, self.dir.join(f).join("out.log"))));
                }
                Ok(Kind::RunFinished { .. } | Kind::RunRefused { .. }) => self.over = true,
                _ => {}
            }
        }
    }

    /// A page of the output, when it has changed: it grew, another attempt prints, another page is wanted.
    fn output(&mut self, wanted: Option<usize>, turned: bool) -> Option<Seen> {
        if let Some(at) = self.next.iter().rposition(|(.., path)| path.exists())
            && let Some((step, attempt, path)) = self.next.drain(..=at).next_back()
        {
            self.out = Some(Pages::new(step, attempt, path));
        }
        let out = self.out.as_mut()?;
        if !out.grow() && !turned {
            return None;
        }
        let pattern = self.plan.steps.get(out.step.wrapping_sub(1)).and_then(|s| s.step.progress.as_deref());
        let share = pattern.and_then(|p| progress(p, out.last().iter().map(String::as_str)));
        Some(Seen::Output(out.page(wanted), share))
    }
}

/// The follower of one folder.
pub struct Follower {
    folder: PathBuf,
    playbook: Playbook,
    log: Tail,
    outbox: Tail,
    beat: Option<Heartbeat>,
    /// Boot milliseconds at which the roles are looked at again.
    roles_due: u64,
    /// What is normal may have changed.
    baselines_due: bool,
    current: Option<Current>,
    trouble: bool,
    /// The last line of the output that is wanted, and whether that is new.
    wanted: (Option<usize>, bool),
}

impl Follower {
    /// A follower of `folder` that has seen nothing yet.
    pub fn new(folder: PathBuf, playbook: Playbook) -> Follower {
        Follower {
            log: decisions::tail(&folder),
            outbox: outbox::tail(&folder),
            folder,
            playbook,
            beat: None,
            roles_due: 0,
            baselines_due: true,
            current: None,
            trouble: false,
            wanted: (None, false),
        }
    }

    /// Records of the log since the last look.
    ///
    /// # Errors
    /// When the log cannot be read or is damaged; names the line.
    pub fn decided(&mut self) -> Result<Vec<Record>, String> {
        self.log.poll().map_err(|e| e.to_string())
    }

    /// What is new outside of runs.
    fn outside(&mut self) -> Result<Vec<Seen>, String> {
        let mut out = Vec::new();
        let records = self.decided()?;
        self.baselines_due |= records.iter().any(|r| matches!(r.kind.as_str(), "Marked" | "IncidentClosed"));
        if !records.is_empty() {
            out.push(Seen::Decided(records));
        }
        let posted = self.outbox.poll().map_err(|e| e.to_string())?;
        if !posted.is_empty() {
            out.push(Seen::Posted(posted));
        }
        let beat = Beat::read(&self.folder).map(heard);
        if beat != self.beat {
            self.beat.clone_from(&beat);
            out.push(Seen::Beat(beat));
        }
        let now = clock::now().boot;
        if now >= self.roles_due {
            self.roles_due = now + ROLES;
            out.push(Seen::Roles(roles_of(&person(), &self.playbook.roles)));
        }
        if std::mem::take(&mut self.baselines_due) {
            let known = baseline::known(&self.playbook, &self.folder);
            if !known.is_empty() {
                out.push(Seen::Baselines(known));
            }
        }
        Ok(out)
    }

    /// Looks until the receiver is gone. Blocks; give it a thread.
    pub fn run(mut self, to: &Sender<Seen>, wake: &Wake) {
        let first = self.look();
        for seen in first.into_iter().chain(self.past()) {
            if to.blocking_send(seen).is_err() {
                return;
            }
        }
        loop {
            // What is written from here on wakes it.
            let hears = wake.hears();
            for seen in self.look() {
                if to.blocking_send(seen).is_err() {
                    return;
                }
            }
            if to.is_closed() {
                return;
            }
            let near = self.current.as_ref().is_some_and(|c| c.driven || !c.over);
            let patience = match near {
                true => NEAR,
                false if hears => HEARD,
                false => FAR,
            };
            let Some(looks) = wake.wait(patience) else { return };
            for look in looks {
                match look {
                    Look::Output(line) => self.wanted = (line, true),
                    Look::Find { sought, from, back } => {
                        let Some(found) = self.find(&sought, from, back) else { continue };
                        if let Some(line) = found.line {
                            self.wanted = (Some(line + AROUND), true);
                        }
                        if to.blocking_send(Seen::Found(found)).is_err() {
                            return;
                        }
                    }
                    Look::Now => {}
                }
            }
        }
    }

    fn find(&self, sought: &str, from: Option<usize>, back: bool) -> Option<Found> {
        Some(self.current.as_ref()?.out.as_ref()?.find(sought, from, back))
    }

    /// What is new since the last look.
    pub fn look(&mut self) -> Vec<Seen> {
        let outside = self.outside();
        match outside.and_then(|mut seen| {
            seen.extend(self.try_look()?);
            Ok(seen)
        }) {
            Ok(mut seen) => {
                if std::mem::take(&mut self.trouble) {
                    seen.push(Seen::Trouble(None));
                }
                seen
            }
            Err(e) if !self.trouble => {
                self.trouble = true;
                vec![Seen::Trouble(Some(e))]
            }
            Err(_) => vec![],
        }
    }

    /// All runs that are over. Reads every journal of the folder, which may take a while.
    fn past(&self) -> Vec<Seen> {
        let (runs, broken) = match home::list(&self.folder) {
            Ok(found) => found,
            Err(e) => (vec![], vec![e.to_string()]),
        };
        let root = self.folder.parent().unwrap_or(&self.folder);
        let drilled = drills::all(root, &self.playbook.service.name).into_iter().max_by_key(|d| d.wall);
        let drilled = drilled.map(|d| Seen::Drilled(d.wall, d.score.points));
        let over = runs.into_iter().rev().filter_map(|run| {
            let verdict = run.view.verdict?.word().to_string();
            Some(Seen::Past { procedure: run.plan.procedure.id, verdict, wall: run.view.ended?.wall })
        });
        over.chain(drilled).chain(broken.into_iter().next().map(|why| Seen::Trouble(Some(why)))).collect()
    }

    fn try_look(&mut self) -> Result<Vec<Seen>, String> {
        if let Some(id) = self.matters()?
            && self.current.as_ref().is_none_or(|c| c.id != id)
        {
            let dir = home::run_dir(&self.folder, &id);
            let plan = home::read_plan(&dir).map_err(|e| e.to_string())?;
            let mut tail = Tail::new(home::journal_path(&dir));
            let records = tail.poll().map_err(|e| e.to_string())?;
            let driven = home::alive(&dir);
            let mut current = Current {
                id,
                dir,
                plan: plan.clone(),
                tail,
                driven,
                over: false,
                out: None,
                next: Vec::new(),
            };
            current.heed(&records);
            self.current = Some(current);
            self.wanted = (None, false);
            return Ok(vec![Seen::Run { plan: Box::new(plan), records, driven }]);
        }
        let Some(current) = &mut self.current else { return Ok(vec![]) };
        let records = current.tail.poll().map_err(|e| e.to_string())?;
        let driven = home::alive(&current.dir);
        current.heed(&records);
        let (line, turned) = (self.wanted.0, std::mem::take(&mut self.wanted.1));
        let mut seen: Vec<Seen> = current.output(line, turned).into_iter().collect();
        if !records.is_empty() || driven != current.driven {
            current.driven = driven;
            seen.push(Seen::Journal { records, driven });
        }
        Ok(seen)
    }

    /// The run that holds the lock, else the newest one that was not refused.
    fn matters(&self) -> Result<Option<String>, String> {
        let lock = home::lock_path(&self.folder);
        if is_held(&lock).is_ok_and(|h| h.is_some())
            && let Some(note) = home::lock_note(&self.folder)
        {
            return Ok(Some(note.run));
        }
        let entries = match std::fs::read_dir(home::runs_dir(&self.folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{}: {e}", self.folder.display())),
        };
        let known = self.current.as_ref().map(|c| c.id.as_str());
        let mut ids: Vec<String> = entries
            .flatten()
            .filter_map(|e| e.file_name().into_string().ok())
            .filter(|n| !n.starts_with('.'))
            .collect();
        ids.sort();
        Ok(ids.into_iter().rev().find(|id| known == Some(id) || began(&home::run_dir(&self.folder, id))))
    }
}

/// What a session is told of a heartbeat.
fn heard(b: Beat) -> Heartbeat {
    let lacks = b.triggers.iter().filter_map(|t| match t.state {
        TriggerState::Pending { held, need, .. } => Some((t.id.clone(), need.saturating_sub(held))),
        TriggerState::Firing { .. } => Some((t.id.clone(), 0)),
        TriggerState::Inactive => None,
    });
    Heartbeat {
        lacks: lacks.collect(),
        epoch: b.epoch,
        acts: b.acts,
        host: b.host,
        pid: b.pid,
        at: b.at,
        says: b.text,
        trouble: b.trouble,
    }
}

fn began(dir: &Path) -> bool {
    let records = Tail::new(home::journal_path(dir)).poll().unwrap_or_default();
    records.first().is_some_and(|r| matches!(Kind::read(r), Ok(Kind::RunStarted { .. })))
}
