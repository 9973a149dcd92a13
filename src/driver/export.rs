//! What happened, as it is on record, and written to a file.

use super::{Driver, News, Setup};
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError, atomic_write, read, real};
use crate::model::text::clean_line;
use crate::report::timeline::{Of, written};
use crate::run::plan::Plan;
use crate::session::timeline::whole;
use crate::session::view::{Form, Happening};
use crate::supervisor::{decisions, home};
use std::path::{Path, PathBuf};

/// All that is on record of a service in its environment, by wall time. A run that cannot be read is an event of its own.
///
/// # Errors
/// When the log of decisions cannot be read, or a record is none; in words.
pub fn on_record(setup: &Setup) -> Result<Vec<Happening>, String> {
    let path = decisions::path(&setup.folder);
    let decisions = match path.try_exists().map_err(|e| format!("{}: {e}", path.display()))? {
        true => read(&path).map_err(|e| e.to_string())?,
        false => Vec::new(),
    };
    let (mut runs, mut broken) = (Vec::new(), Vec::new());
    for dir in folders(&setup.folder)? {
        match run(&dir) {
            Ok(found) => runs.push(found),
            Err(why) => broken.push((dir, why)),
        }
    }
    let mut out = whole(&setup.playbook, &decisions, &runs)?;
    out.extend(broken.into_iter().map(|(dir, why)| Happening {
        wall: clock::now().wall,
        mark: Some('!'),
        kind: "journal".into(),
        text: clean_line(&format!("{} cannot be read, it is left out: {why}", dir.display())),
        ..Happening::default()
    }));
    Ok(out)
}

/// A run whose records are all a run's: one that is not must not hide the others.
fn run(dir: &Path) -> Result<(Plan, Vec<crate::model::record::Record>), String> {
    let (plan, records) = home::read_run(dir).map_err(|e| e.to_string())?;
    records.iter().try_for_each(|r| crate::run::record::Kind::read(r).map(drop))?;
    Ok((plan, records))
}

fn folders(home: &Path) -> Result<Vec<PathBuf>, String> {
    let runs = home::runs_dir(home);
    let entries = match std::fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("{}: {e}", runs.display())),
    };
    let hidden = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    let mut out: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.is_dir() && !hidden(p)).collect();
    out.sort();
    Ok(out)
}

/// What only a screen saw, among what is on record.
fn with_seen(mut out: Vec<Happening>, seen: Vec<Happening>) -> Vec<Happening> {
    out.extend(seen);
    out.sort_by_key(|h| h.wall);
    out
}

/// Puts a text into a new file of `exports/`; answers its path.
fn put(disk: &dyn Disk, setup: &Setup, form: Form, text: &str) -> Result<PathBuf, LogError> {
    let io = |path: &Path, doing| {
        let path = path.to_owned();
        move |source| LogError::Io { path, doing, source }
    };
    decisions::make_home(&setup.folder).map_err(io(&setup.folder, "make"))?;
    let folder = setup.folder.join("exports");
    let sharing = Sharing::of(&setup.folder).map_err(io(&setup.folder, "look at"))?;
    match disk.create_dir(&folder, sharing.dir_mode()) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(&folder, "make")(e)),
        _ => {}
    }
    let stamp = jiff::Timestamp::from_millisecond(clock::now().wall).unwrap_or_default();
    let extension = match form {
        Form::Json => "json",
        Form::Csv => "csv",
        Form::Markdown => "md",
    };
    let path = folder.join(format!("timeline-{}.{extension}", stamp.strftime("%Y%m%dT%H%M%SZ")));
    atomic_write(disk, &path, text.as_bytes(), sharing.own_mode())?;
    Ok(path)
}

/// Writes what is on record, and what this screen saw besides; what was written, in words.
fn export(setup: &Setup, form: Form, seen: Vec<Happening>) -> Result<String, String> {
    let stream = with_seen(on_record(setup)?, seen);
    let of = Of { service: &setup.playbook.service.name, environment: &setup.environment };
    let text = written(form, of, &stream);
    let path = put(&*real(), setup, form, &text).map_err(|e| e.to_string())?;
    let (folder, name) = (path.parent().unwrap_or(&path), path.file_name().unwrap_or_default());
    let said = format!("{} events: {} in {}", stream.len(), name.display(), folder.display());
    Ok(clean_line(&said))
}

impl Driver {
    /// Begins to write; the picture says where it is, or a refusal why not.
    pub(super) fn export(&mut self, form: Form) {
        self.exported = None;
        let seen = self.session.timeline().filter(|h| is_only_seen(h)).cloned().collect();
        let (setup, tell) = (self.setup.clone(), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            // Without a driver nobody waits for it.
            let _ = tell.blocking_send(News::Exported(export(&setup, form, seen)));
        });
    }
}

/// Whether no log has it: what fires is recorded by whoever decides.
fn is_only_seen(h: &Happening) -> bool {
    h.record.is_none() && matches!(h.kind.as_str(), "pending" | "stale" | "silent" | "back" | "host")
}

#[cfg(test)]
mod tests;
