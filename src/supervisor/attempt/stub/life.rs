//! A whole run on the recording disk: launcher, supervisor and stub do what they do, only the commands are played. Every
//! crash after every operation, with what was not synced dropped or kept, must be concluded rightly; and whatever
//! operation fails, nothing is done that is not recorded.

use super::super::recover::{Recovered, recover};
use super::super::spec::{Outcome as Ended, OutputSize};
use super::*;
use crate::journal::recording::{Crash, Recording};
use crate::model::time::{Deadline, Now};
use crate::run::record::Wish;
use crate::run::state::Stand;
use crate::run::{Answer, Effect, Event, Kind, Outcome, Plan, Request, State, Verdict};
use crate::supervisor::drive::take_over;
use crate::supervisor::follow::{Attempt, attempt_dir};
use crate::supervisor::launch::write_plan;
use crate::supervisor::perform::Driver;
use crate::supervisor::report::write_report;
use crate::supervisor::{context, home, person, resolve};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const SOURCE: &str = r#"
schema = 1
[service]
name = "shop"
owner = "ana"
[environments.here]
tone = "calm"
cwd = "/"
[verifications.well]
title = "Well"
within = "40s"
stable_for = "300ms"
criteria = [{ text = "it is well", run = ["true"], every = "100ms" }]
[procedures.back]
title = "Back"
key = "c"
expect = { duration = "1m", downtime = "none", data_loss = "none" }
[[procedures.back.steps]]
name = "one"
run = ["true"]
timeout = "50s"
[[procedures.back.steps]]
name = "two"
run = ["true"]
timeout = "50s"
[[procedures.back.steps]]
name = "well"
verify = "well"
"#;

