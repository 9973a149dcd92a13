//! The ladder: rungs that are due are put on record, and whoever is told is told once that is so. Of a rung whose outcome no
//! record tells, people are told again after a restart of the decider; its messages have names, so that none goes out twice.

use super::super::AGAIN;
use super::super::fold::passed;
use super::super::ladder::{Sight, Stands, told};
use super::{Effect, Kind, Machine};
use crate::engine::eval::Truth;
use crate::model::condition::duration;
use crate::model::hours::{Hours, Reached};
use crate::model::playbook::Playbook;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};

/// What those on the ladder are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// A rung is due (its number, from 1).
    Rung(usize),
    /// A person has taken the incident.
    Taken,
    /// The incident is over.
    Over,
}

/// Whether a role is reached at a wall time: by its own hours, else by those of whoever it includes. Hours that nobody has
/// written, or that cannot be read, keep nobody from being told.
pub fn reached(playbook: &Playbook, role: &str, wall: i64) -> bool {
    fn ask(playbook: &Playbook, id: &str, wall: i64, deep: usize) -> bool {
        let Some(role) = playbook.roles.get(id).filter(|_| deep < 8) else { return true };
        match role.available.as_ref().and_then(|text| Hours::parse(text).ok()) {
            Some(hours) => matches!(hours.at(wall), Reached::Yes(_)),
            None if role.available.is_some() || role.includes.is_empty() => true,
            None => role.includes.iter().any(|r| ask(playbook, r, wall, deep + 1)),
        }
    }
    ask(playbook, role, wall, 0)
}

impl Machine {
    /// Rungs that are due and not on record. Only a watcher tells people by itself.
    pub(super) fn rungs(&self, now: &Now) -> Vec<Kind> {
        let Some(incident) = self.state.incident.as_ref().filter(|_| self.acts) else { return Vec::new() };
        let title =
            |id: &String| clean_line(self.playbook.roles.get(id).map_or(id.as_str(), |r| r.title.as_str()));
        let mut out = Vec::new();
        for (i, stands) in self.stands(now).into_iter().enumerate() {
            let (Stands::Due(late), Some(rung)) = (stands, self.playbook.escalation.get(i)) else { continue };
            let (roles, nobody) = told(rung, &|r| reached(&self.playbook, r, now.wall));
            let gone = passed(&self.state.ladder.from, now);
            let mut why = match (self.state.ladder.anew, rung.after) {
                (true, _) => format!("{} goes on again", incident.id),
                (_, 0) => "the incident began".to_owned(),
                (_, after) if gone < after => "nobody of the rung before is reached at this hour".to_owned(),
                (_, after) => format!("the incident has been open for {}", duration(after)),
            };
            if late > LATE && rung.when.is_none() && !self.state.ladder.anew {
                why.push_str(&format!(", {} late", duration(late / 1000 * 1000)));
            }
            let to: Vec<String> = roles.iter().map(title).collect();
            out.push(Kind::RungDue {
                epoch: self.epoch,
                incident: incident.id.clone(),
                climb: self.state.ladder.climb,
                rung: i + 1,
                why: clean_line(&why),
                outside: if nobody { to.clone() } else { Vec::new() },
                to,
            });
        }
        out
    }

    fn stands(&self, now: &Now) -> Vec<Stands> {
        let none: &[Truth] = &[];
        let truths = self.conditions.as_ref().filter(|c| c.is_fresh(now)).map_or(none, |c| &c.rungs);
        let reached = |role: &str| reached(&self.playbook, role, now.wall);
        self.state.stands(&Sight { playbook: &self.playbook, truths, reached: &reached }, now)
    }

    /// Tells those on the ladder what is on record: rungs that are due, that somebody has taken the incident, that it is over.
    pub(super) fn ring(&mut self, now: &Now, out: &mut Vec<Effect>) {
        if !self.acts {
            return;
        }
        let ladder = &self.state.ladder;
        let mut news: Vec<(News, &Now)> = ladder
            .rungs
            .iter()
            .filter(|(_, r)| r.told.is_none() && ladder.over.is_none())
            .map(|(number, r)| (News::Rung(*number), &r.at))
            .collect();
        if !ladder.rungs.is_empty() {
            news.extend(
                ladder.acked.as_ref().filter(|_| ladder.over.is_none()).map(|t| (News::Taken, &t.at)),
            );
            news.extend(ladder.over.as_ref().map(|at| (News::Over, at)));
        }
        for (news, at) in news {
            let key = (ladder.climb, news, at.clone());
            if self.rung.contains(&key) || passed(at, now) > AGAIN {
                continue;
            }
            self.rung.push(key);
            let (incident, climb) = (ladder.incident.clone(), ladder.climb);
            out.push(Effect::Ring { incident, climb, news });
        }
        let climb = ladder.climb;
        self.rung.retain(|(of, ..)| *of == climb);
    }

    /// When a rung is due by time alone, boot milliseconds.
    pub(super) fn next_rung(&self, now: &Now) -> Option<Millis> {
        let left = self.stands(now).into_iter().filter_map(|s| match s {
            Stands::Ahead(ms) | Stands::Held(ms) => Some(ms),
            _ => None,
        });
        left.min().filter(|_| self.acts).map(|ms| now.boot + ms)
    }
}

/// Milliseconds from which on it is said that a rung comes late: nobody decided when it was due.
const LATE: Millis = 60_000;
