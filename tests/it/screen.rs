//! The screen in a real terminal, driven by keys.

use crate::components::eventually;
use crate::page::{Answer, Page};
use crate::pty::Pty;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const LONG: Duration = Duration::from_secs(60);

/// A playbook with four charts from one page, a source that hangs, and a procedure that writes to a file and whose first
/// step lasts until [`Lab::go`].
fn playbook(dir: &Path, url: &str) -> String {
    let mut text = format!(
        r#"schema = 1
[service]
name = "shop"
title = "Shop"
owner = "us"
[environments.lab]
tone = "danger"
prove = {{ run = ["true"] }}
[sources.page]
every = "1s"
timeout = "900ms"
http = {{ url = "{url}/metrics" }}
[sources.dead]
every = "1s"
timeout = "60s"
http = {{ url = "{url}/hang" }}
[signals.dead]
title = "Hung"
source = "dead"
http = "latency"
unit = "ms"
raw = "s"
stale_after = "1h"
[severities.P1]
title = "High"
text = "Roll back"
respond_within = "15m"
[triggers.high]
title = "Many errors"
severity = "P1"
when = "s0 > 90%"
act = "ask"
procedure = "off"
[procedures.off]
title = "Canary off"
key = "c"
from = "canary on"
to = "canary off"
expect = {{ duration = "10s", downtime = "none", data_loss = "none" }}
[[procedures.off.steps]]
name = "First"
run = ["sh", "-c", "echo first >> {dir}/done; echo out-$((40+2)); until [ -e {dir}/go ]; do sleep 0.1; done"]
timeout = "2m"
[[procedures.off.steps]]
name = "Second"
run = ["sh", "-c", "echo second >> {dir}/done"]
timeout = "20s"
[[procedures.off.steps]]
name = "Well again"
verify = "well"
[verifications.well]
title = "Well"
within = "40s"
stable_for = "2s"
criteria = [{{ text = "Share below 90 %", when = "s0 < 90%" }}]
"#,
        dir = dir.display()
    );
    for i in 0..4 {
        write!(
            text,
            "[signals.s{i}]\ntitle = \"Signal {i}\"\nsource = \"page\"\nmetric = \"s{i}\"\nraw = \"ratio\"\nunit = \"percent\"\nstale_after = \"1h\"\nwarn = \"> 80%\"\npanel = {}\n",
            i + 1
        )
        .unwrap();
    }
    let file = dir.join("shop.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// A page of four gauges whose first is `level` per mille; with `moving` the others change each second.
fn page(level: Arc<AtomicU64>, moving: bool) -> Page {
    Page::serve(move |k, path| {
        if path == "/hang" {
            return Answer::Hang;
        }
        let k = if moving { k as f64 } else { 0.0 };
        let mut body = format!("s0 {}\n", level.load(Ordering::Relaxed) as f64 / 1000.0);
        for i in 1..4 {
            writeln!(body, "s{i} {:.4}", 0.4 + 0.2 * (k * 0.21 + f64::from(i)).sin()).unwrap();
        }
        Answer::Body(body)
    })
}

/// A service in a terminal.
pub struct Lab {
    pub dir: tempfile::TempDir,
    page: Page,
    pub level: Arc<AtomicU64>,
    pub playbook: String,
}

impl Lab {
    pub fn new(moving: bool) -> Lab {
        let dir = tempfile::tempdir().unwrap();
        let level = Arc::new(AtomicU64::new(300));
        let page = page(level.clone(), moving);
        let playbook = playbook(dir.path(), &page.url());
        Lab { dir, page, level, playbook }
    }

    pub fn open(&self, args: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
        let state = self.dir.path().join("state").display().to_string();
        let mut all = vec![self.playbook.as_str(), "--state-dir", &state];
        all.extend(args);
        Pty::start(RIPCORD, &all, env, cols, rows)
    }

    fn done(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("done")).unwrap_or_default()
    }

    /// Lets the first step end.
    fn go(&self) {
        std::fs::write(self.dir.path().join("go"), "").unwrap();
    }

    fn ripcord(&self, args: &[&str]) -> std::process::Output {
        let state = self.dir.path().join("state");
        std::process::Command::new(RIPCORD)
            .args(args)
            .arg(&self.playbook)
            .arg("--state-dir")
            .arg(state)
            .output()
            .unwrap()
    }
}

pub fn given_back(pty: &Pty) -> bool {
    let raw = pty.raw();
    let has = |what: &[u8]| raw.windows(what.len()).any(|w| w == what);
    has(b"\x1b[?1049l") && has(b"\x1b[?2004l") && has(b"\x1b[?25h")
}

#[test]
fn it_opens_helps_and_leaves_with_a_hung_source() {
    let lab = Lab::new(false);
    let mut pty = lab.open(&[], &[], 80, 24);
    pty.see("LAB", LONG);
    pty.see("Signal 3", LONG);
    eventually("a source is asked", LONG, || (lab.page.asked.load(Ordering::Relaxed) > 0).then_some(()));
    pty.send("?");
    pty.see("Small letters are the playbook's", LONG);
    pty.send("\x1b");
    pty.wait("the overview again", LONG, |s| s.contains("Signals"));
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
    assert!(given_back(&pty), "the terminal is restored");
}

#[test]
fn it_survives_every_size_and_comes_back_whole() {
    let lab = Lab::new(false);
    let mut pty = lab.open(&[], &[], 120, 40);
    pty.see("Signal 3", LONG);
    for (cols, rows) in [(1, 1), (40, 10), (3, 50), (200, 2), (200, 60), (80, 24)] {
        pty.resize(cols, rows);
    }
    pty.wait("a whole screen at 80×24", LONG, |s| {
        s.contains("LAB") && s.contains("Signal 3") && s.contains("keys")
    });
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
}

#[test]
fn nothing_changed_is_no_byte_and_four_charts_are_few() {
    let still = Lab::new(false);
    // Without the source that hangs: what cannot be judged shows its age, and that is a change.
    let text = std::fs::read_to_string(&still.playbook).unwrap();
    let (before, rest) = text.split_once("[sources.dead]").unwrap();
    let (_, after) = rest.split_once("[severities.P1]").unwrap();
    std::fs::write(&still.playbook, format!("{before}[severities.P1]{after}")).unwrap();
    let pty = still.open(&[], &[], 80, 24);
    pty.see("ALL QUIET", LONG);
    pty.settle(Duration::from_millis(2_500), LONG);
    // Quiet means that nothing but the clock's minutes and the charts' columns (one in 24 s) change: of three windows two
    // may hold such a change, and it is small.
    let windows: Vec<u64> = (0..3)
        .map(|_| {
            let (before, asked) = (pty.bytes(), still.page.asked.load(Ordering::Relaxed));
            while still.page.asked.load(Ordering::Relaxed) < asked + 3 {
                pty.wait_bytes(u64::MAX - 1, Duration::from_millis(200));
            }
            pty.bytes() - before
        })
        .collect();
    let quiet = windows.contains(&0) && windows.iter().all(|b| *b < 200);
    assert!(quiet, "bytes while nothing changed: {windows:?}");

    for (cols, rows) in [(80, 24), (200, 60)] {
        // Its own records: a screen that was killed is told of for ten seconds.
        let moving = Lab::new(true);
        let pty = moving.open(&[], &[], cols, rows);
        pty.see("Signal 3", LONG);
        pty.settle(Duration::from_millis(500), Duration::from_secs(3));
        let (before, asked) = (pty.bytes(), moving.page.asked.load(Ordering::Relaxed));
        while moving.page.asked.load(Ordering::Relaxed) < asked + 20 {
            pty.wait_bytes(u64::MAX - 1, Duration::from_millis(200));
        }
        let each = (pty.bytes() - before) / 20;
        assert!(each <= 600, "{each} bytes a second at {cols}×{rows}");
    }
}

#[test]
fn without_colour_and_with_ascii_only_everything_is_said() {
    let lab = Lab::new(false);
    lab.level.store(950, Ordering::Relaxed);
    let pty = lab.open(&["--ascii"], &[("NO_COLOR", "1")], 80, 24);
    pty.wait("the row in force", LONG, |s| s.contains("P1 HIGH") && s.contains("!! "));
    let raw = pty.raw();
    assert!(raw.is_ascii(), "only ASCII");
    let text = String::from_utf8(raw).unwrap();
    for sequence in text.split("\x1b[").skip(1) {
        let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
        if sequence[end..].starts_with('m') {
            let colours = sequence[..end].split(';').filter_map(|n| n.parse::<u8>().ok());
            assert!(
                colours.clone().all(|n| !(30..=38).contains(&n) && !(40..=48).contains(&n) && n < 90),
                "{sequence:?}"
            );
        }
    }
}

impl Lab {
    /// The same where automation is allowed: one trigger asks for a decision, one is armed and never fires.
    fn deciding() -> Lab {
        let lab = Lab::new(false);
        let text = std::fs::read_to_string(&lab.playbook).unwrap();
        let text = text.replace("tone = \"danger\"", "tone = \"calm\"\nautomation = \"armed\"");
        let more = r#"
[triggers.gate]
title = "Gate"
when = "s0 > 85%"
act = "decide 5m, default 15m"
default = "escalate"
procedure = "off"
[triggers.never]
title = "Never"
when = "s1 > 200%"
act = "auto"
mode = "armed"
procedure = "off"
"#;
        std::fs::write(&lab.playbook, text + more).unwrap();
        lab
    }

    fn decisions(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("state/shop@lab/decisions.jsonl")).unwrap_or_default()
    }

    fn recorded(&self, what: &str) -> std::time::Duration {
        let begin = std::time::Instant::now();
        while !self.decisions().contains(what) {
            assert!(begin.elapsed() < LONG, "{what} is not on record:\n{}", self.decisions());
            std::thread::sleep(Duration::from_millis(2));
        }
        begin.elapsed()
    }
}

