//! What goes into a bundle, and what cannot be had.

use super::cut::Class;
use super::metrics::{plain, range_csv, samples};
use super::{Asked, LeftOut, Manifest, SCHEMA};
use crate::clock;
use crate::journal::each;
use crate::model::playbook::SourceKind;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::report::timeline::rfc3339;
use crate::run::Plan;
use crate::run::RunView;
use crate::session::outbox;
use crate::supervisor::ask::World;
use crate::supervisor::capture::{log_of, past_of};
use crate::supervisor::secrets::Secrets;
use crate::supervisor::{decisions, home};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Milliseconds before the cause and after the end that belong to a run.
const AROUND: i64 = 15 * 60_000;
/// How long one log or one query may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One file to be packed.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) class: Class,
    pub(super) note: String,
}

/// Where its bytes are.
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Vec<u8>),
    /// In a file, so many of them.
    File(PathBuf, u64),
}

impl Part {
    fn new(class: Class, name: String, bytes: Vec<u8>, note: &str) -> Part {
        Part { name, content: Content::Bytes(bytes), class, note: clean_line(note) }
    }

    /// A file that is taken whole or not at all.
    pub(super) fn whole(name: String, bytes: Vec<u8>, note: &str) -> Part {
        Part::new(Class::Whole, name, bytes, note)
    }

    pub(super) fn len(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(_, length) => *length,
        }
    }
}

/// All that was gathered.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) parts: Vec<Part>,
    pub(super) manifest: Manifest,
    pub(super) secrets: Secrets,
}

/// Gathers it.
pub(super) async fn gather(asked: &Asked, say: &impl Fn(&str)) -> Result<Gathered, String> {
    let id = asked.run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = home::read_run(&asked.run);
    let mut left: Vec<LeftOut> = Vec::new();
    let mut leave =
        |what: &str, why: &str| left.push(LeftOut { what: clean_line(what), why: clean_line(why) });
    if let Err(e) = &read {
        leave("what follows from the journal", &format!("it cannot be read: {e}"));
    }
    let plan = home::read_plan(&asked.run).ok();
    let span = span(plan.as_ref(), read.as_ref().ok().map(|(_, records)| records.as_slice()));
    say("what is on record");
    let mut parts = folder(&asked.run, &mut leave);
    on_record(asked, &id, span, &mut parts, &mut leave);
    if !parts.iter().any(|p| p.name == "playbook.toml") {
        leave(
            "playbook.toml",
            "the playbook's text was not kept with this run; its hash stands in plan.json",
        );
    }
    if !parts.iter().any(|p| p.name == "report.md") {
        leave("report.md", "there is none yet");
    }
    let secrets = Secrets::new(plan.as_ref().map(|p| p.playbook.secrets.clone()).unwrap_or_default());
    secrets.learn();
    let secrets = match &plan {
        Some(plan) => {
            let world = World {
                telling: Default::default(),
                env: plan.env.clone(),
                cwd: plan.cwd.clone(),
                secrets,
                home: asked.home.clone(),
                run: None,
            };
            logs(plan, &world, say, &mut parts, &mut leave).await;
            say("what was measured");
            parts.extend(samples(&asked.home, span));
            ranges(plan, &world, span, say, &mut parts, &mut leave).await;
            world.secrets
        }
        None => secrets,
    };
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    let manifest = Manifest {
        schema: SCHEMA,
        run: clean_line(&id),
        service: plan.as_ref().map_or_else(String::new, |p| clean_line(&p.service)),
        environment: plan.as_ref().map_or_else(String::new, |p| clean_line(&p.environment)),
        from: rfc3339(span.0),
        to: rfc3339(span.1),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        files: Vec::new(),
        left_out: left,
    };
    Ok(Gathered { parts, manifest, secrets })
}

/// The time a run is about, wall milliseconds.
fn span(plan: Option<&Plan>, records: Option<&[Record]>) -> (i64, i64) {
    let now = clock::now().wall;
    let Some(plan) = plan else { return (now - 24 * 3_600_000, now) };
    let asked = plan.confirmed_at.wall;
    let from = plan.cause.as_ref().map_or(asked, |c| c.firing_since.wall.min(asked)) - AROUND;
    let ended = records.and_then(|r| RunView::fold(plan, r).ok()).and_then(|v| v.ended);
    (from, ended.map_or(now, |e| (e.wall + AROUND).min(now)).max(from))
}

