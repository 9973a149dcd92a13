//! Telling those on the ladder: a rung that is due, that somebody has taken the incident, that it is over.

use crate::driver::Setup;
use crate::model::text::clean_line;
use crate::session::decision::Decisions;
use crate::session::decision::machine::{Event, News};
use crate::session::decision::machine::reached;
use crate::session::decision::ladder::told;
use crate::{clock, supervisor};
use std::sync::Arc;

/// The ladder as it is on record.
pub(super) struct Ladder {
    pub(super) setup: Arc<Setup>,
    pub(super) state: Decisions,
}

impl Ladder {
    /// Tells what is new.
    pub(super) async fn ring(self, climb: u32, news: News) -> Event {
        let News::Rung(number) = news else { return Event::Tick };
        let (detail, ok) = self.rung(number).await;
        Event::Rung { climb, rung: number, ok, detail: clean_line(&detail) }
    }

    async fn rung(&self, number: usize) -> (String, bool) {
        let (playbook, environment) = (&self.setup.playbook, &self.setup.environment);
        let Some(rung) = playbook.escalation.get(number.saturating_sub(1)) else {
            return ("there is no such rung".to_owned(), false);
        };
        let context = supervisor::context("ladder", "", None, &self.setup.hash, &self.setup.folder);
        let (roles, _) = told(rung, &|r| reached(playbook, r, clock::now().wall));
        let why = self.state.ladder.rungs.get(&number).map(|r| r.why.clone()).unwrap_or_default();
        let text = format!("{} {environment}: {why}", playbook.service.title);
        supervisor::page(playbook, environment, &context, (&roles, &rung.channels), (&text, &text)).await
    }
}
