//! What becomes of a file, by every format, after every crash, and when somebody else changed it meanwhile.

use super::*;
use crate::journal::{Disk, real, recording::Recording};
use crate::model::playbook::{Change, FileEdit, FileFormat, FileWrite, Secret};
use crate::model::template::Template;
use crate::run::Outcome;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn none() -> Secrets {
    Secrets::new(Default::default())
}

fn set(file: &str, key: &str, value: &str) -> StepKind {
    let change = Change::Set([(key.to_owned(), Template::from(value))].into_iter().collect());
    StepKind::Edit(FileEdit { file: file.into(), format: FileFormat::Env, change })
}

fn write(file: &str, content: &str) -> StepKind {
    StepKind::Write(FileWrite { file: file.into(), content: content.into(), mode: None, backup: true })
}

fn plan(kind: &StepKind, dir: &Path) -> Planned {
    plan_change(kind, dir, "0131-081500", &none()).unwrap()
}

fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_file_is_changed_in_one_move_and_the_old_one_kept_with_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app.env");
    fs::write(&file, "A=1\nB=2\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("app.env", dir.path().join("current")).unwrap();
    let planned = plan(&set("current", "A", "0"), dir.path());
    assert_eq!(planned.change.path, file.canonicalize().unwrap().to_str().unwrap());
    assert!(planned.diff.contains("-A=1\n+A=0\n B=2\n"), "{}", planned.diff);
    assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\nB=2\n", "planning changes nothing");
    assert!(matches!(conclude(&planned.change), Outcome::NotStarted { .. }));
    assert!(matches!(apply(&*real(), &planned), Outcome::Success { .. }));
    assert_eq!(fs::read_to_string(&file).unwrap(), "A=0\nB=2\n");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    let kept = dir.path().join("app.env.before-0131-081500");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "A=1\nB=2\n");
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(files(dir.path()), ["app.env", "app.env.before-0131-081500", "current"]);
    assert!(dir.path().join("current").symlink_metadata().unwrap().is_symlink());
    assert!(matches!(conclude(&planned.change), Outcome::Success { .. }));
}

#[test]
fn what_is_so_already_is_not_written_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("f"), "A=0\n").unwrap();
    let planned = plan(&set("f", "A", "0"), dir.path());
    assert_eq!((planned.change.kept.clone(), planned.diff.as_str()), (None, ""));
    let Outcome::Success { detail } = apply(&*real(), &planned) else { panic!() };
    assert!(detail.contains("so already"), "{detail}");
    assert_eq!(files(dir.path()), ["f"]);
}

#[test]
fn a_file_that_somebody_else_changed_meanwhile_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    fs::write(&file, "A=1\n").unwrap();
    let planned = plan(&set("f", "A", "0"), dir.path());
    fs::write(&file, "A=7\n").unwrap();
    let Outcome::Failure { detail } = apply(&*real(), &planned) else { panic!() };
    assert!(detail.contains("somebody else") && detail.contains("nothing was written"), "{detail}");
    assert_eq!((fs::read_to_string(&file).unwrap().as_str(), files(dir.path()).len()), ("A=7\n", 1));
    assert!(matches!(conclude(&planned.change), Outcome::Unknown { .. }));
    // One that was not there, and is now.
    let planned = plan(&write("new", "mine"), dir.path());
    fs::write(dir.path().join("new"), "theirs").unwrap();
    assert!(matches!(apply(&*real(), &planned), Outcome::Failure { .. }));
    assert_eq!(fs::read_to_string(dir.path().join("new")).unwrap(), "theirs");
}

#[test]
fn a_kept_file_is_never_replaced_and_never_kept_twice() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    fs::write(&file, "A=1\n").unwrap();
    assert!(matches!(apply(&*real(), &plan(&set("f", "A", "2"), dir.path())), Outcome::Success { .. }));
    assert!(matches!(apply(&*real(), &plan(&set("f", "A", "3"), dir.path())), Outcome::Success { .. }));
    fs::write(&file, "A=1\n").unwrap();
    let again = plan(&set("f", "A", "4"), dir.path());
    assert!(again.change.kept.as_ref().unwrap().ends_with("f.before-0131-081500"), "{:?}", again.change);
    assert!(matches!(apply(&*real(), &again), Outcome::Success { .. }));
    assert_eq!(files(dir.path()), ["f", "f.before-0131-081500", "f.before-0131-081500-2"]);
    assert_eq!(fs::read_to_string(dir.path().join("f.before-0131-081500")).unwrap(), "A=1\n");
    assert_eq!(fs::read_to_string(dir.path().join("f.before-0131-081500-2")).unwrap(), "A=2\n");
}

#[test]
fn what_must_not_be_rewritten_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |kind: &StepKind| plan_change(kind, dir.path(), "s", &none()).unwrap_err();
    assert!(refused(&set("nothing", "A", "1")).contains("no such file"));
    assert!(refused(&write("no/folder", "x")).contains("no"));
    assert!(refused(&write(".", "x")).contains("not a regular file"));
    fs::write(dir.path().join("f"), "A=1\n").unwrap();
    fs::hard_link(dir.path().join("f"), dir.path().join("g")).unwrap();
    assert!(refused(&set("f", "A", "2")).contains("hard links"));
    symlink("/nonexistent/x", dir.path().join("l")).unwrap();
    assert!(refused(&write("l", "x")).contains("leads nowhere"));
}

