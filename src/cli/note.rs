//! `ripcord note` and `ripcord incident`: words on record, and the incident they belong to.

use super::args::Target;
use super::say::{put_and_say, state, words};
use super::{exit, target};
use crate::clock;
use crate::report::{length, stamp};
use crate::run::view::between;
use crate::session::decision::Kind;
use crate::supervisor::person;

/// Puts a note on record.
pub fn note(of: &Target, text: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let Ok(text) = words(text, "the note") else { return exit::USAGE };
    put_and_say(&opened.setup, &Kind::Noted { text, who: person(), to: None }, "NOTED.")
}

/// Shows the incident, or closes it.
pub fn incident(of: &Target, what: Option<&str>, reason: Option<&str>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let home = &opened.setup.folder;
    let state = match state(home) {
        Ok(state) => state,
        Err(code) => return code,
    };
    match what {
        None => {
            match &state.incident {
                Some(i) => println!(
                    "{}: open for {} (since {}): {}",
                    i.id,
                    length(between(&i.since, &clock::now())),
                    stamp(&i.since),
                    i.reason
                ),
                None => println!("No incident is open; there were {}.", state.incidents),
            }
            exit::OK
        }
        Some("close") => {
            let Some(open) = state.incident else {
                eprintln!("REFUSED: no incident is open.");
                return exit::REFUSED;
            };
            let Ok(reason) = words(reason.unwrap_or_default(), "--reason") else { return exit::USAGE };
            let said = format!("{} is CLOSED.", open.id);
            let kind = Kind::IncidentClosed { incident: open.id, who: Some(person()), reason };
            put_and_say(&opened.setup, &kind, &said)
        }
        Some(other) => {
            eprintln!(
                "error: `{other}` cannot be done to an incident\n  hint: ripcord incident close --reason …"
            );
            exit::USAGE
        }
    }
}
