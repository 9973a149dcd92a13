//! The simulated service: its state, how its signals behave, and what goes wrong with it. The same seed and the same
//! deeds give the same numbers.

mod measure;
mod noise;
mod state;
#[cfg(test)]
mod tests;
mod trouble;

pub use state::{holds, read};
pub use trouble::Trouble;

use super::rehearsed::Rehearsed;
use crate::model::condition::Condition;
use crate::model::drill::{Drill, Level};
use crate::model::playbook::ReadingKind;
use crate::model::reading::Reading;
use crate::model::time::{Millis, Now};
use crate::model::unit::Base;
use indexmap::IndexMap;

/// The most samples of the past of one signal.
const POINTS: u64 = 400;

/// Something that came by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// A source answered, or did not.
    Read(Vec<Reading>),
    /// Something began to go wrong: its id.
    Began(String),
    /// It does no more harm, because of what was done, or does again.
    Cured(String, bool),
    /// Its time is over.
    Ended(String),
}

/// What a signal is, beside its behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Gauge {
        share: bool,
    },
    Counter,
    /// Raised by people.
    Flag,
    /// Counted by people.
    Count,
}

/// A source: when it answers next, and what it answered last.
#[derive(Debug, Clone)]
struct Poll {
    name: String,
    every: Millis,
    timeout: Millis,
    signals: Vec<String>,
    next: Millis,
    last: Option<(Millis, Vec<Reading>)>,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct World {
    drill: Drill,
    how: IndexMap<String, How>,
    seed: u64,
    began: Millis,
    state: IndexMap<String, Level>,
    troubles: Vec<Trouble>,
    polls: Vec<Poll>,
    /// Answers that are on their way, and when they come.
    late: Vec<(Millis, Vec<Reading>)>,
    /// What counters stand at, and up to when that was counted.
    counted: IndexMap<(String, Option<String>), (f64, Millis)>,
}

impl World {
    /// A sound service. Its sources answer from now on.
    pub fn new(rehearsed: &Rehearsed, seed: u64, now: &Now) -> World {
        let drill = rehearsed.drill();
        let how = rehearsed.playbook().signals.iter().map(|(id, s)| {
            let how = match &s.reading {
                ReadingKind::Flag { .. } => How::Flag,
                ReadingKind::Count { .. } => How::Count,
                _ if s.counter => How::Counter,
                _ => How::Gauge { share: s.unit.dim().base == Base::Fraction && s.unit.dim().per_time == 0 },
            };
            (id.clone(), how)
        });
        let polls = rehearsed.readers().iter().map(|(name, r)| Poll {
            name: name.clone(),
            every: r.every.max(100),
            timeout: r.timeout,
            signals: r.signals.iter().filter(|s| drill.signals.contains_key(*s)).cloned().collect(),
            next: now.boot,
            last: None,
        });
        World {
            how: how.collect(),
            polls: polls.filter(|p| !p.signals.is_empty()).collect(),
            state: drill.state.clone(),
            drill,
            seed,
            began: now.boot,
            troubles: Vec::new(),
            late: Vec::new(),
            counted: IndexMap::new(),
        }
    }

    /// The state as it is.
    pub fn state(&self) -> &IndexMap<String, Level> {
        &self.state
    }

    /// What was asked to go wrong, oldest first; also what is over.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// When something happens next by itself, boot milliseconds.
    pub fn next(&self) -> Option<Millis> {
        let polls = self.polls.iter().map(|p| p.next);
        let late = self.late.iter().map(|(at, _)| *at);
        polls.chain(late).chain(self.troubles.iter().filter_map(Trouble::next)).min()
    }

    /// Time has passed: what happened meanwhile.
    pub fn advance(&mut self, now: &Now) -> Vec<Happened> {
        let t = now.boot;
        let mut out = Vec::new();
        for i in 0..self.troubles.len() {
            if self.troubles[i].begins_at(t) {
                let chaos = self.troubles[i].begin();
                self.state.extend(chaos);
                out.push(Happened::Began(self.troubles[i].id.clone()));
            }
            if self.troubles[i].ends_at(t) {
                self.troubles[i].end(t);
                out.push(Happened::Ended(self.troubles[i].id.clone()));
            }
        }
        out.extend(self.cures(t));
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= t);
        self.late = later;
        let mut read: Vec<Reading> = due.into_iter().flat_map(|(_, r): (_, Vec<Reading>)| r).collect();
        read.iter_mut().for_each(|r| r.at = now.clone());
        for i in 0..self.polls.len() {
            if self.polls[i].next <= t {
                read.extend(self.poll(i, now));
            }
        }
        if !read.is_empty() {
            out.push(Happened::Read(read));
        }
        out
    }

    /// What these signals' sources say when they are asked now.
    pub fn look(&mut self, now: &Now, signals: &[String]) -> Vec<Reading> {
        let asked = |p: &Poll| p.signals.iter().any(|s| signals.contains(s));
        let which: Vec<usize> = (0..self.polls.len()).filter(|i| asked(&self.polls[*i])).collect();
        which.into_iter().flat_map(|i| self.answer(i, now)).collect()
    }

    /// What these signals were before now, each for so many milliseconds: a service that is watched has a past.
    pub fn past(&mut self, now: &Now, windows: &IndexMap<String, Millis>) -> Vec<Reading> {
        let mut out = Vec::new();
        for p in self.polls.clone() {
            for id in &p.signals {
                let Some(window) = windows.get(id) else { continue };
                let window = (*window).min(now.boot);
                let step = p.every.max(window / POINTS);
                for back in (1..=window / step).rev().map(|n| n * step) {
                    let wall = now.wall - back as i64;
                    let at = Now { boot: now.boot - back, wall, ..now.clone() };
                    out.extend(self.measure(id, &at));
                }
            }
        }
        out
    }

