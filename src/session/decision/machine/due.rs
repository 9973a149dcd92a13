//! When something is due by time alone.

use super::super::fold::passed;
use super::super::{LATE, START, Withheld};
use super::telling::patience;
use super::{ASK_AGAIN, Machine, RETRY};
use crate::model::time::Millis;

impl Machine {
    /// When something is due by time alone, boot milliseconds.
    pub fn next_deadline(&self) -> Option<Millis> {
        if self.superseded() {
            return None;
        }
        let now = &self.now;
        let mut due: Vec<Millis> = Vec::new();
        for c in self.state.open_clocks() {
            for d in c.decide_by.iter().chain(&c.default_at) {
                let at = (now.boot + d.left(now)).saturating_sub(d.overdue(now));
                due.extend([at, at + LATE + 1]);
            }
        }
        due.extend(self.freezing.values().map(|(asked, _)| asked + RETRY));
        due.extend(self.refused.values().map(|at| at + ASK_AGAIN));
        for f in self.state.firings.values().filter(|f| self.waits(f)) {
            let Some((by, since)) = self.stuck.get(&f.id) else { continue };
            due.extend(patience(*by).map(|ms| since + ms));
            if *by == Withheld::Cooldown {
                let left = self.state.in_the_way(&f.trigger, &self.rules, now).and_then(|(_, _, left)| left);
                due.extend(left.map(|ms| now.boot + ms));
            }
            let over = self.runs.as_ref().and_then(|r| r.last.as_ref()).filter(|_| *by == Withheld::JustDone);
            let cooldown = self.rules.triggers.get(&f.trigger).map(|l| l.cooldown).unwrap_or_default();
            due.extend(over.map(|o| now.boot + cooldown.saturating_sub(self.since(now, &o.ended))));
        }
        let starting = self.starting.iter().filter_map(|run| self.state.attempt(run));
        due.extend(starting.map(|a| now.boot + (START + 1).saturating_sub(passed(&a.at, now))));
        due.extend(self.next_rung(now));
        due.extend(self.next_watch(now));
        due.extend(self.quiet_in(now).map(|(left, _)| now.boot + left));
        due.into_iter().filter(|at| *at > now.boot).min()
    }
}
