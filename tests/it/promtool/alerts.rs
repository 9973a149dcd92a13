//! Trigger states beside Prometheus' alerts: the same rules on the same samples by `promtool test rules`, pending
//! through `ALERTS`. Ours are written down as what is expected, and promtool has to agree at every evaluation.
//!
//! Each rule ends in `and lead > 0`, which is false until the longest window is covered: before that Prometheus judges
//! part of a window and we do not. A rule is compared up to its first unknown answer: from there on Prometheus
//! resolves, for it has no data, and we hold, for we do not know. Judgements are at the evaluation's times only, and
//! samples never between them, for we judge at each sample; windows are no multiple of the interval, so that no sample
//! lies on an edge. `keep_firing_for` and `clear_when` are not in 2.42.

use super::dice::Dice;
use super::expressions::Grammar;
use crate::components;
use ripcord::config::playbook;
use ripcord::engine::eval::Truth;
use ripcord::engine::hold::TriggerState;
use ripcord::engine::{Engine, Event};
use ripcord::model::reading::{Reading, Value};
use ripcord::model::time::Now;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Seconds between evaluations, and how many of them there are between two samples.
const PACES: [(u64, usize); 3] = [(10, 1), (10, 3), (30, 1)];
/// Rules at each pace.
const RULES: usize = 220;
/// Evaluations at each pace; in the first ones `lead` is 0.
const EVALUATIONS: usize = 90;
const LEAD: usize = 30;
/// Windows, in seconds: no multiple of an interval, and covered within the lead at every pace.
const WINDOWS: [&str; 4] = ["35s", "65s", "115s", "245s"];

struct Pace {
    every: u64,
    /// Name, whether it is a counter, and its value at each evaluation that has one.
    signals: Vec<(String, bool, Vec<Option<f64>>)>,
    /// Condition and `for` in seconds.
    rules: Vec<(String, u64)>,
}

fn pace(seed: u64, number: usize) -> Pace {
    let (every, between) = PACES[number];
    let dice = &mut Dice::new(seed, &format!("alerts{number}"));
    let mut signals = Vec::new();
    for i in 0..24 {
        let counter = i % 3 == 2;
        let mut value = dice.between(0.0, 50.0);
        let (kind, gaps) = (dice.below(3), *dice.of(&[0, 0, 0, 25]));
        let mut gap = 0;
        let values = (0..EVALUATIONS).map(|n| {
            if n % between != 0 {
                return None;
            }
            match (counter, kind) {
                (true, _) if dice.once_in(40) => value = 0.0,
                (true, 0) => value += dice.below(12) as f64,
                (true, _) => value += if dice.once_in(5) { dice.below(300) as f64 } else { 0.0 },
                (false, 0) => value = dice.between(-20.0, 120.0),
                (false, 1) => value += dice.between(-15.0, 15.0),
                (false, _) if dice.once_in(6) => value = dice.between(-20.0, 120.0),
                _ => {}
            }
            if gap == 0 && n > LEAD && gaps > 0 && dice.once_in(gaps) {
                gap = 1 + dice.below(120 / (every as usize * between));
            } else if gap > 0 {
                gap -= 1;
                return None;
            }
            Some((value * 10.0).round() / 10.0)
        });
        signals.push((format!("s{i}"), counter, values.collect()));
    }
    let lead = (0..EVALUATIONS).map(|n| Some(f64::from(u8::from(n >= LEAD)))).collect();
    let names = |c: bool| signals.iter().filter(|s| s.1 == c).map(|s| s.0.clone()).collect::<Vec<_>>();
    let (gauges, counters) = (names(false), names(true));
    let mut grammar = Grammar { gauges: &gauges, counters: &counters, windows: &WINDOWS, dice };
    let rules = (0..RULES).map(|_| {
        let mut one = || {
            let (left, right) = grammar.comparison();
            format!("{left} {right}")
        };
        let (a, b) = (one(), one());
        let condition = match grammar.dice.below(6) {
            0 => format!("({a} and {b})"),
            1 => format!("({a} or {b})"),
            _ => a,
        };
        let hold = *grammar.dice.of(&[0, 0, 10, 20, 30, 45, 60, 90, 120]);
        (format!("{condition} and lead > 0"), hold)
    });
    let rules = rules.collect();
    signals.push(("lead".into(), false, lead));
    Pace { every, signals, rules }
}

impl Pace {
    fn playbook(&self) -> String {
        let mut text = String::from(super::HEAD);
        for (id, counter, _) in &self.signals {
            let _ = write!(
                text,
                "[signals.{id}]\nsource = \"prom\"\nquery = \"{id}\"\nunit = \"count\"\ncounter = {counter}\n\
                 stale_after = \"5m\"\n"
            );
        }
        for (i, (rule, hold)) in self.rules.iter().enumerate() {
            let _ = write!(text, "[triggers.t{i}]\nwhen = \"{rule}\"\nfor = \"{hold}s\"\n");
        }
        text
    }

