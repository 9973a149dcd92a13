//! `capture` steps: evidence kept in a folder of the attempt, before a rollback wipes it away. It only looks, and no
//! part that cannot be had holds up another one: each says its own trouble in `manifest.json`.

mod history;
mod items;

pub use history::ask as past_of;
pub use items::log_of;

use super::ask::World;
use super::follow::attempt_dir;
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{Disk, LogError, hash, write_new};
use crate::model::playbook::{Capture, StepKind};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis};
use crate::run::{Outcome, Plan, PlanStep};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Milliseconds a capture may take where its step does not say.
const PATIENCE: Millis = 30_000;

/// Milliseconds kept for writing down what was had.
const CLOSING: Millis = 500;

/// What a capture is about.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    /// Late names are filled in.
    pub(super) step: PlanStep,
    pub(super) attempt: u32,
    pub(super) run: PathBuf,
    pub(super) records: Vec<Record>,
    pub(super) world: Arc<World>,
    pub(super) disk: Arc<dyn Disk>,
}

/// What `manifest.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the capture.
    pub name: String,
    /// The run.
    pub run: String,
    /// When it began, RFC 3339 in UTC.
    pub begun: String,
    /// When it was over.
    pub ended: String,
    /// What was asked for, in the playbook's order.
    pub items: Vec<Item>,
}

/// One thing that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What: `signal p95`, `log search`, `file /etc/app.env`.
    pub what: String,
    /// The file beside the manifest that keeps it.
    pub kept: Option<String>,
    /// Bytes that are kept.
    pub bytes: u64,
    /// SHA-256 of what is kept, in hex.
    #[serde(default)]
    pub sha256: Option<String>,
    /// What else is to be known: the value, an exit code, what was cut off; safe to show.
    pub note: String,
    /// When it was changed last, for a copy of a file.
    pub modified: Option<String>,
    /// Why it could not be had; safe to show.
    pub trouble: Option<String>,
}

/// What a part of the capture found: an item, and the bytes of its file.
struct Found {
    item: Item,
    file: Option<(String, Vec<u8>)>,
}

impl Found {
    fn trouble(what: String, why: &str) -> Found {
        Found { item: Item { what, trouble: Some(why.to_owned()), ..Item::default() }, file: None }
    }
}

/// Keeps what the step names. Blocks no longer than its timeout.
pub(super) async fn capture(job: Job) -> Outcome {
    let StepKind::Capture(asked) = job.step.step.kind.clone() else {
        return Outcome::Failure { detail: "the step captures nothing".to_owned() };
    };
    let begun = clock::now();
    let limit = if job.step.step.timeout > 0 { job.step.step.timeout } else { PATIENCE };
    let over = Deadline::after(&begun, limit.saturating_sub(CLOSING).max(CLOSING));
    job.world.secrets.learn();
    let folder = match folder(&job) {
        Ok(folder) => folder,
        Err(e) => return Outcome::Failure { detail: format!("nothing is kept: {e}") },
    };
    let names: Vec<String> = names(&asked).iter().map(|n| job.world.secrets.safe(n)).collect();
    let mut parts = items::begin(&job, &asked, &over);
    let mut items: Vec<Item> = Vec::new();
    while let Ok(Some(done)) = tokio::time::timeout(left(&over), parts.join_next()).await {
        // A part that panicked is named as one that did not come back.
        for found in done.unwrap_or_default() {
            items.push(keep(&job, &folder, found));
        }
    }
    parts.abort_all();
    let missing = |n: &&String| !items.iter().any(|i| i.what == **n);
    let missing: Vec<String> = names.iter().filter(missing).cloned().collect();
    for what in missing {
        let trouble = Some("the capture's time was over before it was there".to_owned());
        items.push(Item { what, trouble, ..Item::default() });
    }
    let place = |i: &Item| names.iter().position(|n| *n == i.what).unwrap_or(names.len());
    items.sort_by_key(place);
    close(&job, &asked, &folder, begun.wall, items)
}

