//! What a signal is now: its behaviour, the noise on it, and what goes wrong with it.

use super::{How, World, noise};
use crate::model::drill::{Behaviour, Level};
use crate::model::reading::{Reading, Value};
use crate::model::time::{Millis, Now};

impl World {
    /// One signal, all its series.
    pub(super) fn measure(&mut self, id: &str, now: &Now) -> Vec<Reading> {
        let labels: Vec<Option<String>> = match self.drill.signals.get(id) {
            Some(Behaviour::Model { series, .. }) if !series.is_empty() => {
                series.iter().cloned().map(Some).collect()
            }
            _ => vec![None],
        };
        let read = |series: Option<String>| {
            let value = self.value(id, series.as_deref(), now.boot);
            Reading { signal: id.to_owned(), series, at: now.clone(), age: 0, value }
        };
        labels.into_iter().map(read).collect()
    }

    pub(super) fn value(&mut self, id: &str, series: Option<&str>, t: Millis) -> Result<Value, String> {
        let Some(behaviour) = self.drill.signals.get(id).cloned() else {
            return Err("the drill does not say how it behaves".into());
        };
        let counter = self.how.get(id) == Some(&How::Counter);
        let (base, sigma) = match behaviour {
            Behaviour::State(name) => {
                let level = self.state.get(&name).cloned();
                (level.ok_or_else(|| format!("the drill has no state `{name}`"))?, 0.0)
            }
            Behaviour::When(c) => (Level::Bool(self.holds(&c)?), 0.0),
            Behaviour::Model { normal, noise, grow, .. } => match normal {
                Level::Number(start) if counter => {
                    let total = self.count(id, series, (start.value, grow, noise), t);
                    return Ok(Value::Number(total));
                }
                Level::Number(q) => {
                    let secs = t.saturating_sub(self.began) as f64 / 1000.0;
                    (Level::from(q.value + grow * secs), noise)
                }
                other => (other, 0.0),
            },
        };
        let least = matches!(&base, Level::Number(q) if q.value >= 0.0);
        Ok(match self.shifted(id, series, base, t) {
            Level::Bool(b) => Value::Number(f64::from(u8::from(b))),
            Level::Text(text) => Value::Text(text),
            Level::Number(q) => {
                // What stands elsewhere stands nearly still there, so that it is over a threshold or is not.
                let sigma = sigma * (1.0 - 0.8 * self.held(id, series, t));
                let mut value = q.value + sigma * noise::normal(self.seed, id, series, t);
                if least {
                    value = value.max(0.0);
                }
                if self.how.get(id) == Some(&How::Gauge { share: true }) && q.value <= 1.0 {
                    value = value.min(1.0);
                }
                Value::Number(value)
            }
        })
    }

    /// How far something holds a signal elsewhere, from 0 to 1.
    fn held(&self, id: &str, series: Option<&str>, t: Millis) -> f64 {
        self.troubles.iter().filter(|c| c.begun()).map(|c| c.holds(id, series, t)).fold(0.0, f64::max)
    }

    /// A counter: what it stood at, and what came since by its rate now.
    fn count(
        &mut self,
        id: &str,
        series: Option<&str>,
        (start, rate, sigma): (f64, f64, f64),
        t: Millis,
    ) -> f64 {
        let now = match self.shifted(id, series, Level::from(rate), t) {
            Level::Number(q) => (q.value + sigma * noise::normal(self.seed, id, series, t)).max(0.0),
            _ => 0.0,
        };
        let key = (id.to_owned(), series.map(str::to_owned));
        let (total, since) = self.counted.entry(key).or_insert((start, t));
        *total += now * t.saturating_sub(*since) as f64 / 1000.0;
        *since = t;
        *total
    }

    /// A level with everything that goes wrong in it.
    pub(super) fn shifted(&self, id: &str, series: Option<&str>, base: Level, t: Millis) -> Level {
        let counter = self.how.get(id) == Some(&How::Counter);
        self.troubles
            .iter()
            .filter(|c| c.begun())
            .fold(base, |level, c| c.shift(id, series, level, t, counter))
    }
}
