//! What goes on after a run, for screens: follow-ups, what must stay true, and who is to be called now.

use super::Session;
use super::decision::followups::first_due;
use super::decision::ladder::{Sight, Stands};
use super::decision::machine::reached;
use super::decision::{Far, FollowUp, Watch};
use super::view::guide::{CallView, RungState, RungView, TakenView, ToldView};
use super::view::{ChecklistView, FOLLOW_UPS, FollowUpView, ItemView, Notice, WatchView};
use crate::engine::eval::Truth;
use crate::model::condition::duration;
use crate::model::playbook::Moment;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::Answer;
use crate::run::view::ObjectiveView;
use crate::run::view::between;

/// Milliseconds between two records of what a watch has earned.
const EARNED: u64 = 5 * 60_000;
/// Milliseconds before its time from which on a follow-up is spoken of.
const SOON: i64 = 24 * 3_600_000;

impl Session {
    /// Where each rung of the ladder stands.
    pub(super) fn stands(&self, now: &Now) -> Vec<Stands> {
        let t = now.boot as i64;
        let truth = |r: &crate::model::playbook::Rung| match &r.when {
            Some(c) if self.decisions.incident.is_some() => self.engine.judge(&c.expr, t, None).0,
            _ => Truth::Unknown,
        };
        let truths: Vec<Truth> = self.playbook.escalation.iter().map(truth).collect();
        let there = |role: &str| reached(&self.playbook, role, now.wall);
        self.decisions.stands(&Sight { playbook: &self.playbook, truths: &truths, reached: &there }, now)
    }

    /// Where a rung stands, in what is shown.
    pub(super) fn rung_state(&self, at: usize, stands: &Stands, told: Option<ToldView>) -> RungState {
        match stands {
            Stands::Idle => RungState::Idle,
            Stands::OnRecord => {
                let Some(r) = self.decisions.ladder.rungs.get(&(at + 1)) else { return RungState::Idle };
                let (ok, detail) = match &r.told {
                    Some((ok, detail, _)) => (*ok, clean_line(detail)),
                    None => (true, "being told".to_owned()),
                };
                let outside = if r.outside.is_empty() { "" } else { ", outside their hours" };
                let by_itself =
                    ToldView { wall: r.at.wall, ok, detail: format!("{detail}{outside}"), who: None };
                RungState::Told(told.filter(|t| t.wall > r.at.wall).unwrap_or(by_itself))
            }
            _ if told.is_some() => RungState::Told(told.unwrap_or_default()),
            Stands::NotFor => RungState::NotFor,
            Stands::Ahead(ms) => RungState::Ahead(*ms),
            Stands::Waits(_) => RungState::Waits,
            Stands::Held(ms) => RungState::Held(*ms),
            Stands::Due(ms) => RungState::Reached(*ms),
        }
    }

    /// Who has taken the incident, while the ladder waits for it.
    pub(super) fn taken(&self, now: &Now) -> Option<TakenView> {
        let incident = self.decisions.incident.as_ref()?;
        let left_ms = self.decisions.waits(&self.playbook, incident, now)?;
        let taken = self.decisions.ladder.acked.as_ref()?;
        let (who, note) = (clean_line(&taken.who.user), clean_line(&taken.note));
        Some(TakenView { who, note, wall: taken.at.wall, left_ms })
    }

    /// Who is to be called now: of the highest rung whose time has come, whoever is reached; else the rung below, and at last
    /// somebody outside their hours. While nothing is due: who comes first.
    pub(super) fn call(&self, stands: &[Stands], now: &Now) -> Option<CallView> {
        let rungs = &self.playbook.escalation;
        let due = |s: &Stands| matches!(s, Stands::Due(_) | Stands::Held(_) | Stands::OnRecord);
        let fits = |s: &Stands| matches!(s, Stands::Ahead(_) | Stands::Idle);
        let mut order: Vec<usize> = (0..rungs.len()).rev().filter(|i| due(&stands[*i])).collect();
        let is_due = !order.is_empty();
        if !is_due {
            order = (0..rungs.len()).filter(|i| fits(&stands[*i])).collect();
        }
        let roles = || order.iter().flat_map(|i| rungs[*i].roles.iter().map(move |r| (*i, r)));
        let there = roles().find(|(_, r)| reached(&self.playbook, r, now.wall));
        let (rung, role) = there.or_else(|| roles().next())?;
        Some(CallView {
            contact: self.playbook.roles.get_index_of(role)?,
            rung: rung + 1,
            due_ms: match &stands[rung] {
                Stands::Due(ms) => Some(*ms),
                Stands::OnRecord => self.decisions.ladder.rungs.get(&(rung + 1)).map(|r| between(&r.at, now)),
                Stands::Held(_) => Some(0),
                _ => None,
            },
            outside: there.is_none(),
        })
    }

