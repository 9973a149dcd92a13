//! What is gathered of a log, and that it is followed only while it is looked at.

use super::super::{Request, Setup};
use super::*;
use crate::model::playbook::{Log, LogSource, Playbook};
use crate::model::template::Template;
use std::io::Write;

fn gathered() -> Gathered {
    let follow = Follow::new(&Playbook::default(), "test", &LogSource::File("/x".into()));
    let marks = [("WARN", Mark::Warn), ("ERROR", Mark::Critical)].map(|(w, m)| (w.to_owned(), m));
    Gathered::new(follow.cleaner(), &marks)
}

#[test]
fn the_gravest_word_marks_a_line_and_is_counted_for_a_minute() {
    let mut g = gathered();
    let at = |s| g.began + Duration::from_secs(s);
    let (start, later, over) = (at(0), at(59), at(60));
    for line in ["fine", "WARN x", "WARN then ERROR", "ERROR \u{1b}[31mred"] {
        assert!(g.take(Came::Line(line.as_bytes()), start));
    }
    g.take(Came::Pause, start);
    let seen = g.picture(start).unwrap();
    let marks: Vec<_> = seen.lines.iter().map(|l| l.mark).collect();
    assert_eq!(marks, [None, Some(Mark::Warn), Some(Mark::Critical), Some(Mark::Critical)]);
    assert_eq!(&*seen.lines[3].text, "ERROR red");
    assert_eq!((seen.minute, seen.columns.as_slice()), ((2, 1), [3].as_slice()));
    assert_eq!(g.picture(start), None, "nothing is new");
    let seen = g.picture(later).unwrap();
    assert_eq!((seen.minute, seen.columns), ((2, 1), vec![3, 0, 0, 0, 0, 0]));
    assert_eq!(g.picture(over).unwrap().minute, (0, 0));
    let end = g.began + Duration::from_millis(COLUMN * COLUMNS as u64);
    let columns = g.picture(end).unwrap().columns;
    assert_eq!((columns.len(), columns.iter().sum::<u64>()), (COLUMNS, 0));
}

#[test]
fn what_comes_too_fast_is_counted_and_the_newest_is_shown() {
    let mut g = gathered();
    let now = g.began;
    for n in 0..50_000 {
        g.take(Came::Line(format!("ERROR {n}").as_bytes()), now);
    }
    let seen = g.picture(now).unwrap();
    assert_eq!((seen.total, seen.dropped), (50_000, 50_000 - BURST as u64));
    assert_eq!(seen.minute.0, 50_000, "what is picked out is counted all the same");
    assert_eq!((seen.lines.len(), &*seen.lines[BURST - 1].text), (BURST, "ERROR 49999"));
    assert_eq!(seen.lines[0].number, 49_501);
    for _ in 0..10 {
        (0..BURST).for_each(|_| {
            g.take(Came::Line(b"x"), now);
        });
        g.picture(now);
    }
    assert_eq!(g.lines.len(), KEPT);
}

#[test]
fn a_long_line_is_cut_and_says_so() {
    let mut g = gathered();
    g.take(Came::Line(&[b'x'; 5_000]), g.began);
    let text = g.picture(g.began).unwrap().lines[0].text.clone();
    assert!(text.chars().count() == LONGEST + 1 && text.ends_with('…'));
}

#[test]
fn trouble_is_shown_once_and_goes_when_it_is_over() {
    let mut g = gathered();
    assert_eq!(g.picture(g.began), None, "nothing is known yet");
    assert!(g.take(Came::Trouble("it does not exist"), g.began));
    assert!(!g.take(Came::Trouble("it does not exist"), g.began));
    assert_eq!(g.picture(g.began).unwrap().trouble.as_deref(), Some("it does not exist"));
    assert!(g.take(Came::Pause, g.began));
    assert!(!g.take(Came::Pause, g.began));
    assert_eq!(g.picture(g.began).unwrap().trouble, None);
}

async fn until(driver: &mut Driver, holds: impl Fn(Option<&LogSeen>) -> bool) {
    while !holds(driver.view().logs[0].seen.as_deref()) {
        driver.next().await;
    }
}

#[tokio::test]
async fn a_log_is_followed_while_it_is_looked_at_and_no_longer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    std::fs::write(&path, "before\n").unwrap();
    let mut playbook = Playbook::default();
    playbook.environments.insert("test".into(), Default::default());
    let from = LogSource::File(Template(path.display().to_string()));
    let marks = [("ERROR".to_owned(), Mark::Critical)].into_iter().collect();
    playbook.logs.insert("app".into(), Log { title: "App".into(), from, marks });
    let mut driver = Driver::start(Setup {
        playbook,
        hash: String::new(),
        environment: "test".into(),
        folder: dir.path().join("state"),
        watch: Vec::new(),
        demo: None,
        read_only: true,
    });
    assert!(driver.view().logs[0].seen.is_none());
    driver.ask(Request::Logs(vec!["app".into(), "nothing".into()]));
    until(&mut driver, |s| s.is_some_and(|s| s.lines.len() == 1)).await;
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"ERROR now\n").unwrap();
    until(&mut driver, |s| s.is_some_and(|s| s.minute.0 == 1)).await;
    driver.ask(Request::Logs(Vec::new()));
    assert!(driver.view().logs[0].seen.is_none());
    assert!(driver.logs.followed.is_empty(), "its task is gone");
}
