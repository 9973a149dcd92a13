//! Checklists: what an item that judges itself says is put on record when it changes, and so is the end of a run, from
//! which the lists after it count.

use super::super::{Kind, ToFollow};
use super::Machine;
use crate::model::playbook::Moment;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::Answer;

/// Milliseconds for which another answer must stand before it is put on record: one that comes and goes is none.
pub(super) const CALM: Millis = 3_000;
/// The same for "cannot be judged": a source that is slow for a moment says nothing.
pub(super) const BLIND: Millis = 15_000;

/// What an item that judges itself says now.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemSaid {
    /// The checklist.
    pub checklist: String,
    /// The item, from 1.
    pub item: usize,
    /// The answer.
    pub answer: Answer,
    /// Why, in words, safe to show.
    pub detail: String,
}

impl Machine {
    /// Takes in what items say.
    pub(super) fn items_said(&mut self, now: &Now, said: Vec<ItemSaid>) {
        for s in said {
            let at = (s.checklist.clone(), s.item);
            let since = match self.items.get(&at) {
                Some((before, since)) if before.answer == s.answer => *since,
                _ => now.boot,
            };
            self.items.insert(at, (s, since));
        }
    }

    /// Answers that are not on record.
    pub(super) fn items(&self, now: &Now) -> Vec<Kind> {
        let changed = self.items.iter().filter(|(at, (said, since))| {
            let known = self.state.items.get(*at).and_then(|r| r.judged.as_ref()).map(|j| j.answer);
            let calm = if said.answer == Answer::Blind { BLIND } else { CALM };
            known != Some(said.answer) && now.boot.saturating_sub(*since) >= calm
        });
        let record = |(said, _): &(ItemSaid, Millis)| {
            let list = self.playbook.checklists.get(&said.checklist)?;
            Some(Kind::ItemJudged {
                epoch: self.epoch,
                checklist: said.checklist.clone(),
                item: said.item,
                text: clean_line(&list.items.get(said.item.checked_sub(1)?)?.text),
                answer: said.answer,
                detail: clean_line(&said.detail),
            })
        };
        changed.filter_map(|(_, said)| record(said)).collect()
    }

    /// The end of the newest run, where a checklist counts from it.
    pub(super) fn run_over(&self) -> Option<Kind> {
        let over = self.runs.as_ref()?.last.as_ref()?;
        let counts = self.playbook.checklists.values().any(|c| c.moment == Moment::After);
        let procedure = self.playbook.procedures.get(&over.procedure);
        let follow = self.playbook.follow_up_lists(procedure).flat_map(|(id, list)| {
            list.items.iter().enumerate().map(move |(i, item)| ToFollow {
                checklist: id.clone(),
                item: i + 1,
                text: clean_line(&item.text),
                required: item.required,
                roles: item.roles.clone(),
                due: list.due,
            })
        });
        let newer = self
            .state
            .run_over
            .as_ref()
            .is_none_or(|(run, _, at)| *run != over.run && at.wall < over.ended.wall);
        (counts && newer).then(|| Kind::RunOver {
            epoch: self.epoch,
            run: over.run.clone(),
            procedure: over.procedure.clone(),
            ended: over.ended.clone(),
            follow: follow.collect(),
        })
    }
}
