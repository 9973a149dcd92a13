//! Supervisors raced for one lock: one winner each time, and the loser says who won.

use crate::run::{Case, kill};
use ripcord::clock;
use ripcord::run::record::Refusal;
use ripcord::run::{Kind, Plan, State};
use ripcord::supervisor::{self, home};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Races of two runs, and of two supervisors for one run that was left.
const RUNS: u64 = 500;
const RESUMES: u64 = 100;
/// Races at a time: a loser waits for the lock for a while.
const AT_ONCE: usize = 8;

fn place(home: &Path, plan: &Plan, id: &str) -> PathBuf {
    let dir = home::run_dir(home, id);
    std::fs::create_dir_all(dir.join("control")).unwrap();
    let plan = Plan { id: id.to_owned(), ..plan.clone() }.confirmed(&clock::now());
    std::fs::write(dir.join("plan.json"), serde_json::to_vec(&plan).unwrap()).unwrap();
    dir
}

/// A supervisor and its one line.
fn supervise(run: &Path, resume: bool) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
    command.arg("__supervise").arg("--run").arg(run).args(resume.then_some("--resume"));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let me = serde_json::to_string(&supervisor::person()).unwrap();
    let _ = child.stdin.take().unwrap().write_all(me.as_bytes());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

/// Starts two supervisors at once; answers the winner (which is still alive), its place, and the loser's line.
fn race(runs: [&Path; 2], resume: bool) -> (Child, usize, String) {
    let gate = Barrier::new(2);
    let start = |run| {
        gate.wait();
        supervise(run, resume)
    };
    let [(mut a, said_a), (mut b, said_b)] = std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(|| start(runs[0])), scope.spawn(|| start(runs[1])));
        [a.join().unwrap(), b.join().unwrap()]
    });
    match (said_a.contains("Accepted"), said_b.contains("Accepted")) {
        (true, false) => {
            b.wait().unwrap();
            (a, 0, said_b)
        }
        (false, true) => {
            a.wait().unwrap();
            (b, 1, said_a)
        }
        both => {
            let _ = (a.kill(), b.kill(), a.wait(), b.wait());
            panic!("{both:?}: {said_a:?}, {said_b:?}");
        }
    }
}

fn kinds(run: &Path) -> Vec<Kind> {
    supervisor::read_run(run).unwrap().1.iter().map(|r| Kind::read(r).unwrap()).collect()
}

fn end(mut winner: Child, run: &Path) {
    kill(winner.id() as i32);
    winner.wait().unwrap();
    assert!(!supervisor::alive(run));
}

fn two_runs(home: &Path, plan: &Plan) {
    let ids = ["1121-000001-c", "1121-000002-c"];
    let runs = ids.map(|id| place(home, plan, id));
    let (child, winner, lost) = race([&runs[0], &runs[1]], false);
    let note = home::lock_note(home).unwrap();
    assert_eq!((note.run.as_str(), note.pid), (ids[winner], child.id()));
    assert!(matches!(kinds(&runs[winner])[0], Kind::RunStarted { pid, .. } if pid == child.id()));
    assert!(lost.contains("Locked"), "{lost}");
    let (loser_plan, records) = supervisor::read_run(&runs[1 - winner]).unwrap();
    let loser = State::fold(&loser_plan, &records).unwrap();
    assert_eq!(loser.refused.unwrap().0, Refusal::Locked);
    assert_eq!(records.len(), 1);
    end(child, &runs[winner]);
}

fn one_run_twice(home: &Path, plan: &Plan) {
    let run = place(home, plan, "1121-000001-c");
    let (first, said) = supervise(&run, false);
    assert!(said.contains("Accepted"), "{said}");
    end(first, &run);
    let (child, _, lost) = race([&run, &run], true);
    assert!(lost.contains("driven already"), "{lost}");
    let adopted = kinds(&run).iter().filter(|k| matches!(k, Kind::Adopted { .. })).count();
    assert_eq!(adopted, 1);
    end(child, &run);
}

#[test]
fn of_two_supervisors_raced_for_one_lock_exactly_one_wins() {
    let wait = "[[procedures.back.steps]]\nname = \"wait\"\nwait = { for = \"1h\" }\n";
    let case = Case::new(&[wait.to_owned()]);
    let plan = case.plan("x");
    let (began, next) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let home = case.dir.path().canonicalize().unwrap().join(format!("{n}"));
                    match n {
                        _ if n < RUNS => two_runs(&home, &plan),
                        _ if n < RUNS + RESUMES => one_run_twice(&home, &plan),
                        _ => return,
                    }
                    std::fs::remove_dir_all(home).unwrap();
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let line = format!(
        "race: {RUNS} pairs of runs for one lock and {RESUMES} pairs of supervisors for one run: one winner each \
         time; {seconds:.1} s"
    );
    // Past the capture of the test harness: a passing test's own prints are not shown.
    let _ = writeln!(std::io::stderr(), "{line}");
}
