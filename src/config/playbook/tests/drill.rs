//! A playbook that can be rehearsed, as the model has it.

use super::{parse, told};
use crate::model::drill::{Behaviour, Chaos, Level};
use crate::model::playbook::{ItemDoes, Playbook};
use crate::model::probe::Ask;
use crate::model::unit::quantity;
use indexmap::IndexMap;

const DRILL: &str = include_str!("../../../../tests/fixtures/drill.toml");

fn drill() -> Playbook {
    let loaded = parse(DRILL, "drill.toml").unwrap_or_else(|p| panic!("{}", told(&p)));
    assert!(loaded.warnings.is_empty(), "{}", told(&loaded.warnings));
    loaded.playbook
}

fn number(text: &str) -> Level {
    Level::Number(quantity(text).unwrap())
}

#[test]
fn the_simulated_service_is_what_is_written() {
    let drill = drill().drill.unwrap();
    assert_eq!((drill.environment.as_str(), drill.due_every), ("staging", Some(7 * 86_400_000)));
    assert_eq!(drill.report.unwrap().0, "reports/drill-{{ year }}{{ month }}.md");
    let state: Vec<(&str, &Level)> = drill.state.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let blue = Level::Text("blue".into());
    assert_eq!(state, [("up", &Level::Bool(true)), ("share", &number("25%")), ("colour", &blue)]);
    let Behaviour::Model { normal, noise, grow, series } = &drill.signals["shard_cpu"] else { panic!() };
    assert_eq!((normal, *noise, *grow), (&number("55%"), 0.02, 0.0));
    assert_eq!(series, &["s0", "s1"]);
    assert!(matches!(drill.signals["requests"], Behaviour::Model { grow: 400.0, noise: 5.0, .. }));
    assert!(matches!(&drill.signals["healthy"], Behaviour::When(c) if c.text == "up or share < 5%"));
}

#[test]
fn chaos_is_what_is_written() {
    let drill = drill().drill.unwrap();
    let Chaos { set, times, grow, alternate, state, cured_when, expect, .. } = &drill.chaos["errors"];
    let set: Vec<(&str, &Level)> = set.iter().map(|(k, v)| (k.as_str(), v)).collect();
    assert_eq!(
        set,
        [("requests", &number("90/s")), ("error_rate", &number("9%")), ("shard_cpu.s1", &number("98%"))]
    );
    assert_eq!((times["shard_cpu"], alternate["shard_cpu.s0"].clone()), (1.5, number("97%")));
    assert!((grow["error_rate"] - 0.01 / 60.0).abs() < 1e-12, "per second");
    assert_eq!(state["colour"], Level::Text("red".into()));
    assert_eq!(cured_when.as_ref().unwrap().text, "share == 0% and colour != 'red'");
    let expect = expect.as_ref().unwrap();
    assert_eq!((expect.trigger.as_deref(), expect.within), (Some("errors"), Some(120_000)));
    let c = &drill.chaos["errors"];
    assert_eq!((c.key, c.onset, c.rises_in, c.lasts), (Some('e'), 5_000, 10_000, 600_000));
    assert_eq!((c.period, c.recovers_in, c.slow["prom"]), (60_000, 20_000, 2_000));
    assert_eq!((c.silence.len(), c.fail_steps.len(), c.fail_channels.len()), (1, 2, 1));
}

#[test]
fn what_is_done_and_asked_instead_stands_at_its_place() {
    let p = drill();
    let revert = &p.procedures["revert"];
    assert_eq!(revert.params["target"].rehearse, ["version v2"]);
    let stop = revert.steps[0].rehearse.as_ref().unwrap();
    assert_eq!((stop.takes, stop.set["colour"].as_str()), (Some(2_000), "$target"));
    assert_eq!(stop.stdout.as_ref().unwrap().0, "stopped {{ target }}");
    for probe in [&revert.steps[0].already, &revert.steps[0].observe] {
        assert_eq!(probe.as_ref().unwrap().rehearse.as_ref().unwrap().text, "not up");
    }
    assert_eq!(revert.steps[1].rehearse.as_ref().unwrap().answer.as_deref(), Some("Yes"));
}

#[test]
fn items_ramps_and_named_probes_are_rehearsed_too() {
    let more = r#"
[probes.off]
run = ["is-off"]
rehearse = "not up"
[checklists.before]
title = "Before"
moment = "before"
items = [
  { text = "Off", probe = "off" },
  { text = "Off too", file = "/run/off", rehearse = "not up" },
  { text = "Kept", run = ["keep"], rehearse = { takes = "3s" } },
  { text = "Seen", ask = { text = "What?" }, rehearse = { answer = "It is slow" } },
  { text = "Rehearsed", check = { drill = "revert", newer_than = "31d" } },
]
[[procedures.revert.steps]]
name = "Share"
timeout = "5s"
repeatable = true
rehearse = { set = { share = "$value" } }
[procedures.revert.steps.ramp]
values = [10, 0]
unit = "percent"
run = ["share", "{{ value }}"]
hold = "1m"
next_when = "error_rate < 1%"
"#;
    let loaded = parse(&format!("{DRILL}{more}"), "x.toml").unwrap_or_else(|p| panic!("{}", told(&p)));
    assert!(loaded.warnings.is_empty(), "{}", told(&loaded.warnings));
    let p = loaded.playbook;
    assert_eq!(p.probes["off"].rehearse.as_ref().unwrap().text, "not up");
    let items = &p.checklists["before"].items;
    let Some(ItemDoes::Judge(judged)) = &items[1].does else { panic!() };
    assert!(judged.rehearse.is_some());
    assert!(
        matches!(&items[2].does, Some(ItemDoes::Act { rehearse: Some(r), .. }) if r.takes == Some(3_000))
    );
    assert!(
        matches!(&items[3].does, Some(ItemDoes::Ask(_, Some(r))) if r.answer.as_deref() == Some("It is slow"))
    );
    let Some(ItemDoes::Judge(drilled)) = &items[4].does else { panic!() };
    assert_eq!(drilled.ask, Ask::Drill { procedure: "revert".into(), newer_than: 31 * 86_400_000 });
    assert_eq!(p.procedures["revert"].steps[2].rehearse.as_ref().unwrap().set["share"], "$value");
}

#[test]
fn variables_are_filled_in_what_is_printed_and_the_report() {
    let src = DRILL
        .replace("\"stopped {{ target }}\"", "\"{{ service.name }}: {{ target }}\"")
        .replace("reports/drill", "reports/{{ environment }}");
    let p = parse(&src, "x.toml").unwrap().playbook;
    let p = crate::model::resolve::resolve(&p, "staging", &IndexMap::new()).unwrap();
    let stop = p.procedures["revert"].steps[0].rehearse.as_ref().unwrap();
    assert_eq!(stop.stdout.as_ref().unwrap().0, "shop: {{ target }}");
    assert_eq!(p.drill.unwrap().report.unwrap().0, "reports/staging-{{ year }}{{ month }}.md");
}