/// Writes the manifest; answers how it went.
fn close(job: &Job, asked: &Capture, folder: &Path, begun: i64, items: Vec<Item>) -> Outcome {
    let (kept, lost): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|i| i.trouble.is_none());
    let mut detail = format!("{} of {} kept", kept.len(), items.len());
    if let Some(first) = lost.first() {
        let more = if lost.len() > 1 { format!(" and {} more", lost.len() - 1) } else { String::new() };
        let why = first.trouble.as_deref().unwrap_or_default();
        detail.push_str(&format!("; not {} ({why}){more}", first.what));
    }
    let nothing = kept.is_empty() && !items.is_empty();
    let manifest = Manifest {
        name: asked.name.clone(),
        run: job.plan.id.clone(),
        begun: time(begun),
        ended: time(clock::now().wall),
        items,
    };
    let bytes = serde_json::to_vec_pretty(&manifest).expect("a manifest has string keys only");
    let written = Sharing::of(folder)
        .map_err(|e| e.to_string())
        .and_then(|s| {
            write_new(&*job.disk, &folder.join("manifest.json"), &bytes, s.own_mode())
                .map_err(|e| e.to_string())
        })
        .and_then(|()| job.disk.sync_dir(folder).map_err(|e| e.to_string()));
    match (written, nothing) {
        (Err(e), _) => Outcome::Failure { detail: format!("{detail}; no manifest: {e}") },
        (_, true) => Outcome::Failure { detail },
        (Ok(()), false) => Outcome::Success { detail },
    }
}

/// Puts the file of a part in the folder.
fn keep(job: &Job, folder: &Path, found: Found) -> Item {
    let mut item = found.item;
    item.what = job.world.secrets.safe(&item.what);
    item.note = job.world.secrets.safe(&item.note);
    item.trouble = item.trouble.map(|t| job.world.secrets.safe(&t));
    let Some((name, bytes)) = found.file else { return item };
    let masked = job.world.secrets.mask_bytes(&bytes);
    if masked != bytes {
        item.note = [item.note.as_str(), "secrets are masked"].join(" ").trim().to_owned();
    }
    let mode = Sharing::of(folder).map_or(0o600, Sharing::own_mode);
    match write_new(&*job.disk, &folder.join(&name), &masked, mode) {
        Ok(()) => {
            (item.kept, item.bytes, item.sha256) = (Some(name), masked.len() as u64, Some(hash(&masked)));
        }
        Err(e) => item.trouble = Some(clean_line(&e.to_string())),
    }
    item
}

/// What is asked for, by the names its items have.
fn names(asked: &Capture) -> Vec<String> {
    let signals = items::signals(asked);
    let mut out: Vec<String> = signals.iter().map(|s| format!("signal {s}")).collect();
    out.extend(asked.compare.iter().map(|(a, b)| format!("compare {a} and {b}")));
    out.extend(asked.logs.iter().map(|l| format!("log {l}")));
    out.extend(asked.files.iter().map(|f| format!("file {f}")));
    out.extend(asked.commands.iter().map(items::command_name));
    out.extend(asked.verdict.then(|| "verdict".to_owned()));
    out.extend(asked.timeline.then(|| "timeline".to_owned()));
    out
}

/// The folder of the capture, made anew; what an interrupted capture left is moved aside.
fn folder(job: &Job) -> Result<PathBuf, LogError> {
    let attempt = attempt_dir(&job.run, &job.step, job.attempt);
    let attempt = attempt.path();
    let step = attempt.parent().unwrap_or(attempt);
    let steps = step.parent().unwrap_or(step);
    let folder = attempt.join("capture");
    let io = |path: &Path, doing| {
        let path = path.to_owned();
        move |source: io::Error| LogError::Io { path, doing, source }
    };
    let sharing = Sharing::of(&job.run).map_err(io(&job.run, "look at"))?;
    for made in [steps, step, attempt] {
        match job.disk.create_dir(made, sharing.dir_mode()) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            done => done.map_err(io(made, "make"))?,
        }
    }
    if folder.exists() {
        let aside = (1..).map(|n| attempt.join(format!("capture.unfinished-{n}"))).find(|p| !p.exists());
        let aside = aside.unwrap_or_else(|| attempt.join("capture.unfinished"));
        job.disk.rename(&folder, &aside).map_err(io(&folder, "move aside"))?;
    }
    job.disk.create_dir(&folder, sharing.dir_mode()).map_err(io(&folder, "make"))?;
    for synced in [attempt, step, steps, &job.run] {
        job.disk.sync_dir(synced).map_err(io(synced, "sync"))?;
    }
    Ok(folder)
}

fn left(over: &Deadline) -> Duration {
    Duration::from_millis(over.left(&clock::now()))
}

fn time(wall: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

type Parts = JoinSet<Vec<Found>>;

#[cfg(test)]
mod tests;
