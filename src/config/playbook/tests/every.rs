//! The playbook with every kind of everything, as the model has it.

use super::{Severity, parse, told};
use crate::model::playbook::{
    ApprovalDefault, Automation, Baseline, Change, DefaultAction, FileFormat, Host, LogSource, MinSamples,
    Moment, ParamKind, Pick, Playbook, ReadingKind, Rows, SourceKind, Step, StepKind, Trigger, Way, When,
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
fn what_is_normal_and_what_it_rests_on() {
    let p = every();
    let baseline = |signal: &str| p.signals[signal].baseline.clone();
    assert_eq!(baseline("error_rate"), Some(Baseline::Signal("error_rate_control".into())));
    let file = Baseline::File { file: "{{ dir }}/baseline.json".into(), json: "/p50".into() };
    assert_eq!(baseline("p50"), Some(file));
    let mark = Baseline::Mark { id: "canary-start".into(), over: 3_600_000, least: 100 };
    assert_eq!(baseline("p99"), Some(mark));
    assert!(matches!(baseline("rss"), Some(Baseline::Value(q)) if q.value == 2e9));
    let least = EVERY.replace(", least = 100", "");
    let p99 = parse(&least, "x.toml").unwrap().playbook.signals["p99"].baseline.clone();
    assert!(matches!(p99, Some(Baseline::Mark { least: 10, .. })), "what is not said");
    let rate = &p.signals["error_rate"];
    assert_eq!(rate.min_samples, Some(MinSamples { least: 50, of: "requests".into() }));
    assert_eq!(rate.fresh, Some("sum(up{job=\"{{ service.name }}\"})".into()));
    let SourceKind::Command { on, argv, .. } = &p.sources["elsewhere"].kind else { panic!() };
    assert_eq!((on.as_deref(), argv.len()), (Some("box"), 2));
}

#[test]
fn what_is_counted_in_a_log() {
    let p = every();
    let errors = &p.signals["log_errors"];
    let ReadingKind::Log { from: LogSource::File(file), pattern } = &errors.reading else { panic!() };
    assert_eq!((file.0.as_str(), pattern.as_str()), ("{{ dir }}/app.log", r"\bERROR\b"));
    assert_eq!((errors.unit, errors.counter, errors.stale_after), (Unit::Count, false, 30_000));
    let ReadingKind::Log { from: LogSource::Run(c), .. } = &p.signals["log_elsewhere"].reading else {
        panic!()
    };
    assert_eq!((c.on.as_deref(), c.argv.len()), (Some("box"), 3));
    let log = "log = { file = \"{{ dir }}/app.log\", pattern = '\\bERROR\\b' }";
    assert!(EVERY.contains(log));
    for (instead, said) in [
        ("log = { file = \"/x\" }", "lacks `pattern`"),
        ("log = { pattern = 'x' }", "file"),
        ("log = { file = \"/x\", run = [\"y\"], pattern = 'x' }", "run"),
        ("log = { file = \"/x\", pattern = '(' }", "not a regular expression"),
        ("log = { file = \"/x\", on = \"box\", pattern = 'x' }", "`on` has no meaning beside `file`"),
        ("log = { file = \"/x\", pattern = 'x', patern = 'y' }", "patern"),
        ("log = { file = \"/x\", pattern = 'x' }\nunit = \"percent\"", "`log` delivers count"),
        ("log = { file = \"/x\", pattern = 'x' }\nsource = \"state\"", "`log` needs no source"),
        ("log = \"app\"", "log"),
    ] {
        let problems = parse(&EVERY.replace(log, instead), "x.toml").unwrap_err();
        assert!(told(&problems).contains(said), "{instead}: {}", told(&problems));
    }
}

#[test]
fn what_triggers_do_and_how_often() {
    let p = every();
    let (down, errors) = (&p.triggers["down"], &p.triggers["errors"]);
    let rules = |t: &Trigger| (t.cooldown, t.max_attempts, t.per);
    assert_eq!(rules(down), (600_000, 2, 86_400_000), "those of [automation]");
    assert_eq!(rules(errors), (1_800_000, 3, 43_200_000), "its own");
    let bare = "[automation]\ncooldown = \"10m\"\nmax_attempts = 2\nper = \"1d\"";
    assert!(EVERY.contains(bare));
    let plain = parse(&EVERY.replace(bare, ""), "x.toml").unwrap().playbook;
    assert_eq!(rules(&plain.triggers["down"]), (300_000, 1, 3_600_000), "what is not said");
    let off = parse(&EVERY.replace(bare, "[automation]\nenabled = false"), "x.toml").unwrap().playbook;
    assert!(off.triggers.values().all(|t| t.mode == Automation::Off));
    assert_eq!((down.approval.as_slice(), down.mode), (&["oncall".to_string()][..], Automation::Shadow));
    assert_eq!((errors.mode, errors.authority.as_deref()), (Automation::Armed, Some("stop")));
    assert_eq!((errors.effect_within, errors.default), (Some(120_000), DefaultAction::Act));
    let args: Vec<(&str, &str)> = errors.args.iter().map(|(k, v)| (k.as_str(), v.0.as_str())).collect();
    let given = [("target", "v1.2.1"), ("note", "by itself"), ("dump", "false"), ("patience", "2s")];
    assert_eq!(args, given);
    assert_eq!(p.triggers["slow"].mode, Automation::Off);
    assert!(p.procedures["every"].approval_when_automatic && !p.procedures["thaw"].approval_when_automatic);
    assert_eq!(p.severities["P1"].manual.as_deref(), Some("Call the lead, then decide"));
}

#[test]
fn incidents_and_checklists() {
    let p = every();
    assert_eq!(p.incident.0, "{{ service.name }}-{{ date }}-{{ count }}");
    let moments: Vec<Moment> = p.checklists.values().map(|c| c.moment).collect();
    assert_eq!(moments, [Moment::Ready, Moment::Before, Moment::During, Moment::After]);
    assert_eq!(p.checklists["after"].due, Some(86_400_000));
    let [confirmed, told] = p.checklists["before"].items.as_slice() else { panic!() };
    assert_eq!((confirmed.required, told.roles.as_slice()), (true, &["oncall".into(), "lead".into()][..]));
    assert!(!p.checklists["ready"].items[0].required);
    let resolved = resolve(&p, "local", &IndexMap::new()).unwrap();
    assert_eq!(resolved.incident.0, "every-kind-{{ date }}-{{ count }}", "the rest is the decider's");
    let ticket = resolved.ticket.unwrap();
    assert_eq!((ticket.timeout, ticket.command.argv.len()), (20_000, 5));
    assert_eq!(ticket.command.argv[2].0, "{{ incident.id }}", "what only the moment knows stays standing");
    let rehearsed = &resolved.checklists["ready"].items[0];
    assert_eq!(rehearsed.text, "The rollback of Every kind was rehearsed");
    assert_eq!(resolved.signals["requests"].fresh, Some("sum(up{job=\"every-kind\"})".into()));
    let id = "id = \"{{ service.name }}-{{ date }}-{{ count }}\"";
    let usual = parse(&EVERY.replace(id, ""), "x.toml").unwrap().playbook.incident;
    assert_eq!(usual.0, "INC-{{ date }}-{{ count }}");
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
        Way::Run(_) | Way::Simulated(_) => panic!("{name}"),
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
