//! What must stay true after a run was verified is watched, and what must hold at a run's end is judged then. Time in which
//! nobody can judge, the host sleeps, another run goes on or no decider lives counts for nothing.

use super::super::watches::Watch;
use super::super::{Kind, WatchEnd};
use super::{Machine, Over};
use crate::engine::eval::Truth;
use crate::model::condition::duration;
use crate::model::playbook::{Goal, Objective, StartedBy};
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::Answer;
use indexmap::IndexMap;

/// Milliseconds between two records of a watch that say what it has earned.
const EARNED: Millis = 5 * 60_000;
/// Milliseconds for which an answer stands at least before another one is put on record.
const CALM: Millis = 10_000;
/// Milliseconds after a run's end in which what must hold then is judged; unknown until then: nobody knows.
const PATIENCE: Millis = 60_000;
/// The same for a run whose end was seen late: no more.
const MEMORY: Millis = 10 * 60_000;
/// Milliseconds between two judgements from which on the time between them does not count.
const GAP: Millis = 10_000;

/// What conditions say that no trigger says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    /// When that was.
    pub at: Now,
    /// Of each rung of the ladder; those without one are true.
    pub rungs: Vec<Truth>,
    /// Of each objective that stays or holds: what it is, and why, in words.
    pub goals: IndexMap<String, (Truth, String)>,
}

impl Conditions {
    /// Whether it is recent enough to rely on.
    pub(super) fn is_fresh(&self, now: &Now) -> bool {
        self.at.boot_id == now.boot_id && now.boot.saturating_sub(self.at.boot) <= super::SILENT
    }
}

/// What a watch has earned since its last record.
#[derive(Debug, Clone, Default)]
pub(super) struct Earned {
    /// Milliseconds for which it has held.
    held: Millis,
    /// Milliseconds for which it was broken.
    broken: Millis,
    /// The last judgement that counts on: when, and what it was.
    last: Option<(Now, Truth)>,
}

impl Machine {
    /// What is watched goes on; what begins, changes or ends.
    pub(super) fn watch(&mut self, now: &Now) -> Vec<Kind> {
        let open: Vec<Watch> = self.state.watched().cloned().collect();
        self.earned.retain(|key, _| open.iter().any(|w| w.run == key.0 && w.objective == key.1));
        let mut out: Vec<Kind> = open.iter().filter_map(|w| self.course(now, w)).collect();
        if let Some(over) = self.runs.as_ref().and_then(|r| r.last.clone().filter(|_| r.in_the_way.is_none()))
        {
            out.extend(self.begin(now, &over, &open));
            out.extend(self.judge_goals(now, &over));
        }
        out
    }

    /// Objectives that a run is judged by.
    fn goals(&self, over: &Over) -> Vec<(String, Objective)> {
        let by = if over.by_person { StartedBy::Person } else { StartedBy::System };
        let fits = |o: &Objective| o.is_for(&over.procedure) && o.started_by.is_none_or(|s| s == by);
        let all = self.playbook.objectives.iter().filter(|(_, o)| fits(o));
        all.map(|(id, o)| (id.clone(), o.clone())).collect()
    }

    fn begin(&self, now: &Now, over: &Over, open: &[Watch]) -> Vec<Kind> {
        if !over.verified {
            return Vec::new();
        }
        let ago = self.since(now, &over.ended);
        let mut out = Vec::new();
        for (id, o) in self.goals(over) {
            let Goal::Stays { lasts, allow, .. } = o.goal else { continue };
            let known = self.state.watches.contains_key(&(over.run.clone(), id.clone()));
            if known || ago >= lasts {
                continue;
            }
            let (truth, detail) = self.says(now, &id);
            // It is judged anew after the run; that is waited for a little.
            if truth == Truth::Unknown && ago < CALM {
                continue;
            }
            let opened = self.state.last_incident.as_ref().filter(|(_, since)| {
                match since.boot_id == over.ended.boot_id {
                    true => since.boot <= over.ended.boot,
                    false => since.wall <= over.ended.wall,
                }
            });
            out.push(Kind::Watching {
                epoch: self.epoch,
                run: over.run.clone(),
                objective: id,
                title: clean_line(&o.title),
                incident: opened.cloned(),
                lasts,
                allow,
                held: 0,
                broken: 0,
                answer: answer(truth),
                detail,
            });
        }
        if out.is_empty() {
            return out;
        }
        let older = open.iter().filter(|w| w.run != over.run).map(|w| Kind::WatchOver {
            epoch: self.epoch,
            run: w.run.clone(),
            objective: w.objective.clone(),
            how: WatchEnd::Replaced,
            detail: format!("{} is watched instead; it had held for {}", over.run, duration(w.held)),
        });
        older.chain(out.clone()).collect()
    }

