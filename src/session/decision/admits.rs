//! Whether one more record may be appended: asked under the log's lock, by the decider and by people alike.

mod after;

use super::agreed::{same_choice, same_person};
use super::record::{Choice, Closed, Kind, Withheld};
use super::words::{at, word};
use super::{Clock, Decisions, EXTENSIONS, Firing, How, LATE, Rules};
use crate::model::condition::duration;
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::plan::{Automatic, Person};

/// Bytes of a text that somebody may write into the log.
const LONGEST: usize = 4096;
/// Bytes of a name.
const NAME: usize = 200;

type Answer = Result<(), String>;

impl Decisions {
    /// Whether this record may be appended now; else why not, in words for whoever asked. `rules` are those of the playbook.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn admits(&self, kind: &Kind, rules: &Rules, now: &Now) -> Answer {
        let newest = self.decider.as_ref().map_or(0, |d| d.epoch);
        match (kind, kind.epoch()) {
            (Kind::EpochBegan { epoch, .. }, _) => {
                let next = newest + 1;
                return unless(*epoch == next, || format!("epoch {next} is the next one, not {epoch}"));
            }
            (_, Some(epoch)) if epoch != newest => {
                return Err(format!("another program decides now (epoch {newest}, this one's is {epoch})"));
            }
            _ => {}
        }
        match kind {
            Kind::EpochEnded { .. } | Kind::VerdictChanged { .. } | Kind::HostSlept { .. } => Ok(()),
            Kind::TornTail(_) => Err("that is written by the log itself".to_owned()),
            Kind::IncidentOpened { incident, reason, .. } => {
                sane(&[incident], &[reason])?;
                let open = self.incident.as_ref();
                open.map_or(Ok(()), |i| Err(format!("the incident {} is open already", i.name())))
            }
            Kind::IncidentClosed { incident, reason, .. } => {
                sane(&[incident], &[reason])?;
                let open = self.incident.as_ref().is_some_and(|i| i.id == *incident);
                unless(open, || format!("the incident {} is not open", clean_line(incident)))
            }
            Kind::TicketAsked { .. }
            | Kind::IncidentNamed { .. }
            | Kind::SeveritySet { .. }
            | Kind::LeadSet { .. }
            | Kind::Joined { .. }
            | Kind::RunLinked { .. } => self.admits_incident(kind, rules),
            Kind::Fired { firing, trigger, .. } => {
                if let Some(open) = self.firing_of(trigger) {
                    return Err(format!("{trigger} fires already, as {}", open.id));
                }
                let next = self.next_firing(trigger);
                unless(*firing == next, || format!("the next firing is {next}, not {firing}"))
            }
            Kind::Resolved { firing, .. } => self.fires(firing).map(drop),
            Kind::CellMoved { firing, cell, .. } => {
                let f = self.fires(firing)?;
                unless(f.acting.is_none(), || format!("{firing} was acted on already"))?;
                let decided = self.clocks.values().any(|c| c.firing == *firing && c.decided());
                unless(!decided, || format!("people have decided about {firing}"))?;
                unless(strictness(cell) > strictness(&f.cell), || "it asks for nothing stricter".to_owned())
            }
            Kind::AutomationSet { trigger, mode, reason, .. } => {
                sane(&[trigger.as_deref().unwrap_or("all")], &[reason])?;
                if let Some(t) = trigger.as_ref().filter(|t| !rules.triggers.contains_key(*t))
                    && *mode > Automation::Off
                {
                    return Err(format!("there is no trigger {}", clean_line(t)));
                }
                unless(*mode <= rules.ceiling, || {
                    format!("this environment allows no more than {}", word(rules.ceiling))
                })
            }
            Kind::WouldAct { firing, .. } => {
                let shadowed = self.fires(firing)?.shadowed;
                unless(!shadowed, || format!("that is on record for {firing}"))
            }
            Kind::Withheld { firing, by, .. } => {
                let on_record = self.fires(firing)?.reasons.contains(by);
                unless(!on_record, || format!("that is on record for {firing}"))
            }
            Kind::Acting { firing, clock, run, procedure, .. } => {
                sane(&[run, procedure], &[])?;
                let acts = self.decider.as_ref().is_some_and(|d| d.acts && !d.left);
                unless(acts, || "only a watcher acts".to_owned())?;
                self.may_act(firing, clock.as_deref(), run, rules, now)
            }
            Kind::Reacted { run, .. } => {
                unless(self.attempt(run).is_some(), || format!("no automatic run is named {run}"))
            }
            Kind::Acted { run, .. } => match self.attempt(run) {
                None => Err(format!("no automatic run is named {run}")),
                Some(a) => unless(a.ended.is_none(), || format!("the end of {run} is on record")),
            },
            Kind::Escalated { firing, why, .. } => {
                sane(&[firing], &[why])?;
                self.known(firing).map(drop)
            }
            Kind::Paged { firing, detail, .. } => {
                sane(&[firing], &[detail])?;
                self.known(firing).map(drop)
            }
            Kind::Acked { firing, note, .. } => {
                sane(&[firing], &[note])?;
                self.known(firing).map(drop)
            }
            Kind::Called { role, title, text, detail, .. } => sane(&[role], &[title, text, detail]),
            Kind::Noted { text, to, .. } => {
                let to: Vec<&str> = to.iter().map(String::as_str).collect();
                sane(&to, &[text])
            }
            Kind::Troubled { title, .. } => sane(&[], &[title]),
            Kind::Ticked { .. }
            | Kind::ItemNoted { .. }
            | Kind::ItemWithout { .. }
            | Kind::ItemBegan { .. }
            | Kind::ItemEnded { .. }
            | Kind::ItemJudged { .. } => self.admits_item(kind, rules, now),
            Kind::RunOver { run, procedure, .. } => {
                sane(&[run, procedure], &[])?;
                let on_record = self.run_over.as_ref().is_some_and(|(last, ..)| last == run);
                unless(!on_record, || format!("the end of {run} is on record"))
            }
            Kind::RungDue { .. }
            | Kind::RungTold { .. }
            | Kind::RungAcked { .. }
            | Kind::IncidentReopened { .. }
            | Kind::FollowUpAdded { .. }
            | Kind::FollowUpSet { .. }
            | Kind::FollowUpOwned { .. }
            | Kind::Watching { .. }
            | Kind::WatchOver { .. }
            | Kind::GoalJudged { .. } => self.admits_after(kind, rules, now),
            Kind::Flagged { signal, note, .. } => sane(&[signal], &[note]),
            Kind::Counted { signal, delta, .. } => {
                sane(&[signal], &[])?;
                unless(delta.abs() == 1, || "one is counted at a time".to_owned())
            }
            Kind::Marked { mark, values, .. } => {
                unless(values.len() <= 1000, || "that is too much".to_owned())?;
                sane(&[mark], &[])
            }
            Kind::ClockOpened { .. }
            | Kind::DefaultFrozen { .. }
            | Kind::ClockMissed { .. }
            | Kind::Said { .. }
            | Kind::ClockClosed { .. } => self.admits_clock(kind, now),
            Kind::EpochBegan { .. } => Ok(()),
        }
    }

    /// The same for what is said of an incident.
    fn admits_incident(&self, kind: &Kind, rules: &Rules) -> Answer {
        let open = |id: &String| match self.incident.as_ref().filter(|i| i.id == *id) {
            Some(i) => Ok(i),
            None => Err(format!("the incident {} is not open", clean_line(id))),
        };
        match kind {
            Kind::TicketAsked { incident, .. } => {
                let i = open(incident)?;
                unless(i.asked.is_none() && i.ticket.is_none(), || "its ticket was asked for".to_owned())
            }
            Kind::IncidentNamed { incident, name, .. } => {
                let (Ok(text) | Err(text)) = name;
                sane(&[incident], &[text])?;
                unless(text.len() <= NAME || name.is_err(), || "a name is too long".to_owned())?;
                let known = self.incident.iter().chain(&self.incident_before).find(|i| i.id == *incident);
                let i = known.ok_or_else(|| format!("no incident is named {}", clean_line(incident)))?;
                unless(i.ticket.is_none(), || format!("what came of the ticket of {} is on record", i.id))
            }
            Kind::SeveritySet { incident, severity, reason, .. } => {
                sane(&[incident, severity], &[reason])?;
                open(incident)?;
                unless(rules.severities.contains(severity), || {
                    let all = rules.severities.join(", ");
                    let hint = if all.is_empty() {
                        "the playbook has none".to_owned()
                    } else {
                        format!("there is {all}")
                    };
                    format!("no severity is named {}: {hint}", clean_line(severity))
                })?;
                unless(!reason.trim().is_empty(), || "another severity needs a reason".to_owned())
            }
            Kind::LeadSet { incident, lead, .. } => {
                sane(&[incident, lead], &[])?;
                let i = open(incident)?;
                unless(i.lead() != Some(lead), || format!("{lead} leads {} already", i.name()))
            }
            Kind::Joined { incident, who } => {
                let i = open(incident)?;
                let there = i.participants.iter().any(|p| p.joined && same_person(&p.who, who));
                unless(!there, || format!("{} is on record in {} already", who.user, i.name()))
            }
            Kind::RunLinked { incident, run, procedure, .. } => {
                sane(&[run, procedure], &[])?;
                let i = open(incident)?;
                unless(i.runs.iter().all(|r| r.run != *run), || format!("{run} is on record in {}", i.name()))
            }
            _ => Ok(()),
        }
    }

    /// The same for what is about an item of a checklist.
    fn admits_item(&self, kind: &Kind, rules: &Rules, now: &Now) -> Answer {
        let (checklist, item, texts) = match kind {
            Kind::Ticked { checklist, item, text, note, .. } => (checklist, *item, vec![text, note]),
            Kind::ItemNoted { checklist, item, text, note, .. } => (checklist, *item, vec![text, note]),
            Kind::ItemWithout { checklist, item, text, reason, .. } => (checklist, *item, vec![text, reason]),
            Kind::ItemBegan { checklist, item, text, what, .. } => (checklist, *item, vec![text, what]),
            Kind::ItemEnded { checklist, item, detail, .. } => (checklist, *item, vec![detail]),
            Kind::ItemJudged { checklist, item, text, detail, .. } => (checklist, *item, vec![text, detail]),
            _ => return Ok(()),
        };
        sane(&[checklist], &texts.iter().map(|t| t.as_str()).collect::<Vec<_>>())?;
        unless((1..=1000).contains(&item), || "items are counted from 1".to_owned())?;
        // A list that this playbook does not have was another version's: it may be noted all the same.
        let how = rules.checklists.get(checklist).and_then(|items| items.get(item - 1)).copied();
        let record = self.items.get(&(checklist.clone(), item));
        let deed = record.and_then(|r| r.deed.as_ref());
        match kind {
            Kind::Ticked { .. } if how == Some(How::Judges) => {
                Err("it judges itself and ticks itself: nobody else does".to_owned())
            }
            Kind::Ticked { .. } => match deed.filter(|d| d.goes_on(now)) {
                Some(d) => Err(format!("it is being done, by {}", clean_line(&d.who.user))),
                None => Ok(()),
            },
            Kind::ItemNoted { note, .. } => {
                unless(!note.trim().is_empty(), || "the note is empty".to_owned())
            }
            Kind::ItemWithout { reason, .. } => {
                unless(!reason.trim().is_empty(), || "going on without it needs a reason".to_owned())
            }
            Kind::ItemBegan { deed: id, .. } => {
                sane(&[id], &[])?;
                unless(how == Some(How::Does), || "it does nothing itself".to_owned())?;
                match deed.filter(|d| d.goes_on(now)) {
                    Some(d) => {
                        Err(format!("{} set it off at {}: it runs", clean_line(&d.who.user), at(d.at.wall)))
                    }
                    None => Ok(()),
                }
            }
            Kind::ItemEnded { deed: id, .. } => {
                unless(deed.is_some_and(|d| d.id == *id), || "that is not what was set off last".to_owned())
            }
            Kind::ItemJudged { answer, .. } => {
                let known = record.and_then(|r| r.judged.as_ref()).map(|j| j.answer);
                unless(known != Some(*answer), || "that is on record".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The same for what is about a clock.
    fn admits_clock(&self, kind: &Kind, now: &Now) -> Answer {
        match kind {
            Kind::ClockOpened { clock, firing, .. } => {
                self.fires(firing)?;
                if let Some(open) = self.open_clocks().find(|c| c.firing == *firing) {
                    return Err(format!("{} is open already", open.id));
                }
                let next = self.next_clock(firing);
                unless(*clock == next, || format!("the next clock is {next}, not {clock}"))
            }
            Kind::DefaultFrozen { clock, .. } => {
                let c = self.open(clock)?;
                let frozen = matches!(c.plan, Some((Ok(_), _)));
                unless(c.default == DefaultAction::Act, || format!("{clock} starts nothing"))?;
                unless(!frozen, || format!("the plan of {clock} is frozen already"))
            }
            Kind::ClockMissed { clock, .. } => {
                let c = self.open(clock)?;
                let first = c.decide_by.as_ref().filter(|_| c.default_at.is_some() && !c.missed);
                unless(first.is_some_and(|d| d.is_due(now)), || {
                    format!("{clock} has no first time that is over")
                })
            }
            Kind::Said { clock, choice, who, roles, reason } => {
                sane(&[clock], &[reason])?;
                self.may_say(clock, choice, who, roles, reason, now)
            }
            Kind::ClockClosed { epoch, clock, how, detail } => {
                sane(&[clock], &[detail])?;
                let c = self.open(clock)?;
                if epoch.is_none() && *how != Closed::Decided {
                    return Err("only the decider closes a clock that people have not decided".to_owned());
                }
                self.may_close(c, *how, now)
            }
            _ => Ok(()),
        }
    }

    /// What automation may do for a trigger now: the least of the environment's ceiling, the trigger's own mode (or what a
    /// person set for it) and what a person set for all.
    pub fn mode(&self, ceiling: Automation, trigger: &str, own: Automation) -> Automation {
        let own = self.automations.get(trigger).map_or(own, |s| s.mode);
        let all = self.automation.as_ref().map_or(Automation::Armed, |s| s.mode);
        ceiling.min(own).min(all)
    }

    /// Whether a run that was started without a person may begin: its record is there, it is not over, and automation was
    /// not stopped since. Asked by its supervisor under the run's locks.
    ///
    /// # Errors
    /// In words: why it may not.
    pub fn may_begin(&self, automatic: &Automatic, run: &str) -> Answer {
        let on_record = self
            .attempt(run)
            .filter(|a| a.firing == automatic.firing && a.clock == automatic.clock && a.ended.is_none());
        unless(on_record.is_some(), || format!("nothing on record says that {run} is to be started"))?;
        let trigger = self.firings.get(&automatic.firing).map_or("", |f| f.trigger.as_str());
        let stopped = self.automation.iter().chain(self.automations.get(trigger));
        match stopped.into_iter().find(|s| s.mode < Automation::Armed) {
            None => Ok(()),
            Some(s) => {
                Err(format!("automation was set to {} by {} at {}", word(s.mode), s.who.user, at(s.at.wall)))
            }
        }
    }

    /// What stands in the way of a trigger's next automatic run, by what is on record: which rule, in words, and the
    /// milliseconds until it is over by itself.
    pub fn in_the_way(
        &self,
        trigger: &str,
        rules: &Rules,
        now: &Now,
    ) -> Option<(Withheld, String, Option<Millis>)> {
        let limits = rules.triggers.get(trigger).cloned().unwrap_or_default();
        let last = self.last.as_ref().map_or(now, |(_, at)| at);
        let attempts = self.attempts.get(trigger).map(Vec::as_slice).unwrap_or_default();
        if let Some(a) = attempts.iter().find(|a| a.ended.is_none()) {
            return Some((Withheld::Locked, format!("its run {} is not over", a.run), None));
        }
        if let Some(s) = self.stopped.get(trigger).filter(|s| s.by == Withheld::Failed) {
            let why =
                format!("its automatic run for {} failed, and nobody has said that they saw it", s.firing);
            return Some((Withheld::Failed, why, None));
        }
        let recent: Vec<Millis> =
            attempts.iter().map(|a| a.since.at(now, last)).filter(|ago| *ago < limits.per).collect();
        if recent.len() >= limits.max_attempts || self.stopped.contains_key(trigger) {
            let times = if recent.len() == 1 { "once".into() } else { format!("{} times", recent.len()) };
            let why = match recent.len() >= limits.max_attempts {
                true => format!("it has acted {times} in {}: no more by itself", duration(limits.per)),
                false => "it has acted as often as it might, and nobody has said that they saw it".to_owned(),
            };
            return Some((Withheld::Exhausted, why, None));
        }
        let ago = attempts.iter().map(|a| a.since.at(now, last)).min()?;
        let left = limits.cooldown.saturating_sub(ago);
        let why = || format!("it acted {} ago, it waits {}", duration(ago), duration(limits.cooldown));
        (left > 0).then(|| (Withheld::Cooldown, why(), Some(left)))
    }

    /// Name of a trigger's next firing.
    pub fn next_firing(&self, trigger: &str) -> String {
        format!("{trigger}-{}", self.fired.get(trigger).copied().unwrap_or(0) + 1)
    }

    /// Name of a firing's next clock.
    pub fn next_clock(&self, firing: &str) -> String {
        format!("{firing}-d{}", self.clocks.values().filter(|c| c.firing == firing).count() + 1)
    }

    fn may_act(&self, firing: &str, clock: Option<&str>, run: &str, rules: &Rules, now: &Now) -> Answer {
        let f = self.fires(firing)?;
        let Some(limits) = rules.triggers.get(&f.trigger) else {
            return Err(format!("there is no trigger {}", f.trigger));
        };
        if let Some(a) = &f.acting {
            return Err(format!("{firing} was acted on already, by {}", a.run));
        }
        let mode = self.mode(rules.ceiling, &f.trigger, limits.mode);
        unless(mode == Automation::Armed, || {
            format!("{} is {}", f.trigger, self.why_not_armed(&f.trigger, mode))
        })?;
        if let Some(c) = self.clocks.values().find(|c| c.firing == firing && c.decided()) {
            return Err(format!("people have decided about {firing} ({})", c.id));
        }
        match clock {
            None => unless(f.cell == Cell::Auto, || format!("a person decides about {firing}"))?,
            Some(clock) => {
                let c = self.open(clock)?;
                unless(c.firing == firing, || format!("{clock} is not a clock of {firing}"))?;
                unless(c.default == DefaultAction::Act, || format!("{clock} starts nothing"))?;
                on_time(c, now)?;
            }
        }
        unless(run.ends_with(clock.unwrap_or(firing)), || {
            "the run is not named after what it is for".to_owned()
        })?;
        unless(self.attempt(run).is_none(), || format!("{run} was started already"))?;
        self.in_the_way(&f.trigger, rules, now).map_or(Ok(()), |(_, why, _)| Err(why))
    }

    /// Why a trigger is not armed: its mode, and who set it.
    fn why_not_armed(&self, trigger: &str, mode: Automation) -> String {
        let set = self.automation.iter().chain(self.automations.get(trigger)).find(|s| s.mode == mode);
        let by = set.map(|s| format!(" by {} since {}", s.who.user, at(s.at.wall))).unwrap_or_default();
        format!("{}{by}", word(mode))
    }

    fn may_say(
        &self,
        clock: &str,
        choice: &Choice,
        who: &Person,
        roles: &[String],
        reason: &str,
        now: &Now,
    ) -> Answer {
        let c = self.open(clock)?;
        if let Some(run) = &c.acting {
            return Err(format!("its time is over, {run} does what was stated"));
        }
        if let Some(choice) = c.agreed() {
            return Err(format!("it was decided already: {}", c.words(choice)));
        }
        if let Some(id) = roles.iter().find(|id| !c.roles.iter().any(|r| r.id == **id)) {
            return Err(format!("{} is no role of this clock", clean_line(id)));
        }
        c.counts(who, roles)?;
        match choice {
            Choice::Extend(more) => {
                let due = c.due().ok_or("no clock runs: there is nothing to extend")?;
                unless(EXTENSIONS.contains(more), || {
                    let times: Vec<String> = EXTENSIONS.iter().map(|ms| duration(*ms)).collect();
                    format!("a clock is extended by one of {}", times.join(", "))
                })?;
                unless(!c.extended, || "it was extended already: once is all".to_owned())?;
                unless(!reason.trim().is_empty(), || "an extension needs a reason".to_owned())?;
                unless(!c.late && due.overdue(now) <= LATE, || "its time is over".to_owned())
            }
            Choice::Hold | Choice::RollBack { .. } => {
                let before = c.said.iter().rev().filter(|w| !matches!(w.choice, Choice::Extend(_)));
                let mut theirs = before.filter(|w| same_person(&w.who, who));
                let repeats = theirs.next().is_some_and(|w| {
                    same_choice(&w.choice, choice) && roles.iter().all(|r| w.roles.contains(r))
                });
                unless(!repeats, || {
                    format!("{} has said so already; {} is missing", who.user, c.lacking(choice).join(", "))
                })
            }
        }
    }

    fn may_close(&self, c: &Clock, how: Closed, now: &Now) -> Answer {
        let id = &c.id;
        match how {
            Closed::Decided => unless(c.agreed().is_some(), || format!("{id} is not decided")),
            Closed::Resolved => {
                let asks =
                    self.firings.get(&c.firing).is_some_and(|f| f.resolved.is_none() && f.acting.is_none());
                unless(!asks || c.moved, || format!("{} still fires", c.firing))
            }
            Closed::Default if c.acting.is_some() => Ok(()),
            _ if c.agreed().is_some() => Err(format!("{id} was decided by people")),
            Closed::Default => {
                unless(c.default != DefaultAction::Act, || format!("nothing was started for {id}"))?;
                on_time(c, now)
            }
            Closed::Refused => on_time(c, now),
            Closed::Overdue => {
                let over = c.late || c.due().is_some_and(|d| d.overdue(now) > LATE);
                unless(over, || format!("{id} is not overdue"))
            }
        }
    }

    /// A firing on record.
    fn known(&self, firing: &str) -> Result<&Firing, String> {
        self.firings.get(firing).ok_or_else(|| format!("no firing is named {}", clean_line(firing)))
    }

    /// A firing that is not over.
    fn fires(&self, firing: &str) -> Result<&Firing, String> {
        let f = self.known(firing)?;
        match &f.resolved {
            None => Ok(f),
            Some(since) => Err(format!("{firing} fires no more since {}", at(since.wall))),
        }
    }

    /// A clock that is open.
    fn open(&self, clock: &str) -> Result<&Clock, String> {
        let c = self.clocks.get(clock).ok_or_else(|| format!("no clock is named {}", clean_line(clock)))?;
        match &c.closed {
            None => Ok(c),
            Some((_, detail, since)) => {
                Err(format!("the clock is closed: {} at {}", detail.trim_end_matches('.'), at(since.wall)))
            }
        }
    }
}

/// How strict a cell is; only comparable within one kind by its time.
pub(super) fn strictness(cell: &Cell) -> (u8, std::cmp::Reverse<Millis>) {
    use std::cmp::Reverse;
    match cell {
        Cell::Watch => (0, Reverse(0)),
        Cell::Ask => (1, Reverse(0)),
        Cell::Decide { within, .. } => (2, Reverse(*within)),
        Cell::Auto => (3, Reverse(0)),
    }
}

/// A clock's default is due, and not for too long.
fn on_time(c: &Clock, now: &Now) -> Answer {
    let due = c.due().ok_or_else(|| format!("no time runs for {}", c.id))?;
    unless(due.is_due(now), || format!("{} is not due", c.id))?;
    unless(!c.late && due.overdue(now) <= LATE, || format!("{} is overdue: nothing is done late", c.id))
}

/// Names and texts of a length that somebody could mean.
fn sane(names: &[&str], texts: &[&str]) -> Answer {
    if let Some(name) = names.iter().find(|n| n.is_empty() || n.len() > NAME) {
        return Err(match name.is_empty() {
            true => "a name is missing".to_owned(),
            false => "a name is too long".to_owned(),
        });
    }
    let long = texts.iter().any(|t| t.len() > LONGEST);
    unless(!long, || format!("a text is longer than {LONGEST} bytes"))
}

fn unless(holds: bool, why: impl FnOnce() -> String) -> Answer {
    if holds { Ok(()) } else { Err(why()) }
}

#[cfg(test)]
mod tests;
