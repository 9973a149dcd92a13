//! `ripcord ask`: something is asked of a run by its id; its answer is waited for and said.

use super::args::{Records, Wished};
use super::{exit, target};
use crate::journal::real;
use crate::run::RunView;
use crate::run::record::Wish;
use crate::run::view::RunState;
use crate::supervisor::control::{Answered, answer};
use crate::supervisor::{self, Asker, RunSummary, person};
use std::path::{Path, PathBuf};

/// Folders of all services and environments of a folder of records.
pub fn homes(records: &Records) -> Result<Vec<PathBuf>, ()> {
    let settings = target::settings_of(records.config.as_deref())?;
    let root = target::state_root(records.state_dir.clone(), &settings)?;
    let mut out: Vec<PathBuf> = std::fs::read_dir(&root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join("runs").is_dir())
        .collect();
    out.sort();
    if out.is_empty() {
        eprintln!("error: no run is recorded in {}\n  hint: --state-dir DIR", root.display());
        return Err(());
    }
    Ok(out)
}

/// A run by its id, with the folder of its service.
///
/// # Errors
/// When there is none, or it cannot be read; it has been printed.
pub fn find(records: &Records, id: &str) -> Result<(PathBuf, RunSummary), ()> {
    let homes = homes(records)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let known = |home: &&PathBuf| id.chars().all(plain) && supervisor::run_dir(home, id).is_dir();
    let Some(home) = homes.iter().find(known) else {
        eprintln!("error: no run is named `{id}`\n  hint: `ripcord runs PLAYBOOK` lists them");
        return Err(());
    };
    let (plan, view, dir) = read(home, id).map_err(|e| eprintln!("error: {e}"))?;
    Ok((home.clone(), RunSummary { alive: supervisor::alive(&dir), dir, plan, view }))
}

fn read(home: &Path, id: &str) -> Result<(crate::run::Plan, RunView, PathBuf), String> {
    let dir = supervisor::run_dir(home, id);
    let (plan, records) = supervisor::read_run(&dir).map_err(|e| e.to_string())?;
    let view = RunView::fold(&plan, &records)?;
    Ok((plan, view, dir))
}

/// Asks something of a run.
pub fn ask(records: &Records, run: &str, wished: Wished) -> u8 {
    let Ok((_, found)) = find(records, run) else { return exit::USAGE };
    send(&found, wish(wished))
}

fn wish(wished: Wished) -> Wish {
    match wished {
        Wished::Pause { reason } => Wish::Pause { reason },
        Wished::Continue => Wish::GoOn,
        Wished::Stop { reason } => Wish::Abort { reason },
        Wished::Done { reason } => Wish::Settle { done: true, reason },
        Wished::Retry { reason } => Wish::Settle { done: false, reason },
        Wished::Skip { reason } => Wish::Skip { reason },
        Wished::DoIt { reason } => Wish::DoIt { reason },
        Wished::Probe => Wish::AskAgain,
        Wished::Answer { label, input } => Wish::Answer { label, input },
        Wished::Page => Wish::Page,
        Wished::Accept { reason } => Wish::Accept { reason },
        Wished::Abandon { reason } => Wish::Abandon { reason },
    }
}

/// Writes a request to a run, waits for its answer and says it.
pub fn send(found: &RunSummary, wish: Wish) -> u8 {
    let id = &found.view.id;
    if matches!(found.view.state, RunState::Finished | RunState::Refused) {
        eprintln!("REFUSED: run {id} is over; nothing was asked.");
        return exit::REFUSED;
    }
    if !found.alive {
        let own = found.plan.who.uid == person().uid;
        let how = if own { "" } else { " --successor" };
        eprintln!(
            "UNKNOWN: nobody drives run {id}; nothing was asked.\n  hint: `ripcord resume{how} --run {id}`"
        );
        return exit::UNKNOWN;
    }
    let step = found.view.current;
    let attempt = step.and_then(|n| found.view.steps.get(n - 1)).map(|s| s.attempt);
    let asked = Asker::open(real(), &found.dir, person())
        .and_then(|mut asker| asker.ask(wish, step, attempt, found.view.seq));
    match asked.and_then(|request| answer(&found.dir, &request)) {
        Ok(Answered::Accepted(why)) if why.is_empty() => {
            println!("ACCEPTED.");
            exit::OK
        }
        Ok(Answered::Accepted(why)) => {
            println!("ACCEPTED: {why}.");
            exit::OK
        }
        Ok(Answered::Refused(why)) => {
            eprintln!("REFUSED: {why}.");
            exit::REFUSED
        }
        Ok(Answered::Nobody) => {
            eprintln!("UNKNOWN: nobody drives run {id} any more.\n  hint: `ripcord resume --run {id}`");
            exit::UNKNOWN
        }
        Ok(Answered::Nothing) => {
            eprintln!("TIMED OUT: no answer came in time; a request is never acted on later.");
            exit::TIMED_OUT
        }
        Err(e) => {
            eprintln!("error: {e}\n  hint: {}", e.hint());
            exit::REFUSED
        }
    }
}
