//! The parts of a capture, each on its own: what it is asked for, and how it is had.

use super::super::ask::{Keep, World, command};
use super::super::watch;
use super::{Found, Item, Job, Parts, history, left, time};
use crate::clock;
use crate::model::playbook::{Capture, Log, LogSource, SourceKind};
use crate::model::probe::Command;
use crate::model::template::Template;
use crate::model::time::Deadline;
use crate::run::story::tell;
use indexmap::IndexMap;
use serde_json::json;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a log that are kept: the last ones.
const LOG: u64 = 1024 * 1024;

/// Bytes of a file that are kept: the first ones.
const FILE: u64 = 16 * 1024 * 1024;

/// The signals of a capture, each once.
pub(super) fn signals(asked: &Capture) -> Vec<String> {
    let pairs = asked.compare.iter().flat_map(|(a, b)| [a, b]);
    let mut out: Vec<String> = Vec::new();
    for id in asked.signals.iter().chain(pairs) {
        if !out.contains(id) {
            out.push(id.clone());
        }
    }
    out
}

/// How an item of a command is called.
pub(super) fn command_name(c: &Command) -> String {
    format!("command {}", shell_words::join(c.argv.iter().map(|a| a.0.as_str())))
}

/// Begins all parts at once.
pub(super) fn begin(job: &Job, asked: &Capture, over: &Deadline) -> Parts {
    let mut parts = Parts::new();
    let job = Arc::new(job.clone());
    if !signals(asked).is_empty() {
        parts.spawn(values(job.clone(), asked.clone(), over.clone()));
        for id in signals(asked) {
            parts.spawn(past(job.clone(), id, asked.since, over.clone()));
        }
    }
    for (i, id) in asked.logs.iter().enumerate() {
        parts.spawn(log(job.clone(), id.clone(), format!("{:02}-{}.log", i + 1, plain(id)), over.clone()));
    }
    for (i, file) in asked.files.iter().enumerate() {
        parts.spawn(copy(job.clone(), file.clone(), i + 1));
    }
    for (i, c) in asked.commands.iter().enumerate() {
        parts.spawn(run(job.clone(), c.clone(), i + 1, over.clone()));
    }
    if asked.verdict {
        parts.spawn(verdict(job.clone()));
    }
    if asked.timeline {
        parts.spawn(timeline(job.clone()));
    }
    parts
}

/// A name as a part of a file name.
pub(super) fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(keep).take(60).collect();
    name.trim_start_matches('.').to_owned()
}

/// The signals as they are now, and the pairs of them beside each other.
async fn values(job: Arc<Job>, asked: Capture, over: Deadline) -> Vec<Found> {
    let ids = signals(&asked);
    let limit = over.left(&clock::now());
    let now: IndexMap<String, Result<String, String>> =
        watch::values(&job.world, &job.plan.playbook, &ids, limit).await;
    let said = |id: &str| match now.get(id) {
        Some(Ok(value)) => value.clone(),
        Some(Err(why)) => format!("unknown ({why})"),
        None => "unknown".to_owned(),
    };
    let mut out = Vec::new();
    let all: serde_json::Map<String, serde_json::Value> = now
        .iter()
        .map(|(id, value)| {
            let title = job.plan.playbook.signals.get(id).map_or("", |s| s.title.as_str());
            let value = match value {
                Ok(value) => json!({"title": title, "value": value}),
                Err(why) => json!({"title": title, "unknown": why}),
            };
            (id.clone(), value)
        })
        .collect();
    let mut bytes = serde_json::to_vec_pretty(&all).ok();
    for (id, value) in &now {
        let what = format!("signal {id}");
        match value {
            Ok(value) => {
                let item = Item { what, note: value.clone(), ..Item::default() };
                // One file for all of them.
                out.push(Found { item, file: bytes.take().map(|b| ("signals.json".to_owned(), b)) });
            }
            Err(why) => out.push(Found::trouble(what, why)),
        }
    }
    for (i, (a, b)) in asked.compare.iter().enumerate() {
        let text = format!("{a}: {}\n{b}: {}\n", said(a), said(b));
        let note = format!("{} | {}", said(a), said(b));
        let item = Item { what: format!("compare {a} and {b}"), note, ..Item::default() };
        let name = format!("compare-{:02}.txt", i + 1);
        out.push(Found { item, file: Some((name, text.into_bytes())) });
    }
    out
}

/// What a Prometheus remembers of a signal.
async fn past(job: Arc<Job>, id: String, since: Option<u64>, over: Deadline) -> Vec<Found> {
    let frozen = &job.plan.playbook;
    let source = frozen.signals.get(&id).and_then(|s| frozen.sources.get(s.source.as_ref()?));
    let Some(source) = source.filter(|s| matches!(s.kind, SourceKind::Prometheus { .. })) else {
        return Vec::new();
    };
    let what = format!("history of {id}");
    let now = clock::now().wall;
    let from = match (since, &job.plan.cause) {
        (Some(ms), _) => now - ms as i64,
        (None, Some(cause)) => cause.firing_since.wall,
        (None, None) => job.plan.confirmed_at.wall,
    };
    let found =
        history::ask(source, &frozen.signals[&id], &job.world.secrets, (from, now), left(&over)).await;
    vec![match found {
        Ok(text) => Found {
            item: Item { what, note: format!("since {}", time(from)), ..Item::default() },
            file: Some((format!("history-{}.json", plain(&id)), text.into_bytes())),
        },
        Err(why) => Found::trouble(what, &why),
    }]
}

