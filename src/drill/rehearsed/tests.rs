//! Nothing in a rehearsed playbook can reach out.

use super::line::path;
use super::*;
use crate::config::playbook::parse;
use crate::model::playbook::{ItemDoes, StepKind};
use crate::model::probe::Ask;
use crate::model::template::Template;
use serde_json::Value;

/// Keys under which a playbook keeps what can be carried out.
const REACHES: [&str; 15] = [
    "argv", "cwd", "env", "stdin", "url", "headers", "path", "file", "files", "glob", "commands", "secrets",
    "hosts", "sources", "logs",
];

fn shipped() -> Vec<(String, Playbook)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("assets/playbooks"), root.join("tests/fixtures/drill")];
    let files = folders.iter().flat_map(std::fs::read_dir).flatten().flatten().map(|e| e.path());
    let toml = files.filter(|p| p.extension().is_some_and(|e| e == "toml"));
    toml.map(|p| {
        let name = p.display().to_string();
        let text = std::fs::read_to_string(&p).unwrap();
        let loaded = parse(&text, &name).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        (name, loaded.playbook)
    })
    .collect()
}

/// Every place where something stands that could be carried out.
fn reach(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let here = format!("{at}.{key}");
                let empty = inner.is_null()
                    || inner.as_object().is_some_and(serde_json::Map::is_empty)
                    || inner.as_array().is_some_and(Vec::is_empty);
                // A path of what is spoken on loopback has no host; a link is read by people.
                // A variable is a text like any other, and a name that an author chose is no key.
                let named = [".vars", ".params", ".args", ".set", ".state"].iter().any(|t| at.ends_with(t));
                let known = named || here.contains(".speaks.path") || here.starts_with(".links");
                if REACHES.contains(&key.as_str()) && !empty && !known {
                    out.push(here.clone());
                }
                if ["Run", "Http", "Socket", "Write", "Edit", "Capture", "File", "Files", "List", "Read"]
                    .contains(&key.as_str())
                    && !here.contains(".reading.")
                {
                    out.push(here.clone());
                }
                reach(inner, &here, out);
            }
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| reach(v, &format!("{at}[{i}]"), out)),
        Value::String(text) if text.contains("{{ secret.") || text.contains("{{secret.") => {
            out.push(format!("{at} = {text}"));
        }
        _ => {}
    }
}

#[test]
fn nothing_in_a_rehearsed_playbook_can_reach_out() {
    let all = shipped();
    assert!(all.len() >= 2, "the shipped playbooks were read");
    for (name, playbook) in all {
        let before = serde_json::to_value(&playbook).unwrap();
        let mut found = Vec::new();
        reach(&before, "", &mut found);
        assert!(!found.is_empty(), "{name}: as it is written it reaches out, or this test sees nothing");
        let mut left = Vec::new();
        reach(&serde_json::to_value(rehearsed(&playbook).playbook()).unwrap(), "", &mut left);
        assert!(left.is_empty(), "{name}:\n{}", left.join("\n"));
    }
}

#[test]
fn the_path_of_an_address_is_what_stands_behind_its_host() {
    for (url, expected) in [
        ("http://a:80/x/y?z=1", "/x/y?z=1"),
        ("{{ base }}/health", "/health"),
        ("https://{{ host }}:{{ port }}/v/{{ id }}", "/v/{{ id }}"),
        ("{{ hook }}", "/"),
        ("http://a?q={{ secret.t }}", "/?q=‹t›"),
    ] {
        assert_eq!(path(&Template::from(url)), Template::from(expected), "{url}");
    }
}

const PLAYBOOK: &str = include_str!("../../../tests/fixtures/drill/shop.toml");

#[test]
fn every_kind_has_something_in_its_place_and_is_still_to_be_read() {
    let playbook = parse(PLAYBOOK, "shop.toml").unwrap().playbook;
    let rehearsed = rehearsed(&playbook);
    let p = rehearsed.playbook();
    let steps = &p.procedures["back"].steps;
    let StepKind::Simulated(first) = &steps[0].kind else { panic!("{:?}", steps[0].kind) };
    assert!(first.line.0.contains("shopctl"), "{}", first.line);
    assert_eq!(first.names, ["lower", "back.lower"]);
    assert!(steps.iter().all(|s| !matches!(s.kind, StepKind::Run(_) | StepKind::Http(_))));
    let judged = p.checklists.values().flat_map(|c| &c.items).filter_map(|i| i.does.as_ref());
    for does in judged {
        match does {
            ItemDoes::Judge(p) => assert!(matches!(p.ask, Ask::Simulated { .. } | Ask::When(_))),
            ItemDoes::Act { kind, .. } => {
                assert!(matches!(**kind, StepKind::Simulated(_) | StepKind::Notify { .. }))
            }
            ItemDoes::Ask(..) | ItemDoes::Mark(_) => {}
        }
    }
    assert_eq!(rehearsed.readers()["prom"].signals[0], "error_rate");
    assert!(p.triggers.values().all(|t| t.mode == Automation::Armed));
}
