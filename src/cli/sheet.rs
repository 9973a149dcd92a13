//! `ripcord panic-sheet`: every procedure as commands for paper or a bare shell.

use super::args::Target;
use super::{exit, target};
use crate::clock;
use crate::report::stamp;
use crate::run::sheet::sheet;
use std::io::Write;

/// Prints the sheet of a playbook in one environment.
pub fn print(of: &Target) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = opened.setup;
    let text = sheet(&setup.playbook, &setup.environment, &stamp(&clock::now()));
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => exit::OK,
        Err(e) => {
            eprintln!("error: {e}");
            exit::USAGE
        }
    }
}
