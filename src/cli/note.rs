//! `ripcord note`: words on record.

use super::args::Target;
use super::say::{put_and_say, words};
use super::{exit, target};
use crate::session::decision::Kind;
use crate::supervisor::person;

/// Puts a note on record.
pub fn note(of: &Target, text: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let Ok(text) = words(text, "the note") else { return exit::USAGE };
    put_and_say(&opened.setup, &Kind::Noted { text, who: person(), to: None }, "NOTED.")
}
