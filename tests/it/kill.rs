//! The crash table by killing: real supervisors, stubs and commands, `kill -9` wherever it hurts, and the table's word for
//! what must follow. Above all: no step's effect happens twice.

use crate::run::{Case, Run, VERIFY, eventually, gated, kill, quick};
use ripcord::clock;
use ripcord::journal::{Log, real};
use ripcord::model::time::Now;
use ripcord::run::record::{Refusal, Wish};
use ripcord::run::view::RunState;
use ripcord::run::{Kind, Outcome, Plan, Verdict};
use ripcord::supervisor::attempt::AttemptSpec;
use ripcord::supervisor::{self, home};
use std::path::Path;
use std::time::Duration;

#[test]
fn a_run_that_nobody_disturbs_is_done_once_and_verified() {
    let mut case = Case::new(&[quick("one"), quick("two"), VERIFY.into()]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
    let view = run.view();
    assert_eq!(view.state, RunState::Finished);
    assert!(view.applied.is_some() && view.observed.is_none() && view.verified.is_some());
    eventually("the report", || run.dir.join("report.md").is_file().then_some(()));
    eventually("the lock let go", || {
        std::fs::read(home::lock_path(&case.home())).unwrap().is_empty().then_some(())
    });
}

#[test]
fn the_supervisor_killed_while_the_command_runs_is_replaced_and_the_command_adopted() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    case.kill_supervisor(&run, pid);
    case.supervise(&run, true).unwrap();
    case.go("one");
    assert_eq!(run.verdict(), Verdict::Verified);
    assert!(run.adopted());
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn a_command_that_ends_while_nobody_drives_has_its_outcome_adopted() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    case.kill_supervisor(&run, pid);
    case.go("one");
    eventually("exit.json", || run.attempt(1, 1).exit().is_file().then_some(()));
    assert!(run.state().steps[0].outcome.is_none());
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn a_damaged_outcome_is_unknown_and_nothing_goes_on_by_itself() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    case.kill_supervisor(&run, pid);
    case.go("one");
    let exit = run.attempt(1, 1).exit();
    eventually("exit.json", || exit.is_file().then_some(()));
    std::fs::write(&exit, "").unwrap();
    case.supervise(&run, true).unwrap();
    assert!(run.unknown(1).contains("damaged"));
    assert_eq!(case.effects(), ["one"]);
    case.settle(&run, 1, true);
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn supervisor_and_stub_killed_with_the_command_alive_is_unknown_after_its_end() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    case.kill_supervisor(&run, pid);
    kill(run.stub(1, 1));
    case.supervise(&run, true).unwrap();
    run.wait_for("the new supervisor", |s| (s.adopted == 1).then_some(()));
    assert!(run.state().steps[0].outcome.is_none(), "it still runs");
    case.go("one");
    run.unknown(1);
    assert_eq!(case.effects(), ["one"]);
    case.settle(&run, 1, true);
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn all_killed_is_unknown_and_tried_again_only_when_a_person_says_not_done() {
    let mut case = Case::new(&[gated("one"), VERIFY.into()]);
    let (run, pid) = case.start();
    let command = case.command_pid("one");
    case.kill_supervisor(&run, pid);
    kill(run.stub(1, 1));
    kill(command);
    case.supervise(&run, true).unwrap();
    run.unknown(1);
    assert_eq!(case.effects(), [""; 0]);
    case.go("one");
    case.settle(&run, 1, false);
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(run.state().steps[0].attempt, 2);
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn the_stub_killed_under_a_living_supervisor_is_unknown() {
    for kill_command in [false, true] {
        let mut case = Case::new(&[gated("one"), VERIFY.into()]);
        let (run, _) = case.start();
        let command = case.command_pid("one");
        kill(run.stub(1, 1));
        if kill_command {
            kill(command);
        } else {
            case.go("one");
        }
        run.unknown(1);
        case.ask(&run, Wish::Abandon { reason: "enough".into() }, 1);
        assert_eq!(run.verdict(), Verdict::Abandoned);
        assert_eq!(case.effects().len(), usize::from(!kill_command));
    }
}

#[test]
fn the_command_killed_is_a_failure_and_ends_the_run() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, _) = case.start();
    kill(case.command_pid("one"));
    assert_eq!(run.verdict(), Verdict::Failed);
    assert!(matches!(run.outcome(1), Outcome::Failure { detail } if detail.contains("signal 9")));
    assert_eq!(case.effects(), [""; 0]);
}

