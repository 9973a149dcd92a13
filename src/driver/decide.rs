//! What people say outside of runs: appended to `decisions.jsonl` in tasks of their own, refusals shown.

use super::{Driver, News};
use crate::clock;
use crate::driver::follow::Look;
use crate::driver::watch::start_detached;
use crate::model::playbook::Automation;
use crate::model::text::clean_line;
use crate::session::decision::{Choice, Closed, Kind, Rules};
use crate::supervisor::person::{person, roles_among};
use crate::supervisor::{baseline, decisions};
use std::path::Path;

impl Driver {
    pub(super) fn rules(&self) -> Rules {
        Rules::of(&self.setup.playbook, &self.setup.environment)
    }

    /// Appends records one after the other until one is refused, then has the log looked at.
    pub(super) fn append(&self, kinds: Vec<Kind>) {
        let (folder, tell, turn) = (self.setup.folder.clone(), self.tell.clone(), self.turn.clone());
        let rules = self.rules();
        tokio::task::spawn_blocking(move || {
            let done = kinds.iter().try_for_each(|kind| one(&folder, &rules, kind)).map_err(NotSaid::words);
            let _ = turn.send(Look::Now);
            let _ = tell.blocking_send(News::Asked(done));
        });
    }

    /// What records that a clock is decided. It blocks, so it is for a task.
    pub(super) fn saying(
        &self,
        clock: String,
        choice: Choice,
        reason: String,
    ) -> impl FnOnce() -> Result<(), NotSaid> + Send + 'static {
        let (folder, turn) = (self.setup.folder.clone(), self.turn.clone());
        let rules = self.rules();
        let asked = self.session.decisions().clocks.get(&clock).map(|c| c.roles.clone()).unwrap_or_default();
        move || {
            let who = person();
            let roles = roles_among(&who, &asked);
            let said = Kind::Said {
                clock: clock.clone(),
                choice: choice.clone(),
                who,
                roles,
                reason: clean_line(&reason),
            };
            let done = one(&folder, &rules, &said).and_then(|()| close(&folder, &rules, &clock, &choice));
            let _ = turn.send(Look::Now);
            done
        }
    }

    pub(super) fn say(&self, clock: String, choice: Choice, reason: String) {
        let (said, tell) = (self.saying(clock, choice, reason), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let done = said().map_err(NotSaid::words);
            let _ = tell.blocking_send(News::Asked(done));
        });
    }

    /// Sets what automation may do, and starts a watcher when something may act and none lives.
    pub(super) fn automate(&self, kinds: Vec<Kind>, modes: &[(Option<String>, Automation)]) {
        let (folder, tell, turn) = (self.setup.folder.clone(), self.tell.clone(), self.turn.clone());
        let (rules, words) = (self.rules(), self.setup.watch.clone());
        let arms = modes.iter().any(|(_, mode)| *mode == Automation::Armed);
        tokio::task::spawn_blocking(move || {
            let done = kinds.iter().try_for_each(|kind| one(&folder, &rules, kind));
            let _ = turn.send(Look::Now);
            let done = done.map_err(NotSaid::words).and_then(|()| match (arms, words.is_empty()) {
                (true, false) => start_detached(&folder, &words).map_err(|why| {
                    format!("it is armed, and nothing acts: no watcher could be started. {why}")
                }),
                (true, true) => Err("it is armed, and nothing acts: `ripcord watch` must run".to_owned()),
                (false, _) => Ok(()),
            });
            let _ = tell.blocking_send(News::Asked(done));
        });
    }

    /// Starts a watcher that takes over from one that is silent.
    pub(super) fn take_over(&self, reason: String) {
        let (folder, tell, mut words) =
            (self.setup.folder.clone(), self.tell.clone(), self.setup.watch.clone());
        tokio::task::spawn_blocking(move || {
            let started = match words.is_empty() {
                true => Err("no watcher can be started from here: `ripcord watch` starts one".to_owned()),
                false => {
                    words.extend(["--take-over".into(), clean_line(&reason).into()]);
                    start_detached(&folder, &words)
                }
            };
            let _ = tell.blocking_send(News::Asked(started));
        });
    }

    /// Captures what is normal before now, and marks the moment.
    pub(super) fn mark(&self, mark: String) {
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let (folder, tell, turn) = (self.setup.folder.clone(), self.tell.clone(), self.turn.clone());
        let rules = self.rules();
        tokio::spawn(async move {
            let at = clock::now().wall;
            let values = baseline::capture(&playbook, &environment, &folder, &mark, at).await;
            let marked = Kind::Marked { mark, at, values, who: person() };
            let done = tokio::task::spawn_blocking(move || one(&folder, &rules, &marked)).await;
            let _ = turn.send(Look::Now);
            let done = done.map_err(|e| e.to_string()).and_then(|d| d.map_err(NotSaid::words));
            let _ = tell.send(News::Asked(done)).await;
        });
    }
}

/// Why a person's word is not on record.
pub(super) enum NotSaid {
    /// It is not admitted.
    Refused(String),
    /// It cannot be written.
    Unwritten(String),
}

impl NotSaid {
    pub(super) fn words(self) -> String {
        match self {
            NotSaid::Refused(why) | NotSaid::Unwritten(why) => why,
        }
    }
}

/// Appends one record.
pub(super) fn one(folder: &Path, rules: &Rules, kind: &Kind) -> Result<(), NotSaid> {
    match decisions::append(folder, rules, kind) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(why)) => Err(NotSaid::Refused(clean_line(&why))),
        Err(e) => Err(NotSaid::Unwritten(e.to_string())),
    }
}

/// Closes a clock that a word has decided. Whoever starts a run by it must have the last word.
fn close(folder: &Path, rules: &Rules, clock: &str, choice: &Choice) -> Result<(), NotSaid> {
    if matches!(choice, Choice::Extend(_)) {
        return Ok(());
    }
    let state = decisions::load(folder).map_err(|e| NotSaid::Unwritten(e.to_string()))?;
    let Some(c) = state.clocks.get(clock) else { return Ok(()) };
    if let (None, Some(agreed)) = (&c.closed, c.agreed()) {
        let detail = c.words(agreed);
        let closed = Kind::ClockClosed { epoch: None, clock: clock.to_owned(), how: Closed::Decided, detail };
        // The decider may have been quicker.
        let _ = one(folder, rules, &closed);
    }
    match choice {
        Choice::RollBack { run: Some(_), .. } if !c.decided() => {
            let lacking = c.lacking(choice).join(", ");
            Err(NotSaid::Refused(format!("others must say the same before it starts; missing: {lacking}")))
        }
        _ => Ok(()),
    }
}
