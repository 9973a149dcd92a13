//! What is normal for each signal: from marks on record, from files, from the playbook. Frozen while an incident is open.

mod capture;
#[cfg(test)]
mod tests;

pub use capture::capture;

use super::decisions;
use crate::engine::baseline::Known;
use crate::journal::read;
use crate::model::playbook::{Baseline, Playbook, Signal};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::Person;
use crate::session::decision::Kind;
use indexmap::IndexMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Bytes that a file of baselines may have.
const MOST: u64 = 4 << 20;

/// What is known of every signal that has a baseline, or in words why nothing is; not of those whose baseline is another
/// signal. The playbook is resolved for its environment.
///
/// While an incident is open, marks that were made after its beginning and files that were changed after it do not count:
/// what is normal is what was normal before.
pub fn known(playbook: &Playbook, home: &Path) -> IndexMap<String, Result<Known, String>> {
    let mut log = None;
    let mut out = IndexMap::new();
    for (id, signal) in &playbook.signals {
        let known = match &signal.baseline {
            None | Some(Baseline::Signal(_)) => continue,
            Some(Baseline::Value(q)) => {
                Ok(Known { value: q.value, samples: None, at: None, origin: "the playbook".into() })
            }
            Some(baseline) => match (log.get_or_insert_with(|| Marks::read(home)), baseline) {
                (Err(why), _) => Err(why.clone()),
                (Ok(log), Baseline::Mark { id: mark, least, .. }) => log.average(id, mark, *least),
                (Ok(log), Baseline::File { file, json }) => {
                    of_file(playbook, signal, &file.0, json, log.frozen.as_ref().map(|(at, _)| at))
                }
                _ => continue,
            },
        };
        out.insert(id.clone(), known);
    }
    out
}

/// A mark on record.
#[derive(Debug, Clone)]
struct Marked {
    at: i64,
    who: Person,
    values: IndexMap<String, Result<(f64, u64), String>>,
}

/// The marks on record.
#[derive(Debug, Default)]
struct Marks {
    newest: IndexMap<String, Marked>,
    /// While an incident is open: since when, and the marks that were made before it.
    frozen: Option<(Now, IndexMap<String, Marked>)>,
}

impl Marks {
    fn read(home: &Path) -> Result<Marks, String> {
        let path = decisions::path(home);
        let mut out = Marks::default();
        if !path.try_exists().map_err(|e| e.to_string())? {
            return Ok(out);
        }
        for record in read(&path).map_err(|e| e.to_string())? {
            match Kind::read(&record)? {
                Kind::Marked { mark, at, values, who } => {
                    out.newest.insert(mark, Marked { at, who, values });
                }
                Kind::IncidentOpened { .. } | Kind::IncidentReopened { .. } if out.frozen.is_none() => {
                    out.frozen = Some((record.at, out.newest.clone()));
                }
                Kind::IncidentClosed { .. } => out.frozen = None,
                _ => {}
            }
        }
        Ok(out)
    }

    fn average(&self, signal: &str, mark: &str, least: u64) -> Result<Known, String> {
        let name = clean_line(mark);
        let count = self.frozen.as_ref().map_or(&self.newest, |(_, before)| before);
        let Some(marked) = count.get(mark) else {
            return Err(match self.newest.contains_key(mark) {
                true => {
                    format!("mark {name} was made after the incident began; it counts when that is over")
                }
                false => format!("nobody has marked {name} yet: `ripcord mark {name}`"),
            });
        };
        match marked.values.get(signal) {
            None => Err(format!("mark {name} was made before this signal had a baseline there")),
            Some(Err(why)) => Err(format!("mark {name}: {}", clean_line(why))),
            Some(Ok((_, n))) if *n < least => {
                Err(format!("only {n} samples before mark {name}, {least} are needed"))
            }
            Some(Ok((value, n))) => Ok(Known {
                value: *value,
                samples: Some(*n),
                at: Some(marked.at),
                origin: format!("mark {name} by {}", clean_line(&marked.who.user)),
            }),
        }
    }
}

/// A number in a JSON file, which is true since the file was written.
fn of_file(
    playbook: &Playbook,
    signal: &Signal,
    file: &str,
    json: &str,
    incident: Option<&Now>,
) -> Result<Known, String> {
    let name = clean_line(file);
    let say = |e: std::io::Error| format!("{name}: {e}");
    let cwd = playbook.environments.values().find_map(|e| e.cwd.as_ref()).map(|c| PathBuf::from(&c.0));
    let path = cwd.unwrap_or_default().join(file);
    // Opening a pipe would wait for its writer.
    let about = path.metadata().map_err(say)?;
    if !about.is_file() {
        return Err(format!("{name} is no file"));
    }
    let written = about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let at = written.map(|t| t.as_millis() as i64);
    if let (Some(since), Some(at)) = (incident, at)
        && at > since.wall
    {
        return Err(format!("{name} was changed after the incident began; it counts when that is over"));
    }
    let mut bytes = Vec::new();
    File::open(&path).map_err(say)?.take(MOST + 1).read_to_end(&mut bytes).map_err(say)?;
    if bytes.len() as u64 > MOST {
        return Err(format!("{name} is larger than {} MiB", MOST >> 20));
    }
    let document: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| format!("{name}: {}", clean_line(&e.to_string())))?;
    let place = clean_line(json);
    let found = document.pointer(json).ok_or_else(|| format!("{name} has nothing at {place}"))?;
    let value = found.as_f64().ok_or_else(|| format!("{name}: what stands at {place} is no number"))?;
    Ok(Known { value: value * signal.raw.factor(), samples: None, at, origin: name })
}