/// Every plain file of the run's folder.
fn folder(run: &Path, leave: &mut impl FnMut(&str, &str)) -> Vec<Part> {
    let (mut out, mut todo) = (Vec::new(), vec![run.to_owned()]);
    while let Some(dir) = todo.pop() {
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) => {
                leave(&dir.display().to_string(), &e.to_string());
                continue;
            }
        };
        for path in entries.flatten().map(|e| e.path()) {
            let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = path.strip_prefix(run).unwrap_or(&path).to_string_lossy().into_owned();
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_dir() {
                todo.push(path);
            } else if !meta.is_file() {
                leave(&name, "not a regular file");
            } else if base != "alive" && !base.starts_with('.') && !base.ends_with(".tmp") {
                let captured = name.contains("/capture/") && base != "manifest.json";
                let class = match base.ends_with(".log") {
                    true => Class::Log,
                    false if captured => Class::Whole,
                    false => Class::Core,
                };
                let content = Content::File(path, meta.len());
                out.push(Part { name, content, class, note: String::new() });
            }
        }
    }
    out
}

/// The decisions of its time, and what people were told of it: lines as they stand in their logs.
fn on_record(
    asked: &Asked,
    id: &str,
    (from, to): (i64, i64),
    parts: &mut Vec<Part>,
    leave: &mut impl FnMut(&str, &str),
) {
    let mut take = |name: &str, path: &Path, note: &str, wanted: &mut dyn FnMut(&Record) -> bool| {
        if !path.exists() {
            return leave(name, "there is no such log");
        }
        let mut bytes = Vec::new();
        let read = each(path, |record, line, _| {
            if wanted(record) {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            }
        });
        let broken = match read {
            Ok(found) => found.broken.map(|b| format!("{name}:{}: {}", b.line, b.why)),
            Err(e) => Some(e.to_string()),
        };
        if let Some(why) = broken {
            leave(&format!("what follows in {name}"), &why);
        }
        parts.push(Part::new(Class::Core, name.to_owned(), bytes, note));
    };
    let within = format!("lines from {} to {}", rfc3339(from), rfc3339(to));
    take("decisions.jsonl", &decisions::path(&asked.home), &within, &mut |r| {
        (from..=to).contains(&r.at.wall)
    });
    let mut mine = BTreeSet::new();
    take("outbox.jsonl", &asked.home.join("outbox.jsonl"), "lines about this run", &mut |r| {
        match outbox::Kind::read(r) {
            Ok(outbox::Kind::Queued(letter)) if letter.run.as_deref() == Some(id) => mine.insert(letter.id),
            _ => {
                let named = |key: &str| r.body[key].as_str().is_some_and(|id| mine.contains(id));
                let held = r.body["ids"].as_array().into_iter().flatten();
                named("id") || held.filter_map(|i| i.as_str()).any(|i| mine.contains(i))
            }
        }
    });
}

/// What the playbook's logs say now.
async fn logs(
    plan: &Plan,
    world: &World,
    say: &impl Fn(&str),
    parts: &mut Vec<Part>,
    leave: &mut impl FnMut(&str, &str),
) {
    for (id, log) in &plan.playbook.logs {
        say(&format!("log {}", clean_line(id)));
        match log_of(world, &plan.cwd, log, PATIENCE).await {
            Ok((bytes, note, changed)) => {
                let changed = changed.map(|at| format!("changed last at {at}"));
                let note = [Some(note).filter(|n| !n.is_empty()), changed].into_iter().flatten();
                let note = note.collect::<Vec<_>>().join("; ");
                parts.push(Part::new(Class::Log, format!("logs/{}.log", plain(id)), bytes, &note));
            }
            Err(why) => leave(&format!("log {id}"), &world.secrets.safe(&why)),
        }
    }
}

/// What Prometheus remembers of each signal that it gives. One that hangs is asked once.
async fn ranges(
    plan: &Plan,
    world: &World,
    span: (i64, i64),
    say: &impl Fn(&str),
    parts: &mut Vec<Part>,
    leave: &mut impl FnMut(&str, &str),
) {
    let mut dead: BTreeSet<&str> = BTreeSet::new();
    for (id, signal) in &plan.playbook.signals {
        let Some(name) = signal.source.as_deref() else { continue };
        let Some(source) = plan.playbook.sources.get(name) else { continue };
        if !matches!(source.kind, SourceKind::Prometheus { .. }) {
            continue;
        }
        let what = format!("query_range of {id}");
        if dead.contains(name) {
            leave(&what, &format!("{name} did not answer before"));
            continue;
        }
        say(&format!("{what} from {}", clean_line(name)));
        let began = Instant::now();
        let answer = past_of(source, signal, &world.secrets, span, PATIENCE).await;
        match answer.and_then(|json| Ok((range_csv(&json)?, json))) {
            Ok((csv, json)) => {
                let name = format!("metrics/{}.range", plain(id));
                parts.push(Part::whole(format!("{name}.json"), json.into_bytes(), "query_range, as it came"));
                parts.push(Part::whole(format!("{name}.csv"), csv.into_bytes(), "query_range"));
            }
            Err(why) => {
                if began.elapsed() >= PATIENCE / 2 {
                    dead.insert(name);
                }
                let why = world.secrets.safe(&why);
                say(&format!("{what}: {why}"));
                leave(&what, &why);
            }
        }
    }
}
