//! What people are asked, what acts by itself, and what they must know of both: from the records to the picture.

use super::deciding::seconds;
use super::decision::incident::LinkedRun;
use super::decision::{Choice, Clock, Closed, Firing, Message, Withheld, Word};
use super::view::{
    ActsView, ArmingView, DecisionView, IncidentView, Notice, ReactionView, TriggerState, Watch,
};
use super::{Facts, Session};
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::{TriggerStatus, hold};
use crate::model::playbook::{Automation, Baseline, Cell, DefaultAction, Procedure};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::plan::Person;

/// Milliseconds for which a message stands above the evidence of whom it is for; the timeline keeps it.
const MESSAGE_SHOWN: Millis = 600_000;

impl Session {
    /// Decisions that are open, and those whose clock is over while what they are about goes on: the soonest first.
    pub(super) fn asked(&self, now: &Now) -> Vec<DecisionView> {
        let clocks = self.decisions.clocks.values();
        let mut out: Vec<DecisionView> = clocks
            .filter_map(|c| {
                let firing = self.decisions.firings.get(&c.firing)?;
                let goes_on = firing.resolved.is_none() && firing.acked.is_none();
                let missed = matches!(
                    c.closed,
                    Some((Closed::Default | Closed::Refused | Closed::Overdue, ..)) if goes_on
                );
                (c.closed.is_none() || missed).then(|| self.decision(c, firing, now))
            })
            .collect();
        out.sort_by_key(|d| (d.closed, d.decide_ms.or(d.default_ms).unwrap_or(i64::MAX)));
        out
    }

    fn decision(&self, c: &Clock, firing: &Firing, now: &Now) -> DecisionView {
        let running =
            [c.decide_by.as_ref().filter(|_| !c.missed), c.default_at.as_ref()].into_iter().flatten().next();
        let (who, roles) = (self.me(), self.mine(c));
        let titles: Vec<&str> =
            c.roles.iter().filter(|r| roles.contains(&r.id)).map(|r| r.title.as_str()).collect();
        let counts = c.counts(&who, &roles);
        let may = counts.is_ok();
        let you = match counts {
            Ok(()) if titles.is_empty() => format!("You are {}: yes", who.user),
            Ok(()) => format!("You are {}, {}: yes", who.user, titles.join(" and ")),
            Err(why) => format!("You are {}: no, {}", who.user, clean_line(&why)),
        };
        DecisionView {
            clock: c.id.clone(),
            firing: c.firing.clone(),
            trigger: c.trigger.clone(),
            title: self.name_of(&c.trigger),
            rule: self
                .playbook
                .triggers
                .get(&c.trigger)
                .map(|t| clean_line(&t.when.text))
                .unwrap_or_default(),
            firing_ms: since(&firing.at, now),
            parts: self.parts_now(&c.trigger, &firing.evidence, now),
            decide_ms: c.decide_by.as_ref().map(|d| signed(d, now)),
            default_ms: c.default_at.as_ref().map(|d| signed(d, now)),
            length_ms: running.map_or(0, |d| d.length),
            until: running.map(|d| d.due_wall),
            missed: c.missed,
            closed: c.closed.is_some(),
            then: self.then(c),
            procedure: c.procedure.as_ref().and_then(|id| {
                let p = self.playbook.procedures.get(id)?;
                Some((id.clone(), p.title.clone(), p.key))
            }),
            roles: c.roles.iter().map(|r| clean_line(&r.title)).collect(),
            lacking: self.lacking(c, now),
            may,
            you,
            extended: c.extended,
            said: c
                .said
                .iter()
                .map(|w| (clean_line(&w.who.user), w.choice.clone(), clean_line(&w.reason)))
                .collect(),
            stage: c.stage,
            note: firing.note.as_deref().map(clean_line),
        }
    }

    /// The person here.
    fn me(&self) -> Person {
        let Facts { user, uid, login_uid, .. } = &self.facts;
        Person { user: user.clone(), uid: *uid, login_uid: *login_uid, ..Person::default() }
    }

    /// Ids of a clock's roles that they have.
    fn mine(&self, c: &Clock) -> Vec<String> {
        c.roles.iter().map(|r| r.id.clone()).filter(|id| self.roles.contains(id)).collect()
    }

    /// Whose word would be missing yet, by procedure.
    fn lacking(&self, c: &Clock, now: &Now) -> Vec<(String, Vec<String>)> {
        if c.roles.len() < 2 {
            return Vec::new();
        }
        let (who, roles) = (self.me(), self.mine(c));
        let mut with = c.clone();
        let choice = Choice::Hold;
        with.said.push(Word { choice, who, roles, reason: String::new(), at: now.clone() });
        let mut out = Vec::new();
        for id in self.playbook.procedures.keys() {
            let choice = Choice::RollBack { procedure: id.clone(), run: None };
            if let Some(last) = with.said.last_mut() {
                last.choice = choice.clone();
            }
            let lacking: Vec<String> = with.lacking(&choice).iter().map(|t| clean_line(t)).collect();
            if !lacking.is_empty() {
                out.push((id.clone(), lacking));
            }
        }
        out
    }

