//! The shipped playbook of a canary behind HAProxy, against a real HAProxy and a real Prometheus.

mod backend;
mod lab;

use crate::components::{eventually, installed};
use lab::Lab;
use ripcord::config::playbook;
use ripcord::model::playbook::{ParamKind, Playbook, ReadingKind};
use std::path::Path;
use std::process::{Command, Output};
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
