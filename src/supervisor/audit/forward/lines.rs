//! The next lines of a log behind a cursor: few at a time, whatever the log is like.

use super::super::Place;
use super::super::export::Row;
use super::super::target::Sent;
use super::cursor::At;
use crate::journal::hash;
use crate::model::record::Record;
use crate::model::text::clean_line;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are read at once; a longer line is read whole, up to the second.
const AT_ONCE: u64 = 256 * 1024;
const LONGEST: u64 = 64 * 1024 * 1024;

/// A line, and where the cursor stands behind it.
pub(super) struct Line {
    pub(super) sent: Sent,
    pub(super) after: At,
}

/// The next whole lines. A log that was cut or written anew since is sent from its beginning, and said to be.
pub(super) fn next(place: &Place, at: &At) -> io::Result<Vec<Line>> {
    let mut file = File::open(&place.path)?;
    let length = file.metadata()?.len();
    let (mut at, mut warning) = (at.clone(), None);
    if length < at.offset {
        warning = Some(format!("this log had {} records and is shorter now: it is sent anew", at.seq));
        at = At::default();
    }
    let bytes = read(&mut file, at.offset, length)?;
    let mut out = Vec::new();
    for line in bytes.split_inclusive(|b| *b == b'\n').filter(|l| l.ends_with(b"\n")) {
        let whole = &line[..line.len() - 1];
        let hash = hash(whole);
        let (row, odd) = match serde_json::from_slice::<Record>(whole) {
            Ok(record) => {
                let follows = if at.seq == 0 { "0".repeat(64) } else { at.hash.clone() };
                let broken = record.prev != follows || record.seq != at.seq + 1;
                let odd = broken
                    .then(|| "it does not follow from the record before: the log is damaged".to_owned());
                (Row::of(place, &record, whole, &hash), odd)
            }
            Err(e) => {
                let text = serde_json::Value::from(String::from_utf8_lossy(whole)).to_string();
                let row = Row {
                    service: place.service.clone(),
                    environment: place.environment.clone(),
                    log: place.log.clone(),
                    seq: at.seq + 1,
                    wall: 0,
                    kind: "damaged".to_owned(),
                    hash: hash.clone(),
                    prev: String::new(),
                    line: text,
                };
                (row, Some(format!("not a record: {}", clean_line(&e.to_string()))))
            }
        };
        at = At { offset: at.offset + line.len() as u64, seq: row.seq, hash };
        let warning = warning.take().or(odd);
        out.push(Line { sent: Sent { row, warning }, after: at.clone() });
    }
    Ok(out)
}

/// Bytes from an offset, at least one whole line where there is one.
fn read(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut most = AT_ONCE;
    loop {
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        Read::by_ref(file).take(most.min(length - offset)).read_to_end(&mut bytes)?;
        if bytes.contains(&b'\n') || bytes.len() as u64 == length - offset || most >= LONGEST {
            return Ok(bytes);
        }
        most *= 4;
    }
}
