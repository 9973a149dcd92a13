//! What the loop is to do about a key.

use super::Screen;
use crate::model::playbook::Automation;
use crate::run::record::Wish;
use crate::session::decision::Choice;
use crate::session::view::WhyOf;
use crate::tui::dialog::Seen;
use indexmap::IndexMap;

/// What the loop is to do about a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Resolve a procedure into a draft; it will be in the view.
    Prepare {
        /// Id of the procedure.
        procedure: String,
        /// Values that a person chose for its parameters.
        given: IndexMap<String, String>,
        /// The run that is to be stopped first.
        stops: Option<String>,
        /// The scenario that was picked: it gives values and the reason.
        scenario: Option<String>,
    },
    /// The draft is not wanted any more.
    CancelDraft,
    /// Start what was shown.
    Confirm {
        /// Id of the draft.
        draft: String,
        /// The clock that is decided by it.
        decides: Option<String>,
    },
    /// Say what is to be done about a decision, without starting anything.
    Decide {
        /// The clock.
        clock: String,
        /// What.
        choice: Choice,
        /// Why.
        reason: String,
    },
    /// Set what automation may do.
    Automation {
        /// Triggers (none: all of them) and the most they may do, in this order.
        modes: Vec<(Option<String>, Automation)>,
        /// Why.
        reason: String,
    },
    /// Say that what fires has been seen.
    Seen,
    /// Write a note, or a message to a person.
    Note {
        /// In the person's words.
        text: String,
        /// The account it is for; none: it is a note.
        to: Option<String>,
    },
    /// Mark what is normal.
    Mark {
        /// Name of the mark.
        mark: String,
    },
    /// Start a watcher that takes over.
    TakeOver {
        /// Why.
        reason: String,
    },
    /// Show the evidence of something, or of nothing any more.
    Why(Option<WhyOf>),
    /// The draft may start although a check before its first step does not hold.
    Override {
        /// Id of the draft.
        draft: String,
        /// Why.
        reason: String,
    },
    /// Start although processes of the run that was stopped are alive, or do not start (`None`).
    Beside {
        /// Why.
        reason: Option<String>,
    },
    /// Take up a run of one's own that nobody drives.
    TakeUp {
        /// The run.
        run: String,
    },
    /// Resolve a plan that goes on with another account's lost run.
    Succeed {
        /// The run.
        run: String,
    },
    /// Show the output up to this line of it; `None`: its end, as it grows.
    Output {
        /// The line, from 0.
        from: Option<usize>,
    },
    /// Look for a line of the output that holds a text.
    FindOutput {
        /// The text.
        sought: String,
        /// The line, from 0, after which it is looked for; none: the last one that holds it.
        from: Option<usize>,
        /// Before it.
        back: bool,
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
    /// Tick an item of a checklist, or take its tick back.
    Tick {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Ticked.
        done: bool,
        /// In the person's words; may be empty.
        note: String,
    },
    /// Write a note about an item of a checklist.
    NoteItem {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// In the person's words.
        note: String,
    },
    /// Do what an item of a checklist does itself, or stop it while this screen does it.
    DoItem {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
    },
    /// Go on without an item that is required.
    WithoutItem {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Why.
        reason: String,
    },
    /// Run the command of a guide's step, which only looks.
    Probe {
        /// The guide.
        guide: String,
        /// The step, from 1.
        step: usize,
    },
    /// End the commands of guides that run.
    StopProbes,
    /// Ask what there is to choose from for a parameter of a procedure: backups, versions, revisions.
    List {
        /// The procedure.
        procedure: String,
        /// The parameter.
        param: String,
    },
    /// Tell a role that it is needed.
    PageRole {
        /// The role.
        role: String,
        /// In these words.
        text: String,
    },
    /// Follow these logs; none: no log is looked at any more.
    Logs(Vec<String>),
    /// Write what happened to a file.
    Export(crate::session::view::Form),
    /// Try what a procedure would do, changing nothing.
    DryRun {
        /// Id of the procedure.
        procedure: String,
    },
    /// Make something go wrong in a rehearsal, or end it.
    Trouble {
        /// Its name.
        trouble: String,
        /// Begin it, or end it.
        on: bool,
    },
    /// Put a text into the clipboard of the person's terminal.
    Copy {
        /// The text.
        text: String,
    },
    /// The same with the panic sheet: every procedure as commands for a bare shell.
    CopySheet,
    /// Draw in another theme.
    Theme {
        /// Its name.
        name: String,
    },
    /// Open the service of a row of the fleet.
    Fleet {
        /// Id of the row.
        row: usize,
        /// Where one is then.
        screen: Screen,
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
