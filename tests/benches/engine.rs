//! The engine: one tick over 10,000 series with 200 conditions, beside a plain pass over the same samples; a simulated
//! week of one service; what a simulated day adds to what is kept.
//!
//! `cargo bench --bench engine`

use divan::counter::ItemsCount;
use indexmap::IndexMap;
use ripcord::engine::{Engine, Event};
use ripcord::model::condition::{Condition, Declared, Names, parse_condition};
use ripcord::model::playbook::{Better, Playbook, ReadingKind, Signal, Trigger};
use ripcord::model::reading::{Reading, Value};
use ripcord::model::time::Now;
use ripcord::model::unit::Unit;
use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOC: divan::AllocProfiler = divan::AllocProfiler::system();

/// Signals of the many series, and series of each.
const SIGNALS: usize = 40;
const SERIES: usize = 250;
/// Milliseconds between two reads of the many series.
const EVERY: u64 = 5_000;

/// Conditions per signal; `S` stands for the signal.
const RULES: [&str; 5] = [
    "any(S > 95%)",
    "all(S < 99%) and not any(S > 98%)",
    "any(avg_over_time(S[1m]) > 90%)",
    "any(deriv(S[1m]) > 50%/min)",
    "any(S > 1.5 * max_over_time(S[1m]))",
];

struct Declares<'a>(&'a Playbook);

impl Names for Declares<'_> {
    fn signal(&self, id: &str) -> Option<Declared> {
        let s = self.0.signals.get(id)?;
        Some(Declared { dim: s.unit.dim(), counter: s.counter, multi: s.series.is_some(), baseline: false })
    }
    fn signals(&self) -> Vec<String> {
        self.0.signals.keys().cloned().collect()
    }
    fn trigger(&self, id: &str) -> bool {
        self.0.triggers.contains_key(id)
    }
}

fn signal(unit: Unit, series: bool, every: u64) -> Signal {
    Signal {
        title: String::new(),
        source: None,
        reading: ReadingKind::ExitCode,
        unit,
        raw: unit,
        series: series.then(|| "instance".into()),
        counter: unit == Unit::Count,
        better: Better::Lower,
        baseline: None,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: None,
        stale_after: 3 * every,
        panel: None,
    }
}

fn condition(p: &Playbook, text: &str) -> Condition {
    parse_condition(text, &Declares(p)).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

fn trigger(p: &mut Playbook, id: String, when: &str, hold: u64) {
    let trigger = Trigger {
        title: id.clone(),
        when: condition(p, when),
        severity: None,
        hold,
        keep_firing_for: 0,
        clear_when: None,
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
        cooldown: 0,
        max_attempts: 1,
        per: 0,
    };
    p.triggers.insert(id, trigger);
}

/// A number from 0 to 1 that looks random.
fn noise(n: u64) -> f64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 31;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 40) as f64 / (1u64 << 24) as f64
}

fn at(ms: u64) -> Now {
    Now { boot: ms, boot_id: "b".into(), wall: 1_700_000_000_000 + ms as i64 }
}

/// 10,000 series, 200 conditions, measured for the last two minutes.
fn many() -> (Engine, u64) {
    let mut p = Playbook::default();
    for s in 0..SIGNALS {
        p.signals.insert(format!("s{s}"), signal(Unit::Percent, true, EVERY));
    }
    for s in 0..SIGNALS {
        for (r, rule) in RULES.iter().enumerate() {
            trigger(&mut p, format!("t{s}-{r}"), &rule.replace('S', &format!("s{s}")), 60_000);
        }
    }
    let mut engine = Engine::new(&p, &at(0));
    for tick in 0..24 {
        engine.handle(&at(tick * EVERY), Event::Readings(readings(tick)));
    }
    (engine, 24)
}

/// All series at one tick: nearly all calm.
fn readings(tick: u64) -> Vec<Reading> {
    let now = at(tick * EVERY);
    let mut out = Vec::with_capacity(SIGNALS * SERIES);
    for s in 0..SIGNALS {
        for i in 0..SERIES {
            let value = 0.2 + 0.7 * noise(tick << 20 | (s * SERIES + i) as u64);
            out.push(Reading {
                signal: format!("s{s}"),
                series: Some(format!("10.0.{s}.{i}:9100")),
                at: now.clone(),
                age: 0,
                value: Ok(Value::Number(value)),
            });
        }
    }
    out
}

/// The least that can be done with the samples: each is compared with one limit.
fn pass(readings: &[Reading]) -> usize {
    readings.iter().filter(|r| matches!(r.value, Ok(Value::Number(v)) if v > 0.95)).count()
}