async fn log(job: Arc<Job>, id: String, name: String, over: Deadline) -> Vec<Found> {
    let what = format!("log {id}");
    let Some(log) = job.plan.playbook.logs.get(&id) else {
        return vec![Found::trouble(what, "the plan has no such log")];
    };
    vec![found(what, name, log_of(&job.world, &job.plan.cwd, log, left(&over)).await)]
}

/// The last bytes of a log (1 MiB), what is to be known of them, and when a file was changed last.
///
/// # Errors
/// In words, when it cannot be had; secrets that were read may stand in them.
pub async fn log_of(world: &World, cwd: &str, log: &Log, limit: Duration) -> Had {
    match &log.from {
        LogSource::File(path) => {
            let path = Path::new(cwd).join(world.secrets.fill(path)?);
            let read = tokio::time::timeout(limit, read(path, LOG, true)).await;
            read.unwrap_or_else(|_| Err("it was not read in time".to_owned()))
        }
        LogSource::Run(c) => {
            let reply = command(world, c, limit, Keep::Last).await?;
            let note = reply.exit.filter(|e| *e != 0).map_or(String::new(), |e| format!("exit {e}"));
            let text = if reply.out.is_empty() { reply.err } else { reply.out };
            Ok((text.into_bytes(), note, None))
        }
    }
}

async fn copy(job: Arc<Job>, file: Template, n: usize) -> Vec<Found> {
    let what = format!("file {file}");
    let had = match job.world.secrets.fill(&file) {
        Ok(path) => read(Path::new(&job.plan.cwd).join(path), FILE, false).await,
        Err(e) => Err(e),
    };
    let name = file.0.rsplit('/').next().unwrap_or_default();
    vec![found(what, format!("file-{n:02}-{}", plain(name)), had)]
}

async fn run(job: Arc<Job>, c: Command, n: usize, over: Deadline) -> Vec<Found> {
    let name = c.argv.first().map_or("", |a| a.0.rsplit('/').next().unwrap_or_default());
    let had = command(&job.world, &c, left(&over), Keep::Last).await.map(|reply| {
        let exit = format!("exit {}", reply.exit.unwrap_or(-1));
        let text = match reply.err.as_str() {
            "" => reply.out,
            err => format!("{}\n--- standard error ---\n{err}", reply.out),
        };
        (text.into_bytes(), exit, None)
    });
    vec![found(command_name(&c), format!("command-{n:02}-{}.txt", plain(name)), had)]
}

/// Bytes, a note, and when they were changed last.
pub type Had = Result<(Vec<u8>, String, Option<String>), String>;

fn found(what: String, name: String, had: Had) -> Found {
    match had {
        Ok((bytes, note, modified)) => {
            Found { item: Item { what, note, modified, ..Item::default() }, file: Some((name, bytes)) }
        }
        Err(why) => Found::trouble(what, &why),
    }
}

/// The first or last bytes of a file. A file that hangs holds up a thread, and nothing else.
async fn read(path: PathBuf, most: u64, last: bool) -> Had {
    let shown = path.display().to_string();
    let had = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
        // A pipe would wait for a writer.
        if !path.metadata()?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let mut file = File::open(&path)?;
        let meta = file.metadata()?;
        if last && meta.len() > most {
            file.seek(SeekFrom::Start(meta.len() - most))?;
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        let note = match meta.len() > most {
            true => format!("{} of {} bytes, the {}", most, meta.len(), if last { "last" } else { "first" }),
            false => String::new(),
        };
        Ok((bytes, note, Some(time(meta.mtime() * 1_000))))
    });
    match had.await {
        Ok(Ok(had)) => Ok(had),
        Ok(Err(e)) => Err(format!("{shown}: {e}")),
        Err(e) => Err(format!("{shown}: {e}")),
    }
}

/// What led to the run. The matrix itself is judged by the screens, not here.
async fn verdict(job: Arc<Job>) -> Vec<Found> {
    let plan = &job.plan;
    let cause = match &plan.cause {
        Some(c) => format!("{} ({}) has fired since {}", c.title, c.trigger, time(c.firing_since.wall)),
        None => "nothing fired: it was started by a person".to_owned(),
    };
    let text = format!(
        "{cause}\nprocedure: {}\nconfirmed by {} at {}\nreason: {}\n",
        plan.procedure.title,
        plan.who.user,
        time(plan.confirmed_at.wall),
        plan.reason,
    );
    let text = crate::model::text::clean(&text);
    let item = Item { what: "verdict".to_owned(), note: cause, ..Item::default() };
    vec![Found { item, file: Some(("verdict.txt".to_owned(), text.into_bytes())) }]
}

/// The run's records so far, in words.
async fn timeline(job: Arc<Job>) -> Vec<Found> {
    let mut text = String::new();
    for record in &job.records {
        match tell(&job.plan, record) {
            Ok(Some(told)) => {
                text.push_str(&format!("{} {}: {}\n", time(record.at.wall), told.kind, told.text))
            }
            Ok(None) => {}
            Err(e) => text.push_str(&format!("{} {e}\n", time(record.at.wall))),
        }
    }
    let note = format!("{} records", job.records.len());
    let item = Item { what: "timeline".to_owned(), note, ..Item::default() };
    vec![Found { item, file: Some(("timeline.txt".to_owned(), text.into_bytes())) }]
}
