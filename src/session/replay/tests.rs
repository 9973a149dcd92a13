//! Replays of made-up pasts.

use super::story::What;
use super::*;
use crate::model::resolve::resolve;
use crate::session::decision::Withheld;

const PLAYBOOK: &str = r#"
schema = 1
[service]
name = "shop"
title = "Shop"
owner = "us"
[environments.lab]
tone = "calm"
automation = "shadow"
[sources.prom]
prometheus = { url = "http://127.0.0.1:9" }
[signals.errors]
title = "Error rate"
source = "prom"
query = "errors"
raw = "ratio"
unit = "percent"
stale_after = "40s"
[signals.complaints]
title = "Complaints"
count = { key = "m", text = "A customer complains" }
unit = "count"
[severities.P1]
title = "High"
text = "Roll back"
[triggers.high]
title = "Many errors"
severity = "P1"
when = "errors > 5%"
for = "2m"
act = "auto"
mode = "shadow"
procedure = "off"
reason = "errors"
cooldown = "20m"
max_attempts = 2
per = "1d"
[triggers.long]
title = "Errors on average"
when = "avg_over_time(errors[10m]) > 4%"
[triggers.angry]
title = "Angry customers"
when = "increase(complaints[10m]) >= 3"
[procedures.off]
title = "Canary off"
key = "c"
expect = { duration = "1m", downtime = "none", data_loss = "none" }
[[procedures.off.steps]]
name = "Off"
run = ["true"]
timeout = "5s"
repeatable = true
"#;

/// Some midnight.
const DAY: i64 = 1_700_006_400_000;
const STEP: i64 = 15_000;
const MINUTE: i64 = 60_000;

fn playbook() -> Playbook {
    let loaded = crate::config::playbook::parse(PLAYBOOK, "shop.toml").unwrap_or_else(|p| panic!("{p:#?}"));
    resolve(&loaded.playbook, "lab", &IndexMap::new()).unwrap()
}

/// The error rate each 15 s from 30 minutes before the day: high in these minutes of it, missing in those.
fn errors(high: &[(i64, i64)], missing: &[(i64, i64)], minutes: i64) -> Track {
    let within = |at: i64, all: &[(i64, i64)]| all.iter().any(|(a, b)| at >= a * MINUTE && at < b * MINUTE);
    let each = (-30 * MINUTE..=minutes * MINUTE).step_by(STEP as usize).map(|at| {
        let value = match (within(at, missing), within(at, high)) {
            (true, _) => Err("no data".into()),
            (_, true) => Ok(Value::Number(0.08)),
            _ => Ok(Value::Number(0.01)),
        };
        (DAY + at, value)
    });
    Track { signal: "errors".into(), series: None, points: each.collect() }
}

fn play(tracks: Vec<Track>, minutes: i64) -> Story {
    let span = Span { from: DAY, to: DAY + minutes * MINUTE, step: STEP as u64 };
    let mut replay = Replay::new(&playbook(), "lab", span, tracks, IndexMap::new());
    while replay.advance() {}
    replay.story()
}

fn minutes(at: i64) -> f64 {
    (at - DAY) as f64 / MINUTE as f64
}

#[test]
fn it_tells_when_a_trigger_was_pending_fired_and_resolved() {
    let story = play(vec![errors(&[(10, 11), (20, 27)], &[], 60)], 60);
    let high = &story.triggers[0];
    let [near, fired] = &high.episodes[..] else { panic!("{:#?}", high.episodes) };
    assert_eq!((minutes(near.since), near.fired, near.ended.map(minutes)), (10.0, None, Some(11.0)));
    assert_eq!(high.near(), [59_000], "judged each second while it is pending");
    assert_eq!(minutes(fired.since), 20.0);
    assert_eq!(fired.fired.map(minutes), Some(22.0));
    assert_eq!(fired.ended.map(minutes), Some(27.0));
    assert_eq!(fired.evidence, ["errors > 5 %: 8 %"]);
    let verdicts: Vec<(f64, &str)> = story.verdicts.iter().map(|v| (minutes(v.at), v.to.as_str())).collect();
    assert!(verdicts.contains(&(22.0, "P1")), "{verdicts:?}");
    assert_eq!(high.blind_for(), 0);
    let chart = high.chart.as_ref().unwrap();
    assert_eq!((chart.text.as_str(), chart.threshold), ("errors", Some(0.05)));
    assert_eq!(chart.columns[85], Some((0.08, 0.08)), "21 minutes and a quarter");
}

#[test]
fn windows_are_covered_where_the_span_begins_and_what_stood_before_is_told_so() {
    let story = play(vec![errors(&[(-20, 5)], &[], 30)], 30);
    let [high, long, _] = &story.triggers[..] else { panic!() };
    assert_eq!(high.episodes.len(), 1);
    let first = &high.episodes[0];
    assert!(first.before && first.fired.is_some_and(|f| minutes(f) == -18.0), "{first:?}");
    assert_eq!(first.ended.map(minutes), Some(5.0));
    assert!(long.episodes[0].before, "{:?}", long.episodes);
    assert_eq!(long.blind_for(), 0, "{:?}", long.unknown_why);
}

#[test]
fn missing_data_neither_fires_nor_resolves_and_is_counted() {
    let story = play(vec![errors(&[(10, 30)], &[(11, 15), (20, 40)], 60)], 60);
    let high = &story.triggers[0];
    let [only] = &high.episodes[..] else { panic!("{:#?}", high.episodes) };
    // One minute was held before the hole of four; the second minute after it.
    assert_eq!(only.fired.map(minutes), Some(16.0));
    assert_eq!(only.ended.map(minutes), Some(40.0), "a firing trigger holds while nothing is known");
    assert_eq!(high.blind_for() as i64, 24 * MINUTE);
    assert!(high.unknown_why.as_ref().is_some_and(|w| w.contains("no data")), "{:?}", high.unknown_why);
}

#[test]
fn what_people_counted_is_replayed() {
    let count = |m: i64, n: f64| (DAY + m * MINUTE, Ok(Value::Number(n)));
    let points = vec![count(5, 1.0), count(7, 2.0), count(9, 3.0)];
    let complaints = Track { signal: "complaints".into(), series: None, points };
    let story = play(vec![errors(&[], &[], 30), complaints], 30);
    let angry = &story.triggers[2];
    assert_eq!(angry.episodes.len(), 1, "{:?}", angry.episodes);
    assert_eq!(angry.episodes[0].fired.map(minutes), Some(9.0));
}

#[test]
fn what_would_have_been_started_keeps_cooldown_and_attempts() {
    let high = [(10, 15), (20, 50), (60, 70), (80, 90), (100, 110)];
    let story = play(vec![errors(&high, &[], 120)], 120);
    let deeds: Vec<(f64, &What)> = story.triggers[0].deeds().map(|d| (minutes(d.at), &d.what)).collect();
    let started: Vec<f64> =
        deeds.iter().filter(|(_, w)| matches!(w, What::Started { .. })).map(|(at, _)| *at).collect();
    // The first at once; the second when its cooldown of 20 minutes is over; then its two attempts are used up.
    assert_eq!(started, [12.0, 32.0], "{deeds:#?}");
    let withheld =
        |rule: Withheld| deeds.iter().any(|(_, w)| matches!(w, What::Withheld { by, .. } if *by == rule));
    assert!(withheld(Withheld::Cooldown) && withheld(Withheld::Exhausted), "{deeds:#?}");
    assert!(deeds.iter().any(|(_, w)| matches!(w, What::Told(_))), "{deeds:#?}");
}
