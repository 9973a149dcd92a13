//! What an expression is worth now: a value, or unknown with its reason, per series where there are several.

use super::baseline::Normal;
use super::consecutive::Counters;
use super::evidence::Part;
use super::history::{Fresh, History, Samples, Series, is_bool, stale};
use super::notes::Notes;
use super::store::Store;
use super::window;
pub use super::worth::{Outcome, Truth, Worth};
use super::worth::{calculate, compare};
use crate::model::condition::{Cmp, Expr, Over, Since, WindowFn, duration};
use crate::model::reading::Value;
use crate::model::unit::Quantity;
use std::collections::BTreeMap;

/// What is looked at, and when.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The measurements.
    pub store: &'a Store,
    /// Boot milliseconds.
    pub now: i64,
    /// Only samples measured after this time count (boot milliseconds).
    pub after: Option<i64>,
    /// When the incident began, if one is open, boot milliseconds.
    pub incident: Option<i64>,
    /// When the run began, if one is judged, boot milliseconds.
    pub run: Option<i64>,
    /// How often in a row conditions have held.
    pub counters: &'a Counters,
    /// Which triggers fire.
    pub firing: &'a BTreeMap<String, Truth>,
}

impl<'a> Scope<'a> {
    /// Judges a condition; the parts that made it so are put into `parts`.
    pub fn judge(&self, expr: &Expr, parts: &mut Vec<Part>) -> Truth {
        self.eval(expr, &mut Notes::parts(parts)).truth()
    }

