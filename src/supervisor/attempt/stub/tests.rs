//! The stub's protocol, cut after every operation, and raced against recovery.

use super::super::recover::{Recovered, recover};
use super::super::spec::{Outcome, OutputSize};
use super::*;
use crate::journal::recording::Recording;
use crate::model::time::Now;
use std::path::PathBuf;

fn now() -> Now {
    Now { boot: 9, boot_id: "this".into(), wall: 9 }
}

fn spec() -> AttemptSpec {
    AttemptSpec {
        argv: vec!["/bin/true".into()],
        cwd: "/".into(),
        env: BTreeMap::new(),
        stdin: None,
        timeout_ms: None,
        grace_ms: 0,
        output_cap: 1_000,
    }
}

fn exit(token: &str) -> Exit {
    Exit {
        token: token.into(),
        outcome: Outcome::Exited { code: 0 },
        survivors: Vec::new(),
        output: OutputSize::default(),
        start: now(),
        end: now(),
    }
}

fn attempt_in(run: &Path) -> AttemptDir {
    AttemptDir::of(run, 3, "shift traffic/back", 1)
}

#[test]
fn a_folder_is_named_after_its_step_and_must_not_exist() {
    let run = tempfile::tempdir().unwrap();
    let dir = attempt_in(run.path());
    assert_eq!(dir.path(), run.path().join("steps/03-shift-traffic-back/a1"));
    dir.create(&*real(), &spec()).unwrap();
    assert_eq!(read_spec(&dir).unwrap(), spec());
    let e = dir.create(&*real(), &spec()).unwrap_err().to_string();
    assert!(e.contains("exists"), "{e}");
    AttemptDir::of(run.path(), 3, "shift traffic/back", 2).create(&*real(), &spec()).unwrap();
}

#[test]
fn whatever_a_crash_leaves_is_concluded_rightly() {
    let run = tempfile::tempdir().unwrap();
    let disk = Recording::new(run.path());
    let dir = attempt_in(run.path());
    dir.create(&disk, &spec()).unwrap();
    let intended = disk.count();
    let claimed = take(&disk, &dir, "crash-token").unwrap().unwrap();
    let taken = disk.count();
    leave(&disk, &dir, &claimed.exit, &exit("crash-token")).unwrap();
    let left = disk.count();
    let place = attempt_in(Path::new(""));
    let mut seen = std::collections::BTreeSet::new();
    for crash in disk.crashes() {
        let root = tempfile::tempdir().unwrap();
        crash.build(root.path());
        if crash.after < intended {
            continue;
        }
        let found = recover(&*real(), &attempt_in(root.path()), "crash-token", "this", &now())
            .unwrap_or_else(|e| panic!("{}: {e}", crash.label));
        let has = |name: &str| crash.tree.contains_key(&place.path().join(name) as &PathBuf);
        // The command may start only once the claim is durable: from there on it is never "not started".
        let kind = match &found {
            Recovered::NotStarted if !has("claim") && crash.after < taken => "not started",
            Recovered::Unknown { why } if has("claim") && crash.after < left && why.contains("died") => {
                "unknown"
            }
            Recovered::Finished(e) if has("exit.json") && *e == exit("crash-token") => "finished",
            other => panic!("{}: {other:?}", crash.label),
        };
        assert!(crash.after < left || kind == "finished", "{}", crash.label);
        seen.insert(kind);
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn an_attempt_that_recovery_called_not_started_never_starts_whatever_a_crash_leaves() {
    let run = tempfile::tempdir().unwrap();
    let disk = Recording::new(run.path());
    let dir = attempt_in(run.path());
    dir.create(&disk, &spec()).unwrap();
    let found = recover(&disk, &dir, "t", "this", &now()).unwrap();
    assert!(matches!(found, Recovered::NotStarted));
    let concluded = disk.count();
    let states = disk.crashes();
    assert!(take(&*real(), &dir, "t").unwrap().is_none());
    for crash in states.iter().filter(|c| c.after >= concluded) {
        let root = tempfile::tempdir().unwrap();
        crash.build(root.path());
        assert!(take(&*real(), &attempt_in(root.path()), "t").unwrap().is_none(), "{}", crash.label);
    }
}

#[test]
fn of_a_stub_and_recovery_exactly_one_gets_the_attempt() {
    for round in 0..40 {
        let run = tempfile::tempdir().unwrap();
        let dir = attempt_in(run.path());
        dir.create(&*real(), &spec()).unwrap();
        let gate = std::sync::Barrier::new(3);
        let (stubs, found) = std::thread::scope(|scope| {
            let stub = || {
                gate.wait();
                // The loser of two stubs finds the lock held, or the claim made.
                let taken = take(&*real(), &dir, "t");
                taken.ok().flatten().map(|claimed| drop(claimed.exit)).is_some()
            };
            let (a, b) = (scope.spawn(stub), scope.spawn(stub));
            gate.wait();
            let found = recover(&*real(), &dir, "t", "this", &now()).unwrap();
            (usize::from(a.join().unwrap()) + usize::from(b.join().unwrap()), found)
        });
        let void = usize::from(matches!(found, Recovered::NotStarted));
        assert_eq!(stubs + void, 1, "round {round}: {found:?}");
    }
}

#[test]
fn it_refuses_to_be_called_by_hand() {
    for words in [&["--dir", "relative", "--token", "t"][..], &["--dir", "/x", "--token", ""], &[]] {
        assert!(call(words.iter().map(OsString::from)).is_err(), "{words:?}");
    }
}
