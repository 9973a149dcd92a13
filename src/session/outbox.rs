//! What `outbox.jsonl` says: what people are to be told, and what came of it. Pure; `supervisor::outbox` writes and delivers.

pub mod answer;
pub mod due;
pub mod shape;
#[cfg(test)]
mod tests;

use crate::model::playbook::{Limit, Preset, Secret, StepKind};
use crate::model::record::Record;
pub use crate::model::telling::Phase;
use crate::model::time::{Millis, Now};
use crate::run::plan::Person;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One message for one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// Its name, made of what it is about (`run 1121-0314-c started: chat`): a second one of the same name is not queued, and
    /// it goes with each try as `Idempotency-Key`.
    pub id: String,
    /// Id of the channel.
    pub channel: String,
    /// The channel's name for people.
    pub title: String,
    /// What it is about, in words (`run started`, `On-call lead, after 15m`).
    pub about: String,
    /// One line; safe to show.
    pub subject: String,
    /// The text; safe to show, with its line breaks.
    pub body: String,
    /// Where it stands in its thread.
    pub phase: Phase,
    /// What belongs together at the receiver: the incident, or the run where none is open. Presets make their `dedup_key`, or
    /// the incident that they update, of it.
    pub thread: String,
    /// The incident.
    pub incident: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// Who sent it; nobody: it came by itself.
    pub by: Option<Person>,
    /// Whose requests the channel speaks.
    #[serde(default)]
    pub preset: Option<Preset>,
    /// The request or the command, filled but for secrets (they stand in it by name) and what only its delivery knows:
    /// `{{ subject }}`, `{{ message }}`, `{{ phase }}`, `{{ thread }}`.
    pub call: StepKind,
    /// Where the secrets are read that `call` names; never their values.
    #[serde(default)]
    pub secrets: IndexMap<String, Secret>,
    /// Variables of a command.
    #[serde(default)]
    pub env: IndexMap<String, String>,
    /// Absolute working folder of a command.
    #[serde(default)]
    pub cwd: String,
    /// Milliseconds a try may take.
    pub timeout: Millis,
    /// How many the channel takes.
    pub limit: Limit,
}

/// One record's kind and body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum Kind {
    /// It is to be delivered.
    Queued(Letter),
    /// A try is about to be made.
    Trying {
        /// The letter.
        id: String,
        /// Which try, from 1.
        attempt: u32,
    },
    /// A try failed.
    Tried {
        /// The letter.
        id: String,
        /// Which try, from 1.
        attempt: u32,
        /// What came of it; safe to show.
        detail: String,
        /// Wall milliseconds of the next try.
        next: i64,
    },
    /// The receiver took it.
    Delivered {
        /// The letter.
        id: String,
        /// Which try, from 1.
        attempt: u32,
        /// What it answered; safe to show.
        detail: String,
        /// What the receiver calls the thread (the id of an annotation or an incident), where it says one.
        reference: Option<String>,
    },
    /// It is not tried any more.
    GivenUp {
        /// The letter.
        id: String,
        /// Why; safe to show.
        detail: String,
    },
    /// The channel's limit was reached: one summary tells of them instead.
    HeldBack {
        /// The letters.
        ids: Vec<String>,
        /// Name of the summary; empty: there is none.
        summary: String,
    },
    /// The last line of the log had been torn by a crash; it is kept beside it.
    TornTail(serde_json::Value),
}

impl Kind {
    /// Reads a record.
    ///
    /// # Errors
    /// A kind that is not one of this log's, or a body of another shape; names the record.
    pub fn read(record: &Record) -> Result<Kind, String> {
        let value = serde_json::json!({ "kind": record.kind, "body": record.body });
        serde_json::from_value(value).map_err(|e| format!("record {} ({}): {e}", record.seq, record.kind))
    }

    /// Its name and its body, as they are written.
    ///
    /// # Panics
    /// Never: every kind is a map of plain data.
    pub fn parts(&self) -> (String, serde_json::Value) {
        let mut whole = serde_json::to_value(self).expect("plain data is JSON");
        let name = whole["kind"].as_str().unwrap_or_default().to_owned();
        (name, whole["body"].take())
    }
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way.
    #[default]
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It is not tried any more.
    GivenUp,
    /// A summary tells of it.
    HeldBack,
}

