//! One thing that goes wrong: when it begins, how far it is, when it is cured or over.

use crate::model::drill::{Chaos, Level};
use crate::model::time::Millis;
use crate::model::unit::Quantity;
use indexmap::IndexMap;

/// See the module. Times are boot milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// Its id.
    pub id: String,
    pub(super) chaos: Chaos,
    begins: Millis,
    begun: bool,
    over: bool,
    cured: bool,
    /// How far it was (0 to 1) when it last turned, and when that was.
    turned: (f64, Millis),
    /// Milliseconds it grew until then.
    grown: Millis,
}

impl Trouble {
    pub(super) fn new(id: &str, chaos: &Chaos, begins: Millis) -> Trouble {
        let chaos = chaos.clone();
        let id = id.to_owned();
        Trouble {
            id,
            chaos,
            begins,
            begun: false,
            over: false,
            cured: false,
            turned: (0.0, begins),
            grown: 0,
        }
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        if self.chaos.title.is_empty() { &self.id } else { &self.chaos.title }
    }

    /// Milliseconds since it began.
    pub fn since(&self, t: Millis) -> Millis {
        t.saturating_sub(self.begins)
    }

    /// Milliseconds until it ends by itself.
    pub fn left(&self, t: Millis) -> Millis {
        (self.begins + self.chaos.lasts).saturating_sub(t)
    }

    /// It has begun.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// The state cures it now.
    pub fn cured(&self) -> bool {
        self.cured
    }

    /// It was asked for and its time is not over; it may be cured.
    pub fn is_on(&self) -> bool {
        !self.over
    }

    /// It has begun, is not over and not cured.
    pub fn harms(&self) -> bool {
        self.begun && !self.over && !self.cured
    }

    pub(super) fn next(&self) -> Option<Millis> {
        match (self.begun, self.over) {
            (_, true) => None,
            (false, _) => Some(self.begins),
            (true, _) => Some(self.begins + self.chaos.lasts),
        }
    }

    pub(super) fn begins_at(&self, t: Millis) -> bool {
        !self.begun && !self.over && self.begins <= t
    }

    pub(super) fn ends_at(&self, t: Millis) -> bool {
        self.begun && !self.over && self.begins + self.chaos.lasts <= t
    }

    /// It begins: what it makes of the state.
    pub(super) fn begin(&mut self) -> IndexMap<String, Level> {
        self.begun = true;
        self.turned = (0.0, self.begins);
        self.chaos.state.clone()
    }

    pub(super) fn end(&mut self, t: Millis) {
        self.turn(t);
        self.over = true;
    }

    pub(super) fn cure(&mut self, t: Millis, cured: bool) {
        self.turn(t);
        self.cured = cured;
    }

    /// Keeps how far it is, before it goes the other way.
    fn turn(&mut self, t: Millis) {
        let (level, grown) = (self.level(t), self.grown(t));
        self.turned = (level, t);
        self.grown = if level > 0.0 { grown } else { 0 };
    }

    /// How far it is: 0 nothing, 1 all of it.
    fn level(&self, t: Millis) -> f64 {
        let (from, at) = self.turned;
        let passed = t.saturating_sub(at) as f64;
        let share = |whole: Millis| if whole == 0 { 1.0 } else { (passed / whole as f64).min(1.0) };
        match (self.begun, self.harms()) {
            (false, _) => 0.0,
            (_, true) => (from + share(self.chaos.rises_in)).min(1.0),
            (_, false) => from * (1.0 - share(self.chaos.recovers_in)),
        }
    }

    /// Milliseconds for which it has grown.
    fn grown(&self, t: Millis) -> Millis {
        let on = if self.harms() { t.saturating_sub(self.turned.1) } else { 0 };
        self.grown + on
    }

    pub(super) fn touches(&self, id: &str) -> bool {
        let c = &self.chaos;
        c.set.contains_key(id)
            || c.times.contains_key(id)
            || c.grow.contains_key(id)
            || c.alternate.contains_key(id)
    }

    /// How far it holds a signal elsewhere, from 0 to 1.
    pub(super) fn holds(&self, id: &str, series: Option<&str>, t: Millis) -> f64 {
        let c = &self.chaos;
        let there = named(&c.set, id, series).or(named(&c.alternate, id, series));
        there.map_or(0.0, |_| self.level(t))
    }

    /// What it makes of a signal's level (of a counter: of its rate).
    pub(super) fn shift(
        &self,
        id: &str,
        series: Option<&str>,
        level: Level,
        t: Millis,
        counter: bool,
    ) -> Level {
        let share = self.level(t);
        if share <= 0.0 {
            return level;
        }
        let mut out = level;
        if let Some(to) = named(&self.chaos.set, id, series) {
            out = mixed(out, to, share);
        }
        if let (Some(times), Level::Number(q)) = (named(&self.chaos.times, id, series), &out) {
            let value = q.value * (1.0 + (times - 1.0) * share);
            out = Level::Number(Quantity { value, ..*q });
        }
        if let (Some(grow), Level::Number(q)) = (named(&self.chaos.grow, id, series), &out) {
            let back = if self.harms() || self.turned.0 <= 0.0 { 1.0 } else { share / self.turned.0 };
            let more = match counter {
                true => *grow,
                false => grow * self.grown(t) as f64 / 1000.0,
            };
            out = Level::Number(Quantity { value: q.value + more * back, ..*q });
        }
        if let Some(to) = named(&self.chaos.alternate, id, series)
            && self.has_turn(id, series, t)
        {
            out = mixed(out, to, share);
        }
        out
    }

    /// Whether it is a signal's turn to stand elsewhere: every other period, or, of several series of one signal, each after
    /// the other.
    fn has_turn(&self, id: &str, series: Option<&str>, t: Millis) -> bool {
        let turn = (t.saturating_sub(self.begins) / self.chaos.period.max(1)) as usize;
        let of = |key: &&String| key.split_once('.').is_some_and(|(signal, _)| signal == id);
        let all: Vec<&String> = self.chaos.alternate.keys().filter(of).collect();
        let own = series.and_then(|s| all.iter().position(|key| key.ends_with(&format!(".{s}"))));
        own.map_or(turn.is_multiple_of(2), |at| turn % all.len().max(2) == at)
    }
}

/// What is said of a signal, or of one of its series.
fn named<'a, T>(table: &'a IndexMap<String, T>, id: &str, series: Option<&str>) -> Option<&'a T> {
    let one = series.and_then(|s| table.get(&format!("{id}.{s}")));
    one.or_else(|| table.get(id))
}

/// Somewhere on the way from one level to another; what is no number is there at once.
fn mixed(from: Level, to: &Level, share: f64) -> Level {
    match (from, to) {
        (Level::Number(a), Level::Number(b)) => {
            Level::Number(Quantity { value: a.value + (b.value - a.value) * share, ..*b })
        }
        (_, to) => to.clone(),
    }
}
