//! The report of a run, of a decision or of an incident, from what is on record.

use crate::model::playbook::Playbook;
use crate::report::{Doc, Form};
use crate::supervisor::home::run_dir;
use crate::supervisor::report::Shelf;
use std::path::Path;

/// The report about what `which` names (a run, a decision, an incident; the newest run where nothing is named), as a
/// document. With the playbook, titles and thresholds stand in it that a plan does not have.
///
/// # Errors
/// When nothing is called so, or the records cannot be read; in words, with a hint on a line of its own.
pub fn made(home: &Path, which: Option<&str>, playbook: Option<&Playbook>) -> Result<Doc, String> {
    let run = which.filter(|id| !id.contains('/') && run_dir(home, id).join("plan.json").is_file());
    let shelf = Shelf::read(home, run)?;
    shelf.document(shelf.find(which)?, playbook)
}

/// The same, printed.
///
/// # Errors
/// See [`made`].
pub fn written(home: &Path, which: &str, form: Form) -> Result<String, String> {
    Ok(made(home, Some(which), None)?.print(form))
}
