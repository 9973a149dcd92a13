//! The impact window, from the data: when thresholds were crossed and when they held again, and what was counted meanwhile.

use super::doc::{Cell, Section, row};
use super::known::Story;
use super::{length, moment};
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::rules;
use crate::model::condition::{Arith, Cmp, Expr};
use crate::model::playbook::{Baseline, Better, Signal};
use crate::model::samples::{Points, Samples};
use crate::model::unit::{Base, Dim, Quantity};
use serde_json::json;

/// Milliseconds a sample stands for where the playbook does not say.
pub(super) const HOLDS: i64 = 60_000;

/// A threshold that was crossed by one series of a signal.
#[derive(Debug, Clone, PartialEq)]
struct Crossed {
    title: String,
    critical: bool,
    text: String,
    dim: Dim,
    /// The first sample over it.
    from: i64,
    /// The first sample that was good again, after the last one over it.
    to: Option<i64>,
    /// It was over it already at the first sample that is kept.
    already: bool,
    times: u32,
    /// Milliseconds over it, as far as samples show.
    over: i64,
    /// Reads that failed meanwhile.
    failed: usize,
    worst: f64,
}

/// From when to when people were hit, as far as it was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Impact {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    /// What it rests on, or why it is not known.
    pub(super) basis: String,
}

/// Value of a threshold that does not move; else why it is not known.
pub(super) fn limit(id: &str, signal: &Signal, expr: &Expr, story: &Story<'_>) -> Result<f64, String> {
    let of = |e: &Expr| limit(id, signal, e, story);
    Ok(match expr {
        Expr::Number(q) => q.value,
        Expr::Bool(b) => f64::from(u8::from(*b)),
        Expr::Neg(e) => -of(e)?,
        Expr::Abs(e) => of(e)?.abs(),
        Expr::Arith(op, a, b) => {
            let (a, b) = (of(a)?, of(b)?);
            match op {
                Arith::Add => a + b,
                Arith::Sub => a - b,
                Arith::Mul => a * b,
                Arith::Div => a / b,
            }
        }
        Expr::Baseline(of) if of.is_empty() || of == id => match &signal.baseline {
            Some(Baseline::Value(q)) => q.value,
            Some(Baseline::Mark { id: mark, .. }) => {
                let mark = story.state.marks.get(mark).and_then(|m| m.values.get(id));
                match mark {
                    Some(Ok((value, _))) => *value,
                    _ => return Err("its baseline was not marked".into()),
                }
            }
            _ => return Err("it is compared with a baseline that is not on record".into()),
        },
        _ => return Err("it is compared with something that moves".into()),
    })
}

pub(super) fn crosses(op: Cmp, value: f64, limit: f64) -> bool {
    match op {
        Cmp::Gt => value > limit,
        Cmp::Ge => value >= limit,
        Cmp::Lt => value < limit,
        Cmp::Le => value <= limit,
        Cmp::Eq => value == limit,
        Cmp::Ne => value != limit,
    }
}

/// When one series was over a threshold.
fn episodes(
    points: &Points,
    op: Cmp,
    limit: f64,
    holds: i64,
    worse: impl Fn(f64, f64) -> bool,
) -> Option<Crossed> {
    let mut out: Option<Crossed> = None;
    let (mut since, mut last, mut any) = (None::<i64>, None::<i64>, false);
    for (at, value) in &points.points {
        let Some(value) = value else {
            if let Some(c) = out.as_mut().filter(|_| since.is_some()) {
                c.failed += 1;
            }
            continue;
        };
        // A sample stands until the next one, and no longer than it counts.
        let stood = |from: i64| (at - from).min(holds);
        if let (Some(c), Some(_), Some(before)) = (out.as_mut(), since, last) {
            c.over += stood(before);
        }
        match (crosses(op, *value, limit), since) {
            (true, _) => {
                let c = out.get_or_insert_with(|| Crossed {
                    title: String::new(),
                    critical: false,
                    text: String::new(),
                    dim: Dim { base: Base::Number, per_time: 0 },
                    from: *at,
                    to: None,
                    already: !any,
                    times: 0,
                    over: 0,
                    failed: 0,
                    worst: *value,
                });
                if since.is_none() {
                    c.times += 1;
                }
                c.to = None;
                since = since.or(Some(*at));
                if worse(*value, c.worst) {
                    c.worst = *value;
                }
            }
            (false, Some(_)) => {
                since = None;
                if let Some(c) = &mut out {
                    c.to = Some(*at);
                }
            }
            (false, None) => {}
        }
        (last, any) = (Some(*at), true);
    }
    out
}