#[test]
fn the_supervisor_killed_between_and_during_everything_never_repeats_a_step() {
    // A different moment each time; the stub survives, so nothing may become unknown.
    let mut case = Case::new(&[quick("one"), quick("two"), quick("three"), VERIFY.into()]);
    let (run, mut pid) = case.start();
    for round in 0..25u64 {
        if run.state().is_over() {
            break;
        }
        std::thread::sleep(Duration::from_millis((round * 7) % 23));
        case.kill_supervisor(&run, pid);
        match case.supervise(&run, true) {
            Ok(next) => pid = next,
            Err(e) => panic!("{e}"),
        }
    }
    assert_eq!(run.verdict(), Verdict::Verified, "{:#?}", run.kinds());
    assert_eq!(case.effects(), ["one", "two", "three"]);
    let unknown = |k: &Kind| matches!(k, Kind::StepExited { outcome: Outcome::Unknown { .. }, .. });
    assert!(!run.kinds().iter().any(unknown));
}

/// Writes a journal up to the intent of step 1, as a supervisor that died then left it.
fn died_after_intent(run: &Run, now: &Now, claim: Option<&str>) {
    let token = format!("{}.1.1", run.plan.id);
    let spec = AttemptSpec {
        argv: vec!["/bin/false".into()],
        cwd: "/".into(),
        env: Default::default(),
        stdin: None,
        timeout_ms: None,
        grace_ms: 100,
        output_cap: 1000,
    };
    let dir = run.attempt(1, 1);
    dir.create(&*real(), &spec).unwrap();
    if let Some(claim) = claim {
        std::fs::write(dir.claim(), claim).unwrap();
    }
    let (mut log, _) = Log::open(real(), &home::journal_path(&run.dir), now, Duration::ZERO).unwrap();
    let started = Kind::RunStarted {
        plan: String::new(),
        pid: 1,
        start: 1,
        uid: 0,
        host: "h".into(),
        version: "0".into(),
        proof: None,
    };
    let starting = Kind::StepStarting { step: 1, name: "one".into(), attempt: 1, token, file: None };
    for kind in [started, starting] {
        let (name, body) = kind.parts();
        log.append(now, &name, &body).unwrap();
    }
}

fn claim_of(run: &Run, now: &Now) -> String {
    let by = serde_json::json!({ "pid": 1, "start": 1, "name": "gone" });
    serde_json::json!({ "token": format!("{}.1.1", run.plan.id), "void": false, "by": by, "at": now })
        .to_string()
}

#[test]
fn an_intent_that_no_stub_claimed_is_not_started_and_done_then() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let run = case.place(&case.plan("1121-000001-c"));
    died_after_intent(&run, &clock::now(), None);
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    let not_started = |k: &Kind| matches!(k, Kind::StepExited { outcome: Outcome::NotStarted { .. }, .. });
    assert!(run.kinds().iter().any(not_started));
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn a_reboot_with_a_claim_and_no_outcome_is_unknown() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let run = case.place(&case.plan("1121-000001-c"));
    let before = Now { boot_id: "another boot".into(), ..clock::now() };
    died_after_intent(&run, &before, Some(&claim_of(&run, &before)));
    case.supervise(&run, true).unwrap();
    assert!(run.unknown(1).contains("restarted"));
    assert_eq!(case.effects(), [""; 0]);
}

#[test]
fn a_lost_http_request_is_unknown() {
    let step = "[[procedures.back.steps]]\nname = \"one\"\ntimeout = \"5s\"\nhttp = { url = \"http://127.0.0.1:9/\" }\n";
    let mut case = Case::new(&[step.into(), VERIFY.into()]);
    let run = case.place(&case.plan("1121-000001-c"));
    died_after_intent(&run, &clock::now(), None);
    case.supervise(&run, true).unwrap();
    assert!(run.unknown(1).contains("under way"));
}

#[test]
fn an_expired_confirmation_is_refused_and_never_started_later() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let now = clock::now();
    let old = Now { boot: now.boot - now.boot.min(31_000), wall: now.wall - 31_000, ..now };
    let run = case.place(&case.plan("1121-000001-c").confirmed(&old));
    assert!(case.supervise(&run, false).unwrap_err().contains("Expired"));
    assert_eq!(run.state().refused.unwrap().0, Refusal::Expired);
    assert!(case.supervise(&run, false).is_err());
    assert!(case.supervise(&run, true).is_err());
    assert_eq!(case.effects(), [""; 0]);
}

