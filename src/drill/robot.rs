//! An operator for drills without a person: sees what fires, does what the playbook says, answers what it asks.

use super::play::{Ask, Play};
use crate::model::playbook::{Cell, ItemDoes, Moment, Question};
use crate::model::time::{Millis, Now};
use crate::run::record::Wish;
use crate::run::state::Need;
use crate::session::decision::{Choice, Clock, Closed};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds until a person who was told does something.
const REACTS: Millis = 15_000;
/// Milliseconds between two things that a person does.
const NEXT: Millis = 2_000;
/// Milliseconds for which a person waits before asking again, or giving up on a run that is not verified.
const WAITS: Millis = 10_000;
const PATIENCE: Millis = 120_000;

/// What the operator is there for.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// Looks on, and does what is asked for.
    Watch,
    /// Starts this procedure by hand, after so many milliseconds.
    Procedure {
        /// Which.
        id: String,
        /// The scenario that gives its values and reason.
        scenario: Option<String>,
        /// Milliseconds from the beginning.
        after: Millis,
    },
    /// Looks on and does what is asked for; starts this procedure by hand where nothing was carried out by then.
    Await {
        /// Which.
        id: String,
        /// Milliseconds from the beginning.
        after: Millis,
    },
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Robot {
    goal: Goal,
    began: Millis,
    due: Option<Millis>,
    started: bool,
    refused: Option<String>,
    overridden: Vec<String>,
    /// When each firing was seen first.
    seen: BTreeMap<String, Millis>,
    /// Clocks it has said something about, and those it has acted on.
    said: BTreeSet<String>,
    /// How often each step was tried again.
    tries: BTreeMap<(String, usize), u32>,
    /// Since when the run waits to be accepted.
    unverified: Option<Millis>,
    /// Items that were set off.
    tried_items: BTreeSet<(String, usize)>,
}

impl Robot {
    /// An operator who begins now.
    pub fn new(goal: Goal, now: &Now) -> Robot {
        let due = match &goal {
            Goal::Watch => None,
            Goal::Procedure { after, .. } | Goal::Await { after, .. } => Some(now.boot + after),
        };
        Robot {
            goal,
            began: now.boot,
            due,
            started: false,
            refused: None,
            overridden: Vec::new(),
            seen: BTreeMap::new(),
            said: BTreeSet::new(),
            tries: BTreeMap::new(),
            unverified: None,
            tried_items: BTreeSet::new(),
        }
    }

    /// When it does something next, boot milliseconds.
    pub fn next(&self) -> Option<Millis> {
        self.due
    }

    /// Why what it wanted to start was refused.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Checks that it went on without.
    pub fn overridden(&self) -> &[String] {
        &self.overridden
    }

    /// It has started what it is there for, or could not.
    pub fn is_done(&self) -> bool {
        match self.goal {
            Goal::Watch => false,
            Goal::Procedure { .. } | Goal::Await { .. } => self.started || self.refused.is_some(),
        }
    }

    /// Looks at everything; what it asks for now.
    pub fn act(&mut self, now: &Now, play: &mut Play) -> Option<Ask> {
        if self.due.is_some_and(|at| at <= now.boot) {
            self.due = None;
        }
        let ask = match play.run().filter(|r| r.state().guarding.is_none()) {
            Some(_) => self.of_run(now, play),
            None => self.of_service(now, play),
        };
        if ask.is_some() {
            self.wake(now, NEXT);
        }
        ask
    }

