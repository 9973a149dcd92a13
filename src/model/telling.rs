//! A message on its way to people, before it is a letter: what a step or a rung tells by one channel.

use super::playbook::{Limit, Preset, StepKind};
use serde::{Deserialize, Serialize};

/// Where a message stands among those of its thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// `open`: it opens the thread, or adds to it: trigger, create.
    #[default]
    Open,
    /// `update`: somebody has taken it: acknowledge, update.
    Update,
    /// `resolve`: it is over.
    Close,
}

impl Phase {
    /// All of them by their words.
    pub const ALL: [(&'static str, Phase); 3] =
        [("open", Phase::Open), ("update", Phase::Update), ("resolve", Phase::Close)];

    /// The word for it, which `{{ phase }}` is filled with.
    pub fn word(self) -> &'static str {
        Phase::ALL.iter().find(|(_, p)| *p == self).map_or("", |(word, _)| word)
    }
}

/// The names that stay standing in a channel's request or command until it is delivered.
pub const DELIVERED: [&str; 4] = ["subject", "message", "phase", "thread"];

/// What is told by one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tell {
    /// Id of the channel.
    pub channel: String,
    /// The channel's name for people.
    pub title: String,
    /// Whose requests the channel speaks.
    pub preset: Option<Preset>,
    /// How many messages it takes.
    pub limit: Limit,
    /// Milliseconds a try may take.
    pub timeout: u64,
    /// Where it stands in its thread; none: it opens one where none is open, else it is an update.
    pub phase: Option<Phase>,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The request or the command, filled but for secrets and the names of [`DELIVERED`].
    pub call: StepKind,
}