    /// Asks for something to go wrong. It begins after its onset, or after `onset` when that is given.
    ///
    /// # Errors
    /// When there is no such thing, or it goes on already.
    pub fn trouble(&mut self, now: &Now, id: &str, onset: Option<Millis>) -> Result<(), String> {
        let chaos = self.drill.chaos.get(id).ok_or_else(|| format!("there is no chaos `{id}`"))?;
        if self.troubles.iter().any(|t| t.id == id && t.is_on()) {
            return Err(format!("{id} goes on already"));
        }
        self.troubles.push(Trouble::new(id, chaos, now.boot + onset.unwrap_or(chaos.onset)));
        Ok(())
    }

    /// Ends what goes wrong.
    ///
    /// # Errors
    /// When it does not go on.
    pub fn mend(&mut self, now: &Now, id: &str) -> Result<(), String> {
        let on = self.troubles.iter_mut().find(|t| t.id == id && t.is_on());
        on.map(|t| t.end(now.boot)).ok_or_else(|| format!("{id} does not go on"))
    }

    /// A part of the state becomes what `text` says, read as what that part is.
    pub fn set(&mut self, now: &Now, name: &str, text: &str) -> Vec<Happened> {
        let level = state::read(self.drill.state.get(name), text);
        self.state.insert(name.to_owned(), level);
        self.cures(now.boot)
    }

    /// Whether a condition holds of the state.
    ///
    /// # Errors
    /// What cannot be judged in a rehearsal.
    pub fn holds(&self, condition: &Condition) -> Result<bool, String> {
        state::holds(&condition.expr, &self.state)
    }

    /// Why a step of one of these names fails now.
    pub fn fails(&self, names: &[String]) -> Option<String> {
        let by = self.harmful().find(|t| t.chaos.fail_steps.iter().any(|s| names.contains(s)));
        by.map(|t| format!("{} (chaos)", t.title()))
    }

    /// Why a channel takes nothing now.
    pub fn deaf(&self, channel: &str) -> Option<String> {
        let by = self.harmful().find(|t| t.chaos.fail_channels.iter().any(|c| c == channel));
        by.map(|t| format!("{} (chaos)", t.title()))
    }

    /// What people who are no operators raise and count: signal, and what it stands at.
    pub fn people(&self, now: &Now) -> Vec<(String, f64)> {
        let by_people = self.how.iter().filter(|(_, how)| matches!(how, How::Flag | How::Count));
        let touched = by_people.filter(|(id, _)| self.troubles.iter().any(|t| t.begun() && t.touches(id)));
        let value = |id: &String| match self.shifted(id, None, Level::from(0.0), now.boot) {
            Level::Bool(b) => f64::from(u8::from(b)),
            Level::Number(q) => q.value.floor(),
            Level::Text(_) => 0.0,
        };
        touched.map(|(id, _)| (id.clone(), value(id))).collect()
    }

    fn harmful(&self) -> impl Iterator<Item = &Trouble> {
        self.troubles.iter().filter(|t| t.harms())
    }

    /// Troubles that the state cures, or does no longer.
    fn cures(&mut self, t: Millis) -> Vec<Happened> {
        let mut out = Vec::new();
        for trouble in self.troubles.iter_mut().filter(|t| t.is_on() && t.begun()) {
            let rule = trouble.chaos.cured_when.as_ref();
            let cured = rule.is_some_and(|c| state::holds(&c.expr, &self.state) == Ok(true));
            if cured != trouble.cured() {
                trouble.cure(t, cured);
                out.push(Happened::Cured(trouble.id.clone(), cured));
            }
        }
        out
    }

    /// A source's turn: what it answers now, or later.
    fn poll(&mut self, i: usize, now: &Now) -> Vec<Reading> {
        let (t, p) = (now.boot, &self.polls[i]);
        let slow = self.harmful().filter_map(|c| c.chaos.slow.get(&p.name)).max().copied().unwrap_or(0);
        let (every, timeout) = (p.every, p.timeout);
        self.polls[i].next = t + every.max(slow.min(timeout));
        if slow == 0 {
            return self.answer(i, now);
        }
        let (at, readings) = match slow >= timeout {
            true => (t + timeout, self.silent(i, now, &format!("no answer in {} ms", timeout))),
            false => (t + slow, self.answer(i, now)),
        };
        let age = at - t;
        let aged = |r: Reading| Reading { age: r.age + if r.value.is_ok() { age } else { 0 }, ..r };
        self.late.push((at, readings.into_iter().map(aged).collect()));
        Vec::new()
    }

    fn silent(&self, i: usize, now: &Now, why: &str) -> Vec<Reading> {
        let failed = |signal: &String| Reading {
            signal: signal.clone(),
            series: None,
            at: now.clone(),
            age: 0,
            value: Err(why.to_owned()),
        };
        self.polls[i].signals.iter().map(failed).collect()
    }

    /// What a source says now.
    fn answer(&mut self, i: usize, now: &Now) -> Vec<Reading> {
        let name = self.polls[i].name.clone();
        if self.harmful().any(|t| t.chaos.silence.contains(&name)) {
            return self.silent(i, now, "no answer");
        }
        if self.harmful().any(|t| t.chaos.stale.contains(&name))
            && let Some((at, last)) = &self.polls[i].last
        {
            let age = now.boot - at;
            return last.iter().map(|r| Reading { at: now.clone(), age, ..r.clone() }).collect();
        }
        let signals = self.polls[i].signals.clone();
        let readings: Vec<Reading> = signals.iter().flat_map(|s| self.measure(s, now)).collect();
        self.polls[i].last = Some((now.boot, readings.clone()));
        readings
    }
}