    /// The worth of an expression.
    pub fn worth(&self, expr: &Expr) -> Outcome<'a> {
        self.eval(expr, &mut Notes::default())
    }

    /// As [`Scope::eval`], but `any(…)` is left open where each series can have a clock of its own.
    pub(super) fn spread(&self, expr: &Expr, notes: &mut Notes<'_>) -> Outcome<'a> {
        let apart = |a: &Expr, b: &Expr| !(opens(a) && opens(b));
        match expr {
            Expr::Any(e) => {
                let found = self.eval(e, notes);
                notes.mark(found.truth(), self.now);
                match found {
                    Outcome::Each(all) if all.is_empty() => Outcome::One(Worth::Unknown("no series".into())),
                    found => found,
                }
            }
            Expr::And(a, b) if apart(a, b) => {
                let found = self.spread(a, notes).with(self.spread(b, notes), and);
                notes.mark(found.truth(), self.now);
                found
            }
            Expr::Or(a, b) if apart(a, b) => {
                let found = self.spread(a, notes).with(self.spread(b, notes), or);
                notes.mark(found.truth(), self.now);
                found
            }
            other => self.eval(other, notes),
        }
    }

    /// As [`Scope::worth`], noting the parts that are judged.
    pub(super) fn eval(&self, expr: &Expr, notes: &mut Notes<'_>) -> Outcome<'a> {
        let one = Outcome::One;
        let silent = &mut Notes::default();
        match expr {
            Expr::Number(q) => one(Worth::Number(q.value)),
            Expr::Bool(b) => one(Worth::Bool(*b)),
            Expr::Text(t) => one(Worth::Text(t.clone())),
            Expr::Signal(id) => {
                let found = self.each(id, |h, s| self.last(h, s));
                if self.store.signal(id).is_some_and(is_bool) {
                    notes.note(self, expr, &found, None);
                }
                found
            }
            Expr::Window { func, signal, over, quantile } => {
                let found =
                    self.each(signal, |h, s| self.window(h, s, *func, *over, quantile.unwrap_or(0.5)));
                if is_answer(*func) && self.store.signal(signal).is_some_and(is_bool) {
                    notes.note(self, expr, &found, None);
                }
                found
            }
            Expr::Baseline(id) => self.baseline(id),
            Expr::Absent(id) => {
                let found = one(self.absent(id));
                notes.note(self, expr, &found, None);
                found
            }
            Expr::Abs(e) => self.eval(e, silent).map(|_, w| {
                if let Worth::Number(n) = w {
                    *n = n.abs();
                }
            }),
            Expr::Neg(e) => self.eval(e, silent).map(|_, w| {
                if let Worth::Number(n) = w {
                    *n = -*n;
                }
            }),
            Expr::Arith(op, a, b) => {
                let left = self.eval(a, silent);
                left.with(self.eval(b, silent), |a, b| calculate(*op, a, b, expr))
            }
            Expr::Compare(op, a, b) => {
                let (left, right) = (self.eval(a, silent), self.eval(b, silent));
                let sides = notes.gathers().then(|| (left.clone(), right.clone()));
                let mut found = left.with(right, |a, b| compare(*op, a, b));
                for (side, op) in [(a, *op), (b, op.turned())] {
                    if let Expr::Consecutive(inner) = &**side {
                        found = found.map(|label, w| self.unbegun(inner, label, op, w));
                    }
                }
                notes.note(self, expr, &found, sides.as_ref());
                found
            }
            Expr::Not(e) => {
                let found = self.eval(e, notes).map(|_, w| *w = Worth::of(!w.truth(), &[&*w]));
                notes.mark(found.truth(), self.now);
                found
            }
            Expr::And(a, b) => {
                let found = self.eval(a, notes).with(self.eval(b, notes), and);
                notes.mark(found.truth(), self.now);
                found
            }
            Expr::Or(a, b) => {
                let found = self.eval(a, notes).with(self.eval(b, notes), or);
                notes.mark(found.truth(), self.now);
                found
            }
            Expr::Any(e) => {
                let found = self.eval(e, notes).any();
                notes.mark(found.truth(), self.now);
                one(found)
            }
            Expr::All(e) => {
                let found = self.eval(e, notes).all();
                notes.mark(found.truth(), self.now);
                one(found)
            }
            Expr::Consecutive(e) => self.eval(e, silent).map(|label, w| {
                if w.reason().is_none() {
                    *w = Worth::Number(self.counters.count(e, label) as f64);
                }
            }),
            Expr::Firing(which) => {
                let truth = match which {
                    Some(id) => self.firing.get(id).copied().unwrap_or_default(),
                    None => self.firing.values().fold(Truth::False, |a, b| a.or(*b)),
                };
                let found = one(match truth {
                    Truth::Unknown => Worth::Unknown("a trigger cannot be judged".into()),
                    known => Worth::Bool(known == Truth::True),
                });
                notes.note(self, expr, &found, None);
                found
            }
        }
    }

    /// A row whose beginning was not seen may be longer than was counted: only what a longer one cannot change is said.
    fn unbegun(&self, inner: &Expr, label: Option<&str>, op: Cmp, answer: &mut Worth) {
        let Worth::Bool(b) = *answer else { return };
        let sure = match op {
            Cmp::Gt | Cmp::Ge => b,
            Cmp::Lt | Cmp::Le => !b,
            Cmp::Eq | Cmp::Ne => false,
        };
        if !sure && !self.counters.begun(inner, label) {
            let n = self.counters.count(inner, label);
            *answer = Worth::Unknown(format!("{n} in a row were seen, not what was before"));
        }
    }

    fn each(&self, id: &str, f: impl Fn(&'a History, &'a Series) -> Worth) -> Outcome<'a> {
        let Some(h) = self.store.signal(id) else {
            return Outcome::One(Worth::Unknown(format!("there is no signal {id}")));
        };
        match h.series.as_slice() {
            [] => {
                let why = h.failed.clone().unwrap_or_else(|| "nothing measured yet".into());
                Outcome::One(Worth::Unknown(format!("{id}: {why}")))
            }
            [only] if only.label.is_none() => Outcome::One(named(id, f(h, only))),
            many => Outcome::Each(
                many.iter().map(|s| (s.label.as_deref().unwrap_or_default(), named(id, f(h, s)))).collect(),
            ),
        }
    }

    fn last(&self, h: &History, s: &Series) -> Worth {
        match self.raw(h, s) {
            Worth::Unknown(why) => Worth::Unknown(why),
            value => self.enough(h, s).err().map_or(value, Worth::Unknown),
        }
    }

    /// The last value of a series, however few samples it rests on.
    fn raw(&self, h: &History, s: &Series) -> Worth {
        match h.fresh(s, self.now, self.store.woke) {
            Fresh::Value(_) if self.is_before(h, s) => Worth::Unknown("no sample since then".into()),
            Fresh::Value(Value::Number(n)) if is_bool(h) => Worth::Bool(*n != 0.0),
            Fresh::Value(Value::Number(n)) => Worth::Number(*n),
            Fresh::Value(Value::Text(t)) => Worth::Text(t.clone()),
            Fresh::Stale(age) => Worth::Unknown(stale(age, h.stale_after)),
            Fresh::Failed(_) | Fresh::Nothing => Worth::Unknown(h.nothing(s)),
        }
    }

    /// Whether the last sample was measured before samples count.
    fn is_before(&self, h: &History, s: &Series) -> bool {
        h.stale_after.is_some()
            && self.after.is_some_and(|t| s.last.as_ref().is_none_or(|l| l.at - l.older as i64 <= t))
    }

    /// Whether a value rests on as many as it must.
    ///
    /// # Errors
    /// When it does not, or nobody knows.
    pub(super) fn enough(&self, h: &History, s: &Series) -> Result<(), String> {
        let Some(guard) = &h.guard else { return Ok(()) };
        let (of, least) = (&guard.of, guard.least);
        let counted = self.store.signal(of).and_then(|o| {
            let same = o.get(s.label.as_deref()).or_else(|| o.get(None))?;
            Some((o, self.raw(o, same)))
        });
        match counted {
            Some((_, Worth::Number(n))) if n >= least as f64 => Ok(()),
            Some((o, Worth::Number(value))) => {
                let n = Quantity { value, dim: o.dim }.show(3);
                Err(format!("only {n} of the {least} it needs ({of})"))
            }
            Some((_, Worth::Unknown(why))) => {
                Err(format!("whether it has the {least} it needs ({of}): {why}"))
            }
            _ => Err(format!("whether it has the {least} it needs ({of}): nothing measured yet")),
        }
    }

    fn window(&self, h: &History, s: &Series, func: WindowFn, over: Over, quantile: f64) -> Worth {
        let over = match self.reach(h, s, over) {
            Ok(over) => over,
            Err(why) => return Worth::Unknown(why),
        };
        let samples = match h.window(s, self.now, over.0, self.store.woke) {
            Ok(samples) => samples,
            Err(why) => return Worth::Unknown(why),
        };
        if !h.held && over.1 {
            let over = duration(over.0);
            return Worth::Unknown(format!("its window of {over} still reaches back too far"));
        }
        if let Err(why) = self.enough(h, s) {
            return Worth::Unknown(why);
        }
        let value = match &samples {
            Samples::Kept(all) => window::apply(func, quantile, all.clone().copied(), self.now, over.0),
            Samples::Set(all) => window::apply(func, quantile, all.iter().copied(), self.now, over.0),
        };
        match value {
            Some(v) if is_bool(h) && is_answer(func) => Worth::Bool(v != 0.0),
            Some(v) => Worth::number(v, || func.name().into()),
            None => Worth::Unknown("one sample is too few".into()),
        }
    }

    /// Milliseconds a window reaches back, and whether that is further than samples count. What begins with an incident
    /// or a run was asked for by name: there only its newest sample must count.
    fn reach(&self, h: &History, s: &Series, over: Over) -> Result<(u64, bool), String> {
        let (start, none) = match over {
            Over::Ms(ms) => return Ok((ms, self.after.is_some_and(|t| self.now - (ms as i64) < t))),
            Over::Since(Since::Incident) => (self.incident, "no incident is open"),
            Over::Since(Since::Run) => (self.run, "no run is judged"),
        };
        match self.now - start.ok_or(none)? {
            ..=0 => Err("it only just began".into()),
            _ if self.is_before(h, s) => Err("no sample since then".into()),
            ms => Ok((ms as u64, false)),
        }
    }

    fn baseline(&self, id: &str) -> Outcome<'a> {
        let h = self.store.signal(id);
        match h.and_then(|h| h.normal.as_ref()) {
            Some(Normal::Known(Ok(known))) => Outcome::One(Worth::Number(known.value)),
            Some(Normal::Known(Err(why))) => Outcome::One(Worth::Unknown(format!("baseline({id}): {why}"))),
            Some(Normal::Signal(other)) => match self.each(other, |h, s| self.last(h, s)) {
                Outcome::Each(_) if h.is_some_and(|h| !h.many) => {
                    Outcome::One(Worth::Unknown(format!("baseline({id}): {other} has several series")))
                }
                found => found,
            },
            None => Outcome::One(Worth::Unknown(format!("{id} has no baseline"))),
        }
    }

    /// Whether a signal has no value that counts; unknown until it had time to answer.
    fn absent(&self, id: &str) -> Worth {
        let Some(h) = self.store.signal(id) else { return Worth::Bool(true) };
        if h.series.iter().any(|s| self.raw(h, s).reason().is_none()) {
            return Worth::Bool(false);
        }
        let answered = h.failed.is_some() || !h.series.is_empty();
        let since = self.after.unwrap_or(self.store.began);
        if !answered && self.now - since <= h.stale_after.unwrap_or(0) as i64 {
            return Worth::Unknown(format!("{id}: nothing measured yet"));
        }
        Worth::Bool(true)
    }
}

fn and(a: &Worth, b: &Worth) -> Worth {
    Worth::of(a.truth().and(b.truth()), &[a, b])
}

fn or(a: &Worth, b: &Worth) -> Worth {
    Worth::of(a.truth().or(b.truth()), &[a, b])
}

/// Whether an expression holds an `any(…)` that [`Scope::spread`] would leave open.
fn opens(e: &Expr) -> bool {
    match e {
        Expr::Any(_) => true,
        Expr::And(a, b) | Expr::Or(a, b) => opens(a) || opens(b),
        _ => false,
    }
}

/// Whether a function over a yes-or-no signal is yes or no itself.
fn is_answer(func: WindowFn) -> bool {
    matches!(func, WindowFn::Min | WindowFn::Max | WindowFn::Last)
}

fn named(id: &str, w: Worth) -> Worth {
    match w {
        Worth::Unknown(why) => Worth::Unknown(format!("{id}: {why}")),
        other => other,
    }
}
