//! `ripcord init`: by flags and by answers, and what it never does.

use crate::pty::Pty;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const FLAGS: [&str; 12] = [
    "--name",
    "web-shop",
    "--env",
    "staging",
    "--metrics",
    "http://localhost:8080/metrics",
    "--threshold",
    "2%",
    "--rollback",
    "/opt/shop/rollback.sh v1.2.2",
    "--health",
    "/opt/shop/healthy.sh",
];

fn init(dir: &Path, args: &[&str]) -> Output {
    Command::new(RIPCORD).arg("init").args(args).current_dir(dir).output().unwrap()
}

fn check(file: &Path) -> String {
    let out = Command::new(RIPCORD).arg("check").arg(file).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn flags_make_a_playbook_that_check_has_nothing_against_and_that_stays() {
    let dir = tempfile::tempdir().unwrap();
    let out = init(dir.path(), &FLAGS);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let file = dir.path().join("web-shop.toml");
    assert_eq!(check(&file), format!("{}: good\n", file.display()));
    let before = std::fs::read(&file).unwrap();
    let again = init(dir.path(), &FLAGS);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("web-shop.toml exists"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let other: Vec<&str> = FLAGS.iter().copied().chain(["--out", "other.toml"]).collect();
    assert!(init(dir.path(), &other).status.success());
    assert_eq!(std::fs::read(dir.path().join("other.toml")).unwrap(), before);
}

#[test]
fn without_a_terminal_the_missing_flag_is_named_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let out = Command::new(RIPCORD)
        .args(["init", "--name", "shop"])
        .current_dir(dir.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("error: --env is missing") && said.contains("hint: "), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn answers_make_the_same_as_flags() {
    let dir = tempfile::tempdir().unwrap();
    assert!(init(dir.path(), &FLAGS).status.success());
    let file = dir.path().join("asked.toml");
    let out = file.display().to_string();
    let mut pty = Pty::start(RIPCORD, &["init", "--out", &out], &[], 120, 40);
    for (question, answer) in [
        ("Name of the service", FLAGS[1]),
        ("Environment", FLAGS[3]),
        ("metrics are", "nowhere"),
        ("begin with http://", FLAGS[5]),
        ("Error rate", ""),
        ("Command", FLAGS[9]),
        ("healthy", FLAGS[11]),
    ] {
        pty.see(question, Duration::from_secs(20));
        pty.send(&format!("{answer}\r"));
    }
    assert_eq!(pty.exit(Duration::from_secs(20)), 0, "{}", pty.screen());
    let (asked, given) = (std::fs::read(&file), std::fs::read(dir.path().join("web-shop.toml")));
    assert_eq!(asked.unwrap(), given.unwrap());
}
