//! `ripcord demo`, as somebody meets it who has just installed ripcord: without a terminal, and with keys.

use crate::components::eventually;
use crate::pty::Pty;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const LONG: Duration = Duration::from_secs(120);

/// The reports under a state folder.
fn reports(state: &Path) -> Vec<String> {
    let runs = state.join("demo-shop@demo/runs");
    let runs = std::fs::read_dir(runs).into_iter().flatten().flatten();
    runs.filter_map(|run| std::fs::read_to_string(run.path().join("report.md")).ok()).collect()
}

#[test]
fn without_a_terminal_the_story_is_told_in_order_and_ends_verified() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut command = Command::new(RIPCORD);
    command.args(["demo", "--headless", "--state-dir"]).arg(&state).stdin(Stdio::null());
    command.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME").env_remove("RIPCORD_CONFIG");
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(0), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    let mut rest = said.as_str();
    for next in [
        "An embedded service",
        "pending   Errors",
        "firing    Errors",
        "P1 HIGH",
        "proved: GET http://127.0.0.1:",
        "canary 25 % → canary 0 %",
        "confirmed",
        "All traffic to stable: applied",
        "All traffic to stable: observed",
        "all criteria hold: the stability clock starts",
        "Healthy again: verified",
        "VERIFIED. The report is at ",
    ] {
        let Some((_, after)) = rest.split_once(next) else {
            panic!("{next:?} does not come in its turn:\n{said}")
        };
        rest = after;
    }
    let reports = reports(&state);
    assert!(matches!(&reports[..], [one] if one.to_lowercase().contains("verified")), "{reports:?}");
}

#[test]
fn on_the_screen_one_key_and_one_confirmation_roll_back() {
    let folder = tempfile::tempdir().unwrap();
    let (home, state) = (folder.path().display().to_string(), folder.path().join("state"));
    let arguments = ["demo", "--state-dir", state.to_str().unwrap()];
    let mut pty = Pty::start(RIPCORD, &arguments, &[("HOME", &home)], 80, 24);
    pty.see("ALL QUIET", LONG);
    pty.wait("the matrix lights up", LONG, |s| s.contains("!! P1") && s.contains("Errors"));
    pty.send("r");
    pty.see("CONFIRM", LONG);
    pty.see("canary 0 %", LONG);
    // A dialog takes no key in its first half second; what is pressed too early is dropped.
    eventually("the confirmation is taken", LONG, || {
        if !pty.screen().contains("CONFIRM") {
            return Some(());
        }
        pty.send("y");
        std::thread::sleep(Duration::from_millis(300));
        None
    });
    pty.see("being verified", LONG);
    pty.wait("verified", LONG, |s| s.contains("✓  VERIFIED"));
    let reports = eventually("the report", LONG, || Some(reports(&state)).filter(|r| !r.is_empty()));
    assert!(reports.len() == 1 && reports[0].to_lowercase().contains("verified"), "{reports:?}");
    pty.send("8");
    pty.wait("it is scored as a rehearsal", LONG, |s| s.contains("Score so far") && s.contains(" of 100"));
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
}
