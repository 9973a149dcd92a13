//! What people are told: the outbox as rows of the timeline and as a list, and what a person can send.

use super::outbox::{Fate, Kind, Outbox, Posted};
use super::timeline::on_record;
use super::view::{Happening, LetterView, MessageView};
use super::{Effect, Session};
use crate::model::playbook::{Playbook, StepKind};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};

/// Letters that are listed.
const LISTED: usize = 50;
/// Milliseconds for which a letter that was not delivered is pointed out; the list keeps it.
const POINTED_OUT: i64 = 24 * 3_600_000;
/// What stands behind the name of a letter that is sent again.
const AGAIN: &str = " · again ";

impl Session {
    /// When the first letter that was queued since then reached people; within this boot.
    pub fn first_told(&self, since: &Now) -> Option<Now> {
        let ours = self.outbox.letters.values().filter(|p| p.queued.boot >= since.boot);
        let came = ours.filter(|p| p.fate == Fate::Delivered && p.queued.boot_id == since.boot_id);
        came.filter_map(|p| p.at.clone()).min_by_key(|at| at.boot)
    }

    /// Takes in records of the outbox.
    pub(super) fn posted(&mut self, records: &[Record]) -> Vec<Effect> {
        for record in records {
            let taken = Kind::read(record).and_then(|kind| self.outbox.take(record).map(|()| kind));
            match taken {
                Ok(kind) => {
                    let told = self.told(record, &kind);
                    told.into_iter().for_each(|h| self.push(h));
                }
                Err(e) => return self.alarmed(format!("outbox.jsonl: {}", clean_line(&e))),
            }
        }
        Vec::new()
    }

    /// What a record of the outbox tells.
    fn told(&self, record: &Record, kind: &Kind) -> Option<Happening> {
        let of = |id: &String| self.outbox.letters.get(id);
        let line = |p: &Posted, what: &str| format!("{}: {}   {what}", p.letter.title, p.letter.about);
        let (mark, text, who) = match kind {
            Kind::Queued(letter) => {
                let who = letter.by.as_ref().map(|p| clean_line(&p.user));
                (Some('>'), line(of(&letter.id)?, "queued"), who)
            }
            // What is tried again and again is told once.
            Kind::Tried { id, attempt: 1, detail, .. } => {
                (Some('~'), line(of(id)?, &format!("is tried again: {detail}")), None)
            }
            Kind::Delivered { id, detail, .. } => {
                (Some('+'), line(of(id)?, &format!("accepted {detail}")), None)
            }
            Kind::GivenUp { id, detail } => {
                (Some('!'), line(of(id)?, &format!("NOT delivered: {detail}")), None)
            }
            Kind::HeldBack { ids, .. } => {
                let first = of(ids.first()?)?;
                let title = &first.letter.title;
                (Some('-'), format!("{title}: {} held back, {}", ids.len(), first.detail), None)
            }
            Kind::Trying { .. } | Kind::Tried { .. } | Kind::TornTail(_) => return None,
        };
        Some(Happening {
            wall: record.at.wall,
            mark,
            kind: "message".into(),
            text: clean_line(&text),
            who,
            record: Some(on_record("outbox", record)),
            ..Happening::default()
        })
    }

    /// The newest letters, oldest first.
    pub(super) fn letters(&self, now: &Now) -> Vec<LetterView> {
        let all = &self.outbox.letters;
        let from = all.len().saturating_sub(LISTED);
        let again = |id: &str| is_again(&self.outbox, id);
        let one = |p: &Posted| LetterView {
            id: p.letter.id.clone(),
            channel: clean_line(&p.letter.title),
            about: clean_line(&p.letter.about),
            subject: clean_line(&p.letter.subject),
            who: p.letter.by.as_ref().map(|p| clean_line(&p.user)),
            run: p.letter.run.clone(),
            wall: p.at.as_ref().unwrap_or(&p.queued).wall,
            fate: p.fate,
            attempts: p.attempts,
            next_ms: p.next.map(|at| (at - now.wall).max(0) as Millis),
            detail: clean_line(&p.detail),
            again: again(&p.letter.id),
            pointed_out: p.fate == Fate::GivenUp
                && !again(&p.letter.id)
                && now.wall - p.at.as_ref().unwrap_or(&p.queued).wall < POINTED_OUT,
        };
        all.values().skip(from).map(one).collect()
    }
}

/// The name of a letter without what says that it is sent again.
fn base(id: &str) -> &str {
    id.split_once(AGAIN).map_or(id, |(base, _)| base)
}

/// Whether a letter was sent again after it was not delivered.
fn is_again(outbox: &Outbox, id: &str) -> bool {
    let at = outbox.letters.get_index_of(id).unwrap_or(usize::MAX);
    outbox.letters.keys().skip(at.saturating_add(1)).any(|other| base(other) == base(id))
}

/// The name under which a letter is sent again.
pub fn name_again(outbox: &Outbox, id: &str) -> String {
    let times = outbox.letters.keys().filter(|other| base(other) == base(id)).count();
    format!("{}{AGAIN}{times}", base(id))
}

/// Messages that a person can send, and the channels that each usually goes to: those by which a procedure or a notice
/// sends it, else the only one there is.
pub(super) fn messages(playbook: &Playbook) -> Vec<MessageView> {
    let usual = |message: Option<&String>| {
        let steps = playbook.procedures.values().flat_map(|p| &p.steps);
        let steps = steps.flat_map(|s| std::iter::once(s).chain(&s.fallback));
        let by_steps = steps.filter_map(|s| match &s.kind {
            StepKind::Notify { channels, message: m, .. } if Some(m) == message => Some(channels),
            _ => None,
        });
        let notices = playbook.notices.iter().filter(|n| Some(&n.message) == message).map(|n| &n.channels);
        let named: Vec<&String> = by_steps.chain(notices).flatten().collect();
        let one = playbook.channels.len() == 1;
        playbook.channels.keys().map(|id| one || named.contains(&id)).collect()
    };
    let of = |id: &String, subject: &str| MessageView {
        id: id.clone(),
        subject: clean_line(subject),
        usual: usual(Some(id)),
    };
    let mut out: Vec<MessageView> = playbook.messages.iter().map(|(id, m)| of(id, &m.subject.0)).collect();
    out.push(MessageView { id: String::new(), subject: String::new(), usual: usual(None) });
    out
}

#[cfg(test)]
mod tests;