#[test]
fn one_run_at_a_time_and_an_orphan_is_named() {
    let mut case = Case::new(&[gated("one"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    let second = case.place(&case.plan("1121-000002-c"));
    let refused = case.supervise(&second, false).unwrap_err();
    assert!(refused.contains("Locked") && refused.contains(&run.plan.id), "{refused}");
    case.kill_supervisor(&run, pid);
    let third = case.place(&case.plan("1121-000003-c"));
    let refused = case.supervise(&third, false).unwrap_err();
    assert!(refused.contains("Orphan") && refused.contains("step 1 (one)"), "{refused}");
    assert_eq!(supervisor::orphan(&case.home()).unwrap().unwrap().id, run.plan.id);
    case.go("one");
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    eventually("a free lock", || (!supervisor::alive(&run.dir)).then_some(()));
    assert_eq!(supervisor::orphan(&case.home()).unwrap(), None);
    let fourth = case.place(&case.plan("1121-000004-c"));
    case.supervise(&fourth, false).unwrap();
    assert_eq!(fourth.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "one"]);
}

#[test]
fn a_stopped_run_ends_its_command_first() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, _) = case.start();
    let command = case.command_pid("one");
    case.ask(&run, Wish::Abort { reason: "wrong one".into() }, 1);
    assert_eq!(run.verdict(), Verdict::Aborted);
    assert!(matches!(run.outcome(1), Outcome::Aborted { .. }));
    assert!(!Path::new(&format!("/proc/{command}")).exists());
    assert_eq!(case.effects(), [""; 0]);
}

#[test]
fn a_lost_stability_window_starts_again_and_no_step_is_repeated() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let run = case.place(&Plan {
        playbook: {
            let mut frozen = case.plan("x").playbook;
            frozen.verifications[0].stable_for = 3_000;
            frozen
        },
        ..case.plan("1121-000001-c")
    });
    let pid = case.supervise(&run, false).unwrap();
    run.wait_for("stability", |s| s.steps[1].verify.as_ref()?.stable_since.clone());
    case.kill_supervisor(&run, pid);
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(run.state().steps[1].verify.as_ref().unwrap().restarts.len(), 1);
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn the_launcher_killed_at_any_step_changes_nothing_for_the_run() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let launcher = case.ripcord(&["run", "back", "--yes"]).spawn().unwrap();
    let pid = launcher.id() as i32;
    case.children.push(launcher);
    case.command_pid("one");
    kill(pid);
    let run = case.only_run();
    assert!(supervisor::alive(&run.dir));
    case.go("one");
    assert_eq!(run.verdict(), Verdict::Verified);
    assert!(!run.adopted());
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn a_launcher_killed_at_a_random_moment_leaves_no_run_or_a_whole_one() {
    for ms in [Some(0), Some(5), Some(10), Some(15), Some(20), Some(30), Some(40), Some(60), Some(80), None] {
        let mut case = Case::new(&[quick("one"), VERIFY.into()]);
        let launcher = case.ripcord(&["run", "back", "--yes"]).spawn().unwrap();
        let pid = launcher.id() as i32;
        case.children.push(launcher);
        if let Some(ms) = ms {
            std::thread::sleep(Duration::from_millis(ms));
            let _ = case.children[0].kill();
        }
        let _ = case.children[0].wait();
        eventually("what was started to be over", || {
            let (runs, broken) = supervisor::list(&case.home()).unwrap();
            assert_eq!(broken, Vec::<String>::new());
            let settled = |r: &supervisor::RunSummary| match r.view.state {
                RunState::Finished => r.view.verdict == Some(Verdict::Verified),
                // The plan was put in its place and no supervisor was started any more: it expires.
                RunState::Requested => !r.alive && !Path::new(&format!("/proc/{pid}")).exists(),
                _ => false,
            };
            runs.iter().all(settled).then_some(())
        });
        assert!(case.effects().len() <= 1, "{:?}", case.effects());
        assert!(ms.is_some() || case.effects() == ["one"], "undisturbed, it runs");
    }
}

#[test]
fn exit_codes_tell_how_it_came_out_and_resume_settles() {
    let case = Case::new(&[quick("one"), VERIFY.into()]);
    let out = case.ripcord(&["run", "back", "--yes"]).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stdout).contains("VERIFIED"), "{out:?}");

    let failing = quick("one").replace("echo one >> effects", "exit 3");
    let case = Case::new(&[failing, VERIFY.into()]);
    assert_eq!(case.ripcord(&["run", "back", "--yes"]).output().unwrap().status.code(), Some(4));

    let case = Case::new(&[gated("one"), VERIFY.into()]);
    let launcher = case.ripcord(&["run", "back", "--yes"]).spawn().unwrap();
    let command = case.command_pid("one");
    let run = case.only_run();
    kill(run.stub(1, 1));
    kill(command);
    let out = launcher.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(8), "{out:?}");
    assert!(supervisor::alive(&run.dir), "it waits for a person");
    let out = case.ripcord(&["resume", "--done", "--reason", "seen"]).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    assert_eq!(run.verdict(), Verdict::Verified);
    case.go("one");
    assert_eq!(case.effects(), [""; 0]);
}
