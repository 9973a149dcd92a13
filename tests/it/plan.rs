//! From a procedure to a plan, by the command line: what is shown, what is refused, and that nothing is changed by it.

use ripcord::config::playbook;
use ripcord::model::resolve::resolve;
use ripcord::run::sheet::sheet;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PLAYBOOK: &str = r#"
schema = 1
[service]
name = "shop"
owner = "ana"

[vars]
dir = "DIR"

[environments.lab]
tone = "calm"
confirm = "key"
cwd = "{{ dir }}"
prove = { run = ["cat", "where"], expect = { stdout = "lab" } }

[verifications.good]
title = "Good"
within = "5s"
criteria = [{ text = "The file says so", run = ["grep", "SHARE=0", "{{ dir }}/flags.env"] }]

[procedures.back]
title = "Back"
key = "b"
use_when = "It is bad"
expect = { duration = "1m", downtime = "none", data_loss = "none" }
preflight = [{ text = "There is a flag", run = ["test", "-e", "ready"] }]
phases = [{ id = "act", title = "Acting", budget = "1m" }]
[procedures.back.params.backup]
title = "Backup"
pick = "none"
files = { glob = "{{ dir }}/backup-*.tar", sort = "newest", pattern = 'backup-(?<value>(?<time>\d{4}-\d\d-\d\d))\.tar$', time_format = "%Y-%m-%d" }
[procedures.back.params.dump]
title = "Dump first"
switch = false
[[procedures.back.steps]]
phase = "act"
name = "Dump"
when = "$dump"
run = ["touch", "dumped"]
timeout = "5s"
[[procedures.back.steps]]
name = "Flags"
edit = { file = "{{ dir }}/flags.env", format = "env", set = { SHARE = "0" } }
[[procedures.back.steps]]
name = "Restore {{ backup }}"
run = ["touch", "restored {{ backup }}"]
timeout = "5s"
dry_run = ["echo", "would restore", "{{ backup }}"]
[[procedures.back.steps.fallback]]
name = "Restore by hand"
run = ["touch", "by-hand"]
timeout = "5s"
[[procedures.back.steps]]
name = "Good"
verify = "good"
"#;

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Lab {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let text = PLAYBOOK.replace("DIR", &dir.path().to_string_lossy());
        std::fs::write(at("shop.toml"), text).unwrap();
        std::fs::write(at("where"), "lab\n").unwrap();
        std::fs::write(at("ready"), "").unwrap();
        std::fs::write(at("flags.env"), "# flags\nSHARE=50\n").unwrap();
        for day in ["2025-01-02", "2025-03-04"] {
            std::fs::write(at(&format!("backup-{day}.tar")), "12345").unwrap();
        }
        Lab { dir }
    }

    fn ripcord(&self, args: &[&str]) -> (i32, String) {
        let playbook = self.dir.path().join("shop.toml");
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_ripcord"))
            .args(args)
            .arg(&playbook)
            .arg("--state-dir")
            .arg(self.dir.path().join("state"))
            .env_remove("RIPCORD_ENV")
            .env_remove("RIPCORD_CONFIG")
            .env("XDG_CONFIG_HOME", self.dir.path().join("config"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        (status.code().unwrap(), text)
    }

    /// Every file below the folder, with its content.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn below(dir: &Path, out: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => below(&entry.path(), out),
                    false => drop(out.insert(entry.path(), std::fs::read(entry.path()).unwrap())),
                }
            }
        }
        let mut out = BTreeMap::new();
        below(self.dir.path(), &mut out);
        out
    }
}

