//! Whether what is on record is whole: every chain, every plan against its run, every capture against its manifest.

use super::heads::Head;
use super::{Place, places};
use crate::journal::{Break, Fault, check, hash};
use crate::model::text::clean_line;
use crate::run::Kind;
use crate::supervisor::capture::Manifest;
use crate::supervisor::home;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, below the folder of all records.
    pub file: String,
    /// The line, from 1, in a log.
    pub line: Option<u64>,
    /// The sequence that stands there, where one can be read.
    pub seq: Option<u64>,
    /// What is wrong, in a word or two: `hash`, `sequence`, `torn`, `cut short`, …
    pub what: &'static str,
    /// In words; safe to show.
    pub why: String,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFound {
    /// Which.
    pub place: Place,
    /// Its path below the folder of all records.
    pub name: String,
    /// Records that follow from each other, from the first.
    pub records: u64,
    /// SHA-256 of the last of them, in hex.
    pub head: String,
    /// Wall milliseconds of the first and the last.
    pub span: Option<(i64, i64)>,
    /// How far a kept head vouches for it, in records.
    pub vouched: Option<u64>,
}

/// All that was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The logs, by path.
    pub logs: Vec<LogFound>,
    /// Plans and kept files that were compared with their hashes.
    pub files: u64,
    /// What is wrong, by file; the first record of each log only.
    pub findings: Vec<Finding>,
}

/// Checks everything below the folder of all records, or of one service. `heads` were kept from an earlier check.
///
/// # Errors
/// When a folder cannot be listed.
pub fn verify(root: &Path, of: Option<&str>, heads: &BTreeMap<String, Head>) -> io::Result<Found> {
    let mut out = Found::default();
    for place in places(root, of)? {
        log(root, place, heads, &mut out);
    }
    let gone = |name: &&String| {
        let service = name.strip_prefix("drills/").unwrap_or(name).split('/').next().unwrap_or_default();
        let of_it =
            of.is_none_or(|of| service == of || service.rsplit_once('@').is_some_and(|(s, _)| s == of));
        of_it && !out.logs.iter().any(|l| l.name == **name)
    };
    let gone: Vec<Finding> = heads
        .iter()
        .filter(|(name, _)| gone(name))
        .map(|(name, head)| Finding {
            file: clean_line(name),
            line: None,
            seq: None,
            what: "gone",
            why: format!("it had {} records when its head was kept", head.records),
        })
        .collect();
    out.findings.extend(gone);
    Ok(out)
}

fn log(root: &Path, place: Place, heads: &BTreeMap<String, Head>, out: &mut Found) {
    let name = place.name(root);
    let kept = heads.get(&name).filter(|h| h.records > 0);
    let asked = kept.map(|h| h.records);
    let checked = match place.drill {
        true => drill(&place.path, asked).map_err(|e| e.to_string()),
        false => check(&place.path, asked).map_err(|e| e.to_string()),
    };
    let finding =
        |line, seq, what, why: String| Finding { file: name.clone(), line, seq, what, why: clean_line(&why) };
    let checked = match checked {
        Ok(checked) => checked,
        Err(why) => return out.findings.push(finding(None, None, "unreadable", why)),
    };
    if let Some(Break { line, seq, fault, why }) = checked.broken {
        out.findings.push(finding(Some(line), seq, fault.word(), why));
    }
    let mut vouched = None;
    if let Some(head) = kept {
        match &checked.asked {
            Some(found) if *found == head.hash => vouched = Some(head.records),
            Some(_) => {
                let why = format!("record {} is another one than when its head was kept", head.records);
                out.findings.push(finding(None, Some(head.records), "rewritten", why));
            }
            None => {
                let why =
                    format!("{} whole records, {} when its head was kept", checked.records, head.records);
                out.findings.push(finding(None, None, "cut short", why));
            }
        }
    }
    if let Some(run) = place.run() {
        plan(root, run, out);
        playbook(root, run, out);
        captures(root, run, out);
    }
    let (records, head, span) = (checked.records, checked.head, checked.span);
    out.logs.push(LogFound { place, name, records, head, span, vouched });
}

