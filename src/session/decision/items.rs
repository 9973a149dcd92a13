//! The checklists: what is on record of an item, and for how long it counts.
//!
//! `ready`: until somebody takes it back. `before` and `during`: for the incident in which it was done; where a person's run
//! opened the incident, or none is open, also what was done in the [`LEAD`] before it. `after`: since the last run's end.
//! An item that judges itself is what it is now, whenever that began.

use super::Decisions;
use super::fold::passed;
use super::record::Kind;
use crate::model::playbook::{Item, ItemDoes, Moment, Playbook};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::Answer;
use crate::run::plan::{ItemFacts, ListFacts, Person};

/// Milliseconds before an incident that a person's run opens (or before now, while none is open) in which what was done
/// counts for it: whoever prepares a rollback works the list first.
pub const LEAD: Millis = 4 * 3_600_000;

/// What ticks belong to, by number: another number, another incident or another run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// Incidents that fired, and incidents that were over.
    pub incident: u32,
    /// Runs that were over.
    pub run: u32,
}

/// What is on record of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ItemRecord {
    /// Ticked or unticked, last; by hand, or by what it did.
    pub tick: Option<Tick>,
    /// The last note.
    pub note: Option<Note>,
    /// What it judged itself, last.
    pub judged: Option<Judgement>,
    /// What was set off and is not known to be over.
    pub deed: Option<Deed>,
    /// What came of the last one.
    pub did: Option<Did>,
    /// Who goes on without it.
    pub without: Option<Without>,
}

/// A tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Ticked (or unticked again).
    pub done: bool,
    /// In their words, or what came of what it did.
    pub note: String,
    /// Who.
    pub who: Person,
    /// When.
    pub at: Now,
    /// For what.
    pub period: Period,
}

/// A note.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// In their words.
    pub text: String,
    /// Who.
    pub who: Person,
    /// When.
    pub at: Now,
    /// For what.
    pub period: Period,
}

/// What an item judged itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The answer.
    pub answer: Answer,
    /// Why.
    pub detail: String,
    /// Since when.
    pub at: Now,
}

/// What was set off.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// Its name.
    pub id: String,
    /// What is done.
    pub what: String,
    /// Who set it off.
    pub who: Person,
    /// When.
    pub at: Now,
    /// Until when it is over.
    pub until: Deadline,
}

impl Deed {
    /// Whether it may still go on: its time is not over, and the host has not been restarted since.
    pub fn goes_on(&self, now: &Now) -> bool {
        self.until.boot_id == now.boot_id && !self.until.is_due(now)
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Did {
    /// It succeeded.
    pub ok: bool,
    /// In words.
    pub detail: String,
    /// Milliseconds it took.
    pub took: Millis,
    /// Who set it off.
    pub who: Person,
    /// When it ended.
    pub at: Now,
    /// For what.
    pub period: Period,
}

/// A person goes on without it.
#[derive(Debug, Clone, PartialEq)]
pub struct Without {
    /// Why.
    pub reason: String,
    /// Who.
    pub who: Person,
    /// When.
    pub at: Now,
    /// For what.
    pub period: Period,
}

/// How an item stands now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stood {
    /// Done.
    pub done: bool,
    /// By whom, `auto` when it judged itself; also who took a tick back.
    pub who: Option<String>,
    /// When.
    pub at: Option<Now>,
    /// What was said of it, or seen.
    pub detail: String,
    /// A note: whose, and the text.
    pub note: Option<(String, String)>,
    /// Who goes on without it, and why.
    pub without: Option<(String, String)>,
    /// Who has set it off, while that goes on: and since when.
    pub running: Option<(String, Now)>,
    /// It was set off, and nobody knows what came of it.
    pub unknown: bool,
    /// What came of it last in this period, when it failed.
    pub failed: bool,
}

impl Stood {
    /// Neither done nor gone on without.
    pub fn is_open(&self) -> bool {
        !self.done && self.without.is_none()
    }
}

impl Decisions {
    /// A checklist as it stands on record.
    pub fn facts(&self, playbook: &Playbook, id: &str, now: &Now) -> ListFacts {
        let Some(list) = playbook.checklists.get(id) else { return ListFacts::default() };
        let one = |(i, item): (usize, &Item)| {
            let stood = self.stood(playbook, id, i + 1, now);
            ItemFacts {
                text: clean_line(&item.text),
                required: item.required,
                done: stood.done,
                who: stood.who,
                at: stood.at.map(|at| at.wall),
                detail: stood.detail,
                without: stood.without,
            }
        };
        let items = list.items.iter().enumerate().map(one).collect();
        ListFacts { id: id.to_owned(), title: clean_line(&list.title), items }
    }