impl Fate {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Fate::Waiting => "on its way",
            Fate::Delivered => "delivered",
            Fate::GivenUp => "NOT delivered",
            Fate::HeldBack => "held back",
        }
    }
}

/// A letter and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The letter.
    pub letter: Letter,
    /// When it was queued.
    pub queued: Now,
    /// What became of it.
    pub fate: Fate,
    /// When that was; none while nothing was tried.
    pub at: Option<Now>,
    /// When it was tried first.
    pub first: Option<Now>,
    /// Tries so far.
    pub attempts: u32,
    /// A try is under way, or was when its process died.
    pub trying: bool,
    /// Wall milliseconds of the next try, after one that failed.
    pub next: Option<i64>,
    /// What came of the last try; safe to show.
    pub detail: String,
}

/// Everything that `outbox.jsonl` tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outbox {
    /// Letters by name, in the order in which they were queued.
    pub letters: IndexMap<String, Posted>,
    /// What a receiver calls a thread: (channel, thread) → its name there.
    pub references: IndexMap<(String, String), String>,
}

impl Outbox {
    /// All records.
    ///
    /// # Errors
    /// A record that is none of this log's.
    pub fn fold(records: &[Record]) -> Result<Outbox, String> {
        let mut out = Outbox::default();
        records.iter().try_for_each(|r| out.take(r))?;
        Ok(out)
    }

    /// One more record.
    ///
    /// # Errors
    /// A record that is none of this log's.
    pub fn take(&mut self, record: &Record) -> Result<(), String> {
        let at = &record.at;
        match Kind::read(record)? {
            Kind::Queued(letter) => {
                let posted = Posted {
                    queued: at.clone(),
                    fate: Fate::Waiting,
                    at: None,
                    first: None,
                    attempts: 0,
                    trying: false,
                    next: None,
                    detail: String::new(),
                    letter,
                };
                self.letters.entry(posted.letter.id.clone()).or_insert(posted);
            }
            Kind::Trying { id, attempt } => self.came(&id, at, |p| {
                (p.attempts, p.trying, p.next) = (attempt, true, None);
                p.first.get_or_insert_with(|| at.clone());
            }),
            Kind::Tried { id, attempt, detail, next } => self.came(&id, at, |p| {
                (p.attempts, p.next, p.detail) = (attempt, Some(next), detail);
            }),
            Kind::Delivered { id, attempt, detail, reference } => {
                if let Some(p) = self.letters.get(&id) {
                    let thread = (p.letter.channel.clone(), p.letter.thread.clone());
                    match (p.letter.phase, reference) {
                        // What is over is opened anew by the next one.
                        (Phase::Close, _) => drop(self.references.shift_remove(&thread)),
                        (_, Some(reference)) => drop(self.references.insert(thread, reference)),
                        (_, None) => {}
                    }
                }
                self.came(&id, at, |p| {
                    (p.fate, p.attempts, p.next, p.detail) = (Fate::Delivered, attempt, None, detail);
                });
            }
            Kind::GivenUp { id, detail } => self.came(&id, at, |p| {
                (p.fate, p.next, p.detail) = (Fate::GivenUp, None, detail);
            }),
            Kind::HeldBack { ids, summary } => {
                for id in ids {
                    self.came(&id, at, |p| {
                        let words = match summary.as_str() {
                            "" => "the channel takes no more".to_owned(),
                            summary => format!("told of in: {summary}"),
                        };
                        (p.fate, p.next, p.detail) = (Fate::HeldBack, None, words);
                    });
                }
            }
            Kind::TornTail(_) => {}
        }
        Ok(())
    }

    fn came(&mut self, id: &str, at: &Now, then: impl FnOnce(&mut Posted)) {
        if let Some(posted) = self.letters.get_mut(id) {
            posted.trying = false;
            then(posted);
            posted.at = Some(at.clone());
        }
    }
}