    fn wake(&mut self, now: &Now, after: Millis) {
        let at = now.boot + after;
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    fn of_run(&mut self, now: &Now, play: &mut Play) -> Option<Ask> {
        let run = play.run()?;
        let (id, need) = (run.plan().id.clone(), run.state().need(run.plan()));
        if !matches!(need, Some(Need::Accept { .. })) {
            self.unverified = None;
        }
        let tries = |this: &mut Robot, step: usize| {
            let n = this.tries.entry((id.clone(), step)).or_insert(0);
            *n += 1;
            *n
        };
        match need? {
            Need::Answer { step, question } => {
                let told = run.plan().steps[step - 1].step.rehearse.as_ref().and_then(|r| r.answer.clone());
                let (label, input) = answer(&question, told);
                Some(Ask::Run(Some(step), Wish::Answer { label, input }))
            }
            Need::Decide { step, .. } => match tries(self, step) {
                1 => {
                    let reason = "tried again in a rehearsal".to_owned();
                    Some(Ask::Run(Some(step), Wish::Settle { done: false, reason }))
                }
                _ => Some(Ask::Run(None, Wish::Abort { reason: "it failed again".into() })),
            },
            Need::Settle { step, .. } => {
                let reason = "nobody knows what it did".to_owned();
                Some(Ask::Run(Some(step), Wish::Settle { done: false, reason }))
            }
            Need::Choose { step, .. } => match tries(self, step) {
                n if n <= 6 => {
                    self.wake(now, WAITS);
                    Some(Ask::Run(Some(step), Wish::AskAgain))
                }
                _ => Some(Ask::Run(
                    Some(step),
                    Wish::Skip { reason: "it cannot be judged in this rehearsal".into() },
                )),
            },
            Need::GoOn { .. } => Some(Ask::Run(None, Wish::GoOn)),
            Need::Approve => None,
            // Nothing is verified by it: that all was applied is all there is.
            Need::Accept { .. } if run.state().steps.iter().all(|s| s.verify.is_none()) => {
                Some(Ask::Run(None, Wish::Accept { reason: "it verifies nothing".into() }))
            }
            Need::Accept { .. } => {
                let since = *self.unverified.get_or_insert(now.boot);
                if now.boot < since + PATIENCE {
                    self.wake(now, since + PATIENCE - now.boot);
                    return None;
                }
                let told = run.state().paged.len();
                if told < run.plan().playbook.ladder.len().min(1) && tries(self, 0) == 1 {
                    return Some(Ask::Run(None, Wish::Page));
                }
                Some(Ask::Run(None, Wish::Abandon { reason: "not verified in this rehearsal".into() }))
            }
        }
    }

    fn of_service(&mut self, now: &Now, play: &mut Play) -> Option<Ask> {
        if let Goal::Procedure { id, scenario, after } = self.goal.clone() {
            if self.is_done() || now.boot < self.began + after {
                return None;
            }
            return self.start(now, play, &id, scenario.as_deref(), None);
        }
        if let Goal::Await { id, after } = self.goal.clone() {
            let idle = play.past().is_empty() && play.run().is_none() && !self.is_done();
            if idle && now.boot >= self.began + after {
                return self.start(now, play, &id, None, None);
            }
        }
        // A clock that people decided by rolling back: that is started by hand.
        let state = play.session().decisions();
        let decided = state.clocks.values().find(|c| {
            matches!(c.closed, Some((Closed::Decided, ..))) && !self.said.contains(&format!("{} done", c.id))
        });
        if let Some(c) = decided.cloned() {
            self.said.insert(format!("{} done", c.id));
            if let Some(Choice::RollBack { procedure, .. }) = c.agreed().cloned() {
                return self.start(now, play, &procedure, None, None);
            }
        }
        let open: Vec<Clock> = state.open_clocks().filter(|c| c.procedure.is_some()).cloned().collect();
        for c in open {
            let since = *self.seen.entry(c.id.clone()).or_insert(now.boot);
            if now.boot < since + REACTS {
                self.wake(now, since + REACTS - now.boot);
            } else if self.said.insert(c.id.clone()) {
                let choice = Choice::RollBack { procedure: c.procedure.unwrap_or_default(), run: None };
                let reason = "what the playbook recommends".to_owned();
                return Some(Ask::Decide { clock: c.id, choice, reason });
            }
        }
        self.by_hand(now, play)
    }

    /// What fires and asks nobody: the procedure that its trigger names is started by hand.
    fn by_hand(&mut self, now: &Now, play: &mut Play) -> Option<Ask> {
        let state = play.session().decisions();
        let idle = |cell: Cell| matches!(cell, Cell::Watch | Cell::Ask);
        let fires = state.firings.values().filter(|f| f.resolved.is_none() && f.acting.is_none());
        let alone: Vec<(String, Option<String>)> = fires
            .filter(|f| idle(f.cell) && !state.clocks.values().any(|c| c.firing == f.id))
            .map(|f| {
                (f.id.clone(), play.playbook().triggers.get(&f.trigger).and_then(|t| t.procedure.clone()))
            })
            .collect();
        for (firing, procedure) in alone {
            let Some(procedure) = procedure else { continue };
            let since = *self.seen.entry(firing.clone()).or_insert(now.boot);
            if now.boot < since + REACTS {
                self.wake(now, since + REACTS - now.boot);
            } else if !self.said.contains(&firing) {
                let ask = self.start(now, play, &procedure, None, None);
                if matches!(ask, Some(Ask::Confirm { .. }) | None) {
                    self.said.insert(firing);
                }
                return ask;
            }
        }
        None
    }

    /// The next thing to be done so that a procedure starts: an item of a checklist before it, or its confirmation.
    fn start(
        &mut self,
        now: &Now,
        play: &mut Play,
        procedure: &str,
        scenario: Option<&str>,
        decides: Option<String>,
    ) -> Option<Ask> {
        if let Some(ask) = self.item(now, play, procedure) {
            return Some(ask);
        }
        let mut given = IndexMap::new();
        let mut draft = play.draft(now, procedure, &given, scenario);
        for _ in 0..4 {
            let open = draft.choices.iter().filter(|c| c.chosen.is_none());
            let picked: Vec<(String, String)> = open
                .filter_map(|c| {
                    Some((c.name.clone(), pick(play, procedure, c.rows.first().map(|r| &r.value), &c.name)?))
                })
                .filter(|(name, _)| !given.contains_key(name))
                .collect();
            if picked.is_empty() {
                break;
            }
            given.extend(picked);
            draft = play.draft(now, procedure, &given, scenario);
        }
        if !draft.blocked.is_empty() && draft.problems.len() == draft.blocked.len() {
            self.overridden.extend(draft.blocked.clone());
            draft.go_on("rehearsed all the same");
        }
        if !draft.is_ready() {
            self.refused = Some(draft.problems.join("; "));
            return None;
        }
        self.started = true;
        Some(Ask::Confirm { draft: Box::new(draft), decides })
    }

    /// A required item before a procedure that is open.
    fn item(&mut self, now: &Now, play: &Play, procedure: &str) -> Option<Ask> {
        let playbook = play.playbook();
        let p = playbook.procedures.get(procedure).filter(|p| !p.emergency)?;
        for (id, list) in &playbook.checklists {
            let due = list.moment == Moment::Before && (p.checklists.is_empty() || p.checklists.contains(id));
            for (i, item) in list.items.iter().enumerate().filter(|(_, item)| due && item.required) {
                let n = i + 1;
                let stood = play.session().decisions().stood(playbook, id, n, now);
                if !stood.is_open() || stood.running.is_some() {
                    if stood.running.is_some() {
                        self.wake(now, NEXT);
                    }
                    continue;
                }
                let (checklist, key) = (id.clone(), (id.clone(), n));
                match &item.does {
                    Some(ItemDoes::Judge(_)) => {}
                    Some(ItemDoes::Act { .. } | ItemDoes::Mark(_))
                        if self.tried_items.insert(key.clone()) =>
                    {
                        return Some(Ask::Do { checklist, item: n });
                    }
                    Some(ItemDoes::Act { .. } | ItemDoes::Mark(_)) => {}
                    Some(ItemDoes::Ask(q, r)) => {
                        let (label, input) = answer(q, r.as_ref().and_then(|r| r.answer.clone()));
                        let note = label.or(input).unwrap_or_default();
                        return Some(Ask::Tick { checklist, item: n, done: true, note });
                    }
                    None => {
                        let note = "rehearsed".to_owned();
                        return Some(Ask::Tick { checklist, item: n, done: true, note });
                    }
                }
            }
        }
        None
    }
}

/// A value for a parameter that nobody gave one: the first that is listed, else the first that its rehearsal names.
fn pick(play: &Play, procedure: &str, listed: Option<&String>, name: &str) -> Option<String> {
    let (of, name) = name.split_once('.').unwrap_or((procedure, name));
    let param = play.playbook().procedures.get(of)?.params.get(name)?;
    listed.or(param.rehearse.first()).cloned()
}

/// What a question is answered: as it was told, else by its first answer that means done, else by what stands there.
fn answer(q: &Question, told: Option<String>) -> (Option<String>, Option<String>) {
    let prefill = q.prefill.as_ref().map(|t| t.0.clone()).filter(|t| !t.trim().is_empty());
    let typed = || told.clone().or(prefill.clone()).unwrap_or_else(|| "rehearsed".to_owned());
    if q.answers.is_empty() {
        return (None, Some(typed()));
    }
    let good = || q.answers.iter().find(|(_, done)| **done).or(q.answers.first()).map(|(l, _)| l.clone());
    let label = told.clone().filter(|t| q.answers.contains_key(t)).or_else(good);
    (label, q.input.is_some().then(|| prefill.clone().unwrap_or_else(|| "rehearsed".to_owned())))
}
