//! Attempts by the real stub: real commands, real signals, and `kill -9` wherever it hurts.

use crate::run::{PATIENCE, eventually};
use ripcord::clock;
use ripcord::journal::real;
use ripcord::supervisor::attempt::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// One attempt in a folder of its own. Whatever still carries its token is killed at the end.
struct Case {
    run: tempfile::TempDir,
    dir: AttemptDir,
    token: String,
}

impl Drop for Case {
    fn drop(&mut self) {
        signal_strays(&self.token, Signal::KILL);
    }
}

fn spec(script: &str) -> AttemptSpec {
    AttemptSpec {
        argv: ["/bin/sh", "-c", script].map(String::from).to_vec(),
        cwd: "/".into(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        stdin: None,
        timeout_ms: None,
        grace_ms: 30_000,
        output_cap: 1_000_000,
    }
}

fn exe() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ripcord"))
}

impl Case {
    fn new(make: impl FnOnce(&Path) -> AttemptSpec) -> Case {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let run = tempfile::tempdir().unwrap();
        let dir = AttemptDir::of(run.path(), 1, "step", 1);
        dir.create(&*real(), &make(run.path())).unwrap();
        let token = format!("it-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Case { run, dir, token }
    }

    fn script(script: &str) -> Case {
        Case::new(|run| spec(&script.replace("RUN", &run.display().to_string())))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.run.path().join(name)
    }

    fn start(&self) -> StubHandle {
        spawn_stub(exe(), &self.dir, &self.token, &BTreeMap::new()).unwrap()
    }

    fn recover(&self) -> Recovered {
        let now = clock::now();
        recover(&*real(), &self.dir, &self.token, &now.boot_id, &now).unwrap()
    }

    fn finish(&self, mut stub: StubHandle) -> Exit {
        assert!(stub.wait(PATIENCE), "the stub does not end");
        match self.recover() {
            Recovered::Finished(exit) => exit,
            other => panic!("{other:?}; stub said {:?}", fs::read_to_string(self.dir.stub_log())),
        }
    }

    fn run(&self) -> Exit {
        let stub = self.start();
        self.finish(stub)
    }

    fn output(&self) -> Vec<(Stream, String)> {
        let text = fs::read_to_string(self.dir.out()).unwrap();
        text.lines().map(|l| OutLine::parse(l).expect(l)).map(|l| (l.stream, l.text)).collect()
    }

    fn text(&self) -> String {
        self.output().into_iter().map(|(_, text)| text + "\n").collect()
    }

    fn wait_for(&self, name: &str) {
        eventually(name, || self.file(name).exists().then_some(()));
    }
}

fn kill(process: &Process) {
    assert!(process.signal(Signal::KILL), "{process:?}");
}

#[test]
fn a_command_leaves_its_exit_code_its_output_and_no_process() {
    let case = Case::new(|_| AttemptSpec {
        stdin: Some("asked\n".into()),
        ..spec(
            "read x; echo got $x; echo oh >&2; echo $RIPCORD_ATTEMPT $GIT_TERMINAL_PROMPT; env | wc -l; exit 3",
        )
    });
    let exit = case.run();
    assert_eq!(exit.outcome, Outcome::Exited { code: 3 });
    assert_eq!(exit.survivors, []);
    assert!(exit.end.boot >= exit.start.boot && exit.start.boot_id == clock::now().boot_id);
    let out = case.output();
    assert!(out.contains(&(Stream::Out, "got asked".into())), "{out:?}");
    assert!(out.contains(&(Stream::Err, "oh".into())), "{out:?}");
    assert!(out.contains(&(Stream::Out, format!("{} 0", case.token))), "{out:?}");
    assert!(signal_strays(&case.token, Signal::CONT).is_empty());
}

#[test]
fn a_command_that_cannot_be_started_is_an_outcome() {
    for (argv, cwd, part) in [
        (vec!["/no/such/program".to_owned()], "/", "/no/such/program: No such file"),
        (vec!["/bin/true".to_owned()], "/no/such/folder", "not a folder to run in"),
        (vec!["/etc/passwd".to_owned()], "/", "Permission denied"),
        (vec![], "/", "empty"),
    ] {
        let case = Case::new(|_| AttemptSpec { argv, cwd: cwd.into(), ..spec("") });
        match case.run().outcome {
            Outcome::ExecFailed { reason } => assert!(reason.contains(part), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_command_killed_by_another_is_told_from_one_we_ended() {
    assert_eq!(Case::script("kill -SEGV $$").run().outcome, Outcome::Signalled { signal: 11 });
}

#[test]
fn a_secret_reaches_the_command_and_nothing_on_disk() {
    let case = Case::script(
        "echo key=$API_KEY; printf %s $API_KEY | base64; cat /proc/$PPID/cmdline | tr '\\0' ' '",
    );
    let secrets = BTreeMap::from([("API_KEY".to_owned(), "s3cr3t-value".to_owned())]);
    let stub = spawn_stub(exe(), &case.dir, &case.token, &secrets).unwrap();
    case.finish(stub);
    let text = case.text();
    assert!(text.starts_with("key=[masked]\n[masked]\n"), "{text}");
    assert!(text.contains("__stub --dir"), "{text}");
    for entry in fs::read_dir(case.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cr3t"), "{}", path.display());
    }
    let short = BTreeMap::from([("PIN".to_owned(), "123".to_owned())]);
    let e = spawn_stub(exe(), &case.dir, &case.token, &short).unwrap_err().to_string();
    assert!(e.contains("PIN"), "{e}");
}

#[test]
fn time_over_ends_the_whole_tree_and_kills_what_will_not_go() {
    let polite = Case::new(|_| AttemptSpec { timeout_ms: Some(300), ..spec("sleep 600") });
    assert_eq!(polite.run().outcome, Outcome::TimedOut { killed: false });

    let stubborn = Case::new(|_| AttemptSpec {
        timeout_ms: Some(300),
        grace_ms: 200,
        ..spec("trap '' TERM; echo deaf; while :; do sleep 600; done")
    });
    let exit = stubborn.run();
    assert_eq!(exit.outcome, Outcome::TimedOut { killed: true });
    assert_eq!(exit.survivors, []);

    let escaped = Case::new(|run| {
        let pid = run.join("pid");
        let script = format!(
            "setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600' & sleep 600",
            pid.display()
        );
        AttemptSpec { timeout_ms: Some(1_500), ..spec(&script) }
    });
    let stub = escaped.start();
    escaped.wait_for("pid");
    let exit = escaped.finish(stub);
    assert!(matches!(exit.outcome, Outcome::TimedOut { .. }), "{exit:?}");
    assert_eq!(exit.survivors, []);
    let pid: i32 = fs::read_to_string(escaped.file("pid")).unwrap().trim().parse().unwrap();
    assert_eq!(Process::read(pid), None, "left by setsid, and dead and reaped all the same");
}

#[test]
fn an_end_by_itself_ends_the_group_and_names_who_left_it() {
    let case = Case::script(
        "sleep 601 & setsid sh -c 'echo $$ > RUN/pid; exec sleep 602' & \
         while ! [ -s RUN/pid ]; do sleep 0.02; done; echo done",
    );
    let exit = case.run();
    assert_eq!(exit.outcome, Outcome::Exited { code: 0 });
    let pid: i32 = fs::read_to_string(case.file("pid")).unwrap().trim().parse().unwrap();
    assert_eq!(exit.survivors.iter().map(|p| p.pid).collect::<Vec<_>>(), [pid], "{exit:?}");
    assert_eq!(case.text(), "done\n");
    assert_eq!(signal_strays(&case.token, Signal::KILL).len(), 1, "only the daemon lives");
}

#[test]
fn an_abort_is_an_outcome_of_its_own() {
    let case = Case::script("trap 'echo bye; exit 0' TERM; : > RUN/up; while :; do sleep 0.05; done");
    let stub = case.start();
    case.wait_for("up");
    assert!(stub.abort());
    let exit = case.finish(stub);
    assert_eq!(exit.outcome, Outcome::Aborted { killed: false });
    // The shell may say that its own child was terminated.
    assert!(case.text().contains("bye\n"), "{}", case.text());
}

#[test]
fn output_is_capped_while_the_command_goes_on() {
    let case =
        Case::new(|_| AttemptSpec { output_cap: 2_000, ..spec("yes 0123456789 | head -c 3000000; exit 4") });
    let exit = case.run();
    assert_eq!(exit.outcome, Outcome::Exited { code: 4 });
    assert_eq!(exit.output, OutputSize { seen: 3_000_000, incomplete: true });
    assert_eq!(case.output().iter().filter(|(s, _)| *s == Stream::Note).count(), 1);
    assert!(fs::metadata(case.dir.out()).unwrap().len() < 2_200);
}

#[test]
fn a_stub_that_lost_its_supervisor_is_adopted() {
    let case = Case::script(": > RUN/up; while ! [ -e RUN/go ]; do sleep 0.02; done; exit 5");
    let mut stub = case.start();
    case.wait_for("up");
    let Recovered::Adopt(witness) = case.recover() else { panic!("it runs") };
    assert_eq!(witness.process(), stub.witness().process());
    assert!(!witness.is_over());
    fs::write(case.file("go"), "").unwrap();
    assert!(witness.wait(PATIENCE));
    let Recovered::Finished(exit) = case.recover() else { panic!("it is over") };
    assert_eq!(exit.outcome, Outcome::Exited { code: 5 });
    assert!(stub.wait(PATIENCE));
}

#[test]
fn a_second_stub_runs_nothing() {
    let case = Case::script("echo ran >> RUN/mark; while ! [ -e RUN/go ]; do sleep 0.02; done");
    let first = case.start();
    case.wait_for("mark");
    let mut second = case.start();
    assert!(second.wait(PATIENCE));
    fs::write(case.file("go"), "").unwrap();
    case.finish(first);
    let mut third = case.start();
    assert!(third.wait(PATIENCE));
    assert_eq!(fs::read_to_string(case.file("mark")).unwrap(), "ran\n");
    assert!(matches!(case.recover(), Recovered::Finished(_)));
}

#[test]
fn what_was_called_not_started_never_starts() {
    let case = Case::script("echo ran >> RUN/mark");
    assert!(matches!(case.recover(), Recovered::NotStarted));
    let mut late = case.start();
    assert!(late.wait(PATIENCE));
    assert!(!case.file("mark").exists());
    assert!(matches!(case.recover(), Recovered::NotStarted));
}

#[test]
fn a_supervisor_that_died_before_the_secrets_were_sent_started_nothing() {
    let case = Case::script("echo ran >> RUN/mark");
    let status = Command::new(exe())
        .args(["__stub", "--dir"])
        .arg(case.dir.path())
        .args(["--token", &case.token])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
    assert!(!case.file("mark").exists());
    assert!(matches!(case.recover(), Recovered::NotStarted));
}

#[test]
fn a_dead_stub_with_a_living_command_is_running_without_a_witness_then_unknown() {
    let case = Case::script("setsid sleep 603 & : > RUN/up; sleep 604");
    let mut stub = case.start();
    case.wait_for("up");
    kill(stub.witness().process());
    assert!(stub.wait(PATIENCE));
    let found = case.recover();
    let Recovered::RunningWithoutWitness { processes } = &found else { panic!("{found:?}") };
    assert!(processes.len() >= 2, "the one that left by setsid too: {processes:?}");
    let found = eventually("the command's death", || {
        signal_strays(&case.token, Signal::KILL);
        match case.recover() {
            Recovered::RunningWithoutWitness { .. } => None,
            other => Some(other),
        }
    });
    assert!(matches!(found, Recovered::Unknown { .. }), "{found:?}");
}

#[test]
fn another_boot_is_unknown_without_an_outcome_and_the_outcome_with_one() {
    let case = Case::script("exit 0");
    let mut stub = case.start();
    let claimed = case.dir.claim();
    eventually("the claim", || claimed.exists().then_some(()));
    assert!(stub.wait(PATIENCE));
    let after_reboot =
        |case: &Case| recover(&*real(), &case.dir, &case.token, "earlier boot", &clock::now()).unwrap();
    assert!(matches!(after_reboot(&case), Recovered::Finished(_)));
    fs::remove_file(case.dir.exit()).unwrap();
    assert!(matches!(after_reboot(&case), Recovered::Unknown { .. }));
}

/// Kills the stub as soon as a file of its protocol appears, and at random moments between: whatever the moment, an
/// attempt whose command ran is never "not started", and a "not started" one never runs.
#[test]
fn killed_at_any_stage_the_conclusion_is_true() {
    let stages = ["stub.log", "alive", "out.log", "exit.tmp", "claim.tmp", "claim", "exit.json"];
    for (round, stage) in stages.iter().cycle().take(21).enumerate() {
        let case = Case::script("echo ran >> RUN/mark; exit 6");
        let mut stub = case.start();
        let file = case.dir.path().join(stage);
        // The pipe is full of life: poll without sleeping, and stop when the stub was faster.
        while !file.exists() && !stub.witness().is_over() {}
        std::thread::sleep(Duration::from_micros(300 * (round as u64 / 7)));
        stub.witness().process().signal(Signal::KILL);
        assert!(stub.wait(PATIENCE));
        let found = eventually("a conclusion", || match case.recover() {
            // A child that was forked and has not yet become the command holds the stub's lock for that moment.
            Recovered::RunningWithoutWitness { .. } | Recovered::Adopt(_) => None,
            other => Some(other),
        });
        let ran = fs::read_to_string(case.file("mark")).unwrap_or_default();
        match &found {
            Recovered::NotStarted => assert_eq!(ran, "", "{stage}"),
            Recovered::Finished(exit) => {
                assert_eq!(exit.outcome, Outcome::Exited { code: 6 });
                assert_eq!(ran, "ran\n", "{stage}");
            }
            Recovered::Unknown { .. } => assert!(ran.is_empty() || ran == "ran\n", "{stage}: {ran}"),
            other => panic!("{stage}: {other:?}"),
        }
        // Nobody starts it a second time, whatever was concluded.
        let mut again = case.start();
        assert!(again.wait(PATIENCE));
        assert_eq!(fs::read_to_string(case.file("mark")).unwrap_or_default(), ran, "{stage}");
    }
}
