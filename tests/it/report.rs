//! `ripcord report`: the example of a drill is what the program writes, a linter takes the Markdown, and a real run has its
//! report in every form.

use crate::components::{find, installed};
use crate::run::{Case, VERIFY, quick};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
/// The drill whose report is an example. `assets/examples/README.md` says how it is made anew.
const EXAMPLE: [&str; 12] = [
    "drill",
    "--headless",
    "--chaos",
    "error-spike",
    "--seed",
    "7",
    "--at",
    "2026-11-21T02:00:00Z",
    "--by",
    "ana",
    "lapce-ai-cst",
    "--report",
];
const FORMS: [&str; 3] = ["md", "json", "html"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples")
}

fn example(form: &str) -> String {
    format!("lapce-ai-cst-chaos-error-spike.{form}")
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

#[test]
fn the_example_is_what_the_program_writes_to_the_last_byte() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("report");
    let mut command = Command::new(RIPCORD);
    command.args(EXAMPLE).arg(&folder).arg("--state-dir").arg(home.path().join("state"));
    let out = command.env("HOME", home.path()).env_remove("RIPCORD_CONFIG").output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    for form in FORMS {
        let made = std::fs::read_to_string(folder.join(example(form))).unwrap();
        let kept = std::fs::read_to_string(examples().join(example(form))).unwrap_or_default();
        if made != kept {
            let at = made.lines().zip(kept.lines()).position(|(a, b)| a != b).unwrap_or_default();
            let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
            panic!(
                "{form}, line {}: assets/examples/README.md says how to make it anew\nnow:  {}\nkept: {}",
                at + 1,
                line(&made),
                line(&kept)
            );
        }
        assert!(made.lines().take(20).any(|l| l.contains("Drill of lapce-ai-cst")), "{form} says what it is");
    }
    let told = std::fs::read_to_string(examples().join("README.md")).unwrap();
    let words = EXAMPLE.join(" ");
    assert!(
        told.contains(&format!("ripcord {words} assets/examples")),
        "the page names another command than {words}"
    );
}

/// Lints files as CommonMark; what it says when it does not take them.
fn lint(files: &[PathBuf]) -> Result<(), String> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/report.markdownlint-cli2.yaml");
    let mut command = Command::new(find("markdownlint-cli2").unwrap());
    // A path is a pattern there: it is named as it is.
    let files = files.iter().map(|f| format!(":{}", f.display()));
    let out = command.arg("--config").arg(config).args(files).output().unwrap();
    if out.status.success() { Ok(()) } else { Err(said(&out)) }
}

#[test]
fn a_common_mark_linter_takes_the_markdown() {
    if !installed(&[("markdownlint-cli2", "npm: markdownlint-cli2")]) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let bad = home.path().join("bad.md");
    std::fs::write(&bad, "# One\n# Two\n* a\n   b  \n").unwrap();
    assert!(lint(&[bad]).is_err(), "the linter looks");
    lint(&[examples().join(example("md")), examples().join("README.md")]).unwrap();
    let mut case = Case::new(&[quick("a step | of `odd` *name*")]);
    let (run, _) = case.start();
    run.verdict();
    let report = run.dir.join("report.md");
    crate::run::eventually("the report", || report.is_file().then_some(()));
    lint(&[report]).unwrap();
}

#[test]
fn a_run_has_its_report_in_every_form_and_what_is_not_there_says_so() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let out = case.ripcord(&["report"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2), "{}", said(&out));
    assert!(said(&out).contains("there is no run yet\n  hint: "), "{}", said(&out));
    let (run, _) = case.start();
    run.verdict();
    let id = run.dir.file_name().unwrap().to_str().unwrap().to_owned();
    for (form, begins) in [("md", "# "), ("json", "{"), ("html", "<!DOCTYPE html>")] {
        let out = case.ripcord(&["report", &id, "--format", form]).output().unwrap();
        let text = said(&out);
        assert!(out.status.success() && text.starts_with(begins) && text.contains(&id), "{form}: {text}");
    }
    // Without a playbook it is looked for among all services; the newest run needs no name.
    for which in [&[&id[..id.len() - 1]][..], &[]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.arg("report").args(which).arg("--state-dir").arg(case.dir.path());
        let out = command.env("HOME", case.dir.path()).env_remove("RIPCORD_CONFIG").output().unwrap();
        assert!(out.status.success() && said(&out).contains(&id), "{which:?}: {}", said(&out));
    }
    let file = case.work("report.html");
    let words = ["report", "--format", "html", "--output", file.to_str().unwrap()];
    let out = case.ripcord(&words).output().unwrap();
    assert!(out.status.success() && said(&out).contains("the report is in "), "{}", said(&out));
    let text = std::fs::read_to_string(&file).unwrap();
    roxmltree::Document::parse_with_options(
        &text,
        roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
    )
    .unwrap();
    let out = case.ripcord(&["report", "nothing-of-that-name"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(
        said(&out).contains("no run, decision or incident is named `nothing-of-that-name`"),
        "{}",
        said(&out)
    );
}
