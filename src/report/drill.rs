//! Drills: one, and a month of them.

use super::doc::{Cell, Doc, Form, Section, row};
use super::known::{Known, Subject};
use super::{length, moment};
use crate::model::rehearsal::{Drilled, Score};
use crate::model::time::Millis;
use serde_json::json;
use std::collections::BTreeMap;

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

/// The report of one drill, of its last run where one was done, with all that is on record of it. `known` has its runs in
/// their order and the drill itself.
///
/// # Errors
/// A record that is none of its log's; in words.
pub fn full(d: &Drilled, known: &Known<'_>) -> Result<Doc, String> {
    match known.runs.last() {
        Some((plan, _)) => super::document(Subject::Run(&plan.id), known),
        None => Ok(one(d)),
    }
}

/// What is kept of a drill by itself: how it went, without its records.
pub fn one(d: &Drilled) -> Doc {
    let mut doc = Doc::default();
    say_so(&mut doc, d);
    doc
}

/// Says of a document, before anything else, that it is of a drill, and how that went.
pub(super) fn say_so(doc: &mut Doc, d: &Drilled) {
    let how = if d.ok { "as expected" } else { "NOT as expected" };
    doc.title = super::doc::safe(&format!("Drill of {}: {}, {how}", d.service, d.case));
    doc.lead.insert(
        0,
        "This was a drill on a simulated service: nothing real was asked, changed or sent.".into(),
    );
    doc.data.insert("drill".into(), json!(d));
    let s = &d.score;
    let mut about = Section::new("The drill");
    about.facts(vec![
        ("When", format!("{}, {} simulated", moment(d.wall), length(d.lasted)).into()),
        ("By", d.who.as_str().into()),
        ("Environment", d.environment.as_str().into()),
        ("What went wrong", if d.chaos.is_empty() { "nothing".into() } else { d.chaos.join(", ").into() }),
        ("Procedure", d.procedure.as_deref().unwrap_or("none").into()),
        ("How it ended", if s.verdict.is_empty() { "nothing ran".into() } else { s.verdict.as_str().into() }),
        ("Automation", s.automation.as_str().into()),
        ("Checklists", format!("{} of {} required items", s.items.0, s.items.1).into()),
        ("Points", format!("{} of 100", s.points).into()),
        ("Seed", d.seed.to_string().into()),
    ]);
    let mut times = Section::new("Times, from where it went wrong");
    times.table(["what", "after"], TIMES.iter().map(|(n, of)| row([(*n).to_owned(), took(of(s))])).collect());
    let mut aims = Section::new("Objectives of the drill");
    let rows = s.objectives.iter().map(|o| {
        let kept = if o.kept { "kept" } else { "MISSED" };
        row([o.title.clone(), length(o.within), took(o.took), kept.into()])
    });
    aims.table(["objective", "allowed", "took", "judged"], rows.collect());
    let mut findings = Section::new("Findings");
    findings.list(d.findings.iter().chain(&s.wrong).cloned().collect());
    let own = [about, times, aims, findings].into_iter().filter(|s| !s.blocks.is_empty());
    doc.sections.splice(0..0, own);
}

/// The report of a month (`2026-11`) in Markdown: every drill, the trend of each time, the findings.
pub fn month(month: &str, drills: &[Drilled]) -> String {
    let good = drills.iter().filter(|d| d.ok).count();
    let lead = vec![format!("{} drills, {good} as expected.", drills.len())];
    let mut doc = Doc { title: super::doc::safe(&format!("Drills of {month}")), lead, ..Doc::default() };
    if drills.is_empty() {
        doc.lead.push("Nothing was rehearsed.".into());
        return doc.print(Form::Markdown);
    }
    let mut all = Section::new("Drills");
    let rows = drills.iter().map(|d| {
        let s = &d.score;
        row([
            moment(d.wall),
            d.service.clone(),
            d.case.clone(),
            if s.verdict.is_empty() { "nothing ran".to_owned() } else { s.verdict.clone() },
            took(s.fired),
            took(s.effect),
            took(s.verified),
            s.points.to_string(),
            if d.ok { "as expected".into() } else { "NOT as expected".into() },
        ])
    });
    let columns =
        ["when", "service", "what", "how it ended", "fired", "took effect", "verified", "points", "judged"];
    all.table(columns, rows.collect());
    doc.add(all);
    doc.add(trend(drills));
    doc.add(found(drills));
    doc.print(Form::Markdown)
}

fn trend(drills: &[Drilled]) -> Section {
    let mut out = Section::new("Trend");
    out.text("The median of the first and of the second half of the month's drills.");
    let mut services: BTreeMap<&str, Vec<&Drilled>> = BTreeMap::new();
    drills.iter().for_each(|d| services.entry(&d.service).or_default().push(d));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
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
            rows.push(row([
                (*service).to_owned(),
                name.into(),
                all.len().to_string(),
                took(a),
                took(b),
                trend,
            ]));
        }
    }
    out.table(["service", "time", "drills", "first half", "second half", "trend"], rows);
    out
}

fn found(drills: &[Drilled]) -> Section {
    let mut lines = Vec::new();
    for d in drills {
        let missed = d.score.objectives.iter().filter(|o| !o.kept && d.ok);
        let missed =
            missed.map(|o| format!("objective {} missed: {} of {}", o.title, took(o.took), length(o.within)));
        for f in d.findings.iter().cloned().chain(d.score.wrong.iter().cloned()).chain(missed) {
            lines.push(format!("{} {}: {f}", d.service, d.case));
        }
    }
    let mut out = Section::new("Findings");
    match lines.is_empty() {
        true => out.text("None."),
        false => out.list(lines),
    };
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
        let text = one(&drilled(0, None, false)).print(Form::Markdown);
        assert!(text.contains("NOT as expected") && text.contains("| verified | - |"), "{text}");
    }
}
