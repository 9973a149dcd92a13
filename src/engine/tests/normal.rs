//! Baselines, samples needed, windows that begin with an incident or a run, and rows whose beginning was not seen.

use super::super::baseline::Known;
use super::*;
use crate::model::playbook::{Baseline, MinSamples};

fn known(value: f64, samples: Option<u64>) -> Result<Known, String> {
    Ok(Known { value, samples, at: Some(WALL + 1_000_000 - 60_000), origin: "mark before by ana".into() })
}

fn tell(s: &mut Sim, signal: &str, known: Result<Known, String>) {
    s.event(Event::Baseline { signal: signal.into(), known });
}

/// `y` may be three times what `x` was before the mark.
fn marked() -> Playbook {
    let mut p = playbook();
    p.signals["y"].baseline = Some(Baseline::Mark { id: "before".into(), over: 60_000, least: 10 });
    with_trigger(p, "t", "y > 3 * baseline(y)", 0, 0, None)
}

#[test]
fn a_baseline_is_unknown_until_it_is_captured_from_enough_samples() {
    let mut s = Sim::new(&marked());
    s.read("y", None, Ok(0.5));
    let why = |s: &Sim| s.engine.triggers(s.at)[0].evidence[0].reason.clone().unwrap_or_default();
    assert!(why(&s).contains("nobody has marked before yet"), "{}", why(&s));
    assert!(matches!(s.engine.baseline("y"), Some(Err(_))));
    assert_eq!(s.engine.baseline("up"), None);
    tell(&mut s, "y", known(0.1, Some(9)));
    assert!(why(&s).contains("only 9 of the 10 samples it needs"), "{}", why(&s));
    assert!(!s.fires());
    tell(&mut s, "y", known(f64::NAN, Some(90)));
    assert!(!s.fires());
    tell(&mut s, "y", known(0.1, Some(10)));
    assert!(s.fires(), "judged as soon as it is told");
    let b = s.engine.signal("y", s.at).unwrap().baseline.unwrap();
    assert_eq!((b.value.clone(), b.age, b.samples), (Ok(0.1), Some(60_000), Some(10)));
    assert_eq!(b.line(), "mark before by ana, 1m old");
    tell(&mut s, "y", Err("the file is gone".into()));
    assert!(s.fires(), "what is not known any more resolves nothing");
}

#[test]
fn a_written_baseline_is_known_from_the_start() {
    let mut s = Sim::new(&playbook());
    s.x(0, 0.02);
    let b = s.engine.signal("x", s.at).unwrap().baseline.unwrap();
    assert_eq!((b.value, b.origin.as_str()), (Ok(0.01), "the playbook"));
    assert_eq!(s.truth("x > 1.5 * baseline(x)"), Truth::True);
}

#[test]
fn a_control_signal_is_the_baseline_series_by_series_and_a_rule_hears_of_it() {
    let mut p = playbook();
    p.signals["shard"].baseline = Some(Baseline::Signal("control".into()));
    p.signals.insert("control".into(), Signal { series: Some("shard".into()), ..signal(Unit::Percent) });
    p.signals["y"].baseline = Some(Baseline::Signal("x".into()));
    let p = with_trigger(p, "t", "any(shard > 2 * baseline(shard))", 0, 0, None);
    let mut s = Sim::new(&with_trigger(p, "u", "y > 2 * baseline(y)", 0, 0, None));
    for (id, a, b) in [("shard", 0.5, 0.5), ("control", 0.3, 0.4)] {
        s.read(id, Some("a"), Ok(a));
        s.read(id, Some("b"), Ok(b));
    }
    assert!(!s.fires());
    s.read("control", Some("b"), Ok(0.2));
    assert!(s.fires(), "the control fell");
    assert_eq!(s.engine.triggers(s.at)[0].series, ["b"]);
    let b = s.engine.signal("shard", s.at).unwrap().baseline.unwrap();
    assert_eq!((b.value, b.origin.as_str(), b.age), (Ok(0.3), "control", Some(0)));
    s.read("y", None, Ok(0.5));
    s.read("x", None, Ok(0.1));
    assert!(matches!(s.engine.triggers(s.at)[1].state, TriggerState::Firing { .. }));
    s.read("x", None, Err("timed out"));
    assert_eq!(s.engine.triggers(s.at)[1].truth, Truth::Unknown);
}

