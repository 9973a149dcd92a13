//! Counted in real files and real processes.

use crate::model::playbook::{LogSource, Playbook, ReadingKind};
use crate::model::probe;
use crate::model::reading::Value;
use crate::model::template::Template;
use crate::sources::fixture::signal;
use crate::sources::lines::Follow;
use crate::sources::names::Names;
use crate::sources::poller::Outlet;
use crate::sources::{Batch, source_of, start};
use std::io::Write;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A signal that is counted, often enough for a test; it ends when the first part is dropped.
fn counting(from: LogSource, pattern: &str) -> (JoinSet<()>, mpsc::Receiver<Batch>) {
    let mut s = signal(ReadingKind::Log { from: from.clone(), pattern: pattern.into() });
    s.source = None;
    let (id, playbook) = ("errors_seen".to_owned(), Playbook::default());
    let (tx, rx) = mpsc::channel(16);
    let names = std::sync::Arc::new(Names::of(&playbook, "test"));
    let outlet = Outlet::new(&source_of(&id, &s).unwrap(), &[(id, s)], names, tx);
    let follow = Follow::new(&playbook, "test", &from);
    let mut tasks = JoinSet::new();
    let (look, every) = (Duration::from_millis(5), Duration::from_millis(20));
    tasks.spawn(super::poll(follow, pattern.into(), outlet, look, every));
    (tasks, rx)
}

#[tokio::test]
async fn it_is_read_beside_the_sources() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    add(&path, "ERROR old\n");
    let mut playbook = Playbook::default();
    let from = LogSource::File(Template(path.display().to_string()));
    let mut s = signal(ReadingKind::Log { from, pattern: "ERROR".into() });
    s.source = None;
    playbook.signals.insert("errors_seen".into(), s);
    let (tx, mut rx) = mpsc::channel(16);
    let mut pollers = start(&playbook, "test", tx);
    assert_eq!(next(&mut rx).await, Ok(Value::Number(0.0)));
    assert_eq!(pollers.running(), 1);
}

async fn next(rx: &mut mpsc::Receiver<Batch>) -> Result<Value, String> {
    let batch = rx.recv().await.expect("it is read");
    assert_eq!((batch.source.as_str(), batch.readings.len()), ("log errors_seen", 1));
    batch.readings.into_iter().next().unwrap().value
}

fn add(path: &std::path::Path, what: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(what.as_bytes()).unwrap();
}

/// The first sample for which this holds.
async fn until(rx: &mut mpsc::Receiver<Batch>, holds: impl Fn(&Result<Value, String>) -> bool) {
    while !holds(&next(rx).await) {}
}

#[tokio::test]
async fn what_was_there_before_is_not_counted_and_a_quiet_file_is_zero() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    add(&path, "ERROR old\nERROR older\n");
    let (_tasks, mut rx) = counting(LogSource::File(Template(path.display().to_string())), r"\bERROR\b");
    assert_eq!(next(&mut rx).await, Ok(Value::Number(0.0)));
    add(&path, "ERROR a ERROR\nfine\nERRORS\nERROR b\n");
    until(&mut rx, |v| *v == Ok(Value::Number(2.0))).await;
    std::fs::rename(&path, dir.path().join("app.log.1")).unwrap();
    add(&path, "ERROR c\n");
    until(&mut rx, |v| *v == Ok(Value::Number(3.0))).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_a_failed_sample_and_never_zero() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    let (_tasks, mut rx) = counting(LogSource::File(Template(path.display().to_string())), "ERROR");
    let why = next(&mut rx).await.unwrap_err();
    assert!(why.contains("app.log does not exist"), "{why}");
    add(&path, "ERROR first\n");
    let mut last = next(&mut rx).await;
    while last.is_err() {
        last = next(&mut rx).await;
    }
    assert_eq!(last, Ok(Value::Number(1.0)), "it is new from its beginning");
}

#[tokio::test]
async fn a_command_is_counted_and_its_end_is_a_failed_sample() {
    let dir = tempfile::tempdir().unwrap();
    let stop = dir.path().join("stop");
    let text = format!(
        "echo WARN 1; echo WARN 2 >&2; until [ -e {} ]; do sleep 0.05; done; echo gone >&2; exit 4",
        stop.display()
    );
    let run = probe::Command { argv: vec![Template(text)], shell: true, ..Default::default() };
    let (_tasks, mut rx) = counting(LogSource::Run(run), "WARN");
    until(&mut rx, |v| *v == Ok(Value::Number(2.0))).await;
    add(&stop, "");
    until(&mut rx, |v| v.as_ref().is_err_and(|why| why.contains("exit code 4: gone"))).await;
}

#[test]
fn a_match_counts_for_a_minute() {
    let began = tokio::time::Instant::now();
    let at = |s: u64| began + Duration::from_secs(s);
    let mut found = super::Found { reads: Some(Ok(())), ..Default::default() };
    found.one(at(0));
    found.one(at(30));
    assert_eq!(found.sample(at(59)), Ok(Value::Number(2.0)));
    assert_eq!(found.sample(at(60)), Ok(Value::Number(1.0)));
    assert_eq!(found.sample(at(90)), Ok(Value::Number(0.0)));
}
