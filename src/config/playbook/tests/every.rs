//! The playbook with every kind of everything, as the model has it.

use super::{Severity, parse, told};
use crate::model::playbook::{
    ApprovalDefault, Change, FileFormat, Host, LogSource, ParamKind, Pick, Playbook, Rows, Step, StepKind,
    Way, When,
};
use crate::model::probe::Ask;
use crate::model::resolve::resolve;
use crate::model::template::Template;
use crate::model::unit::Unit;
use indexmap::IndexMap;
use serde_json::json;

pub const EVERY: &str = include_str!("../../../../tests/fixtures/every-kind.toml");

fn every() -> Playbook {
    parse(EVERY, "every-kind.toml").unwrap_or_else(|p| panic!("{}", told(&p))).playbook
}

fn step<'p>(p: &'p Playbook, name: &str) -> &'p Step {
    p.procedures["every"].steps.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no step {name}"))
}

#[test]
fn who_is_asked_and_told() {
    let p = every();
    assert_eq!(p.authority["stop"].all, ["anyone"]);
    assert_eq!(p.roles["oncall"].channels, ["file"]);
    assert!(matches!(&p.hosts["box"], Host::Prefix(words) if words.len() == 2));
    assert!(matches!(&p.hosts["far"], Host::Ssh { options, .. } if options.len() == 2));
    assert_eq!(p.channels["file"].timeout, 5_000);
    let Way::Http(hook) = &p.channels["hook"].way else { panic!() };
    assert_eq!(
        (hook.method.as_str(), hook.json.as_ref()),
        ("POST", Some(&json!({"text": "*{{ subject }}*\n{{ message }}"})))
    );
    assert_eq!((p.escalation[0].after, p.escalation[0].when.is_some()), (900_000, true));
    assert!(matches!(p.logs["unit"].from, LogSource::Run(_)));
    assert_eq!(p.guides["stuck"].steps.len(), 2);
    let every = &p.procedures["every"];
    assert_eq!((every.approvals, every.approval_within), (1, 600_000));
    assert_eq!(every.approval_default, ApprovalDefault::Refuse);
    assert_eq!((every.preflight.len(), every.undo.as_deref()), (2, Some("thaw")));
    let guard = every.guard.as_ref().unwrap();
    assert_eq!((guard.lasts, guard.probe.every), (2_000, 500));
    assert_eq!(guard.probe.ask, Ask::Given("version == $target".into()));
    assert_eq!(every.phases[1].by, Some(120_000));
    let thaw = &p.procedures["thaw"];
    assert!(thaw.emergency && thaw.authority.as_deref() == Some("stop") && thaw.skips.len() == 1);
    assert_eq!((thaw.approvals, thaw.approval_within), (0, 300_000), "what is not said");
}

#[test]
fn every_kind_of_parameter() {
    let p = every();
    let param = |name: &str| &p.procedures["every"].params[name];
    assert_eq!(param("mode").pick, Pick::Last);
    assert_eq!(param("least").unit, Some(Unit::Percent));
    assert_eq!(param("patience").unit, Some(Unit::S), "a duration is measured");
    assert!(
        matches!(&param("patience").kind, ParamKind::Duration { min: Some(1_000), max: Some(60_000), prefill: Some(p) } if p == "1s")
    );
    assert!(matches!(param("dump").kind, ParamKind::Switch(true)));
    assert!(matches!(&param("target").kind, ParamKind::Version { prefill: Some(v) } if v == "v1.2.2"));
    let ParamKind::List { rows, .. } = &param("release").kind else { panic!() };
    assert_eq!(*rows, Rows::Json { pointer: "/releases".into(), value: Some("name".into()) });
    assert!(matches!(&param("line").kind, ParamKind::List { rows: Rows::Pattern(_), .. }));
    assert!(matches!(&param("backup").kind, ParamKind::Files { newest: true, time_format: Some(_), .. }));
    assert!(
        matches!(&param("weight").kind, ParamKind::Map { from, to } if from == "mode" && to["slow"] == "10")
    );
}

