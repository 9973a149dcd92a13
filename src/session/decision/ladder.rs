//! The ladder: who is told when an incident goes on. A rung is due when the incident has been open for its time, its
//! severity and its condition fit, and nobody has taken the incident.
//!
//! Who is outside their hours is left out where another one of the rung is reached. Where nobody of a rung is reached,
//! they are told all the same, and the next rung that fits is due at once. Whoever takes the incident stops the climb for
//! [`HOLDS`], or until a graver severity fires; what was due meanwhile is due then.

use super::fold::passed;
use super::record::Kind;
use super::{Decisions, Incident};
use crate::engine::eval::Truth;
use crate::model::playbook::{Playbook, Rung};
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::Person;
use indexmap::IndexMap;

/// Milliseconds for which the ladder waits after a person has taken the incident.
pub const HOLDS: Millis = 30 * 60_000;

/// One climb of the ladder, from an incident's beginning or from where it began anew.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ladder {
    /// Which one in this log, from 1; 0 while there was none.
    pub climb: u32,
    /// The incident.
    pub incident: String,
    /// Since when.
    pub from: Now,
    /// It began anew: the first rung that fits is due at once.
    pub anew: bool,
    /// Rungs that were due, by number from 1.
    pub rungs: IndexMap<usize, Reached>,
    /// Who has taken the incident, last.
    pub acked: Option<Taken>,
    /// When the incident was over.
    pub over: Option<Now>,
}

/// A rung that was due.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reached {
    /// When.
    pub at: Now,
    /// Why then.
    pub why: String,
    /// Titles of those who are told.
    pub to: Vec<String>,
    /// Those of them who were outside their hours.
    pub outside: Vec<String>,
    /// What came of telling them: somebody is told, in words, when.
    pub told: Option<(bool, String, Now)>,
}

/// A person has taken the incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Who.
    pub who: Person,
    /// In their words.
    pub note: String,
    /// When.
    pub at: Now,
    /// Until when the ladder waits.
    pub until: Deadline,
    /// The severity in force then.
    pub severity: Option<String>,
}

/// Where a rung stands now.
#[derive(Debug, Clone, PartialEq)]
pub enum Stands {
    /// No incident is open.
    Idle,
    /// It is not for an incident of this severity.
    NotFor,
    /// It is due in so many milliseconds.
    Ahead(Millis),
    /// Its time has come, and its condition does not hold (or nobody knows).
    Waits(Truth),
    /// Its time has come, and a person has taken the incident: so many milliseconds more.
    Held(Millis),
    /// It has been due for so many milliseconds, and is not on record.
    Due(Millis),
    /// It was due.
    OnRecord,
}

/// What the ladder is judged by.
pub struct Sight<'a> {
    /// The playbook.
    pub playbook: &'a Playbook,
    /// What the condition of each rung is now; those without one are not asked.
    pub truths: &'a [Truth],
    /// Whether a role is reached now.
    pub reached: &'a dyn Fn(&str) -> bool,
}

impl Decisions {
    /// Where each rung stands now.
    pub fn stands(&self, sight: &Sight<'_>, now: &Now) -> Vec<Stands> {
        let rungs = &sight.playbook.escalation;
        let Some(incident) = &self.incident else { return vec![Stands::Idle; rungs.len()] };
        let severity = self.severity(sight.playbook, incident);
        let held = self.waits(sight.playbook, incident, now);
        let gone = passed(&self.ladder.from, now);
        // Nobody of the rung before is reached, or the climb began anew: the next one that fits does not wait.
        let mut at_once = self.ladder.anew;
        let mut out = Vec::with_capacity(rungs.len());
        for (i, rung) in rungs.iter().enumerate() {
            let fits = rung.severities.is_empty() || severity.is_some_and(|s| rung.severities.contains(s));
            let after = if at_once { 0 } else { rung.after };
            let truth = match rung.when {
                Some(_) => sight.truths.get(i).copied().unwrap_or(Truth::Unknown),
                None => Truth::True,
            };
            let stands = match (self.ladder.rungs.get(&(i + 1)), gone.checked_sub(after)) {
                (Some(r), _) => {
                    at_once = !r.to.is_empty() && r.outside.len() == r.to.len();
                    out.push(Stands::OnRecord);
                    continue;
                }
                _ if !fits => Stands::NotFor,
                (None, None) => Stands::Ahead(after - gone),
                (None, Some(_)) if truth != Truth::True => Stands::Waits(truth),
                (None, Some(since)) => held.map_or(Stands::Due(since), Stands::Held),
            };
            if matches!(stands, Stands::Due(_) | Stands::Held(_)) {
                at_once = !rung.roles.is_empty() && !rung.roles.iter().any(|r| (sight.reached)(r));
            }
            out.push(stands);
        }
        out
    }