/// A drill's lines: each holds the hash of the line before it.
fn drill(path: &Path, asked: Option<u64>) -> io::Result<crate::journal::Checked> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut out =
        crate::journal::Checked { records: 0, head: "0".repeat(64), span: None, asked: None, broken: None };
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let number = out.records + 1;
        let broken = |fault, why: &str| Some(Break { line: number, seq: None, fault, why: why.to_owned() });
        let Some(whole) = line.strip_suffix(b"\n") else {
            out.broken = broken(Fault::Torn, "the last line is cut off");
            break;
        };
        let value: Value = match serde_json::from_slice(whole) {
            Ok(value) => value,
            Err(e) => {
                out.broken = broken(Fault::Unreadable, &format!("not a record: {e}"));
                break;
            }
        };
        if value["prev"].as_str() != Some(out.head.as_str()) {
            let fault = if number == 1 { Fault::Head } else { Fault::Hash };
            out.broken = broken(fault, "does not follow from the line before (hash differs)");
            break;
        }
        if let Some(wall) = value["record"]["at"]["wall"].as_i64() {
            out.span = Some((out.span.map_or(wall, |(first, _)| first), wall));
        }
        out.records = number;
        out.head = hash(whole);
        if asked == Some(number) {
            out.asked = Some(out.head.clone());
        }
        line.clear();
    }
    Ok(out)
}

/// The plan of a run against the hash in its first record.
fn plan(root: &Path, run: &Path, out: &mut Found) {
    let path = run.join("plan.json");
    let started = crate::journal::Tail::new(home::journal_path(run)).poll().unwrap_or_default();
    let hash = started.iter().find_map(|r| match Kind::read(r) {
        Ok(Kind::RunStarted { plan, .. }) => Some(plan),
        _ => None,
    });
    let Some(hash) = hash else { return };
    out.files += 1;
    let why = match sha256(&path) {
        Ok(found) if found == hash => return,
        Ok(_) => "not the plan that the run was started with (hash differs from RunStarted)".to_owned(),
        Err(e) => format!("cannot be compared with RunStarted: {e}"),
    };
    out.findings.push(wrong(root, &path, "plan", why));
}

/// The playbook that is kept with a run against the hash in its plan.
fn playbook(root: &Path, run: &Path, out: &mut Found) {
    let path = run.join("playbook.toml");
    let (Ok(plan), true) = (home::read_plan(run), path.exists()) else { return };
    out.files += 1;
    let why = match sha256(&path) {
        Ok(found) if found == plan.playbook_hash => return,
        Ok(_) => "not the playbook that the plan was made of (hash differs)".to_owned(),
        Err(e) => format!("cannot be compared with the plan: {e}"),
    };
    out.findings.push(wrong(root, &path, "playbook", why));
}

/// Every capture of a run against its manifest.
fn captures(root: &Path, run: &Path, out: &mut Found) {
    for folder in capture_folders(run) {
        let path = folder.join("manifest.json");
        let manifest: Manifest = match std::fs::read(&path).map(|bytes| serde_json::from_slice(&bytes)) {
            Ok(Ok(manifest)) => manifest,
            Ok(Err(e)) => {
                out.findings.push(wrong(root, &path, "manifest", e.to_string()));
                continue;
            }
            // Its capture is under way, or was cut off.
            Err(_) => continue,
        };
        for item in &manifest.items {
            let (Some(name), Some(hash)) = (&item.kept, &item.sha256) else { continue };
            let file = folder.join(name);
            out.files += 1;
            let why = match sha256(&file) {
                Ok(found) if found == *hash => continue,
                Ok(_) => "not the file that its manifest names (hash differs)".to_owned(),
                Err(e) => format!("cannot be compared with its manifest: {e}"),
            };
            out.findings.push(wrong(root, &file, "capture", why));
        }
    }
}

/// Folders of what `capture` steps of a run kept.
pub fn capture_folders(run: &Path) -> Vec<PathBuf> {
    let below = |folder: &PathBuf| super::entries(folder).unwrap_or_default();
    let attempts = below(&run.join("steps")).iter().flat_map(below).collect::<Vec<_>>();
    attempts.into_iter().map(|a| a.join("capture")).filter(|c| c.is_dir()).collect()
}

fn wrong(root: &Path, path: &Path, what: &'static str, why: String) -> Finding {
    let file = path.strip_prefix(root).unwrap_or(path).display().to_string();
    Finding { file: clean_line(&file), line: None, seq: None, what, why: clean_line(&why) }
}

/// SHA-256 of a file, in hex.
///
/// # Errors
/// When it cannot be read, or is no regular file.
pub fn sha256(path: &Path) -> io::Result<String> {
    use std::fmt::Write as _;
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut bytes = [0; 64 * 1024];
    loop {
        match io::Read::read(&mut file, &mut bytes)? {
            0 => break,
            n => hasher.update(&bytes[..n]),
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests;
