//! Arguments, subcommands, exit codes.

use std::process::ExitCode;

/// Entry point of the program: parses the arguments and runs one subcommand.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
