//! Messages that a person sends from the screen: filled in, queued, sent again; and the courier that lives with the screen.

use super::follow::Look;
use super::{Driver, News, Setup};
use crate::journal::LogError;
use crate::model::text::clean_line;
use crate::session::letters::name_again;
use crate::session::outbox::Fate;
use crate::session::view::ComposedView;
use crate::supervisor::outbox::{self, Courier, Post};
use crate::supervisor::person::person;
use crate::supervisor::{decisions, resolve};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// A courier at work, away from the screen's loop; it ends with the screen, and what is queued waits on disk.
pub(super) struct Delivering(AbortHandle, Arc<Notify>);

impl Delivering {
    pub(super) fn on(world: &Handle, folder: &Path) -> Delivering {
        let news = Arc::new(Notify::new());
        let courier = Courier::new(folder).run(news.clone());
        Delivering(world.spawn(courier).abort_handle(), news)
    }

    /// There is something new on record.
    pub(super) fn tell(&self) {
        self.1.notify_one();
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Driver {
    /// Fills a message in; the text will be in the view.
    pub(super) fn compose(&mut self, message: String) {
        self.composed.1 += 1;
        let (number, setup, tell) = (self.composed.1, self.setup.clone(), self.tell.clone());
        tokio::task::spawn_blocking(move || {
            let text = composed(&setup, &message);
            let _ = tell.blocking_send(News::Composed(ComposedView { number, message, text }));
        });
    }

    /// Queues a message for its channels.
    pub(super) fn post(&self, message: String, channels: Vec<String>, subject: String, body: String) {
        let setup = self.setup.clone();
        self.queue(move || {
            let (context, mut post) = told(&setup, &message);
            post.by = Some(person());
            let (playbook, environment) = (&setup.playbook, &setup.environment);
            let text = (subject.as_str(), body.as_str());
            let letters = outbox::write(playbook, environment, &context, &channels, text, &post)?;
            for letter in &letters {
                outbox::queue(&setup.folder, letter).map_err(|e| words(&e))?;
            }
            Ok(())
        });
    }

    /// Queues a letter anew that was not delivered.
    pub(super) fn post_again(&self, letter: String) {
        let folder = self.setup.folder.clone();
        self.queue(move || {
            let state = outbox::load(&folder).map_err(|e| clean_line(&e.to_string()))?;
            let posted = state.letters.get(&letter).ok_or("there is no such message on record")?;
            if posted.fate != Fate::GivenUp {
                return Err(format!("it is {}: nothing is sent again", posted.fate.word()));
            }
            let mut again = posted.letter.clone();
            again.id = name_again(&state, &letter);
            again.by = Some(person());
            outbox::queue(&folder, &again).map(drop).map_err(|e| words(&e))
        });
    }

    fn queue(&self, queue: impl FnOnce() -> Result<(), String> + Send + 'static) {
        let (tell, turn) = (self.tell.clone(), self.turn.clone());
        tokio::task::spawn_blocking(move || {
            let done = queue().map_err(|why| format!("Nothing was sent: {why}"));
            let _ = turn.send(Look::Now);
            let _ = tell.blocking_send(News::Asked(done));
        });
    }
}

fn words(e: &LogError) -> String {
    clean_line(&e.to_string())
}

/// What is known where a person sends a message, and what its letters say of themselves. It reads the log.
fn told(setup: &Setup, message: &str) -> (crate::run::plan::Context, Post) {
    let mut context = resolve::context("message", "", None, &setup.hash, &setup.folder);
    let open = decisions::load(&setup.folder).ok().and_then(|state| state.incident);
    context.incident = open.as_ref().map(|i| (i.name().to_owned(), i.since.clone()));
    let incident = open.map(|i| i.id);
    let post = Post {
        id: format!("message {}", context.id),
        about: if message.is_empty() { "a message".to_owned() } else { message.to_owned() },
        thread: incident.clone().unwrap_or_else(|| context.id.clone()),
        incident,
        ..Post::default()
    };
    (context, post)
}

/// A message with what is known filled in.
fn composed(setup: &Setup, message: &str) -> Result<(String, String), String> {
    let (context, _) = told(setup, message);
    outbox::compose(&setup.playbook, &setup.environment, &context, message).map_err(|why| clean_line(&why))
}
