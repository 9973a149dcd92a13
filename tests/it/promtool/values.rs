//! Values: each window function, arithmetic and comparisons, at relative tolerance 1e-9.
//!
//! Where Prometheus gives a value and ours is unknown, exactly one rule says so, and it is counted:
//! - *stale*: the last sample is older than `stale_after` (Prometheus looks at a window whatever its newest sample is);
//! - *uncovered*: the window has no sample before its start, or a gap longer than `stale_after` across it;
//! - *empty*, *one sample*: the window has none, or a slope is asked of one;
//! - *failed*: the last read was NaN, and the value itself (no window) is asked for;
//! - *not finite*: a division by zero.
//!
//! A NaN is a failed read with us and never stands in a window, so that what rests on `n` and `m` is compared with what
//! Prometheus says of the same samples without their NaN. Times are off the windows' edges: Debian's 2.42 counts a
//! sample on the left edge, Prometheus 3 and ours do not. 2.42 also cuts a counter's stretch at zero before it looks
//! whether the first sample is too far from the edge, Prometheus 3 and ours after it; where that differs (*clamp*), ours
//! is compared with the formula of Prometheus 3 instead.

use super::blocks::{self, Written};
use super::dice::Dice;
use super::expressions::{Grammar, OF_COUNTERS, OF_GAUGES, WINDOWS, theirs, window};
use super::series::{self, BEGIN, LENGTH, Samples};
use crate::components;
use ripcord::config::playbook;
use ripcord::engine::eval::Worth;
use ripcord::engine::{Engine, Event};
use ripcord::model::condition::{Arith, Declared, Expr, Names, Over, WindowFn, parse_expr};
use ripcord::model::playbook::Playbook;
use ripcord::model::reading::{Reading, Value};
use ripcord::model::time::Now;
use ripcord::model::unit::{Base, Dim};
use std::collections::BTreeMap;

/// Signals, whether they are counters, `stale_after` in milliseconds, and how many series each has.
const SIGNALS: [(&str, bool, i64, usize); 6] = [
    ("g", false, 300_000, 40),
    ("h", false, 45_000, 40),
    ("n", false, 120_000, 30),
    ("c", true, 300_000, 40),
    ("d", true, 60_000, 40),
    ("m", true, 120_000, 30),
];
/// Milliseconds between judgements, and from the first sample to the first of them: never at a multiple of 125.
const STEP: i64 = 97_000;
const FIRST: i64 = 60_062;
/// Boot milliseconds at [`BEGIN`].
const BOOT: i64 = 5_000_000;

type World = BTreeMap<(String, String), Samples>;

struct Case {
    text: String,
    expr: Expr,
    /// The two sides, for a comparison.
    sides: Option<(Expr, Expr)>,
}

struct Known;

impl Names for Known {
    fn signal(&self, id: &str) -> Option<Declared> {
        let (_, counter, ..) = SIGNALS.iter().find(|s| s.0 == id)?;
        let dim = Dim { base: Base::Number, per_time: 0 };
        Some(Declared { dim, counter: *counter, multi: true, baseline: false })
    }

    fn signals(&self) -> Vec<String> {
        SIGNALS.iter().map(|s| s.0.into()).collect()
    }

    fn trigger(&self, _: &str) -> bool {
        false
    }
}

fn case(text: String) -> Case {
    let (expr, _) = parse_expr(&text, &Known).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let sides = match &expr {
        Expr::Compare(_, a, b) => Some(((**a).clone(), (**b).clone())),
        _ => None,
    };
    Case { text, expr, sides }
}

fn cases(seed: u64) -> Vec<Case> {
    let mut out: Vec<String> = Vec::new();
    let dice = &mut Dice::new(seed, "windows");
    for (signal, counter, ..) in SIGNALS {
        out.push(signal.into());
        for function in if counter { &OF_COUNTERS[..] } else { &OF_GAUGES[..] } {
            for over in WINDOWS {
                out.push(window(function, signal, over, dice));
            }
        }
    }
    let dice = &mut Dice::new(seed, "expressions");
    let [gauges, counters] =
        [false, true].map(|c| SIGNALS.iter().filter(|s| s.1 == c).map(|s| s.0.into()).collect::<Vec<_>>());
    let mut grammar = Grammar { gauges: &gauges, counters: &counters, windows: &WINDOWS, dice };
    for i in 0..60 {
        out.push(grammar.plain(1 + i % 3));
    }
    for _ in 0..80 {
        let (left, right) = grammar.comparison();
        out.push(format!("{left} {right}"));
    }
    out.into_iter().map(case).collect()
}

