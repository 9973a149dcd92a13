//! Arguments, subcommands, exit codes.

pub mod args;
pub mod exit;

use clap::Parser;
use std::process::ExitCode;

/// Entry point of the program: parses the arguments and runs one subcommand.
pub fn main() -> ExitCode {
    // Our own re-executions come first: they must not depend on anything a person can misspell.
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_ref().and_then(|word| word.to_str()) {
        Some("__stub") => return crate::supervisor::attempt::stub::main(arguments),
        Some("__supervise") => return crate::supervisor::main(arguments),
        _ => {}
    }
    let cli = args::Cli::parse();
    match cli.command {
        None => ExitCode::from(exit::USAGE),
        Some(_) => ExitCode::from(exit::USAGE),
    }
}
