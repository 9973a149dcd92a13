//! What came of rehearsals, as a table and as JSON.

use crate::cli::args::Drill;
use crate::drill::score::took;
use crate::driver::drill::Played;
use crate::model::rehearsal::Drilled;
use std::collections::BTreeSet;

/// Prints what came of all.
pub fn print(played: &[Played], asked: &Drill) {
    if asked.json {
        let drills: Vec<&Drilled> = played.iter().map(|p| &p.drilled).collect();
        let ok = drills.iter().all(|d| d.ok);
        let all = serde_json::json!({ "ok": ok, "summary": summary(played), "drills": drills });
        println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
        return;
    }
    let widest = played.iter().map(|p| name(&p.drilled).chars().count()).max().unwrap_or(0).clamp(20, 72);
    let head = ["fired", "acted", "effect", "verified"].map(|t| format!("{t:>9}")).join(" ");
    println!("{:<5} {:<widest$} {head} points  how it ended", " ", "case");
    for p in played {
        let (d, s) = (&p.drilled, &p.drilled.score);
        let mark = if d.ok { "ok" } else { "NOT" };
        let verdict = if s.verdict.is_empty() { "nothing ran" } else { &s.verdict };
        let short: String = verdict.chars().take(60).collect();
        println!(
            "{mark:<5} {:<widest$} {:>9} {:>9} {:>9} {:>9} {:>6}  {short}",
            name(d),
            took(s.fired),
            took(s.acted),
            took(s.effect),
            took(s.verified),
            s.points
        );
        for finding in d.findings.iter().filter(|_| !d.ok || asked.verbose) {
            println!("        {finding}");
        }
        if asked.verbose || (!asked.all && played.len() == 1) {
            story(p);
        }
    }
    println!("{}", summary(played));
}

fn name(d: &Drilled) -> String {
    format!("{} {}", d.service, d.case)
}

fn story(p: &Played) {
    for (at, line) in &p.told {
        let s = at / 1000;
        println!("  {:>4}:{:02}  {line}", s / 60, s % 60);
    }
    let s = &p.drilled.score;
    println!("  automation: {}", s.automation);
    for o in &s.objectives {
        let kept = if o.kept { "kept" } else { "MISSED" };
        println!("  objective {}: {} of {}, {kept}", o.title, took(o.took), took(Some(o.within)));
    }
    s.wrong.iter().for_each(|w| println!("  wrong: {w}"));
}

fn summary(played: &[Played]) -> String {
    let services: BTreeSet<&str> = played.iter().map(|p| p.drilled.service.as_str()).collect();
    let procedures: BTreeSet<(&str, &str)> = played
        .iter()
        .filter_map(|p| Some((p.drilled.service.as_str(), p.drilled.procedure.as_deref()?)))
        .collect();
    let kinds: BTreeSet<(&str, &str)> = played
        .iter()
        .flat_map(|p| p.drilled.chaos.iter().map(|c| (p.drilled.service.as_str(), c.as_str())))
        .collect();
    let bad: Vec<String> = played.iter().filter(|p| !p.drilled.ok).map(|p| name(&p.drilled)).collect();
    let how = match bad.is_empty() {
        true => "all green".to_owned(),
        false => format!("{} not as expected: {}", bad.len(), bad.join("; ")),
    };
    format!(
        "{} playbook(s), {} procedures × {} chaos, {} rehearsals: {how}",
        services.len(),
        procedures.len(),
        kinds.len(),
        played.len()
    )
}
