//! `ripcord ack`: a firing was seen by a person.

use super::args::Target;
use super::say::{one_of, put_and_say, state};
use super::{exit, target};
use crate::model::text::clean_line;
use crate::session::decision::{Firing, Kind};
use crate::supervisor::person;

/// Says that a firing was seen; the only one that nobody has seen when none is named.
pub fn ack(of: &Target, firing: Option<&str>, note: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let home = &opened.setup.folder;
    let state = match state(home) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let open = |f: &&Firing| f.acked.is_none() && (f.resolved.is_none() || f.escalated.is_some());
    let open: Vec<&Firing> = state.firings.values().filter(open).collect();
    let id = match (firing, open.as_slice()) {
        (Some(id), _) => match one_of("firing", id, state.firings.keys()) {
            Ok(()) => id.to_owned(),
            Err(()) => return exit::USAGE,
        },
        (None, []) => {
            println!("Nothing fires that nobody has seen.");
            return exit::OK;
        }
        (None, [one]) => one.id.clone(),
        (None, many) => {
            let ids: Vec<&str> = many.iter().map(|f| f.id.as_str()).collect();
            eprintln!("error: which firing? there is {}\n  hint: ripcord ack {}", ids.join(", "), ids[0]);
            return exit::USAGE;
        }
    };
    let said = format!("{id} is ACKNOWLEDGED.");
    let kind = Kind::Acked { firing: id, who: person(), note: clean_line(note).trim().to_owned() };
    put_and_say(&opened.setup, &kind, &said)
}
