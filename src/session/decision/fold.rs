//! From records to [`Decisions`].

use super::record::{Choice, Closed, Kind, Withheld};
use super::{
    AGAIN, ATTEMPTS, Attempt, Call, Clock, Decider, Decisions, Elapsed, Firing, KEPT, MESSAGES, Mark,
    Message, Reaction, Set, Stopped, Word,
};
use crate::model::playbook::DefaultAction;
use crate::model::record::Record;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::Person;

impl Decisions {
    /// All records, from the first.
    ///
    /// # Errors
    /// Names the first record that is not one of this log's.
    pub fn fold(records: &[Record]) -> Result<Decisions, String> {
        let mut out = Decisions::default();
        records.iter().try_for_each(|r| out.follow(r).map(drop))?;
        Ok(out)
    }

    /// Takes in one more record; what it says.
    ///
    /// # Errors
    /// When the record is not one of this log's; nothing is taken in.
    pub fn follow(&mut self, record: &Record) -> Result<Kind, String> {
        let kind = Kind::read(record)?;
        if let Some((_, last)) = self.last.clone()
            && last.boot_id != record.at.boot_id
        {
            self.rebooted(&last, &record.at);
        }
        self.take(kind.clone(), &record.at);
        self.last = Some((record.seq, record.at.clone()));
        Ok(kind)
    }

