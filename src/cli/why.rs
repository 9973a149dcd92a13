//! `ripcord why`: what a verdict, a trigger, a firing or a decision rests on, now and on record.

use super::args::Target;
use super::automation::word as mode;
use super::say::{one_of, state};
use super::status::asks;
use super::{exit, runtime, target};
use crate::driver::Setup;
use crate::driver::glance::glance;
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::hold::TriggerState;
use crate::engine::verdict::Standing;
use crate::engine::why::{Branch, Rests};
use crate::engine::{Engine, TriggerStatus};
use crate::model::condition::duration;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::report::stamp;
use crate::session::decision::{Choice, Clock, Decisions, Firing};

/// Shows what something rests on.
pub fn why(of: &Target, what: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = opened.setup;
    let state = match state(&setup.folder) {
        Ok(state) => state,
        Err(code) => return code,
    };
    if let Some(clock) = state.clocks.get(what) {
        decision(clock);
        if let Some(f) = state.firings.get(&clock.firing) {
            firing(f);
        }
        return exit::OK;
    }
    if let Some(f) = state.firings.get(what) {
        firing(f);
        return exit::OK;
    }
    let verdict = "verdict".to_owned();
    let known = setup.playbook.triggers.keys().chain(state.firings.keys()).chain(state.clocks.keys());
    if one_of("trigger, firing or decision", what, known.chain(std::iter::once(&verdict))).is_err() {
        return exit::USAGE;
    }
    let (engine, now) = match look(&setup, &state) {
        Ok(seen) => seen,
        Err(()) => return exit::UNKNOWN,
    };
    if what == verdict {
        let v = engine.verdict();
        println!("now: {}", crate::driver::glance::as_beat(&setup, &engine, &now).text);
        parts(&v.evidence);
        if let Some((standing, evidence, at)) = &state.verdict {
            println!("on record since {}: {}", stamp(at), stands(standing));
            parts(evidence);
        }
        return exit::OK;
    }
    if let Some(t) = engine.triggers(now.boot as i64).into_iter().find(|t| t.id == what) {
        present(&setup, &engine, &now, &t);
    }
    match state.firings.values().rev().find(|f| f.trigger == what) {
        Some(last) => firing(last),
        None => println!("It has never fired, by what is on record."),
    }
    exit::OK
}

fn look(setup: &Setup, state: &Decisions) -> Result<(Engine, Now), ()> {
    let runtime = runtime().map_err(|e| eprintln!("error: {e}"))?;
    let seen = runtime.block_on(glance(setup, state));
    runtime.shutdown_background();
    Ok(seen)
}

/// A trigger as one look of now sees it.
fn present(setup: &Setup, engine: &Engine, now: &Now, t: &TriggerStatus) {
    let Some(spec) = setup.playbook.triggers.get(&t.id) else { return };
    println!("{}: {}", t.id, clean_line(&spec.title));
    println!("  when {}", clean_line(&spec.when.text));
    let hold =
        |ms: u64, word: &str| if ms > 0 { format!(", {word} {}", duration(ms)) } else { String::new() };
    let stands = match t.state {
        TriggerState::Firing { .. } => "FIRES",
        TriggerState::Pending { .. } => "holds, not yet long enough",
        TriggerState::Inactive => "does not fire",
    };
    let truth = word(t.truth);
    println!(
        "now: {stands}; its condition is {truth}{}{}",
        hold(spec.hold, "for"),
        hold(spec.keep_firing_for, "keeps firing for")
    );
    if let Some(why) = engine.why(&t.id, now.boot as i64) {
        println!("  counts: {}; over: {}", why.rule, why.ends);
        branch(&why.when, now, 1);
        if let Some(clear) = &why.clear {
            println!("  over when");
            branch(clear, now, 2);
        }
        why.signals.iter().for_each(samples);
    }
    let cell = engine.in_force(&t.id, now.boot as i64);
    let note = cell.note.map(|n| format!(" ({n})")).unwrap_or_default();
    println!("  it asks for: {}{note}", asks(cell.cell));
}

