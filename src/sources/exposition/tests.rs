//! Legal lines are read, illegal ones named; and for any bytes at all, each line is one or the other.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

type Read = (String, Vec<(String, String)>, f64, Option<f64>);

fn read(page: &str) -> Vec<Result<Read, (usize, Reason)>> {
    scan(page.as_bytes())
        .map(|item| match item {
            Ok(s) => Ok((
                s.name.to_string(),
                s.labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
                s.value,
                s.timestamp,
            )),
            Err(e) => Err((e.line, e.reason)),
        })
        .collect()
}

fn one(line: &str) -> Read {
    let mut all = read(line);
    assert_eq!(all.len(), 1, "{line:?}");
    all.remove(0).unwrap_or_else(|e| panic!("{line:?}: {e:?}"))
}

fn refused(line: &str) -> Reason {
    match &read(line)[..] {
        [Err((_, reason))] => *reason,
        other => panic!("{line:?} gave {other:?}"),
    }
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
}

#[test]
fn escapes_and_braces_and_commas_in_label_values() {
    let (_, l, v, _) = one(r#"m{a="x\"}y",b="1,2",c="back\\slash",d="a\nb",e="{id}"} 3"#);
    assert_eq!(
        l,
        labels(&[("a", "x\"}y"), ("b", "1,2"), ("c", "back\\slash"), ("d", "a\nb"), ("e", "{id}")])
    );
    assert_eq!(v, 3.0);
}

#[test]
fn an_unknown_escape_stands_for_itself() {
    assert_eq!(one(r#"m{re="\d+\é"} 1"#).1, labels(&[("re", r"\d+\é")]));
    assert_eq!(one(r#"m{re="\\n"} 1"#).1, labels(&[("re", r"\n")]));
}

#[test]
fn blanks_and_tabs_between_all_tokens() {
    let want = labels(&[("a", "1"), ("b", "2")]);
    for line in [
        "m {a=\"1\",b=\"2\"} 5",
        "  m{ a = \"1\" , b = \"2\" } 5  ",
        "m\t{\ta=\"1\",b=\"2\"}\t5\t",
        "m{a=\"1\",b=\"2\"}5",
        "m{a=\"1\",b=\"2\",} 5",
        "m{a=\"1\",b=\"2\" , } 5\r\n",
    ] {
        assert_eq!(one(line), ("m".into(), want.clone(), 5.0, None), "{line:?}");
    }
    assert_eq!(one("m\t7").2, 7.0);
    assert_eq!(one("m{} 7").1, vec![]);
    assert_eq!(one("m{ } 7").1, vec![]);
}

#[test]
fn names_with_colons_and_quoted_utf8_names() {
    assert_eq!(one("job:rate5m:sum 2").0, "job:rate5m:sum");
    let (name, l, _, _) = one("{\"a.b\",p=\"x\"} 2");
    assert_eq!((name.as_str(), l), ("a.b", labels(&[("p", "x")])));
    let (name, l, _, _) = one("{p=\"x\", \"größe.\\\"y\\\"\" , \"label.dot\"=\"z\"} 2");
    assert_eq!(name, "größe.\"y\"");
    assert_eq!(l, labels(&[("p", "x"), ("label.dot", "z")]));
    assert_eq!(one("{\"only\"} 1").0, "only");
}

#[test]
fn not_a_number_and_infinities_only_by_name() {
    assert!(one("m NaN").2.is_nan());
    assert_eq!(one("m +Inf").2, f64::INFINITY);
    assert_eq!(one("m Inf").2, f64::INFINITY);
    assert_eq!(one("m -Inf").2, f64::NEG_INFINITY);
    assert_eq!(one("m{le=\"+Inf\"} 4e-3").2, 0.004);
    assert_eq!(one("m +1.5E+3").2, 1500.0);
    assert_eq!(one("m -.5").2, -0.5);
    assert_eq!(one("m 1.").2, 1.0);
    for bad in [
        "nan", "inf", "-inf", "infinity", "+NaN", "0x10", "0x1p-2", "1_000", "1,5", "1e400", "-1e400", "--1",
        "+", ".", "1e", "one", "1d",
    ] {
        assert_eq!(refused(&format!("m {bad}")), Reason::Value, "{bad}");
    }
}

#[test]
fn timestamps_whole_and_fractional() {
    assert_eq!(one("m 1 1395066363000").3, Some(1395066363000.0));
    assert_eq!(one("m 1 -4").3, Some(-4.0));
    assert_eq!(one("m_created 1 1520872607.123").3, Some(1520872607.123));
    assert_eq!(refused("m 1 NaN"), Reason::Timestamp);
    assert_eq!(refused("m 1 soon"), Reason::Timestamp);
    assert_eq!(refused("m 1 2 3"), Reason::Trailing);
}

#[test]
fn exemplars_are_legal_and_passed_over() {
    for tail in [
        " # {trace_id=\"a # } b\"} 0.67",
        " # {} 0.67 1520879607.789",
        " 1520879607.1 # {a=\"b\",c=\"d\"} 1",
        " # {a=\"b\"} NaN",
    ] {
        let (name, l, v, _) = one(&format!("h_bucket{{le=\"1 # 2\"}} 17{tail}"));
        assert_eq!((name.as_str(), l, v), ("h_bucket", labels(&[("le", "1 # 2")]), 17.0), "{tail}");
    }
    assert_eq!(refused("m 1 # a comment"), Reason::Trailing);
    assert_eq!(refused("m 1 # {a=\"b\"}"), Reason::NoValue);
    assert_eq!(refused("m 1 # {\"a\"} 1"), Reason::Equals);
    assert_eq!(refused("m 1 # {a=\"b\"} 1 2 3"), Reason::Trailing);
}

#[test]
fn an_openmetrics_page_with_its_end() {
    let page = "# TYPE foo counter\n# UNIT foo seconds\n# HELP foo It \\n helps.\nfoo_total 17.0 1520879607.789\n\
                foo_created 1520872607.123\n# TYPE \"a.b\" gaugehistogram\n# EOF\n";
    assert_eq!(
        read(page),
        vec![
            Ok(("foo_total".into(), vec![], 17.0, Some(1520879607.789))),
            Ok(("foo_created".into(), vec![], 1520872607.123, None)),
        ]
    );
}

#[test]
fn samples_in_any_order_with_or_without_type() {
    let page = "# TYPE a counter\na 1\nb 2\nc 3\nh_bucket{le=\"+Inf\"} 2\nh_bucket{le=\"1\"} 1\nh_sum 4\nh_count 2\na 1";
    assert_eq!(read(page).len(), 8, "the last line needs no newline");
    assert!(read(page).iter().all(Result::is_ok));
}

#[test]
fn a_foreign_line_is_named_by_number_and_the_rest_is_kept() {
    let page = "a 1\r\n\r\n<html>oops</html>\r\nb 2\r\n";
    assert_eq!(
        read(page),
        vec![
            Ok(("a".into(), vec![], 1.0, None)),
            Err((3, Reason::Name)),
            Ok(("b".into(), vec![], 2.0, None)),
        ]
    );
}

#[test]
fn every_way_a_line_can_be_wrong() {
    for (line, reason) in [
        ("foo-bar 1", Reason::Name),
        ("1foo 1", Reason::Name),
        ("m\"a\" 1", Reason::Name),
        ("{} 1", Reason::NameMissing),
        ("{a=\"b\"} 1", Reason::NameMissing),
        ("m{\"n\"} 1", Reason::NameTwice),
        ("{\"n\",\"m\"} 1", Reason::NameTwice),
        ("{\"\"} 1", Reason::LabelName),
        ("m{", Reason::LabelName),
        ("m{,} 1", Reason::LabelName),
        ("m{a=\"b\",,} 1", Reason::LabelName),
        ("m{a:b=\"c\"} 1", Reason::Equals),
        ("m{a} 1", Reason::Equals),
        ("m{a=b} 1", Reason::Unquoted),
        ("m{a='b'} 1", Reason::Unquoted),
        ("m{a=\"b} 1", Reason::OpenQuote),
        ("m{a=\"b\\\"} 1", Reason::OpenQuote),
        ("m{a=\"b\\", Reason::OpenQuote),
        ("m{a=\"b\" c=\"d\"} 1", Reason::Comma),
        ("m{a=\"b\" 1", Reason::Comma),
        ("m{a=\"b\",a=\"c\"} 1", Reason::LabelTwice),
        ("m{a=\"b\",\"a\"=\"c\"} 1", Reason::LabelTwice),
        ("m", Reason::NoValue),
        ("m{a=\"b\"}", Reason::NoValue),
        ("m {} # {} 1", Reason::Value),
        ("# TYPE m number", Reason::Type),
        ("# TYPE m", Reason::Type),
        ("# TYPE", Reason::Type),
        ("# TYPE m gauge extra", Reason::Type),
    ] {
        assert_eq!(refused(line), reason, "{line}");
    }
    for comment in ["#", "# TYPED m x", "#comment", " # EOF", "# HELP", "# HELP 1 2 3"] {
        assert_eq!(read(comment), vec![], "{comment}");
    }
}

#[test]
fn bytes_that_are_not_utf8_spoil_only_their_line() {
    let page = b"a 1\nb{x=\"\xff\"} 2\nc 3\n";
    let items: Vec<_> = scan(page).collect();
    assert_eq!(items.len(), 3);
    let e = items[1].as_ref().unwrap_err();
    assert_eq!((e.line, e.column, e.reason), (2, 6, Reason::NotUtf8));
}

#[test]
fn an_error_says_where_and_shows_the_line_without_its_control_characters() {
    let page = "ok 1\nm{a=\"\x1b[31m\u{202e}\"} x\n";
    let e = scan(page.as_bytes()).nth(1).unwrap().unwrap_err();
    assert_eq!(
        e.to_string(),
        "line 2, column 17: the value is not a decimal number, NaN, +Inf or -Inf: `m{a=\"\\u{202e}\"} x`"
    );
    let long = format!("m{{a=\"{}", "ä".repeat(1000));
    let e = scan(long.as_bytes()).next().unwrap().unwrap_err();
    assert!(e.to_string().ends_with("ä…`") && e.to_string().chars().count() < 130);
}

#[test]
fn many_labels_on_one_line_are_still_checked_for_twins() {
    let mut line = String::from("m{");
    for i in 0..5000 {
        write!(line, "l{i}=\"v\",").unwrap();
    }
    assert_eq!(one(&format!("{line}}} 1")).1.len(), 5000);
    assert_eq!(refused(&format!("{line}l3=\"x\"}} 1")), Reason::LabelTwice);
    assert_eq!(refused(&format!("{line}l4999=\"x\"}} 1")), Reason::LabelTwice);
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        proptest::num::f64::NORMAL,
        Just(0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

fn write_value(v: f64) -> String {
    if v.is_nan() {
        "NaN".into()
    } else if v.is_infinite() {
        if v > 0.0 { "+Inf" } else { "-Inf" }.into()
    } else {
        format!("{v:e}")
    }
}

fn sample() -> impl Strategy<Value = Read> {
    let name = prop_oneof!["[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", "[a-z.é\"\\\\\n]{1,8}"];
    let label = prop_oneof!["[a-zA-Z_][a-zA-Z0-9_]{0,8}", "[a-z.ß ]{1,6}"];
    let labels = proptest::collection::btree_map(label, any::<String>(), 0..20);
    let time = proptest::option::of(-1e12..1e12f64);
    (name, labels, value(), time).prop_map(|(n, l, v, t)| (n, l.into_iter().collect(), v, t))
}

/// Writes a sample in one of the legal ways, chosen by `style`.
fn write_sample(out: &mut String, (name, labels, value, time): &Read, style: u8) {
    let plain = |s: &str, colon: bool| {
        !s.starts_with(|c: char| c.is_ascii_digit())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':'))
    };
    let blank = if style & 1 == 0 { "" } else { " \t" };
    let mut inner = Vec::new();
    if plain(name, true) {
        write!(out, "{blank}{name}{blank}").unwrap();
    } else {
        inner.push(format!("\"{}\"", escape(name)));
    }
    for (n, v) in labels {
        let n = if plain(n, false) { n.clone() } else { format!("\"{}\"", escape(n)) };
        inner.push(format!("{n}{blank}={blank}\"{}\"", escape(v)));
    }
    if !inner.is_empty() {
        let comma = if style & 2 == 0 { "" } else { "," };
        let list = inner.join(&format!("{blank},{blank}"));
        write!(out, "{{{blank}{list}{comma}{blank}}}").unwrap();
    }
    write!(out, " {}", write_value(*value)).unwrap();
    if let Some(t) = time {
        write!(out, " {t}").unwrap();
    }
    if style & 4 != 0 {
        out.push_str(" # {id=\"a b}\"} 1 2.5");
    }
    out.push_str(if style & 8 == 0 { "\n" } else { "\r\n" });
}

proptest! {
    #[test]
    fn a_written_page_reads_back_the_same(samples in proptest::collection::vec((sample(), any::<u8>()), 0..12)) {
        let mut page = String::from("# HELP x \"{\n\n");
        for (s, style) in &samples {
            write_sample(&mut page, s, *style);
        }
        let back = read(&page);
        prop_assert_eq!(back.len(), samples.len(), "{}", page);
        for (got, (want, _)) in back.iter().zip(&samples) {
            let got = got.as_ref().map_err(|e| TestCaseError::fail(format!("{e:?} in {page}")))?;
            prop_assert_eq!((&got.0, &got.1, got.3), (&want.0, &want.1, want.3));
            prop_assert!(got.2 == want.2 || (got.2.is_nan() && want.2.is_nan()));
        }
    }

    #[test]
    fn any_bytes_give_for_each_line_a_sample_a_comment_a_blank_or_an_error(
        page in proptest::collection::vec(
            prop_oneof![
                8 => proptest::sample::select(&b"ab:_1.+-\"\"\\{}=,# \t\r\n\n\xc3\xa4"[..]),
                1 => any::<u8>(),
            ],
            0..200,
        )
    ) {
        let mut named = std::collections::BTreeMap::new();
        let mut last = 0;
        for item in scan(&page) {
            let line = match &item {
                Ok(s) => { s.labels.iter().count(); s.line }
                Err(e) => { prop_assert!(!e.to_string().is_empty()); e.line }
            };
            prop_assert!(line > last, "one item a line, in order");
            last = line;
            named.insert(line, item.is_ok());
        }
        for (i, line) in page.split(|&b| b == b'\n').enumerate() {
            let start = line.iter().position(|b| !b" \t".contains(b)).map(|at| &line[at..]);
            match start {
                None | Some(b"\r") => prop_assert!(!named.contains_key(&(i + 1)), "a blank line is nothing"),
                Some([b'#', ..]) => prop_assert!(named.get(&(i + 1)) != Some(&true), "a comment is no sample"),
                Some(_) => prop_assert!(named.contains_key(&(i + 1)), "line {} was swallowed", i + 1),
            }
        }
    }

    #[test]
    fn a_valid_line_with_one_byte_changed_never_panics_and_is_never_lost(
        (s, style) in (sample(), any::<u8>()), at in any::<proptest::sample::Index>(), byte in any::<u8>()
    ) {
        let mut line = String::new();
        write_sample(&mut line, &s, style & 7);
        let mut line = line.trim().as_bytes().to_vec();
        let i = at.index(line.len());
        line[i] = byte;
        let items = scan(&line).count();
        let expected_nothing = line[0] == b'#' || line.iter().all(|b| b" \t\r".contains(b));
        prop_assert!(items > 0 || expected_nothing);
    }
}

#[test]
fn pages_of_real_programs_read_whole() {
    for (program, page) in [
        ("prometheus", include_str!("../../../tests/fixtures/pages/prometheus.txt")),
        ("alertmanager", include_str!("../../../tests/fixtures/pages/alertmanager.txt")),
        ("node-exporter", include_str!("../../../tests/fixtures/pages/node-exporter.txt")),
        ("haproxy", include_str!("../../../tests/fixtures/pages/haproxy.txt")),
    ] {
        let wrong: Vec<String> =
            scan(page.as_bytes()).filter_map(|i| i.err().map(|e| e.to_string())).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{program}");
        let samples = page.lines().filter(|l| !l.starts_with('#')).count();
        assert!(samples > 200, "{program}");
        assert_eq!(scan(page.as_bytes()).count(), samples, "{program}");
    }
}
