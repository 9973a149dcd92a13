//! A replay's findings as text for people.

use super::chart;
use super::{origin, times};
use crate::driver::Setup;
use crate::driver::backtest::{Gathered, Origin};
use crate::model::condition::duration;
use crate::report::length;
use crate::session::replay::story::{self, Deed, Episode, Story, TriggerStory, What};
use crate::tui::format;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use std::fmt::Write as _;

/// Episodes of one trigger that are told; the rest is counted.
const MOST: usize = 20;

/// What is told.
pub struct Told<'a> {
    pub setup: &'a Setup,
    pub found: &'a Gathered,
    pub story: &'a Story,
    /// Only these triggers; empty: all.
    pub only: &'a [String],
    pub zone: TimeZone,
    pub notes: Vec<String>,
}

impl Told<'_> {
    /// The triggers that are told.
    pub fn triggers(&self) -> impl Iterator<Item = &TriggerStory> {
        let wanted = |t: &&TriggerStory| self.only.is_empty() || self.only.contains(&t.id);
        self.story.triggers.iter().filter(wanted)
    }

    /// All of it, for a terminal of so many columns.
    pub fn text(&self, width: usize, ascii: bool) -> String {
        let mut out = self.head();
        for trigger in self.triggers() {
            self.trigger(trigger, &mut out);
        }
        self.verdicts(&mut out);
        chart::draw(self, width, ascii, &mut out);
        out.push_str("\nEvery trigger is taken as armed, a run as verified after its expected duration, and nobody decides.\n");
        out.push_str("The samples are what they were: what a rollback would have changed is not in them.\n");
        out
    }

    fn head(&self) -> String {
        let span = self.story.span;
        let mut out = format!(
            "{} ▸ {}   {} to {} {} ({}, every {})\n",
            self.setup.playbook.service.name,
            self.setup.environment.to_uppercase(),
            times::full(span.from, &self.zone),
            times::full(span.to, &self.zone),
            times::zone_name(span.to, &self.zone),
            duration((span.to - span.from) as u64),
            duration(span.step),
        );
        let missing: Vec<(&String, &Origin)> =
            self.found.signals.iter().filter(|(_, o)| matches!(o, Origin::Missing(_))).collect();
        let known = self.found.signals.len() - missing.len();
        let _ = writeln!(
            out,
            "{} samples of {known} of {} signals",
            self.story.samples,
            self.found.signals.len()
        );
        for (id, missing) in missing {
            let _ = writeln!(out, "  {id}: {}", origin(missing));
        }
        for note in self.found.notes.iter().chain(&self.notes) {
            let _ = writeln!(out, "  note: {note}");
        }
        out
    }

    fn trigger(&self, t: &TriggerStory, out: &mut String) {
        let severity = t.severity.as_ref().map(|s| format!(" {s}")).unwrap_or_default();
        let _ = writeln!(out, "\n{}{severity} ({}), {} here", t.title, t.id, story::mode(t.mode));
        let hold = if t.hold > 0 { format!(" for {}", duration(t.hold)) } else { String::new() };
        let _ = writeln!(out, "  {}{hold}", t.when);
        for episode in t.episodes.iter().take(MOST) {
            self.episode(t, episode, out);
        }
        if t.episodes.len() > MOST {
            let _ = writeln!(out, "  and {} times more; --json has them all", t.episodes.len() - MOST);
        }
        let _ = writeln!(out, "  {}", summary(t));
        let blind = t.blind_for();
        if blind > 0 {
            let share = blind as f64 / (self.story.span.to - self.story.span.from).max(1) as f64;
            let why = t.unknown_why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
            let _ = writeln!(out, "  could not be judged for {} ({}){why}", length(blind), percent(share));
        }
    }

    fn episode(&self, t: &TriggerStory, e: &Episode, out: &mut String) {
        let mut line = |at: i64, text: &str| {
            let _ = writeln!(out, "  {}  {text}", times::short(at, &self.zone));
        };
        let series = if e.series.is_empty() { String::new() } else { format!(" [{}]", e.series.join(", ")) };
        let pending = e.fired.is_none_or(|f| f > e.since) && !(e.before && e.fired.is_some());
        if pending {
            let before = if e.before { ", already before the beginning" } else { "" };
            line(e.since, &format!("pending{series}{before}"));
        }
        if let Some(fired) = e.fired {
            let text = match (e.before && e.asked.is_none(), fired - e.since) {
                (true, _) => format!("FIRING already before the beginning{series}"),
                (_, 0) => format!("FIRED{series}"),
                (_, after) => format!("FIRED{series} after {}", length(after as u64)),
            };
            let why =
                if e.evidence.is_empty() { String::new() } else { format!(": {}", e.evidence.join(", ")) };
            line(fired, &format!("{text}{why}"));
            if let Some(asked) = &e.asked {
                let stage = asked.stage.map(|s| format!(" at {s} %")).unwrap_or_default();
                let note = asked.note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
                line(fired, &format!("  asks: {}{stage}{note}", story::cell(asked.cell)));
            }
        }
        for deed in &e.deeds {
            line(deed.at, &format!("  {}", did(deed)));
        }
        match (e.ended, e.fired) {
            (Some(at), Some(fired)) => {
                line(at, &format!("resolved after {}", length((at - fired).max(0) as u64)))
            }
            (Some(at), None) => line(at, &format!("over after {} of {}", length(e.held), duration(t.hold))),
            (None, Some(_)) => line(self.story.span.to, "still firing at the end"),
            (None, None) => line(self.story.span.to, "still pending at the end"),
        }
    }

    fn verdicts(&self, out: &mut String) {
        let span = self.story.span;
        let mut shares: IndexMap<&str, (i64, usize)> = IndexMap::new();
        for (i, changed) in self.story.verdicts.iter().enumerate() {
            let until = self.story.verdicts.get(i + 1).map_or(span.to, |next| next.at);
            let word = changed.to.split(':').next().unwrap_or_default();
            let share = shares.entry(word).or_default();
            (share.0, share.1) = (share.0 + until - changed.at, share.1 + 1);
        }
        let whole = (span.to - span.from).max(1) as f64;
        let each = shares.iter().map(|(word, (ms, n))| {
            let often = if *n > 1 { format!(" in {n} pieces") } else { String::new() };
            format!("{word} {}{often}", percent(*ms as f64 / whole))
        });
        let _ = writeln!(out, "\nVerdict: {}", each.collect::<Vec<_>>().join(" · "));
    }
}