/// A firing as it is on record.
fn firing(f: &Firing) {
    println!("{}: fired {}, its condition true since {}", f.id, stamp(&f.at), stamp(&f.true_since));
    let stage = f.stage.map(|s| format!(" at {s} %")).unwrap_or_default();
    let note = f.note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
    println!("  it asked for: {}{stage}{note}; automation: {}", asks(f.cell), mode(f.mode));
    parts(&f.evidence);
    if let Some(a) = &f.acting {
        println!("  run {} ({}) was started for it {}", a.run, a.procedure, stamp(&a.at));
    }
    if let Some((by, why)) = &f.withheld {
        println!("  it does not act: {} ({by:?})", clean_line(why));
    }
    if let Some((why, to, at)) = &f.escalated {
        println!("  people were told {}: {} ({})", stamp(at), clean_line(why), clean_line(&to.join(", ")));
    }
    if let Some(who) = &f.acked {
        println!("  seen by {}", clean_line(&who.user));
    }
    if let Some(at) = &f.resolved {
        println!("  resolved {}", stamp(at));
    }
}

/// A decision as it is on record.
fn decision(c: &Clock) {
    println!("{}: opened {} for {}", c.id, stamp(&c.at), c.firing);
    if let Some((plan, hash)) = &c.plan {
        match plan {
            Ok((from, to)) => println!(
                "  the default would do: {} → {} (plan {})",
                clean_line(from),
                clean_line(to),
                hash.as_deref().unwrap_or("?")
            ),
            Err(why) => println!("  there is no plan of its default: {}", clean_line(why)),
        }
    }
    for w in &c.said {
        let choice = match &w.choice {
            Choice::RollBack { procedure, run } => {
                let run = run.as_ref().map(|r| format!(", run {r}")).unwrap_or_default();
                format!("roll back by {procedure}{run}")
            }
            Choice::Hold => "hold".into(),
            Choice::Extend(ms) => format!("{} more", duration(*ms)),
        };
        let roles = if w.roles.is_empty() { String::new() } else { format!(" as {}", w.roles.join(", ")) };
        let who = clean_line(&w.who.user);
        println!("  {who}{roles} said {}: {choice}: {}", stamp(&w.at), clean_line(&w.reason));
    }
    match &c.closed {
        Some((how, detail, at)) => println!("  closed {}: {how:?}: {}", stamp(at), clean_line(detail)),
        None => println!("  it is open"),
    }
}

fn stands(standing: &Standing) -> String {
    match standing {
        Standing::Unknown(why) => format!("unknown: {}", clean_line(why)),
        Standing::Quiet => "all quiet".into(),
        Standing::Warn(what) => format!("{what} asks to look"),
        Standing::Row(id) => format!("{id} is in force"),
    }
}

fn parts(all: &[Part]) {
    for p in all {
        let age = p.age.map(|a| format!(", sampled {} before", duration(a))).unwrap_or_default();
        println!("  {:<7} {}{age}", word(p.truth), clean_line(&p.line()));
    }
}

/// A part of a condition and what it consists of.
fn branch(b: &Branch, now: &Now, depth: usize) {
    let indent = "  ".repeat(depth);
    let since = b.since.map(|s| format!(", since {} ago", duration((now.boot as i64 - s).max(0) as u64)));
    println!("{indent}{:<7} {}{}", word(b.truth), clean_line(&b.text), since.unwrap_or_default());
    for p in &b.parts {
        println!("{indent}        {}", clean_line(&p.line()));
    }
    b.within.iter().for_each(|b| branch(b, now, depth + 1));
}

/// The last samples of a signal.
fn samples(of: &Rests) {
    for s in &of.series {
        let label = s.label.as_ref().map(|l| format!(" [{}]", clean_line(l))).unwrap_or_default();
        let last = s.samples.iter().map(|x| format!("{} ({} ago)", clean_line(&x.value), duration(x.age)));
        let last = last.collect::<Vec<_>>().join(", ");
        let why = s.reason.as_ref().map(|why| format!(" {}", clean_line(why))).unwrap_or_default();
        println!("  {}{label}: {last}{why}", clean_line(&of.title));
    }
}

fn word(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "UNKNOWN",
    }
}
