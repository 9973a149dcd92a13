//! A person's word on record, and which subcommand says which.

use super::args::{People, Target};
use super::{
    ack, automation, count, decide, exit, incident, mark, note, notify, status, tick, timeline, why,
};
use crate::driver::Setup;
use crate::journal::LogError;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::session::decision::{Decisions, Kind, Rules};
use crate::supervisor::decisions;
use std::path::Path;

/// Does what is asked.
pub fn act(asked: People) -> u8 {
    match asked {
        People::Status { target, json } => status::status(&target, json),
        People::Decide { first, second, mut target, more, reason, procedure, yes } => {
            let Ok((clock, choice)) = decide::sort(first, second, &mut target) else { return exit::USAGE };
            let word = decide::Word {
                clock: clock.as_deref(),
                more: &more,
                reason: &reason,
                procedure: procedure.as_deref(),
                yes: yes.as_deref(),
            };
            decide::decide(&target, choice, &word)
        }
        People::Arm { mut trigger, mut target, mode, reason, yes } => {
            playbook_first(&mut trigger, &mut target);
            automation::arm(&target, trigger.as_deref(), mode, &reason, yes.as_deref())
        }
        People::Disarm { mut trigger, mut target, reason } => {
            playbook_first(&mut trigger, &mut target);
            automation::disarm(&target, trigger.as_deref(), &reason)
        }
        People::Ack { mut firing, mut target, note } => {
            playbook_first(&mut firing, &mut target);
            ack::ack(&target, firing.as_deref(), &note)
        }
        People::Notify { what } => notify::notify(what),
        People::Note { text, target } => note::note(&target, &text),
        People::Tick { mut checklist, mut item, mut target, undo, does, without, note } => {
            if item.is_none() {
                playbook_first(&mut checklist, &mut target);
            } else {
                playbook_first(&mut item, &mut target);
            }
            let how = match without.as_deref() {
                Some(reason) => tick::How::Without(reason),
                None if does => tick::How::Do,
                None if undo => tick::How::Untick,
                None => tick::How::Tick,
            };
            tick::tick(&target, checklist.as_deref(), item.as_deref(), how, &note)
        }
        People::Flag { signal, target, lower, note } => count::flag(&target, &signal, !lower, &note),
        People::Count { signal, target, back } => count::count(&target, &signal, back),
        People::Incident(asked) => incident::act(asked),
        People::Mark { name, target, at } => mark::mark(&target, &name, at.as_deref()),
        People::Timeline { target, asked } => timeline::tell(&target, &asked),
        People::Why { what, target } => why::why(&target, &what),
    }
}

/// Whether a word names a playbook's file, and so nothing of what is in it.
pub fn is_file(word: &str) -> bool {
    word.ends_with(".toml") || word.contains('/')
}

/// Where only one word is given, it may be the playbook.
fn playbook_first(word: &mut Option<String>, target: &mut Target) {
    if target.playbook.is_none() && word.as_deref().is_some_and(is_file) {
        target.playbook = word.take();
    }
}

/// Words of a person, safe to show and to store.
///
/// # Errors
/// When nothing is said; it has been printed.
pub fn words(given: &str, option: &str) -> Result<String, ()> {
    let text = clean_line(given).trim().to_owned();
    if text.is_empty() {
        eprintln!("error: {option} says nothing");
        return Err(());
    }
    Ok(text)
}

/// What is on record.
///
/// # Errors
/// When it cannot be read; it has been printed.
pub fn state(home: &Path) -> Result<Decisions, u8> {
    decisions::load(home).map_err(|e| {
        eprintln!("error: {e}");
        exit::REFUSED
    })
}

/// Puts a person's word on record.
///
/// # Errors
/// The exit code, when it is not admitted or cannot be written; it has been printed.
pub fn put(setup: &Setup, kind: &Kind) -> Result<Record, u8> {
    append(&setup.folder, &Rules::of(&setup.playbook, &setup.environment), kind)
}

/// The same in a folder, by these rules.
///
/// # Errors
/// As [`put`].
pub fn append(home: &Path, rules: &Rules, kind: &Kind) -> Result<Record, u8> {
    match decisions::append(home, rules, kind) {
        Ok(Ok(record)) => Ok(record),
        Ok(Err(why)) => {
            eprintln!("REFUSED: {why}.");
            Err(exit::REFUSED)
        }
        Err(e) => {
            let held = matches!(e, LogError::Held { .. });
            eprintln!("{}: {e}\n  hint: {}", if held { "LOCKED" } else { "error" }, e.hint());
            Err(if held { exit::LOCKED } else { exit::REFUSED })
        }
    }
}

/// Puts a person's word on record and says so; the exit code.
pub fn put_and_say(setup: &Setup, kind: &Kind, done: &str) -> u8 {
    match put(setup, kind) {
        Ok(_) => {
            println!("{done}");
            exit::OK
        }
        Err(code) => code,
    }
}

/// Whether a name is one of those that are known.
///
/// # Errors
/// When it is none of them; it has been printed.
pub fn one_of<'a>(
    what: &str,
    name: &str,
    mut known: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), ()> {
    if known.clone().any(|k| k == name) {
        return Ok(());
    }
    let near = known
        .clone()
        .map(|k| (strsim::damerau_levenshtein(k, name), k))
        .min()
        .filter(|(d, _)| *d <= 2)
        .map(|(_, k)| format!("did you mean `{k}`?"));
    let all = || match known.by_ref().map(String::as_str).collect::<Vec<_>>() {
        all if all.is_empty() => format!("the playbook has no {what}"),
        all => format!("there is {}", all.join(", ")),
    };
    eprintln!("error: no {what} is named `{}`\n  hint: {}", clean_line(name), near.unwrap_or_else(all));
    Err(())
}
