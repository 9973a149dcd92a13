//! The simulated service in simulated time.

use super::*;
use crate::drill::rehearsed;
use crate::model::drill::{Behaviour, Chaos};
use crate::model::reading::Value;
use crate::model::unit::quantity;

fn now(ms: u64) -> Now {
    Now { boot: 1_000_000 + ms, boot_id: "drill".into(), wall: 1_790_000_000_000 + ms as i64 }
}

fn world(chaos: Vec<(&str, Chaos)>) -> World {
    let text = include_str!("../../../tests/fixtures/drill/shop.toml");
    let mut playbook = crate::config::playbook::parse(text, "shop.toml").unwrap().playbook;
    let drill = playbook.drill.get_or_insert_default();
    drill.chaos = chaos.into_iter().map(|(id, c)| (id.to_owned(), c)).collect();
    World::new(&rehearsed(&playbook), 7, &now(0))
}

fn level(text: &str) -> Level {
    state::read(None, text)
}

fn set(signal: &str, to: &str) -> IndexMap<String, Level> {
    IndexMap::from([(signal.to_owned(), level(to))])
}

/// What a signal stands at, without noise, at a moment.
fn at(world: &mut World, signal: &str, ms: u64) -> f64 {
    world.advance(&now(ms));
    world.drill.signals.values_mut().for_each(|b| {
        if let Behaviour::Model { noise, .. } = b {
            *noise = 0.0;
        }
    });
    match world.value(signal, None, now(ms).boot) {
        Ok(Value::Number(n)) => n,
        other => panic!("{signal}: {other:?}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_stream_and_another_one_another() {
    let chaos = Chaos { lasts: 60_000, set: set("error_rate", "5%"), rises_in: 20_000, ..Chaos::default() };
    let stream = |seed: u64| {
        let mut w = world(vec![("errors", chaos.clone())]);
        w.seed = seed;
        w.trouble(&now(0), "errors", Some(5_000)).unwrap();
        let mut out = Vec::new();
        let mut t = now(0);
        while t.boot < now(120_000).boot {
            out.extend(w.advance(&t));
            t = t.plus(w.next().unwrap() - t.boot);
        }
        out
    };
    assert!(stream(1).len() > 20);
    assert_eq!(stream(1), stream(1));
    assert_ne!(stream(1), stream(2));
}

#[test]
fn it_rises_stays_is_cured_and_falls_back_in_a_straight_line() {
    let cured_when = Some(Condition {
        text: "canary == 0%".into(),
        expr: crate::model::condition::Expr::Compare(
            crate::model::condition::Cmp::Eq,
            Box::new(crate::model::condition::Expr::Signal("canary".into())),
            Box::new(crate::model::condition::Expr::Number(quantity("0%").unwrap())),
        ),
    });
    let chaos = Chaos {
        onset: 10_000,
        lasts: 600_000,
        rises_in: 20_000,
        recovers_in: 10_000,
        set: set("error_rate", "8.1%"),
        cured_when,
        ..Chaos::default()
    };
    let mut w = world(vec![("errors", chaos)]);
    let normal = at(&mut w, "error_rate", 0);
    w.trouble(&now(0), "errors", None).unwrap();
    assert!((at(&mut w, "error_rate", 9_000) - normal).abs() < 1e-9, "not before its onset");
    let half = at(&mut w, "error_rate", 20_000);
    assert!((half - (normal + (0.081 - normal) / 2.0)).abs() < 1e-3, "{half}");
    assert!((at(&mut w, "error_rate", 60_000) - 0.081).abs() < 1e-9);
    assert_eq!(w.set(&now(60_000), "canary", "0%"), [Happened::Cured("errors".into(), true)]);
    let half = at(&mut w, "error_rate", 65_000);
    assert!((half - (normal + (0.081 - normal) / 2.0)).abs() < 1e-3, "{half}");
    assert!((at(&mut w, "error_rate", 71_000) - normal).abs() < 1e-9);
    w.set(&now(80_000), "canary", "25%");
    assert!(at(&mut w, "error_rate", 101_000) > 0.08, "what is undone harms again");
}

#[test]
fn a_leak_grows_while_it_is_on_and_a_restart_frees_it() {
    let grow = IndexMap::from([("memory".to_owned(), 1e6)]);
    let chaos = Chaos { lasts: 100_000, grow, recovers_in: 5_000, ..Chaos::default() };
    let mut w = world(vec![("leak", chaos)]);
    let normal = at(&mut w, "memory", 0);
    w.trouble(&now(0), "leak", Some(0)).unwrap();
    w.advance(&now(0));
    assert!((at(&mut w, "memory", 50_000) - normal - 50e6).abs() < 1.0);
    w.mend(&now(60_000), "leak").unwrap();
    assert!((at(&mut w, "memory", 66_000) - normal).abs() < 1.0);
}

#[test]
fn silence_is_a_failed_read_staleness_an_old_one_and_slowness_a_late_one() {
    let silence = Chaos { lasts: 60_000, silence: vec!["prom".into()], ..Chaos::default() };
    let stale = Chaos { lasts: 60_000, stale: vec!["prom".into()], ..Chaos::default() };
    let slow = IndexMap::from([("prom".to_owned(), 2_000)]);
    let slow = Chaos { lasts: 60_000, slow, ..Chaos::default() };
    let read = |id: &str, chaos: &Chaos| {
        let mut w = world(vec![(id, chaos.clone())]);
        w.advance(&now(0));
        w.trouble(&now(1), id, Some(0)).unwrap();
        w.advance(&now(1));
        w.look(&now(20_000), &["error_rate".to_owned()])
    };
    assert!(read("s", &silence).iter().all(|r| r.value == Err("no answer".into())));
    assert!(read("s", &stale).iter().all(|r| r.value.is_ok() && r.age == 20_000));
    let mut w = world(vec![("s", slow)]);
    w.trouble(&now(0), "s", Some(0)).unwrap();
    let first = w.advance(&now(0));
    assert_eq!(first, [Happened::Began("s".into())], "nothing yet");
    let later = w.advance(&now(2_000));
    assert!(
        matches!(&later[0], Happened::Read(r) if r[0].age == 2_000 && r[0].at == now(2_000)),
        "{later:?}"
    );
}

#[test]
fn steps_and_channels_fail_while_it_harms() {
    let chaos = Chaos {
        lasts: 10_000,
        fail_steps: vec!["back.lower".into()],
        fail_channels: vec!["chat".into()],
        ..Chaos::default()
    };
    let mut w = world(vec![("broken", chaos)]);
    let names = ["lower".to_owned(), "back.lower".to_owned()];
    assert_eq!(w.fails(&names), None);
    w.trouble(&now(0), "broken", Some(0)).unwrap();
    w.advance(&now(0));
    assert!(w.fails(&names).is_some() && w.deaf("chat").is_some() && w.deaf("mail").is_none());
    assert_eq!(w.advance(&now(10_000)).first(), Some(&Happened::Ended("broken".into())));
    assert!(w.fails(&names).is_none() && w.deaf("chat").is_none());
}

#[test]
fn a_counter_never_falls_and_a_series_can_be_bad_alone() {
    let times = IndexMap::from([("shard_cpu.b".to_owned(), 3.0)]);
    let mut w = world(vec![("one", Chaos { lasts: 60_000, times, ..Chaos::default() })]);
    w.trouble(&now(0), "one", Some(0)).unwrap();
    w.advance(&now(0));
    let seen = w.look(&now(10_000), &["shard_cpu".to_owned()]);
    let of = |label: &str| {
        let r = seen.iter().find(|r| r.signal == "shard_cpu" && r.series.as_deref() == Some(label)).unwrap();
        match r.value {
            Ok(Value::Number(n)) => n,
            _ => panic!("{r:?}"),
        }
    };
    assert!(of("b") > 2.0 * of("a"), "{} {}", of("a"), of("b"));
    let mut before = 0.0;
    for t in 0..20 {
        let now = at(&mut w, "requests", t * 5_000);
        assert!(now >= before);
        before = now;
    }
    assert!(before > 1_000.0);
}

#[test]
fn a_signal_flaps_alone_and_series_of_one_take_turns() {
    let one =
        Chaos { lasts: 600_000, period: 10_000, alternate: set("error_rate", "50%"), ..Chaos::default() };
    let two = ["shard_cpu.a", "shard_cpu.b"].map(|s| (s.to_owned(), level("97%")));
    let two =
        Chaos { lasts: 600_000, period: 10_000, alternate: two.into_iter().collect(), ..Chaos::default() };
    let mut w = world(vec![("one", one), ("two", two)]);
    w.trouble(&now(0), "one", Some(0)).unwrap();
    w.trouble(&now(0), "two", Some(0)).unwrap();
    let hot = |w: &mut World, ms: u64| {
        w.advance(&now(ms));
        ["a", "b"].map(|s| match w.value("shard_cpu", Some(s), now(ms).boot) {
            Ok(Value::Number(n)) => n > 0.9,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(
        [5_000, 15_000, 25_000].map(|t| hot(&mut w, t)),
        [[true, false], [false, true], [true, false]]
    );
    assert!(at(&mut w, "error_rate", 45_000) > 0.4 && at(&mut w, "error_rate", 55_000) < 0.1);
}
