//! `write` and `edit` steps: what a file is and will be, the new one put in its place in one move, and what became of it
//! after any crash, told by hashes.

mod apply;
mod edit;
mod env_lines;
mod json_doc;
mod toml_doc;

pub(super) use apply::{apply, conclude};

use super::secrets::Secrets;
use crate::model::playbook::StepKind;
use crate::model::text::clean;
use crate::run::record::FileChange;
use crate::run::{Plan, PlanStep};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

/// The biggest file that is changed, in bytes.
const MOST: u64 = 16 * 1024 * 1024;

/// Bytes of a diff that are shown.
const SHOWN: usize = 64 * 1024;

/// A change that was thought through, and not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What it is, by hashes.
    pub change: FileChange,
    /// Line by line, unified; safe to show.
    pub diff: String,
    /// The new content.
    pub new: Vec<u8>,
    /// Lines that are new, and lines that go.
    pub lines: (usize, usize),
    /// Permission bits of a file that did not exist.
    pub mode: u32,
}

/// What a step of a plan would do to its file. Nothing is changed.
///
/// # Errors
/// Why it cannot be done, safe to show.
pub fn preview(plan: &Plan, step: &PlanStep) -> Result<Planned, String> {
    let secrets = Secrets::new(plan.playbook.secrets.clone());
    plan_change(&step.step.kind, Path::new(&plan.cwd), stamp(plan), &secrets)
}

/// What the kept files of a plan's run are marked with: the time in its id, the same as `{{ run.stamp }}`.
pub(super) fn stamp(plan: &Plan) -> &str {
    plan.id.get(..11).filter(|s| s.bytes().all(|b| b.is_ascii_digit() || b == b'-')).unwrap_or(&plan.id)
}

/// What a `write` or `edit` step would do to its file. Nothing is changed. Late names are filled in already.
///
/// # Errors
/// Why it cannot be done, safe to show.
pub fn plan_change(kind: &StepKind, cwd: &Path, stamp: &str, secrets: &Secrets) -> Result<Planned, String> {
    change(kind, cwd, stamp, secrets).map_err(|e| secrets.safe(&e))
}

fn change(kind: &StepKind, cwd: &Path, stamp: &str, secrets: &Secrets) -> Result<Planned, String> {
    let file = match kind {
        StepKind::Write(w) => &w.file,
        StepKind::Edit(e) => &e.file,
        _ => return Err("the step changes no file".to_owned()),
    };
    let path = real_path(&cwd.join(secrets.fill(file)?))?;
    let old = read(&path)?;
    let (new, backup, mode) = match kind {
        StepKind::Write(w) => {
            let secret = w.content.names().iter().any(|n| n.starts_with("secret."));
            let mode = w.mode.unwrap_or(if secret { 0o600 } else { 0o644 });
            (secrets.fill(&w.content)?.into_bytes(), w.backup, mode & 0o7777)
        }
        StepKind::Edit(e) => {
            let old = old.as_deref().ok_or_else(|| format!("{}: there is no such file", path.display()))?;
            let new = edit::edit(e, old, secrets).map_err(|why| format!("{}: {why}", path.display()))?;
            (new, true, 0o644)
        }
        _ => return Err("the step changes no file".to_owned()),
    };
    if new.len() as u64 > MOST {
        return Err(format!("{}: it would have more than {MOST} bytes", path.display()));
    }
    let (before, after) = (old.as_deref().map(hash), hash(&new));
    let same = before.as_ref() == Some(&after);
    let kept = match &before {
        Some(hash) if backup && !same => Some(kept_path(&path, stamp, hash)?.to_string_lossy().into_owned()),
        _ => None,
    };
    let (diff, lines) = diff(&path, old.as_deref(), &new, secrets);
    let shown = path.to_str().ok_or("the path of the file is not text")?.to_owned();
    Ok(Planned { change: FileChange { path: shown, before, after, kept }, diff, new, lines, mode })
}

/// The file itself, behind all symbolic links. It may be missing; its folder may not.
fn real_path(path: &Path) -> Result<PathBuf, String> {
    let shown = path.display();
    match path.canonicalize() {
        Ok(real) => return Ok(real),
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(format!("{shown}: {e}")),
        Err(_) => {}
    }
    if path.symlink_metadata().is_ok() {
        return Err(format!("{shown}: a symbolic link that leads nowhere"));
    }
    let (folder, name) = path.parent().zip(path.file_name()).ok_or_else(|| format!("{shown}: no file"))?;
    let folder = folder.canonicalize().map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder.join(name))
}

/// The bytes of a file that may be rewritten; `None` when there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    use std::os::unix::fs::MetadataExt;
    let shown = path.display();
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(format!("{shown}: {e}")),
    };
    if !meta.is_file() {
        return Err(format!("{shown}: not a regular file"));
    }
    if meta.nlink() > 1 {
        return Err(format!("{shown}: it has {} names (hard links), which would be parted", meta.nlink()));
    }
    if meta.len() > MOST {
        return Err(format!("{shown}: more than {MOST} bytes"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| format!("{shown}: {e}"))?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|e| format!("{shown}: {e}"))?;
    Ok(Some(bytes))
}

/// Where the old file is kept: a name that is free, or that has this very content already.
fn kept_path(path: &Path, stamp: &str, before: &str) -> Result<PathBuf, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for n in 1..100 {
        let more = if n == 1 { String::new() } else { format!("-{n}") };
        let place = path.with_file_name(format!("{name}.before-{stamp}{more}"));
        match place.symlink_metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(place),
            Ok(meta) if meta.is_file() && std::fs::read(&place).is_ok_and(|b| hash(&b) == before) => {
                return Ok(place);
            }
            _ => {}
        }
    }
    Err(format!("{}: there are too many kept files beside it", path.display()))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Lines whose name says that their value is nobody's business, playbook or not.
static CONFIDENTIAL: LazyLock<regex::Regex> = LazyLock::new(|| {
    let name = r#"(?i)((?:passw|secret|token|credential|api_?key|private_?key)[\w.-]*["']?\s*[:=]\s*)\S.*"#;
    regex::Regex::new(name).expect("the pattern is constant")
});

/// The diff, safe to show, and the lines that are new and that go.
fn diff(path: &Path, old: Option<&[u8]>, new: &[u8], secrets: &Secrets) -> (String, (usize, usize)) {
    let (before, after) = (std::str::from_utf8(old.unwrap_or_default()), std::str::from_utf8(new));
    let (Ok(before), Ok(after)) = (before, after) else {
        let bytes = old.map_or(0, <[u8]>::len);
        return (format!("{bytes} bytes that are no text become {} bytes\n", new.len()), (0, 0));
    };
    let diff = similar::TextDiff::configure().timeout(Duration::from_millis(500)).diff_lines(before, after);
    let count = |tag| diff.iter_all_changes().filter(|c| c.tag() == tag).count();
    let lines = (count(similar::ChangeTag::Insert), count(similar::ChangeTag::Delete));
    let name = path.display().to_string();
    let from = if old.is_some() { name.as_str() } else { "/dev/null" };
    let text = diff.unified_diff().context_radius(3).header(from, &name).to_string();
    // Secrets first, as they stand; what an escape sequence tore apart is masked again.
    secrets.learn();
    let text = secrets.mask(&clean(&secrets.mask(&text)));
    let mut text = CONFIDENTIAL.replace_all(&text, "${1}[masked]").into_owned();
    if text.len() > SHOWN {
        let end = (0..=SHOWN).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n… (more is not shown)\n");
    }
    (text, lines)
}

#[cfg(test)]
mod tests;
