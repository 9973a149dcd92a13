//! Who is told, and of what: what the log says is owed, and what stays undone for too long. At least once: of an escalation
//! whose outcome no record tells, people are told again after a restart of the decider.

use super::super::fold::passed;
use super::super::{AGAIN, Firing, Kind, START, Withheld};
use super::{Effect, Machine};
use crate::model::condition::duration;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};

impl Machine {
    /// Records that people are to be told.
    pub(super) fn escalations(&self, now: &Now) -> Vec<Kind> {
        self.state.firings.values().filter_map(|f| self.escalation(now, f)).collect()
    }

    fn escalation(&self, now: &Now, f: &Firing) -> Option<Kind> {
        let (why, clock) = match f.owed.first() {
            Some((why, clock)) => (why.clone(), clock.clone()),
            None => (self.undone(now, f)?, None),
        };
        let why = clean_line(&format!("{}: {why}", self.title(&f.trigger)));
        Some(Kind::Escalated { epoch: self.epoch, firing: f.id.clone(), clock, why, to: self.to(now, f) })
    }

    /// Why people must look although nothing has ended badly: what should be done by itself does not happen.
    fn undone(&self, now: &Now, f: &Firing) -> Option<String> {
        if f.escalated.is_some() || f.acked.is_some() {
            return None;
        }
        if let Some(a) = f.acting.as_ref().filter(|a| self.starting.contains(&a.run)) {
            let ago = passed(&a.at, now);
            return (ago > START)
                .then(|| format!("{} is not known to have started in {}", a.run, duration(ago)));
        }
        let (by, since) = self.stuck.get(&f.id).filter(|_| self.waits(f))?;
        let ago = now.boot.saturating_sub(*since);
        let why = f.withheld.as_ref().map_or("", |(_, why)| why.as_str());
        (ago >= patience(*by)?).then(|| format!("nothing was done by itself for {}: {why}", duration(ago)))
    }

    /// Titles of the roles that are told: those of the highest rung of the ladder that the incident has reached, else those
    /// who decide.
    fn to(&self, now: &Now, f: &Firing) -> Vec<String> {
        let since = self.state.incident.as_ref().map_or(0, |i| passed(&i.since, now));
        let reached = self.playbook.escalation.iter().filter(|r| r.after <= since).max_by_key(|r| r.after);
        let rung = reached.or_else(|| self.playbook.escalation.iter().min_by_key(|r| r.after));
        let title = |id: &String| self.playbook.roles.get(id).map_or_else(|| id.clone(), |r| r.title.clone());
        match rung {
            Some(rung) => rung.roles.iter().map(title).collect(),
            None => self.roles(&f.trigger, f.stage).into_iter().map(|r| r.title).collect(),
        }
    }

    /// Tells people what is on record as to be told.
    pub(super) fn tell(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let open =
            self.state.firings.values().flat_map(|f| f.untold.iter().map(move |(why, at)| (f, why, at)));
        for (f, why, at) in open {
            let key = (f.id.clone(), at.clone());
            if self.telling.contains(&key) || passed(at, now) > AGAIN {
                continue;
            }
            self.telling.push(key);
            let service = &self.playbook.service;
            let name = if service.title.is_empty() { &service.name } else { &service.title };
            let text = clean_line(&format!("{name}, {}: {why}", self.environment));
            out.push(Effect::Page { firing: f.id.clone(), trigger: f.trigger.clone(), text });
        }
    }
}

/// Milliseconds for which this may keep an armed trigger from acting before people are told.
pub(super) fn patience(by: Withheld) -> Option<Millis> {
    match by {
        Withheld::Stale => Some(60_000),
        Withheld::Locked => Some(10 * 60_000),
        _ => None,
    }
}