    /// Parts of a rule as they are now; as they were, where this session knows nothing of it.
    fn parts_now(&self, trigger: &str, before: &[Part], now: &Now) -> Vec<(String, String, Truth)> {
        let status = self.engine.triggers(now.boot as i64).into_iter().find(|s| s.id == trigger);
        let parts = status.map(|s| s.evidence).filter(|e| !e.is_empty()).unwrap_or_else(|| before.to_vec());
        parts.iter().map(|p| (clean_line(&p.text), p.left.clone().unwrap_or_default(), p.truth)).collect()
    }

    /// What happens when nobody decides: a word, and the rest.
    fn then(&self, c: &Clock) -> (String, String) {
        let (word, rest) = match c.default {
            DefaultAction::Nothing => ("NOTHING", "happens by itself; it stays lit".to_owned()),
            DefaultAction::Escalate => ("ESCALATE", "people are told, nothing is rolled back".to_owned()),
            DefaultAction::Act if self.mode(&c.trigger) != Automation::Armed => {
                ("ESCALATE", "it may not act: automation is not armed. People are told".to_owned())
            }
            DefaultAction::Act => {
                let what = c.procedure.as_ref().map(|p| self.procedure_name(p)).unwrap_or_default();
                match &c.plan {
                    None => ("ACT", format!("{what} starts; its plan is being frozen")),
                    Some((Ok((from, to)), _)) if from.is_empty() => {
                        ("ACT", format!("{what} starts: {}", clean_line(to)))
                    }
                    Some((Ok((from, to)), _)) => {
                        ("ACT", format!("{what}: {} → {}", clean_line(from), clean_line(to)))
                    }
                    Some((Err(why), _)) => {
                        ("ESCALATE", format!("{what} cannot act: {}. People are told", clean_line(why)))
                    }
                }
            }
        };
        (word.into(), rest)
    }

    /// What acts by itself next, while a watcher lives that can.
    pub(super) fn acts(&self, now: &Now, triggers: &[TriggerStatus]) -> Option<ActsView> {
        let watcher = self.watcher(now)?;
        if self.holds_lock() {
            return None;
        }
        let heard = watcher.age(now);
        let armed = triggers.iter().filter_map(|s| {
            let in_force = self.engine.in_force(&s.id, now.boot as i64);
            if in_force.cell != Cell::Auto || self.mode(&s.id) != Automation::Armed {
                return None;
            }
            let own = match s.state {
                hold::TriggerState::Pending { held, need, .. } if s.truth != Truth::Unknown => {
                    Some(need.saturating_sub(held))
                }
                _ => None,
            };
            let firing = self.decisions.firing_of(&s.id);
            let left = match firing {
                Some(f) if f.acting.is_some() || f.withheld.is_some() || f.escalated.is_some() => {
                    return None;
                }
                Some(_) => 0,
                // The watcher may have seen more of it than a screen that was opened just now.
                None => {
                    let said = watcher.lacks.get(&s.id).map(|lacks| lacks.saturating_sub(heard));
                    said.into_iter().chain(own).min()?
                }
            };
            self.act(&s.id, left, false)
        });
        let defaults = self.decisions.clocks.values().filter(|c| c.closed.is_none()).filter_map(|c| {
            let acts = c.default == DefaultAction::Act && self.mode(&c.trigger) == Automation::Armed;
            let due = c.default_at.as_ref().or(c.decide_by.as_ref()).filter(|_| acts)?;
            let frozen = c.plan.as_ref().is_none_or(|(plan, _)| plan.is_ok());
            self.act(&c.trigger, due.left(now), true).filter(|_| frozen)
        });
        armed.chain(defaults).min_by_key(|a| a.in_ms)
    }

    fn act(&self, trigger: &str, in_ms: Millis, by_default: bool) -> Option<ActsView> {
        let t = self.playbook.triggers.get(trigger)?;
        let starts = t.procedure.clone()?;
        let p: &Procedure = self.playbook.procedures.get(&starts)?;
        Some(ActsView {
            trigger: trigger.into(),
            title: self.name_of(trigger),
            in_ms,
            starts,
            procedure: p.title.clone(),
            duration_ms: p.expect.duration,
            downtime: p.expect.downtime.clone(),
            data_loss: p.expect.data_loss.clone(),
            by_default,
        })
    }

