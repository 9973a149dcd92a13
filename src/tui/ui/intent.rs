//! What the loop is to do about a key.

use super::Screen;
use crate::session::Request;

/// What the loop is to do about a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Ask whoever watches the service.
    Request(Request),
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
    /// Leave.
    Quit,
    /// Stop for the shell's job control.
    Suspend,
    /// Paint everything again.
    Repaint,
}
