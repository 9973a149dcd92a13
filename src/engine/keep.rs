//! What an engine remembers over a restart: earned and firing time, nothing measured.

use super::hold::Hold;
use super::{Clock, Effect, Engine};
use crate::model::time::Now;
use serde::{Deserialize, Serialize};

/// What is remembered of a trigger over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The trigger.
    pub id: String,
    /// The series, for a rule with `any(…)`.
    pub series: Option<String>,
    /// Milliseconds its condition has held, while pending.
    pub earned: u64,
    /// Wall milliseconds at which it fired, while firing.
    pub firing_since: Option<i64>,
}

impl Engine {
    /// What is to be remembered over a restart.
    pub fn kept(&self, now: &Now) -> Vec<Kept> {
        let (boot, wall) = (now.boot as i64, now.wall);
        let each =
            self.triggers.iter().flat_map(|(id, j)| j.clocks.iter().map(move |c| (id, &c.label, &c.hold)));
        each.map(|(id, label, hold)| {
            let (earned, firing) = hold.kept(boot);
            let firing_since = firing.map(|f| wall - (boot - f));
            Kept { id: id.clone(), series: label.clone(), earned, firing_since }
        })
        .collect()
    }

    /// Takes over what was remembered before a restart; the time between adds nothing.
    pub fn restore(&mut self, kept: &[Kept], now: &Now) -> Vec<Effect> {
        let (boot, wall) = (now.boot as i64, now.wall);
        for k in kept {
            if let Some(j) = self.triggers.get_mut(&k.id) {
                let firing = k.firing_since.map(|f| boot - (wall - f).max(0));
                j.clocks.retain(|c| c.label != k.series);
                let hold = Hold::restored(k.earned, firing, boot);
                j.clocks.push(Clock { label: k.series.clone(), hold, seen: boot });
            }
        }
        self.settle(boot.max(self.now), true, true)
    }
}