fn world(seed: u64) -> World {
    let mut out = World::new();
    for (signal, counter, _, many) in SIGNALS {
        for i in 0..many {
            let dice = &mut Dice::new(seed, &format!("{signal}{i}"));
            let clean = if counter { series::counter(dice) } else { series::gauge(dice) };
            let samples = if matches!(signal, "n" | "m") { series::with_nan(&clean, dice) } else { clean };
            out.insert((signal.into(), i.to_string()), samples);
        }
    }
    out
}

fn playbook() -> Playbook {
    let mut text = String::from(super::HEAD);
    for (signal, counter, stale, _) in SIGNALS {
        text += &format!(
            "[signals.{signal}]\nsource = \"prom\"\nquery = \"{signal}\"\nunit = \"count\"\ncounter = {counter}\n\
             series = [\"i\"]\nstale_after = \"{}s\"\n",
            stale / 1000
        );
    }
    playbook::parse(&text, "proof.toml").unwrap_or_else(|p| panic!("{p:#?}")).playbook
}

fn now(wall: i64) -> Now {
    Now { boot: (wall - BEGIN + BOOT) as u64, boot_id: "proof".into(), wall }
}

/// What is not NaN.
fn numbers(samples: &Samples) -> Samples {
    samples.iter().filter(|(_, v)| !v.is_nan()).copied().collect()
}

/// Why ours has to be unknown for one leaf of an expression, by the documents and without asking the engine.
fn unknown(e: &Expr, world: &World, series: &str, t: i64) -> Option<&'static str> {
    let (signal, over, func) = match e {
        Expr::Signal(id) => (id, None, None),
        Expr::Window { signal, over: Over::Ms(over), func, .. } => (signal, Some(*over as i64), Some(*func)),
        _ => return None,
    };
    let stale = SIGNALS.iter().find(|s| s.0 == signal).unwrap().2;
    let Some(all) = world.get(&(signal.clone(), series.into())) else { return Some("no series") };
    let past: Samples = all.iter().filter(|(at, _)| *at <= t).copied().collect();
    let good = numbers(&past);
    let Some((last, _)) = good.last() else { return Some("nothing yet") };
    if over.is_none() && past.last().is_some_and(|(_, v)| v.is_nan()) {
        return Some("failed");
    }
    if t - last > stale {
        return Some("stale");
    }
    let over = over?;
    let inside: Vec<i64> = good.iter().map(|(at, _)| *at).filter(|at| *at > t - over).collect();
    let Some(first) = inside.first() else { return Some("empty") };
    let before = good.iter().map(|(at, _)| *at).rfind(|at| *at <= t - over);
    if before.is_none_or(|b| first - b > stale) {
        return Some("uncovered");
    }
    let slope = matches!(func, Some(WindowFn::Rate | WindowFn::Increase | WindowFn::Delta | WindowFn::Deriv));
    (slope && inside.len() < 2).then_some("one sample")
}

/// What Prometheus 3 gives where 2.42 stretches a counter in another order; none where both agree.
fn clamped(e: &Expr, world: &World, series: &str, t: i64) -> Option<f64> {
    let Expr::Window {
        func: func @ (WindowFn::Rate | WindowFn::Increase), signal, over: Over::Ms(over), ..
    } = e
    else {
        return None;
    };
    let all = numbers(&world[&(signal.clone(), series.into())]);
    let inside: Samples = all.into_iter().filter(|(at, _)| *at <= t && *at > t - *over as i64).collect();
    let (first, last) = (inside.first()?, inside.last()?);
    let grown = last.1 - first.1 + inside.windows(2).filter(|w| w[1].1 < w[0].1).map(|w| w[0].1).sum::<f64>();
    let seconds = |ms: i64| ms as f64 / 1e3;
    let sampled = seconds(last.0 - first.0);
    let between = sampled / (inside.len() - 1) as f64;
    let (start, end) = (seconds(first.0 - (t - *over as i64)), seconds(t - last.0));
    let zero = sampled * (first.1 / grown);
    let differs = grown > 0.0 && start >= between * 1.1 && zero > between / 2.0 && zero < between * 1.1;
    let to_end = if end < between * 1.1 { end } else { between / 2.0 };
    let whole = grown * (sampled + between / 2.0 + to_end) / sampled;
    differs.then_some(if *func == WindowFn::Rate { whole / (*over as f64 / 1e3) } else { whole })
}