    /// Takes in a record that is about an item.
    pub(super) fn take_item(&mut self, kind: Kind, at: &Now) {
        let (period, at) = (self.period, at.clone());
        let of = match &kind {
            Kind::Ticked { checklist, item, .. }
            | Kind::ItemNoted { checklist, item, .. }
            | Kind::ItemWithout { checklist, item, .. }
            | Kind::ItemBegan { checklist, item, .. }
            | Kind::ItemEnded { checklist, item, .. }
            | Kind::ItemJudged { checklist, item, .. } => (checklist.clone(), *item),
            _ => return,
        };
        let it = self.items.entry(of).or_default();
        match kind {
            Kind::Ticked { done, note, who, .. } => {
                // Whoever ticks has looked: what was set off is over, as far as it matters.
                it.deed = None;
                it.tick = Some(Tick { done, note, who, at, period });
            }
            Kind::ItemNoted { note: text, who, .. } => it.note = Some(Note { text, who, at, period }),
            Kind::ItemWithout { reason, who, .. } => it.without = Some(Without { reason, who, at, period }),
            Kind::ItemBegan { deed: id, what, until, who, .. } => {
                it.deed = Some(Deed { id, what, who, at, until });
            }
            Kind::ItemEnded { ok, detail, took, who, .. } => {
                it.deed = None;
                if ok {
                    let (note, who, at) = (detail.clone(), who.clone(), at.clone());
                    it.tick = Some(Tick { done: true, note, who, at, period });
                }
                it.did = Some(Did { ok, detail, took, who, at, period });
            }
            Kind::ItemJudged { answer, detail, .. } => {
                // That it has answered so since is what is told.
                it.judged = Some(Judgement { answer, detail, at });
            }
            _ => {}
        }
    }

    /// Whether what was done then still counts for a list of this moment.
    pub fn counts(&self, moment: Moment, period: Period, at: &Now, now: &Now) -> bool {
        match moment {
            Moment::Ready => true,
            Moment::After => period.run == self.period.run,
            Moment::Before | Moment::During => {
                let from = self.incident.as_ref().map_or(now, |i| &i.since);
                let earlier = at.wall < from.wall;
                period.incident == self.period.incident && !(earlier && passed(at, from) > LEAD)
            }
        }
    }

    /// How an item of a playbook's checklist stands now. `item` is its number, from 1.
    pub fn stood(&self, playbook: &Playbook, checklist: &str, item: usize, now: &Now) -> Stood {
        let list = playbook.checklists.get(checklist);
        let (Some(list), Some(of)) = (list, list.and_then(|l| l.items.get(item.wrapping_sub(1)))) else {
            return Stood::default();
        };
        let Some(record) = self.items.get(&(checklist.to_owned(), item)) else { return Stood::default() };
        let counts = |period: Period, at: &Now| self.counts(list.moment, period, at, now);
        let mut out = Stood::default();
        if matches!(of.does, Some(ItemDoes::Judge(_))) {
            if let Some(j) = &record.judged {
                out.done = j.answer == Answer::Holds;
                (out.who, out.at) = (Some("auto".to_owned()), Some(j.at.clone()));
                out.detail = clean_line(&j.detail);
            }
        } else if let Some(t) = record.tick.as_ref().filter(|t| counts(t.period, &t.at)) {
            out.done = t.done;
            (out.who, out.at) = (Some(clean_line(&t.who.user)), Some(t.at.clone()));
            out.detail = clean_line(&t.note);
        }
        let note = record.note.as_ref().filter(|n| counts(n.period, &n.at));
        out.note = note.map(|n| (clean_line(&n.who.user), clean_line(&n.text)));
        let without = record.without.as_ref().filter(|w| counts(w.period, &w.at));
        out.without = without.map(|w| (clean_line(&w.who.user), clean_line(&w.reason)));
        match &record.deed {
            Some(d) if d.goes_on(now) => out.running = Some((clean_line(&d.who.user), d.at.clone())),
            Some(d) => {
                out.unknown = true;
                let user = clean_line(&d.who.user);
                out.detail = format!("{user} set it off, and nobody knows what came of it: look yourself");
            }
            None => {
                let did = record.did.as_ref().filter(|d| !d.ok && !out.done && counts(d.period, &d.at));
                if let Some(d) = did.filter(|d| out.at.as_ref().is_none_or(|at| at.wall <= d.at.wall)) {
                    out.failed = true;
                    (out.who, out.at) = (Some(clean_line(&d.who.user)), Some(d.at.clone()));
                    out.detail = clean_line(&d.detail);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
