//! An incident: its name and its ticket, how grave it is, who leads, who is in it, what was noted, which runs belong to it.

use super::Decisions;
use super::fold::passed;
use super::record::Kind;
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::template::Template;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::plan::Person;

/// Notes of one incident that are kept.
pub const NOTES: usize = 500;

/// An incident, open or over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Incident {
    /// The name it was opened under, by which records name it.
    pub id: String,
    /// Since when.
    pub since: Now,
    /// Why, in words.
    pub reason: String,
    /// The run that a person started, when that opened it.
    pub run: Option<String>,
    /// The person who opened it, when that was no run.
    pub by: Option<Person>,
    /// Epoch of the decider that set off the ticket's command.
    pub asked: Option<u64>,
    /// Its ticket, or why there is none.
    pub ticket: Option<Result<String, String>>,
    /// What fired in it: firing, trigger, and when.
    pub fired: Vec<(String, String, Now)>,
    /// How grave people said it is, oldest first.
    pub severities: Vec<SetSeverity>,
    /// Who led it, oldest first; the last one does.
    pub leads: Vec<Lead>,
    /// Who is on record in it, in the order in which they came; whoever joined too.
    pub participants: Vec<Participant>,
    /// Notes, oldest first.
    pub notes: Vec<Remark>,
    /// Runs that were begun in it, in their order.
    pub runs: Vec<LinkedRun>,
    /// When it was reopened, or what had been taken for its end was found broken, last.
    pub again: Option<Now>,
    /// When it was over, by whom (nobody: by itself), and why.
    pub ended: Option<(Now, Option<Person>, String)>,
}

/// How grave a person said it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SetSeverity {
    /// Id of the severity.
    pub severity: String,
    /// Who.
    pub who: Person,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Now,
}

/// Who leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Their name.
    pub name: String,
    /// Who said so.
    pub who: Person,
    /// When.
    pub at: Now,
}

/// Who is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    /// Who.
    pub who: Person,
    /// Since when they are on record in it.
    pub since: Now,
    /// They said that they joined.
    pub joined: bool,
}

/// A note.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// In their words.
    pub text: String,
    /// Who.
    pub who: Person,
    /// When.
    pub at: Now,
}

/// A run of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedRun {
    /// Its id.
    pub run: String,
    /// Id of its procedure.
    pub procedure: String,
    /// Who started it; nobody: it was started without a person.
    pub by: Option<Person>,
    /// When it was accepted.
    pub began: Now,
}

impl Incident {
    /// Its name for people: the ticket's, where there is one.
    pub fn name(&self) -> &str {
        match &self.ticket {
            Some(Ok(ticket)) => ticket,
            _ => &self.id,
        }
    }

    /// Who leads it.
    pub fn lead(&self) -> Option<&str> {
        self.leads.last().map(|l| l.name.as_str())
    }

    /// How grave it is: the gravest of what fired in it, or what a person said last, unless something graver has fired since.
    pub fn severity<'a>(&'a self, playbook: &'a Playbook) -> Option<&'a str> {
        let said = self.severities.last();
        let fired = self.fired.iter().filter(|(.., at)| said.is_none_or(|s| later(at, &s.at)));
        let fired = fired.filter_map(|(_, trigger, _)| playbook.triggers.get(trigger)?.severity.as_deref());
        // The gravest stands first in the playbook; one that is not there any more is the least.
        let rank = |id: &str| playbook.severities.get_index_of(id).unwrap_or(usize::MAX);
        said.map(|s| s.severity.as_str()).into_iter().chain(fired).min_by_key(|id| rank(id))
    }

    /// Milliseconds from its beginning to its end, or to now.
    pub fn length(&self, now: &Now) -> Millis {
        passed(&self.since, self.ended.as_ref().map_or(now, |(at, ..)| at))
    }

    /// Whether a moment is at its beginning or after it.
    pub fn covers(&self, at: &Now) -> bool {
        !later(&self.since, at)
    }

    fn meet(&mut self, who: &Person, at: &Now, joins: bool) {
        match self.participants.iter_mut().find(|p| p.who.uid == who.uid && p.who.user == who.user) {
            Some(p) => p.joined |= joins,
            None => {
                self.participants.push(Participant { who: who.clone(), since: at.clone(), joined: joins });
            }
        }
    }

    /// What a record says about it.
    fn take(&mut self, kind: &Kind, at: &Now) {
        if let Some(who) = kind.person() {
            self.meet(who, at, matches!(kind, Kind::Joined { .. }));
        }
        match kind {
            Kind::TicketAsked { epoch, .. } => self.asked = Some(*epoch),
            Kind::IncidentNamed { name, .. } => self.ticket = Some(name.clone()),
            Kind::Fired { firing, trigger, .. } => {
                self.fired.push((firing.clone(), trigger.clone(), at.clone()));
            }
            Kind::SeveritySet { severity, who, reason, .. } => self.severities.push(SetSeverity {
                severity: severity.clone(),
                who: who.clone(),
                reason: reason.clone(),
                at: at.clone(),
            }),
            Kind::LeadSet { lead, who, .. } => {
                self.leads.push(Lead { name: lead.clone(), who: who.clone(), at: at.clone() });
            }
            Kind::Noted { text, who, to: None } if self.notes.len() < NOTES => {
                self.notes.push(Remark { text: text.clone(), who: who.clone(), at: at.clone() });
            }
            Kind::RunLinked { run, procedure, by, began, .. } => {
                by.iter().for_each(|who| self.meet(who, at, false));
                self.runs.push(LinkedRun {
                    run: run.clone(),
                    procedure: procedure.clone(),
                    by: by.clone(),
                    began: began.clone(),
                });
            }
            _ => {}
        }
    }
}