/// One expression for one series at one time.
struct Judged<'a> {
    engine: &'a Engine,
    world: &'a World,
    case: &'a Case,
    series: &'a str,
    t: i64,
}

impl Judged<'_> {
    fn ours(&self, e: &Expr) -> Worth {
        let outcome = self.engine.worth(e, now(self.t).boot as i64);
        let found = outcome.iter().find(|(l, _)| l.is_none_or(|l| l == self.series));
        found.map_or_else(|| Worth::Unknown("no such series".into()), |(_, w)| w.clone())
    }

    /// The largest value that the expression passes through, for what is lost when like things are subtracted.
    fn scale(&self) -> f64 {
        let mut most: f64 = 0.0;
        self.case.expr.walk(&mut |e| {
            if let Expr::Window { signal, .. } = e {
                let samples = self.world.get(&(signal.clone(), self.series.into()));
                let values = samples.into_iter().flatten().map(|(_, v)| v.abs());
                most = values.filter(|v| v.is_finite()).fold(most, f64::max);
            }
            if let Worth::Number(n) = self.ours(e) {
                most = most.max(n.abs());
            }
        });
        most
    }

    fn near(&self, a: f64, b: f64) -> bool {
        let (off, relative) = ((a - b).abs(), 1e-9 * a.abs().max(b.abs()));
        off <= relative || off <= relative + 1e-12 * self.scale()
    }

    fn leaves(&self) -> Vec<&Expr> {
        let mut out = Vec::new();
        self.case
            .expr
            .walk(&mut |e| out.extend(matches!(e, Expr::Signal(_) | Expr::Window { .. }).then_some(e)));
        out
    }

    /// Whether somewhere two numbers make one that is not finite.
    fn not_finite(&self) -> bool {
        let number = |e: &Expr| matches!(self.ours(e), Worth::Number(_));
        let mut found = false;
        self.case.expr.walk(&mut |e| {
            if let Expr::Arith(Arith::Div, a, b) = e {
                found |= number(a) && number(b) && !number(e);
            }
        });
        found
    }
}

#[derive(Default)]
struct Tally {
    values: usize,
    truths: usize,
    /// Within the last digits of larger numbers that were subtracted from each other.
    cancelled: usize,
    clamp: usize,
    ties: usize,
    unknown: BTreeMap<&'static str, usize>,
    worst: f64,
}

impl Tally {
    fn compare(&mut self, it: &Judged<'_>, ours: &Worth, theirs: Option<f64>) -> Result<(), String> {
        let leaves = it.leaves();
        let rule = leaves.iter().find_map(|l| unknown(l, it.world, it.series, it.t));
        let rule = match (ours, rule) {
            (Worth::Unknown(_), None) if it.not_finite() => Some("not finite"),
            _ => rule,
        };
        match (ours, rule) {
            (Worth::Unknown(_), Some(rule)) => {
                *self.unknown.entry(rule).or_default() += 1;
                return Ok(());
            }
            (Worth::Unknown(why), None) => return Err(format!("unknown ({why}) by no rule")),
            (known, Some(rule)) => return Err(format!("{known:?}, though it is {rule}")),
            _ => {}
        }
        let Some(mut v) = theirs else { return Err(format!("{ours:?}, and Prometheus has no value")) };
        if let Some(three) = leaves.iter().find_map(|l| clamped(l, it.world, it.series, it.t)) {
            self.clamp += 1;
            if it.case.expr != *leaves[0] {
                return Ok(());
            }
            v = three;
        }
        match ours {
            Worth::Number(n) if it.near(*n, v) => {
                self.values += 1;
                let off = (n - v).abs() / n.abs().max(v.abs()).max(f64::MIN_POSITIVE);
                if off <= 1e-9 {
                    self.worst = self.worst.max(off);
                } else {
                    self.cancelled += 1;
                }
            }
            Worth::Bool(b) if *b == (v != 0.0) => self.truths += 1,
            Worth::Bool(_) => {
                let (a, b) = it.case.sides.as_ref().map(|(a, b)| (it.ours(a), it.ours(b))).unwrap();
                match (a, b) {
                    (Worth::Number(a), Worth::Number(b)) if it.near(a, b) => self.ties += 1,
                    sides => return Err(format!("{sides:?} compared otherwise than {v}")),
                }
            }
            other => return Err(format!("{other:?}, Prometheus {v}")),
        }
        Ok(())
    }
}

