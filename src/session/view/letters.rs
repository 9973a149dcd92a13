//! What people can be told, and what they were.

use crate::session::outbox::Fate;

/// A message that a person can send.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageView {
    /// Its id; empty: a message of one's own.
    pub id: String,
    /// Its subject, with the names that are filled in.
    pub subject: String,
    /// Whether it usually goes to each of the channels.
    pub usual: Vec<bool>,
}

/// A letter and what became of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LetterView {
    /// Its name.
    pub id: String,
    /// The channel's name for people.
    pub channel: String,
    /// What it is about, in words.
    pub about: String,
    /// Its subject.
    pub subject: String,
    /// Who sent it; nobody: it came by itself.
    pub who: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// When something became of it last, wall milliseconds.
    pub wall: i64,
    /// What became of it.
    pub fate: Fate,
    /// Tries so far.
    pub attempts: u32,
    /// Milliseconds until the next try, after one that failed.
    pub next_ms: Option<u64>,
    /// What came of the last try.
    pub detail: String,
    /// It was sent again.
    pub again: bool,
    /// It was not delivered, and a person is to know without looking for it.
    pub pointed_out: bool,
}

/// A message with what is known filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposedView {
    /// Which of all that were asked for, counted from 1.
    pub number: u64,
    /// The message.
    pub message: String,
    /// Its subject and text, or why there is none.
    pub text: Result<(String, String), String>,
}
