//! What holds over any timeline: silence, gaps, noise and restarts.

use super::eval::Truth::{self, False, True, Unknown};
use super::tests::{Sim, cond, now, playbook, with_trigger};
use super::*;
use proptest::prelude::*;

/// What a source may answer.
#[derive(Debug, Clone)]
enum Said {
    Value(f64),
    /// A number that is none.
    Wild(f64),
    Failed,
    Nothing,
}

/// One moment: the time since the one before, and what `x` and `y` say.
type Moment = (u16, Said, Said);

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        6 => prop::sample::select(vec![0.0, 0.01, 0.03, 0.2]).prop_map(Said::Value),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).prop_map(Said::Wild),
        1 => Just(Said::Failed),
        1 => Just(Said::Nothing),
    ]
}

fn story(longest_gap: u16, n: usize) -> impl Strategy<Value = Vec<Moment>> {
    proptest::collection::vec((0..longest_gap, said(), said()), 1..n)
}

const RULES: [&str; 9] = [
    "x > 2%",
    "x > 2% and y > 2%",
    "x > 2% or not y > 2%",
    "avg_over_time(x[20s]) > 2%",
    "max_over_time(x[15s]) > 2% and y > 0%",
    "consecutive(x > 2%) >= 2",
    "twice > 4%",
    "changes(x[30s]) >= 1 or x > 10%",
    "x > 2 * baseline(x)",
];

fn rule() -> impl Strategy<Value = &'static str> {
    prop::sample::select(RULES.to_vec())
}

fn sim(rule: &str, hold: u64, keep: u64) -> Sim {
    Sim::new(&with_trigger(playbook(), "t", rule, hold, keep, None))
}

/// Says one thing; nothing changes where nothing is said.
fn say(s: &mut Sim, id: &str, said: &Said) {
    match said {
        Said::Value(v) | Said::Wild(v) => s.read(id, None, Ok(*v)),
        Said::Failed => s.read(id, None, Err("failed")),
        Said::Nothing => {}
    }
}

fn play(s: &mut Sim, story: &[Moment], mut after: impl FnMut(&mut Sim)) {
    let mut t = s.at - 1_000_000;
    for (gap, x, y) in story {
        t += i64::from(*gap) + 1;
        while let Some(due) = s.engine.next_deadline().map(|d| d as i64).filter(|d| *d < 1_000_000 + t) {
            s.at = due.max(s.at);
            s.event(Event::Tick);
            after(s);
        }
        s.at = 1_000_000 + t;
        for (id, said) in [("x", x), ("y", y)] {
            say(s, id, said);
            after(s);
        }
    }
}

fn truth(s: &Sim) -> Truth {
    s.engine.triggers[0].truth
}

/// Milliseconds in which the condition was true in every part, by what the engine itself answers moment by moment.
#[derive(Default)]
struct TrueTime {
    since: Option<i64>,
    sum: i64,
}

impl TrueTime {
    fn at(&mut self, now: i64, truth: Truth) {
        if let Some(since) = self.since.take() {
            self.sum += now - since;
        }
        match truth {
            True => self.since = Some(now),
            False => self.sum = 0,
            Unknown => {}
        }
    }
}

fn three() -> impl Strategy<Value = Truth> {
    prop::sample::select(vec![True, False, Unknown])
}

