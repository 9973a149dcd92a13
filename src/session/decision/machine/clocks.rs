//! Decision clocks: opened, decided, missed, and what happens when nobody decides.

use super::super::{Clock, Closed, Firing, Kind, LATE};
use super::acting::run_id;
use super::{Effect, Machine, RETRY};
use crate::engine::eval::Truth;
use crate::model::condition::duration;
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Now};
use crate::run::freeze::role_facts;
use crate::run::plan::RoleFacts;

impl Machine {
    /// Clocks to open, and what is to be said of those that are open.
    pub(super) fn clocks(&self, now: &Now) -> Vec<Kind> {
        let opened = self.state.firings.values().filter_map(|f| self.open(now, f));
        let moved = self.state.open_clocks().filter_map(|c| self.clock(now, c));
        opened.chain(moved).collect()
    }

    fn open(&self, now: &Now, f: &Firing) -> Option<Kind> {
        let (decide_by, default_at) = match f.cell {
            Cell::Decide { within, default_at } => (Some(within), default_at),
            Cell::Ask => (None, None),
            Cell::Auto | Cell::Watch => return None,
        };
        let asked = |c: &&Clock| c.firing == f.id && !(c.moved && c.closed.is_some() && !c.decided());
        if f.resolved.is_some() || f.acting.is_some() || self.state.clocks.values().any(|c| asked(&c)) {
            return None;
        }
        let trigger = self.playbook.triggers.get(&f.trigger)?;
        Some(Kind::ClockOpened {
            epoch: self.epoch,
            clock: self.state.next_clock(&f.id),
            firing: f.id.clone(),
            decide_by: decide_by.map(|ms| Deadline::after(now, ms)),
            default_at: default_at.map(|ms| Deadline::after(now, ms)),
            default: if decide_by.is_some() { trigger.default } else { DefaultAction::Nothing },
            procedure: trigger.procedure.clone(),
            roles: self.roles(&f.trigger, f.stage),
            stage: f.stage,
        })
    }

    /// Who must agree: by the trigger's authority at that stage, its own roles, or those of its severity.
    pub(super) fn roles(&self, trigger: &str, stage: Option<u32>) -> Vec<RoleFacts> {
        let Some(t) = self.playbook.triggers.get(trigger) else { return Vec::new() };
        let mut ids: Vec<String> = Vec::new();
        if let Some(a) = t.authority.as_ref().and_then(|a| self.playbook.authority.get(a)) {
            ids.extend(match (a.at.is_empty(), stage) {
                (true, _) => a.all.clone(),
                (false, Some(stage)) => a.at.get(&stage).unwrap_or(&a.all).clone(),
                // Nobody knows the stage: everybody who may be asked is.
                (false, None) => a.all.iter().chain(a.at.values().flatten()).cloned().collect(),
            });
        } else if !t.approval.is_empty() {
            ids.extend(t.approval.iter().cloned());
        } else if let Some(s) = t.severity.as_ref().and_then(|s| self.playbook.severities.get(s)) {
            ids.extend(s.approval.iter().cloned());
        }
        let mut out: Vec<RoleFacts> = Vec::new();
        for id in ids {
            if !out.iter().any(|r| r.id == id) {
                out.push(role_facts(&self.playbook, &id));
            }
        }
        out
    }

    fn clock(&self, now: &Now, c: &Clock) -> Option<Kind> {
        let close = |how, detail: String| Some(self.closed(c, how, detail));
        let f = self.state.firings.get(&c.firing);
        let title = self.title(&c.trigger);
        if let Some(run) = &c.acting {
            let procedure = self.procedure(c.procedure.as_deref());
            return close(Closed::Default, format!("nobody decided in time: {procedure} is started ({run})"));
        }
        if let Some(choice) = c.agreed() {
            return close(Closed::Decided, c.words(choice));
        }
        let Some(f) = f.filter(|f| f.resolved.is_none()) else {
            return close(Closed::Resolved, format!("{title} fires no more"));
        };
        if let Some(a) = &f.acting {
            return close(Closed::Resolved, format!("it is acted on by itself now: {}", a.run));
        }
        if c.moved && matches!(f.cell, Cell::Decide { .. }) {
            let stage = f.stage.map(|s| format!(" at {s} %")).unwrap_or_default();
            return close(Closed::Resolved, format!("it asks for something stricter{stage}"));
        }
        let due = c.due()?;
        if c.late || due.overdue(now) > LATE {
            let how = match c.late {
                true => "its time cannot be relied on after a restart of the host".to_owned(),
                false if self.age(now) > LATE => {
                    format!("for {} it was not known what its default has to know", duration(LATE))
                }
                false => format!("it was found {} after its time", duration(due.overdue(now))),
            };
            return close(Closed::Overdue, format!("nobody decided, and {how}: nothing is done late"));
        }
        if due.is_due(now) {
            return self.default(now, f, c);
        }
        let first = c.decide_by.as_ref().filter(|_| c.default_at.is_some() && !c.missed);
        first.filter(|d| d.is_due(now)).map(|_| Kind::ClockMissed { epoch: self.epoch, clock: c.id.clone() })
    }

