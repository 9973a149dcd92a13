//! Baselines from marks, files and the playbook, before and during an incident.

use super::*;
use crate::config::playbook::parse;
use crate::model::unit::{Quantity, Unit};
use crate::session::decision::Rules;
use crate::supervisor::decisions::append;
use std::time::{Duration, SystemTime};

/// A playbook with the signal `p99` in milliseconds, and this as its baseline.
fn playbook(cwd: &Path, baseline: Option<Baseline>) -> Playbook {
    let text = format!(
        "schema = 1\n[service]\nname = 'x'\ntitle = 'X'\nowner = 'me'\n[environments.local]\ntone = 'calm'\ncwd = '{}'\n\
         [sources.file]\nevery = '100ms'\ntimeout = '2s'\ncommand = {{ run = ['cat', 'p99'] }}\n\
         [signals.p99]\nsource = 'file'\noutput = '(?<value>[0-9.]+)'\nunit = 's'\nraw = 'ms'\nstale_after = '20s'\n",
        cwd.display()
    );
    let mut playbook = parse(&text, "x.toml").unwrap_or_else(|e| panic!("{e:?}")).playbook;
    playbook.signals["p99"].baseline = baseline;
    playbook
}

fn of(baseline: Baseline, home: &Path) -> Result<Known, String> {
    known(&playbook(home, Some(baseline)), home).shift_remove("p99").expect("it has a baseline")
}

fn mark() -> Baseline {
    Baseline::Mark { id: "deploy".into(), over: 60_000, least: 10 }
}

fn put(home: &Path, kind: &Kind) {
    append(home, &Rules::default(), kind).unwrap().unwrap();
}

fn marked(home: &Path, at: i64, found: Result<(f64, u64), &str>) {
    let values = [("p99".to_owned(), found.map_err(str::to_owned))].into_iter().collect();
    let who = Person { user: "ana".into(), uid: 1000, ..Person::default() };
    put(home, &Kind::Marked { mark: "deploy".into(), at, values, who });
}

fn opened(home: &Path) {
    put(
        home,
        &Kind::IncidentOpened { incident: "INC-1".into(), reason: "errors".into(), run: None, who: None },
    );
}

#[test]
fn a_mark_counts_when_it_rests_on_enough_samples() {
    let home = tempfile::tempdir().unwrap();
    let why = of(mark(), home.path()).unwrap_err();
    assert!(why.contains("nobody has marked deploy yet"), "{why}");
    marked(home.path(), 5, Ok((0.2, 9)));
    assert_eq!(of(mark(), home.path()), Err("only 9 samples before mark deploy, 10 are needed".into()));
    marked(home.path(), 6, Err("no sample in the 1m00s before it"));
    assert_eq!(of(mark(), home.path()), Err("mark deploy: no sample in the 1m00s before it".into()));
    marked(home.path(), 7, Ok((0.2, 10)));
    let origin = "mark deploy by ana".to_owned();
    assert_eq!(of(mark(), home.path()), Ok(Known { value: 0.2, samples: Some(10), at: Some(7), origin }));
}

#[test]
fn a_mark_made_during_an_incident_counts_after_it() {
    let home = tempfile::tempdir().unwrap();
    let value = || of(mark(), home.path()).map(|k| k.value);
    opened(home.path());
    marked(home.path(), 7, Ok((0.9, 20)));
    assert!(value().unwrap_err().contains("after the incident began"));
    put(
        home.path(),
        &Kind::IncidentClosed { incident: "INC-1".into(), who: None, reason: "verified".into() },
    );
    assert_eq!(value(), Ok(0.9));
    opened(home.path());
    marked(home.path(), 8, Ok((5.0, 20)));
    assert_eq!(value(), Ok(0.9), "what was normal before it");
}

#[test]
fn a_file_gives_a_number_in_the_raw_unit_with_its_age() {
    let home = tempfile::tempdir().unwrap();
    let file =
        |json: &str| of(Baseline::File { file: "normal.json".into(), json: json.to_owned() }, home.path());
    assert!(file("/p99/ms").unwrap_err().starts_with("normal.json: "));
    let path = home.path().join("normal.json");
    std::fs::write(&path, "{\"p99\": {\"ms\": 250, \"text\": \"x\"}}").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3_600);
    File::options().append(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let known = file("/p99/ms").unwrap();
    assert_eq!((known.value, known.origin.as_str(), known.samples), (0.25, "normal.json", None));
    let age = crate::clock::now().wall - known.at.unwrap();
    assert!((3_600_000..3_700_000).contains(&age), "{age}");
    assert!(file("/p99/text").unwrap_err().contains("is no number"));
    assert!(file("/p95").unwrap_err().contains("nothing at /p95"));
    opened(home.path());
    assert_eq!(file("/p99/ms").map(|k| k.value), Ok(0.25));
    let soon = SystemTime::now() + Duration::from_secs(60);
    File::options().append(true).open(&path).unwrap().set_modified(soon).unwrap();
    assert!(file("/p99/ms").unwrap_err().contains("after the incident began"));
}

#[test]
fn a_written_value_is_known_and_a_live_one_is_not_ours() {
    let home = tempfile::tempdir().unwrap();
    let value = Baseline::Value(Quantity { value: 0.3, dim: Unit::S.dim() });
    assert_eq!(of(value, home.path()).map(|k| (k.value, k.origin)), Ok((0.3, "the playbook".into())));
    assert!(known(&playbook(home.path(), Some(Baseline::Signal("other".into()))), home.path()).is_empty());
    assert!(known(&playbook(home.path(), None), home.path()).is_empty());
}

#[test]
fn a_log_that_is_damaged_gives_no_mark() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(decisions::path(home.path()), "{\"not\": \"a record\"}\n").unwrap();
    assert!(of(mark(), home.path()).unwrap_err().contains("decisions.jsonl"));
}
