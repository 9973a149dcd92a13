//! What goes on after a run.

use crate::run::record::Answer;

/// The list of follow-ups that stand in no checklist of the last run; with a space and the name of one, that one. No
/// checklist of a playbook has such a name.
pub const FOLLOW_UPS: &str = "follow ups";

/// Something that is still to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowUpView {
    /// Its name: `f7`.
    pub id: String,
    /// What is to be done.
    pub text: String,
    /// Who does it.
    pub owner: Option<String>,
    /// Titles of the roles that do it, by the playbook.
    pub roles: Vec<String>,
    /// Somebody is on it.
    pub goes_on: bool,
    /// Milliseconds until it is due, or since it was (negative).
    pub due_ms: Option<i64>,
    /// The incident after which.
    pub incident: Option<String>,
    /// What was said of it last.
    pub note: String,
    /// It stands in the checklists after the last run, too.
    pub listed: bool,
}

/// Something that must stay true after a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchView {
    /// The run.
    pub run: String,
    /// Its name for people.
    pub title: String,
    /// Milliseconds for which it must still hold, about.
    pub left_ms: u64,
    /// Milliseconds for which it must hold in all.
    pub lasts_ms: u64,
    /// Its answer.
    pub answer: Answer,
    /// Why.
    pub detail: String,
}
