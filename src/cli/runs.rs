//! `ripcord runs` and `ripcord resume`: what was run, and going on with what nobody drives.

use super::args::Target;
use super::{exit, target};
use crate::journal::real;
use crate::report::{length, stamp};
use crate::run::record::Wish;
use crate::run::view::{RunState, between};
use crate::supervisor::{self, Asker, RunSummary, headless, person};

/// Lists runs, newest first.
pub fn list(of: &Target, json: bool) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let (runs, broken) = match supervisor::list(&opened.setup.folder) {
        Ok(found) => found,
        Err(e) => {
            eprintln!("error: {}: {e}", opened.setup.folder.display());
            return exit::USAGE;
        }
    };
    if json {
        let all: Vec<_> = runs.iter().map(line).collect();
        println!("{:#}", serde_json::Value::Array(all));
    } else if runs.is_empty() {
        println!("No run yet in {}.", opened.setup.folder.display());
    } else {
        println!("{:<28} {:<24} {:<20} {:>8}  {:<10} REPORT", "RUN", "WHEN", "STATE", "TOOK", "BY");
        for r in &runs {
            let report = r.dir.join("report.md");
            println!(
                "{:<28} {:<24} {:<20} {:>8}  {:<10} {}",
                r.view.id,
                stamp(&r.view.requested),
                state(r),
                took(r).map_or_else(|| "-".into(), length),
                r.view.who,
                if report.is_file() { report.display().to_string() } else { "-".into() }
            );
        }
    }
    for e in &broken {
        eprintln!("warning: {e}");
    }
    exit::OK
}

fn took(r: &RunSummary) -> Option<u64> {
    r.view.ended.as_ref().map(|e| between(&r.view.requested, e))
}

fn state(r: &RunSummary) -> String {
    match (r.view.state, r.view.verdict) {
        (_, Some(verdict)) => verdict.word().into(),
        (RunState::Requested, _) => "never started".into(),
        (RunState::Refused, _) => "refused".into(),
        (_, _) if !r.alive => "NOBODY DRIVES IT".into(),
        (RunState::Running, _) => "running".into(),
        (RunState::Verifying, _) => "verifying".into(),
        (RunState::NotVerified, _) => "NOT VERIFIED".into(),
        (RunState::Waiting, _) => "WAITS FOR A PERSON".into(),
        (RunState::Stopping | RunState::Finished, _) => "stopping".into(),
    }
}

fn line(r: &RunSummary) -> serde_json::Value {
    serde_json::json!({
        "id": r.view.id,
        "procedure": r.plan.procedure.id,
        "title": r.view.title,
        "requested": stamp(&r.view.requested),
        "requested_ms": r.view.requested.wall,
        "state": state(r),
        "driven": r.alive,
        "why": r.view.why,
        "took_ms": took(r),
        "by": r.view.who,
        "reason": r.view.reason,
        "steps": r.view.steps.iter().map(|s| serde_json::json!({
            "number": s.index, "name": s.name, "state": format!("{:?}", s.state).to_lowercase(), "detail": s.detail,
        })).collect::<Vec<_>>(),
        "dir": r.dir,
    })
}

/// Takes a run up again, with what a person says of it, and follows it.
pub fn resume(of: &Target, run: Option<&str>, wish: Option<Wish>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let folder = &opened.setup.folder;
    let runs = match supervisor::list(folder) {
        Ok((runs, _)) => runs,
        Err(e) => {
            eprintln!("error: {}: {e}", folder.display());
            return exit::USAGE;
        }
    };
    let open = |r: &&RunSummary| {
        !matches!(r.view.state, RunState::Finished | RunState::Refused | RunState::Requested)
    };
    let found = match run {
        Some(id) => runs.iter().find(|r| r.view.id == id),
        None => runs.iter().find(open),
    };
    let Some(found) = found else {
        match run {
            Some(id) => eprintln!("error: no run is named `{id}`\n  hint: `ripcord runs` lists them"),
            None => println!("No run waits to be taken up."),
        }
        return if run.is_some() { exit::USAGE } else { exit::OK };
    };
    if !open(&found) {
        println!("{} is over: {}. Nothing was done.", found.view.id, state(found));
        return exit::OK;
    }
    let who = person();
    if let Some(wish) = wish {
        let step = found.view.current;
        let attempt = step.and_then(|n| found.view.steps.get(n - 1)).map(|s| s.attempt);
        let asked = Asker::open(real(), &found.dir, who.clone())
            .and_then(|mut asker| asker.ask(wish, step, attempt, found.view.seq));
        if let Err(e) = asked {
            eprintln!("error: {e}\n  hint: {}", e.hint());
            return exit::REFUSED;
        }
    }
    if !found.alive
        && let Err(refused) = supervisor::resume(&found.dir, &who)
    {
        eprintln!("REFUSED: {refused}");
        return exit::REFUSED;
    }
    headless::follow(&found.dir)
}
