//! What people say outside of runs: appended to `decisions.jsonl` in tasks of their own, refusals shown.

use super::{Driver, News};
use crate::clock;
use crate::driver::follow::Look;
use crate::model::playbook::Automation;
use crate::model::text::clean_line;
use crate::session::decision::{Choice, Kind};
use crate::supervisor::person::{person, roles_of};
use crate::supervisor::{baseline, decisions};
use std::path::Path;

impl Driver {
    /// Appends records one after the other until one is refused, then has the log looked at.
    fn append(&self, make: impl FnOnce() -> Vec<Kind> + Send + 'static) {
        let (folder, tell, turn) = (self.setup.folder.clone(), self.tell.clone(), self.turn.clone());
        tokio::task::spawn_blocking(move || {
            let done = make().iter().try_for_each(|kind| one(&folder, kind));
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
    ) -> impl FnOnce() -> Result<(), String> + Send + 'static {
        let (folder, turn, roles) =
            (self.setup.folder.clone(), self.turn.clone(), self.setup.playbook.roles.clone());
        let asked = self.session.decisions().clocks.get(&clock).map(|c| c.roles.clone()).unwrap_or_default();
        move || {
            let who = person();
            let mine = roles_of(&who, &roles);
            let roles = asked.into_iter().map(|r| r.id).filter(|id| mine.contains(id)).collect();
            let said = Kind::Said { clock, choice, who, roles, reason: clean_line(&reason) };
            let done = one(&folder, &said);
            let _ = turn.send(Look::Now);
            done
        }
    }

    pub(super) fn say(&self, clock: String, choice: Choice, reason: String) {
        let (said, tell) = (self.saying(clock, choice, reason), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let _ = tell.blocking_send(News::Asked(said()));
        });
    }

    pub(super) fn automate(&self, modes: Vec<(Option<String>, Automation)>, reason: String) {
        let reason = clean_line(&reason);
        let of = move |(trigger, mode)| {
            let reason = reason.clone();
            Kind::AutomationSet { trigger, mode, who: person(), reason }
        };
        self.append(move || modes.into_iter().map(of).collect());
    }

    /// Starts a watcher that takes over.
    pub(super) fn take_over(&self, _reason: String) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let why = "this build has no watcher yet".to_owned();
            let _ = tell.send(News::Asked(Err(why))).await;
        });
    }

    /// Says of all that fires that it has been seen.
    pub(super) fn seen(&self) {
        let firing = |f: &crate::session::decision::Firing| f.resolved.is_none() && f.acked.is_none();
        let all = self.session.decisions().firings.values().filter(|f| firing(f));
        let firings: Vec<String> = all.map(|f| f.id.clone()).collect();
        let of = |firing| Kind::Acked { firing, who: person(), note: String::new() };
        self.append(move || firings.into_iter().map(of).collect());
    }

    pub(super) fn note(&self, text: String) {
        self.append(move || vec![Kind::Noted { text: clean_line(&text), who: person() }]);
    }

    /// Captures what is normal before now, and marks the moment.
    pub(super) fn mark(&self, mark: String) {
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let (folder, tell, turn) = (self.setup.folder.clone(), self.tell.clone(), self.turn.clone());
        tokio::spawn(async move {
            let at = clock::now().wall;
            let values = baseline::capture(&playbook, &environment, &folder, &mark, at).await;
            let marked = Kind::Marked { mark, at, values, who: person() };
            let done = tokio::task::spawn_blocking(move || one(&folder, &marked)).await;
            let _ = turn.send(Look::Now);
            let _ = tell.send(News::Asked(done.unwrap_or_else(|e| Err(e.to_string())))).await;
        });
    }

    pub(super) fn flag(&self, signal: String, raised: bool, note: String) {
        self.append(move || vec![Kind::Flagged { signal, raised, note: clean_line(&note), who: person() }]);
    }

    pub(super) fn count(&self, signal: String, delta: i32) {
        self.append(move || vec![Kind::Counted { signal, delta, who: person() }]);
    }
}

/// Appends one record; in words why it could not be.
fn one(folder: &Path, kind: &Kind) -> Result<(), String> {
    match decisions::append(folder, kind) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(why)) => Err(clean_line(&why)),
        Err(e) => Err(e.to_string()),
    }
}
