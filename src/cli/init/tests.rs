//! Answers, good and bad, and the playbooks that they make.

use super::*;
use crate::config::problem::Problem;
use crate::model::drill::Behaviour;
use crate::model::playbook::{Playbook, SourceKind, StepKind};
use std::io::Cursor;

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| p.render(false)).collect::<Vec<_>>().join("\n")
}

fn made(answers: [&str; 6]) -> Playbook {
    let text = compose(&answers.map(str::to_string));
    let loaded = playbook::parse(&text, "it").unwrap_or_else(|p| panic!("{}\n{text}", told(&p)));
    assert!(loaded.warnings.is_empty(), "{}", told(&loaded.warnings));
    loaded.playbook
}

const NONE: [&Option<String>; 6] = [&None; 6];

#[test]
fn a_playbook_of_prometheus_and_a_url_can_be_rehearsed() {
    let p =
        made(["shop", "staging", "http://prom:9090", "0.5%", "helm rollback shop 7", "http://shop/health"]);
    assert!(matches!(p.sources["metrics"].kind, SourceKind::Prometheus { .. }));
    let StepKind::Run(c) = &p.procedures["roll-back"].steps[0].kind else { panic!() };
    assert_eq!(c.argv.iter().map(|a| a.0.as_str()).collect::<Vec<_>>(), ["helm", "rollback", "shop", "7"]);
    let drill = p.drill.unwrap();
    assert_eq!(drill.environment, "staging");
    assert!(matches!(drill.signals["healthy"], Behaviour::State(_)));
    assert_eq!(drill.chaos.len(), 3);
}

#[test]
fn a_playbook_of_a_page_and_a_command_can_be_rehearsed() {
    let p =
        made(["a-b", "prod", "http://h:8080/metrics", "90%", "/bin/back 'to v1'", "/bin/well \"a b\" --now"]);
    assert!(matches!(p.sources["metrics"].kind, SourceKind::Http { .. }));
    assert!(matches!(p.sources["health"].kind, SourceKind::Command { .. }));
    let drill = p.drill.unwrap();
    assert!(matches!(drill.signals["failed"], Behaviour::Model { grow: 9.0, .. }));
    let bad = drill.chaos["errors"].grow["failed"];
    assert!(bad > 90.0 && 9.0 + bad < 105.0, "a share, and above the threshold: {bad}");
    assert_eq!(p.emergency.as_deref(), Some("By hand: /bin/back 'to v1'"));
}

#[test]
fn a_bad_answer_is_asked_again_with_a_hint() {
    let said = "Web Shop\nweb-shop\n\nlocalhost\nhttp://localhost:9090\n2\n\nback | tee x\nback \"v1\n/bin/back v1\n\nhttp://localhost/health\n";
    let mut out = Vec::new();
    let all = answers(NONE, Some(&mut Cursor::new(said)), &mut out).unwrap();
    let wanted =
        ["web-shop", "production", "http://localhost:9090", "2%", "/bin/back v1", "http://localhost/health"];
    assert_eq!(all, wanted);
    let out = String::from_utf8(out).unwrap();
    for hint in [
        "write `web-shop`",
        "begin with http://",
        "in percent: 2%",
        "no shell reads `|`",
        "close every quote",
    ] {
        assert!(out.contains(hint), "{hint} not in\n{out}");
    }
    assert_eq!(out.matches("Command that rolls it back").count(), 3, "{out}");
    assert!(out.contains("something must be written"), "{out}");
}

#[test]
fn what_check_has_to_say_of_a_command_is_said_at_once() {
    let said = "kubectl rollout undo deployment/shop\n/bin/back\n";
    let given = TRIED.map(|t| Some(t.to_string()));
    let given = [&given[0], &given[1], &given[2], &given[3], &None, &given[5]];
    let mut out = Vec::new();
    let all = answers(given, Some(&mut Cursor::new(said)), &mut out).unwrap();
    assert_eq!(all[4], "/bin/back");
    assert!(String::from_utf8(out).unwrap().contains("--to-revision"));
}

#[test]
fn without_anybody_the_missing_flag_is_named() {
    let name = Some("shop".to_string());
    let given = [&name, &None, &None, &None, &None, &None];
    let why = answers(given, None, &mut std::io::sink()).unwrap_err();
    assert!(why.starts_with("--env is missing") && why.contains("hint: "), "{why}");
    let bad = Some("Shop 1".to_string());
    let given = [&bad, &None, &None, &None, &None, &None];
    let why = answers(given, None, &mut std::io::sink()).unwrap_err();
    assert!(why.starts_with("--name: `Shop 1` is not a good id"), "{why}");
    let why = answers(NONE, Some(&mut Cursor::new("shop\n")), &mut std::io::sink()).unwrap_err();
    assert!(why.starts_with("no answer came"), "{why}");
}

#[test]
fn a_file_that_exists_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    std::fs::write(&file, "mine").unwrap();
    let why = write(&file, "new").unwrap_err();
    assert!(why.contains("is not overwritten"), "{why}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
