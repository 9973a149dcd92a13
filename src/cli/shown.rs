//! A draft as text: the whole plan, what was asked, what may be chosen.

use crate::clock;
use crate::driver::Setup;
use crate::model::condition::duration;
use crate::model::text::{clean, clean_line};
use crate::report::{length, stamp};
use crate::run::choice::{Choice, ParamChoices, Source};
use crate::run::plan::{PlanStep, describe};
use crate::run::{Answer, Plan};
use crate::session::view::TriedView;
use crate::supervisor::Draft;

/// Rows of a listing that are shown.
const ROWS: usize = 20;

/// Prints a draft to standard output, its problems to standard error.
pub fn draft(setup: &Setup, id: &str, draft: &Draft) {
    let p = &setup.playbook.procedures[id];
    println!("{}: {} ▸ {}", p.title, setup.playbook.service.name, setup.environment.to_uppercase());
    match &draft.proof {
        Some((asked, told)) => {
            let mark = if told.answer == Answer::Holds { "proved" } else { "NOT PROVED" };
            println!("  where     {asked}: {} ({mark})", told.detail);
        }
        None if setup.playbook.environments.get(&setup.environment).is_some_and(|e| e.prove.is_some()) => {
            println!("  where     not proved: it was not asked yet");
        }
        None => println!("  where     the playbook does not say how this environment is proved"),
    }
    if let Some(plan) = &draft.plan {
        whole(p.use_when.as_deref(), plan, draft);
    }
    // What is read or follows cannot be given.
    let open = |c: &&ParamChoices| c.why_not.is_some() && !matches!(c.kind, Source::Read | Source::Follows);
    for c in draft.choices.iter().filter(open) {
        choices(c);
    }
    for problem in &draft.problems {
        eprintln!("error: {}", clean_line(problem));
    }
}

fn whole(use_when: Option<&str>, plan: &Plan, draft: &Draft) {
    let facts = &plan.procedure;
    println!("  from, to  {} → {}", clean_line(&plan.from), clean_line(&plan.to));
    println!("  cost      downtime {} · data loss {}", facts.expect.downtime, facts.expect.data_loss);
    println!("  who       {} · {}", plan.who.user, clean_line(&plan.reason));
    if let Some(text) = use_when {
        println!("  use when  {}", clean_line(text));
    }
    for c in draft.choices.iter().filter(|c| c.chosen.is_some()) {
        let value = c.chosen.as_deref().unwrap_or_default();
        let row = c.rows.iter().find(|r| r.value == value);
        let more = row.map_or_else(String::new, |r| about(r).join(" · "));
        println!(
            "  {:<9} {}{}",
            c.name,
            clean_line(value),
            if more.is_empty() { more } else { format!("  ({more})") }
        );
    }
    match &plan.approval {
        Some(a) => {
            let roles: Vec<&str> = a.roles.iter().map(|r| r.title.as_str()).collect();
            let who = if a.asker_counts { "" } else { ", not you" };
            println!(
                "  asks      {}: {} people{who}, within {}",
                roles.join(" and "),
                a.people,
                length(a.within)
            );
        }
        None => println!("  asks      nobody"),
    }
    for skipped in &facts.skips {
        println!("  skips     {}", clean_line(skipped));
    }
    if let Some((asked, told)) = &draft.compatible {
        println!("  target    {} {asked}: {}", mark(told.answer), told.detail);
    }
    for check in &plan.preflight {
        println!("  check     {} {}: {}", mark(check.answer), check.text, check.detail);
    }
    if let Some(reason) = &plan.override_reason {
        println!("  override  {reason}");
    }
    let mut phase: Option<&str> = None;
    for step in &plan.steps {
        if step.phase.as_deref() != phase {
            phase = step.phase.as_deref();
            let known = facts.phases.iter().find(|p| Some(p.id.as_str()) == phase);
            let budget =
                known.and_then(|p| p.budget).map_or_else(String::new, |b| format!(" ({})", duration(b)));
            println!("  {}{budget}", known.map_or("", |p| p.title.as_str()));
        }
        one(step, draft);
    }
    if let Some((id, title)) = &facts.undo {
        println!("  undo      {id}: {title}");
    }
    if let Some(guard) = &facts.guard {
        println!(
            "  guard     {} for {} after it was verified",
            describe(&guard.probe),
            duration(guard.lasts)
        );
    }
}

fn mark(answer: Answer) -> &'static str {
    match answer {
        Answer::Holds => "ok",
        Answer::Fails => "NO",
        Answer::Blind => "? ",
    }
}

