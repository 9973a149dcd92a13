//! A drill on the screen.

use super::{gone_wrong, subject};
use crate::cli::args::Drill;
use crate::cli::{exit, look, screen, target};
use crate::driver::Rehearsal;
use crate::driver::fleet::Desk;

/// Shows a drill of the playbook that is named, until a person leaves.
pub fn show(asked: &Drill) -> u8 {
    let [name] = asked.what.as_slice() else {
        eprintln!("error: one playbook is rehearsed on the screen\n  hint: name it, or say --headless");
        return exit::USAGE;
    };
    let Ok(settings) = target::settings_of(None) else { return exit::USAGE };
    let Ok(look) = look::look(&asked.look, &settings) else { return exit::USAGE };
    let Ok(found) = subject(name, asked) else { return exit::USAGE };
    let Some(subject) = found else {
        eprintln!("error: {name} has no [drill]: it cannot be rehearsed");
        return exit::USAGE;
    };
    let Ok(chaos) = gone_wrong(&subject, asked) else { return exit::USAGE };
    match Rehearsal::start(subject, asked.seed, asked.speed, &chaos) {
        Ok(rehearsal) => screen::show(|world| Desk::drill(rehearsal, world), look),
        Err(e) => {
            eprintln!("error: the embedded service: {e}");
            exit::USAGE
        }
    }
}