/// Every threshold that was crossed, and those that cannot be judged.
fn crossed(story: &Story<'_>, samples: &Samples) -> (Vec<Crossed>, Vec<String>) {
    let (mut out, mut unknown) = (Vec::new(), Vec::new());
    for (id, signal) in story.signals() {
        let lines = samples.of(id);
        for (critical, rule) in [(true, &signal.critical), (false, &signal.warn)] {
            let Some(rule) = rule else { continue };
            if lines.iter().all(|(_, l)| l.points.iter().all(|p| p.1.is_none())) {
                if critical || signal.critical.is_none() {
                    let why = lines.iter().find_map(|(_, l)| l.why.clone());
                    let why = why.unwrap_or_else(|| match rules_computed(signal) {
                        true => "it is computed from others, and its own values are not kept".into(),
                        false => "no sample of it is kept".into(),
                    });
                    unknown.push(format!("{}: unknown, {why}", signal.title));
                }
                continue;
            }
            let limit = match limit(id, signal, &rule.right, story) {
                Ok(limit) => limit,
                Err(why) => {
                    unknown.push(format!("{} {}: unknown, {why}", signal.title, rule.text));
                    continue;
                }
            };
            let holds = if signal.stale_after > 0 { signal.stale_after as i64 } else { HOLDS };
            let higher = matches!(rule.op, Cmp::Gt | Cmp::Ge | Cmp::Ne | Cmp::Eq);
            let worse = move |a: f64, b: f64| if higher { a > b } else { a < b };
            for (series, points) in &lines {
                let Some(found) = episodes(points, rule.op, limit, holds, worse) else { continue };
                let of = series.as_ref().map(|s| format!(" [{s}]")).unwrap_or_default();
                out.push(Crossed {
                    title: format!("{}{of}", signal.title),
                    critical,
                    text: rule.text.clone(),
                    dim: signal.unit.dim(),
                    ..found
                });
            }
        }
    }
    out.sort_by_key(|c| (!c.critical, c.from));
    (out, unknown)
}

fn rules_computed(signal: &Signal) -> bool {
    matches!(signal.reading, crate::model::playbook::ReadingKind::Expr(_))
}

/// From when to when it was, and by what that is known.
pub(super) fn window(story: &Story<'_>) -> Impact {
    let nothing = Samples::default();
    let samples = story.known.samples.unwrap_or(&nothing);
    of(story, &crossed(story, samples).0)
}

fn of(story: &Story<'_>, crossed: &[Crossed]) -> Impact {
    let firings = story.firings();
    let (critical, warned): (Vec<&Crossed>, Vec<&Crossed>) = crossed.iter().partition(|c| c.critical);
    // What crossed and was good again before it began belongs to something else.
    let begun = firings.iter().map(|f| f.true_since.wall).chain([story.span.0]).min().unwrap_or(story.span.0);
    let mine = |c: &&&Crossed| c.to.is_none_or(|to| to >= begun);
    for (kind, all) in [("critical", critical), ("warning", warned)] {
        let all: Vec<&&Crossed> = all.iter().filter(mine).collect();
        if kind == "warning" && !firings.is_empty() {
            break;
        }
        let Some(from) = all.iter().map(|c| c.from).min() else { continue };
        let open = all.iter().any(|c| c.to.is_none());
        let to = all.iter().filter_map(|c| c.to).max().filter(|_| !open);
        let names: Vec<&str> = all.iter().map(|c| c.title.as_str()).collect();
        return Impact {
            from: Some(from),
            to,
            basis: format!("samples over {kind} of {}", names.join(", ")),
        };
    }
    if let Some(from) = firings.iter().map(|f| f.true_since.wall).min() {
        let open = firings.iter().any(|f| f.resolved.is_none());
        let to = firings.iter().filter_map(|f| f.resolved).map(|r| r.wall).max().filter(|_| !open);
        let basis = "what the triggers' conditions were on record; no threshold of a sample says it better";
        return Impact { from: Some(from), to, basis: basis.into() };
    }
    let basis = match story.known.samples.map(|s| s.count().0) {
        None => "the samples were not looked up",
        Some(0) => "no sample of that time is kept: nobody was watching, or it is more than a day ago",
        Some(_) => "no threshold was crossed by any sample, and no trigger fired",
    };
    Impact { from: None, to: None, basis: basis.into() }
}

/// The section, and the facts of it.
pub(super) fn section(story: &Story<'_>, data: &mut serde_json::Map<String, serde_json::Value>) -> Section {
    let nothing = Samples::default();
    let samples = story.known.samples.unwrap_or(&nothing);
    let (crossed, unknown) = crossed(story, samples);
    let impact = of(story, &crossed);
    let mut out = Section::new("Impact");
    match (impact.from, impact.to) {
        (Some(from), Some(to)) => {
            let took = length((to - from).max(0) as u64);
            out.text(format!("From {} to {}: {took}, by {}.", moment(from), moment(to), impact.basis));
        }
        (Some(from), None) => {
            let why = "no good sample and no record says that it was over";
            out.text(format!(
                "From {} on, by {}. When it ended is unknown: {why}.",
                moment(from),
                impact.basis
            ));
        }
        (None, _) => {
            out.text(format!("Unknown: {}.", impact.basis));
        }
    }
    data.insert(
        "impact".into(),
        json!({ "from_ms": impact.from, "to_ms": impact.to, "basis": impact.basis }),
    );
    thresholds(&mut out, &crossed);
    firing(&mut out, story);
    super::counted::put(&mut out, story, samples, &impact, data);
    if !unknown.is_empty() {
        out.text("What cannot be judged:").list(unknown);
    }
    out
}