#[test]
fn window_functions_and_arithmetic_agree_with_prometheus() {
    if !components::installed(&super::PROGRAMS) {
        return;
    }
    let seed = super::seed();
    let (world, cases) = (world(seed), cases(seed));
    let name = |signal: &str, i: &str| format!("{signal}{{i=\"{i}\"}}");
    let written: Vec<Written> =
        world.iter().map(|((signal, i), samples)| (name(signal, i), numbers(samples))).collect();
    let folder = tempfile::tempdir().unwrap();
    let server = blocks::serve(folder.path(), &written);
    let (from, to) = (BEGIN + FIRST, BEGIN + LENGTH);
    let answers: Vec<blocks::Ranges> =
        cases.iter().map(|c| blocks::query_range(&server, &theirs(&c.text), from, to, STEP)).collect();
    // A single question gives the same as the range.
    for i in [0, 7, cases.len() - 1] {
        let t = from + 9 * STEP;
        let single = blocks::query(&server, &theirs(&cases[i].text), t);
        for (label, values) in &answers[i] {
            assert_eq!(single.get(label).and_then(|v| v.get(&t)), values.get(&t), "{}", cases[i].text);
        }
    }
    drop(server);

    let mut engine = Engine::new(&playbook(), &now(BEGIN));
    cases.iter().for_each(|c| engine.watch(&c.expr));
    let mut reads: Vec<(i64, Reading)> = Vec::new();
    for ((signal, i), samples) in &world {
        reads.extend(samples.iter().map(|(at, v)| {
            let value = Ok(Value::Number(*v));
            let reading =
                Reading { signal: signal.clone(), series: Some(i.clone()), at: now(*at), age: 0, value };
            (*at, reading)
        }));
    }
    reads.sort_by_key(|(at, _)| *at);
    let mut reads = reads.into_iter().peekable();
    let (mut tally, mut wrong) = (Tally::default(), Vec::new());
    for t in (from..=to).step_by(STEP as usize) {
        let mut batch: Vec<Reading> = Vec::new();
        while let Some((at, reading)) = reads.next_if(|(at, _)| *at <= t) {
            if batch.last().is_some_and(|r| r.at.wall != at) {
                let when = batch[0].at.clone();
                engine.handle(&when, Event::Readings(std::mem::take(&mut batch)));
            }
            batch.push(reading);
        }
        if let Some(last) = batch.first().map(|r| r.at.clone()) {
            engine.handle(&last, Event::Readings(batch));
        }
        for (case, answers) in cases.iter().zip(&answers) {
            let outcome = engine.worth(&case.expr, now(t).boot as i64);
            for (series, ours) in outcome.iter().filter_map(|(l, w)| Some((l?, w))) {
                let theirs = answers.get(series).and_then(|v| v.get(&t)).copied();
                let judged = Judged { engine: &engine, world: &world, case, series, t };
                if let Err(why) = tally.compare(&judged, ours, theirs) {
                    wrong.push(format!("{} of series {series} at {t}: {why}", case.text));
                }
            }
        }
    }
    super::tell(&format!(
        "promtool differential, values (seed {seed}): {} expressions; {} numbers and {} comparisons agree at 1e-9 \
         (worst {:.1e}; {} within 1e-12 of what was subtracted); {} ties; {} by 2.42's order of clamping; unknown by rule: {:?}",
        cases.len(),
        tally.values,
        tally.truths,
        tally.worst,
        tally.cancelled,
        tally.ties,
        tally.clamp,
        tally.unknown
    ));
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} differ, such as\n{}",
        wrong.len(),
        wrong.iter().step_by(wrong.len() / 30 + 1).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(tally.values >= 10_000 && tally.truths >= 1_000, "too little was compared");
    for rule in ["stale", "uncovered", "empty", "one sample", "failed", "not finite"] {
        assert!(tally.unknown.get(rule).is_some_and(|n| *n > 0), "no case of `{rule}`");
    }
}