#[test]
fn one_key_takes_automation_away_and_it_is_on_record() {
    let lab = Lab::deciding();
    let mut pty = lab.open(&[], &[], 80, 24);
    pty.see("Signal 3", LONG);
    pty.see("ARMED", LONG);
    pty.see("NOBODY DECIDES", LONG);
    pty.send("X");
    let took = lab.recorded("\"AutomationSet\"");
    println!("from the key to the record: {} ms", took.as_millis());
    pty.see("AUTOMATION OFF", LONG);
    assert!(lab.decisions().contains("\"mode\":\"Off\""));
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
}

#[test]
fn a_screen_records_what_fires_and_a_person_decides_by_keys() {
    let lab = Lab::deciding();
    lab.level.store(880, Ordering::Relaxed);
    let mut pty = lab.open(&[], &[], 120, 40);
    pty.see("decide in", LONG);
    pty.see("default in", LONG);
    lab.recorded("\"ClockOpened\"");
    pty.send("D");
    pty.see("DECIDE: Gate", LONG);
    // Keys count half a second after the dialog was there, whatever was typed ahead.
    eventually("the dialog for holding", LONG, || {
        if pty.screen().contains("HOLD: Gate") {
            return Some(());
        }
        pty.send("w");
        std::thread::sleep(Duration::from_millis(700));
        None
    });
    pty.see("The clock stops", LONG);
    pty.settle(Duration::from_millis(700), LONG);
    pty.fill("known spike", "known spike", LONG);
    go(&pty, "The clock stops");
    lab.recorded("\"Said\"");
    lab.recorded("\"ClockClosed\"");
    pty.wait("the clock is gone", LONG, |s| !s.contains("decide in"));
    pty.see("known spike", LONG);
    pty.send("W");
    pty.see("Parts", LONG);
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
    lab.recorded("\"EpochEnded\"");
    assert!(lab.done().is_empty(), "nothing was started");
}