    fn take(&mut self, kind: Kind, at: &Now) {
        self.take_incident(&kind, at);
        match kind {
            Kind::EpochBegan { epoch, host, pid, who, acts, .. } => {
                self.decider = Some(Decider { epoch, host, pid, who, acts, left: false, since: at.clone() });
            }
            Kind::EpochEnded { epoch } => {
                if let Some(d) = self.decider.as_mut().filter(|d| d.epoch == epoch) {
                    d.left = true;
                }
            }
            Kind::VerdictChanged { to, evidence, .. } => self.verdict = Some((to, evidence, at.clone())),
            Kind::RunOver { run, procedure, ended, follow, .. } => {
                self.period.run += 1;
                self.follow_from(&run, &ended, follow);
                self.run_over = Some((run, procedure, ended));
            }
            Kind::Fired { firing, trigger, true_since, cell, stage, note, mode, evidence, .. } => {
                *self.fired.entry(trigger.clone()).or_default() += 1;
                if self.incident.is_none() {
                    self.uncovered.get_or_insert_with(|| firing.clone());
                }
                let fired = Firing {
                    id: firing.clone(),
                    trigger,
                    true_since,
                    at: at.clone(),
                    cell,
                    stage,
                    note,
                    mode,
                    evidence,
                    ..Firing::default()
                };
                self.firings.insert(firing, fired);
            }
            Kind::Resolved { firing, .. } => {
                self.with(&firing, |f| f.resolved = Some(at.clone()));
                self.forget();
            }
            Kind::CellMoved { firing, cell, stage, note, .. } => {
                for c in self.clocks.values_mut().filter(|c| c.firing == firing && c.closed.is_none()) {
                    c.moved = true;
                }
                self.with(&firing, |f| (f.cell, f.stage, f.note) = (cell, stage, note));
            }
            Kind::AutomationSet { trigger, mode, who, reason } => {
                let set = Set { mode, who, reason, at: at.clone() };
                match trigger {
                    Some(trigger) => {
                        self.stopped.shift_remove(&trigger);
                        self.again(&trigger);
                        self.automations.insert(trigger, set);
                    }
                    None => self.automation = Some(set),
                }
            }
            Kind::WouldAct { firing, .. } => self.with(&firing, |f| f.shadowed = true),
            Kind::Withheld { firing, by, why, .. } => self.withheld(&firing, by, why, at),
            Kind::Acting { firing, clock, run, procedure, .. } => {
                self.acting(firing, clock, run, procedure, at);
            }
            Kind::Reacted { run, from_true, from_firing, to_effect, target, .. } => {
                let reaction = Reaction { from_true, from_firing, to_effect, target };
                self.with_attempt(&run, |a| a.reaction = Some(reaction));
            }
            Kind::Acted { firing, run, ok, detail, .. } => {
                self.with_attempt(&run, |a| a.ended = Some((ok, detail.clone(), at.clone())));
                if !ok {
                    if let Some(trigger) = self.firings.get(&firing).map(|f| f.trigger.clone()) {
                        let told = self.stopped.get(&trigger).and_then(|s| s.told.clone());
                        self.stopped
                            .insert(trigger, Stopped { by: Withheld::Failed, firing: firing.clone(), told });
                    }
                    self.owe(&firing, format!("the automatic run {run} failed: {detail}"), None);
                }
                self.forget();
            }
            Kind::Escalated { firing, clock, why, to, .. } => {
                let trigger = self.firings.get(&firing).map(|f| f.trigger.clone());
                if let Some(stopped) = trigger.and_then(|t| self.stopped.get_mut(&t)) {
                    stopped.told = Some(at.clone());
                }
                self.with(&firing, |f| {
                    f.owed.retain(|(_, about)| *about != clock);
                    f.untold.push((why.clone(), at.clone()));
                    f.escalated = Some((why, to, at.clone()));
                });
                self.forget();
            }
            Kind::Paged { firing, ok, detail, .. } => self.with(&firing, |f| {
                if !f.untold.is_empty() {
                    f.untold.remove(0);
                }
                f.paged = Some((ok, detail, at.clone()));
            }),
            Kind::Noted { text, who, to: Some(to) } => {
                self.messages.push(Message { to, from: who, text, at: at.clone() });
                let old = self.messages.len().saturating_sub(MESSAGES);
                self.messages.drain(..old);
            }
            Kind::HostSlept { .. } | Kind::TornTail(_) => {}
            Kind::Noted { .. } | Kind::Troubled { .. } => {}
            // See `take_incident`.
            Kind::IncidentOpened { .. }
            | Kind::IncidentReopened { .. }
            | Kind::IncidentClosed { .. }
            | Kind::TicketAsked { .. }
            | Kind::IncidentNamed { .. }
            | Kind::SeveritySet { .. }
            | Kind::LeadSet { .. }
            | Kind::Joined { .. }
            | Kind::RunLinked { .. } => {}
            rung @ (Kind::RungDue { .. } | Kind::RungTold { .. } | Kind::RungAcked { .. }) => {
                self.take_rung(rung, at);
            }
            watch @ (Kind::Watching { .. } | Kind::WatchOver { .. } | Kind::GoalJudged { .. }) => {
                self.take_watch(watch, at);
            }
            follow @ (Kind::FollowUpAdded { .. } | Kind::FollowUpSet { .. } | Kind::FollowUpOwned { .. }) => {
                self.take_follow_up(follow, at)
            }
            clocks @ (Kind::ClockOpened { .. }
            | Kind::DefaultFrozen { .. }
            | Kind::ClockMissed { .. }
            | Kind::Said { .. }
            | Kind::ClockClosed { .. }) => self.take_clock(clocks, at),
            people => self.take_word(people, at),
        }
    }

    /// What is about a clock.
    fn take_clock(&mut self, kind: Kind, at: &Now) {
        match kind {
            Kind::ClockOpened {
                clock,
                firing,
                decide_by,
                default_at,
                default,
                procedure,
                roles,
                stage,
                ..
            } => {
                let trigger = self.firings.get(&firing).map(|f| f.trigger.clone()).unwrap_or_default();
                let opened = Clock {
                    id: clock.clone(),
                    firing,
                    trigger,
                    at: at.clone(),
                    decide_by,
                    default_at,
                    default,
                    procedure,
                    roles,
                    stage,
                    ..Clock::default()
                };
                self.clocks.insert(clock, opened);
            }
            Kind::DefaultFrozen { clock, plan, hash, .. } => {
                self.with_clock(&clock, |c| c.plan = Some((plan, hash)));
            }
            Kind::ClockMissed { clock, .. } => {
                self.with_clock(&clock, |c| c.missed = true);
                self.owe_clock(&clock, missed);
            }
            Kind::Said { clock, choice, who, roles, reason } => self.with_clock(&clock, |c| {
                if let Choice::Extend(more) = choice {
                    c.extended = true;
                    c.decide_by.iter_mut().chain(&mut c.default_at).for_each(|d| later(d, more));
                    c.missed = c.missed && c.decide_by.as_ref().is_some_and(|d| d.is_due(at));
                }
                c.said.push(Word { choice, who, roles, reason, at: at.clone() });
            }),
            Kind::ClockClosed { clock, how, detail, .. } => {
                self.with_clock(&clock, |c| c.closed = Some((how, detail.clone(), at.clone())));
                let escalates = self.clocks.get(&clock).is_some_and(|c| c.default == DefaultAction::Escalate);
                match how {
                    Closed::Overdue | Closed::Refused => self.owe_clock(&clock, |_| detail),
                    Closed::Default if escalates => self.owe_clock(&clock, |_| detail),
                    _ => {}
                }
                self.forget();
            }
            _ => {}
        }
    }

