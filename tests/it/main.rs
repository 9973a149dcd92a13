//! Integration tests: the whole program, real processes, real terminals.

mod layers;
#[path = "../support/pty.rs"]
#[allow(dead_code)]
mod pty;
