//! Follows the runs of one folder: which one matters, what its journal says, whether anybody drives it.

mod pages;

use crate::journal::{Tail, is_held};
use crate::model::record::Record;
use crate::run::plan::Plan;
use crate::run::progress::progress;
use crate::run::record::Kind;
use crate::session::view::Output;
use crate::supervisor::home;
use pages::Pages;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two looks while a run goes on, and while none does.
const NEAR: Duration = Duration::from_millis(200);
const FAR: Duration = Duration::from_millis(500);

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
    /// How a run of a procedure ended, the newest last.
    Past {
        /// Procedure id.
        procedure: String,
        /// The word for it.
        verdict: String,
        /// When, in wall milliseconds.
        wall: i64,
    },
    /// The records cannot be read (`None`: they can again).
    Trouble(Option<String>),
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
    current: Option<Current>,
    trouble: bool,
    /// The last line of the output that is wanted, and whether that is new.
    wanted: (Option<usize>, bool),
}

impl Follower {
    /// A follower of `folder` that has seen nothing yet.
    pub fn new(folder: PathBuf) -> Follower {
        Follower { folder, current: None, trouble: false, wanted: (None, false) }
    }

    /// Looks until the receiver is gone. `wanted` says which line of the output is to be the last one shown (`None`: its
    /// end). Blocks; give it a thread.
    pub fn run(mut self, to: &Sender<Seen>, wanted: &Receiver<Option<usize>>) {
        let first = self.look();
        for seen in first.into_iter().chain(self.past()) {
            if to.blocking_send(seen).is_err() {
                return;
            }
        }
        loop {
            for seen in self.look() {
                if to.blocking_send(seen).is_err() {
                    return;
                }
            }
            if to.is_closed() {
                return;
            }
            let near = self.current.as_ref().is_some_and(|c| c.driven || !c.over);
            match wanted.recv_timeout(if near { NEAR } else { FAR }) {
                Ok(line) => self.wanted = (wanted.try_iter().last().unwrap_or(line), true),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What is new since the last look.
    pub fn look(&mut self) -> Vec<Seen> {
        match self.try_look() {
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
        let over = runs.into_iter().rev().filter_map(|run| {
            let verdict = run.view.verdict?.word().to_string();
            Some(Seen::Past { procedure: run.plan.procedure.id, verdict, wall: run.view.ended?.wall })
        });
        over.chain(broken.into_iter().next().map(|why| Seen::Trouble(Some(why)))).collect()
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

fn began(dir: &Path) -> bool {
    let records = Tail::new(home::journal_path(dir)).poll().unwrap_or_default();
    records.first().is_some_and(|r| matches!(Kind::read(r), Ok(Kind::RunStarted { .. })))
}
