//! Where drills are kept: `drills/<service>/<id>.json` and their journals, apart from the service's own records.

use crate::journal::{atomic_write, real};
use crate::model::record::Record;
use crate::model::rehearsal::Drilled;
use std::io;
use std::path::{Path, PathBuf};

/// Folder of a service's drills below a state folder.
pub fn folder(root: &Path, service: &str) -> PathBuf {
    let name: String = service
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' })
        .collect();
    root.join("drills").join(name)
}

/// Keeps one drill; answers its file.
///
/// # Errors
/// When it cannot be written.
pub fn keep(root: &Path, drilled: &Drilled, records: &[(Option<String>, Record)]) -> io::Result<PathBuf> {
    let folder = folder(root, &drilled.service);
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}.json", drilled.id));
    let bytes = serde_json::to_vec_pretty(drilled)?;
    atomic_write(&*real(), &file, &bytes, 0o644).map_err(io::Error::other)?;
    let mut journal = Vec::new();
    for (run, record) in records {
        let line = serde_json::json!({ "run": run, "record": record });
        serde_json::to_writer(&mut journal, &line)?;
        journal.push(b'\n');
    }
    let journal_file = folder.join(format!("{}.jsonl", drilled.id));
    atomic_write(&*real(), &journal_file, &journal, 0o644).map_err(io::Error::other)?;
    Ok(file)
}

/// The drills that are kept of a service, oldest first. What cannot be read is left out.
pub fn all(root: &Path, service: &str) -> Vec<Drilled> {
    let entries = std::fs::read_dir(folder(root, service)).into_iter().flatten().flatten();
    let files = entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "json"));
    let mut out: Vec<Drilled> =
        files.filter_map(|p| serde_json::from_slice(&std::fs::read(p).ok()?).ok()).collect();
    out.sort_by(|a, b| (a.wall, &a.id).cmp(&(b.wall, &b.id)));
    out
}

/// Services of which drills are kept.
pub fn services(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("drills")).into_iter().flatten().flatten();
    let mut out: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
    out.sort();
    out
}
