//! Follows the runs of one folder: which one matters, what its journal says, whether anybody drives it.

use crate::journal::{Tail, is_held};
use crate::model::record::Record;
use crate::run::plan::Plan;
use crate::run::record::Kind;
use crate::supervisor::home;
use std::path::{Path, PathBuf};
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
    /// The records cannot be read (`None`: they can again).
    Trouble(Option<String>),
}

/// One run that is followed.
struct Current {
    id: String,
    dir: PathBuf,
    tail: Tail,
    driven: bool,
    over: bool,
}

/// The follower of one folder.
pub struct Follower {
    folder: PathBuf,
    current: Option<Current>,
    trouble: bool,
}

impl Follower {
    /// A follower of `folder` that has seen nothing yet.
    pub fn new(folder: PathBuf) -> Follower {
        Follower { folder, current: None, trouble: false }
    }

    /// Looks until the receiver is gone. Blocks; give it a thread.
    pub fn run(mut self, to: &Sender<Seen>) {
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
            std::thread::sleep(if near { NEAR } else { FAR });
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

    fn try_look(&mut self) -> Result<Vec<Seen>, String> {
        if let Some(id) = self.matters()?
            && self.current.as_ref().is_none_or(|c| c.id != id)
        {
            let dir = home::run_dir(&self.folder, &id);
            let plan = home::read_plan(&dir).map_err(|e| e.to_string())?;
            let mut tail = Tail::new(home::journal_path(&dir));
            let records = tail.poll().map_err(|e| e.to_string())?;
            let driven = home::alive(&dir);
            let over = records.iter().any(ends);
            self.current = Some(Current { id, dir, tail, driven, over });
            return Ok(vec![Seen::Run { plan: Box::new(plan), records, driven }]);
        }
        let Some(current) = &mut self.current else { return Ok(vec![]) };
        let records = current.tail.poll().map_err(|e| e.to_string())?;
        let driven = home::alive(&current.dir);
        if records.is_empty() && driven == current.driven {
            return Ok(vec![]);
        }
        current.driven = driven;
        current.over |= records.iter().any(ends);
        Ok(vec![Seen::Journal { records, driven }])
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

fn ends(record: &Record) -> bool {
    matches!(Kind::read(record), Ok(Kind::RunFinished { .. } | Kind::RunRefused { .. }))
}