    /// Nobody has decided, and the time is over.
    fn default(&self, now: &Now, f: &Firing, c: &Clock) -> Option<Kind> {
        let close =
            |how, detail: &str| Some(self.closed(c, how, format!("nobody decided in time: {detail}")));
        match c.default {
            DefaultAction::Nothing => close(Closed::Default, "nothing is done, as the playbook says"),
            DefaultAction::Escalate => close(Closed::Default, "people are told, as the playbook says"),
            DefaultAction::Act => match self.refuses(now, f, c)? {
                Some(why) => {
                    let procedure = self.procedure(c.procedure.as_deref());
                    close(Closed::Refused, &format!("{procedure} was to start, and does not: {why}"))
                }
                None => Some(Kind::Acting {
                    epoch: self.epoch,
                    firing: f.id.clone(),
                    clock: Some(c.id.clone()),
                    run: run_id(now, "default", &c.id),
                    procedure: c.procedure.clone()?,
                }),
            },
        }
    }

    /// Why a default does not act; `None` outside: that is not known yet. It waits for it until it is overdue.
    fn refuses(&self, now: &Now, f: &Firing, c: &Clock) -> Option<Option<String>> {
        if !self.acts {
            return Some(Some("only a watcher acts, and a screen decides now".to_owned()));
        }
        if c.procedure.is_none() {
            return Some(Some("no procedure is named".to_owned()));
        }
        let mode = self.mode(&f.trigger);
        if mode != Automation::Armed {
            return Some(Some(format!("automation is {}", super::super::words::word(mode))));
        }
        self.fresh(now)?;
        match self.truth(now, &f.trigger) {
            Truth::True => {}
            Truth::Unknown => return Some(Some(self.blind(now, &f.trigger))),
            Truth::False => return Some(Some("its condition does not hold now".to_owned())),
        }
        if let Some((_, why)) = self.runs_in_the_way(now, &f.trigger)? {
            return Some(Some(why));
        }
        if let Some((_, why, _)) = self.state.in_the_way(&f.trigger, &self.rules, now) {
            return Some(Some(why));
        }
        match c.plan.as_ref()? {
            (Err(why), _) => Some(Some(format!("there is no plan: {why}"))),
            (Ok(_), None) => Some(Some("its plan has no hash".to_owned())),
            (Ok(_), Some(_)) => Some(None),
        }
    }

    fn closed(&self, c: &Clock, how: Closed, detail: String) -> Kind {
        Kind::ClockClosed { epoch: Some(self.epoch), clock: c.id.clone(), how, detail }
    }

    /// A procedure's title.
    fn procedure<'a>(&'a self, id: Option<&'a str>) -> &'a str {
        let id = id.unwrap_or("nothing");
        self.playbook.procedures.get(id).map_or(id, |p| p.title.as_str())
    }

    /// Plans of defaults to be frozen, and those that were.
    pub(super) fn freeze(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let open = self
            .state
            .open_clocks()
            .filter(|c| c.default == DefaultAction::Act && c.procedure.is_some() && c.acting.is_none())
            .filter(|c| !c.late && c.due().is_some_and(|d| d.overdue(now) <= LATE))
            .filter(|c| !matches!(c.plan, Some((Ok(_), _))));
        let open: Vec<Clock> = open.cloned().collect();
        for c in open {
            let before = c.plan.as_ref().and_then(|(plan, _)| plan.as_ref().err());
            let (plan, hash) = match self.freezing.get(&c.id).cloned() {
                Some((asked, None)) if before.is_none() || now.boot.saturating_sub(asked) < RETRY => continue,
                None | Some((_, None)) => {
                    self.freezing.insert(c.id.clone(), (now.boot, None));
                    out.push(Effect::Freeze { clock: c.id, trigger: c.trigger });
                    continue;
                }
                Some((_, Some(Ok((from, to, hash))))) => {
                    (Ok((clean_line(&from), clean_line(&to))), Some(hash))
                }
                Some((_, Some(Err(why)))) => (Err(clean_line(&why)), None),
            };
            match before == plan.as_ref().err() && before.is_some() {
                true => {
                    self.freezing.insert(c.id, (now.boot, None));
                }
                false => {
                    let kind = Kind::DefaultFrozen { epoch: self.epoch, clock: c.id, plan, hash };
                    self.want(now, kind, out);
                }
            }
        }
    }
}
