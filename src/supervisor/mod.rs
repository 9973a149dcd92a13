//! The detached process that drives one run, and the stub that holds one attempt.

pub mod attempt;
