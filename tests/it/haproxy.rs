//! The shipped playbook of a canary behind HAProxy, against a real HAProxy and a real Prometheus.

mod backend;
mod lab;

use crate::components::{eventually, installed};
use crate::pty::Pty;
use lab::Lab;
use ripcord::config::playbook;
use ripcord::model::playbook::{ParamKind, Playbook, ReadingKind};
use ripcord::supervisor::decisions::{self, Beat};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playbooks/haproxy-canary.toml");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playbooks/haproxy-set-weight.sh");
const LONG: Duration = Duration::from_secs(120);

fn shipped() -> Playbook {
    playbook::load(Path::new(FILE)).unwrap().playbook
}

/// The query of a signal as ripcord sends it in this lab.
fn query(playbook: &Playbook, lab: &Lab, signal: &str) -> String {
    let ReadingKind::Query(template) = &playbook.signals[signal].reading else {
        panic!("{signal} is no query")
    };
    let vars = lab.vars();
    template.fill(&|name| vars.get(name).cloned()).unwrap()
}

#[test]
fn every_query_of_the_playbook_gives_its_number_before_during_and_after() {
    if !installed(&[("haproxy", "haproxy"), ("prometheus", "prometheus")]) {
        return;
    }
    let (lab, playbook) = (Lab::start(true), shipped());
    let read = |signal: &str| lab.query(&query(&playbook, &lab, signal));
    let all: Vec<&String> = playbook
        .signals
        .iter()
        .filter(|(_, s)| matches!(s.reading, ReadingKind::Query(_)))
        .map(|(id, _)| id)
        .collect();
    assert!(all.len() >= 6);
    // Without a single error so far: `or vector(0)` makes that a 0, not a hole.
    eventually("a number from every query", LONG, || all.iter().all(|s| read(s).is_some()).then_some(()));
    let quarter = |v: f64| (v - 0.25).abs() < 0.05;
    eventually("a quarter on the canary", LONG, || read("canary_share").filter(|v| quarter(*v)));
    assert_eq!(read("canary_weight"), Some(0.25));
    assert_eq!((read("error_rate"), read("canary_errors")), (Some(0.0), Some(0.0)));

    lab.canary.go_bad();
    let rss = read("rss").unwrap();
    eventually("errors", LONG, || read("error_rate").filter(|v| *v > 0.05));
    eventually("slow answers", LONG, || read("p95").filter(|v| *v > 0.5));
    eventually("memory", LONG, || read("rss").filter(|v| *v > rss + 1e6));

    assert_eq!(lab.tell("set weight shop/canary 0"), "", "an empty answer is success");
    eventually("no canary in the window", LONG, || read("canary_share").filter(|v| *v < 0.01));
    eventually("no errors in the window", LONG, || read("error_rate").filter(|v| *v < 0.01));
    eventually("fast again", LONG, || read("p95").filter(|v| *v < 0.25));
    eventually("weight", LONG, || read("canary_weight").filter(|v| *v == 0.0));
}

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");

/// What comes after the subcommand in this lab: the playbook, its environment and variables, a folder of its own.
fn target(lab: &Lab) -> Vec<String> {
    let state = lab.folder.path().join("state").display().to_string();
    let fixed = [FILE, "--env", "production", "--state-dir", &state].map(String::from);
    let vars = lab.vars().into_iter().flat_map(|(name, value)| ["--var".into(), format!("{name}={value}")]);
    fixed.into_iter().chain(vars).collect()
}