    /// What people say that is not about a clock.
    fn take_word(&mut self, kind: Kind, at: &Now) {
        match kind {
            Kind::Acked { firing, who, .. } => self.acked(&firing, who),
            Kind::Called { role, ok, detail, who, .. } => {
                self.called.insert(role, Call { ok, detail, who, at: at.clone() });
            }
            Kind::Flagged { signal, raised, note, who } => {
                self.flags.insert(signal, (raised, who, note));
            }
            Kind::Counted { signal, delta, .. } => {
                let count = self.counts.entry(signal).or_default();
                *count = (*count + i64::from(delta)).max(0);
            }
            Kind::Marked { mark, at, values, who } => {
                self.marks.insert(mark, Mark { at, values, who });
            }
            item => {
                self.followed_by(&item, at);
                self.take_item(item, at);
            }
        }
    }

    fn withheld(&mut self, firing: &str, by: Withheld, why: String, at: &Now) {
        let Some(trigger) = self.firings.get(firing).map(|f| f.trigger.clone()) else { return };
        self.with(firing, |f| {
            f.reasons.push(by);
            f.withheld = Some((by, why.clone()));
        });
        if !matches!(by, Withheld::Failed | Withheld::Exhausted) {
            return;
        }
        let stopped =
            self.stopped.entry(trigger).or_insert(Stopped { by, firing: firing.to_owned(), told: None });
        if stopped.told.as_ref().is_none_or(|told| passed(told, at) >= AGAIN) {
            self.owe(firing, why, None);
        }
    }

    fn acting(&mut self, firing: String, clock: Option<String>, run: String, procedure: String, at: &Now) {
        let Some(trigger) = self.firings.get(&firing).map(|f| f.trigger.clone()) else { return };
        let attempt = Attempt {
            firing: firing.clone(),
            run: run.clone(),
            procedure,
            clock: clock.clone(),
            at: at.clone(),
            since: Elapsed::since(at),
            reaction: None,
            ended: None,
        };
        let all = self.attempts.entry(trigger).or_default();
        all.push(attempt.clone());
        if all.len() > ATTEMPTS {
            all.remove(0);
        }
        self.with(&firing, |f| (f.acting, f.withheld) = (Some(attempt), None));
        if let Some(clock) = clock {
            self.with_clock(&clock, |c| c.acting = Some(run));
        }
    }

    /// A person has seen a firing: what stopped at it, or before it, may go on.
    fn acked(&mut self, firing: &str, who: Person) {
        let Some(trigger) = self.firings.get(firing).map(|f| f.trigger.clone()) else { return };
        self.with(firing, |f| {
            f.acked = Some(who);
            f.owed.clear();
            f.untold.clear();
        });
        let place = |id: &str| self.firings.get_index_of(id);
        if self.stopped.get(&trigger).is_some_and(|s| place(&s.firing) <= place(firing)) {
            self.stopped.shift_remove(&trigger);
        }
        self.again(&trigger);
        self.forget();
    }

    /// What stood in a trigger's way is put on record anew when it still does.
    fn again(&mut self, trigger: &str) {
        for f in self.firings.values_mut().filter(|f| f.trigger == trigger && f.resolved.is_none()) {
            f.reasons.clear();
            f.withheld = None;
        }
    }

