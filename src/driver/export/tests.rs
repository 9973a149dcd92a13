//! What stands in the file, who may read it, and that nothing unreadable is passed over in silence.

use super::*;
use crate::journal::access::Sharing;
use crate::session::decision::{Kind, Rules};
use crate::supervisor::person;
use std::os::unix::fs::PermissionsExt;

fn setup(folder: &Path) -> Setup {
    let mut playbook = crate::model::playbook::Playbook::default();
    playbook.service.name = "shop".into();
    Setup {
        playbook,
        hash: String::new(),
        environment: "production".into(),
        folder: folder.join("shop@production"),
        watch: Vec::new(),
        demo: None,
        read_only: false,
    }
}

fn note(setup: &Setup, text: &str) {
    let kind = Kind::Noted { text: text.into(), who: person(), to: None };
    decisions::append(&setup.folder, &Rules::default(), &kind).unwrap().unwrap();
}

fn only_file(setup: &Setup) -> (PathBuf, String) {
    let files: Vec<_> = std::fs::read_dir(setup.folder.join("exports")).unwrap().flatten().collect();
    assert_eq!(files.len(), 1, "no temporary file stays: {files:?}");
    let path = files[0].path();
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn all_that_is_on_record_is_written_and_what_the_screen_saw() {
    let dir = tempfile::tempdir().unwrap();
    let setup = setup(dir.path());
    for n in 0..600 {
        note(&setup, &format!("note {n}"));
    }
    let seen = Happening { wall: 1, kind: "stale".into(), text: "Memory".into(), ..Happening::default() };
    let said = export(&setup, Form::Json, vec![seen]).unwrap();
    let (path, text) = only_file(&setup);
    let (folder, name) = (path.parent().unwrap().display(), path.file_name().unwrap().display());
    assert_eq!(said, format!("601 events: {name} in {folder}"));
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 601, "more than a screen keeps");
    assert_eq!((all[0]["kind"].as_str(), all[600]["text"].as_str()), (Some("stale"), Some("note 599")));
    assert_eq!(all[600]["record"].as_u64(), Some(600));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn in_a_shared_folder_the_group_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let setup = setup(dir.path());
    note(&setup, "x");
    std::fs::set_permissions(&setup.folder, std::fs::Permissions::from_mode(0o2770)).unwrap();
    assert_eq!(Sharing::of(&setup.folder).unwrap(), Sharing::Group);
    export(&setup, Form::Csv, Vec::new()).unwrap();
    let (path, text) = only_file(&setup);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn nothing_on_record_is_an_empty_file_and_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let setup = setup(dir.path());
    export(&setup, Form::Markdown, Vec::new()).unwrap();
    assert!(only_file(&setup).1.contains("0 events"));
}

#[test]
fn a_run_that_cannot_be_read_is_named_and_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let setup = setup(dir.path());
    note(&setup, "before");
    let run = setup.folder.join("runs/1121-0314-c");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(run.join("plan.json"), "{}").unwrap();
    let stream = on_record(&setup).unwrap();
    assert_eq!(stream.len(), 2);
    assert!(
        stream[1].text.contains("1121-0314-c cannot be read") && stream[1].sign() == Some('!'),
        "{stream:#?}"
    );
}

#[test]
fn a_damaged_log_is_refused_by_its_line_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let setup = setup(dir.path());
    note(&setup, "one");
    note(&setup, "two");
    let path = decisions::path(&setup.folder);
    let text = std::fs::read_to_string(&path).unwrap().replace("\"one\"", "\"won\"");
    std::fs::write(&path, text).unwrap();
    let why = export(&setup, Form::Json, Vec::new()).unwrap_err();
    assert!(why.contains("line 2") || why.contains(":2"), "{why}");
    assert!(!setup.folder.join("exports").exists());
}

#[test]
fn what_a_decider_records_is_not_told_twice() {
    let seen = |kind: &str| Happening { kind: kind.into(), ..Happening::default() };
    assert!(["pending", "stale", "silent", "back", "host"].iter().all(|k| is_only_seen(&seen(k))));
    assert!(!["firing", "cleared", "run", "step 1"].iter().any(|k| is_only_seen(&seen(k))));
}
