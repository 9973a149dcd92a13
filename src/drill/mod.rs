//! A rehearsal: the same run, decider and session, on a simulated service. Pure: time is an argument, nothing is reached.

pub mod rehearsed;
pub mod world;

pub use rehearsed::{Rehearsed, rehearsed};
