//! `ripcord runs` and `ripcord resume`: what was run, and going on with what nobody drives.

pub mod past;
pub mod show;
mod table;

use super::args::Target;
use super::{approve, exit, target};
use crate::journal::real;
use crate::report::{length, stamp};
use crate::run::approval::who_may;
use crate::run::plan::{After, Inherited};
use crate::run::record::Wish;
use crate::run::view::{RunState, between};
use crate::supervisor::{self, Asker, RunSummary, headless, person};
use std::path::Path;

/// What is to be known besides: where it is, who must say what, and what is frozen still.
fn more(r: &RunSummary) -> Vec<String> {
    let mut out = Vec::new();
    let id = &r.view.id;
    if approve::is_open(r) {
        let asked = r.plan.approval.as_ref().map(who_may).unwrap_or_default();
        out.push(format!("NEEDS A SECOND PERSON: {asked}. They run `ripcord approve {id}`"));
    }
    let open = !matches!(r.view.state, RunState::Finished | RunState::Refused | RunState::Requested);
    if let Some(step) = r.view.current.filter(|_| open).and_then(|n| r.view.steps.get(n - 1)) {
        out.push(format!("at step {} ({}): {}", step.label, step.name, step.detail));
    }
    if let Some(until) = r.view.guarding.as_ref().filter(|_| open) {
        let left = until.left(&crate::clock::now());
        out.push(format!("VERIFIED; watched for {} more whether it stays so", length(left)));
    }
    if let Some((at, why)) = r.view.drifted.as_ref().filter(|_| open) {
        out.push(format!("DRIFTED at {}: {why}", stamp(at)));
    }
    for f in &r.view.frozen {
        out.push(format!("FROZEN {} since {}, undo with {}", f.what, stamp(&f.since), f.undo));
    }
    if !r.alive && open {
        let how = if r.plan.who.uid == person().uid { "" } else { " --successor" };
        out.push(format!("`ripcord resume{how} --run {id}` takes it up"));
    }
    out
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
        (_, _) if approve::is_open(r) => "NEEDS APPROVAL".into(),
        (_, _) if r.view.guarding.is_some() => "VERIFIED, watched".into(),
        (RunState::Running, _) => "running".into(),
        (RunState::Verifying, _) => "verifying".into(),
        (RunState::NotVerified, _) => "NOT VERIFIED".into(),
        (RunState::Waiting, _) => "WAITS FOR A PERSON".into(),
        (RunState::Stopping | RunState::Finished, _) => "stopping".into(),
    }
}

fn json_of(r: &RunSummary) -> serde_json::Value {
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
        "notes": more(r),
        "step": r.view.current.and_then(|n| r.view.steps.get(n - 1)).map(|s| &s.label),
        "needs_approval": approve::is_open(r),
        "guarding": r.view.guarding.is_some(),
        "frozen": r.view.frozen.iter().map(|f| serde_json::json!({
            "what": f.what, "undo": f.undo, "since": stamp(&f.since), "since_ms": f.since.wall,
        })).collect::<Vec<_>>(),
        "steps": r.view.steps.iter().map(|s| serde_json::json!({
            "number": s.index, "label": s.label, "name": s.name, "state": format!("{:?}", s.state).to_lowercase(), "detail": s.detail,
        })).collect::<Vec<_>>(),
        "dir": r.dir,
    })
}

/// The run that is named, or the newest that is open.
///
/// # Errors
/// An exit code, when there is none; it has been printed.
fn pick(folder: &Path, run: Option<&str>) -> Result<RunSummary, u8> {
    let (runs, _) = supervisor::list(folder).map_err(|e| {
        eprintln!("error: {}: {e}", folder.display());
        exit::USAGE
    })?;
    let found = match run {
        Some(id) => runs.into_iter().find(|r| r.view.id == id),
        None => runs.into_iter().find(is_open),
    };
    found.ok_or_else(|| match run {
        Some(id) => {
            eprintln!("error: no run is named `{id}`\n  hint: `ripcord runs` lists them");
            exit::USAGE
        }
        None => {
            println!("No run waits to be taken up.");
            exit::OK
        }
    })
}

fn is_open(r: &RunSummary) -> bool {
    !matches!(r.view.state, RunState::Finished | RunState::Refused | RunState::Requested)
}

/// Takes a run up again, with what a person says of it, and follows it.
pub fn resume(of: &Target, run: Option<&str>, wish: Option<Wish>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let found = match pick(&opened.setup.folder, run) {
        Ok(found) => found,
        Err(code) => return code,
    };
    if !is_open(&found) {
        println!("{} is over: {}. Nothing was done.", found.view.id, state(&found));
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

/// Goes on with the steps of another account's lost run, as a run of one's own, and follows it.
pub fn succeed(of: &Target, run: Option<&str>, reason: &str, yes: bool) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let folder = &opened.setup.folder;
    let found = match pick(folder, run) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let plan = match supervisor::succeed(folder, &found.view.id, &person(), reason) {
        Ok(plan) => plan,
        Err(refused) => {
            eprintln!("REFUSED: {refused}");
            return exit::REFUSED;
        }
    };
    println!("{}, begun by {} as run {}", found.view.title, found.view.who, found.view.id);
    if let Some(After::Succeeds { steps, .. }) = &plan.after {
        for (step, known) in plan.steps.iter().zip(steps) {
            let known = match known {
                Inherited::Passed { detail } => format!("behind it: {detail}"),
                Inherited::Open => "to be done".into(),
                Inherited::Unknown { evidence } => format!("UNKNOWN: {evidence}; you settle it"),
            };
            println!("  {:>5}  {}: {}  ({known})", step.label, step.step.name, step.line());
        }
    }
    if !yes && !approve::agreed("Go on with it as a run of your own? y or n: ") {
        eprintln!("Not confirmed: nothing was started, nothing was changed.");
        return exit::REFUSED;
    }
    headless::run(folder, &plan.confirmed(&crate::clock::now()))
}