#[test]
fn a_dry_run_says_everything_and_changes_nothing() {
    let lab = Lab::new();
    let before = lab.files();
    let (code, said) = lab.ripcord(&["run", "b", "--param", "backup=2025-01-02", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(lab.files(), before, "a dry run changed something:\n{said}");
    for wanted in [
        "cat where: ",
        "(proved)",
        "ok There is a flag",
        "Acting (1m)",
        "    1  Dump: touch dumped",
        "when dump is off  (left out now",
        "| -SHARE=50",
        "| +SHARE=0",
        "    3  Restore 2025-01-02: touch 'restored 2025-01-02'",
        "   3b  else Restore by hand: touch by-hand",
        "tried 3  echo 'would restore' 2025-01-02: exit 0",
        "| would restore 2025-01-02",
        "would 1  touch dumped  (would be left out: ",
        "would 2  edit ",
        "would 3b  touch by-hand  (only if step 3 fails)",
        "size 5 B",
    ] {
        let wanted = wanted.trim_start_matches("size ");
        assert!(said.contains(wanted), "`{wanted}` in\n{said}");
    }
}

#[test]
fn what_must_be_chosen_is_listed_and_nothing_starts() {
    let lab = Lab::new();
    let before = lab.files();
    let (code, said) = lab.ripcord(&["run", "back", "--yes"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("choose `backup`") && said.contains("--param backup=VALUE"), "{said}");
    let (new, old) = (said.find("2025-03-04").unwrap(), said.find("2025-01-02").unwrap());
    assert!(new < old, "newest first:\n{said}");
    let (code, said) = lab.ripcord(&["run", "back", "--yes", "--param", "backup=2024-01-01"]);
    assert!(code == 3 && said.contains("there is no 2024-01-01"), "{said}");
    assert_eq!(lab.files(), before);
}

#[test]
fn a_failed_check_blocks_and_a_reason_overrides_it_but_never_the_target() {
    let lab = Lab::new();
    std::fs::remove_file(lab.dir.path().join("ready")).unwrap();
    let args = ["run", "back", "--param", "backup=2025-01-02", "--dry-run"];
    let (code, said) = lab.ripcord(&args);
    assert!(
        code == 3 && said.contains("There is a flag: does not hold") && said.contains("--override"),
        "{said}"
    );
    let with: Vec<&str> = args.iter().copied().chain(["--override", "the flag is old"]).collect();
    let (code, said) = lab.ripcord(&with);
    assert!(code == 0 && said.contains("override  the flag is old"), "{said}");
    std::fs::write(lab.dir.path().join("where"), "elsewhere\n").unwrap();
    let (code, said) = lab.ripcord(&with);
    assert!(code == 3 && said.contains("NOT PROVED"), "{said}");
}

/// Whether `sh` takes a text as a script, without running it.
fn is_sh(text: &str) -> Result<(), String> {
    let mut sh = Command::new("sh")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    sh.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let out = sh.wait_with_output().unwrap();
    match out.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
    }
}

/// The commands of a sheet, one by one.
fn commands(sheet: &str) -> Vec<String> {
    let (mut out, mut open) = (Vec::new(), String::new());
    for line in sheet.lines().filter(|l| !l.is_empty()) {
        if open.is_empty() && line.starts_with('#') {
            continue;
        }
        open.push_str(line);
        open.push('\n');
        if !line.ends_with('\\') && is_sh(&open).is_ok() {
            out.push(std::mem::take(&mut open));
        }
    }
    assert!(open.is_empty(), "never ends: {open}");
    out
}

#[test]
fn the_panic_sheet_is_plain_text_that_sh_understands() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files = vec![fixtures.join("every-kind.toml")];
    files.extend(std::fs::read_dir(fixtures.join("format")).unwrap().map(|f| f.unwrap().path()));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/playbooks");
    files.extend(std::fs::read_dir(shipped).unwrap().map(|f| f.unwrap().path()));
    let mut sheets = 0;
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "toml")) {
        let Ok(loaded) = playbook::load(file) else { continue };
        for environment in loaded.playbook.environments.keys() {
            let resolved = resolve(&loaded.playbook, environment, &Default::default()).unwrap();
            let text = sheet(&resolved, environment, "now");
            let name = file.display();
            if let Some(line) = text.lines().find(|l| l.len() > 80 || !l.is_ascii()) {
                panic!("{name}: {} columns: {line}", line.len());
            }
            is_sh(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
            assert!(commands(&text).len() > 10, "{name}: {text}");
            assert!(!text.contains("{{"), "{name}: a template stands in it\n{text}");
            sheets += 1;
        }
    }
    assert!(sheets >= 3, "only {sheets} sheets");
}

#[test]
fn the_panic_sheet_names_secrets_and_what_must_be_chosen() {
    let lab = Lab::new();
    let (code, said) = lab.ripcord(&["panic-sheet"]);
    assert_eq!(code, 0, "{said}");
    for wanted in [
        "# ==== Back (b) ====",
        "  : \"${backup:?choose it first}\"",
        "ls -ldt ",
        "  touch 'restored '\"${backup}\"",
        "# 3b. Restore by hand",
        "only if step 3 failed",
        "only when dump is true",
        "`SHARE`",
        "  dump=false",
    ] {
        assert!(said.contains(wanted), "`{wanted}` in\n{said}");
    }
    // What is printed does what is meant: the shell puts the chosen value into one argument.
    let line = said.lines().find(|l| l.contains("'restored '")).unwrap();
    let script = format!("backup='2025 x'; cd \"$1\"; {line}");
    let done = Command::new("sh").args(["-c", &script, "sh"]).arg(lab.dir.path()).status().unwrap();
    assert!(done.success() && lab.dir.path().join("restored 2025 x").exists());
}

#[test]
fn nobody_is_told_to_give_what_can_only_be_read() {
    let state = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playbooks/haproxy-canary.toml");
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_ripcord"))
        .args([
            "run",
            "c",
            shipped,
            "--env",
            "production",
            "--dry-run",
            "--var",
            "haproxy_socket=/nonexistent",
        ])
        .arg("--state-dir")
        .arg(state.path())
        .output()
        .unwrap();
    let (said, why) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(3));
    assert!(why.contains("`weight` cannot be read") && !said.contains("--param"), "{said}{why}");
}
