//! Bundles of a run on disk, opened by the tools that people have.

use super::*;
use crate::journal::{append_if, real};
use crate::model::playbook::{Log, LogSource, Secret, Source, SourceKind};
use crate::model::template::Template;
use crate::model::time::Now;
use crate::run::{Kind, Plan};
use crate::supervisor::home;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ID: &str = "1121-031400-c-77ab";
const SECRET: &str = "correct-horse-battery";

fn put(path: &Path, wall: i64, kind: &str, body: serde_json::Value) {
    let now = Now { boot: 1, boot_id: "b".into(), wall };
    append_if(real(), path, &now, Duration::from_secs(1), |_| Some((kind.into(), body))).unwrap();
}

/// A run with an output, a log of 100,000 lines and a Prometheus that is dead.
fn house() -> (tempfile::TempDir, Asked) {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("shop@live");
    let run = home::run_dir(&dir, ID);
    let step = run.join("steps/01-back/a1");
    fs::create_dir_all(&step).unwrap();
    fs::write(step.join("out.log"), format!("token {SECRET} was used\n")).unwrap();
    fs::write(step.join("alive"), "").unwrap();
    fs::write(run.join("playbook.toml"), "schema = 1\n").unwrap();
    let log = root.path().join("app.log");
    fs::write(&log, (0..100_000).map(|n| format!("line {n}\n")).collect::<String>()).unwrap();
    let file = root.path().join("token");
    fs::write(&file, SECRET).unwrap();
    let wall = crate::clock::now().wall - 60_000;
    let mut plan = Plan { schema: crate::run::plan::PLAN_SCHEMA, id: ID.into(), ..Plan::default() };
    plan.service = "shop".into();
    plan.cwd = "/".into();
    plan.confirmed_at = Now { wall, ..Now::default() };
    let from = LogSource::File(Template::from(log.to_str().unwrap()));
    plan.playbook.logs.insert("app".into(), Log { title: "App".into(), from, marks: Default::default() });
    plan.playbook.secrets.insert("token".into(), Secret::File(file.to_string_lossy().into_owned()));
    let url = Template::from("http://127.0.0.1:1");
    let kind = SourceKind::Prometheus { url, headers: Default::default() };
    plan.playbook.sources.insert("prom".into(), Source { every: 1_000, timeout: 500, proxy: false, kind });
    let signal = "schema = 1\n[service]\nname = \"s\"\nowner = \"a\"\n[environments.e]\ntone = \"calm\"\n\
        [sources.prom]\nprometheus = { url = \"http://127.0.0.1:1\" }\n\
        [signals.errors]\ntitle = \"Errors\"\nsource = \"prom\"\nquery = \"up\"\nunit = \"count\"\n";
    let loaded = crate::config::playbook::parse(signal, "s.toml");
    let loaded =
        loaded.unwrap_or_else(|e| panic!("{}", e.iter().map(|p| p.render(false)).collect::<String>()));
    plan.playbook.signals = loaded.playbook.signals;
    fs::write(run.join("plan.json"), serde_json::to_vec(&plan).unwrap()).unwrap();
    let plan = crate::supervisor::audit::sha256(&run.join("plan.json")).unwrap();
    let (host, version) = ("h".into(), "0".into());
    let started = Kind::RunStarted { plan, pid: 1, start: 1, uid: 1, host, version, proof: None };
    let (kind, body) = started.parts();
    put(&run.join("journal.jsonl"), wall, &kind, body);
    put(&dir.join("decisions.jsonl"), wall - 3_600_000, "Noted", serde_json::json!({ "n": 1 }));
    put(&dir.join("decisions.jsonl"), wall + 1, "Noted", serde_json::json!({ "n": 2 }));
    let spool = dir.join("samples");
    fs::create_dir(&spool).unwrap();
    let at = jiff::Timestamp::from_millisecond(wall).unwrap().strftime("%Y%m%d-%H.jsonl").to_string();
    fs::write(spool.join(at), format!("{{\"at\":{wall},\"signal\":\"errors\",\"value\":0.5}}\n")).unwrap();
    let output = root.path().join("out.tar.zst");
    (root, Asked { home: dir, run, output, most: 64 << 20 })
}

async fn made(asked: &Asked) -> Made {
    make(asked.clone(), Arc::default(), |_| {}).await.unwrap()
}