impl Decisions {
    /// What a record says about the incident, or one that is just over.
    pub(super) fn take_incident(&mut self, kind: &Kind, at: &Now) {
        match kind {
            Kind::IncidentOpened { incident, reason, run, who } => {
                self.incidents += 1;
                match &run {
                    Some(_) => self.incident_run.clone_from(run),
                    // What was ticked before something fired was for another matter.
                    None if who.is_none() => self.period.incident += 1,
                    None => {}
                }
                let mut opened = Incident {
                    id: incident.clone(),
                    since: at.clone(),
                    reason: reason.clone(),
                    run: run.clone(),
                    by: who.clone(),
                    fired: self.firing_now(),
                    ..Incident::default()
                };
                opened.take(kind, at);
                self.opened(opened, at);
            }
            Kind::IncidentReopened { incident, since, reason, run, .. } => {
                let before = self.incident_before.take_if(|i| i.id == *incident);
                let mut again = before.unwrap_or_else(|| Incident {
                    id: incident.clone(),
                    since: since.clone(),
                    reason: reason.clone(),
                    run: run.clone(),
                    ..Incident::default()
                });
                for fired in self.firing_now() {
                    if !again.fired.iter().any(|(id, ..)| *id == fired.0) {
                        again.fired.push(fired);
                    }
                }
                (again.reason, again.again, again.ended) = (reason.clone(), Some(at.clone()), None);
                self.opened(again, at);
            }
            Kind::IncidentClosed { who, reason, .. } => {
                if let Some(mut over) = self.incident.take() {
                    over.take(kind, at);
                    over.ended = Some((at.clone(), who.clone(), reason.clone()));
                    self.incident_before = Some(over);
                }
                self.ladder.over = Some(at.clone());
                self.uncovered = None;
                self.period.incident += 1;
            }
            Kind::IncidentNamed { incident, .. } | Kind::RunLinked { incident, .. } => {
                if let Some(named) = self.incident_of(incident) {
                    named.take(kind, at);
                }
            }
            _ => self.incident.iter_mut().for_each(|i| i.take(kind, at)),
        }
    }

    /// What fires now, or did when no incident was open: firing, trigger, and when.
    fn firing_now(&self) -> Vec<(String, String, Now)> {
        let fires =
            self.firings.values().filter(|f| f.resolved.is_none() || self.uncovered.as_ref() == Some(&f.id));
        fires.map(|f| (f.id.clone(), f.trigger.clone(), f.at.clone())).collect()
    }

    /// An incident is open from now on, and its ladder is climbed from the beginning.
    fn opened(&mut self, incident: Incident, at: &Now) {
        self.climb(&incident.id, at, incident.again.is_some());
        self.last_incident = Some((incident.id.clone(), incident.since.clone()));
        (self.uncovered, self.broken) = (None, None);
        self.incident = Some(incident);
    }

    /// The open incident of this name, or the one that was over last.
    fn incident_of(&mut self, id: &str) -> Option<&mut Incident> {
        self.incident.iter_mut().chain(&mut self.incident_before).find(|i| i.id == id)
    }
}

/// All incidents on record, oldest first, the open one last.
///
/// # Errors
/// Names the first record that is not one of this log's.
pub fn incidents(records: &[Record]) -> Result<Vec<Incident>, String> {
    let mut state = Decisions::default();
    let mut out: Vec<Incident> = Vec::new();
    for record in records {
        state.follow(record)?;
        // What is said of one that is over (its ticket) comes after its end.
        for i in state.incident_before.iter().chain(&state.incident) {
            match out.iter_mut().rev().find(|known| known.id == i.id && known.since == i.since) {
                Some(known) if known != i => known.clone_from(i),
                Some(_) => {}
                None => out.push(i.clone()),
            }
        }
    }
    Ok(out)
}

/// Name of the next incident: the playbook's, else `INC-2026-11-21-1`.
pub fn name(playbook: &Playbook, environment: &str, count: u32, now: &Now) -> String {
    let at = jiff::Timestamp::from_millisecond(now.wall).unwrap_or_default();
    let service = &playbook.service;
    let value = |name: &str| match name {
        "date" => Some(at.strftime("%Y-%m-%d").to_string()),
        "count" => Some((count + 1).to_string()),
        "environment" => Some(environment.to_owned()),
        "service.name" => Some(service.name.clone()),
        "service.title" => Some(service.title.clone()),
        _ => playbook.vars.get(name).cloned(),
    };
    let plain = Template("INC-{{ date }}-{{ count }}".to_owned());
    let own = playbook.incident.fill(&value).ok().filter(|name| !name.trim().is_empty());
    clean_line(&own.or_else(|| plain.fill(&value).ok()).unwrap_or_default())
}

/// Whether `at` is after `than`: by the boot clock within a boot, else by wall time.
fn later(at: &Now, than: &Now) -> bool {
    match at.boot_id == than.boot_id {
        true => at.boot > than.boot,
        false => at.wall > than.wall,
    }
}

#[cfg(test)]
mod tests;
