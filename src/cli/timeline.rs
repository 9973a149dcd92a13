//! `ripcord timeline`: what happened, as it is on record.

use super::args::{Events, Shape, Target};
use super::{exit, target};
use crate::clock;
use crate::driver::export::on_record;
use crate::journal::{atomic_write, real};
use crate::model::unit;
use crate::report::timeline::{Of, table, written};
use crate::session::view::{Form, Sort};
use std::io::Write;

/// Prints it, or writes it to a file.
pub fn tell(of: &Target, asked: &Events) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let since = match asked.since.as_deref().map(unit::duration).transpose() {
        Ok(since) => since.map(|ms| clock::now().wall - ms.round() as i64),
        Err(e) => {
            eprintln!("error: --since: {e}\n  hint: --since 2h");
            return exit::USAGE;
        }
    };
    let setup = &opened.setup;
    let mut stream = match on_record(setup) {
        Ok(stream) => stream,
        Err(why) => {
            eprintln!("error: {why}");
            return exit::REFUSED;
        }
    };
    // `step` is any step, whatever its number.
    let is = |kind: &str, wanted: &str| kind == wanted || kind.split(' ').next() == Some(wanted);
    for wanted in &asked.kinds {
        let known = Sort::ALL.iter().any(|s| s.word() == wanted);
        if !known && !stream.iter().any(|h| is(&h.kind, wanted)) {
            let words: Vec<&str> = Sort::ALL.iter().map(|s| s.word()).collect();
            eprintln!(
                "error: nothing is about `{wanted}`\n  hint: {}, or the word in the second column",
                words.join(", ")
            );
            return exit::USAGE;
        }
    }
    stream.retain(|h| {
        let of_kind = asked.kinds.iter().any(|k| h.sort().word() == k || is(&h.kind, k));
        since.is_none_or(|since| h.wall >= since) && (asked.kinds.is_empty() || of_kind)
    });
    let of = Of { service: &setup.playbook.service.name, environment: &setup.environment };
    let text = match asked.format {
        Shape::Table if stream.is_empty() => "Nothing has happened.\n".into(),
        Shape::Table => table(&stream),
        Shape::Json => written(Form::Json, of, &stream),
        Shape::Csv => written(Form::Csv, of, &stream),
        Shape::Md => written(Form::Markdown, of, &stream),
    };
    match &asked.output {
        None => match std::io::stdout().lock().write_all(text.as_bytes()) {
            // Whoever reads has enough.
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                eprintln!("error: {e}");
                exit::REFUSED
            }
            _ => exit::OK,
        },
        Some(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            match atomic_write(&*real(), &path, text.as_bytes(), 0o600) {
                Ok(()) => {
                    eprintln!("{} events are in {}", stream.len(), path.display());
                    exit::OK
                }
                Err(e) => {
                    eprintln!("error: {e}");
                    exit::REFUSED
                }
            }
        }
    }
}