fn one(s: &PlanStep, draft: &Draft) {
    let done = draft.already.iter().find(|(n, _)| *n == s.number);
    let other = if s.fallback_of.is_some() { "else " } else { "" };
    let end = if done.is_some() { "  (done already)" } else { "" };
    println!("  {:>5}  {other}{}: {}{end}", s.label, clean_line(&s.step.name), s.line());
    let say = |word: &str, text: String| println!("           {word} {text}");
    if let Some(when) = &s.when {
        let left_out = draft.when.iter().find(|(n, ..)| *n == s.number);
        let now = match left_out {
            Some((_, Answer::Fails, seen)) => format!("  (left out now: {seen})"),
            Some((_, _, seen)) => format!("  (cannot be said now: {seen})"),
            None => String::new(),
        };
        say("when", describe(when) + &now);
    }
    for (word, probe) in [("only if", &s.step.prove), ("not if", &s.step.already), ("then", &s.step.observe)]
    {
        if let Some(probe) = probe {
            say(word, describe(probe));
        }
    }
    if let Some((_, planned)) = draft.files.iter().find(|(n, _)| *n == s.number) {
        for line in clean(&planned.diff).lines() {
            say("|", line.to_owned());
        }
    }
    if let Some(freezes) = &s.step.freezes {
        say("freezes", format!("{} until `{}`", clean_line(&freezes.what.0), freezes.undo));
    }
}

/// What a dry run found of each step.
pub fn tried(found: &TriedView) {
    if found.steps.is_empty() {
        return;
    }
    println!("  tried, nothing is changed:");
    for s in &found.steps {
        let note = if s.note.is_empty() { String::new() } else { format!("  ({})", s.note) };
        match &s.tried {
            Some(t) => {
                let bad = if t.good { "" } else { "  (NOT as it should)" };
                println!("  tried {}  {}: {}{bad}{note}", s.label, t.line, t.ended);
                t.lines.iter().for_each(|line| println!("           | {line}"));
            }
            None => println!("  would {}  {}{note}", s.label, s.line),
        }
    }
}

/// A parameter that must be chosen, and what there is.
fn choices(c: &ParamChoices) {
    println!("\n  choose {} ({}): --param {}=VALUE", c.name, c.title, c.name);
    if c.rows.is_empty() {
        return;
    }
    let mut heads: Vec<String> = vec!["value".into()];
    for (name, _) in c.rows.iter().flat_map(|r| &r.columns) {
        if !heads.contains(name) {
            heads.push(name.clone());
        }
    }
    let sized = c.rows.iter().any(|r| r.size.is_some());
    let aged = c.rows.iter().any(|r| r.age_wall.is_some());
    let columns = heads.len();
    heads.extend(sized.then(|| "size".to_owned()));
    heads.extend(aged.then(|| "age".to_owned()));
    let row = |r: &Choice| -> Vec<String> {
        let column = |h: &String| {
            let of = r.columns.iter().find(|(n, _)| n == h);
            of.map_or_else(String::new, |(_, v)| v.clone())
        };
        let mut out = vec![clean_line(&r.value)];
        out.extend(heads[1..columns].iter().map(column));
        out.extend(sized.then(|| r.size.map_or_else(String::new, size)));
        out.extend(aged.then(|| age(r).unwrap_or_default()));
        out.extend(r.note.clone());
        out
    };
    let table: Vec<Vec<String>> =
        std::iter::once(heads.clone()).chain(c.rows.iter().take(ROWS).map(row)).collect();
    let width =
        |i: usize| table.iter().filter_map(|r| r.get(i)).map(|t| t.chars().count()).max().unwrap_or(0);
    for row in &table {
        let cells: Vec<String> =
            row.iter().enumerate().map(|(i, t)| format!("{t:<w$}", w = width(i))).collect();
        println!("    {}", cells.join("  ").trim_end());
    }
    if c.rows.len() > ROWS {
        println!("    … and {} more", c.rows.len() - ROWS);
    }
}

/// Size and age of a chosen file, and what else is known of it.
fn about(r: &Choice) -> Vec<String> {
    let columns = r.columns.iter().map(|(n, v)| format!("{n} {v}"));
    let more = r.size.map(size).into_iter().chain(age(r).map(|a| format!("{a} old")));
    columns.chain(more).chain(r.note.clone()).collect()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn age(r: &Choice) -> Option<String> {
    let ms = clock::now().wall - r.age_wall?;
    Some(duration(ms.max(0) as u64))
}

/// `ALREADY DONE`, since when and by whom where that is known.
pub fn already(draft: &Draft) {
    let to = draft.plan.as_ref().map(|p| clean_line(&p.to)).filter(|t| !t.is_empty());
    let what = to.map_or_else(String::new, |t| format!(" already at {t}"));
    let since = draft
        .already_since
        .as_ref()
        .map_or_else(String::new, |(at, by)| format!(" since {}, by {}", stamp(at), clean_line(by)));
    println!("ALREADY DONE:{what}{since}; there is nothing to do; nothing was started.");
}