    /// Our states at each evaluation; none: not compared from here on.
    fn ours(&self) -> Vec<Vec<Option<TriggerState>>> {
        let loaded = playbook::parse(&self.playbook(), "proof.toml").unwrap_or_else(|p| panic!("{p:#?}"));
        let now = |n: usize| {
            let ms = n as u64 * self.every * 1000;
            Now { boot: 1_000_000 + ms, boot_id: "proof".into(), wall: ms as i64 }
        };
        let mut engine = Engine::new(&loaded.playbook, &now(0));
        let mut lost = BTreeSet::new();
        let states = (0..EVALUATIONS).map(|n| {
            let reads = self.signals.iter().filter_map(|(id, _, values)| {
                let value = Ok(Value::Number(values[n]?));
                Some(Reading { signal: id.clone(), series: None, at: now(n), age: 0, value })
            });
            engine.handle(&now(n), Event::Readings(reads.collect()));
            engine.handle(&now(n), Event::Tick);
            let states = engine.triggers(now(n).boot as i64).into_iter().enumerate().map(|(i, t)| {
                if t.truth == Truth::Unknown {
                    lost.insert(i);
                }
                (!lost.contains(&i)).then_some(t.state)
            });
            states.collect()
        });
        states.collect()
    }

    /// Rules, samples and what is expected, as `promtool test rules` reads them; the name of the test's file.
    fn write(&self, folder: &Path, number: usize, ours: &[Vec<Option<TriggerState>>]) -> String {
        let mut rules = format!("groups:\n- name: g\n  interval: {}s\n  rules:\n", self.every);
        for (i, (rule, hold)) in self.rules.iter().enumerate() {
            let _ = writeln!(rules, "  - {{alert: t{i}, expr: '{}', for: {hold}s}}", rule.replace("/s", ""));
        }
        std::fs::write(folder.join(format!("rules{number}.yml")), rules).unwrap();
        let mut test = format!(
            "rule_files: [rules{number}.yml]\nevaluation_interval: {0}s\ntests:\n- interval: {0}s\n  input_series:\n",
            self.every
        );
        for (id, _, values) in &self.signals {
            let values: Vec<String> =
                values.iter().map(|v| v.map_or_else(|| "_".into(), |v| v.to_string())).collect();
            let _ = writeln!(test, "  - {{series: '{id}', values: '{}'}}", values.join(" "));
        }
        test += "  promql_expr_test:\n";
        for (n, states) in ours.iter().enumerate() {
            let lost = states.iter().enumerate().filter(|(_, s)| s.is_none()).map(|(i, _)| format!("t{i}"));
            let lost: Vec<String> = lost.collect();
            let _ = writeln!(test, "  - expr: 'ALERTS{{alertname!~\"{}\"}}'", lost.join("|"));
            let _ = writeln!(test, "    eval_time: {}s\n    exp_samples:", n as u64 * self.every);
            for (i, state) in states.iter().enumerate() {
                let word = match state {
                    Some(TriggerState::Pending { .. }) => "pending",
                    Some(TriggerState::Firing { .. }) => "firing",
                    _ => continue,
                };
                let _ = writeln!(
                    test,
                    "    - {{labels: 'ALERTS{{alertname=\"t{i}\", alertstate=\"{word}\"}}', value: 1}}"
                );
            }
        }
        let name = format!("test{number}.yml");
        std::fs::write(folder.join(&name), test).unwrap();
        name
    }
}

#[test]
fn trigger_states_agree_with_alerts() {
    if !components::installed(&super::PROGRAMS[1..]) {
        return;
    }
    let seed = super::seed();
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let (mut judged, mut pending, mut firing, mut fired, mut whole, mut lost) = (0, 0, 0, 0, 0, 0);
    let mut conditions = BTreeSet::new();
    for number in 0..PACES.len() {
        let pace = pace(seed, number);
        let ours = pace.ours();
        files.push(pace.write(folder.path(), number, &ours));
        for i in 0..RULES {
            let states: Vec<TriggerState> = ours.iter().map_while(|s| s[i]).collect();
            if states.len() <= LEAD {
                lost += 1;
                continue;
            }
            conditions.insert((number, pace.rules[i].clone()));
            whole += usize::from(states.len() == EVALUATIONS);
            judged += states.len() - LEAD;
            pending += states.iter().filter(|s| matches!(s, TriggerState::Pending { .. })).count();
            let fires = states.iter().filter(|s| matches!(s, TriggerState::Firing { .. })).count();
            firing += fires;
            fired += usize::from(fires > 0);
        }
    }
    let told = Command::new(components::find("promtool").unwrap())
        .args(["test", "rules"])
        .args(&files)
        .current_dir(folder.path())
        .output()
        .unwrap();
    super::tell(&format!(
        "promtool differential, alerts (seed {seed}): {} rules, {whole} with data to the end, {lost} without any; \
         {judged} states judged ({pending} pending, {firing} firing; {fired} rules fire): {}",
        conditions.len(),
        if told.status.success() { "all agree" } else { "they DIFFER" }
    ));
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    let told_short = format!("{out}{err}").lines().take(60).collect::<Vec<_>>().join("\n");
    assert!(told.status.success(), "seed {seed}: {told_short}");
    assert!(conditions.len() >= 500 && fired >= 100 && pending >= 1_000, "too little was compared");
}
