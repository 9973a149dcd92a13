//! Telling people of roles something that no run tells.

use super::outbox::{self, Post};
use super::telling::came;
use crate::model::playbook::Playbook;
use crate::model::telling::Phase;
use crate::model::text::clean_line;
use crate::run::plan::{Context, Person};
use crate::run::telling::reach;
use std::path::Path;

/// Tells these roles something outside of any run, by these channels or their own; what came of it within a moment, safe to
/// show, and whether at least one channel took it by then. It goes on being tried. `context.id` names it: a second telling of
/// the same name is the same one. What only a run knows is told as `-`.
pub async fn page(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    to: (&[String], &[String]),
    text: (&str, &str),
) -> (String, bool) {
    page_by(playbook, environment, context, to, text, None).await
}

/// The same, sent by a person.
pub async fn page_by(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    (roles, channels): (&[String], &[String]),
    (subject, body): (&str, &str),
    by: Option<Person>,
) -> (String, bool) {
    let (title, channels) = reach(playbook, roles, channels);
    let (playbook, environment, mut context) = (playbook.clone(), environment.to_owned(), context.clone());
    let (subject, body) = (subject.to_owned(), body.to_owned());
    let home = context.home.clone();
    // It reads the log, and secrets.
    let written = tokio::task::spawn_blocking(move || {
        if context.incident.is_none() {
            context.incident = super::resolve::incident(&context.home);
        }
        let incident = super::resolve::thread(&context.home);
        let post = Post {
            id: format!("page {}", context.id),
            about: clean_line(&title),
            phase: Phase::Open,
            thread: incident.clone().unwrap_or_else(|| context.id.clone()),
            incident,
            run: None,
            by,
        };
        outbox::write(&playbook, &environment, &context, &channels, (&subject, &body), &post)
    });
    let letters = match written.await.unwrap_or_else(|e| Err(e.to_string())) {
        Ok(letters) if letters.is_empty() => return ("there is no channel".to_owned(), false),
        Ok(letters) => letters,
        Err(why) => return (clean_line(&why), false),
    };
    let ids: Vec<String> = letters.iter().map(|l| l.id.clone()).collect();
    match outbox::queue_all(Path::new(&home), letters).await {
        Ok(()) => came(Path::new(&home), &ids).await,
        Err(why) => (clean_line(&why), false),
    }
}
