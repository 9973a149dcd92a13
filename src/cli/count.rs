//! `ripcord flag` and `ripcord count`: signals that people are the source of.

use super::args::Target;
use super::say::{one_of, put_and_say, state};
use super::{exit, target};
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::text::clean_line;
use crate::session::decision::Kind;
use crate::supervisor::person;

/// Raises or lowers a flag.
pub fn flag(of: &Target, signal: &str, raised: bool, note: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = &opened.setup;
    let is_flag = |r: &ReadingKind| matches!(r, ReadingKind::Flag { .. });
    let Ok(title) = title(&setup.playbook, "flag", signal, is_flag) else { return exit::USAGE };
    let note = clean_line(note).trim().to_owned();
    let kind = Kind::Flagged { signal: signal.to_owned(), raised, note, who: person() };
    let said = format!("{title}: {}.", if raised { "RAISED" } else { "LOWERED" });
    put_and_say(setup, &kind, &said)
}

/// Counts one, or takes one back.
pub fn count(of: &Target, signal: &str, back: bool) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = &opened.setup;
    let is_count = |r: &ReadingKind| matches!(r, ReadingKind::Count { .. });
    let Ok(title) = title(&setup.playbook, "count", signal, is_count) else { return exit::USAGE };
    let before = match state(&setup.folder) {
        Ok(state) => state.counts.get(signal).copied().unwrap_or(0),
        Err(code) => return code,
    };
    if back && before <= 0 {
        eprintln!("REFUSED: {title} stands at 0; there is nothing to take back.");
        return exit::REFUSED;
    }
    let delta = if back { -1 } else { 1 };
    let kind = Kind::Counted { signal: signal.to_owned(), delta, who: person() };
    let said = format!("{title}: {}.", before + i64::from(delta));
    put_and_say(setup, &kind, &said)
}

/// Name for people of a signal that people are the source of.
fn title(
    playbook: &Playbook,
    what: &str,
    signal: &str,
    fits: impl Fn(&ReadingKind) -> bool,
) -> Result<String, ()> {
    let fitting = playbook.signals.iter().filter(|(_, s)| fits(&s.reading)).map(|(id, _)| id);
    one_of(what, signal, fitting.collect::<Vec<_>>().into_iter())?;
    Ok(clean_line(&playbook.signals[signal].title))
}
