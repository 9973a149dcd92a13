//! Why a trigger stands as it does: its condition as a tree of answers, and the samples they rest on. Plain data.

use super::baseline::BaselineState;
use super::eval::{Outcome, Scope, Truth};
use super::evidence::{Part, dim, say};
use super::history::Series;
use super::hold::TriggerState;
use super::notes::{Mark, Notes};
use super::{Engine, Judged, signal};
use crate::model::condition::{Expr, end_in_words, rule_in_words};
use crate::model::unit::Quantity;
use serde::{Deserialize, Serialize};

/// Series told of one signal.
const MOST_TOLD: usize = 8;

/// Why a trigger stands as it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The trigger.
    pub trigger: String,
    /// Where it stands.
    pub state: TriggerState,
    /// What its condition is now.
    pub truth: Truth,
    /// Which counting rule applies, in words.
    pub rule: String,
    /// When it is over, in words.
    pub ends: String,
    /// Milliseconds that the series that is furthest has held without its gaps.
    pub held: u64,
    /// Milliseconds it must hold.
    pub need: u64,
    /// Its condition.
    pub when: Branch,
    /// What resolves it, when that is a condition of its own.
    pub clear: Option<Branch>,
    /// Series with a clock of their own, and where each stands.
    pub clocks: Vec<(String, TriggerState)>,
    /// What it rests on.
    pub signals: Vec<Rests>,
}

/// One part of a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// The part as a text: `p95 > 2 s`.
    pub text: String,
    /// What it is; for several series, whether it holds for any (for `all`, for every one).
    pub truth: Truth,
    /// Since when it has been so, boot milliseconds, where that is kept.
    pub since: Option<i64>,
    /// A comparison or a signal, per series where there are several, with both sides in words: true ones first.
    pub parts: Vec<Part>,
    /// What it consists of.
    pub within: Vec<Branch>,
}

/// A signal that a condition rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rests {
    /// Its id.
    pub signal: String,
    /// Name for people.
    pub title: String,
    /// Its series, worst first, the first few.
    pub series: Vec<RestsSeries>,
    /// What is normal for it, when that is declared.
    pub baseline: Option<BaselineState>,
}

/// One series of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestsSeries {
    /// Value of the `series` label.
    pub label: Option<String>,
    /// Why it does not count, if it does not.
    pub reason: Option<String>,
    /// Its newest samples, newest first.
    pub samples: Vec<Seen>,
}

/// A sample as evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Milliseconds since it was received.
    pub age: u64,
    /// In words: `2.18 s`.
    pub value: String,
}

impl Engine {
    /// Why a trigger stands as it does at `now` (boot milliseconds); none when there is no such trigger.
    pub fn why(&self, trigger: &str, now: i64) -> Option<Why> {
        let (spec, j) = (self.playbook.triggers.get(trigger)?, self.triggers.get(trigger)?);
        let scope = self.scope(now, None);
        let status = self.triggers(now).into_iter().find(|t| t.id == trigger)?;
        let held = match status.state {
            TriggerState::Pending { held, .. } => held,
            TriggerState::Firing { since } => (now - since).max(0) as u64 + j.times.need,
            TriggerState::Inactive => 0,
        };
        let clocks = j.clocks.iter().filter_map(|c| Some((c.label.clone()?, c.hold.state(now, j.times))));
        Some(Why {
            trigger: trigger.into(),
            state: status.state,
            truth: j.truth,
            rule: rule_in_words(spec),
            ends: end_in_words(spec),
            held,
            need: j.times.need,
            when: open(&scope, &j.when, &mut Since::of(&j.marks)),
            clear: j.clear.as_ref().map(|c| open(&scope, c, &mut Since::of(&j.clear_marks))),
            clocks: clocks.collect(),
            signals: self.rests(j, now),
        })
    }

