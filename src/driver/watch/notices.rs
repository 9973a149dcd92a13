//! `[[notify]]`: what the decider tells people of by itself: that a trigger fires, that somebody must decide, that automation
//! has nothing more to do, that an incident is over. A letter's name is made of what happened, so that nothing is told twice
//! after a restart.

use crate::driver::Setup;
use crate::model::playbook::{Notice, Occasion, Playbook};
use crate::model::record::Record;
use crate::model::time::{Millis, Now};
use crate::run::plan::{Cause, Context};
use crate::session::decision::{Decisions, Kind};
use crate::session::outbox::Phase;
use crate::supervisor::decisions::{self, Beat};
use crate::supervisor::{self, outbox};
use std::sync::Arc;
use std::time::Duration;

/// Milliseconds for which something that nobody was told of is still worth telling.
const NEWS: Millis = 10 * 60_000;
/// How long what happened waits for its incident and for a heartbeat that knows of it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// Something that happened, of which people may be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Happened {
    occasion: Occasion,
    /// What it is named after.
    name: String,
    trigger: Option<String>,
    since: Now,
    at: Now,
    /// The incident that is over.
    over: Option<(String, Now)>,
}

/// What happened by this record. `before` is the incident that was open until then.
pub(super) fn happened(
    state: &Decisions,
    before: Option<&(String, Now)>,
    record: &Record,
    now: &Now,
) -> Option<Happened> {
    if (now.wall - record.at.wall).max(0) as Millis > NEWS {
        return None;
    }
    let of = |firing: &str| state.firings.get(firing).map(|f| (f.trigger.clone(), f.at.clone()));
    let at = record.at.clone();
    let (occasion, name, firing, over) = match Kind::read(record).ok()? {
        Kind::Fired { firing, trigger, .. } => (
            Occasion::Fired,
            format!("fired {firing}"),
            Some(of(&firing).unwrap_or((trigger, at.clone()))),
            None,
        ),
        Kind::ClockOpened { clock, firing, .. } => {
            (Occasion::Decision, format!("decision {clock}"), of(&firing), None)
        }
        Kind::Escalated { firing, .. } => {
            (Occasion::Escalated, format!("escalated {firing} {}", record.seq), of(&firing), None)
        }
        Kind::RungDue { climb, rung, .. } => {
            let last = state.incident.as_ref().and_then(|i| i.fired.last());
            (Occasion::Escalated, format!("rung {climb} {rung}"), last.and_then(|(f, ..)| of(f)), None)
        }
        Kind::IncidentClosed { incident, .. } => {
            let since = before.filter(|(id, _)| *id == incident).map_or_else(|| at.clone(), |b| b.1.clone());
            (Occasion::IncidentClosed, format!("closed {incident}"), None, Some((incident, since)))
        }
        _ => return None,
    };
    let (trigger, since) = firing.map_or((None, at.clone()), |(trigger, since)| (Some(trigger), since));
    Some(Happened { occasion, name, trigger, since, at, over })
}