#[test]
fn every_kind_of_step() {
    let p = every();
    assert_eq!(step(&p, "Dump").when, Some(When::Param("dump".into())));
    assert_eq!(step(&p, "Dump").dry_run.as_ref().map(Vec::len), Some(2));
    assert_eq!(step(&p, "Pause the pipeline").freezes.as_ref().map(|f| f.undo.as_str()), Some("thaw"));
    let StepKind::Write(w) = &step(&p, "Write the version {{ target }}").kind else { panic!() };
    assert_eq!((w.mode, w.backup), (Some(0o644), true));
    assert_eq!(step(&p, "Write the version {{ target }}").timeout, 10_000, "what is not said");
    let StepKind::Edit(e) = &step(&p, "A word in a text").kind else { panic!() };
    assert!(
        e.format == FileFormat::Text
            && matches!(&e.change, Change::Replace { with, .. } if with.0.contains("$word"))
    );
    let StepKind::Run(c) = &step(&p, "Behind other words, by a shell").kind else { panic!() };
    assert!(c.shell && c.on.as_deref() == Some("box") && c.argv.len() == 1);
    let reload = step(&p, "Reload");
    assert!(
        matches!(&reload.fallback[0].kind, StepKind::Ask(q) if q.answers == IndexMap::from([("It does".into(), true), ("It does not".into(), false)]))
    );
    assert_eq!(reload.troubleshoot.as_deref(), Some("stuck"));
    let StepKind::Ramp(r) = &step(&p, "Lower the share").kind else { panic!() };
    assert_eq!((r.values.as_slice(), r.hold), ([25.0, 10.0, 0.0].as_slice(), 1_000));
    assert_eq!(r.next_when.as_deref(), Some("share >= $least"));
    let StepKind::Capture(c) = &step(&p, "Keep the state").kind else { panic!() };
    assert_eq!((c.commands.len(), c.since, c.timeline), (2, Some(1_800_000), true));
    let StepKind::Procedure { id, args } = &step(&p, "Let the pipeline go on").kind else { panic!() };
    assert_eq!((id.as_str(), args.len()), ("thaw", 1));
    assert!(p.procedures["every"].steps.last().is_some_and(|s| s.always));
    let kinds: std::collections::BTreeSet<String> = p.procedures["every"]
        .steps
        .iter()
        .map(|s| format!("{:?}", s.kind).split(['(', ' ']).next().unwrap_or_default().to_string())
        .collect();
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}

/// Every `{{ dir }}` is a folder after resolving, wherever it stands.
#[test]
fn variables_are_filled_in_everywhere() {
    let given = IndexMap::from([("dir".to_string(), "/d".to_string()), ("url".into(), "http://u".into())]);
    let p = resolve(&every(), "local", &given).unwrap();
    let text = serde_json::to_string(&p).unwrap();
    for name in ["{{ dir }}", "{{ url }}", "{{ service.name }}", "{{ environment }}", "{{ service.owner }}"] {
        assert!(!text.contains(name), "{name} stands in {text}");
    }
    for name in ["{{ target }}", "{{ run.dir }}", "{{ value }}", "{{ secret.token }}", "{{ message }}"] {
        assert!(text.contains(name), "{name} is gone");
    }
    let StepKind::Capture(c) = &step(&p, "Keep the state").kind else { panic!() };
    assert_eq!(c.files, [Template::from("/d/share.json")]);
}

#[test]
fn a_mistake_behind_a_name_is_marked_where_it_is_written() {
    let src = EVERY.replace("share >= $least", "share >= $least and sharre < $value");
    let problems = parse(&src, "x.toml").unwrap_err();
    let p = problems.iter().find(|p| p.severity == Severity::Error).unwrap();
    assert_eq!(&p.source[p.mark.clone()], "sharre", "{}", told(&problems));
    assert_eq!(p.near.as_deref(), Some("share"));
    let src = EVERY.replace("share >= $least", "share >= $target");
    let problems = parse(&src, "x.toml").unwrap_err();
    assert!(problems[0].source[problems[0].mark.clone()].contains("$target"), "{}", told(&problems));
}

#[test]
fn a_preset_is_the_body_and_what_is_written_wins() {
    let more = r#"
[secrets.pd]
env = "PD"
[channels.pager]
preset = "pagerduty"
http = { json = { routing_key = "{{ secret.pd }}", payload = { severity = "warning" } } }
[channels.teams]
preset = "teams"
http = { url = "https://teams.example/hook" }
[channels.graph]
preset = "grafana"
http = { url = "https://grafana.example/api/annotations", json = { tags = ["x"] } }
[channels.page]
preset = "statuspage"
http = { url = "https://api.statuspage.io/v1/pages/x/incidents" }
"#;
    let p = parse(&format!("{EVERY}{more}"), "x.toml").unwrap_or_else(|p| panic!("{}", told(&p))).playbook;
    let http = |name: &str| match &p.channels[name].way {
        Way::Http(h) => (h.url.0.clone(), h.json.clone().unwrap_or_default()),
        Way::Run(_) => panic!("{name}"),
    };
    let (url, body) = http("pager");
    assert_eq!(url, "https://events.pagerduty.com/v2/enqueue");
    assert_eq!(body["payload"]["severity"], "warning");
    assert_eq!(body["payload"]["summary"], "{{ subject }}");
    assert_eq!(body["routing_key"], "{{ secret.pd }}");
    assert_eq!(http("graph").1["tags"], json!(["x"]));
    assert_eq!(http("page").1["incident"]["body"], "{{ message }}");
    assert_eq!(http("teams").1["attachments"][0]["content"]["body"][1]["text"], "{{ message }}");
}
