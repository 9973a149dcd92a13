//! The engine in simulated time.

mod normal;

use super::criteria::Criteria;
use super::eval::Outcome;
use super::*;
use crate::model::condition::{Condition, Declared, Names, parse_comparison, parse_condition, parse_expr};
use crate::model::playbook::{Better, Criterion, Severity, Signal, Trigger, Verification};
use crate::model::probe::{Ask, Expectation, Probe};
use crate::model::unit::{Quantity, Unit};
use proptest::prelude::*;

const WALL: i64 = 1_700_000_000_000;

pub(super) fn now(ms: i64) -> Now {
    Now { boot: ms as u64, boot_id: "b".into(), wall: WALL + ms }
}

pub(super) struct Declares<'a>(&'a Playbook);

impl Names for Declares<'_> {
    fn signal(&self, id: &str) -> Option<Declared> {
        let s = self.0.signals.get(id)?;
        Some(Declared {
            dim: s.unit.dim(),
            counter: s.counter,
            multi: s.series.is_some(),
            baseline: s.baseline.is_some(),
        })
    }
    fn signals(&self) -> Vec<String> {
        self.0.signals.keys().cloned().collect()
    }
    fn trigger(&self, id: &str) -> bool {
        self.0.triggers.contains_key(id) || id == "high"
    }
}