#[test]
fn a_value_that_rests_on_too_few_is_unknown_in_conditions_and_levels() {
    let mut p = playbook();
    p.signals["x"].min_samples = Some(MinSamples { least: 50, of: "c".into() });
    p.signals["x"].critical = Some(parse_comparison("> 5%", "x", &Declares(&p)).unwrap());
    let mut s = Sim::new(&with_trigger(p, "t", "x > 5% or avg_over_time(x[10s]) > 5%", 0, 0, None));
    s.x(0, 0.6);
    let reason = |s: &Sim| s.engine.signal("x", s.at).unwrap().reason.unwrap_or_default();
    assert!(
        reason(&s).contains("whether it has the 50 it needs (c): nothing measured yet"),
        "{}",
        reason(&s)
    );
    for i in 1..=3 {
        s.to(i * 5_000);
        s.read("c", None, Ok(5.0));
        s.read("x", None, Ok(0.6));
        assert_eq!(reason(&s), "only 5 of the 50 it needs (c)");
        assert_eq!(s.engine.signal("x", s.at).unwrap().level, Level::Unknown);
        assert!(!s.fires());
        assert_eq!(s.engine.triggers(s.at)[0].truth, Truth::Unknown);
    }
    assert_eq!(s.truth("absent(x)"), Truth::False, "it does answer");
    s.read("c", None, Ok(50.0));
    assert!(s.fires(), "more requests alone make it count");
    assert_eq!(s.engine.signal("x", s.at).unwrap().level, Level::Critical);
    s.to(20_000);
    s.read("c", None, Ok(4.0));
    s.read("x", None, Ok(0.0));
    assert!(s.fires(), "too few resolve nothing");
}

#[test]
fn a_window_of_the_incident_begins_with_it() {
    let mut s = Sim::one("max_over_time(x[incident]) > 5%", 0);
    for i in 0..10 {
        s.x(i * 10_000, if i == 3 { 0.5 } else { 0.01 });
    }
    assert!(s.number("max_over_time(x[incident])").unwrap_err().contains("no incident is open"));
    s.event(Event::Incident(Some(s.at - 40_000)));
    assert_eq!(s.number("max_over_time(x[incident])"), Ok(0.01));
    assert_eq!(s.number("count_over_time(x[incident])"), Ok(4.0), "left-open");
    s.x(100_000, 0.06);
    assert!(s.fires());
    s.event(Event::Incident(None));
    assert!(s.fires(), "no incident is no answer");
    s.event(Event::Incident(Some(s.at - 5_000_000)));
    let why = s.number("max_over_time(x[incident])").unwrap_err();
    assert!(why.contains("measured for 1m40s of its 1h23m"), "{why}");
}

#[test]
fn a_long_incident_keeps_four_hours_and_then_says_so() {
    let mut s = Sim::one("max_over_time(x[incident]) > 5%", 0);
    s.event(Event::Incident(Some(s.at)));
    let step = 20_000;
    let mut most = 0;
    for i in 0..3 * 3600 * 1000 * 2 / step {
        s.at = 1_000_000 + i * step;
        s.read("x", None, Ok(0.01));
        most = most.max(s.engine.store().bytes());
    }
    let why = s.number("max_over_time(x[incident])").unwrap_err();
    assert!(why.contains("measured for 4h") && why.contains("of its 5h59m"), "{why}");
    assert!(most < 100_000, "{most}");
}

