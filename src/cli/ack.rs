//! `ripcord ack`: a firing was seen by a person, or a person has taken the incident, so that its ladder waits.

use super::args::Target;
use super::say::{one_of, put_and_say, state};
use super::{exit, target};
use crate::clock;
use crate::driver::Setup;
use crate::model::text::clean_line;
use crate::session::decision::words::at;
use crate::session::decision::{Decisions, Firing, Kind};
use crate::supervisor::person;

/// Says that a firing was seen, or takes the incident (its name, or `incident`). When nothing is named: both, where there is
/// one firing that nobody has seen.
pub fn ack(of: &Target, what: Option<&str>, note: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = &opened.setup;
    let state = match state(&setup.folder) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let note = clean_line(note).trim().to_owned();
    let seen = |firing: &str| {
        let kind = Kind::Acked { firing: firing.to_owned(), who: person(), note: note.clone() };
        put_and_say(setup, &kind, &format!("{firing} is ACKNOWLEDGED."))
    };
    let incident = state.incident.as_ref().map(|i| i.id.as_str());
    if what.is_some() && (what == Some("incident") || what == incident) {
        return take(setup, &state, &note);
    }
    if let Some(id) = what {
        return match one_of("firing", id, state.firings.keys()) {
            Ok(()) => seen(id),
            Err(()) => exit::USAGE,
        };
    }
    let open = |f: &&Firing| f.acked.is_none() && (f.resolved.is_none() || f.escalated.is_some());
    let open: Vec<&Firing> = state.firings.values().filter(open).collect();
    let rings = state.incident.is_some() && !state.ladder.rungs.is_empty() && state.ladder.acked.is_none();
    if rings {
        let code = take(setup, &state, &note);
        if code != exit::OK {
            return code;
        }
    }
    match open.as_slice() {
        [] if rings => exit::OK,
        [] => {
            println!("Nothing fires that nobody has seen.");
            exit::OK
        }
        [one] => seen(&one.id),
        many => {
            let ids: Vec<&str> = many.iter().map(|f| f.id.as_str()).collect();
            eprintln!("error: which firing? there is {}\n  hint: ripcord ack {}", ids.join(", "), ids[0]);
            exit::USAGE
        }
    }
}

/// Takes the incident.
fn take(setup: &Setup, state: &Decisions, note: &str) -> u8 {
    let Some(kind) = state.taken_by(&setup.playbook, person(), note, &clock::now()) else {
        eprintln!("REFUSED: no incident is open.");
        return exit::REFUSED;
    };
    let Kind::RungAcked { incident, until, .. } = &kind else { return exit::REFUSED };
    let said = format!("{incident} is TAKEN; its ladder waits until {}.", at(until.due_wall));
    put_and_say(setup, &kind, &said)
}
