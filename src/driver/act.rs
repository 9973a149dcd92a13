//! What takes time: resolving a procedure, launching a plan, asking a run. Each in a task of its own.

use super::{Drafted, Driver, News, Update, draft};
use crate::clock;
use crate::model::time::Now;
use crate::run::record::Wish;
use crate::session::Event;
use crate::supervisor::person::person;
use crate::supervisor::{self, resolve};
use indexmap::IndexMap;

impl Driver {
    pub(super) fn prepare(&mut self, procedure: String) {
        let cause = self.session.cause(&clock::now(), &procedure);
        let reason = self.session.reason(&procedure, cause.as_ref());
        let key = self.setup.playbook.procedures.get(&procedure).and_then(|p| p.key);
        let name = key.map_or_else(|| procedure.clone(), |k| k.to_string());
        let context = resolve::context(&name, &reason, cause, &self.setup.hash, &self.setup.folder);
        let id = context.id.clone();
        self.draft = Some((draft::resolving(&self.setup, &procedure, &context), None));
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let none = IndexMap::new();
            let draft = resolve::resolve(&playbook, &environment, &procedure, &none, &context).await;
            let _ = tell.send(News::Drafted(Box::new(Drafted { id, draft }))).await;
        });
    }

    pub(super) fn confirm(&mut self, id: &str, now: &Now) {
        let ready = self.draft.as_ref().filter(|(shown, _)| shown.id == id);
        let Some(plan) =
            ready.and_then(|(_, d)| d.as_ref()).filter(|d| d.is_ready()).and_then(|d| d.plan.clone())
        else {
            return;
        };
        // What was shown may be confirmed for as long as it says; the confirmation itself is good from now.
        if plan.expires.is_due(now) {
            return;
        }
        self.draft = None;
        let (folder, plan, tell) = (self.setup.folder.clone(), plan.confirmed(now), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let answer = supervisor::launch(&folder, &plan);
            let news = match answer {
                Ok(_) => Ok(plan.id),
                Err(refused) => Err(refused.to_string()),
            };
            let _ = tell.blocking_send(News::Launched(news));
        });
    }

    pub(super) fn request(
        &mut self,
        run: &str,
        step: Option<usize>,
        attempt: Option<u32>,
        seen: u64,
        wish: Wish,
    ) {
        let Some(followed) = self.session.run().filter(|r| r.plan().id == run) else { return };
        let (orphan, who) = (followed.is_orphan(), person());
        let (dir, tell) = (supervisor::run_dir(&self.setup.folder, run), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let asked = supervisor::Asker::open(crate::journal::real(), &dir, who.clone())
                .and_then(|mut asker| asker.ask(wish, step, attempt, seen))
                .map_err(|e| e.to_string());
            // Nobody drives it: whoever asks something of it wants it to go on.
            let asked = asked.and_then(|_| match orphan {
                true => supervisor::resume(&dir, &who).map(|_| ()).map_err(|e| e.to_string()),
                false => Ok(()),
            });
            let _ = tell.blocking_send(News::Asked(asked));
        });
    }

    /// Restarts the supervisor of a run of one's own that has lost it.
    pub(super) fn take_up(&mut self, now: &Now) {
        let who = person();
        let lost = self.session.run().filter(|r| r.may_be_taken_up(who.uid, now));
        let Some(id) = lost.map(|r| r.plan().id.clone()) else { return };
        if self.taken_up.is_some_and(|at| now.boot < at + super::TAKE_UP) {
            return;
        }
        self.taken_up = Some(now.boot);
        let (dir, tell) = (supervisor::run_dir(&self.setup.folder, &id), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let taken = supervisor::resume(&dir, &who).map(|_| ()).map_err(|e| e.to_string());
            let _ = tell.blocking_send(News::Asked(taken));
        });
    }

    pub(super) fn hear(&mut self, news: News) -> Update {
        match news {
            News::Drafted(made) => {
                let Some((shown, _)) = self.draft.take_if(|(shown, _)| shown.id == made.id) else {
                    return Update::Changed;
                };
                let blind = self.session.blind(&clock::now(), made.draft.plan.as_ref());
                let mut made = *made;
                // It was resolved just now: from here it may be looked at and confirmed.
                made.draft.plan = made.draft.plan.map(|p| p.confirmed(&clock::now()));
                let shown = draft::resolved(shown, &self.setup, &made.draft, &blind);
                self.draft = Some((shown, Some(made.draft)));
                Update::Changed
            }
            News::Launched(Ok(id)) => Update::Accepted(id),
            News::Launched(Err(why)) | News::Asked(Err(why)) => Update::Refused(why),
            News::Asked(Ok(())) => {
                self.session.handle(&clock::now(), Event::Tick);
                Update::Changed
            }
        }
    }
}
