//! The journal as it grows, watched closely and cheaply: how many records, of what kind the last, of what attempt.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Follows a journal by its newlines.
pub struct Watch {
    path: PathBuf,
    file: Option<File>,
    rest: Vec<u8>,
    /// Records seen.
    pub records: u64,
    /// Kind of the last one.
    pub kind: String,
    /// Token of the last attempt.
    pub token: Option<String>,
}

/// The text after `key` up to the next quote.
fn value(line: &str, key: &str) -> Option<String> {
    let at = line.find(key)? + key.len();
    Some(line[at..].split('"').next()?.to_owned())
}

impl Watch {
    pub fn new(path: PathBuf) -> Watch {
        Watch { path, file: None, rest: Vec::new(), records: 0, kind: "nothing".into(), token: None }
    }

    /// Whether there is more.
    pub fn grew(&mut self) -> bool {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return false };
        let before = self.records;
        file.read_to_end(&mut self.rest).unwrap();
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            self.records += 1;
            self.kind = value(&line, "\"kind\":\"").unwrap();
            if self.kind == "StepStarting" {
                self.token = value(&line, "\"token\":\"");
            }
        }
        self.records > before
    }
}
