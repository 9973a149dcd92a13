//! Other people of a rehearsal: those who must agree do so after a while; users complain while something makes them.

use super::Play;
use crate::model::time::{Millis, Now};
use crate::run::Person;
use crate::run::record::Wish;
use crate::session::decision::{Choice, Kind};

/// Milliseconds after which somebody else agrees.
const AGREES: Millis = 20_000;
/// Account numbers of people who are not there.
const NOBODY: u32 = 60_000;

/// What somebody else says when their time comes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// Agrees with the run of this id: which of its roles, from 0.
    Agree(String, usize),
    /// Says the same of a clock: which of its roles, from 0.
    Say(String, usize, Choice),
}

/// Somebody who is not there.
fn colleague(name: &str, n: usize) -> Person {
    let uid = NOBODY + n as u32;
    Person { user: name.to_owned(), uid, login_uid: Some(uid), tty: None, ssh_key: None }
}

impl Play {
    /// Asks people to agree, where the run waits for that.
    pub(super) fn ask_people(&mut self, now: &Now) {
        let Some(stage) = self.stage.as_ref().filter(|s| s.state().awaits_approval(s.plan())) else { return };
        let Some(asked) = stage.plan().approval.clone() else { return };
        let (run, given) = (stage.plan().id.clone(), stage.state().given.len());
        let asked_already = self.waiting.iter().any(|(_, w)| matches!(w, Word::Agree(id, _) if *id == run));
        if given == 0 && !asked_already {
            for n in 0..asked.people.max(asked.roles.len()) {
                self.waiting.push((now.boot + AGREES, Word::Agree(run.clone(), n)));
            }
        }
    }

    /// Whoever must still say the same of a clock does so later.
    pub(super) fn others_say(&mut self, now: &Now, clock: &str, choice: &Choice) {
        let Some(c) = self.machine.state().clocks.get(clock).filter(|c| c.closed.is_none()) else { return };
        let n = c.said.len();
        let more = n < c.roles.len() && !matches!(choice, Choice::Extend(_));
        let asked = self.waiting.iter().any(|(_, w)| matches!(w, Word::Say(id, ..) if id == clock));
        if more && !asked {
            self.waiting.push((now.boot + AGREES, Word::Say(clock.to_owned(), n, choice.clone())));
        }
    }

    /// What other people say and do now.
    pub(super) fn others(&mut self, now: &Now) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= now.boot);
        self.waiting = later;
        for (_, word) in due {
            match word {
                Word::Agree(run, n) => {
                    let Some(stage) = self.stage.as_ref().filter(|s| s.plan().id == run) else { continue };
                    let roles = stage.plan().approval.as_ref().map(|a| a.roles.clone()).unwrap_or_default();
                    let (name, ids) = match roles.get(n) {
                        Some(r) => (r.users.first().unwrap_or(&r.title).clone(), vec![r.id.clone()]),
                        None => ("a colleague".to_owned(), roles.iter().map(|r| r.id.clone()).collect()),
                    };
                    // What is complete already is refused, and that is on record.
                    let _ =
                        self.wish(now, None, Wish::Approve { name: None }, colleague(&name, n), Some(ids));
                }
                Word::Say(clock, n, choice) => {
                    let role = self.machine.state().clocks.get(&clock).and_then(|c| c.roles.get(n).cloned());
                    let name = role.as_ref().map_or("a colleague", |r| r.users.first().unwrap_or(&r.title));
                    let who = colleague(name, n);
                    // The clock may be over by now.
                    let _ = self.say(now, &clock, choice, who, "agreed in a rehearsal".to_owned());
                }
            }
        }
        for (signal, wanted) in self.world.people(now) {
            let state = self.machine.state();
            let who = colleague("the users", 99);
            let kind = match self.playbook().signals.get(&signal).map(|s| &s.reading) {
                Some(crate::model::playbook::ReadingKind::Flag { .. }) => {
                    let raised = state.flags.get(&signal).is_some_and(|f| f.0);
                    let note = "in a rehearsal".to_owned();
                    (raised != (wanted >= 1.0))
                        .then(|| vec![Kind::Flagged { signal, raised: wanted >= 1.0, note, who }])
                }
                _ => {
                    let delta = wanted as i64 - state.counts.get(&signal).copied().unwrap_or(0);
                    let one = Kind::Counted { signal, delta: delta.signum() as i32, who };
                    (delta != 0).then(|| vec![one; delta.unsigned_abs().min(100) as usize])
                }
            };
            for kind in kind.into_iter().flatten() {
                let _ = self.append(now, &kind);
            }
        }
    }
}
