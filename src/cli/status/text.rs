//! The same for people: plain text for 80 columns, understood without colour.

use super::{Known, asks, default_word, mode_word};
use crate::engine::eval::Truth;
use crate::engine::hold::TriggerState;
use crate::engine::signal::Level;
use crate::engine::stage::Stage;
use crate::model::condition::duration;
use crate::model::playbook::Automation;
use crate::model::text::clean_line;
use crate::model::time::Millis;
use crate::run::approval::who_may;
use crate::run::plan::Approval;
use crate::session::decision::{Attempt, Choice, Clock};
use crate::supervisor::audit::forward::troubles;
use crate::supervisor::decisions::{Beat, BeatSignal};
use unicode_width::UnicodeWidthStr;

/// Columns of a terminal, less one.
const WIDTH: usize = 79;

/// Lines that are kept within the width.
#[derive(Default)]
struct Page(String);

impl Page {
    /// A line; what does not fit goes on below, further in.
    fn line(&mut self, indent: usize, text: &str) {
        let (mut line, mut blank) = (" ".repeat(indent), true);
        let mut wrapped = false;
        for word in clean_line(text).split(' ') {
            if !blank && line.width() + 1 + word.width() > WIDTH {
                self.end(&line);
                line = " ".repeat(indent + 4);
                (blank, wrapped) = (true, true);
            }
            if wrapped && blank && word.is_empty() {
                continue;
            }
            if !blank {
                line.push(' ');
            }
            line.push_str(word);
            blank = false;
        }
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn head(&mut self, text: &str) {
        self.0.push('\n');
        self.line(0, text);
    }
}

/// All of it.
pub(super) fn page(k: &Known) -> String {
    let mut out = Page::default();
    let b = &k.beat;
    out.line(0, &format!("{} ▸ {}", k.playbook().service.name, k.setup.environment.to_uppercase()));
    out.line(0, &format!("{}  ({})", b.text, k.lasts(b.standing_since)));
    b.evidence.iter().for_each(|e| out.line(2, e));
    out.line(0, &watch(k));
    troubles(&k.setup.folder).iter().for_each(|t| out.line(0, &format!("AUDIT: {t}")));
    if let Some(trouble) = b.trouble.as_ref().filter(|_| k.watched) {
        out.line(0, &format!("NOTHING IS DECIDED: {trouble}"));
    }
    if let Some(i) = &k.state.incident {
        let severity = i.severity(k.playbook()).map(|s| format!(", {s}")).unwrap_or_default();
        let lead = i.lead().map(|l| format!(", lead {l}")).unwrap_or_default();
        let long = duration(k.since(i.since.wall));
        out.line(0, &format!("incident {}{severity}{lead} for {long}: {}", i.name(), i.reason));
    }
    decisions(&mut out, k);
    run(&mut out, k);
    signals(&mut out, k);
    matrix(&mut out, k);
    triggers(&mut out, k);
    out.0
}

fn watch(k: &Known) -> String {
    let of = |b: &Beat| {
        let who = k.state.decider.as_ref().filter(|d| d.epoch == b.epoch && !d.who.user.is_empty());
        let who = who.map(|d| format!(" of {}", d.who.user)).unwrap_or_default();
        format!("{}{who} on {} (pid {})", if b.acts { "the watcher" } else { "a screen" }, b.host, b.pid)
    };
    match (&k.silent, k.watched) {
        (_, true) => {
            let acts = if k.beat.acts { "" } else { ", which never acts by itself" };
            let alive = duration(k.since(k.beat.watching_since.wall));
            format!("decided by {}{acts}, alive for {alive}", of(&k.beat))
        }
        (Some(b), false) => {
            let left = k.state.decider.as_ref().is_some_and(|d| d.left && d.epoch >= b.epoch);
            let how = if left { "left" } else { "was heard last" };
            format!(
                "NOBODY WATCHES: {} {how} {} ago. What is shown is one look of now; a time that something has to hold was not waited for.",
                of(b),
                duration(b.age(&k.now))
            )
        }
        (None, false) => "NOBODY WATCHES: what is shown is one look of now; a time that something has to hold was not waited for.".into(),
    }
}

fn decisions(out: &mut Page, k: &Known) {
    let clocks = k.clocks();
    if clocks.is_empty() {
        return;
    }
    out.head("DECIDE");
    for c in clocks {
        clock(out, k, c);
    }
}

fn clock(out: &mut Page, k: &Known, c: &Clock) {
    let title = k.playbook().triggers.get(&c.trigger).map_or(c.trigger.as_str(), |t| t.title.as_str());
    let stage = c.stage.map(|s| format!(" at {s} %")).unwrap_or_default();
    out.line(2, &format!("{}: {title}{stage}", c.id));
    let left = |ms: Millis| if ms == 0 { "OVER".to_owned() } else { format!("{} left", length(ms)) };
    let by = c.decide_by.as_ref().map(|d| left(d.left(&k.now)));
    let times = match (by, c.default_at.as_ref().map(|d| left(d.left(&k.now)))) {
        (None, _) => "to decide: no clock runs".to_owned(),
        (Some(by), None) => format!("to decide: {by}; then: {}", default_word(c.default)),
        (Some(by), Some(at)) => {
            format!("to decide: {by}; to the default: {at}; then: {}", default_word(c.default))
        }
    };
    let more = if c.extended { " (extended once)" } else { "" };
    out.line(4, &format!("{times}{more}"));
    if let Some(p) = &c.procedure {
        let plan = match &c.plan {
            Some((Ok((from, to)), _)) => format!(": {from} → {to}"),
            Some((Err(why), _)) => format!(": NO PLAN: {why}"),
            None => String::new(),
        };
        out.line(4, &format!("recommended {p}{plan}"));
    }
    let roles = Approval { roles: c.roles.clone(), ..Approval::default() };
    let who = if c.roles.is_empty() { "anybody".into() } else { who_may(&roles) };
    out.line(4, &format!("who may decide: {who}"));
    for w in &c.said {
        let what = match &w.choice {
            Choice::RollBack { procedure, .. } => format!("roll back by {procedure}"),
            Choice::Hold => "hold".into(),
            Choice::Extend(ms) => format!("{} more", duration(*ms)),
        };
        out.line(4, &format!("{} said: {what}: {}", w.who.user, w.reason));
    }
    out.line(4, &format!("ripcord decide {} roll-back|hold|extend --reason …", c.id));
}

fn run(out: &mut Page, k: &Known) {
    for (trigger, a) in k.automatic() {
        automatic(out, k, trigger, a);
    }
    match (&k.holder, &k.orphan) {
        (Some(h), _) => {
            let step =
                h.step.as_ref().map(|(now, last)| format!(", step {now} of {last}")).unwrap_or_default();
            let took = duration(k.since(h.note.since.wall));
            out.head(&format!("RUN {}: {}, by {}, for {took}{step}", h.note.run, h.note.title, h.note.user));
        }
        (None, Some(u)) => {
            let step = u.step.as_ref().map(|(label, name)| format!(" at step {label} ({name})"));
            out.head(&format!("RUN {}: {}: NOBODY DRIVES IT{}", u.id, u.title, step.unwrap_or_default()));
        }
        (None, None) => {}
    }
}

fn automatic(out: &mut Page, k: &Known, trigger: &str, a: &Attempt) {
    let when = duration(k.since(a.at.wall));
    let how = match &a.ended {
        None => format!("in progress for {when}"),
        Some((ok, detail, _)) => {
            format!("{} ({when} ago): {detail}", if *ok { "verified" } else { "NOT VERIFIED" })
        }
    };
    out.head(&format!("AUTOMATIC {}: {} for {trigger}: {how}", a.run, a.procedure));
    if let Some(r) = a.reaction {
        let target = r.target.map(|t| format!(", target {}", length(t))).unwrap_or_default();
        let effect = match (r.to_effect, r.target) {
            (Some(e), Some(t)) if e > t => format!("; effect after {}: LATE", length(e)),
            (Some(e), _) => format!("; effect after {}", length(e)),
            (None, _) => String::new(),
        };
        out.line(
            2,
            &format!(
                "first command {} after firing, {} after the condition was true{effect}{target}",
                length(r.from_firing),
                length(r.from_true)
            ),
        );
    }
}

/// Short times with their tenths.
fn length(ms: Millis) -> String {
    match ms {
        0..10_000 => format!("{:.1}s", ms as f64 / 1e3),
        _ => duration(ms),
    }
}

fn signals(out: &mut Page, k: &Known) {
    let b = &k.beat;
    out.head(&format!("SIGNALS  {} of {} answer", b.answering.0, b.answering.1));
    let mut all: Vec<&BeatSignal> = b.signals.iter().collect();
    all.sort_by_key(|s| match s.level {
        Level::Critical => 0,
        Level::Warn => 1,
        Level::Unknown => 2,
        Level::Stale => 3,
        Level::Ok => 4,
    });
    let wide = all.iter().map(|s| s.id.width()).max().unwrap_or(0).min(28);
    for s in all {
        let word = match s.level {
            Level::Critical => "CRITICAL",
            Level::Warn => "warn",
            Level::Unknown => "UNKNOWN",
            Level::Stale => "STALE",
            Level::Ok => "ok",
        };
        let value = s.value.as_deref().unwrap_or("-");
        let age = s.age.map(|a| format!("{} old", duration(a))).unwrap_or_default();
        let why = s.reason.as_ref().map(|r| format!("  {r}")).unwrap_or_default();
        out.line(2, &format!("{word:<8} {:<wide$}  {value:<10} {age:<9}{why}", s.id));
    }
}

fn matrix(out: &mut Page, k: &Known) {
    let rows = k.rows();
    if !k.playbook().severities.is_empty() {
        out.head(if rows.is_empty() { "MATRIX  no row is in force" } else { "MATRIX" });
    }
    for r in rows {
        let clock = match r.left {
            None if r.severity.respond_within == Some(0) => ", respond at once".to_owned(),
            None => String::new(),
            Some(left) if left < 0 => {
                format!(
                    ", respond within {}: OVERDUE by {}",
                    within(r.severity.respond_within),
                    duration(left.unsigned_abs())
                )
            }
            Some(left) => {
                format!(
                    ", respond within {}: {} left",
                    within(r.severity.respond_within),
                    duration(left as Millis)
                )
            }
        };
        let since = k.lasts(r.since);
        out.line(2, &format!("{} {}: in force ({since}){clock}", r.id, r.severity.title));
        let title = |id: &String| k.playbook().roles.get(id).map_or(id.clone(), |r| r.title.clone());
        if !r.severity.approval.is_empty() {
            let all: Vec<String> = r.severity.approval.iter().map(title).collect();
            out.line(4, &format!("approved by {}", all.join(" and ")));
        }
    }
    if k.beat.stage != Stage::None {
        out.line(2, &format!("traffic: {}", k.beat.stage));
    }
}

fn within(ms: Option<Millis>) -> String {
    duration(ms.unwrap_or_default())
}

fn triggers(out: &mut Page, k: &Known) {
    if k.beat.triggers.is_empty() {
        return;
    }
    let all = match &k.state.automation {
        Some(set) if set.mode < Automation::Armed => {
            format!("{} for all by {}: {}", mode_word(set.mode), set.who.user, set.reason)
        }
        _ => format!("the environment allows {}", mode_word(k.ceiling())),
    };
    out.head(&format!("TRIGGERS  automation: {all}"));
    let wide = k.beat.triggers.iter().map(|t| t.id.width()).max().unwrap_or(0).min(28);
    let mut sorted: Vec<_> = k.beat.triggers.iter().collect();
    sorted.sort_by_key(|t| match t.state {
        TriggerState::Firing { .. } => 0,
        TriggerState::Pending { .. } => 1,
        TriggerState::Inactive => 2,
    });
    for t in sorted {
        let (word, when) = match t.state {
            TriggerState::Firing { .. } => {
                let blind = if t.truth == Truth::Unknown { " (cannot be judged now)" } else { "" };
                ("FIRING", format!("{}{blind}", t.since.map(|s| k.lasts(s)).unwrap_or_default()))
            }
            TriggerState::Pending { held, need, .. } => {
                ("pending", format!("held {} of {}", duration(held), duration(need)))
            }
            TriggerState::Inactive if t.truth == Truth::Unknown => ("UNKNOWN", String::new()),
            TriggerState::Inactive => ("inactive", String::new()),
        };
        let stage = t.cell.stage.map(|s| format!(" at {s} %")).unwrap_or_default();
        let note = t.cell.note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
        let mode = mode_word(k.mode(&t.id));
        let asks = asks(t.cell.cell);
        out.line(2, &format!("{word:<8} {:<wide$}  {mode:<8}  {asks}{stage}{note}  {when}", t.id));
    }
}
