//! Several people, several processes, one run: who is in whose way, and what becomes of a run that is replaced or lost.

use crate::run::{Case, VERIFY, eventually, gated, kill, quick};
use ripcord::journal::{Log, real};
use ripcord::run::plan::{After, Preflight};
use ripcord::run::record::{Refusal, Wish};
use ripcord::run::{Answer, Kind, Outcome, Verdict};
use ripcord::supervisor::{self, home};
use std::process::Output;
use std::time::Duration;

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[test]
fn one_confirmation_stops_the_run_in_the_way_sees_it_dead_and_starts() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (old, _) = case.start();
    let command = case.command_pid("one");
    case.go("one-not");
    // The second run does the same steps; its own gate is open only when the first command is dead.
    std::fs::remove_file(case.work("began-one")).unwrap();
    let next = case.ripcord(&["run", "back", "--yes", "--replace"]).spawn().unwrap();
    let second = case.command_pid("one");
    assert_ne!(second, command);
    assert!(!std::path::Path::new(&format!("/proc/{command}")).exists(), "the old command is dead first");
    assert_eq!(old.verdict(), Verdict::Aborted);
    case.go("one");
    let out = next.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("is asked to end") && said(&out).contains("dead"), "{}", said(&out));
    assert_eq!(case.effects(), ["one", "two"]);
    let (runs, _) = supervisor::list(&case.home()).unwrap();
    assert!(
        matches!(&runs[0].plan.after, Some(After::Replaces { run, beside: None }) if *run == old.plan.id)
    );
}

#[test]
fn a_lost_run_in_the_way_is_taken_up_to_be_stopped() {
    let mut case = Case::new(&[gated("one"), VERIFY.into()]);
    let (old, pid) = case.start();
    let command = case.command_pid("one");
    case.kill_supervisor(&old, pid);
    std::fs::remove_file(case.work("began-one")).unwrap();
    let next = case.ripcord(&["run", "back", "--yes", "--replace"]).spawn().unwrap();
    assert_ne!(case.command_pid("one"), command);
    assert!(matches!(old.outcome(1), Outcome::Aborted { .. }));
    case.go("one");
    let out = next.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn nothing_in_the_way_is_nothing_to_stop() {
    let case = Case::new(&[quick("one"), VERIFY.into()]);
    let out = case.ripcord(&["run", "back", "--yes", "--replace"]).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let out = case.ripcord(&["run", "back", "--yes", "--replace=1121-000009-c"]).output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", said(&out));
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn what_outlives_the_run_before_is_named_and_a_reason_starts_beside_it() {
    // The command leaves a process that carries the attempt's token and leaves every group.
    let leaves = "[[procedures.back.steps]]\nname = \"one\"\ntimeout = \"50s\"\nrun = [\"/bin/sh\", \"-c\", \
                  \"echo one >> effects; echo $$ > stray\"]\n";
    let mut case = Case::new(&[leaves.to_owned(), VERIFY.into()]);
    let (old, _) = case.start();
    assert_eq!(old.verdict(), Verdict::Verified);
    eventually("the lock let go", || (!supervisor::alive(&old.dir)).then_some(()));
    let token = format!("{}.1.1", old.plan.id);
    let mut stray =
        std::process::Command::new("sleep").arg("60").env("RIPCORD_ATTEMPT", &token).spawn().unwrap();
    let by_name = format!("--replace={}", old.plan.id);
    let out = case.ripcord(&["run", "back", "--yes", &by_name]).output().unwrap();
    assert_eq!(out.status.code(), Some(7), "{}", said(&out));
    assert!(said(&out).contains(&format!("NOT DEAD: {} (sleep)", stray.id())), "{}", said(&out));
    assert_eq!(case.effects(), ["one"]);
    let beside = ["run", "back", "--yes", &by_name, "--beside", "it only sleeps"];
    let out = case.ripcord(&beside).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert_eq!(case.effects(), ["one", "one"]);
    let _ = stray.kill();
    let _ = stray.wait();
}

#[test]
fn the_second_asker_sees_holder_step_and_since() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    let second = case.place(&case.plan("1121-000002-c"));
    let why = case.supervise(&second, false).unwrap_err();
    for word in [
        supervisor::person().user,
        "Back, step 1 of 3, since".into(),
        run.plan.id.clone(),
        format!("pid {pid}"),
    ] {
        assert!(why.contains(&word), "{word}: {why}");
    }
    let holder = supervisor::holder(&case.home()).unwrap();
    assert_eq!((holder.note.pid, holder.step), (pid, Some(("1".into(), "3".into()))));
    let out = case.ripcord(&["run", "back", "--yes"]).output().unwrap();
    assert_eq!(out.status.code(), Some(7), "{}", said(&out));
    case.go("one");
    assert_eq!(run.verdict(), Verdict::Verified);
    eventually("a free lock", || supervisor::holder(&case.home()).is_none().then_some(()));
}

#[test]
fn a_check_that_does_not_hold_needs_a_reason() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let mut plan = case.plan("1121-000001-c");
    let check = |answer| Preflight { text: "a backup exists".into(), answer, detail: "none".into() };
    plan.preflight = vec![check(Answer::Holds), check(Answer::Blind)];
    plan.override_reason = Some("  ".into());
    let run = case.place(&plan);
    let why = case.supervise(&run, false).unwrap_err();
    assert!(why.contains("Preflight") && why.contains("a backup exists (none)"), "{why}");
    assert_eq!(run.state().refused.unwrap().0, Refusal::Preflight);
    plan.id = plan.id.replace("000001", "000002");
    plan.override_reason = Some("we lose less this way".into());
    let run = case.place(&plan);
    case.supervise(&run, false).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
}

