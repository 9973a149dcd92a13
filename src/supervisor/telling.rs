//! What a run tells people: its `notify` steps, the rungs of its ladder, and that it started, was verified or failed. All of
//! it is queued; nothing waits for a receiver for longer than a moment.

use super::late::Moment;
use super::outbox::{self, Place, Post};
use super::perform::Driver;
use super::resolve;
use crate::model::playbook::Occasion;
use crate::model::telling::{Phase, Tell};
use crate::run::{Outcome, PlanStep, Verdict};
use crate::session::outbox::{Fate, Letter, Posted};
use std::path::Path;
use std::time::Duration;

impl Driver {
    /// Tells what the playbook wants told when this happens. It is done beside the run.
    pub(super) fn notice(&mut self, occasion: Occasion) {
        let notices = self.plan.playbook.notices.iter().filter(|n| n.on.contains(&occasion));
        let mut tells: Vec<Tell> = Vec::new();
        for tell in notices.flat_map(|n| n.tells.iter()) {
            if !tells.iter().any(|t| t.channel == tell.channel) {
                tells.push(tell.clone());
            }
        }
        if tells.is_empty() {
            return;
        }
        let moment = self.moment();
        self.telling.spawn(async move {
            let verb = match occasion {
                Occasion::RunStarted => "started",
                Occasion::RunVerified => "verified",
                _ => "failed",
            };
            let phase = match occasion {
                Occasion::RunVerified => Say::Over,
                Occasion::RunStarted => Say::Next,
                // It is open again for whoever has closed it.
                _ => Say::Open,
            };
            let (id, about) = (format!("run {} {verb}", moment.plan.id), format!("run {verb}"));
            if let Err(why) = post(&moment, tells, (id, about), phase).await {
                eprintln!("nobody was told that the run {verb}: {why}");
            }
        });
    }

    /// What is told at the run's end.
    pub(super) fn notice_end(&mut self) {
        match self.machine.state().finished.as_ref().map(|(_, verdict, _)| *verdict) {
            Some(Verdict::Verified) => self.notice(Occasion::RunVerified),
            Some(_) => self.notice(Occasion::RunFailed),
            None => {}
        }
    }
}

/// Where a letter stands in its thread, where its playbook does not say.
#[derive(Debug, Clone, Copy)]
enum Say {
    Open,
    /// It opens a thread or goes on with it.
    Next,
    /// It ends the thread when that is the run's own.
    Over,
}

/// Does a step that tells people. Done again after a crash, it is the same letter.
pub(super) async fn told(moment: &Moment, step: &PlanStep, attempt: u32) -> Outcome {
    let Some(tell) = step.step.tell.as_deref().cloned() else {
        return Outcome::Failure { detail: "it tells nobody".to_owned() };
    };
    let again = if attempt > 1 { format!(" again {attempt}") } else { String::new() };
    let id = format!("run {} step {}{again}", moment.plan.id, step.label);
    let about = format!("step {}: {}", step.label, step.step.name);
    match post(moment, vec![tell], (id, about), Say::Next).await {
        Err(why) => Outcome::Failure { detail: format!("not queued: {why}") },
        Ok(ids) => {
            let limit = match step.step.timeout {
                0 => outbox::PATIENCE,
                ms => outbox::PATIENCE.min(Duration::from_millis(ms)),
            };
            let came = outbox::outcome(Path::new(&moment.plan.home), &ids, limit).await;
            Outcome::Success { detail: outbox::words(came.first().and_then(Option::as_ref)) }
        }
    }
}

/// Tells a rung of the ladder; what came of it within a moment, and whether at least one channel took it.
pub(super) async fn rung(moment: &Moment, number: usize) -> (String, bool) {
    let Some(rung) = moment.plan.playbook.ladder.get(number) else {
        return ("there is no such rung".to_owned(), false);
    };
    let tells = rung.steps.iter().map(of_step).collect();
    let (id, about) = (format!("run {} page {}", moment.plan.id, number + 1), rung.title.clone());
    match post(moment, tells, (id, about), Say::Open).await {
        Ok(ids) => came(Path::new(&moment.plan.home), &ids).await,
        Err(why) => (moment.world.secrets.safe(&why), false),
    }
}

/// What came of these letters within a moment, in words, and whether at least one was taken.
pub(super) async fn came(home: &Path, ids: &[String]) -> (String, bool) {
    let posted = outbox::outcome(home, ids, outbox::PATIENCE).await;
    let took = posted.iter().flatten().any(|p| p.fate == Fate::Delivered);
    let line = |p: &Posted| format!("{}: {}", p.letter.title, outbox::words(Some(p)));
    match posted.is_empty() {
        true => ("there is no channel to tell them by".to_owned(), false),
        false => (posted.iter().flatten().map(line).collect::<Vec<_>>().join("; "), took),
    }
}

/// What a step tells. A plan of before there was an outbox says it in its request.
pub(super) fn of_step(step: &crate::model::playbook::Step) -> Tell {
    step.tell.as_deref().cloned().unwrap_or_else(|| Tell {
        channel: step.name.clone(),
        title: step.name.clone(),
        preset: None,
        limit: crate::model::playbook::Limit::default(),
        timeout: step.timeout,
        phase: None,
        subject: step.name.clone(),
        body: String::new(),
        call: step.kind.clone(),
    })
}

/// Queues these for the run as it is now; the letters' names.
async fn post(
    moment: &Moment,
    tells: Vec<Tell>,
    (id, about): (String, String),
    say: Say,
) -> Result<Vec<String>, String> {
    // What happened first is told first.
    let _turn = moment.world.telling.lock().await;
    let tells: Vec<Tell> = moment.fill(&tells).await?;
    let plan = moment.plan.clone();
    let queued = tokio::task::spawn_blocking(move || {
        let home = Path::new(&plan.home);
        let incident = resolve::thread(&plan.home);
        let (outbox, thread) = outbox::thread_of(home, &plan.id, incident.as_deref());
        let place = Place { secrets: &plan.playbook.secrets, env: &plan.env, cwd: &plan.cwd };
        let mut ids = Vec::new();
        for tell in tells {
            let next = || outbox::phase_of(&outbox, &tell.channel, &thread);
            let phase = tell.phase.unwrap_or_else(|| match say {
                Say::Open => Phase::Open,
                Say::Over if thread == plan.id => Phase::Close,
                Say::Next | Say::Over => next(),
            });
            let post = Post {
                id: id.clone(),
                about: about.clone(),
                phase,
                thread: thread.clone(),
                incident: incident.clone(),
                run: Some(plan.id.clone()),
                by: None,
            };
            let letter: Letter = outbox::letter(tell, &post, place);
            outbox::queue(home, &letter).map_err(|e| e.to_string())?;
            ids.push(letter.id);
        }
        Ok(ids)
    });
    queued.await.map_err(|e| e.to_string())?
}
