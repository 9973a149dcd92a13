//! What the loop is to do about a key.

use crate::run::record::Wish;
use crate::tui::dialog::Seen;

/// What the loop is to do about a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Resolve a procedure into a draft; it will be in the view.
    Prepare {
        /// Id of the procedure.
        procedure: String,
    },
    /// The draft is not wanted any more.
    CancelDraft,
    /// Start what was shown.
    Confirm {
        /// Id of the draft.
        draft: String,
    },
    /// Raise or lower a flag.
    Flag {
        /// Signal id.
        signal: String,
        /// Raise it, or lower it.
        raise: bool,
        /// In the person's words; may be empty.
        note: String,
    },
    /// Count one.
    Count {
        /// Signal id.
        signal: String,
    },
    /// Take the last count back.
    TakeBack {
        /// Signal id.
        signal: String,
    },
    /// Say something to a run.
    Ask {
        /// The run, and what was seen of it.
        seen: Seen,
        /// What is asked.
        wish: Wish,
    },
    /// Ask failed sources again at once.
    AskAgain,
    /// Leave.
    Quit,
    /// Stop for the shell's job control.
    Suspend,
    /// Paint everything again.
    Repaint,
}
