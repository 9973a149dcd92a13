//! What automation does for a firing that asks for it, and the course of the runs it started.

use super::super::fold::passed;
use super::super::{Attempt, Firing, Kind, START, Withheld};
use super::{Effect, Machine};
use crate::engine::eval::Truth;
use crate::model::condition::duration;
use crate::model::playbook::{Automation, Cell, Trigger};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};

impl Machine {
    /// For each firing whose cell is automatic: a run, or why there is none.
    pub(super) fn actions(&mut self, now: &Now) -> Vec<Kind> {
        let open: Vec<Firing> = self.state.firings.values().filter(|f| self.waits(f)).cloned().collect();
        self.stuck.retain(|id, _| open.iter().any(|f| f.id == *id));
        open.iter().filter_map(|f| self.action(now, f)).collect()
    }

    /// It asks for automation, and nothing was done or decided.
    pub(super) fn waits(&self, f: &Firing) -> bool {
        let decided = || self.state.clocks.values().any(|c| c.firing == f.id && c.decided());
        f.resolved.is_none() && f.cell == Cell::Auto && f.acting.is_none() && !decided()
    }

    fn action(&mut self, now: &Now, f: &Firing) -> Option<Kind> {
        let (epoch, firing) = (self.epoch, f.id.clone());
        let procedure = self.playbook.triggers.get(&f.trigger)?.procedure.clone()?;
        let truth = self.truth(now, &f.trigger);
        match self.mode(&f.trigger) {
            Automation::Off => return None,
            Automation::Shadow => {
                let would = truth == Truth::True && !f.shadowed;
                return would.then_some(Kind::WouldAct { epoch, firing, procedure });
            }
            Automation::Armed => {}
        }
        // Just begun: what it rests on was not measured yet. Or it fires on, though its condition does not hold now.
        if truth == Truth::False || (self.fresh(now).is_none() && self.age(now) < super::SILENT) {
            return None;
        }
        let Some((by, why)) = self.obstacle(now, f, truth)? else {
            self.stuck.shift_remove(&f.id);
            let run = run_id(now, "auto", &f.id);
            return Some(Kind::Acting { epoch, firing, clock: None, run, procedure });
        };
        if self.stuck.get(&f.id).is_none_or(|(before, _)| *before != by) {
            self.stuck.insert(f.id.clone(), (by, now.boot));
        }
        (!f.reasons.contains(&by)).then_some(Kind::Withheld { epoch, firing, by, why })
    }

    /// What stands in the way of acting; `None` outside: that is not known yet.
    fn obstacle(&self, now: &Now, f: &Firing, truth: Truth) -> Option<Option<(Withheld, String)>> {
        if !self.acts {
            let why = "only a watcher acts, and a screen decides now".to_owned();
            return Some(Some((Withheld::Screen, why)));
        }
        if truth != Truth::True {
            return Some(Some((Withheld::Stale, self.blind(now, &f.trigger))));
        }
        let by_runs = self.runs_in_the_way(now, &f.trigger)?;
        let by_record = || {
            let (by, why, _) = self.state.in_the_way(&f.trigger, &self.rules, now)?;
            Some((by, why))
        };
        Some(by_runs.or_else(by_record))
    }

    /// Why a trigger's condition cannot be judged.
    pub(super) fn blind(&self, now: &Now, trigger: &str) -> String {
        let Some(said) = self.fresh(now) else { return "nothing was judged in the last seconds".to_owned() };
        let parts = said.triggers.get(trigger).map(|j| j.evidence.as_slice()).unwrap_or_default();
        let unknown = parts.iter().find(|p| p.truth == Truth::Unknown);
        unknown.map_or_else(|| "its condition cannot be judged".to_owned(), |p| clean_line(&p.line()))
    }