impl Happened {
    /// What the playbook wants told of it.
    fn wanted<'p>(&self, playbook: &'p Playbook) -> Vec<&'p Notice> {
        let severity = self.trigger.as_ref().and_then(|t| playbook.triggers.get(t)?.severity.as_ref());
        let fits = |n: &&Notice| {
            let severe = n.severities.is_empty() || severity.is_some_and(|s| n.severities.contains(s));
            // That an incident is over is for whoever was told of it.
            n.on.contains(&self.occasion) && (severe || self.occasion == Occasion::IncidentClosed)
        };
        playbook.notices.iter().filter(fits).collect()
    }

    /// Whether anybody is to be told.
    pub(super) fn matters(&self, playbook: &Playbook) -> bool {
        !self.wanted(playbook).is_empty()
    }

    /// Queues what is told of it.
    pub(super) async fn tell(self, setup: Arc<Setup>) {
        let _ = tokio::time::timeout(PATIENCE, self.known(&setup)).await;
        let told = tokio::task::spawn_blocking(move || self.queue(&setup)).await;
        drop(told);
    }

    /// Waits until the incident is on record, and somebody has said what is measured since.
    async fn known(&self, setup: &Setup) {
        loop {
            let beat = Beat::read(&setup.folder).is_some_and(|b| b.at.wall > self.at.wall);
            let open = || decisions::load(&setup.folder).is_ok_and(|s| s.incident.is_some());
            if beat && (self.over.is_some() || open()) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn context(&self, setup: &Setup) -> Context {
        let trigger = self.trigger.as_ref().and_then(|t| Some((t, setup.playbook.triggers.get(t)?)));
        let cause = trigger.map(|(id, t)| Cause {
            trigger: id.clone(),
            title: t.title.clone(),
            firing_since: self.since.clone(),
        });
        let reason = cause.as_ref().map_or_else(String::new, |c| c.title.clone());
        let context = supervisor::context("notice", &reason, cause, &setup.hash, &setup.folder);
        let open = || decisions::load(&setup.folder).ok()?.incident.map(|i| (i.id, i.since));
        Context { incident: self.over.clone().or_else(open), ..context }
    }

    fn queue(&self, setup: &Setup) {
        let context = self.context(setup);
        let incident = context.incident.as_ref().map(|(id, _)| id.clone());
        let thread = incident.clone().unwrap_or_else(|| self.name.clone());
        let before = outbox::load(&setup.folder).unwrap_or_default();
        for notice in self.wanted(&setup.playbook) {
            let told = |id: &&String| {
                let letters = before.letters.values();
                let mut of = letters.filter(|p| p.letter.channel == **id && p.letter.thread == thread);
                self.occasion != Occasion::IncidentClosed
                    || notice.severities.is_empty()
                    || of.next().is_some()
            };
            let channels: Vec<String> = notice.channels.iter().filter(told).cloned().collect();
            let text = outbox::compose(&setup.playbook, &setup.environment, &context, &notice.message);
            let (subject, body) = text.unwrap_or_else(|why| {
                let of = &setup.playbook.service.title;
                (format!("{of} {}: {}", setup.environment, self.name), format!("({}: {why})", notice.message))
            });
            let post = outbox::Post {
                id: self.name.clone(),
                about: self.name.clone(),
                phase: match self.occasion {
                    Occasion::IncidentClosed => Phase::Close,
                    _ => Phase::Open,
                },
                thread: thread.clone(),
                incident: incident.clone(),
                run: None,
                by: None,
            };
            let text = (&*subject, &*body);
            let (playbook, environment) = (&setup.playbook, &setup.environment);
            for letter in
                outbox::write(playbook, environment, &context, &channels, text, &post).unwrap_or_default()
            {
                // The record that it is about is there: it is told after the next start, where the disk is full now.
                let _ = outbox::queue(&setup.folder, &letter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::{Automation, Cell};

    fn now(boot: u64) -> Now {
        Now { boot, boot_id: "b".into(), wall: 1_775_000_000_000 + boot as i64 }
    }

    fn record(kind: &Kind, at: u64) -> Record {
        let (kind, body) = kind.parts();
        Record { v: 1, seq: 7, at: now(at), kind, body, prev: String::new() }
    }

    fn fired() -> Kind {
        Kind::Fired {
            epoch: 1,
            firing: "errors-3".into(),
            trigger: "errors".into(),
            true_since: now(1),
            cell: Cell::Auto,
            stage: None,
            note: None,
            mode: Automation::Armed,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn what_happened_has_a_name_that_is_the_same_after_a_restart() {
        let state = Decisions::default();
        let seen = happened(&state, None, &record(&fired(), 5), &now(10)).unwrap();
        assert_eq!((seen.occasion, seen.name.as_str()), (Occasion::Fired, "fired errors-3"));
        assert_eq!(happened(&state, None, &record(&fired(), 5), &now(20)).unwrap(), seen);
        let old = happened(&state, None, &record(&fired(), 5), &now(NEWS + 6));
        assert_eq!(old, None, "nobody is told of what is long over");
        let since = ("INC-1".to_owned(), now(2));
        let closed = Kind::IncidentClosed { incident: "INC-1".into(), who: None, reason: String::new() };
        let seen = happened(&state, Some(&since), &record(&closed, 5), &now(10)).unwrap();
        assert_eq!((seen.name.as_str(), seen.over), ("closed INC-1", Some(since)));
    }

    #[test]
    fn a_notice_of_some_severities_is_for_triggers_of_those() {
        let text = "schema = 1\n[service]\nname = \"shop\"\nowner = \"ana\"\n\
                    [environments.here]\ntone = \"calm\"\n\
                    [signals.x]\ncount = { key = \"x\", text = \"Seen\" }\nunit = \"count\"\n\
                    [severities.P1]\ntitle = \"Bad\"\ntext = \"Act\"\n\
                    [triggers.errors]\nwhen = \"x > 1\"\nseverity = \"P1\"\nact = \"watch\"\n";
        let loaded = crate::config::playbook::parse(text, "shop.toml");
        let problems = |all: Vec<crate::config::problem::Problem>| -> String {
            all.iter().map(|p| p.render(false)).collect()
        };
        let mut playbook = loaded.map_err(problems).unwrap().playbook;
        let notice = |severities: &[&str]| Notice {
            on: vec![Occasion::Fired],
            severities: severities.iter().map(|s| (*s).to_owned()).collect(),
            channels: vec!["chat".into()],
            message: "fires".into(),
        };
        let seen = happened(&Decisions::default(), None, &record(&fired(), 5), &now(10)).unwrap();
        for (severities, wanted) in [(&[][..], true), (&["P0", "P1"], true), (&["P0"], false)] {
            playbook.notices = vec![notice(severities)];
            assert_eq!(seen.matters(&playbook), wanted, "{severities:?}");
        }
        playbook.notices[0].on = vec![Occasion::Decision];
        assert!(!seen.matters(&playbook));
    }
}
