//! `ripcord run`: a procedure without a screen, resolved, confirmed and followed to its end.

use super::args::Target;
use super::{exit, runtime, shown, target};
use crate::clock;
use crate::driver::Setup;
use crate::driver::dry_run::tried;
use crate::model::playbook::Confirm;
use crate::run::Plan;
use crate::run::plan::Cause;
use crate::supervisor::{self, headless};
use indexmap::IndexMap;
use std::io::{BufRead, IsTerminal, Write};

/// What is asked.
pub struct Ask<'a> {
    /// Id or key of the procedure.
    pub procedure: &'a str,
    /// `NAME=VALUE` of parameters.
    pub params: &'a [String],
    /// Why.
    pub reason: &'a str,
    /// Confirmed already; in a danger environment with the service's name.
    pub yes: Option<&'a str>,
    /// Change nothing.
    pub dry_run: bool,
    /// Why it may start although a check before the start does not hold.
    pub go_on: Option<&'a str>,
    /// Stop a run first: this one, or the one in the way when it is empty.
    pub replace: Option<&'a str>,
    /// Why it may start although processes of that run are alive.
    pub beside: Option<&'a str>,
}

/// Resolves, shows, confirms and follows a procedure.
pub fn run(of: &Target, ask: &Ask<'_>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let Ok(params) = target::pairs(ask.params, "--param") else { return exit::USAGE };
    start(&opened.setup, None, params, ask, |_| Ok(()))
}

/// The same for a service that is open. `cause` is what fired, `params` are filled; once it is confirmed, `first` may still
/// say no, with an exit code.
pub fn start(
    setup: &Setup,
    cause: Option<Cause>,
    params: IndexMap<String, String>,
    ask: &Ask<'_>,
    first: impl FnOnce(&Plan) -> Result<(), u8>,
) -> u8 {
    let Some(id) = procedure(setup, ask.procedure) else { return exit::USAGE };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: {e}");
            return exit::USAGE;
        }
    };
    let p = &setup.playbook.procedures[&id];
    let name = p.key.map_or_else(|| id.clone(), |k| k.to_string());
    let context = supervisor::context(&name, ask.reason, cause, &setup.hash, &setup.folder);
    let mut draft =
        runtime.block_on(supervisor::resolve(&setup.playbook, &setup.environment, &id, &params, &context));
    if let Some(reason) = ask.go_on {
        draft.go_on(reason);
    }
    shown::draft(setup, &id, &draft);
    if ask.dry_run {
        shown::tried(&runtime.block_on(tried(setup, &id, &draft)));
    }
    let Some(plan) = draft.plan.clone().filter(|_| draft.is_ready()) else {
        if draft.wants_reason() {
            if draft.plan.as_ref().is_some_and(|p| p.checklists.iter().any(|c| c.open().next().is_some())) {
                eprintln!("  hint: `ripcord tick` shows the checklists, and ticks or does what is open");
            }
            eprintln!("  hint: --override REASON goes on; the reason goes on record");
        }
        eprintln!("REFUSED: nothing was started, nothing was changed.");
        return exit::REFUSED;
    };
    if draft.nothing_to_do {
        shown::already(&draft);
        return exit::OK;
    }
    if ask.dry_run {
        println!("DRY RUN: nothing was started, nothing was changed.");
        return exit::OK;
    }
    let environment = setup.playbook.environments.get(&setup.environment);
    let types = p.emergency
        || p.confirm == Some(Confirm::Type)
        || environment.is_some_and(|e| e.confirm == Confirm::Type);
    if !confirmed(setup, types, ask.yes, "roll back") {
        eprintln!("Not confirmed: nothing was started, nothing was changed.");
        return exit::REFUSED;
    }
    if let Err(code) = first(&plan) {
        return code;
    }
    let plan = plan.confirmed(&clock::now());
    match ask.replace {
        None => headless::run(&setup.folder, &plan),
        Some(old) => {
            headless::run_instead(&setup.folder, plan, Some(old).filter(|o| !o.is_empty()), ask.beside)
        }
    }
}

/// The id of a procedure by its id or key; what is unknown has been printed.
pub fn procedure(setup: &Setup, named: &str) -> Option<String> {
    let all = &setup.playbook.procedures;
    let by_key =
        || all.iter().find(|(_, p)| p.key.is_some_and(|k| named == k.to_string())).map(|(id, _)| id.clone());
    let found = all.contains_key(named).then(|| named.to_string()).or_else(by_key);
    if found.is_none() {
        let known: Vec<&str> = all.iter().filter(|(_, p)| !p.hidden).map(|(id, _)| id.as_str()).collect();
        eprintln!("error: no procedure is named `{named}`\n  hint: {}", known.join(", "));
    }
    found
}

/// Whether a person confirms, by typing the service's name or by `y`; `yes` is what the arguments said.
pub fn confirmed(setup: &Setup, types: bool, yes: Option<&str>, what: &str) -> bool {
    let name = setup.playbook.service.name.as_str();
    if let Some(given) = yes {
        if !types || given == name {
            return true;
        }
        eprintln!("error: here the service's name confirms: --yes={name}");
        return false;
    }
    if !std::io::stdin().is_terminal() {
        eprintln!(
            "error: nobody can confirm without a terminal\n  hint: --yes{}",
            if types { format!("={name}") } else { String::new() }
        );
        return false;
    }
    match types {
        true => print!("Type the service's name to {what}: "),
        false => print!("Really {what}? y or n: "),
    }
    let mut line = String::new();
    if std::io::stdout().flush().is_err() || std::io::stdin().lock().read_line(&mut line).is_err() {
        return false;
    }
    line.trim() == if types { name } else { "y" }
}
