//! `ripcord check`: every broken file is refused where it is broken, every good one is accepted.

use ripcord::config::check::{self, Format};
use ripcord::config::playbook;
use ripcord::config::problem::{Problem, Severity};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

fn no_themes(_: &str, _: &str) -> Vec<Problem> {
    Vec::new()
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| p.render(false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn every_kind_of_mistake_is_refused_at_its_line_with_a_hint() {
    let files = toml_files(&fixtures().join("invalid"));
    assert!(files.len() >= 30, "only {} kinds of mistakes", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let src = std::fs::read_to_string(file).unwrap();
        let mut head = src.lines();
        let phrase =
            head.next().and_then(|l| l.strip_prefix("# expects: ")).expect("first line: # expects: PHRASE");
        let line: usize = head
            .next()
            .and_then(|l| l.strip_prefix("# line: "))
            .expect("second line: # line: N")
            .parse()
            .unwrap();
        assert!(!phrase.is_empty(), "{}", file.display());
        let problems = match playbook::load(file) {
            Ok(_) => {
                wrong.push(format!("{} was accepted", file.display()));
                continue;
            }
            Err(p) => p,
        };
        let first = problems.iter().find(|p| p.severity == Severity::Error).unwrap();
        let as_expected = first.message.contains(phrase) && first.line == line;
        if !as_expected || problems.iter().any(|p| p.hint.is_empty() || p.column == 0) {
            wrong.push(format!(
                "{}: wanted `{phrase}` on line {line}, was told\n{}",
                file.display(),
                told(&problems)
            ));
        }
        let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
        if errors != 1 {
            wrong.push(format!(
                "{}: one mistake was told {errors} times\n{}",
                file.display(),
                told(&problems)
            ));
        }
        let code =
            check::run(std::slice::from_ref(file), Format::Text, false, &no_themes, &mut std::io::sink());
        assert_eq!(code, 2, "{}", file.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_good_and_every_shipped_playbook_is_accepted() {
    let mut files = toml_files(&fixtures());
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/playbooks");
    if shipped.is_dir() {
        files.extend(toml_files(&shipped));
    }
    assert!(!files.is_empty());
    for file in files {
        if let Err(p) = playbook::load(&file) {
            panic!("{}", told(&p));
        }
    }
}

/// `format/` holds two whole systems written in the format, beyond what is carried out today.
#[test]
fn the_whole_format_is_known_and_what_is_not_carried_out_is_said() {
    let files = toml_files(&fixtures().join("format"));
    assert_eq!(files.len(), 2);
    for file in files {
        let problems =
            playbook::load(&file).expect_err("when all of it is carried out, this test has done its work");
        for p in problems.iter().filter(|p| p.severity == Severity::Error) {
            assert!(p.message.contains("not supported by this version yet"), "{}", p.render(false));
        }
    }
}

#[test]
fn the_example_configuration_is_accepted() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    let mut out = Vec::new();
    let code = check::run(&[example], Format::Text, false, &no_themes, &mut out);
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&out));
}

#[test]
fn json_says_the_same_as_the_text() {
    let file = fixtures().join("invalid/unknown-key-in-step.toml");
    let mut out = Vec::new();
    assert_eq!(check::run(&[file], Format::Json, false, &no_themes, &mut out), 2);
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let p = &told[0];
    assert_eq!(p["severity"], "error");
    assert_eq!(p["near"], "timeout");
    assert_eq!(p["hint"], "did you mean `timeout`?");
    assert_eq!((&p["column"], &p["end_column"]), (&1.into(), &8.into()));
    assert!(p["file"].as_str().unwrap().ends_with("unknown-key-in-step.toml"));
}

/// A diagnostic as a person sees it, with the path cut to its last part.
fn shown(name: &str) -> String {
    let file = fixtures().join("invalid").join(name);
    let src = std::fs::read_to_string(&file).unwrap();
    told(&playbook::parse(&src, name).unwrap_err())
}

#[test]
fn diagnostics_look_like_a_compilers() {
    insta::assert_snapshot!("unknown_key", shown("unknown-key-in-step.toml"));
    insta::assert_snapshot!("condition_over_lines", shown("bad-condition-multiline.toml"));
    insta::assert_snapshot!("dangling_reference", shown("dangling-procedure.toml"));
}