fn thresholds(out: &mut Section, crossed: &[Crossed]) {
    let rows = crossed.iter().map(|c| {
        let shown = Quantity { value: c.worst, dim: c.dim }.show(3);
        let mut notes = Vec::new();
        if c.already {
            notes.push("it was so when the samples begin".to_owned());
        }
        if c.times > 1 {
            notes.push(format!("{} times", c.times));
        }
        if c.failed > 0 {
            notes.push(format!("{} reads failed meanwhile", c.failed));
        }
        let kind = if c.critical { "critical" } else { "warning" };
        let from = if c.already { format!("by {}", moment(c.from)) } else { moment(c.from) };
        let to = c.to.map_or_else(|| "NOT known: no good sample since".into(), moment);
        row([
            c.title.clone(),
            format!("{kind} {}", c.text),
            from,
            to,
            length(c.over.max(0) as u64),
            shown,
            notes.join("; "),
        ])
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let columns = ["signal", "threshold", "crossed", "good again", "over it for", "worst", "note"];
    if !rows.is_empty() {
        out.sub("Thresholds");
    }
    out.table(columns, rows);
}

fn firing(out: &mut Section, story: &Story<'_>) {
    let rows = story.firings().into_iter().map(|f| {
        let held = f.evidence.iter().filter(|part| part.truth == Truth::True);
        let why = held.take(2).map(Part::line).collect::<Vec<_>>();
        row([
            story.trigger(f.trigger),
            moment(f.true_since.wall),
            moment(f.at.wall),
            f.resolved.map_or_else(|| "NOT on record".into(), |r| moment(r.wall)),
            why.join("; "),
        ])
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    if !rows.is_empty() {
        out.sub("Triggers");
    }
    out.table(["trigger", "true since", "fired", "fired no more", "because"], rows);
}

/// Whether higher numbers of a signal are worse.
pub(super) fn higher_is_worse(signal: &Signal) -> bool {
    let by_rule = signal.critical.as_ref().or(signal.warn.as_ref()).map(|c| c.op);
    match by_rule {
        Some(Cmp::Lt | Cmp::Le) => false,
        Some(Cmp::Gt | Cmp::Ge) => true,
        _ => signal.better == Better::Lower,
    }
}

/// Every expression that the playbook, or the plans, have.
pub(super) fn expressions<'a>(story: &Story<'a>) -> Vec<&'a Expr> {
    let mut out: Vec<&Expr> = story.known.playbook.map(rules::all).unwrap_or_default();
    for signal in story.signals().into_values() {
        if let crate::model::playbook::ReadingKind::Expr(e) = &signal.reading {
            out.push(e);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(all: &[(i64, Option<f64>)]) -> Points {
        Points { points: all.to_vec(), why: None }
    }

    fn found(all: &[(i64, Option<f64>)]) -> Option<Crossed> {
        episodes(&points(all), Cmp::Gt, 2.0, 30_000, |a, b| a > b)
    }

    #[test]
    fn a_threshold_is_crossed_at_its_first_sample_and_good_again_at_a_good_one() {
        let c =
            found(&[(0, Some(1.0)), (10_000, Some(3.0)), (20_000, Some(9.0)), (30_000, Some(2.0))]).unwrap();
        assert_eq!((c.from, c.to, c.times, c.over), (10_000, Some(30_000), 1, 20_000));
        assert!(c.worst == 9.0 && !c.already);
        assert_eq!(found(&[(0, Some(2.0))]), None);
    }

    #[test]
    fn missing_data_is_never_good_again() {
        let c = found(&[(0, Some(3.0)), (10_000, None), (20_000, None)]).unwrap();
        assert_eq!((c.to, c.failed, c.already), (None, 2, true));
        let c = found(&[(0, Some(3.0)), (600_000, Some(1.0))]).unwrap();
        assert_eq!((c.to, c.over), (Some(600_000), 30_000), "a sample counts for no longer than it is fresh");
    }

    #[test]
    fn every_time_is_counted_and_the_last_recovery_is_told() {
        let c =
            found(&[(0, Some(3.0)), (1, Some(1.0)), (2, Some(4.0)), (3, Some(1.0)), (4, Some(5.0))]).unwrap();
        assert_eq!((c.times, c.to), (3, None));
    }
}
