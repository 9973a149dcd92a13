//! Writing a bundle: a tar in zstd, made beside its place and renamed there when it is whole. The same files give the same bytes.

use super::cut::{Class, taken};
use super::gather::{Content, Gathered, Part};
use super::{Asked, LeftOut, Made, Packed};
use crate::journal::hash;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How hard it is packed.
const LEVEL: i32 = 6;

/// A file that is removed unless it was put in its place.
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Packs what was gathered. Blocks.
pub(super) fn pack(asked: &Asked, gathered: Gathered, stop: &dyn Fn() -> bool) -> Result<Made, String> {
    let Gathered { parts, mut manifest, secrets } = gathered;
    let sizes: Vec<(Class, u64)> = parts.iter().map(|p| (p.class, p.len())).collect();
    let taken = taken(&sizes, asked.most)?;
    let named = |e: io::Error| format!("{}: {e}", asked.output.display());
    let (temporary, file) = temporary(&asked.output).map_err(named)?;
    let mut zip = zstd::Encoder::new(file, LEVEL).map_err(named)?;
    zip.include_checksum(true).map_err(named)?;
    let mut tar = tar::Builder::new(zip);
    let folder = manifest.run.clone();
    let mut bytes_in_all = 0;
    for (part, take) in parts.into_iter().zip(taken) {
        if stop() {
            return Err("stopped: nothing is left behind".to_owned());
        }
        let Some(take) = take else {
            let why = format!("{} bytes are too many for this bundle", part.len());
            manifest.left_out.push(LeftOut { what: part.name, why });
            continue;
        };
        let length = part.len();
        let (name, note) = (part.name.clone(), part.note.clone());
        let bytes = match content(part, take) {
            Ok(bytes) => bytes,
            Err(e) => {
                manifest.left_out.push(LeftOut { what: name, why: e.to_string() });
                continue;
            }
        };
        let masked = secrets.mask_bytes(&bytes);
        let cut = length - take;
        let notes = [
            note,
            if cut > 0 { format!("the last {take} of {length} bytes") } else { String::new() },
            if masked != bytes { "secrets are masked".to_owned() } else { String::new() },
        ];
        let note = notes.into_iter().filter(|n| !n.is_empty()).collect::<Vec<_>>().join("; ");
        append(&mut tar, &folder, &name, &masked).map_err(named)?;
        bytes_in_all += masked.len() as u64;
        manifest.files.push(Packed { name, bytes: masked.len() as u64, sha256: hash(&masked), cut, note });
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| e.to_string())?;
    append(&mut tar, &folder, "manifest.json", &text).map_err(named)?;
    let file = tar.into_inner().and_then(|zip| zip.finish()).map_err(named)?;
    file.sync_all().map_err(named)?;
    let size = file.metadata().map_err(named)?.len();
    if stop() {
        return Err("stopped: nothing is left behind".to_owned());
    }
    put(temporary, &asked.output).map_err(named)?;
    let left = manifest.left_out.iter().map(|l| format!("{}: {}", l.what, l.why));
    let cut = manifest.files.iter().filter(|f| f.cut > 0);
    let cut = cut.map(|f| format!("{}: {} bytes were cut off from its beginning", f.name, f.cut));
    Ok(Made {
        files: manifest.files.len(),
        bytes: bytes_in_all,
        size,
        manifest: hash(&text),
        left: left.chain(cut).collect(),
    })
}

fn temporary(output: &Path) -> io::Result<(Temporary, File)> {
    let base = output.file_name().ok_or_else(|| io::Error::other("not the name of a file"))?;
    let path = output.with_file_name(format!(".{}.{}.tmp", base.to_string_lossy(), std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    Ok((Temporary(Some(path)), file))
}

fn put(mut temporary: Temporary, output: &Path) -> io::Result<()> {
    if let Some(path) = temporary.0.take()
        && let Err(e) = std::fs::rename(&path, output)
    {
        temporary.0 = Some(path);
        return Err(e);
    }
    let folder = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The last bytes of a part. What was cut off ends with its line.
fn content(part: Part, take: u64) -> io::Result<Vec<u8>> {
    let (mut bytes, cut) = match part.content {
        Content::Bytes(bytes) => {
            let at = bytes.len() - (take as usize).min(bytes.len());
            (bytes[at..].to_vec(), at > 0)
        }
        Content::File(path, length) => {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(length - take))?;
            let mut bytes = Vec::new();
            file.take(take).read_to_end(&mut bytes)?;
            (bytes, take < length)
        }
    };
    if cut && let Some(end) = memchr::memchr(b'\n', &bytes) {
        bytes.drain(..=end);
    }
    Ok(bytes)
}

fn append<W: Write>(tar: &mut tar::Builder<W>, folder: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    // The same files give the same bytes: no time, no owner.
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    tar.append_data(&mut header, format!("{folder}/{name}"), bytes)
}
