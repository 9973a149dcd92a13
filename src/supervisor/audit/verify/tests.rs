//! A whole house of records, and each way to damage it.

use super::super::heads::{parse, written};
use super::*;
use crate::journal::{append_if, real};
use crate::model::rehearsal::Drilled;
use crate::model::time::Now;
use crate::supervisor::drills;
use serde_json::json;
use std::fs;
use std::time::Duration;

fn put(path: &Path, kind: &str, body: Value) {
    let now = Now { boot: 1, boot_id: "b".into(), wall: 1_000 };
    append_if(real(), path, &now, Duration::from_secs(1), |_| Some((kind.into(), body))).unwrap();
}

/// A service with a log of decisions, a run with its plan and a capture, and a drill.
fn house() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("shop@live");
    let run = home.join("runs/1121-031400-c-77ab");
    let capture = run.join("steps/01-keep/a1/capture");
    fs::create_dir_all(&capture).unwrap();
    for n in 0..4 {
        put(&home.join("decisions.jsonl"), "Noted", json!({ "n": n }));
    }
    fs::write(run.join("plan.json"), "{}").unwrap();
    let hash = sha256(&run.join("plan.json")).unwrap();
    let started = Kind::RunStarted {
        plan: hash,
        pid: 1,
        start: 1,
        uid: 1,
        host: "h".into(),
        version: "0".into(),
        proof: None,
    };
    let (kind, body) = started.parts();
    put(&run.join("journal.jsonl"), &kind, body);
    fs::write(capture.join("app.log"), "one\n").unwrap();
    let items = json!([{
        "what": "log app", "kept": "app.log", "bytes": 4, "note": "", "modified": null, "trouble": null,
        "sha256": sha256(&capture.join("app.log")).unwrap(),
    }]);
    let manifest = json!({ "name": "before", "run": "x", "begun": "", "ended": "", "items": items });
    fs::write(capture.join("manifest.json"), manifest.to_string()).unwrap();
    let record = |seq| crate::model::record::Record {
        v: 1,
        seq,
        at: Now { wall: 5, ..Now::default() },
        kind: "Noted".into(),
        body: json!({}),
        prev: String::new(),
    };
    let drilled = Drilled { id: "d1".into(), service: "shop".into(), ..Drilled::default() };
    drills::keep(root.path(), &drilled, &[(None, record(1)), (None, record(2))], "").unwrap();
    root
}

fn heads(found: &Found) -> BTreeMap<String, Head> {
    parse(&written(found.logs.iter().map(|l| (l.name.as_str(), l.records, l.head.as_str())))).unwrap()
}

fn told(found: &Found) -> Vec<(String, Option<u64>, &'static str)> {
    found.findings.iter().map(|f| (f.file.clone(), f.line, f.what)).collect()
}

/// The lines of a file after `way`.
fn edit(path: &Path, way: impl Fn(Vec<String>) -> Vec<String>) {
    let lines = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    fs::write(path, way(lines).into_iter().map(|l| l + "\n").collect::<String>()).unwrap();
}

#[test]
fn a_whole_house_has_no_findings_and_a_head_for_each_log() {
    let root = house();
    let found = verify(root.path(), None, &BTreeMap::new()).unwrap();
    assert_eq!(found.findings, []);
    let logs: Vec<_> = found.logs.iter().map(|l| (l.place.log.as_str(), l.records, l.vouched)).collect();
    assert_eq!(logs, [("decisions", 4, None), ("run 1121-031400-c-77ab", 1, None), ("drill d1", 2, None)]);
    assert_eq!(found.files, 2, "a plan and a kept file");
    let again = verify(root.path(), None, &heads(&found)).unwrap();
    assert_eq!(again.findings, []);
    assert!(again.logs.iter().all(|l| l.vouched == Some(l.records)), "{again:?}");
    assert_eq!(verify(root.path(), Some("shop@live"), &BTreeMap::new()).unwrap().logs.len(), 2);
    assert!(verify(root.path(), Some("other"), &heads(&found)).unwrap().logs.is_empty());
}

#[test]
fn each_kind_of_damage_is_named_with_its_file_and_line() {
    type Way = Box<dyn Fn(&Path)>;
    let decisions = "shop@live/decisions.jsonl";
    let changed = |line: usize| -> Way {
        Box::new(move |root: &Path| {
            edit(&root.join("shop@live/decisions.jsonl"), |mut lines| {
                lines[line - 1] = lines[line - 1].replace("\"n\":", "\"m\":");
                lines
            });
        })
    };
    let run = "shop@live/runs/1121-031400-c-77ab";
    let cases: Vec<(Way, String, Option<u64>, &str)> = vec![
        (changed(2), decisions.into(), Some(3), "hash"),
        (
            Box::new(|root| {
                edit(&root.join("shop@live/decisions.jsonl"), |mut l| {
                    l.remove(1);
                    l
                });
            }),
            decisions.into(),
            Some(2),
            "sequence",
        ),
        (
            Box::new(|root| {
                fs::write(root.join("shop@live/runs/1121-031400-c-77ab/plan.json"), "{ }").unwrap()
            }),
            format!("{run}/plan.json"),
            None,
            "plan",
        ),
        (
            Box::new(|root| {
                let kept = "shop@live/runs/1121-031400-c-77ab/steps/01-keep/a1/capture/app.log";
                fs::write(root.join(kept), "two\n").unwrap();
            }),
            format!("{run}/steps/01-keep/a1/capture/app.log"),
            None,
            "capture",
        ),
        (
            Box::new(|root| {
                edit(&root.join("drills/shop/d1.jsonl"), |mut l| {
                    l[0] = l[0].replace("\"wall\":5", "\"wall\":6");
                    l
                });
            }),
            "drills/shop/d1.jsonl".into(),
            Some(2),
            "hash",
        ),
    ];
    for (way, file, line, what) in cases {
        let root = house();
        way(root.path());
        let found = verify(root.path(), None, &BTreeMap::new()).unwrap();
        assert_eq!(told(&found), [(file, line, what)]);
    }
}

#[test]
fn what_a_chain_alone_cannot_show_is_found_by_the_heads_that_were_kept() {
    let root = house();
    let kept = heads(&verify(root.path(), None, &BTreeMap::new()).unwrap());
    let decisions = root.path().join("shop@live/decisions.jsonl");
    let text = fs::read(&decisions).unwrap();
    let judged = || told(&verify(root.path(), None, &kept).unwrap());
    let name = "shop@live/decisions.jsonl".to_owned();

    edit(&decisions, |l| l[..3].to_vec());
    assert_eq!(told(&verify(root.path(), None, &BTreeMap::new()).unwrap()), [], "no chain shows it");
    assert_eq!(judged(), [(name.clone(), None, "cut short")]);

    fs::remove_file(&decisions).unwrap();
    assert_eq!(judged(), [(name.clone(), None, "gone")]);

    // Written anew, chain and all.
    for n in 0..5 {
        put(&decisions, "Noted", json!({ "n": n, "other": true }));
    }
    assert_eq!(judged(), [(name, None, "rewritten")]);

    fs::write(&decisions, text).unwrap();
    put(&decisions, "Noted", json!({ "n": 4 }));
    assert_eq!(judged(), [], "more records are no damage");
}
