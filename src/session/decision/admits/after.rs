//! The same for the ladder, follow-ups, and what is watched after success.

use super::{Answer, sane, unless};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::session::decision::followups::FOLLOW_UPS;
use crate::session::decision::ladder::HOLDS;
use crate::session::decision::{Decisions, Far, FollowUp, How, Kind, Rules};

/// Milliseconds of ten years: no deadline lies further ahead.
const FAR: i64 = 10 * 366 * 86_400_000;

impl Decisions {
    pub(super) fn admits_after(&self, kind: &Kind, rules: &Rules, now: &Now) -> Answer {
        match kind {
            Kind::RungDue { incident, climb, rung, why, to, .. } => {
                sane(&[incident], &[why])?;
                sane(&to.iter().map(String::as_str).collect::<Vec<_>>(), &[])?;
                let acts = self.decider.as_ref().is_some_and(|d| d.acts && !d.left);
                unless(acts, || "only a watcher tells people by itself".to_owned())?;
                self.climbs(incident, *climb)?;
                unless((1..=1000).contains(rung), || "rungs are counted from 1".to_owned())?;
                let known = self.ladder.rungs.contains_key(rung);
                unless(!known, || format!("rung {rung} is on record for {incident}"))
            }
            Kind::RungTold { climb, rung, detail, .. } => {
                sane(&[], &[detail])?;
                let told = self.ladder.rungs.get(rung).filter(|_| *climb == self.ladder.climb);
                let waits = told.is_some_and(|r| r.told.is_none());
                unless(waits, || format!("rung {rung} does not wait for that"))
            }
            Kind::RungAcked { incident, climb, until, note, .. } => {
                sane(&[incident], &[note])?;
                self.climbs(incident, *climb)?;
                unless(until.length <= HOLDS, || "nobody holds the ladder for so long".to_owned())
            }
            Kind::IncidentReopened { incident, reason, .. } => {
                sane(&[incident], &[reason])?;
                if let Some(open) = &self.incident {
                    return Err(format!("the incident {} is open", open.id));
                }
                unless(self.broken.is_some(), || "nothing was broken since".to_owned())
            }
            Kind::FollowUpAdded { id, text, due, owner, .. } => {
                sane(&[id], &[text])?;
                sane(&owner.iter().map(String::as_str).collect::<Vec<_>>(), &[])?;
                unless(!text.trim().is_empty(), || "it says nothing".to_owned())?;
                let next = self.next_follow_up();
                unless(*id == next, || format!("the next follow-up is {next}, not {}", clean_line(id)))?;
                let near = due.is_none_or(|due| (due - now.wall).abs() <= FAR);
                unless(near, || "its time is too far away".to_owned())?;
                let open = self.follow_ups.values().filter(|f| f.is_open()).count();
                unless(open < FOLLOW_UPS, || format!("{open} follow-ups are open: do some of them first"))
            }
            Kind::FollowUpSet { id, to, note, .. } => {
                sane(&[id], &[note])?;
                let f = self.follow_up(id)?;
                let judges = f.item.as_ref().filter(|_| self.is_current(f)).is_some_and(|(list, item)| {
                    let how = rules.checklists.get(list).and_then(|l| l.get(item.wrapping_sub(1)));
                    how == Some(&How::Judges)
                });
                unless(!judges || *to == Far::Without, || {
                    "it judges itself and ticks itself: nobody else does".to_owned()
                })?;
                unless(*to != Far::Without || !note.trim().is_empty(), || {
                    "going on without it needs a reason".to_owned()
                })
            }
            Kind::FollowUpOwned { id, owner, .. } => {
                sane(&[id], &[])?;
                sane(&owner.iter().map(String::as_str).collect::<Vec<_>>(), &[])?;
                self.follow_up(id).map(drop)
            }
            Kind::Watching { run, objective, title, detail, .. } => {
                sane(&[run, objective], &[title, detail])?;
                let over =
                    self.watches.get(&(run.clone(), objective.clone())).is_some_and(|w| w.over.is_some());
                unless(!over, || format!("{objective} of {run} is watched no more"))
            }
            Kind::WatchOver { run, objective, detail, .. } => {
                sane(&[run, objective], &[detail])?;
                let open =
                    self.watches.get(&(run.clone(), objective.clone())).is_some_and(|w| w.over.is_none());
                unless(open, || format!("{objective} of {run} is not watched"))
            }
            Kind::GoalJudged { run, objective, title, detail, .. } => {
                sane(&[run, objective], &[title, detail])?;
                let known = self.goals.contains_key(&(run.clone(), objective.clone()));
                unless(!known, || format!("{objective} of {run} was judged"))
            }
            _ => Ok(()),
        }
    }

    /// The ladder of this incident is climbed, for that time.
    fn climbs(&self, incident: &str, climb: u32) -> Answer {
        let open = self.incident.as_ref().is_some_and(|i| i.id == incident);
        unless(open, || format!("the incident {} is not open", clean_line(incident)))?;
        unless(climb == self.ladder.climb, || format!("{incident} climbs the ladder anew"))
    }

    fn follow_up(&self, id: &str) -> Result<&FollowUp, String> {
        self.follow_ups.get(id).ok_or_else(|| format!("no follow-up is named {}", clean_line(id)))
    }
}