pub(super) fn cond(p: &Playbook, text: &str) -> Condition {
    parse_condition(text, &Declares(p)).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

pub(super) fn signal(unit: Unit) -> Signal {
    Signal {
        title: String::new(),
        source: None,
        reading: ReadingKind::ExitCode,
        unit,
        raw: unit,
        series: None,
        counter: false,
        better: Better::Lower,
        baseline: None,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: None,
        stale_after: 30_000,
        panel: None,
    }
}

/// Signals: `x` percent, `y` percent, `up` bool, `c` counter, `shard` percent per series, `flag`, `count`, `ratio` = x * 2.
pub(super) fn playbook() -> Playbook {
    let mut p = Playbook::default();
    for (id, unit) in
        [("x", Unit::Percent), ("y", Unit::Percent), ("up", Unit::Bool), ("shard", Unit::Percent)]
    {
        p.signals.insert(id.into(), signal(unit));
    }
    p.signals.insert("c".into(), Signal { counter: true, ..signal(Unit::Count) });
    let baseline = Some(Quantity { value: 0.01, dim: Unit::Percent.dim() });
    p.signals["x"].baseline = baseline.map(crate::model::playbook::Baseline::Value);
    p.signals["shard"].series = Some("shard".into());
    let flag = ReadingKind::Flag { key: 'f', text: String::new() };
    p.signals.insert("flag".into(), Signal { reading: flag, ..signal(Unit::Bool) });
    let count = ReadingKind::Count { key: 'n', text: String::new() };
    p.signals.insert("count".into(), Signal { reading: count, counter: true, ..signal(Unit::Count) });
    let expr = parse_expr("x * 2", &Declares(&p)).unwrap().0;
    p.signals.insert("twice".into(), Signal { reading: ReadingKind::Expr(expr), ..signal(Unit::Percent) });
    p
}

pub(super) fn with_trigger(
    mut p: Playbook,
    id: &str,
    when: &str,
    hold: u64,
    keep: u64,
    clear: Option<&str>,
) -> Playbook {
    let t = Trigger {
        title: id.into(),
        when: cond(&p, when),
        severity: Some("P1".into()),
        hold,
        keep_firing_for: keep,
        clear_when: clear.map(|c| cond(&p, c)),
        act: Default::default(),
        at: IndexMap::new(),
        default: Default::default(),
        mode: Default::default(),
        procedure: None,
        args: IndexMap::new(),
        reason: None,
        authority: None,
        approval: vec![],
        effect_within: None,
        cooldown: 300_000,
        max_attempts: 1,
        per: 3_600_000,
    };
    p.severities.entry("P1".into()).or_insert_with(|| Severity {
        title: "High".into(),
        respond_within: Some(900_000),
        ..Severity::default()
    });
    p.triggers.insert(id.into(), t);
    p
}

/// An engine whose deadlines are kept.
pub(super) struct Sim {
    pub(super) engine: Engine,
    pub(super) at: i64,
    pub(super) effects: Vec<(i64, Effect)>,
}

impl Sim {
    pub(super) fn new(p: &Playbook) -> Sim {
        let mut s = Sim { engine: Engine::new(p, &now(1_000_000)), at: 1_000_000, effects: Vec::new() };
        s.event(Event::Tick);
        s
    }

    pub(super) fn one(when: &str, hold: u64) -> Sim {
        Sim::new(&with_trigger(playbook(), "t", when, hold, 0, None))
    }

    pub(super) fn event(&mut self, e: Event) {
        for effect in self.engine.handle(&now(self.at), e) {
            self.effects.push((self.at - 1_000_000, effect));
        }
    }

    /// Goes on to so many milliseconds after the start, with every deadline on the way.
    pub(super) fn to(&mut self, ms: i64) {
        let end = 1_000_000 + ms;
        while let Some(due) = self.engine.next_deadline().map(|d| d as i64).filter(|d| *d <= end) {
            assert!(due > self.at || self.at == 1_000_000, "a deadline lies ahead: {due} at {}", self.at);
            self.at = due.max(self.at);
            self.event(Event::Tick);
        }
        self.at = end;
    }

    pub(super) fn read(&mut self, id: &str, series: Option<&str>, value: Result<f64, &str>) {
        let value = value.map(Value::Number).map_err(String::from);
        let r =
            Reading { signal: id.into(), series: series.map(Into::into), at: now(self.at), age: 0, value };
        self.event(Event::Readings(vec![r]));
    }

    pub(super) fn x(&mut self, ms: i64, v: f64) {
        self.to(ms);
        self.read("x", None, Ok(v));
    }

    pub(super) fn state(&self) -> TriggerState {
        self.engine.triggers(self.at)[0].state
    }

    pub(super) fn fires(&self) -> bool {
        matches!(self.state(), TriggerState::Firing { .. })
    }

    pub(super) fn truth(&self, text: &str) -> Truth {
        let c = cond(&playbook(), text);
        self.engine.judge(&c.expr, self.at, None).0
    }

    pub(super) fn number(&self, text: &str) -> Result<f64, String> {
        let e = parse_expr(text, &Declares(&playbook())).unwrap().0;
        match self.engine.worth(&e, self.at) {
            Outcome::One(Worth::Number(n)) => Ok(n),
            Outcome::One(Worth::Unknown(why)) => Err(why),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn three_values_follow_kleenes_tables() {
    use Truth::{False as F, True as T, Unknown as U};
    for (a, b, and, or) in
        [(T, T, T, T), (T, F, F, T), (T, U, U, T), (F, F, F, F), (F, U, F, U), (U, U, U, U)]
    {
        assert_eq!((a.and(b), b.and(a), a.or(b), b.or(a)), (and, and, or, or), "{a:?} {b:?}");
        assert_eq!(!(a.and(b)), (!a).or(!b));
    }
    assert_eq!((!T, !F, !U), (F, T, U));
    let mut s = Sim::new(&playbook());
    s.x(0, 0.05);
    assert_eq!(s.truth("x > 2%"), T);
    assert_eq!(s.truth("y > 2%"), U);
    assert_eq!(s.truth("x > 2% or y > 2%"), T);
    assert_eq!(s.truth("x > 2% and y > 2%"), U);
    assert_eq!(s.truth("x < 2% and y > 2%"), F);
    assert_eq!(s.truth("not y > 2%"), U);
    assert_eq!(s.truth("x > baseline(x) * 4"), T);
    assert_eq!(s.truth("x == 5% and flag == false"), T);
}

#[test]
fn old_failed_and_impossible_values_are_unknown_with_their_reason() {
    let mut s = Sim::new(&playbook());
    assert!(s.number("x").unwrap_err().contains("nothing measured yet"));
    s.x(0, 0.05);
    s.to(30_000);
    assert_eq!(s.number("x"), Ok(0.05));
    s.to(30_001);
    assert!(s.number("x").unwrap_err().contains("stale: 30s old, limit 30s"));
    s.x(40_000, 0.05);
    s.read("x", None, Err("timed out"));
    assert!(s.number("x").unwrap_err().contains("timed out"));
    s.x(41_000, f64::NAN);
    assert!(s.number("x").unwrap_err().contains("NaN"));
    s.x(42_000, 0.0);
    s.read("y", None, Ok(0.0));
    assert!(s.number("x / y").unwrap_err().contains("not a number"), "0 / 0 is unknown");
    s.to(43_000);
    let r = Reading {
        signal: "x".into(),
        series: None,
        at: now(s.at),
        age: 31_000,
        value: Ok(Value::Number(1.0)),
    };
    s.event(Event::Readings(vec![r]));
    assert!(s.number("x").unwrap_err().contains("stale"), "a sample's own time adds age");
}

#[test]
fn absent_alone_turns_unknown_into_true_after_it_had_time_to_answer() {
    let mut s = Sim::new(&playbook());
    assert_eq!(s.truth("absent(x)"), Truth::Unknown);
    s.x(1_000, 0.0);
    assert_eq!(s.truth("absent(x)"), Truth::False);
    s.to(31_001);
    assert_eq!((s.truth("absent(x)"), s.truth("absent(y)")), (Truth::True, Truth::True));
    s.read("y", None, Err("refused"));
    assert_eq!(s.truth("absent(y)"), Truth::True);
}

#[test]
fn a_window_is_known_when_it_is_covered_from_its_start() {
    let mut s = Sim::one("avg_over_time(x[1m]) > 2%", 0);
    for i in 0..=6 {
        s.x(i * 10_000, 0.01 * i as f64);
        if i < 6 {
            assert!(s.number("avg_over_time(x[1m])").unwrap_err().contains("of its 1m"), "{i}");
        }
    }
    // Left-open: the sample at the start is not in it.
    assert!((s.number("avg_over_time(x[1m])").unwrap() - 0.035).abs() < 1e-12);
    assert_eq!(s.number("count_over_time(x[1m])"), Ok(6.0));
    s.read("x", None, Err("timed out"));
    assert!(s.number("avg_over_time(x[1m])").is_ok(), "one failed read does not blind a window");
    s.to(90_001);
    assert!(s.number("avg_over_time(x[1m])").unwrap_err().contains("stale"));
    s.x(200_000, 0.01);
    assert!(s.number("avg_over_time(x[1m])").is_err(), "a hole at the start is no cover");
}

#[test]
fn a_counter_that_restarts_goes_on_counting() {
    let mut s = Sim::one("increase(c[1m]) > 5", 0);
    for (i, v) in [0., 10., 20., 30., 5., 15., 25.].into_iter().enumerate() {
        s.to(i as i64 * 10_000);
        s.read("c", None, Ok(v));
    }
    let increase = s.number("increase(c[1m])").unwrap();
    assert!((increase - 45.0 * 60.0 / 50.0).abs() < 1e-9, "{increase}");
    assert_eq!(s.number("resets(c[1m])"), Ok(1.0));
}

#[test]
fn what_was_measured_before_the_start_covers_windows() {
    let mut s = Sim::one("avg_over_time(x[5m]) > 2%", 0);
    s.to(10_000);
    let points = (0..40).map(|i| (WALL + s.at - 1000 - i * 10_000, 0.04)).collect();
    s.x(10_000, 0.04);
    s.event(Event::Backfill { signal: "x".into(), series: None, points });
    assert!((s.number("avg_over_time(x[5m])").unwrap() - 0.04).abs() < 1e-12);
    assert!(s.fires());
}

#[test]
fn for_counts_from_the_first_true_sample_and_fires_by_time_alone() {
    let mut s = Sim::one("x > 2%", 20_000);
    s.x(0, 0.01);
    assert_eq!(s.state(), TriggerState::Inactive);
    s.x(10_000, 0.03);
    assert_eq!(s.state(), TriggerState::Pending { since: 1_010_000, held: 0, need: 20_000 });
    s.x(20_000, 0.03);
    s.to(29_999);
    assert!(!s.fires());
    s.to(30_000);
    assert!(s.fires());
    let v = s.engine.verdict();
    assert_eq!(
        (&v.standing, v.since, v.clock(1_090_000)),
        (&Standing::Row("P1".into()), 1_030_000, Some(840_000))
    );
    assert!(v.evidence[0].line().contains("x > 2 %: 3 %"), "{:?}", v.evidence);
    s.x(31_000, 0.01);
    assert!(!s.fires());
    let changes: Vec<i64> = s
        .effects
        .iter()
        .filter(|(_, e)| matches!(e, Effect::TriggerChanged { .. }))
        .map(|(t, _)| *t)
        .collect();
    assert_eq!(changes, [10_000, 30_000, 31_000]);
}

#[test]
fn silence_neither_fires_nor_resolves() {
    let mut s = Sim::one("x > 2%", 40_000);
    s.x(0, 0.03);
    s.to(500_000);
    assert!(matches!(s.state(), TriggerState::Pending { held: 30_001, .. }), "{:?}", s.state());
    s.x(510_000, 0.03);
    s.to(520_000);
    assert!(s.fires());
    s.to(9_000_000);
    assert!(s.fires());
    assert_eq!(s.engine.triggers(s.at)[0].truth, Truth::Unknown);
    s.x(9_000_001, 0.0);
    assert!(!s.fires());
}

#[test]
fn sleep_counts_for_nothing_and_makes_everything_stale_until_sampled() {
    let mut s = Sim::one("x > 2%", 20_000);
    s.x(0, 0.03);
    s.to(5_000);
    s.event(Event::Tick);
    s.at += 15_000;
    s.event(Event::HostSlept);
    assert!(matches!(s.state(), TriggerState::Pending { held, .. } if held <= 5_000), "{:?}", s.state());
    assert!(s.number("x").unwrap_err().contains("slept"));
    assert_eq!(s.engine.signal("x", s.at).unwrap().level, Level::Stale);
    s.x(21_000, 0.03);
    s.to(35_000);
    assert!(!s.fires());
    s.to(41_000);
    assert!(s.fires());
}

#[test]
fn each_series_has_its_own_clock() {
    let mut s = Sim::one("any(shard > 95%)", 20_000);
    for i in 0..10 {
        s.to(i * 10_000);
        let (a, b) = if i % 2 == 0 { (0.99, 0.5) } else { (0.5, 0.99) };
        s.read("shard", Some("a"), Ok(a));
        s.read("shard", Some("b"), Ok(b));
        assert!(!s.fires(), "two shards that take turns do not fire");
    }
    s.to(100_000);
    s.read("shard", Some("b"), Ok(0.5));
    for i in 10..15 {
        s.to(i * 10_000);
        s.read("shard", Some("a"), Ok(0.99));
    }
    assert!(s.fires());
    assert_eq!(s.engine.triggers(s.at)[0].series, ["a"]);
    assert_eq!(s.truth("all(shard > 95%)"), Truth::Unknown, "b is stale");
    s.read("shard", Some("b"), Ok(0.5));
    assert_eq!(s.truth("all(shard > 95%)"), Truth::False);
}

#[test]
fn consecutive_counts_samples_and_a_failed_probe_neither_counts_nor_breaks() {
    let mut s = Sim::one("consecutive(not up) >= 3", 0);
    for (i, v) in [Ok(1.0), Ok(0.0), Ok(0.0), Err("no fork"), Ok(0.0)].into_iter().enumerate() {
        s.to(i as i64 * 5_000);
        assert!(!s.fires());
        s.read("up", None, v);
    }
    assert!(s.fires(), "the third failure in a row");
    s.to(22_000);
    s.read("up", None, Err("no fork"));
    assert!(s.fires());
    s.to(25_000);
    s.read("up", None, Ok(1.0));
    assert!(!s.fires());
}

#[test]
fn people_raise_and_count_and_that_holds_without_samples() {
    let p = with_trigger(playbook(), "t", "flag or increase(count[10m]) > 2", 0, 0, None);
    let mut s = Sim::new(&p);
    assert_eq!(s.truth("flag"), Truth::False);
    s.event(Event::Flag { signal: "flag".into(), raised: true });
    assert!(s.fires());
    s.to(3_600_000);
    assert!(s.fires());
    s.event(Event::Flag { signal: "flag".into(), raised: false });
    assert!(!s.fires());
    for _ in 0..3 {
        assert!(!s.fires());
        s.event(Event::Count { signal: "count".into(), delta: 1 });
    }
    s.to(3_600_001);
    s.event(Event::Count { signal: "count".into(), delta: 0 });
    assert_eq!(s.number("increase(count[10m])"), Ok(3.0));
    assert!(s.fires());
    s.to(3_600_000 + 601_000);
    assert!(!s.fires(), "ten minutes later it is over: {:?}", s.number("increase(count[10m])"));
    s.event(Event::Count { signal: "count".into(), delta: -9 });
    assert_eq!(s.number("count"), Ok(0.0));
}

#[test]
fn computed_signals_follow_what_they_read() {
    let mut s = Sim::new(&playbook());
    s.x(0, 0.02);
    assert_eq!(s.number("twice"), Ok(0.04));
    s.read("x", None, Err("timed out"));
    assert!(s.number("twice").unwrap_err().contains("timed out"));
    s.x(1_000, 0.03);
    assert_eq!(s.number("twice"), Ok(0.06));
}

#[test]
fn levels_go_either_way_and_what_is_bad_is_worse_than_what_is_unknown() {
    let mut p = playbook();
    p.signals["x"].warn = Some(parse_comparison("> 1%", "x", &Declares(&p)).unwrap());
    p.signals["x"].critical = Some(parse_comparison("> 4 * baseline", "x", &Declares(&p)).unwrap());
    p.signals["shard"].warn = Some(parse_comparison("< 50%", "shard", &Declares(&p)).unwrap());
    p.signals["shard"].better = Better::Higher;
    let mut s = Sim::new(&p);
    let level = |s: &Sim, id: &str| s.engine.signal(id, s.at).unwrap();
    assert_eq!(level(&s, "x").level, Level::Unknown);
    for (ms, v, l) in [(0, 0.005, Level::Ok), (1000, 0.02, Level::Warn), (2000, 0.05, Level::Critical)] {
        s.x(ms, v);
        assert_eq!((level(&s, "x").level, level(&s, "x").since), (l, 1_000_000 + ms));
    }
    assert_eq!(level(&s, "x").thresholds, [Some(0.01), Some(0.04)]);
    assert_eq!(s.engine.verdict().standing, Standing::Warn("x".into()));
    s.to(32_001);
    assert_eq!(level(&s, "x").level, Level::Stale);
    assert!(s.effects.iter().any(|(t, e)| *t == 32_001
        && matches!(e, Effect::SignalLevelChanged { id, to: Level::Stale, .. } if id == "x")));
    s.read("shard", Some("a"), Ok(0.9));
    s.read("shard", Some("b"), Ok(0.4));
    let shard = level(&s, "shard");
    assert_eq!((shard.level, shard.value), (Level::Warn, Some(Value::Number(0.4))));
    assert_eq!(shard.series[0].label.as_deref(), Some("b"));
}

#[test]
fn nothing_measured_is_not_all_quiet() {
    let mut p = with_trigger(playbook(), "t", "x > 2%", 0, 0, None);
    p.signals.retain(|id, _| id == "x");
    let mut s = Sim::new(&p);
    assert_eq!(s.engine.verdict().standing, Standing::Unknown("nothing measured yet".into()));
    assert_eq!(s.engine.rows()[0].truth, Truth::Unknown);
    s.x(0, 0.0);
    assert_eq!((&s.engine.verdict().standing, s.engine.answering()), (&Standing::Quiet, (1, 1)));
    s.to(31_000);
    assert_eq!(s.engine.verdict().standing, Standing::Unknown("1 of 1 signals cannot be judged".into()));
}

#[test]
fn firing_asks_about_other_triggers_in_the_same_turn() {
    let p = with_trigger(playbook(), "calm", "x >= 0% and not firing(high)", 0, 0, None);
    let mut s = Sim::new(&with_trigger(p, "high", "x > 2%", 0, 0, None));
    s.x(0, 0.01);
    assert!(s.fires());
    s.x(1000, 0.03);
    assert!(!s.fires(), "the later trigger is heard at once");
}

#[test]
fn a_trend_is_told_only_beyond_the_noise() {
    let mut s = Sim::new(&playbook());
    for i in 0..300 {
        s.x(i * 1000, 0.05 + 0.01 * ((i * 7919) % 13) as f64 / 13.0);
    }
    assert_eq!(s.engine.signal("x", s.at).unwrap().trend, signal::Trend::Flat);
    for i in 300..360 {
        s.x(i * 1000, 0.09);
    }
    let x = s.engine.signal("x", s.at).unwrap();
    assert_eq!(x.trend, signal::Trend::Up);
    let (min, mean, max) = x.stats.unwrap();
    assert!(min < mean && mean < max && (max - 0.09).abs() < 1e-6);
}

#[test]
fn a_day_of_samples_costs_what_is_promised() {
    let mut s = Sim::one("avg_over_time(x[5m]) > 50%", 0);
    for i in 0..86_400 {
        s.at = 1_000_000 + i * 1000;
        let at = now(s.at);
        let r = Reading { signal: "x".into(), series: None, at, age: 0, value: Ok(Value::Number(0.01)) };
        s.engine.store.record(0, r);
    }
    let (exact, tiers) = s.engine.store().signal("x").unwrap().series[0].bytes();
    assert!(tiers <= 25_000, "{tiers}");
    assert!(exact <= 2 * 16 * (300 + 40), "the window that the rule names and its slack: {exact}");
    let columns = s.engine.columns("x", None, s.at, 900_000, 37);
    assert!(columns.iter().all(|c| c.is_some_and(|c| (c.mean - 0.01).abs() < 1e-6)));
}

fn verification(p: &Playbook, stable_for: u64, criteria: &[&str]) -> Verification {
    let criterion = |text: &&str| Criterion {
        text: text.to_string(),
        probe: Probe {
            ask: Ask::When(cond(p, text)),
            expect: Expectation::default(),
            within: None,
            every: 1000,
            rehearse: None,
        },
    };
    Verification {
        title: String::new(),
        within: 600_000,
        stable_for,
        criteria: criteria.iter().map(criterion).collect(),
    }
}

#[test]
fn the_stability_clock_starts_again_when_a_criterion_breaks_or_goes_silent() {
    let mut s = Sim::new(&playbook());
    let v = verification(&playbook(), 60_000, &["x < 2%", "y < 2%"]);
    let mut c = Criteria::new(&v, s.at, None);
    s.x(0, 0.01);
    c.judge(&s.engine, s.at);
    assert_eq!((c.left(), c.answers()[0].truth, c.answers()[1].truth), (None, Truth::True, Truth::Unknown));
    s.read("y", None, Ok(0.01));
    c.judge(&s.engine, s.at);
    assert_eq!(c.left(), Some(60_000));
    for i in 1..4 {
        s.x(i * 10_000, 0.01);
        c.judge(&s.engine, s.at);
    }
    assert_eq!(c.left(), Some(30_000));
    s.to(30_001);
    assert!(c.judge(&s.engine, s.at), "y went silent");
    assert_eq!(
        (c.left(), c.broke.len(), c.broke[0].criterion, c.broke[0].truth),
        (None, 1, 1, Truth::Unknown)
    );
    assert!(c.broke[0].why.contains("stale"));
    for i in 4..11 {
        s.x(i * 10_000, 0.01);
        s.read("y", None, Ok(0.01));
        assert!(!c.held());
        c.judge(&s.engine, s.at);
    }
    assert!(c.held());
    assert_eq!(c.all_hold_since, Some(1_040_000));
    c.slept(s.at);
    assert!(!c.held() && c.broke.len() == 2 + 1);
}

#[test]
fn after_a_step_only_newer_samples_count() {
    let mut s = Sim::one("avg_over_time(x[10s]) < 2%", 0);
    for i in 0..20 {
        s.x(i * 1000, 0.01);
    }
    let v = verification(&playbook(), 0, &["x < 2%", "avg_over_time(x[10s]) < 2%"]);
    let mut c = Criteria::new(&v, s.at, Some(s.at));
    c.judge(&s.engine, s.at);
    assert!(c.answers().iter().all(|a| a.truth == Truth::Unknown), "{:?}", c.answers());
    s.x(20_000, 0.01);
    c.judge(&s.engine, s.at);
    assert_eq!((c.answers()[0].truth, c.answers()[1].truth), (Truth::True, Truth::Unknown));
    for i in 21..30 {
        s.x(i * 1000, 0.01);
    }
    c.judge(&s.engine, s.at);
    assert!(c.held(), "{:?}", c.answers());
}

#[test]
fn pending_time_and_firing_survive_a_restart() {
    let p = with_trigger(playbook(), "t", "x > 2%", 20_000, 0, None);
    let mut s = Sim::new(&p);
    s.x(0, 0.03);
    s.to(15_000);
    let kept = s.engine.kept(&now(s.at));
    let mut t = Sim::new(&p);
    t.at = s.at + 60_000;
    t.engine.restore(&kept, &now(t.at));
    assert!(matches!(t.state(), TriggerState::Pending { held: 15_000, .. }), "{:?}", t.state());
    t.to(80_000);
    t.x(80_000, 0.03);
    t.to(84_999);
    assert!(!t.fires());
    t.to(85_000);
    assert!(t.fires());
    let kept = t.engine.kept(&now(t.at));
    let mut u = Sim::new(&p);
    u.engine.restore(&kept, &now(1_095_000));
    u.at = 1_095_000;
    assert_eq!(u.state(), TriggerState::Firing { since: 1_085_000 });
}

#[derive(Debug, Clone)]
enum Said {
    Value(f64),
    Failed,
    Nothing,
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        4 => prop::sample::select(vec![0.0, 0.01, 0.03, 0.2]).prop_map(Said::Value),
        1 => Just(Said::Failed),
        1 => Just(Said::Nothing),
    ]
}

const RULES: [&str; 6] = [
    "x > 2%",
    "avg_over_time(x[20s]) > 2% and x > 0%",
    "x > 2% or y > 2%",
    "consecutive(x > 2%) >= 2",
    "deriv(x[15s]) > 1%/min",
    "twice > 4% and not absent(y)",
];

fn play(rule: &str, hold: u64, keep: u64, story: &[(u16, Said, Said)], extra: &[u32]) -> Sim {
    let mut s = Sim::new(&with_trigger(playbook(), "t", rule, hold, keep, None));
    let (mut t, mut extra) = (0i64, extra.iter().peekable());
    for (gap, x, y) in story {
        t += i64::from(*gap) + 1;
        while let Some(e) = extra.next_if(|e| i64::from(**e) < t) {
            if i64::from(*e) >= s.at - 1_000_000 {
                s.to(i64::from(*e));
                s.event(Event::Tick);
            }
        }
        s.to(t);
        for (id, said) in [("x", x), ("y", y)] {
            match said {
                Said::Value(v) => s.read(id, None, Ok(*v)),
                Said::Failed => s.read(id, None, Err("failed")),
                Said::Nothing => {}
            }
        }
    }
    s.to(t + 100_000);
    s
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn more_ticks_change_nothing(
        rule in prop::sample::select(RULES.to_vec()), hold in 0u64..20_000, keep in 0u64..20_000,
        story in proptest::collection::vec((0u16..12_000, said(), said()), 1..25),
        mut extra in proptest::collection::vec(0u32..200_000, 0..40),
    ) {
        extra.sort_unstable();
        let (a, b) = (play(rule, hold, keep, &story, &[]), play(rule, hold, keep, &story, &extra));
        prop_assert_eq!(a.effects, b.effects);
        prop_assert_eq!(a.engine.triggers(a.at), b.engine.triggers(b.at));
    }

    #[test]
    fn nothing_fires_without_a_true_answer_or_resolves_without_a_false_one(
        rule in prop::sample::select(RULES.to_vec()), hold in 0u64..20_000,
        story in proptest::collection::vec((0u16..40_000, said(), said()), 1..25),
    ) {
        let mut s = Sim::new(&with_trigger(playbook(), "t", rule, hold, 0, None));
        let mut t = 0;
        for (gap, x, y) in story {
            t += i64::from(gap) + 1;
            s.to(t - 1);
            let mut before = s.fires();
            for (id, said) in [("x", x), ("y", y)] {
                match said {
                    Said::Value(v) => { s.to(t); s.read(id, None, Ok(v)) }
                    Said::Failed => { s.to(t); s.read(id, None, Err("failed")) }
                    Said::Nothing => continue,
                }
                let truth = s.engine.triggers(s.at)[0].truth;
                if s.fires() && !before {
                    prop_assert_eq!(truth, Truth::True);
                }
                if !s.fires() && before {
                    prop_assert_eq!(truth, Truth::False);
                }
                before = s.fires();
            }
        }
    }

    #[test]
    fn only_silence_never_fires(rule in prop::sample::select(RULES.to_vec()), gaps in proptest::collection::vec(0i64..60_000, 0..20)) {
        let mut s = Sim::one(rule, 0);
        let mut t = 0;
        for g in gaps {
            t += g + 1;
            s.to(t);
            s.read("x", None, Err("failed"));
            prop_assert_eq!(s.state(), TriggerState::Inactive);
        }
        s.to(t + 1_000_000);
        prop_assert_eq!(s.state(), TriggerState::Inactive);
    }
}
