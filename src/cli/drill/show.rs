//! A drill on the screen.

use super::{SEED, file, gone_wrong, subject};
use crate::cli::args::Drill;
use crate::cli::{exit, look, screen, target};
use crate::driver::Rehearsal;
use crate::driver::drill::Subject;
use crate::driver::fleet::Desk;

/// Shows a drill of the playbook, or the scenario, that is named, until a person leaves.
pub fn show(asked: &Drill) -> u8 {
    let [name] = asked.what.as_slice() else {
        eprintln!("error: one playbook is rehearsed on the screen\n  hint: name it, or say --headless");
        return exit::USAGE;
    };
    let Ok(settings) = target::settings_of(None) else { return exit::USAGE };
    let Ok(look) = look::look(&asked.look, &settings) else { return exit::USAGE };
    let Ok((subject, chaos, seed)) = named(name, asked) else { return exit::USAGE };
    let Ok(root) = target::state_root(asked.state_dir.clone(), &settings) else { return exit::USAGE };
    match Rehearsal::start(subject, asked.seed.or(seed).unwrap_or(SEED), asked.speed, &chaos, root) {
        Ok(rehearsal) => screen::show(|world| Desk::drill(rehearsal, world), look),
        Err(e) => {
            eprintln!("error: the embedded service: {e}");
            exit::USAGE
        }
    }
}

/// What is rehearsed, what goes wrong after how many milliseconds, and the seed of a scenario.
type Named = (Subject, Vec<(String, u64)>, Option<u64>);

fn named(name: &str, asked: &Drill) -> Result<Named, ()> {
    if let Some(scenario) = file::read(name, asked)? {
        let chaos = scenario.cases.first().map(|c| c.chaos.clone()).unwrap_or_default();
        return Ok((scenario.subject, chaos, scenario.seed));
    }
    let Some(subject) = subject(name, asked)? else {
        eprintln!("error: {name} has no [drill]: it cannot be rehearsed");
        return Err(());
    };
    let chaos = gone_wrong(&subject, asked)?;
    Ok((subject, chaos, None))
}
