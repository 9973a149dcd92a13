//! Telling people: what goes to which channel, with every value in its place but those that only its delivery knows.

use super::fill::{Filler, Values};
use super::freeze::names;
use super::plan::Context;
use crate::model::playbook::{Channel, Playbook, StepKind, Way};
use crate::model::telling::{DELIVERED, Phase, Tell};
use crate::model::template::Template;
use indexmap::IndexMap;

/// What a channel does with a text, as it is shown, and what is handed to the outbox (nothing, in a rehearsal).
pub(super) fn by(
    fill: &mut Filler<'_>,
    id: &str,
    channel: &Channel,
    (subject, body): (&str, &str),
    phase: Option<Phase>,
) -> (StepKind, Option<Tell>) {
    let texts = [subject, body, phase.unwrap_or_default().word(), "{{ thread }}"];
    let shown = kind(fill, &channel.way, &|i| texts[i].to_owned());
    if matches!(channel.way, Way::Simulated(_)) {
        return (shown, None);
    }
    let call = kind(fill, &channel.way, &|i| format!("{{{{ {} }}}}", DELIVERED[i]));
    let tell = Tell {
        channel: id.to_owned(),
        title: channel.title.clone(),
        preset: channel.preset,
        limit: channel.limit,
        timeout: channel.timeout,
        phase,
        subject: subject.to_owned(),
        body: body.to_owned(),
        call,
    };
    (shown, Some(tell))
}

/// A channel's request or command; `value` says what stands for each of [`DELIVERED`].
fn kind(fill: &mut Filler<'_>, way: &Way, value: &dyn Fn(usize) -> String) -> StepKind {
    let names = DELIVERED.iter().enumerate().map(|(i, name)| ((*name).to_owned(), value(i))).collect();
    let before = fill.also(Values { names, literals: IndexMap::new() });
    let kind = match way {
        Way::Http(h) => StepKind::Http(fill.call(h)),
        Way::Run(c) => StepKind::Run(fill.command(c)),
        Way::Simulated(s) => StepKind::Simulated(fill.simulated(s)),
    };
    fill.back(before);
    kind
}

/// A text for these channels, told outside of any run. What only a run knows stays standing.
///
/// # Errors
/// Every reason why it cannot be told.
pub fn tells(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    channels: &[String],
    (subject, body): (&str, &str),
    phase: Option<Phase>,
) -> Result<Vec<Tell>, Vec<String>> {
    let mut fill = Filler::new(playbook, names(playbook, environment, context));
    fill.at(Some("a message".to_owned()));
    let mut out: Vec<Tell> = Vec::new();
    for id in channels {
        match playbook.channels.get(id) {
            None => fill.problem(format!("there is no channel `{id}`")),
            Some(_) if out.iter().any(|t| t.channel == *id) => {}
            Some(channel) => out.extend(by(&mut fill, id, channel, (subject, body), phase).1),
        }
    }
    match fill.problems() {
        problems if problems.is_empty() => Ok(out),
        problems => Err(problems),
    }
}

/// A message's subject and text; what only a run knows stays standing.
///
/// # Errors
/// Every reason why it cannot be written.
pub fn text(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    message: &str,
) -> Result<(Template, Template), Vec<String>> {
    let m = playbook.messages.get(message);
    let m = m.ok_or_else(|| vec![format!("there is no message `{message}`")])?;
    let mut names = names(playbook, environment, context);
    // Known once a run is planned, and there is none.
    for name in ["procedure.title", "run.id", "run.started", "run.stamp"] {
        names.insert(name.to_owned(), "-".to_owned());
    }
    let mut fill = Filler::new(playbook, names);
    fill.at(Some(format!("message {message}")));
    let texts = (fill.shown(&m.subject), fill.shown(&m.body));
    match fill.problems() {
        problems if problems.is_empty() => Ok(texts),
        problems => Err(problems),
    }
}

/// Titles of these roles and of those they include, and the channels they are told by: these, or the roles' own where none
/// are named.
pub fn reach(playbook: &Playbook, roles: &[String], channels: &[String]) -> (String, Vec<String>) {
    let mut ids: Vec<&String> = roles.iter().collect();
    let (mut at, mut titles, mut own) = (0, Vec::new(), Vec::new());
    while let Some(id) = ids.get(at).copied() {
        let first = !ids[..at].contains(&id);
        at += 1;
        let Some(role) = playbook.roles.get(id).filter(|_| first) else { continue };
        titles.push(role.title.as_str());
        own.extend(role.channels.iter().cloned());
        ids.extend(&role.includes);
    }
    (titles.join(", "), if channels.is_empty() { own } else { channels.to_vec() })
}
