//! Writing letters: a text and its channels become what is sent, with everything filled in that is known now.

use crate::clock;
use crate::model::condition::duration;
use crate::model::playbook::{Playbook, Secret, StepKind};
use crate::model::telling::{Phase, Tell};
use crate::model::template::Template;
use crate::model::text::{clean, clean_line};
use crate::run::freeze::names;
use crate::run::plan::{Context, Person};
use crate::run::telling::{self, tells};
use crate::session::outbox::Letter;
use crate::supervisor::decisions::Beat;
use crate::supervisor::late;
use crate::supervisor::resolve::folder;
use crate::supervisor::secrets::Secrets;
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What a letter says beside its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Post {
    /// What it is named after: of nothing else that is told. Each letter's name is this and its channel.
    pub id: String,
    /// What it is about, in words.
    pub about: String,
    /// Where it stands in its thread.
    pub phase: Phase,
    /// What belongs together at the receiver: the incident, or the run where none is open.
    pub thread: String,
    /// The incident.
    pub incident: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// Who sends it; nobody: it comes by itself.
    pub by: Option<Person>,
}

/// What a channel's call needs at its delivery.
#[derive(Debug, Clone, Copy)]
pub(in crate::supervisor) struct Place<'a> {
    /// Where the playbook's secrets are read.
    pub(in crate::supervisor) secrets: &'a IndexMap<String, Secret>,
    /// Variables of commands.
    pub(in crate::supervisor) env: &'a IndexMap<String, String>,
    /// Working folder of commands.
    pub(in crate::supervisor) cwd: &'a str,
}

/// A letter for each of these channels. What only a run knows is told as `-`. It may read files (secrets, to keep them out
/// of the text; the heartbeat): not for a loop that must answer.
///
/// # Errors
/// Every reason why it cannot be written, in words.
pub fn write(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    channels: &[String],
    (subject, body): (&str, &str),
    post: &Post,
) -> Result<Vec<Letter>, String> {
    let text = (&*subject.replace("{{", "{ {"), &*body.replace("{{", "{ {"));
    let made = tells(playbook, environment, context, channels, text, Some(post.phase));
    let made = made.map_err(|problems| problems.join("; "))?;
    let cwd = folder(playbook, environment, context, &names(playbook, environment, context));
    let place = Place { secrets: &playbook.secrets, env: &context.env, cwd: &cwd };
    made.into_iter().map(|t| late::fill(&t, &said(&t, context)).map(|t| letter(t, post, place))).collect()
}

/// A message's subject and text, with what is known outside of a run; what only a run knows is `-`.
///
/// # Errors
/// Every reason why it cannot be written, in words.
pub fn compose(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    message: &str,
) -> Result<(String, String), String> {
    let text = telling::text(playbook, environment, context, message).map_err(|p| p.join("; "))?;
    let (subject, body): (Template, Template) = late::fill(&text, &said(&text, context))?;
    Ok((clean_line(&subject.0), clean(&body.0)))
}

/// The letter of what is told, all of whose names are filled in. Secrets are kept out of its text.
pub(in crate::supervisor) fn letter(tell: Tell, post: &Post, place: Place<'_>) -> Letter {
    let secrets = Secrets::new(place.secrets.clone());
    secrets.learn();
    let runs = matches!(tell.call, StepKind::Run(_));
    Letter {
        id: clean_line(&format!("{}: {}", post.id, tell.channel)),
        channel: tell.channel,
        title: clean_line(&tell.title),
        about: clean_line(&secrets.mask(&post.about)),
        subject: clean_line(&secrets.mask(&tell.subject)),
        body: clean(&secrets.mask(&tell.body)),
        phase: post.phase,
        thread: clean_line(&post.thread),
        incident: post.incident.clone(),
        run: post.run.clone(),
        by: post.by.clone(),
        preset: tell.preset,
        secrets: named(&tell.call, place.secrets),
        call: tell.call,
        env: if runs { place.env.clone() } else { IndexMap::new() },
        cwd: if runs { place.cwd.to_owned() } else { String::new() },
        timeout: tell.timeout,
        limit: tell.limit,
    }
}

/// Where the secrets are that a call names.
fn named(call: &StepKind, places: &IndexMap<String, Secret>) -> IndexMap<String, Secret> {
    let names = late::secrets(call);
    places.iter().filter(|(name, _)| names.contains(*name)).map(|(n, s)| (n.clone(), s.clone())).collect()
}

/// What stands for the names in it that nothing has filled in.
fn said<T: Serialize>(it: &T, context: &Context) -> IndexMap<String, String> {
    let names: BTreeSet<String> = late::names(it);
    if names.is_empty() {
        return IndexMap::new();
    }
    let now = clock::now();
    // What was measured last, by whoever decides.
    let beat = Beat::read(Path::new(&context.home)).filter(|b| b.is_fresh(&now));
    let value = |name: &str| match (name, name.strip_prefix("signal."), &beat, &context.incident) {
        ("verdict", _, Some(beat), _) => Some(beat.text.clone()),
        (_, Some(signal), Some(beat), _) => {
            beat.signals.iter().find(|s| s.id == signal).and_then(|s| s.value.clone())
        }
        ("incident.age", _, _, Some((_, since))) => {
            Some(duration((now.boot as i64 - now.boot_of(since)).max(0) as u64))
        }
        _ => None,
    };
    let filled = |name: String| {
        let value = value(&name).unwrap_or_else(|| "-".to_owned());
        (name, clean_line(&value).replace("{{", "{ {"))
    };
    names.into_iter().map(filled).collect()
}
