//! Recorded files, good and broken.

use super::*;

fn playbook() -> Playbook {
    let text = "schema = 1\n[service]\nname = \"a\"\ntitle = \"A\"\nowner = \"@a\"\n[environments.e]\ntone = \"calm\"\n\
         [sources.s]\nhttp = { url = \"http://127.0.0.1:9\" }\n\
         [signals.x]\nsource = \"s\"\njson = \"/x\"\nunit = \"score\"\n\
         [signals.y]\nsource = \"s\"\njson = \"/y\"\nunit = \"score\"\n\
         [signals.z]\nexpr = \"x * 2\"\nunit = \"score\"\n";
    crate::config::playbook::parse(text, "a.toml").unwrap_or_else(|p| panic!("{p:#?}")).playbook
}

fn read(texts: &[&str]) -> Result<(Gathered, (i64, i64)), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |(i, text): (usize, &&str)| fs::write(folder.path().join(format!("{i}.jsonl")), text).unwrap();
    texts.iter().enumerate().for_each(write);
    from_files(&playbook(), &[folder.path().to_path_buf()])
}

#[test]
fn recorded_lines_become_tracks_in_the_order_of_time() {
    let (found, span) = read(&[
        "{\"at\":20,\"signal\":\"x\",\"value\":2}\n{\"at\":30,\"signal\":\"x\",\"error\":\"gone\\u001b[31m\"}\n",
        "{\"at\":10,\"signal\":\"x\",\"value\":1.5}\n\n{\"at\":40,\"signal\":\"w\",\"value\":1}\n{\"at\":50,\"sig",
    ])
    .unwrap();
    assert_eq!(span, (10, 40));
    let points =
        vec![(10, Ok(Value::Number(1.5))), (20, Ok(Value::Number(2.0))), (30, Err("gone".to_string()))];
    assert_eq!(found.tracks, [Track { signal: "x".into(), series: None, points }]);
    assert_eq!(found.signals["x"], Origin::Files(2));
    assert_eq!(found.signals["y"], Origin::Missing("not recorded".into()));
    assert_eq!(found.signals["z"], Origin::Computed);
    assert!(
        found.notes[0].ends_with("1.jsonl:4: the last line is torn and was left out"),
        "{:?}",
        found.notes
    );
    assert!(found.notes[1].ends_with("does not have: w (1)"), "{:?}", found.notes);
}

#[test]
fn a_broken_line_is_named_with_its_file_and_number() {
    for (line, says) in [
        ("nonsense", "expected"),
        ("{\"at\":1}", "signal"),
        ("{\"at\":1,\"signal\":\"x\"}", "neither"),
        ("{\"at\":1,\"signal\":\"x\",\"value\":1,\"error\":\"e\"}", "a value and an error"),
        ("{\"at\":1,\"signal\":\"x\",\"value\":[1]}", "a number or a text"),
    ] {
        let Err(Failed::File { place, why, hint }) = read(&[&format!("\n{line}\n")]) else {
            panic!("{line}")
        };
        assert!(place.ends_with("0.jsonl:2") && why.contains(says) && !hint.is_empty(), "{place}: {why}");
    }
    assert!(matches!(read(&["\n"]), Err(Failed::File { why, .. }) if why.contains("no sample")));
    let gone = from_files(&playbook(), &[PathBuf::from("/no/such/file.jsonl")]);
    assert!(matches!(gone, Err(Failed::File { place, .. }) if place == "/no/such/file.jsonl"));
}
