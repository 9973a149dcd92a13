//! Drills in Markdown: one, and a month of them.

use super::{cell, length, stamp};
use crate::model::rehearsal::{Drilled, Score};
use crate::model::time::{Millis, Now};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One time of a score.
type Time = fn(&Score) -> Option<Millis>;

/// What is measured of each drill, by its name.
const TIMES: [(&str, Time); 7] = [
    ("detected", |s| s.detected),
    ("fired", |s| s.fired),
    ("decided", |s| s.decided),
    ("first action", |s| s.acted),
    ("took effect", |s| s.effect),
    ("verified", |s| s.verified),
    ("told", |s| s.told),
];

/// The report of one drill.
pub fn one(d: &Drilled) -> String {
    let (mut out, s) = (String::new(), &d.score);
    let how = if d.ok { "as expected" } else { "NOT as expected" };
    let _ = writeln!(out, "# Drill of {}: {}, {how}\n", cell(&d.service), cell(&d.case));
    let at = Now { wall: d.wall, ..Now::default() };
    let rows = [
        ("When", format!("{}, {} simulated", stamp(&at), length(d.lasted))),
        ("By", cell(&d.who)),
        ("Environment", cell(&d.environment)),
        ("What went wrong", if d.chaos.is_empty() { "nothing".into() } else { cell(&d.chaos.join(", ")) }),
        ("Procedure", d.procedure.as_deref().map_or_else(|| "none".into(), cell)),
        ("How it ended", if s.verdict.is_empty() { "nothing ran".into() } else { cell(&s.verdict) }),
        ("Automation", cell(&s.automation)),
        ("Checklists", format!("{} of {} required items", s.items.0, s.items.1)),
        ("Points", format!("{} of 100", s.points)),
        ("Seed", d.seed.to_string()),
    ];
    let _ = writeln!(out, "| | |\n|---|---|");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    let _ = writeln!(out, "\n## Times, from where it went wrong\n\n| | |\n|---|---|");
    for (name, of) in TIMES {
        let _ = writeln!(out, "| {name} | {} |", took(of(s)));
    }
    if !s.objectives.is_empty() {
        let _ = writeln!(out, "\n## Objectives\n\n| objective | allowed | took | |\n|---|---|---|---|");
        for o in &s.objectives {
            let kept = if o.kept { "kept" } else { "MISSED" };
            let _ =
                writeln!(out, "| {} | {} | {} | {kept} |", cell(&o.title), length(o.within), took(o.took));
        }
    }
    let found: Vec<&String> = d.findings.iter().chain(&s.wrong).collect();
    if !found.is_empty() {
        let _ = writeln!(out, "\n## Findings\n");
        for f in found {
            let _ = writeln!(out, "- {}", cell(f));
        }
    }
    out
}

/// The report of a month (`2026-11`): every drill, the trend of each time, the findings.
pub fn month(month: &str, drills: &[Drilled]) -> String {
    let mut out = String::new();
    let good = drills.iter().filter(|d| d.ok).count();
    let _ = writeln!(out, "# Drills of {month}\n\n{} drills, {good} as expected.", drills.len());
    if drills.is_empty() {
        let _ = writeln!(out, "\nNothing was rehearsed.");
        return out;
    }
    let _ = writeln!(
        out,
        "\n## Drills\n\n| when | service | what | how it ended | fired | took effect | verified | points | |\n|---|---|---|---|---|---|---|---|---|"
    );
    for d in drills {
        let s = &d.score;
        let at = Now { wall: d.wall, ..Now::default() };
        let verdict = if s.verdict.is_empty() { "nothing ran".to_owned() } else { cell(&s.verdict) };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {verdict} | {} | {} | {} | {} | {} |",
            stamp(&at),
            cell(&d.service),
            cell(&d.case),
            took(s.fired),
            took(s.effect),
            took(s.verified),
            s.points,
            if d.ok { "as expected" } else { "NOT as expected" }
        );
    }
    let mut services: BTreeMap<&str, Vec<&Drilled>> = BTreeMap::new();
    drills.iter().for_each(|d| services.entry(&d.service).or_default().push(d));
    let _ = writeln!(
        out,
        "\n## Trend\n\nThe median of the first and of the second half of the month's drills.\n\n| service | time | drills | first half | second half | |\n|---|---|---|---|---|---|"
    );
    for (service, of) in &services {
        for (name, time) in TIMES {
            let all: Vec<Millis> = of.iter().filter_map(|d| time(&d.score)).collect();
            if all.is_empty() {
                continue;
            }
            let (first, second) = all.split_at(all.len().div_ceil(2));
            let (a, b) = (median(first), median(second));
            let trend = match (a, b) {
                (Some(a), Some(b)) if b < a => format!("{} faster", length(a - b)),
                (Some(a), Some(b)) if b > a => format!("{} slower", length(b - a)),
                (Some(_), Some(_)) => "the same".into(),
                _ => "one drill says nothing".to_owned(),
            };
            let _ = writeln!(
                out,
                "| {} | {name} | {} | {} | {} | {trend} |",
                cell(service),
                all.len(),
                took(a),
                took(b)
            );
        }
    }
    let missed = |d: &&Drilled| d.score.objectives.iter().any(|o| !o.kept);
    let _ = writeln!(out, "\n## Findings\n");
    let mut any = false;
    for d in drills {
        let objectives = d
            .score
            .objectives
            .iter()
            .filter(|o| !o.kept)
            .map(|o| format!("objective {} missed: {} of {}", o.title, took(o.took), length(o.within)));
        let objectives = objectives.filter(|_| d.ok && missed(&d));
        for f in d.findings.iter().cloned().chain(d.score.wrong.iter().cloned()).chain(objectives) {
            any = true;
            let _ = writeln!(out, "- {} {}: {}", cell(&d.service), cell(&d.case), cell(&f));
        }
    }
    if !any {
        let _ = writeln!(out, "None.");
    }
    out
}

fn took(ms: Option<Millis>) -> String {
    ms.map_or_else(|| "-".to_owned(), length)
}

fn median(all: &[Millis]) -> Option<Millis> {
    let mut all = all.to_vec();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drilled(at: i64, verified: Option<Millis>, ok: bool) -> Drilled {
        let score = Score { verified, points: 90, verdict: "verified".into(), ..Score::default() };
        Drilled {
            service: "shop".into(),
            case: "back under errors".into(),
            wall: 1_792_000_000_000 + at,
            ok,
            findings: if ok { Vec::new() } else { vec!["it | broke".into()] },
            score,
            ..Drilled::default()
        }
    }

    #[test]
    fn a_month_has_its_drills_their_trend_and_what_was_found() {
        let all = [
            drilled(0, Some(300_000), true),
            drilled(1, Some(280_000), true),
            drilled(2, Some(120_000), true),
            drilled(3, None, false),
        ];
        let text = month("2026-10", &all);
        assert!(text.contains("4 drills, 3 as expected"), "{text}");
        assert!(text.contains("| shop | verified | 3 | 5m00s | 2m00s | 3m00s faster |"), "{text}");
        assert!(text.contains("- shop back under errors: it \\| broke"), "{text}");
        assert!(month("2026-10", &[]).contains("Nothing was rehearsed"));
    }

    #[test]
    fn one_drill_says_what_is_not_known() {
        let text = one(&drilled(0, None, false));
        assert!(text.contains("NOT as expected") && text.contains("| verified | - |"), "{text}");
    }
}