#[test]
fn a_window_of_the_run_reaches_back_to_its_start_but_its_newest_sample_must_count() {
    let mut p = playbook();
    p.signals["c"].stale_after = 60_000;
    let mut s = Sim::new(&with_trigger(p, "t", "increase(c[run]) > 5", 0, 0, None));
    for i in 0..10 {
        s.to(i * 10_000);
        s.read("c", None, Ok(i as f64 * 10.0));
    }
    let rule = cond(&playbook(), "increase(c[run]) > 5").expr;
    assert_eq!(s.engine.judge(&rule, s.at, None).0, Truth::Unknown);
    s.event(Event::Run(Some(s.at - 50_000)));
    assert_eq!(s.engine.judge(&rule, s.at, None).0, Truth::True);
    assert_eq!(s.engine.judge(&rule, s.at, Some(s.at)).0, Truth::Unknown, "not sampled since then");
    let step = s.at;
    s.to(100_000);
    s.read("c", None, Ok(100.0));
    assert_eq!(s.engine.judge(&rule, s.at, Some(step)).0, Truth::True);
}

#[test]
fn a_row_may_be_longer_than_was_seen_so_a_restart_resolves_nothing() {
    let p = with_trigger(playbook(), "t", "consecutive(not up) >= 3", 0, 0, None);
    let mut s = Sim::new(&p);
    for i in 0..4 {
        s.to(i * 5_000);
        s.read("up", None, Ok(0.0));
    }
    assert!(s.fires(), "three were seen, whatever was before");
    let kept = s.engine.kept(&now(s.at));
    let mut u = Sim::new(&p);
    u.at = s.at + 10_000;
    u.engine.restore(&kept, &now(u.at));
    u.read("up", None, Ok(0.0));
    assert!(u.fires() && u.engine.triggers(u.at)[0].truth == Truth::Unknown);
    u.at += 5_000;
    u.read("up", None, Ok(1.0));
    assert!(!u.fires());
}

#[test]
fn a_row_over_two_signals_counts_when_both_have_answered_anew() {
    let mut s = Sim::one("consecutive(x > 2% and y > 2%) >= 2", 0);
    s.x(0, 0.0);
    s.read("y", None, Ok(0.5));
    let both = |s: &mut Sim, ms: i64, x: f64, y: Option<f64>| {
        s.to(ms);
        let at = now(s.at);
        let of = |id: &str, v: f64| Reading {
            signal: id.into(),
            series: None,
            at: at.clone(),
            age: 0,
            value: Ok(Value::Number(v)),
        };
        let mut readings = vec![of("x", x)];
        readings.extend(y.map(|y| of("y", y)));
        s.event(Event::Readings(readings));
    };
    both(&mut s, 1_000, 0.5, Some(0.5));
    assert!(!s.fires(), "one batch is one, not two");
    both(&mut s, 2_000, 0.5, None);
    both(&mut s, 3_000, 0.5, None);
    assert!(!s.fires(), "y has said nothing new");
    both(&mut s, 4_000, 0.5, Some(0.5));
    assert!(s.fires());
    both(&mut s, 5_000, 0.0, None);
    assert!(!s.fires(), "one false is enough");
    let p = with_trigger(playbook(), "t", "consecutive(x > 2% and twice > 4%) >= 2", 0, 0, None);
    let mut s = Sim::new(&p);
    s.x(0, 0.0);
    s.x(1_000, 0.05);
    assert!(!s.fires(), "a computed signal is no second sample");
    s.x(2_000, 0.05);
    assert!(s.fires());
}

#[test]
fn any_beside_another_rule_keeps_a_clock_per_series() {
    let mut s = Sim::one("any(shard > 95%) and x > 2%", 20_000);
    for i in 0..10 {
        s.x(i * 10_000, 0.05);
        let (a, b) = if i % 2 == 0 { (0.99, 0.5) } else { (0.5, 0.99) };
        s.read("shard", Some("a"), Ok(a));
        s.read("shard", Some("b"), Ok(b));
        assert!(!s.fires(), "two shards that take turns do not fire");
    }
    for i in 10..13 {
        s.x(i * 10_000, 0.05);
        s.read("shard", Some("a"), Ok(0.5));
        s.read("shard", Some("b"), Ok(0.99));
    }
    assert!(s.fires());
    assert_eq!(s.engine.triggers(s.at)[0].series, ["b"]);
}