    /// The boot clock began again: times are carried over into the new boot.
    fn rebooted(&mut self, last: &Now, at: &Now) {
        let attempts = self.firings.values_mut().filter_map(|f| f.acting.as_mut());
        attempts.chain(self.attempts.values_mut().flatten()).for_each(|a| a.since.carry(at, last));
        let back = at.wall < last.wall;
        for c in self.clocks.values_mut().filter(|c| c.closed.is_none()) {
            let carried = c.decide_by.as_mut().is_none_or(|d| carry(d, at, last));
            let carried = c.default_at.as_mut().map_or(carried, |d| carry(d, at, last));
            c.late |= !carried || (back && c.decide_by.is_some());
        }
    }

    /// Forgets the oldest firings that are over, with their clocks.
    fn forget(&mut self) {
        let clocks = &self.clocks;
        let open = |f: &Firing| clocks.values().any(|c| c.firing == f.id && c.closed.is_none());
        let over = |f: &Firing| {
            let acts = f.acting.as_ref().is_some_and(|a| a.ended.is_none());
            f.resolved.is_some() && f.owed.is_empty() && !acts && !open(f)
        };
        let over: Vec<String> = self.firings.values().filter(|f| over(f)).map(|f| f.id.clone()).collect();
        for id in over.iter().take(over.len().saturating_sub(KEPT)) {
            self.firings.shift_remove(id);
            self.clocks.retain(|_, c| c.firing != *id);
        }
    }

    fn owe(&mut self, firing: &str, why: String, clock: Option<String>) {
        self.with(firing, |f| f.owed.push((why, clock)));
    }

    fn owe_clock(&mut self, clock: &str, why: impl FnOnce(&Clock) -> String) {
        let Some(c) = self.clocks.get(clock) else { return };
        let (firing, why) = (c.firing.clone(), why(c));
        self.owe(&firing, why, Some(clock.to_owned()));
    }

    fn with(&mut self, firing: &str, change: impl FnOnce(&mut Firing)) {
        self.firings.get_mut(firing).map(change).unwrap_or_default();
    }

    fn with_clock(&mut self, clock: &str, change: impl FnOnce(&mut Clock)) {
        self.clocks.get_mut(clock).map(change).unwrap_or_default();
    }

    fn with_attempt(&mut self, run: &str, mut change: impl FnMut(&mut Attempt)) {
        let firings = self.firings.values_mut().filter_map(|f| f.acting.as_mut());
        firings.chain(self.attempts.values_mut().flatten()).filter(|a| a.run == run).for_each(&mut change);
    }
}

/// Milliseconds between two instants: by the boot clock within a boot, else by wall time, never negative.
pub(super) fn passed(from: &Now, to: &Now) -> Millis {
    match from.boot_id == to.boot_id {
        true => to.boot.saturating_sub(from.boot),
        false => u64::try_from(to.wall - from.wall).unwrap_or(0),
    }
}

/// What is told when the first of two times is over.
fn missed(clock: &Clock) -> String {
    let what = match (clock.default, &clock.procedure) {
        (DefaultAction::Act, Some(procedure)) => format!("{procedure} starts by itself"),
        (DefaultAction::Escalate, _) => "people are told again".to_owned(),
        _ => "nothing is done".to_owned(),
    };
    let by = clock.due().map(|d| format!(" at {}", super::words::at(d.due_wall))).unwrap_or_default();
    format!("nobody has decided in time; {what}{by} unless somebody does")
}

fn later(deadline: &mut Deadline, more: Millis) {
    deadline.due_boot += more;
    deadline.due_wall += more as i64;
    deadline.length += more;
}

/// Carries a deadline over a reboot; `false` when it was due for longer than the new boot can tell.
fn carry(deadline: &mut Deadline, at: &Now, last: &Now) -> bool {
    let due_in = deadline.due_boot as i64 - last.boot as i64 - (at.wall - last.wall).max(0);
    let due_boot = at.boot as i64 + due_in;
    deadline.boot_id = at.boot_id.clone();
    deadline.due_boot = due_boot.max(0) as Millis;
    deadline.due_wall = at.wall + due_in;
    due_boot >= 0
}

#[cfg(test)]
mod tests;
