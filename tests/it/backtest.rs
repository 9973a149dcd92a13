//! `ripcord backtest` as it is called: over two recorded hours with exactly what it prints, and over the same two hours
//! served by a real Prometheus, which must tell the same story.

use crate::components;
use crate::promtool::{PROGRAMS, blocks};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backtest").join(name)
}

fn backtest(playbook: &Path, home: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ripcord"))
        .arg("backtest")
        .arg(playbook)
        .arg("--state-dir")
        .arg(home)
        .args(more)
        .env_clear()
        .envs([("TZ", "UTC"), ("LANG", "C.UTF-8"), ("COLUMNS", "80")])
        .env("HOME", home)
        .output()
        .unwrap()
}

fn recorded(more: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let file = fixture("samples.jsonl");
    let all: Vec<&str> = ["--from-file", file.to_str().unwrap()].iter().chain(more).copied().collect();
    backtest(&fixture("shop.toml"), home.path(), &all)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The document, of a call that must succeed.
fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn two_recorded_hours_for_people() {
    let output = recorded(&[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn two_recorded_hours_for_programs() {
    let mut document = document(&recorded(&["--json", "--trigger", "error-spike"]));
    document["playbook_hash"] = "…".into();
    insta::assert_snapshot!(format!("{document:#}"));
}

#[test]
fn a_terminal_without_unicode_and_a_part_of_the_time() {
    let home = tempfile::tempdir().unwrap();
    let file = fixture("samples.jsonl");
    let output = Command::new(env!("CARGO_BIN_EXE_ripcord"))
        .arg("backtest")
        .arg(fixture("shop.toml"))
        .args(["--from", "2026-11-20 00:38", "--to", "2026-11-20T01:00:00Z", "--trigger", "error-spike"])
        .arg("--from-file")
        .arg(file)
        .env_clear()
        .envs([("TZ", "UTC"), ("LANG", "C"), ("COLUMNS", "60")])
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let chart: String = text(&output.stdout).lines().filter(|l| l.contains("error-spike ")).collect();
    assert!(chart.contains('#') && chart.contains('>') && chart.is_ascii(), "{chart}");
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_a_hint() {
    let home = tempfile::tempdir().unwrap();
    let broken = home.path().join("broken.jsonl");
    std::fs::write(&broken, "{\"at\":1,\"signal\":\"p95\",\"value\":1}\n{\"at\":2,\n{\"at\":3}\n").unwrap();
    let broken = broken.to_str().unwrap();
    let refused = |code: i32, says: &str, more: &[&str]| {
        let output = backtest(&fixture("shop.toml"), home.path(), more);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {told}");
        assert!(told.contains(says) && told.contains("hint:"), "{more:?}: {told}");
        assert!(output.stdout.is_empty());
    };
    refused(2, "broken.jsonl:2", &["--from-file", broken]);
    refused(2, "/no/such/file", &["--from-file", "/no/such/file"]);
    refused(2, "did you mean error-spike?", &["--from", "-1h", "--trigger", "eror-spike"]);
    refused(2, "from when?", &[]);
    refused(2, "`yesterday` is not a time", &["--from", "yesterday"]);
    refused(2, "--from is not before --to", &["--from", "now", "--to", "-1h"]);
    refused(2, "stays fresh (30s)", &["--from", "-1h", "--step", "1m"]);
    // Nobody listens at the port of the playbook.
    let port = components::free_port();
    let playbook = home.path().join("shop.toml");
    let source = std::fs::read_to_string(fixture("shop.toml")).unwrap();
    std::fs::write(&playbook, source.replace("127.0.0.1:9090", &format!("127.0.0.1:{port}"))).unwrap();
    let output = backtest(&playbook, home.path(), &["--from", "-1h"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("source prom: ") && told.contains("refused the connection"), "{told}");
}

#[test]
fn a_real_prometheus_tells_the_same_story() {
    if !components::installed(&PROGRAMS) {
        return;
    }
    let names = [
        ("error_rate", "shop_error_ratio"),
        ("p95", "shop_p95_seconds"),
        ("canary_share", "shop_canary_share"),
    ];
    let mut series: BTreeMap<&str, Vec<(i64, f64)>> = BTreeMap::new();
    for line in std::fs::read_to_string(fixture("samples.jsonl")).unwrap().lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let name = names.iter().find(|(id, _)| sample["signal"] == *id);
        if let (Some((_, name)), Some(value)) = (name, sample["value"].as_f64()) {
            series.entry(name).or_default().push((sample["at"].as_i64().unwrap(), value));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let written: Vec<blocks::Written> = series.into_iter().map(|(n, s)| (n.to_string(), s)).collect();
    let server = blocks::serve(folder.path(), &written);
    let source = std::fs::read_to_string(fixture("shop.toml")).unwrap();
    let query = source.lines().find(|l| l.starts_with("query = \"(sum")).unwrap();
    let source = source
        .replace(query, "query = \"shop_error_ratio\"")
        .replace("127.0.0.1:9090", &format!("127.0.0.1:{}", server.ports[0]));
    let playbook = folder.path().join("shop.toml");
    std::fs::write(&playbook, source).unwrap();

    let span = ["--from", "2026-11-20T00:20:00Z", "--to", "2026-11-20T02:00:00Z", "--json"];
    let live = document(&backtest(&playbook, folder.path(), &span));
    let recorded = document(&recorded(&span));
    let of = |document: &Value, id: &str| {
        let all = document["triggers"].as_array().unwrap();
        all.iter().find(|t| t["id"] == id).unwrap()["episodes"].clone()
    };
    for id in ["error-spike", "slow"] {
        assert!(of(&live, id).as_array().unwrap().iter().any(|e| !e["fired"].is_null()), "{id} fires");
        assert_eq!(of(&live, id), of(&recorded, id), "{id}");
    }
    let signal =
        |id: &str| live["signals"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap().clone();
    assert_eq!(signal("error_rate")["from"], "prometheus");
    assert_eq!(signal("healthy")["text"], "unknown throughout: not in history: read from a URL");
}