#[test]
fn a_series_that_is_forgotten_is_pending_no_more_and_one_that_fires_goes_on() {
    let mut s = Sim::one("any(shard > 95%)", 60_000);
    s.read("shard", Some("a"), Ok(0.99));
    for i in 1..200 {
        s.to(i * 10_000);
        s.read("shard", Some("b"), Ok(0.1));
    }
    assert_eq!(s.state(), TriggerState::Inactive);
    let mut s = Sim::one("any(shard > 95%)", 0);
    s.read("shard", Some("a"), Ok(0.99));
    for i in 1..200 {
        s.to(i * 10_000);
        s.read("shard", Some("b"), Ok(0.1));
    }
    assert!(s.fires(), "silence resolves nothing");
}

#[test]
fn only_what_a_rule_or_a_panel_names_is_kept() {
    let mut p = playbook();
    for id in ["quiet", "drawn", "plain", "many"] {
        p.signals.insert(id.into(), signal(Unit::Percent));
    }
    p.signals["drawn"].panel = Some(1);
    p.signals["many"].series = Some("shard".into());
    p.signals["plain"].warn = Some(parse_comparison("> 1%", "plain", &Declares(&p)).unwrap());
    let mut s =
        Sim::new(&with_trigger(p, "t", "avg_over_time(x[1m]) > 2% or y > 1% or any(many > 1%)", 0, 0, None));
    for i in 0..100 {
        s.to(i * 5_000);
        for id in ["x", "y", "quiet", "drawn", "plain"] {
            s.read(id, None, Ok(0.01));
        }
        s.read("many", Some("a"), Ok(0.01));
    }
    let kept = |id: &str| {
        let series = &s.engine.store().signal(id).unwrap().series[0];
        (series.newest().count(), series.tiers().is_some(), series.bytes().0)
    };
    assert_eq!((kept("quiet"), kept("drawn")), ((0, false, 0), (0, true, 0)));
    assert_eq!((kept("y").0, kept("y").1, kept("plain").0), (5, true, 5));
    assert!(kept("y").2 <= 16 * 16, "the newest few: {}", kept("y").2);
    assert_eq!((kept("many").0, kept("many").1), (5, false), "of many series those of a panel are drawn");
    assert_eq!(kept("x").0, 5);
}

#[test]
fn what_people_say_just_as_it_begins_is_not_lost_between_two_clocks() {
    let p = with_trigger(playbook(), "t", "increase(count[10m]) >= 2", 0, 0, None);
    let mut s = Sim::new(&p);
    // The wall clock is a little ahead of the clock that this began by.
    let points = vec![(WALL + s.at - 5, 1.0), (WALL + s.at + 3, 2.0), (WALL + s.at + 3, 3.0)];
    s.event(Event::Backfill { signal: "count".into(), series: None, points });
    s.to(1_000);
    assert_eq!(s.number("count"), Ok(3.0));
    assert_eq!(s.number("increase(count[10m])"), Ok(3.0));
}

#[test]
fn what_nobody_ever_raised_or_counted_is_known_from_the_start() {
    let mut p = playbook();
    p.signals.retain(|id, _| ["x", "flag", "count"].contains(&id.as_str()));
    let mut s = Sim::new(&p);
    s.to(1_000);
    s.read("x", None, Ok(0.001));
    assert_eq!(s.engine.answering(), (3, 3));
    assert_eq!(s.engine.verdict().standing, verdict::Standing::Quiet);
}

#[test]
fn what_people_had_set_before_the_start_is_taken_over() {
    let p = with_trigger(playbook(), "t", "increase(count[10m]) > 2", 0, 0, None);
    let mut s = Sim::new(&p);
    s.to(1_000);
    let points = vec![(WALL + s.at - 500_000, 1.0), (WALL + s.at - 400_000, 3.0)];
    s.event(Event::Backfill { signal: "count".into(), series: None, points });
    assert_eq!(s.number("count"), Ok(3.0));
    assert!(s.fires());
    s.event(Event::Count { signal: "count".into(), delta: 1 });
    s.to(2_000);
    assert_eq!(s.number("increase(count[10m])"), Ok(4.0));
    s.to(210_000);
    assert!(!s.fires(), "{:?}", s.number("increase(count[10m])"));
}
