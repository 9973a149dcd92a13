//! The incident: opened by the first firing or a person's run, over when a run verified and nothing fires any more.

use super::super::Kind;
use super::Machine;
use crate::model::condition::duration;
use crate::model::template::Template;
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
                None => Kind::IncidentOpened { incident: self.incident_name(now), reason, run: None },
            });
        }
        let fired = self.state.uncovered.as_ref().and_then(|id| self.state.firings.get(id));
        let (reason, run) = match fired {
            Some(f) => (format!("{} fires ({})", self.title(&f.trigger), f.id), None),
            None => {
                let (run, _) = self.runs.as_ref()?.in_the_way.as_ref()?;
                let known = [&self.covered, &self.state.incident_run].into_iter().flatten().any(|r| r == run);
                if known || self.state.attempt(run).is_some() {
                    return None;
                }
                (format!("a person started {run}"), Some(run.clone()))
            }
        };
        let incident = self.incident_name(now);
        Some(Kind::IncidentOpened { incident, reason: clean_line(&reason), run })
    }

    fn incident_name(&self, now: &Now) -> String {
        let at = jiff::Timestamp::from_millisecond(now.wall).unwrap_or_default();
        let service = &self.playbook.service;
        let value = |name: &str| match name {
            "date" => Some(at.strftime("%Y-%m-%d").to_string()),
            "count" => Some((self.state.incidents + 1).to_string()),
            "environment" => Some(self.environment.clone()),
            "service.name" => Some(service.name.clone()),
            "service.title" => Some(service.title.clone()),
            _ => self.playbook.vars.get(name).cloned(),
        };
        let plain = Template("INC-{{ date }}-{{ count }}".to_owned());
        let own = self.playbook.incident.fill(&value).ok().filter(|name| !name.trim().is_empty());
        clean_line(&own.or_else(|| plain.fill(&value).ok()).unwrap_or_default())
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
