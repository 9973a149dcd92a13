//! Steps that do not behave, through a real supervisor: deaf, forking, mute, flooding, lying in escape sequences, endless.

use crate::run::{Case, Run, VERIFY, eventually, quick};
use ripcord::run::{Outcome, Verdict};
use ripcord::supervisor::attempt::{OutLine, OutputSize, Process, Signal, Stream, signal_strays};
use ripcord::supervisor::home;
use std::fs;
use std::path::Path;

/// A step that runs a script, in TOML's literal quotes.
fn script(name: &str, timeout: &str, script: &str) -> String {
    format!(
        "[[procedures.back.steps]]\nname = \"{name}\"\ntimeout = \"{timeout}\"\n\
         run = [\"/bin/bash\", \"-c\", '''{script}''']\n"
    )
}

fn token(run: &Run, step: usize) -> String {
    run.state().steps[step - 1].token.clone()
}

fn pid(case: &Case, file: &str) -> i32 {
    let read = || fs::read_to_string(case.work(file)).ok()?.trim().parse().ok();
    eventually("a pid", read)
}

fn output(run: &Run, step: usize) -> Vec<OutLine> {
    let text = fs::read_to_string(run.attempt(step, 1).out()).unwrap();
    text.lines().map(|l| OutLine::parse(l).expect(l)).collect()
}

#[test]
fn a_step_that_is_deaf_to_term_is_killed_with_all_it_started() {
    let deaf = "trap '' TERM; echo $$ > deaf; (trap '' TERM; sleep 7200) & while :; do sleep 7200; done";
    let mut case = Case::new(&[script("deaf", "300ms", deaf), quick("two"), VERIFY.into()]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Failed);
    let outcome = run.outcome(1);
    assert!(matches!(&outcome, Outcome::TimedOut { detail } if detail.contains("KILL")), "{outcome:?}");
    assert_eq!(Process::read(pid(&case, "deaf")), None);
    assert!(signal_strays(&token(&run, 1), Signal::CONT).is_empty());
    assert_eq!(case.effects(), [""; 0], "nothing follows");
}

#[test]
fn a_step_of_hours_is_bounded_by_its_timeout_and_ends_by_term() {
    let mut case = Case::new(&[script("hours", "300ms", "exec sleep 86400"), VERIFY.into()]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Failed);
    let outcome = run.outcome(1);
    assert!(matches!(&outcome, Outcome::TimedOut { detail } if detail.contains("TERM")), "{outcome:?}");
}

/// Forks twice, so that nobody but the subreaper is its parent, and leaves group and session.
const DAEMON: &str = "(setsid bash -c 'echo $$ > daemon.new; mv daemon.new daemon; exec sleep 7200' & ) & \
                      while [ ! -s daemon ]; do sleep 0.02; done; ";

#[test]
fn a_daemon_that_forked_twice_dies_when_the_time_is_over() {
    let many = format!("{DAEMON} for i in $(seq 40); do sleep 7200 & done; wait; sleep 7200");
    let mut case = Case::new(&[script("forks", "2s", &many), VERIFY.into()]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Failed);
    assert!(matches!(run.outcome(1), Outcome::TimedOut { .. }));
    assert_eq!(Process::read(pid(&case, "daemon")), None);
    assert!(signal_strays(&token(&run, 1), Signal::CONT).is_empty());
}

#[test]
fn a_daemon_that_a_good_step_leaves_is_named_and_lives_on() {
    let mut case = Case::new(&[script("leaves", "50s", DAEMON), quick("two"), VERIFY.into()]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified);
    let daemon = pid(&case, "daemon");
    let outcome = run.outcome(1);
    let named = format!("still alive: {daemon} (sleep)");
    assert!(matches!(&outcome, Outcome::Success { detail } if detail.contains(&named)), "{outcome:?}");
    assert_eq!(signal_strays(&token(&run, 1), Signal::KILL).len(), 1);
    assert_eq!(case.effects(), ["two"]);
}

#[test]
fn a_step_that_closes_its_streams_is_waited_for() {
    let mute = "echo before; exec 1>&- 2>&- 0<&-; touch mute; while [ ! -e go-mute ]; do sleep 0.02; done; \
                : > late; exit 3";
    let mut case = Case::new(&[script("mute", "50s", mute), VERIFY.into()]);
    let (run, _) = case.start();
    eventually("the closed streams", || case.work("mute").exists().then_some(()));
    assert!(run.state().steps[0].outcome.is_none(), "it is not over when its pipes are");
    case.go("mute");
    assert_eq!(run.verdict(), Verdict::Failed);
    assert!(matches!(run.outcome(1), Outcome::Failure { detail } if detail.starts_with("exit 3")));
    assert!(case.work("late").exists());
    assert_eq!(output(&run, 1).len(), 1);
}

