//! Follow-ups: what is to be done after a run, with an owner, a time and how far it is, until it is done. An item of a list
//! after a run is one from that run's end on, and stays one when later runs and incidents come; a later run of the same
//! incident asks for the same things anew, in the place of those that are open. People add others.

use super::Decisions;
use super::record::{Far, Kind, ToFollow};
use crate::model::time::{Millis, Now};
use crate::run::Answer;
use crate::run::plan::Person;

/// Follow-ups that are kept; the oldest that are done are forgotten first.
pub const FOLLOW_UPS: usize = 500;

/// Something that is to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FollowUp {
    /// Its name: `f7`.
    pub id: String,
    /// What is to be done.
    pub text: String,
    /// The run after which; none: a person added it.
    pub run: Option<String>,
    /// The incident that was open then.
    pub incident: Option<String>,
    /// Where it stands in the checklists.
    pub item: Option<(String, usize)>,
    /// Whether it must be done.
    pub required: bool,
    /// Ids of the roles that do it, by the playbook.
    pub roles: Vec<String>,
    /// Since when.
    pub since: Now,
    /// Until when, wall milliseconds.
    pub due: Option<i64>,
    /// Who does it: a name, or the id of a role.
    pub owner: Option<String>,
    /// How far it is.
    pub far: Far,
    /// What was said of that.
    pub note: String,
    /// Who said so, and when; nobody: it judges itself.
    pub said: Option<(Option<Person>, Now)>,
}

impl FollowUp {
    /// Whether it is still to be done.
    pub fn is_open(&self) -> bool {
        matches!(self.far, Far::Open | Far::InProgress)
    }

    /// Milliseconds until it is due, or since it was (negative); none: it has no time, or is over.
    pub fn due_in(&self, now: &Now) -> Option<i64> {
        self.due.filter(|_| self.is_open()).map(|due| due - now.wall)
    }

    /// Whether it should have been done.
    pub fn is_overdue(&self, now: &Now) -> bool {
        self.due_in(now).is_some_and(|ms| ms < 0)
    }
}

impl Far {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Far::Open => "open",
            Far::InProgress => "in progress",
            Far::Done => "done",
            Far::Without => "gone on without",
        }
    }
}

impl Decisions {
    /// Name of the next follow-up.
    pub fn next_follow_up(&self) -> String {
        format!("f{}", self.followed + 1)
    }

    /// Follow-ups that are to be done: what is due first comes first, what has no time last.
    pub fn to_follow(&self) -> Vec<&FollowUp> {
        let mut all: Vec<&FollowUp> = self.follow_ups.values().filter(|f| f.is_open()).collect();
        all.sort_by_key(|f| f.due.unwrap_or(i64::MAX));
        all
    }

    /// Whether it is an item of the checklists after the last run, where it is ticked.
    pub fn is_current(&self, f: &FollowUp) -> bool {
        f.item.is_some() && f.run.is_some() && f.run.as_ref() == self.run_over.as_ref().map(|(run, ..)| run)
    }

    /// What is to be done after a run that is over.
    pub(super) fn follow_from(&mut self, run: &str, ended: &Now, all: Vec<ToFollow>) {
        let incident = self.incident.as_ref().map(|i| i.id.clone());
        let same = |f: &FollowUp| f.item.is_some() && incident.is_some() && f.incident == incident;
        let mut owners = indexmap::IndexMap::new();
        self.follow_ups.retain(|_, f| {
            let goes = same(f) && f.is_open();
            if let (true, Some(item), Some(owner)) = (goes, &f.item, &f.owner) {
                owners.insert(item.clone(), owner.clone());
            }
            !goes
        });
        for t in all {
            let item = (t.checklist, t.item);
            let judged = self.items.get(&item).and_then(|r| r.judged.as_ref());
            let holds = judged.filter(|j| j.answer == Answer::Holds);
            let f = FollowUp {
                text: t.text,
                run: Some(run.to_owned()),
                incident: incident.clone(),
                required: t.required,
                roles: t.roles,
                since: ended.clone(),
                due: t.due.map(|ms| ended.wall.saturating_add(ms as i64)),
                owner: owners.get(&item).cloned(),
                far: if holds.is_some() { Far::Done } else { Far::Open },
                note: holds.map(|j| j.detail.clone()).unwrap_or_default(),
                said: holds.map(|j| (None, j.at.clone())),
                item: Some(item),
                ..FollowUp::default()
            };
            self.keep_follow_up(f);
        }
    }