/// A service as it is run: 20 signals each 15 seconds, 10 triggers, an incident each day.
fn service() -> Engine {
    let mut p = Playbook::default();
    for s in 0..20 {
        let unit = [Unit::Percent, Unit::Ms, Unit::Bytes, Unit::Count, Unit::Bool][s % 5];
        p.signals.insert(format!("s{s}"), signal(unit, false, 15_000));
    }
    for (i, when) in [
        "s0 > 90%",
        "avg_over_time(s5[5m]) > 90%",
        "s1 > 900ms and s0 > 50%",
        "increase(s3[10m]) > 5000",
        "rate(s8[5m]) / rate(s3[5m]) > 90%",
        "consecutive(not s4) >= 3",
        "deriv(s2[5m]) > 50MB/min",
        "max_over_time(s6[15m]) > 2s or s10 > 99%",
        "quantile_over_time(0.95, s11[10m]) > 950ms",
        "absent(s12) or s9 and s14",
    ]
    .into_iter()
    .enumerate()
    {
        trigger(&mut p, format!("t{i}"), when, 60_000);
    }
    Engine::new(&p, &at(0))
}

fn service_readings(tick: u64) -> Vec<Reading> {
    let now = at(tick * 15_000);
    let hot = tick % 5760 < 40;
    let value = |s: u64| {
        let n = noise(tick << 8 | s);
        match s % 5 {
            3 => (tick * (10 + s)) as f64 + n,
            4 => f64::from(u8::from(!hot || n > 0.5)),
            2 => 1e9 * (1.0 + 0.01 * n),
            _ if hot => 0.9 + 0.2 * n,
            _ => 0.5 * n,
        }
    };
    let one = |s: u64| Reading {
        signal: format!("s{s}"),
        series: None,
        at: now.clone(),
        age: 0,
        value: Ok(Value::Number(value(s))),
    };
    (0..20).map(one).collect()
}

/// Days of the service in simulated time, every deadline kept; the number of effects.
fn days(engine: &mut Engine, from: u64, to: u64) -> usize {
    let mut effects = 0;
    for tick in from * 5760..to * 5760 {
        let end = tick * 15_000;
        while let Some(due) = engine.next_deadline().filter(|d| *d < end) {
            effects += engine.handle(&at(due), Event::Tick).len();
        }
        effects += engine.handle(&at(end), Event::Readings(service_readings(tick))).len();
    }
    effects
}

#[divan::bench(sample_count = 50)]
fn tick(bencher: divan::Bencher<'_, '_>) {
    let (mut engine, start) = many();
    let next = Cell::new(start);
    let inputs = || {
        next.set(next.get() + 1);
        readings(next.get())
    };
    bencher
        .counter(ItemsCount::new(SIGNALS * SERIES))
        .with_inputs(inputs)
        .bench_local_values(|r| engine.handle(&at(next.get() * EVERY), Event::Readings(r)));
}

#[divan::bench]
fn plain_pass(bencher: divan::Bencher<'_, '_>) {
    let readings = readings(1);
    bencher.counter(ItemsCount::new(SIGNALS * SERIES)).bench(|| pass(black_box(&readings)));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn simulated_day(bencher: divan::Bencher<'_, '_>) {
    bencher.with_inputs(service).bench_local_values(|mut e| days(&mut e, 0, 1));
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let (mut engine, start) = many();
    let (mut ticks, mut passes) = (Vec::new(), Vec::new());
    for tick in start..start + 30 {
        let r = readings(tick);
        let began = Instant::now();
        black_box(pass(black_box(&r)));
        passes.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        black_box(engine.handle(&at(tick * EVERY), Event::Readings(r)));
        ticks.push(began.elapsed().as_secs_f64() * 1e6);
    }
    let (tick, pass) = (median(ticks), median(passes));
    let of = format!("{} series, {} conditions", SIGNALS * SERIES, SIGNALS * RULES.len());
    println!("tick over {of}: {:.2} ms; plain pass {pass:.1} µs; ratio {:.0}", tick / 1e3, tick / pass);

    let mut engine = service();
    let began = Instant::now();
    let mut effects = days(&mut engine, 0, 1);
    let day = engine.store().bytes();
    effects += days(&mut engine, 1, 7);
    let (week, took) = (engine.store().bytes(), began.elapsed().as_secs_f64());
    println!("a simulated week of 20 signals, 10 triggers: {took:.1} s, {effects} changes");
    println!("kept after a day {day} bytes, after a week {week} bytes");
    assert_eq!(day, week, "nothing grows");
    divan::main();
}