/// The most memory a process ever used, in MB.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_gigabyte_of_output_is_capped_with_a_mark_and_costs_no_memory() {
    const GB: u64 = 1_000_000_000;
    let flood = format!(
        "yes 'the quick brown fox jumps over the lazy dog' | head -c {GB}; touch flooded; \
         while [ ! -e go-flood ]; do sleep 0.02; done"
    );
    let mut case = Case::new(&[script("flood", "10m", &flood), quick("two"), VERIFY.into()]);
    let (run, supervisor) = case.start();
    eventually("the flood's end", || case.work("flooded").exists().then_some(()));
    let (stub, supervisor) = (peak(run.stub(1, 1) as u32), peak(supervisor));
    case.go("flood");
    assert_eq!(run.verdict(), Verdict::Verified);
    // Debug builds are large; a gigabyte, or the kept 4 MiB many times over, would show.
    assert!(stub < 64 && supervisor < 96, "stub {stub} MB, supervisor {supervisor} MB");
    let exit: serde_json::Value =
        serde_json::from_slice(&fs::read(run.attempt(1, 1).exit()).unwrap()).unwrap();
    let size: OutputSize = serde_json::from_value(exit["output"].clone()).unwrap();
    assert_eq!(size, OutputSize { seen: GB, incomplete: true });
    let out = fs::metadata(run.attempt(1, 1).out()).unwrap().len();
    assert!(out < 4 * 1024 * 1024 + 200, "{out}");
    let lines = output(&run, 1);
    let marks: Vec<&OutLine> = lines.iter().filter(|l| l.stream == Stream::Note).collect();
    assert!(marks.len() == 1 && marks[0].text.contains("is not kept"), "{marks:?}");
    assert_eq!(case.effects(), ["two"]);
}

/// What must never reach a terminal or a file of ours.
fn harmful(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}')
}

fn harmless(what: &str, bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|e| panic!("{what}: {e}")).to_owned();
    let found: Vec<String> =
        text.chars().filter(|c| harmful(*c)).map(|c| c.escape_unicode().collect()).collect();
    assert!(found.is_empty(), "{what}: {found:?} in {text}");
    text
}

#[test]
fn escape_sequences_reach_neither_a_file_nor_the_terminal_nor_json() {
    // Title, clipboard, colours, cursor, alternate screen, C1 forms, backspaces, returns, bidi, zero width, no UTF-8.
    let evil = r#"printf '\033]0;owned\007A1 \033]52;c;b3duZWQ=\033\\A2 \033[31mA3\033[0m \033[2J\033[HA4\n';
        printf 'B1 \302\233m \302\2350;x\302\234 B2 \220q\234B3\n'; printf 'safe\010\010\010\010evil\n';
        printf 'C1 rolled back\rC2 NOT AT ALL\n'; printf 'D1 \342\200\256kcab\342\200\254 D2\342\200\213 \357\273\277D3\n';
        printf '\033P+q544e\033\\E1 \033[?1049hE2 \033[6n\033[5n\377\376\n'; printf '\033[' ;
        printf '\033]0;boo\007\033[31mF1 \342\200\256F2 \302\233F3\r\n' >&2; exit 7"#;
    let case = Case::new(&[script("evil", "50s", evil), VERIFY.into()]);
    let out = case.ripcord(&["run", "back", "--yes"]).output().unwrap();
    assert_eq!(out.status.code(), Some(4), "{out:?}");
    let said = harmless("what run says", &[out.stdout.as_slice(), out.stderr.as_slice()].concat());
    assert!(said.contains("exit 7") && said.contains("F1"), "{said}");
    let run = case.only_run();
    let log = harmless("out.log", &fs::read(run.attempt(1, 1).out()).unwrap());
    for part in ["A1", "A2", "A3", "A4", "B2", "evil", "C1 rolled back", "C2 NOT AT ALL", "D3", "E2", "F2"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    for gone in ["owned", "b3du", "[31m", "[2J", "1049", "0;boo"] {
        assert!(!log.contains(gone), "{gone}: {log}");
    }
    let c1 = log.lines().position(|l| l.contains("C1 rolled back"));
    assert!(c1 < log.lines().position(|l| l.contains("C2 NOT")), "a return is a line of its own: {log}");
    let files = [home::journal_path(&run.dir), run.dir.join("report.md"), run.dir.join("supervisor.log")];
    for file in files.iter().filter(|f| Path::new(f).exists()) {
        harmless(&file.display().to_string(), &fs::read(file).unwrap());
    }
    for words in [&["runs"][..], &["runs", "--json"]] {
        let out = case.ripcord(words).output().unwrap();
        let text = harmless("what runs says", &[out.stdout.as_slice(), out.stderr.as_slice()].concat());
        assert!(text.contains("failed"), "{text}");
        // JSON may hold them escaped: what comes out of it must be as clean.
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
            harmless("JSON decoded", value.to_string().replace("\\n", "\n").as_bytes());
            let detail = value[0]["steps"][0]["detail"].as_str().unwrap();
            assert!(!detail.chars().any(harmful), "{detail:?}");
        }
    }
    let view = run.view();
    assert!(!view.steps[0].detail.chars().any(harmful), "{:?}", view.steps[0].detail);
}
