//! What must stay true after a run was verified, and what must hold at a run's end. Only what could be judged counts: while
//! nobody knows, the time stands still.

use super::Decisions;
use super::record::{Kind, WatchEnd};
use crate::model::time::{Millis, Now};
use crate::run::Answer;
use indexmap::IndexMap;

/// Watches, and goals that were judged, that are kept.
pub const WATCHES: usize = 100;

/// Something that must stay true after a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// The run.
    pub run: String,
    /// Id of the objective.
    pub objective: String,
    /// Its name for people.
    pub title: String,
    /// The incident it is about, and when that was opened.
    pub incident: Option<(String, Now)>,
    /// Milliseconds for which it must hold.
    pub lasts: Millis,
    /// Milliseconds for which it may be broken, in all.
    pub allow: Millis,
    /// Milliseconds for which it had held at the last record.
    pub held: Millis,
    /// Milliseconds for which it had been broken.
    pub broken: Millis,
    /// Its answer then.
    pub answer: Answer,
    /// Why.
    pub detail: String,
    /// When that was.
    pub at: Now,
    /// How it ended, in words, when.
    pub over: Option<(WatchEnd, String, Now)>,
}

impl Watch {
    /// Milliseconds for which it must still hold.
    pub fn left(&self) -> Millis {
        self.lasts.saturating_sub(self.held)
    }
}

/// What was found of something that must hold at a run's end.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Its name for people.
    pub title: String,
    /// The answer.
    pub answer: Answer,
    /// Why.
    pub detail: String,
    /// When.
    pub at: Now,
}

/// What was broken and has not reopened anything yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The incident, and when it had been opened.
    pub incident: Option<(String, Now)>,
    /// The run.
    pub run: String,
    /// In words.
    pub reason: String,
}

impl Decisions {
    /// What is watched now.
    pub fn watched(&self) -> impl Iterator<Item = &Watch> {
        self.watches.values().filter(|w| w.over.is_none())
    }

    /// What is known of an objective of a run that is not about its time: the answer so far, and in words.
    pub fn goal(&self, run: &str, objective: &str) -> Option<(Option<bool>, String)> {
        let key = (run.to_owned(), objective.to_owned());
        if let Some(g) = self.goals.get(&key) {
            let kept = match g.answer {
                Answer::Holds => Some(true),
                Answer::Fails => Some(false),
                Answer::Blind => None,
            };
            return Some((kept, g.detail.clone()));
        }
        let w = self.watches.get(&key)?;
        Some(match &w.over {
            Some((WatchEnd::Held, words, _)) => (Some(true), words.clone()),
            Some((WatchEnd::Broken, words, _)) => (Some(false), words.clone()),
            Some((WatchEnd::Replaced, words, _)) => (None, words.clone()),
            None => (None, w.detail.clone()),
        })
    }

    /// Takes in a record that is about a watch, or a goal.
    pub(super) fn take_watch(&mut self, kind: Kind, at: &Now) {
        match kind {
            Kind::Watching {
                run,
                objective,
                title,
                incident,
                lasts,
                allow,
                held,
                broken,
                answer,
                detail,
                ..
            } => {
                let key = (run.clone(), objective.clone());
                let at = at.clone();
                let watch = Watch {
                    run,
                    objective,
                    title,
                    incident,
                    lasts,
                    allow,
                    held,
                    broken,
                    answer,
                    detail,
                    at,
                    over: None,
                };
                self.watches.insert(key, watch);
                forget(&mut self.watches, |w| w.over.is_some());
            }
            Kind::WatchOver { run, objective, how, detail, .. } => {
                let Some(w) = self.watches.get_mut(&(run.clone(), objective)) else { return };
                w.over = Some((how, detail.clone(), at.clone()));
                if how == WatchEnd::Held {
                    w.held = w.lasts;
                }
                if how != WatchEnd::Broken {
                    return;
                }
                let reason = format!("{} did not last after {run}: {detail}", w.title);
                let incident = w.incident.clone();
                match self.incident.as_mut() {
                    // It is open: whoever is told is told from the first rung on.
                    Some(open) => {
                        open.again = Some(at.clone());
                        let id = open.id.clone();
                        self.climb(&id, at, true);
                    }
                    None => self.broken = Some(Broken { incident, run, reason }),
                }
            }
            Kind::GoalJudged { run, objective, title, answer, detail, .. } => {
                self.goals.insert((run, objective), Goal { title, answer, detail, at: at.clone() });
                forget(&mut self.goals, |_| true);
            }
            _ => {}
        }
    }
}

/// Forgets the oldest of those that may be forgotten.
fn forget<V>(all: &mut IndexMap<(String, String), V>, may: impl Fn(&V) -> bool) {
    if all.len() > WATCHES
        && let Some(oldest) = all.values().position(may)
    {
        all.shift_remove_index(oldest);
    }
}
