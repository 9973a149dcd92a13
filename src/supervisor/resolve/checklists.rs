//! The checklists before a procedure: what is open holds up its start, for those that a person starts in no emergency.

use super::super::ask::Told;
use super::super::decisions;
use crate::clock;
use crate::model::playbook::{Criterion, ItemDoes, Moment, Playbook};
use crate::model::text::clean_line;
use crate::run::Answer;
use crate::run::plan::{ListFacts, Plan, Preflight};
use crate::session::decision::Decisions;
use indexmap::IndexMap;
use std::path::Path;

/// What there is to look at: the lists, and which of the checks before the start are their items'.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Ids of the lists.
    lists: Vec<String>,
    /// Items that judge themselves: list, number from 1; in the order of their checks.
    asked: Vec<(String, usize)>,
    /// How many checks the procedure has itself.
    own: usize,
}

impl Gate {
    /// The lists before a procedure: those that it names, or all where it names none. Their items that judge themselves are
    /// asked with the procedure's own checks: the playbook that is answered has them there.
    pub(super) fn before(playbook: &Playbook, procedure: &str) -> (Gate, Option<Playbook>) {
        let Some(p) = playbook.procedures.get(procedure) else { return Default::default() };
        let before = playbook.checklists.iter().filter(|(id, c)| {
            c.moment == Moment::Before && (p.checklists.is_empty() || p.checklists.contains(id))
        });
        let mut gate = Gate { own: p.preflight.len(), ..Gate::default() };
        let mut checks = Vec::new();
        for (id, list) in before {
            gate.lists.push(id.clone());
            for (i, item) in list.items.iter().enumerate() {
                let Some(ItemDoes::Judge(probe)) = &item.does else { continue };
                gate.asked.push((id.clone(), i + 1));
                checks.push(Criterion { text: item.text.clone(), probe: probe.clone() });
            }
        }
        if checks.is_empty() || p.emergency {
            gate.asked.clear();
            return (gate, None);
        }
        let mut with = playbook.clone();
        if let Some(p) = with.procedures.get_mut(procedure) {
            p.preflight.extend(checks);
        }
        (gate, Some(with))
    }

    /// Takes the answers of its items from behind those of the procedure's own checks.
    pub(super) fn answers(&self, preflight: &mut Vec<(Criterion, Told)>) -> IndexMap<(String, usize), Told> {
        let own = self.own.min(preflight.len());
        match self.asked.is_empty() {
            true => IndexMap::new(),
            false => {
                self.asked.iter().cloned().zip(preflight.split_off(own).into_iter().map(|(_, t)| t)).collect()
            }
        }
    }

    /// Puts the lists into the plan as they are; answers what holds up its start. Blocks: it reads the log.
    pub(super) fn close(
        &self,
        playbook: &Playbook,
        plan: &mut Plan,
        answers: &IndexMap<(String, usize), Told>,
    ) -> Vec<String> {
        if self.lists.is_empty() {
            return Vec::new();
        }
        let state = decisions::load(Path::new(&plan.home));
        let mut blocked = Vec::new();
        let known = state.as_ref().ok();
        plan.checklists = self.lists.iter().map(|id| facts(playbook, id, known, answers)).collect();
        // A log that cannot be read is said, and holds up nobody's emergency.
        let unread = state
            .as_ref()
            .err()
            .map(|e| format!(" (the log cannot be read: {})", clean_line(&e.to_string())));
        for list in &plan.checklists {
            let open: Vec<&str> = list.open().map(|i| i.text.as_str()).collect();
            let (answer, mut detail) = match open.as_slice() {
                [] => (Answer::Holds, "nothing required is open".to_owned()),
                [one] => (Answer::Fails, format!("{one} is open")),
                some => (Answer::Fails, format!("{} are open", some.join(", "))),
            };
            detail.push_str(unread.as_deref().unwrap_or_default());
            // An emergency waits for nothing, and people's items do not hold up what starts without people: the record says
            // what was open.
            if plan.procedure.emergency || plan.automatic.is_some() {
                continue;
            }
            if answer != Answer::Holds {
                blocked.push(format!("before the start: {}: {detail}", list.count()));
            }
            plan.preflight.push(Preflight { text: list.count(), answer, detail });
        }
        blocked
    }
}

fn facts(
    playbook: &Playbook,
    id: &str,
    state: Option<&Decisions>,
    answers: &IndexMap<(String, usize), Told>,
) -> ListFacts {
    let now = clock::now();
    let none = Decisions::default();
    let mut list = state.unwrap_or(&none).facts(playbook, id, &now);
    for (i, out) in list.items.iter_mut().enumerate() {
        if let Some(told) = answers.get(&(id.to_owned(), i + 1)) {
            // Asked just now: that is newer than what is on record.
            out.done = told.answer == Answer::Holds;
            (out.who, out.at) = (Some("auto".to_owned()), Some(now.wall));
            out.detail = clean_line(&told.detail);
        }
    }
    list
}