#[test]
fn secrets_are_written_and_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("token"), "hunter22\n").unwrap();
    fs::write(dir.path().join("other"), "s3cr3t-value").unwrap();
    let place = |f: &str| Secret::File(dir.path().join(f).to_string_lossy().into_owned());
    let places = [("t".to_owned(), place("token")), ("o".to_owned(), place("other"))];
    let secrets = Secrets::new(places.into_iter().collect());
    fs::write(dir.path().join("f"), "O=s3cr3t-value\nDB_PASSWORD=abc\n").unwrap();
    let kind = write("f", "T={{ secret.t }}\nO=s3cr3t-value\nDB_PASSWORD=abc\n\x1b[31m\n");
    let planned = plan_change(&kind, dir.path(), "s", &secrets).unwrap();
    assert!(planned.diff.contains("+T=[masked]"), "{}", planned.diff);
    for hidden in ["hunter22", "s3cr3t", "abc", "\x1b"] {
        assert!(!planned.diff.contains(hidden), "{hidden} in {}", planned.diff);
    }
    assert!(matches!(apply(&*real(), &planned), Outcome::Success { .. }));
    assert!(fs::read_to_string(dir.path().join("f")).unwrap().starts_with("T=hunter22\n"));
    // A new file with a secret is for its owner alone.
    let planned = plan_change(&write("n", "{{ secret.t }}"), dir.path(), "s", &secrets).unwrap();
    assert!(matches!(apply(&*real(), &planned), Outcome::Success { .. }));
    assert_eq!(fs::metadata(dir.path().join("n")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_crash_anywhere_leaves_the_old_file_or_the_new_one_and_the_hashes_tell_which() {
    for (old, kind) in [(Some("A=1\n"), set("f", "A", "0")), (None, write("f", "whole"))] {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let disk = Recording::new(&root);
        if let Some(old) = old {
            crate::journal::write_new(&disk, &root.join("f"), old.as_bytes(), 0o644).unwrap();
            disk.sync_dir(&root).unwrap();
        }
        let first = disk.count();
        let planned = plan(&kind, &root);
        assert!(matches!(apply(&disk, &planned), Outcome::Success { .. }));
        let new = String::from_utf8(planned.new.clone()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for crash in disk.crashes().into_iter().filter(|c| c.after >= first) {
            let at = tempfile::tempdir().unwrap();
            crash.build(at.path());
            let file = at.path().join("f");
            let found = fs::read_to_string(&file).ok();
            assert!(found.as_deref() == old || found.as_deref() == Some(&new), "{}: {found:?}", crash.label);
            let change = FileChange { path: file.to_string_lossy().into_owned(), ..planned.change.clone() };
            let (kept, told) = (at.path().join("f.before-0131-081500"), conclude(&change));
            match found.as_deref() == Some(&new) {
                true => assert!(matches!(told, Outcome::Success { .. }), "{}", crash.label),
                false => assert!(matches!(told, Outcome::NotStarted { .. }), "{}", crash.label),
            }
            if let (Some(old), true) = (old, found.as_deref() == Some(&new)) {
                assert_eq!(fs::read_to_string(&kept).unwrap(), old, "{}", crash.label);
            }
            // Whatever is left, the next attempt gets there.
            if found.as_deref() == old {
                let again = plan(&kind, at.path());
                assert!(matches!(apply(&*real(), &again), Outcome::Success { .. }), "{}", crash.label);
                assert_eq!(fs::read_to_string(&file).unwrap(), new, "{}", crash.label);
                assert!(files(at.path()).len() <= 2, "{}: {:?}", crash.label, files(at.path()));
            }
            seen.insert(found);
        }
        assert_eq!(seen.len(), 2);
    }
}

#[test]
fn a_failing_disk_leaves_the_old_file_and_says_so() {
    for operation in ["create", "append", "sync_file", "link", "rename"] {
        for skip in 0..2 {
            let root = tempfile::tempdir().unwrap();
            let root = root.path().canonicalize().unwrap();
            let disk = Recording::new(&root);
            fs::write(root.join("f"), "A=1\n").unwrap();
            let planned = plan(&set("f", "A", "0"), &root);
            disk.fail(operation, skip, rustix::io::Errno::NOSPC);
            match apply(&disk, &planned) {
                Outcome::Failure { detail } => {
                    assert!(detail.contains("nothing was written"), "{operation}: {detail}");
                    assert_eq!(fs::read_to_string(root.join("f")).unwrap(), "A=1\n");
                }
                // There are not that many of this operation.
                other => {
                    assert!(matches!(other, Outcome::Success { .. }) && skip > 0, "{operation}: {other:?}")
                }
            }
            assert!(files(&root).iter().all(|f| !f.starts_with('.')), "{operation}: {:?}", files(&root));
        }
    }
}