    fn rests(&self, j: &Judged, now: i64) -> Vec<Rests> {
        let told = |i: &usize| {
            let (id, h) = self.store.at(*i)?;
            let state = self.signal(id, now)?;
            let words = |value: f64| Quantity { value, dim: h.dim }.show(3);
            let series = state.series.into_iter().take(MOST_TOLD).map(|s| {
                let kept = h.get(s.label.as_deref());
                let samples: Vec<Seen> = kept
                    .into_iter()
                    .flat_map(Series::newest)
                    .map(|x| Seen { age: (now - x.at).max(0) as u64, value: words(x.value) })
                    .collect();
                RestsSeries { label: s.label, reason: s.reason, samples }
            });
            let series = series.collect();
            let title = self.playbook.signals.get(id).map_or_else(String::new, |s| s.title.clone());
            Some(Rests { signal: id.into(), title, series, baseline: state.baseline })
        };
        j.reads.iter().filter_map(told).collect()
    }
}

/// The marks of a condition, taken in the order in which it is judged.
struct Since<'m> {
    marks: std::slice::Iter<'m, Mark>,
}

impl<'m> Since<'m> {
    fn of(marks: &'m [Mark]) -> Since<'m> {
        Since { marks: marks.iter() }
    }

    /// Since when the next answer has been so; none when it has changed since it was judged.
    fn next(&mut self, truth: Truth) -> Option<i64> {
        self.marks.next().filter(|m| m.truth == truth).map(|m| m.since)
    }
}

/// A condition with everything in it. Branches are opened in the order in which answers are marked.
fn open(scope: &Scope<'_>, e: &Expr, since: &mut Since<'_>) -> Branch {
    let branch = |truth: Truth, since: Option<i64>, parts: Vec<Part>, within: Vec<Branch>| Branch {
        text: e.to_string(),
        truth,
        since,
        parts,
        within,
    };
    match e {
        Expr::And(a, b) | Expr::Or(a, b) => {
            let within = vec![open(scope, a, since), open(scope, b, since)];
            let truth = scope.worth(e).truth();
            branch(truth, since.next(truth), Vec::new(), within)
        }
        Expr::Not(a) | Expr::Any(a) | Expr::All(a) => {
            let within = vec![open(scope, a, since)];
            let truth = scope.worth(e).truth();
            branch(truth, since.next(truth), Vec::new(), within)
        }
        other => {
            let mut parts = Vec::new();
            let found = scope.eval(other, &mut Notes::parts(&mut parts));
            let truth = found.truth();
            let at = if matches!(other, Expr::Bool(_)) { None } else { since.next(truth) };
            branch(truth, at, parts, inner(scope, other))
        }
    }
}

/// What a comparison counts or compares that can be opened further: rows of samples, and windows with their value.
fn inner(scope: &Scope<'_>, e: &Expr) -> Vec<Branch> {
    let mut out = Vec::new();
    let leaf = |e: &Expr, found: &Outcome<'_>| {
        let part = |(label, w): (Option<&str>, &super::eval::Worth)| Part {
            text: e.to_string(),
            series: label.map(String::from),
            left: say(w, dim(e, scope.store)),
            right: None,
            truth: w.truth(),
            age: None,
            reason: w.reason().map(String::from),
        };
        Branch {
            text: e.to_string(),
            truth: found.truth(),
            since: None,
            parts: found.iter().take(MOST_TOLD).map(part).collect(),
            within: Vec::new(),
        }
    };
    e.walk(&mut |x| match x {
        Expr::Consecutive(inner) => {
            let mut row = leaf(x, &scope.worth(x));
            row.within.push(open(scope, inner, &mut Since::of(&[])));
            out.push(row);
        }
        Expr::Baseline(_) | Expr::Window { .. } if *x != *e => out.push(leaf(x, &scope.worth(x))),
        _ => {}
    });
    // A comparison of one thing with a number has said it all.
    if out.len() == 1 && out[0].within.is_empty() && is_plain(e) {
        out.clear();
    }
    out
}