    fn keep_follow_up(&mut self, mut f: FollowUp) {
        f.id = self.next_follow_up();
        self.followed += 1;
        self.follow_ups.insert(f.id.clone(), f);
        if self.follow_ups.len() > FOLLOW_UPS {
            let oldest = self.follow_ups.values().position(|f| !f.is_open()).unwrap_or(0);
            self.follow_ups.shift_remove_index(oldest);
        }
    }

    /// Takes in a record that is about a follow-up.
    pub(super) fn take_follow_up(&mut self, kind: Kind, at: &Now) {
        match kind {
            Kind::FollowUpAdded { text, due, owner, who, .. } => {
                let incident = self.incident.as_ref().map(|i| i.id.clone());
                let said = Some((Some(who), at.clone()));
                self.keep_follow_up(FollowUp {
                    text,
                    incident,
                    since: at.clone(),
                    due,
                    owner,
                    said,
                    required: true,
                    ..FollowUp::default()
                });
            }
            Kind::FollowUpOwned { id, owner, .. } => {
                if let Some(f) = self.follow_ups.get_mut(&id) {
                    f.owner = owner;
                }
            }
            Kind::FollowUpSet { id, to, note, who } => {
                let Some(f) = self.follow_ups.get(&id) else { return };
                // What the lists show says the same.
                if let Some((checklist, item)) = f.item.clone().filter(|_| self.is_current(f)) {
                    let text = f.text.clone();
                    self.take_item(word(checklist, item, text, to, &note, &who), at);
                }
                if let Some(f) = self.follow_ups.get_mut(&id) {
                    (f.far, f.note, f.said) = (to, note, Some((Some(who), at.clone())));
                }
            }
            _ => {}
        }
    }

    /// What was said of an item of the lists, said of its follow-up too.
    pub(super) fn followed_by(&mut self, kind: &Kind, at: &Now) {
        let (of, far, note, who) = match kind {
            Kind::Ticked { checklist, item, done, note, who, .. } => {
                ((checklist, item), if *done { Far::Done } else { Far::Open }, note, Some(who))
            }
            Kind::ItemWithout { checklist, item, reason, who, .. } => {
                ((checklist, item), Far::Without, reason, Some(who))
            }
            Kind::ItemBegan { checklist, item, what, who, .. } => {
                ((checklist, item), Far::InProgress, what, Some(who))
            }
            Kind::ItemEnded { checklist, item, ok, detail, who, .. } => {
                ((checklist, item), if *ok { Far::Done } else { Far::Open }, detail, Some(who))
            }
            Kind::ItemJudged { checklist, item, answer, detail, .. } => {
                let far = if *answer == Answer::Holds { Far::Done } else { Far::Open };
                ((checklist, item), far, detail, None)
            }
            _ => return,
        };
        let run = self.run_over.as_ref().map(|(run, ..)| run.clone());
        let mine = |f: &&mut FollowUp| {
            f.item.as_ref().is_some_and(|(c, i)| (c, i) == of) && f.run.is_some() && f.run == run
        };
        for f in self.follow_ups.values_mut().filter(mine) {
            (f.far, f.note) = (far, note.clone());
            f.said = Some((who.cloned(), at.clone()));
        }
    }
}

/// The same in the words of an item.
fn word(checklist: String, item: usize, text: String, to: Far, note: &str, who: &Person) -> Kind {
    let (note, who) = (note.to_owned(), who.clone());
    match to {
        Far::Without => Kind::ItemWithout { checklist, item, text, reason: note, who },
        Far::InProgress => Kind::ItemNoted { checklist, item, text, note, who },
        Far::Done | Far::Open => Kind::Ticked { checklist, item, text, done: to == Far::Done, note, who },
    }
}

/// The first of these that is due: it, and milliseconds until then (negative: since).
pub fn first_due<'f>(all: &[&'f FollowUp], now: &Now) -> Option<(&'f FollowUp, i64)> {
    all.iter().filter_map(|f| Some((*f, f.due_in(now)?))).min_by_key(|(_, ms)| *ms)
}

/// Milliseconds of a time that lies ahead.
pub fn ahead(now: &Now, ms: Millis) -> i64 {
    now.wall.saturating_add(ms as i64)
}