    /// Why an armed trigger that fires does not act, in one word.
    pub(super) fn held(&self, trigger: &str) -> Option<&'static str> {
        let firing = self.decisions.firing_of(trigger)?;
        if firing.acting.as_ref().is_some_and(|a| a.ended.is_none()) {
            return Some("acts");
        }
        Some(match firing.withheld.as_ref()?.0 {
            Withheld::Cooldown | Withheld::JustDone => "cools",
            Withheld::Exhausted | Withheld::Failed => "stops",
            Withheld::Locked | Withheld::Stale | Withheld::Screen => "waits",
        })
    }

    /// Whether the followed run is going on and holds the lock.
    pub(super) fn holds_lock(&self) -> bool {
        self.run.as_ref().is_some_and(|r| r.is_open() && r.view().guarding.is_none())
    }

    /// `ARMED`, `SHADOW`, `HELD` or `OFF`: the most that any trigger may do now.
    pub(super) fn automation(&self) -> &'static str {
        match self.could_act().map(|id| self.mode(id)).max().unwrap_or_default() {
            Automation::Off => "OFF",
            _ if self.holds_lock() => "HELD",
            Automation::Shadow => "SHADOW",
            Automation::Armed => "ARMED",
        }
    }

    pub(super) fn notices(&self, now: &Now) -> Vec<Notice> {
        let mut out = Vec::new();
        let open = self.decisions.clocks.values().any(|c| c.closed.is_none());
        let armed = self.could_act().any(|id| self.mode(id) == Automation::Armed);
        match self.watch(now) {
            Watch::Silent { host, for_ms } if self.decider(now).is_none() => {
                out.push(Notice::Silent { host, for_ms });
            }
            Watch::None | Watch::Silent { .. } if armed => out.push(Notice::NoWatch),
            _ if open && self.decider(now).is_none() => out.push(Notice::NoWatch),
            _ => {}
        }
        let goes_on = |f: &Firing| f.resolved.is_none() && f.acked.is_none();
        for c in self.decisions.clocks.values() {
            let Some((how, detail, at)) = &c.closed else { continue };
            let Some(firing) = self.decisions.firings.get(&c.firing).filter(|f| goes_on(f)) else { continue };
            let (title, why) = (self.name_of(&c.trigger), clean_line(detail));
            match how {
                Closed::Overdue => {
                    let due = c.default_at.as_ref().or(c.decide_by.as_ref());
                    let late_ms = due.map_or_else(|| since(at, now), |d| d.overdue(now));
                    out.push(Notice::Overdue { title, late_ms, to: told(firing) });
                }
                Closed::Default => out.push(Notice::Default { title, wall: at.wall, what: why }),
                Closed::Refused => out.push(Notice::DefaultRefused { title, wall: at.wall, why }),
                Closed::Decided | Closed::Resolved => {}
            }
        }
        for f in self.decisions.firings.values().filter(|f| goes_on(f)) {
            let failed = f.acting.as_ref().and_then(|a| a.ended.as_ref()).filter(|e| !e.0);
            let title = self.name_of(&f.trigger);
            match (&f.withheld, failed) {
                (Some((Withheld::Exhausted | Withheld::Failed, why)), _) => {
                    out.push(Notice::Stopped { title, why: clean_line(why), to: told(f) });
                }
                (_, Some((_, detail, _))) => {
                    out.push(Notice::Stopped { title, why: clean_line(detail), to: told(f) });
                }
                (Some((Withheld::Locked, _)), _) if self.holds_lock() => {}
                (Some((_, why)), None) if f.acting.is_none() => {
                    out.push(Notice::Held { title, why: clean_line(why) });
                }
                _ => {}
            }
        }
        self.notices_after(now, &mut out);
        let new = |m: &&Message| m.to == self.facts.user && since(&m.at, now) < MESSAGE_SHOWN;
        for m in self.decisions.messages.iter().filter(new) {
            let (from, text) = (clean_line(&m.from.user), clean_line(&m.text));
            out.push(Notice::Message { from, wall: m.at.wall, text });
        }
        if let Some(set) = self.decisions.automation.as_ref().filter(|s| s.mode == Automation::Off)
            && self.ceiling() != Automation::Off
            && self.could_act().next().is_some()
        {
            out.push(Notice::Off { who: clean_line(&set.who.user), wall: set.at.wall });
        }
        out
    }

    /// How fast the last automatic run was.
    pub(super) fn reaction(&self) -> Option<ReactionView> {
        let attempts = self.decisions.attempts.iter().flat_map(|(t, all)| all.iter().map(move |a| (t, a)));
        let (trigger, last) = attempts.max_by_key(|(_, a)| a.at.wall)?;
        let r = last.reaction?;
        Some(ReactionView {
            title: self.name_of(trigger),
            run: last.run.clone(),
            from_true: r.from_true,
            from_firing: r.from_firing,
            to_effect: r.to_effect,
            target: r.target,
        })
    }

    pub(super) fn incident(&self, now: &Now) -> Option<IncidentView> {
        let i = self.decisions.incident.as_ref()?;
        let me = |p: &Person| p.uid == self.facts.uid && p.user == self.facts.user;
        let severity = i.severity(&self.playbook);
        let said = i.severities.last().filter(|s| Some(s.severity.as_str()) == severity);
        let ticketing = self.playbook.ticket.is_some() && i.ticket.is_none();
        let no_ticket = i.ticket.as_ref().and_then(|t| t.as_ref().err());
        let run = |r: &LinkedRun| {
            let by = r.by.as_ref().map(|p| clean_line(&p.user));
            (clean_line(&r.run), self.procedure_name(&r.procedure), by, r.began.wall)
        };
        Some(IncidentView {
            id: i.id.clone(),
            name: clean_line(i.name()),
            ticketing: ticketing && i.asked.is_some(),
            no_ticket: no_ticket.map(|why| clean_line(why)),
            reason: clean_line(&i.reason),
            since: i.since.wall,
            for_ms: since(&i.since, now),
            severity: severity.map(|id| {
                let title = self.playbook.severities.get(id).map_or(id, |s| s.title.as_str());
                (clean_line(id), clean_line(title))
            }),
            said: said.map(|s| (clean_line(&s.who.user), clean_line(&s.reason), s.at.wall)),
            lead: i.lead().map(clean_line),
            you_lead: i.leads.last().is_some_and(|l| l.name == self.facts.user),
            participants: i.participants.iter().map(|p| clean_line(&p.who.user)).collect(),
            you_are_in: i.participants.iter().any(|p| p.joined && me(&p.who)),
            runs: i.runs.iter().map(run).collect(),
            notes: i
                .notes
                .iter()
                .map(|n| (n.at.wall, clean_line(&n.who.user), clean_line(&n.text)))
                .collect(),
        })
    }

    pub(super) fn arming(&self) -> Vec<ArmingView> {
        let one = |id: &String| {
            let t = self.playbook.triggers.get(id)?;
            Some(ArmingView {
                id: id.clone(),
                title: self.name_of(id),
                mode: self.decisions.automations.get(id).map_or(t.mode, |s| s.mode),
                procedure: t.procedure.as_ref().map(|p| self.procedure_name(p)).unwrap_or_default(),
            })
        };
        self.could_act().filter_map(one).collect()
    }

    /// Firings that nobody has said to have seen.
    pub(super) fn unseen(&self) -> Vec<String> {
        let firings = self.decisions.firings.values();
        firings.filter(|f| f.resolved.is_none() && f.acked.is_none()).map(|f| f.id.clone()).collect()
    }

    /// Moments that can be marked, and the signals that are captured then.
    pub(super) fn marks(&self) -> Vec<(String, Vec<String>)> {
        let mut out: Vec<(String, Vec<String>)> = Vec::new();
        for s in self.playbook.signals.values() {
            let Some(Baseline::Mark { id, .. }) = &s.baseline else { continue };
            match out.iter_mut().find(|(name, _)| name == id) {
                Some((_, signals)) => signals.push(s.title.clone()),
                None => out.push((id.clone(), vec![s.title.clone()])),
            }
        }
        out
    }

    /// What a trigger asks for now, as one word.
    pub(super) fn mode_now(
        &self,
        trigger: &str,
        state: TriggerState,
        now: &Now,
    ) -> (String, Option<&'static str>) {
        let cell = self.engine.in_force(trigger, now.boot as i64).cell;
        let fires = matches!(state, TriggerState::Firing { .. });
        match cell {
            Cell::Watch => ("watch".into(), None),
            Cell::Ask | Cell::Decide { .. } => ("asks".into(), None),
            Cell::Auto => (
                super::deciding::mode_word(self.mode(trigger)).into(),
                fires.then(|| self.held(trigger)).flatten(),
            ),
        }
    }
}

fn told(firing: &Firing) -> Vec<String> {
    firing.escalated.as_ref().map(|(_, to, _)| to.iter().map(|t| clean_line(t)).collect()).unwrap_or_default()
}

/// What was decided, in words.
pub(super) fn choice(session: &Session, choice: &Choice) -> String {
    match choice {
        Choice::RollBack { procedure, .. } => format!("roll back: {}", session.procedure_name(procedure)),
        Choice::Hold => "hold".into(),
        Choice::Extend(ms) => format!("{} more", seconds(*ms)),
    }
}

/// Milliseconds left; negative once it is overdue.
fn signed(d: &Deadline, now: &Now) -> i64 {
    match d.left(now) {
        0 => -(d.overdue(now) as i64),
        left => left as i64,
    }
}

fn since(at: &Now, now: &Now) -> Millis {
    match at.boot_id == now.boot_id {
        true => now.boot.saturating_sub(at.boot),
        false => (now.wall - at.wall).max(0) as Millis,
    }
}
