//! Checking a log line by line: the first record that is wrong is named, with what is wrong with it. A log of any length is
//! read with little memory.

use super::line::{Chain, Fault};
use super::{LogError, is_held, tail};
use crate::model::record::Record;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Bytes that one line may have; a longer one is no record.
const MOST: usize = 64 * 1024 * 1024;

/// How a log was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Records that are whole and follow from each other, from the first.
    pub records: u64,
    /// SHA-256 of the last of them, in hex; 64 zeros when there is none.
    pub head: String,
    /// Wall milliseconds of the first and the last of them.
    pub span: Option<(i64, i64)>,
    /// Hash of the record that was asked for, where it is there.
    pub asked: Option<String>,
    /// The first record that is wrong.
    pub broken: Option<Break>,
}

/// The first record of a log that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Its line, from 1.
    pub line: u64,
    /// The sequence it has, where one can be read.
    pub seq: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
    /// In words.
    pub why: String,
}

/// Checks a log; answers the hash of record `asked` besides. A torn last line is no damage while its writer lives.
///
/// # Errors
/// When it cannot be read at all.
pub fn check(path: &Path, asked: Option<u64>) -> Result<Checked, LogError> {
    let mut hash = None;
    let mut found = each(path, |record, _, of| {
        if asked == Some(record.seq) {
            hash = Some(of.to_owned());
        }
    })?;
    found.asked = hash;
    Ok(found)
}

/// Checks a log, and hands over each whole record with its line (without its newline) and the hash of that.
///
/// # Errors
/// When it cannot be read at all.
pub fn each(path: &Path, take: impl FnMut(&Record, &[u8], &str)) -> Result<Checked, LogError> {
    let file = tail::open(path).map_err(LogError::io(path, "open"))?;
    let read = each_of(BufReader::with_capacity(256 * 1024, file), take);
    let mut out = read.map_err(LogError::io(path, "read"))?;
    let torn = out.broken.as_ref().is_some_and(|b| b.fault == Fault::Torn);
    if torn && is_held(path).is_ok_and(|held| held.is_some()) {
        out.broken = None;
    }
    Ok(out)
}

/// The same for the text of a log.
///
/// # Errors
/// When it cannot be read.
pub fn each_of(
    mut reader: impl BufRead,
    mut take: impl FnMut(&Record, &[u8], &str),
) -> std::io::Result<Checked> {
    let mut out = Checked { records: 0, head: String::new(), span: None, asked: None, broken: None };
    let mut chain = Chain::start();
    let mut line = Vec::new();
    loop {
        line.clear();
        let got = read_line(&mut reader, &mut line)?;
        if got == 0 {
            break;
        }
        let number = chain.seq + 1;
        let Some(whole) = line.strip_suffix(b"\n") else {
            let why = format!("the last line is cut off after {} bytes", line.len());
            out.broken = Some(Break { line: number, seq: None, fault: Fault::Torn, why });
            break;
        };
        match chain.next(whole) {
            Ok(record) => {
                let first = out.span.map_or(record.at.wall, |(first, _)| first);
                out.span = Some((first, record.at.wall));
                take(&record, whole, &chain.head);
            }
            Err(wrong) => {
                let seq = if wrong.fault == Fault::Version { None } else { wrong.found };
                out.broken = Some(Break { line: number, seq, fault: wrong.fault, why: wrong.why });
                break;
            }
        }
    }
    out.records = chain.seq;
    out.head = chain.head;
    Ok(out)
}

/// One line with its newline; no more than [`MOST`] bytes of it.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() || line.len() > MOST {
            return Ok(line.len());
        }
        let (take, done) = match memchr::memchr(b'\n', bytes) {
            Some(at) => (at + 1, true),
            None => (bytes.len(), false),
        };
        line.extend_from_slice(&bytes[..take]);
        reader.consume(take);
        if done {
            return Ok(line.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{append_if, real};
    use super::*;
    use crate::model::time::Now;
    use serde_json::json;
    use std::path::PathBuf;
    use std::time::Duration;

    fn log(records: usize) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        for n in 0..records {
            let now = Now { boot: n as u64, boot_id: "b".into(), wall: 1_000 + n as i64 };
            append_if(real(), &path, &now, Duration::from_secs(1), |_| {
                Some(("Note".into(), json!({ "n": n })))
            })
            .unwrap();
        }
        (dir, path)
    }

    /// The log with one line changed by `way`.
    fn damaged(line: usize, way: impl Fn(&str) -> Option<String>) -> Checked {
        let (_dir, path) = log(5);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines =
            text.lines().enumerate().filter_map(|(i, l)| if i + 1 == line { way(l) } else { Some(l.into()) });
        let text: String = lines.map(|l| l + "\n").collect();
        std::fs::write(&path, text).unwrap();
        check(&path, None).unwrap()
    }

    #[test]
    fn a_whole_log_has_a_head_a_span_and_the_hash_of_each_record() {
        let (_dir, path) = log(5);
        let found = check(&path, Some(3)).unwrap();
        assert_eq!((found.records, found.span, &found.broken), (5, Some((1_000, 1_004)), &None));
        assert_eq!(found.head, super::super::verify(&path).unwrap().head);
        let text = std::fs::read_to_string(&path).unwrap();
        let third = text.lines().nth(2).unwrap();
        assert_eq!(found.asked, Some(super::super::hash(third.as_bytes())));
        assert_eq!(check(&path, Some(6)).unwrap().asked, None);
    }

    #[test]
    fn the_first_wrong_record_is_named_with_what_is_wrong() {
        let changed = |l: &str| Some(l.replace("\"n\":", "\"m\":"));
        for (line, way, at, fault) in [
            // The line after a changed one no longer follows from it.
            (3, Box::new(changed) as Box<dyn Fn(&str) -> Option<String>>, 4, Fault::Hash),
            (1, Box::new(|_: &str| None), 1, Fault::Head),
            (3, Box::new(|_: &str| None), 3, Fault::Sequence),
            (2, Box::new(|_: &str| Some("{\"v\":1".into())), 2, Fault::Unreadable),
            (4, Box::new(|l: &str| Some(l.replace("\"v\":1", "\"v\":9"))), 4, Fault::Version),
            (2, Box::new(|l: &str| Some(format!("{l}\n{l}"))), 3, Fault::Sequence),
        ] {
            let found = damaged(line, way).broken.unwrap();
            assert_eq!((found.line, found.fault), (at, fault), "{found:?}");
        }
        // Nothing follows the last record: a chain alone cannot tell that it was changed.
        assert_eq!(damaged(5, changed).broken, None);
    }

    #[test]
    fn a_torn_end_is_damage_once_nobody_writes() {
        let (_dir, path) = log(3);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 4]).unwrap();
        let found = check(&path, None).unwrap();
        let broken = found.broken.unwrap();
        assert_eq!((found.records, broken.line, broken.fault), (2, 3, Fault::Torn));
        let hold = super::super::Hold::take(&*real(), &path, 0o600, Duration::from_secs(1)).unwrap();
        assert_eq!(check(&path, None).unwrap().broken, None);
        drop(hold);
    }
}
