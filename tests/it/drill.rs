//! `ripcord drill`: every shipped playbook rehearsed to its ends, a drill that is kept, a month's report, exit codes.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/drill/shop.toml");

fn drill(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(RIPCORD);
    command.arg("drill").args(arguments).env("HOME", home);
    command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME").env_remove("RIPCORD_CONFIG");
    command.env_remove("RIPCORD_STATE_DIR").output().unwrap()
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// Rehearses all of a shipped playbook; at least so many cases, all as expected.
fn all_of(playbook: &str, least: usize) {
    let home = tempfile::tempdir().unwrap();
    let out = drill(home.path(), &["--all", "--headless", "--speed", "60", "--json", playbook]);
    let told: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(&out)));
    let drills = told["drills"].as_array().unwrap();
    let bad: Vec<String> = drills
        .iter()
        .filter(|d| d["ok"] != true)
        .map(|d| format!("{}: {}", d["case"].as_str().unwrap_or_default(), d["findings"]))
        .collect();
    assert!(bad.is_empty(), "not as expected:\n{}", bad.join("\n"));
    assert!(drills.len() >= least, "{} rehearsals", drills.len());
    assert_eq!(out.status.code(), Some(0));
    assert!(!home.path().join(".local/state/ripcord").exists(), "nothing is written of all");
}

#[test]
fn lapce_ai_cst_is_rehearsed_to_its_ends() {
    all_of("lapce-ai-cst", 40);
}

#[test]
fn rust_ai_ide_is_rehearsed_to_its_ends() {
    all_of("rust-ai-ide", 40);
}

#[test]
fn rag_api_is_rehearsed_to_its_ends() {
    all_of("rag-api", 40);
}

#[test]
fn sprint_1_search_is_rehearsed_to_its_ends() {
    all_of("sprint-1-search", 25);
}

#[test]
fn riptide_eventmesh_is_rehearsed_to_its_ends() {
    all_of("riptide-eventmesh", 40);
}

#[test]
fn the_shipped_scenarios_end_as_they_say() {
    let home = tempfile::tempdir().unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/drills");
    let out = drill(home.path(), &["--all", "--headless", folder]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
}

#[test]
fn a_drill_is_kept_apart_and_a_month_of_them_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let state = state.to_str().unwrap();
    for seed in ["1", "2"] {
        let arguments = ["--headless", "--chaos", "errors", "--seed", seed, "--state-dir", state, SHOP];
        let out = drill(home.path(), &arguments);
        assert_eq!(out.status.code(), Some(0), "{}", said(&out));
        assert!(said(&out).contains("verify Sound again: verified"), "{}", said(&out));
    }
    let folder = Path::new(state).join("drills/shop");
    let kept: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(".json"))
        .collect();
    assert!(!kept.is_empty() && !Path::new(state).join("shop@staging").exists(), "{kept:?}");
    let one: Value = serde_json::from_slice(&std::fs::read(folder.join(&kept[0])).unwrap()).unwrap();
    assert_eq!((one["ok"].as_bool(), one["score"]["points"].as_u64()), (Some(true), Some(100)), "{one}");
    let journal = std::fs::read_to_string(folder.join(kept[0].replace(".json", ".jsonl"))).unwrap();
    assert!(journal.lines().count() > 20 && journal.contains("StabilityStarted"), "{journal}");
    let out = drill(home.path(), &["report", "--state-dir", state]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    for part in ["# Drills of ", "chaos errors", "## Trend", "| shop | verified |", "## Findings"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let reports = std::fs::read_dir(Path::new(state).join("drills/reports")).unwrap();
    assert_eq!(reports.count(), 1);
}

#[test]
fn the_same_seed_gives_the_same_drill() {
    let home = tempfile::tempdir().unwrap();
    let drilled = |seed: &str| {
        let out = drill(home.path(), &["--all", "--headless", "--json", "--seed", seed, SHOP]);
        let told: Value = serde_json::from_slice(&out.stdout).unwrap();
        let of = |d: &Value| (d["case"].clone(), d["lasted"].clone(), d["score"]["verified"].clone());
        told["drills"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(drilled("5"), drilled("5"));
}

#[test]
fn what_is_not_as_expected_is_named_and_the_exit_code_says_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("shop.toml");
    let text = std::fs::read_to_string(SHOP).unwrap();
    std::fs::write(&file, text.replace("error_rate > 2%", "error_rate > 20%")).unwrap();
    let out = drill(home.path(), &["--all", "--headless", file.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(4), "{}", said(&out));
    let told = said(&out);
    assert!(
        told.contains("errors did not fire") && told.contains("1 not as expected: shop chaos errors"),
        "{told}"
    );
    // A step that cures nothing is found, too.
    std::fs::write(&file, text.replace("set = { canary = \"0%\" }, ", "")).unwrap();
    let out = drill(home.path(), &["--all", "--headless", file.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(4));
    let out = drill(home.path(), &["--headless", "--procedure", "nobody", SHOP]);
    assert_eq!(out.status.code(), Some(2), "{}", said(&out));
}
