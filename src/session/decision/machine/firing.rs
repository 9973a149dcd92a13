//! What the engine says, into firings: fired, moved to another cell, resolved; and the verdict.

use super::super::Kind;
use super::super::admits::strictness;
use super::{Judged, Machine, SETTLE, Said};
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::hold::TriggerState;
use crate::engine::verdict::Standing;
use crate::model::time::Now;

impl Machine {
    pub(super) fn heard(
        &mut self,
        now: &Now,
        triggers: Vec<Judged>,
        standing: Standing,
        evidence: Vec<Part>,
    ) {
        for j in &triggers {
            match j.state {
                TriggerState::Inactive => {
                    self.true_since.shift_remove(&j.id);
                }
                TriggerState::Pending { since, .. } => {
                    self.true_since.insert(j.id.clone(), since);
                }
                TriggerState::Firing { since } => {
                    self.true_since.entry(j.id.clone()).or_insert(since);
                    self.seen.insert(j.id.clone());
                }
            }
        }
        let triggers = triggers.into_iter().map(|j| (j.id.clone(), j)).collect();
        self.judged = Some(Said { at: now.clone(), triggers, standing, evidence });
    }

    /// Firings that begin, move or end by a fresh answer. What nobody knows neither fires nor resolves.
    pub(super) fn firings(&self, now: &Now) -> Vec<Kind> {
        let Some(said) = self.fresh(now) else { return Vec::new() };
        let known = said.triggers.values().filter_map(|j| self.firing(now, j));
        // A trigger that the playbook has no more fires no more.
        let gone = self
            .state
            .firings
            .values()
            .filter(|f| f.resolved.is_none() && !self.playbook.triggers.contains_key(&f.trigger));
        let gone =
            gone.map(|f| Kind::Resolved { epoch: self.epoch, firing: f.id.clone(), evidence: Vec::new() });
        known.chain(gone).collect()
    }

    fn firing(&self, now: &Now, j: &Judged) -> Option<Kind> {
        let (epoch, fires) = (self.epoch, matches!(j.state, TriggerState::Firing { .. }));
        match (self.state.firing_of(&j.id), fires) {
            (None, true) if j.truth == Truth::True => Some(Kind::Fired {
                epoch,
                firing: self.state.next_firing(&j.id),
                trigger: j.id.clone(),
                true_since: instant(now, self.true_since.get(&j.id).copied().unwrap_or(now.boot as i64)),
                cell: j.cell,
                stage: j.stage,
                note: j.note.clone(),
                mode: self.mode(&j.id),
                evidence: j.evidence.clone(),
            }),
            // An engine that has just begun does not know that it fired: only its fresh answer counts.
            (Some(f), false) if self.seen.contains(&j.id) || j.truth == Truth::False => {
                Some(Kind::Resolved { epoch, firing: f.id.clone(), evidence: j.evidence.clone() })
            }
            (Some(f), true) if j.truth == Truth::True && strictness(&j.cell) > strictness(&f.cell) => {
                let decided = self.state.clocks.values().any(|c| c.firing == f.id && c.decided());
                let open = f.acting.is_none() && !decided;
                open.then(|| Kind::CellMoved {
                    epoch,
                    firing: f.id.clone(),
                    cell: j.cell,
                    stage: j.stage,
                    note: j.note.clone(),
                })
            }
            _ => None,
        }
    }

    /// The verdict, when it is another than the one on record.
    pub(super) fn verdict(&self, now: &Now) -> Option<Kind> {
        let said = self.fresh(now)?;
        let from = self.state.verdict.as_ref().map(|(standing, ..)| standing.clone());
        let from = from.unwrap_or_else(|| Standing::Unknown("nothing was judged before".to_owned()));
        let begins = matches!(said.standing, Standing::Unknown(_)) && self.age(now) < SETTLE;
        (!from.same(&said.standing) && !begins).then(|| Kind::VerdictChanged {
            epoch: self.epoch,
            from,
            to: said.standing.clone(),
            evidence: said.evidence.clone(),
        })
    }
}

/// An instant on this boot's clock; before this boot only its wall time says something.
fn instant(now: &Now, boot: i64) -> Now {
    let wall = now.wall - (now.boot as i64 - boot);
    match u64::try_from(boot) {
        Ok(boot) => Now { boot, boot_id: now.boot_id.clone(), wall },
        Err(_) => Now { boot: 0, boot_id: String::new(), wall },
    }
}
