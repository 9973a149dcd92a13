//! Arguments, subcommands, exit codes.

pub mod args;
pub mod exit;

use clap::Parser;
use std::process::ExitCode;

/// Entry point of the program: parses the arguments and runs one subcommand.
pub fn main() -> ExitCode {
    // Our own re-executions come first: they must not depend on anything a person can misspell.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|word| word == "__stub") {
        return crate::supervisor::attempt::stub::main(arguments);
    }
    let cli = args::Cli::parse();
    match cli.command {
        None => ExitCode::from(exit::USAGE),
        Some(_) => ExitCode::from(exit::USAGE),
    }
}
