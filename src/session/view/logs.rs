//! A log that is looked at: its last lines, what is picked out of them, and how often.

use crate::model::playbook::Mark;
use std::sync::Arc;

/// Lines of a log that are kept.
pub const KEPT: usize = 2_000;
/// Columns of the small chart of what was picked out.
pub const COLUMNS: usize = 30;
/// Milliseconds of one of them.
pub const COLUMN: u64 = 10_000;

/// A log of the playbook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// The file, or the command.
    pub origin: String,
    /// Words that are picked out, in the order of the playbook.
    pub marks: Vec<(String, Mark)>,
    /// What was read of it; none: it is not looked at.
    pub seen: Option<Arc<LogSeen>>,
}

/// What was read of a log since it is looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogSeen {
    /// Why nothing comes now; in words.
    pub trouble: Option<String>,
    /// The last lines, oldest first, at most [`KEPT`].
    pub lines: Vec<LogLine>,
    /// Lines in all; those that are not kept too.
    pub total: u64,
    /// Lines that came too fast to be shown. What is picked out of them is counted all the same.
    pub dropped: u64,
    /// Lines of the last minute with a word that means `critical`, and with one that means `warn`.
    pub minute: (u64, u64),
    /// The same lines, both together, per [`COLUMN`], the newest last.
    pub columns: Vec<u64>,
}

/// A line of a log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogLine {
    /// Its place among the lines since the log is looked at, from 1.
    pub number: u64,
    /// Its text, safe to show, cut when it is very long.
    pub text: Arc<str>,
    /// The gravest word in it.
    pub mark: Option<Mark>,
}
