//! What is made to go wrong in the embedded service, that it is on record, and how well people do. Without one, nothing can be.

use super::Driver;
use super::rehearsal::scored;
use crate::drill::score::{Ran, Tape, score};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::State;
use crate::session::decision::Kind;
use crate::session::view::{ScoreView, TroubleView};
use crate::sim::trouble::Control;
use crate::supervisor::person::person;

/// What this screen saw of the demo, for its score: an earlier one on the same records is none of it.
#[derive(Debug)]
pub(super) struct Played {
    since: Now,
    decided: Vec<Record>,
}

impl Played {
    pub(super) fn since(now: &Now) -> Played {
        Played { since: now.clone(), decided: Vec::new() }
    }

    pub(super) fn take(&mut self, records: &[Record]) {
        self.decided.extend_from_slice(records);
    }
}

impl Driver {
    /// How the demo goes so far, as a rehearsal.
    pub(super) fn score(&self, now: &Now) -> Option<ScoreView> {
        let played = self.played.as_ref()?;
        let ours = self.session.run().filter(|r| r.plan().confirmed_at.boot >= played.since.boot);
        let run = ours.and_then(|r| {
            let state = State::fold(r.plan(), r.records()).ok()?;
            Some(Ran { plan: r.plan(), state, view: r.view().clone() })
        });
        let ran = run.is_some();
        let tape = Tape {
            playbook: &self.setup.playbook,
            decided: &played.decided,
            runs: run.into_iter().collect(),
            told: self.session.first_told(&played.since),
            chaos: None,
        };
        Some(scored(score(&tape, now), ran, now.boot.saturating_sub(played.since.boot)))
    }

    /// Begins or ends a trouble of the demo.
    pub(super) fn trouble(&mut self, trouble: &str, on: bool) {
        if let Some(service) = &self.setup.demo {
            service.set(trouble, on);
            self.tell_troubles();
        }
    }

    /// Puts on record what began or ended since the last time.
    pub(super) fn tell_troubles(&self) {
        let changes = self.setup.demo.as_ref().map(Control::changes).unwrap_or_default();
        if changes.is_empty() {
            return;
        }
        let told = changes.into_iter().map(|c| Kind::Troubled {
            title: clean_line(c.trouble.title()),
            on: c.on,
            who: c.by_person.then(person),
        });
        self.append(told.collect());
    }

    /// All that can go wrong in the demo, as it is now.
    pub(super) fn troubles(&self) -> Vec<TroubleView> {
        let standing = self.setup.demo.as_ref().map(Control::standing).unwrap_or_default();
        let ms = |d: std::time::Duration| d.as_millis() as u64;
        let shown = standing.into_iter().map(|s| TroubleView {
            id: s.trouble.id().into(),
            key: s.trouble.key(),
            title: s.trouble.title().into(),
            expects: s.trouble.expects().into(),
            on_ms: s.on.map(ms),
            cured: false,
            left_ms: s.on.and_then(|on| Some(ms(s.trouble.lasts()?.saturating_sub(on)))),
        });
        shown.collect()
    }
}
