//! Whether a bundle is as it was made: every file against the manifest, and the chain of its journal.

use super::Manifest;
use crate::journal::{each_of, hash};
use crate::model::text::clean_line;
use crate::supervisor::audit::Finding;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes of one file of a bundle that are read.
const MOST: u64 = 4 << 30;

/// What a bundle was found to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// Files that were compared.
    pub files: usize,
    /// SHA-256 of the manifest, in hex.
    pub manifest: Option<String>,
    /// The run it is of.
    pub run: String,
    /// What is wrong, by file.
    pub findings: Vec<Finding>,
}

/// Checks a bundle.
///
/// # Errors
/// When the file cannot be opened.
pub fn verify(file: &Path) -> io::Result<Opened> {
    let mut out = Opened::default();
    let opened = File::open(file)?;
    let name = clean_line(&file.display().to_string());
    let mut found: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut manifest = None;
    if let Err(e) = read(opened, &mut found, &mut manifest, &mut out) {
        out.findings.push(finding(&name, None, "unreadable", format!("it is damaged: {e}")));
    }
    let Some(text) = manifest else {
        out.findings.push(finding(&name, None, "manifest", "it has no manifest.json".to_owned()));
        return Ok(out);
    };
    let manifest: Manifest = match serde_json::from_slice(&text) {
        Ok(manifest) => manifest,
        Err(e) => {
            out.findings.push(finding("manifest.json", None, "manifest", e.to_string()));
            return Ok(out);
        }
    };
    out.manifest = Some(hash(&text));
    out.run = clean_line(&manifest.run);
    for packed in &manifest.files {
        out.files += 1;
        match found.remove(&packed.name) {
            Some((_, sha256)) if sha256 == packed.sha256 => {}
            Some((bytes, _)) => {
                let why = format!("{bytes} bytes, and not those that the manifest names (hash differs)");
                out.findings.push(finding(&packed.name, None, "hash", why));
            }
            None => {
                out.findings.push(finding(&packed.name, None, "gone", "the manifest names it".to_owned()))
            }
        }
    }
    for name in found.keys() {
        out.findings.push(finding(name, None, "unknown", "the manifest does not name it".to_owned()));
    }
    Ok(out)
}

fn finding(file: &str, line: Option<u64>, what: &'static str, why: String) -> Finding {
    Finding { file: clean_line(file), line, seq: None, what, why: clean_line(&why) }
}

/// Reads all files, each with its bytes and hash; the manifest apart.
fn read(
    file: File,
    found: &mut BTreeMap<String, (u64, String)>,
    manifest: &mut Option<Vec<u8>>,
    out: &mut Opened,
) -> io::Result<()> {
    let mut tar = tar::Archive::new(zstd::Decoder::new(file)?);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let name = path.split_once('/').map_or(path.as_str(), |(_, name)| name).to_owned();
        let mut bytes = Vec::new();
        (&mut entry).take(MOST).read_to_end(&mut bytes)?;
        if name == "manifest.json" {
            *manifest = Some(bytes);
            continue;
        }
        if name == "journal.jsonl"
            && let Some(broken) = each_of(bytes.as_slice(), |_, _, _| {})?.broken
        {
            out.findings.push(finding(&name, Some(broken.line), broken.fault.word(), broken.why));
        }
        found.insert(name, (bytes.len() as u64, hash(&bytes)));
    }
    // The checksum of the whole stands at its end.
    io::copy(&mut tar.into_inner(), &mut io::sink())?;
    Ok(())
}
