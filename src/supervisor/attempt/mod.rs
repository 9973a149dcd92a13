//! One attempt at one step: a stub process that runs the command and outlives whoever asked for it.
//!
//! The supervisor makes an [`AttemptDir`] and starts the stub with [`spawn_stub`]; the stub claims the attempt, runs the
//! command, keeps its output and leaves [`Exit`] behind. What became of an attempt, after its end or after any crash,
//! is only ever learned through [`recover`].

mod claim;
mod command;
mod dir;
mod mask;
mod output;
mod process;
mod recover;
mod spawn;
mod spec;
pub mod stub;

pub use dir::AttemptDir;
pub use mask::{MASK, MIN_SECRET, Masker};
pub use output::{OutLine, Stream};
pub use process::{Process, Witness, signal_strays, strays};
pub use recover::{Recovered, recover};
pub use rustix::process::Signal;
pub use spawn::{StubHandle, spawn_stub};
pub use spec::{AttemptError, AttemptSpec, Exit, Outcome, OutputSize};

/// Name of the environment variable that carries the token to the command and all its descendants.
pub const TOKEN_VARIABLE: &str = "RIPCORD_ATTEMPT";

/// Variables that keep programs from asking: nobody is there to answer, and there is no terminal.
pub const NEVER_PROMPT: [(&str, &str); 2] = [("GIT_TERMINAL_PROMPT", "0"), ("SSH_ASKPASS_REQUIRE", "never")];