/// A signal's value for each answer of `x > 2%`.
fn for_truth(t: Truth) -> Said {
    match t {
        True => Said::Value(0.05),
        False => Said::Value(0.0),
        Unknown => Said::Failed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_change_rests_on_an_answer(rule in rule(), hold in 0u64..40_000, keep in 0u64..20_000, story in story(40_000, 25)) {
        let mut s = sim(rule, hold, keep);
        let mut fired = false;
        let mut wrong = None;
        play(&mut s, &story, |s| {
            let (fires, truth) = (s.fires(), truth(s));
            if fires && !fired && truth != True {
                wrong = Some("it fired without a true answer");
            }
            if !fires && fired && truth != False {
                wrong = Some("it resolved without a false answer");
            }
            fired = fires;
        });
        prop_assert_eq!(wrong, None);
    }

    #[test]
    fn it_never_fires_with_less_true_time_than_it_needs(rule in rule(), hold in 1u64..60_000, story in story(25_000, 40)) {
        let mut s = sim(rule, hold, 0);
        let (mut held, mut fired, mut wrong) = (TrueTime::default(), false, None);
        play(&mut s, &story, |s| {
            held.at(s.at, truth(s));
            let fires = s.fires();
            if fires && !fired && held.sum < hold as i64 {
                wrong = Some(held.sum);
            }
            if !fires && fired {
                held.sum = 0;
            }
            fired = fires;
        });
        prop_assert_eq!(wrong, None, "needs {}", hold);
    }

    #[test]
    fn a_longer_silence_adds_nothing(hold in 20_000u64..90_000, before in 0i64..3, silence in 40_000i64..9_000_000) {
        // The same samples around a short and a long silence leave the same time held.
        let held = |silence: i64| {
            let mut s = sim("x > 2%", hold, 0);
            for i in 0..=before {
                s.x(i * 5_000, 0.05);
            }
            s.to(before * 5_000 + silence);
            match s.state() {
                TriggerState::Pending { held, .. } => Some(held),
                _ => None,
            }
        };
        prop_assert_eq!(held(31_000), held(silence));
        if let Some(held) = held(silence) {
            prop_assert!(held <= (before * 5_000 + 30_001) as u64);
        }
    }

    #[test]
    fn what_is_no_number_changes_no_value(rule in rule(), story in story(9_000, 25), wild in prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])) {
        // A wild answer is a failed read, in every way.
        let with = |instead: Said| {
            let mut s = sim(rule, 5_000, 0);
            let story: Vec<Moment> = story.iter().map(|(g, x, y)| match x {
                Said::Wild(_) | Said::Failed => (*g, instead.clone(), y.clone()),
                _ => (*g, x.clone(), y.clone()),
            }).collect();
            let mut states = Vec::new();
            play(&mut s, &story, |s| states.push((s.state(), truth(s))));
            states
        };
        prop_assert_eq!(with(Said::Wild(wild)), with(Said::Failed));
    }

    #[test]
    fn and_or_not_follow_the_laws_of_three_values(a in three(), b in three()) {
        let mut s = Sim::new(&playbook());
        say(&mut s, "x", &for_truth(a));
        say(&mut s, "y", &for_truth(b));
        let t = |text: &str| s.engine.judge(&cond(&playbook(), text).expr, s.at, None).0;
        let (x, y) = ("x > 2%", "y > 2%");
        prop_assert_eq!((t(x), t(y)), (a, b));
        prop_assert_eq!(t(&format!("{x} and {y}")), t(&format!("{y} and {x}")));
        prop_assert_eq!(t(&format!("{x} or {y}")), t(&format!("{y} or {x}")));
        prop_assert_eq!(t(&format!("not ({x} and {y})")), t(&format!("not {x} or not {y}")));
        prop_assert_eq!(t(&format!("not ({x} or {y})")), t(&format!("not {x} and not {y}")));
        prop_assert_eq!(t(&format!("not not ({x})")), a);
        prop_assert_eq!(t(&format!("{x} or true")), True);
        prop_assert_eq!(t(&format!("{x} and false")), False);
        prop_assert_eq!(t(&format!("{x} and true")), a);
        prop_assert_eq!(t(&format!("{x} or false")), a);
        // Nobody learns anything from what is unknown on both sides.
        prop_assert_eq!(t(&format!("{x} and not {x}")) == Unknown, a == Unknown);
    }

    #[test]
    fn any_and_all_are_or_and_and_over_series(answers in proptest::collection::vec(three(), 1..6)) {
        let mut s = Sim::new(&playbook());
        for (i, a) in answers.iter().enumerate() {
            let label = format!("s{i}");
            // Every series is known before some of them fail.
            s.read("shard", Some(&label), Ok(0.0));
            match for_truth(*a) {
                Said::Value(v) => s.read("shard", Some(&label), Ok(v)),
                _ => s.read("shard", Some(&label), Err("failed")),
            }
        }
        let t = |text: &str| s.engine.judge(&cond(&playbook(), text).expr, s.at, None).0;
        prop_assert_eq!(t("any(shard > 2%)"), answers.iter().fold(False, |a, b| a.or(*b)));
        prop_assert_eq!(t("all(shard > 2%)"), answers.iter().fold(True, |a, b| a.and(*b)));
        prop_assert_eq!(t("not any(shard > 2%)"), t("all(not shard > 2%)"));
    }

    #[test]
    fn after_a_restart_nothing_changes_without_a_fresh_answer(
        rule in rule(), hold in 0u64..30_000, keep in 0u64..20_000, story in story(9_000, 25), off in 0i64..9_000_000, wait in 0i64..200_000,
    ) {
        let p = with_trigger(playbook(), "t", rule, hold, keep, None);
        let mut s = Sim::new(&p);
        play(&mut s, &story, |_| {});
        let kept = s.engine.kept(&now(s.at));
        let before = s.state();
        let start = s.at + off;
        let mut u = Sim { engine: Engine::new(&p, &now(start)), at: start, effects: Vec::new() };
        u.engine.restore(&kept, &now(start));
        let end = start + wait;
        while let Some(due) = u.engine.next_deadline().map(|d| d as i64).filter(|d| *d <= end) {
            u.at = due.max(u.at);
            u.event(Event::Tick);
        }
        u.at = end;
        match (before, u.state()) {
            (TriggerState::Pending { held: a, .. }, TriggerState::Pending { held: b, .. }) => prop_assert_eq!(a, b),
            (TriggerState::Pending { held: 0, .. }, TriggerState::Inactive) => {}
            (a, b) => prop_assert!(a.same_kind(&b), "{:?} became {:?}", a, b),
        }
    }

    #[test]
    fn a_restart_in_no_time_changes_nothing(
        rule in prop::sample::select(vec!["x > 2%", "x > 2% and y > 2%", "x > 2% or not y > 2%", "twice > 4%"]),
        hold in 0u64..30_000, first in story(9_000, 20), then in story(9_000, 20),
    ) {
        let p = with_trigger(playbook(), "t", rule, hold, 0, None);
        let mut s = Sim::new(&p);
        play(&mut s, &first, |_| {});
        let mut u = Sim { engine: Engine::new(&p, &now(s.at)), at: s.at, effects: Vec::new() };
        u.engine.restore(&s.engine.kept(&now(s.at)), &now(s.at));
        // Both hear the same anew: what is known now is the same again.
        for s in [&mut s, &mut u] {
            for (id, v) in [("x", 0.05), ("y", 0.05)] {
                s.read(id, None, Ok(v));
            }
        }
        prop_assert!(s.state().same_kind(&u.state()), "{:?} and {:?}", s.state(), u.state());
        let mut stories = Vec::new();
        for s in [&mut s, &mut u] {
            let mut states = Vec::new();
            play(s, &then, |s| states.push((s.at, s.state(), truth(s))));
            stories.push(states);
        }
        let kinds = |all: &[(i64, TriggerState, Truth)]| -> Vec<(i64, bool, bool, Truth)> {
            all.iter().map(|(at, s, t)| (*at, matches!(s, TriggerState::Firing { .. }), *s == TriggerState::Inactive, *t)).collect()
        };
        let mut a = kinds(&stories[0]);
        let mut b = kinds(&stories[1]);
        // Ticks of the two may lie apart by what is known to neither; what samples say does not.
        a.dedup_by_key(|x| (x.1, x.2, x.3));
        b.dedup_by_key(|x| (x.1, x.2, x.3));
        prop_assert_eq!(a, b);
    }

    #[test]
    fn sleep_earns_nothing_and_resolves_nothing(rule in rule(), hold in 0u64..30_000, story in story(9_000, 20), asleep in 3_000i64..9_000_000) {
        let mut s = sim(rule, hold, 10_000);
        play(&mut s, &story, |_| {});
        // The last turn before the sleep: what it earned until then counts.
        s.event(Event::Tick);
        let before = s.state();
        s.at += asleep;
        s.event(Event::HostSlept);
        match (before, s.state()) {
            (TriggerState::Pending { held: a, .. }, TriggerState::Pending { held: b, .. }) => prop_assert_eq!(a, b),
            (a, b) => prop_assert!(a.same_kind(&b), "{:?} became {:?}", a, b),
        }
    }

    #[test]
    fn a_stage_is_judged_by_what_is_known(share in proptest::option::of(0.0f64..1.3), five in 0u8..4, fifty in 0u8..4) {
        let cell = |n: u8| match n {
            0 => crate::model::playbook::Cell::Auto,
            1 => crate::model::playbook::Cell::Ask,
            2 => crate::model::playbook::Cell::Watch,
            _ => crate::model::playbook::Cell::Decide { within: 1, default_at: None },
        };
        let mut p = with_trigger(playbook(), "t", "y > 2%", 0, 0, None);
        p.traffic = Some(crate::model::playbook::Traffic { signal: "x".into(), stages: vec![5, 50, 100] });
        p.triggers["t"].at = [(5, cell(five)), (50, cell(fifty))].into_iter().collect();
        let mut s = Sim::new(&p);
        if let Some(share) = share {
            s.x(0, share);
        }
        let found = s.engine.in_force("t", s.at);
        // Nothing acts by itself that no cell says so, and an unknown stage never does unless all do.
        let autos = [five, fifty].iter().filter(|n| **n == 0).count();
        if found.cell == cell(0) {
            prop_assert!(autos > 0 && (share.is_some() || autos == 2));
        }
        if share == Some(0.0) {
            prop_assert_eq!(found.cell, cell(2));
        }
    }
}

#[test]
fn a_day_adds_nothing_to_what_is_kept() {
    let p = with_trigger(playbook(), "t", "avg_over_time(x[5m]) > 2% or increase(c[10m]) > 5", 0, 0, None);
    let mut s = Sim::new(&with_trigger(p, "u", "any(shard > 95%)", 60_000, 0, None));
    let mut after = Vec::new();
    for i in 0..5760i64 {
        s.at = 1_000_000 + i * 15_000;
        for (id, series, v) in [
            ("x", None, 0.01),
            ("y", None, 0.5),
            ("c", None, i as f64),
            ("shard", Some("a"), 0.99),
            ("shard", Some("b"), f64::from(i as i32 % 3)),
        ] {
            s.read(id, series, Ok(v));
        }
        if i % 240 == 239 {
            after.push(s.engine.store().bytes());
        }
    }
    assert!(after[0] > 0 && after.iter().all(|b| *b == after[0]), "by the hour: {after:?}");
    assert!(s.engine.triggers.values().all(|j| j.clocks.len() <= 2));
}
