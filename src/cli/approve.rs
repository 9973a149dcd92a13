//! `ripcord approve`: who asked for what, who may agree and what is missing; then a person's word, and whether it counted.

use super::args::Records;
use super::ask::{find, homes, send};
use super::exit;
use crate::model::text::clean_line;
use crate::report::{length, stamp};
use crate::run::Plan;
use crate::run::approval::{Given, counts, missing, who_may};
use crate::run::record::Wish;
use crate::supervisor::{self, RunSummary, person, person::roles_asked};
use std::io::{BufRead, IsTerminal, Write};

/// What is said of a run.
pub struct Word<'a> {
    /// The run; the newest that waits when none is named.
    pub run: Option<&'a str>,
    /// Why not.
    pub refuse: Option<String>,
    /// Who says so, on a shared account.
    pub name: Option<String>,
    /// Do not ask.
    pub yes: bool,
}

/// Agrees to a run, or refuses it.
pub fn approve(records: &Records, word: Word<'_>) -> u8 {
    let id = match word.run {
        Some(id) => id.to_owned(),
        None => match waiting(records) {
            Ok(Some(id)) => id,
            Ok(None) => {
                println!("No run waits for an approval.");
                return exit::OK;
            }
            Err(()) => return exit::USAGE,
        },
    };
    let Ok((_, found)) = find(records, &id) else { return exit::USAGE };
    let given = given(&found);
    let me = person();
    let name = word.name.as_deref();
    let counted = counts(&found.plan, &given, &me, &roles_asked(&found.plan, &me, name), name);
    show(&found, &given);
    let words = match (&counted, name) {
        (Ok(roles), _) if roles.is_empty() => "may approve".to_owned(),
        (Ok(roles), None) => format!("may approve for: {}", titles(&found.plan, roles)),
        (Ok(roles), Some(_)) => format!("may approve for: {} (asserted)", titles(&found.plan, roles)),
        (Err(why), _) => format!("may NOT approve: {why}"),
    };
    println!("  you       {} (uid {}): {words}", me.user, me.uid);
    if found.plan.approval.is_none() {
        eprintln!("REFUSED: nobody has to agree to run {id}.");
        return exit::REFUSED;
    }
    if let Some(reason) = word.refuse {
        return send(&found, Wish::Refuse { reason });
    }
    if let Err(why) = counted {
        eprintln!("REFUSED: {why}.");
        return exit::REFUSED;
    }
    if !word.yes && !agreed("Approve? y or n: ") {
        eprintln!("Nothing was said.");
        return exit::REFUSED;
    }
    let code = send(&found, Wish::Approve { name: word.name });
    if code == exit::OK
        && let Ok((_, now)) = find(records, &id)
    {
        match missing(&now.plan, &self::given(&now)) {
            Some(more) => println!("Still missing: {more}."),
            None => println!("Nothing more is missing: the run starts."),
        }
    }
    code
}

/// The newest run that waits for an approval.
fn waiting(records: &Records) -> Result<Option<String>, ()> {
    let mut all: Vec<RunSummary> = Vec::new();
    for home in homes(records)? {
        match supervisor::list(&home) {
            Ok((runs, _)) => all.extend(runs.into_iter().filter(|r| r.alive && is_open(r))),
            Err(e) => eprintln!("warning: {}: {e}", home.display()),
        }
    }
    all.sort_by_key(|r| r.view.requested.wall);
    Ok(all.pop().map(|r| r.view.id))
}

/// Whether a run waits for people to agree.
pub fn is_open(r: &RunSummary) -> bool {
    let begun = r.view.steps.iter().any(|s| s.attempt > 0);
    r.view.verdict.is_none() && !begun && missing(&r.plan, &given(r)).is_some()
}

/// The words that counted so far.
fn given(found: &RunSummary) -> Vec<Given> {
    let records = supervisor::read_run(&found.dir).map(|(_, records)| records).unwrap_or_default();
    crate::run::approval::given(&records)
}

fn titles(plan: &Plan, ids: &[String]) -> String {
    let all = plan.approval.iter().flat_map(|a| &a.roles);
    let titles: Vec<String> = all.filter(|r| ids.contains(&r.id)).map(|r| clean_line(&r.title)).collect();
    titles.join(", ")
}

fn show(found: &RunSummary, given: &[Given]) {
    let plan = &found.plan;
    println!("{}: {} ▸ {}", clean_line(&plan.procedure.title), plan.service, plan.environment.to_uppercase());
    println!("  run       {}, asked by {} {}", plan.id, plan.who.user, stamp(&plan.confirmed_at));
    println!("  from, to  {} → {}", plan.from, plan.to);
    println!(
        "  cost      downtime {} · data loss {}",
        plan.procedure.expect.downtime, plan.procedure.expect.data_loss
    );
    println!("  reason    {}", clean_line(&plan.reason));
    for check in &plan.preflight {
        println!(
            "  check     {}: {:?} ({})",
            clean_line(&check.text),
            check.answer,
            clean_line(&check.detail)
        );
    }
    if let Some(reason) = &plan.override_reason {
        println!("  although  {}", clean_line(reason));
    }
    for step in &plan.steps {
        println!("  {:>5}  {}: {}", step.label, clean_line(&step.step.name), step.line());
    }
    if let Some(asked) = &plan.approval {
        println!("  needs     {}; within {} of the start", who_may(asked), length(asked.within));
        for word in given {
            let asserted = word.asserted.as_ref().map(|n| format!(" as {n} (asserted)")).unwrap_or_default();
            println!("  given     {}{asserted}: {}", word.who.user, titles(plan, &word.roles));
        }
        println!("  missing   {}", missing(plan, given).unwrap_or_else(|| "nothing".into()));
    }
}

/// Whether a person at the terminal says yes.
pub fn agreed(question: &str) -> bool {
    if !std::io::stdin().is_terminal() {
        eprintln!("error: nobody can agree without a terminal\n  hint: --yes");
        return false;
    }
    print!("{question}");
    let mut line = String::new();
    std::io::stdout().flush().is_ok()
        && std::io::stdin().lock().read_line(&mut line).is_ok()
        && line.trim() == "y"
}