/// What the world saw of a run, each with how many operations the disk had done then.
#[derive(Debug, Default)]
struct Seen {
    /// The supervisor said yes.
    accepted: Option<usize>,
    /// Commands that were done: step, token.
    effects: Vec<(usize, String, usize)>,
    /// The end is recorded.
    over: Option<usize>,
    /// Syncs from the preparation of each attempt to its outcome on disk.
    syncs: Vec<usize>,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn plan() -> Plan {
    let loaded = crate::config::playbook::parse(SOURCE, "life.toml").map_err(|_| "a playbook").unwrap();
    let mut context = context("c", "a test", None, &loaded.hash, Path::new("/"));
    context.id = format!("1121-000001-{}", std::process::id());
    let none = Default::default();
    let draft = runtime().block_on(resolve(&loaded.playbook, "here", "back", &none, &context));
    draft.plan.unwrap().confirmed(&clock::now())
}

/// The stub of an attempt, from its claim to its outcome. The command is played: it is done at once.
fn play(
    disk: &Arc<Recording>,
    dir: &AttemptDir,
    step: usize,
    token: &str,
    seen: &mut Seen,
) -> Result<(), AttemptError> {
    let Some(claimed) = take(&**disk, dir, token)? else { return Ok(()) };
    seen.effects.push((step, token.to_owned(), disk.count()));
    let masker = Masker::new(&BTreeMap::new())?;
    OutLog::new(disk.clone(), claimed.out, 1_000, &masker).finish(0);
    let exit = Exit {
        token: token.to_owned(),
        outcome: Ended::Exited { code: 0 },
        survivors: Vec::new(),
        output: OutputSize::default(),
        start: clock::now(),
        end: clock::now(),
    };
    leave(&**disk, dir, &claimed.exit, &exit)
}

/// The run from its plan to its report; ends early where its supervisor would.
async fn live(disk: &Arc<Recording>, home: &Path, plan: &Plan, seen: &mut Seen) -> Result<(), String> {
    let run = write_plan(&**disk, home, plan).map_err(|e| e.to_string())?;
    let taken = take_over(disk.clone(), &run, false).await.map_err(|(_, why)| why)?;
    let (mut driver, _heard) = taken.expect("a new run is not over");
    seen.accepted = Some(disk.count());
    let mut now = clock::now();
    let mut events = VecDeque::from([Event::Ready]);
    let mut begun = 0;
    while let Some(event) = events.pop_front() {
        now = now.plus(100);
        for effect in driver.machine.handle(&now, event) {
            if let Effect::Record(Kind::StepStarting { step, attempt, .. }) = effect {
                begun = disk.syncs();
                if let Err(e) = driver.make_room(step, attempt) {
                    driver.wait_for_room(&now, step, &e).map_err(|e| e.to_string())?;
                    events = VecDeque::from([go_on(plan, &now)]);
                    break;
                }
            }
            match effect {
                Effect::Record(kind) => {
                    driver.record(&now, &kind).map_err(|e| e.to_string())?;
                    match kind {
                        Kind::StepExited { step: 1 | 2, .. } => seen.syncs.push(disk.syncs() - begun),
                        Kind::RunFinished { .. } => seen.over = Some(disk.count()),
                        _ => {}
                    }
                }
                Effect::Start { step, attempt, token } => {
                    let ended = start(disk, &driver, step, attempt, &token, seen);
                    events.extend([Event::Began { step, attempt, stub: 1 }, ended]);
                }
                Effect::Watch { step } => {
                    let seen = vec![(Answer::Holds, "it is".to_owned())];
                    events.extend((0..6).map(|_| Event::Criteria { step, seen: seen.clone() }));
                }
                Effect::Unwatch => {}
                Effect::Finish => {
                    write_report(&**disk, &run, plan, &driver.records);
                    return driver.let_go().map_err(|e| e.to_string());
                }
                other => panic!("{other:?}"),
            }
        }
    }
    Err("a person is needed".to_owned())
}

fn start(
    disk: &Arc<Recording>,
    driver: &Driver,
    step: usize,
    attempt: u32,
    token: &str,
    seen: &mut Seen,
) -> Event {
    let planned = &driver.plan.steps[step - 1];
    // A stub that fails says so in its log; what became of the attempt is found out as ever.
    let _ = play(disk, &attempt_dir(&driver.run, planned, attempt), step, token, seen);
    let started = driver.machine.state().steps[step - 1].started.clone().unwrap();
    let it = Attempt::of(&driver.run, planned, attempt, token, &started);
    let (outcome, survivors) = it.conclude(&AtomicBool::new(false), None);
    Event::Ended { step, attempt, outcome, survivors }
}

fn go_on(plan: &Plan, now: &Now) -> Event {
    let request = Request {
        id: format!("go-on-{}", now.boot),
        run: plan.id.clone(),
        step: None,
        attempt: None,
        seen: 0,
        expires: Deadline::after(now, 30_000),
        who: person(),
        ask: Wish::GoOn,
    };
    Event::Request { request, roles: Vec::new() }
}

struct Life {
    _root: tempfile::TempDir,
    disk: Arc<Recording>,
    plan: Plan,
    seen: Seen,
    end: Result<(), String>,
}

/// A life in which `fault` comes: an operation that fails, after so many of them.
fn life(fault: Option<(&'static str, usize)>) -> Life {
    let root = tempfile::tempdir().unwrap();
    let top = root.path().canonicalize().unwrap();
    let (disk, plan) = (Arc::new(Recording::new(&top)), plan());
    if let Some((operation, skip)) = fault {
        disk.fail(operation, skip, rustix::io::Errno::IO);
    }
    let mut seen = Seen::default();
    let end = runtime().block_on(live(&disk, &top.join("shop@here"), &plan, &mut seen));
    Life { _root: root, disk, plan, seen, end }
}

/// What is found of the run in a folder that a crash left.
fn found(root: &Path, plan: &Plan) -> Option<(PathBuf, State)> {
    let run = home::run_dir(&root.join("shop@here"), &plan.id);
    if !run.exists() {
        return None;
    }
    let (read, records) = home::read_run(&run).expect("a plan that is in its place is whole");
    assert_eq!(&read, plan);
    Some((run, State::fold(plan, &records).unwrap()))
}

/// Concludes a crash from what it left, and holds that against what really happened until then.
fn conclude(crash: &Crash, life: &Life, same_boot: bool, told: &mut BTreeSet<&'static str>) {
    let (plan, seen) = (&life.plan, &life.seen);
    let root = tempfile::tempdir().unwrap();
    crash.build(root.path());
    let had = |mark: Option<usize>| mark.is_some_and(|at| crash.after >= at);
    let done: Vec<usize> = seen.effects.iter().filter(|e| crash.after >= e.2).map(|e| e.0).collect();
    let label = &crash.label;
    let Some((run, state)) = found(root.path(), plan) else {
        assert!(!had(seen.accepted) && done.is_empty(), "{label}: the run is gone");
        // A watcher that is killed here asks again by the same plan.
        let again = write_plan(&*real(), &root.path().join("shop@here"), plan);
        assert!(again.is_ok(), "{label}: {again:?}");
        told.insert("nothing was asked");
        return;
    };
    let home = root.path().join("shop@here");
    let left = home::orphans(&home).unwrap();
    if state.started.is_none() {
        assert!(!had(seen.accepted) && done.is_empty(), "{label}: it had been accepted");
        assert!(left.is_empty(), "{label}");
        let no = runtime().block_on(take_over(real(), &run, true)).map(|_| ()).unwrap_err();
        assert!(no.1.contains("never started later"), "{label}: {no:?}");
        told.insert("never accepted");
        return;
    }
    assert_eq!(left.len(), usize::from(!state.is_over()), "{label}: an orphan is seen, and nothing else");
    assert!(!had(seen.over) || state.is_over(), "{label}: its end is lost");
    if state.is_over() {
        assert_eq!(state.finished.as_ref().unwrap().1, Verdict::Verified, "{label}");
        assert_eq!(done, [1, 2], "{label}: verified before it was done");
        // Its supervisor tidies up: the report is made again, the lock let go.
        let over = runtime().block_on(take_over(real(), &run, true)).map(|t| t.is_none()).unwrap();
        assert!(over && run.join("report.md").is_file(), "{label}");
        assert_eq!(home::lock_note(&home), None, "{label}");
        told.insert("over");
        return;
    }
    for step in &plan.steps[..2] {
        let n = step.number;
        let s = &state.steps[n - 1];
        let happened = done.contains(&n);
        let word = match s.stand(step) {
            Stand::Due => {
                assert!(!happened, "{label}: step {n} was done and is due");
                "due"
            }
            Stand::Passed => {
                assert!(happened && matches!(s.outcome, Some(Outcome::Success { .. })), "{label}: step {n}");
                "applied"
            }
            Stand::Running => {
                let started = s.started.clone().unwrap();
                let dir = attempt_dir(&run, step, s.attempt);
                let now = clock::now();
                let boot = if same_boot { now.boot_id.as_str() } else { "another boot" };
                assert_eq!(started.boot_id, now.boot_id);
                match recover(&*real(), &dir, &s.token, boot, &now).unwrap_or_else(|e| panic!("{label}: {e}"))
                {
                    Recovered::NotStarted => {
                        assert!(!happened, "{label}: step {n} was done and is called not started");
                        assert!(
                            take(&*real(), &dir, &s.token).unwrap().is_none(),
                            "{label}: it starts later"
                        );
                        "not started"
                    }
                    Recovered::Finished(exit) => {
                        assert!(happened && exit.outcome == Ended::Exited { code: 0 }, "{label}: step {n}");
                        "outcome adopted"
                    }
                    Recovered::Unknown { .. } => "unknown",
                    other => panic!("{label}: {other:?}"),
                }
            }
            other => panic!("{label}: step {n} is {other:?}"),
        };
        told.insert(word);
    }
}

#[test]
fn every_crash_of_a_whole_run_is_concluded_rightly() {
    let life = life(None);
    assert_eq!(life.end, Ok(()));
    assert_eq!(life.seen.effects.len(), 2);
    let crashes = life.disk.crashes();
    let mut told = BTreeSet::new();
    for crash in &crashes {
        for same_boot in [true, false] {
            conclude(crash, &life, same_boot, &mut told);
        }
    }
    let all = [
        "nothing was asked",
        "never accepted",
        "due",
        "not started",
        "unknown",
        "outcome adopted",
        "applied",
        "over",
    ];
    assert_eq!(told, BTreeSet::from(all));
    println!("{} operations, {} crashes, each in this boot and in another", life.disk.count(), crashes.len());
}

#[test]
fn whatever_operation_fails_nothing_is_done_unrecorded_or_twice() {
    let operations = [
        "create_dir",
        "create",
        "append",
        "truncate",
        "sync_file",
        "sync_dir",
        "rename",
        "link",
        "remove",
        "preallocate",
    ];
    let mut faults = 0;
    for operation in operations {
        for skip in 0.. {
            let life = life(Some((operation, skip)));
            if !life.disk.has_failed() {
                break;
            }
            faults += 1;
            let what = format!("{operation} {skip} failed, {:?}", life.end);
            let steps: BTreeSet<usize> = life.seen.effects.iter().map(|e| e.0).collect();
            assert_eq!(steps.len(), life.seen.effects.len(), "{what}: twice");
            // Power is lost at the moment of each effect: its intent must be there although nothing unsynced is.
            let crashes = life.disk.crashes();
            for (step, token, at) in &life.seen.effects {
                let crash = crashes.iter().find(|c| c.after == *at).unwrap();
                let root = tempfile::tempdir().unwrap();
                crash.build(root.path());
                let (_, state) = found(root.path(), &life.plan).unwrap_or_else(|| panic!("{what}: no run"));
                assert_eq!(&state.steps[step - 1].token, token, "{what}: done without a record");
            }
            let Some((_, state)) = found(life._root.path(), &life.plan) else {
                assert!(steps.is_empty() && life.seen.accepted.is_none(), "{what}");
                continue;
            };
            for step in &life.plan.steps[..2] {
                let outcome = &state.steps[step.number - 1].outcome;
                let happened = steps.contains(&step.number);
                match outcome {
                    Some(Outcome::Success { .. }) => assert!(happened, "{what}"),
                    Some(Outcome::NotStarted { .. }) => assert!(!happened, "{what}"),
                    _ => {}
                }
            }
        }
    }
    assert!(faults > 60, "{faults}");
    println!("{faults} failures");
}

#[test]
fn a_lock_that_was_held_for_a_moment_is_no_witness() {
    let life = life(None);
    let (run, state) = found(&life._root.path().canonicalize().unwrap(), &life.plan).unwrap();
    let step = &life.plan.steps[0];
    let s = &state.steps[0];
    let dir = attempt_dir(&run, step, s.attempt);
    // As a process that is just being forked holds it; who claimed the attempt lives on.
    let held = Hold::take(&*real(), &dir.alive(), 0o600, HOLD).unwrap();
    let it = Attempt::of(&run, step, s.attempt, &s.token, s.started.as_ref().unwrap());
    let waits = std::thread::spawn(move || it.conclude(&AtomicBool::new(false), None));
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!waits.is_finished(), "somebody seems to be there");
    drop(held);
    let (outcome, left) = waits.join().unwrap();
    assert!(matches!(outcome, Outcome::Success { .. }) && left.is_empty(), "{outcome:?}");
}

#[test]
fn a_step_costs_at_most_twelve_syncs() {
    let life = life(None);
    assert_eq!(life.seen.syncs.len(), 2);
    for syncs in &life.seen.syncs {
        assert!((1..=12).contains(syncs), "{syncs} syncs");
    }
    println!("syncs of each step: {:?}", life.seen.syncs);
}
