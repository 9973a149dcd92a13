//! What is told of the ladder, of follow-ups and of what is watched after success.

use super::{Line, Names, reason_of};
use crate::model::condition::duration;
use crate::run::Answer;
use crate::session::decision::words::at;
use crate::session::decision::{Kind, WatchEnd};

impl Names<'_> {
    pub(super) fn after(&self, kind: Kind) -> Option<Line> {
        Some(match kind {
            Kind::RungDue { rung, why, to, outside, .. } => {
                let hours = match outside.len() {
                    0 => "",
                    _ => ", outside their hours: nobody of this rung is reached now",
                };
                (Some('!'), "page", format!("rung {rung} is due: {}{hours} ({why})", to.join(", ")), None)
            }
            Kind::RungTold { rung, ok, detail, .. } => {
                let how = if ok { "is told" } else { "is NOT told" };
                (None, "message", format!("rung {rung} {how}: {detail}"), None)
            }
            Kind::RungAcked { incident, until, note, who, .. } => {
                let until = at(until.due_wall);
                let text = format!("{incident} is taken, the ladder waits until {until}{}", reason_of(&note));
                (None, "person", text, Some(who))
            }
            Kind::IncidentReopened { incident, reason, .. } => {
                (Some('I'), "incident", format!("{incident} is REOPENED: {reason}"), None)
            }
            Kind::FollowUpAdded { id, text, due, owner, who } => {
                let due = due.map(|due| format!(", due {}", self.moment(due))).unwrap_or_default();
                let owner = owner.map(|o| format!(", {}", self.role(&o))).unwrap_or_default();
                (None, "follow-up", format!("{id} added: {text}{due}{owner}"), Some(who))
            }
            Kind::FollowUpSet { id, to, note, who } => {
                (None, "follow-up", format!("{id} is {}{}", to.word(), reason_of(&note)), Some(who))
            }
            Kind::FollowUpOwned { id, owner: Some(owner), who } => {
                (None, "follow-up", format!("{id}: {} does it", self.role(&owner)), Some(who))
            }
            Kind::FollowUpOwned { id, owner: None, who } => {
                (None, "follow-up", format!("{id}: nobody does it any more"), Some(who))
            }
            Kind::Watching { title, lasts, held: 0, broken: 0, answer, detail, .. } => {
                let text = format!("{title}: watched for {}: {}", duration(lasts), seen(answer, &detail));
                (None, "watch", text, None)
            }
            Kind::Watching { title, lasts, held, answer, detail, .. } => {
                let far = format!("{} of {}", duration(held / 1000 * 1000), duration(lasts));
                (None, "watch", format!("{title}: held for {far}: {}", seen(answer, &detail)), None)
            }
            Kind::WatchOver { run, objective, how, detail, .. } => {
                let title = self.objective(&objective);
                let (letter, how) = match how {
                    WatchEnd::Held => (None, "it HELD"),
                    WatchEnd::Broken => (Some('!'), "it did NOT LAST"),
                    WatchEnd::Replaced => (None, "watched no more"),
                };
                (letter, "watch", format!("{title}: {how}: {detail} ({run})"), None)
            }
            Kind::GoalJudged { run, title, answer, detail, .. } => {
                let how = match answer {
                    Answer::Holds => "kept",
                    Answer::Fails => "MISSED",
                    Answer::Blind => "nobody knows",
                };
                (None, "objective", format!("{title}: {how}: {detail} ({run})"), None)
            }
            _ => return None,
        })
    }

    fn role(&self, owner: &str) -> String {
        self.0.and_then(|p| p.roles.get(owner)).map_or_else(|| owner.to_owned(), |r| r.title.clone())
    }

    fn objective(&self, id: &str) -> String {
        self.0.and_then(|p| p.objectives.get(id)).map_or_else(|| id.to_owned(), |o| o.title.clone())
    }

    fn moment(&self, wall: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
        at.strftime("%Y-%m-%d %H:%MZ").to_string()
    }
}

fn seen(answer: Answer, detail: &str) -> String {
    match answer {
        Answer::Holds => detail.to_owned(),
        Answer::Fails => format!("BROKEN: {detail}"),
        Answer::Blind => format!("nobody knows, its time stands still: {detail}"),
    }
}
