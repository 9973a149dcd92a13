//! Every kind of parameter, and every way a value can be wrong.

use super::*;
use crate::model::probe::{Ask, Expectation, Probe};
use crate::model::unit::Unit;

fn param(kind: ParamKind) -> Param {
    Param { title: "It".into(), kind, pick: Pick::First, unit: None, rehearse: Vec::new() }
}

fn ok(kind: ParamKind, value: &str) -> String {
    check("p", &param(kind), value).unwrap()
}

fn no(kind: ParamKind, value: &str) -> String {
    check("p", &param(kind), value).unwrap_err()
}

fn text(pattern: &str) -> ParamKind {
    ParamKind::Text { pattern: pattern.into(), prefill: None }
}

fn probe() -> Probe {
    Probe {
        ask: Ask::File("/x".into()),
        expect: Expectation::default(),
        within: None,
        every: 1_000,
        rehearse: None,
    }
}

#[test]
fn a_text_matches_as_a_whole_and_holds_nothing_that_is_filled_later() {
    assert_eq!(ok(text("[a-z]+"), "abc"), "abc");
    assert!(no(text("[a-z]+"), "abc1").contains("[a-z]+"));
    assert!(no(text("a|b"), "ab").contains("must match"), "an alternative is bound by both ends");
    assert!(no(text(".*"), "{{ secret.x }}").contains("{{"));
    assert!(no(text("(?s).*"), "a\nb").contains("control"));
}

#[test]
fn versions_follow_semantic_versioning() {
    for good in ["1.2.3", "v1.2.3", "0.0.0", "1.0.0-rc.1", "1.0.0-alpha-x.7+build.01", "10.20.30+x"] {
        assert!(is_version(good), "{good}");
    }
    for bad in [
        "",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3+",
        "vv1.2.3",
        "latest",
        "1.2.x",
    ] {
        assert!(!is_version(bad), "{bad}");
    }
    assert!(no(ParamKind::Version { prefill: None }, "latest").contains("1.2.3"));
}

#[test]
fn a_number_stays_within_its_bounds_in_its_unit() {
    let kind = || ParamKind::Number { min: Some(0.0), max: Some(100.0), prefill: None };
    assert_eq!(ok(kind(), "42.50"), "42.5");
    let percent = Param { unit: Some(Unit::Percent), ..param(kind()) };
    assert_eq!(check("p", &percent, "57 %").as_deref(), Ok("57"));
    assert_eq!(check("p", &percent, "101").unwrap_err(), "`p` is between 0 % and 100 %");
    assert!(check("p", &percent, "5MB").is_err() && check("p", &percent, "NaN").is_err());
    assert!(no(kind(), "many").contains("a number"));
}

#[test]
fn durations_and_switches_are_what_people_write() {
    let kind = || ParamKind::Duration { min: Some(1_000), max: Some(60_000), prefill: None };
    assert_eq!(ok(kind(), "30s"), "30s");
    assert!(no(kind(), "2m").contains("between 1s and 1m"));
    assert!(no(kind(), "30").contains("not a duration"));
    assert_eq!(ok(ParamKind::Switch(false), "yes"), "true");
    assert!(no(ParamKind::Switch(false), "maybe").contains("true or false"));
    assert!(no(ParamKind::Values(vec!["a".into(), "b".into()]), "c").contains("one of a, b"));
}

#[test]
fn all_values_are_settled_in_the_files_order_and_every_problem_is_told() {
    let map = |from: &str, to: &[(&str, &str)]| {
        let to = to.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        param(ParamKind::Map { from: from.into(), to })
    };
    let params = IndexMap::from([
        ("far".to_owned(), map("weight", &[("10", "ten")])),
        ("weight".to_owned(), map("mode", &[("slow", "10")])),
        (
            "mode".to_owned(),
            Param { pick: Pick::Last, ..param(ParamKind::Values(vec!["fast".into(), "slow".into()])) },
        ),
    ]);
    let values = settle(&params, &IndexMap::new()).unwrap();
    let shown: Vec<String> = values.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(shown, ["far=ten", "weight=10", "mode=slow"]);
    let given = IndexMap::from([("mode".to_owned(), "fast".to_owned()), ("x".to_owned(), String::new())]);
    let problems = settle(&params, &given).unwrap_err().join("\n");
    assert!(problems.contains("no parameter `x`") && problems.contains("`mode` = fast"), "{problems}");
    let given = IndexMap::from([("weight".to_owned(), "7".to_owned())]);
    assert!(settle(&params, &given).unwrap_err().join("\n").contains("it is not given"));
}