fn percent(share: f64) -> String {
    format::value(Some(share), crate::model::unit::Unit::Percent)
}

fn did(deed: &Deed) -> String {
    match &deed.what {
        What::Started { procedure, default: false } => format!("would start {procedure}"),
        What::Started { procedure, default: true } => format!("would start {procedure}, for nobody decided"),
        What::Withheld { by, why } => format!("withheld by {}: {why}", story::rule(*by)),
        What::Told(why) => format!("people are told: {why}"),
        What::Asked { within: Some(within) } => format!("a person decides within {}", duration(*within)),
        What::Asked { within: None } => "a person decides".into(),
        What::Closed(detail) => detail.clone(),
    }
}

fn times_(n: usize) -> String {
    if n == 1 { "1 time".into() } else { format!("{n} times") }
}

/// One line about a trigger.
fn summary(t: &TriggerStory) -> String {
    let fired = t.fired().count();
    let mut parts = vec![if fired == 0 { "never fired".into() } else { format!("fired {}", times_(fired)) }];
    let mut started: IndexMap<&str, usize> = IndexMap::new();
    let mut withheld: IndexMap<&str, usize> = IndexMap::new();
    let (mut told, mut asked) = (0, 0);
    for deed in t.deeds() {
        match &deed.what {
            What::Started { procedure, .. } => *started.entry(procedure).or_default() += 1,
            What::Withheld { by, .. } => *withheld.entry(story::rule(*by)).or_default() += 1,
            What::Told(_) => told += 1,
            What::Asked { .. } => asked += 1,
            What::Closed(_) => {}
        }
    }
    parts.extend(started.iter().map(|(p, n)| format!("would have started {p} {}", times_(*n))));
    parts.extend(withheld.iter().map(|(rule, n)| format!("{n} withheld by {rule}")));
    if asked > 0 {
        parts.push(format!("would have asked people {}", times_(asked)));
    }
    if told > 0 {
        parts.push(format!("would have told people {}", times_(told)));
    }
    let near = t.near();
    if let (Some(least), Some(most)) = (near.iter().min(), near.iter().max()) {
        let range =
            if near.len() == 1 { length(*most) } else { format!("{} to {}", length(*least), length(*most)) };
        parts.push(format!(
            "pending without firing {} ({range} of {})",
            times_(near.len()),
            duration(t.hold)
        ));
    }
    parts.join(" · ")
}
