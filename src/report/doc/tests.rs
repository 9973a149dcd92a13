//! The printers: what text may not do, and that all three say the same.

use super::*;
use crate::model::samples::Points;
use crate::model::unit::Unit;

/// What people and programs may say.
const HOSTILE: &str = "a|b `c` *d* _e_ [x](http://evil) <script>alert(1)</script> & \"q\" 'p' \x1b[31m\u{202e}~~z~~ www.evil.org me@evil.org";

fn chart() -> Chart {
    Chart {
        title: format!("Errors {HOSTILE}"),
        dim: Unit::Percent.dim(),
        higher_is_worse: true,
        from: 1_795_227_240_000,
        to: 1_795_227_840_000,
        points: Points {
            points: vec![
                (1_795_227_250_000, Some(0.01)),
                (1_795_227_400_000, None),
                (1_795_227_700_000, Some(0.04)),
            ],
            why: None,
        },
        holds: 60_000,
        limits: vec![("critical", 0.02)],
        marks: vec![(1_795_227_700_000, "fired")],
    }
}

fn doc() -> Doc {
    let mut out = Section::new(format!("What {HOSTILE}"));
    out.sub(HOSTILE).text(HOSTILE).text("- no list").text("1. nor this").text("# nor a heading");
    out.facts(vec![
        ("By", HOSTILE.into()),
        ("Command", Cell::code("echo `a|b` <x>")),
        ("Nothing", "".into()),
    ]);
    out.table(["a", "b"], vec![row(["1".into(), HOSTILE.into()]), row([String::new(), "MISSED".into()])]);
    out.table(["never"], Vec::new()).list(vec![HOSTILE.into(), "+ no list in a list".into()]);
    out.blank("why?");
    out.blocks.push(Block::Chart(chart()));
    let mut doc = Doc { title: safe(HOSTILE), lead: vec![safe(HOSTILE)], ..Doc::default() };
    doc.data.insert("run".into(), serde_json::json!({ "took_ms": 7 }));
    doc.add(out);
    doc.add(Section::new("Empty"));
    doc
}

#[test]
fn markdown_shows_text_as_it_stands() {
    insta::assert_snapshot!(doc().print(Form::Markdown));
}

#[test]
fn html_is_well_formed_asks_nobody_and_runs_nothing() {
    let text = doc().print(Form::Html);
    let parsed = roxmltree::Document::parse_with_options(
        &text,
        roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
    )
    .unwrap_or_else(|e| panic!("{e}\n{text}"));
    for node in parsed.descendants().filter(|n| n.is_element()) {
        let name = node.tag_name().name();
        assert!(
            !["script", "iframe", "img", "link", "object", "embed", "form", "base"].contains(&name),
            "{name}"
        );
        for a in node.attributes() {
            assert!(
                !a.name().starts_with("on") && a.name() != "src" && a.name() != "style",
                "{name} {}",
                a.name()
            );
            assert!(a.name() != "href" || a.value().starts_with("#s"), "{}", a.value());
        }
    }
    let policy = parsed.descendants().find(|n| n.attribute("http-equiv").is_some()).unwrap();
    assert_eq!(policy.attribute("content"), Some("default-src 'none'; style-src 'unsafe-inline'"));
    let shown = parsed.descendants().filter(|n| n.tag_name().name() == "p").filter_map(|n| n.text());
    assert!(shown.clone().any(|t| t == safe(HOSTILE)), "{:?}", shown.collect::<Vec<_>>());
    assert!(!text.contains("url(") && !text.contains("@import"), "the style asks nobody either");
    assert!(text.contains("<strong class=\"bad\">MISSED</strong>"), "{text}");
}

#[test]
fn json_holds_every_block_and_the_facts() {
    let all: serde_json::Value = serde_json::from_str(&doc().print(Form::Json)).unwrap();
    assert_eq!(all["facts"]["run"]["took_ms"], 7);
    assert_eq!(all["sections"].as_array().unwrap().len(), 1, "an empty section is none");
    let blocks = all["sections"][0]["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 10);
    assert_eq!(
        blocks[6]["rows"][0][1],
        safe(HOSTILE),
        "a program takes it as it is, but for what is no text"
    );
    assert_eq!(blocks[9]["chart"]["points"][1][1], serde_json::Value::Null, "a failed read is no number");
}