fn is_plain(e: &Expr) -> bool {
    match e {
        Expr::Compare(_, a, b) => {
            matches!(**a, Expr::Window { .. } | Expr::Baseline(_)) && matches!(**b, Expr::Number(_))
        }
        _ => false,
    }
}

impl Branch {
    /// The branch and all within, each with how deep it stands.
    pub fn lines(&self) -> Vec<(usize, &Branch)> {
        let mut out = vec![(0, self)];
        for b in &self.within {
            out.extend(b.lines().into_iter().map(|(deep, b)| (deep + 1, b)));
        }
        out
    }
}

impl signal::SignalState {
    /// One line about what is normal for it: `1.42 s (mark canary-start by ana, 3m old)`.
    pub fn normal(&self, dim: crate::model::unit::Dim) -> Option<String> {
        let b = self.baseline.as_ref()?;
        Some(match &b.value {
            Ok(value) => format!("{} ({})", Quantity { value: *value, dim }.show(3), b.line()),
            Err(_) => format!("unknown ({})", b.line()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Event;
    use crate::engine::tests::{Sim, playbook, with_trigger};
    use crate::model::condition::{end_in_words, rule_in_words};

    fn texts(b: &Branch) -> Vec<(usize, &str, Truth, Option<i64>)> {
        b.lines()
            .into_iter()
            .map(|(d, b)| (d, b.text.as_str(), b.truth, b.since.map(|s| s - 1_000_000)))
            .collect()
    }

    #[test]
    fn a_trigger_opens_to_its_parts_with_their_values_and_since_when() {
        use Truth::{False as F, True as T};
        let p = with_trigger(
            playbook(),
            "t",
            "x > 2% and (up or not avg_over_time(y[20s]) > 5%)",
            60_000,
            0,
            Some("x < 1%"),
        );
        let mut s = Sim::new(&p);
        for i in 0..10 {
            s.x(i * 10_000, if i < 5 { 0.01 } else { 0.03 });
            s.read("y", None, Ok(if i < 8 { 0.01 } else { 0.5 }));
            s.read("up", None, Ok(if i < 7 { 0.0 } else { 1.0 }));
        }
        let why = s.engine.why("t", s.at).unwrap();
        assert_eq!(
            texts(&why.when),
            [
                (0, "x > 2 % and (up or not avg_over_time(y[20s]) > 5 %)", T, Some(50_000)),
                (1, "x > 2 %", T, Some(50_000)),
                (1, "up or not avg_over_time(y[20s]) > 5 %", T, Some(20_000)),
                (2, "up", T, Some(70_000)),
                (2, "not avg_over_time(y[20s]) > 5 %", F, Some(80_000)),
                (3, "avg_over_time(y[20s]) > 5 %", T, Some(80_000)),
            ]
        );
        assert_eq!(why.when.within[0].parts[0].left.as_deref(), Some("3 %"));
        assert_eq!((why.held, why.need, why.truth), (40_000, 60_000, T));
        assert_eq!(
            why.rule,
            "at the newest sample or over the last 20s, held 1m without a break (a gap pauses the clock)"
        );
        assert_eq!(texts(why.clear.as_ref().unwrap()), [(0, "x < 1 %", F, Some(0))]);
        assert_eq!(why.signals.iter().map(|r| r.signal.as_str()).collect::<Vec<_>>(), ["x", "y", "up"]);
        let x = &why.signals[0].series[0];
        assert_eq!(x.samples.len(), 5);
        assert_eq!((x.samples[0].age, x.samples[0].value.as_str(), x.samples[4].age), (0, "3 %", 40_000));
        assert!(why.signals[0].baseline.as_ref().is_some_and(|b| b.value == Ok(0.01)));
        s.to(130_000);
        let why = s.engine.why("t", s.at).unwrap();
        assert_eq!(why.when.truth, Truth::Unknown);
        assert!(why.when.within[0].parts[0].reason.as_deref().is_some_and(|r| r.contains("stale")));
        assert!(why.signals[0].series[0].reason.as_deref().is_some_and(|r| r.contains("stale")));
        let json = serde_json::to_string(&why).unwrap();
        assert_eq!(serde_json::from_str::<Why>(&json).unwrap(), why);
        assert!(s.engine.why("nothing", s.at).is_none());
    }

    #[test]
    fn rows_baselines_and_series_are_opened_too() {
        let p = with_trigger(
            playbook(),
            "t",
            "consecutive(not up) >= 3 or x > 2 * baseline(x) or any(shard > 95%)",
            20_000,
            0,
            None,
        );
        let mut s = Sim::new(&p);
        for i in 0..3 {
            s.x(i * 5_000, 0.015);
            s.read("up", None, Ok(f64::from(u8::from(i == 0))));
            s.read("shard", Some("a"), Ok(0.99));
            s.read("shard", Some("b"), Ok(0.5));
        }
        let why = s.engine.why("t", s.at).unwrap();
        let lines = why.when.lines();
        let find = |text: &str| lines.iter().find(|(_, b)| b.text == text).map(|(_, b)| *b).unwrap();
        let row = find("consecutive(not up)");
        assert_eq!(row.parts[0].left.as_deref(), Some("2"));
        assert_eq!(row.within[0].truth, Truth::True);
        assert_eq!(find("baseline(x)").parts[0].left.as_deref(), Some("1 %"));
        assert_eq!(find("shard > 95 %").parts[0].series.as_deref(), Some("a"));
        assert_eq!(why.clocks.len(), 1);
        assert!(matches!(&why.clocks[0], (a, TriggerState::Pending { held: 10_000, .. }) if a == "a"));
        s.at += 5_000;
        s.event(Event::HostSlept);
        let why = s.engine.why("t", s.at).unwrap();
        assert_eq!(why.truth, Truth::Unknown);
    }

    #[test]
    fn the_counting_rule_is_told_in_words() {
        let held = "held 2m without a break (a gap pauses the clock)";
        for (when, hold, words) in [
            ("x > 2%", 0, "at the first true answer"),
            ("x > 2%", 120_000, held),
            ("increase(c[10m]) > 5", 0, "more than 5 within 10m"),
            ("5 <= increase(c[10m])", 0, "5 or more within 10m"),
            ("increase(c[incident]) > 5", 0, "more than 5 since the incident began"),
            ("consecutive(not up) >= 3", 0, "3 in a row"),
            ("consecutive(not up) > 3", 0, "more than 3 in a row"),
            ("avg_over_time(x[5m]) > 2%", 120_000, &format!("over the last 5m, {held}")),
            ("any(shard > 95%)", 120_000, &format!("{held}, each series by itself")),
            ("x > 2% or consecutive(not up) >= 3", 0, "at the newest sample or 3 in a row"),
            ("increase(c[10m]) > 5 and consecutive(not up) >= 3", 0, "more than 5 within 10m and 3 in a row"),
            ("2 * rate(c[5m]) > 1/s", 0, "over the last 5m"),
            ("flag", 0, "at the first true answer"),
        ] {
            let p = with_trigger(playbook(), "t", when, hold, 0, None);
            assert_eq!(rule_in_words(&p.triggers["t"]), words, "{when}");
        }
    }

    #[test]
    fn how_it_ends_is_told_too() {
        let p = with_trigger(playbook(), "t", "x > 2%", 0, 300_000, Some("x < 1%"));
        assert_eq!(end_in_words(&p.triggers["t"]), "when x < 1 % and it holds no more, for 5m");
        let p = with_trigger(playbook(), "t", "x > 2%", 0, 0, None);
        assert_eq!(end_in_words(&p.triggers["t"]), "when it is false");
    }
}