    /// What is still to be done, what is due first at the top.
    pub(super) fn follow_ups(&self, now: &Now) -> Vec<FollowUpView> {
        self.decisions.to_follow().into_iter().map(|f| self.follow_up(f, now)).collect()
    }

    /// Those that stand in no checklist of the last run, as a list of their own.
    pub(super) fn earlier(&self, now: &Now) -> Option<ChecklistView> {
        let all: Vec<FollowUpView> = self.follow_ups(now).into_iter().filter(|f| !f.listed).collect();
        let due_ms = all.iter().filter_map(|f| f.due_ms).min();
        let items: Vec<ItemView> = all.into_iter().map(item).collect();
        (!items.is_empty()).then(|| ChecklistView {
            id: FOLLOW_UPS.to_owned(),
            title: "Other follow-ups".to_owned(),
            moment: Some(Moment::After),
            within_ms: None,
            began: true,
            due_ms,
            items,
        })
    }

    fn follow_up(&self, f: &FollowUp, now: &Now) -> FollowUpView {
        let title =
            |id: &String| clean_line(self.playbook.roles.get(id).map_or(id.as_str(), |r| r.title.as_str()));
        FollowUpView {
            id: f.id.clone(),
            text: clean_line(&f.text),
            owner: f.owner.as_ref().map(title),
            roles: f.roles.iter().map(title).collect(),
            goes_on: f.far == Far::InProgress,
            due_ms: f.due_in(now),
            incident: f.incident.as_ref().map(|t| clean_line(t)),
            note: clean_line(&f.note),
            listed: self.decisions.is_current(f),
        }
    }

    /// What must stay true now, and what became of it after the last run.
    pub(super) fn watches(&self, now: &Now) -> Vec<WatchView> {
        self.decisions.watched().map(|w| watched(w, now)).collect()
    }

    /// What the decider found of objectives that are not about time.
    pub(super) fn judge_goals(&self, run: &str, objectives: &mut [ObjectiveView]) {
        for other in objectives.iter_mut().filter_map(|o| o.other.as_mut()) {
            if let Some((kept, found)) = self.decisions.goal(run, &other.id) {
                (other.kept, other.found) = (kept, clean_line(&found));
            }
        }
    }

    /// What is to be known of the ladder, of watches and of follow-ups.
    pub(super) fn notices_after(&self, now: &Now, out: &mut Vec<Notice>) {
        let stands = self.stands(now);
        if let Some(taken) = self.taken(now) {
            out.push(Notice::Taken { who: taken.who, left_ms: taken.left_ms });
        } else if let Some(call) = self.call(&stands, now).filter(|c| c.due_ms.is_some())
            && let Some((_, role)) = self.playbook.roles.get_index(call.contact)
        {
            out.push(Notice::Call {
                title: clean_line(&role.title),
                reach: role.phone.as_ref().or(role.slack.as_ref()).map(|t| clean_line(t)),
                outside: call.outside,
                due_ms: call.due_ms.unwrap_or_default(),
            });
        }
        out.extend(self.watches(now).into_iter().map(Notice::Watched));
        let open = self.decisions.to_follow();
        if let Some((first, ms)) = first_due(&open, now).filter(|(_, ms)| *ms <= SOON) {
            out.push(Notice::FollowUps { open: open.len(), first: clean_line(&first.text), due_ms: ms });
        }
    }
}

/// A follow-up as an item.
fn item(f: FollowUpView) -> ItemView {
    let due = f.due_ms.map(|ms| {
        let left = duration((ms.unsigned_abs() / 60_000 * 60_000).max(60_000));
        if ms < 0 { format!("OVERDUE by {left}") } else { format!("due in {left}") }
    });
    let who = f.owner.clone().or_else(|| (!f.roles.is_empty()).then(|| f.roles.join(", ")));
    let goes_on = f.goes_on.then(|| "in progress".to_owned());
    let said = Some(f.note).filter(|n| !n.is_empty());
    let note: Vec<String> = [due, who, goes_on, f.incident, said].into_iter().flatten().collect();
    ItemView {
        text: format!("{} {}", f.id, f.text),
        roles: f.owner.map_or(f.roles, |o| vec![o]),
        required: true,
        note: note.join(" · "),
        by_hand: true,
        ..ItemView::default()
    }
}

fn watched(w: &Watch, now: &Now) -> WatchView {
    // What it has earned since is on record now and then only.
    let since = if w.answer == Answer::Holds { between(&w.at, now).min(EARNED) } else { 0 };
    WatchView {
        run: w.run.clone(),
        title: clean_line(&w.title),
        left_ms: w.left().saturating_sub(since),
        lasts_ms: w.lasts,
        answer: w.answer,
        detail: clean_line(&w.detail),
    }
}

impl RungView {
    /// Whether its time has come.
    pub fn is_due(&self) -> bool {
        matches!(self.state, RungState::Reached(_) | RungState::Held(_) | RungState::Told(_))
    }
}
