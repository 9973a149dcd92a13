//! `audit`, `bundle` and `runs`, as a person calls them: a real run, a broken copy of its records, and what is said of it.

use crate::run::{Case, VERIFY, eventually, quick};
use ripcord::run::Verdict;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

struct Lab {
    case: Case,
    id: String,
}

impl Lab {
    fn new() -> Lab {
        let mut case = Case::new(&[quick("one"), VERIFY.to_owned()]);
        let (run, _) = case.start();
        assert_eq!(run.verdict(), Verdict::Verified);
        let noted = case.ripcord(&["note", "=1+1"]).output().unwrap();
        assert!(noted.status.success());
        Lab { id: run.plan.id.clone(), case }
    }

    /// Exit code and output, over a state folder.
    fn over(&self, root: &Path, words: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command
            .args(words)
            .arg("--state-dir")
            .arg(root)
            .current_dir(root)
            .stdin(Stdio::null())
            .env("HOME", root);
        for name in ["RIPCORD_CONFIG", "RIPCORD_ENV", "RIPCORD_STATE_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        let out = command.output().unwrap();
        let text = [out.stdout.as_slice(), &out.stderr].concat();
        (out.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
    }

    fn say(&self, words: &[&str]) -> (i32, String) {
        self.over(self.case.dir.path(), words)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (a, b) = (entry.path(), to.join(entry.file_name()));
        match a.is_dir() {
            true => copy(&a, &b),
            false => drop(fs::copy(a, b).unwrap()),
        }
    }
}

#[test]
fn verify_names_the_first_broken_record_of_a_copy_and_finds_what_was_cut() {
    let lab = Lab::new();
    let heads = lab.case.dir.path().join("heads");
    let (code, text) = lab.say(&["audit", "verify", "--write-heads", heads.to_str().unwrap()]);
    assert!(code == 0 && text.contains("logs are whole") && text.contains("A chain shows damage"), "{text}");
    let broken = tempfile::tempdir().unwrap();
    copy(&lab.case.home(), &broken.path().join("shop@here"));
    let heads = heads.to_str().unwrap();
    let verify = |words: &[&str]| lab.over(broken.path(), &[&["audit", "verify"], words].concat());
    let (code, text) = verify(&["--heads", heads]);
    assert!(code == 0 && text.contains("2 of them are vouched for"), "{text}");

    let journal = broken.path().join("shop@here/runs").join(&lab.id).join("journal.jsonl");
    let whole = fs::read_to_string(&journal).unwrap();
    let mut lines: Vec<&str> = whole.lines().collect();
    let changed = lines[2].replace("\"wall\":1", "\"wall\":2");
    lines[2] = &changed;
    fs::write(&journal, lines.join("\n") + "\n").unwrap();
    let (code, text) = verify(&["shop"]);
    assert_eq!(code, 9, "{text}");
    assert!(text.contains("journal.jsonl:4 (sequence 4): hash:"), "{text}");
    let (code, text) = verify(&["--json"]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, document["whole"].as_bool()), (9, Some(false)));
    assert_eq!(
        (&document["findings"][0]["line"], &document["findings"][0]["what"]),
        (&4.into(), &"hash".into())
    );

    // Cut between two records: the chain is whole, and only the head that was kept knows.
    let cut: String = whole.lines().take(3).map(|l| format!("{l}\n")).collect();
    fs::write(&journal, cut).unwrap();
    assert_eq!(verify(&[]).0, 0);
    let (code, text) = verify(&["--heads", heads]);
    assert!(code == 9 && text.contains("cut short"), "{text}");
    let (code, text) = verify(&["shpo"]);
    assert!(code == 2 && text.contains("did you mean `shop`"), "{text}");
}

#[test]
fn everything_is_exported_and_a_run_is_bundled_and_both_can_be_checked() {
    let lab = Lab::new();
    let (code, text) = lab.say(&["audit", "export"]);
    let rows: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(
        code == 0
            && rows.iter().any(|r| r["kind"] == "RunFinished")
            && rows.iter().any(|r| r["kind"] == "Noted")
    );
    let (code, text) = lab.say(&["audit", "export", "--format", "csv", "--since", "1h"]);
    assert!(code == 0 && text.lines().count() == rows.len() + 1 && !text.contains(",=1"), "{text}");

    let (code, text) = lab.say(&["bundle", &lab.id[..14]]);
    assert!(code == 0 && text.contains("manifest "), "{text}");
    let file = lab.case.dir.path().join(format!("{}.tar.zst", lab.id));
    let (code, text) = lab.say(&["audit", "verify", file.to_str().unwrap()]);
    assert!(code == 0 && text.contains("Every file is as the manifest names it"), "{text}");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (code, text) = lab.say(&["audit", "verify", file.to_str().unwrap()]);
    assert!(code == 9 && text.contains("DAMAGED"), "{text}");
    let (code, text) = lab.say(&["bundle", "9"]);
    assert!(code == 2 && text.contains("no run is named"), "{text}");
    assert!(!lab.case.dir.path().join("9.tar.zst").exists());
}

#[test]
fn runs_of_all_services_are_listed_filtered_and_shown() {
    let lab = Lab::new();
    let (code, text) = lab.say(&["runs"]);
    assert!(code == 0 && text.contains(&lab.id) && text.contains("shop ▸ here"), "{text}");
    assert!(text.lines().filter(|l| !l.contains("report ")).all(|l| l.chars().count() <= 80), "{text}");
    let count = |words: &[&str]| {
        let (code, text) = lab.say(&[&["runs", "--json"], words].concat());
        assert_eq!(code, 0, "{text}");
        serde_json::from_str::<serde_json::Value>(&text).unwrap().as_array().unwrap().len()
    };
    let me = ripcord::supervisor::person().user;
    assert_eq!(
        count(&["--service", "shop", "--verdict", "verified", "--by", &me, "--since", "1h", "--env", "here"]),
        1
    );
    for none in [
        &["--verdict", "failed"][..],
        &["--by", "nobody-else"],
        &["--until", "2020-01-01"],
        &["--drills"],
        &["--env", "x"],
    ] {
        assert_eq!(count(none), 0, "{none:?}");
    }
    let (code, text) = lab.say(&["runs", "show", &lab.id[..12]]);
    assert!(code == 0 && text.contains("verified") && text.contains("one: "), "{text}");
    let (code, text) = lab.say(&["runs", "show", &lab.id, "--json"]);
    assert!(code == 0 && serde_json::from_str::<serde_json::Value>(&text).unwrap()[0]["about"].is_string());
    let near = lab.id.replace("-c-", "-d-");
    let (code, text) = lab.say(&["runs", "show", &near]);
    assert!(code == 2 && text.contains("did you mean") && text.contains(&lab.id), "{text}");
    let (code, text) = lab.say(&["runs", "--service", "other"]);
    assert!(code == 2 && text.contains("there is shop"), "{text}");
}

#[test]
fn a_run_sends_its_records_to_whom_the_configuration_names() {
    let case = Case::new(&[quick("one"), VERIFY.to_owned()]);
    let (path, config) = (case.dir.path().join("journald"), case.dir.path().join("config.toml"));
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    fs::write(&config, format!("[audit]\nforward = [{{ journald = \"{}\" }}]\n", path.display())).unwrap();
    let mut run = case.ripcord(&["run", "back", "--yes", "--config", config.to_str().unwrap()]);
    let out = run.env("HOME", case.dir.path()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (mut got, mut bytes) = (Vec::new(), vec![0; 300_000]);
    eventually("the last record at the receiver", || {
        while let Ok(n) = socket.recv(&mut bytes) {
            got.push(String::from_utf8_lossy(&bytes[..n]).into_owned());
        }
        got.iter().any(|g: &String| g.contains("\nRIPCORD_KIND=RunFinished\n")).then_some(())
    });
    let journal = fs::read_to_string(case.only_run().dir.join("journal.jsonl")).unwrap();
    let sent = got.iter().filter(|g| g.contains("\nRIPCORD_LOG=run ")).count();
    assert_eq!(sent, journal.lines().count(), "each record once");
    for (line, sent) in journal.lines().zip(&got) {
        assert!(sent.contains(line), "in order, byte for byte: {sent}");
    }
}

#[test]
fn a_bundle_that_is_interrupted_leaves_no_file() {
    let log = "[logs.slow]\ntitle = \"Slow\"\nrun = [\"sh\", \"-c\", \"touch began; sleep 60\"]\n";
    let follow = "follow = [\"slow\"]\n".to_owned();
    let mut case = Case::new(&[follow, quick("one"), VERIFY.to_owned(), log.to_owned()]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified);
    let mut bundle = Command::new(env!("CARGO_BIN_EXE_ripcord"));
    bundle.args(["bundle", &run.plan.id, "--output", "b.tar.zst", "--state-dir"]).arg(case.dir.path());
    bundle
        .current_dir(case.dir.path())
        .env("HOME", case.dir.path())
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let child = bundle.spawn().unwrap();
    eventually("the slow log", || case.work("began").exists().then_some(()));
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(3) && said.contains("nothing is left behind"), "{said}");
    let left = fs::read_dir(case.dir.path())
        .unwrap()
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned());
    assert_eq!(left.filter(|n| n.contains("tar.zst")).count(), 0);
}
