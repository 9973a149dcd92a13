//! Samples of the past for a replay: from the playbook's Prometheus servers, or from recorded files.

use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::reading::{Spooled, Value};
use crate::model::text::clean_line;
use crate::session::replay::story::Story;
use crate::session::replay::{Replay, Span, Track, lead};
use crate::sources::{self, Unanswered};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is known of the past.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// The samples.
    pub tracks: Vec<Track>,
    /// Every signal of the playbook, and where its samples are from.
    pub signals: IndexMap<String, Origin>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// Where the samples of a signal are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From a Prometheus: so many values.
    Prometheus(usize),
    /// From recorded files: so many values.
    Files(usize),
    /// The engine computes it.
    Computed,
    /// There are none, and why: it is unknown throughout.
    Missing(String),
}

/// Why there is nothing to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// A recorded file cannot be read, or one of its lines: where, what is wrong, what would help.
    File {
        /// `file` or `file:line`.
        place: String,
        /// What is wrong.
        why: String,
        /// What would help.
        hint: String,
    },
    /// A server cannot be asked.
    Server(Unanswered),
}

/// Asks the playbook's Prometheus servers for what a replay of `span` needs; `told` hears how many pieces of how many
/// are there.
///
/// # Errors
/// When a server cannot be asked at all.
pub async fn from_prometheus(
    playbook: &Playbook,
    environment: &str,
    span: Span,
    told: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Gathered, Failed> {
    let step = span.step.max(1) as i64;
    // The steps before the span lie on its grid.
    let steps = (lead(playbook) as i64).div_euclid(step) + 1;
    let asked = sources::Span { from: span.from - steps * step, to: span.to, step };
    let kept = sources::kept(playbook, environment, asked, told).await.map_err(Failed::Server)?;
    let mut found = Gathered { notes: kept.notes, ..Gathered::default() };
    let mut values: IndexMap<String, usize> = IndexMap::new();
    for past in kept.past {
        *values.entry(past.signal.clone()).or_default() += good(&past.points);
        found.tracks.push(Track { signal: past.signal, series: past.series, points: past.points });
    }
    for (id, signal) in &playbook.signals {
        let refused = kept.refused.iter().find(|(of, _)| of == id);
        let origin = match (&signal.reading, refused) {
            (ReadingKind::Expr(_), _) => Origin::Computed,
            (_, Some((_, why))) => {
                let points = vec![(asked.from, Err(why.clone()))];
                found.tracks.push(Track { signal: id.clone(), series: None, points });
                Origin::Missing(why.clone())
            }
            (ReadingKind::Query(_), _) => match values.get(id) {
                Some(n) if *n > 0 => Origin::Prometheus(*n),
                _ => Origin::Missing("the query matches nothing in all this time".into()),
            },
            (other, _) => Origin::Missing(format!("not in history: {}", read_by(other))),
        };
        found.signals.insert(id.clone(), origin);
    }
    Ok(found)
}

fn good(points: &[(i64, Result<Value, String>)]) -> usize {
    points.iter().filter(|p| p.1.is_ok()).count()
}

/// How a signal is read that no Prometheus keeps.
fn read_by(reading: &ReadingKind) -> &'static str {
    match reading {
        ReadingKind::Query(_) => "a query",
        ReadingKind::Metric { .. } => "read from a page of metrics",
        ReadingKind::Json(_) => "read from an answer in JSON",
        ReadingKind::Http(_) => "read from a URL",
        ReadingKind::Process(_) => "read from a process",
        ReadingKind::ExitCode | ReadingKind::Output(_) => "read by a command",
        ReadingKind::Expr(_) => "computed",
        ReadingKind::Flag { .. } => "raised by a person",
        ReadingKind::Count { .. } => "counted by a person",
        ReadingKind::Log { .. } => "counted in a log",
    }
}

