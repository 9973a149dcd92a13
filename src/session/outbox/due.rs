//! What is to be tried next, and when; what is held back; what is given up. All of it from the log and the time.

use super::{Fate, Kind, Letter, Outbox, Phase, Posted};
use crate::model::condition::duration;
use crate::model::playbook::Preset;
use crate::model::time::{Deadline, Millis, Now};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Tries that a letter gets.
pub const TRIES: u32 = 12;
/// Milliseconds after which a letter makes no sense any more.
pub const SENSE: Millis = 3_600_000;
/// The same of one that says that something is over.
pub const SENSE_OVER: Millis = 24 * 3_600_000;
/// Milliseconds before the second try; each further time is twice as long.
const FIRST: Millis = 2_000;
/// The longest time between two tries, milliseconds, where the receiver says nothing else.
const LONGEST: Millis = 300_000;
/// Lines of a summary.
const LINES: usize = 20;

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// This letter is tried.
    Try(String),
    /// It is not tried any more.
    GiveUp {
        /// The letter.
        id: String,
        /// Why.
        why: String,
    },
    /// The channel takes no more: they are told of by one letter, which is queued first. A status page, which customers
    /// read, gets none.
    HoldBack {
        /// The letters.
        ids: Vec<String>,
        /// The summary.
        summary: Option<Box<Letter>>,
    },
}

/// Why a try failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// In words, safe to show.
    pub detail: String,
    /// It would fail each time.
    pub last: bool,
    /// Milliseconds that the receiver wants to be left alone.
    pub wait: Option<Millis>,
}

/// Milliseconds from the failure of a try (from 1) to the next one: twice as long each time, and up to a fifth more or less,
/// always the same for the same letter.
pub fn backoff(id: &str, attempt: u32) -> Millis {
    let base = FIRST.checked_shl(attempt.saturating_sub(1)).map_or(LONGEST, |ms| ms.min(LONGEST));
    // FNV-1a: the same in every build.
    let seed = id.bytes().chain(attempt.to_le_bytes());
    let hash = seed.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    base * 4 / 5 + (hash >> 16) % (base * 2 / 5)
}

/// What a failed try is on record as.
pub fn failed(posted: &Posted, failure: &Failure, now: &Now) -> Kind {
    let (id, attempt) = (posted.letter.id.clone(), posted.attempts);
    let given_up = |why: &str| {
        let detail =
            if why.is_empty() { failure.detail.clone() } else { format!("{}; {why}", failure.detail) };
        Kind::GivenUp { id: id.clone(), detail }
    };
    if failure.last {
        return given_up("");
    }
    if attempt >= TRIES {
        return given_up(&format!("tried {attempt} times"));
    }
    let wait = failure.wait.unwrap_or_else(|| backoff(&id, attempt));
    if age(posted, now) + wait > sense(&posted.letter) {
        return given_up(&format!("the next try would be in {}, too late", duration(wait)));
    }
    Kind::Tried { id, attempt, detail: failure.detail.clone(), next: now.wall + wait as i64 }
}

/// What is to be done now. `busy` are the channels by which a letter is on its way.
pub fn next(outbox: &Outbox, now: &Now, busy: &BTreeSet<String>) -> Vec<Next> {
    let mut out = Vec::new();
    for channel in channels(outbox, busy) {
        match channel.step(outbox, now) {
            Step::Now(steps) => out.extend(steps),
            Step::In(_) | Step::Idle => {}
        }
    }
    out
}

/// Milliseconds until something is to be done (0: now); none while nothing waits.
pub fn wake(outbox: &Outbox, now: &Now, busy: &BTreeSet<String>) -> Option<Millis> {
    let steps = channels(outbox, busy).into_iter().filter_map(|c| match c.step(outbox, now) {
        Step::Now(_) => Some(0),
        Step::In(ms) => Some(ms),
        Step::Idle => None,
    });
    steps.min()
}

enum Step {
    Now(Vec<Next>),
    In(Millis),
    Idle,
}

/// A channel with something to do.
struct Channel<'a> {
    waiting: Vec<&'a Posted>,
    all: Vec<&'a Posted>,
}

fn channels<'a>(outbox: &'a Outbox, busy: &BTreeSet<String>) -> Vec<Channel<'a>> {
    let mut out: IndexMap<&str, Channel<'a>> = IndexMap::new();
    for p in outbox.letters.values().filter(|p| p.fate == Fate::Waiting) {
        if !busy.contains(&p.letter.channel) {
            let empty = || Channel { waiting: Vec::new(), all: Vec::new() };
            out.entry(&p.letter.channel).or_insert_with(empty).waiting.push(p);
        }
    }
    if !out.is_empty() {
        for p in outbox.letters.values() {
            if let Some(channel) = out.get_mut(p.letter.channel.as_str()) {
                channel.all.push(p);
            }
        }
    }
    out.into_values().collect()
}

