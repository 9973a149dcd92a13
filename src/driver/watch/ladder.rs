//! Telling those on the ladder: that a rung is due, that somebody has taken the incident, that it is over. What is told goes
//! into the outbox under the climb and the rung, so that nothing goes out twice, whoever decides.

use crate::clock;
use crate::driver::Setup;
use crate::model::condition::duration;
use crate::model::playbook::Occasion;
use crate::model::telling::Phase;
use crate::model::text::clean_line;
use crate::run::telling::reach;
use crate::session::decision::Decisions;
use crate::session::decision::ladder::told;
use crate::session::decision::machine::{Event, News, reached};
use crate::session::decision::words::at;
use crate::supervisor::{self, outbox};
use std::sync::Arc;

/// The ladder as it is on record.
pub(super) struct Ladder {
    pub(super) setup: Arc<Setup>,
    pub(super) state: Decisions,
}

impl Ladder {
    /// Tells what is new.
    pub(super) async fn ring(self, climb: u32, news: News) -> Event {
        let queued = tokio::task::spawn_blocking(move || match self.tell(climb, news) {
            Ok(titles) if titles.is_empty() => (false, "there is no channel to tell them by".to_owned()),
            Ok(titles) => (true, format!("in the outbox for {}", titles.join(", "))),
            Err(why) => (false, why),
        });
        let (ok, detail) = queued.await.unwrap_or_else(|e| (false, e.to_string()));
        match news {
            News::Rung(rung) => Event::Rung { climb, rung, ok, detail: clean_line(&detail) },
            News::Taken | News::Over => Event::Tick,
        }
    }

    /// Titles of the channels for which it is in the outbox.
    fn tell(&self, climb: u32, news: News) -> Result<Vec<String>, String> {
        let (playbook, environment) = (&self.setup.playbook, &self.setup.environment);
        let ladder = &self.state.ladder;
        let incident = ladder.incident.clone();
        let mut context = supervisor::context("ladder", "", None, &self.setup.hash, &self.setup.folder);
        context.incident = self.state.last_incident.clone();
        let wall = clock::now().wall;
        let (channels, about, text, phase, name) = match news {
            News::Rung(number) => {
                let rung = number.checked_sub(1).and_then(|i| playbook.escalation.get(i));
                let rung = rung.ok_or("there is no such rung")?;
                let (roles, _) = told(rung, &|r| reached(playbook, r, wall));
                let (title, channels) = reach(playbook, &roles, &rung.channels);
                let about = format!("{title}, after {}", duration(rung.after));
                let text = outbox::compose(playbook, environment, &context, &rung.message)?;
                (channels, about, text, Phase::Open, format!("rung {number}"))
            }
            News::Taken => {
                let taken = ladder.acked.as_ref().ok_or("nobody has taken it")?;
                let who = clean_line(&taken.who.user);
                let subject = format!("{incident}: {who} is on it");
                let until = at(taken.until.due_wall);
                let body = match taken.note.trim() {
                    "" => format!("The ladder waits until {until}."),
                    note => format!("{note}\nThe ladder waits until {until}."),
                };
                let name = format!("taken {}", taken.at.wall);
                (self.everybody(climb), format!("taken by {who}"), (subject, body), Phase::Update, name)
            }
            News::Over => {
                let mut channels = self.everybody(climb);
                // Where the playbook says itself what is told at the end, that is told.
                let ends = playbook.notices.iter().filter(|n| n.on.contains(&Occasion::IncidentClosed));
                let said: Vec<&String> = ends.flat_map(|n| &n.channels).collect();
                channels.retain(|c| !said.contains(&c));
                let subject = format!("{incident} is over");
                let body = format!("{} {environment}: {subject}.", playbook.service.title);
                (
                    channels,
                    "the incident is over".to_owned(),
                    (subject, body),
                    Phase::Close,
                    "over".to_owned(),
                )
            }
        };
        let post = outbox::Post {
            id: format!("{incident} climb {climb} {name}"),
            about,
            phase,
            thread: incident.clone(),
            incident: Some(incident),
            run: None,
            by: None,
        };
        let text = (text.0.as_str(), text.1.as_str());
        let letters = outbox::write(playbook, environment, &context, &channels, text, &post)?;
        let mut titles = Vec::new();
        for letter in letters {
            outbox::queue(&self.setup.folder, &letter).map_err(|e| e.to_string())?;
            titles.push(letter.title);
        }
        Ok(titles)
    }

    /// Channels of all rungs that were told in this climb.
    fn everybody(&self, climb: u32) -> Vec<String> {
        let playbook = &self.setup.playbook;
        let mut out = Vec::new();
        let ladder = Some(&self.state.ladder).filter(|l| l.climb == climb);
        for number in ladder.iter().flat_map(|l| l.rungs.keys()) {
            let Some(rung) = number.checked_sub(1).and_then(|i| playbook.escalation.get(i)) else { continue };
            let (_, channels) = reach(playbook, &rung.roles, &rung.channels);
            out.extend(channels.into_iter().filter(|c| !out.contains(c)).collect::<Vec<_>>());
        }
        out
    }
}
