//! Looking at the world for a run: probes, criteria, the end of a hold, and whether the target stays what it is.

use super::ask::{Told, World, ask};
use super::late::Moment;
use super::perform::Driver;
use super::telling;
use super::watch::{self, Holding};
use crate::clock;
use crate::model::playbook::{Criterion, StepKind, Verification};
use crate::model::probe::{Ask, Probe};
use crate::model::time::{Deadline, Millis};
use crate::run::{Answer, Asked, Event};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Milliseconds for which a first answer of a guard is waited for before it is told that there is none.
const FIRST: Millis = 5_000;

impl Driver {
    /// Asks a probe; the answer comes as an event.
    pub(super) fn probe(&mut self, step: usize, asked: Asked, within: Millis) {
        let probe = self.plan.asked(step, asked);
        let (moment, events) = (self.moment(), self.events.clone());
        self.drop_task();
        self.task = Some(tokio::spawn(async move {
            let told = match probe {
                Some(probe) => question(&moment, &probe, within).await,
                None => blind("there is nothing to ask"),
            };
            let _ =
                events.send(Event::Probed { step, asked, answer: told.answer, detail: told.detail }).await;
        }));
    }

    /// Judges the end of a hold, on samples fetched after this moment.
    pub(super) fn judge(&mut self, step: usize) {
        let StepKind::Hold(hold) = &self.plan.steps[step - 1].step.kind else { return };
        let holding = match self.holding.take() {
            Some((n, holding)) if n == step => holding,
            // A lost supervisor's watch is gone: what looks back over the hold cannot be judged.
            _ => Holding::begin(self.world.clone(), self.plan.playbook.clone(), hold.clone()),
        };
        let events = self.events.clone();
        self.drop_task();
        self.task = Some(tokio::spawn(async move {
            let (stop, next) = holding.judge().await;
            let _ = events.send(Event::HoldJudged { step, stop, next }).await;
        }));
    }

    /// Looks at the criteria of a verification again and again.
    pub(super) fn watch(&mut self, step: usize) {
        let Some(verification) = self.plan.verification(&self.plan.steps[step - 1]).cloned() else { return };
        let (world, events) = (self.world.clone(), self.events.clone());
        let frozen = self.plan.playbook.clone();
        self.drop_task();
        self.task = Some(tokio::spawn(watch::criteria(world, frozen, verification, move |seen| {
            let events = events.clone();
            async move { events.send(Event::Criteria { step, seen }).await.is_ok() }
        })));
    }

    /// Tells a rung of the ladder. What is looked at meanwhile goes on.
    pub(super) fn page(&mut self, rung: usize) {
        let (moment, events) = (self.moment(), self.events.clone());
        tokio::spawn(async move {
            let title = moment.plan.playbook.ladder.get(rung).map(|r| r.title.clone()).unwrap_or_default();
            let (detail, told) = telling::rung(&moment, rung).await;
            let _ = events.send(Event::Paged { title, detail, told }).await;
        });
    }

    /// Looks at the target again and again.
    pub(super) fn guard(&mut self) {
        let Some(guard) = self.plan.procedure.guard.clone() else { return };
        let (world, events) = (self.world.clone(), self.events.clone());
        let (frozen, every) = (self.plan.playbook.clone(), guard.probe.every.max(50));
        // The one way of looking again and again there is, with one criterion.
        let one = Criterion { text: String::new(), probe: guard.probe };
        let verification =
            Verification { title: String::new(), within: 0, stable_for: 0, criteria: vec![one] };
        let began = clock::now();
        let last: Arc<Mutex<Option<(Answer, Deadline)>>> = Arc::default();
        self.drop_task();
        self.task = Some(tokio::spawn(watch::criteria(world, frozen, verification, move |seen| {
            let (events, last, began) = (events.clone(), last.clone(), began.clone());
            async move {
                let Some((answer, detail)) = seen.into_iter().next() else { return true };
                let now = clock::now();
                {
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    let same = last.as_ref().is_some_and(|(a, due)| *a == answer && !due.is_due(&now));
                    let early = last.is_none() && answer == Answer::Blind;
                    if same || early && now.boot.saturating_sub(began.boot) < FIRST {
                        return true;
                    }
                    *last = Some((answer, Deadline::after(&now, every)));
                }
                events.send(Event::Guarded { answer, detail }).await.is_ok()
            }
        })));
    }
}

fn blind(why: &str) -> Told {
    Told { answer: Answer::Blind, detail: why.to_owned(), raw: String::new() }
}

/// One question with its late names filled in, asked until it holds or its time is over.
async fn question(moment: &Moment, probe: &Probe, within: Millis) -> Told {
    let probe = match moment.fill(probe).await {
        Ok(probe) => probe,
        Err(why) => return blind(&moment.world.secrets.safe(&why)),
    };
    match &probe.ask {
        Ask::When(c) => watch::until(&moment.world, &moment.plan.playbook, c, within).await,
        _ => until(&moment.world, &probe, within).await,
    }
}

/// Asks until the probe holds or its time is over.
async fn until(world: &World, probe: &Probe, within: Millis) -> Told {
    let over = Deadline::after(&clock::now(), within);
    loop {
        let left = over.left(&clock::now());
        let limit = (within > 0).then(|| Duration::from_millis(left.max(100)));
        let told = ask(world, probe, limit).await;
        let left = over.left(&clock::now());
        if told.answer == Answer::Holds || left == 0 {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(probe.every.clamp(50, left.max(50)))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::Command;
    use crate::model::template::Template;
    use crate::run::known::Answers;
    use crate::run::{Plan, State};
    use crate::supervisor::secrets::Secrets;

    fn moment() -> Moment {
        let plan = Arc::new(Plan::default());
        let env = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into_iter().collect();
        Moment {
            state: State::new(&plan),
            answers: Answers::default(),
            now: clock::now(),
            run: "/runs/x".into(),
            world: Arc::new(World {
                env,
                cwd: "/".into(),
                secrets: Secrets::new(Default::default()),
                home: "/nonexistent".into(),
                run: None,
                telling: Default::default(),
            }),
            plan,
        }
    }

    fn test(argv: &[&str]) -> Probe {
        let argv = argv.iter().map(|a| Template::from(*a)).collect();
        let ask = Ask::Run(Command { argv, ..Command::default() });
        Probe { ask, expect: Default::default(), within: None, every: 50, rehearse: None }
    }

    #[tokio::test]
    async fn a_question_has_the_names_in_it_that_only_the_run_knows() {
        let told = question(&moment(), &test(&["test", "{{ run.dir }}", "=", "/runs/x"]), 0).await;
        assert_eq!(told.answer, Answer::Holds, "{told:?}");
        let told = question(&moment(), &test(&["echo", "{{ answers.nobody }}"]), 0).await;
        assert!(told.answer == Answer::Blind && told.detail.contains("answers.nobody"), "{told:?}");
    }

    #[tokio::test]
    async fn a_question_is_asked_until_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("there");
        let probe = test(&["test", "-e", file.to_str().unwrap()]);
        assert_eq!(question(&moment(), &probe, 0).await.answer, Answer::Fails);
        let now = moment();
        let (waits, writes) = tokio::join!(question(&now, &probe, 60_000), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            std::fs::write(&file, "")
        });
        writes.unwrap();
        assert_eq!(waits.answer, Answer::Holds);
    }
}