/// Reads recorded files (JSON lines, as the watcher writes them), and folders of them. Answers the first and last moment,
/// too.
///
/// # Errors
/// When a file cannot be read, a line cannot be understood, or there is nothing in them.
pub fn from_files(playbook: &Playbook, files: &[PathBuf]) -> Result<(Gathered, (i64, i64)), Failed> {
    let mut series: BTreeMap<(String, Option<String>), Points> = BTreeMap::new();
    let (mut strangers, mut notes) = (BTreeMap::<String, usize>::new(), Vec::new());
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for file in all_of(files)? {
        let text = fs::read_to_string(&file).map_err(|e| unread(&file, &e))?;
        let lines = text.lines().count();
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let sample = match parse(line) {
                Ok(sample) => sample,
                // The recorder does not sync: its last line may be torn.
                Err(_) if i + 1 == lines && !text.ends_with('\n') => {
                    notes.push(format!(
                        "{}:{}: the last line is torn and was left out",
                        file.display(),
                        i + 1
                    ));
                    continue;
                }
                Err(why) => {
                    return Err(Failed::File {
                        place: format!("{}:{}", file.display(), i + 1),
                        why,
                        hint: "a line is {\"at\": wall milliseconds, \"signal\": id, \"value\": number or text}, as \
                               `ripcord watch` writes it"
                            .into(),
                    });
                }
            };
            (first, last) = (first.min(sample.0), last.max(sample.0));
            let (at, id, label, value) = sample;
            match playbook.signals.get(&id).map(|s| &s.reading) {
                None => *strangers.entry(id).or_default() += 1,
                Some(ReadingKind::Expr(_)) => {}
                Some(_) => series.entry((id, label)).or_default().push((at, value)),
            }
        }
    }
    if first > last {
        return Err(Failed::File {
            place: files.first().map_or_else(String::new, |f| f.display().to_string()),
            why: "no sample is recorded there".into(),
            hint: "name the files of the watcher's samples/ folder".into(),
        });
    }
    if !strangers.is_empty() {
        let names: Vec<String> = strangers.iter().map(|(id, n)| format!("{id} ({n})")).collect();
        notes.push(format!("samples of signals that this playbook does not have: {}", names.join(", ")));
    }
    let mut found = Gathered { notes, ..Gathered::default() };
    let mut values: IndexMap<String, usize> = IndexMap::new();
    for ((signal, label), mut points) in series {
        points.sort_by_key(|p| p.0);
        *values.entry(signal.clone()).or_default() += good(&points);
        found.tracks.push(Track { signal, series: label, points });
    }
    for (id, signal) in &playbook.signals {
        let origin = match (&signal.reading, values.get(id)) {
            (ReadingKind::Expr(_), _) => Origin::Computed,
            (_, Some(n)) if *n > 0 => Origin::Files(*n),
            _ => Origin::Missing("not recorded".into()),
        };
        found.signals.insert(id.clone(), origin);
    }
    Ok((found, (first, last)))
}

/// Files, those in folders by name.
fn all_of(files: &[PathBuf]) -> Result<Vec<PathBuf>, Failed> {
    let mut out = Vec::new();
    for file in files {
        if !file.is_dir() {
            out.push(file.clone());
            continue;
        }
        let entries = fs::read_dir(file).map_err(|e| unread(file, &e))?;
        let mut inside: Vec<PathBuf> = entries
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
            .collect();
        inside.sort();
        out.append(&mut inside);
    }
    Ok(out)
}

fn unread(file: &Path, e: &io::Error) -> Failed {
    Failed::File {
        place: file.display().to_string(),
        why: e.to_string(),
        hint: "is the path right, and may you read it?".into(),
    }
}

/// Values of one series by wall milliseconds.
type Points = Vec<(i64, Result<Value, String>)>;
/// One line: when, the signal, its series, the value.
type Sample = (i64, String, Option<String>, Result<Value, String>);

fn parse(line: &str) -> Result<Sample, String> {
    let sample: Spooled = serde_json::from_str(line).map_err(|e| clean_line(&e.to_string()))?;
    let value = match (sample.value, sample.error) {
        (None, Some(why)) => Err(clean_line(&why)),
        (Some(serde_json::Value::Number(n)), None) => {
            Ok(Value::Number(n.as_f64().ok_or_else(|| format!("{n} is no number"))?))
        }
        (Some(serde_json::Value::String(text)), None) => Ok(Value::Text(clean_line(&text))),
        (Some(_), None) => return Err("`value` is a number or a text".into()),
        (Some(_), Some(_)) => return Err("it has a value and an error".into()),
        (None, None) => return Err("it has neither a value nor an error".into()),
    };
    Ok((sample.at, clean_line(&sample.signal), sample.series.map(|s| clean_line(&s)), value))
}

/// Replays to the end; `told` hears how far it is, 0 to 1, now and then.
pub fn play(mut replay: Replay, span: Span, mut told: impl FnMut(f64)) -> Story {
    let whole = (span.to - span.from).max(1) as f64;
    let mut turns = 0u64;
    while replay.advance() {
        turns += 1;
        if turns.is_multiple_of(2_000) {
            told(((replay.at() - span.from) as f64 / whole).clamp(0.0, 1.0));
        }
    }
    replay.story()
}

#[cfg(test)]
mod tests;
