//! The incident: opened by the first firing or a person's run, over when a run verified and nothing fires any more. Its
//! ticket is opened once; what came of that is its name, and delays nothing.

use super::super::Kind;
use super::super::incident::name;
use super::{Begun, Effect, Machine};
use crate::model::condition::duration;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};

/// Milliseconds for which nothing must fire after a verified run, for the incident to be over by itself.
pub(super) const QUIET: Millis = 5 * 60_000;

impl Machine {
    /// An incident to open.
    pub(super) fn incident(&mut self, now: &Now) -> Option<Kind> {
        if self.state.incident.is_some() {
            return None;
        }
        if let Some(broken) = &self.state.broken {
            let reason = clean_line(&broken.reason);
            let run = Some(broken.run.clone());
            return Some(match &broken.incident {
                Some((incident, since)) => Kind::IncidentReopened {
                    epoch: self.epoch,
                    incident: incident.clone(),
                    since: since.clone(),
                    reason,
                    run,
                },
                None => {
                    let incident = name(&self.playbook, &self.environment, self.state.incidents, now);
                    Kind::IncidentOpened { incident, reason, run: None, who: None }
                }
            });
        }
        let fired = self.state.uncovered.as_ref().and_then(|id| self.state.firings.get(id));
        let (reason, run) = match fired {
            Some(f) => (format!("{} fires ({})", self.title(&f.trigger), f.id), None),
            None => {
                let (run, _) = self.runs.as_ref()?.in_the_way.as_ref()?;
                let before = self.state.incident_before.iter().flat_map(|i| &i.runs);
                if before.into_iter().any(|r| r.run == *run) {
                    return None;
                }
                let known = [&self.covered, &self.state.incident_run].into_iter().flatten().any(|r| r == run);
                if known || self.state.attempt(run).is_some() {
                    return None;
                }
                (format!("a person started {run}"), Some(run.clone()))
            }
        };
        let incident = name(&self.playbook, &self.environment, self.state.incidents, now);
        Some(Kind::IncidentOpened { incident, reason: clean_line(&reason), run, who: None })
    }

    /// What is to be on record of its ticket: that it is asked for, or that nobody knows what came of that.
    pub(super) fn ticket(&self) -> Option<Kind> {
        self.playbook.ticket.as_ref()?;
        let i = self.state.incident.as_ref().filter(|i| i.ticket.is_none())?;
        // For what fires a screen changes nothing in the world.
        let may = self.acts || i.run.is_some() || i.by.is_some();
        let (epoch, incident) = (self.epoch, i.id.clone());
        match i.asked {
            None if may => Some(Kind::TicketAsked { epoch, incident }),
            Some(asked) if asked != epoch => {
                let why =
                    "nobody knows whether it was opened: the program that asked for it is gone".to_owned();
                Some(Kind::IncidentNamed { epoch, incident, name: Err(why) })
            }
            _ => None,
        }
    }

    /// Opens the ticket, once that is on record.
    pub(super) fn open_ticket(&mut self, out: &mut Vec<Effect>) {
        let Some(i) = self.state.incident.as_ref().filter(|i| i.ticket.is_none()) else { return };
        if i.asked == Some(self.epoch) && self.ticketing.as_ref() != Some(&i.id) {
            self.ticketing = Some(i.id.clone());
            out.push(Effect::Ticket { incident: i.id.clone() });
        }
    }

    /// Runs that were begun in the incident and are not on record there.
    pub(super) fn linked(&self) -> Vec<Kind> {
        let (Some(i), Some(runs)) = (&self.state.incident, &self.runs) else { return Vec::new() };
        let going = runs.in_the_way.as_ref().map(|(run, _)| run);
        let of_it = |b: &&Begun| {
            let begun = i.covers(&b.at) || going == Some(&b.run) || i.run.as_ref() == Some(&b.run);
            begun && i.runs.iter().all(|r| r.run != b.run)
        };
        let link = |b: &Begun| Kind::RunLinked {
            epoch: self.epoch,
            incident: i.id.clone(),
            run: b.run.clone(),
            procedure: b.procedure.clone(),
            by: b.by.clone(),
            began: b.at.clone(),
        };
        runs.begun.iter().filter(of_it).map(link).collect()
    }

    /// The end of the incident, when it is over by itself.
    pub(super) fn quiet(&self, now: &Now) -> Option<Kind> {
        let incident = self.state.incident.as_ref()?;
        let (left, run) = self.quiet_in(now)?;
        (left == 0).then(|| Kind::IncidentClosed {
            incident: incident.id.clone(),
            who: None,
            reason: format!("{run} verified, and nothing has been firing for {}", duration(QUIET)),
        })
    }

    /// Milliseconds until the incident is over, if nothing happens, and the run that ended it.
    pub(super) fn quiet_in(&self, now: &Now) -> Option<(Millis, &str)> {
        let (incident, runs) = (self.state.incident.as_ref()?, self.runs.as_ref()?);
        let over = runs.last.as_ref().filter(|o| o.verified && runs.in_the_way.is_none())?;
        // What was verified before it was reopened ends nothing.
        let since = incident.again.as_ref().unwrap_or(&incident.since);
        let during = match over.ended.boot_id == since.boot_id {
            true => over.ended.boot >= since.boot,
            false => over.ended.wall >= since.wall,
        };
        let fires = self.state.firings.values().any(|f| f.resolved.is_none());
        let acts = self.state.attempts.values().flatten().any(|a| a.ended.is_none());
        if !during || fires || acts || self.state.open_clocks().next().is_some() {
            return None;
        }
        let resolved = self.state.firings.values().filter_map(|f| f.resolved.as_ref());
        let quiet = resolved.chain([&over.ended]).map(|at| self.since(now, at)).min()?;
        Some((QUIET.saturating_sub(quiet), &over.run))
    }
}