#[test]
fn a_plan_and_a_journal_of_another_version_are_refused_clearly() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let plan = case.plan("1121-000001-c");
    let run = case.place(&plan);
    std::fs::write(run.dir.join("plan.json"), "{\"schema\": 1, \"id\": \"x\"}").unwrap();
    let why = case.supervise(&run, false).unwrap_err();
    assert!(
        why.contains("Plan") && why.contains("plan of version 1") && why.contains("that wrote it"),
        "{why}"
    );
    let run = case.place(&plan);
    std::fs::write(home::journal_path(&run.dir), "{\"v\":9,\"seq\":1,\"kind\":\"RunStarted\"}\n").unwrap();
    let why = case.supervise(&run, true).unwrap_err();
    assert!(why.contains("Plan") && why.contains("record schema 9"), "{why}");
    // It may still go on somewhere: nothing starts over it, and it is said what it is.
    let next = case.place(&case.plan("1121-000002-c"));
    let why = case.supervise(&next, false).unwrap_err();
    assert!(why.contains("this version cannot read"), "{why}");
    // Its last line says that it is over: it stands in nobody's way.
    let end = "{\"v\":9,\"seq\":1,\"kind\":\"RunStarted\"}\n{\"v\":9,\"seq\":2,\"kind\":\"RunFinished\",\"body\":{}}\n";
    std::fs::write(home::journal_path(&run.dir), end).unwrap();
    let next = case.place(&case.plan("1121-000003-c"));
    case.supervise(&next, false).unwrap();
    assert_eq!(next.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn a_run_that_is_only_watched_after_it_was_verified_stands_in_nobodys_way() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let watched = case.place(&case.plan("1121-000001-c"));
    {
        let now = ripcord::clock::now();
        let path = home::journal_path(&watched.dir);
        let (mut log, _) = Log::open(real(), &path, &now, Duration::ZERO).unwrap();
        let started = Kind::RunStarted {
            plan: String::new(),
            pid: 1,
            start: 1,
            uid: 0,
            host: "h".into(),
            version: "0".into(),
            proof: None,
        };
        let until = ripcord::model::time::Deadline::after(&now, 600_000);
        for kind in [started, Kind::Guarding { until }] {
            let (name, body) = kind.parts();
            log.append(&now, &name, &body).unwrap();
        }
    }
    assert_eq!(supervisor::orphan(&case.home()).unwrap(), None);
    let next = case.place(&case.plan("1121-000002-c"));
    case.supervise(&next, false).unwrap();
    assert_eq!(next.verdict(), Verdict::Verified);
    // When the target drifted, a person must say something: then it is an orphan.
    let now = ripcord::clock::now();
    let (mut log, _) = Log::open(real(), &home::journal_path(&watched.dir), &now, Duration::ZERO).unwrap();
    let (name, body) = Kind::Drifted { detail: "a redeploy".into() }.parts();
    log.append(&now, &name, &body).unwrap();
    drop(log);
    assert_eq!(supervisor::orphan(&case.home()).unwrap().unwrap().id, watched.plan.id);
}

#[test]
fn ask_finds_a_run_by_its_id_and_says_what_came_of_it() {
    let mut case = Case::new(&[gated("one"), VERIFY.into()]);
    let (run, _) = case.start();
    case.command_pid("one");
    let ask = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.arg("ask").arg(&run.plan.id).args(words).arg("--state-dir").arg(case.dir.path());
        command.output().unwrap()
    };
    let out = ask(&["continue"]);
    assert_eq!((out.status.code(), said(&out).contains("not paused")), (Some(3), true), "{}", said(&out));
    let out = ask(&["done", "--reason", "seen"]);
    assert_eq!((out.status.code(), said(&out).contains("no step waits")), (Some(3), true), "{}", said(&out));
    let out = ask(&["stop", "--reason", "wrong one"]);
    assert_eq!((out.status.code(), said(&out).contains("ACCEPTED")), (Some(0), true), "{}", said(&out));
    assert_eq!(run.verdict(), Verdict::Aborted);
    let out = ask(&["stop", "--reason", "again"]);
    assert_eq!((out.status.code(), said(&out).contains("is over")), (Some(3), true), "{}", said(&out));
    assert!(case.effects().is_empty());
}

#[test]
fn asking_a_run_that_nobody_drives_says_how_it_is_taken_up() {
    let mut case = Case::new(&[gated("one"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    case.kill_supervisor(&run, pid);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ripcord"));
    command.args(["ask", &run.plan.id, "page", "--state-dir"]).arg(case.dir.path());
    let out = command.output().unwrap();
    assert_eq!(
        (out.status.code(), said(&out).contains("ripcord resume --run")),
        (Some(8), true),
        "{}",
        said(&out)
    );
    let out = case.ripcord(&["runs"]).output().unwrap();
    assert!(
        said(&out).contains("NOBODY DRIVES IT") && said(&out).contains("at step 1 (one)"),
        "{}",
        said(&out)
    );
    case.ask(&run, Wish::Abort { reason: "enough".into() }, 1);
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Aborted);
    kill_if_alive(run.stub(1, 1));
}

fn kill_if_alive(pid: i32) {
    if std::path::Path::new(&format!("/proc/{pid}")).exists() {
        kill(pid);
    }
}