fn unpacked(asked: &Asked, folder: &Path) -> Manifest {
    let done = Command::new("tar")
        .arg("--zstd")
        .arg("-xf")
        .arg(&asked.output)
        .arg("-C")
        .arg(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&fs::read(folder.join(ID).join("manifest.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn tar_and_zstd_unpack_it_and_every_hash_is_right() {
    let (root, asked) = house();
    let made = made(&asked).await;
    let manifest = unpacked(&asked, root.path());
    assert_eq!(made.files, manifest.files.len());
    let names: Vec<&str> = manifest.files.iter().map(|f| f.name.as_str()).collect();
    for name in [
        "decisions.jsonl",
        "journal.jsonl",
        "logs/app.log",
        "metrics/errors.samples.csv",
        "plan.json",
        "playbook.toml",
        "steps/01-back/a1/out.log",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(!names.contains(&"steps/01-back/a1/alive") && names.is_sorted());
    for f in &manifest.files {
        let path = root.path().join(ID).join(&f.name);
        let length = fs::metadata(&path).unwrap().len();
        assert_eq!((crate::supervisor::audit::sha256(&path).unwrap(), length), (f.sha256.clone(), f.bytes));
    }
    let out = fs::read_to_string(root.path().join(ID).join("steps/01-back/a1/out.log")).unwrap();
    assert_eq!(out, "token [masked] was used\n");
    let decisions = fs::read_to_string(root.path().join(ID).join("decisions.jsonl")).unwrap();
    assert!(
        decisions.lines().count() == 1 && decisions.contains("\"n\":2"),
        "those of its time: {decisions}"
    );
    let why = manifest.left_out.iter().find(|l| l.what == "query_range of errors");
    assert!(why.is_some(), "a dead Prometheus is said to be: {:?}", manifest.left_out);
    let opened = verify(&asked.output).unwrap();
    assert_eq!((opened.findings, opened.manifest, opened.files), (vec![], Some(made.manifest), made.files));
    let first = fs::read(&asked.output).unwrap();
    make(asked.clone(), Arc::default(), |_| {}).await.unwrap();
    let again = verify(&asked.output).unwrap();
    assert!(again.findings.is_empty() && first.len().abs_diff(fs::read(&asked.output).unwrap().len()) < 64);
}

#[tokio::test]
async fn what_is_too_large_is_cut_from_its_beginning_and_said() {
    let (root, asked) = house();
    let asked = Asked { most: 60_000, ..asked };
    let made = made(&asked).await;
    assert!(made.bytes <= 60_000, "{made:?}");
    let manifest = unpacked(&asked, root.path());
    let log = manifest.files.iter().find(|f| f.name == "logs/app.log").unwrap();
    assert!(log.cut > 0 && log.note.contains("the last"), "{log:?}");
    let text = fs::read_to_string(root.path().join(ID).join("logs/app.log")).unwrap();
    assert!(text.starts_with("line ") && text.ends_with("line 99999\n"), "whole lines, the last ones");
    let too_small = make(Asked { most: 10, ..asked }, Arc::default(), |_| {}).await.unwrap_err();
    assert!(too_small.contains("what is on record alone"), "{too_small}");
}

#[tokio::test]
async fn a_stopped_one_leaves_nothing() {
    let (root, asked) = house();
    let stopped = make(asked.clone(), Arc::new(AtomicBool::new(true)), |_| {}).await;
    assert!(stopped.unwrap_err().contains("stopped"));
    let left: Vec<_> = fs::read_dir(root.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().contains("tar.zst")), "{left:?}");
}

#[tokio::test]
async fn a_changed_byte_anywhere_is_found() {
    let (_root, asked) = house();
    made(&asked).await;
    let whole = fs::read(&asked.output).unwrap();
    for at in (8..whole.len()).step_by(whole.len() / 23) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&asked.output, &bytes).unwrap();
        // A bit that packing does not use changes nothing of what is in it.
        let same = zstd::decode_all(bytes.as_slice())
            .is_ok_and(|b| b == zstd::decode_all(whole.as_slice()).unwrap());
        assert!(same || !verify(&asked.output).unwrap().findings.is_empty(), "byte {at} of {}", whole.len());
    }
    fs::write(&asked.output, &whole[..whole.len() / 2]).unwrap();
    assert!(!verify(&asked.output).unwrap().findings.is_empty());
}
