//! Real files and real processes.

use super::*;
use crate::model::probe;
use crate::model::template::Template;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

fn follow(from: LogSource) -> (JoinHandle<()>, mpsc::UnboundedReceiver<String>) {
    let (tx, rx) = mpsc::unbounded_channel();
    let follow = Follow::new(&Playbook::default(), "test", &from);
    let each = move |came: Came<'_>| {
        let _ = tx.send(match came {
            Came::Line(line) => String::from_utf8_lossy(line).into_owned(),
            Came::Pause => "PAUSE".into(),
            Came::Trouble(why) => format!("TROUBLE {why}"),
        });
    };
    (tokio::spawn(follow.run(Duration::from_millis(5), 0, each)), rx)
}

fn script(text: &str) -> LogSource {
    let argv = vec![Template::from(text)];
    LogSource::Run(probe::Command { argv, shell: true, ..probe::Command::default() })
}

/// The next that is no pause, and no trouble unless that is wanted.
async fn next(rx: &mut mpsc::UnboundedReceiver<String>, wanted: &str) -> String {
    loop {
        let came = rx.recv().await.expect("it is followed");
        if came.starts_with(wanted) {
            return came;
        }
    }
}

/// Waits until the process is gone or a zombie.
async fn gone(pid: &str) {
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.rsplit(')').next().is_some_and(|s| s.trim_start().starts_with('Z')) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_file_is_followed_before_it_exists_and_when_it_is_rotated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    let (task, mut rx) = follow(LogSource::File(Template(path.display().to_string())));
    assert!(next(&mut rx, "TROUBLE").await.contains("does not exist"));
    std::fs::write(&path, "one\ntw").unwrap();
    assert_eq!(next(&mut rx, "one").await, "one");
    std::fs::rename(&path, dir.path().join("app.log.1")).unwrap();
    std::fs::write(&path, "three\n").unwrap();
    assert_eq!(next(&mut rx, "tw").await, "tw", "what had no end is a line when its file ends");
    assert_eq!(next(&mut rx, "three").await, "three");
    task.abort();
}

#[tokio::test]
async fn a_command_is_followed_and_its_whole_group_ends_with_it() {
    let (task, mut rx) = follow(script("sleep 600 & echo child $!; echo warned >&2; wait"));
    let child = next(&mut rx, "child").await;
    assert_eq!(next(&mut rx, "warned").await, "warned");
    task.abort();
    gone(child.strip_prefix("child ").unwrap()).await;
}

#[tokio::test]
async fn a_command_that_ends_says_why_and_is_started_again() {
    let (task, mut rx) = follow(script("echo begun; echo no such unit >&2; exit 3"));
    for _ in 0..2 {
        assert_eq!(next(&mut rx, "begun").await, "begun");
        let why = next(&mut rx, "TROUBLE").await;
        assert!(why.contains("`sh` ended with exit code 3: no such unit; it is started again in"), "{why}");
    }
    task.abort();
    let (task, mut rx) = follow(script("exit 0"));
    let why = next(&mut rx, "TROUBLE").await;
    assert!(why.contains("ended by itself") && why.contains("tail -F"), "{why}");
    task.abort();
}

#[tokio::test]
async fn a_command_that_cannot_be_run_says_so() {
    let from = LogSource::Run(probe::Command { argv: vec!["/no/such".into()], ..Default::default() });
    let (task, mut rx) = follow(from);
    let why = next(&mut rx, "TROUBLE").await;
    assert!(why.starts_with("TROUBLE `/no/such` cannot be run"), "{why}");
    task.abort();
    let (task, mut rx) = follow(LogSource::File("{{ nobody }}".into()));
    assert!(next(&mut rx, "TROUBLE").await.contains("nobody"));
    task.abort();
}

#[test]
fn a_line_is_safe_to_show() {
    let follow = Follow::new(&Playbook::default(), "test", &LogSource::File("/x".into()));
    assert_eq!(follow.cleaner().line(b"\x1b[31mred\x1b[0m \xff\tx\x07"), "red \u{fffd} x");
}