#[test]
fn a_dropped_terminal_ends_the_screen() {
    let lab = Lab::new(true);
    let state = lab.dir.path().join("state").display().to_string();
    let line = format!("exec {RIPCORD} {} --state-dir {state}", lab.playbook);
    // script(1) holds the inner terminal, as sshd holds a session's: when it is killed, the terminal is gone.
    let mut pty = Pty::start("script", &["-qec", &line, "/dev/null"], &[], 80, 24);
    pty.see("Signal 3", LONG);
    let script = pty.child.process_id().unwrap();
    let inner = std::fs::read_to_string(format!("/proc/{script}/task/{script}/children")).unwrap();
    let inner = inner.split_whitespace().next().expect("the screen runs below script").to_string();
    pty.child.kill().unwrap();
    pty.child.wait().unwrap();
    let begin = std::time::Instant::now();
    while Path::new(&format!("/proc/{inner}")).exists() {
        assert!(begin.elapsed() < LONG, "the screen outlives its terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Opens the confirmation and waits until it takes keys; what was typed ahead must have started nothing.
fn confirmation(pty: &Pty) {
    pty.see("Signal 3", LONG);
    pty.send("c\r\r");
    pty.see("Type the service", LONG);
    pty.see("echo first", LONG);
    pty.settle(Duration::from_millis(900), Duration::from_secs(3));
    assert!(pty.screen().contains("Type the service"), "{}", pty.screen());
}

/// Types the name, goes to the button and presses it.
fn confirm(pty: &Pty) {
    confirmation(pty);
    pty.fill("shop", "name:  shop", LONG);
    go(pty, "Type the service");
}

/// Goes to the button and presses it.
fn go(pty: &Pty, dialog: &str) {
    let focus = |s: &str| s.split_once("▸[").map(|(_, after)| after.split(']').next().map(str::to_string));
    let before = focus(&pty.screen());
    pty.send("\t");
    pty.wait("the focus moves", LONG, |s| focus(s).is_some_and(|now| Some(now) != before));
    pty.press("\r", dialog, LONG);
}

#[test]
fn a_run_lives_on_when_the_screen_is_killed_and_is_there_again() {
    let lab = Lab::new(false);
    let mut pty = lab.open(&[], &[], 80, 24);
    confirm(&pty);
    pty.wait("the run and what it prints", LONG, |s| s.contains("Steps") && s.contains("out-42"));
    pty.child.kill().unwrap();
    pty.child.wait().unwrap();
    drop(pty);
    lab.go();

    let mut pty = lab.open(&[], &[], 120, 40);
    pty.see("Signal 3", LONG);
    pty.send("4");
    pty.wait("the verified run", LONG, |s| s.to_lowercase().contains("verified") && s.contains("report"));
    assert_eq!(lab.done(), "first\nsecond\n", "each step once");
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);

    let listed = lab.ripcord(&["runs"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(text.contains("verified") && text.contains("report.md"), "{text}");
}

#[test]
fn a_supervisor_that_is_killed_is_replaced_by_the_screen_and_nothing_is_done_twice() {
    let lab = Lab::new(false);
    let mut pty = lab.open(&[], &[], 120, 40);
    confirm(&pty);
    pty.see("out-42", LONG);
    let lock = std::fs::read(lab.dir.path().join("state/shop@lab/lock")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&lock).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(note["pid"].as_i64().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    lab.go();
    pty.wait("the verified run", LONG, |s| s.contains("VERIFIED") && s.contains("report"));
    assert_eq!(lab.done(), "first\nsecond\n", "each step once");
    pty.send("5");
    pty.see("had died", LONG);
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
}

#[test]
fn cancel_starts_nothing() {
    let lab = Lab::new(false);
    let mut pty = lab.open(&[], &[], 80, 24);
    pty.see("Signal 3", LONG);
    confirmation(&pty);
    pty.send("wrong\t\r");
    pty.settle(Duration::from_millis(300), Duration::from_secs(3));
    pty.send("\x1b");
    pty.wait("the dialog gone", LONG, |s| !s.contains("Type the service"));
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
    assert_eq!(lab.done(), "");
    assert!(String::from_utf8_lossy(&lab.ripcord(&["runs"]).stdout).contains("No run yet"));
}

/// Types a reason, goes to the button and presses it.
fn because(pty: &Pty, reason: &str) {
    pty.see("Say why", LONG);
    pty.settle(Duration::from_millis(900), Duration::from_secs(3));
    pty.fill(reason, reason, LONG);
    go(pty, "Say why");
}

#[test]
fn several_screens_see_one_run_and_one_that_only_reads_asks_for_nothing() {
    let lab = Lab::new(false);
    let mut acts = lab.open(&[], &[], 80, 24);
    let mut reads = lab.open(&["--read-only"], &[], 120, 40);
    reads.see("READ ONLY", LONG);
    reads.see("Signal 3", LONG);
    reads.send("4");
    reads.see("No run yet", LONG);
    confirm(&acts);
    for pty in [&acts, &reads] {
        pty.wait("the run and what it prints", LONG, |s| s.contains("Steps") && s.contains("out-42"));
    }
    for key in ["P", "S", "c"] {
        reads.send(key);
        reads.see("--read-only", LONG);
        reads.send("\x1b");
        reads.wait("the dialog gone", LONG, |s| !s.contains("--read-only"));
    }
    acts.send("P");
    because(&acts, "looks first");
    for pty in [&acts, &reads] {
        pty.see("PAUSED", LONG);
    }
    lab.go();
    for pty in [&acts, &reads] {
        pty.see("RUN PAUSED", LONG);
    }
    assert_eq!(lab.done(), "first\n", "the second step has not begun");
    acts.send("P");
    acts.see("go on after a pause", LONG);
    acts.press("g", "go on after a pause", LONG);
    for pty in [&acts, &reads] {
        pty.wait("the verified run", LONG, |s| s.contains("VERIFIED"));
    }
    assert_eq!(lab.done(), "first\nsecond\n", "each step once");
    for pty in [&mut acts, &mut reads] {
        pty.send("q");
        assert_eq!(pty.exit(LONG), 0);
    }
}