#[test]
fn nothing_is_picked_where_a_person_must_choose() {
    let kind = ParamKind::Files { glob: "/*".into(), newest: true, pattern: None, time_format: None };
    let files = Param { pick: Pick::None, ..param(kind) };
    let rows = [
        Choice { value: "/a".into(), ..Choice::default() },
        Choice { value: "/b".into(), ..Choice::default() },
    ];
    assert!(among("p", &files, None, &rows).unwrap_err().starts_with("choose `p`"));
    assert_eq!(among("p", &files, Some("/b"), &rows).as_deref(), Ok("/b"));
    let e = among("p", &files, Some("/c"), &rows).unwrap_err();
    assert!(e.contains("there is no /c") && e.contains("/a, /b"), "{e}");
    assert!(among("p", &files, None, &[]).unwrap_err().contains("none"));
    let first = Param { pick: Pick::Last, ..files };
    assert_eq!(among("p", &first, None, &rows).as_deref(), Ok("/b"));
}

#[test]
fn a_listing_is_read_line_by_line_with_its_columns() {
    let how = Rows::Pattern(r"^(?<value>\S+)\s+(?<author>\S+)\s+(?<time>\S+)$".into());
    let said = "v1 ana 2025-11-14T10:00:00Z\nno row\nv2 ben\u{202e} 1762000000\nv1 again 5\n";
    let rows = rows(said, &how, &TimeZone::UTC).unwrap();
    assert_eq!(rows.iter().map(|r| r.value.as_str()).collect::<Vec<_>>(), ["v1", "v2"]);
    assert_eq!(rows[0].columns, [("author".to_owned(), "ana".to_owned())]);
    assert_eq!(rows[0].age_wall, Some(1_763_114_400_000));
    assert_eq!(rows[1].age_wall, Some(1_762_000_000_000));
    assert_eq!(rows[1].columns[0].1, "ben\\u{202e}");
}

#[test]
fn a_json_listing_has_texts_or_members() {
    let zone = TimeZone::UTC;
    let how = |pointer: &str, value: Option<&str>| Rows::Json {
        pointer: pointer.into(),
        value: value.map(str::to_owned),
    };
    let said = r#"{"a": ["x", 7, null], "b": [{"name": "r1", "by": "ana", "time": "2025-11-14"}, {"by": "nobody"}]}"#;
    let plain = rows(said, &how("/a", None), &zone).unwrap();
    assert_eq!(plain.iter().map(|r| r.value.as_str()).collect::<Vec<_>>(), ["x", "7"]);
    let named = rows(said, &how("/b", Some("name")), &zone).unwrap();
    assert_eq!(named.len(), 1);
    assert_eq!(named[0].columns, [("by".to_owned(), "ana".to_owned())]);
    assert_eq!(named[0].age_wall, Some(1_763_078_400_000));
    assert!(rows(said, &how("/c", None), &zone).unwrap_err().contains("/c"));
    assert!(rows("<html>", &how("/c", None), &zone).unwrap_err().contains("no JSON"));
}

#[test]
fn files_come_newest_first_by_the_time_in_their_name() {
    let zone = TimeZone::UTC;
    let pattern = Some(r"indices-(?<value>(?<time>\d{4}-\d\d-\d\d-\d\d-\d\d))\.tar$");
    let row = |path: &str| file_row(path, 9, Some(1), pattern, Some("%Y-%m-%d-%H-%M"), &zone).unwrap();
    let mut rows: Vec<Choice> =
        ["/b/indices-2025-10-11-10-00.tar", "/b/indices-2025-10-11-11-00.tar", "/b/other.tar"]
            .iter()
            .filter_map(|p| row(p))
            .collect();
    sort(&mut rows, true);
    assert_eq!(
        rows.iter().map(|r| r.value.as_str()).collect::<Vec<_>>(),
        ["2025-10-11-11-00", "2025-10-11-10-00"]
    );
    assert_eq!((rows[0].age_wall, rows[0].size), (Some(1_760_180_400_000), Some(9)));
    let odd = row("/b/indices-2025-99-11-10-00.tar").unwrap();
    assert!(odd.note.is_some() && odd.age_wall == Some(1), "the file's own time stands, and it is said");
    let plain = file_row("/b/x", 3, Some(5), None, None, &zone).unwrap().unwrap();
    assert_eq!((plain.value.as_str(), plain.age_wall), ("/b/x", Some(5)));
}

#[test]
fn defaults_need_no_look_at_the_world() {
    assert_eq!(default(&param(ParamKind::Switch(true))).as_deref(), Some("true"));
    assert_eq!(default(&param(ParamKind::Read { probe: probe(), pattern: String::new() })), None);
    let number = ParamKind::Number { min: None, max: None, prefill: Some(0.0) };
    assert_eq!(default(&param(number)).as_deref(), Some("0"));
    let values = ParamKind::Values(vec!["a".into()]);
    assert_eq!(default(&Param { pick: Pick::None, ..param(values) }), None);
}