impl Channel<'_> {
    fn step(&self, outbox: &Outbox, now: &Now) -> Step {
        let late = |p: &&&Posted| age(p, now) > sense(&p.letter);
        let given_up: Vec<Next> = self
            .waiting
            .iter()
            .filter(late)
            .map(|p| {
                let said = if p.detail.is_empty() { String::new() } else { format!("{}; ", p.detail) };
                let why = format!("{said}it has waited for {}: too late", duration(age(p, now)));
                Next::GiveUp { id: p.letter.id.clone(), why }
            })
            .collect();
        if !given_up.is_empty() {
            return Step::Now(given_up);
        }
        let Some(head) = self.waiting.first() else { return Step::Idle };
        if head.attempts > 0 {
            return match retry_in(head, now) {
                0 if head.attempts >= TRIES => {
                    let why = format!("tried {} times; nobody knows what came of the last", head.attempts);
                    Step::Now(vec![Next::GiveUp { id: head.letter.id.clone(), why }])
                }
                0 => Step::Now(vec![Next::Try(head.letter.id.clone())]),
                ms => Step::In(ms),
            };
        }
        self.fresh(head, outbox, now)
    }

    /// The first letter was never tried: it is, where the channel takes one more.
    fn fresh(&self, head: &Posted, outbox: &Outbox, now: &Now) -> Step {
        let limit = head.letter.limit;
        let (began, sent, full) = self.window(limit.max, limit.per);
        let begun = began.as_ref().map(|b| (ago(b, now), b));
        match begun {
            Some((ms, _)) if ms < limit.per && sent >= limit.max => {
                // What is exempt need not wait for what is not.
                match self.waiting.iter().find(|p| self.exempt(p, outbox)) {
                    Some(p) => Step::Now(vec![Next::Try(p.letter.id.clone())]),
                    None => Step::In(limit.per - ms),
                }
            }
            Some((ms, b)) if ms >= limit.per && full => {
                let over = |p: &&&Posted| !self.exempt(p, outbox) && ago(b, &p.queued) < limit.per;
                let held: Vec<&Posted> = self.waiting.iter().filter(over).copied().collect();
                match held.as_slice() {
                    [] | [_] => Step::Now(vec![Next::Try(head.letter.id.clone())]),
                    some => Step::Now(vec![hold_back(some)]),
                }
            }
            _ => Step::Now(vec![Next::Try(head.letter.id.clone())]),
        }
    }

    /// The last window: when it began, how many letters were tried in it first, and whether those were all it takes.
    fn window(&self, max: u32, per: Millis) -> (Option<Now>, u32, bool) {
        let (mut began, mut sent): (Option<Now>, u32) = (None, 0);
        let mut first: Vec<&Now> = self.all.iter().filter_map(|p| p.first.as_ref()).collect();
        first.sort_by_key(|at| at.wall);
        for at in first {
            match &began {
                Some(b) if ago(b, at) < per => sent += 1,
                _ => (began, sent) = (Some(at.clone()), 1),
            }
        }
        (began, sent, sent >= max)
    }

    /// What is never held back: what a person sends, and what goes on with a thread that the receiver keeps open.
    fn exempt(&self, p: &Posted, outbox: &Outbox) -> bool {
        if p.letter.by.is_some() {
            return true;
        }
        let keeps = matches!(p.letter.preset, Some(Preset::PagerDuty | Preset::Grafana | Preset::Statuspage));
        if !keeps || p.letter.phase == Phase::Open {
            return false;
        }
        let same = |other: &&&Posted| other.letter.thread == p.letter.thread;
        let before = self.waiting.iter().take_while(|w| w.letter.id != p.letter.id).filter(same).count();
        let key = (p.letter.channel.clone(), p.letter.thread.clone());
        let open = outbox.references.contains_key(&key)
            || self
                .all
                .iter()
                .filter(same)
                .any(|o| o.fate == Fate::Delivered && o.letter.phase == Phase::Open);
        before == 0 && open
    }
}

/// One letter for all of these.
fn hold_back(held: &[&Posted]) -> Next {
    let ids = held.iter().map(|p| p.letter.id.clone()).collect();
    let (first, last) = (&held[0].letter, &held[held.len() - 1].letter);
    if last.preset == Some(Preset::Statuspage) {
        return Next::HoldBack { ids, summary: None };
    }
    let mut subjects: IndexMap<&str, usize> = IndexMap::new();
    for p in held {
        *subjects.entry(p.letter.subject.as_str()).or_default() += 1;
    }
    let line = |(subject, n): (&&str, &usize)| {
        if *n == 1 { (*subject).to_owned() } else { format!("{n} × {subject}") }
    };
    let mut lines: Vec<String> = subjects.iter().take(LINES).map(line).collect();
    if subjects.len() > LINES {
        lines.push(format!("and {} more", subjects.len() - LINES));
    }
    let limit = last.limit;
    let summary = Letter {
        id: format!("held back with {}", first.id),
        about: "held back".to_owned(),
        subject: format!("{} messages were held back", held.len()),
        body: format!(
            "This channel takes {} in {}. Held back:\n{}",
            limit.max,
            duration(limit.per),
            lines.join("\n")
        ),
        phase: Phase::Open,
        thread: format!("held back with {}", first.id),
        incident: last.incident.clone(),
        run: None,
        by: None,
        ..last.clone()
    };
    Next::HoldBack { ids, summary: Some(Box::new(summary)) }
}

/// Milliseconds until a letter that was tried may be tried again.
fn retry_in(p: &Posted, now: &Now) -> Millis {
    let Some(at) = &p.at else { return 0 };
    // Nobody knows what came of a try whose process died.
    let wait = match p.next {
        Some(next) => (next - at.wall).max(0) as Millis,
        None => backoff(&p.letter.id, p.attempts),
    };
    let due = Deadline {
        boot_id: at.boot_id.clone(),
        due_boot: at.boot + wait,
        due_wall: at.wall + wait as i64,
        length: wait,
    };
    due.left(now)
}

fn sense(letter: &Letter) -> Millis {
    if letter.phase == Phase::Close { SENSE_OVER } else { SENSE }
}

fn age(p: &Posted, now: &Now) -> Millis {
    ago(&p.queued, now)
}

/// Milliseconds from one moment to a later one.
fn ago(earlier: &Now, now: &Now) -> Millis {
    (now.boot as i64 - now.boot_of(earlier)).max(0) as Millis
}
