//! What a run costs: a step beside a plain `sh -c true`, the share of its syncs, and opening a long journal.
//!
//! `cargo bench --bench runs`. How many syncs a step makes is asserted by a test; their share is the difference between
//! a disk and a place in memory (`/dev/shm`), where they cost nothing.

#![allow(clippy::unwrap_used)]

#[path = "../support/run.rs"]
#[allow(dead_code)]
mod run;

use ripcord::clock;
use ripcord::driver::report::written;
use ripcord::journal::{Disk, Log, Opened, real};
use ripcord::report::Form;
use ripcord::run::{Answer, Kind, RunView};
use ripcord::supervisor::{self, home};
use run::{Case, VERIFY};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Records of the long journal.
const RECORDS: usize = 10_000;
/// Steps of the measured run.
const STEPS: usize = 40;

/// The real disk without its syncs, for making a long journal quickly.
#[derive(Debug)]
struct Hasty(Arc<dyn Disk>);

impl Disk for Hasty {
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.0.create_dir(path, mode)
    }
    fn create(&self, path: &Path, mode: u32) -> io::Result<Opened> {
        self.0.create(path, mode)
    }
    fn open(&self, path: &Path, mode: u32) -> io::Result<Opened> {
        self.0.open(path, mode)
    }
    fn append(&self, file: &Opened, bytes: &[u8]) -> io::Result<()> {
        self.0.append(file, bytes)
    }
    fn truncate(&self, file: &Opened, len: u64) -> io::Result<()> {
        self.0.truncate(file, len)
    }
    fn sync_file(&self, _: &Opened) -> io::Result<()> {
        Ok(())
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn preallocate(&self, file: &Opened, bytes: u64) -> io::Result<()> {
        self.0.preallocate(file, bytes)
    }
}

fn step(i: usize) -> String {
    format!(
        "[[procedures.back.steps]]\nname = \"step {i}\"\ntimeout = \"50s\"\nrepeatable = true\nrun = [\"true\"]\n"
    )
}

/// A run whose verification went on for long.
static LONG: LazyLock<(Case, PathBuf)> = LazyLock::new(|| {
    let case = Case::new(&[step(1), VERIFY.into()]);
    let run = case.place(&case.plan("1121-000001-c"));
    let now = clock::now();
    let hasty = Arc::new(Hasty(real()));
    let (mut log, _) = Log::open(hasty, &home::journal_path(&run.dir), &now, Duration::ZERO).unwrap();
    let started = Kind::RunStarted {
        plan: "0".repeat(64),
        pid: 1,
        start: 1,
        uid: 0,
        host: "host".into(),
        version: "0".into(),
        proof: None,
    };
    let value = "0.42 % (below 1 %) · 118 requests a second".to_owned();
    let changed = |i: usize| Kind::CriterionChanged {
        step: 2,
        criterion: 0,
        answer: if i.is_multiple_of(2) { Answer::Holds } else { Answer::Fails },
        value: value.clone(),
    };
    let sample = || Kind::VerifySample { step: 2, values: vec![value.clone(); 4] };
    for i in 0..RECORDS {
        let kind = match i {
            0 => started.clone(),
            _ if i % 3 == 0 => changed(i),
            _ => sample(),
        };
        let (name, body) = kind.parts();
        log.append(&now, &name, &body).unwrap();
    }
    (case, run.dir)
});

/// From the files to what is drawn.
#[divan::bench]
fn open_10_000_records(bencher: divan::Bencher<'_, '_>) {
    let run = &LONG.1;
    bencher.counter(divan::counter::ItemsCount::new(RECORDS)).bench(|| {
        let (plan, records) = supervisor::read_run(run).unwrap();
        RunView::fold(&plan, &records).unwrap()
    });
}

/// From the files to a report of all of them; it is to take less than 200 ms.
#[divan::bench(args = [Form::Markdown, Form::Json, Form::Html])]
fn report_of_10_000_records(bencher: divan::Bencher<'_, '_>, form: Form) {
    let (home, run) = (LONG.0.home(), LONG.1.file_name().unwrap().to_str().unwrap());
    bencher.counter(divan::counter::ItemsCount::new(RECORDS)).bench(|| {
        let text = written(&home, run, form).unwrap();
        assert!(text.len() > RECORDS, "{}", text.len());
        text
    });
}

#[divan::bench]
fn sh_c_true() -> bool {
    Command::new("/bin/sh").args(["-c", "true"]).status().unwrap().success()
}

/// One record, written and synced.
#[divan::bench]
fn append_one_record(bencher: divan::Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let now = clock::now();
    let (mut log, _) = Log::open(real(), &dir.path().join("j.jsonl"), &now, Duration::ZERO).unwrap();
    bencher.bench_local(|| log.append(&now, "Step", &serde_json::json!({ "n": 1 })).unwrap());
}

/// Milliseconds of a step: from its intent to the next one's, over a whole run.
fn per_step(case: &mut Case) -> f64 {
    let (run, _) = case.start();
    run.wait_for("the last step", |s| s.steps[STEPS - 1].ended.clone());
    let (_, records) = supervisor::read_run(&run.dir).unwrap();
    let starts: Vec<u64> = records.iter().filter(|r| r.kind == "StepStarting").map(|r| r.at.boot).collect();
    (starts[STEPS - 1] - starts[0]) as f64 / (STEPS - 1) as f64
}

fn median(mut measure: impl FnMut() -> f64) -> f64 {
    let mut all: Vec<f64> = (0..5).map(|_| measure()).collect();
    all.sort_by(f64::total_cmp);
    all[2]
}

fn case_in(folder: &Path) -> Case {
    let mut case = Case::new(&(1..=STEPS).map(step).collect::<Vec<_>>());
    case.dir = tempfile::tempdir_in(folder).unwrap();
    std::fs::create_dir(case.work("")).unwrap();
    case
}

fn main() {
    let disk = median(|| per_step(&mut case_in(&std::env::temp_dir())));
    let memory = median(|| per_step(&mut case_in(Path::new("/dev/shm"))));
    let plain = median(|| {
        let begin = Instant::now();
        (0..STEPS).for_each(|_| assert!(sh_c_true()));
        begin.elapsed().as_secs_f64() * 1000.0 / STEPS as f64
    });
    println!("a step of a run, `true`, {STEPS} of them, median of 5:");
    println!("  on the disk of {:<22} {disk:8.2} ms", std::env::temp_dir().display());
    println!("  in memory, where syncs are free     {memory:8.2} ms");
    println!("  share of the syncs                  {:8.0} %", 100.0 * (1.0 - memory / disk));
    println!("  plain sh -c true                    {plain:8.2} ms");
    LazyLock::force(&LONG);
    divan::main();
}