    /// A run that holds automation off: one that goes on, or a person's that is just over. `None` outside: the runs are not
    /// known yet.
    pub(super) fn runs_in_the_way(&self, now: &Now, trigger: &str) -> Option<Option<(Withheld, String)>> {
        let runs = self.runs.as_ref()?;
        if let Some((run, words)) = &runs.in_the_way {
            return Some(Some((Withheld::Locked, clean_line(&format!("{words} ({run})")))));
        }
        let Some((over, ago)) =
            runs.last.as_ref().filter(|o| o.by_person).map(|o| (o, self.since(now, &o.ended)))
        else {
            return Some(None);
        };
        let cooldown = self.rules.triggers.get(trigger).map(|l| l.cooldown).unwrap_or_default();
        let why = || clean_line(&format!("a person's run {} ended {} ago", over.run, duration(ago)));
        Some((ago < cooldown).then(|| (Withheld::JustDone, why())))
    }

    /// Milliseconds since an instant that is on no record here. One that lies ahead, of another boot, counts from the
    /// beginning of this decider.
    pub(super) fn since(&self, now: &Now, at: &Now) -> Millis {
        match at.boot_id != now.boot_id && at.wall > now.wall {
            true => self.age(now),
            false => passed(at, now),
        }
    }

    /// What came of the runs that were started without a person.
    pub(super) fn courses(&self) -> Vec<Kind> {
        let open = self.state.attempts.values().flatten();
        open.flat_map(|a| [self.reaction(a), self.end(a)]).flatten().collect()
    }

    fn reaction(&self, a: &Attempt) -> Option<Kind> {
        let (started, effect) = self.reactions.get(&a.run)?;
        let news = match &a.reaction {
            None => true,
            Some(r) => r.to_effect.is_none() && effect.is_some(),
        };
        let f = self.state.firings.get(&a.firing).filter(|_| news)?;
        // A default comes after people had their time: it has no target.
        let within = |t: &Trigger| if a.clock.is_none() { t.effect_within } else { None };
        Some(Kind::Reacted {
            epoch: self.epoch,
            firing: a.firing.clone(),
            run: a.run.clone(),
            from_true: passed(&f.true_since, started),
            from_firing: passed(&f.at, started),
            to_effect: effect.as_ref().map(|e| passed(&f.at, e)),
            target: self.playbook.triggers.get(&f.trigger).and_then(within),
        })
    }

    fn end(&self, a: &Attempt) -> Option<Kind> {
        if a.ended.is_some() {
            return None;
        }
        // A screen follows no runs that a watcher started; their end is seen all the same.
        let seen = || {
            let over = self.runs.as_ref()?.last.as_ref().filter(|o| !self.acts && o.run == a.run)?;
            Some((over.verified, if over.verified { "verified" } else { "not verified" }.to_owned()))
        };
        let (ok, detail) = self.ended.get(&a.run).cloned().or_else(seen)?;
        Some(Kind::Acted { epoch: self.epoch, firing: a.firing.clone(), run: a.run.clone(), ok, detail })
    }

    /// Starts what is on record and of which nobody knows that it was started.
    pub(super) fn start(&mut self, now: &Now, out: &mut Vec<Effect>) {
        if !self.acts {
            return;
        }
        let open = self.state.attempts.iter().flat_map(|(t, all)| all.iter().map(move |a| (t, a)));
        for (trigger, a) in open.filter(|(_, a)| a.ended.is_none()) {
            let known = self.started.contains(&a.run) || self.ended.contains_key(&a.run);
            if known || !self.starting.insert(a.run.clone()) {
                continue;
            }
            let clock = a.clock.as_ref().and_then(|c| self.state.clocks.get(c));
            out.push(Effect::Start {
                firing: a.firing.clone(),
                trigger: trigger.clone(),
                run: a.run.clone(),
                hash: clock.and_then(|c| c.plan.as_ref()?.1.clone()),
                // What was decided before a reboot is not started after it.
                by: match a.at.boot_id == now.boot_id {
                    true => Deadline::after(&a.at, START),
                    false => Deadline { length: START, ..Deadline::after(now, 0) },
                },
            });
        }
    }
}

/// Id of a run without a person: sortable like all others, and named after what it is for.
pub(super) fn run_id(now: &Now, how: &str, what: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(now.wall).unwrap_or_default();
    format!("{}-{how}-{what}", at.strftime("%m%d-%H%M%S"))
}
