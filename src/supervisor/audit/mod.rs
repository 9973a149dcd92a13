//! The records as evidence: where all logs are, whether they are whole, and each record on its way out of the house.

pub mod export;
pub mod forward;
pub mod heads;
mod target;
mod verify;

pub use verify::{Finding, Found, LogFound, capture_folders, sha256, verify};

use std::io;
use std::path::{Path, PathBuf};

/// A log and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The service.
    pub service: String,
    /// The environment; empty for a drill, which says its own.
    pub environment: String,
    /// What it is: `decisions`, `outbox`, `run ID`, `drill ID`.
    pub log: String,
    /// The file.
    pub path: PathBuf,
    /// Lines of a drill: `{run, record, prev}`.
    pub drill: bool,
}

impl Place {
    /// Its path below the folder of all records.
    pub fn name(&self, root: &Path) -> String {
        self.path.strip_prefix(root).unwrap_or(&self.path).display().to_string()
    }

    /// The folder of the run whose journal it is.
    pub fn run(&self) -> Option<&Path> {
        self.log.starts_with("run ").then(|| self.path.parent()).flatten()
    }
}

/// Homes of services below the folder of all records: service, environment, folder.
///
/// # Errors
/// When the folder cannot be listed; one that does not exist has none.
pub fn homes(root: &Path) -> io::Result<Vec<(String, String, PathBuf)>> {
    let mut out = Vec::new();
    for folder in entries(root)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some((service, environment)) = name.rsplit_once('@').filter(|_| folder.is_dir()) {
            out.push((service.to_owned(), environment.to_owned(), folder));
        }
    }
    Ok(out)
}

/// All logs below the folder of all records, by path. `of` names a service, or `service@environment`.
///
/// # Errors
/// When a folder cannot be listed.
pub fn places(root: &Path, of: Option<&str>) -> io::Result<Vec<Place>> {
    let mut out = Vec::new();
    for (service, environment, home) in homes(root)? {
        let named = |of: &str| of == service || of == format!("{service}@{environment}");
        if of.is_none_or(named) {
            out.extend(of_home(&service, &environment, &home)?);
        }
    }
    for folder in entries(&root.join("drills"))? {
        let service = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if of.is_some_and(|of| of != service) {
            continue;
        }
        for path in entries(&folder)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
            let id = path.file_stem().unwrap_or_default().to_string_lossy();
            let (service, environment) = (service.clone(), String::new());
            out.push(Place {
                service,
                environment,
                log: format!("drill {id}"),
                path: path.clone(),
                drill: true,
            });
        }
    }
    Ok(out)
}

/// All logs of one service in one environment.
///
/// # Errors
/// When its folder cannot be listed.
pub fn of_home(service: &str, environment: &str, home: &Path) -> io::Result<Vec<Place>> {
    let place = |log: String, path: PathBuf| {
        let (service, environment) = (service.to_owned(), environment.to_owned());
        Place { service, environment, log, path, drill: false }
    };
    let mut out = Vec::new();
    for log in ["decisions", "outbox"] {
        let path = home.join(format!("{log}.jsonl"));
        if path.try_exists()? {
            out.push(place(log.to_owned(), path));
        }
    }
    for run in entries(&super::home::runs_dir(home))? {
        let id = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let journal = super::home::journal_path(&run);
        if !id.starts_with('.') && journal.try_exists()? {
            out.push(place(format!("run {id}"), journal));
        }
    }
    Ok(out)
}

/// What stands in a folder, by name; nothing in one that does not exist.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", folder.display()));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(named(e)),
    };
    let mut out = entries.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>().map_err(named)?;
    out.sort();
    Ok(out)
}