    /// Milliseconds for which the ladder waits because a person has taken the incident.
    pub fn waits(&self, playbook: &Playbook, incident: &Incident, now: &Now) -> Option<Millis> {
        let taken = self.ladder.acked.as_ref().filter(|t| !t.until.is_due(now))?;
        let place = |id: Option<&String>| {
            id.and_then(|id| playbook.severities.get_index_of(id)).unwrap_or(usize::MAX)
        };
        let graver = place(self.severity(playbook, incident)) < place(taken.severity.as_ref());
        (!graver).then(|| taken.until.left(now))
    }

    /// How grave an incident is, as a severity of the playbook.
    pub fn severity<'p>(&self, playbook: &'p Playbook, incident: &Incident) -> Option<&'p String> {
        let id = incident.severity(playbook)?;
        playbook.severities.get_key_value(id).map(|(id, _)| id)
    }

    /// The record by which a person takes the open incident now; none while none is open.
    pub fn taken_by(&self, playbook: &Playbook, who: Person, note: &str, now: &Now) -> Option<Kind> {
        let incident = self.incident.as_ref()?;
        Some(Kind::RungAcked {
            incident: incident.id.clone(),
            climb: self.ladder.climb,
            severity: self.severity(playbook, incident).cloned(),
            until: Deadline::after(now, HOLDS),
            note: note.to_owned(),
            who,
        })
    }

    /// The ladder is climbed from its beginning.
    pub(super) fn climb(&mut self, incident: &str, at: &Now, anew: bool) {
        self.ladder = Ladder {
            climb: self.ladder.climb + 1,
            incident: incident.to_owned(),
            from: at.clone(),
            anew,
            ..Ladder::default()
        };
    }

    /// Takes in a record that is about the ladder.
    pub(super) fn take_rung(&mut self, kind: Kind, at: &Now) {
        let ladder = &mut self.ladder;
        match kind {
            Kind::RungDue { climb, rung, why, to, outside, .. } if climb == ladder.climb => {
                ladder.rungs.insert(rung, Reached { at: at.clone(), why, to, outside, told: None });
            }
            Kind::RungTold { climb, rung, ok, detail, .. } if climb == ladder.climb => {
                if let Some(r) = ladder.rungs.get_mut(&rung) {
                    r.told = Some((ok, detail, at.clone()));
                }
            }
            Kind::RungAcked { climb, severity, until, note, who, .. } if climb == ladder.climb => {
                ladder.acked = Some(Taken { who, note, at: at.clone(), until, severity });
            }
            _ => {}
        }
    }
}

/// Ids of the roles of a rung that are told: those who are reached, or all where nobody is. And whether that is so.
pub fn told(rung: &Rung, reached: &dyn Fn(&str) -> bool) -> (Vec<String>, bool) {
    let there: Vec<String> = rung.roles.iter().filter(|r| reached(r)).cloned().collect();
    match there.is_empty() {
        true => (rung.roles.clone(), true),
        false => (there, false),
    }
}