fn ripcord(lab: &Lab, words: &[&str]) -> Output {
    let mut command = Command::new(RIPCORD);
    command.args(words).args(target(lab)).stdin(Stdio::null()).env("HOME", lab.folder.path());
    for name in ["RIPCORD_CONFIG", "RIPCORD_ENV", "RIPCORD_STATE_DIR", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_headless_run_takes_the_canary_out_for_good() {
    if !installed(&[("haproxy", "haproxy"), ("prometheus", "prometheus")]) {
        return;
    }
    let (mut lab, playbook) = (Lab::start(true), shipped());
    let before = lab.split_over(200.0);
    assert!((before.share() - 0.25).abs() < 0.05, "75/25 by HAProxy's own counters: {before:?}");
    lab.canary.go_bad();
    let errors = query(&playbook, &lab, "error_rate");
    eventually("errors", LONG, || lab.query(&errors).filter(|v| *v > 0.05));

    let out = ripcord(&lab, &["run", "canary-zero", "--yes=shop", "--reason", "error rate over 5 %"]);
    let said = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{said}\n{}", text(&out.stderr));
    assert!(said.to_lowercase().contains("verified"), "{said}");

    let after = lab.split_over(200.0);
    assert_eq!((after.canary, after.errors), (0.0, 0.0), "100/0 by HAProxy's own counters: {after:?}");
    lab.reload();
    assert_eq!(lab.tell("get weight shop/canary"), "0 (initial 0)");
    let reloaded = lab.split_over(200.0);
    assert_eq!(reloaded.canary, 0.0, "and it lasts: {reloaded:?}");

    let runs = ripcord(&lab, &["runs"]);
    let said = text(&runs.stdout).to_lowercase();
    assert!(runs.status.success() && said.contains("verified"), "{said}");
    let again = ripcord(&lab, &["run", "canary-zero", "--yes=shop"]);
    assert_eq!(again.status.code(), Some(0), "already so: {}{}", text(&again.stdout), text(&again.stderr));
}

#[test]
fn on_the_screen_the_matrix_lights_up_and_keys_take_the_canary_out() {
    if !installed(&[("haproxy", "haproxy"), ("prometheus", "prometheus")]) {
        return;
    }
    let lab = Lab::start(true);
    let arguments = target(&lab);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let home = lab.folder.path().display().to_string();
    let mut pty = Pty::start(RIPCORD, &arguments, &[("HOME", &home), ("XDG_CONFIG_HOME", &home)], 120, 40);
    pty.see("PRODUCTION", LONG);
    pty.see("ALL QUIET", LONG);

    lab.canary.go_bad();
    pty.wait("the error rate rises", LONG, |s| percent(s, "Error rate").is_some_and(|v| v > 5.0));
    pty.wait("the row in force", LONG, |s| s.contains("!! P1") && s.contains("FIRING"));
    pty.send("c");
    pty.see("set weight shop/canary 0", LONG);
    pty.see("Type the service's name", LONG);
    pty.fill("shop", "name:  shop", LONG);
    pty.send("\t");
    pty.see("▸[ Roll back", LONG);
    pty.press("\r", "Type the service's name", LONG);
    pty.see("being verified", LONG);
    pty.wait("verified", Duration::from_secs(300), |s| s.contains("✓  VERIFIED"));
    let after = lab.split_over(200.0);
    assert_eq!((after.canary, after.errors), (0.0, 0.0), "100/0 by HAProxy's own counters: {after:?}");
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
    let runs = ripcord(&lab, &["runs"]);
    assert!(text(&runs.stdout).to_lowercase().contains("verified"), "{}", text(&runs.stdout));
}

/// The shipped playbook, allowed to act by itself on errors.
fn armed(lab: &Lab) -> PathBuf {
    let mut text = std::fs::read_to_string(FILE).unwrap();
    let mut put = |from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    };
    put("[environments.production]\n", "[environments.production]\nautomation = \"armed\"\n");
    let asks = "for = \"10s\"\nact = \"ask\"\nprocedure = \"canary-zero\"\nreason = \"error rate over 5 %\"";
    assert!(asks.contains("act = \"ask\""));
    put(asks, &asks.replace("act = \"ask\"", "act = \"auto\"\nmode = \"armed\"\neffect_within = \"60s\""));
    let path = lab.folder.path().join("armed.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_watcher_takes_the_canary_out_by_itself_within_its_target() {
    if !installed(&[("haproxy", "haproxy"), ("prometheus", "prometheus")]) {
        return;
    }
    let lab = Lab::start(true);
    let mut arguments = target(&lab);
    arguments[0] = armed(&lab).display().to_string();
    let mut command = Command::new(RIPCORD);
    command
        .arg("watch")
        .args(&arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .env("HOME", lab.folder.path());
    let mut watch = Reaped(command.spawn().unwrap());
    let home = lab.folder.path().canonicalize().unwrap().join("state/shop@production");
    eventually("all signals answer", LONG, || {
        Beat::read(&home).filter(|b| b.answering == (9, 9) && b.text == "ALL QUIET")
    });

    lab.canary.go_bad();
    let ended = eventually("the end of its run", Duration::from_secs(300), || {
        let state = decisions::load(&home).unwrap();
        let attempt = state.attempts.values().flatten().next()?.clone();
        attempt.ended.is_some().then_some(attempt)
    });
    let (ok, why, _) = ended.ended.clone().unwrap();
    assert!(ok, "{why}");
    let took = ended.reaction.expect("how fast it was is on record");
    let (effect, wanted) = (took.to_effect.expect("it took effect"), took.target.expect("it has a target"));
    // Past the capture of the test harness: the figures are to be seen.
    let _ = writeln!(
        std::io::stderr(),
        "automatic rollback of the HAProxy canary: condition true to first command {} ms, firing to first command {} ms, \
         firing to effect {effect} ms, target {wanted} ms",
        took.from_true,
        took.from_firing,
    );
    assert!(effect <= wanted, "{effect} ms, wanted within {wanted} ms");
    let after = lab.split_over(200.0);
    assert_eq!((after.canary, after.errors), (0.0, 0.0), "100/0 by HAProxy's own counters: {after:?}");
    assert_eq!(lab.tell("get weight shop/canary"), "0 (initial 25)");
    let state = decisions::load(&home).unwrap();
    assert_eq!(state.attempts.values().flatten().count(), 1, "one run");
    let pid = rustix::process::Pid::from_raw(watch.0.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = eventually("the end of the watcher", LONG, || watch.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

/// A process that does not outlive its test.
struct Reaped(std::process::Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The percentage on the line of a signal.
fn percent(screen: &str, title: &str) -> Option<f64> {
    let line = screen.lines().find(|l| l.contains(title))?;
    let words: Vec<&str> = line.split_once(title)?.1.split_whitespace().collect();
    let at = words.iter().position(|w| *w == "%")?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

#[test]
fn a_weight_set_at_run_time_is_lost_on_reload_unless_it_is_in_the_file() {
    if !installed(&[("haproxy", "haproxy")]) {
        return;
    }
    let mut lab = Lab::start(false);
    let share = lab.split_over(100.0).share();
    assert!((share - 0.25).abs() < 0.05, "75/25 by HAProxy's own counters: {share}");
    // What the playbook asks of the socket, before and after.
    let playbook = shipped();
    let prove = playbook.environments["production"].prove.as_ref().unwrap().expect.stdout.clone().unwrap();
    let ParamKind::Read { pattern, .. } = &playbook.procedures["canary-zero"].params["weight"].kind else {
        panic!()
    };
    let already = &playbook.procedures["canary-zero"].steps[0].already;
    let (pattern, already) =
        (regex(pattern), regex(&already.as_ref().unwrap().expect.stdout.clone().unwrap()));
    assert!(regex(&prove).is_match(&lab.tell("show servers state shop")));
    assert!(!regex(&prove).is_match(&lab.tell("show servers state shoe")));
    let weight = lab.tell("get weight shop/canary");
    assert_eq!(&pattern.captures(&weight).unwrap()["value"], "25");
    assert!(!already.is_match(&weight));

    assert_eq!(lab.tell("set weight shop/canary 0"), "");
    assert_eq!(lab.tell("get weight shop/canary"), "0 (initial 25)");
    assert!(already.is_match(&lab.tell("get weight shop/canary")));
    lab.reload();
    assert_eq!(
        lab.tell("get weight shop/canary"),
        "25 (initial 25)",
        "the trap that the playbook's step is for"
    );

    let cfg = lab.cfg();
    let set = set_weight(&["", cfg.to_str().unwrap(), "shop", "canary", "0"]);
    assert!(set.status.success(), "{set:?}");
    lab.reload();
    assert_eq!(lab.tell("get weight shop/canary"), "0 (initial 0)");
    assert_eq!(lab.split_over(60.0).canary, 0.0);
    let kept =
        std::fs::read_dir(lab.folder.path()).unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
    let kept: Vec<_> = kept.filter(|n| n.starts_with("haproxy.cfg.before-")).collect();
    assert_eq!(kept.len(), 1, "the old file stands beside the new one");
}

fn regex(pattern: &str) -> regex::Regex {
    regex::Regex::new(pattern).unwrap()
}

/// Runs the script; empty arguments are left out.
fn set_weight(arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/local/sbin:/usr/sbin", std::env::var("PATH").unwrap());
    Command::new(SCRIPT).args(arguments.iter().filter(|a| !a.is_empty())).env("PATH", path).output().unwrap()
}

#[test]
fn the_script_changes_one_word_of_one_line_or_nothing() {
    if !installed(&[("haproxy", "haproxy")]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haproxy.cfg");
    let cfg = file.to_str().unwrap();
    let text = "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
                backend other\n  server canary 127.0.0.1:1 weight 9\n\
                backend shop\n  server stable 127.0.0.1:2\n  server canary 127.0.0.1:3 weight 25 check # new\n\
                listen last\n  bind 127.0.0.1:18080\n  server canary 127.0.0.1:4\n";
    std::fs::write(&file, text).unwrap();
    let now = || std::fs::read_to_string(&file).unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();

    let code = |arguments: &[&str]| set_weight(arguments).status.code().unwrap();
    assert_eq!(code(&["--check", cfg, "shop", "canary", "0"]), 1);
    assert_eq!(code(&["--check", cfg, "shop", "canary", "25"]), 0);
    for (why, arguments, exit) in [
        ("no such server", ["", cfg, "shop", "nobody", "0"], 3),
        ("no such backend", ["", cfg, "shoe", "canary", "0"], 3),
        ("no such file", ["", "/nowhere/haproxy.cfg", "shop", "canary", "0"], 3),
        ("not a weight", ["", cfg, "shop", "canary", "257"], 2),
        ("not a number", ["", cfg, "shop", "canary", "0; reboot"], 2),
        ("done already", ["", cfg, "shop", "canary", "25"], 0),
    ] {
        assert_eq!(code(&arguments), exit, "{why}");
        assert_eq!((now().as_str(), files()), (text, 1), "{why}: nothing is written");
    }

    assert_eq!(code(&["", cfg, "shop", "canary", "0"]), 0);
    assert_eq!(now(), text.replace("weight 25 check", "weight 0 check"));
    assert_eq!(code(&["", cfg, "shop", "stable", "7"]), 0);
    assert!(
        now().contains("  server stable 127.0.0.1:2 weight 7\n"),
        "a weight that was not written is added"
    );
    assert_eq!(code(&["", cfg, "last", "canary", "0"]), 0);
    assert!(now().ends_with("  server canary 127.0.0.1:4 weight 0\n"));

    std::fs::write(&file, text.replace("timeout server", "timeout sever")).unwrap();
    let (broken, before) = (now(), files());
    let refused = set_weight(&["", cfg, "shop", "canary", "0"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("sever"), "it says why: {refused:?}");
    assert_eq!((now(), files()), (broken, before), "what HAProxy refuses does not take the file's place");
}
