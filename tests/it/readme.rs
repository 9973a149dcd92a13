//! What the README says is so: its playbook is right, its commands exist, its pictures are there.

use std::path::Path;
use std::process::Command;

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

#[test]
fn the_first_playbook_is_right_without_a_warning() {
    let text = readme();
    let playbook = text.split("```toml").nth(1).and_then(|t| t.split("```").next()).expect("a playbook");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shop.toml");
    std::fs::write(&file, playbook).unwrap();
    let out = Command::new(RIPCORD).arg("check").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && said.contains("good"), "{said}");
}

#[test]
fn its_commands_exist() {
    let help = Command::new(RIPCORD).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for command in ["init", "check", "run", "runs", "resume", "config", "demo"] {
        assert!(readme().contains(&format!("`ripcord {command}")), "README: {command}");
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
}

#[test]
fn what_it_links_to_is_there() {
    let text = readme();
    let links = text.split("](").skip(1).filter_map(|l| l.split(')').next()).filter(|l| !l.contains("://"));
    let mut seen = 0;
    for link in links.filter(|l| !l.starts_with('#')) {
        assert!(root().join(link).exists(), "{link}");
        seen += 1;
    }
    assert!(seen >= 3);
}

#[test]
fn everything_shipped_is_right() {
    let mut files = vec![root().join("config.example.toml")];
    for folder in ["themes", "assets/playbooks"] {
        let found = std::fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().path());
        files.extend(found.filter(|p| p.extension().is_some_and(|e| e == "toml")));
    }
    assert!(files.len() >= 7, "{files:?}");
    let out = Command::new(RIPCORD).arg("check").args(&files).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let example = Command::new(RIPCORD).args(["config", "example"]).output().unwrap();
    assert_eq!(example.stdout, std::fs::read(root().join("config.example.toml")).unwrap());
}