    /// What an objective says now.
    fn says(&self, now: &Now, objective: &str) -> (Truth, String) {
        let fresh = self.conditions.as_ref().filter(|c| c.is_fresh(now));
        let said = fresh.and_then(|c| c.goals.get(objective)).cloned();
        said.unwrap_or((Truth::Unknown, "nothing was judged in the last seconds".to_owned()))
    }

    fn course(&mut self, now: &Now, w: &Watch) -> Option<Kind> {
        let runs = self.runs.as_ref().is_none_or(|r| r.in_the_way.is_some());
        let (mut truth, mut detail) = self.says(now, &w.objective);
        if runs {
            (truth, detail) = (Truth::Unknown, "a run goes on, its time stands still".to_owned());
        }
        let e = self.earned.entry((w.run.clone(), w.objective.clone())).or_default();
        if let Some((at, was)) = e.last.replace((now.clone(), truth))
            && at.boot_id == now.boot_id
        {
            let gone = now.boot.saturating_sub(at.boot);
            match was {
                _ if gone > GAP => {}
                Truth::True => e.held += gone,
                Truth::False => e.broken += gone,
                Truth::Unknown => {}
            }
        }
        let (held, broken) = (w.held + e.held, w.broken + e.broken);
        let (run, objective) = (w.run.clone(), w.objective.clone());
        if broken > w.allow || (truth == Truth::False && broken >= w.allow) {
            let after = format!("{detail}, after it had held for {}", duration(held / 1000 * 1000));
            return Some(Kind::WatchOver {
                epoch: self.epoch,
                run,
                objective,
                how: WatchEnd::Broken,
                detail: clean_line(&after),
            });
        }
        if held >= w.lasts {
            let detail = match broken {
                0 => format!("held for {}", duration(w.lasts)),
                ms => format!("held for {}, was broken for {} in all", duration(w.lasts), duration(ms)),
            };
            return Some(Kind::WatchOver { epoch: self.epoch, run, objective, how: WatchEnd::Held, detail });
        }
        let ago = super::passed(&w.at, now);
        let answer = answer(truth);
        let news = answer != w.answer && ago >= CALM;
        (news || ago >= EARNED && held + broken > w.held + w.broken).then(|| Kind::Watching {
            epoch: self.epoch,
            run,
            objective,
            title: w.title.clone(),
            incident: w.incident.clone(),
            lasts: w.lasts,
            allow: w.allow,
            held,
            broken,
            answer,
            detail: clean_line(&detail),
        })
    }

    /// What a watch has earned since its last record is on record.
    pub(super) fn earned_on_record(&mut self, kind: &Kind) {
        if let Kind::Watching { run, objective, .. } = kind
            && let Some(e) = self.earned.get_mut(&(run.clone(), objective.clone()))
        {
            let before = self.state.watches.get(&(run.clone(), objective.clone()));
            let (held, broken) = before.map_or((0, 0), |w| (w.held, w.broken));
            let Kind::Watching { held: now_held, broken: now_broken, .. } = kind else { return };
            e.held = e.held.saturating_sub(now_held.saturating_sub(held));
            e.broken = e.broken.saturating_sub(now_broken.saturating_sub(broken));
        }
    }

    /// What must hold at a run's end.
    fn judge_goals(&self, now: &Now, over: &Over) -> Vec<Kind> {
        let ago = self.since(now, &over.ended);
        let mut out = Vec::new();
        for (id, o) in self.goals(over) {
            let known = self.state.goals.contains_key(&(over.run.clone(), id.clone()));
            if !matches!(o.goal, Goal::Holds(_)) || known || ago > MEMORY {
                continue;
            }
            let (truth, detail) = self.says(now, &id);
            if truth == Truth::Unknown && ago < PATIENCE {
                continue;
            }
            out.push(Kind::GoalJudged {
                epoch: self.epoch,
                run: over.run.clone(),
                objective: id,
                title: clean_line(&o.title),
                answer: answer(truth),
                detail: clean_line(&detail),
            });
        }
        out
    }

    /// When a watch is to be looked at by time alone, boot milliseconds.
    pub(super) fn next_watch(&self, now: &Now) -> Option<Millis> {
        let due = self.state.watched().filter_map(|w| {
            let e = self.earned.get(&(w.run.clone(), w.objective.clone()))?;
            let (at, truth) = e.last.as_ref()?;
            let left = match truth {
                Truth::True => w.lasts.saturating_sub(w.held + e.held),
                Truth::False => w.allow.saturating_sub(w.broken + e.broken),
                Truth::Unknown => return None,
            };
            Some(at.boot + left)
        });
        due.filter(|at| *at > now.boot).min()
    }
}

fn answer(truth: Truth) -> Answer {
    match truth {
        Truth::True => Answer::Holds,
        Truth::False => Answer::Fails,
        Truth::Unknown => Answer::Blind,
    }
}
