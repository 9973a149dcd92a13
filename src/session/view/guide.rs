//! The playbook's book of reference, as it is now: who is called and when, what to look at, what there is to go back to.

use super::{ChoiceView, GuideView};
use crate::engine::eval::Truth;
use indexmap::IndexMap;
use std::sync::Arc;

/// Everything that the guide shows beside what stands in [`super::View`] already.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BookView {
    /// Name of the service for people.
    pub service: String,
    /// Who owns the playbook.
    pub owner: String,
    /// When the open incident began, wall milliseconds.
    pub incident: Option<i64>,
    /// The ladder, in the order of time.
    pub ladder: Vec<RungView>,
    /// Who has taken the incident, while the ladder waits for it.
    pub taken: Option<TakenView>,
    /// Who is to be called now.
    pub call: Option<CallView>,
    /// Roles, in file order.
    pub contacts: Vec<ContactView>,
    /// Subject and text that a role would be told now.
    pub message: (String, String),
    /// All guides: id and guide.
    pub guides: Arc<IndexMap<String, GuideView>>,
    /// Commands of guides that were run from here, the last one first.
    pub probes: Vec<ProbeView>,
    /// What procedures can go back to, in file order.
    pub backups: Vec<ListView>,
    /// What runs are judged by, in file order.
    pub objectives: Vec<GoalView>,
    /// The run by which they are judged here: its title, and whether it goes on.
    pub judged: Option<(String, bool)>,
}

/// A rung of the ladder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RungView {
    /// Milliseconds from the incident's start.
    pub after_ms: u64,
    /// Titles of those who are told.
    pub who: String,
    /// By what, in words.
    pub how: String,
    /// Only when this holds, and whether it does.
    pub only_if: Option<(String, Truth)>,
    /// Where it stands.
    pub state: RungState,
}

/// Where a rung stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum RungState {
    /// No incident is open.
    #[default]
    Idle,
    /// It is not for an incident of this severity.
    NotFor,
    /// Its time has come, and what it waits for does not hold.
    Waits,
    /// Its time has come, and a person has taken the incident: the ladder waits for so many milliseconds.
    Held(u64),
    /// Its time is still to come, in so many milliseconds.
    Ahead(u64),
    /// Its time has come, so many milliseconds ago, and no record says that they were told.
    Reached(u64),
    /// They were told in this incident.
    Told(ToldView),
}

/// Who has taken the incident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenView {
    /// Who.
    pub who: String,
    /// In their words.
    pub note: String,
    /// When, wall milliseconds.
    pub wall: i64,
    /// Milliseconds for which the ladder waits.
    pub left_ms: u64,
}

/// Who is to be called now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallView {
    /// Place among the contacts.
    pub contact: usize,
    /// The rung, from 1.
    pub rung: usize,
    /// Milliseconds for which it has been due; none: nothing is due, they come first.
    pub due_ms: Option<u64>,
    /// Nobody else is reached, and these are not their hours.
    pub outside: bool,
}

/// What came of telling people.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToldView {
    /// When, wall milliseconds.
    pub wall: i64,
    /// At least one channel took it.
    pub ok: bool,
    /// In words.
    pub detail: String,
    /// The person who asked for it; nobody: it was done by itself.
    pub who: Option<String>,
}

/// A role as one who is called.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContactView {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// When they are told, as written; else what the playbook lets conclude.
    pub when: String,
    /// When they are reached.
    pub hours: HoursView,
    /// How: `phone`, and the number.
    pub reach: Vec<(&'static str, String)>,
    /// Unix users.
    pub users: Vec<String>,
    /// Unix groups.
    pub groups: Vec<String>,
    /// Titles of roles of which any member counts.
    pub includes: Vec<String>,
    /// Titles of channels by which they can be told from here.
    pub channels: Vec<String>,
    /// They are being told.
    pub telling: bool,
    /// What came of it when a person last had them told.
    pub told: Option<ToldView>,
}

/// When somebody is reached.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum HoursView {
    /// Nothing is written.
    #[default]
    Unknown,
    /// It cannot be read: as written.
    Written(String),
    /// Now; until when (wall milliseconds; none: always).
    Now(Option<i64>),
    /// Not before.
    From(i64),
}

/// A command of a guide that was run from here.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeView {
    /// The guide.
    pub guide: String,
    /// Its step, from 1.
    pub step: usize,
    /// How far it is.
    pub state: ProbeState,
}

/// How far such a command is.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeState {
    /// It has run for so many milliseconds.
    Running(u64),
    /// It has ended.
    Ended {
        /// Milliseconds ago.
        ago_ms: u64,
        /// Milliseconds it took.
        took_ms: u64,
        /// Its exit code.
        exit: i32,
        /// What it printed, the last lines, safe to show.
        lines: Arc<Vec<String>>,
        /// Lines there were in all.
        total: usize,
    },
    /// It could not be run, or did not end in time.
    Failed {
        /// Milliseconds ago.
        ago_ms: u64,
        /// In words.
        why: String,
    },
}

/// Something that a procedure can go back to: the backups, versions, revisions that exist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListView {
    /// The procedure.
    pub procedure: String,
    /// Its title.
    pub of: String,
    /// The parameter.
    pub param: String,
    /// Its title.
    pub title: String,
    /// What is asked, in words.
    pub source: String,
    /// What came of it.
    pub state: ListState,
}

/// What came of asking for a listing.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ListState {
    /// Nobody asked yet.
    #[default]
    NotAsked,
    /// It has been asked for so many milliseconds.
    Asking(u64),
    /// What exists.
    Listed {
        /// Milliseconds ago.
        ago_ms: u64,
        /// In the playbook's order.
        rows: Arc<Vec<ChoiceView>>,
    },
    /// It cannot be listed.
    Failed {
        /// Milliseconds ago.
        ago_ms: u64,
        /// In words.
        why: String,
    },
}

/// Something that runs are judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GoalView {
    /// Name for people, such as RTO.
    pub title: String,
    /// Milliseconds allowed.
    pub within_ms: u64,
    /// It is not about time: what was found, in words.
    pub found: Option<String>,
    /// From where to where it counts, or what is asked, in words.
    pub span: String,
    /// Titles of the procedures it is for (all when empty).
    pub procedures: Vec<String>,
    /// How the run stands that is under way, or was last; none: it is not judged by this.
    pub stand: Option<Stand>,
}

/// How a run stands against an objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// Milliseconds counted; none: it has not begun to count.
    pub took_ms: Option<u64>,
    /// Kept or missed; none: open.
    pub kept: Option<bool>,
    /// It is reached, and counts only if the stability window holds.
    pub provisional: bool,
}
